/*
 * A child process on a libuv loop: started, listened to, killed with its group. Nothing is called from inside
 * process_start; ended comes once, on the loop's thread, when all of the process's handles are closed.
 */
#pragma once

#include <uv.h>

#include "host/effect.h"

/* Starts what f asks for. When ended is called f holds the result, a failure to start included, and f->process is
 * NULL again; ended may free f. */
void process_start(uv_loop_t *loop, struct flight *f, void (*ended)(struct flight *f, void *user),
		   void *user);
/* Kills the group; ended follows. */
void process_kill(struct flight *f);
