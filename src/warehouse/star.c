/*
 * Decides which source tables are facts, by structure first and names second: an event has a date,
 * something to add up, and foreign keys; what is pointed to and described by text is a dimension. The
 * scores and cues follow the rules measured in the literature (Moody and Kortink 2000; Song et al.
 * 2007); the evidence for each decision is kept for the design's reasons.
 */
#include "warehouse/star.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const event_words[] = { "order",    "sale",      "payment",     "line",
					   "item",     "detail",    "transaction", "log",
					   "event",    "visit",     "invoice",     "rental",
					   "shipment", "inventory", "observation", "fact",
					   "history",  "result",    NULL };
static const char *const entity_words[] = { "dim",      "type",    "status",   "category", "lookup",
					    "customer", "product", "employee", NULL };
static const char *const code_words[] = { "id",     "key",    "code",     "no",   "nr",
					  "number", "num",    "zip",      "year", "month",
					  "phone",  "postal", "sequence", "seq",  "line",
					  "rank",   "status", "level",    NULL };
static const char *const rate_words[] = { "price",    "rate",      "percent",     "pct",
					  "ratio",    "discount",  "avg",         "average",
					  "latitude", "longitude", "temperature", "score",
					  "min",      "max",       NULL };
static const char *const level_words[] = { "balance", "stock",     "inventory", "onhand",
					   "level",   "headcount", NULL };
static const char *const name_words[] = { "name", "title", "description", "email", "address", NULL };

const char *star_snake(struct arena *a, const char *name)
{
	size_t size = strlen(name);
	char *out = arena_alloc(a, size * 2 + 3);
	size_t n = 0;

	for (size_t i = 0; i < size && n < STAR_NAME_MAX; i++) {
		unsigned char c = (unsigned char)name[i];
		bool upper = isupper(c) != 0;
		bool after_lower = i > 0 &&
			(islower((unsigned char)name[i - 1]) != 0 ||
			 isdigit((unsigned char)name[i - 1]) != 0);
		bool before_lower = i > 0 && isupper((unsigned char)name[i - 1]) != 0 &&
			islower((unsigned char)name[i + 1]) != 0;

		if (isalnum(c) == 0) {
			c = '_';
		} else if (upper && (after_lower || before_lower)) {
			out[n++] = '_';
		}
		if (c == '_' && (n == 0 || out[n - 1] == '_')) {
			continue;
		}
		if (n == 0 && isdigit(c) != 0) {
			out[n++] = 'c';
		}
		out[n++] = (char)tolower(c);
	}
	while (n > 0 && out[n - 1] == '_') {
		n--;
	}
	out[n] = '\0';
	return n > 0 ? out : "column";
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s);
	size_t k = strlen(suffix);

	return n > k && strcmp(s + n - k, suffix) == 0;
}

/* English plurals, well enough for table names; what is not a plural stays. */
static const char *singular(struct arena *a, const char *s)
{
	static const char *const es[] = { "sses", "xes", "ches", "shes", "zes", NULL };
	size_t n = strlen(s);

	if (ends_with(s, "ies") && n > 4) {
		return arena_printf(a, "%.*sy", (int)(n - 3), s);
	}
	for (const char *const *suffix = es; *suffix != NULL; suffix++) {
		if (ends_with(s, *suffix)) {
			return arena_strndup(a, s, n - 2);
		}
	}
	if (ends_with(s, "s") && !ends_with(s, "ss") && !ends_with(s, "us") &&
	    !ends_with(s, "is") && !ends_with(s, "series") && n > 3) {
		return arena_strndup(a, s, n - 1);
	}
	return s;
}

/* Does one of the words stand in name between underscores (plural or not)? */
static bool has_word(struct arena *a, const char *name, const char *const *words)
{
	const char *s = star_snake(a, name);

	while (*s != '\0') {
		size_t size = strcspn(s, "_");
		const char *token = singular(a, arena_strndup(a, s, size));

		for (const char *const *w = words; *w != NULL; w++) {
			if (strcmp(token, *w) == 0) {
				return true;
			}
		}
		s += size;
		s += *s == '_';
	}
	return false;
}

