/*
 * A pass hands out the good records of a file and puts the others in quarantine on its way, the first time
 * the file is read. The reader verifies the file's hash at the end of every pass, so all passes of a
 * load saw the same bytes or the load fails.
 */
#include "warehouse/raw_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"

const char raw_source_schema[] = "CREATE TABLE IF NOT EXISTS bldr_layer(\n"
				 "\tsource_table TEXT NOT NULL,\n"
				 "\tpath TEXT NOT NULL PRIMARY KEY,\n"
				 "\tread INTEGER NOT NULL,\n"
				 "\tloaded INTEGER NOT NULL,\n"
				 "\trejected INTEGER NOT NULL,\n"
				 "\tduplicates INTEGER NOT NULL\n"
				 ") STRICT;\n"
				 "CREATE TABLE IF NOT EXISTS bldr_quarantine(\n"
				 "\tsource_table TEXT NOT NULL,\n"
				 "\tpath TEXT NOT NULL,\n"
				 "\tline INTEGER NOT NULL,\n"
				 "\tbyte_offset INTEGER NOT NULL,\n"
				 "\treason TEXT NOT NULL,\n"
				 "\traw TEXT NOT NULL,\n"
				 "\thash TEXT NOT NULL,\n"
				 "\tkind TEXT NOT NULL,\n"
				 "\tPRIMARY KEY (path, line, byte_offset)\n"
				 ") STRICT;\n"
				 "CREATE TABLE IF NOT EXISTS bldr_refused_cell(\n"
				 "\tsource_table TEXT NOT NULL,\n"
				 "\tpath TEXT NOT NULL,\n"
				 "\tline INTEGER NOT NULL,\n"
				 "\t\"column\" TEXT NOT NULL,\n"
				 "\ttext TEXT NOT NULL,\n"
				 "\treason TEXT NOT NULL\n"
				 ") STRICT;\n"
				 "CREATE INDEX IF NOT EXISTS bldr_refused_cell_path ON "
				 "bldr_refused_cell(path, line);\n";

enum { SCRATCH_ROWS = 256 };

