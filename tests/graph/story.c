#include "story.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"

static const char *const classes[] = { "pure", "keyed", "once", "local" };
static const char *const forms[] = { "=", "+", "-" };
static const char *const statuses[] = { "done", "failed", "timed_out", "cancelled", "unknown" };

static void tell_step(struct buf *b, const struct step_record *s)
{
	static const char *const sources[] = { " input", "", " update", " fork", " migrate" };
	buf_printf(b, "step %" PRId64 ".%" PRId64 " @%" PRId64 "%s%s%s", s->frame, s->step,
		   s->at_ms, s->base ? " base" : "",
		   s->source == STEP_INPUT && s->step == 0 ? "" : sources[s->source],
		   s->held ? " held" : "");
	if (s->from_frame >= 0) {
		buf_printf(b, " of %" PRId64 ".%" PRId64, s->from_frame, s->from_step);
	}
	if (s->first != 0) {
		buf_printf(b, " first %" PRId64, s->first);
	}
	for (size_t i = 0; i < s->writes.n; i++) {
		const struct step_write *w = &s->writes.at[i];
		buf_printf(b, " %s%s%s", w->channel, forms[w->form],
			   w->form != WRITE_CLEAR ? w->text : "");
	}
	buf_puts(b, " |");
	for (size_t i = 0; i < s->tasks.n; i++) {
		const struct step_task *t = &s->tasks.at[i];
		buf_printf(b, " %" PRId64 ":%s", t->id, t->node);
		if (t->send >= 0) {
			buf_printf(b, ":%" PRId64 "(%s)", t->send, t->input != NULL ? t->input : "");
		}
	}
	buf_putc(b, '\n');
}

static void tell_waiting(struct buf *b, const struct update *u)
{
	for (size_t i = 0; i < u->handlers.n; i++) {
		const struct handler_record *h = &u->handlers.at[i];
		buf_printf(b, "handler %" PRId64 " @%" PRId64 " %s\n", h->task, h->at_ms, h->input);
	}
	for (size_t i = 0; i < u->retries.n; i++) {
		const struct retry_record *k = &u->retries.at[i];
		buf_printf(b, "retry %" PRId64 " tries %u due %" PRId64 "\n", k->effect, k->tries,
			   k->due_ms);
	}
	for (size_t i = 0; i < u->queued.n; i++) {
		const struct queued_record *q = &u->queued.at[i];
		buf_printf(b, "queued %" PRId64 " @%" PRId64 " %s\n", q->number, q->at_ms, q->input);
	}
	if (u->taken != 0) {
		buf_printf(b, "taken %" PRId64 "\n", u->taken);
	}
}

static void tell_intent(struct buf *b, const struct intent_record *i)
{
	buf_printf(b, "intent %" PRId64 " task %" PRId64 " try %" PRId64 " %s %s %s %s", i->id,
		   i->task, i->attempt, classes[i->cls], i->kind, i->key, i->request);
	buf_printf(b, i->timeout_ms != 0 ? " %u ms\n" : "\n", i->timeout_ms);
}

void update_tell(struct buf *b, const struct update *u, int64_t later)
{
	for (size_t i = 0; i < u->steps.n; i++) {
		tell_step(b, &u->steps.at[i]);
	}
	for (size_t i = 0; i < u->patches.n; i++) {
		buf_printf(b, "patch %" PRId64 " %s\n", u->patches.at[i].task,
			   u->patches.at[i].text);
	}
	for (size_t i = 0; i < u->rounds.n; i++) {
		const struct round_record *k = &u->rounds.at[i];
		buf_printf(b, "round %" PRId64 ".%" PRId64 " @%" PRId64 " %s\n", k->task, k->round,
			   k->at_ms, k->kept != NULL ? k->kept : "-");
	}
	tell_waiting(b, u);
	for (size_t i = 0; i < u->intents.n; i++) {
		tell_intent(b, &u->intents.at[i]);
	}
	for (size_t i = 0; i < u->results.n; i++) {
		const struct result_record *s = &u->results.at[i];
		buf_printf(b, "result %" PRId64 " %s %s\n", s->effect, statuses[s->status],
			   s->status == BLDR_DONE ? s->value : s->error);
	}
	for (size_t i = 0; i < u->events.n; i++) {
		const struct event_record *e = &u->events.at[i];
		buf_printf(b, "event %" PRId64 " %s %s\n", e->seq + later, e->type, e->data);
	}
	if (u->status == RUN_FAILED) {
		buf_printf(b, "failed %s\n", u->error);
	} else {
		static const char *const texts[] = { "running", "done", "failed", "paused" };
		buf_printf(b, "%s\n", texts[u->status]);
	}
}

