/* Reads every artefact of the run, asks the warehouse the sample questions, and writes report.html in the run's folder. */
#include <stdlib.h>
#include <string.h>

#include "agents/desk.h"
#include "agents/evaluator/report.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "base/file.h"

enum { REPORT_MAX = 64 << 20 };

static const char *const reads[] = {
	"job",        "decisions", "sources",        "profile",    "design",
	"contract",   "sttm",      "pipeline",       "deployment", "findings",
	"evaluation", "recalled",  "recalled_build", "learned",    NULL
};
static const char *const writes[] = { "report", NULL };
static const struct handover handover = { "evaluator.report", BLDR_PURE, "report" };

const struct bldr_node evaluator_report_node = {
	.name = "report",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

struct everything {
	struct sources sources;
	struct profile profile;
	struct design design;
	struct contract contract;
	struct sttm sttm;
	struct pipeline pipeline;
	struct deployment deployment;
	struct findings findings;
	struct evaluation evaluation;
	struct questions questions;
};

static int read_everything(struct desk *d, struct everything *e, struct bldr_error *err)
{
	const struct {
		const char *name;
		void *ret;
	} artefacts[] = {
		{ "sources", &e->sources },
		{ "profile", &e->profile },
		{ "design", &e->design },
		{ "contract", &e->contract },
		{ "sttm", &e->sttm },
		{ "pipeline", &e->pipeline },
		{ "deployment", &e->deployment },
		{ "findings", &e->findings },
		{ "evaluation", &e->evaluation },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
		r = desk_read(d, artefacts[i].name, artefacts[i].ret, err);
	}
	return r;
}

/* Asks the sample questions of the warehouse, and writes them beside it. */
static int ask_questions(struct desk *d, struct everything *e, struct bldr_error *err)
{
	struct bldr_value *value;
	const char *script;
	char *text;
	int r;

	questions_make(&e->design, &e->contract, &d->arena, &e->questions);
	r = questions_answer(desk_path(d, e->deployment.warehouse), d->work->cancel, &d->arena,
			     &e->questions, err);
	if (r < 0) {
		return r;
	}
	value = questions_value(&e->questions);
	text = bldr_value_pretty(value);
	r = file_write(desk_path(d, "questions.json"), text, strlen(text), err);
	free(text);
	bldr_unref(value);
	script = questions_script(&e->questions, &d->arena);
	return r < 0 ? r : file_write(desk_path(d, "questions.sql"), script, strlen(script), err);
}

static int report(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct everything e;
	struct report_input in = {
		.sources = &e.sources,
		.profile = &e.profile,
		.design = &e.design,
		.contract = &e.contract,
		.sttm = &e.sttm,
		.pipeline = &e.pipeline,
		.deployment = &e.deployment,
		.findings = &e.findings,
		.evaluation = &e.evaluation,
		.decisions = bldr_get(d->args, "decisions"),
		.knowledge = d->args,
		.questions = &e.questions,
	};
	struct buf out;
	int r = read_everything(d, &e, err);

	if (r == 0) {
		r = ask_questions(d, &e, err);
	}
	if (r < 0) {
		return r;
	}
	buf_init(&out, REPORT_MAX);
	r = report_render(&in, &d->arena, &out, err);
	if (r == 0 && buf_failed(&out)) {
		r = bldr_error_set(err, BLDR_E_LIMIT, "the report exceeds 64 MB");
	}
	if (r == 0) {
		r = file_write(desk_path(d, "report.html"), out.data, out.size, err);
	}
	buf_release(&out);
	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "path", bldr_text("report.html"));
	return 0;
}

int evaluator_report_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, report, ret, err);
}
