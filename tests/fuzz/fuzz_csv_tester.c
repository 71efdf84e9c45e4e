/*
 * The Tester's CSV reader over any file, with and without quoting: records and rejects tile the file, and the
 * fields of a good record, written again, are its raw bytes. The number of columns is that of the first line's
 * commas; the header is read as a record.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "checks/reader.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/tester.h"
#include "fuzz/tiling.h"

enum { COLUMNS_MAX = 64 };

static void check_record(const struct raw_table *t, size_t i, char quote)
{
	const struct raw_record *r = &t->records.at[i];
	const char *raw = t->bytes + r->offset;
	size_t at = 0;
	ASSERT(utf8_valid(raw, r->size) && memchr(raw, '\0', r->size) == NULL);
	for (size_t j = 0; j < t->columns; j++) {
		const char *text = raw_field(t, i, j);
		at = tiling_field(raw, r->size, at, text, strlen(text), ',', quote);
		ASSERT((at == r->size) == (j + 1 == t->columns));
		at++;
	}
}

static void check_reject(const struct raw_table *t, const struct raw_reject *r)
{
	const char *raw = t->bytes + r->record.offset;
	ASSERT(r->reason != NULL);
	if (strstr(r->reason, "quote") != NULL) {
		ASSERT(memchr(raw, '"', r->record.size) != NULL);
	} else if (strcmp(r->reason, "a NUL byte") == 0) {
		ASSERT(memchr(raw, '\0', r->record.size) != NULL);
	} else if (strcmp(r->reason, "not UTF-8") == 0) {
		ASSERT(!utf8_valid(raw, r->record.size));
	} else if (strcmp(r->reason, "blank, not a row") == 0) {
		ASSERT(tiling_blank(raw, r->record.size, ',', '"'));
	} else {
		ASSERT(strstr(r->reason, " fields instead of ") != NULL);
	}
}

static void check_table(const struct raw_table *t, const char *bytes, size_t size, char quote)
{
	struct tiling tiling;
	struct tester_place at = { 0 };
	const struct raw_record *r;
	const struct raw_reject *reject;
	ASSERT(memcmp(t->bytes, bytes, size) == 0);
	ASSERT(t->fields.n == t->records.n * t->columns);
	tiling_start(&tiling, t->bytes, size);
	while ((r = tester_next(t, &at, &reject)) != NULL) {
		tiling_record(&tiling, r->line, r->offset, r->size);
		if (reject != NULL) {
			ASSERT(raw_record_at(t, r->line) == -1);
			check_reject(t, reject);
		} else {
			ASSERT(raw_record_at(t, r->line) == (int64_t)at.records - 1);
			check_record(t, at.records - 1, quote);
		}
	}
	tiling_end(&tiling);
}

static void read_file(struct source_file *f, const char *bytes, size_t size)
{
	struct arena a = { 0 };
	struct raw_table t;
	struct bldr_error err = { 0 };
	int rc = raw_table_read(folder_path(), f, &a, &t, &err);
	if (rc == 0) {
		check_table(&t, bytes, size, f->quote != NULL ? '"' : '\0');
	} else { /* gzip or UTF-16 by its first bytes, which the declaration denies */
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID && size >= 2);
		ASSERT(memchr(bytes, '\0', size) != NULL ||
		       strchr("\x1F\xFF\xFE", bytes[0]) != NULL);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	char hash[HASH_HEX_MAX];
	hash_bytes(data, size, hash);
	struct source_file f = { .path = "data.csv",
				 .bytes = (int64_t)size,
				 .hash = hash,
				 .encoding = "utf-8",
				 .bom = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0,
				 .delimiter = ",",
				 .quote = "\"" };
	struct arena a = { 0 };
	*LIST_ADD(&a, &f.columns) = "column_1";
	for (size_t i = 0; i < size && bytes[i] != '\n' && f.columns.n < COLUMNS_MAX; i++) {
		if (bytes[i] == ',') {
			const char *name = arena_printf(&a, "column_%zu", f.columns.n + 1);
			*LIST_ADD(&a, &f.columns) = name;
		}
	}
	folder_put("data.csv", data, size);
	read_file(&f, bytes, size);
	f.quote = NULL;
	read_file(&f, bytes, size);
	arena_release(&a);
	return 0;
}
