/* What the host tests share: an engine over a journal in a scratch folder. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/shop.h"
#include "scratch.h"

struct fixture {
	struct scratch dir;
	char db[160];
	struct bldr_graph *graph;
	struct shop shop;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scratch_make(&f->dir);
	(void)snprintf(f->db, sizeof(f->db), "%s/j.db", f->dir.path);
	f->graph = shop_graph(1);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	bldr_graph_free(f->graph);
	scratch_remove(&f->dir);
	free(f);
	return 0;
}

/* Opens o over the fixture's journal, with the shop's graph and works. */
static inline struct bldr_engine *open_engine(struct fixture *f, struct bldr_engine_options o)
{
	struct bldr_engine *e = NULL;
	struct bldr_error err = { 0 };

	o.journal = f->db;
	if (bldr_engine_open(&o, &e, &err) < 0) {
		fail_msg("%s", err.text);
	}
	bldr_engine_add_graph(e, f->graph);
	shop_works(&f->shop, e);
	return e;
}

/* Fails the test with err's message when rc is negative. */
#define ok(rc)                                             \
	do {                                               \
		if ((rc) < 0) {                            \
			fail_msg("%s: %s", #rc, err.text); \
		}                                          \
	} while (0)

static inline void assert_state(struct bldr_engine *e, const char *id, const char *expected)
{
	struct bldr_value *state = NULL;
	struct bldr_error err = { 0 };
	char *text;

	ok(bldr_thread_state(e, id, &state, &err));
	text = bldr_value_text(state);
	assert_string_equal(text, expected);
	free(text);
	bldr_unref(state);
}

static inline struct bldr_thread info(struct bldr_engine *e, const char *id)
{
	struct bldr_thread t = { 0 };
	struct bldr_error err = { 0 };

	ok(bldr_thread_info(e, id, &t, &err));
	return t;
}
