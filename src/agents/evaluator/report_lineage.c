/* From source column to target column: for each target table its joins, its reserved rows and every rule. */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

/* Tables are shown unfolded while a reader can still take all of them in. */
enum { UNFOLDED_MAX = 6 };

const char *report_target_id(const struct report_input *in, const char *table, struct arena *a)
{
	for (size_t i = 0; i < in->sttm->tables.n; i++) {
		if (strcmp(in->sttm->tables.at[i].name, table) == 0) {
			return arena_printf(a, "target-%zu", i + 1);
		}
	}
	return NULL;
}

static const struct design_table *design_of(const struct report_input *in, const char *name)
{
	for (size_t i = 0; i < in->design->tables.n; i++) {
		if (strcmp(in->design->tables.at[i].name, name) == 0) {
			return &in->design->tables.at[i];
		}
	}
	return NULL;
}

static struct bldr_value *refs_value(const struct column_ref *refs, size_t n)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(list, bldr_textf("%s.%s", refs[i].table, refs[i].column));
	}
	return list;
}

static struct bldr_value *column_value(const struct report_input *in, const struct sttm_column *c,
				       struct arena *a)
{
	struct bldr_value *v = bldr_object();
	const char *id = c->dimension != NULL ? report_target_id(in, c->dimension, a) : NULL;
	bldr_object_set(v, "target", bldr_text(c->target));
	bldr_object_set(v, "type", bldr_text(c->type));
	bldr_object_set(v, "role", bldr_text(report_role(c->role)));
	bldr_object_set(v, "nullable", bldr_bool(c->nullable));
	bldr_object_set(v, "sources", refs_value(c->sources.at, c->sources.n));
	bldr_object_set(v, "prose", bldr_text(c->prose));
	bldr_object_set(v, "dimension", bldr_text(c->dimension));
	bldr_object_set(v, "dimension_id", bldr_text(id));
	return v;
}

static struct bldr_value *join_value(const struct sttm_join *j)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *pairs = bldr_list();
	for (size_t i = 0; i < j->from_columns.n && i < j->to_columns.n; i++) {
		bldr_list_add(pairs,
			      bldr_textf("%s.%s = %s.%s", j->from, j->from_columns.at[i], j->alias,
					 j->to_columns.at[i]));
	}
	bldr_object_set(v, "table", bldr_text(j->table));
	bldr_object_set(v, "alias", strcmp(j->alias, j->table) != 0 ? bldr_text(j->alias) : NULL);
	bldr_object_set(v, "pairs", pairs);
	return v;
}

static struct bldr_value *members_value(const struct sttm_table *t)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < t->reserved.n; i++) {
		bldr_list_add(list,
			      bldr_textf("%lld %s", (long long)t->reserved.at[i].key,
					 t->reserved.at[i].label));
	}
	return list;
}

static void set_lists(struct bldr_value *v, const struct report_input *in,
		      const struct sttm_table *t, struct arena *a)
{
	struct bldr_value *joins = bldr_list();
	struct bldr_value *columns = bldr_list();
	for (size_t i = 0; i < t->joins.n; i++) {
		bldr_list_add(joins, join_value(&t->joins.at[i]));
	}
	for (size_t i = 0; i < t->columns.n; i++) {
		bldr_list_add(columns, column_value(in, &t->columns.at[i], a));
	}
	bldr_object_set(v, "generated", bldr_bool(t->calendar.n > 0));
	bldr_object_set(v, "any_members", bldr_bool(t->reserved.n > 0));
	bldr_object_set(v, "calendar", refs_value(t->calendar.at, t->calendar.n));
	bldr_object_set(v, "joins", joins);
	bldr_object_set(v, "members", members_value(t));
	bldr_object_set(v, "columns", columns);
}

static const struct deployment_table *loaded(const struct report_input *in, const char *name)
{
	for (size_t i = 0; i < in->deployment->tables.n; i++) {
		if (strcmp(in->deployment->tables.at[i].name, name) == 0) {
			return &in->deployment->tables.at[i];
		}
	}
	return NULL;
}

static struct bldr_value *table_value(const struct report_input *in, const struct sttm_table *t,
				      struct arena *a)
{
	struct bldr_value *v = bldr_object();
	const struct design_table *design = design_of(in, t->name);
	const struct deployment_table *rows = loaded(in, t->name);
	const char *id = report_target_id(in, t->name, a);
	bldr_object_set(v, "id", bldr_text(id));
	bldr_object_set(v, "name", bldr_text(t->name));
	bldr_object_set(v, "kind", bldr_text(report_kind(t->kind)));
	bldr_object_set(v, "source", bldr_text(t->source));
	bldr_object_set(v, "source_id",
			t->source != NULL ? bldr_text(report_source_id(in, t->source, a)) : NULL);
	bldr_object_set(v, "grain", design != NULL ? bldr_text(design->grain) : NULL);
	bldr_object_set(v, "grain_columns", texts_value(&t->grain_columns));
	bldr_object_set(v, "rows",
			rows != NULL ? bldr_text(report_count(a, rows->rows, "row")) : NULL);
	bldr_object_set(v, "count", bldr_text(report_count(a, (int64_t)t->columns.n, "column")));
	bldr_object_set(v, "open", bldr_bool(in->sttm->tables.n <= UNFOLDED_MAX));
	set_lists(v, in, t, a);
	bldr_object_set(v, "flow", report_flow(in, t, a, arena_printf(a, "flow-%s", id)));
	return v;
}

struct bldr_value *report_lineage(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	struct bldr_value *tables = bldr_list();
	for (size_t i = 0; i < in->sttm->tables.n; i++) {
		bldr_list_add(tables, table_value(in, &in->sttm->tables.at[i], a));
	}
	bldr_object_set(part, "version", bldr_int(in->sttm->head.version));
	bldr_object_set(part, "tables", tables);
	return part;
}
