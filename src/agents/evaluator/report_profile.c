/* What the source files hold, as the profile found it, with bars that show shares at a glance. */
#include <string.h>

#include "agents/evaluator/report_parts.h"
#include "agents/evaluator/report_text.h"

enum {
	BAR_WIDTH = 100,
	VALUE_CELLS = 40, /* of a value in a cell of a table */
	UNFOLDED_MAX = 6, /* tables shown unfolded, up to as many */
	TOP_SHOWN = 3     /* most frequent values beside their column, the others folded */
};

const char *report_source_id(const struct report_input *in, const char *table, struct arena *a)
{
	for (size_t i = 0; i < in->profile->tables.n; i++) {
		if (strcmp(in->profile->tables.at[i].table, table) == 0) {
			return arena_printf(a, "source-%zu", i + 1);
		}
	}
	return NULL;
}

/* The width of part in whole; what is there at all is seen. */
static int64_t bar(int64_t part, int64_t whole)
{
	int64_t width = whole > 0 ? part * BAR_WIDTH / whole : 0;
	return part > 0 && width == 0 ? 1 : width;
}

static struct bldr_value *value_text(struct arena *a, const char *text)
{
	return text != NULL ? bldr_text(report_fit(a, text, VALUE_CELLS)) : bldr_null();
}

static struct bldr_value *tokens_value(struct arena *a, const struct token_count *at, size_t n,
				       int64_t rows)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "token", value_text(a, at[i].token));
		bldr_object_set(v, "empty", bldr_bool(at[i].token[0] == '\0'));
		bldr_object_set(v, "count", bldr_text(report_number(a, at[i].count)));
		bldr_object_set(v, "bar", bldr_int(bar(at[i].count, rows)));
		bldr_list_add(list, v);
	}
	return list;
}

static void set_values(struct bldr_value *v, const struct column_profile *c, int64_t rows,
		       struct arena *a)
{
	size_t shown = c->top.n < TOP_SHOWN ? c->top.n : TOP_SHOWN;
	bool unique = c->distinct > 1 && c->distinct == rows - c->nulls;
	if (unique) {
		shown = 0; /* each occurs once: none is more frequent than others */
	}
	bldr_object_set(v, "unique", bldr_bool(unique));
	bldr_object_set(v, "top", tokens_value(a, c->top.at, shown, rows));
	bldr_object_set(v, "more", tokens_value(a, c->top.at + shown, c->top.n - shown, rows));
	bldr_object_set(v, "any_more", bldr_bool(c->top.n > shown));
	bldr_object_set(v, "more_count",
			bldr_textf(unique ? "%zu examples" : "the next %zu", c->top.n - shown));
	bldr_object_set(v, "null_tokens",
			tokens_value(a, c->null_tokens.at, c->null_tokens.n, rows));
}

static const char *number_words(const struct number_format *n, struct arena *a)
{
	const char *out = arena_printf(a, "decimal mark %s", n->decimal_mark);
	if (n->group_mark[0] != '\0') {
		out = arena_printf(a, "%s, groups by %s", out,
				   strcmp(n->group_mark, " ") == 0 ? "blank" : n->group_mark);
	}
	if (n->currencies.n > 0) {
		out = arena_printf(a, "%s, currency %s", out, texts_joined(a, &n->currencies));
	}
	return arena_printf(a, "%s%s%s%s (%s)", out, n->percent ? ", percent points" : "",
			    n->parentheses ? ", parentheses for minus" : "",
			    n->trailing_minus ? ", minus behind" : "", n->evidence);
}

static void add_quirk(struct bldr_value *notes, int64_t n, const char *what, struct arena *a)
{
	if (n > 0) {
		bldr_list_add(notes, bldr_textf("%s %s", report_count(a, n, "value"), what));
	}
}

static struct bldr_value *notes_value(const struct column_profile *c, struct arena *a)
{
	struct bldr_value *notes = bldr_list();
	if (c->number != NULL) {
		bldr_list_add(notes, bldr_text(number_words(c->number, a)));
	}
	add_quirk(notes, c->padded, "with blanks around", a);
	add_quirk(notes, c->leading_zeros, "with leading zeros", a);
	for (size_t i = 0; i < c->date_formats.n; i++) {
		bldr_list_add(notes,
			      bldr_textf("%s reads %s", c->date_formats.at[i].format,
					 report_count(a, c->date_formats.at[i].matches, "value")));
	}
	return notes;
}

