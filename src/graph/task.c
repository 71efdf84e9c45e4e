/*
 * One task's life: prepare, effects, absorb, routers, end. Whatever goes wrong with it ends in
 * task_fail; its siblings go on, and its frame finds out when all have ended.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "graph/messages.h"
#include "graph/plan.h"
#include "graph/policy.h"
#include "graph/record.h"
#include "graph/route.h"

/* The code of a result whose performer named none. */
static const int status_codes[] = { BLDR_OK, BLDR_E_FAILED, BLDR_E_TIMEOUT, BLDR_E_CANCELLED,
				    BLDR_E_FAILED };
static const char *const status_texts[] = { "done", "failed", "timed out", "was cancelled",
					    "may or may not have been performed" };

char *error_text(const char *s)
{
	struct bldr_error cut;
	bldr_error_set(&cut, BLDR_E_FAILED, "%s", s);
	struct bldr_value *v = bldr_text(cut.text);
	char *text = xstrdup(bldr_as_text(v));
	bldr_unref(v);
	return text;
}

static uint64_t round_seed(const struct task *t)
{
	const uint64_t words[2] = { t->seed, (uint64_t)t->round };
	return t->round == 0 ? t->seed : hash_xx64(words, sizeof(words));
}

static struct bldr_view view_of(const struct task *t)
{
	return (struct bldr_view){
		.state = frame_view(t->frame, t->node),
		.input = t->input,
		.config = t->node->config,
		.now_ms = t->at_ms != 0 ? t->at_ms : t->frame->at_ms,
		.seed = round_seed(t),
		.round = t->round,
		.kept = t->kept,
	};
}

/* The one place where a task stops waiting. */
static void task_settle(struct run *r, struct task *t, enum task_state state)
{
	ASSERT(t->state == TASK_WAITING && t->frame->open > 0 && t->n_pending == 0);
	t->state = state;
	t->held = false;
	task_forget_effects(t);
	if (--t->frame->open == 0) {
		run_ready(r, t->frame);
	}
}

bool task_has_handler(const struct task *t)
{
	return t->node->on_error != GRAPH_NONE && !t->handled;
}

void task_fail(struct run *r, struct task *t, int code, const char *error)
{
	if (task_has_handler(t)) {
		task_handle(r, t, code, error);
	} else {
		task_fail_for_good(r, t, code, error);
	}
}

void task_fail_for_good(struct run *r, struct task *t, int code, const char *error)
{
	ASSERT(code < 0);
	t->code = code;
	t->error = error_text(error);
	patch_release(&t->patch);
	if (!r->quiet) {
		event_task_failed(r, t);
	}
	task_settle(r, t, TASK_FAILED);
}

/* What a handler is given. */
static struct kept handler_input(const struct task *t, int code, const char *error)
{
	struct bldr_value *input = bldr_object();
	bldr_object_set(input, "node", bldr_text(t->node->name));
	bldr_object_set(input, "code", bldr_text(bldr_error_name(code)));
	bldr_object_set(input, "error", bldr_text(error));
	bldr_object_set(input, "input", t->input != NULL ? bldr_ref(t->input) : bldr_null());
	struct kept kept;
	if (kept_make(&kept, bldr_ref(input), NULL) < 0) { /* one level too deep with its input */
		bldr_object_set(input, "input", bldr_null());
		ASSERT(kept_make(&kept, bldr_ref(input), NULL) == 0);
	}
	bldr_unref(input);
	return kept;
}

void task_handle(struct run *r, struct task *t, int code, const char *error)
{
	ASSERT(t->n_pending == 0);
	char *why = error_text(error);
	struct kept input = handler_input(t, code, why);
	bool went_again = t->round > 0;
	if (t->child != NULL) {
		frame_give_up(r, t->child);
		frame_free(t->child);
		t->child = NULL;
	}
	event_task_handled(r, t, code, why);
	record_handler(r, t, input.text);
	patch_release(&t->patch);
	task_hand_over(t, bldr_ref(input.value), r->now_ms, r->seed);
	task_init_patch(t);
	if (went_again) {
		record_round(r, t, NULL);
	}
	kept_release(&input);
	free(why);
	task_start(r, t, false);
}

