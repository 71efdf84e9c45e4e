/*
 * bldr databricks check: is the workspace to be reached, who are we there, and may we do what a run does? Nothing is changed.
 * What is missing comes with the statements that make or grant it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "cli/runs.h"
#include "cli/steps.h"

enum { NAME_MAX_BYTES = 4096, PRIVILEGES_MAX = 6 };

/* What a run works in, and what it has to be allowed there. */
static const struct place {
	enum databricks_securable kind;
	const char *key, *type; /* of what is known and of options; in SQL */
	const char *privileges[PRIVILEGES_MAX];
	const char *make; /* the statement that makes one */
} places[] = {
	{ DATABRICKS_CATALOG,
	  "catalog",
	  "CATALOG",
	  { "USE_CATALOG", "CREATE_SCHEMA" },
	  "CREATE CATALOG" },
	{ DATABRICKS_SCHEMA,
	  "schema",
	  "SCHEMA",
	  { "USE_SCHEMA", "CREATE_TABLE", "CREATE_VOLUME", "SELECT", "MODIFY" },
	  "CREATE SCHEMA" },
	{ DATABRICKS_VOLUME, "volume", "VOLUME", { "READ_VOLUME", "WRITE_VOLUME" }, "CREATE VOLUME" },
};

/* As SQL quotes it. */
static void put_quoted(struct buf *b, const char *name)
{
	buf_putc(b, '`');
	for (const char *c = name; *c != '\0'; c++) {
		buf_puts(b, *c == '`' ? "`" : "");
		buf_putc(b, *c);
	}
	buf_putc(b, '`');
}

/* "catalog.schema": the names down to a place, put behind b; quoted: as SQL writes them. */
static void put_name(struct buf *b, const struct bldr_value *known, const struct place *place,
		     bool quoted)
{
	for (const struct place *p = places; p <= place; p++) {
		buf_puts(b, p > places ? "." : "");
		if (quoted) {
			put_quoted(b, known_text(known, p->key));
		} else {
			buf_puts(b, known_text(known, p->key));
		}
	}
}

static struct databricks_request
ask_place(const struct databricks *w, const struct bldr_value *input, const struct bldr_value *kept)
{
	(void)kept;
	return databricks_securable_get(w,
					(enum databricks_securable)bldr_get_int(input, "kind", 0),
					bldr_get_text(input, "name"));
}

static struct databricks_request ask_rights(const struct databricks *w,
					    const struct bldr_value *input,
					    const struct bldr_value *kept)
{
	return databricks_permissions(w, (enum databricks_securable)bldr_get_int(input, "kind", 0),
				      bldr_get_text(input, "name"), NULL,
				      bldr_get_text(kept, "token"));
}

/* All pages of what is granted: {"privilege_assignments": [...]}. */
static void told_rights(const struct bldr_value *input, const struct bldr_value *kept,
			const struct databricks_answer *answer, int64_t now_ms, struct arena *a,
			struct databricks_turn *ret)
{
	static const char key[] = "privilege_assignments";
	const char *token = databricks_next_page(answer->body);
	const struct bldr_value *lists[] = { bldr_get(kept, key), bldr_get(answer->body, key) };
	struct bldr_value *all = bldr_list();
	struct bldr_value *value = bldr_object();

	databricks_told_once(input, kept, answer, now_ms, a, ret);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; bldr_type_of(lists[i]) == BLDR_LIST && k < bldr_count(lists[i]);
		     k++) {
			bldr_list_add(all, bldr_ref(bldr_at(lists[i], k)));
		}
	}
	bldr_object_set(value, key, all);
	if (answer->outcome != DATABRICKS_OK) {
		bldr_unref(value);
		return;
	}
	bldr_unref(ret->end.value);
	ret->end.value = NULL;
	if (token != NULL) {
		bldr_object_set(value, "token", bldr_text(token));
		ret->ended = false;
		ret->kept = value;
	} else {
		ret->end.value = value;
	}
}

static const struct databricks_procedure call_place = { "place", ask_place, databricks_told_once };
static const struct databricks_procedure call_rights = { "rights", ask_rights, told_rights };

static struct bldr_value *place_input(const struct place *place, const struct bldr_value *known)
{
	struct bldr_value *v = bldr_object();
	struct buf name;

