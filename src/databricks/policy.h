/*
 * The policy for the calls of a workspace: what a good client does about answers that say "later", and how often it asks.
 */
#pragma once

#include <bldr/policy.h>

/*
 * For graphs all of whose effects of kind "http" go to one workspace: 15 requests a second, 15 of which may begin at once;
 * tries with pauses of 1 to 10 s and jitter, no shorter than Retry-After, for five minutes.
 */
extern const struct bldr_policy databricks_policy;
