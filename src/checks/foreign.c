/*
 * A foreign key is known by its columns and where they lead. One that both a hop and a dimension key use is one entry;
 * a record's key leads nowhere when it does for either. The members of a dimension are fewer than the records of its
 * file: one that lacks a required value is none.
 */
#include "checks/foreign.h"

#include <string.h>

#include "base/check.h"
#include "checks/row_choice.h"

struct finder {
	struct expected *e;
	foreign_keys *keys;
	struct bldr_error *err;
};

static bool same_texts(const texts *a, const texts *b)
{
	if (a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->at[i], b->at[i]) != 0) {
			return false;
		}
	}
	return true;
}

static int64_t find_key(const foreign_keys *keys, const struct foreign_key *like)
{
	for (size_t i = 0; i < keys->n; i++) {
		const struct foreign_key *k = &keys->at[i];
		if (k->from == like->from && strcmp(k->to, like->to) == 0 &&
		    same_texts(&k->columns, &like->columns) &&
		    same_texts(&k->to_columns, &like->to_columns)) {
			return (int64_t)i;
		}
	}
	return -1;
}

static struct foreign_key *key_at(const struct finder *f, const struct foreign_key *like)
{
	int64_t at = find_key(f->keys, like);
	if (at >= 0) {
		return &f->keys->at[at];
	}
	size_t n = like->from->raw.records.n;
	struct foreign_key *k = LIST_ADD(f->e->arena, f->keys);
	*k = *like;
	k->keys = ARENA_ARRAY(f->e->arena, const char *, n);
	k->fates = ARENA_ARRAY(f->e->arena, unsigned char, n);
	return k;
}

static struct foreign_key hop_key(struct relation *from, const struct hop *h)
{
	return (struct foreign_key){
		.from = from,
		.to = h->to_table,
		.columns = h->columns,
		.to_columns = h->to_columns,
	};
}

static int add_hop(const struct finder *f, struct relation **at, const struct hop *h)
{
	struct foreign_key like = hop_key(*at, h);
	struct foreign_key *k = key_at(f, &like);
	struct relation *from = *at;
	struct relations *r = f->e->relations;
	if (k->records != NULL) {
		*at = relation_find(r, h->to_table);
		return 0;
	}
	int rc = relation_follow(r, from, h, 1, at, &k->records, f->err);
	const char **keys = NULL;
	if (rc == 0) {
		rc = relation_keys(r, from, h, &keys, f->err);
	}
	for (size_t i = 0; rc == 0 && i < from->raw.records.n; i++) {
		int64_t led = k->records[i];
		k->keys[i] = keys[i];
		k->fates[i] = led >= 0           ? k->fates[i]
			: led == RELATION_NO_KEY ? KEY_NULL
						 : KEY_MISSED;
	}
	return rc;
}

/* The columns that name a member, where all are of one file; n 0: they are not. */
static struct foreign_key member_key(const struct expected *e, const struct expected_column *c)
{
	const struct expected_table *d = c->dimension;
	const struct design_column *design = c->design;
	struct foreign_key k = { 0 };
	if (d->source == NULL || design->origins.n != d->n_keys) {
		return k; /* a generated calendar has every day */
	}
	for (size_t i = 0; i < d->n_keys; i++) {
		const struct origin *o = &design->origins.at[i];
		const struct origin *to = &d->design->columns.at[d->keys[i]].origins.at[0];
		bool plain = o->column != NULL && o->table != NULL && to->column != NULL &&
			strcmp(o->table, design->origins.at[0].table) == 0;
		if (!plain) {
			return (struct foreign_key){ 0 };
		}
		*LIST_ADD(e->arena, &k.columns) = o->column;
		*LIST_ADD(e->arena, &k.to_columns) = to->column;
	}
	k.from = relation_find(e->relations, design->origins.at[0].table);
	k.to = d->source->file->table;
	return k;
}

/* The columns of a key as typed by the dimension, one record at a time. */
struct member_parts {
	const struct column_decision **decisions;
	size_t *columns;
	const char **values;
	const char *const **each; /* to one value each */
};

static struct member_parts find_parts(const struct finder *f, const struct expected_table *d,
				      const struct foreign_key *k)
{
	struct arena *a = f->e->arena;
	struct member_parts p = {
		.decisions = ARENA_ARRAY(a, const struct column_decision *, d->n_keys),
		.columns = ARENA_ARRAY(a, size_t, d->n_keys),
		.values = ARENA_ARRAY(a, const char *, d->n_keys),
		.each = ARENA_ARRAY(a, const char *const *, d->n_keys),
	};
	for (size_t i = 0; i < d->n_keys; i++) {
		int64_t column = relation_column_find(k->from, k->columns.at[i]);
		ASSERT(column >= 0); /* expected_evaluate read it */
		p.columns[i] = (size_t)column;
		p.decisions[i] = &relation_column(f->e->relations, k->from, p.columns[i])->decision;
		p.each[i] = &p.values[i];
	}
	return p;
}

