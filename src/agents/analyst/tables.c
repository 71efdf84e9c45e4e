/* The profiles come in the order of the files, which is not that of the tables: a-b.csv, a.csv. */
#include "agents/analyst/tables.h"

#include <stdlib.h>
#include <string.h>

static int by_table(const void *a, const void *b)
{
	const struct table_profile *x = a;
	const struct table_profile *y = b;

	return strcmp(x->table, y->table);
}

int tables_read(struct desk *d, struct profile *ret, struct bldr_error *err)
{
	const struct bldr_value *refs = bldr_get(d->args, "table_profiles");
	struct profile p = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < bldr_count(refs); i++) {
		r = desk_read_value(d, "table_profile", bldr_at(refs, i),
				    LIST_ADD(&d->arena, &p.tables), err);
	}
	if (r < 0) {
		return r;
	}
	if (p.tables.n > 0) {
		qsort(p.tables.at, p.tables.n, sizeof(*p.tables.at), by_table);
	}
	*ret = p;
	return 0;
}
