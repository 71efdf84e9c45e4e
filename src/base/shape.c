/*
 * One table of fields, walked in both directions. Decoding looks every key of the value up in the
 * table and every field of the table up in the value, so nothing unknown and nothing missing passes;
 * encoding writes the same fields back. What can go wrong is the value, and the message says where.
 */
#include "base/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/options.h"
#include "base/pointer.h"

struct list {
	void *at;
	size_t n;
	size_t room;
};

struct decoder {
	struct arena *arena;
	struct bldr_error *err;
};

static int decode_struct(const struct decoder *d, const struct shape *s, const struct bldr_value *v,
			 const struct pointer *at, void *ret);

static int unexpected(const struct decoder *d, const struct pointer *at, const char *expected,
		      const struct bldr_value *found)
{
	char text[VALUE_DESCRIPTION_MAX];
	value_describe(found, text);
	return pointer_error(at, d->err, "expected %s, found %s", expected, text);
}

static int unknown_key(const struct decoder *d, const struct shape *s, const struct pointer *at)
{
	size_t n = 0;
	while (s->fields[n].name != NULL) {
		n++;
	}
	const char **names = ARENA_ARRAY(d->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		names[i] = s->fields[i].name;
	}
	const char *nearest = options_nearest(at->key, names);
	if (nearest == NULL) {
		return pointer_error(at, d->err, "unknown key");
	}
	return pointer_error(at, d->err, "unknown key, did you mean \"%s\"?", nearest);
}

