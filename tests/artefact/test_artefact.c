/*
 * Artefacts through files: the examples in tests/golden/artefacts (written by hand, hashed and laid
 * out by Python) come back byte for byte, and what is wrong is refused with the place of the fault.
 */
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "artefact/artefact.h"
#include "base/check.h"
#include "base/file.h"

static const char *const NAMES[] = {
	"sources", "profile",  "table_profile", "design",   "contract",
	"sttm",    "pipeline", "deployment",    "findings", "evaluation",
};
enum { NAME_COUNT = sizeof(NAMES) / sizeof(NAMES[0]), FILE_MAX = 1 << 20 };

struct bench {
	char folder[64]; /* a temporary folder that plays the run's */
	char *golden;
	struct arena arena;
	struct bldr_error err;
};

static int set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	const char *root = getenv("BLDR_ROOT");
	snprintf(b->folder, sizeof(b->folder), "/tmp/bldr-artefact-XXXXXX");
	*state = b;
	b->golden = xasprintf("%s/tests/golden/artefacts", root != NULL ? root : ".");
	return mkdtemp(b->folder) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	nftw(b->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_release(&b->arena);
	free(b->golden);
	free(b);
	return 0;
}

static char *text_of(const char *folder, const char *path)
{
	char *file = xasprintf("%s/%s", folder, path);
	char *text;
	struct bldr_error err;
	if (file_read(file, FILE_MAX, &text, NULL, &err) < 0) {
		fail_msg("%s", err.text);
	}
	free(file);
	return text;
}

static struct artefact_ref ref_to(struct bench *b, const char *folder, const char *path)
{
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	assert_int_equal(
		file_hash(arena_printf(&b->arena, "%s/%s", folder, path), hash, &bytes, NULL), 0);
	return (struct artefact_ref){
		.path = arena_strdup(&b->arena, path),
		.hash = arena_strdup(&b->arena, hash),
		.bytes = (int64_t)bytes,
	};
}

static void read_golden(struct bench *b, const char *name, void *ret)
{
	struct artefact_ref ref = ref_to(b, b->golden, arena_printf(&b->arena, "%s.json", name));
	if (artefact_read(b->golden, name, &ref, &b->arena, ret, &b->err) < 0) {
		fail_msg("%s", b->err.text);
	}
}

/* Puts text into the run's folder as x.json and reads it back as that artefact. */
static int read_text(struct bench *b, const char *name, const char *text)
{
	char *file = xasprintf("%s/x.json", b->folder);
	assert_int_equal(file_write(file, text, strlen(text), NULL), 0);
	free(file);
	struct artefact_ref ref = ref_to(b, b->folder, "x.json");
	void *data = arena_alloc(&b->arena, artefact_shape(name)->size);
	return artefact_read(b->folder, name, &ref, &b->arena, data, &b->err);
}

/* The golden text with the first `from` replaced by `to`. */
static char *changed(struct bench *b, const char *name, const char *from, const char *to)
{
	char *text = text_of(b->golden, arena_printf(&b->arena, "%s.json", name));
	char *at = strstr(text, from);
	if (at == NULL) {
		fail_msg("%s.json has no %s", name, from);
	}
	char *result =
		arena_printf(&b->arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	free(text);
	return result;
}

static void test_golden_files_come_back(void **state)
{
	struct bench *b = *state;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		char *path = arena_printf(&b->arena, "%s.json", NAMES[i]);
		void *data = arena_alloc(&b->arena, artefact_shape(NAMES[i])->size);
		struct artefact_ref ref;
		read_golden(b, NAMES[i], data);
		if (artefact_write(b->folder, NAMES[i], path, data, &b->arena, &ref, &b->err) < 0) {
			fail_msg("%s", b->err.text);
		}
		char *golden = text_of(b->golden, path);
		char *written = text_of(b->folder, path);
		assert_string_equal(written, golden);
		assert_int_equal(ref.bytes, strlen(golden));
		free(golden);
		free(written);
	}
}

