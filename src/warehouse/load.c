/*
 * Of files with a dedup rule the survivors are found first. Then, per table: its joined files go into memory, and
 * its own file streams by, each record becoming one row or one line of quarantine. A record is refused when a
 * required column is null, when it points to a member that is not there, or when its key was loaded before.
 */
#include "warehouse/load.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "warehouse/date_rule.h"
#include "warehouse/gold.h"
#include "warehouse/join_index.h"
#include "warehouse/key_set.h"
#include "warehouse/survivors.h"

enum { SCRATCH_ROWS = 256 };
enum { CELL_TEXT_MAX = 128 };

struct load {
	const char *source_folder;
	struct store *store;
	struct targets *targets;
	struct key_set **keys; /* per target: the surrogate keys that a dimension has; NULL: not yet */
};

struct filler { /* a table that is being filled */
	struct load *load;
	struct target *target;
	struct gold gold;
	struct join_index **indexes;     /* per join */
	const struct record *record;     /* the current one */
	const struct joined **joined;    /* per join, of the current record; NULL: none */
	struct record_field *looked_for; /* of one join at a time */
	struct expr_value *values;       /* per column */
	struct gold_cell *cells;
	struct arena arena;   /* as long as the table */
	struct arena scratch; /* a batch of records */
	struct buf text;
	size_t rows;
};

/* ---- a row's values ---- */

static struct record_field raw_value(const struct filler *f, const struct target_slot *slot)
{
	const struct joined *joined;

	if (slot->side == 0) {
		return f->record->fields[slot->field];
	}
	joined = f->joined[slot->side - 1];
	return joined != NULL ? joined->fields[slot->field] : (struct record_field){ 0 };
}

static void row_column(void *user, int slot, const char **ret, size_t *ret_size)
{
	const struct filler *f = user;
	struct record_field value = raw_value(f, &f->target->slots.at[slot]);

	*ret = value.text;
	*ret_size = value.size;
}

static bool row_has_key(void *user, int dimension, int64_t key)
{
	const struct filler *f = user;

	return key_set_has(f->load->keys[dimension], key);
}

static void find_joined(struct filler *f)
{
	const struct target *t = f->target;

	for (size_t i = 0; i < t->joins.n; i++) {
		const struct target_join *j = &t->joins.at[i];

		for (size_t k = 0; k < j->from.n; k++) {
			f->looked_for[k] = raw_value(f, &j->from.at[k]);
		}
		f->joined[i] = join_index_find(f->indexes[i], f->looked_for);
	}
}

/* Text that is stored as such: dates, timestamps and decimals that are not scaled. */
static void set_text(struct filler *f, struct expr_value *v, struct gold_cell *ret)
{
	buf_clear(&f->text);
	if (!expr_value_text(v, &f->text)) {
		v->null = true;
		v->reason = "outside years 0001 to 9999";
		*ret = (struct gold_cell){ .kind = SQLITE_NULL };
		return;
	}
	*ret = (struct gold_cell){
		.kind = SQLITE_TEXT,
		.text = arena_copy(&f->scratch, f->text.data, f->text.size),
		.size = f->text.size,
	};
}

