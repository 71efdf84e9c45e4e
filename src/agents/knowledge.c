/*
 * Recall and learning are effects of class local: what was recalled is recorded with the run before anybody uses it,
 * and what was learned is durable together with the run's record of it. Knowledge is a help: when it fails for any
 * reason but the disk, the reason is kept and the run goes on without.
 */
#include "agents/knowledge.h"

#include <string.h>

#include "kb/kb.h"

const char *const knowledge_recall_reads[] = { "job", "schema", NULL };

bool knowledge_is_on(const struct bldr_view *v)
{
	return bldr_as_bool(bldr_get(bldr_get(v->state, "job"), "knowledge"), true);
}

/* ---- kb.recall {"agent", "source", "tables", "words"} -> {"items": [{id, kind, title, score, body}]} ---- */

static struct bldr_value *item_value(const struct kb_item *item)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *body = NULL;

	(void)bldr_value_parse(item->body, strlen(item->body), &body, NULL);
	bldr_object_set(v, "id", bldr_text(item->id));
	bldr_object_set(v, "kind", bldr_text(kb_kind_name(item->kind)));
	bldr_object_set(v, "title", bldr_text(item->title));
	bldr_object_set(v, "score", bldr_int(item->score));
	bldr_object_set(v, "body", body);
	return v;
}

static int recall(const struct bldr_local *l, struct bldr_value **ret, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct kb_question q;
	kb_items items = { 0 };
	int rc = kb_question_decode(l->args, &a, &q, err);

	rc = rc < 0 ? rc : kb_recall(l->store, &q, l->now_ms, &a, &items, err);
	if (rc == 0) {
		struct bldr_value *list = bldr_list();

		for (size_t i = 0; i < items.n; i++) {
			bldr_list_add(list, item_value(&items.at[i]));
		}
		*ret = bldr_object();
		bldr_object_set(*ret, "items", list);
	}
	arena_release(&a);
	return rc;
}

/*
 * ---- kb.learn {"run", "lessons", "shown", "helped", "hurt"}
 *	-> {"learned": [{id, kind, title, trusted, new}], "refused": [why]} ----
 */

/* Takes list of ids. */
static int judge(const struct bldr_local *l, const char *list, enum kb_outcome outcome,
		 struct bldr_error *err)
{
	const struct bldr_value *ids = bldr_get(l->args, list);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < bldr_count(ids); i++) {
		const char *id = bldr_as_text(bldr_at(ids, i));

		rc = id != NULL ? kb_judge(l->store, id, outcome, l->now_ms, err) : 0;
	}
	return rc;
}

/* A lesson that may not be kept is told, and does not hinder the others. */
static int learn_one(const struct bldr_local *l, const char *run, const struct bldr_value *lesson,
		     struct bldr_value *learned, struct bldr_value *refused, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct kb_lesson decoded;
	char id[KB_ID_MAX];
	bool fresh;
	int rc = kb_lesson_decode(lesson, &a, &decoded, err);

	if (rc < 0) {
		bldr_list_add(refused, bldr_text(err->text));
		arena_release(&a);
		return 0;
	}
	rc = kb_learn(l->store, &decoded, run, l->now_ms, id, &fresh, err);
	if (rc == 0) {
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "id", bldr_text(id));
		bldr_object_set(v, "kind", bldr_text(kb_kind_name(decoded.kind)));
		bldr_object_set(v, "title", bldr_text(decoded.title));
		bldr_object_set(v, "trusted", bldr_bool(decoded.trusted));
		bldr_object_set(v, "new", bldr_bool(fresh));
		bldr_list_add(learned, v);
	}
	arena_release(&a);
	return rc;
}

static int learn(const struct bldr_local *l, struct bldr_value **ret, struct bldr_error *err)
{
	const char *run = bldr_get_text(l->args, "run");
	const struct bldr_value *lessons = bldr_get(l->args, "lessons");
	struct bldr_value *learned = bldr_list();
	struct bldr_value *refused = bldr_list();
	int rc = run == NULL || bldr_count(lessons) > KB_LESSONS_MAX
		? bldr_error_set(err, BLDR_E_INVALID, "kb.learn needs a run and at most %d lessons",
				 KB_LESSONS_MAX)
		: 0;

	rc = rc < 0 ? rc : judge(l, "shown", KB_SHOWN, err);
	rc = rc < 0 ? rc : judge(l, "helped", KB_HELPED, err);
	rc = rc < 0 ? rc : judge(l, "hurt", KB_HURT, err);
	for (size_t i = 0; rc == 0 && i < bldr_count(lessons); i++) {
		rc = learn_one(l, run, bldr_at(lessons, i), learned, refused, err);
	}
	if (rc < 0) {
		bldr_unref(learned);
		bldr_unref(refused);
		return rc;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "learned", learned);
	bldr_object_set(*ret, "refused", refused);
	return 0;
}

int knowledge_register(struct bldr_engine *e, struct bldr_error *err)
{
	static const struct bldr_local_type types[] = {
		{ .name = "kb.recall", .fn = recall, .open = kb_open },
		{ .name = "kb.learn", .fn = learn, .open = kb_open },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(types) / sizeof(types[0]); i++) {
		rc = bldr_engine_add_local(e, &types[i], err);
	}
	return rc;
}

/* ---- the node that recalls ---- */

void knowledge_recall_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	static const char *const keys[] = { "source", "tables", "words" };
	const struct recaller *r = v->config;
	const struct bldr_value *schema = bldr_get(v->state, "schema");
	struct bldr_value *args;

	if (!knowledge_is_on(v)) {
		return;
	}
	args = bldr_object();
	bldr_object_set(args, "agent", bldr_text(r->agent));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (bldr_get(schema, keys[i]) != NULL) {
			bldr_object_set(args, keys[i], bldr_ref(bldr_get(schema, keys[i])));
		}
	}
	bldr_plan_add(p, "kb.recall", BLDR_LOCAL, args, 0);
}

void knowledge_recall_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			     struct bldr_patch *patch)
{
	const struct recaller *r = v->config;
	struct bldr_value *given;

	if (n > 0 && results[0].status == BLDR_DONE) {
		bldr_patch_set(patch, r->gives, bldr_ref(results[0].value));
		return;
	}
	given = bldr_object();
	bldr_object_set(given, "items", bldr_list());
	if (n > 0) {
		bldr_object_set(given, "error", bldr_text(results[0].error));
	}
	bldr_patch_set(patch, r->gives, given);
}
