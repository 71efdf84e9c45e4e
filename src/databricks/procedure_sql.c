/* A statement: sent, polled, its chunks read on until the last one. */
#include <stdlib.h>
#include <string.h>

#include "databricks/procedure_parts.h"
#include "databricks/request_parts.h"

enum { POLL_MAX_S = 5, STALE_MAX = 5 };

static struct databricks_request ask(const struct databricks *w, const struct bldr_value *input,
				     const struct bldr_value *kept)
{
	const char *phase = phase_of(kept);
	const struct databricks_sql s = {
		.warehouse_id = bldr_get_text(input, "warehouse_id"),
		.statement = bldr_get_text(input, "statement"),
		.catalog = bldr_get_text(input, "catalog"),
		.schema = bldr_get_text(input, "schema"),
		.parameters = bldr_ref(bldr_get(input, "parameters")),
		.row_limit = bldr_get_int(input, "row_limit", 0),
		.repeatable = bldr_as_bool(bldr_get(input, "repeatable"), false),
	};

	if (phase[0] == '\0') {
		return databricks_statement(w, &s);
	}
	bldr_unref(s.parameters);
	return strcmp(phase, "poll") == 0
		? databricks_statement_get(w, bldr_get_text(kept, "id"))
		: databricks_statement_chunk(w, bldr_get_text(kept, "id"),
					     bldr_get_int(kept, "chunk", 0));
}

/* Rows that were kept, and those of this answer. */
static struct bldr_value *more_rows(const struct bldr_value *kept, const struct bldr_value *rows)
{
	const struct bldr_value *old = bldr_get(kept, "rows");
	struct bldr_value *all = bldr_list();

	for (size_t i = 0; i < bldr_count(old); i++) {
		bldr_list_add(all, bldr_ref(bldr_at(old, i)));
	}
	for (size_t i = 0; i < bldr_count(rows); i++) {
		bldr_list_add(all, bldr_ref(bldr_at(rows, i)));
	}
	return all;
}

/* Whether a node can keep it. */
static bool is_kept(const struct bldr_value *v)
{
	char *text = bldr_value_text(v);
	size_t size = strlen(text);

	free(text);
	return size < BLDR_KEPT_MAX - 1024;
}

static void told_rows(const struct bldr_value *kept, const struct databricks_statement *s,
		      struct databricks_turn *ret)
{
	bool first = strcmp(phase_of(kept), "chunk") != 0;
	const char *id = first ? s->id : bldr_get_text(kept, "id");
	struct bldr_value *v = object_of("rows", more_rows(kept, s->rows));
	const struct bldr_value *columns = first ? s->columns : bldr_get(kept, "columns");

	bldr_object_set(v, "columns", bldr_ref(columns));
	bldr_object_set(v, "row_count",
			bldr_int(first ? s->row_count : bldr_get_int(kept, "row_count", -1)));
	if (s->next_chunk < 0) {
		bldr_object_set(v, "statement_id", bldr_text(id));
		turn_value(ret, v);
		return;
	}
	bldr_object_set(v, "phase", bldr_text("chunk"));
	bldr_object_set(v, "id", bldr_text(id));
	bldr_object_set(v, "chunk", bldr_int(s->next_chunk));
	if (is_kept(v)) {
		turn_again(ret, v, 0);
		return;
	}
	bldr_unref(v);
	turn_end(ret, DATABRICKS_LIMIT, DATABRICKS_BLAME_CONFIGURATION,
		 "the statement has more rows than a step can keep, 64 KB: aggregate, or set a limit "
		 "of rows");
}

static void poll(const struct bldr_value *kept, const char *id, struct databricks_turn *ret)
{
	int64_t asked = bldr_get_int(kept, "asked", 0);
	struct bldr_value *next = object_of("phase", bldr_text("poll"));

	bldr_object_set(next, "id", bldr_text(id));
	bldr_object_set(next, "asked", bldr_int(asked + 1));
	turn_again(ret, next, (asked + 1 < POLL_MAX_S ? asked + 1 : POLL_MAX_S) * 1000);
}

static void told(const struct bldr_value *input, const struct bldr_value *kept,
		 const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
		 struct databricks_turn *ret)
{
	const char *id = bldr_get_text(kept, "id");
	struct databricks_statement s;
	struct bldr_error err;

	(void)input;
	(void)now_ms;
	if (answer->outcome == DATABRICKS_NOT_FOUND && id != NULL &&
	    bldr_get_int(kept, "asked", 0) < STALE_MAX) {
		poll(kept, id, ret); /* a read may lag behind by some seconds */
	} else if (answer->outcome != DATABRICKS_OK) {
		turn_failed(ret, answer);
	} else if (databricks_statement_read(answer->body, &s, &err) < 0) {
		turn_end(ret, DATABRICKS_FAILED, DATABRICKS_BLAME_INFRASTRUCTURE,
			 arena_strdup(a, err.text));
	} else if (s.state == DATABRICKS_SQL_PENDING) {
		poll(kept, id != NULL ? id : s.id, ret);
	} else if (s.state == DATABRICKS_SQL_SUCCEEDED) {
		told_rows(kept, &s, ret);
	} else {
		turn_end(ret,
			 s.state == DATABRICKS_SQL_FAILED ? DATABRICKS_INVALID : DATABRICKS_FAILED,
			 s.blame,
			 arena_printf(a, "%s%s%s", s.code, s.code[0] != '\0' ? ": " : "",
				      s.message[0] != '\0' ? s.message
							   : "the statement was cancelled"));
	}
}

const struct databricks_procedure databricks_ensure_statement = {
	.name = "ensure_statement",
	.ask = ask,
	.told = told,
};
