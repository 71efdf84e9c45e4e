/* bldr kb list | show | search: what the runs of an output folder have taught. Read only, also while a run writes. */
#include "kb/kb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/settings.h"

enum { FOUND_MAX = 20 };

/* What a command shows: {items} as JSON, or as text. */
struct base {
	struct store *store; /* NULL: there is no knowledge yet */
	struct arena arena;
};

/* Errors: NOT_FOUND (no journal), INVALID (a newer file), IO. */
static int base_open(struct base *b, const struct settings *settings, struct bldr_error *err)
{
	const char *path = arena_printf(&b->arena, "%s/bldr.db", settings->output);
	bool exists = false;
	int r;

	if (!file_exists(path)) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no knowledge in \"%s\": it holds no bldr.db; name another "
				      "folder by --output",
				      settings->output);
	}
	r = store_open(path, STORE_READ, &b->store, err);
	r = r < 0 ? r : kb_exists(b->store, &exists, err);
	if (r == 0 && !exists) { /* an older program's journal */
		store_close(b->store);
		b->store = NULL;
	}
	return r;
}

static void base_close(struct base *b)
{
	store_close(b->store);
	arena_release(&b->arena);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct bldr_value *body_of(const struct kb_item *item)
{
	struct bldr_value *body = NULL;

	(void)bldr_value_parse(item->body, strlen(item->body), &body, NULL);
	return body;
}

static struct bldr_value *item_value(const struct kb_item *item)
{
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "id", bldr_text(item->id));
	bldr_object_set(v, "kind", bldr_text(kb_kind_name(item->kind)));
	bldr_object_set(v, "agent", bldr_text(item->agent));
	bldr_object_set(v, "trusted", bldr_bool(item->trusted));
	bldr_object_set(v, "title", bldr_text(item->title));
	bldr_object_set(v, "source", bldr_text(item->source));
	bldr_object_set(v, "helped", bldr_int(item->helped));
	bldr_object_set(v, "hurt", bldr_int(item->hurt));
	bldr_object_set(v, "shown", bldr_int(item->shown));
	bldr_object_set(v, "created_ms", bldr_int(item->created_ms));
	bldr_object_set(v, "updated_ms", bldr_int(item->updated_ms));
	if (item->score > 0) {
		bldr_object_set(v, "score", bldr_int(item->score));
	}
	return v;
}

static void print_items(const kb_items *items, bool json)
{
	if (json) {
		struct bldr_value *list = bldr_list();

		for (size_t i = 0; i < items->n; i++) {
			bldr_list_add(list, item_value(&items->at[i]));
		}
		command_print_json(list);
		return;
	}
	printf("%-15s %-11s %-10s %6s %5s %6s  %s\n", "ITEM", "KIND", "TRUST", "HELPED", "HURT",
	       "SHOWN", "WHAT");
	for (size_t i = 0; i < items->n; i++) {
		const struct kb_item *item = &items->at[i];

		printf("%-15s %-11s %-10s %6lld %5lld %6lld  %s\n", item->id,
		       kb_kind_name(item->kind), item->trusted ? "trusted" : "candidate",
		       (long long)item->helped, (long long)item->hurt, (long long)item->shown,
		       item->title);
	}
}

static int list(const struct settings *settings, int kind)
{
	struct base b = { 0 };
	kb_items items = { 0 };
	struct bldr_error err;
	int r = base_open(&b, settings, &err);

	if (r == 0 && b.store != NULL) {
		r = kb_list(b.store, kind, &b.arena, &items, &err);
	}
	if (r == 0) {
		print_items(&items, settings->json);
	}
	base_close(&b);
	return r < 0 ? command_fail(&err) : EXIT_VALIDATED;
}

int command_kb_list(int argc, char **argv, const struct cli_hooks *hooks)
{
	const char *kind = NULL;
	const struct option_spec options[] = {
		{ .name = "kind",
		  .kind = OPTION_TEXT,
		  .ret = &kind,
		  .value = "golden|correction",
		  .help = "only items of this kind" },
		{ .name = NULL },
	};
	const struct command_spec spec = {
		.usage = "bldr kb list [--kind golden|correction] [--output DIR] [--json]",
		.summary = "Lists what the runs of an output folder have taught, oldest first.",
		.description =
			"Candidates become trusted by a run that ended validated; only trusted "
			"items are shown to agents.",
		.examples = "bldr kb list\nbldr kb list --kind correction --json | jq '.[].title'",
		.options = options,
	};
	struct settings settings;
	int exit_code;
	int wanted = -1;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	for (int k = KB_GOLDEN; kind != NULL && k <= KB_CORRECTION; k++) {
		wanted = strcmp(kind, kb_kind_name(k)) == 0 ? k : wanted;
	}
	if (kind != NULL && wanted < 0) {
		fprintf(stderr,
			"bldr: no kind \"%s\": there are golden and correction\nusage: %s\n", kind,
			spec.usage);
		return settings_end(&settings, EXIT_USAGE);
	}
	return settings_end(&settings, list(&settings, wanted));
}

