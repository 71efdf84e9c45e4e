/* What becomes of each record: loaded once, or in quarantine with its reason; what each type looks like. */
#include "warehouse_test.h"

// clang-format off
static const char shop[] =
	DIMENSION("dim_customer", "customers",
		KEY("customer_key", SURROGATE("dim_customer", CAST("int64", COL("id"))))
		ID("customer_id", CAST("int64", COL("id")))
		VALUE("name", "text", CLEAN(COL("name")))
		VALUE("born", "date", DATE(COL("born")))
		LINEAGE)
	CALENDAR("dim_date", "orders", "day")
	FACT("fact_order", "orders", "", "'order_id'",
		ID("order_id", CAST("int64", COL("id")))
		DIMENSION_KEY("customer_key", "dim_customer",
			LOOKUP("dim_customer", SURROGATE("dim_customer", CAST("int64", COL("customer"))),
			       CAST("int64", COL("customer"))))
		DIMENSION_KEY("day_key", "dim_date",
			LOOKUP("dim_date", DATE_KEY(DATE(COL("day"))), DATE(COL("day"))))
		VALUE("amount", "decimal(9,2)", CAST("decimal(9,2)", COL("amount")))
		LINEAGE);
// clang-format on

static void customers(struct house *h)
{
	house_file(h, "customers.csv",
		   "id,name,born\n"
		   "1,Ada,1815-12-10\n"
		   "2, Grace ,1906-12-09\n"
		   "2,Grace again,\n"     /* the second of its key */
		   ",Nobody,\n"           /* no key */
		   "3,\"two\nlines\",x\n" /* lines 6 and 7 */
		   "4,too,many,fields\n"  /* line 8 */
		   "\xC3\x28,bad,\n");    /* line 9 */
}

static void orders(struct house *h)
{
	house_file(h, "orders.csv",
		   "id,customer,day,amount\n"
		   "10,1,2020-02-29,12.50\n"
		   "11,9,2021-03-01,-0.05\n" /* nobody is 9 */
		   "12,,2020-03-02,\n"       /* no customer */
		   "13,2,31/12/2020,7\n"     /* no date as it is read */
		   "14, 2 ,2020-12-31,abc\n" /* no amount */
		   "10,1,2020-02-29,12.50\n" /* line 7, the second of its key */
		   "x,1,2020-02-29,1.00\n"   /* line 8, no order */
		   ",1,2020-02-29,1.00\n"    /* line 9, no order */
		   "15,1\n");                /* line 10 */
}

static struct deployment load_shop(struct house *h)
{
	customers(h);
	orders(h);
	house_declare(h);
	house_sttm(h, shop);
	return house_load(h, "1");
}

static void good_records_become_rows(void **state)
{
	struct house *h = *state;

	load_shop(h);
	house_is_sound(h, h->db);
	assert_string_equal(
		house_ask(h,
			  "SELECT customer_id, name, born, _source_file, _source_line FROM "
			  "dim_customer WHERE customer_key >= 0 ORDER BY 1"),
		"1|Ada|1815-12-10|customers.csv|2\n"
		"2|Grace|1906-12-09|customers.csv|3\n"
		"3|two\nlines|~|customers.csv|6\n");
	assert_string_equal(
		house_ask(h,
			  "SELECT order_id, coalesce(customer_id, customer_key), day_key, "
			  "amount_e2, fact_order._source_line FROM fact_order JOIN dim_customer USING "
			  "(customer_key) ORDER BY 1"),
		"10|1|20200229|1250|2\n"
		"11|-1|20210301|-5|3\n"
		"12|-2|20200302|~|4\n"
		"13|2|-2|700|5\n"
		"14|2|20201231|~|6\n");
	assert_string_equal(house_ask(h, "SELECT order_id, amount FROM v_fact_order ORDER BY 1"),
			    "10|12.50\n11|-0.05\n12|~\n13|7.00\n14|~\n");
	assert_string_equal(house_ask(h,
				      "SELECT count(*), min(date), max(date) FROM dim_date "
				      "WHERE date_key >= 0"),
			    "731|2020-01-01|2021-12-31\n");
}

