// Reads the declarations of statics out of gcc's -fdump-tree-original.
// SPDX-License-Identifier: MIT
//
// A function begins with `;; Function NAME (`. Each of its blocks opens with a line that
// ends in `{`, then has its declarations, a line each, then an empty line. They come once
// more among the statements, each behind a `# DEBUG` line, where they do not count. A
// declaration with an unnamed struct takes several lines, the last of which is `} NAME;`.
#include "statics.h"

#include <string.h>

#define TREES ".trees"

struct line {
    const char *text; // without what it is indented by
    size_t len;
};

struct reader {
    struct job *job;
    struct statics *statics;
    const char *file;
    const char *function; // NULL: before the first
    bool declares;        // within a block's declarations
    bool unnamed;         // within the struct of a declaration
    size_t depth;         // braces of that struct that are open
};

static bool begins(const struct line *line, const char *word)
{
    size_t len = strlen(word);
    return line->len >= len && memcmp(line->text, word, len) == 0;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '$';
}

// The length of a declaration up to its initialiser or its end.
static size_t declaration_len(const struct line *line)
{
    const char *value = memmem(line->text, line->len, " = ", 3);
    const char *end = memchr(line->text, ';', line->len);

    if (value && (!end || value < end))
        return (size_t)(value - line->text);
    return end ? (size_t)(end - line->text) : 0;
}

static struct function_static *find(const struct statics *statics, const char *file,
                                    const char *function, const char *name)
{
    for (size_t i = 0; i < statics->count; i++) {
        struct function_static *item = &statics->items[i];
        if (strcmp(item->name, name) == 0 && strcmp(item->function, function) == 0 &&
            strcmp(item->file, file) == 0)
            return item;
    }
    return NULL;
}

// Takes the name that a declaration ends in, but for the lengths of its arrays. One that
// ends in a parenthesis is that of a function.
static void take_name(struct reader *reader, const struct line *line)
{
    size_t end = declaration_len(line);

    while (end && line->text[end - 1] == ']')
        while (end && line->text[--end] != '[')
            ;
    size_t from = end;
    while (from && is_name(line->text[from - 1]))
        from--;
    if (from == end)
        return;
    char *name = job_print(reader->job, "%.*s", (int)(end - from), line->text + from);
    struct function_static *item =
        find(reader->statics, reader->file, reader->function, name);
    if (item) {
        item->count++;
        return;
    }
    struct statics *all = reader->statics;
    all->items = job_grow(reader->job, all->items, all->count, sizeof(*all->items));
    all->items[all->count++] = (struct function_static){
        .file = reader->file, .function = reader->function, .name = name, .count = 1};
}

static void read_struct(struct reader *reader, const struct line *line)
{
    if (begins(line, "{"))
        reader->depth++;
    if (!begins(line, "}") || (reader->depth && --reader->depth))
        return;
    reader->unnamed = false;
    take_name(reader, line);
}

static void read_line(struct reader *reader, const struct line *line)
{
    static const char head[] = ";; Function ";

    if (begins(line, head)) {
        const char *name = line->text + strlen(head);
        size_t len = 0;
        while (name + len < line->text + line->len && is_name(name[len]))
            len++;
        reader->function = job_print(reader->job, "%.*s", (int)len, name);
        reader->declares = reader->unnamed = false;
    } else if (reader->unnamed) {
        read_struct(reader, line);
    } else if (!line->len || begins(line, "#")) {
        reader->declares = false;
    } else if (line->text[line->len - 1] == '{') {
        reader->declares = reader->function;
    } else if (reader->declares && begins(line, "static ")) {
        reader->unnamed = !declaration_len(line);
        reader->depth = 0;
        if (!reader->unnamed)
            take_name(reader, line);
    }
}

void statics_add(struct job *job, const char *file, const char *text, size_t len,
                 struct statics *statics)
{
    struct reader reader = {.job = job, .statics = statics, .file = file};

    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t next = end ? (size_t)(end - text) : len;
        while (at < next && (text[at] == ' ' || text[at] == '\t'))
            at++;
        read_line(&reader, &(struct line){text + at, next - at});
        at = next + 1;
    }
}

bool statics_read(struct job *job, const char *words, struct statics *out)
{
    char *path;

    while ((path = job_word(job, &words))) {
        const char *slash = strrchr(path, '/');
        const char *base = slash ? slash + 1 : path;
        size_t stem = strlen(base) - strlen(TREES), len;
        uint8_t *bytes;
        if (strlen(base) <= strlen(TREES) || strcmp(base + stem, TREES) != 0)
            return job_refuse(job, "%s is not called SOURCE%s", path, TREES);
        if (!file_read(job, path, &bytes, &len))
            return false;
        statics_add(job, job_print(job, "%.*s", (int)stem, base), (const char *)bytes,
                    len, out);
    }
    return true;
}

size_t statics_count(const struct statics *statics, const char *file,
                     const char *function, const char *name)
{
    const struct function_static *item = find(statics, file, function, name);
    return item ? item->count : 0;
}
