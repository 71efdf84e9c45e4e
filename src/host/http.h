/*
 * What an answer means: the result of the flight. The same for answers of a server and for those that simulation plays.
 */
#pragma once

#include "host/effect.h"

/* Ends a flight with {"status", "headers", "body" or "saved", ...}, or with the failure that this is. value is borrowed. */
void http_answer(struct flight *f, const struct bldr_value *value);
/* Ends it when the client itself had enough of the answer: FAILED with code. why is what happened. */
void http_refuse(struct flight *f, int64_t status, int code, const char *why);
