/*
 * Workspace (notebooks and folders), files of volumes, secrets. All of it may be sent twice: the second time finds what the
 * first has made.
 */
#include <sodium.h>
#include <stdlib.h>

#include "base/check.h"
#include "databricks/request_parts.h"

struct databricks_request databricks_mkdirs(const struct databricks *w, const char *path)
{
	return request_of(w, BLDR_KEYED, "POST", "/api/2.0/workspace/mkdirs",
			  object_of("path", bldr_text(path)));
}

static struct bldr_value *base64(const void *data, size_t size)
{
	size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
	char *text = xmalloc(room);
	struct bldr_value *v;

	sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_ORIGINAL);
	v = bldr_text(text);
	free(text);
	return v;
}

struct databricks_request databricks_import(const struct databricks *w,
					    const struct databricks_import *i)
{
	struct bldr_value *json = object_of("path", bldr_text(i->path));

	bldr_object_set(json, "format", bldr_text(i->format));
	set_text(json, "language", i->language);
	bldr_object_set(json, "overwrite", bldr_bool(i->overwrite));
	bldr_object_set(json, "content", base64(i->content, i->size));
	return request_of(w, BLDR_KEYED, "POST", "/api/2.0/workspace/import", json);
}

static struct databricks_request get_path(const struct databricks *w, const char *api,
					  const char *path)
{
	struct url u;

	url_begin(&u, w, api);
	url_text(&u, "path", path);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

struct databricks_request databricks_status(const struct databricks *w, const char *path)
{
	return get_path(w, "/api/2.0/workspace/get-status", path);
}

struct databricks_request databricks_list(const struct databricks *w, const char *path)
{
	return get_path(w, "/api/2.0/workspace/list", path);
}

struct databricks_request databricks_export(const struct databricks *w, const char *path,
					    const char *format, const char *save)
{
	struct databricks_request q;
	struct url u;

	url_begin(&u, w, "/api/2.0/workspace/export");
	url_text(&u, "path", path);
	url_text(&u, "format", format);
	url_bool(&u, "direct_download", true);
	q = request_end(w, BLDR_PURE, "GET", &u, NULL);
	databricks_save(&q, save);
	return q;
}

struct databricks_request databricks_delete(const struct databricks *w, const char *path,
					    bool recursive)
{
	struct bldr_value *json = object_of("path", bldr_text(path));

	bldr_object_set(json, "recursive", bldr_bool(recursive));
	return request_of(w, BLDR_KEYED, "POST", "/api/2.0/workspace/delete", json);
}

static struct databricks_request file_call(const struct databricks *w, enum bldr_class cls,
					   const char *method, const char *api, const char *path)
{
	struct url u;

	url_begin(&u, w, api);
	url_path(&u, path);
	return request_end(w, cls, method, &u, NULL);
}

struct databricks_request databricks_file_upload(const struct databricks *w,
						 const struct databricks_upload *f)
{
	struct bldr_value *upload = object_of("path", bldr_text(f->from));
	struct databricks_request q;
	struct url u;

	set_text(upload, "hash", f->hash);
	if (f->bytes >= 0) {
		bldr_object_set(upload, "bytes", bldr_int(f->bytes));
	}
	url_begin(&u, w, "/api/2.0/fs/files");
	url_path(&u, f->path);
	url_bool(&u, "overwrite", f->overwrite);
	q = request_end(w, BLDR_KEYED, "PUT", &u, NULL);
	bldr_object_set(q.args, "upload", upload);
	return q;
}

struct databricks_request databricks_file_download(const struct databricks *w, const char *path,
						   const char *save)
{
	struct databricks_request q = file_call(w, BLDR_PURE, "GET", "/api/2.0/fs/files", path);

	databricks_save(&q, save);
	return q;
}

struct databricks_request databricks_file_head(const struct databricks *w, const char *path)
{
	return file_call(w, BLDR_PURE, "HEAD", "/api/2.0/fs/files", path);
}

struct databricks_request databricks_file_delete(const struct databricks *w, const char *path)
{
	return file_call(w, BLDR_KEYED, "DELETE", "/api/2.0/fs/files", path);
}

struct databricks_request databricks_folder_create(const struct databricks *w, const char *path)
{
	return file_call(w, BLDR_KEYED, "PUT", "/api/2.0/fs/directories", path);
}

struct databricks_request databricks_folder_list(const struct databricks *w, const char *path,
						 const char *token)
{
	struct url u;

	url_begin(&u, w, "/api/2.0/fs/directories");
	url_path(&u, path);
	url_text(&u, "page_token", token);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

struct databricks_request databricks_folder_delete(const struct databricks *w, const char *path)
{
	return file_call(w, BLDR_KEYED, "DELETE", "/api/2.0/fs/directories", path);
}

struct databricks_request databricks_scope_create(const struct databricks *w, const char *scope)
{
	return request_of(w, BLDR_KEYED, "POST", "/api/2.0/secrets/scopes/create",
			  object_of("scope", bldr_text(scope)));
}

struct databricks_request databricks_scope_list(const struct databricks *w)
{
	return request_of(w, BLDR_PURE, "GET", "/api/2.0/secrets/scopes/list", NULL);
}

struct databricks_request databricks_secret_list(const struct databricks *w, const char *scope)
{
	struct url u;

	url_begin(&u, w, "/api/2.0/secrets/list");
	url_text(&u, "scope", scope);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

struct databricks_request databricks_secret_delete(const struct databricks *w, const char *scope,
						   const char *key)
{
	struct bldr_value *json = object_of("scope", bldr_text(scope));

	bldr_object_set(json, "key", bldr_text(key));
	return request_of(w, BLDR_KEYED, "POST", "/api/2.0/secrets/delete", json);
}
