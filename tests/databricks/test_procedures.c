/*
 * Stories of procedures on the simulated host, against a workspace that loses answers, lags behind and turns away; and
 * each of them killed at every effect and commit: one job, one run, whatever happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bldr/engine.h>
#include "databricks/cloud.h"
#include "databricks/databricks.h"
#include "scratch.h"

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KNOWN_BY "{\"name\":\"orders\",\"tag\":\"deploy\",\"value\":\"d1\","
#define JOB KNOWN_BY "\"settings\":{\"name\":\"orders\",\"tags\":{\"deploy\":\"d1\"}}}"
#define RUN "{\"job_id\":7211000000000000100,\"idempotency_token\":\"" TOKEN "\"}"

static const struct databricks W = { .host = "https://x.example", .credential = "c", .auth = "pat" };

/* What the node plays. */
struct part {
	const struct databricks_procedure *procedure;
	struct bldr_value *input;
};

struct story {
	struct scratch dir;
	char db[160];
	struct part part;
	struct bldr_graph *graph;
	struct bldr_value *end; /* {outcome, blame, message, value} */
	int64_t took_ms;
};

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct part *part = v->config;

	databricks_procedure_prepare(part->procedure, &W, part->input, v, p);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	const struct part *part = v->config;
	struct databricks_end end;
	struct arena a = { 0 };

	(void)n;
	if (databricks_procedure_absorb(part->procedure, part->input, v, results, p, &a, &end)) {
		struct bldr_value *told = bldr_object();

		bldr_object_set(told, "outcome", bldr_text(databricks_outcome_name(end.outcome)));
		bldr_object_set(told, "blame", bldr_text(databricks_blame_name(end.blame)));
		bldr_object_set(told, "message", bldr_text(end.message));
		bldr_object_set(told, "value", end.value);
		bldr_object_set(told, "at_ms", bldr_int(v->now_ms));
		bldr_patch_set(p, "end", told);
	}
	arena_release(&a);
}

static void story_begin(struct story *s, const struct databricks_procedure *procedure,
			const char *input)
{
	static const char *const writes[] = { "end", NULL };
	struct bldr_error err = { 0 };

	*s = (struct story){ .part.procedure = procedure };
	scratch_make(&s->dir);
	(void)snprintf(s->db, sizeof(s->db), "%s/j.db", s->dir.path);
	assert_int_equal(bldr_value_parse(input, strlen(input), &s->part.input, NULL), 0);
	s->graph = bldr_graph_new("play", 1);
	bldr_graph_channel(s->graph, "end", BLDR_LAST);
	bldr_graph_policy(s->graph, &databricks_policy);
	bldr_graph_node(s->graph,
			&(struct bldr_node){ .name = "play",
					     .writes = writes,
					     .prepare = prepare,
					     .absorb = absorb,
					     .config = &s->part });
	bldr_graph_edge(s->graph, BLDR_START, "play");
	assert_int_equal(bldr_graph_compile(s->graph, &err), 0);
}

static void story_end(struct story *s)
{
	bldr_graph_free(s->graph);
	bldr_unref(s->part.input);
	bldr_unref(s->end);
	scratch_remove(&s->dir);
}

