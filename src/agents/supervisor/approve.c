/*
 * Approval of the design by a person: ask waits for the answer, pin writes what was approved down as decisions
 * (overrides.h), so that the next run over the same files takes them as given.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/agents.h"
#include "agents/desk.h"
#include "agents/nodes.h"
#include "artefact/overrides.h"
#include "base/file.h"

/* ---- ask ---- */

static const char *const ask_reads[] = { "job", "sources", "profile", "design", NULL };
static const char *const ask_writes[] = { "approval", NULL };

static void ask_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	static const char *const refs[] = { "sources", "profile", "design", NULL };
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "kind", bldr_text(AGENTS_APPROVAL));
	bldr_object_set(args, "question", bldr_text("Is this the star you want?"));
	for (const char *const *name = refs; *name != NULL; name++) {
		bldr_object_set(args, *name, bldr_ref(bldr_get(bldr_get(v->state, *name), "ref")));
	}
	bldr_plan_interrupt(p, args);
}

static void ask_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	const char *answer = bldr_get_text(results[0].value, "answer");
	const char *reason = bldr_get_text(results[0].value, "reason");

	(void)v;
	(void)n;
	if (answer != NULL && strcmp(answer, "reject") == 0) {
		bldr_patch_fail_code(p, BLDR_E_CANCELLED, "the design was rejected%s%s",
				     reason != NULL ? ": " : "", reason != NULL ? reason : "");
		return;
	}
	if (answer == NULL || (strcmp(answer, "approve") != 0 && strcmp(answer, "redesign") != 0)) {
		bldr_patch_fail_code(p, BLDR_E_INVALID,
				     "the answer is none of approve, redesign, reject");
		return;
	}
	bldr_patch_set(p, "approval", bldr_ref(results[0].value));
}

const struct bldr_node supervisor_ask_node = {
	.name = "ask",
	.reads = ask_reads,
	.writes = ask_writes,
	.prepare = ask_prepare,
	.absorb = ask_absorb,
};

/* ---- pin ---- */

static const char *const pin_reads[] = { "job",    "designs",  "sources", "profile",
					 "design", "approval", NULL };
static const char *const pin_writes[] = { "approval", NULL };

static bool is_approved(const struct bldr_view *v)
{
	const char *answer = bldr_get_text(bldr_get(v->state, "approval"), "answer");

	return answer != NULL && strcmp(answer, "approve") == 0;
}

static void pin_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	if (is_approved(v)) {
		bldr_plan_work(p, "supervisor.pin", BLDR_PURE, bldr_copy(v->state));
	}
}

static void pin_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		       struct bldr_patch *p)
{
	struct bldr_value *approval;

	if (n == 0) {
		return;
	}
	if (results[0].status != BLDR_DONE) {
		bldr_patch_fail_code(p, results[0].code, "%s", results[0].error);
		return;
	}
	approval = bldr_copy(bldr_get(v->state, "approval"));
	bldr_object_set(approval, "decisions", bldr_ref(bldr_get(results[0].value, "decisions")));
	bldr_patch_set(p, "approval", approval);
}

const struct bldr_node supervisor_pin_node = {
	.name = "pin",
	.reads = pin_reads,
	.writes = pin_writes,
	.prepare = pin_prepare,
	.absorb = pin_absorb,
};

/* The chosen foreign keys of a table; NULL: none. */
static struct bldr_value *references(const struct profile *p, const char *table)
{
	struct bldr_value *list = NULL;

	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *f = &p->inclusions.at[i];
		struct bldr_value *v;

		if (!f->chosen || strcmp(f->from_table, table) != 0) {
			continue;
		}
		v = bldr_object();
		bldr_object_set(v, "columns", texts_value(&f->from_columns));
		bldr_object_set(v, "to", bldr_text(f->to_table));
		bldr_object_set(v, "to_columns", texts_value(&f->to_columns));
		list = list != NULL ? list : bldr_list();
		bldr_list_add(list, v);
	}
	return list;
}

static bool has_item(const struct bldr_value *list, const struct bldr_value *item)
{
	for (size_t i = 0; i < bldr_count(list); i++) {
		if (bldr_equal(bldr_at(list, i), item)) {
			return true;
		}
	}
	return false;
}

/* Another one of the table's inclusions of these columns is chosen, or stands before f. */
static bool is_told(const struct profile *p, const struct inclusion *f)
{
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *other = &p->inclusions.at[i];

		if (strcmp(other->from_table, f->from_table) == 0 &&
		    overrides_same_columns(&other->from_columns, &f->from_columns) &&
		    (other->chosen || other < f)) {
			return true;
		}
	}
	return false;
}

/*
 * The columns of a table that might have been foreign keys and are none, beside those that bldr.json said (said, or
 * NULL); NULL: there are none.
 */
static struct bldr_value *no_references(const struct profile *p, const char *table,
					const struct bldr_value *said)
{
	struct bldr_value *list = said != NULL ? bldr_copy(said) : NULL;

	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *f = &p->inclusions.at[i];

		struct bldr_value *columns;

		if (strcmp(f->from_table, table) != 0 || is_told(p, f)) {
			continue;
		}
		list = list != NULL ? list : bldr_list();
		columns = texts_value(&f->from_columns);
		if (has_item(list, columns)) {
			bldr_unref(columns);
		} else {
			bldr_list_add(list, columns);
		}
	}
	return list;
}

