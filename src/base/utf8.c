/*
 * Table 3-7 of the Unicode standard, byte by byte. A run of ASCII is skipped eight bytes at a time,
 * because nearly all text that comes through here is ASCII.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t ascii_prefix(const char *s, size_t size)
{
	size_t n = 0;
	while (size - n >= sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, s + n, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0) {
			break;
		}
		n += sizeof(word);
	}
	while (n < size && (unsigned char)s[n] < 0x80) {
		n++;
	}
	return n;
}

/* Length by lead byte and the range of the second byte; 0 when no character begins so. */
static size_t sequence(unsigned char lead, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	*ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	if (lead < 0x80) {
		return 1;
	}
	if (lead >= 0xC2 && lead <= 0xDF) {
		return 2;
	}
	if (lead >= 0xE0 && lead <= 0xEF) {
		return 3;
	}
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t utf8_next(const char *s, size_t size, bool *ret_valid)
{
	unsigned char low;
	unsigned char high;
	size_t length = sequence((unsigned char)s[0], &low, &high);

	*ret_valid = false;
	if (length == 0) {
		return 1;
	}
	for (size_t i = 1; i < length; i++) {
		if (i == size || (unsigned char)s[i] < low || (unsigned char)s[i] > high) {
			return i;
		}
		low = 0x80;
		high = 0xBF;
	}
	*ret_valid = true;
	return length;
}

bool utf8_valid(const char *s, size_t size)
{
	size_t at = ascii_prefix(s, size);
	while (at < size) {
		bool valid;
		at += utf8_next(s + at, size - at, &valid);
		if (!valid) {
			return false;
		}
		at += ascii_prefix(s + at, size - at);
	}
	return true;
}

size_t utf8_count(const char *s, size_t size)
{
	size_t n = 0;
	for (size_t at = 0; at < size; n++) {
		bool valid;
		at += utf8_next(s + at, size - at, &valid);
	}
	return n;
}

size_t utf8_cut(const char *s, size_t size, size_t max)
{
	if (size <= max) {
		return size;
	}
	for (size_t back = 0; back < 4 && back <= max; back++) {
		size_t at = max - back;
		if (((unsigned char)s[at] & 0xC0) != 0x80) {
			bool valid;
			size_t length = utf8_next(s + at, size - at, &valid);
			return valid && at + length > max ? at : max;
		}
	}
	return max;
}

size_t utf8_put(char *to, uint32_t c)
{
	static const unsigned char first[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6) {
		to[i] = (char)(0x80 | (c & 0x3F));
	}
	to[0] = (char)(first[n] | c);
	return n;
}
