/*
 * A source folder, an STTM and a warehouse file of their own for one test. Rows are asked for through SQLite
 * alone, on a connection of the test's, so that no code under test reads what it wrote.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "ingest/ingest.h"
#include "scratch.h"
#include "warehouse/warehouse.h"

struct house {
	struct scratch raw, out;
	char db[128];
	struct arena arena;
	struct sources sources;
	struct sttm sttm;
	struct bldr_value *tree; /* that sttm borrows from */
	struct bldr_error err;   /* of the last house_try */
	char answer[1 << 16];    /* of the last house_ask */
};

static inline int house_make(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	scratch_make(&h->raw);
	scratch_make(&h->out);
	(void)snprintf(h->db, sizeof(h->db), "%s/warehouse.db", h->out.path);
	*state = h;
	return 0;
}

static inline int house_drop(void **state)
{
	struct house *h = *state;

	scratch_remove(&h->raw);
	scratch_remove(&h->out);
	bldr_unref(h->tree);
	arena_release(&h->arena);
	free(h);
	return 0;
}

static inline void house_file(struct house *h, const char *name, const char *text)
{
	if (file_write(scratch_file(&h->raw, name), text, strlen(text), &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
}

/* Declares the files as they are now. */
static inline void house_declare(struct house *h)
{
	if (ingest_discover(h->raw.path, &h->arena, &h->sources, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
}

/* tables: JSON with ' for ", a comma after each item of a list. */
static inline void house_sttm(struct house *h, const char *tables)
{
	char *text;
	size_t n = 0;

	if (asprintf(&text, "{'head':{'version':1,'inputs':[]},'tables':[%s]}", tables) < 0) {
		abort();
	}
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == ']' && text[n - 1] == ',') {
			n--;
		}
		text[n++] = *c;
		if (*c == '\'') {
			text[n - 1] = '"';
		}
	}
	bldr_unref(h->tree);
	if (bldr_value_parse(text, n, &h->tree, &h->err) < 0 ||
	    shape_decode(&sttm_shape, h->tree, &h->arena, &h->sttm, &h->err) < 0) {
		fail_msg("%s", h->err.text);
	}
	free(text);
}

static inline int house_try(struct house *h, const struct materialise *m, struct deployment *ret)
{
	struct materialise full = *m;

	full.source_folder = m->source_folder != NULL ? m->source_folder : h->raw.path;
	full.path = m->path != NULL ? m->path : h->db;
	h->err = (struct bldr_error){ 0 };
	return materialise(&full, &h->sources, &h->sttm, &h->arena, ret, &h->err);
}

static inline struct deployment house_load(struct house *h, const char *key)
{
	const struct materialise m = { .key = key };
	struct deployment d = { 0 };

	if (house_try(h, &m, &d) < 0) {
		fail_msg("%s", h->err.text);
	}
	return d;
}

static inline void house_refuses(struct house *h, int code, const char *text)
{
	const struct materialise m = { .key = "refused" };
	struct deployment d = { .target = "untouched" };

	assert_int_equal(house_try(h, &m, &d), code);
	if (strstr(h->err.text, text) == NULL) {
		fail_msg("expected \"%s\" in: %s", text, h->err.text);
	}
	assert_string_equal(d.target, "untouched");
	assert_false(file_exists(h->db));
}

/* All rows as a|b lines, nulls as ~, from any file. */
static inline const char *house_ask_file(struct house *h, const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	size_t size = 0;
	int rc;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	}
	h->answer[0] = '\0';
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *text = (const char *)sqlite3_column_text(stmt, i);

			size += (size_t)snprintf(h->answer + size, sizeof(h->answer) - size, "%s%s",
						 i > 0 ? "|" : "", text != NULL ? text : "~");
			assert_true(size < sizeof(h->answer) - 1);
		}
		h->answer[size++] = '\n';
		h->answer[size] = '\0';
	}
	assert_int_equal(rc, SQLITE_DONE);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return h->answer;
}

static inline const char *house_ask(struct house *h, const char *sql)
{
	return house_ask_file(h, h->db, sql);
}

/* What SQLite itself has to say against the file: nothing. */
static inline void house_is_sound(struct house *h, const char *path)
{
	assert_string_equal(house_ask_file(h, path, "PRAGMA foreign_key_check"), "");
	assert_string_equal(house_ask_file(h, path, "PRAGMA integrity_check"), "ok\n");
}

