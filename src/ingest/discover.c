/*
 * Which files of a folder are sources. A regular file with a name of data is looked at whole (first_look); what it
 * is, its content says. What is left aside is listed with the reason, never left out in silence.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/map.h"
#include "base/utf8.h"
#include "ingest/dialect.h"
#include "ingest/first_look.h"
#include "ingest/given.h"
#include "ingest/headings.h"
#include "ingest/names.h"
#include "ingest/reader.h"

enum { SKIPPED_SHOWN_MAX = 5, JSON_LINES_LOOKED_AT = 100, TABLE_SCORE_MIN = 300 };

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
					      "the files",
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

static const char *const extensions[] = { "csv", "tsv",  "txt",   "tab",   "psv",
					  "dat", "json", "jsonl", "ndjson" };
enum { EXTENSIONS = sizeof(extensions) / sizeof(extensions[0]) };

static bool ends_in(const char *path, size_t size, const char *extension)
{
	size_t n = strlen(extension);
	return size > n && path[size - n - 1] == '.' &&
		strncasecmp(path + size - n, extension, n) == 0;
}

/* The path's bytes without .gz. */
static size_t unpacked_size(const char *path)
{
	size_t size = strlen(path);
	return ends_in(path, size, "gz") ? size - strlen(".gz") : size;
}

/* The one of extensions in which the path ends, .gz aside; "": none. */
static const char *extension_of(const char *path)
{
	for (size_t i = 0; i < EXTENSIONS; i++) {
		if (ends_in(path, unpacked_size(path), extensions[i])) {
			return extensions[i];
		}
	}
	return "";
}

/* Kinds of files that hold data and are not read. What to do about them. */
static const struct {
	const char *extension, *reason;
} unread[] = {
	{ "xlsx", "a spreadsheet: save each sheet as a CSV file" },
	{ "xlsm", "a spreadsheet: save each sheet as a CSV file" },
	{ "xlsb", "a spreadsheet: save each sheet as a CSV file" },
	{ "xls", "a spreadsheet: save each sheet as a CSV file" },
	{ "ods", "a spreadsheet: save each sheet as a CSV file" },
	{ "zip", "an archive: unpack it" },
	{ "tar", "an archive: unpack it" },
	{ "tgz", "an archive: unpack it" },
	{ "7z", "an archive: unpack it" },
	{ "rar", "an archive: unpack it" },
	{ "bz2", "packed in a way that is not read: unpack it, or pack it with gzip" },
	{ "xz", "packed in a way that is not read: unpack it, or pack it with gzip" },
	{ "zst", "packed in a way that is not read: unpack it, or pack it with gzip" },
	{ "parquet", "data of a kind that is not read: export it as CSV" },
	{ "avro", "data of a kind that is not read: export it as CSV" },
	{ "orc", "data of a kind that is not read: export it as CSV" },
	{ "xml", "data of a kind that is not read: export it as CSV" },
};

/* NULL: it is none of them. */
static const char *why_unread(const char *name)
{
	for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		size_t size = strlen(name);

		if (ends_in(name, size, unread[i].extension) ||
		    ends_in(name, unpacked_size(name), unread[i].extension)) {
			return unread[i].reason;
		}
	}
	return NULL;
}

bool ingest_missed(const char *path)
{
	return path[0] != '.' &&
		(extension_of(path)[0] != '\0' || why_unread(path) != NULL ||
		 path[strlen(path) - 1] == '/');
}

bool ingest_looks_at(const char *name)
{
	return name[0] != '.' && extension_of(name)[0] != '\0';
}

