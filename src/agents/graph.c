/*
 * The main graph and the table of work functions: who runs after whom, and what each may see.
 * The channel lists are the agents' clearances: the Tester's subgraphs never see the pipeline.
 */
#include "agents/agents.h"
#include "agents/knowledge.h"
#include "agents/nodes.h"
#include "agents/remote/job_run.h"
#include "base/check.h"
#include "databricks/databricks.h"

enum { SUBGRAPHS = 8 };

struct agents {
	struct bldr_graph *main;
	struct bldr_graph *subgraphs[SUBGRAPHS];
};

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })

struct channel {
	const char *name;
	enum bldr_reducer reducer;
};

static const struct channel channels[] = {
	{ "job", BLDR_LAST },    /* {run, source_dir, rounds_max, approve, knowledge, databricks} */
	{ "next", BLDR_LAST },   /* the supervisor's decision: an agent's name */
	{ "advice", BLDR_LAST }, /* list of repairs asked of the mapper */
	{ "rounds", BLDR_ADD },  /* rounds begun: mappings, and loads made again */
	{ "designs", BLDR_ADD }, /* designs begun */
	{ "approval", BLDR_LAST }, /* {answer, reason, pinned}: what a person said of the design */
	{ "decisions", BLDR_APPEND },  /* [{next, reason}] */
	{ "attempts", BLDR_APPEND },   /* [{sources, profile, sttm, findings, tried}] sent back */
	{ "superseded", BLDR_APPEND }, /* [{design, contract}] that a repair has replaced */
	{ "schema", BLDR_LAST },   /* what the knowledge base is asked: names and fingerprints */
	{ "recalled", BLDR_LAST }, /* {items}: shown to the analyst */
	{ "recalled_build", BLDR_LAST }, /* shown to the developer */
	{ "learned", BLDR_LAST },        /* {learned}: what the run taught */
	{ "sources", BLDR_LAST }, /* from here on: {"ref": ...} of the artefact of that name */
	{ "profile", BLDR_LAST },
	{ "design", BLDR_LAST },
	{ "contract", BLDR_LAST },
	{ "sttm", BLDR_LAST },
	{ "pipeline", BLDR_LAST },
	{ "deployment", BLDR_LAST },
	{ "staged", BLDR_LAST }, /* developer/stage.c: the job as databricks_ensure_job wants it */
	{ "remote", BLDR_LAST }, /* remote/job_run.h: the job and its run in the workspace */
	{ "asked", BLDR_LAST },  /* tester/ask.c */
	{ "reloaded", BLDR_LAST },
	{ "findings", BLDR_LAST }, /* and verdict, counts, repairs */
	{ "evaluation", BLDR_LAST },
	{ "report", BLDR_LAST },
	{ "table_profiles", BLDR_APPEND },
	{ NULL, BLDR_LAST },
};

static struct bldr_graph *new_graph(const char *name, const char *const *names)
{
	struct bldr_graph *g = bldr_graph_new(name, 1);

	for (; *names != NULL; names++) {
		const struct channel *c = channels;

		while (c->name != NULL && __builtin_strcmp(c->name, *names) != 0) {
			c++;
		}
		ASSERT(c->name != NULL);
		bldr_graph_channel(g, c->name, c->reducer);
	}
	return g;
}

/* A subgraph whose nodes run one after the other. */
static struct bldr_graph *new_chain(const char *name, const char *const *names,
				    const struct bldr_node *const *nodes)
{
	struct bldr_graph *g = new_graph(name, names);
	const char *from = BLDR_START;

	for (; *nodes != NULL; nodes++) {
		bldr_graph_node(g, *nodes);
		bldr_graph_edge(g, from, (*nodes)->name);
		from = (*nodes)->name;
	}
	bldr_graph_edge(g, from, BLDR_END);
	return g;
}

#define NODES(...) ((const struct bldr_node *const[]){ __VA_ARGS__, NULL })

