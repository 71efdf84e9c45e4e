/*
 * Threads that were parked under another version of their graph. The structure that they were parked under is in the journal, so a run of
 * it can be rebuilt without its functions: its state and tasks are given to the migration that the graph has registered, and what
 * that returns is the first record under the graph as it is now. Without a migration the differences are named.
 */
#include "host/inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { HASH_SHOWN = 12 };

/* The structure that a thread was parked under; NULL: the journal does not have it. */
static struct bldr_value *old_structure(struct bldr_engine *e, const struct journal_thread *row)
{
	struct arena a = { 0 };
	struct bldr_value *value = NULL;
	const char *text = NULL;

	if (journal_graph_get(e->reader, row->graph_hash, &a, &text, NULL) == 0) {
		(void)bldr_value_parse(text, strlen(text), &value, NULL);
	}
	arena_release(&a);
	return value;
}

static int refuse(const struct journal_thread *row, const struct bldr_graph *g,
		  const struct bldr_value *was, struct bldr_error *err)
{
	struct bldr_value *is = bldr_graph_structure(g);
	char *difference = was != NULL ? graph_difference(was, is)
				       : xasprintf("%.*s is now %.*s", HASH_SHOWN, row->graph_hash,
						   HASH_SHOWN, bldr_graph_hash(g));
	int rc = bldr_error_set(
		err, BLDR_E_CHANGED,
		"graph \"%s\" has changed since thread \"%s\" was parked under its version "
		"%u: %s; run that version, or give this one a migration "
		"(bldr_graph_migrate)",
		row->graph, row->id, row->graph_version, difference);

	free(difference);
	bldr_unref(is);
	return rc;
}

/* A thread under the graph of then. */
struct former {
	struct bldr_graph *graph;
	struct run *run;
};

static void former_release(struct former *f)
{
	run_free(f->run);
	bldr_graph_free(f->graph);
}

/* The caller releases it even when it fails. */
static int former_load(struct former *f, struct bldr_engine *e, const struct journal_thread *row,
		       const struct bldr_value *was, struct bldr_error *err)
{
	int rc = graph_from_structure(was, &f->graph, err);

	if (rc < 0) {
		return rc;
	}
	f->run = run_new(f->graph, row->id, row->seed);
	rc = journal_load(e->reader, row, f->run, err);
	return rc < 0 ? rc : run_at_rest(f->run, row->next_id, row->last_event, row->status, err);
}

/* What the migration makes of what it was parked with. */
static int migrate(const struct former *f, const struct journal_thread *row,
		   const struct bldr_graph *g, struct bldr_value **ret, struct bldr_error *err)
{
	struct bldr_value *parked = run_parked(f->run);
	struct bldr_error why = { 0 };

	bldr_object_set(parked, "version", bldr_int(row->graph_version));
	*ret = graph_migration(g, row->graph_version)(parked, &why);
	bldr_unref(parked);
	if (*ret != NULL) {
		return 0;
	}
	return bldr_error_set(
		err, BLDR_E_CHANGED,
		"thread \"%s\", parked under version %u of graph \"%s\", cannot be migrated: %s",
		row->id, row->graph_version, row->graph,
		why.code < 0 ? why.text : "its migration says no more");
}

int change_take_over(struct bldr_engine *e, struct journal_thread *row, const struct bldr_graph *g,
		     struct bldr_error *err)
{
	struct bldr_value *was;
	struct bldr_value *parked = NULL;
	struct former former = { 0 };
	struct journal_thread next = *row;
	struct update *update;
	struct run *run;
	int rc = 0;

	if (strcmp(bldr_graph_hash(g), row->graph_hash) == 0) {
		return 0;
	}
	was = old_structure(e, row);
	if (was == NULL || graph_migration(g, row->graph_version) == NULL) {
		rc = refuse(row, g, was, err);
	} else if (e->running) {
		rc = bldr_error_set(
			err, BLDR_E_CHANGED,
			"thread \"%s\" is to be migrated to version %u of its graph: resume it "
			"between two runs of the loop",
			row->id, g->version);
	} else {
		rc = former_load(&former, e, row, was, err);
		rc = rc < 0 ? rc : migrate(&former, row, g, &parked, err);
	}
	bldr_unref(was);
	if (rc < 0) {
		former_release(&former);
		return rc;
	}
	engine_set_graph(&next, g);
	engine_note_graph(e, g);
	run = engine_run(e, g, &next);
	update = xcalloc(1, sizeof(*update));
	run_give_up(former.run, run, engine_now_ms(e), update);
	rc = run_migrate(run, parked, row->root, row->step, update->next_id, update->last_event,
			 engine_now_ms(e), update, err);
	bldr_unref(parked);
	former_release(&former);
	rc = engine_settle(e, &next, run, update, rc, err);
	return rc < 0 ? rc : journal_thread(e->reader, row->id, row, err);
}
