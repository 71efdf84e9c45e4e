/*
 * Messages are found by their ids in a hash table that is built for one folding: folding takes time in
 * proportion to the list and to what is written, however both are mixed.
 */
#include "graph/messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

#define ALL "*"

/* Whether a removal does not mind that there is no such message. */
static bool may_be_missing(const struct bldr_value *value)
{
	const char *missing = bldr_get_text(value, "missing");
	return missing != NULL && strcmp(missing, "ok") == 0;
}

/* The id that value takes away, or NULL when it is none that takes one away. */
static const char *removed_id(const struct bldr_value *value)
{
	size_t keys = may_be_missing(value) ? 2 : 1;
	return bldr_count(value) == keys ? bldr_get_text(value, "remove") : NULL;
}

static int accept_one(const struct channel *c, const struct bldr_value *value,
		      struct bldr_error *err)
{
	if (bldr_type_of(value) != BLDR_OBJECT) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"channel \"%s\" takes messages, objects with an \"id\", and was "
			"given something else",
			c->name);
	}
	if (removed_id(value) != NULL) {
		return 0;
	}
	const struct bldr_value *id = bldr_get(value, "id");
	const char *text = bldr_as_text(id);
	if (id != NULL && (text == NULL || *text == '\0' || strcmp(text, ALL) == 0)) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"channel \"%s\" was given a message whose id is no name: a text "
			"that is neither empty nor \"" ALL "\"",
			c->name);
	}
	return 0;
}

int messages_accept(const struct channel *c, const struct bldr_value *value, struct bldr_error *err)
{
	if (bldr_type_of(value) != BLDR_LIST) {
		return accept_one(c, value, err);
	}
	int rc = 0;
	for (size_t i = 0; i < bldr_count(value) && rc == 0; i++) {
		rc = accept_one(c, bldr_at(value, i), err);
	}
	return rc;
}

bool messages_hold(const struct bldr_value *value)
{
	if (bldr_type_of(value) != BLDR_LIST) {
		return false;
	}
	for (size_t i = 0; i < bldr_count(value); i++) {
		const char *id = bldr_get_text(bldr_at(value, i), "id");
		if (id == NULL || *id == '\0' || strcmp(id, ALL) == 0) {
			return false;
		}
	}
	return true;
}

static struct bldr_value *with_id(const struct bldr_value *message, struct mint *mint)
{
	const uint64_t words[2] = { mint->seed, mint->n++ };
	struct bldr_value *copy = bldr_own(bldr_ref(message));
	bldr_object_set(copy, "id", bldr_textf("%016" PRIx64, hash_xx64(words, sizeof(words))));
	return copy;
}

static void give(struct bldr_value *list, const struct bldr_value *message, struct mint *mint)
{
	bool whole = removed_id(message) != NULL || bldr_get(message, "id") != NULL;
	bldr_list_add(list, whole ? bldr_ref(message) : with_id(message, mint));
}

struct bldr_value *messages_given(struct bldr_value *value, struct mint *mint)
{
	struct bldr_value *list = bldr_list();
	if (bldr_type_of(value) != BLDR_LIST) {
		give(list, value, mint);
	}
	for (size_t i = 0; i < bldr_count(value) && bldr_type_of(value) == BLDR_LIST; i++) {
		give(list, bldr_at(value, i), mint);
	}
	bldr_unref(value);
	return list;
}

/* Messages in their places; the table leads from ids to them. */
struct folding {
	const struct bldr_value **at; /* NULL: taken away */
	const char **ids;
	size_t n;
	size_t *table; /* 1 + place; 0: free */
	size_t mask;
};

/* The id's slot in the table, or the free one where it belongs. */
static size_t *slot_of(const struct folding *f, const char *id)
{
	size_t slot = (size_t)hash_xx64(id, strlen(id)) & f->mask;
	while (f->table[slot] != 0 && strcmp(f->ids[f->table[slot] - 1], id) != 0) {
		slot = (slot + 1) & f->mask;
	}
	return &f->table[slot];
}

