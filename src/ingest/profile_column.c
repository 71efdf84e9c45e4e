/* The two ways of a value through a column: into the table of distinct values, or past it. */
#include "ingest/profile_column.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "ingest/fingerprint.h"

enum {
	SHOWN_MAX = 256,
	STRIP = 256,
	LOOKED_AT = 64,
	KEPT_TEXT_MAX = 1024,
	NEAR = 256 /* so many values are in the caches anyway */
};

void column_release(struct column *c)
{
	distinct_release(&c->values);
	unique_release(&c->fingerprints);
	sketch_k_release(&c->smallest);
	free(c->found.first.text);
	free(c->found.last.text);
	free(c->taken);
	free(c->registers);
	free(c->sample);
}

const char *value_shown(struct arena *a, const char *s, size_t size)
{
	if (size <= SHOWN_MAX) {
		return arena_strndup(a, s, size);
	}
	return arena_printf(a, "%.*s\xE2\x80\xA6", (int)utf8_cut(s, size, SHOWN_MAX), s);
}

/* ---- one value, whatever else is there ---- */

/* Nothing to cut off both ends, as nearly always. */
static inline bool bare(const char *s, size_t size)
{
	return size > 0 && (unsigned char)(s[0] - '!') < 0x5E &&
		(unsigned char)(s[size - 1] - '!') < 0x5E;
}

static void trim(struct taken *v)
{
	v->trimmed = v->text;
	v->trimmed_size = v->size;
	if (!bare(v->text, v->size)) {
		v->trimmed = value_trim(v->text, &v->trimmed_size);
	}
}

/* Characters of valid UTF-8. */
static int64_t characters(const char *s, size_t size)
{
	size_t n = 0;
	size_t i = 0;
	for (; i + 8 <= size; i += 8) {
		uint64_t word;
		memcpy(&word, s + i, sizeof(word));
		/* bytes 10xxxxxx continue a character */
		uint64_t more = word & ~(word << 1) & UINT64_C(0x8080808080808080);
		n += 8 - (size_t)__builtin_popcountll(more);
	}
	for (; i < size; i++) {
		n += ((unsigned char)s[i] & 0xC0) != 0x80 ? 1 : 0;
	}
	return (int64_t)n;
}

static bool leading_zeros(const char *s, size_t size)
{
	if (size < 2 || s[0] != '0') {
		return false;
	}
	for (size_t i = 1; i < size; i++) {
		if (s[i] < '0' || s[i] > '9') {
			return false;
		}
	}
	return true;
}

/* ---- what was observed ---- */

/* The first eight bytes, so that greater numbers are greater texts. */
static uint64_t prefix_of(const char *s, size_t size)
{
	uint64_t word = 0;
	memcpy(&word, s, size < sizeof(word) ? size : sizeof(word));
	return be64toh(word);
}

static void set_bound(struct text_bound *b, const char *s, size_t size, uint64_t prefix)
{
	if (size > b->room) {
		b->room = size * 2;
		b->text = xrealloc(b->text, b->room);
	}
	memcpy(b->text, s, size);
	b->size = size;
	b->prefix = prefix;
}

static int compare_bytes(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int c = memcmp(a, b, a_size < b_size ? a_size : b_size);
	return c != 0 ? c : (a_size > b_size) - (a_size < b_size);
}

static void observe_text(struct observed *f, const struct taken *v)
{
	uint64_t prefix = prefix_of(v->text, v->size);
	if (!f->any ||
	    (prefix <= f->first.prefix &&
	     compare_bytes(v->text, v->size, f->first.text, f->first.size) < 0)) {
		set_bound(&f->first, v->text, v->size, prefix);
	}
	if (!f->any ||
	    (prefix >= f->last.prefix &&
	     compare_bytes(v->text, v->size, f->last.text, f->last.size) > 0)) {
		set_bound(&f->last, v->text, v->size, prefix);
	} else {
		f->ascending = false;
	}
	f->any = true;
}

