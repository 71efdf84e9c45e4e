/*
 * Which workspace and as whom: options, environment and profiles, and what a person is told when something is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "databricks/databricks.h"

enum { NAMES_MAX = 8 };

static const char profiles[] = "; my workspaces\n"
			       "[DEFAULT]\n"
			       "host = https://default.example/\n"
			       "token=dapi-default\n"
			       "\n"
			       "# two clients\n"
			       "[ dev ]\r\n"
			       "host=dev.example\r\n"
			       "client_id = app-1 \r\n"
			       "client_secret = s=e=c \r\n"
			       "warehouse_id = w9\n"
			       "some_new_key = 1\n"
			       "[azure]\n"
			       "host = https://adb-1.2.azuredatabricks.net\n"
			       "azure_client_id = app-2\n"
			       "azure_client_secret = sec\n"
			       "azure_tenant_id = 11111111-2222\n"
			       "azure_workspace_resource_id = /subscriptions/1/x\n"
			       "[empty]\n"
			       "host = \n";

struct loaded {
	struct databricks_config config;
	struct arena arena;
	struct bldr_error err;
	int rc;
};

static void load(struct loaded *l, const char *const *environment, const char *profile,
		 const char *file)
{
	const struct databricks_said said = {
		.profile = profile,
		.environment = environment,
		.file_text = file,
		.file_name = "/home/a/.databrickscfg",
	};

	*l = (struct loaded){ 0 };
	l->rc = databricks_config(&said, &l->arena, &l->config, &l->err);
}

static void unload(struct loaded *l)
{
	databricks_config_release(&l->config);
	arena_release(&l->arena);
}

static void expect(const struct loaded *l, const char *host, enum databricks_auth auth,
		   const char *client_id, const char *secret)
{
	if (l->rc < 0) {
		fail_msg("%s", l->err.text);
	}
	assert_string_equal(l->config.host, host);
	assert_int_equal(l->config.auth, auth);
	assert_string_equal(secret_text(l->config.secret), secret);
	if (client_id != NULL) {
		assert_string_equal(l->config.client_id, client_id);
	} else {
		assert_null(l->config.client_id);
	}
}

static void the_environment_says_who(void **state)
{
	const char *const pat[] = { "DATABRICKS_HOST=x.example", "DATABRICKS_TOKEN=dapi1", NULL };
	const char *const client[] = {
		"DATABRICKS_HOST=https://x.example/", "DATABRICKS_CLIENT_ID=app",
		"DATABRICKS_CLIENT_SECRET=s",         "DATABRICKS_WAREHOUSE_ID=w1",
		"DATABRICKS_WORKSPACE_ID=74",         NULL
	};
	const char *const entra[] = { "DATABRICKS_HOST=https://x.example",
				      "DATABRICKS_CLIENT_ID=app", "DATABRICKS_CLIENT_SECRET=s",
				      "DATABRICKS_TENANT_ID=t-1", NULL };
	const char *const arm[] = { "DATABRICKS_HOST=https://adb-1.9.databricks.azure.us",
				    "ARM_CLIENT_ID=app",
				    "ARM_CLIENT_SECRET=s",
				    "ARM_TENANT_ID=t-1",
				    "DATABRICKS_AZURE_RESOURCE_ID=/subscriptions/1",
				    NULL };
	struct loaded l;

	(void)state;
	load(&l, pat, NULL, profiles); /* not looked at: all is said */
	expect(&l, "https://x.example", DATABRICKS_PAT, NULL, "dapi1");
	assert_string_equal(l.config.host_origin, "DATABRICKS_HOST");
	assert_string_equal(l.config.auth_origin, "DATABRICKS_TOKEN");
	unload(&l);
	load(&l, client, NULL, NULL);
	expect(&l, "https://x.example", DATABRICKS_OAUTH, "app", "s");
	assert_string_equal(l.config.warehouse_id, "w1");
	assert_string_equal(l.config.workspace_id, "74");
	unload(&l);
	load(&l, entra, NULL, NULL);
	expect(&l, "https://x.example", DATABRICKS_AZURE, "app", "s");
	assert_string_equal(l.config.token_url,
			    "https://login.microsoftonline.com/t-1/oauth2/token");
	assert_string_equal(l.config.azure_resource, "https://management.core.windows.net/");
	unload(&l);
	load(&l, arm, NULL, NULL);
	expect(&l, "https://adb-1.9.databricks.azure.us", DATABRICKS_AZURE, "app", "s");
	assert_string_equal(l.config.token_url, "https://login.microsoftonline.us/t-1/oauth2/token");
	assert_string_equal(l.config.azure_resource_id, "/subscriptions/1");
	unload(&l);
}

