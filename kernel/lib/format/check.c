/* What the formatter says of itself in a trial: known answers. */
/* SPDX-License-Identifier: MIT */
#include <lib/format/format.h>

#include <lib/base/evolve.h>

static bool equal(const char *a, const char *b)
{
    while (*a != 0 && *a == *b)
        a++, b++;
    return *a == *b;
}

EVOLVE_CHECK(answers)
{
    static const char expected[] = "-7 42|00ff|ab   |abc c %";
    char text[40];
    char cut[4];
    size_t len = format_text(text, sizeof text, "%d %lu|%04x|%-5s|%.3s %c %%", -7, 42ul,
                             0xffu, "ab", "abcdef", 'c');
    if (len != sizeof expected - 1 || !equal(text, expected))
        return "a known text comes out wrong";
    (void)format_text(cut, sizeof cut, "%s", "abcdef");
    return equal(cut, "abc") ? NULL : "a text that is too long is not cut";
}
