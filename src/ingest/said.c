#include "ingest/said.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/columntype.h"
#include "base/map.h"
#include "ingest/given.h"
#include "ingest/keys.h"
#include "ingest/tuples.h"

static const char CERTAIN[] = "1.00";

size_t said_column(const struct table_profile *t, const char *name)
{
	size_t i = 0;

	while (i < t->columns.n && strcmp(t->columns.at[i].name, name) != 0) {
		i++;
	}
	ASSERT(i < t->columns.n);
	return i;
}

/* ---- tuples ---- */

struct reading {
	struct tuples *tuples;
	const struct source_file *file;
	struct buf tuple;
};

static int take_tuple(void *arg, const struct record *record, struct bldr_error *err)
{
	struct reading *r = arg;

	tuples_add(r->tuples, record, &r->tuple);
	return r->tuples->bytes <= RELATE_VALUES_BYTES
		? 0
		: bldr_error_set(err, BLDR_E_LIMIT, "the keys of \"%s\" take more than %zu bytes",
				 r->file->path, RELATE_VALUES_BYTES);
}

static int tuples_read(const char *folder, const struct source_file *file,
		       const struct table_profile *table, const texts *columns, struct tuples *ret,
		       struct bldr_error *err)
{
	struct reading r = { .tuples = ret, .file = file };
	size_t *at = xcalloc(columns->n, sizeof(*at));
	int rc;

	for (size_t i = 0; i < columns->n; i++) {
		at[i] = said_column(table, columns->at[i]);
	}
	tuples_open(ret, table, at, columns->n);
	buf_init(&r.tuple, TUPLE_MAX);
	rc = record_reader_each(folder, file, take_tuple, &r, err);
	buf_release(&r.tuple);
	if (rc != 0) {
		tuples_free(ret);
	}
	free(at);
	return rc;
}

/* ---- keys ---- */

bool said_is_no_key(const struct table_override *said, const texts *columns)
{
	for (size_t i = 0; said != NULL && i < said->not_keys.n; i++) {
		if (overrides_same_columns(&said->not_keys.at[i].columns, columns)) {
			return true;
		}
	}
	return false;
}

static void add_reason(struct arena *a, texts *evidence, const char *reason)
{
	texts before = *evidence;

	memset(evidence, 0, sizeof(*evidence));
	for (size_t i = 0; i < before.n; i++) {
		*LIST_ADD(a, evidence) = before.at[i];
	}
	*LIST_ADD(a, evidence) = reason;
}

void said_forbid_keys(const struct table_override *said, struct arena *a, struct table_profile *t)
{
	static const char reason[] = "not the key: " GIVEN_EVIDENCE;
	struct table_profile before = *t;

	if (said == NULL || said->not_keys.n == 0) {
		return;
	}
	memset(&t->keys, 0, sizeof(t->keys));
	for (int forbidden = 0; forbidden < 2; forbidden++) {
		for (size_t i = 0; i < before.keys.n; i++) {
			struct key_candidate k = before.keys.at[i];

			if (said_is_no_key(said, &k.columns) != (forbidden != 0)) {
				continue;
			}
			if (forbidden && strcmp(k.score, "0.00") != 0) {
				k.score = "0.00";
				add_reason(a, &k.evidence, reason);
			}
			*LIST_ADD(a, &t->keys) = k;
		}
	}
}

static int wrong_key(const struct table_override *said, const char *why, struct bldr_error *err)
{
	return bldr_error_set(err, BLDR_E_INVALID, "\"" OVERRIDES_FILE "\": table \"%s\": key: %s",
			      said->table, why);
}

static int check_types(const struct table_override *said, const struct table_profile *t,
		       struct arena *a, struct bldr_error *err)
{
	for (size_t i = 0; i < said->key.n; i++) {
		const char *name = said->key.at[i];
		struct column_type type;

		ASSERT(column_type_parse(t->columns.at[said_column(t, name)].type, &type));
		if (type.kind == COLUMN_DOUBLE) {
			return wrong_key(
				said,
				arena_printf(a,
					     "\"%s\" is a double, and two of them cannot be "
					     "told apart safely",
					     name),
				err);
		}
	}
	return 0;
}

