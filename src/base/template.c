/*
 * A template is cut into tags once, sections matched and lines that hold only a tag removed; then the
 * tags are walked with a stack of contexts. A fault in the template shows before anything is written;
 * a name that the data lacks shows when it is reached.
 */
#include "base/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/asset.h"
#include "base/check.h"

enum { PARTIAL_DEPTH_MAX = 16, SECTION_DEPTH_MAX = 64 };

enum part_kind {
	PART_TEXT,
	PART_NAME,
	PART_RAW,
	PART_SECTION,
	PART_INVERTED,
	PART_CLOSE,
	PART_PARTIAL,
	PART_COMMENT
};

struct part {
	enum part_kind kind;
	size_t line;
	const char *text; /* the literal text, or the name between the braces */
	size_t size;
	size_t close; /* PART_SECTION, PART_INVERTED: index of the PART_CLOSE */
};

struct parser {
	const char *name;
	const char *text;
	const char *end;
	const char *at;
	size_t line;
	struct arena *arena;
	LIST(struct part) parts;
	struct bldr_error *err;
};

struct context {
	const struct context *up;
	const struct bldr_value *value;
};

struct renderer {
	const char *name;
	const struct part *parts;
	size_t depth; /* of partials */
	template_escape escape;
	struct buf *out;
	struct bldr_error *err;
};

static int render_text(const char *name, const char *text, size_t depth, const struct context *c,
		       template_escape escape, struct buf *out, struct bldr_error *err);

void template_escape_html(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		switch (text[i]) {
		case '&':
			buf_puts(out, "&amp;");
			break;
		case '<':
			buf_puts(out, "&lt;");
			break;
		case '>':
			buf_puts(out, "&gt;");
			break;
		case '"':
			buf_puts(out, "&quot;");
			break;
		case '\'':
			buf_puts(out, "&#39;");
			break;
		default:
			buf_putc(out, text[i]);
		}
	}
}

