/*
 * What a thread has been: its checkpoints, its state at one of them, and what its effects ended
 * with. Rows are read one at a time, so that whoever is called may ask the journal again.
 */
#include "journal/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "journal/tables.h"

/* The newest lineage before the frame *at. 1: *at is it; 0: there is none. */
static int lineage_before(struct journal *j, int64_t thread, int64_t *at, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT frame FROM step WHERE thread=?1 AND frame<?2 AND lineage=1"
			     " ORDER BY frame DESC LIMIT 1",
			     &stmt, err, thread, *at);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc == 1) {
		*at = sqlite3_column_int64(stmt, 0);
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

/* The newest superstep of a frame up to *at, in a. 1, 0 or an error. */
static int step_until(struct journal *j, int64_t thread, int64_t frame, int64_t at, struct arena *a,
		      struct step_record *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc =
		JOURNAL_ASK(j,
			    "SELECT " STEP_COLUMNS " FROM step"
			    " WHERE thread=?1 AND frame=?2 AND step<=?3 ORDER BY step DESC LIMIT 1",
			    &stmt, err, thread, frame, at);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc == 1) {
		int bad = load_step(j, stmt, frame, a, ret, err);

		(void)sqlite3_reset(stmt);
		rc = bad < 0 ? bad : 1;
	}
	return rc;
}

static bool tell(const struct step_record *s, int (*each)(const struct journal_step *s, void *user),
		 void *user)
{
	const struct journal_step told = {
		.frame = s->frame,
		.step = s->step,
		.at_ms = s->at_ms,
		.first = s->first,
		.source = s->source,
		.base = s->base,
		.held = s->held,
		.from_frame = s->from_frame,
		.from_step = s->from_step,
		.record = s,
	};

	return each(&told, user) == 0;
}

int journal_history(struct journal *j, const struct journal_thread *t,
		    int (*each)(const struct journal_step *s, void *user), void *user,
		    struct bldr_error *err)
{
	int64_t frame = INT64_MAX;
	bool go_on = true;
	int rc = 0;

	while (go_on && (rc = lineage_before(j, t->rowid, &frame, err)) == 1) {
		int64_t at = INT64_MAX;

		while (go_on && rc == 1) {
			struct arena a = { 0 };
			struct step_record s = { 0 };

			rc = step_until(j, t->rowid, frame, at, &a, &s, err);
			if (rc == 1) {
				at = s.step - 1;
				go_on = tell(&s, each, user);
			}
			arena_release(&a);
		}
		if (rc < 0) {
			break;
		}
	}
	return rc < 0 ? rc : 0;
}

int journal_checkpoint(struct journal *j, const struct journal_thread *t, int64_t frame,
		       int64_t step, int (*each)(const struct journal_step *s, void *user),
		       void *user, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct step_record s = { 0 };
	int rc = step_until(j, t->rowid, frame, step, &a, &s, err);

	if (rc == 1 && s.step == step) {
		(void)tell(&s, each, user);
	}
	arena_release(&a);
	return rc < 0 ? rc : 0;
}

int journal_load_at(struct journal *j, const struct journal_thread *t, int64_t frame, int64_t step,
		    struct run *r, struct bldr_error *err)
{
	struct arena a = { 0 };
	step_list steps = { 0 };
	int rc = step < 0 ? 0 : load_steps(j, t->rowid, frame, step, true, &a, &steps, err);

	if (rc == 0 && (steps.n == 0 || steps.at[0].step != step)) {
		rc = bldr_error_set(err, BLDR_E_NOT_FOUND,
				    "thread \"%s\" has no checkpoint %" PRId64
				    " in lineage %" PRId64 "; was it pruned",
				    t->id, step, frame);
	}
	if (rc == 0 && steps.at != NULL && !steps.at[steps.n - 1].base) {
		rc = journal_damaged(j, err,
				     "frame %" PRId64 " of thread %" PRId64 " has no base record",
				     frame, t->rowid);
	}
	if (rc == 0 && frame != 0) {
		run_restore_root(r, frame);
	}
	for (size_t i = steps.n; rc == 0 && i > 0; i--) {
		rc = run_restore_step(r, &steps.at[i - 1], err);
	}
	arena_release(&a);
	return rc;
}

/* What is looked for among the recorded effects. */
struct wanted {
	const char *lineage; /* what keys of the lineage begin with, "t" or "t~7" */
	const char *path;    /* of the task */
	const char *key;     /* of that very place */
	const char *kind, *request;
};

/* The names of nodes along a path, without supersteps and numbers of sends: "/2:a:3/1:b" is "/a/b". */
static char *nodes_of(const char *path, const char *end)
{
	char *names = xmalloc((size_t)(end - path) + 1);
	size_t n = 0;

	while (path < end) {
		const char *name = memchr(path, ':', (size_t)(end - path));
		size_t size;

		name = name != NULL ? name + 1 : end;
		size = strcspn(name, ":/#");
		size = size < (size_t)(end - name) ? size : (size_t)(end - name);
		names[n++] = '/';
		memcpy(names + n, name, size);
		n += size;
		path = name + size;
		while (path < end && *path != '/') {
			path++;
		}
	}
	names[n] = '\0';
	return names;
}

