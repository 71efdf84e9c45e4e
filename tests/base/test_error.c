/*
 * Errors: the table of codes, messages that travel, messages that are too long; and how a bug or
 * memory that ran out stops the program.
 */
#include "base_test.h"

#include "base/check.h"
#include "base/utf8.h"
#include "dies.h"

static void names(void **state)
{
	(void)state;
	assert_string_equal(bldr_error_name(BLDR_OK), "OK");
	assert_string_equal(bldr_error_name(BLDR_E_INVALID), "INVALID");
	assert_string_equal(bldr_error_name(-11), "FAILED");
	assert_string_equal(bldr_error_name(-12), "UNAVAILABLE");
	assert_string_equal(bldr_error_name(-13), "UNKNOWN");
	assert_string_equal(bldr_error_name(1), "UNKNOWN");
}

static void set_and_prefix(void **state)
{
	(void)state;
	struct bldr_error err;
	assert_int_equal(bldr_error_set(&err, BLDR_E_IO, "cannot read \"%s\"", "a.csv"), BLDR_E_IO);
	assert_int_equal(err.code, BLDR_E_IO);
	assert_string_equal(err.text, "cannot read \"a.csv\"");
	assert_int_equal(bldr_error_prefix(&err, "table %d", 3), BLDR_E_IO);
	assert_string_equal(err.text, "table 3: cannot read \"a.csv\"");
	/* the old message may be an argument of the new one */
	bldr_error_set(&err, BLDR_E_FAILED, "gave up: %s", err.text);
	assert_string_equal(err.text, "gave up: table 3: cannot read \"a.csv\"");
	assert_int_equal(err.code, BLDR_E_FAILED);
}

static void nobody_listens(void **state)
{
	(void)state;
	assert_int_equal(bldr_error_set(NULL, BLDR_E_LIMIT, "x"), BLDR_E_LIMIT);
	assert_int_equal(bldr_error_prefix(NULL, "x"), BLDR_E_FAILED);
}

static void fits_exactly(void **state)
{
	(void)state;
	struct bldr_error err;
	char text[BLDR_ERROR_TEXT_MAX + 1];
	memset(text, 'x', sizeof(text));
	text[BLDR_ERROR_TEXT_MAX - 1] = '\0';
	bldr_error_set(&err, BLDR_E_IO, "%s", text);
	assert_string_equal(err.text, text);
	text[BLDR_ERROR_TEXT_MAX - 1] = 'x';
	text[BLDR_ERROR_TEXT_MAX] = '\0';
	bldr_error_set(&err, BLDR_E_IO, "%s", text);
	assert_int_equal(strlen(err.text), BLDR_ERROR_TEXT_MAX - 1);
}

/* The euro sign has three bytes; wherever the cut falls, no part of it may stay. */
static void cut_at_a_character(void **state)
{
	(void)state;
	struct bldr_error err;
	for (size_t lead = BLDR_ERROR_TEXT_MAX - 5; lead < BLDR_ERROR_TEXT_MAX; lead++) {
		char text[BLDR_ERROR_TEXT_MAX + 8];
		memset(text, 'x', lead);
		memcpy(text + lead, "\xE2\x82\xAC", 4);
		bldr_error_set(&err, BLDR_E_IO, "%s", text);
		size_t size = lead + 3 < BLDR_ERROR_TEXT_MAX ? lead + 3 : lead;
		assert_int_equal(strlen(err.text), size);
		assert_true(utf8_valid(err.text, size));
	}
	/* the prefix is cut like the rest */
	char prefix[BLDR_ERROR_TEXT_MAX * 2];
	memset(prefix, 'p', sizeof(prefix));
	prefix[sizeof(prefix) - 1] = '\0';
	bldr_error_prefix(&err, "%s", prefix);
	assert_int_equal(strlen(err.text), BLDR_ERROR_TEXT_MAX - 1);
}

/* Messages quote what strangers wrote, and go on into JSON and to terminals. */
static void malformed_is_replaced(void **state)
{
	(void)state;
	struct bldr_error err;
	bldr_error_set(&err, BLDR_E_INVALID, "near '%s'", "a\xFF\xC3(\xED\xA0\x80");
	assert_string_equal(err.text,
			    "near 'a\xEF\xBF\xBD\xEF\xBF\xBD("
			    "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD'");
	/* a character that somebody else cut */
	bldr_error_set(&err, BLDR_E_INVALID, "%.2s...", "\xE2\x82\xAC");
	assert_string_equal(err.text, "\xEF\xBF\xBD...");
	/* three bytes for each one, cut at a character */
	char text[BLDR_ERROR_TEXT_MAX + 1];
	memset(text, 0xFF, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	bldr_error_set(&err, BLDR_E_INVALID, "%s", text);
	assert_int_equal(strlen(err.text), (BLDR_ERROR_TEXT_MAX - 1) / 3 * 3);
	assert_true(utf8_valid(err.text, strlen(err.text)));
}

static void a_bug_aborts(void **state)
{
	(void)state;
	ASSERT(1 + 1 == 2);
	assert_dies(ASSERT(1 + 1 == 3));
}

static void memory(void **state)
{
	(void)state;
	free(xmalloc(0));
	free(xcalloc(0, 8));
	char *s = xstrndup("abcdef", 3);
	assert_string_equal(s, "abc");
	s = xrealloc(s, 10);
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("ab", 10);
	assert_string_equal(s, "ab");
	free(s);
	s = xasprintf("%d-%s", 7, "x");
	assert_string_equal(s, "7-x");
	free(s);
#ifndef ADDRESS_SANITIZER /* it stops the program itself, in its own way */
	volatile size_t huge = SIZE_MAX / 4;
	assert_dies(free(xmalloc(huge)));
	assert_dies(free(xcalloc(huge, 16)));
	assert_dies(free(xrealloc(NULL, huge)));
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(set_and_prefix),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(fits_exactly),
		cmocka_unit_test(cut_at_a_character),
		cmocka_unit_test(malformed_is_replaced),
		cmocka_unit_test(a_bug_aborts),
		cmocka_unit_test(memory),
	};
	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
