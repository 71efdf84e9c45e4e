/* Messages that say where in a JSON value something is wrong, and what was found there. */
#include "base/pointer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { POINTER_TEXT_MAX = 512, SHOWN_TEXT_MAX = 60 };

static void add_key(struct buf *out, const char *key)
{
	for (; *key != '\0'; key++) {
		if (*key == '~') {
			buf_puts(out, "~0");
		} else if (*key == '/') {
			buf_puts(out, "~1");
		} else {
			buf_putc(out, *key);
		}
	}
}

static void add_pointer(struct buf *out, const struct pointer *at)
{
	if (at->up == NULL) {
		return;
	}
	add_pointer(out, at->up);
	buf_putc(out, '/');
	if (at->key != NULL) {
		add_key(out, at->key);
	} else {
		buf_printf(out, "%zu", at->index);
	}
}

int pointer_error(const struct pointer *at, struct bldr_error *err, const char *fmt, ...)
{
	if (err == NULL) {
		return BLDR_E_INVALID;
	}
	struct buf where;
	char message[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);

	buf_init(&where, POINTER_TEXT_MAX);
	add_pointer(&where, at);
	int rc = bldr_error_set(err, BLDR_E_INVALID, "\"%s%s\": %s",
				where.size != 0 ? where.data : "/", buf_failed(&where) ? "..." : "",
				message);
	buf_release(&where);
	return rc;
}

/* As JSON writes it, so that a stranger's control characters stay out of the message. */
static void describe_text(const char *text, char ret[VALUE_DESCRIPTION_MAX])
{
	size_t size = strlen(text);
	size_t shown = utf8_cut(text, size, SHOWN_TEXT_MAX);
	struct bldr_value *start = bldr_text_n(text, shown);
	char *escaped = bldr_value_text(start);
	size_t length = strlen(escaped) - 1; /* without the closing quote */
	size_t kept = utf8_cut(escaped, length, SHOWN_TEXT_MAX + 1);
	snprintf(ret, VALUE_DESCRIPTION_MAX, "text %.*s%s\"", (int)kept, escaped,
		 shown < size || kept < length ? "..." : "");
	free(escaped);
	bldr_unref(start);
}

void value_describe(const struct bldr_value *v, char ret[VALUE_DESCRIPTION_MAX])
{
	size_t n = bldr_count(v);
	char *number;

	switch (bldr_type_of(v)) {
	case BLDR_NULL:
		snprintf(ret, VALUE_DESCRIPTION_MAX, "null");
		break;
	case BLDR_BOOL:
		snprintf(ret, VALUE_DESCRIPTION_MAX, "%s",
			 bldr_as_bool(v, false) ? "true" : "false");
		break;
	case BLDR_INT:
		snprintf(ret, VALUE_DESCRIPTION_MAX, "integer %" PRId64, bldr_as_int(v, 0));
		break;
	case BLDR_REAL:
		number = bldr_value_text(v);
		snprintf(ret, VALUE_DESCRIPTION_MAX, "number %s", number);
		free(number);
		break;
	case BLDR_TEXT:
		describe_text(bldr_as_text(v), ret);
		break;
	case BLDR_LIST:
		snprintf(ret, VALUE_DESCRIPTION_MAX, "list of %zu item%s", n, n == 1 ? "" : "s");
		break;
	case BLDR_OBJECT:
		snprintf(ret, VALUE_DESCRIPTION_MAX, "object");
		break;
	}
}
