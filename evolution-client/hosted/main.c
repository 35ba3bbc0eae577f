/* client-host: runs the evolution client's core on a host against a real server.
 * SPDX-License-Identifier: MIT
 */
#include "hosted.h"

#include <getopt.h>
#include <manifest/manifest.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char usage_text[] =
    "usage: client-host --seed FILE --dir FOLDER [options]\n"
    "\n"
    "Runs the update client of a machine on this host: real TLS, real verification, and "
    "an\n"
    "engine that swaps nothing. FOLDER holds the machine; a second run is its reboot.\n"
    "\n"
    "  --seed FILE        the machine's seed.json\n"
    "  --dir FOLDER       blob, objects, running\n"
    "  --cells FOLDER     a new machine boots with the NAME.o of this folder\n"
    "  --release FILE     frame of the release that was booted\n"
    "  --fate WORD        what becomes of swaps: good (default), refuse, fail, deaf,\n"
    "                     fault=MS (faults after MS milliseconds of trial)\n"
    "  --waits NAME       swaps pretend to wait for task NAME and to migrate objects\n"
    "  --trial MS         length of trials, instead of the seed's\n"
    "  --report-blob      the server keeps the blob (as in the lab)\n"
    "  --until WHAT       exit 0 once this is so: release=N, permanent=N, state=WORD\n"
    "  --for SECONDS      stop after so long (exit 1 when --until was given)\n"
    "  --quiet            print nothing but errors\n"
    "\n"
    "Prints one line of JSON whenever the machine's status changes.\n";

