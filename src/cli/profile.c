/* bldr profile: what a file or folder contains, without a run. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/understand.h"

enum {
	NAME_WIDTH = 24,
	TYPE_WIDTH = 13,
	VALUE_WIDTH = 20,
	QUANTILE_WIDTH = 14,
	TOP_SHOWN = 3,
	REJECTED_SHOWN = 5
};

static void print_top(const struct column_profile *c)
{
	for (size_t i = 0; i < c->top.n && i < TOP_SHOWN; i++) {
		const struct token_count *t = &c->top.at[i];

		fputs(i > 0 ? ", " : "", stdout);
		print_clipped(t->token, VALUE_WIDTH);
		printf(" (%lld)", (long long)t->count);
	}
}

/* What is left of nine places for the mark of an estimate. */
static int distinct_width(int64_t distinct)
{
	int digits = 1;

	for (; distinct >= 10; distinct /= 10) {
		digits++;
	}
	return digits < 9 ? 9 - digits : 0;
}

static void print_columns(const struct table_profile *t)
{
	printf("  ");
	print_cell("column", NAME_WIDTH);
	putchar(' ');
	print_cell("type", TYPE_WIDTH);
	printf(" %9s %9s  ", "nulls", "distinct");
	print_cell("min", VALUE_WIDTH);
	printf("  ");
	print_cell("max", VALUE_WIDTH);
	puts("  most frequent");
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];

		printf("  ");
		print_cell(c->name, NAME_WIDTH);
		putchar(' ');
		print_cell(c->type, TYPE_WIDTH);
		printf(" %9lld %*s%lld  ", (long long)c->nulls, distinct_width(c->distinct),
		       c->distinct_estimated ? "~" : "", (long long)c->distinct);
		print_cell(c->min != NULL ? c->min : "-", VALUE_WIDTH);
		printf("  ");
		print_cell(c->max != NULL ? c->max : "-", VALUE_WIDTH);
		printf("  ");
		print_top(c);
		putchar('\n');
	}
}

static void print_quantiles(const struct table_profile *t)
{
	bool first = true;

	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];

		if (c->quantiles.n == 0) {
			continue;
		}
		if (first) {
			printf("  ");
			print_cell("quantile", NAME_WIDTH);
			for (size_t k = 0; k < c->quantiles.n; k++) {
				printf("  ");
				print_cell(c->quantiles.at[k].at, QUANTILE_WIDTH);
			}
			putchar('\n');
			first = false;
		}
		printf("  ");
		print_cell(c->name, NAME_WIDTH);
		for (size_t k = 0; k < c->quantiles.n; k++) {
			printf("  ");
			print_cell(c->quantiles.at[k].value, QUANTILE_WIDTH);
		}
		putchar('\n');
	}
}

static void print_exceptions(const struct column_profile *c)
{
	for (size_t i = 0; i < c->exceptions.n; i++) {
		printf(i == 0 ? ": line %lld \"" : ", line %lld \"",
		       (long long)c->exceptions.at[i].line);
		print_clipped(c->exceptions.at[i].text, VALUE_WIDTH);
		putchar('"');
	}
	putchar('\n');
}

/* What is odd about a column, a line each. */
static void print_notes(const struct table_profile *t)
{
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];

		if (c->distinct_estimated) {
			printf("  note      %s: too many values to keep them all; distinct is an "
			       "estimate (~), quantiles are a sample's\n",
			       c->name);
		}
		if (c->padded > 0) {
			printf("  note      %s: blanks around the value in %lld rows\n", c->name,
			       (long long)c->padded);
		}
		if (c->leading_zeros > 0) {
			printf("  note      %s: digits that begin with 0 in %lld rows\n", c->name,
			       (long long)c->leading_zeros);
		}
		if (c->nonconforming > 0) {
			printf("  note      %s: %lld rows are no %s", c->name,
			       (long long)c->nonconforming, c->type);
			print_exceptions(c);
		} else if (c->exceptions.n > 0) {
			printf("  note      %s: would have a narrower type but for some values",
			       c->name);
			print_exceptions(c);
		}
	}
}

