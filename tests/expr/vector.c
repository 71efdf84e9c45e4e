#include "expr/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"

/* The place of a key in an object, or -1. */
static int place_of(const struct bldr_value *object, const char *key)
{
	int place = 0;
	for (void *it = bldr_first(object); it != NULL; it = bldr_next(object, it)) {
		if (strcmp(bldr_key(it), key) == 0) {
			return place;
		}
		place++;
	}
	return -1;
}

static const struct bldr_value *item_at(const struct bldr_value *object, int place)
{
	for (void *it = bldr_first(object); it != NULL; it = bldr_next(object, it)) {
		if (place-- == 0) {
			return bldr_item(it);
		}
	}
	return NULL;
}

static bool has_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	char key[256];
	snprintf(key, sizeof(key), "%s%s%s", alias, *alias != '\0' ? "." : "", column);
	*ret_slot = place_of(bldr_get(user, "row"), key);
	return *ret_slot >= 0;
}

static bool has_dimension(void *user, const char *name, int *ret_slot)
{
	*ret_slot = place_of(bldr_get(user, "keys"), name);
	return *ret_slot >= 0;
}

static void read_column(void *user, int slot, const char **ret, size_t *ret_size)
{
	*ret = bldr_as_text(item_at(bldr_get(user, "row"), slot));
	*ret_size = *ret != NULL ? strlen(*ret) : 0;
}

static bool has_key(void *user, int slot, int64_t key)
{
	const struct bldr_value *keys = item_at(bldr_get(user, "keys"), slot);
	for (size_t i = 0; i < bldr_count(keys); i++) {
		if (bldr_type_of(bldr_at(keys, i)) == BLDR_INT &&
		    bldr_as_int(bldr_at(keys, i), 0) == key) {
			return true;
		}
	}
	return false;
}

struct expr_scope vector_scope(struct bldr_value *vector)
{
	return (struct expr_scope){ has_column, has_dimension, vector };
}

struct expr_row vector_row(struct bldr_value *vector)
{
	const struct bldr_value *at = bldr_get(vector, "at");
	const char *day = bldr_get_text(at, "day");
	struct expr_row row = {
		.column = read_column,
		.has_key = has_key,
		.user = vector,
		.source_file = bldr_get_text(at, "file"),
		.source_line = bldr_get_int(at, "line", 0),
		.source_record = bldr_get_int(at, "record", 0),
	};
	if (day != NULL) {
		ASSERT(expr_date_parse("yyyy-MM-dd", 0, day, strlen(day), &row.day));
	}
	return row;
}

struct bldr_value *vector_file(const char *function)
{
	char *path = xasprintf("%s/tests/golden/functions/%s.json", getenv("BLDR_ROOT"), function);
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	char *text;
	size_t size;
	if (file_read(path, 1 << 20, &text, &size, &err) < 0 ||
	    bldr_value_parse(text, size, &v, &err) < 0) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		exit(1);
	}
	free(text);
	free(path);
	return v;
}
