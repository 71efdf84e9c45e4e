/*
 * Rebuilds a run from its rows: for each open frame the records from its last base one on, then
 * the patches of the tasks of its current superstep, then the rounds and the effects of those that have
 * no patch. Frames whose task has its patch, and all that belongs to supersteps that closed, stay on
 * disk: a load costs what is open, not what has been. What can go wrong is damage, and a graph
 * that no longer knows a recorded node.
 */
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#include "journal/pack.h"
#include "journal/tables.h"

struct load {
	struct journal *j;
	int64_t thread;
	struct run *run;
	struct arena arena;
	LIST(struct open_task) tasks; /* of the current supersteps of the frames loaded, by id */
	int64_list patched;           /* tasks that have a patch, by id */
	int64_list handled;           /* tasks in whose place a handler may run, by id */
	LIST(struct intent_record) intents;
	LIST(struct result_record) results;
};

struct open_task {
	int64_t id;
	int64_t round;
	bool settled; /* no effects to look for: it has its patch, or opened a subgraph that no handler replaced */
};

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct open_task *)a)->id;
	int64_t y = ((const struct open_task *)b)->id;

	return (x > y) - (x < y);
}

static struct open_task *find_task(const struct load *l, int64_t id)
{
	const struct open_task key = { .id = id };

	return l->tasks.n == 0 ? NULL : bsearch(&key, l->tasks.at, l->tasks.n, sizeof(key), by_id);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool is_in(const int64_list *list, int64_t task)
{
	return list->n > 0 && bsearch(&task, list->at, list->n, sizeof(task), by_number) != NULL;
}

/* The tasks that a table has rows of, in order. */
static int read_tasks(struct load *l, const char *sql, int64_list *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(l->j, sql, &stmt, err, l->thread);

	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		*LIST_ADD(&l->arena, ret) = sqlite3_column_int64(stmt, 0);
		rc = 0;
	}
	return rc;
}

static int read_ended(struct load *l, struct bldr_error *err)
{
	int rc = read_tasks(l, "SELECT task FROM patch WHERE thread=?1 ORDER BY task", &l->patched,
			    err);

	return rc < 0 ? rc
		      : read_tasks(l, "SELECT task FROM handler WHERE thread=?1 ORDER BY task",
				   &l->handled, err);
}

int load_step(struct journal *j, sqlite3_stmt *stmt, int64_t frame, struct arena *a,
	      struct step_record *ret, struct bldr_error *err)
{
	int source = sqlite3_column_int(stmt, 4);
	bool from = sqlite3_column_type(stmt, 8) != SQLITE_NULL;

	*ret = (struct step_record){ .frame = frame };
	ret->step = sqlite3_column_int64(stmt, 0);
	ret->at_ms = sqlite3_column_int64(stmt, 1);
	ret->base = sqlite3_column_int(stmt, 2) != 0;
	if (source < STEP_INPUT || source > STEP_MIGRATE) {
		return journal_damaged(j, err, "step %lld of frame %lld has the source %d",
				       (long long)ret->step, (long long)ret->frame, source);
	}
	ret->source = (enum step_source)source;
	ret->first = sqlite3_column_int64(stmt, 5);
	ret->held = sqlite3_column_int(stmt, 6) != 0;
	ret->from_frame = from ? sqlite3_column_int64(stmt, 7) : -1;
	ret->from_step = from ? sqlite3_column_int64(stmt, 8) : -1;
	return unpack_step(j, (const char *)sqlite3_column_text(stmt, 3), a, ret, err);
}

