/*
 * Searches: what has a fingerprint of the question's, and what has its words, ranked together. A recall takes from
 * that what an agent may rely on, and little of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "kb/query.h"
#include "kb/rank.h"
#include "kb/tables.h"

/* Items that words or one fingerprint may bring in, and all of them together: a recall is part of a commit. */
enum { FOUND_MAX = 200, HITS_MAX = 1000 };

struct hit {
	int64_t number;
	struct kb_match match;
};

struct search {
	struct store *store;
	const struct kb_question *question;
	struct arena *a;
	struct map *by_number; /* -> index into hits, from 1 */
	LIST(struct hit) hits;
	double best_text;
};

/* NULL: there are too many already. */
static struct hit *hit_of(struct search *s, int64_t number)
{
	void **at = map_at(s->by_number, &number, sizeof(number));

	if (*at == NULL && s->hits.n == HITS_MAX) {
		return NULL;
	}
	if (*at == NULL) {
		*LIST_ADD(s->a, &s->hits) = (struct hit){ .number = number };
		*at = (void *)s->hits.n;
	}
	return &s->hits.at[(size_t)*at - 1];
}

static int find_fingerprint(struct search *s, const char *fingerprint, bool source,
			    struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s->store,
			       "SELECT item FROM kb_fingerprint WHERE fingerprint=?1"
			       " ORDER BY item DESC LIMIT ?2",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_text(stmt, 1, fingerprint, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(stmt, 2, FOUND_MAX);
	while ((rc = store_step(s->store, stmt, err)) == 1) {
		struct hit *hit = hit_of(s, sqlite3_column_int64(stmt, 0));

		if (hit != NULL) {
			hit->match.source |= source;
			hit->match.table |= !source;
		}
	}
	return rc;
}

static int find_words(struct search *s, struct bldr_error *err)
{
	struct buf query;
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	buf_init(&query, KB_QUERY_MAX);
	kb_query(s->question->words != NULL ? s->question->words : "", s->a, &query);
	if (query.size > 0) {
		rc = store_prepare(s->store,
				   "SELECT rowid, bm25(kb_text, 4.0, 1.0) FROM kb_text"
				   " WHERE kb_text MATCH ?1 ORDER BY 2 LIMIT ?2",
				   &stmt, err);
	}
	if (stmt != NULL && rc == 0) {
		(void)sqlite3_bind_text(stmt, 1, query.data, (int)query.size, SQLITE_TRANSIENT);
		(void)sqlite3_bind_int(stmt, 2, FOUND_MAX);
		while ((rc = store_step(s->store, stmt, err)) == 1) {
			double text = sqlite3_column_double(stmt, 1);

			hit_of(s, sqlite3_column_int64(stmt, 0))->match.text =
				text; /* the first ones */
			s->best_text = text < s->best_text ? text : s->best_text;
		}
	}
	buf_release(&query);
	return rc;
}

static int find_all(struct search *s, struct bldr_error *err)
{
	const struct kb_question *q = s->question;
	int rc = find_words(s, err);

	if (rc == 0 && q->source != NULL) {
		rc = find_fingerprint(s, q->source, true, err);
	}
	for (size_t i = 0; rc == 0 && i < q->tables.n; i++) {
		rc = find_fingerprint(s, q->tables.at[i], false, err);
	}
	return rc;
}

static bool is_for(const struct kb_item *item, const char *agent)
{
	return agent == NULL || strcmp(item->agent, "any") == 0 || strcmp(item->agent, agent) == 0;
}

static int read_hits(struct search *s, int64_t now_ms, kb_items *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->hits.n; i++) {
		struct kb_item item;

		rc = store_prepare(s->store,
				   "SELECT " KB_ITEM_COLUMNS " FROM kb_item WHERE number=?1", &stmt,
				   err);
		if (rc < 0) {
			return rc;
		}
		(void)sqlite3_bind_int64(stmt, 1, s->hits.at[i].number);
		rc = store_step(s->store, stmt, err);
		if (rc != 1) {
			continue;
		}
		rc = kb_item_read(s->store, stmt, s->a, &item, err);
		if (rc == 0 && is_for(&item, s->question->agent)) {
			item.score = kb_score(&item, &s->hits.at[i].match, s->best_text, now_ms);
			*LIST_ADD(s->a, ret) = item;
		}
		(void)sqlite3_reset(stmt);
	}
	return rc;
}

/* Best first; of equals the newest. */
static int by_score(const void *a, const void *b)
{
	const struct kb_item *x = a;
	const struct kb_item *y = b;

	return x->score != y->score ? (x->score < y->score) - (x->score > y->score)
				    : (x->number < y->number) - (x->number > y->number);
}

int kb_search(struct store *store, const struct kb_question *q, int64_t now_ms, size_t limit,
	      struct arena *a, kb_items *ret, struct bldr_error *err)
{
	struct search s = { .store = store, .question = q, .a = a, .by_number = map_new() };
	kb_items found = { 0 };
	int rc = find_all(&s, err);

	rc = rc < 0 ? rc : read_hits(&s, now_ms, &found, err);
	map_free(s.by_number);
	if (rc < 0) {
		return rc;
	}
	if (found.n > 0) {
		qsort(found.at, found.n, sizeof(*found.at), by_score);
	}
	found.n = found.n < limit ? found.n : limit;
	*ret = found;
	return 0;
}

static bool is_near_any(const kb_items *items, const struct kb_item *item)
{
	for (size_t i = 0; i < items->n; i++) {
		if (kb_near(&items->at[i], item)) {
			return true;
		}
	}
	return false;
}

int kb_recall(struct store *s, const struct kb_question *q, int64_t now_ms, struct arena *a,
	      kb_items *ret, struct bldr_error *err)
{
	size_t room[] = { [KB_GOLDEN] = KB_GOLDEN_SHOWN, [KB_CORRECTION] = KB_CORRECTIONS_SHOWN };
	size_t bytes = KB_SHOWN_BYTES;
	kb_items found = { 0 };
	kb_items shown = { 0 };
	int rc = kb_search(s, q, now_ms, SIZE_MAX, a, &found, err);

	for (size_t i = 0; rc == 0 && i < found.n; i++) {
		const struct kb_item *item = &found.at[i];
		size_t size = strlen(item->title) + strlen(item->body);

		if (item->trusted && kb_quality(item) >= KB_QUALITY_MIN && room[item->kind] > 0 &&
		    size <= bytes && !is_near_any(&shown, item)) {
			*LIST_ADD(a, &shown) = *item;
			room[item->kind]--;
			bytes -= size;
		}
	}
	if (rc == 0) {
		*ret = shown;
	}
	return rc;
}