/* Rows of a table that only one of two files has. */
static inline void house_tables_are_equal(struct house *h, const char *other, const char *table)
{
	char sql[1024];
	sqlite3 *db = NULL;

	(void)snprintf(
		sql, sizeof(sql),
		"SELECT (SELECT count(*) FROM main.\"%s\") - (SELECT count(*) FROM o.\"%s\") "
		"+ (SELECT count(*) FROM (SELECT * FROM main.\"%s\" EXCEPT SELECT * FROM o.\"%s\")) "
		"+ (SELECT count(*) FROM (SELECT * FROM o.\"%s\" EXCEPT SELECT * FROM main.\"%s\"))",
		table, table, table, table, table, table);
	assert_int_equal(sqlite3_open_v2(h->db, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, "ATTACH ? AS o", -1, &stmt, NULL), SQLITE_OK);
	sqlite3_bind_text(stmt, 1, other, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	if (sqlite3_column_int64(stmt, 0) != 0) {
		fail_msg("%lld rows of %s differ", (long long)sqlite3_column_int64(stmt, 0), table);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* ---- pieces of an STTM: columns, joins and tables each end with a comma ---- */

// clang-format off
#define COL(name) "{'col':'" name "'}"
#define COL_OF(alias, name) "{'of':'" alias "','col':'" name "'}"
#define CLEAN(e) "{'fn':'null_if','tokens':[''],'args':[{'fn':'trim','chars':' ','args':[" e "]}]}"
#define CAST(type, e) "{'fn':'cast','type':'" type "','args':[" CLEAN(e) "]}"
#define PARSE(format, e) "{'fn':'parse_date','formats':['" format "'],'args':[" CLEAN(e) "]}"
#define DATE(e) PARSE("yyyy-MM-dd", e)
#define DATE_KEY(e) "{'fn':'date_key','args':[" e "]}"
#define SURROGATE(table, part) "{'fn':'surrogate_key','table':'" table "','args':[" part "]}"
#define LOOKUP(dimension, key, part) \
	"{'fn':'lookup','dimension':'" dimension "','key':" key ",'args':[" part "]}"
#define HOP(from, to) "{'from':[" from "],'to':" to "}"
#define LOOKUP_OVER(dimension, key, part, hops) \
	"{'fn':'lookup','dimension':'" dimension "','key':" key ",'args':[" part "],'over':[" hops "]}"
#define DAY "{'fn':'calendar_day','args':[]}"
#define NOTHING "{'lit':null,'type':'text'}"

#define COLUMN(name, type, role, nullable, rule) \
	"{'target':'" name "','type':'" type "','role':'" role "','nullable':" nullable "," \
	"'sources':[],'prose':'','rule':" rule "},"
#define ID(name, rule) COLUMN(name, "int64", "business_key", "false", rule)
#define KEY(name, rule) COLUMN(name, "int64", "surrogate_key", "false", rule)
#define DIMENSION_KEY(name, dimension, rule) \
	"{'target':'" name "','type':'int64','role':'dimension_key','nullable':false," \
	"'dimension':'" dimension "','sources':[],'prose':'','rule':" rule "},"
#define VALUE(name, type, rule) COLUMN(name, type, "attribute", "true", rule)
#define LINEAGE \
	COLUMN("_source_file", "text", "lineage", "true", "{'fn':'source_file','args':[]}") \
	COLUMN("_source_line", "int64", "lineage", "true", "{'fn':'source_line','args':[]}")

#define JOIN(alias, table, from, from_columns, to_columns) \
	"{'alias':'" alias "','table':'" table "','from':'" from "','from_columns':[" \
	from_columns "],'to_columns':[" to_columns "]},"
#define MEMBERS "{'key':-1,'label':'Unknown'},{'key':-2,'label':'Not applicable'},"
#define TABLE(name, kind, rest, joins, grain, reserved, columns) \
	"{'name':'" name "','kind':'" kind "'," rest ",'joins':[" joins "],'grain_columns':[" \
	grain "],'reserved':[" reserved "],'columns':[" columns "]},"
#define DIMENSION(name, source, columns) \
	TABLE(name, "dimension", "'source':'" source "','calendar':[]", "", "", MEMBERS, columns)
#define FACT(name, source, joins, grain, columns) \
	TABLE(name, "fact", "'source':'" source "','calendar':[]", joins, grain, "", columns)
#define CALENDAR(name, table, column) \
	TABLE(name, "date", "'calendar':[{'table':'" table "','column':'" column "'}]", "", "", \
	      MEMBERS, \
	      KEY("date_key", DATE_KEY(DAY)) COLUMN("date", "date", "business_key", "true", DAY))
// clang-format on