void task_route(struct run *r, struct frame *f, struct bldr_patch *p, const struct bldr_view *v)
{
	if (p->up || p->node->routers.n == 0 || p->code != 0) {
		return;
	}
	struct bldr_error err;
	struct bldr_value *state;
	if (frame_state_after(f, p, ++r->turn, &state, &err) < 0) {
		patch_error(p, err.code, "%s", err.text);
		return;
	}
	struct bldr_view view = *v;
	view.state = state;
	for (size_t i = 0; i < p->node->routers.n; i++) {
		struct bldr_route route = { .router = &p->node->routers.at[i], .patch = p };
		view.config = route.router->config != NULL ? route.router->config : v->config;
		route.router->route(&view, &route);
	}
	bldr_unref(state);
}

/* The patch is filled: its routers, and the end. */
static void task_end(struct run *r, struct task *t, const struct bldr_view *view)
{
	task_route(r, t->frame, &t->patch, view);
	t->patch.mark = NULL;
	if (t->patch.code != 0) {
		char *error = t->patch.error;
		t->patch.error = NULL;
		task_fail(r, t, t->patch.code, error);
		free(error);
		return;
	}
	event_task_ended(r, t);
	t->unrecorded = true;
	TAILQ_INSERT_TAIL(&r->unrecorded, t, next_unrecorded);
	task_settle(r, t, TASK_ENDED);
}

static void patch_begin(struct run *r, struct task *t)
{
	patch_release(&t->patch);
	t->patch.mark = t->frame->channel_turn;
	t->patch.turn = ++r->turn;
	t->patch.mint.seed = round_seed(t);
}

/* Without absorb there is nobody to judge an effect that did not work. */
static void check_results(struct task *t)
{
	for (size_t i = 0; i < t->n_effects; i++) {
		const struct effect *e = t->effects[i];
		if (e->status != BLDR_DONE) {
			patch_error(&t->patch, e->code, "effect %zu (\"%s\") %s: %s", i,
				    e->intent.kind, status_texts[e->status], e->error);
			return;
		}
	}
}

/* The next round, as the patch asks for it. */
static void begin_round(struct run *r, struct task *t)
{
	if (t->round + 1 >= BLDR_ROUNDS_MAX) {
		patch_error(&t->patch, BLDR_E_LIMIT, "it has not ended after %d rounds",
			    BLDR_ROUNDS_MAX);
		return;
	}
	task_forget_effects(t);
	t->round++;
	t->at_ms = r->now_ms;
	bldr_unref(t->kept);
	t->kept = t->patch.kept.value != NULL ? bldr_ref(t->patch.kept.value) : NULL;
	record_round(r, t, t->patch.kept.text);
	event_task_again(r, t);
	patch_release(&t->patch);
}

/* True when another round has begun, which is to be planned. */
static bool absorb_round(struct run *r, struct task *t)
{
	struct bldr_view view = view_of(t);
	patch_begin(r, t);
	if (t->node->absorb == NULL) {
		check_results(t);
	} else {
		struct bldr_result results[BLDR_PLAN_MAX];
		for (size_t i = 0; i < t->n_effects; i++) {
			const struct effect *e = t->effects[i];
			ASSERT(e->ended);
			results[i] = (struct bldr_result){
				.status = e->status,
				.code = e->code,
				.value = e->value,
				.error = e->error,
			};
		}
		t->node->absorb(&view, results, t->n_effects, &t->patch);
	}
	if (patch_goes_again(&t->patch)) {
		begin_round(r, t);
		if (t->patch.code == 0) {
			return true;
		}
	}
	task_end(r, t, &view);
	return false;
}

struct effect *effect_new(struct task *t, const struct intent_record *intent)
{
	ASSERT(t->n_effects < BLDR_PLAN_MAX);
	size_t kind_size = strlen(intent->kind) + 1;
	size_t key_size = strlen(intent->key) + 1;
	size_t request_size = strlen(intent->request) + 1;
	struct effect *e = xcalloc(1, sizeof(*e) + kind_size + key_size + request_size);
	char *texts = (char *)(e + 1);
	e->task = t;
	e->intent = *intent;
	e->intent.kind = memcpy(texts, intent->kind, kind_size);
	e->intent.key = memcpy(texts + kind_size, intent->key, key_size);
	e->intent.request = memcpy(texts + kind_size + key_size, intent->request, request_size);
	t->effects[t->n_effects++] = e;
	t->n_pending++;
	return e;
}

