/* bldr plan: what a run over a folder would make of it, from the data, with nothing loaded or left behind. */
#include "cli/plan.h"

#include <stdio.h>
#include <string.h>

#include "artefact/overrides.h"
#include "cli/cli.h"
#include "cli/question.h"
#include "cli/understand.h"
#include "ingest/ingest.h"
#include "warehouse/warehouse.h"

struct plan {
	struct understanding understanding;
	struct design design;
	questions questions;
};

static const char *const kinds[] = {
	[TABLE_DIMENSION] = "dimension",
	[TABLE_DATE] = "date dimension",
	[TABLE_FACT] = "fact",
	[TABLE_BRIDGE] = "bridge",
};

static int make_plan(const char *folder, struct arena *a, struct plan *ret, struct bldr_error *err)
{
	int r = ingest_check_folder(folder, err);

	if (r == 0) {
		r = understand(folder, a, &ret->understanding, err);
	}
	if (r == 0) {
		r = design_star(&ret->understanding.sources, &ret->understanding.profile, a,
				&ret->design, err);
	}
	if (r == 0) {
		ret->design.head.version = 1;
		questions_find(&ret->understanding.profile, &ret->design, a, &ret->questions);
	}
	return r;
}

static const struct source_role *role_of(const struct design *d, const char *table)
{
	for (size_t i = 0; i < d->sources.n; i++) {
		if (strcmp(d->sources.at[i].table, table) == 0) {
			return &d->sources.at[i];
		}
	}
	return NULL;
}

/* ---- for people ---- */

static void print_tables(struct arena *a, const struct plan *p)
{
	puts("tables");
	for (size_t i = 0; i < p->understanding.profile.tables.n; i++) {
		const struct table_profile *t = &p->understanding.profile.tables.at[i];
		const struct source_role *role = role_of(&p->design, t->table);

		printf("  ");
		print_cell(t->table, 24);
		printf(" %9lld rows  %-9s  key %s", (long long)t->rows,
		       role != NULL ? role->role : "unused",
		       role != NULL && role->key.n > 0 ? texts_joined(a, &role->key) : "(none)");
		if (t->rejected_rows > 0) {
			printf("  %lld records rejected", (long long)t->rejected_rows);
		}
		putchar('\n');
	}
}

static void print_references(struct arena *a, const struct profile *p)
{
	size_t n = 0;

	puts("foreign keys");
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *f = &p->inclusions.at[i];

		if (!f->chosen) {
			continue;
		}
		printf("  %s(%s) -> %s(%s)  score %s", f->from_table,
		       texts_joined(a, &f->from_columns), f->to_table,
		       texts_joined(a, &f->to_columns), f->score);
		if (f->orphan_rows > 0) {
			printf(", %lld rows without a match", (long long)f->orphan_rows);
		}
		putchar('\n');
		n++;
	}
	if (n == 0) {
		puts("  none found");
	}
}

static void print_columns(const struct design_table *t, enum column_role role, const char *label)
{
	size_t n = 0;

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct design_column *c = &t->columns.at[i];

		if (c->role != (int)role) {
			continue;
		}
		if (n++ == 0) {
			printf("    %-11s ", label);
		} else {
			printf(", ");
		}
		printf("%s", c->name);
		if (role == ROLE_DIMENSION_KEY && c->dimension != NULL) {
			printf(" -> %s", c->dimension);
		}
	}
	if (n > 0) {
		putchar('\n');
	}
}

static void print_star(const struct design *d)
{
	puts("star");
	for (size_t i = 0; i < d->tables.n; i++) {
		const struct design_table *t = &d->tables.at[i];

		printf("  %s: %s%s%s; %s\n", t->name, kinds[t->kind],
		       t->source != NULL ? " from " : ", generated",
		       t->source != NULL ? t->source : "", t->grain);
		print_columns(t, ROLE_BUSINESS_KEY, "key");
		print_columns(t, ROLE_DIMENSION_KEY, "dimensions");
		print_columns(t, ROLE_MEASURE, "measures");
		print_columns(t, ROLE_DEGENERATE, "degenerate");
		print_columns(t, ROLE_ATTRIBUTE, "attributes");
	}
}

