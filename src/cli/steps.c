/* A chain has three channels: what is known, what each step told, and whether one has failed. */
#include "cli/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/access.h"
#include "cli/interruptible.h"

enum { DETAIL_MAX = 4096 };

/* What a node of the chain is. */
struct link {
	const struct step *step;
	const struct databricks *workspace;
};

static const char *const verdicts[] = { "ok", "skipped", "missing", "failed" };

const char *known_text(const struct bldr_value *known, const char *key)
{
	const char *text = bldr_get_text(known, key);

	return text != NULL ? text : "";
}

static struct databricks_request ask_me(const struct databricks *w, const struct bldr_value *input,
					const struct bldr_value *kept)
{
	(void)input;
	(void)kept;
	return databricks_me(w);
}

const struct databricks_procedure call_me = { "me", ask_me, databricks_told_once };

struct bldr_value *step_without_input(const struct step *s, const struct bldr_value *known,
				      struct buf *detail)
{
	(void)s;
	(void)known;
	(void)detail;
	return bldr_object();
}

/* Grants name a user, a service principal by its application id, or a group. */
static struct bldr_value *principals_of(const struct bldr_value *me)
{
	const struct bldr_value *groups = bldr_get(me, "groups");
	struct bldr_value *list = bldr_list();

	bldr_list_add(list, bldr_text(known_text(me, "userName")));
	for (size_t i = 0; bldr_type_of(groups) == BLDR_LIST && i < bldr_count(groups); i++) {
		const char *name = bldr_get_text(bldr_at(groups, i), "display");

		if (name != NULL) {
			bldr_list_add(list, bldr_text(name));
		}
	}
	bldr_list_add(list, bldr_text("account users"));
	return list;
}

enum verdict judge_me(const struct step *s, const struct bldr_value *known,
		      const struct databricks_end *end, struct bldr_value *learned,
		      struct buf *detail)
{
	const char *name = bldr_get_text(end->value, "userName");

	(void)s;
	(void)known;
	if (!step_succeeded(end, detail)) {
		if (end->outcome == DATABRICKS_UNAUTHENTICATED) {
			buf_puts(detail,
				 "; is the token or the client's secret one of this workspace, and "
				 "has it not expired?");
		}
		return VERDICT_FAILED;
	}
	if (name == NULL) {
		buf_puts(detail, "the answer names nobody: is this the host of a workspace?");
		return VERDICT_FAILED;
	}
	bldr_object_set(learned, "user", bldr_text(name));
	bldr_object_set(learned, "principals", principals_of(end->value));
	buf_puts(detail, name);
	return VERDICT_OK;
}

bool step_succeeded(const struct databricks_end *end, struct buf *detail)
{
	if (end->outcome != DATABRICKS_OK) {
		buf_puts(detail, end->message);
	}
	return end->outcome == DATABRICKS_OK;
}

/* The input of a node's step, or NULL when it is not to be made, for the reason in detail. */
static struct bldr_value *input_of(const struct bldr_view *v, struct buf *detail)
{
	const struct link *l = v->config;

	if (bldr_as_bool(bldr_get(v->state, "failed"), false) && !l->step->always) {
		buf_puts(detail, "a step before it has failed");
		return NULL;
	}
	return l->step->input(l->step, bldr_get(v->state, "known"), detail);
}

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct link *l = v->config;
	struct bldr_value *input;
	struct buf detail;

	buf_init(&detail, DETAIL_MAX);
	input = input_of(v, &detail);
	if (input != NULL) {
		databricks_procedure_prepare(l->step->call, l->workspace, input, v, p);
	}
	bldr_unref(input);
	buf_release(&detail);
}

