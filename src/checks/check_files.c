/*
 * S1: each file reads as sources declares it; raw_table_read has refused the run otherwise, so what is left are notes:
 * lines above the header, no header, names that the star cannot keep, another encoding, and what discovery noted. S2:
 * per column of a file the words that stand for null, and the values with blanks around them. Both are info: nothing is
 * wrong, but a reader of the star should know.
 */
#include "checks/trial.h"

#include <string.h>

#include "base/check.h"
#include "checks/layers.h"

/* ---- S1 ---- */

static const char *dialect_words(const struct trial *t, const struct source_file *f)
{
	static const char *const formats[] = { "csv", "JSON lines", "a JSON array" };
	const char *packed = f->compression == COMPRESSION_GZIP ? "gzip of " : "";
	const char *mark = f->bom ? " with byte order mark" : "";
	if (f->format != FORMAT_CSV) {
		return arena_printf(t->arena, "%s%s, %s%s, %zu keys", packed, formats[f->format],
				    f->encoding, mark, f->columns.n);
	}
	const char *delimiter = f->delimiter[0] == '\t' ? "tab" : f->delimiter;
	const char *quote = f->quote != NULL && f->quote[0] != '\0' ? f->quote : "none";
	return arena_printf(t->arena, "%scsv, %s%s, delimiter %s, quote %s%s, %zu columns", packed,
			    f->encoding, mark, delimiter, quote,
			    f->escape == ESCAPE_BACKSLASH ? " behind a backslash" : "",
			    f->columns.n);
}

static void note(struct trial *t, const struct source_file *f, const char *kind,
		 const char *expected, const char *found, struct verdict *v)
{
	v->severity = SEVERITY_INFO;
	v->expected = expected;
	v->found = found;
	v->blame = "data";
	v->why = "the file is written so; it was read accordingly";
	trial_report(t, "S1", arena_printf(t->arena, "%s %s", f->table, kind), v);
}

static void note_preamble(struct trial *t, const struct relation *r)
{
	struct verdict v = { 0 };
	const char *at = r->raw.bytes + (r->file->bom ? 3 : 0);
	if (r->file->preamble_lines == 0) {
		return;
	}
	for (int64_t i = 0; i < r->file->preamble_lines; i++) {
		size_t size = strcspn(at, "\r\n");
		trial_sample(t, &v, "%s:%lld: %.*s", r->file->path, (long long)i + 1,
			     size < 100 ? (int)size : 100, at);
		at += size;
		at += at[0] == '\r' && at[1] == '\n' ? 2 : at[0] != '\0';
	}
	note(t, r->file, "preamble", "the file begins with its header or first record",
	     arena_printf(t->arena, "%lld lines stand above it in %s and are no records",
			  (long long)r->file->preamble_lines, r->file->path),
	     &v);
}

static void note_header(struct trial *t, const struct relation *r)
{
	struct verdict v = { 0 };
	const struct source_file *f = r->file;
	if (f->format != FORMAT_CSV || f->header) {
		return;
	}
	note(t, f, "header", "the first record names the columns",
	     f->own_names.n > 0
		     ? arena_printf(t->arena, "%s has no header: bldr.json names its columns",
				    f->path)
		     : arena_printf(t->arena,
				    "%s has no header: its columns are column_1 to column_%zu",
				    f->path, f->columns.n),
	     &v);
}

static bool is_plain_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	return name[strspn(name, letters)] == '\0';
}

static void note_names(struct trial *t, const struct relation *r)
{
	struct verdict v = { 0 };
	const struct source_file *f = r->file;
	size_t n = 0;
	for (size_t i = 0; i < f->columns.n; i++) {
		const char *name = f->columns.at[i];
		const char *written = i < r->raw.written.n ? r->raw.written.at[i] : name;
		if (strcmp(name, written) != 0 || !is_plain_name(name)) {
			n++;
			trial_sample(t, &v, "column %zu, written \"%.60s\", is called \"%.60s\"",
				     i + 1, written, name);
		}
	}
	if (n > 0) {
		note(t, f, "names", "names that a table may have",
		     arena_printf(t->arena, "%zu of %zu columns of %s get another name on the way",
				  n, f->columns.n, f->path),
		     &v);
	}
}

