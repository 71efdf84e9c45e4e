/*
 * Searches the rules of all tables in order, outermost parts first, for a part that gives a date, names the
 * calendar's column and needs nothing but that column's table; then reads each of these tables once
 * and keeps the first and the last date. A date far off is told with its line, not covered.
 */
#include "warehouse/date_rule.h"

#include <string.h>

#include "base/calendar.h"

enum { SCRATCH_ROWS = 256 };

struct search {
	struct arena *arena;
	const struct sttm_table *table; /* whose rules are searched */
	const struct column_ref *column;
	struct raw_source *source; /* that holds the column */
	const struct expr *found;
};

/* The source table behind an alias of the searched table's rules; NULL: there is none. */
static const char *alias_table(const struct sttm_table *t, const char *alias)
{
	if (*alias == '\0') {
		return t->source;
	}
	for (size_t i = 0; i < t->joins.n; i++) {
		if (strcmp(t->joins.at[i].alias, alias) == 0) {
			return t->joins.at[i].table;
		}
	}
	return t->source != NULL && strcmp(t->source, alias) == 0 ? t->source : NULL;
}

static bool bind_column(void *user, const char *alias, const char *column, int *ret_slot)
{
	const struct search *s = user;
	const char *table = alias_table(s->table, alias);
	size_t field;

	if (table == NULL || strcmp(table, s->column->table) != 0 ||
	    !raw_source_field(s->source, column, &field)) {
		return false;
	}
	*ret_slot = (int)field;
	return true;
}

static bool gives_date(const struct bldr_value *tree)
{
	const char *fn = bldr_get_text(tree, "fn");
	const char *type = bldr_get_text(tree, "type");

	return fn != NULL &&
		(strcmp(fn, "parse_date") == 0 || strcmp(fn, "written_date") == 0 ||
		 (strcmp(fn, "cast") == 0 && type != NULL && strcmp(type, "date") == 0));
}

/* Whether the tree, which is valid and hence not deep, reads the column. */
static bool reads_column(const struct search *s, const struct bldr_value *tree)
{
	const char *column = bldr_get_text(tree, "col");
	const char *alias = bldr_get_text(tree, "of");
	const struct bldr_value *args = bldr_get(tree, "args");

	if (column != NULL) {
		const char *table = alias_table(s->table, alias != NULL ? alias : "");

		return table != NULL && strcmp(table, s->column->table) == 0 &&
			strcmp(column, s->column->column) == 0;
	}
	for (size_t i = 0; i < bldr_count(args); i++) {
		if (reads_column(s, bldr_at(args, i))) {
			return true;
		}
	}
	return false;
}

static bool search_tree(struct search *s, const struct bldr_value *tree)
{
	const struct expr_scope scope = { .column = bind_column, .user = s };
	const struct bldr_value *args = bldr_get(tree, "args");
	const struct bldr_value *key = bldr_get(tree, "key");

	if (gives_date(tree) && reads_column(s, tree) &&
	    expr_compile(tree, &scope, s->arena, &s->found, NULL) == 0) {
		return true;
	}
	for (size_t i = 0; i < bldr_count(args); i++) {
		if (search_tree(s, bldr_at(args, i))) {
			return true;
		}
	}
	return key != NULL && search_tree(s, key);
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

struct date_seen {
	int32_t day;
	int64_t line;
	const struct column_ref *column;
};

struct reading {
	const struct csv_record *record;
	bool any;
	struct date_seen first, last;
};

static void read_field(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct reading *r = user;

	*ret = r->record->fields[slot].text;
	*ret_size = r->record->fields[slot].size;
}

static void see_dates(const struct target *t, const struct raw_source *source, struct reading *r,
		      struct arena *scratch)
{
	const struct expr_row row = {
		.column = read_field,
		.user = r,
		.source_file = source->file->path,
		.source_line = r->record->line,
	};

	for (size_t i = 0; i < t->dates.n; i++) {
		struct expr_value v;
		struct date_seen seen;

		if (t->dates.at[i].source != source) {
			continue;
		}
		expr_eval(t->dates.at[i].rule, &row, scratch, &v);
		if (v.null) {
			continue;
		}
		seen = (struct date_seen){ (int32_t)v.i, r->record->line, t->dates.at[i].column };
		if (!r->any || seen.day < r->first.day) {
			r->first = seen;
		}
		if (!r->any || seen.day > r->last.day) {
			r->last = seen;
		}
		r->any = true;
	}
}

static int read_source(const struct target *t, struct raw_source *source, struct store *store,
		       const char *folder, struct reading *r, struct bldr_error *err)
{
	struct arena scratch = { 0 };
	struct source_pass pass;
	struct csv_record record;
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

static int too_wide(const struct target *t, const struct reading *r, struct bldr_error *err)
{
	struct ymd first = calendar_ymd(r->first.day);
	struct ymd last = calendar_ymd(r->last.day);

	return bldr_error_set(
		err, BLDR_E_INVALID,
		"\"%s\" would span more than %d years, from %04d-%02d-%02d (\"%s.%s\", line %lld) "
		"to %04d-%02d-%02d (\"%s.%s\", line %lld); correct the date or how it is read",
		t->sttm->name, CALENDAR_YEARS_MAX, first.year, first.month, first.day,
		r->first.column->table, r->first.column->column, (long long)r->first.line,
		last.year, last.month, last.day, r->last.column->table, r->last.column->column,
		(long long)r->last.line);
}

int date_rules_span(const struct target *t, struct store *store, const char *source_folder,
		    struct date_span *ret, struct bldr_error *err)
{
	struct reading r = { 0 };
	struct date_span span = { 0 };
	int32_t first_year;
	int32_t last_year;

	for (size_t i = 0; i < t->dates.n; i++) {
		int rc = is_read(t, i)
			? 0
			: read_source(t, t->dates.at[i].source, store, source_folder, &r, err);

		if (rc < 0) {
			return rc;
		}
	}
	if (r.any) {
		first_year = calendar_ymd(r.first.day).year;
		last_year = calendar_ymd(r.last.day).year;
		if (last_year - first_year >= CALENDAR_YEARS_MAX) {
			return too_wide(t, &r, err);
		}
		span.any = true;
		span.first = calendar_days((struct ymd){ first_year, 1, 1 });
		span.last = calendar_days((struct ymd){ last_year, 12, 31 });
	}
	*ret = span;
	return 0;
}
