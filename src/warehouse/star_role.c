/*
 * Decides which source tables are facts, by structure first and names second: an event has a time,
 * something to add up, and foreign keys; what is pointed to and described by names is a dimension. The
 * scores and cues follow the rules measured in the literature (Moody and Kortink 2000; Song et al.
 * 2007); the evidence for each decision is kept for the design's reasons. No folder with an event or a
 * measure goes without a fact: the likeliest table then is one, and its evidence says so.
 */
#include <stdio.h>
#include <string.h>

#include "warehouse/star.h"

enum { ROWS_PER_PARENT = 10, COLUMNS_OF_ANOTHER = 3 };

static const char *const event_words[] = {
	"order",       "sale",       "payment",     "line",     "item",        "detail",
	"transaction", "log",        "event",       "visit",    "invoice",     "rental",
	"shipment",    "fact",       "observation", "history",  "result",      "cart",
	"basket",      "review",     "click",       "session",  "call",        "ticket",
	"booking",     "claim",      "reservation", "purchase", "return",      "refund",
	"transfer",    "trip",       "appointment", "delivery", "measurement", "reading",
	"response",    "enrollment", "message",     "posting",  NULL
};
static const char *const state_words[] = { "inventory", "stock", "snapshot", "balance", NULL };
static const char *const thing_words[] = {
	"dim",       "type",   "status",     "category", "lookup", "customer", "product",
	"employee",  "person", "people",     "staff",    "user",   "account",  "contact",
	"supplier",  "vendor", "store",      "shop",     "branch", "location", "country",
	"city",      "region", "department", "company",  "member", "address",  "warehouse",
	"publisher", "author", "patient",    NULL
};
static const char *const name_words[] = { "name",      "title",    "email",   "fname",    "lname",
					  "firstname", "lastname", "surname", "fullname", NULL };
/* Dates in the life of a thing, which every customer, article or shop has. */
static const char *const life_words[] = { "hire",      "hired",  "hiredate",      "birth",
					  "birthdate", "born",   "dob",           "founded",
					  "opened",    "joined", "created",       "create",
					  "signup",    "since",  "registered",    "release",
					  "released",  "launch", "published",     "pubdate",
					  "deceased",  "closed", "sellstartdate", NULL };

static void note(struct arena *a, struct star_table *t, int64_t points, const char *why)
{
	t->score += points;
	*LIST_ADD(a, &t->evidence) = arena_printf(a, "%s (%+lld)", why, (long long)points);
}

static bool is_life_date(struct arena *a, const struct column_profile *c)
{
	return star_is_date(c) && star_has_word(a, c->name, life_words);
}

/* When what the record tells of happened: not when the record or the thing came to be. */
static bool is_event_date(struct arena *a, const struct column_profile *c)
{
	return star_is_date(c) && !star_is_audit(c) && !is_life_date(a, c);
}

static size_t count_event_dates(struct arena *a, const struct star_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		n += is_event_date(a, &t->profile->columns.at[i]);
	}
	return n;
}

/* A moment, not a day. */
static bool has_event_time(struct arena *a, const struct star_table *t)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *c = &t->profile->columns.at[i];

		if (is_event_date(a, c) && star_type(c).kind != COLUMN_DATE) {
			return true;
		}
	}
	return false;
}

static size_t count_measures(const struct star_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		n += star_is_measure(t, &t->profile->columns.at[i]);
	}
	return n;
}

/* first_name, but not ship_name: the words together are a person's name, whatever stands beside them. */
static bool is_whole_name(struct arena *a, const char *name)
{
	char *joined = arena_strdup(a, name);
	size_t n = 0;

	for (const char *s = name; *s != '\0'; s++) {
		if (*s != '_') {
			joined[n++] = *s;
		}
	}
	joined[n] = '\0';
	return star_has_word(a, joined, name_words);
}

static bool begins_with_word(const char *name, const char *word)
{
	size_t size = strlen(word);

	return strncmp(name, word, size) == 0 && name[size] == '_';
}

