/*
 * The reducers. Folding is split in two so that a superstep folds whole or not at all: cell_check
 * finds everything that can go wrong, what comes after it cannot fail. A single write is not copied:
 * its text is the record and, where nothing was there before, its value is the channel's.
 */
#include "graph/channel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/digits.h"
#include "graph/messages.h"

static int of_type(const struct channel *c, const struct bldr_value *value, enum bldr_type wanted,
		   const char *does, struct bldr_error *err)
{
	static const char *const types[] = { "null",   "a boolean", "an integer", "a real number",
					     "a text", "a list",    "an object" };
	enum bldr_type type = bldr_type_of(value);
	if (type == wanted) {
		return 0;
	}
	return bldr_error_set(err, BLDR_E_INVALID, "channel \"%s\" %s and was given %s", c->name,
			      does, types[type]);
}

/* The place of a name among those that a barrier waits for, or GRAPH_NONE. */
static size_t name_of(const struct channel *c, const struct bldr_value *value)
{
	const char *name = bldr_as_text(value);
	for (size_t i = 0; name != NULL && i < c->n_names; i++) {
		if (strcmp(c->names[i], name) == 0) {
			return i;
		}
	}
	return GRAPH_NONE;
}

static int accept_name(const struct channel *c, const struct bldr_value *value,
		       struct bldr_error *err)
{
	if (name_of(c, value) != GRAPH_NONE) {
		return 0;
	}
	const char *name = bldr_as_text(value);
	return bldr_error_set(err, BLDR_E_INVALID,
			      "channel \"%s\" does not wait for \"%s\", which is none of its names",
			      c->name, name != NULL ? name : "");
}

int channel_accepts(const struct channel *c, const struct bldr_value *value, struct bldr_error *err)
{
	switch (c->reducer) {
	case BLDR_MERGE:
		return of_type(c, value, BLDR_OBJECT, "merges objects", err);
	case BLDR_ADD:
		return of_type(c, value, BLDR_INT, "adds integers", err);
	case BLDR_MESSAGES:
		return messages_accept(c, value, err);
	case BLDR_BARRIER:
		return accept_name(c, value, err);
	case BLDR_LAST:
	case BLDR_APPEND:
	case BLDR_EPHEMERAL:
	case BLDR_CUSTOM:
		break;
	}
	return 0;
}

static int hold_names(const struct channel *c, const struct bldr_value *value,
		      struct bldr_error *err)
{
	int rc = of_type(c, value, BLDR_LIST, "holds a list of names", err);
	for (size_t i = 0; i < bldr_count(value) && rc == 0; i++) {
		rc = accept_name(c, bldr_at(value, i), err);
	}
	return rc;
}

int channel_holds(const struct channel *c, const struct bldr_value *value, struct bldr_error *err)
{
	switch (c->reducer) {
	case BLDR_APPEND:
		return of_type(c, value, BLDR_LIST, "holds a list", err);
	case BLDR_MERGE:
		return of_type(c, value, BLDR_OBJECT, "holds an object", err);
	case BLDR_ADD:
		return of_type(c, value, BLDR_INT, "holds an integer", err);
	case BLDR_BARRIER:
		return hold_names(c, value, err);
	case BLDR_MESSAGES:
		return messages_hold(value)
			? 0
			: bldr_error_set(err, BLDR_E_INVALID,
					 "channel \"%s\" holds a list of messages with ids",
					 c->name);
	case BLDR_LAST:
	case BLDR_EPHEMERAL:
	case BLDR_CUSTOM:
		break;
	}
	return 0;
}

bool channel_adds(const struct channel *c, const struct bldr_value *value)
{
	bool list = bldr_type_of(value) == BLDR_LIST;
	switch (c->reducer) {
	case BLDR_MESSAGES:
		return list && messages_accept(c, value, NULL) == 0;
	case BLDR_APPEND:
	case BLDR_MERGE:
	case BLDR_ADD:
	case BLDR_BARRIER:
		return channel_holds(c, value, NULL) == 0;
	case BLDR_LAST:
	case BLDR_EPHEMERAL:
	case BLDR_CUSTOM:
		break;
	}
	return false;
}

