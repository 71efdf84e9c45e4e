/*
 * The bundle beside job.json: databricks.yml, which is the same for every pipeline, and the job as a resource of it.
 * YAML is written as block style, two blanks a level; a text stands in quotes unless it is plainly a word.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/asset.h"
#include "base/check.h"
#include "warehouse/emitters/notebook.h"

enum { LEVEL = 2 };

static void put_value(struct buf *out, const struct bldr_value *v, int indent);

/* Words that YAML takes for something else. */
static bool is_reserved(const char *text)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no",
					     "on",   "off",   "y",    "n" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_word(const char *text)
{
	bool word = isalpha((unsigned char)text[0]) != 0;

	for (const char *c = text; *c != '\0'; c++) {
		word = word && (isalnum((unsigned char)*c) != 0 || *c == '_');
	}
	return word && !is_reserved(text);
}

static void put_scalar(struct buf *out, const struct bldr_value *v)
{
	const char *text = bldr_as_text(v);
	char *json;

	if (text != NULL && is_word(text)) {
		buf_puts(out, text);
		return;
	}
	json = bldr_value_text(v); /* which is YAML, too */
	buf_puts(out, json);
	free(json);
}

static bool is_block(const struct bldr_value *v)
{
	return bldr_count(v) > 0;
}

static void put_members(struct buf *out, const struct bldr_value *object, int indent)
{
	int level =
		0; /* the first one stands behind the indentation or the dash that is there already */

	for (void *it = bldr_first(object); it != NULL; it = bldr_next(object, it)) {
		const struct bldr_value *item = bldr_item(it);

		buf_printf(out, "%*s%s:", level, "", bldr_key(it));
		if (is_block(item)) {
			buf_printf(out, "\n%*s", indent + LEVEL, "");
			put_value(out, item, indent + LEVEL);
		} else {
			buf_putc(out, ' ');
			put_scalar(out, item);
			buf_putc(out, '\n');
		}
		level = indent;
	}
}

/* Begins where the indentation has been written, ends with a line end. */
static void put_value(struct buf *out, const struct bldr_value *v, int indent)
{
	if (bldr_type_of(v) == BLDR_OBJECT) {
		put_members(out, v, indent);
		return;
	}
	for (size_t i = 0; i < bldr_count(v); i++) {
		buf_printf(out, "%*s- ", i > 0 ? indent : 0, "");
		put_value(out, bldr_at(v, i), indent + LEVEL);
	}
}

static int emit_job(struct emitter *e, const struct bldr_value *settings)
{
	struct bldr_value *root = bldr_object();
	struct bldr_value *resources = bldr_object();
	struct bldr_value *jobs = bldr_object();
	struct buf text;
	int rc;

	bldr_object_set(jobs, "bldr_star_schema", bldr_ref(settings));
	bldr_object_set(resources, "jobs", jobs);
	bldr_object_set(root, "resources", resources);
	buf_init(&text, EMIT_TEXT_MAX);
	buf_puts(&text, "# The job of ../job.json as a resource of the bundle.\n");
	put_value(&text, root, 0);
	rc = buf_failed(&text) ? bldr_error_set(e->err, BLDR_E_LIMIT,
						"the job would be larger than %zu bytes", text.max)
			       : emit_file(e, "pipeline/resources/bldr_star_schema.job.yml",
					   "bundle", NULL, text.data, text.size);
	buf_release(&text);
	bldr_unref(root);
	return rc;
}

int bundle_emit(struct emitter *e, const struct bldr_value *settings)
{
	const struct asset *asset = asset_find("templates/bundle/databricks.yml");
	int rc;

	ASSERT(asset != NULL);
	rc = emit_file(e, "pipeline/databricks.yml", "bundle", NULL, (const char *)asset->data,
		       asset->size);
	return rc < 0 ? rc : emit_job(e, settings);
}
