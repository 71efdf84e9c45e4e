/*
 * Maps a design: each target column's origins become one expression over raw text - trimmed, null tokens
 * made null, typed - and each path of foreign keys becomes left joins. Where the profile left a
 * choice (the order of a date's parts), the first is taken unless a repair rules it out.
 */
#include "artefact/overrides.h"
#include "expr/expr.h"
#include "ingest/dates.h"
#include "warehouse/rule_tree.h"
#include "warehouse/warehouse.h"

#include <string.h>

enum { RULE_TEXT_MAX = 1 << 20 };

struct mapper {
	const struct profile *profile;
	const struct design *design;
	const struct overrides *said; /* by a person: no repair rules it out */
	const struct mapping_advice *advice;
	size_t n_advice;
	struct arena *a;
	const struct design_table *target;
	struct sttm_table *table; /* being mapped */
	struct bldr_error *err;
	int code; /* the first error sticks */
};

static void fail(struct mapper *m, const char *what, const char *table, const char *column)
{
	if (m->code == 0) {
		m->code = bldr_error_set(m->err, BLDR_E_INVALID, "mapping \"%s\": %s \"%s.%s\"",
					 m->target->name, what, table, column);
	}
}

/* ---- building trees ---- */

static struct bldr_value *fn(const char *name)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "fn", bldr_text(name));
	return v;
}

static struct bldr_value *args1(struct bldr_value *a)
{
	struct bldr_value *list = bldr_list();

	bldr_list_add(list, a);
	return list;
}

static struct bldr_value *fn1(const char *name, struct bldr_value *arg)
{
	struct bldr_value *v = fn(name);

	bldr_object_set(v, "args", args1(arg));
	return v;
}

static struct bldr_value *column(const char *alias, const char *name)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "col", bldr_text(name));
	if (alias != NULL) {
		bldr_object_set(v, "of", bldr_text(alias));
	}
	return v;
}

/* ---- the profile ---- */

static const struct column_profile *find_column(const struct mapper *m, const char *table,
						const char *name)
{
	for (size_t i = 0; i < m->profile->tables.n; i++) {
		const struct table_profile *t = &m->profile->tables.at[i];

		for (size_t k = 0; strcmp(t->table, table) == 0 && k < t->columns.n; k++) {
			if (strcmp(t->columns.at[k].name, name) == 0) {
				return &t->columns.at[k];
			}
		}
	}
	return NULL;
}

static bool is_ruled_out(const struct mapper *m, const char *repair, const char *table,
			 const char *name, const char *choice)
{
	const struct column_override *said =
		overrides_column(overrides_table(m->said, table), name);

	if (said != NULL && said->date_format != NULL) {
		return false;
	}
	for (size_t i = 0; i < m->n_advice; i++) {
		const struct mapping_advice *advice = &m->advice[i];

		if (strcmp(advice->repair, repair) != 0 || strcmp(advice->table, table) != 0 ||
		    strcmp(advice->column, name) != 0) {
			continue;
		}
		for (size_t k = 0; k < advice->tried.n; k++) {
			if (strcmp(advice->tried.at[k], choice) == 0) {
				return true;
			}
		}
	}
	return false;
}

/*
 * The best format, of a date or of a time, that no repair rules out; when they rule out all, the best. NULL: there is
 * none.
 */
static const char *choose_format(const struct mapper *m, const char *table,
				 const struct column_profile *c, bool time)
{
	const char *first = NULL;

	for (size_t i = 0; i < c->date_formats.n; i++) {
		const char *format = c->date_formats.at[i].format;

		if (c->date_formats.at[i].matches <= 0 || (strchr(format, 'm') != NULL) != time) {
			continue;
		}
		if (!is_ruled_out(m, "date_order", table, c->name, format)) {
			return format;
		}
		first = first == NULL ? format : first;
	}
	return first;
}

/* How a column's numbers are read: as the profile says, unless a repair rules that decimal mark out. NULL: plain. */
static const struct number_format *choose_marks(const struct mapper *m, const char *table,
						const struct column_profile *c)
{
	const char *mark = c->number != NULL ? c->number->decimal_mark : ".";
	const char *other = *mark == '.' ? "," : ".";
	struct number_format *turned;

	if (!is_ruled_out(m, "number_marks", table, c->name, mark) ||
	    is_ruled_out(m, "number_marks", table, c->name, other)) {
		return c->number;
	}
	turned = ARENA_ARRAY(m->a, struct number_format, 1);
	if (c->number != NULL) {
		*turned = *c->number;
	} else {
		turned->group_mark = mark;
	}
	turned->decimal_mark = other;
	if (strcmp(turned->group_mark, other) == 0) {
		turned->group_mark = mark;
	}
	return turned;
}

