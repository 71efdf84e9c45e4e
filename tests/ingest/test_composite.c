/* Inclusion dependencies of two columns, on tables made for one question each. */
#include "folder.h"

#include "ingest/composite.h"

enum { TEXT_MAX = 1 << 16 };

/* A file that is written line by line. */
struct text {
	char at[TEXT_MAX];
	size_t size;
};

static void begin(struct text *t, const char *header)
{
	t->size = (size_t)snprintf(t->at, sizeof(t->at), "%s\n", header);
}

__attribute__((format(printf, 2, 3))) static void line(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	t->size += (size_t)vsnprintf(t->at + t->size, sizeof(t->at) - t->size, format, args);
	va_end(args);
	assert_true(t->size + 1 < sizeof(t->at));
	t->at[t->size++] = '\n';
	t->at[t->size] = '\0';
}

/* The lines of orders 1001..1040: order i has 1 + i % 4 of them, 100 in all. */
enum { ORDERS = 40, LINES = 100 };

static int lines_of(int order)
{
	return 1 + order % 4;
}

static void put_lines(struct folder *f)
{
	struct text t;
	begin(&t, "order_no,line_no,quantity");
	for (int i = 0; i < ORDERS; i++) {
		for (int k = 1; k <= lines_of(i); k++) {
			line(&t, "%d,%d,%d", 1001 + i, k, (i + k) % 7);
		}
	}
	put(f, "order_lines.csv", t.at);
}

/* n shipments of different lines; of them the last `wrong` are of lines that the order does not have. */
static void put_shipments(struct folder *f, const char *file, const char *header, int n, int wrong)
{
	struct text t;
	int written = 0;
	begin(&t, header);
	for (int i = 0; i < ORDERS && written < n - wrong; i++) {
		for (int k = 1; k <= lines_of(i) && written < n - wrong; k++) {
			line(&t, "%d,%d,%d,1.%d", 700 + written++, 1001 + i, k, k);
		}
	}
	for (; written < n; written++) {
		line(&t, "%d,%d,%d,1.0", 700 + written, 1001 + (written - n + wrong) * 4, 4);
	}
	put(f, file, t.at);
}

static const char *joined(struct folder *f, const texts *columns)
{
	const char *s = "";
	for (size_t i = 0; i < columns->n; i++) {
		s = arena_printf(&f->arena, "%s%s%s", s, i > 0 ? "+" : "", columns->at[i]);
	}
	return s;
}

/* from: columns joined by '+' */
static const struct inclusion *find(struct folder *f, const char *table, const char *from,
				    const char *to)
{
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		const struct inclusion *in = &f->profile.inclusions.at[i];
		if (strcmp(in->from_table, table) == 0 && strcmp(in->to_table, to) == 0 &&
		    strcmp(joined(f, &in->from_columns), from) == 0) {
			return in;
		}
	}
	return NULL;
}

static const struct inclusion *assert_found(struct folder *f, const char *table, const char *from,
					    const char *to, bool chosen)
{
	const struct inclusion *in = find(f, table, from, to);
	if (in == NULL) {
		fail_msg("%s(%s) -> %s is not there", table, from, to);
	} else if (in->chosen != chosen) {
		fail_msg("%s(%s) -> %s: taken is %d, score %s", table, from, to, in->chosen,
			 in->score);
	}
	return in;
}

static void assert_says(const struct inclusion *in, const char *part)
{
	for (size_t i = 0; i < in->evidence.n; i++) {
		if (strstr(in->evidence.at[i], part) != NULL) {
			return;
		}
	}
	fail_msg("no evidence says: %s", part);
}

static size_t pairs(const struct folder *f, bool chosen)
{
	size_t n = 0;
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		const struct inclusion *in = &f->profile.inclusions.at[i];
		n += in->from_columns.n == 2 && (in->chosen || !chosen);
	}
	return n;
}

