/* Threads that live on: further inputs and what a second one does to the first, cancelling, draining, pausing, going back,
 * changing, copying, pruning, deleting. On sim_host; what is expected follows from the graph that counts (counter.h). */
#include "host/host_test.h"

#include <sqlite3.h>

#include "host/counter.h"

struct world {
	struct scratch dir;
	char db[160];
	struct counter counter;
	struct bldr_graph *graph;
	struct bldr_engine *e;
	struct bldr_error err;
	/* What an observer is to do when it sees the nth event of a type. */
	const char *at;
	unsigned nth, seen;
	void (*act)(struct world *w);
};

#define must(rc)                                              \
	do {                                                  \
		if ((rc) < 0) {                               \
			fail_msg("%s: %s", #rc, w->err.text); \
		}                                             \
	} while (0)

static void on_event(const struct bldr_event *event, void *user)
{
	struct world *w = user;

	if (w->at != NULL && strcmp(event->type, w->at) == 0 && ++w->seen == w->nth) {
		w->act(w);
	}
}

static void open_world(struct world *w, struct bldr_engine_options o)
{
	o.journal = w->db;
	o.simulate = true;
	must(bldr_engine_open(&o, &w->e, &w->err));
	if (w->graph == NULL) {
		w->graph = counter_graph(&w->counter, 1);
	}
	bldr_engine_add_graph(w->e, w->graph);
	counter_works(&w->counter, w->e);
	bldr_engine_observe(w->e, on_event, w);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	scratch_make(&w->dir);
	(void)snprintf(w->db, sizeof(w->db), "%s/j.db", w->dir.path);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	bldr_engine_close(w->e);
	bldr_graph_free(w->graph);
	scratch_remove(&w->dir);
	free(w);
	return 0;
}

static void start(struct world *w, const char *id, int64_t n)
{
	struct bldr_value *input = by(n);

	must(bldr_thread_start(w->e, "counter", id, input, &w->err));
	bldr_unref(input);
}

static int give(struct world *w, const char *id, int64_t n, enum bldr_multitask policy)
{
	struct bldr_value *input = by(n);
	int rc = bldr_thread_input(w->e, id, input, policy, &w->err);

	bldr_unref(input);
	return rc;
}

static void run(struct world *w)
{
	must(bldr_engine_run(w->e, &w->err));
}

static enum bldr_thread_status status(struct world *w, const char *id)
{
	return info(w->e, id).status;
}

static void expect(struct world *w, const char *id, const char *text)
{
	assert_state(w->e, id, text);
}

/* ---- further inputs ---- */

static void a_thread_takes_one_input_after_the_other(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	must(give(w, "t", 7, BLDR_REJECT));
	run(w);
	expect(w, "t", "{\"by\":7,\"log\":[5,12],\"total\":12}");
	assert_int_equal(status(w, "t"), BLDR_THREAD_DONE);
	assert_string_equal(w->counter.keys[0], "t/0:add#0.0");
	assert_string_equal(w->counter.keys[2],
			    "t/3:add#0.0"); /* a superstep later than the end of the first */
	assert_int_equal(give(w, "nobody", 1, BLDR_REJECT), BLDR_E_NOT_FOUND);
}

static void give_nineteen(struct world *w)
{
	for (int i = 0; i < 19; i++) {
		must(give(w, "t", 1, BLDR_ENQUEUE));
	}
}

static void twenty_concurrent_adds_end_as_twenty(void **state)
{
	struct world *w = *state;
	struct bldr_value *total = NULL;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 1;
	w->act = give_nineteen;
	start(w, "t", 1);
	run(w);
	must(bldr_thread_state(w->e, "t", &total, &w->err));
	assert_int_equal(bldr_get_int(total, "total", 0), 20);
	assert_int_equal(bldr_count(bldr_get(total, "log")), 20);
	bldr_unref(total);
	assert_int_equal(info(w->e, "t").queued, 0);
}

static void queued_inputs_survive_a_crash(void **state)
{
	static const struct bldr_fault crash = { BLDR_AT_COMMIT, 4, BLDR_FAULT_CRASH_BEFORE };
	struct world *w = *state;
	struct bldr_value *total = NULL;

	open_world(w, (struct bldr_engine_options){ .faults = &crash, .n_faults = 1 });
	w->at = "effect.intended";
	w->nth = 1;
	w->act = give_nineteen;
	start(w, "t", 1);
	assert_int_equal(bldr_engine_run(w->e, &w->err), BLDR_E_CANCELLED);
	bldr_engine_close(w->e);
	w->at = NULL;
	open_world(w, (struct bldr_engine_options){ 0 });
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	must(bldr_thread_state(w->e, "t", &total, &w->err));
	assert_int_equal(bldr_get_int(total, "total", 0), 20);
	bldr_unref(total);
}

static int second_rc;

static void give_rejected(struct world *w)
{
	second_rc = give(w, "t", 100, BLDR_REJECT);
}

static void a_second_input_is_rejected(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 1;
	w->act = give_rejected;
	start(w, "t", 1);
	run(w);
	assert_int_equal(second_rc, BLDR_E_EXISTS);
	expect(w, "t", "{\"by\":1,\"log\":[1],\"total\":1}");
}

static void give_interrupting(struct world *w)
{
	must(give(w, "t", 100, BLDR_INTERRUPT));
}

static void a_second_input_interrupts(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 2; /* note's: add has been folded */
	w->act = give_interrupting;
	start(w, "t", 1);
	run(w);
	expect(w, "t", "{\"by\":100,\"log\":[101],\"total\":101}");
	assert_int_equal(w->counter.performed, 4); /* note's first was under way: it came too late */
}

static void give_rolling_back(struct world *w)
{
	must(give(w, "t", 100, BLDR_ROLLBACK));
}

static void a_second_input_rolls_the_first_back(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 1);
	run(w);
	w->at = "effect.intended";
	w->nth = 2; /* of the second invocation: its add has been folded */
	w->act = give_rolling_back;
	must(give(w, "t", 10, BLDR_REJECT));
	run(w);
	expect(w, "t", "{\"by\":100,\"log\":[1,101],\"total\":101}");
	assert_int_not_equal(info(w->e, "t").lineage, 0);
}

