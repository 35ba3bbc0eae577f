/* Shared by http.c and http_events.c only.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <curl/curl.h>

#include "http.h"

struct http {
    CURL *curl;
    struct place_server server;
    long timeout_ms;
};

/* Resets the handle and sets what all requests share. GIVES the headers so far. */
struct curl_slist *http_prepare(struct http *http, const char *path, const char *accept);

/* Translate curl's code, and an answer that is not 2xx, into a failure; return false. */
bool http_unreachable(const struct http *http, CURLcode code, struct failure *failure);
bool http_refused(const struct http *http, long status, const char *body,
                  struct failure *failure);
