/* Runs the checks on what was loaded, and tells the supervisor what could be repaired. */
#include <string.h>

#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "checks/checks.h"

static const char *const reads[] = { "job",  "rounds",     "sources",  "design",     "contract",
				     "sttm", "deployment", "reloaded", "superseded", NULL };
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

static int check(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "design",     "contract",
					      "sttm",    "deployment", NULL };
	struct evidence e;
	struct findings findings = { 0 };
	struct checks_input in = {
		.source_folder = d->source_dir,
		.warehouse = desk_path(d, "warehouse.db"),
		.reloaded = desk_path(d, "reloaded.db"),
		.reload_refused = bldr_get_text(bldr_get(d->args, "reloaded"), "refused"),
		.sources = &e.sources,
		.design = &e.design,
		.contract = &e.contract,
		.sttm = &e.sttm,
		.deployment = &e.deployment,
	};
	int r = read_evidence(d, &e, err);

	in.superseded = r == 0 && e.redesigned ? &e.old_contract : NULL;
	in.superseded_design = in.superseded != NULL ? &e.old_design : NULL;
	if (r == 0) {
		r = checks_run(&in, &d->arena, &findings, err);
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