static void the_very_first_input_is_rolled_back(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 2;
	w->act = give_rolling_back;
	start(w, "t", 1);
	run(w);
	expect(w, "t", "{\"by\":100,\"log\":[100],\"total\":100}");
}

static void what_was_resumed_from_a_pause_is_rolled_back_whole(void **state)
{
	struct world *w = *state;

	w->counter.stop_before_note = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 1);
	run(w);
	w->at = "effect.intended";
	w->nth = 1; /* note's, after the pause: add has been folded */
	w->act = give_rolling_back;
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":100,\"total\":100}");
	assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
}

/* ---- stopping ---- */

static void cancel_it(struct world *w)
{
	must(bldr_thread_cancel(w->e, "t", &w->err));
}

static void a_cancelled_thread_can_be_resumed(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 2;
	w->act = cancel_it;
	start(w, "t", 3);
	run(w);
	assert_int_equal(status(w, "t"), BLDR_THREAD_FAILED);
	assert_int_equal(info(w->e, "t").code, BLDR_E_CANCELLED);
	expect(w, "t", "{\"by\":3,\"total\":3}");
	w->at = NULL;
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":3,\"log\":[3],\"total\":3}");
	assert_int_equal(bldr_thread_cancel(w->e, "t", &w->err), BLDR_E_EXISTS);
}

static void drain_all(struct world *w)
{
	must(bldr_thread_drain(w->e, NULL, &w->err));
}

static void a_drained_thread_pauses_where_its_superstep_ended(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	w->at = "effect.intended";
	w->nth = 1;
	w->act = drain_all;
	start(w, "t", 3);
	start(w, "u", 4);
	run(w);
	assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
	assert_int_equal(status(w, "u"), BLDR_THREAD_PAUSED);
	expect(w, "u", "{\"by\":4,\"total\":4}");
	assert_int_equal(bldr_thread_drain(w->e, "t", &w->err), BLDR_E_NOT_FOUND);
	must(bldr_thread_resume(w->e, "t", &w->err));
	must(bldr_thread_resume(w->e, "u", &w->err));
	run(w);
	expect(w, "t", "{\"by\":3,\"log\":[3],\"total\":3}");
	expect(w, "u", "{\"by\":4,\"log\":[4],\"total\":4}");
}

