/* What one value is, and what a column of values becomes. Expected values are the calendar's and the grammar's. */
#include "folder.h"

#include "ingest/infer.h"

static void test_dates(void **state)
{
	static const struct {
		const char *format, *text;
		int64_t days; /* -1: no match */
	} cases[] = {
		{ "yyyy-MM-dd", "1970-01-01", 0 },
		{ "yyyy-MM-dd", "2018-01-02",
		  17533 }, /* python: (date(2018,1,2)-date(1970,1,1)).days */
		{ "yyyy-MM-dd", "2024-02-29", 19782 },
		{ "yyyy-MM-dd", "2023-02-29", -1 },
		{ "yyyy-MM-dd", "1900-02-29", -1 },
		{ "yyyy-MM-dd", "2018-1-2", -1 },
		{ "yyyy-MM-dd", "2018-01-02 ", -1 },
		{ "yyyy-MM-dd", "18-01-02", -1 },
		{ "yyyy-MM-dd", "0000-01-01", -1 },
		{ "yyyy-dd-MM", "2018-02-01", 17533 },
		{ "yyyy-dd-MM", "2018-31-01", 17562 },
		{ "yyyy-dd-MM", "2018-01-31", -1 },
		{ "dd/MM/yyyy", "02/01/2018", 17533 },
		{ "dd/MM/yyyy", "2/1/2018", -1 },
		{ "MM/dd/yyyy", "01/02/2018", 17533 },
		{ "MM/dd/yyyy", "13/02/2018", -1 },
		{ "d/M/yyyy", "2/1/2018", 17533 },
		{ "d/M/yyyy", "02/01/2018", 17533 },
		{ "d/M/yyyy", "002/01/2018", -1 },
		{ "M/d/yyyy", "1/2/2018", 17533 },
		{ "M/d/yyyy", "1/2/18", -1 },
		{ "dd.MM.yyyy", "02.01.2018", 17533 },
		{ "dd.MM.yyyy", "02-01-2018", -1 },
		{ "dd-MM-yyyy", "02-01-2018", 17533 },
		{ "MM-dd-yyyy", "01-02-2018", 17533 },
		{ "yyyy/MM/dd", "2018/01/02", 17533 },
		{ "yyyyMMdd", "20180102", 17533 },
		{ "yyyyMMdd", "2018012", -1 },
		{ "yyyyMMdd", "201801020", -1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t f = 0;
		while (strcmp(date_formats[f], cases[i].format) != 0) {
			f++;
		}
		int64_t days = -1;
		bool ok = date_match(f, cases[i].text, strlen(cases[i].text), &days);
		if (ok != (cases[i].days >= 0) || days != cases[i].days) {
			fail_msg("%s of \"%s\": %lld", cases[i].format, cases[i].text,
				 (long long)days);
		}
	}
}

static void test_timestamps(void **state)
{
	static const struct {
		const char *text;
		int64_t micros; /* date -u -d TEXT +%s; 0 with zone -1: no match */
		int zone;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0, 1 },
		{ "2020-05-30T02:57:37Z", INT64_C(1590807457000000), 1 },
		{ "2020-05-30T02:57:37+02:00", INT64_C(1590800257000000), 1 },
		{ "2020-05-30T02:57:37-0530", INT64_C(1590827257000000), 1 },
		{ "2020-05-30 02:57:37+02", INT64_C(1590800257000000), 1 },
		{ "1969-12-31 23:59:59.999999Z", -1, 1 },
		{ "2020-05-30 02:57:37.5", INT64_C(1590807457500000), 0 },
		{ "2020-05-30 02:57:37.123456789", INT64_C(1590807457123456), 0 },
		{ "2020-05-30T02:57", 0, -1 },
		{ "2020-05-30T02:57Z", 0, -1 },
		{ "2020-05-30T02:57:37.", 0, -1 },
		{ "2020-05-30T02:57:37.1234567890", 0, -1 },
		{ "2020-05-30T24:00:00", 0, -1 },
		{ "2020-05-30T02:60:00", 0, -1 },
		{ "2020-05-30T02:57:60", 0, -1 },
		{ "2020-02-30T02:57:37", 0, -1 },
		{ "2020-05-30T2:57:37", 0, -1 },
		{ "2020-05-30T02:57:37 Z", 0, -1 },
		{ "2020-05-30T02:57:37+19:00", 0, -1 },
		{ "2020-05-30T02:57:37+02:60", 0, -1 },
		{ "2020-05-30T02:57:37+2", 0, -1 },
		{ "2020-05-30", 0, -1 },
		{ "2020-05-30T", 0, -1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t micros = 0;
		bool zone = false;
		bool ok = timestamp_match(cases[i].text, strlen(cases[i].text), &micros, &zone);
		if (ok != (cases[i].zone >= 0) || micros != cases[i].micros ||
		    zone != (cases[i].zone == 1)) {
			fail_msg("\"%s\": %d %lld %d", cases[i].text, ok, (long long)micros, zone);
		}
	}
}

/* One column: values separated by '|'. */
static const struct column_profile *column_of(struct folder *f, const char *name, const char *values)
{
	char text[2048];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s,x\n", name);
	for (const char *from = values;;) {
		size_t size = strcspn(from, "|");
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      memchr(from, ',', size) != NULL ? "\"%.*s\",x\n" : "%.*s,x\n",
				      (int)size, from);
		if (from[size] == '\0') {
			break;
		}
		from += size + 1;
	}
	put(f, "t.csv", text);
	assert_int_equal(profile_all(f), 0);
	return &f->tables[0].columns.at[0];
}

