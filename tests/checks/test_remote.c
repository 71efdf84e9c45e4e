/*
 * The star in a workspace, from results written by hand: what is asked in which round, what of the answers is believed, and
 * what the image holds. Hashes: the numbers that Spark 4.0.5 gave for the same values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "checks/remote_parts.h"

static const struct column_type text = { .kind = COLUMN_TEXT };
static const struct column_type int64 = { .kind = COLUMN_INT64 };

/* ---- hashes ---- */

static void test_hashes_are_sparks(void **state)
{
	(void)state;
	assert_true(remote_hash_add(REMOTE_HASH_SEED, text, "") == INT64_C(-7444071767201028348));
	assert_true(remote_hash_add(REMOTE_HASH_SEED, text, "a") == INT64_C(-8582455328737087284));
	assert_true(remote_hash_add(REMOTE_HASH_SEED, text, NULL) == REMOTE_HASH_SEED);
}

static void test_a_null_is_not_the_value_beside_it(void **state)
{
	const struct column_type types[] = { text, text };
	const char *const first[] = { "a", NULL }, *const second[] = { NULL, "a" };
	struct arena a = { 0 };
	(void)state;
	assert_true(remote_hash_row(types, first, 2, &a) != remote_hash_row(types, second, 2, &a));
	arena_release(&a);
}

static void test_values_that_are_equal_hash_alike(void **state)
{
	const struct column_type real = { .kind = COLUMN_DOUBLE };
	const struct column_type instant = { .kind = COLUMN_TIMESTAMP };
	int64_t zero = remote_hash_add(REMOTE_HASH_SEED, real, "0");
	(void)state;
	assert_true(remote_hash_add(REMOTE_HASH_SEED, real, "-0.0") == zero);
	assert_true(remote_hash_add(REMOTE_HASH_SEED, real, "1e-400") == zero);
	assert_true(remote_hash_add(REMOTE_HASH_SEED, instant, "1970-01-01T00:00:00.000000Z") ==
		    remote_hash_add(REMOTE_HASH_SEED, int64, "0"));
	assert_true(remote_hash_add(REMOTE_HASH_SEED, instant, "1969-12-31T23:59:59.999999Z") ==
		    remote_hash_add(REMOTE_HASH_SEED, int64, "-1"));
}

static void test_sums_of_hashes_go_beyond_64_bits(void **state)
{
	struct bucket sum = { 0 }, read;
	(void)state;
	for (int i = 0; i < 3; i++) {
		bucket_add(&sum, INT64_MAX);
	}
	assert_true(bucket_parse("3", "27670116110564327421", "9223372036854775807", &read));
	assert_true(bucket_equal(&sum, &read));
	assert_true(bucket_parse("3", "27670116110564327420", "9223372036854775807", &read));
	assert_false(bucket_equal(&sum, &read));
	assert_false(bucket_parse("3", "1.5", "0", &read));
	assert_false(bucket_parse(NULL, "1", "0", &read));
	assert_int_equal(remote_bucket(-1, 7), 6);
	assert_int_equal(remote_bucket(INT64_MIN, 7), 6);
}

/* ---- a star of one fact ---- */

struct case_ {
	struct arena arena;
	char folder[64];
	struct sources sources;
	struct design design;
	struct contract contract;
	struct checks_input checks;
	struct remote_input in;
	remote_results results;
};

static void add_column(struct case_ *c, struct design_table *t, const char *name,
		       enum column_role role, const char *type)
{
	*LIST_ADD(&c->arena, &t->columns) =
		(struct design_column){ .name = name, .role = (int)role, .type = type };
}

static void make_design(struct case_ *c)
{
	struct design_table t = { .name = "fact_sale", .kind = TABLE_FACT, .source = "sales" };
	add_column(c, &t, "id", ROLE_DEGENERATE, "int64");
	add_column(c, &t, "amount", ROLE_MEASURE, "decimal(10,2)");
	add_column(c, &t, "at", ROLE_ATTRIBUTE, "timestamp");
	*LIST_ADD(&c->arena, &t.grain_columns) = "id";
	*LIST_ADD(&c->arena, &c->design.tables) = t;
	struct contract_table of = { .table = "fact_sale", .rows = 3, .grain_distinct = 3 };
	*LIST_ADD(&c->arena, &of.grain_columns) = "id";
	*LIST_ADD(&c->arena, &of.measures) = (struct contract_measure){
		.column = "amount", .count = 3, .sum = "6.00", .min = "1.00", .max = "3.00"
	};
	*LIST_ADD(&c->arena, &c->contract.tables) = of;
	*LIST_ADD(&c->arena, &c->sources.files) =
		(struct source_file){ .path = "sales.csv", .table = "sales", .hash = "c0ffee" };
}

