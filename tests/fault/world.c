/* Who performs, and what is written down of it. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sqlite3.h>

#include "receiver.h"
#include "store/store.h"

uint64_t fnv(uint64_t h, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return h;
}

uint64_t fnv_text(uint64_t h, const char *text)
{
	return fnv(h, text, strlen(text) + 1);
}

uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void world_init(struct world *w, unsigned variant)
{
	*w = (struct world){ .variant = variant, .receiver = -1 };
	(void)pthread_mutex_init(&w->lock, NULL);
}

void world_reset(struct world *w, unsigned variant)
{
	w->variant = variant;
	w->life = 0;
	w->now_ms = 0;
	w->n = 0;
}

void world_release(struct world *w)
{
	free(w->at);
	(void)pthread_mutex_destroy(&w->lock);
}

void world_note(struct world *w, const struct performed *p)
{
	pthread_mutex_lock(&w->lock);
	if (w->n == w->room) {
		w->room = w->room * 2 + 64;
		w->at = realloc(w->at, w->room * sizeof(*w->at));
		if (w->at == NULL) {
			abort();
		}
	}
	w->at[w->n++] = *p;
	pthread_mutex_unlock(&w->lock);
}

const char *key_tail(const char *key)
{
	const char *slash = strchr(key, '/');

	return slash != NULL ? slash : key;
}

static void note(struct world *w, const struct bldr_work *work, const char *body)
{
	struct performed p = { .body = fnv_text(FNV_BEGIN, body),
			       .cls = (int)bldr_get_int(work->args, "cls", BLDR_PURE),
			       .attempt = work->attempt,
			       .life = w->life,
			       .at_ms = w->now_ms };

	if (snprintf(p.key, sizeof(p.key), "%s", work->key) >= (int)sizeof(p.key)) {
		abort();
	}
	world_note(w, &p);
}

/* How many of its first tries fail. */
static unsigned failing_tries(const struct world *w, const char *key)
{
	return (unsigned)(fnv_text(FNV_BEGIN + w->variant, key_tail(key)) >> 20) % 3;
}

static struct bldr_value *result_of(const struct bldr_value *args)
{
	char *x = bldr_value_text(bldr_get(args, "x"));
	const char *name = bldr_get_text(args, "name");
	struct bldr_value *v = bldr_textf("%s/%04x", name != NULL ? name : "",
					  (unsigned)(fnv_text(FNV_BEGIN, x) & 0xffff));

	free(x);
	return v;
}

static int perform(const struct bldr_work *work, struct bldr_value **ret, struct bldr_error *err)
{
	struct world *w = work->context;
	char *body = bldr_value_text(work->args);
	/* in virtual time the host knows how long it takes */
	int64_t takes = w->receiver >= 0 ? bldr_get_int(work->args, "takes", 0) : 0;
	int rc = 0;

	if (w->receiver >= 0) {
		rc = receiver_ask(&w->lock, w->receiver, work->key, work->attempt, body, err);
	} else {
		note(w, work, body);
	}
	free(body);
	for (int64_t ms = 0; ms < takes && !*work->cancel; ms++) {
		(void)usleep(1000);
	}
	if (rc < 0) {
		return rc;
	}
	if (bldr_as_bool(bldr_get(work->args, "broken"), false)) {
		return bldr_error_set(err, BLDR_E_INVALID, "told to fail");
	}
	if (bldr_as_bool(bldr_get(work->args, "flaky"), false) &&
	    work->attempt <= failing_tries(w, work->key)) {
		return bldr_error_set(err, BLDR_E_UNAVAILABLE, "told to fail at first");
	}
	*ret = result_of(work->args);
	return 0;
}

/* Plays `sh -c 'printf %s "$1"' sh NAME`. */
static int play_process(const struct bldr_work *work, struct bldr_value **ret,
			struct bldr_error *err)
{
	struct world *w = work->context;
	const struct bldr_value *argv = bldr_get(work->args, "argv");
	char *body = bldr_value_text(work->args);

	(void)err;
	note(w, work, body);
	free(body);
	*ret = bldr_object();
	bldr_object_set(*ret, "exit", bldr_int(0));
	bldr_object_set(*ret, "stdout",
			bldr_text(bldr_as_text(bldr_at(argv, bldr_count(argv) - 1))));
	bldr_object_set(*ret, "stderr", bldr_text(""));
	return 0;
}

static int ledger_open(struct store *store, struct bldr_error *err)
{
	static const struct store_tables tables = {
		.module = "ledger",
		.version = 1,
		.create = "CREATE TABLE ledger(key TEXT NOT NULL) STRICT",
	};

	return store_migrate(store, &tables, err);
}

static int ledger_add(const struct bldr_local *l, struct bldr_value **ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(l->store, "INSERT INTO ledger VALUES (?1)", &stmt, err);

	if (rc == 0) {
		(void)sqlite3_bind_text(stmt, 1, l->key, -1, SQLITE_TRANSIENT);
		rc = store_step(l->store, stmt, err);
		(void)sqlite3_reset(stmt);
	}
	if (rc == 0) {
		*ret = result_of(l->args);
	}
	return rc;
}

int world_register(struct world *w, struct bldr_engine *e, struct bldr_error *err)
{
	const struct bldr_work_type works[] = {
		{ .name = "w", .fn = perform, .context = w, .virtual_ms = 1 },
		{ .name = "process", .fn = play_process, .context = w, .virtual_ms = 1 },
	};
	const struct bldr_local_type ledger = {
		.name = "ledger.add", .fn = ledger_add, .open = ledger_open, .context = w
	};

	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		bldr_engine_add_work(e, &works[i]);
	}
	return bldr_engine_add_local(e, &ledger, err);
}
