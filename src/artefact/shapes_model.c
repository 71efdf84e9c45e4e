/*
 * The shapes of what is decided about the warehouse: design, contract and sttm. One table per struct
 * of artefact.h, in the order of its fields; the names of an enum stand in the order of its constants.
 */
#include "artefact/shapes.h"

static const char *const TABLE_KINDS[] = {
	[TABLE_DIMENSION] = "dimension", [TABLE_DATE] = "date",     [TABLE_FACT] = "fact",
	[TABLE_BRIDGE] = "bridge",       [TABLE_BRIDGE + 1] = NULL,
};

static const char *const COLUMN_ROLES[] = {
	[ROLE_SURROGATE_KEY] = "surrogate_key",
	[ROLE_BUSINESS_KEY] = "business_key",
	[ROLE_ATTRIBUTE] = "attribute",
	[ROLE_DIMENSION_KEY] = "dimension_key",
	[ROLE_DEGENERATE] = "degenerate",
	[ROLE_MEASURE] = "measure",
	[ROLE_LINEAGE] = "lineage",
	[ROLE_LINEAGE + 1] = NULL,
};

static const char *const ORIGIN_KINDS[] = {
	[ORIGIN_COLUMN] = "column",       [ORIGIN_PATH] = "path",
	[ORIGIN_GENERATED] = "generated", [ORIGIN_CONSTANT] = "constant",
	[ORIGIN_PRODUCT] = "product",     [ORIGIN_PRODUCT + 1] = NULL,
};

static const char *const ADDITIVITIES[] = {
	[ADDITIVE_NONE] = "none",
	[ADDITIVE_FULL] = "full",
	[ADDITIVE_SEMI] = "semi",
	[ADDITIVE_SEMI + 1] = NULL,
};

/* ---- design ---- */

static const struct shape_field hop_fields[] = {
	TEXT(hop, table),       TEXTS(hop, columns), TEXT(hop, to_table),
	TEXTS(hop, to_columns), END_OF_FIELDS,
};
static const struct shape hop_shape = SHAPE_OF(hop);

/* Each kind has its own fields only: the schema says which. */
static const struct shape_field origin_fields[] = {
	ENUMERATED(origin, kind, ORIGIN_KINDS),
	TEXT_OR_NULL(origin, table),
	TEXT_OR_NULL(origin, column),
	LIST_OR_EMPTY(origin, hops, hop),
	TEXT_OR_NULL(origin, generator),
	TEXT_OR_NULL(origin, value),
	TEXTS_OR_EMPTY(origin, factors),
	TEXT_OR_NULL(origin, less),
	END_OF_FIELDS,
};
static const struct shape origin_shape = SHAPE_OF(origin);

static const struct shape_field alternative_fields[] = {
	TEXT(alternative, choice),
	TEXT(alternative, reason),
	END_OF_FIELDS,
};
static const struct shape alternative_shape = SHAPE_OF(alternative);

static const struct shape_field design_column_fields[] = {
	TEXT(design_column, name),
	ENUMERATED(design_column, role, COLUMN_ROLES),
	TEXT(design_column, type),
	BOOLEAN(design_column, nullable),
	LIST_OF(design_column, origins, origin),
	TEXT_OR_NULL(design_column, dimension),
	ENUMERATED(design_column, additivity, ADDITIVITIES),
	END_OF_FIELDS,
};
static const struct shape design_column_shape = SHAPE_OF(design_column);

static const char *const DEDUPS[] = { "none", "last", NULL };

static const struct shape_field design_table_fields[] = {
	TEXT(design_table, name),
	ENUMERATED(design_table, kind, TABLE_KINDS),
	TEXT_OR_NULL(design_table, source),
	TEXT(design_table, grain),
	TEXTS(design_table, grain_columns),
	LIST_OF(design_table, columns, design_column),
	TEXT_OR_NULL(design_table, scd),
	ENUMERATED_OR_0(design_table, dedup, DEDUPS),
	TEXT_OR_NULL(design_table, version_column),
	TEXT(design_table, reason),
	LIST_OF(design_table, alternatives, alternative),
	END_OF_FIELDS,
};
static const struct shape design_table_shape = SHAPE_OF(design_table);

static const struct shape_field source_role_fields[] = {
	TEXT(source_role, table),
	TEXT(source_role, role),
	TEXTS(source_role, key),
	TEXT(source_role, reason),
	LIST_OF(source_role, alternatives, alternative),
	END_OF_FIELDS,
};
static const struct shape source_role_shape = SHAPE_OF(source_role);

static const struct shape_field design_fields[] = {
	OBJECT(design, head, artefact_head),
	LIST_OF(design, sources, source_role),
	LIST_OF(design, tables, design_table),
	END_OF_FIELDS,
};
const struct shape design_shape = SHAPE_OF(design);

/* ---- contract ---- */

static const struct shape_field contract_source_fields[] = {
	TEXT(contract_source, table),
	TEXT(contract_source, path),
	TEXT(contract_source, hash),
	INTEGER(contract_source, rows),
	INTEGER(contract_source, rejected),
	INTEGER(contract_source, left_out),
	INTEGER_OR_0(contract_source, duplicates),
	END_OF_FIELDS,
};
static const struct shape contract_source_shape = SHAPE_OF(contract_source);

static const struct shape_field contract_reference_fields[] = {
	TEXT(contract_reference, column),
	TEXT(contract_reference, dimension),
	INTEGER(contract_reference, resolved),
	INTEGER(contract_reference, orphans),
	INTEGER(contract_reference, nulls),
	INTEGER(contract_reference, missed),
	END_OF_FIELDS,
};
static const struct shape contract_reference_shape = SHAPE_OF(contract_reference);

