/* What a column comes to, once all is read: from its distinct values where they are all there, else from what was taken. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "ingest/fingerprint.h"
#include "ingest/profile_column.h"

static bool is_data(const struct column *c, const struct distinct_value *d)
{
	size_t size = d->size;
	const char *trimmed = value_trim(d->text, &size);
	return !verdict_null(&c->verdict, judge_null_class(trimmed, size));
}

/* Whether the i-th distinct value is one; those that an estimating column keeps all are. */
static bool is_value(const struct column *c, size_t i)
{
	return c->estimating || is_data(c, &c->values.at[i]);
}

/* ---- distinct ---- */

/* Values that differ in the blanks around them alone are one key. */
int64_t column_count_trimmed(const struct column *c)
{
	struct map *seen = map_new();
	for (size_t i = 0; i < c->values.n; i++) {
		if (is_value(c, i)) {
			size_t size = c->values.at[i].size;
			const char *trimmed = value_trim(c->values.at[i].text, &size);
			*map_at(seen, trimmed, size) = seen;
		}
	}
	size_t n = map_count(seen);
	map_free(seen);
	return (int64_t)n;
}

static int64_t count_written(const struct column *c)
{
	int64_t n = 0;
	for (size_t i = 0; i < c->values.n; i++) {
		n += is_value(c, i) ? 1 : 0;
	}
	return n;
}

int64_t column_distinct(const struct column *c, bool *ret_exact)
{
	*ret_exact = !c->estimating || c->proving || c->rising;
	if (c->rising) {
		return c->found.rows;
	}
	if (c->proving) {
		return (int64_t)c->fingerprints.n; /* settled */
	}
	if (!c->estimating) {
		return c->padded > 0 ? column_count_trimmed(c) : count_written(c);
	}
	/* never as many as rows: nobody shall take an estimate for a proof */
	int64_t n = hll_estimate(c->registers);
	int64_t rows = c->found.rows;
	n = n < rows ? n : rows - 1;
	return n > 1 ? n : 1;
}

/* The smallest fingerprints, without a sketch where all are there and sorted. */
static struct column_sketch sketch(struct column *c, struct arena *a)
{
	struct column_sketch s = { .n = 0 };
	bool exact;
	const uint64_t *hashes;
	for (size_t i = 0; !c->estimating && i < c->values.n; i++) {
		if (is_value(c, i)) {
			size_t size = c->values.at[i].size;
			const char *trimmed = value_trim(c->values.at[i].text, &size);
			sketch_k_add(&c->smallest, fingerprint(trimmed, size));
		}
	}
	if (c->proving) {
		hashes = c->fingerprints.at;
		s.n = c->fingerprints.n < SKETCH_HASHES ? c->fingerprints.n : SKETCH_HASHES;
	} else {
		s.n = sketch_k_end(&c->smallest, &hashes);
	}
	s.hashes = arena_copy(a, hashes, s.n * sizeof(*hashes));
	s.distinct = column_distinct(c, &exact);
	s.distinct = s.distinct > (int64_t)s.n ? s.distinct : (int64_t)s.n;
	s.estimated = !exact;
	return s;
}

/* ---- the most frequent values ---- */

struct top {
	const struct distinct_value *at[PROFILE_TOP_MAX];
	size_t n;
};

static int compare_texts(const struct distinct_value *a, const struct distinct_value *b)
{
	int c = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
	return c != 0 ? c : (a->size > b->size) - (a->size < b->size);
}

/* By count, then by bytes. */
static void add_top(struct top *t, const struct distinct_value *v)
{
	size_t i = t->n;
	while (i > 0) {
		const struct distinct_value *w = t->at[i - 1];
		if (w->count > v->count || (w->count == v->count && compare_texts(w, v) < 0)) {
			break;
		}
		i--;
	}
	if (i == PROFILE_TOP_MAX) {
		return;
	}
	t->n += t->n < PROFILE_TOP_MAX ? 1 : 0;
	for (size_t k = t->n - 1; k > i; k--) {
		t->at[k] = t->at[k - 1];
	}
	t->at[i] = v;
}

