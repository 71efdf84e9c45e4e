/*
 * What an item may hold. The limits are those of kb.h; beyond them a lesson is refused, never cut. Whatever was chosen
 * must look like a choice of its kind - a date format, a mark, names - and a mask like a mask: a value of the data does
 * not pass.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

enum { CHOICES_MAX = 16, CHOICE_COLUMNS_MAX = 8, POINTER_MAX = 240 };

static const char format_letters[] = "yMdHhmsSaEXxzZT'-/.:, +[]";
static const char mark_letters[] = ".,";
static const char mask_letters[] = "9ax-/.:,+()%' |";

#define FIELD(type, member, of)                                                 \
	{                                                                       \
		.name = #member, .kind = (of), .offset = offsetof(type, member) \
	}

static const struct shape_field column_fields[] = {
	FIELD(struct kb_column_like, name, SHAPE_TEXT),
	FIELD(struct kb_column_like, type, SHAPE_TEXT),
	FIELD(struct kb_column_like, mask, SHAPE_TEXT),
	{ .name = NULL },
};
static const struct shape column_shape = { "column", sizeof(struct kb_column_like), column_fields };

static const struct shape_field precondition_fields[] = {
	FIELD(struct kb_precondition, fingerprint, SHAPE_TEXT),
	FIELD(struct kb_precondition, table, SHAPE_TEXT),
	{ .name = "columns",
	  .kind = SHAPE_LIST,
	  .offset = offsetof(struct kb_precondition, columns),
	  .sub = &column_shape },
	{ .name = NULL },
};
static const struct shape precondition_shape = { "precondition", sizeof(struct kb_precondition),
						 precondition_fields };

static const struct shape_field fix_fields[] = {
	FIELD(struct kb_fix, repair, SHAPE_TEXT),
	FIELD(struct kb_fix, rule_out, SHAPE_TEXTS),
	FIELD(struct kb_fix, use, SHAPE_TEXTS),
	{ .name = NULL },
};
static const struct shape fix_shape = { "fix", sizeof(struct kb_fix), fix_fields };

static const struct shape_field change_fields[] = {
	FIELD(struct kb_change, table, SHAPE_TEXT), FIELD(struct kb_change, column, SHAPE_TEXT),
	FIELD(struct kb_change, at, SHAPE_TEXT),    FIELD(struct kb_change, wrong, SHAPE_TEXT),
	FIELD(struct kb_change, right, SHAPE_TEXT), { .name = NULL },
};
static const struct shape change_shape = { "change", sizeof(struct kb_change), change_fields };

static const struct shape_field correction_fields[] = {
	{ .name = "precondition",
	  .kind = SHAPE_OBJECT,
	  .offset = offsetof(struct kb_correction, precondition),
	  .sub = &precondition_shape },
	{ .name = "fix",
	  .kind = SHAPE_OBJECT,
	  .offset = offsetof(struct kb_correction, fix),
	  .sub = &fix_shape },
	{ .name = "changes",
	  .kind = SHAPE_LIST,
	  .offset = offsetof(struct kb_correction, changes),
	  .sub = &change_shape },
	{ .name = NULL },
};
const struct shape kb_correction_shape = { "correction", sizeof(struct kb_correction),
					   correction_fields };

static const char *const kinds[] = { "golden", "correction", NULL };

static const struct shape_field lesson_fields[] = {
	{ .name = "kind",
	  .kind = SHAPE_ENUM,
	  .offset = offsetof(struct kb_lesson, kind),
	  .names = kinds },
	FIELD(struct kb_lesson, agent, SHAPE_TEXT),
	FIELD(struct kb_lesson, trusted, SHAPE_BOOL),
	FIELD(struct kb_lesson, source, SHAPE_TEXT),
	FIELD(struct kb_lesson, tables, SHAPE_TEXTS),
	FIELD(struct kb_lesson, title, SHAPE_TEXT),
	FIELD(struct kb_lesson, words, SHAPE_TEXT),
	FIELD(struct kb_lesson, body, SHAPE_VALUE),
	FIELD(struct kb_lesson, evidence, SHAPE_VALUE),
	{ .name = NULL },
};
const struct shape kb_lesson_shape = { "lesson", sizeof(struct kb_lesson), lesson_fields };

static const struct shape_field question_fields[] = {
	{ .name = "agent",
	  .kind = SHAPE_TEXT,
	  .optional = true,
	  .offset = offsetof(struct kb_question, agent) },
	{ .name = "source",
	  .kind = SHAPE_TEXT,
	  .optional = true,
	  .offset = offsetof(struct kb_question, source) },
	{ .name = "tables",
	  .kind = SHAPE_TEXTS,
	  .optional = true,
	  .offset = offsetof(struct kb_question, tables) },
	{ .name = "words",
	  .kind = SHAPE_TEXT,
	  .optional = true,
	  .offset = offsetof(struct kb_question, words) },
	{ .name = NULL },
};
const struct shape kb_question_shape = { "question", sizeof(struct kb_question), question_fields };

const char *kb_kind_name(int kind)
{
	ASSERT(kind == KB_GOLDEN || kind == KB_CORRECTION);
	return kinds[kind];
}

static int check_text(const char *what, const char *text, size_t max, struct bldr_error *err)
{
	size_t size = strlen(text);

	if (size > max) {
		return bldr_error_set(err, BLDR_E_LIMIT,
				      "knowledge: the %s has %zu bytes, more than %zu", what, size,
				      max);
	}
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			return bldr_error_set(err, BLDR_E_INVALID,
					      "knowledge: the %s holds a control character", what);
		}
	}
	return 0;
}

/* Nothing but some characters, at least one. */
static int check_letters(const char *what, const char *text, size_t max, const char *letters,
			 struct bldr_error *err)
{
	size_t size = strnlen(text, max + 1);