static void write_warehouse(const char *path)
{
	struct store *s;
	struct bldr_error err;
	assert_int_equal(store_open(path, STORE_PLAIN, &s, &err), 0);
	assert_int_equal(
		store_exec(
			s,
			"CREATE TABLE fact_sale(id INTEGER PRIMARY KEY, amount_e2 INTEGER, at TEXT);"
			"INSERT INTO fact_sale VALUES (1, 100, NULL), (2, 200, NULL), (3, 300, NULL);"
			"CREATE TABLE bldr_layer(source_table TEXT, path TEXT, read INTEGER, "
			"loaded INTEGER, rejected INTEGER, duplicates INTEGER);"
			"INSERT INTO bldr_layer VALUES ('sales', 'sales.csv', 3, 3, 0, 0);"
			"CREATE TABLE bldr_quarantine(source_table TEXT, path TEXT, line INTEGER, "
			"byte_offset INTEGER, reason TEXT, raw TEXT, hash TEXT, kind TEXT, "
			"PRIMARY KEY (path, line, byte_offset))",
			&err),
		0);
	store_close(s);
}

static int set_up(void **state)
{
	struct case_ *c = xcalloc(1, sizeof(*c));
	strcpy(c->folder, "/tmp/test_remote_XXXXXX");
	assert_non_null(mkdtemp(c->folder));
	make_design(c);
	c->checks = (struct checks_input){
		.warehouse = arena_printf(&c->arena, "%s/warehouse.db", c->folder),
		.sources = &c->sources,
		.design = &c->design,
		.contract = &c->contract,
	};
	c->in = (struct remote_input){
		.checks = &c->checks,
		.catalog = "main",
		.schema = "a`b",
		.image = arena_printf(&c->arena, "%s/image.db", c->folder),
		.rows_max = 20000,
	};
	write_warehouse(c->checks.warehouse);
	*state = c;
	return 0;
}

static int tear_down(void **state)
{
	struct case_ *c = *state;
	(void)unlink(c->checks.warehouse);
	(void)unlink(c->in.image);
	(void)rmdir(c->folder);
	arena_release(&c->arena);
	free(c);
	return 0;
}

/* A result of n columns; cells end with the text "end". */
static void answer(struct case_ *c, const char *id, const char *const *columns,
		   const char *const *cells)
{
	struct remote_result r = { .id = id, .cells = cells };
	size_t n = 0;
	for (size_t i = 0; columns[i] != NULL; i++) {
		*LIST_ADD(&c->arena, &r.columns) = columns[i];
	}
	while (cells[n] == NULL || strcmp(cells[n], "end") != 0) {
		n++;
	}
	r.n_rows = n / r.columns.n;
	*LIST_ADD(&c->arena, &c->results) = r;
}

static void fail_with(struct case_ *c, const char *id, const char *error)
{
	*LIST_ADD(&c->arena, &c->results) = (struct remote_result){ .id = id, .error = error };
}

#define ANSWER(c, id, columns, ...)                                               \
	do {                                                                      \
		static const char *const answer_cells[] = { __VA_ARGS__, "end" }; \
		answer(c, id, columns, answer_cells);                             \
	} while (0)

static const char *const described[] = { "col_name", "data_type", NULL };

static void describe(struct case_ *c)
{
	ANSWER(c, "columns fact_sale", described, "id", "bigint", "AMOUNT", "decimal(10,2)", "at",
	       "timestamp", "", "", "# Partition Information", "", "id", "string");
	ANSWER(c, "columns bronze_sales", described, "id", "string");
}

static void answer_totals(struct case_ *c)
{
	static const char *const totals[] = { "p0", NULL };
	static const char *const layers[] = { "bronze", "silver", NULL };
	static const char *const refused[] = { "file", "line",   "record", "layer",
					       "kind", "reason", NULL };
	ANSWER(c, "totals fact_sale", totals, "3");
	ANSWER(c, "layers sales", layers, "5", "4");
	ANSWER(c, "quarantine sales", refused, /* line 9 is refused by two tables */
	       "sales.csv", "9", "0", "gold", "refused", "no id", "sales.csv", "9", "0", "gold",
	       "refused", "no id", "sales.csv", "4", "0", "silver", "unreadable", "no");
}