/* An identifier whose name is written in one word: specialofferid, but not paid. */
static bool ends_in_id(struct arena *a, const char *name)
{
	static const char *const words[] = { "paid",  "unpaid", "prepaid", "overpaid",
					     "bid",   "grid",   "void",    "acid",
					     "fluid", "solid",  "rapid",   NULL };
	const char *s = star_snake(a, name);
	const char *last = strrchr(s, '_') != NULL ? strrchr(s, '_') + 1 : s;

	for (const char *const *w = words; *w != NULL; w++) {
		if (strcmp(last, *w) == 0) {
			return false;
		}
	}
	return ends_with(last, "id");
}

const struct column_profile *star_column(const struct star_table *t, const char *name)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		if (strcmp(t->profile->columns.at[i].name, name) == 0) {
			return &t->profile->columns.at[i];
		}
	}
	return NULL;
}

struct column_type star_type(const struct column_profile *c)
{
	struct column_type type = { .kind = COLUMN_TEXT };

	(void)column_type_parse(c->type, &type);
	return type;
}

bool star_is_date(const struct column_profile *c)
{
	enum column_kind kind = star_type(c).kind;

	return kind == COLUMN_DATE || kind == COLUMN_TIMESTAMP || kind == COLUMN_TIMESTAMP_NTZ;
}

struct star_link *star_link_of(const struct star_table *t, const char *column)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const struct inclusion *inclusion = t->out.at[i]->inclusion;

		if (inclusion->from_columns.n == 1 &&
		    strcmp(inclusion->from_columns.at[0], column) == 0) {
			return t->out.at[i];
		}
	}
	return NULL;
}

static bool in_link(const struct star_table *t, const char *column)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const texts *columns = &t->out.at[i]->inclusion->from_columns;

		for (size_t k = 0; k < columns->n; k++) {
			if (strcmp(columns->at[k], column) == 0) {
				return true;
			}
		}
	}
	return false;
}

bool star_in_key(const struct star_table *t, const char *column)
{
	for (size_t i = 0; t->key != NULL && i < t->key->columns.n; i++) {
		if (strcmp(t->key->columns.at[i], column) == 0) {
			return true;
		}
	}
	return false;
}

bool star_is_audit(const struct column_profile *c)
{
	static const char *const words[] = { "updated", "update",    "modified",   "modify",
					     "changed", "change",    "version",    "modifieddate",
					     "revised", "updatedat", "lastupdate", NULL };
	struct arena scratch = { 0 };
	bool audit = star_is_date(c) && has_word(&scratch, c->name, words);

	arena_release(&scratch);
	return audit;
}

const char *star_version_column(const struct star_table *t)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *c = &t->profile->columns.at[i];

		if (star_is_audit(c) && !star_in_key(t, c->name)) {
			return c->name;
		}
	}
	return NULL;
}

bool star_is_measure(const struct star_table *t, const struct column_profile *c)
{
	enum column_kind kind = star_type(c).kind;
	struct arena scratch = { 0 };
	bool measure = (kind == COLUMN_INT64 || kind == COLUMN_DECIMAL) &&
		!star_in_key(t, c->name) && !in_link(t, c->name) &&
		!has_word(&scratch, c->name, code_words) && !ends_in_id(&scratch, c->name);

	arena_release(&scratch);
	return measure;
}

enum additivity star_additivity(const struct column_profile *c)
{
	struct arena scratch = { 0 };
	enum additivity result = ADDITIVE_FULL;

	if (has_word(&scratch, c->name, rate_words)) {
		result = ADDITIVE_NONE;
	} else if (has_word(&scratch, c->name, level_words)) {
		result = ADDITIVE_SEMI;
	}
	arena_release(&scratch);
	return result;
}

