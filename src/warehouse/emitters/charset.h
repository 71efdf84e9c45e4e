/*
 * How Spark reads a character encoding. It knows few by name; one of single bytes is read as ISO 8859-1, which keeps each
 * byte, and then told apart by a table of the bytes that mean something else.
 */
#pragma once

#include <stdbool.h>

#include "artefact/artefact.h"

struct charset {
	const char *spark;     /* the encoding to read with */
	const char *from, *to; /* characters that stand for others, one by one; empty: none */
	bool unknown;          /* to Spark, unless spark.sql.legacy.javaCharsets allows it */
};

/* file->encoding as Spark takes it. What a byte that is no character becomes is U+FFFD. Memory is a's. */
struct charset charset_of(const struct source_file *file, struct arena *a);
