/*
 * checks_probe's commands about a star in a workspace. CASE/remote.json: {"catalog", "schema", "rows_max", "results": [{"id",
 * "error" or null, "columns", "rows": [[text or null...]...]}]}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "checks/remote.h"
#include "checks/remote_hash.h"
#include "probe.h"

enum { FILE_BYTES_MAX = 64 << 20 };

static int read_json(struct probe *p, const char *name, struct bldr_value **ret)
{
	char *text;
	size_t size;
	int rc = file_read(path_of(p, name), FILE_BYTES_MAX, &text, &size, &p->err);
	if (rc == 0) {
		rc = bldr_value_parse(text, size, ret, &p->err);
		free(text);
	}
	return rc;
}

static void read_result(struct probe *p, const struct bldr_value *v, struct remote_result *ret)
{
	const struct bldr_value *columns = bldr_get(v, "columns"), *rows = bldr_get(v, "rows");
	size_t n = bldr_count(columns);
	const char **cells = ARENA_ARRAY(&p->arena, const char *, n *bldr_count(rows) + 1);
	*ret = (struct remote_result){
		.id = bldr_get_text(v, "id"),
		.error = bldr_get_text(v, "error"),
		.too_large = bldr_as_bool(bldr_get(v, "too_large"), false),
		.n_rows = bldr_count(rows),
		.cells = cells,
	};
	for (size_t c = 0; c < n; c++) {
		*LIST_ADD(&p->arena, &ret->columns) = bldr_as_text(bldr_at(columns, c));
	}
	for (size_t i = 0; i < n * ret->n_rows; i++) {
		cells[i] = bldr_as_text(bldr_at(bldr_at(rows, i / n), i % n));
	}
}

static int read_remote(struct probe *p, struct remote_input *ret, remote_results *ret_results)
{
	struct bldr_value *v;
	int rc = read_input(p);
	rc = rc < 0 ? rc : read_json(p, "remote.json", &v);
	if (rc < 0) {
		return rc;
	}
	artefact_keep(&p->arena, v);
	*ret = (struct remote_input){
		.checks = &p->in,
		.catalog = bldr_get_text(v, "catalog"),
		.schema = bldr_get_text(v, "schema"),
		.image = path_of(p, "image.db"),
		.rows_max = bldr_get_int(v, "rows_max", 0),
	};
	*ret_results = (remote_results){ 0 };
	for (size_t i = 0; i < bldr_count(bldr_get(v, "results")); i++) {
		read_result(p, bldr_at(bldr_get(v, "results"), i), LIST_ADD(&p->arena, ret_results));
	}
	return 0;
}

int remote_plan_lines(struct probe *p)
{
	struct remote_input in;
	remote_results results;
	remote_statements statements;
	int rc = read_remote(p, &in, &results);
	rc = rc < 0 ? rc : remote_plan(&in, &results, &p->arena, &statements, &p->err);
	for (size_t i = 0; rc == 0 && i < statements.n; i++) {
		const struct remote_statement *s = &statements.at[i];
		struct bldr_value *v = bldr_object(), *parameters = bldr_object();
		for (size_t k = 0; k < s->parameters.n; k++) {
			bldr_object_set(parameters, s->parameters.at[k].name,
					bldr_text(s->parameters.at[k].value));
		}
		bldr_object_set(v, "id", bldr_text(s->id));
		bldr_object_set(v, "sql", bldr_text(s->sql));
		bldr_object_set(v, "parameters", parameters);
		print(v);
	}
	return rc;
}

int remote_judge_lines(struct probe *p)
{
	struct remote_input in;
	remote_results results;
	struct findings findings;
	int rc = read_remote(p, &in, &results);
	rc = rc < 0 ? rc : remote_judge(&in, &results, &p->arena, &findings, &p->err);
	return rc < 0 ? rc : write_artefact(p, "findings", &findings);
}

int remote_image_file(struct probe *p)
{
	struct remote_input in;
	remote_results results;
	int rc = read_remote(p, &in, &results);
	if (rc < 0) {
		return rc;
	}
	in.image = path_of(p, "reloaded.db");
	return remote_image(&in, &results, &p->arena, &p->err);
}

static int print_hash(struct probe *p, const struct bldr_value *row)
{
	size_t n = bldr_count(row);
	struct column_type *types = ARENA_ARRAY(&p->arena, struct column_type, n);
	const char **cells = ARENA_ARRAY(&p->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		const struct bldr_value *cell = bldr_at(row, i);
		if (!column_type_parse(bldr_as_text(bldr_at(cell, 0)), &types[i])) {
			return bldr_error_set(&p->err, BLDR_E_INVALID, "no such type");
		}
		cells[i] = bldr_as_text(bldr_at(cell, 1));
	}
	printf("%lld\n", (long long)remote_hash_row(types, cells, n, &p->arena));
	return 0;
}

int hash_lines(struct probe *p)
{
	struct bldr_value *rows;
	int rc = read_json(p, "rows.json", &rows);
	for (size_t i = 0; rc == 0 && i < bldr_count(rows); i++) {
		rc = print_hash(p, bldr_at(rows, i));
	}
	if (rc == 0) {
		bldr_unref(rows);
	}
	return rc;
}