/* The length of "raw_" when every table (of two or more) begins with it, or of a well-known prefix. */
static size_t shared_prefix(const struct profile *profile)
{
	static const char *const known[] = { "raw_", "stg_", "src_", "tbl_" };
	const char *first = profile->tables.n > 0 ? profile->tables.at[0].table : "";
	size_t size = strcspn(first, "_") + 1;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(first, known[i], strlen(known[i])) == 0) {
			size = strlen(known[i]);
		}
	}
	if (size >= strlen(first) || (profile->tables.n < 2 && size != 4)) {
		return 0;
	}
	for (size_t i = 1; i < profile->tables.n; i++) {
		const char *table = profile->tables.at[i].table;

		if (strncmp(table, first, size) != 0 || table[size] == '\0') {
			return 0;
		}
	}
	return size;
}

static struct star_table *find_table(struct star *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->tables[i].profile->table, name) == 0) {
			return &s->tables[i];
		}
	}
	return NULL;
}

static void add_links(const struct profile *profile, struct arena *a, struct star *s)
{
	for (size_t i = 0; i < profile->inclusions.n; i++) {
		const struct inclusion *inclusion = &profile->inclusions.at[i];
		struct star_table *from = find_table(s, inclusion->from_table);
		struct star_table *to = find_table(s, inclusion->to_table);

		if (inclusion->chosen && from != NULL && to != NULL) {
			*LIST_ADD(a, &s->links) = (struct star_link){ inclusion, from, to };
		}
	}
	for (size_t i = 0; i < s->links.n; i++) { /* the list no longer moves */
		struct star_link *link = &s->links.at[i];

		/* NOLINTBEGIN(bugprone-sizeof-expression): lists of pointers */
		*LIST_ADD(a, &link->from->out) = link;
		*LIST_ADD(a, &link->to->in) = link;
		/* NOLINTEND(bugprone-sizeof-expression) */
	}
}

static void note(struct arena *a, struct star_table *t, int64_t points, const char *why)
{
	t->score += points;
	*LIST_ADD(a, &t->evidence) = arena_printf(a, "%s (%+lld)", why, (long long)points);
}

static size_t count_dates(const struct star_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		n += star_is_date(&t->profile->columns.at[i]);
	}
	return n;
}

static size_t count_measures(const struct star_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		n += star_is_measure(t, &t->profile->columns.at[i]);
	}
	return n;
}

static bool has_name_column(struct arena *a, const struct star_table *t)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *c = &t->profile->columns.at[i];

		if (star_type(c).kind == COLUMN_TEXT && has_word(a, c->name, name_words)) {
			return true;
		}
	}
	return false;
}

/* Do all tables that point here lack a date of their own, so that this one is their header? */
static bool is_header(const struct star_table *t)
{
	if (t->in.n == 0 || count_dates(t) == 0) {
		return false;
	}
	for (size_t i = 0; i < t->in.n; i++) {
		if (t->in.at[i]->from != t && count_dates(t->in.at[i]->from) > 0) {
			return false;
		}
	}
	return true;
}

static bool has_dated_parent(const struct star_table *t)
{
	for (size_t i = 0; i < t->out.n; i++) {
		if (t->out.at[i]->to != t && count_dates(t->out.at[i]->to) > 0) {
			return true;
		}
	}
	return false;
}