static void a_static_interrupt_pauses_each_time(void **state)
{
	struct world *w = *state;

	w->counter.stop_before_note = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 3);
	for (int i = 1; i <= 2; i++) {
		run(w);
		assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
		assert_int_equal(w->counter.performed, 2 * i - 1);
		assert_int_equal(give(w, "t", 1, BLDR_REJECT), BLDR_E_EXISTS);
		must(bldr_thread_resume(w->e, "t", &w->err));
		run(w);
		assert_int_equal(status(w, "t"), BLDR_THREAD_DONE);
		assert_int_equal(w->counter.performed, 2 * i);
		if (i == 1) {
			must(give(w, "t", 4, BLDR_REJECT));
		}
	}
	expect(w, "t", "{\"by\":4,\"log\":[3,7],\"total\":7}");
}

static void an_engine_may_pause_at_more_nodes(void **state)
{
	const char *const all[] = { "*", NULL };
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ .interrupt_before = all });
	start(w, "t", 3);
	run(w);
	assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
	bldr_engine_close(w->e);
	open_world(w, (struct bldr_engine_options){ 0 });
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":3,\"log\":[3],\"total\":3}");
}

/* ---- many supersteps that wait for nothing ---- */

static void tick(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		 struct bldr_patch *p)
{
	(void)v;
	(void)r;
	(void)n;
	bldr_patch_set(p, "n", bldr_int(1));
}

static void more(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_get_int(v->state, "n", 0) < 5000 ? "tick" : BLDR_END);
}

static struct bldr_graph *ticking(struct world *w)
{
	static const char *const writes[] = { "n", NULL };
	static const char *const targets[] = { "tick", BLDR_END, NULL };
	struct bldr_graph *g = bldr_graph_new("ticking", 1);

	bldr_graph_channel(g, "n", BLDR_ADD);
	bldr_graph_node(g, &(struct bldr_node){ .name = "tick", .writes = writes, .absorb = tick });
	bldr_graph_edge(g, BLDR_START, "tick");
	bldr_graph_route(g, "tick", more, targets);
	must(bldr_graph_compile(g, &w->err));
	return g;
}

static void a_busy_thread_is_committed_and_cancelled_in_between(void **state)
{
	struct world *w = *state;
	struct bldr_graph *g = ticking(w);
	struct bldr_value *then = NULL;
	int64_t n;

	open_world(w, (struct bldr_engine_options){ 0 });
	bldr_engine_add_graph(w->e, g);
	w->at = "superstep";
	w->nth = 2500;
	w->act = cancel_it;
	must(bldr_thread_start(w->e, "ticking", "t", NULL, &w->err));
	run(w);
	assert_int_equal(info(w->e, "t").code, BLDR_E_CANCELLED);
	must(bldr_thread_state(w->e, "t", &then, &w->err));
	n = bldr_get_int(then, "n", 0);
	bldr_unref(then);
	assert_in_range(n, 2500, 4999);
	w->at = NULL;
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"n\":5000}");
	assert_int_equal(info(w->e, "t").status, BLDR_THREAD_DONE);
	bldr_engine_close(w->e);
	w->e = NULL;
	bldr_graph_free(g);
}

static void a_busy_thread_that_crashes_goes_on_where_it_was_committed(void **state)
{
	struct world *w = *state;
	struct bldr_graph *g = ticking(w);

	for (unsigned nth = 1; nth <= 5; nth++) {
		const struct bldr_fault crash = { BLDR_AT_COMMIT, nth, BLDR_FAULT_CRASH_AFTER };
		char id[8];

		(void)snprintf(id, sizeof(id), "t%u", nth);
		open_world(w, (struct bldr_engine_options){ .faults = &crash, .n_faults = 1 });
		bldr_engine_add_graph(w->e, g);
		must(bldr_thread_start(w->e, "ticking", id, NULL, &w->err));
		assert_int_equal(bldr_engine_run(w->e, &w->err), BLDR_E_CANCELLED);
		bldr_engine_close(w->e);
		open_world(w, (struct bldr_engine_options){ 0 });
		bldr_engine_add_graph(w->e, g);
		if (info(w->e, id).status != BLDR_THREAD_DONE) {
			must(bldr_thread_resume(w->e, id, &w->err));
			run(w);
		}
		expect(w, id, "{\"n\":5000}");
		assert_int_equal(info(w->e, id).step, 5000);
		bldr_engine_close(w->e);
		w->e = NULL;
	}
	bldr_graph_free(g);
}

/* ---- going back ---- */

struct listing {
	char text[2048];
	size_t size;
};

