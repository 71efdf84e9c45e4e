/*
 * Sample questions: what a person may ask the star first, and the answers. A question is words and one
 * SELECT that any SQLite shell runs on warehouse.db as it is; nothing in it is more than a few rows long. They are made
 * from the star alone - roles, additivity, counts of the contract - so equal artefacts give equal questions.
 */
#pragma once

#include <stdatomic.h>

#include "artefact/artefact.h"

enum { QUESTIONS_MAX = 10, ANSWER_ROWS_MAX = 12 };

struct answer_cell {
	const char *text; /* NULL: null */
	bool number;
};

struct answer_row {
	LIST(struct answer_cell) cells; /* as many as the question has columns */
};

struct question {
	const char *text; /* "How many orders are there by status?" */
	const char *sql;  /* one SELECT, without a semicolon; its lines end with '\n' */
	/* By questions_answer. */
	texts columns;
	LIST(struct answer_row) rows;
};

struct questions {
	LIST(struct question) at; /* the likeliest first */
};

/* At most QUESTIONS_MAX of them, about the facts with most rows. Semi-additive measures are summed at the last date
 * only, others that are not additive never. Everything lives in a. */
void questions_make(const struct design *design, const struct contract *contract, struct arena *a,
		    struct questions *ret);
/*
 * Asks them all, of warehouse.db at path, read-only. cancel: asked now and then; NULL: never. A question that
 * cannot be asked is an error: the warehouse lacks what the design has. Errors: INVALID, CORRUPT, IO, NOT_FOUND,
 * CANCELLED.
 */
int questions_answer(const char *path, const atomic_bool *cancel, struct arena *a,
		     struct questions *questions, struct bldr_error *err);
/* {"questions": [{text, sql, columns, rows}]}; a cell is text or null. The caller owns it. */
struct bldr_value *questions_value(const struct questions *questions);
/* The same as a script for the sqlite3 shell: each question a comment, its SQL a statement. */
const char *questions_script(const struct questions *questions, struct arena *a);
