/*
 * The rules of one table as PySpark text over its silver tables: each part of a rule that silver makes is the
 * silver column, each lookup the key of a joined dimension. Internal to the emitters.
 */
#pragma once

#include "warehouse/emitters/notebook.h"

struct rule_side {         /* a silver table that the rules read */
	const char *alias; /* of the STTM; "" stands for the own source, too */
	const char *name;  /* in the notebook: an identifier, unique in it */
	const struct lake_source *source;
};

struct rule_lookup {      /* a join with a dimension */
	const char *name; /* of the joined dimension in the notebook */
	const struct target *dimension;
	const char *key_column;
	const struct bldr_value *key;
};

struct rules {
	struct emitter *emitter;
	const struct sttm_table *table;
	LIST(struct rule_side) sides; /* the own source first; none for a calendar */
	LIST(struct rule_lookup) lookups;
};

/* Finds the sides and lookups of all rules. Errors: INVALID (a rule that looks a dimension up by two keys). */
int rules_build(struct emitter *e, const struct target *t, struct rules *ret);
/* Adds the PySpark text of a rule of the table, or of a lookup's key. Errors: INVALID, LIMIT. */
int rules_write(const struct rules *rules, const struct bldr_value *rule, struct buf *out);
/* The column of a side as F.col takes it: "orders.order_date". */
const char *rules_column(const struct rules *rules, const char *alias, const char *column);