	buf_init(&name, NAME_MAX_BYTES);
	put_name(&name, known, place, false);
	bldr_object_set(v, "kind", bldr_int(place->kind));
	bldr_object_set(v, "name", bldr_text(name.data));
	buf_release(&name);
	return v;
}

static struct bldr_value *input_place(const struct step *s, const struct bldr_value *known,
				      struct buf *detail)
{
	const struct place *place = s->about;

	for (const struct place *p = places; p <= place; p++) {
		if (known_text(known, p->key)[0] == '\0') {
			buf_printf(detail, "no --%s is given", p->key);
			return NULL;
		}
	}
	return place_input(place, known);
}

/*
 * What is known of a place: "catalog_owner", when it is there; "catalog_usable", true when a run may do in it all that it does,
 * and make what lies in it.
 */
static void learn(struct bldr_value *learned, const struct place *place, const char *what,
		  struct bldr_value *v)
{
	char *key = xasprintf("%s_%s", place->key, what);

	bldr_object_set(learned, key, v);
	free(key);
}

/* NULL: it is not known. */
static const struct bldr_value *known_of(const struct bldr_value *known, const struct place *place,
					 const char *what)
{
	char *key = xasprintf("%s_%s", place->key, what);
	const struct bldr_value *v = bldr_get(known, key);

	free(key);
	return v;
}

/* A run makes its schema and its volume, where it may; a catalogue is a person's decision. */
static bool is_made_by_run(const struct bldr_value *known, const struct place *place)
{
	return place > places && known_of(known, place - 1, "usable") != NULL;
}

static struct bldr_value *input_rights(const struct step *s, const struct bldr_value *known,
				       struct buf *detail)
{
	const struct place *place = s->about;

	if (known_of(known, place, "owner") == NULL) {
		buf_printf(detail, "there is no %s to look at", place->key);
		return NULL;
	}
	return place_input(place, known);
}

/* Shown below the step: "sql `name` ... ;". to: the grantee, or NULL. */
static void suggest(struct bldr_value *list, const char *sql, const struct place *place,
		    const struct bldr_value *known, const char *to)
{
	struct buf b;

	buf_init(&b, NAME_MAX_BYTES);
	buf_puts(&b, sql);
	put_name(&b, known, place, true);
	if (to != NULL) {
		buf_puts(&b, " TO ");
		put_quoted(&b, to);
	}
	buf_puts(&b, ";");
	bldr_list_add(list, bldr_text(b.data));
	buf_release(&b);
}

/* The API writes USE_CATALOG, SQL USE CATALOG. */
static void suggest_grant(struct bldr_value *list, const char *privilege, const struct place *place,
			  const struct bldr_value *known)
{
	char *sql = xasprintf("GRANT %s ON %s ", privilege, place->type);

	for (char *c = sql; *c != '\0'; c++) {
		if (*c == '_') {
			*c = ' ';
		}
	}
	suggest(list, sql, place, known, known_text(known, "user"));
	free(sql);
}

static enum verdict judge_place(const struct step *s, const struct bldr_value *known,
				const struct databricks_end *end, struct bldr_value *learned,
				struct buf *detail)
{
	const struct place *place = s->about;
	struct bldr_value *grants;
	char *text;

	put_name(detail, known, place, false);
	if (end->outcome == DATABRICKS_OK) {
		const char *owner = known_text(end->value, "owner");

		learn(learned, place, "owner", bldr_text(owner));
		buf_printf(detail, "%s%s", owner[0] != '\0' ? ", owned by " : "", owner);
		return VERDICT_OK;
	}
	if (end->outcome == DATABRICKS_NOT_FOUND && is_made_by_run(known, place)) {
		buf_puts(detail, " is not there yet: a run makes it");
		learn(learned, place, "usable", bldr_bool(true));
		return VERDICT_OK;
	}
	buf_printf(detail, ": %s", end->message);
	if (end->outcome != DATABRICKS_NOT_FOUND && end->outcome != DATABRICKS_DENIED) {
		return VERDICT_WRONG;
	}
	buf_puts(detail, " (it is not there, or not to be seen)");
	grants = bldr_list();
	if (end->outcome == DATABRICKS_NOT_FOUND) {
		text = xasprintf("%s IF NOT EXISTS ", place->make);
		suggest(grants, text, place, known, NULL);
		free(text);
	}
	for (size_t i = 0; i < PRIVILEGES_MAX && place->privileges[i] != NULL; i++) {
		suggest_grant(grants, place->privileges[i], place, known);
	}
	bldr_object_set(learned, "grants", grants);
	return VERDICT_WRONG;
}

