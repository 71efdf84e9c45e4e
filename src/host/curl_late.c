/* Finds libcurl and its functions. It stays loaded for the life of the process. */
#include "host/curl_late.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

struct curl_table curl_table;

static const struct {
	const char *name;
	size_t place;
} functions[] = {
#define X(name) { "curl_" #name, offsetof(struct curl_table, name) },
	CURL_FUNCTIONS(X)
#undef X
};

int curl_load(struct bldr_error *err)
{
	static bool loaded;
	void *library;

	if (loaded) {
		return 0;
	}
	library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library != NULL && i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *found = dlsym(library, functions[i].name);

		if (found == NULL) {
			return bldr_error_set(
				err, BLDR_E_UNAVAILABLE,
				"libcurl.so.4 has no \"%s\": http effects need 7.88 or later",
				functions[i].name);
		}
		memcpy((char *)&curl_table + functions[i].place, &found, sizeof(found));
	}
	if (library == NULL) {
		return bldr_error_set(
			err, BLDR_E_UNAVAILABLE,
			"http effects need libcurl, which cannot be loaded: %s; install libcurl4",
			dlerror());
	}
	loaded = true;
	return 0;
}
