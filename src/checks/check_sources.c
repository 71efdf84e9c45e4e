/*
 * R1: the records of each file, as the Tester's reader counts them, are all loaded or in quarantine. The
 * counters of bldr_layer, the rows of bldr_quarantine and the deployment must tell the same numbers and kinds; a file
 * that the design leaves unused may also not be loaded at all. Good records that the Tester too leaves out of some
 * target (R2 tells them) belong into quarantine like those that cannot be read. Where the numbers agree but some
 * could not be read, are totals or blank, that is a defect of the data, which was handled: a warning with reasons and lines.
 */
#include "checks/layers.h"

#include <string.h>

#include "base/check.h"

static bool counters_are(const struct counters *c, const struct counters *wanted)
{
	return c->any && c->read == wanted->read && c->loaded == wanted->loaded &&
		c->rejected == wanted->rejected && c->duplicates == wanted->duplicates;
}

static const char *counter_words(const struct trial *t, const struct counters *c)
{
	if (!c->any) {
		return "nothing";
	}
	const char *duplicates = c->duplicates == 0
		? ""
		: arena_printf(t->arena, ", %lld duplicates", (long long)c->duplicates);
	return arena_printf(t->arena, "%lld read, %lld loaded, %lld rejected%s", (long long)c->read,
			    (long long)c->loaded, (long long)c->rejected, duplicates);
}

/* Lines in quarantine without a bad record, or of another kind than the Tester's. */
static size_t count_strange(struct trial *t, const struct relation *r, const struct layer *l,
			    struct verdict *v)
{
	size_t n = 0;
	for (size_t i = 0; i < l->quarantine.n; i++) {
		const struct quarantined *q = &l->quarantine.at[i];
		bool kind = q->kind == NULL || strcmp(q->kind, layer_kind(q->fate)) == 0;
		if (q->fate == FATE_LOADED) {
			trial_sample(t, v, "%s:%lld: in quarantine, but no bad record starts here",
				     r->file->path, (long long)q->line);
		} else if (!kind) {
			trial_sample(t, v, "%s:%lld: in quarantine as \"%.40s\", but it is %s",
				     r->file->path, (long long)q->line, q->kind,
				     layer_kind(q->fate));
		}
		n += q->fate == FATE_LOADED || !kind;
	}
	return n;
}

enum { REASONS_SHOWN = 10 };

/* "a total, not a row (lines 96, 184); ..." for each reason, in the order of the file. */
static const char *reason_words(const struct trial *t, const struct relation *r)
{
	size_t n = r->raw.rejects.n;
	const struct raw_reject *rejects = r->raw.rejects.at;
	bool *told = ARENA_ARRAY(t->arena, bool, n);
	uint32_t *lines = ARENA_ARRAY(t->arena, uint32_t, n);
	const char *words = "";
	size_t reasons = 0;
	for (size_t i = 0; i < n && reasons < REASONS_SHOWN; i++) {
		size_t alike = 0;
		for (size_t k = i; k < n && !told[i]; k++) {
			if (strcmp(rejects[i].reason, rejects[k].reason) == 0) {
				lines[alike++] = rejects[k].record.line;
			}
		}
		for (size_t k = i; k < n && alike > 0; k++) {
			told[k] |= strcmp(rejects[i].reason, rejects[k].reason) == 0;
		}
		if (alike > 0) {
			reasons++;
			words = arena_printf(t->arena, "%s%s%s (%s)", words,
					     words[0] != '\0' ? "; " : "", rejects[i].reason,
					     trial_lines(t, lines, alike));
		}
	}
	return reasons < REASONS_SHOWN ? words : arena_printf(t->arena, "%s ...", words);
}

/* Every record was counted where it belongs, but some could not be read. */
static void warn_of_rejects(const struct trial *t, const struct contract_source *s,
			    const struct relation *r, struct verdict *v)
{
	int64_t all = s->rows + s->rejected;
	size_t of_kind[REJECT_KINDS] = { 0 };
	for (size_t i = 0; i < r->raw.rejects.n; i++) {
		of_kind[r->raw.rejects.at[i].kind]++;
	}
	const char *blank = of_kind[REJECT_BLANK] == 0
		? ""
		: arena_printf(t->arena, "; %zu blank", of_kind[REJECT_BLANK]);
	v->passed = false;
	v->severity = SEVERITY_WARNING;
	v->expected = "every record can be read and is a row";
	v->found = arena_printf(t->arena, "%lld of %lld records rejected: %s%s",
				(long long)s->rejected, (long long)all, reason_words(t, r), blank);
	v->blame = "data";
	v->why = of_kind[REJECT_UNREADABLE] == 0
		? "records are totals of others, or hold nothing; each one is counted and stands "
		  "in bldr_quarantine with its reason"
		: "records do not fit the header, the quoting or the encoding of the file, are "
		  "totals, or hold nothing; each one is counted and stands in bldr_quarantine with "
		  "its reason";
}

static void judge(struct trial *t, const struct contract_source *s, const struct relation *r,
		  const struct layer *l, struct verdict *v)
{
	struct counters wanted = {
		.any = true,
		.read = s->rows + s->rejected,
		.loaded = s->rows - s->left_out,
		.rejected = s->rejected + s->left_out - s->duplicates,
		.duplicates = s->duplicates,
	};
	bool unused = !layer_is_used(t, s->table) && !l->warehouse.any && l->quarantine.n == 0;
	bool told = t->in->deployment == NULL || counters_are(&l->deployment, &wanted);
	size_t strange = count_strange(t, r, l, v);
	v->passed = unused ||
		(counters_are(&l->warehouse, &wanted) && told &&
		 (int64_t)l->quarantine.n == wanted.rejected + wanted.duplicates && strange == 0);
	v->expected = counter_words(t, &wanted);
	v->found = unused
		? "not loaded: the design leaves it unused"
		: arena_printf(t->arena, "bldr_layer: %s; bldr_quarantine: %zu; deployment: %s",
			       counter_words(t, &l->warehouse), l->quarantine.n,
			       counter_words(t, &l->deployment));
	v->blame = "developer";
	v->why = "what the load counted is not what the file holds";
	trial_blame_refusals(t, r, v);
	if (v->passed && !unused && s->rejected > 0) {
		warn_of_rejects(t, s, r, v);
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
		struct layer l;
		struct verdict v = { 0 };
		int rc = layer_read(t, r, &l, err);
		if (rc < 0) {
			return rc;
		}
		judge(t, s, r, &l, &v);
		trial_report(t, "R1", s->table, &v);
	}
	return 0;
}
