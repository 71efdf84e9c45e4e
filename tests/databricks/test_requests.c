/*
 * What each call of the client sends, held to what databricks-sdk sends for the same call (tests/golden/databricks/requests.json,
 * recorded by record_sdk.py) and to the schemas of the Jobs API.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/file.h"
#include "base/json_schema.h"
#include "databricks/databricks.h"

#define HOST "https://workspace.example"
#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NOTEBOOK "# Databricks notebook source\nprint(\"\xE5\x8D\x83\")\n"

enum { FILE_MAX = 1 << 20, PARAMETERS_MAX = 16 };
static const int64_t JOB = 7211000000000000123; /* beyond 2^53 */
static const int64_t RUN = 7211000000000000456;
static const struct databricks W = { .host = HOST, .credential = "databricks", .auth = "pat" };

static size_t checked; /* calls held to the recording */

static struct bldr_value *golden(const char *name)
{
	const char *root = getenv("BLDR_ROOT");
	char *path = xasprintf("%s/tests/golden/databricks/%s", root != NULL ? root : ".", name);
	struct bldr_error err = { 0 };
	struct bldr_value *v = NULL;
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(file_read(path, FILE_MAX, &text, &size, &err), 0);
	assert_int_equal(bldr_value_parse(text, size, &v, &err), 0);
	free(text);
	free(path);
	return v;
}

static struct bldr_value *json(const char *text)
{
	struct bldr_value *v = NULL;

	assert_int_equal(bldr_value_parse(text, strlen(text), &v, NULL), 0);
	return v;
}

static struct bldr_value *settings(void)
{
	return json(
		"{\"name\":\"bldr \xC3\xA4\",\"tags\":{\"bldr_deploy_id\":\"d1\"},\"tasks\":[{"
		"\"task_key\":\"main\",\"notebook_task\":{\"notebook_path\":\"/Shared/bldr/nb\"}}]"
		"}");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The URL's path with the parameters of its query sorted. */
static char *path_of(const char *url)
{
	char *text, *query, *save = NULL;
	char *parts[PARAMETERS_MAX];
	size_t n = 0;
	char *sorted;

	assert_int_equal(strncmp(url, HOST, strlen(HOST)), 0);
	text = xstrdup(url + strlen(HOST));
	query = strchr(text, '?');
	if (query == NULL) {
		return text;
	}
	*query++ = '\0';
	for (char *p = strtok_r(query, "&", &save); p != NULL; p = strtok_r(NULL, "&", &save)) {
		assert_true(n < PARAMETERS_MAX);
		parts[n++] = p;
	}
	qsort(parts, n, sizeof(parts[0]), by_text);
	sorted = xasprintf("%s?", text);
	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%s", sorted, i > 0 ? "&" : "", parts[i]);

		free(sorted);
		sorted = longer;
	}
	free(text);
	return sorted;
}

static void check(const struct bldr_value *all, const char *name, enum bldr_class cls,
		  struct databricks_request q)
{
	const struct bldr_value *want = bldr_get(all, name);
	char *path = path_of(bldr_get_text(q.args, "url"));

	checked++;
	if (want == NULL || strcmp(path, bldr_get_text(want, "path")) != 0 ||
	    strcmp(bldr_get_text(q.args, "method"), bldr_get_text(want, "method")) != 0 ||
	    !bldr_equal(bldr_get(q.args, "json"), bldr_get(want, "json")) || q.cls != cls) {
		char *ours = bldr_value_text(q.args);
		char *theirs = bldr_value_text(want);

		fail_msg("%s, class %d: %s\n%s, expected %s", name, (int)q.cls, path, ours, theirs);
	}
	free(path);
	bldr_unref(q.args);
}

