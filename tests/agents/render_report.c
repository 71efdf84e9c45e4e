/* Prints the report of the artefacts in the folder argv[1]: NAME.json, or the latest NAME.vN.json. */
#include <stdio.h>
#include <stdlib.h>

#include "agents/rendering.h"

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct rendering r;
	struct bldr_error err = { 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: render_report FOLDER\n");
		return 2;
	}
	if (rendering_read(argv[1], &a, &r, &err) < 0) {
		fprintf(stderr, "render_report: %s\n", err.text);
		return 1;
	}
	char *html = rendering_html(&r, &a, &err);
	if (html == NULL) {
		fprintf(stderr, "render_report: %s\n", err.text);
		return 1;
	}
	fputs(html, stdout);
	free(html);
	arena_release(&a);
	return 0;
}
