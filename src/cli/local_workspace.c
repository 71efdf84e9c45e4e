/*
 * Finds the Python that has the workspace's packages, starts `python -m local_databricks` in a session of its own and
 * looks, every few milliseconds, whether it has written its url or ended. Whether it lives is asked of the kernel (the
 * lock of its folder), so a file left by a killed one misleads nobody.
 */
#include "cli/local_workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bldr/value.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/file.h"

enum {
	POLL_MS = 20,
	READY_MS = 180000,
	STOP_MS = 60000,
	SAID_BYTES_MAX = 1 << 16,
	TAIL_BYTES = 600
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Who holds the lock of the folder; 0: nobody. */
static int holder(struct arena *a, const char *folder, int *ret_pid, struct bldr_error *err)
{
	const char *path = arena_printf(a, "%s/lock", folder);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int r;

	*ret_pid = 0;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return 0;
	}
	if (fd < 0) {
		return bldr_error_set(err, BLDR_E_IO, "cannot open \"%s\": %s", path,
				      strerror(errno));
	}
	r = fcntl(fd, F_GETLK, &lock);
	close(fd);
	if (r < 0) {
		return bldr_error_set(err, BLDR_E_IO, "cannot ask for the lock \"%s\": %s", path,
				      strerror(errno));
	}
	if (lock.l_type != F_UNLCK && lock.l_pid <= 0) {
		return bldr_error_set(err, BLDR_E_CORRUPT,
				      "\"%s\" is held by a process of another machine or container",
				      path);
	}
	*ret_pid = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
	return 0;
}

/* The url that process pid has written, or NULL while it has not. The caller frees it. */
static char *url_of(struct arena *a, const char *folder, int pid)
{
	const char *path = arena_printf(a, "%s/workspace.json", folder);
	struct bldr_value *said = NULL;
	char *text = NULL, *url = NULL;
	size_t size;

	if (file_read(path, SAID_BYTES_MAX, &text, &size, NULL) == 0 &&
	    bldr_value_parse(text, size, &said, NULL) == 0 && bldr_get_int(said, "pid", 0) == pid) {
		const char *found = bldr_get_text(said, "url");

		url = found != NULL && found[0] != '\0' ? xstrdup(found) : NULL;
	}
	bldr_unref(said);
	free(text);
	return url;
}

int local_workspace_find(const char *folder, struct local_workspace *ret, struct bldr_error *err)
{
	struct arena a = { 0 };
	int pid;
	int r = holder(&a, folder, &pid, err);

	if (r == 0) {
		*ret = (struct local_workspace){ .pid = pid };
		ret->url = pid != 0 ? url_of(&a, folder, pid) : NULL;
	}
	arena_release(&a);
	return r;
}

void local_workspace_release(struct local_workspace *w)
{
	free(w->url);
	*w = (struct local_workspace){ 0 };
}

/* Finding Python and the package */

/* name below path or a folder above it, when test holds for it; NULL. */
static char *above(struct arena *a, const char *path, const char *name, int mode)
{
	for (size_t size = strlen(path); size > 0; size--) {
		char *found;

		if (path[size] != '\0' && path[size] != '/') {
			continue;
		}
		found = arena_printf(a, "%.*s/%s", (int)size, path, name);
		if (access(found, mode) == 0) {
			return arena_strndup(a, path, size);
		}
	}
	return NULL;
}

/* The folder of the running program. */
static const char *program_folder(struct arena *a)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path));

	while (size > 0 && path[size - 1] != '/') {
		size--;
	}
	return size > 0 ? arena_strndup(a, path, (size_t)size) : "/";
}

static int find_python(struct arena *a, const char *home, const char **ret, struct bldr_error *err)
{
	static const char name[] = "venv/bin/python";
	const char *top;

	if (home[0] != '\0') {
		*ret = arena_printf(a, "%s/%s", home, name);
		if (access(*ret, X_OK) == 0) {
			return 0;
		}
		return bldr_error_set(
			err, BLDR_E_NOT_FOUND,
			"\"%s\" has no %s; script/bootstrap --spark makes such a folder", home,
			name);
	}
	*ret = arena_printf(a, ".spark/%s", name);
	if (access(*ret, X_OK) == 0) {
		return 0;
	}
	top = above(a, program_folder(a), ".spark/venv/bin/python", X_OK);
	if (top == NULL) {
		return bldr_error_set(err, BLDR_E_NOT_FOUND,
				      "no .spark here or beside the program; make it with "
				      "script/bootstrap --spark, or name one with --spark-home");
	}
	*ret = arena_printf(a, "%s/.spark/%s", top, name);
	return 0;
}

/* The folder to find the package in, where it is not installed: python/ beside the program or here; NULL. */
static const char *find_package(struct arena *a)
{
	const char *top = above(a, program_folder(a), "python/local_databricks/__main__.py", R_OK);

	if (top == NULL && access("python/local_databricks/__main__.py", R_OK) == 0) {
		char here[PATH_MAX];

		top = getcwd(here, sizeof(here)) != NULL ? arena_strdup(a, here) : NULL;
	}
	return top != NULL ? arena_printf(a, "%s/python", top) : NULL;
}

/* Starting */

/* The environment with PYTHONPATH in front of what it was. */
static char **environment(struct arena *a, const char *package)
{
	size_t n = 0, kept = 0;
	char **all;

	while (environ[n] != NULL) {
		n++;
	}
	all = ARENA_ARRAY(a, char *, n + 2);
	for (size_t i = 0; i < n; i++) {
		if (package == NULL || strncmp(environ[i], "PYTHONPATH=", 11) != 0) {
			all[kept++] = environ[i];
		}
	}
	if (package != NULL) {
		const char *before = getenv("PYTHONPATH");

		all[kept++] = before != NULL && before[0] != '\0'
			? arena_printf(a, "PYTHONPATH=%s:%s", package, before)
			: arena_printf(a, "PYTHONPATH=%s", package);
	}
	all[kept] = NULL;
	return all;
}