/* A place that was emptied stays so: a message that comes again comes last. */
static void put(struct folding *f, const struct bldr_value *message)
{
	const char *id = bldr_get_text(message, "id");
	size_t *slot = slot_of(f, id);
	size_t place = *slot - 1;
	if (*slot == 0 || f->at[place] == NULL) {
		place = f->n++;
		*slot = place + 1;
	}
	f->at[place] = message;
	f->ids[place] = id;
}

/* False when there is no such message. */
static bool take_away(struct folding *f, const char *id)
{
	if (strcmp(id, ALL) == 0) {
		for (size_t i = 0; i < f->n; i++) {
			f->at[i] = NULL;
		}
		return true;
	}
	size_t slot = *slot_of(f, id);
	if (slot == 0 || f->at[slot - 1] == NULL) {
		return false;
	}
	f->at[slot - 1] = NULL;
	return true;
}

static int fold_write(struct folding *f, const struct channel *c, const struct write *w,
		      struct bldr_error *err)
{
	for (size_t i = 0; i < bldr_count(w->kept.value); i++) {
		const struct bldr_value *message = bldr_at(w->kept.value, i);
		const char *id = removed_id(message);
		if (id == NULL) {
			put(f, message);
		} else if (!take_away(f, id) && !may_be_missing(message)) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"channel \"%s\" has no message \"%s\" that node \"%s\" "
				"could remove",
				c->name, id, w->node);
		}
	}
	return 0;
}

static struct folding folding_new(const struct bldr_value *value, size_t more)
{
	size_t most = bldr_count(value) + more;
	struct folding f = { .mask = 15 };
	while (f.mask < 2 * most) {
		f.mask = 2 * f.mask + 1;
	}
	f.at = xcalloc(most + 1, sizeof(const struct bldr_value *));
	f.ids = xcalloc(most + 1, sizeof(*f.ids));
	f.table = xcalloc(f.mask + 1, sizeof(*f.table));
	for (size_t i = 0; i < bldr_count(value); i++) {
		put(&f, bldr_at(value, i));
	}
	return f;
}

static void folding_release(struct folding *f)
{
	free(f->at);
	free(f->ids);
	free(f->table);
}

int messages_fold(const struct channel *c, const struct bldr_value *value,
		  const struct write *writes, struct bldr_value **ret, struct bldr_error *err)
{
	size_t more = 0;
	for (const struct write *w = writes; w != NULL; w = w->next) {
		more += bldr_count(w->kept.value);
	}
	struct folding f = folding_new(value, more);
	int rc = 0;
	for (const struct write *w = writes; w != NULL && rc == 0; w = w->next) {
		rc = fold_write(&f, c, w, err);
	}
	if (rc == 0) {
		*ret = bldr_list();
		for (size_t i = 0; i < f.n; i++) {
			if (f.at[i] != NULL) {
				bldr_list_add(*ret, bldr_ref(f.at[i]));
			}
		}
	}
	folding_release(&f);
	return rc;
}

static const struct bldr_value *find(const struct folding *f, const struct bldr_value *message)
{
	size_t slot = *slot_of(f, bldr_get_text(message, "id"));
	return slot != 0 ? f->at[slot - 1] : NULL;
}

struct bldr_value *messages_difference(const struct bldr_value *was, const struct bldr_value *is,
				       bool removals)
{
	struct bldr_value *list = bldr_list();
	struct folding old = folding_new(was, 0);
	struct folding now = folding_new(is, 0);
	for (size_t i = 0; removals && i < old.n; i++) {
		if (find(&now, old.at[i]) == NULL) {
			struct bldr_value *gone = bldr_object();
			bldr_object_set(gone, "missing", bldr_text("ok"));
			bldr_object_set(gone, "remove", bldr_text(old.ids[i]));
			bldr_list_add(list, gone);
		}
	}
	for (size_t i = 0; i < now.n; i++) {
		const struct bldr_value *before = find(&old, now.at[i]);
		if (before == NULL || !bldr_equal(before, now.at[i])) {
			bldr_list_add(list, bldr_ref(now.at[i]));
		}
	}
	folding_release(&old);
	folding_release(&now);
	if (bldr_count(list) == 0) {
		bldr_unref(list);
		return NULL;
	}
	return list;
}
