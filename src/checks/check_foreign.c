/*
 * K6: each foreign key between files that the design uses leads to a record of the other file. It is told once per key
 * of the files, not once per column of the star that is read over it: K5 and N1 count those and name this. A key that
 * leads nowhere is a defect of the data, which was handled: a warning with lines; unless so much speaks against the
 * reference that the design is to blame for it (doubt.h). Null keys are none, and are counted.
 */
#include "checks/doubt.h"

#include <string.h>

#include "base/check.h"

static size_t count_distinct(const struct foreign_key *k)
{
	struct map *seen = map_new();
	size_t n = 0;
	for (size_t i = 0; i < k->from->raw.records.n; i++) {
		if (k->fates[i] != KEY_MISSED) {
			continue;
		}
		void **place = map_at(seen, k->keys[i], strlen(k->keys[i]));
		n += *place == NULL;
		*place = seen;
	}
	map_free(seen);
	return n;
}

/* Of the records of one fate, those that were set aside as duplicates. */
static size_t count_aside(const struct foreign_key *k, enum key_fate fate)
{
	size_t n = 0;
	for (size_t i = 0; k->from->set_aside != NULL && i < k->from->raw.records.n; i++) {
		n += k->fates[i] == fate && k->from->set_aside[i];
	}
	return n;
}

static const char *aside_words(const struct trial *t, const struct foreign_key *k,
			       enum key_fate fate)
{
	size_t n = count_aside(k, fate);
	return n == 0 ? ""
		      : arena_printf(t->arena, ", %zu of them in duplicates that were removed", n);
}

static const char *lines_of(const struct trial *t, const struct foreign_key *k, enum key_fate fate)
{
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, k->from->raw.records.n);
	size_t n = 0;
	for (size_t i = 0; i < k->from->raw.records.n; i++) {
		if (k->fates[i] == fate) {
			lines[n++] = k->from->raw.records.at[i].line;
		}
	}
	return trial_lines(t, lines, n);
}

/* "order_id=199001", as written. */
static const char *written_words(const struct trial *t, const struct foreign_key *k, size_t record)
{
	const char *words = "";
	for (size_t i = 0; i < k->columns.n; i++) {
		int64_t column = relation_column_find(k->from, k->columns.at[i]);
		words = arena_printf(t->arena, "%s%s%s=%.80s", words, i > 0 ? " " : "",
				     k->columns.at[i],
				     relation_text(k->from, record, (size_t)column));
	}
	return words;
}

static void warn_of_missed(const struct trial *t, const struct foreign_key *k, struct verdict *v)
{
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	size_t distinct = count_distinct(k);
	v->found = arena_printf(
		t->arena, "%zu of %zu records name %zu %s that no record of \"%s\" holds%s: %s",
		k->missed, k->from->raw.records.n, distinct, distinct == 1 ? "key" : "keys", k->to,
		aside_words(t, k, KEY_MISSED), lines_of(t, k, KEY_MISSED));
	v->why =
		"the key is written, and leads nowhere: the rows are loaded, their keys stand at the "
		"unknown member (-1), and what would be read over it is null";
	for (size_t i = 0; i < k->from->raw.records.n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (k->fates[i] == KEY_MISSED) {
			trial_sample(t, v, "%s:%lld: %s is in no record of \"%s\"",
				     k->from->file->path,
				     (long long)k->from->raw.records.at[i].line,
				     written_words(t, k, i), k->to);
		}
	}
}

static void tell_nulls(struct trial *t, const struct foreign_key *k, const char *subject)
{
	struct verdict v = {
		.severity = SEVERITY_INFO,
		.expected = "a key in every record",
		.found = arena_printf(t->arena, "%zu of %zu records have no key of \"%s\"%s: %s",
				      k->nulls, k->from->raw.records.n, k->to,
				      aside_words(t, k, KEY_NULL), lines_of(t, k, KEY_NULL)),
		.blame = "data",
		.why = "nothing is wrong with that: the rows are loaded, and their keys stand at \"no "
		       "key\" (-2)",
	};
	trial_report(t, "K6", arena_printf(t->arena, "%s null", subject), &v);
}

static void check_key(struct trial *t, const struct foreign_key *k)
{
	const char *subject = foreign_subject(&t->foreign, k, t->arena);
	struct verdict v = {
		.passed = true,
		.expected = arena_printf(t->arena, "every key is in a record of \"%s\"", k->to),
		.found = arena_printf(t->arena,
				      "%zu of %zu records lead to one, the others have no key",
				      k->from->raw.records.n - k->nulls, k->from->raw.records.n),
	};
	if (k->missed > 0) {
		const char *doubt = doubt_of(t, k);
		warn_of_missed(t, k, &v);
		if (doubt != NULL) {
			v.severity = SEVERITY_ERROR;
			v.blame = "analyst";
			v.why = doubt;
			v.advice = doubt_advice(t, k);
		}
	}
	trial_report(t, "K6", subject, &v);
	if (k->nulls > 0) {
		tell_nulls(t, k, subject);
	}
}

int check_foreign(struct trial *t, struct bldr_error *err)
{
	int rc = foreign_keys_find(&t->expected, &t->foreign, err);
	for (size_t i = 0; rc == 0 && i < t->foreign.n; i++) {
		check_key(t, &t->foreign.at[i]);
	}
	if (rc == 0) {
		doubt_tell_dropped(t);
	}
	return rc;
}

/* ---- what follows from them ---- */

bool trial_follows(const struct trial *t, const struct trial_table *table, size_t column,
		   const char **ret_words)
{
	const struct expected_table *e = table->expected;
	const struct expected_column *c = &e->columns[column];
	const struct foreign_way *ways = foreign_ways(&t->expected, &t->foreign, e, column);
	size_t *rows = ARENA_ARRAY(t->arena, size_t, t->foreign.n), unexplained = 0;
	for (size_t i = 0; i < e->n; i++) {
		bool missed = c->absences != NULL && c->absences[i] == ABSENCE_MISSED;
		bool unknown = c->members != NULL && c->members[i] == MEMBER_UNKNOWN;
		if (!missed && !unknown) {
			continue;
		}
		const struct foreign_key *k =
			foreign_stop(&t->foreign, ways, c->design->origins.n, e->records[i]);
		if (k == NULL) {
			unexplained++;
		} else {
			rows[k - t->foreign.at]++;
		}
	}
	const char *words = "";
	for (size_t i = 0; i < t->foreign.n; i++) {
		if (rows[i] > 0) {
			words = arena_printf(t->arena, "%s%s%zu since %s leads nowhere (K6)", words,
					     words[0] == '\0' ? "; " : ", ", rows[i],
					     foreign_subject(&t->foreign, &t->foreign.at[i],
							     t->arena));
		}
	}
	*ret_words = words;
	return unexplained == 0;
}
