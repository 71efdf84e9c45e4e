/*
 * Tables are built in load order, so that a dimension key finds its dimension built. A table's key
 * own values are typed first, for all records; row_choice then decides which of them become rows, and a
 * dimension's references come last, since they may name its own members. What can go wrong is the design: names that do
 * not exist, joins that are not unique, values that no origin gives.
 */
#include "checks/expected.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "checks/amount.h"
#include "checks/calendar_table.h"
#include "checks/recent.h"
#include "checks/row_choice.h"
#include "checks/winners.h"

struct builder {
	struct expected *e;
	struct expected_table *t;
	struct bldr_error *err;
};

/* What an origin reads: a text per source record (NULL: no hop led there), and its column's decision. */
struct reading {
	const char **texts;
	unsigned char *absences; /* per source record; ABSENCE_NONE: there is a text */
	const struct column_decision *decision;
	struct cell_read read;
};

static int wrong_origin(const struct builder *b, const struct design_column *c, const char *why)
{
	bldr_error_set(b->err, BLDR_E_INVALID, "design column \"%s.%s\": %s", b->t->design->name,
		       c->name, why);
	return BLDR_E_INVALID;
}

static int read_column(const struct builder *b, const struct design_column *c,
		       const struct origin *o, struct reading *ret)
{
	struct relations *r = b->e->relations;
	struct arena *a = b->e->arena;
	struct relation *holder;
	const int64_t *records;
	int rc = relation_follow(r, b->t->source, o->hops.at, o->hops.n, &holder, &records, b->err);
	if (rc < 0) {
		bldr_error_prefix(b->err, "design column \"%s.%s\"", b->t->design->name, c->name);
		return rc;
	}
	if (o->table == NULL || o->column == NULL || strcmp(holder->file->table, o->table) != 0) {
		return wrong_origin(b, c, "its origin's table is not where its hops lead");
	}
	int64_t column = relation_column_find(holder, o->column);
	if (column < 0) {
		return wrong_origin(b, c,
				    arena_printf(a, "no column \"%s\" in source table \"%s\"",
						 o->column, o->table));
	}
	size_t n = b->t->source->raw.records.n;
	struct reading reading = {
		.texts = ARENA_ARRAY(a, const char *, n),
		.absences = ARENA_ARRAY(a, unsigned char, n),
		.decision = &relation_column(r, holder, (size_t)column)->decision,
	};
	reading.read = (struct cell_read){ holder, (size_t)column, reading.decision, records };
	for (size_t i = 0; i < n; i++) {
		if (records[i] >= 0) {
			reading.texts[i] =
				relation_text(holder, (size_t)records[i], (size_t)column);
		} else {
			reading.absences[i] = records[i] == RELATION_MISSED ? ABSENCE_MISSED
									    : ABSENCE_NO_KEY;
		}
	}
	*ret = reading;
	return 0;
}

/* A text that is no value of the type. */
static void note_refused(const struct builder *b, const struct reading *reading, size_t record)
{
	const struct cell_read *read = &reading->read;
	struct relation_column *c = &read->holder->columns[read->column];
	if (c->refused == NULL) {
		c->refused = ARENA_ARRAY(b->e->arena, bool, read->holder->raw.records.n);
	}
	c->refused[read->records[record]] = true;
}

/*
 * The cells; the reading's nulls lose their text, and get their absence. Where all values are canonical as they are
 * written, the cells are the reading's texts themselves.
 */
static const char **type_texts(const struct builder *b, struct reading *reading,
			       struct column_type type)
{
	size_t n = b->t->source->raw.records.n;
	const char **cells = reading->texts;
	for (size_t i = 0; i < n; i++) {
		if (reading->texts[i] == NULL) {
			continue;
		}
		const char *cell =
			value_typed(reading->decision, type, reading->texts[i], b->e->arena);
		if (value_is_null(reading->decision, reading->texts[i])) {
			reading->texts[i] = NULL;
			reading->absences[i] = ABSENCE_WRITTEN;
		} else if (cell == NULL) {
			reading->absences[i] = ABSENCE_UNREADABLE;
			note_refused(b, reading, i);
		}
		if (cells == reading->texts && cell != cells[i]) {
			cells = arena_copy(b->e->arena, cells, n * sizeof(*cells));
		}
		cells[i] = cell;
	}
	return cells;
}

