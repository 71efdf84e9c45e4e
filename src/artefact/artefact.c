/*
 * Artefacts between structs and files: every file that is written or read has been validated against
 * its schema, and what is read has the hash that the reference promised. What can go wrong is a
 * producer that filled its struct wrongly, a file that was changed behind our back, and the disk.
 */
#include "artefact/artefact.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "artefact/shapes.h"
#include "base/asset.h"
#include "base/check.h"
#include "base/file.h"
#include "base/json_schema.h"
#include "base/pointer.h"

/* The key that says in the text which artefact it is; no struct has it. */
static const char NAME_KEY[] = "artefact";

static const struct kind {
	const char *name;
	const struct shape *shape;
} KINDS[] = {
	{ "sources", &sources_shape },
	{ "profile", &profile_shape },
	{ "table_profile", &table_profile_shape },
	{ "design", &design_shape },
	{ "contract", &contract_shape },
	{ "sttm", &sttm_shape },
	{ "pipeline", &pipeline_shape },
	{ "deployment", &deployment_shape },
	{ "findings", &findings_shape },
	{ "evaluation", &evaluation_shape },
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcmp(KINDS[i].name, name) == 0) {
			return &KINDS[i];
		}
	}
	return NULL;
}

const struct shape *artefact_shape(const char *name)
{
	const struct kind *kind = kind_of(name);
	return kind != NULL ? kind->shape : NULL;
}

/* ---- validation ---- */

static int schema_load(const char *name, struct json_schema **ret, struct bldr_error *err)
{
	char *path = xasprintf("schemas/%s.schema.json", name);
	const struct asset *asset = asset_find(path);
	struct bldr_value *text = NULL; /* borrowed by the schema, so it stays */
	int rc;
	if (asset == NULL) {
		rc = bldr_error_set(err, BLDR_E_NOT_FOUND, "no such asset");
	} else {
		rc = bldr_value_parse((const char *)asset->data, asset->size, &text, err);
	}
	if (rc == 0) {
		rc = json_schema_new(text, ret, err);
	}
	if (rc < 0) {
		bldr_unref(text);
		bldr_error_prefix(err, "\"%s\"", path);
	}
	free(path);
	return rc;
}

/* The schema of a kind, loaded once per process; any thread may ask. */
static int schema_of(const struct kind *kind, const struct json_schema **ret, struct bldr_error *err)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct json_schema *loaded[KIND_COUNT];
	struct json_schema **at = &loaded[kind - KINDS];
	int rc = 0;
	pthread_mutex_lock(&lock);
	if (*at == NULL) {
		rc = schema_load(kind->name, at, err);
	}
	if (rc == 0) {
		*ret = *at;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Floating-point text differs between writers: decimals are text or scaled integers. */
static int refuse_reals(const struct bldr_value *v, const struct pointer *at, struct bldr_error *err)
{
	int rc = 0;
	if (bldr_type_of(v) == BLDR_REAL) {
		return pointer_error(at, err, "is a floating-point number, write decimals as text");
	}
	if (bldr_type_of(v) == BLDR_LIST) {
		for (size_t i = 0; rc == 0 && i < bldr_count(v); i++) {
			struct pointer item_at = { .up = at, .index = i };
			rc = refuse_reals(bldr_at(v, i), &item_at, err);
		}
	}
	if (bldr_type_of(v) == BLDR_OBJECT) {
		for (void *it = bldr_first(v); rc == 0 && it != NULL; it = bldr_next(v, it)) {
			struct pointer item_at = { .up = at, .key = bldr_key(it) };
			rc = refuse_reals(bldr_item(it), &item_at, err);
		}
	}
	return rc;
}

static int validate(const struct kind *kind, const struct bldr_value *v, struct bldr_error *err)
{
	const struct json_schema *schema;
	struct pointer root = { 0 };
	int rc = schema_of(kind, &schema, err);
	if (rc == 0) {
		rc = json_schema_check(schema, v, err);
	}
	return rc == 0 ? refuse_reals(v, &root, err) : rc;
}

/* ---- references ---- */

static const struct shape_field artefact_ref_fields[] = {
	TEXT(artefact_ref, path),
	TEXT(artefact_ref, hash),
	INTEGER(artefact_ref, bytes),
	END_OF_FIELDS,
};
static const struct shape artefact_ref_shape = SHAPE_OF(artefact_ref);

struct bldr_value *artefact_ref_value(const struct artefact_ref *ref)
{
	return shape_encode(&artefact_ref_shape, ref);
}

/* True when a relative path cannot leave the folder it is relative to. */
static bool stays_inside(const char *path)
{
	if (path[0] == '\0' || path[0] == '/') {
		return false;
	}
	for (const char *part = path; part != NULL; part = strchr(part, '/')) {
		part += *part == '/' ? 1 : 0;
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
			return false;
		}
	}
	return true;
}

