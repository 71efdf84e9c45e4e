/*
 * The children that play process nodes, for uv_host. They live as long as the loop runs: those with the same program, folder,
 * environment and memory are a group, which has as many as its calls allow ("children", 1 unless told) and a queue.
 */
#pragma once

#include <uv.h>

#include "host/effect.h"

struct children;

/*
 * say: what a child emits during a call; takes text, mode is static. ended: the flight has its outcome, and may be freed; never
 * called from children_call. Until children_free the caller's thread is given no SIGPIPE.
 */
struct children *children_new(uv_loop_t *loop,
			      void (*say)(const struct flight *f, const char *mode, char *text,
					  void *user),
			      void (*ended)(struct flight *f, void *user), void *user);
/* After children_end, and when none is open. */
void children_free(struct children *all);

/* Calls a child, now or when one is free. f->started_ms is set when the call begins. */
void children_call(struct children *all, struct flight *f);
/* Nobody waits for f any more. True: its call had not begun, it is the caller's again. Otherwise its child is killed; ended
 * follows. */
bool children_give_up(struct children *all, struct flight *f);
/* Tells all that it is over: their input ends, after a second they are killed. Calls that wait are the caller's again. */
void children_end(struct children *all);
/* Children that the loop still has to be run for. */
size_t children_open(const struct children *all);
