/*
 * R1: the records of each file, as the Tester's reader counts them, are all loaded or in quarantine. The
 * counters of bldr_layer, the rows of bldr_quarantine and the deployment must tell the same numbers; a file
 * that the design leaves unused may also not be loaded at all. Good records that the Tester too leaves out of some
 * target (R2 tells them) belong into quarantine like those that cannot be read. Where the numbers agree but some
 * could not be read, that is a defect of the data, which was handled: a warning.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"

struct counters {
	bool any; /* the file has its row */
	int64_t read, loaded, rejected;
};

struct tally {
	struct counters layer, deployment;
	int64_t quarantined;
	size_t elsewhere; /* quarantined lines that hold no bad record */
};

static bool is_used(const struct design *design, const char *table)
{
	for (size_t i = 0; i < design->sources.n; i++) {
		if (strcmp(design->sources.at[i].table, table) == 0) {
			return strcmp(design->sources.at[i].role, "unused") != 0;
		}
	}
	return true;
}

static int read_layer(struct trial *t, const char *table, struct counters *ret,
		      struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	int rc = found_exists(t->store, "bldr_layer", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = store_prepare(t->store,
			   "SELECT count(*), total(read), total(loaded), total(rejected) "
			   "FROM bldr_layer WHERE source_table = ?1",
			   &stmt, err);
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
		};
	}
	sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

/* Rejects stand in the order of the file. */
static bool is_reject(const struct relation *r, int64_t line)
{
	size_t low = 0, high = r->raw.rejects.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (r->raw.rejects.at[middle].record.line < line) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < r->raw.rejects.n && r->raw.rejects.at[low].record.line == line;
}

static int read_quarantine(struct trial *t, const struct relation *r, struct tally *tally,
			   struct verdict *v, struct bldr_error *err)
{
	bool exists;
	sqlite3_stmt *stmt;
	const char **left_out = expected_left_out(&t->expected, r, t->arena);
	int rc = found_exists(t->store, "bldr_quarantine", &exists, err);
	if (rc < 0 || !exists) {
		return rc;
	}
	rc = store_prepare(t->store,
			   "SELECT line FROM bldr_quarantine WHERE source_table = ?1 ORDER BY line",
			   &stmt, err);
	if (rc < 0) {
		return rc;
	}
	sqlite3_bind_text(stmt, 1, r->file->table, -1, SQLITE_TRANSIENT);
	while ((rc = store_step(t->store, stmt, err)) == 1) {
		int64_t line = sqlite3_column_int64(stmt, 0);
		tally->quarantined++;
		int64_t record = raw_record_at(&r->raw, line);
		if (!is_reject(r, line) && (record < 0 || left_out[record] == NULL)) {
			tally->elsewhere++;
			trial_sample(t, v, "%s:%lld: in quarantine, but no bad record starts here",
				     r->file->path, (long long)line);
		}
	}
	return rc;
}

static void read_deployment(const struct trial *t, const char *table, struct counters *ret)
{
	const struct deployment *d = t->in->deployment;
	for (size_t i = 0; d != NULL && i < d->sources.n; i++) {
		const struct deployment_source *s = &d->sources.at[i];
		if (strcmp(s->table, table) == 0) {
			*ret = (struct counters){ true, s->read, s->loaded, s->rejected };
		}
	}
}

static bool counters_are(const struct counters *c, const struct contract_source *s)
{
	return c->any && c->read == s->rows + s->rejected && c->loaded == s->rows - s->left_out &&
		c->rejected == s->rejected + s->left_out;
}

static const char *counter_words(const struct trial *t, const struct counters *c)
{
	if (!c->any) {
		return "nothing";
	}
	return arena_printf(t->arena, "%lld read, %lld loaded, %lld rejected", (long long)c->read,
			    (long long)c->loaded, (long long)c->rejected);
}

/* Every record was counted where it belongs, but some could not be read. */
static void warn_of_rejects(const struct trial *t, const struct contract_source *s,
			    struct verdict *v)
{
	int64_t all = s->rows + s->rejected;
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->expected = "every record can be read";
	v->found = arena_printf(t->arena, "%lld of %lld records rejected", (long long)s->rejected,
				(long long)all);
	v->blame = "data";
	v->why =
		"records do not fit the header, the quoting or the encoding of the file; each one is "
		"counted and stands in bldr_quarantine with its reason";
}

static void judge(struct trial *t, const struct contract_source *s, const struct relation *r,
		  const struct tally *tally, struct verdict *v)
{
	bool unused = !is_used(t->in->design, s->table) && !tally->layer.any &&
		tally->quarantined == 0;
	bool told = t->in->deployment == NULL || counters_are(&tally->deployment, s);
	v->passed = unused ||
		(counters_are(&tally->layer, s) && told &&
		 tally->quarantined == s->rejected + s->left_out && tally->elsewhere == 0);
	struct counters wanted = { true, s->rows + s->rejected, s->rows - s->left_out,
				   s->rejected + s->left_out };
	v->expected = counter_words(t, &wanted);
	v->found = unused
		? "not loaded: the design leaves it unused"
		: arena_printf(t->arena, "bldr_layer: %s; bldr_quarantine: %lld; deployment: %s",
			       counter_words(t, &tally->layer), (long long)tally->quarantined,
			       counter_words(t, &tally->deployment));
	v->blame = "developer";
	v->why = "what the load counted is not what the file holds";
	trial_blame_refusals(t, r, v);
	if (v->passed && !unused && s->rejected > 0) {
		warn_of_rejects(t, s, v);
	}
	size_t shown = r->raw.rejects.n < TRIAL_SAMPLES_MAX ? r->raw.rejects.n : TRIAL_SAMPLES_MAX;
	for (size_t i = 0; !v->passed && i < shown; i++) {
		trial_sample(t, v, "%s:%lld: %s", r->file->path,
			     (long long)r->raw.rejects.at[i].record.line,
			     r->raw.rejects.at[i].reason);
	}
}

int check_sources(struct trial *t, struct bldr_error *err)
{
	for (size_t i = 0; i < t->in->contract->sources.n; i++) {
		const struct contract_source *s = &t->in->contract->sources.at[i];
		const struct relation *r = relation_find(&t->relations, s->table);
		if (r == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "the contract names source \"%s\", sources does not",
					      s->table);
		}
		struct tally tally = { 0 };
		struct verdict v = { 0 };
		int rc = read_layer(t, s->table, &tally.layer, err);
		if (rc == 0) {
			rc = read_quarantine(t, r, &tally, &v, err);
		}
		if (rc < 0) {
			return rc;
		}
		read_deployment(t, s->table, &tally.deployment);
		judge(t, s, r, &tally, &v);
		trial_report(t, "R1", s->table, &v);
	}
	return 0;
}
