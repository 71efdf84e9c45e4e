/*
 * The outcome of a call. Errors are read in the order in which Databricks' own clients read them: JSON with error_code and
 * message, API 1.2's error, SCIM's detail, a text "CODE: message", the <pre> or <title> of a page, and else the body as it is.
 * The code decides what a failure is, then the message (some say "already exists" or "does not exist" with another status),
 * then the status.
 */
#include "databricks/answer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "databricks/answer_parts.h"

enum { MESSAGE_MAX = 4000 };

const char *databricks_outcome_name(enum databricks_outcome o)
{
	static const char *const names[] = {
		[DATABRICKS_OK] = "ok",
		[DATABRICKS_NOT_FOUND] = "not_found",
		[DATABRICKS_EXISTS] = "exists",
		[DATABRICKS_NOT_EMPTY] = "not_empty",
		[DATABRICKS_UNAUTHENTICATED] = "unauthenticated",
		[DATABRICKS_DENIED] = "denied",
		[DATABRICKS_INVALID] = "invalid",
		[DATABRICKS_LIMIT] = "limit",
		[DATABRICKS_BUSY] = "busy",
		[DATABRICKS_UNREACHABLE] = "unreachable",
		[DATABRICKS_UNKNOWN] = "unknown",
		[DATABRICKS_FAILED] = "failed",
	};

	return names[o];
}

const char *databricks_blame_name(enum databricks_blame b)
{
	static const char *const names[] = {
		[DATABRICKS_BLAME_NONE] = "none",
		[DATABRICKS_BLAME_CODE] = "code",
		[DATABRICKS_BLAME_CONFIGURATION] = "configuration",
		[DATABRICKS_BLAME_INFRASTRUCTURE] = "infrastructure",
	};

	return names[b];
}

static void drop(void *value)
{
	bldr_unref(value);
}

/* JSON that lives as long as a; NULL: it is none. */
static const struct bldr_value *parse(struct arena *a, const char *text)
{
	struct bldr_value *v = NULL;

	if (text == NULL || bldr_value_parse(text, strlen(text), &v, NULL) < 0) {
		return NULL;
	}
	arena_on_release(a, drop, v);
	return v;
}

const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

bool is_among(const char *text, const char *const *list)
{
	while (*list != NULL && strcmp(*list, text) != 0) {
		list++;
	}
	return *list != NULL;
}

static const char *cut(struct arena *a, const char *text, size_t size)
{
	return arena_strndup(a, text, utf8_cut(text, size, MESSAGE_MAX));
}

static void read_json_error(struct arena *a, const struct bldr_value *v,
			    struct databricks_answer *ret)
{
	const struct bldr_value *code = bldr_get(v, "error_code");
	const char *error = bldr_get_text(v, "error");
	const char *detail = bldr_get_text(v, "detail");

	ret->code = or_empty(bldr_as_text(code));
	if (bldr_type_of(code) == BLDR_INT) {
		ret->code = arena_printf(a, "%" PRId64, bldr_as_int(code, 0));
	}
	ret->message = or_empty(bldr_get_text(v, "message"));
	if (error != NULL && error[0] != '\0') {
		ret->message = error;
	}
	if (detail != NULL && ret->message[0] == '\0') {
		const char *type = or_empty(bldr_get_text(v, "scimType"));
		const char *status = bldr_get_text(v, "status");

		ret->code = status != NULL
			? arena_printf(a, "SCIM_%s", status)
			: arena_printf(a, "SCIM_%" PRId64, bldr_get_int(v, "status", ret->status));
		ret->message = strcmp(detail, "null") == 0
			? "SCIM API Internal Error"
			: arena_printf(a, "%s%s%s", type, type[0] != '\0' ? " " : "", detail);
	}
}

