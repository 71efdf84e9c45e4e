/*
 * Sizes are fixed, so the same boxes give the same drawing everywhere. Nothing can go wrong: what is too
 * long is cut, and a drawing is as large as its boxes.
 */
#include "agents/evaluator/diagram.h"

#include "agents/evaluator/report_text.h"

enum {
	HEAD_HEIGHT = 44,
	ROW_HEIGHT = 20,
	FOOT_HEIGHT = 6,
	MARGIN = 4,          /* around the drawing */
	PADDING = 12,        /* left and right in a box */
	TITLE_BASELINE = 20, /* from the top of the box */
	NOTE_BASELINE = 36,
	ROW_BASELINE = 14, /* from the top of the row */
	ROW_CELL = 73,     /* width of a monospaced letter at 12 px, in tenths, rounded up */
	TITLE_CELL = 79,   /* at 13 px */
	NOTE_CELL = 62     /* of the note's smaller proportional letters */
};

int diagram_box_height(const struct diagram_box *box)
{
	int rows = (int)box->rows.n * ROW_HEIGHT;
	return HEAD_HEIGHT + rows + (rows > 0 ? FOOT_HEIGHT : 0);
}

int diagram_row_middle(int row)
{
	return row == DIAGRAM_TITLE ? HEAD_HEIGHT / 2
				    : HEAD_HEIGHT + row * ROW_HEIGHT + ROW_HEIGHT / 2;
}

int diagram_stack_height(const struct diagram *d, const size_t *boxes, size_t n)
{
	int height = 0;
	for (size_t i = 0; i < n; i++) {
		height += diagram_box_height(&d->boxes.at[boxes[i]]) + (i > 0 ? DIAGRAM_GAP : 0);
	}
	return height;
}

void diagram_stack(struct diagram *d, const size_t *boxes, size_t n, int height)
{
	int y = (height - diagram_stack_height(d, boxes, n)) / 2;
	for (size_t i = 0; i < n; i++) {
		d->boxes.at[boxes[i]].y = y;
		y += diagram_box_height(&d->boxes.at[boxes[i]]) + DIAGRAM_GAP;
	}
}

void diagram_link(struct diagram *d, struct arena *a, size_t from, int from_row, size_t to,
		  int to_row, const char *look, const char *text)
{
	const struct diagram_box *f = &d->boxes.at[from];
	const struct diagram_box *t = &d->boxes.at[to];
	bool right = f->x < t->x;
	int x1 = right ? f->x + f->width : f->x;
	int x2 = right ? t->x : t->x + t->width;
	int y1 = f->y + diagram_row_middle(from_row);
	int y2 = t->y + diagram_row_middle(to_row);
	int middle = (x1 + x2) / 2;
	*LIST_ADD(a, &d->lines) = (struct diagram_line){
		.path = arena_printf(a, "M%d %dC%d %d %d %d %d %d", x1, y1, middle, y1, middle, y2,
				     x2, y2),
		.look = look,
		.text = text,
	};
}

/* How many cells of a width in tenths fit into a box. */
static size_t cells(int width, int cell)
{
	return (size_t)(width - 2 * PADDING) * 10 / (size_t)cell;
}

static struct bldr_value *row_value(struct arena *a, const struct diagram_box *box, size_t i)
{
	const struct diagram_row *row = &box->rows.at[i];
	struct bldr_value *v = bldr_object();
	int top = box->y + HEAD_HEIGHT + (int)i * ROW_HEIGHT;
	size_t room = cells(box->width, ROW_CELL);
	const char *text = report_fit(a, row->text, room);
	bool noted = row->note[0] != '\0' &&
		report_cells(text) + 1 + report_cells(row->note) <= room;
	bldr_object_set(v, "y", bldr_int(top + ROW_BASELINE));
	bldr_object_set(v, "text", bldr_text(text));
	bldr_object_set(v, "whole", text != row->text ? bldr_text(row->text) : NULL);
	bldr_object_set(v, "note", noted ? bldr_text(row->note) : NULL);
	bldr_object_set(v, "look", bldr_text(row->look));
	return v;
}

static struct bldr_value *box_value(struct arena *a, const struct diagram_box *box)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *rows = bldr_list();
	for (size_t i = 0; i < box->rows.n; i++) {
		bldr_list_add(rows, row_value(a, box, i));
	}
	bldr_object_set(v, "x", bldr_int(box->x));
	bldr_object_set(v, "y", bldr_int(box->y));
	bldr_object_set(v, "width", bldr_int(box->width));
	bldr_object_set(v, "height", bldr_int(diagram_box_height(box)));
	bldr_object_set(v, "left", bldr_int(box->x + PADDING));
	bldr_object_set(v, "right", bldr_int(box->x + box->width - PADDING));
	bldr_object_set(v, "rule", bldr_int(box->y + HEAD_HEIGHT - 1));
	bldr_object_set(v, "title_y", bldr_int(box->y + TITLE_BASELINE));
	bldr_object_set(v, "note_y", bldr_int(box->y + NOTE_BASELINE));
	bldr_object_set(v, "title",
			bldr_text(report_fit(a, box->title, cells(box->width, TITLE_CELL))));
	bldr_object_set(v, "note",
			bldr_text(report_fit(a, box->note, cells(box->width, NOTE_CELL))));
	bldr_object_set(v, "whole", bldr_textf("%s: %s", box->title, box->note));
	bldr_object_set(v, "look", bldr_text(box->look));
	bldr_object_set(v, "ruled", bldr_bool(box->rows.n > 0));
	bldr_object_set(v, "rows", rows);
	return v;
}

struct bldr_value *diagram_value(const struct diagram *d, struct arena *a, const char *id,
				 const char *title, const char *description)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *boxes = bldr_list();
	struct bldr_value *lines = bldr_list();
	int width = 0;
	int height = 0;

	for (size_t i = 0; i < d->boxes.n; i++) {
		const struct diagram_box *box = &d->boxes.at[i];
		int right = box->x + box->width;
		int bottom = box->y + diagram_box_height(box);
		width = right > width ? right : width;
		height = bottom > height ? bottom : height;
		bldr_list_add(boxes, box_value(a, box));
	}
	for (size_t i = 0; i < d->lines.n; i++) {
		struct bldr_value *line = bldr_object();
		bldr_object_set(line, "path", bldr_text(d->lines.at[i].path));
		bldr_object_set(line, "look", bldr_text(d->lines.at[i].look));
		bldr_object_set(line, "text", bldr_text(d->lines.at[i].text));
		bldr_list_add(lines, line);
	}
	bldr_object_set(v, "id", bldr_text(id));
	bldr_object_set(v, "title", bldr_text(title));
	bldr_object_set(v, "description", bldr_text(description));
	bldr_object_set(v, "origin", bldr_int(-MARGIN));
	bldr_object_set(v, "width", bldr_int(width + 2 * MARGIN));
	bldr_object_set(v, "height", bldr_int(height + 2 * MARGIN));
	bldr_object_set(v, "boxes", boxes);
	bldr_object_set(v, "lines", lines);
	return v;
}
