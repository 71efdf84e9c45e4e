/*
 * The public engine: a journal to write, one to read, a host, and the graphs and works known by
 * name. Starting or resuming a thread only builds its run and queues its first update;
 * bldr_engine_run does the rest. What can go wrong here is what the caller named: an id that
 * exists, a graph that is unknown or has changed.
 */
#include <bldr/engine.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"
#include "graph/kept.h"
#include "host/driver.h"
#include "host/sim_host.h"
#include "host/uv_host.h"

/* What simulated nodes get for randomness. */
enum { SIMULATED_SEED = 42 };
/* Digits of a graph's hash that a message shows. */
enum { HASH_SHOWN = 12 };

struct bldr_engine {
	char *path;
	bool simulate, running;
	struct journal *writer; /* NULL: read-only. The host's alone while it runs */
	struct journal *reader; /* for the loop's thread, so that no question waits for a commit */
	struct host *host;
	struct driver driver;
	struct map *graphs, *works, *locals;
};

static int open_host(const struct bldr_engine_options *o, struct bldr_engine *e,
		     struct bldr_error *err)
{
	if (!o->simulate) {
		return uv_host_new(o->workers, &e->host, err);
	}
	for (size_t i = 0; i < o->n_faults; i++) {
		if (o->faults[i].nth == 0 ||
		    (o->faults[i].at == BLDR_AT_COMMIT && o->faults[i].what == BLDR_FAULT_TIMEOUT)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "planned fault %zu: nth counts from 1, and commits do "
					      "not time out",
					      i);
		}
	}
	e->host = sim_host_new(o->start_ms, o->faults, o->n_faults);
	return 0;
}

/* On the writer's thread: shares nothing but the table of local types, which nobody changes meanwhile. */
static int perform_local(void *user, struct store *store, const char *thread, int64_t now_ms,
			 struct journal_local *l, struct bldr_error *err)
{
	const struct bldr_engine *e = user;
	const struct bldr_local_type *type = map_find(e->locals, l->kind, strlen(l->kind));
	struct bldr_local local = {
		.thread = thread, .key = l->key, .now_ms = now_ms, .store = store
	};
	struct bldr_value *args = NULL;
	struct bldr_value *value = NULL;
	int rc;

	if (type == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no local effect \"%s\" is registered; add it with "
				      "bldr_engine_add_local",
				      l->kind);
	}
	rc = bldr_value_parse(l->request, strlen(l->request), &args, err);
	if (rc < 0) {
		return rc;
	}
	local.name = type->name;
	local.context = type->context;
	local.args = args;
	rc = type->fn(&local, &value, err);
	if (rc == 0) {
		l->text = value != NULL ? bldr_value_text(value) : xstrdup("null");
	}
	if (rc == 0 && strlen(l->text) > BLDR_RESULT_MAX) {
		rc = bldr_error_set(err, BLDR_E_LIMIT,
				    "local effect \"%s\" returned %zu bytes, more than %d", l->kind,
				    strlen(l->text), BLDR_RESULT_MAX);
		free(l->text);
		l->text = NULL;
	}
	bldr_unref(value);
	bldr_unref(args);
	return rc;
}

int bldr_engine_open(const struct bldr_engine_options *options, struct bldr_engine **ret,
		     struct bldr_error *err)
{
	struct bldr_engine *e = xcalloc(1, sizeof(*e));
	const struct journal_options write = { .path = options->journal,
					       .durability = options->durability };
	const struct journal_options read = { .path = options->journal, .read_only = true };
	int rc = 0;

	e->path = xstrdup(options->journal);
	e->simulate = options->simulate;
	e->graphs = map_new();
	e->works = map_new();
	e->locals = map_new();
	if (!options->read_only) {
		rc = journal_open(&write, &e->writer, err);
		if (rc == BLDR_E_LOCKED) {
			LOG(LOG_WARNING, "journal.locked", LOG_TEXT("path", e->path));
		}
		if (rc == 0) {
			rc = open_host(options, e, err);
		}
	}
	if (rc == 0 && e->writer != NULL) {
		journal_set_local(e->writer, perform_local, e);
	}
	if (rc == 0) {
		rc = journal_open(&read, &e->reader, err);
	}
	driver_init(&e->driver, e->host, e->writer, e->works,
		    options->simulate ? options->trace : NULL);
	if (rc < 0) {
		bldr_engine_close(e);
		return rc;
	}
	*ret = e;
	return 0;
}

