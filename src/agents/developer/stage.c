/*
 * Prepares a deployment: what is to be sent to the workspace and where it goes. Notebooks and the library beside them go
 * below the job's folder, raw files into the volume, below the hash of the sources: the same files, the same place.
 *
 * The channel `staged`: the input of databricks_ensure_job, with the job's settings as a file.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/handover.h"
#include "agents/nodes.h"
#include "agents/remote/batch.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"

enum { FILE_MAX = 10 << 20, LANDING_HASH = 16 };
/* Folders are made before what is put into them; in this order. */
enum group { GROUP_FOLDERS, GROUP_CONTENT };

static const char prefix[] = "pipeline/";
static const char root[] = "${workspace.file_path}";
/* By which a job is known to be ours; it says "catalog.schema". */
static const char tag[] = "bldr_deploy_id";

static const char *const reads[] = { "job", "rounds", "sources", "pipeline", NULL };
static const char *const writes[] = { "staged", NULL };
static const struct handover handover = { "developer.stage", BLDR_PURE, "staged" };

const struct bldr_node developer_stage_node = {
	.name = "stage",
	.reads = reads,
	.writes = writes,
	.prepare = handover_prepare,
	.absorb = handover_absorb,
	.config = &handover,
};

const struct bldr_node developer_upload_node = {
	.name = "upload",
	.reads = batch_reads,
	.prepare = batch_prepare,
	.absorb = batch_absorb,
	.config = "deploy",
};

struct stage {
	struct desk *desk;
	struct remote remote;
	struct batch batch;
	struct sources sources;
	struct pipeline pipeline;
	const char *landing;
	texts folders; /* that are made */
};

static bool is_deployed(const struct pipeline_file *f)
{
	return (strcmp(f->kind, "notebook") == 0 || strcmp(f->kind, "library") == 0) &&
		strncmp(f->path, prefix, strlen(prefix)) == 0;
}

/* The folder that a file stands in; a's. */
static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_strndup(a, path, (size_t)(slash - path));
}

static bool is_new(texts *folders, struct arena *a, const char *folder)
{
	for (size_t i = 0; i < folders->n; i++) {
		if (strcmp(folders->at[i], folder) == 0) {
			return false;
		}
	}
	*LIST_ADD(a, folders) = folder;
	return true;
}

/* Where a file of the pipeline goes: a notebook is known there without its ".py". */
static const char *target_of(struct stage *s, const struct pipeline_file *f)
{
	const char *name = f->path + strlen(prefix);
	size_t length = strlen(name);

	if (strcmp(f->kind, "notebook") == 0 && length > 3 &&
	    strcmp(name + length - 3, ".py") == 0) {
		length -= 3;
	}
	return arena_printf(&s->desk->arena, "%s/%.*s", s->remote.folder, (int)length, name);
}

static int add_folder(struct stage *s, const char *path, bool of_volume, struct bldr_error *err)
{
	struct arena *a = &s->desk->arena;
	const char *folder = folder_of(a, path);

	if (!is_new(&s->folders, a, folder)) {
		return 0;
	}
	return batch_add(&s->batch,
			 of_volume ? databricks_folder_create(&s->remote.workspace, folder)
				   : databricks_mkdirs(&s->remote.workspace, folder),
			 GROUP_FOLDERS, arena_printf(a, "the folder \"%s\"", folder), NULL, err);
}

static int add_content(struct stage *s, const struct pipeline_file *f, struct bldr_error *err)
{
	struct arena *a = &s->desk->arena;
	const char *target = target_of(s, f);
	bool notebook = strcmp(f->kind, "notebook") == 0;
	struct databricks_import import = {
		.path = target,
		.format = notebook ? "SOURCE" : "AUTO",
		.language = notebook ? "PYTHON" : NULL,
		.overwrite = true,
	};
	char *content;
	size_t size;
	int r = file_read(desk_path(s->desk, f->path), FILE_MAX, &content, &size, err);

	if (r < 0) {
		return r;
	}
	import.content = content;
	import.size = size;
	r = batch_add(&s->batch, databricks_import(&s->remote.workspace, &import), GROUP_CONTENT,
		      arena_printf(a, "the import of \"%s\"", target), NULL, err);
	free(content);
	return r;
}

static const char *landed(struct stage *s, const struct source_file *f)
{
	return arena_printf(&s->desk->arena, "%s/%s", s->landing, f->path);
}

static int add_source(struct stage *s, const struct source_file *f, struct bldr_error *err)
{
	struct arena *a = &s->desk->arena;
	const char *target = landed(s, f);
	const struct databricks_upload upload = {
		.path = target,
		.from = arena_printf(a, "%s/%s", s->desk->source_dir, f->path),
		.hash = f->hash,
		.bytes = f->bytes,
		.overwrite = true,
	};

	return batch_add(&s->batch, databricks_file_upload(&s->remote.workspace, &upload),
			 GROUP_CONTENT, arena_printf(a, "the upload of \"%s\"", target), NULL, err);
}

static int add_all(struct stage *s, struct bldr_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->pipeline.files.n; i++) {
		if (is_deployed(&s->pipeline.files.at[i])) {
			r = add_folder(s, target_of(s, &s->pipeline.files.at[i]), false, err);
		}
	}
	for (size_t i = 0; r == 0 && i < s->sources.files.n; i++) {
		r = add_folder(s, landed(s, &s->sources.files.at[i]), true, err);
	}
	for (size_t i = 0; r == 0 && i < s->pipeline.files.n; i++) {
		if (is_deployed(&s->pipeline.files.at[i])) {
			r = add_content(s, &s->pipeline.files.at[i], err);
		}
	}
	for (size_t i = 0; r == 0 && i < s->sources.files.n; i++) {
		r = add_source(s, &s->sources.files.at[i], err);
	}
	return r;
}

