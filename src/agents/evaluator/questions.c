/*
 * Makes questions. Each kind of question takes what it needs of what asked.h settles for a fact, or has nothing to ask.
 * The facts take turns, so that a star with two of them is not asked about one only.
 */
#include "agents/evaluator/questions.h"

#include <stdlib.h>
#include <string.h>

#include "agents/evaluator/asked.h"

enum {
	FACTS_MAX = 3, /* that are asked about */
	TOP = 5,       /* members of a ranking */
	MONTHS = 6,    /* the last ones */
	YEARS = 6,     /* the last ones */
	TOTALS_MAX = 4 /* measures that are added up side by side */
};

/* ---- kinds of questions: each fills in *ret, or says that there is nothing to ask ---- */

static const char *table_sql(const struct asked *q, struct arena *a)
{
	return arena_printf(a, "\nFROM %s AS f", asked_id(a, q->fact->name));
}

/* "count(*) AS orders, sum(f.amount) AS amount", and what it is called. */
static const char *amounts(const struct asked *q, struct arena *a)
{
	const char *count = arena_printf(a, "count(*) AS %s", q->alias);

	return q->measure == NULL
		? count
		: arena_printf(a, "%s, %s AS %s", count, asked_shown_sum(a, q->measure),
			       asked_id(a, q->measure->name));
}

static const char *how_many(const struct asked *q, struct arena *a)
{
	return q->measure == NULL ? arena_printf(a, "How many %s are there", q->plural)
				  : arena_printf(a, "How many %s are there, and what is their %s",
						 q->plural, asked_total(a, q->measure));
}

/* The largest first. */
static const char *largest(const struct asked *q, struct arena *a)
{
	return q->measure == NULL ? "count(*) DESC"
				  : arena_printf(a, "%s DESC", asked_sum(a, q->measure));
}

static bool by_level(const struct asked *q, struct arena *a, struct question *ret)
{
	const struct cut *cut = &q->cuts[0];

	if (q->level == NULL || !q->dated || q->n_cuts == 0) {
		return false;
	}
	ret->text = arena_printf(a, "What was the %s at the last %s, by %s?%s",
				 asked_spaced(a, q->level->name), q->when.words, cut->words,
				 cut->distinct > TOP ? " The 5 largest." : "");
	ret->sql = arena_printf(
		a,
		"SELECT %s AS %s, %s AS %s%s%s\nWHERE %s = (SELECT max(%s) FROM %s AS f)\n"
		"GROUP BY 1\nORDER BY %s DESC, 1\nLIMIT %d",
		cut->value, cut->alias, asked_shown_sum(a, q->level), asked_id(a, q->level->name),
		table_sql(q, a), cut->join, q->when.column, q->when.column,
		asked_id(a, q->fact->name), asked_sum(a, q->level), TOP);
	return true;
}

static bool by_period(const struct asked *q, struct arena *a, size_t digits, const char *period,
		      int periods, struct question *ret)
{
	if (!q->dated) {
		return false;
	}
	ret->text = arena_printf(a, "%s per %s of the %s? The last %d %ss.", how_many(q, a), period,
				 q->when.words, periods, period);
	ret->sql = arena_printf(
		a,
		"SELECT substr(%s, 1, %zu) AS %s, %s%s%s\nWHERE %s IS NOT NULL\nGROUP BY 1\n"
		"ORDER BY 1 DESC\nLIMIT %d",
		q->when.day, digits, period, amounts(q, a), table_sql(q, a), q->when.join,
		q->when.day, periods);
	return true;
}

static bool by_month(const struct asked *q, struct arena *a, struct question *ret)
{
	return by_period(q, a, strlen("yyyy-mm"), "month", MONTHS, ret);
}

static bool by_year(const struct asked *q, struct arena *a, struct question *ret)
{
	return by_period(q, a, strlen("yyyy"), "year", YEARS, ret);
}

