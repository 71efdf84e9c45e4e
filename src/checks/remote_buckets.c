/*
 * Rows or buckets: a table of more rows than may cross is hashed on both sides, by buckets of its keys' hash, so that a row
 * whose values differ is in the same bucket on both.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "checks/remote_parts.h"

enum { BUCKET_ROWS = 16, BUCKETS_MAX = 16384, LIST_BYTES_MAX = 1 << 20 };
/* Of rows that are too large to cross as a whole, this part of rows_max may. */
enum { LARGE_ROWS_PART = 16 };

/* Its rows were asked for as a whole, and are more than the workspace gives at once. */
static bool is_too_large(const struct remote_star *r, const struct remote_table *t)
{
	const struct remote_result *rows =
		remote_result_find(r, remote_id(r, "rows", t->design->name));
	return rows != NULL && rows->too_large;
}

int64_t remote_buckets(const struct remote_star *r, const struct remote_table *t)
{
	int64_t there = remote_count(r, t);
	int64_t rows = there > t->rows_here ? there : t->rows_here;
	bool keys = t->n_keys > 0;
	for (size_t k = 0; k < t->n_keys; k++) {
		keys = keys && remote_is_compared(&t->columns[t->keys[k]]);
	}
	if (rows <= r->in->rows_max && !is_too_large(r, t)) {
		return 0;
	}
	if (!keys || !t->here) {
		return -1;
	}
	int64_t buckets = rows / BUCKET_ROWS + 1;
	return buckets < BUCKETS_MAX ? buckets : BUCKETS_MAX;
}

void remote_hashing_of(const struct remote_star *r, const struct remote_table *t,
		       struct remote_hashing *ret)
{
	size_t n = t->design->columns.n;
	*ret = (struct remote_hashing){
		.columns = ARENA_ARRAY(r->arena, const struct remote_column *, n),
		.types = ARENA_ARRAY(r->arena, struct column_type, n),
		.keys = ARENA_ARRAY(r->arena, size_t, n),
	};
	size_t *place = ARENA_ARRAY(r->arena, size_t, n);
	for (size_t c = 0; c < n; c++) {
		const struct remote_column *column = &t->columns[c];
		if (remote_is_compared(column)) {
			place[c] = ret->n;
			ret->types[ret->n] = column->same
				? column->type
				: (struct column_type){ .kind = COLUMN_TEXT };
			ret->columns[ret->n++] = column;
		}
	}
	for (size_t k = 0; k < t->n_keys; k++) {
		ret->keys[ret->n_keys++] = place[t->keys[k]];
	}
}

int64_t remote_bucket_here(const struct remote_hashing *h, sqlite3_stmt *stmt, int64_t buckets)
{
	struct arena scratch = { 0 };
	int64_t hash = REMOTE_HASH_SEED;
	for (size_t k = 0; k < h->n_keys; k++) {
		size_t i = h->keys[k];
		hash = remote_hash_add(hash, h->types[i],
				       remote_cell_here(stmt, (int)i, h->columns[i], &scratch));
	}
	arena_release(&scratch);
	return remote_bucket(hash, buckets);
}

static void add_row(const struct remote_hashing *h, sqlite3_stmt *stmt, int64_t buckets,
		    struct bucket *ret)
{
	struct arena scratch = { 0 };
	const char **cells = ARENA_ARRAY(&scratch, const char *, h->n);
	for (size_t i = 0; i < h->n; i++) {
		cells[i] = remote_cell_here(stmt, (int)i, h->columns[i], &scratch);
	}
	bucket_add(&ret[remote_bucket_here(h, stmt, buckets)],
		   remote_hash_row(h->types, cells, h->n, &scratch));
	arena_release(&scratch);
}

static int hash_here(const struct remote_star *r, const struct remote_table *t, int64_t buckets,
		     struct bucket *ret, struct bldr_error *err)
{
	struct remote_hashing h;
	sqlite3_stmt *stmt;
	remote_hashing_of(r, t, &h);
	char *sql = remote_select_here(t);
	int rc = store_prepare(r->here, sql, &stmt, err);
	sqlite3_free(sql);
	while (rc == 0 && (rc = store_step(r->here, stmt, err)) == 1) {
		add_row(&h, stmt, buckets, ret);
		rc = 0;
	}
	return rc;
}

/* What the workspace says; a number that is none stays an empty bucket. */
static void read_there(const struct remote_result *result, int64_t buckets, struct bucket *ret)
{
	for (size_t i = 0; i < result->n_rows; i++) {
		const char *number = remote_cell(result, i, "bucket");
		int64_t bucket = number != NULL ? strtoll(number, NULL, 10) : -1;
		struct bucket b;
		if (bucket >= 0 && bucket < buckets &&
		    bucket_parse(remote_cell(result, i, "rows"), remote_cell(result, i, "hashes"),
				 remote_cell(result, i, "xored"), &b)) {
			ret[bucket] = b;
		}
	}
}

/* Of the buckets that differ the first, up to the rows that may cross; one always. */
static void choose(const struct bucket *there, int64_t rows_max, struct bucket_comparison *c,
		   struct arena *a)
{
	struct buf list;
	int64_t rows = 0;
	buf_init(&list, LIST_BYTES_MAX);
	for (int64_t i = 0; i < c->buckets; i++) {
		if (!c->differs[i] || (c->n_asked > 0 && rows + there[i].rows > rows_max)) {
			continue;
		}
		rows += there[i].rows;
		c->asked[i] = true;
		buf_printf(&list, "%s%lld", c->n_asked > 0 ? "," : "", (long long)i);
		c->n_asked++;
	}
	ASSERT(!buf_failed(&list));
	c->list = arena_strndup(a, list.data, list.size);
	buf_release(&list);
}

static int compare(const struct remote_star *r, const struct remote_table *t,
		   struct bucket_comparison *ret, struct bldr_error *err)
{
	const struct remote_result *result =
		remote_result_find(r, remote_id(r, "buckets", t->design->name));
	int64_t buckets = remote_buckets(r, t);
	*ret = (struct bucket_comparison){
		.buckets = buckets,
		.differs = ARENA_ARRAY(r->arena, bool, buckets),
		.asked = ARENA_ARRAY(r->arena, bool, buckets),
		.list = "",
	};
	struct bucket *here = xcalloc((size_t)buckets, sizeof(*here));
	struct bucket *there = xcalloc((size_t)buckets, sizeof(*there));
	int rc = hash_here(r, t, buckets, here, err);
	read_there(result, buckets, there);
	for (int64_t i = 0; rc == 0 && i < buckets; i++) {
		ret->differs[i] = !bucket_equal(&here[i], &there[i]);
		ret->n_differ += ret->differs[i];
	}
	choose(there, r->in->rows_max / (is_too_large(r, t) ? LARGE_ROWS_PART : 1), ret, r->arena);
	free(here);
	free(there);
	return rc;
}

int remote_compare_buckets(const struct remote_star *r, const struct remote_table *t,
			   const struct bucket_comparison **ret, struct bldr_error *err)
{
	struct bucket_comparison *known = &r->compared[t - r->tables];
	if (known->differs == NULL) {
		struct bucket_comparison c;
		int rc = compare(r, t, &c, err);
		if (rc < 0) {
			return rc;
		}
		*known = c;
	}
	*ret = known;
	return 0;
}
