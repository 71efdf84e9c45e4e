/*
 * What answers mean: errors in all the forms in which they come, runs in both fields, outputs, statements. The bodies are
 * those of Databricks' documents and of its clients' tests, as ../shared notes and the code of databricks-sdk have them.
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
#include "databricks/databricks.h"

static struct bldr_value *json(const char *text)
{
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };

	if (bldr_value_parse(text, strlen(text), &v, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	return v;
}

static struct bldr_value *answered(int64_t status, const char *body)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "status", bldr_int(status));
	bldr_object_set(v, "headers", json("{\"location\":\"/login.html\"}"));
	bldr_object_set(v, "body", bldr_text(body));
	return v;
}

static void errors_are_told_apart(void **state)
{
	static const struct {
		int64_t status;
		const char *body;
		enum databricks_outcome outcome;
		enum databricks_blame blame;
		const char *code, *message;
	} cases[] = {
#define CONFIG DATABRICKS_BLAME_CONFIGURATION
#define INFRA DATABRICKS_BLAME_INFRASTRUCTURE
		{ 404,
		  "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Path (/x) doesn't exist.\"}",
		  DATABRICKS_NOT_FOUND, CONFIG, "RESOURCE_DOES_NOT_EXIST",
		  "Path (/x) doesn't exist." },
		{ 400,
		  "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Job 7 does not exist.\"}",
		  DATABRICKS_NOT_FOUND, CONFIG, "INVALID_PARAMETER_VALUE", "Job 7 does not exist." },
		{ 400,
		  "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Run: 7 in job: 8 doesn't exist\"}",
		  DATABRICKS_NOT_FOUND, CONFIG, "INVALID_PARAMETER_VALUE",
		  "Run: 7 in job: 8 doesn't exist" },
		{ 400,
		  "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"Cluster key does not match\"}",
		  DATABRICKS_INVALID, CONFIG, "INVALID_PARAMETER_VALUE",
		  "Cluster key does not match" },
		{ 400, "{\"error_code\":\"RESOURCE_ALREADY_EXISTS\",\"message\":\"x\"}",
		  DATABRICKS_EXISTS, CONFIG, "RESOURCE_ALREADY_EXISTS", "x" },
		{ 400, "{\"message\":\"Path (/a/b) already exists.\"}", DATABRICKS_EXISTS, CONFIG,
		  "", "Path (/a/b) already exists." },
		{ 409, "{\"error_code\":\"ALREADY_EXISTS\",\"message\":\"The file exists\"}",
		  DATABRICKS_EXISTS, CONFIG, "ALREADY_EXISTS", "The file exists" },
		{ 400,
		  "{\"error_code\":\"SCHEMA_ALREADY_EXISTS\",\"message\":\"Schema 'a.b' already exists\"}",
		  DATABRICKS_EXISTS, CONFIG, "SCHEMA_ALREADY_EXISTS",
		  "Schema 'a.b' already exists" },
		{ 409, "{\"error_code\":\"ABORTED\",\"message\":\"try again\"}", DATABRICKS_FAILED,
		  INFRA, "ABORTED", "try again" },
		{ 400,
		  "{\"error_code\":\"DIRECTORY_NOT_EMPTY\",\"message\":\"Folder (/x) is not empty\"}",
		  DATABRICKS_NOT_EMPTY, CONFIG, "DIRECTORY_NOT_EMPTY", "Folder (/x) is not empty" },
		{ 403,
		  "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"no\",\"details\":[{\"@type\":"
		  "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"R\"}]}",
		  DATABRICKS_DENIED, CONFIG, "PERMISSION_DENIED", "no" },
		{ 403, "{\"error_code\":403,\"message\":\"Invalid access token.\"}",
		  DATABRICKS_UNAUTHENTICATED, CONFIG, "403", "Invalid access token." },
		{ 401, "", DATABRICKS_UNAUTHENTICATED, CONFIG, "", "the workspace answered 401" },
		{ 404,
		  "{\"schemas\":[\"urn\"],\"detail\":\"User not found\",\"status\":\"404\",\"scimType\":"
		  "\"noTarget\"}",
		  DATABRICKS_NOT_FOUND, CONFIG, "SCIM_404", "noTarget User not found" },
		{ 500, "{\"detail\":\"null\",\"status\":\"500\"}", DATABRICKS_UNKNOWN, INFRA,
		  "SCIM_500", "SCIM API Internal Error" },
		{ 400, "{\"error_code\":\"BAD\",\"message\":\"one\",\"error\":\"two\"}",
		  DATABRICKS_INVALID, CONFIG, "BAD", "two" },
		{ 400, "{\"error_code\":1001,\"message\":\"old\"}", DATABRICKS_INVALID, CONFIG,
		  "1001", "old" },
		{ 400, "MALFORMED_REQUEST: vpc_endpoints malformed parameters: VPC Endpoint",
		  DATABRICKS_INVALID, CONFIG, "MALFORMED_REQUEST",
		  "vpc_endpoints malformed parameters: VPC Endpoint" },
		{ 503,
		  "<html><head><title>Busy</title></head><body><h1>x</h1><pre> some error message\n"
		  "</pre></body></html>",
		  DATABRICKS_UNKNOWN, INFRA, "", "some error message" },
		{ 502, "<html><head><TITLE>502 Bad Gateway</TITLE></head></html>",
		  DATABRICKS_UNKNOWN, INFRA, "", "502 Bad Gateway" },
		{ 418, "short and stout", DATABRICKS_FAILED, CONFIG, "UNKNOWN", "short and stout" },
		{ 429, "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\",\"message\":\"slow down\"}",
		  DATABRICKS_BUSY, INFRA, "REQUEST_LIMIT_EXCEEDED", "slow down" },
		{ 429, "", DATABRICKS_BUSY, INFRA, "", "the workspace answered 429" },
		{ 400, "{\"error_code\":\"QUOTA_EXCEEDED\",\"message\":\"10000 jobs\"}",
		  DATABRICKS_LIMIT, CONFIG, "QUOTA_EXCEEDED", "10000 jobs" },
		{ 400, "{\"error_code\":\"NOT_SEEN_BEFORE\",\"message\":\"?\",\"more\":[1]}",
		  DATABRICKS_INVALID, CONFIG, "NOT_SEEN_BEFORE", "?" },
		{ 501, "{}", DATABRICKS_FAILED, INFRA, "", "the workspace answered 501" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v = answered(cases[i].status, cases[i].body);
		const struct bldr_result r = { .status = BLDR_DONE, .value = v };
		struct databricks_answer answer;
		struct arena a = { 0 };

		databricks_answer(&r, &a, &answer);
		if (answer.outcome != cases[i].outcome || answer.blame != cases[i].blame ||
		    strcmp(answer.code, cases[i].code) != 0 ||
		    strcmp(answer.message, cases[i].message) != 0) {
			fail_msg("%s: %s, %s, \"%s\", \"%s\"", cases[i].body,
				 databricks_outcome_name(answer.outcome),
				 databricks_blame_name(answer.blame), answer.code, answer.message);
		}
		assert_int_equal(answer.status, cases[i].status);
		assert_null(answer.body);
		arena_release(&a);
		bldr_unref(v);
	}
}

static void an_answer_of_success_is_json_or_empty(void **state)
{
	struct bldr_value *v = answered(200, "{\"run_id\":7211000000000000456}");
	struct bldr_result r = { .status = BLDR_DONE, .value = v };
	struct databricks_answer answer;
	struct arena a = { 0 };

	(void)state;
	databricks_answer(&r, &a, &answer);
	assert_int_equal(answer.outcome, DATABRICKS_OK);
	assert_int_equal(answer.blame, DATABRICKS_BLAME_NONE);
	assert_int_equal(bldr_get_int(answer.body, "run_id", 0), 7211000000000000456);
	bldr_unref(v);
	r.value = v = answered(204, "");
	databricks_answer(&r, &a, &answer);
	assert_int_equal(answer.outcome, DATABRICKS_OK);
	assert_null(answer.body);
	bldr_unref(v);
	/* A page of a proxy, and a way to a login, are no answers of a workspace. */
	r.value = v = answered(200, "<html><title>Sign in</title></html>");
	databricks_answer(&r, &a, &answer);
	assert_int_equal(answer.outcome, DATABRICKS_FAILED);
	assert_non_null(strstr(answer.message, "Sign in"));
	bldr_unref(v);
	r.value = v = answered(302, "");
	databricks_answer(&r, &a, &answer);
	assert_int_equal(answer.outcome, DATABRICKS_FAILED);
	assert_int_equal(answer.blame, DATABRICKS_BLAME_CONFIGURATION);
	assert_non_null(strstr(answer.message, "/login.html"));
	bldr_unref(v);
	arena_release(&a);
}

