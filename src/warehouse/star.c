/*
 * What the names and types of columns say, and the model: tables, their links, names in the target's style,
 * and which tables have one of their own there.
 */
#include "warehouse/star.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/decimal.h"

/* What numbers things, wherever the word stands, or as the last word: line_no but not line_total. */
static const char *const code_words[] = { "id",     "key",      "zip", "phone",
					  "postal", "sequence", "seq", NULL };
static const char *const last_code_words[] = { "code", "no",     "nr",    "number", "num",
					       "year", "month",  "day",   "line",   "rank",
					       "lvl",  "status", "level", "ord",    NULL };
static const char *const rate_words[] = { "price",    "rate",      "percent",     "pct",
					  "ratio",    "discount",  "avg",         "average",
					  "latitude", "longitude", "temperature", "score",
					  "min",      "max",       "rating",      "age",
					  "lat",      "lng",       "lon",         NULL };
static const char *const level_words[] = { "balance",  "stock",     "inventory", "onhand",
					   "snapshot", "headcount", NULL };

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

	if (strcmp(s, "people") == 0) {
		return "person";
	}
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

bool star_has_word(struct arena *a, const char *name, const char *const *words)
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

static const char *last_word(struct arena *a, const char *name)
{
	const char *s = star_snake(a, name);

	return strrchr(s, '_') != NULL ? strrchr(s, '_') + 1 : s;
}

