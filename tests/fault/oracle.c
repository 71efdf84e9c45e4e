/* What must be true of a journal, a world and an observer, whatever has happened to the processes. */
#include "oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sqlite3.h>

void verdict_add(struct verdict *v, int promise, const char *fmt, ...)
{
	va_list args;

	v->broken[promise]++;
	if (v->first[0] == '\0') {
		int n = snprintf(v->first, sizeof(v->first), "P%d: ", promise);

		va_start(args, fmt);
		(void)vsnprintf(v->first + n, sizeof(v->first) - (size_t)n, fmt, args);
		va_end(args);
	}
}

bool verdict_good(const struct verdict *v)
{
	for (int i = 0; i < PROMISES; i++) {
		if (v->broken[i] > 0) {
			return false;
		}
	}
	return true;
}

void hear(struct hearing *h, const struct bldr_event *event, int life)
{
	const char *about = bldr_get_text(event->data, "key");

	if (about == NULL) {
		about = bldr_get_text(event->data, "task");
	}
	if (h->n == h->room) {
		h->room = h->room * 2 + 64;
		h->at = realloc(h->at, h->room * sizeof(*h->at));
		if (h->at == NULL) {
			abort();
		}
	}
	h->at[h->n++] = (struct heard){
		.seq = event->seq,
		.life = life,
		.what = fnv_text(fnv_text(FNV_BEGIN, event->type), about != NULL ? about : ""),
	};
}

/* ---- rows ---- */

sqlite3 *oracle_open(const char *db_path)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		abort();
	}
	(void)sqlite3_busy_timeout(db, 5000);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return db;
}

void oracle_close(sqlite3 *db)
{
	(void)sqlite3_close(db);
}

static sqlite3_stmt *ask(sqlite3 *db, const char *id, const char *sql, struct verdict *v)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		verdict_add(v, 0, "%s: %s", sql, sqlite3_errmsg(db));
	} else if (sqlite3_bind_parameter_count(stmt) > 0) {
		(void)sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	}
	return stmt;
}

static const char *column(sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return text != NULL ? text : "";
}

static const char events_sql[] =
	"SELECT seq, events FROM event WHERE thread=(SELECT number FROM thread WHERE id=?1)"
	" ORDER BY seq";

static size_t items_of(const char *json, json_t **ret)
{
	json_t *list = json_loads(json, 0, NULL);

	*ret = list;
	return json_array_size(list);
}

void oracle_glimpse(sqlite3 *db, const char *id, struct glimpse *ret, struct verdict *v)
{
	sqlite3_stmt *s = ask(db, id, events_sql, v);

	*ret = (struct glimpse){ .text = FNV_BEGIN };
	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		json_t *list;
		size_t n = items_of(column(s, 1), &list);

		ret->events = sqlite3_column_int64(s, 0) + (int64_t)n - 1;
		ret->text = fnv_text(ret->text, column(s, 1));
		json_decref(list);
	}
	(void)sqlite3_finalize(s);
}

void oracle_execute(const char *db_path, const char *sql)
{
	sqlite3 *db = oracle_open(db_path);

	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		abort();
	}
	(void)sqlite3_close(db);
}

/* ---- outcomes ---- */

/* Lineages are numbered as they come up, since ids depend on what ended first. */
static void put_path(FILE *out, const char *path)
{
	for (const char *c = path; *c != '\0'; c++) {
		(void)fputc(*c, out);
		while (*c == '~' && c[1] >= '0' && c[1] <= '9') {
			c++;
		}
	}
}

static void put_text(FILE *out, const struct bldr_value *v)
{
	char *text = bldr_value_text(v);

	(void)fputs(text, out);
	free(text);
}

static int put_checkpoint(const struct bldr_checkpoint *c, void *user)
{
	FILE *out = user;

	(void)fprintf(out, "%s %" PRId64 " %s from %" PRId64 "%s%s next ",
		      c->lineage == 0 ? "first" : "forked", c->step, c->source, c->from_step,
		      c->held ? " held" : "", c->current ? " current" : "");
	put_text(out, c->next);
	(void)fputs(" writes ", out);
	put_text(out, c->writes);
	(void)fputc('\n', out);
	return 0;
}

