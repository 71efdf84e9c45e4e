/* The trace of a simulation: one line per commit, event, question and dispatch, "[  time] what". */
#pragma once

#include <stdio.h>

#include "host/driver.h"

void trace_commit(FILE *out, const struct batch *b);
void trace_event(FILE *out, const struct bldr_event *e);
void trace_ask(FILE *out, int64_t now_ms, const struct flight *f);
void trace_local(FILE *out, int64_t now_ms, const struct journal_local *l);
void trace_dispatch(FILE *out, int64_t now_ms, const struct flight *f);
