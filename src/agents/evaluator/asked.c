/* Settles once per fact what all questions about it share, from the design and the counts of the contract. */
#include "agents/evaluator/asked.h"

#include <string.h>

#include <sqlite3.h>

#include "base/columntype.h"
#include "warehouse/target.h"

enum {
	OWN_CUTS_MAX = 2, /* of the cuts, columns of the fact itself */
	SMALL_MAX = 30,   /* a dimension of so many members is a cut by itself */
	CUT_VALUES_MAX = 200
};

struct maker {
	struct arena *a;
	const struct design *design;
	const struct contract *contract;
};

/* ---- names ---- */

const char *asked_id(struct arena *a, const char *name)
{
	size_t size = strlen(name);
	bool plain = size > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == size &&
		(name[0] < '0' || name[0] > '9') && !sqlite3_keyword_check(name, (int)size);
	char *quoted;

	if (plain) {
		return name;
	}
	quoted = sqlite3_mprintf("\"%w\"", name);
	name = arena_strdup(a, quoted);
	sqlite3_free(quoted);
	return name;
}

const char *asked_spaced(struct arena *a, const char *name)
{
	char *out = arena_strdup(a, name);

	for (char *c = out; *c != '\0'; c++) {
		if (*c == '_') {
			*c = ' ';
		}
	}
	return out;
}

static bool ends_with(const char *name, const char *end)
{
	size_t size = strlen(name);
	size_t n = strlen(end);

	return size > n && strcmp(name + size - n, end) == 0;
}

static const char *without_end(struct arena *a, const char *name, const char *end)
{
	return ends_with(name, end) ? arena_strndup(a, name, strlen(name) - strlen(end)) : name;
}

const char *asked_bare(const char *table)
{
	const char *underscore = strchr(table, '_');

	return underscore != NULL && underscore[1] != '\0' ? underscore + 1 : table;
}

const char *asked_plural(struct arena *a, const char *noun)
{
	size_t size = strlen(noun);

	if (ends_with(noun, "s") && !ends_with(noun, "ss") && !ends_with(noun, "us")) {
		return noun;
	}
	if (ends_with(noun, "y") && size > 1 && strchr("aeiou", noun[size - 2]) == NULL) {
		return arena_printf(a, "%.*sies", (int)size - 1, noun);
	}
	if (ends_with(noun, "s") || ends_with(noun, "x") || ends_with(noun, "ch") ||
	    ends_with(noun, "sh")) {
		return arena_printf(a, "%ses", noun);
	}
	return arena_printf(a, "%ss", noun);
}

static bool has_any(const char *name, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strstr(name, *words) != NULL) {
			return true;
		}
	}
	return false;
}

/* ---- the star ---- */

static const struct design_table *table_of(const struct maker *m, const char *name)
{
	for (size_t i = 0; i < m->design->tables.n; i++) {
		if (strcmp(m->design->tables.at[i].name, name) == 0) {
			return &m->design->tables.at[i];
		}
	}
	return NULL;
}

static const struct contract_table *counts_of(const struct maker *m, const char *name)
{
	for (size_t i = 0; i < m->contract->tables.n; i++) {
		if (strcmp(m->contract->tables.at[i].table, name) == 0) {
			return &m->contract->tables.at[i];
		}
	}
	return NULL;
}

static const struct contract_attribute *attribute_of(const struct contract_table *t,
						     const char *column)
{
	for (size_t i = 0; i < t->attributes.n; i++) {
		if (strcmp(t->attributes.at[i].column, column) == 0) {
			return &t->attributes.at[i];
		}
	}
	return NULL;
}

const struct design_column *asked_role(const struct design_table *t, int role)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (t->columns.at[i].role == role) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

static struct column_type type_of(const struct design_column *c)
{
	struct column_type type = { .kind = COLUMN_TEXT };

	(void)column_type_parse(c->type, &type);
	return type;
}

static bool is_dated(const struct design_column *c)
{
	enum column_kind kind = type_of(c).kind;

	return kind == COLUMN_DATE || kind == COLUMN_TIMESTAMP || kind == COLUMN_TIMESTAMP_NTZ;
}

/* ---- measures ---- */

/* How much a measure's name says that it is what people ask for. */
static int measure_score(const struct design_column *c)
{
	static const char *const money[] = { "amount",   "total",   "revenue", "sales",
					     "turnover", "value",   "cost",    "charge",
					     "fee",      "freight", NULL };
	static const char *const count[] = { "quantity", "qty", "units", "count", "number", NULL };
	static const char *const rate[] = { "price", "rate", "percent", "pct", "discount", NULL };
	enum column_kind kind = type_of(c).kind;

	if (has_any(c->name, rate)) {
		return -1; /* of a unit, most likely: its sum says little */
	}
	return (has_any(c->name, money)           ? 40
			: has_any(c->name, count) ? 20
						  : 0) +
		(kind == COLUMN_DOUBLE ? 0 : 5) + (kind == COLUMN_DECIMAL ? 3 : 0);
}

