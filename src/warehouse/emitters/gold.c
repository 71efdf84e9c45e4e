/* The notebook that loads a table of the star: joins, references, rules, reserved rows. */
#include <inttypes.h>
#include <string.h>

#include "warehouse/date_rule.h"
#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/python_text.h"
#include "warehouse/emitters/rule.h"
#include "warehouse/rule_tree.h"

enum { BODY_INDENT = 4, ITEM_INDENT = 8 };

struct gold_notebook {
	struct emitter *e;
	const struct target *target;
	struct rules rules;
	struct bldr_value *data;
	struct buf text; /* of one part at a time */
};

/* ---- rules ---- */

static const char *column_type(struct gold_notebook *g, const struct target_column *c)
{
	return sql_type(g->e->arena, c->type);
}

/* A generated day comes from no file. */
static int put_rule(struct gold_notebook *g, const struct target_column *c, struct buf *out)
{
	struct buf type;

	if (g->target->source != NULL || c->sttm->role != ROLE_LINEAGE) {
		return rules_write(&g->rules, c->sttm->rule, out);
	}
	buf_init(&type, EMIT_TEXT_MAX);
	python_string(&type, column_type(g, c));
	buf_printf(out, "F.lit(None).cast(%s)", type.data);
	buf_release(&type);
	return 0;
}

static int add_rules(struct gold_notebook *g)
{
	struct buf rule;
	int rc = 0;

	buf_init(&rule, EMIT_TEXT_MAX);
	for (size_t i = 0; rc == 0 && i < g->target->n; i++) {
		const struct target_column *c = &g->target->columns[i];

		buf_clear(&rule);
		rc = put_rule(g, c, &rule);
		if (rc == 0) {
			rc = python_item(&g->text, ITEM_INDENT,
					 arena_printf(g->e->arena, "\"%s\": ", c->sttm->target),
					 rule.data, g->e->err);
		}
	}
	buf_release(&rule);
	return rc < 0 ? rc : data_take(g->e, g->data, "rules", &g->text);
}

/* ---- rows ---- */

/* `left == right` as an item of a list */
static void put_condition(struct gold_notebook *g, const struct sttm_join *j, size_t i,
			  struct buf *out)
{
	const struct lake *lake = g->e->lake;
	const struct lake_source *from =
		lake_source(lake, rule_alias_table(g->target->sttm, j->from));
	const struct lake_source *to = lake_source(lake, j->table);

	buf_printf(out, "F.col(\"%s\") == F.col(\"%s\")",
		   rules_column(&g->rules, j->from,
				lake_join_value(lake, from, j->from_columns.at[i])->name),
		   rules_column(&g->rules, j->alias,
				lake_join_value(lake, to, j->to_columns.at[i])->name));
}

static int put_join_item(struct gold_notebook *g, struct buf *item)
{
	int rc = python_item(&g->text, ITEM_INDENT, "", item->data, g->e->err);

	buf_clear(item);
	return rc;
}

static int put_join(struct gold_notebook *g, const struct sttm_join *j, const struct rule_side *side)
{
	struct buf item;
	int rc;

	buf_init(&item, EMIT_TEXT_MAX);
	buf_puts(&g->text, "    rows = rows.join(\n");
	buf_printf(&item, "quality.one_per_key(silver(\"%s\"), [",
		   emit_name(g->e->arena, side->source->file->table));
	for (size_t i = 0; i < j->to_columns.n; i++) {
		buf_printf(&item, "%s\"%s\"", i > 0 ? ", " : "",
			   lake_join_value(g->e->lake, side->source, j->to_columns.at[i])->name);
	}
	buf_printf(&item, "]).alias(\"%s\")", side->name);
	rc = put_join_item(g, &item);
	buf_puts(&item, j->to_columns.n > 1 ? "[" : "");
	for (size_t i = 0; i < j->to_columns.n; i++) {
		buf_puts(&item, i > 0 ? ", " : "");
		put_condition(g, j, i, &item);
	}
	buf_puts(&item, j->to_columns.n > 1 ? "]" : "");
	if (rc == 0) {
		rc = put_join_item(g, &item);
	}
	buf_puts(&g->text, "        \"left\",\n    )\n");
	buf_release(&item);
	return rc;
}

