/*
 * A child reads calls from its input and writes lines, of which all but the last one of a call are emitted.
 *
 *	spawned --call--> busy --answer--> idle --call--> busy ...
 *	    \refused        \ a line that is none, too long, or given up: killed
 *	     \               \ exited, or closed its output: a crash, UNAVAILABLE with the end of its stderr
 *	      '---------------'----> ending --exited, outputs at their end--> closing --> freed, its flight ended
 *
 * One that is ending serves nobody: the next call begins another one. Its outputs may be held open by a grandchild; that
 * is waited for a moment, then the group is killed.
 */
#include "host/children.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <time.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/log.h"
#include "host/node_line.h"

enum {
	GRACE_MS = 1000,
	CHUNK = 64 << 10,
	STDERR_LINE_MAX = 4 << 10,
	TAIL_MAX = 2 * BLDR_ERROR_TEXT_MAX,
	NAME_MAX_BYTES = 64
};

struct child {
	uv_process_t process;
	uv_timer_t grace;
	uv_pipe_t in, out, err;
	unsigned handles; /* open */
	struct group *group;
	struct flight *flight;         /* whose call it plays, or NULL */
	char node[NAME_MAX_BYTES + 1]; /* of the latest call */
	bool settled;                  /* the flight has its outcome */
	bool begun;                    /* process is a handle */
	bool ending, exited, out_ended, err_ended;
	int64_t status;
	int signal;
	struct buf line; /* of stdout, not ended yet */
	struct buf stderr_line;
	char *tail; /* of stderr: its last tail_size bytes */
	size_t tail_size;
	LIST_ENTRY(child) of_group;
};

struct group {
	struct children *all;
	size_t max;
	LIST_HEAD(, child) children;
	struct flight *first, **last; /* calls that wait, by queue */
	char **argv, **env;
	const char *cwd; /* or NULL */
	int64_t memory_mb;
	struct arena arena;
};

struct children {
	uv_loop_t *loop;
	struct map *groups;
	size_t open;
	bool over;
	void (*say)(const struct flight *f, const char *mode, char *text, void *user);
	void (*ended)(struct flight *f, void *user);
	void *user;
	sigset_t signals; /* as they were */
	char chunk[CHUNK];
};

static void serve(struct group *g);

/* Groups */

static char **texts(struct arena *a, const struct bldr_value *list)
{
	char **at = ARENA_ARRAY(a, char *, bldr_count(list) + 1);

	for (size_t i = 0; i < bldr_count(list); i++) {
		at[i] = arena_strdup(a, bldr_as_text(bldr_at(list, i)));
	}
	return at;
}

/* name=text of ours, and of those that are named. */
static char **environment(struct arena *a, const struct bldr_value *names)
{
	static const char *const ours[] = { "PATH", "HOME", "LANG" };
	char **at = ARENA_ARRAY(a, char *, bldr_count(names) + 4);
	size_t n = 0;

	for (size_t i = 0; i < 3 + bldr_count(names); i++) {
		const char *name = i < 3 ? ours[i] : bldr_as_text(bldr_at(names, i - 3));
		const char *text = getenv(name);

		if (text != NULL) {
			at[n++] = arena_printf(a, "%s=%s", name, text);
		}
	}
	return at;
}

static struct group *group_new(struct children *all, const struct bldr_value *request)
{
	struct group *g = xcalloc(1, sizeof(*g));

	g->all = all;
	g->last = &g->first;
	g->argv = texts(&g->arena, bldr_get(request, "argv"));
	g->env = environment(&g->arena, bldr_get(request, "env"));
	g->cwd = arena_strdup(&g->arena, bldr_get_text(request, "cwd"));
	g->memory_mb = bldr_get_int(request, "memory_mb", 0);
	return g;
}

/* Requests that differ in their call, and in how many children there may be, share a group. */
static struct group *group_of(struct children *all, const struct bldr_value *request)
{
	struct bldr_value *key = bldr_list();
	struct group **at;
	size_t max = (size_t)bldr_get_int(request, "children", 1);
	char *text;

