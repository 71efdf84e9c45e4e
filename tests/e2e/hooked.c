/*
 * bldr with a hook: `bldr_hooked HOOK COMMAND...`, HOOK being
 *	kill=N            SIGKILL to itself as soon as event N, or a later one, is durable
 *	pause=N           stops (SIGSTOP) itself there, holding its locks
 *	kill-work=N       SIGKILL when the N-th work function has done its work and not yet said so
 *	plant=date_order  the first mapping that the Analyst writes has month and day swapped
 *	plant=profile     the profile that the Analyst makes prefers the second date format to the first: a misjudgement
 *	plant=FOLDER      the first mapping that the Analyst writes is FOLDER/sttm.json
 *	plant=profile:FOLDER    the first profile that the Analyst relates is FOLDER/profile.json
 *	plant=table:FOLDER      every profile of a table TABLE that the Analyst makes is FOLDER/TABLE/table_profile.json, if there is one
 *	plant=pipeline:FILE     the pipeline that the Developer emits first has the edits of FILE: [{"file", "old", "new"}], file below pipeline/
 *	plant=warehouse:FILE    behind the first load the SQL of FILE is run on warehouse.db
 *	plant=warehouses:FILE   behind every load
 *	none
 * Several are joined by +: kill=40+plant=profile.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/agents.h"
#include "agents/nodes.h"
#include "artefact/artefact.h"
#include "base/buf.h"
#include "base/file.h"
#include "cli/cli.h"
#include "store/store.h"

struct hook {
	int64_t at;
	int signal;
};

static void on_event(const struct bldr_event *event, void *user)
{
	const struct hook *hook = user;

	if (event->seq == hook->at || (hook->signal == SIGKILL && event->seq > hook->at)) {
		kill(getpid(), hook->signal);
	}
}

/* Replaces every yyyy-MM-dd in a rule by yyyy-dd-MM: the fault stands in the STTM and nowhere else. */
static const struct bldr_value *swap_date_order(struct arena *a, const struct bldr_value *rule)
{
	char *text = bldr_value_text(rule);
	struct bldr_value *swapped;
	struct bldr_error err;

	for (char *at = text; (at = strstr(at, "yyyy-MM-dd")) != NULL; at++) {
		memcpy(at, "yyyy-dd-MM", 10);
	}
	if (bldr_value_parse(text, strlen(text), &swapped, &err) < 0) {
		abort();
	}
	free(text);
	return artefact_keep(a, swapped);
}

/* Where the mapping to plant is; NULL: the date order of the right one is swapped. */
static const char *planted_folder;

static int read_planted(const char *name, const char *from, struct arena *a, void *ret,
			struct bldr_error *err)
{
	char path[4096], hash[HASH_HEX_MAX];
	const char *file = arena_printf(a, "%s.json", name);
	uint64_t bytes;

	snprintf(path, sizeof(path), "%s/%s", from, file);
	int r = file_hash(path, hash, &bytes, err);
	struct artefact_ref ref = { .path = file, .hash = hash, .bytes = (int64_t)bytes };
	return r < 0 ? r : artefact_read(from, name, &ref, a, ret, err);
}

static int swap_dates(const char *folder, const struct artefact_ref *ref, struct arena *a,
		      struct sttm *ret, struct bldr_error *err)
{
	int r = artefact_read(folder, "sttm", ref, a, ret, err);

	for (size_t i = 0; r == 0 && i < ret->tables.n; i++) {
		for (size_t k = 0; k < ret->tables.at[i].columns.n; k++) {
			struct sttm_column *c = &ret->tables.at[i].columns.at[k];

			c->rule = swap_date_order(a, c->rule);
		}
	}
	return r;
}

static int plant(const char *folder, const struct bldr_value *result, struct bldr_value **ret,
		 struct bldr_error *err)
{
	struct arena a = { 0 };
	struct artefact_ref ref;
	struct sttm sttm;
	int r = artefact_ref_parse(bldr_get(result, "ref"), &a, &ref, err);

	if (r == 0) {
		r = planted_folder != NULL ? read_planted("sttm", planted_folder, &a, &sttm, err)
					   : swap_dates(folder, &ref, &a, &sttm, err);
	}
	if (r == 0) {
		r = artefact_write(folder, "sttm", NULL, &sttm, &a, &ref, err);
	}
	if (r == 0) {
		*ret = bldr_object();
		bldr_object_set(*ret, "ref", artefact_ref_value(&ref));
	}
	arena_release(&a);
	return r;
}

static int planted_map(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	struct bldr_value *right = NULL;
	char folder[4096];
	int r = analyst_map_work(w, &right, err);

	if (r < 0 || bldr_get_int(w->args, "rounds", 0) != 1) {
		*ret = right;
		return r;
	}
	snprintf(folder, sizeof(folder), "%s/%s", context->output,
		 bldr_get_text(bldr_get(w->args, "job"), "run"));
	r = plant(folder, right, ret, err);
	bldr_unref(right);
	return r;
}

/* Where the profile to plant is; NULL: the second date format of each column goes before the first. */
static const char *planted_profile;

