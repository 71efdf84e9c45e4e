/* Classes first, then the calls of infer.h, then how typed values compare and look. */
#include "ingest/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/check.h"

/* ---- classes ---- */

static bool digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

static bool letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') <= 25;
}

/* Two digits; what is none makes the result 100 or more. */
static unsigned two(const char *s)
{
	unsigned a = (unsigned char)(s[0] - '0');
	unsigned b = (unsigned char)(s[1] - '0');
	return a > 9 || b > 9 ? 100 : a * 10 + b;
}

static uint32_t class_of(enum plain_kind kind, unsigned a, unsigned b, unsigned c)
{
	return (uint32_t)kind | a << 3 | b << 8 | c << 13;
}

/* [-]digits[.digits] of at most 18 digits, without leading zeros, and never -0. */
static void scan_number(const char *s, size_t size, struct plain *ret)
{
	size_t from = s[0] == '-' ? 1 : 0;
	size_t i = from;
	uint64_t units = 0;
	for (; i < size && digit(s[i]); i++) {
		units = units * 10 + (unsigned char)(s[i] - '0');
	}
	size_t whole = i - from;
	size_t scale = 0;
	if (whole == 0 || (s[from] == '0' && (whole > 1 || from > 0))) {
		return;
	}
	if (i < size && s[i] == '.') {
		for (i++; i < size && digit(s[i]); i++) {
			units = units * 10 + (unsigned char)(s[i] - '0');
			scale++;
		}
		if (scale == 0) {
			return;
		}
	}
	/* digits in eights may be dates */
	bool date = scale == 0 && whole == 8 && from == 0 && two(s + 4) <= 12;
	if (i != size || whole + scale > 18 || date) {
		return;
	}
	enum plain_kind kind = scale > 0 ? PLAIN_FRACTION : PLAIN_INTEGER;
	unsigned zero = s[from] == '0' ? 1 : 0;
	*ret = (struct plain){
		.kind = kind,
		.scale = (uint8_t)scale,
		.class = class_of(kind, (unsigned)whole, (unsigned)scale,
				  zero << 1 | (unsigned)from),
		.units = from > 0 ? -(int64_t)units : (int64_t)units,
	};
}

/* yyyy-MM-dd of the years 1000 to 9999, without the 29th of February and any 31st; then perhaps T or a blank and HH:mm:ss. */
static bool scan_time(const char *s, size_t size, struct plain *ret)
{
	if ((size != 10 && size != 19) || s[4] != '-' || s[7] != '-') {
		return false;
	}
	unsigned high = two(s);
	unsigned low = two(s + 2);
	unsigned month = two(s + 5);
	unsigned day = two(s + 8);
	if (high < 10 || high > 99 || low > 99 || month - 1 > 11 || day - 1 > 29 ||
	    (month == 2 && day > 28)) {
		return false;
	}
	struct ymd d = { (int32_t)(high * 100 + low), (int32_t)month, (int32_t)day };
	struct plain p = { .kind = PLAIN_DATE, .seconds = (int64_t)calendar_days(d) * 86400 };
	unsigned blank = 0;
	if (size == 19) {
		unsigned hour = two(s + 11);
		unsigned minute = two(s + 14);
		unsigned second = two(s + 17);
		if ((s[10] != 'T' && s[10] != ' ') || s[13] != ':' || s[16] != ':' || hour > 23 ||
		    minute > 59 || second > 59) {
			return false;
		}
		p.kind = PLAIN_TIME;
		p.seconds += hour * 3600 + minute * 60 + second;
		blank = s[10] == ' ' ? 1 : 0;
	}
	p.class = class_of(p.kind, day <= 12 ? 1 : 0, blank, 0);
	*ret = p;
	return true;
}

/*
 * Words that no number, date, time, truth or amount looks like: those that begin and end with letters and are longer
 * than any truth, and those with a letter between two digits, T and E aside.
 */
static void scan_text(const char *s, size_t size, struct plain *ret)
{
	bool text = size > 5 && letter(s[0]) && letter(s[size - 1]);
	for (size_t i = 1; !text && i + 1 < size; i++) {
		char c = (char)(s[i] | 0x20);
		text = letter(c) && c != 't' && c != 'e' && digit(s[i - 1]) && digit(s[i + 1]);
	}
	if (!text) {
		return;
	}
	size_t lower = 0;
	while (lower < size && (unsigned char)(s[lower] - 'a') <= 25) {
		lower++;
	}
	ret->kind = PLAIN_TEXT;
	ret->class = class_of(PLAIN_TEXT, lower == size ? 1 : 0, 0, 0);
}

void plain_scan(const char *trimmed, size_t size, struct plain *ret)
{
	ret->kind = PLAIN_NONE;
	if (size == 0 || (unsigned char)trimmed[0] >= 0x80) {
		return;
	}
	if (digit(trimmed[0]) || trimmed[0] == '-') {
		if (size <= 20) {
			if (scan_time(trimmed, size, ret)) {
				return;
			}
			scan_number(trimmed, size, ret);
		}
		if (ret->kind == PLAIN_NONE) {
			scan_text(trimmed, size, ret);
		}
	} else if (letter(trimmed[0])) {
		scan_text(trimmed, size, ret);
	}
}

