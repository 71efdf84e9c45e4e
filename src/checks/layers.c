/*
 * The counters of bldr_layer and of the deployment, and the lines of bldr_quarantine, each with the record that begins
 * there. Of several records on one line (a JSON array) a quarantined line stands for the first faulty one that none
 * stood for before. A table or column that is not there is noted, not an error: R1 and R2 then say so.
 */
#include "checks/layers.h"

#include <string.h>

#include "base/check.h"

const char *layer_kind(enum fate fate)
{
	static const char *const kinds[] = { "loaded", "unreadable", "total",
					     "blank",  "refused",    "duplicate" };
	return kinds[fate];
}

bool layer_is_used(const struct trial *t, const char *table)
{
	const struct design *d = t->in->design;
	for (size_t i = 0; i < d->sources.n; i++) {
		if (strcmp(d->sources.at[i].table, table) == 0) {
			return strcmp(d->sources.at[i].role, "unused") != 0;
		}
	}
	return true;
}

static int has_column(struct trial *t, const char *table, const char *column, bool *ret,
		      struct bldr_error *err)
{
	sqlite3_stmt *stmt;
	int rc = store_prepare(t->store, "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2",
			       &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, column, -1, SQLITE_TRANSIENT);
	rc = store_step(t->store, stmt, err);
	*ret = rc == 1;
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

static int read_counters(struct trial *t, const char *table, struct counters *ret,
			 struct bldr_error *err)
{
	bool exists, duplicates;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_layer", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = has_column(t, "bldr_layer", "duplicates", &duplicates, err);
	if (rc == 0) {
		rc = store_prepare(
			t->store,
			duplicates
				? "SELECT count(*), total(read), total(loaded), total(rejected), "
				  "total(duplicates) FROM bldr_layer WHERE source_table = ?1"
				: "SELECT count(*), total(read), total(loaded), total(rejected), 0 "
				  "FROM bldr_layer WHERE source_table = ?1",
			&stmt, err);
	}
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, table, -1, SQLITE_TRANSIENT);
	rc = store_step(t->store, stmt, err);
	if (rc == 1) {
		*ret = (struct counters){
			.any = sqlite3_column_int64(stmt, 0) > 0,
			.read = sqlite3_column_int64(stmt, 1),
			.loaded = sqlite3_column_int64(stmt, 2),
			.rejected = sqlite3_column_int64(stmt, 3),
			.duplicates = sqlite3_column_int64(stmt, 4),
		};
	}
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

static void read_deployment(const struct trial *t, const char *table, struct counters *ret)
{
	const struct deployment *d = t->in->deployment;
	for (size_t i = 0; d != NULL && i < d->sources.n; i++) {
		const struct deployment_source *s = &d->sources.at[i];
		if (strcmp(s->table, table) == 0) {
			*ret = (struct counters){ true, s->read, s->loaded, s->rejected,
						  s->duplicates };
		}
	}
}

/* The rejected record on that line that no quarantined line stands for yet; else the first, or -1. */
static int64_t reject_on(const struct raw_table *raw, int64_t line, const bool *met)
{
	int64_t first = raw_reject_at(raw, line);
	for (size_t i = first < 0 ? raw->rejects.n : (size_t)first;
	     i < raw->rejects.n && raw->rejects.at[i].record.line == line; i++) {
		if (!met[i]) {
			return (int64_t)i;
		}
	}
	return -1;
}

/* The same for good records, those with a fault first. */
static int64_t record_on(const struct raw_table *raw, int64_t line, const struct layer *l)
{
	int64_t first = raw_record_at(raw, line);
	for (size_t i = first < 0 ? raw->records.n : (size_t)first;
	     i < raw->records.n && raw->records.at[i].line == line; i++) {
		if (l->why[i] != NULL && !l->met[i]) {
			return (int64_t)i;
		}
	}
	return first;
}

static void meet(const struct relation *r, struct layer *l, struct quarantined *q)
{
	static const enum fate fate_of[] = {
		[REJECT_UNREADABLE] = FATE_UNREADABLE,
		[REJECT_TOTAL] = FATE_TOTAL,
		[REJECT_BLANK] = FATE_BLANK,
	};
	q->reject = reject_on(&r->raw, q->line, l->met_rejects);
	q->record = q->reject < 0 ? record_on(&r->raw, q->line, l) : -1;
	if (q->reject >= 0) {
		l->met_rejects[q->reject] = true;
		q->fate = fate_of[r->raw.rejects.at[q->reject].kind];
	} else if (q->record >= 0 && l->why[q->record] != NULL) {
		l->met[q->record] = true;
		q->fate = l->duplicate[q->record] ? FATE_DUPLICATE : FATE_REFUSED;
	}
}

static int read_quarantine(struct trial *t, const struct relation *r, struct layer *l,
			   struct bldr_error *err)
{
	bool exists, kinds;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_quarantine", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = has_column(t, "bldr_quarantine", "kind", &kinds, err);
	if (rc == 0) {
		rc = store_prepare(t->store,
				   kinds ? "SELECT line, reason, kind FROM bldr_quarantine WHERE "
					   "source_table = ?1 ORDER BY line"
					 : "SELECT line, reason, NULL FROM bldr_quarantine WHERE "
					   "source_table = ?1 ORDER BY line",
				   &stmt, err);
	}
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->file->table, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		const char *kind = (const char *)sqlite3_column_text(stmt, 2);
		struct quarantined q = {
			.line = sqlite3_column_int64(stmt, 0),
			.reason = arena_strdup(t->arena, (const char *)sqlite3_column_text(stmt, 1)),
			.kind = arena_strdup(t->arena, kinds && kind == NULL ? "" : kind),
		};
		meet(r, l, &q);
		*LIST_ADD(t->arena, &l->quarantine) = q;
	}
	return rc;
}

int layer_read(struct trial *t, const struct relation *r, struct layer *ret, struct bldr_error *err)
{
	*ret = (struct layer){
		.why = expected_left_out(&t->expected, r, t->arena),
		.duplicate = expected_duplicates(&t->expected, r, t->arena),
		.met = ARENA_ARRAY(t->arena, bool, r->raw.records.n),
		.met_rejects = ARENA_ARRAY(t->arena, bool, r->raw.rejects.n),
	};
	read_deployment(t, r->file->table, &ret->deployment);
	int rc = read_counters(t, r->file->table, &ret->warehouse, err);
	return rc < 0 ? rc : read_quarantine(t, r, ret, err);
}
