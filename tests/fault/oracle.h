/*
 * The oracle: judges what is left when all has ended. It reads the rows of the journal by a connection and a JSON parser of its
 * own, what the world was asked, what an observer was told, and what a reader of the public interface is shown; it calls
 * nothing of the engine's inside. What a run should have come to is told by a run of the same scenario that nobody broke off.
 */
#pragma once

#include "scenario.h"
#include "world.h"

struct sqlite3;

enum { PROMISES = 9, LIVES_MAX = 64 };

struct verdict {
	unsigned broken[PROMISES]; /* 1..8: how often P1..P8 was found broken; 0: the run itself failed */
	char first[400];           /* what was found first */
};

void verdict_add(struct verdict *v, int promise, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool verdict_good(const struct verdict *v);

/* What a scenario comes to. */
struct outcome {
	char *state;  /* status, state and every checkpoint, as text */
	char *events; /* sorted: a line per thing that happened */
};

/* What an observer was told of a thread. */
struct heard {
	int64_t seq;
	int life;
	uint64_t what;
};

struct hearing {
	char id[32];
	struct heard *at;
	size_t n, room;
};

void hear(struct hearing *h, const struct bldr_event *event, int life);

/* A thread's journal at the end of a life. */
struct glimpse {
	int64_t events; /* durable ones */
	uint64_t text;  /* hash of their rows */
};

/* What is known of one thread of one schedule. */
struct testimony {
	const struct scenario *scenario;
	char id[32];
	struct glimpse at[LIVES_MAX]; /* by life */
	int64_t began_ms[LIVES_MAX];  /* by life; the engine's clock */
	bool ended_well[LIVES_MAX];   /* nothing broke it off */
	struct hearing *hearing;
	int64_t slack_ms; /* how late timers may be */
	/* What was performed is known from a receiver: not when, and of works only. */
	bool real;
	bool two; /* two processes at once */
};

/* A connection of the oracle's own, which checkpoints nothing. */
struct sqlite3 *oracle_open(const char *db_path);
void oracle_close(struct sqlite3 *db);
/* Reads what is durable now; a thread that is not there has nothing. */
void oracle_glimpse(struct sqlite3 *db, const char *id, struct glimpse *ret, struct verdict *v);
/* What the thread and its fork have come to. The caller frees with outcome_free. */
void oracle_outcome(struct sqlite3 *db, struct bldr_engine *reader, const struct scenario *s,
		    const char *id, struct outcome *ret, struct verdict *v);
/* SQL of a test that meddles. */
void oracle_execute(const char *db_path, const char *sql);
void outcome_free(struct outcome *o);
/* P1, P7 (everything happened once), P8 (all ended). */
void oracle_compare(const struct scenario *s, const struct outcome *is, const struct outcome *want,
		    struct verdict *v);
/* P2..P5, P7, P8 (timers) of one thread, whose lives 0..lives-1 are in t. */
void oracle_judge(struct sqlite3 *db, const struct testimony *t, int lives, const struct world *w,
		  struct verdict *v);
