/*
 * All sources end in one function, assign(), which checks a text or JSON value against its key's row
 * and notes the origin. What can go wrong is said with the source's name in front.
 */
#include "base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/jsonc.h"
#include "base/options.h"
#include "base/pointer.h"
#include "base/secret.h"

enum { ORIGIN_MAX = 512 };

struct setting {
	const char *origin; /* NULL: no value */
	const char *text;
	int64_t number; /* CONFIG_INT, and the index of a CONFIG_CHOICE */
};

struct config {
	const struct config_key *keys;
	size_t n;
	struct setting *settings;
	struct arena arena;
};

struct config *config_new(const struct config_key *keys)
{
	struct config *c = xcalloc(1, sizeof(*c));
	c->keys = keys;
	while (keys[c->n].name != NULL) {
		c->n++;
	}
	c->settings = ARENA_ARRAY(&c->arena, struct setting, c->n);
	return c;
}

void config_free(struct config *c)
{
	if (c != NULL) {
		arena_release(&c->arena);
		free(c);
	}
}

enum named_by { BY_NAME, BY_ENV, BY_OPTION };

static const char *name_of(const struct config_key *key, enum named_by by)
{
	return by == BY_NAME ? key->name : by == BY_ENV ? key->env : key->option;
}

/* The index of the key, c->n when there is none. */
static size_t find(const struct config *c, enum named_by by, const char *name, size_t size)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *known = name_of(&c->keys[i], by);
		if (known != NULL && strlen(known) == size && memcmp(known, name, size) == 0) {
			return i;
		}
	}
	return c->n;
}

/* The nearest key's name; names are compared behind skip bytes, which all known ones share. */
static const char *nearest(const struct config *c, enum named_by by, const char *name,
			   const char *prefix)
{
	struct arena a = { 0 };
	const char **names = ARENA_ARRAY(&a, const char *, c->n + 1);
	size_t skip = strlen(prefix);
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const char *known = name_of(&c->keys[i], by);
		if (known != NULL && strncmp(known, prefix, skip) == 0) {
			names[n++] = known + skip;
		}
	}
	const char *found = options_nearest(name + skip, names);
	arena_release(&a);
	return found != NULL ? found - skip : NULL;
}

static int unknown(const struct config *c, enum named_by by, const char *what, const char *name,
		   const char *prefix, const char *origin, struct bldr_error *err)
{
	const char *near = nearest(c, by, name, prefix);
	if (near != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "%s: unknown %s \"%s\", did you mean \"%s\"?", origin, what,
				      name, near);
	}
	return bldr_error_set(err, BLDR_E_INVALID,
			      "%s: unknown %s \"%s\"; bldr config lists those there are", origin,
			      what, name);
}

/* Assigning */

static void expected(const struct config_key *key, struct buf *out)
{
	switch (key->kind) {
	case CONFIG_TEXT:
		buf_printf(out, "%stext of at most %d bytes",
			   key->empty_is_fine ? "" : "non-empty ", CONFIG_TEXT_MAX);
		return;
	case CONFIG_INT:
		buf_printf(out, "an integer from %" PRId64 " to %" PRId64, key->min, key->max);
		return;
	case CONFIG_CHOICE:
		buf_puts(out, "one of ");
		for (size_t i = 0; key->choices[i] != NULL; i++) {
			buf_printf(out, "%s\"%s\"", i > 0 ? ", " : "", key->choices[i]);
		}
		return;
	}
}

static int wrong(const struct config_key *key, const struct bldr_value *v, const char *origin,
		 struct bldr_error *err)
{
	char found[VALUE_DESCRIPTION_MAX];
	struct buf right;
	buf_init(&right, BLDR_ERROR_TEXT_MAX);
	expected(key, &right);
	value_describe(v, found);
	int rc = bldr_error_set(err, BLDR_E_INVALID, "%s: \"%s\": expected %s, found %s", origin,
				key->name, right.data, found);
	buf_release(&right);
	return rc;
}