int artefact_ref_parse(const struct bldr_value *v, struct arena *a, struct artefact_ref *ret,
		       struct bldr_error *err)
{
	struct artefact_ref ref;
	int rc = shape_decode(&artefact_ref_shape, v, a, &ref, err);
	if (rc < 0) {
		bldr_error_prefix(err, "artefact reference");
		return rc;
	}
	if (!stays_inside(ref.path)) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"artefact reference: \"/path\": \"%s\" leaves the run's folder", ref.path);
	}
	*ret = ref;
	return 0;
}

void artefact_derive(struct arena *a, struct artefact_head *head, const char *artefact,
		     const struct artefact_ref *from)
{
	*LIST_ADD(a, &head->inputs) = (struct artefact_input){
		.artefact = arena_strdup(a, artefact),
		.hash = arena_strdup(a, from->hash),
	};
}

/* ---- writing ---- */

static const struct artefact_head *head_of(const struct shape *shape, const void *data)
{
	for (const struct shape_field *f = shape->fields; f->name != NULL; f++) {
		if (f->sub == &artefact_head_shape) {
			return (const void *)((const char *)data + f->offset);
		}
	}
	return NULL;
}

static const char *default_path(const struct kind *kind, const void *data, struct arena *a)
{
	const struct artefact_head *head = head_of(kind->shape, data);
	ASSERT(head != NULL); /* without a head the caller gives the path */
	return arena_printf(a, "artefacts/%s.v%lld.json", kind->name, (long long)head->version);
}

static int write_text(const char *folder, const char *path, const char *text, size_t size,
		      struct bldr_error *err)
{
	char *file = xasprintf("%s/%s", folder, path);
	char *parent = xstrndup(file, (size_t)(strrchr(file, '/') - file));
	int rc = file_mkdirs(parent, err);
	if (rc == 0) {
		rc = file_write(file, text, size, err);
	}
	free(parent);
	free(file);
	return rc;
}

/* What cannot be read again must not be written. */
static int check_depth(const struct bldr_value *v, struct bldr_error *err)
{
	size_t depth = bldr_depth(v);
	if (depth > BLDR_VALUE_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT, "nested %zu deep, the limit is %d", depth,
				      BLDR_VALUE_DEPTH_MAX);
	}
	return 0;
}

/* The text of a struct, checked; the caller frees it. */
static int encode(const struct kind *kind, const void *data, char **ret, size_t *ret_size,
		  struct bldr_error *err)
{
	struct bldr_value *v = shape_encode(kind->shape, data);
	bldr_object_set(v, NAME_KEY, bldr_text(kind->name));
	int rc = check_depth(v, err);
	if (rc == 0) {
		rc = validate(kind, v, err);
	}
	if (rc < 0) {
		bldr_unref(v);
		return rc;
	}
	char *text = bldr_value_pretty(v);
	bldr_unref(v);
	size_t size = strlen(text);
	if (size > BLDR_VALUE_TEXT_MAX) {
		free(text);
		return bldr_error_set(err, BLDR_E_LIMIT, "text of %zu bytes, the limit is %zu",
				      size, BLDR_VALUE_TEXT_MAX);
	}
	*ret = text;
	*ret_size = size;
	return 0;
}

int artefact_write(const char *folder, const char *name, const char *path, const void *data,
		   struct arena *a, struct artefact_ref *ret, struct bldr_error *err)
{
	const struct kind *kind = kind_of(name);
	ASSERT(kind != NULL);
	char *text = NULL;
	size_t size = 0;
	int rc = encode(kind, data, &text, &size, err);
	if (rc < 0) {
		bldr_error_prefix(err, "artefact \"%s\" to be written", name);
		return rc;
	}