static void workspace_calls_are_those_of_the_sdk(void **state)
{
	const struct databricks_import notebook = {
		.path = "/Shared/bldr/nb",
		.format = "SOURCE",
		.language = "PYTHON",
		.content = NOTEBOOK,
		.size = strlen(NOTEBOOK),
		.overwrite = true,
	};
	struct bldr_value *all = golden("requests.json");

	(void)state;
	check(all, "me", BLDR_PURE, databricks_me(&W));
	check(all, "mkdirs", BLDR_KEYED, databricks_mkdirs(&W, "/Shared/bldr x"));
	check(all, "import", BLDR_KEYED, databricks_import(&W, &notebook));
	check(all, "status", BLDR_PURE, databricks_status(&W, "/Shared/\xC3\xA4 b&c"));
	check(all, "list", BLDR_PURE, databricks_list(&W, "/Shared"));
	check(all, "export", BLDR_PURE,
	      databricks_export(&W, "/Shared/bldr/nb", "SOURCE", "/tmp/x"));
	check(all, "delete", BLDR_KEYED, databricks_delete(&W, "/Shared/bldr", true));
	check(all, "scope_create", BLDR_KEYED, databricks_scope_create(&W, "s1"));
	check(all, "scope_list", BLDR_PURE, databricks_scope_list(&W));
	check(all, "secret_list", BLDR_PURE, databricks_secret_list(&W, "s1"));
	check(all, "secret_delete", BLDR_KEYED, databricks_secret_delete(&W, "s1", "k1"));
	bldr_unref(all);
}

static void file_calls_are_those_of_the_sdk(void **state)
{
	const struct databricks_upload upload = {
		.path = "/Volumes/c/s/v/a b/\xC3\xA4%.csv",
		.from = "/tmp/a.csv",
		.hash = "00",
		.bytes = 5,
		.overwrite = true,
	};
	struct bldr_value *all = golden("requests.json");
	struct databricks_request q = databricks_file_upload(&W, &upload);
	char *text = bldr_value_text(bldr_get(q.args, "upload"));

	(void)state;
	assert_string_equal(text, "{\"bytes\":5,\"hash\":\"00\",\"path\":\"/tmp/a.csv\"}");
	free(text);
	check(all, "file_upload", BLDR_KEYED, q);
	check(all, "file_head", BLDR_PURE, databricks_file_head(&W, "/Volumes/c/s/v/a.csv"));
	check(all, "file_delete", BLDR_KEYED, databricks_file_delete(&W, "/Volumes/c/s/v/a.csv"));
	check(all, "folder_create", BLDR_KEYED, databricks_folder_create(&W, "/Volumes/c/s/v/a b"));
	check(all, "folder_list", BLDR_PURE, databricks_folder_list(&W, "/Volumes/c/s/v", "p=2"));
	check(all, "folder_delete", BLDR_KEYED, databricks_folder_delete(&W, "/Volumes/c/s/v/a b"));
	q = databricks_file_download(&W, "/Volumes/c/s/v/a.csv", "/tmp/a");
	assert_string_equal(bldr_get_text(q.args, "url"),
			    HOST "/api/2.0/fs/files/Volumes/c/s/v/a.csv");
	assert_string_equal(bldr_get_text(q.args, "save"), "/tmp/a");
	bldr_unref(q.args);
	bldr_unref(all);
}

static void job_calls_are_those_of_the_sdk(void **state)
{
	struct bldr_value *all = golden("requests.json");

	(void)state;
	check(all, "job_create", BLDR_ONCE, databricks_job_create(&W, settings()));
	check(all, "job_reset", BLDR_KEYED, databricks_job_reset(&W, JOB, settings()));
	check(all, "job_update", BLDR_KEYED,
	      databricks_job_update(&W, JOB, settings(), json("[\"tasks/old\"]")));
	check(all, "job_get", BLDR_PURE, databricks_job_get(&W, JOB, NULL));
	check(all, "job_list", BLDR_PURE, databricks_job_list(&W, "bldr \xC3\xA4", NULL));
	check(all, "job_delete", BLDR_KEYED, databricks_job_delete(&W, JOB));
	check(all, "run_now", BLDR_KEYED,
	      databricks_run_now(&W, JOB, TOKEN, json("{\"catalog\":\"main\"}")));
	check(all, "run_submit", BLDR_KEYED,
	      databricks_run_submit(
		      &W,
		      json("{\"run_name\":\"once\",\"tasks\":[{\"task_key\":\"main\","
			   "\"notebook_task\":{\"notebook_path\":\"/Shared/bldr/nb\"}}]}"),
		      TOKEN));
	check(all, "run_get", BLDR_PURE, databricks_run_get(&W, RUN, NULL));
	check(all, "run_history", BLDR_PURE, databricks_run_history(&W, RUN));
	check(all, "run_output", BLDR_PURE, databricks_run_output(&W, RUN));
	check(all, "run_list", BLDR_PURE, databricks_run_list(&W, JOB, true, NULL));
	check(all, "run_cancel", BLDR_KEYED, databricks_run_cancel(&W, RUN));
	check(all, "run_delete", BLDR_KEYED, databricks_run_delete(&W, RUN));
	check(all, "run_repair", BLDR_KEYED, databricks_run_repair(&W, RUN, JOB, NULL));
	bldr_unref(all);
}

