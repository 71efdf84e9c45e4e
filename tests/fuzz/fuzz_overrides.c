/*
 * A bldr.json of any bytes: what is taken has a value that decodes to the same decisions again and passes or fails the
 * checks with a message; what is not says why, and names the file.
 */
#include <bldr/value.h>

#include "artefact/overrides.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "ingest/given.h"

static void same(const struct overrides *a, const struct overrides *b)
{
	ASSERT(a->files.n == b->files.n && a->tables.n == b->tables.n);
	for (size_t i = 0; i < a->files.n; i++) {
		const struct file_override *f = &a->files.at[i];
		ASSERT(overrides_file(b, f->path)->columns.n == f->columns.n);
		ASSERT(bldr_equal(overrides_file(b, f->path)->not_rows, f->not_rows));
	}
	for (size_t i = 0; i < a->tables.n; i++) {
		const struct table_override *t = &a->tables.at[i];
		const struct table_override *u = overrides_table(b, t->table);
		ASSERT(u->columns.n == t->columns.n && u->key.n == t->key.n);
		ASSERT(overrides_same_columns(&u->key, &t->key));
	}
}

/* The decisions about a file that is not there, and a table that is. */
static void check(const struct overrides *o, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct sources s = { 0 };
	struct source_file *f = LIST_ADD(a, &s.files);
	f->path = "orders.csv";
	f->table = "orders";
	*LIST_ADD(a, &f->columns) = "id";
	int rc = overrides_check(o, &s, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	}
	rc = given_check(o, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bldr_error err = { 0 };
	struct arena a = { 0 };
	struct overrides o, again;
	const struct bldr_value *v;
	folder_put(OVERRIDES_FILE, data, size);
	int rc = overrides_read(folder_path(), &a, &o, &v, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT);
		ASSERT(strstr(err.text, OVERRIDES_FILE) != NULL);
	} else {
		ASSERT(v != NULL);
		ASSERT(overrides_decode(v, &a, &again, &err) == 0);
		same(&o, &again);
		check(&o, &a);
	}
	arena_release(&a);
	return 0;
}
