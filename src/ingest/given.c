#include "ingest/given.h"

#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "ingest/encoding.h"

enum { NO_READING = AMOUNT_READINGS };

/* ---- files ---- */

const char *given_encoding(const char *encoding, struct arena *a)
{
	char *name = arena_strdup(a, encoding);

	for (char *c = name; *c != '\0'; c++) {
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	}
	return strcmp(name, "utf8") == 0 ? "utf-8" : name;
}

/* Without a byte order UTF-16 and UTF-32 could be read as either. */
static bool is_known_encoding(const char *encoding)
{
	static const char *const open[] = { "utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4" };
	struct arena scratch = { 0 };
	const char *name = given_encoding(encoding, &scratch);
	bool known = strcmp(name, "utf-8") == 0;

	if (!known) {
		struct decoder *d = decoder_new(name);

		known = d != NULL;
		decoder_free(d);
	}
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		known = known && strcmp(name, open[i]) != 0;
	}
	arena_release(&scratch);
	return known;
}

static bool is_mark(const char *s)
{
	return strlen(s) == 1 && (signed char)s[0] > 0 && strchr("\r\n", s[0]) == NULL;
}

/* The first name that another one before it has already, case aside; NULL: none. Names are few. */
static const char *name_met_twice(const texts *names)
{
	for (size_t i = 0; i < names->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcasecmp(names->at[i], names->at[k]) == 0) {
				return names->at[i];
			}
		}
	}
	return NULL;
}

static int wrong_file(const struct file_override *f, const char *field, const char *value,
		      const char *why, struct bldr_error *err)
{
	return bldr_error_set(err, BLDR_E_INVALID,
			      "\"" OVERRIDES_FILE "\": file \"%s\": %s \"%s\": %s", f->path, field,
			      value, why);
}

static int check_file(const struct file_override *f, struct bldr_error *err)
{
	const char *twice = name_met_twice(&f->columns);

	if (f->encoding != NULL && !is_known_encoding(f->encoding)) {
		return wrong_file(f, "encoding", f->encoding,
				  "nobody knows it; such as utf-8, utf-16le, windows-1252", err);
	}
	if (f->delimiter != NULL && !is_mark(f->delimiter)) {
		return wrong_file(f, "delimiter", f->delimiter, "must be one ASCII character", err);
	}
	if (f->quote != NULL && f->quote[0] != '\0' && !is_mark(f->quote)) {
		return wrong_file(f, "quote", f->quote, "must be one ASCII character, or empty",
				  err);
	}
	if (f->quote != NULL && f->delimiter != NULL && strcmp(f->quote, f->delimiter) == 0) {
		return wrong_file(f, "quote", f->quote, "is the delimiter too", err);
	}
	if (twice != NULL) {
		return wrong_file(f, "columns", twice, "two columns have that name", err);
	}
	return 0;
}

/* ---- columns ---- */

static size_t format_of(const char *format)
{
	for (size_t i = 0; i < DATE_FORMATS; i++) {
		if (strcmp(date_formats[i], format) == 0) {
			return i;
		}
	}
	return COLUMN_NO_FORMAT;
}

static bool has_marks(const struct column_override *said)
{
	return said->decimal_mark != NULL || said->group_mark != NULL;
}

/* Whether the marks of this reading are those that are said. */
static bool is_reading(const struct column_override *said, size_t r)
{
	char decimal = amount_readings[r][0];
	char group = amount_readings[r][1];

	return (said->decimal_mark == NULL || said->decimal_mark[0] == decimal) &&
		(said->group_mark == NULL || said->group_mark[0] == group);
}

static size_t first_reading(const struct column_override *said)
{
	size_t r = 0;

	while (r < AMOUNT_READINGS && !is_reading(said, r)) {
		r++;
	}
	return r;
}

static int wrong_column(const char *table, const char *column, const char *what,
			struct bldr_error *err)
{
	return bldr_error_set(err, BLDR_E_INVALID,
			      "\"" OVERRIDES_FILE "\": table \"%s\": column \"%s\": %s", table,
			      column, what);
}

/* The type that a date format alone stands for. */
static enum column_kind kind_of_format(size_t format)
{
	return format < DATE_TIMES ? COLUMN_DATE : COLUMN_TIMESTAMP_NTZ;
}

static int check_column(const char *table, const struct column_override *c, struct bldr_error *err)
{
	struct column_type type = { .kind = COLUMN_TEXT };
	bool typed = c->type != NULL;
	size_t format = c->date_format != NULL ? format_of(c->date_format) : COLUMN_NO_FORMAT;

	if (typed && !column_type_parse(c->type, &type)) {
		return wrong_column(table, c->name,
				    "type: decimals have at most 38 digits, of "
				    "them at most all behind the point",
				    err);
	}
	if (c->date_format != NULL && format == COLUMN_NO_FORMAT) {
		return wrong_column(table, c->name,
				    "date_format: none that is read; docs/overrides.md lists them",
				    err);
	}
	if (typed && c->date_format != NULL && type.kind != kind_of_format(format)) {
		return wrong_column(table, c->name,
				    format < DATE_TIMES ? "date_format: is that of a date"
							: "date_format: is that of a timestamp_ntz",
				    err);
	}
	if (has_marks(c) && first_reading(c) == NO_READING) {
		return wrong_column(table, c->name,
				    "group_mark: one of , . ' or a blank, and not the decimal_mark",
				    err);
	}
	if (has_marks(c) &&
	    (c->date_format != NULL ||
	     (typed && type.kind != COLUMN_INT64 && type.kind != COLUMN_DECIMAL))) {
		return wrong_column(table, c->name,
				    "decimal_mark, group_mark: are those of int64 and decimal",
				    err);
	}
	return 0;
}

