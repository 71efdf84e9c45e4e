/* Gathers a run's channels and what its artefacts say in short into one object, and tells it. */
#include <string.h>
#include <sys/stat.h>

#include "artefact/artefact.h"
#include "base/check.h"
#include "base/file.h"
#include "cli/approval.h"
#include "cli/cli.h"
#include "cli/outcome.h"
#include "ingest/ingest.h"

static const char *const artefact_names[] = { "sources",    "profile",  "design",     "contract",
					      "sttm",       "pipeline", "deployment", "findings",
					      "evaluation", NULL };

/* Failed checks and files that are named; the artefacts have all of them. */
enum { FAILED_SHOWN = 40, SKIPPED_SHOWN = 20 };

static const char *status_name(enum bldr_thread_status status)
{
	switch (status) {
	case BLDR_THREAD_DONE:
		return "done";
	case BLDR_THREAD_FAILED:
		return "failed";
	case BLDR_THREAD_PAUSED:
		return "paused";
	case BLDR_THREAD_RUNNING:
		break;
	}
	return "running";
}

static int exit_code_of(const struct bldr_thread *thread, const char *verdict)
{
	if (thread->status == BLDR_THREAD_DONE && verdict != NULL) {
		return strcmp(verdict, "validated") == 0 ? EXIT_VALIDATED : EXIT_FINDINGS;
	}
	return thread->status == BLDR_THREAD_FAILED ? command_exit_code(thread->code) : EXIT_WORLD;
}

/* Copies keys that are there. */
static void copy_keys(struct bldr_value *to, const struct bldr_value *from, const char *const *keys)
{
	for (; *keys != NULL; keys++) {
		if (bldr_get(from, *keys) != NULL) {
			bldr_object_set(to, *keys, bldr_ref(bldr_get(from, *keys)));
		}
	}
}

static struct bldr_value *artefact_refs(const struct bldr_value *state)
{
	struct bldr_value *refs = bldr_object();

	for (const char *const *name = artefact_names; *name != NULL; name++) {
		const struct bldr_value *ref = bldr_get(bldr_get(state, *name), "ref");

		if (ref != NULL) {
			bldr_object_set(refs, *name, bldr_ref(ref));
		}
	}
	return refs;
}

/* False: there is none (yet) that can be read. */
static bool read_artefact(const char *folder, const struct bldr_value *state, const char *name,
			  struct arena *a, void *ret)
{
	struct artefact_ref ref;
	struct bldr_error err;

	return artefact_ref_parse(bldr_get(bldr_get(state, name), "ref"), a, &ref, &err) == 0 &&
		artefact_read(folder, name, &ref, a, ret, &err) == 0;
}

/* [{name, rows}] of the deployment, or NULL. */
static struct bldr_value *loaded_tables(const char *folder, const struct bldr_value *state)
{
	struct arena a = { 0 };
	struct deployment d;
	struct bldr_value *tables = NULL;

	if (read_artefact(folder, state, "deployment", &a, &d)) {
		tables = bldr_list();
		for (size_t i = 0; i < d.tables.n; i++) {
			struct bldr_value *t = bldr_object();

			bldr_object_set(t, "name", bldr_text(d.tables.at[i].name));
			bldr_object_set(t, "rows", bldr_int(d.tables.at[i].rows));
			bldr_list_add(tables, t);
		}
	}
	arena_release(&a);
	return tables;
}

/* What was made and asked in a workspace, and where a person looks at it; NULL: the run works in none. */
static struct bldr_value *outcome_remote(const struct bldr_value *state)
{
	static const char *const from_job[] = { "host", "catalog", "schema", NULL };
	static const char *const from_remote[] = { "job_id", "runs", NULL };
	const struct bldr_value *databricks = bldr_get(bldr_get(state, "job"), "databricks");
	const struct bldr_value *remote = bldr_get(state, "remote");
	const struct bldr_value *asked = bldr_get(state, "asked");
	int64_t job_id = bldr_get_int(remote, "job_id", 0);
	struct bldr_value *o;

