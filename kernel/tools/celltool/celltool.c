// celltool: makes cells out of compiled C, and shows and compares them.
// SPDX-License-Identifier: MIT
#include "diff.h"
#include "sha256.h"
#include "show.h"
#include "write.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: celltool write --name NAME --kind KIND [--start PHASE] [--uses \"CELL...\"] "
    "[--closure [--unchecked]]\n"
    "                      [--lineage GROUP] [--trees \"SOURCE.trees...\"]\n"
    "                      --abi-flags \"FLAG...\" [--index LINE-FILE] LINKED.o CELL.o\n"
    "       celltool show [--json] CELL.o\n"
    "       celltool diff OLD.o NEW.o      exits with 1 if they differ\n"
    "KIND is core, driver, service, library, app or test; PHASE none, early, device, "
    "service or app.\n"
    "--closure: of the engine's closure, and does only what that may; --unchecked: for "
    "tests of who else checks that.\n"
    "--trees: what -fdump-tree-original wrote of each C source; tells folded statics of "
    "functions.\n"
    "LINKED.o is compiled with -g; CELL.o is what ships, see FORMAT.md. LINE-FILE gets "
    "its line of build/cells/index.\n";

static int usage_fail(const char *message, const char *word)
{
    fprintf(stderr, "celltool: %s%s%s\n%s", message, word ? " " : "", word ? word : "",
            usage);
    return EXIT_USAGE;
}

// Ends JOB; prints its refusal, if any.
static int finish(struct job *job, bool done)
{
    if (!done)
        fprintf(stderr, "%s\n", job->refusal);
    job_fini(job);
    return done ? EXIT_DONE : EXIT_REFUSED;
}

static bool parse_kind(const char *word, uint16_t *out_kind)
{
    for (uint16_t kind = 1; kind_name(kind); kind++)
        if (strcmp(word, kind_name(kind)) == 0)
            return *out_kind = kind, true;
    return false;
}

static bool parse_phase(const char *word, uint16_t *out_phase)
{
    for (uint16_t phase = 0; phase_name(phase); phase++)
        if (strcmp(word, phase_name(phase)) == 0)
            return *out_phase = phase, true;
    return false;
}

struct write_arguments {
    struct write_options options;
    const char *kind, *phase;
    const char *index; // file for the line `name kind phase sha256 length`, or NULL
    const char *in, *out;
};

// 0, or the exit code after the complaint.
static int parse_write(int count, char **words, struct write_arguments *out)
{
    struct write_arguments found = {.phase = "none", .options = {.uses = ""}};
    const struct {
        const char *option;
        const char **value;
    } table[] = {{"--name", &found.options.name},
                 {"--kind", &found.kind},
                 {"--start", &found.phase},
                 {"--uses", &found.options.uses},
                 {"--index", &found.index},
                 {"--abi-flags", &found.options.abi_flags},
                 {"--lineage", &found.options.lineage},
                 {"--trees", &found.options.trees}};

    for (int i = 0; i < count; i++) {
        size_t k = 0;
        while (k < ARRAY_LEN(table) && strcmp(words[i], table[k].option) != 0)
            k++;
        if (k < ARRAY_LEN(table) && i + 1 < count)
            *table[k].value = words[++i];
        else if (strcmp(words[i], "--closure") == 0)
            found.options.closure = true;
        else if (strcmp(words[i], "--unchecked") == 0)
            found.options.unchecked = true;
        else if (words[i][0] == '-')
            return usage_fail(
                k < ARRAY_LEN(table) ? "missing value after" : "unknown option", words[i]);
        else if (!found.in)
            found.in = words[i];
        else if (!found.out)
            found.out = words[i];
        else
            return usage_fail("too many files:", words[i]);
    }
    if (!found.options.name || !found.kind || !found.options.abi_flags || !found.in ||
        !found.out)
        return usage_fail("--name, --kind, --abi-flags and two files are needed", NULL);
    if (!parse_kind(found.kind, &found.options.kind))
        return usage_fail("unknown kind", found.kind);
    if (!parse_phase(found.phase, &found.options.phase))
        return usage_fail("unknown start phase", found.phase);
    *out = found;
    return 0;
}

static bool index_write(struct job *job, const struct write_arguments *arguments,
                        const struct text *object)
{
    uint8_t digest[SHA256_LEN];
    struct text line;

    if (!arguments->index)
        return true;
    sha256(object->bytes, object->len, digest);
    text_init(&line, job);
    text_add(&line, "%s %s %s ", arguments->options.name, arguments->kind,
             arguments->phase);
    for (size_t i = 0; i < sizeof(digest); i++)
        text_add(&line, "%02x", digest[i]);
    text_add(&line, " %zu\n", object->len);
    return file_write(job, arguments->index, line.bytes, line.len);
}

static int run_write(int count, char **words)
{
    struct write_arguments arguments;
    char subject[128];
    struct job job;
    struct text out;
    uint8_t *bytes;
    size_t len;

    int failed = parse_write(count, words, &arguments);
    if (failed)
        return failed;
    snprintf(subject, sizeof(subject), "cell %s", arguments.options.name);
    job_init(&job, subject);
    text_init(&out, &job);
    bool done = file_read(&job, arguments.in, &bytes, &len) &&
                write_cell(&job, &arguments.options, bytes, len, &out) &&
                file_write(&job, arguments.out, out.bytes, out.len) &&
                index_write(&job, &arguments, &out);
    return finish(&job, done);
}

static bool load_file(struct job *job, const char *path, struct cell *out_cell)
{
    uint8_t *bytes;
    size_t len;

    job->subject = path;
    return file_read(job, path, &bytes, &len) && cell_load(job, bytes, len, out_cell);
}

static int run_show(int count, char **words)
{
    bool json = count && strcmp(words[0], "--json") == 0;
    struct job job;
    struct cell cell;
    struct text out;

    if (count != 1 + json || words[count - 1][0] == '-')
        return usage_fail("show takes one file", NULL);
    job_init(&job, words[count - 1]);
    text_init(&out, &job);
    bool done = load_file(&job, words[count - 1], &cell);
    if (done) {
        (json ? show_json : show_text)(&cell, &out);
        fwrite(out.bytes, 1, out.len, stdout);
    }
    return finish(&job, done);
}

static int run_diff(int count, char **words)
{
    struct job job;
    struct cell old, new;
    struct text out;

    if (count != 2)
        return usage_fail("diff takes two files", NULL);
    job_init(&job, words[0]);
    text_init(&out, &job);
    if (!load_file(&job, words[0], &old) || !load_file(&job, words[1], &new)) {
        finish(&job, false);
        return EXIT_USAGE;
    }
    size_t differences = diff_cells(&old, &new, &out);
    fwrite(out.bytes, 1, out.len, stdout);
    bool same = strcmp(old.identity, new.identity) == 0;
    if (!same && !differences)
        printf("no function, data, type or import changed (order or literals only)\n");
    job_fini(&job);
    return same ? EXIT_DONE : EXIT_REFUSED;
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        int (*run)(int count, char **words);
    } commands[] = {{"write", run_write}, {"show", run_show}, {"diff", run_diff}};

    for (size_t i = 0; count > 1 && i < ARRAY_LEN(commands); i++)
        if (strcmp(words[1], commands[i].name) == 0)
            return commands[i].run(count - 2, words + 2);
    if (count == 2 && strcmp(words[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    return usage_fail(count > 1 ? "unknown command" : "a command is needed",
                      count > 1 ? words[1] : NULL);
}
