/*
 * Lessons are names, types, masks, formats and ids of checks. What a finding found or sampled, a rule's null tokens and
 * literals, and every other value stay behind.
 */
#include "agents/evaluator/lessons.h"

#include <string.h>

#include "base/buf.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"
#include "warehouse/warehouse.h"

enum { CHECKS_SHOWN = 20, STAR_BYTES = 6000, LINE_MAX_BYTES = 600, CHANGES_MAX = 16 };

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

/* What all lessons share. */
static struct bldr_value *lesson(const char *kind, const char *agent, bool trusted,
				 const char *source, struct bldr_value *tables, const char *title,
				 const char *words)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "kind", bldr_text(kind));
	bldr_object_set(v, "agent", bldr_text(agent));
	bldr_object_set(v, "trusted", bldr_bool(trusted));
	bldr_object_set(v, "source", bldr_text(source));
	bldr_object_set(v, "tables", tables);
	bldr_object_set(v, "title", bldr_text(title));
	bldr_object_set(v, "words", bldr_text(words));
	return v;
}

void lessons_golden(struct desk *d, const struct lessons_input *in, struct bldr_value *lessons)
{
	struct bldr_value *tables = bldr_list();
	struct bldr_value *evidence = bldr_object();
	struct bldr_value *v;

	for (size_t i = 0; i < in->schema->tables.n && i < KB_FINGERPRINTS_MAX - 1; i++) {
		bldr_list_add(tables, bldr_text(in->schema->tables.at[i].fingerprint));
	}
	v = lesson("golden", "any", true, in->schema->source, tables, golden_title(in, &d->arena),
		   schema_words(in->profile, &d->arena, KB_WORDS_MAX));
	bldr_object_set(evidence, "verdict", bldr_text(in->evaluation->verdict));
	bldr_object_set(evidence, "score", bldr_text(in->evaluation->score));
	bldr_object_set(evidence, "rounds", bldr_int(in->evaluation->rounds));
	bldr_object_set(evidence, "checks", bldr_int((int64_t)in->findings->checks.n));
	bldr_object_set(evidence, "findings", bldr_text(in->findings_hash));
	bldr_object_set(evidence, "sttm", bldr_text(in->sttm_hash));
	bldr_object_set(v, "body", star_value(in->design, &d->arena));
	bldr_object_set(v, "evidence", evidence);
	bldr_list_add(lessons, v);
}

/* ---- what two mappings differ in ---- */

struct change {
	const struct sttm_column *column;
	const char *table, *at, *wrong, *right;
};

struct difference {
	struct arena *a;
	const struct sttm_table *table;
	const struct sttm_column *column;
	LIST(struct change) changes;
	bool other; /* something differs that is no date format */
};

static void compare_trees(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at);

static void compare_keys(struct difference *d, const struct bldr_value *wrong,
			 const struct bldr_value *right, const char *at)
{
	d->other |= bldr_count(wrong) != bldr_count(right);
	for (void *it = bldr_first(wrong); it != NULL && !d->other; it = bldr_next(wrong, it)) {
		const struct bldr_value *other = bldr_get(right, bldr_key(it));

		if (other == NULL) {
			d->other = true;
			return;
		}
		compare_trees(d, bldr_item(it), other,
			      arena_printf(d->a, "%s/%s", at, bldr_key(it)));
	}
}

static void compare_items(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at)
{
	d->other |= bldr_count(wrong) != bldr_count(right);
	for (size_t i = 0; i < bldr_count(wrong) && !d->other; i++) {
		compare_trees(d, bldr_at(wrong, i), bldr_at(right, i),
			      arena_printf(d->a, "%s/%zu", at, i));
	}
}

/* Rules are valid, hence not deep. Only the members of a "formats" list may differ. */
static void compare_trees(struct difference *d, const struct bldr_value *wrong,
			  const struct bldr_value *right, const char *at)
{
	if (d->other || bldr_equal(wrong, right)) {
		return;
	}
	if (bldr_type_of(wrong) == BLDR_OBJECT && bldr_type_of(right) == BLDR_OBJECT) {
		compare_keys(d, wrong, right, at);
	} else if (bldr_type_of(wrong) == BLDR_LIST && bldr_type_of(right) == BLDR_LIST) {
		compare_items(d, wrong, right, at);
	} else if (bldr_as_text(wrong) != NULL && bldr_as_text(right) != NULL &&
		   strstr(at, "/formats/") != NULL && d->changes.n < CHANGES_MAX) {
		*LIST_ADD(d->a, &d->changes) = (struct change){
			.column = d->column,
			.table = d->table->name,
			.at = at,
			.wrong = bldr_as_text(wrong),
			.right = bldr_as_text(right),
		};
	} else {
		d->other = true;
	}
}

static bool reads(const struct sttm_column *c, const char *table, const char *column)
{
	for (size_t i = 0; table != NULL && column != NULL && i < c->sources.n; i++) {
		if (strcmp(c->sources.at[i].table, table) == 0 &&
		    strcmp(c->sources.at[i].column, column) == 0) {
			return true;
		}
	}
	return false;
}

