/*
 * Everything is decided on words and on their joined form, by closed lists and fixed marks. The marks are
 * ordinal: what counts is which of two references is named better, and that a reference without any name
 * evidence cannot reach the threshold of inclusion.c.
 */
#include "ingest/names.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

enum { NAME_MAX_BYTES = 1 << 16 };

static bool in_list(const char *word, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(word, *list) == 0) {
			return true;
		}
	}
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s);
	size_t m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

/* ---- words ---- */

static bool letter(char c)
{
	return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) != 0;
}

static bool upper(char c)
{
	return (unsigned char)c < 0x80 && isupper((unsigned char)c) != 0;
}

static bool lower(char c)
{
	return (unsigned char)c < 0x80 && islower((unsigned char)c) != 0;
}

/* A word begins at i: behind a separator, at a hump, or at the last capital of HTTPServer's first five. */
static bool boundary(const char *s, size_t i)
{
	return i == 0 || !letter(s[i - 1]) || (upper(s[i]) && !upper(s[i - 1])) ||
		(upper(s[i]) && lower(s[i + 1]));
}

texts name_words(struct arena *a, const char *text)
{
	texts words = { 0 };
	for (size_t i = 0; text[i] != '\0';) {
		if (!letter(text[i])) {
			i++;
			continue;
		}
		size_t end = i + 1;
		while (letter(text[end]) && !boundary(text, end)) {
			end++;
		}
		char *word = arena_strndup(a, text + i, end - i);
		for (char *c = word; *c != '\0'; c++) {
			*c = (char)(upper(*c) ? tolower((unsigned char)*c) : *c);
		}
		*LIST_ADD(a, &words) = word;
		i = end;
	}
	return words;
}

static const char *join(struct arena *a, const texts *words)
{
	struct buf b;
	buf_init(&b, NAME_MAX_BYTES);
	for (size_t i = 0; i < words->n; i++) {
		buf_puts(&b, words->at[i]);
	}
	const char *joined = arena_strdup(a, b.data);
	buf_release(&b);
	return joined;
}

static const char *singular(struct arena *a, const char *word)
{
	static const char *const same[] = { "series", "species", "news",  "status", "address",
					    "bus",    "gas",     "class", "basis",  NULL };
	static const char *const es[] = { "sses", "xes", "ches", "shes", "zzes", "uses", NULL };
	size_t n = strlen(word);
	if (strcmp(word, "people") == 0) {
		return "person";
	}
	if (strcmp(word, "children") == 0) {
		return "child";
	}
	if (n < 3 || !ends_with(word, "s") || ends_with(word, "ss") || ends_with(word, "us") ||
	    ends_with(word, "is") || in_list(word, same)) {
		return word;
	}
	if (n > 4 && ends_with(word, "ies") && strcmp(word, "movies") != 0) {
		return arena_printf(a, "%.*sy", (int)(n - 3), word);
	}
	for (size_t i = 0; es[i] != NULL; i++) {
		if (ends_with(word, es[i]) && !ends_with(word, "houses")) {
			return arena_strndup(a, word, n - 2);
		}
	}
	return arena_strndup(a, word, n - 1);
}

static bool id_word(const char *word)
{
	static const char *const list[] = { "id",   "key", "code", "cd",     "sk",
					    "no",   "num", "nr",   "number", "uuid",
					    "guid", "fk",  "pk",   "ref",    NULL };
	return in_list(word, list);
}

/* What things are numbered by in trade and industry: an identifier, and a word that says of what. */
static bool code_noun(const char *word)
{
	static const char *const list[] = { "sku",     "ean", "gtin", "upc",  "isbn", "asin",
					    "barcode", "vin", "imei", "iban", NULL };
	return in_list(word, list);
}