static int put_lookup(struct gold_notebook *g, const struct rule_lookup *l)
{
	struct buf item;
	int rc;

	buf_init(&item, EMIT_TEXT_MAX);
	buf_puts(&g->text, "    rows = rows.join(\n");
	buf_printf(&item, "session.read(\"%s\").alias(\"%s\")",
		   emit_name(g->e->arena, l->dimension->sttm->name), l->name);
	rc = put_join_item(g, &item);
	if (rc == 0) {
		buf_printf(&item, "F.col(\"%s.%s\") == ", l->name, l->key_column);
		rc = rules_write(&g->rules, l->key, &item);
	}
	if (rc == 0) {
		rc = put_join_item(g, &item);
	}
	buf_puts(&g->text, "        \"left\",\n    )\n");
	buf_release(&item);
	return rc;
}

static int add_rows(struct gold_notebook *g)
{
	const struct sttm_table *t = g->target->sttm;
	const struct rule_side *own = &g->rules.sides.at[0];
	bool joins = t->joins.n > 0 || g->rules.lookups.n > 0;
	int rc = 0;

	rc = python_call(&g->text, joins ? "    rows = " : "    return ",
			 arena_printf(g->e->arena, "silver(\"%s\").alias(\"%s\")",
				      emit_name(g->e->arena, own->source->file->table), own->name),
			 g->e->err);
	for (size_t i = 0; rc == 0 && i < t->joins.n; i++) {
		rc = put_join(g, &t->joins.at[i], &g->rules.sides.at[i + 1]);
	}
	for (size_t i = 0; rc == 0 && i < g->rules.lookups.n; i++) {
		rc = put_lookup(g, &g->rules.lookups.at[i]);
	}
	buf_puts(&g->text, joins ? "    return rows\n" : "");
	return rc < 0 ? rc : data_take(g->e, g->data, "rows", &g->text);
}

static int add_dates(struct gold_notebook *g)
{
	const struct sttm_table *t = g->target->sttm;
	struct buf item;
	const char *names = "";
	int rc = 0;

	buf_init(&item, EMIT_TEXT_MAX);
	for (size_t i = 0; rc == 0 && i < t->calendar.n; i++) {
		const struct column_ref *ref = &t->calendar.at[i];

		buf_printf(&item, "silver(\"%s\").select(\"%s\")",
			   emit_name(g->e->arena, ref->table),
			   lake_date_value(g->e->lake, ref)->name);
		names = arena_printf(g->e->arena, "%s%s%s.%s", names, i > 0 ? ", " : "", ref->table,
				     ref->column);
		rc = put_join_item(g, &item);
	}
	buf_release(&item);
	data_markdown(g->data, "dates_text", names);
	bldr_object_set(g->data, "years_max", bldr_int(CALENDAR_YEARS_MAX));
	return rc < 0 ? rc : data_take(g->e, g->data, "dates", &g->text);
}

/* ---- constants ---- */

bool gold_is_not_null(const struct target *t, const struct target_column *c)
{
	return c->sttm->role == ROLE_SURROGATE_KEY || c->sttm->role == ROLE_DIMENSION_KEY ||
		(c->required && !t->dimension);
}

static int add_ddl(struct gold_notebook *g)
{
	struct ddl ddl;

	ddl_begin(&ddl);
	for (size_t i = 0; i < g->target->n; i++) {
		const struct target_column *c = &g->target->columns[i];

		ddl_column(&ddl, c->sttm->target,
			   arena_printf(g->e->arena, "%s%s", column_type(g, c),
					gold_is_not_null(g->target, c) ? " NOT NULL" : ""),
			   c->sttm->prose);
	}
	return ddl_end(&ddl, g->e, g->data, "ddl");
}

