/* The star that folders of a few small files lead to. */
#include "../ingest/folder.h"

#include "expr/expr.h"
#include "warehouse/warehouse.h"

struct made {
	struct folder *f;
	struct design design;
	struct sttm sttm;
};

static void make(void **state, struct made *ret)
{
	struct folder *f = *state;
	struct made m = { .f = f };
	int rc = relate_all(f);
	if (rc == 0) {
		rc = design_star(&f->sources, &f->profile, &f->arena, &m.design, &f->err);
	}
	if (rc == 0) {
		rc = map_design(&f->sources, &f->profile, &m.design, NULL, 0, &f->arena, &m.sttm,
				&f->err);
	}
	if (rc != 0) {
		fail_msg("%s", f->err.text);
	}
	*ret = m;
}

static const struct design_table *table(const struct made *m, const char *name)
{
	for (size_t i = 0; i < m->design.tables.n; i++) {
		if (strcmp(m->design.tables.at[i].name, name) == 0) {
			return &m->design.tables.at[i];
		}
	}
	return NULL;
}

static const struct sttm_table *mapped(const struct made *m, const char *name)
{
	for (size_t i = 0; i < m->sttm.tables.n; i++) {
		if (strcmp(m->sttm.tables.at[i].name, name) == 0) {
			return &m->sttm.tables.at[i];
		}
	}
	return NULL;
}

static const struct design_column *column(const struct made *m, const char *t, const char *name)
{
	const struct design_table *found = table(m, t);
	for (size_t i = 0; found != NULL && i < found->columns.n; i++) {
		if (strcmp(found->columns.at[i].name, name) == 0) {
			return &found->columns.at[i];
		}
	}
	return NULL;
}

/* The rule of a mapped column as JSON. */
static const char *rule_text(struct folder *f, const struct bldr_value *rule)
{
	char *text = bldr_value_text(rule);
	const char *kept = arena_strdup(&f->arena, text);
	free(text);
	return kept;
}

/* n records of a table with columns id, a code, a day; `again` of them repeat the first ids. */
static void put_things(struct folder *f, const char *file, const char *header, int n, int again)
{
	char text[16384];
	size_t size = (size_t)snprintf(text, sizeof(text), "%s\n", header);
	for (int i = 1; i <= n; i++) {
		int k = i > n - again ? i - (n - again) : i;
		size += (size_t)snprintf(text + size, sizeof(text) - size,
					 "%d,P-%05d,2024-01-%02d\n", k, k, i % 28 + 1);
	}
	put(f, file, text);
}

static void test_dedup(void **state)
{
	struct folder *f = *state;
	struct made m;
	put_things(f, "products.csv", "product_id,sku,updated_on", 40, 2);
	put(f, "sales.csv",
	    "sale_id,sku,sold_on,amount\n"
	    "901,P-00001,2024-03-01,1.50\n902,P-00038,2024-03-02,2.50\n903,P-00020,2024-03-03,3.50\n"
	    "904,P-00011,2024-03-04,4.50\n905,P-00006,2024-03-05,5.50\n906,P-00030,2024-03-06,1\n");
	make(state, &m);
	const struct design_table *d = table(&m, "dim_product");
	assert_non_null(d);
	assert_int_equal(d->dedup, DEDUP_LAST);
	assert_string_equal(d->version_column, "updated_on");
	assert_non_null(strstr(d->reason,
			       "2 of 40 records repeat a key: the one with the latest "
			       "updated_on counts"));
	assert_string_equal(d->grain_columns.at[0], "product_id");
	assert_int_equal(d->grain_columns.n, 1);
	assert_int_equal(table(&m, "fact_sale")->dedup, DEDUP_NONE);

	const struct sttm_table *t = mapped(&m, "dim_product");
	assert_int_equal(t->dedup, DEDUP_LAST);
	assert_string_equal(t->version_column, "updated_on");
	assert_non_null(strstr(rule_text(f, t->version_rule), "\"parse_date\""));
	assert_non_null(strstr(rule_text(f, t->version_rule), "\"col\":\"updated_on\""));
	assert_null(mapped(&m, "fact_sale")->version_rule);
}