void bldr_engine_close(struct bldr_engine *e)
{
	if (e == NULL) {
		return;
	}
	ASSERT(!e->running);
	driver_release(&e->driver);
	if (e->host != NULL) {
		e->host->free(e->host);
	}
	journal_close(e->reader); /* before the writer, which checkpoints when it is the last */
	journal_close(e->writer);
	map_free(e->graphs);
	for (size_t i = 0; i < map_count(e->works); i++) {
		free(map_value(e->works, i));
	}
	map_free(e->works);
	for (size_t i = 0; i < map_count(e->locals); i++) {
		free(map_value(e->locals, i));
	}
	map_free(e->locals);
	free(e->path);
	free(e);
}

void bldr_engine_add_graph(struct bldr_engine *e, const struct bldr_graph *g)
{
	const char *name = bldr_graph_name(g);

	*map_at(e->graphs, name, strlen(name)) = (void *)(uintptr_t)g;
}

void bldr_engine_add_work(struct bldr_engine *e, const struct bldr_work_type *type)
{
	void **at = map_at(e->works, type->name, strlen(type->name));

	if (*at == NULL) {
		*at = xmalloc(sizeof(*type));
	}
	memcpy(*at, type, sizeof(*type));
}

int bldr_engine_add_local(struct bldr_engine *e, const struct bldr_local_type *type,
			  struct bldr_error *err)
{
	void **at = map_at(e->locals, type->name, strlen(type->name));

	if (*at == NULL) {
		*at = xmalloc(sizeof(*type));
	}
	memcpy(*at, type, sizeof(*type));
	return e->writer != NULL && type->open != NULL ? type->open(journal_store(e->writer), err)
						       : 0;
}

void bldr_engine_observe(struct bldr_engine *e,
			 void (*observe)(const struct bldr_event *event, void *user), void *user)
{
	e->driver.observe = observe;
	e->driver.observe_user = user;
}

void bldr_engine_observe_effects(struct bldr_engine *e,
				 void (*observe)(const char *thread, const char *key,
						 const char *kind, const char *name, void *user),
				 void *user)
{
	e->driver.observe_effects = observe;
	e->driver.observe_effects_user = user;
}

static int check_writable(const struct bldr_engine *e, struct bldr_error *err)
{
	return e->writer != NULL
		? 0
		: bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is open for reading only", e->path);
}

static int find_graph(const struct bldr_engine *e, const char *name, const struct bldr_graph **ret,
		      struct bldr_error *err)
{
	const struct bldr_graph *g = map_find(e->graphs, name, strlen(name));

	if (g == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no graph \"%s\" is known; add it with bldr_engine_add_graph",
				      name);
	}
	*ret = g;
	return 0;
}

static int check_id(const char *id, struct bldr_error *err)
{
	size_t size = strlen(id);
	bool good = size > 0 && size < sizeof(((struct bldr_thread *)NULL)->id);

	for (size_t i = 0; good && i < size; i++) {
		good = id[i] > ' ' && id[i] < 0x7f;
	}
	return good ? 0
		    : bldr_error_set(err, BLDR_E_INVALID,
				     "thread id \"%.80s\" is not 1 to 63 bytes of printable ASCII "
				     "without blanks",
				     id);
}

static int check_new(const struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	struct journal_thread found;
	int rc = check_id(id, err);

	if (rc < 0) {
		return rc;
	}
	if (driver_find(&e->driver, id) == NULL) {
		rc = journal_thread(e->reader, id, &found, err);
		if (rc == BLDR_E_NOT_FOUND) {
			return 0;
		}
	}
	return rc < 0
		? rc
		: bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" exists already; resume it", id);
}

static uint64_t new_seed(const struct bldr_engine *e)
{
	uint64_t seed = SIMULATED_SEED;

	if (!e->simulate) {
		crypto_random(&seed, sizeof(seed));
	}
	return seed;
}

