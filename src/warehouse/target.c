/*
 * Compiles the STTM's tables in load order: the own source and its joins first, so that rules can name
 * their columns; then each rule, whose type must be the column's. Lookups see the dimensions that
 * are loaded before. What goes wrong is a wrong STTM, told with table and column.
 */
#include "warehouse/target.h"

#include <string.h>

#include <sqlite3.h>

#include "warehouse/date_rule.h"
#include "warehouse/source_rule.h"

struct binding { /* what a rule's names are looked up in */
	struct arena *arena;
	struct targets *targets; /* those before the target are complete */
	struct target *target;
};

bool target_is_scaled(struct column_type type)
{
	return type.kind == COLUMN_DECIMAL && type.precision <= SCALED_DIGITS_MAX && type.scale > 0;
}

struct raw_source *targets_source(const struct targets *targets, const char *table)
{
	for (size_t i = 0; i < targets->n_sources; i++) {
		if (strcmp(targets->sources[i].file->table, table) == 0) {
			return &targets->sources[i];
		}
	}
	return NULL;
}

/* ---- names in rules ---- */

/* "" and the own source's name are side 0, an alias is its join's. */
static bool find_side(const struct target *t, const char *alias, size_t *ret)
{
	if (*alias == '\0' || strcmp(alias, t->source->file->table) == 0) {
		*ret = 0;
		return true;
	}
	for (size_t i = 0; i < t->joins.n; i++) {
		if (strcmp(t->joins.at[i].sttm->alias, alias) == 0) {
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

static size_t keep_field(struct arena *a, struct target_join *join, size_t field)
{
	for (size_t i = 0; i < join->kept.n; i++) {
		if (join->kept.at[i] == field) {
			return i;
		}
	}
	*LIST_ADD(a, &join->kept) = field;
	return join->kept.n - 1;
}

static bool find_slot(struct arena *a, struct target *t, size_t side, const char *column,
		      struct target_slot *ret)
{
	struct target_join *join = side > 0 ? &t->joins.at[side - 1] : NULL;
	size_t field;

	if (!raw_source_field(join != NULL ? join->source : t->source, column, &field)) {
		return false;
	}
	*ret = (struct target_slot){ side, join != NULL ? keep_field(a, join, field) : field };
	return true;
}

static bool bind_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	struct binding *b = user;
	struct target *t = b->target;
	struct target_slot slot;
	size_t side;

	if (!find_side(t, alias, &side) || !find_slot(b->arena, t, side, column, &slot)) {
		return false;
	}
	*ret_slot = (int)t->slots.n;
	*LIST_ADD(b->arena, &t->slots) = slot;
	return true;
}

/* Only a dimension that is loaded before this table. */
static bool find_dimension(struct binding *b, const char *name, size_t *ret)
{
	for (size_t i = 0; b->targets->at + i < b->target; i++) {
		if (b->targets->at[i].dimension && strcmp(b->targets->at[i].sttm->name, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool bind_dimension(void *user, const char *name, int *ret_slot)
{
	size_t i;

	if (!find_dimension(user, name, &i)) {
		return false;
	}
	*ret_slot = (int)i;
	return true;
}

/* ---- joins ---- */

static int bind_join_columns(struct binding *b, struct target_join *join, size_t from_side,
			     struct bldr_error *err)
{
	const struct sttm_join *j = join->sttm;

	if (j->from_columns.n == 0 || j->from_columns.n != j->to_columns.n) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "it compares %zu columns of \"%s\" with %zu of \"%s\"",
				      j->from_columns.n, j->from, j->to_columns.n, j->table);
	}
	for (size_t i = 0; i < j->from_columns.n; i++) {
		struct target_slot from;
		size_t to;

		if (!find_slot(b->arena, b->target, from_side, j->from_columns.at[i], &from)) {
			return bldr_error_set(err, BLDR_E_INVALID, "no column \"%s\" in \"%s\"",
					      j->from_columns.at[i], j->from);
		}
		if (!raw_source_field(join->source, j->to_columns.at[i], &to)) {
			return bldr_error_set(err, BLDR_E_INVALID, "no column \"%s\" in \"%s\"",
					      j->to_columns.at[i], j->table);
		}
		for (size_t k = 0; k < join->to.n; k++) {
			if (join->to.at[k] == to) {
				return bldr_error_set(err, BLDR_E_INVALID,
						      "column \"%s\" of \"%s\" is compared twice",
						      j->to_columns.at[i], j->table);
			}
		}
		*LIST_ADD(b->arena, &join->from) = from;
		*LIST_ADD(b->arena, &join->to) = to;
	}
	return 0;
}

static int compile_join(struct binding *b, const struct sttm_join *j, struct bldr_error *err)
{
	struct target_join join = { .sttm = j, .source = targets_source(b->targets, j->table) };
	size_t side;
	int rc;

	if (*j->alias == '\0' || find_side(b->target, j->alias, &side)) {
		return bldr_error_set(err, BLDR_E_INVALID, "the alias is empty or used already");
	}
	if (join.source == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "no source table \"%s\"", j->table);
	}
	if (!find_side(b->target, j->from, &side)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" is neither the table's own source nor a join before "
				      "this one",
				      j->from);
	}
	join.source->used = true;
	rc = bind_join_columns(b, &join, side, err);
	if (rc == 0) {
		*LIST_ADD(b->arena, &b->target->joins) = join;
	}
	return rc;
}

static int compile_joins(struct binding *b, struct bldr_error *err)
{
	const struct sttm_table *s = b->target->sttm;

	for (size_t i = 0; i < s->joins.n; i++) {
		if (compile_join(b, &s->joins.at[i], err) < 0) {
			return bldr_error_prefix(err, "table \"%s\", join \"%s\"", s->name,
						 s->joins.at[i].alias);
		}
	}
	return 0;
}

/* ---- columns ---- */

static int compile_rule(struct binding *b, struct target_column *c, struct bldr_error *err)
{
	bool generated = b->target->source == NULL;
	const struct expr_scope scope = {
		.column = generated ? NULL : bind_column,
		.dimension = generated ? NULL : bind_dimension,
		.user = b,
	};
	char found[COLUMN_TYPE_TEXT_MAX];
	int rc = expr_compile(c->sttm->rule, &scope, b->arena, &c->rule, err);

	if (rc < 0) {
		return rc;
	}
	if (!column_type_equal(expr_type(c->rule), c->type)) {
		column_type_text(expr_type(c->rule), found);
		return bldr_error_set(err, BLDR_E_INVALID, "the rule gives %s, the column is %s",
				      found, c->sttm->type);
	}
	return 0;
}

static bool has_member(const struct sttm_table *s, int64_t key)
{
	for (size_t i = 0; i < s->reserved.n; i++) {
		if (s->reserved.at[i].key == key) {
			return true;
		}
	}
	return false;
}

/* A dimension key is an int64 and needs somewhere to point to when the source has no answer. */
static int bind_dimension_key(struct binding *b, struct target_column *c, struct bldr_error *err)
{
	const char *name = c->sttm->dimension;
	const struct sttm_table *s;

	if (name == NULL || !find_dimension(b, name, &c->dimension)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" is no dimension that is loaded before this table",
				      name != NULL ? name : "");
	}
	if (c->type.kind != COLUMN_INT64) {
		return bldr_error_set(err, BLDR_E_INVALID, "a dimension key is int64, not %s",
				      c->sttm->type);
	}
	s = b->targets->at[c->dimension].sttm;
	if (!has_member(s, MEMBER_UNKNOWN) || !has_member(s, MEMBER_NOT_APPLICABLE)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "dimension \"%s\" lacks the reserved members %d and %d", name,
				      MEMBER_UNKNOWN, MEMBER_NOT_APPLICABLE);
	}
	return 0;
}