static void tell(const struct step *step, enum verdict verdict, const char *outcome,
		 const struct buf *detail, struct bldr_value *learned, struct bldr_patch *p)
{
	struct bldr_value *told = bldr_object();
	const struct bldr_value *grants = bldr_get(learned, "grants");

	bldr_object_set(told, "step", bldr_text(step->name));
	bldr_object_set(told, "title", bldr_text(step->title));
	bldr_object_set(told, "verdict", bldr_text(verdicts[verdict]));
	bldr_object_set(told, "outcome", bldr_text(outcome));
	bldr_object_set(told, "detail", bldr_text(detail->data));
	if (grants != NULL) {
		bldr_object_set(told, "grants", bldr_ref(grants));
	}
	bldr_patch_set(p, "told", told);
	bldr_patch_set(p, "known", learned);
	if (verdict == VERDICT_FAILED) {
		bldr_patch_set(p, "failed", bldr_bool(true));
	}
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	const struct link *l = v->config;
	struct databricks_end end = { 0 };
	struct arena a = { 0 };
	struct bldr_value *learned;
	struct bldr_value *input;
	enum verdict verdict;
	struct buf detail;

	buf_init(&detail, DETAIL_MAX);
	input = input_of(v, &detail);
	if (n == 0) {
		tell(l->step, VERDICT_SKIPPED, NULL, &detail, bldr_object(), p);
	} else if (databricks_procedure_absorb(l->step->call, input, v, results, p, &a, &end)) {
		learned = bldr_object();
		buf_clear(&detail);
		verdict = l->step->judge(l->step, bldr_get(v->state, "known"), &end, learned,
					 &detail);
		tell(l->step, verdict, databricks_outcome_name(end.outcome), &detail, learned, p);
		bldr_unref(end.value);
	}
	bldr_unref(input);
	buf_release(&detail);
	arena_release(&a);
}

static int make_graph(struct steps_run *r, const char *name, const struct step *steps,
		      struct bldr_error *err)
{
	static const char *const writes[] = { "known", "told", "failed", NULL };
	const char *before = BLDR_START;

	r->graph = bldr_graph_new(name, 1);
	bldr_graph_channel(r->graph, "known", BLDR_MERGE);
	bldr_graph_channel(r->graph, "told", BLDR_APPEND);
	bldr_graph_channel(r->graph, "failed", BLDR_LAST);
	bldr_graph_policy(r->graph, &r->policy);
	for (; steps->name != NULL; steps++) {
		struct link *l = ARENA_NEW(&r->arena, struct link);

		*l = (struct link){ .step = steps, .workspace = &r->workspace };
		bldr_graph_node(r->graph,
				&(struct bldr_node){ .name = steps->name,
						     .writes = writes,
						     .prepare = prepare,
						     .absorb = absorb,
						     .config = l });
		bldr_graph_edge(r->graph, before, steps->name);
		before = steps->name;
	}
	return bldr_graph_compile(r->graph, err);
}

int steps_open(struct steps_run *r, const struct settings *settings, const struct chain *chain,
	       struct bldr_error *err)
{
	struct bldr_engine_options engine = { .durability = settings->durability,
					      .record_updates = true };
	int rc;

	*r = (struct steps_run){ .settings = settings };
	rc = access_config(settings, &r->arena, &r->config, err);
	if (rc < 0) {
		return rc;
	}
	r->workspace = databricks_workspace(&r->config);
	r->policy = databricks_policy;
	r->retry = *r->policy.retry;
	r->policy.retry = &r->retry;
	if (chain->patience_ms > 0) {
		r->retry.budget_ms = chain->patience_ms;
	}
	engine.journal = arena_printf(&r->arena, "%s/bldr.db", settings->output);
	rc = make_graph(r, chain->name, chain->steps, err);
	rc = rc == 0 ? file_mkdirs(settings->output, err) : rc;
	rc = rc == 0 ? bldr_engine_open(&engine, &r->engine, err) : rc;
	rc = rc == 0 ? access_register(r->engine, &r->config, err) : rc;
	if (rc == 0) {
		bldr_engine_add_graph(r->engine, r->graph);
	}
	return rc;
}

void steps_close(struct steps_run *r)
{
	bldr_engine_close(r->engine);
	bldr_graph_free(r->graph);
	databricks_config_release(&r->config);
	arena_release(&r->arena);
}

int steps_begin(struct steps_run *r, const struct bldr_value *known, struct bldr_error *err)
{
	struct bldr_value *input = bldr_object();
	int rc;

	bldr_object_set(input, "known", bldr_ref(known));
	rc = bldr_thread_start(r->engine, bldr_graph_name(r->graph), r->thread, input, err);
	bldr_unref(input);
	return rc;
}

