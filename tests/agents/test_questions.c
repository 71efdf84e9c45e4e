/*
 * Sample questions of a star made by hand: stock levels per product and day. What they say is read from a warehouse of
 * six rows whose answers can be counted on the fingers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agents/evaluator/questions.h"
#include "scratch.h"
#include "store/store.h"

static const char warehouse[] =
	"CREATE TABLE dim_day (day_key INTEGER PRIMARY KEY, \"date\" TEXT);"
	"CREATE VIEW v_dim_day AS SELECT * FROM dim_day;"
	"INSERT INTO dim_day VALUES (-1, NULL), (20240131, '2024-01-31'), (20240201, '2024-02-01');"
	"CREATE TABLE dim_item (item_key INTEGER PRIMARY KEY, item_id INTEGER, item_name TEXT, \"order\" TEXT);"
	"CREATE VIEW v_dim_item AS SELECT * FROM dim_item;"
	"INSERT INTO dim_item VALUES (-1, NULL, 'Unknown', 'Unknown'), (7, 1, 'Tea', 'hot'), (8, 2, 'Ice', 'cold'),"
	" (9, 3, 'Rum', 'cold'), (10, 4, 'Ale', 'cold');"
	"CREATE TABLE fact_stock (item_key INTEGER, day_key INTEGER, level_e2 INTEGER, sold_e2 INTEGER, price INTEGER);"
	"INSERT INTO fact_stock VALUES (7, 20240131, 1000, 110, 9), (8, 20240131, 500, 20, 9),"
	" (7, 20240201, 300, 105, 9), (8, 20240201, 450, 5, 9), (-1, 20240201, 1, 10, 9), (9, -1, 99999, 1, 9);";

static struct design_column column(const char *name, int role, const char *type)
{
	return (struct design_column){ .name = name, .role = role, .type = type };
}

static struct design_table *add_table(struct arena *a, struct design *d, const char *name, int kind)
{
	struct design_table *t = LIST_ADD(a, &d->tables);

	*t = (struct design_table){ .name = name, .kind = kind, .source = "raw" };
	return t;
}

static void add_column(struct arena *a, struct design_table *t, struct design_column c)
{
	struct design_column *at = LIST_ADD(a, &t->columns);

	*at = c;
	*LIST_ADD(a, &at->origins) = (struct origin){ .kind = ORIGIN_COLUMN, .table = "raw" };
}

static void add_reference(struct arena *a, struct design_table *t, const char *name,
			  const char *dimension)
{
	struct design_column c = column(name, ROLE_DIMENSION_KEY, "int64");

	c.dimension = dimension;
	add_column(a, t, c);
}

static void add_measure(struct arena *a, struct design_table *t, const char *name, const char *type,
			int additivity)
{
	struct design_column c = column(name, ROLE_MEASURE, type);

	c.additivity = additivity;
	add_column(a, t, c);
}

static void count(struct arena *a, struct contract *c, const char *table, int64_t rows,
		  const char *attribute, int64_t distinct)
{
	struct contract_table *t = LIST_ADD(a, &c->tables);

	*t = (struct contract_table){ .table = table, .rows = rows };
	if (attribute != NULL) {
		*LIST_ADD(a, &t->attributes) =
			(struct contract_attribute){ .column = attribute, .distinct = distinct };
	}
}

/* The star above, with or without its fact. "order" is a word of SQL. */
static void make(struct arena *a, bool with_fact, struct questions *ret)
{
	struct design d = { 0 };
	struct contract c = { 0 };
	struct design_table *t = add_table(a, &d, "dim_day", TABLE_DATE);

	add_column(a, t, column("day_key", ROLE_SURROGATE_KEY, "int64"));
	add_column(a, t, column("date", ROLE_ATTRIBUTE, "date"));
	count(a, &c, "dim_day", 2, NULL, 0);
	t = add_table(a, &d, "dim_item", TABLE_DIMENSION);
	add_column(a, t, column("item_key", ROLE_SURROGATE_KEY, "int64"));
	add_column(a, t, column("item_id", ROLE_BUSINESS_KEY, "int64"));
	add_column(a, t, column("item_name", ROLE_ATTRIBUTE, "text"));
	add_column(a, t, column("order", ROLE_ATTRIBUTE, "text"));
	count(a, &c, "dim_item", 4, "order", 2);
	*LIST_ADD(a, &c.tables.at[1].attributes) =
		(struct contract_attribute){ .column = "item_name", .distinct = 4 };
	if (with_fact) {
		t = add_table(a, &d, "fact_stock", TABLE_FACT);
		add_reference(a, t, "item_key", "dim_item");
		add_reference(a, t, "day_key", "dim_day");
		add_measure(a, t, "level", "decimal(9,2)", ADDITIVE_SEMI);
		add_measure(a, t, "sold", "decimal(9,2)", ADDITIVE_FULL);
		add_measure(a, t, "price", "int64", ADDITIVE_NONE);
		count(a, &c, "fact_stock", 6, NULL, 0);
	}
	questions_make(&d, &c, a, ret);
}

