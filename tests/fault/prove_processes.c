/*
 * The proofs with real processes: victims that are killed at random moments, two that want one thread. They ask a receiver in a
 * process of its own; what they should come to is told by a crash-free run in virtual time.
 */
#include "prove.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "receiver.h"

enum { GROUP = 6, WORKERS = 4, LATE_MS = 10000 };

/* Threads of one journal that processes run. */
struct group {
	struct simulator sim; /* its folder, its journal, its world, and what is wanted */
	struct receiver receiver;
	const struct scenario *scenarios[GROUP];
	size_t n;
	struct testimony t[2 * GROUP];
	size_t n_t;
	int lives;
	long read; /* of the receiver's log, in bytes */
};

static int64_t wall_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void name_threads(const struct group *g, struct attendance *a)
{
	for (size_t i = 0; i < g->n; i++) {
		a[i] = (struct attendance){ .scenario = g->scenarios[i] };
		(void)snprintf(a[i].id, sizeof(a[i].id), "t%zu", i);
	}
}

/* An engine of the group's journal, with all that its threads need. */
static struct bldr_engine *open_group(struct group *g, struct bldr_error *err)
{
	const struct bldr_engine_options o = { .journal = g->sim.db, .workers = WORKERS };
	struct bldr_engine *e = NULL;

	if (bldr_engine_open(&o, &e, err) < 0) {
		return NULL;
	}
	for (size_t i = 0; i < g->n; i++) {
		bldr_engine_add_graph(e, scenario_graph(g->scenarios[i]));
	}
	if (world_register(&g->sim.world, e, err) < 0) {
		bldr_engine_close(e);
		return NULL;
	}
	return e;
}

/* A process that does all there is to do. Exit 0: done; 2: somebody else has the journal; 3: somebody else was faster. */
static _Noreturn void victim(struct group *g)
{
	struct attendance a[GROUP];
	struct bldr_error err = { 0 };
	struct bldr_engine *e;
	int rc;

	g->sim.world.receiver = receiver_connect(&g->receiver);
	name_threads(g, a);
	e = open_group(g, &err);
	if (e == NULL) {
		_exit(err.code == BLDR_E_LOCKED ? 2 : 1);
	}
	rc = live(e, a, g->n, &err);
	if (rc < 0 && rc != BLDR_E_CHANGED && rc != BLDR_E_EXISTS) {
		(void)fprintf(stderr, "victim: %s\n", err.text);
	}
	bldr_engine_close(e);
	_exit(rc == 0 ? 0 : rc == BLDR_E_CHANGED || rc == BLDR_E_EXISTS ? 3 : 1);
}

static pid_t start_victim(struct group *g)
{
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		victim(g);
	}
	return pid;
}

static void group_begin(struct group *g)
{
	struct attendance a[GROUP];

	world_reset(&g->sim.world, 0);
	simulator_fresh(&g->sim);
	receiver_start(&g->receiver, g->sim.folder);
	g->lives = 0;
	g->read = 0;
	g->n_t = 0;
	memset(g->t, 0, sizeof(g->t));
	name_threads(g, a);
	for (size_t i = 0; i < g->n; i++) {
		char fork_id[32];

		(void)snprintf(g->t[g->n_t].id, sizeof(g->t[0].id), "%s", a[i].id);
		g->t[g->n_t++].scenario = g->scenarios[i];
		scenario_fork_id(&a[i], fork_id);
		if (g->scenarios[i]->fork_at > 0 && fork_id[0] != '\0') {
			(void)snprintf(g->t[g->n_t].id, sizeof(g->t[0].id), "%s", fork_id);
			g->t[g->n_t++].scenario = g->scenarios[i];
		}
	}
	for (size_t i = 0; i < g->n_t; i++) {
		g->t[i].real = true;
		g->t[i].slack_ms = LATE_MS;
	}
}

