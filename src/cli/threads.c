/*
 * bldr threads VERB: one row of a table per verb says what it takes, what it needs of the engine and what it does. What a verb
 * tells is a value first; people are shown it as a table or a line where that is shorter than JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/bench.h"
#include "cli/said.h"

enum {
	OPTION_GRAPH = 1,
	OPTION_AT = 2,
	OPTION_AFTER = 4,
	OPTION_NEW = 8,
	OPTION_REUSE = 16,
	OPTION_AS = 32,
	OPTION_VALUES = 64,
	OPTION_TO = 128,
	OPTION_KEEP = 256
};

struct asked {
	const char *graph, *at, *after, *new_id, *as, *values, *to, *keep;
	bool reuse;
	char **operands;
};

struct verb {
	const char *usage, *summary, *description, *examples;
	unsigned options;
	size_t operands;
	bool writes;
	bool needs_graph; /* of its first operand, a thread */
	bool drives;      /* the thread is run then, and told of */
	/* *ret: what is told; stays NULL when it drives. */
	int (*act)(struct bench *b, const struct asked *a, struct bldr_value **ret,
		   struct bldr_error *err);
	void (*print)(const struct bldr_value *v); /* NULL: as JSON */
};

/* list, show */

struct listing {
	struct bench *bench;
	struct bldr_value *list;
	struct bldr_error err;
};

static int add_thread(const struct bldr_thread *t, void *user)
{
	struct listing *l = user;
	struct bldr_value *v = NULL;
	int r = bench_thread(l->bench, t->id, &v, &l->err);

	if (r == 0) {
		bldr_list_add(l->list, v);
	}
	return r;
}

static int list(struct bench *b, const struct asked *a, struct bldr_value **ret,
		struct bldr_error *err)
{
	struct listing l = { .bench = b, .list = bldr_list() };
	int r = bldr_threads(b->engine, add_thread, &l, &l.err);

	(void)a;
	if (r < 0) {
		bldr_unref(l.list);
		*err = l.err;
		return r;
	}
	*ret = l.list;
	return 0;
}

static void print_list(const struct bldr_value *v)
{
	printf("%-24s %-16s %-8s %-6s %7s %6s  %s\n", "THREAD", "GRAPH", "STATUS", "STEP", "EVENTS",
	       "QUEUED", "CHANGED");
	for (size_t i = 0; i < bldr_count(v); i++) {
		const struct bldr_value *t = bldr_at(v, i);
		char when[WHEN_MAX];
		char step[48];

		command_when(bldr_get_int(t, "updated_ms", 0), when);
		(void)snprintf(step, sizeof(step), "%lld.%lld",
			       (long long)bldr_get_int(t, "lineage", 0),
			       (long long)bldr_get_int(t, "step", 0));
		printf("%-24s %-16s %-8s %-6s %7lld %6lld  %s\n", bldr_get_text(t, "thread"),
		       bldr_get_text(t, "graph"), bldr_get_text(t, "status"), step,
		       (long long)bldr_get_int(t, "events", 0),
		       (long long)bldr_get_int(t, "queued", 0), when);
	}
}

static int show(struct bench *b, const struct asked *a, struct bldr_value **ret,
		struct bldr_error *err)
{
	return bench_thread(b, a->operands[0], ret, err);
}

/* history, state, events */

static int add_checkpoint(const struct bldr_checkpoint *c, void *user)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "lineage", bldr_int(c->lineage));
	bldr_object_set(v, "step", bldr_int(c->step));
	bldr_object_set(v, "at_ms", bldr_int(c->at_ms));
	bldr_object_set(v, "source", bldr_text(c->source));
	if (c->from_step >= 0) {
		bldr_object_set(v, "from_lineage", bldr_int(c->from_lineage));
		bldr_object_set(v, "from_step", bldr_int(c->from_step));
	}
	bldr_object_set(v, "held", bldr_bool(c->held));
	bldr_object_set(v, "current", bldr_bool(c->current));
	bldr_object_set(v, "next", bldr_ref(c->next));
	bldr_object_set(v, "writes", bldr_ref(c->writes));
	bldr_list_add(user, v);
	return 0;
}

static int history(struct bench *b, const struct asked *a, struct bldr_value **ret,
		   struct bldr_error *err)
{
	struct bldr_value *checkpoints = bldr_list();
	int r = bldr_thread_history(b->engine, a->operands[0], add_checkpoint, checkpoints, err);

	if (r < 0) {
		bldr_unref(checkpoints);
		return r;
	}
	*ret = checkpoints;
	return 0;
}

