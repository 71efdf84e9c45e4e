/*
 * What the requests are made of: a URL with an escaped path and query, a body, the headers that all calls share.
 */
#pragma once

#include "base/buf.h"
#include "databricks/request.h"

enum { DATABRICKS_URL_MAX = 64 << 10 };

/* A URL that is being written. */
struct url {
	struct buf text;
	bool queried;
};

/* The host, then path as it is ("/api/2.0/workspace/list"). */
void url_begin(struct url *u, const struct databricks *w, const char *path);
/* A slash, and a name in which every other byte than A-Z a-z 0-9 - . _ ~ is escaped. */
void url_name(struct url *u, const char *name);
/* The same of a path, whose slashes stay. */
void url_path(struct url *u, const char *path);
/* Parameters of the query. NULL text: none. */
void url_text(struct url *u, const char *name, const char *text);
void url_int(struct url *u, const char *name, int64_t number);
void url_bool(struct url *u, const char *name, bool yes);

/* A request; ends u, takes json (NULL: no body). */
struct databricks_request request_end(const struct databricks *w, enum bldr_class cls,
				      const char *method, struct url *u, struct bldr_value *json);
/* The whole of it, when path is all of the URL. */
struct databricks_request request_of(const struct databricks *w, enum bldr_class cls,
				     const char *method, const char *path, struct bldr_value *json);

/* Only these members of the answer are the result (NULL-terminated); longer texts are cut to text_max bytes, 0: none. */
void request_pick(struct databricks_request *q, const char *const *members, int64_t text_max);

/* An object of one member; takes value. */
struct bldr_value *object_of(const char *key, struct bldr_value *value);
/* Sets key when text is not NULL. */
void set_text(struct bldr_value *object, const char *key, const char *text);
