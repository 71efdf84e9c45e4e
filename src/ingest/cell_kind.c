#include "ingest/cell_kind.h"

#include <string.h>

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool letter(char c)
{
	char lower = (char)(c | 0x20);
	return (lower >= 'a' && lower <= 'z') || (signed char)c < 0;
}

static bool is_one_of(const char *s, size_t size, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(words[i]) == size && memcmp(s, words[i], size) == 0) {
			return true;
		}
	}
	return false;
}

static bool empty_word(const char *s, size_t size)
{
	static const char *const words[] = { "\\N", "NULL", "Null", "null", "N/A", "n/a", "NA",
					     "NaN", "nan",  "None", "NONE", "-",   "--" };
	return size == 0 || is_one_of(s, size, words, sizeof(words) / sizeof(words[0]));
}

/* A currency's sign or code in front or behind; returns its bytes. */
static size_t currency(const char *s, size_t size, bool front)
{
	static const char *const signs[] = { "$",   "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "USD",
					     "EUR", "GBP",          "CHF",      "%" };
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t n = strlen(signs[i]);
		if (size > n && memcmp(front ? s : s + size - n, signs[i], n) == 0) {
			return n;
		}
	}
	return 0;
}

static bool number(const char *s, size_t size)
{
	size_t front = currency(s, size, true);
	s += front;
	size -= front;
	size -= currency(s, size, false);
	size_t digits = 0;
	for (size_t i = 0; i < size; i++) {
		char c = s[i];
		bool exponent = (c == 'e' || c == 'E') && digits > 0 && i + 1 < size &&
			(digit(s[i + 1]) || s[i + 1] == '-' || s[i + 1] == '+');
		bool sign = (c == '-' || c == '+') &&
			(i == 0 || i + 1 == size || s[i - 1] == 'e' || s[i - 1] == 'E');
		bool group = (c == ' ' || c == '\'' || c == '\xC2' || c == '\xA0') && i > 0;
		bool paren = (c == '(' && i == 0) || (c == ')' && i + 1 == size);
		if (!digit(c) && c != '.' && c != ',' && !exponent && !sign && !group && !paren) {
			return false;
		}
		digits += digit(c) ? 1 : 0;
	}
	return digits > 0;
}

/* Three groups of digits at least, with what dates and times have between them. */
static bool date(const char *s, size_t size)
{
	size_t groups = 0;
	for (size_t i = 0; i < size; i++) {
		if (digit(s[i])) {
			groups += i == 0 || !digit(s[i - 1]) ? 1 : 0;
		} else if (strchr("-/.: TZ+", s[i]) == NULL || s[i] == '\0' || i == 0) {
			return false;
		}
	}
	return (groups >= 3 && size <= 40) || (groups == 2 && memchr(s, ':', size) != NULL);
}

static bool code(const char *s, size_t size)
{
	bool digits = false;
	for (size_t i = 0; i < size; i++) {
		digits |= digit(s[i]);
		if (!digit(s[i]) && !letter(s[i]) && strchr("-_./#@+", s[i]) == NULL) {
			return false;
		}
	}
	return digits;
}

enum cell_kind cell_kind(const char *s, size_t size)
{
	while (size > 0 && (*s == ' ' || *s == '\t')) {
		s++;
		size--;
	}
	while (size > 0 && (s[size - 1] == ' ' || s[size - 1] == '\t')) {
		size--;
	}
	if (empty_word(s, size)) {
		return CELL_EMPTY;
	}
	if (memchr(s, '\0', size) != NULL) {
		return CELL_TEXT;
	}
	if (date(s, size)) {
		return CELL_DATE;
	}
	if (number(s, size)) {
		return CELL_NUMBER;
	}
	return code(s, size) ? CELL_CODE : CELL_TEXT;
}

bool cell_is_year(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (!digit(s[i])) {
			return false;
		}
	}
	return size == 4 && memcmp(s, "1900", 4) >= 0 && memcmp(s, "2100", 4) <= 0;
}
