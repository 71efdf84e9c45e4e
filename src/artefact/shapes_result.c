/*
 * The shapes of what was made of the decisions and what it is worth: pipeline, deployment, findings
 * and evaluation. One table per struct of artefact.h, in the order of its fields.
 */
#include "artefact/shapes.h"

static const char *const SEVERITIES[] = {
	[SEVERITY_ERROR] = "error",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_INFO] = "info",
	[SEVERITY_INFO + 1] = NULL,
};

/* ---- pipeline and deployment ---- */

static const struct shape_field pipeline_file_fields[] = {
	TEXT(pipeline_file, path),          TEXT(pipeline_file, kind),
	TEXT_OR_NULL(pipeline_file, layer), TEXT(pipeline_file, hash),
	INTEGER(pipeline_file, bytes),      END_OF_FIELDS,
};
static const struct shape pipeline_file_shape = SHAPE_OF(pipeline_file);

static const struct shape_field pipeline_refused_fields[] = {
	TEXT(pipeline_refused, path),
	TEXT(pipeline_refused, reason),
	END_OF_FIELDS,
};
static const struct shape pipeline_refused_shape = SHAPE_OF(pipeline_refused);

static const struct shape_field pipeline_fields[] = {
	OBJECT(pipeline, head, artefact_head),
	LIST_OF(pipeline, files, pipeline_file),
	LIST_OR_EMPTY(pipeline, refused, pipeline_refused),
	END_OF_FIELDS,
};
const struct shape pipeline_shape = SHAPE_OF(pipeline);

static const struct shape_field deployment_table_fields[] = {
	TEXT(deployment_table, name),        INTEGER(deployment_table, rows),
	INTEGER(deployment_table, reserved), INTEGER(deployment_table, quarantined),
	TEXT(deployment_table, digest),      END_OF_FIELDS,
};
static const struct shape deployment_table_shape = SHAPE_OF(deployment_table);

static const struct shape_field deployment_source_fields[] = {
	TEXT(deployment_source, table),
	TEXT(deployment_source, path),
	INTEGER(deployment_source, read),
	INTEGER(deployment_source, loaded),
	INTEGER(deployment_source, rejected),
	INTEGER_OR_0(deployment_source, duplicates),
	END_OF_FIELDS,
};
static const struct shape deployment_source_shape = SHAPE_OF(deployment_source);

static const struct shape_field deployment_fields[] = {
	OBJECT(deployment, head, artefact_head),
	TEXT(deployment, target),
	TEXT(deployment, warehouse),
	LIST_OF(deployment, sources, deployment_source),
	LIST_OF(deployment, tables, deployment_table),
	END_OF_FIELDS,
};
const struct shape deployment_shape = SHAPE_OF(deployment);

/* ---- findings and evaluation ---- */

static const struct shape_field finding_fields[] = {
	TEXT(finding, check),
	TEXT(finding, subject),
	BOOLEAN(finding, passed),
	ENUMERATED(finding, severity, SEVERITIES),
	TEXT(finding, expected),
	TEXT(finding, found),
	TEXT(finding, provenance),
	TEXT(finding, proves),
	TEXTS(finding, samples),
	TEXT_OR_NULL(finding, blame),
	TEXT_OR_NULL(finding, why),
	VALUE_OR_NULL(finding, advice),
	END_OF_FIELDS,
};
static const struct shape finding_shape = SHAPE_OF(finding);

static const struct shape_field findings_fields[] = {
	OBJECT(findings, head, artefact_head),
	TEXT(findings, verdict),
	LIST_OF(findings, checks, finding),
	END_OF_FIELDS,
};
const struct shape findings_shape = SHAPE_OF(findings);

static const struct shape_field rubric_fields[] = {
	TEXT(rubric, name),   INTEGER(rubric, weight), TEXT(rubric, score),
	TEXT(rubric, reason), END_OF_FIELDS,
};
static const struct shape rubric_shape = SHAPE_OF(rubric);

static const struct shape_field evaluation_fields[] = {
	OBJECT(evaluation, head, artefact_head),
	TEXT(evaluation, verdict),
	TEXT(evaluation, score),
	INTEGER(evaluation, rounds),
	LIST_OF(evaluation, rubrics, rubric),
	END_OF_FIELDS,
};
const struct shape evaluation_shape = SHAPE_OF(evaluation);
