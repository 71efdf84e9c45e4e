/*
 * Keys are compared as written, without blanks around them. Numbers of another file prove nothing: small integers are
 * contained in each other by chance; codes with a letter in them are not.
 */
#include "checks/doubt.h"

#include <ctype.h>
#include <string.h>

#include "base/check.h"

struct counts {
	size_t leads, missed;     /* records */
	size_t distinct, unknown; /* keys, and those that lead nowhere */
};

static const char *written(const struct trial *t, const struct foreign_key *k, size_t record)
{
	int64_t column = relation_column_find(k->from, k->columns.at[0]);
	ASSERT(column >= 0);
	return value_trimmed(relation_text(k->from, record, (size_t)column), t->arena);
}

static struct counts count(const struct trial *t, const struct foreign_key *k)
{
	struct counts c = { 0 };
	struct map *seen = map_new();
	for (size_t i = 0; i < k->from->raw.records.n; i++) {
		bool leads = k->fates[i] == KEY_LEADS;
		if (!leads && k->fates[i] != KEY_MISSED) {
			continue;
		}
		const char *key = written(t, k, i);
		void **place = map_at(seen, key, strlen(key));
		c.distinct += *place == NULL;
		c.unknown += *place == NULL && !leads;
		*place = seen;
		c.leads += leads;
		c.missed += !leads;
	}
	map_free(seen);
	return c;
}

static bool is_said(const struct trial *t, const struct foreign_key *k)
{
	const struct table_override *said =
		overrides_table(&t->relations.declared, k->from->file->table);
	for (size_t i = 0; said != NULL && i < said->foreign_keys.n; i++) {
		const struct reference_override *r = &said->foreign_keys.at[i];
		if (strcmp(r->to, k->to) == 0 && overrides_same_columns(&r->columns, &k->columns)) {
			return true;
		}
	}
	return false;
}

/* ---- codes of another file ---- */

/* The values of a column; NULL: one is missing, or stands twice. map_free() it. */
static struct map *unique_values(const struct trial *t, const struct relation *r, size_t column)
{
	struct map *values = map_new();
	for (size_t i = 0; i < r->raw.records.n; i++) {
		const char *value = value_trimmed(relation_text(r, i, column), t->arena);
		void **place = *value != '\0' ? map_at(values, value, strlen(value)) : NULL;
		if (place == NULL || *place != NULL) {
			map_free(values);
			return NULL;
		}
		*place = values;
	}
	return values;
}

static bool is_code(const char *key)
{
	for (; *key != '\0'; key++) {
		if (isalpha((unsigned char)*key) || (unsigned char)*key >= 0x80) {
			return true;
		}
	}
	return false;
}

/* Whether most records of k are codes that the column holds. */
static bool holds_most(const struct trial *t, const struct foreign_key *k, const struct relation *r,
		       size_t column, const struct counts *c)
{
	struct map *values = unique_values(t, r, column);
	size_t held = 0;
	for (size_t i = 0; values != NULL && i < k->from->raw.records.n; i++) {
		if (k->fates[i] == KEY_LEADS || k->fates[i] == KEY_MISSED) {
			const char *key = written(t, k, i);
			held += is_code(key) && map_find(values, key, strlen(key)) != NULL;
		}
	}
	map_free(values);
	return held * 2 > c->leads + c->missed;
}

/* "sites.site_code": a column of another file that holds most of them; NULL: there is none. */
static const char *other_home(const struct trial *t, const struct foreign_key *k,
			      const struct counts *c)
{
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		const struct relation *r = &t->relations.tables.at[i];
		for (size_t n = 0; r != k->from && n < r->raw.columns; n++) {
			if (holds_most(t, k, r, n, c)) {
				return arena_printf(t->arena, "%s.%s", r->file->table,
						    r->columns[n].name);
			}
		}
	}
	return NULL;
}