static void test_reference_of_two(void **state)
{
	struct folder *f = *state;
	put_lines(f);
	put_shipments(f, "shipments.csv", "shipment_id,order_no,line_no,weight", 60, 0);
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in =
		assert_found(f, "shipments", "order_no+line_no", "order_lines", true);
	assert_string_equal(joined(f, &in->to_columns), "order_no+line_no");
	assert_int_equal(in->distinct, 60);
	assert_int_equal(in->contained, 60);
	assert_int_equal(in->orphan_rows, 0);
	assert_says(in, "60 of 60 distinct pairs are keys there");
	assert_says(in, "0.62 of the pairs it could have"); /* 100 of 40 * 4 */
	assert_says(in, "60 of 100 keys are used");
	assert_int_equal(f->profile.skipped_pairs, 0);
	assert_int_equal(pairs(f, false), 1);
}

/* The columns of the child come in the order of its file. */
static void test_order_of_columns(void **state)
{
	struct folder *f = *state;
	put_lines(f);
	put(f, "returns.csv",
	    "return_id,line_no,reason,order_no\n9001,1,a,1001\n9002,1,b,1002\n9003,2,c,1002\n"
	    "9004,3,a,1004\n9005,4,b,1004\n");
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in =
		assert_found(f, "returns", "line_no+order_no", "order_lines", true);
	assert_string_equal(joined(f, &in->to_columns), "line_no+order_no");
	assert_int_equal(in->contained, 5);
}

/* 57 of 60 are 95 percent; 56 are not, and 44 are not even three quarters. */
static void test_containment(void **state)
{
	struct folder *f = *state;
	put_lines(f);
	put_shipments(f, "s57.csv", "s57_id,order_no,line_no,weight", 60, 3);
	put_shipments(f, "s56.csv", "s56_id,order_no,line_no,weight", 60, 4);
	put_shipments(f, "s44.csv", "s44_id,order_no,line_no,weight", 60, 16);
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in =
		assert_found(f, "s57", "order_no+line_no", "order_lines", true);
	assert_int_equal(in->contained, 57);
	assert_int_equal(in->orphan_rows, 3);
	assert_says(in, "3 rows have no parent");
	in = assert_found(f, "s56", "order_no+line_no", "order_lines", false);
	assert_int_equal(in->contained, 56);
	assert_says(in, "not taken: less than 95 % of the pairs are keys there");
	assert_null(find(f, "s44", "order_no+line_no", "order_lines"));
}

/* Rows without one of the values refer to nothing; blanks around values do not count; 1+23 is not 12+3. */
static void test_tuples(void **state)
{
	struct folder *f = *state;
	put(f, "sheets.csv",
	    "book_no,sheet_no,ink\n1,23,a\n1,24,b\n2,23,c\n2,25,d\n3,23,e\n3,24,f\n4,26,g\n");
	put(f, "uses.csv",
	    "use_id,book_no,sheet_no\n501,1,23\n502,1, 24\n503, 2,23\n504,,25\n505,2,\n506,3,24\n"
	    "507,12,3\n508,12,3\n509,3,23\n");
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in = assert_found(f, "uses", "book_no+sheet_no", "sheets", false);
	assert_int_equal(in->distinct, 6); /* 1+23 1+24 2+23 3+24 12+3 3+23 */
	assert_int_equal(in->contained, 5);
	assert_int_equal(in->orphan_rows, 2);
}

static void put_cities(struct folder *f, const char *file)
{
	put(f, file,
	    "country,city,people\nAT,Graz,29\nAT,Salem,11\nDE,Salem,7\nDE,Ulm,12\nDE,Jena,10\n"
	    "FR,Metz,11\nFR,Lyon,52\nIT,Bari,31\nIT,Salem,2\nES,Vigo,29\nES,Lyon,3\nCH,Bern,14\n");
}

