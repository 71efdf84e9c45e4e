/*
 * Policies and static interrupts: what was declared gets its sense here, and what no host could keep is
 * refused before anything runs.
 */
#include "graph/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXACT_MAX = 512 };

static int wrong(const struct bldr_policy *p, struct bldr_error *err, const char *why)
{
	return bldr_error_set(err, BLDR_E_INVALID, "the policy for \"%s\" %s",
			      p->kind != NULL ? p->kind : "", why);
}

static bool is_policy_kind(const char *kind)
{
	size_t n = kind != NULL ? strcspn(kind, ":") : 0;
	return n >= 1 && n <= GRAPH_NAME_MAX &&
		strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n &&
		(kind[n] == '\0' || kind[n + 1] != '\0') && strlen(kind) < EXACT_MAX;
}

static int check_retry(const struct bldr_policy *p, struct bldr_error *err)
{
	const struct bldr_retry *retry = p->retry;
	if (retry->factor_percent != 0 && retry->factor_percent < 100) {
		return wrong(p, err,
			     "has pauses that become shorter: its factor_percent is less than 100");
	}
	if (retry->max_ms != 0 && retry->first_ms > retry->max_ms) {
		return wrong(p, err, "has a first pause that is longer than its longest");
	}
	for (const int *code = retry->on; code != NULL && *code != 0; code++) {
		if (strcmp(bldr_error_name(*code), "UNKNOWN") == 0) {
			return wrong(p, err,
				     "tries again on a code that is none of include/bldr/error.h");
		}
	}
	return 0;
}

static int check_policy(const struct bldr_policy *p, struct bldr_error *err)
{
	if (!is_policy_kind(p->kind)) {
		return wrong(p, err, "has no kind: name it as in \"work\" or \"work:fetch\"");
	}
	if (strcmp(p->kind, "interrupt") == 0) {
		return wrong(p, err, "cannot be kept: nobody performs a question");
	}
	if (p->cache_ms < 0) {
		return wrong(p, err, "keeps results for less than no time");
	}
	if ((p->rate_count == 0) != (p->rate_ms == 0) ||
	    (p->rate_burst != 0 && p->rate_count == 0)) {
		return wrong(p, err, "has half a rate: rate_count and rate_ms go together");
	}
	return p->retry != NULL ? check_retry(p, err) : 0;
}

static int check_policies(const struct bldr_policy *at, size_t n, struct bldr_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = check_policy(&at[i], err);
		if (rc < 0) {
			return rc;
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(at[k].kind, at[i].kind) == 0) {
				return wrong(&at[i], err, "is declared twice");
			}
		}
	}
	return 0;
}

static int settle_stops(struct bldr_graph *g, const char *const *names, bool after,
			struct bldr_error *err)
{
	for (; names != NULL && *names != NULL; names++) {
		bool all = strcmp(*names, "*") == 0;
		size_t number = graph_node(g, *names);
		if (!all && number == GRAPH_NONE) {
			return bldr_error_set(
				err, BLDR_E_INVALID,
				"an interrupt is %s \"%s\", which is no node of the graph",
				after ? "after" : "before", *names);
		}
		for (size_t i = 0; i < g->n_nodes; i++) {
			bool named = all || i == number;
			g->nodes[i].stop_before |= named && !after;
			g->nodes[i].stop_after |= named && after;
			g->stops |= named;
		}
	}
	return 0;
}

static int check_migrations(const struct bldr_graph *g, struct bldr_error *err)
{
	for (size_t i = 0; i < g->migrations.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (g->migrations.at[k].from_version == g->migrations.at[i].from_version) {
				return bldr_error_set(err, BLDR_E_INVALID,
						      "two migrations are from version %u",
						      g->migrations.at[i].from_version);
			}
		}
	}
	return 0;
}

int graph_settle_policies(struct bldr_graph *g, struct bldr_error *err)
{
	int rc = check_policies(g->policies.at, g->policies.n, err);
	rc = rc == 0 ? check_migrations(g, err) : rc;
	g->timed = g->step_timeout_ms != 0;
	for (size_t i = 0; i < g->n_nodes && rc == 0; i++) {
		struct node *node = &g->nodes[i];
		rc = check_policies(node->policies, node->n_policies, err);
		if (rc < 0 && err != NULL) {
			bldr_error_prefix(err, "node \"%s\"", node->name);
		}
		g->timed |= node->timeout_ms != 0 || (node->sub != NULL && node->sub->timed);
	}
	if (rc == 0) {
		rc = settle_stops(g, g->before, false, err);
	}
	return rc == 0 ? settle_stops(g, g->after, true, err) : rc;
}

/* The host of a URL in lower case, without user and port. */
static void put_host(const char *url, char *ret, size_t size)
{
	const char *at = url != NULL ? strstr(url, "://") : NULL;
	ret[0] = '\0';
	if (at == NULL) {
		return;
	}
	at += 3;
	size_t n = strcspn(at, "/?#");
	const char *user = memchr(at, '@', n);
	if (user != NULL) {
		n -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	size_t address = at[0] == '[' ? strcspn(at, "]") : 0; /* IPv6 has colons of its own */
	const char *port = address < n ? memchr(at + address, ':', n - address) : NULL;
	n = port != NULL ? (size_t)(port - at) : n;
	if (n >= size) {
		return;
	}
	memcpy(ret, at, n);
	ret[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (at[i] >= 'A' && at[i] <= 'Z') {
			ret[i] |= 0x20;
		}
	}
}

/* "kind:what" of a request, or "" when its kind has nothing more exact. */
static void put_exact(const char *kind, const struct bldr_value *args, char ret[EXACT_MAX])
{
	char host[EXACT_MAX - GRAPH_NAME_MAX - 2];
	const char *what = NULL;
	if (strcmp(kind, "work") == 0) {
		what = bldr_get_text(args, "work");
	} else if (strcmp(kind, "http") == 0) {
		put_host(bldr_get_text(args, "url"), host, sizeof(host));
		what = host[0] != '\0' ? host : NULL;
	}
	int n = what != NULL ? snprintf(ret, EXACT_MAX, "%s:%s", kind, what) : EXACT_MAX;
	if (n >= EXACT_MAX) {
		ret[0] = '\0';
	}
}

static const struct bldr_policy *among(const struct bldr_policy *at, size_t n, const char *kind,
				       const char *exact)
{
	const struct bldr_policy *found = NULL;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(at[i].kind, exact) == 0) {
			return &at[i];
		}
		found = strcmp(at[i].kind, kind) == 0 ? &at[i] : found;
	}
	return found;
}

const struct bldr_policy *policy_find(const struct bldr_graph *g, const struct node *node,
				      const char *kind, const struct bldr_value *args)
{
	if (node->n_policies + g->policies.n == 0) {
		return NULL;
	}
	char exact[EXACT_MAX];
	put_exact(kind, args, exact);
	const struct bldr_policy *own = among(node->policies, node->n_policies, kind, exact);
	return own != NULL ? own : among(g->policies.at, g->policies.n, kind, exact);
}

const struct bldr_policy *policy_find_text(const struct bldr_graph *g, const struct node *node,
					   const char *kind, const char *request)
{
	if (node->n_policies + g->policies.n == 0) {
		return NULL;
	}
	struct bldr_value *args = NULL;
	if (bldr_value_parse(request, strlen(request), &args, NULL) < 0) {
		return NULL; /* the host that cannot read it either says so */
	}
	const struct bldr_policy *found = policy_find(g, node, kind, args);
	bldr_unref(args);
	return found;
}
