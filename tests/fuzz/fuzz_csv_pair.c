/*
 * The two CSV readers, ingest's and the Tester's, over the same file: they were written apart from the same
 * rules, so they must agree on every record's place, on whether it is good and on its fields.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/pair.h"
#include "ingest/headings.h"

/* Fills what ingest finds out about a file; false: it refuses the file or finds no header. */
static bool discover(struct source_file *f, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct record header;
	struct record_reader *r;
	char hash[HASH_HEX_MAX];
	ASSERT(record_reader_discover(folder_path(), f, &r, &err) == 0);
	int rc = record_reader_header(r, &header, &err);
	bool usable = rc == 1 && header.rejected == NULL && header.n < CSV_COLUMNS_MAX;
	texts written = { 0 };
	for (size_t i = 0; usable && i < header.n; i++) {
		*LIST_ADD(a, &written) =
			arena_strndup(a, header.fields[i].text, header.fields[i].size);
	}
	headings_name(&written, a, f);
	f->bom = record_reader_bom(r);
	ASSERT(record_reader_drain(r, hash, &f->bytes, &err) == 0);
	f->hash = arena_strdup(a, hash);
	record_reader_close(r);
	return usable;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct raw_table t;
	struct source_file f = { .path = "data.csv",
				 .encoding = "utf-8",
				 .delimiter = ",",
				 .quote = "\"",
				 .header = true };
	folder_put("data.csv", data, size);
	if (discover(&f, &a)) {
		ASSERT(raw_table_read(folder_path(), &f, &a, &t, &err) == 0);
		pair_compare(&f, &t);
	}
	arena_release(&a);
	return 0;
}