	if (size == 0 || size > max || strspn(text, letters) != size) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "knowledge: the %s is none, and could be a value of the data",
				      what);
	}
	return 0;
}

static int check_fingerprint(const char *text, struct bldr_error *err)
{
	return strlen(text) == KB_FINGERPRINT_MAX - 1 &&
			strspn(text, "0123456789abcdef") == KB_FINGERPRINT_MAX - 1
		? 0
		: bldr_error_set(err, BLDR_E_INVALID, "knowledge: no fingerprint: \"%.40s\"", text);
}

/* Normalised names, joined by the signs that such a choice has. */
static int check_names(const char *text, const char *signs, struct bldr_error *err)
{
	size_t size = strlen(text);
	bool names = size > 0;

	if (size > (size_t)CHOICE_COLUMNS_MAX * KB_NAME_MAX) {
		return bldr_error_set(err, BLDR_E_LIMIT, "knowledge: %zu bytes of names", size);
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		names = names &&
			(islower(c) || isdigit(c) || c == '_' || c >= 0x80 ||
			 strchr(signs, text[i]) != NULL);
	}
	return names ? 0
		     : bldr_error_set(err, BLDR_E_INVALID,
				      "knowledge: the names are none, and could be a value of the "
				      "data");
}

static int check_format(const char *text, struct bldr_error *err)
{
	return check_letters("format", text, 64, format_letters, err);
}

static int check_mark(const char *text, struct bldr_error *err)
{
	return check_letters("mark", text, 1, mark_letters, err);
}

static int check_key(const char *text, struct bldr_error *err)
{
	return check_names(text, "+", err);
}

static int check_reference(const char *text, struct bldr_error *err)
{
	return check_names(text, ".", err);
}

/* The repairs that teach, and what is chosen by each. */
static const struct repair {
	const char *name;
	int (*check)(const char *choice, struct bldr_error *err);
	bool nothing; /* what passed may be no choice at all */
} repairs[] = {
	{ "date_order", check_format, false },
	{ "number_marks", check_mark, false },
	{ "key", check_key, true },
	{ "reference", check_reference, true },
};

