/* Reads answers that were saved: texts of JSON become rows of cells. */
#include "agents/tester/answers.h"

#include <stdlib.h>

#include "agents/remote/batch.h"
#include "base/file.h"

enum { ANSWER_MAX = 256 << 20 };

bool answers_are_of(const struct bldr_value *asked, int64_t rounds)
{
	return asked != NULL && bldr_get_int(asked, "for", -1) == rounds;
}

const char *answers_batch(struct arena *a, const char *name, int64_t round)
{
	return arena_printf(a, "%s.%lld", name, (long long)round);
}

const char *answers_name(struct arena *a, int64_t n, int64_t chunk)
{
	return chunk == 0 ? arena_printf(a, "%lld.json", (long long)n)
			  : arena_printf(a, "%lld.%lld.json", (long long)n, (long long)chunk);
}

int answers_statement(struct desk *d, const char *batch, int64_t n, int64_t chunk,
		      struct databricks_statement *ret, struct bldr_error *err)
{
	const char *path = desk_path(
		d, arena_printf(&d->arena, "%s/%s", batch, answers_name(&d->arena, n, chunk)));
	struct bldr_value *v;
	char *text;
	size_t size;
	int r = file_read(path, ANSWER_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, &v, err);
	free(text);
	if (r == 0) {
		artefact_keep(&d->arena, v);
		r = databricks_statement_read(v, ret, err);
	}
	return r < 0 ? bldr_error_prefix(err, "the answer in \"%s\"", path) : 0;
}

typedef LIST(const char *) cells;

static void add_rows(struct arena *a, const struct bldr_value *rows, struct remote_result *result,
		     cells *all)
{
	for (size_t i = 0; i < bldr_count(rows); i++) {
		for (size_t k = 0; k < result->columns.n; k++) {
			*LIST_ADD(a, all) = bldr_as_text(bldr_at(bldr_at(rows, i), k));
		}
	}
	result->n_rows += bldr_count(rows);
}

static int read_result(struct desk *d, const char *batch, int64_t n, struct remote_result *ret,
		       struct bldr_error *err)
{
	struct databricks_statement s;
	cells all = { 0 };
	int64_t chunk = 0;
	int r = answers_statement(d, batch, n, 0, &s, err);

	if (r < 0) {
		return r;
	}
	if (s.state != DATABRICKS_SQL_SUCCEEDED) {
		ret->error = s.message[0] != '\0' ? s.message : "it did not end";
	} else if (s.truncated) {
		ret->error = "the answer is cut short";
	}
	ret->too_large = s.too_large;
	for (size_t i = 0; i < bldr_count(s.columns); i++) {
		const char *name = bldr_get_text(bldr_at(s.columns, i), "name");

		*LIST_ADD(&d->arena, &ret->columns) = name != NULL ? name : "";
	}
	for (;;) {
		add_rows(&d->arena, s.rows, ret, &all);
		chunk = s.next_chunk;
		if (chunk < 0) {
			break;
		}
		r = answers_statement(d, batch, n, chunk, &s, err);
		if (r < 0) {
			return r;
		}
	}
	ret->cells = all.at;
	return 0;
}

static int read_round(struct desk *d, const char *batch, remote_results *ret, struct bldr_error *err)
{
	struct bldr_value *items;
	int r = batch_read(d, batch, &items, err);

	if (r < 0) {
		return r;
	}
	artefact_keep(&d->arena, items);
	for (size_t i = 0; r == 0 && i < bldr_count(items); i++) {
		struct remote_result *result = LIST_ADD(&d->arena, ret);

		*result = (struct remote_result){ .id = bldr_get_text(bldr_at(items, i), "what") };
		r = read_result(d, batch, (int64_t)i, result, err);
	}
	return r;
}

int answers_results(struct desk *d, const char *name, int64_t rounds, remote_results *ret,
		    struct bldr_error *err)
{
	int r = 0;

	for (int64_t i = 0; r == 0 && i < rounds; i++) {
		r = read_round(d, answers_batch(&d->arena, name, i), ret, err);
	}
	return r;
}
