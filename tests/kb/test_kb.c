/* The knowledge base in a file: what may be kept, what is found, trust, outcomes, versions. */
#include "base/base_test.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"
#include "scratch.h"

#define FP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FP_C "cccccccccccccccccccccccccccccccc"
#define GOLDEN                                                                               \
	"{'kind':'golden','agent':'any','trusted':true,'source':'" FP_A "','tables':['" FP_B \
	"'],'title':'star of orders','words':'orders order_id customers',"                   \
	"'body':{'star':['fact_order']},'evidence':{'verdict':'validated'}}"
#define CORRECTION_OF(column, wrong)                                                            \
	"{'kind':'correction','agent':'analyst','trusted':true,'source':'" FP_A                 \
	"','tables':['" FP_B "'],'title':'dates of orders." column                              \
	"','words':'date order orders " column "','body':{'precondition':{'fingerprint':'" FP_B \
	"','table':'orders','columns':[{'name':'" column "','type':'date','mask':'9-9-9'}]},"   \
	"'fix':{'repair':'date_order','rule_out':['" wrong "'],'use':['yyyy-MM-dd']},"          \
	"'changes':[{'table':'fact','column':'day_key','at':'/args/0','wrong':'" wrong          \
	"','right':'yyyy-MM-dd'}]},'evidence':{'checks':['K3 fact.day_key']}}"
#define CORRECTION CORRECTION_OF("day", "yyyy-dd-MM")

struct fixture {
	struct scratch dir;
	char path[160];
	struct store *store;
	struct arena arena;
};

