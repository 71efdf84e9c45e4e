/*
 * The star: facts and bridges in a column in the middle, dimensions in columns left and right, so that every line
 * runs in the gap between two columns and none below a box. Each dimension goes to the side that is shorter so far and
 * stands there in the order of the rows that refer to it, which keeps most lines from crossing. Any number of
 * tables fits: the drawing grows downwards.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/evaluator/diagram.h"
#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

enum { SIDE_WIDTH = 236, MIDDLE_WIDTH = 262, LANE = 168, HUES = 8 };

typedef LIST(size_t) indexes;

struct star {
	const struct design *design;
	const struct deployment *deployment;
	struct arena *arena;
	struct diagram diagram; /* box i is table i of the design */
	indexes left, middle, right;
	size_t *hues; /* by table: neighbours of one side differ */
	int height;
};

/* The larger the warehouse, the fewer columns per table are named. */
static size_t rows_shown(const struct design *design)
{
	return design->tables.n <= 8 ? 8 : design->tables.n <= 14 ? 5 : 3;
}

static bool in_middle(const struct design_table *t)
{
	return t->kind == TABLE_FACT || t->kind == TABLE_BRIDGE;
}

static const char *note_of(const struct design_column *c, struct arena *a)
{
	switch ((enum column_role)c->role) {
	case ROLE_SURROGATE_KEY:
		return "key";
	case ROLE_DIMENSION_KEY:
		return c->dimension != NULL ? arena_printf(a, "\xE2\x86\x92 %s", c->dimension)
					    : "key";
	case ROLE_BUSINESS_KEY:
		return "business key";
	case ROLE_MEASURE:
		return c->additivity == ADDITIVE_FULL ? "\xCE\xA3 measure" : "measure";
	case ROLE_ATTRIBUTE:
	case ROLE_DEGENERATE:
	case ROLE_LINEAGE:
		break;
	}
	return "";
}

/* The columns of some roles; returns how many beyond *room were left out, and takes from *room. */
static size_t add_rows(struct star *s, struct diagram_box *box, const struct design_table *t,
		       unsigned roles, size_t *room)
{
	size_t left_out = 0;
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];
		if ((roles >> c->role & 1) == 0) {
			continue;
		}
		if (*room == 0) {
			left_out++;
			continue;
		}
		*room -= 1;
		*LIST_ADD(s->arena, &box->rows) = (struct diagram_row){
			.text = c->name,
			.note = note_of(c, s->arena),
			.look = c->role == ROLE_SURROGATE_KEY || c->role == ROLE_DIMENSION_KEY
				? "key"
				: c->role == ROLE_MEASURE ? "measure"
							  : "plain",
		};
	}
	return left_out;
}

#define ROLE(name) (1U << ROLE_##name)

static const char *box_note(const struct star *s, const struct design_table *t)
{
	const char *kind = report_kind(t->kind);
	for (size_t i = 0; i < s->deployment->tables.n; i++) {
		if (strcmp(s->deployment->tables.at[i].name, t->name) == 0) {
			return arena_printf(s->arena, "%s \xC2\xB7 %s", kind,
					    report_count(s->arena, s->deployment->tables.at[i].rows,
							 "row"));
		}
	}
	return kind;
}

static void add_box(struct star *s, const struct design_table *t)
{
	struct diagram_box box = {
		.width = in_middle(t) ? MIDDLE_WIDTH : SIDE_WIDTH,
		.title = t->name,
		.note = box_note(s, t),
		.look = in_middle(t)            ? "fact"
			: t->kind == TABLE_DATE ? "dimension date"
						: "dimension",
	};
	size_t all = t->columns.n;
	size_t room = rows_shown(s->design);
	size_t left_out;

	add_rows(s, &box, t, ROLE(SURROGATE_KEY) | ROLE(DIMENSION_KEY), &all);
	left_out = add_rows(s, &box, t, ROLE(MEASURE), &room);
	left_out += add_rows(s, &box, t, ROLE(BUSINESS_KEY), &room);
	left_out += add_rows(s, &box, t, ROLE(DEGENERATE) | ROLE(ATTRIBUTE), &room);
	if (left_out > 0) {
		*LIST_ADD(s->arena, &box.rows) = (struct diagram_row){
			.text = arena_printf(s->arena, "+ %zu more", left_out),
			.note = "",
			.look = "more",
		};
	}
	*LIST_ADD(s->arena, &s->diagram.boxes) = box;
}

