/* The 16550A at COM1. */
/* SPDX-License-Identifier: MIT */
#include <console/serial/serial.h>

#include <irq/interrupt/interrupt.h>
#include <lib/base/io.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

#define PORT 0x3f8u
#define ISA_IRQ 4u
#define TRANSMIT_POLLS 1000000u /* about a second of port reads */
#define INPUT_LEN 1024u         /* a power of two */

enum uart_register {
    UART_DATA = 0,
    UART_INTERRUPT_ENABLE = 1,
    UART_FIFO = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
};

#define LINE_STATUS_DATA 0x01u
#define LINE_STATUS_ROOM 0x20u

static struct {
    struct spinlock output_lock;
    bool output_stuck; /* the transmitter did not move: do not wait that long again */
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

static void put_byte(char byte)
{
    unsigned polls = serial.output_stuck ? 1 : TRANSMIT_POLLS;
    while (!(io_in8(PORT + UART_LINE_STATUS) & LINE_STATUS_ROOM)) {
        if (--polls == 0) {
            serial.output_stuck = true;
            return;
        }
        cpu_pause();
    }
    serial.output_stuck = false;
    io_out8(PORT + UART_DATA, (uint8_t)byte);
}

void serial_write_unlocked(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            put_byte('\r');
        put_byte(bytes[i]);
    }
}

void serial_write(const char *bytes, size_t len)
{
    spin_lock(&serial.output_lock);
    serial_write_unlocked(bytes, len);
    spin_unlock(&serial.output_lock);
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
static void serial_interrupt(void *arg)
{
    bool any = false;
    (void)arg;
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

enum status serial_start(void)
{
    enum interrupt_trigger trigger;
    unsigned gsi = interrupt_isa_gsi(ISA_IRQ, &trigger);
    enum status status = interrupt_attach(gsi, trigger, serial_interrupt, NULL, NULL);
    if (status != STATUS_OK)
        return status;
    io_out8(PORT + UART_INTERRUPT_ENABLE, 0x01);
    serial_interrupt(NULL); /* what came before */
    return STATUS_OK;
}
