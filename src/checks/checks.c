/*
 * Runs every group of checks over one trial and puts the findings in order. A check that fails is a finding,
 * not an error: errors are files that cannot be read, have changed, or do not belong together.
 */
#include "checks/checks.h"

#include <stdlib.h>
#include <string.h>

#include "checks/trial.h"

static int (*const groups[])(struct trial *t, struct bldr_error *err) = {
	check_files, check_vacuity, check_sources, check_layers,  check_rows,     check_splits,
	check_joins, check_keys,    check_foreign, check_members, check_calendar, check_nulls,
	check_types, check_values,  check_reload,  check_lineage, check_redesign,
};

/* Errors, warnings, info, then what passed. */
static int rank_of(const struct finding *f)
{
	return f->passed ? SEVERITY_INFO + 1 : f->severity;
}

/* Of warnings, which are of the files, those of one file stand together. */
static int for_people(const void *a, const void *b)
{
	const struct finding *left = a, *right = b;
	int rank = rank_of(left);
	if (rank != rank_of(right)) {
		return rank < rank_of(right) ? -1 : 1;
	}
	int check = strcmp(left->check, right->check);
	int subject = strcmp(left->subject, right->subject);
	if (rank == SEVERITY_WARNING) {
		return subject != 0 ? subject : check;
	}
	return check != 0 ? check : subject;
}

static const char *verdict_of(const struct findings *f)
{
	for (size_t i = 0; i < f->checks.n; i++) {
		if (!f->checks.at[i].passed && f->checks.at[i].severity == SEVERITY_ERROR) {
			return "findings";
		}
	}
	return "validated";
}

void checks_conclude(struct findings *f)
{
	if (f->checks.n > 0) {
		qsort(f->checks.at, f->checks.n, sizeof(*f->checks.at), for_people);
	}
	f->verdict = verdict_of(f);
}

int checks_run(const struct checks_input *in, struct arena *a, struct findings *ret,
	       struct bldr_error *err)
{
	struct trial trial;
	int rc = trial_open(in, a, &trial, err);
	for (size_t i = 0; rc == 0 && i < sizeof(groups) / sizeof(groups[0]); i++) {
		rc = groups[i](&trial, err);
	}
	if (rc == 0) {
		struct findings f = { .head.version = 1 };
		for (size_t i = 0; i < trial.findings.n; i++) {
			*LIST_ADD(a, &f.checks) = trial.findings.at[i];
		}
		checks_conclude(&f);
		*ret = f;
	}
	trial_release(&trial);
	return rc;
}
