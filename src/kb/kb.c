/* Keeps, counts and reads items. Every write stands in the caller's transaction. */
#include "kb/kb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "base/hash.h"
#include "kb/tables.h"

enum { KB_VERSION = 1, ID_DIGITS = 12 };

static const char *script(void)
{
	const struct asset *sql = asset_find("sql/kb.sql");

	ASSERT(sql != NULL);
	return (const char *)sql->data;
}

int kb_open(struct store *s, struct bldr_error *err)
{
	const struct store_tables tables = { .module = "kb",
					     .version = KB_VERSION,
					     .create = script() };

	return store_migrate(s, &tables, err);
}

int kb_exists(struct store *s, bool *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(
		s, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='kb_item'", &stmt, err);

	rc = rc < 0 ? rc : store_step(s, stmt, err);
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_reset(stmt);
	*ret = rc == 1;
	return *ret ? kb_open(s, err) : 0;
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	(void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_TRANSIENT);
}

/* An example is of one source; a correction belongs to whoever meets its precondition. */
static void content_id(const struct kb_lesson *l, const char *body, char ret_id[KB_ID_MAX])
{
	struct hash_state h;
	char hex[HASH_HEX_MAX];

	hash_init(&h);
	hash_add(&h, l->agent, strlen(l->agent) + 1);
	if (l->kind == KB_GOLDEN) {
		hash_add(&h, l->source, strlen(l->source) + 1);
	}
	hash_add(&h, body, strlen(body));
	hash_end(&h, hex);
	(void)snprintf(ret_id, KB_ID_MAX, "%c-%.*s", *kb_kind_name(l->kind), ID_DIGITS, hex);
}

/* The number of the item of that id, 0 when there is none. Negative: an error. */
static int64_t number_of(struct store *s, const char *id, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s, "SELECT number FROM kb_item WHERE id=?1", &stmt, err);
	int64_t number = 0;

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 1, id);
	rc = store_step(s, stmt, err);
	if (rc == 1) {
		number = sqlite3_column_int64(stmt, 0);
		(void)sqlite3_reset(stmt);
	}
	return rc < 0 ? rc : number;
}

static int insert_item(struct store *s, const struct kb_lesson *l, const char *id, const char *body,
		       int64_t now_ms, int64_t *ret_number, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s,
			       "INSERT INTO kb_item(id, kind, agent, trusted, source, title, words,"
			       " body, helped, hurt, shown, created_ms, updated_ms)"
			       " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,0,0,0,?9,?9)",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 1, id);
	(void)sqlite3_bind_int(stmt, 2, l->kind);
	bind_text(stmt, 3, l->agent);
	(void)sqlite3_bind_int(stmt, 4, l->trusted);
	bind_text(stmt, 5, l->source);
	bind_text(stmt, 6, l->title);
	bind_text(stmt, 7, l->words);
	bind_text(stmt, 8, body);
	(void)sqlite3_bind_int64(stmt, 9, now_ms);
	rc = store_step(s, stmt, err);
	*ret_number = sqlite3_last_insert_rowid(store_db(s));
	rc = rc < 0 ? rc
		    : store_prepare(s, "INSERT INTO kb_text(rowid, title, words) VALUES (?1,?2,?3)",
				    &stmt, err);
	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_int64(stmt, 1, *ret_number);
	bind_text(stmt, 2, l->title);
	bind_text(stmt, 3, l->words);
	return store_step(s, stmt, err);
}

/* Known already: newer, and trusted as soon as one of its runs was validated. */
static int confirm_item(struct store *s, int64_t number, bool trusted, int64_t now_ms,
			struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s,
			       "UPDATE kb_item SET trusted=max(trusted, ?2), updated_ms=?3"
			       " WHERE number=?1",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_int64(stmt, 1, number);
	(void)sqlite3_bind_int(stmt, 2, trusted);
	(void)sqlite3_bind_int64(stmt, 3, now_ms);
	return store_step(s, stmt, err);
}

static int add_fingerprint(struct store *s, const char *fingerprint, int64_t number,
			   struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc =
		store_prepare(s, "INSERT OR IGNORE INTO kb_fingerprint VALUES (?1,?2)", &stmt, err);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 1, fingerprint);
	(void)sqlite3_bind_int64(stmt, 2, number);
	return store_step(s, stmt, err);
}

static int add_evidence(struct store *s, const struct kb_lesson *l, const char *run, int64_t number,
			int64_t now_ms, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	char *text;
	int rc = store_prepare(s, "INSERT OR IGNORE INTO kb_evidence VALUES (?1,?2,?3,?4)", &stmt,
			       err);

	if (rc < 0) {
		return rc;
	}
	text = bldr_value_text(l->evidence);
	(void)sqlite3_bind_int64(stmt, 1, number);
	bind_text(stmt, 2, run);
	(void)sqlite3_bind_int64(stmt, 3, now_ms);
	bind_text(stmt, 4, text);
	free(text);
	return store_step(s, stmt, err);
}

int kb_learn(struct store *s, const struct kb_lesson *l, const char *run, int64_t now_ms,
	     char ret_id[KB_ID_MAX], bool *ret_new, struct bldr_error *err)
{
	char *body = bldr_value_text(l->body);
	int64_t number;
	int rc;

	content_id(l, body, ret_id);
	number = number_of(s, ret_id, err);
	rc = number < 0 ? (int)number : 0;
	*ret_new = number == 0;
	if (rc == 0) {
		rc = number == 0 ? insert_item(s, l, ret_id, body, now_ms, &number, err)
				 : confirm_item(s, number, l->trusted, now_ms, err);
	}
	free(body);
	rc = rc < 0 ? rc : add_fingerprint(s, l->source, number, err);
	for (size_t i = 0; rc == 0 && i < l->tables.n; i++) {
		rc = add_fingerprint(s, l->tables.at[i], number, err);
	}
	return rc < 0 ? rc : add_evidence(s, l, run, number, now_ms, err);
}