int steps_resume(struct steps_run *r, const char *thread, struct bldr_error *err)
{
	struct bldr_thread t;
	int rc = bldr_thread_info(r->engine, thread, &t, err);

	if (rc == 0 && strcmp(t.graph, bldr_graph_name(r->graph)) != 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "thread \"%s\" is of \"%s\", not of \"%s\"", thread, t.graph,
				      bldr_graph_name(r->graph));
	}
	r->thread = arena_strdup(&r->arena, thread);
	return rc == 0 ? bldr_thread_resume(r->engine, thread, err) : rc;
}

static void print_step(const struct bldr_value *told)
{
	const struct bldr_value *grants = bldr_get(told, "grants");

	printf("%-8s %-28s %s\n", bldr_get_text(told, "verdict"), bldr_get_text(told, "title"),
	       bldr_get_text(told, "detail"));
	for (size_t i = 0; i < bldr_count(grants); i++) {
		printf("         %s\n", bldr_as_text(bldr_at(grants, i)));
	}
	(void)fflush(stdout);
}

/* Of {node: {channel: value}}. */
static void print_part(const struct bldr_stream_part *part, void *user)
{
	(void)user;
	for (void *it = bldr_first(part->data); it != NULL; it = bldr_next(part->data, it)) {
		const struct bldr_value *told = bldr_get(bldr_item(it), "told");

		if (bldr_type_of(told) == BLDR_OBJECT) {
			print_step(told);
		}
	}
}

/* Of the first step that did not go well. */
static int exit_code_of(const struct bldr_value *told)
{
	for (size_t i = 0; i < bldr_count(told); i++) {
		const struct bldr_value *step = bldr_at(told, i);
		const char *verdict = bldr_get_text(step, "verdict");
		const char *outcome = bldr_get_text(step, "outcome");

		if (strcmp(verdict, verdicts[VERDICT_WRONG]) == 0 ||
		    strcmp(verdict, verdicts[VERDICT_FAILED]) == 0) {
			return strcmp(outcome, "unreachable") == 0 ? EXIT_WORLD : EXIT_FINDINGS;
		}
	}
	return EXIT_VALIDATED;
}

static int print_end(struct steps_run *r, const struct bldr_value *state,
		     const struct bldr_thread *t)
{
	const struct bldr_value *told = bldr_get(state, "told");
	int exit_code = exit_code_of(told);
	struct bldr_value *v;

	if (t->status == BLDR_THREAD_FAILED) {
		exit_code = command_exit_code(t->code);
		fprintf(stderr, "bldr: %s\n", t->error);
	} else if (t->status != BLDR_THREAD_DONE) {
		exit_code = EXIT_INTERRUPTED;
		fprintf(stderr, "bldr: stopped; what was begun is in \"%s\" as thread %s\n",
			r->settings->output, r->thread);
	}
	if (r->settings->json) {
		v = bldr_object();
		bldr_object_set(v, "thread", bldr_text(r->thread));
		bldr_object_set(v, "host", bldr_text(r->config.host));
		bldr_object_set(v, "auth", bldr_text(r->workspace.auth));
		bldr_object_set(v, "steps", told != NULL ? bldr_ref(told) : bldr_list());
		bldr_object_set(v, "exit_code", bldr_int(exit_code));
		command_print_json(v);
	}
	return exit_code;
}

int steps_drive(struct steps_run *r)
{
	struct bldr_value *state = NULL;
	struct bldr_thread t;
	struct bldr_error err;
	int exit_code;
	int rc;

	if (!r->settings->json) {
		printf("workspace %s (%s), as %s (%s)\n", r->config.host, r->config.host_origin,
		       r->workspace.auth, r->config.auth_origin);
		bldr_engine_stream(r->engine, BLDR_STREAM_UPDATES, print_part, NULL);
	}
	rc = interruptible_run(r->engine, &err);
	rc = rc == 0 ? bldr_thread_info(r->engine, r->thread, &t, &err) : rc;
	rc = rc == 0 ? bldr_thread_state(r->engine, r->thread, &state, &err) : rc;
	if (rc < 0) {
		return command_fail(&err);
	}
	exit_code = print_end(r, state, &t);
	bldr_unref(state);
	return exit_code;
}
