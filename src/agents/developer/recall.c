/* Recalls what is known of such sources before the pipeline is emitted; what was shown is recorded with the run. */
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
