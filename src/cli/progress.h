/* Live progress of a run on stderr: one line per finished step; on a terminal also what runs now. */
#pragma once

#include <bldr/engine.h>

struct progress;

/* quiet: nothing is printed. */
struct progress *progress_new(bool quiet);
void progress_free(struct progress *p);
void progress_event(struct progress *p, const struct bldr_event *e);
/* Takes the live line away, so that other text can be printed. */
void progress_clear(struct progress *p);