const char *doubt_of(const struct trial *t, const struct foreign_key *k)
{
	struct counts c;
	if (k->columns.n != 1 || k->missed == 0 || is_said(t, k)) {
		return NULL;
	}
	c = count(t, k);
	if (c.missed <= c.leads) {
		return NULL;
	}
	const char *home = other_home(t, k, &c);
	if (home != NULL) {
		return arena_printf(
			t->arena,
			"most of its records lead nowhere, and most are codes of %s: the "
			"design refers to the wrong table",
			home);
	}
	return c.unknown * 2 <= c.distinct
		? NULL
		: arena_printf(t->arena,
			       "%zu of its %zu distinct keys lead nowhere: the design takes for a "
			       "foreign key what is none",
			       c.unknown, c.distinct);
}

static const struct bldr_value *advice(const struct trial *t, const char *table, const char *column,
				       const char *to, const char *to_column)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "repair", bldr_text("reference"));
	bldr_object_set(v, "table", bldr_text(table));
	bldr_object_set(v, "column", bldr_text(column));
	bldr_object_set(v, "to", bldr_text(to));
	bldr_object_set(v, "to_column", bldr_text(to_column));
	return artefact_keep(t->arena, v);
}

const struct bldr_value *doubt_advice(const struct trial *t, const struct foreign_key *k)
{
	return advice(t, k->from->file->table, k->columns.at[0], k->to, k->to_columns.at[0]);
}

/* ---- what the design before had ---- */

/* With another column beside it, it is another foreign key. */
static bool is_used(const struct trial *t, const char *table, const char *column)
{
	for (size_t i = 0; i < t->foreign.n; i++) {
		const struct foreign_key *k = &t->foreign.at[i];
		if (k->columns.n == 1 && strcmp(k->from->file->table, table) == 0 &&
		    strcmp(k->columns.at[0], column) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_told(const struct trial *t, const char *subject)
{
	for (size_t i = 0; i < t->findings.n; i++) {
		const struct finding *f = &t->findings.at[i];
		if (strcmp(f->check, "K6") == 0 && strcmp(f->subject, subject) == 0) {
			return true;
		}
	}
	return false;
}

static void tell(struct trial *t, const char *table, const char *column, const char *to)
{
	const char *subject = arena_printf(t->arena, "%s.%s", table, column);
	struct verdict v = {
		.passed = true,
		.expected = arena_printf(
			t->arena, "no foreign key, or every key is in a record of \"%s\"", to),
		.found = "the design before took it for one, and was sent back; this one does not",
	};
	if (!is_used(t, table, column) && !is_told(t, subject)) {
		trial_report(t, "K6", subject, &v);
	}
}

static const struct design_table *table_of(const struct design *d, const char *name)
{
	for (size_t i = 0; i < d->tables.n; i++) {
		if (strcmp(d->tables.at[i].name, name) == 0) {
			return &d->tables.at[i];
		}
	}
	return NULL;
}

static void tell_column(struct trial *t, const struct design *d, const struct design_column *c)
{
	const struct design_table *to = c->dimension != NULL ? table_of(d, c->dimension) : NULL;
	for (size_t i = 0; i < c->origins.n; i++) {
		const struct origin *o = &c->origins.at[i];
		for (size_t h = 0; h < o->hops.n; h++) {
			const struct hop *hop = &o->hops.at[h];
			if (hop->columns.n == 1) {
				tell(t, hop->table, hop->columns.at[0], hop->to_table);
			}
		}
		if (to != NULL && to->source != NULL && c->origins.n == 1 && o->column != NULL) {
			tell(t, o->table, o->column, to->source);
		}
	}
}

void doubt_tell_dropped(struct trial *t)
{
	const struct design *d = t->in->superseded_design;
	for (size_t i = 0; d != NULL && i < d->tables.n; i++) {
		for (size_t k = 0; k < d->tables.at[i].columns.n; k++) {
			tell_column(t, d, &d->tables.at[i].columns.at[k]);
		}
	}
}
