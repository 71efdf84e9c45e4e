/*
 * One pass over the records with a map from key to the best record so far, then one that looks up each record's. The
 * key is what the table's grain, or a dimension's business key, is made of: the columns of the source that their
 * origins read, those where a path begins included.
 */
#include "checks/winners.h"

#include <string.h>

#include "base/check.h"
#include "checks/amount.h"

/* A column of the source that is part of the key. */
struct part {
	size_t column;
	struct column_type type;
	bool joined; /* it leads to a member: compared as joins compare */
	const struct column_decision *decision;
};

struct version {
	bool any;
	int64_t days, micros; /* of an instant */
	struct amount number;
	const char *text;
};

struct rule {
	struct relations *relations;
	const struct design_table *design;
	struct relation *source;
	LIST(struct part) parts;
	bool by_record;  /* the grain is file and line: each record has a key of its own */
	int64_t version; /* column, -1: none */
	const struct column_decision *version_decision;
	struct bldr_error *err;
};

static int add_part(struct rule *rule, const struct design_column *c, const char *column)
{
	struct part p = { .joined = c->role == ROLE_DIMENSION_KEY };
	int64_t at = column != NULL ? relation_column_find(rule->source, column) : -1;
	if (at < 0 || !column_type_parse(c->type, &p.type)) {
		return bldr_error_set(rule->err, BLDR_E_INVALID,
				      "design table \"%s\": its dedup cannot tell \"%s\" by source "
				      "column \"%s\"",
				      rule->design->name, c->name, column != NULL ? column : "?");
	}
	p.column = (size_t)at;
	p.decision = &relation_column(rule->relations, rule->source, p.column)->decision;
	*LIST_ADD(rule->relations->arena, &rule->parts) = p;
	return 0;
}

static int add_origins(struct rule *rule, const struct design_column *c)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->origins.n; i++) {
		const struct origin *o = &c->origins.at[i];
		if (o->kind == ORIGIN_COLUMN) {
			rc = add_part(rule, c, o->column);
		} else if (o->kind == ORIGIN_PATH && o->hops.n > 0) {
			struct design_column start = *c;
			start.role = ROLE_DIMENSION_KEY;
			const struct hop *h = &o->hops.at[0];
			for (size_t k = 0; rc == 0 && k < h->columns.n; k++) {
				rc = add_part(rule, &start, h->columns.at[k]);
			}
		} else if (o->kind == ORIGIN_GENERATED && o->generator != NULL) {
			rule->by_record |= strcmp(o->generator, "source_line") == 0;
		}
	}
	return rc;
}

static bool is_grain(const struct design_table *d, const char *column)
{
	for (size_t i = 0; i < d->grain_columns.n; i++) {
		if (strcmp(d->grain_columns.at[i], column) == 0) {
			return true;
		}
	}
	return false;
}

