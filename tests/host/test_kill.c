/*
 * A process that dies at any point loses nothing that was recorded. A child runs the shop and is
 * killed at a chosen point; the parent looks at what the journal holds, resumes, and compares
 * with the run that nobody killed.
 */
#include "host/asker.h"
#include "host/host_test.h"

#include <signal.h>
#include <sys/wait.h>

enum { KEYS_MAX = 16, KEY_SIZE = 128 };

/* Where the child dies. */
struct death {
	int64_t event;    /* when this event is published */
	unsigned effect;  /* when this effect is about to be performed */
	const char *work; /* when this work has been performed, before its result is known */
	bool simulate;
	unsigned effects_seen;
};

static void die(void)
{
	(void)kill(getpid(), SIGKILL);
	(void)pause();
}

static void die_at_event(const struct bldr_event *event, void *user)
{
	const struct death *d = user;

	if (event->seq == d->event) {
		die();
	}
}

static void die_at_effect(const char *thread, const char *key, const char *kind, const char *name,
			  void *user)
{
	struct death *d = user;

	(void)thread;
	(void)key;
	(void)kind;
	(void)name;
	if (++d->effects_seen == d->effect) {
		die();
	}
}

/* Runs the shop in a child, which dies as told. */
static void run_and_die(struct fixture *f, struct death *d)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct bldr_engine *e = open_engine(
			f, (struct bldr_engine_options){ .workers = 4, .simulate = d->simulate });

		f->shop.die_in = d->work;
		bldr_engine_observe(e, die_at_event, d);
		bldr_engine_observe_effects(e, die_at_effect, d);
		if (bldr_thread_start(e, "shop", "t1", NULL, NULL) == 0) {
			(void)bldr_engine_run(e, NULL);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Performances by key, in the file that the works append to. */
struct performances {
	size_t n;
	struct {
		char key[KEY_SIZE];
		char args[KEY_SIZE];
		unsigned count;
	} at[KEYS_MAX];
};

static void add_performance(const char *line, void *user)
{
	struct performances *p = user;
	size_t size = strcspn(line, " ");
	size_t i = 0;

	while (i < p->n &&
	       (strlen(p->at[i].key) != size || strncmp(p->at[i].key, line, size) != 0)) {
		i++;
	}
	if (i == p->n) {
		assert_true(++p->n <= KEYS_MAX);
		(void)snprintf(p->at[i].key, KEY_SIZE, "%.*s", (int)size, line);
		(void)snprintf(p->at[i].args, KEY_SIZE, "%s", line + size + 1);
	}
	assert_string_equal(p->at[i].args, line + size + 1); /* one key, one request */
	p->at[i].count++;
}

static unsigned count_of(const struct performances *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->at[i].key, key) == 0) {
			return p->at[i].count;
		}
	}
	return 0;
}

/* What the journal says: keys with a result, and the numbers of the events. */
struct recorded {
	size_t n;
	char keys[KEYS_MAX][KEY_SIZE];
	int64_t last;
};

static int add_recorded(const struct bldr_event *event, void *user)
{
	struct recorded *r = user;

	assert_int_equal(event->seq, r->last + 1);
	r->last = event->seq;
	if (strcmp(event->type, "effect.ended") == 0) {
		assert_true(r->n < KEYS_MAX);
		(void)snprintf(r->keys[r->n++], KEY_SIZE, "%s", bldr_get_text(event->data, "key"));
	}
	return 0;
}

static void read_recorded(struct fixture *f, struct recorded *r)
{
	struct bldr_error err = { 0 };
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .read_only = true });

	ok(bldr_thread_events(e, "t1", 0, add_recorded, r, &err));
	bldr_engine_close(e);
}

/* Ends the run in this process, which knows nothing but the journal. */
static void resume(struct fixture *f, bool simulate)
{
	struct bldr_error err = { 0 };
	struct bldr_engine *e =
		open_engine(f, (struct bldr_engine_options){ .workers = 4, .simulate = simulate });

	if (info(e, "t1").status != BLDR_THREAD_DONE) {
		ok(bldr_thread_resume(e, "t1", &err));
		ok(bldr_engine_run(e, &err));
	}
	assert_int_equal(info(e, "t1").status, BLDR_THREAD_DONE);
	assert_state(e, "t1", SHOP_STATE);
	bldr_engine_close(e);
}

static void remove_journal(struct fixture *f)
{
	static const char *const names[] = { "j.db", "j.db-wal", "j.db-shm", "performed" };

	for (size_t i = 0; i < 4; i++) {
		(void)unlink(scratch_file(&f->dir, names[i]));
	}
}

