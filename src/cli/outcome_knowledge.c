/* What a run was shown, applied and taught: ids of the knowledge base, which no artefact names. */
#include <string.h>

#include "cli/outcome.h"

/* Appends {agent, id, kind, title, score} of what an agent was shown. */
static void add_shown(struct bldr_value *list, const char *agent, const struct bldr_value *recalled)
{
	static const char *const keys[] = { "id", "kind", "title", "score" };
	const struct bldr_value *items = bldr_get(recalled, "items");

	for (size_t i = 0; i < bldr_count(items); i++) {
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "agent", bldr_text(agent));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			bldr_object_set(v, keys[k], bldr_ref(bldr_get(bldr_at(items, i), keys[k])));
		}
		bldr_list_add(list, v);
	}
}

/* What changed keys and foreign keys, then what changed the mapping. */
static struct bldr_value *applied_of(const struct bldr_value *state)
{
	static const char *const channels[] = { "profile", "sttm" };
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		const struct bldr_value *applied =
			bldr_get(bldr_get(state, channels[i]), "applied");

		for (size_t k = 0; k < bldr_count(applied); k++) {
			bldr_list_add(list, bldr_ref(bldr_at(applied, k)));
		}
	}
	return list;
}

static struct bldr_value *list_of(const struct bldr_value *v, const char *key)
{
	const struct bldr_value *list = bldr_get(v, key);

	return list != NULL ? bldr_ref(list) : bldr_list();
}

struct bldr_value *outcome_knowledge(const struct bldr_value *state)
{
	static const char *const channels[] = { "recalled", "recalled_build", "learned" };
	struct bldr_value *v = bldr_object();
	struct bldr_value *shown = bldr_list();
	struct bldr_value *errors = bldr_list();

	add_shown(shown, "analyst", bldr_get(state, "recalled"));
	add_shown(shown, "developer", bldr_get(state, "recalled_build"));
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		const char *error = bldr_get_text(bldr_get(state, channels[i]), "error");

		if (error != NULL) {
			bldr_list_add(errors, bldr_text(error));
		}
	}
	bldr_object_set(v, "shown", shown);
	bldr_object_set(v, "applied", applied_of(state));
	bldr_object_set(v, "learned", list_of(bldr_get(state, "learned"), "learned"));
	if (bldr_count(errors) > 0) {
		bldr_object_set(v, "errors", errors);
	} else {
		bldr_unref(errors);
	}
	return v;
}
