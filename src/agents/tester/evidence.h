/* What the Tester judges by, read from the run's folder. */
#pragma once

#include "agents/desk.h"
#include "checks/checks.h"

struct evidence {
	struct sources sources;
	struct design design;
	struct contract contract;
	struct sttm sttm;
	struct deployment deployment;
	bool redesigned;
	struct contract old_contract;
	struct design old_design;
	struct checks_input checks; /* of the fields above */
};

/* The artefacts that the request of the work refers to. e must stay where it is. Errors: those of desk_read. */
int evidence_read(struct desk *d, struct evidence *e, struct bldr_error *err);
