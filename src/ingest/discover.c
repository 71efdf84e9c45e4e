/*
 * Which files of a folder are sources. Every *.csv that is a regular file becomes one, read once for its
 * header and its hash; what is left aside is listed with the reason. A file that looks like a source but
 * cannot be one stops the run: leaving it out in silence would lose its data.
 */
#include "ingest/ingest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/map.h"
#include "base/utf8.h"
#include "ingest/reader.h"
#include "ingest/names.h"

enum { SKIPPED_SHOWN_MAX = 5 };

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_folder(const char *folder, struct arena *a, texts *ret, struct bldr_error *err)
{
	DIR *dir = opendir(folder);
	if (dir == NULL) {
		if (errno == ENOTDIR) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "\"%s\" is not a folder: name the folder that holds "
					      "the CSV files",
					      folder);
		}
		return source_os_error("open the source folder", folder, errno, err);
	}
	texts names = { 0 };
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (entry == NULL) {
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			*LIST_ADD(a, &names) = arena_strdup(a, entry->d_name);
		}
	}
	int number = errno;
	closedir(dir);
	if (number != 0) {
		return source_os_error("read the source folder", folder, number, err);
	}
	if (names.n > 0) {
		qsort(names.at, names.n, sizeof(*names.at), compare_names);
	}
	*ret = names;
	return 0;
}

/* ---- names ---- */

/* Lower case snake_case of a file's stem: InvoiceLine.csv is invoice_line. Never empty. */
static const char *snake_case(const char *path, struct arena *a)
{
	char *stem = arena_strndup(a, path, strlen(path) - strlen(".csv"));
	for (char *c = stem; *c != '\0'; c++) {
		*c = (char)((unsigned char)*c < 0x80 ? *c : ' ');
	}
	texts words = name_words(a, stem);
	const char *name = words.n == 0 ? "t" : words.at[0];
	if (isdigit((unsigned char)name[0]) != 0) {
		name = arena_printf(a, "t_%s", name);
	}
	for (size_t i = 1; i < words.n; i++) {
		name = arena_printf(a, "%s_%s", name, words.at[i]);
	}
	return name;
}

static const char *table_name(const char *path, struct map *taken, struct arena *a)
{
	const char *stem = snake_case(path, a);
	const char *name = stem;
	for (int i = 2; map_find(taken, name, strlen(name)) != NULL; i++) {
		name = arena_printf(a, "%s_%d", stem, i);
	}
	*map_at(taken, name, strlen(name)) = taken;
	return name;
}

/* ---- the header ---- */

static bool blank(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (s[i] != ' ' && s[i] != '\t') {
			return false;
		}
	}
	return true;
}

/* SQL does not tell names by case, so neither does this. */
static void **fold_at(struct map *m, const char *s, size_t size, struct arena *a)
{
	char *folded = arena_strndup(a, s, size);
	for (size_t i = 0; i < size; i++) {
		folded[i] = (char)tolower((unsigned char)folded[i]);
	}
	return map_at(m, folded, size);
}

static int check_header(const char *path, const struct csv_record *header, struct bldr_error *err)
{
	long long line = header->line;
	if (header->raw_size >= 2 &&
	    (memcmp(header->raw, "\xFF\xFE", 2) == 0 || memcmp(header->raw, "\xFE\xFF", 2) == 0)) {
		return bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is in UTF-16: save it as UTF-8",
				      path);
	}
	if (header->rejected != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the header of \"%s\" in line %lld cannot be read: %s", path,
				      line, header->rejected);
	}
	if (header->n == CSV_COLUMNS_MAX) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "the header of \"%s\" names %d columns or more", path,
				      CSV_COLUMNS_MAX);
	}
	const struct csv_field *first = &header->fields[0];
	if (header->n == 1 &&
	    (memchr(first->text, ';', first->size) != NULL ||
	     memchr(first->text, '\t', first->size) != NULL ||
	     memchr(first->text, '|', first->size) != NULL)) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" does not seem to be separated by commas: its header "
				      "is the one name \"%.*s\"",
				      path, (int)utf8_cut(first->text, first->size, 60),
				      first->text);
	}
	return 0;
}

