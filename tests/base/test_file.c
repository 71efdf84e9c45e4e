/*
 * Files, hashes and ids. The linker puts the functions below in front of the system's (--wrap), so
 * that the n-th call can fail, be cut short, or be the last thing a killed process does.
 */
#include "base_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/map.h"
#include "dies.h"

/* The clock that uuid7 sees, when not 0. */
static int64_t frozen_ms;

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (frozen_ms == 0) {
		return __real_clock_gettime(clock, ret);
	}
	*ret = (struct timespec){ frozen_ms / 1000, frozen_ms % 1000 * 1000000 };
	return 0;
}

enum fault { NO_FAULT, FAIL, KILL, SHORT };

static enum fault fault;
static int fault_at; /* the n-th wrapped call from now, 1 the next one */
static int calls;

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_open(const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_open(const char *path, int flags, ...);

static bool fails(void)
{
	calls++;
	if (fault == KILL && calls == fault_at) {
		_exit(9);
	}
	if (fault == FAIL && calls == fault_at) {
		errno = EIO;
		return true;
	}
	return false;
}

/* SHORT: every other call is interrupted, the rest move one to three bytes. */
static bool interrupted(size_t *size)
{
	if (fault != SHORT) {
		return false;
	}
	if (calls % 2 == 0) {
		errno = EINTR;
		return true;
	}
	*size = *size > 3 ? 1 + (size_t)calls % 3 : *size;
	return false;
}

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	return fails() || interrupted(&size) ? -1 : __real_read(fd, data, size);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	return fails() || interrupted(&size) ? -1 : __real_write(fd, data, size);
}

int __wrap_fsync(int fd)
{
	return fails() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	int mode = (flags & O_CREAT) != 0 ? va_arg(args, int) : 0;
	va_end(args);
	return fails() ? -1 : __real_open(path, flags, mode);
}

static void inject(enum fault kind, int at)
{
	fault = kind;
	fault_at = at;
	calls = 0;
}

