/*
 * Overrides: what a person has decided, in `bldr.json` beside the sources. It overrules what bldr would find.
 *
 * The file is JSON with comments (base/jsonc.h), checked by schemas/overrides.schema.json. What was read becomes a
 * part of the `sources` artefact, so all later steps - and a resumed run - see the same decisions. Every field
 * may be absent: NULL, an empty list, or no value.
 */
#pragma once

#include "artefact/artefact.h"

#define OVERRIDES_FILE "bldr.json"
enum { OVERRIDES_BYTES_MAX = 1 << 20 };

/* How a file is to be read; what is absent is found out. */
struct file_override {
	const char *path;
	bool skip; /* leave the file out */
	const char *encoding, *delimiter;
	const char *quote;                       /* "": nothing is quoted */
	const char *escape;                      /* doubled | backslash */
	const struct bldr_value *header;         /* a bool, or NULL */
	const struct bldr_value *preamble_lines; /* an integer, or NULL */
	const struct bldr_value *not_rows; /* a list of texts, or NULL; empty: there are no totals */
	texts columns;                     /* names in place of those of the header, or of none */
};

enum override_measure { MEASURE_UNSAID, MEASURE_ADDITIVE, MEASURE_SEMI, MEASURE_NO };

struct column_override {
	const char *name;
	const char *type;                      /* columntype.h's spelling */
	const char *date_format;               /* Spark's letters */
	const char *decimal_mark, *group_mark; /* of numbers; group_mark "": none */
	int measure;                           /* enum override_measure */
};

struct reference_override {
	texts columns;
	const char *to;
	texts to_columns;
};

/* A measure of a fact: columns multiplied, times one less a column of shares. */
struct product_override {
	const char *name;
	texts factors;
	const char *less; /* or NULL */
};

struct columns_override {
	texts columns;
};

struct table_override {
	const char *table;
	const char *role; /* fact | dimension | bridge | unused */
	texts key;
	LIST(struct columns_override) not_keys;
	LIST(struct reference_override) foreign_keys;
	LIST(struct columns_override) not_foreign_keys;
	LIST(struct column_override) columns;
	bool products_said; /* products has them all, none too */
	LIST(struct product_override) products;
};

struct overrides {
	LIST(struct file_override) files;
	LIST(struct table_override) tables;
	const char *text; /* of the file, to name lines of; NULL: from `sources` */
};

/*
 * Reads folder/bldr.json. *ret: what it says, borrowing from *ret_value, which the arena keeps; without the file both
 * are empty and *ret_value is NULL. Errors: INVALID (names the file, the line and the field), LIMIT
 * (OVERRIDES_BYTES_MAX), IO.
 */
int overrides_read(const char *folder, struct arena *a, struct overrides *ret,
		   const struct bldr_value **ret_value, struct bldr_error *err);
/* What `sources` has kept. v NULL: empty. Borrows from v. Errors: INVALID. */
int overrides_decode(const struct bldr_value *v, struct arena *a, struct overrides *ret,
		     struct bldr_error *err);
/* Every file, table and column that is named must be there. Errors: INVALID: names line, field and the nearest. */
int overrides_check(const struct overrides *o, const struct sources *sources,
		    struct bldr_error *err);

/* NULL: nothing is said of it. */
const struct file_override *overrides_file(const struct overrides *o, const char *path);
const struct table_override *overrides_table(const struct overrides *o, const char *table);
const struct column_override *overrides_column(const struct table_override *t, const char *column);
/* The same names in any order. */
bool overrides_same_columns(const texts *a, const texts *b);
