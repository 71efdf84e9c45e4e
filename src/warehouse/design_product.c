/*
 * A measure that no column holds: what a line comes to. A fact that counts things (quantity), says what one costs (unit
 * price), and has no other number that could be their product already, gets line_total: both multiplied, less a discount
 * that is a share. Names and the profile's minima and maxima decide, and the least doubt is against it: a product that
 * nobody asked for must not be wrong. What bldr.json says of a table's products is taken instead.
 */
#include "warehouse/designer.h"

#include <string.h>

#include "base/decimal.h"

enum { INT64_DIGITS = 19 }; /* as expr/arithmetic.c counts it */

/* The name without the marks between its words, in lower case: order_qty and OrderQty are orderqty. */
static const char *squeezed(struct designer *d, const char *name)
{
	const char *snake = star_snake(d->a, name);
	char *out = arena_alloc(d->a, strlen(snake) + 1);
	size_t n = 0;

	for (; *snake != '\0'; snake++) {
		if (*snake != '_') {
			out[n++] = *snake;
		}
	}
	out[n] = '\0';
	return out;
}

static bool ends_in(const char *name, const char *const *words)
{
	for (; *words != NULL; words++) {
		size_t n = strlen(name);
		size_t k = strlen(*words);

		if (n >= k && strcmp(name + n - k, *words) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_quantity(struct designer *d, const struct column_profile *p)
{
	static const char *const words[] = { "quantity", "qty", "quantityordered", "qtyordered",
					     NULL };

	return ends_in(squeezed(d, p->name), words);
}

static bool is_unit_price(struct designer *d, const struct column_profile *p)
{
	static const char *const words[] = { "unitprice", "priceeach", "priceperunit", NULL };

	return ends_in(squeezed(d, p->name), words);
}

static bool is_discount(struct designer *d, const struct column_profile *p)
{
	static const char *const words[] = { "discount", "discountrate", "discountpct",
					     "discountpercent", NULL };

	return ends_in(squeezed(d, p->name), words);
}

/* A number's minimum and maximum; false: it has no value. */
static bool range_of(const struct column_profile *p, struct decimal *min, struct decimal *max)
{
	return p->min != NULL && p->max != NULL && decimal_parse(p->min, strlen(p->min), min) &&
		decimal_parse(p->max, strlen(p->max), max);
}

static bool is_share(const struct column_profile *p)
{
	const struct decimal zero = { 0 }, one = { .units = 1 };
	struct decimal min, max;

	return (p->number == NULL || !p->number->percent) && range_of(p, &min, &max) &&
		decimal_compare(min, zero) >= 0 && decimal_compare(max, one) <= 0;
}

/* ---- the type ---- */

static bool is_number(const struct column_profile *p)
{
	enum column_kind kind = star_type(p).kind;

	return kind == COLUMN_INT64 || kind == COLUMN_DECIMAL;
}

static int digits_of(const struct column_profile *p)
{
	return star_type(p).kind == COLUMN_INT64 ? INT64_DIGITS : star_type(p).precision;
}

/* The value that is farthest from zero, at its type's scale. */
static bool most_of(const struct column_profile *p, struct decimal *ret)
{
	struct decimal min, max;

	if (!is_number(p) || !range_of(p, &min, &max)) {
		return false;
	}
	min.units = min.units < 0 ? -min.units : min.units;
	max.units = max.units < 0 ? -max.units : max.units;
	return decimal_rescale(decimal_compare(min, max) > 0 ? min : max, star_type(p).scale, ret);
}

/* Whether the rule of the mapping, whose products have so many digits each, is exact: expr/arithmetic.c. */
static bool is_exact(const struct star_table *t, const texts *factors, const char *less, int digits)
{
	const struct column_profile *first = star_column(t, factors->at[0]);
	int before = digits_of(first);
	int scale = star_type(first).scale;
	bool exact = true;

	for (size_t i = 1; i < factors->n; i++) {
		const struct column_profile *p = star_column(t, factors->at[i]);

		scale += star_type(p).scale;
		exact &= before + digits_of(p) + (scale > 0 ? 1 : 0) <= DECIMAL_DIGITS_MAX;
		before = digits;
	}
	return exact &&
		(less == NULL ||
		 before + star_type(star_column(t, less)).scale + 2 <= DECIMAL_DIGITS_MAX);
}

/* The type that holds every product of values that the columns have; NULL: there is none. */
static const char *type_of(struct designer *d, const struct star_table *t, const texts *factors,
			   const char *less)
{
	struct decimal most = { .units = 1 };
	char text[COLUMN_TYPE_TEXT_MAX];
	int digits;

	for (size_t i = 0; i < factors->n; i++) {
		struct decimal factor;

		if (!most_of(star_column(t, factors->at[i]), &factor) ||
		    !decimal_mul(most, factor, &most)) {
			return NULL;
		}
	}
	if (less != NULL) {
		const struct column_profile *p = star_column(t, less);
		int scale = most.scale + star_type(p).scale;

		if (!is_number(p) || !is_share(p) || scale > DECIMAL_DIGITS_MAX ||
		    !decimal_rescale(most, (uint8_t)scale, &most)) {
			return NULL;
		}
	}
	digits = decimal_digits(most) > most.scale ? decimal_digits(most) : most.scale;
	if (!is_exact(t, factors, less, digits)) {
		return NULL;
	}
	column_type_text((struct column_type){ COLUMN_DECIMAL, (uint8_t)digits, most.scale }, text);
	return arena_strdup(d->a, text);
}

/* ---- the measure ---- */

static bool lacks_values(const struct star_table *t, const char *column)
{
	const struct column_profile *p = star_column(t, column);

	return p->nulls + p->nonconforming > 0;
}

static const char *formula(struct designer *d, const texts *factors, const char *less)
{
	const char *words = factors->at[0];

	for (size_t i = 1; i < factors->n; i++) {
		words = arena_printf(d->a, "%s x %s", words, factors->at[i]);
	}
	return less == NULL ? words : arena_printf(d->a, "%s x (1 - %s)", words, less);
}

static void add_product(struct designer *d, const struct star_table *t, const char *name,
			const texts *factors, const char *less)
{
	struct design_column *c =
		designer_add_column(d, t->entity, name, type_of(d, t, factors, less));
	struct origin *o = LIST_ADD(d->a, &c->origins);

	c->role = ROLE_MEASURE;
	c->additivity = ADDITIVE_FULL;
	c->nullable = less != NULL && lacks_values(t, less);
	for (size_t i = 0; i < factors->n; i++) {
		c->nullable |= lacks_values(t, factors->at[i]);
	}
	o->kind = ORIGIN_PRODUCT;
	o->table = t->profile->table;
	o->factors = *factors;
	o->less = less;
}

static void tell(struct designer *d, const char *choice, const char *reason)
{
	*LIST_ADD(d->a, &d->table->alternatives) =
		(struct alternative){ .choice = choice, .reason = reason };
}

/* ---- what is found ---- */

struct line {
	const struct column_profile *quantity, *price, *discount;
	const struct column_profile *other; /* a number that is none of them */
	size_t again;                       /* columns that are what another one is already */
};

static void note(const struct column_profile **place, const struct column_profile *p, size_t *again)
{
	*again += *place != NULL;
	*place = p;
}

static struct line find_line(struct designer *d, const struct star_table *t)
{
	struct line line = { 0 };

	for (size_t i = 0; i < t->profile->columns.n; i++) {
		const struct column_profile *p = &t->profile->columns.at[i];

		if (!star_is_measure(t, p)) {
			continue;
		}
		if (is_quantity(d, p) && star_additivity(t, p) == ADDITIVE_FULL) {
			note(&line.quantity, p, &line.again);
		} else if (is_unit_price(d, p)) {
			note(&line.price, p, &line.again);
		} else if (is_discount(d, p)) {
			note(&line.discount, p, &line.again);
		} else {
			line.other = p;
		}
	}
	return line;
}

/* Why the product is not made, NULL: it is. */
static const char *doubt(struct designer *d, const struct line *line)
{
	if (line->again > 0) {
		return "more than one column may be a factor";
	}
	if (line->other != NULL) {
		return arena_printf(d->a, "%s may hold it already, or belong to it",
				    line->other->name);
	}
	if (line->discount != NULL && !is_share(line->discount)) {
		return arena_printf(
			d->a, "%s is no share between 0 and 1: what it is taken off is not said",
			line->discount->name);
	}
	return NULL;
}

static void propose(struct designer *d, const struct star_table *t)
{
	struct line line = find_line(d, t);
	const char *less = line.discount != NULL ? line.discount->name : NULL;
	texts factors = { 0 };
	const char *why;

	if (line.quantity == NULL || line.price == NULL || star_is_snapshot(t)) {
		return;
	}
	*LIST_ADD(d->a, &factors) = line.quantity->name;
	*LIST_ADD(d->a, &factors) = line.price->name;
	why = doubt(d, &line);
	if (why == NULL && type_of(d, t, &factors, less) == NULL) {
		why = "it has more digits than are exact";
	}
	if (why != NULL) {
		tell(d, arena_printf(d->a, "line_total as %s", formula(d, &factors, NULL)), why);
		return;
	}
	add_product(d, t, "line_total", &factors, less);
	if (less != NULL) {
		tell(d, arena_printf(d->a, "line_total as %s", formula(d, &factors, NULL)),
		     arena_printf(d->a, "%s holds shares from %s to %s, which are taken off", less,
				  line.discount->min, line.discount->max));
	}
	d->product = arena_printf(
		d->a, "line_total is %s: the table has no other number, so none holds it",
		formula(d, &factors, less));
}

/* ---- the whole ---- */

void design_products(struct designer *d, const struct star_table *t)
{
	d->product = NULL;
	if (t->kind != TABLE_FACT) {
		return;
	}
	if (t->said == NULL || !t->said->products_said) {
		propose(d, t);
		return;
	}
	for (size_t i = 0; i < t->said->products.n; i++) {
		const struct product_override *p = &t->said->products.at[i];

		add_product(d, t, p->name, &p->factors, p->less);
		d->product = arena_printf(d->a, "%s%s%s is %s: bldr.json says so",
					  d->product != NULL ? d->product : "",
					  d->product != NULL ? "; " : "", p->name,
					  formula(d, &p->factors, p->less));
	}
}

int design_check_products(struct designer *d, struct bldr_error *err)
{
	for (size_t i = 0; i < d->star->n; i++) {
		const struct star_table *t = &d->star->tables[i];

		for (size_t k = 0; t->said != NULL && k < t->said->products.n; k++) {
			const struct product_override *p = &t->said->products.at[k];
			const char *why = t->kind != TABLE_FACT ? "the table is no fact"
				: type_of(d, t, &p->factors, p->less) == NULL
				? "its factors are no numbers, or too long, or what is taken off is "
				  "no share between 0 and 1"
				: NULL;

			if (why != NULL) {
				return bldr_error_set(err, BLDR_E_INVALID,
						      "\"" OVERRIDES_FILE
						      "\": table \"%s\": product \"%s\": %s",
						      t->profile->table, p->name, why);
			}
		}
	}
	return 0;
}
