/* Reads artefacts through artefact_read, so that what is rendered is valid, and renders them. */
#include "agents/rendering.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

enum { VERSION_MAX = 99, RUN_BYTES_MAX = 1 << 20, PAGE_BYTES_MAX = 64 << 20 };

static const char *newest(const char *folder, const char *name, struct arena *a)
{
	for (int version = VERSION_MAX; version > 0; version--) {
		const char *path = arena_printf(a, "%s.v%d.json", name, version);
		if (file_exists(arena_printf(a, "%s/%s", folder, path))) {
			return path;
		}
	}
	return arena_printf(a, "%s.json", name);
}

static int read_one(const char *folder, const char *name, struct arena *a, void *ret,
		    struct bldr_error *err)
{
	struct artefact_ref ref = { .path = newest(folder, name, a) };
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	int rc = file_hash(arena_printf(a, "%s/%s", folder, ref.path), hash, &bytes, err);
	if (rc < 0) {
		return rc;
	}
	ref.hash = hash;
	ref.bytes = (int64_t)bytes;
	return artefact_read(folder, name, &ref, a, ret, err);
}

static int read_decisions(const char *folder, struct arena *a, struct rendering *r,
			  struct bldr_error *err)
{
	const char *path = arena_printf(a, "%s/../run.json", folder);
	struct bldr_value *run = NULL;
	char *text;
	size_t size;
	if (!file_exists(path)) {
		r->decisions = artefact_keep(a, bldr_list());
		return 0;
	}
	int rc = file_read(path, RUN_BYTES_MAX, &text, &size, err);
	if (rc < 0) {
		return rc;
	}
	rc = bldr_value_parse(text, size, &run, err);
	free(text);
	if (rc == 0) {
		r->decisions = bldr_get(artefact_keep(a, run), "decisions");
	}
	return rc;
}

/* The sample questions, with answers when a warehouse stands beside the folder. */
static int ask(const char *folder, struct arena *a, struct rendering *r, struct bldr_error *err)
{
	const char *warehouse = arena_printf(a, "%s/../warehouse.db", folder);
	questions_make(&r->design, &r->contract, a, &r->questions);
	return file_exists(warehouse) ? questions_answer(warehouse, NULL, a, &r->questions, err)
				      : 0;
}

int rendering_read(const char *folder, struct arena *a, struct rendering *ret,
		   struct bldr_error *err)
{
	const struct {
		const char *name;
		void *ret;
	} artefacts[] = {
		{ "sources", &ret->sources },
		{ "profile", &ret->profile },
		{ "design", &ret->design },
		{ "contract", &ret->contract },
		{ "sttm", &ret->sttm },
		{ "pipeline", &ret->pipeline },
		{ "deployment", &ret->deployment },
		{ "findings", &ret->findings },
		{ "evaluation", &ret->evaluation },
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
		rc = read_one(folder, artefacts[i].name, a, artefacts[i].ret, err);
	}
	if (rc == 0) {
		rc = read_decisions(folder, a, ret, err);
	}
	return rc == 0 ? ask(folder, a, ret, err) : rc;
}

char *rendering_html(const struct rendering *r, struct arena *a, struct bldr_error *err)
{
	const struct report_input in = {
		.sources = &r->sources,
		.profile = &r->profile,
		.design = &r->design,
		.contract = &r->contract,
		.sttm = &r->sttm,
		.pipeline = &r->pipeline,
		.deployment = &r->deployment,
		.findings = &r->findings,
		.evaluation = &r->evaluation,
		.decisions = r->decisions,
		.questions = &r->questions,
	};
	struct buf out;
	buf_init(&out, PAGE_BYTES_MAX);
	char *html = report_render(&in, a, &out, err) == 0 ? buf_take(&out) : NULL;
	buf_release(&out);
	return html;
}