static bool may(const struct bldr_value *known, const struct bldr_value *assignments,
		const char *privilege)
{
	const struct bldr_value *who = bldr_get(known, "principals");

	for (size_t i = 0; i < bldr_count(who); i++) {
		if (databricks_has_privilege(assignments, bldr_as_text(bldr_at(who, i)),
					     privilege)) {
			return true;
		}
	}
	return false;
}

static bool is_ours(const struct bldr_value *known, const char *owner)
{
	const struct bldr_value *who = bldr_get(known, "principals");

	for (size_t i = 0; i < bldr_count(who); i++) {
		if (strcmp(bldr_as_text(bldr_at(who, i)), owner) == 0) {
			return true;
		}
	}
	return false;
}

static enum verdict judge_rights(const struct step *s, const struct bldr_value *known,
				 const struct databricks_end *end, struct bldr_value *learned,
				 struct buf *detail)
{
	const struct place *place = s->about;
	struct bldr_value *grants;
	size_t missing;

	if (is_ours(known, bldr_as_text(known_of(known, place, "owner")))) {
		buf_puts(detail, "all of them: it is ours");
		learn(learned, place, "usable", bldr_bool(true));
		return VERDICT_OK;
	}
	if (end->outcome != DATABRICKS_OK) {
		buf_printf(detail, "are not to be seen: %s", end->message);
		return VERDICT_WRONG;
	}
	grants = bldr_list();
	for (size_t i = 0; i < PRIVILEGES_MAX && place->privileges[i] != NULL; i++) {
		bool has = may(known, end->value, place->privileges[i]);

		buf_printf(detail, "%s%s%s", i > 0 ? ", " : "", has ? "" : "no ",
			   place->privileges[i]);
		if (!has) {
			suggest_grant(grants, place->privileges[i], place, known);
		}
	}
	missing = bldr_count(grants);
	bldr_object_set(learned, "grants", grants);
	if (missing > 0) {
		return VERDICT_WRONG;
	}
	learn(learned, place, "usable", bldr_bool(true));
	return VERDICT_OK;
}

/* The one that is named, or all that may be used. */
static struct databricks_request ask_warehouse(const struct databricks *w,
					       const struct bldr_value *input,
					       const struct bldr_value *kept)
{
	const char *id = bldr_get_text(input, "id");

	(void)kept;
	return id != NULL ? databricks_warehouse_get(w, id) : databricks_warehouse_list(w);
}

static struct bldr_value *input_warehouse(const struct step *s, const struct bldr_value *known,
					  struct buf *detail)
{
	const struct bldr_value *id = bldr_get(known, "warehouse");
	struct bldr_value *v = bldr_object();

	(void)s;
	(void)detail;
	if (id != NULL) {
		bldr_object_set(v, "id", bldr_ref(id));
	}
	return v;
}

static enum verdict judge_warehouse(const struct step *s, const struct bldr_value *known,
				    const struct databricks_end *end, struct bldr_value *learned,
				    struct buf *detail)
{
	const struct bldr_value *w = databricks_warehouse(end->value);

	(void)s;
	(void)known;
	(void)learned;
	if (!step_succeeded(end, detail)) {
		return VERDICT_WRONG;
	}
	if (w == NULL) {
		buf_puts(detail, "there is none that may be used: make one, or have it granted");
		return VERDICT_WRONG;
	}
	buf_printf(detail, "%s, %s, size %s", known_text(w, "name"), known_text(w, "state"),
		   known_text(w, "cluster_size"));
	return VERDICT_OK;
}

static struct databricks_request
ask_jobs(const struct databricks *w, const struct bldr_value *input, const struct bldr_value *kept)
{
	(void)input;
	(void)kept;
	return databricks_job_list(w, "bldr check", NULL);
}

static enum verdict judge_jobs(const struct step *s, const struct bldr_value *known,
			       const struct databricks_end *end, struct bldr_value *learned,
			       struct buf *detail)
{
	(void)s;
	(void)known;
	(void)learned;
	if (!step_succeeded(end, detail)) {
		return VERDICT_WRONG;
	}
	buf_puts(detail, "can be listed");
	return VERDICT_OK;
}

