/* A machine in a folder: objects, the list of what runs, the blob; and an engine that does what it was told to.
 * SPDX-License-Identifier: MIT
 */
#include "hosted.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <manifest/manifest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct machine {
    struct machine_options options;
    struct client_cell cells[MANIFEST_CELLS_MAX];
    size_t count;
    struct client_cell before[MANIFEST_CELLS_MAX];
    size_t before_count;
    uint64_t attempt;
    enum client_install_phase phase;
    uint64_t committed_ns;
    uint8_t *lent;
};

uint64_t hosted_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint8_t *hosted_read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    struct stat info;
    if (!file)
        return NULL;
    if (fstat(fileno(file), &info) == 0 && (bytes = malloc((size_t)info.st_size + 1))) {
        *out_len = fread(bytes, 1, (size_t)info.st_size, file);
        bytes[*out_len] = 0;
    }
    fclose(file);
    return bytes;
}

bool hosted_write_file(const char *path, const void *bytes, size_t len)
{
    char temporary[600];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool good = write(file, bytes, len) == (ssize_t)len && fsync(file) == 0;
    good = close(file) == 0 && good;
    return good && rename(temporary, path) == 0;
}

static void path_of(const struct machine *machine, const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", machine->options.folder, name);
}

static void object_path(const struct machine *machine, const uint8_t object[32],
                        char out[512])
{
    char hash[65];
    manifest_hex_write(object, 32, hash);
    snprintf(out, 512, "%s/objects/%s", machine->options.folder, hash);
}

/* --- What runs -------------------------------------------------------------------------- */

static void running_save(const struct machine *machine)
{
    char path[512];
    size_t len = 0;
    char *text = malloc(machine->count * (CLIENT_NAME_MAX + 70) + 1);
    if (!text)
        return;
    for (size_t i = 0; i < machine->count; i++) {
        char hash[65];
        manifest_hex_write(machine->cells[i].object, 32, hash);
        len += (size_t)sprintf(text + len, "%s %s\n", machine->cells[i].name, hash);
    }
    path_of(machine, "running", path);
    if (!hosted_write_file(path, text, len))
        fprintf(stderr, "client-host: %s: %s\n", path, strerror(errno));
    free(text);
}

static bool running_load(struct machine *machine)
{
    char path[512], name[CLIENT_NAME_MAX + 1], hash[65];
    path_of(machine, "running", path);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    while (machine->count < MANIFEST_CELLS_MAX &&
           fscanf(file, "%64s %64s", name, hash) == 2) {
        struct client_cell *cell = &machine->cells[machine->count];
        if (!manifest_hex_read(hash, cell->object, 32))
            break;
        memcpy(cell->name, name, sizeof cell->name);
        machine->count++;
    }
    fclose(file);
    return true;
}

/* A new machine runs the cells that were built in a folder: every NAME.o but the NAME.debug.o. */
static bool running_boot(struct machine *machine)
{
    DIR *folder = opendir(machine->options.cells);
    const struct dirent *entry;
    if (!folder)
        return false;
    while ((entry = readdir(folder)) && machine->count < MANIFEST_CELLS_MAX) {
        char path[512], object[512];
        size_t name_len = strlen(entry->d_name);
        size_t len;
        if (name_len < 3 || strcmp(entry->d_name + name_len - 2, ".o") != 0 ||
            strchr(entry->d_name, '.') != entry->d_name + name_len - 2 ||
            name_len - 2 > CLIENT_NAME_MAX)
            continue;
        snprintf(path, sizeof path, "%s/%s", machine->options.cells, entry->d_name);
        uint8_t *bytes = hosted_read_file(path, &len);
        struct client_cell *cell = &machine->cells[machine->count];
        memset(cell, 0, sizeof *cell);
        memcpy(cell->name, entry->d_name, name_len - 2);
        if (bytes && manifest_hash(bytes, len, cell->object) == MANIFEST_OK) {
            object_path(machine, cell->object, object);
            if (hosted_write_file(object, bytes, len))
                machine->count++;
        }
        free(bytes);
    }
    closedir(folder);
    running_save(machine);
    return true;
}

static size_t running(void *context, struct client_cell *out, size_t max)
{
    const struct machine *machine = context;
    for (size_t i = 0; i < machine->count && i < max; i++)
        out[i] = machine->cells[i];
    return machine->count;
}

static bool find(void *context, const char *name, const uint8_t object[32],
                 const uint8_t **out_bytes, size_t *out_len)
{
    struct machine *machine = context;
    char path[512];
    (void)name;
    object_path(machine, object, path);
    free(machine->lent);
    machine->lent = hosted_read_file(path, out_len);
    *out_bytes = machine->lent;
    return machine->lent != NULL;
}

/* --- The engine ------------------------------------------------------------------------- */

static void cell_set(struct machine *machine, const struct client_object *object)
{
    size_t i = 0;
    while (i < machine->count && strcmp(machine->cells[i].name, object->name) != 0)
        i++;
    if (i == MANIFEST_CELLS_MAX)
        return;
    memcpy(machine->cells[i].name, object->name, sizeof machine->cells[i].name);
    memcpy(machine->cells[i].object, object->object, 32);
    if (i == machine->count)
        machine->count++;
}

static void cell_remove(struct machine *machine, const char *name)
{
    for (size_t i = 0; i < machine->count; i++)
        if (strcmp(machine->cells[i].name, name) == 0) {
            machine->cells[i] = machine->cells[--machine->count];
            return;
        }
}

