/*
 * Lays expressions out as black does. black joins what belongs to one bracket, and takes it apart again when
 * the line is longer than 88 columns or when a bracket ends with a comma ("magic trailing comma"). Every
 * bracket that is taken apart here ends with a comma, so black finds what it would keep; what is left to
 * know is where it breaks a line that has no such bracket: before operators, before the attributes of a
 * chain of two or more calls, else at a bracket.
 *
 * How many columns a character beyond ASCII takes, black knows from a table. Here it is taken for two, and
 * a line that may only seem too long is taken apart at a bracket, which is right in both cases.
 */
#include "warehouse/emitters/python_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/utf8.h"
#include "expr/function.h"

#define LITERAL_MAX ((size_t)4 << 20)
enum { DEPTH_MAX = 4 * EXPR_DEPTH_MAX };

enum token_kind {
	TOKEN_WORD, /* name, number, string */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_DOT,
	TOKEN_COMMA,
	TOKEN_OPERATOR, /* with an operand on both sides; before a break it begins the line */
	TOKEN_OTHER     /* unary operators, = : */
};

struct token {
	enum token_kind kind;
	size_t from, to; /* in the text */
	size_t match;    /* open: index of the closing token, and the other way round */
	int priority;    /* operator, dot: where a line is broken first */
};

struct text {
	const char *s;
	const struct token *tokens;
};

struct range { /* of tokens */
	size_t from, to;
};

struct writer {
	const struct text *text;
	struct buf *out;
};

/* ---- string literals ---- */

static size_t count(const char *s, size_t size, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		n += s[i] == c;
	}
	return n;
}

/* Whether s[at] is the backslash before c. */
static bool is_escaped(const char *s, size_t at, size_t size, char c)
{
	return s[at] == '\\' && at + 1 < size && s[at + 1] == c;
}

/*
 * body: of a literal in double quotes whose only escaped quotes are \" . Single quotes stand around it when
 * that leaves fewer backslashes.
 */
static void put_body(struct buf *out, const char *body, size_t size)
{
	size_t doubles = count(body, size, '"');
	bool single = doubles > count(body, size, '\'');

	buf_putc(out, single ? '\'' : '"');
	for (size_t i = 0; i < size; i++) {
		if (single && is_escaped(body, i, size, '"')) {
			continue;
		}
		if (single && body[i] == '\'') {
			buf_putc(out, '\\');
		}
		buf_putc(out, body[i]);
		if (body[i] == '\\') { /* the pair as a whole */
			buf_putc(out, body[++i]);
		}
	}
	buf_putc(out, single ? '\'' : '"');
}

void python_string(struct buf *out, const char *text)
{
	struct buf literal;

	buf_init(&literal, LITERAL_MAX);
	pyspark_string(&literal, text);
	ASSERT(!buf_failed(&literal));
	put_body(out, literal.data + 1, literal.size - 2);
	buf_release(&literal);
}

static bool is_visible(const char *s, size_t size)
{
	static const char *const hidden[] = { "\xC2\xAD",     "\xE2\x80\x8B", "\xE2\x80\x8C",
					      "\xE2\x80\x8D", "\xE2\x80\x8E", "\xE2\x80\x8F",
					      "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAA",
					      "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD",
					      "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x81\xA7",
					      "\xE2\x81\xA8", "\xE2\x81\xA9", "\xEF\xBB\xBF" };

	if (size == 1) {
		return (unsigned char)s[0] >= ' ' && s[0] != '\x7F';
	}
	if (size == 2 && s[0] == '\xC2' && (unsigned char)s[1] <= 0xA0) {
		return false; /* C1 controls, no-break blank */
	}
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (strlen(hidden[i]) == size && memcmp(hidden[i], s, size) == 0) {
			return false;
		}
	}
	return true;
}

void python_plain(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		bool valid;
		size_t n = utf8_next(text, left, &valid);

		if (valid && is_visible(text, n)) {
			buf_add(out, text, n);
		} else {
			buf_putc(out, ' ');
		}
		text += n;
		left -= n;
	}
}

