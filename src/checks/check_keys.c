/*
 * K1: a dimension's keys are unique and never null. K2: so is a fact's grain. K3: every reference leads to the
 * member that the raw files name. K4: surrogate keys are what the raw business keys hash to, and
 * each reserved member is there once. K3 asks for the member, K4 for the number: a wrong number that fact
 * and dimension share fails K4 alone.
 */
#include "checks/mapping.h"
#include "checks/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Key columns of one table, read row by row. */
struct key {
	size_t n;
	const size_t *columns;
};

struct uniqueness {
	size_t nulls; /* rows with a null in the key */
	size_t again; /* rows whose key another row had before */
};

static struct uniqueness measure_key(const struct trial *t, const struct trial_table *table,
				     const struct key *key, struct verdict *v)
{
	struct uniqueness u = { 0 };
	struct map *seen = map_new();
	struct buf canon;
	buf_init(&canon, CANON_MAX);
	for (size_t i = 0; i < table->found.n; i++) {
		bool null = false;
		buf_clear(&canon);
		buf_putc(&canon, '=');
		for (size_t k = 0; k < key->n; k++) {
			const char *cell = table->found.columns[key->columns[k]].cells[i];
			null = null || cell == NULL;
			canon_add(&canon, cell);
		}
		ASSERT(!buf_failed(&canon));
		void **row = map_at(seen, canon.data, canon.size);
		bool again = *row != NULL;
		*row = seen;
		u.nulls += null;
		u.again += again && !null;
		if (null || again) {
			trial_sample(t, v, "row %s: its key %.160s is %s", trial_row(t, table, i),
				     canon.data + 1, null ? "incomplete" : "taken");
		}
	}
	buf_release(&canon);
	map_free(seen);
	return u;
}

static const char *uniqueness_words(const struct trial *t, size_t rows, struct uniqueness u)
{
	return arena_printf(t->arena, "%zu rows, %zu keys repeated, %zu null", rows, u.again,
			    u.nulls);
}

static bool any_absent(const struct trial *t, const struct trial_table *table,
		       const struct key *key, struct verdict *v)
{
	for (size_t k = 0; k < key->n; k++) {
		if (trial_absent(t, table, (int64_t)key->columns[k], v)) {
			return true;
		}
	}
	return false;
}

/* A date fault in the key, other values in it, or the rows themselves. */
static void blame_key(const struct trial *t, const struct trial_table *table, const struct key *key,
		      struct verdict *v)
{
	for (size_t k = 0; k < key->n; k++) {
		if (table->columns[key->columns[k]].changed > 0) {
			trial_blame_column(t, table, key->columns[k], v);
			return;
		}
	}
	trial_blame_rows(t, table, v);
}

static const char *key_subject(const struct trial *t, const struct trial_table *table,
			       const struct key *key)
{
	const char *subject = table->expected->design->name;
	for (size_t k = 0; k < key->n; k++) {
		subject = arena_printf(t->arena, "%s%c%s", subject, k == 0 ? '.' : '+',
				       table->expected->design->columns.at[key->columns[k]].name);
	}
	return subject;
}

static size_t reserved_again(const struct found_table *found)
{
	size_t again = 0;
	for (size_t i = 0; i < found->reserved.n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (found->reserved.at[i] == found->reserved.at[j]) {
				again++;
				break;
			}
		}
	}
	return again;
}

static void check_unique(struct trial *t, const struct trial_table *table, const char *check,
			 const struct key *key)
{
	const char *subject = key_subject(t, table, key);
	struct verdict v = { .expected = "no key repeated, none null" };
	if (any_absent(t, table, key, &v)) {
		trial_report(t, check, subject, &v);
		return;
	}
	bool surrogate = table->found.surrogate == (int64_t)key->columns[0];
	struct uniqueness u = measure_key(t, table, key, &v);
	size_t again = surrogate ? reserved_again(&table->found) : 0;
	v.passed = u.nulls + u.again + again == 0;
	if (!v.passed && u.nulls + u.again == 0) {
		v.blame = "developer";
		v.why = "a reserved member was loaded more than once";
	} else if (!v.passed) {
		blame_key(t, table, key, &v);
	}
	u.again += again;
	v.found =
		uniqueness_words(t, table->found.n + (surrogate ? table->found.reserved.n : 0), u);
	trial_report(t, check, subject, &v);
}

