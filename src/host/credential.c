/* See the diagram in the header. The rule of 20 minutes is that of the SDKs that this engine's tokens are mostly for. */
#include "host/credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "host/curl_late.h"
#include "host/http_request.h"
#include "host/http_url.h"

enum { STALE_MS = 20 * 60 * 1000, PAUSE_MS = 60 * 1000, DISCOVERY_MAX = 4, EARLY_MAX_MS = 600000 };

static int wrong(const struct credential *c, struct bldr_error *err, const char *what)
{
	return bldr_error_set(err, BLDR_E_INVALID, "the credential \"%s\" %s", c->name, what);
}

static int check_url(struct credential *c, const char *url, struct bldr_error *err)
{
	struct http_url u;

	if (!http_url_read(url, &c->arena, &u)) {
		return wrong(c, err, "has a URL that is no absolute http or https URL");
	}
	return http_url_is_private(&u) ? 0
				       : wrong(c, err,
					       "would be read by others: its URLs are https, or of "
					       "this machine");
}

static int copy_discovery(struct credential *c, const struct bldr_credential *from,
			  struct bldr_error *err)
{
	int rc = 0;

	if (from->n_discovery > DISCOVERY_MAX) {
		return wrong(c, err, "takes more than 4 steps to find where its tokens are had");
	}
	c->n_discovery = from->n_discovery;
	c->discovery = ARENA_ARRAY(&c->arena, struct bldr_discovery, from->n_discovery);
	for (size_t i = 0; i < from->n_discovery && rc == 0; i++) {
		const struct bldr_discovery *d = &from->discovery[i];

		c->discovery[i] = (struct bldr_discovery){
			.url = arena_strdup(&c->arena, d->url),
			.member = arena_strdup(&c->arena, d->member),
			.append = arena_strdup(&c->arena, d->append),
			.otherwise = arena_strdup(&c->arena, d->otherwise),
		};
		if (d->member == NULL || (i == 0 && d->url == NULL)) {
			return wrong(c, err, "has a step of discovery without its URL or member");
		}
		rc = d->url != NULL ? check_url(c, d->url, err) : 0;
		rc = rc == 0 && d->otherwise != NULL ? check_url(c, d->otherwise, err) : rc;
	}
	return rc;
}

static int copy_client(struct credential *c, const struct bldr_credential *from,
		       struct bldr_error *err)
{
	int rc;

	if (from->client_id == NULL || from->client_id[0] == '\0' || from->client_secret == NULL ||
	    from->client_secret[0] == '\0') {
		return wrong(c, err, "is neither a secret nor a client with its id and secret");
	}
	if ((from->token_url == NULL) == (from->n_discovery == 0)) {
		return wrong(c, err, "has either a token URL or steps to find it");
	}
	if (from->early_ms > EARLY_MAX_MS) {
		return wrong(c, err, "counts tokens as expired more than ten minutes early");
	}
	c->token_url = arena_strdup(&c->arena, from->token_url);
	c->client_id = arena_strdup(&c->arena, from->client_id);
	c->client_secret = secret_new(from->client_secret, strlen(from->client_secret));
	c->scope = arena_strdup(&c->arena, from->scope);
	c->resource = arena_strdup(&c->arena, from->resource);
	c->ca = arena_strdup(&c->arena, from->ca);
	c->basic = from->basic;
	c->early_ms = from->early_ms;
	rc = curl_load(err);
	if (rc == 0 && c->token_url != NULL) {
		rc = check_url(c, c->token_url, err);
	}
	return rc == 0 ? copy_discovery(c, from, err) : rc;
}

int credential_new(const struct bldr_credential *from, struct credential **ret,
		   struct bldr_error *err)
{
	struct credential *c = xcalloc(1, sizeof(*c));
	int rc = 0;

	c->name = arena_strdup(&c->arena, from->name != NULL ? from->name : "");
	if (c->name[0] == '\0') {
		rc = wrong(c, err, "has no name");
	} else if (from->secret == NULL) {
		rc = copy_client(c, from, err);
	} else if (from->secret[0] != '\0' && http_is_secret_text(from->secret)) {
		c->secret = secret_new(from->secret, strlen(from->secret));
	} else {
		rc = wrong(c, err, "is empty, or has a line break or another control character");
	}
	if (rc < 0) {
		credential_free(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void credential_free(struct credential *c)
{
	if (c == NULL) {
		return;
	}
	ASSERT(c->fetch == NULL);
	secret_unref(c->secret);
	secret_unref(c->client_secret);
	secret_unref(c->token);
	arena_release(&c->arena);
	free(c);
}

enum token_state credential_state(const struct credential *c, int64_t now_ms)
{
	int64_t left_ms = c->ends_ms - now_ms;

	if (c->secret != NULL) {
		return TOKEN_HELD;
	}
	if (c->token == NULL || left_ms <= 0) {
		return TOKEN_NONE;
	}
	return left_ms < STALE_MS && left_ms < c->life_ms / 2 && now_ms >= c->again_ms ? TOKEN_STALE
										       : TOKEN_HELD;
}

struct secret *credential_text(const struct credential *c)
{
	return c->secret != NULL ? c->secret : c->token;
}

void credential_had(struct credential *c, struct secret *token, int64_t life_ms, int64_t now_ms)
{
	secret_unref(c->token);
	c->token = token;
	c->life_ms = life_ms;
	c->ends_ms = now_ms + life_ms - c->early_ms;
	c->again_ms = 0;
}

void credential_missed(struct credential *c, int64_t now_ms)
{
	c->again_ms = now_ms + PAUSE_MS;
}

void credential_refused(struct credential *c, const struct secret *token)
{
	if (c->token == token) {
		secret_unref(c->token);
		c->token = NULL;
	}
}