struct bldr_value *channel_given(const struct channel *c, struct bldr_value *value,
				 struct mint *mint)
{
	return c->reducer == BLDR_MESSAGES ? messages_given(value, mint) : value;
}

static bool is_complete(const struct channel *c, const struct bldr_value *value)
{
	return value != NULL && bldr_count(value) == c->n_names;
}

struct bldr_value *channel_shows(const struct channel *c, const struct bldr_value *value)
{
	if (value == NULL || c->hidden) {
		return NULL;
	}
	if (c->reducer == BLDR_BARRIER) {
		return is_complete(c, value) ? bldr_bool(true) : NULL;
	}
	return bldr_ref(value);
}

bool cell_passes(const struct channel *c, const struct cell *cell)
{
	return c->reducer == BLDR_EPHEMERAL
		? cell->value != NULL
		: c->reducer == BLDR_BARRIER && is_complete(c, cell->value);
}

void cell_queue(struct cell *cell, struct write *w)
{
	w->next = NULL;
	if (cell->first == NULL) {
		cell->first = w;
	} else {
		cell->last->next = w;
	}
	cell->last = w;
}

void cell_unqueue(struct cell *cell)
{
	cell->first = NULL;
	cell->last = NULL;
	if (cell->made.value != NULL) {
		kept_release(&cell->made);
	}
}

/* Holds the value of one write. */
static bool holds_one(const struct channel *c)
{
	return c->reducer == BLDR_LAST || c->reducer == BLDR_EPHEMERAL;
}

static int check_fold(const struct channel *c, struct cell *cell, struct bldr_error *err);

static int check_last(const struct channel *c, const struct cell *cell, struct bldr_error *err)
{
	const struct write *a = cell->first;
	const struct write *b = a->next;
	if (b == NULL) {
		return 0;
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "channel \"%s\" is %s and was written twice in one superstep, by "
			      "node \"%s\" and by node \"%s\": give it a reducer",
			      c->name, reducer_name(c->reducer), a->node, b->node);
}

static int check_add(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	cell->sum = bldr_as_int(cell->value, 0);
	cell->sum_delta = 0;
	cell->has_delta = true;
	for (const struct write *w = cell->first; w != NULL; w = w->next) {
		int64_t number = bldr_as_int(w->kept.value, 0);
		int64_t before = cell->sum;
		if (__builtin_add_overflow(before, number, &cell->sum)) {
			return bldr_error_set(err, BLDR_E_LIMIT,
					      "channel \"%s\" overflows: node \"%s\" adds %" PRId64
					      " to %" PRId64,
					      c->name, w->node, number, before);
		}
		if (__builtin_add_overflow(cell->sum_delta, number, &cell->sum_delta)) {
			cell->has_delta = false; /* the sum fits, what was added does not */
		}
	}
	return 0;
}

/* A value whose text is too large could not be read again. */
static int check_size(const struct channel *c, const struct cell *cell, struct bldr_error *err)
{
	size_t bytes = holds_one(c) ? 0 : cell->bytes;
	for (const struct write *w = cell->first; w != NULL; w = w->next) {
		bytes += w->kept.size + 2;
		if (bytes > BLDR_VALUE_TEXT_MAX) {
			return bldr_error_set(
				err, BLDR_E_LIMIT,
				"channel \"%s\" is larger than %zu bytes after a write "
				"of node \"%s\": keep files, hand on their references",
				c->name, BLDR_VALUE_TEXT_MAX, w->node);
		}
	}
	return 0;
}

/* Takes what a CUSTOM channel's function makes of each write in turn. */
static int make_custom(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	struct bldr_value *value = bldr_ref(cell->value);
	for (const struct write *w = cell->first; w != NULL; w = w->next) {
		struct bldr_error why = { .code = BLDR_E_FAILED };
		struct bldr_value *next = c->reduce(value, w->kept.value, &why);
		bldr_unref(value);
		if (next == NULL) {
			return bldr_error_set(
				err, why.code < 0 ? why.code : BLDR_E_FAILED,
				"channel \"%s\" cannot take what node \"%s\" writes: %s", c->name,
				w->node, why.text);
		}
		value = next;
	}
	int rc = kept_make(&cell->made, value, err);
	if (rc < 0) {
		bldr_error_prefix(err, "what channel \"%s\" makes", c->name);
	}
	return rc;
}

