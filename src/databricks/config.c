/*
 * One table of attributes: their names in a profile and in the environment. What is given twice with different meanings
 * (a token and a client) is refused rather than chosen from.
 */
#include "databricks/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"

enum attribute {
	HOST,
	TOKEN,
	CLIENT_ID,
	CLIENT_SECRET,
	TENANT_ID,
	AZURE_CLIENT_ID,
	AZURE_CLIENT_SECRET,
	AZURE_RESOURCE_ID,
	AZURE_ENVIRONMENT,
	AUTH_TYPE,
	WORKSPACE_ID,
	WAREHOUSE_ID,
	ATTRIBUTES
};

static const struct {
	const char *name;   /* in a profile */
	const char *env[2]; /* the first that is set */
} table[ATTRIBUTES] = {
	[HOST] = { "host", { "DATABRICKS_HOST" } },
	[TOKEN] = { "token", { "DATABRICKS_TOKEN" } },
	[CLIENT_ID] = { "client_id", { "DATABRICKS_CLIENT_ID" } },
	[CLIENT_SECRET] = { "client_secret", { "DATABRICKS_CLIENT_SECRET" } },
	[TENANT_ID] = { "azure_tenant_id", { "DATABRICKS_TENANT_ID", "ARM_TENANT_ID" } },
	[AZURE_CLIENT_ID] = { "azure_client_id", { "ARM_CLIENT_ID" } },
	[AZURE_CLIENT_SECRET] = { "azure_client_secret", { "ARM_CLIENT_SECRET" } },
	[AZURE_RESOURCE_ID] = { "azure_workspace_resource_id", { "DATABRICKS_AZURE_RESOURCE_ID" } },
	[AZURE_ENVIRONMENT] = { "azure_environment", { "ARM_ENVIRONMENT" } },
	[AUTH_TYPE] = { "auth_type", { "DATABRICKS_AUTH_TYPE" } },
	[WORKSPACE_ID] = { "workspace_id", { "DATABRICKS_WORKSPACE_ID" } },
	[WAREHOUSE_ID] = { "warehouse_id", { "DATABRICKS_WAREHOUSE_ID" } },
};

/* A text of somebody else's; not NUL-terminated, so that no copy of a secret is made. */
struct slice {
	const char *text;
	size_t size;
	const char *origin;
};

struct reading {
	struct arena *a;
	struct slice at[ATTRIBUTES];
};

static struct slice trimmed(const char *text, size_t size, const char *origin)
{
	while (size > 0 && isspace((unsigned char)text[0])) {
		text++;
		size--;
	}
	while (size > 0 && isspace((unsigned char)text[size - 1])) {
		size--;
	}
	return (struct slice){ text, size, origin };
}

/* What is empty is not said. */
static const char *from_environment(const char *const *environment, const char *name)
{
	size_t n = strlen(name);

	for (; environment != NULL && *environment != NULL; environment++) {
		if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=' &&
		    (*environment)[n + 1] != '\0') {
			return *environment + n + 1;
		}
	}
	return NULL;
}

/* Of the environment, or else of .env. */
static const char *from_both(const struct databricks_said *said, const char *name)
{
	const char *text = from_environment(said->environment, name);

	return text != NULL ? text : from_environment(said->dotenv, name);
}

static void read_environment(struct reading *r, const char *const *environment, const char *where)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		for (size_t k = 0; k < 2 && table[i].env[k] != NULL && r->at[i].size == 0; k++) {
			const char *text = from_environment(environment, table[i].env[k]);

			if (text != NULL) {
				r->at[i] =
					trimmed(text, strlen(text),
						arena_printf(r->a, "%s%s", table[i].env[k], where));
			}
		}
	}
}

static bool is(struct slice s, const char *text)
{
	return s.size == strlen(text) && memcmp(s.text, text, s.size) == 0;
}

/* Of the lines of a section, those that say something new. */
static bool read_profile(struct reading *r, const char *text, const char *profile,
			 const char *origin)
{
	bool inside = false;
	bool found = false;

	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		struct slice line = trimmed(text, size, origin);
		const char *equal = memchr(line.text, '=', line.size);

		text += size + (text[size] == '\n');
		if (line.size == 0 || line.text[0] == '#' || line.text[0] == ';') {
			continue;
		}
		if (line.text[0] == '[' && line.text[line.size - 1] == ']') {
			inside = is(trimmed(line.text + 1, line.size - 2, NULL), profile);
			found |= inside;
			continue;
		}
		for (size_t i = 0; inside && equal != NULL && i < ATTRIBUTES; i++) {
			size_t key = (size_t)(equal - line.text);

			if (r->at[i].size == 0 && is(trimmed(line.text, key, NULL), table[i].name)) {
				r->at[i] = trimmed(equal + 1, line.size - key - 1, origin);
			}
		}
	}
	return found;
}

