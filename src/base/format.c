/* Each format is a walk over the text by the grammar of its RFC; nothing is guessed or normalised. */
#include "base/format.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "base/calendar.h"

static const struct {
	const char *name;
	format_fn fn;
} formats[] = {
	{ "date", format_is_date },
	{ "date-time", format_is_date_time },
	{ "uri", format_is_uri },
	{ "uuid", format_is_uuid },
};

format_fn format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) == 0) {
			return formats[i].fn;
		}
	}
	return NULL;
}

const char *format_names(void)
{
	return "date, date-time, uri, uuid";
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads exactly n digits at *at and moves behind them; -1 when they are not there. */
static int32_t digits(const char **at, int n)
{
	int32_t value = 0;
	for (int i = 0; i < n; i++) {
		if (!is_digit((*at)[i])) {
			return -1;
		}
		value = value * 10 + ((*at)[i] - '0');
	}
	*at += n;
	return value;
}

static bool take(const char **at, char c)
{
	if (**at != c) {
		return false;
	}
	(*at)++;
	return true;
}

static bool take_date(const char **at)
{
	int32_t year = digits(at, 4);
	if (year < 0 || !take(at, '-')) {
		return false;
	}
	int32_t month = digits(at, 2);
	if (month < 0 || !take(at, '-')) {
		return false;
	}
	int32_t day = digits(at, 2);
	return day >= 0 && calendar_valid(year, month, day);
}

bool format_is_date(const char *text)
{
	return take_date(&text) && *text == '\0';
}

/* Minutes east of UTC in *ret. */
static bool take_offset(const char **at, int32_t *ret)
{
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		*ret = 0;
		return true;
	}
	int32_t sign = **at == '-' ? -1 : 1;
	if (!take(at, '+') && !take(at, '-')) {
		return false;
	}
	int32_t hour = digits(at, 2);
	if (hour < 0 || hour > 23 || !take(at, ':')) {
		return false;
	}
	int32_t minute = digits(at, 2);
	*ret = sign * (hour * 60 + minute);
	return minute >= 0 && minute <= 59;
}

/* A leap second is the last second of a day, in UTC. */
static bool take_time(const char **at)
{
	enum { DAY_MINUTES = 24 * 60 };
	int32_t hour = digits(at, 2);
	if (hour < 0 || hour > 23 || !take(at, ':')) {
		return false;
	}
	int32_t minute = digits(at, 2);
	if (minute < 0 || minute > 59 || !take(at, ':')) {
		return false;
	}
	int32_t second = digits(at, 2);
	if (second < 0 || second > 60) {
		return false;
	}
	if (take(at, '.')) {
		size_t n = strspn(*at, "0123456789");
		*at += n;
		if (n == 0) {
			return false;
		}
	}
	int32_t offset = 0;
	if (!take_offset(at, &offset)) {
		return false;
	}
	int32_t utc = ((hour * 60 + minute - offset) % DAY_MINUTES + DAY_MINUTES) % DAY_MINUTES;
	return second < 60 || utc == DAY_MINUTES - 1;
}

bool format_is_date_time(const char *text)
{
	return take_date(&text) && (take(&text, 'T') || take(&text, 't')) && take_time(&text) &&
		*text == '\0';
}

bool format_is_uuid(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !is_hex(text[i])) {
			return false;
		}
	}
	return text[36] == '\0';
}

/* RFC 3986: unreserved, sub-delims and percent-encoded characters, and those of more. */
static const char *skip_uri(const char *at, const char *more)
{
	for (;; at++) {
		if (*at == '%' && is_hex(at[1]) && is_hex(at[2])) {
			at += 2;
		} else if (*at == '\0' ||
			   (!is_letter(*at) && !is_digit(*at) &&
			    strchr("-._~!$&'()*+,;=", *at) == NULL && strchr(more, *at) == NULL)) {
			return at;
		}
	}
}

/* What stands between "[" and "]": an IPv6 address or "v" hex "." something. */
static const char *skip_ip_literal(const char *at)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t size = strcspn(at, "]");
	if (at[size] != ']') {
		return NULL;
	}
	if (*at == 'v' || *at == 'V') {
		const char *dot = at + 1 + strspn(at + 1, "0123456789abcdefABCDEF");
		bool good = dot > at + 1 && *dot == '.' && dot + 1 < at + size &&
			skip_uri(dot + 1, ":") == at + size && memchr(at, '%', size) == NULL;
		return good ? at + size + 1 : NULL;
	}
	if (size >= sizeof(text)) {
		return NULL;
	}
	memcpy(text, at, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1 ? at + size + 1 : NULL;
}

/* [userinfo "@"] host [":" port]; NULL when it is none. */
static const char *skip_authority(const char *at)
{
	const char *user = skip_uri(at, ":");
	at = *user == '@' ? user + 1 : at;
	at = *at == '[' ? skip_ip_literal(at + 1) : skip_uri(at, "");
	if (at != NULL && *at == ':') {
		at += 1 + strspn(at + 1, "0123456789");
	}
	return at != NULL && (*at == '\0' || strchr("/?#", *at) != NULL) ? at : NULL;
}

bool format_is_uri(const char *text)
{
	const char *at = text;
	while (is_letter(*at) ||
	       (at > text && *at != '\0' && strchr("0123456789+-.", *at) != NULL)) {
		at++;
	}
	if (at == text || *at != ':') {
		return false;
	}
	at++;
	if (at[0] == '/' && at[1] == '/') {
		at = skip_authority(at + 2);
		if (at == NULL) {
			return false;
		}
	}
	at = skip_uri(at, ":@/");
	if (*at == '?') {
		at = skip_uri(at + 1, ":@/?");
	}
	if (*at == '#') {
		at = skip_uri(at + 1, ":@/?");
	}
	return *at == '\0';
}
