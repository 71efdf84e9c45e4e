/*
 * Opens SQLite files with the house's settings, keeps their prepared statements, and turns SQLite's
 * result codes into ours. The happy path is store_open, store_migrate, then store_prepare and
 * store_step; what goes wrong is a locked or damaged file, or a disk that refuses.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/map.h"

/* How long a statement waits for another process's short write or recovery. */
enum { BUSY_TIMEOUT_MS = 5000 };
/* A WAL file that a burst made long is cut to this after its checkpoint. */
#define WAL_SIZE_LIMIT "16777216"

struct store {
	sqlite3 *db;
	char *path;
	enum store_mode mode;
	struct map *statements; /* SQL text -> sqlite3_stmt */
};

static const struct {
	int flags;
	const char *journal; /* what PRAGMA journal_mode must answer; NULL: is left alone */
	const char *pragmas;
} modes[] = {
	[STORE_READ] = { SQLITE_OPEN_READONLY, NULL, "PRAGMA query_only=1" },
	[STORE_NORMAL] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "wal",
			   "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=" WAL_SIZE_LIMIT },
	[STORE_FULL] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "wal",
			 "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=" WAL_SIZE_LIMIT },
	[STORE_SCRATCH] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "wal",
			    "PRAGMA synchronous=OFF; PRAGMA journal_size_limit=" WAL_SIZE_LIMIT },
	[STORE_MEMORY] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, NULL,
			   "PRAGMA temp_store=MEMORY" },
	[STORE_PLAIN] = { SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "delete",
			  "PRAGMA synchronous=FULL" },
};

/* SQLite's primary or extended codes to ours; what is not listed is IO. */
static const struct {
	int sqlite;
	int code;
} codes[] = {
	{ SQLITE_CONSTRAINT_UNIQUE, BLDR_E_EXISTS },
	{ SQLITE_CONSTRAINT_PRIMARYKEY, BLDR_E_EXISTS },
	{ SQLITE_CONSTRAINT_ROWID, BLDR_E_EXISTS },
	{ SQLITE_CONSTRAINT, BLDR_E_INVALID },
	{ SQLITE_MISMATCH, BLDR_E_INVALID },
	{ SQLITE_BUSY, BLDR_E_LOCKED },
	{ SQLITE_LOCKED, BLDR_E_LOCKED },
	{ SQLITE_CORRUPT, BLDR_E_CORRUPT },
	{ SQLITE_NOTADB, BLDR_E_CORRUPT },
	{ SQLITE_TOOBIG, BLDR_E_LIMIT },
	{ SQLITE_INTERRUPT, BLDR_E_CANCELLED },
};

static int code_of(int sqlite)
{
	for (size_t pass = 0; pass < 2; pass++) { /* the extended code first, then the primary one */
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
			if (codes[i].sqlite == (pass == 0 ? sqlite : sqlite & 0xff)) {
				return codes[i].code;
			}
		}
	}
	return BLDR_E_IO;
}

int store_error(struct store *s, const char *what, struct bldr_error *err)
{
	int rc = sqlite3_extended_errcode(s->db);

	ASSERT((rc & 0xff) != SQLITE_NOMEM);
	return bldr_error_set(err, code_of(rc), "cannot %s \"%s\": %s", what, s->path,
			      sqlite3_errmsg(s->db));
}

/* The switches that no PRAGMA reaches or that a file's content must not undo. */
static int harden(struct store *s, struct bldr_error *err)
{
	static const struct {
		int option, value;
	} switches[] = {
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	};
	int rc = sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof(switches) / sizeof(switches[0]); i++) {
		rc = sqlite3_db_config(s->db, switches[i].option, switches[i].value, NULL);
	}
	if (rc == SQLITE_OK && s->mode == STORE_READ) {
		rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	}
	return rc == SQLITE_OK ? 0 : store_error(s, "configure", err);
}