static int compile_column(struct binding *b, struct target_column *c, struct bldr_error *err)
{
	int rc;

	if (*c->sttm->target == '\0') {
		return bldr_error_set(err, BLDR_E_INVALID, "a column has no name");
	}
	if (!column_type_parse(c->sttm->type, &c->type)) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is not a type", c->sttm->type);
	}
	c->stored = target_is_scaled(c->type)
		? arena_printf(b->arena, "%s_e%d", c->sttm->target, c->type.scale)
		: c->sttm->target;
	c->required = !c->sttm->nullable || c->sttm->role == ROLE_SURROGATE_KEY ||
		c->sttm->role == ROLE_DIMENSION_KEY;
	if (c->sttm->role == ROLE_DIMENSION_KEY) {
		rc = bind_dimension_key(b, c, err);
		if (rc < 0) {
			return rc;
		}
	}
	return compile_rule(b, c, err);
}

/* SQLite folds the case of ASCII letters in names. */
static const char *find_clash(const struct target *t, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (sqlite3_stricmp(t->columns[k].stored, t->columns[i].stored) == 0 ||
		    sqlite3_stricmp(t->columns[k].sttm->target, t->columns[i].sttm->target) == 0) {
			return t->columns[k].sttm->target;
		}
	}
	return NULL;
}

