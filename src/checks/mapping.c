/*
 * A rule of a column from a file is a chain of one-argument functions down to a column: blanks cut, null tokens, the type.
 * Each link is held to the design and to the Tester's own decisions on the column. A reference is a lookup of the values of
 * its origins, by the surrogate key that the dimension's rule makes of them, and over the hops that lead to them.
 */
#include "checks/mapping.h"

#include <string.h>

#include "checks/amount.h"

struct judge {
	const struct trial *t;
	const struct trial_table *table;
	const struct expected_column *column;
	size_t part; /* which of the column's origins */
	struct mapping_fault fault;
};

const struct bldr_value *advice_of(const struct trial *t, const char *repair, const char *table,
				   const char *column)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "repair", bldr_text(repair));
	bldr_object_set(v, "table", bldr_text(table));
	bldr_object_set(v, "column", bldr_text(column));
	return artefact_keep(t->arena, v);
}

/* ---- building blocks ---- */

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool same_texts(const texts *a, const texts *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		same = strcmp(a->at[i], b->at[i]) == 0;
	}
	return same;
}

static bool is_fn(const struct bldr_value *rule, const char *name)
{
	return same_text(bldr_get_text(rule, "fn"), name);
}

static const struct bldr_value *argument(const struct bldr_value *rule, size_t i)
{
	const struct bldr_value *args = bldr_get(rule, "args");
	return i < bldr_count(args) ? bldr_at(args, i) : NULL;
}

static bool wrong(struct judge *j, const char *repair, const char *why)
{
	j->fault = (struct mapping_fault){ repair, why };
	return false;
}

static bool is_reference(const struct judge *j)
{
	return j->column->design->role == ROLE_DIMENSION_KEY;
}

/* ---- where a value comes from ---- */

static const struct sttm_join *join_of(const struct sttm_table *t, const char *alias)
{
	for (size_t i = 0; i < t->joins.n; i++) {
		if (strcmp(t->joins.at[i].alias, alias) == 0) {
			return &t->joins.at[i];
		}
	}
	return NULL;
}

/* Whether the alias is reached by exactly the origin's hops, followed back from the last. */
static bool same_way(const struct sttm_table *t, const char *alias, const struct origin *o)
{
	size_t n = o->kind == ORIGIN_PATH ? o->hops.n : 0;
	while (n > 0) {
		const struct hop *hop = &o->hops.at[--n];
		const struct sttm_join *j = alias != NULL ? join_of(t, alias) : NULL;
		if (j == NULL || strcmp(j->table, hop->to_table) != 0 ||
		    !same_texts(&j->from_columns, &hop->columns) ||
		    !same_texts(&j->to_columns, &hop->to_columns)) {
			return false;
		}
		alias = j->from;
	}
	return alias == NULL || same_text(alias, t->source);
}

static bool judge_leaf(struct judge *j, const struct bldr_value *leaf, const struct origin *o)
{
	const char *name = bldr_get_text(leaf, "col"), *alias = bldr_get_text(leaf, "of");
	const struct sttm_join *join = alias != NULL ? join_of(j->table->sttm, alias) : NULL;
	const char *from = join != NULL          ? join->table
		: j->table->sttm->source != NULL ? j->table->sttm->source
						 : "nothing";
	if (same_text(name, o->column) && same_way(j->table->sttm, alias, o)) {
		return true;
	}
	return wrong(j, is_reference(j) ? "foreign_key" : "source_column",
		     arena_printf(j->t->arena,
				  "the STTM reads %s.%s, the design's origin is %s.%s%s", from,
				  name != NULL ? name : "a constant", o->table, o->column,
				  same_text(name, o->column) && same_text(from, o->table)
					  ? " by other joins"
					  : ""));
}

/* ---- what is done with it ---- */

static const struct cell_read *read_of(const struct judge *j)
{
	return j->part < j->column->reads.n ? &j->column->reads.at[j->part] : NULL;
}

static bool has_token(const struct bldr_value *tokens, const char *text)
{
	for (size_t i = 0; i < bldr_count(tokens); i++) {
		if (same_text(bldr_as_text(bldr_at(tokens, i)), text)) {
			return true;
		}
	}
	return false;
}

