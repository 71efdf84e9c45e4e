/*
 * What the Python tests of the emitters run:
 *
 *	emit_tool folder SOURCE_DIR OUT      a folder of files, by way of profile, design and mapping
 *	emit_tool artefacts SOURCES STTM OUT two artefacts as JSON files
 *	emit_tool load SOURCE_DIR SOURCES STTM OUT  the same artefacts as OUT/warehouse.db
 *	emit_tool layout                     expressions on stdin, one per line, as a Python file
 *	emit_tool refused                    {"path", "encoding", "bytes", "packed"} on stdin, one per line: why the notebooks
 *	                                     will refuse such a file, as JSON
 *
 * The first two write the pipeline and its manifest below OUT, with the artefacts it was made of, and print the
 * path of the manifest. Exit 1 and a message when that fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artefact/artefact.h"
#include "base/buf.h"
#include "base/file.h"
#include "ingest/ingest.h"
#include "warehouse/emitters/python_text.h"
#include "warehouse/warehouse.h"

enum { FILE_MAX = 64 << 20, OUT_MAX = 256 << 20 };

struct made {
	struct sources sources;
	struct sttm sttm;
};

static int make_of_folder(const char *folder, struct arena *a, struct made *ret,
			  struct bldr_error *err)
{
	struct profile profile;
	struct design design;
	struct table_profile *tables;
	int rc = ingest_discover(folder, a, &ret->sources, err);

	tables = ARENA_ARRAY(a, struct table_profile, rc == 0 ? ret->sources.files.n : 1);
	for (size_t i = 0; rc == 0 && i < ret->sources.files.n; i++) {
		rc = ingest_profile_table(folder, &ret->sources.files.at[i], NULL, a, &tables[i],
					  err);
	}
	if (rc == 0) {
		rc = ingest_relate(folder, &ret->sources, tables, NULL, ret->sources.files.n, NULL,
				   a, &profile, err);
	}
	if (rc == 0) {
		rc = design_star(&ret->sources, &profile, a, &design, err);
	}
	return rc < 0 ? rc
		      : map_design(&ret->sources, &profile, &design, NULL, 0, a, &ret->sttm, err);
}

/* A JSON file, checked like an artefact; its hash is whatever it is. */
static int read_artefact(const char *path, const char *name, struct arena *a, void *ret,
			 struct bldr_error *err)
{
	char hash[HASH_HEX_MAX];
	uint64_t bytes;
	struct artefact_ref ref = { .path = path, .hash = hash };
	int rc = file_hash(path, hash, &bytes, err);

	ref.bytes = (int64_t)bytes;
	if (rc == 0) {
		const char *base = strrchr(path, '/');

		ref.path = base != NULL ? base + 1 : path;
		rc = artefact_read(base != NULL ? arena_strndup(a, path, (size_t)(base - path))
						: ".",
				   name, &ref, a, ret, err);
	}
	return rc;
}

static int emit(const struct made *made, const char *out, struct arena *a, struct bldr_error *err)
{
	struct pipeline pipeline;
	struct artefact_ref ref;
	struct made versioned = *made;
	int rc = emit_pipeline(out, &made->sources, &made->sttm, a, &pipeline, err);

	versioned.sources.head.version = 1;
	versioned.sttm.head.version = 1;
	if (rc == 0) {
		rc = artefact_write(out, "sources", NULL, &versioned.sources, a, &ref, err);
	}
	if (rc == 0) {
		rc = artefact_write(out, "sttm", NULL, &versioned.sttm, a, &ref, err);
	}
	if (rc == 0) {
		rc = artefact_write(out, "pipeline", NULL, &pipeline, a, &ref, err);
	}
	if (rc == 0) {
		printf("%s/%s\n", out, ref.path);
	}
	return rc;
}

static int load(const struct made *made, const char *source_folder, const char *out,
		struct arena *a, struct bldr_error *err)
{
	const struct materialise m = {
		.source_folder = source_folder,
		.path = arena_printf(a, "%s/warehouse.db", out),
		.key = "emit_tool",
		.fresh = true,
	};
	struct deployment deployment;

	return materialise(&m, &made->sources, &made->sttm, a, &deployment, err);
}

static int layout(struct bldr_error *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	struct buf dict;
	struct buf list;
	int rc = 0;

	buf_init(&dict, OUT_MAX);
	buf_init(&list, OUT_MAX);
	for (int i = 0; rc == 0 && (size = getline(&line, &room, stdin)) > 0; i++) {
		char key[32];

		line[size - 1] = '\0';
		(void)snprintf(key, sizeof(key), "\"k%d\": ", i);
		rc = python_item(&dict, 8, key, line, err);
		if (rc == 0) {
			rc = python_item(&list, 4, "", line, err);
		}
	}
	if (rc == 0) {
		printf("def f():\n    return {\n%s    }\n\n\nx = [\n%s]\n", dict.data, list.data);
	}
	free(line);
	buf_release(&dict);
	buf_release(&list);
	return rc;
}

static int refused(struct bldr_error *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	int rc = 0;

	while (rc == 0 && (size = getline(&line, &room, stdin)) > 0) {
		struct bldr_value *v = NULL;
		struct arena a = { 0 };

		rc = bldr_value_parse(line, (size_t)size, &v, err);
		if (rc == 0) {
			const struct source_file f = {
				.path = bldr_get_text(v, "path"),
				.encoding = bldr_get_text(v, "encoding"),
				.bytes = bldr_get_int(v, "bytes", 0),
				.compression = bldr_as_bool(bldr_get(v, "packed"), false)
					? COMPRESSION_GZIP
					: COMPRESSION_NONE,
			};
			const char *reason = emit_refusal(&f, &a);
			struct bldr_value *said = reason != NULL ? bldr_text(reason) : bldr_null();
			char *text = bldr_value_text(said);

			(void)puts(text);
			free(text);
			bldr_unref(said);
		}
		arena_release(&a);
		bldr_unref(v);
	}
	free(line);
	return rc;
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct made made = { 0 };
	const char *what = argc > 1 ? argv[1] : "";
	int rc = BLDR_E_INVALID;

	if (strcmp(what, "layout") == 0) {
		rc = layout(&err);
	} else if (strcmp(what, "refused") == 0) {
		rc = refused(&err);
	} else if (strcmp(what, "folder") == 0 && argc == 4) {
		rc = make_of_folder(argv[2], &a, &made, &err);
		rc = rc < 0 ? rc : emit(&made, argv[3], &a, &err);
	} else if (strcmp(what, "artefacts") == 0 && argc == 5) {
		rc = read_artefact(argv[2], "sources", &a, &made.sources, &err);
		rc = rc < 0 ? rc : read_artefact(argv[3], "sttm", &a, &made.sttm, &err);
		rc = rc < 0 ? rc : emit(&made, argv[4], &a, &err);
	} else if (strcmp(what, "load") == 0 && argc == 6) {
		rc = read_artefact(argv[3], "sources", &a, &made.sources, &err);
		rc = rc < 0 ? rc : read_artefact(argv[4], "sttm", &a, &made.sttm, &err);
		rc = rc < 0 ? rc : load(&made, argv[2], argv[5], &a, &err);
	} else {
		(void)bldr_error_set(&err, rc, "wrong use: see emit_tool.c");
	}
	if (rc < 0) {
		(void)fprintf(stderr, "%s: %s\n", bldr_error_name(rc), err.text);
	}
	arena_release(&a);
	return rc < 0 ? 1 : 0;
}