static int wrong(struct bldr_error *err, const char *text)
{
	return bldr_error_set(err, BLDR_E_INVALID, "%s", text);
}

static bool says_who(const struct reading *r)
{
	return r->at[TOKEN].size > 0 || r->at[CLIENT_ID].size > 0 ||
		r->at[AZURE_CLIENT_ID].size > 0;
}

static int read_file(struct reading *r, const struct databricks_said *said, struct bldr_error *err)
{
	const char *named = said->profile != NULL ? said->profile
						  : from_both(said, "DATABRICKS_CONFIG_PROFILE");
	const char *profile = named != NULL ? named : "DEFAULT";
	const char *origin;

	if (named == NULL && (r->at[HOST].size > 0 || says_who(r))) {
		return 0;
	}
	if (said->file_text == NULL) {
		return named == NULL
			? 0
			: bldr_error_set(err, BLDR_E_INVALID,
					 "there is no file of profiles \"%s\" to look up "
					 "profile \"%s\" in; make it, or set "
					 "DATABRICKS_CONFIG_FILE",
					 said->file_name != NULL ? said->file_name : "", named);
	}
	origin = arena_printf(r->a, "profile \"%s\" of %s", profile, said->file_name);
	if (!read_profile(r, said->file_text, profile, origin) && named != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" has no profile [%s]",
				      said->file_name, named);
	}
	return 0;
}

static const char *text_of(const struct reading *r, enum attribute i)
{
	return r->at[i].size > 0 ? arena_strndup(r->a, r->at[i].text, r->at[i].size) : NULL;
}

static bool is_here(const char *host, size_t size)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	size_t port = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	for (size_t i = 0; i < 3; i++) {
		if (port <= size && strlen(names[i]) == port &&
		    strncasecmp(host, names[i], port) == 0) {
			return true;
		}
	}
	return false;
}

/* "https://host:port" of what people paste: without a scheme, with a path, a query, a default port. */
static int canonical_host(const char *said, const char *origin, struct arena *a, const char **ret,
			  struct bldr_error *err)
{
	const char *scheme = "https";
	const char *host = said;
	char *text;
	size_t size;

	if (strncasecmp(said, "https://", 8) == 0) {
		host += 8;
	} else if (strncasecmp(said, "http://", 7) == 0) {
		host += 7;
		scheme = "http";
	}
	size = strcspn(host, "/?#");
	if (size == 0 ||
	    strspn(host,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789.-_:[]") < size) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%s is no URL of a workspace: \"%.200s\"; it is like "
				      "https://adb-1234567890123456.7.azuredatabricks.net",
				      origin, said);
	}
	if (strcmp(scheme, "http") == 0 && !is_here(host, size)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%s is http, which others can read: \"%.200s\"; use https",
				      origin, said);
	}
	if (strcmp(scheme, "https") == 0 && size > 4 && strncmp(host + size - 4, ":443", 4) == 0) {
		size -= 4;
	}
	text = arena_printf(a, "%s://%.*s", scheme, (int)size, host);
	for (char *c = text; *c != '\0'; c++) {
		*c = (char)tolower((unsigned char)*c);
	}
	*ret = text;
	return 0;
}

/* Whether a way of authentication has all that it needs; else what it lacks. */
static bool is_complete(const struct reading *r, const enum attribute *needs, enum attribute *ret)
{
	for (; *needs != ATTRIBUTES; needs++) {
		if (r->at[*needs].size == 0) {
			*ret = *needs;
			return false;
		}
	}
	return true;
}

