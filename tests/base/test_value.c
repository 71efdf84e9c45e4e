/*
 * Values: strict parsing with exact limits, one canonical text, building and reading, and strangers'
 * bytes that must neither get in nor be lost silently.
 */
#include "base_test.h"

#include "base/utf8.h"
#include "dies.h"

static void assert_text(const struct bldr_value *v, const char *expected)
{
	char *text = bldr_value_text(v);
	assert_string_equal(text, expected);
	free(text);
}

static void canonical_text(void **state)
{
	(void)state;
	struct bldr_value *v =
		json(" { 'b' : [1, -2.5, true, false, null], 'a' : {'z':'\\u20ac', 'B':0},"
		     " 'ab':'', 'a\\u0301':'/' } ");
	/* keys by bytes: "a" < "ab" < "a" + U+0301 (CC 81) < "b" */
	assert_text(v,
		    "{\"a\":{\"B\":0,\"z\":\"\xE2\x82\xAC\"},\"ab\":\"\",\"a\xCC\x81\":\"/\","
		    "\"b\":[1,-2.5,true,false,null]}");
	bldr_unref(v);
	v = json("[9223372036854775807, -9223372036854775808, 1e2, 'a\\n\\t\\u0001\\u007f\\\\']");
	assert_text(v,
		    "[9223372036854775807,-9223372036854775808,100.0,"
		    "\"a\\n\\t\\u0001\x7f\\\\\"]");
	bldr_unref(v);
	assert_text(NULL, "null");
}

static void pretty_text(void **state)
{
	(void)state;
	struct bldr_value *v = json("{'b':[1,{}],'a':[]}");
	char *text = bldr_value_pretty(v);
	assert_string_equal(text, "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {}\n  ]\n}\n");
	free(text);
	bldr_unref(v);
}

static void assert_refused(const char *text, size_t size, int code, const char *where)
{
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };
	assert_int_equal(bldr_value_parse(text, size, &v, &err), code);
	assert_null(v);
	if (strncmp(err.text, where, strlen(where)) != 0) {
		fail_msg("\"%s\" does not start with \"%s\"", err.text, where);
	}
}

static void bad_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *where;
	} cases[] = {
		{ "", "line 1, column 0" },
		{ "  \n ", "line 2, column 1" },
		{ "{\"a\":1,\n\"a\":2}", "line 2, column 3: duplicate object key" },
		{ "[1] 2", "line 1, column 5" },
		{ "[1,]", "line 1, column 4" },
		{ "{'a':1}", "line 1, column 2" },
		{ "[01]", "line 1, column 2" },
		{ "[.5]", "line 1, column 2" },
		{ "[NaN]", "line 1, column 4" },
		{ "[1] // x", "line 1, column 5" },
		{ "\"\\u0000\"", "line 1, column 8" },
		{ "\"\\ud800\"", "line 1, column 8" },
		{ "\"a\nb\"", "line 1, column 2" },
		{ "9223372036854775808", "line 1, column 19" },
		{ "1e999", "line 1, column 5" },
		{ "\xEF\xBB\xBF{}", "line 1, column 1" },
		{ "[\"\xC0\xAF\"]", "line 1, column 2" },
		{ "[\"\xED\xA0\x80\"]", "line 1, column 2" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_refused(cases[i].text, strlen(cases[i].text), BLDR_E_INVALID, cases[i].where);
	}
	assert_refused("[1]\0", 4, BLDR_E_INVALID, "line 1");
	assert_refused(NULL, 0, BLDR_E_INVALID, "line 1");
	assert_int_equal(bldr_value_parse("[", 1, NULL, NULL), BLDR_E_INVALID);
}

/* Any prefix of a good text that is cut off somewhere is refused, never half accepted. */
static void cut_off_text(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":[1,2.5e1,\"x\\u00e9\\\\\"],\"b\":{\"c\":null}}";
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		assert_refused(text, size, BLDR_E_INVALID, "line 1");
	}
	struct bldr_value *v = NULL;
	assert_int_equal(bldr_value_parse(text, sizeof(text) - 1, &v, NULL), 0);
	bldr_unref(v);
}

