/*
 * One look at a whole file, before anything is known about it: its hash, how it is packed and encoded, and two
 * samples of its text, from which the rest is found out.
 */
#pragma once

#include "ingest/ingest.h"

/*
 * The samples: the first LOOK_HEAD and the last LOOK_TAIL bytes of the unpacked file. Of what is not ASCII at most
 * LOOK_ODD bytes, with their neighbours, are shown to the encoding detector.
 */
enum { LOOK_HEAD = 256 << 10, LOOK_TAIL = 64 << 10, LOOK_ODD = 64 << 10 };

struct first_look {
	int64_t bytes;    /* of the file as it lies there */
	int64_t unpacked; /* bytes of its text, before decoding */
	char hash[HASH_HEX_MAX];
	int compression; /* enum source_compression */
	const char *encoding;
	bool bom;
	bool guessed;       /* the encoding is neither UTF-8 nor told by a byte order mark */
	int64_t undecoded;  /* utf-8: parts that are not */
	const char *binary; /* NULL: text. Else why not */
	bool whole;         /* head is the whole text */
	const char *head;   /* decoded, without byte order mark */
	size_t head_size;
	const char *tail; /* decoded; from the first line end on, "" when whole */
	size_t tail_size;
};

/*
 * Reads folder/path to its end. encoding: a known one that is given, or NULL: it is found out. What it returns is
 * a's. Errors: those of source_text.
 */
int first_look(const char *folder, const char *path, const char *encoding, struct arena *a,
	       struct first_look *ret, struct bldr_error *err);