/* Queues a built run, or undoes it when building failed. Takes run and update. */
static int add_run(struct bldr_engine *e, const struct journal_thread *row, struct run *run,
		   struct update *update, bool resumed, int rc)
{
	if (rc < 0) {
		run_free(run);
		update_release(update);
		free(update);
	} else {
		driver_add(&e->driver, row, run, update, resumed);
	}
	return rc;
}

int bldr_thread_start(struct bldr_engine *e, const char *graph, const char *id,
		      const struct bldr_value *input, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row = { 0 };
	struct update *update;
	struct run *run;
	int rc = check_writable(e, err);

	if (rc == 0) {
		rc = find_graph(e, graph, &g, err);
	}
	if (rc == 0) {
		rc = check_new(e, id, err);
	}
	if (rc < 0) {
		return rc;
	}
	row.seed = new_seed(e);
	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	(void)snprintf(row.graph, sizeof(row.graph), "%s", graph);
	(void)snprintf(row.graph_hash, sizeof(row.graph_hash), "%s", bldr_graph_hash(g));
	run = run_new(g, row.id, row.seed);
	update = xcalloc(1, sizeof(*update));
	rc = run_begin(run, input, e->host->now_ms(e->host), update, err);
	return add_run(e, &row, run, update, false, rc);
}

/* The thread's row and graph, when it can be taken up. */
static int find_resumable(const struct bldr_engine *e, const char *id, struct journal_thread *ret,
			  const struct bldr_graph **ret_graph, struct bldr_error *err)
{
	int rc = check_writable(e, err);

	if (rc == 0 && driver_find(&e->driver, id) != NULL) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" is being run already", id);
	}
	if (rc == 0) {
		rc = journal_thread(e->reader, id, ret, err);
	}
	if (rc == 0 && ret->status == RUN_DONE) {
		rc = bldr_error_set(err, BLDR_E_EXISTS, "thread \"%s\" is done: nothing to resume",
				    id);
	}
	if (rc == 0) {
		rc = find_graph(e, ret->graph, ret_graph, err);
	}
	if (rc == 0 && strcmp(bldr_graph_hash(*ret_graph), ret->graph_hash) != 0) {
		rc = bldr_error_set(err, BLDR_E_CHANGED,
				    "graph \"%s\" has changed since thread \"%s\" was started: "
				    "%.*s is now %.*s",
				    ret->graph, id, HASH_SHOWN, ret->graph_hash, HASH_SHOWN,
				    bldr_graph_hash(*ret_graph));
	}
	return rc;
}

int bldr_thread_resume(struct bldr_engine *e, const char *id, struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread row;
	struct update *update;
	struct run *run;
	int rc = find_resumable(e, id, &row, &g, err);

	if (rc < 0) {
		return rc;
	}
	run = run_new(g, row.id, row.seed);
	update = xcalloc(1, sizeof(*update));
	rc = journal_load(e->reader, &row, run, err);
	if (rc == 0) {
		rc = run_restored(run, row.next_id, row.last_event, row.status,
				  e->host->now_ms(e->host), update, err);
	}
	return add_run(e, &row, run, update, true, rc);
}

int bldr_engine_run(struct bldr_engine *e, struct bldr_error *err)
{
	int rc = check_writable(e, err);

	if (rc < 0) {
		return rc;
	}
	ASSERT(!e->running);
	e->running = true;
	rc = e->host->run(e->host, &e->driver, err);
	e->running = false;
	if (rc == 0 && e->driver.lost.code < 0) {
		rc = bldr_error_set(err, e->driver.lost.code, "%s", e->driver.lost.text);
	}
	e->driver.lost.code = 0;
	driver_clear(&e->driver);
	e->driver.stop = false;
	return rc;
}

void bldr_engine_stop(struct bldr_engine *e)
{
	e->driver.stop = true;
	if (e->host != NULL) {
		e->host->interrupt(e->host);
	}
}

/* The interrupts that a run waits for; the one that is asked for. */
struct wanted {
	const char *key; /* NULL: any */
	int64_t effect;
	size_t n;
};

