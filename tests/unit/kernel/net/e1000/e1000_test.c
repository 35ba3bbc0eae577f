/* The driver against a card that is played by the test: rings, faults of the card, and being taken over. */
/* SPDX-License-Identifier: MIT */
#include <bus/pci/pci.h>
#include <console/log/log.h>
#include <irq/interrupt/interrupt.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <net/e1000/e1000_private.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time/clock/clock.h>

#include <cmocka.h>

enum { REGISTERS_LEN = 128 * 1024, GSI = 11 };

static struct {
    uint32_t registers[REGISTERS_LEN / 4];
    bool present, deaf; /* deaf: the reset never ends */
    unsigned fail_in;   /* the allocation that fails; 0: none */
    long live;
    interrupt_fn handler;
    void *handler_arg;
    unsigned attached;
} card;

static uint32_t *reg(enum e1000_register at)
{
    return &card.registers[at / 4];
}

/* ---- what the driver imports ---- */

static bool fails(void)
{
    return card.fail_in > 0 && --card.fail_in == 0;
}

void *heap_typed_calloc(size_t n, size_t len)
{
    void *object = fails() ? NULL : calloc(n, len);
    card.live += object != NULL;
    return object;
}

void heap_free(void *object)
{
    card.live -= object != NULL;
    free(object);
}

enum status frame_take_run(size_t count, uint64_t max_phys, uint64_t *out_phys)
{
    (void)max_phys;
    void *pages = fails() ? NULL : aligned_alloc(PAGE_SIZE, count * PAGE_SIZE);
    if (pages == NULL)
        return STATUS_FULL;
    card.live++;
    *out_phys = (uint64_t)pages;
    return STATUS_OK;
}

void frame_put_run(uint64_t phys, size_t count)
{
    (void)count;
    card.live--;
    free((void *)phys);
}

enum status pci_find(uint16_t vendor_id, uint16_t device_id, struct pci_device *out)
{
    assert_int_equal(vendor_id, 0x8086);
    assert_int_equal(device_id, 0x100e);
    if (!card.present)
        return STATUS_NOT_FOUND;
    *out = (struct pci_device){
        .device = 3, .irq_gsi = GSI, .irq_trigger = INTERRUPT_LEVEL_HIGH};
    return STATUS_OK;
}

void pci_enable(const struct pci_device *device, unsigned enable)
{
    (void)device;
    assert_true(enable & PCI_ENABLE_MASTER);
}

enum status pci_bar_map(const struct pci_device *device, unsigned bar,
                        volatile void **out, size_t *out_len)
{
    (void)device;
    assert_int_equal(bar, 0);
    *out = card.registers;
    *out_len = REGISTERS_LEN;
    return STATUS_OK;
}

enum status interrupt_attach(unsigned gsi, enum interrupt_trigger trigger,
                             interrupt_fn fn, void *arg, unsigned *out_vector)
{
    (void)out_vector;
    assert_int_equal(gsi, GSI);
    assert_int_equal(trigger, INTERRUPT_LEVEL_HIGH);
    card.handler = fn;
    card.handler_arg = arg;
    card.attached++;
    return STATUS_OK;
}

void clock_delay_ns(uint64_t ns)
{
    (void)ns;
    if (!card.deaf)
        *reg(REG_CTRL) &= ~CTRL_RST;
}

void event_init(struct event *event)
{
    event->seq = 0;
}

void event_signal(struct event *event)
{
    event->seq++;
}

void event_walk(struct evolve_walk *walk, const struct event *event)
{
    (void)walk;
    (void)event;
}

void log_write(const char *cell, enum log_level level, const char *format, ...)
{
    (void)cell;
    (void)level;
    (void)format;
}

/* ---- the cases; the first ones leave no card behind ---- */

static void assert_status(enum status got, enum status wanted)
{
    assert_string_equal(status_name(got), status_name(wanted));
}

static void does_nothing_without_a_card(void **state)
{
    (void)state;
    assert_status(e1000_start(), STATUS_OK);
    assert_null(nic_find(NULL));
}

static void gives_everything_back_when_memory_runs_out(void **state)
{
    (void)state;
    card.present = true;
    for (unsigned k = 1; k < 645; k += k < 8 ? 1 : 71) {
        card.fail_in = k;
        assert_status(e1000_start(), STATUS_FULL);
        assert_int_equal(card.live, 0);
        assert_null(nic_find(NULL));
    }
    card.fail_in = 0;
}

static void gives_up_a_card_that_does_not_reset(void **state)
{
    (void)state;
    card.present = card.deaf = true;
    assert_status(e1000_start(), STATUS_IO);
    assert_int_equal(card.live, 0);
    card.deaf = false;
    memset(card.registers, 0, sizeof card.registers);
}

static struct nic *started(void)
{
    card.present = true;
    if (nic_find(NULL) == NULL) {
        *reg(REG_RAL) = 0x12005452;
        *reg(REG_RAH) = 0x5634;
        *reg(REG_STATUS) = STATUS_LU;
        assert_status(e1000_start(), STATUS_OK);
    }
    return nic_find("pci 00:03.0");
}

