/*
 * The meter: what each work function cost and how many records it went through. It stands around the work
 * functions on the pool's threads and appends a line per performance to steps.jsonl in the run's folder, so that what a killed
 * process had done still counts when another one goes on. None of this is in artefacts: costs differ from run to run.
 */
#pragma once

#include <bldr/engine.h>

struct meter;

struct meter *meter_new(void);
void meter_free(struct meter *m);
/* From now on performances are written there. Errors: IO. */
int meter_open(struct meter *m, const char *folder, struct bldr_error *err);
/* The same work, measured. Its name and context are borrowed. */
struct bldr_work_type meter_wrap(struct meter *m, const struct bldr_work_type *type);

/* A performance of this process, under way or done. */
struct metered_step {
	char table[64]; /* the source table it is about, cut; "" for none */
	int64_t rows;   /* records it went through; -1: not told, or not done yet */
};
/* False: the effect of that key has not begun here. Callable on any thread. */
bool meter_find(struct meter *m, const char *key, struct metered_step *ret);

/*
 * What steps.jsonl says: [{step, times, failed, rows, wall_us, cpu_us, peak_rss_bytes}], one per work function in the order
 * of their first performance; rows is absent where none are told. Performances add up over all processes that worked on the run,
 * the peak is the largest of any. Wall times of steps that ran side by side overlap. Empty when there is none. The
 * caller owns it.
 */
struct bldr_value *meter_read(const char *folder);
/* {cpu_us, peak_rss_bytes} of this process so far. The caller owns it. */
struct bldr_value *meter_process(void);