static struct bldr_graph *new_analyst_design(void)
{
	struct bldr_graph *g =
		new_graph("analyst.design",
			  NAMES("job", "designs", "sources", "table_profiles", "profile", "design",
				"schema", "recalled", "attempts"));

	bldr_graph_node(g, &analyst_discover_node);
	bldr_graph_node(g, &analyst_profile_table_node);
	bldr_graph_node(g, &analyst_describe_node);
	bldr_graph_node(g, &analyst_recall_node);
	bldr_graph_node(g, &analyst_relate_node);
	bldr_graph_node(g, &analyst_design_node);
	bldr_graph_edge(g, BLDR_START, "discover");
	bldr_graph_route(g, "discover", analyst_discover_route, analyst_discover_targets);
	bldr_graph_edge(g, "profile_table", "describe");
	bldr_graph_edge(g, "describe", "recall");
	bldr_graph_edge(g, "recall", "relate");
	bldr_graph_edge(g, "relate", "design");
	bldr_graph_edge(g, "design", BLDR_END);
	return g;
}

static struct bldr_graph *new_developer_deploy(void)
{
	struct bldr_graph *g =
		new_graph("developer.deploy",
			  NAMES("job", "rounds", "sources", "pipeline", "staged", "remote"));
	static const char *const chain[] = { BLDR_START, "place", "stage", "upload",
					     "job",      "run",   NULL };

	bldr_graph_node(g, &developer_place_node);
	bldr_graph_node(g, &developer_stage_node);
	bldr_graph_node(g, &developer_upload_node);
	bldr_graph_node(g, &developer_job_node);
	bldr_graph_node(g, &developer_run_node);
	bldr_graph_node(g, &remote_repair_node);
	for (size_t i = 0; chain[i + 1] != NULL; i++) {
		bldr_graph_edge(g, chain[i], chain[i + 1]);
	}
	bldr_graph_route(g, "run", developer_run_route, developer_run_targets);
	bldr_graph_edge(g, "repair", "run");
	bldr_graph_policy(g, &databricks_policy);
	return g;
}

static struct bldr_graph *new_tester_check(void)
{
	struct bldr_graph *g = new_graph("tester.check",
					 NAMES("job", "rounds", "sources", "design", "contract",
					       "sttm", "deployment", "reloaded", "remote", "asked",
					       "findings", "superseded"));

	bldr_graph_node(g, &tester_reload_node);
	bldr_graph_node(g, &tester_questions_node);
	bldr_graph_node(g, &tester_ask_node);
	bldr_graph_node(g, &tester_rerun_node);
	bldr_graph_node(g, &remote_repair_node);
	bldr_graph_node(g, &tester_check_node);
	bldr_graph_route(g, BLDR_START, tester_start_route, tester_start_targets);
	bldr_graph_edge(g, "reload", "check");
	bldr_graph_route(g, "questions", tester_questions_route, tester_questions_targets);
	bldr_graph_route(g, "ask", tester_ask_route, tester_ask_targets);
	bldr_graph_route(g, "rerun", tester_rerun_route, tester_rerun_targets);
	bldr_graph_edge(g, "repair", "rerun");
	bldr_graph_edge(g, "check", BLDR_END);
	bldr_graph_policy(g, &databricks_policy);
	return g;
}

struct part {
	struct bldr_graph *graph;
	const char *const *in, *const *out;
};

