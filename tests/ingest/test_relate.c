/* Keys and foreign keys on tables made for one question each. */
#include "folder.h"

#include "ingest/sketch.h"

static const struct inclusion *inclusion(const struct folder *f, const char *from,
					 const char *column, const char *to)
{
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		const struct inclusion *in = &f->profile.inclusions.at[i];
		if (strcmp(in->from_table, from) == 0 && strcmp(in->to_table, to) == 0 &&
		    strcmp(in->from_columns.at[0], column) == 0) {
			return in;
		}
	}
	return NULL;
}

static size_t chosen(const struct folder *f)
{
	size_t n = 0;
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		n += f->profile.inclusions.at[i].chosen;
	}
	return n;
}

static void assert_reference(const struct folder *f, const char *from, const char *column,
			     const char *to)
{
	const struct inclusion *in = inclusion(f, from, column, to);
	if (in == NULL || !in->chosen) {
		fail_msg("%s.%s -> %s is not taken", from, column, to);
	}
}

/* The chosen key's columns joined by '+', "" without one. */
static const char *key(struct folder *f, size_t table)
{
	const char *s = "";
	const struct table_profile *t = &f->profile.tables.at[table];
	size_t n = 0;
	for (size_t i = 0; i < t->keys.n; i++) {
		const struct key_candidate *k = &t->keys.at[i];
		n += k->chosen;
		for (size_t c = 0; k->chosen && c < k->columns.n; c++) {
			s = arena_printf(&f->arena, "%s%s%s", s, c > 0 ? "+" : "", k->columns.at[c]);
		}
	}
	assert_true(n <= 1);
	return s;
}

static void put_numbers(struct folder *f, const char *name, const char *header, int from, int to)
{
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s\n", header);
	for (int i = from; i <= to; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,n%d\n", i, i);
	}
	put(f, name, text);
}

static void test_counts_of_an_inclusion(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "customers.csv", "id,name", 1, 8);
	/* 9 is no customer: 2 rows; null once; 1 2 4 6 7 8 are: 6 of 7 distinct values */
	put(f, "orders.csv", "id,customer_id\n1,1\n2,2\n3,9\n4,4\n5,9\n6,\n7, 6\n8,7\n9,8\n10,8\n");
	assert_int_equal(relate_all(f), 0);
	const struct inclusion *in = inclusion(f, "orders", "customer_id", "customers");
	assert_non_null(in);
	assert_int_equal(in->distinct, 7);
	assert_int_equal(in->contained, 6);
	assert_int_equal(in->orphan_rows, 2);
	assert_true(in->chosen);
	assert_true(in->evidence.n > 3);
	assert_string_equal(key(f, 0), "id");
	assert_string_equal(key(f, 1), "id");
	assert_int_equal(chosen(f), 1);
}

static void assert_evidence(const struct folder *f, const char *from, const char *part)
{
	const struct inclusion *in = inclusion(f, from, "a_id", "a");
	assert_non_null(in);
	for (size_t i = 0; i < in->evidence.n; i++) {
		if (strstr(in->evidence.at[i], part) != NULL) {
			return;
		}
	}
	fail_msg("no evidence of %s says: %s", from, part);
}

/*
 * Kolmogorov-Smirnov distance of ranks 1..10 to uniform, by hand. 1 alone: 1/1 - 1/10. 10 alone: 9/10 - 0/1.
 * 2 and 7: 1/10 before the first, 1/2 - 2/10 at it, 6/10 - 1/2 before the second, 1 - 7/10 at it.
 */
static void test_spread(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "a.csv", "id,v", 1, 10);
	put(f, "b.csv", "n,a_id\n101,1\n102,1\n");
	put(f, "c.csv", "n,a_id\n101,10\n102,10\n");
	put(f, "d.csv", "n,a_id\n101,7\n102,2\n103,7\n");
	assert_int_equal(relate_all(f), 0);
	assert_evidence(f, "b", "distance 0.90");
	assert_evidence(f, "c", "distance 0.90");
	assert_evidence(f, "d", "distance 0.30");
	assert_evidence(f, "d", "2 of 10 keys are used");
}

