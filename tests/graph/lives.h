/*
 * A thread's life told act by act, and then lived again with a crash after every act: it is rebuilt from what had been recorded
 * by then and goes through the rest. Every further update must be told as it was the first time, but for the numbers
 * of events.
 */
#pragma once

#include "story.h"

enum act_kind {
	ACT_DONE,    /* effect, text: the value */
	ACT_FAILED,  /* effect, number: the code, text: the error */
	ACT_TIMEOUT, /* effect */
	ACT_INPUT,   /* text */
	ACT_UPDATE,  /* node, text */
	ACT_ENQUEUE, /* text */
	ACT_CANCEL,
	ACT_DRAIN,  /* no update of its own */
	ACT_EXPIRE, /* number: the time */
	ACT_EMIT,   /* effect, node: the mode, text: the data */
	ACT_WAIT,   /* number: until then; no update */
	ACT_RESUME,
};

struct act {
	enum act_kind what;
	int64_t effect, number;
	int64_t after_ms; /* ACT_FAILED: not again for so long */
	const char *node, *text;
};

enum { ACTS_MAX = 60 };

struct lives {
	struct teller at[ACTS_MAX]; /* one more with each ACT_RESUME */
	size_t n;
	struct act acts[ACTS_MAX];
	size_t n_acts;
	/* After so many acts. */
	size_t updates[ACTS_MAX + 1];
	int64_t times[ACTS_MAX + 1];
};

void lives_begin(struct lives *l, const struct bldr_graph *g, const char *input);
/* The same for a teller that has its settings, or was forked; it is taken. */
void lives_begin_as(struct lives *l, const struct teller *t);
/* The one that lives now. */
struct teller *lives_now(struct lives *l);
void lives_act(struct lives *l, struct act a);
/* Acts, and expects all that is told of it, or only what begins with one of the words. */
void lives_tell(struct lives *l, struct act a, const char *text);
void lives_tell_only(struct lives *l, struct act a, const char *words, const char *text);
/* Lives again with the crashes, compares, frees. */
void lives_end(struct lives *l);