static bool is_calendar_type(struct column_type type)
{
	return type.kind == COLUMN_DATE || type.kind == COLUMN_TIMESTAMP ||
		type.kind == COLUMN_TIMESTAMP_NTZ;
}

static void note_dates(const struct builder *b, struct expected_column *c, const struct origin *o,
		       const struct reading *reading)
{
	size_t n = b->t->source->raw.records.n;
	bool utc = c->type.kind == COLUMN_TIMESTAMP;
	c->is_date = true;
	c->source = (struct date_source){ o->table, o->column, &reading->decision->dates };
	c->dates = ARENA_ARRAY(b->e->arena, const char *, n);
	struct recent dates = { 0 };
	for (size_t i = 0; i < n; i++) {
		struct stamp s;
		char date[DATE_TEXT_MAX];
		if (reading->texts[i] != NULL &&
		    stamp_parse(reading->texts[i], reading->decision->dates.order, &s) &&
		    stamp_date(s, utc, date)) {
			c->dates[i] = recent_keep(&dates, date, b->e->arena);
		}
	}
}

static int fill_constant(const struct builder *b, struct expected_column *c, const struct origin *o)
{
	const char *value = value_constant(c->type, o->value != NULL ? o->value : "", b->e->arena);
	if (value == NULL) {
		return wrong_origin(b, c->design, "its constant is no value of its type");
	}
	size_t n = b->t->source->raw.records.n;
	c->cells = ARENA_ARRAY(b->e->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		c->cells[i] = value;
	}
	return 0;
}

/* A part of an adopted calendar that its file does not hold: of the day, which stands before it. */
static int fill_part(const struct builder *b, struct expected_column *c)
{
	struct expected_table *t = b->t;
	const char **days = t->n_keys == 1 ? t->columns[t->keys[0]].cells : NULL;
	size_t n = t->source->raw.records.n;
	if (t->design->kind != TABLE_DATE || days == NULL) {
		return wrong_origin(b, c->design, "generator \"calendar\" needs a day before it");
	}
	c->cells = ARENA_ARRAY(b->e->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		struct stamp s;
		if (days[i] != NULL && stamp_parse(days[i], ORDER_YMD, &s)) {
			c->cells[i] = calendar_table_cell(t, (size_t)(c - t->columns), s.days,
							  b->e->arena);
		}
	}
	return 0;
}

static int fill_generated(const struct builder *b, struct expected_column *c, const struct origin *o)
{
	const char *generator = o->generator != NULL ? o->generator : "";
	const struct relation *source = b->t->source;
	bool file = strcmp(generator, "source_file") == 0;
	bool line = strcmp(generator, "source_line") == 0;
	if (strcmp(generator, "surrogate_key") == 0) {
		return 0; /* filled when the rows are known */
	}
	if (strcmp(generator, "calendar") == 0) {
		return fill_part(b, c);
	}
	if (!file && !line && strcmp(generator, "source_record") != 0) {
		return wrong_origin(b, c->design,
				    arena_printf(b->e->arena, "generator \"%s\" needs no source",
						 generator));
	}
	size_t n = source->raw.records.n;
	c->cells = ARENA_ARRAY(b->e->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		const struct raw_record *r = &source->raw.records.at[i];
		c->cells[i] = file ? source->file->path
				   : arena_printf(b->e->arena, "%lu",
						  (unsigned long)(line ? r->line : r->in_line));
	}
	return 0;
}

/* A factor of a record's product; false: it has no value. The last reason why one has none stays. */
static bool factor_of(const struct builder *b, struct reading *reading, size_t record,
		      struct expected_column *c, struct amount *ret)
{
	const char *text = reading->texts[record];
	unsigned char absence = ABSENCE_NONE;
	if (value_is_null(reading->decision, text)) {
		absence = ABSENCE_WRITTEN;
	} else if (!amount_parse_marked(text, reading->decision->marks.decimal, ret)) {
		absence = ABSENCE_UNREADABLE;
		note_refused(b, reading, record);
	}
	c->absences[record] = absence > c->absences[record] ? absence : c->absences[record];
	return absence == ABSENCE_NONE;
}