static void print_history(const struct bldr_value *v)
{
	printf("  %-8s %-21s %-8s %-28s %s\n", "AT", "TIME", "SOURCE", "NEXT", "WRITES");
	for (size_t i = 0; i < bldr_count(v); i++) {
		const struct bldr_value *c = bldr_at(v, i);
		char *next = bldr_value_text(bldr_get(c, "next"));
		char *writes = bldr_value_text(bldr_get(c, "writes"));
		char when[WHEN_MAX];
		char at[48];

		command_when(bldr_get_int(c, "at_ms", 0), when);
		(void)snprintf(at, sizeof(at), "%lld.%lld",
			       (long long)bldr_get_int(c, "lineage", 0),
			       (long long)bldr_get_int(c, "step", 0));
		printf("%c %-8s %-21s %-8s %-28s %.200s\n",
		       bldr_as_bool(bldr_get(c, "current"), false) ? '*' : ' ', at, when,
		       bldr_get_text(c, "source"), next, writes);
		free(next);
		free(writes);
	}
}

static int state(struct bench *b, const struct asked *a, struct bldr_value **ret,
		 struct bldr_error *err)
{
	int64_t lineage, step;
	int r;

	if (a->at == NULL) {
		return bldr_thread_state(b->engine, a->operands[0], ret, err);
	}
	r = said_checkpoint("at", a->at, &lineage, &step, err);
	return r < 0 ? r : bldr_thread_state_at(b->engine, a->operands[0], lineage, step, ret, err);
}

static int add_event(const struct bldr_event *e, void *user)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "seq", bldr_int(e->seq));
	bldr_object_set(v, "at_ms", bldr_int(e->at_ms));
	bldr_object_set(v, "type", bldr_text(e->type));
	bldr_object_set(v, "data", bldr_ref(e->data));
	bldr_list_add(user, v);
	return 0;
}

static int events(struct bench *b, const struct asked *a, struct bldr_value **ret,
		  struct bldr_error *err)
{
	struct bldr_value *all = bldr_list();
	int64_t after = 0;
	int r = a->after != NULL ? said_int("after", a->after, 0, INT64_MAX, &after, err) : 0;

	if (r == 0) {
		r = bldr_thread_events(b->engine, a->operands[0], after, add_event, all, err);
	}
	if (r < 0) {
		bldr_unref(all);
		return r;
	}
	*ret = all;
	return 0;
}

static void print_lines(const struct bldr_value *v)
{
	for (size_t i = 0; i < bldr_count(v); i++) {
		char *text = bldr_value_text(bldr_at(v, i));

		puts(text);
		free(text);
	}
}

/* What changes threads; it is told how they stand then. */

static void print_thread(const struct bldr_value *v)
{
	printf("%s: %s at %lld.%lld\n", bldr_get_text(v, "thread"), bldr_get_text(v, "status"),
	       (long long)bldr_get_int(v, "lineage", 0), (long long)bldr_get_int(v, "step", 0));
}

/* The thread that is told of. */
static const char *subject(const struct asked *a)
{
	return a->new_id != NULL ? a->new_id : a->operands[0];
}

static int fork_at(struct bench *b, const struct asked *a, struct bldr_value **ret,
		   struct bldr_error *err)
{
	int64_t lineage, step;
	int r;

	if (a->at == NULL) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"--at is missing: the checkpoint to go back to, as in \"0.4\"; "
			"bldr threads history lists them");
	}
	r = said_checkpoint("at", a->at, &lineage, &step, err);
	if (r == 0) {
		r = bldr_thread_fork(b->engine, a->operands[0], lineage, step, a->new_id, a->reuse,
				     err);
	}
	if (r == 0 && a->reuse) { /* what is answered from the record is known to this engine only */
		return bldr_thread_resume(b->engine, subject(a), err);
	}
	return r < 0 ? r : bench_thread(b, subject(a), ret, err);
}

static int update(struct bench *b, const struct asked *a, struct bldr_value **ret,
		  struct bldr_error *err)
{
	struct bldr_value *values = NULL;
	int r = a->values != NULL ? said_value("values", a->values, &values, err) : 0;

	if (r == 0) {
		r = bldr_thread_update(b->engine, a->operands[0], a->as, values, err);
	}
	bldr_unref(values);
	return r < 0 ? r : bench_thread(b, a->operands[0], ret, err);
}

static int copy(struct bench *b, const struct asked *a, struct bldr_value **ret,
		struct bldr_error *err)
{
	int r = bldr_thread_copy(b->engine, a->operands[0], a->operands[1], err);