static int find_parts(struct rule *rule)
{
	const struct design_table *d = rule->design;
	bool business = false;
	for (size_t i = 0; d->kind == TABLE_DIMENSION && i < d->columns.n; i++) {
		business |= d->columns.at[i].role == ROLE_BUSINESS_KEY;
	}
	for (size_t i = 0; i < d->columns.n; i++) {
		const struct design_column *c = &d->columns.at[i];
		bool key = business ? c->role == ROLE_BUSINESS_KEY : is_grain(d, c->name);
		int rc = key ? add_origins(rule, c) : 0;
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int find_version(struct rule *rule)
{
	const char *name = rule->design->version_column;
	rule->version = name != NULL ? relation_column_find(rule->source, name) : -1;
	if (name == NULL) {
		return 0;
	}
	if (rule->version < 0) {
		return bldr_error_set(
			rule->err, BLDR_E_INVALID,
			"design table \"%s\": no version column \"%s\" in source table "
			"\"%s\"",
			rule->design->name, name, rule->source->file->table);
	}
	rule->version_decision =
		&relation_column(rule->relations, rule->source, (size_t)rule->version)->decision;
	return 0;
}

/* False: a part of the key is null. */
static bool key_of(const struct rule *rule, size_t record, struct buf *key)
{
	struct arena *a = rule->relations->arena;
	buf_clear(key);
	buf_putc(key, '=');
	for (size_t i = 0; i < rule->parts.n; i++) {
		const struct part *p = &rule->parts.at[i];
		const char *text = relation_text(rule->source, record, p->column);
		const char *value = p->joined
			? value_joined(p->decision, p->decision->number, text, a)
			: value_typed(p->decision, p->type, text, a);
		if (value == NULL) {
			return false;
		}
		canon_add(key, value);
	}
	ASSERT(!buf_failed(key));
	return true;
}

static struct version version_of(const struct rule *rule, size_t record)
{
	struct version v = { 0 };
	struct stamp s = { 0 };
	if (rule->version < 0) {
		return v;
	}
	const struct column_decision *d = rule->version_decision;
	const char *text = relation_text(rule->source, record, (size_t)rule->version);
	if (value_is_null(d, text)) {
		return v;
	}
	if (d->dates.dates) {
		v.any = stamp_parse(text, d->dates.order, &s);
		v.days = s.days;
		v.micros = s.micros - (int64_t)s.offset_minutes * 60 * 1000000;
	} else {
		v.any = amount_parse_marked(text, d->marks.decimal, &v.number);
		v.any = v.any && amount_rescale(v.number, 6, &v.number);
	}
	return v;
}

/* The later record wins a tie, so the first one must be greater. */
static bool is_newer(const struct version *a, const struct version *b)
{
	if (a->any != b->any) {
		return a->any;
	}
	const int64_t day = INT64_C(86400000000);
	int128 left = (int128)a->days * day + a->micros, right = (int128)b->days * day + b->micros;
	return left != right ? left > right : a->number.units > b->number.units;
}

static void choose(const struct rule *rule, struct map *best, int64_t *kept_by)
{
	struct buf key;
	buf_init(&key, CANON_MAX);
	size_t n = rule->source->raw.records.n;
	for (size_t i = 0; i < n; i++) {
		kept_by[i] = -1;
		if (!key_of(rule, i, &key)) {
			continue;
		}
		void **place = map_at(best, key.data, key.size);
		size_t other = (size_t)(intptr_t)*place - 1;
		struct version mine = version_of(rule, i);
		if (*place != NULL) {
			struct version theirs = version_of(rule, other);
			if (is_newer(&theirs, &mine)) {
				continue;
			}
		}
		*place = (void *)(intptr_t)(i + 1);
	}
	for (size_t i = 0; i < n; i++) {
		if (key_of(rule, i, &key)) {
			int64_t kept = (int64_t)(intptr_t)map_find(best, key.data, key.size) - 1;
			kept_by[i] = kept == (int64_t)i ? -1 : kept;
		}
	}
	buf_release(&key);
}

int winners_find(struct relations *r, const struct design_table *d, int64_t **ret_kept_by,
		 struct bldr_error *err)
{
	struct rule rule = { .relations = r, .design = d, .err = err };
	rule.source = d->source != NULL ? relation_find(r, d->source) : NULL;
	if (rule.source == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "design table \"%s\": dedup without a source table", d->name);
	}
	int rc = find_parts(&rule);
	if (rc == 0) {
		rc = find_version(&rule);
	}
	if (rc < 0) {
		return rc;
	}
	size_t n = rule.source->raw.records.n;
	int64_t *kept_by = ARENA_ARRAY(r->arena, int64_t, n);
	if (rule.parts.n == 0 || rule.by_record) {
		memset(kept_by, 0xFF, n * sizeof(*kept_by)); /* -1: each counts */
	} else {
		struct map *best = map_new();
		choose(&rule, best, kept_by);
		map_free(best);
	}
	*ret_kept_by = kept_by;
	return 0;
}