static void put_thread(FILE *out, struct bldr_engine *reader, const char *id, struct verdict *v)
{
	struct bldr_thread t;
	struct bldr_value *state = NULL;
	struct bldr_error err = { 0 };

	if (bldr_thread_info(reader, id, &t, &err) < 0 ||
	    bldr_thread_state(reader, id, &state, &err) < 0) {
		verdict_add(v, 8, "%s cannot be read: %s", id, err.text);
		return;
	}
	(void)fprintf(out, "status %d code %d step %" PRId64 " queued %" PRId64 " %s\n",
		      (int)t.status, t.code, t.step, t.queued, t.error);
	put_text(out, state);
	(void)fputc('\n', out);
	bldr_unref(state);
	if (bldr_thread_history(reader, id, put_checkpoint, out, &err) < 0) {
		verdict_add(v, 1, "%s has no history: %s", id, err.text);
	}
}

struct lines {
	char **at;
	size_t n, room;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *member(const json_t *data, const char *name)
{
	const char *text = json_string_value(json_object_get(data, name));

	return text != NULL ? text : "";
}

/* What happened, without what depends on time or on being taken up again. */
static void add_event(struct lines *l, const char *type, const json_t *data)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out;
	const char *status = member(data, "status");

	if (strcmp(type, "run.resumed") == 0) {
		return;
	}
	out = open_memstream(&text, &size);
	(void)fprintf(out, "%s ", type);
	put_path(out, key_tail(member(data, "key")));
	put_path(out, member(data, "task"));
	put_path(out, member(data, "frame"));
	(void)fprintf(out, " %" PRId64 " %" PRId64 " %s\n",
		      (int64_t)json_integer_value(json_object_get(data, "step")),
		      (int64_t)json_integer_value(json_object_get(data, "tries")),
		      strcmp(status, "unknown") == 0 ? "done" : status);
	(void)fclose(out);
	if (l->n == l->room) {
		l->room = l->room * 2 + 64;
		l->at = realloc(l->at, l->room * sizeof(*l->at));
		if (l->at == NULL) {
			abort();
		}
	}
	l->at[l->n++] = text;
}

static char *sorted_events(sqlite3 *db, const char *id, struct verdict *v)
{
	sqlite3_stmt *s = ask(db, id, events_sql, v);
	struct lines l = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		json_t *list;
		size_t n = items_of(column(s, 1), &list);

		for (size_t i = 0; i < n; i++) {
			const json_t *one = json_array_get(list, i);

			add_event(&l, json_string_value(json_array_get(one, 1)),
				  json_array_get(one, 2));
		}
		json_decref(list);
	}
	if (l.n > 0) {
		qsort(l.at, l.n, sizeof(*l.at), by_text);
	}
	for (size_t i = 0; i < l.n; i++) {
		(void)fputs(l.at[i], out);
		free(l.at[i]);
	}
	free(l.at);
	(void)fclose(out);
	(void)sqlite3_finalize(s);
	return text;
}

void oracle_outcome(sqlite3 *db, struct bldr_engine *reader, const struct scenario *s,
		    const char *id, struct outcome *ret, struct verdict *v)
{
	struct attendance a = { .scenario = s };
	char fork_id[32];
	size_t size = 0;
	FILE *out;

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	*ret = (struct outcome){ 0 };
	out = open_memstream(&ret->state, &size);
	put_thread(out, reader, id, v);
	scenario_fork_id(&a, fork_id);
	if (s->fork_at > 0 && fork_id[0] != '\0') {
		put_thread(out, reader, fork_id, v);
	}
	(void)fclose(out);
	ret->events = sorted_events(db, id, v);
}

void outcome_free(struct outcome *o)
{
	free(o->state);
	free(o->events);
	*o = (struct outcome){ 0 };
}