static void brings_the_card_up(void **state)
{
    (void)state;
    static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    struct nic *nic = started();
    struct e1000_state *rings = nic->state;
    assert_string_equal(nic->name, "e1000");
    assert_memory_equal(nic->mac, mac, 6);
    assert_true(nic->link);
    assert_int_equal(*reg(REG_RCTL), RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
    assert_int_equal(*reg(REG_RDBAL) | (uint64_t)*reg(REG_RDBAH) << 32, rings->rx_phys);
    assert_int_equal(*reg(REG_TDBAL) | (uint64_t)*reg(REG_TDBAH) << 32, rings->tx_phys);
    assert_int_equal(*reg(REG_RDT), RX_COUNT - 1);
    assert_true(*reg(REG_RAH) & RAH_AV);
    assert_int_equal(*reg(REG_IMS), INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0);
}

/* The card sends everything that waits; gives how many frames that were. */
static unsigned card_sends(struct e1000_state *rings)
{
    unsigned count = 0;
    while (*reg(REG_TDH) != *reg(REG_TDT)) {
        volatile struct e1000_tx *tx = &rings->tx[*reg(REG_TDH)];
        assert_int_equal(tx->command, TX_COMMAND_EOP | TX_COMMAND_IFCS | TX_COMMAND_RS);
        tx->status |= TX_STATUS_DD;
        *reg(REG_TDH) = (*reg(REG_TDH) + 1) % TX_COUNT;
        count++;
    }
    return count;
}

/* The card receives one frame whose bytes are all FILL. False: it has no descriptor left. */
static bool card_receives(struct e1000_state *rings, uint8_t fill, uint16_t len,
                          uint8_t status, uint8_t errors)
{
    uint32_t head = *reg(REG_RDH);
    if (head == *reg(REG_RDT))
        return false;
    volatile struct e1000_rx *rx = &rings->rx[head];
    assert_int_equal(rx->status, 0);
    memset((void *)rx->address, fill, len);
    rx->len = len;
    rx->errors = errors;
    rx->status = status;
    *reg(REG_RDH) = (head + 1) % RX_COUNT;
    return true;
}

static void sends_in_order_around_the_ring(void **state)
{
    (void)state;
    struct nic *nic = started();
    struct e1000_state *rings = nic->state;
    uint8_t frame[60];
    uint64_t before = nic->stats.tx_frames;
    for (unsigned i = 0; i < 3 * TX_COUNT; i++) {
        uint32_t at = rings->tx_next;
        memset(frame, (int)i, sizeof frame);
        assert_status(nic->send(nic, frame, sizeof frame), STATUS_OK);
        assert_memory_equal((void *)rings->tx[at].address, frame, sizeof frame);
        assert_int_equal(rings->tx[at].len, sizeof frame);
        assert_int_equal(card_sends(rings), 1);
    }
    assert_int_equal(nic->stats.tx_frames - before, 3 * TX_COUNT);
}

static void refuses_frames_when_the_ring_is_full(void **state)
{
    (void)state;
    struct nic *nic = started();
    uint8_t frame[FRAME_LEN_MAX + 1] = {0};
    unsigned count = 0;
    while (nic->send(nic, frame, 100) == STATUS_OK)
        count++;
    assert_int_equal(count, TX_COUNT - 1);
    assert_status(nic->send(nic, frame, 100), STATUS_FULL);
    assert_true(nic->stats.tx_full >= 2);
    assert_int_equal(card_sends(nic->state), TX_COUNT - 1);
    assert_status(nic->send(nic, frame, FRAME_LEN_MAX), STATUS_OK);
    assert_status(nic->send(nic, frame, FRAME_LEN_MAX + 1), STATUS_INVALID);
    assert_status(nic->send(nic, frame, FRAME_LEN_MIN - 1), STATUS_INVALID);
    assert_int_equal(card_sends(nic->state), 1);
}

static void receives_in_order_around_the_ring(void **state)
{
    (void)state;
    struct nic *nic = started();
    uint8_t got[2048];
    size_t len;
    assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_AGAIN);
    for (unsigned round = 0; round < 3; round++) {
        unsigned count = 0;
        while (card_receives(nic->state, (uint8_t)count, (uint16_t)(60 + count),
                             RX_STATUS_DD | RX_STATUS_EOP, 0))
            count++;
        assert_int_equal(count, RX_COUNT - 1);
        for (unsigned i = 0; i < count; i++) {
            assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_OK);
            assert_int_equal(len, 60 + i);
            assert_int_equal(got[0], (uint8_t)i);
            assert_int_equal(got[len - 1], (uint8_t)i);
        }
        assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_AGAIN);
    }
}

