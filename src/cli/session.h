/*
 * A session: the engine of one output folder with the agents registered, and what a running thread
 * leaves behind for people: progress on stderr, work.jsonl, steps.jsonl and run.json in the run's folder.
 */
#pragma once

#include "agents/agents.h"
#include "base/arena.h"
#include "cli/cli.h"
#include "cli/meter.h"
#include "cli/settings.h"

struct session {
	struct bldr_engine *engine;
	struct agents *agents;
	struct agents_context context;
	const struct cli_hooks *hooks;
	const struct settings *settings;
	struct arena arena;
	const char *output;
	const char *run;    /* the run that is driven; NULL while only reading */
	const char *folder; /* output/run */
	int work_log;       /* file descriptor of work.jsonl, -1: none */
	struct meter *meter;
	struct progress *progress;
};

/* settings is borrowed. read_only: no lock is taken, nothing is written. Errors: LOCKED, NOT_FOUND (no journal), IO. */
int session_open(struct session *s, const struct settings *settings, bool read_only,
		 const struct cli_hooks *hooks, struct bldr_error *err);
void session_close(struct session *s);

/*
 * Drives the thread `run`, started or resumed already, until it ends or is interrupted (SIGINT or SIGTERM:
 * stops at a safe point). Prints the outcome, to stdout as JSON when the settings say so. Returns the exit code.
 */
int session_drive(struct session *s);
/* Names the run that session_drive will drive and opens its work log. Errors: IO. */
int session_enter(struct session *s, const char *run, struct bldr_error *err);

/* The outcome of a run as one object: run, status, verdict, score, rounds, checks, errors, warnings,
 * report, warehouse, tables, interrupts (what waits for a person's answer), exit_code. The caller owns it. */
int session_outcome(struct session *s, const char *run, struct bldr_value **ret,
		    struct bldr_error *err);