/* ---- lines ---- */

static size_t find_table(const struct design *design, const char *name)
{
	size_t i = 0;
	while (i < design->tables.n && strcmp(design->tables.at[i].name, name) != 0) {
		i++;
	}
	return i;
}

/* The row of the box that shows a column; keys are always shown. */
static int row_of(const struct diagram_box *box, const char *column)
{
	for (size_t i = 0; i < box->rows.n; i++) {
		if (strcmp(box->rows.at[i].text, column) == 0) {
			return (int)i;
		}
	}
	return DIAGRAM_TITLE;
}

static int surrogate_row(const struct star *s, size_t table)
{
	const struct design_table *t = &s->design->tables.at[table];
	for (size_t i = 0; i < t->columns.n; i++) {
		if (t->columns.at[i].role == ROLE_SURROGATE_KEY) {
			return row_of(&s->diagram.boxes.at[table], t->columns.at[i].name);
		}
	}
	return DIAGRAM_TITLE;
}

/* Calls visit for every dimension key whose dimension is in the design. */
static void each_key(struct star *s, size_t fact,
		     void (*visit)(struct star *s, size_t fact, const struct design_column *c,
				   size_t dimension, void *user),
		     void *user)
{
	const struct design_table *t = &s->design->tables.at[fact];
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];
		if (c->role != ROLE_DIMENSION_KEY || c->dimension == NULL) {
			continue;
		}
		size_t dimension = find_table(s->design, c->dimension);
		if (dimension < s->design->tables.n) {
			visit(s, fact, c, dimension, user);
		}
	}
}

static void link_key(struct star *s, size_t fact, const struct design_column *c, size_t dimension,
		     void *user)
{
	(void)user;
	if (s->diagram.boxes.at[fact].x == s->diagram.boxes.at[dimension].x) {
		return; /* in one column: told by the table below the drawing only */
	}
	diagram_link(&s->diagram, s->arena, fact, row_of(&s->diagram.boxes.at[fact], c->name),
		     dimension, surrogate_row(s, dimension),
		     arena_printf(s->arena, "line hue%zu", s->hues[dimension]),
		     arena_printf(s->arena, "%s.%s refers to %s", s->design->tables.at[fact].name,
				  c->name, c->dimension));
}

/* ---- places ---- */

struct pull {
	size_t dimension;
	int64_t sum, n; /* of the middles of the rows that refer to it */
};

static void pull_key(struct star *s, size_t fact, const struct design_column *c, size_t dimension,
		     void *user)
{
	struct pull *pulls = user;
	const struct diagram_box *box = &s->diagram.boxes.at[fact];
	pulls[dimension].sum += box->y + diagram_row_middle(row_of(box, c->name));
	pulls[dimension].n++;
}

static int compare_pulls(const void *a, const void *b)
{
	const struct pull *p = a;
	const struct pull *q = b;
	/* Mean by mean without division; what nothing refers to goes last. */
	int64_t left = p->n > 0 ? p->sum * (q->n > 0 ? q->n : 1) : INT64_MAX;
	int64_t right = q->n > 0 ? q->sum * (p->n > 0 ? p->n : 1) : INT64_MAX;
	if (left != right) {
		return left < right ? -1 : 1;
	}
	return p->dimension < q->dimension ? -1 : p->dimension > q->dimension;
}

