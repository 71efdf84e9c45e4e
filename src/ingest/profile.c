/*
 * One pass over a table collects the distinct values of every column, with how often and where first; what
 * a column is follows from them, so each distinct value is judged once. Exact, and as large as the distinct
 * values: a table that needs more than PROFILE_VALUES_BYTES for them is refused by name.
 */
#include "ingest/ingest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/calendar.h"
#include "base/check.h"
#include "base/map.h"
#include "base/utf8.h"
#include "ingest/given.h"
#include "ingest/infer.h"
#include "ingest/keys.h"

enum { SHOWN_MAX = 256, VALUE_OVERHEAD = 96 };

struct cell { /* a distinct value */
	int64_t count;
	int64_t line; /* of its first record */
};

struct column {
	struct map *values; /* text as written -> struct cell */
	struct column_tally tally;
	struct column_inferred decision;
	int64_t distinct; /* of the non-null values without the blanks around them */
};

struct pass {
	struct column *columns;
	size_t n;
	size_t bytes; /* an estimate of what the values take */
	struct arena cells;
};

/* ---- the pass ---- */

/* Text for an artefact: no NUL, valid UTF-8, at most max bytes. */
static const char *clean_text(struct arena *a, const char *s, size_t size, size_t max)
{
	struct buf b;
	buf_init(&b, max + sizeof(UTF8_REPLACEMENT));
	for (size_t i = 0; i < size;) {
		bool valid;
		size_t step = utf8_next(s + i, size - i, &valid);
		bool good = valid && s[i] != '\0';
		size_t length = good ? step : sizeof(UTF8_REPLACEMENT) - 1;
		if (b.size + length > max) {
			break;
		}
		buf_add(&b, good ? s + i : UTF8_REPLACEMENT, length);
		i += step;
	}
	const char *text = arena_strndup(a, b.data, b.size);
	buf_release(&b);
	return text;
}

/* A value for people: whole up to SHOWN_MAX bytes, else cut with an ellipsis. */
static const char *shown(struct arena *a, const char *s, size_t size)
{
	if (size <= SHOWN_MAX) {
		return arena_strndup(a, s, size);
	}
	return arena_printf(a, "%.*s\xE2\x80\xA6", (int)utf8_cut(s, size, SHOWN_MAX), s);
}

static void add_rejected(const struct csv_record *record, struct arena *a, struct table_profile *t)
{
	t->rejected_rows++;
	if (t->rejected.n == PROFILE_REJECTED_SHOWN) {
		return;
	}
	*LIST_ADD(a, &t->rejected) = (struct profile_rejected){
		.line = record->line,
		.offset = record->offset,
		.reason = arena_strdup(a, record->rejected),
		.raw = clean_text(a, record->raw, record->raw_size, PROFILE_RAW_MAX),
		.hash = arena_strdup(a, record->hash),
	};
}

static void add_record(struct pass *p, const struct csv_record *record)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct csv_field *f = &record->fields[i];
		void **place = map_at(p->columns[i].values, f->text, f->size);
		if (*place == NULL) {
			struct cell *cell = ARENA_NEW(&p->cells, struct cell);
			cell->line = record->line;
			*place = cell;
			p->bytes += f->size + VALUE_OVERHEAD;
		}
		((struct cell *)*place)->count++;
	}
}

static int read_all(const char *folder, const struct source_file *file, struct pass *p,
		    struct arena *a, struct table_profile *t, struct bldr_error *err)
{
	struct csv_reader *r;
	struct csv_record record;
	int rc = csv_reader_open(folder, file, true, &r, err);
	if (rc != 0) {
		return rc;
	}
	while ((rc = csv_reader_next(r, &record, err)) > 0) {
		if (record.rejected != NULL) {
			add_rejected(&record, a, t);
		} else {
			add_record(p, &record);
			t->rows++;
		}
		if (p->bytes > PROFILE_VALUES_BYTES) {
			rc = bldr_error_set(err, BLDR_E_LIMIT,
					    "the distinct values of \"%s\" take more than %zu bytes",
					    file->path, PROFILE_VALUES_BYTES);
			break;
		}
	}
	csv_reader_close(r);
	return rc;
}

/* ---- one column ---- */

/* A distinct value, looked at with the column's decision. */
struct value {
	const char *text; /* as written */
	size_t size;
	const char *trimmed;
	size_t trimmed_size;
	const struct cell *cell;
	bool null;
	bool conforming; /* of the column's type; then: */
	struct typed_value typed;
};