static struct update *next_update(struct teller *t)
{
	t->updates = xrealloc(t->updates, (t->n + 1) * sizeof(*t->updates));
	t->updates[t->n] = xcalloc(1, sizeof(struct update));
	return t->updates[t->n++];
}

struct teller teller_new(const struct bldr_graph *g)
{
	struct teller t = { .graph = g };
	buf_init(&t.text, 64 << 20);
	return t;
}

struct bldr_value *json(const char *text)
{
	struct bldr_value *v = NULL;
	struct bldr_error err;
	if (text != NULL && bldr_value_parse(text, strlen(text), &v, &err) < 0) {
		fail_msg("%s: %s", text, err.text);
	}
	return v;
}

/* What a host would say to a run that it takes up. */
static void prepare_run(struct teller *t)
{
	run_record_updates(t->run, t->record_updates);
	run_interrupt_also(t->run, t->before, t->after);
	run_set_answers(t->run, t->answer, t->answer_user);
}

struct teller teller_begin(const struct bldr_graph *g, const char *input)
{
	struct teller t = teller_new(g);
	teller_begin_as(&t, input);
	return t;
}

void teller_begin_as(struct teller *t, const char *input)
{
	struct bldr_value *v = json(input);
	struct bldr_error err;
	t->run = run_new(t->graph, "t", STORY_SEED);
	prepare_run(t);
	struct update *u = next_update(t);
	if (run_begin(t->run, v, 0, u, &err) < 0) {
		fail_msg("%s", err.text);
	}
	update_tell(&t->text, u, 0);
	bldr_unref(v);
}

void teller_free(struct teller *t)
{
	for (size_t i = t->borrowed; i < t->n; i++) {
		update_release(t->updates[i]);
		free(t->updates[i]);
	}
	free(t->updates);
	run_free(t->run);
	buf_release(&t->text);
}

void teller_done(struct teller *t, int64_t effect, const char *value)
{
	struct bldr_value *v = json(value);
	struct update *u = next_update(t);
	run_deliver(t->run, effect, BLDR_DONE, 0, v, NULL, ++t->now_ms, u);
	update_tell(&t->text, u, 0);
	bldr_unref(v);
}

void teller_failed(struct teller *t, int64_t effect, enum bldr_status status, const char *error)
{
	teller_failed_code(t, effect, status, 0, error);
}

void teller_failed_code(struct teller *t, int64_t effect, enum bldr_status status, int code,
			const char *error)
{
	struct update *u = next_update(t);
	run_deliver(t->run, effect, status, code, NULL, error, ++t->now_ms, u);
	update_tell(&t->text, u, 0);
}

void teller_failed_after(struct teller *t, int64_t effect, int code, const char *error,
			 int64_t retry_after_ms)
{
	struct update *u = next_update(t);
	run_deliver_failure(t->run, effect, code, error, retry_after_ms, ++t->now_ms, u);
	update_tell(&t->text, u, 0);
}

/* Tells what came of a call that may be refused; then it has no update. */
static int told(struct teller *t, int rc, const struct bldr_error *err)
{
	if (rc < 0) {
		struct update *u = t->updates[--t->n];
		assert_int_equal(u->events.n, 0);
		assert_int_equal(u->steps.n + u->results.n + u->queued.n, 0);
		update_release(u);
		free(u);
		buf_printf(&t->text, "refused %s\n", err->text);
		return rc;
	}
	update_tell(&t->text, t->updates[t->n - 1], 0);
	return 0;
}

int teller_apply(struct teller *t, const char *as_node, const char *values, enum step_source source,
		 bool hold)
{
	struct bldr_value *v = json(values);
	struct bldr_error err = { 0 };
	struct update *u = next_update(t);
	int rc = run_apply(t->run, as_node, v, source, hold, ++t->now_ms, u, &err);
	bldr_unref(v);
	return told(t, rc, &err);
}

