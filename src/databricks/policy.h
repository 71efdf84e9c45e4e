/*
 * Policies for the calls of a workspace: what a good client does about answers that say "later", and how often it asks.
 */
#pragma once

#include <bldr/policy.h>
#include "base/arena.h"
#include "databricks/request.h"

/*
 * For the effects of kind "http" to w's host: 15 requests a second, 15 of which may begin at once; tries with pauses of 1 to 10 s
 * and jitter, no shorter than Retry-After, for five minutes. kind is a's.
 */
struct bldr_policy databricks_policy(const struct databricks *w, struct arena *a);
