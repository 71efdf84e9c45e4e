/*
 * The words in which the shape tables of this folder are written, one line per struct field. Each
 * word checks at compile time that the field has the C type that its shape kind stands for, so a
 * table that disagrees with artefact.h does not compile.
 */
#pragma once

#include <stddef.h>

#include "artefact/artefact.h"

/* The offset of a field of struct s, refused by the compiler unless `condition` is true. */
#define OFFSET_IF(condition, s, f) (offsetof(struct s, f) + 0 * sizeof(char[(condition) ? 1 : -1]))
#define FIELD_TYPE(s, f) __typeof__(((struct s *)0)->f)
#define SAME_TYPE(a, b) __builtin_types_compatible_p(a, b)
#define FIELD(s, f, shape_kind, is_optional, c_type)                 \
	.name = #f, .kind = (shape_kind), .optional = (is_optional), \
	.offset = OFFSET_IF(SAME_TYPE(FIELD_TYPE(s, f), c_type), s, f)

#define TEXT(s, f)                                           \
	{                                                    \
		FIELD(s, f, SHAPE_TEXT, false, const char *) \
	}
/* Absent from the text when NULL. */
#define TEXT_OR_NULL(s, f)                                  \
	{                                                   \
		FIELD(s, f, SHAPE_TEXT, true, const char *) \
	}
#define INTEGER(s, f)                                  \
	{                                              \
		FIELD(s, f, SHAPE_INT, false, int64_t) \
	}
/* Absent from the text when 0. */
#define INTEGER_OR_0(s, f)                            \
	{                                             \
		FIELD(s, f, SHAPE_INT, true, int64_t) \
	}
/* Absent from the text when false. */
#define BOOLEAN_OR_FALSE(s, f)                      \
	{                                           \
		FIELD(s, f, SHAPE_BOOL, true, bool) \
	}
#define BOOLEAN(s, f)                                \
	{                                            \
		FIELD(s, f, SHAPE_BOOL, false, bool) \
	}
#define ENUMERATED(s, f, enum_names)                                       \
	{                                                                  \
		FIELD(s, f, SHAPE_ENUM, false, int), .names = (enum_names) \
	}
/* Absent from the text when it is the first of the names. */
#define ENUMERATED_OR_0(s, f, enum_names)                                 \
	{                                                                 \
		FIELD(s, f, SHAPE_ENUM, true, int), .names = (enum_names) \
	}
#define VALUE(s, f)                                                        \
	{                                                                  \
		FIELD(s, f, SHAPE_VALUE, false, const struct bldr_value *) \
	}
#define VALUE_OR_NULL(s, f)                                               \
	{                                                                 \
		FIELD(s, f, SHAPE_VALUE, true, const struct bldr_value *) \
	}
#define TEXTS(s, f)                                    \
	{                                              \
		FIELD(s, f, SHAPE_TEXTS, false, texts) \
	}
/* Absent from the text when empty. */
#define TEXTS_OR_EMPTY(s, f)                          \
	{                                             \
		FIELD(s, f, SHAPE_TEXTS, true, texts) \
	}
#define OBJECT(s, f, item)                                                          \
	{                                                                           \
		FIELD(s, f, SHAPE_OBJECT, false, struct item), .sub = &item##_shape \
	}
/* A pointer; absent from the text when NULL. */
#define OBJECT_OR_NULL(s, f, item)                                                   \
	{                                                                            \
		FIELD(s, f, SHAPE_OBJECT, true, struct item *), .sub = &item##_shape \
	}
#define LIST_FIELD(s, f, is_optional, item)                                                        \
	{                                                                                          \
		.name = #f, .kind = SHAPE_LIST, .optional = (is_optional), .sub = &item##_shape,   \
		.offset = OFFSET_IF(SAME_TYPE(__typeof__(*((struct s *)0)->f.at), struct item), s, \
				    f)                                                             \
	}
#define LIST_OF(s, f, item) LIST_FIELD(s, f, false, item)
/* Absent from the text when empty. */
#define LIST_OR_EMPTY(s, f, item) LIST_FIELD(s, f, true, item)
#define END_OF_FIELDS \
	{             \
		0     \
	}

/* The shape of struct s over the table s_fields. */
#define SHAPE_OF(s)                                                        \
	{                                                                  \
		.name = #s, .size = sizeof(struct s), .fields = s##_fields \
	}

/* Shapes that several artefacts use. */
extern const struct shape artefact_head_shape, token_count_shape;