/* Each place of `from` in text becomes `to`. */
static char *replaced(const char *text, const char *from, const char *to)
{
	struct buf b;
	const char *at;

	buf_init(&b, FILE_MAX);
	while ((at = strstr(text, from)) != NULL) {
		buf_add(&b, text, (size_t)(at - text));
		buf_puts(&b, to);
		text = at + strlen(from);
	}
	buf_puts(&b, text);
	return b.data;
}

static const struct pipeline_file *job_file(const struct pipeline *p)
{
	for (size_t i = 0; i < p->files.n; i++) {
		if (strcmp(p->files.at[i].kind, "job") == 0) {
			return &p->files.at[i];
		}
	}
	return NULL;
}

/* The defaults of the job's parameters are those of this deployment. */
static struct bldr_value *parameters(const struct stage *s, const struct bldr_value *old)
{
	const char *const given[][2] = { { "catalog", s->remote.catalog },
					 { "schema", s->remote.schema },
					 { "source_path", s->landing } };
	struct bldr_value *list = bldr_list();

	for (size_t i = 0; i < bldr_count(old); i++) {
		struct bldr_value *item = bldr_copy(bldr_at(old, i));
		const char *name = bldr_get_text(item, "name");

		for (size_t k = 0; k < sizeof(given) / sizeof(given[0]); k++) {
			if (strcmp(name, given[k][0]) == 0) {
				bldr_object_set(item, "default", bldr_text(given[k][1]));
			}
		}
		bldr_list_add(list, item);
	}
	return list;
}

/* The job's settings as they are deployed, known by that name and tag. */
static int make_settings(struct stage *s, const char *name, const char *value,
			 struct bldr_value **ret, struct bldr_error *err)
{
	const struct pipeline_file *f = job_file(&s->pipeline);
	struct bldr_value *settings = NULL;
	struct bldr_value *tags;
	char *content = NULL;
	char *text = NULL;
	size_t size;
	int r;

	if (f == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "the pipeline has no job");
	}
	r = file_read(desk_path(s->desk, f->path), FILE_MAX, &content, &size, err);
	if (r == 0) {
		text = replaced(content, root, s->remote.folder);
		r = bldr_value_parse(text, strlen(text), &settings, err);
	}
	free(text);
	free(content);
	if (r < 0) {
		return bldr_error_prefix(err, "\"%s\"", f->path);
	}
	*ret = bldr_copy(settings);
	tags = bldr_copy(bldr_get(settings, "tags"));
	bldr_object_set(tags, tag, bldr_text(value));
	bldr_object_set(*ret, "tags", tags);
	bldr_object_set(*ret, "name", bldr_text(name));
	bldr_object_set(*ret, "parameters", parameters(s, bldr_get(settings, "parameters")));
	bldr_unref(settings);
	return 0;
}

/* Beside the requests. */
static int stage_job(struct stage *s, struct bldr_value **ret, struct bldr_error *err)
{
	struct arena *a = &s->desk->arena;
	const char *value = arena_printf(a, "%s.%s", s->remote.catalog, s->remote.schema);
	const char *name = arena_printf(a, "bldr %s", value);
	struct bldr_value *settings = NULL;
	struct bldr_value *file = NULL;
	char *text;
	int r = make_settings(s, name, value, &settings, err);

	if (r < 0) {
		return r;
	}
	text = bldr_value_pretty(settings);
	r = batch_file(&s->batch, "job.json", text, &file, err);
	free(text);
	bldr_unref(settings);
	if (r < 0) {
		return r;
	}
	*ret = bldr_object();
	bldr_object_set(*ret, "name", bldr_text(name));
	bldr_object_set(*ret, "tag", bldr_text(tag));
	bldr_object_set(*ret, "value", bldr_text(value));
	bldr_object_set(*ret, "file", file);
	return 0;
}

static int stage(struct desk *d, struct bldr_value **ret, struct bldr_error *err)
{
	struct stage s = { .desk = d };
	const char *hash = bldr_get_text(bldr_get(bldr_get(d->args, "sources"), "ref"), "hash");
	int r = remote_of(d->args, &s.remote)
		? desk_read(d, "sources", &s.sources, err)
		: bldr_error_set(err, BLDR_E_INVALID, "the job names no workspace");

	if (r == 0) {
		r = desk_read(d, "pipeline", &s.pipeline, err);
	}
	if (r == 0) {
		r = batch_begin(&s.batch, d, "deploy", err);
	}
	if (r < 0) {
		return r;
	}
	s.landing = arena_printf(&d->arena, "/Volumes/%s/%s/%s/%.*s", s.remote.catalog,
				 s.remote.schema, s.remote.volume, LANDING_HASH, hash);
	r = add_all(&s, err);
	if (r < 0) {
		batch_drop(&s.batch);
		return r;
	}
	r = batch_end(&s.batch, err);
	return r < 0 ? r : stage_job(&s, ret, err);
}

int developer_stage_work(const struct bldr_work *w, struct bldr_value **ret, struct bldr_error *err)
{
	return desk_work(w, stage, ret, err);
}