static struct bldr_value *exceptions_value(const struct column_profile *c, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < c->exceptions.n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "line", bldr_text(report_number(a, c->exceptions.at[i].line)));
		bldr_object_set(v, "text", value_text(a, c->exceptions.at[i].text));
		bldr_list_add(list, v);
	}
	return list;
}

static struct bldr_value *quantiles_value(const struct column_profile *c, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < c->quantiles.n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "at", bldr_text(c->quantiles.at[i].at));
		bldr_object_set(v, "value", value_text(a, c->quantiles.at[i].value));
		bldr_list_add(list, v);
	}
	return list;
}

static struct bldr_value *column_value(const struct column_profile *c, int64_t rows,
				       const char *plot_id, struct arena *a)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "plot", report_plot(c, rows, plot_id, a));
	bldr_object_set(v, "estimated", bldr_bool(c->distinct_estimated));
	bldr_object_set(v, "nonconforming",
			c->nonconforming > 0 ? bldr_text(report_number(a, c->nonconforming)) : NULL);
	bldr_object_set(v, "any_quantiles", bldr_bool(c->quantiles.n > 0));
	bldr_object_set(v, "quantiles", quantiles_value(c, a));
	bldr_object_set(v, "exceptions_title",
			bldr_text(c->nonconforming > 0 ? "the first that do not conform"
						       : "why not narrower"));
	bldr_object_set(v, "name", bldr_text(c->name));
	bldr_object_set(v, "type", bldr_text(c->type));
	bldr_object_set(v, "nulls", bldr_text(report_number(a, c->nulls)));
	bldr_object_set(v, "distinct", bldr_text(report_number(a, c->distinct)));
	bldr_object_set(v, "min", value_text(a, c->min));
	bldr_object_set(v, "max", value_text(a, c->max));
	bldr_object_set(v, "lengths",
			c->min_length == c->max_length
				? bldr_textf("%lld", (long long)c->min_length)
				: bldr_textf("%lld to %lld", (long long)c->min_length,
					     (long long)c->max_length));
	bldr_object_set(v, "notes", notes_value(c, a));
	bldr_object_set(v, "exceptional", bldr_bool(c->exceptions.n > 0));
	bldr_object_set(v, "exceptions", exceptions_value(c, a));
	set_values(v, c, rows, a);
	return v;
}

static struct bldr_value *rejected_value(const struct table_profile *t, struct arena *a)
{
	struct bldr_value *list = bldr_list();
	for (size_t i = 0; i < t->rejected.n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "line", bldr_text(report_number(a, t->rejected.at[i].line)));
		bldr_object_set(v, "reason", bldr_text(t->rejected.at[i].reason));
		bldr_object_set(v, "raw", bldr_text(t->rejected.at[i].raw));
		bldr_list_add(list, v);
	}
	return list;
}

/* The table's key, and how many records it does not tell apart. */
static void set_key(struct bldr_value *v, const struct table_profile *t, struct arena *a)
{
	const struct key_candidate *key = NULL;
	for (size_t i = 0; i < t->keys.n && key == NULL; i++) {
		key = t->keys.at[i].chosen ? &t->keys.at[i] : NULL;
	}
	bldr_object_set(v, "key", key != NULL ? bldr_text(texts_joined(a, &key->columns)) : NULL);
	bldr_object_set(v, "duplicates",
			key != NULL && key->duplicates > 0
				? bldr_text(report_count(a, key->duplicates, "duplicate record"))
				: NULL);
}

