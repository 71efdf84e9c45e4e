/*
 * The simulated host: virtual time, work performed inline with a declared duration, commits
 * inline. The same graph and the same work give the same journal and the same trace, byte for byte.
 */
#pragma once

#include "host/driver.h"

/* faults are borrowed for the host's life. */
struct host *sim_host_new(int64_t start_ms, uint32_t commit_ms, const struct bldr_fault *faults,
			  size_t n_faults);
