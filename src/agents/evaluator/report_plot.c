/*
 * A column's plot: above, how many of its rows hold a value that fits, one that does not, or none; below, how the values
 * lie. What all of the values are is known for columns of few values: a bar each, in their order. Of others the quantiles
 * say it: a box from the first to the third quartile between the smallest and the largest value. Where neither is known,
 * the most frequent values stand beside one for all others, which is no higher than the highest of them. Drawn in whole numbers, so that every machine draws the same.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"
#include "base/calendar.h"
#include "base/columntype.h"
#include "base/decimal.h"

enum {
	WIDTH = 180,
	STRIP_HEIGHT = 5,
	CHART_TOP = 9,
	CHART_HEIGHT = 31,
	HEIGHT = CHART_TOP + CHART_HEIGHT,
	BAR_MAX = 24, /* a bar is no wider */
	GAP = 2,
	MIDDLE = CHART_TOP + CHART_HEIGHT / 2,
	BOX_HEIGHT = 16,
	TOLD_CELLS = 40,  /* of a value in a title */
	DOUBLE_SCALE = 6, /* digits of a double that make a difference here */
	SECONDS_PER_DAY = 86400
};

/* ---- places ---- */

/* Up to `digits` of them; moves *at behind. */
static int32_t number_at(const char **at, int digits)
{
	int32_t n = 0;

	for (int i = 0; i < digits && **at >= '0' && **at <= '9'; i++) {
		n = n * 10 + (*(*at)++ - '0');
	}
	return n;
}

/* yyyy-mm-dd[Thh:mm:ss...] as seconds; false: it begins with no date. */
static bool seconds_of(const char *text, int128 *ret)
{
	struct ymd d = { .year = number_at(&text, 4) };
	int64_t seconds = 0;

	d.month = *text == '-' ? (text++, number_at(&text, 2)) : 0;
	d.day = *text == '-' ? (text++, number_at(&text, 2)) : 0;
	if (!calendar_valid(d.year, d.month, d.day)) {
		return false;
	}
	for (int64_t unit = 3600; unit > 0 && (*text == 'T' || *text == ' ' || *text == ':');
	     unit /= 60) {
		text++;
		seconds += number_at(&text, 2) * unit;
	}
	*ret = (int128)calendar_days(d) * SECONDS_PER_DAY + seconds;
	return true;
}

/* A value's place among others of its column: whole numbers of one unit. */
static bool place_of(struct column_type type, const char *text, int128 *ret)
{
	struct decimal d;

	switch (type.kind) {
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return seconds_of(text, ret);
	case COLUMN_INT64:
	case COLUMN_DECIMAL:
	case COLUMN_DOUBLE:
		break;
	case COLUMN_BOOL:
	case COLUMN_TEXT:
		return false;
	}
	if (!decimal_parse(text, strlen(text), &d) ||
	    !decimal_rescale(d, type.kind == COLUMN_DOUBLE ? DOUBLE_SCALE : type.scale, &d)) {
		return false;
	}
	*ret = d.units;
	return true;
}

/* A line of the chart: pixels from the left for places from min to max. */
struct scale {
	int128 min, max;
};

static int64_t pixel(const struct scale *s, int128 place)
{
	const int128 far = (int128)1 << 125; /* differences of what is nearer fit */
	unsigned coarse = s->min < -far || s->max > far ? 2 : 0;
	int128 from = (place >> coarse) - (s->min >> coarse);
	int128 whole = (s->max >> coarse) - (s->min >> coarse);

	while (whole > (int128)1 << 96) { /* room for the product */
		from >>= 8;
		whole >>= 8;
	}
	from = from < 0 ? 0 : from > whole ? whole : from;
	return whole == 0 ? 0 : (int64_t)(from * WIDTH / whole);
}

/* ---- parts ---- */

