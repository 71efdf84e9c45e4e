/* The embedded files are those of the source tree, byte by byte, with a NUL behind each. */
#include "base/asset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void holds_the_bytes_of_its_file(const struct asset *a)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%s", getenv("BLDR_ROOT"), a->name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	unsigned char *bytes = malloc(a->size + 2);
	assert_non_null(bytes);
	size_t size = fread(bytes, 1, a->size + 2, file);
	(void)fclose(file);
	assert_int_equal(size, a->size);
	assert_memory_equal(bytes, a->data, a->size);
	assert_int_equal(a->data[a->size], 0);
	free(bytes);
}

static void every_asset_is_its_file(void **state)
{
	(void)state;
	size_t n = 0;
	for (const struct asset *a; (a = asset_at(n)) != NULL; n++) {
		holds_the_bytes_of_its_file(a);
		assert_ptr_equal(asset_find(a->name), a);
		if (n > 0) {
			assert_true(strcmp(asset_at(n - 1)->name, a->name) < 0);
		}
	}
	assert_null(asset_at(n + 1));
}

static void an_unknown_name_is_null(void **state)
{
	(void)state;
	assert_null(asset_find(""));
	assert_null(asset_find("schemas"));
	assert_null(asset_find("schemas/none.schema.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_asset_is_its_file),
		cmocka_unit_test(an_unknown_name_is_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
