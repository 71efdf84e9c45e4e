/* Derives the contract from the raw files and the design, before any mapping exists. */
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "checks/checks.h"

static const char *const reads[] = { "job", "sources", "design", "superseded", NULL };
static const char *const writes[] = { "contract", NULL };
static const struct handover handover = { "tester.contract", BLDR_PURE, "contract" };

const struct bldr_node tester_contract_node = {
	.name = "contract",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

static int derive(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "design", NULL };
	struct sources sources;
	struct design design;
	struct contract contract = { 0 };
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "design", &design, err);
	}
	if (r == 0) {
		r = contract_derive(d->source_dir, &sources, &design, &d->arena, &contract, err);
	}
	if (r < 0) {
		return r;
	}
	contract.head.version = 1 + (int64_t)bldr_count(bldr_get(d->args, "superseded"));
	r = desk_derive(d, &contract.head, inputs, err);
	if (r == 0) {
		r = desk_write(d, "contract", NULL, &contract, ret, err);
	}
	if (r == 0) {
		int64_t rows = 0;

		for (size_t i = 0; i < contract.sources.n; i++) {
			rows += contract.sources.at[i].rows + contract.sources.at[i].rejected;
		}
		bldr_object_set(*ret, "rows", bldr_int(rows));
	}
	return r;
}

int tester_contract_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, derive, ret, err);
}