#define ok(rc)                                             \
	do {                                               \
		if ((rc) < 0) {                            \
			fail_msg("%s: %s", #rc, err.text); \
		}                                          \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct bldr_error err = { 0 };

	scratch_make(&f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/bldr.db", f->dir.path);
	ok(store_open(f->path, STORE_NORMAL, &f->store, &err));
	ok(kb_open(f->store, &err));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	arena_release(&f->arena);
	scratch_remove(&f->dir);
	free(f);
	return 0;
}

static void drop(void *user)
{
	bldr_unref(user);
}

static int decode(struct fixture *f, const char *text, struct kb_lesson *ret, struct bldr_error *err)
{
	struct bldr_value *v = json(text);

	arena_on_release(&f->arena, drop, v);
	return kb_lesson_decode(v, &f->arena, ret, err);
}

/* Keeps a lesson; returns whether it was new. */
static bool learn(struct fixture *f, const char *text, const char *run, int64_t now_ms,
		  char ret_id[KB_ID_MAX])
{
	struct kb_lesson l;
	struct bldr_error err = { 0 };
	bool fresh = false;

	ok(decode(f, text, &l, &err));
	ok(kb_learn(f->store, &l, run, now_ms, ret_id, &fresh, &err));
	return fresh;
}

static struct kb_item item(struct fixture *f, const char *id)
{
	struct kb_item found;
	struct bldr_error err = { 0 };

	ok(kb_find(f->store, id, &f->arena, &found, &err));
	return found;
}

static void lessons_are_kept_once_with_all_their_evidence(void **state)
{
	struct fixture *f = *state;
	char id[KB_ID_MAX], again[KB_ID_MAX];
	struct bldr_value *evidence = NULL;
	struct bldr_error err = { 0 };

	assert_true(learn(f, CORRECTION, "run-1", 100, id));
	assert_memory_equal(id, "c-", 2);
	assert_int_equal(strlen(id), 14);
	assert_false(learn(f, CORRECTION, "run-2", 200, again));
	assert_string_equal(again, id);
	assert_false(learn(f, CORRECTION, "run-2", 300, again)); /* a run is evidence once */
	assert_int_equal(item(f, id).created_ms, 100);
	assert_int_equal(item(f, id).updated_ms, 300);
	ok(kb_evidence(f->store, item(f, id).number, &evidence, &err));
	assert_json(evidence,
		    "[{'at_ms':100,'evidence':{'checks':['K3 fact.day_key']},'run':'run-1'},"
		    "{'at_ms':200,'evidence':{'checks':['K3 fact.day_key']},'run':'run-2'}]");
	bldr_unref(evidence);
	assert_true(learn(f, CORRECTION_OF("ship_day", "yyyy-dd-MM"), "run-1", 1, again));
	assert_string_not_equal(again, id);
}

static void refused(struct fixture *f, const char *text, int code, const char *why)
{
	struct kb_lesson l;
	struct bldr_error err = { 0 };

	assert_int_equal(decode(f, text, &l, &err), code);
	if (strstr(err.text, why) == NULL) {
		fail_msg("%s: \"%s\" says nothing of \"%s\"", text, err.text, why);
	}
}

/* The text with one part of it replaced. */
static const char *with(struct fixture *f, const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	assert_non_null(at);
	return arena_printf(&f->arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static const char *repeat(struct fixture *f, char c, size_t n)
{
	char *text = arena_alloc(&f->arena, n + 1);

	memset(text, c, n);
	return text;
}

static void values_do_not_pass_for_formats_or_masks(void **state)
{
	struct fixture *f = *state;

	refused(f, CORRECTION_OF("day", "2018-01-31"), BLDR_E_INVALID, "value of the data");
	refused(f, CORRECTION_OF("day", ""), BLDR_E_INVALID, "value of the data");
	refused(f, with(f, CORRECTION, "9-9-9", "Smith"), BLDR_E_INVALID, "mask");
	refused(f, with(f, CORRECTION, "'use':['yyyy-MM-dd']", "'use':['secret value']"),
		BLDR_E_INVALID, "format");
	refused(f, with(f, CORRECTION, "'right':'yyyy-MM-dd'", "'right':'42'"), BLDR_E_INVALID,
		"format");
	refused(f, with(f, CORRECTION, "'fix':", "'values':[1],'fix':"), BLDR_E_INVALID, "values");
	refused(f, with(f, CORRECTION, "date_order", "rewrite"), BLDR_E_INVALID, "no repair");
}

#define CHOICE_OF(repair, wrong, right)                                                          \
	"{'kind':'correction','agent':'analyst','trusted':true,'source':'" FP_A                  \
	"','tables':['" FP_B                                                                     \
	"'],'title':'t','words':'w','body':{'precondition':{'fingerprint':'" FP_B                \
	"','table':'orders','columns':[{'name':'a','type':'int64','mask':'9'}]},'fix':{"         \
	"'repair':'" repair "','rule_out':['" wrong "'],'use':[]},'changes':[{'table':'orders'," \
	"'column':'a','at':'/keys','wrong':'" wrong "','right':'" right "'}]},'evidence':{}}"

static void each_repair_has_choices_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct kb_lesson l;
	struct bldr_error err = { 0 };

	ok(decode(f, CHOICE_OF("number_marks", ".", ","), &l, &err));
	ok(decode(f, CHOICE_OF("key", "order_id+line_no", "id"), &l, &err));
	ok(decode(f, CHOICE_OF("key", "id", ""), &l, &err)); /* no other one passed */
	ok(decode(f, CHOICE_OF("reference", "depots.depot_code", "sites.code"), &l, &err));
	refused(f, CHOICE_OF("number_marks", "1,5", ","), BLDR_E_INVALID, "mark");
	refused(f, CHOICE_OF("number_marks", ".", ""), BLDR_E_INVALID, "mark");
	refused(f, CHOICE_OF("date_order", "yyyy", ""), BLDR_E_INVALID, "format");
	refused(f, CHOICE_OF("key", "Mrs Smith", "id"), BLDR_E_INVALID, "value of the data");
	refused(f, CHOICE_OF("key", "", "id"), BLDR_E_INVALID, "value of the data");
	refused(f, CHOICE_OF("key", "a.b", "id"), BLDR_E_INVALID, "value of the data");
	refused(f, CHOICE_OF("reference", "a+b", "c"), BLDR_E_INVALID, "value of the data");
	refused(f, CHOICE_OF("source_column", "a", "b"), BLDR_E_INVALID, "no repair");
	refused(f,
		with(f, CHOICE_OF("key", "a", "b"), "[{'name':'a','type':'int64','mask':'9'}]",
		     "[]"),
		BLDR_E_LIMIT, "precondition");
}

#define CHOSEN_OF(table, key) \
	"'body':{'chosen':[{'table':'" table "','key':'" key "'}],'star':['fact_order']}"
#define STAR "'body':{'star':['fact_order']}"

static void an_example_says_which_keys_were_chosen(void **state)
{
	struct fixture *f = *state;
	struct kb_lesson l;
	struct kb_example e;
	struct bldr_error err = { 0 };

	ok(decode(f, with(f, GOLDEN, STAR, CHOSEN_OF(FP_B, "a+b")), &l, &err));
	ok(kb_example_decode(l.body, &f->arena, &e, &err));
	assert_int_equal(e.chosen.n, 1);
	assert_string_equal(e.chosen.at[0].table, FP_B);
	assert_string_equal(e.chosen.at[0].key, "a+b");
	ok(decode(f, with(f, GOLDEN, STAR, CHOSEN_OF(FP_B, "")), &l, &err)); /* none */
	ok(decode(f, GOLDEN, &l, &err));
	ok(kb_example_decode(l.body, &f->arena, &e, &err));
	assert_int_equal(e.chosen.n, 0);
	refused(f, with(f, GOLDEN, STAR, CHOSEN_OF(FP_B, "Mrs Smith")), BLDR_E_INVALID, "value");
	refused(f, with(f, GOLDEN, STAR, CHOSEN_OF("trips", "a")), BLDR_E_INVALID, "fingerprint");
}

static void lessons_have_limits(void **state)
{
	struct fixture *f = *state;
	struct kb_lesson l;
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	struct bldr_value *tables;

	refused(f, with(f, GOLDEN, "star of orders", repeat(f, 'x', KB_TITLE_MAX + 1)),
		BLDR_E_LIMIT, "title");
	ok(decode(f, with(f, GOLDEN, "star of orders", repeat(f, 'x', KB_TITLE_MAX)), &l, &err));
	refused(f, with(f, GOLDEN, "order_id", repeat(f, 'x', KB_WORDS_MAX)), BLDR_E_LIMIT, "words");
	/* {"star":["..."]} has 13 bytes around the text */
	ok(decode(f, with(f, GOLDEN, "fact_order", repeat(f, 'x', KB_BODY_MAX - 13)), &l, &err));
	refused(f, with(f, GOLDEN, "fact_order", repeat(f, 'x', KB_BODY_MAX - 12)), BLDR_E_LIMIT,
		"body");
	refused(f, with(f, GOLDEN, "validated", repeat(f, 'x', KB_EVIDENCE_MAX)), BLDR_E_LIMIT,
		"evidence");
	refused(f, with(f, GOLDEN, "star of orders", "a\\u0001b"), BLDR_E_INVALID, "control");
	refused(f, with(f, GOLDEN, FP_A, "abc"), BLDR_E_INVALID, "fingerprint");
	refused(f, with(f, GOLDEN, "'body':{'star':['fact_order']}", "'body':[]"), BLDR_E_INVALID,
		"no object");
	refused(f, with(f, GOLDEN, "'kind':'golden'", "'kind':'rumour'"), BLDR_E_INVALID, "kind");
	refused(f,
		with(f, CORRECTION, "'name':'day'",
		     arena_printf(&f->arena, "'name':'%s'", repeat(f, 'x', KB_NAME_MAX + 1))),
		BLDR_E_LIMIT, "column");
	v = json(GOLDEN);
	tables = bldr_list();
	for (int i = 0; i < KB_FINGERPRINTS_MAX - 1; i++) {
		bldr_list_add(tables, bldr_text(FP_B));
	}
	bldr_object_set(v, "tables", bldr_copy(tables));
	ok(kb_lesson_decode(v, &f->arena, &l, &err));
	bldr_list_add(tables, bldr_text(FP_B));
	bldr_object_set(v, "tables", tables);
	assert_int_equal(kb_lesson_decode(v, &f->arena, &l, &err), BLDR_E_LIMIT);
	bldr_unref(v);
}

/* The ids that a recall shows, joined by blanks. */
static const char *recalled(struct fixture *f, const char *question, int64_t now_ms)
{
	struct bldr_value *v = json(question);
	struct kb_question q;
	kb_items items = { 0 };
	struct bldr_error err = { 0 };
	const char *text = "";

	ok(kb_question_decode(v, &f->arena, &q, &err));
	ok(kb_recall(f->store, &q, now_ms, &f->arena, &items, &err));
	for (size_t i = 0; i < items.n; i++) {
		text = arena_printf(&f->arena, "%s%s%s", text, i > 0 ? " " : "", items.at[i].id);
	}
	bldr_unref(v);
	return text;
}

static void items_are_found_by_fingerprint_and_by_words(void **state)
{
	struct fixture *f = *state;
	char golden[KB_ID_MAX], correction[KB_ID_MAX];
	const char *both;

	learn(f, GOLDEN, "run-1", 100, golden);
	learn(f, CORRECTION, "run-1", 100, correction);
	both = arena_printf(&f->arena, "%s %s", correction, golden);
	assert_string_equal(recalled(f, "{}", 100), "");
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 100), both); /* newest first */
	assert_string_equal(recalled(f, "{'tables':['" FP_B "']}", 100), both);
	assert_string_equal(recalled(f, "{'tables':['" FP_C "']}", 100), "");
	assert_string_equal(recalled(f, "{'words':'customer'}", 100), golden); /* stemmed */
	assert_string_equal(recalled(f, "{'words':'the and of'}", 100), "");
	assert_string_equal(recalled(f, "{'words':'\\\" OR title:* NEAR('}", 100), "");
	assert_string_equal(recalled(f, "{'agent':'developer','source':'" FP_A "'}", 100), golden);
	assert_string_equal(recalled(f, "{'agent':'analyst','source':'" FP_A "'}", 100), both);
}

static void only_trusted_items_are_recalled(void **state)
{
	struct fixture *f = *state;
	char id[KB_ID_MAX];

	learn(f, with(f, CORRECTION, "'trusted':true", "'trusted':false"), "run-1", 100, id);
	assert_false(item(f, id).trusted);
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 100), "");
	learn(f, CORRECTION, "run-2", 200, id);
	assert_true(item(f, id).trusted);
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 200), id);
	learn(f, with(f, CORRECTION, "'trusted':true", "'trusted':false"), "run-3", 300, id);
	assert_true(item(f, id).trusted); /* what was shown once stays shown */
}

