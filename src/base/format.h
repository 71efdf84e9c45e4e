/* The formats of JSON Schema that are asserted: date and date-time (RFC 3339), uri (RFC 3986), uuid (RFC 4122). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef bool (*format_fn)(const char *text);

/* The test of a format, or NULL when there is none of that name. */
format_fn format_find(const char *name);
/* All names, separated by ", ". */
const char *format_names(void);

bool format_is_date(const char *text); /* 2024-02-29, years 0001 to 9999 */
bool format_is_date_time(
	const char *text);             /* 2024-02-29T23:59:60.5+01:00; :60 only where UTC has it */
bool format_is_uri(const char *text);  /* absolute: with a scheme */
bool format_is_uuid(const char *text); /* 8-4-4-4-12 hexadecimal digits of any case */
