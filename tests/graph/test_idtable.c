/* The table of pending effects: what is added is found until it is removed, in order of id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "graph/idtable.h"

static size_t count(const struct idtable *t)
{
	size_t n = 0;
	int64_t last = INT64_MIN;
	for (size_t i = 0; i < t->n; i++) {
		assert_true(t->at[i].id > last);
		last = t->at[i].id;
		n += t->at[i].value != NULL;
	}
	return n;
}

static void what_is_added_is_found_until_it_is_removed(void **state)
{
	(void)state;
	struct idtable t = { 0 };
	char values[1000];
	assert_null(idtable_find(&t, 1));
	for (int64_t id = 0; id < 1000; id++) {
		idtable_add(&t, id * 3, &values[id]);
	}
	for (int64_t id = 0; id < 1000; id += 2) { /* from both ends */
		idtable_remove(&t, id * 3);
		idtable_remove(&t, (999 - id) * 3);
		assert_null(idtable_find(&t, id * 3));
		for (int64_t i = id + 2; i < 999 - id; i += 97) {
			assert_ptr_equal(idtable_find(&t, i * 3), &values[i]);
		}
		assert_null(idtable_find(&t, id * 3 + 1));
	}
	assert_int_equal(count(&t), 0);
	assert_true(t.n < 10); /* gaps do not stay for ever */
	idtable_release(&t);
}

static void ids_may_come_out_of_order(void **state)
{
	(void)state;
	struct idtable t = { 0 };
	char values[8];
	static const int64_t ids[] = { 50, 10, 60, 30, 20, 70, 40, 5 };
	for (size_t i = 0; i < 8; i++) {
		idtable_add(&t, ids[i], &values[i]);
	}
	assert_int_equal(count(&t), 8);
	for (size_t i = 0; i < 8; i++) {
		assert_ptr_equal(idtable_find(&t, ids[i]), &values[i]);
	}
	idtable_remove(&t, 30);
	idtable_add(&t, 30, &values[0]); /* where the gap is */
	assert_ptr_equal(idtable_find(&t, 30), &values[0]);
	assert_int_equal(count(&t), 8);
	idtable_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
		cmocka_unit_test(ids_may_come_out_of_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
