/*
 * The public engine: a journal to write, one to read, a host, and the graphs and works known by
 * name. Starting or resuming a thread only builds its run and queues its first update;
 * bldr_engine_run does the rest. What can go wrong here is what the caller named: an id that
 * exists, a graph that is unknown or has changed.
 */
#include "host/inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/crypto.h"
#include "base/log.h"
#include "host/sim_host.h"
#include "host/uv_host.h"

/* What simulated nodes get for randomness. */
enum { SIMULATED_SEED = 42 };

static int open_host(const struct bldr_engine_options *o, struct bldr_engine *e,
		     struct bldr_error *err)
{
	if (!o->simulate) {
		return uv_host_new(o->workers, &e->host, err);
	}
	for (size_t i = 0; i < o->n_faults; i++) {
		const struct bldr_fault *f = &o->faults[i];

		if (f->nth == 0 || (f->at != BLDR_AT_EFFECT && f->what == BLDR_FAULT_TIMEOUT) ||
		    (f->at == BLDR_AT_LANDING && f->what == BLDR_FAULT_FAIL)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "planned fault %zu: nth counts from 1, commits do not "
					      "time out, and at a landing one can only crash",
					      i);
		}
	}
	e->host = sim_host_new(o->start_ms, o->commit_ms, o->faults, o->n_faults);
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

static int rate_at(void *user, const char *kind, int64_t *ret_us)
{
	const struct bldr_engine *e = user;

	return journal_rate_at(e->reader, kind, ret_us, NULL);
}

int bldr_engine_open(const struct bldr_engine_options *options, struct bldr_engine **ret,
		     struct bldr_error *err)
{
	struct bldr_engine *e = xcalloc(1, sizeof(*e));
	const struct journal_options write = {
		.path = options->journal,
		.durability = options->durability,
		.keep_steps = options->keep_steps,
	};
	int rc = 0;

	e->path = xstrdup(options->journal);
	e->simulate = options->simulate;
	e->graphs = map_new();
	e->works = map_new();
	e->locals = map_new();
	e->known = map_new();
	e->replays = map_new();
	e->record_updates = options->record_updates;
	e->keep_steps = options->keep_steps;
	e->interrupt_before = options->interrupt_before;
	e->interrupt_after = options->interrupt_after;
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
		const struct journal_options read = {
			.path = e->writer != NULL ? journal_path(e->writer) : e->path,
			.read_only = true,
		};

		rc = journal_open(&read, &e->reader, err);
	}
	driver_init(&e->driver, e->host, e->writer, e->works,
		    options->simulate ? options->trace : NULL, options->effects_max);
	e->driver.engine = e;
	e->driver.rate_at = rate_at;
	e->driver.rolled_back = threads_rolled_back;
	e->driver.refuse_once_and_keyed = options->durability == BLDR_EXIT;
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
	map_free(e->known);
	for (size_t i = 0; i < map_count(e->replays); i++) {
		free(map_value(e->replays, i));
	}
	map_free(e->replays);
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

static int stream_live(const struct bldr_stream_part *part, void *user)
{
	const struct bldr_engine *e = user;

	e->stream(part, e->stream_user);
	return 0;
}

static void on_event(const struct bldr_event *event, void *user)
{
	struct bldr_engine *e = user;
	struct bldr_error err;

	if (e->observe != NULL) {
		e->observe(event, e->observe_user);
	}
	if (e->stream_modes != 0 &&
	    stream_event(e, e->stream_modes, event, stream_live, e, &err) < 0) {
		LOG(LOG_ERROR, "stream.failed", LOG_TEXT("thread", event->thread),
		    LOG_INT("seq", event->seq), LOG_TEXT("error", err.text));
	}
}

static void set_observer(struct bldr_engine *e)
{
	e->driver.observe = e->observe != NULL || e->stream_modes != 0 ? on_event : NULL;
	e->driver.observe_user = e;
}

void bldr_engine_observe(struct bldr_engine *e,
			 void (*observe)(const struct bldr_event *event, void *user), void *user)
{
	e->observe = observe;
	e->observe_user = user;
	set_observer(e);
}

void bldr_engine_stream(struct bldr_engine *e, unsigned modes,
			void (*each)(const struct bldr_stream_part *part, void *user), void *user)
{
	ASSERT(modes == 0 || each != NULL);
	e->stream_modes = modes;
	e->stream = each;
	e->stream_user = user;
	set_observer(e);
}

void bldr_engine_observe_effects(struct bldr_engine *e,
				 void (*observe)(const char *thread, const char *key,
						 const char *kind, const char *name, void *user),
				 void *user)
{
	e->driver.observe_effects = observe;
	e->driver.observe_effects_user = user;
}

int engine_check_writable(const struct bldr_engine *e, struct bldr_error *err)
{
	return e->writer != NULL
		? 0
		: bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is open for reading only", e->path);
}

int engine_find_graph(const struct bldr_engine *e, const char *name, const struct bldr_graph **ret,
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

uint64_t engine_seed(const struct bldr_engine *e)
{
	uint64_t seed = SIMULATED_SEED;

	if (!e->simulate) {
		crypto_random(&seed, sizeof(seed));
	}
	return seed;
}

int64_t engine_now_ms(const struct bldr_engine *e)
{
	return e->host->now_ms(e->host);
}

int engine_job(struct bldr_engine *e, const struct driver_job *job, struct bldr_error *err)
{
	struct journal_job one = { .run = job->run, .user = job->user };
	const struct journal_batch batch = { .jobs = &one, .n_jobs = 1 };
	int rc;

	if (e->running) {
		driver_job(&e->driver, job);
		return 0;
	}
	rc = journal_commit(e->writer, &batch, engine_now_ms(e), err);
	if (rc == 0 && one.result < 0) {
		rc = bldr_error_set(err, one.result, "%s", one.error.text);
	}
	if (job->done != NULL) {
		job->done(job->user, rc < 0 ? err : &(struct bldr_error){ 0 });
	}
	return rc;
}

int bldr_engine_run(struct bldr_engine *e, struct bldr_error *err)
{
	int rc = engine_check_writable(e, err);

	if (rc < 0) {
		return rc;
	}
	ASSERT(!e->running);
	e->running = true;
	rc = e->host->run(e->host, &e->driver, err);
	e->running = false;
	if (rc == 0) {
		rc = journal_write_back(e->writer, err);
	}
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