static struct bldr_value *table_value(const struct report_input *in, const struct table_profile *t,
				      struct arena *a)
{
	struct bldr_value *v = bldr_object();
	struct bldr_value *columns = bldr_list();
	int64_t unshown = t->rejected_rows - (int64_t)t->rejected.n;
	for (size_t i = 0; i < t->columns.n; i++) {
		const char *plot_id =
			arena_printf(a, "plot-%s-%zu", report_source_id(in, t->table, a), i + 1);
		bldr_list_add(columns, column_value(&t->columns.at[i], t->rows, plot_id, a));
	}
	bldr_object_set(v, "id", bldr_text(report_source_id(in, t->table, a)));
	bldr_object_set(v, "table", bldr_text(t->table));
	bldr_object_set(v, "path", bldr_text(t->path));
	bldr_object_set(v, "rows", bldr_text(report_count(a, t->rows, "row")));
	bldr_object_set(v, "column_count",
			bldr_text(report_count(a, (int64_t)t->columns.n, "column")));
	bldr_object_set(v, "rejected_count",
			bldr_text(report_count(a, t->rejected_rows, "rejected record")));
	bldr_object_set(v, "any_rejected", bldr_bool(t->rejected_rows > 0));
	bldr_object_set(v, "unshown", unshown > 0 ? bldr_text(report_number(a, unshown)) : NULL);
	bldr_object_set(v, "rejected", rejected_value(t, a));
	set_key(v, t, a);
	bldr_object_set(v, "open", bldr_bool(in->profile->tables.n <= UNFOLDED_MAX));
	bldr_object_set(v, "columns", columns);
	return v;
}

static void set_dialect(struct bldr_value *v, const struct source_file *f, struct arena *a)
{
	bool csv = f->format == FORMAT_CSV;
	const char *delimiter = strcmp(f->delimiter, "\t") == 0 ? "tab" : f->delimiter;
	bldr_object_set(v, "encoding", bldr_text(f->encoding));
	bldr_object_set(v, "bom", bldr_bool(f->bom));
	bldr_object_set(v, "packed", bldr_text(f->compression == COMPRESSION_GZIP ? "gzip" : NULL));
	bldr_object_set(v, "json",
			bldr_text(f->format == FORMAT_JSONL          ? "one JSON object per line"
					  : f->format == FORMAT_JSON ? "a JSON array of objects"
								     : NULL));
	bldr_object_set(v, "delimiter", csv ? bldr_text(delimiter) : NULL);
	bldr_object_set(v, "quote", csv && f->quote[0] != '\0' ? bldr_text(f->quote) : NULL);
	bldr_object_set(v, "unquoted", bldr_bool(csv && f->quote[0] == '\0'));
	bldr_object_set(v, "backslash", bldr_bool(csv && f->escape == ESCAPE_BACKSLASH));
	bldr_object_set(v, "headless", bldr_bool(csv && !f->header));
	bldr_object_set(v, "preamble",
			f->preamble_lines > 0
				? bldr_text(report_count(a, f->preamble_lines, "line"))
				: NULL);
	bldr_object_set(v, "not_rows",
			f->not_rows.n > 0 ? bldr_text(texts_joined(a, &f->not_rows)) : NULL);
}

static struct bldr_value *file_value(const struct report_input *in, const struct source_file *f,
				     struct arena *a)
{
	struct bldr_value *v = bldr_object();
	bldr_object_set(v, "path", bldr_text(f->path));
	bldr_object_set(v, "table", bldr_text(f->table));
	bldr_object_set(v, "id", bldr_text(report_source_id(in, f->table, a)));
	bldr_object_set(v, "bytes", bldr_text(report_number(a, f->bytes)));
	set_dialect(v, f, a);
	bldr_object_set(v, "notes", texts_value(&f->notes));
	bldr_object_set(v, "hash", bldr_text(f->hash));
	return v;
}

struct bldr_value *report_profile(const struct report_input *in, struct arena *a)
{
	struct bldr_value *part = bldr_object();
	struct bldr_value *files = bldr_list();
	struct bldr_value *skipped = bldr_list();
	struct bldr_value *tables = bldr_list();
	for (size_t i = 0; i < in->sources->files.n; i++) {
		bldr_list_add(files, file_value(in, &in->sources->files.at[i], a));
	}
	for (size_t i = 0; i < in->sources->skipped.n; i++) {
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "path", bldr_text(in->sources->skipped.at[i].path));
		bldr_object_set(v, "reason", bldr_text(in->sources->skipped.at[i].reason));
		bldr_list_add(skipped, v);
	}
	for (size_t i = 0; i < in->profile->tables.n; i++) {
		bldr_list_add(tables, table_value(in, &in->profile->tables.at[i], a));
	}
	bldr_object_set(part, "files", files);
	bldr_object_set(part, "any_skipped", bldr_bool(in->sources->skipped.n > 0));
	bldr_object_set(part, "skipped_count",
			bldr_text(report_count(a, (int64_t)in->sources->skipped.n, "file")));
	bldr_object_set(part, "skipped", skipped);
	bldr_object_set(part, "tables", tables);
	return part;
}
