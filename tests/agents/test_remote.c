/*
 * The nodes that talk to a workspace, in the main graph, on the simulated host, against a workspace in memory that loses answers,
 * lags behind and turns away. The work of the agents is scripted but for what sends and reads: the stage writes a batch, the
 * questions ask one of statements. Each life may be killed at any effect and commit: one job, one run per attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/agents.h"
#include "agents/remote/batch.h"
#include "agents/remote/job_run.h"
#include "agents/tester/answers.h"
#include "base/file.h"
#include "databricks/cloud.h"
#include "scratch.h"

#define JOB "{\"name\":\"bldr main.gold\",\"tags\":{\"bldr_deploy_id\":\"main.gold\"}}"

enum { IMPORTS = 10, STATEMENTS = 9, LIVES_MAX = 400 };

struct world {
	struct scratch scratch;
	struct agents *agents;
	struct agents_context context;
	struct cloud cloud;
	char *remote, *asked; /* what these channels held at the end */
	char error[1024];
	bool failed;
};

/* ---- scripted work ---- */

static struct bldr_value *parsed(const char *text)
{
	struct bldr_value *v = NULL;

	assert_int_equal(bldr_value_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

/* A batch with a folder, and notebooks that need it. */
static int begin_deployment(struct batch *b, struct desk *d, int imports, struct bldr_error *err)
{
	struct remote r;
	int rc = batch_begin(b, d, "deploy", err);

	assert_true(remote_of(d->args, &r));
	rc = rc < 0
		? rc
		: batch_add(b, databricks_mkdirs(&r.workspace, r.folder), 0, "a folder", NULL, err);
	for (int i = 0; rc == 0 && i < imports; i++) {
		const struct databricks_import import = {
			.path = "/x", .format = "AUTO", .content = "1", .size = 1
		};

		rc = batch_add(b, databricks_import(&r.workspace, &import), 1, "a notebook", NULL,
			       err);
	}
	return rc;
}

/* In the place of a longer batch, of which nothing may be left; and the job's settings. */
static int stage(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct bldr_value *file = NULL;
	struct batch b;
	int rc = begin_deployment(&b, d, IMPORTS + 2 * BATCH_AT_ONCE, err);

	rc = rc < 0 ? rc : batch_end(&b, err);
	rc = rc < 0 ? rc : begin_deployment(&b, d, IMPORTS, err);
	rc = rc < 0 ? rc : batch_file(&b, "job.json", JOB, &file, err);
	rc = rc < 0 ? rc : batch_end(&b, err);
	if (rc == 0) {
		*ret = parsed("{\"name\":\"bldr main.gold\",\"tag\":\"bldr_deploy_id\",\"value\":"
			      "\"main.gold\"}");
		bldr_object_set(*ret, "file", file);
	}
	return rc;
}

/* One round of statements in each pass. */
static int questions(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct bldr_value *asked = bldr_copy(bldr_get(d->args, "asked"));
	bool again = bldr_get_int(asked, "pass", 0) > 0;
	int64_t round = bldr_get_int(asked, "round", 0);
	int n = round > 0 ? 0 : again ? 1 : STATEMENTS;
	const char *name = answers_batch(&d->arena, again ? "again" : "questions", round);
	struct remote r;
	struct batch b;
	int rc = batch_begin(&b, d, name, err);

	assert_true(remote_of(d->args, &r));
	assert_string_equal(r.warehouse, "w2"); /* the one that runs */
	for (int i = 0; rc == 0 && i < n; i++) {
		const struct databricks_sql sql = { .warehouse_id = r.warehouse,
						    .statement = "SELECT 1",
						    .repeatable = true };

		rc = batch_add(&b, databricks_statement(&r.workspace, &sql), 0, "counts",
			       answers_name(&d->arena, i, 0), err);
	}
	bldr_object_set(asked, "batch", bldr_text(name));
	bldr_object_set(asked, "folder", bldr_text(b.folder));
	bldr_object_set(asked, "statements", bldr_int(n));
	*ret = asked;
	return rc < 0 ? rc : batch_end(&b, err);
}

static const char *answers_error; /* of each answer; NULL: none */

static int check(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	remote_results results = { 0 };
	int rc = 0;

	if (bldr_get(d->args, "asked") != NULL) {
		rc = answers_results(d, "questions", 1, &results, err);
		assert_int_equal(results.n, STATEMENTS);
	}
	for (size_t i = 0; i < results.n; i++) {
		if (answers_error != NULL) {
			assert_string_equal(results.at[i].error, answers_error);
			assert_true(results.at[i].too_large);
		} else {
			assert_null(results.at[i].error);
		}
		assert_int_equal(results.at[i].n_rows, 3); /* one in each chunk */
		assert_string_equal(results.at[i].cells[2], "2");
	}
	*ret = parsed("{\"ref\":{},\"verdict\":\"validated\",\"repairs\":[]}");
	return rc;
}

static int scripted(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	if (strcmp(w->name, "developer.stage") == 0) {
		return desk_work(w, stage, ret, err);
	}
	if (strcmp(w->name, "tester.questions") == 0) {
		return desk_work(w, questions, ret, err);
	}
	if (strcmp(w->name, "tester.check") == 0) {
		return desk_work(w, check, ret, err);
	}
	*ret = parsed(strcmp(w->name, "analyst.discover") == 0 ? "{\"ref\":{},\"tables\":[\"t\"]}"
							       : "{\"ref\":{}}");
	return 0;
}

/* ---- the world ---- */

static void world_make(struct world *w, const struct cloud *cloud)
{
	struct bldr_error err;

	*w = (struct world){ .cloud = *cloud };
	/* hundreds of lives, each of which waits for the disk dozens of times: in memory where there is such a folder */
	(void)snprintf(w->scratch.path, sizeof(w->scratch.path), "/dev/shm/bldr-test-XXXXXX");
	if (mkdtemp(w->scratch.path) == NULL) {
		scratch_make(&w->scratch);
	}
	w->context.output = w->scratch.path;
	w->cloud.job = JOB;
	w->cloud.chunks = 3;
	cloud_begin(&w->cloud);
	assert_int_equal(agents_new(&w->agents, &err), 0);
}

static void empty(struct world *w, const char *folder)
{
	struct scratch s = { 0 };

	(void)snprintf(s.path, sizeof(s.path), "%.30s/run%.20s", w->scratch.path, folder);
	scratch_remove(&s);
}

static void world_release(struct world *w)
{
	static const char *const folders[] = { "/deploy",  "/questions.0", "/questions.1",
					       "/again.0", "/again.1",     "" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		empty(w, folders[i]);
	}
	free(w->remote);
	free(w->asked);
	cloud_end(&w->cloud);
	agents_free(w->agents);
	scratch_remove(&w->scratch);
}

static struct bldr_engine *open_engine(struct world *w, const struct bldr_fault *fault)
{
	const struct bldr_engine_options options = {
		.journal = scratch_file(&w->scratch, "bldr.db"),
		.simulate = true,
		.faults = fault,
		.n_faults = fault != NULL,
	};
	const struct bldr_work_type http = { .name = "http",
					     .fn = cloud_answer,
					     .context = &w->cloud };
	struct bldr_engine *e = NULL;
	struct bldr_error err = { 0 };
	size_t n;
	const struct bldr_work_type *types = agents_work(&n);

	assert_int_equal(bldr_engine_open(&options, &e, &err), 0);
	assert_int_equal(agents_register(w->agents, e, &w->context, &err), 0);
	for (size_t i = 0; i < n; i++) {
		struct bldr_work_type type = types[i];

		if (strncmp(type.name, "remote.", 7) != 0) {
			type.fn = scripted;
		}
		type.context = &w->context;
		bldr_engine_add_work(e, &type);
	}
	bldr_engine_add_work(e, &http);
	return e;
}

static int begin(struct bldr_engine *e, struct bldr_error *err)
{
	struct bldr_value *where = parsed(
		"{\"host\":\"https://x.example\",\"auth\":\"pat\",\"catalog\":\"main\",\"schema\":\"gold\","
		"\"volume\":\"landing\",\"folder\":\"/Workspace/Shared/bldr/main.gold\"}");
	const struct agents_job job = {
		.run = "run", .source_dir = "/nowhere", .rounds_max = 3, .databricks = where
	};
	struct bldr_value *input = agents_input(&job);
	int rc = bldr_thread_start(e, "main", "run", input, err);

	bldr_unref(input);
	bldr_unref(where);
	return rc;
}

static void take_end(struct world *w, struct bldr_engine *e, const struct bldr_thread *t)
{
	struct bldr_value *state = NULL;
	struct bldr_error err;

	w->failed = t->status != BLDR_THREAD_DONE;
	(void)snprintf(w->error, sizeof(w->error), "%s", t->error);
	assert_int_equal(bldr_thread_state(e, "run", &state, &err), 0);
	w->remote = bldr_value_text(bldr_get(state, "remote"));
	w->asked = bldr_value_text(bldr_get(state, "asked"));
	bldr_unref(state);
}

/* One life. False: it was killed. */
static bool live(struct world *w, const struct bldr_fault *fault)
{
	struct bldr_engine *e = open_engine(w, fault);
	struct bldr_error err = { 0 };
	struct bldr_thread t;
	int rc = bldr_thread_info(e, "run", &t, &err) < 0 ? begin(e, &err)
							  : bldr_thread_resume(e, "run", &err);

	if (rc == BLDR_E_EXISTS) { /* it was done before it was killed */
		rc = 0;
	}
	rc = rc < 0 ? rc : bldr_engine_run(e, &err);
	if (rc == 0) {
		assert_int_equal(bldr_thread_info(e, "run", &t, &err), 0);
		take_end(w, e, &t);
	} else {
		assert_int_equal(rc, BLDR_E_CANCELLED);
	}
	bldr_engine_close(e);
	return rc == 0;
}

static void play(struct world *w, const struct cloud *cloud)
{
	world_make(w, cloud);
	assert_true(live(w, NULL));
}

static size_t count(const struct world *w, const char *line)
{
	size_t n = 0;

	for (const char *at = w->cloud.lines.data; (at = strstr(at, line)) != NULL; at++) {
		n++;
	}
	return n;
}

static void expect_one_of_each(const struct world *w)
{
	assert_string_equal(w->error, "");
	assert_false(w->failed);
	assert_int_equal(w->cloud.n_jobs, 1);
	assert_int_equal(w->cloud.n_runs, 2); /* the run, and the second one that I1 compares */
	for (size_t i = 0; i < w->cloud.n_runs; i++) { /* what an earlier run has left goes */
		assert_string_equal(w->cloud.parameters[i],
				    "{\"full_refresh\":\"false\",\"remove_gone\":\"true\"}");
	}
	assert_int_equal(w->cloud.schemas, 1);
	assert_int_equal(w->cloud.volumes, 1);
}

/* ---- stories ---- */

static void all_is_made_sent_run_and_asked(void **state)
{
	static const char begins[] =
		"GET unity-catalog/schemas/main.gold 404\nPOST unity-catalog/schemas 200\n"
		"GET unity-catalog/volumes/main.gold.landing 404\nPOST unity-catalog/volumes 200\n"
		"POST workspace/mkdirs 200\nGET sql/warehouses 200\nPOST workspace/mkdirs 200\n"
		"POST workspace/import 200\n";
	struct world w;

	(void)state;
	play(&w, &(struct cloud){ .polls = 2, .sql_polls = 2 });
	expect_one_of_each(&w);
	assert_memory_equal(w.cloud.lines.data, begins, strlen(begins));
	assert_int_equal(count(&w, "POST workspace/import 200"), IMPORTS);
	assert_int_equal(count(&w, "POST sql/statements 200"), STATEMENTS + 1);
	assert_int_equal(count(&w, "/result/chunks/1 200"), STATEMENTS + 1);
	assert_int_equal(count(&w, "/result/chunks/2 200"), STATEMENTS + 1);
	assert_non_null(strstr(w.remote, "\"warehouse_id\":\"w2\""));
	assert_non_null(strstr(w.remote, "\"result\":\"success\""));
	/* the body of jobs/create is the file */
	assert_non_null(strstr(w.cloud.upload, "run/"));
	world_release(&w);
}

/* What a workspace does to everybody: later, lost, not there yet. */
static void faults_of_the_workspace_are_outlived(void **state)
{
	static const struct cloud clouds[] = {
		{ .plan = { { "jobs/create", 1, 503, true, NULL } }, .lists_stale = 2 },
		{ .plan = { { "jobs/create", 1, 502, false, NULL } } },
		{ .plan = { { "jobs/create", 1, 429, false, "7" },
			    { "workspace/import", 3, 429, false, "2" },
			    { "sql/statements", 2, 503, false, NULL },
			    { "unity-catalog/schemas", 2, 429, false, NULL } } },
		{ .plan = { { "jobs/run-now", 1, 503, true, NULL },
			    { "jobs/runs/get", 1, 404, false, NULL },
			    { "jobs/runs/get", 2, 503, false, NULL },
			    { "sql/statements/s1", 1, 504, false, NULL } } },
		/* a folder that was just made is not there yet for who imports into it */
		{ .plan = { { "workspace/import", 1, 404, false, NULL },
			    { "workspace/import", 2, 404, false, NULL } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		struct world w;

		play(&w, &clouds[i]);
		expect_one_of_each(&w);
		for (size_t k = 0; clouds[i].plan[k].path != NULL; k++) {
			assert_true(w.cloud.seen[k] >= clouds[i].plan[k].nth); /* it came to pass */
		}
		world_release(&w);
	}
}

/* A statement that failed for the workspace's sake says nothing of the star: it is asked again. */
static void a_statement_that_the_workspace_failed_at_is_asked_again(void **state)
{
	struct world w;

	(void)state;
	play(&w,
	     &(struct cloud){
		     .sql_error = "lost", .sql_code = "IO_ERROR", .sql_errors = BATCH_AT_ONCE });
	expect_one_of_each(&w);
	assert_int_equal(count(&w, "POST sql/statements 200"), STATEMENTS + 1 + BATCH_AT_ONCE);
	world_release(&w);
}

/* What no patience helps against is told, with what to do. */
static void what_is_refused_is_told(void **state)
{
	static const struct {
		struct cloud cloud;
		const char *error;
	} cases[] = {
		{ { .plan = { { "unity-catalog/schemas", 2, 403, false, NULL } } },
		  "bldr databricks check says what to grant" },
		{ { .plan = { { "jobs/create", 1, 400, false, NULL } } }, "the job: " },
		{ { .plan = { { "jobs/run-now", 1, 403, false, NULL } } }, "the run of the job: " },
		{ { .plan = { { "sql/statements", 1, 401, false, NULL } } },
		  "check the credentials" },
		{ { .plan = { { "workspace/mkdirs", 1, 409, false, NULL } } }, "folder" },
		{ { .plan = { { "workspace/import", 1, 409, false, NULL } } }, "notebook" },
		{ { .sql_error = "lost", .sql_code = "IO_ERROR" },
		  "the statement \"counts\": lost; resume the run" },
		{ { .sql_error = "[INSUFFICIENT_PERMISSIONS] no SELECT" },
		  "no SELECT; bldr databricks check says what to grant" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		play(&w, &cases[i].cloud);
		assert_true(w.failed);
		if (strstr(w.error, cases[i].error) == NULL) {
			fail_msg("\"%s\" lacks \"%s\"", w.error, cases[i].error);
		}
		world_release(&w);
	}
}

/* Code and settings are nobody's to try again; what the workspace failed at is repaired in the same run. */
static void a_run_that_fails_is_repaired_only_for_the_workspaces_sake(void **state)
{
	static const struct {
		struct cloud cloud;
		const char *blame, *result;
		unsigned repairs;
		bool asked;
	} cases[] = {
		{ { .run_fails = true }, "\"blame\":\"code\"", "\"result\":\"failed\"", 0, false },
		{ { .run_fails = true, .run_code = "UNAUTHORIZED_ERROR" },
		  "\"blame\":\"configuration\"",
		  "\"result\":\"failed\"",
		  0,
		  false },
		{ { .run_fails = true, .run_code = "CLUSTER_ERROR", .repairs_needed = 2 },
		  "\"repairs\":2",
		  "\"result\":\"success\"",
		  4, /* both runs */
		  true },
		{ { .run_fails = true,
		    .run_code = "CLUSTER_ERROR",
		    .repairs_needed = 3,
		    .runs_well = 1 },
		  "\"repairs\":3",
		  "\"result\":\"success\"",
		  3, /* of the second run */
		  true },
		{ { .run_fails = true, .run_code = "CLUSTER_ERROR" },
		  "\"blame\":\"infrastructure\"",
		  "\"result\":\"failed\"",
		  3,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;

		play(&w, &cases[i].cloud);
		assert_string_equal(w.error, "");
		if (strstr(w.remote, cases[i].blame) == NULL ||
		    strstr(w.remote, cases[i].result) == NULL) {
			fail_msg("%zu: %s", i, w.remote);
		}
		assert_int_equal(w.cloud.repairs, cases[i].repairs);
		assert_int_equal(count(&w, "POST sql/statements 200") > 0, cases[i].asked);
		assert_int_equal(w.cloud.n_runs, cases[i].asked ? 2 : 1);
		world_release(&w);
	}
}

/* Beside a task that the workspace failed at, one whose code is wrong is the one that can be mended. */
static void of_failed_tasks_that_of_the_code_is_told(void **state)
{
	static const struct {
		const char *run, *blame;
	} cases[] = {
		{ "{\"blame\":\"code\",\"tasks\":[{\"blame\":\"infrastructure\"},"
		  "{\"blame\":\"configuration\"},{\"blame\":\"code\"}]}",
		  "code" },
		{ "{\"blame\":\"code\",\"tasks\":[{\"blame\":\"infrastructure\"},"
		  "{\"blame\":\"configuration\"}]}",
		  "infrastructure" },
		{ "{\"blame\":\"none\",\"tasks\":[]}", "none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *run = parsed(cases[i].run);

		assert_string_equal(bldr_get_text(remote_culprit(run), "blame"), cases[i].blame);
		bldr_unref(run);
	}
}

/* A second run that the workspace failed at says nothing of the load: it is none that was refused. */
static void only_code_refuses_a_second_run(void **state)
{
	static const struct {
		const char *run, *refusal;
	} cases[] = {
		{ "{\"result\":\"failed\",\"blame\":\"code\",\"message\":\"m\",\"tasks\":["
		  "{\"blame\":\"code\"}]}",
		  "m" },
		{ "{\"result\":\"failed\",\"blame\":\"code\",\"message\":\"m\",\"tasks\":["
		  "{\"blame\":\"configuration\"}]}",
		  NULL },
		{ "{\"result\":\"failed\",\"blame\":\"infrastructure\",\"message\":\"m\"}", NULL },
		{ "{\"result\":\"cancelled\",\"blame\":\"none\",\"message\":\"m\"}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *run = parsed(cases[i].run);
		const char *refusal = remote_refusal(run);

		assert_int_equal(refusal == NULL, cases[i].refusal == NULL);
		if (refusal != NULL) {
			assert_string_equal(refusal, cases[i].refusal);
		}
		bldr_unref(run);
	}
}

/* The answer to a repair is lost: a second try is refused, and the first one is found. */
static void a_repair_whose_answer_was_lost_is_not_made_twice(void **state)
{
	struct world w;

	(void)state;
	play(&w,
	     &(struct cloud){ .run_fails = true,
			      .run_code = "CLUSTER_ERROR",
			      .repairs_needed = 2,
			      .plan = { { "jobs/runs/repair", 1, 503, true, NULL } } });
	expect_one_of_each(&w);
	assert_int_equal(w.cloud.repairs, 4);
	assert_int_equal(count(&w, "POST jobs/runs/repair 400"), 1);
	world_release(&w);
}

/* Some of a table's rows are no table that could be judged. */
static void an_answer_that_was_cut_short_is_none(void **state)
{
	struct world w;

	(void)state;
	answers_error = "the answer is cut short";
	play(&w, &(struct cloud){ .sql_truncated = true });
	answers_error = NULL;
	expect_one_of_each(&w);
	world_release(&w);
}

/* Large tables on a small SQL warehouse: more polls than a node has rounds. Another node goes on with the same statements. */
static void statements_take_as_long_as_they_take(void **state)
{
	struct world w;

	(void)state;
	play(&w, &(struct cloud){ .sql_polls = BATCH_AT_ONCE * BLDR_ROUNDS_MAX });
	expect_one_of_each(&w);
	assert_int_equal(count(&w, "POST sql/statements 200"), STATEMENTS + 1);
	assert_non_null(strstr(w.asked, "\"answered\":10"));
	world_release(&w);
}

/* ---- kills ---- */

struct kill {
	enum bldr_fault_at at;
	enum bldr_fault_kind what;
	unsigned step;
};
static const struct kill kinds[] = { { BLDR_AT_EFFECT, BLDR_FAULT_CRASH_AFTER, 1 },
				     { BLDR_AT_EFFECT, BLDR_FAULT_CRASH_BEFORE, 3 },
				     { BLDR_AT_COMMIT, BLDR_FAULT_CRASH_AFTER, 5 } };

/* By the first n kinds of kills. */
static size_t kill_everywhere(const struct cloud *cloud, unsigned repairs, size_t n)
{
	size_t kills = 0;

	for (size_t i = 0; i < n; i++) {
		bool whole = false;

		for (unsigned nth = 1; !whole && nth < LIVES_MAX; nth += kinds[i].step) {
			const struct bldr_fault fault = { kinds[i].at, nth, kinds[i].what };
			struct world w;

			world_make(&w, cloud);
			whole = live(&w, &fault);
			if (!whole) {
				kills++;
				assert_true(live(&w, NULL));
			}
			expect_one_of_each(&w);
			assert_int_equal(w.cloud.repairs, repairs);
			world_release(&w);
		}
		assert_true(whole);
	}
	return kills;
}

static void a_kill_anywhere_makes_one_job_and_one_run_per_attempt(void **state)
{
	(void)state;
	/* places 6, folder and imports 11, job 2, runs 2 * 3, 10 statements with 3 answers each: more effects than that */
	assert_true(kill_everywhere(&(struct cloud){ .lists_stale = 1 }, 0, 3) > 55 + 2 * 10);
	assert_true(kill_everywhere(&(struct cloud){ .run_fails = true,
						     .run_code = "CLUSTER_ERROR",
						     .repairs_needed = 1 },
				    2, 1) > 55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_made_sent_run_and_asked),
		cmocka_unit_test(faults_of_the_workspace_are_outlived),
		cmocka_unit_test(a_statement_that_the_workspace_failed_at_is_asked_again),
		cmocka_unit_test(what_is_refused_is_told),
		cmocka_unit_test(a_run_that_fails_is_repaired_only_for_the_workspaces_sake),
		cmocka_unit_test(of_failed_tasks_that_of_the_code_is_told),
		cmocka_unit_test(only_code_refuses_a_second_run),
		cmocka_unit_test(a_repair_whose_answer_was_lost_is_not_made_twice),
		cmocka_unit_test(an_answer_that_was_cut_short_is_none),
		cmocka_unit_test(statements_take_as_long_as_they_take),
		cmocka_unit_test(a_kill_anywhere_makes_one_job_and_one_run_per_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