/* The first line of two texts that differs. */
static void differing(const char *is, const char *want, char ret[300])
{
	while (*is != '\0' && strcspn(is, "\n") == strcspn(want, "\n") &&
	       strncmp(is, want, strcspn(is, "\n")) == 0) {
		is += strcspn(is, "\n") + (is[strcspn(is, "\n")] != '\0');
		want += strcspn(want, "\n") + (want[strcspn(want, "\n")] != '\0');
	}
	(void)snprintf(ret, 300, "\"%.*s\" instead of \"%.*s\"", (int)strcspn(is, "\n") % 140, is,
		       (int)strcspn(want, "\n") % 140, want);
}

void oracle_compare(const struct scenario *s, const struct outcome *is, const struct outcome *want,
		    struct verdict *v)
{
	char what[300];
	bool ended = strncmp(is->state, s->ends_failed ? "status 2 " : "status 1 ", 9) == 0;

	if (!ended) {
		verdict_add(v, 8, "%s has not ended: %.80s", s->name, is->state);
	}
	if (strcmp(is->state, want->state) != 0) {
		differing(is->state, want->state, what);
		verdict_add(v, 1, "%s: %s", s->name, what);
	}
	if (strcmp(is->events, want->events) != 0) {
		differing(is->events, want->events, what);
		verdict_add(v, 7, "%s: %s", s->name, what);
	}
}

/* ---- one thread ---- */

struct fact {
	int64_t seq, at_ms;
	char type[24];
	char key[KEY_MAX];
	int64_t due_ms, tries;
	bool done, cached;
	uint64_t what;
};

struct facts {
	struct fact *at;
	size_t n, room;
};

static void add_fact(struct facts *f, int64_t seq, const json_t *one)
{
	const char *type = json_string_value(json_array_get(one, 1));
	const json_t *data = json_array_get(one, 2);
	const char *key = member(data, "key");
	struct fact *x;

	if (f->n == f->room) {
		f->room = f->room * 2 + 128;
		f->at = realloc(f->at, f->room * sizeof(*f->at));
		if (f->at == NULL) {
			abort();
		}
	}
	x = &f->at[f->n++];
	*x = (struct fact){
		.seq = seq,
		.at_ms = json_integer_value(json_array_get(one, 0)),
		.due_ms = json_integer_value(json_object_get(data, "due_ms")),
		.tries = json_integer_value(json_object_get(data, "tries")),
		.done = strcmp(member(data, "status"), "done") == 0,
		.cached = json_object_get(data, "cached") != NULL,
		.what = fnv_text(fnv_text(FNV_BEGIN, type),
				 *key != '\0' ? key : member(data, "task")),
	};
	(void)snprintf(x->type, sizeof(x->type), "%s", type);
	(void)snprintf(x->key, sizeof(x->key), "%s", key);
}

/* P7: numbers without gap; what was durable once is durable still. */
static void read_facts(sqlite3 *db, const struct testimony *t, int lives, struct facts *f,
		       struct verdict *v)
{
	sqlite3_stmt *s = ask(db, t->id, events_sql, v);
	uint64_t text = FNV_BEGIN;
	int64_t last = 0;
	int life = 0;

	while (life < lives && t->at[life].events == 0) {
		life++;
	}
	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		json_t *list;
		size_t n = items_of(column(s, 1), &list);

		if (sqlite3_column_int64(s, 0) != last + 1) {
			verdict_add(v, 7, "%s: event %lld follows %" PRId64, t->id,
				    (long long)sqlite3_column_int64(s, 0), last);
		}
		for (size_t i = 0; i < n; i++) {
			add_fact(f, ++last, json_array_get(list, i));
		}
		text = fnv_text(text, column(s, 1));
		for (; life < lives && t->at[life].events == last; life++) {
			if (t->at[life].text != text) {
				verdict_add(v, 2, "%s: events before %" PRId64 " were changed",
					    t->id, last);
			}
		}
		json_decref(list);
	}
	if (life < lives) {
		verdict_add(v, 2, "%s: of %" PRId64 " events that were durable some are gone",
			    t->id, t->at[life].events);
	}
	(void)sqlite3_finalize(s);
	s = ask(db, t->id, "SELECT last_event FROM thread WHERE id=?1", v);
	if (s == NULL || sqlite3_step(s) != SQLITE_ROW || sqlite3_column_int64(s, 0) != last) {
		verdict_add(v, 7, "%s: its counter of events is not %" PRId64, t->id, last);
	}
	(void)sqlite3_finalize(s);
}

