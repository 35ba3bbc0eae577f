/* Gives mbedTLS the kernel's clock, random numbers and locks.
 * SPDX-License-Identifier: MIT
 */
#include "mbedtls.h"

#include <console/log/log.h>
#include <lib/random/random.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/threading.h>
#include <psa/crypto.h>
#include <string.h>
#include <time/clock/clock.h>
#include <time/trusted_time/trusted_time.h>

enum { SECONDS_PER_DAY = 86400 };

/* ---- time ---- */

long long mbedtls_port_time(long long *out_seconds)
{
    long long now = (long long)trusted_time_s();

    if (out_seconds != NULL)
        *out_seconds = now;
    return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(clock_ns() / NS_PER_MS);
}

/* The calendar counts from 1 March, so that the leap day is the last of its year; 400 years have 146,097 days. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *seconds, struct tm *out)
{
    long long days = *seconds / SECONDS_PER_DAY, rest = *seconds % SECONDS_PER_DAY;

    if (rest < 0) {
        rest += SECONDS_PER_DAY;
        days--;
    }
    days += 719468; /* from 1 March of the year 0 to 1 January 1970 */
    long long cycle = (days >= 0 ? days : days - 146096) / 146097;
    long long day_of_cycle = days - cycle * 146097;
    long long year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
                               day_of_cycle / 146096) /
                              365;
    long long day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    long long month = (5 * day_of_year + 2) / 153; /* 0 = March */

    memset(out, 0, sizeof *out);
    out->tm_sec = (int)(rest % 60);
    out->tm_min = (int)(rest / 60 % 60);
    out->tm_hour = (int)(rest / 3600);
    out->tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
    out->tm_year = (int)(cycle * 400 + year_of_cycle + (month >= 10) - 1900);
    return out;
}

/* ---- memory and random numbers ---- */

/* The empty statement tells the compiler that somebody looks at the zeros. */
void mbedtls_platform_zeroize(void *memory, size_t len)
{
    if (len > 0)
        memset(memory, 0, len);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *out, size_t cap, size_t *out_len)
{
    (void)context;
    if (random_fill(out, cap) != STATUS_OK)
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *out_len = cap;
    return PSA_SUCCESS;
}

/* ---- locks ---- */

static void mutex_init(mbedtls_threading_mutex_t *mutex)
{
    spin_init(mutex);
}

static void mutex_fini(mbedtls_threading_mutex_t *mutex)
{
    (void)mutex;
}

static int mutex_lock(mbedtls_threading_mutex_t *mutex)
{
    spin_lock(mutex);
    return 0;
}

static int mutex_unlock(mbedtls_threading_mutex_t *mutex)
{
    spin_unlock(mutex);
    return 0;
}

enum status mbedtls_start(void)
{
    mbedtls_threading_set_alt(mutex_init, mutex_fini, mutex_lock, mutex_unlock);
    if (psa_crypto_init() != PSA_SUCCESS)
        log_write("mbedtls", LOG_ERROR, "no random numbers: TLS will refuse to work");
    return STATUS_OK;
}

void mbedtls_stop(void)
{
    mbedtls_psa_crypto_free();
    mbedtls_threading_free_alt();
}
