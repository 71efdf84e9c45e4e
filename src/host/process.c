/*
 * Effects of kind "process".
 *
 *	start --spawned--> running --exited, and both outputs at their end--> closing --handles closed--> ended
 *	     \                    \--exited, outputs still open: GRACE_MS--/
 *	      '--refused-------------------------------------------------/
 *
 * The process leads a group of its own, without a shell and with a small environment. Its input is a file in memory,
 * so nobody waits for it to read. Of stdout the beginning is kept, of stderr the end; the rest is read and dropped,
 * so that the process never waits for us either. An output that a grandchild keeps open when the process has exited
 * is waited for a moment, then its group is killed.
 */
#include "host/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/utf8.h"

enum { GRACE_MS = 1000, CHUNK = 16 << 10, CHARACTER = 4 };

struct output {
	uv_pipe_t pipe;
	char *text;
	size_t size, max; /* of text; what is kept of it in the end */
	bool keeps_end, cut, ended;
};

struct process {
	uv_process_t child;
	uv_timer_t grace;
	struct output out, err;
	char chunk[CHUNK];
	struct flight *flight;
	bool begun, exited, closing; /* begun: child is a handle */
	int64_t status;
	int signal;
	unsigned handles; /* open */
	void (*ended)(struct flight *f, void *user);
	void *user;
};

static bool is_texts(const struct bldr_value *list)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (bldr_as_text(bldr_at(list, i)) == NULL) {
			return false;
		}
	}
	return bldr_type_of(list) == BLDR_LIST && bldr_count(list) > 0;
}

static bool is_environment(const struct bldr_value *env)
{
	if (env == NULL) {
		return true;
	}
	for (void *it = bldr_first(env); it != NULL; it = bldr_next(env, it)) {
		if (bldr_as_text(bldr_item(it)) == NULL || bldr_key(it)[0] == '\0' ||
		    strchr(bldr_key(it), '=') != NULL) {
			return false;
		}
	}
	return bldr_type_of(env) == BLDR_OBJECT;
}

static bool is_text_or_absent(const struct bldr_value *v)
{
	return v == NULL || bldr_as_text(v) != NULL;
}

static const char *unknown_key(const struct bldr_value *args)
{
	static const char *const keys[] = { "argv", "stdin", "env", "cwd" };

	for (void *it = bldr_first(args); it != NULL; it = bldr_next(args, it)) {
		size_t i = 0;

		while (i < 4 && strcmp(keys[i], bldr_key(it)) != 0) {
			i++;
		}
		if (i == 4) {
			return bldr_key(it);
		}
	}
	return NULL;
}

static int prepare(struct flight *f, const struct map *works, struct bldr_error *err)
{
	const char *unknown = unknown_key(f->args);

	if (unknown != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "an effect of kind \"process\" takes argv, stdin, env and "
				      "cwd, not \"%s\"",
				      unknown);
	}
	if (!is_texts(bldr_get(f->args, "argv")) || !is_environment(bldr_get(f->args, "env")) ||
	    !is_text_or_absent(bldr_get(f->args, "stdin")) ||
	    !is_text_or_absent(bldr_get(f->args, "cwd"))) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"an effect of kind \"process\" needs {\"argv\": [program, argument...], "
			"\"stdin\": text, \"env\": {name: text}, \"cwd\": folder}, argv at least");
	}
	f->label = arena_strdup(&f->arena, bldr_as_text(bldr_at(bldr_get(f->args, "argv"), 0)));
	f->target = map_find(works, "process", strlen("process"));
	if (f->target != NULL) {
		f->virtual_ms = ((const struct bldr_work_type *)f->target)->virtual_ms;
	}
	return 0;
}

/* Simulation starts no process: the work of that name plays all of them. */
static void play(struct flight *f)
{
	if (f->target != NULL) {
		flight_work(f, f->target, f->args);
		return;
	}
	flight_failed(f, BLDR_FAILED, BLDR_E_NOT_FOUND,
		      "no work \"process\" is registered, which plays processes in simulation");
}

const struct effect_kind effect_process = {
	.name = "process",
	.way = WAY_PROCESS,
	.prepare = prepare,
	.perform = play,
};