static int decode_enum(const struct decoder *d, const struct shape_field *f,
		       const struct bldr_value *v, const struct pointer *at, int *ret)
{
	const char *text = bldr_as_text(v);
	for (int i = 0; text != NULL && f->names[i] != NULL; i++) {
		if (strcmp(f->names[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	char *expected = arena_printf(d->arena, "one of");
	for (int i = 0; f->names[i] != NULL; i++) {
		expected = arena_printf(d->arena, "%s%s \"%s\"", expected, i > 0 ? "," : "",
					f->names[i]);
	}
	return unexpected(d, at, expected, v);
}

static int decode_list(const struct decoder *d, const struct shape_field *f,
		       const struct bldr_value *v, const struct pointer *at, struct list *ret)
{
	if (bldr_type_of(v) != BLDR_LIST) {
		return unexpected(d, at, "list", v);
	}
	bool texts = f->kind == SHAPE_TEXTS;
	size_t n = bldr_count(v);
	size_t item_size = texts ? sizeof(const char *) : f->sub->size;
	char *items = n != 0 ? arena_array(d->arena, n, item_size) : NULL;

	for (size_t i = 0; i < n; i++) {
		struct pointer item_at = { .up = at, .index = i };
		const struct bldr_value *item = bldr_at(v, i);
		if (!texts) {
			int rc = decode_struct(d, f->sub, item, &item_at, items + i * item_size);
			if (rc < 0) {
				return rc;
			}
		} else if (bldr_type_of(item) == BLDR_TEXT) {
			((const char **)(void *)items)[i] =
				arena_strdup(d->arena, bldr_as_text(item));
		} else {
			return unexpected(d, &item_at, "text", item);
		}
	}
	*ret = (struct list){ .at = items, .n = n, .room = n };
	return 0;
}

static int decode_object(const struct decoder *d, const struct shape_field *f,
			 const struct bldr_value *v, const struct pointer *at, void *ret)
{
	if (!f->optional) {
		return decode_struct(d, f->sub, v, at, ret);
	}
	void *object = arena_alloc(d->arena, f->sub->size);
	*(void **)ret = object;
	return decode_struct(d, f->sub, v, at, object);
}

static int decode_field(const struct decoder *d, const struct shape_field *f,
			const struct bldr_value *v, const struct pointer *at, void *ret)
{
	enum bldr_type type = bldr_type_of(v);
	switch (f->kind) {
	case SHAPE_TEXT:
		if (type != BLDR_TEXT) {
			return unexpected(d, at, "text", v);
		}
		*(const char **)ret = arena_strdup(d->arena, bldr_as_text(v));
		return 0;
	case SHAPE_INT:
		if (type != BLDR_INT) {
			return unexpected(d, at, "integer", v);
		}
		*(int64_t *)ret = bldr_as_int(v, 0);
		return 0;
	case SHAPE_BOOL:
		if (type != BLDR_BOOL) {
			return unexpected(d, at, "true or false", v);
		}
		*(bool *)ret = bldr_as_bool(v, false);
		return 0;
	case SHAPE_ENUM:
		return decode_enum(d, f, v, at, ret);
	case SHAPE_VALUE:
		*(const struct bldr_value **)ret = v;
		return 0;
	case SHAPE_OBJECT:
		return decode_object(d, f, v, at, ret);
	case SHAPE_TEXTS:
	case SHAPE_LIST:
		return decode_list(d, f, v, at, ret);
	}
	return 0;
}

static const struct shape_field *field_of(const struct shape *s, const char *name)
{
	for (const struct shape_field *f = s->fields; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0) {
			return f;
		}
	}
	return NULL;
}

static int decode_struct(const struct decoder *d, const struct shape *s, const struct bldr_value *v,
			 const struct pointer *at, void *ret)
{
	if (bldr_type_of(v) != BLDR_OBJECT) {
		return unexpected(d, at, "object", v);
	}
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		struct pointer key_at = { .up = at, .key = bldr_key(it) };
		if (field_of(s, key_at.key) == NULL) {
			return unknown_key(d, s, &key_at);
		}
	}
	for (const struct shape_field *f = s->fields; f->name != NULL; f++) {
		struct pointer field_at = { .up = at, .key = f->name };
		const struct bldr_value *item = bldr_get(v, f->name);
		if (item == NULL && !f->optional) {
			return pointer_error(&field_at, d->err, "missing");
		}
		int rc = item == NULL
			? 0
			: decode_field(d, f, item, &field_at, (char *)ret + f->offset);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int shape_decode(const struct shape *s, const struct bldr_value *v, struct arena *a, void *ret,
		 struct bldr_error *err)
{
	struct decoder d = { .arena = a, .err = err };
	struct pointer root = { 0 };
	memset(ret, 0, s->size);
	return decode_struct(&d, s, v, &root, ret);
}

/* A field that the code forgot to fill is a bug, and the message should say which. */
static void filled(bool is, const struct shape *s, const struct shape_field *f)
{
	if (!is) {
		char text[128];
		snprintf(text, sizeof(text), "%s.%s is set", s->name, f->name);
		check_failed(text, __FILE__, __LINE__, __func__);
	}
}

static struct bldr_value *encode_list(const struct shape_field *f, const struct list *list)
{
	struct bldr_value *v = bldr_list();
	for (size_t i = 0; i < list->n; i++) {
		const char *at = list->at;
		if (f->kind == SHAPE_TEXTS) {
			bldr_list_add(v, bldr_text(((char *const *)list->at)[i]));
		} else {
			bldr_list_add(v, shape_encode(f->sub, at + i * f->sub->size));
		}
	}
	return v;
}

static struct bldr_value *encode_enum(const struct shape *s, const struct shape_field *f, int value)
{
	int n = 0;
	while (f->names[n] != NULL) {
		n++;
	}
	filled(value >= 0 && value < n, s, f);
	return bldr_text(f->names[value]);
}

/* NULL: an optional field that is absent. */
static struct bldr_value *encode_field(const struct shape *s, const struct shape_field *f,
				       const void *data)
{
	const char *text;
	int64_t number;
	const struct bldr_value *value;
	const struct list *list = data;

	switch (f->kind) {
	case SHAPE_TEXT:
		text = *(const char *const *)data;
		filled(text != NULL || f->optional, s, f);
		return text != NULL ? bldr_text(text) : NULL;
	case SHAPE_INT:
		number = *(const int64_t *)data;
		return number != 0 || !f->optional ? bldr_int(number) : NULL;
	case SHAPE_BOOL:
		return *(const bool *)data || !f->optional ? bldr_bool(*(const bool *)data) : NULL;
	case SHAPE_ENUM:
		return *(const int *)data != 0 || !f->optional
			? encode_enum(s, f, *(const int *)data)
			: NULL;
	case SHAPE_VALUE:
		value = *(const struct bldr_value *const *)data;
		if (value == NULL) {
			return f->optional ? NULL : bldr_null();
		}
		return bldr_ref(value);
	case SHAPE_OBJECT:
		if (f->optional) {
			data = *(const void *const *)data;
		}
		return data != NULL ? shape_encode(f->sub, data) : NULL;
	case SHAPE_TEXTS:
	case SHAPE_LIST:
		return list->n != 0 || !f->optional ? encode_list(f, list) : NULL;
	}
	return NULL;
}

struct bldr_value *shape_encode(const struct shape *s, const void *data)
{
	struct bldr_value *v = bldr_object();
	for (const struct shape_field *f = s->fields; f->name != NULL; f++) {
		struct bldr_value *item = encode_field(s, f, (const char *)data + f->offset);
		if (item != NULL) {
			bldr_object_set(v, f->name, item);
		}
	}
	return v;
}
