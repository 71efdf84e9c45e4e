/*
 * The Tester's reader of JSON over any text, as lines and as an array: records and rejects lie in the order of the
 * file with nothing but JSON's punctuation between them, a good record is the value that base's own parser reads,
 * and its fields are that value's members. The columns are learnt from the reader's own complaints.
 */
#include <stdlib.h>

#include <bldr/value.h>
#include "checks/reader.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "fuzz/tester.h"

enum { COLUMNS_MAX = 16 };

/* The key that the message names becomes the next column; false: it names none that can be one. */
static bool learn(struct source_file *f, const struct bldr_error *err, struct arena *a)
{
	static const char before[] = "has the key \"";
	const char *key = strstr(err->text, before);
	const char *end = key != NULL ? strstr(key + sizeof(before) - 1, "\", sources") : NULL;
	if (end == NULL || f->columns.n == COLUMNS_MAX) {
		return false;
	}
	key += sizeof(before) - 1;
	const char *name = arena_strndup(a, key, (size_t)(end - key));
	*LIST_ADD(a, &f->columns) = name;
	return true;
}

static void check_field(const struct bldr_value *v, const char *text)
{
	if (v == NULL || bldr_type_of(v) == BLDR_NULL) {
		ASSERT(text[0] == '\0');
	} else if (bldr_type_of(v) == BLDR_TEXT) {
		ASSERT(strcmp(bldr_as_text(v), text) == 0);
	} else if (bldr_type_of(v) == BLDR_BOOL) {
		ASSERT(strcmp(text, bldr_as_bool(v, false) ? "true" : "false") == 0);
	} else {
		ASSERT(text[0] != '\0');
	}
}

static void check_record(const struct source_file *f, const struct raw_table *t, size_t i)
{
	const struct raw_record *r = &t->records.at[i];
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };
	/* base refuses what it cannot hold, such as long numbers and keys twice inside values */
	if (bldr_value_parse(t->bytes + r->offset, r->size, &v, &err) < 0) {
		return;
	}
	ASSERT(bldr_type_of(v) == BLDR_OBJECT);
	for (size_t c = 0; c < t->columns; c++) {
		check_field(bldr_get(v, f->columns.at[c]), raw_field(t, i, c));
	}
	bldr_unref(v);
}

/* From `at` on nothing but JSON's punctuation stands before `end`. */
static void check_between(const struct raw_table *t, size_t at, size_t end)
{
	for (; at < end; at++) {
		ASSERT(strchr(" \t\r\n,[]", t->bytes[at]) != NULL && t->bytes[at] != '\0');
	}
}

static void check_table(const struct source_file *f, const struct raw_table *t)
{
	struct tester_place place = { 0 };
	const struct raw_record *r;
	const struct raw_reject *reject;
	size_t at = f->bom ? 3 : 0;
	while ((r = tester_next(t, &place, &reject)) != NULL) {
		/* the record of an array that just ends is empty */
		ASSERT(r->size > 0 || (reject != NULL && r->offset == t->size));
		ASSERT(r->offset >= at && r->size <= t->size - r->offset);
		check_between(t, at, r->offset);
		at = r->offset + r->size;
		if (reject != NULL) {
			ASSERT(reject->reason != NULL);
		} else {
			check_record(f, t, place.records - 1);
		}
	}
	check_between(t, at, t->size);
}

static void read_as(struct source_file f, int format)
{
	struct arena a = { 0 };
	struct raw_table t;
	struct bldr_error err = { 0 };
	int rc;
	f.format = format;
	do {
		rc = raw_table_read(folder_path(), &f, &a, &t, &err);
	} while (rc == BLDR_E_INVALID && learn(&f, &err, &a));
	if (rc == 0) {
		check_table(&f, &t);
	} else {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hash[HASH_HEX_MAX];
	hash_bytes(data, size, hash);
	struct source_file f = { .path = "data.json",
				 .bytes = (int64_t)size,
				 .hash = hash,
				 .encoding = "utf-8",
				 .bom = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0,
				 .delimiter = "" };
	folder_put("data.json", data, size);
	read_as(f, FORMAT_JSONL);
	read_as(f, FORMAT_JSON);
	return 0;
}
