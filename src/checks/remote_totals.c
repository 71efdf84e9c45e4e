/*
 * What the workspace itself counts, sums and joins, beside the contract: one statement per table, one for the joins of a
 * fact with all its dimensions, and one per reference that a fact's totals are split by.
 *
 * A probe is one number: the SQL that gives it, what the contract says, and the check that it speaks for.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "checks/check_texts.h"
#include "checks/expected.h"
#include "checks/remote_parts.h"
#include "checks/summary.h"

enum { ERROR_SHOWN = 300 };
#define SQL_MAX ((size_t)16 << 20)
static const struct column_type whole = { .kind = COLUMN_INT64 };

struct probe {
	const char *check, *subject; /* NULL: for remote_count alone */
	const char *what;            /* in words */
	const char *sql;
	const char *expected; /* canonical text; NULL: no value */
	struct column_type type;
	double magnitude; /* of a sum of doubles: what its values may add up to without their signs */
};

typedef LIST(struct probe) probes;

/* ---- probes of a table ---- */

struct probing {
	const struct remote_star *r;
	const struct remote_table *t;
	const char *members; /* the condition of rows that are no reserved members */
	probes list;
};

static const char *number(struct arena *a, int64_t n)
{
	return arena_printf(a, "%lld", (long long)n);
}

static const char *name_of(const struct probing *p, size_t column)
{
	return sql_name(p->r->arena, p->t->columns[column].design->name);
}

static const char *subject_of(const struct probing *p, const char *column)
{
	return arena_printf(p->r->arena, "%s.%s", p->t->design->name, column);
}

static bool is_usable(const struct remote_table *t, int64_t column)
{
	return column >= 0 && t->columns[column].declared != NULL && t->columns[column].same;
}

static void add(struct probing *p, struct probe probe)
{
	*LIST_ADD(p->r->arena, &p->list) = probe;
}

static void add_count(struct probing *p, const char *check, const char *subject, const char *what,
		      const char *sql, int64_t expected)
{
	add(p, (struct probe){ check, subject, what, sql, number(p->r->arena, expected), whole });
}

/* "f, g": columns by name, those that are usable; NULL: one is not. */
static const char *columns_text(const struct probing *p, const size_t *columns, size_t n)
{
	const char *text = n > 0 ? "" : NULL;
	for (size_t i = 0; text != NULL && i < n; i++) {
		text = is_usable(p->t, (int64_t)columns[i])
			? arena_printf(p->r->arena, "%s%s%s", text, i > 0 ? ", " : "",
				       name_of(p, columns[i]))
			: NULL;
	}
	return text;
}

static void probe_rows(struct probing *p)
{
	struct arena *a = p->r->arena;
	const struct contract_table *c = p->t->contract;
	size_t *grain = ARENA_ARRAY(a, size_t, c->grain_columns.n);
	size_t n = 0;
	for (size_t i = 0; i < c->grain_columns.n; i++) {
		int64_t column = remote_column_find(p->t, c->grain_columns.at[i]);
		grain[n] = (size_t)column;
		n += column >= 0;
	}
	const char *columns = columns_text(p, grain, n);
	add_count(p, "R3", p->t->design->name, "rows", arena_printf(a, "count_if(%s)", p->members),
		  c->rows);
	if (columns != NULL) {
		add_count(p, "R3", p->t->design->name, "distinct grain keys",
			  arena_printf(a, "count(DISTINCT IF(%s, struct(%s), NULL))", p->members,
				       columns),
			  c->grain_distinct);
	}
	if (columns != NULL && p->t->surrogate < 0) {
		const char *joined = c->grain_columns.at[0];
		for (size_t i = 1; i < c->grain_columns.n; i++) {
			joined = arena_printf(a, "%s+%s", joined, c->grain_columns.at[i]);
		}
		add_count(p, "K2", subject_of(p, joined), "keys that are null or there again",
			  arena_printf(a, "count(*) - count(DISTINCT %s)", columns), 0);
	}
}