static void test_fields_arrive_in_their_places(void **state)
{
	struct bench *b = *state;
	struct profile profile;
	struct design design;
	struct sttm sttm;
	struct findings findings;
	read_golden(b, "profile", &profile);
	read_golden(b, "design", &design);
	read_golden(b, "sttm", &sttm);
	read_golden(b, "findings", &findings);

	const struct column_profile *note = &profile.tables.at[0].columns.at[2];
	assert_string_equal(note->name, "note");
	assert_null(note->min);
	assert_int_equal(note->nulls, 2);
	assert_int_equal(profile.tables.at[0].rejected_rows, 0);
	assert_int_equal(profile.tables.at[1].rejected_rows, 1);
	assert_int_equal(profile.tables.at[1].rejected.at[0].offset, 33 + 21 + 21 + 16);

	const struct design_table *fact = &design.tables.at[2];
	assert_int_equal(fact->kind, TABLE_FACT);
	assert_null(fact->scd);
	assert_null(design.tables.at[1].source);
	assert_int_equal(fact->columns.at[5].role, ROLE_MEASURE);
	assert_int_equal(fact->columns.at[5].additivity, ADDITIVE_FULL);
	const struct origin *name = &fact->columns.at[3].origins.at[0];
	assert_int_equal(name->kind, ORIGIN_PATH);
	assert_string_equal(name->hops.at[0].to_columns.at[0], "id");
	assert_null(name->value);
	assert_string_equal(fact->columns.at[4].origins.at[0].value, "EUR");

	assert_int_equal(sttm.head.version, 2);
	assert_int_equal(sttm.tables.at[0].reserved.at[1].key, -2);
	assert_string_equal(bldr_get_text(sttm.tables.at[0].columns.at[0].rule, "fn"),
			    "surrogate_key");

	assert_true(findings.checks.at[0].passed);
	assert_null(findings.checks.at[0].advice);
	assert_string_equal(findings.checks.at[2].blame, "analyst");
	assert_string_equal(bldr_get_text(findings.checks.at[2].advice, "column"), "ordered_on");
}

/* Python hashed profile.json when it wrote design.json; our reference must say the same. */
static void test_hash_is_the_one_that_others_compute(void **state)
{
	struct bench *b = *state;
	struct profile profile;
	struct design design;
	struct artefact_ref ref;
	read_golden(b, "profile", &profile);
	read_golden(b, "design", &design);
	assert_int_equal(
		artefact_write(b->folder, "profile", NULL, &profile, &b->arena, &ref, NULL), 0);
	assert_string_equal(design.head.inputs.at[0].artefact, "profile");
	assert_string_equal(ref.hash, design.head.inputs.at[0].hash);

	struct artefact_head head = { .version = 1 };
	artefact_derive(&b->arena, &head, "profile", &ref);
	assert_int_equal(head.inputs.n, 1);
	assert_string_equal(head.inputs.at[0].artefact, "profile");
	assert_string_equal(head.inputs.at[0].hash, design.head.inputs.at[0].hash);
}

static void test_versions_are_files_of_their_own(void **state)
{
	struct bench *b = *state;
	struct evaluation e;
	struct artefact_ref ref;
	read_golden(b, "evaluation", &e);
	for (e.head.version = 1; e.head.version <= 2; e.head.version++) {
		assert_int_equal(artefact_write(b->folder, "evaluation", NULL, &e, &b->arena, &ref,
						NULL),
				 0);
		assert_string_equal(ref.path,
				    e.head.version == 1 ? "artefacts/evaluation.v1.json"
							: "artefacts/evaluation.v2.json");
	}
	char *first = text_of(b->folder, "artefacts/evaluation.v1.json");
	assert_non_null(strstr(first, "\"version\": 1"));
	free(first);
}