/* A way to authenticate: what it is called, and what it takes. */
static const struct way {
	const char *name;
	enum databricks_auth auth;
	enum attribute needs[4]; /* until ATTRIBUTES; the secret is the last one */
	enum attribute id;       /* ATTRIBUTES: none */
} ways[] = {
	{ "pat", DATABRICKS_PAT, { TOKEN, ATTRIBUTES }, ATTRIBUTES },
	{ "azure-client-secret",
	  DATABRICKS_AZURE,
	  { CLIENT_ID, TENANT_ID, CLIENT_SECRET, ATTRIBUTES },
	  CLIENT_ID },
	{ "azure-client-secret",
	  DATABRICKS_AZURE,
	  { AZURE_CLIENT_ID, TENANT_ID, AZURE_CLIENT_SECRET, ATTRIBUTES },
	  AZURE_CLIENT_ID },
	{ "oauth-m2m", DATABRICKS_OAUTH, { CLIENT_ID, CLIENT_SECRET, ATTRIBUTES }, CLIENT_ID },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* The first thing that a way needs says that it is meant. */
static bool is_begun(const struct reading *r, const struct way *w)
{
	return r->at[w->needs[0]].size > 0;
}

static int lacks(enum attribute what, const char *meant, struct bldr_error *err)
{
	return bldr_error_set(
		err, BLDR_E_INVALID,
		"%s is not set, which authentication by %s needs; set it, or \"%s\" in a "
		"profile of ~/.databrickscfg",
		table[what].env[0], meant, table[what].name);
}

/* The way that DATABRICKS_AUTH_TYPE names. */
static int find_named(const struct reading *r, const char *type, const struct way **ret,
		      struct bldr_error *err)
{
	enum attribute lacking = ATTRIBUTES;
	bool known = false;

	for (size_t i = 0; i < WAYS; i++) {
		enum attribute one = ATTRIBUTES;

		if (strcmp(ways[i].name, type) != 0) {
			continue;
		}
		known = true;
		if (is_complete(r, ways[i].needs, &one)) {
			*ret = &ways[i];
			return 0;
		}
		lacking = lacking == ATTRIBUTES || is_begun(r, &ways[i]) ? one : lacking;
	}
	return known ? lacks(lacking, type, err)
		     : bldr_error_set(err, BLDR_E_INVALID,
				      "%s is \"%.60s\", which is not served here: it is pat, "
				      "oauth-m2m or azure-client-secret",
				      r->at[AUTH_TYPE].origin, type);
}

static int find_way(const struct reading *r, const struct way **ret, struct bldr_error *err)
{
	const char *type = text_of(r, AUTH_TYPE);
	bool client = r->at[CLIENT_ID].size > 0 || r->at[AZURE_CLIENT_ID].size > 0;
	enum attribute lacking = ATTRIBUTES;

	if (type != NULL) {
		return find_named(r, type, ret, err);
	}
	if (r->at[TOKEN].size > 0 && client) {
		return bldr_error_set(
			err, BLDR_E_INVALID,
			"both a token (%s) and a client (%s) are set; unset one, or say "
			"which is meant: DATABRICKS_AUTH_TYPE=pat, oauth-m2m or "
			"azure-client-secret",
			r->at[TOKEN].origin,
			r->at[r->at[CLIENT_ID].size > 0 ? CLIENT_ID : AZURE_CLIENT_ID].origin);
	}
	for (size_t i = 0; i < WAYS; i++) {
		if (is_complete(r, ways[i].needs, &lacking)) {
			*ret = &ways[i];
			return 0;
		}
	}
	for (size_t i = WAYS; i > 0;
	     i--) { /* of a client without a tenant the secret is what lacks */
		if (is_begun(r, &ways[i - 1])) {
			(void)is_complete(r, ways[i - 1].needs, &lacking);
			return lacks(lacking, ways[i - 1].name, err);
		}
	}
	return wrong(err,
		     "nothing says who to be: set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and "
		     "DATABRICKS_CLIENT_SECRET (and DATABRICKS_TENANT_ID for a service principal of "
		     "Entra), or name a profile of ~/.databrickscfg with "
		     "DATABRICKS_CONFIG_PROFILE");
}

/* The clouds of Azure: where tokens are had, and what manages. */
static const struct cloud {
	const char *name, *host, *login, *management;
} clouds[] = {
	{ "USGOVERNMENT", ".databricks.azure.us", "https://login.microsoftonline.us",
	  "https://management.core.usgovcloudapi.net/" },
	{ "CHINA", ".databricks.azure.cn", "https://login.chinacloudapi.cn",
	  "https://management.core.chinacloudapi.cn/" },
	{ "PUBLIC", "", "https://login.microsoftonline.com",
	  "https://management.core.windows.net/" },
};

static int find_cloud(const char *name, const char *host, const struct cloud **ret,
		      struct bldr_error *err)
{
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++) {
		size_t end = strlen(clouds[i].host);

		if (name != NULL ? strcasecmp(name, clouds[i].name) == 0
				 : strlen(host) >= end &&
				    strcmp(host + strlen(host) - end, clouds[i].host) == 0) {
			*ret = &clouds[i];
			return 0;
		}
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "ARM_ENVIRONMENT is \"%.60s\"; it is PUBLIC, USGOVERNMENT or CHINA",
			      name);
}