static void what_was_not_answered_is_said_so(void **state)
{
	static const struct {
		struct bldr_result result;
		enum databricks_outcome outcome;
		enum databricks_blame blame;
	} cases[] = {
		{ { .status = BLDR_FAILED, .code = BLDR_E_UNAVAILABLE, .error = "no" },
		  DATABRICKS_UNREACHABLE,
		  INFRA },
		{ { .status = BLDR_TIMED_OUT, .code = BLDR_E_TIMEOUT, .error = "slow" },
		  DATABRICKS_UNREACHABLE,
		  INFRA },
		{ { .status = BLDR_UNKNOWN, .code = BLDR_E_FAILED, .error = "?" },
		  DATABRICKS_UNKNOWN,
		  INFRA },
		{ { .status = BLDR_FAILED, .code = BLDR_E_NOT_FOUND, .error = "no secret" },
		  DATABRICKS_FAILED,
		  CONFIG },
		{ { .status = BLDR_FAILED, .code = BLDR_E_IO, .error = "disk" },
		  DATABRICKS_FAILED,
		  INFRA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct databricks_answer answer;
		struct arena a = { 0 };

		databricks_answer(&cases[i].result, &a, &answer);
		assert_int_equal(answer.outcome, cases[i].outcome);
		assert_int_equal(answer.blame, cases[i].blame);
		assert_string_equal(answer.message, cases[i].result.error);
		arena_release(&a);
	}
}

static void runs_end_as_their_status_says(void **state)
{
#define NEW(code, type)                                                                                \
	"{\"run_id\":1,\"status\":{\"state\":\"TERMINATED\",\"termination_details\":{\"code\":\"" code \
	"\",\"type\":\"" type "\"}}"
	static const struct {
		const char *body;
		enum databricks_run_state state;
		enum databricks_run_result result;
		enum databricks_blame blame;
	} cases[] = {
#define ENDED DATABRICKS_RUN_ENDED
#define NOBODY DATABRICKS_BLAME_NONE
#define CODE DATABRICKS_BLAME_CODE
		{ NEW("SUCCESS", "SUCCESS") "}", ENDED, DATABRICKS_RUN_SUCCESS, NOBODY },
		/* The cloud's older field for a failed run: status decides. */
		{ NEW("RUN_EXECUTION_ERROR",
		      "CLIENT_ERROR") ",\"state\":{\"life_cycle_state\":\"INTERNAL_ERROR\","
				      "\"result_state\":\"FAILED\"}}",
		  ENDED, DATABRICKS_RUN_FAILED, CODE },
		{ NEW("RUN_EXECUTION_ERROR", "CLOUD_FAILURE") "}", ENDED, DATABRICKS_RUN_FAILED,
		  INFRA },
		{ NEW("LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR") "}", ENDED,
		  DATABRICKS_RUN_FAILED, CONFIG },
		{ NEW("INVALID_CLUSTER_REQUEST", "CLIENT_ERROR") "}", ENDED, DATABRICKS_RUN_FAILED,
		  CONFIG },
		{ NEW("UNAUTHORIZED_ERROR", "CLIENT_ERROR") "}", ENDED, DATABRICKS_RUN_FAILED,
		  CONFIG },
		{ NEW("CLUSTER_ERROR", "CLOUD_FAILURE") "}", ENDED, DATABRICKS_RUN_FAILED, INFRA },
		{ NEW("WORKSPACE_RUN_LIMIT_EXCEEDED", "CLIENT_ERROR") "}", ENDED,
		  DATABRICKS_RUN_FAILED, INFRA },
		{ NEW("SOMETHING_NEW", "INTERNAL_ERROR") "}", ENDED, DATABRICKS_RUN_FAILED, INFRA },
		{ NEW("USER_CANCELED", "CLIENT_ERROR") "}", ENDED, DATABRICKS_RUN_CANCELLED,
		  NOBODY },
		{ NEW("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR") "}", ENDED,
		  DATABRICKS_RUN_SKIPPED, INFRA },
		{ NEW("RUN_EXECUTION_ERROR",
		      "CLIENT_ERROR") ",\"state\":{\"result_state\":\"TIMEDOUT\"}}",
		  ENDED, DATABRICKS_RUN_TIMED_OUT, CODE },
		{ NEW("CANCELED", "CLIENT_ERROR") ",\"state\":{\"result_state\":\"TIMEDOUT\"}}",
		  ENDED, DATABRICKS_RUN_TIMED_OUT, CODE },
		/* It has ended, nobody says how: not a success. */
		{ "{\"run_id\":1,\"status\":{\"state\":\"TERMINATED\"}}", ENDED,
		  DATABRICKS_RUN_FAILED, INFRA },
		{ "{\"run_id\":1,\"status\":{\"state\":\"RUNNING\"},\"state\":{\"life_cycle_state\":"
		  "\"TERMINATED\",\"result_state\":\"SUCCESS\"}}",
		  DATABRICKS_RUN_RUNNING, DATABRICKS_RUN_OPEN, NOBODY },
		{ "{\"run_id\":1,\"status\":{\"state\":\"QUEUED\"}}", DATABRICKS_RUN_PENDING,
		  DATABRICKS_RUN_OPEN, NOBODY },
		{ "{\"run_id\":1,\"status\":{\"state\":\"MEDITATING\"}}", DATABRICKS_RUN_PENDING,
		  DATABRICKS_RUN_OPEN, NOBODY },
		{ "{\"run_id\":1}", DATABRICKS_RUN_PENDING, DATABRICKS_RUN_OPEN, NOBODY },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"TERMINATING\"}}",
		  DATABRICKS_RUN_TERMINATING, DATABRICKS_RUN_OPEN, NOBODY },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"TERMINATED\",\"result_state\":\"SUCCESS\"}}",
		  ENDED, DATABRICKS_RUN_SUCCESS, NOBODY },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"INTERNAL_ERROR\",\"result_state\":"
		  "\"FAILED\",\"state_message\":\"Task main failed with message: Workload failed, see "
		  "run output for details.\"}}",
		  ENDED, DATABRICKS_RUN_FAILED, CODE },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"INTERNAL_ERROR\",\"state_message\":"
		  "\"Unexpected failure while creating the cluster\"}}",
		  ENDED, DATABRICKS_RUN_FAILED, INFRA },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"TERMINATED\",\"result_state\":"
		  "\"UPSTREAM_FAILED\"}}",
		  ENDED, DATABRICKS_RUN_SKIPPED, NOBODY },
		{ "{\"run_id\":1,\"state\":{\"life_cycle_state\":\"SKIPPED\"}}", ENDED,
		  DATABRICKS_RUN_SKIPPED, INFRA },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v = json(cases[i].body);
		struct databricks_run run;
		struct arena a = { 0 };

		assert_int_equal(databricks_run(v, &a, &run, NULL), 0);
		if (run.state != cases[i].state || run.result != cases[i].result ||
		    run.blame != cases[i].blame) {
			fail_msg("%s: state %d, result %d, blame %d", cases[i].body, (int)run.state,
				 (int)run.result, (int)run.blame);
		}
		arena_release(&a);
		bldr_unref(v);
	}
}

