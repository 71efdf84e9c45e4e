/*
 * The file around a load. A new file is built as path.tmp and renamed over path when it is whole, synced and
 * closed; a load into the file as it is relies on SQLite's rollback journal. Either way the key and
 * the result are committed with the rows, so that a load is there whole or not at all.
 */
#include "warehouse/warehouse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "store/store.h"
#include "warehouse/gold.h"
#include "warehouse/load.h"

static const char load_schema[] = "CREATE TABLE IF NOT EXISTS bldr_load(\n"
				  "\tkey TEXT NOT NULL PRIMARY KEY,\n"
				  "\tresult TEXT NOT NULL\n"
				  ") STRICT";
/* What SQLite may keep of the file in memory. */
static const char load_pragmas[] = "PRAGMA cache_size = -65536"; /* KiB */

/* ---- what an earlier load recorded ---- */

static int decode_result(const char *path, const char *text, struct arena *a,
			 struct deployment *ret, struct bldr_error *err)
{
	struct bldr_value *v = NULL;
	int rc = bldr_value_parse(text, strlen(text), &v, err);

	if (rc == 0) {
		rc = shape_decode(&deployment_shape, v, a, ret, err);
	}
	bldr_unref(v);
	return rc < 0 ? bldr_error_set(err, BLDR_E_CORRUPT,
				       "\"%s\" holds a damaged record of its load", path)
		      : 0;
}

static int query_result(struct store *s, const char *key, struct arena *a, bool *ret_found,
			struct deployment *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(s, "SELECT 1 FROM sqlite_schema WHERE name = 'bldr_load'", &stmt,
			       err);

	if (rc == 0) {
		rc = store_step(s, stmt, err);
		(void)sqlite3_reset(stmt);
	}
	if (rc <= 0) {
		return rc;
	}
	rc = store_prepare(s, "SELECT result FROM bldr_load WHERE key = ?1", &stmt, err);
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	rc = store_step(s, stmt, err);
	if (rc <= 0) {
		return rc;
	}
	*ret_found = true;
	rc = decode_result(store_path(s), (const char *)sqlite3_column_text(stmt, 0), a, ret, err);
	(void)sqlite3_reset(stmt);
	return rc;
}

/* Opening also ends what a killed load left in the file as it is. */
static int find_result(const struct materialise *m, struct arena *a, bool *ret_found,
		       struct deployment *ret, struct bldr_error *err)
{
	struct store *s;
	bool found = false;
	int rc;

	if (!file_exists(m->path)) {
		*ret_found = false;
		return 0;
	}
	rc = store_open(m->path, STORE_PLAIN, &s, err);
	if (rc == 0) {
		rc = query_result(s, m->key, a, &found, ret, err);
		store_close(s);
	}
	if (rc == BLDR_E_CORRUPT && (m->fresh || m->copy_of != NULL)) {
		rc = 0; /* the file is about to be replaced */
		found = false;
	}
	if (rc == 0) {
		*ret_found = found;
	}
	return rc;
}

/* ---- files ---- */

static int remove_file(const char *path, const char *suffix, struct bldr_error *err)
{
	char *name = xasprintf("%s%s", path, suffix);
	int rc = 0;

	if (unlink(name) != 0 && errno != ENOENT) {
		rc = bldr_error_set(err, BLDR_E_IO, "cannot remove \"%s\": %s", name,
				    strerror(errno));
	}
	free(name);
	return rc;
}

/* A journal that is left beside a file would be played back into whatever file has that name next. */
static int remove_journals(const char *path, struct bldr_error *err)
{
	static const char *const suffixes[] = { "-journal", "-wal", "-shm" };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		rc = remove_file(path, suffixes[i], err);
	}
	return rc;
}

static int remove_database(const char *path, struct bldr_error *err)
{
	int rc = remove_file(path, "", err);

	return rc < 0 ? rc : remove_journals(path, err);
}

