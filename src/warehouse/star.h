/*
 * The working model of the designer: source tables with their chosen keys and foreign keys, names in
 * the target's style, and the role each table plays. Internal to the warehouse module.
 */
#pragma once

#include <stdbool.h>

#include "artefact/overrides.h"
#include "base/columntype.h"

struct star_link { /* a chosen foreign key */
	const struct inclusion *inclusion;
	struct star_table *from, *to;
	bool back; /* to its own table, or closes a circle of dimensions: followed for a name only */
};

struct star_table {
	const struct table_profile *profile;
	const struct key_candidate *key; /* NULL: none was chosen */
	const struct key_candidate
		*named; /* of the calendar: the chosen one, in place of which key is its day */
	const struct table_override *said; /* what bldr.json says of it, or NULL */
	const char *entity;                /* singular, snake_case: customer; no other table's */
	const char *target;                /* dim_customer, fact_order, bridge_film_actor */
	LIST(struct star_link *) out;      /* foreign keys this table holds */
	LIST(struct star_link *) in;
	int kind;      /* enum table_kind: TABLE_DIMENSION, TABLE_FACT or TABLE_BRIDGE */
	int64_t score; /* of being a fact; TABLE_FACT from STAR_FACT_SCORE on */
	texts evidence;
	bool stands; /* has a table in the star; else it is flattened into the dimensions that refer to it */
	bool reached; /* flattened into some dimension, or stands */
};

/*
 * STAR_COLUMNS_MAX: columns of a table of SQLite; STAR_COLUMNS_MADE: room for keys and lineage beside a source
 * table's own. STAR_HOPS_MAX: foreign keys in a row that the star follows.
 */
enum { STAR_FACT_SCORE = 3, STAR_HOPS_MAX = 4, STAR_COLUMNS_MAX = 2000, STAR_COLUMNS_MADE = 64 };

struct star {
	const struct profile *profile;
	struct star_table *tables; /* by table name, without those that are too wide */
	size_t n;
	LIST(struct star_link) links;
	struct star_table *calendar; /* the source table that is the date dimension, or NULL */
	LIST(struct alternative) not_calendars; /* tables with a row per day that are none */
	LIST(const struct table_profile *)
	out; /* not in the star: of more columns than a table of the warehouse holds, or said to be unused */
};

/*
 * Builds the model, decides the roles and which tables have one of their own in the star. said: what bldr.json says,
 * which is taken. Errors: INVALID (what it says cannot be: a dimension without a key).
 */
int star_build(const struct profile *profile, const struct overrides *said, struct arena *a,
	       struct star *ret, struct bldr_error *err);

/* Sets calendar, and why other tables with a row for each day are none. Roles and who stands are decided. */
void star_find_calendar(struct star *s, struct arena *a);

/* Sets kind, score, evidence and target of all tables. Errors: as star_build. */
int star_decide_roles(struct star *s, struct arena *a, struct bldr_error *err);

/* More columns than a table of the warehouse holds. */
bool star_is_wide(const struct table_profile *t);

/* Longer names are cut: a target's name is made of two and a suffix, and Databricks takes 255 bytes. */
enum { STAR_NAME_MAX = 100 };
/* Name in the target's style: snake_case, begins with a letter. */
const char *star_snake(struct arena *a, const char *name);

/* Does one of the words stand in name, plural or not? */
bool star_has_word(struct arena *a, const char *name, const char *const *words);

const struct column_profile *star_column(const struct star_table *t, const char *name);
/* The parsed type of a column's profile. */
struct column_type star_type(const struct column_profile *c);
bool star_is_date(const struct column_profile *c);
/* A date or time of the record, not of what it tells of: last_update, modified_on. */
bool star_is_audit(const struct column_profile *c);
/* The column that says which of two records with one key is the later one, or NULL. */
const char *star_version_column(const struct star_table *t);
/* The foreign key that consists of this one column, or NULL. */
struct star_link *star_link_of(const struct star_table *t, const char *column);
bool star_in_key(const struct star_table *t, const char *column);
/* The column of link->to that link refers to has the values of the child's own one. */
bool star_is_held(const struct star_link *link, const char *column);
/* next, of the table that way leads to, leads where a foreign key of way's own table does by the same values: from the line
 * of an order to the order, whose number stands beside the number of the line. */
bool star_leads_again(const struct star_link *way, const struct star_link *next);
/* Part of a foreign key. */
bool star_in_link(const struct star_table *t, const char *column);
/* A number that can be summed: numeric, neither key nor foreign key nor a code by its name. */
bool star_is_measure(const struct star_table *t, const struct column_profile *c);
/* The rows tell states and not events: the stock of each shop and product. */
bool star_is_snapshot(const struct star_table *t);
/* How far sums of the column mean something, by its name, its form and the table. */
enum additivity star_additivity(const struct star_table *t, const struct column_profile *c);