static char *nested(size_t depth, const char *open, const char *close)
{
	char *text = calloc(depth * (strlen(open) + strlen(close)) + 2, 1);
	char *p = text;
	for (size_t i = 0; i < depth; i++) {
		p = stpcpy(p, open);
	}
	p = stpcpy(p, "1");
	for (size_t i = 0; i < depth; i++) {
		p = stpcpy(p, close);
	}
	return text;
}

static void depth(void **state)
{
	(void)state;
	static const char *const forms[][2] = { { "[", "]" },
						{ "{\"a\":", "}" },
						{ "[\"]}\\\"]\",", "]" } };
	for (size_t i = 0; i < 3; i++) {
		char *text = nested(BLDR_VALUE_DEPTH_MAX, forms[i][0], forms[i][1]);
		struct bldr_value *v = NULL;
		assert_int_equal(bldr_value_parse(text, strlen(text), &v, NULL), 0);
		assert_int_equal(bldr_depth(v), BLDR_VALUE_DEPTH_MAX);
		bldr_unref(v);
		free(text);
		text = nested(BLDR_VALUE_DEPTH_MAX + 1, forms[i][0], forms[i][1]);
		assert_refused(text, strlen(text), BLDR_E_LIMIT, "line 1, column ");
		free(text);
	}
	char *deep = nested(100000, "[", "]");
	assert_refused(deep, strlen(deep), BLDR_E_LIMIT, "line 1, column 129: nested more than 128");
	free(deep);
	struct bldr_value *v = json("{'a':[[]],'b':1}");
	assert_int_equal(bldr_depth(v), 3);
	assert_int_equal(bldr_depth(bldr_get(v, "b")), 0);
	assert_int_equal(bldr_depth(NULL), 0);
	bldr_unref(v);
}

static void text_limit(void **state)
{
	(void)state;
	char *text = malloc(BLDR_VALUE_TEXT_MAX + 1);
	memset(text, ' ', BLDR_VALUE_TEXT_MAX + 1);
	text[0] = '7';
	struct bldr_value *v = NULL;
	assert_int_equal(bldr_value_parse(text, BLDR_VALUE_TEXT_MAX, &v, NULL), 0);
	assert_int_equal(bldr_as_int(v, 0), 7);
	bldr_unref(v);
	assert_refused(text, BLDR_VALUE_TEXT_MAX + 1, BLDR_E_LIMIT, "JSON text of 67108865 bytes");
	free(text);
}

static void building(void **state)
{
	(void)state;
	struct bldr_value *v = bldr_object();
	struct bldr_value *list = bldr_list();
	bldr_list_add(list, bldr_int(INT64_MIN));
	bldr_list_add(list, bldr_bool(true));
	bldr_list_add(list, NULL);
	bldr_object_set(v, "list", list);
	bldr_object_set(v, "none", bldr_text(NULL));
	bldr_object_set(v, "text", bldr_textf("%d %s", 3, "apples"));
	bldr_object_set(v, "part", bldr_text_n("abcdef", 3));
	bldr_object_set(v, "text", bldr_text("again"));
	assert_json(v,
		    "{'list':[-9223372036854775808,true,null],'none':null,'part':'abc',"
		    "'text':'again'}");

	const char *order[] = { "list", "none", "text", "part" };
	size_t n = 0;
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		assert_string_equal(bldr_key(it), order[n]);
		assert_ptr_equal(bldr_item(it), bldr_get(v, order[n]));
		n++;
	}
	assert_int_equal(n, 4);
	assert_int_equal(bldr_count(v), 4);
	bldr_unref(v);
	bldr_unref(NULL);
}

