/*
 * The parts of the report: each is a value that one partial of templates/report/ renders. The caller
 * owns what they return; their strings are copies.
 */
#pragma once

#include "agents/evaluator/report.h"

/* Verdict, score and the run's numbers. */
struct bldr_value *report_head(const struct report_input *in, struct arena *a);
/* The star as a drawing, and its references as a list. */
struct bldr_value *report_star(const struct report_input *in, struct arena *a);
/* Sample questions with their answers. */
struct bldr_value *report_questions(const struct report_input *in, struct arena *a);
/* The findings: failed ones one by one, passed ones grouped by what they prove; the control totals. */
struct bldr_value *report_checks(const struct report_input *in, struct arena *a);
/* Every target table: where it comes from, column by column, with a drawing. */
struct bldr_value *report_lineage(const struct report_input *in, struct arena *a);
/* Roles of the source tables, choices per target table, keys and references, and what was not chosen. */
struct bldr_value *report_design(const struct report_input *in, struct arena *a);
/* Every source file: its hash and dialect, and what its columns hold. */
struct bldr_value *report_profile(const struct report_input *in, struct arena *a);
/* The supervisor's decisions, the rubrics of the score, the pipeline's files and the artefacts. */
struct bldr_value *report_run(const struct report_input *in, struct arena *a);
/* What the knowledge base has to do with the run. */
struct bldr_value *report_knowledge(const struct report_input *in, struct arena *a);

/* A drawing of where the columns of one target table come from; id is unique in the page. */
struct bldr_value *report_flow(const struct report_input *in, const struct sttm_table *table,
			       struct arena *a, const char *id);

/* How the values of a column lie, as a small drawing; plot_id is unique in the page. */
struct bldr_value *report_plot(const struct column_profile *c, int64_t rows, const char *plot_id,
			       struct arena *a);

/* Ids in the page of the places that tell about a target table or a source table; NULL: there is none. */
const char *report_target_id(const struct report_input *in, const char *table, struct arena *a);
const char *report_source_id(const struct report_input *in, const char *table, struct arena *a);
