/* Line editing: bytes of a terminal in, a line and a cursor out. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <string.h>

#define CTRL(letter) ((letter) - '@')

static enum editor_result insert(struct editor *e, char byte)
{
    if (e->len + 1 >= CONSOLE_LINE_MAX)
        return EDITOR_NOTHING;
    memmove(e->line + e->cursor + 1, e->line + e->cursor, e->len - e->cursor);
    e->line[e->cursor++] = byte;
    e->len++;
    return EDITOR_REDRAW;
}

/* Removes the characters in [from, to). */
static enum editor_result erase(struct editor *e, uint32_t from, uint32_t to)
{
    memmove(e->line + from, e->line + to, e->len - to);
    e->len -= to - from;
    e->cursor = from;
    return EDITOR_REDRAW;
}

static enum editor_result move(struct editor *e, uint32_t cursor)
{
    e->cursor = cursor <= e->len ? cursor : e->len;
    return EDITOR_REDRAW;
}

static enum editor_result left(struct editor *e)
{
    return move(e, e->cursor > 0 ? e->cursor - 1 : 0);
}

static enum editor_result erase_here(struct editor *e)
{
    return e->cursor < e->len ? erase(e, e->cursor, e->cursor + 1) : EDITOR_NOTHING;
}

static enum editor_result erase_back(struct editor *e)
{
    return e->cursor > 0 ? erase(e, e->cursor - 1, e->cursor) : EDITOR_NOTHING;
}

static enum editor_result erase_word(struct editor *e)
{
    uint32_t from = e->cursor;
    while (from > 0 && e->line[from - 1] == ' ')
        from--;
    while (from > 0 && e->line[from - 1] != ' ')
        from--;
    return erase(e, from, e->cursor);
}

static enum editor_result recall(struct editor *e, uint32_t back)
{
    uint32_t kept = e->history_count < HISTORY_LINES ? e->history_count : HISTORY_LINES;
    if (back > kept)
        return EDITOR_NOTHING;
    e->history_at = back;
    e->len = 0;
    if (back > 0) {
        const char *line = e->history[(e->history_count - back) % HISTORY_LINES];
        e->len = (uint32_t)strlen(line);
        memcpy(e->line, line, e->len);
    }
    return move(e, e->len);
}

static enum editor_result older(struct editor *e)
{
    return recall(e, e->history_at + 1);
}

static enum editor_result newer(struct editor *e)
{
    return e->history_at > 0 ? recall(e, e->history_at - 1) : EDITOR_NOTHING;
}

static enum editor_result escape_letter(struct editor *e, char byte)
{
    switch (byte) {
    case 'A': return older(e);
    case 'B': return newer(e);
    case 'C': return move(e, e->cursor + 1);
    case 'D': return left(e);
    case 'H': return move(e, 0);
    case 'F': return move(e, e->len);
    default: return EDITOR_NOTHING;
    }
}

static enum editor_result escape_number(struct editor *e)
{
    switch (e->escape_number) {
    case 1:
    case 7: return move(e, 0);
    case 3: return erase_here(e);
    case 4:
    case 8: return move(e, e->len);
    default: return EDITOR_NOTHING;
    }
}

static enum editor_result feed_escape(struct editor *e, char byte)
{
    if (e->escape == ESCAPE_SEEN) {
        e->escape = byte == '[' || byte == 'O' ? ESCAPE_BRACKET : ESCAPE_NONE;
        e->escape_number = 0;
        return EDITOR_NOTHING;
    }
    if (byte >= '0' && byte <= '9') {
        e->escape = ESCAPE_NUMBER;
        e->escape_number = (e->escape_number * 10 + (uint32_t)(byte - '0')) % 1000;
        return EDITOR_NOTHING;
    }
    if (byte == ';')
        return EDITOR_NOTHING;
    e->escape = ESCAPE_NONE;
    return byte == '~' ? escape_number(e) : escape_letter(e, byte);
}

static enum editor_result feed_control(struct editor *e, char byte)
{
    switch (byte) {
    case '\r':
    case '\n': e->line[e->len] = 0; return EDITOR_DONE;
    case 27: e->escape = ESCAPE_SEEN; return EDITOR_NOTHING;
    case 127:
    case '\b': return erase_back(e);
    case CTRL('A'): return move(e, 0);
    case CTRL('B'): return left(e);
    case CTRL('C'): return erase(e, 0, e->len);
    case CTRL('D'): return erase_here(e);
    case CTRL('E'): return move(e, e->len);
    case CTRL('F'): return move(e, e->cursor + 1);
    case CTRL('K'): return erase(e, e->cursor, e->len);
    case CTRL('L'): return EDITOR_REDRAW;
    case CTRL('N'): return newer(e);
    case CTRL('P'): return older(e);
    case CTRL('U'): return erase(e, 0, e->cursor);
    case CTRL('W'): return erase_word(e);
    default: return EDITOR_NOTHING;
    }
}

enum editor_result editor_feed(struct editor *e, char byte)
{
    if (e->escape != ESCAPE_NONE)
        return feed_escape(e, byte);
    if ((uint8_t)byte < 32 || byte == 127)
        return feed_control(e, byte);
    return insert(e, byte);
}

void editor_next(struct editor *e)
{
    const char *newest = e->history[(e->history_count - 1) % HISTORY_LINES];
    bool again = e->history_count > 0 && strlen(newest) == e->len &&
                 memcmp(newest, e->line, e->len) == 0;
    if (e->len > 0 && !again) {
        char *slot = e->history[e->history_count++ % HISTORY_LINES];
        memcpy(slot, e->line, e->len);
        slot[e->len] = 0;
    }
    e->len = 0;
    e->cursor = 0;
    e->history_at = 0;
}
