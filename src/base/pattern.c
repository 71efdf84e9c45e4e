/*
 * PCRE2 with limits. The compiled code is never changed, so that one pattern serves all threads; what
 * a match needs lives as long as the match.
 */
#include "base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#include "base/check.h"

/* Steps of backtracking, levels of it, and KiB of heap that one match may take. */
enum { MATCH_STEPS_MAX = 200000, MATCH_DEPTH_MAX = 2000, MATCH_HEAP_KIB_MAX = 8192 };
enum { SOURCE_MAX = 4096, REASON_MAX = 160 };

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

int pattern_new(const char *text, struct pattern **ret, struct bldr_error *err)
{
	const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
		PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
	size_t size = strlen(text);
	size_t offset = 0;
	int code = 0;
	if (size > SOURCE_MAX) {
		return bldr_error_set(err, BLDR_E_INVALID, "not a pattern: longer than %d bytes",
				      SOURCE_MAX);
	}
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)text, size, options, &code, &offset, NULL);
	if (compiled == NULL) {
		PCRE2_UCHAR reason[REASON_MAX];
		(void)pcre2_get_error_message(code, reason, sizeof(reason));
		return bldr_error_set(err, BLDR_E_INVALID, "not a pattern: %s, at byte %zu",
				      (const char *)reason, offset);
	}
	struct pattern *p = xcalloc(1, sizeof(*p));
	p->code = compiled;
	p->limits = pcre2_match_context_create(NULL);
	ASSERT(p->limits != NULL); /* out of memory */
	pcre2_set_match_limit(p->limits, MATCH_STEPS_MAX);
	pcre2_set_depth_limit(p->limits, MATCH_DEPTH_MAX);
	pcre2_set_heap_limit(p->limits, MATCH_HEAP_KIB_MAX);
	*ret = p;
	return 0;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL) {
		return;
	}
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
	free(p);
}

int pattern_match(const struct pattern *p, const char *text, size_t size, struct bldr_error *err)
{
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	ASSERT(match != NULL); /* out of memory */
	int rc = pcre2_match(p->code, (PCRE2_SPTR)text, size, 0, PCRE2_NO_UTF_CHECK, match,
			     p->limits);
	pcre2_match_data_free(match);
	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH) {
		return rc >= 0 ? 1 : 0;
	}
	PCRE2_UCHAR reason[REASON_MAX];
	(void)pcre2_get_error_message(rc, reason, sizeof(reason));
	return bldr_error_set(err, BLDR_E_LIMIT, "a pattern takes too long to match: %s",
			      (const char *)reason);
}
