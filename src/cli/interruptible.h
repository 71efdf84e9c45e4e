/* Running an engine that a person may stop: SIGINT and SIGTERM stop it at a safe point, a second one ends the process. */
#pragma once

#include <stdbool.h>

#include <bldr/engine.h>

/* bldr_engine_run. One at a time. */
int interruptible_run(struct bldr_engine *e, struct bldr_error *err);
/* Whether a signal has come. */
bool interruptible_was_stopped(void);
