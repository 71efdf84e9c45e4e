/*
 * Searches the rules of all tables in order, outermost parts first, for a part that gives a date, names the
 * calendar's column and needs nothing but that column's table; then reads each of these tables once and notes the
 * days in use. A date far off is not covered: what refers to it leads to the unknown member.
 */
#include "warehouse/date_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/check.h"
#include "warehouse/rule_tree.h"

enum { SCRATCH_ROWS = 256 };

struct search {
	struct arena *arena;
	const struct sttm_table *table; /* whose rules are searched */
	const struct column_ref *column;
	struct raw_source *source; /* that holds the column */
	const struct expr *found;
};

static bool bind_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	const struct search *s = user;
	const char *table = rule_alias_table(s->table, alias);
	size_t field;

	if (table == NULL || strcmp(table, s->column->table) != 0 ||
	    !raw_source_field(s->source, column, &field)) {
		return false;
	}
	*ret_slot = (int)field;
	return true;
}

static bool search_tree(struct search *s, const struct bldr_value *tree)
{
	const struct expr_scope scope = { .column = bind_column, .user = s };
	const struct bldr_value *part;
	bool found = false;

	if (rule_gives_date(tree) &&
	    rule_reads(s->table, tree, s->column->table, s->column->column) &&
	    expr_compile(tree, &scope, s->arena, &s->found, NULL) == 0) {
		return true;
	}
	for (size_t i = 0; !found && (part = rule_part(tree, i)) != NULL; i++) {
		found = search_tree(s, part);
	}
	return found;
}

static bool search_tables(struct search *s, const struct sttm *sttm)
{
	for (size_t i = 0; i < sttm->tables.n; i++) {
		s->table = &sttm->tables.at[i];
		for (size_t c = 0; c < s->table->columns.n; c++) {
			if (search_tree(s, s->table->columns.at[c].rule)) {
				return true;
			}
		}
	}
	return false;
}

int date_rules_compile(const struct targets *targets, const struct sttm *sttm, struct arena *a,
		       struct target *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->sttm->calendar.n; i++) {
		const struct column_ref *column = &t->sttm->calendar.at[i];
		struct search s = {
			.arena = a,
			.column = column,
			.source = targets_source(targets, column->table),
		};

		if (s.source == NULL || !search_tables(&s, sttm)) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"%s\" covers the dates of \"%s.%s\", but no rule "
					      "reads that column as a date",
					      t->sttm->name, column->table, column->column);
		}
		s.source->used = true;
		*LIST_ADD(a, &t->dates) = (struct date_rule){ column, s.source, s.found };
	}
	return 0;
}

/* ---- the span ---- */

enum { YEARS = 9999 };

struct reading {
	const struct record *record;
	bool *seen;              /* per day from 0001-01-01 */
	int32_t days[YEARS + 1]; /* of each year that were seen */
};

static void read_field(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct reading *r = user;

	*ret = r->record->fields[slot].text;
	*ret_size = r->record->fields[slot].size;
}

static void see_day(struct reading *r, int64_t day)
{
	int64_t first = calendar_days((struct ymd){ 1, 1, 1 });
	int64_t last = calendar_days((struct ymd){ YEARS, 12, 31 });

	if (day >= first && day <= last && !r->seen[day - first]) {
		r->seen[day - first] = true;
		r->days[calendar_ymd((int32_t)day).year]++;
	}
}

static void see_dates(const struct target *t, const struct raw_source *source, struct reading *r,
		      struct arena *scratch)
{
	const struct expr_row row = {
		.column = read_field,
		.user = r,
		.source_file = source->file->path,
		.source_line = r->record->line,
		.source_record = r->record->in_line,
	};

	for (size_t i = 0; i < t->dates.n; i++) {
		struct expr_value v;

		if (t->dates.at[i].source != source) {
			continue;
		}
		expr_eval(t->dates.at[i].rule, &row, scratch, &v);
		if (v.null) {
			continue;
		}
		see_day(r, v.i);
	}
}

static int read_source(const struct target *t, struct raw_source *source, struct store *store,
		       const char *folder, struct reading *r, struct bldr_error *err)
{
	struct arena scratch = { 0 };
	struct source_pass pass;
	struct record record;
	int rc = source_pass_open(store, folder, source, &pass, err);

	if (rc < 0) {
		return rc;
	}
	r->record = &record;
	for (size_t n = 1; (rc = source_pass_next(&pass, &record, err)) == 1; n++) {
		see_dates(t, source, r, &scratch);
		if (n % SCRATCH_ROWS == 0) {
			arena_release(&scratch);
		}
	}
	r->record = NULL;
	arena_release(&scratch);
	source_pass_close(&pass);
	return rc;
}

/* The source was read for a column before the i-th. */
static bool is_read(const struct target *t, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (t->dates.at[k].source == t->dates.at[i].source) {
			return true;
		}
	}
	return false;
}

/*
 * The years of the dates, but for those that stand for "never": of the spans of CALENDAR_YEARS_MAX years the one
 * with most days in use, the earliest of equal ones.
 */
static struct date_span fullest_span(const int32_t *days)
{
	int32_t inside = 0;
	int32_t most = 0;
	int32_t first = 0;
	int32_t last;

	for (int32_t end = 1; end < YEARS + CALENDAR_YEARS_MAX; end++) {
		int32_t begin = end - CALENDAR_YEARS_MAX + 1;

		inside += end <= YEARS ? days[end] : 0;
		inside -= begin > 1 ? days[begin - 1] : 0;
		if (inside > most) {
			most = inside;
			first = begin;
		}
	}
	if (most == 0) {
		return (struct date_span){ 0 };
	}
	last = first + CALENDAR_YEARS_MAX - 1;
	last = last < YEARS ? last : YEARS;
	first = first > 1 ? first : 1;
	while (days[first] == 0) {
		first++;
	}
	while (days[last] == 0) {
		last--;
	}
	return (struct date_span){
		.any = true,
		.first = calendar_days((struct ymd){ first, 1, 1 }),
		.last = calendar_days((struct ymd){ last, 12, 31 }),
	};
}

int date_rules_span(const struct target *t, struct store *store, const char *source_folder,
		    struct date_span *ret, struct bldr_error *err)
{
	struct reading r = { 0 };
	int rc = 0;

	r.seen = xcalloc((size_t)YEARS * 366, sizeof(*r.seen));
	for (size_t i = 0; rc == 0 && i < t->dates.n; i++) {
		rc = is_read(t, i)
			? 0
			: read_source(t, t->dates.at[i].source, store, source_folder, &r, err);
	}
	free(r.seen);
	if (rc == 0) {
		*ret = fullest_span(r.days);
	}
	return rc;
}