static const struct design_column *best_measure(const struct design_table *t, int additivity)
{
	const struct design_column *best = NULL;

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];

		if (c->role == ROLE_MEASURE && c->additivity == additivity &&
		    (best == NULL || measure_score(c) > measure_score(best))) {
			best = c;
		}
	}
	return best;
}

const char *asked_sum(struct arena *a, const struct design_column *c)
{
	struct column_type type = type_of(c);

	return target_is_scaled(type)
		? arena_printf(a, "sum(f.%s)",
			       asked_id(a, arena_printf(a, "%s_e%d", c->name, type.scale)))
		: arena_printf(a, "sum(f.%s)", asked_id(a, c->name));
}

const char *asked_shown_sum(struct arena *a, const struct design_column *c)
{
	struct column_type type = type_of(c);
	const char *sum = asked_sum(a, c);
	char unit[20] = "1";

	if (target_is_scaled(type)) {
		memset(unit + 1, '0', type.scale);
		unit[1 + type.scale] = '\0';
		return arena_printf(a, "printf('%%.%df', %s / %s.0)", type.scale, sum, unit);
	}
	if (type.kind == COLUMN_INT64 || (type.kind == COLUMN_DECIMAL && type.scale == 0)) {
		return sum;
	}
	return arena_printf(a, "round(%s, %d)", sum, type.kind == COLUMN_DECIMAL ? type.scale : 6);
}

const char *asked_total(struct arena *a, const struct design_column *c)
{
	const char *words = asked_spaced(a, c->name);

	return strstr(words, "total") != NULL ? words : arena_printf(a, "total %s", words);
}

bool asked_adds_up(const struct design_column *c)
{
	return c->role == ROLE_MEASURE && c->additivity == ADDITIVE_FULL && measure_score(c) >= 0;
}

/* ---- dates ---- */

static int when_score(const char *name)
{
	static const char *const when[] = { "order",       "invoice",  "sale",     "payment",
					    "transaction", "event",    "purchase", "rental",
					    "start",       "date_key", NULL };
	static const char *const later[] = { "modif", "updat", "due",   "requir", "birth", "creat",
					     "ship",  "end",   "valid", "expir",  "load",  NULL };

	return (has_any(name, when) ? 10 : 0) - (has_any(name, later) ? 20 : 0);
}

/* The day itself in a date dimension, or NULL. */
static const struct design_column *day_of(const struct design_table *t)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (type_of(&t->columns.at[i]).kind == COLUMN_DATE) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

static struct when when_of(const struct maker *m, const struct design_column *c)
{
	struct arena *a = m->a;
	const char *column = arena_printf(a, "f.%s", asked_id(a, c->name));

	if (c->role == ROLE_DIMENSION_KEY) {
		const struct design_table *t = table_of(m, c->dimension);
		const struct design_column *key = asked_role(t, ROLE_SURROGATE_KEY);
		return (struct when){
			.join = arena_printf(a, "\nJOIN %s AS t ON t.%s = %s",
					     asked_id(a, arena_printf(a, "v_%s", c->dimension)),
					     asked_id(a, key->name), column),
			.day = arena_printf(a, "t.%s", asked_id(a, day_of(t)->name)),
			.column = column,
			.words = asked_spaced(a, without_end(a, c->name, "_key")),
			.key = true,
		};
	}
	return (struct when){
		.join = "", .day = column, .column = column, .words = asked_spaced(a, c->name)
	};
}

static bool is_date_key(const struct maker *m, const struct design_column *c)
{
	const struct design_table *t = c->dimension != NULL ? table_of(m, c->dimension) : NULL;

	return c->role == ROLE_DIMENSION_KEY && t != NULL && t->kind == TABLE_DATE &&
		asked_role(t, ROLE_SURROGATE_KEY) != NULL && day_of(t) != NULL;
}

static void choose_when(const struct maker *m, struct asked *q)
{
	int best = 0;

	for (size_t i = 0; i < q->fact->columns.n; i++) {
		const struct design_column *c = &q->fact->columns.at[i];
		bool key = is_date_key(m, c);
		int score = when_score(c->name) + (key ? 100 : 50);

		if ((key || (c->role == ROLE_DEGENERATE && is_dated(c))) && score > best) {
			best = score;
			q->dated = true;
			q->when = when_of(m, c);
		}
	}
}