static void intend(struct run *r, struct task *t, const struct planned *planned)
{
	size_t ordinal = t->n_effects;
	char *key = xasprintf("%s%s#%" PRId64 ".%zu", r->thread, t->path, t->round, ordinal);
	const struct bldr_policy *policy =
		policy_find(t->frame->graph, t->node, planned->kind, planned->args);
	uint32_t timeout_ms = planned->timeout_ms;
	if (timeout_ms == 0 && policy != NULL && planned->cls != BLDR_LOCAL) {
		timeout_ms = policy->timeout_ms;
	}
	struct effect *e = effect_new(t,
				      &(struct intent_record){
					      .id = r->next_id++,
					      .task = t->id,
					      .attempt = t->attempt,
					      .at_ms = r->now_ms,
					      .round = t->round,
					      .ordinal = (int64_t)ordinal,
					      .kind = planned->kind,
					      .cls = planned->cls,
					      .key = key,
					      .request = planned->request,
					      .timeout_ms = timeout_ms,
					      .policy = policy,
				      });
	free(key);
	idtable_add(&r->effects, e->intent.id, e);
	record_intent(r, e);
	const char *name = NULL;
	if (strcmp(planned->kind, "work") == 0) {
		name = bldr_get_text(planned->args, "work");
	}
	event_effect_intended(r, e, name != NULL ? name : planned->kind);
}

/* The result is recorded; false when its policy has it tried again. */
static bool effect_settle(struct run *r, struct effect *e, const struct outcome *given, bool known)
{
	struct outcome o = *given;
	ASSERT(!e->ended && o.status >= BLDR_DONE && o.status <= BLDR_UNKNOWN);
	struct kept kept = { 0 };
	struct bldr_error err;
	if (o.status == BLDR_DONE &&
	    kept_make(&kept, o.value != NULL ? bldr_ref(o.value) : bldr_null(), &err) < 0) {
		bldr_error_prefix(&err, "the result cannot be kept");
		o = (struct outcome){ .status = BLDR_FAILED, .code = err.code, .error = err.text };
	}
	o.code = o.status != BLDR_DONE && o.code < 0 ? o.code : status_codes[o.status];
	o.error = o.error != NULL ? o.error : status_texts[o.status];
	if (o.status != BLDR_DONE && !known && effect_retry(r, e, &o)) {
		return false;
	}
	e->ended = true;
	e->status = o.status;
	e->code = o.code;
	if (o.status == BLDR_DONE) {
		e->value = bldr_ref(kept.value);
	} else {
		e->error = error_text(o.error);
	}
	idtable_remove(&r->effects, e->intent.id);
	record_result(r, e, kept.text);
	kept_release(&kept);
	event_effect_ended(r, e, known);
	if (o.status == BLDR_TIMED_OUT || o.status == BLDR_CANCELLED) {
		late_add(r, e);
	}
	e->task->n_pending--;
	return true;
}

/* The results that are known already. True when those of the whole round are. */
static bool answer_at_once(struct run *r, struct task *t)
{
	struct arena *a = &r->update->arena;
	for (size_t i = 0; r->answer != NULL && i < t->n_effects; i++) {
		struct effect *e = t->effects[i];
		struct result_record result = { 0 };
		struct bldr_value *value = NULL;
		if (e->intent.cls == BLDR_LOCAL ||
		    !r->answer(r->answer_user, &e->intent, path_plain(t->path), a, &result)) {
			continue;
		}
		if (result.status == BLDR_DONE &&
		    bldr_value_parse(result.value, strlen(result.value), &value, NULL) < 0) {
			continue; /* then it is performed */
		}
		effect_settle(r, e,
			      &(struct outcome){
				      .status = result.status,
				      .code = result.code,
				      .value = value,
				      .error = result.error,
			      },
			      true);
		bldr_unref(value);
	}
	return t->n_pending == 0;
}