static void probe_surrogate(struct probing *p)
{
	struct arena *a = p->r->arena;
	if (!is_usable(p->t, p->t->surrogate)) {
		return;
	}
	const char *key = name_of(p, (size_t)p->t->surrogate);
	const char *subject = subject_of(p, p->t->design->columns.at[p->t->surrogate].name);
	add_count(p, "K1", subject, "keys that are null or there again",
		  arena_printf(a, "count(*) - count(DISTINCT %s)", key), 0);
	for (int member = MEMBER_NONE; member <= MEMBER_UNKNOWN; member++) {
		add_count(p, "K4", subject, arena_printf(a, "members with key %d", member),
			  arena_printf(a, "count_if(%s = %d)", key, member), 1);
	}
}

static const char *sum_sql(const struct probing *p, const char *name, struct column_type type)
{
	return type.kind == COLUMN_INT64
		? arena_printf(p->r->arena, "sum(CAST(%s AS DECIMAL(38,0)))", name)
		: arena_printf(p->r->arena, "sum(%s)", name);
}

/* At most, of that many rows; 0: it cannot be said. */
static double magnitude_of(const struct contract_measure *m, struct column_type type, int64_t rows)
{
	if (type.kind != COLUMN_DOUBLE || m->min == NULL || m->max == NULL) {
		return 0;
	}
	double all = (double)rows * fmax(fabs(strtod(m->min, NULL)), fabs(strtod(m->max, NULL)));
	return isfinite(all) ? all : 0;
}

static void probe_measure(struct probing *p, const struct contract_measure *m)
{
	struct arena *a = p->r->arena;
	int64_t column = remote_column_find(p->t, m->column);
	if (!is_usable(p->t, column)) {
		return;
	}
	const char *name = name_of(p, (size_t)column), *subject = subject_of(p, m->column);
	struct column_type type = p->t->columns[column].type;
	add_count(p, "R4", subject, "values", arena_printf(a, "count(%s)", name), m->count);
	add(p,
	    (struct probe){ "R4", subject, "sum", sum_sql(p, name, type), m->sum, type,
			    magnitude_of(m, type, m->count) });
	add(p,
	    (struct probe){ "R4", subject, "smallest", arena_printf(a, "min(%s)", name), m->min,
			    type });
	add(p,
	    (struct probe){ "R4", subject, "largest", arena_printf(a, "max(%s)", name), m->max,
			    type });
}

static void probe_reference(struct probing *p, const struct contract_reference *ref)
{
	struct arena *a = p->r->arena;
	int64_t column = remote_column_find(p->t, ref->column);
	if (!is_usable(p->t, column)) {
		return;
	}
	const char *name = name_of(p, (size_t)column), *subject = subject_of(p, ref->column);
	add_count(p, "K5", subject, "rows at -1",
		  arena_printf(a, "count_if(%s AND %s = -1)", p->members, name), ref->orphans);
	add_count(p, "K5", subject, "rows at -2",
		  arena_printf(a, "count_if(%s AND %s = -2)", p->members, name), ref->nulls);
	add_count(p, "K3", subject, "nulls", arena_printf(a, "count_if(%s IS NULL)", name), 0);
}

static void probe_attribute(struct probing *p, const struct contract_attribute *c)
{
	struct arena *a = p->r->arena;
	int64_t column = remote_column_find(p->t, c->column);
	if (!is_usable(p->t, column)) {
		return;
	}
	const char *name = name_of(p, (size_t)column), *subject = subject_of(p, c->column);
	add_count(p, "X2", subject, "distinct values",
		  arena_printf(a, "count(DISTINCT IF(%s, %s, NULL))", p->members, name),
		  c->distinct);
	add_count(p, "N1", subject, "nulls",
		  arena_printf(a, "count_if(%s AND %s IS NULL)", p->members, name), c->nulls);
}