static bool key_begins_with_word(struct arena *a, const struct star_table *t, const char *word)
{
	for (size_t i = 0; t->key != NULL && i < t->key->columns.n; i++) {
		if (begins_with_word(star_snake(a, t->key->columns.at[i]), word)) {
			return true;
		}
	}
	return false;
}

/*
 * ship_name beside ship_city and ship_country, customer_name in a flat export of orders: columns that share their first
 * word describe another thing inside the record, unless the table or its key is called by that word.
 */
static bool names_another(struct arena *a, const struct star_table *t, const texts *names,
			  const char *name)
{
	const char *word = arena_strndup(a, name, strcspn(name, "_"));
	size_t n = 0;

	if (strcmp(name, word) == 0 || is_whole_name(a, name) ||
	    star_has_word(a, t->entity, (const char *const[]){ word, NULL }) ||
	    key_begins_with_word(a, t, word)) {
		return false;
	}
	for (size_t i = 0; i < names->n && n < COLUMNS_OF_ANOTHER; i++) {
		n += begins_with_word(names->at[i], word);
	}
	return n == COLUMNS_OF_ANOTHER;
}

static bool has_name_column(struct arena *a, const struct star_table *t)
{
	texts names = { 0 };

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		*LIST_ADD(a, &names) = star_snake(a, t->profile->columns.at[i].name);
	}
	for (size_t i = 0; i < names.n; i++) {
		const struct column_profile *c = &t->profile->columns.at[i];

		if (star_type(c).kind == COLUMN_TEXT && !star_in_link(t, c->name) &&
		    !star_in_key(t, c->name) && star_has_word(a, names.at[i], name_words) &&
		    !names_another(a, t, &names, names.at[i])) {
			return true;
		}
	}
	return false;
}

static bool named_as_event(struct arena *a, const struct star_table *t)
{
	return star_has_word(a, t->profile->table, event_words) ||
		(star_has_word(a, t->profile->table, state_words) && count_measures(t) > 0);
}

/* Foreign keys to other tables. */
static size_t count_links(const struct star_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->out.n; i++) {
		n += t->out.at[i]->to != t;
	}
	return n;
}

static bool referred_to(const struct star_table *t)
{
	for (size_t i = 0; i < t->in.n; i++) {
		if (t->in.at[i]->from != t) {
			return true;
		}
	}
	return false;
}

/*
 * Do all tables that point here lack a time of their own, so that this one is their header? A bridge
 * from an event to its reasons has none either.
 */
static bool is_header(struct arena *a, const struct star_table *t)
{
	if (count_event_dates(a, t) == 0 && !(named_as_event(a, t) && count_links(t) > 0)) {
		return false;
	}
	for (size_t i = 0; i < t->in.n; i++) {
		const struct star_table *from = t->in.at[i]->from;

		if (from != t && count_event_dates(a, from) > 0) {
			return false;
		}
	}
	return true;
}

static bool many_rows_per_parent(const struct star_table *t)
{
	bool many = false;

	for (size_t i = 0; i < t->out.n; i++) {
		const struct star_table *to = t->out.at[i]->to;

		if (to != t && t->profile->rows < to->profile->rows * ROWS_PER_PARENT) {
			return false;
		}
		many |= to != t;
	}
	return many;
}

static void score(struct arena *a, struct star_table *t)
{
	size_t measures = count_measures(t);
	size_t links = count_links(t);

	if (has_event_time(a, t)) {
		note(a, t, 3, "has a time of its own");
	} else if (count_event_dates(a, t) > 0) {
		note(a, t, 2, "has a date of its own");
	}
	if (measures > 0) {
		note(a, t, measures > 1 ? 2 : 1, "has numbers that can be summed");
	}
	if (links > 0) {
		note(a, t, links > 1 ? 2 : 1, "refers to other tables");
	} else {
		note(a, t, -2, "refers to no other table");
	}
	if (many_rows_per_parent(t)) {
		note(a, t, 1, "has many rows for each that they refer to");
	}
	if (referred_to(t)) {
		bool header = is_header(a, t);

		note(a, t, header ? 0 : -2,
		     header ? "is the header of the tables that refer to it"
			    : "is referred to by other tables");
	}
	if (has_name_column(a, t)) {
		note(a, t, -2, "is described by names");
	}
	if (named_as_event(a, t)) {
		note(a, t, 2, "its name is that of an event");
	}
	if (star_has_word(a, t->profile->table, thing_words)) {
		note(a, t, named_as_event(a, t) ? 0 : -2, "its name is that of a thing");
	}
}

