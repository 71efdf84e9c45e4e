/* Nothing can go wrong: every integer has digits. */
#include "graph/digits.h"

size_t digits_of(int64_t number, char ret[DIGITS_MAX])
{
	char backwards[DIGITS_MAX];
	size_t n = 0;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		backwards[n++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest != 0);
	if (number < 0) {
		backwards[n++] = '-';
	}
	for (size_t i = 0; i < n; i++) {
		ret[i] = backwards[n - 1 - i];
	}
	ret[n] = '\0';
	return n;
}
