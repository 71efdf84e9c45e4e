/*
 * The journal's packed texts, as a damaged file would hold them: a superstep's record ("{...") or a run of
 * events ("[..."). Taking them apart is total; what comes apart can be packed, and comes apart the same again.
 */
#include <stdlib.h>

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "journal/journal.h"
#include "journal/pack.h"
#include "journal/tables.h"

enum { TEXT_MAX = 1 << 20, STORED_SIZE = JOURNAL_BLOB_MIN + 100 };

/* One journal for all inputs; a value is stored apart in it, which corpus/journal/stored names by its hash. */
static struct journal *journal(void)
{
	static struct journal *j;
	if (j == NULL) {
		struct bldr_error err = { 0 };
		char text[STORED_SIZE];
		char hash[HASH_HEX_MAX];
		char *path = xasprintf("%s/j.db", folder_path());
		const struct journal_options o = { .path = path, .durability = BLDR_NORMAL };
		ASSERT(journal_open(&o, &j, &err) == 0);
		memset(text, '1', sizeof(text)); /* a JSON number */
		ASSERT(journal_blob_put(j, text, sizeof(text), hash, &err) == 0);
		free(path);
	}
	return j;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Brackets outside texts close what was opened: a value ends where it ends. */
static void balanced(const char *s)
{
	size_t depth = 0;
	bool quoted = false;
	for (; *s != '\0'; s++) {
		if (quoted && *s == '\\') {
			s++;
		} else if (*s == '"') {
			quoted = !quoted;
		} else if (!quoted && (*s == '[' || *s == '{')) {
			depth++;
		} else if (!quoted && (*s == ']' || *s == '}')) {
			ASSERT(depth > 0);
			depth--;
		} else {
			ASSERT(quoted || depth > 0 || *s != ',');
		}
	}
	ASSERT(depth == 0 && !quoted);
}

static void same_steps(const struct step_record *a, const struct step_record *b)
{
	ASSERT(a->writes.n == b->writes.n && a->tasks.n == b->tasks.n);
	for (size_t i = 0; i < a->writes.n; i++) {
		const struct step_write *x = &a->writes.at[i];
		const struct step_write *y = &b->writes.at[i];
		balanced(x->text);
		ASSERT(x->form != WRITE_CLEAR || strcmp(x->text, "null") == 0);
		ASSERT(same(x->channel, y->channel) && x->form == y->form && same(x->text, y->text));
	}
	for (size_t i = 0; i < a->tasks.n; i++) {
		const struct step_task *x = &a->tasks.at[i];
		const struct step_task *y = &b->tasks.at[i];
		ASSERT(x->id == y->id && same(x->node, y->node) && x->send == y->send);
		ASSERT(same(x->input, y->input));
		balanced(x->input != NULL ? x->input : "");
	}
}

static void step(const char *text, struct arena *a)
{
	struct bldr_error err = { 0 };
	struct step_record s = { .frame = 1, .step = 2 };
	struct step_record again = { .frame = 1, .step = 2 };
	struct buf packed;
	int rc = unpack_step(journal(), text, a, &s, &err);
	if (rc < 0) {
		failed_well(rc, &err);
		ASSERT(rc == BLDR_E_CORRUPT);
		return;
	}
	buf_init(&packed, TEXT_MAX);
	ASSERT(pack_step(journal(), &s, &packed, &err) == 0 && !buf_failed(&packed));
	ASSERT(unpack_step(journal(), packed.data, a, &again, &err) == 0);
	same_steps(&s, &again);
	buf_release(&packed);
}

static void events(const char *text, struct arena *a)
{
	struct packed_events e = { 0 };
	struct packed_events again = { 0 };
	struct buf packed;
	if (unpack_events(a, 7, text, &e) < 0) {
		return;
	}
	buf_init(&packed, TEXT_MAX);
	pack_events(e.at, e.n, &packed);
	ASSERT(!buf_failed(&packed));
	ASSERT(unpack_events(a, 7, packed.data, &again) == 0 && again.n == e.n);
	for (size_t i = 0; i < e.n; i++) {
		ASSERT(e.at[i].seq == 7 + (int64_t)i && again.at[i].seq == e.at[i].seq);
		ASSERT(again.at[i].at_ms == e.at[i].at_ms && same(again.at[i].type, e.at[i].type));
		ASSERT(same(again.at[i].data, e.at[i].data));
	}
	buf_release(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	char *text = xstrndup((const char *)data, size);
	step(text, &a);
	events(text, &a);
	free(text);
	arena_release(&a);
	return 0;
}
