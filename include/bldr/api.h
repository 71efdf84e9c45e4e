/*
 * What libbldr.so shows: a declaration marked BLDR_API is part of the public interface, everything else is
 * compiled with hidden visibility.
 */
#pragma once

#if defined(__GNUC__)
#define BLDR_API __attribute__((visibility("default")))
#else
#define BLDR_API
#endif
