/*
 * The common part of all requests. A path is escaped byte by byte, so that no name leads elsewhere; booleans of a query are the
 * words true and false; the token is named, never held.
 */
#include "databricks/request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "databricks/request_parts.h"

enum { IDLE_MS = 60000 };

static const char unreserved[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static void escape(struct buf *b, const char *text, const char *kept)
{
	for (const char *c = text; *c != '\0'; c++) {
		if (strchr(unreserved, *c) != NULL || strchr(kept, *c) != NULL) {
			buf_putc(b, *c);
		} else {
			buf_printf(b, "%%%02X", (unsigned char)*c);
		}
	}
}

void url_begin(struct url *u, const struct databricks *w, const char *path)
{
	*u = (struct url){ 0 };
	buf_init(&u->text, DATABRICKS_URL_MAX);
	buf_puts(&u->text, w->host);
	buf_puts(&u->text, path);
}

void url_name(struct url *u, const char *name)
{
	buf_putc(&u->text, '/');
	escape(&u->text, name, "");
}

void url_path(struct url *u, const char *path)
{
	if (path[0] != '/') {
		buf_putc(&u->text, '/');
	}
	escape(&u->text, path, "/");
}

void url_text(struct url *u, const char *name, const char *text)
{
	if (text == NULL) {
		return;
	}
	buf_printf(&u->text, "%c%s=", u->queried ? '&' : '?', name);
	escape(&u->text, text, "");
	u->queried = true;
}

void url_int(struct url *u, const char *name, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	url_text(u, name, text);
}

void url_bool(struct url *u, const char *name, bool yes)
{
	url_text(u, name, yes ? "true" : "false");
}

struct bldr_value *object_of(const char *key, struct bldr_value *value)
{
	struct bldr_value *o = bldr_object();

	bldr_object_set(o, key, value);
	return o;
}

void set_text(struct bldr_value *object, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(object, key, bldr_text(text));
	}
}

static struct bldr_value *bearer(const char *credential, const char *prefix)
{
	struct bldr_value *o = object_of("credential", bldr_text(credential));

	set_text(o, "prefix", prefix);
	return o;
}

/*
 * What means "later": the statuses of the clients of Databricks, and the texts by which they know that an answer of another
 * status is one (databricks-sdk-go and databricks-sdk-py, both lists).
 */
static struct bldr_value *transient(void)
{
	static const int statuses[] = { 429, 502, 503, 504 };
	static const char *const texts[] = {
		"UnknownWorkerEnvironmentException",
		"does not have any associated worker environments",
		"There is no worker environment with id",
		"Unknown worker environment",
		"ClusterNotReadyException",
		"Timed out after ",
		"deadline exceeded",
		"Unexpected error",
		"Please try again later or try a faster operation.",
		"RPC token bucket limit has been exceeded",
	};
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		bldr_list_add(list, bldr_int(statuses[i]));
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		bldr_list_add(list, bldr_text(texts[i]));
	}
	return list;
}

static struct bldr_value *headers_of(const struct databricks *w)
{
	struct bldr_value *h = object_of("Authorization", bearer(w->credential, "Bearer "));

	bldr_object_set(h, "Accept", bldr_text("application/json"));
	bldr_object_set(h, "User-Agent",
			bldr_textf("bldr/" BLDR_VERSION " c/" BLDR_VERSION " os/linux auth/%s",
				   w->auth));
	set_text(h, "X-Databricks-Workspace-Id", w->workspace_id);
	if (w->azure_credential != NULL) {
		bldr_object_set(h, "X-Databricks-Azure-SP-Management-Token",
				bearer(w->azure_credential, NULL));
	}
	set_text(h, "X-Databricks-Azure-Workspace-Resource-Id", w->azure_resource_id);
	return h;
}

struct databricks_request request_end(const struct databricks *w, enum bldr_class cls,
				      const char *method, struct url *u, struct bldr_value *json)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "method", bldr_text(method));
	bldr_object_set(args, "url", bldr_text(u->text.data));
	bldr_object_set(args, "headers", headers_of(w));
	bldr_object_set(args, "idle_ms", bldr_int(IDLE_MS));
	if (cls != BLDR_ONCE) {
		bldr_object_set(args, "transient", transient());
	}
	if (json != NULL) {
		bldr_object_set(args, "json", json);
	}
	buf_release(&u->text);
	return (struct databricks_request){ .cls = cls, .args = args };
}

struct databricks_request request_of(const struct databricks *w, enum bldr_class cls,
				     const char *method, const char *path, struct bldr_value *json)
{
	struct url u;

	url_begin(&u, w, path);
	return request_end(w, cls, method, &u, json);
}

void request_pick(struct databricks_request *q, const char *const *members, int64_t text_max)
{
	struct bldr_value *list = bldr_list();
	struct bldr_value *pick;

	for (; *members != NULL; members++) {
		bldr_list_add(list, bldr_text(*members));
	}
	pick = object_of("members", list);
	if (text_max > 0) {
		bldr_object_set(pick, "text_max", bldr_int(text_max));
	}
	bldr_object_set(q->args, "pick", pick);
}

void databricks_save(struct databricks_request *q, const char *path)
{
	bldr_object_set(q->args, "save", bldr_text(path));
}

void databricks_token(const char *const *parts, char ret[DATABRICKS_TOKEN_SIZE])
{
	struct bldr_value *list = bldr_list();
	char *text;

	for (; *parts != NULL; parts++) {
		bldr_list_add(list, bldr_text(*parts));
	}
	text = bldr_value_text(list); /* no two lists have the same text */
	hash_bytes(text, strlen(text), ret);
	free(text);
	bldr_unref(list);
}

struct databricks_request databricks_me(const struct databricks *w)
{
	return request_of(w, BLDR_PURE, "GET", "/api/2.0/preview/scim/v2/Me", NULL);
}
