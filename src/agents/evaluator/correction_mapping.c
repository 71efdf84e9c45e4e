/*
 * Two mappings of one design on the same files teach when they differ in nothing but formats of dates and marks of numbers
 * in columns that the advice names.
 */
#include <string.h>

#include "agents/evaluator/correction.h"
#include "kb/fingerprint.h"
#include "warehouse/warehouse.h"

enum { CHANGES_MAX = 16 };

/* ---- what two mappings differ in ---- */

struct change {
	const struct sttm_column *column;
	const char *table, *at, *wrong, *right;
};

struct difference {
	struct arena *a;
	const struct sttm_table *table;
	const struct sttm_column *column;
	LIST(struct change) changes;
	bool other; /* something differs that is no date format and no decimal mark */
};

static void compare_trees(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at);

static void compare_keys(struct difference *d, const struct bldr_value *wrong,
			 const struct bldr_value *right, const char *at)
{
	d->other |= bldr_count(wrong) != bldr_count(right);
	for (void *it = bldr_first(wrong); it != NULL && !d->other; it = bldr_next(wrong, it)) {
		const struct bldr_value *other = bldr_get(right, bldr_key(it));

		if (other == NULL) {
			d->other = true;
			return;
		}
		compare_trees(d, bldr_item(it), other,
			      arena_printf(d->a, "%s/%s", at, bldr_key(it)));
	}
}

static void compare_items(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at)
{
	d->other |= bldr_count(wrong) != bldr_count(right);
	for (size_t i = 0; i < bldr_count(wrong) && !d->other; i++) {
		compare_trees(d, bldr_at(wrong, i), bldr_at(right, i),
			      arena_printf(d->a, "%s/%zu", at, i));
	}
}

static void add_change(struct difference *d, const char *at, const char *wrong, const char *right)
{
	if (d->changes.n == CHANGES_MAX) {
		d->other = true;
		return;
	}
	*LIST_ADD(d->a, &d->changes) = (struct change){
		.column = d->column,
		.table = d->table->name,
		.at = at,
		.wrong = wrong,
		.right = right,
	};
}

/* The decimal mark that a rule reads numbers with: a cast reads plain ones. NULL: it reads none. */
static const char *mark_of(const struct bldr_value *rule)
{
	const char *fn = bldr_get_text(rule, "fn");
	const char *mark = bldr_get_text(rule, "decimal");

	return mark != NULL ? mark : fn != NULL && strcmp(fn, "cast") == 0 ? "." : NULL;
}

/* Two that read the same text with different marks: what groups and surrounds the digits goes with the mark. */
static bool compare_marks(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at)
{
	const char *before = mark_of(wrong);
	const char *after = mark_of(right);

	if (before == NULL || after == NULL || strcmp(before, after) == 0) {
		return false;
	}
	d->other |= !bldr_equal(bldr_get(wrong, "type"), bldr_get(right, "type")) ||
		!bldr_equal(bldr_get(wrong, "args"), bldr_get(right, "args"));
	add_change(d, arena_printf(d->a, "%s/decimal", at), before, after);
	return true;
}

/* Rules are valid, hence not deep. Only the members of a "formats" list and the marks of numbers may differ. */
static void compare_trees(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at)
{
	if (d->other || bldr_equal(wrong, right)) {
		return;
	}
	if (bldr_type_of(wrong) == BLDR_OBJECT && bldr_type_of(right) == BLDR_OBJECT) {
		if (!compare_marks(d, wrong, right, at)) {
			compare_keys(d, wrong, right, at);
		}
	} else if (bldr_type_of(wrong) == BLDR_LIST && bldr_type_of(right) == BLDR_LIST) {
		compare_items(d, wrong, right, at);
	} else if (bldr_as_text(wrong) != NULL && bldr_as_text(right) != NULL &&
		   strstr(at, "/formats/") != NULL) {
		add_change(d, at, bldr_as_text(wrong), bldr_as_text(right));
	} else {
		d->other = true;
	}
}

static bool reads(const struct sttm_column *c, const char *table, const char *column)
{
	for (size_t i = 0; table != NULL && column != NULL && i < c->sources.n; i++) {
		if (strcmp(c->sources.at[i].table, table) == 0 &&
		    strcmp(c->sources.at[i].column, column) == 0) {
			return true;
		}
	}
	return false;
}

static void compare_tables(struct difference *d, const struct sttm_table *wrong,
			   const struct sttm_table *right)
{
	d->table = wrong;
	d->other |= strcmp(wrong->name, right->name) != 0 || wrong->columns.n != right->columns.n ||
		wrong->joins.n != right->joins.n || wrong->dedup != right->dedup;
	for (size_t i = 0; i < wrong->columns.n && !d->other; i++) {
		d->column = &wrong->columns.at[i];
		d->other |= strcmp(d->column->target, right->columns.at[i].target) != 0;
		compare_trees(d, d->column->rule, right->columns.at[i].rule, "");
	}
}