static int list(const struct bldr_checkpoint *c, void *user)
{
	struct listing *l = user;
	char *next = bldr_value_text(c->next);
	char *writes = bldr_value_text(c->writes);

	l->size += (size_t)snprintf(l->text + l->size, sizeof(l->text) - l->size,
				    "%s%s.%lld %s%s %s %s\n", c->current ? "*" : "",
				    c->lineage == 0 ? "0" : "fork", (long long)c->step, c->source,
				    c->held ? " held" : "", next, writes);
	free(next);
	free(writes);
	return 0;
}

static void expect_history(struct world *w, const char *id, const char *text)
{
	struct listing l = { 0 };

	must(bldr_thread_history(w->e, id, list, &l, &w->err));
	assert_string_equal(l.text, text);
}

static void a_fork_runs_again_with_keys_of_its_own(void **state)
{
	struct world *w = *state;
	struct bldr_value *then = NULL;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_fork(w->e, "t", 0, 1, NULL, false, &w->err));
	assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
	expect(w, "t", "{\"by\":5,\"total\":5}");
	expect_history(w, "t",
		       "*fork.1 fork held [\"note\"] {\"by\":5,\"total\":5}\n"
		       "0.2 loop [] {\"log\":[5]}\n"
		       "0.1 loop [\"note\"] {\"total\":5}\n"
		       "0.0 input [\"add\"] {\"by\":5}\n");
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	assert_int_equal(w->counter.performed, 3);
	assert_string_not_equal(w->counter.keys[1], w->counter.keys[2]);
	must(bldr_thread_state_at(w->e, "t", 0, 0, &then, &w->err));
	assert_int_equal(bldr_count(then), 1);
	bldr_unref(then);
	assert_int_equal(bldr_thread_state_at(w->e, "t", 0, 7, &then, &w->err), BLDR_E_NOT_FOUND);
	assert_int_equal(bldr_thread_fork(w->e, "t", 3, 1, NULL, false, &w->err), BLDR_E_NOT_FOUND);
}

static int first_number(const struct bldr_event *event, void *user)
{
	*(int64_t *)user = event->seq;
	return 1;
}

static void a_fork_may_use_what_was_recorded(void **state)
{
	struct world *w = *state;
	int64_t first = 0;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_fork(w->e, "t", 0, 0, "again", true, &w->err));
	must(bldr_thread_resume(w->e, "again", &w->err));
	run(w);
	expect(w, "again", "{\"by\":5,\"log\":[5],\"total\":5}");
	must(bldr_thread_events(w->e, "again", 0, first_number, &first, &w->err));
	assert_int_equal(first, 1);                /* a thread of its own numbers its own events */
	assert_int_equal(w->counter.performed, 2); /* none of them by the fork */
	assert_int_equal(status(w, "t"), BLDR_THREAD_DONE);
	assert_int_equal(bldr_thread_fork(w->e, "t", 0, 0, "again", true, &w->err), BLDR_E_EXISTS);
}

static int note_key(const struct bldr_interrupt *i, void *user)
{
	char *keys = user;

	(void)snprintf(keys + strlen(keys), 200 - strlen(keys), "%s\n", i->key);
	return 0;
}

static void ask_person(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	(void)v;
	bldr_object_set(args, "question", bldr_text("well?"));
	bldr_plan_interrupt(p, args);
}

/* A question of what was gone back from is nobody's any more; the fork asks its own. */
static void a_fork_gives_up_the_questions_before_it(void **state)
{
	struct world *w = *state;
	struct bldr_graph *g = bldr_graph_new("ask", 1);
	struct bldr_value *yes = bldr_bool(true);
	char keys[200] = "";

	bldr_graph_node(g, &(struct bldr_node){ .name = "ask", .prepare = ask_person });
	bldr_graph_edge(g, BLDR_START, "ask");
	must(bldr_graph_compile(g, &w->err));
	open_world(w, (struct bldr_engine_options){ 0 });
	bldr_engine_add_graph(w->e, g);
	must(bldr_thread_start(w->e, "ask", "q", NULL, &w->err));
	run(w);
	must(bldr_thread_fork(w->e, "q", 0, 0, NULL, false, &w->err));
	must(bldr_thread_interrupts(w->e, "q", note_key, keys, &w->err));
	assert_string_equal(keys, "");
	must(bldr_thread_resume(w->e, "q", &w->err));
	run(w);
	must(bldr_thread_interrupts(w->e, "q", note_key, keys, &w->err));
	assert_string_equal(keys, "q~3/0:ask#0.0\n");
	must(bldr_thread_answer(w->e, "q", NULL, yes, &w->err));
	run(w);
	assert_int_equal(status(w, "q"), BLDR_THREAD_DONE);
	bldr_unref(yes);
	bldr_engine_close(w->e);
	w->e = NULL;
	bldr_graph_free(g);
}

