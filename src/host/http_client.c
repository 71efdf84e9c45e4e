/*
 * libcurl's multi interface tells which sockets to watch and when to call again; libuv watches and calls.
 *
 *	start --> under way --libcurl is done--> (its file made durable on libuv's pool) --> ended
 *	   \           \--cancelled-----\                                              /
 *	    '--refused------------------'--> given back, in a turn of its own --------'
 *
 * libcurl's callbacks run inside of its own calls, so they only note; exchanges end afterwards. A 0 ms timer that is armed
 * again from its own callback would starve libuv 1.44's loop: 1 ms is the least. OpenSSL writes without MSG_NOSIGNAL, and a
 * library may not change what the program does about SIGPIPE: it is blocked on this thread while libcurl runs.
 */
#include "host/http_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/log.h"
#include "host/http_exchange.h"
#include "host/token_fetch.h"

enum { IDLE_CONNECTIONS_MAX = 16 };

struct http_client {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer; /* of libcurl */
	uv_timer_t look;  /* for exchanges in which nothing moves */
	TAILQ_HEAD(, exchange) under_way;
	TAILQ_HEAD(, exchange) waiting; /* for a token */
	uv_timer_t fetch;               /* for tries of getting one */
	const struct map *credentials;
	uv_async_t back; /* something is in given_back */
	unsigned handles;
	STAILQ_HEAD(exchanges, exchange) given_back;
	void (*ended)(struct flight *f, void *user);
	void *user;
};

/* A socket of libcurl's. */
struct watch {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

struct quiet {
	sigset_t before;
	bool pending;
};

static void quiet_begin(struct quiet *q)
{
	sigset_t pipe_only, pending;

	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)sigpending(&pending);
	q->pending = sigismember(&pending, SIGPIPE) == 1;
	ASSERT(pthread_sigmask(SIG_BLOCK, &pipe_only, &q->before) == 0);
}

static void quiet_end(const struct quiet *q)
{
	const struct timespec now = { 0 };
	sigset_t pipe_only, pending;

	(void)sigpending(&pending);
	if (!q->pending && sigismember(&pending, SIGPIPE) == 1) {
		(void)sigemptyset(&pipe_only);
		(void)sigaddset(&pipe_only, SIGPIPE);
		(void)sigtimedwait(&pipe_only, NULL, &now);
	}
	ASSERT(pthread_sigmask(SIG_SETMASK, &q->before, NULL) == 0);
}

static void add(struct http_client *c, struct transfer *t)
{
	struct quiet q;

	t->client = c;
	quiet_begin(&q);
	ASSERT(curl_multi_add_handle(c->multi, t->easy) == CURLM_OK);
	quiet_end(&q);
}

static void drop(struct transfer *t)
{
	struct quiet q;

	quiet_begin(&q);
	ASSERT(curl_multi_remove_handle(t->client->multi, t->easy) == CURLM_OK);
	quiet_end(&q);
}

static void finish(struct exchange *x)
{
	struct http_client *c = x->transfer.client;
	struct flight *f = x->flight;

	LOG(f->status == BLDR_DONE ? LOG_DEBUG : LOG_WARNING, "http.ended",
	    LOG_TEXT("thread", f->thread), LOG_TEXT("host", f->label), LOG_TEXT("key", f->key),
	    LOG_INT("status", x->status), LOG_TEXT("error", f->error));
	f->exchange = NULL;
	exchange_free(x);
	c->ended(f, c->user);
}

static void on_save(uv_work_t *work)
{
	exchange_save(work->data);
}

static void on_saved(uv_work_t *work, int uv_code)
{
	struct exchange *x = work->data;

	ASSERT(uv_code == 0); /* nobody cancels it */
	exchange_answer(x);
	finish(x);
}

static void take_out(struct exchange *x)
{
	drop(&x->transfer);
	x->under_way = false;
	TAILQ_REMOVE(&x->transfer.client->under_way, x, in_client);
}

