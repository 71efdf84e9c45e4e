/*
 * The files that travel inside the binary: everything below schemas/, config/, templates/, sql/,
 * prompts/ and python/bldr_ingest/.
 * An asset is named by its path from the top of the source tree ("schemas/design.schema.json").
 * cmake/assets.cmake makes the table; its rows are sorted by name and live as long as the process.
 */
#pragma once

#include <stddef.h>

struct asset {
	const char *name;
	const unsigned char *data; /* followed by a NUL that `size` does not count */
	size_t size;               /* bytes */
};

/* The asset of that name, or NULL. */
const struct asset *asset_find(const char *name);

/* The i-th asset in the order of the names, NULL behind the last. */
const struct asset *asset_at(size_t i);
