#include "warehouse/row_rules.h"

#include <string.h>

#include "warehouse/source_rule.h"

enum { CELL_TEXT_MAX = 1 << 20 };

void row_rules_compile(const struct sttm_table *table, const struct source_file *file,
		       const char *const *values, struct arena *a, struct row_rules *ret)
{
	*ret = (struct row_rules){ .source = { .file = file } };
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct expr *rule;

		/* what reads joined files or dimensions does not compile; doubles have many texts */
		if (source_rule_compile(table->columns.at[i].rule, &ret->source, a, &rule, NULL) ==
			    0 &&
		    expr_type(rule).kind != COLUMN_DOUBLE) {
			*LIST_ADD(a, &ret->rules) = (struct row_rule){ rule, values[i] };
		}
	}
}

static bool holds(const struct row_rule *r, const struct expr_row *row, struct arena *scratch,
		  struct buf *text)
{
	struct expr_value v;

	expr_eval(r->rule, row, scratch, &v);
	buf_clear(text);
	if (!expr_value_text(&v, text)) {
		return r->value == NULL;
	}
	return r->value != NULL && strlen(r->value) == text->size &&
		memcmp(r->value, text->data, text->size) == 0;
}

bool row_rules_hold(const struct row_rules *r, struct record *record)
{
	const struct expr_row row = raw_source_row(&r->source, record);
	struct arena scratch = { 0 };
	struct buf text;
	bool all = true;

	buf_init(&text, CELL_TEXT_MAX);
	for (size_t i = 0; all && i < r->rules.n; i++) {
		all = holds(&r->rules.at[i], &row, &scratch, &text);
	}
	buf_release(&text);
	arena_release(&scratch);
	return all;
}