static void score(struct arena *a, struct star_table *t)
{
	size_t dates = count_dates(t);
	size_t measures = count_measures(t);

	if (dates > 0) {
		note(a, t, 2, "has a date of its own");
	} else if (has_dated_parent(t)) {
		note(a, t, 1, "refers to a table with a date");
	}
	if (measures > 0) {
		note(a, t, measures > 1 ? 2 : 1, "has numbers that can be summed");
	}
	if (t->out.n > 0) {
		note(a, t, t->out.n > 1 ? 2 : 1, "refers to other tables");
	}
	if (is_header(t)) {
		note(a, t, 0, "is the dated header of the tables that refer to it");
	} else if (t->in.n > 0) {
		note(a, t, -2, "is referred to by other tables");
	}
	if (has_name_column(a, t)) {
		note(a, t, -2, "is described by names");
	}
	if (has_word(a, t->profile->table, event_words)) {
		note(a, t, 1, "its name is that of an event");
	}
	if (has_word(a, t->profile->table, entity_words)) {
		note(a, t, -1, "its name is that of a thing");
	}
}

/* The key consists of two or more foreign keys and nothing else stands beside them to be summed. */
static bool is_bridge(const struct star_table *t)
{
	if (t->key == NULL || t->key->columns.n < 2 || count_measures(t) > 0) {
		return false;
	}
	for (size_t i = 0; i < t->key->columns.n; i++) {
		if (!in_link(t, t->key->columns.at[i])) {
			return false;
		}
	}
	return true;
}

static void decide(struct arena *a, struct star_table *t)
{
	const char *prefix;

	if (is_bridge(t)) {
		t->kind = TABLE_BRIDGE;
		note(a, t, 0, "its key is made of foreign keys and it has nothing to sum");
	} else if (t->key == NULL) {
		t->kind = TABLE_FACT;
		note(a, t, 0, "has no key, so its grain is the record");
	} else {
		t->kind = t->score >= STAR_FACT_SCORE ? TABLE_FACT : TABLE_DIMENSION;
	}
	if (t->evidence.n == 0) {
		note(a, t, 0, "has a key and nothing that speaks for an event");
	}
	prefix = t->kind == TABLE_DIMENSION ? "dim" : t->kind == TABLE_FACT ? "fact" : "bridge";
	t->target = arena_printf(a, "%s_%s", prefix, t->entity);
}

/* Sources and targets share one space of names; the target will be the prefix of its kind and the entity. */
static bool entity_taken(const struct star *s, size_t n, const char *entity)
{
	static const char *const prefixes[] = { "dim_", "fact_", "bridge_" };

	for (size_t i = 0; i < n; i++) {
		if (strcmp(s->tables[i].entity, entity) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < s->n; i++) {
		const char *source = s->profile->tables.at[i].table;

		for (size_t k = 0; k < sizeof(prefixes) / sizeof(prefixes[0]); k++) {
			size_t size = strlen(prefixes[k]);

			if (strncmp(source, prefixes[k], size) == 0 &&
			    strcmp(source + size, entity) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* customer, or customers when another table is customer, or customers_2 ... */
static const char *entity_name(const struct star *s, size_t n, const char *table, struct arena *a)
{
	const char *plain = star_snake(a, table);
	const char *name = singular(a, plain);

	if (entity_taken(s, n, name)) {
		name = plain;
	}
	for (int i = 2; entity_taken(s, n, name); i++) {
		name = arena_printf(a, "%s_%d", plain, i);
	}
	return name;
}

void star_build(const struct profile *profile, struct arena *a, struct star *ret)
{
	size_t prefix = shared_prefix(profile);

	*ret = (struct star){
		.profile = profile,
		.tables = ARENA_ARRAY(a, struct star_table, profile->tables.n),
		.n = profile->tables.n,
	};
	for (size_t i = 0; i < ret->n; i++) {
		struct star_table *t = &ret->tables[i];

		t->profile = &profile->tables.at[i];
		t->entity = entity_name(ret, i, t->profile->table + prefix, a);
		for (size_t k = 0; k < t->profile->keys.n; k++) {
			if (t->profile->keys.at[k].chosen) {
				t->key = &t->profile->keys.at[k];
			}
		}
	}
	add_links(profile, a, ret);
	for (size_t i = 0; i < ret->n; i++) {
		score(a, &ret->tables[i]);
		decide(a, &ret->tables[i]);
	}
}
