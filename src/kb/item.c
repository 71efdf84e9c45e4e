/*
 * What an item may hold. The limits are those of kb.h; beyond them a lesson is refused, never cut. Whatever a mapping
 * chose must look like a date format, and a mask like a mask: a value of the data does not pass.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "kb/fingerprint.h"
#include "kb/kb.h"

enum { FORMAT_MAX = 64, FORMATS_MAX = 16, POINTER_MAX = 240 };

static const char format_letters[] = "yMdHhmsSaEXxzZT'-/.:, +[]";
static const char mask_letters[] = "9ax-/.:,+()%' |";

#define FIELD(type, member, of)                                                 \
	{                                                                       \
		.name = #member, .kind = (of), .offset = offsetof(type, member) \
	}

static const struct shape_field precondition_fields[] = {
	FIELD(struct kb_precondition, fingerprint, SHAPE_TEXT),
	FIELD(struct kb_precondition, table, SHAPE_TEXT),
	FIELD(struct kb_precondition, column, SHAPE_TEXT),
	FIELD(struct kb_precondition, type, SHAPE_TEXT),
	FIELD(struct kb_precondition, mask, SHAPE_TEXT),
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

static int check_formats(const char *const *formats, size_t n, struct bldr_error *err)
{
	int rc = n <= FORMATS_MAX
		? 0
		: bldr_error_set(err, BLDR_E_LIMIT, "knowledge: %zu formats in one fix", n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = check_letters("format", formats[i], FORMAT_MAX, format_letters, err);
	}
	return rc;
}

static int check_correction(const struct kb_correction *c, struct bldr_error *err)
{
	const struct kb_precondition *p = &c->precondition;
	int rc = check_fingerprint(p->fingerprint, err);

	rc = rc < 0 ? rc : check_text("table", p->table, KB_NAME_MAX, err);
	rc = rc < 0 ? rc : check_text("column", p->column, KB_NAME_MAX, err);
	rc = rc < 0 ? rc : check_text("type", p->type, KB_NAME_MAX, err);
	rc = rc < 0 ? rc
		    : check_letters("mask", p->mask, 4 * (size_t)KB_MASK_MAX, mask_letters, err);
	rc = rc < 0 ? rc : check_formats(c->fix.rule_out.at, c->fix.rule_out.n, err);
	rc = rc < 0 ? rc : check_formats(c->fix.use.at, c->fix.use.n, err);
	if (rc == 0 && strcmp(c->fix.repair, "date_order") != 0) {
		rc = bldr_error_set(err, BLDR_E_INVALID, "knowledge: no repair \"%.40s\"",
				    c->fix.repair);
	}
	for (size_t i = 0; rc == 0 && i < c->changes.n; i++) {
		const struct kb_change *change = &c->changes.at[i];
		const char *formats[] = { change->wrong, change->right };

		rc = check_text("table", change->table, KB_NAME_MAX, err);
		rc = rc < 0 ? rc : check_text("column", change->column, KB_NAME_MAX, err);
		rc = rc < 0 ? rc : check_text("place", change->at, POINTER_MAX, err);
		rc = rc < 0 ? rc : check_formats(formats, 2, err);
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
	int rc = shape_decode(&kb_lesson_shape, v, a, &l, err);

	rc = rc < 0 ? rc : check_text("agent", l.agent, KB_NAME_MAX, err);
	rc = rc < 0 ? rc : check_text("title", l.title, KB_TITLE_MAX, err);
	rc = rc < 0 ? rc : check_text("words", l.words, KB_WORDS_MAX, err);
	rc = rc < 0 ? rc : check_object("body", l.body, KB_BODY_MAX, err);
	rc = rc < 0 ? rc : check_object("evidence", l.evidence, KB_EVIDENCE_MAX, err);
	rc = rc < 0 ? rc : check_fingerprints(l.source, l.tables.at, l.tables.n, err);
	if (rc == 0 && l.kind == KB_CORRECTION) {
		rc = kb_correction_decode(l.body, a, &c, err);
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