static void look_for(const struct intent_record *i, void *user)
{
	struct wanted *w = user;

	if (strcmp(i->kind, effect_interrupt.name) == 0 &&
	    (w->key == NULL || strcmp(w->key, i->key) == 0)) {
		w->effect = i->id;
		w->n++;
	}
}

static int look_for_stored(const struct intent_record *i, void *user)
{
	look_for(i, user);
	return 0;
}

static int check_wanted(const struct wanted *w, const char *id, struct bldr_error *err)
{
	if (w->n == 0 && w->key != NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "thread \"%s\" waits for no answer to \"%s\"", id, w->key);
	}
	if (w->n == 0) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "thread \"%s\" waits for no answer",
				      id);
	}
	if (w->n > 1) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "thread \"%s\" waits for %zu answers; name the key of one",
				      id, w->n);
	}
	return 0;
}

/* The text of an answer; the caller frees it. */
static int answer_text(const struct bldr_value *value, char **ret, struct bldr_error *err)
{
	char *text;

	if (bldr_depth(value) > KEPT_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT, "the answer is nested more than %d deep",
				      KEPT_DEPTH_MAX);
	}
	text = value != NULL ? bldr_value_text(value) : xstrdup("null");
	if (strlen(text) > BLDR_RESULT_MAX) {
		free(text);
		return bldr_error_set(err, BLDR_E_LIMIT, "the answer is larger than %d bytes",
				      BLDR_RESULT_MAX);
	}
	*ret = text;
	return 0;
}

/* Finds the interrupt, and takes its thread up when it is not in memory. */
static int find_asking(struct bldr_engine *e, const char *id, struct wanted *w,
		       struct driver_thread **ret, struct bldr_error *err)
{
	struct driver_thread *t = driver_find(&e->driver, id);
	struct journal_thread row;
	int rc = 0;

	if (t != NULL && t->lost) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "thread \"%s\" was advanced by another process", id);
	}
	if (t != NULL) {
		run_pending(t->run, look_for, w);
		*ret = t;
		return check_wanted(w, id, err);
	}
	rc = journal_thread(e->reader, id, &row, err);
	if (rc == 0) {
		rc = journal_pending(e->reader, row.rowid, effect_interrupt.name, look_for_stored,
				     w, err);
	}
	if (rc == 0) {
		rc = check_wanted(w, id, err);
	}
	if (rc == 0) {
		rc = bldr_thread_resume(e, id, err);
	}
	*ret = rc == 0 ? driver_find(&e->driver, id) : NULL;
	return rc;
}

int bldr_thread_answer(struct bldr_engine *e, const char *id, const char *key,
		       const struct bldr_value *value, struct bldr_error *err)
{
	struct driver_thread *t = NULL;
	struct wanted wanted = { .key = key };
	char *text = NULL;
	int rc = check_writable(e, err);

	if (rc == 0) {
		rc = answer_text(value, &text, err);
	}
	if (rc < 0) {
		return rc;
	}
	rc = find_asking(e, id, &wanted, &t, err);
	if (rc < 0) {
		free(text);
		return rc;
	}
	rc = driver_answer(&e->driver, t, wanted.effect, text);
	return rc < 0 ? bldr_error_set(err, rc, "thread \"%s\" has that answer already", id) : 0;
}

static void thread_of(const struct journal_thread *t, struct bldr_thread *ret)
{
	static const enum bldr_thread_status status[] = {
		[RUN_RUNNING] = BLDR_THREAD_RUNNING,
		[RUN_DONE] = BLDR_THREAD_DONE,
		[RUN_FAILED] = BLDR_THREAD_FAILED,
	};

	*ret = (struct bldr_thread){
		.status = status[t->status],
		.created_ms = t->created_ms,
		.updated_ms = t->updated_ms,
		.events = t->last_event,
		.code = t->code,
	};
	memcpy(ret->id, t->id, sizeof(ret->id));
	memcpy(ret->graph, t->graph, sizeof(ret->graph));
	memcpy(ret->graph_hash, t->graph_hash, sizeof(ret->graph_hash));
	memcpy(ret->error, t->error, sizeof(ret->error));
}

