/*
 * Shows what was right for such sources before the pipeline is emitted, and records that with the run. Nothing is decided
 * by it: docs/knowledge.md, "The Developer's recall changes nothing".
 */
#include "agents/knowledge.h"
#include "agents/nodes.h"

static const char *const writes[] = { "recalled_build", NULL };
static const struct recaller recaller = { "developer", "recalled_build" };

const struct bldr_node developer_recall_node = {
	.name = "recall",
	.reads = knowledge_recall_reads,
	.writes = writes,
	.prepare = knowledge_recall_prepare,
	.absorb = knowledge_recall_absorb,
	.config = &recaller,
};