int load_steps(struct journal *j, int64_t thread, int64_t frame, int64_t step, bool lineage_only,
	       struct arena *a, step_list *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(j,
			     "SELECT " STEP_COLUMNS " FROM step"
			     " WHERE thread=?1 AND frame=?2 AND step<=?3 AND lineage>=?4"
			     " ORDER BY step DESC",
			     &stmt, err, thread, frame, step < 0 ? INT64_MAX : step, lineage_only);

	while (rc == 0 && (rc = store_step(j->store, stmt, err)) == 1) {
		struct step_record s;

		rc = load_step(j, stmt, frame, a, &s, err);
		*LIST_ADD(a, ret) = s;
		if (s.base) {
			break;
		}
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

/* The records that the frame's state is made of, and it must have one. */
static int read_steps(struct load *l, int64_t frame, step_list *ret, struct bldr_error *err)
{
	int rc = load_steps(l->j, l->thread, frame, -1, false, &l->arena, ret, err);

	if (rc == 0 && ret->n > 0 && !ret->at[ret->n - 1].base) {
		rc = journal_damaged(l->j, err, "frame %lld of thread %lld has no base record",
				     (long long)frame, (long long)l->thread);
	}
	return rc;
}

/* Feeds a frame to the run and adds its current tasks. *ret: whether there was such a frame. */
static int load_frame(struct load *l, int64_t frame, bool *ret, struct bldr_error *err)
{
	step_list steps = { 0 };
	int rc = read_steps(l, frame, &steps, err);

	*ret = steps.n > 0;
	for (size_t i = steps.n; rc == 0 && i > 0; i--) {
		rc = run_restore_step(l->run, &steps.at[i - 1], err);
	}
	for (size_t i = 0; rc == 0 && steps.n > 0 && i < steps.at[0].tasks.n; i++) {
		*LIST_ADD(&l->arena, &l->tasks) =
			(struct open_task){ .id = steps.at[0].tasks.at[i].id };
	}
	return rc;
}

/* Ids only grow, so the frames inside a frame come behind it and one pass in order finds all. */
static int load_frames(struct load *l, int64_t root, struct bldr_error *err)
{
	bool found = false;
	int64_t id;
	int rc;

	if (root != 0) {
		run_restore_root(l->run, root);
	}
	rc = load_frame(l, root, &found, err);

	if (rc == 0 && !found) {
		rc = journal_damaged(l->j, err, "thread %lld has no superstep",
				     (long long)l->thread);
	}
	for (size_t i = 0, sorted = 0; rc == 0 && i < l->tasks.n; i++) {
		if (sorted < l->tasks.n) {
			qsort(l->tasks.at + i, l->tasks.n - i, sizeof(*l->tasks.at), by_id);
			sorted = l->tasks.n;
		}
		id = l->tasks.at[i].id;
		found = is_in(&l->patched, id);
		if (!found) {
			rc = load_frame(l, id, &found, err);
			found = found && !is_in(&l->handled, id);
		}
		l->tasks.at[i].settled = found;
	}
	return rc;
}

static int load_patches(struct load *l, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(l->j, "SELECT task, patch FROM patch WHERE thread=?1 ORDER BY task",
			     &stmt, err, l->thread);

	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		struct patch_record p = {
			.task = sqlite3_column_int64(stmt, 0),
			.text = (const char *)sqlite3_column_text(stmt, 1),
		};

		rc = find_task(l, p.task) != NULL ? run_restore_patch(l->run, &p, err) : 0;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int load_handlers(struct load *l, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(l->j,
			     "SELECT task, at_ms, input FROM handler WHERE thread=?1 ORDER BY task",
			     &stmt, err, l->thread);

	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		struct handler_record h = {
			.task = sqlite3_column_int64(stmt, 0),
			.at_ms = sqlite3_column_int64(stmt, 1),
		};

		rc = 0;
		if (find_task(l, h.task) != NULL) {
			rc = journal_column_value(l->j, stmt, 2, &l->arena, &h.input, err);
			rc = rc < 0 ? rc : run_restore_handler(l->run, &h, err);
		}
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int load_queued(struct load *l, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(l->j,
			     "SELECT number, at_ms, input FROM queued WHERE thread=?1"
			     " ORDER BY number",
			     &stmt, err, l->thread);

	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		struct queued_record q = {
			.number = sqlite3_column_int64(stmt, 0),
			.at_ms = sqlite3_column_int64(stmt, 1),
		};

		rc = journal_column_value(l->j, stmt, 2, &l->arena, &q.input, err);
		rc = rc < 0 ? rc : run_restore_queued(l->run, &q, err);
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int load_round(struct load *l, sqlite3_stmt *stmt, struct bldr_error *err)
{
	struct round_record k = {
		.task = sqlite3_column_int64(stmt, 0),
		.round = sqlite3_column_int64(stmt, 1),
		.at_ms = sqlite3_column_int64(stmt, 2),
	};
	struct open_task *task = find_task(l, k.task);
	int rc;

	if (task == NULL) {
		return 0;
	}
	task->round = k.round;
	rc = journal_column_value(l->j, stmt, 3, &l->arena, &k.kept, err);
	return rc < 0 ? rc : run_restore_round(l->run, &k, err);
}

static int load_rounds(struct load *l, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = JOURNAL_ASK(l->j,
			     "SELECT task, round, at_ms, kept FROM round WHERE thread=?1"
			     " ORDER BY task",
			     &stmt, err, l->thread);

	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		rc = load_round(l, stmt, err);
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int read_result(struct load *l, sqlite3_stmt *stmt, int64_t effect, struct bldr_error *err)
{
	struct result_record r = { .effect = effect };
	int status = sqlite3_column_int(stmt, 9);
	int rc;

	if (sqlite3_column_type(stmt, 9) == SQLITE_NULL) {
		return 0;
	}
	if (status < BLDR_DONE || status > BLDR_UNKNOWN) {
		return journal_damaged(l->j, err, "effect %lld has the status %d",
				       (long long)effect, status);
	}
	r.status = (enum bldr_status)status;
	r.code = sqlite3_column_int(stmt, 13);
	r.error = arena_strdup(&l->arena, (const char *)sqlite3_column_text(stmt, 11));
	rc = journal_column_value(l->j, stmt, 10, &l->arena, &r.value, err);
	*LIST_ADD(&l->arena, &l->results) = r;
	return rc;
}

static int read_effect(struct load *l, sqlite3_stmt *stmt, struct bldr_error *err)
{
	const struct open_task *task = find_task(l, sqlite3_column_int64(stmt, 1));
	int cls = sqlite3_column_int(stmt, 5);
	struct intent_record i = {
		.id = sqlite3_column_int64(stmt, 0),
		.task = sqlite3_column_int64(stmt, 1),
		.attempt = sqlite3_column_int64(stmt, 2),
		.round = sqlite3_column_int64(stmt, 3),
		.ordinal = sqlite3_column_int64(stmt, 4),
		.cls = (enum bldr_class)cls,
		.at_ms = sqlite3_column_int64(stmt, 14),
		.timeout_ms = (uint32_t)sqlite3_column_int64(stmt, 6),
		.tries = (uint32_t)sqlite3_column_int64(stmt, 15),
		.due_ms = sqlite3_column_int64(stmt, 16),
		.kind = arena_strdup(&l->arena, (const char *)sqlite3_column_text(stmt, 7)),
		.key = arena_strdup(&l->arena, (const char *)sqlite3_column_text(stmt, 8)),
	};
	int rc;

	if (task == NULL || task->settled || i.round < task->round) {
		return 0;
	}
	if (cls < BLDR_PURE || cls > BLDR_LOCAL) {
		return journal_damaged(l->j, err, "effect %lld has the class %d", (long long)i.id,
				       cls);
	}
	rc = journal_column_value(l->j, stmt, 12, &l->arena, &i.request, err);
	if (rc < 0) {
		return rc;
	}
	*LIST_ADD(&l->arena, &l->intents) = i;
	return read_result(l, stmt, i.id, err);
}

/*
 * An effect's id is greater than its task's, so the oldest task that waits for some says where to
 * begin.
 */
static int read_effects(struct load *l, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	size_t oldest = 0;
	int rc;

	while (oldest < l->tasks.n && l->tasks.at[oldest].settled) {
		oldest++;
	}
	if (oldest == l->tasks.n) {
		return 0;
	}
	rc = JOURNAL_ASK(l->j,
			 "SELECT id, task, attempt, round, ordinal, class, timeout_ms, kind, key,"
			 " status, value, error, request, code, at_ms, tries, due_ms"
			 " FROM effect"
			 " WHERE thread=?1 AND id>?2 ORDER BY id",
			 &stmt, err, l->thread, l->tasks.at[oldest].id);
	while (rc == 0 && (rc = store_step(l->j->store, stmt, err)) == 1) {
		rc = read_effect(l, stmt, err);
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

static int load_effects(struct load *l, struct bldr_error *err)
{
	int rc = read_effects(l, err);

	for (size_t i = 0; rc == 0 && i < l->intents.n; i++) {
		rc = run_restore_intent(l->run, &l->intents.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < l->results.n; i++) {
		rc = run_restore_result(l->run, &l->results.at[i], err);
	}
	return rc;
}

int journal_load(struct journal *j, const struct journal_thread *t, struct run *r,
		 struct bldr_error *err)
{
	struct load l = { .j = j, .thread = t->rowid, .run = r };
	int rc = journal_do(j, "BEGIN", NULL, 0, err);

	if (rc < 0) {
		return rc;
	}
	rc = read_ended(&l, err);
	if (rc == 0) {
		rc = load_frames(&l, t->root, err);
	}
	if (rc == 0) {
		rc = load_patches(&l, err);
	}
	if (rc == 0) {
		rc = load_rounds(&l, err);
	}
	if (rc == 0) {
		rc = load_handlers(&l, err);
	}
	if (rc == 0) {
		rc = load_effects(&l, err);
	}
	if (rc == 0) {
		rc = load_queued(&l, err);
	}
	(void)journal_do(j, "COMMIT", NULL, 0, NULL);
	arena_release(&l.arena);
	return rc;
}