/* The first distinct ones, in order of their lines. */
static void add_exception(struct observed *f, const struct taken *v, struct arena *a)
{
	size_t n = f->exceptions.n;
	if (n == PROFILE_EXCEPTIONS_MAX && f->exceptions.at[n - 1].line <= v->line) {
		return;
	}
	struct profile_exception e = { v->line, value_shown(a, v->text, v->size) };
	for (size_t i = 0; i < n; i++) {
		if (strcmp(f->exceptions.at[i].text, e.text) == 0) {
			return;
		}
	}
	if (n < PROFILE_EXCEPTIONS_MAX) {
		n++;
		(void)LIST_ADD(a, &f->exceptions);
	}
	size_t i = n - 1;
	for (; i > 0 && f->exceptions.at[i - 1].line > e.line; i--) {
		f->exceptions.at[i] = f->exceptions.at[i - 1];
	}
	f->exceptions.at[i] = e;
}

/* A non-null value under the verdict. */
static void observe(struct observed *f, const struct verdict *verdict, const struct taken *v,
		    struct arena *a)
{
	struct typed t;
	f->rows += v->rows;
	enum conformity c = verdict_read(verdict, v->trimmed, v->trimmed_size, &v->plain, &t);
	if (c == CONFORMS_NOT || (c == CONFORMS_WIDER && f->final)) {
		f->nonconforming += v->rows;
		f->ascending = false;
		add_exception(f, v, a);
		return;
	}
	f->wider += c == CONFORMS_WIDER ? v->rows : 0;
	bool room = f->exceptions.n < PROFILE_EXCEPTIONS_MAX ||
		v->line < f->exceptions.at[PROFILE_EXCEPTIONS_MAX - 1].line;
	if (verdict->has_near && room &&
	    !verdict_near(verdict, v->trimmed, v->trimmed_size, &v->plain)) {
		add_exception(f, v, a);
	}
	if (verdict->type.kind == COLUMN_TEXT) {
		observe_text(f, v);
		return;
	}
	if (!f->any) {
		f->min = t;
		f->max = t;
		f->any = true;
	} else if (verdict_compare(verdict, &t, &f->max) > 0) {
		f->max = t;
	} else {
		f->ascending = false;
		f->min = verdict_compare(verdict, &t, &f->min) < 0 ? t : f->min;
	}
}

static void measure(struct column *c, const struct taken *v)
{
	int64_t size = (int64_t)v->size;
	if (size > c->max_length || size / 4 < c->min_length || c->max_length == 0) {
		int64_t n = characters(v->text, v->size);
		c->min_length = c->max_length == 0 || n < c->min_length ? n : c->min_length;
		c->max_length = n > c->max_length ? n : c->max_length;
	}
}

static void take(struct column *c, const struct taken *v, struct arena *a)
{
	measure(c, v);
	c->padded += v->trimmed_size != v->size ? v->rows : 0;
	c->leading_zeros += leading_zeros(v->trimmed, v->trimmed_size) ? v->rows : 0;
	observe(&c->found, &c->verdict, v, a);
}

/* ---- nulls ---- */

static void count_null(struct column *c, const struct taken *v, struct arena *a)
{
	c->nulls += v->rows;
	for (size_t i = 0; i < c->null_tokens.n; i++) {
		struct token_count *t = &c->null_tokens.at[i];
		if (strlen(t->token) == v->trimmed_size &&
		    memcmp(t->token, v->trimmed, v->trimmed_size) == 0) {
			t->count += v->rows;
			return;
		}
	}
	*LIST_ADD(a, &c->null_tokens) =
		(struct token_count){ arena_strndup(a, v->trimmed, v->trimmed_size), v->rows };
}

static void add_pending(struct column *c, const struct taken *v, struct arena *a)
{
	struct pending *p = NULL;
	for (size_t i = 0; i < c->pending.n && p == NULL; i++) {
		struct pending *q = &c->pending.at[i];
		p = strlen(q->token) == v->trimmed_size &&
				memcmp(q->token, v->trimmed, v->trimmed_size) == 0
			? q
			: NULL;
	}
	if (p == NULL) {
		p = LIST_ADD(a, &c->pending);
		*p = (struct pending){ .token = arena_strndup(a, v->trimmed, v->trimmed_size),
				       .line = v->line };
	}
	p->rows += v->rows;
	p->padded += v->size != v->trimmed_size ? v->rows : 0;
}

static void add_token(struct column *c, const struct taken *v, enum null_class class,
		      struct arena *a)
{
	if (class == NULL_ALWAYS) {
		count_null(c, v, a);
	} else {
		add_pending(c, v, a);
	}
}