/* "columns fact_sale; columns bronze_sales" */
static const char *asked(struct case_ *c, remote_statements *ret)
{
	struct bldr_error err;
	const char *ids = "";
	assert_int_equal(remote_plan(&c->in, &c->results, &c->arena, ret, &err), 0);
	for (size_t i = 0; i < ret->n; i++) {
		ids = arena_printf(&c->arena, "%s%s%s", ids, i > 0 ? "; " : "", ret->at[i].id);
	}
	return ids;
}

static const char *value(struct case_ *c, const char *sql)
{
	struct store *s;
	struct bldr_error err;
	sqlite3_stmt *stmt;
	assert_int_equal(store_open(c->in.image, STORE_READ, &s, &err), 0);
	assert_int_equal(store_prepare(s, sql, &stmt, &err), 0);
	assert_int_equal(store_step(s, stmt, &err), 1);
	const char *found = arena_strdup(&c->arena, (const char *)sqlite3_column_text(stmt, 0));
	store_close(s);
	return found;
}

static void write_image(struct case_ *c)
{
	struct bldr_error err;
	assert_int_equal(remote_image(&c->in, &c->results, &c->arena, &err), 0);
}

static void test_rounds_of_a_small_table(void **state)
{
	static const char *const rows[] = { "c0", "c1", "c2", NULL };
	struct case_ *c = *state;
	remote_statements s;
	assert_string_equal(asked(c, &s), "columns fact_sale; columns bronze_sales");
	assert_string_equal(s.at[0].sql, "DESCRIBE TABLE `main`.`a``b`.`fact_sale`");
	describe(c);
	assert_string_equal(asked(c, &s), "layers sales; quarantine sales; totals fact_sale");
	assert_non_null(strstr(s.at[2].sql, "sum(`amount`)"));
	answer_totals(c);
	assert_string_equal(asked(c, &s), "rows fact_sale");
	assert_string_equal(s.at[0].sql,
			    "SELECT CAST(`id` AS STRING) AS c0, CAST(`amount` AS STRING) AS c1, "
			    "CAST(unix_micros(`at`) AS STRING) AS c2 FROM "
			    "`main`.`a``b`.`fact_sale`");
	ANSWER(c, "rows fact_sale", rows, "1", "1.00", NULL);
	assert_string_equal(asked(c, &s), "");
}

/* docs/pipeline.md; the hash is that of `b2sum -l 256`. */
static void test_long_names_are_shortened_as_the_notebooks_do(void **state)
{
	struct case_ *c = *state;
	remote_statements s;
	char name[202];
	memset(name, 'n', 201);
	name[201] = '\0';
	c->design.tables.at[0].name = name;
	c->contract.tables.at[0].table = name;
	(void)asked(c, &s);
	assert_string_equal(s.at[0].sql,
			    arena_printf(&c->arena, "DESCRIBE TABLE `main`.`a``b`.`%.183s_%s`",
					 name, "48975d77b78edc69"));
	name[200] = '\0';
	(void)asked(c, &s);
	assert_string_equal(s.at[0].sql,
			    arena_printf(&c->arena, "DESCRIBE TABLE `main`.`a``b`.`%s`", name));
}

static void test_rounds_of_a_large_table(void **state)
{
	static const char *const buckets[] = { "bucket", "rows", "hashes", "xored", NULL };
	struct case_ *c = *state;
	remote_statements s;
	c->in.rows_max = 2;
	describe(c);
	answer_totals(c);
	assert_string_equal(asked(c, &s), "buckets fact_sale");
	assert_non_null(strstr(s.at[0].sql, "pmod(xxhash64(`id`), 1)"));
	ANSWER(c, "buckets fact_sale", buckets, "0", "3", "17", "17", "99", "1", "1", "1");
	assert_string_equal(asked(c, &s), "rows of buckets fact_sale");
	assert_int_equal(s.at[0].parameters.n, 1);
	assert_string_equal(s.at[0].parameters.at[0].name, "buckets");
	assert_string_equal(s.at[0].parameters.at[0].value, "0");
	fail_with(c, "rows of buckets fact_sale", "[CANCELLED]");
	assert_string_equal(asked(c, &s), "");
}