static void add_rect(struct bldr_value *list, int64_t x, int64_t y, int64_t width, int64_t height,
		     const char *look, const char *text)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "x", bldr_int(x));
	bldr_object_set(v, "y", bldr_int(y));
	bldr_object_set(v, "width", bldr_int(width));
	bldr_object_set(v, "height", bldr_int(height));
	bldr_object_set(v, "look", bldr_text(look));
	bldr_object_set(v, "text", bldr_text(text));
	bldr_list_add(list, v);
}

/* How much of width n of whole takes: at least a pixel of what is there. */
static int64_t share(int64_t n, int64_t whole, int64_t width)
{
	int64_t taken = whole > 0 ? (int64_t)((int128)n * width / whole) : 0;

	return n > 0 && taken == 0 ? 1 : taken;
}

static void add_strip(struct bldr_value *rects, const struct column_profile *c, int64_t rows,
		      struct arena *a)
{
	int64_t none = share(c->nulls, rows, WIDTH);
	int64_t unfit = share(c->nonconforming, rows, WIDTH);
	int64_t fit = WIDTH - none - unfit;

	if (rows == 0) {
		return;
	}
	if (fit > 0 && c->nulls + c->nonconforming < rows) {
		add_rect(rects, 0, 0, fit, STRIP_HEIGHT, "fit",
			 arena_printf(a, "%s with a value",
				      report_count(a, rows - c->nulls - c->nonconforming, "row")));
	}
	if (unfit > 0) {
		add_rect(rects, WIDTH - none - unfit, 0, unfit, STRIP_HEIGHT, "unfit",
			 arena_printf(a, "%s with a value that does not conform",
				      report_count(a, c->nonconforming, "row")));
	}
	if (none > 0) {
		add_rect(rects, WIDTH - none, 0, none, STRIP_HEIGHT, "none",
			 arena_printf(a, "%s without a value", report_count(a, c->nulls, "row")));
	}
}

struct standing {
	const struct token_count *token;
	int128 place;
};

static int compare_standing(const void *a, const void *b)
{
	const struct standing *x = a;
	const struct standing *y = b;

	return x->place != y->place ? (x->place < y->place ? -1 : 1)
				    : strcmp(x->token->token, y->token->token);
}

/* The tokens as they are to stand: numbers and dates in their order when each can be read, others as they come. */
static struct standing *standings(const struct column_profile *c, struct column_type type,
				  struct arena *a)
{
	struct standing *list = ARENA_ARRAY(a, struct standing, c->top.n);
	bool placed = true;

	for (size_t i = 0; i < c->top.n; i++) {
		list[i].token = &c->top.at[i];
		placed = place_of(type, c->top.at[i].token, &list[i].place) && placed;
	}
	if (placed && c->top.n > 0) {
		qsort(list, c->top.n, sizeof(list[0]), compare_standing);
	}
	return list;
}

/* A bar per value, and one for all others when there are. */
static const char *add_bars(struct bldr_value *rects, const struct column_profile *c,
			    struct column_type type, int64_t others, struct arena *a)
{
	const struct standing *list = standings(c, type, a);
	int64_t n = (int64_t)c->top.n + (others > 0 ? 1 : 0);
	int64_t width = WIDTH / n > BAR_MAX ? BAR_MAX : WIDTH / n;
	int64_t most = 0;
	const char *told = "";

	for (size_t i = 0; i < c->top.n; i++) {
		most = list[i].token->count > most ? list[i].token->count : most;
	}
	for (int64_t i = 0; i < n; i++) {
		bool other = i == (int64_t)c->top.n;
		int64_t count = other ? others : list[i].token->count;
		int64_t height = share(count < most ? count : most, most, CHART_HEIGHT);
		const char *name = other ? "all other values"
			: list[i].token->token[0] == '\0'
			? "(empty)"
			: report_fit(a, list[i].token->token, TOLD_CELLS);
		const char *text = arena_printf(a, "%s: %s", name, report_number(a, count));

		add_rect(rects, i * width, HEIGHT - height, width - GAP, height,
			 other ? "others" : "value", text);
		told = arena_printf(a, "%s%s%s", told, i > 0 ? "; " : "", text);
	}
	return told;
}