struct expectation {
	const char *values, *type, *min, *max;
};

static void assert_types(struct folder *f, const char *name, const struct expectation *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct column_profile *c = column_of(f, name, e[i].values);
		if (strcmp(c->type, e[i].type) != 0) {
			fail_msg("%s: %s instead of %s", e[i].values, c->type, e[i].type);
		}
		if (e[i].min == NULL) {
			assert_null(c->min);
			assert_null(c->max);
		} else {
			assert_string_equal(c->min, e[i].min);
			assert_string_equal(c->max, e[i].max);
		}
	}
}

static void test_numbers(void **state)
{
	static const struct expectation cases[] = {
		{ "9|10|-3", "int64", "-3", "10" },
		{ " 7 |\t8", "int64", "7", "8" },
		{ "0|-0", "int64", "0", "0" },
		{ "9223372036854775807|-9223372036854775808", "int64", "-9223372036854775808",
		  "9223372036854775807" },
		{ "9223372036854775808|1", "decimal(19,0)", "1", "9223372036854775808" },
		{ "1.5|10|-0.25", "decimal(4,2)", "-0.25", "10.00" },
		{ "0.5|0.25", "decimal(2,2)", "0.25", "0.50" },
		{ "12345678901234567890.123456789012345678", "decimal(38,18)",
		  "12345678901234567890.123456789012345678",
		  "12345678901234567890.123456789012345678" },
		/* 20 digits before the point and 19 behind it are 39 together */
		{ "12345678901234567890|0.1234567890123456789", "text", "0.1234567890123456789",
		  "12345678901234567890" },
		{ "1e3|2.5", "double", "2.5", "1000" },
		{ "1E-2|1e2", "double", "0.01", "100" },
		{ "1e999|2", "text", "1e999", "2" },
		{ "007|8", "text", "007", "8" },
		{ "00.5|1", "text", "00.5", "1" },
		{ "+1|2", "text", "+1", "2" },
		{ "+1|2|3", "int64", "1", "3" }, /* most are plain */
		{ ".5|1", "text", ".5", "1" },
		{ "-.5|1|2", "decimal(2,1)", "-0.5", "2.0" },
		{ "5.|1", "text", "1", "5." },
		{ "1 000|2", "int64", "2", "1000" },
		{ "0x10|1", "text", "0x10", "1" },
		{ "nan|1", "int64", "1", "1" },
		{ "nan|1|x", "text", "1", "x" },
		{ "inf|1", "text", "1", "inf" },
		{ "-|1", "int64", "1", "1" },
		{ "1e|1", "text", "1", "1e" },
		{ "\xD9\xA3|1", "text", "1", "\xD9\xA3" }, /* an Arabic digit */
	};
	assert_types(*state, "n", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_truths(void **state)
{
	static const struct expectation cases[] = {
		{ "true|FALSE|True", "bool", "false", "true" },
		{ "true|true", "bool", "true", "true" },
		{ "t|f", "bool", "false", "true" },
		{ "Y|n", "bool", "false", "true" },
		{ "yes|no", "bool", "false", "true" },
		{ "t|t", "text", "t", "t" },     /* may be a code */
		{ "yes|f", "text", "f", "yes" }, /* no pair */
		{ "0|1", "int64", "0", "1" },
		{ "true|maybe", "text", "maybe", "true" },
	};
	assert_types(*state, "b", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_times(void **state)
{
	static const struct expectation cases[] = {
		{ "2018-01-31|2017-12-01", "date", "2017-12-01", "2018-01-31" },
		{ "31/01/2018|01/12/2017", "date", "2017-12-01", "2018-01-31" },
		{ "1/31/2018|12/1/2017", "date", "2017-12-01", "2018-01-31" },
		{ "2018-31-01|2017-01-12", "date", "2017-12-01", "2018-01-31" },
		{ "2018-01-31|2018-31-01", "text", "2018-01-31", "2018-31-01" },
		{ "2018-02-30|2018-02-28", "text", "2018-02-28", "2018-02-30" },
		{ "2018-01-31 10:00:00|2018-01-31", "text", "2018-01-31", "2018-01-31 10:00:00" },
		{ "2018-01-31 10:00|2018-02-01 11:30:05", "timestamp_ntz",
		  "2018-01-31T10:00:00.000000", "2018-02-01T11:30:05.000000" },
		{ "2018-01-31T24:00|2018-02-01T11:30", "text", "2018-01-31T24:00",
		  "2018-02-01T11:30" },
		{ "31/01/2018 10:00|01/02/2018 11:30", "timestamp_ntz",
		  "2018-01-31T10:00:00.000000", "2018-02-01T11:30:00.000000" },
		{ "1/31/2018 9:05|12/1/2017 23:30:59", "timestamp_ntz",
		  "2017-12-01T23:30:59.000000", "2018-01-31T09:05:00.000000" },
		{ "1/31/2018 12:05 AM|1/31/2018 12:30 pm|1/31/2018 1:00:30 PM", "timestamp_ntz",
		  "2018-01-31T00:05:00.000000", "2018-01-31T13:00:30.000000" },
		{ "1/31/2018 13:05 AM|1/31/2018 12:30 PM", "text", "1/31/2018 12:30 PM",
		  "1/31/2018 13:05 AM" },
		{ "31.01.2018 10:00|1.2.2018 9:30", "timestamp_ntz", "2018-01-31T10:00:00.000000",
		  "2018-02-01T09:30:00.000000" },
		{ "05-Jan-2018|31-DEC-2017", "date", "2017-12-31", "2018-01-05" },
		{ "5 Jan 2018|31 dec 2017", "date", "2017-12-31", "2018-01-05" },
		{ "Jan 5, 2018|May 31, 2017", "date", "2017-05-31", "2018-01-05" },
		{ "January 5, 2018|May 31, 2017", "date", "2017-05-31", "2018-01-05" },
		{ "5 September 2018|31 May 2017", "date", "2017-05-31", "2018-09-05" },
		{ "5 Sept 2018|31 May 2017", "text", "31 May 2017", "5 Sept 2018" },
		/* two digits: below 70 is this century */
		{ "31/01/69|01/02/70", "date", "1970-02-01", "2069-01-31" },
		{ "01/31/99|12/01/00", "date", "1999-01-31", "2000-12-01" },
		{ "29.02.00|28.02.01", "date", "2000-02-29", "2001-02-28" },
		{ "2018-01-31T10:00:00Z|2018-01-31T10:00:00+02:00", "timestamp",
		  "2018-01-31T08:00:00.000000Z", "2018-01-31T10:00:00.000000Z" },
		{ "2018-01-31T10:00:00Z|2018-01-31T10:00:00", "text", "2018-01-31T10:00:00",
		  "2018-01-31T10:00:00Z" },
		{ "1969-12-31 23:59:59.25|1969-12-31 00:00:00", "timestamp_ntz",
		  "1969-12-31T00:00:00.000000", "1969-12-31T23:59:59.250000" },
		{ "20180131|20171201", "int64", "20171201", "20180131" },
	};
	assert_types(*state, "at", cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_compact_dates_need_a_name(void **state)
{
	static const struct expectation dates[] = {
		{ "20180131|20171201", "date", "2017-12-01", "2018-01-31" },
		{ "20180131|20171301", "int64", "20171301", "20180131" },
	};
	assert_types(*state, "order_date", dates, 2);
	assert_types(*state, "orderdate", dates, 1);
	assert_types(*state, "day", dates, 1);
	assert_types(*state, "update_no",
		     &(struct expectation){ "20180131", "int64", "20180131", "20180131" }, 1);
}

/* matches of every format, most first; ties in the order of the list */
static void test_date_formats(void **state)
{
	struct folder *f = *state;
	const struct column_profile *c = column_of(f, "d", "01/02/2018|13/02/2018|02/03/2018|");
	assert_int_equal(c->date_formats.n, 4);
	assert_string_equal(c->date_formats.at[0].format, "dd/MM/yyyy");
	assert_int_equal(c->date_formats.at[0].matches, 3);
	assert_string_equal(c->date_formats.at[1].format, "d/M/yyyy");
	assert_int_equal(c->date_formats.at[1].matches, 3);
	assert_string_equal(c->date_formats.at[2].format, "MM/dd/yyyy");
	assert_int_equal(c->date_formats.at[2].matches, 2);
	assert_string_equal(c->date_formats.at[3].format, "M/d/yyyy");
	assert_int_equal(c->date_formats.at[3].matches, 2);

	c = column_of(f, "d", "2018-01-02|2018-01-02|2018-01-13");
	assert_int_equal(c->date_formats.n, 2);
	assert_string_equal(c->date_formats.at[0].format, "yyyy-MM-dd");
	assert_int_equal(c->date_formats.at[0].matches, 3);
	assert_string_equal(c->date_formats.at[1].format, "yyyy-dd-MM");
	assert_int_equal(c->date_formats.at[1].matches, 2);
}

static void test_null_tokens(void **state)
{
	static const struct {
		const char *values, *type;
		int64_t nulls, distinct;
	} cases[] = {
		{ "1||  |NULL|\\N|N/A|NA|none|None|null|n/a", "int64", 10, 1 },
		{ "Ann|NULL|null|N/A|\\N", "text", 4, 1 },
		{ "AW|NA|BE", "text", 0, 3 },         /* Namibia */
		{ "AW|NA|Bel", "text", 1, 2 },        /* not all are codes */
		{ "AW|NA||NULL", "text", 2, 2 },      /* other tokens do not speak against codes */
		{ "none|gold|silver", "text", 0, 3 }, /* categories */
		{ "none|Gold|silver", "text", 1, 2 },
		{ "None|Gold|Silver", "text", 1, 2 },
		{ "NA|NA", "text", 2, 0 },
		{ "none|NULL", "text", 2, 0 },
		{ "NAN|nul|NULLS|.|?", "text", 0, 5 }, /* not in the list */
		{ "-|+|*|?", "text", 0, 4 },
		{ "-|+|*|plus", "text", 1, 3 },
		{ "-|--|-", "text", 3, 0 },
		{ "NaN|nan|NAN|1|2.5", "decimal(2,1)", 3, 2 },
		{ "NaN|1|x", "text", 0, 3 },
		{ "NaN|$1,000|5", "int64", 1, 2 },
		{ "#N/A|Ann|--", "text", 2, 1 },
		/* no-break, figure and narrow no-break spaces around */
		{ "\xC2\xA0NULL\xE2\x80\xAF|\xE2\x80\x87|1", "int64", 2, 1 },
		{ "2018-01-01|NA|none", "date", 2, 1 },
	};
	struct folder *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column_profile *c = column_of(f, "v", cases[i].values);
		if (strcmp(c->type, cases[i].type) != 0 || c->nulls != cases[i].nulls ||
		    c->distinct != cases[i].distinct) {
			fail_msg("%s: %s, %lld nulls, %lld distinct", cases[i].values, c->type,
				 (long long)c->nulls, (long long)c->distinct);
		}
	}
}

static void test_null_tokens_are_counted(void **state)
{
	const struct column_profile *c = column_of(*state, "v", "1|| |NULL|NA| NULL ");
	assert_int_equal(c->nulls, 5);
	assert_int_equal(c->null_tokens.n, 3); /* by token, as trimmed */
	assert_string_equal(c->null_tokens.at[0].token, "");
	assert_int_equal(c->null_tokens.at[0].count, 2);
	assert_string_equal(c->null_tokens.at[1].token, "NA");
	assert_int_equal(c->null_tokens.at[1].count, 1);
	assert_string_equal(c->null_tokens.at[2].token, "NULL");
	assert_int_equal(c->null_tokens.at[2].count, 2);
}

static void test_all_null(void **state)
{
	static const struct expectation cases[] = { { "||NULL", "text", NULL, NULL } };
	assert_types(*state, "v", cases, 1);
}

static void test_amounts(void **state)
{
	static const struct expectation cases[] = {
		{ "1,234.50|12.5", "decimal(6,2)", "12.50", "1234.50" },
		{ "1.234,50|12,5", "decimal(6,2)", "12.50", "1234.50" },
		{ "1.234.567|2.799", "int64", "2799", "1234567" },
		{ "1,250|0,245|12,5", "decimal(5,3)", "0.245", "12.500" }, /* never groups */
		{ "1,250|2,500", "int64", "1250", "2500" },                /* ambiguous */
		{ "1.250|2.500", "decimal(4,3)", "1.250", "2.500" },       /* plain */
		{ "1.250|2.500 %", "int64", "1250", "2500" },              /* not plain */
		{ "$1,234.50|($5.00)|$0.00", "decimal(6,2)", "-5.00", "1234.50" },
		{ "$ (5.00)|(7) EUR|(8,5 %)", "text", "$ (5.00)", "(8,5 %)" }, /* two marks */
		{ "1.234,50\xC2\xA0\xE2\x82\xAC|12 \xE2\x82\xAC", "decimal(6,2)", "12.00",
		  "1234.50" },
		{ "EUR 12|EUR 1'234", "int64", "12", "1234" },
		{ "19 %|7%|0.5 %", "decimal(3,1)", "0.5", "19.0" },
		{ "5.00-|2.50", "decimal(3,2)", "-5.00", "2.50" },
		{ "-$5|+$7|$-8|$9-", "int64", "-9", "7" },
		{ "1\xE2\x80\xAF"
		  "234,5|0,5",
		  "decimal(5,1)", "0.5", "1234.5" },
		{ "-5-|1", "text", "-5-", "1" },
		{ "(-5)|1", "text", "(-5)", "1" },
		{ "$5 %|1", "text", "$5 %", "1" },
		{ "$5 EUR|1", "text", "$5 EUR", "1" },
		{ "1,23,456|1", "text", "1", "1,23,456" },
		{ "1,2345.0|1", "text", "1", "1,2345.0" },
		{ "0,123,456|1", "text", "0,123,456", "1" },
		{ "$007|$8", "text", "$007", "$8" },
		{ "007|$8", "text", "$8", "007" },
		{ "$|$8", "text", "$", "$8" },
		{ "$5.|$8", "text", "$5.", "$8" },
		{ "12 345|06 12", "text", "06 12", "12 345" },
		/* 38 digits, and 39 */
		{ "$12345678901234567890123456789012345678|1", "decimal(38,0)", "1",
		  "12345678901234567890123456789012345678" },
		{ "$123456789012345678901234567890123456789|1", "text",
		  "$123456789012345678901234567890123456789", "1" },
		/* 18 digits are an int64 for sure; beyond, a decimal */
		{ "$999999999999999999|1", "int64", "1", "999999999999999999" },
		{ "$1999999999999999999|1", "decimal(19,0)", "1", "1999999999999999999" },
	};
	static const struct expectation codes[] = {
		{ "555 123|555 124", "text", "555 123", "555 124" },
		{ "$5|$7", "text", "$5", "$7" },
	};
	assert_types(*state, "v", cases, sizeof(cases) / sizeof(cases[0]));
	assert_types(*state, "phone", codes, 2);
	assert_types(*state, "customerId", codes, 2);
}

static void test_number_format(void **state)
{
	struct folder *f = *state;
	const struct column_profile *c = column_of(f, "v", "1.234,50 EUR|(12,5)|7-|19");
	assert_string_equal(c->number->decimal_mark, ",");
	assert_string_equal(c->number->group_mark, ".");
	assert_int_equal(c->number->currencies.n, 1);
	assert_string_equal(c->number->currencies.at[0], "EUR");
	assert_true(c->number->parentheses && c->number->trailing_minus && !c->number->percent);
	assert_string_equal(c->number->evidence, "1 value has both marks");

	c = column_of(f, "v", "12,5 %|7 %");
	assert_string_equal(c->number->decimal_mark, ",");
	assert_string_equal(c->number->group_mark, "");
	assert_true(c->number->percent);
	assert_string_equal(c->number->evidence,
			    "1 value has a mark that does not stand before three digits");

	c = column_of(f, "v", "1,250|2,500|7");
	assert_string_equal(c->number->decimal_mark, ".");
	assert_string_equal(c->number->group_mark, ",");
	assert_string_equal(c->number->evidence,
			    "2 values have a mark, always before three digits: taken for groups");

	assert_null(column_of(f, "v", "1.25|7")->number);
}

/* n values 10, 11, ... 27, each twice at least so that they are no key, then others. */
static const struct column_profile *with_others(struct folder *f, const char *name, int n,
						const char *behind, const char *others)
{
	char text[2048];
	size_t size = 0;
	for (int i = 0; i < n; i++) {
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%d%s|", 10 + i / 2 % 18,
					 behind);
	}
	snprintf(text + size, sizeof(text) - size, "%s", others);
	return column_of(f, name, text);
}

static void test_tolerance(void **state)
{
	struct folder *f = *state;
	const struct column_profile *c = with_others(f, "v", 20, "", "x");
	assert_string_equal(c->type, "int64");
	assert_int_equal(c->nonconforming, 1);
	assert_int_equal(c->exceptions.n, 1);
	assert_int_equal(c->exceptions.at[0].line, 22);
	assert_string_equal(c->exceptions.at[0].text, "x");
	assert_string_equal(c->max, "19");

	assert_string_equal(with_others(f, "v", 19, "", "x")->type, "text");
	assert_string_equal(with_others(f, "v", 20, "", "x|y")->type, "text");
	assert_string_equal(with_others(f, "v", 98, "", "x|y")->type, "int64"); /* 2 of 100 */
	assert_string_equal(with_others(f, "v", 97, "", "x|y")->type, "text");
	assert_string_equal(with_others(f, "v", 97, "", "x|y|NULL")->type, "text");
	assert_string_equal(with_others(f, "v", 40, "", "012")->type, "text"); /* codes */
	assert_string_equal(with_others(f, "zip_code", 40, "", "x")->type, "text");
	assert_string_equal(with_others(f, "PhoneNo", 40, "", "x")->type, "text");
	assert_string_equal(with_others(f, "name", 40, "", "x")->type, "text");
	assert_string_equal(with_others(f, "v", 20, ",5", "1.5")->type, "decimal(3,1)");
	assert_string_equal(with_others(f, "v", 20, ".5", "1e5")->type, "double");

	c = with_others(f, "d", 40, "/02/2024", "31/02/2024");
	assert_string_equal(c->type, "date");
	assert_string_equal(c->date_formats.at[0].format, "dd/MM/yyyy");
	assert_string_equal(c->max, "2024-02-27");
	assert_string_equal(c->exceptions.at[0].text, "31/02/2024");
	assert_string_equal(with_others(f, "t", 40, "/02/2024 10:00", "never")->type,
			    "timestamp_ntz");
	assert_string_equal(column_of(f, "b",
				      "yes|yes|yes|yes|yes|yes|yes|yes|yes|yes|yes|yes|yes|"
				      "no|no|no|no|no|no|no|no|no|no|no|maybe")
				    ->type,
			    "text");
}

static void test_a_key_is_not_tolerant(void **state)
{
	struct folder *f = *state;
	char text[512];
	size_t size = 0;
	for (int i = 0; i < 40; i++) {
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%d|", 10 + i);
	}
	snprintf(text + size, sizeof(text) - size, "x");
	assert_string_equal(column_of(f, "v", text)->type, "text");
	snprintf(text + size, sizeof(text) - size, "x|x");
	assert_string_equal(column_of(f, "v", text)->type, "text"); /* 2 of 42 */
	snprintf(text + size, sizeof(text) - size, "10|x");
	assert_string_equal(column_of(f, "v", text)->type, "int64");
}

/* A column whose days are all below 13: what else stands in the table decides. */
static void test_date_hints(void **state)
{
	static const struct {
		const char *rows, *format;
	} cases[] = {
		{ "01/02/2018,x,1\n", "dd/MM/yyyy" },
		{ "01/02/2018,12/31/2018,1\n", "MM/dd/yyyy" },
		{ "01/02/2018,31/12/2018,$1\n", "dd/MM/yyyy" },
		{ "01/02/2018,x,$1\n", "MM/dd/yyyy" },
		{ "01/02/2018,x,USD 1\n", "MM/dd/yyyy" },
		{ "01/02/2018,x,\"$1,5\"\n", "dd/MM/yyyy" },
		{ "01/02/2018,x,\xE2\x82\xAC 1\n", "dd/MM/yyyy" },
		{ "13/02/2018,12/31/2018,$1\n", "dd/MM/yyyy" },
	};
	struct folder *f = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "a,b,c\n%s", cases[i].rows);
		put(f, "t.csv", text);
		assert_int_equal(profile_all(f), 0);
		const struct column_profile *c = &f->tables[0].columns.at[0];
		assert_string_equal(c->date_formats.at[0].format, cases[i].format);
	}
}

static void test_counts(void **state)
{
	const struct column_profile *c = column_of(*state, "v",
						   " 007|0|00|12|12\xC2\xA0|0.5|-01|\xE2\x80\xAF"
						   "012\t");
	assert_int_equal(c->leading_zeros, 3);
	assert_int_equal(c->padded, 3);
}

/* Any two halves of a column, merged, are the column. */
static void test_merged_tallies(void **state)
{
	static const char *const values[] = { "1",        "1,234.5", "$7",    "NA",  "31/01/2018",
					      "yes",      "(5)",     "1.250", "2.5", "007",
					      "10/11/12", "",        "5-",    "7 %", "1e5" };
	enum { N = sizeof(values) / sizeof(values[0]) };
	(void)state;
	for (size_t cut = 0; cut <= N; cut++) {
		struct column_tally all = { 0 };
		struct column_tally parts[2] = { { 0 }, { 0 } };
		for (size_t i = 0; i < N; i++) {
			struct value_facts facts;
			value_judge(values[i], strlen(values[i]), &facts);
			column_tally_add(&all, &facts, 3);
			column_tally_add(&parts[i < cut], &facts, 3);
		}
		column_tally_merge(&parts[0], &parts[1]);
		assert_memory_equal(&parts[0], &all, sizeof(all));
	}
}

/* The first values that kept the column from the type that most of its values have. */
static void test_exceptions(void **state)
{
	struct folder *f = *state;
	const struct column_profile *c = column_of(f, "v", "1|2|x|3|x|4|y|5|6|7|8");
	assert_string_equal(c->type, "text");
	assert_int_equal(c->exceptions.n, 2);
	assert_int_equal(c->exceptions.at[0].line, 4);
	assert_string_equal(c->exceptions.at[0].text, "x");
	assert_int_equal(c->exceptions.at[1].line, 8);
	assert_string_equal(c->exceptions.at[1].text, "y");

	c = column_of(f, "v", "2018-01-01|2018-01-02|soon");
	assert_int_equal(c->exceptions.n, 1);
	assert_string_equal(c->exceptions.at[0].text, "soon");

	c = column_of(f, "v", "1|2|3|4.5"); /* a decimal for one value's sake */
	assert_string_equal(c->type, "decimal(2,1)");
	assert_int_equal(c->exceptions.n, 1);
	assert_string_equal(c->exceptions.at[0].text, "4.5");

	c = column_of(f, "v", "x|y|z|1"); /* simply text */
	assert_int_equal(c->exceptions.n, 0);

	c = column_of(f, "v", "1|2|3|4|5|6|7|a|b|c|d|e|f");
	assert_int_equal(c->exceptions.n, 5);
	assert_string_equal(c->exceptions.at[4].text, "e");
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_timestamps),
		FOLDER_TEST(test_numbers),
		FOLDER_TEST(test_truths),
		FOLDER_TEST(test_times),
		FOLDER_TEST(test_compact_dates_need_a_name),
		FOLDER_TEST(test_date_formats),
		FOLDER_TEST(test_null_tokens),
		FOLDER_TEST(test_null_tokens_are_counted),
		FOLDER_TEST(test_all_null),
		FOLDER_TEST(test_amounts),
		FOLDER_TEST(test_number_format),
		FOLDER_TEST(test_tolerance),
		FOLDER_TEST(test_a_key_is_not_tolerant),
		FOLDER_TEST(test_date_hints),
		FOLDER_TEST(test_counts),
		cmocka_unit_test(test_merged_tallies),
		FOLDER_TEST(test_exceptions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