static int make_messages(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	return messages_fold(c, cell->value, cell->first, &cell->made.value, err);
}

/* The write that replaces the value, or NULL. Errors: INVALID (two of them). */
static int replacing(const struct channel *c, const struct cell *cell, struct write **ret,
		     struct bldr_error *err)
{
	*ret = NULL;
	for (struct write *w = cell->first; w != NULL; w = w->next) {
		if (w->replaces && *ret != NULL) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"channel \"%s\" is replaced twice in one superstep, by "
				"node \"%s\" and by node \"%s\"",
				c->name, (*ret)->node, w->node);
		}
		*ret = w->replaces ? w : *ret;
	}
	return 0;
}

/* What comes behind the write that replaces is folded onto it. */
static int make_replaced(const struct channel *c, struct cell *cell, struct write *by,
			 struct bldr_error *err)
{
	struct cell after = { .value = bldr_ref(by->kept.value), .bytes = by->kept.size };
	after.first = by->next;
	after.last = by->next != NULL ? cell->last : NULL;
	if (c->reducer == BLDR_MESSAGES) { /* one id may stand in it twice */
		bldr_unref(after.value);
		after = (struct cell){ .first = by, .last = cell->last };
	}
	struct bldr_value *value = NULL;
	int rc = after.first != NULL ? check_fold(c, &after, err) : 0;
	if (rc == 0) {
		value = after.first != NULL ? cell_folded(c, &after) : bldr_ref(after.value);
		rc = kept_make(&cell->made, value, err);
	}
	cell_unqueue(&after);
	bldr_unref(after.value);
	return rc;
}

static int check_fold(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	int rc = c->reducer != BLDR_ADD ? check_size(c, cell, err) : 0;
	if (rc < 0) {
		return rc;
	}
	switch (c->reducer) {
	case BLDR_LAST:
	case BLDR_EPHEMERAL:
		return check_last(c, cell, err);
	case BLDR_ADD:
		return check_add(c, cell, err);
	case BLDR_MESSAGES:
		return make_messages(c, cell, err);
	case BLDR_CUSTOM:
		return make_custom(c, cell, err);
	case BLDR_APPEND:
	case BLDR_MERGE:
	case BLDR_BARRIER:
		break;
	}
	return 0;
}

int cell_check(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	struct write *by;
	int rc = replacing(c, cell, &by, err);
	if (rc < 0) {
		return rc;
	}
	if (by == NULL) {
		return check_fold(c, cell, err);
	}
	rc = holds_one(c) ? check_last(c, cell, err) : 0;
	return rc == 0 ? make_replaced(c, cell, by, err) : rc;
}

static void add_items(struct bldr_value *list, const struct bldr_value *given)
{
	if (bldr_type_of(given) != BLDR_LIST) {
		bldr_list_add(list, bldr_ref(given));
		return;
	}
	for (size_t i = 0; i < bldr_count(given); i++) {
		bldr_list_add(list, bldr_ref(bldr_at(given, i)));
	}
}

/* Takes value, which may be NULL. */
static struct bldr_value *appended(struct bldr_value *value, const struct write *writes)
{
	if (value == NULL && writes->next == NULL && bldr_type_of(writes->kept.value) == BLDR_LIST) {
		return bldr_ref(writes->kept.value);
	}
	struct bldr_value *list = value != NULL ? bldr_own(value) : bldr_list();
	for (const struct write *w = writes; w != NULL; w = w->next) {
		add_items(list, w->kept.value);
	}
	return list;
}

/* Keys and items of all writes in order of the keys. */
struct pair {
	const char *key;
	const struct bldr_value *item;
	size_t turn; /* of equal keys the last one counts */
};

struct pairs {
	struct pair *at;
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	const struct pair *left = a;
	const struct pair *right = b;
	int order = strcmp(left->key, right->key);
	return order != 0 ? order : (left->turn > right->turn) - (left->turn < right->turn);
}