static void value_at(const struct column *c, size_t i, struct value *ret)
{
	struct value v = { .cell = map_value(c->values, i) };
	v.text = map_key(c->values, i, &v.size);
	v.trimmed_size = v.size;
	v.trimmed = value_trim(v.text, &v.trimmed_size);
	v.null = column_is_null(&c->decision, v.trimmed, v.trimmed_size);
	v.conforming = !v.null && value_read_as(&c->decision, v.trimmed, v.trimmed_size, &v.typed);
	*ret = v;
}

static void tally_column(struct column *c)
{
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value_facts facts;
		const struct cell *cell = map_value(c->values, i);
		size_t size;
		const char *text = map_key(c->values, i, &size);
		text = value_trim(text, &size);
		value_judge(text, size, &facts);
		column_tally_add(&c->tally, &facts, cell->count);
	}
}

/* Every column's type: the tallies of all first, since they say in which order dates are written. */
static void decide_columns(struct pass *p, const struct source_file *file,
			   const struct table_override *said, struct arena *a)
{
	const struct column_tally **tallies =
		ARENA_ARRAY(&p->cells, const struct column_tally *, p->n);
	for (size_t i = 0; i < p->n; i++) {
		tally_column(&p->columns[i]);
		tallies[i] = &p->columns[i].tally;
	}
	enum date_hint hint = table_date_hint(tallies, p->n);
	for (size_t i = 0; i < p->n; i++) {
		struct column *c = &p->columns[i];
		const struct column_context context = {
			.name = file->columns.at[i],
			.speaks_of_date = name_of_date(a, file->columns.at[i]),
			.is_key = (int64_t)map_count(c->values) == c->tally.rows &&
				c->tally.tokens[NULL_ALWAYS] == 0,
			.hint = hint,
		};
		column_infer(&c->tally, &context, &c->decision);
		given_decide(overrides_column(said, context.name), &c->tally, &c->decision);
	}
}

static int compare_tokens(const void *a, const void *b)
{
	const struct token_count *x = a;
	const struct token_count *y = b;
	return strcmp(x->token, y->token);
}

static void count_null(struct arena *a, struct column_profile *p, const struct value *v)
{
	size_t size = v->trimmed_size;
	p->nulls += v->cell->count;
	for (size_t i = 0; i < p->null_tokens.n; i++) {
		struct token_count *t = &p->null_tokens.at[i];
		if (strlen(t->token) == size && memcmp(t->token, v->trimmed, size) == 0) {
			t->count += v->cell->count;
			return;
		}
	}
	*LIST_ADD(a, &p->null_tokens) =
		(struct token_count){ arena_strndup(a, v->trimmed, size), v->cell->count };
}

static int compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int c = memcmp(a, b, a_size < b_size ? a_size : b_size);
	return c != 0 ? c : (a_size > b_size) - (a_size < b_size);
}

static int compare_values(const struct column *c, const struct value *a, const struct value *b)
{
	switch (c->decision.type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_DECIMAL:
		return decimal_compare(a->typed.dec, b->typed.dec);
	case COLUMN_DOUBLE:
		return (a->typed.d > b->typed.d) - (a->typed.d < b->typed.d);
	case COLUMN_BOOL:
	case COLUMN_INT64:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return (a->typed.i > b->typed.i) - (a->typed.i < b->typed.i);
	}
	return compare_bytes(a->text, a->size, b->text, b->size);
}

static const char *double_text(struct arena *a, double d)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d) {
			break;
		}
	}
	return arena_strdup(a, text);
}

