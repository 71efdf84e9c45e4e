/*
 * A sketch file of a stranger: refused with a reason, or read, and then it is written again as the same bytes and compares
 * well with itself. Each input is also tried with its checksum mended, or hardly any would come further.
 */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "ingest/sketch.h"

static void decode(const char *data, size_t size)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct table_sketch s;
	int rc = sketch_decode(data, size, &a, &s, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	} else {
		struct buf out;
		buf_init(&out, SKETCH_BYTES_MAX);
		sketch_encode(&s, &out);
		ASSERT(out.size == size && memcmp(out.data, data, size) == 0);
		buf_release(&out);
	}
	for (size_t i = 0; rc == 0 && i < s.n; i++) {
		struct sketch_overlap o = sketch_compare(&s.columns[i], &s.columns[0]);
		ASSERT(o.found <= o.of && o.of <= (int64_t)s.columns[i].n);
		ASSERT(!sketch_excludes(&s.columns[i], &s.columns[i], 100));
	}
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = xmalloc(size + 1);
	memcpy(copy, data, size);
	decode(copy, size);
	if (size >= 8) {
		uint64_t sum = hash_xx64(copy, size - 8);
		for (size_t i = 0; i < 8; i++) {
			copy[size - 8 + i] = (char)(sum >> (8 * i) & 0xFF);
		}
		decode(copy, size);
	}
	free(copy);
	return 0;
}