static bool is_required(const struct target_column *c)
{
	return c->required;
}

static bool is_reserved_key(const struct target_column *c)
{
	return c->sttm->role == ROLE_SURROGATE_KEY || c->sttm->role == ROLE_DIMENSION_KEY;
}

static bool is_labelled(const struct target_column *c)
{
	return c->sttm->role == ROLE_ATTRIBUTE && c->type.kind == COLUMN_TEXT;
}

static int add_names(struct gold_notebook *g, const char *key, const char *variable,
		     bool (*has)(const struct target_column *c))
{
	const char **names = ARENA_ARRAY(g->e->arena, const char *, g->target->n);
	size_t n = 0;

	for (size_t i = 0; i < g->target->n; i++) {
		if (has(&g->target->columns[i])) {
			names[n++] = g->target->columns[i].sttm->target;
		}
	}
	return data_strings(g->e, g->data, key, variable, names, n);
}

/* The rule tells where a record stands in its file. */
static bool tells_place(const struct bldr_value *rule)
{
	const char *fn = bldr_get_text(rule, "fn");
	bool found = fn != NULL &&
		(strcmp(fn, "source_line") == 0 || strcmp(fn, "source_record") == 0);
	const struct bldr_value *part;

	for (size_t i = 0; !found && (part = rule_part(rule, i)) != NULL; i++) {
		found = tells_place(part);
	}
	return found;
}

/* With the line in its key a row is no thing that lasts: another content of the file has other rows in these lines. */
static int add_key(struct gold_notebook *g)
{
	const struct target *t = g->target;
	const char **names = ARENA_ARRAY(g->e->arena, const char *, t->key.n);
	const char *text = "";
	bool by_place = false;

	for (size_t i = 0; i < t->key.n; i++) {
		const struct sttm_column *c = t->columns[t->key.at[i]].sttm;

		names[i] = c->target;
		by_place |= tells_place(c->rule);
		text = arena_printf(g->e->arena, "%s%s`%s`", text, i > 0 ? ", " : "", names[i]);
	}
	bldr_object_set(g->data, "key_text", bldr_text(text));
	bldr_object_set(g->data, "by_place", bldr_bool(by_place));
	return data_strings(g->e, g->data, "key", "KEY", names, t->key.n);
}

static int add_reserved(struct gold_notebook *g)
{
	const struct sttm_table *t = g->target->sttm;
	const char *text = "";
	int rc;

	for (size_t i = 0; i < t->reserved.n; i++) {
		const struct sttm_member *m = &t->reserved.at[i];

		buf_printf(&g->text, "    %" PRId64 ": ", m->key);
		python_string(&g->text, m->label);
		buf_puts(&g->text, ",\n");
		text = arena_printf(g->e->arena, "%s%s%" PRId64 " %s", text, i > 0 ? ", " : "",
				    m->key, m->label);
	}
	data_markdown(g->data, "reserved_text", text);
	rc = data_take(g->e, g->data, "reserved", &g->text);
	if (rc == 0) {
		rc = add_names(g, "reserved_keys", "RESERVED_KEYS: list[str]", is_reserved_key);
	}
	return rc < 0 ? rc
		      : add_names(g, "reserved_labels", "RESERVED_LABELS: list[str]", is_labelled);
}

/* ---- how the table is kept ---- */

enum { CLUSTER_MAX = 4 };

static const struct target *dimension_of(struct gold_notebook *g, const struct target_column *c)
{
	for (size_t i = 0; c->sttm->dimension != NULL && i < g->e->targets->n; i++) {
		if (strcmp(g->e->targets->at[i].sttm->name, c->sttm->dimension) == 0) {
			return &g->e->targets->at[i];
		}
	}
	return NULL;
}

/* The first column that leads to a day, or to another dimension; n: there is none. */
static size_t first_reference(struct gold_notebook *g, bool day)
{
	for (size_t i = 0; i < g->target->n; i++) {
		const struct target *d = dimension_of(g, &g->target->columns[i]);

		if (d != NULL && (d->source == NULL) == day) {
			return i;
		}
	}
	return g->target->n;
}

