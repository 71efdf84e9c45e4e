/*
 * Mustache-style templates: {{name}} {{a.b}} {{.}} {{#section}} {{^inverted}} {{/section}}
 * {{! comment}} {{> partial}} (an embedded asset "templates/<partial>"). A section over a list
 * repeats, over false, null or an empty list is skipped, over anything else opens once. Lines that
 * hold only a section, comment or partial tag vanish. A name is looked up in the value of the innermost
 * section first; a missing name is an error, in a section tag too: say false or null. Null prints as
 * nothing, a list or object cannot be printed. No escaping happens unless the escape function does
 * it: {{{name}}} is always raw. Names consist of A-Z a-z 0-9 _ and -.
 */
#pragma once

#include <bldr/value.h>
#include "base/buf.h"

typedef void (*template_escape)(struct buf *out, const char *text, size_t size);

void template_escape_html(struct buf *out, const char *text, size_t size);

/* Adds to out; escape NULL: raw everywhere. On failure out is as before, but failed after LIMIT.
 * Errors: INVALID (template name, line, what), LIMIT (out's max). */
int template_render(const char *name, const char *text, const struct bldr_value *data,
		    template_escape escape, struct buf *out, struct bldr_error *err);