static void on_closed(uv_handle_t *handle)
{
	struct process *p = handle->data;
	struct flight *f = p->flight;

	if (--p->handles > 0) {
		return;
	}
	f->process = NULL;
	p->ended(f, p->user);
	free(p->out.text);
	free(p->err.text);
	free(p);
}

static void close_all(struct process *p)
{
	if (p->closing) {
		return;
	}
	p->closing = true;
	if (p->begun) {
		uv_close((uv_handle_t *)&p->child, on_closed);
	}
	uv_close((uv_handle_t *)&p->grace, on_closed);
	uv_close((uv_handle_t *)&p->out.pipe, on_closed);
	uv_close((uv_handle_t *)&p->err.pipe, on_closed);
}

/* What is kept of an output, without half characters where it was cut. */
static struct bldr_value *kept_text(const struct output *o)
{
	const char *text = o->text;
	size_t size = o->size;

	if (size > o->max && o->keeps_end) {
		text += size - o->max;
		size = o->max;
		while (size > 0 && ((unsigned char)*text & 0xC0) == 0x80) {
			text++;
			size--;
		}
	} else {
		size = utf8_cut(text, size, o->max);
	}
	return bldr_text_n(text, size);
}

static void finish(struct process *p)
{
	struct bldr_value *v = bldr_object();

	if (p->signal != 0) {
		bldr_object_set(v, "signal", bldr_int(p->signal));
	} else {
		bldr_object_set(v, "exit", bldr_int(p->status));
	}
	bldr_object_set(v, "stdout", kept_text(&p->out));
	bldr_object_set(v, "stderr", kept_text(&p->err));
	if (p->out.cut) {
		bldr_object_set(v, "stdout_cut", bldr_bool(true));
	}
	if (p->err.cut) {
		bldr_object_set(v, "stderr_cut", bldr_bool(true));
	}
	flight_done(p->flight, v);
	bldr_unref(v);
	close_all(p);
}

static void look(struct process *p)
{
	if (p->exited && p->out.ended && p->err.ended && !p->closing) {
		finish(p);
	}
}

static void kill_group(const struct process *p)
{
	ASSERT(p->child.pid > 1);
	(void)kill(-p->child.pid, SIGKILL);
}

static void on_grace(uv_timer_t *timer)
{
	struct process *p = timer->data;

	kill_group(p); /* whoever holds the outputs open */
	p->out.ended = true;
	p->err.ended = true;
	look(p);
}

static void on_exit_of(uv_process_t *child, int64_t status, int signal)
{
	struct process *p = child->data;

	p->exited = true;
	p->status = status;
	p->signal = signal;
	(void)uv_timer_start(&p->grace, on_grace, GRACE_MS, 0);
	look(p);
}

static void give_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct process *p = handle->data;

	(void)suggested;
	*ret = uv_buf_init(p->chunk, CHUNK);
}

static void add(struct output *o, const char *chunk, size_t size)
{
	size_t room = o->max + CHARACTER - o->size; /* of a beginning that is kept */

	if (!o->keeps_end) {
		size = size < room ? size : room;
	} else if (o->size > 2 * o->max) {
		memmove(o->text, o->text + o->size - o->max, o->max);
		o->size = o->max;
	}
	memcpy(o->text + o->size, chunk, size);
	o->size += size;
	o->cut = o->cut || o->size > o->max;
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *chunk)
{
	struct process *p = stream->data;
	struct output *o = stream == (uv_stream_t *)&p->out.pipe ? &p->out : &p->err;

	if (n > 0) {
		add(o, chunk->base, (size_t)n);
	} else if (n < 0) { /* UV_EOF, or nothing more can be read */
		o->ended = true;
		(void)uv_read_stop(stream);
		look(p);
	}
}

