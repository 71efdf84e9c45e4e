/* A line is an object with one of five keys; the key says what it is. */
#include "host/node_line.h"

#include <stdlib.h>
#include <string.h>

#include <bldr/effect.h>
#include "base/check.h"
#include "base/pointer.h"
#include "graph/kept.h"

static int read_emit(const struct bldr_value *emit, struct node_line *ret, struct bldr_error *err)
{
	const char *mode = bldr_as_text(bldr_at(emit, 0));
	const struct bldr_value *value = bldr_at(emit, 1);
	bool message = mode != NULL && strcmp(mode, "message") == 0;

	if (bldr_count(emit) != 2 || mode == NULL || (!message && strcmp(mode, "custom") != 0)) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"emit\" is a list of \"custom\" or \"message\", and a value");
	}
	char *text = bldr_value_text(value);
	size_t size = strlen(text);
	free(text);
	if (size > BLDR_RESULT_MAX || bldr_depth(value) > KEPT_DEPTH_MAX) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "what it emits has more than %d bytes or %d levels",
				      BLDR_RESULT_MAX, KEPT_DEPTH_MAX);
	}
	*ret = (struct node_line){
		.sort = NODE_EMIT,
		.mode = message ? "message" : "custom",
		.value = bldr_copy(value),
	};
	return 0;
}

/* The code of that name; 0: there is none. */
static int code_of(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
#define X(name, number, text) { #name, number },
		BLDR_ERROR_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].name, name) == 0) {
			return codes[i].code;
		}
	}
	return 0;
}

static int read_error(const struct bldr_value *error, struct node_line *ret, struct bldr_error *err)
{
	const struct bldr_value *name = bldr_get(error, "code");
	const char *text = bldr_get_text(error, "text");
	int code = name == NULL              ? BLDR_E_FAILED
		: bldr_as_text(name) != NULL ? code_of(bldr_as_text(name))
					     : 0;

	if (text == NULL || code == 0) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"\"error\" is an object with a \"text\" and a \"code\" such as "
			"\"UNAVAILABLE\"");
	}
	*ret = (struct node_line){ .sort = NODE_ERROR, .code = code, .error = xstrdup(text) };
	return 0;
}

/* Takes v. */
static int read_object(struct bldr_value *v, struct node_line *ret, struct bldr_error *err)
{
	char found[VALUE_DESCRIPTION_MAX];
	int rc = 0;

	if (bldr_get(v, "patch") != NULL || bldr_get(v, "plan") != NULL ||
	    bldr_get(v, "again") != NULL) {
		*ret = (struct node_line){ .sort = NODE_ANSWER, .value = v };
		return 0;
	}
	if (bldr_get(v, "emit") != NULL) {
		rc = read_emit(bldr_get(v, "emit"), ret, err);
	} else if (bldr_get(v, "error") != NULL) {
		rc = read_error(bldr_get(v, "error"), ret, err);
	} else {
		value_describe(v, found);
		rc = bldr_error_set(err, BLDR_E_INVALID,
				    "expected an object with patch, plan, again, emit or error, "
				    "found %s",
				    found);
	}
	bldr_unref(v);
	return rc;
}

int node_line_read(const char *text, size_t size, struct node_line *ret, struct bldr_error *err)
{
	struct bldr_value *v = NULL;
	int rc = bldr_value_parse(text, size, &v, err);

	if (rc < 0) {
		return bldr_error_set(err, BLDR_E_INVALID, "%s", err != NULL ? err->text : "");
	}
	return read_object(v, ret, err);
}
