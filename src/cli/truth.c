/*
 * The truth stays JSON: it is checked for its form once, when read. Each found thing is looked for in the
 * truth and each true thing among the found ones; what is left over is told with its evidence.
 */
#include "cli/truth.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/understand.h"

enum { TRUTH_BYTES_MAX = 16 << 20 };

struct scorer {
	const struct bldr_value *truth;
	const struct profile *profile;
	const struct design *design;
	struct arena *a;
};

/* ---- the file's form ---- */

static int wrong_form(struct bldr_error *err, const char *place, const char *expected)
{
	return bldr_error_set(err, BLDR_E_INVALID, "%s: expected %s", place, expected);
}

static bool is_names(const struct bldr_value *v)
{
	if (bldr_type_of(v) != BLDR_LIST) {
		return false;
	}
	for (size_t i = 0; i < bldr_count(v); i++) {
		if (bldr_as_text(bldr_at(v, i)) == NULL) {
			return false;
		}
	}
	return true;
}

static int check_tables(const struct bldr_value *tables, struct arena *a, struct bldr_error *err)
{
	if (bldr_type_of(tables) != BLDR_OBJECT) {
		return wrong_form(err, "/tables", "an object of tables");
	}
	for (void *it = bldr_first(tables); it != NULL; it = bldr_next(tables, it)) {
		const struct bldr_value *t = bldr_item(it);
		const struct bldr_value *unique = bldr_get(t, "also_unique");
		const char *place = arena_printf(a, "/tables/%s", bldr_key(it));

		if (bldr_get_text(t, "file") == NULL) {
			return wrong_form(err, place, "\"file\", a path");
		}
		if (!is_names(bldr_get(t, "pk"))) {
			return wrong_form(err, place, "\"pk\", a list of columns");
		}
		for (size_t i = 0; i < bldr_count(unique); i++) {
			if (!is_names(bldr_at(unique, i))) {
				return wrong_form(err, place,
						  "\"also_unique\", a list of lists of columns");
			}
		}
	}
	return 0;
}

static bool is_end(const struct bldr_value *v)
{
	return bldr_type_of(v) == BLDR_LIST && bldr_count(v) == 2 &&
		bldr_as_text(bldr_at(v, 0)) != NULL && is_names(bldr_at(v, 1));
}

static int check_references(const struct bldr_value *truth, const char *key, bool scored,
			    struct arena *a, struct bldr_error *err)
{
	const struct bldr_value *list = bldr_get(truth, key);

	if (scored && bldr_type_of(list) != BLDR_LIST) {
		return wrong_form(err, arena_printf(a, "/%s", key), "a list of foreign keys");
	}
	for (size_t i = 0; i < bldr_count(list); i++) {
		const struct bldr_value *fk = bldr_at(list, i);
		const char *score = bldr_get_text(fk, "score");
		const char *place = arena_printf(a, "/%s/%zu", key, i);

		if (!is_end(bldr_get(fk, "from")) || !is_end(bldr_get(fk, "to"))) {
			return wrong_form(err, place,
					  "\"from\" and \"to\", each [table, [columns]]");
		}
		if (scored &&
		    (score == NULL ||
		     (strcmp(score, "required") != 0 && strcmp(score, "required_approx") != 0 &&
		      strcmp(score, "optional") != 0))) {
			return wrong_form(err, place,
					  "\"score\": required, required_approx or optional");
		}
	}
	return 0;
}

static int check_form(const struct bldr_value *truth, struct arena *a, struct bldr_error *err)
{
	static const char *const roles[] = { "facts", "dims", "bridges" };
	int r = check_tables(bldr_get(truth, "tables"), a, err);

	if (r == 0) {
		r = check_references(truth, "fks", true, a, err);
	}
	if (r == 0) {
		r = check_references(truth, "acceptable_fks", false, a, err);
	}
	for (size_t i = 0; r == 0 && i < 3; i++) {
		const struct bldr_value *list = bldr_get(truth, roles[i]);

		if (!bldr_is_null(list) && !is_names(list)) {
			r = wrong_form(err, arena_printf(a, "/%s", roles[i]), "a list of tables");
		}
	}
	return r;
}

int truth_read(const char *path, struct bldr_value **ret, struct bldr_error *err)
{
	struct arena a = { 0 };
	struct bldr_value *v = NULL;
	char *text;
	size_t size;
	int r = file_read(path, TRUTH_BYTES_MAX, &text, &size, err);

	if (r < 0) {
		return r;
	}
	r = bldr_value_parse(text, size, &v, err);
	free(text);
	if (r == 0) {
		r = check_form(v, &a, err);
	}
	arena_release(&a);
	if (r < 0) {
		bldr_unref(v);
		return bldr_error_prefix(err, "truth \"%s\"", path);
	}
	*ret = v;
	return 0;
}