/* ---- rules ---- */

/* The text of a raw column without the blanks around it; null where it is empty, or a token of c, if any, says so. */
static struct bldr_value *cleaned(const char *alias, const char *name,
				  const struct column_profile *c)
{
	struct bldr_value *tokens = bldr_list();
	struct bldr_value *v = fn1("trim", column(alias, name));

	bldr_object_set(v, "chars", bldr_text(EXPR_BLANKS));
	v = fn1("null_if", v);
	bldr_object_set(v, "tokens", tokens);
	bldr_list_add(tokens, bldr_text(""));
	for (size_t i = 0; c != NULL && i < c->null_tokens.n; i++) {
		if (c->null_tokens.at[i].token[0] != '\0') {
			bldr_list_add(tokens, bldr_text(c->null_tokens.at[i].token));
		}
	}
	return v;
}

static struct bldr_value *amount(struct bldr_value *v, const struct number_format *n,
				 const char *type)
{
	struct bldr_value *currencies = bldr_list();

	v = fn1("parse_amount", v);
	bldr_object_set(v, "decimal", bldr_text(n->decimal_mark));
	bldr_object_set(v, "type", bldr_text(type));
	if (n->group_mark[0] != '\0') {
		bldr_object_set(v, "group", bldr_text(n->group_mark));
	}
	for (size_t i = 0; i < n->currencies.n; i++) {
		bldr_list_add(currencies, bldr_text(n->currencies.at[i]));
	}
	if (n->currencies.n > 0) {
		bldr_object_set(v, "currencies", currencies);
	} else {
		bldr_unref(currencies);
	}
	if (n->percent) {
		bldr_object_set(v, "percent", bldr_bool(true));
	}
	if (n->parentheses) {
		bldr_object_set(v, "parentheses", bldr_bool(true));
	}
	if (n->trailing_minus) {
		bldr_object_set(v, "trailing_minus", bldr_bool(true));
	}
	return v;
}

static bool is_timestamp(const char *type)
{
	return strncmp(type, "timestamp", strlen("timestamp")) == 0;
}

/* A date or time by a format. A column of timestamps gives the date that is written in it. */
static struct bldr_value *moment(struct mapper *m, struct bldr_value *v, const char *table,
				 const struct column_profile *c, const char *type)
{
	const char *format = choose_format(m, table, c, is_timestamp(c->type));

	if (format == NULL) {
		fail(m, "no date format fits", table, c->name);
		return v;
	}
	if (is_timestamp(type)) {
		v = fn1("parse_timestamp", v);
		bldr_object_set(v, "type", bldr_text(type));
	} else {
		v = fn1(is_timestamp(c->type) ? "written_date" : "parse_date", v);
	}
	bldr_object_set(v, "formats", args1(bldr_text(format)));
	if (strstr(format, "yy") != NULL && strstr(format, "yyyy") == NULL) {
		bldr_object_set(v, "pivot", bldr_int(DATE_PIVOT));
	}
	return v;
}

/* The typed value of a raw column, written as the profile says: {"cast": {"null_if": {"trim": col}}}. */
static struct bldr_value *typed(struct mapper *m, const char *alias, const char *table,
				const char *name, const char *type)
{
	const struct column_profile *c = find_column(m, table, name);
	struct bldr_value *v;
	bool number = strcmp(type, "int64") == 0 || strncmp(type, "decimal", 7) == 0;
	bool date = strcmp(type, "date") == 0;

	if (c == NULL) {
		fail(m, "no source column", table, name);
		return bldr_object();
	}
	v = cleaned(alias, name, c);
	if (strcmp(type, "text") == 0) {
		return v;
	}
	if (number && choose_marks(m, table, c) != NULL) {
		return amount(v, choose_marks(m, table, c), type);
	}
	/* ISO 8601 has no format: its timestamps are cast. */
	if (date && is_timestamp(c->type) && c->date_formats.n == 0) {
		return fn1("written_date", v);
	}
	if (date || (is_timestamp(type) && is_timestamp(c->type) && c->date_formats.n > 0)) {
		return moment(m, v, table, c, type);
	}
	v = fn1("cast", v);
	bldr_object_set(v, "type", bldr_text(type));
	return v;
}

