/*
 * Graphs made at random, whose nodes decide by their recorded seed: plans, rounds, writes to channels of all
 * kinds, sends, gotos, routes, joins, deferred nodes, subgraphs that keep their channels or speak to their
 * parent, failures and retries. Each is run whole, run while being killed at random, and run
 * with its results in another order. All three must tell the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "story.h"

#ifndef CHAOS_ROUNDS
#define CHAOS_ROUNDS 25 /* a few seconds; define more for a long look */
#endif
enum { NODES = 6, ROUNDS = CHAOS_ROUNDS, BUSY = 14 };

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t dice(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static bool one_in(uint64_t *state, uint64_t n)
{
	return dice(state) % n == 0;
}

static const char *const names[NODES] = { "a", "b", "c", "d", "e", "f" };

struct part {
	int index;
	uint64_t seed;
	bool sends, routes, goes, deferred, inside;
};

static void chaos_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	uint64_t state = v->seed;
	for (uint64_t n = dice(&state) % 4; n > 1; n--) {
		struct bldr_value *args = bldr_object();
		bldr_object_set(args, "input", v->input != NULL ? bldr_ref(v->input) : bldr_null());
		bldr_object_set(args, "seen",
				bldr_int((int64_t)bldr_count(bldr_get(v->state, "log"))));
		bldr_object_set(args, "once", bldr_ref(bldr_get(v->state, "once")));
		bldr_object_set(args, "gate", bldr_ref(bldr_get(v->state, "gate")));
		bldr_plan_add(p, "thing", one_in(&state, 2) ? BLDR_PURE : BLDR_KEYED, args, 5);
	}
}

/* A node may go by the order of keys, so rebuilding may not change it. */
static void write_first_key(struct bldr_patch *p, const struct bldr_value *object)
{
	void *it = bldr_first(object);
	if (it != NULL) {
		bldr_patch_set(p, "log", bldr_text(bldr_key(it)));
	}
}

static struct bldr_value *backwards(int64_t i)
{
	struct bldr_value *object = bldr_object();
	bldr_object_set(object, "y", bldr_int(i));
	bldr_object_set(object, "x", bldr_null());
	return object;
}

/* Messages that come without an id, that replace another, that take all away. */
static void talk(struct bldr_patch *p, uint64_t *state)
{
	struct bldr_value *message = bldr_object();
	bldr_object_set(message, "n", bldr_int((int64_t)(dice(state) % 100)));
	if (one_in(state, 3)) {
		bldr_object_set(message, "id", bldr_text("pin"));
	}
	bldr_patch_set(p, "talk", message);
	if (one_in(state, 9)) {
		struct bldr_value *all = bldr_object();
		bldr_object_set(all, "remove", bldr_text("*"));
		bldr_patch_set(p, "talk", all);
	}
}

static struct bldr_value *largest(const struct bldr_value *value, const struct bldr_value *write,
				  struct bldr_error *err)
{
	(void)err;
	return bldr_ref(bldr_as_int(value, -1) > bldr_as_int(write, 0) ? value : write);
}

/* What only "a" does, which never runs twice in one superstep. */
static void write_alone(struct bldr_patch *p, uint64_t *state)
{
	bldr_patch_set(p, "x", bldr_int((int64_t)(dice(state) % 1000)));
	if (one_in(state, 2)) {
		bldr_patch_set(p, "once", bldr_int((int64_t)(dice(state) % 1000)));
	}
	if (one_in(state, 5)) {
		bldr_patch_replace(p, "all", backwards((int64_t)(dice(state) % 10)));
	}
}

/* In a subgraph its last node may end it, and say where the parent goes on. */
static bool speak(const struct part *part, struct bldr_patch *p, uint64_t *state)
{
	if (!part->inside || part->index != NODES - 1 || !one_in(state, 12)) {
		return false;
	}
	bldr_patch_parent(p);
	talk(p, state);
	bldr_patch_goto(p, names[1 + dice(state) % (NODES - 2)]);
	return true;
}

