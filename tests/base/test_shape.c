/* Shapes: what decodes, what is refused and where the message says it stands, and the way back. */
#include "base_test.h"

#include "base/shape.h"
#include "dies.h"

struct column {
	const char *name;
	int64_t size;
	bool key;
};

struct table {
	const char *name;
	int kind;
	LIST(struct column) columns;
	LIST(const char *) tags;
	struct column first;
	struct column *last;
	const struct bldr_value *any;
	const struct bldr_value *note;
};

static const struct shape column_shape = {
	.name = "column",
	.size = sizeof(struct column),
	.fields =
		(const struct shape_field[]){
			{ "name", SHAPE_TEXT, .offset = offsetof(struct column, name) },
			{ "size", SHAPE_INT, true, offsetof(struct column, size) },
			{ "key", SHAPE_BOOL, true, offsetof(struct column, key) },
			{ 0 },
		},
};

static const struct shape table_shape = {
	.name = "table",
	.size = sizeof(struct table),
	.fields =
		(const struct shape_field[]){
			{ "name", SHAPE_TEXT, true, offsetof(struct table, name) },
			{ "kind", SHAPE_ENUM, .offset = offsetof(struct table, kind),
			  .names = (const char *const[]){ "fact", "dimension", NULL } },
			{ "columns", SHAPE_LIST, .offset = offsetof(struct table, columns),
			  .sub = &column_shape },
			{ "tags", SHAPE_TEXTS, true, offsetof(struct table, tags) },
			{ "first", SHAPE_OBJECT, .offset = offsetof(struct table, first),
			  .sub = &column_shape },
			{ "last", SHAPE_OBJECT, true, offsetof(struct table, last), &column_shape },
			{ "any/~", SHAPE_VALUE, .offset = offsetof(struct table, any) },
			{ "note", SHAPE_VALUE, true, offsetof(struct table, note) },
			{ 0 },
		},
};

static void full(void **state)
{
	(void)state;
	static const char text[] =
		"{'name':'sales','kind':'dimension','columns':[{'name':'id','size':-3,'key':true},"
		"{'name':''}],'tags':['a','b'],'first':{'name':'f'},'last':{'name':'l','size':9},"
		"'any/~':[1],'note':null}";
	struct bldr_value *v = json(text);
	struct arena a = { 0 };
	struct table t;
	memset(&t, 0xAA, sizeof(t));
	assert_int_equal(shape_decode(&table_shape, v, &a, &t, NULL), 0);
	assert_string_equal(t.name, "sales");
	assert_int_equal(t.kind, 1);
	assert_int_equal(t.columns.n, 2);
	assert_string_equal(t.columns.at[0].name, "id");
	assert_int_equal(t.columns.at[0].size, -3);
	assert_true(t.columns.at[0].key);
	assert_int_equal(t.columns.at[1].size, 0);
	assert_string_equal(t.tags.at[1], "b");
	assert_string_equal(t.first.name, "f");
	assert_int_equal(t.last->size, 9);
	assert_ptr_equal(t.any, bldr_get(v, "any/~"));
	assert_true(bldr_is_null(t.note));

	struct bldr_value *out = shape_encode(&table_shape, &t);
	assert_json(out, text);
	bldr_unref(out);
	/* a decoded list can grow */
	*LIST_ADD(&a, &t.tags) = "c";
	assert_string_equal(t.tags.at[0], "a");
	assert_string_equal(t.tags.at[2], "c");
	arena_release(&a);
	bldr_unref(v);
}

static void optional(void **state)
{
	(void)state;
	struct bldr_value *v = json("{'kind':'fact','columns':[],'first':{'name':'f','size':0},"
				    "'any/~':null}");
	struct arena a = { 0 };
	struct table t;
	memset(&t, 0xAA, sizeof(t));
	assert_int_equal(shape_decode(&table_shape, v, &a, &t, NULL), 0);
	assert_null(t.name);
	assert_null(t.last);
	assert_null(t.note);
	assert_int_equal(t.tags.n, 0);
	struct bldr_value *out = shape_encode(&table_shape, &t);
	assert_json(out, "{'kind':'fact','columns':[],'first':{'name':'f'},'any/~':null}");
	bldr_unref(out);
	arena_release(&a);
	bldr_unref(v);
}

