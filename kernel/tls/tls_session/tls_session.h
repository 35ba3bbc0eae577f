/* Sessions of cell tls as its library makes them: together with the library a lineage, which can drain. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TLS_TLS_SESSION_TLS_SESSION_H
#define NEURATH_TLS_TLS_SESSION_TLS_SESSION_H

/* When the library's types change, its cell and this one are not swapped but drained: a second pair of them starts
 * beside the first, new sessions are made there, and those that are open go on where they were made. So whoever
 * holds a session calls it through `ops`, never by name, and nothing outside embeds a type of the library. Only cell tls
 * includes this; all others use <tls/tls/tls.h>. */

#include <tls/tls/tls.h>

/* Each as the function of tls.h that bears its name. Its form is what lineages agree on: it must not change. */
struct tls_ops {
    enum status (*handshake)(struct tls *tls);
    enum status (*read)(struct tls *tls, void *out, size_t cap, size_t *out_len);
    enum status (*write)(struct tls *tls, const void *data, size_t len, size_t *out_len);
    void (*close)(struct tls *tls);
    struct event *(*event)(struct tls *tls);
    const char *(*error)(const struct tls *tls);
    const char *(*description)(const struct tls *tls);
};

/* What every session begins with. */
struct tls {
    const struct tls_ops *ops;
};

/* As tls_open(). */
NODISCARD enum status tls_session_open(struct conn *conn,
                                       const struct tls_options *options,
                                       struct tls **out_tls);
/* Lends the ops of the sessions that tls_session_open() makes now. */
const struct tls_ops *tls_session_ops(void);

#endif