/* G6: three quarters of the distinct values must be found. */
static void test_containment_gate(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "a.csv", "id,v", 1, 20);
	put(f, "b.csv", "n,a_id\n1,1\n2,2\n3,3\n4,91\n");
	put(f, "c.csv", "n,a_id\n1,1\n2,2\n3,91\n4,92\n");
	assert_int_equal(relate_all(f), 0);
	assert_non_null(inclusion(f, "b", "a_id", "a"));
	assert_null(inclusion(f, "c", "a_id", "a"));
}

/* G1: what repeats or has nulls is no parent. */
static void test_parent_must_be_unique(void **state)
{
	struct folder *f = *state;
	put(f, "customers.csv", "customer_id,v\n1,a\n2,b\n2,c\n");
	put(f, "orders.csv", "id,customer_id\n1,1\n2,2\n");
	put(f, "people.csv", "person_id,v\n1,p\n2,q\n,r\n");
	put(f, "visits.csv", "id,person_id\n1,1\n2,2\n");
	assert_int_equal(relate_all(f), 0);
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		assert_string_not_equal(f->profile.inclusions.at[i].to_table, "customers");
		assert_string_not_equal(f->profile.inclusions.at[i].to_table, "people");
	}
}

/* Numbers that happen to be in the range of a key are not references. */
static void test_measures_refer_to_nothing(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "products.csv", "product_id,name", 1, 50);
	put(f, "sales.csv",
	    "sale_id,product_id,quantity,age\n100,1,3,20\n101,50,1,50\n102,25,2,33\n103,30,7,1\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "sales", "product_id", "products");
	assert_int_equal(chosen(f), 1);
	const struct inclusion *quantity = inclusion(f, "sales", "quantity", "products");
	assert_non_null(quantity); /* but stays in the list */
	assert_false(quantity->chosen);
}

static void test_two_roles_of_one_parent(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "addresses.csv", "address_id,street", 1, 9);
	put(f, "orders.csv",
	    "order_id,ship_address_id,billtoaddressid\n10,1,2\n11,5,5\n12,9,8\n13,3,4\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "orders", "ship_address_id", "addresses");
	assert_reference(f, "orders", "billtoaddressid", "addresses");
}

