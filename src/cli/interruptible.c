/* The engine and the signal are the mutable globals here: a signal handler gets no argument. */
#include "cli/interruptible.h"

#include <signal.h>
#include <unistd.h>

static struct bldr_engine *volatile interruptible;
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	static const char said[] =
		"\nbldr: stopping at a safe point; once more ends it at once, and "
		"what is recorded is safe then too\n";

	(void)number;
	if (!interrupted && write(STDERR_FILENO, said, sizeof(said) - 1) < 0) {
		; /* nobody reads it */
	}
	interrupted = 1;
	if (interruptible != NULL) {
		bldr_engine_stop(interruptible);
	}
}

int interruptible_run(struct bldr_engine *e, struct bldr_error *err)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	int r;

	interruptible = e;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	r = bldr_engine_run(e, err);
	interruptible = NULL;
	return r;
}

bool interruptible_was_stopped(void)
{
	return interrupted != 0;
}