/* Columns of the design by role, as a key. */
static struct key columns_of_role(const struct trial *t, const struct trial_table *table,
				  enum column_role role)
{
	const struct design_table *d = table->expected->design;
	size_t *columns = ARENA_ARRAY(t->arena, size_t, d->columns.n);
	struct key key = { .columns = columns };
	for (size_t c = 0; c < d->columns.n; c++) {
		if (d->columns.at[c].role == (int)role) {
			columns[key.n++] = c;
		}
	}
	return key;
}

static struct key grain_of(const struct trial *t, const struct trial_table *table)
{
	const struct design_table *d = table->expected->design;
	size_t *columns = ARENA_ARRAY(t->arena, size_t, d->grain_columns.n);
	for (size_t i = 0; i < d->grain_columns.n; i++) {
		columns[i] = (size_t)expected_column_find(table->expected, d->grain_columns.at[i]);
	}
	return (struct key){ .n = d->grain_columns.n, .columns = columns };
}

static void check_own_keys(struct trial *t, const struct trial_table *table)
{
	if (!expected_is_dimension(table->expected)) {
		struct key grain = grain_of(t, table);
		check_unique(t, table, "K2", &grain);
		return;
	}
	struct key surrogate = columns_of_role(t, table, ROLE_SURROGATE_KEY);
	struct key business = columns_of_role(t, table, ROLE_BUSINESS_KEY);
	if (surrogate.n > 0) {
		check_unique(t, table, "K1", &surrogate);
	}
	if (business.n > 0) {
		check_unique(t, table, "K1", &business);
	}
}

/* ---- K3 ---- */

static const char *reference_words(const struct trial *t, struct reference r, size_t wrong)
{
	return arena_printf(t->arena,
			    "%zu unknown (-1), %zu without key (-2), %zu null, %zu leading nowhere, "
			    "%zu at another member",
			    r.unknown, r.none, r.nulls, r.dangling, wrong);
}

static void check_reference(struct trial *t, const struct trial_table *table, size_t column,
			    const struct contract_reference *expected)
{
	const char *subject = trial_subject(t, table, column);
	struct reference wanted = {
		.unknown = (size_t)expected->orphans,
		.none = (size_t)expected->nulls,
	};
	struct verdict v = { .expected = reference_words(t, wanted, 0) };
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "K3", subject, &v);
		return;
	}
	size_t wrong = table->columns[column].changed;
	struct reference found = reference_follow(t, table, column, &v);
	v.passed = found.nulls == 0 && found.dangling == 0 && wrong == 0 &&
		found.unknown == wanted.unknown && found.none == wanted.none;
	v.found = reference_words(t, found, wrong);
	if (!v.passed) {
		reference_blame(t, table, column, found, &v);
	}
	trial_report(t, "K3", subject, &v);
}

static int check_references(struct trial *t, const struct trial_table *table, struct bldr_error *err)
{
	for (size_t i = 0; i < table->contract->references.n; i++) {
		const struct contract_reference *r = &table->contract->references.at[i];
		int64_t column = expected_column_find(table->expected, r->column);
		if (column < 0 || table->expected->columns[column].members == NULL) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"the contract's reference \"%s.%s\" is not in the design",
				table->contract->table, r->column);
		}
		check_reference(t, table, (size_t)column, r);
	}
	return 0;
}

/* ---- K4 ---- */

/* The key that a row must have: its record's, or for a surplus row what its own business key gives. */
static const char *right_key(const struct trial *t, const struct trial_table *table, size_t row)
{
	const struct expected_table *e = table->expected;
	if (table->expected_of[row] >= 0) {
		return e->columns[table->found.surrogate].cells[table->expected_of[row]];
	}
	if (e->design->kind == TABLE_DATE) {
		const char *date = table->found.columns[e->keys[0]].cells[row];
		return date != NULL && strlen(date) == 10
			? arena_printf(t->arena, "%.4s%.2s%.2s", date, date + 5, date + 8)
			: NULL;
	}
	struct buf canon;
	buf_init(&canon, CANON_MAX);
	canon_add(&canon, e->design->name);
	for (size_t i = 0; i < e->n_keys; i++) {
		canon_add(&canon, table->found.columns[e->keys[i]].cells[row]);
	}
	int64_t key = canon_key(canon.data, canon.size);
	buf_release(&canon);
	return arena_printf(t->arena, "%lld", (long long)key);
}

