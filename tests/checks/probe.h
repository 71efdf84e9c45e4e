/* What the commands of checks_probe share: the artefacts of a case, and text for Python. */
#pragma once

#include "checks/checks.h"

struct probe {
	const char *folder, *source_folder;
	struct arena arena;
	struct bldr_error err;
	/* by read_input */
	struct checks_input in;
	struct sources sources;
	struct design design;
	struct contract contract;
	struct sttm sttm;
	struct deployment deployment;
};

/* A file of the case. */
char *path_of(struct probe *p, const char *name);
int read_artefact(struct probe *p, const char *name, void *ret);
int write_artefact(struct probe *p, const char *name, const void *data);
/* Reads all artefacts into p->in, with warehouse.db and reloaded.db. */
int read_input(struct probe *p);
/* As a line of JSON; drops v. */
void print(struct bldr_value *v);

/* Commands, in remote_probe.c. */
int remote_plan_lines(struct probe *p);
int remote_judge_lines(struct probe *p);
int remote_image_file(struct probe *p);
int hash_lines(struct probe *p);
