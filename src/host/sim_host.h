/*
 * The simulated host: virtual time from 0, work performed inline with a declared duration, commits
 * inline. The same graph and the same work give the same journal and the same trace, byte for byte.
 */
#pragma once

#include "host/driver.h"

struct host *sim_host_new(void);