static const char *date_text(struct arena *a, int32_t days)
{
	struct ymd d = calendar_ymd(days);
	return arena_printf(a, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static const char *timestamp_text(struct arena *a, int64_t micros, bool zone)
{
	const int64_t day = INT64_C(86400000000);
	int64_t rest = micros % day;
	rest += rest < 0 ? day : 0;
	int64_t days = (micros - rest) / day;
	long long second = (long long)(rest / 1000000);
	return arena_printf(a, "%sT%02lld:%02lld:%02lld.%06lld%s", date_text(a, (int32_t)days),
			    second / 3600, second / 60 % 60, second % 60,
			    (long long)(rest % 1000000), zone ? "Z" : "");
}

static const char *canonical(struct arena *a, const struct column *c, const struct value *v)
{
	char text[DECIMAL_TEXT_MAX];
	struct column_type type = c->decision.type;
	struct decimal d = v->typed.dec;
	switch (type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_BOOL:
		return v->typed.i != 0 ? "true" : "false";
	case COLUMN_INT64:
		return arena_printf(a, "%lld", (long long)v->typed.i);
	case COLUMN_DECIMAL:
		ASSERT(decimal_rescale(d, type.scale, &d));
		decimal_text(d, text);
		return arena_strdup(a, text);
	case COLUMN_DOUBLE:
		return double_text(a, v->typed.d);
	case COLUMN_DATE:
		return date_text(a, (int32_t)v->typed.i);
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return timestamp_text(a, v->typed.i, type.kind == COLUMN_TIMESTAMP);
	}
	return shown(a, v->text, v->size);
}

/* The most frequent values, by count, then by bytes. */
struct top {
	struct value at[PROFILE_TOP_MAX];
	size_t n;
};

static void add_top(struct top *t, const struct value *v)
{
	size_t i = t->n;
	while (i > 0) {
		const struct value *w = &t->at[i - 1];
		if (w->cell->count > v->cell->count ||
		    (w->cell->count == v->cell->count &&
		     compare_bytes(w->text, w->size, v->text, v->size) < 0)) {
			break;
		}
		i--;
	}
	if (i == PROFILE_TOP_MAX) {
		return;
	}
	t->n += t->n < PROFILE_TOP_MAX ? 1 : 0;
	memmove(&t->at[i + 1], &t->at[i], (t->n - i - 1) * sizeof(t->at[0]));
	t->at[i] = *v;
}

/* Values that differ in the blanks around them alone are one key. */
static int64_t distinct_trimmed(const struct column *c)
{
	struct map *seen = map_new();
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		value_at(c, i, &v);
		if (!v.null) {
			*map_at(seen, v.trimmed, v.trimmed_size) = seen;
		}
	}
	size_t n = map_count(seen);
	map_free(seen);
	return (int64_t)n;
}

/* The least and the greatest of the values that are of the column's type. */
struct range {
	bool any;
	struct value min, max;
};

static void widen(const struct column *c, struct range *r, const struct value *v)
{
	if (!v->conforming) {
		return;
	}
	r->min = !r->any || compare_values(c, v, &r->min) < 0 ? *v : r->min;
	r->max = !r->any || compare_values(c, v, &r->max) > 0 ? *v : r->max;
	r->any = true;
}

static void describe_values(struct arena *a, struct column *c, struct column_profile *p)
{
	bool padded = false;
	struct range range = { .any = false };
	struct top top = { .n = 0 };
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		value_at(c, i, &v);
		if (v.null) {
			count_null(a, p, &v);
			continue;
		}
		padded = padded || v.trimmed_size != v.size;
		p->padded += v.trimmed_size != v.size ? v.cell->count : 0;
		int64_t length = (int64_t)utf8_count(v.text, v.size);
		bool first = p->distinct == 0;
		widen(c, &range, &v);
		if (c->decision.given && !v.conforming) {
			c->decision.nonconforming += v.cell->count;
		}
		p->min_length = first || length < p->min_length ? length : p->min_length;
		p->max_length = first || length > p->max_length ? length : p->max_length;
		p->distinct++;
		add_top(&top, &v);
	}
	c->distinct = padded ? distinct_trimmed(c) : p->distinct;
	if (range.any) {
		p->min = canonical(a, c, &range.min);
		p->max = canonical(a, c, &range.max);
	}
	for (size_t i = 0; i < top.n; i++) {
		*LIST_ADD(a, &p->top) =
			(struct token_count){ shown(a, top.at[i].text, top.at[i].size),
					      top.at[i].cell->count };
	}
	if (p->null_tokens.n > 1) {
		qsort(p->null_tokens.at, p->null_tokens.n, sizeof(*p->null_tokens.at),
		      compare_tokens);
	}
}

