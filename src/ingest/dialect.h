/*
 * The dialect of delimited text, found out from a sample: each combination of delimiter, quote and escape that the
 * sample could be written in is tried with the reader itself and scored.
 *
 * The score is a pattern score times a type score, after G. van den Burg, A. Nazabal, C. Sutton: Wrangling messy CSV
 * files by detecting row and type patterns (2019). The pattern score is (share of records of the commonest width)^2
 * (width - 1) / width: CleverCSV divides by the number of patterns instead, which one ragged record halves. The type
 * score is the mean of what cells look like, squared: a number, a date, a word is what it seems, a cell
 * that holds another delimiter or stands in quotes that the dialect does not know is not.
 */
#pragma once

#include "ingest/ingest.h"

enum { DIALECT_ROWS_MAX = 2000, DIALECT_PREAMBLE_MAX = 50 };

struct dialect {
	size_t rows;          /* records of the sample that were looked at */
	size_t width;         /* the commonest number of fields */
	int score;            /* 0..1000; 0: nothing separates fields */
	bool header_evidence; /* something speaks for header or against it */
};

/* What is given and not found out; NULL or negative: it is found out. delimiter and quote: one byte, or no quote. */
struct dialect_given {
	const char *delimiter, *quote;
	int escape, header;
	int64_t preamble_lines;
};

/*
 * Fills file's delimiter, quote, escape, header and preamble_lines from the text, which begins where the file's does.
 * hint: a delimiter that the file's name speaks for, or 0.
 */
struct dialect dialect_find(const char *text, size_t size, char hint,
			    const struct dialect_given *given, struct source_file *file);