static int misjudge(const char *folder, const struct bldr_value *result, struct bldr_value **ret,
		    struct bldr_error *err)
{
	struct arena a = { 0 };
	struct artefact_ref ref;
	struct profile profile;
	int r = artefact_ref_parse(bldr_get(result, "ref"), &a, &ref, err);

	if (r == 0 && planted_profile != NULL) {
		r = read_planted("profile", planted_profile, &a, &profile, err);
	} else if (r == 0) {
		r = artefact_read(folder, "profile", &ref, &a, &profile, err);
	}
	for (size_t i = 0; r == 0 && planted_profile == NULL && i < profile.tables.n; i++) {
		for (size_t k = 0; k < profile.tables.at[i].columns.n; k++) {
			struct column_profile *c = &profile.tables.at[i].columns.at[k];

			if (c->date_formats.n > 1) {
				struct date_format first = c->date_formats.at[0];

				c->date_formats.at[0] = c->date_formats.at[1];
				c->date_formats.at[1] = first;
			}
		}
	}
	r = r < 0 ? r : artefact_write(folder, "profile", NULL, &profile, &a, &ref, err);
	if (r == 0) {
		*ret = bldr_object();
		bldr_object_set(*ret, "ref", artefact_ref_value(&ref));
	}
	arena_release(&a);
	return r;
}

static int misjudged_relate(const struct bldr_work *w, struct bldr_value **ret,
			    struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	struct bldr_value *right = NULL;
	char folder[4096];
	int r = analyst_relate_work(w, &right, err);

	if (r < 0 || (planted_profile != NULL && bldr_get_int(w->args, "designs", 1) != 1)) {
		*ret = right;
		return r;
	}
	snprintf(folder, sizeof(folder), "%s/%s", context->output,
		 bldr_get_text(bldr_get(w->args, "job"), "run"));
	r = misjudge(folder, right, ret, err);
	bldr_unref(right);
	return r;
}

/* Where the tables' profiles to plant are: misjudged, before keys and foreign keys are chosen. */
static const char *planted_tables;

static int misjudged_table(const struct bldr_work *w, struct bldr_value **ret,
			   struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	const char *table = bldr_get_text(bldr_get(w->args, "input"), "table");
	struct bldr_value *right = NULL;
	struct arena a = { 0 };
	struct artefact_ref ref;
	struct table_profile profile;
	int r = analyst_profile_table_work(w, &right, err);

	if (r < 0 ||
	    !file_exists(arena_printf(&a, "%s/%s/table_profile.json", planted_tables, table))) {
		*ret = right;
		arena_release(&a);
		return r;
	}
	r = artefact_ref_parse(bldr_get(right, "ref"), &a, &ref, err);
	r = r < 0 ? r
		  : read_planted("table_profile", arena_printf(&a, "%s/%s", planted_tables, table),
				 &a, &profile, err);
	r = r < 0 ? r
		  : artefact_write(arena_printf(&a, "%s/%s", context->output,
						bldr_get_text(bldr_get(w->args, "job"), "run")),
				   "table_profile", ref.path, &profile, &a, &ref, err);
	if (r == 0) {
		*ret = bldr_object();
		bldr_object_set(*ret, "ref", artefact_ref_value(&ref));
	}
	bldr_unref(right);
	arena_release(&a);
	return r;
}

/* SQL that is run on the warehouse behind the first load, or every one. */
static const char *planted_sql;
static bool every_load;

static int run_sql(const char *path, struct bldr_error *err)
{
	struct store *s = NULL;
	char *sql = NULL;
	size_t size;
	int r = file_read(planted_sql, 1 << 20, &sql, &size, err);

	r = r < 0 ? r : store_open(path, STORE_PLAIN, &s, err);
	r = r < 0 ? r : store_exec(s, sql, err);
	if (s != NULL) {
		store_close(s);
	}
	free(sql);
	return r;
}

static int spoilt_load(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	char path[4096];
	int r = developer_load_work(w, ret, err);

	if (r < 0 || (!every_load && bldr_get_int(w->args, "rounds", 0) != 1)) {
		return r;
	}
	snprintf(path, sizeof(path), "%s/%s/warehouse.db", context->output,
		 bldr_get_text(bldr_get(w->args, "job"), "run"));
	return run_sql(path, err);
}

/* Edits of the emitted files: each text `old`, which has to be there, becomes `new`. */
static const char *planted_edits;

static int edit_file(const char *folder, const struct bldr_value *edit, struct bldr_error *err)
{
	enum { FILE_MAX = 1 << 20 };
	const char *old = bldr_get_text(edit, "old");
	char path[8192];
	char *text = NULL;
	struct buf out;
	size_t size;
	int r;

	snprintf(path, sizeof(path), "%s/pipeline/%s", folder, bldr_get_text(edit, "file"));
	r = file_read(path, FILE_MAX, &text, &size, err);
	if (r == 0 && strstr(text, old) == NULL) {
		r = bldr_error_set(err, BLDR_E_INVALID, "\"%s\" has no \"%s\"", path, old);
	}
	if (r == 0) {
		const char *rest = text;
		const char *at;

		buf_init(&out, 2 * FILE_MAX);
		while ((at = strstr(rest, old)) != NULL) {
			buf_add(&out, rest, (size_t)(at - rest));
			buf_puts(&out, bldr_get_text(edit, "new"));
			rest = at + strlen(old);
		}
		buf_puts(&out, rest);
		r = file_write(path, out.data, out.size, err);
		buf_release(&out);
	}
	free(text);
	return r;
}