/* "SOME_CODE: what went wrong". */
static bool read_text_error(struct arena *a, const char *body, struct databricks_answer *ret)
{
	size_t n = strspn(body, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (n == 0 || strncmp(body + n, ": ", 2) != 0) {
		return false;
	}
	ret->code = arena_strndup(a, body, n);
	ret->message = cut(a, body + n + 2, strlen(body + n + 2));
	return true;
}

/* What stands between <tag> and </tag>. */
static bool read_tag(struct arena *a, const char *body, const char *open, const char *close,
		     struct databricks_answer *ret)
{
	const char *from = strcasestr(body, open);
	const char *to = from != NULL ? strcasestr(from, close) : NULL;

	if (to == NULL) {
		return false;
	}
	from += strlen(open);
	while (from < to && isspace((unsigned char)*from)) {
		from++;
	}
	while (to > from && isspace((unsigned char)to[-1])) {
		to--;
	}
	ret->message = cut(a, from, (size_t)(to - from));
	return from < to;
}

static void read_error(struct arena *a, const char *body, struct databricks_answer *ret)
{
	const struct bldr_value *v = parse(a, body);

	if (bldr_type_of(v) == BLDR_OBJECT) {
		read_json_error(a, v, ret);
	} else if (body[0] != '\0' && !read_text_error(a, body, ret) &&
		   !read_tag(a, body, "<pre>", "</pre>", ret) &&
		   !read_tag(a, body, "<title>", "</title>", ret)) {
		ret->code = "UNKNOWN";
		ret->message = cut(a, body, strlen(body));
	}
	if (ret->message[0] == '\0') {
		ret->message = arena_printf(a, "the workspace answered %" PRId64 "%s%s",
					    ret->status, ret->code[0] != '\0' ? " " : "",
					    ret->code);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);

	return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

/* Whether the parts stand in text, one behind the other, the first at its beginning. */
static bool reads_like(const char *text, const char *first, const char *then)
{
	size_t n = strlen(first);

	return strncmp(text, first, n) == 0 && strstr(text + n, then) != NULL;
}

static bool by_code(const struct databricks_answer *r, enum databricks_outcome *ret)
{
	static const struct {
		const char *code;
		enum databricks_outcome outcome;
	} table[] = {
		{ "NOT_FOUND", DATABRICKS_NOT_FOUND },
		{ "SCIM_404", DATABRICKS_NOT_FOUND },
		{ "ALREADY_EXISTS", DATABRICKS_EXISTS },
		{ "UNAUTHENTICATED", DATABRICKS_UNAUTHENTICATED },
		{ "PERMISSION_DENIED", DATABRICKS_DENIED },
		{ "CUSTOMER_UNAUTHORIZED", DATABRICKS_DENIED },
		{ "RESOURCE_LIMIT_EXCEEDED", DATABRICKS_LIMIT },
		{ "QUOTA_EXCEEDED", DATABRICKS_LIMIT },
		{ "RESOURCE_EXHAUSTED", DATABRICKS_BUSY },
		{ "REQUEST_LIMIT_EXCEEDED", DATABRICKS_BUSY },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(r->code, table[i].code) == 0) {
			*ret = table[i].outcome;
			return true;
		}
	}
	if (ends_with(r->code, "_DOES_NOT_EXIST")) {
		*ret = DATABRICKS_NOT_FOUND;
	} else if (ends_with(r->code, "_ALREADY_EXISTS")) {
		*ret = DATABRICKS_EXISTS;
	} else if (ends_with(r->code, "_NOT_EMPTY")) {
		*ret = DATABRICKS_NOT_EMPTY;
	} else {
		return false;
	}
	return true;
}

/* Answers that mean something else than their status and code say. */
static bool by_message(const struct databricks_answer *r, enum databricks_outcome *ret)
{
	const char *m = r->message;

	if (r->status == 403 && strcasestr(m, "invalid access token") != NULL) {
		*ret = DATABRICKS_UNAUTHENTICATED; /* of a personal token that is none */
		return true;
	}
	if (r->status != 400 && r->status != 409) {
		return false;
	}
	if (strcasestr(m, "already exists") != NULL) {
		*ret = DATABRICKS_EXISTS;
		return true;
	}
	if (strcmp(r->code, "INVALID_PARAMETER_VALUE") == 0 &&
	    (reads_like(m, "Cluster ", " does not exist") ||
	     reads_like(m, "Job ", " does not exist") || reads_like(m, "Run ", " does not exist") ||
	     (reads_like(m, "Run: ", " in job: ") && strstr(m, " doesn't exist") != NULL))) {
		*ret = DATABRICKS_NOT_FOUND;
		return true;
	}
	return false;
}

static enum databricks_outcome by_status(int64_t status)
{
	switch (status) {
	case 400:
	case 413:
	case 422:
		return DATABRICKS_INVALID;
	case 401:
		return DATABRICKS_UNAUTHENTICATED;
	case 403:
		return DATABRICKS_DENIED;
	case 404:
		return DATABRICKS_NOT_FOUND;
	case 429:
		return DATABRICKS_BUSY;
	default:
		return status >= 500 && status != 501 ? DATABRICKS_UNKNOWN : DATABRICKS_FAILED;
	}
}

static enum databricks_blame blame_of(enum databricks_outcome o, int64_t status)
{
	if (o == DATABRICKS_OK) {
		return DATABRICKS_BLAME_NONE;
	}
	return o == DATABRICKS_BUSY || o == DATABRICKS_UNREACHABLE || o == DATABRICKS_UNKNOWN ||
			(o == DATABRICKS_FAILED && (status >= 500 || status == 409))
		? DATABRICKS_BLAME_INFRASTRUCTURE
		: DATABRICKS_BLAME_CONFIGURATION;
}

static void failed(struct arena *a, const char *body, struct databricks_answer *ret)
{
	const char *to = bldr_get_text(ret->headers, "location");

	read_error(a, body, ret);
	if (ret->status < 400) {
		ret->outcome = DATABRICKS_FAILED;
		ret->message = arena_printf(
			a,
			"the workspace answered %" PRId64
			" and sends elsewhere (\"%.200s\"), which is not followed: is the host that "
			"of a workspace, and may this network reach it?",
			ret->status, or_empty(to));
	} else if (!by_message(ret, &ret->outcome) && !by_code(ret, &ret->outcome)) {
		ret->outcome = by_status(ret->status);
	}
	ret->blame = blame_of(ret->outcome, ret->status);
}

/* A page of 200 where JSON was asked for is that of a proxy, or of a login. */
static void succeeded(struct arena *a, const char *body, struct databricks_answer *ret)
{
	const char *type = or_empty(bldr_get_text(ret->headers, "content-type"));

	ret->outcome = DATABRICKS_OK;
	ret->body = parse(a, body);
	if (ret->saved != NULL || body[0] == '\0' || ret->body != NULL) {
		return;
	}
	read_error(a, body, ret);
	ret->code = "UNKNOWN";
	ret->outcome = DATABRICKS_FAILED;
	ret->blame = DATABRICKS_BLAME_CONFIGURATION;
	ret->message = arena_printf(a,
				    "the workspace answered %" PRId64
				    " with something else than JSON (\"%.60s\"): %.200s",
				    ret->status, type, ret->message);
}

/* There is no answer. */
static void unanswered(const struct bldr_result *r, struct databricks_answer *ret)
{
	ret->message = or_empty(r->error);
	ret->blame = DATABRICKS_BLAME_INFRASTRUCTURE;
	ret->outcome = DATABRICKS_FAILED;
	if (r->status == BLDR_UNKNOWN) {
		ret->outcome = DATABRICKS_UNKNOWN;
	} else if (r->code == BLDR_E_UNAVAILABLE || r->status == BLDR_TIMED_OUT) {
		ret->outcome = DATABRICKS_UNREACHABLE;
	} else if (r->code == BLDR_E_INVALID || r->code == BLDR_E_NOT_FOUND ||
		   r->code == BLDR_E_LIMIT || r->code == BLDR_E_CHANGED ||
		   r->code == BLDR_E_FAILED) {
		ret->blame = DATABRICKS_BLAME_CONFIGURATION;
	}
}

void databricks_answer(const struct bldr_result *r, struct arena *a, struct databricks_answer *ret)
{
	const char *body;

	*ret = (struct databricks_answer){ .code = "", .message = "" };
	if (r->status != BLDR_DONE) {
		unanswered(r, ret);
		return;
	}
	body = or_empty(bldr_get_text(r->value, "body"));
	ret->status = bldr_get_int(r->value, "status", 0);
	ret->headers = bldr_get(r->value, "headers");
	ret->saved = bldr_get(r->value, "saved");
	if (ret->status >= 200 && ret->status < 300) {
		succeeded(a, body, ret);
	} else {
		failed(a, body, ret);
	}
}

int64_t databricks_retry_after_ms(const struct databricks_answer *answer)
{
	const char *text = or_empty(bldr_get_text(answer->headers, "retry-after"));
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits < 6 && text[digits] == '\0' ? strtoll(text, NULL, 10) * 1000
								: 0;
}

const char *databricks_next_page(const struct bldr_value *body)
{
	const char *token = bldr_get_text(body, "next_page_token");

	return token != NULL && token[0] != '\0' ? token : NULL;
}

static bool is_held_by(const struct bldr_value *assignment, const char *privilege)
{
	const struct bldr_value *list = bldr_get(assignment, "privileges");

	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *p = bldr_at(list, i);
		const char *name = or_empty(bldr_type_of(p) == BLDR_TEXT
						    ? bldr_as_text(p)
						    : bldr_get_text(p, "privilege"));

		/* SQL writes them with blanks */
		if (strcmp(name, privilege) == 0 ||
		    ((strcmp(name, "ALL_PRIVILEGES") == 0 || strcmp(name, "ALL PRIVILEGES") == 0) &&
		     strcmp(privilege, "MANAGE") != 0)) {
			return true;
		}
	}
	return false;
}