/* ---- the tally ---- */

enum null_class judge_null_class(const char *trimmed, size_t size)
{
	struct value_facts facts;
	if (size == 0) {
		return NULL_ALWAYS;
	}
	char c = trimmed[0];
	bool dashes = c == '-' && trimmed[size - 1] == '-';
	if (size > 4 || (c != 'n' && c != 'N' && c != '\\' && c != '#' && !dashes)) {
		return NULL_NEVER;
	}
	value_judge(trimmed, size, &facts);
	return facts.null;
}

static void flush(struct judge *j, struct judge_class *c)
{
	if (c->rows > 0) {
		column_tally_add(&j->tally, &c->facts, c->rows);
		c->rows = 0;
	}
}

void judge_settle(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_CLASSES; i++) {
		flush(j, &j->classes[i]);
	}
}

void judge_add(struct judge *j, const char *trimmed, size_t size, const struct plain *p,
	       int64_t rows)
{
	if (p->kind == PLAIN_NONE) {
		struct value_facts facts;
		value_judge(trimmed, size, &facts);
		column_tally_add(&j->tally, &facts, rows);
		return;
	}
	struct judge_class *c = &j->classes[(p->class * 0x9E3779B1U >> 16) % JUDGE_CLASSES];
	if (c->class != p->class) {
		flush(j, c);
		c->class = p->class;
		value_judge(trimmed, size, &c->facts);
	}
	c->rows += rows;
}

void judge_add_token(struct judge *j, enum null_class class, int64_t rows)
{
	const struct value_facts facts = { .null = class };
	column_tally_add(&j->tally, &facts, rows);
}

/*
 * The narrower type that at least half of the rows have although not all do: what the column would be
 * without its exceptions. False when there is none.
 */
static bool near_type(const struct column_tally *t, const struct column_inferred *column,
		      struct column_inferred *ret)
{
	static const enum column_kind kinds[] = { COLUMN_BOOL,      COLUMN_INT64,
						  COLUMN_DECIMAL,   COLUMN_DOUBLE,
						  COLUMN_TIMESTAMP, COLUMN_TIMESTAMP_NTZ };
	int64_t best = 0;
	struct column_inferred near = *column;
	bool number = near.type.kind == COLUMN_DECIMAL || near.type.kind == COLUMN_DOUBLE;
	if ((near.type.kind != COLUMN_TEXT && !number) || near.formatted) {
		return false;
	}
	near.type = (struct column_type){ 0 };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (t->kinds[k] > best && t->kinds[k] < t->rows) {
			best = t->kinds[k];
			near.type.kind = kinds[k];
			near.format = COLUMN_NO_FORMAT;
		}
	}
	if (t->formats[column->format % DATE_FORMATS] > best) {
		near.format = column->format;
		best = t->formats[near.format];
		near.type.kind = near.format < DATE_TIMES ? COLUMN_DATE : COLUMN_TIMESTAMP_NTZ;
	}
	*ret = near;
	return best * 2 >= t->rows && best < t->rows;
}

struct verdict judge_decide(const struct judge *j, const struct column_context *context,
			    const struct column_override *said)
{
	struct verdict v;
	column_infer(&j->tally, context, &v.column);
	given_decide(said, &j->tally, &v.column);
	/* values that are none of the type are the exceptions, if there are any; what is given is not doubted */
	v.has_near = v.column.nonconforming == 0 && !v.column.given &&
		near_type(&j->tally, &v.column, &v.near);
	return v;
}

bool verdict_null(const struct verdict *v, enum null_class class)
{
	return !v->column.data[class];
}

/* ---- reading ---- */

/* Whether all values of this kind are of the column's type. */
static bool plain_typed(const struct column_inferred *c, enum plain_kind kind)
{
	switch (c->type.kind) {
	case COLUMN_INT64:
		return kind == PLAIN_INTEGER;
	case COLUMN_DECIMAL: /* of formatted ones the point may be a mark of groups, given ones must have room */
		return !c->given &&
			(kind == PLAIN_INTEGER || (kind == PLAIN_FRACTION && !c->formatted));
	case COLUMN_TIMESTAMP_NTZ:
		return kind == PLAIN_TIME && c->format == COLUMN_NO_FORMAT;
	case COLUMN_DATE:
		return kind == PLAIN_DATE && c->format == 0; /* yyyy-MM-dd */
	case COLUMN_TEXT:
	case COLUMN_BOOL:
	case COLUMN_DOUBLE:
	case COLUMN_TIMESTAMP:
		break;
	}
	return false;
}

static void set_plain(const struct plain *p, struct typed_value *ret)
{
	switch (p->kind) {
	case PLAIN_INTEGER:
	case PLAIN_FRACTION:
		ret->i = p->units;
		ret->dec = (struct decimal){ p->units, p->scale };
		break;
	case PLAIN_TIME:
		ret->i = p->seconds * 1000000;
		break;
	case PLAIN_DATE:
		ret->i = p->seconds / 86400;
		break;
	case PLAIN_TEXT:
	case PLAIN_NONE:
		ASSERT(false);
	}
}