static void print_when(const char *what, int64_t ms)
{
	char when[WHEN_MAX];

	command_when(ms, when);
	printf("%-9s %s\n", what, when);
}

/* Takes the JSON of body and evidence, which are names and numbers only. */
static void print_pretty(const char *what, const struct bldr_value *v)
{
	char *text = bldr_value_pretty(v);

	printf("%s\n%s", what, text);
	free(text);
}

static void print_item(const struct kb_item *item, const struct bldr_value *evidence)
{
	struct bldr_value *body = body_of(item);

	printf("item      %s\nkind      %s\ntrust     %s\nfor       %s\nwhat      %s\n", item->id,
	       kb_kind_name(item->kind), item->trusted ? "trusted" : "candidate", item->agent,
	       item->title);
	printf("outcome   helped %lld, hurt %lld, shown to %lld runs\n", (long long)item->helped,
	       (long long)item->hurt, (long long)item->shown);
	print_when("learned", item->created_ms);
	print_when("newest", item->updated_ms);
	print_pretty("body", body);
	print_pretty("evidence", evidence);
	bldr_unref(body);
}

static int show(const struct settings *settings, const char *id)
{
	struct base b = { 0 };
	struct kb_item item = { 0 };
	struct bldr_value *evidence = NULL;
	struct bldr_error err;
	int r = base_open(&b, settings, &err);

	if (r == 0 && b.store == NULL) {
		r = bldr_error_set(&err, BLDR_E_NOT_FOUND,
				   "no item \"%.40s\": nothing was learned in \"%s\" yet", id,
				   settings->output);
	}
	r = r < 0 ? r : kb_find(b.store, id, &b.arena, &item, &err);
	r = r < 0 ? r : kb_evidence(b.store, item.number, &evidence, &err);
	if (r == 0 && settings->json) {
		struct bldr_value *v = item_value(&item);

		bldr_object_set(v, "body", body_of(&item));
		bldr_object_set(v, "evidence", bldr_ref(evidence));
		command_print_json(v);
	} else if (r == 0) {
		print_item(&item, evidence);
	}
	bldr_unref(evidence);
	base_close(&b);
	return r < 0 ? command_fail(&err) : EXIT_VALIDATED;
}

int command_kb_show(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr kb show ITEM [--output DIR] [--json]",
		.summary = "Shows one item of the knowledge base with the evidence for it.",
		.description = "ITEM may be the beginning of an item's id.",
		.examples =
			"bldr kb show c-1a2b3c\nbldr kb show g-1a2b3c4d5e6f --json | jq .body.star",
		.operands_min = 1,
		.operands_max = 1,
	};
	struct settings settings;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, show(&settings, settings_operand(&settings, 0)));
}

static int search(const struct settings *settings)
{
	struct base b = { 0 };
	struct kb_question q = { 0 };
	kb_items items = { 0 };
	struct bldr_error err;
	const char *text = "";
	int r;

	for (size_t i = 0; i < settings->n_operands; i++) {
		text = arena_printf(&b.arena, "%s%s%.*s", text, i > 0 ? " " : "", KB_WORDS_MAX,
				    settings->operands[i]);
	}
	q.words = arena_strndup(&b.arena, text, KB_WORDS_MAX);
	r = base_open(&b, settings, &err);
	if (r == 0 && b.store != NULL) {
		r = kb_search(b.store, &q, now_ms(), FOUND_MAX, &b.arena, &items, &err);
	}
	if (r == 0) {
		print_items(&items, settings->json);
	}
	base_close(&b);
	return r < 0 ? command_fail(&err) : EXIT_VALIDATED;
}

int command_kb_search(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr kb search TEXT... [--output DIR] [--json]",
		.summary = "Finds items of the knowledge base by words, best first.",
		.description = "Names of tables and columns, or what was wrong. Any word may match; "
			       "punctuation means nothing.",
		.examples = "bldr kb search order date\nbldr kb search \"customer_id\" --json",
		.operands_min = 1,
		.operands_max = 64,
	};
	struct settings settings;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, search(&settings));
}