static void go(struct http_client *c, struct exchange *x);

static void end(struct exchange *x, CURLcode code)
{
	bool saves = exchange_ended(x, code);

	take_out(x);
	if (exchange_refused(x)) {
		exchange_reset(x);
		x->waited = false;
		go(x->transfer.client, x);
		return;
	}
	if (saves) {
		x->work.data = x;
		ASSERT(uv_queue_work(x->transfer.client->loop, &x->work, on_save, on_saved) == 0);
		return;
	}
	exchange_answer(x);
	finish(x);
}

static void on_exchange(struct transfer *t, CURLcode code)
{
	end((struct exchange *)t, code); /* its first member */
}

/* After each call into libcurl: what it is done with. */
static void collect(struct http_client *c)
{
	const CURLMsg *m;
	int left = 0;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		CURLcode code = m->data.result; /* m is gone when its handle is taken out */
		struct transfer *t = NULL;

		ASSERT(m->msg == CURLMSG_DONE);
		ASSERT(curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t) == CURLE_OK);
		t->ended(t, code);
	}
}

static void act(struct http_client *c, curl_socket_t fd, int events)
{
	struct quiet q;
	int running = 0;

	quiet_begin(&q);
	ASSERT(curl_multi_socket_action(c->multi, fd, events, &running) == CURLM_OK);
	quiet_end(&q);
	collect(c);
}

static void on_poll(uv_poll_t *poll, int uv_code, int events)
{
	const struct watch *w = poll->data;
	int flags = uv_code < 0 ? CURL_CSELECT_ERR : 0;

	flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
	flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
	act(w->client, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *watch_new(struct http_client *c, curl_socket_t fd)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->client = c;
	w->fd = fd;
	ASSERT(uv_poll_init_socket(c->loop, &w->poll, fd) == 0);
	w->poll.data = w;
	ASSERT(curl_multi_assign(c->multi, fd, w) == CURLM_OK);
	return w;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
	struct http_client *c = user;
	struct watch *w = of_socket;
	int events = (what & CURL_POLL_IN) != 0 ? UV_READABLE : 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			(void)curl_multi_assign(c->multi, fd, NULL);
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		}
		return 0;
	}
	if (w == NULL) {
		w = watch_new(c, fd);
	}
	events |= (what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0;
	ASSERT(uv_poll_start(&w->poll, events, on_poll) == 0);
	return 0;
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long timeout_ms, void *user)
{
	struct http_client *c = user;

	(void)multi;
	if (timeout_ms < 0) {
		(void)uv_timer_stop(&c->timer);
	} else {
		uv_update_time(c->loop);
		(void)uv_timer_start(&c->timer, on_timer,
				     (uint64_t)(timeout_ms > 0 ? timeout_ms : 1), 0);
	}
	return 0;
}

static void on_look(uv_timer_t *look);

/* Looks then, or before. */
static void look_at(struct http_client *c, int64_t due_ms)
{
	int64_t wait_ms = due_ms - (int64_t)(uv_hrtime() / 1000000);
	uint64_t wait = wait_ms > 0 ? (uint64_t)wait_ms : 1;

	uv_update_time(c->loop);
	if (!uv_is_active((uv_handle_t *)&c->look) || uv_timer_get_due_in(&c->look) > wait) {
		(void)uv_timer_start(&c->look, on_look, wait, 0);
	}
}

static void on_look(uv_timer_t *look)
{
	struct http_client *c = look->data;
	struct exchange *next;

	for (struct exchange *x = TAILQ_FIRST(&c->under_way); x != NULL; x = next) {
		int64_t due_ms = exchange_idle_at(x);

		next = TAILQ_NEXT(x, in_client);
		if (due_ms <= (int64_t)(uv_hrtime() / 1000000)) {
			end(x, CURLE_OPERATION_TIMEDOUT);
		} else {
			look_at(c, due_ms);
		}
	}
}