enum conformity verdict_read(const struct verdict *v, const char *trimmed, size_t size,
			     const struct plain *p, struct typed_value *ret)
{
	static const struct column_inferred decimal = { .type = { .kind = COLUMN_DECIMAL } };
	const struct column_inferred *c = &v->column;
	bool may_widen = c->type.kind == COLUMN_INT64 && !c->formatted && !c->given;
	if (c->type.kind == COLUMN_TEXT) {
		return CONFORMS;
	}
	if (plain_typed(c, p->kind)) {
		set_plain(p, ret);
		return CONFORMS;
	}
	if (may_widen && p->kind == PLAIN_FRACTION) {
		set_plain(p, ret);
		return CONFORMS_WIDER;
	}
	if (value_read_as(c, trimmed, size, ret)) {
		return CONFORMS;
	}
	return may_widen && value_read_as(&decimal, trimmed, size, ret) ? CONFORMS_WIDER
									: CONFORMS_NOT;
}

bool verdict_near(const struct verdict *v, const char *trimmed, size_t size, const struct plain *p)
{
	struct typed_value typed;
	return plain_typed(&v->near, p->kind) || value_read_as(&v->near, trimmed, size, &typed);
}

int verdict_compare(const struct verdict *v, const struct typed_value *a,
		    const struct typed_value *b)
{
	switch (v->column.type.kind) {
	case COLUMN_INT64: /* with decimals among them, should it become one */
	case COLUMN_DECIMAL:
		if (a->dec.scale == b->dec.scale) {
			return (a->dec.units > b->dec.units) - (a->dec.units < b->dec.units);
		}
		return decimal_compare(a->dec, b->dec);
	case COLUMN_DOUBLE:
		return (a->d > b->d) - (a->d < b->d);
	case COLUMN_TEXT:
	case COLUMN_BOOL:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return (a->i > b->i) - (a->i < b->i);
}

/* ---- text ---- */

static const char *double_text(struct arena *a, double d)
{
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d) {
			break;
		}
	}
	return arena_strdup(a, text);
}

static const char *date_text(struct arena *a, int32_t days)
{
	struct ymd d = calendar_ymd(days);
	return arena_printf(a, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static const char *timestamp_text(struct arena *a, int64_t micros, bool zone)
{
	const int64_t day = INT64_C(86400000000);
	int64_t rest = micros % day;
	rest += rest < 0 ? day : 0;
	int64_t days = (micros - rest) / day;
	long long second = (long long)(rest / 1000000);
	return arena_printf(a, "%sT%02lld:%02lld:%02lld.%06lld%s", date_text(a, (int32_t)days),
			    second / 3600, second / 60 % 60, second % 60,
			    (long long)(rest % 1000000), zone ? "Z" : "");
}

const char *verdict_text(struct arena *a, const struct verdict *v, const struct typed_value *t)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal d = t->dec;
	switch (v->column.type.kind) {
	case COLUMN_TEXT:
		break;
	case COLUMN_BOOL:
		return t->i != 0 ? "true" : "false";
	case COLUMN_INT64:
		return arena_printf(a, "%lld", (long long)t->i);
	case COLUMN_DECIMAL:
		ASSERT(decimal_rescale(d, v->column.type.scale, &d));
		decimal_text(d, text);
		return arena_strdup(a, text);
	case COLUMN_DOUBLE:
		return double_text(a, t->d);
	case COLUMN_DATE:
		return date_text(a, (int32_t)t->i);
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		return timestamp_text(a, t->i, v->column.type.kind == COLUMN_TIMESTAMP);
	}
	ASSERT(false);
}

/* Whether the two read every value alike. */
static bool read_alike(const struct column_inferred *a, const struct column_inferred *b)
{
	bool dates = a->type.kind == COLUMN_DATE || a->type.kind == COLUMN_TIMESTAMP_NTZ;
	bool room = !a->given ||
		(a->type.precision == b->type.precision && a->type.scale == b->type.scale);
	return a->type.kind == b->type.kind && a->given == b->given && room &&
		a->formatted == b->formatted &&
		(!a->formatted || a->number.reading == b->number.reading) &&
		(!dates || a->format == b->format);
}

bool verdict_same(const struct verdict *then, const struct verdict *now, int64_t wider)
{
	const struct column_inferred *a = &then->column;
	const struct column_inferred *b = &now->column;
	bool alike = read_alike(a, b) && (wider == 0 || b->type.kind != COLUMN_INT64);
	bool widened = a->type.kind == COLUMN_INT64 && b->type.kind == COLUMN_DECIMAL &&
		!a->formatted && !b->formatted && !a->given && !b->given;
	bool near = then->has_near == now->has_near &&
		(!now->has_near || read_alike(&then->near, &now->near));
	return (alike || widened) && near;
}
