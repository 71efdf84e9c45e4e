/* What came of a run, as one object: for --json, for run.json, and told to people. */
#pragma once

#include <stdio.h>

#include <bldr/engine.h>
#include "base/arena.h"

/*
 * Object: run, status (running | done | failed), source_dir, started_ms, updated_ms, events, rounds,
 * verdict, checks, errors, warnings, score, decisions, artefacts {name: ref}, folder, report, warehouse,
 * tables [{name, rows}], skipped and refused [{path, reason}], knowledge {shown, applied, learned}, approval {answer, decisions}, error, error_code
 * (INVALID, IO...), exit_code; session_outcome adds interrupts [{key, asked_ms, question}], and question {text, command} is
 * how to ask the first sample question. With steps and process (meter.h), which whoever drove the run or shows it adds,
 * what the steps cost is told too. What is not known yet is absent. The caller owns it.
 */
struct bldr_value *outcome_new(const char *output, const struct bldr_thread *thread,
			       const struct bldr_value *state);
/* {shown [{agent, id, kind, title, score}], applied [{id, repair, table, column}], learned [{id, kind, title, trusted, new}],
 * errors}; the caller owns it. */
struct bldr_value *outcome_knowledge(const struct bldr_value *state);
/* Reads an artefact of the run into *ret, the struct of that name, which lives in a. Errors: NOT_FOUND (the
 * run has none yet), those of artefact_read. */
int outcome_artefact(const struct bldr_value *outcome, const char *name, struct arena *a, void *ret,
		     struct bldr_error *err);
/* Writes run.json in the run's folder, with the sources' sizes and mtimes. Errors: IO. */
int outcome_store(const char *folder, const struct bldr_value *outcome, struct bldr_error *err);
/* A table of the steps and what they cost; nothing when there are none. */
void outcome_print_steps(const struct bldr_value *steps, FILE *out);
void outcome_print(const struct bldr_value *outcome, const char *output, FILE *out);