/* Is the join that `alias` names the one of this hop, coming from `from`? */
static bool same_join(const struct sttm_join *j, const char *from, const struct hop *hop)
{
	if (strcmp(j->from, from) != 0 || strcmp(j->table, hop->to_table) != 0 ||
	    j->from_columns.n != hop->columns.n) {
		return false;
	}
	for (size_t i = 0; i < hop->columns.n; i++) {
		if (strcmp(j->from_columns.at[i], hop->columns.at[i]) != 0) {
			return false;
		}
	}
	return true;
}

static const char *join_hop(struct mapper *m, const char *from, const struct hop *hop)
{
	struct sttm_join *j;
	size_t same = strcmp(m->table->source, hop->to_table) == 0;

	for (size_t i = 0; i < m->table->joins.n; i++) {
		j = &m->table->joins.at[i];
		if (same_join(j, from, hop)) {
			return j->alias;
		}
		same += strcmp(j->table, hop->to_table) == 0;
	}
	j = LIST_ADD(m->a, &m->table->joins);
	j->alias = same == 0 ? hop->to_table
			     : arena_printf(m->a, "%s_%zu", hop->to_table, same + 1);
	j->table = hop->to_table;
	j->from = from;
	j->from_columns = hop->columns;
	j->to_columns = hop->to_columns;
	return j->alias;
}

/* The alias under which an origin's column is reached; NULL for the source table's own. */
static const char *reach(struct mapper *m, const struct origin *o)
{
	const char *alias = m->table->source;

	if (o->kind != ORIGIN_PATH) {
		return NULL;
	}
	for (size_t i = 0; i < o->hops.n; i++) {
		alias = join_hop(m, alias, &o->hops.at[i]);
	}
	return alias;
}

static struct bldr_value *origin_value(struct mapper *m, const struct origin *o, const char *type)
{
	return typed(m, reach(m, o), o->table, o->column, type);
}

static const struct design_table *find_target(const struct mapper *m, const char *name)
{
	for (size_t i = 0; i < m->design->tables.n; i++) {
		if (strcmp(m->design->tables.at[i].name, name) == 0) {
			return &m->design->tables.at[i];
		}
	}
	return NULL;
}

/* The i-th business key column of a dimension; NULL beyond the last. */
static const struct design_column *business_key(const struct design_table *t, size_t i)
{
	for (size_t k = 0; k < t->columns.n; k++) {
		if (t->columns.at[k].role == ROLE_BUSINESS_KEY && i-- == 0) {
			return &t->columns.at[k];
		}
	}
	return NULL;
}

/* {"from": the foreign key as written, "to": the key of the joined record, which every such record has} */
static struct bldr_value *hop_rule(struct mapper *m, const char *from, const struct hop *hop)
{
	const char *own = strcmp(from, m->table->source) == 0 ? NULL : from;
	struct bldr_value *columns = bldr_list();
	struct bldr_value *v = bldr_object();

	for (size_t i = 0; i < hop->columns.n; i++) {
		const char *name = hop->columns.at[i];

		bldr_list_add(columns, cleaned(own, name, find_column(m, hop->table, name)));
	}
	bldr_object_set(v, "from", columns);
	bldr_object_set(v, "to", cleaned(join_hop(m, from, hop), hop->to_columns.at[0], NULL));
	return v;
}

/* Adds the hops of an origin that are not there yet. */
static void add_hops(struct mapper *m, const struct origin *o, struct bldr_value *over)
{
	const char *alias = m->table->source;

	for (size_t i = 0; o->kind == ORIGIN_PATH && i < o->hops.n; i++) {
		struct bldr_value *hop = hop_rule(m, alias, &o->hops.at[i]);
		bool known = false;

		for (size_t k = 0; k < bldr_count(over); k++) {
			known |= bldr_equal(bldr_at(over, k), hop);
		}
		if (known) {
			bldr_unref(hop);
		} else {
			bldr_list_add(over, hop);
		}
		alias = join_hop(m, alias, &o->hops.at[i]);
	}
}

/* {"lookup": dimension, key: what its surrogate key would be, args: the business key, over: the hops to it} */
static struct bldr_value *lookup_rule(struct mapper *m, const struct design_column *c)
{
	const struct design_table *dimension = find_target(m, c->dimension);
	struct bldr_value *parts = bldr_list();
	struct bldr_value *over;
	struct bldr_value *key;
	struct bldr_value *v;

