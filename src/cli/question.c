/* Compares scores as the artefacts have them: decimal text with two digits. */
#include "cli/question.h"

#include <string.h>

#include "base/decimal.h"
#include "cli/understand.h"
#include "ingest/given.h"
#include "ingest/inclusion.h"

static int hundredths(const char *score)
{
	struct decimal d;

	return decimal_parse(score, strlen(score), &d) && decimal_rescale(d, 2, &d) ? (int)d.units
										    : 0;
}

static struct question *ask(questions *ret, struct arena *a, const char *kind, const char *subject,
			    const char *text)
{
	struct question *q = LIST_ADD(a, ret);

	*q = (struct question){ .kind = kind, .subject = subject, .text = text };
	return q;
}

static void add_choice(struct question *q, struct arena *a, const char *choice, const char *evidence)
{
	*LIST_ADD(a, &q->choices) = choice;
	*LIST_ADD(a, &q->evidence) = evidence;
}

/* bldr.json has answered already, for it or against it. */
static bool is_decided(const texts *evidence)
{
	for (size_t i = 0; i < evidence->n; i++) {
		if (strstr(evidence->at[i], GIVEN_EVIDENCE) != NULL) {
			return true;
		}
	}
	return false;
}

static void add_key(struct question *q, struct arena *a, const struct key_candidate *k)
{
	add_choice(q, a, texts_joined(a, &k->columns),
		   arena_printf(a, "score %s: %s", k->score, texts_joined(a, &k->evidence)));
}

static void ask_key(const struct table_profile *t, struct arena *a, questions *ret)
{
	const struct key_candidate *chosen = NULL;
	struct question *q;

	for (size_t i = 0; i < t->keys.n; i++) {
		chosen = t->keys.at[i].chosen ? &t->keys.at[i] : chosen;
	}
	if (chosen == NULL) {
		q = ask(ret, a, "no_key", t->table,
			"no key was found, so rows are told apart by file and line: which columns "
			"are the key?");
		for (size_t i = 0; i < t->keys.n; i++) {
			add_key(q, a, &t->keys.at[i]);
		}
		return;
	}
	q = NULL;
	for (size_t i = 0; i < t->keys.n; i++) {
		const struct key_candidate *k = &t->keys.at[i];

		if (k->chosen || is_decided(&chosen->evidence) || is_decided(&k->evidence) ||
		    hundredths(chosen->score) - hundredths(k->score) > QUESTION_RUNNER_UP) {
			continue;
		}
		if (q == NULL) {
			q = ask(ret, a, "key", t->table, "which of these is the key?");
			add_key(q, a, chosen);
		}
		add_key(q, a, k);
	}
}

/* "dMy" of dd/MM/yyyy and of d/M/yyyy: what tells two readings of one text apart. */
static const char *part_order(const char *format, struct arena *a)
{
	char *order = arena_strdup(a, format);
	size_t n = 0;

	for (; *format != '\0'; format++) {
		if (strchr("yMd", *format) != NULL && (n == 0 || order[n - 1] != *format)) {
			order[n++] = *format;
		}
	}
	order[n] = '\0';
	return order;
}

/* An earlier format that fits as well reads the parts in this order already. */
static bool has_order(const struct column_profile *c, size_t i, struct arena *a)
{
	const char *order = part_order(c->date_formats.at[i].format, a);

	for (size_t k = 0; k < i; k++) {
		if (strcmp(part_order(c->date_formats.at[k].format, a), order) == 0) {
			return true;
		}
	}
	return false;
}

static void ask_date_order(const struct table_profile *t, const struct column_profile *c,
			   struct arena *a, questions *ret)
{
	struct question *q = NULL;

	for (size_t i = 1; i < c->date_formats.n; i++) {
		const struct date_format *f = &c->date_formats.at[i];
		const struct date_format *best = &c->date_formats.at[0];

		if (f->matches != best->matches || has_order(c, i, a)) {
			continue;
		}
		if (q == NULL) {
			q = ask(ret, a, "date_order", arena_printf(a, "%s.%s", t->table, c->name),
				"all values fit more than one date format: which is right?");
			add_choice(q, a, best->format,
				   arena_printf(a, "reads %lld values", (long long)best->matches));
		}
		add_choice(q, a, f->format,
			   arena_printf(a, "reads %lld values", (long long)f->matches));
	}
}

static void add_inclusion(struct question *q, struct arena *a, const struct inclusion *f)
{
	add_choice(q, a, arena_printf(a, "%s(%s)", f->to_table, texts_joined(a, &f->to_columns)),
		   arena_printf(a, "score %s: %s", f->score, texts_joined(a, &f->evidence)));
}

static bool same_columns(const struct inclusion *a, const struct inclusion *b)
{
	if (strcmp(a->from_table, b->from_table) != 0 || a->from_columns.n != b->from_columns.n) {
		return false;
	}
	for (size_t i = 0; i < a->from_columns.n; i++) {
		if (strcmp(a->from_columns.at[i], b->from_columns.at[i]) != 0) {
			return false;
		}
	}
	return true;
}

/* f[0..n): the inclusions of the same columns. */
static void ask_reference(const struct inclusion *f, size_t n, struct arena *a, questions *ret)
{
	const struct inclusion *chosen = NULL;
	struct question *q = NULL;
	const char *subject =
		arena_printf(a, "%s.%s", f->from_table, texts_joined(a, &f->from_columns));
	int least;

	for (size_t i = 0; i < n; i++) {
		chosen = f[i].chosen ? &f[i] : chosen;
	}
	least = chosen != NULL ? hundredths(chosen->score) - QUESTION_RUNNER_UP
			       : INCLUSION_CHOSEN_MIN - QUESTION_NEAR_MISS;
	for (size_t i = 0; i < n; i++) {
		if (f[i].chosen || is_decided(&f[i].evidence) || hundredths(f[i].score) < least) {
			continue;
		}
		if (q == NULL && chosen != NULL) {
			q = ask(ret, a, "foreign_key", subject, "which table does it refer to?");
			add_inclusion(q, a, chosen);
		} else if (q == NULL) {
			q = ask(ret, a, "foreign_key", subject,
				"no foreign key was taken, but one was close: is it one?");
		}
		add_inclusion(q, a, &f[i]);
	}
}

static bool has_fact(const struct design *d)
{
	for (size_t i = 0; i < d->tables.n; i++) {
		if (d->tables.at[i].kind == TABLE_FACT) {
			return true;
		}
	}
	return false;
}

void questions_find(const struct profile *profile, const struct design *design, struct arena *a,
		    questions *ret)
{
	*ret = (questions){ 0 };
	for (size_t i = 0; i < profile->tables.n; i++) {
		const struct table_profile *t = &profile->tables.at[i];

		ask_key(t, a, ret);
		for (size_t k = 0; k < t->columns.n; k++) {
			ask_date_order(t, &t->columns.at[k], a, ret);
		}
	}
	for (size_t i = 0, end; i < profile->inclusions.n; i = end) {
		const struct inclusion *f = &profile->inclusions.at[i];

		for (end = i + 1;
		     end < profile->inclusions.n && same_columns(f, &profile->inclusions.at[end]);
		     end++) {
		}
		ask_reference(f, end - i, a, ret);
	}
	if (!has_fact(design)) {
		(void)ask(ret, a, "no_fact", "the star",
			  "no table was found that records events or amounts: which one does?");
	}
}
