/*
 * Totality: random trees over random rows, well typed and not, with text of any bytes. Whatever
 * compiles gives a value of its type or a null, reads nothing out of bounds (columns are blocks of their
 * exact size, for the address sanitizer), is written as one line of PySpark and of prose, and its
 * canonical text reads back as the same value. The seed is printed; BLDR_TEST_SEED repeats a run.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/check.h"
#include "expr/function.h"

enum { TREES = 10000, ROWS = 12, COLUMNS = 4, TEXT_BYTES_MAX = 48 };

static uint64_t state64;

static uint64_t next64(void)
{
	uint64_t z = (state64 += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static size_t below(size_t n)
{
	return (size_t)(next64() % n);
}

static bool chance(size_t percent)
{
	return below(100) < percent;
}

#define PICK(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

static const char *const types[] = { "text",           "bool",         "int64", "decimal(10,2)",
				     "decimal(38,38)", "decimal(1,0)", "date",  "timestamp",
				     "timestamp_ntz",  "double" };
static const char *const good_texts[] = {
	"",
	"0",
	"-7",
	"9223372036854775807",
	"-9223372036854775808",
	"9223372036854775808",
	"12.345",
	"99999999.995",
	"0.99999999999999999999999999999999999999",
	"1e308",
	"-1.5E+400",
	"true",
	"N",
	"2018-01-05",
	"2000-02-29",
	"1900-02-29",
	"0001-01-01",
	"9999-12-31",
	"31/12/2018",
	"5.1.2018",
	"20180105",
	"2018-01-05T10:11:12.5Z",
	"0001-01-01 00:00:00-18:00",
	"9999-12-31T23:59:59.999999+0030",
	"2018-01-05 10:11:12",
	" padded\t",
	"a|b\\",
	"NULL",
	"\xE6\x97\xA5\xE6\x9C\xAC",
	"\xF0\x9F\x98\x80",
};

/* A text of JSON: good, or valid UTF-8 of some sort. */
static struct bldr_value *some_text(void)
{
	static const char *const odd[] = { "\"",       "\\", "|", "\n",           "\xC3\xA9",
					   "\xC2\xA0", "$1", " ", "\xE2\x80\xAE", "]" };
	return bldr_text(chance(70) ? PICK(good_texts) : PICK(odd));
}

static struct bldr_value *some_tree(unsigned depth);

static struct bldr_value *some_texts(const char *const *from, size_t n)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 1 + below(3); i > 0; i--) {
		bldr_list_add(list,
			      from != NULL && chance(95) ? bldr_text(from[below(n)]) : some_text());
	}
	return list;
}

/* The kind of argument a function wants, so that most trees are well typed. */
static struct bldr_value *typed(enum column_kind kind, unsigned depth);

static struct bldr_value *call(const char *name)
{
	struct bldr_value *tree = bldr_object();
	bldr_object_set(tree, "fn", bldr_text(name));
	return tree;
}

static void set_args(struct bldr_value *tree, struct bldr_value *first)
{
	struct bldr_value *args = bldr_list();
	if (first != NULL) {
		bldr_list_add(args, first);
	}
	bldr_object_set(tree, "args", args);
}

static void set_parts(struct bldr_value *tree, unsigned depth)
{
	struct bldr_value *args = bldr_list();
	for (size_t i = 1 + below(3); i > 0; i--) {
		bldr_list_add(args, some_tree(depth));
	}
	bldr_object_set(tree, "args", args);
}

static void set_hops(struct bldr_value *tree, unsigned depth)
{
	struct bldr_value *over = bldr_list();
	for (size_t i = 1 + below(2); i > 0; i--) {
		struct bldr_value *hop = bldr_object();
		struct bldr_value *from = bldr_list();
		for (size_t k = 1 + below(2); k > 0; k--) {
			bldr_list_add(from, some_tree(depth));
		}
		bldr_object_set(hop, "from", from);
		bldr_object_set(hop, "to", some_tree(depth));
		bldr_list_add(over, hop);
	}
	bldr_object_set(tree, "over", over);
}

static struct bldr_value *leaf(void)
{
	struct bldr_value *tree = bldr_object();
	if (chance(70)) {
		static const char *const names[] = { "a", "b", "c", "d" };
		bldr_object_set(tree, "col", bldr_text(PICK(names)));
		if (chance(20)) {
			bldr_object_set(tree, "of", bldr_text("other"));
		}
		return tree;
	}
	bldr_object_set(tree, "lit", chance(20) ? bldr_null() : some_text());
	bldr_object_set(tree, "type", bldr_text(chance(60) ? "text" : PICK(types)));
	return tree;
}

