/*
 * Engines with one promise broken on purpose, by functions that the linker puts before the engine's own (-Wl,--wrap): what the
 * oracle must find. Nothing of the engine's sources knows about it.
 */
#pragma once

#include <stdint.h>

enum broken {
	WHOLE,               /* nothing is broken */
	COMMIT_AFTER,        /* effects are dispatched before their intents are durable */
	RESULT_NOT_RECORDED, /* a result is told and used, its row is never written */
	KEY_CHANGED,         /* another key for another try */
	EVENT_DROPPED,       /* an event is told and not written */
	WRITE_LOST,          /* a write is folded in memory and not recorded */
	ONCE_REPEATED,       /* class once is treated as pure */
	TIMER_RESTARTED,     /* a sleep is counted from the restart */
	REQUEST_CHANGED,     /* the time of the try is put into the body */
	RESULTS_MIXED, /* two results of one node change places when they come in one commit */
	EVENT_TWICE,   /* an observer is told twice */
	N_BROKEN
};

extern const char *const broken_names[N_BROKEN];
/* The promise that must be found broken. */
extern const int broken_promise[N_BROKEN];

/* What the wrappers do from now on. db_path: of the journal, borrowed. */
void broken_set(enum broken what, const char *db_path);
/* A crash: what was not durable in truth is gone. */
void broken_crashed(void);

/* How long effects take in simulation: drawn from this and from the effect's key and try; 0: as they are declared. */
void latency_set(uint64_t seed, unsigned max_ms, int64_t *now_ms);