bool databricks_has_privilege(const struct bldr_value *body, const char *principal,
			      const char *privilege)
{
	const struct bldr_value *list = bldr_get(body, "privilege_assignments");

	if (bldr_type_of(list) != BLDR_LIST) {
		return false;
	}
	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *one = bldr_at(list, i);

		if ((principal == NULL ||
		     strcmp(or_empty(bldr_get_text(one, "principal")), principal) == 0) &&
		    is_held_by(one, privilege)) {
			return true;
		}
	}
	return false;
}

int64_t databricks_job_find(const struct bldr_value *body, const char *name, const char *tag,
			    const char *value)
{
	const struct bldr_value *jobs = bldr_get(body, "jobs");

	for (size_t i = 0; bldr_type_of(jobs) == BLDR_LIST && i < bldr_count(jobs); i++) {
		const struct bldr_value *job = bldr_at(jobs, i);
		const struct bldr_value *settings = bldr_get(job, "settings");
		const char *is = tag != NULL ? bldr_get_text(bldr_get(settings, "tags"), tag) : "";

		if (strcmp(or_empty(bldr_get_text(settings, "name")), name) == 0 && is != NULL &&
		    (tag == NULL || strcmp(is, value) == 0)) {
			return bldr_get_int(job, "job_id", 0);
		}
	}
	return 0;
}

/* The byte behind an escape sequence (ECMA-48) that begins at text, an ESC. */
static const char *behind_escape(const char *text)
{
	text++;
	if (*text == '[') { /* CSI: parameters and intermediates, then a final byte */
		text++;
		while (*text >= 0x20 && *text < 0x40) {
			text++;
		}
	} else if (*text == ']') { /* OSC: until BEL or ESC \ */
		while (*text != '\0' && *text != '\a' && *text != '\033') {
			text++;
		}
		text += *text == '\033' && text[1] == '\\' ? 1 : 0;
	}
	return *text != '\0' ? text + 1 : text;
}

const char *databricks_plain(struct arena *a, const char *text)
{
	char *plain = arena_strdup(a, text);
	char *to = plain;

	while (*text != '\0') {
		if (*text == '\033') {
			text = behind_escape(text);
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return plain;
}
