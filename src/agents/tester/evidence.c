/* Sources, design, contract, mapping and what was loaded; and what a repair of the design has replaced. */
#include "agents/tester/evidence.h"

/* The last of the contracts that were replaced, and its design. */
static int read_superseded(struct desk *d, struct evidence *e, struct bldr_error *err)
{
	const struct bldr_value *list = bldr_get(d->args, "superseded");
	const struct bldr_value *last = bldr_count(list) > 0 ? bldr_at(list, bldr_count(list) - 1)
							     : NULL;
	int r = 0;

	e->redesigned = last != NULL;
	if (last != NULL) {
		r = desk_read_value(d, "contract", bldr_get(last, "contract"), &e->old_contract,
				    err);
	}
	if (r == 0 && last != NULL) {
		r = desk_read_value(d, "design", bldr_get(last, "design"), &e->old_design, err);
	}
	return r;
}

static int read_artefacts(struct desk *d, struct evidence *e, struct bldr_error *err)
{
	const struct {
		const char *name;
		void *ret;
	} artefacts[] = {
		{ "sources", &e->sources },       { "design", &e->design },
		{ "contract", &e->contract },     { "sttm", &e->sttm },
		{ "deployment", &e->deployment },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
		r = desk_read(d, artefacts[i].name, artefacts[i].ret, err);
	}
	return r < 0 ? r : read_superseded(d, e, err);
}

int evidence_read(struct desk *d, struct evidence *e, struct bldr_error *err)
{
	int r = read_artefacts(d, e, err);

	e->checks = (struct checks_input){
		.source_folder = d->source_dir,
		.warehouse = desk_path(d, "warehouse.db"),
		.reloaded = desk_path(d, "reloaded.db"),
		.reload_refused = bldr_get_text(bldr_get(d->args, "reloaded"), "refused"),
		.sources = &e->sources,
		.design = &e->design,
		.contract = &e->contract,
		.sttm = &e->sttm,
		.deployment = &e->deployment,
	};
	if (r == 0 && e->redesigned) {
		e->checks.superseded = &e->old_contract;
		e->checks.superseded_design = &e->old_design;
	}
	return r;
}
