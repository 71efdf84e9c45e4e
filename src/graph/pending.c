/* TEMPORARY on branch eng: so that everybody links while the parts are written. Goes function by function. */
#include "base/check.h"
#include "graph/run.h"

void run_interrupt_also(struct run *r, const char *const *before, const char *const *after)
{
	(void)r;
	(void)before;
	(void)after;
	ASSERT(false);
}

void run_record_updates(struct run *r, bool yes)
{
	(void)r;
	(void)yes;
	ASSERT(false);
}

int run_apply(struct run *r, const char *as_node, const struct bldr_value *values,
	      enum step_source source, bool hold, int64_t now_ms, struct update *u,
	      struct bldr_error *err)
{
	(void)r;
	(void)as_node;
	(void)values;
	(void)source;
	(void)hold;
	(void)now_ms;
	(void)u;
	(void)err;
	ASSERT(false);
	return 0;
}

int run_enqueue(struct run *r, const struct bldr_value *input, int64_t now_ms, struct update *u,
		struct bldr_error *err)
{
	(void)r;
	(void)input;
	(void)now_ms;
	(void)u;
	(void)err;
	ASSERT(false);
	return 0;
}

void run_cancel(struct run *r, int64_t now_ms, struct update *u)
{
	(void)r;
	(void)now_ms;
	(void)u;
	ASSERT(false);
}

void run_drain(struct run *r)
{
	(void)r;
	ASSERT(false);
}

int64_t run_deadline(const struct run *r)
{
	(void)r;
	ASSERT(false);
	return 0;
}

void run_expire(struct run *r, int64_t now_ms, struct update *u)
{
	(void)r;
	(void)now_ms;
	(void)u;
	ASSERT(false);
}

void run_emit(struct run *r, int64_t effect, uint32_t attempt, const char *mode,
	      const struct bldr_value *data, int64_t now_ms, struct update *u)
{
	(void)r;
	(void)effect;
	(void)attempt;
	(void)mode;
	(void)data;
	(void)now_ms;
	(void)u;
	ASSERT(false);
}

int run_fork(struct run *r, bool same_thread, int64_t next_id, int64_t last_event, int64_t now_ms,
	     struct update *u, struct bldr_error *err)
{
	(void)r;
	(void)same_thread;
	(void)next_id;
	(void)last_event;
	(void)now_ms;
	(void)u;
	(void)err;
	ASSERT(false);
	return 0;
}

void run_set_answers(struct run *r, run_answer_fn answer, void *user)
{
	(void)r;
	(void)answer;
	(void)user;
	ASSERT(false);
}

struct bldr_value *run_parked(const struct run *r)
{
	(void)r;
	ASSERT(false);
	return NULL;
}

int run_migrate(struct run *r, const struct bldr_value *parked, int64_t root, int64_t step,
		int64_t next_id, int64_t last_event, int64_t now_ms, struct update *u,
		struct bldr_error *err)
{
	(void)r;
	(void)parked;
	(void)root;
	(void)step;
	(void)next_id;
	(void)last_event;
	(void)now_ms;
	(void)u;
	(void)err;
	ASSERT(false);
	return 0;
}

int run_restore_handler(struct run *r, const struct handler_record *h, struct bldr_error *err)
{
	(void)r;
	(void)h;
	(void)err;
	ASSERT(false);
	return 0;
}

int run_restore_queued(struct run *r, const struct queued_record *q, struct bldr_error *err)
{
	(void)r;
	(void)q;
	(void)err;
	ASSERT(false);
	return 0;
}

void run_restore_root(struct run *r, int64_t frame)
{
	(void)r;
	(void)frame;
	ASSERT(false);
}