static int journal_mode(struct store *s, const char *mode, struct bldr_error *err)
{
	char sql[64];
	sqlite3_stmt *stmt = NULL;
	int rc;

	(void)snprintf(sql, sizeof(sql), "PRAGMA journal_mode=%s", mode);
	rc = store_prepare(s, sql, &stmt, err);
	if (rc < 0) {
		return rc;
	}
	rc = store_step(s, stmt, err);
	if (rc < 0) {
		return rc;
	}
	if (rc == 0 || strcmp((const char *)sqlite3_column_text(stmt, 0), mode) != 0) {
		rc = bldr_error_set(err, BLDR_E_IO,
				    "cannot switch \"%s\" to journal mode %s; is it on a network "
				    "file system or open elsewhere",
				    s->path, mode);
	} else {
		rc = 0;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

/* The first look at the file's content: what is not a database shows here. */
static int probe(struct store *s, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s, "SELECT count(*) FROM sqlite_schema", &stmt, err);

	if (rc == 0) {
		rc = store_step(s, stmt, err);
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : 0;
}

static int open_file(struct store *s, struct bldr_error *err)
{
	int flags = modes[s->mode].flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	if (s->mode == STORE_READ && access(s->path, F_OK) != 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "no database at \"%s\"", s->path);
	}
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK) {
		int cause = sqlite3_system_errno(s->db);

		return bldr_error_set(err, BLDR_E_IO, "cannot open \"%s\": %s", s->path,
				      cause != 0 ? strerror(cause) : sqlite3_errmsg(s->db));
	}
	return 0;
}

int store_open(const char *path, enum store_mode mode, struct store **ret, struct bldr_error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));
	int rc;

	s->path = xstrdup(path);
	s->mode = mode;
	s->statements = map_new();
	rc = open_file(s, err);
	if (rc == 0) {
		rc = harden(s, err);
	}
	if (rc == 0) {
		rc = probe(s, err);
	}
	if (rc == 0 && modes[mode].journal != NULL) {
		rc = journal_mode(s, modes[mode].journal, err);
	}
	if (rc == 0) {
		rc = store_exec(s, modes[mode].pragmas, err);
	}
	if (rc < 0) {
		store_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < map_count(s->statements); i++) {
		(void)sqlite3_finalize(map_value(s->statements, i));
	}
	map_free(s->statements);
	(void)sqlite3_close(s->db);
	free(s->path);
	free(s);
}

sqlite3 *store_db(struct store *s)
{
	return s->db;
}

const char *store_path(const struct store *s)
{
	return s->path;
}

int store_exec(struct store *s, const char *sql, struct bldr_error *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								       : store_error(s, "use", err);
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct bldr_error *err)
{
	size_t size = strlen(sql);
	sqlite3_stmt *stmt = map_find(s->statements, sql, size);

	if (stmt == NULL) {
		if (sqlite3_prepare_v3(s->db, sql, (int)size + 1, SQLITE_PREPARE_PERSISTENT, &stmt,
				       NULL) != SQLITE_OK) {
			return store_error(s, "ask", err);
		}
		*map_at(s->statements, sql, size) = stmt;
	} else {
		(void)sqlite3_reset(stmt);
		(void)sqlite3_clear_bindings(stmt);
	}
	*ret = stmt;
	return 0;
}

int store_step(struct store *s, sqlite3_stmt *stmt, struct bldr_error *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW) {
		return 1;
	}
	if (rc == SQLITE_DONE) {
		(void)sqlite3_reset(stmt);
		return 0;
	}
	/* COMMIT changes nothing by itself, but has no columns either */
	rc = store_error(s,
			 sqlite3_stmt_readonly(stmt) != 0 && sqlite3_column_count(stmt) > 0
				 ? "read"
				 : "write",
			 err);
	(void)sqlite3_reset(stmt);
	return rc;
}