/* ---- reading an expression ---- */

/* The end of the literal whose opening quote stands at i; 0 when it does not end. */
static size_t literal_end(const char *s, size_t i)
{
	char quote = s[i++];

	for (; s[i] != '\0'; i++) {
		if (s[i] == '\\' && s[i + 1] != '\0') {
			i++;
		} else if (s[i] == quote) {
			return i + 1;
		}
	}
	return 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) != 0 || c == '_';
}

/* The same text with its literals in black's quotes; raw ones have none inside. */
static bool requote(const char *s, struct buf *out)
{
	for (size_t i = 0; s[i] != '\0';) {
		bool raw = s[i] == 'r' && s[i + 1] == '"' && (i == 0 || !is_word(s[i - 1]));
		size_t end;

		if (s[i] != '"' && !raw) {
			buf_putc(out, s[i++]);
			continue;
		}
		end = literal_end(s, i + raw);
		if (end == 0) {
			return false;
		}
		if (raw) {
			buf_add(out, s + i, end - i);
		} else {
			put_body(out, s + i + 1, end - i - 2);
		}
		i = end;
	}
	return !buf_failed(out);
}

static size_t word_end(const char *s, size_t i)
{
	while (is_word(s[i])) {
		i++;
	}
	return s[i] == '"' || s[i] == '\'' ? literal_end(s, i) : i;
}

/* black's priorities; 0 for what it never breaks before. */
static int operator_priority(const char *s, size_t *ret_size)
{
	static const struct {
		const char *text;
		int priority;
	} operators[] = { { "==", 10 }, { "!=", 10 }, { "|", 9 }, { "&", 7 },
			  { "+", 5 },   { "-", 5 },   { "*", 4 }, { "/", 4 } };

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t size = strlen(operators[i].text);

		if (strncmp(s, operators[i].text, size) == 0) {
			*ret_size = size;
			return operators[i].priority;
		}
	}
	*ret_size = 1;
	return 0;
}

static bool ends_operand(const struct token *t)
{
	return t != NULL && (t->kind == TOKEN_WORD || t->kind == TOKEN_CLOSE);
}

/* The token at i, behind the token before; false when there is none that we know. */
static bool next_token(const char *s, size_t i, const struct token *before, struct token *ret)
{
	struct token t = { .from = i, .to = i + 1 };
	size_t size;
	int priority;

	if (is_word(s[i]) || s[i] == '"' || s[i] == '\'') {
		t.kind = TOKEN_WORD;
		t.to = word_end(s, i);
	} else if (strchr("([{", s[i]) != NULL) {
		t.kind = TOKEN_OPEN;
	} else if (strchr(")]}", s[i]) != NULL) {
		t.kind = TOKEN_CLOSE;
	} else if (s[i] == '.') {
		t.kind = TOKEN_DOT;
		t.priority = before != NULL && before->kind == TOKEN_CLOSE ? 1 : 0;
	} else if (s[i] == ',') {
		t.kind = TOKEN_COMMA;
	} else {
		priority = operator_priority(s + i, &size);
		t.kind = priority > 0 && ends_operand(before) ? TOKEN_OPERATOR : TOKEN_OTHER;
		t.priority = t.kind == TOKEN_OPERATOR ? priority : 0;
		t.to = i + size;
		if (priority == 0 && strchr("~=:", s[i]) == NULL) {
			return false;
		}
	}
	*ret = t;
	return t.to > i;
}

