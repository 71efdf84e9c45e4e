/*
 * C1: a repair that changes the design makes a new contract. What the files themselves amount to is none of the design's
 * business: records per file, and the total of every column that is a measure in both, over rows and left out records
 * alike, must be the same. The finding holds both contracts side by side.
 */
#include "checks/trial.h"

#include <string.h>

#include "checks/summary.h"

/* One of the two, and the design that it belongs to. */
struct side {
	const struct contract *contract;
	const struct design *design;
	const struct contract_source *source;
};

/* A column of the file that is a measure of some fact. */
struct base {
	const char *column;
	struct column_type type;
	const char *total;
};

typedef LIST(struct base) bases;

static const struct design_table *table_of(const struct design *d, const char *name)
{
	for (size_t i = 0; i < d->tables.n; i++) {
		if (strcmp(d->tables.at[i].name, name) == 0) {
			return &d->tables.at[i];
		}
	}
	return NULL;
}

static const struct design_column *column_of(const struct design_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].name, name) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

static bool is_own(const struct design_table *t, const struct side *s)
{
	return t != NULL && t->source != NULL && strcmp(t->source, s->source->table) == 0;
}

static int add_base(const struct trial *t, const struct design_column *c,
		    const struct contract_measure *m, bases *ret, struct bldr_error *err)
{
	struct base b = { .column = c->origins.at[0].column };
	struct total total = { 0 };
	if (c->origins.at[0].kind != ORIGIN_COLUMN || !column_type_parse(c->type, &b.type)) {
		return 0;
	}
	total_add(&total, b.type, m->sum);
	total_add(&total, b.type, m->left_out);
	int rc = total_text(&total, b.type, m->column, t->arena, &b.total, err);
	*LIST_ADD(t->arena, ret) = b;
	return rc;
}

static int bases_of(const struct trial *t, const struct side *s, bases *ret, struct bldr_error *err)
{
	int rc = 0;
	for (size_t i = 0; i < s->contract->tables.n; i++) {
		const struct contract_table *c = &s->contract->tables.at[i];
		const struct design_table *d = table_of(s->design, c->table);
		for (size_t m = 0; rc == 0 && is_own(d, s) && m < c->measures.n; m++) {
			const struct design_column *column = column_of(d, c->measures.at[m].column);
			rc = column != NULL ? add_base(t, column, &c->measures.at[m], ret, err) : 0;
		}
	}
	return rc;
}

static const char *side_words(const struct trial *t, const struct side *s, const bases *b)
{
	const char *words = arena_printf(t->arena, "contract v%lld: %lld records, %lld set aside",
					 (long long)s->contract->head.version,
					 (long long)s->source->rows,
					 (long long)s->source->rejected);
	for (size_t i = 0; i < b->n; i++) {
		words = arena_printf(t->arena, "%s; %s %s", words, b->at[i].column,
				     b->at[i].total != NULL ? b->at[i].total : "nothing");
	}
	for (size_t i = 0; i < s->contract->tables.n; i++) {
		const struct contract_table *c = &s->contract->tables.at[i];
		if (is_own(table_of(s->design, c->table), s)) {
			words = arena_printf(t->arena, "%s; %s: %lld rows of %lld keys", words,
					     c->table, (long long)c->rows,
					     (long long)c->grain_distinct);
		}
	}
	return words;
}

static bool same_bases(const struct trial *t, const bases *old, const bases *now, struct verdict *v)
{
	bool same = true;
	for (size_t i = 0; i < old->n; i++) {
		for (size_t k = 0; k < now->n; k++) {
			const struct base *a = &old->at[i], *b = &now->at[k];
			if (strcmp(a->column, b->column) == 0 && a->type.kind == b->type.kind &&
			    a->type.scale == b->type.scale &&
			    !total_texts_equal(a->type, a->total, b->total)) {
				same = false;
				trial_sample(t, v, "%s: %s before, %s now", a->column,
					     a->total != NULL ? a->total : "nothing",
					     b->total != NULL ? b->total : "nothing");
			}
		}
	}
	return same;
}

static int compare(struct trial *t, const struct side *old, const struct side *now,
		   struct bldr_error *err)
{
	bases before = { 0 }, after = { 0 };
	int rc = bases_of(t, old, &before, err);
	rc = rc < 0 ? rc : bases_of(t, now, &after, err);
	if (rc < 0) {
		return rc;
	}
	struct verdict v = {
		.expected = side_words(t, old, &before),
		.found = side_words(t, now, &after),
		.blame = "analyst",
		.why = "another design changes what the file itself amounts to: one of them reads it "
		       "wrong",
	};
	bool totals = same_bases(t, &before, &after, &v);
	v.passed = totals && old->source->rows == now->source->rows &&
		old->source->rejected == now->source->rejected;
	trial_report(t, "C1", old->source->table, &v);
	return 0;
}

static const struct contract_source *source_of(const struct contract *c,
					       const struct contract_source *like)
{
	for (size_t i = 0; i < c->sources.n; i++) {
		const struct contract_source *s = &c->sources.at[i];
		if (strcmp(s->table, like->table) == 0 && strcmp(s->hash, like->hash) == 0) {
			return s;
		}
	}
	return NULL;
}

int check_redesign(struct trial *t, struct bldr_error *err)
{
	struct side old = { .contract = t->in->superseded, .design = t->in->superseded_design };
	struct side now = { .contract = t->in->contract, .design = t->in->design };
	int rc = 0;
	for (size_t i = 0; rc == 0 && old.contract != NULL && i < old.contract->sources.n; i++) {
		old.source = &old.contract->sources.at[i];
		now.source = source_of(now.contract, old.source);
		rc = now.source != NULL ? compare(t, &old, &now, err) : 0;
	}
	return rc;
}