struct options {
    const char *seed;
    const char *release;
    const char *until;
    double seconds;
    uint64_t trial_ms;
    bool report_blob;
    bool quiet;
    struct machine_options machine;
    struct machine *running;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static bool random_port(void *context, uint8_t *out, size_t len)
{
    (void)context;
    return getrandom(out, len, 0) == (ssize_t)len;
}

static void log_port(void *context, const char *line)
{
    const struct options *options = context;
    if (!options->quiet)
        fprintf(stderr, "client-host: %s\n", line);
}

static bool local_tests(void *context)
{
    const struct options *options = context;
    return machine_network_sound(options->running);
}

static bool read_fate(const char *word, struct machine_options *out)
{
    static const char *const words[] = {"good", "refuse", "fail", "fault", "deaf"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0 && i != FATE_FAULT) {
            out->fate = (enum machine_fate)i;
            return true;
        }
    if (strncmp(word, "fault=", 6) != 0)
        return false;
    out->fate = FATE_FAULT;
    out->fault_ns = strtoull(word + 6, NULL, 10) * 1000000ull;
    return true;
}

static bool read_options(int argc, char **argv, struct options *out)
{
    static const struct option names[] = {{"seed", required_argument, NULL, 's'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"cells", required_argument, NULL, 'c'},
                                          {"release", required_argument, NULL, 'r'},
                                          {"fate", required_argument, NULL, 'f'},
                                          {"waits", required_argument, NULL, 'w'},
                                          {"trial", required_argument, NULL, 't'},
                                          {"report-blob", no_argument, NULL, 'b'},
                                          {"until", required_argument, NULL, 'u'},
                                          {"for", required_argument, NULL, 'o'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int name;
    while ((name = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        switch (name) {
        case 's': out->seed = optarg; break;
        case 'd': out->machine.folder = optarg; break;
        case 'c': out->machine.cells = optarg; break;
        case 'r': out->release = optarg; break;
        case 'f':
            if (!read_fate(optarg, &out->machine))
                return false;
            break;
        case 'w': out->machine.waits = optarg; break;
        case 't': out->trial_ms = strtoull(optarg, NULL, 10); break;
        case 'b': out->report_blob = true; break;
        case 'u': out->until = optarg; break;
        case 'o': out->seconds = strtod(optarg, NULL); break;
        case 'q': out->quiet = true; break;
        case 'h': fputs(usage_text, stdout); exit(0);
        default: return false;
        }
    }
    return optind == argc && out->seed && out->machine.folder;
}

static void print_status(const struct client_status *status)
{
    char content[65];
    manifest_hex_write(status->content, 32, content);
    printf("{\"state\":\"%s\",\"machine\":\"%s\",\"release\":%llu,\"commit\":\"%s\","
           "\"content\":\"%s\",\"target\":%llu,\"contact\":%s,\"reason\":\"%s\","
           "\"quarantined\":%zu,\"bytes\":%llu}\n",
           client_state_word(status->state), status->machine,
           (unsigned long long)status->release, status->commit, content,
           (unsigned long long)status->target, status->contact ? "true" : "false",
           status->reason, status->quarantined, (unsigned long long)status->bytes_fetched);
    fflush(stdout);
}

/* What a change of is worth a line. */
static bool differs(const struct client_status *a, const struct client_status *b)
{
    return a->state != b->state || a->release != b->release || a->target != b->target ||
           a->contact != b->contact || strcmp(a->reason, b->reason) != 0;
}

static bool is_reached(const char *until, const struct client_status *status)
{
    const char *value = strchr(until, '=');
    if (!value)
        return false;
    if (strncmp(until, "state=", 6) == 0)
        return strcmp(value + 1, client_state_word(status->state)) == 0;
    bool release = status->release == strtoull(value + 1, NULL, 10);
    if (strncmp(until, "release=", 8) == 0)
        return release;
    return strncmp(until, "permanent=", 10) == 0 && release &&
           status->state == CLIENT_RUNNING && status->reports_waiting == 0;
}

static int run(struct client *client, const struct options *options)
{
    struct client_status last = {.state = (enum client_state) - 1};
    uint64_t end_ns = hosted_now_ns() + (uint64_t)(options->seconds * 1e9);
    while (!stopped) {
        struct pollfd waits[CLIENT_CHANNEL_COUNT];
        struct client_status status;
        uint64_t next_ns = client_step(client, hosted_now_ns());
        uint64_t now_ns = hosted_now_ns();
        client_status(client, now_ns, &status);
        if (!options->quiet && differs(&status, &last))
            print_status(&status);
        last = status;
        if (options->until && is_reached(options->until, &status))
            return 0;
        if (status.state == CLIENT_DISABLED || (options->seconds > 0 && now_ns >= end_ns))
            return options->until || status.state == CLIENT_DISABLED ? 1 : 0;
        if (options->seconds > 0 && next_ns > end_ns)
            next_ns = end_ns;
        uint64_t wait_ms = next_ns > now_ns ? (next_ns - now_ns + 999999) / 1000000 : 0;
        poll(waits, transport_poll(options->machine.transport, waits),
             wait_ms > 60000 ? 60000 : (int)wait_ms);
    }
    return 0;
}

/* Builds the ports and runs; what was made is undone in reverse order. */
static int run_machine(struct options *options, const uint8_t *seed, size_t seed_len)
{
    struct client_ports ports = {0};
    struct client *client = NULL;
    uint8_t *release = NULL;
    int result = 1;
    struct client_config config = {.seed = (const char *)seed,
                                   .seed_len = seed_len,
                                   .report_blob = options->report_blob,
                                   .trial_ns = options->trial_ms * 1000000ull,
                                   .boot_ns = hosted_now_ns()};
    options->machine.transport = transport_create();
    struct machine *machine =
        options->machine.transport ? machine_create(&options->machine) : NULL;
    if (!machine)
        goto no_machine;
    transport_port(options->machine.transport, &ports.transport);
    machine_port(machine, &ports.installer);
    machine_store_port(machine, &ports.store);
    ports.system = (struct client_system){.context = options,
                                          .random = random_port,
                                          .log = log_port,
                                          .local_tests = local_tests};
    uint8_t *blob = machine_blob(machine, &config.blob_len);
    config.blob = blob;
    if (options->release)
        config.release = release = hosted_read_file(options->release, &config.release_len);
    options->running = machine;
    if (client_create(&config, &ports, &client) == 0)
        result = run(client, options);
    client_destroy(client);
    free(release);
    free(blob);
no_machine:
    machine_destroy(machine);
    transport_destroy(options->machine.transport);
    return result;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    size_t len;
    if (!read_options(argc, argv, &options)) {
        fputs(usage_text, stderr);
        return 2;
    }
    uint8_t *seed = hosted_read_file(options.seed, &len);
    if (!seed) {
        fprintf(stderr, "client-host: %s cannot be read\n", options.seed);
        return 1;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    int result = run_machine(&options, seed, len);
    free(seed);
    return result;
}
