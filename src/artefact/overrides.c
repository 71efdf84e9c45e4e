/*
 * The file keeps files, tables and columns by name, as people write them; the structs keep lists. So each map is
 * turned into a list whose items carry their key, and the shapes do the rest. The schema has checked the text before, so
 * what a shape still refuses is a bug of ours.
 */
#include "artefact/overrides.h"

#include <stdlib.h>
#include <string.h>

#include "artefact/shapes.h"
#include "base/asset.h"
#include "base/check.h"
#include "base/file.h"
#include "base/json_schema.h"
#include "base/jsonc.h"
#include "base/options.h"

enum { LINE_PATH_MAX = 256 };

static const char SCHEMA[] = "schemas/overrides.schema.json";

/* ---- shapes ---- */

static const struct shape_field file_override_fields[] = {
	TEXT(file_override, path),
	BOOLEAN_OR_FALSE(file_override, skip),
	TEXT_OR_NULL(file_override, encoding),
	TEXT_OR_NULL(file_override, delimiter),
	TEXT_OR_NULL(file_override, quote),
	TEXT_OR_NULL(file_override, escape),
	VALUE_OR_NULL(file_override, header),
	VALUE_OR_NULL(file_override, preamble_lines),
	VALUE_OR_NULL(file_override, not_rows),
	TEXTS_OR_EMPTY(file_override, columns),
	END_OF_FIELDS,
};
static const struct shape file_override_shape = SHAPE_OF(file_override);

static const char *const MEASURES[] = { "unsaid", "additive", "semi", "no", NULL };

static const struct shape_field column_override_fields[] = {
	TEXT(column_override, name),
	TEXT_OR_NULL(column_override, type),
	TEXT_OR_NULL(column_override, date_format),
	TEXT_OR_NULL(column_override, decimal_mark),
	TEXT_OR_NULL(column_override, group_mark),
	ENUMERATED_OR_0(column_override, measure, MEASURES),
	END_OF_FIELDS,
};
static const struct shape column_override_shape = SHAPE_OF(column_override);

static const struct shape_field reference_override_fields[] = {
	TEXTS(reference_override, columns),
	TEXT(reference_override, to),
	TEXTS(reference_override, to_columns),
	END_OF_FIELDS,
};
static const struct shape reference_override_shape = SHAPE_OF(reference_override);

static const struct shape_field columns_override_fields[] = {
	TEXTS(columns_override, columns),
	END_OF_FIELDS,
};
static const struct shape columns_override_shape = SHAPE_OF(columns_override);

static const struct shape_field product_override_fields[] = {
	TEXT(product_override, name),
	TEXTS(product_override, factors),
	TEXT_OR_NULL(product_override, less),
	END_OF_FIELDS,
};
static const struct shape product_override_shape = SHAPE_OF(product_override);

static const struct shape_field table_override_fields[] = {
	TEXT(table_override, table),
	TEXT_OR_NULL(table_override, role),
	TEXTS_OR_EMPTY(table_override, key),
	LIST_OR_EMPTY(table_override, not_keys, columns_override),
	LIST_OR_EMPTY(table_override, foreign_keys, reference_override),
	LIST_OR_EMPTY(table_override, not_foreign_keys, columns_override),
	LIST_OR_EMPTY(table_override, columns, column_override),
	BOOLEAN_OR_FALSE(table_override, products_said),
	LIST_OR_EMPTY(table_override, products, product_override),
	END_OF_FIELDS,
};
static const struct shape table_override_shape = SHAPE_OF(table_override);

static const struct shape_field overrides_fields[] = {
	LIST_OR_EMPTY(overrides, files, file_override),
	LIST_OR_EMPTY(overrides, tables, table_override),
	END_OF_FIELDS,
};
static const struct shape overrides_shape = SHAPE_OF(overrides);

/* ---- from the file's form to the shapes' ---- */

static struct bldr_value *table_value(const struct bldr_value *v);

/* {name: item} -> [{key: name, ...item}] */
static struct bldr_value *named_items(const struct bldr_value *map, const char *key,
				      struct bldr_value *(*item)(const struct bldr_value *v))
{
	struct bldr_value *list = bldr_list();