/* ---- cuts ---- */

static const char *const unfit[] = { "picture",   "photo",    "image",  "descr",   "note",
				     "comment",   "address",  "street", "postal",  "zip",
				     "phone",     "fax",      "mail",   "url",     "web",
				     "path",      "guid",     "uuid",   "hash",    "first_name",
				     "last_name", "password", "number", "version", "ordinal",
				     NULL };

/* How likely an attribute of so many rows is what people group by; 0: it is not. */
static int cut_score(const struct design_column *c, const struct contract_attribute *counts,
		     int64_t rows)
{
	static const char *const likely[] = {
		"category", "type",  "genre",  "country", "state",    "region",    "status",
		"segment",  "class", "method", "channel", "brand",    "gender",    "depart",
		"group",    "city",  "title",  "colo",    "priority", "territory", NULL
	};
	enum column_kind kind = type_of(c).kind;

	if (counts == NULL || counts->distinct < 2 || counts->distinct > CUT_VALUES_MAX ||
	    counts->distinct * 2 > rows || counts->nulls * 4 > rows ||
	    (kind != COLUMN_TEXT && kind != COLUMN_BOOL) || has_any(c->name, unfit) ||
	    ends_with(c->name, "_id") || ends_with(c->name, "_code")) {
		return 0;
	}
	return (kind == COLUMN_TEXT ? 50 : 30) + (has_any(c->name, likely) ? 100 : 0) +
		(counts->distinct >= 3 && counts->distinct <= SMALL_MAX ? 20 : 0) -
		(int)(strlen(c->name) / 4);
}

static void add_cut(struct asked *q, struct cut cut)
{
	size_t i = q->n_cuts < CUTS_MAX ? q->n_cuts++ : CUTS_MAX;

	for (; i > 0 && q->cuts[i - 1].score < cut.score; i--) {
		if (i < CUTS_MAX) {
			q->cuts[i] = q->cuts[i - 1];
		}
	}
	if (i < CUTS_MAX) {
		q->cuts[i] = cut;
	}
}

/* The fact's own columns: the best OWN_CUTS_MAX of them. */
static void add_own_cuts(const struct maker *m, struct asked *q)
{
	size_t taken = SIZE_MAX;

	for (size_t n = 0; n < OWN_CUTS_MAX; n++) {
		size_t best = SIZE_MAX;
		int best_score = 0;

		for (size_t i = 0; i < q->fact->columns.n; i++) {
			const struct design_column *c = &q->fact->columns.at[i];
			int score = c->role != ROLE_DEGENERATE || i == taken
				? 0
				: cut_score(c, attribute_of(q->counts, c->name), q->counts->rows);

			if (score > best_score) {
				best = i;
				best_score = score;
			}
		}
		if (best == SIZE_MAX) {
			return;
		}
		taken = best;
		const struct design_column *c = &q->fact->columns.at[best];
		add_cut(q,
			(struct cut){
				.join = "",
				.value = arena_printf(m->a, "f.%s", asked_id(m->a, c->name)),
				.alias = asked_id(m->a, c->name),
				.words = asked_spaced(m->a, c->name),
				.distinct = attribute_of(q->counts, c->name)->distinct,
				.score = best_score,
			});
	}
}

/* ---- members ---- */

static int label_score(const struct design_table *t, const struct design_column *c,
		       const struct contract_table *counts)
{
	const struct contract_attribute *attribute = attribute_of(counts, c->name);
	bool own = c->origins.n == 1 && c->origins.at[0].kind == ORIGIN_COLUMN;

	if (!own || c->role != ROLE_ATTRIBUTE || type_of(c).kind != COLUMN_TEXT ||
	    attribute == NULL || attribute->distinct < 2 || attribute->nulls * 2 > counts->rows) {
		return 0;
	}
	return (strcmp(c->name, "name") == 0 || strcmp(c->name, "full_name") == 0 ? 100 : 0) +
		(ends_with(c->name, "name") ? 60 : 0) +
		(strncmp(c->name, asked_bare(t->name), strlen(asked_bare(t->name))) == 0 ? 20 : 0) +
		(strcmp(c->name, "title") == 0 || ends_with(c->name, "_title") ? 30 : 0) +
		(strstr(c->name, "descr") != NULL ? 10 : 0) -
		(strstr(c->name, "middle") != NULL || strstr(c->name, "contact") != NULL ? 50 : 0);
}

static const struct design_column *named(const struct design_table *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].name, name) == 0) {
			return &t->columns.at[i];
		}
	}
	return NULL;
}