static void chaos_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	const struct part *part = v->config;
	uint64_t state = v->seed + 1;
	if (v->round < 3 && one_in(&state, 4)) {
		bldr_patch_again(p, one_in(&state, 3) ? NULL : backwards(v->round + (int64_t)n));
		return;
	}
	if (speak(part, p, &state)) {
		return;
	}
	if (v->kept != NULL) {
		bldr_patch_set(p, "log", bldr_ref(v->kept));
		write_first_key(p, v->kept);
	}
	for (size_t i = 0; i < n; i++) {
		if (results[i].status == BLDR_DONE) {
			bldr_patch_set(p, "log", bldr_ref(results[i].value));
			write_first_key(p, results[i].value);
		} else if (one_in(&state, 2)) {
			bldr_patch_fail(p, "%s", results[i].error);
		}
	}
	bldr_patch_set(p, "n", bldr_int(1));
	write_first_key(p, bldr_get(v->state, "all"));
	write_first_key(p, v->input);
	if (one_in(&state, 2)) {
		char key[16];
		struct bldr_value *object = bldr_object();
		snprintf(key, sizeof(key), "k%d", (int)(dice(&state) % 3));
		bldr_object_set(object, key, bldr_text(names[part->index]));
		bldr_patch_set(p, "all", object);
	}
	if (part->index == 0) {
		write_alone(p, &state);
	}
	if (one_in(&state, 2)) {
		talk(p, &state);
		bldr_patch_set(p, "most", bldr_int((int64_t)(dice(&state) % 1000)));
		bldr_patch_set(p, "gate", bldr_text(names[part->index % 3]));
	}
	if (part->goes && bldr_get_int(v->state, "n", 0) < BUSY) {
		bldr_patch_goto(p, names[1 + dice(&state) % (NODES - 2)]);
	}
	if (part->sends && bldr_get_int(v->state, "n", 0) < BUSY) {
		for (uint64_t sends = dice(&state) % 4; sends > 0; sends--) {
			bldr_patch_send(p, names[1 + dice(&state) % (NODES - 2)],
					one_in(&state, 3) ? NULL : backwards((int64_t)sends));
		}
	}
}

static void chaos_route(const struct bldr_view *v, struct bldr_route *r)
{
	const struct part *part = v->config;
	uint64_t state = v->seed + 2;
	if (part == NULL || bldr_get_int(v->state, "n", 0) >= BUSY) {
		return;
	}
	bldr_route_to(r, names[dice(&state) % (NODES - 1)]);
	if (one_in(&state, 3)) {
		bldr_route_send(r, names[1 + dice(&state) % (NODES - 2)], bldr_ref(v->state));
	}
}

static void chaos_channels(struct bldr_graph *g)
{
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_channel(g, "all", BLDR_MERGE);
	bldr_graph_channel(g, "x", BLDR_LAST);
	bldr_graph_channel(g, "talk", BLDR_MESSAGES);
	bldr_graph_channel(g, "once", BLDR_EPHEMERAL);
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){
				       .name = "gate",
				       .reducer = BLDR_BARRIER,
				       .names = NAMES("a", "b", "c"),
			       });
	bldr_graph_add_channel(g,
			       &(struct bldr_channel){
				       .name = "most",
				       .reducer = BLDR_CUSTOM,
				       .reduce = largest,
				       .reduce_name = "largest",
			       });
}

/*
 * A chain from START on. Whatever else leads to a node comes by a join of two before it, or by edges when it is
 * deferred: by plain edges it would run several times.
 */
static void chaos_edges(struct bldr_graph *g, uint64_t *state, const struct part parts[NODES])
{
	bldr_graph_edge(g, BLDR_START, "a");
	for (int k = 1; k < NODES; k++) {
		bldr_graph_edge(g, names[k - 1], names[k]);
		for (int i = 0; i < k - 1; i++) {
			if (one_in(state, 3) && parts[k].deferred) {
				bldr_graph_edge(g, names[i], names[k]);
			}
		}
		if (k > 1 && one_in(state, 3)) {
			int j = 1 + (int)(dice(state) % (uint64_t)(k - 1));
			int i = (int)(dice(state) % (uint64_t)j);
			bldr_graph_join(g, NAMES(names[j], names[i]), names[k]);
		}
	}
}

/* Retries, pauses and time. */
static void chaos_life(struct bldr_graph *g, uint64_t *state)
{
	static const int on[] = { BLDR_E_FAILED, BLDR_E_TIMEOUT, 0 };
	static const struct bldr_retry retry = { .attempts = 2, .on = on };
	if (one_in(state, 2)) {
		bldr_graph_policy(g, &(struct bldr_policy){ .kind = "thing", .retry = &retry });
	}
	bldr_graph_interrupt(g, one_in(state, 5) ? NAMES("c") : NULL,
			     one_in(state, 5) ? NAMES("b") : NULL);
	if (one_in(state, 5)) {
		bldr_graph_step_timeout(g, 40);
	}
}

