/* Requests in files, and the node that sends them: a few at a time, in the order of their groups. */
#include "agents/remote/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agents/nodes.h"
#include "base/check.h"
#include "base/file.h"

enum { STEP_MAX = 64 << 20, STALE_TRIES = 5, STALE_PAUSE_MS = 1000 };

int batch_begin(struct batch *b, struct desk *d, const char *name, struct bldr_error *err)
{
	const char *folder = desk_path(d, name);
	char *absolute = NULL;
	int r = file_mkdirs(folder, err);

	*b = (struct batch){ .desk = d, .name = name };
	if (r < 0) {
		return r;
	}
	absolute = realpath(folder, NULL);
	if (absolute == NULL) {
		return bldr_error_set(err, BLDR_E_IO, "\"%s\": %s", folder, strerror(errno));
	}
	b->folder = arena_strdup(&d->arena, absolute);
	b->items = bldr_list();
	free(absolute);
	return 0;
}

int batch_file(struct batch *b, const char *name, const char *text, struct bldr_value **ret,
	       struct bldr_error *err)
{
	const char *path = arena_printf(&b->desk->arena, "%s/%s", b->folder, name);
	size_t size = strlen(text);
	char hash[HASH_HEX_MAX];
	int r = file_write(path, text, size, err);

	if (r < 0) {
		return r;
	}
	hash_bytes(text, size, hash);
	*ret = bldr_object();
	bldr_object_set(*ret, "path", bldr_text(path));
	bldr_object_set(*ret, "hash", bldr_text(hash));
	bldr_object_set(*ret, "bytes", bldr_int((int64_t)size));
	return 0;
}

/* The JSON of a request becomes a file that is sent as its body. */
static int move_body(struct batch *b, struct bldr_value *args, struct bldr_value **ret,
		     struct bldr_error *err)
{
	const char *name = arena_printf(&b->desk->arena, "%zu.body", bldr_count(b->items));
	char *text = bldr_value_text(bldr_get(args, "json"));
	struct bldr_value *upload = NULL;
	struct bldr_value *headers;
	int r = batch_file(b, name, text, &upload, err);

	free(text);
	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	for (void *it = bldr_first(args); it != NULL; it = bldr_next(args, it)) {
		if (strcmp(bldr_key(it), "json") != 0) {
			bldr_object_set(*ret, bldr_key(it), bldr_copy(bldr_item(it)));
		}
	}
	headers = bldr_copy(bldr_get(args, "headers"));
	bldr_object_set(headers, "Content-Type", bldr_text("application/json"));
	bldr_object_set(*ret, "headers", headers);
	bldr_object_set(*ret, "upload", upload);
	return 0;
}

int batch_add(struct batch *b, struct databricks_request q, int64_t group, const char *what,
	      const char *save, struct bldr_error *err)
{
	struct bldr_value *item = bldr_object();
	struct bldr_value *args = q.args;
	int r = 0;

	if (save != NULL) {
		databricks_save(&q, arena_printf(&b->desk->arena, "%s/%s", b->folder, save));
		args = q.args;
	}
	if (bldr_get(args, "json") != NULL) {
		r = move_body(b, q.args, &args, err);
		bldr_unref(q.args);
	}
	if (r < 0) {
		bldr_unref(item);
		return r;
	}
	bldr_object_set(item, "n", bldr_int((int64_t)bldr_count(b->items)));
	bldr_object_set(item, "group", bldr_int(group));
	bldr_object_set(item, "what", bldr_text(what));
	bldr_object_set(item, "class", bldr_int(q.cls));
	bldr_object_set(item, "args", args);
	bldr_object_set(item, "timeout_ms", bldr_int(q.timeout_ms));
	bldr_list_add(b->items, item);
	return 0;
}

void batch_drop(struct batch *b)
{
	bldr_unref(b->items);
	b->items = NULL;
}

/* The first item behind those that go at once with that at `at`. */
static size_t end_of_step(const struct bldr_value *items, size_t at)
{
	int64_t group = bldr_get_int(bldr_at(items, at), "group", 0);
	size_t end = at;

	while (end < bldr_count(items) && end < at + BATCH_AT_ONCE &&
	       bldr_get_int(bldr_at(items, end), "group", 0) == group) {
		end++;
	}
	return end;
}

static const char *step_name(struct arena *a, int64_t step)
{
	return arena_printf(a, "step.%lld.json", (long long)step);
}

static int write_step(const struct batch *b, int64_t step, size_t from, size_t to,
		      struct bldr_error *err)
{
	struct arena *a = &b->desk->arena;
	struct bldr_value *items = bldr_list();
	char *text;
	int r;

	for (size_t i = from; i < to; i++) {
		bldr_list_add(items, bldr_ref(bldr_at(b->items, i)));
	}
	text = bldr_value_text(items);
	r = file_write(arena_printf(a, "%s/%s", b->folder, step_name(a, step)), text, strlen(text),
		       err);
	free(text);
	bldr_unref(items);
	return r;
}

int batch_end(struct batch *b, struct bldr_error *err)
{
	size_t n = bldr_count(b->items);
	int64_t step = 0;
	size_t to;
	int r = 0;

	for (size_t at = 0; r == 0 && at < n; at = to) {
		to = end_of_step(b->items, at);
		r = write_step(b, step++, at, to, err);
	}
	if (r == 0) { /* files of an earlier, longer batch of that name may follow */
		r = write_step(b, step, n, n, err);
	}
	batch_drop(b);
	return r;
}

/* ---- the work ---- */