static void on_back(uv_async_t *back)
{
	struct http_client *c = back->data;
	struct exchange *x;

	while ((x = STAILQ_FIRST(&c->given_back)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->given_back, in_list);
		finish(x);
	}
}

static void give_back(struct exchange *x)
{
	STAILQ_INSERT_TAIL(&x->transfer.client->given_back, x, in_list);
	(void)uv_async_send(&x->transfer.client->back);
}

static int64_t clock_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static void fail(struct exchange *x, const struct bldr_error *err)
{
	flight_failed(x->flight, BLDR_FAILED, err->code, err->text);
	give_back(x);
}

/* A token was had, or was not: who waits for it goes on. */
static void settle(struct http_client *c, const struct credential *credential,
		   const struct bldr_error *err)
{
	struct exchange *next;

	for (struct exchange *x = TAILQ_FIRST(&c->waiting); x != NULL; x = next) {
		next = TAILQ_NEXT(x, in_client);
		if (x->waits_for != credential) {
			continue;
		}
		TAILQ_REMOVE(&c->waiting, x, in_client);
		x->waits_for = NULL;
		x->waited = true;
		if (err != NULL) {
			fail(x, err);
		} else {
			go(c, x);
		}
	}
}

static void on_fetch(uv_timer_t *timer);

/* Sends what is due, and comes back for what is not. */
static void send_fetches(struct http_client *c)
{
	int64_t now_ms = clock_ms();
	int64_t wait_ms = INT64_MAX;

	for (size_t i = 0; i < map_count(c->credentials); i++) {
		const struct credential *credential = map_value(c->credentials, i);
		struct token_fetch *t = credential->fetch;

		if (t == NULL || t->sending) {
			continue;
		}
		if (t->due_ms <= now_ms) {
			token_fetch_send(t, now_ms);
			t->sending = true;
			add(c, &t->transfer);
		} else if (t->due_ms - now_ms < wait_ms) {
			wait_ms = t->due_ms - now_ms;
		}
	}
	if (wait_ms < INT64_MAX) {
		uv_update_time(c->loop);
		(void)uv_timer_start(&c->fetch, on_fetch, (uint64_t)wait_ms, 0);
	}
}

static void on_fetch(uv_timer_t *timer)
{
	send_fetches(timer->data);
}

static void take_fetch_out(struct token_fetch *t)
{
	drop(&t->transfer);
	t->sending = false;
}

static void on_fetched(struct transfer *transfer, CURLcode code)
{
	struct token_fetch *t = (struct token_fetch *)transfer; /* its first member */
	struct credential *credential = t->credential;
	struct http_client *c = transfer->client;
	struct bldr_error err = { 0 };
	enum token_turn turn;

	take_fetch_out(t);
	turn = token_fetch_ended(t, code, clock_ms(), &err);
	if (turn == TOKEN_SEND) {
		send_fetches(c);
		return;
	}
	token_fetch_free(t);
	credential->fetch = NULL;
	settle(c, credential, turn == TOKEN_HAD ? NULL : &err);
}

static void fetch(struct http_client *c, struct credential *credential)
{
	if (credential->fetch == NULL) {
		credential->fetch = token_fetch_new(credential, clock_ms());
		credential->fetch->transfer.ended = on_fetched;
		send_fetches(c);
	}
}

/* Whether x waits for a token; those that are to be had are asked for. */
static bool waits(struct http_client *c, struct exchange *x)
{
	const struct http_request *q = x->request;

	for (size_t i = 0; i < q->headers.n; i++) {
		const char *name = q->headers.at[i].credential;
		struct credential *credential =
			name != NULL ? map_find(c->credentials, name, strlen(name)) : NULL;
		enum token_state state = credential != NULL
			? credential_state(credential, clock_ms())
			: TOKEN_HELD; /* exchange_begin says that there is none */

		/* one that was waited for is sent however short its life is */
		if (state == TOKEN_NONE && !(x->waited && credential_text(credential) != NULL)) {
			x->waits_for = credential;
			TAILQ_INSERT_TAIL(&c->waiting, x, in_client);
			fetch(c, credential);
			return true;
		}
		if (state == TOKEN_STALE) {
			fetch(c, credential);
		}
	}
	return false;
}