static enum key_fate judge_member(const struct finder *f, const struct expected_table *d,
				  const struct foreign_key *k, const struct member_parts *p,
				  size_t record, const char **ret_key)
{
	for (size_t i = 0; i < d->n_keys; i++) {
		const char *text = relation_text(k->from, record, p->columns[i]);
		if (value_is_null(p->decisions[i], text)) {
			return KEY_NULL;
		}
		struct column_type type = d->columns[d->keys[i]].type;
		p->values[i] = value_typed(p->decisions[i], type, text, f->e->arena);
		if (p->values[i] == NULL) {
			return KEY_UNREADABLE;
		}
	}
	struct buf canon;
	buf_init(&canon, CANON_MAX);
	row_choice_canon(d, p->each, 0, &canon);
	bool found = map_find(d->members, canon.data, canon.size) != NULL;
	*ret_key = arena_strdup(f->e->arena, canon.data);
	buf_release(&canon);
	return found ? KEY_LEADS : KEY_MISSED;
}

static void add_member(const struct finder *f, const struct expected_column *c)
{
	struct foreign_key like = member_key(f->e, c);
	const struct expected_table *d = c->dimension;
	if (like.from == NULL) {
		return;
	}
	struct foreign_key *k = key_at(f, &like);
	struct member_parts parts = find_parts(f, d, k);
	for (size_t i = 0; i < k->from->raw.records.n; i++) {
		const char *key = NULL;
		enum key_fate fate = judge_member(f, d, k, &parts, i, &key);
		k->keys[i] = key != NULL ? key : k->keys[i];
		k->fates[i] = fate == KEY_LEADS ? k->fates[i] : (unsigned char)fate;
	}
}

static int add_column(const struct finder *f, const struct expected_table *t,
		      const struct expected_column *c)
{
	for (size_t o = 0; o < c->design->origins.n; o++) {
		struct relation *at = t->source;
		const struct origin *origin = &c->design->origins.at[o];
		for (size_t h = 0; h < origin->hops.n; h++) {
			int rc = add_hop(f, &at, &origin->hops.at[h]);
			if (rc < 0) {
				return rc;
			}
		}
	}
	if (c->members != NULL) {
		add_member(f, c);
	}
	return 0;
}

static void count_fates(struct foreign_key *k)
{
	for (size_t i = 0; i < k->from->raw.records.n; i++) {
		k->nulls += k->fates[i] == KEY_NULL;
		k->missed += k->fates[i] == KEY_MISSED;
	}
}

int foreign_keys_find(struct expected *e, foreign_keys *ret, struct bldr_error *err)
{
	struct finder f = { .e = e, .keys = ret, .err = err };
	for (size_t i = 0; i < e->n; i++) {
		const struct expected_table *t = &e->tables[i];
		for (size_t c = 0; t->source != NULL && c < t->design->columns.n; c++) {
			int rc = add_column(&f, t, &t->columns[c]);
			if (rc < 0) {
				return rc;
			}
		}
	}
	for (size_t i = 0; i < ret->n; i++) {
		count_fates(&ret->at[i]);
	}
	return 0;
}

const struct foreign_way *foreign_ways(const struct expected *e, const foreign_keys *keys,
				       const struct expected_table *t, size_t column)
{
	const struct expected_column *c = &t->columns[column];
	struct foreign_way *ways = ARENA_ARRAY(e->arena, struct foreign_way, c->design->origins.n);
	for (size_t o = 0; o < c->design->origins.n; o++) {
		struct relation *at = t->source;
		const struct origin *origin = &c->design->origins.at[o];
		ways[o].member = -1;
		for (size_t h = 0; h < origin->hops.n; h++) {
			struct foreign_key like = hop_key(at, &origin->hops.at[h]);
			int64_t key = find_key(keys, &like);
			ASSERT(key >= 0);
			*LIST_ADD(e->arena, &ways[o].hops) = (size_t)key;
			at = relation_find(e->relations, like.to);
		}
		if (c->members != NULL) {
			struct foreign_key like = member_key(e, c);
			ways[o].member = like.from != NULL ? find_key(keys, &like) : -1;
		}
	}
	return ways;
}

const struct foreign_key *foreign_stop(const foreign_keys *keys, const struct foreign_way *ways,
				       size_t n, size_t record)
{
	for (size_t w = 0; w < n; w++) {
		int64_t at = (int64_t)record;
		for (size_t h = 0; at >= 0 && h < ways[w].hops.n; h++) {
			const struct foreign_key *k = &keys->at[ways[w].hops.at[h]];
			at = k->records[at];
			if (at == RELATION_MISSED) {
				return k;
			}
		}
		if (at >= 0 && ways[w].member >= 0 &&
		    keys->at[ways[w].member].fates[at] == KEY_MISSED) {
			return &keys->at[ways[w].member];
		}
	}
	return NULL;
}

const char *foreign_subject(const foreign_keys *keys, const struct foreign_key *k, struct arena *a)
{
	const char *subject = k->from->file->table;
	bool alone = true;
	for (size_t i = 0; i < k->columns.n; i++) {
		subject = arena_printf(a, "%s%c%s", subject, i == 0 ? '.' : '+', k->columns.at[i]);
	}
	for (size_t i = 0; i < keys->n; i++) {
		const struct foreign_key *other = &keys->at[i];
		alone = alone &&
			(other == k || other->from != k->from ||
			 !same_texts(&other->columns, &k->columns));
	}
	for (size_t i = 0; !alone && i < k->to_columns.n; i++) {
		subject = arena_printf(a, "%s%s%s", subject, i == 0 ? " -> " : "+",
				       i == 0 ? arena_printf(a, "%s.%s", k->to, k->to_columns.at[0])
					      : k->to_columns.at[i]);
	}
	return subject;
}
