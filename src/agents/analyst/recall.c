/*
 * Says what the tables look like, without their data, and recalls what is known of such sources: before keys and foreign
 * keys are chosen, so that what is recalled can have a say in them.
 */
#include "agents/analyst/tables.h"
#include "agents/handover.h"
#include "agents/knowledge.h"
#include "agents/nodes.h"
#include "agents/schema.h"
#include "kb/kb.h"

static const char *const describe_reads[] = { "job", "table_profiles", NULL };
static const char *const describe_writes[] = { "schema", NULL };
static const struct handover handover = { "analyst.describe", BLDR_PURE, "schema" };

static void describe_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	if (knowledge_is_on(v)) {
		handover_prepare(v, p);
	}
}

static void describe_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			    struct bldr_patch *patch)
{
	if (n > 0) {
		handover_absorb(v, results, n, patch);
	}
}

const struct bldr_node analyst_describe_node = {
	.name = "describe",
	.reads = describe_reads,
	.writes = describe_writes,
	.prepare = describe_prepare,
	.absorb = describe_absorb,
	.config = &handover,
};

static const char *const recall_writes[] = { "recalled", NULL };
static const struct recaller recaller = { "analyst", "recalled" };

const struct bldr_node analyst_recall_node = {
	.name = "recall",
	.reads = knowledge_recall_reads,
	.writes = recall_writes,
	.prepare = knowledge_recall_prepare,
	.absorb = knowledge_recall_absorb,
	.config = &recaller,
};

/* The question to the knowledge base; of many tables the first ones. */
static int describe(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct profile profile = { 0 };
	struct schema schema;
	struct bldr_value *tables;
	int r = tables_read(d, &profile, NULL, err);

	if (r < 0) {
		return r;
	}
	schema_of(&profile, &d->arena, &schema);
	tables = bldr_list();
	for (size_t i = 0; i < schema.tables.n && i < KB_FINGERPRINTS_MAX - 1; i++) {
		bldr_list_add(tables, bldr_text(schema.tables.at[i].fingerprint));
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "source", bldr_text(schema.source));
	bldr_object_set(*ret, "tables", tables);
	bldr_object_set(*ret, "words", bldr_text(schema_words(&profile, &d->arena, KB_WORDS_MAX)));
	return 0;
}

int analyst_describe_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, describe, ret, err);
}
