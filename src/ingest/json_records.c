/*
 * Records of JSON: one object per line, or the elements of one array, read as they come. The grammar is RFC 8259's
 * without exception. Nothing is decoded but the keys and texts of the record itself: a number keeps the
 * digits that were written, an object or array inside is handed out as it stands.
 *
 * A record is scanned in three steps: the grammar alone (json_grammar.c), which finds its members; what a good record
 * may not be (take); the columns' values (add_values).
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ingest/json_grammar.h"

enum { KEYS_MAX = 10 * CSV_COLUMNS_MAX };

struct json_key {
	bool column;
	int64_t seen;  /* the last record that has it */
	size_t member; /* of that record */
	const char *text;
};

/* ---- texts ---- */

static uint32_t hex4(const char *s)
{
	uint32_t c = 0;
	for (int i = 0; i < 4; i++) {
		uint32_t digit = s[i] <= '9' ? (uint32_t)(s[i] - '0')
					     : (uint32_t)((s[i] | 0x20) - 'a' + 10);
		c = c << 4 | digit;
	}
	return c;
}

/* The character of an escape at s, behind the backslash; 0: one that no text may have. */
static uint32_t unescape(const char *s, size_t *ret_size)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	*ret_size = 1;
	if (*s != 'u') {
		return (uint32_t)to[strchr(from, *s) - from];
	}
	uint32_t c = hex4(s + 1);
	*ret_size = 5;
	if (c < 0xD800 || c > 0xDFFF) {
		return c;
	}
	/* the text's closing quote is behind it, so reading on stops in time */
	if (c > 0xDBFF || s[5] != '\\' || s[6] != 'u') {
		return 0;
	}
	uint32_t low = hex4(s + 7);
	*ret_size = 11;
	return low >= 0xDC00 && low <= 0xDFFF ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0;
}

/* The text between the quotes at `from`. False: it holds U+0000 or half a surrogate pair. */
static bool decode(struct record_reader *r, size_t from, size_t size, struct span *ret)
{
	const char *s = r->w.data + r->w.at + from;
	const char *end = s + size;
	if (memchr(s, '\\', size) == NULL) {
		*ret = (struct span){ .from = from, .size = size };
		return true;
	}
	reader_text_room(r, size);
	ret->own = true;
	ret->from = r->text_size;
	while (s < end) {
		if (*s != '\\') {
			r->text[r->text_size++] = *s++;
			continue;
		}
		size_t used;
		uint32_t c = unescape(s + 1, &used);
		if (c == 0) {
			return false;
		}
		r->text_size += utf8_put(r->text + r->text_size, c);
		s += 1 + used;
	}
	ret->size = r->text_size - ret->from;
	return true;
}

/* ---- columns ---- */

static struct json_key *key_of(struct record_reader *r, const char *text, size_t size)
{
	if (!r->collect) {
		return map_find(r->keys, text, size);
	}
	void **place = map_at(r->keys, text, size);
	if (*place == NULL) {
		struct json_key *key = ARENA_NEW(&r->key_arena, struct json_key);
		key->text = arena_strndup(&r->key_arena, text, size);
		*place = key;
	}
	return *place;
}

/* The keys of the record's members. False: rejected. */
static bool find_keys(struct record_reader *r, size_t members)
{
	for (size_t i = 0; i < members; i++) {
		struct member *m = &r->members[i];
		struct span span;
		if (!decode(r, m->at, m->size, &span)) {
			reader_reject(r, "a key with U+0000 or half a surrogate pair");
			return false;
		}
		const char *text = (span.own ? r->text : r->w.data + r->w.at) + span.from;
		m->key = key_of(r, text, span.size);
		r->text_size = 0;
		if (m->key == NULL) {
			reader_reject(r, "a key that is no column");
			return false;
		}
		if (m->key->seen == r->records) {
			reader_reject(r, "a key twice");
			return false;
		}
		m->key->seen = r->records;
		m->key->member = i;
	}
	return true;
}

/* The column's value, or the empty text when the record has none. False: rejected. */
static bool add_value(struct record_reader *r, const struct json_key *key)
{
	struct span span = { 0 };
	if (key->seen == r->records) {
		const struct member *m = &r->members[key->member];
		char first = window_byte(&r->w, m->value);
		if (first == '"') {
			if (!decode(r, m->value + 1, m->value_size - 2, &span)) {
				reader_reject(r, "a text with U+0000 or half a surrogate pair");
				return false;
			}
		} else if (first != 'n') {
			span = (struct span){ .from = m->value, .size = m->value_size };
		}
	}
	reader_add_span(r, span);
	return true;
}

/* All values, in the order of the columns or, while these are collected, of the record. */
static void add_values(struct record_reader *r, size_t members)
{
	bool good = true;
	size_t n = r->collect ? members : r->columns;
	for (size_t i = 0; i < n && good; i++) {
		good = add_value(r, r->collect ? r->members[i].key : map_value(r->keys, i));
	}
	if (!good) {
		r->n = 0;
		r->found = 0;
	}
}

static void collect_columns(struct record_reader *r, size_t members)
{
	for (size_t i = 0; i < members && r->reason[0] == '\0'; i++) {
		struct json_key *key = r->members[i].key;
		if (!key->column) {
			key->column = true;
			*LIST_ADD(&r->key_arena, &r->key_names) = key->text;
		}
	}
	if (r->key_names.n > CSV_COLUMNS_MAX || map_count(r->keys) > KEYS_MAX) {
		r->w.rc = bldr_error_set(&r->w.error, BLDR_E_LIMIT,
					 "the objects of \"%s\" have more than %d different keys",
					 r->name, CSV_COLUMNS_MAX);
	}
}

