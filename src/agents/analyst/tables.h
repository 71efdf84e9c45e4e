/* The tables' profiles before they are related. */
#pragma once

#include "agents/desk.h"

/* Reads them from the request's table_profiles into ret->tables, by name. Errors: those of desk_read_value. */
int tables_read(struct desk *d, struct profile *ret, struct bldr_error *err);
