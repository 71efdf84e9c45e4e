/* Approval of a run's design: what a person sees, is asked, and answers. */
#pragma once

#include <stdio.h>

#include <bldr/value.h>

/* The question that a run waits for (agents.h: AGENTS_APPROVAL); NULL: it waits for no approval. Borrowed.
 * outcome: outcome.h. */
const struct bldr_value *approval_pending(const struct bldr_value *outcome);
/* How to answer, as commands. */
void approval_tell(const struct bldr_value *outcome, const char *output, FILE *out);
/*
 * When the run waits for approval and a person sits at the terminal: shows the design and asks. The answer for
 * bldr_thread_answer, the caller's; NULL: nothing is pending, nobody is there, or the person answers later.
 */
struct bldr_value *approval_ask(const struct bldr_value *outcome);
/* Prints the design that is asked for; says so when its artefacts cannot be read. */
void approval_show(const struct bldr_value *outcome);
