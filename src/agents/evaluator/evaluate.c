/*
 * Scores a finished run on four rubrics, in whole hundredths, so that the score is exact and the same
 * everywhere. The verdict is the Tester's; the score says how well the run did, not whether it is right.
 */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"

static const char *const reads[] = { "job", "rounds", "findings", "deployment", "sttm", NULL };
static const char *const writes[] = { "evaluation", NULL };
static const struct handover handover = { "evaluator.evaluate", BLDR_PURE, "evaluation" };

const struct bldr_node evaluator_evaluate_node = {
	.name = "evaluate",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

/* Hundredths of part in whole, rounded down so that 1.00 means all; an empty whole counts as all. */
static int64_t share(int64_t part, int64_t whole)
{
	return whole == 0 ? 100 : part * 100 / whole;
}

static const char *hundredths(struct arena *a, int64_t n)
{
	return arena_printf(a, "%lld.%02lld", (long long)(n / 100), (long long)(n % 100));
}

struct scored {
	const char *name;
	int64_t weight;
	int64_t score; /* hundredths */
	const char *reason;
};

/* What is only told (severity info) is nothing wrong. */
static struct scored score_checks(struct arena *a, const struct findings *f)
{
	int64_t passed = 0;

	for (size_t i = 0; i < f->checks.n; i++) {
		passed += f->checks.at[i].passed || f->checks.at[i].severity == SEVERITY_INFO;
	}
	return (struct scored){ "checks", 5, share(passed, (int64_t)f->checks.n),
				arena_printf(a, "%lld of %zu checks passed", (long long)passed,
					     f->checks.n) };
}

static struct scored score_loaded(struct arena *a, const struct deployment *d)
{
	int64_t read = 0;
	int64_t loaded = 0;

	for (size_t i = 0; i < d->sources.n; i++) {
		read += d->sources.at[i].read;
		loaded += d->sources.at[i].loaded;
	}
	return (struct scored){ "loaded", 2, share(loaded, read),
				arena_printf(a, "%lld of %lld source records loaded",
					     (long long)loaded, (long long)read) };
}

static struct scored score_rounds(struct arena *a, int64_t rounds)
{
	int64_t score = rounds <= 1 ? 100 : 100 / rounds;

	return (struct scored){ "rounds", 2, score,
				arena_printf(a, "%lld mapping round%s", (long long)rounds,
					     rounds == 1 ? "" : "s") };
}

static struct scored score_mapped(struct arena *a, const struct sttm *sttm)
{
	int64_t columns = 0;
	int64_t told = 0;

	for (size_t i = 0; i < sttm->tables.n; i++) {
		for (size_t k = 0; k < sttm->tables.at[i].columns.n; k++) {
			columns++;
			told += sttm->tables.at[i].columns.at[k].rule != NULL;
		}
	}
	return (struct scored){ "mapped", 1, share(told, columns),
				arena_printf(a, "%lld of %lld target columns have a rule",
					     (long long)told, (long long)columns) };
}

static int evaluate(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "findings", "deployment", "sttm", NULL };
	struct findings findings;
	struct deployment deployment;
	struct sttm sttm;
	struct evaluation e = { 0 };
	int64_t sum = 0;
	int64_t weights = 0;
	int r = desk_read(d, "findings", &findings, err);

	if (r == 0) {
		r = desk_read(d, "deployment", &deployment, err);
	}
	if (r == 0) {
		r = desk_read(d, "sttm", &sttm, err);
	}
	if (r == 0) {
		r = desk_derive(d, &e.head, inputs, err);
	}
	if (r < 0) {
		return r;
	}
	const struct scored scores[] = {
		score_checks(&d->arena, &findings),
		score_loaded(&d->arena, &deployment),
		score_rounds(&d->arena, d->round),
		score_mapped(&d->arena, &sttm),
	};
	for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++) {
		*LIST_ADD(&d->arena, &e.rubrics) = (struct rubric){
			.name = scores[i].name,
			.weight = scores[i].weight,
			.score = hundredths(&d->arena, scores[i].score),
			.reason = scores[i].reason,
		};
		sum += scores[i].weight * scores[i].score;
		weights += scores[i].weight;
	}
	e.head.version = 1;
	e.verdict = findings.verdict;
	e.score = hundredths(&d->arena, sum / weights);
	e.rounds = d->round;
	r = desk_write(d, "evaluation", NULL, &e, ret, err);
	if (r == 0) {
		bldr_object_set(*ret, "score", bldr_text(e.score));
	}
	return r;
}

int evaluator_evaluate_work(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err)
{
	return desk_work(w, evaluate, ret, err);
}
