/*
 * The log: one line per event, as key=value or as JSON, to stderr or to a file.
 *
 *	LOG(LOG_WARNING, "work.failed", LOG_TEXT("work", name), LOG_INT("ms", ms));
 *	time=2026-11-21T08:30:00.123Z level=warning event=work.failed work=analyst.map ms=12
 *
 * The sink is the one mutable global of the house; until log_open nothing is written. The last events
 * of every level are kept, and a broken ASSERT shows them. Callable on any thread. A line that
 * cannot be written is lost: the log never stops the work.
 */
#pragma once

#include <stdint.h>

#include <bldr/error.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_OFF };
enum log_format { LOG_KEY_VALUE, LOG_JSON };

struct log_options {
	enum log_level level; /* the least that is written */
	enum log_format format;
	const char *file; /* appended to; NULL: stderr */
};

struct log_field {
	const char *key;  /* NULL ends the fields */
	const char *text; /* cut when long; NULL: the number counts */
	int64_t number;
};

#define LOG_TEXT(k, t)                                     \
	{                                                  \
		.key = (k), .text = (t) != NULL ? (t) : "" \
	}
#define LOG_INT(k, n)                     \
	{                                 \
		.key = (k), .number = (n) \
	}
/* At least one field. */
#define LOG(level, event, ...) \
	log_event((level), (event), (const struct log_field[]){ __VA_ARGS__, { 0 } })

/* Replaces the sink. Errors: IO (the file); the old sink then stays. */
int log_open(const struct log_options *options, struct bldr_error *err);
/* Back to writing nothing; what was kept is forgotten. */
void log_close(void);

void log_event(enum log_level level, const char *event, const struct log_field *fields);

/* Writes the kept events to a file descriptor, the oldest first. For a program that is about to die: where
 * another thread is logging, it gives up. */
void log_dump(int fd);