static bool tokenise(const char *s, struct arena *a, struct text *ret, size_t *ret_n)
{
	LIST(struct token) tokens = { 0 };
	size_t open[DEPTH_MAX];
	size_t depth = 0;

	for (size_t i = 0; s[i] != '\0';) {
		struct token t;

		if (s[i] == ' ') {
			i++;
			continue;
		}
		if (!next_token(s, i, tokens.n > 0 ? &tokens.at[tokens.n - 1] : NULL, &t)) {
			return false;
		}
		if (t.kind == TOKEN_OPEN) {
			if (depth == DEPTH_MAX) {
				return false;
			}
			open[depth++] = tokens.n;
		} else if (t.kind == TOKEN_CLOSE) {
			if (depth == 0) {
				return false;
			}
			t.match = open[--depth];
			tokens.at[t.match].match = tokens.n;
		}
		i = t.to;
		*LIST_ADD(a, &tokens) = t;
	}
	*ret = (struct text){ s, tokens.at };
	*ret_n = tokens.n;
	return depth == 0 && tokens.n > 0;
}

/* ---- laying it out ---- */

static const struct token *token(const struct writer *w, size_t i)
{
	return &w->text->tokens[i];
}

static const char *start(const struct writer *w, struct range r)
{
	return w->text->s + token(w, r.from)->from;
}

static size_t length(const struct writer *w, struct range r)
{
	return r.to > r.from ? token(w, r.to - 1)->to - token(w, r.from)->from : 0;
}

