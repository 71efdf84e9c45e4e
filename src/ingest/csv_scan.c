/*
 * Records of delimited text. Where a record ends is decided by quotes alone; every other fault stays within it.
 *
 * A quote that is still open when the text ends, or after CSV_RECORD_MAX bytes, is taken for a stray one: the
 * record ends with the line in which that quote stands, and what follows is read anew. That stays linear: what
 * follows an open quote holds no unpaired quote, or the quote would have been closed there, so no line of it
 * can be left open again.
 */
#include "ingest/reader.h"

#include "ingest/marks.h"

enum fault { FAULT_NONE, FAULT_OPEN, FAULT_STRAY, FAULT_AFTER };

struct scan {
	size_t i;         /* from the record's first byte */
	int64_t lines;    /* line ends inside quotes */
	enum fault fault; /* the first one */
	size_t open_at;   /* FAULT_OPEN: behind the quote */
	int64_t open_lines;
};

static bool line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Bytes of the line end at i. */
static size_t line_end_size(struct text_window *w, size_t i)
{
	bool pair = window_byte(w, i) == '\r' && window_have(w, i + 1) &&
		window_byte(w, i + 1) == '\n';
	return pair ? 2 : 1;
}

/* A copy of bytes from..to of the record without what escapes quotes. */
static struct span unescape(struct record_reader *r, size_t from, size_t to)
{
	char escape = (char)(r->backslash ? '\\' : r->quote);
	reader_text_room(r, to - from);
	struct span span = { .from = r->text_size, .own = true };
	for (size_t i = from; i < to; i++) {
		char c = window_byte(&r->w, i);
		if (c == escape && i + 1 < to) {
			c = window_byte(&r->w, ++i);
		}
		r->text[r->text_size++] = c;
	}
	span.size = r->text_size - span.from;
	return span;
}

/* To the next delimiter or line end. */
static size_t skip_plain(struct record_reader *r, struct scan *s)
{
	struct text_window *w = &r->w;
	size_t from = s->i;
	while (window_have(w, s->i)) {
		char c = window_byte(w, s->i);
		if (c == r->delimiter || line_end(c)) {
			break;
		}
		if (c == r->quote && s->fault == FAULT_NONE) {
			s->fault = FAULT_STRAY;
		}
		s->i++;
	}
	return s->i - from;
}

/* Bytes of the record that are in the window, as far as a record may go: they need no further look at the window. */
static size_t at_hand(const struct text_window *w)
{
	size_t size = w->size - w->at;
	return size < CSV_RECORD_MAX ? size : CSV_RECORD_MAX;
}

/* Unquoted fields at hand, to the record's end (true) or to the first byte of a field that wants a closer look. */
static bool scan_plain_fields(struct record_reader *r, struct scan *s)
{
	const char *data = r->w.data + r->w.at;
	size_t size = at_hand(&r->w);
	const char delimiter = r->delimiter;
	if (s->i >= size || data[s->i] == r->quote || delimiter == r->quote) {
		return false;
	}
	char quote = delimiter; /* none */
	if (r->quote != QUOTE_NONE) {
		quote = (char)r->quote;
	}
	const struct marks marks = marks_of(delimiter, quote, '\n', '\r');
	for (size_t block = s->i; block + MARKS_BLOCK <= size; block += MARKS_BLOCK) {
		for (uint64_t found = marks_in(&marks, data + block); found != 0;
		     found &= found - 1) {
			size_t at = block + (size_t)__builtin_ctzll(found);
			bool end = line_end(data[at]);
			if (data[at] != delimiter && !end) {
				return false;
			}
			reader_add_span(r, (struct span){ .from = s->i, .size = at - s->i });
			s->i = at + (end ? 0 : 1);
			if (end) {
				return true;
			}
		}
	}
	return false;
}

/* Leaves bytes at hand behind that are neither quote, backslash nor line end. */
static void skip_quoted(struct record_reader *r, struct scan *s)
{
	const char *data = r->w.data + r->w.at;
	size_t size = at_hand(&r->w);
	const struct marks marks = marks_of((char)r->quote, '\\', '\n', '\r');
	for (; s->i + MARKS_BLOCK <= size; s->i += MARKS_BLOCK) {
		uint64_t found = marks_in(&marks, data + s->i);
		if (found != 0) {
			s->i += (size_t)__builtin_ctzll(found);
			return;
		}
	}
}

