/* A report made of artefact files, for tests: tests/golden/artefacts or a run's artefacts/ folder. */
#pragma once

#include "agents/evaluator/report.h"

struct rendering {
	struct sources sources;
	struct profile profile;
	struct design design;
	struct contract contract;
	struct sttm sttm;
	struct pipeline pipeline;
	struct deployment deployment;
	struct findings findings;
	struct evaluation evaluation;
	const struct bldr_value *decisions;
	struct questions questions;
};

/* Reads NAME.json or the latest NAME.vN.json of every artefact, and the decisions of ../run.json and the
 * answers of ../warehouse.db when they are there. Everything lives in a. */
int rendering_read(const char *folder, struct arena *a, struct rendering *ret,
		   struct bldr_error *err);
/* The page, free() it; NULL: err says why. */
char *rendering_html(const struct rendering *r, struct arena *a, struct bldr_error *err);