/* Sales know the sku: the product's key is that of the row found by it. */
static void test_reference_by_another_key(void **state)
{
	struct folder *f = *state;
	struct made m;
	put_things(f, "products.csv", "product_id,sku,updated_on", 40, 0);
	put(f, "sales.csv",
	    "sale_id,sku,sold_on,amount\n"
	    "901,P-00001,2024-03-01,1.50\n902,P-00038,2024-03-02,2.50\n903,P-00020,2024-03-03,3.50\n"
	    "904,P-00011,2024-03-04,4.50\n905,P-00006,2024-03-05,5.50\n906,P-00030,2024-03-06,1\n");
	make(state, &m);
	const struct design_column *c = column(&m, "fact_sale", "product_key");
	assert_non_null(c);
	assert_string_equal(c->dimension, "dim_product");
	assert_int_equal(c->origins.n, 1);
	const struct origin *o = &c->origins.at[0];
	assert_int_equal(o->kind, ORIGIN_PATH);
	assert_string_equal(o->table, "products");
	assert_string_equal(o->column, "product_id");
	assert_int_equal(o->hops.n, 1);
	assert_string_equal(o->hops.at[0].columns.at[0], "sku");
	assert_string_equal(o->hops.at[0].to_columns.at[0], "sku");
	assert_int_equal(mapped(&m, "fact_sale")->joins.n, 1);
}

static void test_duplicates_without_a_version(void **state)
{
	struct folder *f = *state;
	struct made m;
	put_things(f, "orders.csv", "order_id,note,ordered_on", 40, 2);
	make(state, &m);
	const struct design_table *t = table(&m, "fact_order");
	assert_non_null(t);
	assert_int_equal(t->dedup, DEDUP_LAST);
	assert_null(t->version_column);
	assert_non_null(strstr(t->reason, "the last one in the file counts"));
	assert_null(mapped(&m, "fact_order")->version_rule);
}

/* The names of a table's columns of one role, joined by blanks. */
static const char *columns(const struct made *m, const char *t, int role)
{
	const char *s = "";
	const struct design_table *found = table(m, t);
	assert_non_null(found);
	for (size_t i = 0; i < found->columns.n; i++) {
		if ((int)found->columns.at[i].role == role) {
			s = arena_printf(&m->f->arena, "%s%s%s", s, *s != '\0' ? " " : "",
					 found->columns.at[i].name);
		}
	}
	return s;
}

static const struct source_role *role(const struct made *m, const char *source)
{
	for (size_t i = 0; i < m->design.sources.n; i++) {
		if (strcmp(m->design.sources.at[i].table, source) == 0) {
			return &m->design.sources.at[i];
		}
	}
	fail_msg("no source %s", source);
	return NULL;
}

/* A shop: sale -> article -> group -> group above; sale and article -> country by two ways. */
static void put_shop(struct folder *f)
{
	put(f, "articles.csv",
	    "article_id,name,group_id,country_id,modified_on\n1,pen,11,7,2024-01-01\n"
	    "2,ink,12,8,2024-01-02\n3,cap,13,9,2024-01-03\n4,mug,14,7,2024-01-04\n");
	put(f, "countries.csv", "country_id,country\n7,Chad\n8,Peru\n9,Fiji\n");
	put(f, "groups.csv",
	    "group_id,name,parent_id,modified_on\n11,Office,,2024-01-01\n12,Fluids,11,2024-01-01\n"
	    "13,Wear,,2024-01-01\n14,Kitchen,13,2024-01-01\n15,Pots,14,2024-01-01\n");
	put(f, "makers.csv", "maker_id,name,country_id\n21,Ann,7\n22,Bob,8\n23,Cid,9\n");
	put(f, "sales.csv",
	    "sale_id,article_id,maker_id,sold_on,amount,unit_price,modified_on\n"
	    "901,1,21,2024-03-01,1.50,1.5,2024-04-01\n902,2,22,2024-03-02,2.50,1.5,2024-04-01\n"
	    "903,3,23,2024-03-03,3.50,1.5,2024-04-01\n904,4,21,2024-03-04,4.50,1.5,2024-04-01\n");
}

static void test_flattened_do_not_stand(void **state)
{
	struct made m;
	put_shop(*state);
	make(state, &m);
	assert_null(table(&m, "dim_group"));
	assert_null(table(&m, "dim_country"));
	assert_string_equal(columns(&m, "dim_article", ROLE_ATTRIBUTE),
			    "name group_id country_id modified_on country group_name "
			    "group_parent_id group_parent_name");
	assert_string_equal(role(&m, "groups")->role, "dimension");
	assert_non_null(strstr(role(&m, "groups")->reason, "flattened"));
	bool audit = false, alone = false;
	for (size_t i = 0; i < role(&m, "groups")->alternatives.n; i++) {
		const char *choice = role(&m, "groups")->alternatives.at[i].choice;
		audit |= strcmp(choice, "column modified_on in the dimensions") == 0;
		alone |= strcmp(choice, "a table of its own, dim_group") == 0;
	}
	assert_true(audit && alone);

	const struct design_column *c = column(&m, "dim_article", "group_parent_name");
	assert_int_equal(c->origins.at[0].hops.n, 2);
	assert_string_equal(c->origins.at[0].hops.at[1].columns.at[0], "parent_id");
	assert_string_equal(c->origins.at[0].hops.at[1].to_columns.at[0], "group_id");
}

