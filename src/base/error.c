/*
 * Fills the caller's struct bldr_error. The message is formatted aside first, so that an argument may
 * be the old message itself; what is too long is cut at a character, and what is malformed, since
 * messages quote a stranger's bytes, becomes U+FFFD.
 */
#include <bldr/error.h>

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const struct {
	int code;
	const char *name;
	const char *text;
} codes[] = {
#define X(name, number, text) { number, #name, text },
	BLDR_ERROR_MAP(X)
#undef X
};

const char *bldr_error_name(int code)
{
	if (code == BLDR_OK) {
		return "OK";
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code == code) {
			return codes[i].name;
		}
	}
	return "UNKNOWN";
}

/* What a message can hold, and the rest of a character that begins at its end. */
enum { FORMAT_MAX = BLDR_ERROR_TEXT_MAX + 3 };

__attribute__((format(printf, 2, 0))) static size_t format(char ret[FORMAT_MAX], const char *fmt,
							   va_list args)
{
	int n = vsnprintf(ret, FORMAT_MAX, fmt, args);
	if (n < 0) {
		ret[0] = '\0';
		return 0;
	}
	return n < FORMAT_MAX ? (size_t)n : FORMAT_MAX - 1;
}

static void copy(char ret[BLDR_ERROR_TEXT_MAX], const char *text, size_t size)
{
	size_t n = 0;
	for (size_t at = 0; at < size;) {
		bool valid;
		size_t length = utf8_next(text + at, size - at, &valid);
		size_t kept = valid ? length : sizeof(UTF8_REPLACEMENT) - 1;
		if (n + kept >= BLDR_ERROR_TEXT_MAX) {
			break;
		}
		memcpy(ret + n, valid ? text + at : UTF8_REPLACEMENT, kept);
		n += kept;
		at += length;
	}
	ret[n] = '\0';
}

int bldr_error_set(struct bldr_error *err, int code, const char *fmt, ...)
{
	if (err == NULL) {
		return code;
	}
	char text[FORMAT_MAX];
	va_list args;
	va_start(args, fmt);
	size_t size = format(text, fmt, args);
	va_end(args);

	copy(err->text, text, size);
	err->code = code;
	return code;
}

int bldr_error_prefix(struct bldr_error *err, const char *fmt, ...)
{
	if (err == NULL) {
		return BLDR_E_FAILED;
	}
	char prefix[FORMAT_MAX];
	va_list args;
	va_start(args, fmt);
	size_t size = format(prefix, fmt, args);
	va_end(args);

	prefix[utf8_cut(prefix, size, BLDR_ERROR_TEXT_MAX - 1)] = '\0';
	return bldr_error_set(err, err->code, "%s: %s", prefix, err->text);
}
