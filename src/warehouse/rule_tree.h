/*
 * Rules of the STTM as trees: what several parts of the warehouse ask of them before they are compiled.
 */
#pragma once

#include "artefact/artefact.h"

/* The source table behind an alias of a table's rules ("" is its own); NULL: there is none. */
const char *rule_alias_table(const struct sttm_table *table, const char *alias);
/* The first column that the tree reads; *ret_alias is then its alias. NULL: it reads none. */
const char *rule_first_column(const struct bldr_value *tree, const char **ret_alias);
/* The same tree over one file's columns: without aliases. A new value. */
struct bldr_value *rule_without_alias(const struct bldr_value *tree);
