/*
 * The Databricks client: pure. Each call is one effect of kind "http", built here as data; what came back is decoded here.
 * The engine sends, retries by policy and adds the credentials; look up, create and poll are nodes of a graph.
 *
 *	config --> struct databricks --request--> bldr_plan_add(p, "http", q.cls, q.args, q.timeout_ms)
 *	   \                                                         |
 *	    '--> credentials of the engine               struct bldr_result --answer--> kind, body, ids, states
 *
 * Ids are 64-bit integers everywhere. Unknown members and unknown names of states are tolerated.
 */
#pragma once

#include "databricks/answer.h"
#include "databricks/config.h"
#include "databricks/policy.h"
#include "databricks/procedure.h"
#include "databricks/request.h"