/* An identifier whose name is written in one word: specialofferid, but not paid. */
static bool ends_in_id(struct arena *a, const char *name)
{
	static const char *const words[] = { "paid",  "unpaid", "prepaid", "overpaid",
					     "bid",   "grid",   "void",    "acid",
					     "fluid", "solid",  "rapid",   NULL };
	const char *last = last_word(a, name);

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

/* The child's column for one that it refers to, or NULL. */
static const char *own_column(const struct star_link *link, const char *column)
{
	for (size_t i = 0; i < link->inclusion->to_columns.n; i++) {
		if (strcmp(link->inclusion->to_columns.at[i], column) == 0) {
			return link->inclusion->from_columns.at[i];
		}
	}
	return NULL;
}

bool star_is_held(const struct star_link *link, const char *column)
{
	return own_column(link, column) != NULL;
}

/* own, of way's table, and next refer to the same columns, with the same values. */
static bool same_values(const struct star_link *way, const struct star_link *next,
			const struct star_link *own)
{
	const struct inclusion *in = own->inclusion;

	if (own->to != next->to || in->to_columns.n != next->inclusion->to_columns.n) {
		return false;
	}
	for (size_t i = 0; i < in->to_columns.n; i++) {
		const char *through = own_column(next, in->to_columns.at[i]);
		const char *column = through != NULL ? own_column(way, through) : NULL;

		if (column == NULL || strcmp(column, in->from_columns.at[i]) != 0) {
			return false;
		}
	}
	return true;
}

bool star_leads_again(const struct star_link *way, const struct star_link *next)
{
	for (size_t i = 0; i < way->from->out.n; i++) {
		if (way->from->out.at[i] != way && same_values(way, next, way->from->out.at[i])) {
			return true;
		}
	}
	return false;
}

bool star_in_link(const struct star_table *t, const char *column)
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
	bool audit = star_is_date(c) && star_has_word(&scratch, c->name, words);

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

/* enum override_measure */
static int said_measure(const struct star_table *t, const struct column_profile *c)
{
	const struct column_override *said = overrides_column(t->said, c->name);

	return said != NULL ? said->measure : MEASURE_UNSAID;
}

bool star_is_measure(const struct star_table *t, const struct column_profile *c)
{
	enum column_kind kind = star_type(c).kind;
	struct arena scratch = { 0 };
	bool number = (kind == COLUMN_INT64 || kind == COLUMN_DECIMAL) &&
		!star_in_key(t, c->name) && !star_in_link(t, c->name);
	bool measure;

	if (said_measure(t, c) != MEASURE_UNSAID) {
		return number && said_measure(t, c) != MEASURE_NO;
	}
	measure = number && !star_has_word(&scratch, c->name, code_words) &&
		!star_has_word(&scratch, last_word(&scratch, c->name), last_code_words) &&
		!ends_in_id(&scratch, c->name);

	arena_release(&scratch);
	return measure;
}

bool star_is_snapshot(const struct star_table *t)
{
	struct arena scratch = { 0 };
	bool snapshot = t->out.n > 0 && star_has_word(&scratch, t->profile->table, level_words);

	for (size_t i = 0;
	     !snapshot && t->key != NULL && t->key->columns.n > 1 && i < t->profile->columns.n;
	     i++) { /* on_hand of each shop and product */
		const struct column_profile *c = &t->profile->columns.at[i];

		snapshot = star_is_measure(t, c) && star_has_word(&scratch, c->name, level_words);
	}
	arena_release(&scratch);
	return snapshot;
}

/* A discount of more than 100 is no share. */
static bool beyond_percent(const struct column_profile *c)
{
	struct decimal max, hundred = { .units = 100 };

	return c->max != NULL && decimal_parse(c->max, strlen(c->max), &max) &&
		decimal_compare(max, hundred) > 0;
}

enum additivity star_additivity(const struct star_table *t, const struct column_profile *c)
{
	static const char *const discount[] = { "discount", NULL };
	struct arena scratch = { 0 };
	enum additivity result = ADDITIVE_FULL;
	bool rate = strncmp(star_snake(&scratch, c->name), "unit_", 5) == 0 ||
		(c->number != NULL && c->number->percent) ||
		star_has_word(&scratch, c->name, rate_words);

	bool state = star_has_word(&scratch, c->name, level_words);
	bool snapshot;

	if (said_measure(t, c) != MEASURE_UNSAID) {
		arena_release(&scratch);
		return said_measure(t, c) == MEASURE_SEMI ? ADDITIVE_SEMI : ADDITIVE_FULL;
	}
	snapshot = star_is_snapshot(t);

	rate = rate && !(star_has_word(&scratch, c->name, discount) && beyond_percent(c));
	if (rate || (state && !snapshot)) { /* a state told with an event: the balance after it */
		result = ADDITIVE_NONE;
	} else if (snapshot) {
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

/* Sources and targets share one space of names; the target will be the prefix of its kind and the entity. */
static bool entity_taken(const struct star *s, size_t n, const char *entity)
{
	static const char *const prefixes[] = { "dim_", "fact_", "bridge_" };

	for (size_t i = 0; i < n; i++) {
		if (strcmp(s->tables[i].entity, entity) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < s->profile->tables.n; i++) {
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

/* ---- which dimensions have a table of their own ---- */

static bool leads_to(const struct star_table *from, const struct star_table *to, size_t hops)
{
	if (from == to) {
		return true;
	}
	for (size_t i = 0; hops > 0 && i < from->out.n; i++) {
		const struct star_link *link = from->out.at[i];

		if (!link->back && link->to->kind == TABLE_DIMENSION && link->to != from &&
		    leads_to(link->to, to, hops - 1)) {
			return true;
		}
	}
	return false;
}

/*
 * A link between dimensions that closes a circle (a department's manager, who is of a department) goes back, the
 * one with the lower score. Links are few, circles fewer.
 */
static void find_back_links(struct star *s)
{
	for (size_t i = 0; i < s->links.n; i++) {
		struct star_link *link = &s->links.at[i];

		link->back = link->from == link->to;
	}
	for (size_t i = 0; i < s->links.n; i++) {
		struct star_link *link = &s->links.at[i];
		struct star_link *worst = NULL;

		if (link->back || link->from->kind != TABLE_DIMENSION ||
		    link->to->kind != TABLE_DIMENSION || !leads_to(link->to, link->from, s->n)) {
			continue;
		}
		for (size_t k = 0; k < s->links.n; k++) {
			struct star_link *other = &s->links.at[k];

			if (!other->back && other->from->kind == TABLE_DIMENSION &&
			    other->to->kind == TABLE_DIMENSION &&
			    leads_to(link->to, other->from, s->n) &&
			    leads_to(other->to, link->from, s->n) &&
			    (worst == NULL ||
			     strcmp(other->inclusion->score, worst->inclusion->score) < 0)) {
				worst = other;
			}
		}
		ASSERT(worst != NULL); /* the link itself is on the circle */
		worst->back = true;
	}
}

static void reach(struct star_table *t, size_t hops)
{
	t->reached = true;
	for (size_t i = 0; hops > 0 && i < t->out.n; i++) {
		struct star_link *link = t->out.at[i];

		if (!link->back && link->to->kind == TABLE_DIMENSION) {
			reach(link->to, hops - 1);
		}
	}
}

/* Some fact or bridge refers to it, or nothing else does. */
static bool stands_by_links(const struct star_table *t)
{
	bool referred = false;

	for (size_t i = 0; i < t->in.n; i++) {
		if (t->in.at[i]->from->kind != TABLE_DIMENSION) {
			return true;
		}
		referred |= t->in.at[i]->from != t;
	}
	return !referred;
}

/*
 * Facts and bridges stand, and the dimensions they refer to; what these refer to in turn is flattened into
 * them. A table with a dedup rule stands, since its table in the star is where the rule is told; and
 * so does what would be reached by none.
 */
static void find_standing(struct star *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct star_table *t = &s->tables[i];

		t->stands = t->kind != TABLE_DIMENSION || stands_by_links(t) ||
			(t->key != NULL && t->key->duplicates > 0);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->tables[i].stands && s->tables[i].kind == TABLE_DIMENSION) {
			reach(&s->tables[i], STAR_HOPS_MAX);
		}
	}
	for (size_t i = 0; i < s->n; i++) {
		if (!s->tables[i].stands && !s->tables[i].reached) {
			s->tables[i].stands = true;
			reach(&s->tables[i], STAR_HOPS_MAX);
		}
	}
}

/* A fact has the day of each date and the key of that day. */
bool star_is_wide(const struct table_profile *t)
{
	size_t n = t->columns.n + STAR_COLUMNS_MADE;

	for (size_t i = 0; i < t->columns.n; i++) {
		n += star_is_date(&t->columns.at[i]);
	}
	return n > STAR_COLUMNS_MAX;
}

/* bldr.json says that the table is left out. */
static bool is_left_out(const struct table_override *said)
{
	return said != NULL && said->role != NULL && strcmp(said->role, "unused") == 0;
}

/* What is said to be a measure must be a number that is no key. */
static int check_measures(const struct star *s, struct bldr_error *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct star_table *t = &s->tables[i];

		for (size_t k = 0; k < t->profile->columns.n; k++) {
			const struct column_profile *c = &t->profile->columns.at[k];
			int said = said_measure(t, c);

			if ((said == MEASURE_ADDITIVE || said == MEASURE_SEMI) &&
			    !star_is_measure(t, c)) {
				return bldr_error_set(
					err, BLDR_E_INVALID,
					"\"" OVERRIDES_FILE "\": table \"%s\": column "
					"\"%s\": measure: it is %s%s",
					t->profile->table, c->name, c->type,
					star_in_key(t, c->name) || star_in_link(t, c->name)
						? ", part of a key"
						: ", nothing to sum");
			}
		}
	}
	return 0;
}

int star_build(const struct profile *profile, const struct overrides *said, struct arena *a,
	       struct star *ret, struct bldr_error *err)
{
	size_t prefix = shared_prefix(profile);
	int rc;

	*ret = (struct star){
		.profile = profile,
		.tables = ARENA_ARRAY(a, struct star_table, profile->tables.n),
	};
	for (size_t i = 0; i < profile->tables.n; i++) {
		const struct table_profile *p = &profile->tables.at[i];
		struct star_table *t = &ret->tables[ret->n];

		t->said = overrides_table(said, p->table);
		if (star_is_wide(p) || is_left_out(t->said)) {
			/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
			*LIST_ADD(a, &ret->out) = p;
			continue;
		}
		t->profile = p;
		t->entity = entity_name(ret, ret->n, p->table + prefix, a);
		for (size_t k = 0; k < p->keys.n; k++) {
			if (p->keys.at[k].chosen) {
				t->key = &p->keys.at[k];
			}
		}
		ret->n++;
	}
	add_links(profile, a, ret);
	rc = check_measures(ret, err);
	rc = rc == 0 ? star_decide_roles(ret, a, err) : rc;
	if (rc < 0) {
		return rc;
	}
	find_back_links(ret);
	find_standing(ret);
	star_find_calendar(ret, a);
	return 0;
}