	bldr_list_add(key, bldr_ref(bldr_get(request, "argv")));
	bldr_list_add(key, bldr_ref(bldr_get(request, "cwd")));
	bldr_list_add(key, bldr_ref(bldr_get(request, "env")));
	bldr_list_add(key, bldr_ref(bldr_get(request, "memory_mb")));
	text = bldr_value_text(key);
	at = (struct group **)map_at(all->groups, text, strlen(text));
	if (*at == NULL) {
		*at = group_new(all, request);
	}
	(*at)->max = max > (*at)->max ? max : (*at)->max;
	free(text);
	bldr_unref(key);
	return *at;
}

/* Ends */

static void on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;
	struct group *g = c->group;
	struct flight *f = c->flight;

	if (--c->handles > 0) {
		return;
	}
	LIST_REMOVE(c, of_group);
	g->all->open--;
	buf_release(&c->line);
	buf_release(&c->stderr_line);
	free(c->tail);
	free(c);
	if (f != NULL) {
		f->child = NULL;
		g->all->ended(f, g->all->user);
	}
	serve(g);
}

static void close_one(uv_handle_t *handle)
{
	if (!uv_is_closing(handle)) {
		uv_close(handle, on_closed);
	}
}

static void close_all(struct child *c)
{
	c->ending = true;
	if (c->begun) {
		close_one((uv_handle_t *)&c->process);
	}
	close_one((uv_handle_t *)&c->grace);
	close_one((uv_handle_t *)&c->in);
	close_one((uv_handle_t *)&c->out);
	close_one((uv_handle_t *)&c->err);
}

static void kill_group(const struct child *c)
{
	ASSERT(c->process.pid > 1);
	(void)kill(-c->process.pid, SIGKILL);
}

/* The last of stderr's lines that is not blank. */
static void last_line(const char *text, size_t size, const char **ret, size_t *ret_size)
{
	while (size > 0 && strchr("\r\n\t ", text[size - 1]) != NULL) {
		size--;
	}
	const char *newline = memrchr(text, '\n', size);

	*ret = newline != NULL ? newline + 1 : text;
	*ret_size = size - (size_t)(*ret - text);
}

/* Text that may be anything, valid and at most max bytes of it, from the end. The caller frees it. */
static char *end_of(const char *text, size_t size, size_t max)
{
	size_t cut = size > max ? size - max : 0;
	struct bldr_value *v;
	char *end;

	while (cut < size && cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) {
		cut++;
	}
	v = bldr_text_n(text + cut, size - cut);
	end = xstrdup(bldr_as_text(v));
	bldr_unref(v);
	return end;
}

/* How it ended, its last words, and as much of the end of its stderr as an error's text holds. */
static char *crash_text(const struct child *c)
{
	const char *tail = c->tail;
	const char *last;
	size_t size;
	char *text, *words;

	last_line(tail, c->tail_size, &last, &size);
	words = end_of(last, size, BLDR_ERROR_TEXT_MAX / 2);
	text = xasprintf("the program of node \"%s\" %s %d before it answered%s%s", c->node,
			 c->signal != 0 ? "was ended by signal" : "ended with status",
			 c->signal != 0 ? c->signal : (int)c->status, size > 0 ? ": " : "", words);
	free(words);
	if (size > 0 && last > tail) {
		char *first = text;
		size_t room = BLDR_ERROR_TEXT_MAX - sizeof("\nstderr:\n") - strlen(first);

		words = end_of(tail, (size_t)(last - tail) + size, room);
		text = xasprintf("%s\nstderr:\n%s", first, words);
		free(words);
		free(first);
	}
	return text;
}

/* Nothing more comes from it. */
static void look(struct child *c)
{
	if (!c->exited || !c->out_ended || !c->err_ended ||
	    uv_is_closing((uv_handle_t *)&c->grace)) {
		return;
	}
	if (c->flight != NULL && !c->settled) {
		char *why = crash_text(c);

		flight_failed(c->flight, BLDR_FAILED, BLDR_E_UNAVAILABLE, why);
		free(why);
	}
	LOG(c->settled || (c->flight == NULL && c->status == 0 && c->signal == 0) ? LOG_DEBUG
										  : LOG_WARNING,
	    "node.ended", LOG_TEXT("node", c->node), LOG_INT("status", c->status),
	    LOG_INT("signal", c->signal));
	close_all(c);
}

