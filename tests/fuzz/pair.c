/* Written for both formats' targets: what a record is, both readers say in the same terms. */
#include "fuzz/pair.h"

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"

static void same_record(const struct raw_table *t, size_t i, const struct record *r)
{
	ASSERT(i < t->records.n);
	const struct raw_record *other = &t->records.at[i];
	ASSERT(other->line == r->line && other->offset == (size_t)r->offset);
	ASSERT(other->in_line == r->in_line);
	ASSERT(other->size == r->raw_size && t->columns == r->n);
	for (size_t j = 0; j < r->n; j++) {
		const char *text = raw_field(t, i, j);
		ASSERT(strlen(text) == r->fields[j].size);
		ASSERT(memcmp(text, r->fields[j].text, r->fields[j].size) == 0);
	}
}

static void same_reject(const struct raw_table *t, size_t i, const struct record *r)
{
	ASSERT(i < t->rejects.n);
	const struct raw_record *other = &t->rejects.at[i].record;
	enum reject_kind kind = t->rejects.at[i].kind;
	ASSERT((kind == REJECT_BLANK) == (r->kind == RECORD_BLANK));
	ASSERT((kind == REJECT_TOTAL) == (r->kind == RECORD_TOTAL));
	ASSERT(other->in_line == r->in_line);
	ASSERT(other->line == r->line && other->offset == (size_t)r->offset);
	/* ingest keeps the beginning of a record that is too long */
	ASSERT(other->size == r->raw_size || other->size > CSV_RECORD_MAX);
}

void pair_compare(const struct source_file *f, const struct raw_table *t)
{
	struct bldr_error err = { 0 };
	struct record record;
	struct record_reader *r;
	size_t good = 0;
	size_t rejected = 0;
	int rc;
	ASSERT(record_reader_open(folder_path(), f, true, &r, &err) == 0);
	while ((rc = record_reader_next(r, &record, &err)) > 0) {
		if (record.rejected == NULL) {
			same_record(t, good++, &record);
		} else {
			same_reject(t, rejected++, &record);
		}
	}
	ASSERT(rc == 0 && good == t->records.n && rejected == t->rejects.n);
	record_reader_close(r);
}
