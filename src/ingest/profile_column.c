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
	STRIP = 128,
	LOOKED_AT = 64,
	KEPT_TEXT_MAX = 1024,
	PENDING_MAX = 64,
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
		n += 8 - (size_t)((more >> 7) * UINT64_C(0x0101010101010101) >> 56);
	}
	for (; i < size; i++) {
		n += ((unsigned char)s[i] & 0xC0) != 0x80 ? 1 : 0;
	}
	return (int64_t)n;
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
	struct typed_value t;
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
	if (verdict->column.type.kind == COLUMN_TEXT) {
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

/* As written, or without blanks where there are too many ways to write it. */
static void add_pending(struct column *c, const struct taken *v, struct arena *a)
{
	bool full = c->pending.n >= PENDING_MAX;
	const char *text = full ? v->trimmed : v->text;
	size_t size = full ? v->trimmed_size : v->size;
	for (size_t i = 0; i < c->pending.n; i++) {
		struct distinct_value *p = &c->pending.at[i];
		if (p->size == size && memcmp(p->text, text, size) == 0) {
			p->count += v->rows;
			return;
		}
	}
	*LIST_ADD(a, &c->pending) = (struct distinct_value){ .text = arena_strndup(a, text, size),
							     .size = (uint32_t)size,
							     .count = v->rows,
							     .line = v->line };
}

static void add_token(struct column *c, const struct taken *v, enum null_class class,
		      struct arena *a)
{
	judge_add_token(&c->judge, class, v->rows);
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

static struct taken look(const struct distinct_value *d, enum null_class *ret_class)
{
	struct taken v = { .text = d->text, .size = d->size, .rows = d->count, .line = d->line };
	trim(&v);
	*ret_class = judge_null_class(v.trimmed, v.trimmed_size);
	plain_scan(v.trimmed, v.trimmed_size, &v.plain);
	return v;
}

static void judge(struct column *c, const struct taken *v)
{
	judge_add(&c->judge, v->trimmed, v->trimmed_size, &v->plain, v->rows);
}

/* The verdict of what was judged so far. */
static struct verdict decide(struct column *c, bool is_key)
{
	const struct column_context context = { .name = c->name,
						.speaks_of_date = c->speaks_of_date,
						.is_key = is_key,
						.hint = c->hint };
	judge_settle(&c->judge);
	return judge_decide(&c->judge, &context, c->said);
}

/* Judges the first values of a column, decides, and takes them: data[i] says of the i-th that it is no token. */
static void take_first(struct column *c, bool *data, struct arena *a)
{
	enum null_class class;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = look(&c->values.at[i], &class);
		data[i] = class == NULL_NEVER;
		if (data[i]) {
			judge(c, &v);
		} else {
			add_token(c, &v, class, a);
		}
	}
	c->verdict = decide(c, false);
	c->found.ascending = true;
	for (size_t i = 0; i < c->values.n; i++) {
		if (data[i]) {
			struct taken v = look(&c->values.at[i], &class);
			take(c, &v, a);
		}
	}
}

/* Whether the column may be unique in all of its rows, as far as its first ones tell: few repeat, none is null. */
static bool may_be_unique(const struct column *c)
{
	const struct column_inferred *column = &c->verdict.column;
	enum column_kind kind = column->type.kind;
	bool fraction = column->formatted || (kind == COLUMN_DECIMAL && column->type.scale > 0);
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

/* ---- the end of a reading ---- */

/* The rows of the values kept that came after they were. */
static void take_kept(struct column *c, struct arena *a)
{
	enum null_class class;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = look(&c->values.at[i], &class);
		v.rows -= c->taken[i];
		if (v.rows > 0) {
			judge(c, &v);
			take(c, &v, a);
		}
	}
}

static void judge_exact(struct column *c)
{
	enum null_class class;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = look(&c->values.at[i], &class);
		if (class == NULL_NEVER) {
			judge(c, &v);
		} else {
			judge_add_token(&c->judge, class, v.rows);
		}
	}
}