static void on_grace(uv_timer_t *timer)
{
	struct child *c = timer->data;

	kill_group(c); /* it, or whoever holds its outputs open */
	if (c->exited) {
		c->out_ended = true;
		c->err_ended = true;
		look(c);
	}
}

/* It has a moment left. */
static void begin_ending(struct child *c)
{
	c->ending = true;
	if (!uv_is_closing((uv_handle_t *)&c->grace)) {
		(void)uv_timer_start(&c->grace, on_grace, GRACE_MS, 0);
	}
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = process->data;

	c->exited = true;
	c->status = status;
	c->signal = signal;
	begin_ending(c);
	look(c);
}

/* It cannot be trusted to go on: err says why, for its flight if it has one. */
static void distrust(struct child *c, const char *why)
{
	LOG(LOG_WARNING, "node.killed", LOG_TEXT("node", c->node), LOG_TEXT("why", why));
	if (c->flight != NULL && !c->settled) {
		char *text = xasprintf("the program of node \"%s\" %s", c->node, why);

		flight_failed(c->flight, BLDR_FAILED, BLDR_E_INVALID, text);
		c->settled = true;
		free(text);
	}
	begin_ending(c);
	if (!c->exited) {
		kill_group(c);
	}
}

/* Lines */

/* The call is over; the child is free for the next one. */
static void answered(struct child *c)
{
	struct group *g = c->group;
	struct flight *f = c->flight;

	c->flight = NULL;
	f->child = NULL;
	g->all->ended(f, g->all->user);
	serve(g);
}

static void take_line(struct child *c, const char *text, size_t size)
{
	struct node_line line;
	struct bldr_error err;

	if (c->flight == NULL) {
		distrust(c, "wrote a line when nothing was asked");
		return;
	}
	if (node_line_read(text, size, &line, &err) < 0) {
		char *why = xasprintf("wrote a line that is no answer: %s", err.text);

		distrust(c, why);
		free(why);
		return;
	}
	switch (line.sort) {
	case NODE_EMIT:
		c->group->all->say(c->flight, line.mode, bldr_value_text(line.value),
				   c->group->all->user);
		break;
	case NODE_ANSWER:
		flight_done(c->flight, line.value);
		answered(c);
		break;
	case NODE_ERROR:
		flight_failed(c->flight, BLDR_FAILED, line.code, line.error);
		answered(c);
		break;
	}
	bldr_unref(line.value);
	free(line.error);
}

static void take_output(struct child *c, const char *at, size_t size)
{
	while (size > 0 && !c->ending) {
		const char *newline = memchr(at, '\n', size);
		size_t n = newline != NULL ? (size_t)(newline - at) : size;

		buf_add(&c->line, at, n);
		if (buf_failed(&c->line)) {
			distrust(c, "wrote a line of more than 1 MB");
			return;
		}
		if (newline != NULL) {
			size_t length = c->line.size;
			char *line = buf_take(&c->line);

			take_line(c, line, length);
			free(line);
			n++;
		}
		at += n;
		size -= n;
	}
}

static void log_line(struct child *c)
{
	if (c->stderr_line.size > 0) {
		LOG(LOG_INFO, "node.stderr", LOG_TEXT("node", c->node),
		    LOG_TEXT("text", c->stderr_line.data));
	}
	buf_clear(&c->stderr_line);
}

static void take_errors(struct child *c, const char *at, size_t size)
{
	if (c->tail_size > TAIL_MAX) {
		memmove(c->tail, c->tail + c->tail_size - TAIL_MAX, TAIL_MAX);
		c->tail_size = TAIL_MAX;
	}
	memcpy(c->tail + c->tail_size, at, size);
	c->tail_size += size;
	for (size_t i = 0; i < size; i++) {
		if (at[i] == '\n' || c->stderr_line.size == STDERR_LINE_MAX) {
			log_line(c);
		}
		if (at[i] == '\0') {
			buf_putc(&c->stderr_line, '?');
		} else if (at[i] != '\n') {
			buf_putc(&c->stderr_line, at[i]);
		}
	}
}