/* A dimension by its key; a fact by day and first reference; else by the key, as far as Delta can. */
static size_t cluster_columns(struct gold_notebook *g, size_t *at)
{
	const struct target *t = g->target;
	size_t day = first_reference(g, true);
	size_t other = first_reference(g, false);
	size_t n = 0;

	for (size_t i = 0; t->dimension && i < t->n; i++) {
		if (t->columns[i].sttm->role == ROLE_SURROGATE_KEY) {
			at[0] = i;
			return 1;
		}
	}
	if (day < t->n) {
		at[n++] = day;
	}
	if (other < t->n) {
		at[n++] = other;
	}
	for (size_t i = 0; n == 0 && i < t->key.n && i < CLUSTER_MAX; i++) {
		if (t->columns[t->key.at[i]].type.kind != COLUMN_BOOL) {
			at[n++] = t->key.at[i];
		}
	}
	return n;
}

static int add_cluster(struct gold_notebook *g)
{
	const char *names[CLUSTER_MAX];
	size_t at[CLUSTER_MAX];
	size_t n = cluster_columns(g, at);
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		names[i] = g->target->columns[at[i]].sttm->target;
		last = at[i] > last ? at[i] : last;
	}
	data_indexed(g->data, last + 1);
	return data_strings(g->e, g->data, "cluster", "CLUSTER_BY: list[str]", names, n);
}

/* `key` >= 0 OR `key` IN (-1, -2) */
static void put_check(struct gold_notebook *g, const struct target_column *c)
{
	const struct target *d = dimension_of(g, c);
	const struct sttm_table *members = d != NULL ? d->sttm : g->target->sttm;
	bool day = d != NULL ? d->source == NULL : g->target->source == NULL;
	const char *name = c->sttm->target;

	buf_printf(&g->text, "%s    (`%s` %s", g->text.size > 0 ? " AND\n" : "", name,
		   day ? "BETWEEN 10101 AND 99991231" : ">= 0");
	if (d != NULL || members->reserved.n > 0) {
		buf_printf(&g->text, " OR `%s` IN (-1, -2", name); /* what lookups give */
		for (size_t i = 0; i < members->reserved.n; i++) {
			int64_t key = members->reserved.at[i].key;

			if (key != -1 && key != -2) {
				buf_printf(&g->text, ", %" PRId64, key);
			}
		}
		buf_putc(&g->text, ')');
	}
	buf_putc(&g->text, ')');
}

static int add_checks(struct gold_notebook *g)
{
	for (size_t i = 0; i < g->target->n; i++) {
		const struct target_column *c = &g->target->columns[i];

		if (c->sttm->role == ROLE_SURROGATE_KEY || c->sttm->role == ROLE_DIMENSION_KEY) {
			put_check(g, c);
		}
	}
	bldr_object_set(g->data, "checks", bldr_bool(g->text.size > 0));
	return data_take(g->e, g->data, "keys", &g->text);
}

/* ---- the head ---- */

static const char *source_names(struct gold_notebook *g, const struct sttm_column *c)
{
	const char *text = "";

	for (size_t i = 0; i < c->sources.n; i++) {
		text = arena_printf(g->e->arena, "%s%s%s.%s", text, i > 0 ? ", " : "",
				    c->sources.at[i].table, c->sources.at[i].column);
	}
	return text;
}

