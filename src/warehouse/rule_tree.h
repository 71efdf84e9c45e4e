/*
 * Rules of the STTM as trees: what several parts of the warehouse ask of them before they are compiled.
 */
#pragma once

#include "artefact/artefact.h"
#include "base/columntype.h"

/* The source table behind an alias of a table's rules ("" is its own); NULL: there is none. */
const char *rule_alias_table(const struct sttm_table *table, const char *alias);
/*
 * Walks: the i-th expression directly inside a tree. Operands are its args, then its key; hops are the parts of the
 * foreign keys that a lookup reads over; parts are both, operands first. NULL: there are no more.
 */
const struct bldr_value *rule_operand(const struct bldr_value *tree, size_t i);
const struct bldr_value *rule_hop_part(const struct bldr_value *tree, size_t i);
const struct bldr_value *rule_part(const struct bldr_value *tree, size_t i);
/* The tree gives a date that is read from a text. */
bool rule_gives_date(const struct bldr_value *tree);
/* The tree, a rule of that table or a part of one, reads that column of a source table. */
bool rule_reads(const struct sttm_table *of, const struct bldr_value *tree, const char *table,
		const char *column);
/* The first column that the tree reads; *ret_alias is then its alias. NULL: it reads none. */
const char *rule_first_column(const struct bldr_value *tree, const char **ret_alias);
/* The same tree with leaf(user, column) in place of each {"col": ...}; leaf gives a new value, as this does. */
struct bldr_value *
rule_rewrite(const struct bldr_value *tree,
	     struct bldr_value *(*leaf)(void *user, const struct bldr_value *column), void *user);
/* multiply or subtract of two numbers, which it takes over. A new value. */
struct bldr_value *rule_arithmetic(const char *name, struct bldr_value *a, struct bldr_value *b,
				   struct column_type type);
/* The same tree over one file's columns: without aliases. A new value. */
struct bldr_value *rule_without_alias(const struct bldr_value *tree);
