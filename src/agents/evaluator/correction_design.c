/*
 * Two profiles of the same files teach when they chose the same keys and foreign keys but for what the advice names, and
 * what goes with it: the foreign keys from and to a table whose key is another one.
 */
#include <string.h>

#include "agents/evaluator/correction.h"
#include "artefact/overrides.h"
#include "kb/choice.h"
#include "kb/fingerprint.h"

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* ---- the same files ---- */

static bool same_files(const struct sources *a, const struct sources *b)
{
	bool same = a->files.n == b->files.n;

	for (size_t i = 0; same && i < a->files.n; i++) {
		same = strcmp(a->files.at[i].path, b->files.at[i].path) == 0 &&
			strcmp(a->files.at[i].hash, b->files.at[i].hash) == 0;
	}
	return same;
}

/* ---- what was chosen ---- */

static const texts *key_of(const struct table_profile *t)
{
	static const texts none;

	for (size_t i = 0; i < t->keys.n; i++) {
		if (t->keys.at[i].chosen) {
			return &t->keys.at[i].columns;
		}
	}
	return &none;
}

static bool is_advised(const struct bldr_value *tried, const char *repair, const char *table,
		       const char *column)
{
	for (size_t i = 0; i < bldr_count(tried); i++) {
		const struct bldr_value *v = bldr_at(tried, i);

		if (same_text(bldr_get_text(v, "repair"), repair) &&
		    same_text(bldr_get_text(v, "table"), table) &&
		    (column == NULL || same_text(bldr_get_text(v, "column"), column))) {
			return true;
		}
	}
	return false;
}

static bool same_keys(const struct lessons_attempt *t)
{
	const struct profile *wrong = t->profiles[0], *right = t->profiles[1];
	bool same = wrong->tables.n == right->tables.n;

	for (size_t i = 0; same && i < wrong->tables.n; i++) {
		const struct table_profile *a = &wrong->tables.at[i], *b = &right->tables.at[i];

		same = strcmp(a->table, b->table) == 0 &&
			(overrides_same_columns(key_of(a), key_of(b)) ||
			 is_advised(t->tried, "key", a->table, NULL));
	}
	return same;
}

/* The chosen foreign key of these columns; NULL: they have none. */
static const struct inclusion *reference_of(const struct profile *p, const char *table,
					    const texts *columns)
{
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *n = &p->inclusions.at[i];

		if (n->chosen && same_text(n->from_table, table) &&
		    overrides_same_columns(&n->from_columns, columns)) {
			return n;
		}
	}
	return NULL;
}

/* The chosen foreign key of the column alone. */
static const struct inclusion *reference_of_column(const struct profile *p, const char *table,
						   const char *column)
{
	const texts columns = { .at = &column, .n = 1 };

	return reference_of(p, table, &columns);
}

static bool is_reference_advised(const struct lessons_attempt *t, const char *table,
				 const texts *columns)
{
	bool advised = false;

	for (size_t i = 0; i < columns->n; i++) {
		advised |= is_advised(t->tried, "reference", table, columns->at[i]);
	}
	return advised;
}

/* Two columns may be taken for a foreign key since they refer to what its key does. */
static bool may_differ(const struct lessons_attempt *t, const struct inclusion *n)
{
	return is_advised(t->tried, "key", n->from_table, NULL) ||
		is_advised(t->tried, "key", n->to_table, NULL) ||
		is_reference_advised(t, n->from_table, &n->from_columns) ||
		(n->to_columns.n > 1 && is_reference_advised(t, n->to_table, &n->to_columns));
}

/* Whether every foreign key of the one is in the other, but for those that may differ. */
static bool holds_references(const struct lessons_attempt *t, const struct profile *one,
			     const struct profile *other)
{
	for (size_t i = 0; i < one->inclusions.n; i++) {
		const struct inclusion *n = &one->inclusions.at[i];
		const struct inclusion *same = reference_of(other, n->from_table, &n->from_columns);

		if (!n->chosen || may_differ(t, n)) {
			continue;
		}
		if (same == NULL || strcmp(same->to_table, n->to_table) != 0 ||
		    !overrides_same_columns(&same->to_columns, &n->to_columns)) {
			return false;
		}
	}
	return true;
}

/* ---- what it teaches ---- */

static const struct table_profile *table_of(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->tables.n; i++) {
		if (strcmp(p->tables.at[i].table, name) == 0) {
			return &p->tables.at[i];
		}
	}
	return NULL;
}

static bool add_column(struct desk *d, const char *name, struct taught *ret)
{
	const struct column_profile *c = correction_column(ret->table, name);

	if (c != NULL) {
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
		*LIST_ADD(&d->arena, &ret->columns) = c;
	}
	return c != NULL;
}

/* Empty: none was chosen. */
static const char *key_choice(struct desk *d, const struct profile *p, const char *table)
{
	const struct table_profile *t = table_of(p, table);

	return t != NULL ? kb_choice_key(&d->arena, key_of(t)->at, key_of(t)->n) : "";
}

