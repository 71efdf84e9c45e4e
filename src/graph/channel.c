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

int channel_accepts(const struct channel *c, const struct bldr_value *value, struct bldr_error *err)
{
	static const char *const types[] = { "null",   "a boolean", "an integer", "a real number",
					     "a text", "a list",    "an object" };
	enum bldr_type type = bldr_type_of(value);
	if (c->reducer == BLDR_MERGE && type != BLDR_OBJECT) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "channel \"%s\" merges objects and was given %s", c->name,
				      types[type]);
	}
	if (c->reducer == BLDR_ADD && type != BLDR_INT) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "channel \"%s\" adds integers and was given %s", c->name,
				      types[type]);
	}
	return 0;
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
}

static int check_last(const struct channel *c, const struct cell *cell, struct bldr_error *err)
{
	const struct write *a = cell->first;
	const struct write *b = a->next;
	if (b == NULL) {
		return 0;
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "channel \"%s\" is LAST and was written twice in one superstep, by "
			      "node \"%s\" and by node \"%s\": give it a reducer",
			      c->name, a->node, b->node);
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
	size_t bytes = c->reducer == BLDR_LAST ? 0 : cell->bytes;
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

int cell_check(const struct channel *c, struct cell *cell, struct bldr_error *err)
{
	int rc = 0;
	if (c->reducer == BLDR_LAST) {
		rc = check_last(c, cell, err);
	} else if (c->reducer == BLDR_ADD) {
		rc = check_add(c, cell, err);
	}
	return rc == 0 && c->reducer != BLDR_ADD ? check_size(c, cell, err) : rc;
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

/* Takes value, which may be NULL. */
static struct bldr_value *folded(const struct channel *c, const struct cell *cell,
				 struct bldr_value *value)
{
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
	case BLDR_MESSAGES:
	case BLDR_BARRIER:
	case BLDR_CUSTOM:
		break; /* no graph can declare them yet */
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
		if (!single || bldr_type_of(w->kept.value) != BLDR_LIST) {
			return appended_text(w, a);
		}
		break;
	case BLDR_MERGE:
		if (!single) {
			struct bldr_value *all = merged(NULL, w);
			char *text = value_text(all, a);
			bldr_unref(all);
			return text;
		}
		break;
	case BLDR_LAST:
	case BLDR_MESSAGES:
	case BLDR_EPHEMERAL:
	case BLDR_BARRIER:
	case BLDR_CUSTOM:
		break;
	}
	return arena_copy(a, w->kept.text, w->kept.size + 1);
}

struct step_write cell_delta(const struct channel *c, const struct cell *cell, struct arena *a)
{
	bool full = c->reducer == BLDR_LAST || (c->reducer == BLDR_ADD && !cell->has_delta);
	return (struct step_write){
		.channel = c->name,
		.form = full ? WRITE_FULL : WRITE_DELTA,
		.text = delta_text(c, cell, a),
	};
}

void cell_fold(const struct channel *c, struct cell *cell, size_t bytes)
{
	cell->value = folded(c, cell, cell->value);
	cell->bytes = c->reducer == BLDR_LAST ? bytes : cell->bytes + bytes;
	cell_unqueue(cell);
}

void cell_set(struct cell *cell, struct bldr_value *value, size_t bytes)
{
	bldr_unref(cell->value);
	cell->value = value;
	cell->bytes = bytes;
}