static bool by_cut(const struct asked *q, struct arena *a, size_t n, struct question *ret)
{
	const struct cut *cut = &q->cuts[n];

	if (n >= q->n_cuts) {
		return false;
	}
	ret->text = arena_printf(a, "%s by %s?%s", how_many(q, a), cut->words,
				 cut->distinct > TOP ? " The 5 largest." : "");
	ret->sql = arena_printf(a, "SELECT %s AS %s, %s%s%s\nGROUP BY 1\nORDER BY %s, 1\nLIMIT %d",
				cut->value, cut->alias, amounts(q, a), table_sql(q, a), cut->join,
				largest(q, a), TOP);
	return true;
}

static bool by_first_cut(const struct asked *q, struct arena *a, struct question *ret)
{
	return by_cut(q, a, 0, ret);
}

static bool by_second_cut(const struct asked *q, struct arena *a, struct question *ret)
{
	return by_cut(q, a, 1, ret);
}

static bool by_third_cut(const struct asked *q, struct arena *a, struct question *ret)
{
	return by_cut(q, a, 2, ret);
}

/* Namesakes are told apart by their key; -1 and -2 are no members. */
static bool ranking(const struct asked *q, struct arena *a, size_t n, struct question *ret)
{
	const struct who *w = n < q->whos.n ? &q->whos.at[n] : NULL;

	if (w == NULL) {
		return false;
	}
	ret->text = q->measure == NULL
		? arena_printf(a, "Which %d %s have the most %s?", TOP, w->plural, q->plural)
		: arena_printf(a, "Which %d %s have the largest %s, and from how many %s?", TOP,
			       w->plural, asked_total(a, q->measure), q->plural);
	ret->sql = arena_printf(a,
				"SELECT %s AS %s, %s%s%s\nWHERE %s NOT IN (-1, -2)\nGROUP BY d.%s\n"
				"ORDER BY %s, 1, d.%s\nLIMIT %d",
				w->label, asked_id(a, w->alias), amounts(q, a), table_sql(q, a),
				w->join, w->key, w->surrogate, largest(q, a), w->surrogate, TOP);
	return true;
}

static bool first_ranking(const struct asked *q, struct arena *a, struct question *ret)
{
	return ranking(q, a, 0, ret);
}

static bool second_ranking(const struct asked *q, struct arena *a, struct question *ret)
{
	return ranking(q, a, 1, ret);
}

static bool totals(const struct asked *q, struct arena *a, struct question *ret)
{
	const char *sums = arena_printf(a, "count(*) AS %s", q->alias);
	size_t n = 0;

	for (size_t i = 0; i < q->fact->columns.n && n < TOTALS_MAX; i++) {
		const struct design_column *c = &q->fact->columns.at[i];

		if (asked_adds_up(c)) {
			sums = arena_printf(a, "%s, %s AS %s", sums, asked_shown_sum(a, c),
					    asked_id(a, c->name));
			n++;
		}
	}
	ret->text = arena_printf(a, "How many %s are there in all%s?", q->plural,
				 n > 0 ? ", and what do they add up to" : "");
	ret->sql = arena_printf(a, "SELECT %s%s", sums, table_sql(q, a));
	return true;
}

static bool distinct_members(const struct asked *q, struct arena *a, struct question *ret)
{
	const struct who *w = q->whos.n > 0 ? &q->whos.at[0] : NULL;

	if (w == NULL || !q->dated) {
		return false;
	}
	ret->text = arena_printf(a, "How many different %s have %s in each year of the %s?",
				 w->plural, q->plural, q->when.words);
	ret->sql = arena_printf(
		a,
		"SELECT substr(%s, 1, 4) AS year, count(DISTINCT %s) AS %s%s%s\n"
		"WHERE %s IS NOT NULL AND %s NOT IN (-1, -2)\nGROUP BY 1\nORDER BY 1 DESC\nLIMIT %d",
		q->when.day, w->key, asked_id(a, asked_plural(a, w->alias)), table_sql(q, a),
		q->when.join, q->when.day, w->key, YEARS);
	return true;
}

