/* Stands in for the cells around net: heap, clock, tasks, random numbers, card, console. */
/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <console/console/console.h>
#include <console/log/log.h>
#include <console/shell/shell.h>
#include <fault/fault/fault.h>
#include <lib/random/random.h>
#include <mm/heap/heap.h>
#include <net/nic/nic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

enum { WIRE_FRAMES = 256, STEPS_MAX = 100000, FLOOD_FRAME_NS = 10000, FLOOD_LEN = 60 };

struct wire {
    unsigned head, tail;
    size_t len[WIRE_FRAMES];
    uint8_t frame[WIRE_FRAMES][WORLD_FRAME_MAX];
};

static struct {
    uint64_t now_ns;
    struct nic nic;
    struct wire to_card, from_card;
    bool blocked;
    bool flood;
    unsigned processors;
    task_step_fn step;
    void *step_arg;
    struct wait wait;
    shell_fn command;
    char printed[8192];
    unsigned fail_in;
    uint64_t live;
} world = {.now_ns = NS_PER_S, .processors = 2};

/* ---- heap ---- */

static bool allocation_fails(void)
{
    return world.fail_in > 0 && --world.fail_in == 0;
}

void heap_free(void *object)
{
    world.live -= object != NULL;
    free(object);
}

void *heap_alloc(size_t len)
{
    void *object = allocation_fails() ? NULL : malloc(len > 0 ? len : 1);
    world.live += object != NULL;
    return object;
}

void *heap_calloc(size_t n, size_t len)
{
    void *object = allocation_fails() ? NULL : calloc(n, len > 0 ? len : 1);
    world.live += object != NULL;
    return object;
}

uint8_t *heap_bytes(size_t len)
{
    return heap_alloc(len);
}

void *heap_typed_calloc(size_t n, size_t len)
{
    return heap_calloc(n, len);
}

/* ---- time, randomness, tasks ---- */

uint64_t clock_ns(void)
{
    return world.now_ns;
}

enum status random_fill(void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)rand();
    return STATUS_OK;
}

void event_init(struct event *event)
{
    event->seq = 0;
}

uint32_t event_seq(const struct event *event)
{
    return event->seq;
}

void event_signal(struct event *event)
{
    event->seq++;
}

struct task *task_create(const char *name, task_step_fn step, void *arg,
                         const struct task_options *options)
{
    (void)name;
    (void)options;
    world.step = step;
    world.step_arg = arg;
    world.wait = wait_again();
    return (struct task *)(void *)&world;
}

static bool task_due(void)
{
    const struct wait *wait = &world.wait;
    bool late = wait->deadline_ns != 0 && wait->deadline_ns <= world.now_ns;
    switch (wait->kind) {
    case WAIT_AGAIN: return true;
    case WAIT_EVENT: return late || wait->seq != event_seq(wait->event);
    case WAIT_UNTIL: return late;
    default: return false;
    }
}

void world_settle(void)
{
    for (unsigned i = 0; task_due(); i++) {
        assert(i < STEPS_MAX);
        world.wait = world.step(world.step_arg);
    }
}

unsigned cpu_count(void)
{
    return world.processors;
}

uint64_t world_flood(unsigned processors, unsigned ms)
{
    uint64_t end_ns = world.now_ns + ms * NS_PER_MS;
    uint64_t others_ns = 0;
    world.processors = processors;
    world.flood = true;
    while (world.now_ns < end_ns) {
        event_signal(&world.nic.event);
        if (task_due()) {
            world.wait = world.step(world.step_arg);
        } else {
            world.now_ns += FLOOD_FRAME_NS;
            others_ns += FLOOD_FRAME_NS;
        }
    }
    world.flood = false;
    world.processors = 2;
    world_run(1000);
    return others_ns;
}

void world_run(unsigned ms)
{
    world_settle();
    for (unsigned i = 0; i < ms; i++) {
        world.now_ns += NS_PER_MS;
        world_settle();
    }
}

/* ---- console ---- */

void log_write(const char *cell, enum log_level level, const char *format, ...)
{
    (void)cell;
    (void)level;
    (void)format;
}

void console_print(const char *format, ...)
{
    size_t len = strlen(world.printed);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world.printed + len, sizeof world.printed - len, format, arguments);
    va_end(arguments);
}

enum status shell_register(const char *name, shell_fn fn, const char *help)
{
    assert(strcmp(name, "net") == 0 && strlen(help) <= SHELL_HELP_MAX);
    world.command = fn;
    return STATUS_OK;
}

const char *world_shell(int argc, char **argv)
{
    world.printed[0] = 0;
    world.command(argc, argv);
    return world.printed;
}

void fault_panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    abort();
}

/* ---- the card ---- */

static void wire_put(struct wire *wire, const void *frame, size_t len)
{
    assert(wire->head - wire->tail < WIRE_FRAMES && len <= WORLD_FRAME_MAX);
    memcpy(wire->frame[wire->head % WIRE_FRAMES], frame, len);
    wire->len[wire->head++ % WIRE_FRAMES] = len;
}

static size_t wire_take(struct wire *wire, void *out, size_t cap)
{
    if (wire->head == wire->tail)
        return 0;
    size_t len = wire->len[wire->tail % WIRE_FRAMES];
    assert(len <= cap);
    memcpy(out, wire->frame[wire->tail++ % WIRE_FRAMES], len);
    return len;
}

static enum status card_send(struct nic *nic, const void *frame, size_t len)
{
    (void)nic;
    if (world.blocked)
        return STATUS_FULL;
    if (world.from_card.head - world.from_card.tail == WIRE_FRAMES)
        world.from_card.tail++; /* nobody listens: the oldest is forgotten */
    wire_put(&world.from_card, frame, len);
    nic->stats.tx_frames++;
    return STATUS_OK;
}

static enum status card_receive(struct nic *nic, void *out, size_t cap, size_t *out_len)
{
    size_t len = wire_take(&world.to_card, out, cap);
    if (len == 0 && !world.flood)
        return STATUS_AGAIN;
    if (len == 0) {
        len = FLOOD_LEN;
        memset(out, 0xff, len);
        world.now_ns += FLOOD_FRAME_NS;
    }
    nic->stats.rx_frames++;
    *out_len = len;
    return STATUS_OK;
}

struct nic *nic_find(const char *location)
{
    (void)location;
    return &world.nic;
}

void world_deliver(const void *frame, size_t len)
{
    wire_put(&world.to_card, frame, len);
    event_signal(&world.nic.event);
    world_settle();
}

size_t world_take_sent(void *out, size_t cap)
{
    return wire_take(&world.from_card, out, cap);
}

void world_block_sending(bool blocked)
{
    world.blocked = blocked;
}

void world_set_link(bool link)
{
    world.nic.link = link;
    event_signal(&world.nic.event);
    world_settle();
}

void world_fail_allocation(unsigned count)
{
    world.fail_in = count;
}

uint64_t world_live_objects(void)
{
    return world.live;
}

void world_start(void)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0, 0, 0, 0x10};
    if (world.step != NULL)
        return;
    strcpy(world.nic.name, "wire");
    memcpy(world.nic.mac, mac, sizeof mac);
    world.nic.send = card_send;
    world.nic.receive = card_receive;
    if (net_start() != STATUS_OK)
        abort();
    world_settle();
}