/* The last node is a subgraph when there is one; it takes no sends. */
static void chaos_subgraph(struct bldr_graph *g, const struct part *part,
			   const struct bldr_graph *sub, bool persistent)
{
	bldr_graph_add_subgraph(g,
				&(struct bldr_subgraph){
					.name = names[part->index],
					.graph = sub,
					.in = persistent ? NAMES("x", "talk") : NAMES("x", "all"),
					.out = persistent ? NAMES("talk")
							  : NAMES("log", "n", "talk"),
					.gotos = NAMES("b", "c", "d", "e"),
					.persistent = persistent,
					.deferred = part->deferred,
				});
}

static struct bldr_graph *chaos_graph(uint64_t *state, struct part parts[NODES],
				      const struct bldr_graph *sub)
{
	struct bldr_graph *g = bldr_graph_new("chaos", 1);
	chaos_channels(g);
	const char *const *others = NAMES("b", "c", "d", "e");
	for (int i = 0; i < NODES; i++) {
		parts[i] = (struct part){ .index = i, .seed = dice(state), .inside = sub == NULL };
		parts[i].sends = one_in(state, 3);
		parts[i].routes = one_in(state, 2);
		parts[i].goes = one_in(state, 4);
		parts[i].deferred = i > 1 && one_in(state, 4);
		if (i == NODES - 1 && sub != NULL) {
			chaos_subgraph(g, &parts[i], sub, one_in(state, 2));
			continue;
		}
		bldr_graph_node(
			g,
			&(struct bldr_node){
				.name = names[i],
				.reads = one_in(state, 2) ? NULL
							  : NAMES("n", "log", "all", "once", "gate"),
				.writes = NAMES("log", "n", "all", "talk", "most", "gate",
						i == 0 ? "x" : "log", i == 0 ? "once" : "log"),
				.sends = parts[i].sends ? others : NULL,
				.gotos = parts[i].goes ? others : NULL,
				.prepare = chaos_prepare,
				.absorb = chaos_absorb,
				.config = &parts[i],
				.deferred = parts[i].deferred,
				.on_error = i < 4 && one_in(state, 3) ? "e" : NULL,
				.timeout_ms = one_in(state, 6) ? 20 : 0,
			});
		if (parts[i].routes) {
			bldr_graph_route(g, names[i], chaos_route, NAMES("a", "b", "c", "d", "e"));
		}
	}
	chaos_edges(g, state, parts);
	chaos_life(g, state);
	return compiled(g);
}

/* What the world answers depends on the key, the attempt and the try only. */
static void answer(struct teller *t, uint64_t pick, uint64_t world)
{
	const struct intent_record *pending[1000];
	size_t n = story_pending(t->run, pending, 1000);
	const struct intent_record *i = pending[pick % n];
	uint64_t turn = (uint64_t)i->attempt + 1000 * i->tries;
	uint64_t state = hash_xx64(i->key, strlen(i->key)) ^ world ^ turn;
	if (one_in(&state, 10)) {
		teller_failed(t, i->id, one_in(&state, 2) ? BLDR_FAILED : BLDR_TIMED_OUT, i->key);
		return;
	}
	char value[200];
	snprintf(value, sizeof(value),
		 one_in(&state, 3) ? "{\"z\":\"%s\",\"a\":%d}" : "[\"%s\",%d]", i->key,
		 (int)(dice(&state) % 100));
	teller_done(t, i->id, value);
}

static void live_again(struct teller *t, struct teller *former, size_t *n)
{
	former[(*n)++] = *t;
	*t = teller_resume(&former[*n - 1], former[*n - 1].n);
}

static void free_all(struct teller *t, struct teller *former, size_t n)
{
	teller_free(t);
	while (n > 0) {
		teller_free(&former[--n]);
	}
}

/* What the records were about. */
static struct {
	size_t joins, deferred, kept, passed, up;
} met;

static void meet(const struct update *u)
{
	for (size_t i = 0; i < u->steps.n; i++) {
		for (size_t w = 0; w < u->steps.at[i].writes.n; w++) {
			const struct step_write *write = &u->steps.at[i].writes.at[w];
			bool clears = write->form == WRITE_CLEAR;
			met.joins += strncmp(write->channel, "join:", 5) == 0 && clears;
			met.deferred += strncmp(write->channel, "defer:", 6) == 0 && clears;
			met.kept += strncmp(write->channel, "sub:", 4) == 0;
			met.passed += strcmp(write->channel, "once") == 0 && clears;
		}
	}
	for (size_t i = 0; i < u->patches.n; i++) {
		met.up += strstr(u->patches.at[i].text, "\"up\":true") != NULL;
	}
}