/* The chosen key's columns, "" without one. */
static const char *key_of(struct folder *f, const char *table)
{
	for (size_t i = 0; i < f->profile.tables.n; i++) {
		const struct table_profile *t = &f->profile.tables.at[i];
		for (size_t k = 0; k < t->keys.n; k++) {
			if (strcmp(t->table, table) == 0 && t->keys.at[k].chosen) {
				return joined(f, &t->keys.at[k].columns);
			}
		}
	}
	return "";
}

/* Names alone do not make a key of two; that a table refers to the pair does. */
static void test_key_by_reference(void **state)
{
	struct folder *f = *state;
	put_cities(f, "cities.csv");
	put(f, "orders.csv", "order_id,amount\n101,3\n102,4\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key_of(f, "cities"), "");
	put(f, "orders.csv",
	    "order_id,country,city\n101,AT,Graz\n102,DE,Salem\n103,FR,Metz\n104,IT,Bari\n");
	assert_int_equal(relate_all(f), 0);
	(void)assert_found(f, "orders", "country+city", "cities", true);
	assert_string_equal(key_of(f, "cities"), "country+city");
	put(f, "bldr.json", "{\"tables\":{\"cities\":{\"not_keys\":[[\"country\",\"city\"]]}}}");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key_of(f, "cities"), "");
	assert_int_equal(pairs(f, false), 0);
}

/* Both parts in one role; bill_country with ship_city is nobody's. */
static void test_roles(void **state)
{
	struct folder *f = *state;
	put_cities(f, "cities.csv");
	put(f, "orders.csv",
	    "order_id,ship_country,ship_city,bill_country,bill_city\n101,AT,Graz,DE,Ulm\n"
	    "102,DE,Salem,AT,Salem\n103,FR,Metz,FR,Lyon\n104,IT,Bari,IT,Salem\n"
	    "105,ES,Vigo,CH,Bern\n106,AT,Salem,ES,Lyon\n");
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in =
		assert_found(f, "orders", "ship_country+ship_city", "cities", true);
	assert_int_equal(in->contained, 6);
	assert_says(in, "\"ship_city\" has a role, then the name of \"city\"");
	(void)assert_found(f, "orders", "bill_country+bill_city", "cities", true);
	assert_int_equal(pairs(f, false), 2);
}

/* Two tables with the key: one is taken, the other is the runner-up. */
static void test_runner_up(void **state)
{
	struct folder *f = *state;
	put_cities(f, "cities.csv");
	put_cities(f, "old_towns.csv");
	put(f, "orders.csv",
	    "order_id,country,city\n101,AT,Graz\n102,DE,Salem\n103,FR,Metz\n104,IT,Bari\n");
	assert_int_equal(relate_all(f), 0);
	(void)assert_found(f, "orders", "country+city", "cities", true);
	const struct inclusion *in = assert_found(f, "orders", "country+city", "old_towns", false);
	assert_says(in, "not taken: \"cities.country+city\" fits better");
	/* the same pairs in both: one of the two refers to the other, not both */
	const struct inclusion *there = find(f, "cities", "country+city", "old_towns");
	const struct inclusion *back = find(f, "old_towns", "country+city", "cities");
	assert_non_null(there);
	assert_non_null(back);
	assert_true(there->chosen + back->chosen == 1);
	assert_true(back->chosen); /* cities is named after its key */
	assert_says(there, "a better reference leads the other way");
}

/* A column that is said not to refer to another one does not with a second one beside it; the runner-up is taken. */
static void test_refused(void **state)
{
	struct folder *f = *state;
	refused_references refused = { 0 };
	put_cities(f, "cities.csv");
	put_cities(f, "old_towns.csv");
	put(f, "orders.csv",
	    "order_id,country,city\n101,AT,Graz\n102,DE,Salem\n103,FR,Metz\n104,IT,Bari\n");
	*LIST_ADD(&f->arena, &refused) = (struct refused_reference){
		"orders", "city", "cities", "country", "another column",
	};
	*LIST_ADD(&f->arena, &refused) = (struct refused_reference){
		"old_towns", "city", "cities", "city", "another table",
	};
	assert_int_equal(relate_without(f, &refused), 0);
	(void)assert_found(f, "orders", "country+city", "cities", true);
	const struct inclusion *in = assert_found(f, "old_towns", "country+city", "cities", false);
	assert_says(in, "not taken: another table");

	*LIST_ADD(&f->arena, &refused) = (struct refused_reference){
		"orders", "city", "cities", "city", "most lead nowhere",
	};
	assert_int_equal(relate_without(f, &refused), 0);
	in = assert_found(f, "orders", "country+city", "cities", false);
	assert_says(in, "not taken: most lead nowhere");
	(void)assert_found(f, "orders", "country+city", "old_towns", true);
}

