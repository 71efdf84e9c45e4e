/*
 * How the profile asks what values are: the one place where it calls infer.h and given.h. A value is judged into a tally, a
 * column is decided from its tally, and with the verdict a value is read.
 *
 * Most values never reach infer.h: a scan sorts them into classes of which every member counts alike in the tally -
 * integers of so many digits, fractions of so many digits before and behind the point, ISO dates whose day may
 * be a month, ISO timestamps, words -, and the first of a class is judged for all.
 */
#pragma once

#include "base/arena.h"
#include "ingest/given.h"

enum plain_kind { PLAIN_NONE, PLAIN_INTEGER, PLAIN_FRACTION, PLAIN_DATE, PLAIN_TIME, PLAIN_TEXT };

/* What plain_scan found; PLAIN_NONE: ask infer.h. */
struct plain {
	enum plain_kind kind;
	uint8_t scale;   /* PLAIN_FRACTION */
	uint32_t class;  /* values of one class count alike */
	int64_t units;   /* PLAIN_INTEGER, PLAIN_FRACTION: the digits as a number */
	int64_t seconds; /* PLAIN_DATE, PLAIN_TIME: since 1970-01-01, as written */
};

void plain_scan(const char *trimmed, size_t size, struct plain *ret);

struct judge_class {
	uint32_t class;
	int64_t rows; /* not in the tally yet */
	struct value_facts facts;
};

enum { JUDGE_CLASSES = 64 };

struct judge {
	struct column_tally tally;
	struct judge_class classes[JUDGE_CLASSES];
};

/* The class of a trimmed value, with few looks for most. */
enum null_class judge_null_class(const char *trimmed, size_t size);
/* A value that is no null token, with what plain_scan says of it. */
void judge_add(struct judge *j, const char *trimmed, size_t size, const struct plain *p,
	       int64_t rows);
void judge_add_token(struct judge *j, enum null_class class, int64_t rows);
/* Moves what is still in the classes to the tally. */
void judge_settle(struct judge *j);

/* What a column is. */
struct verdict {
	struct column_inferred column;
	bool has_near; /* a narrower type that at least half of the rows have, not all: near */
	struct column_inferred near;
};

/* j is settled. said: what bldr.json says of the column, or NULL. */
struct verdict judge_decide(const struct judge *j, const struct column_context *context,
			    const struct column_override *said);

bool verdict_null(const struct verdict *v, enum null_class class);

enum conformity {
	CONFORMS,
	CONFORMS_WIDER, /* a decimal in a column that is int64: its order holds, should the type be decimal in the end */
	CONFORMS_NOT
};

/* Text conforms and sets nothing. */
enum conformity verdict_read(const struct verdict *v, const char *trimmed, size_t size,
			     const struct plain *p, struct typed_value *ret);
/* Whether the value is of the narrower type. */
bool verdict_near(const struct verdict *v, const char *trimmed, size_t size, const struct plain *p);
/* Not for text, which is in the order of its bytes. */
int verdict_compare(const struct verdict *v, const struct typed_value *a,
		    const struct typed_value *b);
/* As artefacts show it. Not for text. */
const char *verdict_text(struct arena *a, const struct verdict *v, const struct typed_value *t);
/* Whether minimum, maximum and exceptions found under one verdict are those of the other, `wider` values of which were
 * CONFORMS_WIDER. */
bool verdict_same(const struct verdict *then, const struct verdict *now, int64_t wider);