/* ---- estimating ---- */

static void add_fingerprint(struct column *c, uint64_t hash)
{
	if (c->proving) {
		unique_add(&c->fingerprints, hash);
	} else {
		hll_add(c->registers, hash);
		sketch_k_add(&c->smallest, hash);
	}
}

void column_stop_proving(struct column *c)
{
	c->proving = false;
	c->prove = false;
	for (size_t i = 0; i < c->fingerprints.n; i++) {
		add_fingerprint(c, c->fingerprints.at[i]);
	}
	unique_release(&c->fingerprints);
}

/* The i-th distinct value, looked at. */
static struct taken value_at(const struct column *c, size_t i, enum null_class *ret_class)
{
	const struct distinct_value *d = &c->values.at[i];
	struct taken v = { .text = d->text, .size = d->size, .rows = d->count, .line = d->line };
	trim(&v);
	*ret_class = judge_null_class(v.trimmed, v.trimmed_size);
	if (*ret_class == NULL_NEVER) {
		plain_scan(v.trimmed, v.trimmed_size, &v.plain);
	}
	return v;
}

static void judge(struct column *c, const struct taken *v)
{
	judge_add(&c->judge, v->trimmed, v->trimmed_size, &v->plain, v->rows);
}

/* The verdict of what was judged; it is also that about tokens. */
static struct verdict decide(struct column *c)
{
	judge_settle(&c->judge);
	return judge_decide(&c->judge, c->compact_dates);
}

/* Judges all distinct values, decides, and takes them, in the order of the file. */
static void take_all(struct column *c, struct arena *a)
{
	enum null_class class;
	bool tokens = false;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = value_at(c, i, &class);
		tokens = tokens || (class != NULL_NEVER && class != NULL_ALWAYS);
		if (class == NULL_NEVER) {
			judge(c, &v);
		}
	}
	c->verdict = decide(c);
	for (size_t i = 0; tokens && i < c->values.n; i++) {
		struct taken v = value_at(c, i, &class);
		if (class != NULL_NEVER && !verdict_null(&c->verdict, class)) {
			judge(c, &v);
		}
	}
	c->verdict = decide(c);
	c->found.final = true;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = value_at(c, i, &class);
		if (verdict_null(&c->verdict, class)) {
			count_null(c, &v, a);
		} else {
			take(c, &v, a);
		}
	}
}

/* The same for the first values of a column: data[i] says of the i-th that it is no token. */
static void take_first(struct column *c, bool *data, struct arena *a)
{
	enum null_class class;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = value_at(c, i, &class);
		data[i] = class == NULL_NEVER;
		if (data[i]) {
			judge(c, &v);
		} else {
			add_token(c, &v, class, a);
		}
	}
	c->verdict = decide(c);
	c->found.ascending = true;
	for (size_t i = 0; i < c->values.n; i++) {
		if (data[i]) {
			struct taken v = value_at(c, i, &class);
			take(c, &v, a);
		}
	}
}

/* Whether the column may be unique in all of its rows, as far as its first ones tell: few repeat, none is null. */
static bool may_be_unique(const struct column *c)
{
	enum column_kind kind = c->verdict.type.kind;
	bool fraction = kind == COLUMN_DECIMAL && c->verdict.type.scale > 0;
	return c->nulls == 0 && c->pending.n == 0 && kind != COLUMN_DOUBLE && kind != COLUMN_BOOL &&
		!fraction && (int64_t)c->values.n * 10 >= c->found.rows * 9;
}

/* From exact to estimating. */
static void stop_counting(struct column *c, size_t kept, struct arena *a)
{
	bool *data = xcalloc(c->values.n + 1, sizeof(*data));
	take_first(c, data, a);
	c->estimating = true;
	c->registers = xcalloc(HLL_REGISTERS, sizeof(*c->registers));
	bool unique = may_be_unique(c);
	c->rising = unique && c->found.ascending && c->padded == 0 &&
		(int64_t)c->values.n == c->found.rows;
	c->proving = unique && !c->rising;
	for (size_t i = 0; i < c->values.n; i++) {
		if (data[i]) {
			size_t size = c->values.at[i].size;
			const char *trimmed = value_trim(c->values.at[i].text, &size);
			add_fingerprint(c, fingerprint(trimmed, size));
			c->least++;
		}
		data[i] = data[i] && c->values.at[i].size <= KEPT_TEXT_MAX;
	}
	distinct_prune(&c->values,
		       unique && kept > PROFILE_KEPT_OF_KEY ? PROFILE_KEPT_OF_KEY : kept, data);
	free(data);
	c->taken = xcalloc(c->values.n + 1, sizeof(*c->taken));
	for (size_t i = 0; i < c->values.n; i++) {
		c->taken[i] = c->values.at[i].count;
	}
}