int given_check(const struct overrides *o, struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->files.n; i++) {
		rc = check_file(&o->files.at[i], err);
	}
	for (size_t i = 0; rc == 0 && i < o->tables.n; i++) {
		const struct table_override *t = &o->tables.at[i];

		for (size_t k = 0; rc == 0 && k < t->columns.n; k++) {
			rc = check_column(t->table, &t->columns.at[k], err);
		}
	}
	return rc;
}

bool given_reads(const struct column_override *said)
{
	return said != NULL && (said->type != NULL || said->date_format != NULL || has_marks(said));
}

/* Of the readings that have the marks the one with most rows, then with groups, then the first. */
static size_t best_given_reading(const struct column_override *said,
				 const struct amount_tally *amounts)
{
	size_t best = first_reading(said);

	for (size_t r = best + 1; r < AMOUNT_READINGS; r++) {
		bool more = amounts[r].rows > amounts[best].rows ||
			(amounts[r].rows == amounts[best].rows &&
			 amounts[r].grouped > amounts[best].grouped);

		best = is_reading(said, r) && more ? r : best;
	}
	return best;
}

static size_t best_given_format(const struct column_tally *t, const struct column_inferred *d,
				size_t from, size_t to)
{
	size_t best = d->format >= from && d->format < to ? d->format : from;

	for (size_t f = from; f < to; f++) {
		best = t->formats[f] > t->formats[best] ? f : best;
	}
	return best;
}

/* int64 or a decimal that holds every value of the reading. */
static struct column_type type_of_amounts(const struct amount_tally *a)
{
	struct column_type type = { .kind = COLUMN_INT64 };
	unsigned precision = (unsigned)a->whole + a->scale;

	if (a->scale > 0 || a->whole > 18) {
		type.kind = COLUMN_DECIMAL;
		type.scale = a->scale < DECIMAL_DIGITS_MAX ? a->scale : DECIMAL_DIGITS_MAX;
		type.precision =
			(uint8_t)(precision < DECIMAL_DIGITS_MAX ? precision : DECIMAL_DIGITS_MAX);
	}
	return type;
}

static void decide_number(const struct column_override *said, const struct column_tally *t,
			  struct column_inferred *d)
{
	struct amount_tally amounts[AMOUNT_READINGS];
	bool plain = t->kinds[__builtin_ctz(VALUE_AMOUNT)] == 0;
	size_t r;

	if (d->formatted && !has_marks(said)) {
		return; /* as found */
	}
	column_amounts(t, amounts);
	r = best_given_reading(said, amounts);
	d->formatted = false;
	if (r != 0 || !plain) { /* else as 1234.50 */
		column_format_amounts(t, r, d);
		memcpy(d->evidence, GIVEN_EVIDENCE, sizeof(GIVEN_EVIDENCE));
	}
	if (said->type == NULL) {
		d->type = type_of_amounts(&amounts[r]);
	}
}

static void decide_time(const struct column_override *said, const struct column_tally *t,
			struct column_inferred *d)
{
	bool iso = t->kinds[__builtin_ctz(VALUE_TIMESTAMP_NTZ)] > 0;

	if (said->date_format != NULL) {
		d->format = format_of(said->date_format);
		d->type.kind = kind_of_format(d->format);
	} else if (d->type.kind == COLUMN_DATE) {
		d->format = best_given_format(t, d, 0, DATE_TIMES);
	} else {
		d->format = d->type.kind == COLUMN_TIMESTAMP || iso
			? COLUMN_NO_FORMAT
			: best_given_format(t, d, DATE_TIMES, DATE_FORMATS);
	}
}

void given_decide(const struct column_override *said, const struct column_tally *t,
		  struct column_inferred *d)
{
	if (!given_reads(said)) {
		return;
	}
	d->given = true;
	d->nonconforming = 0;
	if (said->type != NULL) {
		bool number = d->type.kind == COLUMN_INT64 || d->type.kind == COLUMN_DECIMAL;

		d->formatted = d->formatted && number;
		ASSERT(column_type_parse(said->type, &d->type)); /* given_check has seen it */
	}
	if (has_marks(said) || d->type.kind == COLUMN_INT64 || d->type.kind == COLUMN_DECIMAL) {
		decide_number(said, t, d);
		return;
	}
	d->formatted = false;
	if (said->date_format != NULL || d->type.kind == COLUMN_DATE ||
	    d->type.kind == COLUMN_TIMESTAMP || d->type.kind == COLUMN_TIMESTAMP_NTZ) {
		decide_time(said, t, d);
	}
}

int given_fits(const struct column_override *said, const struct column_inferred *d,
	       const char *table, int64_t values, struct bldr_error *err)
{
	char type[COLUMN_TYPE_TEXT_MAX];

	if (!d->given || values == 0 || d->nonconforming < values) {
		return 0;
	}
	column_type_text(d->type, type);
	return bldr_error_set(err, BLDR_E_INVALID,
			      "\"" OVERRIDES_FILE "\": table \"%s\": column \"%s\": none of its "
			      "%lld values is %s%s%s",
			      table, said->name, (long long)values, type,
			      said->date_format != NULL ? " as " : "",
			      said->date_format != NULL ? said->date_format : "");
}