static void test_dates_and_measures(void **state)
{
	struct made m;
	put_shop(*state);
	make(state, &m);
	assert_string_equal(columns(&m, "fact_sale", ROLE_DIMENSION_KEY),
			    "article_key maker_key sold_on_key");
	assert_string_equal(columns(&m, "fact_sale", ROLE_DEGENERATE), "modified_on");
	assert_string_equal(columns(&m, "fact_sale", ROLE_MEASURE), "amount unit_price");
	assert_int_equal(column(&m, "fact_sale", "amount")->additivity, ADDITIVE_FULL);
	assert_int_equal(column(&m, "fact_sale", "unit_price")->additivity, ADDITIVE_NONE);
	assert_non_null(strstr(table(&m, "dim_article")->scd, "type 1"));
}

/* Two ways to addresses: no name twice, no word twice in a row. */
static void test_names_by_two_ways(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "addresses.csv", "address_id,address,city_id\n1,x,31\n2,y,32\n3,z,33\n4,w,31\n");
	put(f, "cities.csv", "city_id,city\n31,Ulm\n32,Ham\n33,Spa\n");
	put(f, "people.csv",
	    "person_id,name,address_id,store_id\n41,a,1,51\n42,b,2,52\n43,c,3,53\n44,d,4,53\n");
	put(f, "stores.csv", "store_id,name,address_id\n51,s,3\n52,t,2\n53,u,1\n");
	put(f, "visits.csv",
	    "visit_id,person_id,visited_on,minutes\n61,41,2024-01-01,5\n62,42,2024-01-02,5\n"
	    "63,43,2024-01-03,5\n64,44,2024-01-03,7\n");
	make(state, &m);
	assert_string_equal(columns(&m, "dim_person", ROLE_ATTRIBUTE),
			    "name address_id store_id address address_city_id city store_name "
			    "store_address_id store_address store_address_city_id store_city");
}

/* The copy that is rented is known by the rental, its film by the copy; the film's cast needs the film. */
static void test_far_dimension_and_bridge(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "actors.csv", "actor_id,name\n1,Ann\n2,Bob\n3,Cid\n");
	put(f, "copies.csv", "copy_id,film_id,box\n31,11,a\n32,12,b\n33,13,c\n34,11,d\n");
	put(f, "film_actors.csv", "film_id,actor_id\n11,1\n11,2\n12,2\n13,3\n13,1\n");
	put(f, "films.csv", "film_id,title\n11,Up\n12,Em\n13,It\n");
	put(f, "rentals.csv",
	    "rental_id,copy_id,rented_on,amount\n71,31,2024-01-01,1\n72,32,2024-01-02,2\n"
	    "73,33,2024-01-03,3\n74,34,2024-01-04,4\n");
	make(state, &m);
	assert_string_equal(role(&m, "film_actors")->role, "bridge");
	assert_string_equal(columns(&m, "bridge_film_actor", ROLE_DIMENSION_KEY),
			    "actor_key film_key");
	assert_string_equal(columns(&m, "fact_rental", ROLE_DIMENSION_KEY),
			    "copy_key rented_on_key film_key");
	const struct origin *o = &column(&m, "fact_rental", "film_key")->origins.at[0];
	assert_int_equal(o->hops.n, 1);
	assert_string_equal(o->table, "copies");
	assert_string_equal(o->column, "film_id");
}

