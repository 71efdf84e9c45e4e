/*
 * What procedures are made of.
 */
#pragma once

#include "databricks/procedure.h"

/* Takes kept. */
void turn_again(struct databricks_turn *t, struct bldr_value *kept, int64_t pause_ms);
void turn_end(struct databricks_turn *t, enum databricks_outcome outcome,
	      enum databricks_blame blame, const char *message);
/* As the answer says. */
void turn_failed(struct databricks_turn *t, const struct databricks_answer *answer);
/* Well, with a value, which it takes. */
void turn_value(struct databricks_turn *t, struct bldr_value *value);
/* kept's "phase", "" at the beginning. */
const char *phase_of(const struct bldr_value *kept);