static void reading(void **state)
{
	(void)state;
	struct bldr_value *v = json("{'i':5,'r':2.5,'t':'x','b':true,'n':null,'l':[1,2]}");
	const struct bldr_value *l = bldr_get(v, "l");
	assert_int_equal(bldr_type_of(v), BLDR_OBJECT);
	assert_int_equal(bldr_type_of(l), BLDR_LIST);
	assert_int_equal(bldr_type_of(bldr_get(v, "r")), BLDR_REAL);
	assert_int_equal(bldr_type_of(bldr_get(v, "b")), BLDR_BOOL);
	assert_int_equal(bldr_type_of(bldr_get(v, "gone")), BLDR_NULL);
	assert_true(bldr_is_null(bldr_get(v, "n")));
	assert_int_equal(bldr_get_int(v, "i", -1), 5);
	assert_int_equal(bldr_get_int(v, "r", -1), -1); /* a real is not an integer */
	assert_int_equal(bldr_get_int(v, "t", -1), -1);
	assert_true(bldr_as_real(bldr_get(v, "r"), 0) == 2.5);
	assert_true(bldr_as_real(bldr_get(v, "i"), 0) == 5.0);
	assert_true(bldr_as_real(bldr_get(v, "t"), -1) == -1.0);
	assert_true(bldr_as_bool(bldr_get(v, "b"), false));
	assert_true(bldr_as_bool(bldr_get(v, "i"), true));
	assert_string_equal(bldr_get_text(v, "t"), "x");
	assert_null(bldr_get_text(v, "i"));
	assert_int_equal(bldr_as_int(bldr_at(l, 1), 0), 2);
	assert_null(bldr_at(l, 2));
	assert_null(bldr_at(v, 0));
	assert_null(bldr_get(l, "a"));
	assert_int_equal(bldr_count(bldr_get(v, "t")), 0);
	assert_null(bldr_first(l));
	assert_null(bldr_first(NULL));
	assert_null(bldr_get(NULL, "a"));
	bldr_unref(v);
}

static void equality(void **state)
{
	(void)state;
	struct bldr_value *a = json("{'x':[1,{'y':null}],'z':'s'}");
	struct bldr_value *b = json("{'z':'s','x':[1,{'y':null}]}");
	struct bldr_value *c = json("{'z':'s','x':[1.0,{'y':null}]}");
	assert_true(bldr_equal(a, b));
	assert_false(bldr_equal(a, c));
	assert_true(bldr_equal(NULL, bldr_get(bldr_at(bldr_get(a, "x"), 1), "y")));
	assert_false(bldr_equal(NULL, a));
	bldr_unref(a);
	bldr_unref(b);
	bldr_unref(c);
}

static void one_owner(void **state)
{
	(void)state;
	struct bldr_value *v = json("{'l':[]}");
	struct bldr_value *other = bldr_ref(v);
	assert_ptr_equal(v, other);
	assert_dies(bldr_object_set(v, "a", bldr_int(1)));
	bldr_unref(other);
	bldr_object_set(v, "a", bldr_int(1));

	struct bldr_value *copy = bldr_copy(v);
	bldr_object_set(copy, "a", bldr_int(2));
	assert_json(v, "{'l':[],'a':1}");
	assert_json(copy, "{'l':[],'a':2}");
	bldr_unref(copy);

	assert_ptr_equal(bldr_own(v), v);
	other = bldr_own(bldr_ref(v));
	assert_ptr_not_equal(other, v);
	assert_ptr_equal(bldr_get(other, "l"), bldr_get(v, "l"));
	bldr_object_set(other, "a", bldr_int(3));
	bldr_object_set(v, "a", bldr_int(4));
	assert_json(other, "{'l':[],'a':3}");
	assert_json(v, "{'l':[],'a':4}");
	bldr_unref(other);
	assert_null(bldr_own(NULL));

	assert_null(bldr_ref(NULL));
	assert_null(bldr_copy(NULL));
	assert_dies(bldr_list_add(v, bldr_int(1)));
	assert_dies(bldr_object_set(NULL, "a", bldr_int(1)));
	struct bldr_value *list = bldr_list();
	assert_dies(bldr_list_add(list, list));
	bldr_unref(list);
	bldr_unref(v);
}

