/*
 * The supervisor: entered between any two agents, it decides what is next and says why.
 *
 *	(start) -> analyst.design -> (approval) -> tester.contract -> analyst.map -> developer.build
 *	        -> (developer.deploy) -> tester.check
 *	approval, when the job asks for it: a person approves, or has it designed again ---> analyst.design
 *	tester.check: validated --------------------------------------------------------> evaluator -> (end)
 *	              rounds left, and a repair that was not tried: of the design -----> analyst.design
 *	                                                            of the mapping ----> analyst.map
 *	                                                            of the load -------> developer.build
 *	              any other error (explained in the findings) ---------------------> evaluator
 *	analyst.map: it has nothing else to choose than what has failed ----------------> evaluator
 *
 * Every way back is a round, and each repair is tried once; but a date format or a number's marks as long as the mapper
 * has others. It is pure: what it knows is in the channels, what it decides goes into `next`.
 */
#include <string.h>

#include "agents/nodes.h"

static const char *const reads[] = { "job",     "next",     "rounds",   "approval",
				     "sources", "profile",  "design",   "contract",
				     "sttm",    "findings", "attempts", NULL };
static const char *const writes[] = { "next",      "advice",   "rounds",     "designs",
				      "decisions", "attempts", "superseded", NULL };

const char *const supervisor_targets[] = {
	"analyst.design",   "approval",     "tester.contract", "analyst.map", "developer.build",
	"developer.deploy", "tester.check", "evaluator",       BLDR_END,      NULL
};

struct decision {
	const char *next;
	const char *reason;
	struct bldr_value *advice; /* the repairs that are tried, or NULL; its owner's to drop */
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
	{ "developer.deploy", "tester.check", "the pipeline has run in the workspace" },
	{ "evaluator", BLDR_END, "the run is evaluated" },
};

/* Who can do a repair; what is not in here the mapper does. */
static const struct {
	const char *repair, *agent;
} repairers[] = {
	{ "key", "analyst.design" },
	{ "reference", "analyst.design" },
	{ "reload", "developer.build" },
};

static const char *repairer(const struct bldr_value *repair)
{
	const char *name = bldr_get_text(repair, "repair");

	for (size_t i = 0; name != NULL && i < sizeof(repairers) / sizeof(repairers[0]); i++) {
		if (strcmp(repairers[i].repair, name) == 0) {
			return repairers[i].agent;
		}
	}
	return "analyst.map";
}

/* The mapper rules out what it chose before, and says when nothing is left. */
static bool has_runners_up(const struct bldr_value *repair)
{
	const char *name = bldr_get_text(repair, "repair");

	return name != NULL &&
		(strcmp(name, "date_order") == 0 || strcmp(name, "number_marks") == 0);
}

static bool was_tried(const struct bldr_view *v, const struct bldr_value *repair)
{
	const struct bldr_value *attempts = bldr_get(v->state, "attempts");

	for (size_t i = 0; i < bldr_count(attempts); i++) {
		const struct bldr_value *tried = bldr_get(bldr_at(attempts, i), "tried");

		for (size_t k = 0; k < bldr_count(tried); k++) {
			if (bldr_equal(bldr_at(tried, k), repair)) {
				return true;
			}
		}
	}
	return false;
}

/* The repairs of one agent that may be tried. */
static struct bldr_value *open_repairs(const struct bldr_view *v, const char *agent)
{
	const struct bldr_value *repairs = bldr_get(bldr_get(v->state, "findings"), "repairs");
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < bldr_count(repairs); i++) {
		const struct bldr_value *repair = bldr_at(repairs, i);

		if (strcmp(repairer(repair), agent) == 0 &&
		    (has_runners_up(repair) || !was_tried(v, repair))) {
			bldr_list_add(list, bldr_ref(repair));
		}
	}
	return list;
}