/* The product's text at the type's scale; NULL: the type does not hold it. */
static const char *product_text(struct amount v, struct column_type type, struct arena *a)
{
	char text[AMOUNT_TEXT_MAX];
	if (!amount_rescale(v, type.scale, &v)) {
		return NULL;
	}
	amount_text(v, text);
	return value_constant(type, arena_strdup(a, text), a);
}

/* Each factor is read as the Tester reads a number of its column; the one that is a share is taken off one. */
static int fill_product(const struct builder *b, struct expected_column *c, const struct origin *o)
{
	struct arena *a = b->e->arena;
	size_t n = b->t->source->raw.records.n, factors = o->factors.n + (o->less != NULL);
	struct amount *products = ARENA_ARRAY(a, struct amount, n);
	c->cells = ARENA_ARRAY(a, const char *, n);
	c->absences = ARENA_ARRAY(a, unsigned char, n);
	bool *beyond = ARENA_ARRAY(a, bool, n);
	if (o->factors.n < 2 || c->type.kind != COLUMN_DECIMAL) {
		return wrong_origin(b, c->design, "a product needs two factors and is a decimal");
	}
	for (size_t f = 0; f < factors; f++) {
		struct origin column = { .kind = ORIGIN_COLUMN, .table = o->table };
		column.column = f < o->factors.n ? o->factors.at[f] : o->less;
		struct reading reading = { 0 };
		int rc = read_column(b, c->design, &column, &reading);
		if (rc < 0) {
			return rc;
		}
		*LIST_ADD(a, &c->reads) = reading.read;
		for (size_t i = 0; i < n; i++) {
			struct amount v = { 0 };
			bool value = factor_of(b, &reading, i, c, &v);
			if (value && f == o->factors.n) {
				beyond[i] |= !amount_rest_of_one(v, &v);
			}
			beyond[i] |= f > 0 && !amount_multiply(products[i], v, &v);
			products[i] = v;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (c->absences[i] == ABSENCE_NONE && !beyond[i]) {
			c->cells[i] = product_text(products[i], c->type, a);
		}
	}
	return 0;
}

/* Any column but dimension keys, per source record. */
static int fill_plain(const struct builder *b, struct expected_column *c)
{
	if (c->design->origins.n != 1) {
		return wrong_origin(b, c->design, "it needs exactly one origin");
	}
	const struct origin *o = &c->design->origins.at[0];
	if (o->kind == ORIGIN_CONSTANT) {
		return fill_constant(b, c, o);
	}
	if (o->kind == ORIGIN_GENERATED) {
		return fill_generated(b, c, o);
	}
	if (o->kind == ORIGIN_PRODUCT) {
		return fill_product(b, c, o);
	}
	struct reading reading = { 0 };
	int rc = read_column(b, c->design, o, &reading);
	if (rc < 0) {
		return rc;
	}
	c->cells = type_texts(b, &reading, c->type);
	c->texts = reading.texts;
	c->absences = reading.absences;
	*LIST_ADD(b->e->arena, &c->reads) = reading.read;
	if (is_calendar_type(c->type)) {
		note_dates(b, c, o, &reading);
	}
	return 0;
}

bool expected_is_dimension(const struct expected_table *t)
{
	return t->design->kind == TABLE_DIMENSION || t->design->kind == TABLE_DATE;
}

static const char *row_canon(const struct expected_table *t, const char *const *const *parts,
			     size_t row, struct buf *key)
{
	row_choice_canon(t, parts, row, key);
	return key->data;
}

/* One part gives its texts; of the absences of several the last in their order stays. */
static void note_part(const struct builder *b, struct expected_column *c,
		      const struct reading *reading, size_t part)
{
	c->texts = c->dimension->n_keys == 1 ? reading->texts : NULL;
	*LIST_ADD(b->e->arena, &c->reads) = reading->read;
	if (part == 0 || c->absences == NULL) {
		c->absences = reading->absences;
		return;
	}
	for (size_t i = 0; i < b->t->source->raw.records.n; i++) {
		if (reading->absences[i] > c->absences[i]) {
			c->absences[i] = reading->absences[i];
		}
	}
}

/* The columns a dimension key's origins must give, in order, typed: NULL in any part: no key. */
static int key_parts(const struct builder *b, struct expected_column *c, const char *const **parts)
{
	const struct expected_table *d = c->dimension;
	for (size_t i = 0; i < d->n_keys; i++) {
		const struct origin *o = &c->design->origins.at[i];
		struct column_type type = d->columns[d->keys[i]].type;
		if (o->kind == ORIGIN_CONSTANT) {
			struct expected_column constant = { .design = c->design, .type = type };
			int rc = fill_constant(b, &constant, o);
			if (rc < 0) {
				return rc;
			}
			parts[i] = constant.cells;
			continue;
		}
		if (o->kind == ORIGIN_GENERATED) {
			return wrong_origin(b, c->design, "a dimension key cannot be generated");
		}
		struct reading reading = { 0 };
		int rc = read_column(b, c->design, o, &reading);
		if (rc < 0) {
			return rc;
		}
		parts[i] = type_texts(b, &reading, type);
		note_part(b, c, &reading, i);
		if (d->design->kind == TABLE_DATE && d->n_keys == 1) {
			note_dates(b, c, o, &reading);
		}
	}
	return 0;
}

static int64_t member_of(const struct expected_table *d, const char *const *const *parts,
			 const unsigned char *absences, size_t record, struct buf *key)
{
	if (absences != NULL && absences[record] == ABSENCE_MISSED) {
		return MEMBER_UNKNOWN;
	}
	for (size_t i = 0; i < d->n_keys; i++) {
		if (parts[i][record] == NULL) {
			return MEMBER_NONE;
		}
	}
	row_canon(d, parts, record, key);
	const void *row = map_find(d->members, key->data, key->size);
	return row == NULL ? MEMBER_UNKNOWN : (int64_t)(intptr_t)row - 1;
}

static const char *key_cell(const struct expected_table *d, int64_t member)
{
	if (member < 0) {
		return member == MEMBER_UNKNOWN ? "-1" : "-2";
	}
	for (size_t i = 0; i < d->design->columns.n; i++) {
		if (d->design->columns.at[i].role == ROLE_SURROGATE_KEY) {
			return d->columns[i].cells[member];
		}
	}
	return NULL;
}

static int fill_dimension_key(const struct builder *b, struct expected_column *c)
{
	struct arena *a = b->e->arena;
	const char *name = c->design->dimension != NULL ? c->design->dimension : "";
	c->dimension = strcmp(name, b->t->design->name) == 0 ? b->t : expected_find(b->e, name);
	if (c->dimension == NULL || c->dimension->members == NULL) {
		return wrong_origin(b, c->design,
				    arena_printf(a, "no dimension \"%s\" before it", name));
	}
	if (c->design->origins.n != c->dimension->n_keys) {
		return wrong_origin(
			b, c->design,
			arena_printf(a, "%zu origins for the %zu business key columns of \"%s\"",
				     c->design->origins.n, c->dimension->n_keys, name));
	}
	const char *const **parts = ARENA_ARRAY(a, const char *const *, c->dimension->n_keys);
	int rc = key_parts(b, c, parts);
	if (rc < 0) {
		return rc;
	}
	size_t n = b->t->source->raw.records.n;
	c->members = ARENA_ARRAY(a, int64_t, n);
	struct buf key;
	buf_init(&key, CANON_MAX);
	for (size_t i = 0; i < n; i++) {
		c->members[i] = member_of(c->dimension, parts, c->absences, i, &key);
		if (c->is_date && c->members[i] == MEMBER_UNKNOWN) {
			c->dates[i] = NULL; /* beyond the calendar: the star has no such day */
		}
	}
	buf_release(&key);
	return 0;
}

int64_t expected_column_find(const struct expected_table *t, const char *column)
{
	for (size_t i = 0; i < t->design->columns.n; i++) {
		if (strcmp(t->design->columns.at[i].name, column) == 0) {
			return (int64_t)i;
		}
	}
	return -1;
}

/* The business key's columns; without one, those of the grain. */
static int find_keys(const struct builder *b)
{
	struct expected_table *t = b->t;
	t->keys =
		ARENA_ARRAY(b->e->arena, size_t, t->design->columns.n + t->design->grain_columns.n);
	for (size_t i = 0; i < t->design->columns.n; i++) {
		if (t->design->columns.at[i].role == ROLE_BUSINESS_KEY) {
			t->keys[t->n_keys++] = i;
		}
	}
	for (size_t i = 0; t->n_keys == 0 && t->source == NULL && i < t->design->columns.n; i++) {
		if (t->columns[i].type.kind == COLUMN_DATE) {
			t->keys[t->n_keys++] = i; /* a calendar is keyed by its date */
		}
	}
	bool by_grain = t->n_keys == 0;
	for (size_t i = 0; i < t->design->grain_columns.n; i++) {
		const char *name = t->design->grain_columns.at[i];
		int64_t column = expected_column_find(t, name);
		if (column < 0) {
			return bldr_error_set(
				b->err, BLDR_E_INVALID,
				"design table \"%s\": its grain names no column \"%s\"",
				t->design->name, name);
		}
		if (by_grain && t->design->columns.at[column].role != ROLE_SURROGATE_KEY) {
			t->keys[t->n_keys++] = (size_t)column;
		}
	}
	bool surrogate_only = t->n_keys == 0 && expected_is_dimension(t);
	return surrogate_only
		? bldr_error_set(b->err, BLDR_E_INVALID, "design table \"%s\": no business key",
				 t->design->name)
		: 0;
}

/* The texts of the rows, then of the records that are left out. */
static const char **arrange_texts(const struct expected_table *t, const char **cells,
				  struct arena *a)
{
	if (cells == NULL || t->n_left == 0) {
		return cells;
	}
	const char **arranged = ARENA_ARRAY(a, const char *, t->n + t->n_left);
	for (size_t i = 0; i < t->n + t->n_left; i++) {
		arranged[i] = cells[t->records[i]];
	}
	return arranged;
}

/* Everything that is per source record becomes per row, and what is left out goes behind. */
static void arrange(const struct expected_table *t, struct expected_column *c, struct arena *a)
{
	c->cells = arrange_texts(t, c->cells, a);
	c->texts = arrange_texts(t, c->texts, a);
	c->dates = arrange_texts(t, c->dates, a);
	if (t->n_left == 0) {
		return; /* every record is a row */
	}
	size_t n = t->n + t->n_left;
	unsigned char *absences = c->absences;
	int64_t *members = c->members;
	c->absences = absences != NULL ? ARENA_ARRAY(a, unsigned char, n) : NULL;
	c->members = members != NULL ? ARENA_ARRAY(a, int64_t, n) : NULL;
	for (size_t i = 0; i < n; i++) {
		if (absences != NULL) {
			c->absences[i] = absences[t->records[i]];
		}
		if (members != NULL) {
			c->members[i] = members[t->records[i]];
		}
	}
}

static void keep_record_keys(const struct builder *b)
{
	struct expected_table *t = b->t;
	t->record_keys = ARENA_ARRAY(b->e->arena, const char **, t->n_keys);
	for (size_t i = 0; i < t->n_keys; i++) {
		t->record_keys[i] = t->columns[t->keys[i]].cells;
	}
}

const char *expected_key(const struct expected_table *t, size_t row, struct arena *a)
{
	const char *const **parts = ARENA_ARRAY(a, const char *const *, t->n_keys);
	for (size_t i = 0; i < t->n_keys; i++) {
		parts[i] = t->columns[t->keys[i]].cells;
	}
	struct buf key;
	buf_init(&key, CANON_MAX);
	const char *canon = arena_strdup(a, row_canon(t, parts, row, &key));
	buf_release(&key);
	return canon;
}

static bool keyed_by_date(const struct expected_table *t)
{
	return t->design->kind == TABLE_DATE && t->n_keys == 1 &&
		t->columns[t->keys[0]].type.kind == COLUMN_DATE;
}

/* yyyy-mm-dd as the integer yyyymmdd. */
static const char *date_key(const char *date, struct arena *a)
{
	return arena_printf(a, "%.4s%.2s%.2s", date, date + 5, date + 8);
}

static void fill_surrogates(const struct builder *b)
{
	struct expected_table *t = b->t;
	struct arena *a = b->e->arena;
	for (size_t c = 0; c < t->design->columns.n; c++) {
		if (t->design->columns.at[c].role != ROLE_SURROGATE_KEY || t->n_keys == 0) {
			continue;
		}
		const char **cells = ARENA_ARRAY(a, const char *, t->n);
		for (size_t i = 0; i < t->n; i++) {
			if (keyed_by_date(t)) {
				cells[i] = date_key(t->columns[t->keys[0]].cells[i], a);
				continue;
			}
			const char *canon = expected_key(t, i, a);
			int64_t key = canon_key(canon, strlen(canon));
			cells[i] = arena_printf(a, "%lld", (long long)key);
		}
		t->columns[c].cells = cells;
	}
}

/* Dimension keys show the surrogate key of their member, once its table has them. */
static void fill_key_cells(const struct builder *b)
{
	for (size_t c = 0; c < b->t->design->columns.n; c++) {
		struct expected_column *column = &b->t->columns[c];
		if (column->members == NULL) {
			continue;
		}
		column->cells = ARENA_ARRAY(b->e->arena, const char *, b->t->n + b->t->n_left);
		for (size_t i = 0; i < b->t->n + b->t->n_left; i++) {
			column->cells[i] = key_cell(column->dimension, column->members[i]);
		}
	}
}

/* The columns of a table that are references, or all others. */
static int fill_columns(const struct builder *b, bool references)
{
	int rc = 0;
	for (size_t c = 0; rc == 0 && c < b->t->design->columns.n; c++) {
		bool reference = b->t->design->columns.at[c].role == ROLE_DIMENSION_KEY;
		if (reference == references) {
			rc = reference ? fill_dimension_key(b, &b->t->columns[c])
				       : fill_plain(b, &b->t->columns[c]);
		}
	}
	return rc;
}

/* A dimension's key columns are values of its own: a reference cannot name it before it is built. */
static int refuse_referring_keys(const struct builder *b)
{
	for (size_t i = 0; i < b->t->n_keys; i++) {
		const struct design_column *c = b->t->columns[b->t->keys[i]].design;
		if (c->role == ROLE_DIMENSION_KEY) {
			return wrong_origin(b, c, "a dimension key cannot name members");
		}
	}
	return 0;
}

/* A fact's references come before its rows are chosen, since its grain may hold them. */
static int fill_and_choose(const struct builder *b)
{
	bool dimension = expected_is_dimension(b->t);
	int rc = dimension ? refuse_referring_keys(b) : 0;
	if (rc == 0) {
		rc = fill_columns(b, false);
	}
	if (rc == 0 && !dimension) {
		rc = fill_columns(b, true);
	}
	if (rc < 0) {
		return rc;
	}
	row_choice_make(b->t, b->e->arena);
	return dimension ? fill_columns(b, true) : 0;
}

static int build_from_source(const struct builder *b)
{
	struct expected_table *t = b->t;
	t->source = relation_find(b->e->relations, t->design->source);
	if (t->source == NULL) {
		return bldr_error_set(b->err, BLDR_E_INVALID,
				      "design table \"%s\": no source table \"%s\"",
				      t->design->name, t->design->source);
	}
	int rc = find_keys(b);
	if (rc == 0) {
		rc = fill_and_choose(b);
	}
	if (rc < 0) {
		return rc;
	}
	keep_record_keys(b);
	for (size_t c = 0; c < t->design->columns.n; c++) {
		arrange(t, &t->columns[c], b->e->arena);
	}
	fill_surrogates(b);
	fill_key_cells(b);
	return 0;
}

static int build_table(const struct builder *b)
{
	struct expected_table *t = b->t;
	t->columns = ARENA_ARRAY(b->e->arena, struct expected_column, t->design->columns.n);
	for (size_t i = 0; i < t->design->columns.n; i++) {
		const struct design_column *c = &t->design->columns.at[i];
		t->columns[i].design = c;
		if (!column_type_parse(c->type, &t->columns[i].type)) {
			return wrong_origin(b, c,
					    arena_printf(b->e->arena, "no type \"%s\"", c->type));
		}
	}
	if (t->design->source != NULL) {
		return build_from_source(b);
	}
	if (t->design->kind != TABLE_DATE) {
		return bldr_error_set(b->err, BLDR_E_INVALID,
				      "design table \"%s\" has no source and is no date dimension",
				      t->design->name);
	}
	int rc = find_keys(b);
	return rc < 0 ? rc : calendar_table_fill(b->e, t, b->err);
}

/* Before any table is built, since hops lead to the records that count. */
static int set_duplicates_aside(struct expected *e, struct bldr_error *err)
{
	for (size_t i = 0; i < e->design->tables.n; i++) {
		const struct design_table *d = &e->design->tables.at[i];
		int64_t *kept_by;
		if (d->dedup != DEDUP_LAST) {
			continue;
		}
		int rc = winners_find(e->relations, d, &kept_by, err);
		if (rc < 0) {
			return rc;
		}
		struct relation *source = relation_find(e->relations, d->source);
		size_t n = source->raw.records.n;
		if (source->set_aside == NULL) {
			source->set_aside = ARENA_ARRAY(e->arena, bool, n);
		}
		for (size_t k = 0; k < n; k++) {
			source->set_aside[k] |= kept_by[k] >= 0;
		}
		e->tables[i].kept_by = kept_by;
	}
	return 0;
}

int expected_evaluate(const struct design *design, struct relations *relations, struct arena *a,
		      struct expected *ret, struct bldr_error *err)
{
	*ret = (struct expected){
		.arena = a,
		.relations = relations,
		.design = design,
		.tables = ARENA_ARRAY(a, struct expected_table, design->tables.n),
	};
	int aside = set_duplicates_aside(ret, err);
	if (aside < 0) {
		return aside;
	}
	for (size_t i = 0; i < design->tables.n; i++) {
		struct expected_table *t = &ret->tables[ret->n++];
		t->design = &design->tables.at[i];
		struct builder b = { .e = ret, .t = t, .err = err };
		int rc = build_table(&b);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

void expected_release(struct expected *e)
{
	for (size_t i = 0; i < e->n; i++) {
		map_free(e->tables[i].members);
		e->tables[i].members = NULL;
	}
}

const struct expected_table *expected_find(const struct expected *e, const char *table)
{
	for (size_t i = 0; i < e->n; i++) {
		if (strcmp(e->tables[i].design->name, table) == 0) {
			return &e->tables[i];
		}
	}
	return NULL;
}

const char **expected_left_out(const struct expected *e, const struct relation *source,
			       struct arena *a)
{
	const char **why = ARENA_ARRAY(a, const char *, source->raw.records.n);
	for (size_t i = 0; i < e->n; i++) {
		const struct expected_table *t = &e->tables[i];
		for (size_t k = 0; t->source == source && k < t->n_left; k++) {
			const char **place = &why[t->records[t->n + k]];
			*place = *place == NULL || t->left_duplicate[k] ? t->left_why[k] : *place;
		}
	}
	return why;
}

bool *expected_duplicates(const struct expected *e, const struct relation *source, struct arena *a)
{
	bool *duplicates = ARENA_ARRAY(a, bool, source->raw.records.n);
	for (size_t i = 0; i < e->n; i++) {
		const struct expected_table *t = &e->tables[i];
		for (size_t k = 0; t->source == source && k < t->n_left; k++) {
			duplicates[t->records[t->n + k]] |= t->left_duplicate[k];
		}
	}
	return duplicates;
}