static bool submit(void *context, const struct client_install *install,
                   uint64_t *out_attempt)
{
    struct machine *machine = context;
    char path[512];
    *out_attempt = ++machine->attempt;
    if (machine->options.fate == FATE_REFUSE || machine->options.fate == FATE_FAIL) {
        machine->phase = machine->options.fate == FATE_FAIL ? CLIENT_INSTALL_FAILED
                                                            : CLIENT_INSTALL_REFUSED;
        return true;
    }
    if (install->dry_run) {
        machine->phase = CLIENT_INSTALL_PLANNED;
        return true;
    }
    memcpy(machine->before, machine->cells, sizeof machine->before);
    machine->before_count = machine->count;
    for (size_t i = 0; i < install->set_count; i++) {
        object_path(machine, install->set[i].object, path);
        if (!hosted_write_file(path, install->set[i].bytes, install->set[i].len))
            fprintf(stderr, "client-host: %s: %s\n", path, strerror(errno));
        cell_set(machine, &install->set[i]);
    }
    for (size_t i = 0; i < install->remove_count; i++)
        cell_remove(machine, install->remove[i]);
    machine->phase = CLIENT_INSTALL_TRIAL;
    machine->committed_ns = hosted_now_ns();
    transport_cut(machine->options.transport, machine->options.fate == FATE_DEAF);
    return true;
}

static void undo(struct machine *machine)
{
    memcpy(machine->cells, machine->before, sizeof machine->cells);
    machine->count = machine->before_count;
    machine->phase = CLIENT_INSTALL_REVERTED;
    transport_cut(machine->options.transport, false);
}

/* Pretended figures, so that what shows them can be tested. */
static void take_effects(const struct machine *machine, struct client_effects *out)
{
    out->known = machine->phase == CLIENT_INSTALL_TRIAL ||
                 machine->phase == CLIENT_INSTALL_PERMANENT ||
                 machine->phase == CLIENT_INSTALL_REVERTED;
    out->revertible = machine->options.waits == NULL;
    if (machine->options.waits == NULL)
        return;
    out->drain_ns = 1500000;
    out->waited_count = 1;
    snprintf(out->waited[0], sizeof out->waited[0], "%s", machine->options.waits);
    out->migrated_objects = 3;
    out->migrated_bytes = 96;
    out->draining_objects = 2;
    out->retained_bytes = 4096;
}

static void status(void *context, uint64_t attempt, struct client_install_report *out)
{
    struct machine *machine = context;
    bool fault = machine->options.fate == FATE_FAULT;
    if (machine->phase == CLIENT_INSTALL_TRIAL && fault &&
        hosted_now_ns() >= machine->committed_ns + machine->options.fault_ns)
        undo(machine);
    memset(out, 0, sizeof *out);
    out->attempt = attempt;
    out->phase = machine->phase;
    take_effects(machine, &out->effects);
    if (machine->phase == CLIENT_INSTALL_REVERTED && fault)
        snprintf(out->cause, sizeof out->cause, "pretended fault");
    if (machine->phase == CLIENT_INSTALL_REFUSED) {
        snprintf(out->refusal.code, sizeof out->refusal.code, "pretended");
        snprintf(out->refusal.text, sizeof out->refusal.text, "told to refuse");
    }
}

static const char *cell_class(void *context, uint64_t attempt, const char *name)
{
    const struct machine *machine = context;
    (void)attempt;
    for (size_t i = 0; i < machine->before_count; i++)
        if (strcmp(machine->before[i].name, name) == 0)
            return "text";
    return NULL;
}

static void confirm(void *context, uint64_t attempt)
{
    struct machine *machine = context;
    (void)attempt;
    machine->phase = CLIENT_INSTALL_PERMANENT;
    running_save(machine);
}

static void revert(void *context, uint64_t attempt, const char *reason)
{
    (void)attempt;
    (void)reason;
    undo(context);
}

static void extend(void *context, uint64_t attempt, uint64_t ns)
{
    (void)context;
    (void)attempt;
    (void)ns;
}

void machine_port(struct machine *machine, struct client_installer *out)
{
    *out = (struct client_installer){.context = machine,
                                     .running = running,
                                     .find = find,
                                     .submit = submit,
                                     .status = status,
                                     .cell_class = cell_class,
                                     .confirm = confirm,
                                     .revert = revert,
                                     .extend = extend};
}

bool machine_network_sound(const struct machine *machine)
{
    return machine->phase != CLIENT_INSTALL_TRIAL || machine->options.fate != FATE_DEAF;
}

/* --- Store, life ------------------------------------------------------------------------ */

static bool put(void *context, const uint8_t *blob, size_t len)
{
    char path[512];
    path_of(context, "blob", path);
    return hosted_write_file(path, blob, len);
}

void machine_store_port(struct machine *machine, struct client_store *out)
{
    *out = (struct client_store){.context = machine, .put = put};
}

uint8_t *machine_blob(struct machine *machine, size_t *out_len)
{
    char path[512];
    path_of(machine, "blob", path);
    return hosted_read_file(path, out_len);
}

struct machine *machine_create(const struct machine_options *options)
{
    char path[512];
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->options = *options;
    mkdir(options->folder, 0700);
    path_of(machine, "objects", path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "client-host: %s: %s\n", path, strerror(errno));
        free(machine);
        return NULL;
    }
    if (!running_load(machine) && options->cells && !running_boot(machine)) {
        fprintf(stderr, "client-host: %s: %s\n", options->cells, strerror(errno));
        free(machine);
        return NULL;
    }
    return machine;
}

void machine_destroy(struct machine *machine)
{
    if (machine)
        free(machine->lent);
    free(machine);
}