static int compile_columns(struct binding *b, struct bldr_error *err)
{
	struct target *t = b->target;
	const char *other;

	t->n = t->sttm->columns.n;
	t->columns = ARENA_ARRAY(b->arena, struct target_column, t->n);
	for (size_t i = 0; i < t->n; i++) {
		struct target_column *c = &t->columns[i];

		c->sttm = &t->sttm->columns.at[i];
		if (compile_column(b, c, err) < 0) {
			return bldr_error_prefix(err, "column \"%s.%s\"", t->sttm->name,
						 c->sttm->target);
		}
		other = find_clash(t, i);
		if (other != NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "table \"%s\": columns \"%s\" and \"%s\" would have "
					      "one name in the warehouse; rename one",
					      t->sttm->name, other, c->sttm->target);
		}
		if (c->sttm->role == ROLE_BUSINESS_KEY) {
			*LIST_ADD(b->arena, &t->business) = i;
		}
	}
	return 0;
}

/* ---- keys ---- */

static int find_surrogate(struct binding *b, struct bldr_error *err)
{
	struct target *t = b->target;

	for (size_t i = 0; i < t->n; i++) {
		if (t->columns[i].sttm->role == ROLE_SURROGATE_KEY) {
			*LIST_ADD(b->arena, &t->key) = i;
		}
	}
	if (t->key.n != 1 || t->columns[t->key.at[0]].type.kind != COLUMN_INT64) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "dimension \"%s\" needs one surrogate key of type int64",
				      t->sttm->name);
	}
	t->surrogate = t->key.at[0];
	/* a member without its business key could never be referred to; a calendar makes its own */
	for (size_t i = 0; t->source != NULL && i < t->business.n; i++) {
		t->columns[t->business.at[i]].required = true;
	}
	return 0;
}

static bool find_column(const struct target *t, const char *name, size_t *ret)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->columns[i].sttm->target, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static int find_grain(struct binding *b, struct bldr_error *err)
{
	struct target *t = b->target;
	const struct sttm_table *s = t->sttm;

	if (s->grain_columns.n == 0) {
		return bldr_error_set(err, BLDR_E_INVALID, "table \"%s\" has no grain", s->name);
	}
	for (size_t i = 0; i < s->grain_columns.n; i++) {
		size_t column;

		if (!find_column(t, s->grain_columns.at[i], &column)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "table \"%s\" has no column \"%s\" for its grain",
					      s->name, s->grain_columns.at[i]);
		}
		t->columns[column].required = true;
		*LIST_ADD(b->arena, &t->key) = column;
	}
	return 0;
}