static bool find_choice(const struct config_key *key, const char *text, int64_t *ret)
{
	for (size_t i = 0; text != NULL && key->choices[i] != NULL; i++) {
		if (strcmp(key->choices[i], text) == 0) {
			*ret = (int64_t)i;
			return true;
		}
	}
	return false;
}

static int assign(struct config *c, size_t index, const struct bldr_value *v, const char *origin,
		  struct bldr_error *err)
{
	const struct config_key *key = &c->keys[index];
	const char *text = bldr_as_text(v);
	struct setting s = { 0 };
	bool good = false;
	switch (key->kind) {
	case CONFIG_TEXT:
		good = text != NULL && strlen(text) <= CONFIG_TEXT_MAX &&
			(text[0] != '\0' || key->empty_is_fine);
		break;
	case CONFIG_INT:
		s.number = bldr_as_int(v, 0);
		good = bldr_type_of(v) == BLDR_INT && s.number >= key->min && s.number <= key->max;
		break;
	case CONFIG_CHOICE:
		good = find_choice(key, text, &s.number);
		break;
	}
	if (!good) {
		return wrong(key, v, origin, err);
	}
	s.text = arena_strdup(&c->arena, text);
	s.origin = arena_strdup(&c->arena, origin);
	c->settings[index] = s;
	return 0;
}

/* A text from outside JSON: an integer is one only when it is written as one. */
static int assign_text(struct config *c, size_t index, const char *text, const char *origin,
		       struct bldr_error *err)
{
	struct bldr_value *v = NULL;
	if (c->keys[index].kind == CONFIG_INT) {
		char *end = NULL;
		errno = 0;
		long long number = strtoll(text, &end, 10);
		bool digits = text[0] == '-' ? text[1] >= '0' && text[1] <= '9'
					     : text[0] >= '0' && text[0] <= '9';
		if (digits && *end == '\0' && errno == 0) {
			v = bldr_int(number);
		}
	}
	v = v != NULL ? v : bldr_text(text);
	int rc = assign(c, index, v, origin, err);
	bldr_unref(v);
	return rc;
}

/* JSON */

struct json_source {
	const char *name, *text;
	size_t size;
	bool lines;
};

static void origin_of(const struct json_source *s, const char *path, char ret[ORIGIN_MAX])
{
	size_t line = s->lines ? jsonc_line(s->text, s->size, path) : 0;
	if (line > 0) {
		snprintf(ret, ORIGIN_MAX, "%s:%zu", s->name, line);
	} else {
		snprintf(ret, ORIGIN_MAX, "%s", s->name);
	}
}

/* Whether a key of the table lies in the object that path names. */
static bool is_group(const struct config *c, const char *path)
{
	size_t size = strlen(path);
	for (size_t i = 0; i < c->n; i++) {
		if (strncmp(c->keys[i].name, path, size) == 0 && c->keys[i].name[size] == '.') {
			return true;
		}
	}
	return false;
}

static int add_object(struct config *c, const struct json_source *s, const char *above,
		      const struct bldr_value *object, struct bldr_error *err)
{
	char origin[ORIGIN_MAX];
	int rc = 0;
	for (void *it = bldr_first(object); rc == 0 && it != NULL; it = bldr_next(object, it)) {
		char *path = xasprintf("%s%s%s", above, above[0] != '\0' ? "." : "", bldr_key(it));
		size_t index = find(c, BY_NAME, path, strlen(path));
		origin_of(s, path, origin);
		if (strchr(bldr_key(it), '.') != NULL) {
			rc = bldr_error_set(
				err, BLDR_E_INVALID,
				"%s: key \"%s\" holds a dot; write an object in an object", origin,
				bldr_key(it));
		} else if (index < c->n) {
			rc = assign(c, index, bldr_item(it), origin, err);
		} else if (!is_group(c, path)) {
			rc = unknown(c, BY_NAME, "key", path, "", origin, err);
		} else if (bldr_type_of(bldr_item(it)) != BLDR_OBJECT) {
			char found[VALUE_DESCRIPTION_MAX];
			value_describe(bldr_item(it), found);
			rc = bldr_error_set(err, BLDR_E_INVALID,
					    "%s: \"%s\": expected object, found %s", origin, path,
					    found);
		} else {
			rc = add_object(c, s, path, bldr_item(it), err);
		}
		free(path);
	}
	return rc;
}