/* One life of the process. False: it was killed. */
static bool live(struct story *s, struct cloud *c, const struct bldr_fault *fault, bool first)
{
	const struct bldr_engine_options o = {
		.journal = s->db,
		.simulate = true,
		.faults = fault,
		.n_faults = fault != NULL ? 1 : 0,
	};
	const struct bldr_work_type http = { .name = "http", .fn = cloud_answer, .context = c };
	struct bldr_engine *e = NULL;
	struct bldr_value *state = NULL;
	struct bldr_error err = { 0 };
	struct bldr_thread t;
	int rc;

	assert_int_equal(bldr_engine_open(&o, &e, &err), 0);
	bldr_engine_add_graph(e, s->graph);
	bldr_engine_add_work(e, &http);
	rc = first || bldr_thread_info(e, "t1", &t, &err) < 0
		? bldr_thread_start(e, "play", "t1", NULL, &err)
		: bldr_thread_resume(e, "t1", &err);
	if (rc == 0) {
		rc = bldr_engine_run(e, &err);
	} else {
		assert_int_equal(rc, BLDR_E_EXISTS); /* it was done before it was killed */
		rc = 0;
	}
	if (rc == 0) {
		assert_int_equal(bldr_thread_info(e, "t1", &t, &err), 0);
		assert_int_equal(t.status, BLDR_THREAD_DONE);
		assert_int_equal(bldr_thread_state(e, "t1", &state, &err), 0);
		s->end = bldr_ref(bldr_get(state, "end"));
		s->took_ms = bldr_get_int(s->end, "at_ms", 0);
		bldr_unref(state);
	} else {
		assert_int_equal(rc, BLDR_E_CANCELLED);
	}
	bldr_engine_close(e);
	return rc == 0;
}

static void play(struct story *s, struct cloud *c, const struct databricks_procedure *procedure,
		 const char *input)
{
	cloud_begin(c);
	story_begin(s, procedure, input);
	assert_true(live(s, c, NULL, true));
}

static void expect(const struct story *s, const struct cloud *c, const char *outcome,
		   const char *value, const char *lines)
{
	char *text = bldr_value_text(bldr_get(s->end, "value"));

	assert_string_equal(bldr_get_text(s->end, "outcome"), outcome);
	assert_string_equal(text, value);
	assert_string_equal(c->lines.data, lines);
	free(text);
}

static void done(struct story *s, struct cloud *c)
{
	story_end(s);
	cloud_end(c);
}

static void a_job_is_created_or_found(void **state)
{
	struct cloud c = { .empty_pages = 2 };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":true,\"job_id\":7211000000000000100}",
	       "GET jobs/list 200\nGET jobs/list 200\nGET jobs/list 200\nPOST jobs/create 200\n");
	done(&s, &c);
	/* An empty page that has a successor is not the end of the list. */
	c = (struct cloud){ .empty_pages = 1, .n_jobs = 1, .jobs = { 5 } };
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":false,\"job_id\":5}",
	       "GET jobs/list 200\nGET jobs/list 200\nPOST jobs/reset 200\n");
	done(&s, &c);
}

/* Settings that are a file are sent as it is; for a reset between the texts that make it a request. */
static void the_settings_of_a_job_may_be_a_file(void **state)
{
	static const char input[] = KNOWN_BY
		"\"file\":{\"bytes\":7,\"hash\":\"00\",\"path\":\"/x/job.json\"}}";
	struct cloud c = { .n_jobs = 0 };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_job, input);
	expect(&s, &c, "ok", "{\"created\":true,\"job_id\":7211000000000000100}",
	       "GET jobs/list 200\nPOST jobs/create 200\n");
	assert_string_equal(c.upload, "{\"bytes\":7,\"hash\":\"00\",\"path\":\"/x/job.json\"}");
	done(&s, &c);
	c = (struct cloud){ .n_jobs = 1, .jobs = { 7211000000000000105 } };
	play(&s, &c, &databricks_ensure_job, input);
	expect(&s, &c, "ok", "{\"created\":false,\"job_id\":7211000000000000105}",
	       "GET jobs/list 200\nPOST jobs/reset 200\n");
	assert_string_equal(
		c.upload,
		"{\"after\":\"}\",\"before\":\"{\\\"job_id\\\":7211000000000000105,"
		"\\\"new_settings\\\":\",\"bytes\":7,\"hash\":\"00\",\"path\":\"/x/job.json\"}");
	done(&s, &c);
}

