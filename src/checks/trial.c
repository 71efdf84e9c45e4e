/*
 * Opens everything once, pairs the rows of each table, counts what differs per column, and looks for date
 * faults; the checks then only read. Tables go in load order, since a reference is compared by the member it
 * leads to, not by the key's number (that is K4's matter).
 */
#include "checks/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/mapping.h"
#include "checks/recent.h"

enum { MEMBER_NULL = -3, MEMBER_DANGLING = -4 };

struct trial_table *trial_find(const struct trial *t, const char *table)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->tables[i].expected->design->name, table) == 0) {
			return &t->tables[i];
		}
	}
	return NULL;
}

const struct deployment_table *trial_deployed(const struct trial *t, const char *table)
{
	const struct deployment *d = t->in->deployment;
	for (size_t i = 0; d != NULL && i < d->tables.n; i++) {
		if (strcmp(d->tables.at[i].name, table) == 0) {
			return &d->tables.at[i];
		}
	}
	return NULL;
}

/* ---- pairing ---- */

/* A key column that neither dates nor references can change. */
static bool is_steady(const struct expected_table *t, size_t column)
{
	const struct expected_column *c = &t->columns[column];
	return c->cells != NULL && c->members == NULL && !c->is_date &&
		c->design->role != ROLE_LINEAGE;
}

static bool steady_keys_equal(const struct trial_table *t, size_t found, size_t expected)
{
	for (size_t i = 0; i < t->expected->n_keys; i++) {
		size_t c = t->expected->keys[i];
		if (is_steady(t->expected, c) &&
		    !value_same(t->found.columns[c].cells[found],
				t->expected->columns[c].cells[expected])) {
			return false;
		}
	}
	return true;
}

static void pair(struct trial_table *t, size_t found, size_t expected)
{
	t->expected_of[found] = (int64_t)expected;
	t->found_of[expected] = (int64_t)found;
}

struct lineage trial_lineage(const struct expected_table *t)
{
	return (struct lineage){
		.file = expected_column_find(t, "_source_file"),
		.line = expected_column_find(t, "_source_line"),
		.record = expected_column_find(t, "_source_record"),
	};
}

bool trial_lineage_fits(const struct trial_table *t, struct lineage l, size_t found, size_t record)
{
	const struct raw_record *r = &t->expected->source->raw.records.at[record];
	const char *const *numbers = l.record >= 0 ? t->found.columns[l.record].cells : NULL;
	return numbers == NULL ||
		(numbers[found] != NULL && strtoll(numbers[found], NULL, 10) == r->in_line);
}

/* The expected row that was made of a record, or -1. */
static int64_t row_of_record(const struct expected_table *e, size_t record)
{
	size_t low = 0, high = e->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (e->records[middle] < record) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < e->n && e->records[low] == record ? (int64_t)low : -1;
}

/*
 * The expected row that the found row's file and line name and that has no other yet, or -1. Of several records on a
 * line (a JSON array) the first such.
 */
static int64_t row_by_lineage(const struct trial_table *t, struct lineage l, size_t found,
			      bool keys_too)
{
	const struct relation *source = t->expected->source;
	const char *path = t->found.columns[l.file].cells[found];
	const char *number = t->found.columns[l.line].cells[found];
	if (path == NULL || number == NULL || strcmp(path, source->file->path) != 0) {
		return -1;
	}
	int64_t line = strtoll(number, NULL, 10);
	int64_t first = raw_record_at(&source->raw, line);
	for (size_t i = first < 0 ? source->raw.records.n : (size_t)first;
	     i < source->raw.records.n && source->raw.records.at[i].line == line; i++) {
		int64_t row = row_of_record(t->expected, i);
		if (row >= 0 && t->found_of[row] < 0 && trial_lineage_fits(t, l, found, i) &&
		    (!keys_too || steady_keys_equal(t, found, (size_t)row))) {
			return row;
		}
	}
	return -1;
}

static void pair_by_lineage(struct trial_table *t, bool keys_too)
{
	struct lineage l = trial_lineage(t->expected);
	if (t->expected->source == NULL || l.file < 0 || l.line < 0) {
		return;
	}
	for (size_t i = 0; i < t->found.n; i++) {
		int64_t row = t->expected_of[i] < 0 ? row_by_lineage(t, l, i, keys_too) : -1;
		if (row >= 0) {
			pair(t, i, (size_t)row);
		}
	}
}