static void survive(struct fixture *f, struct death *d)
{
	struct performances before = { 0 };
	struct performances after = { 0 };
	struct recorded recorded = { 0 };
	struct recorded ended = { 0 };

	(void)snprintf(f->shop.performed, sizeof(f->shop.performed), "%s/performed", f->dir.path);
	run_and_die(f, d);
	read_recorded(f, &recorded);
	shop_performed(&f->shop, add_performance, &before);
	resume(f, d->simulate);
	read_recorded(f, &ended); /* no gap, no duplicate */
	shop_performed(&f->shop, add_performance, &after);
	for (size_t i = 0; i < recorded.n; i++) {
		assert_int_equal(count_of(&before, recorded.keys[i]), 1);
		assert_int_equal(count_of(&after, recorded.keys[i]), 1);
	}
	assert_int_equal(after.n, SHOP_EFFECTS);
	for (size_t i = 0; i < after.n; i++) {
		assert_in_range(after.at[i].count, 1, 2);
	}
	if (recorded.last < SHOP_EVENTS) {
		assert_int_equal(ended.last, SHOP_EVENTS + 1); /* run.resumed */
	}
	remove_journal(f);
}

static void killed_at_any_event(void **state)
{
	for (int64_t event = 1; event <= SHOP_EVENTS; event++) {
		for (int simulate = 0; simulate < 2; simulate++) {
			struct death d = { .event = event, .simulate = simulate != 0 };

			survive(*state, &d);
		}
	}
}

static void killed_before_any_effect(void **state)
{
	for (unsigned effect = 1; effect <= SHOP_EFFECTS; effect++) {
		for (int simulate = 0; simulate < 2; simulate++) {
			struct death d = { .effect = effect, .simulate = simulate != 0 };

			survive(*state, &d);
		}
	}
}

static void killed_after_any_work(void **state)
{
	static const char *const works[] = { "list_sources", "fetch_rates", "fetch_fee",
					     "load_orders", "write_report" };

	for (size_t i = 0; i < SHOP_WORKS; i++) {
		for (int simulate = 0; simulate < 2; simulate++) {
			struct death d = { .work = works[i], .simulate = simulate != 0 };

			survive(*state, &d);
		}
	}
}

/* Writes down its key, and dies when the file has as many lines as the arguments say. */
static int tell(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	struct fixture *f = w->context;
	struct performances p = { 0 };
	FILE *file = fopen(f->shop.performed, "a");
	size_t told = 0;

	(void)err;
	(void)fprintf(file, "%s {}\n", w->key);
	(void)fclose(file);
	shop_performed(&f->shop, add_performance, &p);
	for (size_t i = 0; i < p.n; i++) {
		told += p.at[i].count;
	}
	if ((int64_t)told == bldr_get_int(w->args, "die_at", 0)) {
		die();
	}
	*ret = bldr_null();
	return 0;
}

/* Runs or resumes a thread of the asker's graph, with one worker so that one effect is in flight. */
static void ask(struct fixture *f, const struct asker *a, bool again)
{
	struct bldr_error err = { 0 };
	struct bldr_graph *g = asker_graph(a);
	struct bldr_engine *e = open_engine(f, (struct bldr_engine_options){ .workers = 1 });
	struct bldr_work_type work = { .name = "tell", .fn = tell, .context = f };

	bldr_engine_add_graph(e, g);
	bldr_engine_add_work(e, &work);
	if (again) {
		ok(bldr_thread_resume(e, "t1", &err));
	} else {
		ok(bldr_thread_start(e, "ask", "t1", NULL, &err));
	}
	ok(bldr_engine_run(e, &err));
	assert_state(
		e, "t1",
		a->cls == BLDR_ONCE
			? "{\"answers\":[\"unknown: the process ended before a result was recorded, "
			  "it may or may not have been performed\",\"unknown: the process ended "
			  "before a result was recorded, it may or may not have been performed\"]}"
			: "{\"answers\":[\"done: \",\"done: \"]}");
	bldr_engine_close(e);
	bldr_graph_free(g);
}

static void once_is_never_performed_twice(void **state)
{
	struct fixture *f = *state;
	struct asker a = { .n = 2, .kind = "work", .work = "tell", .args = "{\"die_at\":1}" };

	(void)snprintf(f->shop.performed, sizeof(f->shop.performed), "%s/performed", f->dir.path);
	for (int pass = 0; pass < 2; pass++) {
		struct performances p = { 0 };
		int status = 0;
		pid_t pid;

		a.cls = pass == 0 ? BLDR_ONCE : BLDR_PURE;
		pid = fork();
		if (pid == 0) {
			ask(f, &a, false);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		ask(f, &a, true);
		shop_performed(&f->shop, add_performance, &p);
		assert_int_equal(count_of(&p, "t1/0:ask#0.0"), a.cls == BLDR_ONCE ? 1 : 2);
		assert_int_equal(count_of(&p, "t1/0:ask#0.1"), a.cls == BLDR_ONCE ? 0 : 1);
		remove_journal(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_at_any_event, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_before_any_effect, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_after_any_work, setup, teardown),
		cmocka_unit_test_setup_teardown(once_is_never_performed_twice, setup, teardown),
	};

	return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