	for (size_t i = 0; dimension != NULL && i < c->origins.n; i++) {
		const struct design_column *part = business_key(dimension, i);

		if (part == NULL) {
			dimension = NULL;
			break;
		}
		bldr_list_add(parts, origin_value(m, &c->origins.at[i], part->type));
	}
	if (dimension == NULL) {
		fail(m, "the key does not fit its dimension:", c->dimension, c->name);
		return parts;
	}
	if (dimension->kind == TABLE_DATE) {
		key = fn1("date_key", bldr_copy(bldr_at(parts, 0)));
	} else {
		key = fn("surrogate_key");
		bldr_object_set(key, "table", bldr_text(dimension->name));
		bldr_object_set(key, "args", bldr_copy(parts));
	}
	v = fn("lookup");
	bldr_object_set(v, "dimension", bldr_text(dimension->name));
	bldr_object_set(v, "key", key);
	bldr_object_set(v, "args", parts);
	over = bldr_list();
	for (size_t i = 0; i < c->origins.n; i++) {
		add_hops(m, &c->origins.at[i], over);
	}
	if (bldr_count(over) > 0) {
		bldr_object_set(v, "over", over);
	} else {
		bldr_unref(over);
	}
	return v;
}

static struct bldr_value *surrogate_rule(struct mapper *m)
{
	struct bldr_value *parts;
	struct bldr_value *v;
	const struct design_column *part = business_key(m->target, 0);

	if (m->target->kind == TABLE_DATE) { /* a source's own calendar */
		return fn1("date_key", origin_value(m, &part->origins.at[0], "date"));
	}
	parts = bldr_list();
	v = fn("surrogate_key");
	for (size_t i = 0; (part = business_key(m->target, i)) != NULL; i++) {
		bldr_list_add(parts, origin_value(m, &part->origins.at[0], part->type));
	}
	bldr_object_set(v, "table", bldr_text(m->target->name));
	bldr_object_set(v, "args", parts);
	return v;
}

static struct bldr_value *calendar_rule(struct mapper *m, const struct design_column *c)
{
	struct bldr_value *day;
	struct bldr_value *v;

	if (m->target->source != NULL) {
		day = origin_value(m, &business_key(m->target, 0)->origins.at[0], "date");
	} else {
		day = fn("calendar_day");
		bldr_object_set(day, "args", bldr_list());
	}
	if (c->role == ROLE_SURROGATE_KEY) {
		return fn1("date_key", day);
	}
	if (c->role == ROLE_BUSINESS_KEY) {
		return day;
	}
	v = fn1("date_part", day);
	bldr_object_set(v, "part", bldr_text(c->name));
	return v;
}

static struct bldr_value *constant_rule(const struct design_column *c)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "lit", bldr_text(c->origins.at[0].value));
	bldr_object_set(v, "type", bldr_text(c->type));
	return v;
}

static struct bldr_value *generated_rule(struct mapper *m, const struct design_column *c)
{
	const char *generator = c->origins.at[0].generator;
	struct bldr_value *v;

	if (strcmp(generator, "surrogate_key") == 0) {
		return surrogate_rule(m);
	}
	if (strcmp(generator, "calendar") == 0) {
		return calendar_rule(m, c);
	}
	v = fn(generator); /* source_file, source_line, source_record */
	bldr_object_set(v, "args", bldr_list());
	return v;
}

/* A factor with the type of its column. */
static struct bldr_value *factor(struct mapper *m, const struct origin *o, const char *name,
				 struct column_type *ret_type)
{
	const struct column_profile *p = find_column(m, o->table, name);

	*ret_type = (struct column_type){ .kind = COLUMN_TEXT };
	if (p == NULL || !column_type_parse(p->type, ret_type)) {
		fail(m, "no source column", o->table, name);
		return bldr_object();
	}
	return typed(m, NULL, o->table, name, p->type);
}

/* One factor after the other, each product with all its digits but the last, which has the column's type. */
static struct bldr_value *product_rule(struct mapper *m, const struct design_column *c)
{
	const struct origin *o = &c->origins.at[0];
	struct column_type type, whole;
	struct bldr_value *one = bldr_object();
	struct bldr_value *v = factor(m, o, o->factors.at[0], &type);

