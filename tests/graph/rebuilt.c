#include "rebuilt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PENDING_MAX = 64, LIVES_MAX = 64 };

static void deliver_first(struct teller *t)
{
	const struct intent_record *pending[PENDING_MAX];
	assert_true(story_pending(t->run, pending, PENDING_MAX) > 0);
	struct bldr_value *key = bldr_text(pending[0]->key);
	char *text = bldr_value_text(key);
	teller_done(t, pending[0]->id, text);
	free(text);
	bldr_unref(key);
}

/* Events of a resumed run have later numbers: one for each time it was resumed. */
static void expect_same_last(const struct teller *whole, size_t at, const struct teller *again,
			     int64_t later)
{
	struct buf told[2];
	buf_init(&told[0], 64 << 20);
	buf_init(&told[1], 64 << 20);
	update_tell(&told[0], whole->updates[at], later);
	update_tell(&told[1], again->updates[again->n - 1], 0);
	if (strcmp(told[0].data, told[1].data) != 0) {
		fail_msg("rebuilt:\n%s\nwhole:\n%s", told[1].data, told[0].data);
	}
	buf_release(&told[0]);
	buf_release(&told[1]);
}

static void expect_same_end(const struct teller *again, const char *end)
{
	char *text = story_state(again->run);
	assert_string_equal(text, end);
	free(text);
}

static void rebuild_from(const struct teller *whole, size_t k, const char *end)
{
	struct teller again = teller_resume(whole, k);
	again.now_ms = (int64_t)k - 1;
	for (size_t i = k; i < whole->n; i++) {
		deliver_first(&again);
		expect_same_last(whole, i, &again, 1);
	}
	expect_same_end(&again, end);
	teller_free(&again);
}

static void kill_after_each(const struct teller *whole, const char *input, const char *end)
{
	struct teller lives[LIVES_MAX];
	size_t n = 0;
	lives[n++] = teller_begin(whole->graph, input);
	for (size_t i = 1; i < whole->n; i++) {
		assert_true(n < LIVES_MAX);
		lives[n] = teller_resume(&lives[n - 1], lives[n - 1].n);
		deliver_first(&lives[n]);
		expect_same_last(whole, i, &lives[n], (int64_t)n);
		n++;
	}
	expect_same_end(&lives[n - 1], end);
	while (n > 0) {
		teller_free(&lives[--n]);
	}
}

char *rebuilt_everywhere(const struct bldr_graph *g, const char *input)
{
	struct teller whole = teller_begin(g, input);
	while (run_status(whole.run) == RUN_RUNNING) {
		deliver_first(&whole);
	}
	assert_int_equal(run_status(whole.run), RUN_DONE);
	char *end = story_state(whole.run);
	for (size_t k = 1; k < whole.n; k++) {
		rebuild_from(&whole, k, end);
	}
	kill_after_each(&whole, input, end);
	teller_free(&whole);
	return end;
}

void expect_end(const struct bldr_graph *g, const char *input, const char *text)
{
	char *end = rebuilt_everywhere(g, input);
	assert_string_equal(end, text);
	free(end);
}
