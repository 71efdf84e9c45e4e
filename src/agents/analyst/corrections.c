/*
 * A correction is applied where it changes something: to a column of the same table fingerprint, name, type and mask, when
 * the first date format that fits is one that a correction rules out. The Tester's own advice goes before it.
 */
#include "agents/analyst/corrections.h"

#include <string.h>

#include "agents/schema.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

/* Whether the Tester has blamed this raw column in an earlier round. */
static bool is_blamed(struct desk *d, const char *table, const char *column)
{
	const struct bldr_value *attempts = bldr_get(d->args, "attempts");

	for (size_t i = 0; i < bldr_count(attempts); i++) {
		const struct bldr_value *repairs =
			bldr_get(bldr_get(bldr_at(attempts, i), "findings"), "repairs");

		for (size_t k = 0; k < bldr_count(repairs); k++) {
			const char *t = bldr_get_text(bldr_at(repairs, k), "table");
			const char *c = bldr_get_text(bldr_at(repairs, k), "column");

			if (t != NULL && c != NULL && strcmp(t, table) == 0 &&
			    strcmp(c, column) == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool holds(const struct kb_precondition *p, const struct column_profile *c, struct arena *a)
{
	return strcmp(kb_name(a, c->name), p->column) == 0 &&
		strcmp(kb_type(a, c->type), p->type) == 0 &&
		strcmp(schema_mask(c, a), p->mask) == 0;
}

/* Whether the mapper would take a format that the fix rules out, and has another one left. */
static bool changes_choice(const struct kb_fix *fix, const struct column_profile *c)
{
	const char *first = NULL;
	bool other = false;

	for (size_t i = 0; i < c->date_formats.n; i++) {
		const char *format = c->date_formats.at[i].format;
		bool out = false;

		for (size_t k = 0; k < fix->rule_out.n; k++) {
			out |= strcmp(fix->rule_out.at[k], format) == 0;
		}
		if (c->date_formats.at[i].matches > 0) {
			first = first == NULL ? (out ? format : "") : first;
			other |= !out;
		}
	}
	return other && first != NULL && *first != '\0';
}

static void apply(struct desk *d, const char *id, const struct kb_correction *correction,
		  const struct schema_table *table, advices *advice, struct bldr_value *applied)
{
	for (size_t i = 0; i < table->profile->columns.n; i++) {
		const struct column_profile *c = &table->profile->columns.at[i];
		struct mapping_advice one = {
			.repair = correction->fix.repair,
			.table = table->profile->table,
			.column = c->name,
		};
		struct bldr_value *v;

		if (!holds(&correction->precondition, c, &d->arena) ||
		    !changes_choice(&correction->fix, c) || is_blamed(d, one.table, one.column)) {
			continue;
		}
		for (size_t k = 0; k < correction->fix.rule_out.n; k++) {
			*LIST_ADD(&d->arena, &one.tried) = correction->fix.rule_out.at[k];
		}
		*LIST_ADD(&d->arena, advice) = one;
		v = bldr_object();
		bldr_object_set(v, "id", bldr_text(id));
		bldr_object_set(v, "table", bldr_text(one.table));
		bldr_object_set(v, "column", bldr_text(one.column));
		bldr_list_add(applied, v);
	}
}

struct bldr_value *corrections_apply(struct desk *d, const struct profile *profile, advices *advice)
{
	const struct bldr_value *items = bldr_get(bldr_get(d->args, "recalled"), "items");
	struct bldr_value *applied = bldr_list();
	struct schema schema;

	schema_of(profile, &d->arena, &schema);
	for (size_t i = 0; i < bldr_count(items); i++) {
		const struct bldr_value *item = bldr_at(items, i);
		const char *id = bldr_get_text(item, "id");
		const char *kind = bldr_get_text(item, "kind");
		struct kb_correction correction;

		if (id == NULL || kind == NULL || strcmp(kind, "correction") != 0) {
			continue;
		}
		if (kb_correction_decode(bldr_get(item, "body"), &d->arena, &correction, NULL) < 0) {
			continue; /* of another program's version: no help, and no harm */
		}
		for (size_t t = 0; t < schema.tables.n; t++) {
			if (strcmp(schema.tables.at[t].fingerprint,
				   correction.precondition.fingerprint) == 0) {
				apply(d, id, &correction, &schema.tables.at[t], advice, applied);
			}
		}
	}
	return applied;
}
