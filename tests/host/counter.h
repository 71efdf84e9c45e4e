/*
 * A graph that counts, and a work function that the tests steer: start -> add -> note.
 *
 *	add   asks the work "slow" for channel "by" and adds what it returns to "total"
 *	note  asks it for 0, and appends the total that it sees to "log"
 */
#pragma once

#include <bldr/engine.h>

struct counter {
	unsigned performed;               /* calls of slow */
	unsigned failing;                 /* so many of its next calls are UNAVAILABLE */
	bool chatty;                      /* slow emits {"half": n} first */
	char keys[64][96];                /* of the first calls */
	const struct bldr_policy *policy; /* of the graph, or NULL */
	enum bldr_class cls;              /* of its effects */
	bool stop_before_note;            /* a static interrupt */
	struct bldr_value *(*migrate)(const struct bldr_value *old, struct bldr_error *err);
	const char *extra; /* one more channel, or NULL */
};

/* Borrows c. */
struct bldr_graph *counter_graph(const struct counter *c, unsigned version);
/* Registers slow, which takes 100 ms of virtual time. */
void counter_works(struct counter *c, struct bldr_engine *e);
/* {"by": n}; the caller owns it. */
struct bldr_value *by(int64_t n);
