/* Why the warehouse looks as it does: what was chosen, for which reason, and what was considered and not taken. */
#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

/* Alternatives of a table are shown unfolded up to as many. */
enum { UNFOLDED_MAX = 2 };
/* References that were not taken are named up to as many; large sources have thousands. */
enum { REJECTED_SHOWN = 100 };

static struct bldr_value *alternative_value(const char *choice, const char *reason)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "choice", bldr_text(choice));
	bldr_object_set(v, "reason", bldr_text(reason));
	return v;
}

static struct bldr_value *alternatives_value(const struct alternative *at, size_t n)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < n; i++) {
		bldr_list_add(list, alternative_value(at[i].choice, at[i].reason));
	}
	return list;
}

static struct bldr_value *role_value(const struct report_input *in, const struct source_role *r,
				     struct arena *a)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "table", bldr_text(r->table));
	bldr_object_set(v, "id", bldr_text(report_source_id(in, r->table, a)));
	bldr_object_set(v, "role", bldr_text(r->role));
	bldr_object_set(v, "key", texts_value(&r->key));
	bldr_object_set(v, "keyless", bldr_bool(r->key.n == 0));
	bldr_object_set(v, "reason", bldr_text(r->reason));
	bldr_object_set(v, "alternatives",
			alternatives_value(r->alternatives.at, r->alternatives.n));
	return v;
}

static struct bldr_value *measures_value(const struct design_table *t)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];
		if (c->role == ROLE_MEASURE) {
			const char *additivity = report_additivity(c->additivity);
			bldr_list_add(list,
				      bldr_textf("%s (%s)", c->name,
						 additivity[0] != '\0' ? additivity
								       : "not additive"));
		}
	}
	return list;
}

static struct bldr_value *table_value(const struct report_input *in, const struct design_table *t,
				      struct arena *a)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *measures = measures_value(t);
	bldr_object_set(v, "name", bldr_text(t->name));
	bldr_object_set(v, "id", bldr_text(report_target_id(in, t->name, a)));
	bldr_object_set(v, "kind", bldr_text(report_kind(t->kind)));
	bldr_object_set(v, "source", bldr_text(t->source));
	bldr_object_set(v, "grain", bldr_text(t->grain));
	bldr_object_set(v, "grain_columns", texts_value(&t->grain_columns));
	bldr_object_set(v, "scd", bldr_text(t->scd));
	bldr_object_set(
		v, "dedup",
		t->dedup != DEDUP_LAST ? NULL
			: t->version_column != NULL
			? bldr_textf("of several records with one key the one with the latest %s "
				     "counts, then the last in the file",
				     t->version_column)
			: bldr_text("of several records with one key the last in the file counts"));
	bldr_object_set(v, "reason", bldr_text(t->reason));
	bldr_object_set(v, "measured", bldr_bool(bldr_count(measures) > 0));
	bldr_object_set(v, "measures", measures);
	bldr_object_set(v, "alternatives",
			alternatives_value(t->alternatives.at, t->alternatives.n));
	bldr_object_set(v, "few_considered",
			bldr_bool(t->alternatives.n > 0 && t->alternatives.n <= UNFOLDED_MAX));
	bldr_object_set(v, "many_considered", bldr_bool(t->alternatives.n > UNFOLDED_MAX));
	bldr_object_set(v, "alternative_count",
			bldr_text(report_count(a, (int64_t)t->alternatives.n, "alternative")));
	return v;
}

static struct bldr_value *inclusion_value(const struct inclusion *i, struct arena *a)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "from",
			bldr_textf("%s (%s)", i->from_table, texts_joined(a, &i->from_columns)));
	bldr_object_set(v, "to",
			bldr_textf("%s (%s)", i->to_table, texts_joined(a, &i->to_columns)));
	bldr_object_set(v, "score", bldr_text(i->score));
	bldr_object_set(v, "contained",
			bldr_textf("%s of %s", report_number(a, i->contained),
				   report_number(a, i->distinct)));
	bldr_object_set(v, "orphans", bldr_text(report_number(a, i->orphan_rows)));
	bldr_object_set(v, "evidence", texts_value(&i->evidence));
	return v;
}

/* What references.html renders; takes the list. */
static struct bldr_value *references_value(const char *caption, struct bldr_value *list)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "caption", bldr_text(caption));
	bldr_object_set(v, "references", list);
	return v;
}

static void add_keys(struct bldr_value *list, const struct table_profile *t)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		const struct key_candidate *k = &t->keys.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "table", bldr_text(t->table));
		bldr_object_set(v, "columns", texts_value(&k->columns));
		bldr_object_set(v, "chosen", bldr_bool(k->chosen));
		bldr_object_set(v, "score", bldr_text(k->score));
		bldr_object_set(v, "evidence", texts_value(&k->evidence));
		bldr_list_add(list, v);
	}
}

static void set_references(struct bldr_value *part, const struct report_input *in, struct arena *a)
{
	struct bldr_value *chosen = bldr_list();
	struct bldr_value *rejected = bldr_list();
	struct bldr_value *keys = bldr_list();
	int64_t considered = 0;
	for (size_t i = 0; i < in->profile->inclusions.n; i++) {
		const struct inclusion *inclusion = &in->profile->inclusions.at[i];
		considered += inclusion->chosen ? 0 : 1;
		if (inclusion->chosen || considered <= REJECTED_SHOWN) {
			bldr_list_add(inclusion->chosen ? chosen : rejected,
				      inclusion_value(inclusion, a));
		}
	}
	for (size_t i = 0; i < in->profile->tables.n; i++) {
		add_keys(keys, &in->profile->tables.at[i]);
	}
	bldr_object_set(part, "any_chosen", bldr_bool(bldr_count(chosen) > 0));
	bldr_object_set(part, "any_rejected", bldr_bool(bldr_count(rejected) > 0));
	bldr_object_set(part, "any_keys", bldr_bool(bldr_count(keys) > 0));
	bldr_object_set(part, "rejected_count", bldr_text(report_count(a, considered, "reference")));
	bldr_object_set(part, "unshown",
			considered > REJECTED_SHOWN
				? bldr_text(report_number(a, considered - REJECTED_SHOWN))
				: NULL);
	bldr_object_set(part, "key_count",
			bldr_text(report_count(a, (int64_t)bldr_count(keys), "key candidate")));
	bldr_object_set(part, "chosen_table",
			references_value("References that were taken", chosen));
	bldr_object_set(part, "rejected_table",
			references_value("References that were considered and not taken", rejected));
	bldr_object_set(part, "keys", keys);
}

struct bldr_value *report_design(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	struct bldr_value *roles = bldr_list();
	struct bldr_value *tables = bldr_list();
	for (size_t i = 0; i < in->design->sources.n; i++) {
		bldr_list_add(roles, role_value(in, &in->design->sources.at[i], a));
	}
	for (size_t i = 0; i < in->design->tables.n; i++) {
		bldr_list_add(tables, table_value(in, &in->design->tables.at[i], a));
	}
	bldr_object_set(part, "roles", roles);
	bldr_object_set(part, "tables", tables);
	set_references(part, in, a);
	return part;
}
