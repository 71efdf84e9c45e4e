/*
 * Checks: the Tester's own view of the data. It shares no reader, join or emitter with the rest:
 * a small, strict, slow CSV reader, hash joins and decimals of its own, over base and store only.
 */
#pragma once

#include "artefact/artefact.h"

/*
 * What each target column must amount to, from the raw files and the design alone. The Tester
 * evaluates the origins itself and takes its own decision on date order, null tokens and join
 * misses: expected.h tells them. Errors: CHANGED (a file differs from sources), INVALID (an origin it
 * cannot evaluate, or a file that is not as declared), LIMIT (a file above 1 GiB, a sum above 38
 * digits), NOT_FOUND, IO. Everything is held in memory: about 20 times the size of the files.
 */
int contract_derive(const char *source_folder, const struct sources *sources,
		    const struct design *design, struct arena *a, struct contract *ret,
		    struct bldr_error *err);

struct checks_input {
	const char *source_folder;
	const char *warehouse; /* path of warehouse.db, opened read-only */
	const char *reloaded;  /* a copy that was loaded again with another key: I1 */
	const char *reload_refused; /* why there is no such copy: the second load refused the first's; or NULL */
	const struct sources *sources;
	const struct design *design;
	const struct contract *contract;
	const struct sttm *sttm;
	const struct deployment *deployment;
	/* what a repair of the design has replaced, or NULL: C1 */
	const struct contract *superseded;
	const struct design *superseded_design;
};

/*
 * Runs every check of check_texts.h (docs/checks.md has them as a page): S1, S2, Q1,
 * V1, R1-R5, K1-K6, D1, N1, T1, X2, O1, I1, L1, C1.
 * Every planned check is in the findings, passed or not; a failed one says who is to blame and why, with
 * sample rows. A warehouse that lacks a table or a column is a finding, as is a missing second load.
 * Errors: those of contract_derive; CORRUPT (no database); INVALID also when contract and design do not
 * belong together.
 */
int checks_run(const struct checks_input *in, struct arena *a, struct findings *ret,
	       struct bldr_error *err);
/* Puts findings in the order in which people want them, and says the verdict. */
void checks_conclude(struct findings *f);