/* True when nothing is to be waited for: the round is to be absorbed at once. */
static bool prepare_round(struct run *r, struct task *t)
{
	struct bldr_plan plan;
	plan_init(&plan, t->node);
	if (t->node->prepare != NULL) {
		struct bldr_view view = view_of(t);
		t->node->prepare(&view, &plan);
	}
	for (size_t i = 0; plan.error.code == 0 && i < plan.n; i++) {
		intend(r, t, &plan.effects[i]);
	}
	bool at_once = plan.error.code == 0 && answer_at_once(r, t);
	if (plan.error.code != 0) {
		task_fail(r, t, plan.error.code, plan.error.text);
	}
	plan_release(&plan);
	return at_once;
}

/* How far a plan is what was intended: its first effect that differs, or how many there are. */
static size_t same_plan(const struct task *t, const struct bldr_plan *plan)
{
	size_t i = 0;
	while (i < plan->n && i < t->n_effects && plan->error.code == 0 &&
	       strcmp(plan->effects[i].kind, t->effects[i]->intent.kind) == 0 &&
	       plan->effects[i].cls == t->effects[i]->intent.cls &&
	       strcmp(plan->effects[i].request, t->effects[i]->intent.request) == 0) {
		i++;
	}
	return i;
}

void task_check_plan(struct run *r, const struct task *t)
{
	if (t->n_effects == 0 || t->node->prepare == NULL) {
		return;
	}
	struct bldr_plan plan;
	struct bldr_view view = view_of(t);
	plan_init(&plan, t->node);
	t->node->prepare(&view, &plan);
	size_t same = same_plan(t, &plan);
	if (same < t->n_effects || plan.n > t->n_effects || plan.error.code != 0) {
		event_task_diverged(r, t, same);
	}
	plan_release(&plan);
}

/* Rounds without effects follow each other at once; that they do so in a loop spares the stack. */
static void task_prepare(struct run *r, struct task *t)
{
	bool go_on = true;
	while (go_on) {
		go_on = prepare_round(r, t) && absorb_round(r, t);
	}
}

void task_absorb(struct run *r, struct task *t)
{
	if (absorb_round(r, t)) {
		task_prepare(r, t);
	}
}

/* A send's input may not reach a channel whose sum goes out: it would be taken for the child's. */
static int check_child_input(const struct task *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->node->out.n; i++) {
		const struct channel *inner = &t->node->sub->channels[t->node->out.at[i].inner];
		bool told_apart = inner->reducer == BLDR_LAST || inner->reducer == BLDR_EPHEMERAL ||
			inner->reducer == BLDR_MESSAGES;
		if (!told_apart && bldr_get(t->input, inner->name) != NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "the input sets channel \"%s\", which is %s and goes "
					      "out of the subgraph",
					      inner->name, reducer_name(inner->reducer));
		}
	}
	return 0;
}

static int fill_child(const struct run *r, const struct task *t, struct frame *child,
		      struct bldr_error *err)
{
	uint64_t seed = step_start_seed(r, child);
	struct mint mint = { .seed = ~seed };
	if (t->node->persistent) {
		frame_keep(child, t->frame->cells[t->node->kept_channel].value);
	}
	for (size_t i = 0; i < t->node->in.n; i++) {
		const struct passage *p = &t->node->in.at[i];
		struct bldr_value *value = channel_shows(&t->frame->graph->channels[p->outer],
							 t->frame->cells[p->outer].value);
		int rc = value != NULL ? frame_put(child, p->inner, value, &mint, err) : 0;
		bldr_unref(value);
		if (rc < 0) {
			return rc;
		}
	}
	int rc = check_child_input(t, err);
	return rc == 0 ? frame_input(child, t->input, seed, err) : rc;
}

/* What a persistent subgraph keeps is kept once: it cannot run twice side by side. */
static int check_alone(const struct task *t, struct bldr_error *err)
{
	const struct tasks *tasks = &t->frame->tasks;
	for (size_t i = 0; t->node->persistent && &tasks->at[i] != t; i++) {
		if (tasks->at[i].node == t->node) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "it keeps its channels and would run twice in one "
					      "superstep");
		}
	}
	return 0;
}

