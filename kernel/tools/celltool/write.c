// Runs the steps of celltool write: read, select, collect, tabulate, encode, emit.
// SPDX-License-Identifier: MIT
#include "write.h"

#include "emit.h"
#include "select.h"
#include "sha256.h"
#include "tables.h"

#include <core/loader/closure.h>

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 63

static bool name_check(struct job *job, const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (!len || name[len] || len > NAME_MAX_LEN)
        return job_refuse(job, "'%s' is no cell name: 1 to 63 of a-z, 0-9 and _", name);
    return true;
}

static int compare_strings(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool uses_fill(struct job *job, const char *words, struct cell_info *info)
{
    size_t count = 0;
    char *word;

    while ((word = job_word(job, &words))) {
        if (!name_check(job, word))
            return false;
        info->uses = job_grow(job, info->uses, count, sizeof(*info->uses));
        info->uses[count++] = word;
    }
    if (count)
        qsort(info->uses, count, sizeof(*info->uses), compare_strings);
    for (size_t i = 0; i < count; i++)
        if (!info->uses_count ||
            strcmp(info->uses[info->uses_count - 1], info->uses[i]) != 0)
            info->uses[info->uses_count++] = info->uses[i];
    return true;
}

static uint64_t abi_hash(struct job *job, const char *flags)
{
    struct text text;
    char *word;

    text_init(&text, job);
    while ((word = job_word(job, &flags)))
        text_add(&text, "%s\n", word);
    return sha256_short(text.bytes, text.len);
}

// What a flag is about: "red-zone" for -mred-zone and -mno-red-zone, "cmodel" for
// -mcmodel=kernel.
static const char *flag_topic(const char *word, size_t *out_len)
{
    const char *topic = word + (strncmp(word, "-mno-", 5) == 0 ? 5 : 2);
    *out_len = strcspn(topic, "= ");
    return topic;
}

// Says whether FLAG is the last word on its topic among the compiler's recorded flags.
static bool flag_holds(const char *recorded, const char *flag)
{
    size_t topic_len, len = strlen(flag);
    const char *topic = flag_topic(flag, &topic_len);
    bool holds = false;

    for (const char *at = recorded; (at = strstr(at, " -m")); at++) {
        size_t other_len;
        const char *other = flag_topic(at + 1, &other_len);
        if (other_len == topic_len && strncmp(other, topic, topic_len) == 0)
            holds =
                strncmp(at + 1, flag, len) == 0 && (at[1 + len] == ' ' || !at[1 + len]);
    }
    return holds;
}

// The machine flags among the ABI's are those that a wrong build would get away with
// until an interrupt hits its red zone.
static bool flags_check(struct job *job, const struct debug *debug, const char *flags)
{
    char *word;

    while ((word = job_word(job, &flags)))
        for (size_t i = 0; strncmp(word, "-m", 2) == 0 && i < debug->unit_count; i++)
            if (!debug->units[i].assembly && !flag_holds(debug->units[i].producer, word))
                return job_refuse(job, "%s was compiled without %s", debug->units[i].file,
                                  word);
    return true;
}

static bool tables_fill(struct job *job, struct object *object, struct debug *debug,
                        const char *trees, struct cell_info *info)
{
    struct collection all;
    struct statics statics = {0};
    struct types types;

    types_init(&types, job);
    if (!collect(job, object, debug, &types, info->name, &all) ||
        !statics_read(job, trees ? trees : "", &statics))
        return false;
    all.statics = &statics;
    types_sort(&all);
    return tables_functions(&all, info) && tables_data(&all, info) &&
           tables_types(&all, info);
}

// What the loader would refuse is told to whoever builds it.
static bool closure_allows(struct job *job, const struct write_options *options,
                           const struct text *cell)
{
    struct elf_object object;
    struct closure_finding finding;
    const char *why;

    if (options->unchecked)
        return true;
    if (elf_open((const uint8_t *)cell->bytes, cell->len, &object, &why) != STATUS_OK)
        return job_refuse(job, "the object that was made is not one: %s", why);
    return closure_check(&object, options->name, options->closure, &finding) == STATUS_OK ||
           job_refuse(job, "%s", finding.text);
}

bool write_cell(struct job *job, const struct write_options *options, uint8_t *bytes,
                size_t len, struct text *out)
{
    struct cell_info info = {.name = options->name,
                             .kind = options->kind,
                             .phase = options->phase,
                             .lineage = options->lineage,
                             .flags = (uint16_t)((options->closure ? CELL_CLOSURE : 0) |
                                                 (options->lineage ? CELL_LINEAGE : 0)),
                             .abi_hash = abi_hash(job, options->abi_flags)};
    struct object object;
    struct debug debug;
    struct text cell;

    if (!name_check(job, options->name) ||
        (info.lineage && !name_check(job, info.lineage)) ||
        !uses_fill(job, options->uses, &info) || !object_read(job, bytes, len, &object) ||
        !object_select(&object))
        return false;
    bool done = debug_open(job, &object, &debug) &&
                flags_check(job, &debug, options->abi_flags) &&
                tables_fill(job, &object, &debug, options->trees, &info);
    if (done) {
        text_init(&cell, job);
        info_encode(job, &info, &cell);
        emit_object(job, &object, &cell, out);
        done = closure_allows(job, options, out);
    }
    debug_close(&debug);
    return done;
}