/* In a session of its own, so that a terminal's signals and end do not reach it; standard error goes to the log, the line
 * of credentials on standard output nowhere. */
static int spawn(struct arena *a, char *const argv[], const char *log, pid_t *ret,
		 struct bldr_error *err)
{
	const sigset_t none = { 0 };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
					 0600);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&how, &none);
	r = posix_spawn(ret, argv[0], &files, &how, argv, environment(a, find_package(a)));
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	if (r != 0) {
		return bldr_error_set(err, BLDR_E_IO, "cannot start \"%s\": %s", argv[0],
				      strerror(r));
	}
	return 0;
}

/* FAILED with the end of the log. */
static int failed(struct arena *a, const char *folder, const char *what, struct bldr_error *err)
{
	const char *log = arena_printf(a, "%s/log", folder);
	char *text = NULL;
	size_t size = 0;
	const char *tail = "";

	if (file_read(log, (size_t)64 << 20, &text, &size, NULL) == 0) {
		while (size > 0 && text[size - 1] == '\n') {
			text[--size] = '\0';
		}
		tail = size > TAIL_BYTES ? text + size - TAIL_BYTES : text;
	}
	(void)bldr_error_set(err, BLDR_E_FAILED, "the workspace %s; the end of \"%s\":\n%s", what,
			     log, tail);
	free(text);
	return BLDR_E_FAILED;
}

/* Until it answers, ends, is interrupted or takes too long. The signals are blocked. */
static int wait_ready(struct arena *a, const char *folder, pid_t pid, const sigset_t *signals,
		      char **ret_url, struct bldr_error *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t end = now_ms() + READY_MS;
	int status;

	while ((*ret_url = url_of(a, folder, pid)) == NULL) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			return failed(a, folder, "did not start", err);
		}
		if (sigtimedwait(signals, NULL, &pause) > 0) {
			kill(pid, SIGTERM);
			waitpid(pid, &status, 0);
			return bldr_error_set(err, BLDR_E_CANCELLED,
					      "interrupted; the workspace is not started");
		}
		if (now_ms() > end) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return failed(a, folder, "is not ready after 3 minutes", err);
		}
	}
	return 0;
}

/* The program and its arguments, all absolute: it runs in another folder. */
static int command_line(struct arena *a, const char *folder,
			const struct local_workspace_options *o, char *argv[10],
			struct bldr_error *err)
{
	const char *python;
	char here[PATH_MAX];
	size_t n = 0;
	int r = find_python(a, o->spark_home, &python, err);

	if (r < 0) {
		return r;
	}
	if (python[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
		return bldr_error_set(err, BLDR_E_IO, "cannot tell the working folder: %s",
				      strerror(errno));
	}
	argv[n++] = python[0] != '/' ? arena_printf(a, "%s/%s", here, python)
				     : arena_strdup(a, python);
	argv[n++] = arena_strdup(a, "-m");
	argv[n++] = arena_strdup(a, "local_databricks");
	argv[n++] = arena_strdup(a, "start");
	argv[n++] = arena_printf(a, "--folder=%s", folder);
	argv[n++] = arena_printf(a, "--port=%d", o->port);
	if (o->no_spark) {
		argv[n++] = arena_strdup(a, "--no-spark");
	}
	argv[n] = NULL;
	return 0;
}

static int start_in(struct arena *a, const char *folder, const struct local_workspace_options *o,
		    struct local_workspace *ret, struct bldr_error *err)
{
	char *argv[10];
	sigset_t signals, before;
	pid_t pid = 0;
	char *url = NULL;
	int r = command_line(a, folder, o, argv, err);

	if (r < 0) {
		return r;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &before);
	r = spawn(a, argv, arena_printf(a, "%s/log", folder), &pid, err);
	if (r == 0) {
		r = wait_ready(a, folder, pid, &signals, &url, err);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r == 0) {
		*ret = (struct local_workspace){ .pid = pid, .url = url };
	}
	return r;
}

int local_workspace_start(const struct local_workspace_options *o, struct local_workspace *ret,
			  struct bldr_error *err)
{
	struct arena a = { 0 };
	char folder[PATH_MAX];
	int r = file_mkdirs(o->folder, err);

	if (r == 0 && realpath(o->folder, folder) == NULL) {
		r = bldr_error_set(err, BLDR_E_IO, "cannot resolve \"%s\": %s", o->folder,
				   strerror(errno));
	}
	if (r == 0) {
		r = start_in(&a, folder, o, ret, err);
	}
	arena_release(&a);
	return r;
}

int local_workspace_stop(const char *folder, struct bldr_error *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t end = now_ms() + STOP_MS;
	struct arena a = { 0 };
	int asked = 0, pid;
	int r;

	while ((r = holder(&a, folder, &pid, err)) == 0 && pid != 0) {
		if (pid != asked && kill(pid, SIGTERM) < 0 && errno != ESRCH) {
			r = bldr_error_set(err, BLDR_E_IO, "cannot stop process %d: %s", pid,
					   strerror(errno));
			break;
		}
		asked = pid;
		if (now_ms() > end) {
			r = bldr_error_set(err, BLDR_E_FAILED,
					   "process %d does not end; kill it, and nothing is lost",
					   pid);
			break;
		}
		(void)nanosleep(&pause, NULL);
	}
	arena_release(&a);
	return r;
}
