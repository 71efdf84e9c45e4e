/*
 * The end of a run for the knowledge base, in two rounds: what there is to learn is worked out from the artefacts, then
 * kept by one local effect together with the run's record of it. The items that the run was shown are judged there too.
 */
#include <string.h>

#include "agents/evaluator/lessons.h"
#include "agents/knowledge.h"
#include "agents/nodes.h"
#include "kb/kb.h"

static const char *const reads[] = { "job",      "attempts",       "sources",  "profile",
				     "design",   "sttm",           "findings", "evaluation",
				     "recalled", "recalled_build", NULL };
static const char *const writes[] = { "learned", NULL };

static void prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	struct bldr_value *args;

	if (!knowledge_is_on(v)) {
		return;
	}
	if (v->round == 0) {
		bldr_plan_work(p, "evaluator.lessons", BLDR_PURE, bldr_copy(v->state));
		return;
	}
	args = bldr_copy(v->kept);
	bldr_object_set(args, "run", bldr_text(bldr_get_text(bldr_get(v->state, "job"), "run")));
	bldr_plan_add(p, "kb.learn", BLDR_LOCAL, args, 0);
}

static void absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		   struct bldr_patch *p)
{
	struct bldr_value *nothing;

	if (n > 0 && results[0].status == BLDR_DONE && v->round == 0) {
		bldr_patch_again(p, bldr_ref(results[0].value));
		return;
	}
	if (n > 0 && results[0].status == BLDR_DONE) {
		bldr_patch_set(p, "learned", bldr_ref(results[0].value));
		return;
	}
	if (n > 0 && v->round == 0 && results[0].code != BLDR_E_LIMIT) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
		return;
	}
	nothing = bldr_object();
	bldr_object_set(nothing, "learned", bldr_list());
	if (n > 0) {
		bldr_object_set(nothing, "error", bldr_text(results[0].error));
	}
	bldr_patch_set(p, "learned", nothing);
}

const struct bldr_node evaluator_learn_node = {
	.name = "learn",
	.reads = reads,
	.writes = writes,
	.prepare = prepare,
	.absorb = absorb,
};

struct known {
	struct profile profile;
	struct design design;
	struct findings findings;
	struct evaluation evaluation;
	struct sttm sttm;
	struct schema schema;
};

static int read_known(struct desk *d, struct known *k, struct bldr_error *err)
{
	const struct {
		const char *name;
		void *ret;
	} artefacts[] = {
		{ "profile", &k->profile },   { "design", &k->design },
		{ "findings", &k->findings }, { "evaluation", &k->evaluation },
		{ "sttm", &k->sttm },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
		r = desk_read(d, artefacts[i].name, artefacts[i].ret, err);
	}
	if (r == 0) {
		schema_of(&k->profile, &d->arena, &k->schema);
	}
	return r;
}

static const char *hash_in(const struct bldr_value *v)
{
	const char *hash = bldr_get_text(bldr_get(v, "ref"), "hash");

	return hash != NULL ? hash : "";
}

/* The i-th attempt; behind the last one the channels as they ended. */
static const struct bldr_value *attempt_value(struct desk *d, size_t i, const char *name)
{
	const struct bldr_value *attempts = bldr_get(d->args, "attempts");

	return i < bldr_count(attempts) ? bldr_get(bldr_at(attempts, i), name)
					: bldr_get(d->args, name);
}

/* What an attempt and the one after it are made of. */
struct pair {
	struct sources sources[2];
	struct profile profiles[2];
	struct sttm sttms[2];
	struct findings findings[2];
};

static int read_pair(struct desk *d, size_t attempt, struct pair *p, struct bldr_error *err)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < 2; k++) {
		const struct {
			const char *name;
			void *ret;
		} artefacts[] = {
			{ "sources", &p->sources[k] },
			{ "profile", &p->profiles[k] },
			{ "sttm", &p->sttms[k] },
			{ "findings", &p->findings[k] },
		};

		for (size_t i = 0; r == 0 && i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
			const char *name = artefacts[i].name;

			r = desk_read_value(d, name, attempt_value(d, attempt + k, name),
					    artefacts[i].ret, err);
		}
	}
	return r;
}

static int learn_attempt(struct desk *d, const struct lessons_input *in, size_t i,
			 struct bldr_value *lessons, struct bldr_error *err)
{
	struct pair p;
	struct lessons_attempt attempt = {
		.sources = { &p.sources[0], &p.sources[1] },
		.profiles = { &p.profiles[0], &p.profiles[1] },
		.wrong = &p.sttms[0],
		.right = &p.sttms[1],
		.before = &p.findings[0],
		.after = &p.findings[1],
		.before_hash = hash_in(attempt_value(d, i, "findings")),
		.after_hash = hash_in(attempt_value(d, i + 1, "findings")),
		.tried = attempt_value(d, i, "tried"),
		.validated = strcmp(in->evaluation->verdict, "validated") == 0,
	};
	int r = read_pair(d, i, &p, err);

