/*
 * Packs and unpacks the records. The writer puts canonical texts together; the reader walks the
 * same text with a cursor whose first mismatch sticks and is reported as damage. Names hold no
 * characters that JSON escapes.
 */
#include "journal/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "graph/digits.h"
#include "journal/tables.h"

static const char *const forms[] = { [WRITE_FULL] = "=", [WRITE_DELTA] = "+", [WRITE_CLEAR] = "-" };

static void add_number(struct buf *b, int64_t number)
{
	char digits[DIGITS_MAX];

	buf_add(b, digits, digits_of(number, digits));
}

/* A value in place, or null and its hash. */
static int add_value(struct journal *j, const char *text, struct buf *b, struct bldr_error *err)
{
	size_t size = strlen(text);
	char hash[HASH_HEX_MAX];
	int rc;

	if (size < JOURNAL_BLOB_MIN) {
		buf_add(b, text, size);
		return 0;
	}
	rc = journal_blob_put(j, text, size, hash, err);
	if (rc == 0) {
		buf_printf(b, "null,\"%s\"", hash);
	}
	return rc;
}

int pack_step(struct journal *j, const struct step_record *s, struct buf *ret,
	      struct bldr_error *err)
{
	int rc = 0;

	buf_puts(ret, "{\"writes\":[");
	for (size_t i = 0; rc == 0 && i < s->writes.n; i++) {
		const struct step_write *w = &s->writes.at[i];

		buf_puts(ret, i > 0 ? ",[\"" : "[\"");
		buf_puts(ret, w->channel);
		buf_puts(ret, "\",\"");
		buf_puts(ret, forms[w->form]);
		buf_putc(ret, '"');
		if (w->form != WRITE_CLEAR) {
			buf_putc(ret, ',');
			rc = add_value(j, w->text, ret, err);
		}
		buf_putc(ret, ']');
	}
	buf_puts(ret, "],\"tasks\":[");
	for (size_t i = 0; rc == 0 && i < s->tasks.n; i++) {
		const struct step_task *t = &s->tasks.at[i];

		buf_puts(ret, i > 0 ? ",[" : "[");
		add_number(ret, t->id);
		buf_puts(ret, ",\"");
		buf_puts(ret, t->node);
		buf_puts(ret, "\",");
		add_number(ret, t->send);
		if (t->input != NULL) {
			buf_putc(ret, ',');
			rc = add_value(j, t->input, ret, err);
		}
		buf_putc(ret, ']');
	}
	buf_puts(ret, "]}");
	return rc;
}

struct cursor {
	const char *p;
	struct arena *a;
	bool bad; /* sticky */
};

/* Steps over c when it stands here. */
static bool accept(struct cursor *c, char ch)
{
	if (c->bad || *c->p != ch) {
		return false;
	}
	c->p++;
	return true;
}

static void expect(struct cursor *c, const char *literal)
{
	size_t size = strlen(literal);

	if (c->bad || strncmp(c->p, literal, size) != 0) {
		c->bad = true;
		return;
	}
	c->p += size;
}

static int64_t take_int(struct cursor *c)
{
	char *end = NULL;
	int64_t n = c->bad ? 0 : strtoll(c->p, &end, 10);

	if (c->bad || end == c->p) {
		c->bad = true;
		return 0;
	}
	c->p = end;
	return n;
}

/* A text without escapes. */
static const char *take_name(struct cursor *c)
{
	const char *from;

	expect(c, "\"");
	from = c->p;
	if (!c->bad) {
		c->p += strcspn(c->p, "\"\\");
	}
	expect(c, "\"");
	return c->bad ? "" : arena_strndup(c->a, from, (size_t)(c->p - 1 - from));
}

static void skip_text(struct cursor *c)
{
	c->p++;
	for (; *c->p != '\0' && *c->p != '"'; c->p++) {
		if (*c->p == '\\' && c->p[1] != '\0') {
			c->p++;
		}
	}
	expect(c, "\"");
}

/* A number or a word. */
static void skip_scalar(struct cursor *c)
{
	size_t size = strcspn(c->p, "\",:[]{}");

	c->bad = c->bad || size == 0;
	c->p += size;
}

