/*
 * From the bytes of a file to its text. The happy path is unpack, decode, look at the byte order mark. What can go
 * wrong is the file (a broken gzip member) or the declaration (another compression, encoding or mark); bytes that
 * the declared encoding does not have are kept as bytes that are no UTF-8, and spoil their record alone.
 */
#include "checks/reader_parts.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/check.h"
#include "base/utf8.h"

/* A malloc'd text that grows up to a limit. */
struct growing {
	char *bytes;
	size_t size, room;
};

static int too_large(const struct source_file *f, struct bldr_error *err)
{
	return bldr_error_set(err, BLDR_E_LIMIT,
			      "\"%s\": more than %zu MiB of text, unpacked: split it", f->path,
			      RAW_FILE_MAX >> 20);
}

/* Room for at least n more bytes and a NUL, or LIMIT. */
static int grow(struct growing *g, size_t n, const struct source_file *f, struct bldr_error *err)
{
	if (g->size + n > RAW_FILE_MAX) {
		return too_large(f, err);
	}
	if (g->size + n + 1 > g->room) {
		g->room = (g->size + n + 1) * 2;
		g->room = g->room > RAW_FILE_MAX + 1 ? RAW_FILE_MAX + 1 : g->room;
		g->bytes = realloc(g->bytes, g->room);
		ASSERT(g->bytes != NULL);
	}
	return 0;
}

static void take(struct reader_text *text, struct growing *g)
{
	ASSERT(g->bytes != NULL); /* something was made room for */
	free(text->bytes);
	g->bytes[g->size] = '\0';
	*text = (struct reader_text){ g->bytes, g->size };
}

int64_t reader_line_of(const char *bytes, size_t size, size_t offset)
{
	int64_t line = 1;
	for (size_t i = 0; i < offset && i < size; i++) {
		bool pair = bytes[i] == '\r' && i + 1 < size && bytes[i + 1] == '\n';
		line += (bytes[i] == '\n' || bytes[i] == '\r') && !pair;
	}
	return line;
}

/* ---- gzip ---- */

static bool is_gzip(const char *bytes, size_t size)
{
	return size >= 2 && memcmp(bytes, "\x1F\x8B", 2) == 0;
}

/* Behind a member: 1: another one begins, 0: the end. */
static int next_member(const struct source_file *f, z_stream *z, size_t unpacked,
		       struct bldr_error *err)
{
	while (z->avail_in > 0 && *z->next_in == 0) { /* padding of tapes */
		z->next_in++;
		z->avail_in--;
	}
	if (z->avail_in == 0) {
		return 0;
	}
	if (!is_gzip((const char *)z->next_in, z->avail_in) || inflateReset(z) != Z_OK) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": bytes that are no gzip follow %zu bytes of text",
				      f->path, unpacked);
	}
	return 1;
}

static int inflate_members(const struct source_file *f, z_stream *z, struct growing *g,
			   struct bldr_error *err)
{
	enum { STEP = 1 << 16 };
	for (;;) {
		size_t room = g->size < RAW_FILE_MAX ? STEP : 1;
		room = room > RAW_FILE_MAX - g->size ? RAW_FILE_MAX - g->size : room;
		int rc = grow(g, room > 0 ? room : 1, f, err);
		if (rc < 0) {
			return rc;
		}
		z->next_out = (Bytef *)g->bytes + g->size;
		z->avail_out = (uInt)room;
		int told = inflate(z, Z_NO_FLUSH);
		g->size += room - z->avail_out;
		if (told == Z_STREAM_END) {
			rc = next_member(f, z, g->size, err);
			if (rc <= 0) {
				return rc;
			}
		} else if (told != Z_OK) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"\"%s\": declared as gzip, but broken behind %zu bytes of text "
				"(line %lld): %s",
				f->path, g->size,
				(long long)reader_line_of(g->bytes, g->size, g->size),
				z->msg != NULL ? z->msg : "the file ends too early");
		}
	}
}

