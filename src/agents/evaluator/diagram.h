/*
 * Diagrams: boxes with rows, and lines between rows of two boxes, as a value for
 * templates/report/diagram.html. A box has a title, a note below it, and rows of text with a note at the right
 * end, which is left out where the text needs its room. Units are SVG user units, a CSS pixel each at full size; text is
 * measured in cells of a monospaced font and cut to fit its box; the whole text is shown when it is pointed at.
 */
#pragma once

#include <bldr/value.h>
#include "base/arena.h"

enum {
	DIAGRAM_TITLE = -1, /* in place of a row's index: the box's title */
	DIAGRAM_GAP = 24    /* between boxes above each other */
};

struct diagram_row {
	const char *text;
	const char *note; /* "" for none */
	const char *look; /* CSS classes */
};

struct diagram_box {
	int x, y, width;
	const char *title;
	const char *note; /* "" for none */
	const char *look; /* CSS classes */
	LIST(struct diagram_row) rows;
};

struct diagram_line {
	const char *path; /* SVG path data */
	const char *look; /* CSS classes */
	const char *text; /* shown when pointed at */
};

struct diagram {
	LIST(struct diagram_box) boxes;
	LIST(struct diagram_line) lines;
};

int diagram_box_height(const struct diagram_box *box);
/* The middle of a row, or of DIAGRAM_TITLE, from the top of the box. */
int diagram_row_middle(int row);

/*
 * Puts the boxes of a column above each other, DIAGRAM_GAP apart and centred within `height`. Boxes are
 * given by their indexes.
 */
void diagram_stack(struct diagram *d, const size_t *boxes, size_t n, int height);
/* What diagram_stack needs for these boxes. */
int diagram_stack_height(const struct diagram *d, const size_t *boxes, size_t n);

/* A line between the facing sides of two boxes that stand side by side, both placed already. */
void diagram_link(struct diagram *d, struct arena *a, size_t from, int from_row, size_t to,
		  int to_row, const char *look, const char *text);

/* id is unique in the page; title and description are for those who cannot see it. */
struct bldr_value *diagram_value(const struct diagram *d, struct arena *a, const char *id,
				 const char *title, const char *description);
