/* Runs that are lost and rebuilt: every one of these tells the same as the run that was left alone. */
#pragma once

#include "story.h"

/*
 * Runs g with input (JSON or NULL) to its end; every effect ends with its key, the first pending one first. Then
 * again from every one of its updates on, and once killed after each of them: all must tell the same updates and
 * end in the same state, of which the text is returned. The caller frees it.
 */
char *rebuilt_everywhere(const struct bldr_graph *g, const char *input);
/* The same; the state must be text. */
void expect_end(const struct bldr_graph *g, const char *input, const char *text);
