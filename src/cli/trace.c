/* bldr trace: a warehouse row or cell back to file, line, raw text and rule. */
#include "warehouse/trace.h"

#include <stdio.h>
#include <string.h>

#include "cli/outcome.h"
#include "cli/runs.h"
#include "cli/understand.h"

enum { NAME_WIDTH = 24, RAW_WIDTH = 160 };

struct asked {
	const char *run, *table, *key, *column;
};

/* ---- for people ---- */

static void print_duplicates(const struct trace_source *s)
{
	for (size_t i = 0; i < s->duplicates.n; i++) {
		const struct trace_duplicate *d = &s->duplicates.at[i];

		printf("  instead of line %lld, which has the same key\n    ", (long long)d->line);
		print_clipped(d->raw, RAW_WIDTH);
		putchar('\n');
	}
}

static void print_sources(const struct trace *t)
{
	for (size_t i = 0; i < t->sources.n; i++) {
		const struct trace_source *s = &t->sources.at[i];

		if (i > 0 && s->line == 0) {
			continue; /* not needed, or nothing found: the columns tell */
		}
		printf("%s %s, line %lld", i == 0 ? "from" : "joined", s->path, (long long)s->line);
		if (i > 0) {
			printf(", as %s, by %s", s->alias, s->by);
		}
		printf("\n  ");
		print_clipped(s->raw != NULL ? s->raw : "(no such record now)", RAW_WIDTH);
		putchar('\n');
		print_duplicates(s);
	}
	for (size_t i = 0; i < t->sources.n; i++) {
		if (t->sources.at[i].fault != NULL) {
			printf("attention: %s\n", t->sources.at[i].fault);
		}
	}
}

static void print_input(const struct trace *t, const struct trace_input *in)
{
	const struct trace_source *s = &t->sources.at[in->source];

	printf("    %s.%s", s->table, in->column);
	if (in->raw == NULL) {
		printf(": no record%s%s\n", s->by != NULL ? " with " : "",
		       s->by != NULL ? s->by : "");
		return;
	}
	printf(", %s line %lld: \"", s->path, (long long)s->line);
	print_clipped(in->raw, RAW_WIDTH);
	printf("\"%s%s\n", in->refused != NULL ? ", which became null: " : "",
	       in->refused != NULL ? in->refused : "");
}

static void print_column(const struct trace *t, const struct trace_column *c)
{
	printf("  ");
	print_cell(c->sttm->target, NAME_WIDTH);
	putchar(' ');
	print_clipped(c->value != NULL ? c->value : "null", RAW_WIDTH);
	if (c->target != NULL) {
		printf("  -> %s", c->target->table);
		if (c->target->path != NULL) {
			printf(", %s line %lld", c->target->path, (long long)c->target->line);
		}
	}
	putchar('\n');
	if (t->kind != TRACE_MEMBER) {
		printf("    rule: %s\n", c->sttm->prose);
	}
	for (size_t i = 0; i < c->inputs.n; i++) {
		print_input(t, &c->inputs.at[i]);
	}
}

static void print_trace(const struct asked *asked, const struct trace *t)
{
	texts keys;
	struct arena a = { 0 };

	trace_key_columns(t->table, &a, &keys);
	printf("%s, %s = %s, of run %s\n", asked->table, texts_joined(&a, &keys), asked->key,
	       asked->run);
	switch (t->kind) {
	case TRACE_RECORD:
		print_sources(t);
		break;
	case TRACE_MEMBER:
		printf("a reserved member, \"%s\": it stands for keys without a row and comes from no "
		       "record\n",
		       t->label);
		break;
	case TRACE_CALENDAR:
		fputs("a day of the generated calendar over", stdout);
		for (size_t i = 0; i < t->table->calendar.n; i++) {
			printf("%s %s.%s", i > 0 ? "," : "", t->table->calendar.at[i].table,
			       t->table->calendar.at[i].column);
		}
		puts(": it comes from no record");
		break;
	}
	puts("columns");
	for (size_t i = 0; i < t->columns.n; i++) {
		print_column(t, &t->columns.at[i]);
	}
	arena_release(&a);
}

/* ---- for programs ---- */

static void set_text(struct bldr_value *v, const char *key, const char *text)
{
	if (text != NULL) {
		bldr_object_set(v, key, bldr_text(text));
	}
}

static struct bldr_value *source_value(const struct trace_source *s)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *duplicates = bldr_list();

	set_text(v, "alias", s->alias);
	set_text(v, "table", s->table);
	set_text(v, "path", s->path);
	if (s->line > 0) {
		bldr_object_set(v, "line", bldr_int(s->line));
	}
	set_text(v, "raw", s->raw);
	set_text(v, "by", s->by);
	set_text(v, "fault", s->fault);
	for (size_t i = 0; i < s->duplicates.n; i++) {
		struct bldr_value *d = bldr_object();

		bldr_object_set(d, "line", bldr_int(s->duplicates.at[i].line));
		set_text(d, "raw", s->duplicates.at[i].raw);
		bldr_list_add(duplicates, d);
	}
	if (s->duplicates.n > 0) {
		bldr_object_set(v, "duplicates", bldr_ref(duplicates));
	}
	bldr_unref(duplicates);
	return v;
}

static struct bldr_value *input_value(const struct trace *t, const struct trace_input *in)
{
	struct bldr_value *v = bldr_object();
	const struct trace_source *s = &t->sources.at[in->source];

