/* What the tests of the journal share: a journal in a scratch folder, and updates made by hand. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "journal/journal.h"
#include "scratch.h"

struct fixture {
	struct scratch dir;
	char db[160];
	struct journal *j;
};

/* Fails the test with err's message when rc is negative. */
#define ok(rc)                                             \
	do {                                               \
		if ((rc) < 0) {                            \
			fail_msg("%s: %s", #rc, err.text); \
		}                                          \
	} while (0)

static inline struct journal *open_journal(const struct fixture *f)
{
	const struct journal_options o = { .path = f->db };
	struct journal *j = NULL;
	struct bldr_error err = { 0 };

	ok(journal_open(&o, &j, &err));
	return j;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(&f->dir);
	(void)snprintf(f->db, sizeof(f->db), "%s/j.db", f->dir.path);
	f->j = open_journal(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	journal_close(f->j);
	scratch_remove(&f->dir);
	free(f);
	return 0;
}

/*
 * Asks the file over a connection of its own: the answer's first column as text, "" without rows.
 */
static inline const char *ask(const struct fixture *f, const char *sql)
{
	static char text[512];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int rc;

	text[0] = '\0';
	assert_int_equal(sqlite3_open(f->db, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	}
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL) {
		(void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(stmt, 0));
	}
	assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return text;
}

static inline struct journal_thread new_thread(const char *id)
{
	struct journal_thread t = { .seed = UINT64_C(0xfedcba9876543210) };

	(void)snprintf(t.id, sizeof(t.id), "%s", id);
	(void)snprintf(t.graph, sizeof(t.graph), "g");
	(void)snprintf(t.graph_hash, sizeof(t.graph_hash), "%064d", 7);
	return t;
}

static inline void add_step(struct update *u, int64_t frame, int64_t step, bool base)
{
	*LIST_ADD(&u->arena, &u->steps) = (struct step_record){
		.frame = frame,
		.step = step,
		.at_ms = 1000 + step,
		.source = step == 0 ? STEP_INPUT : STEP_LOOP,
		.base = base,
		.from_frame = -1,
		.from_step = -1,
	};
}

static inline void add_write(struct update *u, const char *channel, enum write_form form,
			     const char *text)
{
	struct step_record *s = &u->steps.at[u->steps.n - 1];

	*LIST_ADD(&u->arena, &s->writes) =
		(struct step_write){ .channel = channel, .form = form, .text = text };
}

static inline void add_task(struct update *u, int64_t id, const char *node, int64_t send,
			    const char *input)
{
	struct step_record *s = &u->steps.at[u->steps.n - 1];

	*LIST_ADD(&u->arena, &s->tasks) =
		(struct step_task){ .id = id, .node = node, .send = send, .input = input };
}

static inline void add_event(struct update *u, const char *type, const char *data)
{
	*LIST_ADD(&u->arena, &u->events) = (struct event_record){
		.seq = ++u->last_event, .at_ms = 1000 + u->last_event, .type = type, .data = data
	};
}

static inline int commit_parts(struct journal *j, struct journal_part *parts, size_t n,
			       int64_t now_ms, struct bldr_error *err)
{
	const struct journal_batch b = { .parts = parts, .n_parts = n };

	return journal_commit(j, &b, now_ms, err);
}

/* Commits u alone and releases it, but for its counters. */
static inline void commit(struct fixture *f, struct journal_thread *t, struct update *u)
{
	struct journal_part part = { .thread = t, .update = u };
	struct bldr_error err = { 0 };

	ok(commit_parts(f->j, &part, 1, 5000, &err));
	assert_int_equal(part.result, 0);
	arena_release(&u->arena);
	*u = (struct update){ .next_id = u->next_id, .last_event = u->last_event };
}
