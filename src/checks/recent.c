#include "checks/recent.h"

#include <string.h>

#include "base/hash.h"

const char *recent_keep(struct recent *r, const char *text, struct arena *a)
{
	if (text == NULL) {
		return NULL;
	}
	const char **place = &r->texts[hash_xx64(text, strlen(text)) % RECENT_MAX];
	if (*place == NULL || strcmp(*place, text) != 0) {
		*place = arena_strdup(a, text);
	}
	return *place;
}
