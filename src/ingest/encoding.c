/* UTF-16 and windows-1252 are decoded here, every other encoding by the C library's iconv. */
#include "ingest/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

enum kind { KIND_UTF16LE, KIND_UTF16BE, KIND_WINDOWS_1252, KIND_ICONV };

struct decoder {
	enum kind kind;
	bool uhc;
	iconv_t iconv;
};

/* Bytes 80 to 9F of windows-1252 (WHATWG's and Unicode's table, without the five undefined ones). */
static const uint16_t windows_1252[32] = {
	0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

struct decoder *decoder_new(const char *encoding)
{
	static const struct {
		const char *name;
		enum kind kind;
	} own[] = {
		{ "utf-16le", KIND_UTF16LE },
		{ "utf-16be", KIND_UTF16BE },
		{ "windows-1252", KIND_WINDOWS_1252 },
	};
	struct decoder d = { .kind = KIND_ICONV, .iconv = (iconv_t)-1 };
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(encoding, own[i].name) == 0) {
			d.kind = own[i].kind;
		}
	}
	if (d.kind == KIND_ICONV) {
		/* a slash would be an option of iconv, such as //IGNORE */
		d.iconv = strchr(encoding, '/') == NULL ? iconv_open("UTF-8", encoding)
							: (iconv_t)-1;
		if (d.iconv == (iconv_t)-1) {
			return NULL;
		}
	}
	d.uhc = strcmp(encoding, "uhc") == 0 || strcmp(encoding, "cp949") == 0;
	struct decoder *ret = xcalloc(1, sizeof(*ret));
	*ret = d;
	return ret;
}

void decoder_free(struct decoder *d)
{
	if (d != NULL && d->kind == KIND_ICONV) {
		(void)iconv_close(d->iconv);
	}
	free(d);
}

static size_t run_windows_1252(const uint8_t *from, size_t size, char *to, size_t room,
			       size_t *ret_used)
{
	size_t out = 0;
	size_t i = 0;
	for (; i < size && room - out >= 3; i++) {
		uint32_t c = from[i];
		if (c < 0x80 || c > 0x9F) {
			out += utf8_put(to + out, c);
		} else if (windows_1252[c - 0x80] != 0) {
			out += utf8_put(to + out, windows_1252[c - 0x80]);
		} else {
			to[out++] = (char)c;
		}
	}
	*ret_used = i;
	return out;
}

static uint32_t unit(const uint8_t *from, bool big)
{
	return big ? (uint32_t)from[0] << 8 | from[1] : (uint32_t)from[1] << 8 | from[0];
}

static size_t run_utf16(bool big, const uint8_t *from, size_t size, bool last, char *to,
			size_t room, size_t *ret_used)
{
	size_t out = 0;
	size_t i = 0;
	for (; size - i >= 2 && room - out >= 4; i += 2) {
		uint32_t c = unit(from + i, big);
		if (c >= 0xD800 && c <= 0xDBFF) {
			if (size - i < 4 && !last) {
				break;
			}
			uint32_t low = size - i >= 4 ? unit(from + i + 2, big) : 0;
			if (low >= 0xDC00 && low <= 0xDFFF) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i += 2;
			}
		}
		out += utf8_put(to + out, c);
	}
	if (last && size - i == 1 && room - out >= 1) {
		to[out++] = '\xFF';
		i++;
	}
	*ret_used = i;
	return out;
}

/* An undefined byte. Two of them must not make a character. */
static size_t put_undefined(char *to, char byte)
{
	unsigned char c = (unsigned char)byte;
	to[0] = byte;
	if (c < 0xC2 || c > 0xF4) {
		return 1;
	}
	to[1] = '\xFF';
	return 2;
}

/* glibc steps over the one pair of UHC that is no character, as if it had read it. */
static bool stepped_over(const char *from, const char *in)
{
	return in - from >= 2 && memcmp(in - 2, "\xA2\xE8", 2) == 0;
}

static size_t run_iconv(const struct decoder *d, const char *from, size_t size, bool last, char *to,
			size_t room, size_t *ret_used)
{
	char *in = (char *)(uintptr_t)from; /* iconv does not write to it */
	char *out = to;
	size_t left = size;
	while (left > 0 && room > 1) {
		const char *before = in;
		if (iconv(d->iconv, &in, &left, &out, &room) != (size_t)-1) {
			continue;
		}
		bool undefined = errno == EILSEQ || (errno == EINVAL && last);
		if (errno == EILSEQ && d->uhc && stepped_over(before, in)) {
			in -= 2;
			left += 2;
		}
		if (!undefined || room < 2 || left == 0) {
			break; /* no room, or the end of a character is still to come */
		}
		size_t n = put_undefined(out, *in++);
		left--;
		out += n;
		room -= n;
	}
	if (last && left == 0) { /* what waits for an accent behind it */
		(void)iconv(d->iconv, NULL, NULL, &out, &room);
	}
	*ret_used = size - left;
	return (size_t)(out - to);
}

size_t decoder_run(struct decoder *d, const char *from, size_t size, bool last, char *to,
		   size_t room, size_t *ret_used)
{
	const uint8_t *bytes = (const uint8_t *)from;
	if (d->kind == KIND_WINDOWS_1252) {
		return run_windows_1252(bytes, size, to, room, ret_used);
	}
	if (d->kind == KIND_ICONV) {
		return run_iconv(d, from, size, last, to, room, ret_used);
	}
	return run_utf16(d->kind == KIND_UTF16BE, bytes, size, last, to, room, ret_used);
}
