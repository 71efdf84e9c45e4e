/* The notebook that tells Unity Catalog the keys of the star and the layers of the tables. */
#include <string.h>

#include "warehouse/emitters/notebook.h"
#include "warehouse/emitters/python_text.h"

enum { ITEM_INDENT = 4 };

/* `"dim_customer": ["customer_key"],` */
static int put_primary_key(struct emitter *e, const struct target *t, struct buf *out)
{
	const char *names = "";

	for (size_t i = 0; i < t->n; i++) {
		if (t->dimension && t->columns[i].sttm->role == ROLE_SURROGATE_KEY) {
			names = arena_printf(e->arena, "\"%s\"", t->columns[i].sttm->target);
		}
	}
	for (size_t i = 0; !t->dimension && i < t->key.n; i++) {
		const struct target_column *c = &t->columns[t->key.at[i]];

		if (!gold_is_not_null(t, c)) {
			return 0;
		}
		names = arena_printf(e->arena, "%s%s\"%s\"", names, i > 0 ? ", " : "",
				     c->sttm->target);
	}
	return *names == '\0'
		? 0
		: python_item(out, ITEM_INDENT,
			      arena_printf(e->arena, "\"%s\": ", emit_name(e->arena, t->sttm->name)),
			      arena_printf(e->arena, "[%s]", names), e->err);
}

static const char *key_of(const struct emitter *e, const char *dimension)
{
	for (size_t i = 0; i < e->targets->n; i++) {
		const struct target *t = &e->targets->at[i];

		for (size_t k = 0; strcmp(t->sttm->name, dimension) == 0 && k < t->n; k++) {
			if (t->columns[k].sttm->role == ROLE_SURROGATE_KEY) {
				return t->columns[k].sttm->target;
			}
		}
	}
	return NULL;
}

/* `ForeignKey("fact_order", "customer_key", "dim_customer", "customer_key"),` per reference */
static int put_foreign_keys(struct emitter *e, const struct target *t, struct buf *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		const struct sttm_column *c = t->columns[i].sttm;
		const char *key = c->dimension != NULL ? key_of(e, c->dimension) : NULL;

		if (key != NULL) {
			rc = python_item(out, ITEM_INDENT, "",
					 arena_printf(e->arena,
						      "ForeignKey(\"%s\", \"%s\", "
						      "\"%s\", \"%s\")",
						      emit_name(e->arena, t->sttm->name), c->target,
						      emit_name(e->arena, c->dimension), key),
					 e->err);
		}
	}
	return rc;
}

static int put_layer(struct emitter *e, const char *prefix, const char *table, const char *layer,
		     struct buf *out)
{
	return python_item(out, ITEM_INDENT,
			   arena_printf(e->arena, "\"%s%s\": ", prefix, emit_name(e->arena, table)),
			   arena_printf(e->arena, "\"%s\"", layer), e->err);
}

static int put_layers(struct emitter *e, struct buf *out)
{
	static const char *const layers[] = { "bronze", "silver" };
	int rc = 0;

	for (size_t l = 0; l < 2; l++) {
		const char *prefix = arena_printf(e->arena, "%s_", layers[l]);

		for (size_t i = 0; rc == 0 && i < e->lake->n; i++) {
			rc = put_layer(e, prefix, e->lake->sources[i].file->table, layers[l], out);
		}
	}
	for (size_t i = 0; rc == 0 && i < e->targets->n; i++) {
		rc = put_layer(e, "", e->targets->at[i].sttm->name, "gold", out);
	}
	return rc;
}

static int fill(struct emitter *e, struct bldr_value *data, struct buf *text)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->targets->n; i++) {
		rc = put_primary_key(e, &e->targets->at[i], text);
	}
	bldr_object_set(data, "has_primary_keys", bldr_bool(text->size > 0));
	rc = rc < 0 ? rc : data_take(e, data, "primary_keys", text);
	for (size_t i = 0; rc == 0 && i < e->targets->n; i++) {
		rc = put_foreign_keys(e, &e->targets->at[i], text);
	}
	bldr_object_set(data, "has_foreign_keys", bldr_bool(text->size > 0));
	rc = rc < 0 ? rc : data_take(e, data, "foreign_keys", text);
	rc = rc < 0 ? rc : put_layers(e, text);
	bldr_object_set(data, "has_layers", bldr_bool(text->size > 0));
	return rc < 0 ? rc : data_take(e, data, "layers", text);
}

int governance_emit(struct emitter *e)
{
	struct bldr_value *data = bldr_object();
	struct buf text;
	int rc;

	buf_init(&text, EMIT_TEXT_MAX);
	rc = fill(e, data, &text);
	buf_release(&text);
	if (rc == 0) {
		rc = notebook_write(e, "governance", "governance", "governance", data);
	}
	bldr_unref(data);
	return rc;
}
