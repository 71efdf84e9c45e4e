/*
 * Text that somebody looks for on the first line, a lesson behind it. The text becomes a query that FTS5 takes without
 * an error, of words without quotes, within the limits; a lesson that is decoded can be kept, and is found again by
 * what it says; a mask holds no letter or digit of its value but 9, a and x.
 */
#include <ctype.h>
#include <stdlib.h>

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"
#include "kb/query.h"

static struct store *store(void)
{
	static struct store *s;

	if (s == NULL) {
		struct bldr_error err = { 0 };
		char *path = xasprintf("%s/kb.db", folder_path());

		ASSERT(store_open(path, STORE_NORMAL, &s, &err) == 0);
		ASSERT(store_exec(s, "PRAGMA synchronous=OFF", &err) == 0);
		ASSERT(kb_open(s, &err) == 0);
		free(path);
	}
	return s;
}

static void check_query(const char *text)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct kb_question q = { .words = text };
	kb_words words = { 0 };
	kb_items items = { 0 };
	struct buf out;

	buf_init(&out, KB_QUERY_MAX);
	kb_query(text, &a, &out);
	ASSERT(!buf_failed(&out));
	kb_split(text, KB_QUERY_WORDS_MAX, &a, &words);
	ASSERT(words.n <= KB_QUERY_WORDS_MAX && (words.n == 0) == (out.size == 0));
	for (size_t i = 0; i < words.n; i++) {
		ASSERT(strlen(words.at[i]) <= KB_QUERY_WORD_MAX);
		ASSERT(strpbrk(words.at[i], "\"'*^:(){}+- ") == NULL);
		ASSERT(utf8_valid(words.at[i], strlen(words.at[i])));
	}
	ASSERT(kb_search(store(), &q, 0, SIZE_MAX, &a, &items, &err) == 0);
	buf_release(&out);
	arena_release(&a);
}

static void check_mask(const char *text)
{
	char mask[KB_MASK_MAX];

	kb_mask(text, mask);
	for (const char *c = mask; *c != '\0'; c++) {
		ASSERT((unsigned char)*c < 0x80);
		ASSERT(!isalnum((unsigned char)*c) || strchr("9ax", *c) != NULL);
	}
}

static void check_lesson(const char *text, size_t size)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct bldr_value *v = NULL;
	struct kb_lesson lesson;
	int rc;

	if (bldr_value_parse(text, size, &v, NULL) < 0) {
		return;
	}
	rc = kb_lesson_decode(v, &a, &lesson, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT);
	} else {
		struct kb_item item;
		char id[KB_ID_MAX];
		bool fresh;

		ASSERT(store_exec(store(), "BEGIN", &err) == 0);
		ASSERT(kb_learn(store(), &lesson, "run", 1, id, &fresh, &err) == 0);
		ASSERT(kb_find(store(), id, &a, &item, &err) == 0);
		ASSERT(item.kind == lesson.kind && strcmp(item.title, lesson.title) == 0);
		ASSERT(store_exec(store(), "ROLLBACK", &err) == 0);
	}
	bldr_unref(v);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first = size;
	size_t rest;
	const char *lesson = second_part((const char *)data, &first, &rest);
	char *text = xstrndup((const char *)data, first);

	check_query(text);
	check_mask(text);
	check_lesson(lesson, rest);
	free(text);
	return 0;
}
