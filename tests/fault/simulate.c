/* Lives in virtual time. A journal begins as a copy of one that has its tables. */
#include "simulate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TURNS_MAX = 200 };

static void begin_hearing(struct hearing *h, const char *id)
{
	(void)snprintf(h->id, sizeof(h->id), "%s", id);
	h->n = 0;
}

static void listen(const struct bldr_event *event, void *user)
{
	struct simulator *s = user;

	if (event->at_ms > s->world.now_ms) {
		s->world.now_ms = event->at_ms;
	}
	for (size_t i = 0; i < 2 * THREADS_MAX; i++) {
		if (strcmp(s->hearings[i].id, event->thread) == 0) {
			hear(&s->hearings[i], event, s->world.life);
			if (s->broken == EVENT_TWICE && strcmp(event->type, "effect.ended") == 0) {
				hear(&s->hearings[i], event, s->world.life);
			}
		}
	}
}

static struct bldr_engine *open_engine(struct simulator *s, const struct bldr_engine_options *o,
				       const struct schedule *plan, struct bldr_error *err)
{
	struct bldr_engine *e = NULL;

	if (bldr_engine_open(o, &e, err) < 0) {
		return NULL;
	}
	for (size_t i = 0; plan != NULL && i < plan->n_threads; i++) {
		bldr_engine_add_graph(e, scenario_graph(plan->threads[i]));
	}
	if (!o->read_only && world_register(&s->world, e, err) < 0) {
		bldr_engine_close(e);
		return NULL;
	}
	bldr_engine_observe(e, listen, s);
	return e;
}

static void remove_files(struct simulator *s)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
	char path[160];

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", s->db, suffixes[i]);
		(void)unlink(path);
	}
}

static void keep_template(struct simulator *s)
{
	FILE *f = fopen(s->db, "r");

	s->template = malloc(1 << 20);
	s->template_size = fread(s->template, 1, 1 << 20, f);
	(void)fclose(f);
}

void simulator_fresh(struct simulator *s)
{
	FILE *f;

	remove_files(s);
	f = fopen(s->db, "w");
	if (f == NULL || fwrite(s->template, 1, s->template_size, f) != s->template_size) {
		abort();
	}
	(void)fclose(f);
}

void simulator_begin(struct simulator *s)
{
	const struct bldr_engine_options o = { .journal = s->db, .simulate = true };
	struct bldr_error err = { 0 };
	struct bldr_engine *e;

	*s = (struct simulator){ 0 };
	world_init(&s->world, 0);
	(void)snprintf(s->folder, sizeof(s->folder), "%s/bldr-fault-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(s->folder) == NULL) {
		abort();
	}
	(void)snprintf(s->db, sizeof(s->db), "%s/j.db", s->folder);
	broken_set(WHOLE, s->db);
	latency_set(0, 0, &s->world.now_ms);
	e = open_engine(s, &o, NULL, &err);
	if (e == NULL) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	bldr_engine_close(e);
	keep_template(s);
	s->wanted = calloc(n_scenarios, sizeof(*s->wanted));
}

void simulator_end(struct simulator *s)
{
	latency_set(0, 0, NULL);
	remove_files(s);
	(void)rmdir(s->folder);
	for (size_t i = 0; i < n_scenarios * VARIANTS; i++) {
		outcome_free(&s->wanted[i / VARIANTS][i % VARIANTS]);
	}
	for (size_t i = 0; i < 2 * THREADS_MAX; i++) {
		free(s->hearings[i].at);
	}
	free(s->wanted);
	free(s->template);
	world_release(&s->world);
}

int live(struct bldr_engine *e, struct attendance *a, size_t n, struct bldr_error *err)
{
	bool more = true;
	int rc = 0;

	for (int turn = 0; rc == 0 && more; turn++) {
		more = false;
		for (size_t i = 0; rc == 0 && i < n; i++) {
			rc = attend(e, &a[i], &more, err);
		}
		if (rc == 0 && more) {
			rc = bldr_engine_run(e, err);
		}
		if (turn > TURNS_MAX) {
			return bldr_error_set(err, BLDR_E_LIMIT, "it does not end");
		}
	}
	return rc;
}

/* What is broken after a crash, outside of any function of the engine. */
static void spoil_journal(struct simulator *s)
{
	broken_crashed();
	if (s->broken == ONCE_REPEATED) {
		oracle_execute(s->db, "UPDATE effect SET class=0 WHERE class=2 AND status IS NULL");
	}
}