int reader_unpack(const struct source_file *f, struct reader_text *text, struct bldr_error *err)
{
	bool packed = is_gzip(text->bytes, text->size);
	bool declared = f->compression == COMPRESSION_GZIP;
	if (packed != declared) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" is %s at its first byte, sources declares %s",
				      f->path, packed ? "gzip" : "no gzip",
				      declared ? "gzip" : "no compression");
	}
	if (!packed) {
		return 0;
	}
	z_stream z = { .next_in = (Bytef *)text->bytes, .avail_in = (uInt)text->size };
	struct growing g = { 0 };
	ASSERT(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK);
	int rc = inflate_members(f, &z, &g, err);
	inflateEnd(&z);
	if (rc < 0) {
		free(g.bytes);
		return rc;
	}
	take(text, &g);
	return 0;
}

/* ---- encodings ---- */

static unsigned unit_at(const unsigned char *p, bool big)
{
	return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

/* An unpaired surrogate becomes its three bytes, an odd last byte FF: neither is UTF-8. */
static int decode_utf16(const struct source_file *f, bool big, const struct reader_text *text,
			struct growing *g, struct bldr_error *err)
{
	const unsigned char *p = (const unsigned char *)text->bytes;
	int rc = grow(g, 0, f, err);
	for (size_t i = 0; rc == 0 && i + 1 < text->size; i += 2) {
		unsigned c = unit_at(p + i, big);
		if (c >= 0xD800 && c < 0xDC00 && i + 3 < text->size) {
			unsigned low = unit_at(p + i + 2, big);
			if (low >= 0xDC00 && low < 0xE000) {
				c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
				i += 2;
			}
		}
		rc = grow(g, 4, f, err);
		if (rc == 0) {
			g->size += utf8_put(g->bytes + g->size, c);
		}
	}
	if (rc == 0 && text->size % 2 == 1) {
		rc = grow(g, 1, f, err);
		if (rc == 0) {
			g->bytes[g->size++] = '\xFF';
		}
	}
	return rc;
}

/* What iconv does not know stays the byte it is, and FF keeps a lead byte of UTF-8 from what comes next. */
static int keep_byte(const struct source_file *f, char byte, struct growing *g,
		     struct bldr_error *err)
{
	bool lead = (unsigned char)byte >= 0xC2 && (unsigned char)byte <= 0xF4;
	int rc = grow(g, 2, f, err);
	if (rc == 0) {
		g->bytes[g->size++] = byte;
		if (lead) {
			g->bytes[g->size++] = (char)0xFF;
		}
	}
	return rc;
}

/* What glibc has taken in of Korean text without a word: A2 E8 is no character, yet it goes on behind it. */
static size_t swallowed(const struct source_file *f, const char *start, const char *in)
{
	bool korean = strcmp(f->encoding, "uhc") == 0 || strcmp(f->encoding, "cp949") == 0;
	size_t n = (size_t)(in - start);
	return korean && n > 1 && (unsigned char)in[-2] == 0xA2 && (unsigned char)in[-1] == 0xE8
		? 2
		: 0;
}

static int decode_iconv(const struct source_file *f, iconv_t cd, const struct reader_text *text,
			struct growing *g, struct bldr_error *err)
{
	enum { STEP = 1 << 16 };
	char *in = text->bytes;
	size_t left = text->size;
	int rc = grow(g, 0, f, err);
	while (rc == 0 && left > 0) {
		size_t room = RAW_FILE_MAX - g->size < STEP ? RAW_FILE_MAX - g->size : STEP;
		rc = grow(g, room < 8 ? 8 : room, f, err);
		if (rc < 0) {
			return rc;
		}
		char *out = g->bytes + g->size;
		size_t out_left = room;
		const char *start = in;
		size_t told = iconv(cd, &in, &left, &out, &out_left);
		g->size += room - out_left;
		if (told != (size_t)-1 || errno == E2BIG) {
			continue;
		}
		size_t back = errno == EILSEQ ? swallowed(f, start, in) : 0;
		in -= back;
		left += back;
		if (left > 0) {
			rc = keep_byte(f, *in++, g, err);
			left--;
		}
	}
	rc = rc == 0 ? grow(g, 8, f, err) : rc;
	if (rc == 0) { /* a letter that waited for its accent */
		char *out = g->bytes + g->size;
		size_t out_left = 8;
		(void)iconv(cd, NULL, NULL, &out, &out_left);
		g->size += 8 - out_left;
	}
	return rc;
}

static bool is_name(const char *encoding)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";
	return encoding[0] != '\0' && encoding[strspn(encoding, letters)] == '\0';
}

