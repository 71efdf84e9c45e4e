/*
 * Where the columns of one target table come from: a box per source table with its file and the columns that
 * are used, the target table beside them, a line per source column of each target column. A generated
 * date dimension is fed as a whole by the columns that its calendar spans.
 */
#include <string.h>

#include "agents/evaluator/diagram.h"
#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

enum { SOURCE_WIDTH = 280, TARGET_WIDTH = 330, FLOW_LANE = 150, FLOW_HUES = 8 };

struct flow {
	const struct report_input *in;
	struct arena *arena;
	struct diagram diagram; /* box 0 is the target */
};

static const char *path_of(const struct flow *f, const char *table)
{
	for (size_t i = 0; i < f->in->sources->files.n; i++) {
		if (strcmp(f->in->sources->files.at[i].table, table) == 0) {
			return f->in->sources->files.at[i].path;
		}
	}
	return "";
}

/* The index of the source table's box, made when it is new. */
static size_t box_of(struct flow *f, const char *table)
{
	for (size_t i = 1; i < f->diagram.boxes.n; i++) {
		if (strcmp(f->diagram.boxes.at[i].title, table) == 0) {
			return i;
		}
	}
	*LIST_ADD(f->arena, &f->diagram.boxes) = (struct diagram_box){
		.width = SOURCE_WIDTH,
		.title = table,
		.note = path_of(f, table),
		.look = "source",
	};
	return f->diagram.boxes.n - 1;
}

/* The index of the column's row, made when it is new. */
static int row_of(struct flow *f, size_t box, const char *column)
{
	struct diagram_box *b = &f->diagram.boxes.at[box];
	for (size_t i = 0; i < b->rows.n; i++) {
		if (strcmp(b->rows.at[i].text, column) == 0) {
			return (int)i;
		}
	}
	*LIST_ADD(f->arena, &b->rows) =
		(struct diagram_row){ .text = column, .note = "", .look = "plain" };
	return (int)b->rows.n - 1;
}

static void add_target(struct flow *f, const struct sttm_table *table)
{
	struct diagram_box box = {
		.x = SOURCE_WIDTH + FLOW_LANE,
		.width = TARGET_WIDTH,
		.title = table->name,
		.note = report_kind(table->kind),
		.look = table->kind == TABLE_FACT || table->kind == TABLE_BRIDGE ? "fact"
										 : "dimension",
	};
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct sttm_column *c = &table->columns.at[i];
		bool key = c->role == ROLE_SURROGATE_KEY || c->role == ROLE_DIMENSION_KEY;
		*LIST_ADD(f->arena, &box.rows) = (struct diagram_row){
			.text = c->target,
			.note = report_role(c->role),
			.look = key                       ? "key"
				: c->role == ROLE_MEASURE ? "measure"
				: c->sources.n == 0       ? "generated"
							  : "plain",
		};
	}
	*LIST_ADD(f->arena, &f->diagram.boxes) = box;
}

static void link_source(struct flow *f, const struct column_ref *ref, int target_row,
			const char *target)
{
	size_t box = box_of(f, ref->table);
	int row = row_of(f, box, ref->column);
	diagram_link(&f->diagram, f->arena, box, row, 0, target_row,
		     arena_printf(f->arena, "line hue%zu", (box - 1) % FLOW_HUES),
		     arena_printf(f->arena, "%s.%s to %s", ref->table, ref->column, target));
}

static void each_source(struct flow *f, const struct sttm_table *table,
			void (*visit)(struct flow *f, const struct column_ref *ref, int target_row,
				      const char *target))
{
	for (size_t i = 0; i < table->calendar.n; i++) {
		visit(f, &table->calendar.at[i], DIAGRAM_TITLE, table->name);
	}
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct sttm_column *c = &table->columns.at[i];
		for (size_t k = 0; k < c->sources.n; k++) {
			visit(f, &c->sources.at[k], (int)i, c->target);
		}
	}
}

static void add_source(struct flow *f, const struct column_ref *ref, int target_row,
		       const char *target)
{
	(void)target_row, (void)target;
	row_of(f, box_of(f, ref->table), ref->column);
}

struct bldr_value *report_flow(const struct report_input *in, const struct sttm_table *table,
			       struct arena *a, const char *id)
{
	struct flow f = { .in = in, .arena = a };
	LIST(size_t) sources = { 0 };
	size_t target = 0;
	int height;

	add_target(&f, table);
	if (table->source != NULL) {
		box_of(&f,
		       table->source); /* first, though a column of a joined table may come first */
	}
	each_source(&f, table, add_source);
	for (size_t i = 1; i < f.diagram.boxes.n; i++) {
		*LIST_ADD(a, &sources) = i;
	}
	if (sources.n == 0) {
		f.diagram.boxes.at[target].x = 0;
	}
	height = diagram_stack_height(&f.diagram, sources.at, sources.n);
	if (height < diagram_box_height(&f.diagram.boxes.at[0])) {
		height = diagram_box_height(&f.diagram.boxes.at[0]);
	}
	diagram_stack(&f.diagram, sources.at, sources.n, height);
	diagram_stack(&f.diagram, &target, 1, height);
	each_source(&f, table, link_source);
	return diagram_value(&f.diagram, a, id,
			     arena_printf(a, "Where the columns of %s come from", table->name),
			     arena_printf(a,
					  "%s at the left, the columns of %s at the right, %s "
					  "between them. The table below says the same.",
					  report_count(a, (int64_t)sources.n, "source table"),
					  table->name,
					  report_count(a, (int64_t)f.diagram.lines.n, "line")));
}