/* Every token is none of the Tester's values, and every null of the file is a token. */
static bool judge_tokens(struct judge *j, const struct bldr_value *rule,
			 const struct cell_read *read)
{
	const struct bldr_value *tokens = bldr_get(rule, "tokens");
	for (size_t i = 0; read != NULL && i < bldr_count(tokens); i++) {
		const char *token = bldr_as_text(bldr_at(tokens, i));
		if (token != NULL && !value_is_null(read->decision, token)) {
			return wrong(j, "null_tokens",
				     arena_printf(j->t->arena,
						  "the STTM takes \"%.80s\" for no value, which is "
						  "one",
						  token));
		}
	}
	for (size_t i = 0; read != NULL && i < read->holder->raw.records.n; i++) {
		const char *text = relation_text(read->holder, i, read->column);
		if (text == NULL || !value_is_null(read->decision, text)) {
			continue;
		}
		const char *trimmed = value_trimmed(text, j->t->arena);
		if (trimmed[0] != '\0' && !has_token(tokens, trimmed)) {
			return wrong(j, "null_tokens",
				     arena_printf(j->t->arena,
						  "the STTM takes \"%.80s\" for a value, which is "
						  "none",
						  trimmed));
		}
	}
	return true;
}

static bool judge_type(struct judge *j, const char *found, const char *type)
{
	return same_text(found, type) ||
		wrong(j, "type",
		      arena_printf(j->t->arena, "the STTM makes it %s, the design's type is %s",
				   found != NULL ? found : "nothing", type));
}

/* The order of a format's parts; false: it has not all three, or names the month. */
static bool order_of(const char *format, enum date_order *ret)
{
	const char *y = strchr(format, 'y'), *m = strchr(format, 'M'), *d = strchr(format, 'd');
	if (y == NULL || m == NULL || d == NULL || strstr(format, "MMM") != NULL) {
		return false;
	}
	*ret = y < m ? (m < d ? ORDER_YMD : ORDER_YDM) : (d < m ? ORDER_DMY : ORDER_MDY);
	return true;
}

static bool judge_formats(struct judge *j, const struct bldr_value *rule)
{
	const struct bldr_value *formats = bldr_get(rule, "formats");
	const struct cell_read *read = read_of(j);
	for (size_t i = 0; read != NULL && read->decision->dates.dates && i < bldr_count(formats);
	     i++) {
		const char *format = bldr_as_text(bldr_at(formats, i));
		enum date_order order;
		if (format != NULL && order_of(format, &order) &&
		    order != read->decision->dates.order) {
			return wrong(j, "date_order",
				     arena_printf(j->t->arena, "the STTM reads the dates as %s; %s",
						  format, read->decision->dates.reason));
		}
	}
	return true;
}

static bool judge_marks(struct judge *j, const char *decimal)
{
	const struct cell_read *read = read_of(j);
	if (read == NULL || decimal == NULL || decimal[0] == read->decision->marks.decimal) {
		return true;
	}
	return wrong(j, "number_marks",
		     arena_printf(j->t->arena,
				  "the STTM takes \"%s\" for the decimal mark of %s.%s; %s",
				  decimal, read->holder->file->table,
				  read->holder->columns[read->column].name,
				  read->decision->marks.reason));
}

/* A cast reads plain numbers alone. */
static bool judge_plain(struct judge *j)
{
	const struct cell_read *read = read_of(j);
	for (size_t i = 0; read != NULL && i < read->holder->raw.records.n; i++) {
		const char *text = relation_text(read->holder, i, read->column);
		struct amount v;
		if (text != NULL && !value_is_null(read->decision, text) &&
		    !amount_is_plain(text) &&
		    amount_parse_marked(text, read->decision->marks.decimal, &v)) {
			return wrong(j, "number_marks",
				     arena_printf(j->t->arena,
						  "the STTM reads plain numbers, the file holds "
						  "\"%.80s\"",
						  text));
		}
	}
	return true;
}

static bool is_number(const char *type)
{
	return strcmp(type, "int64") == 0 || strncmp(type, "decimal", strlen("decimal")) == 0;
}

/* One function of the chain. */
static bool judge_link(struct judge *j, const struct bldr_value *rule, const char *type)
{
	if (is_fn(rule, "trim")) {
		return true;
	}
	if (is_fn(rule, "null_if")) {
		return judge_tokens(j, rule, read_of(j));
	}
	if (is_fn(rule, "cast")) {
		return judge_type(j, bldr_get_text(rule, "type"), type) &&
			(!is_number(type) || judge_plain(j));
	}
	if (is_fn(rule, "parse_amount")) {
		return judge_type(j, bldr_get_text(rule, "type"), type) &&
			judge_marks(j, bldr_get_text(rule, "decimal"));
	}
	if (is_fn(rule, "parse_timestamp")) {
		return judge_type(j, bldr_get_text(rule, "type"), type) && judge_formats(j, rule);
	}
	if (is_fn(rule, "parse_date") || is_fn(rule, "written_date")) {
		return judge_type(j, "date", type) && judge_formats(j, rule);
	}
	return wrong(j, "source_column",
		     arena_printf(j->t->arena,
				  "the STTM applies \"%s\", which the design's origin does not",
				  bldr_get(rule, "lit") != NULL ? "a constant"
					  : bldr_get_text(rule, "fn") != NULL
					  ? bldr_get_text(rule, "fn")
					  : "nothing"));
}

