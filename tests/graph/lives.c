#include "lives.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void lives_begin_as(struct lives *l, const struct teller *t)
{
	*l = (struct lives){ .n = 1 };
	l->at[0] = *t;
	l->updates[0] = t->n;
	l->times[0] = t->now_ms;
}

void lives_begin(struct lives *l, const struct bldr_graph *g, const char *input)
{
	struct teller t = teller_begin(g, input);
	lives_begin_as(l, &t);
}

struct teller *lives_now(struct lives *l)
{
	return &l->at[l->n - 1];
}

static void play(struct lives *l, const struct act *a)
{
	struct teller *t = lives_now(l);
	switch (a->what) {
	case ACT_DONE:
		teller_done(t, a->effect, a->text);
		break;
	case ACT_FAILED:
		teller_failed_after(t, a->effect, (int)a->number, a->text, a->after_ms);
		break;
	case ACT_TIMEOUT:
		teller_failed(t, a->effect, BLDR_TIMED_OUT, a->text);
		break;
	case ACT_INPUT:
		teller_apply(t, BLDR_START, a->text, STEP_INPUT, false);
		break;
	case ACT_UPDATE:
		teller_apply(t, a->node, a->text, STEP_UPDATE, true);
		break;
	case ACT_ENQUEUE:
		teller_enqueue(t, a->text);
		break;
	case ACT_CANCEL:
		teller_cancel(t);
		break;
	case ACT_DRAIN:
		run_drain(t->run);
		break;
	case ACT_EXPIRE:
		teller_expire(t, a->number);
		break;
	case ACT_WAIT:
		t->now_ms = a->number;
		break;
	case ACT_EMIT:
		teller_emit(t, a->effect, a->node, a->text);
		break;
	case ACT_RESUME:
		l->at[l->n] = teller_resume(t, t->n);
		l->n++;
		break;
	}
}

void lives_act(struct lives *l, struct act a)
{
	assert_true(l->n_acts < ACTS_MAX && l->n < ACTS_MAX);
	l->acts[l->n_acts++] = a;
	play(l, &a);
	l->updates[l->n_acts] = lives_now(l)->n;
	l->times[l->n_acts] = lives_now(l)->now_ms;
}

void lives_tell(struct lives *l, struct act a, const char *text)
{
	teller_skip(lives_now(l));
	lives_act(l, a);
	teller_expect(lives_now(l), text);
}

void lives_tell_only(struct lives *l, struct act a, const char *words, const char *text)
{
	teller_skip(lives_now(l));
	lives_act(l, a);
	teller_expect_only(lives_now(l), words, text);
}

static void expect_same(const struct update *first, const struct update *again, size_t act,
			size_t crash)
{
	struct buf told[2];
	buf_init(&told[0], 64 << 20);
	buf_init(&told[1], 64 << 20);
	update_tell(&told[0], first, again->last_event - first->last_event);
	update_tell(&told[1], again, 0);
	if (strcmp(told[0].data, told[1].data) != 0) {
		fail_msg("act %zu after a crash after act %zu:\n%s\nwithout it:\n%s", act, crash,
			 told[1].data, told[0].data);
	}
	assert_int_equal(first->next_id, again->next_id);
	assert_int_equal(first->root, again->root);
	assert_int_equal(first->step, again->step);
	buf_release(&told[0]);
	buf_release(&told[1]);
}

static void expect_same_rest(const struct teller *first, const struct teller *again)
{
	const struct intent_record *left[64];
	const struct intent_record *right[64];
	size_t n = story_pending(first->run, left, 64);
	assert_int_equal(story_pending(again->run, right, 64), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(left[i]->id, right[i]->id);
		assert_string_equal(left[i]->key, right[i]->key);
		assert_string_equal(left[i]->request, right[i]->request);
		assert_int_equal(left[i]->tries, right[i]->tries);
		assert_int_equal(left[i]->due_ms, right[i]->due_ms);
		assert_int_equal(left[i]->at_ms, right[i]->at_ms);
		assert_int_equal(left[i]->timeout_ms, right[i]->timeout_ms);
		assert_ptr_equal(left[i]->policy, right[i]->policy);
	}
	assert_int_equal(run_deadline(first->run), run_deadline(again->run));
	char *states[2] = { story_state(first->run), story_state(again->run) };
	assert_string_equal(states[0], states[1]);
	free(states[0]);
	free(states[1]);
}

/* What the world asks of a running thread takes it up; of others, it is only read. */
static struct teller rebuilt(const struct lives *l, struct teller *whole, size_t crash)
{
	size_t n = l->updates[crash];
	whole->now_ms = l->times[crash];
	if (whole->updates[n - 1]->status == RUN_RUNNING) {
		return teller_resume(whole, n);
	}
	return teller_load(whole, n);
}

static void live_again(struct lives *l, size_t crash)
{
	struct lives again = { .n = 1 };
	struct teller *whole = lives_now(l);
	int64_t now_ms = whole->now_ms;
	again.at[0] = rebuilt(l, whole, crash);
	whole->now_ms = now_ms;
	for (size_t i = crash; i < l->n_acts; i++) {
		play(&again, &l->acts[i]);
		if (l->updates[i + 1] != l->updates[i]) {
			const struct teller *t = lives_now(&again);
			expect_same(whole->updates[l->updates[i + 1] - 1], t->updates[t->n - 1],
				    i + 1, crash);
		}
	}
	expect_same_rest(whole, lives_now(&again));
	while (again.n > 0) {
		teller_free(&again.at[--again.n]);
	}
}

void lives_end(struct lives *l)
{
	for (size_t crash = 0; crash <= l->n_acts; crash++) {
		/* What a host asked of the run that was lost is asked anew by nobody. */
		if (crash == 0 || l->acts[crash - 1].what != ACT_DRAIN) {
			live_again(l, crash);
		}
	}
	while (l->n > 0) {
		teller_free(&l->at[--l->n]);
	}
}