	for (void *it = bldr_first(map); it != NULL; it = bldr_next(map, it)) {
		struct bldr_value *v = item(bldr_item(it));

		bldr_object_set(v, key, bldr_text(bldr_key(it)));
		bldr_list_add(list, v);
	}
	return list;
}

/* [["a", "b"]] -> [{"columns": ["a", "b"]}] */
static struct bldr_value *column_lists(const struct bldr_value *lists)
{
	struct bldr_value *all = bldr_list();

	for (size_t i = 0; i < bldr_count(lists); i++) {
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "columns", bldr_ref(bldr_at(lists, i)));
		bldr_list_add(all, v);
	}
	return all;
}

static struct bldr_value *table_value(const struct bldr_value *v)
{
	struct bldr_value *t = bldr_copy(v);

	if (bldr_get(v, "columns") != NULL) {
		bldr_object_set(t, "columns",
				named_items(bldr_get(v, "columns"), "name", bldr_copy));
	}
	if (bldr_get(v, "products") != NULL) {
		bldr_object_set(t, "products_said", bldr_bool(true));
	}
	if (bldr_get(v, "not_keys") != NULL) {
		bldr_object_set(t, "not_keys", column_lists(bldr_get(v, "not_keys")));
	}
	if (bldr_get(v, "not_foreign_keys") != NULL) {
		bldr_object_set(t, "not_foreign_keys",
				column_lists(bldr_get(v, "not_foreign_keys")));
	}
	return t;
}

static int check_schema(const struct bldr_value *v, struct bldr_error *err)
{
	const struct asset *asset = asset_find(SCHEMA);
	struct bldr_value *text = NULL;
	struct json_schema *schema = NULL;
	int r;

	ASSERT(asset != NULL);
	r = bldr_value_parse((const char *)asset->data, asset->size, &text, err);
	if (r == 0) {
		r = json_schema_new(text, &schema, err);
	}
	if (r == 0) {
		r = json_schema_check(schema, v, err);
	}
	json_schema_free(schema);
	bldr_unref(text);
	return r;
}

static void drop_value(void *v)
{
	bldr_unref(v);
}

int overrides_decode(const struct bldr_value *v, struct arena *a, struct overrides *ret,
		     struct bldr_error *err)
{
	struct bldr_value *lists;
	int r;

	*ret = (struct overrides){ 0 };
	if (v == NULL) {
		return 0;
	}
	r = check_schema(v, err);
	if (r < 0) {
		return r;
	}
	lists = bldr_object();
	bldr_object_set(lists, "files", named_items(bldr_get(v, "files"), "path", bldr_copy));
	bldr_object_set(lists, "tables", named_items(bldr_get(v, "tables"), "table", table_value));
	arena_on_release(a, drop_value, lists); /* the values of file_override borrow */
	return shape_decode(&overrides_shape, lists, a, ret, err);
}

/* ---- reading ---- */

/* The line of the field that err's text begins with: `"/tables/orders/role": ...`; 0: it names none. */
static size_t error_line(const char *text, size_t size, const struct bldr_error *err)
{
	char path[LINE_PATH_MAX];
	const char *end = strncmp(err->text, "\"/", 2) == 0 ? strchr(err->text + 2, '"') : NULL;
	size_t n = end != NULL ? (size_t)(end - err->text) - 2 : 0;

	if (n == 0 || n >= sizeof(path)) {
		return 0;
	}
	memcpy(path, err->text + 2, n);
	path[n] = '\0';
	/* list indexes name no key: the line of the list must do */
	for (char *part = path; part != NULL && *part != '\0';) {
		char *slash = strchr(part, '/');

		if (part[strspn(part, "0123456789")] == '/' ||
		    part[strspn(part, "0123456789")] == '\0') {
			part[part > path ? -1 : 0] = '\0';
			break;
		}
		if (slash != NULL) {
			*slash = '.';
		}
		part = slash != NULL ? slash + 1 : NULL;
	}
	return jsonc_line(text, size, path);
}

/* Names the file, and the line of the field that err's text begins with. */
static int wrong(const char *text, struct bldr_error *err)
{
	size_t line = text != NULL ? error_line(text, strlen(text), err) : 0;

	return line > 0 ? bldr_error_prefix(err, "\"" OVERRIDES_FILE "\", line %zu", line)
			: bldr_error_prefix(err, "\"" OVERRIDES_FILE "\"");
}