	(void)column_type_parse(c->type, &whole);
	for (size_t i = 1; i < o->factors.n; i++) {
		struct column_type other;
		struct bldr_value *by = factor(m, o, o->factors.at[i], &other);

		type = (struct column_type){ COLUMN_DECIMAL, whole.precision,
					     (uint8_t)(type.scale + other.scale) };
		v = rule_arithmetic("multiply", v, by, type);
	}
	if (o->less == NULL) {
		bldr_unref(one);
		return v;
	}
	bldr_object_set(one, "lit", bldr_text("1"));
	bldr_object_set(one, "type", bldr_text("decimal(1,0)"));
	struct bldr_value *less = factor(m, o, o->less, &type);

	type = (struct column_type){ COLUMN_DECIMAL, (uint8_t)(type.scale + 1), type.scale };
	return rule_arithmetic("multiply", v, rule_arithmetic("subtract", one, less, type), whole);
}

static struct bldr_value *rule(struct mapper *m, const struct design_column *c)
{
	if (c->role == ROLE_DIMENSION_KEY) {
		return lookup_rule(m, c);
	}
	switch ((enum origin_kind)c->origins.at[0].kind) {
	case ORIGIN_GENERATED:
		return generated_rule(m, c);
	case ORIGIN_CONSTANT:
		return constant_rule(c);
	case ORIGIN_PRODUCT:
		return product_rule(m, c);
	case ORIGIN_COLUMN:
	case ORIGIN_PATH:
		break;
	}
	return origin_value(m, &c->origins.at[0], c->type);
}

/* ---- tables ---- */

static void add_source(struct mapper *m, struct sttm_column *c, const char *table, const char *name)
{
	if (table != NULL && name != NULL) {
		*LIST_ADD(m->a, &c->sources) = (struct column_ref){ table, name };
	}
}

static void map_column(struct mapper *m, const struct design_column *from)
{
	struct sttm_column c = {
		.target = from->name,
		.type = from->type,
		.role = from->role,
		.nullable = from->nullable,
		.dimension = from->dimension,
	};
	const struct origin *first = &from->origins.at[0];
	bool of_key = from->role == ROLE_SURROGATE_KEY ||
		(first->kind == ORIGIN_GENERATED && strcmp(first->generator, "calendar") == 0);
	const struct design_column *part;
	struct bldr_value *tree = rule(m, from);
	struct buf prose;

	for (size_t i = 0; i < from->origins.n; i++) {
		const struct origin *o = &from->origins.at[i];

		add_source(m, &c, o->table, o->column);
		for (size_t k = 0; k < o->factors.n; k++) {
			add_source(m, &c, o->table, o->factors.at[k]);
		}
		add_source(m, &c, o->table, o->less);
	}
	for (size_t i = 0; of_key && (part = business_key(m->target, i)) != NULL; i++) {
		add_source(m, &c, part->origins.at[0].table, part->origins.at[0].column);
	}
	buf_init(&prose, RULE_TEXT_MAX);
	if (m->code == 0) {
		m->code = expr_prose(tree, &prose, m->err);
	}
	c.prose = arena_strdup(m->a, prose.data);
	buf_release(&prose);
	c.rule = artefact_keep(m->a, tree);
	*LIST_ADD(m->a, &m->table->columns) = c;
}

/* Every date that a fact refers to the date dimension by. */
static void map_calendar(struct mapper *m)
{
	for (size_t i = 0; i < m->design->tables.n; i++) {
		const struct design_table *t = &m->design->tables.at[i];

		for (size_t k = 0; k < t->columns.n; k++) {
			const struct design_column *c = &t->columns.at[k];
			bool known = false;

			if (c->dimension == NULL || strcmp(c->dimension, m->target->name) != 0) {
				continue;
			}
			for (size_t n = 0; n < m->table->calendar.n; n++) {
				const struct column_ref *ref = &m->table->calendar.at[n];

				known |= strcmp(ref->table, c->origins.at[0].table) == 0 &&
					strcmp(ref->column, c->origins.at[0].column) == 0;
			}
			if (!known) {
				*LIST_ADD(m->a, &m->table->calendar) =
					(struct column_ref){ c->origins.at[0].table,
							     c->origins.at[0].column };
			}
		}
	}
}

static void map_dedup(struct mapper *m)
{
	const struct design_table *from = m->target;
	const struct column_profile *c;

	m->table->dedup = from->dedup;
	m->table->version_column = from->version_column;
	if (from->version_column == NULL) {
		return;
	}
	c = find_column(m, from->source, from->version_column);
	if (c == NULL) {
		fail(m, "no source column", from->source, from->version_column);
		return;
	}
	m->table->version_rule =
		artefact_keep(m->a, typed(m, NULL, from->source, from->version_column, c->type));
}