static int measure_key(const char *folder, const struct source_file *file,
		       const struct table_override *said, struct arena *a,
		       const struct table_profile *t, struct key_candidate *ret,
		       struct bldr_error *err)
{
	struct tuples tuples;
	struct key_candidate k = { .score = CERTAIN };
	int rc = tuples_read(folder, file, t, &said->key, &tuples, err);

	if (rc != 0) {
		return rc;
	}
	if (tuples.with == 0 && t->rows > 0) {
		rc = wrong_key(said, "no record has a value in each of its columns", err);
	} else {
		k.duplicates = tuples.with - (int64_t)map_count(tuples.rows);
		*LIST_ADD(a, &k.evidence) = arena_printf(a, "%lld of %lld records repeat a key",
							 (long long)k.duplicates,
							 (long long)tuples.with);
		if (tuples.without > 0) {
			*LIST_ADD(a, &k.evidence) = arena_printf(a, "%lld records lack a value",
								 (long long)tuples.without);
		}
		*ret = k;
	}
	tuples_free(&tuples);
	return rc;
}

int said_key(const char *folder, const struct source_file *file, const struct table_override *said,
	     struct arena *a, struct table_profile *t, struct bldr_error *err)
{
	struct key_candidate key = { 0 };
	struct table_profile before = *t;
	int rc;

	if (said == NULL || said->key.n == 0) {
		return 0;
	}
	rc = check_types(said, t, a, err);
	for (size_t i = 0; rc == 0 && i < t->keys.n; i++) {
		if (overrides_same_columns(&t->keys.at[i].columns, &said->key)) {
			key = t->keys.at[i];
		}
	}
	if (rc == 0 && key.score == NULL) {
		rc = measure_key(folder, file, said, a, t, &key, err);
	}
	if (rc != 0) {
		return rc;
	}
	key.columns = said->key;
	key.chosen = true;
	add_reason(a, &key.evidence, GIVEN_EVIDENCE);
	memset(&t->keys, 0, sizeof(t->keys));
	*LIST_ADD(a, &t->keys) = key;
	for (size_t i = 0; i < before.keys.n && t->keys.n < KEYS_MAX; i++) {
		if (!overrides_same_columns(&before.keys.at[i].columns, &said->key)) {
			struct key_candidate other = before.keys.at[i];

			other.chosen = false;
			*LIST_ADD(a, &t->keys) = other;
		}
	}
	return 0;
}

/* ---- foreign keys ---- */

bool said_is_no_reference(const struct table_override *said, const texts *columns)
{
	for (size_t i = 0; said != NULL && i < said->not_foreign_keys.n; i++) {
		if (overrides_same_columns(&said->not_foreign_keys.at[i].columns, columns)) {
			return true;
		}
	}
	return false;
}

int said_reference(const char *folder, const struct inclusion_table *from,
		   const struct reference_override *ref, const struct inclusion_table *to,
		   struct arena *a, struct inclusion *ret, int64_t *ret_parent_repeats,
		   struct bldr_error *err)
{
	struct inclusion f = {
		.from_table = from->profile->table,
		.from_columns = ref->columns,
		.to_table = to->profile->table,
		.to_columns = ref->to_columns,
		.score = CERTAIN,
		.chosen = true,
	};
	struct tuples child, parent;
	int rc = tuples_read(folder, from->file, from->profile, &ref->columns, &child, err);

	if (rc != 0) {
		return rc;
	}
	rc = tuples_read(folder, to->file, to->profile, &ref->to_columns, &parent, err);
	if (rc == 0) {
		struct tuples_overlap o = tuples_compare(&child, &parent);

		f.distinct = o.distinct;
		f.contained = o.contained;
		f.orphan_rows = o.orphan_rows;
		*LIST_ADD(a, &f.evidence) =
			arena_printf(a, "%lld of %lld distinct values are there",
				     (long long)f.contained, (long long)f.distinct);
		if (f.orphan_rows > 0) {
			*LIST_ADD(a, &f.evidence) = arena_printf(a, "%lld rows have no parent",
								 (long long)f.orphan_rows);
		}
		*LIST_ADD(a, &f.evidence) = GIVEN_EVIDENCE;
		*ret_parent_repeats = parent.with - (int64_t)map_count(parent.rows);
		*ret = f;
		tuples_free(&parent);
	}
	tuples_free(&child);
	return rc;
}