static int take_columns(const char *path, const struct csv_record *header, struct arena *a,
			texts *ret, struct bldr_error *err)
{
	int rc = 0;
	struct map *seen = map_new();
	for (size_t i = 0; i < header->n && rc == 0; i++) {
		const struct csv_field *f = &header->fields[i];
		if (blank(f->text, f->size)) {
			rc = bldr_error_set(
				err, BLDR_E_INVALID,
				"column %zu of \"%s\" has no name in the header, line %lld", i + 1,
				path, (long long)header->line);
			break;
		}
		void **place = fold_at(seen, f->text, f->size, a);
		if (*place != NULL) {
			rc = bldr_error_set(err, BLDR_E_INVALID,
					    "the header of \"%s\", line %lld, names \"%.*s\" twice: "
					    "columns %zu and %zu",
					    path, (long long)header->line, (int)f->size, f->text,
					    (size_t)(uintptr_t)*place, i + 1);
			break;
		}
		*place = (void *)(uintptr_t)(i + 1);
		*LIST_ADD(a, ret) = arena_strndup(a, f->text, f->size);
	}
	map_free(seen);
	return rc;
}

/* ---- files ---- */

/* Reads one file. *ret_reason: why it is no source although nothing is wrong, else NULL. */
static int read_file(const char *folder, struct source_file *file, struct arena *a,
		     const char **ret_reason, struct bldr_error *err)
{
	struct csv_reader *r;
	struct csv_record header;
	char hash[HASH_HEX_MAX];
	int rc = csv_reader_discover(folder, file, &r, err);
	if (rc != 0) {
		if (err != NULL && rc == BLDR_E_NOT_FOUND) { /* it was listed a moment ago */
			err->code = BLDR_E_IO;
		}
		return rc == BLDR_E_NOT_FOUND ? BLDR_E_IO : rc;
	}
	rc = csv_reader_header(r, &header, err);
	if (rc == 0) {
		*ret_reason = "empty: it has no header";
	} else if (rc > 0) {
		rc = check_header(file->path, &header, err);
		rc = rc != 0 ? rc : take_columns(file->path, &header, a, &file->columns, err);
	}
	file->bom = csv_reader_bom(r);
	rc = rc != 0 ? rc : csv_reader_drain(r, hash, &file->bytes, err);
	file->hash = rc == 0 ? arena_strdup(a, hash) : NULL;
	csv_reader_close(r);
	return rc;
}

/* A link that leads out of the folder could hand a stranger's file to the warehouse. */
static int check_link(const char *folder, const char *name, const char *path,
		      const char **ret_reason, struct bldr_error *err)
{
	char *target = realpath(path, NULL);
	if (target == NULL) {
		source_os_error("open", path, errno, err);
		if (err != NULL) {
			err->code = BLDR_E_IO;
		}
		return BLDR_E_IO;
	}
	char *top = realpath(folder, NULL);
	size_t n = top != NULL ? strlen(top) : 0;
	bool inside = top != NULL && strncmp(target, top, n) == 0 &&
		(target[n] == '/' || (n == 1 && top[0] == '/'));
	free(top);
	free(target);
	if (!inside) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "\"%s\" is a symbolic link that leads out of the source "
				      "folder: copy the file into it",
				      name);
	}
	*ret_reason = "a symbolic link to another file of the folder";
	return 0;
}

/* Sets *ret_reason when the entry is no candidate. */
static int look_at(const char *folder, const char *name, const char **ret_reason,
		   struct bldr_error *err)
{
	size_t size = strlen(name);
	size_t suffix = strlen(".csv");
	bool csv = size >= suffix && strcasecmp(name + size - suffix, ".csv") == 0;
	if (name[0] == '.') {
		*ret_reason = "a hidden file";
		return 0;
	}
	char *path = xasprintf("%s/%s", folder, name);
	struct stat st;
	int rc = 0;
	if (lstat(path, &st) != 0) {
		rc = source_os_error("open", path, errno, err);
	} else if (S_ISDIR(st.st_mode)) {
		*ret_reason = "a folder";
	} else if (!csv) {
		*ret_reason = "not a CSV file";
	} else if (S_ISLNK(st.st_mode)) {
		rc = check_link(folder, name, path, ret_reason, err);
	} else if (!S_ISREG(st.st_mode)) {
		*ret_reason = "not a regular file";
	} else if (!utf8_valid(name, size)) {
		rc = bldr_error_set(err, BLDR_E_INVALID,
				    "a file name in \"%s\" is not valid UTF-8: rename it", folder);
	}
	free(path);
	return rc;
}