static bool judge_value(struct judge *j, const struct bldr_value *rule, const struct origin *o,
			const char *type)
{
	while (rule != NULL && bldr_get(rule, "col") == NULL) {
		if (!judge_link(j, rule, type)) {
			return false;
		}
		rule = argument(rule, 0);
	}
	return judge_leaf(j, rule, o);
}

/* ---- keys ---- */

/* surrogate_key of a dimension over the values of its business key. */
static bool judge_surrogate(struct judge *j, const struct bldr_value *rule,
			    const struct expected_table *dimension,
			    const struct origin *const *parts)
{
	const char *repair = is_reference(j) ? "foreign_key" : "surrogate_key";
	const char *name = dimension->design->name;
	if (!is_fn(rule, "surrogate_key") || !same_text(bldr_get_text(rule, "table"), name) ||
	    bldr_count(bldr_get(rule, "args")) != dimension->n_keys) {
		return wrong(j, repair,
			     arena_printf(j->t->arena,
					  "the STTM makes another surrogate key than that of \"%s\" "
					  "over its %zu business key columns",
					  name, dimension->n_keys));
	}
	for (j->part = 0; j->part < dimension->n_keys; j->part++) {
		size_t key = dimension->keys[j->part];
		if (!judge_value(j, argument(rule, j->part), parts[j->part],
				 dimension->columns[key].design->type)) {
			return false;
		}
	}
	return true;
}

/* A value of a hop: a column at the end of the origin's first n hops. */
static bool reads_at(const struct judge *j, const struct bldr_value *rule, const struct origin *o,
		     size_t n, const char *column)
{
	struct origin way = *o;
	way.hops.n = n;
	while (is_fn(rule, "trim") || is_fn(rule, "null_if")) {
		rule = argument(rule, 0);
	}
	return same_text(bldr_get_text(rule, "col"), column) &&
		same_way(j->table->sttm, bldr_get_text(rule, "of"), &way);
}

static bool is_hop(const struct judge *j, const struct bldr_value *rule, const struct origin *o,
		   size_t hop)
{
	const struct hop *h = &o->hops.at[hop];
	const struct bldr_value *from = bldr_get(rule, "from");
	bool same = bldr_count(from) == h->columns.n;
	for (size_t i = 0; same && i < h->columns.n; i++) {
		same = reads_at(j, bldr_at(from, i), o, hop, h->columns.at[i]);
	}
	for (size_t i = 0; same && i < h->to_columns.n; i++) {
		if (reads_at(j, bldr_get(rule, "to"), o, hop + 1, h->to_columns.at[i])) {
			return true;
		}
	}
	return false;
}

/* What the lookup takes for no key is none by the Tester's decision on the hop's columns. */
static bool judge_hop_tokens(struct judge *j, const struct bldr_value *rule, const struct hop *h)
{
	struct relations *relations = j->t->expected.relations;
	struct relation *holder = relation_find(relations, h->table);
	for (size_t i = 0; i < h->columns.n; i++) {
		size_t column = (size_t)relation_column_find(holder, h->columns.at[i]);
		const struct cell_read read = {
			.holder = holder,
			.column = column,
			.decision = &relation_column(relations, holder, column)->decision,
		};
		const struct bldr_value *from = bldr_at(bldr_get(rule, "from"), i);
		while (is_fn(from, "trim")) {
			from = argument(from, 0);
		}
		if (!judge_tokens(j, from, &read)) {
			return false;
		}
	}
	return true;
}

/* Whether the lookup knows of the hop: else a key that leads nowhere there counts as none. */
static bool judge_hop(struct judge *j, const struct bldr_value *over, const struct origin *o,
		      size_t hop)
{
	for (size_t i = 0; i < bldr_count(over); i++) {
		if (is_hop(j, bldr_at(over, i), o, hop)) {
			return judge_hop_tokens(j, bldr_at(over, i), &o->hops.at[hop]);
		}
	}
	return wrong(j, "foreign_key",
		     arena_printf(j->t->arena,
				  "the STTM does not tell a key of \"%s\" that leads nowhere from "
				  "none",
				  o->hops.at[hop].to_table));
}