static struct bldr_value *text_tree(unsigned depth)
{
	struct bldr_value *tree;
	switch (depth == 0 ? 9 : below(6)) {
	case 0:
		tree = call("trim");
		set_args(tree, typed(COLUMN_TEXT, depth - 1));
		bldr_object_set(tree, "chars", some_text());
		return tree;
	case 1:
		tree = call("null_if");
		set_args(tree, typed(COLUMN_TEXT, depth - 1));
		bldr_object_set(tree, "tokens", some_texts(NULL, 0));
		return tree;
	case 2:
		tree = call("cast");
		set_args(tree, some_tree(depth - 1));
		bldr_object_set(tree, "type", bldr_text("text"));
		return tree;
	case 3:
		tree = call("source_file");
		set_args(tree, NULL);
		return tree;
	default:
		return leaf();
	}
}

static struct bldr_value *date_tree(unsigned depth)
{
	static const char *const formats[] = { "yyyy-MM-dd", "dd/MM/yyyy", "d.M.yyyy", "yyyyMMdd",
					       "MMddyyyy",   "M/d/yyyy",   "yyyy",     "yyyyMd" };
	struct bldr_value *tree = call(chance(20) ? "calendar_day" : "parse_date");
	if (strcmp(bldr_get_text(tree, "fn"), "calendar_day") == 0) {
		set_args(tree, NULL);
		return tree;
	}
	set_args(tree, typed(COLUMN_TEXT, depth == 0 ? 0 : depth - 1));
	bldr_object_set(tree, "formats", some_texts(formats, sizeof(formats) / sizeof(formats[0])));
	return tree;
}

static struct bldr_value *int_tree(unsigned depth)
{
	static const char *const parts[] = { "year",        "quarter",  "month",       "day",
					     "iso_weekday", "iso_week", "day_of_year", "hour" };
	unsigned inner = depth == 0 ? 0 : depth - 1;
	struct bldr_value *tree;
	switch (below(depth == 0 ? 3 : 5)) {
	case 0:
		tree = call("date_key");
		set_args(tree, typed(COLUMN_DATE, inner));
		return tree;
	case 1:
		tree = call("date_part");
		set_args(tree, typed(COLUMN_DATE, inner));
		bldr_object_set(tree, "part", bldr_text(PICK(parts)));
		return tree;
	case 2:
		tree = call("source_line");
		set_args(tree, NULL);
		return tree;
	case 3:
		tree = call("surrogate_key");
		set_parts(tree, inner);
		bldr_object_set(tree, "table", some_text());
		return tree;
	default:
		tree = call("lookup");
		set_parts(tree, inner);
		bldr_object_set(tree, "dimension", bldr_text("dim"));
		bldr_object_set(tree, "key", typed(COLUMN_INT64, inner));
		if (chance(50)) {
			set_hops(tree, inner);
		}
		return tree;
	}
}

static struct bldr_value *typed(enum column_kind kind, unsigned depth)
{
	if (chance(3)) {
		return some_tree(depth);
	}
	if (kind == COLUMN_TEXT) {
		return text_tree(depth);
	}
	return kind == COLUMN_DATE ? date_tree(depth) : int_tree(depth);
}

static struct bldr_value *some_tree(unsigned depth)
{
	struct bldr_value *tree;
	switch (depth == 0 ? 9 : below(7)) {
	case 0:
		return date_tree(depth);
	case 1:
		return int_tree(depth);
	case 2:
	case 3:
		tree = call("cast");
		set_args(tree, text_tree(depth - 1));
		bldr_object_set(tree, "type", bldr_text(PICK(types)));
		return tree;
	case 4:
		tree = call("coalesce");
		set_parts(tree, depth - 1);
		return tree;
	default:
		return text_tree(depth);
	}
}

/* ---- rows ---- */

struct random_row {
	char *text[COLUMNS]; /* a block of its exact size, NULL for null */
	size_t size[COLUMNS];
};

/* A good text with some bytes changed, in a block of its own size. */
static char *some_bytes(size_t *ret_size)
{
	char text[TEXT_BYTES_MAX + 8];
	const char *start = PICK(good_texts);
	size_t size = strlen(start);
	memcpy(text, start, size);
	for (size_t edits = chance(50) ? below(4) : 0; edits > 0; edits--) {
		size_t at = below(size + 1);
		if (chance(50) && size < TEXT_BYTES_MAX) {
			memmove(text + at + 1, text + at, size - at);
			text[at] = (char)(chance(50) ? below(256) : '0' + below(10));
			size++;
		} else {
			size = at;
		}
	}
	char *block = xmalloc(size > 0 ? size : 1);
	memcpy(block, text, size);
	*ret_size = size;
	return block;
}

static struct random_row row_new(void)
{
	struct random_row row = { 0 };
	for (size_t i = 0; i < COLUMNS; i++) {
		row.text[i] = chance(10) ? NULL : some_bytes(&row.size[i]);
	}
	return row;
}

