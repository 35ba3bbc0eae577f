/* Puts output above the line that is being edited, and shows that line again. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>

#include "private.h"

#include <console/serial/serial.h>
#include <lib/format/format.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <time/clock/clock.h>

#define TEXT_MAX 1024u
#define PROMPT_MAX 16u
#define ERASE_LINE "\r\x1b[K"

/* A console that nobody types at shows no prompt: its output is also a log file. */
#define ATTENTION_NS (60 * NS_PER_S)

static struct {
    struct spinlock lock;
    bool editing;      /* [L] a line can be typed */
    bool shown;        /* [L] the prompt and the line are on the screen */
    bool mid_line;     /* [L] the last output did not end its line */
    uint64_t typed_ns; /* [L] when the last byte came, 0 = never */
    char prompt[PROMPT_MAX];
    struct editor editor;
} console;

/* Lock held. */
static void show_line(void)
{
    char move[16];
    struct editor *e = &console.editor;
    bool somebody = console.typed_ns != 0 && clock_ns() - console.typed_ns < ATTENTION_NS;
    console.shown = console.editing && !console.mid_line && (somebody || e->len > 0);
    if (!console.shown)
        return;
    serial_write(ERASE_LINE, sizeof ERASE_LINE - 1);
    serial_write(console.prompt, strlen(console.prompt));
    serial_write(e->line, e->len);
    if (e->cursor < e->len)
        serial_write(move, format_text(move, sizeof move, "\x1b[%uD", e->len - e->cursor));
}

void console_write(const char *text, size_t len)
{
    if (len == 0)
        return;
    spin_lock(&console.lock);
    if (console.shown)
        serial_write(ERASE_LINE, sizeof ERASE_LINE - 1);
    serial_write(text, len);
    console.mid_line = text[len - 1] != '\n';
    show_line();
    spin_unlock(&console.lock);
}

void console_print(const char *format, ...)
{
    char text[TEXT_MAX];
    size_t len;
    va_list arguments;
    va_start(arguments, format);
    len = format_text_list(text, sizeof text, format, arguments);
    va_end(arguments);
    console_write(text, min_u64(len, sizeof text - 1));
}

void console_print_unlocked(const char *format, ...)
{
    char text[TEXT_MAX];
    size_t len;
    va_list arguments;
    va_start(arguments, format);
    len = format_text_list(text, sizeof text, format, arguments);
    va_end(arguments);
    serial_write_unlocked(text, min_u64(len, sizeof text - 1));
}

void console_flush_unlocked(void)
{
    serial_flush_unlocked();
}

void console_prompt(const char *prompt)
{
    spin_lock(&console.lock);
    strncpy(console.prompt, prompt, PROMPT_MAX - 1);
    if (console.mid_line)
        serial_write("\n", 1);
    console.mid_line = false;
    console.editing = true;
    editor_next(&console.editor);
    show_line();
    spin_unlock(&console.lock);
}

enum status console_read_line(char *out)
{
    enum status status = STATUS_AGAIN;
    enum editor_result result = EDITOR_NOTHING;
    char byte;
    bool fed = false;
    spin_lock(&console.lock);
    while (result != EDITOR_DONE && serial_read(&byte) == STATUS_OK) {
        result = editor_feed(&console.editor, byte);
        fed = true;
    }
    if (fed) {
        console.typed_ns = clock_ns();
        show_line();
    }
    if (result == EDITOR_DONE) {
        memcpy(out, console.editor.line, console.editor.len + 1);
        if (console.shown)
            serial_write("\n", 1);
        console.editing = false;
        console.shown = false;
        status = STATUS_OK;
    }
    spin_unlock(&console.lock);
    return status;
}

struct event *console_event(void)
{
    return serial_event();
}