static void answer(struct arena *a, struct questions *q)
{
	struct scratch folder;
	const char *path = (scratch_make(&folder), scratch_file(&folder, "warehouse.db"));
	struct bldr_error err;
	struct store *store;

	assert_int_equal(store_open(path, STORE_PLAIN, &store, &err), 0);
	assert_int_equal(store_exec(store, warehouse, &err), 0);
	store_close(store);
	if (questions_answer(path, NULL, a, q, &err) < 0) {
		fail_msg("%s", err.text);
	}
	scratch_remove(&folder);
}

/* Rows as "a|b;c|d;", null as "-". */
static const char *told(struct arena *a, const struct question *q)
{
	const char *text = "";

	for (size_t i = 0; i < q->rows.n; i++) {
		for (size_t k = 0; k < q->columns.n; k++) {
			const char *cell = q->rows.at[i].cells.at[k].text;
			text = arena_printf(a, "%s%s%s", text, k > 0 ? "|" : "",
					    cell != NULL ? cell : "-");
		}
		text = arena_printf(a, "%s;", text);
	}
	return text;
}

static const char *answer_to(struct arena *a, const struct questions *q, const char *text)
{
	for (size_t i = 0; i < q->at.n; i++) {
		if (strcmp(q->at.at[i].text, text) == 0) {
			return told(a, &q->at.at[i]);
		}
	}
	fail_msg("nobody asks: %s", text);
	return NULL;
}

static void test_answers(void **state)
{
	struct arena a = { 0 };
	struct questions q;

	(void)state;
	make(&a, true, &q);
	answer(&a, &q);
	/* 1000 and 500 of the day before, and the one without a day, are not added */
	assert_string_equal(answer_to(&a, &q, "What was the level at the last day, by item order?"),
			    "cold|4.50;hot|3.00;Unknown|0.01;");
	assert_string_equal(answer_to(&a, &q,
				      "How many stocks are there, and what is their total sold "
				      "per month of the day? The last 6 months."),
			    "2024-02|3|1.20;2024-01|2|1.30;");
	assert_string_equal(answer_to(&a, &q,
				      "How many stocks are there, and what is their total sold by "
				      "item order?"),
			    "hot|2|2.15;cold|3|0.26;Unknown|1|0.10;");
	assert_string_equal(answer_to(&a, &q,
				      "Which 5 items have the largest total sold, and from how "
				      "many stocks?"),
			    "Tea|2|2.15;Ice|2|0.25;Rum|1|0.01;");
	assert_string_equal(answer_to(&a, &q,
				      "How many stocks are there in all, and what do they add up "
				      "to?"),
			    "6|2.51;");
	assert_string_equal(answer_to(&a, &q,
				      "How many different items have stocks in each year of the "
				      "day?"),
			    "2024|2;");
	assert_string_equal(answer_to(&a, &q, "How many items have no stock at all?"), "1;");
	arena_release(&a);
}

static void test_what_cannot_be_added_is_not(void **state)
{
	struct arena a = { 0 };
	struct questions q;

	(void)state;
	make(&a, true, &q);
	assert_true(q.at.n >= 7);
	for (size_t i = 0; i < q.at.n; i++) {
		assert_null(strstr(q.at.at[i].sql, "price"));
		if (strstr(q.at.at[i].sql, "level") != NULL) {
			assert_non_null(strstr(q.at.at[i].sql, "max(f.day_key)"));
		}
	}
	arena_release(&a);
}

static void test_a_star_without_facts(void **state)
{
	struct arena a = { 0 };
	struct questions q;

	(void)state;
	make(&a, false, &q);
	answer(&a, &q);
	assert_int_equal(q.at.n, 1);
	assert_string_equal(answer_to(&a, &q, "How many items are there?"), "4;");
	arena_release(&a);
}

static void test_a_warehouse_that_lacks_a_table(void **state)
{
	struct arena a = { 0 };
	struct questions q;
	struct question odd = { .text = "odd", .sql = "SELECT * FROM nowhere" };
	struct scratch folder;
	const char *path = (scratch_make(&folder), scratch_file(&folder, "warehouse.db"));
	struct bldr_error err;
	struct store *store;

	(void)state;
	q = (struct questions){ 0 };
	*LIST_ADD(&a, &q.at) = odd;
	assert_int_equal(questions_answer(path, NULL, &a, &q, &err), BLDR_E_NOT_FOUND);
	assert_int_equal(store_open(path, STORE_PLAIN, &store, &err), 0);
	assert_int_equal(store_exec(store, warehouse, &err), 0);
	store_close(store);
	assert_true(questions_answer(path, NULL, &a, &q, &err) < 0);
	assert_non_null(strstr(err.text, "sample question \"odd\""));
	/* never more than a few rows, whatever is asked */
	q.at.at[0].sql =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
	assert_int_equal(questions_answer(path, NULL, &a, &q, &err), 0);
	assert_int_equal(q.at.at[0].rows.n, ANSWER_ROWS_MAX);
	/* a run that stops does not wait for an answer */
	atomic_bool cancel = true;
	q.at.at[0].rows.n = 0;
	q.at.at[0].sql =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
	assert_int_equal(questions_answer(path, &cancel, &a, &q, &err), BLDR_E_CANCELLED);
	scratch_remove(&folder);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_what_cannot_be_added_is_not),
		cmocka_unit_test(test_a_star_without_facts),
		cmocka_unit_test(test_a_warehouse_that_lacks_a_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
