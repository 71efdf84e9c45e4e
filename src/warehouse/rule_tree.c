/* Walks over rules. Trees of an STTM that was compiled are not deep. */
#include "warehouse/rule_tree.h"

#include <string.h>

const char *rule_alias_table(const struct sttm_table *table, const char *alias)
{
	for (size_t i = 0; i < table->joins.n; i++) {
		if (strcmp(table->joins.at[i].alias, alias) == 0) {
			return table->joins.at[i].table;
		}
	}
	return *alias == '\0' || (table->source != NULL && strcmp(table->source, alias) == 0)
		? table->source
		: NULL;
}

const char *rule_first_column(const struct bldr_value *tree, const char **ret_alias)
{
	const struct bldr_value *args = bldr_get(tree, "args");
	const char *column = bldr_get_text(tree, "col");
	const char *alias = bldr_get_text(tree, "of");

	if (column != NULL) {
		*ret_alias = alias != NULL ? alias : "";
	}
	for (size_t i = 0; column == NULL && i < bldr_count(args); i++) {
		column = rule_first_column(bldr_at(args, i), ret_alias);
	}
	return column;
}

struct bldr_value *rule_without_alias(const struct bldr_value *tree)
{
	struct bldr_value *copy = bldr_object();

	for (void *it = bldr_first(tree); it != NULL; it = bldr_next(tree, it)) {
		const struct bldr_value *item = bldr_item(it);

		if (strcmp(bldr_key(it), "args") == 0) {
			struct bldr_value *args = bldr_list();

			for (size_t i = 0; i < bldr_count(item); i++) {
				bldr_list_add(args, rule_without_alias(bldr_at(item, i)));
			}
			bldr_object_set(copy, "args", args);
		} else if (strcmp(bldr_key(it), "of") != 0) {
			bldr_object_set(copy, bldr_key(it), bldr_ref(item));
		}
	}
	return copy;
}
