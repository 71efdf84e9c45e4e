/*
 * The Tester's own typing: what a written value means in a column of a given type, as canonical text.
 *
 * Two values of one type are equal exactly when their canonical texts are: integers plain, decimals at their
 * scale, bools true/false, dates and timestamps ISO as in docs/warehouse.md, text without the blanks of blanks.h
 * around it.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/columntype.h"
#include "checks/dates.h"

/* The words that may stand for no value; which of them do is decided per column, from all its values. */
enum null_token {
	NULL_EMPTY = 1 << 0, /* nothing but blanks */
	NULL_WORD = 1 << 1,  /* NULL Null null */
	NULL_N_A = 1 << 2,   /* N/A n/a */
	NULL_NA = 1 << 3, /* NA; a value where all others are two capitals, as country codes are */
	NULL_SLASH_N = 1 << 4, /* \N #N/A */
	/* none None NONE; none is a value where all others are lower-case words */
	NULL_NONE = 1 << 5,
	NULL_DASH = 1 << 6, /* - --; a value where all others are a sign or punctuation */
	NULL_NAN = 1 << 7   /* NaN nan NAN, where all others are numbers */
};

/* How a column writes its numbers: its decimal mark, decided from all values. */
struct number_decision {
	char decimal; /* '.' or ',' */
	const char *reason;
};

struct column_decision {
	unsigned nulls; /* enum null_token, or'ed */
	bool number;    /* all values are plain numbers written without leading zeros */
	struct number_decision marks;
	struct date_decision dates;
};

/* values: n texts, one per record. */
void column_decide(const char *const *values, size_t n, struct arena *a,
		   struct column_decision *ret);
/* Without blanks around it; borrowed where it can be. */
const char *value_trimmed(const char *text, struct arena *a);
/* Blanks stand around it. */
bool value_is_padded(const char *text);
bool value_is_null(const struct column_decision *d, const char *text);

/* The canonical text, NULL for no value or none of that type. Borrows text where it can. */
const char *value_typed(const struct column_decision *d, struct column_type type, const char *text,
			struct arena *a);
/* For joins of raw columns: trimmed, and as a number when both sides are numbers. NULL: no value. */
const char *value_joined(const struct column_decision *d, bool number, const char *text,
			 struct arena *a);
/* A constant of the design: its text is a canonical value of the type, or NULL is returned. */
const char *value_constant(struct column_type type, const char *text, struct arena *a);

/* Both null, or the same text. */
bool value_same(const char *a, const char *b);
/* Order of two canonical texts of the type: <0, 0, >0. */
int value_compare(struct column_type type, const char *a, const char *b);

#define CANON_MAX ((size_t)8 << 30) /* bytes: more than any record of a readable file can give */

/* DESIGN 6: parts joined by '|', with '\' and '|' escaped; NULL is written \0. */
void canon_add(struct buf *b, const char *part);
/* The surrogate key of a canon: XXH64, seed 42, without the sign bit. */
int64_t canon_key(const char *canon, size_t size);
