/*
 * An expression as JSON on the first line, a row's columns behind it, separated by bytes 0x1F. What compiles is
 * allowed by the schema, is total over any bytes (a value of its type or a null, and canonical text that reads
 * back), and is written as one line of PySpark and of prose; what does not compile says where.
 */
#include <stdlib.h>

#include <bldr/value.h>

#include "base/asset.h"
#include "base/json_schema.h"
#include "expr/function.h"
#include "fuzz/fuzz.h"
#include "fuzz/json_mutator.h"

enum { COLUMNS = 4, TEXT_MAX = 1 << 20 };

struct row {
	char *text[COLUMNS]; /* blocks of their exact size; NULL: the joined row is missing */
	size_t size[COLUMNS];
};

static bool find_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	*ret_slot = (int)((unsigned char)column[0] % COLUMNS);
	return column[0] != '?';
}

static bool find_dimension(void *user, const char *name, int *ret_slot)
{
	(void)user;
	*ret_slot = 0;
	return name[0] != '?';
}

static void read_column(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct row *row = user;
	ASSERT(slot >= 0 && slot < COLUMNS);
	*ret = row->text[slot];
	*ret_size = row->size[slot];
}

static bool has_key(void *user, int slot, int64_t key)
{
	(void)user;
	ASSERT(slot == 0);
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

static struct row row_of(const char *bytes, size_t size)
{
	struct row row = { 0 };
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *end = size > 0 ? memchr(bytes, 0x1F, size) : NULL;
		size_t n = end != NULL ? (size_t)(end - bytes) : size;
		row.text[i] = xmalloc(n > 0 ? n : 1);
		row.size[i] = n;
		memcpy(row.text[i], bytes, n);
		if (end == NULL) {
			break; /* the other columns are missing */
		}
		bytes = end + 1;
		size -= n + 1;
	}
	return row;
}

static void check_text(const struct expr_value *v, struct arena *scratch)
{
	struct expr_value again;
	struct buf text;
	struct buf second;
	buf_init(&text, TEXT_MAX);
	buf_init(&second, TEXT_MAX);
	ASSERT(expr_value_text(v, &text) && !buf_failed(&text));
	value_read(&again, v->type, text.data, text.size, scratch);
	ASSERT(!again.null && expr_value_text(&again, &second));
	ASSERT(text.size == second.size && memcmp(text.data, second.data, text.size) == 0);
	buf_release(&text);
	buf_release(&second);
}

static void check_value(const struct expr *e, const struct expr_value *v, struct arena *scratch)
{
	ASSERT(column_type_equal(v->type, expr_type(e)));
	if (v->null) {
		ASSERT(v->reason == NULL || v->reason[0] != '\0');
		return;
	}
	ASSERT(v->reason == NULL);
	if (v->type.kind == COLUMN_DECIMAL) {
		ASSERT(v->dec.scale == v->type.scale);
		ASSERT(decimal_digits(v->dec) <= v->type.precision);
	}
	if (v->type.kind == COLUMN_DATE) {
		ASSERT(v->i >= DAY_FIRST && v->i <= DAY_LAST);
	}
	if (v->type.kind == COLUMN_BOOL) {
		ASSERT(v->i == 0 || v->i == 1);
	}
	check_text(v, scratch);
}

static void eval(const struct expr *e, struct row *data)
{
	static const int32_t days[] = { 0, DAY_FIRST, DAY_LAST, INT32_MIN };
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		struct arena scratch = { 0 };
		struct expr_value v;
		const struct expr_row row = {
			.column = i == 3 ? NULL : read_column,
			.has_key = i == 2 ? NULL : has_key,
			.user = data,
			.source_file = i == 1 ? NULL : "a/b.csv",
			.source_line = i == 1 ? INT64_MAX : 2,
			.day = days[i],
		};
		memset(&v, 0xA5, sizeof(v));
		expr_eval(e, &row, &scratch, &v);
		check_value(e, &v, &scratch);
		arena_release(&scratch);
	}
}

static void write_texts(const struct bldr_value *tree, bool compiled)
{
	const struct expr_pyspark names = { column_name, lookup_name, NULL };
	struct bldr_error err = { 0 };
	struct buf out;
	buf_init(&out, TEXT_MAX);
	int rc = expr_pyspark(tree, &names, &out, &err);
	ASSERT(rc == 0 || rc == BLDR_E_LIMIT || (rc == BLDR_E_INVALID && !compiled));
	ASSERT(memchr(out.data, '\n', out.size) == NULL && utf8_valid(out.data, out.size));
	ASSERT(rc != BLDR_E_INVALID || out.size == 0);
	buf_clear(&out);
	rc = expr_prose(tree, &out, &err);
	ASSERT(rc == 0 || rc == BLDR_E_LIMIT || (rc == BLDR_E_INVALID && !compiled));
	ASSERT(memchr(out.data, '\n', out.size) == NULL && utf8_valid(out.data, out.size));
	ASSERT((rc == 0) == (out.size > 0));
	buf_release(&out);
}

static const struct json_schema *schema(void)
{
	static struct bldr_value *text; /* borrowed by the schema */
	static struct json_schema *s;
	if (s == NULL) {
		struct bldr_error err = { 0 };
		const struct asset *asset = asset_find("schemas/expression.schema.json");
		ASSERT(asset != NULL);
		ASSERT(bldr_value_parse((const char *)asset->data, asset->size, &text, &err) == 0);
		ASSERT(json_schema_new(text, &s, &err) == 0);
	}
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct expr_scope scope = { .column = find_column, .dimension = find_dimension };
	size_t row_size;
	const char *bytes = second_part((const char *)data, &size, &row_size);
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct bldr_value *tree;
	const struct expr *e = NULL;
	if (bldr_value_parse((const char *)data, size, &tree, &err) < 0) {
		return 0;
	}
	int rc = expr_compile(tree, &scope, &a, &e, &err);
	if (rc == 0) {
		struct row row = row_of(bytes, row_size);
		ASSERT(json_schema_check(schema(), tree, &err) == 0);
		eval(e, &row);
		for (size_t i = 0; i < COLUMNS; i++) {
			free(row.text[i]);
		}
	} else {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID && e == NULL);
		ASSERT(err.text[0] == '"' && err.text[1] == '/');
	}
	write_texts(tree, rc == 0);
	arena_release(&a);
	bldr_unref(tree);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return json_mutate(data, size, max_size, seed);
}
