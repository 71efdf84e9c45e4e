/* What is wrong with an STTM is told before a file is opened, with the table and column it is about. */
#include "base/buf.h"
#include "warehouse_test.h"

// clang-format off
#define OWN_ID ID("id", CAST("int64", COL("id")))
#define LIT(name) VALUE(name, "text", NOTHING)
#define OF_T(name, columns) FACT(name, "t", "", "'id'", OWN_ID columns)
#define DIM(columns) DIMENSION("dim_a", "t", columns)
#define A_KEY KEY("a_key", SURROGATE("dim_a", COL("id")))
#define TO_A LOOKUP("dim_a", SURROGATE("dim_a", COL("id")), COL("id"))
#define TO_DIM_TABLE OF_T("f", DIMENSION_KEY("a_key", "dim_a", TO_A))
#define JOINED(alias, table, from, from_columns, to_columns) \
	FACT("f", "t", JOIN(alias, table, from, from_columns, to_columns), "'id'", OWN_ID)

static const struct {
	const char *tables, *text;
} faults[] = {
	{ OF_T("f", VALUE("x", "int64", COL("x"))),
	  "column \"f.x\": the rule gives text, the column is int64" },
	{ OF_T("f", VALUE("x", "decimal(9,3)", CAST("decimal(9,2)", COL("x")))),
	  "column \"f.x\": the rule gives decimal(9,2), the column is decimal(9,3)" },
	{ OF_T("f", VALUE("x", "money", COL("x"))),
	  "column \"f.x\": \"money\" is not a type" },
	{ OF_T("f", VALUE("x", "text", COL("nope"))),
	  "column \"f.x\": \"/col\": no column \"nope\" here" },
	{ OF_T("f", VALUE("x", "text", COL_OF("u", "x"))),
	  "column \"f.x\": \"/col\": no column \"x\" of \"u\" here" },
	{ OF_T("f", VALUE("", "text", COL("x"))),
	  "column \"f.\": a column has no name" },
	{ OF_T("f", LIT("a") LIT("A")),
	  "table \"f\": columns \"a\" and \"A\" would have one name in the warehouse" },
	{ OF_T("f", LIT("x_e2") VALUE("x", "decimal(9,2)", CAST("decimal(9,2)", COL("x")))),
	  "table \"f\": columns \"x_e2\" and \"x\" would have one name" },
	{ OF_T("f", "") OF_T("F", ""), "tables \"f\" and \"F\" would have one name" },
	{ OF_T("f", "") OF_T("V_f", ""),
	  "table \"V_f\" has the name of the view of table \"f\"" },
	{ OF_T("v_f", "") OF_T("f", ""),
	  "table \"v_f\" has the name of the view of table \"f\"" },
	{ OF_T("BLDR_load", ""), "\"BLDR_load\" cannot be the name of a table" },
	{ OF_T("sqlite_x", ""), "\"sqlite_x\" cannot be the name of a table" },
	{ OF_T("f", LIT("rowid") LIT("OID") LIT("_rowid_")), "hide SQLite's row id" },
	{ FACT("f", "nope", "", "'id'", OWN_ID), "table \"f\": no source table \"nope\"" },
	{ FACT("f", "t", "", "", OWN_ID), "table \"f\" has no grain" },
	{ FACT("f", "t", "", "'nope'", OWN_ID),
	  "table \"f\" has no column \"nope\" for its grain" },
	{ DIM(OWN_ID), "dimension \"dim_a\" needs one surrogate key of type int64" },
	{ DIM(A_KEY KEY("b_key", SURROGATE("dim_a", COL("id")))),
	  "dimension \"dim_a\" needs one surrogate key of type int64" },
	{ DIM(COLUMN("a_key", "text", "surrogate_key", "false", COL("id"))),
	  "dimension \"dim_a\" needs one surrogate key of type int64" },
	{ TO_DIM_TABLE DIM(A_KEY),
	  "column \"f.a_key\": \"dim_a\" is no dimension that is loaded before this table" },
	{ OF_T("f", VALUE("a_key", "int64", TO_A)) DIM(A_KEY),
	  "column \"f.a_key\": \"/dimension\": no dimension \"dim_a\" here" },
	{ DIM(A_KEY DIMENSION_KEY("up_key", "dim_a", TO_A)),
	  "column \"dim_a.up_key\": \"dim_a\" is no dimension that is loaded before" },
	{ DIM(A_KEY) OF_T("f", "{'target':'a_key','type':'text','role':'dimension_key',"
			       "'nullable':false,'dimension':'dim_a','sources':[],'prose':'',"
			       "'rule':" NOTHING "},"),
	  "column \"f.a_key\": a dimension key is int64, not text" },
	{ TABLE("dim_a", "dimension", "'source':'t','calendar':[]", "", "",
		"{'key':-1,'label':'?'},", A_KEY) TO_DIM_TABLE,
	  "column \"f.a_key\": dimension \"dim_a\" lacks the reserved members -1 and -2" },
	{ CALENDAR("dim_date", "t", "x"),
	  "\"dim_date\" covers the dates of \"t.x\", but no rule reads that column as a date" },
	{ CALENDAR("dim_date", "nope", "x"), "\"dim_date\" covers the dates of \"nope.x\"" },
	/* a column of that name in another table is another column */
	{ CALENDAR("dim_date", "t", "x")
	  FACT("f", "t", JOIN("u", "u", "t", "'id'", "'id'"), "'id'",
		OWN_ID VALUE("d", "date", DATE(COL_OF("u", "x")))),
	  "\"dim_date\" covers the dates of \"t.x\", but no rule" },
	{ JOINED("u", "nope", "t", "'id'", "'id'"),
	  "table \"f\", join \"u\": no source table \"nope\"" },
	{ JOINED("t", "u", "t", "'id'", "'id'"),
	  "table \"f\", join \"t\": the alias is empty or used already" },
	{ JOINED("u", "u", "v", "'id'", "'id'"),
	  "table \"f\", join \"u\": \"v\" is neither the table's own source nor a join before" },
	{ JOINED("u", "u", "u", "'id'", "'id'"),
	  "table \"f\", join \"u\": \"u\" is neither the table's own source nor a join before" },
	{ JOINED("u", "u", "t", "'id'", "'y'"),
	  "table \"f\", join \"u\": no column \"y\" in \"u\"" },
	{ JOINED("u", "u", "t", "'y'", "'id'"),
	  "table \"f\", join \"u\": no column \"y\" in \"t\"" },
	{ JOINED("u", "u", "t", "'id','x'", "'id'"),
	  "table \"f\", join \"u\": it compares 2 columns of \"t\" with 1 of \"u\"" },
	{ JOINED("u", "u", "t", "'id','x'", "'id','id'"),
	  "table \"f\", join \"u\": column \"id\" of \"u\" is compared twice" },
};