static void print_list(struct arena *a, const char *label, const texts *list)
{
	if (list->n > 0) {
		printf("  %s (%s)", label, texts_joined(a, list));
	}
}

static void print_file(const struct file_override *f)
{
	const struct {
		const char *name;
		bool said;
	} fields[] = {
		{ "skip", f->skip },
		{ "encoding", f->encoding != NULL },
		{ "delimiter", f->delimiter != NULL },
		{ "quote", f->quote != NULL },
		{ "escape", f->escape != NULL },
		{ "header", f->header != NULL },
		{ "preamble_lines", f->preamble_lines != NULL },
		{ "not_rows", f->not_rows != NULL },
		{ "columns", f->columns.n > 0 },
	};

	printf("  %s ", f->path);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].said) {
			printf(" %s", fields[i].name);
		}
	}
	putchar('\n');
}

static void print_column(const struct column_override *c)
{
	static const char *const measures[] = {
		[MEASURE_ADDITIVE] = "additive", [MEASURE_SEMI] = "semi", [MEASURE_NO] = "no"
	};

	printf("    %s:", c->name);
	if (c->type != NULL) {
		printf(" type %s", c->type);
	}
	if (c->date_format != NULL) {
		printf(" date_format %s", c->date_format);
	}
	if (c->decimal_mark != NULL) {
		printf(" decimal_mark \"%s\"", c->decimal_mark);
	}
	if (c->group_mark != NULL) {
		printf(" group_mark \"%s\"", c->group_mark);
	}
	if (c->measure != MEASURE_UNSAID) {
		printf(" measure %s", measures[c->measure]);
	}
	putchar('\n');
}

static void print_table(struct arena *a, const struct table_override *t)
{
	printf("  %s ", t->table);
	if (t->role != NULL) {
		printf(" role %s", t->role);
	}
	print_list(a, "key", &t->key);
	for (size_t i = 0; i < t->not_keys.n; i++) {
		print_list(a, "not a key", &t->not_keys.at[i].columns);
	}
	for (size_t i = 0; i < t->foreign_keys.n; i++) {
		const struct reference_override *f = &t->foreign_keys.at[i];

		print_list(a, "foreign key", &f->columns);
		printf(" -> %s(%s)", f->to, texts_joined(a, &f->to_columns));
	}
	for (size_t i = 0; i < t->not_foreign_keys.n; i++) {
		print_list(a, "not a foreign key", &t->not_foreign_keys.at[i].columns);
	}
	putchar('\n');
	for (size_t i = 0; i < t->columns.n; i++) {
		print_column(&t->columns.at[i]);
	}
}

/* What a person has decided, so that nobody takes it for found. */
static void print_overrides(struct arena *a, const struct sources *sources)
{
	struct overrides o;

	if (overrides_decode(sources->overrides, a, &o, NULL) < 0 || o.files.n + o.tables.n == 0) {
		return;
	}
	puts("decided by " OVERRIDES_FILE);
	for (size_t i = 0; i < o.files.n; i++) {
		print_file(&o.files.at[i]);
	}
	for (size_t i = 0; i < o.tables.n; i++) {
		print_table(a, &o.tables.at[i]);
	}
}

static void print_questions(const questions *list)
{
	printf("open questions: %zu\n", list->n);
	for (size_t i = 0; i < list->n; i++) {
		const struct question *q = &list->at[i];

		printf("  %s: %s\n", q->subject, q->text);
		for (size_t k = 0; k < q->choices.n; k++) {
			printf("    - %s (%s)\n", q->choices.at[k], q->evidence.at[k]);
		}
	}
}

static void print_plan(struct arena *a, const struct plan *p)
{
	const struct sources *sources = &p->understanding.sources;

	print_tables(a, p);
	print_references(a, &p->understanding.profile);
	print_star(&p->design);
	print_overrides(a, sources);
	for (size_t i = 0; i < sources->skipped.n; i++) {
		printf("%s  %s: %s\n", i == 0 ? "not read\n" : "", sources->skipped.at[i].path,
		       sources->skipped.at[i].reason);
	}
	print_questions(&p->questions);
}