/* Text of another encoding whose letters all read as UTF-8 is UTF-8. */
static int refuse_utf8(const struct source_file *f, const struct reader_text *text,
		       struct bldr_error *err)
{
	size_t first = 0;
	while (first < text->size && (unsigned char)text->bytes[first] < 0x80) {
		first++;
	}
	if (first == text->size || !utf8_valid(text->bytes, text->size)) {
		return 0;
	}
	return bldr_error_set(
		err, BLDR_E_INVALID,
		"\"%s\": all its text is UTF-8, on line %lld first, sources declares \"%s\"",
		f->path, (long long)reader_line_of(text->bytes, text->size, first), f->encoding);
}

static int decode_other(const struct source_file *f, const struct reader_text *text,
			struct growing *g, struct bldr_error *err)
{
	iconv_t cd = is_name(f->encoding) ? iconv_open("UTF-8", f->encoding) : (iconv_t)-1;
	if (cd == (iconv_t)-1) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": sources declares encoding \"%s\", which nothing here "
				      "can read",
				      f->path, f->encoding);
	}
	int rc = refuse_utf8(f, text, err);
	if (rc == 0) {
		rc = decode_iconv(f, cd, text, g, err);
	}
	iconv_close(cd);
	return rc;
}

/* Without a mark: of the first units half or more have a NUL, all of them on the same side. */
static bool is_unmarked_utf16(const struct reader_text *text)
{
	enum { LOOK = 4096, SIZE_MIN = 4 };
	size_t n = text->size < LOOK ? text->size : LOOK;
	size_t zeros[2] = { 0, 0 };
	for (size_t i = 0; i < n; i++) {
		zeros[i % 2] += text->bytes[i] == '\0';
	}
	size_t units = n / 2, all = zeros[0] + zeros[1];
	return text->size >= SIZE_MIN && text->size % 2 == 0 && all * 2 >= units &&
		(zeros[0] == 0 || zeros[1] == 0);
}

static int refuse_utf16(const struct source_file *f, const struct reader_text *text,
			struct bldr_error *err)
{
	bool mark = text->size >= 2 &&
		(memcmp(text->bytes, "\xFF\xFE", 2) == 0 || memcmp(text->bytes, "\xFE\xFF", 2) == 0);
	if (!mark && !is_unmarked_utf16(text)) {
		return 0;
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "\"%s\": line 1 is UTF-16, sources declares \"%s\"", f->path,
			      f->encoding);
}

static int check_mark(const struct source_file *f, const struct reader_text *text,
		      struct bldr_error *err)
{
	bool bom = text->size >= 3 && memcmp(text->bytes, "\xEF\xBB\xBF", 3) == 0;
	if (bom != f->bom) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": line 1 begins with%s byte order mark of \"%s\", sources "
			"declares the opposite",
			f->path, bom ? " a" : "out a", f->encoding);
	}
	return 0;
}

int reader_decode(const struct source_file *f, struct reader_text *text, struct bldr_error *err)
{
	struct growing g = { 0 };
	int rc;
	if (strcmp(f->encoding, "utf-8") == 0) {
		rc = refuse_utf16(f, text, err);
		return rc < 0 ? rc : check_mark(f, text, err);
	}
	bool little = strcmp(f->encoding, "utf-16le") == 0;
	if (little || strcmp(f->encoding, "utf-16be") == 0) {
		rc = decode_utf16(f, !little, text, &g, err);
	} else {
		rc = decode_other(f, text, &g, err);
	}
	if (rc < 0) {
		free(g.bytes);
		return rc;
	}
	take(text, &g);
	return check_mark(f, text, err);
}
