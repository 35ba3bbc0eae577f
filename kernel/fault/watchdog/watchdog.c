/* The timer of the Intel 6300ESB. */
/* SPDX-License-Identifier: MIT */
#include <fault/watchdog/watchdog.h>

#include <bus/pci/pci.h>
#include <console/log/log.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define VENDOR_INTEL 0x8086u
#define DEVICE_6300ESB 0x25abu

/* Configuration space. */
enum {
    CONFIG = 0x60,           /* 16 bits: interrupt, clock, whether it may reset */
    CONFIG_NO_INTERRUPT = 3, /* at the end of the first of its two stages */
    LOCK = 0x68,             /* 8 bits */
    LOCK_ENABLE = 1u << 1,
};

/* Registers. Each write to one follows two words to RELOAD, which are its key. */
enum {
    TIMER1 = 0x00, /* 20 bits, in steps of 2^15 cycles at 33 MHz: about a millisecond */
    TIMER2 = 0x04,
    RELOAD = 0x0c, /* 16 bits */
    RELOAD_KEY1 = 0x80,
    RELOAD_KEY2 = 0x86,
    RELOAD_NOW = 1u << 8,
};

#define STAGE_STEPS (WATCHDOG_SECONDS * 1000u / 2)

static struct {
    struct spinlock lock;
    struct event changed;
    struct pci_device device;    /* [I] */
    volatile uint8_t *registers; /* [I] NULL: there is none */
    bool armed;                  /* [L] */
} watchdog;

static void write16(unsigned offset, uint16_t value)
{
    *(volatile uint16_t *)(watchdog.registers + offset) = value;
}

/* Lock held. */
static void unlock_register(void)
{
    write16(RELOAD, RELOAD_KEY1);
    write16(RELOAD, RELOAD_KEY2);
}

static void set_stage(unsigned offset)
{
    unlock_register();
    *(volatile uint32_t *)(watchdog.registers + offset) = STAGE_STEPS;
}

static void reload(void)
{
    unlock_register();
    write16(RELOAD, RELOAD_NOW);
}

void watchdog_arm(void)
{
    if (!watchdog.registers)
        return;
    spin_lock(&watchdog.lock);
    set_stage(TIMER1);
    set_stage(TIMER2);
    pci_write8(&watchdog.device, LOCK, LOCK_ENABLE);
    reload();
    watchdog.armed = true;
    spin_unlock(&watchdog.lock);
    event_signal(&watchdog.changed);
}

void watchdog_disarm(void)
{
    spin_lock(&watchdog.lock);
    if (watchdog.armed)
        pci_write8(&watchdog.device, LOCK, 0);
    watchdog.armed = false;
    spin_unlock(&watchdog.lock);
}

static struct wait watchdog_step(void *arg)
{
    uint32_t seq = event_seq(&watchdog.changed);
    (void)arg;
    spin_lock(&watchdog.lock);
    bool armed = watchdog.armed;
    if (armed)
        reload();
    spin_unlock(&watchdog.lock);
    return wait_event(&watchdog.changed, seq, armed ? clock_ns() + NS_PER_S : 0);
}

enum status watchdog_start(void)
{
    volatile void *registers;
    size_t len;
    if (pci_find(VENDOR_INTEL, DEVICE_6300ESB, &watchdog.device) != STATUS_OK)
        return STATUS_OK;
    event_init(&watchdog.changed);
    pci_enable(&watchdog.device, PCI_ENABLE_MEMORY);
    if (pci_bar_map(&watchdog.device, 0, &registers, &len) != STATUS_OK || len < 0x10) {
        log_write("watchdog", LOG_WARNING, "its registers cannot be mapped");
        return STATUS_OK;
    }
    pci_write8(&watchdog.device, LOCK, 0);
    pci_write16(&watchdog.device, CONFIG, CONFIG_NO_INTERRUPT);
    watchdog.registers = registers;
    return task_create("watchdog", watchdog_step, NULL, NULL) ? STATUS_OK : STATUS_FULL;
}
