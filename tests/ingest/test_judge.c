/*
 * The classes of judge.h against infer.h itself: whatever the values, the tally and the values read are the same as
 * if each had been judged by itself; and the table of distinct values against what it promises.
 */
#include "folder.h"

#include "ingest/distinct.h"
#include "ingest/fingerprint.h"
#include "ingest/judge.h"

static uint64_t counter = 42;

static size_t below(size_t n)
{
	uint64_t z = counter += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (size_t)((z ^ z >> 31) % n);
}

/* A value after a pattern: 9 a digit, a a letter, x a character of all sorts; each may be disturbed. */
static size_t make(const char *pattern, char *ret)
{
	static const char sorts[] = "0123456789-+.:,TtEe /ZabcXYZ$%()\\";
	size_t n = 0;
	for (; *pattern != '\0'; pattern++) {
		if (below(60) == 0) {
			ret[n++] = sorts[below(sizeof(sorts) - 1)];
		} else if (*pattern == '9') {
			ret[n++] = (char)('0' + (below(3) == 0 ? below(3) : below(10)));
		} else if (*pattern == 'a') {
			ret[n++] = (char)((below(5) == 0 ? 'A' : 'a') + (int)below(26));
		} else {
			ret[n++] = *pattern == 'x' ? sorts[below(sizeof(sorts) - 1)] : *pattern;
		}
	}
	return n;
}

static const char *const patterns[] = {
	"9",
	"99",
	"999",
	"9999",
	"99999999",
	"20991999",
	"2024019",
	"999999999999999999",
	"9999999999999999999999",
	"-9",
	"-99999",
	"0.9",
	"9.99",
	"-9.99",
	"99999999.99",
	"9.999999",
	"2099-19-39",
	"1999-99-99",
	"2024-01-39",
	"2023-02-29",
	"9999-12-29",
	"0999-12-29",
	"2099-19-39T29:59:59",
	"2099-19-39 29:59:59",
	"2024-01-19T19:59:59.99",
	"2024-01-19T19:59:59Z",
	"2024-01-19T19:59",
	"19/19/2099",
	"9/9/2024",
	"19.12.2024",
	"19-12-2024",
	"2024/12/19",
	"aaaaaaa",
	"aa",
	"true",
	"false",
	"yes",
	"aaa aaa aaa",
	"9a9a9aa9aaa",
	"9e9",
	"9.9E-9",
	"9T9",
	"99 EUR",
	"$9.99",
	"EUR99",
	"9,999",
	"9.999,99",
	"9 999,99",
	"99 %",
	"(9.99)",
	"9.99-",
	"+9",
	".99",
	"EUR 9.99 CHF",
	"aaaaa EUR",
	"USD aaaaa",
	"09.12.2024",
	"1/9/99",
	"9/9/2024 9:59 PM",
	"19.12.2024 19:59",
	"Jan 19, 2024",
	"19 January 2024",
	"19-Jan-24",
	"2024-01-19 19:59",
	"2024-01-19T19:59:59+09:00",
	"NaN",
	"NA",
	"none",
	"-",
	"AA",
	"19 Jan 2024",
	"x",
	"xx",
	"xxx",
	"xxxxxx",
	"xxxxxxxxxx",
	"99x99",
	"9999x99x99",
	"9999x99x99x99x99x99",
	"aaaax",
	"xaaaa",
};

static void test_classes_are_as_judged(void **state)
{
	(void)state;
	int64_t classed = 0;
	for (int round = 0; round < 2000; round++) {
		struct judge *j = calloc(1, sizeof(*j));
		struct column_tally direct = { 0 };
		const char *pattern = patterns[below(sizeof(patterns) / sizeof(patterns[0]))];
		for (int i = 0; i < 100; i++) {
			struct plain p;
			struct value_facts facts;
			char text[64];
			const char *used = below(10) == 0
				? patterns[below(sizeof(patterns) / sizeof(patterns[0]))]
				: pattern;
			size_t size = make(used, text);
			const char *trimmed = value_trim(text, &size);
			int64_t rows = 1 + (int64_t)below(3);
			plain_scan(trimmed, size, &p);
			classed += p.kind != PLAIN_NONE ? 1 : 0;
			value_judge(trimmed, size, &facts);
			column_tally_add(&direct, &facts, rows);
			if (facts.null == NULL_NEVER) {
				judge_add(j, trimmed, size, &p, rows);
			} else {
				assert_int_equal(judge_null_class(trimmed, size), facts.null);
				judge_add_token(j, facts.null, rows);
			}
		}
		judge_settle(j);
		assert_memory_equal(&j->tally, &direct, sizeof(direct));
		free(j);
	}
	assert_true(classed > 50000); /* of 200000, a quarter at least: the classes were looked at */
}

/* A decision as column_infer makes them. */
static struct column_inferred any_column(void)
{
	static const struct column_type types[] = {
		{ COLUMN_INT64, 0, 0 },     { COLUMN_DECIMAL, 38, 9 },      { COLUMN_DOUBLE, 0, 0 },
		{ COLUMN_TIMESTAMP, 0, 0 }, { COLUMN_TIMESTAMP_NTZ, 0, 0 }, { COLUMN_DATE, 0, 0 },
		{ COLUMN_BOOL, 0, 0 },
	};
	struct column_inferred c = { .type = types[below(7)], .format = COLUMN_NO_FORMAT };
	if (c.type.kind == COLUMN_DATE) {
		c.format = below(3) == 0 ? 0 : below(DATE_TIMES);
	} else if (c.type.kind == COLUMN_TIMESTAMP_NTZ && below(2) == 0) {
		c.format = DATE_TIMES + below(DATE_FORMATS - DATE_TIMES);
	} else if (c.type.kind == COLUMN_INT64 || c.type.kind == COLUMN_DECIMAL) {
		c.formatted = below(2) == 0;
		c.number.reading = below(AMOUNT_READINGS);
	}
	return c;
}

