/* Texts of options become values, numbers, choices. */
#include "cli/said.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"

static int parse(const char *option, const char *text, size_t size, struct bldr_value **ret,
		 struct bldr_error *err)
{
	int r = bldr_value_parse(text, size, ret, err);

	return r < 0 ? bldr_error_prefix(err, "--%s is no JSON", option) : 0;
}

int said_value(const char *option, const char *text, struct bldr_value **ret, struct bldr_error *err)
{
	char *content = NULL;
	size_t size = 0;
	int r;

	if (text[0] != '@') {
		return parse(option, text, strlen(text), ret, err);
	}
	r = file_read(text + 1, BLDR_VALUE_TEXT_MAX, &content, &size, err);
	if (r == 0) {
		r = parse(option, content, size, ret, err);
	}
	free(content);
	return r;
}

static int add_lines(const char *option, const char *content, struct bldr_value *list,
		     struct bldr_error *err)
{
	int r = 0;

	for (const char *at = content; *at != '\0' && r == 0;) {
		size_t size = strcspn(at, "\n");
		struct bldr_value *v = NULL;

		if (strspn(at, " \t\r") < size) {
			r = parse(option, at, size, &v, err);
		}
		if (v != NULL) {
			bldr_list_add(list, v);
		}
		at += size;
		at += *at == '\n';
	}
	return r;
}

int said_values(const char *option, const char *text, struct bldr_value **ret,
		struct bldr_error *err)
{
	struct bldr_value *list = bldr_list();
	size_t n = strlen(text);
	int r;

	if (text[0] == '@' && n > 6 && strcmp(text + n - 6, ".jsonl") == 0) {
		char *content = NULL;

		r = file_read(text + 1, BLDR_VALUE_TEXT_MAX, &content, &n, err);
		r = r == 0 ? add_lines(option, content, list, err) : r;
		free(content);
	} else {
		struct bldr_value *v = NULL;

		r = said_value(option, text, &v, err);
		if (r == 0) {
			bldr_list_add(list, v);
		}
	}
	if (r < 0) {
		bldr_unref(list);
		return r;
	}
	*ret = list;
	return 0;
}

int said_int(const char *option, const char *text, int64_t min, int64_t max, int64_t *ret,
	     struct bldr_error *err)
{
	char *end = NULL;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "--%s: expected an integer from %" PRId64 " to %" PRId64
				      ", found \"%s\"",
				      option, min, max, text);
	}
	*ret = n;
	return 0;
}

/* The place of size bytes of text among choices, or -1. */
static int64_t place(const char *text, size_t size, const char *const *choices)
{
	for (int64_t i = 0; choices[i] != NULL; i++) {
		if (strlen(choices[i]) == size && memcmp(choices[i], text, size) == 0) {
			return i;
		}
	}
	return -1;
}

static int no_choice(const char *option, const char *text, const char *const *choices,
		     struct bldr_error *err)
{
	struct buf all;
	int r;

	buf_init(&all, 256);
	for (size_t i = 0; choices[i] != NULL; i++) {
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", choices[i]);
	}
	r = bldr_error_set(err, BLDR_E_INVALID, "--%s: expected one of %s, found \"%s\"", option,
			   all.data, text);
	buf_release(&all);
	return r;
}

int said_choice(const char *option, const char *text, const char *const *choices, int64_t *ret,
		struct bldr_error *err)
{
	int64_t i = place(text, strlen(text), choices);

	if (i < 0) {
		return no_choice(option, text, choices, err);
	}
	*ret = i;
	return 0;
}

int said_modes(const char *option, const char *text, unsigned *ret, struct bldr_error *err)
{
	/* in the order of their bits */
	static const char *const modes[] = { "values", "updates",  "checkpoints", "tasks",
					     "debug",  "messages", "custom",      NULL };
	unsigned all = 0;

	for (const char *at = text;; at++) {
		size_t size = strcspn(at, ",");
		int64_t i = place(at, size, modes);

		if (i < 0) {
			return no_choice(option, at, modes, err);
		}
		all |= 1U << i;
		at += size;
		if (*at == '\0') {
			break;
		}
	}
	*ret = all;
	return 0;
}

int said_checkpoint(const char *option, const char *text, int64_t *ret_lineage, int64_t *ret_step,
		    struct bldr_error *err)
{
	const char *dot = strchr(text, '.');
	char *lineage = dot != NULL ? xstrndup(text, (size_t)(dot - text)) : xstrdup("0");
	int64_t l = 0, s = 0;
	int r = said_int(option, lineage, 0, INT64_MAX, &l, err);

	r = r == 0 ? said_int(option, dot != NULL ? dot + 1 : text, 0, INT64_MAX, &s, err) : r;
	free(lineage);
	if (r < 0) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "--%s: expected a checkpoint as in \"0.4\", lineage and "
				      "superstep, found \"%s\"; bldr threads history lists them",
				      option, text);
	}
	*ret_lineage = l;
	*ret_step = s;
	return 0;
}