/* A table of lines, 1 + i % 3 of each of 12 orders. */
static void put_order_lines(struct folder *f)
{
	char text[4096] = "order_no,line_no,product_code,quantity\n";
	size_t n = strlen(text);
	for (int i = 0; i < 36; i++) {
		if (i % 3 <= i / 3 % 3) {
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%d,%d,P%d,%d\n",
					      501 + i / 3, i % 3 + 1, i % 5, i % 4 + 1);
		}
	}
	put(f, "order_lines.csv", text);
	put(f, "orders.csv",
	    "order_no,customer_code,ordered_on\n501,C1,2024-01-01\n502,C2,2024-01-02\n"
	    "503,C3,2024-01-03\n504,C1,2024-01-04\n505,C2,2024-01-05\n506,C3,2024-01-06\n"
	    "507,C1,2024-01-07\n508,C2,2024-01-08\n509,C3,2024-01-09\n510,C1,2024-01-10\n"
	    "511,C2,2024-01-11\n512,C3,2024-01-12\n");
	put(f, "customers.csv", "customer_code,customer_name\nC1,Ann\nC2,Bob\nC3,Cid\n");
	put(f, "products.csv",
	    "product_code,product_name\nP0,Nut\nP1,Pin\nP2,Rod\nP3,Cog\nP4,Bar\n");
}

/*
 * What refers to a line by order and number takes its product, but customer and day from its own order number, once. With
 * the line's key as its own it extends the line and is no bridge, though all of its key refers elsewhere.
 */
static void test_fact_of_a_line(void **state)
{
	struct folder *f = *state;
	struct made m;
	put_order_lines(f);
	put(f, "returns.csv",
	    "order_no,line_no,returned_on,reason\n502,1,2024-02-01,a\n502,2,2024-02-02,b\n"
	    "503,3,2024-02-02,a\n505,2,2024-02-03,a\n506,1,2024-02-04,c\n509,3,2024-02-05,b\n");
	make(state, &m);
	assert_string_equal(role(&m, "returns")->role, "fact");
	assert_string_equal(columns(&m, "fact_return", ROLE_BUSINESS_KEY), "order_no line_no");
	assert_string_equal(columns(&m, "fact_return", ROLE_DIMENSION_KEY),
			    "returned_on_key customer_key ordered_on_key product_key");
	assert_string_equal(columns(&m, "fact_return", ROLE_DEGENERATE), "reason");
	const struct origin *o = &column(&m, "fact_return", "product_key")->origins.at[0];
	assert_int_equal(o->hops.n, 1);
	assert_string_equal(o->hops.at[0].to_table, "order_lines");
	assert_int_equal(o->hops.at[0].columns.n, 2);
	o = &column(&m, "fact_return", "customer_key")->origins.at[0];
	assert_int_equal(o->hops.n, 1);
	assert_string_equal(o->hops.at[0].to_table, "orders");
}

/* A dimension with a key of two, in two roles and without one; its country is not told twice. */
static void test_dimension_with_a_key_of_two(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "cities.csv",
	    "country,city,people\nAT,Graz,29\nAT,Salem,11\nDE,Salem,7\nDE,Ulm,12\nFR,Metz,11\n"
	    "FR,Lyon,52\nIT,Bari,31\nIT,Salem,2\n");
	put(f, "countries.csv", "country,currency\nAT,EUR\nDE,DEM\nFR,FRF\nIT,LIT\n");
	put(f, "customers.csv",
	    "customer_id,name,country,city\n1,Ann,AT,Graz\n2,Bob,DE,Salem\n3,Cid,FR,Metz\n"
	    "4,Dan,IT,Salem\n5,Eve,DE,Ulm\n");
	put(f, "orders.csv",
	    "order_id,customer_id,ordered_on,amount,ship_country,ship_city,bill_country,bill_city\n"
	    "101,1,2024-01-01,5,AT,Salem,DE,Ulm\n102,2,2024-01-02,6,DE,Salem,AT,Graz\n"
	    "103,3,2024-01-03,7,FR,Lyon,FR,Metz\n104,4,2024-01-04,8,IT,Bari,IT,Salem\n"
	    "105,5,2024-01-05,9,DE,Ulm,FR,Lyon\n");
	make(state, &m);
	assert_string_equal(columns(&m, "dim_city", ROLE_BUSINESS_KEY), "country city");
	assert_string_equal(columns(&m, "fact_order", ROLE_DIMENSION_KEY),
			    "bill_country_key bill_city_key customer_key ship_country_key "
			    "ship_city_key ordered_on_key");
	const struct design_column *c = column(&m, "fact_order", "ship_city_key");
	assert_string_equal(c->dimension, "dim_city");
	assert_int_equal(c->origins.n, 2); /* in the order of the dimension's key */
	assert_string_equal(c->origins.at[0].column, "ship_country");
	assert_string_equal(c->origins.at[1].column, "ship_city");
	assert_string_equal(columns(&m, "dim_customer", ROLE_ATTRIBUTE),
			    "name country city country_currency city_people");
}

