/* Bottom-k sketches, their file and HyperLogLog: all of it depends on the set of values alone, never on their order. */
#include "ingest/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/file.h"

static const char magic[8] = "BLDRSKCH";
enum { HEAD_BYTES = 8 + 4 + 4 + 8 + 64, COLUMN_BYTES = 16, SUM_BYTES = 8, FLAG_ESTIMATED = 1 };

/* ---- filling ---- */

static int compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void settle(struct sketch_k *k)
{
	size_t n = 0;
	if (k->n > 0) {
		qsort(k->at, k->n, sizeof(*k->at), compare_hashes);
	}
	for (size_t i = 0; i < k->n; i++) {
		if (n == 0 || k->at[i] != k->at[n - 1]) {
			k->at[n++] = k->at[i];
		}
	}
	k->n = n < SKETCH_HASHES ? n : SKETCH_HASHES;
	k->limit = k->n == SKETCH_HASHES ? k->at[k->n - 1] : 0;
}

void sketch_k_slow(struct sketch_k *k, uint64_t hash)
{
	if (k->at == NULL) {
		k->at = xcalloc((size_t)SKETCH_HASHES * 2, sizeof(*k->at));
	}
	k->at[k->n++] = hash;
	if (k->n == (size_t)SKETCH_HASHES * 2) {
		settle(k);
	}
}

size_t sketch_k_end(struct sketch_k *k, const uint64_t **ret)
{
	settle(k);
	*ret = k->at;
	return k->n;
}

void sketch_k_release(struct sketch_k *k)
{
	free(k->at);
	*k = (struct sketch_k){ .n = 0 };
}

/* ---- HyperLogLog ---- */

static double sigma(double x)
{
	if (x >= 1.0) {
		return INFINITY;
	}
	double y = 1.0;
	double z = x;
	for (double before = -1.0; z > before || z < before;) {
		x *= x;
		before = z;
		z += x * y;
		y += y;
	}
	return z;
}

static double tau(double x)
{
	if (x <= 0.0 || x >= 1.0) {
		return 0.0;
	}
	double y = 1.0;
	double z = 1.0 - x;
	for (double before = -1.0; z > before || z < before;) {
		x = sqrt(x);
		before = z;
		y *= 0.5;
		z -= (1.0 - x) * (1.0 - x) * y;
	}
	return z / 3.0;
}

int64_t hll_estimate(const uint8_t registers[HLL_REGISTERS])
{
	enum { Q = 64 - HLL_BITS };
	int counts[Q + 2] = { 0 };
	const double m = HLL_REGISTERS;
	for (size_t i = 0; i < HLL_REGISTERS; i++) {
		ASSERT(registers[i] <= Q + 1);
		counts[registers[i]]++;
	}
	double z = m * tau(1.0 - counts[Q + 1] / m);
	for (int k = Q; k >= 1; k--) {
		z = 0.5 * (z + counts[k]);
	}
	z += m * sigma(counts[0] / m);
	const double alpha = 0.5 / 0.693147180559945309417;
	return llround(alpha * m * m / z);
}

/* ---- comparing ---- */

struct sketch_overlap sketch_compare(const struct column_sketch *child,
				     const struct column_sketch *parent)
{
	bool all = parent->n < SKETCH_HASHES;
	uint64_t limit = all ? UINT64_MAX : parent->hashes[parent->n - 1];
	struct sketch_overlap o = { .exact = child->n < SKETCH_HASHES };
	size_t k = 0;
	for (size_t i = 0; i < child->n; i++) {
		uint64_t h = child->hashes[i];
		if (h > limit) {
			o.exact = false;
			break;
		}
		while (k < parent->n && parent->hashes[k] < h) {
			k++;
		}
		o.of++;
		o.found += k < parent->n && parent->hashes[k] == h ? 1 : 0;
	}
	return o;
}

bool sketch_excludes(const struct column_sketch *child, const struct column_sketch *parent,
		     int percent)
{
	struct sketch_overlap o = sketch_compare(child, parent);
	if (o.of == 0) {
		return false;
	}
	if (o.exact) {
		return o.found * 100 < o.of * percent;
	}
	double margin = sqrt(20.7232658369 / (2.0 * (double)o.of)); /* ln 10^9 */
	return (double)o.found / (double)o.of + margin < percent / 100.0;
}

/* ---- files ---- */

static void put(struct buf *out, uint64_t v, size_t bytes)
{
	char text[8];
	for (size_t i = 0; i < bytes; i++) {
		text[i] = (char)(v >> (8 * i) & 0xFF);
	}
	buf_add(out, text, bytes);
}

void sketch_encode(const struct table_sketch *s, struct buf *out)
{
	size_t from = out->size;
	ASSERT(s->n <= SKETCH_COLUMNS_MAX && strlen(s->source) == HASH_HEX_MAX - 1);
	buf_add(out, magic, sizeof(magic));
	put(out, SKETCH_VERSION, 4);
	put(out, s->n, 4);
	put(out, (uint64_t)s->rows, 8);
	buf_add(out, s->source, HASH_HEX_MAX - 1);
	for (size_t i = 0; i < s->n; i++) {
		const struct column_sketch *c = &s->columns[i];
		put(out, (uint64_t)c->distinct, 8);
		put(out, c->estimated ? FLAG_ESTIMATED : 0, 4);
		put(out, c->n, 4);
		for (size_t k = 0; k < c->n; k++) {
			put(out, c->hashes[k], 8);
		}
	}
	put(out, hash_xx64(out->data + from, out->size - from), 8);
}

