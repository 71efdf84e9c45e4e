/*
 * One thread that commits batches, one at a time: the loop goes on while the disk is waited for.
 */
#pragma once

#include "host/driver.h"

struct writer;

/* news(user) is called on the writer's thread when a commit has ended. */
struct writer *writer_new(struct journal *j, void (*news)(void *user), void *user);
/* Begins a commit. The one before must have been taken by writer_done. */
void writer_begin(struct writer *w, struct batch *b);
/* The batch whose commit has ended, with its code and error; NULL: none has. */
struct batch *writer_done(struct writer *w, int *ret_code, struct bldr_error *err);
/* Waits for the commit under way. Its batch must have been taken, or is lost to the caller. */
void writer_free(struct writer *w);