/* The encoding of a struct owns what it needs: the value it was decoded from may go. */
static void encoding_outlives(void **state)
{
	(void)state;
	struct bldr_value *any = json("[{'a':1}]");
	struct table t = { .first.name = "f", .any = any };
	struct bldr_value *out = shape_encode(&table_shape, &t);
	bldr_unref(any);
	assert_json(out, "{'kind':'fact','columns':[],'first':{'name':'f'},'any/~':[{'a':1}]}");
	bldr_unref(out);
}

static void refused(void **state)
{
	(void)state;
#define REST "'columns':[],'first':{'name':'f'},'any/~':1"
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "[]", "\"/\": expected object, found list of 0 items" },
		{ "null", "\"/\": expected object, found null" },
		{ "{" REST "}", "\"/kind\": missing" },
		{ "{'kind':'fact','columns':[],'first':{'name':'f'}}", "\"/any~1~0\": missing" },
		{ "{'kind':'facts'," REST "}",
		  "\"/kind\": expected one of \"fact\", \"dimension\", found text \"facts\"" },
		{ "{'kind':1," REST "}",
		  "\"/kind\": expected one of \"fact\", \"dimension\", found integer 1" },
		{ "{'kind':'fact','nam':'x'," REST "}",
		  "\"/nam\": unknown key, did you mean \"name\"?" },
		{ "{'kind':'fact','quite else':'x'," REST "}", "\"/quite else\": unknown key" },
		{ "{'kind':'fact','name':null," REST "}", "\"/name\": expected text, found null" },
		{ "{'kind':'fact','tags':'x'," REST "}",
		  "\"/tags\": expected list, found text \"x\"" },
		{ "{'kind':'fact','tags':['x',true]," REST "}",
		  "\"/tags/1\": expected text, found true" },
		{ "{'kind':'fact','last':{'name':'x','size':1.5}," REST "}",
		  "\"/last/size\": expected integer, found number 1.5" },
		{ "{'kind':'fact','last':{'name':'x','key':0}," REST "}",
		  "\"/last/key\": expected true or false, found integer 0" },
		{ "{'kind':'fact','last':{'size':1}," REST "}", "\"/last/name\": missing" },
		{ "{'kind':'fact','columns':[{'name':'a'},{'name':'b','sise':1}],"
		  "'first':{'name':'f'},'any/~':1}",
		  "\"/columns/1/sise\": unknown key, did you mean \"size\"?" },
		{ "{'kind':'fact','columns':[{'name':'a'},'b'],'first':{'name':'f'},'any/~':1}",
		  "\"/columns/1\": expected object, found text \"b\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v = json(cases[i].text);
		struct arena a = { 0 };
		struct table t;
		struct bldr_error err = { 0 };
		assert_int_equal(shape_decode(&table_shape, v, &a, &t, &err), BLDR_E_INVALID);
		assert_string_equal(err.text, cases[i].message);
		assert_int_equal(shape_decode(&table_shape, v, &a, &t, NULL), BLDR_E_INVALID);
		arena_release(&a);
		bldr_unref(v);
	}
}

/* A stranger's text is shown as JSON writes it, and only its beginning. */
static void long_and_strange(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct table t;
	struct bldr_error err;
	struct bldr_value *v =
		json("{'kind':'fact','tags':'\\u001b[2J\\n0123456789012345678901234567890123456"
		     "78901234567890123456789'," REST "}");
	assert_int_equal(shape_decode(&table_shape, v, &a, &t, &err), BLDR_E_INVALID);
	assert_string_equal(err.text,
			    "\"/tags\": expected list, found text \"\\u001B[2J\\n"
			    "0123456789012345678901234567890123456789012345678...\"");
	bldr_unref(v);

	char key[2000];
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	v = bldr_object();
	bldr_object_set(v, key, NULL);
	assert_int_equal(shape_decode(&table_shape, v, &a, &t, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "...\": unknown key"));
	bldr_unref(v);
	arena_release(&a);
}

static void forgotten_field(void **state)
{
	(void)state;
	struct table t = { 0 };
	assert_dies(shape_encode(&table_shape, &t)); /* first.name is mandatory */
	t.first.name = "f";
	t.kind = 2;
	assert_dies(shape_encode(&table_shape, &t));
	t.kind = 0;
	struct bldr_value *v = shape_encode(&table_shape, &t); /* a mandatory VALUE may be null */
	assert_json(v, "{'kind':'fact','columns':[],'first':{'name':'f'},'any/~':null}");
	bldr_unref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full),
		cmocka_unit_test(optional),
		cmocka_unit_test(encoding_outlives),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_and_strange),
		cmocka_unit_test(forgotten_field),
	};
	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