/* What a member is called: its names, or its business key. */
static const char *label_of(const struct maker *m, const struct design_table *t,
			    const struct contract_table *counts, const char *alias)
{
	struct arena *a = m->a;
	const struct design_column *first = named(t, "first_name");
	const struct design_column *last = named(t, "last_name");
	const struct design_column *best = asked_role(t, ROLE_BUSINESS_KEY);
	int best_score = 0;

	if (first != NULL && last != NULL && label_score(t, first, counts) > 0 &&
	    label_score(t, last, counts) > 0) {
		return arena_printf(a, "%s.first_name || ' ' || %s.last_name", alias, alias);
	}
	for (size_t i = 0; i < t->columns.n; i++) {
		int score = label_score(t, &t->columns.at[i], counts);

		if (score > best_score) {
			best = &t->columns.at[i];
			best_score = score;
		}
	}
	return best != NULL ? arena_printf(a, "%s.%s", alias, asked_id(a, best->name)) : NULL;
}

/* The best attribute of a dimension that the fact is grouped by, or its members when they are few. */
static void add_cut_of(const struct maker *m, struct asked *q, const struct who *w)
{
	struct arena *a = m->a;
	const struct design_table *t = w->dimension;
	const struct contract_table *counts = counts_of(m, t->name);
	const struct design_column *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];
		int score = c->role != ROLE_ATTRIBUTE
			? 0
			: cut_score(c, attribute_of(counts, c->name), counts->rows);

		if (score > best_score) {
			best = c;
			best_score = score;
		}
	}
	if (best != NULL) {
		bool said = strncmp(best->name, w->alias, strlen(w->alias)) == 0;

		add_cut(q,
			(struct cut){
				.join = w->join,
				.value = arena_printf(a, "d.%s", asked_id(a, best->name)),
				.alias = asked_id(a, best->name),
				.words = arena_printf(a, "%s%s%s", said ? "" : w->singular,
						      said ? "" : " ", asked_spaced(a, best->name)),
				.distinct = attribute_of(counts, best->name)->distinct,
				.score = best_score,
			});
	} else if (counts->rows > 1 && counts->rows <= SMALL_MAX) {
		add_cut(q,
			(struct cut){
				.join = w->join,
				.value = w->label,
				.alias = asked_id(a, w->alias),
				.words = w->singular,
				.distinct = counts->rows,
				.score = 60,
			});
	}
}

static void add_who(const struct maker *m, struct asked *q, const struct design_column *c)
{
	struct arena *a = m->a;
	const struct design_table *t = table_of(m, c->dimension);
	const struct contract_table *counts = t != NULL ? counts_of(m, t->name) : NULL;
	const struct design_column *key = t != NULL ? asked_role(t, ROLE_SURROGATE_KEY) : NULL;
	const char *name = without_end(a, c->name, "_key");
	struct who w = { .dimension = t };

	if (key == NULL || counts == NULL || t->kind == TABLE_DATE) {
		return;
	}
	w.key = arena_printf(a, "f.%s", asked_id(a, c->name));
	w.surrogate = asked_id(a, key->name);
	w.join = arena_printf(a, "\nJOIN %s AS d ON d.%s = %s",
			      asked_id(a, arena_printf(a, "v_%s", t->name)), w.surrogate, w.key);
	w.label = label_of(m, t, counts, "d");
	w.alias = name;
	w.singular = asked_spaced(a, name);
	w.plural = asked_plural(a, w.singular);
	if (w.label == NULL) {
		return;
	}
	*LIST_ADD(a, &q->whos) = w;
	add_cut_of(m, q, &w);
}

bool asked_settle(const struct design *design, const struct contract *contract,
		  const struct design_table *fact, struct arena *a, struct asked *q)
{
	const struct maker maker = { a, design, contract };
	const struct maker *m = &maker;

	*q = (struct asked){ .fact = fact, .counts = counts_of(m, fact->name) };
	if (q->counts == NULL || q->counts->rows == 0) {
		return false;
	}
	q->singular = asked_spaced(a, asked_bare(fact->name));
	q->plural = asked_plural(a, q->singular);
	q->alias = asked_id(a, asked_plural(a, asked_bare(fact->name)));
	q->measure = best_measure(fact, ADDITIVE_FULL);
	q->level = best_measure(fact, ADDITIVE_SEMI);
	choose_when(m, q);
	for (size_t i = 0; i < fact->columns.n; i++) {
		if (fact->columns.at[i].role == ROLE_DIMENSION_KEY) {
			add_who(m, q, &fact->columns.at[i]);
		}
	}
	add_own_cuts(m, q);
	return true;
}
