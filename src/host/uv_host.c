/*
 * One loop on the caller's thread. Workers, the writer and signal handlers only wake it;
 * everything is decided in pump(), once per wake. A commit that fails, or a stop, ends the loop:
 * what is in flight is asked to cancel or killed, waited for and dropped, and the journal says where
 * to go on.
 *
 *	         wake (workers, writer, driver_add, stop)
 *	idle --------------------------------------------> pump: take the commit that ended -> dispatch
 *	  ^                                                      land what has landed or expired
 *	  |________________ nothing to do ___________________    begin the next commit, if none is under way
 *	                                                         over? -> leave the loop
 */
#include "host/uv_host.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <uv.h>

#include "base/check.h"
#include "base/log.h"
#include "host/children.h"
#include "host/http_client.h"
#include "host/pool.h"
#include "host/process.h"
#include "host/writer.h"

/* A sleep is looked at so often at least, since the wall clock may be set. */
enum { LOOK_MS = 60000 };
/* Turns of the driver that follow each other without a look at timers and processes. */
enum { TURNS_MAX = 32 };

struct uv_host {
	struct host host;
	uv_loop_t loop;
	uv_async_t wake;
	uv_timer_t timer; /* the next deadline */
	unsigned workers;
	int64_t last_ms;

	/* While it runs. */
	struct driver *driver;
	struct pool *pool;
	struct writer *writer;
	struct children *children;
	bool committing;  /* the writer's thread is at it */
	bool pumping;     /* what is to be done now is done before pump() returns */
	bool ending;      /* the loop has been left: only what others perform is waited for */
	size_t timed;     /* flights that have a timeout, or sleep */
	size_t processes; /* started, and not ended yet */
	size_t exchanges; /* the same of HTTP */
	struct http_client *http; /* NULL until the first; it lives as long as the host */
	struct flight *flights;   /* all that are performed or wait for it, expired ones too */
	int code;
	struct bldr_error err;
};

static void pump(struct uv_host *u);

/* For deadlines: never set back. Callable on any thread. */
static int64_t clock_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static void news(void *user)
{
	(void)uv_async_send(&((struct uv_host *)user)->wake);
}

/* Wall clock; when it is set back, time stands still until it has caught up. */
static int64_t now_ms(struct host *h)
{
	struct uv_host *u = (struct uv_host *)h;
	struct timespec t;
	int64_t ms;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (ms > u->last_ms) {
		u->last_ms = ms;
	}
	return u->last_ms;
}

static bool is_timed(const struct flight *f)
{
	return f->timeout_ms > 0 || f->kind->way == WAY_CLOCK;
}

static void drop(struct uv_host *u, struct flight *f)
{
	if (f->next != NULL) {
		f->next->prev = f->prev;
	}
	if (f->prev != NULL) {
		f->prev->next = f->next;
	} else {
		u->flights = f->next;
	}
	u->timed -= is_timed(f);
	driver_returned(u->driver, f);
	flight_free(f);
}

/* Hands a result to the driver, but for one that expired before or is not wanted any more. */
static void land_one(struct uv_host *u, struct flight *f)
{
	if (f->owner != NULL && !u->driver->stop && !u->ending) {
		driver_land(u->driver, f, f->status, f->code, f->text, f->error);
		f->text = NULL;
		f->error = NULL;
	}
	drop(u, f);
}

static void process_ended(struct flight *f, void *user)
{
	struct uv_host *u = user;

	u->processes--;
	land_one(u, f);
	news(u);
}

static void child_says(const struct flight *f, const char *mode, char *text, void *user)
{
	struct uv_host *u = user;

	if (u->driver->stop || u->ending) {
		free(text);
		return;
	}
	driver_emit(u->driver, f->thread, f->effect, f->attempt, mode, text);
	news(u);
}

static void child_ended(struct flight *f, void *user)
{
	struct uv_host *u = user;

	land_one(u, f);
	news(u);
}

static void exchange_over(struct flight *f, void *user)
{
	struct uv_host *u = user;

	u->exchanges--;
	land_one(u, f);
	news(u);
}

static void send_request(struct uv_host *u, struct flight *f)
{
	if (u->http == NULL) {
		u->http = http_client_new(&u->loop, u->driver->credentials, exchange_over, u);
	}
	u->exchanges++;
	f->started_ms = clock_ms();
	http_start(u->http, f);
}

