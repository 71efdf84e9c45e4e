/* Of many checks the first ones stand for all. */
#include "agents/evaluator/correction.h"

#include <string.h>

#include "kb/fingerprint.h"

enum { CHECKS_SHOWN = 20 };

struct bldr_value *lesson_new(const char *kind, const char *agent, bool trusted, const char *source,
			      struct bldr_value *tables, const char *title, const char *words)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "kind", bldr_text(kind));
	bldr_object_set(v, "agent", bldr_text(agent));
	bldr_object_set(v, "trusted", bldr_bool(trusted));
	bldr_object_set(v, "source", bldr_text(source));
	bldr_object_set(v, "tables", tables);
	bldr_object_set(v, "title", bldr_text(title));
	bldr_object_set(v, "words", bldr_text(words));
	return v;
}

static const struct finding *find_check(const struct findings *f, const struct finding *like)
{
	for (size_t i = 0; i < f->checks.n; i++) {
		if (strcmp(f->checks.at[i].check, like->check) == 0 &&
		    strcmp(f->checks.at[i].subject, like->subject) == 0) {
			return &f->checks.at[i];
		}
	}
	return NULL;
}

struct bldr_value *correction_checks(const struct lessons_attempt *t,
				     const struct bldr_value *advice)
{
	struct bldr_value *list = bldr_list();
	size_t n = 0;

	for (size_t i = 0; i < t->before->checks.n; i++) {
		const struct finding *f = &t->before->checks.at[i];
		const struct finding *now;

		if (f->passed || f->severity != SEVERITY_ERROR || f->advice == NULL ||
		    !bldr_equal(f->advice, advice)) {
			continue;
		}
		now = find_check(t->after, f);
		if (now == NULL) { /* of cells that are refused no more: nothing to prove by */
			continue;
		}
		if (!now->passed) {
			bldr_unref(list);
			return NULL;
		}
		if (n++ < CHECKS_SHOWN) {
			bldr_list_add(list, bldr_textf("%.16s %.128s", f->check, f->subject));
		}
	}
	if (n == 0) {
		bldr_unref(list);
		return NULL;
	}
	return list;
}

const struct schema_table *correction_table(const struct lessons_input *in, const char *table)
{
	for (size_t i = 0; table != NULL && i < in->schema->tables.n; i++) {
		if (strcmp(in->schema->tables.at[i].profile->table, table) == 0) {
			return &in->schema->tables.at[i];
		}
	}
	return NULL;
}

const struct column_profile *correction_column(const struct schema_table *t, const char *name)
{
	for (size_t i = 0; name != NULL && i < t->profile->columns.n; i++) {
		if (strcmp(t->profile->columns.at[i].name, name) == 0) {
			return &t->profile->columns.at[i];
		}
	}
	return NULL;
}

/* ---- the parts of a correction ---- */

static struct bldr_value *precondition_value(const struct taught *taught, struct arena *a)
{
	const struct schema_table *t = taught->table;
	struct bldr_value *v = bldr_object();
	struct bldr_value *columns = bldr_list();

	for (size_t i = 0; i < taught->columns.n; i++) {
		const struct column_profile *c = taught->columns.at[i];
		struct bldr_value *column = bldr_object();

		bldr_object_set(column, "name", bldr_text(kb_name(a, c->name)));
		bldr_object_set(column, "type", bldr_text(kb_type(a, c->type)));
		bldr_object_set(column, "mask", bldr_text(schema_mask(c, a)));
		bldr_list_add(columns, column);
	}
	bldr_object_set(v, "fingerprint", bldr_text(t->fingerprint));
	bldr_object_set(v, "table", bldr_text(kb_table_name(a, t->profile->table)));
	bldr_object_set(v, "columns", columns);
	return v;
}

static struct bldr_value *changes_value(const struct taught *taught)
{
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < taught->changes.n; i++) {
		const struct kb_change *c = &taught->changes.at[i];
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "table", bldr_text(c->table));
		bldr_object_set(v, "column", bldr_text(c->column));
		bldr_object_set(v, "at", bldr_text(c->at));
		bldr_object_set(v, "wrong", bldr_text(c->wrong));
		bldr_object_set(v, "right", bldr_text(c->right));
		bldr_list_add(list, v);
	}
	return list;
}

const char *correction_input_hash(const struct artefact_head *head, const char *artefact)
{
	for (size_t i = 0; i < head->inputs.n; i++) {
		if (strcmp(head->inputs.at[i].artefact, artefact) == 0) {
			return head->inputs.at[i].hash;
		}
	}
	return "";
}

static struct bldr_value *evidence_value(const struct lessons_input *in,
					 const struct lessons_attempt *t, struct bldr_value *checks)
{
	const struct {
		const char *name, *hash;
	} hashes[] = {
		{ "sources", correction_input_hash(&t->after->head, "sources") },
		{ "contract", correction_input_hash(&t->after->head, "contract") },
		{ "failed", t->before_hash },
		{ "passed", t->after_hash },
		{ "profile_wrong", t->profile_hashes[0] },
		{ "profile_right", t->profile_hashes[1] },
		{ "sttm_wrong", t->sttm_hashes[0] },
		{ "sttm_right", t->sttm_hashes[1] },
	};
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "checks", checks);
	bldr_object_set(v, "verdict", bldr_text(in->evaluation->verdict));
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		bldr_object_set(v, hashes[i].name, bldr_text(hashes[i].hash));
	}
	return v;
}

void correction_add(struct desk *d, const struct lessons_input *in, const struct lessons_attempt *t,
		    const struct taught *taught, struct bldr_value *lessons)
{
	struct bldr_value *body = bldr_object();
	struct bldr_value *fix = bldr_object();
	struct bldr_value *tables = bldr_list();
	struct bldr_value *v;

	bldr_list_add(tables, bldr_text(taught->table->fingerprint));
	v = lesson_new("correction", "analyst", t->validated, in->schema->source, tables,
		       taught->title, taught->words);
	bldr_object_set(fix, "repair", bldr_text(taught->repair));
	bldr_object_set(fix, "rule_out", texts_value(&taught->wrong));
	bldr_object_set(fix, "use", texts_value(&taught->right));
	bldr_object_set(body, "precondition", precondition_value(taught, &d->arena));
	bldr_object_set(body, "fix", fix);
	bldr_object_set(body, "changes", changes_value(taught));
	bldr_object_set(v, "body", body);
	bldr_object_set(v, "evidence", evidence_value(in, t, taught->checks));
	bldr_list_add(lessons, v);
}