/* Hashes: Python's hashlib.blake2b(record, digest_size=32), first 8 digits. */
static void other_records_are_in_quarantine(void **state)
{
	struct house *h = *state;
	struct deployment d = load_shop(h);

	assert_string_equal(
		house_ask(h,
			  "SELECT source_table, path, line, byte_offset, reason, raw, "
			  "substr(hash, 1, 8) FROM bldr_quarantine ORDER BY path, line"),
		"customers|customers.csv|4|51|duplicate business key|2,Grace again,|a96bdcba\n"
		"customers|customers.csv|5|66|\"dim_customer.customer_id\" is null|,Nobody,|"
		"c015235c\n"
		"customers|customers.csv|8|91|4 fields where the header has 3|4,too,many,fields|"
		"f9801a70\n"
		"customers|customers.csv|9|109|not valid UTF-8|\xEF\xBF\xBD(,bad,|20f2c079\n"
		"orders|orders.csv|7|123|duplicate grain|10,1,2020-02-29,12.50|db79efac\n"
		"orders|orders.csv|8|145|\"fact_order.order_id\" is null: not an integer|"
		"x,1,2020-02-29,1.00|e880b949\n"
		"orders|orders.csv|9|165|\"fact_order.order_id\" is null|,1,2020-02-29,1.00|"
		"f90778e6\n"
		"orders|orders.csv|10|184|2 fields where the header has 4|15,1|e0a4759e\n");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_layer ORDER BY 1"),
			    "customers|customers.csv|7|3|4|0\norders|orders.csv|9|5|4|0\n");
	assert_int_equal(d.sources.at[0].read, 7);
	assert_int_equal(d.sources.at[0].loaded, 3);
	assert_int_equal(d.sources.at[0].rejected, 4);
	assert_int_equal(d.tables.at[0].rows, 3);
	assert_int_equal(d.tables.at[0].quarantined, 4);
	assert_int_equal(d.tables.at[1].rows, 731);
	assert_int_equal(d.tables.at[1].quarantined, 0);
	assert_int_equal(d.tables.at[2].rows, 5);
	assert_int_equal(d.tables.at[2].quarantined, 4);
}

static void raw_is_cut_at_4_kb_between_characters(void **state)
{
	struct house *h = *state;
	char *text = calloc(1, 10000);
	size_t size = (size_t)snprintf(text, 10000, "id,customer,day,amount\nx,,,");

	for (int i = 0; i < 3000; i++) {
		memcpy(text + size, "\xC3\xA9", 2);
		size += 2;
	}
	customers(h);
	house_file(h, "orders.csv", text);
	free(text);
	house_declare(h);
	house_sttm(h, shop);
	house_load(h, "1");
	assert_string_equal(house_ask(h,
				      "SELECT length(CAST(raw AS BLOB)), length(raw) FROM "
				      "bldr_quarantine WHERE path = 'orders.csv'"),
			    "4096|2050\n");
}

static void without_a_date_the_calendar_has_reserved_members_only(void **state)
{
	struct house *h = *state;

	customers(h);
	house_file(h, "orders.csv", "id,customer,day,amount\n10,1,,1\n11,1,soon,1\n");
	house_declare(h);
	house_sttm(h, shop);
	assert_int_equal(house_load(h, "1").tables.at[1].rows, 0);
	assert_string_equal(house_ask(h, "SELECT date_key, date FROM dim_date ORDER BY 1"),
			    "-2|~\n-1|~\n");
	assert_string_equal(house_ask(h, "SELECT order_id, day_key FROM fact_order ORDER BY 1"),
			    "10|-2\n11|-2\n");
}