static void perform(struct host *h, struct flight *f)
{
	struct uv_host *u = (struct uv_host *)h;

	f->next = u->flights;
	if (f->next != NULL) {
		f->next->prev = f;
	}
	u->flights = f;
	u->timed += is_timed(f);
	switch (f->kind->way) {
	case WAY_WORKER:
		pool_add(u->pool, f);
		break;
	case WAY_PROCESS:
		u->processes++;
		f->started_ms = clock_ms();
		process_start(&u->loop, f, process_ended, u);
		break;
	case WAY_CHILD:
		children_call(u->children, f);
		break;
	case WAY_HTTP:
		send_request(u, f);
		break;
	case WAY_CLOCK:
		f->started_ms = clock_ms();
		break;
	case WAY_PERSON: /* nobody performs it */
		break;
	}
}

static void emit(struct uv_host *u)
{
	struct spoken *next;

	for (struct spoken *s = pool_spoken(u->pool); s != NULL; s = next) {
		next = s->next;
		if (!u->driver->stop) {
			driver_emit(u->driver, s->thread, s->effect, s->attempt, s->mode, s->text);
			s->text = NULL;
		}
		spoken_free(s);
	}
}

/* Lands what the pool has finished, and before it what that has said. */
static void land(struct uv_host *u)
{
	struct flight *landed = pool_landed(u->pool);
	struct flight *next;

	emit(u);
	for (struct flight *f = landed; f != NULL; f = next) {
		next = f->queue;
		land_one(u, f);
	}
}

/* A flight that nobody waits for: it is dropped when who performs it has given up. */
static void give_up(struct host *h, struct flight *f)
{
	struct uv_host *u = (struct uv_host *)h;

	f->cancel = true;
	if (f->kind->way == WAY_PROCESS) {
		process_kill(f);
	} else if (f->kind->way == WAY_HTTP) {
		http_cancel(f);
	} else if (f->kind->way == WAY_CLOCK ||
		   (f->kind->way == WAY_CHILD && children_give_up(u->children, f))) {
		drop(u, f);
	}
}

/* A flight whose time is over lands as TIMED_OUT at once; who performs it is told to give up. A request of class once that
 * may have been sent is UNKNOWN. */