static int edited_emit(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	struct bldr_value *edits = NULL;
	char folder[4096];
	char *text = NULL;
	size_t size;
	int r = developer_emit_work(w, ret, err);

	if (r < 0 || bldr_get_int(w->args, "rounds", 0) != 1) {
		return r;
	}
	snprintf(folder, sizeof(folder), "%s/%s", context->output,
		 bldr_get_text(bldr_get(w->args, "job"), "run"));
	r = file_read(planted_edits, 1 << 20, &text, &size, err);
	r = r < 0 ? r : bldr_value_parse(text, size, &edits, err);
	for (size_t i = 0; r == 0 && i < bldr_count(edits); i++) {
		r = edit_file(folder, bldr_at(edits, i), err);
	}
	bldr_unref(edits);
	free(text);
	return r;
}

/* Every work function, wrapped: its effect is performed, its result never recorded. */
enum { WORK_MAX = 32 };
static struct bldr_work_type wrapped[WORK_MAX];
static atomic_int work_left;

static int kill_after_work(const struct bldr_work *w, struct bldr_value **ret,
			   struct bldr_error *err)
{
	size_t n;
	const struct bldr_work_type *types = agents_work(&n);
	int r = BLDR_E_NOT_FOUND;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(types[i].name, w->name) == 0) {
			r = types[i].fn(w, ret, err);
		}
	}
	if (atomic_fetch_sub(&work_left, 1) == 1) {
		kill(getpid(), SIGKILL);
	}
	return r;
}

static size_t wrap_work(void)
{
	size_t n;
	const struct bldr_work_type *types = agents_work(&n);

	for (size_t i = 0; i < n && i < WORK_MAX; i++) {
		wrapped[i] = types[i];
		wrapped[i].fn = kill_after_work;
	}
	return n;
}

static bool begins(const char *what, const char *with, const char **ret_rest)
{
	*ret_rest = what + strlen(with);
	return strncmp(what, with, strlen(with)) == 0;
}

static struct bldr_work_type plant_of(const char *what)
{
	const char *rest;

	if (strcmp(what, "profile") == 0 || begins(what, "profile:", &rest)) {
		planted_profile = strcmp(what, "profile") == 0 ? NULL : rest;
		return (struct bldr_work_type){ .name = "analyst.relate", .fn = misjudged_relate };
	}
	if (begins(what, "table:", &rest)) {
		planted_tables = rest;
		return (struct bldr_work_type){ .name = "analyst.profile_table",
						.fn = misjudged_table };
	}
	if (begins(what, "pipeline:", &rest)) {
		planted_edits = rest;
		return (struct bldr_work_type){ .name = "developer.emit", .fn = edited_emit };
	}
	every_load = begins(what, "warehouses:", &rest);
	if (every_load || begins(what, "warehouse:", &rest)) {
		planted_sql = rest;
		return (struct bldr_work_type){ .name = "developer.load", .fn = spoilt_load };
	}
	planted_folder = strchr(what, '/') != NULL ? what : NULL;
	return (struct bldr_work_type){ .name = "analyst.map", .fn = planted_map };
}

int main(int argc, char **argv)
{
	enum { PLANTS_MAX = 8 };
	static struct bldr_work_type plants[PLANTS_MAX];
	size_t n_plants = 0;
	struct hook hook = { .at = -1 };
	char *rest = NULL;
	struct cli_hooks hooks = { .event = on_event, .user = &hook };

	if (argc < 2) {
		fputs("usage: bldr_hooked HOOK COMMAND...\n", stderr);
		return EXIT_USAGE;
	}
	for (char *part = strtok_r(argv[1], "+", &rest); part != NULL;
	     part = strtok_r(NULL, "+", &rest)) {
		if (strncmp(part, "kill=", 5) == 0) {
			hook = (struct hook){ strtoll(part + 5, NULL, 10), SIGKILL };
		} else if (strncmp(part, "pause=", 6) == 0) {
			hook = (struct hook){ strtoll(part + 6, NULL, 10), SIGSTOP };
		} else if (strncmp(part, "kill-work=", 10) == 0) {
			atomic_store(&work_left, (int)strtol(part + 10, NULL, 10));
			hooks.n_work = wrap_work();
			hooks.work = wrapped;
		} else if (strncmp(part, "plant=", 6) == 0 && n_plants < PLANTS_MAX) {
			plants[n_plants++] = plant_of(part + 6);
			hooks.work = plants;
			hooks.n_work = n_plants;
		}
	}
	argv[1] = argv[0];
	return cli_main(argc - 1, argv + 1, &hooks);
}
