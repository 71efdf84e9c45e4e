/*
 * What questions need to know of a fact: how it and its members are called, by which date and attributes it is
 * counted, what may be added up. Names decide only which of several possible things is taken first. Texts named as SQL
 * call the fact f, a dimension d and its calendar t.
 */
#pragma once

#include "artefact/artefact.h"

enum { CUTS_MAX = 3 }; /* attributes a fact is asked by */

/* Which date a fact is counted by. */
struct when {
	const char *join;   /* SQL, or "" */
	const char *day;    /* SQL: text that begins with yyyy-mm-dd */
	const char *column; /* of the fact, as SQL */
	const char *words;
	bool key; /* column is a date key: a whole number that grows with the date */
};

/* An attribute that a fact is grouped by. */
struct cut {
	const char *join, *value; /* SQL */
	const char *alias, *words;
	int64_t distinct;
	int score;
};

/* A dimension whose members are ranked. */
struct who {
	const struct design_table *dimension;
	const char *key;   /* the fact's column, as SQL */
	const char *join;  /* SQL */
	const char *label; /* SQL */
	const char *alias, *singular, *plural;
	const char *surrogate; /* as SQL */
};

/* A fact that is asked about. */
struct asked {
	const struct design_table *fact;
	const struct contract_table *counts;
	const char *singular, *plural, *alias;
	const struct design_column *measure; /* the main additive one, or NULL */
	const struct design_column *level;   /* the first semi-additive one, or NULL */
	bool dated;
	struct when when;
	struct cut cuts[CUTS_MAX];
	size_t n_cuts;
	LIST(struct who) whos;
};

/* False: nothing can be asked, since the fact has no rows. All of it lives in a. */
bool asked_settle(const struct design *design, const struct contract *contract,
		  const struct design_table *fact, struct arena *a, struct asked *ret);

/* A name as SQL takes it: bare when it is plain, which reads better. */
const char *asked_id(struct arena *a, const char *name);
/* Blanks for underscores. */
const char *asked_spaced(struct arena *a, const char *name);
/* "dim_customer" -> "customer" */
const char *asked_bare(const char *table);
/* Good enough for the names of tables, which are nouns. */
const char *asked_plural(struct arena *a, const char *noun);
const struct design_column *asked_role(const struct design_table *t, int role);

/* A measure's total as SQL that can be compared, and as people write it: a scaled decimal is added up as a whole number,
 * so to the last digit. */
const char *asked_sum(struct arena *a, const struct design_column *c);
const char *asked_shown_sum(struct arena *a, const struct design_column *c);
/* "total freight", but "total" for a measure of that name. */
const char *asked_total(struct arena *a, const struct design_column *c);
/* It may be added up over anything, and its name does not say that it is a price or a rate. */
bool asked_adds_up(const struct design_column *c);
