/*
 * The one part of the report that differs between runs over equal input: what each step cost. The report is written before
 * the run has ended, so the section says where the numbers will be; whoever drives the run fills them in afterwards.
 */
#pragma once

#include <bldr/value.h>

/*
 * Replaces the section "measured" of the report at path, in one step. steps: [{step, times, failed, rows, wall_us,
 * cpu_us, peak_rss_bytes}]; process: {cpu_us, peak_rss_bytes}; remote: {catalog, schema, job_id, job_url, runs: [{run_id, url,
 * result}], statements, bytes} of a run that works in a workspace, or NULL. Errors: IO, NOT_FOUND, INVALID (the file has no such
 * section), LIMIT.
 */
int report_measure(const char *path, const struct bldr_value *steps,
		   const struct bldr_value *process, const struct bldr_value *remote,
		   struct bldr_error *err);
