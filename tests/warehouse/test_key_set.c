/* The set of integers: members, growth, the integer that marks free places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "warehouse/key_set.h"

static void holds_what_was_added_and_nothing_else(void **state)
{
	static const int64_t keys[] = {
		0, -1, -2, 1, INT64_MIN, INT64_MAX, INT64_MIN + 1, 20180101
	};
	struct key_set *s = key_set_new();

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_false(key_set_has(s, keys[i]));
		assert_true(key_set_add(s, keys[i]));
		assert_true(key_set_has(s, keys[i]));
		assert_false(key_set_add(s, keys[i]));
	}
	assert_false(key_set_has(s, 2));
	key_set_free(s);
	key_set_free(NULL);
}

/* Every third of a million numbers, far apart and side by side. */
static void grows(void **state)
{
	static const int64_t steps[] = { 1, 4096, INT64_C(1) << 32, INT64_C(9876543210123) };

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		struct key_set *s = key_set_new();

		for (int64_t i = 0; i < 300000; i += 3) {
			assert_true(key_set_add(s, (i - 150000) * steps[k]));
		}
		for (int64_t i = 0; i < 300000; i++) {
			assert_int_equal(key_set_has(s, (i - 150000) * steps[k]), i % 3 == 0);
		}
		key_set_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_was_added_and_nothing_else),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests_name("key_set", tests, NULL, NULL);
}
