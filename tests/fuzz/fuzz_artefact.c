/*
 * Artefact files of every kind, as a stranger's: reading is total, and what is read and written again is the
 * canonical text of what was read, byte for byte. The shapes alone, behind no schema, hold to it too.
 */
#include <stdlib.h>

#include <bldr/value.h>

#include "artefact/artefact.h"
#include "base/file.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/json_mutator.h"

static const char *const kinds[] = { "sources",    "profile",    "table_profile",
				     "design",     "contract",   "sttm",
				     "pipeline",   "deployment", "findings",
				     "evaluation", NULL };

static const char *kind_of(const struct bldr_value *v)
{
	const char *name = bldr_get_text(v, "artefact");
	for (size_t i = 0; name != NULL && kinds[i] != NULL; i++) {
		if (strcmp(kinds[i], name) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}

static void write_again(const char *kind, const void *data, const struct bldr_value *v,
			struct arena *a)
{
	struct bldr_error err = { 0 };
	struct artefact_ref ref;
	size_t size;
	char *written;
	char *path = xasprintf("%s/out.json", folder_path());
	char *canonical = bldr_value_pretty(v);
	ASSERT(artefact_write(folder_path(), kind, "out.json", data, a, &ref, &err) == 0);
	ASSERT(file_read(path, BLDR_VALUE_TEXT_MAX, &written, &size, &err) == 0);
	ASSERT(ref.bytes == (int64_t)size);
	ASSERT(strcmp(written, canonical) == 0);
	free(written);
	free(canonical);
	free(path);
}

static void read_file(const char *kind, const uint8_t *data, size_t size, const struct bldr_value *v)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	char hash[HASH_HEX_MAX];
	hash_bytes(data, size, hash);
	const struct artefact_ref ref = { .path = "in.json", .hash = hash, .bytes = (int64_t)size };
	void *decoded = arena_alloc(&a, artefact_shape(kind)->size);
	folder_put("in.json", data, size);
	int rc = artefact_read(folder_path(), kind, &ref, &a, decoded, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT);
	} else {
		write_again(kind, decoded, v, &a);
	}
	arena_release(&a);
}

static bool may_be_absent(const struct bldr_value *v)
{
	switch (bldr_type_of(v)) {
	case BLDR_TEXT: /* the first name of an optional enum */
		return true;
	case BLDR_LIST:
		return bldr_count(v) == 0;
	case BLDR_BOOL:
		return !bldr_as_bool(v, true);
	case BLDR_INT:
		return bldr_as_int(v, 1) == 0;
	case BLDR_NULL:
	case BLDR_REAL:
	case BLDR_OBJECT:
	default:
		return false;
	}
}

/* second is first without what is optional and empty. */
static void same_but_empty(const struct bldr_value *first, const struct bldr_value *second)
{
	if (bldr_type_of(first) == BLDR_LIST) {
		ASSERT(bldr_type_of(second) == BLDR_LIST && bldr_count(first) == bldr_count(second));
		for (size_t i = 0; i < bldr_count(first); i++) {
			same_but_empty(bldr_at(first, i), bldr_at(second, i));
		}
	} else if (bldr_type_of(first) == BLDR_OBJECT) {
		ASSERT(bldr_type_of(second) == BLDR_OBJECT);
		for (void *it = bldr_first(second); it != NULL; it = bldr_next(second, it)) {
			ASSERT(bldr_get(first, bldr_key(it)) != NULL);
		}
		for (void *it = bldr_first(first); it != NULL; it = bldr_next(first, it)) {
			const struct bldr_value *item = bldr_get(second, bldr_key(it));
			if (item != NULL) {
				same_but_empty(bldr_item(it), item);
			} else {
				ASSERT(may_be_absent(bldr_item(it)));
			}
		}
	} else {
		ASSERT(bldr_equal(first, second));
	}
}

/* A shape drops what is optional and empty, so only from the second time on nothing changes. */
static void through_shape(const char *kind, const struct bldr_value *v)
{
	const struct shape *shape = artefact_shape(kind);
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	void *data = arena_alloc(&a, shape->size);
	struct bldr_value *fields = bldr_object();
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		if (strcmp(bldr_key(it), "artefact") != 0) {
			bldr_object_set(fields, bldr_key(it), bldr_ref(bldr_item(it)));
		}
	}
	int rc = shape_decode(shape, fields, &a, data, &err);
	if (rc < 0) {
		failed_well(rc, &err);
	} else {
		struct bldr_value *first = shape_encode(shape, data);
		same_but_empty(fields, first);
		ASSERT(shape_decode(shape, first, &a, data, &err) == 0);
		struct bldr_value *second = shape_encode(shape, data);
		ASSERT(bldr_equal(first, second));
		bldr_unref(first);
		bldr_unref(second);
	}
	bldr_unref(fields);
	arena_release(&a);
}

static void read_reference(const struct bldr_value *v)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct artefact_ref ref;
	int rc = artefact_ref_parse(v, &a, &ref, &err);
	if (rc < 0) {
		failed_well(rc, &err);
	} else {
		struct bldr_value *again = artefact_ref_value(&ref);
		ASSERT(bldr_equal(v, again) && ref.path[0] != '/');
		bldr_unref(again);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	if (bldr_value_parse((const char *)data, size, &v, &err) < 0) {
		return 0; /* fuzz_value's business */
	}
	const char *kind = kind_of(v);
	if (kind != NULL) {
		through_shape(kind, v);
		read_file(kind, data, size, v);
	}
	read_reference(v);
	bldr_unref(v);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return json_mutate(data, size, max_size, seed);
}