static void key_text(const struct trial_table *t, const struct found_column *found, size_t row,
		     struct buf *ret)
{
	buf_clear(ret);
	buf_putc(ret, '=');
	for (size_t i = 0; i < t->expected->n_keys; i++) {
		size_t c = t->expected->keys[i];
		const char *const *cells = found != NULL ? found[c].cells
							 : t->expected->columns[c].cells;
		canon_add(ret, cells != NULL ? cells[row] : NULL);
	}
	ASSERT(!buf_failed(ret));
}

/* What is still alone, by the whole key; of equal keys the first ones meet. */
static void pair_by_key(struct trial_table *t)
{
	if (t->expected->n_keys == 0) {
		return;
	}
	struct map *rows = map_new();
	struct buf key;
	buf_init(&key, CANON_MAX);
	for (size_t i = 0; i < t->expected->n; i++) {
		if (t->found_of[i] < 0) {
			key_text(t, NULL, i, &key);
			void **row = map_at(rows, key.data, key.size);
			*row = *row == NULL ? (void *)(intptr_t)(i + 1) : *row;
		}
	}
	for (size_t i = 0; i < t->found.n; i++) {
		if (t->expected_of[i] >= 0) {
			continue;
		}
		key_text(t, t->found.columns, i, &key);
		int64_t row = (int64_t)(intptr_t)map_find(rows, key.data, key.size) - 1;
		if (row >= 0 && t->found_of[row] < 0) {
			pair(t, i, (size_t)row);
		}
	}
	buf_release(&key);
	map_free(rows);
}

static void pair_rows(struct trial_table *t, struct arena *a)
{
	t->expected_of = ARENA_ARRAY(a, int64_t, t->found.n);
	t->found_of = ARENA_ARRAY(a, int64_t, t->expected->n);
	for (size_t i = 0; i < t->found.n; i++) {
		t->expected_of[i] = -1;
	}
	for (size_t i = 0; i < t->expected->n; i++) {
		t->found_of[i] = -1;
	}
	pair_by_lineage(t, true);
	pair_by_key(t);
	pair_by_lineage(t, false);
	for (size_t i = 0; i < t->found.n; i++) {
		t->surplus += t->expected_of[i] < 0;
	}
	for (size_t i = 0; i < t->expected->n; i++) {
		t->missing += t->found_of[i] < 0;
	}
}

/* ---- differences ---- */

/* The expected member that a found key leads to. */
static int64_t member_of_key(const struct trial *t, const char *dimension, const char *key)
{
	const struct trial_table *d = trial_find(t, dimension);
	if (key == NULL) {
		return MEMBER_NULL;
	}
	if (strcmp(key, "-1") == 0 || strcmp(key, "-2") == 0) {
		return key[1] == '1' ? MEMBER_UNKNOWN : MEMBER_NONE;
	}
	int64_t row = found_row(&d->found, key);
	if (row < 0 || d->expected_of[row] < 0) {
		return MEMBER_DANGLING;
	}
	return d->expected_of[row];
}

bool trial_differs(const struct trial *t, const struct trial_table *table, size_t column,
		   size_t found_row)
{
	const struct expected_column *c = &table->expected->columns[column];
	const char *cell = table->found.columns[column].cells[found_row];
	size_t expected = (size_t)table->expected_of[found_row];
	if (c->members == NULL) {
		return !value_same(cell, c->cells[expected]);
	}
	int64_t member = member_of_key(t, c->design->dimension, cell);
	if (member == MEMBER_DANGLING) {
		return !value_same(cell, c->cells[expected]); /* else the dimension is to blame */
	}
	return member != c->members[expected];
}

static void count_changes(const struct trial *t, struct trial_table *table)
{
	for (size_t c = 0; c < table->expected->design->columns.n; c++) {
		bool judged = table->expected->columns[c].cells != NULL &&
			!table->found.columns[c].missing;
		for (size_t i = 0; judged && i < table->found.n; i++) {
			table->columns[c].changed += table->expected_of[i] >= 0 &&
				trial_differs(t, table, c, i);
		}
	}
}

