/*
 * R2: every difference between what was read, what was loaded and what stands in the star is explained. Per source: the
 * counters of bldr_layer and of the deployment agree, and each line of bldr_quarantine is a record that the Tester too
 * rejects or leaves out, with a reason. Per target: the records of its source are its rows and what the
 * deployment kept out of it. Records that were left out rightly, as duplicates or because a target cannot take them, are
 * a defect of the data: a warning with their lines.
 */
#include "checks/layers.h"

#include <string.h>

#include "base/check.h"

/* What does not hold between quarantine and records. */
struct gaps {
	size_t unexplained; /* lines there: no such record, no fault in it, or no reason */
	size_t unmentioned; /* records that have a fault and are not there */
};

static void look_at_quarantine(const struct trial *t, const struct relation *r,
			       const struct layer *l, struct gaps *gaps, struct verdict *v)
{
	for (size_t i = 0; i < l->quarantine.n; i++) {
		const struct quarantined *q = &l->quarantine.at[i];
		bool told = q->reason != NULL && q->reason[0] != '\0';
		if (q->fate == FATE_LOADED || !told) {
			gaps->unexplained++;
			trial_sample(t, v, "%s:%lld: in quarantine %s", r->file->path,
				     (long long)q->line,
				     !told                    ? "without a reason"
					     : q->record >= 0 ? "for no fault that the Tester sees"
							      : "but no record begins there");
		}
	}
}

/* Records with a fault that are not in quarantine. */
static void look_for_unmentioned(const struct trial *t, const struct relation *r,
				 const struct layer *l, struct gaps *gaps, struct verdict *v)
{
	for (size_t i = 0; i < r->raw.rejects.n; i++) {
		if (!l->met_rejects[i]) {
			gaps->unmentioned++;
			trial_sample(t, v, "%s:%lld: not in quarantine: %s", r->file->path,
				     (long long)r->raw.rejects.at[i].record.line,
				     r->raw.rejects.at[i].reason);
		}
	}
	for (size_t i = 0; i < r->raw.records.n; i++) {
		if (l->why[i] != NULL && !l->met[i]) {
			gaps->unmentioned++;
			trial_sample(t, v, "%s:%lld: not in quarantine: %s", r->file->path,
				     (long long)r->raw.records.at[i].line, l->why[i]);
		}
	}
}

/* Why a record is left out, as people count them. */
enum left { LEFT_COPY, LEFT_VERSION, LEFT_OTHER, LEFT_KINDS };

/* A duplicate that says what the record of its key that counts says, field for field. */
static bool is_copy(const struct trial *t, const struct relation *r, size_t record)
{
	for (size_t i = 0; i < t->expected.n; i++) {
		const struct expected_table *e = &t->expected.tables[i];
		int64_t kept = e->source == r && e->kept_by != NULL ? e->kept_by[record] : -1;
		for (size_t c = 0; kept >= 0 && c < r->raw.columns; c++) {
			if (strcmp(relation_text(r, record, c),
				   relation_text(r, (size_t)kept, c)) != 0) {
				return false;
			}
		}
	}
	return true;
}

/* "; 4 as other versions of the record that counts (lines 81, 192, 196, 229)" */
static const char *left_words(const struct trial *t, const struct relation *r,
			      const struct layer *l, enum left kind, size_t *ret_n)
{
	static const char *const words[] = {
		[LEFT_COPY] = "as copies of the record that counts",
		[LEFT_VERSION] = "as other versions of the record that counts",
		[LEFT_OTHER] = "for want of a key or a required value, or for a repeated key",
	};
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, r->raw.records.n);
	size_t n = 0;
	for (size_t i = 0; i < r->raw.records.n; i++) {
		enum left is = !l->duplicate[i] ? LEFT_OTHER
			: is_copy(t, r, i)      ? LEFT_COPY
						: LEFT_VERSION;
		if (l->why[i] != NULL && is == kind) {
			lines[n++] = r->raw.records.at[i].line;
		}
	}
	*ret_n += n;
	return n == 0
		? ""
		: arena_printf(t->arena, "; %zu %s (%s)", n, words[kind], trial_lines(t, lines, n));
}

