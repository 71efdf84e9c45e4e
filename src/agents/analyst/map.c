/*
 * Writes the STTM. In a later round it is entered with the Tester's advice and the mapping that failed:
 * what that mapping chose is then ruled out, and the runner-up is taken.
 */
#include <string.h>

#include "agents/analyst/corrections.h"
#include "agents/desk.h"
#include "agents/handover.h"
#include "agents/nodes.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/shape.h"
#include "warehouse/warehouse.h"

enum { DOCUMENT_MAX = 16 << 20 };

static const char *const reads[] = { "job",    "rounds", "advice",   "sources",  "profile",
				     "design", "sttm",   "attempts", "recalled", NULL };
static const char *const writes[] = { "sttm", NULL };
static const struct handover handover = { "analyst.map", BLDR_PURE, "sttm" };

const struct bldr_node analyst_map_node = {
	.name = "map",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

struct attempts {
	size_t n;
	struct sttm *sttms; /* of the rounds that were sent back */
};

static int read_attempts(struct desk *d, struct attempts *ret, struct bldr_error *err)
{
	const struct bldr_value *list = bldr_get(d->args, "attempts");
	int r = 0;

	ret->n = bldr_count(list);
	ret->sttms = ARENA_ARRAY(&d->arena, struct sttm, ret->n);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		r = desk_read_value(d, "sttm", bldr_get(bldr_at(list, i), "sttm"), &ret->sttms[i],
				    err);
	}
	return r;
}

/* One advice per column that the tester blames, with what every failed mapping had chosen. */
static int read_advice(struct desk *d, const struct attempts *attempts, advices *ret,
		       struct bldr_error *err)
{
	const struct bldr_value *list = bldr_get(d->args, "advice");

	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *item = bldr_at(list, i);

		struct mapping_advice advice = {
			.repair = bldr_get_text(item, "repair"),
			.table = bldr_get_text(item, "table"),
			.column = bldr_get_text(item, "column"),
		};

		if (advice.repair == NULL || advice.table == NULL || advice.column == NULL) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "advice %zu lacks repair, table or column", i);
		}
		for (size_t k = 0; k < attempts->n; k++) {
			sttm_choices(&attempts->sttms[k], &advice, &d->arena);
		}
		*LIST_ADD(&d->arena, ret) = advice;
	}
	return 0;
}

static bool same_tables(const struct sttm *a, const struct sttm *b)
{
	struct sttm bare[2] = { { .tables = a->tables }, { .tables = b->tables } };
	struct bldr_value *x = shape_encode(&sttm_shape, &bare[0]);
	struct bldr_value *y = shape_encode(&sttm_shape, &bare[1]);
	bool same = bldr_equal(x, y);

	bldr_unref(x);
	bldr_unref(y);
	return same;
}

/* Whether a mapping that the Tester refused was the same: another round of it would end as that one did. */
static bool was_refused(const struct sttm *sttm, const struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->n; i++) {
		if (same_tables(sttm, &attempts->sttms[i])) {
			return true;
		}
	}
	return false;
}

/* The mapping that failed stays the last one. */
static struct bldr_value *unchanged(struct desk *d)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "ref", bldr_ref(bldr_get(bldr_get(d->args, "sttm"), "ref")));
	bldr_object_set(v, "unchanged", bldr_bool(true));
	return v;
}

/* The mapping for people, beside the artefact: artefacts/sttm.v1.md and .csv. */
static int write_documents(struct desk *d, const struct sttm *sttm, struct bldr_error *err)
{
	static const struct {
		const char *suffix;
		int (*write)(const struct sttm *sttm, struct buf *out, struct bldr_error *err);
	} documents[] = { { "md", sttm_markdown }, { "csv", sttm_csv } };
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		struct buf out;

		buf_init(&out, DOCUMENT_MAX);
		r = documents[i].write(sttm, &out, err);
		if (r == 0 && buf_failed(&out)) {
			r = bldr_error_set(err, BLDR_E_LIMIT, "the mapping document exceeds 16 MB");
		}
		if (r == 0) {
			r = file_write(arena_printf(&d->arena, "%s/artefacts/sttm.v%lld.%s",
						    d->folder, (long long)sttm->head.version,
						    documents[i].suffix),
				       out.data, out.size, err);
		}
		buf_release(&out);
	}
	return r;
}

static int map(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	static const char *const inputs[] = { "sources", "profile", "design", NULL };
	struct sources sources;
	struct profile profile;
	struct design design;
	struct bldr_value *applied = bldr_list();
	advices advice = { 0 };
	struct attempts attempts = { 0 };
	struct sttm sttm = { 0 };
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "profile", &profile, err);
	}
	if (r == 0) {
		r = desk_read(d, "design", &design, err);
	}
	if (r == 0) {
		r = read_attempts(d, &attempts, err);
	}
	if (r == 0) {
		r = read_advice(d, &attempts, &advice, err);
	}
	if (r == 0) {
		corrections_advise(d, &profile, &advice, applied);
	}
	if (r == 0) {
		r = map_design(&sources, &profile, &design, advice.at, advice.n, &d->arena, &sttm,
			       err);
	}
	if (r < 0) {
		bldr_unref(applied);
		return r;
	}
	if (bldr_count(bldr_get(d->args, "advice")) > 0 && was_refused(&sttm, &attempts)) {
		bldr_unref(applied);
		*ret = unchanged(d);
		return 0;
	}
	sttm.head.version = d->round;
	r = desk_derive(d, &sttm.head, inputs, err);
	if (r == 0) {
		r = desk_write(d, "sttm", NULL, &sttm, ret, err);
	}
	if (r == 0 && bldr_count(applied) > 0) {
		bldr_object_set(*ret, "applied", bldr_ref(applied));
	}
	bldr_unref(applied);
	return r < 0 ? r : write_documents(d, &sttm, err);
}

int analyst_map_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, map, ret, err);
}
