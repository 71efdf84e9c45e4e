/* The file around a load: keys, copies, leftovers, and every point at which a load can be cut off. */
#include <sys/wait.h>

#include "fault_vfs.h"
#include "warehouse_test.h"

// clang-format off
static const char star[] =
	DIMENSION("dim_customer", "customers",
		KEY("customer_key", SURROGATE("dim_customer", CAST("int64", COL("id"))))
		ID("customer_id", CAST("int64", COL("id")))
		VALUE("name", "text", CLEAN(COL("name")))
		LINEAGE)
	CALENDAR("dim_date", "orders", "day")
	FACT("fact_order", "orders", "", "'order_id'",
		ID("order_id", CAST("int64", COL("id")))
		DIMENSION_KEY("customer_key", "dim_customer",
			LOOKUP("dim_customer", SURROGATE("dim_customer", CAST("int64", COL("customer"))),
			       CAST("int64", COL("customer"))))
		DIMENSION_KEY("day_key", "dim_date",
			LOOKUP("dim_date", DATE_KEY(DATE(COL("day"))), DATE(COL("day"))))
		LINEAGE);
static const char other_form[] =
	DIMENSION("dim_customer", "customers",
		KEY("customer_key", SURROGATE("dim_customer", COL("id")))
		COLUMN("customer_id", "text", "business_key", "true", COL("id")));
// clang-format on

static const char *const tables[] = { "dim_customer", "dim_date", "fact_order", "bldr_layer",
				      "bldr_quarantine" };

static void before(struct house *h)
{
	house_file(h, "customers.csv", "id,name\n1,Ada\n2,Grace\n2,Again\n");
	house_file(h, "orders.csv", "id,customer,day\n10,1,2020-02-29\n11,2,2020-03-01\n");
	house_declare(h);
	house_sttm(h, star);
}

static void after(struct house *h)
{
	house_file(h, "customers.csv", "id,name\n1,Ada L.\n2,Grace\n3,Mary\n");
	house_file(h, "orders.csv", "id,customer,day\n10,3,2021-02-28\n12,1,x\n13\n");
	house_declare(h);
}

static void same_bytes(const char *path, char ret_hex[HASH_HEX_MAX])
{
	struct bldr_error err;
	uint64_t bytes;

	assert_int_equal(file_hash(path, ret_hex, &bytes, &err), 0);
}

static void a_key_that_was_seen_changes_nothing(void **state)
{
	struct house *h = *state;
	struct materialise m = { .key = "1", .source_folder = "/nowhere" };
	struct deployment first, again = { 0 };
	char was[HASH_HEX_MAX], is[HASH_HEX_MAX];

	before(h);
	first = house_load(h, "1");
	after(h);
	same_bytes(h->db, was);
	for (int i = 0; i < 3; i++) {
		m.fresh = i == 1;
		m.copy_of = i == 2 ? "/nowhere.db" : NULL;
		assert_int_equal(house_try(h, &m, &again), 0);
		assert_int_equal(again.head.version, 0);
		assert_string_equal(again.target, "embedded");
		assert_int_equal(again.tables.n, 3);
		assert_int_equal(again.tables.at[0].rows, 2);
		assert_int_equal(again.tables.at[0].quarantined, 1);
		assert_string_equal(again.tables.at[2].digest, first.tables.at[2].digest);
		assert_int_equal(again.sources.n, 2);
		assert_int_equal(again.sources.at[0].rejected, 1);
	}
	same_bytes(h->db, is);
	assert_string_equal(was, is);
}

static void a_fresh_load_begins_with_an_empty_file(void **state)
{
	struct house *h = *state;
	struct materialise m = { .key = "2", .fresh = true };
	struct deployment d;

	before(h);
	house_load(h, "1");
	after(h);
	assert_int_equal(house_try(h, &m, &d), 0);
	assert_string_equal(house_ask(h, "SELECT order_id FROM fact_order ORDER BY 1"), "10\n12\n");
	assert_string_equal(house_ask(h, "SELECT key FROM bldr_load"), "2\n");
}

static void a_copy_leaves_the_original_alone(void **state)
{
	struct house *h = *state;
	char copy[128], was[HASH_HEX_MAX], is[HASH_HEX_MAX];
	struct materialise m = { .key = "2", .path = copy, .copy_of = h->db };
	struct deployment d;

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", h->out.path);
	before(h);
	house_load(h, "1");
	same_bytes(h->db, was);
	after(h);
	assert_int_equal(house_try(h, &m, &d), 0);
	house_is_sound(h, copy);
	assert_string_equal(house_ask_file(h, copy, "SELECT order_id FROM fact_order ORDER BY 1"),
			    "10\n11\n12\n");
	same_bytes(h->db, is);
	assert_string_equal(was, is);
	m.key = "3";
	m.copy_of = "/nowhere.db";
	assert_int_equal(house_try(h, &m, &d), BLDR_E_NOT_FOUND);
	assert_string_equal(h->err.text, "no warehouse \"/nowhere.db\" to copy");
}

