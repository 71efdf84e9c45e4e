/* bldr doctor: can this machine and this output folder do the work? Each line is a look at the thing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agents/agents.h"
#include "base/arena.h"
#include "base/asset.h"
#include "base/file.h"
#include "base/json_schema.h"
#include "cli/settings.h"
#include "store/store.h"

struct report {
	struct bldr_value *checks; /* [{name, ok, detail}] */
	bool failed;
};

static void add(struct report *r, const char *name, bool ok, struct bldr_value *detail)
{
	struct bldr_value *check = bldr_object();

	bldr_object_set(check, "name", bldr_text(name));
	bldr_object_set(check, "ok", bldr_bool(ok));
	bldr_object_set(check, "detail", detail);
	bldr_list_add(r->checks, check);
	r->failed |= !ok;
}

static void look_at_program(struct report *r)
{
	struct bldr_error err;
	struct agents *agents;

	add(r, "bldr", true,
	    bldr_textf("%s, %ld cores", BLDR_VERSION, sysconf(_SC_NPROCESSORS_ONLN)));
	add(r, "sqlite", sqlite3_threadsafe() != 0, bldr_text(sqlite3_libversion()));
	if (agents_new(&agents, &err) < 0) {
		add(r, "graph", false, bldr_text(err.text));
		return;
	}
	add(r, "graph", true, bldr_textf("main %.12s", bldr_graph_hash(agents_graph(agents))));
	agents_free(agents);
}

static void look_at_schemas(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; asset_at(i) != NULL; i++) {
		const struct asset *asset = asset_at(i);
		struct json_schema *schema = NULL;
		struct bldr_value *v = NULL;
		struct bldr_error err;

		if (strncmp(asset->name, "schemas/", 8) != 0) {
			continue;
		}
		n++;
		if (bldr_value_parse((const char *)asset->data, asset->size, &v, &err) < 0 ||
		    json_schema_new(v, &schema, &err) < 0) {
			add(r, asset->name, false, bldr_text(err.text));
		}
		json_schema_free(schema);
		bldr_unref(v);
	}
	add(r, "schemas", n > 0, bldr_textf("%zu embedded, all load", n));
}

static void look_at_journal(struct report *r, const char *output)
{
	struct arena a = { 0 };
	const char *path = arena_printf(&a, "%s/bldr.db", output);
	struct bldr_error err;
	struct store *store = NULL;
	sqlite3_stmt *stmt;
	int lock = -1;

	if (!file_exists(path)) {
		add(r, "journal", true, bldr_textf("\"%s\" has none yet", output));
		arena_release(&a);
		return;
	}
	if (store_open(path, STORE_READ, &store, &err) == 0 &&
	    store_prepare(store, "PRAGMA quick_check(1)", &stmt, &err) == 0 &&
	    store_step(store, stmt, &err) == 1) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		add(r, "journal", strcmp(text, "ok") == 0, bldr_textf("\"%s\": %s", path, text));
		sqlite3_reset(stmt);
	} else {
		add(r, "journal", false, bldr_text(err.text));
	}
	store_close(store);
	if (store_lock(path, &lock, &err) == 0) {
		store_unlock(lock);
		add(r, "lock", true, bldr_text("free"));
	} else {
		add(r, "lock", err.code == BLDR_E_LOCKED, bldr_text(err.text));
	}
	arena_release(&a);
}

static void look_at_output(struct report *r, const char *output)
{
	const char *folder = file_exists(output) ? output : ".";
	struct statvfs fs;

	if (access(folder, W_OK) != 0) {
		add(r, "output", false,
		    bldr_textf("cannot write \"%s\": %s", output, strerror(errno)));
		return;
	}
	if (statvfs(folder, &fs) == 0) {
		add(r, "output", true,
		    bldr_textf("\"%s\" can be written, %llu MB free", output,
			       (unsigned long long)fs.f_bavail * fs.f_frsize >> 20));
	}
	look_at_journal(r, output);
}

int command_doctor(int argc, char **argv, const struct cli_hooks *hooks)
{
	const struct command_spec spec = {
		.usage = "bldr doctor [--output DIR] [--json]",
		.summary = "Checks this machine and an output folder; exit 3 when something fails.",
	};
	struct settings settings;
	struct report r;
	int exit_code;

	(void)hooks;
	if (!command_settings(&spec, SETTINGS_READ, argc, argv, &settings, &exit_code)) {
		return exit_code;
	}
	r = (struct report){ .checks = bldr_list() };
	look_at_program(&r);
	look_at_schemas(&r);
	look_at_output(&r, settings.output);
	for (size_t i = 0; !settings.json && i < bldr_count(r.checks); i++) {
		const struct bldr_value *c = bldr_at(r.checks, i);

		printf("%-5s %-10s %s\n", bldr_as_bool(bldr_get(c, "ok"), false) ? "ok" : "FAIL",
		       bldr_get_text(c, "name"), bldr_get_text(c, "detail"));
	}
	exit_code = r.failed ? EXIT_WORLD : EXIT_VALIDATED;
	if (settings.json) {
		command_print_json(r.checks);
	} else {
		bldr_unref(r.checks);
	}
	return settings_end(&settings, exit_code);
}
