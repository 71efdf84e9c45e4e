/*
 * jsonl and json: a parser that keeps what it reads as written. Texts are decoded in place, in a copy of the file's
 * text; numbers, true and false, objects and arrays stay as they are. The happy path of a record is parse, look up
 * the keys, note where the values begin. A record that is no object of distinct keys is set aside; where an array
 * breaks, all that follows is one such record. A key that is not the next declared column is an error.
 */
#include "checks/reader_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/utf8.h"

enum { FIELDS_MAX = 1 << 28 };

/* A key as it was met. */
struct key {
	size_t column;  /* from 1; 0: of rejected records only */
	uint64_t stamp; /* the record that had it last */
};

struct member {
	struct key *key;
	const char *name;
	uint32_t value; /* where it begins in cut; 0: null */
};

struct parser {
	struct arena *arena;
	const struct source_file *file;
	const char *bytes;
	char *cut;
	size_t size, at, end; /* end: of what is parsed, a line or the whole */
	int64_t line;
	int64_t last_line,
		in_line; /* where the last record began, and how many began there so far */
	uint64_t stamp;
	const char *fault; /* of a record that is well-formed, but not good */
	struct map *keys;  /* name -> struct key */
	size_t columns;    /* met so far */
	LIST(struct member) members;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && is_blank(p->bytes[p->at])) {
		p->line += p->bytes[p->at++] == '\n';
	}
}

static bool at_char(const struct parser *p, char c)
{
	return p->at < p->end && p->bytes[p->at] == c;
}

/* NUL at the end. */
static char here(const struct parser *p)
{
	if (p->at < p->end) {
		return p->bytes[p->at];
	}
	return '\0';
}

static bool take(struct parser *p, char c)
{
	bool is = at_char(p, c);
	p->at += is;
	return is;
}

static void fail_record(struct parser *p, const char *reason)
{
	if (p->fault == NULL) {
		p->fault = reason;
	}
}

/* ---- texts ---- */

static bool parse_hex(struct parser *p, unsigned *ret)
{
	unsigned v = 0;
	for (int i = 0; i < 4; i++, p->at++) {
		char c = here(p);
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
			: c >= 'a' && c <= 'f'        ? (unsigned)(c - 'a') + 10
			: c >= 'A' && c <= 'F'        ? (unsigned)(c - 'A') + 10
						      : 16;
		if (digit == 16) {
			return false;
		}
		v = v << 4 | digit;
	}
	*ret = v;
	return true;
}

/* Behind \u: a letter, of two such when the first is half of one. */
static bool parse_unicode(struct parser *p, bool decode, size_t *out)
{
	unsigned c = 0, low = 0;
	if (!parse_hex(p, &c)) {
		return false;
	}
	if (c >= 0xD800 && c < 0xDC00 && p->at + 1 < p->end && p->bytes[p->at] == '\\' &&
	    p->bytes[p->at + 1] == 'u') {
		size_t back = p->at;
		p->at += 2;
		if (!parse_hex(p, &low)) {
			return false;
		}
		if (low >= 0xDC00 && low < 0xE000) {
			c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
		} else {
			p->at = back;
		}
	}
	bool half = c >= 0xD800 && c < 0xE000;
	if (decode && (half || c == 0)) {
		fail_record(p, half ? "half a surrogate pair" : "a text with U+0000");
	} else if (decode) {
		*out += utf8_put(p->cut + *out, c);
	}
	return true;
}

static bool parse_escape(struct parser *p, bool decode, size_t *out)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = here(p);
	p->at += p->at < p->end;
	if (c == 'u') {
		return parse_unicode(p, decode, out);
	}
	const char *letter = c != '\0' ? strchr(letters, c) : NULL;
	if (letter != NULL && decode) {
		p->cut[(*out)++] = meant[letter - letters];
	}
	return letter != NULL;
}

/* decode: the text, ended by NUL, replaces what stands behind its opening quote in cut. */
static bool parse_text(struct parser *p, bool decode, uint32_t *ret_begin)
{
	if (!take(p, '"')) {
		return false;
	}
	size_t out = p->at;
	*ret_begin = (uint32_t)out;
	while (p->at < p->end) {
		char c = p->bytes[p->at++];
		if (c == '"') {
			if (decode) {
				p->cut[out] = '\0';
			}
			return true;
		}
		if (c == '\\') {
			if (!parse_escape(p, decode, &out)) {
				return false;
			}
		} else if ((unsigned char)c < 0x20) {
			return false;
		} else if (decode) {
			p->cut[out++] = c;
		}
	}
	return false;
}

