/*
 * The two JSON readers, ingest's and the Tester's, over the same file, as lines and as an array: they were written
 * apart from the same rules, so they must agree on the columns, on every record's place and on its values.
 */
#include <stdlib.h>

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/json_columns.h"
#include "fuzz/pair.h"

static void read_as(int format)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct raw_table t;
	struct source_file f = { .path = "data.json",
				 .format = format,
				 .encoding = "utf-8",
				 .delimiter = "",
				 .quote = "" };
	json_columns(&f, &a);
	if (f.columns.n > 0) {
		ASSERT(raw_table_read(folder_path(), &f, &a, &t, &err) == 0);
		pair_compare(&f, &t);
	}
	arena_release(&a);
}

/* The Tester takes it for UTF-16, or for gzip, and says that it is declared wrongly. */
static bool is_refused(const uint8_t *data, size_t size)
{
	bool mark = size >= 2 && data[0] + data[1] == 0xFE + 0xFF;
	bool packed = size >= 2 && data[0] == 0x1F && data[1] == 0x8B;
	bool sides = true;
	size_t zeros = 0, n = size < 4096 ? size : 4096;
	size_t side = n;
	for (size_t i = 0; i < n; i++) {
		if (data[i] == 0) {
			zeros++;
			side = side == n ? i % 2 : side;
			sides = sides && side == i % 2;
		}
	}
	bool units = size >= 4 && size % 2 == 0 && sides && zeros >= (n + 3) / 4;
	return mark || packed || units;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (is_refused(data, size)) {
		return 0;
	}
	folder_put("data.json", data, size);
	read_as(FORMAT_JSONL);
	read_as(FORMAT_JSON);
	return 0;
}