static void a_state_is_updated_as_a_node_would(void **state)
{
	struct world *w = *state;
	struct bldr_value *ten = bldr_object();

	bldr_object_set(ten, "total", bldr_int(10));
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_fork(w->e, "t", 0, 0, NULL, false, &w->err)); /* before add has run */
	must(bldr_thread_update(w->e, "t", "add", ten, &w->err));
	assert_int_equal(status(w, "t"), BLDR_THREAD_PAUSED);
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[10],\"total\":10}");
	assert_int_equal(w->counter.performed, 3); /* add did not run again */
	must(bldr_thread_update(w->e, "t", BLDR_END, NULL, &w->err));
	assert_int_equal(status(w, "t"), BLDR_THREAD_DONE);
	assert_int_equal(bldr_thread_update(w->e, "t", "nobody", ten, &w->err), BLDR_E_NOT_FOUND);
	bldr_unref(ten);
}

static void who_ran_last_is_found_out(void **state)
{
	struct world *w = *state;
	struct bldr_value *ten = bldr_object();

	bldr_object_set(ten, "total", bldr_int(10));
	w->counter.stop_before_note = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_update(w->e, "t", NULL, ten, &w->err)); /* as add: note is next still */
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[15],\"total\":15}");
	bldr_unref(ten);
}

/* ---- whole threads ---- */

static void a_copy_lives_its_own_life(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	must(bldr_thread_copy(w->e, "t", "u", &w->err));
	must(give(w, "u", 1, BLDR_REJECT));
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[5],\"total\":5}");
	expect(w, "u", "{\"by\":1,\"log\":[5,6],\"total\":6}");
	assert_int_equal(bldr_thread_copy(w->e, "t", "u", &w->err), BLDR_E_EXISTS);
	assert_int_equal(bldr_thread_copy(w->e, "x", "y", &w->err), BLDR_E_NOT_FOUND);
}

/* Rows of a thread's number in every table that has such a column, by another connection. */
static int64_t count_rows(const char *path, int64_t number)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *tables = NULL;
	int64_t n = 0;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT 'SELECT count(*) FROM ' || m.name || ' WHERE ' ||"
				   " c.name || '=' || ?1 FROM sqlite_schema m,"
				   " pragma_table_info(m.name) c WHERE m.type='table' AND"
				   " (c.name='thread' OR (m.name='thread' AND c.name='number'))",
				   -1, &tables, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_bind_int64(tables, 1, number), SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		sqlite3_stmt *count = NULL;

		assert_int_equal(sqlite3_prepare_v2(db, (const char *)sqlite3_column_text(tables, 0),
						    -1, &count, NULL),
				 SQLITE_OK);
		assert_int_equal(sqlite3_step(count), SQLITE_ROW);
		n += sqlite3_column_int64(count, 0);
		(void)sqlite3_finalize(count);
	}
	(void)sqlite3_finalize(tables);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void a_deleted_thread_leaves_no_row(void **state)
{
	struct world *w = *state;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	start(w, "u", 6);
	run(w);
	assert_true(count_rows(w->db, 1) > 5);
	must(bldr_thread_delete(w->e, "t", &w->err));
	assert_int_equal(count_rows(w->db, 1), 0);
	assert_true(count_rows(w->db, 2) > 5);
	expect(w, "u", "{\"by\":6,\"log\":[6],\"total\":6}");
	assert_int_equal(bldr_thread_delete(w->e, "t", &w->err), BLDR_E_NOT_FOUND);
	must(bldr_engine_sweep(w->e, &w->err));
	start(w, "t", 7); /* the name is free again */
	run(w);
	expect(w, "t", "{\"by\":7,\"log\":[7],\"total\":7}");
}

