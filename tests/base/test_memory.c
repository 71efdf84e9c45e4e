/* Arena, list, buffer and map: what holds memory, each at its limit and one beyond. */
#include "base_test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "dies.h"

static bool all_zero(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i] != 0) {
			return false;
		}
	}
	return true;
}

/* Sizes around every boundary of the block sizes; pieces must be zeroed, aligned and apart. */
static void arena_pieces(void **state)
{
	(void)state;
	struct arena a = { 0 };
	LIST(char *) pieces = { 0 };
	struct arena list_arena = { 0 };
	static const size_t sizes[] = { 0,    1,    15,   16,   17,     511,    512,    513,
					1023, 1024, 1025, 4096, 131072, 262144, 262145, 1 << 20 };
	for (size_t round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char *p = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)p % 16, 0);
			assert_true(all_zero(p, sizes[i]));
			memset(p, (int)(i + 1), sizes[i]);
			*LIST_ADD(&list_arena, &pieces) = p;
		}
	}
	for (size_t k = 0; k < pieces.n; k++) {
		size_t i = k % (sizeof(sizes) / sizeof(sizes[0]));
		for (size_t b = 0; b < sizes[i]; b += 511) {
			assert_int_equal(pieces.at[k][b], (char)(i + 1));
		}
	}
	arena_release(&list_arena);
	arena_release(&a);
	assert_null(a.blocks);
	arena_release(&a);
	assert_non_null(arena_alloc(&a, 1)); /* usable again */
	arena_release(&a);
}

static void arena_text(void **state)
{
	(void)state;
	struct arena a = { 0 };
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_null(arena_strdup(&a, NULL));
	assert_null(arena_strndup(&a, NULL, 3));
	assert_string_equal(arena_strndup(&a, "abcdef", 2), "ab");
	assert_string_equal(arena_strndup(&a, "ab", 9), "ab");
	assert_string_equal(arena_printf(&a, "%s/%d", "x", 7), "x/7");
	assert_memory_equal(arena_copy(&a, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_copy(&a, NULL, 0));
	arena_release(&a);
}

static void arena_list(void **state)
{
	(void)state;
	struct arena a = { 0 };
	LIST(struct {
		int64_t n;
		char c;
	})
	list = { 0 };
	for (int64_t i = 0; i < 1000; i++) {
		LIST_ADD(&a, &list)->n = i * i;
	}
	assert_int_equal(list.n, 1000);
	for (size_t i = 0; i < list.n; i++) {
		assert_int_equal(list.at[i].n, i * i);
		assert_int_equal(list.at[i].c, 0);
	}
	volatile size_t huge = SIZE_MAX / 4;
	assert_dies((void)ARENA_ARRAY(&a, int64_t, huge));
	arena_release(&a);
}

static void note_order(void *user)
{
	static int turn;
	*(int *)user = ++turn;
}

static void arena_hooks(void **state)
{
	(void)state;
	struct arena a = { 0 };
	int first = 0;
	int second = 0;
	arena_on_release(&a, note_order, &first);
	arena_on_release(&a, note_order, &second);
	arena_release(&a);
	assert_int_equal(second, 1);
	assert_int_equal(first, 2);
	arena_release(&a); /* once only */
	assert_int_equal(first, 2);
}

static void buf_grows(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1000);
	assert_string_equal(b.data, "");
	buf_puts(&b, "ab");
	buf_putc(&b, 'c');
	buf_add(&b, "\0d", 2);
	buf_add(&b, NULL, 0);
	buf_printf(&b, "-%d-", 12345);
	assert_int_equal(b.size, 12);
	assert_memory_equal(b.data, "abc\0d-12345-", 13);
	assert_false(buf_failed(&b));
	char *text = buf_take(&b);
	assert_memory_equal(text, "abc\0d-12345-", 13);
	free(text);
	assert_string_equal(b.data, "");
	buf_puts(&b, "again");
	assert_string_equal(b.data, "again");
	buf_clear(&b);
	assert_string_equal(b.data, "");
	buf_release(&b);
}