int teller_enqueue(struct teller *t, const char *input)
{
	struct bldr_value *v = json(input);
	struct bldr_error err = { 0 };
	struct update *u = next_update(t);
	int rc = run_enqueue(t->run, v, ++t->now_ms, u, &err);
	bldr_unref(v);
	return told(t, rc, &err);
}

void teller_cancel(struct teller *t)
{
	struct update *u = next_update(t);
	run_cancel(t->run, ++t->now_ms, u);
	told(t, 0, NULL);
}

void teller_emit(struct teller *t, int64_t effect, const char *mode, const char *data)
{
	struct bldr_value *v = json(data);
	struct update *u = next_update(t);
	run_emit(t->run, effect, 1, mode, v, ++t->now_ms, u);
	bldr_unref(v);
	told(t, 0, NULL);
}

void teller_expire(struct teller *t, int64_t now_ms)
{
	struct update *u = next_update(t);
	t->now_ms = now_ms;
	run_expire(t->run, now_ms, u);
	told(t, 0, NULL);
}

static int by_frame(const void *a, const void *b)
{
	const struct step_record *left = *(const struct step_record *const *)a;
	const struct step_record *right = *(const struct step_record *const *)b;
	if (left->frame != right->frame) {
		return left->frame < right->frame ? -1 : 1;
	}
	return left->step < right->step ? -1 : left->step > right->step;
}

/* The steps of all frames that do not belong to another lineage than that of root. */
static void feed_steps(struct run *r, struct update *const *updates, size_t n, int64_t root,
		       int64_t up_to)
{
	size_t total = 0;
	if (root != 0) {
		run_restore_root(r, root);
	}
	for (size_t i = 0; i < n; i++) {
		total += updates[i]->steps.n;
	}
	const struct step_record **steps = xcalloc(total + 1, sizeof(*steps));
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t s = 0; s < updates[i]->steps.n; s++) {
			const struct step_record *at = &updates[i]->steps.at[s];
			if (up_to < 0 || (at->frame == root && at->step <= up_to)) {
				steps[k++] = at;
			}
		}
	}
	total = k;
	if (total > 1) {
		qsort(steps, total, sizeof(*steps), by_frame);
	}
	size_t base = 0; /* the last of its frame: what stands before it is needless */
	for (size_t i = 0; i < total; i++) {
		base = i == 0 || steps[i]->frame != steps[i - 1]->frame || steps[i]->base ? i
											  : base;
		if (i + 1 < total && steps[i + 1]->frame == steps[i]->frame) {
			continue;
		}
		for (size_t at = base; at <= i; at++) {
			struct bldr_error err;
			if (run_restore_step(r, steps[at], &err) < 0) {
				fail_msg("%s", err.text);
			}
		}
	}
	free(steps);
}

struct row {
	int64_t id;
	const void *record;
};

static int by_id(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;
	return (left->id > right->id) - (left->id < right->id);
}

/* Feeds all records of one list in order of id. */
#define FEED(list, type, id_field, restore)                                              \
	do {                                                                             \
		struct row *rows = NULL;                                                 \
		size_t n_rows = 0;                                                       \
		for (size_t i = 0; i < n; i++) {                                         \
			size_t size = (n_rows + updates[i]->list.n + 1) * sizeof(*rows); \
			rows = xrealloc(rows, size);                                     \
			for (size_t k = 0; k < updates[i]->list.n; k++) {                \
				const struct type *at = &updates[i]->list.at[k];         \
				rows[n_rows++] = (struct row){ at->id_field, at };       \
			}                                                                \
		}                                                                        \
		qsort(rows, n_rows, sizeof(*rows), by_id);                               \
		for (size_t i = 0; i < n_rows; i++) {                                    \
			struct bldr_error err;                                           \
			assert_true(i == 0 || rows[i].id != rows[i - 1].id);             \
			if (restore(r, (const struct type *)rows[i].record, &err) < 0) { \
				fail_msg("%s", err.text);                                \
			}                                                                \
		}                                                                        \
		free(rows);                                                              \
	} while (0)

