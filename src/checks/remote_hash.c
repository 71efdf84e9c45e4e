/*
 * int and date are four little-endian bytes, bool counts as int; bigint, timestamps and doubles are eight; decimals of at
 * most 18 digits are their units as bigint, others their units as the fewest big-endian bytes that hold them.
 */
#include "checks/remote_hash.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "checks/amount.h"
#include "checks/dates.h"

enum { LONG_DIGITS = 18, UNITS_BYTES = 16 };

static int64_t add_int(int64_t hash, int32_t v)
{
	unsigned char bytes[4];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)((uint32_t)v >> (8 * i));
	}
	return hash_spark_xx64_on(hash, bytes, sizeof(bytes));
}

static int64_t add_long(int64_t hash, uint64_t v)
{
	unsigned char bytes[8];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(v >> (8 * i));
	}
	return hash_spark_xx64_on(hash, bytes, sizeof(bytes));
}

/* Java's BigInteger.toByteArray. */
static int64_t add_units(int64_t hash, int128 units)
{
	unsigned char bytes[UNITS_BYTES];
	size_t first = 0;
	for (size_t i = 0; i < UNITS_BYTES; i++) {
		bytes[i] = (unsigned char)((uint128)units >> (8 * (UNITS_BYTES - 1 - i)));
	}
	unsigned char sign = units < 0 ? 0xFF : 0;
	while (first + 1 < UNITS_BYTES && bytes[first] == sign &&
	       (bytes[first + 1] & 0x80) == (sign & 0x80)) {
		first++;
	}
	return hash_spark_xx64_on(hash, bytes + first, UNITS_BYTES - first);
}

static bool add_double(int64_t *hash, const char *cell)
{
	char *end;
	double v = strtod(cell, &end);
	uint64_t bits;
	if (end == cell || *end != '\0') {
		return false;
	}
	v = v == 0 ? 0.0 : v; /* -0.0, too */
	memcpy(&bits, &v, sizeof(bits));
	*hash = add_long(*hash, isnan(v) ? UINT64_C(0x7FF8000000000000) : bits);
	return true;
}

static bool add_decimal(int64_t *hash, struct column_type type, const char *cell)
{
	struct amount v;
	if (!amount_parse(cell, &v) || v.scale != type.scale) {
		return false;
	}
	*hash = type.precision <= LONG_DIGITS ? add_long(*hash, (uint64_t)(int64_t)v.units)
					      : add_units(*hash, v.units);
	return true;
}

static bool add_stamp(int64_t *hash, struct column_type type, const char *cell)
{
	static const int64_t day = INT64_C(86400000000);
	struct stamp s;
	if (!stamp_parse(cell, ORDER_YMD, &s)) {
		return false;
	}
	if (type.kind == COLUMN_DATE) {
		*hash = add_int(*hash, s.days);
		return true;
	}
	int64_t micros = s.days * day + s.micros - INT64_C(60000000) * s.offset_minutes;
	*hash = add_long(*hash, (uint64_t)micros);
	return true;
}

static bool add_int64(int64_t *hash, const char *cell)
{
	char *end;
	errno = 0;
	int64_t v = strtoll(cell, &end, 10);
	if (errno != 0 || end == cell || *end != '\0') {
		return false;
	}
	*hash = add_long(*hash, (uint64_t)v);
	return true;
}

static bool add_bool(int64_t *hash, const char *cell)
{
	bool is = strcmp(cell, "true") == 0;
	if (!is && strcmp(cell, "false") != 0) {
		return false;
	}
	*hash = add_int(*hash, is);
	return true;
}

static bool add_typed(int64_t *hash, struct column_type type, const char *cell)
{
	switch (type.kind) {
	case COLUMN_BOOL:
		return add_bool(hash, cell);
	case COLUMN_INT64:
		return add_int64(hash, cell);
	case COLUMN_DECIMAL:
		return add_decimal(hash, type, cell);
	case COLUMN_DOUBLE:
		return add_double(hash, cell);
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return add_stamp(hash, type, cell);
	case COLUMN_TEXT:
		break;
	}
	return false;
}

int64_t remote_hash_add(int64_t hash, struct column_type type, const char *cell)
{
	if (cell == NULL || add_typed(&hash, type, cell)) {
		return hash;
	}
	return hash_spark_xx64_on(hash, cell, strlen(cell));
}

int64_t remote_hash_row(const struct column_type *types, const char *const *cells, size_t n,
			struct arena *scratch)
{
	int64_t hash = REMOTE_HASH_SEED;
	char *nulls = ARENA_ARRAY(scratch, char, n + 1);
	for (size_t i = 0; i < n; i++) {
		hash = remote_hash_add(hash, types[i], cells[i]);
		nulls[i] = cells[i] == NULL ? '1' : '0';
	}
	return hash_spark_xx64_on(hash, nulls, n);
}

int64_t remote_bucket(int64_t hash, int64_t buckets)
{
	int64_t rest = hash % buckets;
	return rest < 0 ? rest + buckets : rest;
}

void bucket_add(struct bucket *b, int64_t hash)
{
	b->rows++;
	b->sum += hash;
	b->xored ^= hash;
}

bool bucket_parse(const char *rows, const char *sum, const char *xored, struct bucket *ret)
{
	struct decimal n, s, x;
	bool ok = rows != NULL && sum != NULL && xored != NULL &&
		decimal_parse(rows, strlen(rows), &n) && decimal_parse(sum, strlen(sum), &s) &&
		decimal_parse(xored, strlen(xored), &x) && n.scale + s.scale + x.scale == 0;
	if (ok) {
		*ret = (struct bucket){ (int64_t)n.units, s.units, (int64_t)x.units };
	}
	return ok;
}

bool bucket_equal(const struct bucket *a, const struct bucket *b)
{
	return a->rows == b->rows && a->sum == b->sum && a->xored == b->xored;
}
