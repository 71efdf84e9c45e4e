/* One table's profile: counts, orders, lengths, what is rejected, and the limits. All numbers by hand. */
#include "folder.h"

static const struct column_profile *column(const struct folder *f, size_t i)
{
	assert_true(i < f->tables[0].columns.n);
	return &f->tables[0].columns.at[i];
}

static void test_counts(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv",
	    "id,word\n"
	    "10,b\n"
	    "9,\xC3\xA9\xC3\xA9\n"
	    "9,\n"
	    "-1,b\n"
	    "NULL,\"a b\"\n"
	    "100,ab\n");
	assert_int_equal(profile_all(f), 0);
	assert_string_equal(f->tables[0].table, "t");
	assert_string_equal(f->tables[0].path, "t.csv");
	assert_int_equal(f->tables[0].rows, 6);
	assert_int_equal(f->tables[0].rejected_rows, 0);
	assert_int_equal(f->tables[0].rejected.n, 0);

	const struct column_profile *id = column(f, 0);
	assert_string_equal(id->name, "id");
	assert_int_equal(id->ordinal, 0);
	assert_string_equal(id->type, "int64");
	assert_int_equal(id->nulls, 1);
	assert_int_equal(id->distinct, 4);
	assert_string_equal(id->min, "-1");
	assert_string_equal(id->max, "100");
	assert_int_equal(id->min_length, 1);
	assert_int_equal(id->max_length, 3);

	const struct column_profile *word = column(f, 1);
	assert_int_equal(word->ordinal, 1);
	assert_string_equal(word->type, "text");
	assert_int_equal(word->nulls, 1);
	assert_int_equal(word->distinct, 4);
	assert_string_equal(word->min, "a b");
	assert_string_equal(word->max, "\xC3\xA9\xC3\xA9");
	assert_int_equal(word->min_length, 1); /* characters, not bytes */
	assert_int_equal(word->max_length, 3);
	assert_int_equal(word->top.n, 4);
	assert_string_equal(word->top.at[0].token, "b");
	assert_int_equal(word->top.at[0].count, 2);
	assert_string_equal(word->top.at[1].token, "a b"); /* ties by bytes */
	assert_string_equal(word->top.at[2].token, "ab");
	assert_string_equal(word->top.at[3].token, "\xC3\xA9\xC3\xA9");
	assert_int_equal(f->tables[0].keys.n, 0);
}

static void test_values_count_as_written(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv", "n,m\n1,1\n 1,2\n1 ,3\n1.0,4\n");
	assert_int_equal(profile_all(f), 0);
	assert_string_equal(column(f, 0)->type, "decimal(2,1)");
	assert_int_equal(column(f, 0)->distinct, 4);
	assert_int_equal(column(f, 0)->max_length, 3);
	assert_string_equal(column(f, 0)->min, "1.0");
}

static void test_top_ten(void **state)
{
	struct folder *f = *state;
	char text[4096] = "letter,x\n";
	/* a once, b twice ... l twelve times, and A once */
	for (char c = 'a'; c <= 'l'; c++) {
		for (char i = 'a'; i <= c; i++) {
			size_t n = strlen(text);
			(void)snprintf(text + n, sizeof(text) - n, "%c,x\n", c);
		}
	}
	strcat(text, "A,x\n");
	put(f, "t.csv", text);
	assert_int_equal(profile_all(f), 0);
	const struct column_profile *k = column(f, 0);
	assert_int_equal(k->distinct, 13);
	assert_int_equal(k->top.n, 10);
	assert_string_equal(k->top.at[0].token, "l");
	assert_int_equal(k->top.at[0].count, 12);
	assert_string_equal(k->top.at[9].token, "c");
	assert_int_equal(k->top.at[9].count, 3);
}

static void test_rejected_records(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv",
	    "id,v\n"
	    "1,a\n"
	    "2\n"
	    "3,\"x\ny\"\n"
	    "4,\xE9\xE9\n"
	    "5,žluťoučký kůň žluťoučký kůň a žluťoučký kůň a jeho žluťoučké hříbě\n");
	assert_int_equal(profile_all(f), 0);
	const struct table_profile *t = &f->tables[0];
	assert_int_equal(t->rows, 3);
	assert_int_equal(t->rejected_rows, 2);
	assert_int_equal(t->rejected.n, 2);
	assert_int_equal(t->rejected.at[0].line, 3);
	assert_int_equal(t->rejected.at[0].offset, 9);
	assert_string_equal(t->rejected.at[0].reason, "1 field where the header has 2");
	assert_string_equal(t->rejected.at[0].raw, "2");
	/* printf 2 | b2sum -l 256 */
	assert_string_equal(t->rejected.at[0].hash,
			    "31237cdb79ae1dfa7ffb87cde7ea8a80352d300ee5ac758a6cddd19d671925ec");
	assert_int_equal(t->rejected.at[1].line, 6);
	assert_int_equal(t->rejected.at[1].offset, 19);
	assert_string_equal(t->rejected.at[1].reason, "not valid UTF-8");
	assert_string_equal(t->rejected.at[1].raw, "4,\xEF\xBF\xBD\xEF\xBF\xBD");
	/* a rejected record's values count nowhere */
	assert_int_equal(column(f, 0)->distinct, 3);
	assert_string_equal(column(f, 0)->max, "5");
}