static void note_rest(struct trial *t, const struct source_file *f)
{
	struct verdict v = { 0 };
	for (size_t i = 0; i < f->notes.n; i++) {
		trial_sample(t, &v, "%s", f->notes.at[i]);
	}
	if (f->notes.n > 0) {
		note(t, f, "notes", "nothing to note",
		     arena_printf(t->arena, "%zu notes on how %s is read", f->notes.n, f->path),
		     &v);
	}
}

static void check_reading(struct trial *t, const struct relation *r)
{
	struct verdict v = { .passed = true };
	v.expected = dialect_words(t, r->file);
	v.found = arena_printf(t->arena, "so it is: %zu records, %zu more set aside",
			       r->raw.records.n, r->raw.rejects.n);
	trial_report(t, "S1", r->file->table, &v);
	note_preamble(t, r);
	note_header(t, r);
	note_names(t, r);
	note_rest(t, r->file);
}

/* ---- S2 ---- */

struct token_tally {
	const char *token;
	size_t n;
};

struct column_tally {
	LIST(struct token_tally) tokens; /* in the order of the file */
	size_t words, empty, padded;
};

static void count_token(struct column_tally *tally, const char *token, struct arena *a)
{
	for (size_t i = 0; i < tally->tokens.n; i++) {
		if (strcmp(tally->tokens.at[i].token, token) == 0) {
			tally->tokens.at[i].n++;
			return;
		}
	}
	*LIST_ADD(a, &tally->tokens) = (struct token_tally){ token, 1 };
}

static void tally_column(const struct trial *t, const struct relation *r, size_t column,
			 const struct column_decision *d, struct column_tally *tally,
			 struct verdict *v)
{
	for (size_t i = 0; i < r->raw.records.n; i++) {
		const char *text = relation_text(r, i, column);
		bool padded = value_is_padded(text);
		if (!value_is_null(d, text)) {
			tally->padded += padded;
			if (padded) {
				trial_sample(t, v, "%s:%lld: \"%.80s\"", r->file->path,
					     (long long)r->raw.records.at[i].line, text);
			}
			continue;
		}
		const char *word = value_trimmed(text, t->arena);
		if (word[0] == '\0') {
			tally->empty++;
		} else {
			tally->words++;
			count_token(tally, word, t->arena);
		}
	}
}

static const char *tally_words(const struct trial *t, const struct column_tally *tally)
{
	const char *words = arena_printf(t->arena, "%zu values empty", tally->empty);
	for (size_t i = 0; i < tally->tokens.n; i++) {
		words = arena_printf(t->arena, "%s, %zu \"%s\"", words, tally->tokens.at[i].n,
				     tally->tokens.at[i].token);
	}
	return arena_printf(t->arena, "%s; %zu with blanks around them", words, tally->padded);
}

static void check_writing(struct trial *t, struct relation *r, size_t column)
{
	struct verdict v = { .severity = SEVERITY_INFO };
	struct column_tally tally = { 0 };
	const struct relation_column *c = relation_column(&t->relations, r, column);
	tally_column(t, r, column, &c->decision, &tally, &v);
	bool missing = r->file->format != FORMAT_CSV && tally.empty > 0;
	v.passed = tally.words + tally.padded == 0 && !missing;
	v.expected = "no word for null, no blanks around values";
	v.found = tally_words(t, &tally);
	v.blame = "data";
	v.why = missing
		? "the file leaves values out: they are null in the star; blanks are cut"
		: "the file has words for no value: they are null in the star; blanks are cut";
	trial_report(t, "S2", arena_printf(t->arena, "%s.%s", r->file->table, c->name), &v);
}

int check_files(struct trial *t, struct bldr_error *err)
{
	(void)err;
	for (size_t i = 0; i < t->relations.tables.n; i++) {
		struct relation *r = &t->relations.tables.at[i];
		check_reading(t, r);
		for (size_t c = 0; layer_is_used(t, r->file->table) && c < r->raw.columns; c++) {
			check_writing(t, r, c);
		}
	}
	return 0;
}