static bool is_ascii(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)s[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

/* Columns, or more. */
static size_t width(const char *s, size_t size)
{
	return is_ascii(s, size) ? size : 2 * utf8_count(s, size);
}

static bool fits(const struct writer *w, size_t indent, struct range r, const char *after)
{
	return indent + width(start(w, r), length(w, r)) + strlen(after) <= PYTHON_LINE_MAX;
}

static void put_indent(struct buf *out, size_t indent)
{
	for (size_t i = 0; i < indent; i++) {
		buf_putc(out, ' ');
	}
}

static void put_line(struct writer *w, size_t indent, struct range r, const char *after)
{
	put_indent(w->out, indent);
	buf_add(w->out, start(w, r), length(w, r));
	buf_puts(w->out, after);
	buf_putc(w->out, '\n');
}

static void layout(struct writer *w, size_t indent, struct range r, const char *after, bool apart);

/* The items between the brackets at open, a line or more for each. */
static void put_items(struct writer *w, size_t indent, size_t open)
{
	size_t close = token(w, open)->match;
	struct range item = { open + 1, open + 1 };

	for (; item.to <= close; item.to++) {
		const struct token *t = token(w, item.to);

		if (t->kind == TOKEN_OPEN) {
			item.to = t->match;
		} else if (t->kind == TOKEN_COMMA || item.to == close) {
			if (item.to > item.from) { /* else a comma was the last */
				layout(w, indent, item, ",", false);
			}
			item.from = item.to + 1;
		}
	}
}

/* The next bracket from i on that holds something; r.to when there is none. */
static size_t next_bracket(const struct writer *w, struct range r, size_t i)
{
	for (; i < r.to; i++) {
		if (token(w, i)->kind == TOKEN_OPEN) {
			if (token(w, i)->match > i + 1) {
				return i;
			}
			i = token(w, i)->match;
		}
	}
	return r.to;
}

/* Parentheses around an operand, which cannot end with a comma. */
static bool is_group(const struct writer *w, struct range r, size_t open)
{
	return w->text->s[token(w, open)->from] == '(' &&
		(open == r.from || token(w, open - 1)->kind != TOKEN_WORD);
}

/* The first bracket whose last item a comma can follow; r.to when there is none. */
static size_t first_list(const struct writer *w, struct range r)
{
	size_t open = next_bracket(w, r, r.from);

	while (open < r.to && is_group(w, r, open)) {
		open = next_bracket(w, r, token(w, open)->match + 1);
	}
	return open;
}

/*
 * `before(` where the writer stands, what is in the bracket, and what follows it; further brackets as long as
 * that is too long.
 */
static void take_apart(struct writer *w, size_t indent, struct range r, size_t open,
		       const char *after, bool apart)
{
	size_t close = token(w, open)->match;
	struct range rest = { close, r.to };
	size_t next = next_bracket(w, r, close + 1);

	buf_add(w->out, start(w, r), length(w, (struct range){ r.from, open + 1 }));
	buf_putc(w->out, '\n');
	if (is_group(w, r, open)) {
		layout(w, indent + PYTHON_INDENT, (struct range){ open + 1, close }, "", apart);
	} else {
		put_items(w, indent + PYTHON_INDENT, open);
	}
	put_indent(w->out, indent);
	if (next == r.to || fits(w, indent, rest, after)) {
		put_line(w, 0, rest, after);
	} else {
		take_apart(w, indent, rest, next, after, false);
	}
}

/* No operators, at most one call behind another. */
static void layout_call(struct writer *w, size_t indent, struct range r, const char *after,
			bool apart)
{
	size_t open = next_bracket(w, r, r.from);
	size_t list = first_list(w, r);

	if (open == r.to) {
		put_line(w, indent, r, after);
		return;
	}
	if (list < r.to && fits(w, indent, (struct range){ r.from, list + 1 }, "")) {
		open = list;
	}
	put_indent(w->out, indent);
	take_apart(w, indent, r, open, after, apart);
}

/* The highest priority among the tokens that a line may be broken before, and how many have it. */
static int find_breaks(const struct writer *w, struct range r, size_t *ret_n)
{
	int highest = 0;
	size_t n = 0;

	for (size_t i = r.from + 1; i < r.to; i++) {
		const struct token *t = token(w, i - 1);

		if (t->kind == TOKEN_OPEN) {
			i = t->match;
			continue;
		}
		t = token(w, i);
		if (t->priority > highest) {
			highest = t->priority;
			n = 0;
		}
		n += t->priority > 0 && t->priority == highest;
	}
	*ret_n = n;
	return highest;
}

static void layout_pieces(struct writer *w, size_t indent, struct range r, const char *after,
			  int priority, bool apart)
{
	struct range piece = { r.from, r.from + 1 };

	for (; piece.to <= r.to; piece.to++) {
		const struct token *t = token(w, piece.to - 1);

		if (t->kind == TOKEN_OPEN) {
			piece.to = t->match;
			continue;
		}
		if (piece.to == r.to || token(w, piece.to)->priority == priority) {
			bool pin = apart && first_list(w, piece) < piece.to;

			layout(w, indent, piece, piece.to == r.to ? after : "", pin);
			apart = apart && !pin;
			piece.from = piece.to;
		}
	}
}

/* apart: even though it fits. */
static void layout(struct writer *w, size_t indent, struct range r, const char *after, bool apart)
{
	size_t breaks;
	int priority;

	if (!apart && fits(w, indent, r, after)) {
		put_line(w, indent, r, after);
		return;
	}
	priority = find_breaks(w, r, &breaks);
	apart = apart || !is_ascii(start(w, r), length(w, r));
	if (priority > 1 || breaks > 1) {
		layout_pieces(w, indent, r, after, priority, apart);
	} else {
		layout_call(w, indent, r, after, apart);
	}
}

static void put_item(struct writer *w, size_t indent, const char *before, struct range all)
{
	size_t used = indent + width(before, strlen(before));

	if (*before == '\0') {
		layout(w, indent, all, ",", false);
		return;
	}
	put_indent(w->out, indent);
	buf_puts(w->out, before);
	if (fits(w, used, all, ",") || next_bracket(w, all, all.from) == all.to) {
		put_line(w, 0, all, ",");
		return;
	}
	buf_puts(w->out, "(\n");
	layout(w, indent + PYTHON_INDENT, all, "",
	       !is_ascii(before, strlen(before)) || !is_ascii(start(w, all), length(w, all)));
	put_indent(w->out, indent);
	buf_puts(w->out, "),\n");
}

/* A statement's call: its brackets are taken apart from the first one on. */
static void put_call(struct writer *w, size_t indent, const char *before, struct range all)
{
	size_t used = width(before, strlen(before));

	buf_puts(w->out, before);
	if (fits(w, used, all, "") || first_list(w, all) == all.to) {
		put_line(w, 0, all, "");
		return;
	}
	take_apart(w, indent, all, first_list(w, all), "", false);
}

typedef void (*put_fn)(struct writer *w, size_t indent, const char *before, struct range all);

static int put(struct buf *out, put_fn fn, size_t indent, const char *before,
	       const char *expression, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct buf quoted;
	struct text text;
	struct range all = { 0 };
	int rc = 0;

	buf_init(&quoted, LITERAL_MAX);
	if (requote(expression, &quoted) && tokenise(quoted.data, &a, &text, &all.to)) {
		struct writer w = { &text, out };

		fn(&w, indent, before, all);
	} else {
		rc = bldr_error_set(err, BLDR_E_INVALID,
				    "cannot lay out the PySpark text \"%.200s\"", expression);
	}
	buf_release(&quoted);
	arena_release(&a);
	return rc;
}

int python_item(struct buf *out, size_t indent, const char *before, const char *expression,
		struct bldr_error *err)
{
	return put(out, put_item, indent, before, expression, err);
}

int python_call(struct buf *out, const char *before, const char *expression, struct bldr_error *err)
{
	return put(out, put_call, strspn(before, " "), before, expression, err);
}

static unsigned code_point(const char *s, size_t size)
{
	static const unsigned char lead[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned c = (unsigned char)s[0] & lead[size];

	for (size_t i = 1; i < size; i++) {
		c = c << 6 | ((unsigned char)s[i] & 0x3FU);
	}
	return c;
}

/* The same literal in ASCII: what black and we count alike. */
static void escape_wide(struct buf *literal)
{
	struct buf ascii;
	const char *s = literal->data;
	size_t left = literal->size;

	buf_init(&ascii, literal->max);
	while (left > 0) {
		bool valid;
		size_t n = utf8_next(s, left, &valid);

		if (n == 1) {
			buf_putc(&ascii, *s);
		} else {
			unsigned c = code_point(s, n);

			buf_printf(&ascii,
				   c <= 0xFF             ? "\\x%02x"
					   : c <= 0xFFFF ? "\\u%04x"
							 : "\\U%08x",
				   c);
		}
		s += n;
		left -= n;
	}
	buf_release(literal);
	*literal = ascii;
}

/* black puts a string that is too long into parentheses, unless it is too long there, too. */
void python_assign(struct buf *out, const char *before, const char *text)
{
	struct buf literal;
	size_t used = strlen(before);

	buf_init(&literal, LITERAL_MAX);
	python_string(&literal, text);
	if (used + width(literal.data, literal.size) > PYTHON_LINE_MAX &&
	    !is_ascii(literal.data, literal.size)) {
		escape_wide(&literal);
	}
	if (used + literal.size > PYTHON_LINE_MAX &&
	    PYTHON_INDENT + literal.size <= PYTHON_LINE_MAX) {
		buf_printf(out, "%s(\n    %s\n)\n", before, literal.data);
	} else {
		buf_printf(out, "%s%s\n", before, literal.data);
	}
	buf_release(&literal);
}

void python_strings(struct buf *out, const char *before, const char *const *items, size_t n)
{
	struct buf line;

	buf_init(&line, LITERAL_MAX);
	buf_puts(&line, before);
	buf_putc(&line, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(&line, i > 0 ? ", " : "");
		python_string(&line, items[i]);
	}
	buf_puts(&line, "]\n");
	if (n == 0 || (!buf_failed(&line) && width(line.data, line.size - 1) <= PYTHON_LINE_MAX)) {
		buf_puts(out, line.data);
		buf_release(&line);
		return;
	}
	buf_release(&line);
	buf_printf(out, "%s[\n", before);
	for (size_t i = 0; i < n; i++) {
		put_indent(out, PYTHON_INDENT);
		python_string(out, items[i]);
		buf_puts(out, ",\n");
	}
	buf_puts(out, "]\n");
}