static void set_cell(struct filler *f, struct expr_value *v, struct gold_cell *ret)
{
	if (v->null) {
		*ret = (struct gold_cell){ .kind = SQLITE_NULL };
		return;
	}
	switch (v->type.kind) {
	case COLUMN_TEXT:
		*ret = (struct gold_cell){ .kind = SQLITE_TEXT, .text = v->text, .size = v->size };
		return;
	case COLUMN_BOOL:
	case COLUMN_INT64:
		*ret = (struct gold_cell){ .kind = SQLITE_INTEGER, .i = v->i };
		return;
	case COLUMN_DOUBLE:
		*ret = (struct gold_cell){ .kind = SQLITE_FLOAT, .d = v->d };
		return;
	case COLUMN_DECIMAL:
		if (target_is_scaled(v->type)) {
			ASSERT(v->dec.scale == v->type.scale);
			*ret = (struct gold_cell){ .kind = SQLITE_INTEGER,
						   .i = (int64_t)v->dec.units };
			return;
		}
		break;
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	set_text(f, v, ret);
}

static void evaluate(struct filler *f, const struct expr_row *row)
{
	for (size_t i = 0; i < f->target->n; i++) {
		expr_eval(f->target->columns[i].rule, row, &f->scratch, &f->values[i]);
		set_cell(f, &f->values[i], &f->cells[i]);
	}
}

/* Why the row cannot be a row of the table, in scratch; NULL: it can. */
static const char *find_fault(struct filler *f)
{
	const struct target *t = f->target;

	for (size_t i = 0; i < t->n; i++) {
		const struct target_column *c = &t->columns[i];
		const struct expr_value *v = &f->values[i];

		if (c->required && v->null) {
			return arena_printf(&f->scratch, "\"%s.%s\" is null%s%s", t->sttm->name,
					    c->sttm->target, v->reason != NULL ? ": " : "",
					    v->reason != NULL ? v->reason : "");
		}
		if (c->sttm->role == ROLE_DIMENSION_KEY &&
		    !key_set_has(f->load->keys[c->dimension], v->i)) {
			return arena_printf(&f->scratch,
					    "\"%s.%s\" is %" PRId64 ", which \"%s\" lacks",
					    t->sttm->name, c->sttm->target, v->i,
					    c->sttm->dimension);
		}
	}
	return NULL;
}

static const char *outcome_text(const struct target *t, enum gold_outcome outcome)
{
	switch (outcome) {
	case GOLD_LOADED:
		return NULL;
	case GOLD_DUPLICATE:
		return t->dimension ? "duplicate business key" : "duplicate grain";
	case GOLD_COLLISION:
		break;
	}
	return "surrogate key of another business key";
}

/* *ret_reason: why the row was not put; NULL: it was. */
static int put_row(struct filler *f, const char **ret_reason, struct bldr_error *err)
{
	enum gold_outcome outcome;
	int rc = gold_put(&f->gold, f->cells, &outcome, err);

	if (rc < 0) {
		return rc;
	}
	if (outcome == GOLD_LOADED && f->target->dimension) {
		size_t index = (size_t)(f->target - f->load->targets->at);

		(void)key_set_add(f->load->keys[index], f->cells[f->target->surrogate].i);
	}
	*ret_reason = outcome_text(f->target, outcome);
	return 0;
}

/* ---- reserved members ---- */

/* A row that came from no file: that it is refused is an error of the STTM. */
static int put_own_row(struct filler *f, int64_t key, struct bldr_error *err)
{
	const char *reason;
	int rc = put_row(f, &reason, err);

	if (rc < 0 || reason == NULL) {
		return rc;
	}
	return bldr_error_set(err, BLDR_E_INVALID, "table \"%s\", row %" PRId64 ": %s",
			      f->target->sttm->name, key, reason);
}

static int put_member(struct filler *f, const struct sttm_member *m, struct bldr_error *err)
{
	const struct target *t = f->target;

	for (size_t i = 0; i < t->n; i++) {
		const struct target_column *c = &t->columns[i];
		struct gold_cell *cell = &f->cells[i];

		*cell = (struct gold_cell){ .kind = SQLITE_NULL };
		if (c->sttm->role == ROLE_SURROGATE_KEY || c->sttm->role == ROLE_DIMENSION_KEY) {
			*cell = (struct gold_cell){ .kind = SQLITE_INTEGER, .i = m->key };
		} else if (c->sttm->role == ROLE_ATTRIBUTE && c->type.kind == COLUMN_TEXT) {
			*cell = (struct gold_cell){ .kind = SQLITE_TEXT,
						    .text = m->label,
						    .size = strlen(m->label) };
		}
	}
	return put_own_row(f, m->key, err);
}

static int put_members(struct filler *f, struct bldr_error *err)
{
	const struct sttm_table *s = f->target->sttm;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->reserved.n; i++) {
		rc = put_member(f, &s->reserved.at[i], err);
	}
	return rc;
}

/* ---- rows ---- */

static void end_row(struct filler *f)
{
	if (++f->rows % SCRATCH_ROWS == 0) {
		arena_release(&f->scratch);
	}
}

static int put_record(struct filler *f, struct bldr_error *err)
{
	struct raw_source *source = f->target->source;
	const struct expr_row row = {
		.column = row_column,
		.has_key = row_has_key,
		.user = f,
		.source_file = source->file->path,
		.source_line = f->record->line,
		.source_record = f->record->in_line,
	};
	const char *reason;
	int rc = 0;

	find_joined(f);
	evaluate(f, &row);
	reason = find_fault(f);
	if (reason == NULL) {
		rc = put_row(f, &reason, err);
	}
	if (rc == 0 && reason != NULL) {
		f->target->refused++;
		rc = raw_source_quarantine(f->load->store, source, f->record, QUARANTINE_REFUSED,
					   reason, err);
	}
	end_row(f);
	return rc;
}

static int put_records(struct filler *f, struct bldr_error *err)
{
	struct source_pass pass;
	struct record record;
	int rc = source_pass_open(f->load->store, f->load->source_folder, f->target->source, &pass,
				  err);

	if (rc < 0) {
		return rc;
	}
	f->record = &record;
	while ((rc = source_pass_next(&pass, &record, err)) == 1) {
		rc = put_record(f, err);
		if (rc < 0) {
			break;
		}
	}
	f->record = NULL;
	source_pass_close(&pass);
	return rc;
}

static int put_day(struct filler *f, int32_t day, struct bldr_error *err)
{
	const struct expr_row row = { .day = day };
	const char *reason;
	int64_t key;
	int rc;

	evaluate(f, &row);
	for (size_t i = 0; i < f->target->n; i++) {
		if (f->target->columns[i].sttm->role == ROLE_LINEAGE) {
			f->values[i].null = true;
			f->cells[i] = (struct gold_cell){ .kind = SQLITE_NULL };
		}
	}
	key = f->cells[f->target->surrogate].i;
	reason = find_fault(f);
	rc = reason != NULL
		? bldr_error_set(err, BLDR_E_INVALID, "day %d of the calendar: %s", day, reason)
		: put_own_row(f, key, err);
	end_row(f);
	return rc;
}