static struct pairs pairs_of(const struct write *writes)
{
	struct pairs pairs = { 0 };
	size_t room = 0;
	for (const struct write *w = writes; w != NULL; w = w->next) {
		room += bldr_count(w->kept.value);
	}
	pairs.at = xcalloc(room + 1, sizeof(*pairs.at));
	for (const struct write *w = writes; w != NULL; w = w->next) {
		const struct bldr_value *given = w->kept.value;
		for (void *it = bldr_first(given); it != NULL; it = bldr_next(given, it)) {
			pairs.at[pairs.n] = (struct pair){ bldr_key(it), bldr_item(it), pairs.n };
			pairs.n++;
		}
	}
	qsort(pairs.at, pairs.n, sizeof(*pairs.at), by_key);
	size_t kept = 0;
	for (size_t i = 0; i < pairs.n; i++) {
		if (kept > 0 && strcmp(pairs.at[kept - 1].key, pairs.at[i].key) == 0) {
			kept--;
		}
		pairs.at[kept++] = pairs.at[i];
	}
	pairs.n = kept;
	return pairs;
}

static bool has_keys(const struct bldr_value *object, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		if (bldr_get(object, pairs->at[i].key) == NULL) {
			return false;
		}
	}
	return true;
}

static void set_pair(struct bldr_value *object, const struct pair *p)
{
	bldr_object_set(object, p->key, bldr_ref(p->item));
}

/* Both in order of their keys, into one object that is. */
static struct bldr_value *interleaved(const struct bldr_value *value, const struct pairs *pairs)
{
	struct bldr_value *object = bldr_object();
	size_t p = 0;
	for (void *it = bldr_first(value); it != NULL; it = bldr_next(value, it)) {
		int order = 1;
		while (p < pairs->n && (order = strcmp(pairs->at[p].key, bldr_key(it))) < 0) {
			set_pair(object, &pairs->at[p++]);
		}
		if (p == pairs->n || order > 0) {
			bldr_object_set(object, bldr_key(it), bldr_ref(bldr_item(it)));
		}
	}
	for (; p < pairs->n; p++) {
		set_pair(object, &pairs->at[p]);
	}
	return object;
}

/* Takes value, which may be NULL. */
static struct bldr_value *merged(struct bldr_value *value, const struct write *writes)
{
	if (value == NULL && writes->next == NULL) {
		return bldr_ref(writes->kept.value);
	}
	struct pairs pairs = pairs_of(writes);
	struct bldr_value *object;
	if (value != NULL && has_keys(value, &pairs)) {
		object = bldr_own(value);
		for (size_t i = 0; i < pairs.n; i++) {
			set_pair(object, &pairs.at[i]);
		}
	} else {
		object = interleaved(value, &pairs);
		bldr_unref(value);
	}
	free(pairs.at);
	return object;
}

static void see_names(const struct channel *c, const struct bldr_value *given, bool *seen)
{
	size_t name = name_of(c, given);
	if (name != GRAPH_NONE) {
		seen[name] = true;
	}
	for (size_t i = 0; i < bldr_count(given) && name == GRAPH_NONE; i++) {
		seen[name_of(c, bldr_at(given, i))] = true;
	}
}

/* The names in value, unless it was complete, and those written, in order of the names. Takes value, which may be NULL. */
static struct bldr_value *gathered(const struct channel *c, struct bldr_value *value,
				   const struct write *writes)
{
	bool *seen = xcalloc(c->n_names + 1, sizeof(*seen));
	if (!is_complete(c, value)) {
		see_names(c, value, seen);
	}
	for (const struct write *w = writes; w != NULL; w = w->next) {
		see_names(c, w->kept.value, seen);
	}
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < c->n_names; i++) {
		if (seen[i]) {
			bldr_list_add(list, bldr_text(c->names[i]));
		}
	}
	bldr_unref(value);
	free(seen);
	return list;
}

