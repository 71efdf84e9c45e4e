/*
 * Discovery over any bytes, under names of several kinds: a file is a source or is left out with a reason. A source
 * has columns with names of their own and can be read as declared, to its end, without a change; what is declared
 * is what its format may declare, and the same twice.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "ingest/ingest.h"

static void check_columns(const struct source_file *f)
{
	bool folds = f->format == FORMAT_CSV; /* JSON keys are told by case */
	ASSERT(f->columns.n > 0 && f->columns.n <= CSV_COLUMNS_MAX);
	for (size_t i = 0; i < f->columns.n && i < 200; i++) {
		for (size_t j = 0; j < i; j++) {
			int order = folds ? strcasecmp(f->columns.at[i], f->columns.at[j])
					  : strcmp(f->columns.at[i], f->columns.at[j]);
			ASSERT(order != 0);
		}
	}
}

static void read_source(const struct source_file *f)
{
	struct bldr_error err = { 0 };
	struct record r;
	struct record_reader *reader;
	int64_t line = f->preamble_lines;
	int rc;
	ASSERT(record_reader_open(folder_path(), f, true, &reader, &err) == 0);
	while ((rc = record_reader_next(reader, &r, &err)) > 0) {
		ASSERT(r.line > line || f->format == FORMAT_JSON);
		line = r.line;
		ASSERT((r.rejected == NULL) == (r.kind == RECORD_GOOD));
		ASSERT(r.kind != RECORD_GOOD || r.n == f->columns.n);
		ASSERT(r.kind != RECORD_TOTAL || f->not_rows.n > 0);
	}
	ASSERT(rc == 0);
	record_reader_close(reader);
}

static void check_source(const struct source_file *f)
{
	bool csv = f->format == FORMAT_CSV;
	ASSERT(strlen(f->delimiter) == (csv ? 1 : 0) && strlen(f->quote) <= (csv ? 1 : 0));
	ASSERT(csv || (!f->header && f->preamble_lines == 0 && f->not_rows.n == 0));
	ASSERT(f->preamble_lines >= 0);
	check_columns(f);
	read_source(f);
}

static void discover(const char *name)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct sources s;
	struct sources again;
	int rc = ingest_discover_file(folder_path(), name, &a, &s, &err);
	ASSERT(rc == 0 || rc == BLDR_E_INVALID);
	if (rc == 0) {
		ASSERT(s.files.n == 1);
		check_source(&s.files.at[0]);
		ASSERT(ingest_discover_file(folder_path(), name, &a, &again, &err) == 0);
		struct bldr_value *one = shape_encode(&sources_shape, &s);
		struct bldr_value *two = shape_encode(&sources_shape, &again);
		ASSERT(bldr_equal(one, two));
		bldr_unref(one);
		bldr_unref(two);
	} else {
		ASSERT(strstr(err.text, name) != NULL);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "data.csv", "data.txt.gz", "data.json", "data.tsv" };
	const char *name = names[size % 4];
	folder_put(name, data, size);
	discover(name);
	return 0;
}