/* The values do not rise any more; that they differ can still be proven, in a second reading. */
static void stop_rising(struct column *c)
{
	c->rising = false;
	c->prove = true;
}

/* A value on its way past the table. */
struct looked_at {
	struct taken v;
	enum null_class class;
	uint64_t hash, written; /* fingerprints without and with the blanks around it */
};

static void look_at(const struct column *c, const struct cells *cells, size_t i,
		    struct looked_at *ret)
{
	const struct cell *cell = &cells->first[i * cells->stride];
	ret->v.text = cells->text + cell->at;
	ret->v.size = cell->size;
	ret->v.rows = 1;
	ret->v.line = cells->lines[i];
	trim(&ret->v);
	ret->class = judge_null_class(ret->v.trimmed, ret->v.trimmed_size);
	ret->hash = fingerprint(ret->v.trimmed, ret->v.trimmed_size);
	ret->written = ret->v.size == ret->v.trimmed_size ? ret->hash
							  : fingerprint(ret->v.text, ret->v.size);
	distinct_prefetch(&c->values, ret->written);
	__builtin_prefetch(&c->registers[ret->hash >> (64 - HLL_BITS)], 1);
}

static void estimate(struct column *c, struct looked_at *l, struct arena *a)
{
	struct taken *v = &l->v;
	if (l->class != NULL_NEVER) {
		add_token(c, v, l->class, a);
		c->rising = false;
		c->prove = false;
		if (c->proving) { /* no key: a key is never null */
			column_stop_proving(c);
		}
		return;
	}
	struct distinct_value *kept = distinct_find(&c->values, v->text, v->size, l->written);
	if (kept != NULL && c->rising) {
		stop_rising(c);
	}
	if (kept != NULL) { /* judged, taken and in the sketches already */
		kept->count++;
		return;
	}
	add_fingerprint(c, l->hash);
	plain_scan(v->trimmed, v->trimmed_size, &v->plain);
	judge(c, v);
	take(c, v, a);
	if (c->rising && (!c->found.ascending || c->padded > 0)) {
		stop_rising(c);
	}
}

/* ---- batches ---- */

static void estimate_all(struct column *c, const struct cells *cells, size_t from, struct arena *a)
{
	struct looked_at strip[LOOKED_AT];
	while (from < cells->n) {
		size_t n = cells->n - from < LOOKED_AT ? cells->n - from : LOOKED_AT;
		for (size_t i = 0; i < n; i++) {
			look_at(c, cells, from + i, &strip[i]);
		}
		for (size_t i = 0; i < n; i++) {
			estimate(c, &strip[i], a);
		}
		from += n;
	}
}

/* The values and their texts, before they are compared. */
static void bring_near(const struct distinct *d, const uint64_t *hashes, size_t n)
{
	const struct distinct_value *guesses[STRIP];
	if (d->n < NEAR) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		guesses[i] = distinct_guess(d, hashes[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (guesses[i] != NULL) {
			__builtin_prefetch(guesses[i]->text);
		}
	}
}

void column_add(struct column *c, const struct cells *cells, const struct column_limits *limits,
		struct arena *a)
{
	uint64_t hashes[STRIP];
	for (size_t from = 0; from < cells->n; from += STRIP) {
		if (c->estimating) {
			estimate_all(c, cells, from, a);
			return;
		}
		size_t n = cells->n - from < STRIP ? cells->n - from : STRIP;
		const struct cell *f = &cells->first[from * cells->stride];
		for (size_t i = 0; i < n; i++) {
			const struct cell *cell = &f[i * cells->stride];
			hashes[i] = fingerprint(cells->text + cell->at, cell->size);
			distinct_prefetch(&c->values, hashes[i]);
		}
		bring_near(&c->values, hashes, n);
		for (size_t i = 0; i < n; i++) {
			const struct cell *cell = &f[i * cells->stride];
			distinct_add(&c->values, cells->text + cell->at, cell->size, hashes[i],
				     cells->lines[from + i]);
			if (distinct_bytes(&c->values) > limits->bytes || c->values.full) {
				/* what found no place because the table is full is taken below */
				size_t next = from + i + (c->values.full ? 0 : 1);
				stop_counting(c, limits->kept, a);
				estimate_all(c, cells, next, a);
				return;
			}
		}
	}
}

/* The rows of the values kept that came after they were. */
static void take_kept(struct column *c, struct arena *a)
{
	enum null_class class;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = value_at(c, i, &class);
		v.rows -= c->taken[i];
		if (v.rows > 0) {
			judge(c, &v);
			take(c, &v, a);
		}
	}
}