	if (databricks == NULL) {
		return NULL;
	}
	o = bldr_object();
	copy_keys(o, databricks, from_job);
	copy_keys(o, remote, from_remote);
	if (job_id != 0) {
		bldr_object_set(o, "job_url",
				bldr_textf("%s/jobs/%lld", bldr_get_text(databricks, "host"),
					   (long long)job_id));
	}
	bldr_object_set(o, "statements", bldr_int(bldr_get_int(asked, "answered", 0)));
	bldr_object_set(o, "bytes", bldr_int(bldr_get_int(asked, "bytes", 0)));
	return o;
}

/* {text, command} of the first sample question, or NULL. */
static struct bldr_value *first_question(const char *folder)
{
	struct bldr_value *whole = NULL;
	struct bldr_value *first = NULL;
	struct bldr_error err;
	char *path = xasprintf("%s/questions.json", folder);
	char *content = NULL;
	size_t size;

	if (file_exists(path) && file_read(path, BLDR_VALUE_TEXT_MAX, &content, &size, &err) == 0 &&
	    bldr_value_parse(content, size, &whole, &err) == 0) {
		const struct bldr_value *q = bldr_at(bldr_get(whole, "questions"), 0);

		if (bldr_get_text(q, "text") != NULL && bldr_get_text(q, "sql") != NULL) {
			char *warehouse = xasprintf("%s/warehouse.db", folder);
			char *file = command_shell_word(warehouse);
			char *sql = command_shell_word(bldr_get_text(q, "sql"));

			first = bldr_object();
			bldr_object_set(first, "text", bldr_text(bldr_get_text(q, "text")));
			bldr_object_set(first, "command",
					bldr_textf("sqlite3 -box %s %s", file, sql));
			free(sql);
			free(file);
			free(warehouse);
		}
	}
	bldr_unref(whole);
	free(content);
	free(path);
	return first;
}

static size_t count_failed(const struct bldr_value *v)
{
	return (size_t)(bldr_get_int(v, "errors", 0) + bldr_get_int(v, "warnings", 0));
}

/* [{check, subject, severity, found}] of the first errors and warnings, in this order; notes are in the report alone. */
static struct bldr_value *failed_checks(const char *folder, const struct bldr_value *state)
{
	static const char *const words[] = {
		[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_INFO] = "info"
	};
	struct arena a = { 0 };
	struct findings findings;
	struct bldr_value *failed = bldr_list();

	if (count_failed(bldr_get(state, "findings")) == 0 ||
	    !read_artefact(folder, state, "findings", &a, &findings)) {
		findings.checks.n = 0;
	}
	for (int severity = SEVERITY_ERROR; severity < SEVERITY_INFO; severity++) {
		for (size_t i = 0; i < findings.checks.n && bldr_count(failed) < FAILED_SHOWN; i++) {
			const struct finding *f = &findings.checks.at[i];
			struct bldr_value *item;

			if (f->passed || f->severity != severity) {
				continue;
			}
			item = bldr_object();
			bldr_object_set(item, "check", bldr_text(f->check));
			bldr_object_set(item, "subject", bldr_text(f->subject));
			bldr_object_set(item, "severity", bldr_text(words[severity]));
			bldr_object_set(item, "found", bldr_text(f->found));
			bldr_list_add(failed, item);
		}
	}
	arena_release(&a);
	return failed;
}

static void add_file(struct bldr_value *list, const char *path, const char *reason)
{
	struct bldr_value *file = bldr_object();

	bldr_object_set(file, "path", bldr_text(path));
	bldr_object_set(file, "reason", bldr_text(reason));
	bldr_list_add(list, file);
}

/* [{path, reason}] of what is not read and may be missed. */
static struct bldr_value *skipped_files(const char *folder, const struct bldr_value *state)
{
	struct arena a = { 0 };
	struct sources sources;
	struct bldr_value *skipped = bldr_list();

	if (!read_artefact(folder, state, "sources", &a, &sources)) {
		sources.skipped.n = 0;
	}
	for (size_t i = 0; i < sources.skipped.n && bldr_count(skipped) < SKIPPED_SHOWN; i++) {
		const struct source_skipped *s = &sources.skipped.at[i];

		if (ingest_missed(s->path)) {
			add_file(skipped, s->path, s->reason);
		}
	}
	arena_release(&a);
	return skipped;
}

