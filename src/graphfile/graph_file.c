/*
 * From a path to a value that the schema allows. Whatever is wrong is said with the file, its line and the place in it; the
 * line is that of the innermost key around the place.
 */
#include "graphfile/parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/file.h"
#include "base/jsonc.h"

/* A JSON Pointer as jsonc_line takes it, up to its first index: "/nodes/a/reads/0" gives "nodes.a.reads". */
static void key_path(const char *pointer, size_t size, struct buf *ret)
{
	for (size_t i = 1; i < size;) {
		const char *end = memchr(pointer + i, '/', size - i);
		size_t n = end != NULL ? (size_t)(end - pointer) - i : size - i;
		if (n == 0 || strspn(pointer + i, "0123456789") >= n) {
			return;
		}
		if (ret->size > 0) {
			buf_putc(ret, '.');
		}
		buf_add(ret, pointer + i, n);
		i += n + 1;
	}
}

/* The line of what a pointer names, or of the nearest around it that has a key. */
static size_t line_of(const struct reading *r, const char *pointer, size_t size)
{
	struct buf path;
	buf_init(&path, BLDR_ERROR_TEXT_MAX);
	key_path(pointer, size, &path);
	size_t line = 0;
	while (path.size > 0 && (line = jsonc_line(r->text, r->size, path.data)) == 0) {
		char *last = strrchr(path.data, '.');
		path.size = last != NULL ? (size_t)(last - path.data) : 0;
		path.data[path.size] = '\0';
	}
	buf_release(&path);
	return line > 0 ? line : 1;
}

/* The pointer of the graph in its file, before the one that text begins with. */
static void put_root(const struct pointer *at, struct buf *ret)
{
	if (at == NULL || at->up == NULL) {
		return;
	}
	put_root(at->up, ret);
	if (at->key != NULL) {
		buf_printf(ret, "/%s", at->key);
	} else {
		buf_printf(ret, "/%zu", at->index);
	}
}

int wrong_in(const struct reading *r, struct bldr_error *err)
{
	struct bldr_error what;
	if (err == NULL) {
		return BLDR_E_INVALID;
	}
	what = *err;
	const char *pointer = what.text[0] == '"' ? what.text + 1 : "/";
	const char *quote = strstr(pointer, "\": ");
	size_t size = quote != NULL ? (size_t)(quote - pointer) : 1;
	const char *rest = quote != NULL ? quote + 3 : what.text;
	struct buf whole;
	buf_init(&whole, BLDR_ERROR_TEXT_MAX);
	put_root(r->root, &whole);
	if (size > 1 || whole.size == 0) {
		buf_add(&whole, pointer, size);
	}
	bldr_error_set(err, what.code, "%s:%zu: \"%s\": %s", r->path,
		       line_of(r, whole.data, whole.size), whole.data, rest);
	buf_release(&whole);
	return what.code;
}

int wrong_at(const struct reading *r, const struct pointer *at, struct bldr_error *err,
	     const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pointer_error(at, err, "%s", text);
	return wrong_in(r, err);
}

static int check(const struct reading *r, const struct bldr_value *v, struct bldr_error *err)
{
	const struct asset *asset = asset_find("schemas/graph.schema.json");
	ASSERT(asset != NULL);
	struct bldr_value *text = NULL;
	struct json_schema *schema = NULL;
	int rc = bldr_value_parse((const char *)asset->data, asset->size, &text, err);
	ASSERT(rc == 0 && json_schema_new(text, &schema, err) == 0);
	rc = json_schema_check(schema, v, err);
	json_schema_free(schema);
	bldr_unref(text);
	return rc < 0 ? wrong_in(r, err) : 0;
}

/* The folder of a file that exists, without symbolic links. */
static int folder_of(const char *path, char ret[PATH_MAX], struct bldr_error *err)
{
	if (realpath(path, ret) == NULL) {
		return bldr_error_set(err, BLDR_E_IO, "cannot find the folder of \"%s\": %s", path,
				      strerror(errno));
	}
	char *last = strrchr(ret, '/');
	last[last == ret ? 1 : 0] = '\0';
	return 0;
}

static int read_text(struct reading *r, struct bldr_graph **ret, struct bldr_error *err)
{
	struct bldr_value *v = NULL;
	int rc = jsonc_parse(r->text, r->size, &v, err);
	if (rc < 0) {
		return bldr_error_prefix(err, "%s", r->path);
	}
	rc = check(r, v, err);
	if (rc < 0) {
		bldr_unref(v);
		return rc;
	}
	return build_graph(r, v, ret, err);
}

int read_graph_file(const char *path, const struct reading *outer, unsigned depth,
		    struct bldr_graph **ret, struct bldr_error *err)
{
	char folder[PATH_MAX];
	char *text = NULL;
	size_t size = 0;
	int rc = file_read(path, GRAPH_FILE_MAX, &text, &size, err);
	if (rc < 0) {
		return rc;
	}
	struct reading r = {
		.path = path,
		.folder = folder,
		.text = text,
		.size = size,
		.registered = outer->registered,
		.n_registered = outer->n_registered,
		.depth = depth,
	};
	rc = folder_of(path, folder, err);
	rc = rc == 0 ? read_text(&r, ret, err) : rc;
	free(text);
	return rc;
}

int bldr_graph_read(const char *path, const struct bldr_node *registered, size_t n_registered,
		    struct bldr_graph **ret, struct bldr_error *err)
{
	const struct reading outer = { .registered = registered, .n_registered = n_registered };
	struct bldr_error own;
	return read_graph_file(path, &outer, 1, ret, err != NULL ? err : &own);
}
