/*
 * The profile pass: one reading of the file feeds all columns in batches, column by column. A batch is a matter of
 * speed alone; whatever depends on how far the reading is (the sample of rows, how much is kept to prove that values
 * differ) depends on the number of the row. A second reading follows when a column turned out to be another than its
 * first values were.
 */
#include "ingest/profile_column.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/utf8.h"
#include "ingest/keys.h"

enum {
	BATCH_ROWS = 512,
	BATCH_CELLS = 1 << 16,
	BATCH_BYTES = 1 << 20,
	CHECK_ROWS = 1 << 16, /* how often keys are looked at; a batch never goes beyond */
	SAMPLE_MIN = 64,
	PAD = DISTINCT_PAD
};

struct batch {
	char *text;
	size_t size, room;
	struct cell *cells;
	int64_t *lines;
	size_t rows, rows_max;
};

struct sample {
	uint64_t below; /* rows whose mixed number is below are in it; 0: all */
	uint64_t *marks;
	size_t n, max;
};

struct pass {
	struct column *columns;
	size_t n;
	struct column_limits limits;
	size_t key_bytes;
	struct batch batch;
	struct sample sample;
	int64_t rows;
	struct arena arena;
};

/* ---- rejected records ---- */

/* Text for an artefact: no NUL, valid UTF-8, at most max bytes. */
static const char *clean_text(struct arena *a, const char *s, size_t size, size_t max)
{
	struct buf b;
	buf_init(&b, max + sizeof(UTF8_REPLACEMENT));
	for (size_t i = 0; i < size;) {
		bool valid;
		size_t step = utf8_next(s + i, size - i, &valid);
		bool good = valid && s[i] != '\0';
		size_t length = good ? step : sizeof(UTF8_REPLACEMENT) - 1;
		if (b.size + length > max) {
			break;
		}
		buf_add(&b, good ? s + i : UTF8_REPLACEMENT, length);
		i += step;
	}
	const char *text = arena_strndup(a, b.data, b.size);
	buf_release(&b);
	return text;
}

static void add_rejected(const struct record *record, struct arena *a, struct table_profile *t)
{
	t->rejected_rows++;
	if (t->rejected.n == PROFILE_REJECTED_SHOWN) {
		return;
	}
	*LIST_ADD(a, &t->rejected) = (struct profile_rejected){
		.line = record->line,
		.offset = record->offset,
		.reason = arena_strdup(a, record->rejected),
		.raw = clean_text(a, record->raw, record->raw_size, PROFILE_RAW_MAX),
		.hash = arena_strdup(a, record->hash),
	};
}

/* ---- the sample of rows, for quantiles ---- */

