/*
 * The scenario of the host tests, a graph with a sequence and a fan-out:
 *
 *	list ---> rates ---------> report
 *	     \==> load (3 sends) /
 *
 * Every node asks for one work, rates for two. Works may be told to sleep, and to write down in a file that they
 * were performed: one line "key args" each, before they return.
 */
#pragma once

#include <stdatomic.h>

#include <bldr/engine.h>

#define SHOP_STATE                                                                           \
	"{\"fee\":\"0.25\","                                                                 \
	"\"orders\":[\"north:1\",\"north:2\",\"south:1\",\"west:1\",\"west:2\",\"west:3\"]," \
	"\"rates\":{\"EUR\":1,\"USD\":2},\"report\":\"6 orders at 2 rates\","                \
	"\"sources\":[\"north\",\"south\",\"west\"],\"total\":6}"

enum { SHOP_WORKS = 5, SHOP_EFFECTS = 7, SHOP_EVENTS = 31 };

/* What the works of a test share. */
struct shop {
	char performed[160]; /* file of performances; "": none is kept */
	unsigned work_ms;    /* how long each work takes */
	const char *die_in;  /* the work that kills its process after it has done its part */
	atomic_uint count;   /* performances */
	struct bldr_work_type works[SHOP_WORKS];
};

struct bldr_graph *shop_graph(unsigned version);
/* Registers the works; shop is their context and must outlive the engine. */
void shop_works(struct shop *shop, struct bldr_engine *e);
/* Calls each for every line that was written down. */
void shop_performed(const struct shop *shop, void (*each)(const char *line, void *user), void *user);