static void test_rejected_raw_is_cut(void **state)
{
	struct folder *f = *state;
	char text[6100];
	memset(text, 'x', sizeof(text));
	memcpy(text, "a,b\n", 4);
	text[20] = '\0';
	/* 256 bytes of text, where the NUL takes three, end inside the character */
	memcpy(text + 4 + 253, "\xC3\xA9", 2);
	text[6099] = '\n';
	put_bytes(f, "t.csv", text, sizeof(text));
	assert_int_equal(profile_all(f), 0);
	assert_int_equal(f->tables[0].rejected.n, 1);
	const char *raw = f->tables[0].rejected.at[0].raw;
	assert_int_equal(strncmp(raw + 16, "\xEF\xBF\xBD", 3), 0); /* the NUL */
	assert_int_equal(strlen(raw), 255);
}

static void test_long_values_are_shown_cut(void **state)
{
	struct folder *f = *state;
	char text[1024] = "v,w\n";
	memset(text + 4, 'x', 300);
	strcpy(text + 304, ",1\n");
	put(f, "t.csv", text);
	assert_int_equal(profile_all(f), 0);
	const struct column_profile *v = column(f, 0);
	assert_int_equal(v->max_length, 300);
	assert_int_equal(strlen(v->max), 256 + 3); /* and an ellipsis */
	assert_string_equal(v->top.at[0].token, v->max);
}

/* All are counted, the first are shown, and what is good still has its profile. */
static void test_very_many_rejected(void **state)
{
	struct folder *f = *state;
	enum { BAD = 100000 };
	size_t n = 4 + 2 * (size_t)BAD + 4;
	char *text = malloc(n);
	memcpy(text, "a,b\n", 4);
	for (size_t i = 4; i < n - 4; i += 2) {
		memcpy(text + i, "1\n", 2);
	}
	memcpy(text + n - 4, "7,8\n", 4);
	put_bytes(f, "t.csv", text, n);
	free(text);
	assert_int_equal(profile_all(f), 0);
	const struct table_profile *t = &f->tables[0];
	assert_int_equal(t->rejected_rows, BAD);
	assert_int_equal(t->rejected.n, 20);
	assert_int_equal(t->rejected.at[0].line, 2);
	assert_int_equal(t->rejected.at[19].line, 21);
	assert_int_equal(t->rejected.at[19].offset, 4 + 19 * 2);
	assert_int_equal(t->rows, 1);
	assert_string_equal(column(f, 0)->max, "7");
}

static void test_header_only(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv", "id,v\n");
	assert_int_equal(profile_all(f), 0);
	assert_int_equal(f->tables[0].rows, 0);
	assert_int_equal(f->tables[0].columns.n, 2);
	assert_string_equal(column(f, 0)->type, "text");
	assert_null(column(f, 0)->min);
	assert_int_equal(column(f, 0)->max_length, 0);
	assert_int_equal(f->tables[0].keys.n, 0);
}

static void test_changed(void **state)
{
	struct folder *f = *state;
	struct table_profile t = { .table = "untouched" };
	const struct source_file *s = only_source(f, "t.csv", "id\n1\n");
	put(f, "t.csv", "id\n2\n");
	int rc = ingest_profile_table(f->scratch.path, s, NULL, &f->arena, &t, &f->err);
	assert_int_equal(rc, BLDR_E_CHANGED);
	assert_string_equal(t.table, "untouched");
}

/* The score orders the candidates; nothing is chosen yet. */
static void test_candidates(void **state)
{
	struct folder *f = *state;
	put(f, "orders.csv",
	    "email,order_id,note,ratio,ref\n"
	    "a@x,1,p,1.5,1\n"
	    "b@x,2,p,2.5,\n"
	    "c@x,3,q,3.5,3\n");
	assert_int_equal(profile_all(f), 0);
	const struct table_profile *t = &f->tables[0];
	/* note repeats, ratio is a fraction, ref has a null */
	assert_int_equal(t->keys.n, 2);
	assert_string_equal(t->keys.at[0].columns.at[0], "order_id");
	assert_string_equal(t->keys.at[1].columns.at[0], "email");
	assert_false(t->keys.at[0].chosen);
	assert_true(strcmp(t->keys.at[0].score, t->keys.at[1].score) > 0);
	assert_true(t->keys.at[0].evidence.n > 0);
}

/* Blanks around a value do not make it another key. */
static void test_padded_keys_are_equal(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv", "id,v\nA,1\nA ,2\n");
	assert_int_equal(profile_all(f), 0);
	assert_int_equal(column(f, 0)->distinct, 2);
	assert_int_equal(f->tables[0].keys.n, 1);
	assert_string_equal(f->tables[0].keys.at[0].columns.at[0], "v");
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_counts),
		FOLDER_TEST(test_values_count_as_written),
		FOLDER_TEST(test_top_ten),
		FOLDER_TEST(test_rejected_records),
		FOLDER_TEST(test_rejected_raw_is_cut),
		FOLDER_TEST(test_long_values_are_shown_cut),
		FOLDER_TEST(test_very_many_rejected),
		FOLDER_TEST(test_header_only),
		FOLDER_TEST(test_changed),
		FOLDER_TEST(test_candidates),
		FOLDER_TEST(test_padded_keys_are_equal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