/*
 * The date formats that another order of day and month would fit as well, and the marks of numbers, beside what
 * bldr.json said (said, or NULL).
 */
static struct bldr_value *columns(const struct table_profile *t, const struct bldr_value *said)
{
	struct bldr_value *all = said != NULL ? bldr_copy(said) : bldr_object();

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];
		const struct bldr_value *before = bldr_get(said, c->name);
		struct bldr_value *v = before != NULL ? bldr_copy(before) : bldr_object();

		if (strcmp(c->type, "date") == 0 && c->date_formats.n > 0) {
			bldr_object_set(v, "date_format", bldr_text(c->date_formats.at[0].format));
		}
		if (c->number != NULL) {
			bldr_object_set(v, "decimal_mark", bldr_text(c->number->decimal_mark));
			bldr_object_set(v, "group_mark", bldr_text(c->number->group_mark));
		}
		if (bldr_count(v) > 0) {
			bldr_object_set(all, c->name, v);
		} else {
			bldr_unref(v);
		}
	}
	if (bldr_count(all) == 0) {
		bldr_unref(all);
		return NULL;
	}
	return all;
}

static void set_if(struct bldr_value *object, const char *key, struct bldr_value *v)
{
	if (v != NULL) {
		bldr_object_set(object, key, v);
	}
}

/* What is approved, over what bldr.json said already. */
static struct bldr_value *table_decisions(const struct bldr_value *said, const struct profile *p,
					  const struct table_profile *t,
					  const struct source_role *role)
{
	struct bldr_value *v = said != NULL ? bldr_copy(said) : bldr_object();

	bldr_object_set(v, "role", bldr_text(role->role));
	if (role->key.n > 0) {
		bldr_object_set(v, "key", texts_value(&role->key));
	}
	set_if(v, "foreign_keys", references(p, t->table));
	set_if(v, "not_foreign_keys",
	       no_references(p, t->table, bldr_get(said, "not_foreign_keys")));
	set_if(v, "columns", columns(t, bldr_get(said, "columns")));
	return v;
}

static const struct table_profile *find_profile(const struct profile *p, const char *table)
{
	for (size_t i = 0; i < p->tables.n; i++) {
		if (strcmp(p->tables.at[i].table, table) == 0) {
			return &p->tables.at[i];
		}
	}
	return NULL;
}

static struct bldr_value *decisions(const struct bldr_value *said, const struct profile *profile,
				    const struct design *design)
{
	struct bldr_value *tables = bldr_object();
	struct bldr_value *all = bldr_object();

	for (size_t i = 0; i < design->sources.n; i++) {
		const struct source_role *role = &design->sources.at[i];
		const struct table_profile *t = find_profile(profile, role->table);

		if (t != NULL) {
			bldr_object_set(
				tables, role->table,
				table_decisions(bldr_get(bldr_get(said, "tables"), role->table),
						profile, t, role));
		}
	}
	bldr_object_set(all, "tables", tables);
	if (bldr_get(said, "files") != NULL) {
		bldr_object_set(all, "files", bldr_copy(bldr_get(said, "files")));
	}
	return all;
}

/* Whether the file is there and holds something else. */
static bool is_another(const char *path, const char *text)
{
	struct bldr_error ignored;
	char *there;
	size_t size;
	bool another;

	if (!file_exists(path)) {
		return false;
	}
	if (file_read(path, OVERRIDES_BYTES_MAX, &there, &size, &ignored) < 0) {
		return true;
	}
	another = size != strlen(text) || memcmp(there, text, size) != 0;
	free(there);
	return another;
}

/*
 * A file that a person wrote is not written over, and a folder that may not be written to is no failure: then the
 * decisions stand in the run's folder alone.
 */
static int pin(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const char *beside = arena_printf(&d->arena, "%s/" OVERRIDES_FILE, d->source_dir);
	const char *kept = desk_path(d, "artefacts/" OVERRIDES_FILE);
	struct sources sources;
	struct profile profile;
	struct design design;
	struct bldr_error refused;
	struct bldr_value *v;
	char *text;
	int r = desk_read(d, "sources", &sources, err);

	if (r == 0) {
		r = desk_read(d, "profile", &profile, err);
	}
	if (r == 0) {
		r = desk_read(d, "design", &design, err);
	}
	if (r < 0) {
		return r;
	}
	v = decisions(sources.overrides, &profile, &design);
	text = bldr_value_pretty(v);
	r = file_write(kept, text, strlen(text), err);
	*ret = bldr_object();
	if (r == 0 && !is_another(beside, text) &&
	    file_write(beside, text, strlen(text), &refused) == 0) {
		bldr_object_set(*ret, "decisions", bldr_text(beside));
	} else {
		bldr_object_set(*ret, "decisions", bldr_text(kept));
	}
	free(text);
	bldr_unref(v);
	return r;
}

int supervisor_pin_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, pin, ret, err);
}