static void begin_testimony(struct simulator *s, const struct schedule *plan, struct attendance *a,
			    struct testimony *t, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_threads; i++) {
		char fork_id[32];

		(void)snprintf(a[i].id, sizeof(a[i].id), "t%zu", i);
		a[i].scenario = plan->threads[i];
		(void)snprintf(t[n].id, sizeof(t[n].id), "%s", a[i].id);
		t[n++].scenario = plan->threads[i];
		scenario_fork_id(&a[i], fork_id);
		if (plan->threads[i]->fork_at > 0 && fork_id[0] != '\0') {
			(void)snprintf(t[n].id, sizeof(t[n].id), "%s", fork_id);
			t[n++].scenario = plan->threads[i];
		}
	}
	for (size_t i = 0; i < 2 * THREADS_MAX; i++) {
		begin_hearing(&s->hearings[i], i < n ? t[i].id : "");
		t[i].hearing = &s->hearings[i];
		t[i].slack_ms = 4 * plan->commit_ms;
	}
	*ret_n = n;
}

/* The disk is well again, or the power is back. */
static bool mend_disk(struct simulator *s, const struct schedule *plan)
{
	bool failed = shim_failed();

	if (failed && plan->disk->code == SHIM_POWER) {
		shim_power_off();
		shim_power_on(plan->power);
	}
	shim_fail(NULL);
	s->extent.disk_failed = failed;
	return failed;
}

/* One life. Its number is the world's. */
static bool one_life(struct simulator *s, const struct schedule *plan, struct attendance *a,
		     struct testimony *t, size_t n, struct verdict *v)
{
	int life = s->world.life;
	const struct bldr_engine_options o = {
		.journal = s->db,
		.simulate = true,
		.start_ms = s->world.now_ms + (life > 0 ? plan->down_ms[life - 1] : 1000),
		.commit_ms = plan->commit_ms,
		.durability = plan->durability,
		.faults = &plan->crash[life],
		.n_faults = life < plan->crashes,
	};
	struct bldr_error err = { 0 };
	struct bldr_engine *e;
	struct sqlite3 *db;
	bool crashed;
	int rc;

	broken_set(s->broken, s->db);
	latency_set(plan->latency + (uint64_t)life, plan->latency_ms, &s->world.now_ms);
	for (size_t i = 0; i < plan->n_threads; i++) {
		a[i].taken_up = false;
	}
	if (plan->disk != NULL && life == 0) {
		shim_fail(plan->disk);
	}
	e = open_engine(s, &o, plan, &err);
	rc = e == NULL ? err.code : live(e, a, plan->n_threads, &err);
	s->lives++;
	/* IO: a commit that was refused by plan */
	crashed = (rc == BLDR_E_CANCELLED || rc == BLDR_E_IO) && life < plan->crashes;
	if (e != NULL) {
		bldr_engine_close(e);
	}
	if (plan->disk != NULL && life == 0) {
		crashed = mend_disk(s, plan);
	}
	if (rc < 0 && !crashed) {
		verdict_add(v, 8, "life %d ends with: %s", life, err.text);
	}
	if (crashed) {
		spoil_journal(s);
	}
	broken_set(WHOLE, s->db);
	db = oracle_open(s->db);
	for (size_t i = 0; i < n; i++) {
		oracle_glimpse(db, t[i].id, &t[i].at[life], v);
		t[i].began_ms[life] = o.start_ms;
		t[i].ended_well[life] = rc == 0;
	}
	oracle_close(db);
	s->world.life++;
	return crashed;
}

static const struct outcome *wanted(struct simulator *s, const struct scenario *sc,
				    unsigned variant);

void simulator_judge(struct simulator *s, const struct scenario *const *of, size_t n_of,
		     unsigned variant, struct testimony *t, size_t n, int lives, struct verdict *v)
{
	const struct bldr_engine_options o = { .journal = s->db, .read_only = true };
	struct bldr_error err = { 0 };
	struct bldr_engine *reader = NULL;
	struct sqlite3 *db;

	if (bldr_engine_open(&o, &reader, &err) < 0) {
		verdict_add(v, 8, "what is left cannot be opened: %s", err.text);
		return;
	}
	for (size_t i = 0; i < n_of; i++) {
		bldr_engine_add_graph(reader, scenario_graph(of[i]));
	}
	db = oracle_open(s->db);
	for (size_t i = 0; i < n; i++) {
		const struct outcome *want = wanted(s, t[i].scenario, variant);
		struct outcome is;

		oracle_judge(db, &t[i], lives, &s->world, v);
		if (strchr(t[i].id, '-') != NULL) {
			continue; /* a fork is compared with its thread */
		}
		oracle_outcome(db, reader, t[i].scenario, t[i].id, &is, v);
		oracle_compare(t[i].scenario, &is, want, v);
		outcome_free(&is);
	}
	oracle_close(db);
	bldr_engine_close(reader);
}

