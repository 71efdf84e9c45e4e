/*
 * libcurl, loaded when the first HTTP effect is prepared. It brings some thirty libraries with it, whose loading would cost every
 * start of a program that may never send a request (measured: 7.6 ms of CPU, twice as much as all else). Its functions are called by
 * their own names: each stands for an entry of the table that curl_load fills.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <bldr/error.h>

#define CURL_FUNCTIONS(X)      \
	X(easy_cleanup)        \
	X(easy_getinfo)        \
	X(easy_init)           \
	X(easy_nextheader)     \
	X(easy_setopt)         \
	X(easy_strerror)       \
	X(free)                \
	X(getdate)             \
	X(global_cleanup)      \
	X(global_init)         \
	X(multi_add_handle)    \
	X(multi_assign)        \
	X(multi_cleanup)       \
	X(multi_info_read)     \
	X(multi_init)          \
	X(multi_remove_handle) \
	X(multi_setopt)        \
	X(multi_socket_action) \
	X(slist_append)        \
	X(slist_free_all)      \
	X(url)                 \
	X(url_cleanup)         \
	X(url_get)             \
	X(url_set)

struct curl_table {
#define X(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(X)
#undef X
};

/* Filled by curl_load; nobody calls before. */
extern struct curl_table curl_table;

/* Once; the loop's thread. Errors: UNAVAILABLE (it is not installed, or lacks a function). */
int curl_load(struct bldr_error *err);

#undef curl_easy_cleanup
#undef curl_easy_getinfo
#undef curl_easy_init
#undef curl_easy_nextheader
#undef curl_easy_setopt
#undef curl_easy_strerror
#undef curl_free
#undef curl_getdate
#undef curl_global_cleanup
#undef curl_global_init
#undef curl_multi_add_handle
#undef curl_multi_assign
#undef curl_multi_cleanup
#undef curl_multi_info_read
#undef curl_multi_init
#undef curl_multi_remove_handle
#undef curl_multi_setopt
#undef curl_multi_socket_action
#undef curl_slist_append
#undef curl_slist_free_all
#undef curl_url
#undef curl_url_cleanup
#undef curl_url_get
#undef curl_url_set
#define curl_easy_cleanup curl_table.easy_cleanup
#define curl_easy_getinfo curl_table.easy_getinfo
#define curl_easy_init curl_table.easy_init
#define curl_easy_nextheader curl_table.easy_nextheader
#define curl_easy_setopt curl_table.easy_setopt
#define curl_easy_strerror curl_table.easy_strerror
#define curl_free curl_table.free
#define curl_getdate curl_table.getdate
#define curl_global_cleanup curl_table.global_cleanup
#define curl_global_init curl_table.global_init
#define curl_multi_add_handle curl_table.multi_add_handle
#define curl_multi_assign curl_table.multi_assign
#define curl_multi_cleanup curl_table.multi_cleanup
#define curl_multi_info_read curl_table.multi_info_read
#define curl_multi_init curl_table.multi_init
#define curl_multi_remove_handle curl_table.multi_remove_handle
#define curl_multi_setopt curl_table.multi_setopt
#define curl_multi_socket_action curl_table.multi_socket_action
#define curl_slist_append curl_table.slist_append
#define curl_slist_free_all curl_table.slist_free_all
#define curl_url curl_table.url
#define curl_url_cleanup curl_table.url_cleanup
#define curl_url_get curl_table.url_get
#define curl_url_set curl_table.url_set
