/*
 * The 64-bit fingerprint of a value: XXH3 of its bytes without the blanks around them, seed 0, the same on every
 * machine and in every version, because sketches are stored. Not keyed: whoever writes the data can make two values
 * share one, so that equal fingerprints prove nothing; different ones prove that values differ.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifndef __clang_analyzer__ /* clang-tidy has no headers for the instructions of gcc */
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

static inline uint64_t fingerprint(const void *data, size_t size)
{
	return XXH3_64bits(data, size);
}
