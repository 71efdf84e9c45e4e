/* Lists of strings, as artefacts hold them, in the forms that others take. */
#include <string.h>

#include "artefact/artefact.h"

struct bldr_value *texts_value(const texts *list)
{
	struct bldr_value *v = bldr_list();

	for (size_t i = 0; i < list->n; i++) {
		bldr_list_add(v, bldr_text(list->at[i]));
	}
	return v;
}

const char *texts_joined(struct arena *a, const texts *list)
{
	size_t size = 1;
	char *all;
	char *end;

	for (size_t i = 0; i < list->n; i++) {
		size += strlen(list->at[i]) + 2;
	}
	all = end = arena_alloc(a, size);
	for (size_t i = 0; i < list->n; i++) {
		end = stpcpy(i > 0 ? stpcpy(end, ", ") : end, list->at[i]);
	}
	*end = '\0';
	return all;
}
