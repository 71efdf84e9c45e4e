/*
 * A value is read without recursion, over any depth; what is open is a stack of bits. The record's own object is read
 * apart, since its members are noted.
 */
#include "ingest/json_grammar.h"

#include <string.h>

#include "base/check.h"

/* The byte at i, -1 behind the end. */
static int js_peek(struct js *js)
{
	if (js->i >= js->end || !window_have(&js->r->w, js->i)) {
		return -1;
	}
	return (unsigned char)window_byte(&js->r->w, js->i);
}

bool js_break(struct js *js, const char *why)
{
	js->broken = js->broken != NULL ? js->broken : why;
	return false;
}

void js_blanks(struct js *js)
{
	for (int c = js_peek(js); c == ' ' || c == '\t' || c == '\n' || c == '\r';) {
		js->i++;
		c = js_peek(js);
	}
}

static bool js_escape(struct js *js)
{
	int c = js_peek(js);
	js->i++;
	if (c == 'u') {
		for (int n = 0; n < 4; n++, js->i++) {
			int hex = js_peek(js);
			int lower = hex | 0x20;
			if ((hex < '0' || hex > '9') && (lower < 'a' || lower > 'f')) {
				return js_break(js, "an escape that is none");
			}
		}
		return true;
	}
	return c > 0 && strchr("\"\\/bfnrt", c) != NULL ? true
							: js_break(js, "an escape that is none");
}

/* A text with its quotes. */
static bool js_string(struct js *js)
{
	if (js_peek(js) != '"') {
		return js_break(js, "a key is missing");
	}
	js->i++;
	for (;;) {
		int c = js_peek(js);
		if (c < 0) {
			return js_break(js, "a text that is never closed");
		}
		js->i++;
		if (c == '"') {
			return true;
		}
		if (c == 0) {
			return js_break(js, "a NUL byte");
		}
		if (c < 0x20) {
			return js_break(js, "a control character in a text");
		}
		if (c == '\\' && !js_escape(js)) {
			return false;
		}
	}
}

static size_t js_digits(struct js *js)
{
	size_t n = 0;
	for (int c = js_peek(js); c >= '0' && c <= '9'; c = js_peek(js)) {
		js->i++;
		n++;
	}
	return n;
}

static bool js_number(struct js *js)
{
	if (js_peek(js) == '-') {
		js->i++;
	}
	bool zero = js_peek(js) == '0';
	size_t whole = js_digits(js);
	bool good = whole > 0 && (!zero || whole == 1);
	if (good && js_peek(js) == '.') {
		js->i++;
		good = js_digits(js) > 0;
	}
	int c = js_peek(js);
	if (good && (c == 'e' || c == 'E')) {
		js->i++;
		c = js_peek(js);
		js->i += c == '+' || c == '-' ? 1 : 0;
		good = js_digits(js) > 0;
	}
	return good ? true : js_break(js, "a number that is none");
}

static bool js_word(struct js *js, const char *word)
{
	for (; *word != '\0'; word++, js->i++) {
		if (js_peek(js) != *word) {
			return js_break(js, "a value is missing");
		}
	}
	return true;
}

static bool js_scalar(struct js *js)
{
	int c = js_peek(js);
	if (c == '"') {
		return js_string(js);
	}
	if (c == '-' || (c >= '0' && c <= '9')) {
		return js_number(js);
	}
	return js_word(js, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

/* The bracket of this depth; a stack of bits grows with what is open. */
static void js_push(struct js *js, bool object)
{
	struct record_reader *r = js->r;
	size_t at = js->depth / 8;
	unsigned char bit = (unsigned char)(1U << js->depth % 8);
	if (at >= r->stack_room) {
		r->stack_room = r->stack_room * 2 + 64;
		r->stack = xrealloc(r->stack, r->stack_room);
	}
	r->stack[at] &= (unsigned char)~bit;
	r->stack[at] |= object ? bit : 0;
	js->depth++;
	js->deepest = js->depth > js->deepest ? js->depth : js->deepest;
}

static bool js_in_object(const struct js *js)
{
	size_t top = js->depth - 1;
	return (js->r->stack[top / 8] >> top % 8 & 1) != 0;
}

/* `"key":`, up to the value. */
static bool js_key(struct js *js)
{
	js_blanks(js);
	if (!js_string(js)) {
		return false;
	}
	js_blanks(js);
	if (js_peek(js) != ':') {
		return js_break(js, "a colon is missing");
	}
	js->i++;
	js_blanks(js);
	return true;
}

/* Behind a value inside brackets: closes what ends here. True: another value of depth > base follows. */
static bool js_after_value(struct js *js, size_t base)
{
	while (js->depth > base) {
		bool object = js_in_object(js);
		js_blanks(js);
		int c = js_peek(js);
		if (c == ',') {
			js->i++;
			js_blanks(js);
			return !object || js_key(js);
		}
		if (c != (object ? '}' : ']')) {
			return js_break(js, c < 0 ? "it ends too early" : "a comma is missing");
		}
		js->i++;
		js->depth--;
	}
	return false;
}

/* One value of any depth. */
static bool js_value(struct js *js)
{
	size_t base = js->depth;
	bool more = true;
	while (more) {
		int c = js_peek(js);
		bool object = c == '{';
		if (!object && c != '[') {
			if (!js_scalar(js)) {
				return false;
			}
			more = js_after_value(js, base);
			continue;
		}
		js_push(js, object);
		js->i++;
		js_blanks(js);
		if (js_peek(js) == (object ? '}' : ']')) {
			js->i++;
			js->depth--;
			more = js_after_value(js, base);
		} else if (object && !js_key(js)) {
			return false;
		}
	}
	return js->broken == NULL;
}

static void add_member(struct js *js, struct member m)
{
	struct record_reader *r = js->r;
	if (js->members == r->members_room) {
		r->members_room = r->members_room * 2 + 16;
		r->members = xrealloc(r->members, r->members_room * sizeof(*r->members));
	}
	r->members[js->members++] = m;
}

/* The record's own object, at its brace. */
static bool js_object(struct js *js)
{
	js->object = true;
	js_push(js, true);
	js->i++;
	js_blanks(js);
	if (js_peek(js) == '}') {
		js->i++;
		return true;
	}
	for (;;) {
		struct member m = { 0 };
		js_blanks(js);
		m.at = js->i + 1;
		if (!js_string(js)) {
			return false;
		}
		m.size = js->i - 1 - m.at;
		js_blanks(js);
		if (js_peek(js) != ':') {
			return js_break(js, "a colon is missing");
		}
		js->i++;
		js_blanks(js);
		m.value = js->i;
		if (!js_value(js)) {
			return false;
		}
		m.value_size = js->i - m.value;
		if (js->members <= CSV_COLUMNS_MAX) { /* one more than may be */
			add_member(js, m);
		}
		js_blanks(js);
		int c = js_peek(js);
		if (c != ',' && c != '}') {
			return js_break(js, c < 0 ? "it ends too early" : "a comma is missing");
		}
		js->i++;
		if (c == '}') {
			return true;
		}
	}
}

bool js_record(struct js *js)
{
	js_blanks(js);
	return js_peek(js) == '{' ? js_object(js) : js_value(js);
}