static char folder[] = "/tmp/bldr-test-file-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void assert_content(const char *path, const char *expected)
{
	char *data = NULL;
	size_t size = 0;
	struct bldr_error err;
	assert_int_equal(file_read(path, 1 << 20, &data, &size, &err), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(data, expected);
	free(data);
}

static void write_and_read(void **state)
{
	(void)state;
	struct bldr_error err;
	assert_false(file_exists("a"));
	assert_int_equal(file_write("a", "old", 3, &err), 0);
	assert_true(file_exists("a"));
	assert_content("a", "old");
	assert_int_equal(file_write("a", "newer", 5, &err), 0);
	assert_content("a", "newer");
	assert_false(file_exists("a.tmp"));
	assert_int_equal(file_write("empty", NULL, 0, &err), 0);
	assert_content("empty", "");
	/* what a killed writer left behind is in nobody's way */
	assert_int_equal(file_write("a.tmp", "a longer torn one", 17, &err), 0);
	assert_int_equal(file_write("a", "x", 1, &err), 0);
	assert_content("a", "x");
	assert_false(file_exists("a.tmp"));

	char *data;
	size_t size;
	assert_int_equal(file_write("zero", "a\0b", 3, &err), 0);
	assert_int_equal(file_read("zero", 3, &data, &size, &err), 0);
	assert_memory_equal(data, "a\0b", 4);
	assert_int_equal(size, 3);
	free(data);
}

static void read_limit(void **state)
{
	(void)state;
	struct bldr_error err;
	char *data = NULL;
	size_t size = 77;
	assert_int_equal(file_write("ten", "0123456789", 10, &err), 0);
	assert_int_equal(file_read("ten", 10, &data, &size, &err), 0);
	assert_int_equal(size, 10);
	free(data);
	data = NULL;
	assert_int_equal(file_read("ten", 9, &data, &size, &err), BLDR_E_LIMIT);
	assert_string_equal(err.text, "\"ten\" is larger than 9 bytes");
	assert_int_equal(file_read("ten", 0, &data, &size, &err), BLDR_E_LIMIT);
	assert_null(data);
	assert_int_equal(size, 10);
	assert_int_equal(file_write("none", "", 0, &err), 0);
	assert_int_equal(file_read("none", 0, &data, NULL, &err), 0);
	assert_string_equal(data, "");
	free(data);
}

/* A pipe has no size to trust: more than one chunk arrives all the same, and the limit holds. */
static void *feed_pipe(void *user)
{
	int fd = *(int *)user;
	char chunk[1000];
	memset(chunk, 'p', sizeof(chunk));
	for (int i = 0; i < 200; i++) {
		if (__real_write(fd, chunk, sizeof(chunk)) < 0) {
			break;
		}
	}
	close(fd);
	return NULL;
}

static void read_pipe(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	for (size_t max = 199999; max <= 200000; max++) {
		int fds[2];
		char path[32];
		pthread_t feeder;
		char *data = NULL;
		size_t size = 0;
		assert_int_equal(pipe(fds), 0);
		snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
		pthread_create(&feeder, NULL, feed_pipe, &fds[1]);
		int rc = file_read(path, max, &data, &size, NULL);
		close(fds[0]);
		pthread_join(feeder, NULL);
		assert_int_equal(rc, max == 200000 ? 0 : BLDR_E_LIMIT);
		assert_int_equal(size, max == 200000 ? 200000 : 0);
		free(data);
	}
}

static void read_errors(void **state)
{
	(void)state;
	struct bldr_error err;
	char *data = NULL;
	uint64_t bytes = 77;
	char hex[HASH_HEX_MAX] = "same";
	assert_int_equal(file_read("gone", 10, &data, NULL, &err), BLDR_E_NOT_FOUND);
	assert_string_equal(err.text, "cannot open \"gone\": no such file or directory");
	assert_int_equal(file_read(".", 10, &data, NULL, &err), BLDR_E_IO);
	assert_string_equal(err.text, "cannot read \".\": is a directory");
	assert_int_equal(file_hash("gone", hex, &bytes, &err), BLDR_E_NOT_FOUND);
	assert_int_equal(file_hash(".", hex, &bytes, &err), BLDR_E_IO);
	assert_int_equal(file_write("ten/x", "", 0, &err), BLDR_E_IO);
	assert_string_equal(err.text, "cannot write \"ten/x\": not a directory");
	assert_int_equal(file_write("gone/x", "", 0, &err), BLDR_E_IO);
	assert_int_equal(err.code, BLDR_E_IO);
	assert_null(data);
	assert_int_equal(bytes, 77);
	assert_string_equal(hex, "same");
}

/* Whichever call fails, the file is the old or the new one and no temporary stays. */
static void failing_write(void **state)
{
	(void)state;
	int faults = 0;
	for (int n = 1;; n++) {
		struct bldr_error err;
		assert_int_equal(file_write("f", "old", 3, &err), 0);
		inject(FAIL, n);
		int rc = file_write("f", "new", 3, &err);
		inject(NO_FAULT, 0);
		assert_false(file_exists("f.tmp"));
		if (rc == 0) {
			assert_content("f", "new");
			break;
		}
		assert_int_equal(rc, BLDR_E_IO);
		assert_non_null(strstr(err.text, "\"f\": input/output error"));
		assert_content("f", faults < 4 ? "old" : "new"); /* renamed, folder not synced */
		faults++;
	}
	assert_int_equal(faults, 6); /* open write fsync rename, open fsync of the folder */
}

/* Piece by piece: nothing is to be seen of it before the end, and nothing is left when it is dropped. */
static void written_in_pieces(void **state)
{
	(void)state;
	struct file_writer w = { 0 };
	struct bldr_error err;
	file_drop(&w);
	assert_int_equal(file_write("p", "old", 3, &err), 0);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(file_begin(&w, "p", &err), 0);
		assert_int_equal(file_add(&w, "ne", 2, &err), 0);
		assert_int_equal(file_add(&w, "", 0, &err), 0);
		assert_int_equal(file_add(&w, "w", 1, &err), 0);
		assert_content("p", "old");
		if (end != 0) {
			assert_int_equal(file_end(&w, &err), 0);
		}
		file_drop(&w);
		assert_false(file_exists("p.tmp"));
		assert_content("p", end != 0 ? "new" : "old");
	}
	assert_int_equal(file_begin(&w, "none/p", &err), BLDR_E_IO);
	assert_non_null(strstr(err.text, "cannot write \"none/p\""));
}

