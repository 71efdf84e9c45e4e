/*
 * The local workspace (python/local_databricks) as a process apart from this one: found, started, stopped. Its folder says
 * all: the process that serves it holds the lock DIR/lock, and DIR/workspace.json (mode 0600) has url and credentials.
 */
#pragma once

#include <stdbool.h>

#include <bldr/error.h>

struct local_workspace {
	int pid;   /* 0: nobody serves the folder */
	char *url; /* NULL: not served, or not ready yet */
};

struct local_workspace_options {
	const char *folder;
	const char *spark_home; /* "": .spark in the working folder, else in a folder above the program */
	int port;               /* 0: a free one */
	bool no_spark;
};

/* Who serves the folder. Errors: IO, CORRUPT when the lock is held but nobody can be seen to hold it. */
int local_workspace_find(const char *folder, struct local_workspace *ret, struct bldr_error *err);
void local_workspace_release(struct local_workspace *w);

/* Starts one in a session of its own and waits until it answers; what it writes on stderr is in DIR/log. The folder is
 * made when it is not there. Errors: NOT_FOUND (no Python), IO, FAILED (it ended, or is not ready after some minutes; the
 * message has the end of the log), CANCELLED (SIGINT or SIGTERM; it is stopped again). */
int local_workspace_start(const struct local_workspace_options *o, struct local_workspace *ret,
			  struct bldr_error *err);

/* Asks the process to end and waits until it has. Nothing happens when nobody serves the folder.
 * Errors: IO, FAILED (it does not end). */
int local_workspace_stop(const char *folder, struct bldr_error *err);
