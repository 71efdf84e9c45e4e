/*
 * A fuzz target: LLVMFuzzerTestOneInput is handed any bytes and stops the program (ASSERT, a sanitizer)
 * when what it calls breaks a promise of its header; it always returns 0. libFuzzer calls it in the preset
 * `fuzz`; replay.c calls it with every seed of the corpus in the other presets.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bldr/error.h>
#include "base/check.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A call that failed has filled its error: the code it returned, and a text that can be shown. */
static inline void failed_well(int rc, const struct bldr_error *err)
{
	ASSERT(rc < 0);
	ASSERT(err->code == rc);
	ASSERT(err->text[0] != '\0');
	ASSERT(utf8_valid(err->text, strlen(err->text)));
}

/* The bytes behind the first line feed, or nothing; *size becomes that of the first line. */
static inline const char *second_part(const char *data, size_t *size, size_t *ret_size)
{
	const char *end = *size > 0 ? memchr(data, '\n', *size) : NULL;
	if (end == NULL) {
		*ret_size = 0;
		return data + *size;
	}
	*ret_size = *size - (size_t)(end + 1 - data);
	*size = (size_t)(end - data);
	return end + 1;
}