/* A line has no time, its header has. */
static bool has_event_parent(const struct star_table *t)
{
	for (size_t i = 0; i < t->out.n; i++) {
		if (t->out.at[i]->to != t && t->out.at[i]->to->score >= STAR_FACT_SCORE) {
			return true;
		}
	}
	return false;
}

/* Something says that the rows happened, not only that they hold numbers. */
static bool is_event(struct arena *a, const struct star_table *t)
{
	return count_event_dates(a, t) > 0 || named_as_event(a, t) || has_event_parent(t) ||
		star_is_snapshot(t) || (count_links(t) > 1 && count_measures(t) > 0);
}

/* ---- bridges ---- */

/* titleauthor: the table is named after the two that its key refers to. */
static bool named_after_both(struct arena *a, const struct star_table *t)
{
	const char *names[2] = { 0 };
	const char *own = star_snake(a, t->entity);
	char joined[2 * STAR_NAME_MAX + 4];
	size_t n = 0;

	for (size_t i = 0; t->key->columns.n == 2 && i < 2; i++) {
		const struct star_link *link = star_link_of(t, t->key->columns.at[i]);

		if (link != NULL) {
			names[n++] = link->to->entity;
		}
	}
	for (size_t order = 0; n == 2 && order < 2; order++) {
		const char *s = own;
		const char *wanted = joined;

		snprintf(joined, sizeof(joined), "%s%s", names[order], names[1 - order]);
		for (;;) { /* underscores aside */
			s += *s == '_';
			wanted += *wanted == '_';
			if (*s == '\0' || *s != *wanted) {
				break;
			}
			s++;
			wanted++;
		}
		if (*s == '\0' && *wanted == '\0') {
			return true;
		}
	}
	return false;
}

/* Part of a foreign key that is not the whole key: then it would extend one other table, and link none. */
static bool in_part_of_key(const struct star_table *t, const char *column)
{
	for (size_t i = 0; i < t->out.n; i++) {
		const texts *columns = &t->out.at[i]->inclusion->from_columns;
		bool has = false;

		for (size_t k = 0; k < columns->n; k++) {
			has |= strcmp(columns->at[k], column) == 0;
		}
		if (has && !overrides_same_columns(columns, &t->key->columns)) {
			return true;
		}
	}
	return false;
}

/*
 * The key consists of two or more foreign keys, and nothing stands beside them to be summed; or it is named
 * after the two things that it links, and what stands beside are shares and places.
 */
static bool is_bridge(struct arena *a, const struct star_table *t)
{
	if (t->key == NULL || t->key->columns.n < 2) {
		return false;
	}
	for (size_t i = 0; i < t->key->columns.n; i++) {
		if (!in_part_of_key(t, t->key->columns.at[i])) {
			return false;
		}
	}
	return count_measures(t) == 0 ||
		(count_event_dates(a, t) == 0 && !named_as_event(a, t) && named_after_both(a, t));
}

/* ---- the decision ---- */

static bool is_no_key(const struct star_table *t, const texts *columns)
{
	for (size_t i = 0; t->said != NULL && i < t->said->not_keys.n; i++) {
		if (overrides_same_columns(&t->said->not_keys.at[i].columns, columns)) {
			return true;
		}
	}
	return false;
}

static struct key_candidate *only_unique(const struct star_table *t)
{
	for (size_t i = 0; i < t->profile->keys.n; i++) {
		struct key_candidate *key = &t->profile->keys.at[i];

		if (key->columns.n == 1 && key->duplicates == 0 && !is_no_key(t, &key->columns)) {
			return key;
		}
	}
	return NULL;
}

/* ---- what bldr.json says ---- */

static const char *const prefixes[] = {
	[TABLE_DIMENSION] = "dim", [TABLE_FACT] = "fact", [TABLE_BRIDGE] = "bridge"
};

static bool is_said(const struct star_table *t)
{
	return t->said != NULL && t->said->role != NULL;
}