static void expect_same(const struct teller *a, const struct teller *b)
{
	const struct update *left = a->updates[a->n - 1];
	const struct update *right = b->updates[b->n - 1];
	struct buf told[2];
	meet(left);
	buf_init(&told[0], 64 << 20);
	buf_init(&told[1], 64 << 20);
	int64_t later = right->last_event - left->last_event;
	update_tell(&told[0], left, later);
	update_tell(&told[1], right, 0);
	if (strcmp(told[0].data, told[1].data) !=
	    0) { /* messages are cut: from the first difference on */
		size_t at = 0;
		while (told[0].data[at] == told[1].data[at]) {
			at++;
		}
		at -= at < 80 ? at : 80;
		fail_msg("killed:\n%.400s\nwhole:\n%.400s", told[1].data + at, told[0].data + at);
	}
	buf_release(&told[0]);
	buf_release(&told[1]);
}

/* A superstep of a root frame that the thread has been in. */
static const struct step_record *past_step(const struct teller *t, uint64_t pick)
{
	const struct step_record *found = NULL;
	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;
		for (size_t i = 0; i < t->n; i++) {
			const struct update *u = t->updates[i];
			for (size_t k = 0; k < u->steps.n; k++) {
				bool root = u->steps.at[k].frame == 0 ||
					u->steps.at[k].frame == u->root;
				if (root && pass == 1 && n == pick) {
					found = &u->steps.at[k];
				}
				n += root;
			}
		}
		pick = pass == 0 ? pick % n : pick;
	}
	return found;
}

static void go_back(struct teller *t, struct teller *former, size_t *n, uint64_t pick)
{
	const struct step_record *s = past_step(t, pick);
	former[(*n)++] = *t;
	*t = teller_fork(&former[*n - 1], s->frame, s->step, false);
}

/* Something else than a result; what it is depends on the dice and the status only. */
static void interfere(struct teller *t, struct teller *former, size_t *n, uint64_t order)
{
	enum run_status status = run_status(t->run);
	uint64_t pick = dice(&order);
	switch (pick % 6) {
	case 0:
		teller_apply(t, BLDR_START, "{\"log\":[\"input\"]}", STEP_INPUT, false);
		break;
	case 1:
		teller_apply(t, names[dice(&order) % 5], "{\"log\":[\"update\"]}", STEP_UPDATE,
			     true);
		break;
	case 2:
		teller_enqueue(t, "{\"log\":[\"queued\"]}");
		break;
	case 3:
		if (status == RUN_RUNNING) {
			teller_expire(t, t->now_ms + 15);
			break;
		} /* fallthrough */
	case 4:
		if (status == RUN_RUNNING || status == RUN_PAUSED) {
			teller_cancel(t);
			break;
		} /* fallthrough */
	default:
		go_back(t, former, n, dice(&order));
	}
}

enum { LIVES_MAX = 2000 };

/* Runs to the end, retrying what fails. The caller frees the end's state. */
static char *run_whole(const struct bldr_graph *g, uint64_t order, uint64_t world)
{
	static struct teller former[LIVES_MAX];
	size_t n = 0;
	struct teller t = teller_begin(g, NULL);
	while (run_status(t.run) != RUN_DONE) {
		assert_true(n < LIVES_MAX - 1);
		if (run_status(t.run) != RUN_RUNNING) {
			live_again(&t, former, &n);
		} else {
			answer(&t, dice(&order), world);
		}
	}
	char *text = story_state(t.run);
	free_all(&t, former, n);
	return text;
}

/* A process that takes the thread over: it runs what is running, and reads what is not. */
static void take_over(struct teller *t, struct teller *former, size_t *n)
{
	former[(*n)++] = *t;
	const struct teller *last = &former[*n - 1];
	*t = run_status(last->run) == RUN_RUNNING ? teller_resume(last, last->n)
						  : teller_load(last, last->n);
}

