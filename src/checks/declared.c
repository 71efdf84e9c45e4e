#include "checks/declared.h"

#include <string.h>

#include "checks/amount.h"

/* ---- dates ---- */

/* The order in which year, month and day stand in a format of Spark's letters. */
static enum date_order order_of(const char *format)
{
	const char *y = strchr(format, 'y');
	const char *m = strchr(format, 'M');
	const char *d = strchr(format, 'd');

	if (y == NULL || m == NULL || d == NULL) {
		return ORDER_YMD;
	}
	if (y < m && y < d) {
		return m < d ? ORDER_YMD : ORDER_YDM;
	}
	return d < m ? ORDER_DMY : ORDER_MDY;
}

/* The format of the date alone: what stands before a time. */
static const char *date_part(const char *format, struct arena *a)
{
	const char *last = format;

	for (const char *c = format; *c != '\0' && strchr("Hh'", *c) == NULL; c++) {
		last = strchr("yMd", *c) != NULL ? c + 1 : last;
	}
	return arena_strndup(a, format, (size_t)(last - format));
}

static size_t count_dates(const struct column_decision *d, enum date_order order,
			  const char *const *values, size_t n)
{
	size_t dates = 0;

	for (size_t i = 0; i < n; i++) {
		struct stamp s;

		dates += !value_is_null(d, values[i]) && stamp_parse(values[i], order, &s);
	}
	return dates;
}

static void take_order(const char *format, const char *const *values, size_t n, struct arena *a,
		       struct column_decision *d)
{
	enum date_order order = order_of(format);
	size_t declared = count_dates(d, order, values, n);
	size_t decided = count_dates(d, d->dates.order, values, n);

	if (order == d->dates.order || declared == 0 || declared < decided) {
		return;
	}
	d->dates.order = order;
	d->dates.format = date_part(format, a);
	d->dates.reason = arena_printf(a, "%zu values are dates as %s, and bldr.json says so",
				       declared, d->dates.format);
}

/* ---- numbers ---- */

static char decimal_of(const struct column_override *said)
{
	if (said->decimal_mark != NULL) {
		return said->decimal_mark[0];
	}
	if (said->group_mark != NULL && strcmp(said->group_mark, ",") == 0) {
		return '.';
	}
	if (said->group_mark != NULL && strcmp(said->group_mark, ".") == 0) {
		return ',';
	}
	return '\0';
}

static size_t count_numbers(const struct column_decision *d, char decimal,
			    const char *const *values, size_t n)
{
	size_t numbers = 0;

	for (size_t i = 0; i < n; i++) {
		struct amount v;

		numbers += !value_is_null(d, values[i]) &&
			amount_parse_marked(values[i], decimal, &v);
	}
	return numbers;
}

static void take_mark(char decimal, const char *const *values, size_t n, struct arena *a,
		      struct column_decision *d)
{
	size_t declared = count_numbers(d, decimal, values, n);
	size_t decided = count_numbers(d, d->marks.decimal, values, n);

	if (decimal == d->marks.decimal || declared == 0 || declared < decided) {
		return;
	}
	d->marks.decimal = decimal;
	d->number = false; /* what is plain with a point is so no longer */
	d->marks.reason = arena_printf(a,
				       "%zu values are numbers with the decimal mark %c, and "
				       "bldr.json says so",
				       declared, decimal);
}

void declared_take(const struct column_override *said, const char *const *values, size_t n,
		   struct arena *a, struct column_decision *d)
{
	if (said == NULL) {
		return;
	}
	if (said->date_format != NULL) {
		take_order(said->date_format, values, n, a, d);
	}
	if (decimal_of(said) != '\0') {
		take_mark(decimal_of(said), values, n, a, d);
	}
}