/* A whole table that the workspace does not give at once is compared by hashes, and less of it crosses. */
static void test_rows_that_are_too_large_cross_by_buckets(void **state)
{
	static const char *const buckets[] = { "bucket", "rows", "hashes", "xored", NULL };
	static const char *const rows[] = { "c0", "c1", "c2", NULL };
	struct case_ *c = *state;
	remote_statements s;
	describe(c);
	answer_totals(c);
	assert_string_equal(asked(c, &s), "rows fact_sale");
	fail_with(c, "rows fact_sale", "Inline byte limit exceeded.");
	assert_string_equal(asked(c, &s), "");
	c->results.at[c->results.n - 1].too_large = true;
	assert_string_equal(asked(c, &s), "buckets fact_sale");
	ANSWER(c, "buckets fact_sale", buckets, "0", "1", "1", "1");
	assert_string_equal(asked(c, &s), "rows of buckets fact_sale");
	ANSWER(c, "rows of buckets fact_sale", rows, "5", "5.00", NULL);
	assert_string_equal(asked(c, &s), "");
	write_image(c);
	assert_string_equal(value(c, "SELECT group_concat(id || '=' || amount_e2) FROM fact_sale"),
			    "5=500");
}

/* Not even one row may cross: a bucket that differs still does, or nobody could say what differs. */
static void test_no_row_may_cross(void **state)
{
	static const char *const buckets[] = { "bucket", "rows", "hashes", "xored", NULL };
	struct case_ *c = *state;
	remote_statements s;
	c->in.rows_max = 0;
	describe(c);
	answer_totals(c);
	assert_string_equal(asked(c, &s), "buckets fact_sale");
	ANSWER(c, "buckets fact_sale", buckets, "0", "3", "17", "17");
	assert_string_equal(asked(c, &s), "rows of buckets fact_sale");
}

/* Without the column that names a row there is nothing to hash by. */
static void test_rows_without_a_name_cross_up_to_the_limit(void **state)
{
	struct case_ *c = *state;
	remote_statements s;
	ANSWER(c, "columns fact_sale", described, "amount", "decimal(10,2)", "at", "timestamp");
	ANSWER(c, "columns bronze_sales", described, "id", "string");
	answer_totals(c);
	assert_string_equal(asked(c, &s), "rows fact_sale");
	c->in.rows_max = 2;
	assert_string_equal(asked(c, &s), "");
}

static void test_what_is_not_there_is_not_asked(void **state)
{
	struct case_ *c = *state;
	remote_statements s;
	fail_with(c, "columns fact_sale", "[TABLE_OR_VIEW_NOT_FOUND]");
	fail_with(c, "columns bronze_sales", "[TABLE_OR_VIEW_NOT_FOUND]");
	assert_string_equal(asked(c, &s), "layers sales; quarantine sales");
}

static void test_the_latest_image_of_bronze_is_counted(void **state)
{
	struct case_ *c = *state;
	remote_statements s;
	ANSWER(c, "columns fact_sale", described, "id", "bigint");
	ANSWER(c, "columns bronze_sales", described, "id", "string", "_source_hash", "string",
	       "_run_id", "string", "_ingested_at", "timestamp");
	(void)asked(c, &s);
	assert_non_null(strstr(s.at[0].sql, "max_by(`_run_id`, `_ingested_at`)"));
	assert_int_equal(s.at[0].parameters.n, 1);
	assert_string_equal(s.at[0].parameters.at[0].name, "source_hash");
	assert_string_equal(s.at[0].parameters.at[0].value, "c0ffee");
}

/* ---- what the workspace counts ---- */

/* The finding of the sum that the workspace gives for three doubles from -1e16 to 1e16, whose exact sum is 1. */
static const struct finding *sum_of_doubles(struct case_ *c, const char *sum, struct findings *f)
{
	static const char *const totals[] = { "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", NULL };
	const char **cells = ARENA_ARRAY(&c->arena, const char *, 9);
	const char *const given[] = { "3", "3", "3", "0", "3", NULL, "-1.0E16", "1.0E16", "end" };
	struct contract_measure *m = &c->contract.tables.at[0].measures.at[0];
	struct remote_star r;
	struct bldr_error err;
	*m = (struct contract_measure){
		.column = "amount", .count = 3, .sum = "1", .min = "-1e+16", .max = "1e+16"
	};
	c->design.tables.at[0].columns.at[1].type = "double";
	memcpy(cells, given, sizeof(given));
	cells[5] = sum;
	c->results.n = 0;
	ANSWER(c, "columns fact_sale", described, "id", "bigint", "amount", "double", "at",
	       "timestamp");
	answer(c, "totals fact_sale", totals, cells);
	assert_int_equal(remote_input_open(&c->in, &c->results, &c->arena, &r, &err), 0);
	remote_judge_totals(&r, f);
	remote_release(&r);
	for (size_t i = 0; i < f->checks.n; i++) {
		if (strcmp(f->checks.at[i].check, "R4") == 0) {
			return &f->checks.at[i];
		}
	}
	return NULL;
}