static const struct quantile *quantile_at(const struct column_profile *c, const char *at)
{
	struct decimal wanted;
	struct decimal d;

	(void)decimal_parse(at, strlen(at), &wanted);
	for (size_t i = 0; i < c->quantiles.n; i++) {
		const char *text = c->quantiles.at[i].at;

		if (decimal_parse(text, strlen(text), &d) && decimal_compare(d, wanted) == 0) {
			return &c->quantiles.at[i];
		}
	}
	return NULL;
}

/* NULL: the quartiles are not known, or all values are the same. */
static const char *add_box(struct bldr_value *rects, const struct column_profile *c,
			   struct column_type type, struct arena *a)
{
	const struct quantile *quartiles[] = { quantile_at(c, "0.25"), quantile_at(c, "0.5"),
					       quantile_at(c, "0.75") };
	int128 places[3];
	struct scale s;
	int64_t left;
	int64_t right;
	const char *told;

	if (c->min == NULL || c->max == NULL || !place_of(type, c->min, &s.min) ||
	    !place_of(type, c->max, &s.max) || s.min >= s.max) {
		return NULL;
	}
	for (size_t i = 0; i < 3; i++) {
		if (quartiles[i] == NULL || !place_of(type, quartiles[i]->value, &places[i])) {
			return NULL;
		}
	}
	told = arena_printf(a, "a quarter lies below %s, half below %s, three quarters below %s",
			    report_fit(a, quartiles[0]->value, TOLD_CELLS),
			    report_fit(a, quartiles[1]->value, TOLD_CELLS),
			    report_fit(a, quartiles[2]->value, TOLD_CELLS));
	left = pixel(&s, places[0]);
	right = pixel(&s, places[2]);
	add_rect(rects, 0, MIDDLE, WIDTH, 1, "whisker", "from the smallest to the largest value");
	add_rect(rects, 0, MIDDLE - BOX_HEIGHT / 4, 1, BOX_HEIGHT / 2, "whisker", NULL);
	add_rect(rects, WIDTH - 1, MIDDLE - BOX_HEIGHT / 4, 1, BOX_HEIGHT / 2, "whisker", NULL);
	add_rect(rects, left, MIDDLE - BOX_HEIGHT / 2, right > left ? right - left : 1, BOX_HEIGHT,
		 "half", told);
	left = pixel(&s, places[1]);
	add_rect(rects, left < WIDTH - GAP ? left : WIDTH - GAP, MIDDLE - BOX_HEIGHT / 2, GAP,
		 BOX_HEIGHT, "median", NULL);
	return told;
}

/* ---- the plot ---- */

struct bldr_value *report_plot(const struct column_profile *c, int64_t rows, const char *plot_id,
			       struct arena *a)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *rects = bldr_list();
	struct column_type type = { .kind = COLUMN_TEXT };
	const char *told = NULL;
	int64_t others = rows - c->nulls - c->nonconforming;
	bool once = c->distinct > 1 && c->distinct == others; /* each value occurs once */

	(void)column_type_parse(c->type, &type);
	for (size_t i = 0; i < c->top.n; i++) {
		others -= c->top.at[i].count;
	}
	add_strip(rects, c, rows, a);
	if (c->top.n == 0 || others > 0 || once) {
		told = add_box(rects, c, type, a);
	}
	if (told == NULL && c->top.n > 0 && !once) {
		told = add_bars(rects, c, type, others, a);
	}
	if (told == NULL) {
		told = once ? "each value occurs once" : "no more is known";
	}
	bldr_object_set(v, "id", bldr_text(plot_id));
	bldr_object_set(v, "width", bldr_int(WIDTH));
	bldr_object_set(v, "height", bldr_int(HEIGHT));
	bldr_object_set(v, "title", bldr_textf("Values of %s", c->name));
	bldr_object_set(v, "description",
			bldr_textf("%s without a value of %s; %s", report_number(a, c->nulls),
				   report_count(a, rows, "row"), told));
	bldr_object_set(v, "rects", rects);
	return v;
}
