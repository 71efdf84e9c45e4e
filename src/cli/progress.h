/*
 * Live progress of a run on stderr: one line per finished step, with its table and records. On a terminal a last line
 * also says what runs now - agent, steps, tables, records per second - and is drawn anew a few times a second. Without a
 * terminal, with NO_COLOR or with TERM=dumb there is no such line and no control code at all.
 */
#pragma once

#include <bldr/engine.h>
#include "cli/meter.h"
#include "cli/settings.h"

struct progress;

/* json: the outcome goes to stdout as JSON, so that PROGRESS_AUTO is silent without a terminal. meter is borrowed;
 * NULL: tables and records are not known. */
struct progress *progress_new(enum progress_mode mode, bool json, struct meter *meter);
void progress_free(struct progress *p);
void progress_event(struct progress *p, const struct bldr_event *e);
