/*
 * R2: every difference between what was read, what was loaded and what stands in the star is explained. Per source: the
 * counters of bldr_layer and of the deployment agree, and each line of bldr_quarantine is a record that the Tester too
 * rejects or leaves out, with a reason. Per target: the records of its source are its rows and what the
 * deployment kept out of it. Records that were left out rightly are a defect of the data: a warning.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"

/* What the warehouse says of a source. */
struct layers {
	int64_t read, loaded, rejected;
	size_t quarantined; /* lines in quarantine */
	size_t unexplained; /* of them: no such record, no fault in it, or no reason */
	size_t unmentioned; /* records that have a fault and are not in quarantine */
	size_t left_out;    /* good records that some target leaves out */
	const char **why;   /* per good record; NULL: no target leaves it out */
	bool *met;          /* per good record: it is in quarantine */
	bool *met_rejects;  /* per rejected record */
};

static bool is_used(const struct trial *t, const struct relation *r)
{
	const struct design *d = t->in->design;
	for (size_t i = 0; i < d->sources.n; i++) {
		if (strcmp(d->sources.at[i].table, r->file->table) == 0) {
			return strcmp(d->sources.at[i].role, "unused") != 0;
		}
	}
	return true;
}

static int64_t reject_at(const struct raw_table *raw, int64_t line)
{
	size_t low = 0, high = raw->rejects.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (raw->rejects.at[middle].record.line < line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < raw->rejects.n && raw->rejects.at[low].record.line == line ? (int64_t)low : -1;
}

static void meet_line(const struct trial *t, const struct relation *r, int64_t line,
		      const char *reason, struct layers *l, struct verdict *v)
{
	int64_t reject = reject_at(&r->raw, line);
	int64_t record = reject < 0 ? raw_record_at(&r->raw, line) : -1;
	bool faulty = reject >= 0 || (record >= 0 && l->why[record] != NULL);
	bool told = reason != NULL && reason[0] != '\0';
	l->quarantined++;
	if (reject >= 0) {
		l->met_rejects[reject] = true;
	} else if (record >= 0) {
		l->met[record] = true;
	}
	if (!faulty || !told) {
		l->unexplained++;
		trial_sample(t, v, "%s:%lld: in quarantine %s", r->file->path, (long long)line,
			     !told                 ? "without a reason"
				     : record >= 0 ? "for no fault that the Tester sees"
						   : "but no record begins there");
	}
}

static int read_quarantine(struct trial *t, const struct relation *r, struct layers *l,
			   struct verdict *v, struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_quarantine", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = store_prepare(t->store,
			   "SELECT line, reason FROM bldr_quarantine WHERE path = ?1 ORDER BY line",
			   &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->file->path, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		meet_line(t, r, sqlite3_column_int64(stmt, 0),
			  (const char *)sqlite3_column_text(stmt, 1), l, v);
	}
	return rc;
}

static int read_layer(struct trial *t, const struct relation *r, struct layers *l,
		      struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_layer", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = store_prepare(t->store,
			   "SELECT total(read), total(loaded), total(rejected) FROM bldr_layer "
			   "WHERE path = ?1",
			   &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->file->path, -1, SQLITE_TRANSIENT);
	rc = store_step(t->store, stmt, err);
	if (rc == 1) {
		l->read = sqlite3_column_int64(stmt, 0);
		l->loaded = sqlite3_column_int64(stmt, 1);
		l->rejected = sqlite3_column_int64(stmt, 2);
	}
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* Records with a fault that are not in quarantine; good ones that are left out are counted. */
static void look_for_unmentioned(const struct trial *t, const struct relation *r, struct layers *l,
				 struct verdict *v)
{
	for (size_t i = 0; i < r->raw.rejects.n; i++) {
		if (!l->met_rejects[i]) {
			l->unmentioned++;
			trial_sample(t, v, "%s:%lld: not in quarantine: %s", r->file->path,
				     (long long)r->raw.rejects.at[i].record.line,
				     r->raw.rejects.at[i].reason);
		}
	}
	for (size_t i = 0; i < r->raw.records.n; i++) {
		l->left_out += l->why[i] != NULL;
		if (l->why[i] != NULL && !l->met[i]) {
			l->unmentioned++;
			trial_sample(t, v, "%s:%lld: not in quarantine: %s", r->file->path,
				     (long long)r->raw.records.at[i].line, l->why[i]);
		}
	}
}

static bool deployment_agrees(const struct trial *t, const struct relation *r,
			      const struct layers *l)
{
	const struct deployment *d = t->in->deployment;
	for (size_t i = 0; d != NULL && i < d->sources.n; i++) {
		const struct deployment_source *s = &d->sources.at[i];
		if (strcmp(s->table, r->file->table) == 0) {
			return s->read == l->read && s->loaded == l->loaded &&
				s->rejected == l->rejected;
		}
	}
	return d == NULL;
}

