/*
 * L1: every row that comes from a file names that file and the first line of a good record in it (and its number in that
 * line, where the grain has it), no two rows of a table name the same record, and the record there holds the row's key.
 * Rows that no file holds (a generated calendar) name none.
 */
#include "checks/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct tally {
	size_t nowhere; /* rows that name no good record of the table's source */
	size_t again;   /* rows that name a line another row names */
	size_t other;   /* rows whose record holds another key */
};

/* Dates and references in a key are judged by X2 and K3, lineage by itself. */
static bool is_compared(const struct expected_table *e, size_t key)
{
	const struct expected_column *c = &e->columns[e->keys[key]];
	return e->record_keys[key] != NULL && c->members == NULL && !c->is_date &&
		c->design->role != ROLE_LINEAGE;
}

/* The first key column in which row and record differ, or -1. */
static int64_t differing_key(const struct trial_table *table, size_t row, size_t record)
{
	const struct expected_table *e = table->expected;
	for (size_t k = 0; k < e->n_keys; k++) {
		if (is_compared(e, k) &&
		    !value_same(table->found.columns[e->keys[k]].cells[row],
				e->record_keys[k][record])) {
			return (int64_t)e->keys[k];
		}
	}
	return -1;
}

/*
 * The record on the line that a row names, of several (a JSON array) the one whose number it names or the first that
 * holds its key; or -1.
 */
static int64_t record_named(const struct trial_table *table, struct lineage l, size_t row)
{
	const struct relation *source = table->expected->source;
	const char *file = table->found.columns[l.file].cells[row];
	const char *line = table->found.columns[l.line].cells[row];
	if (file == NULL || line == NULL || strcmp(file, source->file->path) != 0) {
		return -1;
	}
	int64_t number = strtoll(line, NULL, 10);
	int64_t first = raw_record_at(&source->raw, number);
	for (size_t i = first < 0 ? source->raw.records.n : (size_t)first;
	     i < source->raw.records.n && source->raw.records.at[i].line == number; i++) {
		if (trial_lineage_fits(table, l, row, i) &&
		    (l.record >= 0 || differing_key(table, row, i) < 0)) {
			return (int64_t)i;
		}
	}
	return l.record >= 0 ? -1 : first;
}

static const char *or_none(const char *text)
{
	return text != NULL ? text : "none";
}

static void look_at_row(const struct trial *t, const struct trial_table *table, struct lineage l,
			size_t row, size_t *named, struct tally *tally, struct verdict *v)
{
	const struct expected_table *e = table->expected;
	const char *file = or_none(table->found.columns[l.file].cells[row]);
	const char *line = or_none(table->found.columns[l.line].cells[row]);
	int64_t record = record_named(table, l, row);
	if (record < 0) {
		tally->nowhere++;
		trial_sample(t, v, "row %s names %s:%s, where no good record of \"%s\" begins",
			     trial_row(t, table, row), file, line, e->source->file->table);
		return;
	}
	if (named[record]++ > 0) {
		tally->again++;
		trial_sample(t, v, "row %s names %s:%s, as another row does",
			     trial_row(t, table, row), file, line);
	}
	int64_t key = differing_key(table, row, (size_t)record);
	if (key >= 0) {
		const struct raw_record *raw = &e->source->raw.records.at[record];
		tally->other++;
		trial_sample(t, v, "row %s names %s:%s, which reads %.*s", trial_row(t, table, row),
			     file, line, raw->size < 120 ? (int)raw->size : 120,
			     e->source->raw.bytes + raw->offset);
	}
}

/* Whether a key column itself holds other values, which makes the line look wrong. */
static int64_t changed_key(const struct trial_table *table)
{
	for (size_t k = 0; k < table->expected->n_keys; k++) {
		if (is_compared(table->expected, k) &&
		    table->columns[table->expected->keys[k]].changed > 0) {
			return (int64_t)table->expected->keys[k];
		}
	}
	return -1;
}

static void judge(struct trial *t, const struct trial_table *table, const struct tally *tally,
		  struct verdict *v)
{
	v->passed = tally->nowhere + tally->again + tally->other == 0;
	v->found = arena_printf(
		t->arena,
		"%zu rows; %zu name no record, %zu one already named, %zu a record with "
		"another key",
		table->found.n, tally->nowhere, tally->again, tally->other);
	int64_t key = changed_key(table);
	struct mapping_fault fault;
	if (key >= 0 && trial_blame_mapping(t, table, (size_t)key, v)) {
		return;
	}
	if (key >= 0 && mapping_judge(t, table, (size_t)key, &fault) != MAPPING_RIGHT) {
		v->blame = "analyst";
		v->why = arena_printf(t->arena,
				      "the mapping changes the key \"%s\", so it is not what the "
				      "record holds",
				      table->expected->design->columns.at[key].name);
	} else {
		v->blame = "developer";
		v->why = tally->again > 0 && table->surplus > 0
			? "a record became more than one row: see R3"
			: "the load wrote file and line of another record";
	}
}

static void check_from_file(struct trial *t, const struct trial_table *table, struct lineage l,
			    struct verdict *v)
{
	struct tally tally = { 0 };
	size_t *named = xcalloc(table->expected->source->raw.records.n, sizeof(*named));
	for (size_t i = 0; i < table->found.n; i++) {
		look_at_row(t, table, l, i, named, &tally, v);
	}
	free(named);
	judge(t, table, &tally, v);
}

static void check_generated(struct trial *t, const struct trial_table *table, struct lineage l,
			    struct verdict *v)
{
	size_t named = 0;
	for (size_t i = 0; i < table->found.n; i++) {
		bool names = table->found.columns[l.file].cells[i] != NULL ||
			table->found.columns[l.line].cells[i] != NULL;
		named += names;
		if (names) {
			trial_sample(t, v, "row %s names a record", trial_row(t, table, i));
		}
	}
	v->passed = named == 0;
	v->found = arena_printf(t->arena, "%zu rows; %zu name a record", table->found.n, named);
	v->blame = "developer";
	v->why = "a generated row has no record";
}

int check_lineage(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->n; i++) {
		const struct trial_table *table = &t->tables[i];
		const struct design_table *d = table->expected->design;
		bool generated = table->expected->source == NULL;
		struct lineage l = trial_lineage(table->expected);
		struct verdict v = {
			.expected = generated
				? "generated rows name no record"
				: "each row names one record of its own, with its key",
		};
		if (l.file < 0 || l.line < 0) {
			v.passed = generated;
			v.found = "the design has no lineage columns";
			v.blame = "analyst";
			v.why = "every dimension and fact carries _source_file and _source_line";
		} else if (trial_absent(t, table, l.file, &v) ||
			   trial_absent(t, table, l.line, &v)) {
			v.passed = false;
		} else if (generated) {
			check_generated(t, table, l, &v);
		} else {
			check_from_file(t, table, l, &v);
		}
		trial_report(t, "L1", d->name, &v);
	}
	return 0;
}
