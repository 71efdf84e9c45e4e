/*
 * Walks all rules, joins and calendars once, and gives every part that reads one source table alone, by
 * functions that only clean and type, a column of that table's silver table. Equal parts share one. Names
 * are those of the file as far as Spark and Delta take them unquoted; the rest keep their first letters.
 */
#include "warehouse/emitters/lake.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "expr/expr.h"
#include "warehouse/rule_tree.h"
#include "warehouse/source_rule.h"

enum { NAME_MAX_BYTES = 255, NAME_STEM_MAX = 230 };

/* As join_index.h compares. */
static const char join_blanks[] = " \t\xC2\xA0\xE2\x80\x87\xE2\x80\xAF";

/* ---- names ---- */

/* Columns that the pipeline itself adds to bronze or silver, or that Spark hides. */
static const char *const taken_names[] = { "_corrupt_record", "_source_file",    "_source_line",
					   "_row_hash",       "_run_id",         "_ingested_at",
					   "_record",         "_unfit",          "_metadata",
					   "_refusal",        "_source_record",  "_kind",
					   "_survivor",       "_corrupt_reason", "_source_hash" };

static bool is_taken(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] != NULL && strcasecmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* ASCII letters, digits and underscores, not longer than Unity Catalog allows with a suffix behind it. */
static char *stem(struct arena *a, const char *raw, size_t ordinal)
{
	size_t size = strlen(raw);
	char *name = arena_alloc(a, size + 2);
	size_t n = 0;
	bool letter = false;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)raw[i];
		bool good = c < 0x80 && (isalnum(c) != 0 || c == '_');

		if (n == 0 && isdigit(c) != 0) {
			name[n++] = 'c';
		}
		if (good) {
			name[n++] = raw[i];
		} else if (n > 0 && name[n - 1] != '_') {
			name[n++] = '_';
		}
		letter = letter || (good && c != '_');
	}
	if (!letter) {
		return arena_printf(a, "column_%zu", ordinal + 1);
	}
	name[n < NAME_STEM_MAX ? n : NAME_STEM_MAX] = '\0';
	return name;
}

static void name_columns(struct arena *a, struct lake_source *s)
{
	size_t n = s->file->columns.n;

	s->columns = ARENA_ARRAY(a, const char *, n);
	for (size_t i = 0; i < n; i++) {
		const char *base = stem(a, s->file->columns.at[i], i);
		const char *name = base;

		for (int k = 2;
		     is_taken(taken_names, sizeof(taken_names) / sizeof(taken_names[0]), name) ||
		     is_taken(s->columns, i, name);
		     k++) {
			name = arena_printf(a, "%s_%d", base, k);
		}
		s->columns[i] = name;
	}
}

