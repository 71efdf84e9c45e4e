/*
 * Which of the next MARKS_BLOCK bytes are one of up to four: 16 at a time by SSE2, which is part of x86-64, else one by
 * one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__) && \
	!defined(__clang_analyzer__) /* clang-tidy has no headers for the instructions of gcc */
#define MARKS_SSE2
#include <emmintrin.h>
#endif

enum { MARKS_BLOCK = 64 };

#ifdef MARKS_SSE2
typedef __m128i marks_unit;
#else
typedef char marks_unit;
#endif

struct marks {
	marks_unit of[4];
};

static inline struct marks marks_of(char a, char b, char c, char d)
{
	struct marks m;
	const char of[4] = { a, b, c, d };
	for (size_t i = 0; i < 4; i++) {
#ifdef MARKS_SSE2
		m.of[i] = _mm_set1_epi8(of[i]);
#else
		m.of[i] = of[i];
#endif
	}
	return m;
}

/* Bit i: s[i] is one of them. s has MARKS_BLOCK bytes. */
static inline uint64_t marks_in(const struct marks *m, const char *s)
{
	uint64_t found = 0;
#ifdef MARKS_SSE2
	for (unsigned i = 0; i < MARKS_BLOCK; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(s + i));
		__m128i one = _mm_or_si128(_mm_cmpeq_epi8(bytes, m->of[0]),
					   _mm_cmpeq_epi8(bytes, m->of[1]));
		__m128i two = _mm_or_si128(_mm_cmpeq_epi8(bytes, m->of[2]),
					   _mm_cmpeq_epi8(bytes, m->of[3]));
		found |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(one, two)) << i;
	}
#else
	for (unsigned i = 0; i < MARKS_BLOCK; i++) {
		bool is = s[i] == m->of[0] || s[i] == m->of[1] || s[i] == m->of[2] ||
			s[i] == m->of[3];
		found |= (uint64_t)is << i;
	}
#endif
	return found;
}