/* name=text of ours, of the request, or of the effect: the request's come last and win. */
static char **environment_of(struct flight *f)
{
	static const char *const ours[] = { "PATH", "HOME", "LANG" };
	const struct bldr_value *env = bldr_get(f->args, "env");
	char **list = arena_alloc(&f->arena, (bldr_count(env) + 5) * sizeof(char *));
	size_t n = 0;

	for (size_t i = 0; i < 3; i++) {
		const char *text = getenv(ours[i]);

		if (text != NULL && bldr_get(env, ours[i]) == NULL) {
			list[n++] = arena_printf(&f->arena, "%s=%s", ours[i], text);
		}
	}
	if (f->cls == BLDR_KEYED && bldr_get(env, "BLDR_KEY") == NULL) {
		list[n++] = arena_printf(&f->arena, "BLDR_KEY=%s", f->key);
	}
	for (void *it = bldr_first(env); it != NULL; it = bldr_next(env, it)) {
		list[n++] =
			arena_printf(&f->arena, "%s=%s", bldr_key(it), bldr_as_text(bldr_item(it)));
	}
	list[n] = NULL;
	return list;
}

static char **arguments_of(struct flight *f)
{
	const struct bldr_value *argv = bldr_get(f->args, "argv");
	char **list = arena_alloc(&f->arena, (bldr_count(argv) + 1) * sizeof(char *));

	for (size_t i = 0; i < bldr_count(argv); i++) {
		list[i] = arena_strdup(&f->arena, bldr_as_text(bldr_at(argv, i)));
	}
	list[bldr_count(argv)] = NULL;
	return list;
}

/* A file in memory that holds the text, to be read from its beginning; -1 and errno on failure. */
static int input_of(const char *text)
{
	size_t left = strlen(text);
	int fd = memfd_create("stdin", MFD_CLOEXEC);

	while (fd >= 0 && left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0) {
			(void)close(fd);
			return -1;
		}
		text += n;
		left -= (size_t)n;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int spawn(uv_loop_t *loop, struct process *p, int input)
{
	struct flight *f = p->flight;
	char **argv = arguments_of(f);
	uv_stdio_container_t stdio[3] = {
		{ .flags = input >= 0 ? UV_INHERIT_FD : UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&p->out.pipe },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&p->err.pipe },
	};
	const uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = argv[0],
		.args = argv,
		.env = environment_of(f),
		.cwd = bldr_get_text(f->args, "cwd"),
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};

	if (input >= 0) {
		stdio[0].data.fd = input;
	}
	return uv_spawn(loop, &p->child, &options);
}

static void refused(struct process *p, int uv_code)
{
	char *why = xasprintf("cannot start \"%s\": %s", p->flight->label, uv_strerror(uv_code));

	flight_failed(p->flight, BLDR_FAILED, uv_code == UV_ENOENT ? BLDR_E_NOT_FOUND : BLDR_E_IO,
		      why);
	free(why);
	close_all(p);
}

static void output_init(uv_loop_t *loop, struct process *p, struct output *o, size_t max)
{
	o->max = max;
	o->text = xmalloc(2 * max + CHUNK + 1);
	ASSERT(uv_pipe_init(loop, &o->pipe, 0) == 0);
	o->pipe.data = p;
}

static void listen_to(struct output *o)
{
	if (uv_read_start((uv_stream_t *)&o->pipe, give_chunk, on_output) < 0) {
		o->ended = true;
	}
}

void process_start(uv_loop_t *loop, struct flight *f, void (*ended)(struct flight *f, void *user),
		   void *user)
{
	struct process *p = xcalloc(1, sizeof(*p));
	const char *text = bldr_get_text(f->args, "stdin");
	int input = -1;
	int rc = 0;

	p->flight = f;
	p->ended = ended;
	p->user = user;
	p->handles = 3;
	p->err.keeps_end = true;
	f->process = p;
	output_init(loop, p, &p->out, BLDR_STDOUT_MAX);
	output_init(loop, p, &p->err, BLDR_STDERR_MAX);
	ASSERT(uv_timer_init(loop, &p->grace) == 0);
	p->grace.data = p;
	if (text != NULL) {
		input = input_of(text);
		rc = input < 0 ? uv_translate_sys_error(errno) : 0;
	}
	if (rc == 0) {
		rc = spawn(loop, p, input);
		p->child.data = p;
		p->begun = true;
		p->handles++;
	}
	if (input >= 0) {
		(void)close(input);
	}
	if (rc < 0) {
		refused(p, rc);
		return;
	}
	listen_to(&p->out);
	listen_to(&p->err);
}

void process_kill(struct flight *f)
{
	struct process *p = f->process;

	if (p != NULL && !p->closing) {
		kill_group(p);
	}
}