/* 400 years fit; of dates further apart those count that lie where most days are, however often one is written. */
static void a_calendar_is_400_years_long_at_most(void **state)
{
	struct house *h = *state;

	customers(h);
	house_file(h, "orders.csv",
		   "id,customer,day,amount\n10,1,1618-12-31,1\n11,1,2018-01-01,1\n"
		   "12,1,9999-12-31,1\n13,1,2018-01-02,1\n14,1,9999-12-31,1\n"
		   "15,1,9999-12-31,1\n16,1,0001-01-01,1\n");
	house_declare(h);
	house_sttm(h, shop);
	assert_int_equal(house_load(h, "0").tables.at[1].rows, 365); /* 2018 */
	assert_string_equal(house_ask(h, "SELECT order_id, day_key FROM fact_order ORDER BY 1"),
			    "10|-1\n11|20180101\n12|-1\n13|20180102\n14|-1\n15|-1\n16|-1\n");
	house_file(h, "orders.csv",
		   "id,customer,day,amount\n10,1,1619-12-31,1\n11,1,2018-01-01,1\n");
	house_declare(h);
	house_sttm(h, shop);
	assert_int_equal(house_load(h, "1").tables.at[1].rows, 146097); /* 400 years */
}

/* An earlier load's rows are replaced where they differ, kept where they do not, never doubled. */
static void a_later_load_replaces_what_differs(void **state)
{
	struct house *h = *state;
	struct deployment d;

	load_shop(h);
	house_file(h, "orders.csv",
		   "id,customer,day,amount\n"
		   "10,3,2020-02-29,99.99\n" /* another customer and amount */
		   "16,1,2022-01-01,1\n"
		   "x,1,,\n");
	house_declare(h);
	d = house_load(h, "2");
	house_is_sound(h, h->db);
	assert_int_equal(d.tables.at[2].rows, 6);
	assert_int_equal(d.tables.at[1].rows, 731 + 365);
	assert_string_equal(house_ask(h,
				      "SELECT order_id, customer_id, amount_e2 FROM fact_order "
				      "JOIN dim_customer USING (customer_key) WHERE "
				      "order_id IN (10, 14, 16) ORDER BY 1"),
			    "10|3|9999\n14|2|~\n16|1|100\n");
	assert_string_equal(house_ask(h,
				      "SELECT read, loaded, rejected FROM bldr_layer WHERE "
				      "path = 'orders.csv'"),
			    "3|2|1\n");
	assert_string_equal(house_ask(h,
				      "SELECT line, raw FROM bldr_quarantine WHERE path = "
				      "'orders.csv'"),
			    "4|x,1,,\n");
}

/* ---- keys ---- */

// clang-format off
#define MEMBER \
	DIMENSION("dim_m", "m", \
		KEY("m_key", CAST("int64", COL("k"))) \
		COLUMN("id", "text", "business_key", "true", CLEAN(COL("id"))))
static const char member[] = MEMBER;
static const char member_and_fact[] =
	MEMBER
	FACT("fact_f", "f", "", "'id'",
		ID("id", CAST("int64", COL("id")))
		DIMENSION_KEY("m_key", "dim_m", CAST("int64", COL("k"))));
static const char member_and_member[] =
	MEMBER
	DIMENSION("dim_n", "n",
		KEY("n_key", CAST("int64", COL("k")))
		COLUMN("id", "text", "business_key", "true", COL("id"))
		DIMENSION_KEY("m_key", "dim_m",
			LOOKUP("dim_m", CAST("int64", COL("m")), CAST("int64", COL("m")))));
static const char member_and_records[] =
	MEMBER
	FACT("fact_m", "m", "", "'_source_file','_source_line'",
		COLUMN("id", "text", "degenerate", "false", CLEAN(COL("id")))
		LINEAGE);
// clang-format on