/* Intents as a journal keeps them: with what the retries say. */
static void feed_intents(struct run *r, struct update *const *updates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < updates[i]->intents.n; k++) {
			struct intent_record intent = updates[i]->intents.at[k];
			struct bldr_error err;
			intent.tries = 0; /* only what was recorded counts */
			intent.due_ms = 0;
			intent.policy = NULL;
			for (size_t j = i; j < n; j++) {
				for (size_t m = 0; m < updates[j]->retries.n; m++) {
					const struct retry_record *again =
						&updates[j]->retries.at[m];
					if (again->effect == intent.id) {
						intent.tries = again->tries;
						intent.due_ms = again->due_ms;
					}
				}
			}
			if (run_restore_intent(r, &intent, &err) < 0) {
				fail_msg("%s", err.text);
			}
		}
	}
}

/* The last one of each task. */
static void feed_handlers(struct run *r, struct update *const *updates, size_t n)
{
	int64_t fed[256];
	size_t n_fed = 0;
	for (size_t i = n; i > 0; i--) {
		for (size_t k = updates[i - 1]->handlers.n; k > 0; k--) {
			const struct handler_record *h = &updates[i - 1]->handlers.at[k - 1];
			struct bldr_error err;
			bool known = false;
			for (size_t f = 0; f < n_fed; f++) {
				known = known || fed[f] == h->task;
			}
			if (known) {
				continue;
			}
			assert_true(n_fed < 256);
			fed[n_fed++] = h->task;
			if (run_restore_handler(r, h, &err) < 0) {
				fail_msg("%s", err.text);
			}
		}
	}
}

static void feed_queued(struct run *r, struct update *const *updates, size_t n)
{
	int64_t taken = 0;
	for (size_t i = 0; i < n; i++) {
		taken = updates[i]->taken != 0 ? updates[i]->taken : taken;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < updates[i]->queued.n; k++) {
			struct bldr_error err;
			if (updates[i]->queued.at[k].number > taken &&
			    run_restore_queued(r, &updates[i]->queued.at[k], &err) < 0) {
				fail_msg("%s", err.text);
			}
		}
	}
}

struct run *story_restore(const struct bldr_graph *g, struct update *const *updates, size_t n)
{
	struct run *r = run_new(g, "t", STORY_SEED);
	feed_steps(r, updates, n, updates[n - 1]->root, -1);
	FEED(patches, patch_record, task, run_restore_patch);
	for (size_t i = 0; i < n; i++) { /* all of them: the last one of a task is what counts */
		for (size_t k = 0; k < updates[i]->rounds.n; k++) {
			struct bldr_error err;
			if (run_restore_round(r, &updates[i]->rounds.at[k], &err) < 0) {
				fail_msg("%s", err.text);
			}
		}
	}
	feed_handlers(r, updates, n);
	feed_intents(r, updates, n);
	FEED(results, result_record, effect, run_restore_result);
	feed_queued(r, updates, n);
	return r;
}

/* A teller of the same thread whose first n updates are borrowed from t. */
static struct teller teller_again(const struct teller *t, size_t n)
{
	struct teller again = teller_new(t->graph);
	again.updates = xmalloc((n + 1) * sizeof(*again.updates));
	memcpy(again.updates, t->updates, n * sizeof(*again.updates));
	again.n = n;
	again.borrowed = n;
	again.now_ms = t->now_ms;
	again.record_updates = t->record_updates;
	again.before = t->before;
	again.after = t->after;
	again.answer = t->answer;
	again.answer_user = t->answer_user;
	return again;
}