static void of_a_task_the_last_attempt_counts(void **state)
{
	struct bldr_value *v = json(
		"{\"run_id\":9,\"job_id\":7211000000000000123,\"tasks\":["
		"{\"run_id\":11,\"task_key\":\"a\",\"attempt_number\":1,\"status\":{\"state\":\"RUNNING\"}},"
		"{\"run_id\":10,\"task_key\":\"a\",\"attempt_number\":0,\"status\":{\"state\":\"TERMINATED\"}},"
		"{\"run_id\":7211000000000000789,\"task_key\":\"b\",\"status\":{\"state\":\"BLOCKED\"}}],"
		"\"repair_history\":[{\"type\":\"ORIGINAL\"},{\"id\":734650698524280,\"type\":\"REPAIR\"}]}");
	struct databricks_runs tasks;
	struct databricks_run run;
	struct bldr_error err;
	struct arena a = { 0 };

	(void)state;
	assert_int_equal(databricks_run(v, &a, &run, &err), 0);
	assert_int_equal(run.job_id, 7211000000000000123);
	assert_int_equal(run.latest_repair_id, 734650698524280);
	assert_int_equal(databricks_run_tasks(v, &a, &tasks, &err), 0);
	assert_int_equal(tasks.at.n, 2);
	assert_int_equal(tasks.at.at[0].run_id, 11);
	assert_int_equal(tasks.at.at[1].run_id, 7211000000000000789);
	assert_string_equal(tasks.at.at[1].task_key, "b");
	bldr_unref(v);
	v = json("{\"tasks\":[{\"task_key\":\"a\"}]}");
	assert_int_equal(databricks_run(v, &a, &run, &err), BLDR_E_INVALID);
	assert_int_equal(databricks_run_tasks(v, &a, &tasks, &err), BLDR_E_INVALID);
	assert_string_equal(err.text, "task 0 of the run: the answer has no \"run_id\"");
	bldr_unref(v);
	arena_release(&a);
}