/* ---- other values ---- */

static size_t skip_digits(struct parser *p)
{
	size_t from = p->at;
	while (p->at < p->end && p->bytes[p->at] >= '0' && p->bytes[p->at] <= '9') {
		p->at++;
	}
	return p->at - from;
}

static bool parse_number(struct parser *p)
{
	take(p, '-');
	bool zero = at_char(p, '0');
	size_t digits = skip_digits(p);
	if (digits == 0 || (zero && digits > 1) || (take(p, '.') && skip_digits(p) == 0)) {
		return false;
	}
	if (!take(p, 'e') && !take(p, 'E')) {
		return true;
	}
	if (!take(p, '-')) {
		take(p, '+');
	}
	return skip_digits(p) > 0;
}

static bool parse_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);
	bool is = p->end - p->at >= n && memcmp(p->bytes + p->at, word, n) == 0;
	p->at += is ? n : 0;
	return is;
}

/* Over a value of any depth by its brackets alone. */
static bool skip_deep(struct parser *p)
{
	size_t depth = 0;
	do {
		uint32_t begin;
		char c = here(p);
		if (c == '"') {
			if (!parse_text(p, false, &begin)) {
				return false;
			}
			continue;
		}
		if (p->at == p->end) {
			return false;
		}
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		p->line += c == '\n';
		p->at++;
	} while (depth > 0);
	return true;
}

static bool skip_value(struct parser *p, int depth);

/* The members of an object or array that is not looked into. */
static bool skip_members(struct parser *p, int depth, char close)
{
	p->at++;
	skip_blanks(p);
	if (take(p, close)) {
		return true;
	}
	do {
		uint32_t begin;
		skip_blanks(p);
		if (close == '}') {
			if (!parse_text(p, false, &begin)) {
				return false;
			}
			skip_blanks(p);
			if (!take(p, ':')) {
				return false;
			}
			skip_blanks(p);
		}
		if (!skip_value(p, depth + 1)) {
			return false;
		}
		skip_blanks(p);
	} while (take(p, ','));
	return take(p, close);
}

/* False: no JSON. depth: of the value, the record's own being 1. */
static bool skip_value(struct parser *p, int depth)
{
	uint32_t begin;
	char c = here(p);
	bool container = c == '{' || c == '[';
	if (container && depth > READER_DEPTH_MAX) {
		fail_record(p, "deeper than 64");
		return skip_deep(p);
	}
	if (container) {
		return skip_members(p, depth, c == '{' ? '}' : ']');
	}
	if (c == '"') {
		return parse_text(p, false, &begin);
	}
	return parse_word(p, "true") || parse_word(p, "false") || parse_word(p, "null") ||
		parse_number(p);
}

/* ---- records ---- */

static struct key *key_of(struct parser *p, const char *name)
{
	void **place = map_at(p->keys, name, strlen(name));
	if (*place == NULL) {
		*place = ARENA_NEW(p->arena, struct key);
	}
	return *place;
}

static bool parse_member(struct parser *p)
{
	struct member m = { 0 };
	uint32_t name;
	skip_blanks(p);
	if (!parse_text(p, true, &name)) {
		return false;
	}
	skip_blanks(p);
	if (!take(p, ':')) {
		return false;
	}
	skip_blanks(p);
	if (at_char(p, '"')) {
		if (!parse_text(p, true, &m.value)) {
			return false;
		}
	} else if (!parse_word(p, "null")) {
		m.value = (uint32_t)p->at;
		if (!skip_value(p, 2)) {
			return false;
		}
		p->cut[p->at] = '\0';
	}
	m.name = p->cut + name;
	m.key = key_of(p, m.name);
	if (m.key->stamp == p->stamp) {
		fail_record(p, "a key twice");
	}
	m.key->stamp = p->stamp;
	*LIST_ADD(p->arena, &p->members) = m;
	skip_blanks(p);
	return true;
}

