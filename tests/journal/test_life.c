/*
 * A thread's life with everything that version 2 records - retries, a handler with rounds, queued inputs, updates,
 * forks - lived twice: once in memory, once rebuilt from the journal before each act. Both must ask and end alike.
 */
#include <inttypes.h>

#include <bldr/policy.h>
#include "journal/journal_test.h"

static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "round", bldr_int(v->round));
	bldr_plan_work(p, "answer", BLDR_KEYED, args);
}

static void say(struct bldr_patch *p, const char *channel, struct bldr_value *value)
{
	struct bldr_value *list = bldr_list();

	bldr_list_add(list, value);
	bldr_patch_set(p, channel, list);
}

/* Fails when its effect does. */
static void try_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
		       struct bldr_patch *p)
{
	(void)v;
	(void)n;
	if (r[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, r[0].code, "%s", r[0].error);
		return;
	}
	say(p, "log", bldr_ref(r[0].value));
}

/* Two rounds, the second of which knows the first one's answer. */
static void mend_absorb(const struct bldr_view *v, const struct bldr_result *r, size_t n,
			struct bldr_patch *p)
{
	struct bldr_value *kept = bldr_object();

	(void)n;
	if (v->round == 0) {
		bldr_object_set(kept, "first", bldr_ref(r[0].value));
		bldr_patch_again(p, kept);
		return;
	}
	bldr_object_set(kept, "first", bldr_ref(bldr_get(v->kept, "first")));
	bldr_object_set(kept, "second", bldr_ref(r[0].value));
	say(p, "log", kept);
}

static struct bldr_graph *life_graph(struct bldr_graph **ret_inner)
{
	static const int retryable[] = { BLDR_E_TIMEOUT, 0 };
	static const struct bldr_retry retry = { .attempts = 3, .on = retryable, .no_jitter = true };
	static const char *const log[] = { "log", NULL };
	static const char *const none[] = { NULL };
	const struct bldr_policy policy = { .kind = "work", .retry = &retry };
	struct bldr_graph *inner = bldr_graph_new("inner", 1);
	struct bldr_graph *g = bldr_graph_new("g", 1);
	struct bldr_error err = { 0 };
	struct bldr_node node = {
		.name = "leaf", .writes = log, .prepare = ask_prepare, .absorb = try_absorb
	};

	bldr_graph_channel(inner, "log", BLDR_APPEND);
	bldr_graph_node(inner, &node);
	bldr_graph_edge(inner, BLDR_START, "leaf");
	ok(bldr_graph_compile(inner, &err));
	bldr_graph_channel(g, "log", BLDR_APPEND);
	bldr_graph_policy(g, &policy);
	node.name = "try";
	node.on_error = "mend";
	bldr_graph_node(g, &node);
	node = (struct bldr_node){
		.name = "mend", .writes = log, .prepare = ask_prepare, .absorb = mend_absorb
	};
	bldr_graph_node(g, &node);
	bldr_graph_subgraph(g, "part", inner, none, log);
	bldr_graph_edge(g, BLDR_START, "try");
	bldr_graph_edge(g, BLDR_START, "part");
	ok(bldr_graph_compile(g, &err));
	*ret_inner = inner;
	return g;
}

/* A life: its thread, and the run that is in memory. */
struct life {
	struct fixture *f;
	const struct bldr_graph *g;
	struct journal_thread t;
	struct run *run;
	bool rebuilt;
};

static void keep(struct life *l, struct update *u)
{
	commit(l->f, &l->t, u);
}

/* Drops what is in memory and takes the thread up from the journal. */
static void take_up(struct life *l)
{
	struct journal_thread row;
	struct update u = { 0 };
	struct bldr_error err = { 0 };

	run_free(l->run);
	ok(journal_thread(l->f->j, l->t.id, &row, &err));
	l->t = row;
	l->run = run_new(l->g, row.id, row.seed);
	ok(journal_load(l->f->j, &row, l->run, &err));
	ok(run_restored(l->run, row.next_id, row.last_event, row.status, 400, &u, &err));
	keep(l, &u);
}

static void before_act(struct life *l)
{
	if (l->rebuilt) {
		take_up(l);
	}
}

struct asked {
	const char *tail; /* what the key ends with */
	int64_t id;
	char text[1024];
};

/* Keys without the thread's name, which is one letter. */
static void note(const struct intent_record *i, void *user)
{
	struct asked *a = user;
	size_t used = strlen(a->text);
	size_t size = strlen(i->key);
	size_t tail = a->tail != NULL ? strlen(a->tail) : 0;

	(void)snprintf(a->text + used, sizeof(a->text) - used, "%" PRId64 " %s %s %u %" PRId64 "\n",
		       i->id, i->key + 1, i->request, i->tries, i->due_ms);
	if (a->tail != NULL && size >= tail && strcmp(i->key + size - tail, a->tail) == 0) {
		a->id = i->id;
	}
}

static void deliver(struct life *l, const char *tail, int code, const char *text)
{
	struct asked a = { .tail = tail };
	struct bldr_value *value = bldr_text(text);
	struct update u = { 0 };

	before_act(l);
	run_pending(l->run, note, &a);
	if (a.id == 0) {
		fail_msg("nobody asks for %s:\n%s", tail, a.text);
	}
	run_deliver(l->run, a.id, code == 0 ? BLDR_DONE : BLDR_FAILED, code, value,
		    code == 0 ? NULL : text, 500, &u);
	bldr_unref(value);
	keep(l, &u);
}

