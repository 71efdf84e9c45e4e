/* assert_dies: a bug must stop the program by abort(), so the call is made in a child process. */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_dies(call)                                         \
	do {                                                      \
		int dies_status;                                  \
		fflush(NULL);                                     \
		pid_t dies_child = fork();                        \
		assert_true(dies_child >= 0);                     \
		if (dies_child == 0) {                            \
			signal(SIGABRT, SIG_DFL);                 \
			close(STDERR_FILENO);                     \
			call;                                     \
			_exit(0);                                 \
		}                                                 \
		waitpid(dies_child, &dies_status, 0);             \
		assert_true(WIFSIGNALED(dies_status));            \
		assert_int_equal(WTERMSIG(dies_status), SIGABRT); \
	} while (0)