static void warn_of_left_out(const struct trial *t, const struct relation *r, const struct layer *l,
			     struct verdict *v)
{
	const char *words = "";
	size_t n = 0;
	for (int kind = 0; kind < LEFT_KINDS; kind++) {
		words = arena_printf(t->arena, "%s%s", words,
				     left_words(t, r, l, (enum left)kind, &n));
	}
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->blame = "data";
	v->expected = "every well-formed record is a row";
	v->found = arena_printf(t->arena, "%zu of %zu well-formed records left out: %s", n,
				r->raw.records.n, words + strlen("; "));
	v->why = "of the records with one key one counts, and a record without its key is no row; "
		 "the others are counted, and stand in bldr_quarantine with their reason";
	for (size_t i = 0; i < r->raw.records.n && v->samples.n < TRIAL_SAMPLES_MAX; i++) {
		if (l->why[i] != NULL) {
			trial_sample(t, v, "%s:%lld: %s", r->file->path,
				     (long long)r->raw.records.at[i].line, l->why[i]);
		}
	}
}

static bool deployment_agrees(const struct trial *t, const struct layer *l)
{
	const struct counters *d = &l->deployment, *w = &l->warehouse;
	return !d->any || t->in->deployment == NULL ||
		(d->read == w->read && d->loaded == w->loaded && d->rejected == w->rejected &&
		 d->duplicates == w->duplicates);
}

static bool any_left_out(const struct relation *r, const struct layer *l)
{
	for (size_t i = 0; i < r->raw.records.n; i++) {
		if (l->why[i] != NULL) {
			return true;
		}
	}
	return false;
}

static int check_source(struct trial *t, const struct relation *r, struct bldr_error *err)
{
	struct verdict v = { 0 };
	struct gaps gaps = { 0 };
	struct layer l;
	int rc = layer_read(t, r, &l, err);
	if (rc < 0) {
		return rc;
	}
	look_at_quarantine(t, r, &l, &gaps, &v);
	look_for_unmentioned(t, r, &l, &gaps, &v);
	int64_t records = (int64_t)(r->raw.records.n + r->raw.rejects.n);
	const struct counters *c = &l.warehouse;
	bool told = deployment_agrees(t, &l);
	v.expected =
		arena_printf(t->arena,
			     "%lld read = loaded + in quarantine, each line there with a fault "
			     "and a reason",
			     (long long)records);
	v.found = arena_printf(
		t->arena,
		"%lld read, %lld loaded, %lld rejected, %lld duplicates; in quarantine %zu, of them "
		"%zu unexplained; %zu faulty records not there%s",
		(long long)c->read, (long long)c->loaded, (long long)c->rejected,
		(long long)c->duplicates, l.quarantine.n, gaps.unexplained, gaps.unmentioned,
		told ? "" : "; the deployment tells other numbers");
	v.passed = c->read == records && c->loaded + c->rejected + c->duplicates == c->read &&
		c->rejected + c->duplicates == (int64_t)l.quarantine.n && gaps.unexplained == 0 &&
		gaps.unmentioned == 0 && told;
	v.blame = "developer";
	v.why = "what the load says of its layers does not explain where each record went";
	trial_blame_refusals(t, r, &v);
	if (v.passed && any_left_out(r, &l)) {
		warn_of_left_out(t, r, &l, &v);
	}
	trial_report(t, "R2", r->file->table, &v);
	return 0;
}

/* ---- per target ---- */

static void check_target(struct trial *t, const struct trial_table *table)
{
	const struct expected_table *e = table->expected;
	const struct deployment_table *d = trial_deployed(t, e->design->name);
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
		int rc = layer_is_used(t, r->file->table) ? check_source(t, r, err) : 0;
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
