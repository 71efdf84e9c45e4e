/* Sketches: their file byte by byte, what is refused, how two columns compare, how far HyperLogLog is off. */
#include "folder.h"

#include "ingest/fingerprint.h"
#include "ingest/sketch.h"
#include "ingest/unique.h"

#define SOURCE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static uint64_t number(uint64_t i)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)i);
	return fingerprint(text, (size_t)n);
}

/* The values from..to, as a column. */
static struct column_sketch numbers(struct arena *a, uint64_t from, uint64_t to)
{
	struct sketch_k k = { .n = 0 };
	const uint64_t *hashes;
	for (int again = 0; again < 2; again++) { /* what comes again changes nothing */
		for (uint64_t i = to; i-- > from;) {
			sketch_k_add(&k, number(i));
		}
	}
	struct column_sketch s = { .distinct = (int64_t)(to - from) };
	s.n = sketch_k_end(&k, &hashes);
	s.hashes = arena_copy(a, hashes, s.n * sizeof(*hashes));
	sketch_k_release(&k);
	return s;
}

static void test_fingerprints_are_xxh3(void **state)
{
	(void)state;
	/* of the specification's own test vectors */
	assert_true(fingerprint("", 0) == UINT64_C(0x2D06800538D394C2));
}

static void encode(const struct table_sketch *s, struct buf *out)
{
	buf_init(out, SKETCH_BYTES_MAX);
	sketch_encode(s, out);
	assert_false(buf_failed(out));
}

static void test_bytes(void **state)
{
	struct folder *f = *state;
	const uint64_t hashes[] = { 1, UINT64_C(0x0807060504030201) };
	struct column_sketch columns[] = { { 2, false, 2, hashes }, { 7, true, 1, hashes } };
	struct table_sketch s = { SOURCE, 9, 2, columns };
	struct buf out;
	encode(&s, &out);
	const char expected[] = "BLDRSKCH\1\0\0\0\2\0\0\0\11\0\0\0\0\0\0\0" SOURCE
				"\2\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0"
				"\1\0\0\0\0\0\0\0\1\2\3\4\5\6\7\10"
				"\7\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"
				"\1\0\0\0\0\0\0\0";
	assert_int_equal(out.size, sizeof(expected) - 1 + 8);
	assert_memory_equal(out.data, expected, sizeof(expected) - 1);

	struct table_sketch again;
	assert_int_equal(sketch_decode(out.data, out.size, &f->arena, &again, &f->err), 0);
	assert_string_equal(again.source, SOURCE);
	assert_int_equal(again.rows, 9);
	assert_int_equal(again.n, 2);
	assert_int_equal(again.columns[1].distinct, 7);
	assert_true(again.columns[1].estimated && !again.columns[0].estimated);
	assert_true(again.columns[0].hashes[1] == UINT64_C(0x0807060504030201));

	/* through a file, and of another source */
	const char *path = scratch_file(&f->scratch, "t.sketch");
	assert_int_equal(sketch_write(path, &s, &f->err), 0);
	assert_int_equal(sketch_read(path, SOURCE, &f->arena, &again, &f->err), 0);
	assert_int_equal(sketch_read(path, NULL, &f->arena, &again, &f->err), 0);
	assert_int_equal(sketch_read(path, "00", &f->arena, &again, &f->err), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "another source");
	assert_int_equal(sketch_read("/nowhere/t.sketch", NULL, &f->arena, &again, &f->err),
			 BLDR_E_NOT_FOUND);
	buf_release(&out);
}

/* Writes bytes at a place, mends the checksum, and expects a refusal. */
static void assert_refused(struct folder *f, const struct buf *good, size_t at, const char *bytes,
			   size_t n, const char *why)
{
	struct table_sketch s = { .rows = 77 };
	char *data = malloc(good->size);
	memcpy(data, good->data, good->size);
	memcpy(data + at, bytes, n);
	uint64_t sum = hash_xx64(data, good->size - 8);
	for (size_t i = 0; i < 8; i++) {
		data[good->size - 8 + i] = (char)(sum >> (8 * i));
	}
	assert_int_equal(sketch_decode(data, good->size, &f->arena, &s, &f->err), BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, why);
	assert_int_equal(s.rows, 77);
	free(data);
}

