/* Live progress of a run on stderr: one line per finished step; on a terminal also what runs now. */
#pragma once

#include <bldr/engine.h>
#include "cli/settings.h"

struct progress;

/* json: the outcome goes to stdout as JSON, so that PROGRESS_AUTO is silent without a terminal. */
struct progress *progress_new(enum progress_mode mode, bool json);
void progress_free(struct progress *p);
void progress_event(struct progress *p, const struct bldr_event *e);
/* Takes the live line away, so that other text can be printed. */
void progress_clear(struct progress *p);