static int wrong_role(const struct star_table *t, const char *why, struct bldr_error *err)
{
	return bldr_error_set(err, BLDR_E_INVALID,
			      "\"" OVERRIDES_FILE "\": table \"%s\": role \"%s\": %s",
			      t->profile->table, t->said->role, why);
}

static int take_role(struct arena *a, struct star_table *t, struct bldr_error *err)
{
	const char *role = t->said->role;

	note(a, t, 0, arena_printf(a, "bldr.json says that it is a %s", role));
	if (strcmp(role, "fact") == 0) {
		t->kind = TABLE_FACT;
		return 0;
	}
	if (strcmp(role, "bridge") == 0) {
		t->kind = TABLE_BRIDGE;
		return count_links(t) >= 2
			? 0
			: wrong_role(t, "a bridge has foreign keys to two tables or more", err);
	}
	t->kind = TABLE_DIMENSION;
	t->key = t->key != NULL ? t->key : only_unique(t);
	return t->key != NULL ? 0
			      : wrong_role(t, "a dimension needs a key: name it (\"key\")", err);
}

/* ---- the decision by what was found ---- */

static void decide(struct arena *a, struct star_table *t)
{
	bool event = is_event(a, t);

	if (is_bridge(a, t)) {
		t->kind = TABLE_BRIDGE;
		note(a, t, 0,
		     count_measures(t) == 0
			     ? "its key is made of foreign keys and it has nothing of its own to sum"
			     : "it is named after the two things that its key refers to");
	} else if (t->key == NULL && !event && only_unique(t) != NULL) {
		t->kind = TABLE_DIMENSION;
		t->key = only_unique(t);
		note(a, t, 0,
		     arena_printf(a, "has no key by name; %s is unique and serves as one",
				  t->key->columns.at[0]));
	} else if (t->key == NULL) {
		t->kind = TABLE_FACT;
		note(a, t, 0, "has no key, so its grain is the record");
	} else if (t->score >= STAR_FACT_SCORE && !event) {
		t->kind = TABLE_DIMENSION;
		note(a, t, 0, "nothing says that its rows are events");
	} else {
		t->kind = t->score >= STAR_FACT_SCORE ? TABLE_FACT : TABLE_DIMENSION;
	}
}

/* ---- no star without a fact ---- */

/* A fact, were the folder to hold none: it has an event's time or something to sum. */
static bool may_be_fact(struct arena *a, const struct star_table *t)
{
	return t->profile->rows > 0 && (count_event_dates(a, t) > 0 || count_measures(t) > 0);
}

static void need_a_fact(struct star *s, struct arena *a)
{
	struct star_table *best = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct star_table *t = &s->tables[i];

		if (t->kind == TABLE_FACT) {
			return;
		}
		if (t->kind == TABLE_DIMENSION && !is_said(t) && may_be_fact(a, t) &&
		    (best == NULL || t->score > best->score ||
		     (t->score == best->score && t->profile->rows > best->profile->rows))) {
			best = t;
		}
	}
	if (best != NULL) {
		best->kind = TABLE_FACT;
		note(a, best, 0,
		     "no table of the folder is an event by its score, this one comes nearest");
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		note(a, &s->tables[i], 0,
		     "no fact: no table has the time of an event or a number to sum");
	}
}

int star_decide_roles(struct star *s, struct arena *a, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->n; i++) {
		score(a, &s->tables[i]);
	}
	for (size_t i = 0; i < s->n; i++) {
		struct star_table *t = &s->tables[i];

		if (count_event_dates(a, t) == 0 && has_event_parent(t)) {
			note(a, t, 1, "refers to a table of events");
		}
	}
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		struct star_table *t = &s->tables[i];

		if (is_said(t)) {
			rc = take_role(a, t, err);
		} else {
			decide(a, t);
		}
	}
	if (rc < 0) {
		return rc;
	}
	need_a_fact(s, a);
	for (size_t i = 0; i < s->n; i++) {
		struct star_table *t = &s->tables[i];

		t->target = arena_printf(a, "%s_%s", prefixes[t->kind], t->entity);
	}
	return 0;
}
