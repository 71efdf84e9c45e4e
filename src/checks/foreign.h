/*
 * The foreign keys between files that the design uses: the hops of its paths, and the columns that name members of a
 * dimension. Each is followed once for every good record of its file, however many columns of the star it feeds, so
 * that a key that leads nowhere is one defect and can be named as such by whatever follows from it.
 */
#pragma once

#include "checks/expected.h"

enum key_fate {
	KEY_LEADS,
	KEY_NULL,      /* a part has no value */
	KEY_MISSED,    /* written, and no record of the other file that counts has it */
	KEY_UNREADABLE /* a part is a text that is no value of its type: N1's matter */
};

struct foreign_key {
	struct relation *from;
	const char *to; /* source table */
	texts columns, to_columns;
	const char **keys;      /* per record: what is compared; NULL: null or unreadable */
	unsigned char *fates;   /* per record: enum key_fate */
	const int64_t *records; /* per record where a hop leads, < 0: nowhere; NULL: no hop uses it */
	size_t nulls, missed;
};

typedef LIST(struct foreign_key) foreign_keys;

/* What a row's value is read over. */
struct foreign_way {
	LIST(size_t) hops; /* in foreign_keys */
	int64_t member; /* in foreign_keys: what names the member; -1: none, or parts of several files */
};

/* All of them, in the order of the design. Errors: those of relation_follow. */
int foreign_keys_find(struct expected *e, foreign_keys *ret, struct bldr_error *err);
/* One way per origin of a column. */
const struct foreign_way *foreign_ways(const struct expected *e, const foreign_keys *keys,
				       const struct expected_table *t, size_t column);
/* The foreign key that leads a source record nowhere on one of the ways; NULL: none does. */
const struct foreign_key *foreign_stop(const foreign_keys *keys, const struct foreign_way *ways,
				       size_t n, size_t record);
/* "order_items.order_id"; parts are joined by '+'. */
const char *foreign_subject(const foreign_keys *keys, const struct foreign_key *k, struct arena *a);
