/* What the files of this folder that read the tables share. Nobody outside includes it. */
#pragma once

#include "kb/kb.h"

#define KB_ITEM_COLUMNS                                                                       \
	"number, id, kind, agent, trusted, source, title, words, body, helped, hurt, shown, " \
	"created_ms, updated_ms"

/* A row of these columns; it lives in a. Errors: INVALID (a kind that is not known). */
int kb_item_read(struct store *s, sqlite3_stmt *stmt, struct arena *a, struct kb_item *ret,
		 struct bldr_error *err);