static void run_lives(struct simulator *s, const struct schedule *plan, struct testimony *t,
		      size_t *ret_n, struct verdict *v)
{
	struct attendance a[THREADS_MAX] = { 0 };

	world_reset(&s->world, plan->variant);
	simulator_fresh(s);
	if (plan->disk != NULL) {
		shim_install();
	}
	begin_testimony(s, plan, a, t, ret_n);
	while (one_life(s, plan, a, t, *ret_n, v)) {
	}
	s->extent.lives = s->world.life;
}

/* What a run of s that nobody breaks off comes to, in a journal of its own. */
static const struct outcome *wanted(struct simulator *s, const struct scenario *sc, unsigned variant)
{
	const struct schedule quiet = { .threads = { sc }, .n_threads = 1, .variant = variant };
	struct outcome *want = &s->wanted[sc - scenarios][variant];
	struct testimony *t;
	struct simulator *other;
	struct verdict v = { 0 };
	struct bldr_engine_options o = { .read_only = true };
	struct bldr_engine *reader;
	struct sqlite3 *db;
	size_t n;

	if (want->state != NULL) {
		return want;
	}
	other = calloc(1, sizeof(*other));
	t = calloc((size_t)2 * THREADS_MAX, sizeof(*t));
	simulator_begin(other);
	run_lives(other, &quiet, t, &n, &v);
	o.journal = other->db;
	reader = open_engine(other, &o, &quiet, NULL);
	db = oracle_open(other->db);
	oracle_outcome(db, reader, sc, "t0", want, &v);
	oracle_compare(sc, want, want, &v);
	oracle_close(db);
	bldr_engine_close(reader);
	simulator_end(other);
	free(other);
	free(t);
	if (!verdict_good(&v)) {
		(void)fprintf(stderr, "without any crash: %s\n", v.first);
		abort();
	}
	return want;
}

void simulate(struct simulator *s, const struct schedule *plan, struct verdict *v)
{
	struct testimony *t = calloc((size_t)2 * THREADS_MAX, sizeof(*t));
	size_t n;

	for (size_t i = 0; i < plan->n_threads; i++) {
		(void)wanted(s, plan->threads[i], plan->variant);
	}
	run_lives(s, plan, t, &n, v);
	simulator_judge(s, plan->threads, plan->n_threads, plan->variant, t, n, s->world.life, v);
	if (plan->disk != NULL) {
		shim_remove();
	}
	free(t);
}

struct schedule schedule_of(uint64_t seed)
{
	static const enum bldr_fault_kind kinds[] = { BLDR_FAULT_CRASH_BEFORE,
						      BLDR_FAULT_CRASH_AFTER };
	uint64_t r = seed * 2 + 1;
	struct schedule p = { .n_threads = 1 + draw(&r) % THREADS_MAX,
			      .variant = (unsigned)(draw(&r) % VARIANTS),
			      .crashes = 1 + (int)(draw(&r) % 4),
			      .latency = draw(&r),
			      .latency_ms = 1 + (unsigned)(draw(&r) % 30),
			      .commit_ms = (uint32_t)(draw(&r) % 3 == 0 ? 0 : draw(&r) % 8) };

	for (size_t i = 0; i < p.n_threads; i++) {
		p.threads[i] = &scenarios[draw(&r) % n_scenarios];
	}
	for (int i = 0; i < p.crashes; i++) {
		enum bldr_fault_at at = (enum bldr_fault_at)(draw(&r) % 3);

		p.crash[i] = (struct bldr_fault){ at,
						  1 + (unsigned)(draw(&r) % (6 + 6 * p.n_threads)),
						  kinds[draw(&r) % 2] };
		if (at == BLDR_AT_COMMIT && draw(&r) % 4 == 0) {
			p.crash[i].what = BLDR_FAULT_FAIL;
		}
		p.down_ms[i] = (int64_t)(draw(&r) % 100);
	}
	return p;
}