static void test_wrong_input_is_told_with_its_place(void **state)
{
	static const struct {
		const char *name, *from, *to, *place, *what;
	} cases[] = {
		{ "design", "\"grain\": \"one row per calendar day\"",
		  "\"grain\": \"x\", \"grian\": \"x\"", "\"/tables/1/grian\": ", "unknown key" },
		{ "design", "\"grain\": \"one row per calendar day\",", "",
		  "\"/tables/1/grain\": ", "missing" },
		{ "design", "\"kind\": \"date\"", "\"kind\": \"dat\"",
		  "\"/tables/1/kind\": ", "\"dimension\", \"date\", \"fact\", \"bridge\"" },
		{ "design", "\"nullable\": false", "\"nullable\": \"no\"",
		  "\"/tables/0/columns/0/nullable\": ",
		  "expected true or false, found text \"no\"" },
		{ "design", "\"generator\": \"surrogate_key\"", "\"generator\": \"magic\"",
		  "\"/tables/0/columns/0/origins/0/generator\": ", "\"source_line\"" },
		{ "design", "\"kind\": \"path\"", "\"kind\": \"column\"",
		  "\"/tables/2/columns/3/origins/0/hops\": ", "unknown key" },
		{ "sources", "\"files\": [", "\"files\": [ 7,",
		  "\"/files/0\": ", "expected object, found integer 7" },
		{ "sources", "\"version\": 1", "\"version\": 0", "\"/head/version\": ", "1" },
		{ "sources", "\"delimiter\": \",\"", "\"delimiter\": \"||\"",
		  "\"/files/0/delimiter\": ", "1" },
		{ "sources", "\"skipped\": [", "\"mtime\": 1, \"skipped\": [",
		  "\"/mtime\": ", "unknown key" },
		{ "profile", "\"rows\": 3", "\"rows\": \"3\"",
		  "\"/tables/1/rows\": ", "expected integer, found text \"3\"" },
		{ "profile", "\"rows\": 3", "\"rows\": -3", "\"/tables/1/rows\": ", "-3" },
		{ "profile", "\"rows\": 3", "\"rows\": 3.0", "\"/tables/1/rows\": ", "" },
		{ "profile", "\"score\": \"0.72\"", "\"score\": 0.72",
		  "\"/inclusions/0/score\": ", "expected text" },
		{ "table_profile", "\"date_formats\": []", "\"date_formats\": null",
		  "\"/columns/0/date_formats\": ", "expected list, found null" },
		{ "contract", "\"sum\": \"7.50\"", "\"sum\": null",
		  "\"/tables/2/measures/0/sum\": ", "expected text, found null" },
		{ "sttm", "\"fn\": \"calendar_day\"", "\"fn\": 1.5",
		  "\"/tables/1/columns/0/rule/args/0/fn\": ", "floating-point" },
		{ "sttm", "\"reserved\": []", "\"reserved\": {}",
		  "\"/tables/2/reserved\": ", "expected list" },
		{ "pipeline", "\"layer\": \"gold\"", "\"layer\": \"golden\"",
		  "\"/files/1/layer\": ", "\"gold\"" },
		{ "deployment", "\"target\": \"embedded\"", "\"target\": \"\"",
		  "\"/target\": ", "\"embedded\"" },
		{ "findings", "\"repair\": \"date_order\"", "\"repair\": \"guess\"",
		  "\"/checks/2/advice/repair\": ", "\"date_order\"" },
		{ "findings", "\"samples\": []",
		  "\"samples\": [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]",
		  "\"/checks/0/samples\": ", "5" },
		{ "evaluation", "\"score\": \"0.25\"", "\"score\": \"3/4\"", "\"/score\": ", "4" },
		{ "evaluation", "\"artefact\": \"evaluation\",", "", "\"/artefact\": ", "missing" },
		{ "evaluation", "\"artefact\": \"evaluation\"", "\"artefact\": \"findings\"",
		  "holds a \"findings\"", "expected a \"evaluation\"" },
		{ "evaluation", "\"verdict\"", "\"rounds\": 2, \"verdict\"", "line ", "duplicate" },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = changed(b, cases[i].name, cases[i].from, cases[i].to);
		int rc = read_text(b, cases[i].name, text);
		if (rc != BLDR_E_INVALID || strncmp(b->err.text, "\"x.json\": ", 10) != 0 ||
		    strstr(b->err.text, cases[i].place) == NULL ||
		    strstr(b->err.text, cases[i].what) == NULL) {
			fail_msg("%s with %s: code %d, \"%s\"", cases[i].name, cases[i].to, rc,
				 rc < 0 ? b->err.text : "");
		}
	}
}