static int parse(const char *text, size_t size, struct arena *a, struct overrides *ret,
		 const struct bldr_value **ret_value, struct bldr_error *err)
{
	struct bldr_value *v;
	int r = jsonc_parse(text, size, &v, err);

	if (r < 0) {
		return bldr_error_prefix(err, "\"" OVERRIDES_FILE "\"");
	}
	arena_on_release(a, drop_value, v);
	r = overrides_decode(v, a, ret, err);
	if (r < 0) {
		return wrong(text, err);
	}
	ret->text = arena_strndup(a, text, size);
	*ret_value = v;
	return 0;
}

int overrides_read(const char *folder, struct arena *a, struct overrides *ret,
		   const struct bldr_value **ret_value, struct bldr_error *err)
{
	const char *path = arena_printf(a, "%s/" OVERRIDES_FILE, folder);
	char *text;
	size_t size;
	int r;

	*ret = (struct overrides){ 0 };
	*ret_value = NULL;
	if (!file_exists(path)) {
		return 0;
	}
	r = file_read(path, OVERRIDES_BYTES_MAX, &text, &size, err);
	if (r < 0) {
		return r;
	}
	r = parse(text, size, a, ret, ret_value, err);
	free(text);
	return r;
}

/* ---- names ---- */

struct checker {
	const struct sources *sources;
	const char *text; /* NULL: no lines are known */
	struct arena *a;
	struct bldr_error *err;
};

/* field: "/tables/orders/key" */
static int unknown(const struct checker *c, const char *field, const char *what, const char *name,
		   const char **names, size_t n)
{
	const char *nearest;

	names[n] = NULL;
	nearest = options_nearest(name, names);
	bldr_error_set(c->err, BLDR_E_INVALID, "\"%s\": %s \"%s\"%s%s%s", field, what, name,
		       nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
		       nearest != NULL ? "\"?" : "");
	return wrong(c->text, c->err);
}

static const struct source_file *find_table(const struct sources *s, const char *table)
{
	for (size_t i = 0; i < s->files.n; i++) {
		if (strcmp(s->files.at[i].table, table) == 0) {
			return &s->files.at[i];
		}
	}
	return NULL;
}

static bool has_text(const texts *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i], text) == 0) {
			return true;
		}
	}
	return false;
}

static int check_column(const struct checker *c, const struct source_file *f, const char *field,
			const char *column)
{
	const char **names;

	if (has_text(&f->columns, column)) {
		return 0;
	}
	names = ARENA_ARRAY(c->a, const char *, f->columns.n + 1);
	for (size_t i = 0; i < f->columns.n; i++) {
		names[i] = f->columns.at[i];
	}
	return unknown(c, field, arena_printf(c->a, "table \"%s\" has no column", f->table), column,
		       names, f->columns.n);
}

static int check_columns(const struct checker *c, const struct source_file *f, const char *field,
			 const texts *columns)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < columns->n; i++) {
		r = check_column(c, f, field, columns->at[i]);
	}
	return r;
}

static int check_table_name(const struct checker *c, const char *field, const char *table,
			    const struct source_file **ret)
{
	const char **names;

	*ret = find_table(c->sources, table);
	if (*ret != NULL) {
		return 0;
	}
	names = ARENA_ARRAY(c->a, const char *, c->sources->files.n + 1);
	for (size_t i = 0; i < c->sources->files.n; i++) {
		names[i] = c->sources->files.at[i].table;
	}
	return unknown(c, field, "there is no table", table, names, c->sources->files.n);
}

static int check_reference(const struct checker *c, const struct source_file *f, const char *field,
			   const struct reference_override *ref)
{
	const struct source_file *to;
	int r = check_columns(c, f, field, &ref->columns);

	if (r == 0) {
		r = check_table_name(c, field, ref->to, &to);
	}
	if (r == 0) {
		r = check_columns(c, to, field, &ref->to_columns);
	}
	if (r == 0 && ref->columns.n != ref->to_columns.n) {
		bldr_error_set(c->err, BLDR_E_INVALID, "\"%s\": %zu columns refer to %zu", field,
			       ref->columns.n, ref->to_columns.n);
		r = wrong(c->text, c->err);
	}
	return r;
}