	set_text(v, "alias", s->alias);
	set_text(v, "table", s->table);
	set_text(v, "column", in->column);
	set_text(v, "by", s->by);
	set_text(v, "path", s->path);
	if (s->line > 0) {
		bldr_object_set(v, "line", bldr_int(s->line));
	}
	bldr_object_set(v, "raw", bldr_text(in->raw)); /* null without a record */
	set_text(v, "refused", in->refused);
	return v;
}

static struct bldr_value *column_value(const struct trace *t, const struct trace_column *c)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *inputs = bldr_list();

	set_text(v, "column", c->sttm->target);
	set_text(v, "type", c->sttm->type);
	bldr_object_set(v, "value", bldr_text(c->value));
	set_text(v, "prose", c->sttm->prose);
	bldr_object_set(v, "rule", bldr_ref(c->sttm->rule));
	for (size_t i = 0; i < c->inputs.n; i++) {
		bldr_list_add(inputs, input_value(t, &c->inputs.at[i]));
	}
	bldr_object_set(v, "inputs", inputs);
	if (c->target != NULL) {
		struct bldr_value *target = bldr_object();

		set_text(target, "table", c->target->table);
		if (c->target->path != NULL) {
			set_text(target, "path", c->target->path);
			bldr_object_set(target, "line", bldr_int(c->target->line));
		}
		bldr_object_set(v, "refers_to", target);
	}
	return v;
}

static struct bldr_value *trace_value(const struct asked *asked, const struct trace *t)
{
	static const char *const kinds[] = {
		[TRACE_RECORD] = "record",
		[TRACE_MEMBER] = "reserved_member",
		[TRACE_CALENDAR] = "calendar_day",
	};
	struct bldr_value *v = bldr_object();
	struct bldr_value *sources = bldr_list();
	struct bldr_value *columns = bldr_list();

	set_text(v, "run", asked->run);
	set_text(v, "table", asked->table);
	set_text(v, "key", asked->key);
	set_text(v, "kind", kinds[t->kind]);
	set_text(v, "label", t->label);
	for (size_t i = 0; i < t->sources.n; i++) {
		if (i == 0 || t->sources.at[i].line > 0) {
			bldr_list_add(sources, source_value(&t->sources.at[i]));
		}
	}
	for (size_t i = 0; i < t->columns.n; i++) {
		bldr_list_add(columns, column_value(t, &t->columns.at[i]));
	}
	bldr_object_set(v, "sources", sources);
	bldr_object_set(v, "columns", columns);
	return v;
}

/* ---- the command ---- */

static int trace_run(const struct bldr_value *outcome, const struct asked *asked, struct arena *a,
		     struct trace *ret, struct bldr_error *err)
{
	struct sources *sources = ARENA_NEW(a, struct sources); /* *ret refers to them */
	struct sttm *sttm = ARENA_NEW(a, struct sttm);
	const char *warehouse = bldr_get_text(outcome, "warehouse");
	int r = outcome_artefact(outcome, "sources", a, sources, err);

	if (r == 0) {
		r = outcome_artefact(outcome, "sttm", a, sttm, err);
	}
	if (r == 0 && warehouse == NULL) {
		r = bldr_error_set(err, BLDR_E_NOT_FOUND, "run %s has no warehouse yet", asked->run);
	}
	if (r < 0) {
		return r;
	}
	return trace_row(
		&(struct trace_request){
			.sources = sources,
			.sttm = sttm,
			.source_folder = bldr_get_text(outcome, "source_dir"),
			.warehouse = warehouse,
			.table = asked->table,
			.key = asked->key,
			.column = asked->column,
		},
		a, ret, err);
}

static int trace(const struct settings *settings, struct asked asked, const struct cli_hooks *hooks)
{
	struct session s = { .work_log = -1 };
	struct bldr_value *outcome = NULL;
	struct arena a = { 0 };
	struct bldr_error err;
	struct trace t;
	int exit_code;
	int r = runs_open(&s, settings, asked.run, hooks, &outcome, &err);

	if (r == 0) {
		asked.run = bldr_get_text(outcome, "run");
		r = trace_run(outcome, &asked, &a, &t, &err);
	}
	if (r < 0) {
		exit_code = command_fail(&err);
	} else {
		exit_code = t.faulty ? EXIT_FINDINGS : EXIT_VALIDATED;
		if (settings->json) {
			command_print_json(trace_value(&asked, &t));
		} else {
			print_trace(&asked, &t);
		}
	}
	arena_release(&a);
	bldr_unref(outcome);
	session_close(&s);
	return exit_code;
}

int command_trace(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr trace RUN TABLE KEY [COLUMN] [--output DIR] [--json]",
		.summary =
			"Traces a row or cell of the warehouse back to file, line, raw text and rule.",
		.description =
			"RUN is a run's name, its beginning, or latest. KEY is the value of the table's "
			"primary key,\nfor several columns their values between commas, quoted as in CSV. "
			"A negative key goes\nbehind --.\n"
			"Exit 1 when a source file is no longer what the run read.",
		.examples = "bldr trace latest fact_payment 1\n"
			    "bldr trace latest fact_payment 1 amount --json\n"
			    "bldr trace 20261121 dim_date 20180101\n"
			    "bldr trace latest -- dim_customer -1",
		.operands_min = 3,
		.operands_max = 4,
	};
	struct settings settings;
	int exit_code;

	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	exit_code = trace(&settings,
			  (struct asked){
				  .run = settings_operand(&settings, 0),
				  .table = settings_operand(&settings, 1),
				  .key = settings_operand(&settings, 2),
				  .column = settings_operand(&settings, 3),
			  },
			  hooks);
	return settings_end(&settings, exit_code);
}