/* Two business keys of one surrogate key: neither takes the other's place, in one load or in two. */
static void colliding_surrogate_keys_are_refused(void **state)
{
	struct house *h = *state;

	house_file(h, "m.csv", "k,id\n7,a\n7,b\n8,c\n-2,d\n");
	house_declare(h);
	house_sttm(h, member);
	house_load(h, "1");
	house_file(h, "m.csv", "k,id\n7,b\n7,a\n8,e\n");
	house_declare(h);
	assert_int_equal(house_load(h, "2").tables.at[0].quarantined, 2);
	assert_string_equal(house_ask(h, "SELECT m_key, id FROM dim_m ORDER BY 1"),
			    "-2|~\n-1|~\n7|a\n8|c\n");
	assert_string_equal(house_ask(h, "SELECT line, reason FROM bldr_quarantine ORDER BY 1"),
			    "2|surrogate key of another business key\n"
			    "4|surrogate key of another business key\n");
}

static void a_key_that_no_dimension_has_is_refused(void **state)
{
	struct house *h = *state;

	house_file(h, "m.csv", "k,id\n7,a\n");
	house_file(h, "f.csv", "id,k\n1,7\n2,8\n3,-1\n4,\n");
	house_declare(h);
	house_sttm(h, member_and_fact);
	house_load(h, "1");
	house_is_sound(h, h->db);
	assert_string_equal(house_ask(h, "SELECT id, m_key FROM fact_f ORDER BY 1"), "1|7\n3|-1\n");
	assert_string_equal(house_ask(h, "SELECT line, reason FROM bldr_quarantine ORDER BY 1"),
			    "3|\"fact_f.m_key\" is 8, which \"dim_m\" lacks\n"
			    "5|\"fact_f.m_key\" is null\n");
}

static void members_of_a_dimension_may_refer_to_another(void **state)
{
	struct house *h = *state;

	house_file(h, "m.csv", "k,id\n7,a\n");
	house_file(h, "n.csv", "k,id,m\n1,x,7\n2,y,9\n3,z,\n");
	house_declare(h);
	house_sttm(h, member_and_member);
	house_load(h, "1");
	house_is_sound(h, h->db);
	assert_string_equal(house_ask(h, "SELECT * FROM dim_n ORDER BY 1"),
			    "-2|~|-2\n-1|~|-1\n1|x|7\n2|y|-1\n3|z|-2\n");
}

static void a_record_may_feed_two_tables(void **state)
{
	struct house *h = *state;
	struct deployment d;

	house_file(h, "m.csv", "k,id\n7,a\nx,a\n8,\ny,\nz\n");
	house_file(h, "unused.csv", "a,b\n1,2\n");
	house_declare(h);
	house_sttm(h, member_and_records);
	d = house_load(h, "1");
	assert_string_equal(house_ask(h, "SELECT * FROM fact_m ORDER BY 3"),
			    "a|m.csv|2\na|m.csv|3\n");
	assert_string_equal(house_ask(h, "SELECT line, reason FROM bldr_quarantine ORDER BY 1"),
			    "3|\"dim_m.m_key\" is null: not an integer\n"
			    "4|\"dim_m.id\" is null\n"
			    "5|\"dim_m.m_key\" is null: not an integer\n"
			    "6|1 field where the header has 2\n");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_layer"), "m|m.csv|5|1|4|0\n");
	assert_int_equal(d.sources.n, 1);
	assert_int_equal(d.tables.at[0].rows, 1);
	assert_int_equal(d.tables.at[0].quarantined, 4);
	assert_int_equal(d.tables.at[1].rows, 2);
	assert_int_equal(d.tables.at[1].quarantined, 3);
}

static void a_file_without_records_gives_an_empty_table(void **state)
{
	struct house *h = *state;
	struct deployment d;

	house_file(h, "m.csv", "\xEF\xBB\xBFk,id\r\n");
	house_declare(h);
	house_sttm(h, member);
	d = house_load(h, "1");
	assert_int_equal(d.tables.at[0].rows, 0);
	assert_int_equal(d.tables.at[0].reserved, 2);
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_layer"), "m|m.csv|0|0|0|0\n");
}

