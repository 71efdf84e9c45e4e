/*
 * A run: begun with a token that finds it again, polled, its tasks read page by page and their outputs one by one.
 *
 *	start --run_id--> poll --ended--> tasks, for each page more --> output, for each task --> end
 *	                   | ^
 *	    deadline over  v |
 *	                  cancel
 */
#include <string.h>

#include "base/utf8.h"
#include "databricks/procedure_parts.h"
#include "databricks/request_parts.h"

/* The first reads of what was just made may not see it. */
enum { STALE_MAX = 5, TEXT_MAX = 8 << 10, TEXTS_MAX = 40 << 10 };
/* Tasks that have failed: told of in the end; kept while a page to come may have a later attempt of them. */
enum { FAILED_MAX = 5, FAILED_KEPT_MAX = 20 };

static int64_t kept_int(const struct bldr_value *kept, const char *key)
{
	return bldr_get_int(kept, key, 0);
}

static struct databricks_request ask(const struct databricks *w, const struct bldr_value *input,
				     const struct bldr_value *kept)
{
	const char *phase = phase_of(kept);
	int64_t run_id = kept_int(kept, "run_id");

	if (strcmp(phase, "poll") == 0) {
		return databricks_run_get(w, run_id, NULL);
	}
	if (strcmp(phase, "tasks") == 0) {
		return databricks_run_get(w, run_id, bldr_get_text(kept, "page"));
	}
	if (strcmp(phase, "cancel") == 0) {
		return databricks_run_cancel(w, run_id);
	}
	if (strcmp(phase, "output") == 0) {
		const struct bldr_value *tasks = bldr_get(bldr_get(kept, "value"), "tasks");
		const struct bldr_value *task = bldr_at(tasks, (size_t)kept_int(kept, "at"));

		return databricks_run_output(w, bldr_get_int(task, "run_id", 0));
	}
	return databricks_run_now(w, bldr_get_int(input, "job_id", 0),
				  bldr_get_text(input, "idempotency_token"),
				  bldr_ref(bldr_get(input, "job_parameters")));
}

/* A copy of kept with another phase. */
static struct bldr_value *keep(const struct bldr_value *kept, const char *phase)
{
	struct bldr_value *next = bldr_object();
	static const char *const keys[] = { "run_id", "since_ms", "stale", "cancelled" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bldr_object_set(next, keys[i], bldr_int(kept_int(kept, keys[i])));
	}
	bldr_object_set(next, "phase", bldr_text(phase));
	return next;
}

static void told_start(const struct databricks_answer *answer, int64_t now_ms,
		       struct databricks_turn *ret)
{
	int64_t run_id = bldr_get_int(answer->body, "run_id", 0);
	struct bldr_value *next;

	if (answer->outcome != DATABRICKS_OK) {
		turn_failed(ret, answer);
	} else if (run_id == 0) {
		turn_end(ret, DATABRICKS_FAILED, DATABRICKS_BLAME_INFRASTRUCTURE,
			 "the answer to run-now has no \"run_id\"");
	} else {
		next = keep(NULL, "poll");
		bldr_object_set(next, "run_id", bldr_int(run_id));
		bldr_object_set(next, "since_ms", bldr_int(now_ms));
		turn_again(ret, next, 0);
	}
}

static const char *result_name(enum databricks_run_result r)
{
	static const char *const names[] = {
		[DATABRICKS_RUN_OPEN] = "open",           [DATABRICKS_RUN_SUCCESS] = "success",
		[DATABRICKS_RUN_FAILED] = "failed",       [DATABRICKS_RUN_TIMED_OUT] = "timed_out",
		[DATABRICKS_RUN_CANCELLED] = "cancelled", [DATABRICKS_RUN_SKIPPED] = "skipped",
	};

	return names[r];
}

static void set_cut(struct bldr_value *v, const char *key, const char *text, size_t max)
{
	if (text != NULL) {
		bldr_object_set(v, key, bldr_text_n(text, utf8_cut(text, strlen(text), max)));
	}
}

/* What is kept from round to round has to fit: each of n tasks has four texts. */
static size_t text_max(size_t n)
{
	size_t share = TEXTS_MAX / (4 * (n + 1));

	return share < TEXT_MAX ? share : TEXT_MAX;
}

static struct bldr_value *described(const struct databricks_run *run, size_t max)
{
	struct bldr_value *v = object_of("run_id", bldr_int(run->run_id));