/* [{path, reason}] of what is read here, but will not be by the notebooks. */
static struct bldr_value *refused_files(const char *folder, const struct bldr_value *state)
{
	struct arena a = { 0 };
	struct pipeline pipeline;
	struct bldr_value *refused = bldr_list();

	if (!read_artefact(folder, state, "pipeline", &a, &pipeline)) {
		pipeline.refused.n = 0;
	}
	for (size_t i = 0; i < pipeline.refused.n && i < SKIPPED_SHOWN; i++) {
		add_file(refused, pipeline.refused.at[i].path, pipeline.refused.at[i].reason);
	}
	arena_release(&a);
	return refused;
}

struct bldr_value *outcome_new(const char *output, const struct bldr_thread *thread,
			       const struct bldr_value *state)
{
	static const char *const from_findings[] = { "verdict", "checks", "errors", "warnings",
						     NULL };
	static const char *const from_state[] = { "rounds", "decisions", "approval", NULL };
	static const char *const from_evaluation[] = { "score", NULL };
	struct bldr_value *o = bldr_object();
	struct bldr_value *tables;
	struct bldr_value *remote;
	const struct bldr_value *findings = bldr_get(state, "findings");
	const struct bldr_value *job = bldr_get(state, "job");
	char *folder = xasprintf("%s/%s", output, thread->id);

	bldr_object_set(o, "run", bldr_text(thread->id));
	bldr_object_set(o, "status", bldr_text(status_name(thread->status)));
	bldr_object_set(o, "source_dir", bldr_text(bldr_get_text(job, "source_dir")));
	bldr_object_set(o, "started_ms", bldr_int(thread->created_ms));
	bldr_object_set(o, "updated_ms", bldr_int(thread->updated_ms));
	bldr_object_set(o, "events", bldr_int(thread->events));
	bldr_object_set(o, "folder", bldr_text(folder));
	copy_keys(o, state, from_state);
	copy_keys(o, findings, from_findings);
	copy_keys(o, bldr_get(state, "evaluation"), from_evaluation);
	bldr_object_set(o, "failed", failed_checks(folder, state));
	bldr_object_set(o, "skipped", skipped_files(folder, state));
	bldr_object_set(o, "refused", refused_files(folder, state));
	bldr_object_set(o, "artefacts", artefact_refs(state));
	bldr_object_set(o, "knowledge", outcome_knowledge(state));
	remote = outcome_remote(state);
	if (remote != NULL) {
		bldr_object_set(o, "remote", remote);
	}
	if (bldr_get(state, "report") != NULL) {
		struct bldr_value *question = first_question(folder);

		bldr_object_set(o, "report", bldr_textf("%s/report.html", folder));
		if (question != NULL) {
			bldr_object_set(o, "question", question);
		}
	}
	tables = loaded_tables(folder, state);
	if (tables != NULL) {
		bldr_object_set(o, "warehouse", bldr_textf("%s/warehouse.db", folder));
		bldr_object_set(o, "tables", tables);
	}
	if (thread->status == BLDR_THREAD_FAILED) {
		bldr_object_set(o, "error", bldr_text(thread->error));
		bldr_object_set(o, "error_code", bldr_text(bldr_error_name(thread->code)));
	}
	bldr_object_set(o, "exit_code",
			bldr_int(exit_code_of(thread, bldr_get_text(findings, "verdict"))));
	free(folder);
	return o;
}

int outcome_artefact(const struct bldr_value *outcome, const char *name, struct arena *a, void *ret,
		     struct bldr_error *err)
{
	const struct bldr_value *v = bldr_get(bldr_get(outcome, "artefacts"), name);
	struct artefact_ref ref;
	int r;

	if (v == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND, "run %s has no %s yet",
				      bldr_get_text(outcome, "run"), name);
	}
	r = artefact_ref_parse(v, a, &ref, err);
	return r < 0 ? r : artefact_read(bldr_get_text(outcome, "folder"), name, &ref, a, ret, err);
}

