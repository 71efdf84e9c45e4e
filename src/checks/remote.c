/* What to ask next, and the judgement when nothing is left to ask. */
#include "checks/remote.h"

#include "checks/remote_parts.h"

/* Adds a statement unless it has been answered; true: it has. */
static bool ask(const struct remote_star *r, remote_statements *ret, const char *what,
		const char *name, const char *sql)
{
	const char *id = remote_id(r, what, name);
	if (remote_result_find(r, id) != NULL) {
		return true;
	}
	*LIST_ADD(r->arena, ret) = (struct remote_statement){ id, sql, { 0 } };
	return false;
}

static bool ask_columns(const struct remote_star *r, const char *layer, const char *table,
			remote_statements *ret)
{
	return ask(r, ret, "columns", arena_printf(r->arena, "%s%s", layer, table),
		   sql_describe(r, layer, table));
}

static void plan_source(const struct remote_star *r, const struct source_file *source,
			remote_statements *ret)
{
	if (!ask_columns(r, "bronze_", source->table, ret)) {
		return;
	}
	bool answered = ask(r, ret, "layers", source->table, sql_layers(r, source->table));
	if (!answered && remote_has_images(r, source->table)) {
		*LIST_ADD(r->arena, &ret->at[ret->n - 1].parameters) =
			(struct remote_parameter){ "source_hash", "STRING", source->hash };
	}
	ask(r, ret, "quarantine", source->table, sql_quarantine(r, source));
}

/* A whole table or its buckets, then the rows of those that differ. */
static int plan_rows(const struct remote_star *r, const struct remote_table *t,
		     remote_statements *ret, struct bldr_error *err)
{
	const char *name = t->design->name;
	int64_t buckets = remote_buckets(r, t);
	if (buckets < 0) {
		return 0;
	}
	if (buckets == 0) {
		ask(r, ret, "rows", name, sql_rows(r, t, 0));
		return 0;
	}
	bool answered = ask(r, ret, "buckets", name, sql_buckets(r, t, buckets));
	if (!answered || remote_result_find(r, remote_id(r, "buckets", name))->error != NULL) {
		return 0;
	}
	const struct bucket_comparison *c;
	int rc = remote_compare_buckets(r, t, &c, err);
	if (rc == 0 && c->n_asked > 0 &&
	    !ask(r, ret, "rows of buckets", name, sql_rows(r, t, buckets))) {
		*LIST_ADD(r->arena, &ret->at[ret->n - 1].parameters) =
			(struct remote_parameter){ "buckets", "STRING", c->list };
	}
	return rc;
}

static int plan_table(const struct remote_star *r, const struct remote_table *t,
		      remote_statements *ret, struct bldr_error *err)
{
	if (!ask_columns(r, "", t->design->name, ret) || t->missing) {
		return 0;
	}
	size_t before = ret->n;
	remote_plan_totals(r, t, ret);
	return ret->n > before ? 0 : plan_rows(r, t, ret, err);
}

static bool all_described(const struct remote_star *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->tables[i].described) {
			return false;
		}
	}
	return true;
}

static void plan_descriptions(const struct remote_star *r, remote_statements *ret)
{
	for (size_t i = 0; i < r->n; i++) {
		ask_columns(r, "", r->tables[i].design->name, ret);
	}
	for (size_t i = 0; i < r->sources.n; i++) {
		ask_columns(r, "bronze_", r->sources.at[i]->table, ret);
	}
}

int remote_plan(const struct remote_input *in, const remote_results *results, struct arena *a,
		remote_statements *ret, struct bldr_error *err)
{
	struct remote_star r;
	int rc = remote_input_open(in, results, a, &r, err);
	*ret = (remote_statements){ 0 };
	if (rc == 0 && !all_described(&r)) { /* the joins need to know the other tables */
		plan_descriptions(&r, ret);
	} else {
		for (size_t i = 0; rc == 0 && i < r.sources.n; i++) {
			plan_source(&r, r.sources.at[i], ret);
		}
		for (size_t i = 0; rc == 0 && i < r.n; i++) {
			rc = plan_table(&r, &r.tables[i], ret, err);
		}
	}
	remote_release(&r);
	return rc;
}

int remote_image(const struct remote_input *in, const remote_results *results, struct arena *a,
		 struct bldr_error *err)
{
	struct remote_star r;
	int rc = remote_input_open(in, results, a, &r, err);
	rc = rc < 0 ? rc : remote_write_image(&r, err);
	remote_release(&r);
	return rc;
}

int remote_judge(const struct remote_input *in, const remote_results *results, struct arena *a,
		 struct findings *ret, struct bldr_error *err)
{
	struct remote_star r;
	struct checks_input checks = *in->checks;
	checks.warehouse = in->image;
	int rc = remote_input_open(in, results, a, &r, err);
	rc = rc < 0 ? rc : remote_write_image(&r, err);
	rc = rc < 0 ? rc : checks_run(&checks, a, ret, err);
	if (rc == 0) {
		remote_judge_totals(&r, ret);
		rc = remote_judge_cells(&r, ret, err);
	}
	if (rc == 0) {
		checks_conclude(ret);
	}
	remote_release(&r);
	return rc;
}
