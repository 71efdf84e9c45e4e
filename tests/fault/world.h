/*
 * The world outside of an engine: who is asked to perform effects, and writes down what was asked. It knows nothing of the
 * engine but what a receiver hears: the key, the body, and what number of try it is.
 *
 * A body says what is to happen: {"name", "cls": class, "flaky": true: its first 0..2 tries fail, by key and variant;
 * "broken": always fails; "takes": milliseconds, ...}. The result depends on "name" and "x" alone.
 */
#pragma once

#include <pthread.h>

#include <bldr/engine.h>

enum { KEY_MAX = 112 };

struct performed {
	char key[KEY_MAX];
	uint64_t body; /* a hash of it */
	int cls;
	unsigned attempt;
	int life;
	int64_t at_ms;
};

struct world {
	unsigned variant; /* which tries of flaky effects fail */
	int life;
	int64_t now_ms;
	int receiver; /* socket of a receiver in its own process; -1: it is this process */
	pthread_mutex_t lock;
	struct performed *at;
	size_t n, room;
};

uint64_t fnv(uint64_t h, const void *data, size_t size);
uint64_t fnv_text(uint64_t h, const char *text);
#define FNV_BEGIN UINT64_C(0xcbf29ce484222325)

/* splitmix64 (Steele, Lea and Flood, 2014). */
uint64_t draw(uint64_t *state);

void world_init(struct world *w, unsigned variant);
void world_reset(struct world *w, unsigned variant);
void world_release(struct world *w);
void world_note(struct world *w, const struct performed *p);
/* The works "w" and "process", and the local effect "ledger.add". w outlives the engine. */
int world_register(struct world *w, struct bldr_engine *e, struct bldr_error *err);
/* The key without its thread. */
const char *key_tail(const char *key);
