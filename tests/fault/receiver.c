/* The receiver's process, and how it is asked. */
#include "receiver.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world.h"

enum { CLIENTS_MAX = 64, LINE_MAX_BYTES = 4096 };

struct client {
	int fd;
	size_t n;
	char line[LINE_MAX_BYTES];
};

/* Keys that it has done, and with what body. */
struct ledger {
	size_t n, room;
	struct entry {
		char key[KEY_MAX];
		uint64_t body;
	} * at;
};

static bool accepts(struct ledger *l, const char *key, uint64_t body)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->at[i].key, key) == 0) {
			return l->at[i].body == body;
		}
	}
	if (l->n == l->room) {
		l->room = l->room * 2 + 256;
		l->at = realloc(l->at, l->room * sizeof(*l->at));
		if (l->at == NULL) {
			abort();
		}
	}
	(void)snprintf(l->at[l->n].key, KEY_MAX, "%s", key);
	l->at[l->n++].body = body;
	return true;
}

/* "KEY ATTEMPT BODY" */
static void take_line(struct ledger *l, FILE *log, struct client *c)
{
	char key[KEY_MAX];
	const char *body = strchr(c->line, ' ');
	const char *reply;

	(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(c->line, " "), c->line);
	body = body != NULL ? strchr(body + 1, ' ') : NULL;
	(void)fprintf(log, "%s\n", c->line);
	(void)fflush(log);
	reply = accepts(l, key, fnv_text(FNV_BEGIN, body != NULL ? body : "")) ? "ok\n" : "no\n";
	(void)!write(c->fd, reply, 3); /* who asked may be dead */
}

/* False: the connection is over. */
static bool take_bytes(struct ledger *l, FILE *log, struct client *c)
{
	char *end;
	ssize_t n = read(c->fd, c->line + c->n, sizeof(c->line) - 1 - c->n);

	if (n <= 0) {
		return false;
	}
	c->n += (size_t)n;
	c->line[c->n] = '\0';
	while ((end = strchr(c->line, '\n')) != NULL) {
		*end = '\0';
		take_line(l, log, c);
		c->n -= (size_t)(end + 1 - c->line);
		memmove(c->line, end + 1, c->n + 1);
	}
	return c->n < sizeof(c->line) - 1;
}

static _Noreturn void serve(int listener, const char *log_path)
{
	static struct client clients[CLIENTS_MAX];
	struct pollfd fds[CLIENTS_MAX + 1] = { { .fd = listener, .events = POLLIN } };
	struct ledger ledger = { 0 };
	FILE *log = fopen(log_path, "a");
	nfds_t n = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	while (poll(fds, n, -1) >= 0) {
		for (nfds_t i = n - 1; i > 0; i--) {
			if (fds[i].revents != 0 && !take_bytes(&ledger, log, &clients[i - 1])) {
				(void)close(fds[i].fd);
				n--;
				fds[i] = fds[n];
				clients[i - 1] = clients[n - 1];
			}
		}
		if ((fds[0].revents & POLLIN) != 0 && n <= CLIENTS_MAX) {
			int fd = accept(listener, NULL, NULL);

			clients[n - 1] = (struct client){ .fd = fd };
			fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
	_exit(1);
}

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

void receiver_start(struct receiver *r, const char *folder)
{
	struct sockaddr_un a;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(r->path, sizeof(r->path), "%.80s/socket", folder);
	(void)snprintf(r->log, sizeof(r->log), "%.80s/received", folder);
	(void)unlink(r->path);
	(void)unlink(r->log);
	a = address(r->path);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(listener, 32) < 0) {
		perror("receiver");
		abort();
	}
	r->pid = fork();
	if (r->pid == 0) {
		serve(listener, r->log);
	}
	(void)close(listener);
}

/* What was sent is written when an own question behind it is answered; the victims' connections are read until they end. */
void receiver_stop(struct receiver *r)
{
	(void)kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, NULL, 0);
	(void)unlink(r->path);
}

int receiver_connect(const struct receiver *r)
{
	struct sockaddr_un a = address(r->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

int receiver_ask(pthread_mutex_t *lock, int fd, const char *key, unsigned attempt, const char *body,
		 struct bldr_error *err)
{
	char line[LINE_MAX_BYTES];
	char reply[4] = { 0 };
	int n = snprintf(line, sizeof(line), "%s %u %s\n", key, attempt, body);
	size_t got = 0;

	if (n >= (int)sizeof(line)) {
		abort();
	}
	pthread_mutex_lock(lock);
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) == n) {
		ssize_t some = 1;

		while (got < 3 && some > 0) {
			some = read(fd, reply + got, 3 - got);
			got += some > 0 ? (size_t)some : 0;
		}
	}
	pthread_mutex_unlock(lock);
	if (got < 3) {
		return bldr_error_set(err, BLDR_E_UNAVAILABLE, "the receiver is gone");
	}
	return strcmp(reply, "ok\n") == 0
		? 0
		: bldr_error_set(err, BLDR_E_CHANGED, "the receiver knows %s with another body",
				 key);
}