/* Days between the first and the last that are no row. */
static void probe_calendar(struct probing *p)
{
	const struct design_table *d = p->t->design;
	for (size_t c = 0; d->kind == TABLE_DATE && c < d->columns.n; c++) {
		bool is = d->columns.at[c].role == ROLE_BUSINESS_KEY && is_usable(p->t, (int64_t)c);
		if (is && p->t->columns[c].type.kind == COLUMN_DATE) {
			const char *name = name_of(p, c);
			add_count(p, "D1", d->name, "days that are missing",
				  arena_printf(p->r->arena,
					       "coalesce(datediff(max(%s), min(%s)) + 1, 0) - "
					       "count(DISTINCT %s)",
					       name, name, name),
				  0);
		}
	}
}

static const char *members_sql(const struct remote_star *r, const struct remote_table *t)
{
	if (!is_usable(t, t->surrogate)) {
		return "true";
	}
	const char *key = sql_name(r->arena, t->columns[t->surrogate].design->name);
	return arena_printf(r->arena, "NOT coalesce(%s < 0, false)", key);
}

static void probe_table(const struct remote_star *r, const struct remote_table *t, probes *ret)
{
	struct probing p = { .r = r, .t = t, .members = members_sql(r, t) };
	const struct contract_table *c = t->contract;
	add(&p, (struct probe){ .what = "rows", .sql = "count(*)", .type = whole });
	if (t->surrogate < 0 || is_usable(t, t->surrogate)) {
		probe_rows(&p);
		probe_surrogate(&p);
		for (size_t i = 0; i < c->measures.n; i++) {
			probe_measure(&p, &c->measures.at[i]);
		}
		for (size_t i = 0; i < c->references.n; i++) {
			probe_reference(&p, &c->references.at[i]);
		}
		for (size_t i = 0; i < c->attributes.n; i++) {
			probe_attribute(&p, &c->attributes.at[i]);
		}
		probe_calendar(&p);
	}
	*ret = p.list;
}

/* ---- joins ---- */

/* The dimension table and its key that a dimension key leads to, NULL: it cannot be joined there. */
static const struct remote_table *dimension_of(const struct remote_star *r,
					       const struct remote_table *t, size_t column)
{
	const struct design_column *d = t->columns[column].design;
	const struct remote_table *dimension =
		d->role == ROLE_DIMENSION_KEY ? remote_table_find(r, d->dimension) : NULL;
	bool joined = dimension != NULL && !dimension->missing && is_usable(t, (int64_t)column) &&
		is_usable(dimension, dimension->surrogate);
	return joined ? dimension : NULL;
}

/* What the workspace itself counts or sums without a join; NULL: nothing. list: of probe_table. */
static const char *unjoined(const struct remote_star *r, const struct remote_table *t,
			    const probes *list, const char *subject, const char *what)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct probe *p = &list->at[i];
		bool is = subject == NULL ? p->check == NULL
					  : p->check != NULL && strcmp(p->subject, subject) == 0 &&
				strcmp(p->what, what) == 0;
		if (is) {
			const char *column = arena_printf(r->arena, "p%zu", i);
			const char *id = remote_id(r, "totals", t->design->name);
			return remote_cell(remote_result_find(r, id), 0, column);
		}
	}
	return NULL;
}

