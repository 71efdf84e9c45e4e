/* Files are kept open and overwritten: making one anew for every input would cost more than parsing it. */
#include "fuzz/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

static char folder[256];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_folder(void)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *folder_path(void)
{
	if (folder[0] == '\0') {
		const char *top = getenv("TMPDIR");
		if (top == NULL) {
			top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
		}
		int n = snprintf(folder, sizeof(folder), "%s/bldr-fuzz-XXXXXX", top);
		ASSERT(n > 0 && (size_t)n < sizeof(folder));
		ASSERT(mkdtemp(folder) != NULL);
		ASSERT(atexit(remove_folder) == 0);
	}
	return folder;
}

void folder_put(const char *name, const void *data, size_t size)
{
	static const char *open_name;
	static int fd = -1;
	if (open_name != name) {
		char *path = xasprintf("%s/%s", folder_path(), name);
		if (fd >= 0) {
			ASSERT(close(fd) == 0);
		}
		fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		ASSERT(fd >= 0);
		free(path);
		open_name = name;
	}
	ASSERT(ftruncate(fd, 0) == 0);
	ASSERT(pwrite(fd, data, size, 0) == (ssize_t)size);
}