struct bytes {
	const unsigned char *at;
	size_t left;
};

static uint64_t take(struct bytes *b, size_t bytes)
{
	uint64_t v = 0;
	ASSERT(b->left >= bytes);
	for (size_t i = 0; i < bytes; i++) {
		v |= (uint64_t)b->at[i] << (8 * i);
	}
	b->at += bytes;
	b->left -= bytes;
	return v;
}

static int invalid(struct bldr_error *err, const char *what)
{
	return bldr_error_set(err, BLDR_E_INVALID, "no sketch file: %s", what);
}

static int take_column(struct bytes *b, int64_t rows, struct arena *a, struct column_sketch *ret,
		       struct bldr_error *err)
{
	if (b->left < COLUMN_BYTES) {
		return invalid(err, "it ends within a column");
	}
	uint64_t distinct = take(b, 8);
	uint64_t flags = take(b, 4);
	size_t n = take(b, 4);
	if (distinct > (uint64_t)rows || n > SKETCH_HASHES || n > distinct ||
	    (flags & ~(uint64_t)FLAG_ESTIMATED) != 0) {
		return invalid(err, "a column's counts do not fit together");
	}
	if (b->left < n * 8) {
		return invalid(err, "it ends within a column's fingerprints");
	}
	uint64_t *hashes = ARENA_ARRAY(a, uint64_t, n);
	for (size_t i = 0; i < n; i++) {
		hashes[i] = take(b, 8);
		if (i > 0 && hashes[i] <= hashes[i - 1]) {
			return invalid(err, "fingerprints are not ascending");
		}
	}
	*ret = (struct column_sketch){ (int64_t)distinct, flags != 0, n, hashes };
	return 0;
}

static int take_head(struct bytes *b, struct table_sketch *ret, struct bldr_error *err)
{
	b->at += sizeof(magic);
	b->left -= sizeof(magic);
	if (take(b, 4) != SKETCH_VERSION) {
		return invalid(err, "another version than 1");
	}
	ret->n = take(b, 4);
	uint64_t rows = take(b, 8);
	if (ret->n > SKETCH_COLUMNS_MAX || rows > INT64_MAX) {
		return invalid(err, "more columns or rows than there can be");
	}
	ret->rows = (int64_t)rows;
	for (size_t i = 0; i < HASH_HEX_MAX - 1; i++) {
		char c = (char)take(b, 1);
		if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
			return invalid(err, "the source's hash is none");
		}
		ret->source[i] = c;
	}
	return 0;
}

int sketch_decode(const void *data, size_t size, struct arena *a, struct table_sketch *ret,
		  struct bldr_error *err)
{
	struct table_sketch s = { .n = 0 };
	if (size < HEAD_BYTES + SUM_BYTES || memcmp(data, magic, sizeof(magic)) != 0) {
		return invalid(err, "it does not begin as one");
	}
	struct bytes sum = { (const unsigned char *)data + size - SUM_BYTES, SUM_BYTES };
	if (take(&sum, SUM_BYTES) != hash_xx64(data, size - SUM_BYTES)) {
		return invalid(err, "its checksum is another");
	}
	struct bytes b = { data, size - SUM_BYTES };
	int rc = take_head(&b, &s, err);
	if (rc == 0 && s.n > b.left / COLUMN_BYTES) {
		rc = invalid(err, "it ends within a column");
	}
	if (rc == 0) {
		s.columns = ARENA_ARRAY(a, struct column_sketch, s.n);
	}
	for (size_t i = 0; rc == 0 && i < s.n; i++) {
		rc = take_column(&b, s.rows, a, &s.columns[i], err);
	}
	if (rc == 0 && b.left != 0) {
		rc = invalid(err, "bytes behind the last column");
	}
	if (rc == 0) {
		*ret = s;
	}
	return rc;
}

int sketch_write(const char *path, const struct table_sketch *s, struct bldr_error *err)
{
	struct buf out;
	buf_init(&out, SKETCH_BYTES_MAX);
	sketch_encode(s, &out);
	ASSERT(!buf_failed(&out)); /* SKETCH_COLUMNS_MAX full columns fit */
	int rc = file_write(path, out.data, out.size, err);
	buf_release(&out);
	return rc;
}

int sketch_read(const char *path, const char *source, struct arena *a, struct table_sketch *ret,
		struct bldr_error *err)
{
	struct table_sketch s;
	char *data;
	size_t size;
	int rc = file_read(path, SKETCH_BYTES_MAX, &data, &size, err);
	if (rc != 0) {
		return rc;
	}
	rc = sketch_decode(data, size, a, &s, err);
	free(data);
	if (rc == 0 && source != NULL && strcmp(source, s.source) != 0) {
		rc = bldr_error_set(err, BLDR_E_INVALID, "it is of another source file");
	}
	if (rc != 0) {
		return bldr_error_prefix(err, "\"%s\"", path);
	}
	*ret = s;
	return 0;
}
