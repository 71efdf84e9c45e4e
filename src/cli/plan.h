/* The dry run, as `bldr plan DIR` and `bldr run --dry-run` both do it. */
#pragma once

#include <stdbool.h>

/* Prints what a run over the folder would make, loads nothing, writes nothing. Returns the exit code. */
int plan_folder(const char *folder, bool json);