static void expire(struct uv_host *u, struct flight *f)
{
	if (f->cls == BLDR_ONCE && http_is_begun(f)) {
		driver_land(u->driver, f, BLDR_UNKNOWN, BLDR_E_TIMEOUT, NULL, flight_expiry(f));
	} else {
		driver_land(u->driver, f, BLDR_TIMED_OUT, BLDR_E_TIMEOUT, NULL, flight_expiry(f));
	}
	give_up(&u->host, f);
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

/* Lands or expires a flight that is due. Otherwise how long to wait before looking again, in ms. */
static int64_t watch_flight(struct uv_host *u, struct flight *f)
{
	int64_t started = f->started_ms;
	int64_t left = LOOK_MS;

	if (f->owner == NULL || started == 0) {
		return LOOK_MS;
	}
	if (f->kind->way == WAY_CLOCK) {
		left = f->wake_ms - now_ms(&u->host);
		if (left <= 0) {
			flight_done(f, NULL);
			land_one(u, f);
			return LOOK_MS;
		}
	}
	if (f->timeout_ms > 0) {
		int64_t rest = started + f->timeout_ms - clock_ms();

		left = rest < left ? rest : left;
		if (rest <= 0) {
			expire(u, f);
			return LOOK_MS;
		}
	}
	return left;
}

/* Lands and expires what is due, and sets the timer to the next deadline. */
static void watch_deadlines(struct uv_host *u)
{
	int64_t wait = LOOK_MS;
	int64_t due = driver_due(u->driver);
	struct flight *next;

	(void)uv_timer_stop(&u->timer);
	if ((u->timed == 0 && due == 0) || u->driver->stop) {
		return;
	}
	for (struct flight *f = u->flights; f != NULL; f = next) {
		next = f->next;
		if (is_timed(f)) {
			int64_t left = watch_flight(u, f);

			wait = left < wait ? left : wait;
		}
	}
	if (due > 0 && due - now_ms(&u->host) < wait) {
		wait = due - now_ms(&u->host);
	}
	/* 1 ms or more: a 0 ms timer would starve libuv 1.44's loop */
	uv_update_time(&u->loop);
	(void)uv_timer_start(&u->timer, on_timer, (uint64_t)(wait > 0 ? wait : 1), 0);
}

/* A commit has ended. */
static void end_commit(struct uv_host *u, struct batch *b)
{
	if (u->code < 0) {
		LOG(LOG_ERROR, "commit.failed", LOG_INT("threads", (int64_t)b->n),
		    LOG_TEXT("error", u->err.text));
		batch_discard(b);
	} else {
		driver_committed(u->driver, b);
	}
}

/* Takes the commit that has ended on the writer's thread, if one has. */
static void take_commit(struct uv_host *u)
{
	struct batch *b = u->committing ? writer_done(u->writer, &u->code, &u->err) : NULL;

	if (b != NULL) {
		u->committing = false;
		end_commit(u, b);
	}
}

/* The writer's thread commits while the loop goes on. When nothing is under way that could land meanwhile, the loop would only
 * wait for it, and commits itself; true then. */
static bool commit(struct uv_host *u)
{
	struct batch *b;

	if (u->committing || u->code < 0) {
		return false;
	}
	b = driver_batch(u->driver, now_ms(&u->host));
	if (b == NULL) {
		return false;
	}
	if (u->flights != NULL) {
		u->committing = true;
		writer_begin(u->writer, b);
		return false;
	}
	u->code = batch_commit(b, u->driver->journal, &u->err);
	end_commit(u, b);
	return true;
}

/* True when it is to be taken again at once. */
static bool turn(struct uv_host *u)
{
	take_commit(u);
	land(u);
	driver_begin(u->driver);
	watch_deadlines(u);
	return commit(u);
}

static void pump(struct uv_host *u)
{
	int turns = 1;

	u->pumping = true;
	while (turn(u) && turns < TURNS_MAX) {
		turns++;
	}
	u->pumping = false;
	if (!u->committing && (u->code < 0 || u->driver->stop || driver_idle(u->driver))) {
		uv_stop(&u->loop);
	} else if (turns == TURNS_MAX) {
		news(u); /* the loop looks at everything else in between */
	}
}

static void on_wake(uv_async_t *wake)
{
	struct uv_host *u = wake->data;

	if (!u->ending) {
		pump(u);
	}
}

/* Workers and the writer never see a signal: handlers run on the caller's threads. */
static void start_threads(struct uv_host *u)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	ASSERT(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
	u->pool = pool_new(u->workers, clock_ms, news, u);
	u->writer = writer_new(u->driver->journal, news, u);
	ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	u->children = children_new(&u->loop, child_says, child_ended, u);
}

static void end_threads(struct uv_host *u)
{
	u->ending = true;
	(void)uv_timer_stop(&u->timer);
	for (struct flight *f = u->flights; f != NULL; f = f->next) {
		f->cancel = true;
		process_kill(f);
		http_cancel(f);
	}
	children_end(u->children);
	while (u->processes + u->exchanges + children_open(u->children) > 0) {
		(void)uv_run(&u->loop, UV_RUN_ONCE);
	}
	children_free(u->children);
	pool_free(u->pool);
	writer_free(u->writer);
	while (u->flights != NULL) {
		drop(u, u->flights);
	}
}

static int run(struct host *h, struct driver *d, struct bldr_error *err)
{
	struct uv_host *u = (struct uv_host *)h;

	u->driver = d;
	u->code = 0;
	u->ending = false;
	start_threads(u);
	news(u);
	(void)uv_run(&u->loop, UV_RUN_DEFAULT);
	end_threads(u);
	if (u->code < 0 && err != NULL) {
		*err = u->err;
	}
	return u->code;
}

static void uv_host_free(struct host *h)
{
	struct uv_host *u = (struct uv_host *)h;

	http_client_free(u->http);
	uv_close((uv_handle_t *)&u->wake, NULL);
	uv_close((uv_handle_t *)&u->timer, NULL);
	(void)uv_run(&u->loop, UV_RUN_DEFAULT);
	ASSERT(uv_loop_close(&u->loop) == 0);
	free(u);
}

static void wake(struct host *h)
{
	if (!((struct uv_host *)h)->pumping) {
		news(h);
	}
}

/* Whatever is under way: a signal handler may call it in the middle of a turn. */
static void interrupt(struct host *h)
{
	news(h);
}

int uv_host_new(unsigned workers, struct host **ret, struct bldr_error *err)
{
	struct uv_host *u = xcalloc(1, sizeof(*u));
	int rc = uv_loop_init(&u->loop);

	if (rc < 0) {
		free(u);
		return bldr_error_set(err, BLDR_E_IO, "cannot create an event loop: %s",
				      uv_strerror(rc));
	}
	rc = uv_async_init(&u->loop, &u->wake, on_wake);
	if (rc < 0) {
		(void)uv_loop_close(&u->loop);
		free(u);
		return bldr_error_set(err, BLDR_E_IO, "cannot create an event loop: %s",
				      uv_strerror(rc));
	}
	ASSERT(uv_timer_init(&u->loop, &u->timer) == 0);
	u->wake.data = u;
	u->timer.data = u;
	u->workers = workers > 0 ? workers : uv_available_parallelism();
	if (workers == 0 && u->workers < 2) {
		u->workers = 2;
	}
	u->host = (struct host){
		.perform = perform,
		.give_up = give_up,
		.wake = wake,
		.run = run,
		.now_ms = now_ms,
		.interrupt = interrupt,
		.free = uv_host_free,
	};
	*ret = &u->host;
	return 0;
}
