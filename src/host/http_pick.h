/*
 * The parts of a JSON answer that a node needs: of a large one only those are its result, and stand in the journal.
 */
#pragma once

#include <bldr/value.h>

/*
 * members: a list of paths, "tasks" or "tasks/X/run_id" with an asterisk as X for every item of a list: what is there of
 * these. text_max: longer texts are cut to so many bytes, at a character; 0: none. The caller owns the result.
 */
struct bldr_value *http_pick(const struct bldr_value *v, const struct bldr_value *members,
			     int64_t text_max);