static bool is_plain(const char *text)
{
	return text[strspn(text,
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")] ==
		'\0';
}

static int read_azure(const struct reading *r, const struct databricks_said *said,
		      struct databricks_config *ret, struct bldr_error *err)
{
	const char *authority = from_both(said, "AZURE_AUTHORITY_HOST");
	const char *tenant = text_of(r, TENANT_ID);
	const struct cloud *cloud = NULL;
	int rc = find_cloud(text_of(r, AZURE_ENVIRONMENT), ret->host, &cloud, err);

	if (rc == 0 && authority != NULL) {
		rc = canonical_host(authority, "AZURE_AUTHORITY_HOST", r->a, &authority, err);
	}
	if (rc < 0) {
		return rc;
	}
	if (!is_plain(tenant)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%s is no id or domain of a tenant: \"%.100s\"",
				      r->at[TENANT_ID].origin, tenant);
	}
	ret->token_url = arena_printf(r->a, "%s/%s/oauth2/token",
				      authority != NULL ? authority : cloud->login, tenant);
	ret->azure_resource = cloud->management;
	ret->azure_resource_id = text_of(r, AZURE_RESOURCE_ID);
	return 0;
}

/* What goes into a header as it is. */
static bool is_header_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7F) {
			return false;
		}
	}
	return true;
}

static int read_rest(const struct reading *r, struct databricks_config *ret, struct bldr_error *err)
{
	ret->workspace_id = text_of(r, WORKSPACE_ID);
	ret->warehouse_id = text_of(r, WAREHOUSE_ID);
	if ((ret->workspace_id != NULL && !is_header_text(ret->workspace_id)) ||
	    (ret->azure_resource_id != NULL && !is_header_text(ret->azure_resource_id))) {
		return wrong(err,
			     "DATABRICKS_WORKSPACE_ID and DATABRICKS_AZURE_RESOURCE_ID are "
			     "texts without control characters");
	}
	return 0;
}

static int decide(const struct reading *r, const struct databricks_said *said,
		  struct databricks_config *ret, struct bldr_error *err)
{
	const char *host = text_of(r, HOST);
	const struct way *way = &ways[0];
	enum attribute secret = ATTRIBUTES;
	int rc;

	if (host == NULL) {
		return wrong(err,
			     "DATABRICKS_HOST is not set: the URL of the workspace, like "
			     "https://adb-1234567890123456.7.azuredatabricks.net; set it, or name a "
			     "profile of ~/.databrickscfg with DATABRICKS_CONFIG_PROFILE");
	}
	rc = canonical_host(host, r->at[HOST].origin, r->a, &ret->host, err);
	rc = rc == 0 ? find_way(r, &way, err) : rc;
	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; way->needs[i] != ATTRIBUTES; i++) {
		secret = way->needs[i];
	}
	ret->auth = way->auth;
	ret->host_origin = r->at[HOST].origin;
	ret->auth_origin = r->at[secret].origin;
	ret->client_id = way->id != ATTRIBUTES ? text_of(r, way->id) : NULL;
	ret->secret = secret_new(r->at[secret].text, r->at[secret].size);
	rc = way->auth == DATABRICKS_AZURE ? read_azure(r, said, ret, err) : 0;
	return rc == 0 ? read_rest(r, ret, err) : rc;
}

int databricks_config(const struct databricks_said *said, struct arena *a,
		      struct databricks_config *ret, struct bldr_error *err)
{
	struct reading r = { .a = a };
	int rc;

	*ret = (struct databricks_config){ 0 };
	if (said->host != NULL) {
		r.at[HOST] = trimmed(said->host, strlen(said->host), said->host_origin);
	}
	if (said->warehouse_id != NULL) {
		r.at[WAREHOUSE_ID] =
			trimmed(said->warehouse_id, strlen(said->warehouse_id), "--warehouse");
	}
	read_environment(&r, said->environment, "");
	read_environment(&r, said->dotenv, " of .env");
	rc = read_file(&r, said, err);
	return rc == 0 ? decide(&r, said, ret, err) : rc;
}

void databricks_config_release(struct databricks_config *c)
{
	secret_unref(c->secret);
	c->secret = NULL;
}

const char *databricks_config_file(const struct databricks_said *said, struct arena *a)
{
	const char *file = from_both(said, "DATABRICKS_CONFIG_FILE");
	const char *home = from_environment(said->environment, "HOME");

	if (file != NULL && strncmp(file, "~/", 2) != 0) {
		return file;
	}
	if (home == NULL) {
		return NULL;
	}
	return arena_printf(a, "%s/%s", home, file != NULL ? file + 2 : ".databrickscfg");
}