void plan_print(const struct sources *sources, const struct profile *profile,
		const struct design *design)
{
	struct arena a = { 0 };
	struct plan p = {
		.understanding = { .sources = *sources, .profile = *profile },
		.design = *design,
	};

	questions_find(profile, design, &a, &p.questions);
	print_plan(&a, &p);
	arena_release(&a);
}

/* ---- for programs ---- */

static struct bldr_value *tables_value(const struct plan *p)
{
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < p->understanding.profile.tables.n; i++) {
		const struct table_profile *t = &p->understanding.profile.tables.at[i];
		const struct source_role *role = role_of(&p->design, t->table);
		const texts none = { 0 };
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "table", bldr_text(t->table));
		bldr_object_set(v, "path", bldr_text(t->path));
		bldr_object_set(v, "rows", bldr_int(t->rows));
		bldr_object_set(v, "rejected", bldr_int(t->rejected_rows));
		bldr_object_set(v, "role", bldr_text(role != NULL ? role->role : "unused"));
		bldr_object_set(v, "key", texts_value(role != NULL ? &role->key : &none));
		bldr_list_add(list, v);
	}
	return list;
}

/* The chosen inclusions in the profile's own form. */
static struct bldr_value *references_value(const struct profile *p)
{
	struct bldr_value *profile = shape_encode(&profile_shape, p);
	const struct bldr_value *inclusions = bldr_get(profile, "inclusions");
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < bldr_count(inclusions); i++) {
		const struct bldr_value *f = bldr_at(inclusions, i);

		if (bldr_as_bool(bldr_get(f, "chosen"), false)) {
			bldr_list_add(list, bldr_ref(f));
		}
	}
	bldr_unref(profile);
	return list;
}

static struct bldr_value *questions_value(const questions *list)
{
	struct bldr_value *all = bldr_list();

	for (size_t i = 0; i < list->n; i++) {
		const struct question *q = &list->at[i];
		struct bldr_value *v = bldr_object();

		bldr_object_set(v, "kind", bldr_text(q->kind));
		bldr_object_set(v, "subject", bldr_text(q->subject));
		bldr_object_set(v, "question", bldr_text(q->text));
		bldr_object_set(v, "choices", texts_value(&q->choices));
		bldr_object_set(v, "evidence", texts_value(&q->evidence));
		bldr_list_add(all, v);
	}
	return all;
}

static struct bldr_value *plan_value(const struct plan *p)
{
	struct bldr_value *design = shape_encode(&design_shape, &p->design);
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "tables", tables_value(p));
	bldr_object_set(v, "foreign_keys", references_value(&p->understanding.profile));
	bldr_object_set(v, "star", bldr_ref(bldr_get(design, "tables")));
	bldr_object_set(v, "questions", questions_value(&p->questions));
	if (p->understanding.sources.overrides != NULL) {
		bldr_object_set(v, "overrides", bldr_ref(p->understanding.sources.overrides));
	}
	bldr_unref(design);
	return v;
}

int plan_folder(const char *folder, bool json)
{
	struct plan p = { 0 };
	struct arena a = { 0 };
	struct bldr_error err;
	int exit_code = EXIT_VALIDATED;

	if (make_plan(folder, &a, &p, &err) < 0) {
		exit_code = command_fail(&err);
	} else if (json) {
		command_print_json(plan_value(&p));
	} else {
		print_plan(&a, &p);
	}
	arena_release(&a);
	return exit_code;
}

int command_plan(int argc, char **argv, const struct cli_hooks *hooks)
{
	bool json = false;
	const struct option_spec options[] = {
		{ .name = "json", .kind = OPTION_FLAG, .ret = &json, .help = "print JSON on stdout" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr plan DIR [--json]",
		.summary =
			"Says what a run over a folder would make: tables, keys, star, open questions.",
		.description =
			"The same as bldr run --source-dir DIR --dry-run: nothing is loaded, no run "
			"is left behind.\nAn open question is a choice that was close, or a key "
			"that was not found.",
		.examples = "bldr plan data/jaffle_shop\n"
			    "bldr plan exports --json | jq '.questions[].subject'",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	char **operands;
	size_t n;
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, &operands, &n, &exit_code)) {
		return exit_code;
	}
	return plan_folder(operands[0], json);
}
