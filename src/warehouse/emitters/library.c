/* python/bldr_ingest, which the notebooks import: the copy in this binary, byte by byte. */
#include <string.h>

#include "base/asset.h"
#include "warehouse/emitters/notebook.h"

int library_emit(struct emitter *e)
{
	static const char folder[] = "python/";
	static const char package[] = "python/bldr_ingest/";
	int rc = 0;

	for (size_t i = 0; rc == 0 && asset_at(i) != NULL; i++) {
		const struct asset *asset = asset_at(i);

		if (strncmp(asset->name, package, sizeof(package) - 1) == 0) {
			rc = emit_file(e,
				       arena_printf(e->arena, "pipeline/%s",
						    asset->name + sizeof(folder) - 1),
				       "library", NULL, (const char *)asset->data, asset->size);
		}
	}
	return rc;
}
