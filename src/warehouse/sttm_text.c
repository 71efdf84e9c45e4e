/* The STTM for people: a Markdown document, and a CSV that spreadsheets open. */
#include "artefact/artefact.h"
#include "base/buf.h"
#include "warehouse/warehouse.h"

#include <string.h>

static void put_sources(struct buf *out, const struct sttm_column *c, const char *separator)
{
	for (size_t i = 0; i < c->sources.n; i++) {
		buf_printf(out, "%s%s.%s", i > 0 ? separator : "", c->sources.at[i].table,
			   c->sources.at[i].column);
	}
}

/* A table cell: '|' would end it, a line end would end the row. */
static void put_cell(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|') {
			buf_putc(out, '\\');
		}
		if (*text == '\n' || *text == '\r') {
			buf_putc(out, ' ');
		} else {
			buf_putc(out, *text);
		}
	}
}

static const char *role_text(const struct sttm_column *c)
{
	static const char *const names[] = { [ROLE_SURROGATE_KEY] = "surrogate key",
					     [ROLE_BUSINESS_KEY] = "business key",
					     [ROLE_ATTRIBUTE] = "attribute",
					     [ROLE_DIMENSION_KEY] = "dimension key",
					     [ROLE_DEGENERATE] = "degenerate",
					     [ROLE_MEASURE] = "measure",
					     [ROLE_LINEAGE] = "lineage" };

	return names[c->role];
}

static void put_table(struct buf *out, const struct sttm_table *t)
{
	buf_printf(out, "\n## %s\n\n", t->name);
	if (t->source != NULL) {
		buf_printf(out, "From `%s`.", t->source);
	} else {
		buf_puts(out, "Generated: every day of the whole years over");
		for (size_t i = 0; i < t->calendar.n; i++) {
			buf_printf(out, "%s `%s.%s`", i > 0 ? "," : "", t->calendar.at[i].table,
				   t->calendar.at[i].column);
		}
		buf_putc(out, '.');
	}
	buf_puts(out, " Grain:");
	for (size_t i = 0; i < t->grain_columns.n; i++) {
		buf_printf(out, "%s `%s`", i > 0 ? "," : "", t->grain_columns.at[i]);
	}
	buf_puts(out, ".\n");
	for (size_t i = 0; i < t->joins.n; i++) {
		const struct sttm_join *j = &t->joins.at[i];

		buf_printf(out, "Left join `%s` as `%s` on", j->table, j->alias);
		for (size_t k = 0; k < j->from_columns.n; k++) {
			buf_printf(out, "%s `%s.%s` = `%s.%s`", k > 0 ? " and" : "", j->from,
				   j->from_columns.at[k], j->alias, j->to_columns.at[k]);
		}
		buf_puts(out, ".\n");
	}
	buf_puts(out,
		 "\n| target | type | null | role | source | rule |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct sttm_column *c = &t->columns.at[i];

		buf_printf(out, "| `%s` | %s | %s | %s | ", c->target, c->type,
			   c->nullable ? "yes" : "no", role_text(c));
		put_sources(out, c, ", ");
		buf_puts(out, " | ");
		put_cell(out, c->prose);
		buf_puts(out, " |\n");
	}
}

int sttm_markdown(const struct sttm *sttm, struct buf *out, struct bldr_error *err)
{
	(void)err;
	buf_puts(out, "# Source-to-target mapping\n");
	for (size_t i = 0; i < sttm->tables.n; i++) {
		put_table(out, &sttm->tables.at[i]);
	}
	return 0;
}

/* RFC 4180. A leading = + - or @ would be run as a formula by spreadsheets, so it gets an apostrophe. */
static void put_field(struct buf *out, const char *text, bool last)
{
	buf_putc(out, '"');
	if (*text != '\0' && strchr("=+-@", *text) != NULL) {
		buf_putc(out, '\'');
	}
	for (; *text != '\0'; text++) {
		if (*text == '"') {
			buf_putc(out, '"');
		}
		buf_putc(out, *text);
	}
	buf_puts(out, last ? "\"\r\n" : "\",");
}

int sttm_csv(const struct sttm *sttm, struct buf *out, struct bldr_error *err)
{
	(void)err;
	buf_puts(out, "target_table,target_column,type,nullable,role,sources,rule\r\n");
	for (size_t i = 0; i < sttm->tables.n; i++) {
		for (size_t k = 0; k < sttm->tables.at[i].columns.n; k++) {
			const struct sttm_column *c = &sttm->tables.at[i].columns.at[k];
			struct buf sources;

			buf_init(&sources, out->max);
			put_sources(&sources, c, "; ");
			put_field(out, sttm->tables.at[i].name, false);
			put_field(out, c->target, false);
			put_field(out, c->type, false);
			put_field(out, c->nullable ? "yes" : "no", false);
			put_field(out, role_text(c), false);
			put_field(out, sources.data, false);
			put_field(out, c->prose, true);
			buf_release(&sources);
		}
	}
	return 0;
}