static void put(struct house *h, const char *name, const char *text)
{
	assert_int_equal(file_write(scratch_file(&h->out, name), text, strlen(text), &h->err), 0);
}

static void leftovers_of_a_killed_load_do_no_harm(void **state)
{
	struct house *h = *state;

	before(h);
	put(h, "warehouse.db.tmp", "half a database");
	put(h, "warehouse.db.tmp-journal", "\xD9\xD5\x05\xF9\x20\xA1\x63\xD7 a journal");
	put(h, "warehouse.db-journal", "\xD9\xD5\x05\xF9\x20\xA1\x63\xD7 a journal");
	house_load(h, "1");
	house_is_sound(h, h->db);
	assert_string_equal(house_ask(h, "SELECT count(*) FROM fact_order"), "2\n");
	assert_false(file_exists(scratch_file(&h->out, "warehouse.db.tmp")));
	assert_false(file_exists(scratch_file(&h->out, "warehouse.db.tmp-journal")));
	assert_false(file_exists(scratch_file(&h->out, "warehouse.db-journal")));
}

static void a_changed_source_leaves_the_old_file(void **state)
{
	struct house *h = *state;
	struct materialise m = { .key = "2" };
	struct deployment d = { .target = "untouched" };

	before(h);
	house_load(h, "1");
	house_file(h, "orders.csv", "id,customer,day\n10,1,2020-02-29\n11,2,2020-03-02\n");
	for (int i = 0; i < 2; i++) {
		m.fresh = i == 1;
		assert_int_equal(house_try(h, &m, &d), BLDR_E_CHANGED);
		assert_string_equal(h->err.text,
				    "\"orders.csv\" has changed since it was first read");
		assert_string_equal(d.target, "untouched");
		assert_string_equal(house_ask(h,
					      "SELECT key, (SELECT max(date) FROM dim_date) "
					      "FROM bldr_load"),
				    "1|2020-12-31\n");
		assert_false(file_exists(scratch_file(&h->out, "warehouse.db.tmp")));
	}
}

static void a_damaged_file_is_told_or_replaced(void **state)
{
	struct house *h = *state;
	struct materialise m = { .key = "1" };
	struct deployment d;

	before(h);
	put(h, "warehouse.db", "this is not a database at all, and it is long enough to tell");
	assert_int_equal(house_try(h, &m, &d), BLDR_E_CORRUPT);
	m.fresh = true;
	assert_int_equal(house_try(h, &m, &d), 0);
	house_is_sound(h, h->db);
}

static void tables_of_another_form_need_a_fresh_file(void **state)
{
	struct house *h = *state;
	struct materialise m = { .key = "2" };
	struct deployment d;

	before(h);
	house_load(h, "1");
	house_sttm(h, other_form);
	assert_int_equal(house_try(h, &m, &d), BLDR_E_INVALID);
	assert_non_null(strstr(h->err.text, "has a table \"dim_customer\" of another form"));
	assert_string_equal(house_ask(h, "SELECT key FROM bldr_load"), "1\n");
	m.fresh = true;
	assert_int_equal(house_try(h, &m, &d), 0);
	assert_string_equal(house_ask(h,
				      "SELECT customer_id FROM dim_customer WHERE customer_key "
				      ">= 0 ORDER BY 1"),
			    "1\n2\n");
}

/* ---- cut off at every effect ---- */

enum mode { IN_PLACE, FRESH, COPY, MODES };

struct truth { /* what the file may hold */
	char old[128], new[128];
};

static struct materialise load_of(enum mode mode, const char *key, const char *copy_of)
{
	return (struct materialise){ .key = key,
				     .fresh = mode == FRESH,
				     .copy_of = mode == COPY ? copy_of : NULL };
}

/* The file is the old one or the new one, whole. */
static void is_whole(struct house *h, const struct truth *t)
{
	bool loaded = strcmp(house_ask(h, "SELECT count(*) FROM bldr_load WHERE key = 'new'"),
			     "1\n") == 0;

	house_is_sound(h, h->db);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		house_tables_are_equal(h, loaded ? t->new : t->old, tables[i]);
	}
}

