/* Cases about channels. */
/* SPDX-License-Identifier: MIT */
#include <task/channel/channel.h>
#include <tests/kernel/kswap/kswap.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)

enum status test_channel_start(void);

static void count(volatile uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static void a_buffered_channel_keeps_the_order(void)
{
    struct channel *c = channel_new(uint64_t, 4);
    uint64_t out;
    KTEST_CHECK(c != NULL);
    for (uint64_t i = 0; i < 4; i++)
        KTEST_CHECK(channel_send(c, &i, 0) == STATUS_OK);
    KTEST_CHECK(channel_count(c) == 4);
    KTEST_CHECK(channel_try_send(c, &out) == STATUS_AGAIN);
    KTEST_CHECK(channel_send(c, &out, clock_ns() + NS_PER_MS) == STATUS_TIMEOUT);
    for (uint64_t i = 0; i < 4; i++) {
        out = 99;
        KTEST_CHECK(channel_receive(c, &out, 0) == STATUS_OK && out == i);
    }
    KTEST_CHECK(channel_try_receive(c, &out) == STATUS_AGAIN);
    KTEST_CHECK(channel_receive(c, &out, clock_ns() + NS_PER_MS) == STATUS_TIMEOUT);
    channel_destroy(c);
}

static struct channel *met;
static volatile uint64_t met_sent, met_status;

static struct wait meet_step(void *arg)
{
    uint64_t message = (uint64_t)arg;
    met_status = channel_send(met, &message, 0);
    count(&met_sent);
    return wait_done();
}

static bool one_is_offered(void *arg)
{
    (void)arg;
    return channel_count(met) == 1;
}

static void a_rendezvous_sender_waits_for_its_receiver(void)
{
    uint64_t out = 0, message = 5;
    met = channel_new(uint64_t, 0);
    met_sent = 0;
    KTEST_CHECK(channel_try_send(met, &message) == STATUS_INVALID);
    KTEST_CHECK(channel_send(met, &message, clock_ns() + NS_PER_MS) == STATUS_TIMEOUT);
    KTEST_CHECK(channel_try_receive(met, &out) == STATUS_AGAIN);
    KTEST_CHECK(task_create("met", meet_step, (void *)7, NULL) != NULL);
    KTEST_CHECK(ktest_until(one_is_offered, NULL, PATIENCE_NS));
    KTEST_CHECK(met_sent == 0);
    KTEST_CHECK(channel_receive(met, &out, 0) == STATUS_OK && out == 7);
    KTEST_CHECK(ktest_until_count(&met_sent, 1, PATIENCE_NS));
    KTEST_CHECK(met_status == STATUS_OK);
    channel_destroy(met);
}

static bool restart_met(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (name[0] == 'm' && name[1] == 'e' && task_sleep_restart(task))
        *(bool *)arg = true;
    return true;
}

static bool was_restarted(void *arg)
{
    (void)arg;
    bool asked = false;
    task_for_each(restart_met, &asked);
    return asked;
}

/* Without taking back (meet() leaves the message where it is when it is asked to restart) it comes twice. */
static void a_sender_that_is_asked_to_leave_offers_its_message_again(void)
{
    uint64_t out = 0;
    met = channel_new(uint64_t, 0);
    met_sent = 0;
    KTEST_CHECK(task_create("met", meet_step, (void *)7, NULL) != NULL);
    for (uint32_t i = 0; i < 5; i++) {
        KTEST_CHECK(ktest_until(one_is_offered, NULL, PATIENCE_NS));
        KTEST_CHECK(ktest_until(was_restarted, NULL, PATIENCE_NS));
    }
    KTEST_CHECK(channel_receive(met, &out, 0) == STATUS_OK && out == 7);
    KTEST_CHECK(ktest_until_count(&met_sent, 1, PATIENCE_NS));
    KTEST_CHECK(channel_count(met) == 0 && met_status == STATUS_OK);
    channel_destroy(met);
}

static void a_closed_channel_ends_those_who_wait(void)
{
    uint64_t out = 0, message = 3;
    met = channel_new(uint64_t, 0);
    met_sent = 0;
    KTEST_CHECK(task_create("met", meet_step, (void *)7, NULL) != NULL);
    KTEST_CHECK(ktest_until(one_is_offered, NULL, PATIENCE_NS));
    channel_close(met);
    KTEST_CHECK(ktest_until_count(&met_sent, 1, PATIENCE_NS));
    KTEST_CHECK(met_status == STATUS_CLOSED);
    KTEST_CHECK(channel_receive(met, &out, 0) == STATUS_CLOSED);
    channel_destroy(met);
    met = channel_new(uint64_t, 2);
    KTEST_CHECK(channel_send(met, &message, 0) == STATUS_OK);
    channel_close(met);
    KTEST_CHECK(channel_send(met, &message, 0) == STATUS_CLOSED);
    KTEST_CHECK(channel_receive(met, &out, 0) == STATUS_OK && out == 3);
    KTEST_CHECK(channel_receive(met, &out, 0) == STATUS_CLOSED);
    channel_destroy(met);
}

static void bad_lengths_are_refused(void)
{
    KTEST_CHECK(channel_create(0, 1) == NULL);
    KTEST_CHECK(channel_create(CHANNEL_MESSAGE_MAX + 1, 1) == NULL);
    KTEST_CHECK(channel_create(1, CHANNEL_ROOM_MAX + 1) == NULL);
}

/* ---- load: each message is a number of its own; each must be received once -------------------------------------------- */

#define SENDERS 3u
#define RECEIVERS 3u
#define MESSAGES 1500u

static struct {
    struct channel *channel;
    uint8_t times[SENDERS * MESSAGES]; /* [a] that a message was received */
    uint64_t next[SENDERS];
    volatile uint64_t received, wrong, ended;
    volatile uint64_t restarts;
} load;

static struct wait send_step(void *arg)
{
    uint64_t *next = arg;
    uint64_t message = (uint64_t)(next - load.next) * MESSAGES + *next;
    if (*next == MESSAGES) {
        count(&load.ended);
        return wait_done();
    }
    if (channel_send(load.channel, &message, 0) != STATUS_OK)
        count(&load.wrong);
    ++*next;
    return wait_again();
}

static struct wait receive_step(void *arg)
{
    uint64_t message = UINT64_MAX;
    (void)arg;
    if (channel_receive(load.channel, &message, 0) != STATUS_OK) { /* closed */
        count(&load.ended);
        return wait_done();
    }
    if (message >= SENDERS * MESSAGES)
        count(&load.wrong);
    else
        __atomic_add_fetch(&load.times[message], 1, __ATOMIC_SEQ_CST);
    count(&load.received);
    return wait_again();
}

static bool restart_one(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    (void)arg;
    task_name_copy(task, name);
    if (name[0] == 'c' && name[1] == 'h' && task_sleep_restart(task))
        count(&load.restarts);
    return true;
}

static bool all_received(void *arg)
{
    if (arg != NULL)
        task_for_each(restart_one, NULL);
    return load.received >= SENDERS * MESSAGES;
}

static void load_begin(uint32_t room)
{
    load.channel = channel_new(uint64_t, room);
    load.received = load.wrong = load.ended = load.restarts = 0;
    for (uint32_t i = 0; i < SENDERS * MESSAGES; i++)
        load.times[i] = 0;
    for (uint32_t i = 0; i < RECEIVERS; i++)
        KTEST_CHECK(task_create("ch receive", receive_step, NULL, NULL) != NULL);
    for (uint32_t i = 0; i < SENDERS; i++) {
        load.next[i] = 0;
        KTEST_CHECK(task_create("ch send", send_step, &load.next[i], NULL) != NULL);
    }
}

static void load_end(void)
{
    uint64_t lost = 0, doubled = 0;
    KTEST_CHECK(ktest_until(all_received, NULL, PATIENCE_NS));
    KTEST_CHECK(channel_count(load.channel) == 0);
    channel_close(load.channel);
    KTEST_CHECK(ktest_until_count(&load.ended, SENDERS + RECEIVERS, PATIENCE_NS));
    for (uint32_t i = 0; i < SENDERS * MESSAGES; i++) {
        lost += load.times[i] == 0;
        doubled += load.times[i] > 1;
    }
    KTEST_CHECK(lost == 0);
    KTEST_CHECK(doubled == 0);
    KTEST_CHECK(load.wrong == 0);
    channel_destroy(load.channel);
}

static void no_message_is_lost_or_doubled_by_restarts(void)
{
    static const uint32_t rooms[] = {0, 1, 8};
    for (uint32_t i = 0; i < ARRAY_LEN(rooms); i++) {
        load_begin(rooms[i]);
        KTEST_CHECK(ktest_until(all_received, &load, PATIENCE_NS));
        KTEST_CHECK(load.restarts > 0);
        load_end();
    }
}

/* The same object once more, as a new version, with tasks asleep in the old one. */
static void messages_go_on_while_the_cell_is_replaced(void)
{
    for (uint32_t room = 0; room < 2; room++) {
        load_begin(room);
        for (uint32_t i = 0; i < 4; i++)
            kswap_for_good("channel", "");
        load_end();
    }
}

enum status test_channel_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_buffered_channel_keeps_the_order),
        KTEST_CASE(a_rendezvous_sender_waits_for_its_receiver),
        KTEST_CASE(a_sender_that_is_asked_to_leave_offers_its_message_again),
        KTEST_CASE(a_closed_channel_ends_those_who_wait),
        KTEST_CASE(bad_lengths_are_refused),
        KTEST_CASE(no_message_is_lost_or_doubled_by_restarts),
        KTEST_CASE(messages_go_on_while_the_cell_is_replaced),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