static void task_open(struct run *r, struct task *t)
{
	struct bldr_error err;
	struct frame *child = frame_new(t->node->sub, t->id, t);
	if (check_alone(t, &err) < 0 || fill_child(r, t, child, &err) < 0) {
		frame_free(child);
		bldr_error_prefix(&err, "node \"%s\"", t->node->name);
		task_fail(r, t, err.code, err.text);
		return;
	}
	t->child = child;
	run_ready(r, child);
}

void task_start(struct run *r, struct task *t, bool again)
{
	if (!again) {
		t->begun_ms = r->now_ms;
		event_task_started(r, t);
	}
	if (t->node->sub != NULL) {
		task_open(r, t);
	} else {
		task_prepare(r, t);
	}
}

static bool goes_in(const struct node *node, size_t outer)
{
	for (size_t i = 0; i < node->in.n; i++) {
		if (node->in.at[i].outer == outer) {
			return true;
		}
	}
	return false;
}

/* What the child's channel amounts to as a write to the parent's, or NULL. The caller owns it. */
static struct bldr_value *passed_out(const struct task *t, const struct passage *p)
{
	const struct channel *inner = &t->node->sub->channels[p->inner];
	const struct channel *outer = &t->frame->graph->channels[p->outer];
	const struct cell *cell = &t->child->cells[p->inner];
	if (inner->reducer == BLDR_MESSAGES && outer->reducer == BLDR_MESSAGES) {
		return messages_difference(t->frame->cells[p->outer].value, cell->value,
					   goes_in(t->node, p->outer));
	}
	return cell->written ? channel_shows(inner, cell->value) : NULL;
}

static void pass_out(struct task *t)
{
	for (size_t i = 0; i < t->node->out.n; i++) {
		const struct passage *p = &t->node->out.at[i];
		struct bldr_value *value = passed_out(t, p);
		if (value != NULL) {
			patch_write(&t->patch, p->outer, value);
		}
	}
}

/* The child's task that spoke to the parent, or NULL. */
static struct task *speaker(const struct frame *child)
{
	for (size_t i = 0; i < child->tasks.n; i++) {
		if (child->tasks.at[i].patch.up) {
			return &child->tasks.at[i];
		}
	}
	return NULL;
}

/* What it said to the parent becomes what t says. */
static void take_over(struct task *t, const struct bldr_patch *said)
{
	for (size_t i = 0; i < said->writes.n; i++) {
		const struct write *w = &said->writes.at[i];
		patch_take(&t->patch, w);
	}
	for (size_t i = 0; i < said->targets.n; i++) {
		patch_target(&t->patch, said->targets.at[i]);
	}
}

/* The child's tasks go with it: those that said it to the parent, and those beside them, whose writes are dropped. */
static void dismiss_child(struct run *r, struct task *t)
{
	struct frame *child = t->child;
	if (child == NULL || child->ended) { /* NULL: a handler has taken t over */
		return;
	}
	if (t->state == TASK_ENDED) {
		step_dismiss(r, child);
	} else {
		step_record_ended(r, child); /* t is tried again with what they said */
	}
}

void task_child_ended(struct run *r, struct task *t)
{
	const struct task *said = speaker(t->child);
	patch_begin(r, t);
	if (said != NULL) {
		take_over(t, &said->patch);
	} else {
		pass_out(t);
	}
	if (t->node->persistent) {
		patch_write(&t->patch, t->node->kept_channel, frame_kept(t->child));
	}
	struct bldr_view view = {
		.input = t->input,
		.now_ms = t->frame->at_ms,
		.seed = t->seed,
	};
	task_end(r, t, &view);
	dismiss_child(r, t);
	frame_free(t->child);
	t->child = NULL;
}

void effect_end(struct run *r, struct effect *e, const struct outcome *o)
{
	struct task *t = e->task;
	if (effect_settle(r, e, o, false) && t->n_pending == 0) {
		task_absorb(r, t);
	}
}
