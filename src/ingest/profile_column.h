/*
 * One column of the profile pass.
 *
 * ```
 *   exact --- the budget for distinct values is spent ---> estimating --- the verdict has changed ---> read again
 *     |                                                        |                                          |
 *     +------------------------------> described <-------------+------------------------------------------+
 * ```
 *
 * Exact: all distinct values are kept, and everything is found from them at the end, each judged once. Estimating: the
 * values so far are judged and give a verdict, under which every further value is taken as it comes; the most frequent
 * values are kept and counted on. A column whose values rise from row to row needs no table and no proof that they
 * differ; when the last of many breaks the row, the proof is made in a second reading.
 *
 * The verdict of the whole column is given when all columns of the table are read, since they tell of each other in which
 * order dates are written. Where it is another than that of the first values, minimum, maximum and exceptions are found
 * in a second reading of the file. Where a few values that do not fit are exceptions in a column whose values repeat, but
 * make it text if they all differ (infer.h, is_key), and that is not known yet, it is taken for proven that they do; a
 * proof that fails costs a third reading. What a column turns out to be depends on its values and their order only,
 * never on how they were cut into batches.
 */
#pragma once

#include "artefact/artefact.h"
#include "ingest/distinct.h"
#include "ingest/ingest.h"
#include "ingest/judge.h"
#include "ingest/sketch.h"
#include "ingest/unique.h"

/* A value with its records. */
struct taken {
	const char *text; /* as written */
	size_t size;
	const char *trimmed;
	size_t trimmed_size;
	int64_t rows;
	int64_t line; /* of the first */
	struct plain plain;
};

/* What was seen of the non-null values under one verdict. */
struct observed {
	bool final;   /* the verdict is the column's */
	int64_t rows; /* that are not null */
	int64_t wider, nonconforming;
	bool any;                    /* min and max are set */
	bool ascending;              /* every value but the first was greater than all before it */
	struct typed_value min, max; /* not of text */
	struct text_bound {
		char *text;
		size_t size, room;
		uint64_t prefix;
	} first, last; /* of text, by bytes */
	LIST(struct profile_exception) exceptions;
};

struct column {
	const char *name;
	bool speaks_of_date;
	const struct column_override *said; /* what bldr.json says of it, or NULL */
	enum date_hint hint;                /* known when the table is read */
	struct distinct values;
	bool estimating;

	/* estimating: */
	struct judge judge;
	struct verdict verdict;
	bool doubtful; /* the verdict holds if the values differ, else this one: */
	struct verdict otherwise;
	struct observed found;
	int64_t nulls, padded;
	int64_t min_length, max_length;
	LIST(struct token_count) null_tokens; /* those that are null whatever else is there */
	LIST(struct distinct_value)
	pending;        /* tokens that may be data, as written: NA, none, nan */
	int64_t *taken; /* of each kept value the rows that were taken */
	int64_t least;  /* distinct values when the budget was spent */
	bool again;     /* minimum, maximum and exceptions need a second reading */
	bool prove;     /* so does the proof that the values differ */

	/* of the values without the blanks around them: */
	uint8_t *registers;
	struct sketch_k smallest;
	bool rising;  /* each value is greater than all before it: no fingerprint is needed */
	bool proving; /* fingerprints holds all of them */
	struct unique fingerprints;

	/* of the sampled rows, for quantiles: */
	char *sample;
	size_t sample_size, sample_room;
};

/* A field of a sampled row in `sample`: its size, then its bytes; longer ones are empty. */
enum { SAMPLE_TEXT_MAX = 40 };

/* A column's budgets; see struct profile_limits. */
struct column_limits {
	size_t bytes;
	size_t kept;
};

void column_release(struct column *c);

/* Fields of one column, stride cells apart. */
struct cells {
	const char *text;
	const struct cell {
		uint32_t at, size;
	} * first;
	size_t stride, n;
	const int64_t *lines;
};

/* text has 8 bytes behind its last cell. */
void column_add(struct column *c, const struct cells *cells, const struct column_limits *limits,
		struct arena *a);
/* Gives up proving that the values differ. */
void column_stop_proving(struct column *c);
/* The end of the first reading: all values are in the column's tally, which is returned. */
const struct column_tally *column_tally(struct column *c, struct arena *a);
/* Then, for all columns: the verdict, and whether a second reading is needed. */
void column_judge(struct column *c, enum date_hint hint, struct arena *a);
bool column_needs_again(const struct column *c);
/* The second reading. */
void column_add_again(struct column *c, const char *text, size_t size, int64_t line,
		      struct arena *a);
/* Its end; column_needs_again tells whether one more is needed. */
void column_end_again(struct column *c);

/* The sample as it stands: whether row i is kept. */
void column_sample_add(struct column *c, const char *text, size_t size);
void column_sample_keep(struct column *c, const bool *keep, size_t n);

/* ---- what it comes to ---- */

/* Distinct values without the blanks around them, of a column that is exact. */
int64_t column_count_trimmed(const struct column *c);
/* The same of any column; *ret_exact: no estimate. */
int64_t column_distinct(const struct column *c, bool *ret_exact);
/* sampled: rows in the sample. The sketch lives in a. */
struct column_profile column_describe(struct column *c, size_t ordinal, size_t sampled,
				      struct arena *a, struct column_sketch *ret_sketch);
/* A value for people: whole up to 256 bytes, else cut with an ellipsis. */
const char *value_shown(struct arena *a, const char *s, size_t size);
