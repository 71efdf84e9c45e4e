/*
 * The example of a validated run, and which of its rounds may teach a correction. Lessons are names, types, masks, formats
 * and ids of checks. What a finding found or sampled, a rule's null tokens and literals, and every other value stay behind.
 */
#include "agents/evaluator/lessons.h"

#include <string.h>

#include "agents/evaluator/correction.h"
#include "base/buf.h"
#include "kb/choice.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

enum { STAR_BYTES = 4000, CHOSEN_BYTES = 4000, LINE_MAX_BYTES = 600 };

/* ---- golden examples ---- */

static void add_columns(struct buf *out, const struct design_table *t, int role, const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];

		if (c->role != role) {
			continue;
		}
		buf_printf(out, "%s%s", n++ == 0 ? what : ", ", c->name);
		if (c->dimension != NULL) {
			buf_printf(out, " -> %s", c->dimension);
		}
	}
}

/* "fact_order: from orders; one row per order_id; keys customer_key -> dim_customer; measures amount" */
static const char *star_line(const struct design_table *t, struct arena *a)
{
	struct buf out;
	const char *line;

	buf_init(&out, LINE_MAX_BYTES);
	buf_puts(&out, t->name);
	if (t->source != NULL) {
		buf_printf(&out, ": from %s", t->source);
	}
	for (size_t i = 0; i < t->grain_columns.n; i++) {
		buf_printf(&out, "%s%s", i == 0 ? "; one row per " : ", ", t->grain_columns.at[i]);
	}
	add_columns(&out, t, ROLE_DIMENSION_KEY, "; keys ");
	add_columns(&out, t, ROLE_MEASURE, "; measures ");
	add_columns(&out, t, ROLE_ATTRIBUTE, "; attributes ");
	line = arena_strdup(a, out.data);
	buf_release(&out);
	return line;
}

static struct bldr_value *star_value(const struct design *design, struct arena *a)
{
	struct bldr_value *body = bldr_object();
	struct bldr_value *star = bldr_list();
	size_t bytes = 0;

	for (size_t i = 0; i < design->tables.n; i++) {
		const char *line = star_line(&design->tables.at[i], a);

		bytes += strlen(line) + 4;
		if (bytes > STAR_BYTES) {
			bldr_object_set(body, "cut", bldr_bool(true));
			break;
		}
		bldr_list_add(star, bldr_text(line));
	}
	bldr_object_set(body, "tables", bldr_int((int64_t)design->tables.n));
	bldr_object_set(body, "star", star);
	return body;
}

/* The key of every table; NULL: of so many tables that they are no help. */
static struct bldr_value *chosen_value(const struct schema *schema, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	size_t bytes = 0;

	for (size_t i = 0; i < schema->tables.n; i++) {
		const struct table_profile *t = schema->tables.at[i].profile;
		struct bldr_value *v = bldr_object();
		const char *key = "";

		for (size_t k = 0; k < t->keys.n; k++) {
			if (t->keys.at[k].chosen) {
				key = kb_choice_key(a, t->keys.at[k].columns.at,
						    t->keys.at[k].columns.n);
			}
		}
		bldr_object_set(v, "table", bldr_text(schema->tables.at[i].fingerprint));
		bldr_object_set(v, "key", bldr_text(key));
		bldr_list_add(list, v);
		bytes += KB_FINGERPRINT_MAX + strlen(key) + sizeof("{'table':'','key':''},");
	}
	if (bytes > CHOSEN_BYTES) {
		bldr_unref(list);
		return NULL;
	}
	return list;
}

static const char *golden_title(const struct lessons_input *in, struct arena *a)
{
	struct buf out;
	const char *title;

	buf_init(&out, KB_TITLE_MAX);
	buf_printf(&out, "star of %zu source tables:", in->profile->tables.n);
	for (size_t i = 0; i < in->design->tables.n; i++) {
		if (out.size + strlen(in->design->tables.at[i].name) + 2 <= out.max) {
			buf_printf(&out, " %s", in->design->tables.at[i].name);
		}
	}
	title = arena_strdup(a, out.data);
	buf_release(&out);
	return title;
}

void lessons_golden(struct desk *d, const struct lessons_input *in, struct bldr_value *lessons)
{
	struct bldr_value *tables = bldr_list();
	struct bldr_value *evidence = bldr_object();
	struct bldr_value *body = star_value(in->design, &d->arena);
	struct bldr_value *chosen = chosen_value(in->schema, &d->arena);
	struct bldr_value *v;

	for (size_t i = 0; i < in->schema->tables.n && i < KB_FINGERPRINTS_MAX - 1; i++) {
		bldr_list_add(tables, bldr_text(in->schema->tables.at[i].fingerprint));
	}
	v = lesson_new("golden", "any", true, in->schema->source, tables,
		       golden_title(in, &d->arena),
		       schema_words(in->profile, &d->arena, KB_WORDS_MAX));
	bldr_object_set(evidence, "verdict", bldr_text(in->evaluation->verdict));
	bldr_object_set(evidence, "score", bldr_text(in->evaluation->score));
	bldr_object_set(evidence, "rounds", bldr_int(in->evaluation->rounds));
	bldr_object_set(evidence, "checks", bldr_int((int64_t)in->findings->checks.n));
	bldr_object_set(evidence, "findings", bldr_text(in->findings_hash));
	bldr_object_set(evidence, "sttm", bldr_text(in->sttm_hash));
	if (chosen != NULL) {
		bldr_object_set(body, "chosen", chosen);
	}
	bldr_object_set(v, "body", body);
	bldr_object_set(v, "evidence", evidence);
	bldr_list_add(lessons, v);
}

/* ---- corrections ---- */

enum tried { TRIED_OTHER, TRIED_MAPPING, TRIED_DESIGN };

/* Whether all that was tried are repairs of columns of the mapping, or of the design. */
static enum tried kind_of(const struct bldr_value *tried)
{
	enum tried kind = TRIED_OTHER;

	for (size_t i = 0; i < bldr_count(tried); i++) {
		const char *repair = bldr_get_text(bldr_at(tried, i), "repair");
		bool design = repair != NULL &&
			(strcmp(repair, "key") == 0 || strcmp(repair, "reference") == 0);
		enum tried one = design ? TRIED_DESIGN : TRIED_MAPPING;

		if (repair == NULL || bldr_get_text(bldr_at(tried, i), "table") == NULL ||
		    (!design && bldr_get_text(bldr_at(tried, i), "column") == NULL) ||
		    (kind != TRIED_OTHER && kind != one)) {
			return TRIED_OTHER;
		}
		kind = one;
	}
	return kind;
}

void lessons_corrections(struct desk *d, const struct lessons_input *in,
			 const struct lessons_attempt *t, struct bldr_value *lessons)
{
	switch (kind_of(t->tried)) {
	case TRIED_MAPPING:
		correction_of_mapping(d, in, t, lessons);
		break;
	case TRIED_DESIGN:
		correction_of_design(d, in, t, lessons);
		break;
	case TRIED_OTHER: /* the load was made again: nobody chose wrong */
		break;
	}
}