/* ---- joins ---- */

// clang-format off
#define ITEMS(joins, columns) \
	FACT("fact_item", "items", joins, "'item_id'", \
		ID("item_id", CAST("int64", COL("id"))) \
		columns)
#define ORDER_JOIN JOIN("o", "orders", "items", "'a','b'", "'a','b'")
#define CITY_JOIN JOIN("c", "cities", "o", "'city'", "'id'")
static const char items[] =
	ITEMS(ORDER_JOIN CITY_JOIN,
		VALUE("city", "text", COL_OF("c", "name"))
		VALUE("code", "text", COL_OF("o", "city")));
static const char items_of_orders[] =
	ITEMS(ORDER_JOIN, VALUE("city", "text", COL_OF("o", "city")));
static const char cities_of_items[] =
	DIMENSION("dim_city", "members",
		KEY("city_key", SURROGATE("dim_city", CLEAN(COL("name"))))
		COLUMN("name", "text", "business_key", "false", CLEAN(COL("name"))))
	ITEMS(ORDER_JOIN CITY_JOIN,
		DIMENSION_KEY("city_key", "dim_city",
			LOOKUP_OVER("dim_city", SURROGATE("dim_city", CLEAN(COL_OF("c", "name"))),
				    CLEAN(COL_OF("c", "name")),
				    HOP(CLEAN(COL("a")) "," CLEAN(COL("b")), COL_OF("o", "a")) ","
				    HOP(CLEAN(COL_OF("o", "city")), COL_OF("c", "id")))));
// clang-format on

/* A key over two hops is unknown where either is written and leads nowhere, and not applicable where one is null. */
static void keys_over_joins_are_unknown_or_none(void **state)
{
	struct house *h = *state;

	house_file(h, "members.csv", "name,x\nBonn,\nAlt,\n");
	house_file(h, "cities.csv", "id,name\nB,Bonn\nK,Köln\nL,\n");
	house_file(h, "orders.csv", "a,b,city\n1,x,B\n1,y,K\n2,x,Z\n3,x,\n4,x,L\n");
	house_file(h, "items.csv",
		   "id,a,b\n1,1,x\n2,1,y\n3,2,x\n4,3,x\n5,4,x\n6,9,x\n7,,x\n8,9,\n9,\" 1\",x \n");
	house_declare(h);
	house_sttm(h, cities_of_items);
	house_load(h, "1");
	assert_string_equal(
		house_ask(h,
			  "SELECT item_id, iif(f.city_key < 0, f.city_key, name) FROM fact_item f "
			  "JOIN dim_city USING (city_key) ORDER BY 1"),
		"1|Bonn\n"
		"2|-1\n" /* Köln is no member */
		"3|-1\n" /* no city is Z */
		"4|-2\n" /* its order has no city */
		"5|-2\n" /* its city has no name */
		"6|-1\n" /* no order is 9 x */
		"7|-2\n" /* half a key is none */
		"8|-2\n"
		"9|Bonn\n");
}

static void joins_are_left_joins_on_trimmed_text(void **state)
{
	struct house *h = *state;

	house_file(h, "cities.csv", "id,name\nB,Bonn\n K ,\"Köln\"\n,Nowhere\n\t,Nowhere too\n");
	house_file(h, "orders.csv",
		   "a,b,city,unused\n1,x,K,\n1,y,\" B\t\",\n2,x,Z,\n,x,B,\n3,z,,\n");
	house_file(h, "items.csv",
		   "id,a,b\n1,1,x\n2, 1 ,\ty \n3,2,x\n4,,x\n5,7,x\n6,01,x\n7,1x,\n8,3,z\n");
	house_declare(h);
	house_sttm(h, items);
	house_load(h, "1");
	assert_string_equal(house_ask(h, "SELECT item_id, city, code FROM fact_item ORDER BY 1"),
			    "1|Köln|K\n2|Bonn| B\t\n3|~|Z\n4|~|~\n5|~|~\n6|~|~\n7|~|~\n8|~|\n");
	assert_string_equal(house_ask(h,
				      "SELECT source_table, read, loaded FROM bldr_layer "
				      "ORDER BY 1"),
			    "cities|4|4\nitems|8|8\norders|5|5\n");
}

