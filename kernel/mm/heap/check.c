/* What the heap says of itself in a trial: objects are what was asked for, and nobody else's. */
/* SPDX-License-Identifier: MIT */
#include <mm/heap/heap.h>

#include <lib/base/evolve.h>
#include <string.h>

/* One and a half of each kind: small ones of several classes, and a run of frames. */
static const uint32_t lens[] = {1, 16, 17, 250, 1000, 4000, 8000, 20000};
#define LENS ARRAY_LEN(lens)

static bool holds(const uint8_t *object, uint8_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (object[i] != value)
            return false;
    return true;
}

/* Each is filled wholly, so that two that overlap show. */
static const char *judge(uint8_t *objects[LENS])
{
    for (uint32_t i = 0; i < LENS; i++) {
        if (objects[i] == NULL)
            return NULL; /* there may be no memory left, which is no wrong result */
        if ((uint64_t)objects[i] % 16 != 0 || heap_size(objects[i]) < lens[i])
            return "an object is not what was asked for";
        memset(objects[i], (int)(i + 1), heap_size(objects[i]));
    }
    for (uint32_t i = 0; i < LENS; i++)
        if (!holds(objects[i], (uint8_t)(i + 1), heap_size(objects[i])))
            return "two objects lie in the same memory";
    return NULL;
}

EVOLVE_CHECK(objects)
{
    uint8_t *objects[LENS];
    for (uint32_t i = 0; i < LENS; i++)
        objects[i] = heap_alloc(lens[i]);
    const char *wrong = judge(objects);
    for (uint32_t i = 0; i < LENS; i++)
        heap_free(objects[i]);
    return wrong;
}

EVOLVE_CHECK(contents)
{
    const char *wrong = NULL;
    uint8_t *zero = heap_calloc(10, 10);
    uint8_t *grown;
    if (zero == NULL)
        return NULL;
    if (!holds(zero, 0, 100))
        wrong = "heap_calloc() gives bytes that are not zero";
    memset(zero, 7, 100);
    grown = heap_realloc(zero, 5000);
    if (grown != NULL && !holds(grown, 7, 100))
        wrong = "heap_realloc() does not keep what an object holds";
    heap_free(grown != NULL ? grown : zero);
    return wrong;
}