int bldr_thread_info(struct bldr_engine *e, const char *id, struct bldr_thread *ret,
		     struct bldr_error *err)
{
	struct journal_thread t;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		thread_of(&t, ret);
	}
	return rc;
}

struct each_interrupt {
	const char *thread;
	int (*each)(const struct bldr_interrupt *interrupt, void *user);
	void *user;
	struct bldr_error *err;
	int rc;
};

static int each_interrupt(const struct intent_record *i, void *user)
{
	struct each_interrupt *to = user;
	struct bldr_value *question = NULL;
	struct bldr_interrupt found = { .thread = to->thread, .key = i->key, .asked_ms = i->at_ms };
	int stop;

	if (bldr_value_parse(i->request, strlen(i->request), &question, NULL) < 0) {
		to->rc = bldr_error_set(to->err, BLDR_E_CORRUPT,
					"effect %" PRId64 " of thread \"%s\" is damaged", i->id,
					to->thread);
		return 1;
	}
	found.question = question;
	stop = to->each(&found, to->user);
	bldr_unref(question);
	return stop;
}

int bldr_thread_interrupts(struct bldr_engine *e, const char *id,
			   int (*each)(const struct bldr_interrupt *interrupt, void *user),
			   void *user, struct bldr_error *err)
{
	struct each_interrupt to = { .thread = id, .each = each, .user = user, .err = err };
	struct journal_thread t;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = journal_pending(e->reader, t.rowid, effect_interrupt.name, each_interrupt, &to,
				     err);
	}
	return rc < 0 ? rc : to.rc;
}

int bldr_thread_state(struct bldr_engine *e, const char *id, struct bldr_value **ret,
		      struct bldr_error *err)
{
	const struct bldr_graph *g = NULL;
	struct journal_thread t;
	struct run *run;
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = find_graph(e, t.graph, &g, err);
	}
	if (rc < 0) {
		return rc;
	}
	run = run_new(g, t.id, t.seed);
	rc = journal_load(e->reader, &t, run, err);
	if (rc == 0) {
		*ret = run_state(run);
	}
	run_free(run);
	return rc;
}

struct each_thread {
	int (*each)(const struct bldr_thread *thread, void *user);
	void *user;
};

static int each_thread(const struct journal_thread *t, void *user)
{
	const struct each_thread *to = user;
	struct bldr_thread thread;

	thread_of(t, &thread);
	return to->each(&thread, to->user);
}

int bldr_threads(struct bldr_engine *e, int (*each)(const struct bldr_thread *thread, void *user),
		 void *user, struct bldr_error *err)
{
	struct each_thread to = { .each = each, .user = user };

	return journal_threads(e->reader, each_thread, &to, err);
}

struct each_event {
	const char *thread;
	int (*each)(const struct bldr_event *event, void *user);
	void *user;
	struct bldr_error *err;
	int rc;
};

static int each_event(const struct event_record *r, void *user)
{
	struct each_event *to = user;
	struct bldr_value *data = NULL;
	struct bldr_event e = {
		.thread = to->thread, .seq = r->seq, .at_ms = r->at_ms, .type = r->type
	};
	int stop;

	if (bldr_value_parse(r->data, strlen(r->data), &data, NULL) < 0) {
		to->rc = bldr_error_set(to->err, BLDR_E_CORRUPT,
					"event %" PRId64 " of thread \"%s\" is damaged", r->seq,
					to->thread);
		return 1;
	}
	e.data = data;
	stop = to->each(&e, to->user);
	bldr_unref(data);
	return stop;
}

int bldr_thread_events(struct bldr_engine *e, const char *id, int64_t after,
		       int (*each)(const struct bldr_event *event, void *user), void *user,
		       struct bldr_error *err)
{
	struct journal_thread t;
	struct each_event to = { .thread = id, .each = each, .user = user, .err = err };
	int rc = journal_thread(e->reader, id, &t, err);

	if (rc == 0) {
		rc = journal_events(e->reader, t.rowid, after, each_event, &to, err);
	}
	return rc < 0 ? rc : to.rc;
}