static void test_self_reference(void **state)
{
	struct folder *f = *state;
	put(f, "employees.csv",
	    "employee_id,name,manager_id\n1,a,\n2,b,1\n3,c,1\n4,d,2\n5,e,3\n6,f,5\n7,g,6\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "employees", "manager_id", "employees");
	assert_int_equal(chosen(f), 1);
}

/* Half a name is enough for another table, not for the own one. */
static void test_own_table_needs_a_better_name(void **state)
{
	struct folder *f = *state;
	put(f, "film_texts.csv", "id,film_no\n1,1\n2,5\n3,3\n4,3\n5,1\n6,6\n");
	put(f, "reviews.csv", "review_id,film_no\n11,1\n12,5\n13,3\n14,3\n15,1\n16,6\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "reviews", "film_no", "film_texts");
	assert_int_equal(chosen(f), 1);
}

/* A department has a manager, who is of a department. */
static void test_circle(void **state)
{
	struct folder *f = *state;
	put(f, "departments.csv", "department_id,manager_id\n11,1\n12,3\n13,5\n14,7\n");
	put(f, "employees.csv",
	    "employee_id,department_id\n1,11\n2,11\n3,12\n4,12\n5,13\n6,13\n7,14\n8,14\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "departments", "manager_id", "employees");
	assert_reference(f, "employees", "department_id", "departments");
}

/* Each has the other's key as its own: two tables of one thing, and one of them refers to the other. */
static void test_no_circle_of_keys(void **state)
{
	struct folder *f = *state;
	put(f, "film.csv", "film_id,title\n1,a\n2,b\n3,c\n4,d\n");
	put(f, "film_text.csv", "film_id,text\n4,d\n3,c\n2,b\n1,a\n");
	assert_int_equal(relate_all(f), 0);
	assert_int_equal(chosen(f), 1);
}

/* Half a name is enough for a reference, not to close a circle by it. */
static void test_circle_needs_a_name(void **state)
{
	struct folder *f = *state;
	put(f, "album.csv", "album_id,track\n11,1\n12,3\n13,5\n14,7\n15,8\n");
	put(f, "track_list.csv",
	    "track_id,album_id\n1,11\n2,11\n3,12\n4,12\n5,13\n6,13\n7,14\n8,14\n9,15\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "track_list", "album_id", "album");
	assert_int_equal(chosen(f), 1);
}

static void test_codes_keep_their_zeros(void **state)
{
	struct folder *f = *state;
	put(f, "regions.csv", "region_code,name\n01,a\n02,b\n10,c\n11,d\n");
	put(f, "shops.csv",
	    "shop_id,region_code\n1,10\n2,11\n3,10\n");              /* int64, for want of zeros */
	put(f, "towns.csv", "town_id,region_code\n1,1\n2,2\n3,1\n"); /* other codes */
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(f->profile.tables.at[0].columns.at[0].type, "text");
	assert_string_equal(f->profile.tables.at[1].columns.at[1].type, "int64");
	assert_reference(f, "shops", "region_code", "regions");
	assert_null(inclusion(f, "towns", "region_code", "regions"));
}

static void test_line_table_has_a_pair(void **state)
{
	struct folder *f = *state;
	put(f, "order_lines.csv",
	    "order_id,line_no,product_id,quantity\n"
	    "1,1,7,1\n1,2,8,1\n2,1,7,1\n2,2,9,2\n3,1,7,5\n");
	put(f, "orders.csv", "order_id,v\n1,a\n2,b\n3,c\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "order_id+line_no");
	assert_string_equal(key(f, 1), "order_id");
	assert_reference(f, "order_lines", "order_id", "orders");
}

/* Each film has one category here, so film_id is unique: the table's name still says what it links. */
static void test_link_table_has_both(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "category.csv", "category_id,name", 1, 3);
	put_numbers(f, "film.csv", "film_id,title", 1, 5);
	put(f, "film_category.csv", "film_id,category_id\n1,1\n2,2\n3,3\n4,1\n5,2\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 2), "film_id+category_id");
	assert_reference(f, "film_category", "film_id", "film");
	assert_reference(f, "film_category", "category_id", "category");
	assert_int_equal(chosen(f), 2);
}

static void test_no_key(void **state)
{
	struct folder *f = *state;
	put(f, "log.csv", "level,text\ninfo,a\ninfo,a\nwarn,b\nwarn,b\n");
	assert_int_equal(relate_all(f), 0);
	assert_int_equal(f->profile.tables.at[0].keys.n, 0);
}

/* ("1","12") and ("11","2") are two keys, not one */
static void test_pairs_are_not_joined_text(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv", "a_id,b_id,v\n1,12,x\n11,2,y\n1,2,x\n11,12,y\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "a_id+b_id");
}

/* A unique column that is no key is not made one by adding another to it. */
static void test_pairs_are_minimal(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv",
	    "kind,a_id,note\n"
	    "x,1,the first remark\n"
	    "x,2,the second remark\n"
	    "y,2,the third remark\n"
	    "x,2,the fourth remark\n");
	put(f, "u.csv", "note,b_id\nthe first remark,1\nthe second remark,1\nthe third remark,2\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "");
	assert_string_equal(key(f, 1), "");
	assert_int_equal(f->profile.tables.at[0].keys.n, 1); /* note */
	assert_int_equal(f->profile.tables.at[1].keys.n, 1);
}

/* Two leading columns without any sign of an identifier stay no key, unique or not. */
static void test_pairs_need_an_identifier(void **state)
{
	struct folder *f = *state;
	put(f, "t.csv", "first,last\na,x\na,y\nb,x\nb,y\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "");
}

/* rows records with keys 1.., the last `again` of them repeating the first keys. */
static void put_repeated(struct folder *f, const char *name, const char *header, int rows, int again)
{
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s\n", header);
	for (int i = 1; i <= rows; i++) {
		int k = i > rows - again ? i - (rows - again) : i;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,S-%05d,%d\n", k, k, 5);
	}
	put(f, name, text);
}

/* 2 of 40 is one in 20; the sku has as many values as the key, the stars have not. */
static void test_key_with_duplicates(void **state)
{
	struct folder *f = *state;
	put_repeated(f, "products.csv", "product_id,sku,stars", 40, 2);
	put(f, "sales.csv", "sale_id,product_id\n101,1\n102,38\n103,20\n104,11\n");
	put(f, "stock.csv",
	    "shelf_id,sku\n901,S-00001\n902,S-00038\n903,S-00020\n904,S-00011\n"
	    "905,S-00006\n906,S-00030\n907,S-00025\n908,S-00015\n");
	assert_int_equal(relate_all(f), 0);
	const struct table_profile *t = &f->profile.tables.at[0];
	assert_string_equal(key(f, 0), "product_id");
	assert_int_equal(t->keys.n, 2);
	assert_int_equal(t->keys.at[0].duplicates, 2);
	assert_string_equal(t->keys.at[0].score, "0.90");
	assert_string_equal(t->keys.at[0].evidence.at[0], "no nulls; 2 of 40 records repeat a key");
	assert_string_equal(t->keys.at[1].columns.at[0], "sku");
	assert_int_equal(t->keys.at[1].duplicates, 2);
	assert_reference(f, "sales", "product_id", "products");
	assert_reference(f, "stock", "sku", "products");
}

static void test_too_many_duplicates(void **state)
{
	struct folder *f = *state;
	put_repeated(f, "products.csv", "product_id,sku,stars", 39, 2);
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "");
	assert_int_equal(f->profile.tables.at[0].keys.n, 0);
}

/* What is not named as the table's key repeats because it is data. */
static void test_duplicates_need_the_name(void **state)
{
	struct folder *f = *state;
	put_repeated(f, "visits.csv", "customer_id,badge,stars", 40, 1);
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "");
}

/* A column without duplicates that fits comes first, wherever it stands. */
static void test_unique_column_before_duplicates(void **state)
{
	struct folder *f = *state;
	char text[8192] = "order_id,v,line_id\n";
	for (int i = 1; i <= 40; i++) {
		size_t n = strlen(text);
		snprintf(text + n, sizeof(text) - n, "%d,x,%d\n", i == 40 ? 1 : i, 1000 + i);
	}
	put(f, "orders.csv", text);
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "line_id");
	assert_int_equal(f->profile.tables.at[0].keys.at[0].duplicates, 0);
}

/* A line of an order stands twice; two lines of one order with the same product are no mistake. */
static void test_lines_with_duplicates(void **state)
{
	struct folder *f = *state;
	char lines[8192] = "order_id,line_no,product_id\n";
	char links[8192] = "order_id,product_id,note\n";
	for (int i = 0; i < 40; i++) {
		int k = i == 39 ? 38 : i;
		size_t n = strlen(lines);
		snprintf(lines + n, sizeof(lines) - n, "%d,%d,%d\n", k / 2 + 1, k % 2 + 1,
			 k % 4 + 51);
		n = strlen(links);
		snprintf(links + n, sizeof(links) - n, "%d,%d,n\n", k / 2 + 1, k % 4 + 51);
	}
	put(f, "links.csv", links);
	put(f, "order_lines.csv", lines);
	put_numbers(f, "orders.csv", "order_id,v", 1, 20);
	put_numbers(f, "products.csv", "product_id,v", 51, 54);
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 0), "");
	assert_string_equal(key(f, 1), "order_id+line_no");
	assert_int_equal(f->profile.tables.at[1].keys.at[0].duplicates, 1);
}