static void put_numbered(struct folder *f, const char *file, const char *header, int from, int to)
{
	struct text t;
	begin(&t, header);
	for (int i = from; i <= to; i++) {
		line(&t, "%d,name %d", i, i);
	}
	put(f, file, t.at);
}

/* home and away are called otherwise than team_id, but refer to the same teams. */
static void test_by_reference(void **state)
{
	struct folder *f = *state;
	struct text t;
	put_numbered(f, "teams.csv", "team_id,club", 1, 12);
	begin(&t, "team_id,season,coach");
	for (int i = 0; i < 30; i++) {
		line(&t, "%d,%d,c%d", i % 12 + 1, 1990 + i / 12 * 2 + i % 2, i);
	}
	put(f, "squads.csv", t.at);
	begin(&t, "game_id,home_team_id,away_team_id,season,goals");
	for (int i = 0; i < 24; i++) {
		line(&t, "%d,%d,%d,%d,%d", 300 + i, i % 12 + 1, (i + 2) % 12 + 1,
		     1990 + i % 2 + (i >= 12 && (i + 2) % 24 >= 12 ? 2 : 0), i % 5);
	}
	put(f, "games.csv", t.at);
	assert_int_equal(relate_all(f), 0);
	(void)assert_found(f, "games", "home_team_id", "teams", true);
	(void)assert_found(f, "squads", "team_id", "teams", true);
	(void)assert_found(f, "games", "home_team_id+season", "squads", true);
	assert_non_null(find(f, "games", "away_team_id+season", "squads"));
}

/* A stock has every shop with every product: that a sale's are among them says nothing. Order lines hold few of all. */
static void test_link_tables(void **state)
{
	struct folder *f = *state;
	struct text t;
	put_numbered(f, "shops.csv", "shop_id,shop_name", 1, 6);
	put_numbered(f, "products.csv", "product_id,product_name", 1, 20);
	begin(&t, "shop_id,product_id,on_hand");
	for (int i = 0; i < 120; i++) {
		line(&t, "%d,%d,%d", i % 6 + 1, i / 6 + 1, i % 9);
	}
	put(f, "stock.csv", t.at);
	begin(&t, "sale_id,shop_id,product_id,amount");
	for (int i = 0; i < 90; i++) {
		line(&t, "%d,%d,%d,%d", 800 + i, i % 6 + 1, i % 20 + 1, i % 4);
	}
	put(f, "sales.csv", t.at);
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in = assert_found(f, "sales", "shop_id+product_id", "stock", false);
	assert_int_equal(in->contained, in->distinct);
	assert_says(in, "a table of two references, with most of their pairs (-0.25)");
}

/* Two series of one grain are no reference, nor is either the other's parent. */
static void test_series(void **state)
{
	struct folder *f = *state;
	struct text sun;
	struct text visits;
	begin(&sun, "city_no,day,hours");
	begin(&visits, "city_no,day,visitors");
	for (int i = 0; i < 60; i++) {
		line(&sun, "c%d,2024-03-%02d,%d", i % 4, i / 4 + 1, i % 13);
		line(&visits, "c%d,2024-03-%02d,%d", i % 4, i / 4 + 1, i % 11);
	}
	put(f, "sunshine.csv", sun.at);
	put(f, "visits.csv", visits.at);
	assert_int_equal(relate_all(f), 0);
	assert_int_equal(pairs(f, true), 0);
	assert_says(assert_found(f, "visits", "city_no+day", "sunshine", false),
		    "two series by one date");
}

