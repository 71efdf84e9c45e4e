/*
 * The encoding, in this order: a byte order mark; UTF-16 by where its zero bytes are; UTF-8 without a fault; UTF-8
 * with characters that are no chance beside its faults (two encodings in one file must not become wrong letters unsaid),
 * or with faults that make no sense as letters either, whose records are then rejected; what libuchardet says, where
 * that is worth something; windows-1252.
 */
#include "ingest/first_look.h"

#include <stdlib.h>
#include <string.h>
#include <uchardet/uchardet.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ingest/encoding.h"
#include "ingest/source_text.h"

enum { CHUNK = 256 << 10, CARRY = 3, ODD_AROUND = 24 };
enum { UCHARDET_MIN = 20 /* letters; on fewer it guesses at random */ };

struct pass {
	struct arena *arena;
	char *head;
	size_t head_size;
	char *tail;
	size_t tail_size;
	int64_t size;               /* of the unpacked text */
	int64_t characters, faults; /* beyond ASCII: of UTF-8, and parts that are none */
	int64_t fitting;            /* of the faults: what would make sense in another encoding */
	char *odd;
	size_t odd_size;
};

/* ---- what a file begins with ---- */

static const struct {
	const char *bytes;
	size_t size;
	const char *what;
} binaries[] = {
	{ "PK\3\4", 4, "a ZIP archive or an office document" },
	{ "%PDF-", 5, "a PDF document" },
	{ "\x89PNG", 4, "a picture" },
	{ "GIF8", 4, "a picture" },
	{ "\xFF\xD8\xFF", 3, "a picture" },
	{ "SQLite format 3", 15, "a SQLite database" },
	{ "PAR1", 4, "a Parquet file" },
	{ "ORC", 3, "an ORC file" },
	{ "Obj\1", 4, "an Avro file" },
	{ "ARROW1", 6, "an Arrow file" },
	{ "\x28\xB5\x2F\xFD", 4, "packed with zstd" },
	{ "BZh", 3, "packed with bzip2" },
	{ "\xFD\x37zXZ", 5, "packed with xz" },
	{ "7z\xBC\xAF", 4, "a 7z archive" },
	{ "\xD0\xCF\x11\xE0", 4, "an old office document" },
	{ "\x7F"
	  "ELF",
	  4, "a program" },
};

static const char *known_binary(const struct pass *p)
{
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
		if (p->head_size >= binaries[i].size &&
		    memcmp(p->head, binaries[i].bytes, binaries[i].size) == 0) {
			return binaries[i].what;
		}
	}
	return NULL;
}

/* Zeros and other control characters, of which a text has next to none. */
static const char *looks_binary(const struct pass *p)
{
	size_t zeros = 0;
	size_t controls = 0;
	for (size_t i = 0; i < p->head_size; i++) {
		unsigned char c = (unsigned char)p->head[i];
		zeros += c == 0 ? 1 : 0;
		controls += c < 0x20 && c != 0 && (c < '\t' || c > '\r') ? 1 : 0;
	}
	bool binary = zeros * 4 > p->head_size ||
		(p->head_size >= 256 && p->faults > 0 && (zeros + controls) * 25 > p->head_size);
	return binary ? "not text" : NULL;
}

/* ---- the pass over the bytes ---- */

/* Keeps what stands around a byte that is not ASCII. */
static void keep_odd(struct pass *p, const char *s, size_t size, size_t at, size_t *behind)
{
	size_t from = at > ODD_AROUND ? at - ODD_AROUND : 0;
	size_t to = size - at > ODD_AROUND ? at + ODD_AROUND : size;
	from = from > *behind ? from : *behind;
	if (to <= from || p->odd_size + (to - from) > LOOK_ODD) {
		return;
	}
	memcpy(p->odd + p->odd_size, s + from, to - from);
	p->odd_size += to - from;
	*behind = to;
}

static bool ascii_letter(char c)
{
	char lower = (char)(c | 0x20);
	return lower >= 'a' && lower <= 'z';
}

/* A letter of a one-byte encoding stands beside another one; most signs stand anywhere. */
static bool fits_elsewhere(const char *s, size_t size, size_t at)
{
	unsigned char c = (unsigned char)s[at];
	bool before = at > 0 && (ascii_letter(s[at - 1]) || (signed char)s[at - 1] < 0);
	bool behind = at + 1 < size && (ascii_letter(s[at + 1]) || (signed char)s[at + 1] < 0);
	bool sign = c == 0x80 || (c >= 0x91 && c <= 0x97) || (c >= 0xA0 && c <= 0xBF);
	return sign || before || behind;
}

static size_t ascii_size(const char *s, size_t size)
{
	size_t i = 0;
	uint64_t word;
	for (; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		if ((word & 0x8080808080808080U) != 0) {
			break;
		}
	}
	while (i < size && (signed char)s[i] >= 0) {
		i++;
	}
	return i;
}