/* FROM fact AS f LEFT JOIN every dimension; NULL: there is none. Joined and not, the numbers must be the same. */
static const char *probe_joins(const struct remote_star *r, const struct remote_table *t,
			       probes *ret)
{
	struct probing p = { .r = r, .t = t };
	struct arena *a = r->arena;
	const char *from = arena_printf(a, "%s AS f", sql_table(r, "", t->design->name));
	probes alone;
	size_t n = 0;
	probe_table(r, t, &alone);
	add(&p,
	    (struct probe){ "R5", t->design->name, "rows, joined to all dimensions", "count(*)",
			    unjoined(r, t, &alone, NULL, "rows"), whole });
	for (size_t c = 0; c < t->design->columns.n; c++) {
		const struct remote_table *d = dimension_of(r, t, c);
		if (d == NULL) {
			continue;
		}
		const char *key = sql_name(a, d->columns[d->surrogate].design->name);
		from = arena_printf(a, "%s LEFT JOIN %s AS d%zu ON f.%s = d%zu.%s", from,
				    sql_table(r, "", d->design->name), c, name_of(&p, c), c, key);
		add_count(&p, "K3", subject_of(&p, t->columns[c].design->name),
			  "rows that lead to no member",
			  arena_printf(a, "count_if(d%zu.%s IS NULL)", c, key), 0);
		n++;
	}
	for (size_t i = 0; i < t->contract->measures.n; i++) {
		const struct contract_measure *m = &t->contract->measures.at[i];
		int64_t column = remote_column_find(t, m->column);
		if (is_usable(t, column)) {
			struct column_type type = t->columns[column].type;
			const char *name = arena_printf(a, "f.%s", name_of(&p, (size_t)column));
			add(&p,
			    (struct probe){ "R5", t->design->name,
					    arena_printf(a, "sum of %s, joined", m->column),
					    sum_sql(&p, name, type),
					    unjoined(r, t, &alone, subject_of(&p, m->column), "sum"),
					    type, magnitude_of(m, type, m->count) });
		}
	}
	*ret = p.list;
	return n > 0 ? from : NULL;
}

static const char *probes_sql(const struct remote_star *r, const probes *list, const char *from)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX);
	for (size_t i = 0; i < list->n; i++) {
		buf_printf(&sql, "%s CAST(%s AS STRING) AS p%zu", i == 0 ? "SELECT" : ",",
			   list->at[i].sql, i);
	}
	buf_printf(&sql, " FROM %s", from);
	ASSERT(!buf_failed(&sql));
	const char *text = arena_strndup(r->arena, sql.data, sql.size);
	buf_release(&sql);
	return text;
}

/* ---- splits ---- */

/* One measure split by one reference. */
struct split {
	const struct contract_measure *measure;
	const struct contract_split *by;
	bool months;
};

typedef LIST(struct split) splits;

static void add_splits(const struct remote_star *r, const struct contract_measure *m,
		       const char *column, splits *ret)
{
	for (size_t i = 0; i < m->by_month.n; i++) {
		if (strcmp(m->by_month.at[i].column, column) == 0) {
			*LIST_ADD(r->arena, ret) = (struct split){ m, &m->by_month.at[i], true };
		}
	}
	for (size_t i = 0; i < m->by_member.n; i++) {
		if (strcmp(m->by_member.at[i].column, column) == 0) {
			*LIST_ADD(r->arena, ret) = (struct split){ m, &m->by_member.at[i], false };
		}
	}
}

/* The measures that are split by a column, those that can be. */
static splits splits_by(const struct remote_star *r, const struct remote_table *t, size_t column)
{
	splits all = { 0 }, usable = { 0 };
	const char *name = t->columns[column].design->name;
	for (size_t i = 0; i < t->contract->measures.n; i++) {
		add_splits(r, &t->contract->measures.at[i], name, &all);
	}
	for (size_t i = 0; i < all.n; i++) {
		if (is_usable(t, remote_column_find(t, all.at[i].measure->column))) {
			*LIST_ADD(r->arena, &usable) = all.at[i];
		}
	}
	return usable;
}

/* A member's business key as split.h labels it, or the month of a date; NULL: a key's text is not as here. */
static const char *label_sql(const struct remote_star *r, const struct remote_table *dimension,
			     bool months)
{
	const char *label = NULL;
	for (size_t c = 0; c < dimension->design->columns.n; c++) {
		const struct remote_column *column = &dimension->columns[c];
		bool zoned = column->type.kind == COLUMN_TIMESTAMP ||
			column->type.kind == COLUMN_TIMESTAMP_NTZ ||
			column->type.kind == COLUMN_DOUBLE;
		if (column->design->role != ROLE_BUSINESS_KEY) {
			continue;
		}
		if (zoned || !is_usable(dimension, (int64_t)c)) {
			return NULL;
		}
		const char *text = arena_printf(r->arena, "CAST(d.%s AS STRING)",
						sql_name(r->arena, column->design->name));
		if (months) {
			return arena_printf(r->arena, "substring(%s, 1, 7)", text);
		}
		text = arena_printf(r->arena,
				    "coalesce(replace(replace(%s, '\\\\', '\\\\\\\\'), '|', "
				    "'\\\\|'), '\\\\0')",
				    text);
		label = label == NULL ? text
				      : arena_printf(r->arena, "concat(%s, '|', %s)", label, text);
	}
	return label;
}