static void describe_dates(struct arena *a, const struct column *c, struct column_profile *p)
{
	size_t formats[DATE_FORMATS];
	size_t n = column_formats(&c->tally, &c->decision, formats);
	for (size_t i = 0; i < n; i++) {
		*LIST_ADD(a, &p->date_formats) =
			(struct date_format){ date_formats[formats[i]],
					      c->tally.formats[formats[i]] };
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

/*
 * The narrower type that at least half of the rows have although not all do: what the column would be
 * without its exceptions. False when there is none.
 */
static bool near_type(const struct column *c, struct column_inferred *ret)
{
	static const enum column_kind kinds[] = { COLUMN_BOOL,      COLUMN_INT64,
						  COLUMN_DECIMAL,   COLUMN_DOUBLE,
						  COLUMN_TIMESTAMP, COLUMN_TIMESTAMP_NTZ };
	const struct column_tally *t = &c->tally;
	int64_t best = 0;
	struct column_inferred near = c->decision;
	bool number = near.type.kind == COLUMN_DECIMAL || near.type.kind == COLUMN_DOUBLE;
	if ((near.type.kind != COLUMN_TEXT && !number) || near.formatted) {
		return false;
	}
	near.type = (struct column_type){ 0 };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (t->kinds[k] > best && t->kinds[k] < t->rows) {
			best = t->kinds[k];
			near.type.kind = kinds[k];
			near.format = COLUMN_NO_FORMAT;
		}
	}
	if (t->formats[c->decision.format % DATE_FORMATS] > best) {
		near.format = c->decision.format;
		best = t->formats[near.format];
		near.type.kind = near.format < DATE_TIMES ? COLUMN_DATE : COLUMN_TIMESTAMP_NTZ;
	}
	*ret = near;
	return best * 2 >= t->rows && best < t->rows;
}

static void describe_exceptions(struct arena *a, const struct column *c, struct column_profile *p)
{
	struct column_inferred near = c->decision;
	if (c->decision.nonconforming == 0 && !near_type(c, &near)) {
		return;
	}
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		struct typed_value typed;
		value_at(c, i, &v);
		if (v.null || value_read_as(&near, v.trimmed, v.trimmed_size, &typed)) {
			continue;
		}
		*LIST_ADD(a, &p->exceptions) =
			(struct profile_exception){ v.cell->line, shown(a, v.text, v.size) };
		if (p->exceptions.n == PROFILE_EXCEPTIONS_MAX) {
			break;
		}
	}
}

static struct column_profile describe(struct arena *a, struct column *c, const char *name,
				      size_t ordinal)
{
	char type[COLUMN_TYPE_TEXT_MAX];
	struct column_profile p = {
		.name = arena_strdup(a, name),
		.ordinal = (int64_t)ordinal,
		.leading_zeros = c->tally.kinds[__builtin_ctz(VALUE_LEADING_ZEROS)],
	};
	column_type_text(c->decision.type, type);
	p.type = arena_strdup(a, type);
	describe_values(a, c, &p);
	p.nonconforming = c->decision.nonconforming;
	describe_dates(a, c, &p);
	describe_number(a, &c->decision, &p);
	describe_exceptions(a, c, &p);
	return p;
}

int ingest_profile_table(const char *folder, const struct source_file *file,
			 const struct table_override *said, struct arena *a,
			 struct table_profile *ret, struct bldr_error *err)
{
	struct table_profile t = { .table = arena_strdup(a, file->table),
				   .path = arena_strdup(a, file->path) };
	struct pass p = { .n = file->columns.n };
	p.columns = xcalloc(p.n, sizeof(*p.columns));
	for (size_t i = 0; i < p.n; i++) {
		p.columns[i].values = map_new();
	}

	int rc = read_all(folder, file, &p, a, &t, err);
	if (rc == 0) {
		int64_t *distinct = ARENA_ARRAY(&p.cells, int64_t, p.n);
		decide_columns(&p, file, said, a);
		for (size_t i = 0; i < p.n && rc == 0; i++) {
			struct column_profile c =
				describe(a, &p.columns[i], file->columns.at[i], i);
			*LIST_ADD(a, &t.columns) = c;
			distinct[i] = p.columns[i].distinct;
			rc = given_fits(overrides_column(said, c.name), &p.columns[i].decision,
					file->table, t.rows - c.nulls, err);
		}
		struct name name = name_of_table(a, file->table, name_layer_prefix(a, file->table));
		if (rc == 0) {
			keys_single(a, &t, &name, distinct);
			*ret = t;
		}
	}

	for (size_t i = 0; i < p.n; i++) {
		map_free(p.columns[i].values);
	}
	free(p.columns);
	arena_release(&p.cells);
	return rc;
}
