// Reads any text, and changes to a valid one, as the parse trees of a source: what it names lies within the text.
// SPDX-License-Identifier: MIT
#include <tools/celltool/statics.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char valid[] =
    ";; Function f (null)\n{\n  static int n[2][3] = {1};\n"
    "  static struct \n  {\n    int a;\n  } unnamed = {.a=1};\n"
    "  static int inner (int);\n\n  # DEBUG BEGIN STMT;\n"
    "    static int n[2][3];\n  {\n    static char text[2];\n\n  }\n}\n";

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* The first byte says whether the rest is the text, or changes of the valid one: a place, a byte. */
static char *text_of(const uint8_t *data, size_t len, size_t *out_len)
{
    bool raw = len && data[0] == 0;
    *out_len = raw ? len - 1 : sizeof valid - 1;
    char *text = malloc(*out_len ? *out_len : 1);
    check(text);
    memcpy(text, raw ? (const char *)data + 1 : valid, *out_len);
    for (size_t at = 1; !raw && at + 1 < len; at += 2)
        text[data[at] % *out_len] = (char)data[at + 1];
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct statics statics = {0};
    struct job job;
    size_t text_len;
    char *text = text_of(data, len, &text_len);

    job_init(&job, "fuzz");
    statics_add(&job, "f.c", text, text_len, &statics);
    for (size_t i = 0; i < statics.count; i++) {
        const struct function_static *item = &statics.items[i];
        check(item->count && strlen(item->name) && strlen(item->name) < text_len);
        check(memmem(text, text_len, item->name, strlen(item->name)));
        check(statics_count(&statics, "f.c", item->function, item->name) == item->count);
    }
    job_fini(&job);
    free(text);
    return 0;
}