/* Counts characters; what may be cut off at the end is left. Returns the bytes that were looked at. */
static size_t count_characters(struct pass *p, const char *s, size_t size, bool last)
{
	size_t end = last || size < CARRY ? size : size - CARRY;
	size_t behind = 0;
	size_t i = 0;
	while ((i += ascii_size(s + i, size - i)) < (last ? size : end)) {
		bool valid;
		size_t step = utf8_next(s + i, size - i, &valid);
		*(valid ? &p->characters : &p->faults) += 1;
		p->fitting += !valid && fits_elsewhere(s, size, i) ? 1 : 0;
		keep_odd(p, s, size, i, &behind);
		i += step;
	}
	return last || i > end ? i : end;
}

static void keep_samples(struct pass *p, const char *s, size_t size)
{
	size_t n = LOOK_HEAD - p->head_size;
	n = n < size ? n : size;
	memcpy(p->head + p->head_size, s, n);
	p->head_size += n;
	p->size += (int64_t)size;
	if (size >= LOOK_TAIL) {
		memcpy(p->tail, s + size - LOOK_TAIL, LOOK_TAIL);
		p->tail_size = LOOK_TAIL;
		return;
	}
	size_t keep = LOOK_TAIL - size;
	keep = keep < p->tail_size ? keep : p->tail_size;
	memmove(p->tail, p->tail + p->tail_size - keep, keep);
	memcpy(p->tail + keep, s, size);
	p->tail_size = keep + size;
}

static int read_all(struct source_text *t, struct pass *p, struct bldr_error *err)
{
	char *data = xmalloc(CHUNK + CARRY);
	size_t carry = 0;
	size_t n = 1;
	int rc = 0;
	while (n > 0) {
		rc = source_text_read(t, data + carry, CHUNK, &n, err);
		if (rc != 0) {
			break;
		}
		keep_samples(p, data + carry, n);
		size_t size = carry + n;
		size_t used = count_characters(p, data, size, n == 0);
		carry = size - used;
		memmove(data, data + used, carry);
	}
	free(data);
	return rc;
}

/* ---- the encoding ---- */

/* Western text has its zero bytes on one side of each pair. NULL: it is not UTF-16. */
static const char *utf16_by_zeros(const struct pass *p)
{
	size_t zeros[2] = { 0, 0 };
	size_t n = p->head_size < 4096 ? p->head_size : 4096;
	for (size_t i = 0; i < n; i++) {
		zeros[i % 2] += p->head[i] == '\0' ? 1 : 0;
	}
	if (n < 4 || p->size % 2 != 0) {
		return NULL;
	}
	if (zeros[1] * 5 > n && zeros[0] * 50 < n) {
		return "utf-16le";
	}
	return zeros[0] * 5 > n && zeros[1] * 50 < n ? "utf-16be" : NULL;
}

/*
 * What libuchardet says is taken for scripts that windows-1252 does not have. Its guesses among the Latin
 * encodings of western Europe are no better than chance on the few words of a table.
 */
static const char *by_uchardet(const struct pass *p, struct arena *a)
{
	static const char *const taken[] = {
		"shift_jis",  "euc-jp",       "euc-kr",       "uhc",          "big5",
		"gb18030",    "euc-tw",       "windows-1251", "koi8-r",       "windows-1253",
		"tis-620",    "windows-1255", "windows-1256", "windows-1250", "iso-8859-2",
		"iso-8859-5", "iso-8859-7",
	};
	uchardet_t detector = uchardet_new();
	ASSERT(detector != NULL);
	const char *found = NULL;
	if (uchardet_handle_data(detector, p->odd, p->odd_size) == 0) {
		uchardet_data_end(detector);
		found = uchardet_get_charset(detector);
	}
	char *name = found != NULL ? arena_strdup(a, found) : NULL;
	uchardet_delete(detector);
	for (char *c = name; c != NULL && *c != '\0'; c++) {
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	}
	for (size_t i = 0; name != NULL && i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct decoder *d = strcmp(name, taken[i]) == 0 ? decoder_new(name) : NULL;
		if (d != NULL) {
			decoder_free(d);
			return name;
		}
	}
	return NULL;
}

