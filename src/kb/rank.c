/* The numbers are few and round; what they do is held by tests, not by theory. */
#include "kb/rank.h"

#include <string.h>

#include "base/map.h"
#include "kb/query.h"

/* An item that nothing happened to for this long counts half. */
static const double half_life_days = 180;
static const double ms_per_day = 86400000;
static const double same_source = 1.5;
static const double same_table = 1.25;

int64_t kb_quality(const struct kb_item *item)
{
	return (item->helped + 1) * 1000 / (item->helped + item->hurt + 2);
}

int64_t kb_score(const struct kb_item *item, const struct kb_match *m, double best_text,
		 int64_t now_ms)
{
	double age = (double)(now_ms - item->updated_ms) / ms_per_day;
	double recency = half_life_days / (half_life_days + (age > 0 ? age : 0));
	double relevance = m->text < 0 && best_text < 0 ? m->text / best_text : 0;
	double score;

	if (m->table || m->source) {
		relevance = 1;
	}
	score = relevance * (double)kb_quality(item) * recency;
	if (m->source) {
		score *= same_source;
	} else if (m->table) {
		score *= same_table;
	}
	return score < 1 ? 1 : (int64_t)score;
}

bool kb_near(const struct kb_item *x, const struct kb_item *y)
{
	struct arena a = { 0 };
	struct map *words = map_new();
	kb_words one = { 0 };
	kb_words two = { 0 };
	size_t both = 0;
	bool near;

	if (x->kind != y->kind || x->kind == KB_CORRECTION) {
		map_free(words);
		return x->kind == y->kind && strcmp(x->title, y->title) == 0;
	}
	kb_split(arena_printf(&a, "%s %s", x->title, x->words), SIZE_MAX, &a, &one);
	kb_split(arena_printf(&a, "%s %s", y->title, y->words), SIZE_MAX, &a, &two);
	for (size_t i = 0; i < one.n; i++) {
		*map_at(words, one.at[i], strlen(one.at[i])) = words;
	}
	for (size_t i = 0; i < two.n; i++) {
		both += map_find(words, two.at[i], strlen(two.at[i])) != NULL;
	}
	near = both * 10 >= (one.n + two.n - both) * 9;
	map_free(words);
	arena_release(&a);
	return near;
}
