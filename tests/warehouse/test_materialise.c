/* jaffle_shop as a star, held to what DuckDB says of its raw files and to SQLite's own checks. */
#include "warehouse_test.h"

static const char *const star[] = { "dim_customer", "dim_date", "fact_order", "fact_payment" };

static const char *root(void)
{
	const char *path = getenv("BLDR_ROOT");

	assert_non_null(path);
	return path;
}

/* jaffle_shop stays where it is; only the warehouse is in the scratch folder. */
static int jaffle_make(void **state)
{
	static char folder[512];
	struct artefact_ref ref = { .path = "tests/golden/warehouse/jaffle_sttm.json" };
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	struct house *h;

	house_make(state);
	h = *state;
	(void)snprintf(folder, sizeof(folder), "%s/%s", root(), ref.path);
	if (file_hash(folder, hash, &bytes, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	ref.hash = hash;
	ref.bytes = (int64_t)bytes;
	if (artefact_read(root(), "sttm", &ref, &h->arena, &h->sttm, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	(void)snprintf(folder, sizeof(folder), "%s/data/jaffle_shop", root());
	if (ingest_discover(folder, &h->arena, &h->sources, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	return 0;
}

static struct deployment jaffle_load(struct house *h, struct materialise m)
{
	char folder[512];
	struct deployment d = { 0 };

	(void)snprintf(folder, sizeof(folder), "%s/data/jaffle_shop", root());
	m.source_folder = folder;
	if (house_try(h, &m, &d) < 0) {
		fail_msg("%s", h->err.text);
	}
	return d;
}

/* tests/golden/warehouse/jaffle_totals.csv is DuckDB's answer over the raw files. */
static void totals_equal_those_of_the_raw_files(void **state)
{
	struct house *h = *state;
	char path[512];
	char *expected;
	size_t size;

	jaffle_load(h, (struct materialise){ .key = "1", .fresh = true });
	(void)snprintf(path, sizeof(path), "%s/tests/golden/warehouse/jaffle_totals.csv", root());
	if (file_read(path, 1 << 16, &expected, &size, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	house_ask(h,
		  "SELECT 'customer_id,status,payment_method,orders,payments,amount,first_date,"
		  "last_date' UNION ALL SELECT concat FROM (SELECT c.customer_id || ',' || "
		  "o.status || ',' || p.payment_method || ',' || count(DISTINCT o.order_id) || "
		  "',' || count(p.payment_id) || ',' || sum(p.amount) || ',' || min(d.date) || "
		  "',' || max(d.date) AS concat FROM fact_order o "
		  "JOIN dim_customer c USING (customer_key) "
		  "JOIN dim_date d ON d.date_key = o.order_date_key "
		  "LEFT JOIN fact_payment p ON p.order_id = o.order_id "
		  "AND p.customer_key = o.customer_key AND p.order_date_key = o.order_date_key "
		  "AND p.order_status = o.status "
		  "GROUP BY c.customer_id, o.status, p.payment_method "
		  "ORDER BY c.customer_id, o.status, p.payment_method)");
	assert_string_equal(h->answer, expected);
	free(expected);
}

static void file_is_sound_and_laid_out_as_documented(void **state)
{
	struct house *h = *state;

	jaffle_load(h, (struct materialise){ .key = "1" });
	house_is_sound(h, h->db);
	assert_false(file_exists(scratch_file(&h->out, "warehouse.db.tmp")));
	assert_string_equal(house_ask(h,
				      "SELECT customer_id, first_name, last_name, _source_file, "
				      "_source_line FROM dim_customer WHERE customer_id = 100"),
			    "100|Jean|M.|raw_customers.csv|101\n");
	assert_string_equal(
		house_ask(h, "SELECT * FROM dim_customer WHERE customer_key < 0 ORDER BY 1"),
		"-2|~|Not applicable|Not applicable|~|~\n-1|~|Unknown|Unknown|~|~\n");
	assert_string_equal(house_ask(h, "SELECT * FROM dim_date WHERE date_key < 0 ORDER BY 1"),
			    "-2|~|~|~|~\n-1|~|~|~|~\n");
	assert_string_equal(house_ask(h,
				      "SELECT count(*), min(date), max(date), sum(iso_weekday) "
				      "FROM dim_date WHERE date_key > 0"),
			    "365|2018-01-01|2018-12-31|1457\n");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_layer ORDER BY 1"),
			    "raw_customers|raw_customers.csv|100|100|0|0\n"
			    "raw_orders|raw_orders.csv|99|99|0|0\n"
			    "raw_payments|raw_payments.csv|113|113|0|0\n");
	assert_string_equal(house_ask(h, "SELECT count(*) FROM bldr_quarantine"), "0\n");
	assert_string_equal(
		house_ask(h,
			  "SELECT name, strict FROM pragma_table_list WHERE schema = "
			  "'main' AND type = 'table' AND name NOT LIKE 'sqlite%' "
			  "ORDER BY 1"),
		"bldr_layer|1\nbldr_load|1\nbldr_quarantine|1\nbldr_refused_cell|1\nbldr_skipped_table|1\ndim_customer|1\n"
		"dim_date|1\nfact_order|1\nfact_payment|1\n");
	assert_string_equal(house_ask(h,
				      "SELECT \"table\", \"from\", \"to\" FROM "
				      "pragma_foreign_key_list('fact_payment') ORDER BY 1"),
			    "dim_customer|customer_key|customer_key\n"
			    "dim_date|order_date_key|date_key\n");
	assert_string_equal(house_ask(h, "SELECT sum(amount) FROM v_fact_payment"), "167200\n");
}

static void deployment_tells_what_was_loaded(void **state)
{
	struct house *h = *state;
	struct deployment d = jaffle_load(h, (struct materialise){ .key = "1", .fresh = true });
	static const int64_t rows[] = { 100, 365, 99, 113 };
	static const int64_t records[] = { 100, 99, 113 };

	assert_string_equal(d.target, "embedded");
	assert_string_equal(d.warehouse, "warehouse.db");
	assert_int_equal(d.head.version, 0);
	assert_int_equal(d.tables.n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(d.tables.at[i].name, star[i]);
		assert_int_equal(d.tables.at[i].rows, rows[i]);
		assert_int_equal(d.tables.at[i].reserved, i < 2 ? 2 : 0);
		assert_int_equal(d.tables.at[i].quarantined, 0);
		assert_int_equal(strlen(d.tables.at[i].digest), 64);
	}
	assert_int_equal(d.sources.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(d.sources.at[i].read, records[i]);
		assert_int_equal(d.sources.at[i].loaded, records[i]);
		assert_int_equal(d.sources.at[i].rejected, 0);
	}
	assert_string_equal(d.sources.at[2].table, "raw_payments");
	assert_string_equal(d.sources.at[2].path, "raw_payments.csv");
}

/* I1 */
static void loading_again_into_a_copy_changes_no_row(void **state)
{
	struct house *h = *state;
	char copy[128];
	struct deployment first = jaffle_load(h, (struct materialise){ .key = "1" });
	struct deployment second;

	(void)snprintf(copy, sizeof(copy), "%s/reloaded.db", h->out.path);
	second = jaffle_load(h, (struct materialise){ .key = "2", .path = copy, .copy_of = h->db });
	for (size_t i = 0; i < 4; i++) {
		house_tables_are_equal(h, copy, star[i]);
		assert_string_equal(first.tables.at[i].digest, second.tables.at[i].digest);
	}
	house_tables_are_equal(h, copy, "bldr_layer");
	house_is_sound(h, copy);
	assert_string_equal(house_ask_file(h, copy, "SELECT key FROM bldr_load ORDER BY 1"),
			    "1\n2\n");
	assert_string_equal(house_ask(h, "SELECT key FROM bldr_load"), "1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(totals_equal_those_of_the_raw_files, jaffle_make,
						house_drop),
		cmocka_unit_test_setup_teardown(file_is_sound_and_laid_out_as_documented,
						jaffle_make, house_drop),
		cmocka_unit_test_setup_teardown(deployment_tells_what_was_loaded, jaffle_make,
						house_drop),
		cmocka_unit_test_setup_teardown(loading_again_into_a_copy_changes_no_row,
						jaffle_make, house_drop),
	};

	return cmocka_run_group_tests_name("materialise", tests, NULL, NULL);
}
