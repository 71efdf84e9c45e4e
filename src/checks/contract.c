/*
 * The contract is the expected star summed up: per source the records, per table rows and grain, per
 * reference how many rows resolve, per measure exact totals, whole and by month and member, per attribute a digest,
 * per date the months.
 * The expected star lives only as long as the call; the texts that the contract keeps are in the caller's
 * arena, since both were evaluated there.
 */
#include "checks/checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/expected.h"
#include "checks/split.h"
#include "checks/summary.h"

/* How a table's rows are split by one of its dimension keys; made once for all measures. */
struct splitter {
	const struct expected_column *reference;
	struct grouping groups;
};

typedef LIST(struct splitter) splitters;

static const char **member_labels(const struct expected_column *reference, size_t n, struct arena *a)
{
	const struct expected_table *d = reference->dimension;
	const char *const **columns = ARENA_ARRAY(a, const char *const *, d->design->columns.n);
	for (size_t c = 0; c < d->design->columns.n; c++) {
		columns[c] = d->columns[c].cells;
	}
	const char **of_member = split_member_labels(d, columns, d->n, a);
	const char **labels = ARENA_ARRAY(a, const char *, n);
	for (size_t i = 0; i < n; i++) {
		labels[i] = reference->members[i] >= 0 ? of_member[reference->members[i]] : NULL;
	}
	return labels;
}

static void make_splitters(const struct expected_table *t, struct arena *a, splitters *ret)
{
	for (size_t c = 0; c < t->design->columns.n; c++) {
		const struct expected_column *reference = &t->columns[c];
		if (reference->members == NULL) {
			continue;
		}
		struct splitter s = { .reference = reference };
		bool months = split_is_by_month(reference);
		const char **labels = months ? split_month_labels(reference->dates, t->n, a)
					     : member_labels(reference, t->n, a);
		grouping_make(labels, t->n, a, &s.groups);
		if (!months) {
			grouping_keep_largest(&s.groups, SPLIT_MEMBERS_MAX, a);
		}
		*LIST_ADD(a, ret) = s;
	}
}

static int split_measure(const struct expected_column *c, const splitters *by, struct arena *a,
			 struct contract_measure *ret, struct bldr_error *err)
{
	for (size_t i = 0; i < by->n; i++) {
		const struct splitter *s = &by->at[i];
		struct contract_split split = { .column = s->reference->design->name };
		int rc = grouping_sum(&s->groups, c->cells, c->type, a, &split, err);
		if (rc < 0) {
			return rc;
		}
		if (split_is_by_month(s->reference)) {
			*LIST_ADD(a, &ret->by_month) = split;
		} else {
			*LIST_ADD(a, &ret->by_member) = split;
		}
	}
	return 0;
}

static int sum_up_measure(const struct expected_table *t, const struct expected_column *c,
			  const splitters *by, struct arena *a, struct contract_table *ret,
			  struct bldr_error *err)
{
	bool number = c->type.kind == COLUMN_INT64 || c->type.kind == COLUMN_DECIMAL ||
		c->type.kind == COLUMN_DOUBLE;
	if (!number) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "design column \"%s.%s\": a measure of type \"%s\" has no sum",
				      t->design->name, c->design->name, c->design->type);
	}
	struct contract_measure m = { .column = c->design->name };
	struct contract_measure left = { .column = c->design->name };
	int rc = summary_measure(c->cells, t->n, c->type, a, &m, err);
	if (rc == 0) {
		rc = summary_measure(c->cells + t->n, t->n_left, c->type, a, &left, err);
	}
	m.left_out = left.sum;
	if (rc == 0) {
		rc = split_measure(c, by, a, &m, err);
	}
	if (rc < 0) {
		return bldr_error_prefix(err, "\"%s\"", t->design->name);
	}
	*LIST_ADD(a, &ret->measures) = m;
	return 0;
}

static void sum_up_reference(const struct expected_table *t, const struct expected_column *c,
			     struct arena *a, struct contract_table *ret)
{
	struct contract_reference r = {
		.column = c->design->name,
		.dimension = c->design->dimension,
	};
	for (size_t i = 0; i < t->n; i++) {
		r.resolved += c->members[i] >= 0;
		r.orphans += c->members[i] == MEMBER_UNKNOWN;
		r.nulls += c->members[i] == MEMBER_NONE;
		r.missed += c->absences != NULL && c->absences[i] == ABSENCE_MISSED;
	}
	*LIST_ADD(a, &ret->references) = r;
}

static void sum_up_dates(const struct expected_table *t, const struct expected_column *c,
			 struct arena *a, struct contract_table *ret)
{
	struct contract_date d = {
		.column = c->design->name,
		.table = c->source.table,
		.source_column = c->source.column,
		.format = c->source.decision->dates ? c->source.decision->format : "none",
		.reason = c->source.decision->reason,
	};
	summary_dates(c->dates, t->n, a, &d);
	*LIST_ADD(a, &ret->dates) = d;
}