int config_json(struct config *c, const char *source, bool lines, const char *text, size_t size,
		struct bldr_error *err)
{
	const struct json_source s = { source, text, size, lines };
	struct bldr_value *v = NULL;
	int rc = jsonc_parse(text, size, &v, err);
	if (rc < 0) {
		bldr_error_prefix(err, "%s", source);
		return rc;
	}
	rc = bldr_type_of(v) == BLDR_OBJECT
		? add_object(c, &s, "", v, err)
		: bldr_error_set(err, BLDR_E_INVALID, "%s: expected a JSON object", source);
	bldr_unref(v);
	return rc;
}

/* .env */

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r");
}

/* A name is letters, digits and "_"; its length. */
static size_t name_size(const char *at)
{
	return strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* Reads a quoted value at *at (behind the quote) and moves behind its end. */
static int read_quoted(const char **at, char quote, struct buf *out)
{
	const char *p = *at;
	for (; *p != '\0' && *p != quote; p++) {
		if (quote == '"' && *p == '\\' && p[1] != '\0' && strchr("nt\"\\$", p[1]) != NULL) {
			p++;
			buf_putc(out, unescaped(*p));
		} else {
			buf_putc(out, *p);
		}
	}
	if (*p != quote) {
		return BLDR_E_INVALID;
	}
	*at = p + 1;
	return 0;
}

/* The value of one line; what stands behind it may only be a comment. NULL, or what is wrong. */
static const char *read_value(const char *at, struct buf *out)
{
	if (*at == '"' || *at == '\'') {
		char quote = *at++;
		if (read_quoted(&at, quote, out) < 0) {
			return "the quote has no end on its line";
		}
		const char *behind = skip_blanks(at);
		return *behind == '\0' || *behind == '#' ? NULL : "text behind the quoted value";
	}
	size_t size = 0;
	while (at[size] != '\0' &&
	       !(at[size] == '#' && (size == 0 || strchr(" \t", at[size - 1]) != NULL))) {
		size++;
	}
	while (size > 0 && strchr(" \t\r", at[size - 1]) != NULL) {
		size--;
	}
	buf_add(out, at, size);
	return NULL;
}

static int read_line(const char *line, const char *origin, config_variable *fn, void *user,
		     struct bldr_error *err)
{
	const char *at = skip_blanks(line);
	struct buf value;
	if (*at == '\0' || *at == '#') {
		return 0;
	}
	if (strncmp(at, "export", 6) == 0 && (at[6] == ' ' || at[6] == '\t')) {
		at = skip_blanks(at + 6);
	}
	size_t size = name_size(at);
	const char *equals = skip_blanks(at + size);
	if (size == 0 || *equals != '=') {
		return bldr_error_set(err, BLDR_E_INVALID, "%s: expected NAME=VALUE", origin);
	}
	buf_init(&value, CONFIG_TEXT_MAX);
	const char *mistake = read_value(skip_blanks(equals + 1), &value);
	char *name = xstrndup(at, size);
	int rc = 0;
	if (mistake != NULL || buf_failed(&value)) {
		rc = bldr_error_set(err, BLDR_E_INVALID, "%s: %s", origin,
				    mistake != NULL ? mistake : "the value is too long");
	} else {
		rc = fn(name, value.data, origin, user, err);
	}
	free(name);
	secret_wipe(value.data, value.size);
	buf_release(&value);
	return rc;
}

int config_dotenv_each(const char *source, const char *text, size_t size, config_variable *fn,
		       void *user, struct bldr_error *err)
{
	if (memchr(text, '\0', size) != NULL) {
		return bldr_error_set(err, BLDR_E_INVALID, "%s: not text: it holds a NUL byte",
				      source);
	}
	char *copy = xstrndup(text, size);
	char *rest = copy;
	char origin[ORIGIN_MAX];
	int rc = 0;
	for (size_t number = 1; rc == 0 && rest != NULL; number++) {
		char *line = strsep(&rest, "\n");
		snprintf(origin, sizeof(origin), "%s:%zu", source, number);
		rc = read_line(line, origin, fn, user, err);
	}
	secret_wipe(copy, size);
	free(copy);
	return rc;
}

struct dotenv {
	struct config *config;
	const char *prefix;
};

static int take_variable(const char *name, const char *value, const char *origin, void *user,
			 struct bldr_error *err)
{
	const struct dotenv *d = user;
	size_t index = find(d->config, BY_ENV, name, strlen(name));
	if (index < d->config->n) {
		return value[0] != '\0' ? assign_text(d->config, index, value, origin, err) : 0;
	}
	return strncmp(name, d->prefix, strlen(d->prefix)) == 0
		? unknown(d->config, BY_ENV, "variable", name, d->prefix, origin, err)
		: 0;
}

int config_dotenv(struct config *c, const char *source, const char *prefix, const char *text,
		  size_t size, struct bldr_error *err)
{
	struct dotenv d = { c, prefix };
	return config_dotenv_each(source, text, size, take_variable, &d, err);
}

/* The environment and options */

int config_environment(struct config *c, const char *prefix, const char *const *environment,
		       struct bldr_error *err)
{
	int rc = 0;
	for (; rc == 0 && *environment != NULL; environment++) {
		const char *entry = *environment;
		size_t size = strcspn(entry, "=");
		if (entry[size] == '\0' || entry[size + 1] == '\0') {
			continue;
		}
		char *name = xstrndup(entry, size);
		size_t index = find(c, BY_ENV, name, size);
		if (index < c->n) {
			rc = assign_text(c, index, entry + size + 1, name, err);
		} else if (strncmp(name, prefix, strlen(prefix)) == 0 &&
			   nearest(c, BY_ENV, name, prefix) != NULL) {
			rc = unknown(c, BY_ENV, "variable", name, prefix, "environment", err);
		}
		free(name);
	}
	return rc;
}

int config_set(struct config *c, const char *option, const char *text, struct bldr_error *err)
{
	size_t index = find(c, BY_OPTION, option, strlen(option));
	char origin[ORIGIN_MAX];
	ASSERT(index < c->n);
	snprintf(origin, sizeof(origin), "--%s", option);
	return assign_text(c, index, text, origin, err);
}

/* Reading */

static size_t known(const struct config *c, const char *name)
{
	size_t index = find(c, BY_NAME, name, strlen(name));
	ASSERT(index < c->n);
	return index;
}

static const struct setting *read_setting(const struct config *c, const char *name,
					  enum config_kind kind)
{
	size_t index = known(c, name);
	ASSERT(c->keys[index].kind == kind && c->settings[index].origin != NULL);
	return &c->settings[index];
}

const char *config_text(const struct config *c, const char *name)
{
	return read_setting(c, name, CONFIG_TEXT)->text;
}

int64_t config_int(const struct config *c, const char *name)
{
	return read_setting(c, name, CONFIG_INT)->number;
}

size_t config_choice(const struct config *c, const char *name)
{
	return (size_t)read_setting(c, name, CONFIG_CHOICE)->number;
}

const char *config_origin(const struct config *c, const char *name)
{
	return c->settings[known(c, name)].origin;
}

struct bldr_value *config_value(const struct config *c, const char *name)
{
	size_t index = known(c, name);
	const struct setting *s = &c->settings[index];
	ASSERT(s->origin != NULL);
	return c->keys[index].kind == CONFIG_INT ? bldr_int(s->number) : bldr_text(s->text);
}
