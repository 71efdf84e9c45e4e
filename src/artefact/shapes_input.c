/*
 * The shapes of what is known about the input: sources, profile, and the profile of one table that
 * is written on its own. One table per struct of artefact.h, in the order of its fields.
 */
#include "artefact/shapes.h"

static const struct shape_field artefact_input_fields[] = {
	TEXT(artefact_input, artefact),
	TEXT(artefact_input, hash),
	END_OF_FIELDS,
};
static const struct shape artefact_input_shape = SHAPE_OF(artefact_input);

static const struct shape_field artefact_head_fields[] = {
	INTEGER(artefact_head, version),
	LIST_OF(artefact_head, inputs, artefact_input),
	END_OF_FIELDS,
};
const struct shape artefact_head_shape = SHAPE_OF(artefact_head);

/* ---- sources ---- */

static const char *const SOURCE_FORMATS[] = { "csv", "jsonl", "json", NULL };
static const char *const SOURCE_COMPRESSIONS[] = { "none", "gzip", NULL };
static const char *const SOURCE_ESCAPES[] = { "doubled", "backslash", NULL };

static const struct shape_field source_file_fields[] = {
	TEXT(source_file, path),
	TEXT(source_file, table),
	INTEGER(source_file, bytes),
	TEXT(source_file, hash),
	ENUMERATED_OR_0(source_file, format, SOURCE_FORMATS),
	ENUMERATED_OR_0(source_file, compression, SOURCE_COMPRESSIONS),
	TEXT(source_file, encoding),
	BOOLEAN(source_file, bom),
	TEXT(source_file, delimiter),
	TEXT(source_file, quote),
	ENUMERATED_OR_0(source_file, escape, SOURCE_ESCAPES),
	INTEGER_OR_0(source_file, preamble_lines),
	BOOLEAN(source_file, header),
	TEXTS_OR_EMPTY(source_file, not_rows),
	TEXTS(source_file, columns),
	TEXTS_OR_EMPTY(source_file, own_names),
	TEXTS_OR_EMPTY(source_file, notes),
	END_OF_FIELDS,
};
static const struct shape source_file_shape = SHAPE_OF(source_file);

static const struct shape_field source_skipped_fields[] = {
	TEXT(source_skipped, path),
	TEXT(source_skipped, reason),
	END_OF_FIELDS,
};
static const struct shape source_skipped_shape = SHAPE_OF(source_skipped);

static const struct shape_field sources_fields[] = {
	OBJECT(sources, head, artefact_head),
	LIST_OF(sources, files, source_file),
	LIST_OF(sources, skipped, source_skipped),
	VALUE_OR_NULL(sources, overrides),
	END_OF_FIELDS,
};
const struct shape sources_shape = SHAPE_OF(sources);

/* ---- profile ---- */

static const struct shape_field token_count_fields[] = {
	TEXT(token_count, token),
	INTEGER(token_count, count),
	END_OF_FIELDS,
};
const struct shape token_count_shape = SHAPE_OF(token_count);

static const struct shape_field date_format_fields[] = {
	TEXT(date_format, format),
	INTEGER(date_format, matches),
	END_OF_FIELDS,
};
static const struct shape date_format_shape = SHAPE_OF(date_format);

static const struct shape_field profile_exception_fields[] = {
	INTEGER(profile_exception, line),
	TEXT(profile_exception, text),
	END_OF_FIELDS,
};
static const struct shape profile_exception_shape = SHAPE_OF(profile_exception);

static const struct shape_field number_format_fields[] = {
	TEXT(number_format, decimal_mark),
	TEXT(number_format, group_mark),
	TEXTS_OR_EMPTY(number_format, currencies),
	BOOLEAN_OR_FALSE(number_format, percent),
	BOOLEAN_OR_FALSE(number_format, parentheses),
	BOOLEAN_OR_FALSE(number_format, trailing_minus),
	TEXT(number_format, evidence),
	END_OF_FIELDS,
};
static const struct shape number_format_shape = SHAPE_OF(number_format);

static const struct shape_field quantile_fields[] = {
	TEXT(quantile, at),
	TEXT(quantile, value),
	END_OF_FIELDS,
};
static const struct shape quantile_shape = SHAPE_OF(quantile);

static const struct shape_field column_profile_fields[] = {
	TEXT(column_profile, name),
	INTEGER(column_profile, ordinal),
	TEXT(column_profile, type),
	INTEGER(column_profile, nulls),
	LIST_OF(column_profile, null_tokens, token_count),
	INTEGER(column_profile, distinct),
	TEXT_OR_NULL(column_profile, min),
	TEXT_OR_NULL(column_profile, max),
	INTEGER(column_profile, min_length),
	INTEGER(column_profile, max_length),
	LIST_OF(column_profile, top, token_count),
	LIST_OF(column_profile, date_formats, date_format),
	LIST_OF(column_profile, exceptions, profile_exception),
	INTEGER_OR_0(column_profile, nonconforming),
	INTEGER_OR_0(column_profile, padded),
	INTEGER_OR_0(column_profile, leading_zeros),
	OBJECT_OR_NULL(column_profile, number, number_format),
	BOOLEAN_OR_FALSE(column_profile, distinct_estimated),
	LIST_OR_EMPTY(column_profile, quantiles, quantile),
	END_OF_FIELDS,
};
static const struct shape column_profile_shape = SHAPE_OF(column_profile);

static const struct shape_field key_candidate_fields[] = {
	TEXTS(key_candidate, columns),           TEXT(key_candidate, score),
	TEXTS(key_candidate, evidence),          BOOLEAN(key_candidate, chosen),
	INTEGER_OR_0(key_candidate, duplicates), END_OF_FIELDS,
};
static const struct shape key_candidate_shape = SHAPE_OF(key_candidate);

static const struct shape_field profile_rejected_fields[] = {
	INTEGER(profile_rejected, line), INTEGER(profile_rejected, offset),
	TEXT(profile_rejected, reason),  TEXT(profile_rejected, raw),
	TEXT(profile_rejected, hash),    END_OF_FIELDS,
};
static const struct shape profile_rejected_shape = SHAPE_OF(profile_rejected);

static const struct shape_field table_profile_fields[] = {
	TEXT(table_profile, table),
	TEXT(table_profile, path),
	INTEGER(table_profile, rows),
	INTEGER(table_profile, rejected_rows),
	LIST_OF(table_profile, rejected, profile_rejected),
	LIST_OF(table_profile, columns, column_profile),
	LIST_OF(table_profile, keys, key_candidate),
	END_OF_FIELDS,
};
const struct shape table_profile_shape = SHAPE_OF(table_profile);

static const struct shape_field inclusion_fields[] = {
	TEXT(inclusion, from_table),
	TEXTS(inclusion, from_columns),
	TEXT(inclusion, to_table),
	TEXTS(inclusion, to_columns),
	INTEGER(inclusion, distinct),
	INTEGER(inclusion, contained),
	INTEGER(inclusion, orphan_rows),
	TEXT(inclusion, score),
	TEXTS(inclusion, evidence),
	BOOLEAN(inclusion, chosen),
	END_OF_FIELDS,
};
static const struct shape inclusion_shape = SHAPE_OF(inclusion);

static const struct shape_field profile_fields[] = {
	OBJECT(profile, head, artefact_head),
	LIST_OF(profile, tables, table_profile),
	LIST_OF(profile, inclusions, inclusion),
	INTEGER_OR_0(profile, skipped_pairs),
	END_OF_FIELDS,
};
const struct shape profile_shape = SHAPE_OF(profile);
