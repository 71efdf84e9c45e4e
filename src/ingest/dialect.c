#include "ingest/dialect.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ingest/cell_kind.h"
#include "ingest/infer.h"
#include "ingest/reader.h"

enum {
	SCORE_MIN = 150,  /* below, a record is one field */
	SUSPICIOUS = 150, /* what a cell is worth, of 1000 */
	PLAIN = 900,
	TYPED = 1000,
	HEADER_ROWS_MAX = 300, /* looked at to tell a header */
	TITLE_WIDTH_MIN = 3 /* columns of a table that may have titles filled up with delimiters */
};

struct row {
	size_t width;
	int64_t line;
	bool faulty;
	bool blank;    /* it says nothing for or against a dialect */
	int64_t cells; /* their worth */
	bool title;    /* no field but the first holds anything, and that is no number or date */
	bool named;    /* every field is a word, as in a header */
};

struct trial {
	struct source_file file; /* the dialect, without preamble and header */
	struct row *rows;
	size_t n;
	size_t first; /* the first row that is none of the preamble */
	size_t width;
	size_t enclosed, stray; /* without a quote: cells in quotes, others with a quote in them */
	int score;
};

/* ---- one dialect tried ---- */

static bool holds_delimiter(const char *s, size_t size, char but)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] != but && (s[i] == ',' || s[i] == ';' || s[i] == '\t' || s[i] == '|')) {
			return true;
		}
	}
	return false;
}

static bool enclosed(const char *s, size_t size, char quote)
{
	return size >= 2 && s[0] == quote && s[size - 1] == quote;
}

static bool stood_in_quotes(const struct record *r, size_t i)
{
	const char *text = r->fields[i].text;
	return text < r->raw || text > r->raw + r->raw_size || (text > r->raw && text[-1] == '"');
}

static int64_t cell_worth(struct trial *t, const struct record *r, size_t i)
{
	const struct source_file *f = &t->file;
	const char *s = r->fields[i].text;
	size_t size = r->fields[i].size;
	if (f->quote[0] != '\0' && stood_in_quotes(r, i)) {
		return TYPED;
	}
	if (f->quote[0] == '\0' && memchr(s, '"', size) != NULL) {
		bool whole = enclosed(s, size, '"');
		*(whole ? &t->enclosed : &t->stray) += 1;
		return whole || s[0] == '"' ? SUSPICIOUS : PLAIN;
	}
	if (f->quote[0] == '"' && enclosed(s, size, '\'')) {
		return SUSPICIOUS;
	}
	if (cell_kind(s, size) != CELL_TEXT) {
		return TYPED;
	}
	return holds_delimiter(s, size, f->delimiter[0]) ? SUSPICIOUS : PLAIN;
}

static void describe_row(struct row *row, const struct record *r)
{
	row->title = row->named = true;
	for (size_t i = 0; i < r->n; i++) {
		size_t size = r->fields[i].size;
		enum cell_kind kind = cell_kind(r->fields[i].text, size);
		bool word = kind == CELL_TEXT || kind == CELL_CODE;
		(void)value_trim(r->fields[i].text, &size);
		row->named &= word;
		row->title &= size == 0 || (i == 0 && word);
	}
}

static void read_rows(struct trial *t, const char *text, size_t size)
{
	struct record_reader *r = record_reader_memory(&t->file, text, size);
	struct record record;
	while (t->n < DIALECT_ROWS_MAX && record_reader_next(r, &record, NULL) > 0) {
		struct row row = {
			.width = record.n,
			.line = record.line,
			.faulty = record.kind == RECORD_UNREADABLE,
			.blank = record.kind == RECORD_BLANK,
		};
		for (size_t i = 0; i < record.n && !row.faulty && !row.blank; i++) {
			row.cells += cell_worth(t, &record, i);
		}
		if (!row.faulty && t->n < DIALECT_PREAMBLE_MAX) {
			describe_row(&row, &record);
		}
		t->rows[t->n++] = row;
	}
	record_reader_close(r);
}

/* The commonest width of rows that can be read; of several the larger one. */
static size_t common_width(const struct trial *t)
{
	size_t *counts = xcalloc(CSV_COLUMNS_MAX + 1, sizeof(*counts));
	size_t width = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->rows[i].faulty && !t->rows[i].blank) {
			counts[t->rows[i].width]++;
		}
	}
	for (size_t i = 1; i <= CSV_COLUMNS_MAX; i++) {
		width = counts[i] > 0 && (width == 0 || counts[i] >= counts[width]) ? i : width;
	}
	free(counts);
	return width;
}

/* Titles that a spreadsheet has filled up with delimiters: a header must follow, and then something else. */
static size_t skip_titles(const struct trial *t, size_t from, size_t n)
{
	size_t i = from;
	while (i < n && t->rows[i].title) {
		i++;
	}
	return i > from && t->width >= TITLE_WIDTH_MIN && i + 1 < n && t->rows[i].named &&
			t->rows[i].width == t->width && !t->rows[i + 1].named
		? i
		: from;
}

