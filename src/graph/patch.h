/*
 * A patch: what a task amounts to when it has ended. Its writes and sends, and where its routers
 * lead. It belongs to the task; the first error sticks and fails the task.
 */
#pragma once

#include "graph/channel.h"

struct task;

struct send {
	size_t node;
	struct kept arg; /* may be nothing */
};

struct writes {
	struct write *at;
	size_t n, room;
};

struct sends {
	struct send *at;
	size_t n, room;
};

struct bldr_patch {
	const struct bldr_graph *graph; /* to which it speaks */
	const struct node *node;        /* as whom */
	/* Who fills it: the same, unless it speaks to the parent. */
	const struct bldr_graph *own;
	const struct node *by;
	struct writes writes;   /* in the order they came */
	struct sends sends;     /* absorb's, then its routers' */
	struct numbers targets; /* of its routers, each once */
	bool again;             /* another round; nothing else is said then */
	struct kept kept;       /* what it sees; may be nothing */
	size_t bytes;           /* of all texts */
	int code;               /* of the first error, or 0 */
	char *error;
	/* While it is being filled: mark[channel] == turn says that this patch wrote it. */
	uint64_t *mark;
	uint64_t turn;
	struct mint mint;    /* of messages */
	struct task *opener; /* in a subgraph: of the parent's, who speaks there */
	bool up;             /* whether it speaks to the parent */
};

/* seed: what the ids of messages come from that have none. */
void patch_init(struct bldr_patch *p, const struct bldr_graph *g, const struct node *node,
		uint64_t seed);
/* Empties it. It is then as after patch_init, and knows its parent still. */
void patch_release(struct bldr_patch *p);

/* These take value and arg; they check the declared targets only where said. */
void patch_write(struct bldr_patch *p, size_t channel, struct bldr_value *value);
void patch_take(struct bldr_patch *p, const struct write *w); /* a write as another patch has it */
void patch_send(struct bldr_patch *p, size_t node, struct bldr_value *arg);
void patch_target(struct bldr_patch *p, size_t node);
/* From now on it speaks to the parent, as the subgraph's node there. */
void patch_speak_up(struct bldr_patch *p);
/* Whether the patch is one that goes again, and nothing else. An error when it is both. */
bool patch_goes_again(struct bldr_patch *p);
/* Its writes, and what follows, are node's: that of a patch that was read. */
void patch_signed_by(struct bldr_patch *p, const struct node *node);
/* Keeps the first error, with the node's name in front. */
void patch_error(struct bldr_patch *p, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Canonical JSON: {"sends":[[node,arg]...],"to":[node...],"up":true,"writes":[[channel,value]...]}; "up" only when it speaks to
 * the parent, a third item true in writes that replace. Without untracked channels. */
char *patch_text(const struct bldr_patch *p, struct arena *a);
/* Fills an initialised patch. Errors: CORRUPT, CHANGED (a node or channel is gone). */
int patch_parse(struct bldr_patch *p, const char *text, struct bldr_error *err);
