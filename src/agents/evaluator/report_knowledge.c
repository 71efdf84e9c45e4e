/* What the run was shown by the knowledge base, what it applied of that, and what it taught. */
#include <string.h>

#include "agents/evaluator/report_parts.h"

static bool is_applied(const struct bldr_value *applied, const char *id)
{
	for (size_t i = 0; i < bldr_count(applied); i++) {
		const char *other = bldr_get_text(bldr_at(applied, i), "id");

		if (other != NULL && id != NULL && strcmp(other, id) == 0) {
			return true;
		}
	}
	return false;
}

static void add_item(struct bldr_value *list, const struct bldr_value *item, const char *who,
		     const char *what)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "id", bldr_text(bldr_get_text(item, "id")));
	bldr_object_set(v, "kind", bldr_text(bldr_get_text(item, "kind")));
	bldr_object_set(v, "title", bldr_text(bldr_get_text(item, "title")));
	bldr_object_set(v, "who", bldr_text(who));
	bldr_object_set(v, "what", bldr_text(what));
	bldr_list_add(list, v);
}

static void add_shown(struct bldr_value *list, const struct bldr_value *recalled, const char *who,
		      const struct bldr_value *design, const struct bldr_value *mapping)
{
	const struct bldr_value *items = bldr_get(recalled, "items");

	for (size_t i = 0; i < bldr_count(items); i++) {
		const struct bldr_value *item = bldr_at(items, i);
		const char *id = bldr_get_text(item, "id");

		add_item(list, item, who,
			 is_applied(design, id)            ? "shown, and changed the design"
				 : is_applied(mapping, id) ? "shown, and changed the mapping"
							   : "shown");
	}
}

struct bldr_value *report_knowledge(const struct report_input *in, struct arena *a)
{
	const struct bldr_value *learned = bldr_get(bldr_get(in->knowledge, "learned"), "learned");
	const struct bldr_value *design = bldr_get(bldr_get(in->knowledge, "profile"), "applied");
	const struct bldr_value *mapping = bldr_get(bldr_get(in->knowledge, "sttm"), "applied");
	struct bldr_value *part = bldr_object();
	struct bldr_value *items = bldr_list();

	(void)a;
	add_shown(items, bldr_get(in->knowledge, "recalled"), "Analyst", design, mapping);
	add_shown(items, bldr_get(in->knowledge, "recalled_build"), "Developer", NULL, NULL);
	for (size_t i = 0; i < bldr_count(learned); i++) {
		const struct bldr_value *item = bldr_at(learned, i);

		add_item(items, item, "Evaluator",
			 bldr_as_bool(bldr_get(item, "new"), false) ? "learned" : "seen again");
	}
	bldr_object_set(part, "any", bldr_bool(bldr_count(items) > 0));
	bldr_object_set(part, "items", items);
	return part;
}