	path = path != NULL ? arena_strdup(a, path) : default_path(kind, data, a);
	rc = write_text(folder, path, text, size, err);
	if (rc == 0) {
		char hash[HASH_HEX_MAX];
		hash_bytes(text, size, hash);
		*ret = (struct artefact_ref){
			.path = path,
			.hash = arena_strdup(a, hash),
			.bytes = (int64_t)size,
		};
	}
	free(text);
	return rc;
}

/* ---- reading ---- */

static void drop_value(void *v)
{
	bldr_unref(v);
}

const struct bldr_value *artefact_keep(struct arena *a, struct bldr_value *v)
{
	arena_on_release(a, drop_value, v);
	return v;
}

static bool holds_values(const struct shape *shape)
{
	for (const struct shape_field *f = shape->fields; f->name != NULL; f++) {
		if (f->kind == SHAPE_VALUE || (f->sub != NULL && holds_values(f->sub))) {
			return true;
		}
	}
	return false;
}

/* v without the key that names the artefact. The caller owns the result. */
static struct bldr_value *without_name(const struct bldr_value *v)
{
	struct bldr_value *rest = bldr_object();
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		if (strcmp(bldr_key(it), NAME_KEY) != 0) {
			bldr_object_set(rest, bldr_key(it), bldr_ref(bldr_item(it)));
		}
	}
	return rest;
}

static int check_name(const struct kind *kind, const struct bldr_value *v, struct bldr_error *err)
{
	const char *found = bldr_get_text(v, NAME_KEY);
	if (found == NULL || strcmp(found, kind->name) == 0) {
		return 0; /* when it is missing, the schema says so */
	}
	return bldr_error_set(err, BLDR_E_INVALID, "holds a \"%s\", expected a \"%s\"", found,
			      kind->name);
}

static int decode(const struct kind *kind, const struct bldr_value *v, struct arena *a, void *ret,
		  struct bldr_error *err)
{
	int rc = check_name(kind, v, err);
	if (rc == 0) {
		rc = validate(kind, v, err);
	}
	if (rc < 0) {
		return rc;
	}
	struct bldr_value *fields = without_name(v);
	void *data = arena_alloc(a, kind->shape->size);
	rc = shape_decode(kind->shape, fields, a, data, err);
	if (rc == 0) {
		memcpy(ret, data, kind->shape->size);
	}
	if (rc == 0 && holds_values(kind->shape)) {
		artefact_keep(a, fields);
	} else {
		bldr_unref(fields);
	}
	return rc;
}

static int read_text(const char *folder, const struct artefact_ref *ref, char **ret,
		     size_t *ret_size, struct bldr_error *err)
{
	char *file = xasprintf("%s/%s", folder, ref->path);
	char *text;
	size_t size;
	int rc = file_read(file, BLDR_VALUE_TEXT_MAX, &text, &size, err);
	free(file);
	if (rc == BLDR_E_NOT_FOUND && err != NULL) {
		err->code = BLDR_E_IO; /* it was recorded, so it was there: no fault of who asks */
	}
	if (rc < 0) {
		return rc == BLDR_E_NOT_FOUND ? BLDR_E_IO : rc;
	}
	char hash[HASH_HEX_MAX];
	hash_bytes(text, size, hash);
	if (strcmp(hash, ref->hash) != 0) {
		free(text);
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "\"%s\" has changed since it was recorded", ref->path);
	}
	*ret = text;
	*ret_size = size;
	return 0;
}

int artefact_read(const char *folder, const char *name, const struct artefact_ref *ref,
		  struct arena *a, void *ret, struct bldr_error *err)
{
	const struct kind *kind = kind_of(name);
	ASSERT(kind != NULL);
	char *text = NULL;
	size_t size = 0;
	int rc = read_text(folder, ref, &text, &size, err);
	if (rc < 0) {
		return rc;
	}
	struct bldr_value *v;
	rc = bldr_value_parse(text, size, &v, err);
	free(text);
	if (rc == 0) {
		rc = decode(kind, v, a, ret, err);
		bldr_unref(v);
	}
	if (rc < 0) {
		bldr_error_prefix(err, "\"%s\"", ref->path);
	}
	return rc;
}
