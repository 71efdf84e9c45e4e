/* Names: words, prefixes, and which column is named after which table. */
#include "folder.h"

#include "ingest/names.h"

static const char *joined(struct arena *a, const texts *words)
{
	const char *s = "";
	for (size_t i = 0; i < words->n; i++) {
		s = arena_printf(a, "%s%s%s", s, i > 0 ? " " : "", words->at[i]);
	}
	return s;
}

static void test_words(void **state)
{
	static const char *const cases[][2] = {
		{ "user_id", "user id" },
		{ "InvoiceLineId", "invoice line id" },
		{ "deploymentID", "deployment id" },
		{ "HTTPServerLog", "http server log" },
		{ "order details", "order details" },
		{ "__x--y  z", "x y z" },
		{ "address2", "address2" },
		{ "salesorderid", "salesorderid" },
		{ "stra\xC3\x9F"
		  "eNr",
		  "stra\xC3\x9F"
		  "e nr" },
		{ "___", "" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		texts words = name_words(&a, cases[i][0]);
		assert_string_equal(joined(&a, &words), cases[i][1]);
	}
	arena_release(&a);
}

static void test_columns(void **state)
{
	static const struct {
		const char *name, *stem;
		bool id_like;
	} cases[] = {
		{ "id", "", true },
		{ "key", "", true },
		{ "user_id", "user", true },
		{ "id_user", "user", true },
		{ "customerid", "customer", true },
		{ "countryregioncode", "countryregion", true },
		{ "customers_key", "customer", true },
		{ "paid", "paid", false },
		{ "valid", "valid", false },
		{ "turkey", "turkey", false },
		{ "amount", "amount", false },
		{ "first_name", "firstname", false },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct name name = name_of_column(&a, cases[i].name, 0);
		assert_string_equal(name.stem, cases[i].stem);
		assert_int_equal(name.id_like, cases[i].id_like);
	}
	arena_release(&a);
}

static void test_tables_are_singular(void **state)
{
	static const char *const cases[][2] = {
		{ "customers", "customer" },
		{ "countries", "country" },
		{ "addresses", "address" },
		{ "address", "address" },
		{ "boxes", "box" },
		{ "branches", "branch" },
		{ "order_details", "orderdetail" },
		{ "sales", "sale" },
		{ "status", "status" },
		{ "people", "person" },
		{ "movies", "movie" },
		{ "houses", "house" },
		{ "series", "series" },
		{ "gas", "gas" },
		{ "analysis", "analysis" },
		{ "bus", "bus" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(name_of_table(&a, cases[i][0], 0).stem, cases[i][1]);
	}
	arena_release(&a);
}

static void test_prefixes(void **state)
{
	static const char *raw[] = { "raw_customers", "raw_orders" };
	static const char *mixed[] = { "raw_customers", "orders" };
	static const char *bare[] = { "film", "film_actor" };
	struct arena a = { 0 };
	(void)state;
	assert_int_equal(name_shared_prefix(&a, &(texts){ .at = raw, .n = 2 }), 1);
	assert_int_equal(name_shared_prefix(&a, &(texts){ .at = mixed, .n = 2 }), 0);
	assert_int_equal(name_shared_prefix(&a, &(texts){ .at = bare, .n = 2 }), 0);
	assert_int_equal(name_shared_prefix(&a, &(texts){ .at = raw, .n = 1 }), 0);
	assert_int_equal(name_layer_prefix(&a, "stg_orders"), 1);
	assert_int_equal(name_layer_prefix(&a, "raw"), 0);
	assert_int_equal(name_layer_prefix(&a, "order_lines"), 0);
	assert_string_equal(name_of_table(&a, "raw_orders", 1).stem, "order");
	arena_release(&a);
}

/* A child column, a parent column and the parent's table. */
static int marks(struct arena *a, const char *child, const char *parent, const char *table)
{
	const char *why;
	struct name c = name_of_column(a, child, 0);
	struct name p = name_of_column(a, parent, 0);
	struct name t = name_of_table(a, table, name_layer_prefix(a, table));
	return name_reference(&c, &p, &t, &why);
}

/* Each row names the same child with the better reference first. */
static void test_better_references(void **state)
{
	static const struct {
		const char *child, *parent, *table, *worse_parent, *worse_table;
	} cases[] = {
		{ "order_id", "id", "raw_orders", "id", "raw_customers" },
		{ "user_id", "id", "raw_customers", "id", "raw_orders" },
		{ "customer_id", "customer_id", "customers", "customer_id", "customer_notes" },
		{ "film_id", "film_id", "film", "film_id", "film_text" },
		{ "pub_id", "pub_id", "publishers", "pub_id", "pub_info" },
		{ "billtoaddressid", "addressid", "address", "customerid", "customer" },
		{ "manager_staff_id", "staff_id", "staff", "store_id", "store" },
		{ "SupportRepId", "EmployeeId", "Employee", "CustomerId", "Customer" },
		{ "reportsTo", "employeeID", "employees", "customerID", "customers" },
		{ "shipVia", "shipperID", "shippers", "supplierID", "suppliers" },
		{ "main_job_id", "id", "jobs", "id", "orders" },
		{ "storeid", "businessentityid", "store", "businessentityid", "person" },
		{ "productcategoryid", "productcategoryid", "productcategory", "productid",
		  "product" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int better = marks(&a, cases[i].child, cases[i].parent, cases[i].table);
		int worse = marks(&a, cases[i].child, cases[i].worse_parent, cases[i].worse_table);
		if (better <= worse || better < 500) {
			fail_msg("%s: %d for %s, %d for %s", cases[i].child, better, cases[i].table,
				 worse, cases[i].worse_table);
		}
	}
	arena_release(&a);
}

static void test_names_that_say_nothing(void **state)
{
	struct arena a = { 0 };
	(void)state;
	assert_int_equal(marks(&a, "id", "id", "orders"), 0);
	assert_int_equal(marks(&a, "amount", "id", "orders"), 0);
	assert_int_equal(marks(&a, "quantity", "product_id", "products"), 0);
	assert_int_equal(marks(&a, "line_item_id", "product_id", "products"), 0);
	assert_int_equal(marks(&a, "productmodelid", "productid", "product"), 0);
	/* equal names of what is no identifier are weak */
	assert_true(marks(&a, "city", "city", "stores") < 500);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_tables_are_singular),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_better_references),
		cmocka_unit_test(test_names_that_say_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
