/*
 * The Tester on the client's compute: the star stands in a workspace, and the rows mostly stay there.
 *
 * remote_plan says what to ask, as SQL statements for the SQL statement API; whoever has the connection runs them in any
 * order and hands the results to the next call, until nothing is left to ask (six rounds at most). remote_judge then
 *
 * - makes an image of the star that stands there, as a warehouse.db: rows that crossed the wire, and where the hashes of
 *   a bucket of rows are those of the same rows here, the rows here;
 * - runs every check of checks.h over it: the same findings, blame and repairs as for a warehouse here;
 * - holds the workspace's own counts, sums and joins to the contract: a check that passes over the image fails when
 *   the workspace counts otherwise;
 * - compares all cells with the warehouse here (W1).
 *
 * A table of at most rows_max rows crosses as a whole, unless that is more than the workspace gives at once; of a larger one
 * the buckets that differ, up to rows_max rows, but one bucket always. A larger one that cannot be hashed, for want of a column that names its rows, does not cross at all.
 */
#pragma once

#include "checks/checks.h"

/* Bound to :name, as the SQL statement API does. */
struct remote_parameter {
	const char *name, *type, *value; /* type: STRING */
};

struct remote_statement {
	const char *id; /* of this statement alone, the same in every run */
	const char *sql;
	LIST(struct remote_parameter) parameters;
};

typedef LIST(struct remote_statement) remote_statements;

struct remote_result {
	const char *id;    /* of the statement */
	const char *error; /* what the workspace said when the statement failed; else NULL */
	bool too_large;    /* of an error: the answer is more than the workspace gives at once */
	texts columns;
	size_t n_rows;
	const char *const *cells; /* row by row, columns.n in each; NULL for null */
};

typedef LIST(struct remote_result) remote_results;

struct remote_input {
	/* warehouse is the one that was loaded here from the same files: what is expected cell by cell. reloaded is the
	 * image that was made after a second run of the job, or NULL. */
	const struct checks_input *checks;
	const char *catalog, *schema;
	const char *image; /* path of the image: written anew */
	int64_t rows_max;  /* of each table */
};

/*
 * The statements that are left to ask, given the results so far; none: ret->n is 0, and the results can be judged. A
 * statement that failed is not asked again. Errors: those of reading the warehouse; INVALID: a design that the Tester
 * cannot read.
 */
int remote_plan(const struct remote_input *in, const remote_results *results, struct arena *a,
		remote_statements *ret, struct bldr_error *err);
/*
 * Writes the image alone: what `reloaded` of the checks is after a second run of the job. Errors: as remote_judge.
 */
int remote_image(const struct remote_input *in, const remote_results *results, struct arena *a,
		 struct bldr_error *err);
/*
 * Judges all results. The image lies at in->image afterwards. Errors: those of checks_run; IO: the image cannot be written.
 */
int remote_judge(const struct remote_input *in, const remote_results *results, struct arena *a,
		 struct findings *ret, struct bldr_error *err);