static struct databricks_request ask_folder(const struct databricks *w,
					    const struct bldr_value *input,
					    const struct bldr_value *kept)
{
	(void)kept;
	return databricks_status(w, bldr_get_text(input, "path"));
}

static struct bldr_value *input_folder(const struct step *s, const struct bldr_value *known,
				       struct buf *detail)
{
	struct bldr_value *v = bldr_object();

	(void)s;
	(void)detail;
	bldr_object_set(v, "path", bldr_textf("/Users/%s", known_text(known, "user")));
	return v;
}

static enum verdict judge_folder(const struct step *s, const struct bldr_value *known,
				 const struct databricks_end *end, struct bldr_value *learned,
				 struct buf *detail)
{
	(void)s;
	(void)learned;
	if (end->outcome == DATABRICKS_OK) {
		buf_puts(detail, known_text(end->value, "path"));
		return VERDICT_OK;
	}
	buf_printf(detail, "/Users/%s: %s", known_text(known, "user"), end->message);
	return VERDICT_WRONG;
}

static const struct databricks_procedure call_warehouse = { "warehouse", ask_warehouse,
							    databricks_told_once };
static const struct databricks_procedure call_jobs = { "jobs", ask_jobs, databricks_told_once };
static const struct databricks_procedure call_folder = { "folder", ask_folder,
							 databricks_told_once };

static const struct step steps[] = {
	{ "me", "identity", &call_me, step_without_input, judge_me, NULL, false },
	{ "folder", "own folder", &call_folder, input_folder, judge_folder, NULL, false },
	{ "jobs", "jobs", &call_jobs, step_without_input, judge_jobs, NULL, false },
	{ "catalog", "catalog", &call_place, input_place, judge_place, &places[0], false },
	{ "catalog_rights", "rights in the catalog", &call_rights, input_rights, judge_rights,
	  &places[0], false },
	{ "schema", "schema", &call_place, input_place, judge_place, &places[1], false },
	{ "schema_rights", "rights in the schema", &call_rights, input_rights, judge_rights,
	  &places[1], false },
	{ "volume", "volume", &call_place, input_place, judge_place, &places[2], false },
	{ "volume_rights", "rights in the volume", &call_rights, input_rights, judge_rights,
	  &places[2], false },
	{ "warehouse", "SQL warehouse", &call_warehouse, input_warehouse, judge_warehouse, NULL,
	  false },
	{ .name = NULL },
};

/* Somebody waits for it. */
static const struct chain chain = { "databricks.check", steps, 20000 };

static int check(const struct settings *settings)
{
	struct bldr_value *known = bldr_object();
	struct bldr_error err;
	struct steps_run r;
	char id[RUN_ID_MAX];
	int exit_code;
	int rc = steps_open(&r, settings, &chain, &err);

	runs_new_id(id);
	r.thread = arena_printf(&r.arena, "databricks-check-%s", id);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *key = xasprintf("databricks.%s", places[i].key);

		bldr_object_set(known, places[i].key, bldr_text(config_text(settings->config, key)));
		free(key);
	}
	if (r.config.warehouse_id != NULL) {
		bldr_object_set(known, "warehouse", bldr_text(r.config.warehouse_id));
	}
	rc = rc == 0 ? steps_begin(&r, known, &err) : rc;
	exit_code = rc < 0 ? command_fail(&err) : steps_drive(&r);
	bldr_unref(known);
	steps_close(&r);
	return exit_code;
}

int command_databricks_check(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr databricks check [--catalog NAME] [--schema NAME] [--volume NAME] "
			 "[OPTIONS]",
		.summary =
			"Checks a Databricks workspace before a run: credentials, rights, what is there.",
		.description =
			"Nothing is changed. What is missing is told with the SQL that makes or grants it: the "
			"catalogue, schema, volume and\nSQL warehouse that bldr run --target databricks would "
			"use. Who to be there comes from the environment, .env or a\nprofile of "
			"~/.databrickscfg: DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and "
			"DATABRICKS_CLIENT_SECRET\n(and DATABRICKS_TENANT_ID for Entra).\nExit codes: 0 all is there, 1 something is "
			"missing, 2 the configuration is wrong, 3 no answer.",
		.examples = "bldr databricks check --catalog main --schema gold --volume raw\n"
			    "bldr databricks check --profile dev --json",
	};
	struct settings settings;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_DATABRICKS, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	return settings_end(&settings, check(&settings));
}