/* Whether an effect with that key is one of the same node in the lineage. */
static bool same_node(const struct wanted *w, const char *key)
{
	size_t size = strlen(w->lineage);
	const char *end = strrchr(key, '#');
	char *here, *there;
	bool same;

	if (strncmp(key, w->lineage, size) != 0 || key[size] != '/' || end == NULL) {
		return false;
	}
	here = nodes_of(key + size, end);
	there = nodes_of(w->path, w->path + strlen(w->path));
	same = strcmp(here, there) == 0;
	free(here);
	free(there);
	return same;
}

/* Binds a value to compare a column of type ANY with; nothing is stored. */
static void bind_compared(sqlite3_stmt *stmt, int index, const char *text)
{
	size_t size = strlen(text);
	char hash[HASH_HEX_MAX];

	if (size < JOURNAL_BLOB_MIN) {
		(void)sqlite3_bind_text(stmt, index, text, (int)size, SQLITE_TRANSIENT);
	} else {
		hash_bytes(text, size, hash);
		(void)sqlite3_bind_blob(stmt, index, hash, HASH_HEX_MAX - 1, SQLITE_TRANSIENT);
	}
}

static int ask_done(struct journal *j, int64_t thread, int64_t after, const struct wanted *w,
		    sqlite3_stmt **ret, struct bldr_error *err)
{
	int rc = JOURNAL_ASK(j,
			     "SELECT id, key FROM effect WHERE thread=?1 AND id>?2 AND status=0"
			     " AND kind=?3 AND request=?4 ORDER BY id",
			     ret, err, thread, after);

	if (rc == 0) {
		(void)sqlite3_bind_text(*ret, 3, w->kind, -1, SQLITE_TRANSIENT);
		bind_compared(*ret, 4, w->request);
	}
	return rc;
}

/*
 * The id of the effect at the very place, or else the oldest one of the same node; 0: none. A replay asks in the order
 * in which the effects were intended, so the place is first looked for behind the last one found.
 */
static int find_done(struct journal *j, int64_t thread, const struct wanted *w, int64_t *ret,
		     struct bldr_error *err)
{
	const int64_t from[] = { j->recorded_at, 0 };
	int rc = 0;

	*ret = 0;
	for (size_t pass = 0; rc == 0 && pass < 2; pass++) {
		sqlite3_stmt *stmt = NULL;

		rc = ask_done(j, thread, from[pass], w, &stmt, err);
		while (rc == 0 && (rc = store_step(j->store, stmt, err)) == 1) {
			const char *key = (const char *)sqlite3_column_text(stmt, 1);

			if (strcmp(key, w->key) == 0) {
				*ret = sqlite3_column_int64(stmt, 0);
				(void)sqlite3_reset(stmt);
				return 0;
			}
			if (pass == 1 && *ret == 0 && same_node(w, key)) {
				*ret = sqlite3_column_int64(stmt, 0);
			}
			rc = 0;
		}
	}
	return rc;
}

static int read_done(struct journal *j, int64_t thread, int64_t id, struct arena *a,
		     struct result_record *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j, "SELECT value FROM effect WHERE thread=?1 AND id=?2", &stmt, err,
			     thread, id);

	*ret = (struct result_record){ .effect = id, .status = BLDR_DONE };
	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc == 1) {
		rc = journal_column_value(j, stmt, 0, a, &ret->value, err);
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

int journal_recorded(struct journal *j, int64_t thread, int64_t lineage, const char *path,
		     int64_t round, int64_t ordinal, const char *kind, const char *request,
		     struct arena *a, struct result_record *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	struct wanted w = { .path = path, .kind = kind, .request = request };
	int64_t found = 0;
	int rc = JOURNAL_ASK(j, "SELECT id FROM thread WHERE number=?1", &stmt, err, thread);

	if (rc == 0) {
		rc = store_step(j->store, stmt, err);
	}
	if (rc <= 0) {
		return rc;
	}
	w.lineage = arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_reset(stmt);
	if (lineage != 0) {
		w.lineage = arena_printf(a, "%s~%" PRId64, w.lineage, lineage);
	}
	w.key = arena_printf(a, "%s%s#%" PRId64 ".%" PRId64, w.lineage, path, round, ordinal);
	rc = find_done(j, thread, &w, &found, err);
	if (rc < 0 || found == 0) {
		return rc;
	}
	j->recorded_at = found;
	rc = read_done(j, thread, found, a, ret, err);
	return rc < 0 ? rc : 1;
}