/* Counted in two shops, of two products, on two days: no two columns tell the counts apart. */
static void test_key_of_three(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "products.csv", "product_id,v", 1, 2);
	put_numbers(f, "shops.csv", "shop_id,v", 11, 12);
	put(f, "stocks.csv",
	    "shop_id,product_id,counted_on,on_hand\n"
	    "11,1,2024-01-01,5\n11,1,2024-01-02,5\n11,2,2024-01-01,5\n11,2,2024-01-02,5\n"
	    "12,1,2024-01-01,5\n12,1,2024-01-02,5\n12,2,2024-01-01,5\n12,2,2024-01-02,5\n");
	assert_int_equal(relate_all(f), 0);
	assert_string_equal(key(f, 2), "shop_id+product_id+counted_on");
}

static void test_own_rows_by_name(void **state)
{
	struct folder *f = *state;
	put(f, "categories.csv", "category_id,parent_id\n1,\n2,1\n3,1\n4,2\n5,3\n6,4\n7,5\n");
	put(f, "users.csv", "user_id,referred_by\n11,\n12,11\n13,11\n14,12\n15,14\n16,13\n");
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "categories", "parent_id", "categories");
	assert_reference(f, "users", "referred_by", "users");
	assert_int_equal(chosen(f), 2);
}