static void row_release(struct random_row *row)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		free(row->text[i]);
	}
}

static bool find_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	*ret_slot = column[0] - 'a';
	return true;
}

static bool find_dimension(void *user, const char *name, int *ret_slot)
{
	(void)user;
	(void)name;
	*ret_slot = 0;
	return true;
}

static void read_column(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct random_row *row = user;
	*ret = row->text[slot];
	*ret_size = row->size[slot];
}

static bool has_key(void *user, int slot, int64_t key)
{
	(void)user;
	(void)slot;
	return key % 2 == 0;
}

static const char *column_name(void *user, const char *alias, const char *column)
{
	(void)user;
	(void)alias;
	return column;
}

static const char *lookup_name(void *user, const char *dimension)
{
	(void)user;
	return dimension;
}

/* ---- what must hold ---- */

static void check_text(const struct expr_value *v, struct arena *scratch)
{
	struct expr_value again;
	struct buf text;
	struct buf second;
	buf_init(&text, 1 << 16);
	buf_init(&second, 1 << 16);
	assert_true(expr_value_text(v, &text));
	assert_false(buf_failed(&text));
	value_read(&again, v->type, text.data, text.size, scratch);
	assert_false(again.null);
	assert_true(expr_value_text(&again, &second));
	assert_int_equal(text.size, second.size);
	assert_memory_equal(text.data, second.data, text.size);
	buf_release(&text);
	buf_release(&second);
}

static void check_value(const struct expr *e, const struct expr_value *v, struct arena *scratch)
{
	assert_true(column_type_equal(v->type, expr_type(e)));
	if (v->null) {
		assert_null(v->text);
		return;
	}
	assert_null(v->reason);
	if (v->type.kind == COLUMN_DECIMAL) {
		assert_int_equal(v->dec.scale, v->type.scale);
		assert_true(decimal_digits(v->dec) <= v->type.precision);
	}
	if (v->type.kind == COLUMN_DATE) {
		assert_in_range(v->i - DAY_FIRST, 0, DAY_LAST - DAY_FIRST);
	}
	check_text(v, scratch);
}

static void check_rows(const struct expr *e)
{
	for (int i = 0; i < ROWS; i++) {
		struct random_row data = row_new();
		struct arena scratch = { 0 };
		struct expr_value v;
		const struct expr_row row = {
			.column = chance(95) ? read_column : NULL,
			.has_key = chance(95) ? has_key : NULL,
			.user = &data,
			.source_file = chance(50) ? "a/b.csv" : NULL,
			.source_line = (int64_t)next64(),
			.day = (int32_t)(chance(50) ? (int64_t)below(20000) : (int64_t)next64()),
		};
		memset(&v, 0xA5, sizeof(v));
		expr_eval(e, &row, &scratch, &v);
		check_value(e, &v, &scratch);
		arena_release(&scratch);
		row_release(&data);
	}
}

static void check_writers(const struct bldr_value *tree)
{
	const struct expr_pyspark names = { column_name, lookup_name, NULL };
	struct bldr_error err = { 0 };
	struct buf out;
	buf_init(&out, 1 << 20);
	int rc = expr_pyspark(tree, &names, &out, &err);
	assert_true(rc == 0 || rc == BLDR_E_LIMIT);
	assert_null(memchr(out.data, '\n', out.size));
	buf_clear(&out);
	assert_int_equal(expr_prose(tree, &out, &err), 0);
	assert_true(out.size > 0);
	assert_null(memchr(out.data, '\n', out.size));
	buf_release(&out);
}

static void total(void **state)
{
	const struct expr_scope scope = { .column = find_column, .dimension = find_dimension };
	size_t compiled = 0;
	(void)state;
	for (int i = 0; i < TREES; i++) {
		struct bldr_value *tree = some_tree((unsigned)below(6));
		struct arena arena = { 0 };
		struct bldr_error err = { 0 };
		const struct expr *e;
		int rc = expr_compile(tree, &scope, &arena, &e, &err);
		if (rc == 0) {
			compiled++;
			check_rows(e);
			check_writers(tree);
		} else {
			assert_int_equal(rc, BLDR_E_INVALID);
			assert_true(err.text[0] == '"' && err.text[1] == '/');
		}
		arena_release(&arena);
		bldr_unref(tree);
	}
	printf("# %zu of %d trees compiled\n", compiled, TREES);
	assert_true(compiled > TREES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(total) };
	const char *given = getenv("BLDR_TEST_SEED");
	if (given != NULL) {
		state64 = strtoull(given, NULL, 0);
	} else {
		ASSERT(getrandom(&state64, sizeof(state64), 0) == sizeof(state64));
	}
	printf("# BLDR_TEST_SEED=%" PRIu64 "\n", state64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
