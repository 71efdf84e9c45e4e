/* Sample questions: what to ask the star first, as words and SQL, and what it answers. */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

enum { VALUE_CELLS = 48 };

static struct bldr_value *lines_value(const char *text)
{
	struct bldr_value *list = bldr_list();
	while (*text != '\0') {
		size_t size = strcspn(text, "\n");
		bldr_list_add(list, bldr_text_n(text, size));
		text += size + (text[size] == '\n');
	}
	return list;
}

static struct bldr_value *columns_value(const struct question *q)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < q->columns.n; i++) {
		bool number = q->rows.n > 0;
		struct bldr_value *v = bldr_object();
		for (size_t k = 0; k < q->rows.n; k++) {
			const struct answer_cell *cell = &q->rows.at[k].cells.at[i];
			number = number && (cell->number || cell->text == NULL);
		}
		bldr_object_set(v, "name", bldr_text(q->columns.at[i]));
		bldr_object_set(v, "number", bldr_bool(number));
		bldr_list_add(list, v);
	}
	return list;
}

static struct bldr_value *rows_value(const struct question *q, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < q->rows.n; i++) {
		struct bldr_value *row = bldr_object();
		struct bldr_value *cells = bldr_list();
		for (size_t k = 0; k < q->rows.at[i].cells.n; k++) {
			const struct answer_cell *cell = &q->rows.at[i].cells.at[k];
			struct bldr_value *v = bldr_object();
			bldr_object_set(v, "text",
					cell->text != NULL
						? bldr_text(report_fit(a, cell->text, VALUE_CELLS))
						: NULL);
			bldr_object_set(v, "null", bldr_bool(cell->text == NULL));
			bldr_object_set(v, "number", bldr_bool(cell->number));
			bldr_list_add(cells, v);
		}
		bldr_object_set(row, "cells", cells);
		bldr_list_add(list, row);
	}
	return list;
}

struct bldr_value *report_questions(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	struct bldr_value *list = bldr_list();
	size_t n = in->questions != NULL ? in->questions->at.n : 0;
	for (size_t i = 0; i < n; i++) {
		const struct question *q = &in->questions->at.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "text", bldr_text(q->text));
		bldr_object_set(v, "sql", lines_value(q->sql));
		bldr_object_set(v, "columns", columns_value(q));
		bldr_object_set(v, "rows", rows_value(q, a));
		bldr_object_set(v, "answered", bldr_bool(q->rows.n > 0));
		bldr_list_add(list, v);
	}
	bldr_object_set(part, "any", bldr_bool(n > 0));
	bldr_object_set(part, "list", list);
	bldr_object_set(part, "warehouse", bldr_text(in->deployment->warehouse));
	return part;
}