/* A record; false: no JSON. What is no object is a fault. */
static bool parse_record(struct parser *p)
{
	p->members.n = 0;
	p->fault = NULL;
	p->stamp++;
	if (!at_char(p, '{')) {
		fail_record(p, "not a JSON object");
		return skip_value(p, 1);
	}
	p->at++;
	skip_blanks(p);
	if (take(p, '}')) {
		return true;
	}
	do {
		if (!parse_member(p)) {
			return false;
		}
	} while (take(p, ','));
	return take(p, '}');
}

/* A key of a good record that none had before: it must be the next column. */
static int meet_key(struct parser *p, const struct member *m, int64_t line, struct bldr_error *err)
{
	const struct source_file *f = p->file;
	if (p->columns == f->columns.n || strcmp(f->columns.at[p->columns], m->name) != 0) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": line %lld has the key \"%.64s\", sources declares %s%.64s%s as "
			"column %zu",
			f->path, (long long)line, m->name, p->columns < f->columns.n ? "\"" : "",
			p->columns < f->columns.n ? f->columns.at[p->columns] : "nothing",
			p->columns < f->columns.n ? "\"" : "", p->columns + 1);
	}
	m->key->column = ++p->columns;
	return 0;
}

static int add_good(struct parser *p, struct raw_table *t, const struct raw_record *r,
		    struct bldr_error *err)
{
	size_t row = t->records.n * t->columns;
	for (size_t i = 0; i < t->columns; i++) {
		*LIST_ADD(p->arena, &t->fields) = 0;
	}
	for (size_t i = 0; i < p->members.n; i++) {
		const struct member *m = &p->members.at[i];
		int rc = m->key->column == 0 ? meet_key(p, m, r->line, err) : 0;
		if (rc < 0) {
			return rc;
		}
		t->fields.at[row + m->key->column - 1] = m->value;
	}
	*LIST_ADD(p->arena, &t->records) = *r;
	return 0;
}

static bool is_total(const struct parser *p)
{
	for (size_t i = 0; i < p->members.n; i++) {
		const struct member *m = &p->members.at[i];
		if (m->value != 0 && p->file->columns.n > 0 &&
		    strcmp(m->name, p->file->columns.at[0]) == 0) {
			return raw_record_is_total(p->file, p->cut + m->value);
		}
	}
	return false;
}

/* The record between two places in the text, as it was parsed; its number in its line follows. */
static int add_record(struct parser *p, struct raw_table *t, struct raw_record *r,
		      struct bldr_error *err)
{
	p->in_line = r->line == p->last_line ? p->in_line + 1 : 1;
	p->last_line = r->line;
	r->in_line = (uint32_t)p->in_line;
	const char *wrong = r->size > READER_RECORD_MAX
		? "longer than 16 MB"
		: raw_bytes_fault(p->file, p->bytes + r->offset, r->size, p->arena);
	if (wrong != NULL) {
		p->fault = wrong;
	}
	bool total = p->fault == NULL && is_total(p);
	if (p->fault == NULL && !total) {
		return add_good(p, t, r, err);
	}
	*LIST_ADD(p->arena, &t->rejects) = (struct raw_reject){
		.record = *r,
		.kind = total ? REJECT_TOTAL : REJECT_UNREADABLE,
		.reason = total ? raw_total_reason : p->fault,
	};
	return 0;
}

/* ---- the formats ---- */

static size_t line_end(const struct parser *p, size_t from)
{
	const char *feed = memchr(p->bytes + from, '\n', p->size - from);
	return feed != NULL ? (size_t)(feed - p->bytes) : p->size;
}

static int read_lines(struct parser *p, struct raw_table *t, struct bldr_error *err)
{
	int rc = 0;
	for (size_t from = p->at; rc == 0 && from < p->size;) {
		size_t feed = line_end(p, from);
		bool pair = feed > from && feed < p->size && p->bytes[feed - 1] == '\r';
		struct raw_record r = {
			.line = (uint32_t)p->line,
			.offset = (uint32_t)from,
			.size = (uint32_t)(feed - from - pair),
		};
		p->at = from;
		p->end = from + r.size;
		skip_blanks(p);
		if (p->at < p->end) {
			bool whole = parse_record(p);
			skip_blanks(p);
			if (!whole || p->at < p->end) {
				p->fault = "not JSON";
			}
			rc = add_record(p, t, &r, err);
		}
		p->line++;
		from = feed + 1;
	}
	return rc;
}

