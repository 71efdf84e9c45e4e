/*
 * Asks the questions of the warehouse, read-only, and writes down questions and answers. The loop of SQLite asks every
 * so often whether the run is to stop.
 */
#include <string.h>

#include "agents/evaluator/questions.h"
#include "base/decimal.h"
#include "store/store.h"

enum { LOOK_OPERATIONS = 100000 };

static int is_cancelled(void *user)
{
	const atomic_bool *cancel = user;

	return *cancel ? 1 : 0;
}

static struct answer_cell cell_of(sqlite3_stmt *stmt, int i, struct arena *a)
{
	const char *text = (const char *)sqlite3_column_text(stmt, i);
	struct decimal number;

	if (text == NULL) {
		return (struct answer_cell){ 0 };
	}
	return (struct answer_cell){
		.text = arena_strdup(a, text),
		.number = sqlite3_column_type(stmt, i) != SQLITE_TEXT ||
			decimal_parse(text, strlen(text), &number),
	};
}

static int answer(struct store *store, struct arena *a, struct question *q, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(store, q->sql, &stmt, err);

	if (rc < 0) {
		return bldr_error_prefix(err, "sample question \"%s\"", q->text);
	}
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		*LIST_ADD(a, &q->columns) = arena_strdup(a, sqlite3_column_name(stmt, i));
	}
	while (q->rows.n < ANSWER_ROWS_MAX && (rc = store_step(store, stmt, err)) == 1) {
		struct answer_row *row = LIST_ADD(a, &q->rows);

		*row = (struct answer_row){ 0 };
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			*LIST_ADD(a, &row->cells) = cell_of(stmt, i, a);
		}
	}
	(void)sqlite3_reset(stmt);
	return rc < 0 ? bldr_error_prefix(err, "sample question \"%s\"", q->text) : 0;
}

int questions_answer(const char *path, const atomic_bool *cancel, struct arena *a,
		     struct questions *questions, struct bldr_error *err)
{
	struct store *store;
	int rc = store_open(path, STORE_READ, &store, err);

	if (rc < 0) {
		return rc;
	}
	if (cancel != NULL) {
		sqlite3_progress_handler(store_db(store), LOOK_OPERATIONS, is_cancelled,
					 (void *)(uintptr_t)cancel);
	}
	for (size_t i = 0; rc == 0 && i < questions->at.n; i++) {
		rc = answer(store, a, &questions->at.at[i], err);
	}
	if (rc < 0 && cancel != NULL && *cancel) {
		rc = bldr_error_set(err, BLDR_E_CANCELLED,
				    "stopped while sample questions were asked");
	}
	store_close(store);
	return rc;
}

struct bldr_value *questions_value(const struct questions *questions)
{
	struct bldr_value *whole = bldr_object();
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < questions->at.n; i++) {
		const struct question *q = &questions->at.at[i];
		struct bldr_value *v = bldr_object();
		struct bldr_value *rows = bldr_list();

		for (size_t k = 0; k < q->rows.n; k++) {
			struct bldr_value *row = bldr_list();

			for (size_t c = 0; c < q->rows.at[k].cells.n; c++) {
				bldr_list_add(row, bldr_text(q->rows.at[k].cells.at[c].text));
			}
			bldr_list_add(rows, row);
		}
		bldr_object_set(v, "text", bldr_text(q->text));
		bldr_object_set(v, "sql", bldr_text(q->sql));
		bldr_object_set(v, "columns", texts_value(&q->columns));
		bldr_object_set(v, "rows", rows);
		bldr_list_add(list, v);
	}
	bldr_object_set(whole, "questions", list);
	return whole;
}

const char *questions_script(const struct questions *questions, struct arena *a)
{
	const char *script = "-- Sample questions: sqlite3 -box warehouse.db < questions.sql\n";

	for (size_t i = 0; i < questions->at.n; i++) {
		script = arena_printf(a, "%s\n-- %zu. %s\n%s;\n", script, i + 1,
				      questions->at.at[i].text, questions->at.at[i].sql);
	}
	return script;
}
