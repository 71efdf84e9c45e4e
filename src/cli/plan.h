/* The dry run, as `bldr plan DIR` and `bldr run --dry-run` both do it. */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"

/* Prints what a run over the folder would make, loads nothing, writes nothing. Returns the exit code. */
int plan_folder(const char *folder, bool json);
/* The same of artefacts that are there: tables, keys, star, files not read, open questions, to stdout. */
void plan_print(const struct sources *sources, const struct profile *profile,
		const struct design *design);