static int put_calendar(struct filler *f, struct bldr_error *err)
{
	struct date_span span = { 0 };
	int rc = date_rules_span(f->target, f->load->store, f->load->source_folder, &span, err);

	for (int32_t day = span.first; rc == 0 && span.any && day <= span.last; day++) {
		rc = put_day(f, day, err);
	}
	return rc;
}

/* ---- tables ---- */

static int build_indexes(struct filler *f, struct bldr_error *err)
{
	const struct target *t = f->target;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->joins.n; i++) {
		rc = join_index_build(&t->joins.at[i], f->load->store, f->load->source_folder,
				      &f->indexes[i], err);
	}
	return rc < 0 ? bldr_error_prefix(err, "table \"%s\"", t->sttm->name) : 0;
}

static int fill_table(struct filler *f, struct bldr_error *err)
{
	struct load *l = f->load;
	const struct target *t = f->target;
	size_t index = (size_t)(t - l->targets->at);
	int rc = 0;

	if (t->dimension) {
		l->keys[index] = key_set_new();
		rc = gold_keys(l->store, t, l->keys[index], err);
	}
	if (rc == 0) {
		rc = put_members(f, err);
	}
	if (rc == 0) {
		rc = build_indexes(f, err);
	}
	if (rc == 0) {
		rc = t->source != NULL ? put_records(f, err) : put_calendar(f, err);
	}
	return rc;
}

static int load_table(struct load *l, struct target *t, struct bldr_error *err)
{
	struct filler f = { .load = l, .target = t };
	size_t parts = 0;
	int rc = gold_open(l->store, t, &f.gold, err);

	for (size_t i = 0; i < t->joins.n; i++) {
		parts = parts < t->joins.at[i].to.n ? t->joins.at[i].to.n : parts;
	}
	f.looked_for = ARENA_ARRAY(&f.arena, struct record_field, parts);
	f.indexes = ARENA_ARRAY(&f.arena, struct join_index *, t->joins.n);
	f.joined = ARENA_ARRAY(&f.arena, const struct joined *, t->joins.n);
	f.values = ARENA_ARRAY(&f.arena, struct expr_value, t->n);
	f.cells = ARENA_ARRAY(&f.arena, struct gold_cell, t->n);
	buf_init(&f.text, CELL_TEXT_MAX);
	if (rc == 0) {
		rc = fill_table(&f, err);
	}
	for (size_t i = 0; i < t->joins.n; i++) {
		join_index_free(f.indexes[i]);
	}
	buf_release(&f.text);
	gold_close(&f.gold);
	arena_release(&f.scratch);
	arena_release(&f.arena);
	return rc;
}

static int define(struct load *l, struct arena *a, struct bldr_error *err)
{
	int rc = store_exec(l->store, raw_source_schema, err);

	if (rc == 0) {
		rc = gold_skip(l->store, l->targets, a, err);
	}
	for (size_t i = 0; rc == 0 && i < l->targets->n; i++) {
		if (l->targets->at[i].skipped != NULL) {
			continue;
		}
		rc = gold_define(l->store, l->targets, &l->targets->at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < l->targets->n_sources; i++) {
		if (l->targets->sources[i].used) {
			rc = raw_source_forget(l->store, &l->targets->sources[i], err);
		}
	}
	return rc;
}

static int record_sources(struct load *l, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->targets->n_sources; i++) {
		if (l->targets->sources[i].used) {
			rc = raw_source_record(l->store, &l->targets->sources[i], err);
		}
	}
	return rc;
}

/* What was set aside lives in a. */
static int find_survivors(struct load *l, struct arena *a, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->targets->n_sources; i++) {
		struct raw_source *s = &l->targets->sources[i];

		if (s->used && s->survivors.n > 0) {
			rc = survivors_find(s, l->store, l->source_folder, a, err);
		}
	}
	return rc;
}

int load_run(const char *source_folder, struct store *store, struct targets *targets,
	     struct arena *kept, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct load l = { .source_folder = source_folder, .store = store, .targets = targets };
	int rc;

	l.keys = ARENA_ARRAY(&a, struct key_set *, l.targets->n);
	rc = define(&l, kept, err);
	if (rc == 0) {
		rc = find_survivors(&l, &a, err);
	}
	for (size_t i = 0; rc == 0 && i < l.targets->n; i++) {
		rc = l.targets->at[i].skipped == NULL ? load_table(&l, &l.targets->at[i], err) : 0;
	}
	if (rc == 0) {
		rc = record_sources(&l, err);
	}
	for (size_t i = 0; i < l.targets->n; i++) {
		key_set_free(l.keys[i]);
	}
	for (size_t i = 0; i < l.targets->n_sources; i++) {
		l.targets->sources[i].aside.n = 0; /* goes with the arena */
	}
	arena_release(&a);
	return rc;
}