static bool is_listed(const texts *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i], text) == 0) {
			return true;
		}
	}
	return false;
}

/* The members that the contract has slices of, each once: others are not asked for, however many they are. */
static texts members_of(const struct remote_star *r, const splits *s)
{
	texts members = { 0 };
	for (size_t i = 0; i < s->n; i++) {
		const struct contract_split *by = s->at[i].by;
		for (size_t k = 0; !s->at[i].months && k < by->slices.n; k++) {
			if (!is_listed(&members, by->slices.at[k].key)) {
				*LIST_ADD(r->arena, &members) = by->slices.at[k].key;
			}
		}
	}
	return members;
}

/* The parameter of a member. */
static const char *member_name(const struct remote_star *r, size_t member)
{
	return arena_printf(r->arena, "member%zu", member);
}

/* " AND label IN (:member0, :member1)"; of months all are asked for. */
static const char *only_members(const struct remote_star *r, const char *label, size_t n)
{
	const char *list = "";
	for (size_t i = 0; i < n; i++) {
		list = arena_printf(r->arena, "%s%s:%s", list, i > 0 ? ", " : "", member_name(r, i));
	}
	return n > 0 ? arena_printf(r->arena, " AND %s IN (%s)", label, list) : "";
}

/* NULL: nothing is split by the column, or cannot be. *ret_members: to be bound to it. */
static const char *split_sql(const struct remote_star *r, const struct remote_table *t,
			     size_t column, texts *ret_members)
{
	struct arena *a = r->arena;
	const struct remote_table *d = dimension_of(r, t, column);
	splits s = splits_by(r, t, column);
	*ret_members = members_of(r, &s);
	bool any = d != NULL && s.n > 0 && (s.at[0].months || ret_members->n > 0);
	const char *label = any ? label_sql(r, d, s.at[0].months) : NULL;
	if (label == NULL) {
		return NULL;
	}
	struct probing p = { .r = r, .t = t };
	const char *sums = "";
	for (size_t i = 0; i < s.n; i++) {
		int64_t m = remote_column_find(t, s.at[i].measure->column);
		const char *name = arena_printf(a, "f.%s", name_of(&p, (size_t)m));
		sums = arena_printf(a, "%s, CAST(%s AS STRING) AS p%zu", sums,
				    sum_sql(&p, name, t->columns[m].type), i);
	}
	const char *key = sql_name(a, d->columns[d->surrogate].design->name);
	return arena_printf(a,
			    "SELECT %s AS label, CAST(count(*) AS STRING) AS rows%s FROM %s AS f "
			    "JOIN %s AS d ON f.%s = d.%s WHERE d.%s >= 0%s GROUP BY 1",
			    label, sums, sql_table(r, "", t->design->name),
			    sql_table(r, "", d->design->name), name_of(&p, column), key, key,
			    only_members(r, label, ret_members->n));
}

static const char *split_name(const struct remote_star *r, const struct remote_table *t,
			      size_t column)
{
	return arena_printf(r->arena, "%s.%s", t->design->name, t->columns[column].design->name);
}

/* ---- asking ---- */

/* NULL: it has been answered. */
static struct remote_statement *ask(const struct remote_star *r, const char *id, const char *sql,
				    remote_statements *ret)
{
	if (remote_result_find(r, id) != NULL) {
		return NULL;
	}
	struct remote_statement *s = LIST_ADD(r->arena, ret);
	*s = (struct remote_statement){ id, sql, { 0 } };
	return s;
}