/* Rows above the table are blank, have few fields, or fewer than the row that can be its header. */
static size_t first_row(const struct trial *t, bool given)
{
	size_t i = 0;
	size_t n = t->n < DIALECT_PREAMBLE_MAX ? t->n : DIALECT_PREAMBLE_MAX;
	while (!given && i < n &&
	       (t->rows[i].blank ||
		(t->width > 1 && (t->rows[i].width <= 1 || t->rows[i].width * 2 <= t->width)))) {
		i++;
	}
	i = given ? i : skip_titles(t, i, n);
	return i < n ? i : 0;
}

static void score(struct trial *t, bool given_preamble)
{
	size_t common = 0;
	size_t rows = 0;
	int64_t cells = 0;
	int64_t worth = 0;
	t->width = common_width(t);
	t->first = first_row(t, given_preamble);
	if (t->width <= 1) {
		return;
	}
	for (size_t i = t->first; i < t->n; i++) {
		if (t->rows[i].blank) {
			continue;
		}
		rows++;
		if (!t->rows[i].faulty && t->rows[i].width == t->width) {
			common++;
			cells += (int64_t)t->width;
			worth += t->rows[i].cells;
		}
	}
	double share = (double)common / (double)(rows > 0 ? rows : 1);
	double type = cells > 0 ? (double)worth / (double)cells / TYPED : 0;
	double width = (double)t->width;
	double all = share * share * (width - 1) / width * type * type;
	if (t->file.delimiter[0] == ':') {
		all *= 0.6; /* times and "name: value" have it */
	}
	if (t->rows[t->first].width != t->width) {
		all *= 0.7; /* the header should fit */
	}
	if (t->enclosed > 0 && t->enclosed >= t->stray) {
		all *= 0.5; /* what stands in quotes was quoted */
	}
	t->score = (int)(all * 1000);
}

/* ---- all of them ---- */

struct search {
	const char *text;
	size_t size;
	struct trial best;
	char hint;
	const struct dialect_given *given;
};

static bool is_given(const struct dialect_given *g, const struct source_file *f)
{
	return (g->quote == NULL || strcmp(g->quote, f->quote) == 0) &&
		(g->escape < 0 || g->escape == f->escape);
}

/* Keeps the better one; of equals the first. */
static void try_dialect(struct search *s, const struct source_file *dialect)
{
	struct trial t = { .file = *dialect };
	if (!is_given(s->given, dialect)) {
		return;
	}
	t.rows = xcalloc(DIALECT_ROWS_MAX, sizeof(*t.rows));
	read_rows(&t, s->text, s->size);
	score(&t, s->given->preamble_lines >= 0);
	if (s->hint == t.file.delimiter[0] && t.width > 1) {
		t.score += t.score / 2;
	}
	if (s->best.rows == NULL || t.score > s->best.score) {
		free(s->best.rows);
		s->best = t;
	} else {
		free(t.rows);
	}
}

static bool holds(const struct search *s, const char *what)
{
	return memmem(s->text, s->size, what, strlen(what)) != NULL;
}

/* A ' is a quote only where it encloses fields. */
static bool holds_single_quotes(const struct search *s, char delimiter)
{
	const char opens[] = { delimiter, '\'', '\0' };
	const char closes[] = { '\'', delimiter, '\0' };
	return holds(s, opens) && holds(s, closes);
}

/* With the quote that is given, in each way of escaping it that may be. */
static void try_quote(struct search *s, const struct source_file *dialect)
{
	struct source_file f = *dialect;
	const char escaped[] = { '\\', s->given->quote[0], '\0' };
	f.quote = s->given->quote;
	try_dialect(s, &f);
	if (s->given->escape == ESCAPE_BACKSLASH || (f.quote[0] != '\0' && holds(s, escaped))) {
		f.escape = ESCAPE_BACKSLASH;
		try_dialect(s, &f);
	}
}

static void try_delimiter(struct search *s, const char *name)
{
	char delimiter = name[0];
	struct source_file f = {
		.path = "",
		.encoding = "utf-8",
		.delimiter = name,
		.quote = "\"",
		.preamble_lines = s->given->preamble_lines > 0 ? s->given->preamble_lines : 0,
	};
	if (s->given->quote != NULL) {
		try_quote(s, &f);
		return;
	}
	try_dialect(s, &f);
	if (s->given->escape == ESCAPE_BACKSLASH) {
		f.escape = ESCAPE_BACKSLASH;
		try_dialect(s, &f);
	}
	if (holds(s, "\"")) {
		if (holds(s, "\\\"")) {
			f.escape = ESCAPE_BACKSLASH;
			try_dialect(s, &f);
		}
		f.escape = s->given->escape == ESCAPE_BACKSLASH ? ESCAPE_BACKSLASH : ESCAPE_DOUBLED;
		f.quote = "";
		try_dialect(s, &f);
	}
	if (holds_single_quotes(s, delimiter)) {
		f.quote = "'";
		try_dialect(s, &f);
	}
}

/* ---- header or none ---- */

