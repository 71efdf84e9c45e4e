/* How the run went: who was asked next and why, how the score came about, what was emitted, and the artefacts. */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"
#include "base/decimal.h"

static struct bldr_value *decisions_value(const struct report_input *in)
{
	struct bldr_value *list = bldr_list();
	int64_t round = 0;
	for (size_t i = 0; i < bldr_count(in->decisions); i++) {
		const struct bldr_value *decision = bldr_at(in->decisions, i);
		const char *next = bldr_get_text(decision, "next");
		bool maps = next != NULL && strcmp(next, "analyst.map") == 0;
		struct bldr_value *v = bldr_object();
		round += maps ? 1 : 0;
		bldr_object_set(v, "next",
				bldr_text(next != NULL && strcmp(next, "__end__") == 0 ? "end"
										       : next));
		bldr_object_set(v, "reason", bldr_text(bldr_get_text(decision, "reason")));
		bldr_object_set(v, "round",
				maps ? bldr_textf("mapping round %lld", (long long)round) : NULL);
		bldr_list_add(list, v);
	}
	return list;
}

/* A score of 0.00 to 1.00 in hundredths; what is none counts as 0. */
static int64_t hundredths(const char *score)
{
	struct decimal d;
	if (!decimal_parse(score, strlen(score), &d) || !decimal_rescale(d, 2, &d) || d.units < 0 ||
	    d.units > 100) {
		return 0;
	}
	return (int64_t)d.units;
}

static struct bldr_value *rubrics_value(const struct evaluation *e, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < e->rubrics.n; i++) {
		const struct rubric *r = &e->rubrics.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "name", bldr_text(r->name));
		bldr_object_set(v, "weight", bldr_text(report_number(a, r->weight)));
		bldr_object_set(v, "score", bldr_text(r->score));
		bldr_object_set(v, "bar", bldr_int(hundredths(r->score)));
		bldr_object_set(v, "reason", bldr_text(r->reason));
		bldr_list_add(list, v);
	}
	return list;
}

static struct bldr_value *files_value(const struct pipeline *p, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < p->files.n; i++) {
		const struct pipeline_file *f = &p->files.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "path", bldr_text(f->path));
		bldr_object_set(v, "kind", bldr_text(f->kind));
		bldr_object_set(v, "layer", bldr_text(f->layer));
		bldr_object_set(v, "bytes", bldr_text(report_number(a, f->bytes)));
		bldr_object_set(v, "hash", bldr_text(f->hash));
		bldr_list_add(list, v);
	}
	return list;
}

static struct bldr_value *refused_value(const struct pipeline *p)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < p->refused.n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "path", bldr_text(p->refused.at[i].path));
		bldr_object_set(v, "reason", bldr_text(p->refused.at[i].reason));
		bldr_list_add(list, v);
	}
	return list;
}

static void add_artefact(struct bldr_value *list, const char *name, const struct artefact_head *head)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *inputs = bldr_list();
	for (size_t i = 0; i < head->inputs.n; i++) {
		struct bldr_value *input = bldr_object();
		bldr_object_set(input, "artefact", bldr_text(head->inputs.at[i].artefact));
		bldr_object_set(input, "hash", bldr_textf("%.12s", head->inputs.at[i].hash));
		bldr_list_add(inputs, input);
	}
	bldr_object_set(v, "name", bldr_text(name));
	bldr_object_set(v, "version", bldr_int(head->version));
	bldr_object_set(v, "original", bldr_bool(head->inputs.n == 0));
	bldr_object_set(v, "inputs", inputs);
	bldr_list_add(list, v);
}

static struct bldr_value *artefacts_value(const struct report_input *in)
{
	struct bldr_value *list = bldr_list();
	add_artefact(list, "sources", &in->sources->head);
	add_artefact(list, "profile", &in->profile->head);
	add_artefact(list, "design", &in->design->head);
	add_artefact(list, "contract", &in->contract->head);
	add_artefact(list, "sttm", &in->sttm->head);
	add_artefact(list, "pipeline", &in->pipeline->head);
	add_artefact(list, "deployment", &in->deployment->head);
	add_artefact(list, "findings", &in->findings->head);
	add_artefact(list, "evaluation", &in->evaluation->head);
	return list;
}

static struct bldr_value *loads_value(const struct deployment *d, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < d->tables.n; i++) {
		const struct deployment_table *t = &d->tables.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "name", bldr_text(t->name));
		bldr_object_set(v, "rows", bldr_text(report_number(a, t->rows)));
		bldr_object_set(v, "reserved", bldr_text(report_number(a, t->reserved)));
		bldr_object_set(v, "quarantined", bldr_text(report_number(a, t->quarantined)));
		bldr_object_set(v, "digest", bldr_text(t->digest));
		bldr_list_add(list, v);
	}
	return list;
}

/* What became of every record of every file. */
static void set_records(struct bldr_value *part, const struct report_input *in, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	bool duplicates = false;
	for (size_t i = 0; i < in->deployment->sources.n; i++) {
		const struct deployment_source *s = &in->deployment->sources.at[i];
		struct bldr_value *v = bldr_object();
		duplicates = duplicates || s->duplicates > 0;
		bldr_object_set(v, "path", bldr_text(s->path));
		bldr_object_set(v, "id", bldr_text(report_source_id(in, s->table, a)));
		bldr_object_set(v, "read", bldr_text(report_number(a, s->read)));
		bldr_object_set(v, "loaded", bldr_text(report_number(a, s->loaded)));
		bldr_object_set(v, "rejected", bldr_text(report_number(a, s->rejected)));
		bldr_object_set(v, "any_rejected", bldr_bool(s->rejected > 0));
		bldr_object_set(v, "duplicates", bldr_text(report_number(a, s->duplicates)));
		bldr_object_set(v, "any_duplicates", bldr_bool(s->duplicates > 0));
		bldr_list_add(list, v);
	}
	bldr_object_set(part, "any_records", bldr_bool(bldr_count(list) > 0));
	bldr_object_set(part, "duplicated", bldr_bool(duplicates));
	bldr_object_set(part, "records", list);
}

struct bldr_value *report_run(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	bldr_object_set(part, "score", bldr_text(in->evaluation->score));
	bldr_object_set(part, "rubrics", rubrics_value(in->evaluation, a));
	bldr_object_set(part, "decided", bldr_bool(bldr_count(in->decisions) > 0));
	bldr_object_set(part, "decisions", decisions_value(in));
	bldr_object_set(part, "any_files", bldr_bool(in->pipeline->files.n > 0));
	bldr_object_set(part, "file_count",
			bldr_text(report_count(a, (int64_t)in->pipeline->files.n, "file")));
	bldr_object_set(part, "files", files_value(in->pipeline, a));
	bldr_object_set(part, "any_refused", bldr_bool(in->pipeline->refused.n > 0));
	bldr_object_set(part, "refused", refused_value(in->pipeline));
	bldr_object_set(part, "target", bldr_text(in->deployment->target));
	bldr_object_set(part, "warehouse", bldr_text(in->deployment->warehouse));
	bldr_object_set(part, "loads", loads_value(in->deployment, a));
	bldr_object_set(part, "artefacts", artefacts_value(in));
	set_records(part, in, a);
	return part;
}