static void describe_top(struct arena *a, const struct column *c, struct column_profile *p)
{
	struct top top = { .n = 0 };
	for (size_t i = 0; i < c->values.n; i++) {
		if (is_value(c, i)) {
			add_top(&top, &c->values.at[i]);
		}
	}
	for (size_t i = 0; i < c->pending.n; i++) {
		if (is_data(c, &c->pending.at[i])) {
			add_top(&top, &c->pending.at[i]);
		}
	}
	for (size_t i = 0; i < top.n; i++) {
		*LIST_ADD(a, &p->top) =
			(struct token_count){ value_shown(a, top.at[i]->text, top.at[i]->size),
					      top.at[i]->count };
	}
}

/* ---- quantiles ---- */

struct weighed {
	struct typed_value value;
	int64_t rows;
};

struct weights {
	struct weighed *at;
	size_t n;
	int64_t rows;
};

static void weigh(struct weights *w, const struct column *c, const char *text, size_t size,
		  int64_t rows)
{
	struct plain plain;
	struct weighed *to = &w->at[w->n];
	const char *trimmed = value_trim(text, &size);
	if (verdict_null(&c->verdict, judge_null_class(trimmed, size))) {
		return;
	}
	plain_scan(trimmed, size, &plain);
	*to = (struct weighed){ .rows = rows };
	if (verdict_read(&c->verdict, trimmed, size, &plain, &to->value) == CONFORMS) {
		w->n++;
		w->rows += rows;
	}
}

static int compare_weighed(const void *a, const void *b, void *verdict)
{
	return verdict_compare(verdict, &((const struct weighed *)a)->value,
			       &((const struct weighed *)b)->value);
}

/* The smallest value that at least the share of the rows does not exceed. */
static void describe_quantiles(struct arena *a, struct column *c, size_t sampled,
			       struct column_profile *p)
{
	static const struct {
		const char *at;
		int64_t percent;
	} shares[] = {
		{ "0.05", 5 }, { "0.25", 25 }, { "0.50", 50 }, { "0.75", 75 }, { "0.95", 95 }
	};
	struct weights w = { .n = 0 };
	enum column_kind kind = c->verdict.column.type.kind;
	if (kind == COLUMN_TEXT || kind == COLUMN_BOOL) {
		return;
	}
	w.at = xcalloc((c->estimating ? sampled : c->values.n) + 1, sizeof(*w.at));
	const char *field = c->sample;
	for (size_t i = 0; c->estimating && i < sampled; i++) {
		size_t size = (unsigned char)*field;
		weigh(&w, c, field + 1, size, 1);
		field += size + 1;
	}
	for (size_t i = 0; !c->estimating && i < c->values.n; i++) {
		weigh(&w, c, c->values.at[i].text, c->values.at[i].size, c->values.at[i].count);
	}
	qsort_r(w.at, w.n, sizeof(*w.at), compare_weighed, &c->verdict);
	size_t i = 0;
	int64_t below = 0; /* rows of the values before the i-th */
	for (size_t s = 0; w.n > 0 && s < sizeof(shares) / sizeof(shares[0]); s++) {
		while ((below + w.at[i].rows) * 100 < shares[s].percent * w.rows) {
			below += w.at[i++].rows;
		}
		*LIST_ADD(a, &p->quantiles) =
			(struct quantile){ shares[s].at,
					   verdict_text(a, &c->verdict, &w.at[i].value) };
	}
	free(w.at);
}

/* ---- the rest ---- */

static int compare_tokens(const void *a, const void *b)
{
	const struct token_count *x = a;
	const struct token_count *y = b;
	return strcmp(x->token, y->token);
}