static int check_table(const struct checker *c, const struct table_override *t)
{
	const char *table = arena_printf(c->a, "/tables/%s", t->table);
	const struct source_file *f;
	int r = check_table_name(c, table, t->table, &f);

	if (r == 0) {
		r = check_columns(c, f, arena_printf(c->a, "%s/key", table), &t->key);
	}
	for (size_t i = 0; r == 0 && i < t->not_keys.n; i++) {
		r = check_columns(c, f, arena_printf(c->a, "%s/not_keys/%zu", table, i),
				  &t->not_keys.at[i].columns);
	}
	for (size_t i = 0; r == 0 && i < t->not_foreign_keys.n; i++) {
		r = check_columns(c, f, arena_printf(c->a, "%s/not_foreign_keys/%zu", table, i),
				  &t->not_foreign_keys.at[i].columns);
	}
	for (size_t i = 0; r == 0 && i < t->columns.n; i++) {
		const char *column = t->columns.at[i].name;

		r = check_column(c, f, arena_printf(c->a, "%s/columns/%s", table, column), column);
	}
	for (size_t i = 0; r == 0 && i < t->products.n; i++) {
		const struct product_override *p = &t->products.at[i];
		const char *field = arena_printf(c->a, "%s/products/%zu", table, i);

		r = check_columns(c, f, field, &p->factors);
		r = r == 0 && p->less != NULL ? check_column(c, f, field, p->less) : r;
	}
	for (size_t i = 0; r == 0 && i < t->foreign_keys.n; i++) {
		r = check_reference(c, f, arena_printf(c->a, "%s/foreign_keys/%zu", table, i),
				    &t->foreign_keys.at[i]);
	}
	return r;
}

static bool is_listed(const struct sources *s, const char *path)
{
	for (size_t i = 0; i < s->files.n; i++) {
		if (strcmp(s->files.at[i].path, path) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < s->skipped.n; i++) {
		if (strcmp(s->skipped.at[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

static int check_file(const struct checker *c, const struct file_override *f)
{
	const struct sources *s = c->sources;
	const char **names;
	size_t n = 0;

	if (is_listed(s, f->path)) {
		return 0;
	}
	names = ARENA_ARRAY(c->a, const char *, s->files.n + s->skipped.n + 1);
	for (size_t i = 0; i < s->files.n; i++) {
		names[n++] = s->files.at[i].path;
	}
	for (size_t i = 0; i < s->skipped.n; i++) {
		names[n++] = s->skipped.at[i].path;
	}
	return unknown(c, arena_printf(c->a, "/files/%s", f->path), "there is no file", f->path,
		       names, n);
}

int overrides_check(const struct overrides *o, const struct sources *sources, struct bldr_error *err)
{
	struct arena scratch = { 0 };
	const struct checker c = { sources, o->text, &scratch, err };
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->files.n; i++) {
		r = check_file(&c, &o->files.at[i]);
	}
	for (size_t i = 0; r == 0 && i < o->tables.n; i++) {
		r = check_table(&c, &o->tables.at[i]);
	}
	arena_release(&scratch);
	return r;
}

/* ---- asking ---- */

const struct file_override *overrides_file(const struct overrides *o, const char *path)
{
	for (size_t i = 0; i < o->files.n; i++) {
		if (strcmp(o->files.at[i].path, path) == 0) {
			return &o->files.at[i];
		}
	}
	return NULL;
}

const struct table_override *overrides_table(const struct overrides *o, const char *table)
{
	for (size_t i = 0; i < o->tables.n; i++) {
		if (strcmp(o->tables.at[i].table, table) == 0) {
			return &o->tables.at[i];
		}
	}
	return NULL;
}

const struct column_override *overrides_column(const struct table_override *t, const char *column)
{
	for (size_t i = 0; t != NULL && i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].name, column) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

bool overrides_same_columns(const texts *a, const texts *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++) {
		same = has_text(b, a->at[i]) && has_text(a, b->at[i]);
	}
	return same;
}
