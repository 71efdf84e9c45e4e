/*
 * A folder in memory (/dev/shm, or $TMPDIR) for a target whose parser opens files itself. It is made when
 * first asked for and removed when the program ends well.
 */
#pragma once

#include <stddef.h>

const char *folder_path(void);
/* Writes a file of the folder anew. name: a literal, without folders. */
void folder_put(const char *name, const void *data, size_t size);