static struct bldr_value *input(const char *text)
{
	struct bldr_value *object = bldr_object();
	struct bldr_value *list = bldr_list();

	bldr_list_add(list, bldr_text(text));
	bldr_object_set(object, "log", list);
	return object;
}

/* One act of a life; false: there is none of that number. */
static bool act(struct life *l, int number)
{
	struct bldr_value *in = NULL;
	struct update u = { 0 };
	struct bldr_error err = { 0 };

	switch (number) {
	case 0:
		in = input("began");
		ok(run_begin(l->run, in, 100, &u, &err));
		keep(l, &u);
		break;
	case 1:
	case 2: /* wait until the first has ended */
		before_act(l);
		in = input(number == 1 ? "second" : "third");
		ok(run_enqueue(l->run, in, 200, &u, &err));
		keep(l, &u);
		break;
	case 3:
	case 4: /* two more tries */
		deliver(l, "/0:try#0.0", BLDR_E_TIMEOUT, "slow");
		break;
	case 5: /* for good: the handler runs */
		deliver(l, "/0:try#0.0", BLDR_E_INVALID, "wrong");
		break;
	case 6:
		deliver(l, "!mend#0.0", 0, "one");
		break;
	case 7:
		deliver(l, "!mend#1.0", 0, "two");
		break;
	case 8: /* done: takes the second input */
		deliver(l, "/0:leaf#0.0", 0, "leaf");
		break;
	case 9:
		deliver(l, ":try#0.0", 0, "well");
		break;
	case 10: /* a state is set, after which nothing follows: the third input is taken */
		before_act(l);
		in = input("set");
		ok(run_apply(l->run, "try", in, STEP_UPDATE, true, 300, &u, &err));
		keep(l, &u);
		break;
	default:
		return false;
	}
	bldr_unref(in);
	return true;
}

static char *told(const struct life *l)
{
	struct bldr_value *state = run_state(l->run);
	struct asked a = { 0 };
	char *text = bldr_value_text(state);
	char *all = NULL;

	run_pending(l->run, note, &a);
	assert_true(asprintf(&all, "%d %" PRId64 ".%" PRId64 " %s\n%s", (int)l->t.status, l->t.root,
			     l->t.step, text, a.text) > 0);
	free(text);
	bldr_unref(state);
	return all;
}

static struct life life_new(struct fixture *f, const struct bldr_graph *g, const char *id,
			    bool rebuilt)
{
	struct life l = { .f = f, .g = g, .t = new_thread(id), .rebuilt = rebuilt };

	l.run = run_new(g, id, l.t.seed);
	return l;
}

static void a_life_goes_on_from_the_journal_at_each_act(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *inner = NULL;
	struct bldr_graph *g = life_graph(&inner);
	struct life memory = life_new(f, g, "m", false);
	struct life journal = life_new(f, g, "j", true);

	for (int number = 0; act(&memory, number); number++) {
		char *expected, *found;

		assert_true(act(&journal, number));
		expected = told(&memory);
		found = told(&journal);
		assert_string_equal(found, expected);
		free(expected);
		free(found);
	}
	assert_int_equal(memory.t.status, RUN_RUNNING);
	assert_string_equal(ask(f, "SELECT count(*) FROM queued"), "0");
	assert_string_equal(ask(f,
				"SELECT group_concat(source) FROM (SELECT source FROM step"
				" WHERE thread=2 AND frame=0 ORDER BY step)"),
			    "0,1,0,2,0");
	run_free(memory.run);
	run_free(journal.run);
	bldr_graph_free(g);
	bldr_graph_free(inner);
}

/* Back to superstep 0 of lineage 0, in the same thread: the fork is what the thread is then. */
static void a_fork_is_where_the_thread_stands(void **state)
{
	struct fixture *f = *state;
	struct bldr_graph *inner = NULL;
	struct bldr_graph *g = life_graph(&inner);
	struct life l = life_new(f, g, "t", true);
	struct update u = { 0 };
	struct bldr_error err = { 0 };
	struct bldr_value *end;
	struct run *r;
	char *text;

	(void)act(&l, 0);
	deliver(&l, "/0:try#0.0", 0, "well");
	deliver(&l, "/0:leaf#0.0", 0, "leaf");
	assert_int_equal(l.t.status, RUN_DONE);
	r = run_new(g, "t", l.t.seed);
	ok(journal_load_at(f->j, &l.t, 0, 0, r, &err));
	ok(run_fork(r, true, l.t.next_id, l.t.last_event, 600, &u, &err));
	keep(&l, &u);
	run_free(r);
	assert_true(l.t.root > 0);
	assert_int_equal(l.t.status, RUN_PAUSED);
	assert_string_equal(ask(f,
				"SELECT from_frame||'.'||from_step||' '||lineage FROM step WHERE "
				"source=3"),
			    "0.0 1");
	deliver(&l, "/0:leaf#0.0", 0, "other leaf");
	deliver(&l, "/0:try#0.0", 0, "other");
	assert_int_equal(l.t.status, RUN_DONE);
	end = run_state(l.run);
	text = bldr_value_text(end);
	assert_string_equal(text, "{\"log\":[\"began\",\"other leaf\",\"other\"]}");
	assert_string_equal(ask(f, "SELECT count(DISTINCT key) FROM effect"), "4");
	free(text);
	bldr_unref(end);
	run_free(l.run);
	bldr_graph_free(g);
	bldr_graph_free(inner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_life_goes_on_from_the_journal_at_each_act, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_fork_is_where_the_thread_stands, setup, teardown),
	};

	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