/* Between the look and the reset the job went, or the reset asked a part of the workspace that has not heard of it. */
static void a_job_that_is_gone_is_looked_for_again(void **state)
{
	struct cloud c = { .n_jobs = 1,
			   .jobs = { 5 },
			   .plan = { { "jobs/reset", 1, 404, false, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":false,\"job_id\":5}",
	       "GET jobs/list 200\nPOST jobs/reset 404\nGET jobs/list 200\nPOST jobs/reset 200\n");
	done(&s, &c);
}

/* The answer to create is lost, and the list lags behind: no second job. */
static void a_created_job_is_found_when_its_answer_was_lost(void **state)
{
	struct cloud c = { .plan = { { "jobs/create", 1, 503, true, NULL } }, .lists_stale = 2 };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":false,\"job_id\":7211000000000000100}",
	       "GET jobs/list 200\nPOST jobs/create 503 applied\nGET jobs/list 200\nGET jobs/list 200\n"
	       "GET jobs/list 200\nPOST jobs/reset 200\n");
	assert_int_equal(c.n_jobs, 1);
	assert_true(s.took_ms >= 1000 + 1000 + 2000);
	done(&s, &c);
}

static void a_job_that_was_not_created_is_created_later(void **state)
{
	struct cloud c = { .plan = { { "jobs/create", 1, 502, false, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":true,\"job_id\":7211000000000000100}",
	       "GET jobs/list 200\nPOST jobs/create 502\nGET jobs/list 200\nGET jobs/list 200\n"
	       "GET jobs/list 200\nGET jobs/list 200\nPOST jobs/create 200\n");
	assert_int_equal(c.n_jobs, 1);
	done(&s, &c);
	/* What was turned away was not applied: it is asked for again when it may be. */
	c = (struct cloud){ .plan = { { "jobs/create", 1, 429, false, "7" } } };
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "ok", "{\"created\":true,\"job_id\":7211000000000000100}",
	       "GET jobs/list 200\nPOST jobs/create 429\nPOST jobs/create 200\n");
	assert_in_range(s.took_ms, 7000, 7999);
	done(&s, &c);
	/* Nobody creates for ever. */
	c = (struct cloud){ .plan = { { "jobs/create", 1, 400, false, NULL } } };
	play(&s, &c, &databricks_ensure_job, JOB);
	expect(&s, &c, "invalid", "null", "GET jobs/list 200\nPOST jobs/create 400\n");
	done(&s, &c);
}

static void a_run_is_followed_to_its_end(void **state)
{
	struct cloud c = { .polls = 2, .plan = { { "jobs/runs/get", 1, 404, false, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run, RUN);
	expect(&s, &c, "ok",
	       "{\"blame\":\"none\",\"code\":\"SUCCESS\",\"message\":\"m\",\"result\":\"success\",\"run_id\":"
	       "7211000000000000900,\"tasks\":[{\"attempt\":0,\"blame\":\"none\",\"code\":\"SUCCESS\",\"message\":\"\","
	       "\"output\":\"42\",\"result\":\"success\",\"run_id\":7211000000000000950,\"task_key\":\"main\"}],"
	       "\"url\":\"https://x/#job\"}",
	       "POST jobs/run-now 200\nGET jobs/runs/get 404\nGET jobs/runs/get 200\nGET jobs/runs/get 200\n"
	       "GET jobs/runs/get 200\nGET jobs/runs/get-output 200\n");
	assert_true(s.took_ms >= 3 * 1000); /* stale, then a second twice */
	done(&s, &c);
	c = (struct cloud){ .run_fails = true };
	play(&s, &c, &databricks_ensure_run, RUN);
	expect(&s, &c, "ok",
	       "{\"blame\":\"code\",\"code\":\"RUN_EXECUTION_ERROR\",\"message\":\"m\",\"result\":\"failed\","
	       "\"run_id\":7211000000000000900,\"tasks\":[{\"attempt\":0,\"blame\":\"code\",\"code\":\"RUN_EXECUTION_ERROR\","
	       "\"error\":\"ValueError: x\",\"message\":\"\",\"result\":\"failed\",\"run_id\":"
	       "7211000000000000950,\"task_key\":\"main\",\"trace\":\"trace\"}],\"url\":\"https://x/#job\"}",
	       "POST jobs/run-now 200\nGET jobs/runs/get 200\nGET jobs/runs/get-output 200\n");
	done(&s, &c);
}

/* A run has its tasks on pages of 100; an attempt that failed counts no more when a later one is on another page. */
static void a_task_that_failed_is_found_on_any_page(void **state)
{
	static const char lines[] =
		"POST jobs/run-now 200\nGET jobs/runs/get 200\nGET jobs/runs/get 200\n"
		"GET jobs/runs/get 503\nGET jobs/runs/get 200\nGET jobs/runs/get-output 200\n";
	struct cloud c = { .tasks = 250,
			   .run_fails = true,
			   .plan = { { "jobs/runs/get?", 3, 503, false, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run,
	     "{\"job_id\":1,\"idempotency_token\":\"" TOKEN "\",\"failed_only\":true}");
	expect(&s, &c, "ok",
	       "{\"blame\":\"code\",\"code\":\"RUN_EXECUTION_ERROR\",\"message\":\"m\",\"result\":\"failed\","
	       "\"run_id\":7211000000000000900,\"tasks\":[{\"attempt\":0,\"blame\":\"code\",\"code\":"
	       "\"RUN_EXECUTION_ERROR\",\"error\":\"ValueError: x\",\"message\":\"\",\"result\":\"failed\","
	       "\"run_id\":7211000000000001448,\"task_key\":\"t249\",\"trace\":\"trace\"}],"
	       "\"url\":\"https://x/#job\"}",
	       lines);
	done(&s, &c);
}

static void all_tasks_of_a_run_are_told_of(void **state)
{
	struct cloud c = { .tasks = 130, .run_fails = true };
	const struct bldr_value *tasks;
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run, RUN);
	tasks = bldr_get(bldr_get(s.end, "value"), "tasks");
	assert_int_equal(bldr_count(tasks), 130);
	for (size_t i = 0; i < bldr_count(tasks); i++) {
		const struct bldr_value *task = bldr_at(tasks, i);
		bool last = strcmp(bldr_get_text(task, "task_key"), "t129") == 0;

		assert_string_equal(bldr_get_text(task, "result"), last ? "failed" : "success");
		assert_string_equal(bldr_get_text(task, "error"), "ValueError: x");
	}
	done(&s, &c);
}

static void a_run_that_takes_too_long_is_cancelled(void **state)
{
	struct cloud c = { .run_hangs = true };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run,
	     "{\"job_id\":1,\"idempotency_token\":\"" TOKEN "\",\"deadline_ms\":60000}");
	assert_string_equal(bldr_get_text(bldr_get(s.end, "value"), "result"), "cancelled");
	assert_int_equal(c.cancelled, 1);
	assert_in_range(s.took_ms, 60000, 75000);
	done(&s, &c);
}

/* An hour of polling fits the rounds of a node. */
static void a_long_run_is_polled_to_the_last_round(void **state)
{
	struct cloud c = { .run_hangs = true };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run, RUN);
	assert_string_equal(bldr_get_text(s.end, "outcome"), "busy");
	assert_true(s.took_ms > 3600 * 1000);
	assert_int_equal(c.n_runs, 1);
	done(&s, &c);
}

/* 429 and 503 are the policy's: no shorter than Retry-After, and for no longer than five minutes. */
static void what_is_busy_is_waited_for(void **state)
{
	struct cloud c = { .plan = { { "jobs/run-now", 1, 429, false, "20" },
				     { "jobs/run-now", 2, 503, true, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_run, RUN);
	assert_string_equal(bldr_get_text(s.end, "outcome"), "ok");
	assert_int_equal(c.n_runs, 1);
	assert_in_range(s.took_ms, 20000 + 1500, 30000);
	done(&s, &c);
}

static void statements_are_read_to_the_last_chunk(void **state)
{
	static const char input[] = "{\"warehouse_id\":\"w\",\"statement\":\"SELECT 1\"}";
	struct cloud c = { .chunks = 3, .plan = { { "sql/statements/s1", 1, 404, false, NULL } } };
	struct story s;

	(void)state;
	play(&s, &c, &databricks_ensure_statement, input);
	expect(&s, &c, "ok",
	       "{\"columns\":[{\"name\":\"n\"}],\"row_count\":3,\"rows\":[[\"0\"],[\"1\"],[\"2\"]],"
	       "\"statement_id\":\"s1\"}",
	       "POST sql/statements 200\nGET sql/statements/s1 404\nGET sql/statements/s1 200\n"
	       "GET sql/statements/s1/result/chunks/1 200\nGET sql/statements/s1/result/chunks/2 200\n");
	done(&s, &c);
	c = (struct cloud){ .chunks = 1, .sql_error = "[TABLE_OR_VIEW_NOT_FOUND] x" };
	play(&s, &c, &databricks_ensure_statement, input);
	expect(&s, &c, "invalid", "null", "POST sql/statements 200\nGET sql/statements/s1 200\n");
	assert_string_equal(bldr_get_text(s.end, "message"),
			    "BAD_REQUEST: [TABLE_OR_VIEW_NOT_FOUND] x");
	assert_string_equal(bldr_get_text(s.end, "blame"), "code");
	done(&s, &c);
}

/* Killed before and after the nth effect, commit and landing, for all n: one job, one run. */
static size_t kill_everywhere(const struct databricks_procedure *procedure, const char *input)
{
	static const enum bldr_fault_at places[] = { BLDR_AT_EFFECT, BLDR_AT_COMMIT,
						     BLDR_AT_LANDING };
	static const enum bldr_fault_kind kinds[] = { BLDR_FAULT_CRASH_BEFORE,
						      BLDR_FAULT_CRASH_AFTER };
	size_t kills = 0;

	for (size_t p = 0; p < 3; p++) {
		for (size_t k = 0; k < 2; k++) {
			for (unsigned nth = 1;; nth++) {
				const struct bldr_fault fault = { places[p], nth, kinds[k] };
				struct cloud c = { .polls = 2, .lists_stale = 1 };
				struct story s;
				bool whole;

				cloud_begin(&c);
				story_begin(&s, procedure, input);
				whole = live(&s, &c, &fault, true);
				if (!whole) {
					kills++;
					assert_true(live(&s, &c, NULL, false));
				}
				assert_string_equal(bldr_get_text(s.end, "outcome"), "ok");
				assert_int_equal(c.n_jobs + c.n_runs, 1);
				done(&s, &c);
				if (whole) {
					break;
				}
			}
		}
	}
	return kills;
}

static void a_kill_makes_no_second_job_and_no_second_run(void **state)
{
	(void)state;
	assert_true(kill_everywhere(&databricks_ensure_job, JOB) >= 12);
	assert_true(kill_everywhere(&databricks_ensure_run, RUN) >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_is_created_or_found),
		cmocka_unit_test(the_settings_of_a_job_may_be_a_file),
		cmocka_unit_test(a_job_that_is_gone_is_looked_for_again),
		cmocka_unit_test(a_created_job_is_found_when_its_answer_was_lost),
		cmocka_unit_test(a_job_that_was_not_created_is_created_later),
		cmocka_unit_test(a_run_is_followed_to_its_end),
		cmocka_unit_test(a_task_that_failed_is_found_on_any_page),
		cmocka_unit_test(all_tasks_of_a_run_are_told_of),
		cmocka_unit_test(a_run_that_takes_too_long_is_cancelled),
		cmocka_unit_test(a_long_run_is_polled_to_the_last_round),
		cmocka_unit_test(what_is_busy_is_waited_for),
		cmocka_unit_test(statements_are_read_to_the_last_chunk),
		cmocka_unit_test(a_kill_makes_no_second_job_and_no_second_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
