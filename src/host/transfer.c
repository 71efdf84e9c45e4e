/* The settings that must not differ between what sends requests and what gets tokens. */
#include "host/transfer.h"

#include <string.h>

#include "base/secret.h"

void transfer_begin(struct transfer *t, const char *proxy, const char *ca)
{
	t->easy = curl_easy_init();
	ASSERT(t->easy != NULL);
	TRANSFER_SET(t, PRIVATE, t);
	TRANSFER_SET(t, PROTOCOLS_STR, "http,https");
	TRANSFER_SET(t, HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	TRANSFER_SET(t, FOLLOWLOCATION, 0L);
	TRANSFER_SET(t, SSL_VERIFYPEER, 1L);
	TRANSFER_SET(t, SSL_VERIFYHOST, 2L);
	TRANSFER_SET(t, NOSIGNAL, 1L);
	TRANSFER_SET(t, USERAGENT, "bldr/" BLDR_VERSION);
	TRANSFER_SET(t, PROXY, proxy != NULL ? proxy : ""); /* not the environment's */
	TRANSFER_SET(t, NOPROXY, "");
	if (ca != NULL) {
		TRANSFER_SET(t, CAINFO, ca);
	}
}

void transfer_end(struct transfer *t)
{
	if (t->easy != NULL) {
		curl_easy_cleanup(t->easy);
	}
	t->easy = NULL;
}

void transfer_free_headers(struct curl_slist *list)
{
	for (struct curl_slist *h = list; h != NULL; h = h->next) {
		secret_wipe(h->data, strlen(h->data));
	}
	curl_slist_free_all(list);
}