static void a_profile_fills_what_is_not_said(void **state)
{
	const char *const none[] = { "HOME=/home/a", NULL };
	const char *const named[] = { "DATABRICKS_CONFIG_PROFILE=dev", "DATABRICKS_TOKEN=", NULL };
	const char *const other_host[] = { "DATABRICKS_HOST=http://127.0.0.1:8080", NULL };
	struct loaded l;

	(void)state;
	load(&l, none, NULL, profiles);
	expect(&l, "https://default.example", DATABRICKS_PAT, NULL, "dapi-default");
	assert_string_equal(l.config.auth_origin, "profile \"DEFAULT\" of /home/a/.databrickscfg");
	unload(&l);
	load(&l, named, NULL, profiles);
	expect(&l, "https://dev.example", DATABRICKS_OAUTH, "app-1", "s=e=c");
	assert_string_equal(l.config.warehouse_id, "w9");
	unload(&l);
	/* The option names another one, the environment another host for it. */
	load(&l, other_host, "azure", profiles);
	expect(&l, "http://127.0.0.1:8080", DATABRICKS_AZURE, "app-2", "sec");
	assert_string_equal(l.config.azure_resource_id, "/subscriptions/1/x");
	unload(&l);
}

static void what_is_missing_is_named(void **state)
{
	static const struct {
		const char *environment[NAMES_MAX];
		const char *profile, *error;
	} cases[] = {
		{ { "DATABRICKS_TOKEN=x" },
		  NULL,
		  "DATABRICKS_HOST is not set: the URL of the workspace" },
		{ { "DATABRICKS_HOST=x.example" },
		  NULL,
		  "nothing says who to be: set DATABRICKS_TOKEN, or" },
		{ { "DATABRICKS_HOST=x.example", "DATABRICKS_CLIENT_ID=a" },
		  NULL,
		  "DATABRICKS_CLIENT_SECRET is not set, which authentication by oauth-m2m needs; set it, or "
		  "\"client_secret\" in a profile" },
		{ { "DATABRICKS_HOST=x.example", "ARM_CLIENT_ID=a", "ARM_CLIENT_SECRET=b" },
		  NULL,
		  "DATABRICKS_TENANT_ID is not set, which authentication by azure-client-secret needs" },
		{ { "DATABRICKS_HOST=x.example", "DATABRICKS_TOKEN=a", "DATABRICKS_CLIENT_ID=b" },
		  NULL,
		  "both a token (DATABRICKS_TOKEN) and a client (DATABRICKS_CLIENT_ID) are set; unset one" },
		{ { "DATABRICKS_HOST=x.example", "DATABRICKS_TOKEN=a",
		    "DATABRICKS_AUTH_TYPE=oauth-m2m" },
		  NULL,
		  "DATABRICKS_CLIENT_ID is not set, which authentication by oauth-m2m needs" },
		{ { "DATABRICKS_HOST=x.example", "DATABRICKS_TOKEN=a",
		    "DATABRICKS_AUTH_TYPE=basic" },
		  NULL,
		  "DATABRICKS_AUTH_TYPE is \"basic\", which is not served here" },
		{ { "DATABRICKS_HOST=http://x.example", "DATABRICKS_TOKEN=a" },
		  NULL,
		  "DATABRICKS_HOST is http, which others can read: \"http://x.example\"; use https" },
		{ { "DATABRICKS_HOST=http://localhost.evil.example", "DATABRICKS_TOKEN=a" },
		  NULL,
		  "DATABRICKS_HOST is http, which others can read" },
		{ { "DATABRICKS_HOST=https://me:pass@x.example", "DATABRICKS_TOKEN=a" },
		  NULL,
		  "DATABRICKS_HOST is no URL of a workspace" },
		{ { "DATABRICKS_HOST=https:///", "DATABRICKS_TOKEN=a" },
		  NULL,
		  "is no URL of a workspace" },
		{ { "HOME=/home/a" },
		  "nowhere",
		  "\"/home/a/.databrickscfg\" has no profile [nowhere]" },
		{ { "HOME=/home/a" }, "empty", "DATABRICKS_HOST is not set" },
		{ { "DATABRICKS_HOST=x.example", "DATABRICKS_CLIENT_ID=a",
		    "DATABRICKS_CLIENT_SECRET=b", "DATABRICKS_TENANT_ID=../x" },
		  NULL,
		  "DATABRICKS_TENANT_ID is no id or domain of a tenant: \"../x\"" },
		{ { "DATABRICKS_HOST=x.example", "ARM_CLIENT_ID=a", "ARM_CLIENT_SECRET=b",
		    "ARM_TENANT_ID=t", "ARM_ENVIRONMENT=MARS" },
		  NULL,
		  "ARM_ENVIRONMENT is \"MARS\"; it is PUBLIC, USGOVERNMENT or CHINA" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct loaded l;

		load(&l, cases[i].environment, cases[i].profile,
		     cases[i].profile != NULL ? profiles : NULL);
		assert_int_equal(l.rc, BLDR_E_INVALID);
		if (strstr(l.err.text, cases[i].error) == NULL) {
			fail_msg("%s is not %s", l.err.text, cases[i].error);
		}
		unload(&l);
	}
	{
		const char *const none[] = { NULL };
		struct loaded l;

		load(&l, none, "dev", NULL);
		assert_int_equal(l.rc, BLDR_E_INVALID);
		assert_non_null(strstr(l.err.text, "there is no file of profiles"));
		unload(&l);
	}
}

static void hosts_become_one_form(void **state)
{
	static const char *const cases[][2] = {
		{ "x.example", "https://x.example" },
		{ " https://X.Example/ ", "https://x.example" },
		{ "https://x.example:443", "https://x.example" },
		{ "https://x.example:8443/", "https://x.example:8443" },
		{ "https://adb-1.2.azuredatabricks.net/?o=1234#job/1",
		  "https://adb-1.2.azuredatabricks.net" },
		{ "http://127.0.0.1:1", "http://127.0.0.1:1" },
		{ "http://[::1]:1/", "http://[::1]:1" },
		{ "http://localhost", "http://localhost" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char host[200];
		const char *const environment[] = { host, "DATABRICKS_TOKEN=t", NULL };
		struct loaded l;

		(void)snprintf(host, sizeof(host), "DATABRICKS_HOST=%s", cases[i][0]);
		load(&l, environment, NULL, NULL);
		expect(&l, cases[i][1], DATABRICKS_PAT, NULL, "t");
		unload(&l);
	}
}

static void credentials_are_what_each_way_needs(void **state)
{
	const char *const client[] = { "DATABRICKS_HOST=x.example", "DATABRICKS_CLIENT_ID=app",
				       "DATABRICKS_CLIENT_SECRET=s", NULL };
	const char *const azure[] = { "DATABRICKS_HOST=x.example",
				      "DATABRICKS_CLIENT_ID=app",
				      "DATABRICKS_CLIENT_SECRET=s",
				      "DATABRICKS_TENANT_ID=t-1",
				      "AZURE_AUTHORITY_HOST=http://127.0.0.1:9/",
				      NULL };
	struct databricks_credentials c;
	struct databricks w;
	struct databricks again;
	struct bldr_value *v;
	struct loaded l;

	(void)state;
	load(&l, client, NULL, NULL);
	databricks_credentials(&l.config, &l.arena, &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.at[0].n_discovery, 2);
	assert_string_equal(c.at[0].discovery[0].url,
			    "https://x.example/.well-known/databricks-config");
	assert_string_equal(c.at[0].discovery[0].otherwise,
			    "https://x.example/oidc/.well-known/oauth-authorization-server");
	assert_string_equal(c.at[0].discovery[1].otherwise, "https://x.example/oidc/v1/token");
	assert_string_equal(c.at[0].scope, "all-apis");
	assert_true(c.at[0].basic);
	w = databricks_workspace(&l.config);
	assert_string_equal(w.auth, "oauth-m2m");
	assert_string_equal(w.credential, c.at[0].name);
	assert_null(w.azure_credential);
	unload(&l);
	load(&l, azure, NULL, NULL);
	databricks_credentials(&l.config, &l.arena, &c);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.at[0].token_url, "http://127.0.0.1:9/t-1/oauth2/token");
	assert_string_equal(c.at[0].resource, "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d");
	assert_string_equal(c.at[1].resource, "https://management.core.windows.net/");
	assert_int_equal(c.at[1].early_ms, 40000);
	assert_false(c.at[0].basic);
	w = databricks_workspace(&l.config);
	assert_string_equal(w.azure_credential, c.at[1].name);
	assert_string_equal(w.auth, "azure-client-secret");
	/* Who reads it from a job names the same credentials. */
	v = databricks_workspace_write(&w);
	again = databricks_workspace_read(v);
	assert_string_equal(again.host, w.host);
	assert_string_equal(again.auth, w.auth);
	assert_string_equal(again.credential, c.at[0].name);
	assert_string_equal(again.azure_credential, c.at[1].name);
	assert_null(again.workspace_id);
	bldr_unref(v);
	unload(&l);
}

static const char *file_of(const char *const *environment, const char *const *dotenv,
			   struct arena *a)
{
	return databricks_config_file(
		&(struct databricks_said){ .environment = environment, .dotenv = dotenv }, a);
}

static void the_file_is_where_the_environment_says(void **state)
{
	const char *const named[] = { "HOME=/home/a", "DATABRICKS_CONFIG_FILE=/etc/x", NULL };
	const char *const tilde[] = { "HOME=/home/a", "DATABRICKS_CONFIG_FILE=~/y", NULL };
	const char *const home[] = { "HOME=/home/a", NULL };
	const char *const none[] = { NULL };
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(file_of(named, NULL, &a), "/etc/x");
	assert_string_equal(file_of(tilde, NULL, &a), "/home/a/y");
	assert_string_equal(file_of(home, NULL, &a), "/home/a/.databrickscfg");
	assert_null(file_of(none, NULL, &a));
	assert_string_equal(file_of(home, tilde, &a), "/home/a/y");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_says_who),
		cmocka_unit_test(a_profile_fills_what_is_not_said),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(hosts_become_one_form),
		cmocka_unit_test(credentials_are_what_each_way_needs),
		cmocka_unit_test(the_file_is_where_the_environment_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