/* [{path, bytes, mtime_ms}] of the sources as they stand now. */
static struct bldr_value *source_stats(const struct bldr_value *outcome)
{
	const char *source_dir = bldr_get_text(outcome, "source_dir");
	struct arena a = { 0 };
	struct sources sources;
	struct bldr_error err;
	struct bldr_value *list = bldr_list();

	if (outcome_artefact(outcome, "sources", &a, &sources, &err) < 0) {
		sources.files.n = 0;
	}
	for (size_t i = 0; i < sources.files.n; i++) {
		struct bldr_value *item = bldr_object();
		struct stat st;

		bldr_object_set(item, "path", bldr_text(sources.files.at[i].path));
		bldr_object_set(item, "bytes", bldr_int(sources.files.at[i].bytes));
		if (stat(arena_printf(&a, "%s/%s", source_dir, sources.files.at[i].path), &st) ==
		    0) {
			bldr_object_set(item, "mtime_ms",
					bldr_int((int64_t)st.st_mtim.tv_sec * 1000 +
						 st.st_mtim.tv_nsec / 1000000));
		}
		bldr_list_add(list, item);
	}
	arena_release(&a);
	return list;
}

int outcome_store(const char *folder, const struct bldr_value *outcome, struct bldr_error *err)
{
	struct bldr_value *whole = bldr_copy(outcome);
	char *path = xasprintf("%s/run.json", folder);
	char *text;
	int r;

	bldr_object_set(whole, "bldr_version", bldr_text(BLDR_VERSION));
	bldr_object_set(whole, "inputs", source_stats(outcome));
	text = bldr_value_pretty(whole);
	r = file_write(path, text, strlen(text), err);
	free(text);
	free(path);
	bldr_unref(whole);
	return r;
}

static void print_failed(const struct bldr_value *o, FILE *out)
{
	const struct bldr_value *failed = bldr_get(o, "failed");

	for (size_t i = 0; i < bldr_count(failed); i++) {
		const struct bldr_value *f = bldr_at(failed, i);

		fprintf(out, "  %s: %s %s: %s\n", bldr_get_text(f, "severity"),
			bldr_get_text(f, "check"), bldr_get_text(f, "subject"),
			bldr_get_text(f, "found"));
	}
	if (bldr_count(failed) < count_failed(o)) {
		fprintf(out, "  and %zu more in the report\n", count_failed(o) - bldr_count(failed));
	}
}

static void print_files(const char *what, const struct bldr_value *files, FILE *out)
{
	for (size_t i = 0; i < bldr_count(files); i++) {
		const struct bldr_value *f = bldr_at(files, i);

		fprintf(out, "  %s: \"%s\" (%s)\n", what, bldr_get_text(f, "path"),
			bldr_get_text(f, "reason"));
	}
}

static void print_tables(const struct bldr_value *tables, FILE *out)
{
	for (size_t i = 0; i < bldr_count(tables); i++) {
		const struct bldr_value *t = bldr_at(tables, i);

		fprintf(out, "  %-32s %10lld rows\n", bldr_get_text(t, "name"),
			(long long)bldr_get_int(t, "rows", 0));
	}
}

static void print_interrupts(const struct bldr_value *o, const char *output, FILE *out)
{
	const struct bldr_value *interrupts = bldr_get(o, "interrupts");

	fputs("waits for an answer:\n", out);
	if (approval_pending(o) != NULL) {
		approval_tell(o, output, out);
		return;
	}
	for (size_t i = 0; i < bldr_count(interrupts); i++) {
		const struct bldr_value *item = bldr_at(interrupts, i);

		fprintf(out, "  %s\n    %s\n", bldr_get_text(item, "key"),
			bldr_get_text(bldr_get(item, "question"), "question"));
	}
}

static void print_question(const struct bldr_value *question, FILE *out)
{
	if (question != NULL) {
		fprintf(out, "ask it: %s\n  %s\n", bldr_get_text(question, "text"),
			bldr_get_text(question, "command"));
	}
}

