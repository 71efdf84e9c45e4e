/*
 * Resolves what a request names into files of the run. Every read verifies hash and schema, so a
 * work function never sees an artefact that somebody changed.
 */
#include <string.h>

#include "agents/agents.h"
#include "agents/desk.h"

static int open_desk(struct desk *d, const struct bldr_work *w, struct bldr_error *err)
{
	const struct agents_context *context = w->context;
	const struct bldr_value *job = bldr_get(w->args, "job");
	const char *run = bldr_get_text(job, "run");
	const char *source_dir = bldr_get_text(job, "source_dir");

	*d = (struct desk){
		.work = w,
		.args = w->args,
		.round = bldr_get_int(w->args, "rounds", 0),
		.designs = bldr_get_int(w->args, "designs", 1),
	};
	if (run == NULL || source_dir == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "work \"%s\": the request has no job with run and source_dir",
				      w->name);
	}
	d->source_dir = source_dir;
	d->folder = arena_printf(&d->arena, "%s/%s", context->output, run);
	return 0;
}

int desk_work(const struct bldr_work *w,
	      int (*fn)(struct desk *d, struct bldr_value **ret, struct bldr_error *err),
	      struct bldr_value **ret, struct bldr_error *err)
{
	struct desk d;
	int r = open_desk(&d, w, err);

	if (r == 0) {
		r = fn(&d, ret, err);
	}
	arena_release(&d.arena);
	return r;
}

const char *desk_path(struct desk *d, const char *relative)
{
	return arena_printf(&d->arena, "%s/%s", d->folder, relative);
}

static int find_ref(struct desk *d, const char *name, const struct bldr_value *value,
		    struct artefact_ref *ret, struct bldr_error *err)
{
	int r = artefact_ref_parse(bldr_get(value, "ref"), &d->arena, ret, err);

	if (r < 0) {
		return bldr_error_prefix(err, "artefact \"%s\"", name);
	}
	return 0;
}

int desk_read_value(struct desk *d, const char *name, const struct bldr_value *value, void *ret,
		    struct bldr_error *err)
{
	struct artefact_ref ref;
	int r = find_ref(d, name, value, &ref, err);

	if (r < 0) {
		return r;
	}
	return artefact_read(d->folder, name, &ref, &d->arena, ret, err);
}

int desk_read(struct desk *d, const char *name, void *ret, struct bldr_error *err)
{
	return desk_read_value(d, name, bldr_get(d->args, name), ret, err);
}

int desk_derive(struct desk *d, struct artefact_head *head, const char *const *names,
		struct bldr_error *err)
{
	for (; *names != NULL; names++) {
		struct artefact_ref ref;
		int r = find_ref(d, *names, bldr_get(d->args, *names), &ref, err);

		if (r < 0) {
			return r;
		}
		artefact_derive(&d->arena, head, *names, &ref);
	}
	return 0;
}

int desk_write(struct desk *d, const char *name, const char *path, const void *data,
	       struct bldr_value **ret, struct bldr_error *err)
{
	struct artefact_ref ref;
	int r = artefact_write(d->folder, name, path, data, &d->arena, &ref, err);

	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "ref", artefact_ref_value(&ref));
	return 0;
}

int64_t desk_records(const struct deployment *deployment)
{
	int64_t rows = 0;

	for (size_t i = 0; i < deployment->sources.n; i++) {
		rows += deployment->sources.at[i].read;
	}
	return rows;
}