static void describe_nulls(struct arena *a, const struct column *c, struct column_profile *p)
{
	p->nulls = c->nulls;
	for (size_t i = 0; i < c->null_tokens.n; i++) {
		const struct token_count *t = &c->null_tokens.at[i];
		*LIST_ADD(a, &p->null_tokens) =
			(struct token_count){ arena_strdup(a, t->token), t->count };
	}
	if (p->null_tokens.n > 1) {
		qsort(p->null_tokens.at, p->null_tokens.n, sizeof(*p->null_tokens.at),
		      compare_tokens);
	}
}

static void describe_dates(struct arena *a, const struct column *c, struct column_profile *p)
{
	const struct column_tally *t = &c->judge.tally;
	size_t formats[DATE_FORMATS];
	size_t n = column_formats(t, &c->verdict.column, formats);
	for (size_t i = 0; i < n; i++) {
		*LIST_ADD(a, &p->date_formats) =
			(struct date_format){ date_formats[formats[i]], t->formats[formats[i]] };
	}
}

static void describe_number(struct arena *a, const struct column_inferred *d,
			    struct column_profile *p)
{
	const struct amount_format *f = &d->number;
	if (!d->formatted) {
		return;
	}
	p->number = ARENA_NEW(a, struct number_format);
	*p->number = (struct number_format){
		.decimal_mark = arena_strndup(a, &amount_readings[f->reading][0], 1),
		.group_mark = arena_strndup(a, &amount_readings[f->reading][1],
					    amount_readings[f->reading][1] != 0),
		.percent = f->percent,
		.parentheses = f->parentheses,
		.trailing_minus = f->trailing_minus,
		.evidence = arena_strdup(a, d->evidence),
	};
	for (size_t i = 0; i < AMOUNT_CURRENCIES; i++) {
		if ((f->currencies & UINT32_C(1) << i) != 0) {
			*LIST_ADD(a, &p->number->currencies) = amount_currencies[i];
		}
	}
}

static void describe_bounds(struct arena *a, const struct column *c, struct column_profile *p)
{
	const struct observed *f = &c->found;
	if (!f->any) {
		return;
	}
	if (c->verdict.column.type.kind == COLUMN_TEXT) {
		p->min = value_shown(a, f->first.text, f->first.size);
		p->max = value_shown(a, f->last.text, f->last.size);
	} else {
		p->min = verdict_text(a, &c->verdict, &f->min);
		p->max = verdict_text(a, &c->verdict, &f->max);
	}
}

struct column_profile column_describe(struct column *c, size_t ordinal, size_t sampled,
				      struct arena *a, struct column_sketch *ret_sketch)
{
	char type[COLUMN_TYPE_TEXT_MAX];
	bool exact;
	if (c->proving) {
		unique_settle(&c->fingerprints);
	}
	if (c->verdict.column.given) {
		c->verdict.column.nonconforming = c->found.nonconforming;
	}
	struct column_profile p = {
		.name = arena_strdup(a, c->name),
		.ordinal = (int64_t)ordinal,
		.min_length = c->min_length,
		.max_length = c->max_length,
		.padded = c->padded,
		.leading_zeros = c->judge.tally.kinds[__builtin_ctz(VALUE_LEADING_ZEROS)],
		.nonconforming = c->verdict.column.nonconforming,
	};
	column_type_text(c->verdict.column.type, type);
	p.type = arena_strdup(a, type);
	p.distinct = column_distinct(c, &exact);
	if (!c->estimating && c->padded > 0) {
		p.distinct = count_written(c);
	}
	p.distinct_estimated = !exact;
	for (size_t i = 0; i < c->found.exceptions.n; i++) {
		const struct profile_exception *e = &c->found.exceptions.at[i];
		*LIST_ADD(a, &p.exceptions) =
			(struct profile_exception){ e->line, arena_strdup(a, e->text) };
	}
	describe_nulls(a, c, &p);
	describe_bounds(a, c, &p);
	describe_top(a, c, &p);
	describe_dates(a, c, &p);
	describe_number(a, &c->verdict.column, &p);
	describe_quantiles(a, c, sampled, &p);
	*ret_sketch = sketch(c, a);
	return p;
}