static void test_values_are_as_inferred(void **state)
{
	(void)state;
	int64_t conforming = 0;
	int64_t wider = 0;
	for (int round = 0; round < 400000; round++) {
		char text[64];
		struct plain p;
		struct typed_value t;
		struct typed_value direct;
		size_t size = make(patterns[below(sizeof(patterns) / sizeof(patterns[0]))], text);
		const char *s = value_trim(text, &size);
		if (size == 0) {
			continue;
		}
		plain_scan(s, size, &p);
		const struct column_inferred column = any_column();
		const struct column_inferred decimal = { .type = { COLUMN_DECIMAL, 38, 9 } };
		const struct verdict v = { .column = column, .has_near = true, .near = column };
		bool conforms = value_read_as(&column, s, size, &direct);
		assert_true(verdict_near(&v, s, size, &p) == conforms);
		enum conformity expected = conforms ? CONFORMS : CONFORMS_NOT;
		if (!conforms && column.type.kind == COLUMN_INT64 && !column.formatted &&
		    value_read_as(&decimal, s, size, &direct)) {
			expected = CONFORMS_WIDER;
		}
		assert_int_equal(verdict_read(&v, s, size, &p, &t), expected);
		conforming += conforms ? 1 : 0;
		wider += expected == CONFORMS_WIDER ? 1 : 0;
		if (expected == CONFORMS_NOT) {
			continue;
		}
		if (column.type.kind == COLUMN_DOUBLE) {
			assert_true(t.d <= direct.d && t.d >= direct.d);
		} else if (column.type.kind == COLUMN_DECIMAL || expected == CONFORMS_WIDER) {
			assert_true(t.dec.units == direct.dec.units &&
				    t.dec.scale == direct.dec.scale);
		} else {
			assert_int_equal(t.i, direct.i);
		}
		if (expected == CONFORMS && column.type.kind == COLUMN_INT64) { /* compared so */
			assert_true(t.dec.units == t.i && t.dec.scale == 0);
		}
	}
	assert_true(conforming > 20000 && wider > 1000); /* the reading was looked at */
}

static void test_null_classes(void **state)
{
	(void)state;
	static const char *const tokens[] = {
		"",   "\\N",  "NULL", "Null", "null", "N/A", "n/a", "#N/A",  "None", "NONE",
		"NA", "none", "NaN",  "nan",  "NAN",  "-",   "--",  "N",     "n",    "x",
		"#",  "##",   "---",  "-5",   "-5-",  "NB",  "Nan", "NULLS", "no",   "n.a.",
	};
	int found = 0;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct value_facts facts;
		value_judge(tokens[i], strlen(tokens[i]), &facts);
		assert_int_equal(judge_null_class(tokens[i], strlen(tokens[i])), facts.null);
		found += facts.null != NULL_NEVER ? 1 : 0;
	}
	assert_int_equal(found, 17); /* the closed list of infer.h */
}

/* ---- distinct values ---- */

static void add(struct distinct *d, const char *text, int64_t line)
{
	char padded[64] = "";
	memcpy(padded, text, strlen(text));
	distinct_add(d, padded, strlen(text), fingerprint(text, strlen(text)), line);
}

static void test_distinct(void **state)
{
	(void)state;
	struct distinct d = { .n = 0 };
	char text[32];
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			(void)snprintf(text, sizeof(text), "%0*d", i % 20 + 1, i);
			add(&d, text, round * 5000 + i);
		}
	}
	add(&d, "", 1);
	assert_int_equal(d.n, 5001);
	for (size_t i = 0; i < 5000; i++) {
		assert_int_equal(d.at[i].count, 3);
		assert_int_equal(d.at[i].line, i);
	}
	assert_int_equal(d.at[5000].size, 0);
	assert_true(distinct_bytes(&d) > 5000 * sizeof(struct distinct_value));
	distinct_release(&d);
}

static void test_prune(void **state)
{
	(void)state;
	struct distinct d = { .n = 0 };
	const char *const rows[] = { "a", "b", "b", "c", "c", "d", "d", "d", "e", "e" };
	for (size_t i = 0; i < 10; i++) {
		add(&d, rows[i], (int64_t)i);
	}
	const bool wanted[] = { true, true, true, false, true };
	distinct_prune(&d, 2, wanted); /* d is not wanted; b and c before e, in their order */
	assert_int_equal(d.n, 2);
	assert_memory_equal(d.at[0].text, "b", 1);
	assert_memory_equal(d.at[1].text, "c", 1);
	char padded[9] = "c";
	struct distinct_value *c = distinct_find(&d, padded, 1, fingerprint("c", 1));
	assert_non_null(c);
	assert_int_equal(c->count, 2);
	memcpy(padded, "d", 1);
	assert_null(distinct_find(&d, padded, 1, fingerprint("d", 1)));
	distinct_release(&d);
}

/* Values that all want one slot make the table full, not slow. */
static void test_collisions(void **state)
{
	(void)state;
	struct distinct d = { .n = 0 };
	char text[32] = "";
	for (int i = 0; i <= DISTINCT_PROBES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_false(d.full);
		distinct_add(&d, text, strlen(text), 0, i);
	}
	assert_true(d.full);
	assert_int_equal(d.n, DISTINCT_PROBES_MAX);
	distinct_release(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes_are_as_judged),
		cmocka_unit_test(test_values_are_as_inferred),
		cmocka_unit_test(test_null_classes),
		cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_prune),
		cmocka_unit_test(test_collisions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