static int fault(struct bldr_error *err, const char *name, size_t line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int fault(struct bldr_error *err, const char *name, size_t line, const char *fmt, ...)
{
	char message[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return bldr_error_set(err, BLDR_E_INVALID, "template \"%s\", line %zu: %s", name, line,
			      message);
}

/* Parsing */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static void advance(struct parser *p, const char *to)
{
	for (; p->at < to; p->at++) {
		p->line += *p->at == '\n' ? 1 : 0;
	}
}

static void add_part(struct parser *p, enum part_kind kind, const char *text, const char *end)
{
	*LIST_ADD(p->arena, &p->parts) = (struct part){
		.kind = kind, .line = p->line, .text = text, .size = (size_t)(end - text)
	};
}

/* Where the line that the tag begins on starts, when only blanks stand between; otherwise NULL. */
static const char *blank_before(const struct parser *p, const char *tag)
{
	while (tag > p->text && blank(tag[-1])) {
		tag--;
	}
	return tag == p->text || tag[-1] == '\n' ? tag : NULL;
}

/* The start of the line behind the tag, when only blanks stand between; otherwise NULL. */
static const char *blank_behind(const struct parser *p, const char *tag_end)
{
	while (tag_end < p->end && blank(*tag_end)) {
		tag_end++;
	}
	if (p->end - tag_end >= 2 && tag_end[0] == '\r' && tag_end[1] == '\n') {
		return tag_end + 2;
	}
	if (tag_end == p->end) {
		return tag_end;
	}
	return *tag_end == '\n' ? tag_end + 1 : NULL;
}

static enum part_kind kind_of(char c)
{
	switch (c) {
	case '{':
		return PART_RAW;
	case '#':
		return PART_SECTION;
	case '^':
		return PART_INVERTED;
	case '/':
		return PART_CLOSE;
	case '>':
		return PART_PARTIAL;
	case '!':
		return PART_COMMENT;
	default:
		return PART_NAME;
	}
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-';
}

/* "." or names joined by points; a partial's may have slashes and points anywhere inside. */
static bool valid_name(enum part_kind kind, const char *s, size_t size)
{
	if (size == 1 && s[0] == '.' && kind != PART_PARTIAL) {
		return true;
	}
	bool separated = true;
	for (size_t i = 0; i < size; i++) {
		bool separator = s[i] == '.' || (s[i] == '/' && kind == PART_PARTIAL);
		if (separator ? separated : !name_char(s[i])) {
			return false;
		}
		separated = separator;
	}
	return !separated;
}

/* The tag at p->at: adds the text in front of it, from literal on, and the tag. */
static int parse_tag(struct parser *p, const char **literal)
{
	const char *tag = p->at;
	const char *start = tag + 2;
	enum part_kind kind = start < p->end ? kind_of(*start) : PART_NAME;
	start += kind != PART_NAME ? 1 : 0;
	const char *braces = kind == PART_RAW ? "}}}" : "}}";
	const char *close = strstr(start, braces);
	if (close == NULL) {
		return fault(p->err, p->name, p->line, "a tag is opened and never closed");
	}
	const char *behind = close + strlen(braces);
	const char *before_line = blank_before(p, tag);
	const char *next_line = blank_behind(p, behind);
	bool alone = kind != PART_NAME && kind != PART_RAW && before_line != NULL &&
		next_line != NULL;

	add_part(p, PART_TEXT, *literal, alone ? before_line : tag);
	while (start < close && (blank(*start) || *start == '\n' || *start == '\r')) {
		start++;
	}
	const char *end = close;
	while (end > start && (blank(end[-1]) || end[-1] == '\n' || end[-1] == '\r')) {
		end--;
	}
	if (kind != PART_COMMENT && !valid_name(kind, start, (size_t)(end - start))) {
		return fault(p->err, p->name, p->line, "\"%.*s\" is not a name", (int)(end - start),
			     start);
	}
	add_part(p, kind, start, end);
	*literal = alone ? next_line : behind;
	advance(p, *literal);
	return 0;
}

static bool same_name(const struct part *a, const struct part *b)
{
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static int match_sections(struct parser *p)
{
	size_t open[SECTION_DEPTH_MAX];
	size_t depth = 0;
	for (size_t i = 0; i < p->parts.n; i++) {
		struct part *part = &p->parts.at[i];
		if (part->kind == PART_SECTION || part->kind == PART_INVERTED) {
			if (depth == SECTION_DEPTH_MAX) {
				return fault(p->err, p->name, part->line,
					     "sections are nested more than %d deep",
					     SECTION_DEPTH_MAX);
			}
			open[depth++] = i;
		}
		if (part->kind != PART_CLOSE) {
			continue;
		}
		struct part *section = depth > 0 ? &p->parts.at[open[--depth]] : NULL;
		if (section == NULL) {
			return fault(p->err, p->name, part->line,
				     "section \"%.*s\" is closed but not open", (int)part->size,
				     part->text);
		}
		if (!same_name(section, part)) {
			return fault(p->err, p->name, part->line,
				     "section \"%.*s\" is closed, but \"%.*s\" of line %zu is open",
				     (int)part->size, part->text, (int)section->size, section->text,
				     section->line);
		}
		section->close = i;
	}
	if (depth > 0) {
		const struct part *section = &p->parts.at[open[depth - 1]];
		return fault(p->err, p->name, section->line, "section \"%.*s\" is never closed",
			     (int)section->size, section->text);
	}
	return 0;
}

static int parse(struct parser *p)
{
	const char *literal = p->text;
	for (;;) {
		const char *tag = strstr(p->at, "{{");
		if (tag == NULL) {
			break;
		}
		advance(p, tag);
		int rc = parse_tag(p, &literal);
		if (rc < 0) {
			return rc;
		}
	}
	add_part(p, PART_TEXT, literal, p->end);
	return match_sections(p);
}

/* Rendering */

/* The value of one name in an object; NULL when it is none or has no such key. */
static const struct bldr_value *member(const struct bldr_value *v, const char *name, size_t size)
{
	char *key = xstrndup(name, size);
	const struct bldr_value *found = bldr_get(v, key);
	free(key);
	return found;
}

/* The first name is searched through the contexts from the innermost on, the others below it. */
static const struct bldr_value *look_up(const struct context *c, const char *name, size_t size)
{
	if (size == 1 && name[0] == '.') {
		return c->value;
	}
	const char *end = name + size;
	const struct bldr_value *v = NULL;
	for (bool first = true; first || (v != NULL && name < end); first = false) {
		const char *point = memchr(name, '.', (size_t)(end - name));
		size_t n = (size_t)((point != NULL ? point : end) - name);
		if (first) {
			for (; v == NULL && c != NULL; c = c->up) {
				v = member(c->value, name, n);
			}
		} else {
			v = member(v, name, n);
		}
		name += n + (point != NULL ? 1 : 0);
	}
	return v;
}

static int render_name(const struct renderer *r, const struct part *part, const struct context *c)
{
	const struct bldr_value *v = look_up(c, part->text, part->size);
	enum bldr_type type = bldr_type_of(v);
	if (v == NULL) {
		return fault(r->err, r->name, part->line, "\"%.*s\" is missing in the data",
			     (int)part->size, part->text);
	}
	if (type == BLDR_LIST || type == BLDR_OBJECT) {
		return fault(r->err, r->name, part->line, "\"%.*s\" is %s, expected text",
			     (int)part->size, part->text,
			     type == BLDR_LIST ? "a list" : "an object");
	}
	if (type == BLDR_NULL) {
		return 0;
	}
	char *number = type != BLDR_TEXT ? bldr_value_text(v) : NULL;
	const char *text = number != NULL ? number : bldr_as_text(v);
	if (part->kind == PART_NAME && r->escape != NULL) {
		r->escape(r->out, text, strlen(text));
	} else {
		buf_puts(r->out, text);
	}
	free(number);
	return 0;
}

static int render_partial(const struct renderer *r, const struct part *part, const struct context *c)
{
	if (r->depth == PARTIAL_DEPTH_MAX) {
		return fault(r->err, r->name, part->line, "partials are nested more than %d deep",
			     PARTIAL_DEPTH_MAX);
	}
	char *name = xasprintf("templates/%.*s", (int)part->size, part->text);
	const struct asset *asset = asset_find(name);
	int rc = asset == NULL
		? fault(r->err, r->name, part->line, "partial \"%.*s\" is not among the templates",
			(int)part->size, part->text)
		: render_text(name, (const char *)asset->data, r->depth + 1, c, r->escape, r->out,
			      r->err);
	free(name);
	return rc;
}

static int render_parts(const struct renderer *r, size_t from, size_t to, const struct context *c);

static int render_section(const struct renderer *r, size_t i, const struct context *c)
{
	const struct part *part = &r->parts[i];
	const struct bldr_value *v = look_up(c, part->text, part->size);
	if (v == NULL) {
		return fault(r->err, r->name, part->line, "\"%.*s\" is missing in the data",
			     (int)part->size, part->text);
	}
	enum bldr_type type = bldr_type_of(v);
	bool list = type == BLDR_LIST;
	size_t times = list         ? bldr_count(v)
		: type == BLDR_NULL ? 0
		: type == BLDR_BOOL ? bldr_as_bool(v, false)
				    : 1;
	if (part->kind == PART_INVERTED) {
		return times == 0 ? render_parts(r, i + 1, part->close, c) : 0;
	}
	int rc = 0;
	for (size_t k = 0; rc == 0 && k < times && !buf_failed(r->out); k++) {
		struct context inner = { .up = c, .value = list ? bldr_at(v, k) : v };
		rc = render_parts(r, i + 1, part->close, &inner);
	}
	return rc;
}

static int render_parts(const struct renderer *r, size_t from, size_t to, const struct context *c)
{
	int rc = 0;
	for (size_t i = from; rc == 0 && i < to; i++) {
		const struct part *part = &r->parts[i];
		switch (part->kind) {
		case PART_TEXT:
			buf_add(r->out, part->text, part->size);
			break;
		case PART_NAME:
		case PART_RAW:
			rc = render_name(r, part, c);
			break;
		case PART_SECTION:
		case PART_INVERTED:
			rc = render_section(r, i, c);
			i = part->close;
			break;
		case PART_PARTIAL:
			rc = render_partial(r, part, c);
			break;
		case PART_CLOSE:
		case PART_COMMENT:
			break;
		}
	}
	return rc;
}

static int render_text(const char *name, const char *text, size_t depth, const struct context *c,
		       template_escape escape, struct buf *out, struct bldr_error *err)
{
	struct arena arena = { 0 };
	struct parser p = { .name = name,
			    .text = text,
			    .end = text + strlen(text),
			    .at = text,
			    .line = 1,
			    .arena = &arena,
			    .err = err };
	int rc = parse(&p);
	if (rc == 0) {
		struct renderer r = { .name = name,
				      .parts = p.parts.at,
				      .depth = depth,
				      .escape = escape,
				      .out = out,
				      .err = err };
		rc = render_parts(&r, 0, p.parts.n, c);
	}
	arena_release(&arena);
	return rc;
}

int template_render(const char *name, const char *text, const struct bldr_value *data,
		    template_escape escape, struct buf *out, struct bldr_error *err)
{
	struct context c = { .value = data };
	size_t before = out->size;
	int rc = render_text(name, text, 0, &c, escape, out, err);
	if (rc == 0 && buf_failed(out)) {
		rc = bldr_error_set(err, BLDR_E_LIMIT,
				    "template \"%s\": the text is larger than %zu bytes", name,
				    out->max);
	}
	if (rc < 0) {
		out->size = before;
		out->data[before] = '\0';
	}
	return rc;
}
