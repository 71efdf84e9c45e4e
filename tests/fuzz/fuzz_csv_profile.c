/*
 * One file through ingest as a run does it: discover, profile, relate. A file is either refused with a reason or
 * has a profile whose numbers fit together, and both artefacts are valid and read back.
 */
#include <stdlib.h>

#include "base/columntype.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "ingest/ingest.h"
#include "ingest/reader.h"

static const char *artefact_folder(void)
{
	static char *path;
	if (path == NULL) {
		path = xasprintf("%s/artefacts", folder_path());
	}
	return path;
}

static int64_t sum(const struct token_count *tokens, size_t n)
{
	int64_t total = 0;
	for (size_t i = 0; i < n; i++) {
		ASSERT(tokens[i].count > 0);
		total += tokens[i].count;
	}
	return total;
}

static void check_column(const struct column_profile *c, size_t i, int64_t rows)
{
	struct column_type type;
	ASSERT(c->ordinal == (int64_t)i && column_type_parse(c->type, &type));
	ASSERT(c->nulls >= 0 && c->nulls <= rows);
	ASSERT(sum(c->null_tokens.at, c->null_tokens.n) == c->nulls);
	ASSERT(c->distinct <= rows - c->nulls && (c->distinct == 0) == (c->nulls == rows));
	ASSERT((c->min == NULL) == (c->distinct == 0) && (c->max == NULL) == (c->distinct == 0));
	ASSERT(c->min_length <= c->max_length && c->min_length >= 0);
	int64_t top = sum(c->top.at, c->top.n);
	ASSERT((int64_t)c->top.n == (c->distinct < PROFILE_TOP_MAX ? c->distinct : PROFILE_TOP_MAX));
	ASSERT(c->distinct > PROFILE_TOP_MAX ? top < rows - c->nulls : top == rows - c->nulls);
	for (size_t k = 1; k < c->top.n; k++) {
		ASSERT(c->top.at[k - 1].count >= c->top.at[k].count);
	}
	for (size_t k = 0; k < c->date_formats.n; k++) {
		int64_t matches = c->date_formats.at[k].matches;
		ASSERT(matches > 0 && matches <= rows - c->nulls);
		ASSERT(k == 0 || matches <= c->date_formats.at[k - 1].matches);
	}
	ASSERT(type.kind != COLUMN_DATE ||
	       (c->date_formats.n > 0 &&
		c->date_formats.at[0].matches == rows - c->nulls - c->nonconforming));
	ASSERT(c->exceptions.n <= PROFILE_EXCEPTIONS_MAX);
}

/* read = good + rejected, as the reader itself counts them. */
static void check_counts(const struct source_file *f, const struct table_profile *t)
{
	struct bldr_error err = { 0 };
	struct record record;
	struct record_reader *r;
	int64_t good = 0;
	int64_t rejected = 0;
	ASSERT(record_reader_open(folder_path(), f, true, &r, &err) == 0);
	while (record_reader_next(r, &record, &err) > 0) {
		if (record.rejected == NULL) {
			good++;
			continue;
		}
		if (rejected < PROFILE_REJECTED_SHOWN) {
			const struct profile_rejected *shown = &t->rejected.at[rejected];
			ASSERT(shown->line == record.line && shown->offset == record.offset);
			ASSERT(strcmp(shown->hash, record.hash) == 0);
			ASSERT(strlen(shown->raw) <= PROFILE_RAW_MAX);
		}
		rejected++;
	}
	int64_t shown = rejected < PROFILE_REJECTED_SHOWN ? rejected : PROFILE_REJECTED_SHOWN;
	ASSERT(good == t->rows && rejected == t->rejected_rows);
	ASSERT((int64_t)t->rejected.n == shown);
	record_reader_close(r);
}

static void check_table(const struct source_file *f, const struct table_profile *t)
{
	size_t chosen = 0;
	ASSERT(strcmp(t->table, f->table) == 0 && t->columns.n == f->columns.n);
	for (size_t i = 0; i < t->columns.n; i++) {
		check_column(&t->columns.at[i], i, t->rows);
	}
	for (size_t i = 0; i < t->keys.n; i++) {
		chosen += t->keys.at[i].chosen ? 1 : 0;
	}
	ASSERT(chosen <= 1);
	check_counts(f, t);
}

/* Written by a producer that makes no mistakes, and read back. */
static void check_artefact(const char *name, const void *data, void *again, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct artefact_ref ref;
	struct artefact_ref second;
	ASSERT(artefact_write(artefact_folder(), name, "a.json", data, a, &ref, &err) == 0);
	ASSERT(artefact_read(artefact_folder(), name, &ref, a, again, &err) == 0);
	ASSERT(artefact_write(artefact_folder(), name, "b.json", again, a, &second, &err) == 0);
	ASSERT(strcmp(ref.hash, second.hash) == 0);
}

static void profile(const struct sources *s, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct table_profile t;
	struct table_profile t_again;
	struct profile p;
	struct profile p_again;
	struct sources s_again;
	int rc = ingest_profile_table(folder_path(), &s->files.at[0], NULL, a, &t, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_LIMIT);
		return;
	}
	check_table(&s->files.at[0], &t);
	check_artefact("sources", s, &s_again, a);
	check_artefact("table_profile", &t, &t_again, a);
	rc = ingest_relate(folder_path(), s, &t, NULL, 1, NULL, a, &p, &err);
	ASSERT(rc == 0 && p.tables.n == 1);
	check_artefact("profile", &p, &p_again, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct bldr_error err = { 0 };
	struct sources s;
	folder_put("data.csv", data, size);
	int rc = ingest_discover(folder_path(), &a, &s, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_INVALID);
	} else {
		ASSERT(s.files.n == 1);
		profile(&s, &a);
	}
	arena_release(&a);
	return 0;
}
