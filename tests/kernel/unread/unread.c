/* A serial line that nobody reads: it stops nobody, and says how much it has lost. */
/* SPDX-License-Identifier: MIT */
#include <console/serial/serial.h>
#include <console/shell/shell.h>
#include <lib/base/io.h>
#include <lib/format/format.h>
#include <tests/kernel/ktest/ktest.h>

#define LINES 8000u /* of 24 bytes each on the wire */
#define TELL_PORT 0xe9u

enum status test_unread_start(void);

static volatile uint64_t read_again;

/* The run script types it when it has read that something is lost. */
static void read_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    read_again = 1;
}

static void lines(const char *kind, unsigned count)
{
    char text[32];
    for (unsigned i = 0; i < count; i++) {
        size_t len = format_text(text, sizeof text, "%s %5u of %5u.\n", kind, i, count);
        serial_write(text, len);
    }
}

/* Seen to fail when keep_notice() keeps nothing (nobody says it), and when the handler asks for no more interrupts (nothing
 * comes before the next output). */
static void what_nobody_reads_stops_nobody_and_is_counted(void)
{
    lines("unread", LINES);
    io_out8(TELL_PORT, '!');
    KTEST_CHECK(ktest_until_count(&read_again, 1, 60 * 1000000000ull));
}

static void afterwards_nothing_is_lost(void)
{
    lines("behind", 100);
}

static const struct ktest_case cases[] = {
    KTEST_CASE(what_nobody_reads_stops_nobody_and_is_counted),
    KTEST_CASE(afterwards_nothing_is_lost),
};

enum status test_unread_start(void)
{
    enum status status = shell_register("read", read_command, "is typed by the test");
    return status == STATUS_OK ? ktest_run(cases, ARRAY_LEN(cases)) : status;
}