void outcome_print_steps(const struct bldr_value *steps, FILE *out)
{
	if (bldr_count(steps) == 0) {
		return;
	}
	fprintf(out, "%-24s %6s %12s %10s %10s %8s\n", "steps", "times", "rows", "wall s", "CPU s",
		"peak MB");
	for (size_t i = 0; i < bldr_count(steps); i++) {
		const struct bldr_value *s = bldr_at(steps, i);
		int64_t wall_ms = bldr_get_int(s, "wall_us", 0) / 1000;
		int64_t cpu_ms = bldr_get_int(s, "cpu_us", 0) / 1000;
		char rows[24] = "";

		if (bldr_get(s, "rows") != NULL) {
			snprintf(rows, sizeof(rows), "%lld", (long long)bldr_get_int(s, "rows", 0));
		}
		fprintf(out, "  %-22s %6lld %12s %6lld.%03lld %6lld.%03lld %8lld\n",
			bldr_get_text(s, "step"), (long long)bldr_get_int(s, "times", 0), rows,
			(long long)(wall_ms / 1000), (long long)(wall_ms % 1000),
			(long long)(cpu_ms / 1000), (long long)(cpu_ms % 1000),
			(long long)(bldr_get_int(s, "peak_rss_bytes", 0) >> 20));
	}
}

static void print_remote(const struct bldr_value *remote, FILE *out)
{
	const struct bldr_value *runs = bldr_get(remote, "runs");

	if (bldr_get_text(remote, "job_url") == NULL) {
		return;
	}
	fprintf(out, "job: %s (%s.%s)\n", bldr_get_text(remote, "job_url"),
		bldr_get_text(remote, "catalog"), bldr_get_text(remote, "schema"));
	for (size_t i = 0; i < bldr_count(runs); i++) {
		const struct bldr_value *run = bldr_at(runs, i);

		fprintf(out, "  run %lld: %s\n", (long long)bldr_get_int(run, "run_id", 0),
			bldr_get_text(run, "result"));
	}
	fprintf(out,
		"  checked there by %lld statements; their answers, %lld bytes, crossed the wire\n",
		(long long)bldr_get_int(remote, "statements", 0),
		(long long)bldr_get_int(remote, "bytes", 0));
}

void outcome_print(const struct bldr_value *o, const char *output, FILE *out)
{
	const char *status = bldr_get_text(o, "status");
	const char *verdict = bldr_get_text(o, "verdict");
	char *word;

	if (strcmp(status, "done") == 0 && verdict != NULL) {
		fprintf(out,
			"%s: %lld checks, %lld errors, %lld warnings; score %s; %lld mapping "
			"round(s)\n",
			verdict, (long long)bldr_get_int(o, "checks", 0),
			(long long)bldr_get_int(o, "errors", 0),
			(long long)bldr_get_int(o, "warnings", 0), bldr_get_text(o, "score"),
			(long long)bldr_get_int(o, "rounds", 0));
		print_failed(o, out);
		print_files("not read", bldr_get(o, "skipped"), out);
		print_files("the notebooks will not read", bldr_get(o, "refused"), out);
		print_tables(bldr_get(o, "tables"), out);
		if (bldr_get_text(bldr_get(o, "approval"), "decisions") != NULL) {
			fprintf(out, "decisions: %s\n",
				bldr_get_text(bldr_get(o, "approval"), "decisions"));
		}
		print_remote(bldr_get(o, "remote"), out);
		print_question(bldr_get(o, "question"), out);
		fprintf(out, "warehouse: %s\nreport: %s\n", bldr_get_text(o, "warehouse"),
			bldr_get_text(o, "report"));
		return;
	}
	if (strcmp(status, "failed") == 0) {
		fprintf(out, "failed: %s\n", bldr_get_text(o, "error"));
	} else if (bldr_get(o, "interrupts") != NULL) {
		print_interrupts(o, output, out);
		return;
	} else {
		fprintf(out, "stopped: nothing recorded is lost\n");
	}
	word = command_shell_word(output);
	fprintf(out, "go on with: bldr runs resume %s --output %s\n", bldr_get_text(o, "run"), word);
	free(word);
}
