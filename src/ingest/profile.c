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
	bool codes, words; /* all values that are no null token are */
	struct column_type type;
	size_t format;
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

/* A distinct value, looked at with the column's decision about nulls. */
struct value {
	const char *text; /* as written */
	size_t size;
	const struct cell *cell;
	bool null;
	struct value_facts facts; /* not when null */
};

static void value_at(const struct column *c, size_t i, struct value *ret)
{
	struct value v = { .cell = map_value(c->values, i) };
	v.text = map_key(c->values, i, &v.size);
	size_t size = v.size;
	const char *trimmed = value_trim(v.text, &size);
	enum null_class class = value_null_class(trimmed, size);
	v.null = class == NULL_ALWAYS || (class == NULL_UNLESS_CODES && !c->codes) ||
		(class == NULL_UNLESS_WORDS && !c->words);
	if (!v.null) {
		value_infer(trimmed, size, &v.facts);
	}
	*ret = v;
}

/* Whether NA and none are data here: decided by all values that are no null token. */
static void decide_nulls(struct column *c)
{
	bool codes = true;
	bool words = true;
	bool any = false;
	for (size_t i = 0; i < map_count(c->values); i++) {
		size_t size;
		const char *text = map_key(c->values, i, &size);
		text = value_trim(text, &size);
		if (value_null_class(text, size) == NULL_NEVER) {
			any = true;
			codes = codes && value_is_code(text, size);
			words = words && value_is_word(text, size);
		}
	}
	c->codes = any && codes;
	c->words = any && words;
}

static void decide_type(struct column *c, bool dates)
{
	decide_nulls(c);
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		value_at(c, i, &v);
		if (!v.null) {
			column_tally_add(&c->tally, &v.facts, v.cell->count);
		}
	}
	c->type = column_tally_type(&c->tally, dates, &c->format);
}

static int compare_tokens(const void *a, const void *b)
{
	const struct token_count *x = a;
	const struct token_count *y = b;
	return strcmp(x->token, y->token);
}

static void count_null(struct arena *a, struct column_profile *p, const struct value *v)
{
	size_t size = v->size;
	const char *trimmed = value_trim(v->text, &size);
	p->nulls += v->cell->count;
	for (size_t i = 0; i < p->null_tokens.n; i++) {
		struct token_count *t = &p->null_tokens.at[i];
		if (strlen(t->token) == size && memcmp(t->token, trimmed, size) == 0) {
			t->count += v->cell->count;
			return;
		}
	}
	*LIST_ADD(a, &p->null_tokens) =
		(struct token_count){ arena_strndup(a, trimmed, size), v->cell->count };
}

static int compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int c = memcmp(a, b, a_size < b_size ? a_size : b_size);
	return c != 0 ? c : (a_size > b_size) - (a_size < b_size);
}

static int compare_values(const struct column *c, const struct value *a, const struct value *b)
{
	int32_t x;
	int32_t y;
	switch (c->type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_DECIMAL:
		return decimal_compare(a->facts.dec, b->facts.dec);
	case COLUMN_DOUBLE:
		return (a->facts.d > b->facts.d) - (a->facts.d < b->facts.d);
	case COLUMN_DATE: {
		size_t a_size = a->size;
		size_t b_size = b->size;
		const char *s = value_trim(a->text, &a_size);
		const char *t = value_trim(b->text, &b_size);
		ASSERT(date_match(c->format, s, a_size, &x));
		ASSERT(date_match(c->format, t, b_size, &y));
		return (x > y) - (x < y);
	}
	case COLUMN_BOOL:
	case COLUMN_INT64:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return (a->facts.i > b->facts.i) - (a->facts.i < b->facts.i);
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
	struct decimal d = v->facts.dec;
	int32_t days;
	size_t size = v->size;
	const char *trimmed = value_trim(v->text, &size);
	switch (c->type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_BOOL:
		return v->facts.i != 0 ? "true" : "false";
	case COLUMN_INT64:
		return arena_printf(a, "%lld", (long long)v->facts.i);
	case COLUMN_DECIMAL:
		ASSERT(decimal_rescale(d, c->type.scale, &d));
		decimal_text(d, text);
		return arena_strdup(a, text);
	case COLUMN_DOUBLE:
		return double_text(a, v->facts.d);
	case COLUMN_DATE:
		ASSERT(date_match(c->format, trimmed, size, &days));
		return date_text(a, days);
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return timestamp_text(a, v->facts.i, c->type.kind == COLUMN_TIMESTAMP);
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
			const char *trimmed = value_trim(v.text, &v.size);
			*map_at(seen, trimmed, v.size) = seen;
		}
	}
	size_t n = map_count(seen);
	map_free(seen);
	return (int64_t)n;
}

