/*
 * A workspace's answer, and a file of profiles, of any bytes: what comes back is told in full or refused with a message; no
 * decoder reads past what is there, and what is not understood has never ended well.
 */
#include <bldr/value.h>

#include "databricks/databricks.h"
#include "fuzz/fuzz.h"

static void read_answer(const char *text, struct arena *a)
{
	static const int64_t statuses[] = { 200, 302, 400, 404, 409, 429, 500 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct bldr_value *v = bldr_object();
		const struct bldr_result r = { .status = BLDR_DONE, .value = v };
		struct databricks_answer answer;

		bldr_object_set(v, "status", bldr_int(statuses[i]));
		bldr_object_set(v, "body", bldr_text(text));
		databricks_answer(&r, a, &answer);
		ASSERT((answer.outcome == DATABRICKS_OK) == (answer.blame == DATABRICKS_BLAME_NONE));
		ASSERT(statuses[i] == 200 || answer.outcome != DATABRICKS_OK);
		ASSERT((answer.outcome == DATABRICKS_OK) == (answer.message[0] == '\0'));
		bldr_unref(v);
	}
}

static void read_body(const struct bldr_value *v, struct arena *a)
{
	struct databricks_statement statement;
	struct databricks_output output;
	struct databricks_runs tasks;
	struct databricks_run run;
	struct bldr_error err = { 0 };
	int rc = databricks_run(v, a, &run, &err);

	if (rc < 0) {
		failed_well(rc, &err);
	} else {
		ASSERT((run.state == DATABRICKS_RUN_ENDED) == (run.result != DATABRICKS_RUN_OPEN));
		ASSERT(run.result != DATABRICKS_RUN_SUCCESS || run.blame == DATABRICKS_BLAME_NONE);
	}
	rc = databricks_run_tasks(v, a, &tasks, &err);
	if (rc < 0) {
		failed_well(rc, &err);
	}
	databricks_output(v, a, &output);
	ASSERT(output.trace == NULL || strchr(output.trace, '\033') == NULL);
	rc = databricks_statement_read(v, &statement, &err);
	if (rc < 0) {
		failed_well(rc, &err);
	}
	(void)databricks_next_page(v);
	(void)databricks_job_find(v, "orders", "id", "mine");
	(void)databricks_has_privilege(v, "me", "SELECT");
}

static void read_profiles(const char *text, struct arena *a)
{
	static const char *const environment[] = { "HOME=/home/a", NULL };
	const struct databricks_said said = { .environment = environment,
					      .file_text = text,
					      .file_name = "/home/a/.databrickscfg" };
	struct databricks_config config;
	struct bldr_error err = { 0 };
	int rc = databricks_config(&said, a, &config, &err);

	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	} else {
		ASSERT(strncmp(config.host, "http", 4) == 0 && config.secret != NULL);
	}
	databricks_config_release(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bldr_value *text = bldr_text_n((const char *)data, size);
	struct bldr_value *v = NULL;
	struct arena a = { 0 };

	read_answer(bldr_as_text(text), &a);
	read_profiles(bldr_as_text(text), &a);
	if (bldr_value_parse((const char *)data, size, &v, NULL) == 0) {
		read_body(v, &a);
	}
	bldr_unref(v);
	bldr_unref(text);
	arena_release(&a);
	return 0;
}