/* P7: an observer hears each event that was made durable before its life was broken off, once, in order. */
static void judge_hearing(const struct testimony *t, int lives, const struct facts *f,
			  struct verdict *v)
{
	const struct hearing *h = t->hearing;
	size_t i = 0;

	for (int life = 0; life < lives; life++) {
		int64_t seq = life > 0 ? t->at[life - 1].events : 0;

		for (; i < h->n && h->at[i].life == life; i++) {
			if (h->at[i].seq != ++seq) {
				verdict_add(v, 7,
					    "%s: in life %d event %" PRId64
					    " was heard for %" PRId64,
					    t->id, life, h->at[i].seq, seq);
				seq = h->at[i].seq;
			}
			if (seq > (int64_t)f->n || f->at[seq - 1].what != h->at[i].what) {
				verdict_add(v, 7, "%s: event %" PRId64 " is not what was heard",
					    t->id, seq);
			}
		}
		if (seq > t->at[life].events) {
			verdict_add(v, 7, "%s: event %" PRId64 " was heard and is not durable",
				    t->id, seq);
		}
		if (t->ended_well[life] && seq != t->at[life].events) {
			verdict_add(v, 7,
				    "%s: in life %d only %" PRId64 " events were heard of %" PRId64,
				    t->id, life, seq, t->at[life].events);
		}
	}
}

static const struct fact *find(const struct facts *f, const char *type, const char *key)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->at[i].key, key) == 0 && strcmp(f->at[i].type, type) == 0) {
			return &f->at[i];
		}
	}
	return NULL;
}

/* When the next try of an effect is due by what was recorded before a life's end. */
static int64_t due_of(const struct facts *f, const char *key, unsigned attempt)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->at[i].type, "effect.retry") == 0 && strcmp(f->at[i].key, key) == 0 &&
		    f->at[i].tries + 1 == (int64_t)attempt) {
			return f->at[i].due_ms;
		}
	}
	return 0;
}

static bool of_thread(const char *key, const char *id)
{
	size_t size = strlen(id);

	return strncmp(key, id, size) == 0 && key[size] == '/';
}

/* P2, P5, P8 of one performance. */
static void judge_performance(const struct testimony *t, const struct facts *f,
			      const struct performed *p, struct verdict *v)
{
	const struct fact *intent = find(f, "effect.intended", p->key);
	const struct fact *end = find(f, "effect.ended", p->key);

	if (intent == NULL || intent->seq > t->at[p->life].events) {
		verdict_add(v, 5, "%s was performed in life %d, and its intent was not durable",
			    p->key, p->life);
	}
	if (end != NULL && p->life > 0 && end->seq <= t->at[p->life - 1].events &&
	    !t->scenario->retries_failed) {
		verdict_add(v, 2, "%s was performed in life %d after its result was recorded",
			    p->key, p->life);
	}
	if (!t->real && p->at_ms < due_of(f, p->key, p->attempt)) {
		verdict_add(v, 8, "%s: try %u was made at %" PRId64 ", before it was due", p->key,
			    p->attempt, p->at_ms);
	}
}

/* P3, P4: what a key has been asked for, by all its performances. */
static void judge_key(const struct testimony *t, const struct world *w, size_t first,
		      struct verdict *v)
{
	const struct performed *p = &w->at[first];
	unsigned times = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct performed *q = &w->at[i];

