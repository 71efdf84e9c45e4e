/*
 * The grammar of RFC 8259, without exception, over a reader's window: where a record ends, and where its members lie.
 */
#pragma once

#include "ingest/reader.h"

struct json_key; /* json_records.c */

struct member {
	size_t at, size; /* of the key between its quotes, from the record's first byte */
	size_t value, value_size;
	struct json_key *key;
};

struct js {
	struct record_reader *r;
	size_t i;
	size_t end; /* SIZE_MAX: the text's */
	size_t depth, deepest;
	size_t members;
	bool object;
	const char *broken; /* why it is no JSON */
};

/* Leaves blanks behind. */
void js_blanks(struct js *js);
/* Notes why it is no JSON, unless something was found before; false. */
bool js_break(struct js *js, const char *why);
/*
 * The value at i, of any depth; of an object the members are noted in the reader, one more than CSV_COLUMNS_MAX of them at
 * most. False: no JSON, broken says why.
 */
bool js_record(struct js *js);