/* Every size around the growth steps, by the three ways of adding. */
static void buf_limit(void **state)
{
	(void)state;
	for (size_t max = 0; max < 300; max++) {
		char text[301];
		memset(text, 'x', max);
		text[max] = '\0';
		for (int way = 0; way < 3; way++) {
			struct buf b;
			buf_init(&b, max);
			if (way == 0) {
				buf_add(&b, text, max);
			} else if (way == 1) {
				buf_printf(&b, "%s", text);
			} else {
				for (size_t i = 0; i < max; i++) {
					buf_putc(&b, 'x');
				}
			}
			assert_false(buf_failed(&b));
			assert_string_equal(b.data, text);
			if (way == 1) {
				buf_printf(&b, "%c", 'y');
			} else {
				buf_putc(&b, 'y');
			}
			assert_true(buf_failed(&b));
			assert_string_equal(b.data, text); /* nothing half added */
			buf_release(&b);
		}
	}
}

static void buf_failure_sticks(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4);
	buf_puts(&b, "abcde");
	assert_true(buf_failed(&b));
	buf_puts(&b, "a");
	buf_printf(&b, "%d", 1);
	assert_int_equal(b.size, 0);
	assert_null(buf_take(&b));
	assert_false(buf_failed(&b));
	buf_puts(&b, "abcd");
	buf_puts(&b, "");
	assert_false(buf_failed(&b));
	buf_putc(&b, 'e');
	assert_true(buf_failed(&b));
	buf_clear(&b);
	buf_puts(&b, "ok");
	assert_string_equal(b.data, "ok");
	buf_release(&b);
	buf_release(&b);
}

static void map_order(void **state)
{
	(void)state;
	struct map *m = map_new();
	for (int64_t i = 0; i < 20000; i++) {
		int64_t key = i * 7919 % 20011;
		void **at = map_at(m, &key, sizeof(key));
		assert_null(*at);
		*at = (void *)(intptr_t)(i + 1);
	}
	assert_int_equal(map_count(m), 20000);
	for (int64_t i = 0; i < 20000; i++) {
		int64_t key = i * 7919 % 20011;
		size_t size;
		assert_int_equal((intptr_t)map_find(m, &key, sizeof(key)), i + 1);
		assert_memory_equal(map_key(m, (size_t)i, &size), &key, sizeof(key));
		assert_int_equal(size, sizeof(key));
		assert_int_equal((intptr_t)map_value(m, (size_t)i), i + 1);
	}
	map_free(m);
}

static void map_keys(void **state)
{
	(void)state;
	struct map *m = map_new();
	int one;
	int two;
	char key[] = "ab";
	*map_at(m, key, 2) = &one;
	key[0] = 'z'; /* keys are copied */
	assert_ptr_equal(map_find(m, "ab", 2), &one);
	assert_null(map_find(m, "a", 1));
	assert_null(map_find(m, "ab\0", 3));
	*map_at(m, "", 0) = &two;
	*map_at(m, NULL, 0) = &one; /* the empty key has no bytes to point at */
	assert_int_equal(map_count(m), 2);
	assert_ptr_equal(map_find(m, NULL, 0), &one);
	*map_at(m, "ab", 2) = &two;
	assert_int_equal(map_count(m), 2);
	assert_ptr_equal(map_value(m, 0), &two);
	assert_dies(map_value(m, 2));
	assert_dies(map_key(m, 2, NULL));
	map_free(m);
	map_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_pieces),       cmocka_unit_test(arena_text),
		cmocka_unit_test(arena_list),         cmocka_unit_test(arena_hooks),
		cmocka_unit_test(buf_grows),          cmocka_unit_test(buf_limit),
		cmocka_unit_test(buf_failure_sticks), cmocka_unit_test(map_order),
		cmocka_unit_test(map_keys),
	};
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