/* Expected by the Unicode standard, section 3.9, table 3-8: one U+FFFD per maximal subpart. */
static void malformed_bytes(void **state)
{
	(void)state;
#define R "\xEF\xBF\xBD"
	static const struct {
		const char *in, *out;
		size_t size;
	} cases[] = {
		{ "a\xF1\x80\x80\xE1\x80\xC2"
		  "b\x80"
		  "c\x80\xBF"
		  "d",
		  "a" R R R "b" R "c" R R "d", 13 },
		{ "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
		  "A",
		  R R R R R R R R "A", 9 },
		{ "\xED\xA0\x80\xED\xBF\xBF", R R R R R R, 6 },
		{ "\xF4\x91\x92\x93\xFF"
		  "A",
		  R R R R R "A", 6 },
		{ "x\0y", "x" R "y", 3 },
		{ "\xE2\x82", R, 2 },
		{ "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", 4 },
		{ "\xEF\xBF\xBE", "\xEF\xBF\xBE", 3 },
		{ "", "", 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v = bldr_text_n(cases[i].in, cases[i].size);
		assert_string_equal(bldr_as_text(v), cases[i].out);
		char *text = bldr_value_text(v);
		struct bldr_value *again = NULL;
		assert_int_equal(bldr_value_parse(text, strlen(text), &again, NULL), 0);
		assert_true(bldr_equal(v, again));
		bldr_unref(again);
		free(text);
		bldr_unref(v);
	}
	struct bldr_value *o = bldr_object();
	bldr_object_set(o, "k\xFF", bldr_textf("%s", "v\xFF"));
	assert_string_equal(bldr_get_text(o, "k" R), "v" R);
	bldr_unref(o);
#undef R
}

static void utf8(void **state)
{
	(void)state;
	static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"; /* 1, 2, 3, 4 bytes */
	assert_int_equal(utf8_count(text, 10), 4);
	assert_true(utf8_valid(text, 10));
	static const size_t cuts[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
	for (size_t max = 0; max < 12; max++) {
		assert_int_equal(utf8_cut(text, 10, max), cuts[max]);
	}
	for (size_t size = 0; size < 10; size++) {
		bool whole = size == 0 || size == 1 || size == 3 || size == 6;
		assert_int_equal(utf8_valid(text, size), whole);
	}
	/* malformed bytes are nobody's character and may be cut anywhere */
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
	assert_int_equal(utf8_cut("ab\xFF\xFF", 4, 3), 3);
	assert_int_equal(utf8_count("a\xE2\x82z", 4), 3);
	/* long ASCII takes the fast path; one bad byte anywhere is still found */
	char line[64];
	for (size_t at = 0; at < sizeof(line); at++) {
		memset(line, 'x', sizeof(line));
		assert_true(utf8_valid(line, sizeof(line)));
		line[at] = (char)0x80;
		assert_false(utf8_valid(line, sizeof(line)));
	}
}

/* The first and last of each size, by the table of RFC 3629; a surrogate as if it were a letter. */
static void utf8_of_code_points(void **state)
{
	static const struct {
		uint32_t c;
		const char *bytes;
	} all[] = {
		{ 'A', "A" },
		{ 0x7F, "\x7F" },
		{ 0x80, "\xC2\x80" },
		{ 0x7FF, "\xDF\xBF" },
		{ 0x800, "\xE0\xA0\x80" },
		{ 0xD800, "\xED\xA0\x80" },
		{ 0xFFFF, "\xEF\xBF\xBF" },
		{ 0x10000, "\xF0\x90\x80\x80" },
		{ 0x10FFFF, "\xF4\x8F\xBF\xBF" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char found[4] = "";
		size_t size = utf8_put(found, all[i].c);
		assert_int_equal(size, strlen(all[i].bytes));
		assert_memory_equal(found, all[i].bytes, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_text),
		cmocka_unit_test(pretty_text),
		cmocka_unit_test(bad_text),
		cmocka_unit_test(cut_off_text),
		cmocka_unit_test(depth),
		cmocka_unit_test(text_limit),
		cmocka_unit_test(building),
		cmocka_unit_test(reading),
		cmocka_unit_test(equality),
		cmocka_unit_test(one_owner),
		cmocka_unit_test(malformed_bytes),
		cmocka_unit_test(utf8),
		cmocka_unit_test(utf8_of_code_points),
	};
	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
