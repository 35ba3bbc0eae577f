/* One request to the server and its answer.
 * SPDX-License-Identifier: MIT
 */
#ifndef EVOLUTION_CLIENT_CORE_EXCHANGE_H
#define EVOLUTION_CLIENT_CORE_EXCHANGE_H

#include <evolution-client/core/client.h>

enum exchange_state { EXCHANGE_IDLE, EXCHANGE_RUNNING, EXCHANGE_DONE, EXCHANGE_FAILED };

/* One request and its answer, with caps, a deadline and a minimum rate. */
struct exchange {
    enum client_channel channel;
    enum exchange_state state;
    struct client_head head;
    bool has_head;
    uint8_t *body;
    size_t len;
    size_t capacity;
    size_t body_max;  /* for a 2xx answer */
    size_t resumed;   /* bytes of `body` that were there before */
    uint8_t *request; /* owned text of the body sent */
    uint64_t deadline_ns;
    bool paced;         /* a minimum rate is kept */
    uint64_t window_ns; /* start of the rate's window */
    size_t window_len;
    uint64_t started_ns;
    const char *failure; /* code, when FAILED */
};

struct exchange_options {
    const char *method;
    const char *path;
    char *body; /* TAKES; NULL: none */
    bool mutual;
    size_t body_max;
    uint64_t timeout_ns;
    bool paced;
    uint8_t *resume; /* TAKES: the beginning that is there already, with room for body_max */
    size_t resume_len;
};

void client_exchange_start(struct client *client, struct exchange *exchange,
                           const struct exchange_options *options);
/* Goes on as far as it can; look at `state` afterwards. */
void client_exchange_step(struct client *client, struct exchange *exchange);
/* Ends it in whatever state, and frees its body. */
void client_exchange_end(struct client *client, struct exchange *exchange);
/* GIVES the body (free()). */
uint8_t *client_exchange_take_body(struct exchange *exchange, size_t *out_len);

#endif
