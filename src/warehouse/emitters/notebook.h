/*
 * Emitting files below pipeline/: what the emitters of the layers share. Each builds the data of its template;
 * texts that go into Python are laid out before, texts that go into Markdown or SQL are escaped here.
 */
#pragma once

#include "warehouse/emitters/lake.h"

enum { EMIT_TEXT_MAX = 16 << 20 };

struct emitter {
	const char *folder; /* the run's */
	const struct sttm *sttm;
	const struct targets *targets;
	const struct lake *lake;
	struct arena *arena;
	struct pipeline *pipeline; /* files are added in the order they are written */
	struct bldr_error *err;
};

int bronze_emit(struct emitter *e, const struct lake_source *s);
int silver_emit(struct emitter *e, const struct lake_source *s);
int gold_emit(struct emitter *e, const struct target *t);
int governance_emit(struct emitter *e);
int library_emit(struct emitter *e);
/* job.json, and the bundle that deploys the same. */
int job_emit(struct emitter *e);

/* databricks.yml and resources/<name>.job.yml for these job settings, which stay as they are. */
int bundle_emit(struct emitter *e, const struct bldr_value *settings);

/* A column of a gold table that Delta refuses NULL in. */
bool gold_is_not_null(const struct target *t, const struct target_column *c);

/* Renders templates/notebook/<template>.py.mustache as pipeline/<layer>/<name>.py. */
int notebook_write(struct emitter *e, const char *template, const char *layer, const char *name,
		   const struct bldr_value *data);
/*
 * Writes a file and lists it. path is relative to the run's folder, kind as in schemas/pipeline.schema.json; layer is
 * that of a notebook, NULL for other files.
 */
int emit_file(struct emitter *e, const char *path, const char *kind, const char *layer,
	      const char *text, size_t size);

/* ---- data of templates ---- */

/* Takes the text from b, which is empty then; a line end at its end is left out. Errors: LIMIT. */
int data_take(struct emitter *e, struct bldr_value *data, const char *key, struct buf *b);
/* `FILE = "orders.csv"` */
int data_assign(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
		const char *text);
/* `TABLE = "bronze_orders"`, the table being named prefix and name. */
int data_table(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
	       const char *prefix, const char *name);
/* As a Python literal; as text of a Markdown cell, where it stands for nothing but itself. */
void data_string(struct bldr_value *data, const char *key, const char *text);
void data_markdown(struct bldr_value *data, const char *key, const char *text);
/* `HEADER = ["id", ...]` */
int data_strings(struct emitter *e, struct bldr_value *data, const char *key, const char *variable,
		 const char *const *items, size_t n);

/* `place`: the names of the columns that tell where a record stands in its file; `shared_lines`: two of them. */
void data_place(struct bldr_value *data, const struct lake_source *s);
/* `indexed`: how many columns Delta must keep statistics of, so that a table may be clustered by the last of them. */
void data_indexed(struct bldr_value *data, size_t columns);

/* Names of Databricks and of files end somewhere: a longer one keeps its beginning, and a hash tells it apart. */
enum { EMIT_NAME_MAX = 200 };
const char *emit_name(struct arena *a, const char *table);

/* ---- SQL ---- */

const char *sql_type(struct arena *a, struct column_type type);

struct ddl { /* the columns of a CREATE TABLE, in a raw Python string */
	struct buf text;
};

void ddl_begin(struct ddl *d);
/* name is an identifier; type is followed by NOT NULL where that is meant. */
void ddl_column(struct ddl *d, const char *name, const char *type, const char *comment);
/* Where a record stands in its file. */
void ddl_place(struct ddl *d, const struct lake_source *s);
int ddl_end(struct ddl *d, struct emitter *e, struct bldr_value *data, const char *key);