/* A circle of dimensions ends, whoever is described: by the name of the other. */
static void test_circle_of_dimensions(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "absences.csv",
	    "absence_id,employee_id,absent_on,hours\n91,1,2024-01-01,4\n92,2,2024-01-02,8\n"
	    "93,5,2024-01-03,8\n94,8,2024-01-04,8\n");
	put(f, "departments.csv",
	    "department_id,department_name,manager_id\n11,Box,1\n12,Post,3\n13,Yard,5\n14,Dock,7\n");
	put(f, "employees.csv",
	    "employee_id,last_name,department_id\n1,A,11\n2,B,11\n3,C,12\n4,D,12\n5,E,13\n"
	    "6,F,13\n7,G,14\n8,H,14\n");
	make(state, &m);
	assert_null(table(&m, "dim_department"));
	assert_string_equal(columns(&m, "dim_employee", ROLE_ATTRIBUTE),
			    "last_name department_id department_name department_manager_id");
}

/* Stock of a shop and an article: a sum over days means nothing, a price's none at all. */
static void test_snapshot(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "articles.csv", "article_id,name\n1,pen\n2,ink\n");
	put(f, "shops.csv", "shop_id,name\n11,N\n12,S\n");
	put(f, "stock.csv",
	    "shop_id,article_id,counted_on,on_hand,reserved,unit_cost\n11,1,2024-01-01,5,1,2.50\n"
	    "11,2,2024-01-01,6,2,2.50\n12,1,2024-01-01,7,3,2.50\n12,2,2024-01-01,8,4,2.50\n");
	make(state, &m);
	assert_int_equal(column(&m, "fact_stock", "on_hand")->additivity, ADDITIVE_SEMI);
	assert_int_equal(column(&m, "fact_stock", "reserved")->additivity, ADDITIVE_SEMI);
	assert_int_equal(column(&m, "fact_stock", "unit_cost")->additivity, ADDITIVE_NONE);
}

/* One file of a thing with a number: a fact all the same. Without any, it is said why there is none. */
static void test_no_vacuous_star(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "customer.csv", "customer_id,name,spent\n1,Ann,10.50\n2,Bob,20.25\n3,Cid,5.75\n");
	make(state, &m);
	assert_non_null(table(&m, "fact_customer"));
	assert_non_null(strstr(table(&m, "fact_customer")->reason, "this one comes nearest"));

	put(f, "customer.csv", "customer_id,name,town\n1,Ann,Ulm\n2,Bob,Ham\n3,Cid,Spa\n");
	make(state, &m);
	assert_non_null(table(&m, "dim_customer"));
	assert_int_equal(m.design.tables.n, 1);
	assert_non_null(strstr(role(&m, "customer")->reason,
			       "no fact: no table has the time of an "
			       "event or a number to sum"));
}

/* n columns: id, then c2, c3 ...; two records. */
static void put_wide(struct folder *f, const char *file, size_t n)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_puts(&text, "id");
	for (size_t i = 2; i <= n; i++) {
		buf_printf(&text, ",c%zu", i);
	}
	for (int row = 1; row <= 2; row++) {
		buf_printf(&text, "\n%d", row);
		for (size_t i = 2; i <= n; i++) {
			buf_puts(&text, ",x");
		}
	}
	put_bytes(f, file, text.data, text.size);
	buf_release(&text);
}

/* SQLite's tables hold 2,000 columns; 64 are kept for what a table gets beside its own. */
static void test_too_wide(void **state)
{
	struct folder *f = *state;
	struct made m;
	put_wide(f, "a.csv", 1937);
	put_wide(f, "b.csv", 1936);
	make(state, &m);
	assert_int_equal(m.design.sources.n, 2);
	assert_string_equal(role(&m, "a")->role, "unused");
	assert_non_null(strstr(role(&m, "a")->reason, "1937 columns"));
	assert_null(table(&m, "dim_a"));
	assert_non_null(table(&m, "dim_b"));
	assert_int_equal(table(&m, "dim_b")->columns.n, 1936 + 3);
}

static void test_all_too_wide(void **state)
{
	struct folder *f = *state;
	struct design design;
	put_wide(f, "a.csv", 5000);
	assert_int_equal(relate_all(f), 0);
	assert_int_equal(design_star(&f->sources, &f->profile, &f->arena, &design, &f->err),
			 BLDR_E_INVALID);
	assert_message(f, BLDR_E_INVALID, "\"a.csv\" has 5000 columns");
}