static void choose_columns(struct star *s)
{
	for (size_t i = 0; i < s->design->tables.n; i++) {
		indexes *column = &s->middle;
		if (!in_middle(&s->design->tables.at[i])) {
			int left = diagram_stack_height(&s->diagram, s->left.at, s->left.n);
			int right = diagram_stack_height(&s->diagram, s->right.at, s->right.n);
			column = left <= right ? &s->left : &s->right;
		}
		*LIST_ADD(s->arena, column) = i;
	}
}

static void place_column(struct star *s, indexes *column, int x)
{
	diagram_stack(&s->diagram, column->at, column->n, s->height);
	for (size_t i = 0; i < column->n; i++) {
		s->diagram.boxes.at[column->at[i]].x = x;
	}
}

static void sort_side(struct star *s, indexes *side, const struct pull *pulls)
{
	struct pull *order = ARENA_ARRAY(s->arena, struct pull, side->n);
	for (size_t i = 0; i < side->n; i++) {
		order[i] = pulls[side->at[i]];
	}
	qsort(order, side->n, sizeof(order[0]), compare_pulls);
	for (size_t i = 0; i < side->n; i++) {
		side->at[i] = order[i].dimension;
		s->hues[side->at[i]] = i % HUES;
	}
}

static void place(struct star *s)
{
	size_t n = s->design->tables.n;
	struct pull *pulls = ARENA_ARRAY(s->arena, struct pull, n);
	const indexes *columns[] = { &s->left, &s->middle, &s->right };
	int x = 0;

	s->hues = ARENA_ARRAY(s->arena, size_t, n);
	choose_columns(s);
	for (size_t i = 0; i < 3; i++) {
		int height = diagram_stack_height(&s->diagram, columns[i]->at, columns[i]->n);
		s->height = height > s->height ? height : s->height;
	}
	x = s->left.n > 0 ? SIDE_WIDTH + LANE : 0;
	place_column(s, &s->middle, x);
	for (size_t i = 0; i < n; i++) {
		pulls[i].dimension = i;
	}
	for (size_t i = 0; i < s->middle.n; i++) {
		each_key(s, s->middle.at[i], pull_key, pulls);
	}
	sort_side(s, &s->left, pulls);
	sort_side(s, &s->right, pulls);
	place_column(s, &s->left, 0);
	x += s->middle.n > 0 ? MIDDLE_WIDTH + LANE : 0;
	place_column(s, &s->right, x);
}

/* ---- the same in words ---- */

static void tell_key(struct star *s, size_t fact, const struct design_column *c, size_t dimension,
		     void *user)
{
	struct bldr_value *v = bldr_object();
	(void)dimension;
	bldr_object_set(v, "from", bldr_text(s->design->tables.at[fact].name));
	bldr_object_set(v, "column", bldr_text(c->name));
	bldr_object_set(v, "to", bldr_text(c->dimension));
	bldr_list_add(user, v);
}

struct bldr_value *report_star(const struct report_input *in, struct arena *a)
{
	struct star s = { .design = in->design, .deployment = in->deployment, .arena = a };
	struct bldr_value *part = bldr_object();
	struct bldr_value *references = bldr_list();

	for (size_t i = 0; i < in->design->tables.n; i++) {
		add_box(&s, &in->design->tables.at[i]);
	}
	place(&s);
	for (size_t i = 0; i < in->design->tables.n; i++) {
		each_key(&s, i, link_key, NULL);
		each_key(&s, i, tell_key, references);
	}
	bldr_object_set(part, "any", bldr_bool(bldr_count(references) > 0));
	bldr_object_set(part, "references", references);
	bldr_object_set(part, "diagram",
			diagram_value(&s.diagram, a, "star", "Star schema",
				      arena_printf(a,
						   "%s in the middle, %s left and right; %s. The "
						   "table below says the same.",
						   report_count(a, (int64_t)s.middle.n, "fact"),
						   report_count(a, (int64_t)(s.left.n + s.right.n),
								"dimension"),
						   report_count(a, (int64_t)bldr_count(references),
								"reference"))));
	return part;
}