static void test_refused(void **state)
{
	struct folder *f = *state;
	struct table_sketch s;
	const uint64_t hashes[] = { 1, 2 };
	struct column_sketch column = { 2, false, 2, hashes };
	struct table_sketch one = { SOURCE, 9, 1, &column };
	struct buf good;
	encode(&one, &good);
	for (size_t size = 0; size < good.size; size++) {
		assert_int_equal(sketch_decode(good.data, size, &f->arena, &s, &f->err),
				 BLDR_E_INVALID);
	}
	assert_refused(f, &good, 0, "X", 1, "begin");
	assert_refused(f, &good, 8, "\2", 1, "version");
	assert_refused(f, &good, 12, "\2", 1, "within a column");
	assert_refused(f, &good, 12, "\xFF\xFF\xFF\xFF", 4, "more columns");
	assert_refused(f, &good, 12, "\0", 1, "behind the last column");
	assert_refused(f, &good, 23, "\x80", 1, "more columns or rows");
	assert_refused(f, &good, 24, "G", 1, "hash");
	assert_refused(f, &good, 88, "\12", 1, "fit together");   /* ten values in nine rows */
	assert_refused(f, &good, 88, "\1", 1, "fit together");    /* two fingerprints, one value */
	assert_refused(f, &good, 96, "\2", 1, "fit together");    /* an unknown flag */
	assert_refused(f, &good, 100, "\1\4", 2, "fit together"); /* 1025 fingerprints */
	assert_refused(f, &good, 104, "\2", 1, "ascending");
	good.data[good.size - 1] ^= 1;
	assert_int_equal(sketch_decode(good.data, good.size, &f->arena, &s, &f->err),
			 BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "checksum");
	buf_release(&good);
}

static void assert_overlap(struct sketch_overlap o, bool exact, int64_t of_min, double share,
			   double error)
{
	assert_true(o.exact == exact);
	assert_true(o.of >= of_min);
	double found = (double)o.found / (double)o.of;
	assert_true(found >= share - error && found <= share + error);
}

static void test_overlap(void **state)
{
	struct folder *f = *state;
	struct column_sketch few = numbers(&f->arena, 0, 100);
	struct column_sketch half = numbers(&f->arena, 50, 150);
	struct column_sketch many = numbers(&f->arena, 0, 50000);
	struct column_sketch other = numbers(&f->arena, 100000, 150000);
	struct column_sketch shifted = numbers(&f->arena, 25000, 75000);
	assert_int_equal(few.n, 100);
	assert_int_equal(many.n, SKETCH_HASHES);

	assert_overlap(sketch_compare(&few, &half), true, 100, 0.5, 0);
	assert_overlap(sketch_compare(&few, &few), true, 100, 1, 0);
	assert_overlap(sketch_compare(&many, &many), false, SKETCH_HASHES, 1, 0);
	assert_overlap(sketch_compare(&shifted, &many), false, 500, 0.5, 0.1);
	assert_overlap(sketch_compare(&other, &many), false, 500, 0, 0);

	/* 100 values of 50000: two of them are below the largest of 1024 that is kept, about */
	assert_true(sketch_compare(&few, &many).of < 20);
	assert_false(sketch_excludes(&few, &many, 75));
	assert_true(sketch_excludes(&few, &half, 75));
	assert_false(sketch_excludes(&few, &half, 50)); /* exactly half is not less */
	assert_true(sketch_excludes(&shifted, &many, 75));
	assert_true(sketch_excludes(&other, &many, 75));
	assert_false(sketch_excludes(&many, &many, 100));
}

static void test_hll(void **state)
{
	(void)state;
	uint8_t *registers = calloc(HLL_REGISTERS, 1);
	const uint64_t sizes[] = { 0, 1, 100, 10000, 300000 };
	uint64_t added = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (; added < sizes[i]; added++) {
			hll_add(registers, number(added));
			hll_add(registers, number(added / 2));
		}
		int64_t off = hll_estimate(registers) - (int64_t)sizes[i];
		/* four standard errors of 0.81 % */
		assert_true((uint64_t)llabs(off) * 1000 <= sizes[i] * 33);
	}
	free(registers);
}

static void test_unique(void **state)
{
	(void)state;
	struct unique u = { .n = 0 };
	unique_settle(&u);
	assert_int_equal(u.n, 0);
	for (uint64_t i = 0; i < 200000; i++) {
		unique_add(&u, number(i * 7919 % 150001));
	}
	unique_settle(&u);
	assert_int_equal(u.n, 150001);
	for (size_t i = 1; i < u.n; i++) {
		assert_true(u.at[i - 1] < u.at[i]);
	}
	unique_add(&u, u.at[5]);
	unique_add(&u, UINT64_MAX);
	unique_add(&u, 0);
	unique_settle(&u);
	assert_int_equal(u.n, 150003);
	unique_release(&u);
	for (size_t i = 0; i < 1000; i++) { /* all the same */
		unique_add(&u, 42);
	}
	unique_settle(&u);
	assert_int_equal(u.n, 1);
	unique_release(&u);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprints_are_xxh3),
		FOLDER_TEST(test_bytes),
		FOLDER_TEST(test_refused),
		FOLDER_TEST(test_overlap),
		cmocka_unit_test(test_hll),
		cmocka_unit_test(test_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