static void ask_split(const struct remote_star *r, const struct remote_table *t, size_t column,
		      remote_statements *ret)
{
	texts members;
	const char *sql = split_sql(r, t, column, &members);
	struct remote_statement *asked = sql != NULL
		? ask(r, remote_id(r, "split", split_name(r, t, column)), sql, ret)
		: NULL;
	if (asked == NULL) {
		return;
	}
	for (size_t i = 0; i < members.n; i++) {
		*LIST_ADD(r->arena, &asked->parameters) =
			(struct remote_parameter){ member_name(r, i), "STRING", members.at[i] };
	}
}

void remote_plan_totals(const struct remote_star *r, const struct remote_table *t,
			remote_statements *ret)
{
	probes list;
	probe_table(r, t, &list);
	(void)ask(r, remote_id(r, "totals", t->design->name),
		  probes_sql(r, &list, sql_table(r, "", t->design->name)), ret);
	if (t->surrogate >= 0) {
		return;
	}
	const char *from = probe_joins(r, t, &list);
	if (from != NULL) {
		(void)ask(r, remote_id(r, "joined", t->design->name), probes_sql(r, &list, from),
			  ret);
	}
	for (size_t c = 0; c < t->design->columns.n; c++) {
		ask_split(r, t, c, ret);
	}
}

int64_t remote_count(const struct remote_star *r, const struct remote_table *t)
{
	const char *rows = remote_cell(
		remote_result_find(r, remote_id(r, "totals", t->design->name)), 0, "p0");
	return rows != NULL ? strtoll(rows, NULL, 10) : -1;
}

/* ---- judging ---- */

static struct finding *find(struct findings *f, const char *check, const char *subject)
{
	for (size_t i = 0; i < f->checks.n; i++) {
		if (strcmp(f->checks.at[i].check, check) == 0 &&
		    strcmp(f->checks.at[i].subject, subject) == 0) {
			return &f->checks.at[i];
		}
	}
	return NULL;
}

/* What failed stays as it is, with what the workspace says; a warning of the data becomes an error. */
static void fail(const struct remote_star *r, struct findings *f, const char *check,
		 const char *subject, const char *words)
{
	struct finding *found = find(f, check, subject);
	if (found == NULL) {
		const struct check_text *text = check_text_of(check);
		found = LIST_ADD(r->arena, &f->checks);
		*found = (struct finding){
			.check = check,
			.subject = subject,
			.passed = true,
			.expected = "what the contract says",
			.found = "",
			.provenance = text->provenance,
			.proves = check_proves(text, r->arena),
		};
	}
	found->found = arena_printf(r->arena, "%s%sin the workspace: %s", found->found,
				    found->found[0] != '\0' ? "; " : "", words);
	if (found->passed || found->severity != SEVERITY_ERROR) {
		found->passed = false;
		found->severity = SEVERITY_ERROR;
		found->blame = "developer";
		found->why =
			"the workspace counts otherwise than the contract; see W1 for the rows";
		found->advice = NULL;
	}
}

/* The workspace adds doubles up in any order, so a sum is as exact as the values are large. */
static bool equal(struct column_type type, const char *expected, const char *found, double magnitude)
{
	if (expected == NULL || found == NULL) {
		return expected == found;
	}
	return total_texts_equal(type, expected, found) ||
		(magnitude > 0 &&
		 fabs(strtod(expected, NULL) - strtod(found, NULL)) <= 1e-12 * magnitude);
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "none";
}

static const char *failure_words(const struct remote_star *r, const struct remote_result *result)
{
	return arena_printf(r->arena, "the statement \"%s\" failed: %.*s", result->id, ERROR_SHOWN,
			    result->error);
}

static void judge_probes(const struct remote_star *r, const struct remote_table *t, const char *id,
			 const char *check, const probes *list, struct findings *f)
{
	const struct remote_result *result = remote_result_find(r, id);
	if (result == NULL || result->error != NULL) {
		const char *words = result == NULL
			? arena_printf(r->arena, "\"%s\" was not asked", id)
			: failure_words(r, result);
		fail(r, f, check, t->design->name, words);
		return;
	}
	for (size_t i = 0; i < list->n; i++) {
		const struct probe *p = &list->at[i];
		char column[32];
		(void)snprintf(column, sizeof(column), "p%zu", i);
		const char *found = remote_cell(result, 0, column);
		if (p->check != NULL && !equal(p->type, p->expected, found, p->magnitude)) {
			fail(r, f, p->check, p->subject,
			     arena_printf(r->arena, "%s: %s, expected %s", p->what, or_none(found),
					  or_none(p->expected)));
		}
	}
}