/* A row's number, mixed (splitmix64): rows with the smallest ones are a fair sample. */
static uint64_t mixed(uint64_t row)
{
	uint64_t z = (row + 1) * UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* Halves the sample until it fits. */
static void halve(struct pass *p)
{
	struct sample *s = &p->sample;
	bool *keep = xcalloc(s->n + 1, sizeof(*keep));
	while (s->n > s->max) {
		size_t n = 0;
		s->below = s->below != 0 ? s->below / 2 : UINT64_C(1) << 63;
		for (size_t i = 0; i < s->n; i++) {
			keep[i] = s->marks[i] < s->below;
			if (keep[i]) {
				s->marks[n++] = s->marks[i];
			}
		}
		for (size_t c = 0; c < p->n; c++) {
			column_sample_keep(&p->columns[c], keep, s->n);
		}
		s->n = n;
	}
	free(keep);
}

static void sample_row(struct pass *p, size_t row)
{
	struct sample *s = &p->sample;
	uint64_t mark = mixed((uint64_t)p->rows + row);
	if (s->below != 0 && mark >= s->below) {
		return;
	}
	for (size_t c = 0; c < p->n; c++) {
		const struct cell *cell = &p->batch.cells[row * p->n + c];
		column_sample_add(&p->columns[c], p->batch.text + cell->at, cell->size);
	}
	s->marks[s->n++] = mark;
	if (s->n > s->max) {
		halve(p);
	}
}

/* ---- proving that values differ ---- */

static size_t proving_bytes(const struct pass *p)
{
	size_t bytes = 0;
	for (size_t c = 0; c < p->n; c++) {
		bytes += p->columns[c].proving ? p->columns[c].fingerprints.n * sizeof(uint64_t)
					       : 0;
	}
	return bytes;
}

/*
 * Every CHECK_ROWS rows: what is too much is given up, long texts first, then from the last column to the first; and at
 * CHECK_ROWS times 1, 4, 16 ... rows, columns where more than a tenth of the values repeat.
 */
static void check_proofs(struct pass *p)
{
	enum { LONG = 40 };
	bool settle = (p->rows & (p->rows - 1)) == 0 && __builtin_ctzll((uint64_t)p->rows) % 2 == 0;
	for (size_t c = 0; c < p->n; c++) {
		struct column *column = &p->columns[c];
		if (column->proving && settle) {
			unique_settle(&column->fingerprints);
			if ((int64_t)column->fingerprints.n * 10 < p->rows * 9) {
				column_stop_proving(column);
			}
		}
	}
	for (int last = 0; last < 2; last++) {
		for (size_t c = p->n; c-- > 0 && proving_bytes(p) > p->key_bytes;) {
			if (p->columns[c].proving && (last || p->columns[c].max_length > LONG)) {
				column_stop_proving(&p->columns[c]);
			}
		}
	}
}

/* ---- batches ---- */

static void flush(struct pass *p)
{
	struct batch *b = &p->batch;
	struct cells cells = { .text = b->text, .stride = p->n, .n = b->rows, .lines = b->lines };
	if (b->rows == 0) {
		return;
	}
	for (size_t row = 0; row < b->rows; row++) {
		sample_row(p, row);
	}
	for (size_t c = 0; c < p->n; c++) {
		cells.first = &b->cells[c];
		column_add(&p->columns[c], &cells, &p->limits, &p->arena);
	}
	p->rows += (int64_t)b->rows;
	b->rows = 0;
	b->size = 0;
	if (p->rows % CHECK_ROWS == 0) {
		check_proofs(p);
	}
}

/* Room for so many more bytes of text and PAD. */
static void text_room(struct batch *b, size_t size)
{
	if (b->room - b->size < size + PAD) {
		b->room = b->size + size + PAD + b->room;
		b->text = xrealloc(b->text, b->room);
	}
}

/* Fields that stand in the record as they are come with it; others are copied by themselves. */
static void add_record(struct pass *p, const struct record *record)
{
	struct batch *b = &p->batch;
	struct cell *cells = &b->cells[b->rows * p->n];
	size_t start = b->size;
	text_room(b, record->raw_size);
	memcpy(b->text + start, record->raw, record->raw_size);
	b->size += record->raw_size;
	for (size_t c = 0; c < p->n; c++) {
		const struct record_field *f = &record->fields[c];
		uintptr_t at = (uintptr_t)f->text - (uintptr_t)record->raw;
		if (at <= record->raw_size && f->size <= record->raw_size - at) {
			cells[c] = (struct cell){ (uint32_t)(start + at), (uint32_t)f->size };
			continue;
		}
		text_room(b, f->size);
		cells[c] = (struct cell){ (uint32_t)b->size, (uint32_t)f->size };
		memcpy(b->text + b->size, f->text, f->size);
		b->size += f->size;
	}
	b->lines[b->rows++] = record->line;
	if (b->rows == b->rows_max || b->size > BATCH_BYTES ||
	    (p->rows + (int64_t)b->rows) % CHECK_ROWS == 0) {
		flush(p);
	}
}

struct first_reading {
	struct pass *pass;
	struct arena *a;
	struct table_profile *table;
};

static int take_first(void *arg, const struct record *record, struct bldr_error *err)
{
	const struct first_reading *f = arg;
	(void)err;
	if (record->rejected != NULL) {
		add_rejected(record, f->a, f->table);
	} else {
		add_record(f->pass, record);
	}
	return 0;
}

static int read_all(const char *folder, const struct source_file *file, struct pass *p,
		    struct arena *a, struct table_profile *t, struct bldr_error *err)
{
	struct first_reading first = { p, a, t };
	int rc = record_reader_each(folder, file, take_first, &first, err);
	if (rc == 0) {
		flush(p);
		t->rows = p->rows;
	}
	return rc;
}

static int take_again(void *arg, const struct record *record, struct bldr_error *err)
{
	struct pass *p = arg;
	(void)err;
	if (record->rejected != NULL) {
		return 0;
	}
	for (size_t c = 0; c < p->n; c++) {
		if (column_needs_again(&p->columns[c])) {
			column_add_again(&p->columns[c], record->fields[c].text,
					 record->fields[c].size, record->line, &p->arena);
		}
	}
	if (++p->rows % CHECK_ROWS == 0) {
		check_proofs(p);
	}
	return 0;
}

/* One more reading, for the columns that need it. */
static int read_again(const char *folder, const struct source_file *file, struct pass *p,
		      struct bldr_error *err)
{
	p->rows = 0;
	int rc = record_reader_each(folder, file, take_again, p, err);
	for (size_t c = 0; rc == 0 && c < p->n; c++) {
		column_end_again(&p->columns[c]);
	}
	return rc;
}

static bool needs_again(const struct pass *p)
{
	for (size_t c = 0; c < p->n; c++) {
		if (column_needs_again(&p->columns[c])) {
			return true;
		}
	}
	return false;
}

/* All tallies first, since they say in which order dates are written. */
static void judge_columns(struct pass *p)
{
	const struct column_tally **tallies =
		ARENA_ARRAY(&p->arena, const struct column_tally *, p->n);
	for (size_t c = 0; c < p->n; c++) {
		tallies[c] = column_tally(&p->columns[c], &p->arena);
	}
	enum date_hint hint = table_date_hint(tallies, p->n);
	for (size_t c = 0; c < p->n; c++) {
		column_judge(&p->columns[c], hint, &p->arena);
	}
}

/* ---- the pass ---- */

static size_t or_default(size_t limit, size_t otherwise)
{
	return limit != 0 ? limit : otherwise;
}

static size_t between(size_t n, size_t min, size_t max)
{
	return n < min ? min : n > max ? max : n;
}

static void open_pass(struct pass *p, const struct source_file *file,
		      const struct table_override *said, const struct profile_limits *limits,
		      struct arena *a)
{
	static const struct profile_limits none = { 0 };
	const struct profile_limits *l = limits != NULL ? limits : &none;
	size_t n = file->columns.n;
	size_t share = PROFILE_VALUES_BYTES / (n > 0 ? n : 1);
	size_t rows = PROFILE_SAMPLE_CELLS / (n > 0 ? n : 1);
	*p = (struct pass){ .n = n };
	p->limits.bytes = or_default(
		l->column_bytes, between(share, PROFILE_COLUMN_BYTES_MIN, PROFILE_COLUMN_BYTES));
	p->limits.kept = or_default(l->kept_values, PROFILE_KEPT_VALUES);
	p->key_bytes = or_default(l->key_bytes, PROFILE_KEY_BYTES);
	p->sample.max = or_default(l->sample_rows, between(rows, SAMPLE_MIN, PROFILE_SAMPLE_ROWS));
	p->sample.marks = xcalloc(p->sample.max + 1, sizeof(*p->sample.marks));
	p->batch.rows_max =
		or_default(l->batch_rows, between(BATCH_CELLS / (n > 0 ? n : 1), 1, BATCH_ROWS));
	p->batch.room = PAD;
	p->batch.text = xmalloc(p->batch.room);
	p->batch.cells = xcalloc(p->batch.rows_max * n + 1, sizeof(*p->batch.cells));
	p->batch.lines = xcalloc(p->batch.rows_max, sizeof(*p->batch.lines));
	p->columns = xcalloc(n + 1, sizeof(*p->columns));
	for (size_t c = 0; c < n; c++) {
		p->columns[c].name = file->columns.at[c];
		p->columns[c].said = overrides_column(said, file->columns.at[c]);
		p->columns[c].speaks_of_date = name_of_date(a, file->columns.at[c]);
	}
}

static void close_pass(struct pass *p)
{
	for (size_t c = 0; c < p->n; c++) {
		column_release(&p->columns[c]);
	}
	free(p->columns);
	free(p->sample.marks);
	free(p->batch.text);
	free(p->batch.cells);
	free(p->batch.lines);
	arena_release(&p->arena);
}

static struct table_sketch describe(struct pass *p, const struct source_file *file, struct arena *a,
				    struct table_profile *t)
{
	struct table_sketch s = { .rows = t->rows, .n = p->n };
	int64_t *distinct = ARENA_ARRAY(a, int64_t, p->n);
	s.columns = ARENA_ARRAY(a, struct column_sketch, p->n);
	ASSERT(strlen(file->hash) == HASH_HEX_MAX - 1);
	memcpy(s.source, file->hash, HASH_HEX_MAX);
	for (size_t c = 0; c < p->n; c++) {
		*LIST_ADD(a, &t->columns) =
			column_describe(&p->columns[c], c, p->sample.n, a, &s.columns[c]);
		distinct[c] = s.columns[c].distinct;
	}
	struct name name = name_of_table(a, file->table, name_layer_prefix(a, file->table));
	keys_single(a, t, &name, distinct);
	return s;
}

/* Described columns in which no value is as it is said. */
static int check_given(const struct pass *p, const struct table_profile *t, struct bldr_error *err)
{
	int rc = 0;
	for (size_t c = 0; rc == 0 && c < p->n; c++) {
		const struct column *column = &p->columns[c];
		rc = given_fits(column->said, &column->verdict.column, t->table,
				t->rows - column->nulls, err);
	}
	return rc;
}

int ingest_profile_sketch(const char *folder, const struct source_file *file,
			  const struct table_override *said, const struct profile_limits *limits,
			  struct arena *a, struct table_profile *ret,
			  struct table_sketch *ret_sketch, struct bldr_error *err)
{
	struct table_profile t = { .table = arena_strdup(a, file->table),
				   .path = arena_strdup(a, file->path) };
	struct pass p;
	open_pass(&p, file, said, limits, a);
	int rc = read_all(folder, file, &p, a, &t, err);
	if (rc == 0) {
		judge_columns(&p);
	}
	while (rc == 0 && needs_again(&p)) {
		rc = read_again(folder, file, &p, err);
	}
	struct table_sketch s;
	if (rc == 0) {
		s = describe(&p, file, a, &t);
		rc = check_given(&p, &t, err);
	}
	if (rc == 0) {
		*ret = t;
		if (ret_sketch != NULL) {
			*ret_sketch = s;
		}
	}
	close_pass(&p);
	return rc;
}

int ingest_profile_table(const char *folder, const struct source_file *file,
			 const struct table_override *said, struct arena *a,
			 struct table_profile *ret, struct bldr_error *err)
{
	return ingest_profile_sketch(folder, file, said, NULL, a, ret, NULL, err);
}
