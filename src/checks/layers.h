/* What the warehouse and the deployment say of a source's records, beside what the Tester makes of them. */
#pragma once

#include "checks/trial.h"

/* Where a record of a file belongs; the names in bldr_quarantine.kind are layer_kind's. */
enum fate { FATE_LOADED, FATE_UNREADABLE, FATE_TOTAL, FATE_BLANK, FATE_REFUSED, FATE_DUPLICATE };

struct counters {
	bool any; /* the file has its row */
	int64_t read, loaded, rejected, duplicates;
};

/* A line of bldr_quarantine. */
struct quarantined {
	int64_t line;
	const char *kind; /* NULL: the table has no such column */
	const char *reason;
	int64_t record, reject; /* of the Tester's, -1: none begins on that line */
	enum fate fate;         /* as the Tester sees it; FATE_LOADED: no fault */
};

struct layer {
	struct counters warehouse, deployment;
	LIST(struct quarantined) quarantine; /* by line */
	const char **why;        /* per good record: why it is left out, NULL: it is not */
	bool *duplicate;         /* per good record: it is left out as a duplicate */
	bool *met, *met_rejects; /* per good and rejected record: it is in quarantine */
};

/* Reads bldr_layer, bldr_quarantine and the deployment for one source. Errors: IO, CORRUPT. */
int layer_read(struct trial *t, const struct relation *r, struct layer *ret, struct bldr_error *err);
/* "unreadable", "total", "blank", "refused", "duplicate"; "loaded" for no fault. */
const char *layer_kind(enum fate fate);
/* The design has a use for the source. */
bool layer_is_used(const struct trial *t, const char *table);