static int no_sources(const char *folder, const struct sources *s, struct bldr_error *err)
{
	struct buf found;
	buf_init(&found, BLDR_ERROR_TEXT_MAX);
	for (size_t i = 0; i < s->skipped.n && i < SKIPPED_SHOWN_MAX; i++) {
		buf_printf(&found, "%s\"%s\" (%s)", i > 0 ? ", " : "", s->skipped.at[i].path,
			   s->skipped.at[i].reason);
	}
	if (s->skipped.n > SKIPPED_SHOWN_MAX) {
		buf_printf(&found, " and %zu more", s->skipped.n - SKIPPED_SHOWN_MAX);
	}
	int rc = s->skipped.n == 0
		? bldr_error_set(err, BLDR_E_INVALID,
				 "the source folder \"%s\" is empty: put CSV files with a "
				 "header into it",
				 folder)
		: bldr_error_set(err, BLDR_E_INVALID,
				 "no CSV file with a header in \"%s\": there is %s", folder,
				 found.data);
	buf_release(&found);
	return rc;
}

/* A name that is not UTF-8 cannot stand in an artefact. */
static const char *shown_name(const char *name, struct arena *a)
{
	size_t size = strlen(name);
	char *shown = arena_alloc(a, size * (sizeof(UTF8_REPLACEMENT) - 1) + 1);
	size_t n = 0;
	for (size_t i = 0; i < size;) {
		bool valid;
		size_t step = utf8_next(name + i, size - i, &valid);
		const char *from = valid ? name + i : UTF8_REPLACEMENT;
		size_t length = valid ? step : sizeof(UTF8_REPLACEMENT) - 1;
		memcpy(shown + n, from, length);
		n += length;
		i += step;
	}
	return shown;
}

/* Takes one entry of the folder in: as a source, or as skipped with the reason. */
static int take_entry(const char *folder, const char *name, struct map *taken, struct arena *a,
		      struct sources *s, struct bldr_error *err)
{
	const char *reason = NULL;
	struct source_file file = {
		.path = name,
		.encoding = "utf-8",
		.delimiter = ",",
		.quote = "\"",
		.header = true,
	};
	int rc = look_at(folder, name, &reason, err);
	if (rc == 0 && reason == NULL) {
		rc = read_file(folder, &file, a, &reason, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (reason != NULL) {
		*LIST_ADD(a, &s->skipped) = (struct source_skipped){ shown_name(name, a), reason };
		return 0;
	}
	file.table = table_name(file.path, taken, a);
	*LIST_ADD(a, &s->files) = file;
	return 0;
}

int ingest_discover(const char *folder, struct arena *a, struct sources *ret, struct bldr_error *err)
{
	texts names;
	struct sources s = { .head = { .version = 1 } };
	int rc = list_folder(folder, a, &names, err);
	if (rc != 0) {
		return rc;
	}

	struct map *taken = map_new();
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		rc = take_entry(folder, names.at[i], taken, a, &s, err);
	}
	map_free(taken);
	if (rc == 0 && s.files.n == 0) {
		rc = no_sources(folder, &s, err);
	}
	if (rc == 0) {
		*ret = s;
	}
	return rc;
}

int ingest_discover_file(const char *folder, const char *name, struct arena *a, struct sources *ret,
			 struct bldr_error *err)
{
	struct sources s = { .head = { .version = 1 } };
	struct map *taken = map_new();
	int rc = take_entry(folder, name, taken, a, &s, err);
	map_free(taken);
	if (rc == 0 && s.files.n == 0) {
		rc = bldr_error_set(err, BLDR_E_INVALID, "\"%s\" is no source: %s",
				    s.skipped.at[0].path, s.skipped.at[0].reason);
	}
	if (rc == 0) {
		*ret = s;
	}
	return rc;
}

int ingest_verify(const char *folder, const struct sources *sources, struct bldr_error *err)
{
	for (size_t i = 0; i < sources->files.n; i++) {
		const struct source_file *file = &sources->files.at[i];
		char hash[HASH_HEX_MAX];
		uint64_t bytes;
		char *path = xasprintf("%s/%s", folder, file->path);
		int rc = file_hash(path, hash, &bytes, err);
		free(path);
		if (rc != 0) {
			return rc;
		}
		if (strcmp(hash, file->hash) != 0) {
			return bldr_error_set(err, BLDR_E_CHANGED,
					      "\"%s\" has changed since it was first read",
					      file->path);
		}
	}
	return 0;
}