/* Goes to the closing quote. False: there is none. */
static bool find_closing(struct record_reader *r, struct scan *s, bool *ret_escaped)
{
	struct text_window *w = &r->w;
	while (skip_quoted(r, s), window_have(w, s->i)) {
		char c = window_byte(w, s->i);
		if (c == r->quote) {
			bool doubled = !r->backslash && window_have(w, s->i + 1) &&
				window_byte(w, s->i + 1) == r->quote;
			if (!doubled) {
				return true;
			}
			*ret_escaped = true;
			s->i += 2;
		} else if (line_end(c)) {
			s->lines++;
			s->i += line_end_size(w, s->i);
		} else if (c == '\\' && r->backslash) {
			*ret_escaped = true;
			s->i++;
			/* a line end is counted by the next round */
			if (window_have(w, s->i) && !line_end(window_byte(w, s->i))) {
				s->i++;
			}
		} else {
			s->i++;
		}
	}
	return false;
}

static void scan_quoted(struct record_reader *r, struct scan *s)
{
	size_t from = ++s->i;
	int64_t lines = s->lines;
	bool escaped = false;
	if (!find_closing(r, s, &escaped) || s->i >= CSV_RECORD_MAX) {
		s->fault = FAULT_OPEN;
		s->open_at = from;
		s->open_lines = lines;
		return;
	}
	size_t to = s->i++;
	reader_add_span(r,
			escaped ? unescape(r, from, to)
				: (struct span){ .from = from, .size = to - from });
	if (window_have(&r->w, s->i)) {
		char c = window_byte(&r->w, s->i);
		if (c != r->delimiter && !line_end(c)) {
			s->fault = s->fault == FAULT_NONE ? FAULT_AFTER : s->fault;
			skip_plain(r, s);
		}
	}
}

static void scan_fields(struct record_reader *r, struct scan *s)
{
	struct text_window *w = &r->w;
	while (!scan_plain_fields(r, s)) {
		if (window_have(w, s->i) && window_byte(w, s->i) == r->quote) {
			scan_quoted(r, s);
		} else {
			size_t from = s->i;
			size_t size = skip_plain(r, s);
			reader_add_span(r, (struct span){ .from = from, .size = size });
		}
		if (s->fault == FAULT_OPEN || !window_have(w, s->i) ||
		    line_end(window_byte(w, s->i))) {
			return;
		}
		s->i++; /* the delimiter */
	}
}

/* The record ends with the line of the open quote. Nothing of it is kept as fields. */
static void cut_to_line(struct record_reader *r, struct scan *s)
{
	s->lines = s->open_lines;
	r->found = 0;
	r->n = 0;
	s->i = s->open_at;
	while (window_have(&r->w, s->i) && !line_end(window_byte(&r->w, s->i))) {
		s->i++;
	}
}

size_t csv_scan(struct record_reader *r)
{
	struct scan s = { 0 };
	scan_fields(r, &s);
	if (s.fault == FAULT_OPEN) {
		cut_to_line(r, &s);
	}
	if (s.i > CSV_RECORD_MAX) {
		reader_reject(r, "longer than %d bytes", CSV_RECORD_MAX);
		reader_cut(r, CSV_RECORD_MAX, END_LINE);
		s.i = 0;
	} else if (s.fault == FAULT_OPEN) {
		reader_reject(r, "a quote that is never closed");
	} else if (s.fault == FAULT_STRAY) {
		reader_reject(r, "a quote inside an unquoted field");
	} else if (s.fault == FAULT_AFTER) {
		reader_reject(r, "text behind a closing quote");
	}
	bool ends = window_have(&r->w, s.i);
	r->done = ends ? s.i + line_end_size(&r->w, s.i) : s.i;
	r->lines = s.lines + (ends ? 1 : 0);
	return s.i;
}

/* Leaves physical lines behind that are no records. */
static void skip_preamble(struct record_reader *r)
{
	struct text_window *w = &r->w;
	for (; r->preamble_lines > 0 && window_have(w, 0); r->preamble_lines--) {
		while (window_have(w, 0) && !line_end(window_byte(w, 0))) {
			w->at++;
		}
		if (window_have(w, 0)) {
			w->at += line_end_size(w, 0);
			r->line++;
		}
	}
}

bool csv_start(struct record_reader *r)
{
	struct text_window *w = &r->w;
	if (reader_begin(r)) {
		skip_preamble(r);
	}
	while (window_have(w, 0) && line_end(window_byte(w, 0))) {
		w->at += line_end_size(w, 0);
		r->line++;
	}
	return window_have(w, 0);
}
