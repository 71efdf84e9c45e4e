/*
 * Several records with one key: the last version counts, for the table's own rows and for whatever joins them; the
 * others are in quarantine and nowhere else. And cells that became null are told once.
 */
#include "warehouse_test.h"

#include "warehouse/trace.h"

// clang-format off
#define DEDUP "'dedup':'last',"
#define VERSION(column, rule) "'version_column':'" column "','version_rule':" rule ","
#define VERSIONED(name, kind, source, dedup, joins, grain, reserved, columns) \
	TABLE(name, kind, dedup "'source':'" source "','calendar':[]", joins, grain, reserved, columns)
#define UPDATED VERSION("updated", CAST("timestamp_ntz", COL("updated")))
#define CUSTOMER_KEY(e) SURROGATE("dim_customer", CAST("int64", e))

static const char shop[] =
	VERSIONED("dim_customer", "dimension", "customers", DEDUP UPDATED, "", "'customer_id'", MEMBERS,
		KEY("customer_key", CUSTOMER_KEY(COL("id")))
		ID("customer_id", CAST("int64", COL("id")))
		VALUE("name", "text", CLEAN(COL("name")))
		VALUE("born", "date", DATE(COL("born")))
		LINEAGE)
	VERSIONED("fact_order", "fact", "orders", DEDUP, 
		JOIN("payer", "customers", "orders", "'payer'", "'name'"),
		"'order_id'", "",
		ID("order_id", CAST("int64", COL("id")))
		DIMENSION_KEY("customer_key", "dim_customer",
			LOOKUP("dim_customer", CUSTOMER_KEY(COL("customer")),
			       CAST("int64", COL("customer"))))
		VALUE("amount", "decimal(9,2)", CAST("decimal(9,2)", COL("amount")))
		VALUE("payer_id", "int64", CAST("int64", COL_OF("payer", "id")))
		LINEAGE);
// clang-format on

static void files(struct house *h)
{
	house_file(
		h, "customers.csv",
		"id,name,born,updated\n"
		"1,Ada,1815-12-10,2020-01-01 00:00:00\n"    /* 2: old */
		"2,Grace,1906-12-09,2020-06-01 09:00:00\n"  /* 3: newer than the one below */
		"1,Ada L.,1815-12-10,2020-01-02 00:00:00\n" /* 4: counts */
		"02,Grace,1906-12-09,2020-06-01T08:59:59\n" /* 5: the same key, written otherwise */
		"3,Edsger,soon,\n"                          /* 6: no version is the lowest */
		"3,Edsger W.,1930-05-11,2001-01-01 00:00:00\n" /* 7: counts */
		"3,Edsger V.,x,\n"                             /* 8 */
		"4,Alan,1912-06-23,2020-01-01 00:00:00\n"      /* 9: a tie ... */
		"4,Alan,1912-06-23,2020-01-01 00:00:00\n"      /* 10: ... that the last one wins */
		",Nobody,,\n"                                  /* 11, 12: no key is no duplicate */
		",Nobody else,,\n");
	house_file(h, "orders.csv",
		   "id,customer,amount,payer\n"
		   "10,1,1.00,Ada L.\n"
		   "11,2,2.00,Grace\n"  /* a join that two customers would have answered */
		   "10,1,3.00,Ada L.\n" /* 4: counts */
		   "12,3,x,\xC2\xA0"
		   "Edsger\t\n" /* the name of a set-aside record */
		   "10,1\n"     /* unreadable: no duplicate */
		   "13,4,y,\xE2\x80\xAF"
		   "Alan \n");
}

static struct deployment load_shop(struct house *h)
{
	files(h);
	house_declare(h);
	house_sttm(h, shop);
	return house_load(h, "1");
}

static void the_last_version_counts(void **state)
{
	struct house *h = *state;

	load_shop(h);
	house_is_sound(h, h->db);
	assert_string_equal(house_ask(h,
				      "SELECT customer_id, name, born, _source_line FROM "
				      "dim_customer WHERE customer_key >= 0 ORDER BY 1"),
			    "1|Ada L.|1815-12-10|4\n"
			    "2|Grace|1906-12-09|3\n"
			    "3|Edsger W.|1930-05-11|7\n"
			    "4|Alan|1912-06-23|10\n");
}

static void without_a_version_the_last_in_the_file_counts(void **state)
{
	struct house *h = *state;

	load_shop(h);
	assert_string_equal(house_ask(h,
				      "SELECT order_id, customer_id, amount_e2, "
				      "fact_order._source_line FROM fact_order JOIN dim_customer "
				      "USING (customer_key) ORDER BY 1"),
			    "10|1|300|4\n11|2|200|3\n12|3|~|5\n13|4|~|7\n");
}