/* The text of the value that begins here. */
static const char *take_value(struct cursor *c)
{
	const char *from = c->p;
	size_t depth = 0;

	do {
		switch (c->bad ? '\0' : *c->p) {
		case '"':
			skip_text(c);
			break;
		case '[':
		case '{':
			depth++;
			c->p++;
			break;
		case ']':
		case '}':
			c->bad = c->bad || depth == 0;
			depth--;
			c->p++;
			break;
		case ',':
		case ':':
			c->bad = c->bad || depth == 0;
			c->p++;
			break;
		default:
			skip_scalar(c);
			break;
		}
	} while (!c->bad && depth > 0);
	return c->bad ? "" : arena_strndup(c->a, from, (size_t)(c->p - from));
}

/* A value in place, or the stored one that null and a hash stand for. */
static int take_stored(struct journal *j, struct cursor *c, const char **ret, struct bldr_error *err)
{
	const char *hash;

	*ret = take_value(c);
	if (!accept(c, ',')) {
		return 0;
	}
	hash = take_name(c);
	return c->bad ? 0 : journal_blob_get(j, hash, c->a, ret, err);
}

static enum write_form take_form(struct cursor *c)
{
	const char *text = take_name(c);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(text, forms[i]) == 0) {
			return (enum write_form)i;
		}
	}
	c->bad = true;
	return WRITE_FULL;
}

static int parse_writes(struct journal *j, struct cursor *c, struct step_record *ret,
			struct bldr_error *err)
{
	int rc = 0;

	expect(c, "{\"writes\":[");
	while (rc == 0 && !c->bad && *c->p == '[') {
		struct step_write w = { .text = "null" };

		expect(c, "[");
		w.channel = take_name(c);
		expect(c, ",");
		w.form = take_form(c);
		if (w.form != WRITE_CLEAR) {
			expect(c, ",");
			rc = take_stored(j, c, &w.text, err);
		}
		expect(c, "]");
		*LIST_ADD(c->a, &ret->writes) = w;
		if (!accept(c, ',')) {
			break;
		}
	}
	expect(c, "]");
	return rc;
}

static int parse_tasks(struct journal *j, struct cursor *c, struct step_record *ret,
		       struct bldr_error *err)
{
	int rc = 0;

	expect(c, ",\"tasks\":[");
	while (rc == 0 && !c->bad && *c->p == '[') {
		struct step_task t = { 0 };

		expect(c, "[");
		t.id = take_int(c);
		expect(c, ",");
		t.node = take_name(c);
		expect(c, ",");
		t.send = take_int(c);
		if (accept(c, ',')) {
			rc = take_stored(j, c, &t.input, err);
		}
		expect(c, "]");
		*LIST_ADD(c->a, &ret->tasks) = t;
		if (!accept(c, ',')) {
			break;
		}
	}
	expect(c, "]}");
	return rc;
}

int unpack_step(struct journal *j, const char *text, struct arena *a, struct step_record *ret,
		struct bldr_error *err)
{
	struct cursor c = { .p = text, .a = a };
	int rc = parse_writes(j, &c, ret, err);

	if (rc == 0) {
		rc = parse_tasks(j, &c, ret, err);
	}
	if (rc == 0 && (c.bad || *c.p != '\0')) {
		rc = journal_damaged(j, err, "step %" PRId64 " of frame %" PRId64, ret->step,
				     ret->frame);
	}
	return rc;
}

void pack_events(const struct event_record *events, size_t n, struct buf *ret)
{
	buf_putc(ret, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(ret, i > 0 ? ",[" : "[");
		add_number(ret, events[i].at_ms);
		buf_puts(ret, ",\"");
		buf_puts(ret, events[i].type);
		buf_puts(ret, "\",");
		buf_puts(ret, events[i].data);
		buf_putc(ret, ']');
	}
	buf_putc(ret, ']');
}

int unpack_events(struct arena *a, int64_t first, const char *text, struct packed_events *ret)
{
	struct cursor c = { .p = text, .a = a };

	expect(&c, "[");
	while (!c.bad && *c.p == '[') {
		struct event_record e = { .seq = first + (int64_t)ret->n };

		expect(&c, "[");
		e.at_ms = take_int(&c);
		expect(&c, ",");
		e.type = take_name(&c);
		expect(&c, ",");
		e.data = take_value(&c);
		expect(&c, "]");
		*LIST_ADD(a, ret) = e;
		if (!accept(&c, ',')) {
			break;
		}
	}
	expect(&c, "]");
	return c.bad || *c.p != '\0' ? BLDR_E_CORRUPT : 0;
}