	for (size_t k = 0; k < 2; k++) {
		attempt.profile_hashes[k] = hash_in(attempt_value(d, i + k, "profile"));
		attempt.sttm_hashes[k] = hash_in(attempt_value(d, i + k, "sttm"));
	}
	if (r == 0) {
		lessons_corrections(d, in, &attempt, lessons);
	}
	return r;
}

/* Adds the text to the list once. */
static void add_once(struct bldr_value *list, const char *text)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (strcmp(bldr_as_text(bldr_at(list, i)), text) == 0) {
			return;
		}
	}
	bldr_list_add(list, bldr_text(text));
}

static void add_shown(struct desk *d, const char *channel, struct bldr_value *shown)
{
	const struct bldr_value *items = bldr_get(bldr_get(d->args, channel), "items");

	for (size_t i = 0; i < bldr_count(items); i++) {
		const char *id = bldr_get_text(bldr_at(items, i), "id");

		if (id != NULL) {
			add_once(shown, id);
		}
	}
}

static bool is_key(const struct bldr_value *v)
{
	const char *repair = bldr_get_text(v, "repair");

	return repair != NULL && strcmp(repair, "key") == 0;
}

/* Whether the Tester, in any round, wanted repaired what an applied correction is about: a table's key, or a column. */
static bool was_wrong(struct desk *d, const struct bldr_value *applied)
{
	size_t n = bldr_count(bldr_get(d->args, "attempts"));

	for (size_t i = 0; i <= n; i++) {
		const struct bldr_value *repairs =
			bldr_get(attempt_value(d, i, "findings"), "repairs");

		for (size_t k = 0; k < bldr_count(repairs); k++) {
			const struct bldr_value *r = bldr_at(repairs, k);
			bool about = is_key(applied)
				? is_key(r)
				: bldr_equal(bldr_get(r, "column"), bldr_get(applied, "column"));

			if (about && bldr_equal(bldr_get(r, "table"), bldr_get(applied, "table"))) {
				return true;
			}
		}
	}
	return false;
}

static void judge_applied(struct desk *d, const struct bldr_value *applied, bool validated,
			  struct bldr_value *helped, struct bldr_value *hurt)
{
	for (size_t k = 0; k < bldr_count(applied); k++) {
		const struct bldr_value *one = bldr_at(applied, k);
		const char *id = bldr_get_text(one, "id");

		if (id != NULL && was_wrong(d, one)) {
			add_once(hurt, id);
		} else if (id != NULL && validated) {
			add_once(helped, id);
		}
	}
}

static void judge_attempts(struct desk *d, bool validated, struct bldr_value *helped,
			   struct bldr_value *hurt)
{
	static const char *const channels[] = { "profile", "sttm" };
	size_t n = bldr_count(bldr_get(d->args, "attempts"));

	for (size_t i = 0; i <= n; i++) {
		for (size_t c = 0; c < sizeof(channels) / sizeof(channels[0]); c++) {
			judge_applied(d, bldr_get(attempt_value(d, i, channels[c]), "applied"),
				      validated, helped, hurt);
		}
	}
}

static int lessons(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct known k;
	struct lessons_input in = {
		.profile = &k.profile,
		.design = &k.design,
		.findings = &k.findings,
		.evaluation = &k.evaluation,
		.schema = &k.schema,
		.sttm_hash = hash_in(bldr_get(d->args, "sttm")),
		.findings_hash = hash_in(bldr_get(d->args, "findings")),
	};
	struct bldr_value *list = bldr_list();
	struct bldr_value *shown = bldr_list();
	struct bldr_value *helped = bldr_list();
	struct bldr_value *hurt = bldr_list();
	int r = read_known(d, &k, err);
	bool validated = r == 0 && strcmp(k.evaluation.verdict, "validated") == 0;

	for (size_t i = 0; r == 0 && i < bldr_count(bldr_get(d->args, "attempts")); i++) {
		r = learn_attempt(d, &in, i, list, err);
	}
	if (validated && r == 0) {
		lessons_golden(d, &in, list);
	}
	add_shown(d, "recalled", shown);
	add_shown(d, "recalled_build", shown);
	judge_attempts(d, validated, helped, hurt);
	*ret = bldr_object();
	bldr_object_set(*ret, "lessons", list);
	bldr_object_set(*ret, "shown", shown);
	bldr_object_set(*ret, "helped", helped);
	bldr_object_set(*ret, "hurt", hurt);
	if (r < 0) {
		bldr_unref(*ret);
		*ret = NULL;
	}
	return r;
}

int evaluator_lessons_work(const struct bldr_work *w, struct bldr_value **ret,
			   struct bldr_error *err)
{
	return desk_work(w, lessons, ret, err);
}
