/* The real host: a libuv loop, a pool of worker threads, a writer thread. */
#pragma once

#include "host/driver.h"

/* workers 0: one per core, at least 2. Errors: IO (no loop: out of descriptors). */
int uv_host_new(unsigned workers, struct host **ret, struct bldr_error *err);
