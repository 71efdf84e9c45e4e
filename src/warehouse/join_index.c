/*
 * One pass over the joined file fills a hash map from key to record. Two records with one key are an error,
 * since the design relies on joins that never multiply rows; so is a file too large for the limit.
 */
#include "warehouse/join_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/map.h"

enum { RECORD_OVERHEAD = 100 };
/* A key is made of distinct fields of one record, each behind its size. A longer one matches nothing. */
#define KEY_MAX (CSV_RECORD_MAX + sizeof(uint32_t) * CSV_COLUMNS_MAX)

struct join_index {
	const struct target_join *join;
	struct arena arena;
	struct map *records; /* key -> struct joined */
	size_t bytes;
	struct buf key;
};

/* The size of the blank that the text begins with, or ends with; 0: it does not. */
static size_t blank_size(const char *s, size_t size, bool end)
{
	static const char *const blanks[] = { " ", "\t", "\xC2\xA0", "\xE2\x80\x87",
					      "\xE2\x80\xAF" };

	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		size_t n = strlen(blanks[i]);

		if (n <= size && memcmp(end ? s + size - n : s, blanks[i], n) == 0) {
			return n;
		}
	}
	return 0;
}

struct record_field join_trim(struct record_field value)
{
	size_t n;

	while ((n = blank_size(value.text, value.size, false)) > 0) {
		value.text += n;
		value.size -= n;
	}
	while ((n = blank_size(value.text, value.size, true)) > 0) {
		value.size -= n;
	}
	return value;
}

/* Adds a part to the key; false: it is null. */
static bool add_part(struct buf *key, struct record_field value)
{
	uint32_t size;

	if (value.text == NULL) {
		return false;
	}
	value = join_trim(value);
	size = (uint32_t)value.size;
	buf_add(key, &size, sizeof(size));
	buf_add(key, value.text, value.size);
	return size > 0;
}

static struct joined *copy_record(struct join_index *x, const struct record *record)
{
	const struct target_join *j = x->join;
	struct joined *r = ARENA_NEW(&x->arena, struct joined);
	size_t size = 0;
	char *text;

	for (size_t i = 0; i < j->kept.n; i++) {
		size += record->fields[j->kept.at[i]].size;
	}
	text = arena_alloc(&x->arena, size);
	r->line = record->line;
	r->fields = ARENA_ARRAY(&x->arena, struct record_field, j->kept.n);
	for (size_t i = 0; i < j->kept.n; i++) {
		const struct record_field *f = &record->fields[j->kept.at[i]];

		if (f->size > 0) {
			memcpy(text, f->text, f->size);
		}
		r->fields[i] = (struct record_field){ text, f->size };
		text += f->size;
	}
	x->bytes += RECORD_OVERHEAD + x->key.size + size + j->kept.n * sizeof(*r->fields);
	return r;
}

static int fan_out(const struct join_index *x, int64_t first, int64_t second, struct bldr_error *err)
{
	const struct sttm_join *j = x->join->sttm;
	struct buf columns;
	int rc;

	buf_init(&columns, BLDR_ERROR_TEXT_MAX);
	for (size_t i = 0; i < j->to_columns.n; i++) {
		buf_printf(&columns, "%s%s", i > 0 ? ", " : "", j->to_columns.at[i]);
	}
	rc = bldr_error_set(err, BLDR_E_INVALID,
			    "join \"%s\" would fan out: lines %lld and %lld of \"%s\" (%s) have the "
			    "same %s",
			    j->alias, (long long)first, (long long)second,
			    x->join->source->file->path, j->table, columns.data);
	buf_release(&columns);
	return rc;
}

static int add_record(struct join_index *x, const struct record *record, struct bldr_error *err)
{
	const struct target_join *j = x->join;
	void **place;

	buf_clear(&x->key);
	for (size_t i = 0; i < j->to.n; i++) {
		if (!add_part(&x->key, record->fields[j->to.at[i]])) {
			return 0;
		}
	}
	ASSERT(!buf_failed(&x->key));
	place = map_at(x->records, x->key.data, x->key.size);
	if (*place != NULL) {
		return fan_out(x, ((struct joined *)*place)->line, record->line, err);
	}
	*place = copy_record(x, record);
	if (x->bytes > JOIN_INDEX_BYTES_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "join \"%s\" needs more than %zu MB of \"%s\" in memory",
				      j->sttm->alias, JOIN_INDEX_BYTES_MAX >> 20,
				      j->source->file->path);
	}
	return 0;
}

/* What the data say is an error only when these are the data that were declared. */
static int verify_rest(struct source_pass *pass, int rc, struct bldr_error *err)
{
	struct record record;
	struct bldr_error worse = { 0 };
	int next;

	do {
		next = source_pass_next(pass, &record, &worse);
	} while (next == 1);
	return next < 0 ? bldr_error_set(err, next, "%s", worse.text) : rc;
}

static int fill(struct join_index *x, struct store *store, const char *source_folder,
		struct bldr_error *err)
{
	struct source_pass pass;
	struct record record;
	int rc = source_pass_open(store, source_folder, x->join->source, &pass, err);

	if (rc < 0) {
		return rc;
	}
	while ((rc = source_pass_next(&pass, &record, err)) == 1) {
		rc = add_record(x, &record, err);
		if (rc < 0) {
			rc = verify_rest(&pass, rc, err);
			break;
		}
	}
	source_pass_close(&pass);
	return rc;
}

int join_index_build(const struct target_join *join, struct store *store, const char *source_folder,
		     struct join_index **ret, struct bldr_error *err)
{
	struct join_index *x = xcalloc(1, sizeof(*x));
	int rc;

	x->join = join;
	x->records = map_new();
	buf_init(&x->key, KEY_MAX);
	rc = fill(x, store, source_folder, err);
	if (rc < 0) {
		join_index_free(x);
		return rc;
	}
	*ret = x;
	return 0;
}

void join_index_free(struct join_index *index)
{
	if (index == NULL) {
		return;
	}
	map_free(index->records);
	arena_release(&index->arena);
	buf_release(&index->key);
	free(index);
}

const struct joined *join_index_find(struct join_index *index, const struct record_field *values)
{
	buf_clear(&index->key);
	for (size_t i = 0; i < index->join->to.n; i++) {
		if (!add_part(&index->key, values[i])) {
			return NULL;
		}
	}
	return buf_failed(&index->key) ? NULL
				       : map_find(index->records, index->key.data, index->key.size);
}