static void describe_values(struct arena *a, struct column *c, struct column_profile *p)
{
	bool padded = false;
	struct value min, max;
	struct top top = { .n = 0 };
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		value_at(c, i, &v);
		if (v.null) {
			count_null(a, p, &v);
			continue;
		}
		size_t size = v.size;
		value_trim(v.text, &size);
		padded = padded || size != v.size;
		int64_t length = (int64_t)utf8_count(v.text, v.size);
		bool first = p->distinct == 0;
		min = first || compare_values(c, &v, &min) < 0 ? v : min;
		max = first || compare_values(c, &v, &max) > 0 ? v : max;
		p->min_length = first || length < p->min_length ? length : p->min_length;
		p->max_length = first || length > p->max_length ? length : p->max_length;
		p->distinct++;
		add_top(&top, &v);
	}
	c->distinct = padded ? distinct_trimmed(c) : p->distinct;
	if (p->distinct > 0) {
		p->min = canonical(a, c, &min);
		p->max = canonical(a, c, &max);
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
	struct column_tally t = c->tally;
	for (;;) {
		size_t best = column_tally_format(&t);
		if (t.formats[best] <= 0) {
			break;
		}
		*LIST_ADD(a, &p->date_formats) =
			(struct date_format){ date_formats[best], t.formats[best] };
		t.formats[best] = 0;
	}
}

/*
 * The narrower type that at least half of the rows have although not all do: what the column would be
 * without its exceptions. False when there is none.
 */
static bool near_type(const struct column *c, struct column_type *ret)
{
	static const enum column_kind kinds[VALUE_KINDS] = {
		COLUMN_BOOL,   COLUMN_INT64,     COLUMN_DECIMAL,
		COLUMN_DOUBLE, COLUMN_TIMESTAMP, COLUMN_TIMESTAMP_NTZ
	};
	const struct column_tally *t = &c->tally;
	int64_t best = 0;
	struct column_type type = { 0 };
	bool number = c->type.kind == COLUMN_DECIMAL || c->type.kind == COLUMN_DOUBLE;
	if (c->type.kind != COLUMN_TEXT && !number) {
		return false;
	}
	for (size_t k = 0; k < VALUE_KINDS; k++) {
		if (t->kinds[k] > best && t->kinds[k] < t->rows) {
			best = t->kinds[k];
			type.kind = kinds[k];
		}
	}
	if (t->formats[c->format] > best) {
		best = t->formats[c->format];
		type.kind = COLUMN_DATE;
	}
	*ret = type;
	return best * 2 >= t->rows && best < t->rows;
}

static void describe_exceptions(struct arena *a, const struct column *c, struct column_profile *p)
{
	struct column_type near;
	if (!near_type(c, &near)) {
		return;
	}
	for (size_t i = 0; i < map_count(c->values); i++) {
		struct value v;
		value_at(c, i, &v);
		if (v.null || value_has_type(&v.facts, near, c->format)) {
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
	struct column_profile p = { .name = arena_strdup(a, name), .ordinal = (int64_t)ordinal };
	decide_type(c, name_of_date(a, name));
	column_type_text(c->type, type);
	p.type = arena_strdup(a, type);
	describe_values(a, c, &p);
	describe_dates(a, c, &p);
	describe_exceptions(a, c, &p);
	return p;
}

int ingest_profile_table(const char *folder, const struct source_file *file, struct arena *a,
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
		for (size_t i = 0; i < p.n; i++) {
			*LIST_ADD(a, &t.columns) =
				describe(a, &p.columns[i], file->columns.at[i], i);
			distinct[i] = p.columns[i].distinct;
		}
		struct name name = name_of_table(a, file->table, name_layer_prefix(a, file->table));
		keys_single(a, &t, &name, distinct);
		*ret = t;
	}

	for (size_t i = 0; i < p.n; i++) {
		map_free(p.columns[i].values);
	}
	free(p.columns);
	arena_release(&p.cells);
	return rc;
}