static const char two_readings[] =
	CALENDAR("dim_date", "t", "x")
	FACT("f", "t", "", "'id'",
		OWN_ID
		DIMENSION_KEY("x_key", "dim_date",
			LOOKUP("dim_date", DATE_KEY(PARSE("dd.MM.yyyy", COL("x"))), COL("x")))
		VALUE("d", "date", CAST("date", COL("x"))));
// clang-format on

static void files(struct house *h)
{
	house_file(h, "t.csv", "id,x\n1,2\n");
	house_file(h, "u.csv", "id,x\n1,2020-01-01\n");
	house_declare(h);
}

static void faults_are_told(void **state)
{
	struct house *h = *state;

	files(h);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		house_sttm(h, faults[i].tables);
		house_refuses(h, BLDR_E_INVALID, faults[i].text);
	}
	house_sttm(h, DIM(A_KEY) TO_DIM_TABLE);
	house_load(h, "1");
}

static void columns(struct house *h, int n)
{
	struct buf tables;

	buf_init(&tables, 1 << 20);
	buf_puts(&tables,
		 "{'name':'wide','kind':'fact','source':'t','calendar':[],'joins':[],"
		 "'grain_columns':['id'],'reserved':[],'columns':[" OWN_ID);
	for (int i = 1; i < n; i++) {
		buf_printf(&tables, VALUE("c%d", "text", COL("x")), i);
	}
	buf_puts(&tables, "]}");
	house_sttm(h, tables.data);
	buf_release(&tables);
}