static void give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct child *c = handle->data;

	(void)suggested;
	*ret = uv_buf_init(c->group->all->chunk, CHUNK);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *chunk)
{
	struct child *c = stream->data;
	bool out = stream == (uv_stream_t *)&c->out;

	if (n > 0 && out) {
		take_output(c, chunk->base, (size_t)n);
	} else if (n > 0) {
		take_errors(c, chunk->base, (size_t)n);
	} else if (n < 0) { /* UV_EOF, or nothing more can be read */
		(void)uv_read_stop(stream);
		*(out ? &c->out_ended : &c->err_ended) = true;
		if (out) {
			begin_ending(c);
		} else {
			log_line(c);
		}
		look(c);
	}
}

/* Calls */

struct writing {
	uv_write_t request;
	char *text;
};

static void on_written(uv_write_t *request, int code)
{
	struct writing *w = (struct writing *)request;

	(void)code; /* a child that does not read ends, or is killed */
	free(w->text);
	free(w);
}

static char *call_text(const struct flight *f)
{
	const struct bldr_value *asked = bldr_get(f->args, "call");
	struct bldr_value *call = bldr_object();
	char *text, *line;

	bldr_object_set(call, "node", bldr_ref(bldr_get(asked, "node")));
	bldr_object_set(call, "key", bldr_text(f->key));
	bldr_object_set(call, "attempt", bldr_int(f->attempt));
	bldr_object_set(call, "view", bldr_ref(bldr_get(asked, "view")));
	text = bldr_value_text(call);
	line = xasprintf("%s\n", text);
	free(text);
	bldr_unref(call);
	return line;
}

static void call(struct child *c, struct flight *f)
{
	struct writing *w = xcalloc(1, sizeof(*w));
	uv_buf_t buf;

	c->flight = f;
	f->child = c;
	f->started_ms = (int64_t)(uv_hrtime() / 1000000);
	(void)snprintf(c->node, sizeof(c->node), "%s", f->label);
	w->text = call_text(f);
	buf = uv_buf_init(w->text, (unsigned)strlen(w->text));
	if (uv_write(&w->request, (uv_stream_t *)&c->in, &buf, 1, on_written) < 0) {
		on_written(&w->request, 0);
	}
}

static int spawn(struct child *c)
{
	struct group *g = c->group;
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->in },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&c->out },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&c->err },
	};
	const uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = g->argv[0],
		.args = g->argv,
		.env = g->env,
		.cwd = g->cwd,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};
	int rc = uv_spawn(g->all->loop, &c->process, &options);

	if (rc == 0 && g->memory_mb > 0) {
		const struct rlimit limit = { (rlim_t)g->memory_mb << 20,
					      (rlim_t)g->memory_mb << 20 };

		(void)prlimit(c->process.pid, RLIMIT_AS, &limit, NULL);
	}
	return rc;
}

static struct child *child_new(struct group *g)
{
	struct child *c = xcalloc(1, sizeof(*c));
	uv_loop_t *loop = g->all->loop;

	c->group = g;
	c->handles = 4;
	c->tail = xmalloc(TAIL_MAX + CHUNK);
	buf_init(&c->line, NODE_LINE_MAX);
	buf_init(&c->stderr_line, STDERR_LINE_MAX);
	ASSERT(uv_pipe_init(loop, &c->in, 0) == 0 && uv_pipe_init(loop, &c->out, 0) == 0 &&
	       uv_pipe_init(loop, &c->err, 0) == 0 && uv_timer_init(loop, &c->grace) == 0);
	c->in.data = c;
	c->out.data = c;
	c->err.data = c;
	c->grace.data = c;
	LIST_INSERT_HEAD(&g->children, c, of_group);
	g->all->open++;
	return c;
}

