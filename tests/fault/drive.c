/* The drivers: what is to be done next for a thread, found out from the journal alone, so that any life may go on with it. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#include "world.h"

void scenario_fork_id(const struct attendance *a, char ret[32])
{
	(void)snprintf(ret, 32, "%.28s%s", a->id, "-f");
	if (!a->scenario->fork_elsewhere) {
		ret[0] = '\0';
	}
}

struct questions {
	struct bldr_engine *e;
	size_t n;
	char keys[8][KEY_MAX];
};

static int note_question(const struct bldr_interrupt *i, void *user)
{
	struct questions *q = user;

	if (q->n < 8) {
		(void)snprintf(q->keys[q->n++], KEY_MAX, "%s", i->key);
	}
	return 0;
}

/* Answers all that a thread waits for, each by what its key says. */
static int answer_all(struct bldr_engine *e, const char *id, bool *ret_more, struct bldr_error *err)
{
	struct questions q = { .e = e };
	int rc = bldr_thread_interrupts(e, id, note_question, &q, err);

	for (size_t i = 0; rc == 0 && i < q.n; i++) {
		char tail[KEY_MAX];
		struct bldr_value *v;
		char *fork = strchr(strcpy(tail, key_tail(q.keys[i])), '~');

		while (fork != NULL && fork[1] >= '0' && fork[1] <= '9') {
			memmove(fork + 1, fork + 2, strlen(fork + 1)); /* whichever lineage it is */
		}
		v = bldr_textf("yes %08x", (unsigned)fnv_text(FNV_BEGIN, tail));
		rc = bldr_thread_answer(e, id, q.keys[i], v, err);
		bldr_unref(v);
		*ret_more = true;
	}
	return rc;
}

struct counted {
	int inputs, forks;
};

static int count_checkpoint(const struct bldr_checkpoint *c, void *user)
{
	struct counted *n = user;

	n->inputs += strcmp(c->source, "input") == 0;
	n->forks += strcmp(c->source, "fork") == 0;
	return 0;
}

/* Sends what has not been taken in yet; the first input starts the thread. */
static int send_inputs(struct bldr_engine *e, const struct attendance *a, int from,
		       struct bldr_error *err)
{
	int rc = 0;

	for (int i = from; rc == 0 && i < a->scenario->inputs; i++) {
		struct bldr_value *input = bldr_object();

		bldr_object_set(input, "n", bldr_int(100));
		bldr_object_set(input, "log", bldr_textf("input %d", i));
		rc = bldr_thread_input(e, a->id, input, BLDR_ENQUEUE, err);
		bldr_unref(input);
	}
	return rc;
}

static int fork_thread(struct bldr_engine *e, const struct attendance *a, struct bldr_error *err)
{
	char id[32];

	scenario_fork_id(a, id);
	return bldr_thread_fork(e, a->id, 0, a->scenario->fork_at, id[0] != '\0' ? id : NULL,
				a->scenario->reuse, err);
}

static int count_failure(const struct bldr_event *event, void *user)
{
	*(int *)user += strcmp(event->type, "run.failed") == 0;
	return 0;
}

static int failures(struct bldr_engine *e, const char *id)
{
	int n = 0;

	(void)bldr_thread_events(e, id, 0, count_failure, &n, NULL);
	return n;
}

/* A thread that is there, and not RUNNING in this engine. */
static int attend_found(struct bldr_engine *e, struct attendance *a, const struct bldr_thread *t,
			const char *id, bool *ret_more, struct bldr_error *err)
{
	struct counted n = { 0 };
	int rc = 0;

	if (t->status == BLDR_THREAD_RUNNING && !a->taken_up) {
		rc = bldr_thread_resume(e, id, err);
		*ret_more = true;
	} else if (t->status == BLDR_THREAD_PAUSED) {
		rc = bldr_thread_resume(e, id, err);
		*ret_more = true;
	} else if (t->status == BLDR_THREAD_FAILED && a->scenario->retries_failed &&
		   failures(e, id) < 2) {
		rc = bldr_thread_resume(e, id, err);
		*ret_more = true;
	}
	if (rc == 0) {
		rc = answer_all(e, id, ret_more, err);
	}
	if (rc == 0 && strcmp(id, a->id) == 0 &&
	    (a->scenario->inputs > 0 || a->scenario->fork_at > 0)) {
		rc = bldr_thread_history(e, id, count_checkpoint, &n, err);
		if (rc == 0 && a->scenario->inputs > 0 && !a->taken_up &&
		    n.inputs + (int)t->queued < a->scenario->inputs) {
			rc = send_inputs(e, a, n.inputs + (int)t->queued, err);
			*ret_more = true;
		}
	}
	return rc;
}

int attend(struct bldr_engine *e, struct attendance *a, bool *ret_more, struct bldr_error *err)
{
	struct bldr_thread t;
	struct counted n = { 0 };
	char fork_id[32];
	int rc = bldr_thread_info(e, a->id, &t, err);

	if (rc == BLDR_E_NOT_FOUND) {
		rc = bldr_thread_start(e, bldr_graph_name(scenario_graph(a->scenario)), a->id, NULL,
				       err);
		*ret_more = true;
		if (rc == 0) {
			rc = send_inputs(e, a, 1, err);
		}
		a->taken_up = true;
		return rc;
	}
	if (rc < 0) {
		return rc;
	}
	scenario_fork_id(a, fork_id);
	if (a->scenario->fork_at > 0 && t.status == BLDR_THREAD_DONE) {
		struct bldr_thread f;

		rc = fork_id[0] != '\0' ? bldr_thread_info(e, fork_id, &f, err)
					: bldr_thread_history(e, a->id, count_checkpoint, &n, err);
		if (rc == BLDR_E_NOT_FOUND || (rc == 0 && fork_id[0] == '\0' && n.forks == 0)) {
			rc = fork_thread(e, a, err);
			*ret_more = true;
			return rc;
		}
		if (rc == 0 && fork_id[0] != '\0') {
			rc = attend_found(e, a, &f, fork_id, ret_more, err);
			a->taken_up = true;
			return rc;
		}
	}
	if (rc == 0) {
		rc = attend_found(e, a, &t, a->id, ret_more, err);
	}
	a->taken_up = true;
	return rc;
}