/* ---- tables ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The truth's name of a table of the run; NULL: it does not know the file. */
static const char *true_name(const struct scorer *s, const char *table)
{
	const struct bldr_value *tables = bldr_get(s->truth, "tables");
	const char *file = NULL;

	for (size_t i = 0; i < s->profile->tables.n; i++) {
		if (strcmp(s->profile->tables.at[i].table, table) == 0) {
			file = base_name(s->profile->tables.at[i].path);
		}
	}
	for (void *it = bldr_first(tables); file != NULL && it != NULL; it = bldr_next(tables, it)) {
		if (strcmp(base_name(bldr_get_text(bldr_item(it), "file")), file) == 0) {
			return bldr_key(it);
		}
	}
	return NULL;
}

static const struct table_profile *run_table(const struct scorer *s, const char *name)
{
	for (size_t i = 0; i < s->profile->tables.n; i++) {
		const char *known = true_name(s, s->profile->tables.at[i].table);

		if (known != NULL && strcmp(known, name) == 0) {
			return &s->profile->tables.at[i];
		}
	}
	return NULL;
}

static const char *names_text(struct arena *a, const struct bldr_value *names)
{
	const char *all = "";

	for (size_t i = 0; i < bldr_count(names); i++) {
		all = arena_printf(a, "%s%s%s", all, i > 0 ? ", " : "",
				   bldr_as_text(bldr_at(names, i)));
	}
	return all;
}

static bool has_name(const struct bldr_value *names, const char *name)
{
	for (size_t i = 0; i < bldr_count(names); i++) {
		if (strcmp(bldr_as_text(bldr_at(names, i)), name) == 0) {
			return true;
		}
	}
	return false;
}

static bool same_set(const texts *columns, const struct bldr_value *names)
{
	for (size_t i = 0; i < columns->n; i++) {
		if (!has_name(names, columns->at[i])) {
			return false;
		}
	}
	return columns->n == bldr_count(names);
}

static bool same_list(const texts *columns, const struct bldr_value *names)
{
	for (size_t i = 0; i < columns->n && i < bldr_count(names); i++) {
		if (strcmp(columns->at[i], bldr_as_text(bldr_at(names, i))) != 0) {
			return false;
		}
	}
	return columns->n == bldr_count(names);
}

static int compare_verdicts(const void *a, const void *b)
{
	return strcmp(((const struct verdict *)a)->what, ((const struct verdict *)b)->what);
}

static void sort_tally(struct tally *t)
{
	if (t->missed.n > 0) {
		qsort(t->missed.at, t->missed.n, sizeof(*t->missed.at), compare_verdicts);
	}
	if (t->wrong.n > 0) {
		qsort(t->wrong.at, t->wrong.n, sizeof(*t->wrong.at), compare_verdicts);
	}
}

/* ---- keys ---- */

static bool is_true_key(const struct bldr_value *table, const texts *columns)
{
	const struct bldr_value *unique = bldr_get(table, "also_unique");

	if (bldr_count(bldr_get(table, "pk")) == 0) {
		return false;
	}
	if (same_set(columns, bldr_get(table, "pk"))) {
		return true;
	}
	for (size_t i = 0; i < bldr_count(unique); i++) {
		if (same_set(columns, bldr_at(unique, i))) {
			return true;
		}
	}
	return false;
}

static const char *key_evidence(const struct key_candidate *k, struct arena *a)
{
	return arena_printf(a, "score %s: %s", k->score, texts_joined(a, &k->evidence));
}

/* Why the true key was not taken: its score, or what keeps it from being one. */
static const char *missed_key_evidence(const struct scorer *s, const struct table_profile *t,
				       const struct bldr_value *pk)
{
	const char *columns = "";

	if (t == NULL) {
		return "the run has no such table";
	}
	for (size_t i = 0; i < t->keys.n; i++) {
		if (same_set(&t->keys.at[i].columns, pk)) {
			return key_evidence(&t->keys.at[i], s->a);
		}
	}
	for (size_t i = 0; i < t->columns.n; i++) {
		const struct column_profile *c = &t->columns.at[i];

		if (has_name(pk, c->name)) {
			columns = arena_printf(s->a,
					       "%s; \"%s\" has %lld distinct values and %lld nulls "
					       "in %lld rows",
					       columns, c->name, (long long)c->distinct,
					       (long long)c->nulls, (long long)t->rows);
		}
	}
	return arena_printf(s->a, "not among the candidates%s", columns);
}