/* Bytes of an id word at the end of a word without separators: productid. */
static size_t id_suffix(const char *word)
{
	static const char *const plain[] = { "paid",    "valid",  "invalid", "grid",    "void",
					     "solid",   "fluid",  "avoid",   "raid",    "said",
					     "hybrid",  "acid",   "prepaid", "unpaid",  "monkey",
					     "turkey",  "hockey", "jockey",  "whiskey", "rapid",
					     "android", NULL };
	static const char *const suffixes[] = { "id", "key", "code", "number", NULL };
	if (in_list(word, plain)) {
		return 0;
	}
	for (size_t i = 0; suffixes[i] != NULL; i++) {
		size_t n = strlen(suffixes[i]);
		if (strlen(word) >= n + 2 && ends_with(word, suffixes[i])) {
			return n;
		}
	}
	return 0;
}

static struct name make(struct arena *a, texts words, bool column)
{
	struct name name = { .words = words, .whole = join(a, &words) };
	size_t from = 0;
	size_t to = words.n;
	while (column && to > 0 && id_word(words.at[to - 1])) {
		to--;
	}
	while (column && from < to && id_word(words.at[from])) {
		from++;
	}
	name.id_like = to - from < words.n;
	for (size_t i = from; i < to; i++) {
		const char *word = words.at[i];
		size_t cut = column && !name.id_like && i + 1 == to ? id_suffix(word) : 0;
		if (cut > 0) {
			name.id_like = true;
			word = arena_strndup(a, word, strlen(word) - cut);
		}
		*LIST_ADD(a, &name.core) = i + 1 == to ? singular(a, word) : word;
	}
	name.id_like = name.id_like || (column && to > from && code_noun(words.at[to - 1]));
	name.stem = join(a, &name.core);
	return name;
}

static texts words_after(struct arena *a, const char *text, size_t skip)
{
	texts words = name_words(a, text);
	if (skip < words.n) {
		words.at += skip;
		words.n -= skip;
		words.room -= skip;
	}
	return words;
}

struct name name_of_table(struct arena *a, const char *text, size_t skip)
{
	return make(a, words_after(a, text, skip), false);
}

struct name name_of_column(struct arena *a, const char *text, size_t skip)
{
	return make(a, words_after(a, text, skip), true);
}

size_t name_shared_prefix(struct arena *a, const texts *names)
{
	const char *first = NULL;
	for (size_t i = 0; i < names->n; i++) {
		texts words = name_words(a, names->at[i]);
		if (words.n < 2 || (first != NULL && strcmp(first, words.at[0]) != 0)) {
			return 0;
		}
		first = words.at[0];
	}
	return names->n > 1 ? 1 : 0;
}

size_t name_layer_prefix(struct arena *a, const char *text)
{
	static const char *const layers[] = { "raw",    "stg", "staging", "src", "source", "tbl",
					      "tb",     "dim", "fact",    "fct", "seed",   "bronze",
					      "silver", "ods", "dbo",     NULL };
	texts words = name_words(a, text);
	return words.n > 1 && in_list(words.at[0], layers) ? 1 : 0;
}

size_t name_column_prefix(struct arena *a, const struct table_profile *table)
{
	texts names = { 0 };
	for (size_t i = 0; i < table->columns.n; i++) {
		*LIST_ADD(a, &names) = table->columns.at[i].name;
	}
	return names.n >= 3 ? name_shared_prefix(a, &names) : 0;
}

bool name_of_date(struct arena *a, const char *text)
{
	static const char *const list[] = { "date", "dates", "day",   "dt",
					    "dob",  "ymd",   "datum", NULL };
	static const char *const others[] = { "update", "candidate", "mandate", "validate", NULL };
	texts words = name_words(a, text);
	for (size_t i = 0; i < words.n; i++) {
		const char *word = words.at[i];
		if (in_list(word, list) || (ends_with(word, "date") && !in_list(word, others))) {
			return true;
		}
	}
	return false;
}

bool name_of_sequence(struct arena *a, const char *text)
{
	static const char *const list[] = { "line",     "lineno", "linenumber", "seq", "sequence",
					    "position", "pos",    "ordinal",    "idx", NULL };
	texts words = name_words(a, text);
	for (size_t i = 0; i < words.n; i++) {
		if (in_list(words.at[i], list)) {
			return true;
		}
	}
	return false;
}