static void what_hurt_is_not_shown_until_it_helped(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	char id[KB_ID_MAX];

	learn(f, CORRECTION, "run-1", 100, id);
	ok(kb_judge(f->store, id, KB_SHOWN, 110, &err));
	ok(kb_judge(f->store, id, KB_HURT, 120, &err));
	assert_int_equal(item(f, id).shown, 1);
	assert_int_equal(item(f, id).hurt, 1);
	assert_int_equal(item(f, id).updated_ms, 100);
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 120), "");
	ok(kb_judge(f->store, id, KB_HELPED, 130, &err));
	assert_int_equal(item(f, id).helped, 1);
	assert_int_equal(item(f, id).updated_ms, 130);
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 130), id);
	ok(kb_judge(f->store, "c-000000000000", KB_HELPED, 130, &err)); /* unknown: passed over */
}

static void a_read_is_small(void **state)
{
	struct fixture *f = *state;
	kb_items items = { 0 };
	struct kb_question q = { .source = FP_A };
	struct bldr_error err = { 0 };
	char id[KB_ID_MAX];
	size_t kinds[2] = { 0 };
	size_t bytes = 0;

	for (int i = 0; i < 9; i++) {
		char name[] = "day_0";

		name[4] = (char)('0' + i);
		learn(f,
		      with(f,
			   with(f, CORRECTION, "'name':'day'",
				arena_printf(&f->arena, "'name':'%s'", name)),
			   "dates of orders.day", arena_printf(&f->arena, "dates of %s", name)),
		      "run", 100 + i, id);
		learn(f,
		      with(f,
			   with(f, with(f, GOLDEN, "order_id", repeat(f, (char)('a' + i), 300)),
				"customers", repeat(f, (char)('k' + i), 30)),
			   "fact_order", arena_printf(&f->arena, "fact_%d", i)),
		      "run", 200 + i, id);
	}
	ok(kb_recall(f->store, &q, 300, &f->arena, &items, &err));
	for (size_t i = 0; i < items.n; i++) {
		kinds[items.at[i].kind]++;
		bytes += strlen(items.at[i].title) + strlen(items.at[i].body);
	}
	assert_int_equal(kinds[KB_GOLDEN], KB_GOLDEN_SHOWN);
	assert_int_equal(kinds[KB_CORRECTION], KB_CORRECTIONS_SHOWN);
	assert_in_range(bytes, 1, KB_SHOWN_BYTES);
}