/* Whenever the process is killed, the file is the old or the new one, and the next write works. */
static void killed_write(void **state)
{
	(void)state;
	int kills = 0;
	for (int n = 1;; n++) {
		struct bldr_error err;
		assert_int_equal(file_write("k", "old", 3, &err), 0);
		pid_t child = fork();
		if (child == 0) {
			inject(KILL, n);
			_exit(file_write("k", "new", 3, NULL));
		}
		int status;
		waitpid(child, &status, 0);
		assert_content("k", kills < 4 ? "old" : "new");
		if (WEXITSTATUS(status) == 0) {
			break;
		}
		assert_int_equal(WEXITSTATUS(status), 9);
		kills++;
	}
	assert_int_equal(kills, 6);
	assert_content("k", "new");
}

static void short_transfers(void **state)
{
	(void)state;
	char text[1001];
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)('a' + i % 26);
	}
	text[1000] = '\0';
	char hex[HASH_HEX_MAX];
	char expected[HASH_HEX_MAX];
	uint64_t bytes = 0;
	inject(SHORT, 0);
	int rc = file_write("short", text, 1000, NULL);
	assert_content("short", text);
	int rc_hash = file_hash("short", hex, &bytes, NULL);
	inject(NO_FAULT, 0);
	assert_int_equal(rc, 0);
	assert_int_equal(rc_hash, 0);
	assert_content("short", text);
	hash_bytes(text, 1000, expected);
	assert_string_equal(hex, expected);
	assert_int_equal(bytes, 1000);
}

static void failing_read(void **state)
{
	(void)state;
	assert_int_equal(file_write("r", "abc", 3, NULL), 0);
	for (int n = 1; n <= 3; n++) { /* open, read, read at the end */
		struct bldr_error err;
		char *data = NULL;
		uint64_t bytes = 77;
		char hex[HASH_HEX_MAX] = "same";
		inject(FAIL, n);
		assert_int_equal(file_read("r", 10, &data, NULL, &err), BLDR_E_IO);
		inject(FAIL, n);
		assert_int_equal(file_hash("r", hex, &bytes, &err), BLDR_E_IO);
		inject(NO_FAULT, 0);
		assert_null(data);
		assert_int_equal(bytes, 77);
		assert_string_equal(hex, "same");
	}
}