/* The workspace adds up doubles as they come: what is lost on the way is measured by the values, not by what is left of them. */
static void test_sums_of_doubles_are_as_exact_as_they_can_be(void **state)
{
	struct case_ *c = *state;
	struct findings f = { 0 };
	assert_null(sum_of_doubles(c, "0.0", &f));
	assert_null(sum_of_doubles(c, "1.0", &f));
	const struct finding *r4 = sum_of_doubles(c, "1000000.0", &f);
	assert_non_null(r4);
	assert_string_equal(r4->found, "in the workspace: sum: 1000000.0, expected 1");
}

/* ---- the image ---- */

static void test_the_image_holds_what_crossed(void **state)
{
	static const char *const rows[] = { "c0", "c1", "c2", NULL };
	struct case_ *c = *state;
	describe(c);
	answer_totals(c);
	ANSWER(c, "rows fact_sale", rows, "1", "1.50", "1", "7", "-0.01", "-1", "8", "12.345", NULL,
	       NULL, NULL, "junk");
	write_image(c);
	assert_string_equal(
		value(c,
		      "SELECT group_concat(coalesce(id, 'null') || '=' || "
		      "coalesce(amount_e2, 'null') || '/' || typeof(amount_e2) || '/' || "
		      "coalesce(at, 'null'), ' ') FROM fact_sale"),
		"1=150/integer/1970-01-01T00:00:00.000001Z "
		"7=-1/integer/1969-12-31T23:59:59.999999Z 8=12.345/real/null "
		"null=null/null/junk");
	assert_string_equal(value(c,
				  "SELECT read || ' ' || loaded || ' ' || rejected || ' ' || "
				  "duplicates FROM bldr_layer"),
			    "5 3 2 0");
	assert_string_equal(value(c,
				  "SELECT group_concat(line || ' ' || kind, ', ') FROM "
				  "bldr_quarantine ORDER BY line"),
			    "4 unreadable, 9 refused");
}

static void test_an_image_without_answers_lacks_the_table(void **state)
{
	struct case_ *c = *state;
	describe(c);
	fail_with(c, "totals fact_sale", "[CANCELLED]");
	fail_with(c, "rows fact_sale", "[CANCELLED]");
	write_image(c);
	assert_string_equal(value(c, "SELECT count(*) FROM sqlite_schema WHERE name = 'fact_sale'"),
			    "0");
	assert_string_equal(value(c, "SELECT read || ' ' || loaded FROM bldr_layer"), "-1 -1");
}

static void test_buckets_that_differ_are_replaced(void **state)
{
	static const char *const buckets[] = { "bucket", "rows", "hashes", "xored", NULL };
	static const char *const rows[] = { "c0", "c1", "c2", NULL };
	struct case_ *c = *state;
	c->in.rows_max = 2;
	describe(c);
	answer_totals(c);
	ANSWER(c, "buckets fact_sale", buckets, "0", "1", "1", "1");
	ANSWER(c, "rows of buckets fact_sale", rows, "5", "5.00", NULL);
	write_image(c);
	assert_string_equal(value(c, "SELECT group_concat(id || '=' || amount_e2) FROM fact_sale"),
			    "5=500");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes_are_sparks),
		cmocka_unit_test(test_a_null_is_not_the_value_beside_it),
		cmocka_unit_test(test_values_that_are_equal_hash_alike),
		cmocka_unit_test(test_sums_of_hashes_go_beyond_64_bits),
		cmocka_unit_test_setup_teardown(test_rounds_of_a_small_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rounds_of_a_large_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_names_are_shortened_as_the_notebooks_do,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_that_are_too_large_cross_by_buckets,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_row_may_cross, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_without_a_name_cross_up_to_the_limit,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_there_is_not_asked, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_latest_image_of_bronze_is_counted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_sums_of_doubles_are_as_exact_as_they_can_be,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_image_holds_what_crossed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_an_image_without_answers_lacks_the_table,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_buckets_that_differ_are_replaced, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
