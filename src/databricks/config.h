/*
 * Which workspace, and as whom: from the program's configuration, the environment, .env and a profile of ~/.databrickscfg, by
 * the names that all of Databricks' tools know.
 *
 *	configuration < environment < .env < profile of the file: what is said first counts. The file is looked at when a profile is
 *	named, or when neither a host nor a credential is said otherwise.
 *
 *	one of   token                                          a personal access token
 *	         client id + secret                             a service principal, by the workspace's own OAuth
 *	         client id + secret + tenant id                 a service principal of Entra (Azure)
 */
#pragma once

#include <bldr/engine.h>
#include "base/arena.h"
#include "base/secret.h"
#include "databricks/request.h"

enum databricks_auth { DATABRICKS_PAT, DATABRICKS_OAUTH, DATABRICKS_AZURE };

/* What there is to go by. All of it is borrowed for the call. */
struct databricks_said {
	const char *host, *profile,
		*warehouse_id;          /* of the program's configuration; NULL: not said */
	const char *host_origin;        /* of host, for messages */
	const char *const *environment; /* "NAME=VALUE"..., NULL */
	const char *const *dotenv;      /* what .env has besides, in the same form; NULL: nothing */
	const char *file_text;          /* of the file of profiles; NULL: there is none */
	const char *file_name;          /* for messages */
};

/* Texts are the arena's that databricks_config was given; NULL: not said. */
struct databricks_config {
	const char *host; /* "https://...", no slash at the end */
	const char *host_origin,
		*auth_origin; /* where they come from: "DATABRICKS_HOST", "profile \"DEV\" of /home/a/.databrickscfg" */
	enum databricks_auth auth;
	const char *client_id; /* not of DATABRICKS_PAT */
	struct secret *secret; /* the token, or the client's secret */
	const char *token_url, *azure_resource,
		*azure_resource_id; /* DATABRICKS_AZURE; the last one may be NULL */
	const char *workspace_id, *warehouse_id;
};

/*
 * Errors: INVALID, naming the variable and what to do. ret is to be released in each case.
 */
int databricks_config(const struct databricks_said *said, struct arena *a,
		      struct databricks_config *ret, struct bldr_error *err);
void databricks_config_release(struct databricks_config *c);

/* The file of profiles that environment and .env mean: DATABRICKS_CONFIG_FILE, or .databrickscfg in the home folder; NULL: none.
 * a's. */
const char *databricks_config_file(const struct databricks_said *said, struct arena *a);

/* The workspace for requests. Borrows c. */
struct databricks databricks_workspace(const struct databricks_config *c);
/* The same as JSON, which holds no secret: {"host", "auth"[, "workspace_id", "azure_resource_id"]}; the caller's. */
struct bldr_value *databricks_workspace_write(const struct databricks *w);
/* Of such an object, whose texts are borrowed; other members are others' business. */
struct databricks databricks_workspace_read(const struct bldr_value *v);

/* What the engine has to know before requests are sent: bldr_engine_add_credential for each of at. Borrows c. */
struct databricks_credentials {
	struct bldr_credential at[2];
	size_t n;
	struct bldr_discovery discovery[2];
};
void databricks_credentials(const struct databricks_config *c, struct arena *a,
			    struct databricks_credentials *ret);
