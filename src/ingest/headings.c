#include "ingest/headings.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "ingest/infer.h"
#include "ingest/reader.h"

static void note(struct source_file *file, struct arena *a, const char *text)
{
	if (file->notes.n < HEADINGS_NOTES_MAX) {
		*LIST_ADD(a, &file->notes) = text;
	}
}

/* ---- names ---- */

/* SQL does not tell names by case, so neither does this. */
static void **fold_at(struct map *m, const char *s, struct arena *a)
{
	char *folded = arena_strdup(a, s);
	for (char *c = folded; *c != '\0'; c++) {
		*c = (char)tolower((unsigned char)*c);
	}
	return map_at(m, folded, strlen(folded));
}

/* taken: each name with the number that the next one that is named so tries first; all before it are taken. */
static const char *free_name(struct map *taken, const char *name, struct arena *a)
{
	const char *found = name;
	int *number = *fold_at(taken, name, a);
	while (number != NULL && *fold_at(taken, found, a) != NULL) {
		found = arena_printf(a, "%s_%d", name, (*number)++);
	}
	number = ARENA_NEW(a, int);
	*number = 2;
	*fold_at(taken, found, a) = number;
	return found;
}

void headings_name(const texts *written, struct arena *a, struct source_file *file)
{
	struct map *taken = map_new();
	for (size_t i = 0; i < written->n; i++) {
		const char *name = written->at[i];
		size_t size = strlen(name);
		name = value_trim(name, &size);
		const char *wanted = size > 0 ? arena_strndup(a, name, size)
					      : arena_printf(a, "column_%zu", i + 1);
		const char *given = free_name(taken, wanted, a);
		if (size == 0) {
			note(file, a,
			     arena_printf(a, "column %zu has no name in the header: it is %s",
					  i + 1, given));
		} else if (given != wanted) {
			note(file, a,
			     arena_printf(a, "column %zu is named \"%s\" as another is: it is %s",
					  i + 1, wanted, given));
		}
		*LIST_ADD(a, &file->columns) = given;
	}
	map_free(taken);
}

void headings_number(size_t n, struct arena *a, struct source_file *file)
{
	for (size_t i = 0; i < n; i++) {
		*LIST_ADD(a, &file->columns) = arena_printf(a, "column_%zu", i + 1);
	}
}

/* ---- totals ---- */

static const char *const words[] = {
	"grand totals",  "grand total", "sub-totals", "sub-total", "sub totals",
	"sub total",     "subtotals",   "subtotal",   "totals",    "total general",
	"total",         "totaal",      "totale",     "sum",       "gesamtsumme",
	"zwischensumme", "endsumme",    "summe",      "gesamt",    "insgesamt",
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

struct word {
	const char *text; /* as written */
	size_t totals, rows;
};

struct tally {
	struct arena *arena;
	LIST(struct word) words;
	size_t rows, sparse; /* that begin with none of them; lack half of their fields */
};

/* The word's bytes in the field, which begins with it; NULL: with none. */
static const char *total_word(const char *s, size_t size, struct arena *a)
{
	s = value_trim(s, &size);
	for (size_t i = 0; i < WORDS; i++) {
		size_t n = strlen(words[i]);
		if (size >= n && strncasecmp(s, words[i], n) == 0) {
			const char *word = arena_strndup(a, s, n);
			if (reader_is_total(s, size, word)) { /* not "sum" of "summe" */
				return word;
			}
		}
	}
	return NULL;
}

static void see_record(struct tally *t, const struct record *r)
{
	size_t empty = 0;
	for (size_t i = 0; i < r->n; i++) {
		size_t size = r->fields[i].size;
		(void)value_trim(r->fields[i].text, &size);
		empty += size == 0 ? 1 : 0;
	}
	bool sparse = empty * 2 >= r->n;
	const char *text = total_word(r->fields[0].text, r->fields[0].size, t->arena);
	if (text == NULL) {
		t->rows++;
		t->sparse += sparse ? 1 : 0;
		return;
	}
	for (size_t i = 0; i < t->words.n; i++) {
		if (strcmp(t->words.at[i].text, text) == 0) {
			*(sparse ? &t->words.at[i].totals : &t->words.at[i].rows) += 1;
			return;
		}
	}
	*LIST_ADD(t->arena, &t->words) =
		(struct word){ text, .totals = sparse ? 1 : 0, .rows = sparse ? 0 : 1 };
}

static void see_records(struct tally *t, const struct source_file *file, const char *text,
			size_t size)
{
	struct record_reader *r = record_reader_memory(file, text, size);
	struct record record;
	while (record_reader_next(r, &record, NULL) > 0) {
		if (record.kind == RECORD_GOOD && record.n == file->columns.n) {
			see_record(t, &record);
		}
	}
	record_reader_close(r);
}

void headings_totals(const struct first_look *look, struct arena *a, struct source_file *file)
{
	struct tally t = { .arena = a };
	struct source_file end = *file;
	if (file->columns.n < 3) {
		return;
	}
	end.header = false;
	end.preamble_lines = 0;
	see_records(&t, file, look->head, look->head_size);
	see_records(&t, &end, look->tail, look->tail_size);
	if (t.sparse * 2 > t.rows) {
		return;
	}
	for (size_t i = 0; i < t.words.n; i++) {
		const struct word *w = &t.words.at[i];
		if (w->rows == 0 && w->totals * 5 <= t.rows) {
			*LIST_ADD(a, &file->not_rows) = w->text;
			note(file, a,
			     arena_printf(a, "records that begin with %s are totals, no rows",
					  w->text));
		}
	}
}
