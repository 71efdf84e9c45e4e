/*
 * SQL statements and warehouses. A statement has no idempotency token: only the caller knows whether it may run twice.
 */
#include <inttypes.h>
#include <stdio.h>

#include "databricks/request_parts.h"

struct databricks_request databricks_statement(const struct databricks *w,
					       const struct databricks_sql *s)
{
	struct bldr_value *json = object_of("warehouse_id", bldr_text(s->warehouse_id));

	bldr_object_set(json, "statement", bldr_text(s->statement));
	set_text(json, "catalog", s->catalog);
	set_text(json, "schema", s->schema);
	if (s->parameters != NULL) {
		bldr_object_set(json, "parameters", s->parameters);
	}
	if (s->row_limit > 0) {
		bldr_object_set(json, "row_limit", bldr_int(s->row_limit));
	}
	bldr_object_set(json, "disposition", bldr_text(s->external ? "EXTERNAL_LINKS" : "INLINE"));
	bldr_object_set(json, "format", bldr_text("JSON_ARRAY"));
	bldr_object_set(json, "wait_timeout", bldr_text("30s"));
	bldr_object_set(json, "on_wait_timeout", bldr_text("CONTINUE"));
	return request_of(w, s->repeatable ? BLDR_KEYED : BLDR_ONCE, "POST",
			  "/api/2.0/sql/statements", json);
}

static struct databricks_request of_id(const struct databricks *w, enum bldr_class cls,
				       const char *method, const char *api, const char *id,
				       const char *what)
{
	struct url u;

	url_begin(&u, w, api);
	url_name(&u, id);
	buf_puts(&u.text, what);
	return request_end(w, cls, method, &u, cls == BLDR_KEYED ? bldr_object() : NULL);
}

struct databricks_request databricks_statement_get(const struct databricks *w, const char *id)
{
	return of_id(w, BLDR_PURE, "GET", "/api/2.0/sql/statements", id, "");
}

struct databricks_request databricks_statement_cancel(const struct databricks *w, const char *id)
{
	return of_id(w, BLDR_KEYED, "POST", "/api/2.0/sql/statements", id, "/cancel");
}

struct databricks_request databricks_statement_chunk(const struct databricks *w, const char *id,
						     int64_t chunk)
{
	char what[48];

	(void)snprintf(what, sizeof(what), "/result/chunks/%" PRId64, chunk);
	return of_id(w, BLDR_PURE, "GET", "/api/2.0/sql/statements", id, what);
}

struct databricks_request databricks_external_link(const char *url, const char *save)
{
	struct databricks_request q = { .cls = BLDR_PURE, .args = bldr_object() };

	bldr_object_set(q.args, "url", bldr_text(url));
	databricks_save(&q, save);
	return q;
}

struct databricks_request databricks_warehouse_get(const struct databricks *w, const char *id)
{
	return of_id(w, BLDR_PURE, "GET", "/api/2.0/sql/warehouses", id, "");
}

struct databricks_request databricks_warehouse_list(const struct databricks *w)
{
	return request_of(w, BLDR_PURE, "GET", "/api/2.0/sql/warehouses", NULL);
}

struct databricks_request databricks_warehouse_start(const struct databricks *w, const char *id)
{
	return of_id(w, BLDR_KEYED, "POST", "/api/2.0/sql/warehouses", id, "/start");
}