static void find_encoding(const struct pass *p, const char *given, struct first_look *ret)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *encoding;
	} marks[] = {
		{ "\xEF\xBB\xBF", 3, "utf-8" },
		{ "\xFF\xFE\0\0", 4, "utf-32le" },
		{ "\xFF\xFE", 2, "utf-16le" },
		{ "\xFE\xFF", 2, "utf-16be" },
	};
	ret->encoding = given;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (p->head_size >= marks[i].size &&
		    memcmp(p->head, marks[i].bytes, marks[i].size) == 0 &&
		    (given == NULL || strcmp(given, marks[i].encoding) == 0)) {
			ret->encoding = marks[i].encoding;
			ret->bom = true;
			return;
		}
	}
	if (given != NULL) {
		return;
	}
	ret->encoding = utf16_by_zeros(p);
	ret->guessed = ret->encoding != NULL;
	if (ret->guessed) {
		return;
	}
	ret->encoding = "utf-8";
	/* by chance a third of the letters of East Asia are UTF-8, of Europe's next to none */
	if (p->characters * 2 < p->faults && p->fitting * 2 > p->faults) {
		const char *found = p->faults >= UCHARDET_MIN ? by_uchardet(p, p->arena) : NULL;
		bool western = found == NULL && p->characters * 20 < p->faults;
		ret->guessed = found != NULL || western;
		ret->encoding = western ? "windows-1252" : found != NULL ? found : "utf-8";
	}
}

/* ---- the samples ---- */

static const char *decode(const char *encoding, const char *s, size_t size, struct arena *a,
			  size_t *ret_size)
{
	struct decoder *d = strcmp(encoding, "utf-8") == 0 ? NULL : decoder_new(encoding);
	if (d == NULL) {
		*ret_size = size;
		return s;
	}
	size_t room = size * 3 + DECODER_ROOM_MIN; /* no character grows more */
	char *to = arena_alloc(a, room);
	size_t used;
	*ret_size = decoder_run(d, s, size, true, to, room, &used);
	decoder_free(d);
	return to;
}

static size_t last_line_end(const char *s, size_t size)
{
	while (size > 0 && s[size - 1] != '\n' && s[size - 1] != '\r') {
		size--;
	}
	return size;
}

static void make_samples(const struct pass *p, struct arena *a, struct first_look *ret)
{
	ret->whole = p->size == (int64_t)p->head_size;
	ret->head = decode(ret->encoding, p->head, p->head_size, a, &ret->head_size);
	if (ret->head_size >= 3 && memcmp(ret->head, "\xEF\xBB\xBF", 3) == 0) {
		ret->head += 3;
		ret->head_size -= 3;
	}
	if (ret->whole) {
		ret->tail = "";
		return;
	}
	size_t cut = last_line_end(ret->head, ret->head_size);
	ret->head_size = cut > 0 ? cut : ret->head_size;
	/* UTF-16 and UTF-32 are entered at a whole unit; LOOK_TAIL is a multiple of it */
	size_t odd = (size_t)((p->size - (int64_t)p->tail_size) % 4);
	size_t skip = (4 - odd) % 4;
	size_t size;
	const char *tail = decode(ret->encoding, p->tail + skip, p->tail_size - skip, a, &size);
	size_t i = 0;
	while (i < size && tail[i] != '\n') {
		i++;
	}
	ret->tail = tail + i;
	ret->tail_size = size - i;
}

static int look_with(const char *folder, const struct source_file *file, struct arena *a,
		     struct pass *p, struct first_look *ret, struct bldr_error *err)
{
	struct source_text *t;
	int rc = source_text_open(folder, file, &t, err);
	if (rc != 0) {
		return rc;
	}
	*p = (struct pass){ .arena = a };
	p->head = arena_alloc(a, LOOK_HEAD);
	p->tail = arena_alloc(a, LOOK_TAIL);
	p->odd = arena_alloc(a, LOOK_ODD);
	rc = read_all(t, p, err);
	rc = rc != 0 ? rc : source_text_hash(t, ret->hash, &ret->bytes, err);
	source_text_close(t);
	return rc;
}

int first_look(const char *folder, const char *path, const char *encoding, struct arena *a,
	       struct first_look *ret, struct bldr_error *err)
{
	struct first_look look = { 0 };
	struct source_file file = { .path = path, .encoding = "utf-8" };
	struct pass p;
	int rc = look_with(folder, &file, a, &p, &look, err);
	if (rc == 0 && p.head_size >= 2 && memcmp(p.head, "\x1F\x8B", 2) == 0) {
		file.compression = COMPRESSION_GZIP;
		rc = look_with(folder, &file, a, &p, &look, err);
	}
	if (rc != 0) {
		return rc;
	}
	look.compression = file.compression;
	look.binary = known_binary(&p);
	find_encoding(&p, encoding, &look);
	if (look.binary == NULL && strncmp(look.encoding, "utf-16", 6) != 0 &&
	    strncmp(look.encoding, "utf-32", 6) != 0) {
		look.binary = looks_binary(&p);
	}
	look.unpacked = p.size;
	look.undecoded = p.faults;
	make_samples(&p, a, &look);
	*ret = look;
	return 0;
}
