/*
 * Walks all rules. Each part that types a text of one file, and nothing else, becomes a rule of that file, once. The
 * key of a table with dedup is that of its grain columns: of a reference the values that are looked
 * up, so that what no dimension knows keeps its own key.
 */
#include "warehouse/source_rule.h"

#include <string.h>

#include "warehouse/rule_tree.h"

const char *const rule_typing[] = {
	"cast", "parse_date", "parse_amount", "parse_timestamp", "written_date", NULL,
};

static bool bind_field(void *user, const char *alias, const char *column, int *ret_slot)
{
	const struct raw_source *s = user;
	size_t field;

	if ((*alias != '\0' && strcmp(alias, s->file->table) != 0) ||
	    !raw_source_field(s, column, &field)) {
		return false;
	}
	*ret_slot = (int)field;
	return true;
}

int source_rule_compile(const struct bldr_value *tree, struct raw_source *s, struct arena *a,
			const struct expr **ret, struct bldr_error *err)
{
	const struct expr_scope scope = { .column = bind_field, .user = s };

	return expr_compile(tree, &scope, a, ret, err);
}

/* ---- cells ---- */

struct walk {
	struct targets *targets;
	const struct target *target;
	struct arena *arena;
};

static bool is_typing(const struct bldr_value *tree)
{
	const char *fn = bldr_get_text(tree, "fn");

	for (size_t i = 0; fn != NULL && rule_typing[i] != NULL; i++) {
		if (strcmp(fn, rule_typing[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_cell(const struct raw_source *s, const struct bldr_value *tree)
{
	for (size_t i = 0; i < s->cells.n; i++) {
		if (bldr_equal(s->cells.at[i].tree, tree)) {
			return true;
		}
	}
	return false;
}

/* What reads several files, or types no text, has no cell to tell. */
static void add_cell(struct walk *w, const struct bldr_value *tree)
{
	const char *alias;
	const char *column = rule_first_column(tree, &alias);
	const char *table = column != NULL ? rule_alias_table(w->target->sttm, alias) : NULL;
	struct raw_source *s = table != NULL ? targets_source(w->targets, table) : NULL;
	struct cell_rule cell = { 0 };
	const struct expr *text;

	if (s == NULL || !raw_source_field(s, column, &cell.field)) {
		return;
	}
	cell.tree = artefact_keep(w->arena, rule_without_alias(tree));
	if (!has_cell(s, cell.tree) &&
	    source_rule_compile(cell.tree, s, w->arena, &cell.rule, NULL) == 0 &&
	    expr_type(cell.rule).kind != COLUMN_TEXT &&
	    source_rule_compile(bldr_at(bldr_get(cell.tree, "args"), 0), s, w->arena, &text,
				NULL) == 0 &&
	    expr_type(text).kind == COLUMN_TEXT) {
		*LIST_ADD(w->arena, &s->cells) = cell;
	}
}

static void add_cells(struct walk *w, const struct bldr_value *tree)
{
	const struct bldr_value *part;

	if (is_typing(tree)) {
		add_cell(w, tree);
	}
	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		add_cells(w, part);
	}
}

/* ---- survivors ---- */

static int add_part(struct survivor_rule *r, const struct bldr_value *tree, struct raw_source *s,
		    struct arena *a, struct bldr_error *err)
{
	const char *fn = bldr_get_text(tree, "fn");
	const struct bldr_value *args = bldr_get(tree, "args");
	const struct expr *e;
	int rc = 0;

	if (fn != NULL && (strcmp(fn, "lookup") == 0 || strcmp(fn, "surrogate_key") == 0)) {
		for (size_t i = 0; rc == 0 && i < bldr_count(args); i++) {
			rc = add_part(r, bldr_at(args, i), s, a, err);
		}
		return rc;
	}
	rc = source_rule_compile(tree, s, a, &e, err);
	if (rc == 0) {
		*LIST_ADD(a, &r->key) = (struct key_part){ e };
	}
	return rc;
}

static bool is_key(const struct target *t, size_t column)
{
	const struct sttm_column *c = t->columns[column].sttm;
	bool found = t->sttm->grain_columns.n == 0 && c->role == ROLE_BUSINESS_KEY;

	for (size_t i = 0; i < t->sttm->grain_columns.n; i++) {
		found |= strcmp(t->sttm->grain_columns.at[i], c->target) == 0;
	}
	return found;
}

static int add_survivors(struct target *t, struct arena *a, struct bldr_error *err)
{
	struct survivor_rule r = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		if (is_key(t, i)) {
			rc = add_part(&r, t->columns[i].sttm->rule, t->source, a, err);
		}
	}
	if (rc == 0 && r.key.n == 0) {
		rc = bldr_error_set(err, BLDR_E_INVALID, "it has no key");
	}
	if (rc == 0 && t->sttm->version_rule != NULL) {
		rc = source_rule_compile(t->sttm->version_rule, t->source, a, &r.version, err);
	}
	if (rc < 0) {
		return bldr_error_prefix(err, "table \"%s\", dedup of \"%s\"", t->sttm->name,
					 t->source->file->table);
	}
	*LIST_ADD(a, &t->source->survivors) = r;
	return 0;
}

int source_rules_compile(struct targets *targets, struct arena *a, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < targets->n; i++) {
		struct target *t = &targets->at[i];
		struct walk w = { targets, t, a };

		for (size_t c = 0; c < t->n; c++) {
			add_cells(&w, t->columns[c].sttm->rule);
		}
		if (t->source != NULL && t->sttm->dedup == DEDUP_LAST) {
			rc = add_survivors(t, a, err);
		}
	}
	for (size_t i = 0; i < targets->n_sources; i++) {
		struct raw_source *s = &targets->sources[i];

		s->told_at = ARENA_ARRAY(a, int64_t, s->file->columns.n);
	}
	return rc;
}