static int64_t row_of_label(const struct remote_result *result, const char *label)
{
	for (size_t i = 0; i < result->n_rows; i++) {
		const char *found = remote_cell(result, i, "label");
		if (found != NULL && strcmp(found, label) == 0) {
			return (int64_t)i;
		}
	}
	return -1;
}

/* The first slice that the workspace adds up otherwise, in words; NULL: none. */
static const char *judge_slices(const struct remote_star *r, const struct remote_result *result,
				const struct split *s, struct column_type type, size_t column)
{
	char sum[32];
	(void)snprintf(sum, sizeof(sum), "p%zu", column);
	for (size_t i = 0; i < s->by->slices.n; i++) {
		const struct contract_slice *slice = &s->by->slices.at[i];
		int64_t row = row_of_label(result, slice->key);
		const char *rows = row >= 0 ? remote_cell(result, (size_t)row, "rows") : NULL;
		const char *total = row >= 0 ? remote_cell(result, (size_t)row, sum) : NULL;
		if (!equal(whole, number(r->arena, slice->rows), rows, 0) ||
		    !equal(type, slice->sum, total, magnitude_of(s->measure, type, slice->rows))) {
			return arena_printf(r->arena,
					    "%.80s: %s rows, sum %s; expected %lld rows, sum %s",
					    slice->key, or_none(rows), or_none(total),
					    (long long)slice->rows, or_none(slice->sum));
		}
	}
	return NULL;
}

static void judge_split(const struct remote_star *r, const struct remote_table *t, size_t column,
			struct findings *f)
{
	const char *by = t->columns[column].design->name;
	const struct remote_result *result =
		remote_result_find(r, remote_id(r, "split", split_name(r, t, column)));
	splits s = splits_by(r, t, column);
	if (result == NULL) { /* it was not to be asked */
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		const char *measure = s.at[i].measure->column;
		struct column_type type = t->columns[remote_column_find(t, measure)].type;
		const char *words = result->error != NULL
			? failure_words(r, result)
			: judge_slices(r, result, &s.at[i], type, i);
		if (words != NULL) {
			fail(r, f, "R4",
			     arena_printf(r->arena, "%s.%s by %s", t->design->name, measure, by),
			     words);
		}
	}
}

static void judge_table(const struct remote_star *r, const struct remote_table *t,
			struct findings *f)
{
	probes list;
	probe_table(r, t, &list);
	judge_probes(r, t, remote_id(r, "totals", t->design->name), "R3", &list, f);
	if (t->surrogate >= 0) {
		return;
	}
	if (probe_joins(r, t, &list) != NULL) {
		judge_probes(r, t, remote_id(r, "joined", t->design->name), "R5", &list, f);
	}
	for (size_t c = 0; c < t->design->columns.n; c++) {
		judge_split(r, t, c, f);
	}
}

/* An answer that is not there: what it should have shown is not shown. */
static void judge_answered(const struct remote_star *r, const char *what, const char *source,
			   struct findings *f)
{
	const char *id = remote_id(r, what, source);
	const struct remote_result *result = remote_result_find(r, id);
	if (result == NULL) {
		fail(r, f, "R2", source, arena_printf(r->arena, "\"%s\" was not asked", id));
	} else if (result->error != NULL) {
		fail(r, f, "R2", source, failure_words(r, result));
	}
}

void remote_judge_totals(const struct remote_star *r, struct findings *f)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->tables[i].missing) {
			judge_table(r, &r->tables[i], f);
		}
	}
	for (size_t i = 0; i < r->sources.n; i++) {
		judge_answered(r, "layers", r->sources.at[i]->table, f);
		judge_answered(r, "quarantine", r->sources.at[i]->table, f);
	}
}