static void test_changed_and_missing_files_are_named(void **state)
{
	struct bench *b = *state;
	struct evaluation e;
	struct evaluation untouched = { .rounds = 77 };
	struct artefact_ref ref;
	read_golden(b, "evaluation", &e);
	assert_int_equal(artefact_write(b->folder, "evaluation", NULL, &e, &b->arena, &ref, NULL),
			 0);
	char *file = arena_printf(&b->arena, "%s/%s", b->folder, ref.path);
	char *text = text_of(b->folder, ref.path);
	assert_int_equal(file_write(file, text, strlen(text) - 1, NULL), 0);
	free(text);

	assert_int_equal(artefact_read(b->folder, "evaluation", &ref, &b->arena, &untouched,
				       &b->err),
			 BLDR_E_CHANGED);
	assert_string_equal(b->err.text,
			    "\"artefacts/evaluation.v1.json\" has changed since it was "
			    "recorded");
	assert_int_equal(unlink(file), 0);
	assert_int_equal(artefact_read(b->folder, "evaluation", &ref, &b->arena, &untouched,
				       &b->err),
			 BLDR_E_IO);
	assert_int_equal(b->err.code, BLDR_E_IO);
	assert_non_null(strstr(b->err.text, "artefacts/evaluation.v1.json"));
	assert_int_equal(untouched.rounds, 77);
}

/* The code is right also for who wants no message. */
static void test_codes_without_a_message(void **state)
{
	struct bench *b = *state;
	struct sttm sttm;
	struct artefact_ref ref;
	read_golden(b, "sttm", &sttm);
	sttm.tables.at[0].columns.n = 0;
	assert_int_equal(artefact_write(b->folder, "sttm", NULL, &sttm, &b->arena, &ref, NULL),
			 BLDR_E_INVALID);
	ref = ref_to(b, b->golden, "design.json");
	assert_int_equal(artefact_read(b->golden, "sttm", &ref, &b->arena, &sttm, NULL),
			 BLDR_E_INVALID);
	struct bldr_value *v = bldr_list();
	assert_int_equal(artefact_ref_parse(v, &b->arena, &ref, NULL), BLDR_E_INVALID);
	bldr_unref(v);
}

static void test_producer_is_told_what_it_did_wrong(void **state)
{
	struct bench *b = *state;
	struct sttm sttm;
	struct artefact_ref ref = { .path = "untouched" };
	struct bldr_value *rule;
	const char *with_real = "{\"fn\": \"f\", \"args\": [{\"lit\": 0.1}]}";
	read_golden(b, "sttm", &sttm);

	assert_int_equal(bldr_value_parse(with_real, strlen(with_real), &rule, NULL), 0);
	sttm.tables.at[2].columns.at[1].rule = artefact_keep(&b->arena, rule);
	assert_int_equal(artefact_write(b->folder, "sttm", NULL, &sttm, &b->arena, &ref, &b->err),
			 BLDR_E_INVALID);
	assert_non_null(strstr(b->err.text, "\"sttm\""));
	assert_non_null(strstr(b->err.text, "\"/tables/2/columns/1/rule/args/0/lit\""));

	read_golden(b, "sttm", &sttm);
	sttm.tables.at[1].columns.n = 0;
	assert_int_equal(artefact_write(b->folder, "sttm", NULL, &sttm, &b->arena, &ref, &b->err),
			 BLDR_E_INVALID);
	assert_non_null(strstr(b->err.text, "\"/tables/1/columns\""));
	assert_string_equal(ref.path, "untouched");
	assert_false(file_exists(arena_printf(&b->arena, "%s/artefacts", b->folder)));
}

/* What could not be read again is not written: a rule may nest, but the file has a limit. */
static void test_too_deep_a_rule_is_refused(void **state)
{
	struct bench *b = *state;
	struct sttm sttm;
	struct artefact_ref ref;
	read_golden(b, "sttm", &sttm);
	/* the rule itself is the 6th level of the file: object, tables, table, columns, column, rule */
	for (int levels = BLDR_VALUE_DEPTH_MAX - 5; levels <= BLDR_VALUE_DEPTH_MAX - 4; levels++) {
		struct bldr_value *rule = bldr_object();
		for (int i = 1; i < levels; i++) {
			struct bldr_value *outer = bldr_object();
			bldr_object_set(outer, "key", rule);
			rule = outer;
		}
		sttm.tables.at[0].columns.at[0].rule = artefact_keep(&b->arena, rule);
		int rc = artefact_write(b->folder, "sttm", NULL, &sttm, &b->arena, &ref, &b->err);
		assert_int_equal(rc, levels + 5 <= BLDR_VALUE_DEPTH_MAX ? 0 : BLDR_E_LIMIT);
	}
}

