#include "host/http_party.h"

#include <signal.h>
#include <sys/wait.h>

#include <bldr/graph.h>

static int read_port(int fd)
{
	char text[16] = "";
	size_t n = 0;

	while (n < sizeof(text) - 1 && read(fd, text + n, 1) == 1 && text[n] != '\n') {
		n++;
	}
	return (int)strtol(text, NULL, 10);
}

void server_start(struct server *s, const char *folder, const char *certificate, const char *key)
{
	static char script[300];
	int in[2];
	int out[2];

	(void)snprintf(s->log, sizeof(s->log), "%s/requests%s", folder,
		       certificate != NULL ? "-tls" : "");
	(void)snprintf(script, sizeof(script), "%s/tests/host/http_server.py", getenv("BLDR_ROOT"));
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	s->pid = fork();
	if (s->pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)close(in[1]); /* or it would not see the end of its input */
		(void)execlp("python3", "python3", script, s->log, certificate, key, (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	s->input = in[1];
	s->port = read_port(out[0]);
	(void)close(out[0]);
	assert_true(s->port > 0);
}

void server_stop(struct server *s)
{
	(void)close(s->input);
	(void)kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* Line i of the log, or NULL; counts lines otherwise. The caller frees it. */
static char *line_of(const struct server *s, size_t i, size_t *ret_lines)
{
	FILE *file = fopen(s->log, "r");
	char *line = NULL;
	size_t room = 0;
	size_t n = 0;

	while (file != NULL && getline(&line, &room, file) > 0) {
		if (n++ == i) {
			(void)fclose(file);
			return line;
		}
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	free(line);
	*ret_lines = n;
	return NULL;
}

struct bldr_value *server_request(const struct server *s, size_t i)
{
	struct bldr_value *v = NULL;
	struct bldr_error err = { 0 };
	size_t n = 0;
	char *line = line_of(s, i, &n);

	assert_non_null(line);
	ok(bldr_value_parse(line, strlen(line), &v, &err));
	free(line);
	return v;
}

size_t server_requests(const struct server *s)
{
	size_t n = 0;

	assert_null(line_of(s, SIZE_MAX, &n));
	return n;
}

const char *server_header(const struct server *s, size_t i, const char *name)
{
	static char text[512];
	struct bldr_value *v = server_request(s, i);
	const char *found = bldr_get_text(bldr_get(v, "headers"), name);

	(void)snprintf(text, sizeof(text), "%s", found != NULL ? found : "(none)");
	bldr_unref(v);
	return text;
}

static void call_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct caller *c = v->config;

	for (size_t i = 0; i < CALLS_MAX && c->at[i].args != NULL; i++) {
		struct bldr_value *args = NULL;

		if (bldr_value_parse(c->texts[i], strlen(c->texts[i]), &args, NULL) < 0) {
			abort();
		}
		bldr_plan_add(p, "http", c->at[i].cls, args, c->at[i].timeout_ms);
	}
}

static void call_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	static const char *const names[] = { "done", "failed", "timed out", "cancelled", "unknown" };
	struct bldr_value *answers = bldr_list();

	(void)v;
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(answers,
			      r[i].status == BLDR_DONE
				      ? bldr_ref(r[i].value)
				      : bldr_textf("%s %s: %s", names[r[i].status],
						   bldr_error_name(r[i].code), r[i].error));
	}
	bldr_patch_set(p, "answers", answers);
}

/* Copies text with what stands for something else replaced. */
static void fill(char *ret, size_t size, const char *text, int port, const char *folder)
{
	size_t n = 0;

	while (*text != '\0' && n < size - 1) {
		if (strncmp(text, "PORT", 4) == 0) {
			n += (size_t)snprintf(ret + n, size - n, "%d", port);
			text += 4;
		} else if (strncmp(text, "DIR", 3) == 0) {
			n += (size_t)snprintf(ret + n, size - n, "%s", folder);
			text += 3;
		} else {
			ret[n++] = *text++;
		}
	}
	assert_true(n < size - 1);
	ret[n] = '\0';
}

struct bldr_graph *caller_graph(struct caller *c, int port, const char *folder)
{
	static const char *const writes[] = { "answers", NULL };
	struct bldr_graph *g = bldr_graph_new("call", 1);
	struct bldr_error err = { 0 };

	for (size_t i = 0; i < CALLS_MAX && c->at[i].args != NULL; i++) {
		fill(c->texts[i], sizeof(c->texts[i]), c->at[i].args, port, folder);
	}
	bldr_graph_channel(g, "answers", BLDR_LAST);
	bldr_graph_node(g,
			&(struct bldr_node){ .name = "call",
					     .writes = writes,
					     .prepare = call_prepare,
					     .absorb = call_absorb,
					     .config = c });
	bldr_graph_edge(g, BLDR_START, "call");
	if (c->policy.kind != NULL) {
		bldr_graph_policy(g, &c->policy);
	}
	ok(bldr_graph_compile(g, &err));
	return g;
}

/* Its URLs with the server's port in them. */
static const char *filled(struct caller *c, size_t i, const char *url, int port)
{
	if (url != NULL) {
		fill(c->urls[i], sizeof(c->urls[i]), url, port, "");
	}
	return url != NULL ? c->urls[i] : NULL;
}

void party_credential(struct party *p, struct bldr_engine *e, struct caller *c)
{
	int port = p->server.port;
	struct bldr_credential credential = c->credential;
	struct bldr_discovery steps[2];
	struct bldr_error err = { 0 };

	for (size_t i = 0; i < credential.n_discovery; i++) {
		steps[i] = c->discovery[i];
		steps[i].url = filled(c, 2 * i, steps[i].url, port);
		steps[i].otherwise = filled(c, 2 * i + 1, steps[i].otherwise, port);
	}
	credential.discovery = steps;
	credential.token_url = filled(c, 4, credential.token_url, port);
	ok(bldr_engine_add_credential(e, &credential, &err));
}

int party_setup(void **state)
{
	struct party *p = calloc(1, sizeof(*p));
	void *f = NULL;

	(void)setup(&f);
	p->f = f;
	server_start(&p->server, p->f->dir.path, NULL, NULL);
	*state = p;
	return 0;
}

int party_teardown(void **state)
{
	struct party *p = *state;
	void *f = p->f;

	server_stop(&p->server);
	(void)teardown(&f);
	free(p);
	return 0;
}

struct bldr_value *party_run(struct party *p, struct caller *c)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = caller_graph(c, p->server.port, p->f->dir.path);
	struct bldr_engine *e;
	struct bldr_value *state = NULL;
	struct bldr_value *answers;

	(void)unlink(p->f->db);
	e = open_engine(p->f, (struct bldr_engine_options){ .workers = 2 });
	bldr_engine_add_graph(e, g);
	if (c->credential.name != NULL) {
		party_credential(p, e, c);
	}
	ok(bldr_thread_start(e, "call", "t1", NULL, &err));
	ok(bldr_engine_run(e, &err));
	ok(bldr_thread_state(e, "t1", &state, &err));
	answers = bldr_ref(bldr_get(state, "answers"));
	bldr_unref(state);
	bldr_engine_close(e);
	bldr_graph_free(g);
	return answers;
}

static void expect(struct party *p, struct call call, const char *text, bool part)
{
	struct caller c = { .at = { call } };
	struct bldr_value *answers = party_run(p, &c);
	const char *plain = bldr_as_text(bldr_at(answers, 0));
	char *told = plain != NULL ? strdup(plain) : bldr_value_text(bldr_at(answers, 0));

	if (part ? strstr(told, text) == NULL : strcmp(told, text) != 0) {
		fail_msg("%s gave\n%s\nnot\n%s", call.args, told, text);
	}
	free(told);
	bldr_unref(answers);
}

void party_expect(struct party *p, struct call call, const char *text)
{
	expect(p, call, text, false);
}

void party_expect_part(struct party *p, struct call call, const char *part)
{
	expect(p, call, part, true);
}
