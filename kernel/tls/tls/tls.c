/* What callers of TLS see: each session is called where it was made. */
/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <time/trusted_time/trusted_time.h>
#include <tls/tls_session/tls_session.h>

enum status tls_open(struct conn *conn, const struct tls_options *options,
                     struct tls **out_tls)
{
    return tls_session_open(conn, options, out_tls);
}

enum status tls_handshake(struct tls *tls)
{
    return tls->ops->handshake(tls);
}

enum status tls_read(struct tls *tls, void *out, size_t cap, size_t *out_len)
{
    return tls->ops->read(tls, out, cap, out_len);
}

enum status tls_write(struct tls *tls, const void *data, size_t len, size_t *out_len)
{
    return tls->ops->write(tls, data, len, out_len);
}

void tls_close(struct tls *tls)
{
    if (tls != NULL)
        tls->ops->close(tls);
}

struct event *tls_event(struct tls *tls)
{
    return tls->ops->event(tls);
}

const char *tls_error(const struct tls *tls)
{
    return tls->ops->error(tls);
}

const char *tls_description(const struct tls *tls)
{
    return tls->ops->description(tls);
}

bool tls_is_current(const struct tls *tls)
{
    return tls->ops == tls_session_ops();
}

void tls_time_set(uint64_t unix_seconds)
{
    trusted_time_set(unix_seconds);
}
