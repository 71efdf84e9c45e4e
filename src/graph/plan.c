/*
 * Filling a plan. What no host could perform is refused here, before it becomes an intent: too many
 * effects, a class nobody performs, a request that could not be read again.
 */
#include "graph/plan.h"

#include <stdlib.h>
#include <string.h>

void plan_init(struct bldr_plan *p, const struct node *node)
{
	p->node = node;
	p->n = 0;
	p->error.code = 0;
}

void plan_release(struct bldr_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		bldr_unref(p->effects[i].args);
		free(p->effects[i].request);
	}
	p->n = 0;
}

static void refuse(struct bldr_plan *p, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void refuse(struct bldr_plan *p, int code, const char *fmt, ...)
{
	char text[BLDR_ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	bldr_error_set(&p->error, code, "node \"%s\": %s", p->node->name, text);
}

static bool is_kind(const char *kind)
{
	size_t n = kind != NULL ? strnlen(kind, GRAPH_NAME_MAX + 1) : 0;
	return n >= 1 && n <= GRAPH_NAME_MAX &&
		strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

static void check(struct bldr_plan *p, const char *kind, enum bldr_class cls,
		  const struct bldr_value *args, uint32_t timeout_ms)
{
	if (p->n == BLDR_PLAN_MAX) {
		refuse(p, BLDR_E_LIMIT, "it plans more than %d effects", BLDR_PLAN_MAX);
	} else if (!is_kind(kind)) {
		refuse(p, BLDR_E_INVALID, "effect kind \"%s\" is no name", kind != NULL ? kind : "");
	} else if (cls == BLDR_LOCAL && timeout_ms > 0) {
		refuse(p, BLDR_E_INVALID,
		       "effect \"%s\" has class local and a timeout; it runs inside the commit",
		       kind);
	} else if (cls != BLDR_PURE && cls != BLDR_KEYED && cls != BLDR_ONCE && cls != BLDR_LOCAL) {
		refuse(p, BLDR_E_INVALID, "effect \"%s\" has unknown class %d", kind, (int)cls);
	} else if (bldr_type_of(args) != BLDR_OBJECT) {
		refuse(p, BLDR_E_INVALID, "the arguments of effect \"%s\" are no object", kind);
	} else if (bldr_depth(args) > BLDR_VALUE_DEPTH_MAX) {
		refuse(p, BLDR_E_LIMIT,
		       "the arguments of effect \"%s\" are nested more than %d deep", kind,
		       BLDR_VALUE_DEPTH_MAX);
	}
}

void bldr_plan_add(struct bldr_plan *p, const char *kind, enum bldr_class cls,
		   struct bldr_value *args, uint32_t timeout_ms)
{
	if (args == NULL) {
		args = bldr_object();
	}
	if (p->error.code == 0) {
		check(p, kind, cls, args, timeout_ms);
	}
	if (p->error.code != 0) {
		bldr_unref(args);
		return;
	}
	char *request = bldr_value_text(args);
	if (strlen(request) > BLDR_VALUE_TEXT_MAX) {
		refuse(p, BLDR_E_LIMIT, "the arguments of effect \"%s\" are larger than %zu bytes",
		       kind, BLDR_VALUE_TEXT_MAX);
		free(request);
		bldr_unref(args);
		return;
	}
	memcpy(p->kinds[p->n], kind, strlen(kind) + 1);
	p->effects[p->n] = (struct planned){
		.kind = p->kinds[p->n],
		.cls = cls,
		.args = args,
		.request = request,
		.timeout_ms = timeout_ms,
	};
	p->n++;
}

void bldr_plan_sleep(struct bldr_plan *p, int64_t ms)
{
	struct bldr_value *args = bldr_object();
	bldr_object_set(args, "ms", bldr_int(ms));
	bldr_plan_add(p, "sleep", BLDR_PURE, args, 0);
}

void bldr_plan_interrupt(struct bldr_plan *p, struct bldr_value *args)
{
	bldr_plan_add(p, "interrupt", BLDR_PURE, args, 0);
}

void bldr_plan_process(struct bldr_plan *p, enum bldr_class cls, struct bldr_value *args,
		       uint32_t timeout_ms)
{
	bldr_plan_add(p, "process", cls, args, timeout_ms);
}

void bldr_plan_work(struct bldr_plan *p, const char *name, enum bldr_class cls,
		    struct bldr_value *args)
{
	if (name == NULL) {
		bldr_unref(args);
		if (p->error.code == 0) {
			refuse(p, BLDR_E_INVALID, "it plans work without a name");
		}
		return;
	}
	struct bldr_value *request = bldr_object();
	bldr_object_set(request, "work", bldr_text(name));
	bldr_object_set(request, "args", args != NULL ? args : bldr_object());
	bldr_plan_add(p, "work", cls, request, 0);
}
