/* RDRAND feeds a ChaCha20 generator that forgets its key at each call. */
/* SPDX-License-Identifier: MIT */
#include <lib/random/random.h>

#include <console/log/log.h>
#include <lib/base/io.h>
#include <string.h>
#include <task/spinlock/spinlock.h>

#define KEY_WORDS 8u
#define BLOCK_WORDS 16u
#define BLOCK_LEN (BLOCK_WORDS * 4)
#define RETRIES 64u /* Intel asks for 10 */
#define SEED_SAMPLES                                                                     \
    128u /* of 64 bits: far more than a key, in case the source is poor */

static struct {
    struct spinlock lock;
    uint32_t key[KEY_WORDS]; /* [L] */
    uint64_t calls;          /* [L] */
    bool seeded;             /* [L] */
} generator;

static bool rdrand(uint64_t *out)
{
    for (unsigned i = 0; i < RETRIES; i++) {
        uint64_t value;
        bool good;
        __asm__ volatile("rdrand %0" : "=r"(value), "=@ccc"(good));
        if (good) {
            *out = value;
            return true;
        }
        cpu_pause();
    }
    return false;
}

static bool has_rdrand(void)
{
    return cpuid_read(0, 0).eax >= 1 && (cpuid_read(1, 0).ecx >> 30 & 1) != 0;
}

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

/* RFC 8439, 2.3: 64 bytes of key stream. */
static void chacha_block(const uint32_t key[KEY_WORDS], uint64_t counter, uint64_t nonce,
                         uint32_t out[BLOCK_WORDS])
{
    uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(in + 4, key, KEY_WORDS * 4);
    memcpy(in + 12, &counter, 8);
    memcpy(in + 14, &nonce, 8);
    memcpy(out, in, sizeof in);
    for (unsigned i = 0; i < 10; i++) {
        quarter_round(&out[0], &out[4], &out[8], &out[12]);
        quarter_round(&out[1], &out[5], &out[9], &out[13]);
        quarter_round(&out[2], &out[6], &out[10], &out[14]);
        quarter_round(&out[3], &out[7], &out[11], &out[15]);
        quarter_round(&out[0], &out[5], &out[10], &out[15]);
        quarter_round(&out[1], &out[6], &out[11], &out[12]);
        quarter_round(&out[2], &out[7], &out[8], &out[13]);
        quarter_round(&out[3], &out[4], &out[9], &out[14]);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += in[i];
}

/* Lock held. The new key depends on the old one and on SAMPLE. */
static void mix(uint64_t sample)
{
    uint32_t block[BLOCK_WORDS];
    chacha_block(generator.key, sample, tsc_read(), block);
    memcpy(generator.key, block, sizeof generator.key);
}

/* Lock held. False: the source fails, or repeats itself. */
static bool seed(void)
{
    uint64_t previous = 0, sample;
    for (unsigned i = 0; i < SEED_SAMPLES; i++) {
        if (!rdrand(&sample) || (i > 0 && sample == previous))
            return false;
        mix(sample);
        previous = sample;
    }
    return true;
}

/* Lock held. */
static void fill(uint8_t *out, size_t len)
{
    uint32_t block[BLOCK_WORDS];
    uint32_t key[KEY_WORDS];
    memcpy(key, generator.key, sizeof key);
    chacha_block(key, 0, generator.calls, block);
    memcpy(generator.key, block, sizeof generator.key); /* before anything is given away */
    for (uint64_t counter = 1; len > 0; counter++) {
        size_t part = min_u64(len, BLOCK_LEN);
        chacha_block(key, counter, generator.calls, block);
        memcpy(out, block, part);
        out += part;
        len -= part;
    }
    generator.calls++;
    memset(key, 0, sizeof key);
    memset(block, 0, sizeof block);
    __asm__ volatile("" ::"r"(key), "r"(block) : "memory"); /* the two memsets count */
}

enum status random_fill(void *out, size_t len)
{
    uint64_t fresh;
    enum status status = STATUS_UNSUPPORTED;
    spin_lock(&generator.lock);
    if (generator.seeded && rdrand(&fresh)) {
        mix(fresh);
        fill(out, len);
        status = STATUS_OK;
    }
    spin_unlock(&generator.lock);
    return status;
}

enum status random_status(void)
{
    enum status status;
    spin_lock(&generator.lock);
    status = generator.seeded ? STATUS_OK : STATUS_UNSUPPORTED;
    spin_unlock(&generator.lock);
    return status;
}

enum status random_start(void)
{
    bool present = has_rdrand();
    spin_lock(&generator.lock);
    generator.seeded = present && seed();
    spin_unlock(&generator.lock);
    if (random_status() != STATUS_OK)
        log_write("random", LOG_ERROR,
                  "%s: no random numbers, so no keys and no TLS on this machine",
                  present ? "the processor's RDRAND fails its test"
                          : "the processor has no RDRAND");
    return random_status();
}