	bldr_object_set(v, "result", bldr_text(result_name(run->result)));
	bldr_object_set(v, "blame", bldr_text(databricks_blame_name(run->blame)));
	bldr_object_set(v, "code", bldr_text(run->code));
	set_cut(v, "message", run->message, max);
	return v;
}

static struct bldr_value *described_task(const struct databricks_run *task, size_t max)
{
	struct bldr_value *v = described(task, max);

	bldr_object_set(v, "task_key", bldr_text(task->task_key));
	bldr_object_set(v, "attempt", bldr_int(task->attempt));
	return v;
}

/* The attempts of a task that page has are all earlier than this one, which stands on a page before it. */
static bool is_latest(const struct bldr_value *task, const struct databricks_runs *page)
{
	const char *key = bldr_get_text(task, "task_key");
	int64_t attempt = bldr_get_int(task, "attempt", 0);

	for (size_t i = 0; i < page->at.n; i++) {
		if (strcmp(page->at.at[i].task_key, key) == 0) {
			return page->at.at[i].attempt < attempt;
		}
	}
	return true;
}

static bool is_among(const struct bldr_value *tasks, const char *key)
{
	for (size_t i = 0; i < bldr_count(tasks); i++) {
		if (strcmp(bldr_get_text(bldr_at(tasks, i), "task_key"), key) == 0) {
			return true;
		}
	}
	return false;
}

/* It has failed itself. */
static bool has_failed(const struct databricks_run *task)
{
	return task->result == DATABRICKS_RUN_FAILED || task->result == DATABRICKS_RUN_TIMED_OUT;
}

/* The tasks of the pages before and of this one, of each the last attempt; of those that failed the first ones only. */
static struct bldr_value *joined(const struct bldr_value *before,
				 const struct databricks_runs *page, bool failed_only,
				 bool last_page)
{
	size_t most = !failed_only ? bldr_count(before) + page->at.n
		: last_page        ? FAILED_MAX
				   : FAILED_KEPT_MAX;
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < bldr_count(before) && bldr_count(list) < most; i++) {
		if (is_latest(bldr_at(before, i), page)) {
			bldr_list_add(list, bldr_ref(bldr_at(before, i)));
		}
	}
	for (size_t i = 0; i < page->at.n && bldr_count(list) < most; i++) {
		const struct databricks_run *task = &page->at.at[i];

		if ((!failed_only || has_failed(task)) && !is_among(list, task->task_key)) {
			bldr_list_add(list, described_task(task, text_max(most)));
		}
	}
	return list;
}

/* Goes on with the output of task at and later, of which there is one when it was run. */
static void read_on(const struct bldr_value *kept, struct bldr_value *value, size_t at,
		    struct databricks_turn *ret)
{
	const struct bldr_value *tasks = bldr_get(value, "tasks");
	struct bldr_value *next;

	while (at < bldr_count(tasks) &&
	       strcmp(bldr_get_text(bldr_at(tasks, at), "result"), "skipped") == 0) {
		at++;
	}
	if (at >= bldr_count(tasks)) {
		turn_value(ret, value);
		return;
	}
	next = keep(kept, "output");
	bldr_object_set(next, "at", bldr_int((int64_t)at));
	bldr_object_set(next, "value", value);
	turn_again(ret, next, 0);
}

/* A page of a run that has ended; run is what it says of the run. */
static void told_page(const struct bldr_value *input, const struct bldr_value *kept,
		      const struct databricks_answer *answer, const struct databricks_run *run,
		      struct arena *a, struct databricks_turn *ret)
{
	const struct bldr_value *before = bldr_get(bldr_get(kept, "value"), "tasks");
	bool failed_only = bldr_as_bool(bldr_get(input, "failed_only"), false);
	const char *page = bldr_get_text(answer->body, "next_page_token");
	bool last = page == NULL || page[0] == '\0';
	struct databricks_runs tasks;
	struct bldr_error err;
	struct bldr_value *value;
	struct bldr_value *next;

	if (databricks_run_tasks(answer->body, a, &tasks, &err) < 0) {
		turn_end(ret, DATABRICKS_FAILED, DATABRICKS_BLAME_INFRASTRUCTURE,
			 arena_strdup(a, err.text));
		return;
	}
	value = described(run, text_max(FAILED_MAX));
	bldr_object_set(value, "url", bldr_text(run->url));
	bldr_object_set(value, "tasks", joined(before, &tasks, failed_only, last));
	if (last) {
		read_on(kept, value, 0, ret);
		return;
	}
	next = keep(kept, "tasks");
	bldr_object_set(next, "page", bldr_text(page));
	bldr_object_set(next, "value", value);
	turn_again(ret, next, 0);
}