static size_t count_wrong_keys(const struct trial *t, const struct trial_table *table,
			       struct verdict *v)
{
	size_t wrong = 0;
	for (size_t i = 0; i < table->found.n; i++) {
		const char *key = table->found.columns[table->found.surrogate].cells[i];
		const char *right = right_key(t, table, i);
		if (!value_same(key, right)) {
			wrong++;
			trial_sample(t, v, "row %s: its key is %s, recomputed %s",
				     trial_row(t, table, i), key != NULL ? key : "null",
				     right != NULL ? right : "none");
		}
	}
	return wrong;
}

/* Different business keys that hash to one surrogate key. */
static size_t count_collisions(const struct expected_table *e, size_t surrogate)
{
	struct map *seen = map_new();
	size_t collisions = 0;
	for (size_t i = 0; i < e->n; i++) {
		const char *key = e->columns[surrogate].cells[i];
		void **row = map_at(seen, key, strlen(key));
		collisions += *row != NULL;
		*row = seen;
	}
	map_free(seen);
	return collisions;
}

/* The reserved keys that must be there: docs/warehouse.md's, and what the STTM adds. */
static size_t reserved_wanted(const struct trial_table *table, struct arena *a, int64_t **ret)
{
	size_t room = 2 + (table->sttm != NULL ? table->sttm->reserved.n : 0);
	int64_t *keys = ARENA_ARRAY(a, int64_t, room);
	size_t n = 0;
	keys[n++] = MEMBER_UNKNOWN;
	keys[n++] = MEMBER_NONE;
	for (size_t i = 0; n < room; i++) {
		keys[n++] = table->sttm->reserved.at[i].key;
	}
	*ret = keys;
	return n;
}

static size_t count_key(const int64_t *keys, size_t n, int64_t key)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		count += keys[i] == key;
	}
	return count;
}

/* Reserved members missing, twice, or unheard of. */
static size_t count_wrong_reserved(const struct trial *t, const struct trial_table *table,
				   struct verdict *v)
{
	int64_t *wanted;
	size_t n = reserved_wanted(table, t->arena, &wanted);
	const int64_t *found = table->found.reserved.at;
	size_t n_found = table->found.reserved.n, wrong = 0;
	for (size_t i = 0; i < n; i++) {
		size_t times = count_key(found, n_found, wanted[i]);
		if (times != 1 && count_key(wanted, i, wanted[i]) == 0) {
			wrong++;
			trial_sample(t, v, "reserved member %lld is there %zu times",
				     (long long)wanted[i], times);
		}
	}
	for (size_t i = 0; i < n_found; i++) {
		if (count_key(wanted, n, found[i]) == 0) {
			wrong++;
			trial_sample(t, v, "key %lld is no reserved member", (long long)found[i]);
		}
	}
	return wrong;
}

static void check_surrogates(struct trial *t, const struct trial_table *table)
{
	struct verdict v = { .expected = "no wrong key, no collision, each reserved member once" };
	size_t column = (size_t)table->found.surrogate;
	const char *subject = trial_subject(t, table, column);
	if (trial_absent(t, table, (int64_t)column, &v)) {
		trial_report(t, "K4", subject, &v);
		return;
	}
	size_t wrong = count_wrong_keys(t, table, &v);
	size_t collisions = count_collisions(table->expected, column);
	size_t reserved = count_wrong_reserved(t, table, &v);
	v.passed = wrong + collisions + reserved == 0;
	v.found = arena_printf(t->arena,
			       "%zu wrong keys of %zu, %zu collisions, %zu reserved members wrong",
			       wrong, table->found.n, collisions, reserved);
	struct mapping_fault fault;
	if (collisions == 0 && wrong > 0 && trial_blame_mapping(t, table, column, &v)) {
		/* said */
	} else if (collisions == 0 && wrong > 0 &&
		   mapping_judge(t, table, column, &fault) == MAPPING_RIGHT) {
		v.blame = "developer";
		v.why = "the STTM makes the right surrogate keys, the warehouse has others";
	} else if (wrong + collisions > 0) {
		v.blame = "analyst";
		v.why = collisions > 0
			? "two business keys have one surrogate key"
			: "the mapping makes other surrogate keys than the rule does";
	} else {
		v.blame = "developer";
		v.why = "the load did not put each reserved member in once";
	}
	trial_report(t, "K4", subject, &v);
}

int check_keys(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		check_own_keys(t, table);
		int rc = check_references(t, table, err);
		if (rc < 0) {
			return rc;
		}
		if (expected_is_dimension(table->expected) && table->found.surrogate >= 0) {
			check_surrogates(t, table);
		}
	}
	return 0;
}
