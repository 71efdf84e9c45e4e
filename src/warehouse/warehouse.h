/*
 * Warehouse: from profile to star design, mapping, notebooks and a materialised warehouse.db.
 */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"
#include "base/buf.h"

/* The star: facts, dimensions, a date dimension, origins, reasons and rejected alternatives.
 * Errors: INVALID (no table could be designed: says why). */
int design_star(const struct sources *sources, const struct profile *profile, struct arena *a,
		struct design *ret, struct bldr_error *err);

/*
 * One thing a mapping did that a finding says is wrong. date_order, number_marks: the mapper takes the runner-up, or its
 * first choice again when all were tried. Every other repair is to map the column as the design states, which it does.
 */
struct mapping_advice {
	const char *repair;         /* schemas/findings.schema.json */
	const char *table, *column; /* raw table and column; of other repairs the target's */
	texts tried;                /* choices of earlier versions: formats, decimal marks */
};

/* The STTM of a design. advice: from failed checks, n 0 at first.
 * Errors: INVALID (a column without a source, or a date without a format). */
int map_design(const struct sources *sources, const struct profile *profile,
	       const struct design *design, const struct mapping_advice *advice, size_t n,
	       struct arena *a, struct sttm *ret, struct bldr_error *err);
/* Adds what an STTM chose to advice->tried. */
void sttm_choices(const struct sttm *sttm, struct mapping_advice *advice, struct arena *a);
/* The STTM for people: Markdown, CSV. */
int sttm_markdown(const struct sttm *sttm, struct buf *out, struct bldr_error *err);
int sttm_csv(const struct sttm *sttm, struct buf *out, struct bldr_error *err);

/*
 * Emits the notebooks pipeline/{bronze,silver,gold}/<table>.py (Databricks source format, formatted as black leaves
 * them), the library they import, pipeline/job.json as the Jobs API takes it and a bundle, below folder (docs/pipeline.md).
 */
int emit_pipeline(const char *folder, const struct sources *sources, const struct sttm *sttm,
		  struct arena *a, struct pipeline *ret, struct bldr_error *err);

/* Why the notebooks will refuse to read a file that bldr reads, and what to do about it; a's, or static. NULL: they read it. */
const char *emit_refusal(const struct source_file *f, struct arena *a);

struct materialise {
	const char *source_folder;
	const char *path; /* absolute or relative path of warehouse.db */
	const char *key; /* idempotency key: a load with a key the file has seen changes nothing and
			   * gives the recorded result */
	/* Unless the file has seen the key already: */
	bool fresh; /* begin with an empty file, put in the old one's place when it is whole */
	const char *copy_of; /* begin with a copy of this file; NULL: with the file as it is */
};

/*
 * Interprets the STTM over the raw files into a SQLite star: tables with primary and foreign keys,
 * quarantine, lineage columns, per-layer counters, a view per table that shows decimals as
 * people write them. One transaction; existing rows are replaced by business key, not
 * duplicated. Errors: CHANGED (a source file), INVALID (a rule), IO.
 */
int materialise(const struct materialise *m, const struct sources *sources, const struct sttm *sttm,
		struct arena *a, struct deployment *ret, struct bldr_error *err);