static void drops_and_counts_damaged_frames(void **state)
{
    (void)state;
    struct nic *nic = started();
    struct e1000_state *rings = nic->state;
    uint8_t got[1536];
    size_t len;
    uint64_t before = nic->stats.rx_damaged;
    card_receives(rings, 1, 60, RX_STATUS_DD | RX_STATUS_EOP, 1); /* CRC error */
    card_receives(rings, 2, 2048, RX_STATUS_DD, 0); /* goes on in the next buffer */
    card_receives(rings, 3, 1600, RX_STATUS_DD | RX_STATUS_EOP, 0);
    card_receives(rings, 4, 10, RX_STATUS_DD | RX_STATUS_EOP, 0);
    card_receives(rings, 5, 60, RX_STATUS_DD | RX_STATUS_EOP, 0);
    assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_OK);
    assert_int_equal(got[0], 5);
    assert_int_equal(nic->stats.rx_damaged - before, 4);
}

static void believes_no_length_beyond_the_buffer(void **state)
{
    (void)state;
    struct nic *nic = started();
    struct e1000_state *rings = nic->state;
    static uint8_t got[70000];
    size_t len;
    card_receives(rings, 1, 60, 0, 0);
    uint32_t at = rings->rx_next;
    rings->rx[at].len = 65535;
    rings->rx[at].status = RX_STATUS_DD | RX_STATUS_EOP;
    assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_AGAIN);
}

static void interrupt(uint32_t cause)
{
    *reg(REG_ICR) = cause;
    card.handler(card.handler_arg);
}

static void tells_of_frames_and_link_changes(void **state)
{
    (void)state;
    struct nic *nic = started();
    uint32_t seq = nic->event.seq;
    uint64_t changes = nic->stats.link_changes;
    interrupt(0); /* the line is shared with another device */
    assert_int_equal(nic->event.seq, seq);
    interrupt(INT_RXT0);
    assert_int_equal(nic->event.seq, seq + 1);
    *reg(REG_STATUS) = 0;
    interrupt(INT_LSC);
    assert_false(nic->link);
    *reg(REG_STATUS) = STATUS_LU;
    interrupt(INT_LSC);
    assert_true(nic->link);
    assert_int_equal(nic->stats.link_changes - changes, 2);
}

/* Plain memory does not clear on reading, like QEMU's register. */
static void counts_missed_frames_once(void **state)
{
    (void)state;
    struct nic *nic = started();
    uint64_t before = nic->stats.rx_missed;
    *reg(REG_MPC) = 5;
    interrupt(INT_RXO);
    interrupt(INT_RXT0);
    assert_int_equal(nic->stats.rx_missed - before, 5);
    *reg(REG_MPC) = 7;
    interrupt(INT_RXT0);
    interrupt(INT_RXT0);
    assert_int_equal(nic->stats.rx_missed - before, 7);
}

static void takes_a_running_card_over_without_touching_it(void **state)
{
    (void)state;
    struct nic *nic = started();
    struct e1000_state *rings = nic->state;
    uint8_t frame[60] = {7}, got[1536];
    static uint32_t before[REGISTERS_LEN / 4];
    size_t len;
    unsigned attached = card.attached;
    assert_status(nic->send(nic, frame, sizeof frame), STATUS_OK);
    card_receives(rings, 9, 60, RX_STATUS_DD | RX_STATUS_EOP, 0);
    *reg(REG_RCTL) = 0xdeadbeef; /* any write would show */
    *reg(REG_IMS) = 0;
    memcpy(before, card.registers, sizeof before);
    nic->send = NULL;
    nic->receive = NULL;
    assert_status(e1000_start(), STATUS_OK);
    assert_int_equal(*reg(REG_IMS), INT_LSC | INT_RXDMT0 | INT_RXO | INT_RXT0);
    *reg(REG_IMS) = 0;
    assert_memory_equal(before, card.registers, sizeof before);
    assert_ptr_equal(nic_find(NULL), nic);
    assert_ptr_equal(nic->state, rings);
    assert_int_equal(card.attached, attached + 1);
    assert_status(nic->receive(nic, got, sizeof got, &len), STATUS_OK);
    assert_int_equal(got[0], 9);
    assert_int_equal(card_sends(rings), 1);
    nic->state_version++;
    assert_status(e1000_start(), STATUS_UNSUPPORTED);
    nic->state_version--;
}

static int tear_down(void **state)
{
    (void)state;
    struct nic *nic = nic_find(NULL);
    e1000_state_destroy(nic->state);
    free(nic);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(does_nothing_without_a_card),
        cmocka_unit_test(gives_everything_back_when_memory_runs_out),
        cmocka_unit_test(gives_up_a_card_that_does_not_reset),
        cmocka_unit_test(brings_the_card_up),
        cmocka_unit_test(sends_in_order_around_the_ring),
        cmocka_unit_test(refuses_frames_when_the_ring_is_full),
        cmocka_unit_test(receives_in_order_around_the_ring),
        cmocka_unit_test(drops_and_counts_damaged_frames),
        cmocka_unit_test(believes_no_length_beyond_the_buffer),
        cmocka_unit_test(tells_of_frames_and_link_changes),
        cmocka_unit_test(counts_missed_frames_once),
        cmocka_unit_test(takes_a_running_card_over_without_touching_it),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