/* What victims sent has been written when two questions behind it have been answered. */
static void settle_receiver(struct group *g)
{
	int fd = receiver_connect(&g->receiver);

	for (int i = 0; i < 2; i++) {
		if (receiver_ask(&g->sim.world.lock, fd, "-", 0, "{}", NULL) < 0) {
			abort();
		}
	}
	(void)close(fd);
}

/* The lines that have come to the receiver's log in this life. */
static void read_received(struct group *g)
{
	FILE *f = fopen(g->receiver.log, "r");
	char line[4096];

	if (f == NULL) {
		return;
	}
	(void)fseek(f, g->read, SEEK_SET);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct performed p = { .life = g->lives };
		const char *body;
		struct bldr_value *v = NULL;

		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(p.key, sizeof(p.key), "%.*s", (int)strcspn(line, " "), line);
		body = strchr(line, ' ') + 1;
		p.attempt = (unsigned)strtoul(body, NULL, 10);
		body = strchr(body, ' ') + 1;
		p.body = fnv_text(FNV_BEGIN, body);
		if (strcmp(p.key, "-") != 0 && bldr_value_parse(body, strlen(body), &v, NULL) == 0) {
			p.cls = (int)bldr_get_int(v, "cls", BLDR_PURE);
			world_note(&g->sim.world, &p);
		}
		bldr_unref(v);
	}
	g->read = ftell(f);
	(void)fclose(f);
}

static void end_life(struct group *g, int64_t began_ms, struct verdict *v)
{
	struct sqlite3 *db = oracle_open(g->sim.db);

	settle_receiver(g);
	read_received(g);
	for (size_t i = 0; i < g->n_t; i++) {
		oracle_glimpse(db, g->t[i].id, &g->t[i].at[g->lives], v);
		g->t[i].began_ms[g->lives] = began_ms;
	}
	oracle_close(db);
	g->lives++;
}

/* How often a key was asked for more than once per try. */
static unsigned raw_duplicates(const struct world *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (strcmp(w->at[i].key, w->at[k].key) == 0) {
				n++;
				break;
			}
		}
	}
	return n;
}

static void group_judge(struct group *g, struct verdict *v)
{
	simulator_judge(&g->sim, g->scenarios, g->n, 0, g->t, g->n_t, g->lives, v);
	receiver_stop(&g->receiver);
}

static void group_open(struct group *g)
{
	memset(g, 0, sizeof(*g));
	simulator_begin(&g->sim);
}

static void group_close(struct group *g)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/received", g->sim.folder);
	(void)unlink(path);
	simulator_end(&g->sim);
}

/* Every scenario comes up as often as any other. */
static void choose(struct group *g, unsigned round)
{
	g->n = GROUP;
	for (size_t i = 0; i < GROUP; i++) {
		g->scenarios[i] = &scenarios[(round * GROUP + i) % n_scenarios];
	}
}

static bool wait_for(pid_t pid, int64_t ms)
{
	for (int64_t waited = 0; waited < ms * 1000; waited += 250) {
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			return true;
		}
		(void)usleep(250);
	}
	return false;
}

/* Kills victims of one journal until they are done; returns how many. */
static unsigned kill_until_done(struct group *g, unsigned kills, uint64_t *random, struct verdict *v)
{
	unsigned killed = 0;
	bool done = false;

	while (!done) {
		int64_t began_ms = wall_ms();
		pid_t pid = start_victim(g);
		int status = 0;

		if (killed < kills && g->lives < LIVES_MAX - 1) {
			done = wait_for(
				pid,
				3 + (int64_t)(draw(random) % (draw(random) % 4 == 0 ? 300 : 50)));
			if (!done) {
				(void)kill(pid, SIGKILL);
				(void)waitpid(pid, NULL, 0);
				killed++;
			}
		} else {
			(void)waitpid(pid, &status, 0);
			done = true;
			if (status != 0) {
				verdict_add(v, 8, "the last life ended with %x", (unsigned)status);
			}
		}
		end_life(g, began_ms, v);
	}
	return killed;
}