static const struct shape_field contract_slice_fields[] = {
	TEXT(contract_slice, key),
	INTEGER(contract_slice, rows),
	TEXT_OR_NULL(contract_slice, sum),
	END_OF_FIELDS,
};
static const struct shape contract_slice_shape = SHAPE_OF(contract_slice);

static const struct shape_field contract_split_fields[] = {
	TEXT(contract_split, column),
	LIST_OF(contract_split, slices, contract_slice),
	END_OF_FIELDS,
};
static const struct shape contract_split_shape = SHAPE_OF(contract_split);

static const struct shape_field contract_measure_fields[] = {
	TEXT(contract_measure, column),
	INTEGER(contract_measure, count),
	INTEGER(contract_measure, nulls),
	TEXT_OR_NULL(contract_measure, sum),
	TEXT_OR_NULL(contract_measure, min),
	TEXT_OR_NULL(contract_measure, max),
	TEXT_OR_NULL(contract_measure, left_out),
	LIST_OF(contract_measure, by_month, contract_split),
	LIST_OF(contract_measure, by_member, contract_split),
	END_OF_FIELDS,
};
static const struct shape contract_measure_shape = SHAPE_OF(contract_measure);

static const struct shape_field contract_attribute_fields[] = {
	TEXT(contract_attribute, column),
	INTEGER(contract_attribute, distinct),
	INTEGER(contract_attribute, nulls),
	TEXT(contract_attribute, digest),
	END_OF_FIELDS,
};
static const struct shape contract_attribute_shape = SHAPE_OF(contract_attribute);

static const struct shape_field contract_date_fields[] = {
	TEXT(contract_date, column),
	TEXT(contract_date, table),
	TEXT(contract_date, source_column),
	TEXT(contract_date, format),
	TEXT(contract_date, reason),
	INTEGER(contract_date, count),
	INTEGER(contract_date, nulls),
	TEXT_OR_NULL(contract_date, min),
	TEXT_OR_NULL(contract_date, max),
	LIST_OF(contract_date, by_month, token_count),
	END_OF_FIELDS,
};
static const struct shape contract_date_shape = SHAPE_OF(contract_date);

static const struct shape_field contract_table_fields[] = {
	TEXT(contract_table, table),
	ENUMERATED(contract_table, kind, TABLE_KINDS),
	INTEGER(contract_table, rows),
	INTEGER(contract_table, left_out),
	TEXTS(contract_table, grain_columns),
	INTEGER(contract_table, grain_distinct),
	LIST_OF(contract_table, references, contract_reference),
	LIST_OF(contract_table, measures, contract_measure),
	LIST_OF(contract_table, attributes, contract_attribute),
	LIST_OF(contract_table, dates, contract_date),
	END_OF_FIELDS,
};
static const struct shape contract_table_shape = SHAPE_OF(contract_table);

static const struct shape_field contract_fields[] = {
	OBJECT(contract, head, artefact_head),
	LIST_OF(contract, sources, contract_source),
	LIST_OF(contract, tables, contract_table),
	END_OF_FIELDS,
};
const struct shape contract_shape = SHAPE_OF(contract);

/* ---- sttm ---- */

static const struct shape_field column_ref_fields[] = {
	TEXT(column_ref, table),
	TEXT(column_ref, column),
	END_OF_FIELDS,
};
static const struct shape column_ref_shape = SHAPE_OF(column_ref);

static const struct shape_field sttm_join_fields[] = {
	TEXT(sttm_join, alias),         TEXT(sttm_join, table),       TEXT(sttm_join, from),
	TEXTS(sttm_join, from_columns), TEXTS(sttm_join, to_columns), END_OF_FIELDS,
};
static const struct shape sttm_join_shape = SHAPE_OF(sttm_join);

static const struct shape_field sttm_column_fields[] = {
	TEXT(sttm_column, target),
	TEXT(sttm_column, type),
	ENUMERATED(sttm_column, role, COLUMN_ROLES),
	BOOLEAN(sttm_column, nullable),
	LIST_OF(sttm_column, sources, column_ref),
	VALUE(sttm_column, rule),
	TEXT(sttm_column, prose),
	TEXT_OR_NULL(sttm_column, dimension),
	END_OF_FIELDS,
};
static const struct shape sttm_column_shape = SHAPE_OF(sttm_column);

static const struct shape_field sttm_member_fields[] = {
	INTEGER(sttm_member, key),
	TEXT(sttm_member, label),
	END_OF_FIELDS,
};
static const struct shape sttm_member_shape = SHAPE_OF(sttm_member);

static const struct shape_field sttm_table_fields[] = {
	TEXT(sttm_table, name),
	ENUMERATED(sttm_table, kind, TABLE_KINDS),
	TEXT_OR_NULL(sttm_table, source),
	LIST_OF(sttm_table, calendar, column_ref),
	LIST_OF(sttm_table, joins, sttm_join),
	TEXTS(sttm_table, grain_columns),
	ENUMERATED_OR_0(sttm_table, dedup, DEDUPS),
	TEXT_OR_NULL(sttm_table, version_column),
	VALUE_OR_NULL(sttm_table, version_rule),
	LIST_OF(sttm_table, reserved, sttm_member),
	LIST_OF(sttm_table, columns, sttm_column),
	END_OF_FIELDS,
};
static const struct shape sttm_table_shape = SHAPE_OF(sttm_table);

static const struct shape_field sttm_fields[] = {
	OBJECT(sttm, head, artefact_head),
	LIST_OF(sttm, tables, sttm_table),
	END_OF_FIELDS,
};
const struct shape sttm_shape = SHAPE_OF(sttm);