static void sql_and_catalog_calls_are_those_of_the_sdk(void **state)
{
	struct databricks_sql s = {
		.warehouse_id = "w1",
		.statement = "SELECT :n",
		.catalog = "main",
		.schema = "gold",
		.parameters = json("[{\"name\":\"n\",\"value\":\"1\",\"type\":\"INT\"}]"),
		.row_limit = 1000,
	};
	const enum databricks_securable volume = DATABRICKS_VOLUME, schema = DATABRICKS_SCHEMA;
	struct bldr_value *all = golden("requests.json");

	(void)state;
	check(all, "statement", BLDR_ONCE, databricks_statement(&W, &s));
	check(all, "statement_get", BLDR_PURE, databricks_statement_get(&W, "01ef-aa"));
	check(all, "statement_cancel", BLDR_KEYED, databricks_statement_cancel(&W, "01ef-aa"));
	check(all, "statement_chunk", BLDR_PURE, databricks_statement_chunk(&W, "01ef-aa", 3));
	check(all, "warehouse_get", BLDR_PURE, databricks_warehouse_get(&W, "w1"));
	check(all, "warehouse_list", BLDR_PURE, databricks_warehouse_list(&W));
	check(all, "warehouse_start", BLDR_KEYED, databricks_warehouse_start(&W, "w1"));
	check(all, "catalog_get", BLDR_PURE,
	      databricks_securable_get(&W, DATABRICKS_CATALOG, "main"));
	check(all, "schema_get", BLDR_PURE, databricks_securable_get(&W, schema, "main.gold"));
	check(all, "table_get", BLDR_PURE,
	      databricks_securable_get(&W, DATABRICKS_TABLE, "main.gold.dim \xC3\xA4"));
	check(all, "volume_get", BLDR_PURE, databricks_securable_get(&W, volume, "main.gold.raw"));
	check(all, "catalog_list", BLDR_PURE,
	      databricks_securable_list(&W, DATABRICKS_CATALOG, "", NULL));
	check(all, "schema_list", BLDR_PURE, databricks_securable_list(&W, schema, "main", NULL));
	check(all, "table_list", BLDR_PURE,
	      databricks_securable_list(&W, DATABRICKS_TABLE, "main.gold", NULL));
	check(all, "volume_list", BLDR_PURE,
	      databricks_securable_list(&W, volume, "main.gold", NULL));
	check(all, "catalog_create", BLDR_KEYED,
	      databricks_securable_create(&W, DATABRICKS_CATALOG, "c2", "made by bldr"));
	check(all, "schema_create", BLDR_KEYED,
	      databricks_securable_create(&W, schema, "main.gold", "made by bldr"));
	check(all, "volume_create", BLDR_KEYED,
	      databricks_securable_create(&W, volume, "main.gold.raw", NULL));
	check(all, "schema_delete", BLDR_KEYED,
	      databricks_securable_delete(&W, schema, "main.gold", true));
	check(all, "constraint_create", BLDR_KEYED,
	      databricks_constraint_create(&W, "main.gold.dim_x",
					   json("{\"primary_key_constraint\":{\"name\":\"pk\","
						"\"child_columns\":[\"id\"]}}")));
	check(all, "permissions", BLDR_PURE,
	      databricks_permissions(&W, schema, "main.gold", "a b@c.example", NULL));
	bldr_unref(all);
}

/* Each call of the SDK's recording was made by a test above. */
static void the_recording_has_no_call_that_nobody_makes(void **state)
{
	struct bldr_value *all = golden("requests.json");

	(void)state;
	assert_int_equal(bldr_count(all), checked);
	bldr_unref(all);
}