/* A payment at ten past midnight is of the day that its clock showed. The time stays; an audit time has no day. */
static void test_days_of_timestamps(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "payments.csv",
	    "payment_id,amount,paid_at,last_update\n1,5.00,2024-01-01T00:10:00+02:00,2024-02-01T00:00:00Z\n"
	    "2,6.00,2024-01-02T10:10:00+02:00,2024-02-01T00:00:00Z\n");
	make(state, &m);
	assert_string_equal(columns(&m, "fact_payment", ROLE_DIMENSION_KEY), "paid_at_key");
	assert_string_equal(columns(&m, "fact_payment", ROLE_DEGENERATE), "paid_at last_update");
	assert_string_equal(column(&m, "fact_payment", "paid_at_key")->dimension, "dim_date");
	const struct sttm_table *t = mapped(&m, "fact_payment");
	const char *rule = "";
	for (size_t i = 0; i < t->columns.n; i++) {
		if (strcmp(t->columns.at[i].target, "paid_at_key") == 0) {
			rule = rule_text(f, t->columns.at[i].rule);
		}
	}
	assert_non_null(strstr(rule, "\"fn\":\"written_date\""));
	assert_null(strstr(rule, "\"cast\""));
	assert_int_equal(mapped(&m, "dim_date")->calendar.n, 1);
	assert_string_equal(mapped(&m, "dim_date")->calendar.at[0].column, "paid_at");
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

/* A name that stands among other columns of the same party is that party's; one of the thing itself describes it. */
static void test_whose_name(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "deals.csv",
	    "deal_id,agreed_on,agent_id,amount,buyer_name,buyer_city,buyer_country\n"
	    "901,2024-03-01,31,1.50,Ann,Rome,IT\n902,2024-03-02,32,2.50,Bob,Bonn,DE\n"
	    "903,2024-03-03,33,3.50,Ann,Rome,IT\n904,2024-03-04,31,4.50,Cy,Bern,CH\n");
	put(f, "agents.csv",
	    "agent_id,agent_name,agent_city,agent_country\n"
	    "31,Di,Rome,IT\n32,Ed,Bonn,DE\n33,Flo,Bern,CH\n");
	put(f, "members.csv",
	    "member_id,last_name,last_city,last_street\n51,Gil,Oslo,A\n52,Hal,Riga,B\n");
	make(state, &m);
	assert_non_null(table(&m, "fact_deal"));
	assert_null(strstr(table(&m, "fact_deal")->reason, "is described by names"));
	assert_non_null(strstr(table(&m, "dim_agent")->reason, "is described by names (-2)"));
	assert_non_null(strstr(table(&m, "dim_member")->reason, "is described by names (-2)"));
}

/* The two columns of the key name the table; what stands beside them is no claim of nothing. */
static void test_bridge_with_a_number(void **state)
{
	struct folder *f = *state;
	struct made m;
	put(f, "titles.csv", "title_id,title\nT1,One\nT2,Two\nT3,Three\n");
	put(f, "authors.csv", "author_id,name\nA1,Ann\nA2,Bob\nA3,Cy\n");
	put(f, "titleauthor.csv",
	    "title_id,author_id,share_pct,pages\nT1,A1,50,10\nT1,A2,50,20\nT2,A3,100,30\n"
	    "T3,A1,100,40\nT3,A3,0,40\n");
	make(state, &m);
	const struct design_table *t = table(&m, "bridge_titleauthor");
	assert_non_null(t);
	assert_non_null(strstr(t->reason, "has numbers that can be summed"));
	assert_null(strstr(t->reason, "nothing of its own to sum"));
	assert_non_null(
		strstr(t->reason, "it is named after the two things that its key refers to"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_dedup),
		FOLDER_TEST(test_reference_by_another_key),
		FOLDER_TEST(test_duplicates_without_a_version),
		FOLDER_TEST(test_flattened_do_not_stand),
		FOLDER_TEST(test_dates_and_measures),
		FOLDER_TEST(test_names_by_two_ways),
		FOLDER_TEST(test_far_dimension_and_bridge),
		FOLDER_TEST(test_fact_of_a_line),
		FOLDER_TEST(test_dimension_with_a_key_of_two),
		FOLDER_TEST(test_circle_of_dimensions),
		FOLDER_TEST(test_snapshot),
		FOLDER_TEST(test_no_vacuous_star),
		FOLDER_TEST(test_whose_name),
		FOLDER_TEST(test_bridge_with_a_number),
		FOLDER_TEST(test_days_of_timestamps),
		FOLDER_TEST(test_too_wide),
		FOLDER_TEST(test_all_too_wide),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
