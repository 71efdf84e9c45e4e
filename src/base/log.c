/*
 * A line is made whole, then written by one write, so that processes may share a file and threads
 * never mix. On a terminal it first clears the line it stands on, which live progress may have drawn.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bldr/value.h>
#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"

enum { KEPT_MAX = 64, TEXT_BYTES_MAX = 500, LINE_BYTES_MAX = 64 << 10, TIME_TEXT_MAX = 32 };

static const char *const level_names[] = { "debug", "info", "warning", "error", "off" };

static struct sink {
	pthread_mutex_t lock;
	enum log_level level;
	enum log_format format;
	int fd;
	bool terminal;
	char *kept[KEPT_MAX];
	size_t n; /* events ever kept */
} sink = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_OFF, .fd = STDERR_FILENO };

static void close_file(void)
{
	if (sink.fd != STDERR_FILENO) {
		close(sink.fd);
	}
	sink.fd = STDERR_FILENO;
}

int log_open(const struct log_options *options, struct bldr_error *err)
{
	int fd = STDERR_FILENO;
	if (options->file != NULL) {
		fd = open(options->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	}
	if (fd < 0) {
		return bldr_error_set(err, BLDR_E_IO, "cannot write the log \"%s\": %s",
				      options->file, strerror(errno));
	}
	pthread_mutex_lock(&sink.lock);
	close_file();
	sink.fd = fd;
	sink.terminal = isatty(fd) == 1;
	sink.level = options->level;
	sink.format = options->format;
	pthread_mutex_unlock(&sink.lock);
	return 0;
}

void log_close(void)
{
	pthread_mutex_lock(&sink.lock);
	close_file();
	sink.level = LOG_OFF;
	sink.format = LOG_KEY_VALUE;
	sink.terminal = false;
	for (size_t i = 0; i < KEPT_MAX; i++) {
		free(sink.kept[i]);
		sink.kept[i] = NULL;
	}
	sink.n = 0;
	pthread_mutex_unlock(&sink.lock);
}

static void now(char ret[TIME_TEXT_MAX])
{
	struct timespec t;
	struct tm utc;
	char seconds[TIME_TEXT_MAX];
	(void)clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret, TIME_TEXT_MAX, "%.19s.%03uZ", seconds, (unsigned)(t.tv_nsec / 1000000) % 1000);
}

/* As a JSON string, which also serves key=value where blanks or quotes stand in the text. */
static void add_quoted(struct buf *out, const char *text)
{
	size_t size = utf8_cut(text, strlen(text), TEXT_BYTES_MAX);
	struct bldr_value *v = text[size] == '\0' ? bldr_text(text)
						  : bldr_textf("%.*s...", (int)size, text);
	char *quoted = bldr_value_text(v);
	buf_puts(out, quoted);
	free(quoted);
	bldr_unref(v);
}

static bool is_plain(const char *text)
{
	size_t size = strlen(text);
	if (size == 0 || size > TEXT_BYTES_MAX) {
		return false;
	}
	for (; *text > ' ' && *text < 0x7f && strchr("\"\\=", *text) == NULL; text++) {
	}
	return *text == '\0';
}

static void add_text(struct buf *out, enum log_format format, const char *key, const char *text)
{
	if (format == LOG_JSON) {
		buf_printf(out, "%s\"%s\":", out->size == 0 ? "{" : ",", key);
		add_quoted(out, text);
		return;
	}
	buf_printf(out, "%s%s=", out->size == 0 ? "" : " ", key);
	if (is_plain(text)) {
		buf_puts(out, text);
	} else {
		add_quoted(out, text);
	}
}

static void add_number(struct buf *out, enum log_format format, const char *key, int64_t number)
{
	buf_printf(out, format == LOG_JSON ? ",\"%s\":%" PRId64 : " %s=%" PRId64, key, number);
}

static void write_line(int fd, const char *line, size_t size)
{
	ssize_t n = write(fd, line, size);
	(void)n; /* nobody is left to be told */
}

/* The lock is held. Takes line. */
static void put(enum log_level level, char *line)
{
	if (level >= sink.level) {
		char *whole = xasprintf("%s%s\n", sink.terminal ? "\r\033[K" : "", line);
		write_line(sink.fd, whole, strlen(whole));
		free(whole);
	}
	free(sink.kept[sink.n % KEPT_MAX]);
	sink.kept[sink.n % KEPT_MAX] = line;
	sink.n++;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields)
{
	char when[TIME_TEXT_MAX];
	struct buf line;
	now(when);
	buf_init(&line, LINE_BYTES_MAX);
	pthread_mutex_lock(&sink.lock);
	enum log_format format = sink.format;
	add_text(&line, format, "time", when);
	add_text(&line, format, "level", level_names[level]);
	add_text(&line, format, "event", event);
	for (const struct log_field *f = fields; f->key != NULL; f++) {
		if (f->text != NULL) {
			add_text(&line, format, f->key, f->text);
		} else {
			add_number(&line, format, f->key, f->number);
		}
	}
	if (format == LOG_JSON) {
		buf_putc(&line, '}');
	}
	char *text = buf_take(&line);
	if (text != NULL) {
		put(level, text);
	}
	pthread_mutex_unlock(&sink.lock);
	buf_release(&line);
}

void log_dump(int fd)
{
	static const char head[] = "bldr: the last events, the oldest first:\n";
	if (pthread_mutex_trylock(&sink.lock) != 0) {
		return;
	}
	size_t n = sink.n < KEPT_MAX ? sink.n : KEPT_MAX;
	if (n > 0) {
		write_line(fd, head, sizeof(head) - 1);
	}
	for (size_t i = sink.n - n; i < sink.n; i++) {
		const char *line = sink.kept[i % KEPT_MAX];
		write_line(fd, line, strlen(line));
		write_line(fd, "\n", 1);
	}
	pthread_mutex_unlock(&sink.lock);
}
