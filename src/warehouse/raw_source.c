/*
 * A pass hands out the good records of a file and puts the others in quarantine on its way, the first time
 * the file is read. The reader verifies the file's hash at the end of every pass, so all passes of a
 * load saw the same bytes or the load fails.
 */
#include "warehouse/raw_source.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"

const char raw_source_schema[] = "CREATE TABLE IF NOT EXISTS bldr_layer(\n"
				 "\tsource_table TEXT NOT NULL,\n"
				 "\tpath TEXT NOT NULL PRIMARY KEY,\n"
				 "\tread INTEGER NOT NULL,\n"
				 "\tloaded INTEGER NOT NULL,\n"
				 "\trejected INTEGER NOT NULL\n"
				 ") STRICT;\n"
				 "CREATE TABLE IF NOT EXISTS bldr_quarantine(\n"
				 "\tsource_table TEXT NOT NULL,\n"
				 "\tpath TEXT NOT NULL,\n"
				 "\tline INTEGER NOT NULL,\n"
				 "\tbyte_offset INTEGER NOT NULL,\n"
				 "\treason TEXT NOT NULL,\n"
				 "\traw TEXT NOT NULL,\n"
				 "\thash TEXT NOT NULL,\n"
				 "\tPRIMARY KEY (path, line)\n"
				 ") STRICT;\n";

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

int source_pass_open(struct store *store, const char *folder, struct raw_source *source,
		     struct source_pass *ret, struct bldr_error *err)
{
	struct csv_reader *reader;
	int rc = csv_reader_open(folder, source->file, true, &reader, err);

	if (rc == 0) {
		*ret = (struct source_pass){ store, source, reader };
	}
	return rc;
}

int source_pass_next(struct source_pass *p, struct csv_record *ret, struct bldr_error *err)
{
	struct raw_source *s = p->source;
	int rc;

	while ((rc = csv_reader_next(p->reader, ret, err)) == 1) {
		if (!s->passed) {
			s->read++;
		}
		if (ret->rejected == NULL) {
			return 1;
		}
		if (!s->passed) {
			s->unreadable++;
			rc = raw_source_quarantine(p->store, s, ret, ret->rejected, err);
			if (rc < 0) {
				return rc;
			}
		}
	}
	if (rc == 0) {
		s->passed = true;
	}
	return rc;
}

void source_pass_close(struct source_pass *p)
{
	csv_reader_close(p->reader);
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
	int rc = delete_rows(store, "DELETE FROM bldr_layer WHERE path = ?1", s->file->path, err);

	return rc < 0 ? rc
		      : delete_rows(store, "DELETE FROM bldr_quarantine WHERE path = ?1",
				    s->file->path, err);
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

int raw_source_quarantine(struct store *store, struct raw_source *s,
			  const struct csv_record *record, const char *reason,
			  struct bldr_error *err)
{
	char hash[HASH_HEX_MAX];
	struct buf raw;
	sqlite3_stmt *stmt;
	int rc = store_prepare(store,
			       "INSERT INTO bldr_quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
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
	rc = store_step(store, stmt, err);
	buf_release(&raw);
	if (rc == 0) {
		s->quarantined += sqlite3_changes(store_db(store));
	}
	return rc;
}

int raw_source_record(struct store *store, const struct raw_source *s, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(store, "INSERT INTO bldr_layer VALUES(?1, ?2, ?3, ?4, ?5)", &stmt,
			       err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, s->file->table, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, s->file->path, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 3, s->read);
	(void)sqlite3_bind_int64(stmt, 4, s->read - s->quarantined);
	(void)sqlite3_bind_int64(stmt, 5, s->quarantined);
	return store_step(store, stmt, err);
}