static const struct repair *find_repair(const char *name, struct bldr_error *err)
{
	for (size_t i = 0; i < sizeof(repairs) / sizeof(repairs[0]); i++) {
		if (strcmp(repairs[i].name, name) == 0) {
			return &repairs[i];
		}
	}
	(void)bldr_error_set(err, BLDR_E_INVALID, "knowledge: no repair \"%.40s\"", name);
	return NULL;
}

static int check_choices(const struct repair *r, const char *const *choices, size_t n,
			 struct bldr_error *err)
{
	int rc = n <= CHOICES_MAX
		? 0
		: bldr_error_set(err, BLDR_E_LIMIT, "knowledge: %zu choices in one fix", n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = r->check(choices[i], err);
	}
	return rc;
}

static int check_precondition(const struct kb_precondition *p, struct bldr_error *err)
{
	int rc = check_fingerprint(p->fingerprint, err);

	rc = rc < 0 ? rc : check_text("table", p->table, KB_NAME_MAX, err);
	if (rc == 0 && (p->columns.n == 0 || p->columns.n > CHOICE_COLUMNS_MAX)) {
		rc = bldr_error_set(err, BLDR_E_LIMIT, "knowledge: a precondition of %zu columns",
				    p->columns.n);
	}
	for (size_t i = 0; rc == 0 && i < p->columns.n; i++) {
		const struct kb_column_like *c = &p->columns.at[i];

		rc = check_text("column", c->name, KB_NAME_MAX, err);
		rc = rc < 0 ? rc : check_text("type", c->type, KB_NAME_MAX, err);
		rc = rc < 0 ? rc
			    : check_letters("mask", c->mask, 4 * (size_t)KB_MASK_MAX, mask_letters,
					    err);
	}
	return rc;
}

static int check_change(const struct repair *r, const struct kb_change *change,
			struct bldr_error *err)
{
	int rc = check_text("table", change->table, KB_NAME_MAX, err);

	rc = rc < 0 ? rc : check_text("column", change->column, KB_BODY_MAX, err);
	rc = rc < 0 ? rc : check_text("place", change->at, POINTER_MAX, err);
	rc = rc < 0 ? rc : r->check(change->wrong, err);
	return rc < 0 || (r->nothing && *change->right == '\0') ? rc : r->check(change->right, err);
}

static int check_correction(const struct kb_correction *c, struct bldr_error *err)
{
	const struct repair *r = find_repair(c->fix.repair, err);
	int rc = r == NULL ? BLDR_E_INVALID : check_precondition(&c->precondition, err);

	rc = rc < 0 ? rc : check_choices(r, c->fix.rule_out.at, c->fix.rule_out.n, err);
	rc = rc < 0 ? rc : check_choices(r, c->fix.use.at, c->fix.use.n, err);
	for (size_t i = 0; rc == 0 && i < c->changes.n; i++) {
		rc = check_change(r, &c->changes.at[i], err);
	}
	return rc;
}

int kb_correction_decode(const struct bldr_value *body, struct arena *a, struct kb_correction *ret,
			 struct bldr_error *err)
{
	struct kb_correction c;
	int rc = shape_decode(&kb_correction_shape, body, a, &c, err);

	rc = rc < 0 ? rc : check_correction(&c, err);
	if (rc == 0) {
		*ret = c;
	}
	return rc;
}

/* ---- examples ---- */

static const struct shape_field chosen_fields[] = {
	FIELD(struct kb_chosen, table, SHAPE_TEXT),
	FIELD(struct kb_chosen, key, SHAPE_TEXT),
	{ .name = NULL },
};
static const struct shape chosen_shape = { "chosen", sizeof(struct kb_chosen), chosen_fields };

static const struct shape_field example_fields[] = {
	{ .name = "chosen",
	  .kind = SHAPE_LIST,
	  .offset = offsetof(struct kb_example, chosen),
	  .sub = &chosen_shape },
	{ .name = NULL },
};
static const struct shape example_shape = { "example", sizeof(struct kb_example), example_fields };