static void large_items_do_not_crowd_a_read(void **state)
{
	struct fixture *f = *state;
	char first[KB_ID_MAX], large[KB_ID_MAX];

	learn(f, with(f, GOLDEN, "fact_order", repeat(f, 'x', 5000)), "run", 100, first);
	learn(f,
	      with(f, with(f, GOLDEN, "fact_order", repeat(f, 'y', 5000)),
		   "orders order_id customers", "other words"),
	      "run", 200, large);
	/* 5,000 and 5,000 bytes are more than 9,600: the newer one fits, the other does not */
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 200), large);
}

static void near_duplicates_are_dropped(void **state)
{
	struct fixture *f = *state;
	char old[KB_ID_MAX], new[KB_ID_MAX];

	learn(f, GOLDEN, "run", 100, old);
	learn(f, with(f, GOLDEN, "fact_order", "fact_orders"), "run", 200, new);
	assert_string_not_equal(old, new);
	assert_string_equal(recalled(f, "{'source':'" FP_A "'}", 200), new);
}

static void items_are_found_by_the_beginning_of_their_id(void **state)
{
	struct fixture *f = *state;
	struct kb_item found;
	struct bldr_error err = { 0 };
	kb_items items = { 0 };
	char golden[KB_ID_MAX], correction[KB_ID_MAX], other[KB_ID_MAX];

	learn(f, GOLDEN, "run", 100, golden);
	learn(f, CORRECTION, "run", 100, correction);
	learn(f, CORRECTION_OF("ship_day", "yyyy-dd-MM"), "run", 100, other);
	ok(kb_find(f->store, "g-", &f->arena, &found, &err));
	assert_string_equal(found.id, golden);
	assert_int_equal(kb_find(f->store, "c-", &f->arena, &found, &err), BLDR_E_INVALID);
	assert_int_equal(kb_find(f->store, "x", &f->arena, &found, &err), BLDR_E_NOT_FOUND);
	assert_int_equal(kb_find(f->store, "", &f->arena, &found, &err), BLDR_E_NOT_FOUND);
	assert_int_equal(kb_find(f->store, "%", &f->arena, &found, &err), BLDR_E_NOT_FOUND);
	ok(kb_list(f->store, KB_CORRECTION, &f->arena, &items, &err));
	assert_int_equal(items.n, 2);
}

