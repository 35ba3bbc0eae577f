/* A bounded cache of the objects of unloaded cells.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/private.h>
#include <core/evolve/unloaded.h>

#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <string.h>

/* Memory is low when less than one frame in so many is free. */
enum { LOW_PART = 16 };

struct unloaded {
    struct unloaded *next;
    uint8_t *bytes;
    size_t len;
    uint8_t hash[32];
};

static struct {
    struct unloaded *newest; /* [L] evolve_lock() */
    uint64_t bytes;          /* [L] of all */
} cache;

/* Cuts off what follows the first entries that take LEN bytes, without the one with HASH (NULL: none). Under the lock. Gives
 * what is to be freed. */
static struct unloaded *cut(uint64_t len, const uint8_t *hash)
{
    struct unloaded *gone = NULL;
    uint64_t kept = 0;
    for (struct unloaded **at = &cache.newest; *at;) {
        struct unloaded *u = *at;
        bool same = hash && memcmp(u->hash, hash, sizeof u->hash) == 0;
        if (!same && kept + u->len <= len) {
            kept += u->len;
            at = &u->next;
            continue;
        }
        len = same ? len : 0; /* older ones go too */
        *at = u->next;
        u->next = gone;
        gone = u;
    }
    cache.bytes = kept;
    return gone;
}

static void free_all(struct unloaded *u)
{
    while (u) {
        struct unloaded *next = u->next;
        heap_free(u->bytes);
        heap_free(u);
        u = next;
    }
}

void unloaded_put(struct version *v)
{
    static const uint8_t unknown[sizeof v->object_hash];
    if (!v->owned_bytes || v->elf.len > UNLOADED_MAX ||
        memcmp(v->object_hash, unknown, sizeof unknown) == 0)
        return;
    struct unloaded *fresh = heap_new(struct unloaded);
    if (!fresh)
        return;
    *fresh = (struct unloaded){.bytes = v->owned_bytes, .len = v->elf.len};
    memcpy(fresh->hash, v->object_hash, sizeof fresh->hash);
    v->owned_bytes = NULL;
    evolve_lock();
    struct unloaded *gone = cut(UNLOADED_MAX - fresh->len, fresh->hash);
    fresh->next = cache.newest;
    cache.newest = fresh;
    cache.bytes += fresh->len;
    evolve_unlock();
    free_all(gone);
    unloaded_yield();
}

/* Under the lock. */
static const struct unloaded *find(const uint8_t hash[32])
{
    const struct unloaded *u = cache.newest;
    while (u && memcmp(u->hash, hash, sizeof u->hash) != 0)
        u = u->next;
    return u;
}

static enum status copy_unloaded(const uint8_t hash[32], uint8_t **out, size_t *out_len)
{
    evolve_lock();
    const struct unloaded *u = find(hash);
    size_t len = u ? u->len : 0;
    evolve_unlock();
    if (!u)
        return STATUS_NOT_FOUND;
    uint8_t *copy = heap_bytes(len);
    if (!copy)
        return STATUS_FULL;
    evolve_lock();
    u = find(hash); /* it may be gone by now */
    if (u)
        memcpy(copy, u->bytes, len);
    evolve_unlock();
    if (!u) {
        heap_free(copy);
        return STATUS_NOT_FOUND;
    }
    *out = copy;
    *out_len = len;
    return STATUS_OK;
}

/* Versions are not freed while the address of what they have lies on a stack (retire.c). */
enum status evolve_object_copy(const uint8_t hash[32], uint8_t **out, size_t *out_len)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next) {
        const uint8_t *bytes = v->elf.bytes;
        size_t len = v->elf.len;
        if (memcmp(v->object_hash, hash, sizeof v->object_hash) != 0)
            continue;
        uint8_t *copy = heap_bytes(len);
        if (!copy)
            return STATUS_FULL;
        memcpy(copy, bytes, len);
        *out = copy;
        *out_len = len;
        return STATUS_OK;
    }
    return copy_unloaded(hash, out, out_len);
}

void unloaded_drop(void)
{
    evolve_lock();
    struct unloaded *gone = cut(0, NULL);
    evolve_unlock();
    free_all(gone);
}

void unloaded_yield(void)
{
    struct frame_stats frames;
    frame_stats_read(&frames);
    if (frames.free < frames.total / LOW_PART)
        unloaded_drop();
}

void unloaded_visit(void (*visit)(const void *object, struct version *v))
{
    for (const struct unloaded *u = cache.newest; u; u = u->next)
        visit(u->bytes, NULL);
}

void unloaded_count(uint32_t *out_count, uint64_t *out_bytes)
{
    *out_count = 0;
    evolve_lock();
    *out_bytes = cache.bytes;
    for (const struct unloaded *u = cache.newest; u; u = u->next)
        ++*out_count;
    evolve_unlock();
}
