/* Finds the columns of a JSON file with ingest's reader. */
#pragma once

#include "ingest/reader.h"

/* f: path, format, encoding; gets columns, no name twice, bom, bytes and hash, in a. */
void json_columns(struct source_file *f, struct arena *a);