static void a_join_that_would_fan_out_is_refused(void **state)
{
	struct house *h = *state;

	house_file(h, "orders.csv", "a,b,city\n1,x,K\n2,x,K\n 1,x ,B\n");
	house_file(h, "items.csv", "id,a,b\n1,1,x\n");
	house_declare(h);
	house_sttm(h, items_of_orders);
	house_refuses(h, BLDR_E_INVALID,
		      "table \"fact_item\": join \"o\" would fan out: lines 2 and 4 of "
		      "\"orders.csv\" (orders) have the same a, b");
	house_file(h, "orders.csv", "a,b,city\n1,x,K\n2,x,K\n 1,x ,B\n3,x,K\n");
	house_refuses(h, BLDR_E_CHANGED, "\"orders.csv\" has changed");
}

/* ---- types ---- */

// clang-format off
static const char types[] =
	FACT("fact_t", "t", "", "'id'",
		ID("id", CAST("int64", COL("id")))
		VALUE("b", "bool", CAST("bool", COL("b")))
		VALUE("d2", "decimal(3,2)", CAST("decimal(3,2)", COL("d2")))
		VALUE("d15", "decimal(15,2)", CAST("decimal(15,2)", COL("d15")))
		VALUE("d16", "decimal(16,1)", CAST("decimal(16,1)", COL("d16")))
		VALUE("d0", "decimal(4,0)", CAST("decimal(4,0)", COL("d0")))
		VALUE("f", "double", CAST("double", COL("f")))
		VALUE("day", "date", CAST("date", COL("day")))
		VALUE("at", "timestamp", CAST("timestamp", COL("at")))
		VALUE("ntz", "timestamp_ntz", CAST("timestamp_ntz", COL("ntz"))));
static const char digested[] =
	FACT("fact_t", "t", "", "'a'",
		COLUMN("a", "text", "business_key", "false", COL("a"))
		VALUE("b", "decimal(9,2)", CAST("decimal(9,2)", COL("b")))
		VALUE("c", "bool", CAST("bool", COL("c")))
		VALUE("d", "double", CAST("double", COL("d"))));
static const char odd_names[] =
	FACT("order", "t", "", "'select','group \\u0022by\\u0022'",
		ID("select", CAST("int64", COL("select")))
		COLUMN("group \\u0022by\\u0022", "text", "business_key", "false", COL("a\\u0022b"))
		VALUE("it\\u0027s; DROP", "decimal(5,2)", CAST("decimal(5,2)", COL("from table")))
		VALUE("rowid", "int64", CAST("int64", COL("rowid")))
		VALUE("Zürich %s", "text", NOTHING));
// clang-format on