static void map_table(struct mapper *m)
{
	const struct design_table *from = m->target;

	m->table->name = from->name;
	m->table->kind = from->kind;
	m->table->source = from->source;
	m->table->grain_columns = from->grain_columns;
	map_dedup(m);
	if (from->kind == TABLE_DIMENSION || from->kind == TABLE_DATE) {
		*LIST_ADD(m->a, &m->table->reserved) = (struct sttm_member){ -1, "Unknown" };
		*LIST_ADD(m->a, &m->table->reserved) = (struct sttm_member){ -2, "Not applicable" };
	}
	if (from->kind == TABLE_DATE && from->source == NULL) {
		map_calendar(m);
	}
	for (size_t i = 0; i < from->columns.n; i++) {
		map_column(m, &from->columns.at[i]);
	}
}

int map_design(const struct sources *sources, const struct profile *profile,
	       const struct design *design, const struct mapping_advice *advice, size_t n,
	       struct arena *a, struct sttm *ret, struct bldr_error *err)
{
	struct overrides said;
	struct mapper m = {
		.said = &said,
		.profile = profile,
		.design = design,
		.advice = advice,
		.n_advice = n,
		.a = a,
		.err = err,
	};
	struct sttm result = { 0 };

	m.code = overrides_decode(sources->overrides, a, &said, err);
	for (size_t i = 0; i < design->tables.n && m.code == 0; i++) {
		m.target = &design->tables.at[i];
		m.table = LIST_ADD(a, &result.tables);
		map_table(&m);
	}
	if (m.code < 0) {
		return m.code;
	}
	*ret = result;
	return 0;
}

/* ---- the choices that were made ---- */

struct choices {
	const struct sttm_table *of;
	const char *table;
	const char *column;
	struct arena *a;
	texts *ret;
};

/* The formats of every part of the tree that reads the column as a date or time. */
static void collect_formats(const struct choices *c, const struct bldr_value *tree)
{
	const struct bldr_value *formats = bldr_get(tree, "formats");
	const struct bldr_value *part;

	for (size_t i = 0; i < bldr_count(formats); i++) {
		if (rule_reads(c->of, tree, c->table, c->column)) {
			*LIST_ADD(c->a, c->ret) =
				arena_strdup(c->a, bldr_as_text(bldr_at(formats, i)));
		}
	}
	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		collect_formats(c, part);
	}
}

/* The decimal mark of every part that reads the column as a number: a cast's is the point. */
static void collect_marks(const struct choices *c, const struct bldr_value *tree)
{
	const char *fn = bldr_get_text(tree, "fn");
	const char *mark = bldr_get_text(tree, "decimal");
	const struct bldr_value *part;

	if (fn != NULL && (mark != NULL || strcmp(fn, "cast") == 0) &&
	    rule_reads(c->of, tree, c->table, c->column)) {
		*LIST_ADD(c->a, c->ret) = mark != NULL ? arena_strdup(c->a, mark) : ".";
	}
	for (size_t i = 0; (part = rule_part(tree, i)) != NULL; i++) {
		collect_marks(c, part);
	}
}

static bool is_fed_by(const struct sttm_column *c, const char *table, const char *column)
{
	for (size_t i = 0; i < c->sources.n; i++) {
		if (strcmp(c->sources.at[i].table, table) == 0 &&
		    strcmp(c->sources.at[i].column, column) == 0) {
			return true;
		}
	}
	return false;
}

/* Calls collect for the rule of every column that the source column feeds. */
static void each_rule(const struct sttm *sttm, struct choices *c,
		      void (*collect)(const struct choices *c, const struct bldr_value *tree))
{
	for (size_t i = 0; i < sttm->tables.n; i++) {
		c->of = &sttm->tables.at[i];
		for (size_t k = 0; k < c->of->columns.n; k++) {
			if (is_fed_by(&c->of->columns.at[k], c->table, c->column)) {
				collect(c, c->of->columns.at[k].rule);
			}
		}
	}
}

void sttm_choices(const struct sttm *sttm, struct mapping_advice *advice, struct arena *a)
{
	struct choices c = { NULL, advice->table, advice->column, a, &advice->tried };

	if (strcmp(advice->repair, "date_order") == 0) {
		each_rule(sttm, &c, collect_formats);
	} else if (strcmp(advice->repair, "number_marks") == 0) {
		each_rule(sttm, &c, collect_marks);
	}
}
