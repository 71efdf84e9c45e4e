/*
 * The two CSV readers, ingest's and the Tester's, over the same file: they were written apart from the same
 * rules, so they must agree on every record's place, on whether it is good and on its fields.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "checks/reader.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "ingest/headings.h"
#include "ingest/reader.h"

/* Fills what ingest finds out about a file; false: it refuses the file or finds no header. */
static bool discover(struct source_file *f, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct csv_record header;
	struct csv_reader *r;
	char hash[HASH_HEX_MAX];
	ASSERT(csv_reader_discover(folder_path(), f, &r, &err) == 0);
	int rc = csv_reader_header(r, &header, &err);
	bool usable = rc == 1 && header.rejected == NULL && header.n < CSV_COLUMNS_MAX;
	texts written = { 0 };
	for (size_t i = 0; usable && i < header.n; i++) {
		*LIST_ADD(a, &written) =
			arena_strndup(a, header.fields[i].text, header.fields[i].size);
	}
	headings_name(&written, a, f);
	f->bom = csv_reader_bom(r);
	ASSERT(csv_reader_drain(r, hash, &f->bytes, &err) == 0);
	f->hash = arena_strdup(a, hash);
	csv_reader_close(r);
	return usable;
}

static void same_record(const struct raw_table *t, size_t i, const struct csv_record *r)
{
	ASSERT(i < t->records.n);
	const struct raw_record *other = &t->records.at[i];
	ASSERT(other->line == r->line && other->offset == (size_t)r->offset);
	ASSERT(other->size == r->raw_size && t->columns == r->n);
	for (size_t j = 0; j < r->n; j++) {
		const char *text = raw_field(t, i, j);
		ASSERT(strlen(text) == r->fields[j].size);
		ASSERT(memcmp(text, r->fields[j].text, r->fields[j].size) == 0);
	}
}

static void same_reject(const struct raw_table *t, size_t i, const struct csv_record *r)
{
	ASSERT(i < t->rejects.n);
	const struct raw_record *other = &t->rejects.at[i].record;
	ASSERT(other->line == r->line && other->offset == (size_t)r->offset);
	/* ingest keeps the beginning of a record that is too long */
	ASSERT(other->size == r->raw_size || other->size > CSV_RECORD_MAX);
}

static void compare(const struct source_file *f, const struct raw_table *t)
{
	struct bldr_error err = { 0 };
	struct csv_record record;
	struct csv_reader *r;
	size_t good = 0;
	size_t rejected = 0;
	int rc;
	ASSERT(csv_reader_open(folder_path(), f, true, &r, &err) == 0);
	while ((rc = csv_reader_next(r, &record, &err)) > 0) {
		if (record.rejected == NULL) {
			same_record(t, good++, &record);
		} else {
			same_reject(t, rejected++, &record);
		}
	}
	ASSERT(rc == 0 && good == t->records.n && rejected == t->rejects.n);
	csv_reader_close(r);
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
		compare(&f, &t);
	}
	arena_release(&a);
	return 0;
}