static struct difference compare(const struct sttm *wrong, const struct sttm *right, struct arena *a)
{
	struct difference d = { .a = a, .other = wrong->tables.n != right->tables.n };

	for (size_t i = 0; i < wrong->tables.n && !d.other; i++) {
		compare_tables(&d, &wrong->tables.at[i], &right->tables.at[i]);
	}
	return d;
}

/* Every change is one that some advice asked for. */
static bool is_minimal(const struct difference *d, const struct bldr_value *tried)
{
	for (size_t i = 0; i < d->changes.n; i++) {
		bool asked = false;

		for (size_t k = 0; k < bldr_count(tried) && !asked; k++) {
			const struct bldr_value *r = bldr_at(tried, k);

			asked = reads(d->changes.at[i].column, bldr_get_text(r, "table"),
				      bldr_get_text(r, "column"));
		}
		if (!asked) {
			return false;
		}
	}
	return !d->other && d->changes.n > 0;
}

/* ---- what it teaches ---- */

static bool same_input(const struct lessons_attempt *t, const char *artefact)
{
	const char *before = correction_input_hash(&t->before->head, artefact);

	return *before != '\0' &&
		strcmp(before, correction_input_hash(&t->after->head, artefact)) == 0;
}

/* Each choice once: a column's formats stand in several rules. */
static void once(texts *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++) {
			known |= strcmp(list->at[k], list->at[i]) == 0;
		}
		if (!known) {
			list->at[n++] = list->at[i];
		}
	}
	list->n = n;
}

static void add_changes(struct desk *d, const struct difference *difference, const char *table,
			const char *column, struct taught *ret)
{
	for (size_t i = 0; i < difference->changes.n; i++) {
		const struct change *c = &difference->changes.at[i];

		if (reads(c->column, table, column)) {
			*LIST_ADD(&d->arena, &ret->changes) = (struct kb_change){
				c->table, c->column->target, c->at, c->wrong, c->right,
			};
		}
	}
}

/* What a mapping chose for the column that the advice names. */
static texts choices_of(struct desk *d, const struct sttm *sttm, const struct bldr_value *advice)
{
	struct mapping_advice chosen = {
		.repair = bldr_get_text(advice, "repair"),
		.table = bldr_get_text(advice, "table"),
		.column = bldr_get_text(advice, "column"),
	};

	sttm_choices(sttm, &chosen, &d->arena);
	once(&chosen.tried);
	return chosen.tried;
}

static void describe(struct desk *d, struct taught *t)
{
	bool dates = strcmp(t->repair, "date_order") == 0;
	const struct column_profile *c = t->columns.at[0];
	const char *name = arena_printf(&d->arena, "%s.%s",
					kb_table_name(&d->arena, t->table->profile->table),
					kb_name(&d->arena, c->name));

	t->title = arena_printf(&d->arena,
				dates ? "dates of %.160s are %.32s, not %.32s"
				      : "numbers of %.160s have the decimal mark %.32s, not %.32s",
				name, t->right.at[0], t->wrong.at[0]);
	t->words = arena_printf(&d->arena, "%s %.256s %s",
				dates ? "date order format" : "number decimal mark", name,
				kb_type(&d->arena, c->type));
}

static void teach(struct desk *d, const struct lessons_input *in, const struct lessons_attempt *t,
		  const struct bldr_value *advice, const struct difference *difference,
		  struct bldr_value *lessons)
{
	const char *column_name = bldr_get_text(advice, "column");
	struct taught taught = {
		.repair = bldr_get_text(advice, "repair"),
		.table = correction_table(in, bldr_get_text(advice, "table")),
		.wrong = choices_of(d, t->wrong, advice),
		.right = choices_of(d, t->right, advice),
	};
	const struct column_profile *column =
		taught.table != NULL ? correction_column(taught.table, column_name) : NULL;

	if (column == NULL || taught.wrong.n == 0 || taught.right.n == 0) {
		return;
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
	*LIST_ADD(&d->arena, &taught.columns) = column;
	taught.checks = correction_checks(t, advice);
	if (taught.checks != NULL) {
		add_changes(d, difference, taught.table->profile->table, column_name, &taught);
		describe(d, &taught);
		correction_add(d, in, t, &taught, lessons);
	}
}

void correction_of_mapping(struct desk *d, const struct lessons_input *in,
			   const struct lessons_attempt *t, struct bldr_value *lessons)
{
	struct difference difference = compare(t->wrong, t->right, &d->arena);

	if (!same_input(t, "sources") || !same_input(t, "contract") ||
	    !is_minimal(&difference, t->tried)) {
		return;
	}
	for (size_t i = 0; i < bldr_count(t->tried) && bldr_count(lessons) < KB_LESSONS_MAX - 1;
	     i++) {
		teach(d, in, t, bldr_at(t->tried, i), &difference, lessons);
	}
}
