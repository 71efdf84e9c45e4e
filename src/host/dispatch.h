/*
 * Dispatch: when a flight begins. Its effect's intent is durable; now it waits for its time (a retry's pause, a rate's
 * slot), for a place (concurrency of its kind, of the engine) and for an earlier try of the same effect to return.
 *
 *	dispatch_add --timed, until begin_ms--> gate's queue --a place is free--> performed --> returned
 *	         '-----held, until the earlier try returns---^
 *
 * The loop's thread only.
 */
#pragma once

#include "base/map.h"
#include "host/effect.h"

struct driver;

/* What the flights of one policy's kind share. */
struct gate {
	const char *kind; /* lives as long as the dispatcher */
	uint32_t concurrency;
	size_t busy;          /* performed, or given up and not returned */
	struct flights queue; /* those that may begin as soon as there is a place */
	bool known;           /* at_us has been read */
	bool touched;         /* at_us is to be written by the next commit */
	int64_t at_us;        /* see table rate */
	STAILQ_ENTRY(gate) next;
};

struct dispatcher {
	struct map *by_kind; /* policy kind -> gate */
	STAILQ_HEAD(gates, gate) gates;
	struct gate open;      /* of effects without a policy */
	struct flights timed;  /* by begin_ms */
	struct flights held;   /* behind an earlier try of the same effect */
	struct flights astray; /* landed or given up, and not returned */
	size_t waiting;        /* in any queue */
	size_t busy, busy_max; /* busy_max 0: any number */
};

void dispatch_init(struct dispatcher *x, size_t busy_max);
void dispatch_release(struct dispatcher *x);

/* The gate of a policy; NULL gives the open one. */
struct gate *dispatch_gate(struct dispatcher *x, const struct bldr_policy *p);
/*
 * Takes the next place of a gate's rate, GCRA (ITU-T I.371): the time it begins, in ms, now_ms or later. A policy
 * without a rate gives now_ms.
 */
int64_t gate_slot(struct gate *g, const struct bldr_policy *p, int64_t now_ms);

/* f waits until f->begin_ms, and until it may begin. */
void dispatch_add(struct dispatcher *x, struct flight *f, int64_t now_ms);
/* The next flight that may begin now, taken from its queue; NULL: none. It counts as performed. */
struct flight *dispatch_next(struct dispatcher *x, int64_t now_ms);
/* When dispatch_next has to be asked again though nothing returns; 0: never. */
int64_t dispatch_due(const struct dispatcher *x);
/* f is performed still, but nobody waits for it any more. */
void dispatch_astray(struct dispatcher *x, struct flight *f);
/* The performer of f has returned: its place is free, and the next try of its effect may begin. */
void dispatch_returned(struct dispatcher *x, struct flight *f);
/* Takes a waiting f out of its queue. */
void dispatch_remove(struct dispatcher *x, struct flight *f);