static int sum_up_column(const struct expected_table *t, const struct expected_column *c,
			 const splitters *by, struct arena *a, struct contract_table *ret,
			 struct bldr_error *err)
{
	enum column_role role = (enum column_role)c->design->role;
	bool attribute = role == ROLE_BUSINESS_KEY || role == ROLE_ATTRIBUTE ||
		role == ROLE_DEGENERATE;
	if (c->cells == NULL) {
		return 0;
	}
	if (attribute) {
		struct contract_attribute summary = { .column = c->design->name };
		summary_attribute(c->cells, t->n, a, &summary);
		*LIST_ADD(a, &ret->attributes) = summary;
	}
	if (c->members != NULL) {
		sum_up_reference(t, c, a, ret);
	}
	if (c->is_date) {
		sum_up_dates(t, c, a, ret);
	}
	return role == ROLE_MEASURE ? sum_up_measure(t, c, by, a, ret, err) : 0;
}

static int64_t grain_distinct(const struct expected_table *t, struct arena *a)
{
	const char *const **cells = ARENA_ARRAY(a, const char *const *, t->design->grain_columns.n);
	for (size_t i = 0; i < t->design->grain_columns.n; i++) {
		int64_t column = expected_column_find(t, t->design->grain_columns.at[i]);
		ASSERT(column >= 0);
		cells[i] = t->columns[column].cells;
		if (cells[i] == NULL) {
			return -1;
		}
	}
	return summary_distinct(cells, t->design->grain_columns.n, t->n);
}

static int sum_up_table(const struct expected_table *t, struct arena *a, struct contract *ret,
			struct bldr_error *err)
{
	struct contract_table table = {
		.table = t->design->name,
		.kind = t->design->kind,
		.rows = (int64_t)t->n,
		.left_out = (int64_t)t->n_left,
		.grain_distinct = grain_distinct(t, a),
	};
	if (table.grain_distinct < 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "design table \"%s\": its grain has no origin", table.table);
	}
	for (size_t i = 0; i < t->design->grain_columns.n; i++) {
		*LIST_ADD(a, &table.grain_columns) = t->design->grain_columns.at[i];
	}
	splitters by = { 0 };
	if (!expected_is_dimension(t)) {
		make_splitters(t, a, &by);
	}
	for (size_t c = 0; c < t->design->columns.n; c++) {
		int rc = sum_up_column(t, &t->columns[c], &by, a, &table, err);
		if (rc < 0) {
			return rc;
		}
	}
	*LIST_ADD(a, &ret->tables) = table;
	return 0;
}

static int64_t count_left_out(const struct expected *e, const struct relation *r, struct arena *a)
{
	const char **why = expected_left_out(e, r, a);
	int64_t n = 0;
	for (size_t i = 0; i < r->raw.records.n; i++) {
		n += why[i] != NULL;
	}
	return n;
}

static int64_t count_duplicates(const struct expected *e, const struct relation *r, struct arena *a)
{
	const bool *duplicates = expected_duplicates(e, r, a);
	int64_t n = 0;
	for (size_t i = 0; i < r->raw.records.n; i++) {
		n += duplicates[i];
	}
	return n;
}

static int by_table(const void *a, const void *b)
{
	const struct contract_source *left = a, *right = b;
	return strcmp(left->table, right->table);
}

static int derive(const struct relations *relations, const struct expected *e, struct arena *a,
		  struct contract *ret, struct bldr_error *err)
{
	struct contract contract = { .head.version = 1 };
	for (size_t i = 0; i < relations->tables.n; i++) {
		const struct relation *r = &relations->tables.at[i];
		*LIST_ADD(a, &contract.sources) = (struct contract_source){
			.table = r->file->table,
			.path = r->file->path,
			.hash = r->file->hash,
			.rows = (int64_t)r->raw.records.n,
			.rejected = (int64_t)r->raw.rejects.n,
			.left_out = count_left_out(e, r, a),
			.duplicates = count_duplicates(e, r, a),
		};
	}
	if (contract.sources.n > 0) {
		qsort(contract.sources.at, contract.sources.n, sizeof(*contract.sources.at),
		      by_table);
	}
	for (size_t i = 0; i < e->n; i++) {
		int rc = sum_up_table(&e->tables[i], a, &contract, err);
		if (rc < 0) {
			return rc;
		}
	}
	*ret = contract;
	return 0;
}

int contract_derive(const char *source_folder, const struct sources *sources,
		    const struct design *design, struct arena *a, struct contract *ret,
		    struct bldr_error *err)
{
	struct relations relations;
	struct expected expected = { 0 };
	int rc = relations_read(source_folder, sources, a, &relations, err);
	if (rc == 0) {
		rc = expected_evaluate(design, &relations, a, &expected, err);
	}
	if (rc == 0) {
		rc = derive(&relations, &expected, a, ret, err);
	}
	expected_release(&expected);
	relations_release(&relations);
	return rc;
}