/* The items of a step, a list; the caller's. */
static int read_step(struct desk *d, const char *batch, int64_t step, struct bldr_value **ret,
		     struct bldr_error *err)
{
	struct arena *a = &d->arena;
	const char *path = desk_path(d, arena_printf(a, "%s/%s", batch, step_name(a, step)));
	char *text;
	size_t size;
	int r = file_read(path, STEP_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, ret, err);
	free(text);
	return r < 0 ? bldr_error_prefix(err, "\"%s\"", path) : 0;
}

int batch_read(struct desk *d, const char *batch, struct bldr_value **ret, struct bldr_error *err)
{
	bool more = true;

	*ret = bldr_list();
	for (int64_t step = 0; more; step++) {
		struct bldr_value *items;
		int r = read_step(d, batch, step, &items, err);

		if (r < 0) {
			bldr_unref(*ret);
			return r;
		}
		for (size_t i = 0; i < bldr_count(items); i++) {
			bldr_list_add(*ret, bldr_ref(bldr_at(items, i)));
		}
		more = bldr_count(items) > 0;
		bldr_unref(items);
	}
	return 0;
}

static int give_items(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct bldr_value *items;
	int r = read_step(d, bldr_get_text(d->args, "batch"), bldr_get_int(d->args, "step", 0),
			  &items, err);

	if (r == 0) {
		*ret = bldr_object();
		bldr_object_set(*ret, "items", items);
	}
	return r;
}

int remote_batch_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, give_items, ret, err);
}

/* ---- the node ---- */

const char *const batch_reads[] = { "job", NULL };

/* The step that a node is at: "step" of what it keeps. */
static int64_t step_of(const struct bldr_view *v)
{
	return bldr_get_int(v->kept, "step", 0);
}

void batch_plan_items(const struct bldr_view *v, struct bldr_plan *p, const char *batch,
		      int64_t step)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "job", bldr_ref(bldr_get(v->state, "job")));
	bldr_object_set(args, "batch", bldr_text(batch));
	bldr_object_set(args, "step", bldr_int(step));
	bldr_plan_work(p, "remote.batch", BLDR_PURE, args);
}

void batch_plan(struct bldr_plan *p, const struct bldr_value *items)
{
	for (size_t i = 0; i < bldr_count(items); i++) {
		const struct bldr_value *item = bldr_at(items, i);

		bldr_plan_add(p, "http", (enum bldr_class)bldr_get_int(item, "class", BLDR_ONCE),
			      bldr_copy(bldr_get(item, "args")),
			      (uint32_t)bldr_get_int(item, "timeout_ms", 0));
	}
}

/* kept: {"step", "items" when they are to be sent, "stale": how often something was not there yet, "pause": a pause is due}. */
void batch_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *items = bldr_get(v->kept, "items");

	if (bldr_as_bool(bldr_get(v->kept, "pause"), false)) {
		bldr_plan_sleep(p, STALE_PAUSE_MS);
	} else if (items != NULL) {
		batch_plan(p, items);
	} else {
		batch_plan_items(v, p, v->config, step_of(v));
	}
}

static struct bldr_value *kept_at(int64_t step)
{
	struct bldr_value *kept = bldr_object();

	bldr_object_set(kept, "step", bldr_int(step));
	return kept;
}

static void take_items(const struct bldr_view *v, const struct bldr_result *r, struct bldr_patch *p)
{
	const struct bldr_value *items = bldr_get(r->value, "items");
	struct bldr_value *kept;

	if (r->status != BLDR_DONE) {
		bldr_patch_fail_code(p, r->code, "%s", r->error);
		return;
	}
	if (bldr_count(items) == 0) {
		return;
	}
	kept = kept_at(step_of(v));
	bldr_object_set(kept, "items", bldr_ref(items));
	bldr_patch_again(p, kept);
}

/* What was just made may not be there yet for who asks next: all of it is sent again, which changes nothing. */
static void try_again(const struct bldr_view *v, bool pause, struct bldr_patch *p)
{
	struct bldr_value *kept = kept_at(step_of(v));

	bldr_object_set(kept, "items", bldr_ref(bldr_get(v->kept, "items")));
	bldr_object_set(kept, "stale", bldr_int(bldr_get_int(v->kept, "stale", 0) + pause));
	bldr_object_set(kept, "pause", bldr_bool(pause));
	bldr_patch_again(p, kept);
}

static void take_answers(const struct bldr_view *v, const struct bldr_result *results, size_t n,
			 struct bldr_patch *p)
{
	const struct bldr_value *items = bldr_get(v->kept, "items");
	struct arena a = { 0 };
	bool well = true;

	for (size_t i = 0; well && i < n; i++) {
		const char *what = bldr_get_text(bldr_at(items, i), "what");
		struct databricks_answer answer;

		databricks_answer(&results[i], &a, &answer);
		if (answer.outcome == DATABRICKS_NOT_FOUND &&
		    bldr_get_int(v->kept, "stale", 0) < STALE_TRIES) {
			try_again(v, true, p);
			well = false;
		} else {
			well = remote_check(p, what, &results[i], &a, &answer);
		}
	}
	if (well) {
		bldr_patch_again(p, kept_at(step_of(v) + 1));
	}
	arena_release(&a);
}

void batch_absorb(const struct bldr_view *v, const struct bldr_result *results, size_t n,
		  struct bldr_patch *p)
{
	if (bldr_as_bool(bldr_get(v->kept, "pause"), false)) {
		try_again(v, false, p);
	} else if (bldr_get(v->kept, "items") != NULL) {
		take_answers(v, results, n, p);
	} else {
		take_items(v, &results[0], p);
	}
}