static void build_parts(struct part parts[SUBGRAPHS])
{
	/* clang-format off */
	static const char *const check_in[] = {"job", "rounds", "sources", "design", "contract",
					       "sttm", "deployment", "remote", "asked", "superseded", NULL};
	static const char *const all_in[] = {"job", "rounds", "decisions", "sources", "profile", "design",
					     "contract", "sttm", "pipeline", "deployment", "findings",
					     "attempts", "recalled", "recalled_build", "remote", "asked", NULL};
	static const char *const design_in[] = {"job", "designs", "attempts", NULL};
	static const char *const approval_in[] = {"job", "designs", "sources", "profile", "design", NULL};
	static const char *const approval_out[] = {"approval", NULL};
	static const char *const design_out[] = {"sources", "profile", "design", "schema", "recalled",
						 NULL};
	static const char *const contract_in[] = {"job", "sources", "design", "superseded", NULL};
	static const char *const contract_out[] = {"contract", NULL};
	static const char *const map_in[] = {"job", "rounds", "advice", "sources", "profile", "design",
					     "sttm", "attempts", "recalled", NULL};
	static const char *const map_out[] = {"sttm", NULL};
	static const char *const build_in[] = {"job", "rounds", "sources", "sttm", "schema", NULL};
	static const char *const build_out[] = {"pipeline", "deployment", "recalled_build", NULL};
	static const char *const deploy_in[] = {"job", "rounds", "sources", "pipeline", "remote", NULL};
	static const char *const deploy_out[] = {"remote", NULL};
	static const char *const check_out[] = {"findings", "remote", "asked", NULL};
	static const char *const evaluator_out[] = {"evaluation", "report", "learned", NULL};

	parts[0] = (struct part){new_analyst_design(), design_in, design_out};
	parts[1] = (struct part){new_chain("tester.contract",
		NAMES("job", "sources", "design", "contract", "superseded"),
		NODES(&tester_contract_node)), contract_in, contract_out};
	parts[2] = (struct part){new_chain("analyst.map",
		NAMES("job", "rounds", "advice", "sources", "profile", "design", "sttm", "attempts",
		      "recalled"),
		NODES(&analyst_map_node)), map_in, map_out};
	parts[3] = (struct part){new_chain("developer.build",
		NAMES("job", "rounds", "sources", "sttm", "schema", "recalled_build", "pipeline",
		      "deployment"),
		NODES(&developer_recall_node, &developer_emit_node, &developer_load_node)), build_in, build_out};
	parts[4] = (struct part){new_tester_check(), check_in, check_out};
	parts[5] = (struct part){new_chain("evaluator",
		NAMES("job", "rounds", "decisions", "sources", "profile", "design", "contract", "sttm",
		      "pipeline", "deployment", "findings", "evaluation", "report", "attempts", "recalled",
		      "recalled_build", "learned", "remote", "asked"),
		NODES(&evaluator_evaluate_node, &evaluator_learn_node, &evaluator_report_node)), all_in, evaluator_out};
	parts[6] = (struct part){new_chain("approval",
		NAMES("job", "designs", "sources", "profile", "design", "approval"),
		NODES(&supervisor_ask_node, &supervisor_pin_node)), approval_in, approval_out};
	parts[7] = (struct part){new_developer_deploy(), deploy_in, deploy_out};
	/* clang-format on */
}

