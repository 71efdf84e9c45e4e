/*
 * Data as JSON on the first line, a template behind it. Rendering gives the same text each time and adds it to
 * what was there; when it fails, nothing was added. Text without a tag comes out as it is, and what the data
 * brings is escaped.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/template.h"
#include "fuzz/fuzz.h"

enum { OUT_MAX = 1 << 16, ROUNDS_MAX = 100000 };

static const char before[] = "before";

static size_t longest_list(const struct bldr_value *v)
{
	size_t longest = bldr_type_of(v) == BLDR_LIST ? bldr_count(v) : 1;
	for (size_t i = 0; bldr_type_of(v) == BLDR_LIST && i < bldr_count(v); i++) {
		size_t n = longest_list(bldr_at(v, i));
		longest = n > longest ? n : longest;
	}
	for (void *it = bldr_first(v); it != NULL; it = bldr_next(v, it)) {
		size_t n = longest_list(bldr_item(it));
		longest = n > longest ? n : longest;
	}
	return longest;
}

/*
 * Sections inside each other multiply, and what writes nothing meets no limit. Templates are our own, so
 * those that could take for ever are no finding.
 */
static bool ends_soon(const char *text, const struct bldr_value *data)
{
	size_t times = 1;
	size_t longest = longest_list(data);
	for (const char *at = text; (at = strstr(at, "{{#")) != NULL && times < ROUNDS_MAX; at++) {
		times *= longest;
	}
	return times < ROUNDS_MAX;
}

static int render(const char *text, const struct bldr_value *data, template_escape escape,
		  struct buf *out)
{
	struct bldr_error err = { 0 };
	buf_init(out, OUT_MAX);
	buf_puts(out, before);
	int rc = template_render("fuzz", text, data, escape, out, &err);
	ASSERT(strncmp(out->data, before, strlen(before)) == 0);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID || (rc == BLDR_E_LIMIT && buf_failed(out)));
		ASSERT(out->size == strlen(before) && out->data[out->size] == '\0');
	}
	return rc;
}

static void check(const char *text, const struct bldr_value *data)
{
	struct buf first;
	struct buf second;
	struct buf escaped;
	int rc = render(text, data, NULL, &first);
	ASSERT(render(text, data, NULL, &second) == rc);
	ASSERT(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
	if (strstr(text, "{{") == NULL && strlen(text) <= OUT_MAX / 2) {
		ASSERT(rc == 0 && strcmp(first.data + strlen(before), text) == 0);
	}
	int rc_escaped = render(text, data, template_escape_html, &escaped);
	if (rc_escaped == 0 && strpbrk(text, "<>") == NULL && strstr(text, "{{{") == NULL &&
	    strstr(text, "{{>") == NULL) {
		ASSERT(strpbrk(escaped.data, "<>") == NULL);
	}
	buf_release(&first);
	buf_release(&second);
	buf_release(&escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t text_size;
	const char *s = second_part((const char *)data, &size, &text_size);
	struct bldr_error err = { 0 };
	struct bldr_value *v;
	if (bldr_value_parse((const char *)data, size, &v, &err) == 0) {
		char *text = xstrndup(s, text_size);
		if (ends_soon(text, v)) {
			check(text, v);
		}
		free(text);
		bldr_unref(v);
	}
	return 0;
}
