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

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(test_dedup),
		FOLDER_TEST(test_reference_by_another_key),
		FOLDER_TEST(test_duplicates_without_a_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
