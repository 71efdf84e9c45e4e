/* A refused key is not taken again: its runner-up is, and the profile tells why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agents/analyst/runner_up.h"

/* The key columns are letters: "ab" is the key of a and b. */
static struct key_candidate candidate(struct arena *a, const char *letters, const char *score,
				      bool chosen, int64_t duplicates)
{
	struct key_candidate key = { .score = score, .chosen = chosen, .duplicates = duplicates };

	for (; *letters != '\0'; letters++) {
		*LIST_ADD(a, &key.columns) = arena_strndup(a, letters, 1);
	}
	return key;
}

static void open_desk(struct desk *d, const char *attempts)
{
	struct bldr_value *args;
	struct bldr_error err;

	memset(d, 0, sizeof(*d));
	assert_int_equal(bldr_value_parse(attempts, strlen(attempts), &args, &err), 0);
	d->args = artefact_keep(&d->arena, args);
}

#define ATTEMPT(repairs) "{\"attempts\":[{\"findings\":{\"repairs\":[" repairs "]}}]}"
#define REFUSED(columns) "{\"repair\":\"key\",\"table\":\"t\",\"columns\":[" columns "]}"

static const char *letters(const struct key_candidate *key, struct arena *a)
{
	const char *text = "";

	for (size_t i = 0; i < key->columns.n; i++) {
		text = arena_printf(a, "%s%s", text, key->columns.at[i]);
	}
	return text;
}

static void a_refused_column_is_no_candidate(void **state)
{
	struct desk d;
	struct table_profile tables[2] = { { .table = "t" }, { .table = "u" } };
	struct profile profile = { 0 };
	struct refused refused = { 0 };
	const struct table_profile *t;

	(void)state;
	open_desk(&d, ATTEMPT(REFUSED("\"a\"") ",{\"repair\":\"reload\"}"));
	for (size_t i = 0; i < 2; i++) {
		*LIST_ADD(&d.arena, &tables[i].keys) = candidate(&d.arena, "a", "0.90", false, 0);
		*LIST_ADD(&d.arena, &tables[i].keys) = candidate(&d.arena, "b", "0.60", false, 0);
	}
	runner_up_refused(&d, &refused);
	runner_up_hide(&d, tables, 2, &refused);
	assert_int_equal(tables[0].keys.n, 1); /* what relates them chooses among these */
	assert_string_equal(tables[0].keys.at[0].columns.at[0], "b");
	assert_int_equal(tables[1].keys.n, 2); /* of another table */
	tables[0].keys.at[0].chosen = true;
	*LIST_ADD(&d.arena, &profile.tables) = tables[0];
	*LIST_ADD(&d.arena, &profile.tables) = tables[1];
	runner_up_take(&d, &refused, &profile);
	t = &profile.tables.at[0];
	assert_int_equal(t->keys.n, 2);
	assert_true(t->keys.at[0].chosen);
	assert_string_equal(t->keys.at[1].columns.at[0], "a");
	assert_false(t->keys.at[1].chosen);
	assert_non_null(strstr(t->keys.at[1].evidence.at[0], "not taken: the Tester"));
	arena_release(&d.arena);
}

/* Sets of columns are found while relating: the next best that tells all records apart is taken in their place. */
static void a_refused_pair_gives_way(void **state)
{
	static const struct {
		const char *refused, *taken;
	} cases[] = {
		{ REFUSED("\"b\",\"a\""), "ad" }, /* in any order */
		{ REFUSED("\"a\",\"b\"") "," REFUSED("\"a\",\"d\""), NULL },
		{ REFUSED("\"a\",\"c\""), "ab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct desk d;
		struct profile profile = { 0 };
		struct table_profile table = { .table = "t" };
		struct refused refused = { 0 };
		const char *taken = NULL;
		char text[512];

		(void)snprintf(text, sizeof(text), ATTEMPT("%s"), cases[i].refused);
		open_desk(&d, text);
		runner_up_refused(&d, &refused);
		runner_up_hide(&d, &table, 1, &refused);
		*LIST_ADD(&d.arena, &table.keys) = candidate(&d.arena, "ab", "0.90", true, 0);
		*LIST_ADD(&d.arena, &table.keys) = candidate(&d.arena, "ac", "0.80", false, 2);
		*LIST_ADD(&d.arena, &table.keys) = candidate(&d.arena, "ad", "0.70", false, 0);
		*LIST_ADD(&d.arena, &table.keys) = candidate(&d.arena, "e", "0.05", false, 0);
		*LIST_ADD(&d.arena, &profile.tables) = table;
		runner_up_take(&d, &refused, &profile);
		for (size_t k = 0; k < 4; k++) {
			const struct key_candidate *key = &profile.tables.at[0].keys.at[k];

			assert_true(!key->chosen || taken == NULL);
			taken = key->chosen ? letters(key, &d.arena) : taken;
		}
		assert_true((taken == NULL) == (cases[i].taken == NULL));
		assert_true(taken == NULL || strcmp(taken, cases[i].taken) == 0);
		arena_release(&d.arena);
	}
}

/* A foreign key to a refused pair is none; to another pair, or table, it stays. */
static void nothing_refers_to_a_refused_pair(void **state)
{
	static const struct {
		const char *table, *columns;
		bool stays;
	} cases[] = { { "t", "ba", false }, { "t", "ac", true }, { "u", "ab", true } };
	struct desk d;
	struct profile profile = { 0 };
	struct table_profile table = { .table = "t" };
	struct refused refused = { 0 };

	(void)state;
	open_desk(&d, ATTEMPT(REFUSED("\"a\",\"b\"")));
	runner_up_refused(&d, &refused);
	runner_up_hide(&d, &table, 1, &refused);
	for (size_t i = 0; i < 3; i++) {
		*LIST_ADD(&d.arena, &profile.inclusions) = (struct inclusion){
			.to_table = cases[i].table,
			.to_columns = candidate(&d.arena, cases[i].columns, "", false, 0).columns,
			.chosen = true,
		};
	}
	runner_up_take(&d, &refused, &profile);
	for (size_t i = 0; i < 3; i++) {
		const struct inclusion *f = &profile.inclusions.at[i];

		assert_true(f->chosen == cases[i].stays);
		assert_int_equal(f->evidence.n, cases[i].stays ? 0 : 1);
	}
	arena_release(&d.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_column_is_no_candidate),
		cmocka_unit_test(a_refused_pair_gives_way),
		cmocka_unit_test(nothing_refers_to_a_refused_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
