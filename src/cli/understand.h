/*
 * The first half of a run without a run: what a file or folder contains, found in memory. Nothing is
 * written anywhere, and no journal is needed.
 */
#pragma once

#include "artefact/artefact.h"

struct understanding {
	struct sources sources;
	struct profile profile; /* its head names no input: nothing was written */
};

/*
 * Discovers, profiles and relates the files of the folder `path`, or the one file `path`. *ret lives in a.
 * Errors: those of ingest.h.
 */
int understand(const char *path, struct arena *a, struct understanding *ret, struct bldr_error *err);

/* Prints at most width (>= 3) characters of text, the last three of them "..." when it was longer, and
 * blanks for control characters, which would break the line. Returns how many. */
size_t print_clipped(const char *text, size_t width);
/* The same, padded to width. */
void print_cell(const char *text, size_t width);