/* The version that schema_version records for module, 0 when it has none. Negative: an error. */
static int recorded_version(struct store *s, const char *module, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s, "SELECT version FROM schema_version WHERE module=?1", &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, module, -1, SQLITE_STATIC);
	rc = store_step(s, stmt, err);
	if (rc == 1) {
		rc = sqlite3_column_int(stmt, 0);
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

/* A file that does not have the table does not get it. */
int store_version(struct store *s, const char *module, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(
		s, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='schema_version'",
		&stmt, err);

	if (rc == 0) {
		rc = store_step(s, stmt, err);
		(void)sqlite3_reset(stmt);
	}
	return rc == 1 ? recorded_version(s, module, err) : rc;
}

static int other_version(struct store *s, const struct store_tables *t, int found,
			 struct bldr_error *err)
{
	bool upgrades = found < t->version && t->upgrades != NULL;

	return bldr_error_set(
		err, BLDR_E_INVALID,
		"\"%s\" was written by %s version of this program (its %s tables are "
		"version %d, known here is %d); %s",
		s->path, found > t->version ? "a newer" : "an older", t->module, found, t->version,
		upgrades ? "what writes to it brings it up to date" : "use that version");
}

static int record_version(struct store *s, const struct store_tables *t, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s, "INSERT OR REPLACE INTO schema_version VALUES (?1, ?2)", &stmt,
			       err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, t->module, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(stmt, 2, t->version);
	return store_step(s, stmt, err);
}

static int migrate_locked(struct store *s, const struct store_tables *t, struct bldr_error *err)
{
	int rc = store_exec(s,
			    "CREATE TABLE IF NOT EXISTS schema_version("
			    "module TEXT PRIMARY KEY, version INTEGER NOT NULL"
			    ") STRICT, WITHOUT ROWID",
			    err);
	int found = rc < 0 ? rc : recorded_version(s, t->module, err);

	if (found < 0 || found == t->version) {
		return found < 0 ? found : 0;
	}
	if (found > t->version || (found > 0 && t->upgrades == NULL)) {
		return other_version(s, t, found, err);
	}
	if (found == 0) {
		rc = store_exec(s, t->create, err);
	}
	for (int from = found; rc == 0 && from > 0 && from < t->version; from++) {
		rc = store_exec(s, t->upgrades[from - 1], err);
	}
	return rc < 0 ? rc : record_version(s, t, err);
}

int store_migrate(struct store *s, const struct store_tables *t, struct bldr_error *err)
{
	int rc = store_version(s, t->module, err);

	ASSERT(t->version > 0);
	if (rc < 0 || rc == t->version) {
		return rc < 0 ? rc : 0;
	}
	if (s->mode == STORE_READ && rc == 0) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" holds no %s tables", s->path,
				      t->module);
	}
	if (s->mode == STORE_READ) {
		return other_version(s, t, rc, err);
	}
	rc = store_exec(s, "BEGIN IMMEDIATE", err);
	if (rc < 0) {
		return rc;
	}
	rc = migrate_locked(s, t, err);
	if (rc == 0) {
		rc = store_exec(s, "COMMIT", err);
	}
	if (rc < 0 && !sqlite3_get_autocommit(s->db)) {
		(void)store_exec(s, "ROLLBACK", NULL);
	}
	return rc;
}

int store_copy(struct store *from, struct store *to, struct bldr_error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
	int rc;

	if (backup == NULL) {
		return store_error(to, "write", err);
	}
	rc = sqlite3_backup_step(backup, -1);
	if (sqlite3_backup_finish(backup) == SQLITE_OK && rc == SQLITE_DONE) {
		return 0;
	}
	/* a refusal, such as BUSY, is not kept by the connection */
	return sqlite3_errcode(to->db) != SQLITE_OK
		? store_error(to, "write", err)
		: bldr_error_set(err, code_of(rc), "cannot copy \"%s\" to \"%s\": %s", from->path,
				 to->path, sqlite3_errstr(rc));
}

/* The pid that the holder wrote, 0 when it has not yet. */
static long lock_owner(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static int lock_refused(const char *path, int fd, int cause, struct bldr_error *err)
{
	long pid;

	if (cause != EWOULDBLOCK) {
		return bldr_error_set(err, BLDR_E_IO, "cannot lock \"%s.lock\": %s", path,
				      strerror(cause));
	}
	pid = lock_owner(fd);
	if (pid <= 0) {
		return bldr_error_set(err, BLDR_E_LOCKED,
				      "\"%s\" is in use by another process; wait for it or stop it",
				      path);
	}
	return bldr_error_set(err, BLDR_E_LOCKED,
			      "\"%s\" is in use by process %ld; wait for it or stop it", path, pid);
}

int store_lock(const char *path, int *ret_fd, struct bldr_error *err)
{
	char *name = xasprintf("%s.lock", path);
	char pid[32];
	int size = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int rc = 0;

	if (fd < 0) {
		rc = bldr_error_set(err, BLDR_E_IO, "cannot open \"%s\": %s", name, strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		rc = lock_refused(path, fd, errno, err);
	} else if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size) {
		rc = bldr_error_set(err, BLDR_E_IO, "cannot write \"%s\": %s", name,
				    strerror(errno));
	}
	free(name);
	if (rc < 0) {
		store_unlock(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

void store_unlock(int fd)
{
	if (fd >= 0) {
		(void)close(fd);
	}
}
