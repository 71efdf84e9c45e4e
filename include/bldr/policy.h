/*
 * Policies: what a host does about the effects of a kind before their node hears of it - retries, timeouts, cached
 * results, rates. The decisions are taken by the pure layer and are rows of the journal: a restart neither forgets
 * how often an effect was tried nor when it is due, nor how much of a rate is used up.
 *
 *	intended --due--> performed --done----------------------> result
 *	    ^                 \'--failed, retryable, tries left--> due again after a back-off, with the same key
 *	    '-------------------------------------------------------'
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers that are 0 stand for the defaults, which are LangGraph's: 3 tries in all, the first pause 500 ms, each next
 * one twice as long, at most 128,000 ms, and up to 1,000 ms of jitter on top of each, drawn from the run's recorded
 * seed. The pause is recorded before it begins. Who failed and said when it may be asked again (Retry-After) gets no
 * shorter one, whatever max_ms, and the jitter on top.
 */
struct bldr_retry {
	uint32_t attempts; /* tries in all; 1: none is repeated */
	uint32_t first_ms, max_ms;
	uint32_t factor_percent; /* 200: twice as long */
	uint32_t budget_ms; /* no try begins later than that after the effect was intended; 0: whenever */
	bool no_jitter;
	/* BLDR_E_* codes that are worth another try, the last one 0. NULL: TIMEOUT and UNAVAILABLE (connection errors,
	 * 429, 5xx). An effect of class once is never tried again, nor one of class local. */
	const int *on;
};

struct bldr_policy {
	/* "http", or what exactly of a kind: "work:fetch", "http:api.example.com". The most exact one counts, a node's own before
	 * its graph's. */
	const char *kind;
	const struct bldr_retry
		*retry; /* borrowed for the graph's life; NULL: failures go to the node at once */
	uint32_t timeout_ms; /* of each try, for effects that name none; 0: none */
	/* How long a result that is DONE answers further effects of class pure with the same kind and request, of all
	 * threads of the journal; 0: not at all. */
	int64_t cache_ms;
	/* Tries begin evenly, rate_count within rate_ms, but for rate_burst (0: 1) that may begin at once; of all threads of
	 * the journal. 0: as they come. */
	uint32_t rate_count, rate_ms, rate_burst;
	uint32_t concurrency; /* under way at once in this engine; 0: any number */
};