/* All from there on is one record. An array that is not closed has it even when nothing is left. */
static int reject_rest(struct parser *p, struct raw_table *t, size_t from, int64_t line,
		       struct bldr_error *err)
{
	struct raw_record r = {
		.line = (uint32_t)line,
		.offset = (uint32_t)from,
		.size = (uint32_t)(p->size - from),
	};
	p->fault = "the JSON array is broken here";
	return add_record(p, t, &r, err);
}

/* Behind the closing bracket only blanks may stand. */
static int end_array(struct parser *p, struct raw_table *t, struct bldr_error *err)
{
	skip_blanks(p);
	return p->at == p->size ? 0 : reject_rest(p, t, p->at, p->line, err);
}

/* One element and what follows it; *ret_more: another element does. */
static int read_element(struct parser *p, struct raw_table *t, bool *ret_more,
			struct bldr_error *err)
{
	*ret_more = false;
	size_t from = p->at;
	struct raw_record r = { .line = (uint32_t)p->line, .offset = (uint32_t)from };
	if (!parse_record(p)) {
		return reject_rest(p, t, from, r.line, err);
	}
	r.size = (uint32_t)(p->at - from);
	int rc = add_record(p, t, &r, err);
	if (rc < 0) {
		return rc;
	}
	skip_blanks(p);
	if (take(p, ',')) {
		skip_blanks(p);
		*ret_more = true;
		return 0;
	}
	return take(p, ']') ? end_array(p, t, err) : reject_rest(p, t, p->at, p->line, err);
}

static int read_array(struct parser *p, struct raw_table *t, struct bldr_error *err)
{
	p->end = p->size;
	skip_blanks(p);
	if (!take(p, '[')) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\": line %lld begins no JSON array, but sources declares "
				      "one",
				      p->file->path, (long long)p->line);
	}
	skip_blanks(p);
	if (take(p, ']')) {
		return end_array(p, t, err);
	}
	int rc = 0;
	for (bool more = true; rc == 0 && more;) {
		rc = read_element(p, t, &more, err);
	}
	return rc;
}

/* Room for as many records as there can be, so that the lists never grow. */
static int make_room(const struct parser *p, struct raw_table *t, struct bldr_error *err)
{
	char begin = p->file->format == FORMAT_JSONL ? '\n' : '{';
	size_t most = 1;
	for (size_t i = p->at; i < p->size; i++) {
		most += p->bytes[i] == begin;
	}
	if (t->columns > 0 && most > FIELDS_MAX / t->columns) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "\"%s\": up to %zu records of %zu columns are too many",
				      p->file->path, most, t->columns);
	}
	t->records.at = ARENA_ARRAY(p->arena, struct raw_record, most);
	t->records.room = most;
	t->fields.at = ARENA_ARRAY(p->arena, uint32_t, most * t->columns);
	t->fields.room = most * t->columns;
	return 0;
}

static int read_records(struct parser *p, struct raw_table *t, struct bldr_error *err)
{
	const struct source_file *f = p->file;
	for (int64_t i = 0; i < f->preamble_lines && p->at < p->size; i++, p->line++) {
		size_t feed = line_end(p, p->at);
		p->at = feed < p->size ? feed + 1 : feed;
	}
	int rc = make_room(p, t, err);
	if (rc == 0) {
		rc = f->format == FORMAT_JSONL ? read_lines(p, t, err) : read_array(p, t, err);
	}
	if (rc == 0 && p->columns < f->columns.n) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"%s\": no record has the key \"%.64s\" that sources declares", f->path,
			f->columns.at[p->columns]);
	}
	return rc;
}

int reader_json(const struct source_file *f, size_t from, char *cut, struct arena *a,
		struct raw_table *t, struct bldr_error *err)
{
	struct parser p = {
		.arena = a,
		.file = f,
		.bytes = t->bytes,
		.cut = cut,
		.size = t->size,
		.at = from,
		.line = 1,
		.keys = map_new(),
	};
	int rc = read_records(&p, t, err);
	map_free(p.keys);
	cut[0] = '\0'; /* no value begins there: the place of null and of missing keys */
	return rc;
}