bool raw_source_field(const struct raw_source *s, const char *column, size_t *ret)
{
	for (size_t i = 0; i < s->file->columns.n; i++) {
		if (strcmp(s->file->columns.at[i], column) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

static void row_field(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct record *record = user;

	*ret = record->fields[slot].text;
	*ret_size = record->fields[slot].size;
}

struct expr_row raw_source_row(const struct raw_source *s, struct record *record)
{
	return (struct expr_row){
		.column = row_field,
		.user = record,
		.source_file = s->file->path,
		.source_line = record->line,
		.source_record = record->in_line,
	};
}

int source_pass_open(struct store *store, const char *folder, struct raw_source *source,
		     struct source_pass *ret, struct bldr_error *err)
{
	struct record_reader *reader;
	int rc = record_reader_open(folder, source->file, true, &reader, err);

	if (rc == 0) {
		*ret = (struct source_pass){
			.store = store,
			.source = source,
			.reader = reader,
		};
	}
	return rc;
}

static int tell_cell(struct source_pass *p, const struct record *record, size_t field,
		     const char *reason, struct bldr_error *err);

/* A record is seen for the first time. */
static int see(struct source_pass *p, struct record *record, struct bldr_error *err)
{
	static const enum quarantine_kind quarantine_of[] = {
		[RECORD_UNREADABLE] = QUARANTINE_UNREADABLE,
		[RECORD_TOTAL] = QUARANTINE_TOTAL,
		[RECORD_BLANK] = QUARANTINE_BLANK,
	};
	struct raw_source *s = p->source;
	struct expr_row row;
	int rc = 0;

	s->read++;
	if (record->kind != RECORD_GOOD) {
		s->unreadable++;
		return raw_source_quarantine(p->store, s, record, quarantine_of[record->kind],
					     record->rejected, err);
	}
	row = raw_source_row(s, record);
	for (size_t i = 0; rc == 0 && i < s->cells.n; i++) {
		const struct cell_rule *cell = &s->cells.at[i];
		struct expr_value v;

		expr_eval(cell->rule, &row, &p->scratch, &v);
		if (v.null && v.reason != NULL && s->told_at[cell->field] != record->offset + 1) {
			s->told_at[cell->field] = record->offset + 1;
			rc = tell_cell(p, record, cell->field, v.reason, err);
		}
	}
	if (++p->rows % SCRATCH_ROWS == 0) {
		arena_release(&p->scratch);
	}
	return rc;
}

/* Passes go by offset, so the next one to leave out is known. *ret_aside: this is it. */
static int set_aside(struct source_pass *p, const struct record *record, bool *ret_aside,
		     struct bldr_error *err)
{
	struct raw_source *s = p->source;
	char reason[DUPLICATE_REASON_MAX];

	*ret_aside = s->decided && p->next_aside < s->aside.n &&
		s->aside.at[p->next_aside].offset == record->offset;
	if (!*ret_aside) {
		return 0;
	}
	raw_source_duplicate_reason(s->aside.at[p->next_aside++].survivor, reason);
	return s->told
		? 0
		: raw_source_quarantine(p->store, s, record, QUARANTINE_DUPLICATE, reason, err);
}

int source_pass_next(struct source_pass *p, struct record *ret, struct bldr_error *err)
{
	struct raw_source *s = p->source;
	bool aside = false;
	int rc;

	while ((rc = record_reader_next(p->reader, ret, err)) == 1) {
		int seen = s->passed ? 0 : see(p, ret, err);

		if (seen == 0 && ret->kind == RECORD_GOOD) {
			seen = set_aside(p, ret, &aside, err);
			if (seen == 0 && !aside) {
				return 1;
			}
		}
		if (seen < 0) {
			return seen;
		}
	}
	if (rc == 0) {
		s->passed = true;
		s->told = s->decided;
	}
	return rc;
}

void source_pass_close(struct source_pass *p)
{
	arena_release(&p->scratch);
	record_reader_close(p->reader);
	p->reader = NULL;
}

/* ---- what is recorded ---- */

static int delete_rows(struct store *store, const char *sql, const char *path,
		       struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(store, sql, &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	return store_step(store, stmt, err);
}

int raw_source_forget(struct store *store, const struct raw_source *s, struct bldr_error *err)
{
	static const char *const deletes[] = {
		"DELETE FROM bldr_layer WHERE path = ?1",
		"DELETE FROM bldr_quarantine WHERE path = ?1",
		"DELETE FROM bldr_refused_cell WHERE path = ?1",
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(deletes) / sizeof(deletes[0]); i++) {
		rc = delete_rows(store, deletes[i], s->file->path, err);
	}
	return rc;
}

/* Valid UTF-8 without U+0000, cut at a character. */
static void add_raw(struct buf *out, const char *s, size_t size)
{
	for (size_t i = 0; i < size;) {
		bool valid;
		size_t step = utf8_next(s + i, size - i, &valid);
		bool good = valid && s[i] != '\0';
		size_t length = good ? step : sizeof(UTF8_REPLACEMENT) - 1;

		if (out->size + length > QUARANTINE_RAW_MAX) {
			return;
		}
		buf_add(out, good ? s + i : UTF8_REPLACEMENT, length);
		i += step;
	}
}

static int tell_cell(struct source_pass *p, const struct record *record, size_t field,
		     const char *reason, struct bldr_error *err)
{
	const struct source_file *file = p->source->file;
	struct buf text;
	sqlite3_stmt *stmt;
	int rc = store_prepare(p->store,
			       "INSERT INTO bldr_refused_cell VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	buf_init(&text, QUARANTINE_RAW_MAX);
	add_raw(&text, record->fields[field].text, record->fields[field].size);
	(void)sqlite3_bind_text(stmt, 1, file->table, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, file->path, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 3, record->line);
	(void)sqlite3_bind_text(stmt, 4, file->columns.at[field], -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 5, text.data, (int)text.size, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 6, reason, -1, SQLITE_STATIC);
	rc = store_step(p->store, stmt, err);
	buf_release(&text);
	return rc;
}

void raw_source_duplicate_reason(int64_t survivor, char ret[DUPLICATE_REASON_MAX])
{
	(void)snprintf(ret, DUPLICATE_REASON_MAX,
		       "duplicate: line %" PRId64 " has the same key and counts", survivor);
}

int raw_source_quarantine(struct store *store, struct raw_source *s, const struct record *record,
			  enum quarantine_kind kind, const char *reason, struct bldr_error *err)
{
	static const char *const kinds[] = {
		[QUARANTINE_UNREADABLE] = "unreadable", [QUARANTINE_TOTAL] = "total",
		[QUARANTINE_BLANK] = "blank",           [QUARANTINE_REFUSED] = "refused",
		[QUARANTINE_DUPLICATE] = "duplicate",
	};
	char hash[HASH_HEX_MAX];
	struct buf raw;
	sqlite3_stmt *stmt;
	int rc = store_prepare(store,
			       "INSERT INTO bldr_quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
			       "ON CONFLICT DO NOTHING",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	if (record->hash == NULL) {
		hash_bytes(record->raw, record->raw_size, hash);
	}
	buf_init(&raw, QUARANTINE_RAW_MAX);
	add_raw(&raw, record->raw, record->raw_size);
	(void)sqlite3_bind_text(stmt, 1, s->file->table, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, s->file->path, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 3, record->line);
	(void)sqlite3_bind_int64(stmt, 4, record->offset);
	(void)sqlite3_bind_text(stmt, 5, reason, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 6, raw.data, (int)raw.size, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 7, record->hash != NULL ? record->hash : hash, -1,
				SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 8, kinds[kind], -1, SQLITE_STATIC);
	rc = store_step(store, stmt, err);
	buf_release(&raw);
	if (rc == 0) {
		*(kind == QUARANTINE_DUPLICATE ? &s->duplicates : &s->rejected) +=
			sqlite3_changes(store_db(store));
	}
	return rc;
}

int raw_source_record(struct store *store, const struct raw_source *s, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(store, "INSERT INTO bldr_layer VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, s->file->table, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, s->file->path, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 3, s->read);
	(void)sqlite3_bind_int64(stmt, 4, s->read - s->rejected - s->duplicates);
	(void)sqlite3_bind_int64(stmt, 5, s->rejected);
	(void)sqlite3_bind_int64(stmt, 6, s->duplicates);
	return store_step(store, stmt, err);
}