static bool teach_key(struct desk *d, const struct lessons_attempt *t,
		      const struct bldr_value *advice, struct taught *ret, const char **ret_right)
{
	const struct bldr_value *columns = bldr_get(advice, "columns");
	const char *table = ret->table->profile->table;
	texts names = { 0 };

	for (size_t i = 0; i < bldr_count(columns); i++) {
		const char *name = bldr_as_text(bldr_at(columns, i));

		if (!add_column(d, name, ret)) {
			return false;
		}
		*LIST_ADD(&d->arena, &names) = name;
	}
	*LIST_ADD(&d->arena, &ret->wrong) = kb_choice_key(&d->arena, names.at, names.n);
	*ret_right = key_choice(d, t->profiles[1], table);
	ret->title = arena_printf(&d->arena, "%.80s is no key of %.60s%s%.80s", ret->wrong.at[0],
				  kb_table_name(&d->arena, table),
				  **ret_right != '\0' ? ": it is " : "", *ret_right);
	ret->words = arena_printf(&d->arena, "key grain %.256s", ret->wrong.at[0]);
	return names.n > 0 && strcmp(key_choice(d, t->profiles[0], table), ret->wrong.at[0]) == 0;
}

static const char *reference_choice(struct desk *d, const struct inclusion *n)
{
	return n != NULL ? kb_choice_reference(&d->arena, n->to_table, n->to_columns.at[0]) : "";
}

static bool teach_reference(struct desk *d, const struct lessons_attempt *t,
			    const struct bldr_value *advice, struct taught *ret,
			    const char **ret_right)
{
	const char *table = ret->table->profile->table;
	const char *column = bldr_get_text(advice, "column");
	const char *to = bldr_get_text(advice, "to");
	const char *to_column = bldr_get_text(advice, "to_column");

	if (to == NULL || to_column == NULL || !add_column(d, column, ret)) {
		return false;
	}
	*LIST_ADD(&d->arena, &ret->wrong) = kb_choice_reference(&d->arena, to, to_column);
	*ret_right = reference_choice(d, reference_of_column(t->profiles[1], table, column));
	ret->title = arena_printf(&d->arena, "%.60s.%.40s refers to %.80s, not %.80s",
				  kb_table_name(&d->arena, table), kb_name(&d->arena, column),
				  **ret_right != '\0' ? *ret_right : "nothing", ret->wrong.at[0]);
	ret->words = arena_printf(&d->arena, "foreign key reference %.120s %.120s",
				  kb_name(&d->arena, column), ret->wrong.at[0]);
	return strcmp(reference_choice(d, reference_of_column(t->profiles[0], table, column)),
		      ret->wrong.at[0]) == 0;
}

static const char *column_words(struct desk *d, const struct taught *t)
{
	texts names = { 0 };

	for (size_t i = 0; i < t->columns.n; i++) {
		*LIST_ADD(&d->arena, &names) = t->columns.at[i]->name;
	}
	return kb_choice_key(&d->arena, names.at, names.n);
}

static void teach(struct desk *d, const struct lessons_input *in, const struct lessons_attempt *t,
		  const struct bldr_value *advice, struct bldr_value *lessons)
{
	struct taught taught = {
		.repair = bldr_get_text(advice, "repair"),
		.table = correction_table(in, bldr_get_text(advice, "table")),
	};
	bool key = strcmp(taught.repair, "key") == 0;
	const char *right = "";

	if (taught.table == NULL ||
	    !(key ? teach_key(d, t, advice, &taught, &right)
		  : teach_reference(d, t, advice, &taught, &right))) {
		return;
	}
	taught.checks = correction_checks(t, advice);
	if (taught.checks == NULL) {
		return;
	}
	if (*right != '\0') {
		*LIST_ADD(&d->arena, &taught.right) = right;
	}
	*LIST_ADD(&d->arena, &taught.changes) = (struct kb_change){
		.table = kb_table_name(&d->arena, taught.table->profile->table),
		.column = column_words(d, &taught),
		.at = key ? "/keys" : "/inclusions",
		.wrong = taught.wrong.at[0],
		.right = right,
	};
	correction_add(d, in, t, &taught, lessons);
}

void correction_of_design(struct desk *d, const struct lessons_input *in,
			  const struct lessons_attempt *t, struct bldr_value *lessons)
{
	if (!same_files(t->sources[0], t->sources[1]) || !same_keys(t) ||
	    !holds_references(t, t->profiles[0], t->profiles[1]) ||
	    !holds_references(t, t->profiles[1], t->profiles[0])) {
		return;
	}
	for (size_t i = 0; i < bldr_count(t->tried) && bldr_count(lessons) < KB_LESSONS_MAX - 1;
	     i++) {
		teach(d, in, t, bldr_at(t->tried, i), lessons);
	}
}