static void score_keys(const struct scorer *s, struct tally *ret)
{
	const struct bldr_value *tables = bldr_get(s->truth, "tables");

	for (void *it = bldr_first(tables); it != NULL; it = bldr_next(tables, it)) {
		const struct bldr_value *table = bldr_item(it);
		const struct bldr_value *pk = bldr_get(table, "pk");
		const struct table_profile *t = run_table(s, bldr_key(it));
		bool found = bldr_count(pk) == 0;

		for (size_t i = 0; t != NULL && i < t->keys.n; i++) {
			const struct key_candidate *k = &t->keys.at[i];

			if (k->chosen && is_true_key(table, &k->columns)) {
				ret->right++;
				found = true;
			} else if (k->chosen) {
				*LIST_ADD(s->a, &ret->wrong) = (struct verdict){
					arena_printf(s->a, "%s(%s)", bldr_key(it),
						     texts_joined(s->a, &k->columns)),
					key_evidence(k, s->a),
				};
			}
		}
		if (!found) {
			*LIST_ADD(s->a, &ret->missed) = (struct verdict){
				arena_printf(s->a, "%s(%s)", bldr_key(it), names_text(s->a, pk)),
				missed_key_evidence(s, t, pk),
			};
		}
	}
}

/* ---- foreign keys ---- */

static bool same_end(const struct scorer *s, const char *table, const texts *columns,
		     const struct bldr_value *end)
{
	const char *name = true_name(s, table);

	return name != NULL && strcmp(name, bldr_as_text(bldr_at(end, 0))) == 0 &&
		same_list(columns, bldr_at(end, 1));
}

static bool same_reference(const struct scorer *s, const struct inclusion *f,
			   const struct bldr_value *fk)
{
	return same_end(s, f->from_table, &f->from_columns, bldr_get(fk, "from")) &&
		same_end(s, f->to_table, &f->to_columns, bldr_get(fk, "to"));
}

static bool is_required(const struct bldr_value *fk)
{
	return strcmp(bldr_get_text(fk, "score"), "optional") != 0;
}

static const char *reference_evidence(const struct inclusion *f, struct arena *a)
{
	return arena_printf(a, "score %s: %s", f->score, texts_joined(a, &f->evidence));
}

static const char *missed_evidence(const struct scorer *s, const struct bldr_value *fk)
{
	const char *instead = "";

	for (size_t i = 0; i < s->profile->inclusions.n; i++) {
		const struct inclusion *f = &s->profile->inclusions.at[i];

		if (same_reference(s, f, fk)) {
			return reference_evidence(f, s->a);
		}
		if (f->chosen &&
		    same_end(s, f->from_table, &f->from_columns, bldr_get(fk, "from"))) {
			instead = arena_printf(s->a, "; %s(%s) was taken, %s", f->to_table,
					       texts_joined(s->a, &f->to_columns),
					       reference_evidence(f, s->a));
		}
	}
	return arena_printf(s->a, "not among the candidates%s", instead);
}

static void score_missed_references(const struct scorer *s, struct tally *ret)
{
	const struct bldr_value *fks = bldr_get(s->truth, "fks");

	for (size_t i = 0; i < bldr_count(fks); i++) {
		const struct bldr_value *fk = bldr_at(fks, i);
		const struct bldr_value *from = bldr_get(fk, "from");
		const struct bldr_value *to = bldr_get(fk, "to");
		bool found = false;

		for (size_t k = 0; k < s->profile->inclusions.n; k++) {
			const struct inclusion *f = &s->profile->inclusions.at[k];

			found |= f->chosen && same_reference(s, f, fk);
		}
		if (!is_required(fk)) {
			continue;
		}
		ret->right += found;
		if (!found) {
			*LIST_ADD(s->a, &ret->missed) = (struct verdict){
				arena_printf(s->a, "%s(%s) -> %s(%s)",
					     bldr_as_text(bldr_at(from, 0)),
					     names_text(s->a, bldr_at(from, 1)),
					     bldr_as_text(bldr_at(to, 0)),
					     names_text(s->a, bldr_at(to, 1))),
				missed_evidence(s, fk),
			};
		}
	}
}

