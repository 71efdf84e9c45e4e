/*
 * Unity Catalog. Lists ask for max_results=0, the server's own page size; without it a list is one page that says nothing
 * of what is missing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "databricks/request_parts.h"

static const struct {
	const char *api;  /* the collection */
	const char *type; /* of permissions */
} kinds[] = {
	[DATABRICKS_CATALOG] = { "/api/2.1/unity-catalog/catalogs", "catalog" },
	[DATABRICKS_SCHEMA] = { "/api/2.1/unity-catalog/schemas", "schema" },
	[DATABRICKS_TABLE] = { "/api/2.1/unity-catalog/tables", "table" },
	[DATABRICKS_VOLUME] = { "/api/2.1/unity-catalog/volumes", "volume" },
};

struct databricks_request databricks_securable_get(const struct databricks *w,
						   enum databricks_securable kind,
						   const char *full_name)
{
	struct url u;

	url_begin(&u, w, kinds[kind].api);
	url_name(&u, full_name);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

/* "a.b" into its parts; a caller without a dot has one part. */
static char *first_part(const char *name, const char **ret_rest)
{
	size_t n = strcspn(name, ".");

	*ret_rest = name[n] == '.' ? name + n + 1 : "";
	return xstrndup(name, n);
}

struct databricks_request databricks_securable_list(const struct databricks *w,
						    enum databricks_securable kind,
						    const char *parent, const char *token)
{
	const char *schema = "";
	char *catalog = first_part(parent, &schema);
	struct url u;

	url_begin(&u, w, kinds[kind].api);
	url_text(&u, "catalog_name", catalog[0] != '\0' ? catalog : NULL);
	url_text(&u, "schema_name", schema[0] != '\0' ? schema : NULL);
	url_int(&u, "max_results", 0);
	url_text(&u, "page_token", token);
	free(catalog);
	return request_end(w, BLDR_PURE, "GET", &u, NULL);
}

static void set_names(struct bldr_value *json, enum databricks_securable kind, const char *full_name)
{
	static const char *const above[] = { "catalog_name", "schema_name" };
	int parents = kind == DATABRICKS_CATALOG ? 0 : kind == DATABRICKS_SCHEMA ? 1 : 2;

	for (int i = 0; i < parents; i++) {
		char *part = first_part(full_name, &full_name);

		bldr_object_set(json, above[i], bldr_text(part));
		free(part);
	}
	bldr_object_set(json, "name", bldr_text(full_name));
}

struct databricks_request databricks_securable_create(const struct databricks *w,
						      enum databricks_securable kind,
						      const char *full_name, const char *comment)
{
	struct bldr_value *json = bldr_object();

	ASSERT(kind != DATABRICKS_TABLE);
	set_names(json, kind, full_name);
	set_text(json, "comment", comment);
	if (kind == DATABRICKS_VOLUME) {
		bldr_object_set(json, "volume_type", bldr_text("MANAGED"));
	}
	return request_of(w, BLDR_KEYED, "POST", kinds[kind].api, json);
}

struct databricks_request databricks_securable_delete(const struct databricks *w,
						      enum databricks_securable kind,
						      const char *full_name, bool force)
{
	struct url u;

	url_begin(&u, w, kinds[kind].api);
	url_name(&u, full_name);
	if (force) {
		url_bool(&u, "force", true);
	}
	return request_end(w, BLDR_KEYED, "DELETE", &u, NULL);
}

struct databricks_request databricks_constraint_create(const struct databricks *w,
						       const char *table,
						       struct bldr_value *constraint)
{
	struct bldr_value *json = object_of("full_name_arg", bldr_text(table));

	bldr_object_set(json, "constraint", constraint);
	return request_of(w, BLDR_KEYED, "POST", "/api/2.1/unity-catalog/constraints", json);
}

struct databricks_request databricks_permissions(const struct databricks *w,
						 enum databricks_securable kind,
						 const char *full_name, const char *principal,
						 const char *token)
{
	static const char *const members[] = { "privilege_assignments/*/principal",
					       "privilege_assignments/*/privileges/*/privilege",
					       "next_page_token", NULL };
	struct databricks_request q;
	struct url u;

	url_begin(&u, w, "/api/2.1/unity-catalog/effective-permissions");
	url_name(&u, kinds[kind].type);
	url_name(&u, full_name);
	url_text(&u, "principal", principal);
	url_int(&u, "max_results", 0);
	url_text(&u, "page_token", token);
	q = request_end(w, BLDR_PURE, "GET", &u, NULL);
	request_pick(&q, members, 0);
	return q;
}