/* Sends x once all its tokens are there. */
static void go(struct http_client *c, struct exchange *x)
{
	struct bldr_error err = { 0 };

	if (waits(c, x)) {
		return;
	}
	if (exchange_begin(x, c->credentials, &err) < 0) {
		fail(x, &err);
		return;
	}
	add(c, &x->transfer);
	x->under_way = true;
	TAILQ_INSERT_TAIL(&c->under_way, x, in_client);
	look_at(c, exchange_idle_at(x));
}

struct http_client *http_client_new(uv_loop_t *loop, const struct map *credentials,
				    void (*ended)(struct flight *f, void *user), void *user)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	c->loop = loop;
	c->ended = ended;
	c->user = user;
	c->credentials = credentials;
	c->handles = 4;
	STAILQ_INIT(&c->given_back);
	TAILQ_INIT(&c->under_way);
	TAILQ_INIT(&c->waiting);
	c->multi = curl_multi_init();
	ASSERT(c->multi != NULL);
	ASSERT(uv_timer_init(loop, &c->timer) == 0 && uv_async_init(loop, &c->back, on_back) == 0);
	ASSERT(uv_timer_init(loop, &c->look) == 0 && uv_timer_init(loop, &c->fetch) == 0);
	c->timer.data = c;
	c->fetch.data = c;
	c->look.data = c;
	c->back.data = c;
	ASSERT(curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK);
	ASSERT(curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) == CURLM_OK);
	ASSERT(curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout) == CURLM_OK);
	ASSERT(curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c) == CURLM_OK);
	ASSERT(curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX) ==
	       CURLM_OK);
	return c;
}

static void on_closed(uv_handle_t *handle)
{
	struct http_client *c = handle->data;

	if (--c->handles == 0) {
		free(c);
		curl_global_cleanup();
	}
}

/* Tokens that are asked for in the background, and that nobody waits for. */
static void drop_fetches(struct http_client *c)
{
	for (size_t i = 0; i < map_count(c->credentials); i++) {
		struct credential *credential = map_value(c->credentials, i);

		if (credential->fetch != NULL && credential->fetch->sending) {
			take_fetch_out(credential->fetch);
		}
		token_fetch_free(credential->fetch);
		credential->fetch = NULL;
	}
}

void http_client_free(struct http_client *c)
{
	struct quiet q;

	if (c == NULL) {
		return;
	}
	ASSERT(STAILQ_EMPTY(&c->given_back) && TAILQ_EMPTY(&c->waiting));
	drop_fetches(c);
	quiet_begin(&q);
	ASSERT(curl_multi_cleanup(c->multi) == CURLM_OK);
	quiet_end(&q);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	uv_close((uv_handle_t *)&c->look, on_closed);
	uv_close((uv_handle_t *)&c->fetch, on_closed);
	uv_close((uv_handle_t *)&c->back, on_closed);
}

void http_start(struct http_client *c, struct flight *f)
{
	struct exchange *x = exchange_new(f);

	x->transfer.client = c;
	x->transfer.ended = on_exchange;
	f->exchange = x;
	go(c, x);
}

bool http_is_begun(const struct flight *f)
{
	return f->exchange != NULL && f->exchange->begun;
}

void http_cancel(struct flight *f)
{
	struct exchange *x = f->exchange;

	if (x == NULL || (!x->under_way && x->waits_for == NULL)) {
		return; /* it ends soon */
	}
	if (x->under_way) {
		take_out(x);
	} else {
		TAILQ_REMOVE(&x->transfer.client->waiting, x, in_client);
		x->waits_for = NULL;
	}
	flight_failed(f, BLDR_CANCELLED, BLDR_E_CANCELLED, NULL);
	give_back(x);
}