	return r < 0 ? r : bench_thread(b, a->operands[1], ret, err);
}

static int cancel(struct bench *b, const struct asked *a, struct bldr_value **ret,
		  struct bldr_error *err)
{
	int r = bldr_thread_cancel(b->engine, a->operands[0], err);

	return r < 0 ? r : bench_thread(b, a->operands[0], ret, err);
}

/* What drops rows. */

static struct bldr_value *dropped(const char *thread, const char *what)
{
	struct bldr_value *v = bldr_object();

	if (thread != NULL) {
		bldr_object_set(v, "thread", bldr_text(thread));
	}
	bldr_object_set(v, "done", bldr_text(what));
	return v;
}

static void print_dropped(const struct bldr_value *v)
{
	const char *thread = bldr_get_text(v, "thread");

	printf("%s%s%s\n", thread != NULL ? thread : "", thread != NULL ? ": " : "",
	       bldr_get_text(v, "done"));
}

static int delete (struct bench *b, const struct asked *a, struct bldr_value **ret,
		   struct bldr_error *err)
{
	int r = bldr_thread_delete(b->engine, a->operands[0], err);

	*ret = r == 0 ? dropped(a->operands[0], "deleted") : NULL;
	return r;
}

static int prune(struct bench *b, const struct asked *a, struct bldr_value **ret,
		 struct bldr_error *err)
{
	int64_t keep = 1, rows = 0;
	int r = a->keep != NULL ? said_int("keep", a->keep, 1, INT64_MAX, &keep, err) : 0;

	if (r == 0) {
		r = bldr_thread_prune(b->engine, a->operands[0], keep, &rows, err);
	}
	if (r == 0) {
		*ret = dropped(a->operands[0], "pruned");
		bldr_object_set(*ret, "rows", bldr_int(rows));
	}
	return r;
}

static int sweep(struct bench *b, const struct asked *a, struct bldr_value **ret,
		 struct bldr_error *err)
{
	int r = bldr_engine_sweep(b->engine, err);

	(void)a;
	*ret = r == 0 ? dropped(NULL, "swept") : NULL;
	return r;
}

/* What sets threads going. */

static int resume(struct bench *b, const struct asked *a, struct bldr_value **ret,
		  struct bldr_error *err)
{
	(void)ret;
	return bldr_thread_resume(b->engine, a->operands[0], err);
}

static int answer(struct bench *b, const struct asked *a, struct bldr_value **ret,
		  struct bldr_error *err)
{
	struct bldr_value *value = NULL;
	int r = said_value("answer", a->operands[1], &value, err);

	(void)ret;
	if (r == 0) {
		r = bldr_thread_answer(b->engine, a->operands[0], a->to, value, err);
	}
	bldr_unref(value);
	return r;
}