static int find_rowid(struct target *t, struct bldr_error *err)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool hidden = false;

		for (size_t c = 0; c < t->n; c++) {
			hidden |= sqlite3_stricmp(t->columns[c].stored, names[i]) == 0;
		}
		if (!hidden) {
			t->rowid = names[i];
			return 0;
		}
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "table \"%s\" has columns \"rowid\", \"_rowid_\" and \"oid\", which "
			      "hide SQLite's row id; rename one",
			      t->sttm->name);
}

/* ---- tables ---- */

/* Tables and views share one space of names with SQLite's own and the warehouse's. */
static int check_table_name(const struct targets *targets, size_t i, struct bldr_error *err)
{
	const char *name = targets->at[i].sttm->name;

	if (*name == '\0' || sqlite3_strnicmp(name, "sqlite_", 7) == 0 ||
	    sqlite3_strnicmp(name, "bldr_", 5) == 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" cannot be the name of a table; rename it", name);
	}
	for (size_t k = 0; k < targets->n; k++) {
		const char *other = targets->at[k].sttm->name;

		if (k < i && sqlite3_stricmp(name, other) == 0) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "tables \"%s\" and \"%s\" would have one name in the "
					      "warehouse; rename one",
					      other, name);
		}
		if (sqlite3_strnicmp(name, "v_", 2) == 0 && sqlite3_stricmp(name + 2, other) == 0) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "table \"%s\" has the name of the view of table "
					      "\"%s\"; rename one",
					      name, other);
		}
	}
	return 0;
}

static int find_source(struct binding *b, struct bldr_error *err)
{
	const struct sttm_table *s = b->target->sttm;

	if (s->source == NULL) {
		return s->kind == TABLE_DATE
			? 0
			: bldr_error_set(err, BLDR_E_INVALID, "table \"%s\" has no source", s->name);
	}
	b->target->source = targets_source(b->targets, s->source);
	if (b->target->source == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "table \"%s\": no source table \"%s\"",
				      s->name, s->source);
	}
	b->target->source->used = true;
	return 0;
}

static int compile_target(struct binding *b, struct bldr_error *err)
{
	int kind = b->target->sttm->kind;
	int rc = find_source(b, err);

	b->target->dimension = kind == TABLE_DIMENSION || kind == TABLE_DATE;
	if (rc == 0 && b->target->source != NULL) {
		rc = compile_joins(b, err);
	}
	if (rc == 0) {
		rc = compile_columns(b, err);
	}
	if (rc == 0) {
		rc = b->target->dimension ? find_surrogate(b, err) : find_grain(b, err);
	}
	return rc < 0 ? rc : find_rowid(b->target, err);
}

int targets_compile(const struct sources *sources, const struct sttm *sttm, struct arena *a,
		    struct targets *ret, struct bldr_error *err)
{
	struct targets t = { .n_sources = sources->files.n, .n = sttm->tables.n };
	int rc = 0;

	t.sources = ARENA_ARRAY(a, struct raw_source, t.n_sources);
	t.at = ARENA_ARRAY(a, struct target, t.n);
	for (size_t i = 0; i < t.n_sources; i++) {
		t.sources[i].file = &sources->files.at[i];
	}
	for (size_t i = 0; i < t.n; i++) {
		t.at[i].sttm = &sttm->tables.at[i];
	}
	for (size_t i = 0; rc == 0 && i < t.n; i++) {
		struct binding b = { .arena = a, .targets = &t, .target = &t.at[i] };

		rc = check_table_name(&t, i, err);
		if (rc == 0) {
			rc = compile_target(&b, err);
		}
	}
	for (size_t i = 0; rc == 0 && i < t.n; i++) {
		if (t.at[i].source == NULL) {
			rc = date_rules_compile(&t, sttm, a, &t.at[i], err);
		}
	}
	if (rc == 0) {
		rc = source_rules_compile(&t, a, err);
	}
	if (rc == 0) {
		*ret = t;
	}
	return rc;
}