static int sync_path(const char *path, int flags, struct bldr_error *err)
{
	int fd = open(path, flags | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0) {
		(void)close(fd);
	}
	return failed == 0
		? 0
		: bldr_error_set(err, BLDR_E_IO, "cannot sync \"%s\": %s", path, strerror(failed));
}

static int sync_folder_of(const char *path, struct bldr_error *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".")
		: slash == path      ? xstrdup("/")
				     : xstrndup(path, (size_t)(slash - path));
	int rc = sync_path(folder, O_RDONLY | O_DIRECTORY, err);

	free(folder);
	return rc;
}

static int publish(const char *building, const char *path, struct bldr_error *err)
{
	int rc = sync_path(building, O_RDONLY, err);

	if (rc == 0) {
		rc = remove_journals(path, err);
	}
	if (rc == 0 && rename(building, path) != 0) {
		rc = bldr_error_set(err, BLDR_E_IO, "cannot rename \"%s\" to \"%s\": %s", building,
				    path, strerror(errno));
	}
	return rc < 0 ? rc : sync_folder_of(path, err);
}

static int copy_pages(struct store *from, struct store *to, struct bldr_error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(store_db(to), "main", store_db(from), "main");

	if (backup == NULL) {
		return store_error(to, "copy into", err);
	}
	(void)sqlite3_backup_step(backup, -1);
	return sqlite3_backup_finish(backup) == SQLITE_OK ? 0 : store_error(to, "copy into", err);
}

static int copy_database(const char *from_path, const char *to_path, struct bldr_error *err)
{
	struct store *from = NULL;
	struct store *to = NULL;
	int rc;

	if (!file_exists(from_path)) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no warehouse \"%s\" to copy",
				      from_path);
	}
	rc = store_open(from_path, STORE_PLAIN, &from, err);
	if (rc == 0) {
		rc = store_open(to_path, STORE_PLAIN, &to, err);
	}
	if (rc == 0) {
		rc = copy_pages(from, to, err);
	}
	store_close(to);
	store_close(from);
	return rc;
}

/* ---- the result ---- */

static void add_source(struct deployment *d, const struct raw_source *s, struct arena *a)
{
	const struct deployment_source source = {
		.table = arena_strdup(a, s->file->table),
		.path = arena_strdup(a, s->file->path),
		.read = s->read,
		.loaded = s->read - s->rejected - s->duplicates,
		.rejected = s->rejected,
		.duplicates = s->duplicates,
	};
	size_t i;

	(void)LIST_ADD(a, &d->sources);
	for (i = d->sources.n - 1; i > 0 && strcmp(d->sources.at[i - 1].table, source.table) > 0;
	     i--) {
		d->sources.at[i] = d->sources.at[i - 1];
	}
	d->sources.at[i] = source;
}

static int add_table(struct deployment *d, struct store *s, const struct target *t, struct arena *a,
		     struct bldr_error *err)
{
	struct gold_sum sum;
	int rc = gold_sum_up(s, t, &sum, err);

	if (rc < 0) {
		return rc;
	}
	*LIST_ADD(a, &d->tables) = (struct deployment_table){
		.name = arena_strdup(a, t->sttm->name),
		.rows = sum.rows,
		.reserved = (int64_t)t->sttm->reserved.n,
		.quarantined = t->refused +
			(t->source != NULL ? t->source->unreadable + t->source->duplicates : 0),
		.digest = arena_strdup(a, sum.digest),
	};
	return 0;
}

static int sum_up(const struct materialise *m, struct store *s, const struct targets *targets,
		  struct arena *a, struct deployment *ret, struct bldr_error *err)
{
	const char *slash = strrchr(m->path, '/');
	struct deployment d = {
		.target = "embedded",
		.warehouse = arena_strdup(a, slash != NULL ? slash + 1 : m->path),
	};
	int rc = 0;

	for (size_t i = 0; i < targets->n_sources; i++) {
		if (targets->sources[i].used) {
			add_source(&d, &targets->sources[i], a);
		}
	}
	for (size_t i = 0; rc == 0 && i < targets->n; i++) {
		rc = targets->at[i].skipped == NULL ? add_table(&d, s, &targets->at[i], a, err) : 0;
	}
	if (rc == 0) {
		*ret = d;
	}
	return rc;
}