static const struct verb list_verb = {
	.usage = "bldr threads list [--output DIR] [--json]",
	.summary = "Lists the threads of an output folder, oldest first.",
	.examples = "bldr threads list --json | jq '.[].status'",
	.act = list,
	.print = print_list,
};
static const struct verb show_verb = {
	.usage = "bldr threads show ID [--graph FILE] [--output DIR]",
	.summary = "Shows one thread: how it stands, what it asks; with its graph the output too.",
	.examples = "bldr threads show a1\nbldr threads show a1 --graph agent.json",
	.options = OPTION_GRAPH,
	.operands = 1,
	.act = show,
};
static const struct verb history_verb = {
	.usage = "bldr threads history ID --graph FILE [--output DIR] [--json]",
	.summary = "Lists a thread's checkpoints, newest first; * is where it stands.",
	.description = "A checkpoint is LINEAGE.STEP: a superstep of the root graph. fork begins "
		       "another lineage.",
	.examples = "bldr threads history a1 --graph agent.json",
	.options = OPTION_GRAPH,
	.operands = 1,
	.needs_graph = true,
	.act = history,
	.print = print_history,
};
static const struct verb state_verb = {
	.usage = "bldr threads state ID --graph FILE [--at LINEAGE.STEP] [--output DIR]",
	.summary = "Prints a thread's channels as JSON, now or as a checkpoint saw them.",
	.examples = "bldr threads state a1 --graph agent.json --at 0.3 | jq .messages",
	.options = OPTION_GRAPH | OPTION_AT,
	.operands = 1,
	.needs_graph = true,
	.act = state,
};
static const struct verb events_verb = {
	.usage = "bldr threads events ID [--after N] [--output DIR] [--json]",
	.summary = "Prints a thread's events, one JSON line each.",
	.examples = "bldr threads events a1 --after 40 | jq -c 'select(.type == \"task.failed\")'",
	.options = OPTION_AFTER,
	.operands = 1,
	.act = events,
	.print = print_lines,
};
static const struct verb fork_verb = {
	.usage = "bldr threads fork ID --at LINEAGE.STEP --graph FILE [--new ID] [--reuse]",
	.summary = "Goes back to a checkpoint: in the same thread, or in a new one.",
	.description =
		"It is paused there; bldr threads resume goes on. With --reuse it goes on at once, "
		"and what was\nrecorded then answers instead of being performed or asked again; it "
		"prints and exits as bldr graph run does.",
	.examples = "bldr threads fork a1 --at 0.3 --graph agent.json --new a1-again",
	.options = OPTION_GRAPH | OPTION_AT | OPTION_NEW | OPTION_REUSE,
	.operands = 1,
	.writes = true,
	.needs_graph = true,
	.act = fork_at,
	.print = print_thread,
};
static const struct verb update_verb = {
	.usage = "bldr threads update ID --graph FILE [--values JSON|@FILE] [--as NODE]",
	.summary = "Writes into a thread's channels as a node would have, and pauses behind it.",
	.description =
		"Without --as: the node that ran last. __start__: as an input; __end__: nothing "
		"runs next.",
	.examples =
		"bldr threads update a1 --graph agent.json --values '{\"approved\": false}' --as "
		"approve",
	.options = OPTION_GRAPH | OPTION_VALUES | OPTION_AS,
	.operands = 1,
	.writes = true,
	.needs_graph = true,
	.act = update,
	.print = print_thread,
};
static const struct verb copy_verb = {
	.usage = "bldr threads copy ID NEW --graph FILE [--output DIR]",
	.summary = "Copies a thread with all its history under another name.",
	.examples = "bldr threads copy a1 a1-kept --graph agent.json",
	.options = OPTION_GRAPH,
	.operands = 2,
	.writes = true,
	.needs_graph = true,
	.act = copy,
	.print = print_thread,
};
static const struct verb resume_verb = {
	.usage = "bldr threads resume ID --graph FILE [--output DIR] [--json]",
	.summary = "Goes on with a thread that was stopped, killed, paused or failed.",
	.description = "Nothing that was recorded is done again. Prints and exits as bldr graph run "
		       "does.",
	.examples = "bldr threads resume a1 --graph agent.json",
	.options = OPTION_GRAPH,
	.operands = 1,
	.writes = true,
	.needs_graph = true,
	.drives = true,
	.act = resume,
};
static const struct verb answer_verb = {
	.usage = "bldr threads answer ID JSON|@FILE --graph FILE [--to KEY] [--output DIR]",
	.summary = "Answers what a thread asks a person, and goes on with it.",
	.description = "Prints and exits as bldr graph run does.",
	.examples = "bldr threads answer a1 true --graph agent.json",
	.options = OPTION_GRAPH | OPTION_TO,
	.operands = 2,
	.writes = true,
	.needs_graph = true,
	.drives = true,
	.act = answer,
};
static const struct verb cancel_verb = {
	.usage = "bldr threads cancel ID --graph FILE [--output DIR]",
	.summary = "Gives up what a thread is doing: it has failed with CANCELLED then.",
	.examples = "bldr threads cancel a1 --graph agent.json",
	.options = OPTION_GRAPH,
	.operands = 1,
	.writes = true,
	.needs_graph = true,
	.act = cancel,
	.print = print_thread,
};
static const struct verb delete_verb = {
	.usage = "bldr threads delete ID [--output DIR]",
	.summary = "Deletes a thread with all its history.",
	.examples = "bldr threads delete a1",
	.operands = 1,
	.writes = true,
	.act = delete,
	.print = print_dropped,
};
static const struct verb prune_verb = {
	.usage = "bldr threads prune ID --graph FILE [--keep N] [--output DIR]",
	.summary = "Drops a thread's older checkpoints; the last N stay (1).",
	.examples = "bldr threads prune a1 --graph agent.json --keep 10",
	.options = OPTION_GRAPH | OPTION_KEEP,
	.operands = 1,
	.writes = true,
	.needs_graph = true,
	.act = prune,
	.print = print_dropped,
};
static const struct verb sweep_verb = {
	.usage = "bldr threads sweep [--output DIR]",
	.summary = "Drops values that nothing names any more, and gives the disk space back.",
	.examples = "bldr threads sweep --output /srv/agents",
	.writes = true,
	.act = sweep,
	.print = print_dropped,
};

