/* Boots one machine in QEMU from a released image.
 * SPDX-License-Identifier: MIT */
#include "machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../process.h"
#include "../view.h"
#include "archive.h"
#include "base/port.h"
#include "child.h"

/* What QEMU's user network calls this host. */
#define SERVER_ADDRESS "10.0.2.2"
#define SERVER_ADDRESS_6 "fec0::2"

enum { WORDS_MAX = 48, WORD_LEN = 1400, ECHO_PORT = 7 };

void machine_socket(const struct lab *lab, const char *machine, const char *which,
                    char *out, size_t out_len)
{
    snprintf(out, out_len, "%s/%s-%s.sock", lab->sockets, machine, which);
}

/* The release to boot, from what the server knows of the machine, else the channel's. */
static bool choose_release(struct http *http, const char *name, enum machine_choice choice,
                           int64_t *out, struct failure *failure)
{
    json_t *detail = NULL;
    json_t *status = NULL;
    char path[128];
    int64_t release = 0;

    snprintf(path, sizeof(path), "/api/v1/machines/%s", name);
    if (http_get(http, path, &detail, failure)) {
        bool doubtful = strcmp(view_text(detail, "state", ""), "reverted") == 0;
        if (choice == MACHINE_BOOT_PERMANENT || doubtful) {
            release = view_number(detail, "permanent_release", 0);
        }
        if (release == 0) {
            release = view_number(detail, "desired_release", 0);
        }
        json_decref(detail);
    } else if (failure->http_status != 404) {
        return false;
    }
    if (release == 0) {
        if (!http_get(http, "/api/v1/status", &status, failure)) {
            return false;
        }
        release = view_number(json_object_get(status, "channel"), "release",
                              view_number(status, "release", 0));
        json_decref(status);
    }
    if (release == 0) {
        return failure_set(failure, "not-yet", "nothing is released yet");
    }
    *out = release;
    return true;
}

/* Writes seed.json and boot.cpio into the machine's folder. The seed says who reset the machine: after a reset of its
 * own in a trial, the client does not try the same content again. */
static bool make_archive(const struct lab *lab, const struct lab_machine_config *machine,
                         struct http *http, int64_t release, char *out_kernel,
                         char *out_archive, struct failure *failure)
{
    const char *name = machine->name;
    char path[256], from[PLACE_PATH_MAX], seed_file[PLACE_PATH_MAX];
    json_t *seed = NULL;
    char *text = NULL;
    bool done = false;

    if (!place_path(from, failure, "%s/boot/%lld/archive.cpio", lab->state,
                    (long long)release) ||
        !place_path(out_kernel, failure, "%s/boot/%lld/neurath.elf", lab->state,
                    (long long)release) ||
        !lab_machine_path(lab, name, "seed.json", seed_file, failure) ||
        !lab_machine_path(lab, name, "boot.cpio", out_archive, failure)) {
        return false;
    }
    if (access(from, R_OK) != 0 || access(out_kernel, R_OK) != 0) {
        return failure_set(failure, "not-yet", "release v%lld has no boot image yet",
                           (long long)release);
    }
    snprintf(path, sizeof(path), "/api/v1/machines/%s/seed?address=%s", name,
             machine->only_ip6 ? SERVER_ADDRESS_6 : SERVER_ADDRESS);
    if (lab->trial_ms > 0) {
        snprintf(path + strlen(path), sizeof(path) - strlen(path), "&trial_ms=%ld",
                 lab->trial_ms);
    }
    if (!http_get(http, path, &seed, failure)) {
        return false;
    }
    json_object_set_new(seed, "reset",
                        json_string(machine->reset_by_guest ? "guest" : "host"));
    text = json_dumps(seed, JSON_INDENT(1));
    done = text != NULL &&
           place_write_file(seed_file, text, strlen(text), 0600, failure) &&
           archive_add(from, out_archive, "seed.json", text, strlen(text), failure);
    free(text);
    json_decref(seed);
    return done;
}

/* The command line of QEMU, one word after another. */
struct words {
    const char *word[WORDS_MAX];
    char text[WORDS_MAX][WORD_LEN];
    size_t count;
};

[[gnu::format(printf, 2, 3)]] static void add(struct words *words, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words->text[words->count], WORD_LEN, format, arguments);
    va_end(arguments);
    words->word[words->count] = words->text[words->count];
    words->count++;
    words->word[words->count] = NULL;
}

/* A path inside one of QEMU's option lists: a comma is doubled. */
static const char *option_path(const char *path, char *out, size_t out_len)
{
    size_t used = 0;

    for (; *path != '\0' && used + 3 < out_len; path++) {
        out[used++] = *path;
        if (*path == ',') {
            out[used++] = ',';
        }
    }
    out[used] = '\0';
    return out;
}

