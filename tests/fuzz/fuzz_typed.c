/*
 * A column of values, one per line, as three modules read it: ingest decides which values are null and the
 * type of the others; the expressions cast to that type as the mapping does; the Tester types by its own
 * rules. They must agree on the nulls, and a value that ingest found to be of a type has the same canonical
 * text for the other two. Which order dates are written in is each one's own decision: where the Tester's is
 * another than ingest's, the column is ambiguous and every value a date in both.
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
	bool codes, words;
	struct column_type type;
	size_t format;
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

static enum null_class class_of(const char *value)
{
	size_t size = strlen(value);
	const char *s = value_trim(value, &size);
	return value_null_class(s, size);
}

static bool is_null(const struct column *c, const char *value)
{
	enum null_class class = class_of(value);
	return class == NULL_ALWAYS || (class == NULL_UNLESS_CODES && !c->codes) ||
		(class == NULL_UNLESS_WORDS && !c->words);
}

/* What ingest's header says of null tokens: "other" values are those that are no token. */
static void decide_nulls(struct column *c)
{
	size_t others = 0;
	c->codes = true;
	c->words = true;
	for (size_t i = 0; i < c->n; i++) {
		size_t size = strlen(c->values[i]);
		const char *s = value_trim(c->values[i], &size);
		if (value_null_class(s, size) == NULL_NEVER) {
			others++;
			c->codes = c->codes && value_is_code(s, size);
			c->words = c->words && value_is_word(s, size);
		}
	}
	c->codes = c->codes && others > 0;
	c->words = c->words && others > 0;
}

static void decide_type(struct column *c)
{
	struct column_tally tally = { 0 };
	for (size_t i = 0; i < c->n; i++) {
		struct value_facts facts;
		size_t size = strlen(c->values[i]);
		const char *s = value_trim(c->values[i], &size);
		if (!is_null(c, c->values[i])) {
			value_infer(s, size, &facts);
			column_tally_add(&tally, &facts, 1);
		}
	}
	c->type = column_tally_type(&tally, true, &c->format);
}

/* The mapping's rule: trim, then parse_date by the column's format, or cast. */
static void engine_value(const struct column *c, const char *value, struct arena *a,
			 struct expr_value *ret)
{
	int32_t day;
	size_t size = strlen(value);
	const char *s = value_trim(value, &size);
	if (c->type.kind != COLUMN_DATE) {
		value_read(ret, c->type, s, size, a);
		return;
	}
	ASSERT(expr_date_parse(date_formats[c->format], s, size, &day));
	*ret = (struct expr_value){ .type = c->type, .i = day };
}

/*
 * What ingest types and the expressions cannot cast: a date or a time without seconds among timestamps, and
 * offsets on the calendar's first and last day (docs/expressions.md refuses them, ingest/infer.h takes them).
 */
static bool refused_on_purpose(const struct column *c, const char *value)
{
	size_t size = strlen(value);
	const char *s = value_trim(value, &size);
	bool timestamp = c->type.kind == COLUMN_TIMESTAMP || c->type.kind == COLUMN_TIMESTAMP_NTZ;
	bool seconds = size > 16 && s[16] == ':';
	return timestamp &&
		(!seconds || strncmp(s, "0001-01-01", 10) == 0 || strncmp(s, "9999-12-31", 10) == 0);
}

static enum date_order order_of(const char *format)
{
	if (format[0] == 'y') {
		return strcmp(format, "yyyy-dd-MM") == 0 ? ORDER_YDM : ORDER_YMD;
	}
	return format[0] == 'd' ? ORDER_DMY : ORDER_MDY;
}

static void check_date(const struct column *c, const char *value, const struct expr_value *v,
		       struct arena *a)
{
	char text[VALUE_CHARS_MAX];
	const char *theirs = value_typed(&c->decision, c->type, value, a);
	ASSERT(c->decision.dates.dates && theirs != NULL);
	if (c->decision.dates.order == order_of(date_formats[c->format])) {
		text[value_chars(v, text)] = '\0';
		ASSERT(strcmp(text, theirs) == 0);
	}
}

static void check_value(const struct column *c, const char *value, struct arena *a)
{
	struct expr_value v;
	struct buf text;
	engine_value(c, value, a, &v);
	if (v.null && refused_on_purpose(c, value)) {
		return;
	}
	ASSERT(!v.null);
	if (c->type.kind == COLUMN_DATE) {
		check_date(c, value, &v, a);
		return;
	}
	const char *theirs = value_typed(&c->decision, c->type, value, a);
	ASSERT(theirs != NULL);
	buf_init(&text, 1 << 20);
	ASSERT(expr_value_text(&v, &text));
	if (c->type.kind == COLUMN_DOUBLE) {
		ASSERT(strtod(theirs, NULL) == v.d);
	} else {
		ASSERT(strcmp(text.data, theirs) == 0);
	}
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct column c = { 0 };
	if (memchr(data, '\0', size) != NULL || !utf8_valid((const char *)data, size)) {
		return 0; /* no reader lets such a value through */
	}
	split(arena_strndup(&a, (const char *)data, size), &c);
	decide_nulls(&c);
	decide_type(&c);
	column_decide(c.values, c.n, &a, &c.decision);
	for (size_t i = 0; i < c.n; i++) {
		ASSERT(is_null(&c, c.values[i]) == value_is_null(&c.decision, c.values[i]));
		if (!is_null(&c, c.values[i])) {
			check_value(&c, c.values[i], &a);
		}
	}
	arena_release(&a);
	return 0;
}
