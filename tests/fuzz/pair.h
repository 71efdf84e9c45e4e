/* Compares what the two readers, ingest's and the Tester's, make of one file. */
#pragma once

#include "checks/reader.h"
#include "ingest/reader.h"

/* Reads f with ingest's reader: the records must be those of t, which the Tester's has read. */
void pair_compare(const struct source_file *f, const struct raw_table *t);
