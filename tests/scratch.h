/* A folder of its own for a test that writes files; gone afterwards. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
	char path[64];
	char file[512]; /* of the last scratch_file */
};

static inline void scratch_make(struct scratch *s)
{
	(void)snprintf(s->path, sizeof(s->path), "/tmp/bldr-test-XXXXXX");
	if (mkdtemp(s->path) == NULL) {
		perror("mkdtemp");
		abort();
	}
}

/* The path of a file in it, valid until the next call. */
static inline const char *scratch_file(struct scratch *s, const char *name)
{
	(void)snprintf(s->file, sizeof(s->file), "%s/%s", s->path, name);
	return s->file;
}

/* Removes the folder and the files in it; folders inside are not expected. */
static inline void scratch_remove(struct scratch *s)
{
	DIR *dir = opendir(s->path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			(void)unlink(scratch_file(s, entry->d_name));
		}
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	(void)rmdir(s->path);
}