/* A file without header: its columns' names say nothing, its codes do; short numbers meet by chance. */
static void test_codes_without_names(void **state)
{
	struct folder *f = *state;
	char carts[2048] = "cart_id,v\n";
	char items[2048] = "column_1,column_2\n";
	for (int i = 1; i <= 25; i++) {
		size_t n = strlen(carts);
		snprintf(carts + n, sizeof(carts) - n, "C-%04d,x\n", i * 37);
		n = strlen(items);
		snprintf(items + n, sizeof(items) - n, "C-%04d,%d\n", i * 37, i);
	}
	put(f, "carts.csv", carts);
	put(f, "items.csv", items);
	put_numbers(f, "users.csv", "user_id,v", 1, 25);
	assert_int_equal(relate_all(f), 0);
	assert_reference(f, "items", "column_1", "carts");
	assert_int_equal(chosen(f), 1);
}

static void test_at_most_three_runners_up(void **state)
{
	struct folder *f = *state;
	for (char c = 'a'; c <= 'f'; c++) {
		const char name[] = { c, '.', 'c', 's', 'v', '\0' };
		put_numbers(f, name, "id,v", 1, 9);
	}
	put(f, "g.csv", "n,a_id\n100,1\n101,5\n102,9\n103,3\n104,3\n");
	assert_int_equal(relate_all(f), 0);
	size_t n = 0;
	for (size_t i = 0; i < f->profile.inclusions.n; i++) {
		n += strcmp(f->profile.inclusions.at[i].from_columns.at[0], "a_id") == 0;
	}
	assert_int_equal(n, 1 + RELATE_RUNNERS_UP);
	assert_reference(f, "g", "a_id", "a");
}

static void test_order_of_inclusions(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "a.csv", "id,v", 1, 9);
	put_numbers(f, "b.csv", "id,v", 1, 9);
	put(f, "c.csv", "z_id,b_id,a_id\n100,1,2\n101,5,5\n102,9,8\n103,3,4\n");
	assert_int_equal(relate_all(f), 0);
	assert_true(f->profile.inclusions.n > 3);
	for (size_t i = 1; i < f->profile.inclusions.n; i++) {
		const struct inclusion *x = &f->profile.inclusions.at[i - 1];
		const struct inclusion *y = &f->profile.inclusions.at[i];
		int table = strcmp(x->from_table, y->from_table);
		int column = strcmp(x->from_columns.at[0], y->from_columns.at[0]);
		assert_true(table < 0 ||
			    (table == 0 &&
			     (column < 0 || (column == 0 && strcmp(x->score, y->score) >= 0))));
	}
}