static void compare_tables(struct difference *d, const struct sttm_table *wrong,
			   const struct sttm_table *right)
{
	d->table = wrong;
	d->other |= strcmp(wrong->name, right->name) != 0 || wrong->columns.n != right->columns.n ||
		wrong->joins.n != right->joins.n || wrong->dedup != right->dedup;
	for (size_t i = 0; i < wrong->columns.n && !d->other; i++) {
		d->column = &wrong->columns.at[i];
		d->other |= strcmp(d->column->target, right->columns.at[i].target) != 0;
		compare_trees(d, d->column->rule, right->columns.at[i].rule, "");
	}
}

static struct difference compare(const struct sttm *wrong, const struct sttm *right, struct arena *a)
{
	struct difference d = { .a = a, .other = wrong->tables.n != right->tables.n };

	for (size_t i = 0; i < wrong->tables.n && !d.other; i++) {
		compare_tables(&d, &wrong->tables.at[i], &right->tables.at[i]);
	}
	return d;
}

/* Every change is one that some advice asked for. */
static bool is_minimal(const struct difference *d, const struct bldr_value *repairs)
{
	for (size_t i = 0; i < d->changes.n; i++) {
		bool asked = false;

		for (size_t k = 0; k < bldr_count(repairs) && !asked; k++) {
			const struct bldr_value *r = bldr_at(repairs, k);

			asked = reads(d->changes.at[i].column, bldr_get_text(r, "table"),
				      bldr_get_text(r, "column"));
		}
		if (!asked) {
			return false;
		}
	}
	return !d->other && d->changes.n > 0;
}

/* ---- corrections ---- */

static const char *input_hash(const struct artefact_head *head, const char *artefact)
{
	for (size_t i = 0; i < head->inputs.n; i++) {
		if (strcmp(head->inputs.at[i].artefact, artefact) == 0) {
			return head->inputs.at[i].hash;
		}
	}
	return "";
}

static bool same_input(const struct lessons_attempt *t, const char *artefact)
{
	const char *before = input_hash(&t->before->head, artefact);

	return *before != '\0' && strcmp(before, input_hash(&t->after->head, artefact)) == 0;
}

static const struct finding *find_check(const struct findings *f, const struct finding *like)
{
	for (size_t i = 0; i < f->checks.n; i++) {
		if (strcmp(f->checks.at[i].check, like->check) == 0 &&
		    strcmp(f->checks.at[i].subject, like->subject) == 0) {
			return &f->checks.at[i];
		}
	}
	return NULL;
}

/* The errors with this advice, all of which pass now; NULL when one does not, or there is none. */
static struct bldr_value *mended_checks(const struct lessons_attempt *t,
					const struct bldr_value *advice)
{
	struct bldr_value *list = bldr_list();
	size_t n = 0;

	for (size_t i = 0; i < t->before->checks.n; i++) {
		const struct finding *f = &t->before->checks.at[i];
		const struct finding *now;

		if (f->passed || f->severity != SEVERITY_ERROR || f->advice == NULL ||
		    !bldr_equal(f->advice, advice)) {
			continue;
		}
		now = find_check(t->after, f);
		if (now == NULL) { /* of cells that are refused no more: nothing to prove by */
			continue;
		}
		if (!now->passed) {
			bldr_unref(list);
			return NULL;
		}
		if (n++ < CHECKS_SHOWN) {
			bldr_list_add(list, bldr_textf("%.16s %.128s", f->check, f->subject));
		}
	}
	if (n == 0) {
		bldr_unref(list);
		return NULL;
	}
	return list;
}

static const struct column_profile *find_column(const struct schema_table *t, const char *name)
{
	for (size_t i = 0; i < t->profile->columns.n; i++) {
		if (strcmp(t->profile->columns.at[i].name, name) == 0) {
			return &t->profile->columns.at[i];
		}
	}
	return NULL;
}

static struct bldr_value *changes_value(const struct difference *difference, const char *table,
					const char *column)
{
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < difference->changes.n; i++) {
		const struct change *c = &difference->changes.at[i];
		struct bldr_value *v;

		if (!reads(c->column, table, column)) {
			continue;
		}
		v = bldr_object();
		bldr_object_set(v, "table", bldr_text(c->table));
		bldr_object_set(v, "column", bldr_text(c->column->target));
		bldr_object_set(v, "at", bldr_text(c->at));
		bldr_object_set(v, "wrong", bldr_text(c->wrong));
		bldr_object_set(v, "right", bldr_text(c->right));
		bldr_list_add(list, v);
	}
	return list;
}

/* Each format once: a column's formats stand in several rules. */
static void once(texts *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		bool known = false;

		for (size_t k = 0; k < n; k++) {
			known |= strcmp(list->at[k], list->at[i]) == 0;
		}
		if (!known) {
			list->at[n++] = list->at[i];
		}
	}
	list->n = n;
}