static struct taken pending_at(const struct column *c, size_t i)
{
	const struct pending *p = &c->pending.at[i];
	size_t size = strlen(p->token);
	struct taken v = { p->token, size, p->token, size, p->rows, p->line, { 0 } };
	plain_scan(v.trimmed, v.trimmed_size, &v.plain);
	return v;
}

void column_judge(struct column *c, struct arena *a)
{
	if (!c->estimating) {
		take_all(c, a);
		return;
	}
	take_kept(c, a);
	struct verdict then = c->verdict;
	struct verdict tokens = decide(c);
	for (size_t i = 0; i < c->pending.n; i++) {
		struct taken v = pending_at(c, i);
		if (verdict_null(&tokens, judge_null_class(v.trimmed, v.trimmed_size))) {
			count_null(c, &v, a);
		} else {
			judge(c, &v);
		}
	}
	c->verdict = decide(c);
	for (size_t i = 0; i < c->pending.n; i++) {
		struct taken v = pending_at(c, i);
		if (!verdict_null(&c->verdict, judge_null_class(v.trimmed, v.trimmed_size))) {
			c->padded += c->pending.at[i].padded;
			add_fingerprint(c, fingerprint(v.trimmed, v.trimmed_size));
			take(c, &v, a);
		}
	}
	/* a tenth may repeat, as in the first reading; the estimate is off by less */
	c->prove = c->prove && c->pending.n == 0 && c->nulls == 0 &&
		hll_estimate(c->registers) * 10 >= c->found.rows * 9;
	c->proving = c->proving || c->prove;
	c->again = !verdict_same(&then, &c->verdict, c->found.wider);
	if (c->again) {
		c->found = (struct observed){ .final = true,
					      .first = c->found.first,
					      .last = c->found.last };
	}
}

bool column_needs_again(const struct column *c)
{
	return c->again || c->prove;
}

void column_add_again(struct column *c, const char *text, size_t size, int64_t line, struct arena *a)
{
	struct taken v = { .text = text, .size = size, .rows = 1, .line = line };
	trim(&v);
	if (verdict_null(&c->verdict, judge_null_class(v.trimmed, v.trimmed_size))) {
		return;
	}
	if (c->prove) {
		unique_add(&c->fingerprints, fingerprint(v.trimmed, v.trimmed_size));
	}
	if (c->again) {
		plain_scan(v.trimmed, v.trimmed_size, &v.plain);
		observe(&c->found, &c->verdict, &v, a);
	}
}

/* ---- the sample ---- */

void column_sample_add(struct column *c, const char *text, size_t size)
{
	size_t kept = size <= SAMPLE_TEXT_MAX ? size : 0;
	if (c->sample_room - c->sample_size < kept + 1) {
		c->sample_room = c->sample_room * 2 + SAMPLE_TEXT_MAX + 1;
		c->sample = xrealloc(c->sample, c->sample_room);
	}
	c->sample[c->sample_size++] = (char)kept;
	memcpy(c->sample + c->sample_size, text, kept);
	c->sample_size += kept;
}

void column_sample_keep(struct column *c, const bool *keep, size_t n)
{
	size_t to = 0;
	size_t from = 0;
	for (size_t i = 0; i < n; i++) {
		size_t size = (size_t)(unsigned char)c->sample[from] + 1;
		if (keep[i]) {
			memmove(c->sample + to, c->sample + from, size);
			to += size;
		}
		from += size;
	}
	c->sample_size = to;
}