static void a_pruned_thread_keeps_its_newest_checkpoints(void **state)
{
	struct world *w = *state;
	struct bldr_value *then = NULL;
	int64_t dropped = 0;

	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 1);
	run(w);
	for (int i = 0; i < 5; i++) {
		must(give(w, "t", 1, BLDR_REJECT));
		run(w);
	}
	must(bldr_thread_prune(w->e, "t", 2, &dropped, &w->err));
	assert_true(dropped > 10);
	expect(w, "t", "{\"by\":1,\"log\":[1,2,3,4,5,6],\"total\":6}");
	expect_history(w, "t",
		       "*0.17 loop [] {\"log\":[6]}\n"
		       "0.16 loop [\"note\"] {\"by\":1,\"log\":[1,2,3,4,5],\"total\":6}\n");
	assert_int_equal(bldr_thread_state_at(w->e, "t", 0, 15, &then, &w->err), BLDR_E_NOT_FOUND);
	must(give(w, "t", 1, BLDR_REJECT));
	run(w);
	expect(w, "t", "{\"by\":1,\"log\":[1,2,3,4,5,6,7],\"total\":7}");
	assert_int_equal(bldr_thread_prune(w->e, "t", 0, NULL, &w->err), BLDR_E_INVALID);
}

/* ---- changed graphs ---- */

static struct bldr_value *double_it(const struct bldr_value *old, struct bldr_error *err)
{
	struct bldr_value *now = bldr_object();
	struct bldr_value *channels = bldr_object();
	const struct bldr_value *was = bldr_get(old, "state");

	(void)err;
	assert_int_equal(bldr_get_int(old, "version", 0), 1);
	bldr_object_set(channels, "by", bldr_ref(bldr_get(was, "by")));
	bldr_object_set(channels, "total", bldr_int(2 * bldr_get_int(was, "total", 0)));
	bldr_object_set(channels, "moved", bldr_bool(true));
	bldr_object_set(now, "state", channels);
	bldr_object_set(now, "next", bldr_ref(bldr_get(old, "next")));
	return now;
}

static void change_graph(struct world *w)
{
	bldr_engine_close(w->e);
	bldr_graph_free(w->graph);
	w->graph = counter_graph(&w->counter, 2);
	open_world(w, (struct bldr_engine_options){ 0 });
}

static void a_changed_graph_takes_its_threads_over(void **state)
{
	struct world *w = *state;

	w->counter.stop_before_note = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	w->counter.extra = "moved";
	w->counter.migrate = double_it;
	change_graph(w);
	must(bldr_thread_resume(w->e, "t", &w->err));
	run(w);
	expect(w, "t", "{\"by\":5,\"log\":[10],\"moved\":true,\"total\":10}");
	assert_int_equal(info(w->e, "t").graph_version, 2);
}

static void a_changed_graph_without_migration_says_what_differs(void **state)
{
	struct world *w = *state;

	w->counter.stop_before_note = true;
	open_world(w, (struct bldr_engine_options){ 0 });
	start(w, "t", 5);
	run(w);
	w->counter.extra = "moved";
	change_graph(w);
	assert_int_equal(bldr_thread_resume(w->e, "t", &w->err), BLDR_E_CHANGED);
	assert_non_null(strstr(w->err.text, "channel \"moved\""));
	assert_non_null(strstr(w->err.text, "version 1"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
	const struct CMUnitTest tests[] = {
		TEST(a_thread_takes_one_input_after_the_other),
		TEST(twenty_concurrent_adds_end_as_twenty),
		TEST(queued_inputs_survive_a_crash),
		TEST(a_second_input_is_rejected),
		TEST(a_second_input_interrupts),
		TEST(a_second_input_rolls_the_first_back),
		TEST(the_very_first_input_is_rolled_back),
		TEST(what_was_resumed_from_a_pause_is_rolled_back_whole),
		TEST(a_cancelled_thread_can_be_resumed),
		TEST(a_drained_thread_pauses_where_its_superstep_ended),
		TEST(a_static_interrupt_pauses_each_time),
		TEST(an_engine_may_pause_at_more_nodes),
		TEST(a_busy_thread_is_committed_and_cancelled_in_between),
		TEST(a_busy_thread_that_crashes_goes_on_where_it_was_committed),
		TEST(a_fork_runs_again_with_keys_of_its_own),
		TEST(a_fork_may_use_what_was_recorded),
		TEST(a_fork_gives_up_the_questions_before_it),
		TEST(a_state_is_updated_as_a_node_would),
		TEST(who_ran_last_is_found_out),
		TEST(a_copy_lives_its_own_life),
		TEST(a_deleted_thread_leaves_no_row),
		TEST(a_pruned_thread_keeps_its_newest_checkpoints),
		TEST(a_changed_graph_takes_its_threads_over),
		TEST(a_changed_graph_without_migration_says_what_differs),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