bool name_of_own_row(const struct name *column)
{
	static const char *const list[] = { "parent",   "referred", "referrer", "invited",
					    "previous", "prev",     "replaces", "replaced",
					    "original", "ancestor", "root",     NULL };
	for (size_t i = 0; i < column->words.n; i++) {
		if (in_list(column->words.at[i], list)) {
			return true;
		}
	}
	return false;
}

bool name_of_hierarchy(const struct name *column)
{
	static const char *const list[] = { "parent",     "manager", "reports",
					    "reportsto",  "boss",    "superior",
					    "supervisor", "mgr",     NULL };
	for (size_t i = 0; i < column->words.n; i++) {
		if (in_list(column->words.at[i], list)) {
			return true;
		}
	}
	return in_list(column->stem, list) || name_of_own_row(column);
}

/* ---- likeness ---- */

/* Words for the same thing in the systems that data comes from; a reference may use another one. */
static const char *const synonyms[][10] = {
	{ "customer", "client", "user", "buyer", "consumer", "shopper", "purchaser", "account" },
	{ "employee", "staff", "worker", "manager", "rep", "salesperson", "supervisor", "salesrep",
	  "reportsto" },
	{ "product", "item", "article", "sku" },
	{ "supplier", "vendor" },
	{ "store", "shop", "outlet", "branch" },
	{ "person", "people", "contact", "individual" },
	{ "department", "dept", "division" },
	{ "organization", "organisation", "org", "company" },
	{ "country", "nation" },
	{ "shipper", "carrier" },
};

static bool synonym(const char *a, const char *b)
{
	for (size_t g = 0; g < sizeof(synonyms) / sizeof(synonyms[0]); g++) {
		bool has_a = false;
		bool has_b = false;
		for (size_t i = 0; i < 10 && synonyms[g][i] != NULL; i++) {
			has_a = has_a || strcmp(a, synonyms[g][i]) == 0;
			has_b = has_b || strcmp(b, synonyms[g][i]) == 0;
		}
		if (has_a && has_b) {
			return true;
		}
	}
	return false;
}

/* The last words of `words`, joined, are stem, and there are more words before them. */
static bool last_words(const texts *words, const char *stem)
{
	size_t n = strlen(stem);
	for (size_t i = words->n; i-- > 1;) {
		size_t m = strlen(words->at[i]);
		if (m > n || strncmp(stem + n - m, words->at[i], m) != 0) {
			return false;
		}
		n -= m;
		if (n == 0) {
			return true;
		}
	}
	return false;
}

/* stem is made of the first words of `words`, and there are more. */
static bool first_words(const texts *words, const char *stem)
{
	for (size_t i = 0; i + 1 < words->n; i++) {
		size_t m = strlen(words->at[i]);
		if (strncmp(stem, words->at[i], m) != 0) {
			return false;
		}
		stem += m;
		if (*stem == '\0') {
			return true;
		}
	}
	return false;
}

static const char *last_word(const struct name *name)
{
	return name->core.n > 0 ? name->core.at[name->core.n - 1] : "";
}

/* au for author, pub for publisher. */
static bool abbreviates(const char *part, const char *stem)
{
	return strlen(part) >= 2 && strlen(part) < strlen(stem) && starts_with(stem, part);
}

/* ship_via names the shipper: the table is called after who does it. */
static bool names_actor(const struct name *child, const struct name *table)
{
	const char *stem = table->stem;
	size_t n = strlen(stem);
	if (child->core.n == 0 || table->core.n != 1 || n < 6 || !ends_with(stem, "er")) {
		return false;
	}
	const char *first = child->core.at[0];
	size_t m = strlen(first);
	bool doubled = n >= 4 && stem[n - 3] == stem[n - 4];
	return strncmp(first, stem, m) == 0 && (m + 2 == n || (doubled && m + 3 == n));
}

int name_own_key(const struct name *column, const struct name *table)
{
	if (column->core.n == 0 || strcmp(column->stem, table->stem) == 0) {
		return 1000;
	}
	if (code_noun(column->stem) && synonym(column->stem, table->stem)) {
		return 500; /* a product's sku: its product_id goes before */
	}
	if (abbreviates(column->stem, table->stem) ||
	    (synonym(column->stem, table->stem) && column->id_like)) {
		return 700;
	}
	if (last_words(&table->core, column->stem) || starts_with(column->stem, table->stem) ||
	    ends_with(column->stem, table->stem)) {
		return 600;
	}
	return 0;
}

