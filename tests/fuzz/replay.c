/*
 * Runs a fuzz target over files, without libFuzzer: one TAP case, ok when every seed went through. The seed
 * that a crash came from is the last one named. A corpus that is not there fails.
 *
 * Usage: fuzz_x TARGET FILE|FOLDER...
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "fuzz/fuzz.h"

enum { SEED_MAX = 32 << 20 };

static size_t n_seeds;

/* In a block of its exact size, so that the address sanitizer sees a byte too far. */
static void run_file(const char *path)
{
	struct bldr_error err = { 0 };
	char *data;
	size_t size;
	printf("# %s\n", path);
	fflush(stdout);
	if (file_read(path, SEED_MAX, &data, &size, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	char *exact = xmalloc(size > 0 ? size : 1);
	memcpy(exact, data, size);
	free(data);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
	free(exact);
	n_seeds++;
}

static void run_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			char *file = xasprintf("%s/%s", path, entries[i]->d_name);
			run_file(file);
			free(file);
		}
		free(entries[i]);
	}
	if (n >= 0) {
		free(entries);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s TARGET FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	printf("1..1\n");
	for (int i = 2; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			run_folder(argv[i]);
		} else {
			run_file(argv[i]);
		}
	}
	printf("%s 1 - fuzz %s: %zu seeds\n", n_seeds > 0 ? "ok" : "not ok", argv[1], n_seeds);
	return n_seeds > 0 ? 0 : 1;
}