static void test_write_tells_what_the_world_refused(void **state)
{
	struct bench *b = *state;
	struct evaluation e;
	struct artefact_ref ref;
	read_golden(b, "evaluation", &e);
	assert_int_equal(
		file_write(arena_printf(&b->arena, "%s/artefacts", b->folder), "", 0, NULL), 0);
	assert_int_equal(artefact_write(b->folder, "evaluation", NULL, &e, &b->arena, &ref, &b->err),
			 BLDR_E_IO);
	assert_non_null(strstr(b->err.text, b->folder));
}

static void test_references(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: it is right */
	} cases[] = {
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"artefacts/design.v1.json\"}", NULL },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"..a/b..\"}", NULL },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"/etc/passwd\"}",
		  "leaves the run's folder" },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"a/../../b\"}",
		  "leaves the run's folder" },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"a/..\"}", "leaves the run's folder" },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"..\"}", "leaves the run's folder" },
		{ "{\"bytes\":3,\"hash\":\"ab\",\"path\":\"\"}", "leaves the run's folder" },
		{ "{\"bytes\":\"3\",\"hash\":\"ab\",\"path\":\"a\"}",
		  "\"/bytes\": expected integer" },
		{ "{\"bytes\":3,\"path\":\"a\"}", "\"/hash\": missing" },
		{ "[]", "expected object" },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bldr_value *v;
		struct artefact_ref ref = { .path = "untouched" };
		assert_int_equal(bldr_value_parse(cases[i].text, strlen(cases[i].text), &v, NULL),
				 0);
		int rc = artefact_ref_parse(v, &b->arena, &ref, &b->err);
		if (cases[i].message != NULL) {
			assert_int_equal(rc, BLDR_E_INVALID);
			assert_non_null(strstr(b->err.text, cases[i].message));
			assert_string_equal(ref.path, "untouched");
		} else {
			struct bldr_value *again = artefact_ref_value(&ref);
			char *text = bldr_value_text(again);
			assert_int_equal(rc, 0);
			assert_string_equal(text, cases[i].text);
			free(text);
			bldr_unref(again);
		}
		bldr_unref(v);
	}
}

static void note_down(void *user)
{
	char **at = user;
	**at = 'x';
	(*at)++;
}

/* Values outlive the file they were read from, hooks run once, and before the memory goes. */
static void test_arena_keeps_values(void **state)
{
	(void)state;
	struct arena a = { 0 };
	char notes[4] = "...";
	char *at = notes;
	struct bldr_value *v = bldr_object();
	struct bldr_value *mine = bldr_ref(v);
	assert_ptr_equal(artefact_keep(&a, v), v);
	arena_on_release(&a, note_down, &at);
	arena_release(&a);
	arena_release(&a);
	assert_string_equal(notes, "x..");
	bldr_object_set(mine, "k", bldr_int(1)); /* aborts when the arena still held it */
	bldr_unref(mine);
}

/* Work functions of the pool read artefacts at once; the schemas load on the first use. */
static void *read_all(void *user)
{
	const char *golden = user;
	uintptr_t failures = 0;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		struct arena a = { 0 };
		char hash[HASH_HEX_MAX];
		struct artefact_ref ref = { .path = arena_printf(&a, "%s.json", NAMES[i]),
					    .hash = hash };
		void *data = arena_alloc(&a, artefact_shape(NAMES[i])->size);
		failures += file_hash(arena_printf(&a, "%s/%s", golden, ref.path), hash, NULL,
				      NULL) != 0 ||
			artefact_read(golden, NAMES[i], &ref, &a, data, NULL) != 0;
		arena_release(&a);
	}
	return (void *)failures;
}

static void test_threads_share_the_schemas(void **state)
{
	enum { THREADS = 4 };
	struct bench *b = *state;
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, b->golden), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *failures;
		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_threads_share_the_schemas), /* first: nothing is loaded yet */
		TEST(test_golden_files_come_back),
		TEST(test_fields_arrive_in_their_places),
		TEST(test_hash_is_the_one_that_others_compute),
		TEST(test_versions_are_files_of_their_own),
		TEST(test_wrong_input_is_told_with_its_place),
		TEST(test_changed_and_missing_files_are_named),
		TEST(test_codes_without_a_message),
		TEST(test_producer_is_told_what_it_did_wrong),
		TEST(test_too_deep_a_rule_is_refused),
		TEST(test_write_tells_what_the_world_refused),
		TEST(test_references),
		TEST(test_arena_keeps_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
