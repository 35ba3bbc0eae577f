/* Gives mbedTLS on the host its random numbers: the operating system's.
 * SPDX-License-Identifier: MIT
 */
#include <psa/crypto.h>
#include <sys/random.h>

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *out, size_t cap, size_t *out_len)
{
    size_t done = 0;

    (void)context;
    while (done < cap) {
        ssize_t got = getrandom(out + done, cap - done, 0);
        if (got < 0)
            return PSA_ERROR_INSUFFICIENT_ENTROPY;
        done += (size_t)got;
    }
    *out_len = cap;
    return PSA_SUCCESS;
}
