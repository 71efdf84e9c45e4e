/*
 * A key leads to the member that has it, or to a reserved one. Blame goes to the column's own mapping, then to the
 * dimension: its members are missing, or have other numbers.
 */
#include "checks/reference.h"

#include <string.h>

/* Whether the dimension holds the member that the row expects, under whatever key. */
static bool member_present(const struct trial *t, const struct trial_table *table, size_t column,
			   size_t found_row)
{
	const struct expected_column *c = &table->expected->columns[column];
	int64_t row = table->expected_of[found_row];
	int64_t member = row >= 0 ? c->members[row] : MEMBER_UNKNOWN;
	const struct trial_table *d = trial_find(t, c->design->dimension);
	return member >= 0 && d->found_of[member] >= 0;
}

static bool has_reserved(const struct found_table *found, int64_t key)
{
	for (size_t i = 0; i < found->reserved.n; i++) {
		if (found->reserved.at[i] == key) {
			return true;
		}
	}
	return false;
}

struct reference reference_follow(const struct trial *t, const struct trial_table *table,
				  size_t column, struct verdict *v)
{
	const struct found_table *d =
		&trial_find(t, table->expected->columns[column].design->dimension)->found;
	struct reference r = { 0 };
	for (size_t i = 0; i < table->found.n; i++) {
		const char *key = table->found.columns[column].cells[i];
		if (key == NULL) {
			r.nulls++;
			continue;
		}
		bool unknown = strcmp(key, "-1") == 0, none = strcmp(key, "-2") == 0;
		r.unknown += unknown;
		r.none += none;
		bool leads = unknown || none ? has_reserved(d, unknown ? -1 : -2)
					     : found_row(d, key) >= 0;
		if (!leads) {
			r.dangling++;
			r.member_is_elsewhere |= member_present(t, table, column, i);
			trial_sample(t, v, "row %s: no member %s has key %s",
				     trial_row(t, table, i), d->design->name, key);
		}
	}
	return r;
}

void reference_blame(const struct trial *t, const struct trial_table *table, size_t column,
		     struct reference r, struct verdict *v)
{
	const char *dimension = table->expected->columns[column].design->dimension;
	bool own_fault = table->columns[column].changed > 0 || r.dangling == 0;
	if (own_fault) {
		trial_blame_column(t, table, column, v);
	} else if (r.member_is_elsewhere) {
		v->blame = "analyst";
		v->why = arena_printf(t->arena,
				      "the keys are right, but \"%s\" numbers its members "
				      "otherwise: see K4",
				      dimension);
	} else {
		const struct trial_table *d = trial_find(t, dimension);
		trial_blame_rows(t, d, v);
		if (v->advice == NULL) {
			v->why = arena_printf(
				t->arena,
				"the keys are right, but members of \"%s\" are missing: "
				"see R3 and K4",
				dimension);
		}
	}
}