static void joins_find_survivors_only(void **state)
{
	struct house *h = *state;

	load_shop(h);
	assert_string_equal(house_ask(h, "SELECT order_id, payer_id FROM fact_order ORDER BY 1"),
			    "10|1\n11|2\n12|~\n13|4\n");
}

static void duplicates_are_told_and_counted(void **state)
{
	struct house *h = *state;
	struct deployment d = load_shop(h);

	assert_string_equal(
		house_ask(h,
			  "SELECT path, line, kind, reason, raw FROM bldr_quarantine "
			  "WHERE kind <> 'refused' ORDER BY path, line"),
		"customers.csv|2|duplicate|duplicate: line 4 has the same key and counts|"
		"1,Ada,1815-12-10,2020-01-01 00:00:00\n"
		"customers.csv|5|duplicate|duplicate: line 3 has the same key and counts|"
		"02,Grace,1906-12-09,2020-06-01T08:59:59\n"
		"customers.csv|6|duplicate|duplicate: line 7 has the same key and counts|"
		"3,Edsger,soon,\n"
		"customers.csv|8|duplicate|duplicate: line 7 has the same key and counts|"
		"3,Edsger V.,x,\n"
		"customers.csv|9|duplicate|duplicate: line 10 has the same key and counts|"
		"4,Alan,1912-06-23,2020-01-01 00:00:00\n"
		"orders.csv|2|duplicate|duplicate: line 4 has the same key and counts|"
		"10,1,1.00,Ada L.\n"
		"orders.csv|6|unreadable|2 fields where the header has 4|10,1\n");
	assert_string_equal(house_ask(h,
				      "SELECT line, kind, reason FROM bldr_quarantine "
				      "WHERE kind = 'refused' ORDER BY line"),
			    "11|refused|\"dim_customer.customer_id\" is null\n"
			    "12|refused|\"dim_customer.customer_id\" is null\n");
	assert_string_equal(house_ask(h,
				      "SELECT source_table, read, loaded, rejected, duplicates "
				      "FROM bldr_layer ORDER BY 1"),
			    "customers|11|4|2|5\norders|6|4|1|1\n");
	assert_int_equal(d.sources.at[0].loaded, 4);
	assert_int_equal(d.sources.at[0].rejected, 2);
	assert_int_equal(d.sources.at[0].duplicates, 5);
	assert_int_equal(d.tables.at[0].rows, 4);
	assert_int_equal(d.tables.at[0].quarantined, 7);
	assert_int_equal(d.tables.at[1].rows, 4);
	assert_int_equal(d.tables.at[1].quarantined, 2);
}

/* Of good records, loaded or not; born is read by the dimension alone, id by both tables. */
static void each_refused_cell_is_told_once(void **state)
{
	struct house *h = *state;

	load_shop(h);
	assert_string_equal(
		house_ask(h,
			  "SELECT source_table, path, line, \"column\", text, reason <> '' FROM "
			  "bldr_refused_cell ORDER BY path, line"),
		"customers|customers.csv|6|born|soon|1\n"
		"customers|customers.csv|8|born|x|1\n"
		"orders|orders.csv|5|amount|x|1\n"
		"orders|orders.csv|7|amount|y|1\n");
}

static void loading_again_changes_nothing(void **state)
{
	struct house *h = *state;
	static const char *const tables[] = { "dim_customer", "fact_order", "bldr_layer",
					      "bldr_quarantine", "bldr_refused_cell" };
	char copy[160];
	struct deployment first = load_shop(h);
	struct deployment second;
	struct materialise m = { .key = "2", .copy_of = h->db, .path = copy };

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", h->out.path);
	assert_int_equal(house_try(h, &m, &second), 0);
	assert_string_equal(first.tables.at[0].digest, second.tables.at[0].digest);
	assert_string_equal(first.tables.at[1].digest, second.tables.at[1].digest);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		house_tables_are_equal(h, copy, tables[i]);
	}
}

static void without_dedup_the_join_is_refused(void **state)
{
	struct house *h = *state;

	files(h);
	house_declare(h);
	/* clang-format off */
	house_sttm(h,
		FACT("fact_order", "orders", JOIN("payer", "customers", "orders", "'payer'", "'name'"),
			"'order_id'",
			ID("order_id", CAST("int64", COL("id")))
			VALUE("payer_id", "text", COL_OF("payer", "id"))));
	/* clang-format on */
	house_refuses(h, BLDR_E_INVALID, "join \"payer\" would fan out: lines 3 and 5");
}