static void an_output_tells_what_went_wrong(void **state)
{
	struct bldr_value *v = json(
		"{\"metadata\":{},\"error\":\"ZeroDivisionError: division by zero\",\"error_trace\":"
		"\"\\u001b[0;31m---\\u001b[0m\\n\\u001b[1;32m<cell 3>\\u001b]0;t\\u0007 1/0\\u001b[K\","
		"\"logs\":null}");
	struct databricks_output out;
	struct arena a = { 0 };

	(void)state;
	databricks_output(v, &a, &out);
	assert_string_equal(out.error, "ZeroDivisionError: division by zero");
	assert_string_equal(out.trace, "---\n<cell 3> 1/0");
	assert_null(out.result);
	assert_null(out.logs);
	assert_int_equal(out.blame, CODE);
	bldr_unref(v);
	v = json("{\"notebook_output\":{\"result\":\"{\\\"rows\\\":3}\",\"truncated\":false}}");
	databricks_output(v, &a, &out);
	assert_string_equal(out.result, "{\"rows\":3}");
	assert_null(out.error);
	assert_int_equal(out.blame, NOBODY);
	bldr_unref(v);
	v = json("{\"error\":\"AnalysisException: [INSUFFICIENT_PERMISSIONS] User does not have USE "
		 "SCHEMA\"}");
	databricks_output(v, &a, &out);
	assert_int_equal(out.blame, CONFIG);
	bldr_unref(v);
	assert_string_equal(databricks_plain(&a, "\033[1"), "");
	assert_string_equal(databricks_plain(&a, "a\033"), "a");
	assert_string_equal(databricks_plain(&a, "\033]8;;x\033\\y"), "y");
	arena_release(&a);
}