static bool members_without(const struct asked *q, struct arena *a, struct question *ret)
{
	const struct who *w = q->whos.n > 0 ? &q->whos.at[0] : NULL;

	if (w == NULL) {
		return false;
	}
	ret->text = arena_printf(a, "How many %s have no %s at all?", w->plural, q->singular);
	ret->sql = arena_printf(a,
				"SELECT count(*) AS %s\nFROM %s AS d\nWHERE d.%s NOT IN (-1, -2)\n"
				"  AND d.%s NOT IN (SELECT %s%s)",
				asked_id(a, asked_plural(a, w->alias)),
				asked_id(a, arena_printf(a, "v_%s", w->dimension->name)),
				w->surrogate, w->surrogate, w->key,
				arena_printf(a, " FROM %s AS f", asked_id(a, q->fact->name)));
	return true;
}

/* In the order in which they are asked. */
static bool (*const kinds[])(const struct asked *q, struct arena *a, struct question *ret) = {
	by_level,         by_month,       by_first_cut, first_ranking,   totals,  by_second_cut,
	distinct_members, second_ranking, by_third_cut, members_without, by_year,
};

/* A star without facts can still be counted: its dimensions, by their best attribute. */
static void ask_dimensions(const struct design *design, struct arena *a, struct questions *ret)
{
	for (size_t i = 0; i < design->tables.n && ret->at.n < QUESTIONS_MAX; i++) {
		const struct design_table *t = &design->tables.at[i];
		const struct design_column *key = asked_role(t, ROLE_SURROGATE_KEY);
		const char *name = asked_plural(a, asked_bare(t->name));

		if (t->kind == TABLE_DIMENSION && key != NULL) {
			*LIST_ADD(a, &ret->at) = (struct question){
				.text = arena_printf(a, "How many %s are there?",
						     asked_spaced(a, name)),
				.sql = arena_printf(
					a,
					"SELECT count(*) AS %s\nFROM %s AS d\nWHERE d.%s NOT IN (-1, -2)",
					asked_id(a, name),
					asked_id(a, arena_printf(a, "v_%s", t->name)),
					asked_id(a, key->name)),
			};
		}
	}
}

/* Facts before bridges, then the one with more rows, then by name. */
static int compare_asked(const void *a, const void *b)
{
	const struct asked *x = a;
	const struct asked *y = b;

	if (x->fact->kind != y->fact->kind) {
		return x->fact->kind == TABLE_FACT ? -1 : 1;
	}
	if (x->counts->rows != y->counts->rows) {
		return x->counts->rows > y->counts->rows ? -1 : 1;
	}
	return strcmp(x->fact->name, y->fact->name);
}

void questions_make(const struct design *design, const struct contract *contract, struct arena *a,
		    struct questions *ret)
{
	LIST(struct asked) facts = { 0 };
	struct asked q;

	*ret = (struct questions){ 0 };
	for (size_t i = 0; i < design->tables.n; i++) {
		int kind = design->tables.at[i].kind;

		if ((kind == TABLE_FACT || kind == TABLE_BRIDGE) &&
		    asked_settle(design, contract, &design->tables.at[i], a, &q)) {
			*LIST_ADD(a, &facts) = q;
		}
	}
	if (facts.n > 0) {
		qsort(facts.at, facts.n, sizeof(facts.at[0]), compare_asked);
	}
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t i = 0; i < facts.n && i < FACTS_MAX; i++) {
			struct question made = { 0 };

			if (ret->at.n < QUESTIONS_MAX && kinds[k](&facts.at[i], a, &made)) {
				*LIST_ADD(a, &ret->at) = made;
			}
		}
	}
	if (facts.n == 0) {
		ask_dimensions(design, a, ret);
	}
}
