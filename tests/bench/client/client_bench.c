/*
 * What a call of the Databricks client costs: N times "who am I" through the engine, journaled, with a token of its own, and
 * decoded. One line of JSON: requests, their wall time and the process's CPU time.
 *
 * Usage: client_bench JOURNAL REQUESTS AT_ONCE   (DATABRICKS_HOST and the credentials in the environment)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bldr/engine.h>
#include "databricks/databricks.h"

struct asked {
	struct databricks workspace;
	int64_t requests, at_once;
};

static int64_t left(const struct bldr_view *v)
{
	const struct asked *a = v->config;
	int64_t n = a->requests - v->round * a->at_once;

	return n < a->at_once ? n : a->at_once;
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct asked *a = v->config;

	for (int64_t i = 0; i < left(v); i++) {
		struct databricks_request q = databricks_me(&a->workspace);

		bldr_plan_add(p, "http", q.cls, q.args, q.timeout_ms);
	}
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	const struct asked *a = v->config;

	for (size_t i = 0; i < n; i++) {
		struct databricks_answer answer;
		struct arena arena = { 0 };

		databricks_answer(&results[i], &arena, &answer);
		if (bldr_get_text(answer.body, "userName") == NULL) {
			bldr_patch_fail(p, "%s", answer.message);
		}
		arena_release(&arena);
	}
	if ((v->round + 1) * a->at_once < a->requests) {
		bldr_patch_again(p, NULL);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const struct bldr_error *err)
{
	fprintf(stderr, "client_bench: %s\n", err->text);
	return 1;
}

static int measure(struct bldr_engine *e, const struct asked *a, struct bldr_error *err)
{
	double wall = seconds(CLOCK_MONOTONIC);
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct bldr_thread t;
	int rc = bldr_thread_start(e, "ask", "t1", NULL, err);

	rc = rc == 0 ? bldr_engine_run(e, err) : rc;
	rc = rc == 0 ? bldr_thread_info(e, "t1", &t, err) : rc;
	if (rc == 0 && t.status != BLDR_THREAD_DONE) {
		return bldr_error_set(err, BLDR_E_FAILED, "%s", t.error);
	}
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (rc == 0) {
		printf("{\"client\":\"bldr\",\"at_once\":%lld,\"requests\":%lld,\"wall_s\":%.4f,\"cpu_s\":"
		       "%.4f}\n",
		       (long long)a->at_once, (long long)a->requests, wall, cpu);
	}
	return rc;
}

static int add_credentials(struct bldr_engine *e, const struct databricks_config *config,
			   struct arena *arena, struct bldr_error *err)
{
	struct databricks_credentials c;
	int rc = 0;

	databricks_credentials(config, arena, &c);
	for (size_t i = 0; i < c.n && rc == 0; i++) {
		rc = bldr_engine_add_credential(e, &c.at[i], err);
	}
	return rc;
}

int main(int argc, char **argv)
{
	const struct databricks_said said = { .environment = (const char *const *)environ };
	const struct bldr_engine_options o = { .journal = argc > 1 ? argv[1] : "", .workers = 1 };
	struct bldr_graph *g = bldr_graph_new("ask", 1);
	struct databricks_config config;
	struct bldr_engine *e = NULL;
	struct bldr_error err = { 0 };
	struct arena arena = { 0 };
	struct asked a;
	int rc;

	if (argc != 4) {
		fputs("usage: client_bench JOURNAL REQUESTS AT_ONCE\n", stderr);
		return 2;
	}
	rc = databricks_config(&said, &arena, &config, &err);
	a = (struct asked){ .workspace = databricks_workspace(&config),
			    .requests = strtoll(argv[2], NULL, 10),
			    .at_once = strtoll(argv[3], NULL, 10) };
	bldr_graph_node(g,
			&(struct bldr_node){
				.name = "ask", .prepare = prepare, .absorb = absorb, .config = &a });
	bldr_graph_edge(g, BLDR_START, "ask");
	rc = rc == 0 ? bldr_graph_compile(g, &err) : rc;
	rc = rc == 0 ? bldr_engine_open(&o, &e, &err) : rc;
	rc = rc == 0 ? add_credentials(e, &config, &arena, &err) : rc;
	if (rc == 0) {
		bldr_engine_add_graph(e, g);
		rc = measure(e, &a, &err);
	}
	rc = rc < 0 ? fail(&err) : 0;
	bldr_engine_close(e);
	bldr_graph_free(g);
	databricks_config_release(&config);
	arena_release(&arena);
	return rc;
}