static void statements_say_how_they_ended(void **state)
{
	struct databricks_statement s;
	struct bldr_error err;
	struct bldr_value *v = json(
		"{\"statement_id\":\"01ef\",\"status\":{\"state\":\"SUCCEEDED\"},\"manifest\":{\"format\":"
		"\"JSON_ARRAY\",\"schema\":{\"column_count\":1,\"columns\":[{\"name\":\"n\",\"type_name\":"
		"\"LONG\"}]},\"total_chunk_count\":2,\"total_row_count\":3,\"truncated\":false},\"result\":"
		"{\"chunk_index\":0,\"row_offset\":0,\"row_count\":2,\"next_chunk_index\":1,\"data_array\":"
		"[[\"1\"],[null]]}}");

	(void)state;
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.state, DATABRICKS_SQL_SUCCEEDED);
	assert_int_equal(s.row_count, 3);
	assert_int_equal(s.next_chunk, 1);
	assert_int_equal(bldr_count(s.rows), 2);
	assert_string_equal(bldr_get_text(bldr_at(s.columns, 0), "name"), "n");
	bldr_unref(v);
	v = json("{\"chunk_index\":1,\"row_offset\":2,\"row_count\":1,\"data_array\":[[\"3\"]]}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.next_chunk, -1);
	assert_int_equal(bldr_count(s.rows), 1);
	bldr_unref(v);
	v = json("{\"external_links\":[{\"chunk_index\":0,\"next_chunk_index\":1,\"external_link\":"
		 "\"https://s.example/1?sig\"}]}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.next_chunk, 1);
	assert_int_equal(bldr_count(s.links), 1);
	bldr_unref(v);
	/* A select without rows. */
	v = json("{\"statement_id\":\"01ef\",\"status\":{\"state\":\"SUCCEEDED\"},\"manifest\":{"
		 "\"total_row_count\":0},\"result\":{}}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_null(s.rows);
	assert_int_equal(s.row_count, 0);
	bldr_unref(v);
	v = json(
		"{\"statement_id\":\"01ef\",\"status\":{\"state\":\"FAILED\",\"error\":{\"error_code\":"
		"\"BAD_REQUEST\",\"message\":\"[TABLE_OR_VIEW_NOT_FOUND] x. SQLSTATE: 42P01\"},\"sql_state\":"
		"\"42P01\"}}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.state, DATABRICKS_SQL_FAILED);
	assert_int_equal(s.blame, CODE);
	assert_string_equal(s.sql_state, "42P01");
	assert_false(s.too_large);
	bldr_unref(v);
	v = json(
		"{\"statement_id\":\"01ef\",\"status\":{\"state\":\"FAILED\",\"error\":{\"error_code\":"
		"\"BAD_REQUEST\",\"message\":\"[INSUFFICIENT_PERMISSIONS] x\"},\"sql_state\":\"42501\"}}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.blame, CONFIG);
	bldr_unref(v);
	v = json(
		"{\"statement_id\":\"01ef\",\"status\":{\"state\":\"FAILED\",\"error\":{\"error_code\":"
		"\"BAD_REQUEST\",\"message\":\"Inline byte limit exceeded. Statements executed with "
		"disposition=INLINE can have a result size of at most 26214400 bytes.\"}}}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_true(s.too_large);
	bldr_unref(v);
	v = json("{\"statement_id\":\"01ef\",\"status\":{\"state\":\"CANCELED\"}}"); /* nothing of what it asks */
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.blame, DATABRICKS_BLAME_INFRASTRUCTURE);
	bldr_unref(v);
	v = json("{\"statement_id\":\"01ef\",\"status\":{\"state\":\"SOME_NEW_STATE\"}}");
	assert_int_equal(databricks_statement_read(v, &s, &err), 0);
	assert_int_equal(s.state, DATABRICKS_SQL_PENDING);
	bldr_unref(v);
	v = json("{\"jobs\":[]}");
	assert_int_equal(databricks_statement_read(v, &s, &err), BLDR_E_INVALID);
	bldr_unref(v);
}

static void pages_jobs_and_privileges_are_found(void **state)
{
	struct bldr_value *v = json(
		"{\"jobs\":[{\"job_id\":1,\"settings\":{\"name\":\"Orders\"}},{\"job_id\":2,\"settings\":"
		"{\"name\":\"orders\",\"tags\":{\"id\":\"other\"}}},{\"job_id\":7211000000000000123,"
		"\"settings\":{\"name\":\"orders\",\"tags\":{\"id\":\"mine\"}}}],\"has_more\":false}");

	(void)state;
	assert_int_equal(databricks_job_find(v, "orders", "id", "mine"), 7211000000000000123);
	assert_int_equal(databricks_job_find(v, "orders", NULL, NULL), 2);
	assert_int_equal(databricks_job_find(v, "orders", "id", "none"), 0);
	assert_null(databricks_next_page(v));
	bldr_unref(v);
	v = json("{\"next_page_token\":\"p2\"}");
	assert_string_equal(databricks_next_page(v), "p2");
	assert_int_equal(databricks_job_find(v, "orders", NULL, NULL), 0);
	bldr_unref(v);
	v = json("{\"privilege_assignments\":[{\"principal\":\"sp\",\"privileges\":[{\"privilege\":"
		 "\"USE_SCHEMA\",\"inherited_from_name\":\"main\"},{\"privilege\":\"NEW_ONE\"}]},{\"principal\":"
		 "\"admins\",\"privileges\":[\"ALL_PRIVILEGES\"]}]}");
	assert_true(databricks_has_privilege(v, "sp", "USE_SCHEMA"));
	assert_false(databricks_has_privilege(v, "sp", "CREATE_TABLE"));
	assert_true(databricks_has_privilege(v, NULL, "CREATE_TABLE"));
	assert_false(databricks_has_privilege(v, "admins", "MANAGE"));
	bldr_unref(v);
	assert_int_equal(databricks_poll_ms(0), 1000);
	assert_int_equal(databricks_poll_ms(60000), 3000);
	assert_int_equal(databricks_poll_ms(7200000), 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_told_apart),
		cmocka_unit_test(an_answer_of_success_is_json_or_empty),
		cmocka_unit_test(what_was_not_answered_is_said_so),
		cmocka_unit_test(runs_end_as_their_status_says),
		cmocka_unit_test(of_a_task_the_last_attempt_counts),
		cmocka_unit_test(an_output_tells_what_went_wrong),
		cmocka_unit_test(statements_say_how_they_ended),
		cmocka_unit_test(pages_jobs_and_privileges_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