/* Lower case snake_case of a file's stem: InvoiceLine.csv is invoice_line. Never empty. */
static const char *snake_case(const char *path, struct arena *a)
{
	size_t size = unpacked_size(path) - strlen(extension_of(path)) - 1;
	char *stem = arena_strndup(a, path, size);
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

/* ---- what is in a file ---- */

/* A file under examination. reason: why it is no source; NULL while it may be one. */
struct exam {
	const char *folder;
	struct arena *arena;
	struct source_file *file;
	const char *extension; /* lower case, without dot and .gz */
	struct first_look look;
	const char *reason;
	const struct file_override *said; /* by bldr.json; all absent: nothing */
	bool wrong; /* what it says does not fit the file: no reason, an error */
};

static bool named(const struct exam *e, const char *extension)
{
	return strcmp(e->extension, extension) == 0;
}

static bool named_json(const struct exam *e)
{
	return named(e, "json") || named(e, "jsonl") || named(e, "ndjson");
}

static void refuse(struct exam *e, const char *reason)
{
	e->reason = reason;
}

static void add_note(struct exam *e, const char *text)
{
	*LIST_ADD(e->arena, &e->file->notes) = text;
}

/* What bldr.json says of the file does not fit it. */
static int misfit(struct exam *e, struct bldr_error *err, const char *field, const char *why)
{
	e->wrong = true;
	return bldr_error_set(err, BLDR_E_INVALID, "\"" OVERRIDES_FILE "\": file \"%s\": %s: %s",
			      e->file->path, field, why);
}

/* ---- JSON ---- */

/* A field that only delimited text has; NULL: none is given. */
static const char *given_of_csv(const struct file_override *said)
{
	return said->delimiter != NULL         ? "delimiter"
		: said->quote != NULL          ? "quote"
		: said->escape != NULL         ? "escape"
		: said->header != NULL         ? "header"
		: said->preamble_lines != NULL ? "preamble_lines"
		: said->columns.n > 0          ? "columns"
					       : NULL;
}

/* Whether the sample's lines are objects: at least two, or one in a file that is named so. */
static bool has_json_lines(const struct exam *e)
{
	struct source_file file = *e->file;
	struct record record;
	size_t good = 0;
	size_t all = 0;
	file.format = FORMAT_JSONL;
	file.delimiter = "";
	file.quote = "";
	struct record_reader *r = record_reader_memory(&file, e->look.head, e->look.head_size);
	while (all < JSON_LINES_LOOKED_AT && record_reader_next(r, &record, NULL) > 0) {
		good += record.kind == RECORD_GOOD ? 1 : 0;
		all++;
	}
	record_reader_close(r);
	return good * 2 > all && (all > 1 || named(e, "jsonl") || named(e, "ndjson"));
}

/* The first bytes that are no blanks, at most two, NUL-terminated. */
static void first_bytes(const struct first_look *look, char ret[3])
{
	size_t n = 0;
	for (size_t i = 0; i < look->head_size && n < 2; i++) {
		if (strchr(" \t\r\n", look->head[i]) == NULL || look->head[i] == '\0') {
			ret[n++] = look->head[i];
		}
	}
	ret[n] = '\0';
}

/* FORMAT_CSV: it does not look like JSON. */
static int json_format(struct exam *e)
{
	char first[3];
	first_bytes(&e->look, first);
	if (strcmp(first, "[{") == 0) {
		return FORMAT_JSON;
	}
	if (first[0] == '{' && has_json_lines(e)) {
		return FORMAT_JSONL;
	}
	if (named_json(e)) {
		refuse(e,
		       first[0] == '{'                    ? "one JSON object, not a list of records"
			       : strcmp(first, "[]") == 0 ? "an empty JSON array"
			       : first[0] == '[' ? "a JSON array of other things than objects"
						 : "not JSON");
	}
	return FORMAT_CSV;
}

/* Collects the keys of all good records: the file is read a second time, and must be the same. */
static int read_json(struct exam *e, struct bldr_error *err)
{
	struct record_reader *r;
	struct record record;
	char hash[HASH_HEX_MAX];
	int64_t bytes;
	e->file->delimiter = "";
	e->file->quote = "";
	e->file->header = false;
	int rc = record_reader_discover(e->folder, e->file, &r, err);
	if (rc != 0) {
		return rc;
	}
	while ((rc = record_reader_next(r, &record, err)) > 0) {
	}
	rc = rc != 0 ? rc : record_reader_drain(r, hash, &bytes, err);
	const texts *keys = record_reader_keys(r);
	for (size_t i = 0; i < keys->n && rc == 0; i++) {
		*LIST_ADD(e->arena, &e->file->columns) = arena_strdup(e->arena, keys->at[i]);
	}
	record_reader_close(r);
	if (rc == 0 && strcmp(hash, e->look.hash) != 0) {
		return bldr_error_set(err, BLDR_E_CHANGED,
				      "\"%s\" has changed since it was first read", e->file->path);
	}
	if (rc == 0 && e->file->columns.n == 0) {
		refuse(e, "no JSON object with a key in it");
	}
	return rc;
}

/* ---- delimited text ---- */

static char hint_of(const struct exam *e)
{
	if (named(e, "tsv") || named(e, "tab")) {
		return '\t';
	}
	return named(e, "psv") ? '|' : '\0';
}

/* The names that are given, in place of those that the columns have by header or place. */
static int give_columns(struct exam *e, struct bldr_error *err)
{
	const texts *names = &e->said->columns;
	size_t found = e->file->columns.n;

	if (names->n == 0) {
		return 0;
	}
	if (names->n != found) {
		return misfit(e, err, "columns",
			      arena_printf(e->arena, "%zu are named, the file has %zu", names->n,
					   found));
	}
	e->file->own_names = e->file->columns;
	memset(&e->file->columns, 0, sizeof(e->file->columns));
	for (size_t i = 0; i < names->n; i++) {
		*LIST_ADD(e->arena, &e->file->columns) = arena_strdup(e->arena, names->at[i]);
	}
	add_note(e, "its columns are named by bldr.json");
	return 0;
}

/* The first record, as it is written. It must be readable when it is the header. */
static void read_first_record(struct exam *e)
{
	struct record_reader *r = record_reader_memory(e->file, e->look.head, e->look.head_size);
	struct record record;
	texts written = { 0 };
	int rc = record_reader_header(r, &record, NULL);
	if (rc > 0 && record.kind == RECORD_UNREADABLE) {
		refuse(e,
		       arena_printf(e->arena, "its header in line %lld cannot be read: %s",
				    (long long)record.line, record.rejected));
	} else if (rc > 0 && r->found > CSV_COLUMNS_MAX) {
		refuse(e, arena_printf(e->arena, "more than %d columns", CSV_COLUMNS_MAX));
	} else if (rc > 0) {
		for (size_t i = 0; i < record.n; i++) {
			*LIST_ADD(e->arena, &written) = arena_strndup(
				e->arena, record.fields[i].text, record.fields[i].size);
		}
		headings_name(&written, e->arena, e->file);
	} else {
		refuse(e, "empty: it has no header");
	}
	record_reader_close(r);
}

static struct dialect_given given_dialect(const struct file_override *said)
{
	struct dialect_given g = { said->delimiter, said->quote, -1, -1, -1 };

	if (said->escape != NULL) {
		g.escape = strcmp(said->escape, "backslash") == 0 ? ESCAPE_BACKSLASH
								  : ESCAPE_DOUBLED;
	}
	if (said->header != NULL) {
		g.header = bldr_as_bool(said->header, false) ? 1 : 0;
	}
	if (said->preamble_lines != NULL) {
		g.preamble_lines = bldr_as_int(said->preamble_lines, 0);
	}
	return g;
}

static int read_csv(struct exam *e, struct bldr_error *err)
{
	struct source_file *file = e->file;
	struct arena *a = e->arena;
	const struct dialect_given given = given_dialect(e->said);
	struct dialect d = dialect_find(e->look.head, e->look.head_size, hint_of(e), &given, file);
	bool table = named(e, "csv") || named(e, "tsv") || named(e, "tab") || named(e, "psv") ||
		given_of_csv(e->said) != NULL;
	int rc;
	if (d.rows == 0) {
		refuse(e, "empty: it has no header");
		return 0;
	}
	if (!table && (d.width < 2 || d.rows < 2 || d.score < TABLE_SCORE_MIN)) {
		refuse(e, "text, but not a table");
		return 0;
	}
	if (file->preamble_lines > 0) {
		add_note(e,
			 arena_printf(a, "%lld line%s above the table",
				      (long long)file->preamble_lines,
				      file->preamble_lines == 1 ? "" : "s"));
	}
	if (file->header) {
		read_first_record(e);
	} else {
		headings_number(d.width, a, file);
		add_note(e,
			 e->said->columns.n > 0 ? "no header"
						: "no header: columns are named by their place");
	}
	rc = e->reason == NULL ? give_columns(e, err) : 0;
	if (rc == 0 && e->reason == NULL && e->said->not_rows == NULL) {
		headings_totals(&e->look, a, file);
	}
	return rc;
}

/* ---- files ---- */

static void note_encoding(struct exam *e)
{
	const struct first_look *look = &e->look;
	if (e->said->encoding != NULL) {
		add_note(e, arena_printf(e->arena, "%s: " GIVEN_EVIDENCE, look->encoding));
	} else if (look->guessed) {
		add_note(e,
			 arena_printf(e->arena, "%s, by its bytes: nothing in the file says so",
				      look->encoding));
	} else if (look->undecoded > 0 && strcmp(look->encoding, "utf-8") == 0) {
		add_note(e, "some of it is not valid UTF-8: such records are rejected");
	}
}

static int examine(struct exam *e, struct bldr_error *err)
{
	struct source_file *file = e->file;
	const char *encoding = e->said->encoding;
	encoding = encoding != NULL ? given_encoding(encoding, e->arena) : NULL;
	int rc = first_look(e->folder, file->path, encoding, e->arena, &e->look, err);
	if (rc != 0) {
		return rc;
	}
	file->bytes = e->look.bytes;
	file->hash = arena_strdup(e->arena, e->look.hash);
	file->compression = e->look.compression;
	file->unpacked = e->look.unpacked;
	file->encoding = e->look.encoding;
	file->bom = e->look.bom;
	if (e->look.binary != NULL) {
		refuse(e, arena_printf(e->arena, "binary: %s", e->look.binary));
		return 0;
	}
	note_encoding(e);
	file->format = json_format(e);
	if (e->reason != NULL) {
		return 0;
	}
	for (size_t i = 0; i < bldr_count(e->said->not_rows); i++) {
		*LIST_ADD(e->arena, &file->not_rows) =
			arena_strdup(e->arena, bldr_as_text(bldr_at(e->said->not_rows, i)));
	}
	if (file->format == FORMAT_CSV) {
		return read_csv(e, err);
	}
	if (given_of_csv(e->said) != NULL) {
		return misfit(e, err, given_of_csv(e->said), "the file is JSON and has none");
	}
	return read_json(e, err);
}

/*
 * Reads one file. *ret_reason: why it is no source, else NULL. What is wrong with a file's content is such a reason:
 * one bad file does not keep the others from being read. What is wrong with the world is an error.
 */
static int read_file(const char *folder, const struct file_override *said, struct source_file *file,
		     struct arena *a, const char **ret_reason, struct bldr_error *err)
{
	static const struct file_override nothing = { 0 };
	struct bldr_error wrong = { 0 };
	struct exam e = { .folder = folder,
			  .arena = a,
			  .file = file,
			  .extension = extension_of(file->path),
			  .said = said != NULL ? said : &nothing };
	int rc = examine(&e, &wrong);
	if (e.wrong) {
		return bldr_error_set(err, rc, "%s", wrong.text);
	}
	if (rc == BLDR_E_INVALID || rc == BLDR_E_LIMIT) {
		*ret_reason = arena_strdup(a, wrong.text);
		return 0;
	}
	if (rc != 0) { /* it was listed a moment ago */
		return bldr_error_set(err, rc == BLDR_E_NOT_FOUND ? BLDR_E_IO : rc, "%s",
				      wrong.text);
	}
	*ret_reason = e.reason;
	return 0;
}

/* A link that leads out of the folder could hand a stranger's file to the warehouse. Why it is not followed. */
static const char *judge_link(const char *folder, const char *path)
{
	char *target = realpath(path, NULL);
	if (target == NULL) {
		return "a symbolic link that leads nowhere";
	}
	char *top = realpath(folder, NULL);
	size_t n = top != NULL ? strlen(top) : 0;
	bool inside = top != NULL && strncmp(target, top, n) == 0 &&
		(target[n] == '/' || (n == 1 && top[0] == '/'));
	free(top);
	free(target);
	return inside
		? "a symbolic link to another file of the folder"
		: "a symbolic link that leads out of the source folder: copy the file into it";
}

static const char a_folder[] =
	"a folder: only files that lie directly in the source folder are read";

/* Sets *ret_reason when the entry is no candidate. */
static int look_at(const char *folder, const char *name, const char **ret_reason,
		   struct bldr_error *err)
{
	size_t size = strlen(name);
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
		*ret_reason = a_folder;
	} else if (strcmp(name, OVERRIDES_FILE) == 0) {
		*ret_reason = "decisions of a person";
	} else if (extension_of(name)[0] == '\0') {
		*ret_reason = why_unread(name);
		if (*ret_reason == NULL) {
			*ret_reason = "not a kind of file that is read";
		}
	} else if (S_ISLNK(st.st_mode)) {
		*ret_reason = judge_link(folder, path);
	} else if (!S_ISREG(st.st_mode)) {
		*ret_reason = "not a regular file";
	} else if (!utf8_valid(name, size)) {
		*ret_reason = "its name is not valid UTF-8: rename it";
	}
	free(path);
	return rc;
}

