/*
 * A receiver in a process of its own, behind a Unix socket: one line "KEY ATTEMPT BODY" per request, "ok" or "other body" back. It
 * appends every request to a file before it answers, as a stranger's access log would, and knows keys: the same key
 * with the same body is done once, with another body refused.
 */
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <bldr/error.h>

struct receiver {
	pid_t pid;
	char path[108]; /* of the socket */
	char log[128];
};

/* folder: where the socket and the log are made. */
void receiver_start(struct receiver *r, const char *folder);
/* Ends it, after all that was sent has been written. */
void receiver_stop(struct receiver *r);
/* A connection; -1 on failure. */
int receiver_connect(const struct receiver *r);
/* Asks, under the lock, for the connection. Errors: UNAVAILABLE, CHANGED (a key with another body). */
int receiver_ask(pthread_mutex_t *lock, int fd, const char *key, unsigned attempt, const char *body,
		 struct bldr_error *err);