static bool has_reference(const struct scorer *s, const char *key, const struct inclusion *f)
{
	const struct bldr_value *list = bldr_get(s->truth, key);

	for (size_t i = 0; i < bldr_count(list); i++) {
		if (same_reference(s, f, bldr_at(list, i))) {
			return true;
		}
	}
	return false;
}

static void score_references(const struct scorer *s, struct tally *ret)
{
	score_missed_references(s, ret);
	for (size_t i = 0; i < s->profile->inclusions.n; i++) {
		const struct inclusion *f = &s->profile->inclusions.at[i];
		const char *from = true_name(s, f->from_table);
		const char *to = true_name(s, f->to_table);

		if (!f->chosen || from == NULL || to == NULL || has_reference(s, "fks", f) ||
		    has_reference(s, "acceptable_fks", f)) {
			continue;
		}
		*LIST_ADD(s->a, &ret->wrong) = (struct verdict){
			arena_printf(s->a, "%s(%s) -> %s(%s)", from,
				     texts_joined(s->a, &f->from_columns), to,
				     texts_joined(s->a, &f->to_columns)),
			reference_evidence(f, s->a),
		};
	}
}

/* ---- roles ---- */

static const struct {
	const char *key, *role;
} roles[] = { { "facts", "fact" }, { "dims", "dimension" }, { "bridges", "bridge" } };

static const struct source_role *found_role(const struct scorer *s, const char *name)
{
	const struct table_profile *t = run_table(s, name);

	for (size_t i = 0; t != NULL && i < s->design->sources.n; i++) {
		if (strcmp(s->design->sources.at[i].table, t->table) == 0) {
			return &s->design->sources.at[i];
		}
	}
	return NULL;
}

static void score_role(const struct scorer *s, const char *name, struct tally *ret)
{
	const struct source_role *found = found_role(s, name);
	const char *expected = NULL;
	bool right = false;

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (has_name(bldr_get(s->truth, roles[i].key), name)) {
			expected = expected == NULL
				? roles[i].role
				: arena_printf(s->a, "%s or %s", expected, roles[i].role);
			right |= found != NULL && strcmp(found->role, roles[i].role) == 0;
		}
	}
	if (expected == NULL) {
		return;
	}
	if (right) {
		ret->right++;
		return;
	}
	*LIST_ADD(s->a, &ret->missed) = (struct verdict){
		arena_printf(s->a, "%s: %s", name, expected),
		found != NULL ? arena_printf(s->a, "taken as %s: %s", found->role, found->reason)
			      : "the run has no such table",
	};
	if (found != NULL && strcmp(found->role, "unused") != 0) {
		*LIST_ADD(s->a, &ret->wrong) =
			(struct verdict){ arena_printf(s->a, "%s: %s", name, found->role),
					  found->reason };
	}
}

void truth_score(const struct bldr_value *truth, const struct profile *profile,
		 const struct design *design, struct arena *a, struct score *ret)
{
	const struct scorer s = { truth, profile, design, a };
	const struct bldr_value *tables = bldr_get(truth, "tables");

	*ret = (struct score){ 0 };
	score_keys(&s, &ret->keys);
	score_references(&s, &ret->references);
	for (void *it = bldr_first(tables); it != NULL; it = bldr_next(tables, it)) {
		score_role(&s, bldr_key(it), &ret->roles);
	}
	for (size_t i = 0; i < profile->tables.n; i++) {
		if (true_name(&s, profile->tables.at[i].table) == NULL) {
			*LIST_ADD(a, &ret->unknown) = profile->tables.at[i].path;
		}
	}
	sort_tally(&ret->keys);
	sort_tally(&ret->references);
	sort_tally(&ret->roles);
}

/* ---- numbers ---- */

static const char *ratio(int64_t part, int64_t whole, struct arena *a)
{
	enum { ONE = 10000 };
	int64_t parts;

	if (whole == 0) {
		return NULL;
	}
	parts = (2 * part * ONE + whole) / (2 * whole);
	return arena_printf(a, "%lld.%04lld", (long long)(parts / ONE), (long long)(parts % ONE));
}

const char *tally_precision(const struct tally *t, struct arena *a)
{
	return ratio(t->right, t->right + (int64_t)t->wrong.n, a);
}

const char *tally_recall(const struct tally *t, struct arena *a)
{
	return ratio(t->right, t->right + (int64_t)t->missed.n, a);
}

const char *tally_f1(const struct tally *t, struct arena *a)
{
	return ratio(2 * t->right, 2 * t->right + (int64_t)t->wrong.n + (int64_t)t->missed.n, a);
}
