/* Who may use the operators' listener.
 * SPDX-License-Identifier: MIT
 *
 * Two ways: `Authorization: Bearer TOKEN` (the token file), or the cookie that /login?code= gave. The
 * host must be one of ours in every request (DNS rebinding), and a write with a cookie needs an Origin of
 * ours (CSRF; the cookie is SameSite=Strict besides). Codes work once and for ten minutes; the database
 * keeps only hashes of cookies. Lock held. */
#ifndef NEURATH_API_AUTH_H
#define NEURATH_API_AUTH_H

#include "server.h"

#define AUTH_NAME_LEN 32

/* True when the request may go on; *out_name says who ("token", "browser"). Else ANSWER is filled. */
bool auth_check(struct server *server, struct http_request *request,
                struct http_answer *answer, char out_name[AUTH_NAME_LEN]);

/* True when the Host header is ours. Else ANSWER is filled. */
bool auth_host(struct server *server, struct http_request *request,
               struct http_answer *answer);

void auth_login_code(struct server *server, struct http_answer *answer);
void auth_login(struct server *server, struct http_request *request,
                struct http_answer *answer);
void auth_logout(struct server *server, struct http_request *request,
                 struct http_answer *answer);

#endif