/* A new child for a flight. What goes wrong is the flight's outcome once its handles are closed. */
static void begin(struct group *g, struct flight *f)
{
	struct child *c = child_new(g);
	int rc = spawn(c);

	c->process.data = c;
	c->begun = true;
	c->handles++;
	if (rc == 0) {
		(void)uv_read_start((uv_stream_t *)&c->out, give_chunk, on_output);
		(void)uv_read_start((uv_stream_t *)&c->err, give_chunk, on_output);
		LOG(LOG_DEBUG, "node.started", LOG_TEXT("program", g->argv[0]),
		    LOG_INT("pid", c->process.pid));
		call(c, f);
		return;
	}
	char *why = xasprintf("cannot start \"%s\" for node \"%s\": %s", g->argv[0], f->label,
			      uv_strerror(rc));

	c->flight = f;
	c->settled = true;
	f->child = c;
	f->started_ms = (int64_t)(uv_hrtime() / 1000000);
	flight_failed(f, BLDR_FAILED, rc == UV_ENOENT ? BLDR_E_NOT_FOUND : BLDR_E_IO, why);
	free(why);
	close_all(c);
}

static struct flight *take_first(struct group *g)
{
	struct flight *f = g->first;

	g->first = f->queue;
	if (g->first == NULL) {
		g->last = &g->first;
	}
	f->queue = NULL;
	return f;
}

/* Begins calls that wait, as far as there may be children. */
static void serve(struct group *g)
{
	while (g->first != NULL && !g->all->over) {
		struct child *idle = NULL;
		struct child *c;
		size_t n = 0;

		LIST_FOREACH(c, &g->children, of_group)
		{
			n += !c->ending;
			idle = !c->ending && c->flight == NULL ? c : idle;
		}
		if (idle != NULL) {
			call(idle, take_first(g));
		} else if (n < g->max) {
			begin(g, take_first(g));
		} else {
			return;
		}
	}
}

void children_call(struct children *all, struct flight *f)
{
	struct group *g = group_of(all, f->args);

	f->queue = NULL;
	*g->last = f;
	g->last = &f->queue;
	serve(g);
}

static bool take_out(struct group *g, const struct flight *f)
{
	for (struct flight **at = &g->first; *at != NULL; at = &(*at)->queue) {
		if (*at == f) {
			*at = f->queue;
			g->last = *at == NULL ? at : g->last;
			return true;
		}
	}
	return false;
}

bool children_give_up(struct children *all, struct flight *f)
{
	struct child *c = f->child;

	if (c != NULL) {
		if (!c->settled && !c->exited) {
			c->settled = true; /* nobody asks what became of it */
			begin_ending(c);
			kill_group(c);
		}
		return false;
	}
	for (size_t i = 0; i < map_count(all->groups); i++) {
		if (take_out(map_value(all->groups, i), f)) {
			return true;
		}
	}
	return false;
}

void children_end(struct children *all)
{
	all->over = true;
	for (size_t i = 0; i < map_count(all->groups); i++) {
		struct group *g = map_value(all->groups, i);
		struct child *c;

		g->first = NULL;
		LIST_FOREACH(c, &g->children, of_group)
		{
			close_one((uv_handle_t *)&c->in);
			begin_ending(c);
		}
	}
}

size_t children_open(const struct children *all)
{
	return all->open;
}

struct children *children_new(uv_loop_t *loop,
			      void (*say)(const struct flight *f, const char *mode, char *text,
					  void *user),
			      void (*ended)(struct flight *f, void *user), void *user)
{
	struct children *all = xcalloc(1, sizeof(*all));
	sigset_t pipe;

	all->loop = loop;
	all->groups = map_new();
	all->say = say;
	all->ended = ended;
	all->user = user;
	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	ASSERT(pthread_sigmask(SIG_BLOCK, &pipe, &all->signals) == 0);
	return all;
}

/* One that came while it was blocked was ours. */
static void restore_signals(const sigset_t *before)
{
	const struct timespec at_once = { 0 };
	sigset_t pipe;

	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	if (sigismember(before, SIGPIPE) == 0) {
		while (sigtimedwait(&pipe, NULL, &at_once) > 0) {
		}
	}
	ASSERT(pthread_sigmask(SIG_SETMASK, before, NULL) == 0);
}

void children_free(struct children *all)
{
	ASSERT(all->open == 0);
	restore_signals(&all->signals);
	for (size_t i = 0; i < map_count(all->groups); i++) {
		struct group *g = map_value(all->groups, i);

		arena_release(&g->arena);
		free(g);
	}
	map_free(all->groups);
	free(all);
}
