/*
 * JSON Schema (draft 2020-12): type enum const; properties patternProperties additionalProperties
 * propertyNames minProperties maxProperties required dependentRequired; prefixItems items contains
 * minContains maxContains minItems maxItems uniqueItems; minimum maximum exclusiveMinimum
 * exclusiveMaximum multipleOf; minLength maxLength pattern (base/pattern.h), format (asserted, and one
 * of base/format.h); anyOf oneOf allOf not, if then else; $ref ("#" or "#/$defs/name" only); the
 * annotations $comment title description default examples deprecated readOnly writeOnly; $schema,
 * $id and $defs at the root. Any other keyword makes the schema fail to load.
 *
 * Two things are stricter than the standard: an integer is a number written without point and
 * exponent (1.0 is not one), and for enum, const and uniqueItems 1 and 1.0 differ.
 */
#pragma once

#include <bldr/value.h>

struct json_schema;

/* Borrows v for its life. Errors: INVALID (the keyword and where it stands), also for a $ref that leads
 * nowhere or back to itself. */
int json_schema_new(const struct bldr_value *v, struct json_schema **ret, struct bldr_error *err);
void json_schema_free(struct json_schema *s);
/*
 * Errors: INVALID: `"/tables/0/rows": expected integer, found text "x"`; of several alternatives the
 * one that came closest is reported. LIMIT: alternatives nested so that checking them takes for ever.
 */
int json_schema_check(const struct json_schema *s, const struct bldr_value *v,
		      struct bldr_error *err);
