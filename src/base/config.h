/*
 * Layered configuration by one table of keys: what is added later overrides what was added before,
 * and each value knows where it came from. A key that the table does not know, a value of another
 * type and a value out of range are errors that name the file and line, and the nearest key.
 *
 *	config_json (defaults, file) < config_dotenv < config_environment < config_set (options)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bldr/value.h>

enum config_kind { CONFIG_TEXT, CONFIG_INT, CONFIG_CHOICE };

struct config_key {
	const char *name; /* "log.level": key "level" of the object "log"; NULL ends the table */
	enum config_kind kind;
	int64_t min, max;           /* CONFIG_INT */
	const char *const *choices; /* CONFIG_CHOICE: NULL-terminated */
	bool empty_is_fine;         /* CONFIG_TEXT */
	const char *env;            /* the environment variable */
	const char *option;         /* the command-line option, without dashes */
	char letter;                /* its short form; 0: none */
	const char *value;          /* how help shows what it takes: "DIR" */
	const char *help;
};

enum { CONFIG_BYTES_MAX = 1 << 20, CONFIG_TEXT_MAX = 4096 };

struct config;

/* keys is borrowed. No key has a value yet. */
struct config *config_new(const struct config_key *keys);
void config_free(struct config *c); /* NULL is fine */

/* A JSON object with comments (base/jsonc.h). source names it in messages and origins; with lines, a value's
 * origin is "source:line". Errors: INVALID. */
int config_json(struct config *c, const char *source, bool lines, const char *text, size_t size,
		struct bldr_error *err);

/*
 * A .env file: lines NAME=VALUE, "export NAME=VALUE", # comments, blank lines; a value may stand in
 * '...' (as it is) or "..." (\n \t \" \\ \$ are escapes), else it ends at " #" and its blanks are cut.
 * A name that begins with prefix must be known; all others belong to other programs. An empty value
 * counts as absent. Errors: INVALID.
 */
int config_dotenv(struct config *c, const char *source, const char *prefix, const char *text,
		  size_t size, struct bldr_error *err);

/* One variable of such a file; both texts are wiped when the call is over. origin: "source:line". */
typedef int config_variable(const char *name, const char *value, const char *origin, void *user,
			    struct bldr_error *err);
/* Calls fn for each, in order, until it fails. Errors: INVALID, and what fn returns. */
int config_dotenv_each(const char *source, const char *text, size_t size, config_variable *fn,
		       void *user, struct bldr_error *err);

/* environment: "NAME=VALUE"..., NULL. Of names that begin with prefix one that is nearly a known one is an
 * error; an empty value counts as absent. */
int config_environment(struct config *c, const char *prefix, const char *const *environment,
		       struct bldr_error *err);

/* Sets the key of that option, from text. The option must be in the table. */
int config_set(struct config *c, const char *option, const char *text, struct bldr_error *err);

/* The value of a key, by name; a bug when the key has none or is of another kind. Borrowed. */
const char *config_text(const struct config *c, const char *name);
int64_t config_int(const struct config *c, const char *name);
/* The index in the key's choices. */
size_t config_choice(const struct config *c, const char *name);
/* Where a value came from: "default", "bldr.config.json:3", ".env:2", "BLDR_OUTPUT", "--output". NULL: it has none. */
const char *config_origin(const struct config *c, const char *name);
/* The value as JSON; the caller owns it. */
struct bldr_value *config_value(const struct config *c, const char *name);