const struct column_tally *column_tally(struct column *c, struct arena *a)
{
	if (c->estimating) {
		take_kept(c, a);
	} else {
		judge_exact(c);
	}
	judge_settle(&c->judge);
	return &c->judge.tally;
}

static void take_exact(struct column *c, struct arena *a)
{
	enum null_class class;
	c->found.final = true;
	for (size_t i = 0; i < c->values.n; i++) {
		struct taken v = look(&c->values.at[i], &class);
		if (verdict_null(&c->verdict, class)) {
			count_null(c, &v, a);
		} else {
			take(c, &v, a);
		}
	}
}

static void take_pending(struct column *c, struct arena *a)
{
	enum null_class class;
	for (size_t i = 0; i < c->pending.n; i++) {
		struct taken v = look(&c->pending.at[i], &class);
		if (verdict_null(&c->verdict, class)) {
			count_null(c, &v, a);
		} else {
			add_fingerprint(c, fingerprint(v.trimmed, v.trimmed_size));
			take(c, &v, a);
		}
	}
}

/* A tenth may repeat, as in the first reading; the estimate is off by less. */
static bool hardly_repeat(const struct column *c)
{
	return hll_estimate(c->registers) * 10 >= c->judge.tally.rows * 9;
}

enum uniqueness { REPEATS, MAY_DIFFER, DIFFER };

/* Whether all rows have a value and no two the same, in so far as known. */
static enum uniqueness uniqueness(struct column *c)
{
	const struct column_tally *t = &c->judge.tally;
	bool differ = (int64_t)c->values.n == t->rows;
	for (size_t i = 0; i < NULL_CLASSES; i++) {
		if (t->tokens[i] > 0) {
			return REPEATS;
		}
	}
	if (!c->estimating) {
		return differ && column_count_trimmed(c) == t->rows ? DIFFER : REPEATS;
	}
	if (c->proving) {
		unique_settle(&c->fingerprints);
		return (int64_t)c->fingerprints.n == t->rows ? DIFFER : REPEATS;
	}
	for (size_t i = 0; i < c->values.n; i++) {
		if (c->values.at[i].count > 1) {
			return REPEATS;
		}
	}
	return c->rising ? DIFFER : hardly_repeat(c) ? MAY_DIFFER : REPEATS;
}

/* Where values do not fit it matters whether the column may be a key. */
static void decide_all(struct column *c)
{
	c->verdict = decide(c, false);
	enum uniqueness u = c->verdict.column.nonconforming > 0 ? uniqueness(c) : REPEATS;
	if (u != REPEATS) {
		c->doubtful = u == MAY_DIFFER;
		c->otherwise = c->verdict;
		c->verdict = decide(c, true);
	}
}

/* Another verdict than that under which the values were taken. */
static void start_again(struct column *c)
{
	c->again = true;
	c->found =
		(struct observed){ .final = true, .first = c->found.first, .last = c->found.last };
}

void column_judge(struct column *c, enum date_hint hint, struct arena *a)
{
	struct verdict then = c->verdict;
	c->hint = hint;
	decide_all(c);
	if (!c->estimating) {
		take_exact(c, a);
		return;
	}
	take_pending(c, a);
	bool no_key = c->pending.n > 0 || c->nulls > 0;
	c->prove = c->doubtful || (c->prove && !no_key && hardly_repeat(c));
	c->proving = c->proving || c->prove;
	if (!verdict_same(&then, &c->verdict, c->found.wider)) {
		start_again(c);
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

void column_end_again(struct column *c)
{
	bool doubtful = c->doubtful;
	c->again = false;
	c->prove = false;
	c->doubtful = false;
	if (doubtful && (!c->proving || uniqueness(c) != DIFFER)) {
		struct verdict then = c->verdict;
		c->verdict = c->otherwise;
		if (!verdict_same(&then, &c->verdict, 0)) {
			start_again(c);
		}
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
