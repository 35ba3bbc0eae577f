/* Tests of what mbedTLS gets from the kernel: calendar, clock, random numbers, overwriting.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct tm *k_mbedtls_platform_gmtime_r(const long long *seconds, struct tm *out);
long long k_mbedtls_port_time(long long *out_seconds);
int64_t k_mbedtls_ms_time(void);
void k_mbedtls_platform_zeroize(void *memory, size_t len);
int32_t k_mbedtls_psa_external_get_random(void *context, uint8_t *out, size_t cap,
                                          size_t *out_len);
int k_mbedtls_sha256(const unsigned char *data, size_t len, unsigned char *out,
                     int is_224);

/* What the cell imports. */
uint64_t k_clock_ns(void);
uint64_t k_trusted_time_s(void);
void *k_heap_calloc(size_t count, size_t len);
void k_heap_free(void *memory);
void k_log_write(const char *cell, int level, const char *format, ...);
int k_random_fill(void *out, size_t len);
void k_spin_wait(void *lock);

static uint64_t now_ns;
static uint64_t trusted_s;
static int random_status;

uint64_t k_clock_ns(void)
{
    return now_ns;
}

uint64_t k_trusted_time_s(void)
{
    return trusted_s;
}

void *k_heap_calloc(size_t count, size_t len)
{
    return calloc(count, len);
}

void k_heap_free(void *memory)
{
    free(memory);
}

void k_log_write(const char *cell, int level, const char *format, ...)
{
    (void)cell;
    (void)level;
    (void)format;
}

int k_random_fill(void *out, size_t len)
{
    if (random_status == 0)
        memset(out, 0x77, len);
    return random_status;
}

void k_spin_wait(void *lock)
{
    (void)lock;
}

static void the_calendar_is_the_hosts(void **state)
{
    (void)state;
    for (long long day = -800000; day < 800000; day += 1) {
        long long seconds = day * 86400 + (day % 86400 + 86400) % 86400;
        time_t host_seconds = (time_t)seconds;
        struct tm ours, theirs;
        k_mbedtls_platform_gmtime_r(&seconds, &ours);
        gmtime_r(&host_seconds, &theirs);
        assert_int_equal(ours.tm_year, theirs.tm_year);
        assert_int_equal(ours.tm_mon, theirs.tm_mon);
        assert_int_equal(ours.tm_mday, theirs.tm_mday);
        assert_int_equal(ours.tm_hour, theirs.tm_hour);
        assert_int_equal(ours.tm_min, theirs.tm_min);
        assert_int_equal(ours.tm_sec, theirs.tm_sec);
    }
}

static void time_is_1970_until_it_is_trusted(void **state)
{
    long long seconds = -1;

    (void)state;
    now_ns = 12000000000u;
    assert_int_equal(k_mbedtls_port_time(&seconds), 0);
    assert_int_equal(seconds, 0);
    trusted_s = 1800000007;
    assert_int_equal(k_mbedtls_port_time(&seconds), 1800000007);
    assert_int_equal(seconds, 1800000007);
    assert_int_equal(k_mbedtls_ms_time(), 12000);
    trusted_s = 0;
}

static void random_numbers_fail_when_the_machine_has_none(void **state)
{
    uint8_t out[16] = {0};
    size_t len = 99;

    (void)state;
    random_status = 11;
    assert_int_not_equal(k_mbedtls_psa_external_get_random(NULL, out, sizeof out, &len),
                         0);
    assert_int_equal(len, 99);
    random_status = 0;
    assert_int_equal(k_mbedtls_psa_external_get_random(NULL, out, sizeof out, &len), 0);
    assert_int_equal(len, sizeof out);
    assert_int_equal(out[15], 0x77);
}

static void zeroes_and_digests(void **state)
{
    static const unsigned char abc[32] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    unsigned char out[32];

    (void)state;
    assert_int_equal(k_mbedtls_sha256((const unsigned char *)"abc", 3, out, 0), 0);
    assert_memory_equal(out, abc, 32);
    k_mbedtls_platform_zeroize(out, 31);
    for (int i = 0; i < 31; i++)
        assert_int_equal(out[i], 0);
    assert_int_equal(out[31], 0xad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_calendar_is_the_hosts),
        cmocka_unit_test(time_is_1970_until_it_is_trusted),
        cmocka_unit_test(random_numbers_fail_when_the_machine_has_none),
        cmocka_unit_test(zeroes_and_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
