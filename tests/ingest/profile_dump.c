/*
 * The profiles of a folder's tables under other budgets, as a JSON list, for the Python tests.
 *
 *	profile_dump FOLDER COLUMN_BYTES KEPT_VALUES KEY_BYTES SAMPLE_ROWS BATCH_ROWS    0: the usual one
 *
 * Beside each profile stands its sketch: {"profile", "sketch": [{"distinct", "estimated", "hashes"}]}.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ingest/ingest.h"
#include "ingest/sketch.h"

static struct bldr_value *sketch_value(const struct table_sketch *s)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < s->n; i++) {
		struct bldr_value *v = bldr_object();
		struct bldr_value *hashes = bldr_list();
		bldr_object_set(v, "distinct", bldr_int(s->columns[i].distinct));
		bldr_object_set(v, "estimated", bldr_bool(s->columns[i].estimated));
		for (size_t k = 0; k < s->columns[i].n; k++) {
			char text[24];
			(void)snprintf(text, sizeof(text), "%016llx",
				       (unsigned long long)s->columns[i].hashes[k]);
			bldr_list_add(hashes, bldr_text(text));
		}
		bldr_object_set(v, "hashes", hashes);
		bldr_list_add(list, v);
	}
	return list;
}

static int dump(char **argv, struct arena *a, struct bldr_error *err)
{
	struct sources sources;
	size_t l[5];
	for (size_t i = 0; i < 5; i++) {
		l[i] = strtoull(argv[2 + i], NULL, 10);
	}
	struct profile_limits limits = { l[0], l[1], l[2], l[3], l[4] };
	struct overrides o = { 0 };
	int rc = ingest_discover(argv[1], a, &sources, err);
	rc = rc == 0 ? overrides_decode(sources.overrides, a, &o, err) : rc;
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; rc == 0 && i < sources.files.n; i++) {
		struct table_profile t;
		struct table_sketch s;
		const struct source_file *file = &sources.files.at[i];
		rc = ingest_profile_sketch(argv[1], file, overrides_table(&o, file->table), &limits,
					   a, &t, &s, err);
		if (rc == 0) {
			struct bldr_value *v = bldr_object();
			bldr_object_set(v, "profile", shape_encode(&table_profile_shape, &t));
			bldr_object_set(v, "sketch", sketch_value(&s));
			bldr_list_add(list, v);
		}
	}
	if (rc == 0) {
		char *text = bldr_value_text(list);
		puts(text);
		free(text);
	}
	bldr_unref(list);
	return rc;
}

int main(int argc, char **argv)
{
	struct bldr_error err;
	struct arena a = { 0 };
	if (argc != 7) {
		fputs("usage: profile_dump FOLDER COLUMN_BYTES KEPT_VALUES KEY_BYTES SAMPLE_ROWS "
		      "BATCH_ROWS\n",
		      stderr);
		return 2;
	}
	int rc = dump(argv, &a, &err);
	if (rc != 0) {
		fprintf(stderr, "%s: %s\n", bldr_error_name(rc), err.text);
	}
	arena_release(&a);
	return rc == 0 ? 0 : 1;
}