int agents_new(struct agents **ret, struct bldr_error *err)
{
	struct agents *a = xcalloc(1, sizeof(*a));
	struct part parts[SUBGRAPHS];
	int r = 0;

	build_parts(parts);
	a->main = new_graph("main",
			    NAMES("job", "next", "advice", "rounds", "designs", "approval",
				  "decisions", "sources", "profile", "design", "contract", "sttm",
				  "pipeline", "deployment", "findings", "evaluation", "report",
				  "attempts", "superseded", "schema", "recalled", "recalled_build",
				  "learned", "remote", "asked"));
	bldr_graph_node(a->main, &supervisor_node);
	bldr_graph_edge(a->main, BLDR_START, "supervisor");
	bldr_graph_route(a->main, "supervisor", supervisor_route, supervisor_targets);
	for (size_t i = 0; i < SUBGRAPHS; i++) {
		const char *name = bldr_graph_name(parts[i].graph);

		a->subgraphs[i] = parts[i].graph;
		if (r == 0) {
			r = bldr_graph_compile(parts[i].graph, err);
		}
		bldr_graph_subgraph(a->main, name, parts[i].graph, parts[i].in, parts[i].out);
		bldr_graph_edge(a->main, name, "supervisor");
	}
	if (r == 0) {
		r = bldr_graph_compile(a->main, err);
	}
	if (r < 0) {
		agents_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void agents_free(struct agents *a)
{
	if (a == NULL) {
		return;
	}
	bldr_graph_free(a->main);
	for (size_t i = 0; i < SUBGRAPHS; i++) {
		bldr_graph_free(a->subgraphs[i]);
	}
	free(a);
}

const struct bldr_graph *agents_graph(const struct agents *a)
{
	return a->main;
}

const struct bldr_work_type *agents_work(size_t *ret_n)
{
	static const struct bldr_work_type types[] = {
		{ .name = "analyst.discover", .fn = analyst_discover_work, .virtual_ms = 10 },
		{ .name = "analyst.profile_table",
		  .fn = analyst_profile_table_work,
		  .virtual_ms = 40 },
		{ .name = "analyst.relate", .fn = analyst_relate_work, .virtual_ms = 20 },
		{ .name = "analyst.describe", .fn = analyst_describe_work, .virtual_ms = 5 },
		{ .name = "analyst.design", .fn = analyst_design_work, .virtual_ms = 10 },
		{ .name = "supervisor.pin", .fn = supervisor_pin_work, .virtual_ms = 5 },
		{ .name = "tester.contract", .fn = tester_contract_work, .virtual_ms = 50 },
		{ .name = "analyst.map", .fn = analyst_map_work, .virtual_ms = 10 },
		{ .name = "developer.emit", .fn = developer_emit_work, .virtual_ms = 20 },
		{ .name = "developer.load", .fn = developer_load_work, .virtual_ms = 60 },
		{ .name = "developer.stage", .fn = developer_stage_work, .virtual_ms = 20 },
		{ .name = "remote.batch", .fn = remote_batch_work, .virtual_ms = 5 },
		{ .name = "tester.reload", .fn = tester_reload_work, .virtual_ms = 60 },
		{ .name = "tester.questions", .fn = tester_questions_work, .virtual_ms = 20 },
		{ .name = "remote.read_answers", .fn = tester_read_answers_work, .virtual_ms = 5 },
		{ .name = "tester.check", .fn = tester_check_work, .virtual_ms = 40 },
		{ .name = "evaluator.evaluate", .fn = evaluator_evaluate_work, .virtual_ms = 5 },
		{ .name = "evaluator.lessons", .fn = evaluator_lessons_work, .virtual_ms = 5 },
		{ .name = "evaluator.report", .fn = evaluator_report_work, .virtual_ms = 10 },
	};

	*ret_n = sizeof(types) / sizeof(types[0]);
	return types;
}

int agents_register(const struct agents *a, struct bldr_engine *e, struct agents_context *context,
		    struct bldr_error *err)
{
	size_t n;
	const struct bldr_work_type *types = agents_work(&n);

	bldr_engine_add_graph(e, a->main);
	for (size_t i = 0; i < n; i++) {
		struct bldr_work_type type = types[i];

		type.context = context;
		bldr_engine_add_work(e, &type);
	}
	return knowledge_register(e, err);
}

struct bldr_value *agents_input(const struct agents_job *job)
{
	struct bldr_value *input = bldr_object();
	struct bldr_value *v = bldr_object();

	bldr_object_set(v, "run", bldr_text(job->run));
	bldr_object_set(v, "source_dir", bldr_text(job->source_dir));
	bldr_object_set(v, "rounds_max", bldr_int(job->rounds_max));
	bldr_object_set(v, "approve", bldr_bool(job->approve));
	bldr_object_set(v, "knowledge", bldr_bool(job->knowledge));
	if (job->databricks != NULL) {
		bldr_object_set(v, "databricks", bldr_ref(job->databricks));
	}
	bldr_object_set(input, "job", v);
	return input;
}
