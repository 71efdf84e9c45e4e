#include "probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

char *path_of(struct probe *p, const char *name)
{
	return arena_printf(&p->arena, "%s/%s", p->folder, name);
}

int read_artefact(struct probe *p, const char *name, void *ret)
{
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	char *file = arena_printf(&p->arena, "%s.json", name);
	int rc = file_hash(path_of(p, file), hash, &bytes, &p->err);
	if (rc < 0) {
		return rc;
	}
	struct artefact_ref ref = { .path = file, .hash = hash, .bytes = (int64_t)bytes };
	return artefact_read(p->folder, name, &ref, &p->arena, ret, &p->err);
}

int write_artefact(struct probe *p, const char *name, const void *data)
{
	struct artefact_ref ref;
	char *file = arena_printf(&p->arena, "%s.json", name);
	return artefact_write(p->folder, name, file, data, &p->arena, &ref, &p->err);
}

void print(struct bldr_value *v)
{
	char *text = bldr_value_text(v);
	puts(text);
	free(text);
	bldr_unref(v);
}

int read_input(struct probe *p)
{
	const struct {
		const char *name;
		void *ret;
	} artefacts[] = {
		{ "sources", &p->sources },       { "design", &p->design },
		{ "contract", &p->contract },     { "sttm", &p->sttm },
		{ "deployment", &p->deployment },
	};
	for (size_t i = 0; i < sizeof(artefacts) / sizeof(artefacts[0]); i++) {
		int rc = read_artefact(p, artefacts[i].name, artefacts[i].ret);
		if (rc < 0) {
			return rc;
		}
	}
	p->in = (struct checks_input){
		.source_folder = p->source_folder,
		.warehouse = path_of(p, "warehouse.db"),
		.reloaded = path_of(p, "reloaded.db"),
		.sources = &p->sources,
		.design = &p->design,
		.contract = &p->contract,
		.sttm = &p->sttm,
		.deployment = &p->deployment,
	};
	return 0;
}
