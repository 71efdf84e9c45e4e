/*
 * A schema on the first line, an instance behind it. A schema either loads or says why not; checking is
 * total, gives the same answer for the instance's canonical text, and the answer of a schema S is that of
 * allOf, anyOf and oneOf of S alone.
 */
#include <stdbool.h>
#include <stdlib.h>

#include <bldr/value.h>

#include "base/json_schema.h"
#include "fuzz/fuzz.h"
#include "fuzz/json_mutator.h"

enum { SMALL_MAX = 1000000 };

static int check(const struct json_schema *s, const struct bldr_value *v)
{
	struct bldr_error err = { 0 };
	int rc = json_schema_check(s, v, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT);
	}
	return rc;
}

static void check_again(const struct json_schema *s, const struct bldr_value *v, int rc)
{
	struct bldr_error err = { 0 };
	struct bldr_value *again;
	char *text = bldr_value_text(v);
	ASSERT(bldr_value_parse(text, strlen(text), &again, &err) == 0);
	ASSERT(check(s, again) == rc);
	free(text);
	bldr_unref(again);
}

/* schema has no keyword that stands at the root only, so it may stand inside another. */
static void check_inside(const struct bldr_value *schema, const struct bldr_value *v, int rc)
{
	static const char *const keywords[] = { "allOf", "anyOf", "oneOf" };
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		struct bldr_error err = { 0 };
		struct json_schema *s;
		struct bldr_value *list = bldr_list();
		struct bldr_value *outer = bldr_object();
		bldr_list_add(list, bldr_ref(schema));
		bldr_object_set(outer, keywords[i], list);
		ASSERT(json_schema_new(outer, &s, &err) == 0);
		int inside = check(s, v);
		ASSERT(inside == rc || inside == BLDR_E_LIMIT || rc == BLDR_E_LIMIT);
		json_schema_free(s);
		bldr_unref(outer);
	}
}

/* text: the schema's. A schema without references is tried once on every value: that takes no time. */
static void run(const char *text, size_t instance_size, const struct bldr_value *schema,
		const struct bldr_value *v)
{
	struct bldr_error err = { 0 };
	struct json_schema *s = NULL;
	int rc = json_schema_new(schema, &s, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID && s == NULL);
		return;
	}
	rc = check(s, v);
	bool plain = strchr(text, '$') == NULL;
	ASSERT(rc != BLDR_E_LIMIT || !plain || strlen(text) * instance_size > SMALL_MAX);
	if (rc != BLDR_E_LIMIT) {
		check_again(s, v, rc);
	}
	/* One level deeper may be one too many. */
	if (plain && bldr_depth(schema) + 2 <= BLDR_VALUE_DEPTH_MAX) {
		check_inside(schema, v, rc);
	}
	json_schema_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t instance_size;
	const char *instance = second_part((const char *)data, &size, &instance_size);
	struct bldr_error err = { 0 };
	struct bldr_value *schema = NULL;
	struct bldr_value *v = NULL;
	if (bldr_value_parse((const char *)data, size, &schema, &err) == 0 &&
	    bldr_value_parse(instance, instance_size, &v, &err) == 0) {
		char *text = bldr_value_text(schema);
		run(text, instance_size, schema, v);
		free(text);
	}
	bldr_unref(schema);
	bldr_unref(v);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return json_mutate(data, size, max_size, seed);
}