static void print_keys(struct arena *a, const struct table_profile *t)
{
	if (t->keys.n == 0) {
		puts("  no key: no column and no pair of columns tells the rows apart");
	}
	for (size_t i = 0; i < t->keys.n; i++) {
		const struct key_candidate *k = &t->keys.at[i];

		printf("  %-9s %s  %s: %s\n", k->chosen ? "key" : "candidate", k->score,
		       texts_joined(a, &k->columns), texts_joined(a, &k->evidence));
	}
}

static void print_rejected(const struct table_profile *t)
{
	size_t shown = t->rejected.n < REJECTED_SHOWN ? t->rejected.n : REJECTED_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		printf("  line %lld rejected: %s\n", (long long)t->rejected.at[i].line,
		       t->rejected.at[i].reason);
	}
	if (t->rejected_rows > (int64_t)shown) {
		printf("  and %lld more records rejected\n",
		       (long long)t->rejected_rows - (long long)shown);
	}
}

static void print_inclusions(struct arena *a, const struct profile *p)
{
	puts("foreign keys");
	for (size_t i = 0; i < p->inclusions.n; i++) {
		const struct inclusion *f = &p->inclusions.at[i];

		printf("  %-9s %s  %s(%s) -> %s(%s): %s\n", f->chosen ? "taken" : "candidate",
		       f->score, f->from_table, texts_joined(a, &f->from_columns), f->to_table,
		       texts_joined(a, &f->to_columns), texts_joined(a, &f->evidence));
	}
	if (p->inclusions.n == 0) {
		puts("  none found");
	}
	if (p->skipped_pairs > 0) {
		printf("  %lld pairs of columns were not compared with a key of two: more than the "
		       "budget\n",
		       (long long)p->skipped_pairs);
	}
}

static void print_profile(struct arena *a, const struct understanding *u)
{
	for (size_t i = 0; i < u->profile.tables.n; i++) {
		const struct table_profile *t = &u->profile.tables.at[i];

		printf("%s: table %s, %lld rows, %lld rejected, %zu columns\n", t->path, t->table,
		       (long long)t->rows, (long long)t->rejected_rows, t->columns.n);
		print_columns(t);
		print_quantiles(t);
		print_notes(t);
		print_keys(a, t);
		print_rejected(t);
		putchar('\n');
	}
	print_inclusions(a, &u->profile);
	for (size_t i = 0; i < u->sources.skipped.n; i++) {
		printf("%s%s: %s\n", i == 0 ? "\nnot read\n  " : "  ",
		       u->sources.skipped.at[i].path, u->sources.skipped.at[i].reason);
	}
}

/* As the artefact's file has it. */
static struct bldr_value *profile_value(const struct profile *p)
{
	struct bldr_value *v = shape_encode(&profile_shape, p);

	bldr_object_set(v, "artefact", bldr_text("profile"));
	return v;
}

int command_profile(int argc, char **argv, const struct cli_hooks *hooks)
{
	bool json = false;
	const struct option_spec options[] = {
		{ .name = "json",
		  .kind = OPTION_FLAG,
		  .ret = &json,
		  .help = "print the profile in the artefact's form (docs/artefacts.md)" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr profile PATH [--json]",
		.summary = "Profiles a file, or the files of a folder, without a run.",
		.description =
			"Types, nulls, distinct, smallest, largest and most frequent values of each "
			"column, quantiles\nof numbers and dates, what is odd; keys and foreign keys "
			"with the evidence for them. Counts with ~\nare estimates. Nothing is "
			"written.",
		.examples = "bldr profile data/jaffle_shop\n"
			    "bldr profile data/jaffle_shop/raw_orders.csv\n"
			    "bldr profile exports --json | jq '.inclusions[] | select(.chosen)'",
		.options = options,
		.operands_min = 1,
		.operands_max = 1,
	};
	struct understanding u;
	struct arena a = { 0 };
	struct bldr_error err;
	char **operands;
	size_t n;
	int exit_code;

	(void)hooks;
	if (!command_options(&spec, argc, argv, &operands, &n, &exit_code)) {
		return exit_code;
	}
	if (understand(operands[0], &a, &u, &err) < 0) {
		exit_code = command_fail(&err);
	} else {
		exit_code = EXIT_VALIDATED;
		if (json) {
			command_print_json(profile_value(&u.profile));
		} else {
			print_profile(&a, &u);
		}
	}
	arena_release(&a);
	return exit_code;
}