/* The first of these that has something to do: what comes before the others makes them anew. */
static struct decision repair(const struct bldr_view *v)
{
	static const char *const ways[][2] = {
		{ "analyst.design", "the tester blames the design" },
		{ "analyst.map", "the tester blames the mapping" },
		{ "developer.build", "the tester blames the load: it is made again" },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct bldr_value *list = open_repairs(v, ways[i][0]);

		if (bldr_count(list) > 0) {
			return (struct decision){ ways[i][0], ways[i][1], list };
		}
		bldr_unref(list);
	}
	return (struct decision){ "evaluator", "every repair was tried, and errors remain", NULL };
}

static struct decision judge(const struct bldr_view *v)
{
	const struct bldr_value *findings = bldr_get(v->state, "findings");
	const char *verdict = bldr_get_text(findings, "verdict");

	if (verdict != NULL && strcmp(verdict, "validated") == 0) {
		return (struct decision){ "evaluator", "every check of severity error has passed",
					  NULL };
	}
	if (bldr_count(bldr_get(findings, "repairs")) == 0) {
		return (struct decision){ "evaluator", "no agent can repair what was found", NULL };
	}
	/* what is still wrong when they are used up ends as an explained finding */
	if (bldr_get_int(v->state, "rounds", 0) >=
	    bldr_get_int(bldr_get(v->state, "job"), "rounds_max", 1)) {
		return (struct decision){ "evaluator", "the rounds are used up", NULL };
	}
	return repair(v);
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
	if (strcmp(done, "analyst.map") == 0 &&
	    bldr_as_bool(bldr_get(bldr_get(v->state, "sttm"), "unchanged"), false)) {
		return (struct decision){ "evaluator",
					  "the mapper has nothing to choose but what has failed",
					  NULL };
	}
	if (strcmp(done, "developer.build") == 0 &&
	    bldr_get(bldr_get(v->state, "job"), "databricks") != NULL) {
		return (struct decision){ "developer.deploy", "the pipeline runs in the workspace",
					  NULL };
	}
	for (size_t i = 0; i < sizeof(sequence) / sizeof(sequence[0]); i++) {
		if (strcmp(done, sequence[i].done) == 0) {
			return (struct decision){ sequence[i].next, sequence[i].reason, NULL };
		}
	}
	return judge(v);
}

/* Keeps what is sent back, so that it can be learned from when a later round is right, and what is tried. */
static struct bldr_value *attempt(const struct bldr_view *v, const struct bldr_value *tried)
{
	static const char *const kept[] = { "sources", "profile", "sttm", "findings" };
	struct bldr_value *a = bldr_object();

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		bldr_object_set(a, kept[i], bldr_ref(bldr_get(v->state, kept[i])));
	}
	bldr_object_set(a, "tried", bldr_ref(tried));
	return a;
}

/* A repair that changes the design makes a new contract; the Tester compares it with the old one. */
static struct bldr_value *superseded(const struct bldr_view *v)
{
	struct bldr_value *s = bldr_object();

	bldr_object_set(s, "design", bldr_ref(bldr_get(v->state, "design")));
	bldr_object_set(s, "contract", bldr_ref(bldr_get(v->state, "contract")));
	return s;
}

static void go_back(const struct bldr_view *v, const struct decision *d, struct bldr_patch *p)
{
	bldr_patch_set(p, "attempts", attempt(v, d->advice));
	if (strcmp(d->next, "analyst.design") == 0) {
		bldr_patch_set(p, "superseded", superseded(v));
	}
	if (strcmp(d->next, "developer.build") == 0) {
		bldr_patch_set(p, "rounds", bldr_int(1));
	}
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
	if (d.advice != NULL) {
		go_back(v, &d, p);
	}
	if (strcmp(d.next, "analyst.design") == 0) {
		bldr_patch_set(p, "designs", bldr_int(1));
	}
	if (strcmp(d.next, "analyst.map") == 0) {
		bldr_patch_set(p, "rounds", bldr_int(1));
		bldr_patch_set(p, "advice", d.advice != NULL ? bldr_ref(d.advice) : bldr_list());
	}
	bldr_unref(d.advice);
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