		if (strcmp(q->key, p->key) != 0) {
			continue;
		}
		times++;
		if (q->cls != p->cls || q->body != p->body) {
			verdict_add(v, 3, "%s was asked for with another body", p->key);
		}
		if (i != first && q->life == p->life && q->attempt == p->attempt &&
		    !t->scenario->retries_failed && !t->two) {
			verdict_add(v, 3, "%s: try %u was made twice in one life", p->key,
				    p->attempt);
		}
	}
	if (p->cls == BLDR_ONCE && times > 1) {
		verdict_add(v, 4, "%s was sent %u times", p->key, times);
	}
}

static const struct performed *performance(const struct world *w, const char *key)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->at[i].key, key) == 0) {
			return &w->at[i];
		}
	}
	return NULL;
}

/* P8: a timer ends when it is due, or when somebody is there again to see to it. */
static void judge_timer(const struct testimony *t, const struct fact *end, int64_t due_ms,
			int lives, struct verdict *v)
{
	int life = 0;
	int64_t latest;

	while (life + 1 < lives && t->at[life].events < end->seq) {
		life++;
	}
	latest = (t->began_ms[life] > due_ms ? t->began_ms[life] : due_ms) + t->slack_ms;
	if (end->done && (end->at_ms < due_ms || end->at_ms > latest)) {
		verdict_add(v, 8, "%s ended at %" PRId64 ", due was %" PRId64, end->key, end->at_ms,
			    due_ms);
	}
}

/* P2, P3: each effect of the journal, against what the world and the ledger say. */
static void judge_effects(sqlite3 *db, const struct testimony *t, int lives, const struct facts *f,
			  const struct world *w, struct verdict *v)
{
	sqlite3_stmt *s =
		ask(db, t->id,
		    "SELECT key, class, kind, status, at_ms + coalesce(request->>'ms', 0),"
		    " (SELECT count(*) FROM ledger WHERE ledger.key=effect.key)"
		    " FROM effect WHERE thread=(SELECT number FROM thread WHERE id=?1)",
		    v);

	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		const char *key = column(s, 0);
		int cls = sqlite3_column_int(s, 1);
		const char *kind = column(s, 2);
		bool done = sqlite3_column_type(s, 3) != SQLITE_NULL &&
			sqlite3_column_int(s, 3) == 0;
		const struct fact *end = find(f, "effect.ended", key);

		if (find(f, "effect.intended", key) == NULL) {
			verdict_add(v, 7, "no event says that %s was intended", key);
		}
		if (end == NULL || end->done != done) {
			verdict_add(v, 2, "%s: its row and its event tell different ends", key);
			continue;
		}
		if (cls == BLDR_LOCAL && sqlite3_column_int(s, 5) != 1) {
			verdict_add(v, 3, "local %s was performed %d times", key,
				    sqlite3_column_int(s, 5));
		}
		if (done && !end->cached && performance(w, key) == NULL &&
		    (strcmp(kind, "work") == 0 || (!t->real && strcmp(kind, "process") == 0))) {
			verdict_add(v, 3, "%s has a result, and was never performed", key);
		}
		if (strcmp(kind, "sleep") == 0) {
			judge_timer(t, end, sqlite3_column_int64(s, 4), lives, v);
		}
	}
	(void)sqlite3_finalize(s);
}

void oracle_judge(sqlite3 *db, const struct testimony *t, int lives, const struct world *w,
		  struct verdict *v)
{
	struct facts f = { 0 };

	read_facts(db, t, lives, &f, v);
	if (t->hearing != NULL) {
		judge_hearing(t, lives, &f, v);
	}
	for (size_t i = 0; i < w->n; i++) {
		if (of_thread(w->at[i].key, t->id)) {
			judge_performance(t, &f, &w->at[i], v);
			if (performance(w, w->at[i].key) == &w->at[i]) {
				judge_key(t, w, i, v);
			}
		}
	}
	judge_effects(db, t, lives, &f, w, v);
	free(f.at);
}