int kb_example_decode(const struct bldr_value *body, struct arena *a, struct kb_example *ret,
		      struct bldr_error *err)
{
	const struct bldr_value *chosen = bldr_get(body, "chosen");
	struct bldr_value *part = bldr_object();
	struct kb_example e = { 0 };
	int rc = 0;

	if (chosen != NULL) { /* the body keeps what is decoded */
		bldr_object_set(part, "chosen", bldr_ref(chosen));
		rc = shape_decode(&example_shape, part, a, &e, err);
	}
	bldr_unref(part);
	for (size_t i = 0; rc == 0 && i < e.chosen.n; i++) {
		rc = check_fingerprint(e.chosen.at[i].table, err);
		if (rc == 0 && *e.chosen.at[i].key != '\0') {
			rc = check_key(e.chosen.at[i].key, err);
		}
	}
	if (rc == 0) {
		*ret = e;
	}
	return rc;
}

/* ---- lessons and questions ---- */

static int check_object(const char *what, const struct bldr_value *v, size_t max,
			struct bldr_error *err)
{
	char *text = NULL;
	int rc = 0;

	if (bldr_type_of(v) != BLDR_OBJECT) {
		return bldr_error_set(err, BLDR_E_INVALID, "knowledge: the %s is no object", what);
	}
	text = bldr_value_text(v);
	if (strlen(text) > max || bldr_depth(v) > 16) {
		rc = bldr_error_set(err, BLDR_E_LIMIT,
				    "knowledge: the %s has %zu bytes, more than %zu, or is too deep",
				    what, strlen(text), max);
	}
	free(text);
	return rc;
}

static int check_fingerprints(const char *source, const char *const *tables, size_t n,
			      struct bldr_error *err)
{
	int rc = source != NULL ? check_fingerprint(source, err) : 0;

	if (rc == 0 && n >= KB_FINGERPRINTS_MAX) {
		rc = bldr_error_set(err, BLDR_E_LIMIT,
				    "knowledge: %zu tables, more than %d, in one item", n,
				    KB_FINGERPRINTS_MAX - 1);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = check_fingerprint(tables[i], err);
	}
	return rc;
}

int kb_lesson_decode(const struct bldr_value *v, struct arena *a, struct kb_lesson *ret,
		     struct bldr_error *err)
{
	struct kb_lesson l;
	struct kb_correction c;
	struct kb_example e;
	int rc = shape_decode(&kb_lesson_shape, v, a, &l, err);

	rc = rc < 0 ? rc : check_text("agent", l.agent, KB_NAME_MAX, err);
	rc = rc < 0 ? rc : check_text("title", l.title, KB_TITLE_MAX, err);
	rc = rc < 0 ? rc : check_text("words", l.words, KB_WORDS_MAX, err);
	rc = rc < 0 ? rc : check_object("body", l.body, KB_BODY_MAX, err);
	rc = rc < 0 ? rc : check_object("evidence", l.evidence, KB_EVIDENCE_MAX, err);
	rc = rc < 0 ? rc : check_fingerprints(l.source, l.tables.at, l.tables.n, err);
	if (rc == 0 && l.kind == KB_CORRECTION) {
		rc = kb_correction_decode(l.body, a, &c, err);
	} else if (rc == 0) {
		rc = kb_example_decode(l.body, a, &e, err);
	}
	if (rc == 0) {
		*ret = l;
	}
	return rc;
}

int kb_question_decode(const struct bldr_value *v, struct arena *a, struct kb_question *ret,
		       struct bldr_error *err)
{
	struct kb_question q;
	int rc = shape_decode(&kb_question_shape, v, a, &q, err);

	rc = rc < 0 ? rc : check_fingerprints(q.source, q.tables.at, q.tables.n, err);
	if (rc == 0 && q.words != NULL && strlen(q.words) > KB_WORDS_MAX) {
		rc = bldr_error_set(err, BLDR_E_LIMIT, "a question has at most %d bytes",
				    KB_WORDS_MAX);
	}
	if (rc == 0) {
		*ret = q;
	}
	return rc;
}