/* A record that is JSON: is it a good one? */
static void take(struct js *js, size_t size)
{
	struct record_reader *r = js->r;
	r->records++;
	if (js->deepest > JSON_DEPTH_MAX) {
		reader_reject(r, "more than %d brackets deep", JSON_DEPTH_MAX);
	} else if (!js->object) {
		reader_reject(r, "not an object");
	} else if (js->members > CSV_COLUMNS_MAX) {
		reader_reject(r, "more than %d keys", CSV_COLUMNS_MAX);
	} else if (!utf8_valid(r->w.data + r->w.at, size)) {
		reader_reject(r, "not valid UTF-8");
	} else if (find_keys(r, js->members)) {
		add_values(r, js->members);
		if (r->collect) {
			collect_columns(r, js->members);
		}
	}
}

/* ---- lines ---- */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Leaves lines of blanks behind. */
static bool start_line(struct record_reader *r)
{
	struct text_window *w = &r->w;
	for (size_t i = 0; window_have(w, i); i++) {
		char c = window_byte(w, i);
		if (!blank(c)) {
			return true;
		}
		if (c == '\n') {
			w->at += i + 1;
			r->line++;
			i = (size_t)-1;
		}
	}
	return !w->ended && w->rc == 0; /* a line of more blanks than a record may have */
}

static size_t scan_line(struct record_reader *r)
{
	struct text_window *w = &r->w;
	struct js js = { .r = r };
	while (window_have(w, js.end) && window_byte(w, js.end) != '\n') {
		js.end++;
	}
	bool ends = window_have(w, js.end);
	size_t size = js.end;
	size -= ends && size > 0 && window_byte(w, size - 1) == '\r' ? 1 : 0;
	if (size > CSV_RECORD_MAX) {
		reader_reject(r, "longer than %d bytes", CSV_RECORD_MAX);
		reader_cut(r, CSV_RECORD_MAX, END_LF);
		ends = window_have(w, 0);
		size = 0;
		js.end = 0;
	} else {
		bool good = js_record(&js);
		js_blanks(&js);
		if (good && js.i < js.end) {
			(void)js_break(&js, "something behind the object");
		}
		if (js.broken != NULL) {
			reader_reject(r, "not JSON: %s", js.broken);
		} else {
			take(&js, size);
		}
	}
	r->done = js.end + (ends ? 1 : 0);
	r->lines = ends ? 1 : 0;
	return size;
}

/* ---- an array ---- */

static void skip_blanks(struct record_reader *r)
{
	struct text_window *w = &r->w;
	while (window_have(w, 0) && blank(window_byte(w, 0))) {
		r->line += window_byte(w, 0) == '\n' ? 1 : 0;
		w->at++;
	}
}

static bool skip_char(struct record_reader *r, char c)
{
	struct text_window *w = &r->w;
	if (!window_have(w, 0) || window_byte(w, 0) != c) {
		return false;
	}
	w->at++;
	skip_blanks(r);
	return true;
}

static bool break_array(struct record_reader *r, const char *why)
{
	r->place = JSON_ENDED;
	reader_reject(r, "the array breaks here: %s", why);
	return true;
}

/* Behind the closing bracket only blanks may stand. */
static bool end_array(struct record_reader *r)
{
	if (window_have(&r->w, 0)) {
		return break_array(r, "something behind the array");
	}
	r->place = JSON_ENDED;
	return false;
}

/* True: an element follows, or what is left is a rejected record. */
static bool start_element(struct record_reader *r)
{
	if (r->place == JSON_ENDED) {
		return false;
	}
	skip_blanks(r);
	bool more = window_have(&r->w, 0);
	switch (r->place) {
	case JSON_BEFORE:
		if (!more) {
			return false;
		}
		if (!skip_char(r, '[')) {
			return break_array(r, "it does not begin with a bracket");
		}
		r->place = JSON_NEXT;
		return !skip_char(r, ']') || end_array(r);
	case JSON_NEXT:
		if (skip_char(r, ']')) {
			return end_array(r);
		}
		if (!skip_char(r, ',')) {
			return break_array(r, more ? "a comma is missing" : "it is not closed");
		}
		return true;
	case JSON_ENDED:
		break;
	}
	return false;
}

static size_t scan_element(struct record_reader *r)
{
	struct js js = { .r = r, .end = SIZE_MAX };
	if (r->place != JSON_ENDED) {
		(void)js_record(&js);
		const char *why = js.i > CSV_RECORD_MAX ? "an element longer than 16 MB"
							: js.broken;
		if (why != NULL) {
			break_array(r, why);
		}
	}
	if (r->place == JSON_ENDED) {
		reader_cut(r, 0, END_TEXT);
		return 0;
	}
	r->place = JSON_NEXT;
	r->done = js.i;
	for (size_t i = 0; i < js.i; i++) {
		r->lines += window_byte(&r->w, i) == '\n' ? 1 : 0;
	}
	take(&js, js.i);
	return js.i;
}

/* ---- for the reader ---- */

void json_open(struct record_reader *r, const struct source_file *file)
{
	r->keys = map_new();
	for (size_t i = 0; !r->collect && i < file->columns.n; i++) {
		struct json_key *key = ARENA_NEW(&r->key_arena, struct json_key);
		key->column = true;
		*map_at(r->keys, file->columns.at[i], strlen(file->columns.at[i])) = key;
	}
}

void json_close(struct record_reader *r)
{
	map_free(r->keys);
	arena_release(&r->key_arena);
	free(r->members);
	free(r->stack);
}

bool json_start(struct record_reader *r)
{
	(void)reader_begin(r);
	return r->format == FORMAT_JSONL ? start_line(r) : start_element(r);
}

size_t json_scan(struct record_reader *r)
{
	return r->format == FORMAT_JSONL ? scan_line(r) : scan_element(r);
}