int kb_judge(struct store *s, const char *id, enum kb_outcome outcome, int64_t now_ms,
	     struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s,
			       "UPDATE kb_item SET shown=shown+(?2=0), helped=helped+(?2=1),"
			       " hurt=hurt+(?2=2),"
			       " updated_ms=CASE WHEN ?2=1 THEN ?3 ELSE updated_ms END WHERE id=?1",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 1, id);
	(void)sqlite3_bind_int(stmt, 2, (int)outcome);
	(void)sqlite3_bind_int64(stmt, 3, now_ms);
	return store_step(s, stmt, err);
}

_Static_assert(KB_SHOWN == 0 && KB_HELPED == 1 && KB_HURT == 2, "in the statement of kb_judge");
_Static_assert(KB_GOLDEN == 0 && KB_CORRECTION == 1, "stored in kb_item.kind");

static const char *column_text(sqlite3_stmt *stmt, int column, struct arena *a)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return arena_strdup(a, text != NULL ? text : "");
}

int kb_item_read(struct store *s, sqlite3_stmt *stmt, struct arena *a, struct kb_item *ret,
		 struct bldr_error *err)
{
	int kind = sqlite3_column_int(stmt, 2);

	if (kind != KB_GOLDEN && kind != KB_CORRECTION) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" holds a kb_item of the unknown kind %d",
				      store_path(s), kind);
	}
	*ret = (struct kb_item){
		.number = sqlite3_column_int64(stmt, 0),
		.id = column_text(stmt, 1, a),
		.kind = kind,
		.agent = column_text(stmt, 3, a),
		.trusted = sqlite3_column_int(stmt, 4) != 0,
		.source = column_text(stmt, 5, a),
		.title = column_text(stmt, 6, a),
		.words = column_text(stmt, 7, a),
		.body = column_text(stmt, 8, a),
		.helped = sqlite3_column_int64(stmt, 9),
		.hurt = sqlite3_column_int64(stmt, 10),
		.shown = sqlite3_column_int64(stmt, 11),
		.created_ms = sqlite3_column_int64(stmt, 12),
		.updated_ms = sqlite3_column_int64(stmt, 13),
	};
	return 0;
}

static int read_all(struct store *s, sqlite3_stmt *stmt, struct arena *a, kb_items *ret,
		    struct bldr_error *err)
{
	int rc;

	while ((rc = store_step(s, stmt, err)) == 1) {
		rc = kb_item_read(s, stmt, a, LIST_ADD(a, ret), err);
		if (rc < 0) {
			(void)sqlite3_reset(stmt);
			return rc;
		}
	}
	return rc;
}

int kb_list(struct store *s, int kind, struct arena *a, kb_items *ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = store_prepare(s,
			       "SELECT " KB_ITEM_COLUMNS
			       " FROM kb_item WHERE ?1<0 OR kind=?1 ORDER BY number",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	(void)sqlite3_bind_int(stmt, 1, kind);
	return read_all(s, stmt, a, ret, err);
}

int kb_find(struct store *s, const char *id, struct arena *a, struct kb_item *ret,
	    struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	kb_items items = { 0 };
	int rc = store_prepare(
		s,
		"SELECT " KB_ITEM_COLUMNS
		" FROM kb_item WHERE substr(id, 1, length(?1))=?1 ORDER BY number LIMIT 2",
		&stmt, err);

	if (rc < 0) {
		return rc;
	}
	bind_text(stmt, 1, id);
	rc = read_all(s, stmt, a, &items, err);
	if (rc < 0) {
		return rc;
	}
	if (items.n == 0 || *id == '\0') {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no item \"%.40s\"; bldr kb list names them", id);
	}
	if (items.n > 1) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "several items begin with \"%.40s\"; give more of it", id);
	}
	*ret = items.at[0];
	return 0;
}

int kb_evidence(struct store *s, int64_t number, struct bldr_value **ret, struct bldr_error *err)
{
	sqlite3_stmt *stmt = NULL;
	struct bldr_value *list;
	int rc = store_prepare(s,
			       "SELECT run, at_ms, evidence FROM kb_evidence WHERE item=?1"
			       " ORDER BY at_ms, run",
			       &stmt, err);

	if (rc < 0) {
		return rc;
	}
	list = bldr_list();
	(void)sqlite3_bind_int64(stmt, 1, number);
	while ((rc = store_step(s, stmt, err)) == 1) {
		const char *text = (const char *)sqlite3_column_text(stmt, 2);
		struct bldr_value *evidence = NULL;
		struct bldr_value *row = bldr_object();

		(void)bldr_value_parse(text, strlen(text), &evidence, NULL);
		bldr_object_set(row, "run", bldr_text((const char *)sqlite3_column_text(stmt, 0)));
		bldr_object_set(row, "at_ms", bldr_int(sqlite3_column_int64(stmt, 1)));
		bldr_object_set(row, "evidence", evidence);
		bldr_list_add(list, row);
	}
	if (rc < 0) {
		bldr_unref(list);
		return rc;
	}
	*ret = list;
	return 0;
}
