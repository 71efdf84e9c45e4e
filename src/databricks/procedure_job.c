/*
 * A job that is there once. jobs/create knows no idempotency token, so its answer may be lost and the job be there:
 *
 *	list (all pages) --found--> reset --> end
 *	      |  ^
 *	  not there '-----------not known-----.
 *	      v                               |
 *	    create --there is an answer--> end; refused for now: create again, a little later
 *
 * A list that follows a create may be older than it: after an answer that was lost it is asked for again and again before
 * another create is sent. So may a reset: one that finds nothing is followed by another look.
 */
#include <string.h>

#include "databricks/procedure_parts.h"
#include "databricks/request_parts.h"

enum { LOOKS_MAX = 4, CREATES_MAX = 5, PAUSE_MS = 1000 };

/* {"phase", "looks": lists that have not found it since the last create, "creates": how many were sent, "token", "job_id"} */
static struct bldr_value *keep(const char *phase, int64_t looks, int64_t creates)
{
	struct bldr_value *kept = object_of("phase", bldr_text(phase));

	bldr_object_set(kept, "looks", bldr_int(looks));
	bldr_object_set(kept, "creates", bldr_int(creates));
	return kept;
}

static struct databricks_request ask(const struct databricks *w, const struct bldr_value *input,
				     const struct bldr_value *kept)
{
	const struct bldr_value *settings = bldr_get(input, "settings");
	const struct bldr_value *file = bldr_get(input, "file");
	int64_t job_id = bldr_get_int(kept, "job_id", 0);
	const char *phase = phase_of(kept);

	if (strcmp(phase, "create") == 0) {
		return file != NULL ? databricks_job_create_file(w, file)
				    : databricks_job_create(w, bldr_ref(settings));
	}
	if (strcmp(phase, "reset") == 0) {
		return file != NULL ? databricks_job_reset_file(w, job_id, file)
				    : databricks_job_reset(w, job_id, bldr_ref(settings));
	}
	return databricks_job_list(w, bldr_get_text(input, "name"), bldr_get_text(kept, "token"));
}

static void end(struct databricks_turn *ret, int64_t job_id, bool created)
{
	struct bldr_value *value = object_of("job_id", bldr_int(job_id));

	bldr_object_set(value, "created", bldr_bool(created));
	turn_value(ret, value);
}

static void told_list(const struct bldr_value *input, const struct bldr_value *kept,
		      const struct databricks_answer *answer, struct databricks_turn *ret)
{
	int64_t looks = bldr_get_int(kept, "looks", 0);
	int64_t creates = bldr_get_int(kept, "creates", 0);
	int64_t job_id = databricks_job_find(answer->body, bldr_get_text(input, "name"),
					     bldr_get_text(input, "tag"),
					     bldr_get_text(input, "value"));
	const char *token = databricks_next_page(answer->body);
	struct bldr_value *next;

	if (job_id != 0) {
		next = keep("reset", looks, creates);
		bldr_object_set(next, "job_id", bldr_int(job_id));
		turn_again(ret, next, 0);
	} else if (token != NULL) {
		next = keep("list", looks, creates);
		bldr_object_set(next, "token", bldr_text(token));
		turn_again(ret, next, 0);
	} else if (creates > 0 && looks + 1 < LOOKS_MAX) {
		turn_again(ret, keep("list", looks + 1, creates), PAUSE_MS << looks);
	} else {
		turn_again(ret, keep("create", 0, creates), 0);
	}
}

static void told_create(const struct bldr_value *kept, const struct databricks_answer *answer,
			struct databricks_turn *ret)
{
	int64_t creates = bldr_get_int(kept, "creates", 0) + 1;
	int64_t job_id = bldr_get_int(answer->body, "job_id", 0);
	bool unknown = answer->outcome == DATABRICKS_UNKNOWN || answer->outcome == DATABRICKS_OK;
	bool later = answer->outcome == DATABRICKS_BUSY ||
		answer->outcome == DATABRICKS_UNREACHABLE;

	if (answer->outcome == DATABRICKS_OK && job_id != 0) {
		end(ret, job_id, true);
	} else if (creates >= CREATES_MAX && answer->outcome == DATABRICKS_OK) {
		turn_end(ret, DATABRICKS_FAILED, DATABRICKS_BLAME_INFRASTRUCTURE,
			 "the answer to jobs/create has no \"job_id\"");
	} else if (creates >= CREATES_MAX || (!unknown && !later)) {
		turn_failed(ret, answer);
	} else if (unknown) {
		turn_again(ret, keep("list", 0, creates), PAUSE_MS);
	} else {
		int64_t after_ms = databricks_retry_after_ms(answer);
		int64_t pause_ms = PAUSE_MS << creates;

		turn_again(ret, keep("create", 0, creates),
			   after_ms > pause_ms ? after_ms : pause_ms);
	}
}

/* A job of the list that is gone, or not to be seen by everybody yet. */
static void told_reset(const struct bldr_value *kept, const struct databricks_answer *answer,
		       struct databricks_turn *ret)
{
	int64_t looks = bldr_get_int(kept, "looks", 0);

	if (answer->outcome == DATABRICKS_OK) {
		end(ret, bldr_get_int(kept, "job_id", 0), false);
	} else if (answer->outcome == DATABRICKS_NOT_FOUND && looks + 1 < LOOKS_MAX) {
		turn_again(ret, keep("list", looks + 1, bldr_get_int(kept, "creates", 0)),
			   PAUSE_MS << looks);
	} else {
		turn_failed(ret, answer);
	}
}

static void told(const struct bldr_value *input, const struct bldr_value *kept,
		 const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
		 struct databricks_turn *ret)
{
	(void)now_ms;
	(void)a;
	if (strcmp(phase_of(kept), "create") == 0) {
		told_create(kept, answer, ret);
	} else if (strcmp(phase_of(kept), "reset") == 0) {
		told_reset(kept, answer, ret);
	} else if (answer->outcome != DATABRICKS_OK) {
		turn_failed(ret, answer);
	} else {
		told_list(input, kept, answer, ret);
	}
}

const struct databricks_procedure databricks_ensure_job = {
	.name = "ensure_job",
	.ask = ask,
	.told = told,
};
