/*
 * The supervisor: entered between any two agents, it decides what is next and says why.
 *
 *	(start) -> analyst.design -> (approval) -> tester.contract -> analyst.map -> developer.build -> tester.check
 *	approval, when the job asks for it: a person approves, or has it designed again ---> analyst.design
 *	tester.check: validated ----------------------------------------------> evaluator -> (end)
 *	              an error the analyst can repair, rounds left -> analyst.map
 *	              any other error (explained in the findings) --> evaluator
 *
 * It is pure: what it knows is in the channels, what it decides goes into `next`.
 */
#include <string.h>

#include "agents/nodes.h"

static const char *const reads[] = { "job", "next", "rounds", "approval", "sttm", "findings", NULL };
static const char *const writes[] = { "next",      "advice",   "rounds", "designs",
				      "decisions", "attempts", NULL };

const char *const supervisor_targets[] = { "analyst.design", "approval",        "tester.contract",
					   "analyst.map",    "developer.build", "tester.check",
					   "evaluator",      BLDR_END,          NULL };

struct decision {
	const char *next;
	const char *reason;
	const struct bldr_value *advice; /* for analyst.map, or NULL */
};

/* What follows an agent that needs no judgement. */
static const struct {
	const char *done, *next, *reason;
} sequence[] = {
	{ "", "analyst.design", "the sources are not known yet" },
	{ "analyst.design", "tester.contract", "a design needs a contract before it is mapped" },
	{ "tester.contract", "analyst.map", "the contract is frozen" },
	{ "analyst.map", "developer.build", "a new mapping needs a pipeline" },
	{ "developer.build", "tester.check", "the warehouse is loaded" },
	{ "evaluator", BLDR_END, "the run is evaluated" },
};

static struct decision judge(const struct bldr_view *v)
{
	const struct bldr_value *findings = bldr_get(v->state, "findings");
	const struct bldr_value *repairs = bldr_get(findings, "repairs");
	const char *verdict = bldr_get_text(findings, "verdict");

	if (verdict != NULL && strcmp(verdict, "validated") == 0) {
		return (struct decision){ "evaluator", "every check of severity error has passed",
					  NULL };
	}
	if (bldr_count(repairs) == 0) {
		return (struct decision){ "evaluator", "no agent can repair what was found", NULL };
	}
	/* what is still wrong when they are used up ends as an explained finding */
	if (bldr_get_int(v->state, "rounds", 0) >=
	    bldr_get_int(bldr_get(v->state, "job"), "rounds_max", 1)) {
		return (struct decision){ "evaluator", "the rounds are used up", NULL };
	}
	return (struct decision){ "analyst.map", "the tester blames the mapping", repairs };
}

static bool asks_approval(const struct bldr_view *v)
{
	return bldr_as_bool(bldr_get(bldr_get(v->state, "job"), "approve"), false);
}

static struct decision decide(const struct bldr_view *v)
{
	const char *done = bldr_get_text(v->state, "next");

	if (done == NULL) {
		done = "";
	}
	if (strcmp(done, "analyst.design") == 0 && asks_approval(v)) {
		return (struct decision){ "approval", "a person approves the design", NULL };
	}
	if (strcmp(done, "approval") == 0) {
		const char *answer = bldr_get_text(bldr_get(v->state, "approval"), "answer");

		return answer != NULL && strcmp(answer, "approve") == 0
			? (struct decision){ "tester.contract", "the design is approved", NULL }
			: (struct decision){ "analyst.design", "a person has it designed again",
					     NULL };
	}
	for (size_t i = 0; i < sizeof(sequence) / sizeof(sequence[0]); i++) {
		if (strcmp(done, sequence[i].done) == 0) {
			return (struct decision){ sequence[i].next, sequence[i].reason, NULL };
		}
	}
	return judge(v);
}

/* Keeps what is sent back, so that it can be learned from when a later mapping is right. */
static struct bldr_value *attempt(const struct bldr_view *v)
{
	struct bldr_value *a = bldr_object();

	bldr_object_set(a, "sttm", bldr_ref(bldr_get(v->state, "sttm")));
	bldr_object_set(a, "findings", bldr_ref(bldr_get(v->state, "findings")));
	return a;
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	struct decision d = decide(v);
	struct bldr_value *note = bldr_object();

	(void)results;
	(void)n;
	bldr_object_set(note, "next", bldr_text(d.next));
	bldr_object_set(note, "reason", bldr_text(d.reason));
	bldr_patch_set(p, "decisions", note);
	bldr_patch_set(p, "next", bldr_text(d.next));
	if (strcmp(d.next, "analyst.design") == 0) {
		bldr_patch_set(p, "designs", bldr_int(1));
	}
	if (strcmp(d.next, "analyst.map") == 0) {
		bldr_patch_set(p, "rounds", bldr_int(1));
		if (d.advice != NULL) {
			bldr_patch_set(p, "attempts", attempt(v));
		}
		bldr_patch_set(p, "advice", d.advice != NULL ? bldr_ref(d.advice) : bldr_list());
	}
}

const struct bldr_node supervisor_node = {
	.name = "supervisor",
	.reads = reads,
	.writes = writes,
	.absorb = absorb,
};

void supervisor_route(const struct bldr_view *v, struct bldr_route *r)
{
	bldr_route_to(r, bldr_get_text(v->state, "next"));
}