/* A reference keeps its own value in the key: 7 and 8 are both unknown, but no duplicates. */
static void a_key_may_hold_a_reference(void **state)
{
	struct house *h = *state;

	house_file(h, "customers.csv", "id\n1\n");
	house_file(h, "stock.csv", "customer,day,n\n7,1,1\n8,1,2\n7,1,3\n7,2,4\n");
	house_declare(h);
	/* clang-format off */
	house_sttm(h,
		DIMENSION("dim_customer", "customers",
			KEY("customer_key", CUSTOMER_KEY(COL("id")))
			ID("customer_id", CAST("int64", COL("id"))))
		VERSIONED("fact_stock", "fact", "stock", DEDUP, "", "'customer_key','day','n'", "",
			DIMENSION_KEY("customer_key", "dim_customer",
				LOOKUP("dim_customer", CUSTOMER_KEY(COL("customer")),
				       CAST("int64", COL("customer"))))
			VALUE("day", "int64", CAST("int64", COL("day")))
			VALUE("n", "int64", CAST("int64", COL("n"))))
		VERSIONED("fact_last", "fact", "stock", DEDUP, "", "'customer_key','day'", "",
			DIMENSION_KEY("customer_key", "dim_customer",
				LOOKUP("dim_customer", CUSTOMER_KEY(COL("customer")),
				       CAST("int64", COL("customer"))))
			VALUE("day", "int64", CAST("int64", COL("day")))
			VALUE("n", "int64", CAST("int64", COL("n")))));
	/* clang-format on */
	house_load(h, "1");
	assert_string_equal(house_ask(h, "SELECT line, kind FROM bldr_quarantine ORDER BY line"),
			    "2|duplicate\n4|refused\n");
	assert_string_equal(house_ask(h, "SELECT n FROM fact_stock ORDER BY n"), "2\n3\n4\n");
}

static void a_key_of_another_table_is_refused(void **state)
{
	struct house *h = *state;

	files(h);
	house_declare(h);
	/* clang-format off */
	house_sttm(h,
		VERSIONED("fact_order", "fact", "orders", DEDUP,
			JOIN("payer", "customers", "orders", "'payer'", "'name'"), "'payer_id'", "",
			VALUE("payer_id", "text", COL_OF("payer", "id"))));
	/* clang-format on */
	house_refuses(h, BLDR_E_INVALID, "table \"fact_order\", dedup of \"orders\"");
}

static struct trace trace_of(struct house *h, const char *key)
{
	const struct trace_request request = {
		.sources = &h->sources,
		.sttm = &h->sttm,
		.source_folder = h->raw.path,
		.warehouse = h->db,
		.table = "fact_order",
		.key = key,
	};
	struct trace t = { 0 };

	if (trace_row(&request, &h->arena, &t, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	return t;
}

static const struct trace_column *column_of(const struct trace *t, const char *name)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].sttm->target, name) == 0) {
			return &t->columns.at[i];
		}
	}
	fail_msg("no column %s", name);
	return NULL;
}

static void a_trace_tells_of_duplicates_and_refused_cells(void **state)
{
	struct house *h = *state;
	struct trace t;

	load_shop(h);
	t = trace_of(h, "10");
	assert_int_equal(t.sources.at[0].line, 4);
	assert_int_equal(t.sources.at[0].duplicates.n, 1);
	assert_int_equal(t.sources.at[0].duplicates.at[0].line, 2);
	assert_string_equal(t.sources.at[0].duplicates.at[0].raw, "10,1,1.00,Ada L.");
	assert_null(column_of(&t, "amount")->inputs.at[0].refused);
	/* the join: line 3 counts, line 5 has the same name and was set aside */
	t = trace_of(h, "11");
	assert_int_equal(t.sources.at[1].line, 3);
	assert_int_equal(t.sources.at[1].duplicates.n, 1);
	assert_int_equal(t.sources.at[1].duplicates.at[0].line, 5);
	/* and Alan, first written on line 9, is found on line 10 */
	t = trace_of(h, "13");
	assert_int_equal(t.sources.at[1].line, 10);
	t = trace_of(h, "12");
	assert_int_equal(t.sources.at[1].line, 0);
	assert_string_equal(column_of(&t, "amount")->inputs.at[0].raw, "x");
	assert_non_null(column_of(&t, "amount")->inputs.at[0].refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup_teardown(name, house_make, house_drop)
		STORY(the_last_version_counts),
		STORY(without_a_version_the_last_in_the_file_counts),
		STORY(joins_find_survivors_only),
		STORY(duplicates_are_told_and_counted),
		STORY(each_refused_cell_is_told_once),
		STORY(loading_again_changes_nothing),
		STORY(without_dedup_the_join_is_refused),
		STORY(a_key_may_hold_a_reference),
		STORY(a_key_of_another_table_is_refused),
		STORY(a_trace_tells_of_duplicates_and_refused_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
