/*
 * A correction is applied where it changes something: to a table of the same fingerprint whose columns have the same
 * names, types and masks, when what would be chosen is what the correction rules out. The Tester's own advice goes before
 * it, and so does what a person has said.
 */
#include "agents/analyst/corrections.h"

#include <string.h>

#include "agents/schema.h"
#include "artefact/overrides.h"
#include "kb/choice.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

/* A table that a correction may be about, and the columns of the correction in it. */
struct case_of {
	struct desk *d;
	const char *id;
	const struct kb_correction *correction;
	const struct table_profile *table;
	LIST(const struct column_profile *) columns;
	const struct bldr_value *done; /* notes of what was applied or tried before */
};

/* What is done with one case. */
typedef void (*apply_case)(const struct case_of *c, void *user);

/* ---- whether it may be applied ---- */

static const struct column_profile *find_like(const struct table_profile *t,
					      const struct kb_column_like *like, struct arena *a)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];

		if (strcmp(kb_name(a, c->name), like->name) == 0 &&
		    strcmp(kb_type(a, c->type), like->type) == 0 &&
		    strcmp(schema_mask(c, a), like->mask) == 0) {
			return c;
		}
	}
	return NULL;
}

static bool holds(struct case_of *c)
{
	const struct kb_precondition *p = &c->correction->precondition;

	memset(&c->columns, 0, sizeof(c->columns));
	for (size_t i = 0; i < p->columns.n; i++) {
		const struct column_profile *found =
			find_like(c->table, &p->columns.at[i], &c->d->arena);

		if (found == NULL) {
			return false;
		}
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
		*LIST_ADD(&c->d->arena, &c->columns) = found;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The Tester has blamed what the correction is about in an earlier round: a key by its table, all else by its column. */
static bool is_blamed(const struct case_of *c)
{
	bool key = strcmp(c->correction->fix.repair, "key") == 0;

	return runner_up_is_blamed(c->d, c->table->table, key ? NULL : c->columns.at[0]->name);
}

static const char *joined_names(const struct case_of *c)
{
	const char *text = "";

	for (size_t i = 0; i < c->columns.n; i++) {
		text = arena_printf(&c->d->arena, "%s%s%s", text, i > 0 ? "+" : "",
				    c->columns.at[i]->name);
	}
	return text;
}

static bool is_done(const struct case_of *c)
{
	for (size_t i = 0; i < bldr_count(c->done); i++) {
		const struct bldr_value *v = bldr_at(c->done, i);

		if (same_text(bldr_get_text(v, "id"), c->id) &&
		    same_text(bldr_get_text(v, "table"), c->table->table) &&
		    same_text(bldr_get_text(v, "column"), joined_names(c))) {
			return true;
		}
	}
	return false;
}

static struct bldr_value *note(const struct case_of *c)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "id", bldr_text(c->id));
	bldr_object_set(v, "repair", bldr_text(c->correction->fix.repair));
	bldr_object_set(v, "table", bldr_text(c->table->table));
	bldr_object_set(v, "column", bldr_text(joined_names(c)));
	return v;
}

