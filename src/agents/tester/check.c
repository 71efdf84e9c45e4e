/* Runs the checks on what was loaded, and tells the supervisor what could be repaired. */
#include <string.h>

#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "agents/remote/job_run.h"
#include "agents/tester/answers.h"
#include "agents/tester/evidence.h"
#include "checks/check_texts.h"

static const char *const reads[] = { "job",        "rounds", "sources",  "design",
				     "contract",   "sttm",   "reloaded", "deployment",
				     "superseded", "remote", "asked",    NULL };
static const char *const writes[] = { "findings", NULL };
static const struct handover handover = { "tester.check", BLDR_PURE, "findings" };

const struct bldr_node tester_check_node = {
	.name = "check",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static bool listed(const struct bldr_value *list, const struct bldr_value *item)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (bldr_equal(bldr_at(list, i), item)) {
			return true;
		}
	}
	return false;
}

/* {"repair": "reload"}: the load is to blame, and nothing that somebody could change in what it was given. */
static void add_reload(struct bldr_value *repairs)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "repair", bldr_text("reload"));
	bldr_list_add(repairs, v);
}

/* What the supervisor acts on: the verdict, how many checks failed, each distinct advice once. */
static void summarise(const struct findings *findings, struct bldr_value *out)
{
	struct bldr_value *repairs = bldr_list();
	int64_t errors = 0;
	int64_t warnings = 0;
	bool load = false;

	for (size_t i = 0; i < findings->checks.n; i++) {
		const struct finding *f = &findings->checks.at[i];

		if (f->passed) {
			continue;
		}
		errors += f->severity == SEVERITY_ERROR;
		warnings += f->severity == SEVERITY_WARNING;
		load |= f->severity == SEVERITY_ERROR && strcmp(f->blame, "developer") == 0;
		if (f->severity == SEVERITY_ERROR && f->advice != NULL &&
		    !listed(repairs, f->advice)) {
			bldr_list_add(repairs, bldr_ref(f->advice));
		}
	}
	if (load) {
		add_reload(repairs);
	}
	bldr_object_set(out, "verdict", bldr_text(findings->verdict));
	bldr_object_set(out, "checks", bldr_int((int64_t)findings->checks.n));
	bldr_object_set(out, "errors", bldr_int(errors));
	bldr_object_set(out, "warnings", bldr_int(warnings));
	bldr_object_set(out, "repairs", repairs);
}

static bool has_timed_out(const struct bldr_value *failure)
{
	const char *result = bldr_get_text(failure, "result");

	return result != NULL && strcmp(result, "timed_out") == 0;
}

/* What is said of a task that has failed, or else of the whole run; of one that was killed in time its error says less. */
static const char *message_of(const struct bldr_value *failure, const struct bldr_value *run)
{
	static const char *const failed[] = { "error", "message" };
	static const char *const killed[] = { "message", "error" };
	const char *const *keys = has_timed_out(failure) ? killed : failed;

	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++) {
		const char *text = bldr_get_text(failure, keys[i]);

		if (text != NULL && text[0] != '\0') {
			return text;
		}
	}
	return bldr_get_text(run, "message") != NULL ? bldr_get_text(run, "message")
						     : "nothing is said";
}

/* A failed task, or the run when none is known, with what the Developer has to know. */
static void blame(struct desk *d, const struct bldr_value *run, struct finding *f)
{
	const struct bldr_value *tasks = bldr_get(run, "tasks");
	const struct bldr_value *first = remote_culprit(run);
	const char *task = bldr_get_text(first, "task_key");
	const char *trace = bldr_get_text(first, "trace");

	f->found = arena_printf(&d->arena, "%s: %s", task != NULL ? task : "the run",
				message_of(first, run));
	f->blame = remote_blames(first, DATABRICKS_BLAME_CODE) ? "developer" : "infrastructure";
	f->why = has_timed_out(first) ? "it did not end within its timeout_seconds (job.json)"
		: trace != NULL
		? trace
		: "the workspace did not run it: what is said here is a person's to settle";
	for (size_t i = 0; i < bldr_count(tasks); i++) {
		*LIST_ADD(&d->arena, &f->samples) = arena_printf(
			&d->arena, "%s: %s", bldr_get_text(bldr_at(tasks, i), "task_key"),
			message_of(bldr_at(tasks, i), run));
	}
}

/* J1: the run of the job itself. */
static struct finding job_finding(struct desk *d, const struct bldr_value *remote)
{
	const struct check_text *text = check_text_of("J1");
	struct finding f = {
		.check = text->check,
		.subject = "job",
		.passed = remote_has_run(remote),
		.severity = SEVERITY_ERROR,
		.expected = "every task of the job ends well",
		.found = "every task of the job ended well",
		.provenance = text->provenance,
		.proves = check_proves(text, &d->arena),
	};

	if (!f.passed) {
		blame(d, bldr_get(remote, "run"), &f);
	}
	return f;
}

/* What stands in the workspace is judged, when the job has made something there; otherwise what was loaded here. */
static int judge(struct desk *d, struct evidence *e, struct findings *ret, struct bldr_error *err)
{
	const struct bldr_value *asked = bldr_get(d->args, "asked");
	const struct bldr_value *remote = bldr_get(d->args, "remote");
	bool again = bldr_get_int(asked, "pass", 0) > 0;
	struct remote_input in = { .checks = &e->checks, .image = desk_path(d, "remote.db") };
	remote_results results = { 0 };
	struct remote r;
	int rc;

	if (!answers_are_of(asked, bldr_get_int(d->args, "rounds", 0)) || !remote_of(d->args, &r)) {
		return checks_run(&e->checks, &d->arena, ret, err);
	}
	in.catalog = r.catalog;
	in.schema = r.schema;
	in.rows_max = r.compare_rows;
	e->checks.reloaded = again ? desk_path(d, "remote_again.db") : NULL;
	e->checks.reload_refused = again ? NULL : remote_refusal(bldr_get(remote, "run"));
	rc = answers_results(d, "questions",
			     bldr_get_int(asked, again ? "first_rounds" : "round", 0), &results,
			     err);
	return rc < 0 ? rc : remote_judge(&in, &results, &d->arena, ret, err);
}

static int check(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "design",     "contract",
					      "sttm",    "deployment", NULL };
	const struct bldr_value *remote = bldr_get(d->args, "remote");
	struct evidence e;
	struct findings findings = { 0 };
	int r = evidence_read(d, &e, err);

	if (r == 0) {
		r = judge(d, &e, &findings, err);
	}
	if (r == 0 && remote != NULL) {
		*LIST_ADD(&d->arena, &findings.checks) = job_finding(d, remote);
		checks_conclude(&findings);
	}
	findings.head.version = d->round;
	if (r == 0) {
		r = desk_derive(d, &findings.head, inputs, err);
	}
	if (r == 0) {
		r = desk_write(d, "findings", NULL, &findings, ret, err);
	}
	if (r == 0) {
		summarise(&findings, *ret);
	}
	return r;
}

int tester_check_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, check, ret, err);
}