static int tell(const struct verb *v, const struct settings *s, struct bldr_value *told)
{
	if (s->json || v->print == NULL) {
		command_print_json(told);
	} else {
		v->print(told);
		bldr_unref(told);
	}
	return EXIT_VALIDATED;
}

static int perform(const struct verb *v, const struct asked *a, const struct settings *s,
		   const struct cli_hooks *hooks)
{
	const struct bench_options options = {
		.file = a->graph,
		.runs = !v->drives,
		.read_only = !v->writes,
		.must_exist = true,
		.durability = s->durability,
		.hooks = hooks,
	};
	struct bldr_value *told = NULL;
	struct bldr_error err;
	struct bench b = { 0 };
	int exit_code;
	int r = bench_open(&b, s, &options, &err);

	if (r == 0 && v->needs_graph) {
		r = bench_knows(&b, a->operands[0], &err);
	}
	if (r == 0) {
		r = v->act(&b, a, &told, &err);
	}
	if (r < 0) {
		exit_code = command_fail(&err);
	} else {
		exit_code = v->drives || a->reuse ? bench_drive(&b, subject(a)) : tell(v, s, told);
	}
	bench_close(&b);
	return exit_code;
}

static int threads(const struct verb *v, int argc, char **argv, const struct cli_hooks *hooks)
{
	struct asked a = { 0 };
	const struct {
		unsigned bit;
		struct option_spec spec;
	} all[] = {
		{ OPTION_GRAPH,
		  { "graph", 'g', OPTION_TEXT, &a.graph, "FILE", "the thread's graph" } },
		{ OPTION_AT,
		  { "at", 0, OPTION_TEXT, &a.at, "LINEAGE.STEP", "a checkpoint of its history" } },
		{ OPTION_AFTER, { "after", 0, OPTION_TEXT, &a.after, "N", "those behind event N" } },
		{ OPTION_NEW,
		  { "new", 0, OPTION_TEXT, &a.new_id, "ID", "in a thread of that name" } },
		{ OPTION_REUSE,
		  { "reuse", 0, OPTION_FLAG, &a.reuse, NULL, "go on, and answer from the record" } },
		{ OPTION_AS, { "as", 0, OPTION_TEXT, &a.as, "NODE", "the node that writes" } },
		{ OPTION_VALUES,
		  { "values", 0, OPTION_TEXT, &a.values, "JSON|@FILE", "channels and values" } },
		{ OPTION_TO,
		  { "to", 0, OPTION_TEXT, &a.to, "KEY", "which question, when there are several" } },
		{ OPTION_KEEP, { "keep", 0, OPTION_TEXT, &a.keep, "N", "how many stay" } },
	};
	struct option_spec options[sizeof(all) / sizeof(all[0]) + 1];
	const struct command_spec spec = {
		.usage = v->usage,
		.summary = v->summary,
		.description = v->description,
		.examples = v->examples,
		.options = options,
		.operands_min = v->operands,
		.operands_max = v->operands,
	};
	struct settings settings;
	size_t n = 0;
	int exit_code;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if ((v->options & all[i].bit) != 0) {
			options[n++] = all[i].spec;
		}
	}
	options[n] = (struct option_spec){ .name = NULL };
	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	a.operands = settings.operands;
	return settings_end(&settings, perform(v, &a, &settings, hooks));
}

int command_threads_list(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&list_verb, argc, argv, hooks);
}

int command_threads_show(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&show_verb, argc, argv, hooks);
}

int command_threads_history(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&history_verb, argc, argv, hooks);
}

int command_threads_state(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&state_verb, argc, argv, hooks);
}

int command_threads_events(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&events_verb, argc, argv, hooks);
}

int command_threads_fork(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&fork_verb, argc, argv, hooks);
}

int command_threads_update(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&update_verb, argc, argv, hooks);
}

int command_threads_copy(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&copy_verb, argc, argv, hooks);
}

int command_threads_resume(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&resume_verb, argc, argv, hooks);
}

int command_threads_answer(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&answer_verb, argc, argv, hooks);
}

int command_threads_cancel(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&cancel_verb, argc, argv, hooks);
}

int command_threads_delete(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&delete_verb, argc, argv, hooks);
}

int command_threads_prune(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&prune_verb, argc, argv, hooks);
}

int command_threads_sweep(int argc, char **argv, const struct cli_hooks *hooks)
{
	return threads(&sweep_verb, argc, argv, hooks);
}