static void add_head(struct gold_notebook *g)
{
	const struct sttm_table *t = g->target->sttm;
	struct bldr_value *rows = bldr_list();

	for (size_t i = 0; i < g->target->n; i++) {
		const struct target_column *c = &g->target->columns[i];
		struct bldr_value *row = bldr_object();

		bldr_object_set(row, "name", bldr_text(c->sttm->target));
		bldr_object_set(row, "type", bldr_text(column_type(g, c)));
		data_markdown(row, "raw", source_names(g, c->sttm));
		data_markdown(row, "prose", c->sttm->prose);
		bldr_list_add(rows, row);
	}
	bldr_object_set(g->data, "columns", rows);
	bldr_object_set(g->data, "table", bldr_text(t->name));
	bldr_object_set(g->data, "what",
			t->source != NULL
				? bldr_textf("A row per record of the source `%s`.", t->source)
				: bldr_text("A row per day."));
	bldr_object_set(g->data, "what_key",
			bldr_text(g->target->dimension ? "business key" : "grain"));
	bldr_object_set(g->data, "source", bldr_bool(t->source != NULL));
	bldr_object_set(g->data, "dimension", bldr_bool(g->target->dimension));
	bldr_object_set(g->data, "has_joins", bldr_bool(t->joins.n > 0));
	bldr_object_set(g->data, "has_lookups", bldr_bool(g->rules.lookups.n > 0));
}

static int add_tables(struct gold_notebook *g)
{
	struct emitter *e = g->e;
	const struct sttm_table *t = g->target->sttm;
	int rc = data_table(e, g->data, "table_line", "TABLE", "", t->name);

	bldr_object_set(g->data, "comment",
			t->source != NULL ? bldr_textf("A row per record of %s", t->source)
					  : bldr_text("A row per day"));
	bldr_object_set(g->data, "quarantine_comment",
			bldr_textf("Records that %s refuses", t->name));
	data_markdown(g->data, "quarantine_text", arena_printf(e->arena, "quarantine_%s", t->name));
	return rc < 0
		? rc
		: data_table(e, g->data, "quarantine_line", "QUARANTINE", "quarantine_", t->name);
}

/* The helper columns that say which record a row was made of. */
static int add_lineage(struct gold_notebook *g)
{
	static const char *const columns[][2] = { { "_source_file", "__file" },
						  { "_source_line", "__line" },
						  { "_source_record", "__record" } };
	bool shared = lake_shares_lines(lake_source(g->e->lake, g->target->sttm->source));
	int rc = 0;

	data_place(g->data, lake_source(g->e->lake, g->target->sttm->source));
	for (size_t i = 0; rc == 0 && i < (shared ? 3 : 2); i++) {
		const char *column = rules_column(&g->rules, "", columns[i][0]);

		rc = python_item(&g->text, BODY_INDENT, "",
				 arena_printf(g->e->arena, "F.col(\"%s\").alias(\"%s\")", column,
					      columns[i][1]),
				 g->e->err);
	}
	return rc < 0 ? rc : data_take(g->e, g->data, "lineage", &g->text);
}

static int fill(struct gold_notebook *g)
{
	bool source = g->target->source != NULL;
	int rc = add_rules(g);

	add_head(g);
	if (rc == 0) {
		rc = add_tables(g);
	}
	if (rc == 0) {
		rc = source ? add_rows(g) : add_dates(g);
	}
	if (rc == 0 && source) {
		rc = add_lineage(g);
	}
	if (rc == 0) {
		rc = add_ddl(g);
	}
	if (rc == 0) {
		rc = add_key(g);
	}
	if (rc == 0) {
		rc = add_cluster(g);
	}
	if (rc == 0) {
		rc = add_checks(g);
	}
	if (rc == 0) {
		rc = add_names(g, "required", "REQUIRED", is_required);
	}
	return rc < 0 || !g->target->dimension ? rc : add_reserved(g);
}

int gold_emit(struct emitter *e, const struct target *t)
{
	struct gold_notebook g = { .e = e, .target = t };
	int rc = rules_build(e, t, &g.rules);

	if (rc < 0) {
		return rc;
	}
	g.data = bldr_object();
	buf_init(&g.text, EMIT_TEXT_MAX);
	rc = fill(&g);
	rc = rc < 0 ? bldr_error_prefix(e->err, "table \"%s\"", t->sttm->name)
		    : notebook_write(e, "gold", "gold", t->sttm->name, g.data);
	buf_release(&g.text);
	bldr_unref(g.data);
	return rc;
}
