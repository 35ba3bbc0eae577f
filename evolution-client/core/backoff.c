/* Waiting after failures: twice as long each time, with jitter, never for good.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <string.h>

enum { DOUBLINGS_MAX = 6 };

#define BASE_NS (500 * MS)
#define RETRY_AFTER_MAX_S 3600

void client_backoff_fail(struct client *client, struct backoff *backoff,
                         uint64_t retry_after_s)
{
    uint32_t dice = 0;
    if (backoff->failures < DOUBLINGS_MAX)
        backoff->failures++;
    uint64_t most = BASE_NS << backoff->failures;
    /* Half is certain and half is drawn, so that machines that lost the server together come back apart. Without
     * random numbers the longer half is waited out. */
    if (client_random(client, &dice, sizeof dice))
        most = most / 2 + most / 2 * (dice % 1024) / 1023;
    if (retry_after_s > RETRY_AFTER_MAX_S)
        retry_after_s = RETRY_AFTER_MAX_S;
    if (most < retry_after_s * SECOND)
        most = retry_after_s * SECOND + most / 4;
    backoff->until_ns = client->now_ns + most;
}

void client_backoff_clear(struct backoff *backoff)
{
    *backoff = (struct backoff){0};
}