static int no_sources(const char *folder, const struct sources *s, struct bldr_error *err)
{
	struct buf found;
	buf_init(&found, BLDR_ERROR_TEXT_MAX);
	for (size_t i = 0; i < s->skipped.n && i < SKIPPED_SHOWN_MAX; i++) {
		buf_printf(&found, "%s\"%s\" (%s)", i > 0 ? ", " : "there is ",
			   s->skipped.at[i].path, s->skipped.at[i].reason);
	}
	if (s->skipped.n > SKIPPED_SHOWN_MAX) {
		buf_printf(&found, " and %zu more", s->skipped.n - SKIPPED_SHOWN_MAX);
	}
	int rc = bldr_error_set(
		err, BLDR_E_INVALID,
		"source folder \"%s\" holds no file that is read as a table (.csv .tsv .txt .json "
		".jsonl ...): %s; put the raw files there or name another folder",
		folder, s->skipped.n > 0 ? found.data : "it is empty");
	buf_release(&found);
	return rc;
}

/* Each table is a step of a run, and all their names stand in one message, so there cannot be any number of them. */
static int check_number(const char *folder, texts names, struct bldr_error *err)
{
	size_t n = 0;
	size_t bytes = 0;
	for (size_t i = 0; i < names.n; i++) {
		bool looked_at = ingest_looks_at(names.at[i]);
		n += looked_at ? 1 : 0;
		bytes += looked_at ? strlen(names.at[i]) : 0;
	}
	if (n <= INGEST_FILES_MAX && bytes > INGEST_NAMES_MAX) {
		return bldr_error_set(
			err, BLDR_E_LIMIT,
			"the names of the %zu files of \"%s\" have %zu bytes, but at "
			"most %d can be read: shorten them, or name a folder with fewer",
			n, folder, bytes, INGEST_NAMES_MAX);
	}
	return n <= INGEST_FILES_MAX
		? 0
		: bldr_error_set(err, BLDR_E_LIMIT,
				 "the source folder \"%s\" holds %zu files that are read, but at "
				 "most %d can be: put those of one kind together, or name a "
				 "folder with fewer",
				 folder, n, INGEST_FILES_MAX);
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

static void skip(struct sources *s, struct arena *a, const char *name, const char *reason)
{
	const char *shown = shown_name(name, a);

	*LIST_ADD(a, &s->skipped) = (struct source_skipped){
		reason == a_folder ? arena_printf(a, "%s/", shown) : shown,
		reason,
	};
}

/* Takes one entry of the folder in: as a source, or as skipped with the reason. */
static int take_entry(const char *folder, const char *name, const struct overrides *o,
		      struct map *taken, struct arena *a, struct sources *s, struct bldr_error *err)
{
	const struct file_override *said = overrides_file(o, name);
	const char *reason = NULL;
	struct source_file file = {
		.path = name,
		.encoding = "utf-8",
		.delimiter = ",",
		.quote = "\"",
		.header = true,
	};
	int rc = look_at(folder, name, &reason, err);
	if (reason == NULL && said != NULL && said->skip) {
		reason = "left out: " GIVEN_EVIDENCE;
	}
	if (rc == 0 && reason == NULL) {
		rc = read_file(folder, said, &file, a, &reason, err);
	}
	if (rc != 0) {
		return rc;
	}
	if (reason != NULL) {
		skip(s, a, name, reason);
		return 0;
	}
	file.table = table_name(file.path, taken, a);
	*LIST_ADD(a, &s->files) = file;
	return 0;
}

static int read_overrides(const char *folder, struct arena *a, struct overrides *ret,
			  struct sources *s, struct bldr_error *err)
{
	int rc = overrides_read(folder, a, ret, &s->overrides, err);
	return rc == 0 ? given_check(ret, err) : rc;
}

int ingest_check_folder(const char *folder, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct sources s = { 0 };
	texts names = { 0 };
	size_t n = 0;
	int rc = list_folder(folder, &a, &names, err);
	rc = rc == 0 ? check_number(folder, names, err) : rc;
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		const char *path = arena_printf(&a, "%s/%s", folder, names.at[i]);
		const char *reason = NULL;
		rc = look_at(folder, names.at[i], &reason, err);
		if (rc == 0 && reason != NULL) {
			skip(&s, &a, names.at[i], reason);
		} else if (rc == 0) {
			n++;
			rc = faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0
				? 0
				: source_os_error("read", path, errno, err);
		}
	}
	if (rc == 0 && n == 0) {
		rc = no_sources(folder, &s, err);
	}
	arena_release(&a);
	return rc;
}

