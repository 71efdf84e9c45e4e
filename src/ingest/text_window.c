#include "ingest/text_window.h"

#include <string.h>

#include "base/check.h"

static void make_room(struct text_window *w)
{
	if (w->at > 0 && w->room - w->size < WINDOW_CHUNK) {
		memmove(w->data, w->data + w->at, w->size - w->at);
		w->offset += (int64_t)w->at;
		w->size -= w->at;
		w->at = 0;
	}
	if (w->room - w->size < WINDOW_CHUNK) {
		size_t room = w->size + WINDOW_CHUNK;
		w->room = w->room * 2 > room ? w->room * 2 : room;
		w->data = xrealloc(w->data, w->room);
	}
}

bool window_have_more(struct text_window *w, size_t i)
{
	while (i < WINDOW_LOOK_MAX && w->at + i >= w->size && !w->ended && w->rc == 0) {
		size_t n = 0;
		make_room(w);
		w->rc = source_text_read(w->text, w->data + w->size, WINDOW_CHUNK, &n, &w->error);
		w->size += n;
		w->ended = n == 0;
	}
	return i < WINDOW_LOOK_MAX && w->at + i < w->size && w->rc == 0;
}
