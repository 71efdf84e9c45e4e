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

/* ---- the mapping's rule ---- */

static struct bldr_value *one_text(const char *text, size_t size)
{
	struct bldr_value *list = bldr_list();
	bldr_list_add(list, bldr_text_n(text, size));
	return list;
}

static struct bldr_value *call(const char *name, struct bldr_value *arg)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *args = bldr_list();
	bldr_list_add(args, arg);
	bldr_object_set(v, "fn", bldr_text(name));
	bldr_object_set(v, "args", args);
	return v;
}

static void set_amount(const struct column *c, struct bldr_value *v)
{
	const struct amount_format *f = &c->inferred.number;
	const char *marks = amount_readings[f->reading];
	bldr_object_set(v, "decimal", bldr_text_n(&marks[0], 1));
	if (marks[1] != '\0') {
		bldr_object_set(v, "group", bldr_text_n(&marks[1], 1));
	}
	struct bldr_value *currencies = bldr_list();
	for (size_t i = 0; i < AMOUNT_CURRENCIES; i++) {
		if ((f->currencies >> i & 1) != 0) {
			bldr_list_add(currencies, bldr_text(amount_currencies[i]));
		}
	}
	if (bldr_count(currencies) > 0) {
		bldr_object_set(v, "currencies", currencies);
	} else {
		bldr_unref(currencies);
	}
	bldr_object_set(v, "percent", bldr_bool(f->percent));
	bldr_object_set(v, "parentheses", bldr_bool(f->parentheses));
	bldr_object_set(v, "trailing_minus", bldr_bool(f->trailing_minus));
}

/* As src/warehouse/map.c writes it: the column trimmed, then read as the profile says. */
static struct bldr_value *rule_of(const struct column *c)
{
	char type[COLUMN_TYPE_TEXT_MAX];
	struct bldr_value *v = bldr_object();
	bool formatted = c->inferred.formatted;
	bool time = c->inferred.type.kind == COLUMN_TIMESTAMP_NTZ &&
		c->inferred.format != COLUMN_NO_FORMAT;
	bool date = c->inferred.type.kind == COLUMN_DATE;
	column_type_text(c->inferred.type, type);
	bldr_object_set(v, "col", bldr_text("x"));
	v = call("trim", v);
	bldr_object_set(v, "chars", bldr_text(EXPR_BLANKS));
	v = call(formatted      ? "parse_amount"
			 : date ? "parse_date"
			 : time ? "parse_timestamp"
				: "cast",
		 v);
	if (formatted) {
		set_amount(c, v);
	} else if (date || time) {
		const char *format = date_formats[c->inferred.format];
		bldr_object_set(v, "formats", one_text(format, strlen(format)));
		if (format_has_pivot(format)) {
			bldr_object_set(v, "pivot", bldr_int(DATE_PIVOT));
		}
	}
	if (!date) {
		bldr_object_set(v, "type", bldr_text(type));
	}
	return v;
}

static bool find_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	(void)column;
	*ret_slot = 0;
	return true;
}

static void read_column(void *user, int slot, const char **ret, size_t *ret_size)
{
	(void)slot;
	*ret = user;
	*ret_size = strlen(user);
}

static const struct expr *compile(const struct column *c, struct arena *a)
{
	static const struct expr_scope scope = { .column = find_column };
	struct bldr_value *tree = rule_of(c);
	const struct expr *e = NULL;
	ASSERT(expr_compile(tree, &scope, a, &e, NULL) == 0);
	bldr_unref(tree);
	return e;
}

/* A value by ingest's decision, by the mapping's rule, and by the Tester: one text, or none. */
static void check_value(const struct column *c, const struct expr *rule, const char *value,
			struct arena *a)
{
	size_t size;
	const char *s = trimmed(value, &size);
	const struct expr_row row = { .column = read_column, .user = (void *)(uintptr_t)value };
	struct typed_value typed;
	struct expr_value v;
	struct buf text;
	struct buf mine;
	bool conforming = value_read_as(&c->inferred, s, size, &typed);
	expr_eval(rule, &row, a, &v);
	if (refused_on_purpose(c, s)) {
		return;
	}
	/* A cast takes more than ingest calls a number: +5, 007, 1.005 where two digits are enough. */
	bool cast = strcmp(rule->fn->name, "cast") == 0;
	ASSERT(conforming ? !v.null : v.null || cast);
	if (!conforming) {
		return;
	}
	buf_init(&text, 1 << 20);
	buf_init(&mine, 1 << 20);
	ASSERT(expr_value_text(&v, &text));
	v = ingest_value(c, &typed);
	ASSERT(expr_value_text(&v, &mine));
	ASSERT(strcmp(text.data, mine.data) == 0);
	if (is_plain(c)) {
		check_tester(c, arena_strndup(a, s, size), text.data, a);
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
	const struct expr *rule = c.inferred.type.kind != COLUMN_TEXT ? compile(&c, &a) : NULL;
	for (size_t i = 0; i < c.n && rule != NULL; i++) {
		if (!is_null(&c, c.values[i])) {
			check_value(&c, rule, c.values[i], &a);
		}
	}
	arena_release(&a);
	return 0;
}
