/* UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, a counter, random bits; monotonic in a process. */
#pragma once

#include <stdint.h>

enum { UUID_TEXT_MAX = 37 };

void uuid7(char ret[UUID_TEXT_MAX]);
