/*
 * Durability at exit: the work is done on a copy of the file, without waiting for any disk, and the
 * copy is written back as a whole when the engine has run. A killed process leaves the file as it
 * was and a copy that nobody may use; the next one that opens the file makes it anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "journal/tables.h"

/* The scratch copy and what SQLite keeps beside it. Errors: IO. */
static int drop_scratch(const char *scratch, struct bldr_error *err)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	int rc = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *name = xasprintf("%s%s", scratch, suffixes[i]);

		if (unlink(name) != 0 && errno != ENOENT && rc == 0) {
			rc = bldr_error_set(err, BLDR_E_IO, "cannot remove \"%s\": %s", name,
					    strerror(errno));
		}
		free(name);
	}
	return rc;
}

/* A number that changes with every transaction of the scratch copy. */
static unsigned version_of(const struct journal *j)
{
	unsigned version = 0;

	(void)sqlite3_file_control(store_db(j->store), "main", SQLITE_FCNTL_DATA_VERSION, &version);
	return version;
}

int exit_open(struct journal *j, const char *path, struct bldr_error *err)
{
	char *scratch = xasprintf("%s.exit", path);
	int rc = drop_scratch(scratch, err);

	if (rc == 0) {
		rc = store_open(path, STORE_FULL, &j->file, err);
	}
	if (rc == 0) {
		rc = journal_migrate(j->file, err);
	}
	if (rc == 0) {
		rc = store_open(scratch, STORE_SCRATCH, &j->store, err);
	}
	if (rc == 0) {
		rc = store_copy(j->file, j->store, err);
	}
	if (rc == 0) {
		j->written = version_of(j);
	}
	free(scratch);
	return rc;
}

void exit_close(struct journal *j)
{
	char *scratch = j->store != NULL ? xstrdup(store_path(j->store)) : NULL;

	store_close(j->store);
	if (scratch != NULL) {
		(void)drop_scratch(scratch, NULL);
	}
	store_close(j->file);
	free(scratch);
}

int journal_write_back(struct journal *j, struct bldr_error *err)
{
	unsigned now;
	int rc;

	if (j->file == NULL || (now = version_of(j)) == j->written) {
		return 0;
	}
	rc = store_copy(j->store, j->file, err);
	if (rc == 0) {
		j->written = now;
	}
	return rc < 0 ? bldr_error_prefix(err, "nothing of this run is kept") : 0;
}