/* Takes value, which may be NULL. */
static struct bldr_value *folded(const struct channel *c, const struct cell *cell,
				 struct bldr_value *value)
{
	if (cell->made.value != NULL) {
		bldr_unref(value);
		return bldr_ref(cell->made.value);
	}
	switch (c->reducer) {
	case BLDR_APPEND:
		return appended(value, cell->first);
	case BLDR_MERGE:
		return merged(value, cell->first);
	case BLDR_LAST:
	case BLDR_EPHEMERAL:
		bldr_unref(value);
		return bldr_ref(cell->first->kept.value);
	case BLDR_ADD:
		bldr_unref(value);
		return bldr_int(cell->sum);
	case BLDR_BARRIER:
		return gathered(c, value, cell->first);
	case BLDR_MESSAGES:
	case BLDR_CUSTOM:
		break; /* made by cell_check */
	}
	ASSERT(false);
	return NULL;
}

struct bldr_value *cell_folded(const struct channel *c, const struct cell *cell)
{
	return folded(c, cell, bldr_ref(cell->value));
}

/* The items of all writes as the text of one list. */
static char *appended_text(const struct write *writes, struct arena *a)
{
	size_t size = 3;
	for (const struct write *w = writes; w != NULL; w = w->next) {
		size += w->kept.size + 1;
	}
	char *text = arena_alloc(a, size);
	char *end = text;
	*end++ = '[';
	for (const struct write *w = writes; w != NULL; w = w->next) {
		size_t edge = bldr_type_of(w->kept.value) == BLDR_LIST ? 1
								       : 0; /* its own brackets */
		size_t inner = w->kept.size - 2 * edge;
		if (inner == 0) {
			continue;
		}
		if (end != text + 1) {
			*end++ = ',';
		}
		memcpy(end, w->kept.text + edge, inner);
		end += inner;
	}
	*end++ = ']';
	*end = '\0';
	return text;
}

static char *value_text(const struct bldr_value *v, struct arena *a)
{
	char *text = bldr_value_text(v);
	char *copy = arena_strdup(a, text);
	free(text);
	return copy;
}

/* Takes v. */
static char *taken_text(struct bldr_value *v, struct arena *a)
{
	char *text = value_text(v, a);
	bldr_unref(v);
	return text;
}

static char *delta_text(const struct channel *c, const struct cell *cell, struct arena *a)
{
	const struct write *w = cell->first;
	bool single = w->next == NULL;
	switch (c->reducer) {
	case BLDR_ADD: {
		char *digits = arena_alloc(a, DIGITS_MAX);
		digits_of(cell->has_delta ? cell->sum_delta : cell->sum, digits);
		return digits;
	}
	case BLDR_APPEND:
	case BLDR_MESSAGES:
		if (!single || bldr_type_of(w->kept.value) != BLDR_LIST) {
			return appended_text(w, a);
		}
		break;
	case BLDR_MERGE:
		if (!single) {
			return taken_text(merged(NULL, w), a);
		}
		break;
	case BLDR_BARRIER:
		return taken_text(gathered(c, NULL, w), a);
	case BLDR_LAST:
	case BLDR_EPHEMERAL:
	case BLDR_CUSTOM:
		break;
	}
	return arena_copy(a, w->kept.text, w->kept.size + 1);
}

struct step_write cell_delta(const struct channel *c, const struct cell *cell, struct arena *a)
{
	struct step_write w = { .channel = c->name, .form = WRITE_FULL };
	if (cell->made.text != NULL) {
		w.text = arena_copy(a, cell->made.text, cell->made.size + 1);
		return w;
	}
	bool full = holds_one(c) || (c->reducer == BLDR_ADD && !cell->has_delta) ||
		(c->reducer == BLDR_BARRIER && is_complete(c, cell->value));
	w.form = full ? WRITE_FULL : WRITE_DELTA;
	w.text = delta_text(c, cell, a);
	return w;
}

void cell_fold(const struct channel *c, struct cell *cell, size_t bytes)
{
	bool whole = holds_one(c) || cell->made.text != NULL;
	cell->value = folded(c, cell, cell->value);
	cell->bytes = whole ? bytes : cell->bytes + bytes;
	cell_unqueue(cell);
}

void cell_set(struct cell *cell, struct bldr_value *value, size_t bytes)
{
	bldr_unref(cell->value);
	cell->value = value;
	cell->bytes = bytes;
}
