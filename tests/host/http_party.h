/*
 * The two parties of the HTTP tests: a server that misbehaves on request (http_server.py, a process of its own), and a graph of
 * one node whose requests are given and whose results can be read.
 */
#pragma once

#include "host/host_test.h"

#include <sys/types.h>

enum { CALLS_MAX = 16 };

struct server {
	pid_t pid;
	int port, input;
	char log[200];
};

/* What it was asked: an object as http_server.py says. */
struct bldr_value *server_request(const struct server *s, size_t i);
size_t server_requests(const struct server *s);
/* The text of a header of request i; it lives until the next call. */
const char *server_header(const struct server *s, size_t i, const char *name);
/* The log is in folder; certificate NULL: plain HTTP. */
void server_start(struct server *s, const char *folder, const char *certificate, const char *key);
void server_stop(struct server *s);

struct call {
	const char *args; /* JSON, in which "PORT" stands for the server's and "DIR" for the fixture's folder */
	enum bldr_class cls;
	uint32_t timeout_ms;
};

struct caller {
	struct call at[CALLS_MAX];         /* until args is NULL */
	struct bldr_policy policy;         /* kind NULL: none */
	struct bldr_credential credential; /* name NULL: none; its URLs are filled as the calls are */
	struct bldr_discovery discovery[2];
	/* Filled by caller_graph. */
	char texts[CALLS_MAX][2048];
	char urls[5][256];
};

/* Channel "answers": per call its value, or "status CODE: error". Borrows c. */
struct bldr_graph *caller_graph(struct caller *c, int port, const char *folder);

/* A fixture and a plain server. */
struct party {
	struct fixture *f;
	struct server server;
};
int party_setup(void **state);
int party_teardown(void **state);

/* Registers c's credential. */
void party_credential(struct party *p, struct bldr_engine *e, struct caller *c);
/* Runs the calls to their end in a journal of their own, which stays until the next: the answers, the caller's. */
struct bldr_value *party_run(struct party *p, struct caller *c);
/* The same of one call; NULL or the text of the only answer, or of part of it. */
void party_expect(struct party *p, struct call call, const char *text);
void party_expect_part(struct party *p, struct call call, const char *part);