static struct bldr_value *precondition_value(const struct schema_table *t,
					     const struct column_profile *c, struct arena *a)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "fingerprint", bldr_text(t->fingerprint));
	bldr_object_set(v, "table", bldr_text(kb_table_name(a, t->profile->table)));
	bldr_object_set(v, "column", bldr_text(kb_name(a, c->name)));
	bldr_object_set(v, "type", bldr_text(kb_type(a, c->type)));
	bldr_object_set(v, "mask", bldr_text(schema_mask(c, a)));
	return v;
}

static struct bldr_value *evidence_value(const struct lessons_input *in,
					 const struct lessons_attempt *t, struct bldr_value *checks)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "checks", checks);
	bldr_object_set(v, "verdict", bldr_text(in->evaluation->verdict));
	bldr_object_set(v, "sources", bldr_text(input_hash(&t->after->head, "sources")));
	bldr_object_set(v, "contract", bldr_text(input_hash(&t->after->head, "contract")));
	bldr_object_set(v, "failed", bldr_text(t->before_hash));
	bldr_object_set(v, "passed", bldr_text(t->after_hash));
	bldr_object_set(v, "sttm_wrong", bldr_text(t->wrong_hash));
	bldr_object_set(v, "sttm_right", bldr_text(t->right_hash));
	return v;
}

/* The lesson of one advice. Takes checks. */
static struct bldr_value *correction(struct desk *d, const struct lessons_input *in,
				     const struct lessons_attempt *t,
				     const struct schema_table *table,
				     const struct column_profile *c,
				     const struct difference *difference, struct bldr_value *checks)
{
	const char *raw_table = table->profile->table;
	const char *name = arena_printf(&d->arena, "%s.%s", kb_table_name(&d->arena, raw_table),
					kb_name(&d->arena, c->name));
	struct bldr_value *v = NULL;
	struct bldr_value *body = bldr_object();
	struct bldr_value *fix = bldr_object();
	struct bldr_value *tables = bldr_list();
	texts wrong, right;

	sttm_date_formats(t->wrong, raw_table, c->name, &d->arena, &wrong);
	sttm_date_formats(t->right, raw_table, c->name, &d->arena, &right);
	once(&wrong);
	once(&right);
	bldr_list_add(tables, bldr_text(table->fingerprint));
	v = lesson("correction", "analyst", t->validated, in->schema->source, tables,
		   arena_printf(&d->arena, "dates of %.160s are %.32s, not %.32s", name,
				right.n > 0 ? right.at[0] : "?", wrong.n > 0 ? wrong.at[0] : "?"),
		   arena_printf(&d->arena, "date order format %.256s %s", name,
				kb_type(&d->arena, c->type)));
	bldr_object_set(fix, "repair", bldr_text("date_order"));
	bldr_object_set(fix, "rule_out", texts_value(&wrong));
	bldr_object_set(fix, "use", texts_value(&right));
	bldr_object_set(body, "precondition", precondition_value(table, c, &d->arena));
	bldr_object_set(body, "fix", fix);
	bldr_object_set(body, "changes", changes_value(difference, raw_table, c->name));
	bldr_object_set(v, "body", body);
	bldr_object_set(v, "evidence", evidence_value(in, t, checks));
	return v;
}

static void add_correction(struct desk *d, const struct lessons_input *in,
			   const struct lessons_attempt *t, const struct bldr_value *advice,
			   const struct difference *difference, struct bldr_value *lessons)
{
	const char *repair = bldr_get_text(advice, "repair");
	const char *table = bldr_get_text(advice, "table");
	const char *column = bldr_get_text(advice, "column");

	if (repair == NULL || strcmp(repair, "date_order") != 0) {
		return;
	}
	for (size_t i = 0; i < in->schema->tables.n; i++) {
		const struct schema_table *s = &in->schema->tables.at[i];
		const struct column_profile *c;
		struct bldr_value *checks;

		if (strcmp(s->profile->table, table) != 0) {
			continue;
		}
		c = find_column(s, column);
		checks = c != NULL ? mended_checks(t, advice) : NULL;
		if (checks != NULL) {
			bldr_list_add(lessons, correction(d, in, t, s, c, difference, checks));
		}
	}
}

void lessons_corrections(struct desk *d, const struct lessons_input *in,
			 const struct lessons_attempt *t, struct bldr_value *lessons)
{
	struct difference difference = compare(t->wrong, t->right, &d->arena);

	for (size_t i = 0; i < bldr_count(t->repairs); i++) {
		if (bldr_get_text(bldr_at(t->repairs, i), "table") == NULL ||
		    bldr_get_text(bldr_at(t->repairs, i), "column") == NULL) {
			return;
		}
	}
	if (!same_input(t, "sources") || !same_input(t, "contract") ||
	    !is_minimal(&difference, t->repairs)) {
		return;
	}
	for (size_t i = 0; i < bldr_count(t->repairs) && bldr_count(lessons) < KB_LESSONS_MAX - 1;
	     i++) {
		add_correction(d, in, t, bldr_at(t->repairs, i), &difference, lessons);
	}
}
