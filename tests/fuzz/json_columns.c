#include "fuzz/json_columns.h"

#include "base/hash.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"

void json_columns(struct source_file *f, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct record record;
	struct record_reader *r;
	char hash[HASH_HEX_MAX];
	int rc;
	ASSERT(record_reader_discover(folder_path(), f, &r, &err) == 0);
	while ((rc = record_reader_next(r, &record, &err)) > 0) {
	}
	ASSERT(rc == 0);
	const texts *keys = record_reader_keys(r);
	for (size_t i = 0; i < keys->n; i++) {
		for (size_t j = 0; j < i; j++) {
			ASSERT(strcmp(keys->at[i], keys->at[j]) != 0);
		}
		*LIST_ADD(a, &f->columns) = arena_strdup(a, keys->at[i]);
	}
	f->bom = record_reader_bom(r);
	ASSERT(record_reader_drain(r, hash, &f->bytes, &err) == 0);
	f->hash = arena_strdup(a, hash);
	record_reader_close(r);
}