static void warn_of_left_out(const struct trial *t, const struct relation *r,
			     const struct layers *l, struct verdict *v)
{
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	v->why = arena_printf(
		t->arena,
		"%zu well-formed records lack a key or repeat one: they are counted, and "
		"stand in bldr_quarantine with their reason",
		l->left_out);
	for (size_t i = 0; i < r->raw.records.n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (l->why[i] != NULL) {
			trial_sample(t, v, "%s:%lld: %s", r->file->path,
				     (long long)r->raw.records.at[i].line, l->why[i]);
		}
	}
}

static void judge_source(struct trial *t, const struct relation *r, const struct layers *l,
			 struct verdict *v)
{
	int64_t records = (int64_t)(r->raw.records.n + r->raw.rejects.n);
	bool told = deployment_agrees(t, r, l);
	v->expected =
		arena_printf(t->arena,
			     "%lld read = loaded + in quarantine, each line there with a fault "
			     "and a reason",
			     (long long)records);
	v->found = arena_printf(
		t->arena,
		"%lld read, %lld loaded, %lld rejected; in quarantine %zu, of them %zu "
		"unexplained; %zu faulty records not there%s",
		(long long)l->read, (long long)l->loaded, (long long)l->rejected, l->quarantined,
		l->unexplained, l->unmentioned, told ? "" : "; the deployment tells other numbers");
	v->passed = l->read == records && l->loaded + l->rejected == l->read &&
		l->rejected == (int64_t)l->quarantined && l->unexplained == 0 &&
		l->unmentioned == 0 && told;
	v->blame = "developer";
	v->why = "what the load says of its layers does not explain where each record went";
	trial_blame_refusals(t, r, v);
	if (v->passed && l->left_out > 0) {
		warn_of_left_out(t, r, l, v);
	}
}

static int check_source(struct trial *t, const struct relation *r, struct bldr_error *err)
{
	struct verdict v = { 0 };
	struct layers l = {
		.why = expected_left_out(&t->expected, r, t->arena),
		.met = ARENA_ARRAY(t->arena, bool, r->raw.records.n),
		.met_rejects = ARENA_ARRAY(t->arena, bool, r->raw.rejects.n),
	};
	int rc = read_layer(t, r, &l, err);
	if (rc == 0) {
		rc = read_quarantine(t, r, &l, &v, err);
	}
	if (rc < 0) {
		return rc;
	}
	look_for_unmentioned(t, r, &l, &v);
	judge_source(t, r, &l, &v);
	trial_report(t, "R2", r->file->table, &v);
	return 0;
}

/* ---- per target ---- */

static const struct deployment_table *deployed(const struct trial *t, const char *table)
{
	const struct deployment *d = t->in->deployment;
	for (size_t i = 0; d != NULL && i < d->tables.n; i++) {
		if (strcmp(d->tables.at[i].name, table) == 0) {
			return &d->tables.at[i];
		}
	}
	return NULL;
}

static void check_target(struct trial *t, const struct trial_table *table)
{
	const struct expected_table *e = table->expected;
	const struct deployment_table *d = deployed(t, e->design->name);
	size_t records = e->source->raw.records.n, rejects = e->source->raw.rejects.n;
	struct verdict v = {
		.expected =
			arena_printf(t->arena,
				     "%zu records of \"%s\" = %zu rows + %zu rejected + %zu left "
				     "out",
				     records + rejects, e->source->file->table, records - e->n_left,
				     rejects, e->n_left),
	};
	if (trial_absent(t, table, -1, &v)) {
		trial_report(t, "R2", e->design->name, &v);
		return;
	}
	bool told = t->in->deployment == NULL ||
		(d != NULL && d->quarantined == (int64_t)(rejects + e->n_left));
	v.found = arena_printf(t->arena, "%zu rows; the deployment kept %lld out", table->found.n,
			       d != NULL ? (long long)d->quarantined : 0);
	v.passed = told && table->found.n + e->n_left == records;
	if (table->found.n + e->n_left != records) {
		trial_blame_rows(t, table, &v);
	} else {
		v.blame = "developer";
		v.why = "the deployment does not count what was kept out of the table";
	}
	trial_report(t, "R2", e->design->name, &v);
}

int check_layers(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		const struct relation *r = &t->relations.tables.at[i];
		int rc = is_used(t, r) ? check_source(t, r, err) : 0;
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < t->n; i++) {
		if (t->tables[i].expected->source != NULL) {
			check_target(t, &t->tables[i]);
		}
	}
	return 0;
}
