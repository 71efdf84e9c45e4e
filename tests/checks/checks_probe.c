/*
 * What src/checks says, as text for the Python tests. All artefacts are files of one folder, CASE.
 *
 *	checks_probe records CASE SOURCE_FOLDER     one JSON line per record: {"table","line","fields","raw"} or
 *	                                            {"table","line","rejected","raw_bytes"}
 *	checks_probe contract CASE SOURCE_FOLDER    writes CASE/contract.json from sources.json and design.json
 *	checks_probe findings CASE SOURCE_FOLDER    writes CASE/findings.json from all artefacts, warehouse.db
 *	                                            and reloaded.db
 *	checks_probe plan CASE SOURCE_FOLDER        one JSON line per statement that remote_plan asks, given CASE/remote.json
 *	checks_probe judge CASE SOURCE_FOLDER       writes CASE/findings.json from what remote_judge says of it
 *	checks_probe image CASE SOURCE_FOLDER       writes CASE/reloaded.db as the image of it
 *	checks_probe hash CASE .                    per line of CASE/rows.json, [[type, text or null]...], Spark's xxhash64
 *	checks_probe texts . .                      one JSON line per check: what it is
 *
 * Exit 1: the error's name and text on standard error.
 */
#include <stdio.h>
#include <string.h>

#include "checks/check_texts.h"
#include "checks/reader.h"
#include "probe.h"

static int fail(const struct probe *p)
{
	fprintf(stderr, "%s: %s\n", bldr_error_name(p->err.code), p->err.text);
	return 1;
}

static void print_table(const struct source_file *f, const struct raw_table *t)
{
	for (size_t i = 0; i < t->records.n; i++) {
		const struct raw_record *r = &t->records.at[i];
		struct bldr_value *v = bldr_object(), *fields = bldr_list();
		for (size_t c = 0; c < t->columns; c++) {
			bldr_list_add(fields, bldr_text(raw_field(t, i, c)));
		}
		bldr_object_set(v, "table", bldr_text(f->table));
		bldr_object_set(v, "line", bldr_int(r->line));
		bldr_object_set(v, "fields", fields);
		bldr_object_set(v, "raw", bldr_text_n(t->bytes + r->offset, r->size));
		print(v);
	}
	for (size_t i = 0; i < t->rejects.n; i++) {
		const struct raw_reject *r = &t->rejects.at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "table", bldr_text(f->table));
		bldr_object_set(v, "line", bldr_int(r->record.line));
		bldr_object_set(v, "rejected", bldr_text(r->reason));
		bldr_object_set(v, "raw_bytes", bldr_int((int64_t)r->record.size));
		print(v);
	}
}

static int records(struct probe *p)
{
	struct sources sources;
	int rc = read_artefact(p, "sources", &sources);
	for (size_t i = 0; rc == 0 && i < sources.files.n; i++) {
		struct raw_table t;
		rc = raw_table_read(p->source_folder, &sources.files.at[i], &p->arena, &t, &p->err);
		if (rc == 0) {
			print_table(&sources.files.at[i], &t);
		}
	}
	return rc;
}

static int derive(struct probe *p)
{
	struct sources sources;
	struct design design;
	struct contract contract;
	int rc = read_artefact(p, "sources", &sources);
	if (rc == 0) {
		rc = read_artefact(p, "design", &design);
	}
	if (rc == 0) {
		rc = contract_derive(p->source_folder, &sources, &design, &p->arena, &contract,
				     &p->err);
	}
	return rc < 0 ? rc : write_artefact(p, "contract", &contract);
}

static int find(struct probe *p)
{
	struct findings findings;
	int rc = read_input(p);
	rc = rc < 0 ? rc : checks_run(&p->in, &p->arena, &findings, &p->err);
	return rc < 0 ? rc : write_artefact(p, "findings", &findings);
}

static int texts_of_checks(struct probe *p)
{
	size_t n;
	const struct check_text *texts_at = check_texts(&n);
	(void)p;
	for (size_t i = 0; i < n; i++) {
		const struct check_text *c = &texts_at[i];
		struct bldr_value *v = bldr_object();
		bldr_object_set(v, "check", bldr_text(c->check));
		bldr_object_set(v, "title", bldr_text(c->title));
		bldr_object_set(v, "severity", bldr_text(c->severity));
		bldr_object_set(v, "provenance", bldr_text(c->provenance));
		bldr_object_set(v, "proves", bldr_text(c->proves));
		bldr_object_set(v, "beyond", bldr_text(c->beyond));
		print(v);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct probe *p);
	} commands[] = { { "records", records },
			 { "contract", derive },
			 { "findings", find },
			 { "plan", remote_plan_lines },
			 { "judge", remote_judge_lines },
			 { "image", remote_image_file },
			 { "hash", hash_lines },
			 { "texts", texts_of_checks } };
	for (size_t i = 0; argc == 4 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			struct probe p = { .folder = argv[2], .source_folder = argv[3] };
			int code = commands[i].run(&p) < 0 ? fail(&p) : 0;
			arena_release(&p.arena);
			return code;
		}
	}
	fprintf(stderr, "checks_probe COMMAND CASE SOURCE_FOLDER\n");
	return 2;
}