struct column {
	size_t kinds[CELL_KINDS];
	size_t n; /* not empty */
	size_t years;
	size_t same;   /* as in the first row */
	bool one_size; /* all values have the size of the first one */
	size_t size;
};

static void see_cell(struct column *c, const struct record_field *f,
		     const struct record_field *first)
{
	enum cell_kind kind = cell_kind(f->text, f->size);
	if (kind == CELL_EMPTY) {
		return;
	}
	c->one_size = c->n == 0 || (c->one_size && c->size == f->size);
	c->size = f->size;
	c->n++;
	c->kinds[kind]++;
	c->years += cell_is_year(f->text, f->size) ? 1 : 0;
	c->same += f->size == first->size && memcmp(f->text, first->text, f->size) == 0 ? 1 : 0;
}

/* What a column says about the first row: > 0 it is a header. */
static int column_says(const struct column *c, const struct record_field *first)
{
	enum cell_kind kind = cell_kind(first->text, first->size);
	enum cell_kind most = CELL_TEXT;
	for (int k = CELL_NUMBER; k < CELL_TEXT; k++) {
		most = c->kinds[k] * 10 >= c->n * 8 ? (enum cell_kind)k : most;
	}
	if (c->n == 0 || kind == CELL_EMPTY) {
		return c->n == 0 && (kind == CELL_NUMBER || kind == CELL_DATE) ? -2 : 0;
	}
	if (cell_is_year(first->text, first->size) && c->years * 2 < c->n) {
		return 0; /* years as columns */
	}
	if (kind == CELL_NUMBER || kind == CELL_DATE) {
		return -2;
	}
	if (most == CELL_NUMBER || most == CELL_DATE) {
		return 2;
	}
	if (c->same > 0) {
		return c->same < c->n ? -1 : 0; /* a constant may be named after its value */
	}
	if (most == CELL_CODE) {
		return kind == CELL_CODE ? -1 : 2;
	}
	return c->one_size && c->n > 2 && c->size != first->size ? 1 : 0;
}

struct head {
	struct record_field *fields;
	size_t n;
};

static struct head copy_fields(const struct record *r)
{
	struct head h = { xcalloc(r->n + 1, sizeof(*h.fields)), r->n };
	for (size_t i = 0; i < r->n; i++) {
		h.fields[i].text = xstrndup(r->fields[i].text, r->fields[i].size);
		h.fields[i].size = strlen(h.fields[i].text);
	}
	return h;
}

static void free_fields(struct head *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free((char *)(uintptr_t)h->fields[i].text);
	}
	free(h->fields);
}

static int judge_header(struct record_reader *r, const struct record *first)
{
	struct head head = copy_fields(first);
	struct column *columns = xcalloc(head.n + 1, sizeof(*columns));
	struct record record;
	int says = 0;
	for (int i = 0; i < HEADER_ROWS_MAX && record_reader_next(r, &record, NULL) > 0; i++) {
		for (size_t j = 0; record.rejected == NULL && j < record.n && j < head.n; j++) {
			see_cell(&columns[j], &record.fields[j], &head.fields[j]);
		}
	}
	for (size_t j = 0; j < head.n; j++) {
		says += column_says(&columns[j], &head.fields[j]);
	}
	free(columns);
	free_fields(&head);
	return says;
}

/* Without evidence the first record is a header: so most files are. */
static int find_header(const struct search *s, struct source_file *file)
{
	struct record_reader *r = record_reader_memory(file, s->text, s->size);
	struct record first;
	int says = 0;
	if (record_reader_next(r, &first, NULL) > 0 && first.kind == RECORD_GOOD) {
		says = judge_header(r, &first);
	}
	record_reader_close(r);
	return says;
}

static void try_delimiters(struct search *s)
{
	static const char *const names[] = { ",", ";", "\t", "|", ":" };
	const char *fallback = names[0];
	if (s->given->delimiter != NULL) {
		try_delimiter(s, s->given->delimiter);
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (memchr(s->text, names[i][0], s->size) != NULL) {
			try_delimiter(s, names[i]);
		}
		fallback = names[i][0] == s->hint ? names[i] : fallback;
	}
	if (s->best.score < SCORE_MIN) {
		free(s->best.rows);
		s->best = (struct trial){ 0 };
		try_delimiter(s, fallback);
	}
}

struct dialect dialect_find(const char *text, size_t size, char hint,
			    const struct dialect_given *given, struct source_file *file)
{
	struct search s = { .text = text, .size = size, .hint = hint, .given = given };
	try_delimiters(&s);
	const struct trial *t = &s.best;
	struct dialect ret = { t->n, t->width, t->score, false };
	file->delimiter = t->file.delimiter;
	file->quote = t->file.quote;
	file->escape = t->file.escape;
	file->header = false;
	file->preamble_lines = t->first > 0 ? t->rows[t->first].line - 1 : t->file.preamble_lines;
	int says = find_header(&s, file);
	file->header = given->header >= 0 ? given->header > 0 : says >= 0;
	ret.header_evidence = says != 0;
	free(s.best.rows);
	return ret;
}