/* Beside one that is killed before every other result, or whatever else is done to it, many times over. */
static size_t live_and_be_killed(const struct bldr_graph *g, uint64_t order, uint64_t world)
{
	static struct teller former[2][LIVES_MAX];
	size_t n[2] = { 0 };
	size_t budget = 25;
	size_t paused = 0;
	size_t failures =
		0; /* some can never be mended, such as two writes that cannot be folded */
	uint64_t kills = order + 1;
	struct teller whole = teller_begin(g, NULL);
	struct teller killed = teller_begin(g, NULL);
	while ((run_status(whole.run) != RUN_DONE && failures < 30) || budget > 0) {
		enum run_status status = run_status(whole.run);
		assert_true(n[1] < LIVES_MAX - 4);
		uint64_t pick = dice(&order);
		bool other = budget > 0 &&
			(status == RUN_DONE || one_in(&order, status == RUN_RUNNING ? 12 : 2));
		if (one_in(&kills, 2)) {
			take_over(&killed, former[1], &n[1]);
		}
		if (other) {
			budget--;
			interfere(&whole, former[0], &n[0], pick);
			interfere(&killed, former[1], &n[1], pick);
		} else if (status == RUN_RUNNING) {
			answer(&whole, pick, world);
			answer(&killed, pick, world);
		} else {
			paused += status == RUN_PAUSED;
			failures += status == RUN_FAILED;
			live_again(&whole, former[0], &n[0]);
			live_again(&killed, former[1], &n[1]);
		}
		expect_same(&whole, &killed);
	}
	free_all(&whole, former[0], n[0]);
	free_all(&killed, former[1], n[1]);
	return paused;
}

/* The same beside one that is killed before every other result. */
static size_t run_killed(const struct bldr_graph *g, uint64_t order, uint64_t world)
{
	static struct teller former[2][LIVES_MAX];
	size_t n[2] = { 0 };
	size_t retries = 0;
	uint64_t kills = order + 1;
	struct teller whole = teller_begin(g, NULL);
	struct teller killed = teller_begin(g, NULL);
	while (run_status(whole.run) != RUN_DONE) {
		assert_true(n[1] < LIVES_MAX - 2);
		if (run_status(whole.run) != RUN_RUNNING) {
			live_again(&whole, former[0], &n[0]);
			live_again(&killed, former[1], &n[1]);
			retries++;
		} else {
			if (one_in(&kills, 2)) {
				live_again(&killed, former[1], &n[1]);
			}
			uint64_t pick = dice(&order);
			answer(&whole, pick, world);
			answer(&killed, pick, world);
		}
		expect_same(&whole, &killed);
	}
	assert_int_equal(run_status(killed.run), RUN_DONE);
	free_all(&whole, former[0], n[0]);
	free_all(&killed, former[1], n[1]);
	return retries;
}

static void whole_killed_and_reordered_runs_tell_the_same(void **unused)
{
	(void)unused;
	size_t retries = 0;
	size_t large = 0;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t state = round;
		struct part parts[2][NODES];
		struct bldr_graph *sub = chaos_graph(&state, parts[0], NULL);
		struct bldr_graph *g = chaos_graph(&state, parts[1], sub);
		uint64_t world = dice(&state);
		uint64_t order = dice(&state);
		retries += run_killed(g, order, world);
		char *one = run_whole(g, order, world);
		char *two = run_whole(g, ~order, world);
		assert_string_equal(one, two);
		large += strlen(one) > 1000;
		free(one);
		free(two);
		bldr_graph_free(g);
		bldr_graph_free(sub);
	}
	assert_true(retries > ROUNDS / 4); /* it is about something */
	assert_true(large > ROUNDS / 4);
	assert_true(met.joins > ROUNDS / 4 && met.deferred > ROUNDS / 4);
	assert_true(met.kept > ROUNDS / 4 && met.passed > ROUNDS / 4);
	assert_true(met.up > 0);
}

/* Inputs, updated states, queues, deadlines, cancelling and forks, on threads that pause, retry and handle. */
static void whatever_is_done_to_a_thread_a_crash_changes_nothing(void **unused)
{
	(void)unused;
	size_t paused = 0;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t state = round + 1000;
		struct part parts[2][NODES];
		struct bldr_graph *sub = chaos_graph(&state, parts[0], NULL);
		struct bldr_graph *g = chaos_graph(&state, parts[1], sub);
		uint64_t world = dice(&state);
		paused += live_and_be_killed(g, dice(&state), world);
		bldr_graph_free(g);
		bldr_graph_free(sub);
	}
	assert_true(paused > ROUNDS); /* it is about something */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_is_done_to_a_thread_a_crash_changes_nothing),
		cmocka_unit_test(whole_killed_and_reordered_runs_tell_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