static void told_poll(const struct bldr_value *input, const struct bldr_value *kept,
		      const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
		      struct databricks_turn *ret)
{
	int64_t deadline_ms = bldr_get_int(input, "deadline_ms", 0);
	int64_t waited_ms = now_ms - kept_int(kept, "since_ms");
	int64_t stale = kept_int(kept, "stale");
	struct databricks_run run;
	struct bldr_error err;
	struct bldr_value *next;

	if (answer->outcome == DATABRICKS_NOT_FOUND && stale < STALE_MAX) {
		next = keep(kept, "poll");
		bldr_object_set(next, "stale", bldr_int(stale + 1));
		turn_again(ret, next, 1000 << stale);
		return;
	}
	if (answer->outcome != DATABRICKS_OK) {
		turn_failed(ret, answer);
		return;
	}
	if (databricks_run(answer->body, a, &run, &err) < 0) {
		turn_end(ret, DATABRICKS_FAILED, DATABRICKS_BLAME_INFRASTRUCTURE,
			 arena_strdup(a, err.text));
		return;
	}
	if (run.state == DATABRICKS_RUN_ENDED) {
		told_page(input, kept, answer, &run, a, ret);
		return;
	}
	if (deadline_ms > 0 && waited_ms > deadline_ms && kept_int(kept, "cancelled") == 0) {
		turn_again(ret, keep(kept, "cancel"), 0);
		return;
	}
	next = keep(kept, "poll");
	turn_again(ret, next, databricks_poll_ms(waited_ms));
}

/* Whether it was cancelled or not: the next poll says what became of it. */
static void told_cancel(const struct bldr_value *kept, struct databricks_turn *ret)
{
	struct bldr_value *next = keep(kept, "poll");

	bldr_object_set(next, "cancelled", bldr_int(1));
	turn_again(ret, next, 1000);
}

/* A task's output; one that is gone, or cannot be had, is left out. */
static void told_output(const struct bldr_value *kept, const struct databricks_answer *answer,
			struct arena *a, struct databricks_turn *ret)
{
	struct bldr_value *value = bldr_copy(bldr_get(kept, "value"));
	size_t at = (size_t)kept_int(kept, "at");
	struct bldr_value *tasks = bldr_list();
	const struct bldr_value *old = bldr_get(value, "tasks");
	size_t max = text_max(bldr_count(old));
	struct databricks_output out = { 0 };

	if (answer->outcome == DATABRICKS_UNREACHABLE || answer->outcome == DATABRICKS_UNKNOWN) {
		bldr_unref(tasks);
		bldr_unref(value);
		turn_failed(ret, answer);
		return;
	}
	if (answer->outcome == DATABRICKS_OK) {
		databricks_output(answer->body, a, &out);
	}
	for (size_t i = 0; i < bldr_count(old); i++) {
		struct bldr_value *task = bldr_copy(bldr_at(old, i));

		if (i == at) {
			const char *blame = bldr_get_text(task, "blame");

			set_cut(task, "output", out.result, max);
			set_cut(task, "error", out.error, max);
			set_cut(task, "trace", out.trace, max);
			if (strcmp(blame, "code") == 0 && out.blame != DATABRICKS_BLAME_NONE) {
				bldr_object_set(task, "blame",
						bldr_text(databricks_blame_name(out.blame)));
			}
		}
		bldr_list_add(tasks, task);
	}
	bldr_object_set(value, "tasks", tasks);
	read_on(kept, value, at + 1, ret);
}

static void told(const struct bldr_value *input, const struct bldr_value *kept,
		 const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
		 struct databricks_turn *ret)
{
	const char *phase = phase_of(kept);

	if (strcmp(phase, "poll") == 0 || strcmp(phase, "tasks") == 0) {
		told_poll(input, kept, answer, now_ms, a, ret);
	} else if (strcmp(phase, "cancel") == 0) {
		told_cancel(kept, ret);
	} else if (strcmp(phase, "output") == 0) {
		told_output(kept, answer, a, ret);
	} else {
		told_start(answer, now_ms, ret);
	}
}

const struct databricks_procedure databricks_ensure_run = {
	.name = "ensure_run",
	.ask = ask,
	.told = told,
};
