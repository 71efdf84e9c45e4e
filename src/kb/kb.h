/*
 * The knowledge base: golden examples and failure-corrections, in the journal's own file.
 *
 * An item is learned from a run with evidence, and trusted when such a run was validated; only trusted items are
 * recalled. It holds names, types, masks, date formats and check ids, never a value of anybody's data: what is
 * written is checked for that (item.c). Items are found by fingerprint (fingerprint.h) and by words; what is ranked
 * best and fits a small read is shown, each with its id.
 */
#pragma once

#include <bldr/value.h>
#include "base/arena.h"
#include "base/shape.h"
#include "store/store.h"

enum kb_kind { KB_GOLDEN, KB_CORRECTION };

enum {
	KB_ID_MAX = 16, /* "c-1a2b3c4d5e6f" and its NUL */
	KB_NAME_MAX = 128,
	KB_TITLE_MAX = 240,
	KB_WORDS_MAX = 4096,
	KB_BODY_MAX = 8192,
	KB_EVIDENCE_MAX = 4096,
	KB_FINGERPRINTS_MAX = 257, /* of one item or question: the source's and 256 tables' */
	KB_LESSONS_MAX = 16,
	/* A small read: what one recall shows at most. */
	KB_GOLDEN_SHOWN = 2,
	KB_CORRECTIONS_SHOWN = 5,
	KB_SHOWN_BYTES = 9600
};

/* An item that is recalled less than this is worth reading: hurt once and never helped. Thousandths. */
enum { KB_QUALITY_MIN = 334 };

/* ---- what corrections say (the body of the item) ---- */

/* A column that is known again: normalised name, family of types, mask of its values. */
struct kb_column_like {
	const char *name, *type, *mask;
};

/* When a correction applies: to a table of this fingerprint that has these columns. */
struct kb_precondition {
	const char *fingerprint;
	const char *table; /* normalised name */
	LIST(struct kb_column_like) columns;
};

/*
 * What was chosen wrong, and what passed instead; use is empty when that was nothing. Choices are texts: of date_order
 * formats, of number_marks decimal marks, of key normalised columns joined by +, of reference "table.column".
 */
struct kb_fix {
	const char *repair; /* date_order | number_marks | key | reference */
	LIST(const char *) rule_out;
	LIST(const char *) use;
};

/* One difference between what failed and what passed. */
struct kb_change {
	const char *table, *column; /* target of a mapping; else the source's, normalised */
	const char *at; /* JSON pointer into the column's rule; /keys or /inclusions of the profile */
	const char *wrong, *right; /* choices; right may be empty where use is */
};

struct kb_correction {
	struct kb_precondition precondition;
	struct kb_fix fix;
	LIST(struct kb_change) changes;
};

extern const struct shape kb_correction_shape;
/* Decodes a correction's body, which must outlive *ret. Errors: INVALID, LIMIT (also what may not be kept). */
int kb_correction_decode(const struct bldr_value *body, struct arena *a, struct kb_correction *ret,
			 struct bldr_error *err);

/* ---- what golden examples say that can be taken up again: their body's "chosen" ---- */

/* The key that a table of this fingerprint had; "": none. */
struct kb_chosen {
	const char *table; /* fingerprint */
	const char *key;   /* as kb_fix has it */
};
struct kb_example {
	LIST(struct kb_chosen)
	chosen; /* of all its tables; empty: of an older program, or too many */
};

/* Decodes that part of an example's body, which must outlive *ret. Errors: INVALID, LIMIT. */
int kb_example_decode(const struct bldr_value *body, struct arena *a, struct kb_example *ret,
		      struct bldr_error *err);

/* ---- writing ---- */

/* What a run wants to be kept. */
struct kb_lesson {
	int kind;          /* enum kb_kind */
	const char *agent; /* who may use it: analyst | developer | any */
	bool trusted;      /* the run was validated */
	const char *source;
	LIST(const char *) tables; /* fingerprints */
	const char *title, *words;
	const struct bldr_value *body, *evidence; /* objects */
};

extern const struct shape kb_lesson_shape;
/* Errors: INVALID, LIMIT: what it would keep is too large, or could be a value. v must outlive *ret. */
int kb_lesson_decode(const struct bldr_value *v, struct arena *a, struct kb_lesson *ret,
		     struct bldr_error *err);

/* Brings the tables into the file. Errors: INVALID (the file is newer), IO. */
int kb_open(struct store *s, struct bldr_error *err);
/* True when a file that is open for reading holds a knowledge base. Errors: as kb_open. */
int kb_exists(struct store *s, bool *ret, struct bldr_error *err);

/*
 * Keeps a lesson, inside the caller's transaction. The same content again adds evidence and may make the
 * item trusted. *ret_new: it was not known.
 */
int kb_learn(struct store *s, const struct kb_lesson *lesson, const char *run, int64_t now_ms,
	     char ret_id[KB_ID_MAX], bool *ret_new, struct bldr_error *err);
enum kb_outcome { KB_SHOWN, KB_HELPED, KB_HURT };
/* Counts what came of an item that a run was shown. An id that is not known is passed over. */
int kb_judge(struct store *s, const char *id, enum kb_outcome outcome, int64_t now_ms,
	     struct bldr_error *err);

/* ---- reading ---- */

struct kb_item {
	int64_t number;
	const char *id;
	int kind;
	const char *agent;
	bool trusted;
	const char *source, *title, *words, *body;
	int64_t helped, hurt, shown, created_ms, updated_ms;
	int64_t score; /* thousandths; searches only */
};
typedef LIST(struct kb_item) kb_items;

const char *kb_kind_name(int kind);
/* kind -1: all. Newest last. */
int kb_list(struct store *s, int kind, struct arena *a, kb_items *ret, struct bldr_error *err);
/* id may be the beginning of one. Errors: NOT_FOUND, INVALID (several begin so). */
int kb_find(struct store *s, const char *id, struct arena *a, struct kb_item *ret,
	    struct bldr_error *err);
/* A list of {run, at_ms, evidence}, oldest first; the caller owns it. */
int kb_evidence(struct store *s, int64_t number, struct bldr_value **ret, struct bldr_error *err);

/* What is asked for. Later: the vector of the words, as another argument. */
struct kb_question {
	const char *agent;         /* NULL: everybody's */
	const char *source;        /* fingerprint, or NULL */
	LIST(const char *) tables; /* fingerprints */
	const char *words;         /* plain text, never syntax; or NULL */
};
extern const struct shape kb_question_shape;
/* Errors: INVALID, LIMIT. */
int kb_question_decode(const struct bldr_value *v, struct arena *a, struct kb_question *ret,
		       struct bldr_error *err);

/* All that fits, best first, candidates too; at most limit. */
int kb_search(struct store *s, const struct kb_question *q, int64_t now_ms, size_t limit,
	      struct arena *a, kb_items *ret, struct bldr_error *err);
/* A small read for an agent: trusted items only, near-duplicates dropped, within the limits above. */
int kb_recall(struct store *s, const struct kb_question *q, int64_t now_ms, struct arena *a,
	      kb_items *ret, struct bldr_error *err);