/* How much the child is named after the table. */
static int after_table(const struct name *child, const struct name *table, const char **ret_why)
{
	const char *stem = child->stem;
	if (strcmp(stem, table->stem) == 0) {
		*ret_why = "named after the table";
		return 1000;
	}
	if (last_words(&child->core, table->stem)) {
		*ret_why = "a role, then the table's name";
		return 900;
	}
	if (strlen(table->stem) >= 4 && ends_with(stem, table->stem)) {
		*ret_why = "ends with the table's name";
		return 850;
	}
	if (synonym(stem, table->stem)) {
		*ret_why = "a synonym of the table's name";
		return 850;
	}
	bool line_item = child->core.n > 1 &&
		strcmp(child->core.at[child->core.n - 2], "line") == 0;
	if (!line_item && synonym(last_word(child), last_word(table))) {
		*ret_why = "its last word is a synonym of the table's";
		return table->core.n == 1 ? 800 : 700;
	}
	if (last_words(&table->core, stem)) {
		*ret_why = "the last words of the table's name";
		return 700;
	}
	if (first_words(&table->core, stem)) {
		*ret_why = "the first words of the table's name";
		return 500;
	}
	if (strlen(stem) >= 3 && abbreviates(stem, table->stem)) {
		*ret_why = "begins like the table's name";
		return 700;
	}
	if (names_actor(child, table)) {
		*ret_why = "names what the table's rows do";
		return 600;
	}
	*ret_why = "no likeness of names";
	return 0;
}

int name_reference(const struct name *child, const struct name *parent,
		   const struct name *parent_table, const char **ret_why)
{
	if (child->core.n == 0) {
		*ret_why = "its name says nothing";
		return 0;
	}
	int table_marks = after_table(child, parent_table, ret_why);
	if (parent->core.n == 0 || strcmp(parent->stem, parent_table->stem) == 0) {
		return table_marks;
	}

	int marks = table_marks * 9 / 10;
	if (strcmp(child->whole, parent->whole) == 0 && parent->id_like) {
		*ret_why = "the same name";
		return abbreviates(parent->stem, parent_table->stem) &&
				!first_words(&parent_table->core, parent->stem)
			? 1000
			: 950;
	}
	if (marks < 850 && parent->id_like && last_words(&child->core, parent->stem)) {
		*ret_why = "a role, then the key's name";
		return 850;
	}
	if (marks < 400 && strcmp(child->whole, parent->whole) == 0) {
		*ret_why = "the same name, though not an identifier's";
		return 400;
	}
	return marks;
}

/* The first words of `words`, all but those that are as many as `last` has. */
static const char *words_before(struct arena *a, const texts *words, const texts *last)
{
	texts first = *words;
	first.n -= last->n;
	return join(a, &first);
}

static bool ends_in_words(const texts *words, const texts *last)
{
	for (size_t i = 0; i < last->n; i++) {
		if (words->n <= last->n ||
		    strcmp(words->at[words->n - last->n + i], last->at[i]) != 0) {
			return false;
		}
	}
	return true;
}

int name_part(struct arena *a, const struct name *child, const struct name *parent,
	      const char **ret_role)
{
	*ret_role = "";
	if (child->core.n == 0 || parent->core.n == 0) { /* each table has an id of its own */
		return 0;
	}
	if (strcmp(child->whole, parent->whole) == 0) {
		return 1000;
	}
	if (strcmp(child->stem, parent->stem) == 0) {
		return child->id_like == parent->id_like ? 900 : 800;
	}
	bool whole = ends_in_words(&child->words, &parent->words);
	if (whole || ends_in_words(&child->core, &parent->core)) {
		*ret_role = whole ? words_before(a, &child->words, &parent->words)
				  : words_before(a, &child->core, &parent->core);
		return whole ? 900 : 800;
	}
	return 0;
}
