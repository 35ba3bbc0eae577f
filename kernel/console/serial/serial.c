/* The 16550A at COM1. */
/* SPDX-License-Identifier: MIT */
#include <console/serial/serial.h>

#include <irq/interrupt/interrupt.h>
#include <lib/base/io.h>
#include <lib/format/format.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

#define PORT 0x3f8u
#define ISA_IRQ 4u
#define FIFO_LEN 16u
#define MOVE_POLLS 1000u         /* some characters' time */
#define LAST_WORD_POLLS 1000000u /* about a second of port reads */
#define INPUT_LEN 1024u          /* a power of two */
#define OUTPUT_LEN 32768u        /* a power of two */

enum uart_register {
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
};

#define INTERRUPT_RECEIVED 0x01u
#define INTERRUPT_ROOM 0x02u
#define LINE_STATUS_DATA 0x01u
#define LINE_STATUS_ROOM 0x20u

/* Output goes straight to the device, so that what was written has left even a machine that dies next. When whoever reads the
 * line does not take it, bytes wait in a ring, which the device's interrupt empties: nobody waits for a reader.
 *  1. While bytes wait, all others are put behind them.
 *  2. What finds the ring full is lost, and from then on everything until the ring is empty; then the line says how much it was.
 *  3. When something was lost and not yet said, bytes wait. */
static struct {
    struct spinlock output_lock;
    bool started;            /* [L] interrupts are taken */
    bool output_stuck;       /* [L] the device did not move: do not wait again */
    bool given_up;           /* last words are not waited for again */
    char output[OUTPUT_LEN]; /* [L] */
    uint32_t output_head, output_tail; /* [L] */
    uint64_t lost;                     /* [L] bytes */
    struct spinlock input_lock;
    char input[INPUT_LEN]; /* [L] input_lock */
    uint32_t input_head, input_tail;
    struct event event;
} serial;

void serial_early(void)
{
    io_out8(PORT + UART_INTERRUPT_ENABLE, 0);
    io_out8(PORT + UART_LINE_CONTROL, 0x80);
    io_out8(PORT + UART_DATA, 1); /* 115200 baud */
    io_out8(PORT + UART_INTERRUPT_ENABLE, 0);
    io_out8(PORT + UART_LINE_CONTROL, 0x03);
    io_out8(PORT + UART_FIFO, 0xc7);
    io_out8(PORT + UART_MODEM_CONTROL, 0x0b);
    event_init(&serial.event);
}

/* Says whether the device takes bytes: within POLLS, or at once when it has not moved before. */
static bool has_room(unsigned polls)
{
    if (serial.output_stuck)
        polls = 1;
    while (!(io_in8(PORT + UART_LINE_STATUS) & LINE_STATUS_ROOM)) {
        if (--polls == 0) {
            serial.output_stuck = true;
            return false;
        }
        cpu_pause();
    }
    serial.output_stuck = serial.given_up = false;
    return true;
}

static bool bytes_wait(void)
{
    return serial.output_head != serial.output_tail;
}

/* Lets BYTE wait (serial 2). */
static void keep(char byte)
{
    if (serial.lost != 0 || serial.output_head - serial.output_tail == OUTPUT_LEN)
        serial.lost++;
    else
        serial.output[serial.output_head++ % OUTPUT_LEN] = byte;
}

static void keep_notice(void)
{
    char text[48];
    size_t len = format_text(text, sizeof text, "\r\nserial: %lu characters lost\r\n",
                             serial.lost);
    serial.lost = 0;
    for (size_t i = 0; i < len; i++)
        keep(text[i]);
}

/* The device takes as many of the bytes that wait as it has room for. */
static void send_waiting(unsigned polls)
{
    if (!bytes_wait() || !has_room(polls))
        return;
    for (unsigned i = 0; i < FIFO_LEN && bytes_wait(); i++)
        io_out8(PORT + UART_DATA,
                (uint8_t)serial.output[serial.output_tail++ % OUTPUT_LEN]);
    if (!bytes_wait() && serial.lost != 0)
        keep_notice();
}

/* Has the device interrupt when there is room, if bytes wait. The line goes low in between, so whatever is to be told comes
 * as an edge. */
static void ask_for_interrupts(void)
{
    if (!serial.started)
        return;
    io_out8(PORT + UART_INTERRUPT_ENABLE, 0);
    io_out8(PORT + UART_INTERRUPT_ENABLE,
            INTERRUPT_RECEIVED | (bytes_wait() ? INTERRUPT_ROOM : 0));
}

static void put_byte(char byte)
{
    if (!bytes_wait() && has_room(MOVE_POLLS))
        io_out8(PORT + UART_DATA, (uint8_t)byte);
    else
        keep(byte);
}

void serial_write(const char *bytes, size_t len)
{
    spin_lock(&serial.output_lock);
    send_waiting(1);
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            put_byte('\r');
        put_byte(bytes[i]);
    }
    if (bytes_wait())
        ask_for_interrupts();
    spin_unlock(&serial.output_lock);
}

void serial_flush_unlocked(void)
{
    while (bytes_wait() && !serial.given_up) {
        serial.output_stuck = false;
        send_waiting(LAST_WORD_POLLS);
        serial.given_up = serial.output_stuck;
    }
}

void serial_write_unlocked(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            put_byte('\r');
        put_byte(bytes[i]);
    }
    serial_flush_unlocked();
}

enum status serial_read(char *out)
{
    enum status status = STATUS_AGAIN;
    spin_lock(&serial.input_lock);
    if (serial.input_tail != serial.input_head) {
        *out = serial.input[serial.input_tail++ % INPUT_LEN];
        status = STATUS_OK;
    }
    spin_unlock(&serial.input_lock);
    return status;
}

struct event *serial_event(void)
{
    return &serial.event;
}

/* Bytes that find the buffer full are dropped: a person or a script types faster than the shell reads. */
static void take_input(void)
{
    bool any = false;
    spin_lock(&serial.input_lock);
    while (io_in8(PORT + UART_LINE_STATUS) & LINE_STATUS_DATA) {
        char byte = (char)io_in8(PORT + UART_DATA);
        if (serial.input_head - serial.input_tail < INPUT_LEN)
            serial.input[serial.input_head++ % INPUT_LEN] = byte;
        any = true;
    }
    spin_unlock(&serial.input_lock);
    if (any)
        event_signal(&serial.event);
}

static void serial_interrupt(void *arg)
{
    (void)arg;
    take_input();
    spin_lock(&serial.output_lock);
    send_waiting(1);
    ask_for_interrupts();
    spin_unlock(&serial.output_lock);
}

enum status serial_start(void)
{
    enum interrupt_trigger trigger;
    unsigned gsi = interrupt_isa_gsi(ISA_IRQ, &trigger);
    enum status status = interrupt_attach(gsi, trigger, serial_interrupt, NULL, NULL);
    if (status != STATUS_OK)
        return status;
    spin_lock(&serial.output_lock);
    serial.started = true;
    spin_unlock(&serial.output_lock);
    serial_interrupt(NULL); /* what came before */
    return STATUS_OK;
}
