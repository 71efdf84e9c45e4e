/* The report: one self-contained HTML page about a run, readable without a network. */
#pragma once

#include <bldr/value.h>
#include "agents/evaluator/questions.h"
#include "artefact/artefact.h"
#include "base/buf.h"

struct report_input {
	const struct sources *sources;
	const struct profile *profile;
	const struct design *design;
	const struct contract *contract;
	const struct sttm *sttm;
	const struct pipeline *pipeline;
	const struct deployment *deployment;
	const struct findings *findings;
	const struct evaluation *evaluation;
	const struct bldr_value
		*knowledge; /* {recalled, recalled_build, profile, sttm, learned}; NULL: none */
	const struct bldr_value *decisions; /* [{next, reason}]: the supervisor's, in order */
	const struct questions *questions;  /* answered; NULL: none are asked */
};

/* Renders templates/report.html. Deterministic: no clock, no run id, no absolute path.
 * Errors: INVALID (the template), LIMIT. */
int report_render(const struct report_input *in, struct arena *a, struct buf *out,
		  struct bldr_error *err);
