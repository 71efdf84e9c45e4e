/* Renders the measured section and puts it in the place of the one that stands in the report. */
#include "agents/evaluator/measured.h"

#include <stdlib.h>
#include <string.h>

#include "agents/evaluator/report_text.h"
#include "base/asset.h"
#include "base/check.h"
#include "base/file.h"
#include "base/template.h"

enum { REPORT_MAX = 64 << 20, SECTION_MAX = 1 << 20, BAR_WIDTH = 100 };

static const char OPENING[] = "<section id=\"measured\"";
static const char CLOSING[] = "</section>";

static const char *seconds(struct arena *a, int64_t us)
{
	int64_t ms = (us + 500) / 1000;
	return arena_printf(a, "%s.%03lld", report_number(a, ms / 1000), (long long)(ms % 1000));
}

static const char *megabytes(struct arena *a, int64_t bytes)
{
	return arena_printf(a, "%s MB", report_number(a, (bytes + (1 << 19)) >> 20));
}

static struct bldr_value *step_value(const struct bldr_value *step, int64_t most, struct arena *a)
{
	struct bldr_value *v = bldr_object();
	int64_t rows = bldr_get_int(step, "rows", -1);
	int64_t wall = bldr_get_int(step, "wall_us", 0);
	int64_t cpu = bldr_get_int(step, "cpu_us", 0);
	bldr_object_set(v, "step", bldr_text(bldr_get_text(step, "step")));
	bldr_object_set(v, "times", bldr_text(report_number(a, bldr_get_int(step, "times", 0))));
	bldr_object_set(v, "rows", rows >= 0 ? bldr_text(report_number(a, rows)) : NULL);
	bldr_object_set(
		v, "rate",
		rows > 0 && wall >= 1000
			? bldr_text(report_number(a, (int64_t)((double)rows * 1e6 / (double)wall)))
			: NULL);
	bldr_object_set(v, "wall", bldr_text(seconds(a, wall)));
	bldr_object_set(v, "cpu", bldr_text(seconds(a, cpu)));
	bldr_object_set(v, "bar", bldr_int(most > 0 ? cpu * BAR_WIDTH / most : 0));
	bldr_object_set(v, "peak", bldr_text(megabytes(a, bldr_get_int(step, "peak_rss_bytes", 0))));
	return v;
}

/* NULL: nothing was made in a workspace. */
static struct bldr_value *remote_value(const struct bldr_value *remote, struct arena *a)
{
	const struct bldr_value *runs = bldr_get(remote, "runs");
	struct bldr_value *list = bldr_list();
	struct bldr_value *v;

	if (bldr_get_text(remote, "job_url") == NULL) {
		bldr_unref(list);
		return NULL;
	}
	for (size_t i = 0; i < bldr_count(runs); i++) {
		const struct bldr_value *run = bldr_at(runs, i);
		struct bldr_value *item = bldr_object();

		bldr_object_set(item, "id",
				bldr_textf("%lld", (long long)bldr_get_int(run, "run_id", 0)));
		bldr_object_set(item, "url", bldr_text(bldr_get_text(run, "url")));
		bldr_object_set(item, "result", bldr_text(bldr_get_text(run, "result")));
		bldr_list_add(list, item);
	}
	v = bldr_object();
	bldr_object_set(v, "where",
			bldr_textf("%s.%s", bldr_get_text(remote, "catalog"),
				   bldr_get_text(remote, "schema")));
	bldr_object_set(v, "job_url", bldr_text(bldr_get_text(remote, "job_url")));
	bldr_object_set(v, "job", bldr_textf("%lld", (long long)bldr_get_int(remote, "job_id", 0)));
	bldr_object_set(v, "runs", list);
	bldr_object_set(v, "statements",
			bldr_text(report_number(a, bldr_get_int(remote, "statements", 0))));
	bldr_object_set(v, "bytes", bldr_text(report_number(a, bldr_get_int(remote, "bytes", 0))));
	return v;
}

static struct bldr_value *measured_value(const struct bldr_value *steps,
					 const struct bldr_value *process,
					 const struct bldr_value *remote, struct arena *a)
{
	struct bldr_value *whole = bldr_object();
	struct bldr_value *part = bldr_object();
	struct bldr_value *list = bldr_list();
	int64_t most = 0;
	int64_t cpu = 0;
	int64_t wall = 0;
	for (size_t i = 0; i < bldr_count(steps); i++) {
		int64_t one = bldr_get_int(bldr_at(steps, i), "cpu_us", 0);
		most = one > most ? one : most;
		cpu += one;
		wall += bldr_get_int(bldr_at(steps, i), "wall_us", 0);
	}
	for (size_t i = 0; i < bldr_count(steps); i++) {
		bldr_list_add(list, step_value(bldr_at(steps, i), most, a));
	}
	bldr_object_set(part, "known", bldr_bool(bldr_count(steps) > 0));
	bldr_object_set(part, "steps", list);
	bldr_object_set(part, "wall", bldr_text(seconds(a, wall)));
	bldr_object_set(part, "cpu", bldr_text(seconds(a, cpu)));
	bldr_object_set(part, "process_cpu",
			bldr_text(seconds(a, bldr_get_int(process, "cpu_us", 0))));
	bldr_object_set(part, "process_peak",
			bldr_text(megabytes(a, bldr_get_int(process, "peak_rss_bytes", 0))));
	bldr_object_set(part, "remote", remote_value(remote, a));
	bldr_object_set(whole, "measured", part);
	return whole;
}

static int replace(const char *path, const char *page, size_t size, const char *section,
		   size_t section_size, struct bldr_error *err)
{
	const char *from = memmem(page, size, OPENING, strlen(OPENING));
	const char *to = from == NULL
		? NULL
		: memmem(from, size - (size_t)(from - page), CLOSING, strlen(CLOSING));
	struct buf out;
	int rc;

	if (to == NULL) {
		return bldr_error_set(err, BLDR_E_INVALID,
				      "report \"%s\" has no section for what was measured", path);
	}
	buf_init(&out, REPORT_MAX);
	to += strlen(CLOSING);
	buf_add(&out, page, (size_t)(from - page));
	buf_add(&out, section, section_size);
	buf_add(&out, to, size - (size_t)(to - page));
	rc = buf_failed(&out)
		? bldr_error_set(err, BLDR_E_LIMIT, "report \"%s\" exceeds 64 MB", path)
		: file_write(path, out.data, out.size, err);
	buf_release(&out);
	return rc;
}

int report_measure(const char *path, const struct bldr_value *steps,
		   const struct bldr_value *process, const struct bldr_value *remote,
		   struct bldr_error *err)
{
	static const char name[] = "templates/report/measured.html";
	const struct asset *asset = asset_find(name);
	struct arena a = { 0 };
	struct bldr_value *data = measured_value(steps, process, remote, &a);
	struct buf section;
	char *page = NULL;
	size_t size = 0;
	int rc;

	ASSERT(asset != NULL);
	buf_init(&section, SECTION_MAX);
	rc = template_render(name, (const char *)asset->data, data, report_escape, &section, err);
	while (rc == 0 && section.size > 0 && section.data[section.size - 1] == '\n') {
		section.data[--section.size] = '\0';
	}
	if (rc == 0) {
		rc = file_read(path, REPORT_MAX, &page, &size, err);
	}
	if (rc == 0) {
		rc = replace(path, page, size, section.data, section.size, err);
	}
	free(page);
	buf_release(&section);
	bldr_unref(data);
	arena_release(&a);
	return rc;
}