static bool value_named(const struct lake_source *s, const char *name)
{
	for (size_t i = 0; i < s->values.n; i++) {
		if (strcasecmp(s->values.at[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* The column's own name for its first value, id_text and so on for the others. */
static const char *name_value(struct arena *a, const struct lake_source *s, size_t column,
			      struct column_type type)
{
	static const char *const kinds[] = { "text",   "bool", "int64",     "decimal",
					     "double", "date", "timestamp", "timestamp_ntz" };
	const char *own = s->columns[column];
	const char *base;
	const char *name;

	if (!value_named(s, own)) {
		return own;
	}
	base = arena_printf(a, "%s_%s", own, kinds[type.kind]);
	name = base;
	for (int k = 2; value_named(s, name) || is_taken(s->columns, s->file->columns.n, name);
	     k++) {
		name = arena_printf(a, "%s_%d", base, k);
	}
	return name;
}

/* ---- parts of rules ---- */

static bool find_column(const struct lake_source *s, const char *column, size_t *ret)
{
	for (size_t i = 0; i < s->file->columns.n; i++) {
		if (strcmp(s->file->columns.at[i], column) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static struct lake_source *find_source(const struct lake *lake, const char *table)
{
	for (size_t i = 0; i < lake->n; i++) {
		if (strcmp(lake->sources[i].file->table, table) == 0) {
			return &lake->sources[i];
		}
	}
	return NULL;
}

bool lake_shares_lines(const struct lake_source *s)
{
	return s->file->format == FORMAT_JSON;
}

const struct lake_source *lake_source(const struct lake *lake, const char *table)
{
	return find_source(lake, table);
}

static bool is_one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (s != NULL && strcmp(s, *list) == 0) {
			return true;
		}
	}
	return false;
}

/* Of one side alone, and nothing but cleaning and typing: *side is its alias, "" for the own source. */
static bool is_cleaning(const struct sttm_table *table, const struct bldr_value *tree,
			const char **side)
{
	static const char *const cleaning[] = { "trim", "null_if", "coalesce", NULL };
	const struct bldr_value *args = bldr_get(tree, "args");
	const char *column = bldr_get_text(tree, "col");

	if (column != NULL) {
		const char *of = bldr_get_text(tree, "of");
		const char *alias = of == NULL ||
				(table->source != NULL && strcmp(of, table->source) == 0)
			? ""
			: of;
		bool same = *side == NULL || strcmp(*side, alias) == 0;

		*side = alias;
		return same;
	}
	if (bldr_get(tree, "lit") != NULL) {
		return true;
	}
	for (size_t i = 0; i < bldr_count(args); i++) {
		if (!is_cleaning(table, bldr_at(args, i), side)) {
			return false;
		}
	}
	return is_one_of(bldr_get_text(tree, "fn"), cleaning) ||
		is_one_of(bldr_get_text(tree, "fn"), rule_typing);
}

typedef void (*part_fn)(void *user, const struct bldr_value *part, const char *alias);

/* Calls fn for the largest parts that silver makes, but for those of hops. */
static void each_part(const struct sttm_table *table, const struct bldr_value *tree, part_fn fn,
		      void *user)
{
	const struct bldr_value *operand;
	const char *side = NULL;

	if (is_cleaning(table, tree, &side)) {
		if (side != NULL) {
			fn(user, tree, *side != '\0' ? side : table->source);
		}
		return;
	}
	for (size_t i = 0; (operand = rule_operand(tree, i)) != NULL; i++) {
		each_part(table, operand, fn, user);
	}
}

/* Those of hops. */
static void each_hop_part(const struct sttm_table *table, const struct bldr_value *tree, part_fn fn,
			  void *user)
{
	const struct bldr_value *part;

	for (size_t i = 0; (part = rule_hop_part(tree, i)) != NULL; i++) {
		each_part(table, part, fn, user);
	}
	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		each_hop_part(table, part, fn, user);
	}
}

/* ---- values ---- */

static const struct lake_value *find_value(const struct lake_source *s,
					   const struct bldr_value *tree)
{
	for (size_t i = 0; i < s->values.n; i++) {
		if (bldr_equal(s->values.at[i].tree, tree)) {
			return &s->values.at[i];
		}
	}
	return NULL;
}

static bool any_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	(void)user;
	(void)alias;
	(void)column;
	*ret_slot = 0;
	return true;
}

struct builder {
	struct lake *lake;
	const struct sttm_table *table; /* whose rules are read */
	struct bldr_error *err;
	int rc;
};

static struct bldr_value *over_column(const struct bldr_value *call, const char *column)
{
	struct bldr_value *typing = bldr_object();
	struct bldr_value *args = bldr_list();
	struct bldr_value *col = bldr_object();

	for (void *it = bldr_first(call); it != NULL; it = bldr_next(call, it)) {
		if (strcmp(bldr_key(it), "args") != 0) {
			bldr_object_set(typing, bldr_key(it), bldr_ref(bldr_item(it)));
		}
	}
	bldr_object_set(col, "col", bldr_text(column));
	bldr_list_add(args, col);
	bldr_object_set(typing, "args", args);
	return typing;
}

/* Cuts the typing of a text off its text. */
static int cut(struct builder *b, struct lake_value *v)
{
	const struct expr_scope scope = { .column = any_column };
	struct arena *a = b->lake->arena;
	const struct bldr_value *arg = bldr_at(bldr_get(v->tree, "args"), 0);
	const struct expr *e;

	v->field = v->tree;
	if (!is_one_of(bldr_get_text(v->tree, "fn"), rule_typing) || v->type.kind == COLUMN_TEXT) {
		return 0;
	}
	if (expr_compile(arg, &scope, a, &e, b->err) < 0) {
		return BLDR_E_INVALID;
	}
	if (expr_type(e).kind == COLUMN_TEXT) {
		v->field = arg;
		v->typing = artefact_keep(a, over_column(v->tree, v->name));
	}
	return 0;
}

static void add_value(struct builder *b, struct lake_source *s, const struct bldr_value *tree,
		      bool mapped)
{
	const struct expr_scope scope = { .column = any_column };
	struct lake_value v = { .tree = tree, .mapped = mapped };
	const struct expr *e;
	const char *alias;
	const char *first = rule_first_column(tree, &alias);
	size_t column;

	if (b->rc < 0 || find_value(s, tree) != NULL) {
		return;
	}
	b->rc = expr_compile(tree, &scope, b->lake->arena, &e, b->err);
	if (b->rc < 0) {
		return;
	}
	if (first == NULL || !find_column(s, first, &column)) {
		b->rc = bldr_error_set(b->err, BLDR_E_INVALID, "no column \"%s\" in \"%s\"",
				       first != NULL ? first : "", s->file->table);
		return;
	}
	v.type = expr_type(e);
	v.name = name_value(b->lake->arena, s, column, v.type);
	b->rc = cut(b, &v);
	*LIST_ADD(b->lake->arena, &s->values) = v;
}

static void add_part(void *user, const struct bldr_value *part, const char *alias)
{
	struct builder *b = user;
	struct lake_source *s = find_source(b->lake, rule_alias_table(b->table, alias));

	ASSERT(s != NULL); /* targets_compile() has seen to that */
	add_value(b, s, artefact_keep(b->lake->arena, rule_without_alias(part)), true);
}

/* ---- joins and calendars ---- */

static const struct bldr_value *join_tree(struct arena *a, const char *column)
{
	struct bldr_value *col = bldr_object();
	struct bldr_value *trim = bldr_object();
	struct bldr_value *tree = bldr_object();
	struct bldr_value *args = bldr_list();
	struct bldr_value *tokens = bldr_list();

	bldr_object_set(col, "col", bldr_text(column));
	bldr_list_add(args, col);
	bldr_object_set(trim, "fn", bldr_text("trim"));
	bldr_object_set(trim, "args", args);
	bldr_object_set(trim, "chars", bldr_text(join_blanks));
	args = bldr_list();
	bldr_list_add(args, trim);
	bldr_list_add(tokens, bldr_text(""));
	bldr_object_set(tree, "fn", bldr_text("null_if"));
	bldr_object_set(tree, "args", args);
	bldr_object_set(tree, "tokens", tokens);
	return artefact_keep(a, tree);
}

const struct lake_value *lake_join_value(const struct lake *lake, const struct lake_source *source,
					 const char *column)
{
	return find_value(source, join_tree(lake->arena, column));
}

/* Behind the values of the rules: what is compared takes no name from a value that people read. */
static void add_joins(struct builder *b)
{
	for (size_t i = 0; i < b->table->columns.n; i++) {
		each_hop_part(b->table, b->table->columns.at[i].rule, add_part, b);
	}
	for (size_t i = 0; i < b->table->joins.n; i++) {
		const struct sttm_join *j = &b->table->joins.at[i];
		struct lake_source *from =
			find_source(b->lake, rule_alias_table(b->table, j->from));
		struct lake_source *to = find_source(b->lake, j->table);

		ASSERT(from != NULL && to != NULL);
		for (size_t k = 0; k < j->from_columns.n; k++) {
			add_value(b, from, join_tree(b->lake->arena, j->from_columns.at[k]), true);
			add_value(b, to, join_tree(b->lake->arena, j->to_columns.at[k]), true);
		}
	}
}

struct date_search {
	const struct sttm_table *table;
	const struct column_ref *ref;
	const struct bldr_value *found;
};

/* The outermost part that gives a date of the column. */
static const struct bldr_value *date_part(const struct date_search *s, const struct bldr_value *tree)
{
	const struct bldr_value *found = NULL;
	const struct bldr_value *part;

	if (!rule_reads(s->table, tree, s->ref->table, s->ref->column)) {
		return NULL;
	}
	if (rule_gives_date(tree)) {
		return tree;
	}
	for (size_t i = 0; found == NULL && (part = rule_part(tree, i)) != NULL; i++) {
		found = date_part(s, part);
	}
	return found;
}

static void search_part(void *user, const struct bldr_value *part, const char *alias)
{
	struct date_search *s = user;

	if (s->found == NULL && strcmp(rule_alias_table(s->table, alias), s->ref->table) == 0) {
		s->found = date_part(s, part);
	}
}

/* The first rule of the STTM that reads the column as a date: the one that date_rule.h takes. */
static const struct bldr_value *date_tree(const struct lake *lake, const struct column_ref *ref)
{
	struct date_search s = { .ref = ref };

	for (size_t i = 0; i < lake->sttm->tables.n; i++) {
		s.table = &lake->sttm->tables.at[i];
		for (size_t k = 0; k < s.table->columns.n; k++) {
			each_part(s.table, s.table->columns.at[k].rule, search_part, &s);
			if (s.found != NULL) {
				return artefact_keep(lake->arena, rule_without_alias(s.found));
			}
		}
	}
	return NULL;
}

const struct lake_value *lake_date_value(const struct lake *lake, const struct column_ref *ref)
{
	return find_value(find_source(lake, ref->table), date_tree(lake, ref));
}

static void add_calendar(struct builder *b)
{
	for (size_t i = 0; b->rc == 0 && i < b->table->calendar.n; i++) {
		const struct column_ref *ref = &b->table->calendar.at[i];
		const struct bldr_value *tree = date_tree(b->lake, ref);

		if (tree == NULL) {
			b->rc = bldr_error_set(
				b->err, BLDR_E_INVALID,
				"\"%s\" covers the dates of \"%s.%s\", but no rule reads "
				"that column alone as a date",
				b->table->name, ref->table, ref->column);
			return;
		}
		add_value(b, find_source(b->lake, ref->table), tree, true);
	}
}

/* ---- the whole ---- */

/* What no rule reads is carried along as it is. */
static void add_rest(struct builder *b, struct lake_source *s)
{
	for (size_t i = 0; i < s->file->columns.n; i++) {
		struct bldr_value *col;

		if (value_named(s, s->columns[i])) {
			continue;
		}
		col = bldr_object();
		bldr_object_set(col, "col", bldr_text(s->file->columns.at[i]));
		add_value(b, s, artefact_keep(b->lake->arena, col), false);
	}
}

static void add_table(struct builder *b)
{
	for (size_t i = 0; i < b->table->columns.n; i++) {
		each_part(b->table, b->table->columns.at[i].rule, add_part, b);
	}
	if (b->table->version_rule != NULL) {
		each_part(b->table, b->table->version_rule, add_part, b);
	}
}

static void add_name(struct arena *a, texts *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return;
		}
	}
	*LIST_ADD(a, names) = name;
}

static void add_names(const struct lake *lake, const struct sttm_table *table,
		      const struct bldr_value *rule, texts *names)
{
	lake_reads reads = { 0 };

	lake_find_reads(lake, table, rule, &reads);
	for (size_t i = 0; i < reads.n; i++) {
		add_name(lake->arena, names, reads.at[i].value->name);
	}
}

static bool is_grain(const struct sttm_table *t, const struct sttm_column *c)
{
	bool found = t->grain_columns.n == 0 && c->role == ROLE_BUSINESS_KEY;

	for (size_t i = 0; i < t->grain_columns.n; i++) {
		found |= strcmp(t->grain_columns.at[i], c->target) == 0;
	}
	return found;
}

/* As source_rule.h has it; a reference counts with the values that are looked up. */
static void add_unique(struct builder *b)
{
	struct lake_unique u = { 0 };

	if (b->table->dedup != DEDUP_LAST || b->table->source == NULL) {
		return;
	}
	for (size_t i = 0; i < b->table->columns.n; i++) {
		if (is_grain(b->table, &b->table->columns.at[i])) {
			add_names(b->lake, b->table, b->table->columns.at[i].rule, &u.key);
		}
	}
	if (b->table->version_rule != NULL) {
		add_names(b->lake, b->table, b->table->version_rule, &u.version);
	}
	*LIST_ADD(b->lake->arena, &find_source(b->lake, b->table->source)->uniques) = u;
}

static int check_columns(const struct source_file *file, struct bldr_error *err)
{
	for (size_t i = 0; i < file->columns.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(file->columns.at[i], file->columns.at[k]) == 0) {
				return bldr_error_set(err, BLDR_E_INVALID,
						      "\"%s\" has two columns \"%s\"", file->path,
						      file->columns.at[i]);
			}
		}
	}
	return file->columns.n > 0
		? 0
		: bldr_error_set(err, BLDR_E_INVALID, "\"%s\" has no columns", file->path);
}