void prove_kills(struct proof *p, const struct amounts *a)
{
	struct group *g = calloc(1, sizeof(*g));
	uint64_t random = a->from + 1;
	unsigned killed = 0;
	size_t asked = 0;
	unsigned again = 0;

	group_open(g);
	for (unsigned round = 0; killed < a->kills; round++) {
		struct verdict v = { 0 };
		unsigned before = killed;

		choose(g, round);
		group_begin(g);
		killed += kill_until_done(g, a->kills - killed, &random, &v);
		group_judge(g, &v);
		proof_add(p, &v, "round %u, %u kills", round, killed - before);
		asked += g->sim.world.n;
		again += raw_duplicates(&g->sim.world);
		p->lives += (uint64_t)g->lives;
	}
	p->cases = killed;
	(void)snprintf(
		p->note, sizeof(p->note),
		"%u kills; %zu requests received, %u of them raw duplicates (same key and body); 0 "
		"lost and 0 done twice by key is what P2-P4 say",
		killed, asked, again);
	group_close(g);
	free(g);
}

/* ---- two processes ---- */

/* While a process has the journal another one is refused; when it was killed, the other one takes over. */
static void refused_then_taken_over(struct group *g, struct verdict *v)
{
	int64_t began_ms = wall_ms();
	pid_t first = start_victim(g);
	pid_t second;
	int status = 0;

	(void)usleep(20000);
	second = start_victim(g);
	(void)waitpid(second, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2) {
		verdict_add(v, 6, "a second process was not refused: %x", (unsigned)status);
	}
	(void)kill(first, SIGKILL);
	(void)waitpid(first, NULL, 0);
	end_life(g, began_ms, v);
	(void)kill_until_done(g, 0, &(uint64_t){ 0 }, v);
}

/* Without the lock, as on a file system that does not keep it: both run, the compare-and-swap lets one of them advance. */
static unsigned both_at_once(struct group *g, struct verdict *v)
{
	int64_t began_ms = wall_ms();
	unsigned refusals = 0;
	bool done = false;
	char lock[160];

	(void)snprintf(lock, sizeof(lock), "%s.lock", g->sim.db);
	for (int turn = 0; !done && turn < 200; turn++) {
		pid_t pids[2];

		for (int i = 0; i < 2; i++) {
			pids[i] = start_victim(g);
			(void)usleep(8000); /* until it has its lock */
			(void)unlink(lock);
		}
		done = true;
		for (int i = 0; i < 2; i++) {
			int status = 0;

			(void)waitpid(pids[i], &status, 0);
			refusals += WIFEXITED(status) && WEXITSTATUS(status) == 3;
			done = done && status == 0;
		}
	}
	end_life(g, began_ms, v);
	return refusals;
}

void prove_two(struct proof *p, const struct amounts *a)
{
	struct group *g = calloc(1, sizeof(*g));
	unsigned refusals = 0;

	(void)a;
	group_open(g);
	for (unsigned round = 0; round < 6; round++) {
		struct verdict v = { 0 };

		choose(g, round);
		group_begin(g);
		for (size_t i = 0; i < g->n_t; i++) {
			g->t[i].two = true;
		}
		if (round % 2 == 0) {
			refused_then_taken_over(g, &v);
		} else {
			refusals += both_at_once(g, &v);
		}
		group_judge(g, &v);
		proof_add(p, &v, "round %u", round);
		p->lives += (uint64_t)g->lives;
	}
	if (refusals == 0) {
		p->broken[0]++;
		(void)snprintf(p->first, sizeof(p->first), "two at once never met");
	}
	(void)snprintf(
		p->note, sizeof(p->note),
		"without the lock %u times a process found that the other had advanced its thread",
		refusals);
	group_close(g);
	free(g);
}
