/* A source folder that a test fills and takes through the steps of src/ingest. */
#pragma once

/* cmocka wants these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/ingest.h"
#include "scratch.h"

struct folder {
	struct scratch scratch;
	struct arena arena;
	struct bldr_error err;
	struct sources sources;
	struct table_profile tables[32];
	struct profile profile;
};

static inline int folder_setup(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));
	scratch_make(&f->scratch);
	*state = f;
	return 0;
}

static inline int folder_teardown(void **state)
{
	struct folder *f = *state;
	scratch_remove(&f->scratch);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static inline void put_bytes(struct folder *f, const char *name, const char *data, size_t size)
{
	FILE *file = fopen(scratch_file(&f->scratch, name), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void put(struct folder *f, const char *name, const char *text)
{
	put_bytes(f, name, text, strlen(text));
}

static inline void assert_message(const struct folder *f, int code, const char *part)
{
	assert_int_equal(f->err.code, code);
	if (strstr(f->err.text, part) == NULL) {
		fail_msg("\"%s\" is not in: %s", part, f->err.text);
	}
}

static inline int discover(struct folder *f)
{
	return ingest_discover(f->scratch.path, &f->arena, &f->sources, &f->err);
}

/* Puts one file and discovers it. */
static inline const struct source_file *only_source(struct folder *f, const char *name,
						    const char *text)
{
	put(f, name, text);
	assert_int_equal(discover(f), 0);
	assert_int_equal(f->sources.files.n, 1);
	return &f->sources.files.at[0];
}

/* Profiles what was put; the tables come by name. */
static inline int profile_all(struct folder *f)
{
	struct overrides o = { 0 };
	int rc = discover(f);
	rc = rc == 0 ? overrides_decode(f->sources.overrides, &f->arena, &o, &f->err) : rc;
	for (size_t i = 0; i < f->sources.files.n && rc == 0; i++) {
		const struct source_file *file = &f->sources.files.at[i];
		rc = ingest_profile_table(f->scratch.path, file, overrides_table(&o, file->table),
					  &f->arena, &f->tables[i], &f->err);
	}
	return rc;
}

/* The files' names must be in the order of their tables. */
static inline int relate_without(struct folder *f, const refused_references *refused)
{
	int rc = profile_all(f);
	return rc != 0
		? rc
		: ingest_relate(f->scratch.path, &f->sources, f->tables, NULL, f->sources.files.n,
				refused, &f->arena, &f->profile, &f->err);
}

static inline int relate_all(struct folder *f)
{
	return relate_without(f, NULL);
}