static void folders(void **state)
{
	(void)state;
	struct bldr_error err;
	struct stat st;
	assert_int_equal(file_mkdirs("d/e//f/", &err), 0);
	assert_int_equal(stat("d/e/f", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(file_mkdirs("d/e/f", &err), 0);
	assert_int_equal(file_mkdirs(".", &err), 0);
	assert_int_equal(file_mkdirs("/", &err), 0);
	assert_int_equal(file_write("d/file", "", 0, &err), 0);
	assert_int_equal(file_mkdirs("d/file", &err), BLDR_E_IO);
	assert_string_equal(err.text, "cannot create folder \"d/file\": not a directory");
	assert_int_equal(file_mkdirs("d/file/g", &err), BLDR_E_IO);
	assert_int_equal(file_mkdirs("", &err), BLDR_E_IO);
	assert_int_equal(file_mkdirs("/proc/bldr", &err), BLDR_E_IO);
}

/* BLAKE2b-256 as Python's hashlib.blake2b(digest_size=32) gives it. */
static void blake2b(void **state)
{
	(void)state;
	static const char *const empty =
		"0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
	static const char *const abc =
		"bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
	char hex[HASH_HEX_MAX];
	hash_bytes(NULL, 0, hex);
	assert_string_equal(hex, empty);
	hash_bytes("abc", 3, hex);
	assert_string_equal(hex, abc);
	struct hash_state h;
	hash_init(&h);
	hash_add(&h, "a", 1);
	hash_add(&h, NULL, 0);
	hash_add(&h, "bc", 2);
	hash_end(&h, hex);
	assert_string_equal(hex, abc);

	char *million = malloc(1000000);
	memset(million, 'a', 1000000);
	uint64_t bytes = 0;
	assert_int_equal(file_write("million", million, 1000000, NULL), 0);
	assert_int_equal(file_hash("million", hex, &bytes, NULL), 0);
	assert_int_equal(bytes, 1000000);
	assert_string_equal(hex, "0741850f36cba4259628355d1073e24ddb9ca0e1bfac36fd39ae5dc2101e23a4");
	free(million);
}

/* Measured on Spark 4.0: select xxhash64(s); seed 0 of '' is in xxHash's own test vectors. */
static void xxhash(void **state)
{
	(void)state;
	assert_true(hash_spark_xx64("", 0) == INT64_C(-7444071767201028348));
	assert_true(hash_spark_xx64(NULL, 0) == INT64_C(-7444071767201028348));
	assert_true(hash_spark_xx64("a", 1) == INT64_C(-8582455328737087284));
	assert_true(hash_xx64("", 0) == UINT64_C(0xEF46DB3751D8E999));
}

static uint64_t time_of(const char *id)
{
	char hex[13];
	memcpy(hex, id, 8);
	memcpy(hex + 8, id + 9, 4);
	hex[12] = '\0';
	return strtoull(hex, NULL, 16);
}

/* A clock that stands still, then steps back: more ids than one millisecond's counter can tell. */
static void uuids(void **state)
{
	(void)state;
	char last[UUID_TEXT_MAX] = "";
	struct map *seen = map_new();
	frozen_ms = INT64_C(1645557742000); /* RFC 9562, appendix A.6: 017f22e2-79b0-7... */
	uuid7(last);
	assert_memory_equal(last, "017f22e2-79b0-7", 15);
	for (int i = 0; i < 20000; i++) {
		frozen_ms = i < 10000 ? INT64_C(1645557742000) : INT64_C(1645557740000);
		char id[UUID_TEXT_MAX];
		uuid7(id);
		assert_int_equal(strlen(id), 36);
		assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
		assert_int_equal(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-', 1);
		assert_int_equal(id[14], '7');
		assert_non_null(strchr("89ab", id[19]));
		assert_true(strcmp(last, id) < 0);
		void **at = map_at(seen, id + 19, 17); /* the random part alone never repeats */
		assert_null(*at);
		*at = id;
		memcpy(last, id, sizeof(last));
	}
	map_free(seen);
	uint64_t steps = time_of(last) - UINT64_C(1645557742000);
	assert_true(steps >= 20000 / 4096 && steps <= 20000 / 2048 + 1);

	frozen_ms = 0;
	uint64_t before = (uint64_t)time(NULL);
	uuid7(last);
	assert_true(time_of(last) / 1000 >= before && time_of(last) / 1000 <= before + 60);
}

enum { THREADS = 4, IDS = 2000 };

static void *make_ids(void *user)
{
	char(*ids)[UUID_TEXT_MAX] = user;
	for (int i = 0; i < IDS; i++) {
		uuid7(ids[i]);
	}
	return NULL;
}

/* Ids of many threads: each thread's rise, and no two share time and counter. */
static void uuids_of_threads(void **state)
{
	(void)state;
	static char ids[THREADS][IDS][UUID_TEXT_MAX];
	pthread_t threads[THREADS];
	struct map *seen = map_new();
	for (int t = 0; t < THREADS; t++) {
		pthread_create(&threads[t], NULL, make_ids, ids[t]);
	}
	for (int t = 0; t < THREADS; t++) {
		pthread_join(threads[t], NULL);
	}
	for (int t = 0; t < THREADS; t++) {
		for (int i = 0; i < IDS; i++) {
			assert_true(i == 0 || strcmp(ids[t][i - 1], ids[t][i]) < 0);
			void **at = map_at(seen, ids[t][i], 18);
			assert_null(*at);
			*at = seen;
		}
	}
	map_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_and_read), cmocka_unit_test(read_limit),
		cmocka_unit_test(read_pipe),      cmocka_unit_test(read_errors),
		cmocka_unit_test(failing_write),  cmocka_unit_test(written_in_pieces),
		cmocka_unit_test(killed_write),   cmocka_unit_test(short_transfers),
		cmocka_unit_test(failing_read),   cmocka_unit_test(folders),
		cmocka_unit_test(blake2b),        cmocka_unit_test(xxhash),
		cmocka_unit_test(uuids),          cmocka_unit_test(uuids_of_threads),
	};
	return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}
