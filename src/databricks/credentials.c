/* What a configuration means for requests and for the engine. */
#include "databricks/config.h"

#include <string.h>

#include "databricks/request_parts.h"

/* Azure Databricks, in every cloud; and how much of a token's life it does not accept. */
static const char DATABRICKS_OF_AZURE[] = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
enum { AZURE_EARLY_MS = 40000 };

#define AZURE "azure-client-secret"
static const char CREDENTIAL[] = "databricks";
static const char MANAGEMENT[] = "databricks-azure-management";

struct databricks databricks_workspace(const struct databricks_config *c)
{
	static const char *const names[] = { "pat", "oauth-m2m", AZURE };

	return (struct databricks){
		.host = c->host,
		.credential = CREDENTIAL,
		.auth = names[c->auth],
		.workspace_id = c->workspace_id,
		.azure_credential = c->auth == DATABRICKS_AZURE ? MANAGEMENT : NULL,
		.azure_resource_id = c->azure_resource_id,
	};
}

struct bldr_value *databricks_workspace_write(const struct databricks *w)
{
	struct bldr_value *v = object_of("host", bldr_text(w->host));

	set_text(v, "auth", w->auth);
	set_text(v, "workspace_id", w->workspace_id);
	set_text(v, "azure_resource_id", w->azure_resource_id);
	return v;
}

struct databricks databricks_workspace_read(const struct bldr_value *v)
{
	const char *auth = bldr_get_text(v, "auth");

	return (struct databricks){
		.host = bldr_get_text(v, "host"),
		.credential = CREDENTIAL,
		.auth = auth,
		.workspace_id = bldr_get_text(v, "workspace_id"),
		.azure_credential = auth != NULL && strcmp(auth, AZURE) == 0 ? MANAGEMENT : NULL,
		.azure_resource_id = bldr_get_text(v, "azure_resource_id"),
	};
}

/* Where the workspace says that its tokens are had, or else where they always are. */
static void discover(const struct databricks_config *c, struct arena *a,
		     struct bldr_discovery steps[2])
{
	steps[0] = (struct bldr_discovery){
		.url = arena_printf(a, "%s/.well-known/databricks-config", c->host),
		.member = "oidc_endpoint",
		.append = "/.well-known/oauth-authorization-server",
		.otherwise =
			arena_printf(a, "%s/oidc/.well-known/oauth-authorization-server", c->host),
	};
	steps[1] = (struct bldr_discovery){
		.member = "token_endpoint",
		.otherwise = arena_printf(a, "%s/oidc/v1/token", c->host),
	};
}

void databricks_credentials(const struct databricks_config *c, struct arena *a,
			    struct databricks_credentials *ret)
{
	struct bldr_credential client = {
		.name = CREDENTIAL,
		.client_id = c->client_id,
		.client_secret = secret_text(c->secret),
	};

	*ret = (struct databricks_credentials){ .n = 1 };
	if (c->auth == DATABRICKS_PAT) {
		ret->at[0] = (struct bldr_credential){ .name = CREDENTIAL,
						       .secret = secret_text(c->secret) };
	} else if (c->auth == DATABRICKS_OAUTH) {
		discover(c, a, ret->discovery);
		client.discovery = ret->discovery;
		client.n_discovery = 2;
		client.scope = "all-apis";
		client.basic = true;
		ret->at[0] = client;
	} else {
		client.token_url = c->token_url;
		client.resource = DATABRICKS_OF_AZURE;
		client.early_ms = AZURE_EARLY_MS;
		ret->at[0] = client;
		client.name = MANAGEMENT;
		client.resource = c->azure_resource;
		ret->at[1] = client;
		ret->n = 2;
	}
}