/* A rate of the day is a reference; where the day is written in another way, it is none that can be seen. */
static void test_dates(void **state)
{
	struct folder *f = *state;
	struct text rates;
	struct text sales;
	struct text others;
	begin(&rates, "currency_code,day,rate");
	begin(&sales, "sale_id,currency_code,day,amount");
	begin(&others, "other_id,currency_code,day,amount");
	for (int i = 0; i < 60; i++) {
		line(&rates, "C%d,2024-03-%02d,1.%d", i % 3, i / 3 + 1, i);
		line(&sales, "%d,C%d,2024-03-%02d,%d", 900 + i, i % 3, i % 20 + 1, i % 17);
		line(&others, "%d,C%d,%02d.03.2024,%d", 900 + i, i % 3, i % 20 + 1, i % 17);
	}
	put(f, "others.csv", others.at);
	put(f, "rates.csv", rates.at);
	put(f, "sales.csv", sales.at);
	assert_int_equal(relate_all(f), 0);
	(void)assert_found(f, "sales", "currency_code+day", "rates", true);
	assert_int_equal(pairs(f, false), 1);
}

/* A key of three is not looked for, not even by two of its columns. */
static void test_not_of_three(void **state)
{
	struct folder *f = *state;
	struct text t;
	put_numbered(f, "as.csv", "a_id,v", 1, 4);
	put_numbered(f, "bs.csv", "b_id,v", 1, 4);
	begin(&t, "a_id,b_id,line_no,x");
	for (int i = 0; i < 64; i++) {
		line(&t, "%d,%d,%d,%d", i % 4 + 1, i / 4 % 4 + 1, i / 16 + 1, i % 5);
	}
	put(f, "parts.csv", t.at);
	begin(&t, "use_id,a_id,b_id,line_no");
	for (int i = 0; i < 40; i++) {
		line(&t, "%d,%d,%d,%d", 400 + i, i % 4 + 1, i / 4 % 4 + 1, i / 16 + 1);
	}
	put(f, "uses.csv", t.at);
	assert_int_equal(relate_all(f), 0);
	assert_int_equal(f->profile.tables.at[2].keys.at[0].columns.n, 3);
	assert_int_equal(pairs(f, false), 0);
}

static void test_said(void **state)
{
	struct folder *f = *state;
	put_lines(f);
	put_shipments(f, "shipments.csv", "shipment_id,order_no,line_no,weight", 60, 0);
	put(f, "bldr.json",
	    "{\"tables\":{\"shipments\":{\"not_foreign_keys\":[[\"line_no\",\"order_no\"]]}}}");
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in =
		assert_found(f, "shipments", "order_no+line_no", "order_lines", false);
	assert_says(in, "bldr.json");

	put(f, "bldr.json",
	    "{\"tables\":{\"shipments\":{\"foreign_keys\":[{\"columns\":[\"order_no\",\"line_no\"],"
	    "\"to\":\"order_lines\",\"to_columns\":[\"order_no\",\"line_no\"]}]}}}");
	assert_int_equal(relate_all(f), 0);
	in = assert_found(f, "shipments", "order_no+line_no", "order_lines", true);
	assert_string_equal(in->score, "1.00");
	assert_int_equal(pairs(f, false), 1); /* and not once more as what was found */
}

/* ---- the budget ---- */

/* Puts three children of the lines; the best named first: a, then b, then c. */
static void put_three(struct folder *f)
{
	put_shipments(f, "a.csv", "a_id,order_no,line_no,weight", 60, 0);
	put_shipments(f, "b.csv", "b_id,order_id,line_no,weight", 60, 0);
	put_shipments(f, "c.csv", "c_id,order_no,the_line,weight", 60, 0);
	put_lines(f);
}