static void each_type_is_stored_as_documented(void **state)
{
	struct house *h = *state;

	house_file(h, "t.csv",
		   "id,b,d2,d15,d16,d0,f,day,at,ntz\n"
		   "1,true,-0.05,-9999999999999.99,12345678901234.5,42,1.5,2020-02-29,"
		   "2020-02-29T23:59:59.123456+02:00,2020-02-29 23:59:00\n"
		   "2,no,0.005,0,-0.04,-7,-1e300,0001-01-01,1969-12-31T23:59:59Z,"
		   "9999-12-31T00:00:00.1\n"
		   "3,,,,,,,,,\n"
		   "4,x,x,10000000000000,x,99999,x,x,x,x\n");
	house_declare(h);
	house_sttm(h, types);
	house_load(h, "1");
	assert_string_equal(
		house_ask(h, "SELECT id, b, d2_e2, d15_e2, d16, d0, f, day, at, ntz FROM fact_t"),
		"1|1|-5|-999999999999999|12345678901234.5|42|1.5|2020-02-29|"
		"2020-02-29T21:59:59.123456Z|2020-02-29T23:59:00.000000\n"
		"2|0|1|0|0.0|-7|-1.0e+300|0001-01-01|1969-12-31T23:59:59.000000Z|"
		"9999-12-31T00:00:00.100000\n"
		"3|~|~|~|~|~|~|~|~|~\n"
		"4|~|~|~|~|~|~|~|~|~\n");
	assert_string_equal(
		house_ask(h,
			  "SELECT typeof(b), typeof(d2_e2), typeof(d16), typeof(d0), typeof(f), "
			  "typeof(day), typeof(at) FROM fact_t WHERE id = 1"),
		"integer|integer|text|text|real|text|text\n");
	assert_string_equal(house_ask(h, "SELECT d2, d15, d16, d0 FROM v_fact_t"),
			    "-0.05|-9999999999999.99|12345678901234.5|42\n"
			    "0.01|0.00|0.0|-7\n~|~|~|~\n~|~|~|~\n");
}

/* Python: hashlib.blake2b(b"B\x1f-10.25\x1ffalse\x1f-0.25\x1ea\x1f2.00\x1f\0\x1f\0\x1ez\x1f1.00"
 * b"\x1ftrue\x1f0.5\x1e", digest_size=32).hexdigest() */
static void digest_is_of_canonical_texts_in_key_order(void **state)
{
	struct house *h = *state;
	struct deployment d;

	house_file(h, "t.csv", "a,b,c,d\nz,1,true,0.5\na,2,,\nB,-10.25,false,-0.25\n");
	house_declare(h);
	house_sttm(h, digested);
	d = house_load(h, "1");
	assert_string_equal(d.tables.at[0].digest,
			    "6f5a0db234998fabe934b8300b403f0c329f6b7a748c561d550df97d841f1ba2");
}

/* ---- names ---- */

static void any_name_can_be_a_column(void **state)
{
	struct house *h = *state;

	house_file(h, "t.csv",
		   "select,\"a\"\"b\",\"from table\",rowid\n1,x,2.50,7\n1,y,1,8\n2,z,,9\n");
	house_declare(h);
	house_sttm(h, odd_names);
	house_load(h, "1");
	house_file(h, "t.csv", "select,\"a\"\"b\",\"from table\",rowid\n1,x,3,7\n1,y,1,8\n");
	house_declare(h);
	house_load(h, "2");
	house_is_sound(h, h->db);
	assert_string_equal(house_ask(h, "SELECT * FROM \"v_order\" ORDER BY 1, 2"),
			    "1|x|3.00|7|~\n1|y|1.00|8|~\n2|z|~|9|~\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_records_become_rows),
		TEST(other_records_are_in_quarantine),
		TEST(raw_is_cut_at_4_kb_between_characters),
		TEST(without_a_date_the_calendar_has_reserved_members_only),
		TEST(a_calendar_is_400_years_long_at_most),
		TEST(a_later_load_replaces_what_differs),
		TEST(colliding_surrogate_keys_are_refused),
		TEST(a_key_that_no_dimension_has_is_refused),
		TEST(members_of_a_dimension_may_refer_to_another),
		TEST(a_record_may_feed_two_tables),
		TEST(a_file_without_records_gives_an_empty_table),
		TEST(joins_are_left_joins_on_trimmed_text),
		TEST(keys_over_joins_are_unknown_or_none),
		TEST(a_join_that_would_fan_out_is_refused),
		TEST(each_type_is_stored_as_documented),
		TEST(digest_is_of_canonical_texts_in_key_order),
		TEST(any_name_can_be_a_column),
	};

	return cmocka_run_group_tests_name("materialise_rows", tests, NULL, NULL);
}
