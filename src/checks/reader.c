/*
 * Reads a file whole, verifies its hash, makes text of it and hands that to the reader of its format. The text stays
 * for raw records; a copy of it is cut into NUL-terminated fields.
 */
#include "checks/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "base/utf8.h"
#include "checks/blanks.h"
#include "checks/reader_parts.h"

static int check_declared(const struct source_file *f, struct bldr_error *err)
{
	if (f->format != FORMAT_CSV) {
		return 0;
	}
	const char *quote = f->quote != NULL ? f->quote : "";
	bool delimiter_ok = strlen(f->delimiter) == 1 && strchr("\r\n", f->delimiter[0]) == NULL;
	bool quote_ok = strlen(quote) <= 1 && quote[0] != f->delimiter[0] &&
		(quote[0] == '\0' || strchr("\r\n", quote[0]) == NULL);
	bool escape_ok = f->escape != ESCAPE_BACKSLASH ||
		(quote[0] != '\\' && f->delimiter[0] != '\\');
	if (!delimiter_ok || !quote_ok || !escape_ok || f->columns.n == 0) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": delimiter \"%s\", quote \"%s\" and %zu columns are no CSV dialect",
			f->path, f->delimiter, quote, f->columns.n);
	}
	return 0;
}

static int check_bytes(const struct source_file *f, const struct reader_text *text,
		       struct bldr_error *err)
{
	char hash[HASH_HEX_MAX];
	hash_bytes(text->bytes, text->size, hash);
	if (strcmp(hash, f->hash) != 0 || text->size != (size_t)f->bytes) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "\"%s\" changed since it was profiled: start a new run",
				      f->path);
	}
	return 0;
}

static int read_text(const char *source_folder, const struct source_file *f,
		     struct reader_text *ret, struct bldr_error *err)
{
	char *path = xasprintf("%s/%s", source_folder, f->path);
	int rc = file_read(path, RAW_FILE_MAX, &ret->bytes, &ret->size, err);
	free(path);
	if (rc < 0) {
		return rc;
	}
	rc = check_bytes(f, ret, err);
	if (rc == 0) {
		rc = reader_unpack(f, ret, err);
	}
	if (rc == 0) {
		rc = reader_decode(f, ret, err);
	}
	if (rc < 0) {
		free(ret->bytes);
	}
	return rc;
}

int raw_table_read(const char *source_folder, const struct source_file *f, struct arena *a,
		   struct raw_table *ret, struct bldr_error *err)
{
	struct reader_text text = { 0 };
	int rc = check_declared(f, err);
	if (rc == 0) {
		rc = read_text(source_folder, f, &text, err);
	}
	if (rc < 0) {
		return rc;
	}
	ASSERT(text.bytes != NULL);
	arena_on_release(a, free, text.bytes);
	char *cut = arena_alloc(a, text.size + 1);
	memcpy(cut, text.bytes, text.size);
	struct raw_table t = {
		.bytes = text.bytes,
		.size = text.size,
		.cut = cut,
		.columns = f->columns.n,
	};
	size_t from = f->bom ? 3 : 0;
	rc = f->format == FORMAT_CSV ? reader_csv(f, from, cut, a, &t, err)
				     : reader_json(f, from, cut, a, &t, err);
	if (rc == 0) {
		*ret = t;
	}
	return rc;
}

/* Beyond ASCII every character but the blanks is a letter. */
static bool is_word_end(const char *text, size_t size)
{
	char c = text[0];
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
	return blank_at(text, size) > 0 || (!letter && !(c >= '0' && c <= '9'));
}

const char *raw_bytes_fault(const struct source_file *f, const char *bytes, size_t size,
			    struct arena *a)
{
	if (memchr(bytes, '\0', size) != NULL) {
		return "a NUL byte";
	}
	if (utf8_valid(bytes, size)) {
		return NULL;
	}
	return strcmp(f->encoding, "utf-8") == 0 ? "not UTF-8"
						 : arena_printf(a, "not %s", f->encoding);
}

const char raw_total_reason[] = "a total, not a row";
const char raw_blank_reason[] = "blank, not a row";

bool raw_record_is_total(const struct source_file *f, const char *field)
{
	struct trimmed t = blanks_trim(field, strlen(field));
	for (size_t i = 0; i < f->not_rows.n; i++) {
		const char *word = f->not_rows.at[i];
		size_t n = strlen(word);
		if (n > 0 && t.size >= n && memcmp(t.at, word, n) == 0 &&
		    (t.size == n || is_word_end(t.at + n, t.size - n))) {
			return true;
		}
	}
	return false;
}

int64_t raw_record_at(const struct raw_table *t, int64_t line)
{
	size_t low = 0, high = t->records.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->records.at[middle].line < line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < t->records.n && t->records.at[low].line == line ? (int64_t)low : -1;
}

int64_t raw_reject_at(const struct raw_table *t, int64_t line)
{
	size_t low = 0, high = t->rejects.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->rejects.at[middle].record.line < line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < t->rejects.n && t->rejects.at[low].record.line == line ? (int64_t)low : -1;
}
