/*
 * SQL statements. A failed one is an answer of 200; all values are texts or null; a result is chunks, each of which names
 * the next.
 */
#include <string.h>

#include "databricks/answer.h"
#include "databricks/answer_parts.h"

static enum databricks_sql_state state_of(const char *name)
{
	static const struct {
		const char *name;
		enum databricks_sql_state state;
	} table[] = {
		{ "SUCCEEDED", DATABRICKS_SQL_SUCCEEDED },
		{ "FAILED", DATABRICKS_SQL_FAILED },
		{ "CANCELED", DATABRICKS_SQL_CANCELLED },
		{ "CLOSED", DATABRICKS_SQL_CLOSED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(name, table[i].name) == 0) {
			return table[i].state;
		}
	}
	return DATABRICKS_SQL_PENDING;
}

/* SQLSTATE 42501 is a missing right; the other classes 22, 23 and 42 are what was written or what it met. */
static enum databricks_blame blame_of(const struct databricks_statement *s)
{
	static const char *const infrastructure[] = {
		"INTERNAL_ERROR",
		"IO_ERROR",
		"DEADLINE_EXCEEDED",
		"RESOURCE_EXHAUSTED",
		"TEMPORARILY_UNAVAILABLE",
		"WORKSPACE_TEMPORARILY_UNAVAILABLE",
		"SERVICE_UNDER_MAINTENANCE",
		"ABORTED",
		"CANCELLED",
		NULL,
	};
	static const char *const configuration[] = { "UNAUTHENTICATED", "NOT_FOUND", NULL };

	if (strcmp(s->sql_state, "42501") == 0 || strstr(s->message, "PERMISSION_DENIED") != NULL ||
	    strstr(s->message, "INSUFFICIENT_PERMISSIONS") != NULL) {
		return DATABRICKS_BLAME_CONFIGURATION;
	}
	if (is_among(s->code, infrastructure)) {
		return DATABRICKS_BLAME_INFRASTRUCTURE;
	}
	return is_among(s->code, configuration) ? DATABRICKS_BLAME_CONFIGURATION
						: DATABRICKS_BLAME_CODE;
}

static const struct bldr_value *list_of(const struct bldr_value *v, const char *key)
{
	const struct bldr_value *list = bldr_get(v, key);

	return bldr_type_of(list) == BLDR_LIST ? list : NULL;
}

/* A result, or a chunk of one. Of external links the last one names the next chunk. */
static void read_result(const struct bldr_value *v, struct databricks_statement *ret)
{
	ret->rows = list_of(v, "data_array");
	ret->links = list_of(v, "external_links");
	ret->next_chunk = bldr_get_int(v, "next_chunk_index", -1);
	if (ret->links != NULL && bldr_count(ret->links) > 0) {
		const struct bldr_value *last = bldr_at(ret->links, bldr_count(ret->links) - 1);

		ret->next_chunk = bldr_get_int(last, "next_chunk_index", ret->next_chunk);
	}
}

int databricks_statement_read(const struct bldr_value *body, struct databricks_statement *ret,
			      struct bldr_error *err)
{
	const struct bldr_value *status = bldr_get(body, "status");
	const struct bldr_value *manifest = bldr_get(body, "manifest");
	const struct bldr_value *error = bldr_get(status, "error");
	const char *id = bldr_get_text(body, "statement_id");
	struct databricks_statement s = { .row_count = -1, .next_chunk = -1 };

	s.id = or_empty(id);
	s.code = or_empty(bldr_get_text(error, "error_code"));
	s.message = or_empty(bldr_get_text(error, "message"));
	s.sql_state = or_empty(bldr_get_text(status, "sql_state"));
	if (status == NULL) {
		if (list_of(body, "data_array") == NULL &&
		    list_of(body, "external_links") == NULL &&
		    bldr_get(body, "chunk_index") == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "the answer is neither a statement nor a chunk of "
					      "one");
		}
		s.state = DATABRICKS_SQL_SUCCEEDED;
		read_result(body, &s);
	} else {
		s.state = state_of(or_empty(bldr_get_text(status, "state")));
		read_result(bldr_get(body, "result"), &s);
	}
	if (s.state == DATABRICKS_SQL_FAILED) {
		s.blame = blame_of(&s);
	} else if (s.state == DATABRICKS_SQL_CLOSED || s.state == DATABRICKS_SQL_CANCELLED) {
		s.blame = DATABRICKS_BLAME_INFRASTRUCTURE;
	}
	s.columns = list_of(bldr_get(manifest, "schema"), "columns");
	s.row_count = bldr_get_int(manifest, "total_row_count", -1);
	s.truncated = bldr_as_bool(bldr_get(manifest, "truncated"), false);
	s.too_large = s.truncated || strstr(s.message, "Inline byte limit exceeded") != NULL;
	*ret = s;
	return 0;
}

const struct bldr_value *databricks_warehouse(const struct bldr_value *body)
{
	const struct bldr_value *list = bldr_get(body, "warehouses");
	const struct bldr_value *first = NULL;

	if (list == NULL) {
		return bldr_get_text(body, "id") != NULL ? body : NULL;
	}
	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *w = bldr_at(list, i);
		const char *state = bldr_get_text(w, "state");

		if (bldr_get_text(w, "id") == NULL) {
			continue;
		}
		if (state != NULL && strcmp(state, "RUNNING") == 0) {
			return w;
		}
		first = first == NULL ? w : first;
	}
	return first;
}
