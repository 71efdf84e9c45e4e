/* Requests in files, and the node that sends them: a few at a time, in the order of their groups. */
#include "agents/remote/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agents/nodes.h"
#include "base/check.h"
#include "base/file.h"

enum { REQUESTS_MAX = 64 << 20, STALE_TRIES = 5, STALE_PAUSE_MS = 1000 };

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

int batch_end(struct batch *b, struct bldr_error *err)
{
	const char *path = arena_printf(&b->desk->arena, "%s/requests.json", b->folder);
	char *text = bldr_value_text(b->items);
	int r = file_write(path, text, strlen(text), err);

	free(text);
	batch_drop(b);
	return r;
}

/* ---- the work ---- */

int batch_read(struct desk *d, const char *batch, struct bldr_value **ret, struct bldr_error *err)
{
	const char *path = desk_path(d, arena_printf(&d->arena, "%s/requests.json", batch));
	char *text;
	size_t size;
	int r = file_read(path, REQUESTS_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, ret, err);
	free(text);
	return r < 0 ? bldr_error_prefix(err, "\"%s\"", path) : 0;
}

static int give_items(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	const char *batch = bldr_get_text(d->args, "batch");
	size_t at = (size_t)bldr_get_int(d->args, "at", 0);
	struct bldr_value *all = NULL;
	struct bldr_value *some = bldr_list();
	int r = batch_read(d, batch, &all, err);

	if (r < 0) {
		bldr_unref(some);
		return r;
	}
	for (size_t i = at; i < bldr_count(all) && i < at + BATCH_AT_ONCE; i++) {
		const struct bldr_value *item = bldr_at(all, i);

		if (bldr_get_int(item, "group", 0) != bldr_get_int(bldr_at(all, at), "group", 0)) {
			break;
		}
		bldr_list_add(some, bldr_ref(item));
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "items", some);
	bldr_unref(all);
	return 0;
}

int remote_batch_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, give_items, ret, err);
}

/* ---- the node ---- */

const char *const batch_reads[] = { "job", NULL };

void batch_plan_items(const struct bldr_view *v, struct bldr_plan *p, const char *batch, int64_t at)
{
	struct bldr_value *args = bldr_object();

	bldr_object_set(args, "job", bldr_ref(bldr_get(v->state, "job")));
	bldr_object_set(args, "batch", bldr_text(batch));
	bldr_object_set(args, "at", bldr_int(at));
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

/* kept: {"at", "items" when they are to be sent, "stale": how often something was not there yet, "pause": a pause is due}. */
void batch_prepare(const struct bldr_view *v, struct bldr_plan *p)
{
	const struct bldr_value *items = bldr_get(v->kept, "items");

	if (bldr_as_bool(bldr_get(v->kept, "pause"), false)) {
		bldr_plan_sleep(p, STALE_PAUSE_MS);
	} else if (items != NULL) {
		batch_plan(p, items);
	} else {
		batch_plan_items(v, p, v->config, bldr_get_int(v->kept, "at", 0));
	}
}

static struct bldr_value *kept_at(int64_t at)
{
	struct bldr_value *kept = bldr_object();

	bldr_object_set(kept, "at", bldr_int(at));
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
	kept = kept_at(bldr_get_int(v->kept, "at", 0));
	bldr_object_set(kept, "items", bldr_ref(items));
	bldr_patch_again(p, kept);
}

/* What was just made may not be there yet for who asks next: all of it is sent again, which changes nothing. */
static void try_again(const struct bldr_view *v, bool pause, struct bldr_patch *p)
{
	struct bldr_value *kept = kept_at(bldr_get_int(v->kept, "at", 0));

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
		bldr_patch_again(p, kept_at(bldr_get_int(v->kept, "at", 0) + (int64_t)n));
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