struct teller teller_load(const struct teller *t, size_t n)
{
	struct teller again = teller_again(t, n);
	struct bldr_error err;
	const struct update *last = t->updates[n - 1];
	again.run = story_restore(t->graph, t->updates, n);
	prepare_run(&again);
	if (run_at_rest(again.run, last->next_id, last->last_event, last->status, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return again;
}

static struct run *at_rest(const struct teller *t)
{
	const struct update *last = t->updates[t->n - 1];
	struct run *r = story_restore(t->graph, t->updates, t->n);
	struct bldr_error err;
	if (run_at_rest(r, last->next_id, last->last_event, last->status, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return r;
}

struct teller teller_fork(const struct teller *t, int64_t frame, int64_t step, bool other)
{
	struct teller fork = teller_again(t, other ? 0 : t->n);
	struct bldr_error err;
	fork.run = run_new(t->graph, other ? "f" : "t", STORY_SEED);
	feed_steps(fork.run, t->updates, t->n, frame, step);
	prepare_run(&fork);
	struct update *u = next_update(&fork);
	if (!other) {
		struct run *was = at_rest(t);
		run_give_up(was, fork.run, ++fork.now_ms, u);
		run_free(was);
	}
	if (run_fork(fork.run, !other, u->next_id, u->last_event, fork.now_ms, u, &err) < 0) {
		fail_msg("%s", err.text);
	}
	update_tell(&fork.text, u, 0);
	return fork;
}

struct teller teller_migrate(const struct teller *t, const struct bldr_graph *g,
			     struct bldr_value *(*change)(const struct bldr_value *parked))
{
	struct teller next = teller_again(t, t->n);
	struct bldr_error err = { 0 };
	const struct update *last = t->updates[t->n - 1];
	struct run *was = at_rest(t);
	struct bldr_value *parked = run_parked(was);
	struct bldr_value *changed = change != NULL ? change(parked) : bldr_ref(parked);
	struct update *u = next_update(&next);
	next.graph = g;
	next.run = run_new(g, "t", STORY_SEED);
	prepare_run(&next);
	run_give_up(was, next.run, ++next.now_ms, u);
	int rc = run_migrate(next.run, changed, last->root, last->step, u->next_id, u->last_event,
			     next.now_ms, u, &err);
	if (rc < 0) {
		buf_printf(&next.text, "refused %s\n", err.text);
	} else {
		update_tell(&next.text, u, 0);
	}
	bldr_unref(changed);
	bldr_unref(parked);
	run_free(was);
	return next;
}

struct teller teller_resume(const struct teller *t, size_t n)
{
	struct teller again = teller_again(t, n);
	struct bldr_error err;
	const struct update *last = t->updates[n - 1];
	again.run = story_restore(t->graph, t->updates, n);
	prepare_run(&again);
	struct update *u = next_update(&again);
	if (run_restored(again.run, last->next_id, last->last_event, last->status, again.now_ms, u,
			 &err) < 0) {
		fail_msg("%s", err.text);
	}
	update_tell(&again.text, u, 0);
	return again;
}

void teller_skip(struct teller *t)
{
	buf_clear(&t->text);
}

static void expect(const char *told, const char *text)
{
	if (strcmp(told, text) != 0) {
		fail_msg("told:\n%s\nexpected:\n%s", told, text);
	}
}

void teller_expect(struct teller *t, const char *text)
{
	expect(t->text.data, text);
	teller_skip(t);
}

void teller_expect_only(struct teller *t, const char *words, const char *text)
{
	struct buf kept;
	buf_init(&kept, 64 << 20);
	for (const char *line = t->text.data; *line != '\0';) {
		size_t size = strcspn(line, "\n") + 1;
		size_t word = strcspn(line, " \n");
		for (const char *w = words; *w != '\0';) {
			size_t n = strcspn(w, " ");
			if (n == word && strncmp(w, line, n) == 0) {
				buf_add(&kept, line, size);
			}
			w += n + (w[n] == ' ' ? 1 : 0);
		}
		line += size;
	}
	expect(kept.data, text);
	buf_release(&kept);
	teller_skip(t);
}

char *story_state(const struct run *r)
{
	struct bldr_value *v = run_state(r);
	char *text = bldr_value_text(v);
	bldr_unref(v);
	return text;
}

struct pending {
	const struct intent_record **at;
	size_t n, max;
};

static void note_pending(const struct intent_record *i, void *user)
{
	struct pending *p = user;
	assert_true(p->n < p->max);
	p->at[p->n++] = i;
}

size_t story_pending(const struct run *r, const struct intent_record **ret, size_t max)
{
	struct pending p = { .at = ret, .max = max };
	run_pending(r, note_pending, &p);
	return p.n;
}

struct bldr_graph *compiled(struct bldr_graph *g)
{
	struct bldr_error err;
	if (bldr_graph_compile(g, &err) < 0) {
		fail_msg("%s", err.text);
	}
	return g;
}