static bool judge_hops(struct judge *j, const struct bldr_value *over)
{
	const struct design_column *c = j->column->design;
	bool right = true;
	for (size_t i = 0; i < c->origins.n; i++) {
		const struct origin *o = &c->origins.at[i];
		size_t n = o->kind == ORIGIN_PATH ? o->hops.n : 0;
		for (size_t h = 0; right && h < n; h++) {
			right = judge_hop(j, over, o, h);
		}
	}
	return right;
}

static bool judge_reference(struct judge *j, const struct bldr_value *rule)
{
	const struct expected_table *d = j->column->dimension;
	const struct design_column *c = j->column->design;
	const struct bldr_value *key = bldr_get(rule, "key");
	if (!is_fn(rule, "lookup") || !same_text(bldr_get_text(rule, "dimension"), c->dimension) ||
	    c->origins.n != d->n_keys || bldr_count(bldr_get(rule, "args")) != d->n_keys) {
		return wrong(j, "foreign_key",
			     arena_printf(j->t->arena, "the STTM does not look the key up in \"%s\"",
					  c->dimension));
	}
	if (!judge_hops(j, bldr_get(rule, "over"))) {
		return false;
	}
	const struct origin **parts = ARENA_ARRAY(j->t->arena, const struct origin *, d->n_keys);
	for (j->part = 0; j->part < d->n_keys; j->part++) {
		parts[j->part] = &c->origins.at[j->part];
		if (!judge_value(j, argument(rule, j->part), parts[j->part],
				 d->columns[d->keys[j->part]].design->type)) {
			return false;
		}
	}
	if (d->design->kind != TABLE_DATE) {
		return judge_surrogate(j, key, d, parts);
	}
	j->part = 0;
	return is_fn(key, "date_key")
		? judge_value(j, argument(key, 0), parts[0], "date")
		: wrong(j, "foreign_key", "the STTM makes another date key than yyyymmdd");
}

static bool judge_own_key(struct judge *j, const struct bldr_value *rule)
{
	const struct expected_table *e = j->table->expected;
	if (e->design->kind == TABLE_DATE && e->source != NULL && is_fn(rule, "date_key")) {
		j->part = 0;
		return judge_value(j, argument(rule, 0),
				   &e->columns[e->keys[0]].design->origins.at[0], "date");
	}
	if (e->design->kind == TABLE_DATE) {
		return (is_fn(rule, "date_key") && is_fn(argument(rule, 0), "calendar_day")) ||
			wrong(j, "surrogate_key", "the STTM makes another date key than yyyymmdd");
	}
	const struct origin **parts = ARENA_ARRAY(j->t->arena, const struct origin *, e->n_keys);
	for (size_t i = 0; i < e->n_keys; i++) {
		parts[i] = &e->columns[e->keys[i]].design->origins.at[0];
	}
	return judge_surrogate(j, rule, e, parts);
}

/* ---- the whole ---- */

static const struct sttm_column *column_of(const struct sttm_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].target, name) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

/* A literal null says nothing of a column. */
static bool is_unsaid(const struct bldr_value *rule)
{
	const struct bldr_value *literal = bldr_get(rule, "lit");
	return literal != NULL && bldr_as_text(literal) == NULL;
}

static bool is_judged(const struct judge *j)
{
	const struct design_column *c = j->column->design;
	if (c->role == ROLE_SURROGATE_KEY) {
		return expected_is_dimension(j->table->expected);
	}
	for (size_t i = 0; i < c->origins.n; i++) {
		int kind = c->origins.at[i].kind;
		if (kind != ORIGIN_COLUMN && kind != ORIGIN_PATH) {
			return false;
		}
	}
	return c->origins.n > 0 && (c->role != ROLE_DIMENSION_KEY || j->column->dimension != NULL);
}

static enum mapping_judgement judge(const struct trial *t, const struct trial_table *table,
				    size_t column, struct mapping_fault *ret)
{
	struct judge j = { .t = t, .table = table, .column = &table->expected->columns[column] };
	const struct design_column *c = j.column->design;
	if (table->sttm == NULL || !is_judged(&j)) {
		return MAPPING_UNSAID;
	}
	const struct sttm_column *stated = column_of(table->sttm, c->name);
	bool right;
	if (stated == NULL) {
		right = wrong(&j, "source_column", "the STTM lacks the column");
	} else if (is_unsaid(stated->rule)) {
		return MAPPING_UNSAID;
	} else if (!judge_type(&j, stated->type, c->type)) {
		right = false;
	} else if (c->role == ROLE_SURROGATE_KEY) {
		right = judge_own_key(&j, stated->rule);
	} else if (c->role == ROLE_DIMENSION_KEY) {
		right = judge_reference(&j, stated->rule);
	} else {
		right = judge_value(&j, stated->rule, &c->origins.at[0], c->type);
	}
	*ret = j.fault;
	return right ? MAPPING_RIGHT : MAPPING_WRONG;
}

