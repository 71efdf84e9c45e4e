/* The proofs, each a row of the table. */
#pragma once

#include "simulate.h"

/* How much is done. */
struct amounts {
	uint64_t schedules; /* random ones */
	unsigned seconds;   /* 0: as many schedules as said; else for so long */
	unsigned kills;
	unsigned stride; /* of the exhaustive ones every so many-th: 1 is all */
	unsigned jobs;   /* processes for the random ones */
	uint64_t from;   /* the first seed */
};

struct proof {
	const char *name, *what;
	const char *promises; /* that it looks at */
	uint64_t cases, lives;
	uint64_t broken[PROMISES];
	char first[400];
	char note[400];
	double seconds;
};

/* Adds a case's verdict; tells how it can be repeated. */
void proof_add(struct proof *p, const struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
uint64_t proof_broken(const struct proof *p);
double clock_s(void);

void prove_points(struct proof *p, const struct amounts *a);    /* (a) every crash point */
void prove_schedules(struct proof *p, const struct amounts *a); /* (a) random schedules */
void prove_kills(struct proof *p, const struct amounts *a);     /* (b) */
void prove_disk(struct proof *p, const struct amounts *a);      /* (c) */
void prove_two(struct proof *p, const struct amounts *a);       /* (d) */
void prove_power(struct proof *p, const struct amounts *a);     /* (e) full */
void prove_power_normal(struct proof *p, const struct amounts *a);
void prove_oracle(struct proof *p,
		  const struct amounts *a); /* (f): broken says which engines were not caught */