/* ---- date faults ---- */

/* A date key's date: its member's, or what its eight digits say. */
static const char *date_of_key(const struct trial *t, const struct expected_column *c,
			       const char *key, char text[DATE_TEXT_MAX])
{
	int64_t member = member_of_key(t, c->design->dimension, key);
	const struct expected_table *d = c->dimension;
	if (member >= 0) {
		return d->columns[d->keys[0]].cells[member];
	}
	bool digits = member == MEMBER_DANGLING && strlen(key) == 8 &&
		strspn(key, "0123456789") == 8;
	if (!digits) {
		return NULL;
	}
	snprintf(text, DATE_TEXT_MAX, "%.4s-%.2s-%.2s", key, key + 4, key + 6);
	return text;
}

const char **trial_dates(const struct trial *t, const struct trial_table *table, size_t column,
			 struct arena *a)
{
	const struct expected_column *c = &table->expected->columns[column];
	const char **dates = ARENA_ARRAY(a, const char *, table->found.n);
	struct recent recent = { 0 };
	for (size_t i = 0; i < table->found.n; i++) {
		const char *cell = table->found.columns[column].cells[i];
		char text[DATE_TEXT_MAX];
		if (cell == NULL) {
			continue;
		}
		if (c->members == NULL) {
			snprintf(text, sizeof(text), "%.10s", cell);
		}
		const char *date = c->members != NULL ? date_of_key(t, c, cell, text) : text;
		dates[i] = recent_keep(&recent, date, a);
	}
	return dates;
}

struct date_columns {
	const struct trial_table *table;
	const struct expected_column *expected;
	const char *const *found; /* dates */
	const char *const *keys;  /* cells */
};

/* A date key of -1: a date that the calendar does not reach. */
static bool leads_to_unknown(const struct date_columns *d, size_t row)
{
	const char *key = d->keys[row];
	return d->expected->members != NULL && key != NULL && strcmp(key, "-1") == 0;
}

/* Whether what differs is what the written dates give in another order. */
static bool order_explains(const struct date_columns *d, enum date_order order)
{
	bool moved = false, whole = true, utc = d->expected->type.kind == COLUMN_TIMESTAMP;
	for (size_t i = 0; i < d->table->found.n; i++) {
		int64_t row = d->table->expected_of[i];
		if (row < 0) {
			continue;
		}
		const char *written = d->expected->texts[row];
		struct stamp s;
		char other[DATE_TEXT_MAX];
		bool reads = written != NULL && stamp_parse(written, order, &s) &&
			stamp_date(s, utc, other);
		bool agrees = value_same(d->found[i], reads ? other : NULL) ||
			(reads && leads_to_unknown(d, i));
		if (!value_same(d->found[i], d->expected->dates[row])) {
			if (!agrees) {
				return false;
			}
			moved |= d->found[i] != NULL;
		}
		whole &= agrees;
	}
	return moved || whole;
}

static bool all_dates_lost(const struct date_columns *d)
{
	for (size_t i = 0; i < d->table->found.n; i++) {
		if (d->table->expected_of[i] >= 0 && d->found[i] != NULL) {
			return false;
		}
	}
	return true;
}

static size_t dates_changed(const struct date_columns *d)
{
	size_t n = 0;
	for (size_t i = 0; i < d->table->found.n; i++) {
		int64_t row = d->table->expected_of[i];
		n += row >= 0 && !value_same(d->found[i], d->expected->dates[row]);
	}
	return n;
}

static const char *order_words(enum date_order order)
{
	static const char *const words[ORDER_COUNT] = { "year-month-day", "day-month-year",
							"month-day-year", "year-day-month" };
	return words[order];
}