int lake_build(const struct sources *sources, const struct sttm *sttm, struct arena *a,
	       struct lake *ret, struct bldr_error *err)
{
	struct lake lake = {
		.sources = ARENA_ARRAY(a, struct lake_source, sources->files.n),
		.n = sources->files.n,
		.sttm = sttm,
		.arena = a,
	};
	struct builder b = { .lake = &lake, .err = err };

	for (size_t i = 0; i < lake.n; i++) {
		lake.sources[i].file = &sources->files.at[i];
		if (check_columns(lake.sources[i].file, err) < 0) {
			return BLDR_E_INVALID;
		}
		name_columns(a, &lake.sources[i]);
	}
	for (size_t i = 0; b.rc == 0 && i < sttm->tables.n; i++) {
		b.table = &sttm->tables.at[i];
		add_table(&b);
	}
	for (size_t i = 0; b.rc == 0 && i < sttm->tables.n; i++) {
		b.table = &sttm->tables.at[i];
		add_joins(&b);
		add_calendar(&b);
	}
	for (size_t i = 0; i < lake.n; i++) {
		add_rest(&b, &lake.sources[i]);
	}
	for (size_t i = 0; b.rc == 0 && i < sttm->tables.n; i++) {
		b.table = &sttm->tables.at[i];
		add_unique(&b);
	}
	if (b.rc < 0) {
		return b.rc;
	}
	*ret = lake;
	return 0;
}

struct read_list {
	const struct lake *lake;
	const struct sttm_table *table;
	lake_reads *reads;
};

static void add_read(void *user, const struct bldr_value *part, const char *alias)
{
	struct read_list *l = user;
	struct arena *a = l->lake->arena;
	const struct lake_source *source = find_source(l->lake, rule_alias_table(l->table, alias));
	const struct bldr_value *tree = artefact_keep(a, rule_without_alias(part));
	const struct lake_value *value = find_value(source, tree);

	ASSERT(value != NULL);
	*LIST_ADD(a, l->reads) = (struct lake_read){ part, alias, source, value };
}

void lake_find_reads(const struct lake *lake, const struct sttm_table *table,
		     const struct bldr_value *rule, lake_reads *ret)
{
	struct read_list l = { lake, table, ret };

	each_part(table, rule, add_read, &l);
	each_hop_part(table, rule, add_read, &l);
}