static void a_table_holds_as_many_columns_as_sqlite(void **state)
{
	struct house *h = *state;

	files(h);
	columns(h, 2000);
	house_load(h, "1");
	house_load(h, "2");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_skipped_table"), "");
	assert_string_equal(house_ask(h, "SELECT c1999 FROM v_wide"), "2\n");
}

/* The dimension is too wide, a fact refers to it; what is left is loaded, and of its files alone is told. */
static void a_table_that_is_too_wide_is_told_and_the_others_are_loaded(void **state)
{
	struct house *h = *state;
	struct deployment d;
	struct buf tables;

	house_file(h, "t.csv", "id,x\n1,2\n");
	house_file(h, "u.csv", "id,x\n3,4\n5\n");
	house_declare(h);
	buf_init(&tables, 1 << 20);
	buf_puts(&tables,
		 "{'name':'wide','kind':'dimension','source':'t','calendar':[],'joins':[],"
		 "'grain_columns':['id'],'reserved':[" MEMBERS
		 "],'columns':[" KEY("wide_key", SURROGATE("wide", CAST("int64", COL("id"))))
			 OWN_ID);
	for (int i = 2; i < 2001; i++) {
		buf_printf(&tables, VALUE("c%d", "text", COL("x")), i);
	}
	buf_puts(&tables, "]},");
	/* clang-format off */
	buf_puts(&tables, FACT("narrow", "t", "", "'id'",
		OWN_ID
		DIMENSION_KEY("wide_key", "wide",
			LOOKUP("wide", SURROGATE("wide", CAST("int64", COL("x"))), CAST("int64", COL("x")))))
		FACT("other", "u", "", "'id'", OWN_ID));
	/* clang-format on */
	house_sttm(h, tables.data);
	buf_release(&tables);
	d = house_load(h, "1");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_skipped_table ORDER BY name"),
			    "narrow|it refers to \"wide\", which is not loaded\n"
			    "wide|it has 2001 columns, SQLite holds at most 2000; split it\n");
	assert_string_equal(house_ask(h,
				      "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
				      "name IN ('narrow', 'wide', 'other')"),
			    "other\n");
	assert_string_equal(house_ask(h, "SELECT * FROM other"), "3\n");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_layer"), "u|u.csv|2|1|1|0\n");
	assert_int_equal(d.tables.n, 1);
	assert_string_equal(d.tables.at[0].name, "other");
	assert_int_equal(d.sources.n, 1);
	/* another mapping into the same file: what was skipped before is not told again */
	house_sttm(h, FACT("other", "u", "", "'id'", OWN_ID));
	house_load(h, "2");
	assert_string_equal(house_ask(h, "SELECT * FROM bldr_skipped_table"), "");
}

/* Of several rules that read the column, the first in the STTM's order; inside a lookup's key too. */
static void a_calendar_reads_dates_as_the_first_rule_does(void **state)
{
	struct house *h = *state;

	house_file(h, "t.csv", "id,x\n1,01.02.2020\n2,2031-01-01\n");
	house_declare(h);
	house_sttm(h, two_readings);
	house_load(h, "1");
	assert_string_equal(house_ask(h, "SELECT min(date), max(date) FROM dim_date"),
			    "2020-01-01|2020-12-31\n");
	assert_string_equal(house_ask(h, "SELECT id, x_key, d FROM f"),
			    "1|20200201|~\n2|-1|2031-01-01\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(faults_are_told),
		TEST(a_table_holds_as_many_columns_as_sqlite),
		TEST(a_table_that_is_too_wide_is_told_and_the_others_are_loaded),
		TEST(a_calendar_reads_dates_as_the_first_rule_does),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