static void an_older_file_gets_the_tables_a_newer_one_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct store_tables other = { .module = "journal",
					    .version = 1,
					    .create = "CREATE TABLE thread(x)" };
	struct bldr_error err = { 0 };
	bool exists = true;

	store_close(f->store);
	(void)unlink(f->path);
	ok(store_open(f->path, STORE_NORMAL, &f->store, &err));
	ok(store_migrate(f->store, &other, &err));
	ok(kb_exists(f->store, &exists, &err));
	assert_false(exists);
	ok(kb_open(f->store, &err));
	ok(kb_exists(f->store, &exists, &err));
	assert_true(exists);
	ok(store_exec(f->store, "UPDATE schema_version SET version=2 WHERE module='kb'", &err));
	assert_int_equal(kb_open(f->store, &err), BLDR_E_INVALID);
	assert_non_null(strstr(err.text, "a newer version"));
	assert_non_null(strstr(err.text, "kb tables are version 2, known here is 1"));
	assert_int_equal(kb_exists(f->store, &exists, &err), BLDR_E_INVALID);
}

static void an_unknown_kind_is_told(void **state)
{
	struct fixture *f = *state;
	struct bldr_error err = { 0 };
	kb_items items = { 0 };
	char id[KB_ID_MAX];

	learn(f, GOLDEN, "run", 100, id);
	ok(store_exec(f->store, "UPDATE kb_item SET kind=7", &err));
	assert_int_equal(kb_list(f->store, -1, &f->arena, &items, &err), BLDR_E_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lessons_are_kept_once_with_all_their_evidence),
		TEST(values_do_not_pass_for_formats_or_masks),
		TEST(each_repair_has_choices_of_its_own),
		TEST(an_example_says_which_keys_were_chosen),
		TEST(lessons_have_limits),
		TEST(items_are_found_by_fingerprint_and_by_words),
		TEST(only_trusted_items_are_recalled),
		TEST(what_hurt_is_not_shown_until_it_helped),
		TEST(a_read_is_small),
		TEST(large_items_do_not_crowd_a_read),
		TEST(near_duplicates_are_dropped),
		TEST(items_are_found_by_the_beginning_of_their_id),
		TEST(an_older_file_gets_the_tables_a_newer_one_is_refused),
		TEST(an_unknown_kind_is_told),
	};

	return cmocka_run_group_tests_name("kb", tests, NULL, NULL);
}