/* The machine itself: TCG, a PC with qboot, one serial port, a watchdog, one e1000 on the user-mode network. */
static void describe(struct words *words, const struct lab *lab,
                     const struct lab_machine_config *machine, const char *kernel,
                     const char *archive, const char *console)
{
    char serial[160], qmp[160], log[PLACE_PATH_MAX + 64];
    unsigned number = (unsigned)(machine - lab->machines);

    machine_socket(lab, machine->name, "serial", serial, sizeof(serial));
    machine_socket(lab, machine->name, "qmp", qmp, sizeof(qmp));
    unlink(serial);
    unlink(qmp);
    add(words, "qemu-system-x86_64");
    add(words, "-name");
    add(words, "neurath-%s", machine->name);
    add(words, "-accel");
    add(words, "tcg,thread=multi");
    add(words, "-cpu");
    add(words, "max");
    add(words, "-smp");
    add(words, "%u", machine->cpus);
    add(words, "-m");
    add(words, "256");
    if (access("/usr/share/qemu/qboot.rom", R_OK) == 0) {
        add(words, "-bios");
        add(words, "qboot.rom");
    }
    add(words, "-nodefaults");
    add(words, "-display");
    add(words, "none");
    add(words, "-no-reboot");
    add(words, "-chardev");
    add(words, "socket,id=console,path=%s,server=on,wait=off,logfile=%s,logappend=on",
        serial, option_path(console, log, sizeof(log)));
    add(words, "-serial");
    add(words, "chardev:console");
    add(words, "-qmp");
    add(words, "unix:%s,server=on,wait=off", qmp);
    add(words, "-device");
    add(words, "isa-debug-exit,iobase=0xf4,iosize=4");
    add(words, "-device");
    add(words, "i6300esb");
    add(words, "-netdev");
    if (machine->only_ip6) { /* QEMU forwards ports over IPv4 alone */
        add(words, "user,id=net,ipv4=off,ipv6=on");
    } else {
        add(words, "user,id=net,hostfwd=tcp:127.0.0.1:%u-10.0.2.15:%d,hostfwd=udp:127.0.0.1:%u-10.0.2.15:%d",
            machine->echo_port, ECHO_PORT, machine->echo_port, ECHO_PORT);
    }
    add(words, "-device");
    add(words, "e1000,netdev=net,mac=52:54:00:4e:55:%02x", number + 1);
    add(words, "-kernel");
    add(words, "%s", kernel);
    add(words, "-initrd");
    add(words, "%s", option_path(archive, log, sizeof(log)));
}

/* The machine's echo is reached by TCP and by UDP under the same number. */
static bool echo_port_is_free(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return is_free && port_is_free(port);
}

static bool start_qemu(const struct lab *lab, struct lab_machine_config *machine,
                       const char *kernel, const char *archive, pid_t *out_pid,
                       struct failure *failure)
{
    char console[PLACE_PATH_MAX], log_path[PLACE_PATH_MAX];
    struct words *words = calloc(1, sizeof(*words));
    int log = -1;

    if (words == NULL ||
        !lab_machine_path(lab, machine->name, "console.log", console, failure) ||
        !lab_machine_path(lab, machine->name, "qemu.log", log_path, failure)) {
        free(words);
        return false;
    }
    for (int tries = 0;
         tries < 20 && !machine->only_ip6 &&
         (machine->echo_port == 0 || !echo_port_is_free(machine->echo_port));
         tries++) {
        machine->echo_port = port_find_free();
    }
    close(child_open_log(console)); /* puts an overgrown one aside */
    describe(words, lab, machine, kernel, archive, console);
    log = child_open_log(log_path);
    *out_pid = child_spawn(words->word, log, log);
    if (log >= 0) {
        close(log);
    }
    free(words);
    if (*out_pid < 0) {
        return failure_set(failure, "no-process", "cannot start QEMU: %s",
                           strerror(errno));
    }
    return true;
}

bool machine_boot(const struct lab *lab, struct lab_machine_config *machine,
                  struct http *http, enum machine_choice choice, pid_t *out_pid,
                  int64_t *out_release, struct failure *failure)
{
    char folder[PLACE_PATH_MAX], kernel[PLACE_PATH_MAX], archive[PLACE_PATH_MAX];

    if (!place_path(folder, failure, "%s/machines/%s", lab->state, machine->name)) {
        return false;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return failure_set(failure, "cannot-write", "cannot create %s: %s", folder,
                           strerror(errno));
    }
    return choose_release(http, machine->name, choice, out_release, failure) &&
           make_archive(lab, machine, http, *out_release, kernel, archive, failure) &&
           start_qemu(lab, machine, kernel, archive, out_pid, failure);
}