static void begin_with_old(struct house *h, const struct truth *t)
{
	char *bytes;
	size_t size;

	assert_int_equal(file_read(t->old, 1 << 24, &bytes, &size, &h->err), 0);
	assert_int_equal(file_write(h->db, bytes, size, &h->err), 0);
	free(bytes);
}

static void truth_make(struct house *h, enum mode mode, struct truth *t)
{
	struct materialise m = { .key = "old" };
	struct deployment d;

	(void)snprintf(t->old, sizeof(t->old), "%s/old.db", h->out.path);
	(void)snprintf(t->new, sizeof(t->new), "%s/new.db", h->out.path);
	before(h);
	m.path = t->old;
	assert_int_equal(house_try(h, &m, &d), 0);
	after(h);
	m = load_of(mode == FRESH ? FRESH : COPY, "truth", t->old);
	m.path = t->new;
	assert_int_equal(house_try(h, &m, &d), 0);
}

static int run_killed(struct house *h, const struct materialise *m, long n)
{
	struct deployment d;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		fault_at(n, true);
		_exit(house_try(h, m, &d) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void killed_at_any_effect(struct house *h, enum mode mode)
{
	struct truth t;
	struct deployment d;
	int status = FAULT_EXIT;
	long n = 0;

	truth_make(h, mode, &t);
	while (status == FAULT_EXIT) {
		const struct materialise m = load_of(mode, "new", t.old);

		begin_with_old(h, &t);
		status = run_killed(h, &m, ++n);
		is_whole(h, &t);
		assert_int_equal(house_try(h, &m, &d), 0);
		is_whole(h, &t);
		assert_string_equal(
			house_ask(h, "SELECT count(*) FROM bldr_load WHERE key = 'new'"), "1\n");
	}
	assert_int_equal(status, 0);
	assert_true(n > 10);
}

static void killed_in_place(void **state)
{
	killed_at_any_effect(*state, IN_PLACE);
}

static void killed_fresh(void **state)
{
	killed_at_any_effect(*state, FRESH);
}

static void killed_in_a_copy(void **state)
{
	killed_at_any_effect(*state, COPY);
}

/* Somebody deletes the file that a killed load left, but not the journal beside it. */
static void a_journal_without_its_file_is_not_played_back(void **state)
{
	struct house *h = *state;
	struct truth t;
	int journals = 0;

	truth_make(h, IN_PLACE, &t);
	for (long n = 1, status = FAULT_EXIT; status == FAULT_EXIT; n++) {
		const struct materialise m = load_of(IN_PLACE, "new", NULL);

		begin_with_old(h, &t);
		status = run_killed(h, &m, n);
		journals += file_exists(scratch_file(&h->out, "warehouse.db-journal"));
		assert_int_equal(unlink(h->db), 0);
		house_load(h, "new");
		house_is_sound(h, h->db);
		assert_string_equal(house_ask(h, "SELECT order_id FROM fact_order ORDER BY 1"),
				    "10\n12\n");
	}
	assert_true(journals > 5);
}

/* The n-th effect fails with an I/O error: told as such, and the next try ends well. */
static void failed_at_any_effect(void **state)
{
	struct house *h = *state;

	for (enum mode mode = IN_PLACE; mode < MODES; mode++) {
		struct truth t;
		struct deployment d;
		long failures = 0;
		bool hit = true;

		truth_make(h, mode, &t);
		for (long n = 1; hit; n++) {
			const struct materialise m = load_of(mode, "new", t.old);
			int rc;

			begin_with_old(h, &t);
			fault_at(n, false);
			rc = house_try(h, &m, &d);
			hit = fault.countdown == 0;
			fault_at(0, false);
			assert_true(rc == 0 || (hit && rc == BLDR_E_IO));
			failures += rc < 0;
			is_whole(h, &t);
			assert_int_equal(house_try(h, &m, &d), 0);
			is_whole(h, &t);
			assert_false(file_exists(scratch_file(&h->out, "warehouse.db.tmp")));
		}
		assert_true(failures > 10);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, house_make, house_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_that_was_seen_changes_nothing),
		TEST(a_fresh_load_begins_with_an_empty_file),
		TEST(a_copy_leaves_the_original_alone),
		TEST(leftovers_of_a_killed_load_do_no_harm),
		TEST(a_changed_source_leaves_the_old_file),
		TEST(a_damaged_file_is_told_or_replaced),
		TEST(tables_of_another_form_need_a_fresh_file),
		TEST(killed_in_place),
		TEST(killed_fresh),
		TEST(killed_in_a_copy),
		TEST(a_journal_without_its_file_is_not_played_back),
		TEST(failed_at_any_effect),
	};

	fault_install();
	return cmocka_run_group_tests_name("materialise_file", tests, NULL, NULL);
}