int ingest_discover(const char *folder, struct arena *a, struct sources *ret, struct bldr_error *err)
{
	texts names;
	struct sources s = { .head = { .version = 1 } };
	struct overrides o;
	int rc = list_folder(folder, a, &names, err);
	rc = rc == 0 ? check_number(folder, names, err) : rc;
	rc = rc == 0 ? read_overrides(folder, a, &o, &s, err) : rc;
	if (rc != 0) {
		return rc;
	}

	struct map *taken = map_new();
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		rc = take_entry(folder, names.at[i], &o, taken, a, &s, err);
	}
	map_free(taken);
	if (rc == 0 && s.files.n == 0) {
		rc = no_sources(folder, &s, err);
	}
	rc = rc == 0 ? overrides_check(&o, &s, err) : rc;
	if (rc == 0) {
		*ret = s;
	}
	return rc;
}

int ingest_discover_file(const char *folder, const char *name, struct arena *a, struct sources *ret,
			 struct bldr_error *err)
{
	struct sources s = { .head = { .version = 1 } };
	struct overrides o;
	int rc = read_overrides(folder, a, &o, &s, err);
	if (rc != 0) {
		return rc;
	}
	struct map *taken = map_new();
	rc = take_entry(folder, name, &o, taken, a, &s, err);
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