enum mapping_judgement mapping_judge(const struct trial *t, const struct trial_table *table,
				     size_t column, struct mapping_fault *ret)
{
	struct trial_column *c = &table->columns[column];
	if (c->judgement == 0) {
		struct mapping_fault fault = { 0 };
		c->judgement = (int)judge(t, table, column, &fault);
		c->repair = fault.repair;
		c->why = fault.why;
	}
	*ret = (struct mapping_fault){ c->repair, c->why };
	return (enum mapping_judgement)c->judgement;
}

/* ---- how dates are read ---- */

/* The first format of a rule, down its first arguments; a rule without one reads ISO 8601. */
static const char *format_of(const struct bldr_value *rule)
{
	for (; rule != NULL; rule = argument(rule, 0)) {
		const struct bldr_value *formats = bldr_get(rule, "formats");
		if (bldr_count(formats) > 0) {
			return bldr_as_text(bldr_at(formats, 0));
		}
	}
	return "yyyy-MM-dd";
}

/* One part of a date, of the same letter: years of as many digits, months both by name or both by number. */
static bool same_part(const char *a, size_t n_a, const char *b, size_t n_b)
{
	return *a == *b && (*a != 'y' || n_a == n_b) && (*a != 'M' || (n_a > 2) == (n_b > 2));
}

/* Whether two formats take year, month and day of the same written dates; times of day aside. */
static bool same_form(const char *a, const char *b)
{
	for (int part = 0; part < 3; part++) {
		size_t n_a = strspn(a, (const char[]){ *a, '\0' });
		size_t n_b = strspn(b, (const char[]){ *b, '\0' });
		if (n_a == 0 || n_b == 0 || !same_part(a, n_a, b, n_b)) {
			return false;
		}
		a += n_a;
		b += n_b;
		bool apart_a = strchr("yMd", *a) == NULL, apart_b = strchr("yMd", *b) == NULL;
		if (part < 2 && (apart_a != apart_b || (apart_a && *a++ != *b++))) {
			return false;
		}
	}
	return true;
}

bool mapping_reads_dates(const struct trial *t, const struct trial_table *table, size_t column)
{
	const struct expected_column *c = &table->expected->columns[column];
	struct mapping_fault fault;
	if (mapping_judge(t, table, column, &fault) != MAPPING_RIGHT) {
		return false;
	}
	const char *format = format_of(column_of(table->sttm, c->design->name)->rule);
	return format != NULL && same_form(format, c->source.decision->format);
}

bool mapping_marks_explain(const struct trial *t, const struct trial_table *table, size_t column,
			   const char **ret_why)
{
	const struct expected_column *c = &table->expected->columns[column];
	if (c->texts == NULL || c->members != NULL || c->reads.n != 1 ||
	    (c->type.kind != COLUMN_DECIMAL && c->type.kind != COLUMN_INT64)) {
		return false;
	}
	struct column_decision other = *c->reads.at[0].decision;
	bool moved = false, whole = true;
	other.marks.decimal = other.marks.decimal == '.' ? ',' : '.';
	for (size_t i = 0; i < table->found.n; i++) {
		int64_t row = table->expected_of[i];
		if (row < 0) {
			continue;
		}
		const char *found = table->found.columns[column].cells[i];
		const char *written = c->texts[row];
		const char *read = written != NULL ? value_typed(&other, c->type, written, t->arena)
						   : NULL;
		bool agrees = value_same(found, read);
		if (!value_same(found, c->cells[row])) {
			if (!agrees) {
				return false;
			}
			moved |= found != NULL;
		}
		whole &= agrees;
	}
	*ret_why = arena_printf(
		t->arena,
		"the mapping takes \"%c\" for the decimal mark of %s.%s: that explains "
		"all %zu rows that differ; %s",
		other.marks.decimal, c->reads.at[0].holder->file->table,
		c->reads.at[0].holder->columns[c->reads.at[0].column].name,
		table->columns[column].changed, other.marks.reason);
	return moved || whole;
}
