/*
 * The report is one page: each part of it is a value made from the artefacts (report_parts.h), and
 * templates/report.html with its partials turns them into HTML. It knows no clock, run id or path outside the run's
 * folder, so equal artefacts give an equal page. What can go wrong is a template that names what no part has.
 */
#include "agents/evaluator/report.h"

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"
#include "base/asset.h"
#include "base/check.h"
#include "base/template.h"

static const struct {
	const char *name;
	struct bldr_value *(*make)(const struct report_input *in, struct arena *a);
} PARTS[] = {
	{ "head", report_head },           { "star", report_star },
	{ "questions", report_questions }, { "checks", report_checks },
	{ "lineage", report_lineage },     { "design", report_design },
	{ "profile", report_profile },     { "run", report_run },
	{ "knowledge", report_knowledge },
};

/* What measured.h fills in later. */
static struct bldr_value *not_measured(void)
{
	struct bldr_value *measured = bldr_object();
	bldr_object_set(measured, "known", bldr_bool(false));
	return measured;
}

int report_render(const struct report_input *in, struct arena *a, struct buf *out,
		  struct bldr_error *err)
{
	static const char name[] = "templates/report.html";
	const struct asset *page = asset_find(name);
	struct bldr_value *data = bldr_object();
	int rc;

	ASSERT(page != NULL);
	for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
		bldr_object_set(data, PARTS[i].name, PARTS[i].make(in, a));
	}
	bldr_object_set(data, "measured", not_measured());
	rc = template_render(name, (const char *)page->data, data, report_escape, out, err);
	bldr_unref(data);
	return rc;
}
