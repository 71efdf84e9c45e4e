/*
 * One pass over the file with a map from key to survivor. A record without a key is no duplicate of another: what
 * becomes of it is the tables' business.
 */
#include "warehouse/survivors.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/map.h"

enum { RECORD_OVERHEAD = 100, SCRATCH_ROWS = 256 };
#define KEY_MAX (2 * (size_t)CSV_RECORD_MAX)

struct survivor {
	int64_t line, offset;
	struct expr_value version;
};

struct loser {
	int64_t offset;
	const struct survivor *winner; /* its line is final at the end of the file */
};

struct contest { /* of one rule */
	struct raw_source *source;
	const struct survivor_rule *rule;
	struct map *by_key;
	struct arena arena; /* of versions and survivors */
	size_t bytes;
	struct buf key, part;
	LIST(struct loser) losers;
};

/* -1, 0 or 1; values of one type, null lowest. */
static int compare(const struct expr_value *a, const struct expr_value *b)
{
	int order;

	if (a->null || b->null) {
		return (int)b->null - (int)a->null;
	}
	switch (a->type.kind) {
	case COLUMN_TEXT:
		order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
		return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
	case COLUMN_DECIMAL:
		return decimal_compare(a->dec, b->dec);
	case COLUMN_DOUBLE:
		return (a->d > b->d) - (a->d < b->d);
	case COLUMN_BOOL:
	case COLUMN_INT64:
	case COLUMN_DATE:
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMP_NTZ:
		break;
	}
	return (a->i > b->i) - (a->i < b->i);
}

/* False: a part is null. */
static bool read_key(struct contest *c, const struct expr_row *row, struct arena *scratch)
{
	buf_clear(&c->key);
	for (size_t i = 0; i < c->rule->key.n; i++) {
		struct expr_value v;
		uint32_t size;

		expr_eval(c->rule->key.at[i].rule, row, scratch, &v);
		buf_clear(&c->part);
		if (!expr_value_text(&v, &c->part)) {
			return false;
		}
		size = (uint32_t)c->part.size;
		buf_add(&c->key, &size, sizeof(size));
		buf_add(&c->key, c->part.data, c->part.size);
	}
	ASSERT(!buf_failed(&c->key) && !buf_failed(&c->part));
	return true;
}

static void take(struct contest *c, struct survivor *s, const struct expr_row *row, int64_t offset,
		 const struct expr_value *version)
{
	s->line = row->source_line;
	s->offset = offset;
	s->version = *version;
	if (!version->null && version->type.kind == COLUMN_TEXT) {
		s->version.text = arena_copy(&c->arena, version->text, version->size);
		c->bytes += version->size;
	}
}

static void meet(struct contest *c, const struct expr_row *row, int64_t offset,
		 struct arena *scratch)
{
	struct expr_value version = { .null = true };
	struct survivor *s;
	void **place;
	int64_t loser = offset;

	if (!read_key(c, row, scratch)) {
		return;
	}
	if (c->rule->version != NULL) {
		expr_eval(c->rule->version, row, scratch, &version);
	}
	place = map_at(c->by_key, c->key.data, c->key.size);
	if (*place == NULL) {
		s = ARENA_NEW(&c->arena, struct survivor);
		take(c, s, row, offset, &version);
		*place = s;
		c->bytes += RECORD_OVERHEAD + c->key.size;
		return;
	}
	s = *place;
	if (compare(&version, &s->version) >= 0) {
		loser = s->offset;
		take(c, s, row, offset, &version);
	}
	*LIST_ADD(&c->arena, &c->losers) = (struct loser){ loser, s };
	c->bytes += sizeof(struct loser);
}

static int run(struct contest *c, struct store *store, const char *folder, struct bldr_error *err)
{
	struct arena scratch = { 0 };
	struct source_pass pass;
	struct record record;
	int rc = source_pass_open(store, folder, c->source, &pass, err);

	if (rc < 0) {
		return rc;
	}
	for (size_t n = 1; (rc = source_pass_next(&pass, &record, err)) == 1; n++) {
		const struct expr_row row = raw_source_row(c->source, &record);

		meet(c, &row, record.offset, &scratch);
		if (c->bytes > SURVIVORS_BYTES_MAX) {
			rc = bldr_error_set(err, BLDR_E_LIMIT,
					    "the keys of \"%s\" need more than %zu MB in memory",
					    c->source->file->path, SURVIVORS_BYTES_MAX >> 20);
			break;
		}
		if (n % SCRATCH_ROWS == 0) {
			arena_release(&scratch);
		}
	}
	arena_release(&scratch);
	source_pass_close(&pass);
	return rc;
}

static int by_offset(const void *a, const void *b)
{
	const struct set_aside *left = a;
	const struct set_aside *right = b;

	return left->offset != right->offset
		? (left->offset > right->offset) - (left->offset < right->offset)
		: (left->survivor > right->survivor) - (left->survivor < right->survivor);
}

/* A record that two rules set aside is so once, for the survivor that stands first. */
static void settle(struct raw_source *s)
{
	size_t n = 0;

	if (s->aside.n > 0) {
		qsort(s->aside.at, s->aside.n, sizeof(*s->aside.at), by_offset);
	}
	for (size_t i = 0; i < s->aside.n; i++) {
		if (n == 0 || s->aside.at[n - 1].offset != s->aside.at[i].offset) {
			s->aside.at[n++] = s->aside.at[i];
		}
	}
	s->aside.n = n;
	s->decided = true;
}

int survivors_find(struct raw_source *s, struct store *store, const char *folder, struct arena *a,
		   struct bldr_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->survivors.n; i++) {
		struct contest c = {
			.source = s,
			.rule = &s->survivors.at[i],
			.by_key = map_new(),
		};

		buf_init(&c.key, KEY_MAX);
		buf_init(&c.part, KEY_MAX);
		rc = run(&c, store, folder, err);
		for (size_t k = 0; rc == 0 && k < c.losers.n; k++) {
			*LIST_ADD(a, &s->aside) = (struct set_aside){
				c.losers.at[k].offset,
				c.losers.at[k].winner->line,
			};
		}
		buf_release(&c.key);
		buf_release(&c.part);
		map_free(c.by_key);
		arena_release(&c.arena);
	}
	if (rc == 0) {
		settle(s);
	}
	return rc;
}
