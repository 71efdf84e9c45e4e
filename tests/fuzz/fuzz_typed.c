/*
 * A column of values, one per line, as three modules read it: ingest decides which values are null and the
 * type of the others; the expressions read that type as the mapping does; the Tester types by its own
 * rules. A value that ingest found to be of a type has the same canonical text for the other two, and what it says
 * does not conform is null in the expressions. Which order dates are written in is each one's own decision:
 * where the Tester's is another than ingest's, the column is ambiguous and every value a date in both.
 */
#include <stdlib.h>

#include "checks/values.h"
#include "expr/function.h"
#include "fuzz/fuzz.h"
#include "ingest/infer.h"

enum { VALUES_MAX = 64 };

struct column {
	const char *values[VALUES_MAX];
	size_t n;
	struct column_inferred inferred; /* ingest's */
	struct column_decision decision; /* the Tester's */
};

static void split(char *text, struct column *c)
{
	while (c->n < VALUES_MAX) {
		char *end = strchr(text, '\n');
		c->values[c->n++] = text;
		if (end == NULL) {
			return;
		}
		*end = '\0';
		text = end + 1;
	}
}

static const char *trimmed(const char *value, size_t *size)
{
	*size = strlen(value);
	return value_trim(value, size);
}

static bool is_null(const struct column *c, const char *value)
{
	size_t size;
	const char *s = trimmed(value, &size);
	return column_is_null(&c->inferred, s, size);
}

/* Halves of a column, merged, are the column. The counts fit each other. */
static void decide_type(struct column *c)
{
	static const struct column_context context = { .name = "day", .speaks_of_date = true };
	struct column_tally tally = { 0 };
	struct column_tally parts[2] = { { 0 }, { 0 } };
	for (size_t i = 0; i < c->n; i++) {
		struct value_facts facts;
		size_t size;
		const char *s = trimmed(c->values[i], &size);
		value_judge(s, size, &facts);
		column_tally_add(&tally, &facts, 1);
		column_tally_add(&parts[i % 2], &facts, 1);
	}
	column_tally_merge(&parts[0], &parts[1]);
	ASSERT(memcmp(&parts[0], &tally, sizeof(tally)) == 0);
	column_infer(&tally, &context, &c->inferred);
}

/* What ingest types and the expressions refuse: offsets on the calendar's first and last day. */
static bool refused_on_purpose(const struct column *c, const char *s)
{
	enum column_kind kind = c->inferred.type.kind;
	return (kind == COLUMN_TIMESTAMP || kind == COLUMN_TIMESTAMP_NTZ) &&
		(strncmp(s, "0001-01-01", 10) == 0 || strncmp(s, "9999-12-31", 10) == 0);
}

/* The counts of nulls and of values that do not conform are those of the values. */
static void check_counts(const struct column *c)
{
	int64_t nulls = 0;
	int64_t nonconforming = 0;
	struct typed_value typed;
	for (size_t i = 0; i < c->n; i++) {
		size_t size;
		const char *s = trimmed(c->values[i], &size);
		bool null = is_null(c, c->values[i]);
		nulls += null;
		nonconforming += !null && !value_read_as(&c->inferred, s, size, &typed);
	}
	ASSERT(nulls == c->inferred.nulls && nonconforming == c->inferred.nonconforming);
}

static enum date_order order_of(const char *format)
{
	if (format[0] == 'y') {
		return strcmp(format, "yyyy-dd-MM") == 0 ? ORDER_YDM : ORDER_YMD;
	}
	return format[0] == 'd' ? ORDER_DMY : ORDER_MDY;
}

/* The typed value that ingest shows, as the expressions' canonical text. */
static struct expr_value ingest_value(const struct column *c, const struct typed_value *t)
{
	struct expr_value v = { .type = c->inferred.type, .i = t->i, .dec = t->dec, .d = t->d };
	if (v.type.kind == COLUMN_DECIMAL) {
		ASSERT(decimal_rescale(t->dec, v.type.scale, &v.dec));
	}
	return v;
}

static void check_tester(const struct column *c, const char *value, const char *text,
			 struct arena *a)
{
	const char *theirs = value_typed(&c->decision, c->inferred.type, value, a);
	ASSERT(theirs != NULL);
	if (c->inferred.type.kind == COLUMN_DOUBLE) {
		ASSERT(strtod(theirs, NULL) == strtod(text, NULL));
	} else if (c->inferred.type.kind != COLUMN_DATE ||
		   c->decision.dates.order == order_of(date_formats[c->inferred.format])) {
		ASSERT(strcmp(text, theirs) == 0);
	}
}

static bool is_plain(const struct column *c)
{
	return !c->inferred.formatted && c->inferred.nonconforming == 0 &&
		(c->inferred.format <= DATE_COMPACT || c->inferred.format == COLUMN_NO_FORMAT ||
		 c->inferred.type.kind < COLUMN_DATE);
}

static void check_value(const struct column *c, const char *value, struct arena *a)
{
	size_t size;
	const char *s = trimmed(value, &size);
	struct typed_value typed;
	struct expr_value v;
	struct buf text;
	struct buf mine;
	if (c->inferred.type.kind == COLUMN_TEXT || !value_read_as(&c->inferred, s, size, &typed)) {
		return;
	}
	buf_init(&text, 1 << 20);
	buf_init(&mine, 1 << 20);
	v = ingest_value(c, &typed);
	ASSERT(refused_on_purpose(c, s) || expr_value_text(&v, &mine));
	if (is_plain(c) && c->inferred.type.kind != COLUMN_DATE) {
		value_read(&v, c->inferred.type, s, size, a);
		ASSERT(!v.null || refused_on_purpose(c, s));
	}
	if (!v.null && !refused_on_purpose(c, s)) {
		ASSERT(expr_value_text(&v, &text));
		ASSERT(strcmp(text.data, mine.data) == 0);
		if (is_plain(c)) {
			check_tester(c, value, text.data, a);
		}
	}
	buf_release(&text);
	buf_release(&mine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct column c = { 0 };
	if (memchr(data, '\0', size) != NULL || !utf8_valid((const char *)data, size)) {
		return 0; /* no reader lets such a value through */
	}
	split(arena_strndup(&a, (const char *)data, size), &c);
	decide_type(&c);
	check_counts(&c);
	column_decide(c.values, c.n, &a, &c.decision);
	for (size_t i = 0; i < c.n; i++) {
		if (!is_null(&c, c.values[i])) {
			check_value(&c, c.values[i], &a);
		}
	}
	arena_release(&a);
	return 0;
}
