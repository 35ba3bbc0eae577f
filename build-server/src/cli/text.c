/* Cleans and shortens text for terminals.
 * SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Decodes one character of TEXT; gives its length in bytes, 0 at the end or for broken UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *out)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    uint32_t value = text[0];

    if (text[0] == 0 || (text[0] >= 0x80 && text[0] < 0xc2) || text[0] > 0xf4) {
        return 0;
    }
    if (len > 1) {
        value = text[0] & (0xffu >> (len + 1));
        for (size_t i = 1; i < len; i++) {
            if ((text[i] & 0xc0) != 0x80) {
                return 0;
            }
            value = value << 6 | (text[i] & 0x3f);
        }
        if (value < smallest[len] || value > 0x10ffff ||
            (value >= 0xd800 && value <= 0xdfff)) {
            return 0;
        }
    }
    *out = value;
    return len;
}

/* Characters that act on a terminal or on the direction of text instead of being seen. */
static bool is_hostile(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

static void clean(char *text, bool keep_lines)
{
    unsigned char *in = (unsigned char *)text;
    unsigned char *out = in;

    while (*in != 0) {
        uint32_t c = 0;
        size_t len = decode(in, &c);

        if (len == 0) {
            *out++ = '?';
            in++;
        } else if (is_hostile(c) && !(keep_lines && (c == '\n' || c == '\t'))) {
            *out++ = c == '\t' || c == '\n' || c == '\r' ? ' ' : '?';
            in += len;
        } else {
            memmove(out, in, len);
            out += len;
            in += len;
        }
    }
    *out = 0;
}

void text_clean_line(char *text)
{
    clean(text, false);
}

void text_clean(char *text)
{
    clean(text, true);
}

/* The ranges that terminals show two columns wide. */
static unsigned columns_of(uint32_t c)
{
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0xfe00 && c <= 0xfe0f)) {
        return 0;
    }
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                   (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                   (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                   (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd)
               ? 2
               : 1;
}

unsigned text_columns(const char *text)
{
    unsigned columns = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        uint32_t c = '?';
        size_t len = decode(at, &c);
        columns += columns_of(c);
        at += len ? len : 1;
    }
    return columns;
}

void text_cut(char *text, unsigned columns)
{
    unsigned used = 0;

    if (text_columns(text) <= columns) {
        return;
    }
    for (unsigned char *at = (unsigned char *)text; *at != 0;) {
        uint32_t c = '?';
        size_t len = decode(at, &c);
        used += columns_of(c);
        if (used > columns) {
            *at = 0;
            return;
        }
        at += len ? len : 1;
    }
}

int64_t text_parse_time(const char *time)
{
    struct tm parts = {0};
    int milliseconds = 0;

    if (time == NULL || sscanf(time, "%d-%d-%dT%d:%d:%d.%dZ", &parts.tm_year,
                               &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                               &parts.tm_min, &parts.tm_sec, &milliseconds) < 6) {
        return -1;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return (int64_t)timegm(&parts) * 1000 + milliseconds;
}

void text_format_time(const char *time, char *out, size_t out_len)
{
    if (time == NULL || text_parse_time(time) < 0 || strlen(time) < 19) {
        snprintf(out, out_len, "-");
        return;
    }
    snprintf(out, out_len, "%.10s %.8s", time, time + 11);
}

void text_format_duration(double seconds, char *out, size_t out_len)
{
    uint64_t whole = seconds > 0 ? (uint64_t)seconds : 0;

    if (seconds < 1) {
        snprintf(out, out_len, "%.0f ms", seconds > 0 ? seconds * 1000 : 0.0);
    } else if (seconds < 60) {
        snprintf(out, out_len, "%.2f s", seconds);
    } else if (whole < 3600) {
        snprintf(out, out_len, "%u min %u s", (unsigned)(whole / 60),
                 (unsigned)(whole % 60));
    } else if (whole < 86400) {
        snprintf(out, out_len, "%u h %u min", (unsigned)(whole / 3600),
                 (unsigned)(whole / 60 % 60));
    } else {
        snprintf(out, out_len, "%u d %u h", (unsigned)(whole / 86400),
                 (unsigned)(whole / 3600 % 24));
    }
}

void text_format_nanoseconds(double nanoseconds, char *out, size_t out_len)
{
    if (nanoseconds < 1000) {
        snprintf(out, out_len, "%.0f ns", nanoseconds);
    } else if (nanoseconds < 1e6) {
        snprintf(out, out_len, "%.0f µs", nanoseconds / 1e3);
    } else {
        snprintf(out, out_len, "%.1f ms", nanoseconds / 1e6);
    }
}

void text_quote(const char *word, char *out, size_t out_len)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "_-+./:=@%,";
    size_t used = 0;

    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        snprintf(out, out_len, "%s", word);
        return;
    }
    if (out_len < 3) {
        return;
    }
    out[used++] = '\'';
    for (const char *at = word; *at != '\0' && used + 6 < out_len; at++) {
        if (*at == '\'') {
            memcpy(out + used, "'\\''", 4);
            used += 4;
        } else {
            out[used++] = *at;
        }
    }
    out[used++] = '\'';
    out[used] = '\0';
}

bool text_colours(void)
{
    const char *terminal = getenv("TERM");
    const char *refused = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(refused && refused[0]) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

unsigned text_terminal_columns(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}