/* As ingest_relate would, with other limits. Returns the pairs that are found: letters of their tables. */
static const char *found_within(struct folder *f, struct composite_limits limits,
				int64_t *ret_skipped)
{
	struct inclusion_table tables[8] = { 0 };
	inclusion_pairs none = { 0 };
	composites found = { 0 };
	const char *letters = "";
	for (size_t i = 0; i < f->profile.tables.n; i++) {
		tables[i] = (struct inclusion_table){
			.file = &f->sources.files.at[i],
			.profile = &f->profile.tables.at[i],
			.name = name_of_table(&f->arena, f->profile.tables.at[i].table, 0),
		};
	}
	assert_int_equal(composite_find(f->scratch.path, tables, f->profile.tables.n, &none,
					&limits, &f->arena, &found, ret_skipped, &f->err),
			 0);
	for (size_t i = 0; i < found.n; i++) {
		letters = arena_printf(&f->arena, "%s%s", letters,
				       tables[found.at[i].from_table].profile->table);
	}
	return letters;
}

static void test_budget(void **state)
{
	static const struct {
		struct composite_limits limits;
		const char *found;
		int64_t skipped;
	} cases[] = {
		{ { 10, 1 << 20, 1000 }, "abc", 0 },
		{ { 2, 1 << 20, 1000 }, "ab", 1 },
		{ { 0, 1 << 20, 1000 }, "", 3 },
		{ { 10, 1 << 20, 280 }, "abc", 0 }, /* 100 lines and 3 times 60 */
		{ { 10, 1 << 20, 279 }, "ab", 1 },
		{ { 10, 1 << 20, 160 }, "a", 2 },
		{ { 10, 1 << 20, 159 }, "", 3 },
		/* a tuple takes some 110 bytes: 280 of them fit 64 KiB, 220 of them 28 KiB, and 160 20 KiB */
		{ { 10, 64 << 10, 1000 }, "abc", 0 },
		{ { 10, 28 << 10, 1000 }, "ab", 1 },
		{ { 10, 20 << 10, 1000 }, "a", 2 },
		{ { 10, 100, 1000 }, "", 3 },
	};
	struct folder *f = *state;
	put_three(f);
	assert_int_equal(relate_all(f), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t skipped = -1;
		assert_string_equal(found_within(f, cases[i].limits, &skipped), cases[i].found);
		assert_int_equal(skipped, cases[i].skipped);
	}
}

static void test_changed_between(void **state)
{
	struct folder *f = *state;
	int64_t skipped = 77;
	put_three(f);
	assert_int_equal(relate_all(f), 0);
	put_shipments(f, "b.csv", "b_id,order_id,line_no,weight", 59, 0);
	struct inclusion_table tables[4] = { 0 };
	inclusion_pairs none = { 0 };
	composites found = { 0 };
	for (size_t i = 0; i < f->profile.tables.n; i++) {
		tables[i].file = &f->sources.files.at[i];
		tables[i].profile = &f->profile.tables.at[i];
		tables[i].name = name_of_table(&f->arena, f->profile.tables.at[i].table, 0);
	}
	assert_int_equal(composite_find(f->scratch.path, tables, 4, &none, NULL, &f->arena, &found,
					&skipped, &f->err),
			 BLDR_E_CHANGED);
	assert_int_equal(skipped, 77);
	assert_int_equal(found.n, 0);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_reference_of_two), FOLDER_TEST(test_order_of_columns),
		FOLDER_TEST(test_containment),      FOLDER_TEST(test_tuples),
		FOLDER_TEST(test_key_by_reference), FOLDER_TEST(test_roles),
		FOLDER_TEST(test_runner_up),        FOLDER_TEST(test_refused),
		FOLDER_TEST(test_by_reference),     FOLDER_TEST(test_link_tables),
		FOLDER_TEST(test_series),           FOLDER_TEST(test_dates),
		FOLDER_TEST(test_not_of_three),     FOLDER_TEST(test_said),
		FOLDER_TEST(test_budget),           FOLDER_TEST(test_changed_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