static int record_result(struct store *s, const char *key, const struct deployment *d,
			 struct bldr_error *err)
{
	struct bldr_value *v = shape_encode(&deployment_shape, d);
	char *text = bldr_value_text(v);
	sqlite3_stmt *stmt;
	int rc = store_prepare(s, "INSERT INTO bldr_load VALUES(?1, ?2)", &stmt, err);

	if (rc == 0) {
		(void)sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
		rc = store_step(s, stmt, err);
	}
	free(text);
	bldr_unref(v);
	return rc;
}

/* ---- the load ---- */

static int load_rows(const struct materialise *m, struct store *s, struct targets *targets,
		     struct arena *a, struct deployment *ret, struct bldr_error *err)
{
	struct deployment d;
	int rc = store_exec(s, load_schema, err);

	if (rc == 0) {
		rc = load_run(m->source_folder, s, targets, a, err);
	}
	if (rc == 0) {
		rc = sum_up(m, s, targets, a, &d, err);
	}
	if (rc == 0) {
		rc = record_result(s, m->key, &d, err);
	}
	if (rc == 0) {
		*ret = d;
	}
	return rc;
}

static int load_file(const struct materialise *m, const char *path, struct targets *targets,
		     struct arena *a, struct deployment *ret, struct bldr_error *err)
{
	struct deployment d;
	struct store *s;
	int rc = store_open(path, STORE_PLAIN, &s, err);

	if (rc < 0) {
		return rc;
	}
	rc = store_exec(s, load_pragmas, err);
	if (rc == 0) {
		rc = store_exec(s, "BEGIN IMMEDIATE", err);
	}
	if (rc == 0) {
		rc = load_rows(m, s, targets, a, &d, err);
	}
	if (rc == 0) {
		rc = store_exec(s, "COMMIT", err);
	}
	if (rc < 0 && !sqlite3_get_autocommit(store_db(s))) {
		(void)store_exec(s, "ROLLBACK", NULL);
	}
	store_close(s);
	if (rc == 0) {
		*ret = d;
	}
	return rc;
}

static int build_file(const struct materialise *m, struct targets *targets, struct arena *a,
		      struct deployment *ret, struct bldr_error *err)
{
	char *building = xasprintf("%s.tmp", m->path);
	int rc = remove_database(building, err);

	if (rc == 0 && m->copy_of != NULL) {
		rc = copy_database(m->copy_of, building, err);
	}
	if (rc == 0) {
		rc = load_file(m, building, targets, a, ret, err);
	}
	if (rc == 0) {
		rc = publish(building, m->path, err);
	}
	if (rc < 0) {
		(void)remove_database(building, NULL);
	}
	free(building);
	return rc;
}

static int load(const struct materialise *m, const struct sources *sources, const struct sttm *sttm,
		struct arena *a, struct deployment *ret, struct bldr_error *err)
{
	struct arena plan = { 0 };
	struct targets targets;
	int rc = targets_compile(sources, sttm, &plan, &targets, err);

	if (rc == 0) {
		bool build = m->fresh || m->copy_of != NULL || !file_exists(m->path);

		rc = build ? build_file(m, &targets, a, ret, err)
			   : load_file(m, m->path, &targets, a, ret, err);
	}
	arena_release(&plan);
	return rc;
}

int materialise(const struct materialise *m, const struct sources *sources, const struct sttm *sttm,
		struct arena *a, struct deployment *ret, struct bldr_error *err)
{
	struct deployment d = { 0 };
	bool found;
	int rc;

	ASSERT(m->key != NULL && !(m->fresh && m->copy_of != NULL));
	rc = find_result(m, a, &found, &d, err);
	if (rc == 0 && !found) {
		rc = load(m, sources, sttm, a, &d, err);
	}
	if (rc == 0) {
		*ret = d;
	}
	return rc;
}