static void test_changed_between(void **state)
{
	struct folder *f = *state;
	put_numbers(f, "a.csv", "id,v", 1, 9);
	put(f, "b.csv", "n,a_id\n100,1\n101,5\n102,9\n103,3\n");
	assert_int_equal(profile_all(f), 0);
	put(f, "b.csv", "n,a_id\n100,1\n101,5\n102,9\n103,4\n");
	f->profile.head.version = 77;
	int rc = ingest_relate(f->scratch.path, &f->sources, f->tables, NULL, 2, NULL, &f->arena,
			       &f->profile, &f->err);
	assert_int_equal(rc, BLDR_E_CHANGED);
	assert_int_equal(f->profile.head.version, 77);
}

static int relate_sketched(struct folder *f, bool with)
{
	struct table_sketch sketches[2];
	for (size_t i = 0; i < 2; i++) {
		if (ingest_profile_sketch(f->scratch.path, &f->sources.files.at[i], NULL, NULL,
					  &f->arena, &f->tables[i], &sketches[i], &f->err) != 0) {
			return f->err.code;
		}
	}
	put(f, "b.csv", "n,a_code\n1,zz1\n2,zz2\n3,zz3\n4,zz5\n"); /* changed since */
	return ingest_relate(f->scratch.path, &f->sources, f->tables, with ? sketches : NULL, 2,
			     NULL, &f->arena, &f->profile, &f->err);
}

/* A file is not read for columns whose sketches have too little in common: nobody sees that it has changed. */
static void test_sketches_spare_reading(void **state)
{
	static const struct {
		const char *b;
		bool with;
		int rc;
	} cases[] = {
		{ "n,a_code\n1,zz1\n2,zz2\n3,zz3\n4,zz4\n", false, BLDR_E_CHANGED },
		{ "n,a_code\n1,zz1\n2,zz2\n3,zz3\n4,zz4\n", true, 0 },
		{ "n,a_code\n1,xx1\n2,xx2\n3,zz3\n4,zz4\n", true, 0 },
		{ "n,a_code\n1,xx1\n2,xx2\n3,xx3\n4,zz4\n", true, BLDR_E_CHANGED }, /* 75 % */
	};
	struct folder *f = *state;
	put(f, "a.csv", "a_code,v\nxx1,p\nxx2,q\nxx3,r\nxx4,s\nxx5,t\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(f, "b.csv", cases[i].b);
		assert_int_equal(discover(f), 0);
		assert_int_equal(relate_sketched(f, cases[i].with), cases[i].rc);
		assert_int_equal(chosen(f), 0);
	}
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_counts_of_an_inclusion),
		FOLDER_TEST(test_spread),
		FOLDER_TEST(test_containment_gate),
		FOLDER_TEST(test_parent_must_be_unique),
		FOLDER_TEST(test_measures_refer_to_nothing),
		FOLDER_TEST(test_two_roles_of_one_parent),
		FOLDER_TEST(test_self_reference),
		FOLDER_TEST(test_own_table_needs_a_better_name),
		FOLDER_TEST(test_circle),
		FOLDER_TEST(test_no_circle_of_keys),
		FOLDER_TEST(test_circle_needs_a_name),
		FOLDER_TEST(test_codes_keep_their_zeros),
		FOLDER_TEST(test_line_table_has_a_pair),
		FOLDER_TEST(test_link_table_has_both),
		FOLDER_TEST(test_no_key),
		FOLDER_TEST(test_pairs_are_not_joined_text),
		FOLDER_TEST(test_pairs_are_minimal),
		FOLDER_TEST(test_pairs_need_an_identifier),
		FOLDER_TEST(test_key_with_duplicates),
		FOLDER_TEST(test_too_many_duplicates),
		FOLDER_TEST(test_duplicates_need_the_name),
		FOLDER_TEST(test_unique_column_before_duplicates),
		FOLDER_TEST(test_lines_with_duplicates),
		FOLDER_TEST(test_key_of_three),
		FOLDER_TEST(test_own_rows_by_name),
		FOLDER_TEST(test_codes_without_names),
		FOLDER_TEST(test_at_most_three_runners_up),
		FOLDER_TEST(test_order_of_inclusions),
		FOLDER_TEST(test_changed_between),
		FOLDER_TEST(test_sketches_spare_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