/* A fault of the mapping: dates in another order, or none, where the rule does not read them as the design states. */
static void find_date_fault(const struct trial *t, struct trial_table *table, size_t column)
{
	const struct expected_column *c = &table->expected->columns[column];
	struct date_columns d = { table, c, trial_dates(t, table, column, t->arena),
				  table->found.columns[column].cells };
	size_t changed = dates_changed(&d);
	if (changed == 0 || !c->source.decision->dates || mapping_reads_dates(t, table, column)) {
		return;
	}
	struct date_fault *fault = &table->columns[column].fault;
	for (int order = 0; order < ORDER_COUNT && !fault->found; order++) {
		fault->found = order != (int)c->source.decision->order &&
			order_explains(&d, (enum date_order)order);
		fault->why = arena_printf(
			t->arena,
			"the mapping reads the dates of %s.%s as %s: that explains all %zu rows that "
			"differ; %s",
			c->source.table, c->source.column, order_words((enum date_order)order),
			changed, c->source.decision->reason);
	}
	if (!fault->found && all_dates_lost(&d)) {
		fault->found = true;
		fault->why = arena_printf(t->arena,
					  "the mapping reads no date in %s.%s, which holds %zu; %s",
					  c->source.table, c->source.column, changed,
					  c->source.decision->reason);
	}
}

/* ---- opening ---- */

static const struct contract_table *contract_of(const struct contract *contract, const char *table)
{
	for (size_t i = 0; i < contract->tables.n; i++) {
		if (strcmp(contract->tables.at[i].table, table) == 0) {
			return &contract->tables.at[i];
		}
	}
	return NULL;
}

static const struct sttm_table *sttm_of(const struct sttm *sttm, const char *table)
{
	for (size_t i = 0; sttm != NULL && i < sttm->tables.n; i++) {
		if (strcmp(sttm->tables.at[i].name, table) == 0) {
			return &sttm->tables.at[i];
		}
	}
	return NULL;
}

static int open_table(struct trial *t, const struct expected_table *expected, struct bldr_error *err)
{
	const char *name = expected->design->name;
	struct trial_table *table = &t->tables[t->n++];
	table->expected = expected;
	table->contract = contract_of(t->in->contract, name);
	table->sttm = sttm_of(t->in->sttm, name);
	table->columns = ARENA_ARRAY(t->arena, struct trial_column, expected->design->columns.n);
	if (table->contract == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the contract lacks table \"%s\" of the design", name);
	}
	int rc = found_read(t->store, expected->design, t->arena, &table->found, err);
	if (rc == 0) {
		pair_rows(table, t->arena);
	}
	return rc;
}

static int compare_tables(struct trial *t, struct bldr_error *err)
{
	t->tables = ARENA_ARRAY(t->arena, struct trial_table, t->expected.n);
	for (size_t i = 0; i < t->expected.n; i++) {
		int rc = open_table(t, &t->expected.tables[i], err);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		struct trial_table *table = &t->tables[i];
		count_changes(t, table);
		for (size_t c = 0; c < table->expected->design->columns.n; c++) {
			if (table->expected->columns[c].is_date && table->columns[c].changed > 0) {
				find_date_fault(t, table, c);
			}
		}
	}
	return 0;
}

static int read_refused(struct trial *t, struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_quarantine", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = store_prepare(t->store, "SELECT path || ':' || line, reason FROM bldr_quarantine",
			   &stmt, err);
	if (rc < 0) {
		return rc;
	}
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		const char *place = (const char *)sqlite3_column_text(stmt, 0);
		const char *reason = (const char *)sqlite3_column_text(stmt, 1);
		*map_at(t->refused, place, strlen(place)) = arena_strdup(t->arena, reason);
	}
	return rc;
}

int trial_open(const struct checks_input *in, struct arena *a, struct trial *ret,
	       struct bldr_error *err)
{
	*ret = (struct trial){ .in = in, .arena = a, .refused = map_new() };
	int rc = relations_read(in->source_folder, in->sources, a, &ret->relations, err);
	if (rc == 0) {
		rc = expected_evaluate(in->design, &ret->relations, a, &ret->expected, err);
	}
	if (rc == 0) {
		rc = store_open(in->warehouse, STORE_READ, &ret->store, err);
	}
	if (rc == 0) {
		rc = read_refused(ret, err);
	}
	return rc < 0 ? rc : compare_tables(ret, err);
}

void trial_release(struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		found_release(&t->tables[i].found);
	}
	if (t->store != NULL) {
		store_close(t->store);
	}
	expected_release(&t->expected);
	relations_release(&t->relations);
	map_free(t->refused);
}