static bool is_ruled_out(const struct case_of *c, const char *choice)
{
	const struct kb_fix *fix = &c->correction->fix;

	for (size_t i = 0; i < fix->rule_out.n; i++) {
		if (strcmp(fix->rule_out.at[i], choice) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_repair(const struct case_of *c, const char *name)
{
	return strcmp(c->correction->fix.repair, name) == 0;
}

/* Every case in which a recalled correction may be applied. */
static void each_case(struct desk *d, const struct profile *profile, const struct bldr_value *done,
		      apply_case apply, void *user)
{
	const struct bldr_value *items = bldr_get(bldr_get(d->args, "recalled"), "items");
	struct schema schema;

	schema_of(profile, &d->arena, &schema);
	for (size_t i = 0; i < bldr_count(items); i++) {
		const struct bldr_value *item = bldr_at(items, i);
		struct kb_correction correction;
		struct case_of c = {
			.d = d,
			.id = bldr_get_text(item, "id"),
			.correction = &correction,
			.done = done,
		};

		/* what is of another program's version is no help, and no harm */
		if (c.id == NULL || !same_text(bldr_get_text(item, "kind"), "correction") ||
		    kb_correction_decode(bldr_get(item, "body"), &d->arena, &correction, NULL) < 0) {
			continue;
		}
		for (size_t t = 0; t < schema.tables.n; t++) {
			c.table = schema.tables.at[t].profile;
			if (strcmp(schema.tables.at[t].fingerprint,
				   correction.precondition.fingerprint) == 0 &&
			    holds(&c) && !is_blamed(&c) && !is_done(&c)) {
				apply(&c, user);
			}
		}
	}
}

/* ---- dates and numbers ---- */

/* Whether the mapper would take a format that is ruled out, and has another one left. */
static bool changes_format(const struct case_of *c, const struct column_profile *column)
{
	const char *first = NULL;
	bool other = false;

	for (size_t i = 0; i < column->date_formats.n; i++) {
		const char *format = column->date_formats.at[i].format;
		bool out = is_ruled_out(c, format);

		if (column->date_formats.at[i].matches > 0) {
			first = first == NULL ? (out ? format : "") : first;
			other |= !out;
		}
	}
	return other && first != NULL && *first != '\0';
}

/* The same for the decimal mark, of which there are two. */
static bool changes_mark(const struct case_of *c, const struct column_profile *column)
{
	const char *mark = column->number != NULL ? column->number->decimal_mark : ".";

	return is_ruled_out(c, mark) && !is_ruled_out(c, *mark == '.' ? "," : ".");
}

struct advising {
	advices *advice;
	struct bldr_value *applied;
};

static void advise(const struct case_of *c, void *user)
{
	struct advising *to = user;
	const struct column_profile *column = c->columns.at[0];
	struct mapping_advice one = {
		.repair = c->correction->fix.repair,
		.table = c->table->table,
		.column = column->name,
	};

	if (!(is_repair(c, "date_order") && changes_format(c, column)) &&
	    !(is_repair(c, "number_marks") && changes_mark(c, column))) {
		return;
	}
	for (size_t k = 0; k < c->correction->fix.rule_out.n; k++) {
		*LIST_ADD(&c->d->arena, &one.tried) = c->correction->fix.rule_out.at[k];
	}
	*LIST_ADD(&c->d->arena, to->advice) = one;
	bldr_list_add(to->applied, note(c));
}

void corrections_advise(struct desk *d, const struct profile *profile, advices *advice,
			struct bldr_value *applied)
{
	struct advising to = { advice, applied };

	each_case(d, profile, applied, advise, &to);
}

/* ---- keys and foreign keys ---- */

struct refusal {
	const struct profile *profile;
	const struct overrides *said;
	struct refused *refused;
	struct corrected *ret;
};

static const struct key_candidate *chosen_key(const struct table_profile *t)
{
	for (size_t i = 0; i < t->keys.n; i++) {
		if (t->keys.at[i].chosen) {
			return &t->keys.at[i];
		}
	}
	return NULL;
}

/* The chosen foreign key of the column alone. */
static const struct inclusion *chosen_reference(const struct profile *p, const char *table,
						const char *column)
{
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *n = &p->inclusions.at[i];

		if (n->chosen && n->from_columns.n == 1 && strcmp(n->from_table, table) == 0 &&
		    strcmp(n->from_columns.at[0], column) == 0) {
			return n;
		}
	}
	return NULL;
}

static const char *key_choice(const struct key_candidate *key, struct arena *a)
{
	return key != NULL ? kb_choice_key(a, key->columns.at, key->columns.n) : "";
}

static const char *reference_choice(const struct inclusion *n, struct arena *a)
{
	return n != NULL ? kb_choice_reference(a, n->to_table, n->to_columns.at[0]) : "";
}

/* False: a person has said the key. */
static bool refuse_key(const struct case_of *c, struct refusal *r)
{
	const struct table_override *said = overrides_table(r->said, c->table->table);
	const struct key_candidate *key = chosen_key(c->table);

	if (key == NULL || (said != NULL && said->key.n > 0) ||
	    !is_ruled_out(c, key_choice(key, &c->d->arena))) {
		return false;
	}
	*LIST_ADD(&c->d->arena, &r->refused->keys) = (struct refused_key){
		.table = c->table->table,
		.columns = key->columns,
		.why = "in a run before, the Tester found records that it does not tell apart",
	};
	return true;
}

static bool is_said(const struct refusal *r, const char *table, const char *column)
{
	const struct table_override *said = overrides_table(r->said, table);

	for (size_t i = 0; said != NULL && i < said->foreign_keys.n; i++) {
		const texts *columns = &said->foreign_keys.at[i].columns;

		if (columns->n == 1 && strcmp(columns->at[0], column) == 0) {
			return true;
		}
	}
	return false;
}

/* One of which all keys are found is not what the Tester complained of. */
static bool refuse_reference(const struct case_of *c, struct refusal *r)
{
	const char *column = c->columns.at[0]->name;
	const struct inclusion *n = chosen_reference(r->profile, c->table->table, column);

	if (n == NULL || n->contained == n->distinct || is_said(r, n->from_table, column) ||
	    !is_ruled_out(c, reference_choice(n, &c->d->arena))) {
		return false;
	}
	*LIST_ADD(&c->d->arena, &r->refused->references) = (struct refused_reference){
		.table = n->from_table,
		.column = column,
		.to = n->to_table,
		.to_column = n->to_columns.at[0],
		.why = "in a run before, the Tester found that most of its records lead nowhere",
	};
	return true;
}

static void refuse(const struct case_of *c, void *user)
{
	struct refusal *r = user;

	if (r->ret->note == NULL &&
	    ((is_repair(c, "key") && refuse_key(c, r)) ||
	     (is_repair(c, "reference") && refuse_reference(c, r)))) {
		struct bldr_value *v = note(c);

		(void)artefact_keep(&c->d->arena, v);
		*r->ret = (struct corrected){
			.note = v,
			.fix = c->correction->fix,
			.table = c->table->table,
			.column = c->columns.at[0]->name,
		};
	}
}

int corrections_refuse(struct desk *d, const struct sources *sources, const struct profile *profile,
		       const struct bldr_value *done, struct refused *refused,
		       struct corrected *ret, struct bldr_error *err)
{
	struct overrides said;
	struct refusal r = {
		.profile = profile,
		.said = &said,
		.refused = refused,
		.ret = ret,
	};
	int rc = overrides_decode(sources->overrides, &d->arena, &said, err);

	*ret = (struct corrected){ 0 };
	if (rc == 0) {
		each_case(d, profile, done, refuse, &r);
	}
	return rc;
}

static const char *choice_now(struct desk *d, const struct profile *profile,
			      const struct corrected *c)
{
	if (strcmp(c->fix.repair, "reference") == 0) {
		return reference_choice(chosen_reference(profile, c->table, c->column), &d->arena);
	}
	for (size_t i = 0; i < profile->tables.n; i++) {
		if (strcmp(profile->tables.at[i].table, c->table) == 0) {
			return key_choice(chosen_key(&profile->tables.at[i]), &d->arena);
		}
	}
	return "";
}

bool corrections_agree(struct desk *d, const struct profile *profile, const struct corrected *c)
{
	const char *now = choice_now(d, profile, c);
	bool agrees = c->fix.use.n == 0 && *now == '\0';

	for (size_t i = 0; i < c->fix.use.n; i++) {
		agrees |= strcmp(c->fix.use.at[i], now) == 0;
	}
	return agrees;
}
