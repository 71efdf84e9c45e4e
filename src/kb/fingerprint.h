/*
 * Fingerprints of schemas, and masks of values: how tables and columns are known again without their data.
 *
 * Equal fingerprints mean: the same normalised names and the same families of types. Precision, order of columns and
 * numbers in a file's name do not count: a table that has grown, or the next month's export of it, is the same table. Nor
 * do keys and references: they are chosen, and what was chosen wrong is to be known again too.
 */
#pragma once

#include "base/arena.h"

enum { KB_FINGERPRINT_MAX = 33 /* 32 hex digits */, KB_MASK_MAX = 41 };

struct kb_column {
	const char *name, *type;
};

struct kb_table {
	const char *name;
	LIST(struct kb_column) columns;
};

/* Lower case, runs of anything but letters and digits as one _, at most KB_NAME_MAX bytes. */
const char *kb_name(struct arena *a, const char *name);
/* The same, with runs of digits as one 9: orders_2024_01 is orders_9_9. */
const char *kb_table_name(struct arena *a, const char *name);
/* A type without its parameters: decimal(10,2) is decimal. */
const char *kb_type(struct arena *a, const char *type);
const char *kb_table_fingerprint(struct arena *a, const struct kb_table *t);
/* Of a set of tables, whatever their order. */
const char *kb_source_fingerprint(struct arena *a, const char *const *tables, size_t n);

/*
 * The mask of a value: runs of digits as 9, of letters as a, the marks that formats are made of as they are, anything
 * else as x. "2018-01-31" is 9-9-9, "31 Jan. 2018" is "9 a. 9".
 */
void kb_mask(const char *value, char ret[KB_MASK_MAX]);
