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

const struct bldr_value *rule_operand(const struct bldr_value *tree, size_t i)
{
	const struct bldr_value *args = bldr_get(tree, "args");

	if (i < bldr_count(args)) {
		return bldr_at(args, i);
	}
	return i == bldr_count(args) ? bldr_get(tree, "key") : NULL;
}

const struct bldr_value *rule_hop_part(const struct bldr_value *tree, size_t i)
{
	const struct bldr_value *over = bldr_get(tree, "over");

	for (size_t h = 0; h < bldr_count(over); h++) {
		const struct bldr_value *from = bldr_get(bldr_at(over, h), "from");

		if (i < bldr_count(from)) {
			return bldr_at(from, i);
		}
		i -= bldr_count(from);
		if (i-- == 0) {
			return bldr_get(bldr_at(over, h), "to");
		}
	}
	return NULL;
}

const struct bldr_value *rule_part(const struct bldr_value *tree, size_t i)
{
	size_t operands = bldr_count(bldr_get(tree, "args")) + (bldr_get(tree, "key") != NULL);

	return i < operands ? rule_operand(tree, i) : rule_hop_part(tree, i - operands);
}

bool rule_gives_date(const struct bldr_value *tree)
{
	const char *fn = bldr_get_text(tree, "fn");
	const char *type = bldr_get_text(tree, "type");

	return fn != NULL &&
		(strcmp(fn, "parse_date") == 0 || strcmp(fn, "written_date") == 0 ||
		 (strcmp(fn, "cast") == 0 && type != NULL && strcmp(type, "date") == 0));
}

bool rule_reads(const struct sttm_table *of, const struct bldr_value *tree, const char *table,
		const char *column)
{
	const char *own = bldr_get_text(tree, "col");
	const char *alias = bldr_get_text(tree, "of");
	const struct bldr_value *part;
	bool found = false;

	if (own != NULL) {
		const char *from = rule_alias_table(of, alias != NULL ? alias : "");

		return strcmp(own, column) == 0 && from != NULL && strcmp(from, table) == 0;
	}
	for (size_t i = 0; !found && (part = rule_part(tree, i)) != NULL; i++) {
		found = rule_reads(of, part, table, column);
	}
	return found;
}

const char *rule_first_column(const struct bldr_value *tree, const char **ret_alias)
{
	const char *column = bldr_get_text(tree, "col");
	const char *alias = bldr_get_text(tree, "of");
	const struct bldr_value *part;

	if (column != NULL) {
		*ret_alias = alias != NULL ? alias : "";
	}
	for (size_t i = 0; column == NULL && (part = rule_part(tree, i)) != NULL; i++) {
		column = rule_first_column(part, ret_alias);
	}
	return column;
}

struct bldr_value *
rule_rewrite(const struct bldr_value *tree,
	     struct bldr_value *(*leaf)(void *user, const struct bldr_value *column), void *user)
{
	struct bldr_value *copy;

	if (bldr_get(tree, "col") != NULL) {
		return leaf(user, tree);
	}
	if (bldr_type_of(tree) == BLDR_LIST) {
		copy = bldr_list();
		for (size_t i = 0; i < bldr_count(tree); i++) {
			bldr_list_add(copy, rule_rewrite(bldr_at(tree, i), leaf, user));
		}
		return copy;
	}
	if (bldr_type_of(tree) != BLDR_OBJECT) {
		return bldr_ref(tree);
	}
	copy = bldr_object();
	for (void *it = bldr_first(tree); it != NULL; it = bldr_next(tree, it)) {
		bldr_object_set(copy, bldr_key(it), rule_rewrite(bldr_item(it), leaf, user));
	}
	return copy;
}

static struct bldr_value *own_column(void *user, const struct bldr_value *column)
{
	struct bldr_value *copy = bldr_object();

	(void)user;
	bldr_object_set(copy, "col", bldr_ref(bldr_get(column, "col")));
	return copy;
}

struct bldr_value *rule_without_alias(const struct bldr_value *tree)
{
	return rule_rewrite(tree, own_column, NULL);
}

struct bldr_value *rule_arithmetic(const char *name, struct bldr_value *a, struct bldr_value *b,
				   struct column_type type)
{
	char text[COLUMN_TYPE_TEXT_MAX];
	struct bldr_value *args = bldr_list();
	struct bldr_value *v = bldr_object();

	column_type_text(type, text);
	bldr_list_add(args, a);
	bldr_list_add(args, b);
	bldr_object_set(v, "fn", bldr_text(name));
	bldr_object_set(v, "args", args);
	bldr_object_set(v, "type", bldr_text(text));
	return v;
}
