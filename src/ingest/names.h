/*
 * What the names of tables and columns say: their words, whether a column is named like an identifier, and
 * how much a column is named after another table. Works on what people and tools write: snake_case,
 * camelCase, lower case without separators (salesorderid), plurals, role prefixes (ship_address_id).
 */
#pragma once

#include "artefact/artefact.h"

struct name {
	texts words;       /* lower case */
	texts core;        /* words without id words at either end, the last one singular */
	const char *whole; /* the words joined without separators */
	const char *stem;  /* the core joined; "" for a bare id, key, code */
	bool id_like;      /* ends or begins with an id word, or is one of trade: sku */
};

/* Lower-case words: split at everything but letters and digits, and at the humps of camelCase. */
texts name_words(struct arena *a, const char *text);

/* skip: leading words that say nothing here, see the name_*_prefix functions. */
struct name name_of_table(struct arena *a, const char *text, size_t skip);
struct name name_of_column(struct arena *a, const char *text, size_t skip);

/* Leading words to skip: 1 when all names begin with the same word and go on after it, else 0. */
size_t name_shared_prefix(struct arena *a, const texts *names);
/* 1 when a table's name begins with a layer word such as raw, stg, tbl and goes on after it, else 0. */
size_t name_layer_prefix(struct arena *a, const char *text);
/* The shared prefix of a table's columns (l_orderkey, l_tax ...); 0 below three columns. */
size_t name_column_prefix(struct arena *a, const struct table_profile *table);

/* The name speaks of a calendar date: order_date, day, dob. */
bool name_of_date(struct arena *a, const char *text);
/* The name numbers the parts of a thing: line_no, seq, position. */
bool name_of_sequence(struct arena *a, const char *text);
/* The column points to a row of its own table: parent_id, reports_to, manager. */
bool name_of_hierarchy(const struct name *column);
/* The column can point to no other table's row as well: parent_id, referred_by; not manager. */
bool name_of_own_row(const struct name *column);
/* 0..1000: how much a key column is named after its own table; bare id is 1000. */
int name_own_key(const struct name *column, const struct name *table);
/*
 * 0..1000: how much the child column's name says that it holds the parent column of the parent table.
 * *ret_why: a few words, static.
 */
int name_reference(const struct name *child, const struct name *parent,
		   const struct name *parent_table, const char **ret_why);
/*
 * 0..1000: how much the child column's name says that it holds the parent column, which is part of a key of several.
 * *ret_role: the words before the parent's, joined (ship of ship_city); "" when there are none.
 */
int name_part(struct arena *a, const struct name *child, const struct name *parent,
	      const char **ret_role);