static void bodies_of_jobs_are_valid(void **state)
{
	static const char *const defs[][2] = {
		{ "job_create", "jobs.JobSettings" }, { "job_reset", "jobs.ResetJob" },
		{ "job_update", "jobs.UpdateJob" },   { "run_now", "jobs.RunNow" },
		{ "run_repair", "jobs.RepairRun" },
	};
	struct bldr_value *all = golden("requests.json");
	struct bldr_value *api = golden("jobs_api.schema.json");

	(void)state;
	for (size_t i = 0; i < sizeof(defs) / sizeof(defs[0]); i++) {
		struct bldr_value *root = bldr_object();
		char *ref = xasprintf("#/$defs/%s", defs[i][1]);
		struct json_schema *schema = NULL;
		struct bldr_error err = { 0 };

		bldr_object_set(root, "$defs", bldr_ref(bldr_get(api, "$defs")));
		bldr_object_set(root, "$ref", bldr_text(ref));
		if (json_schema_new(root, &schema, &err) < 0 ||
		    json_schema_check(schema, bldr_get(bldr_get(all, defs[i][0]), "json"), &err) <
			    0) {
			fail_msg("%s: %s", defs[i][0], err.text);
		}
		json_schema_free(schema);
		bldr_unref(root);
		free(ref);
	}
	bldr_unref(api);
	bldr_unref(all);
}

static void a_request_names_its_credentials_and_its_sender(void **state)
{
	const struct databricks azure = {
		.host = HOST,
		.credential = "DATABRICKS_TOKEN",
		.auth = "azure-client-secret",
		.workspace_id = "7405",
		.azure_credential = "azure",
		.azure_resource_id = "/subscriptions/1",
	};
	struct databricks_request q = databricks_me(&W);
	const struct bldr_value *h = bldr_get(q.args, "headers");

	(void)state;
	assert_string_equal(bldr_get_text(h, "User-Agent"),
			    "bldr/" BLDR_VERSION " c/" BLDR_VERSION " os/linux auth/pat");
	assert_string_equal(bldr_get_text(bldr_get(h, "Authorization"), "prefix"), "Bearer ");
	assert_null(bldr_get(h, "X-Databricks-Workspace-Id"));
	assert_null(bldr_get(h, "X-Databricks-Azure-SP-Management-Token"));
	assert_int_equal(bldr_get_int(q.args, "idle_ms", 0), 60000);
	bldr_unref(q.args);
	q = databricks_me(&azure);
	h = bldr_get(q.args, "headers");
	assert_string_equal(bldr_get_text(h, "X-Databricks-Workspace-Id"), "7405");
	assert_string_equal(bldr_get_text(h, "X-Databricks-Azure-Workspace-Resource-Id"),
			    "/subscriptions/1");
	assert_non_null(bldr_get(h, "X-Databricks-Azure-SP-Management-Token"));
	bldr_unref(q.args);
	/* A link of storage is another host's: nothing of ours goes there. */
	q = databricks_external_link("https://storage.example/x?sig=1", "/tmp/chunk");
	assert_null(bldr_get(q.args, "headers"));
	bldr_unref(q.args);
}

static void the_same_parts_give_the_same_token(void **state)
{
	static const char *const a[] = { "project", "plan-1", "1", NULL };
	static const char *const b[] = { "project", "plan-11", "", NULL };
	char one[DATABRICKS_TOKEN_SIZE], again[DATABRICKS_TOKEN_SIZE], other[DATABRICKS_TOKEN_SIZE];

	(void)state;
	databricks_token(a, one);
	databricks_token(a, again);
	databricks_token(b, other);
	assert_int_equal(strspn(one, "0123456789abcdef"), 64);
	assert_int_equal(strlen(one), 64);
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workspace_calls_are_those_of_the_sdk),
		cmocka_unit_test(file_calls_are_those_of_the_sdk),
		cmocka_unit_test(job_calls_are_those_of_the_sdk),
		cmocka_unit_test(sql_and_catalog_calls_are_those_of_the_sdk),
		cmocka_unit_test(the_recording_has_no_call_that_nobody_makes),
		cmocka_unit_test(bodies_of_jobs_are_valid),
		cmocka_unit_test(a_request_names_its_credentials_and_its_sender),
		cmocka_unit_test(the_same_parts_give_the_same_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
