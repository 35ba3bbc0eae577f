/* neurathd: the update service. Reads the command line and runs the part of the program that is asked for.
 * SPDX-License-Identifier: MIT */
#include "adapt/planner/planner.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "pipeline/steps.h"
#include "start.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPERATOR_PORT 7480
#define MACHINE_PORT 7443

static const char help[] =
    "neurathd - keeps a fleet of machines on what a git repository says\n"
    "\n"
    "  neurathd --state DIR [options]\n"
    "\n"
    "  --state DIR            everything that it keeps: keys, database, objects, "
    "repository\n"
    "  --operator-port N      HTTP on 127.0.0.1 for the command line and the browser "
    "(7480; 0: any)\n"
    "  --machine-port N       HTTPS for machines (7443; 0: any)\n"
    "  --machine-address A    address that machines reach (127.0.0.1); twice: one of "
    "IPv4, "
    "one of\n"
    "                         IPv6 (with --lab ::1), which may be missing on the host\n"
    "  --branch NAME          the branch that is built and released (main)\n"
    "  --sources DIR          third-party sources for builds (NEURATH_SOURCES, or the "
    "cache of deploy/deps)\n"
    "  --web DIR              the dashboard's files (web/ beside the program's folder)\n"
    "  --build-seconds N      wall time that a build may take (600)\n"
    "  --history-rows N       attempts, and reports, that are kept of each machine "
    "(10000; 0: "
    "all)\n"
    "  --reproduce            build releases again, clean, and compare (the default "
    "without --lab)\n"
    "  --lab                  new keys are labelled as lab keys\n"
    "  --verbose              log more\n"
    "\n"
    "It prints one line when it is ready, and writes DIR/run/status.json. TERM or INT "
    "ends it.\n"
    "Example: neurathd --state /var/lib/neurath\n";

struct arguments {
    struct server_options options;
    bool signer;
    bool planner;
    const char *push_hook;
};

static int usage(const char *what)
{
    fprintf(stderr, "neurathd: %s\nneurathd: `neurathd --help` lists the options\n", what);
    return 2;
}

static bool read_port(const char *text, int *out_port)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > 65535)
        return false;
    *out_port = (int)value;
    return true;
}

static bool read_rows(const char *text, int64_t *out_rows)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || (value > 0 && value < 100))
        return false;
    *out_rows = value;
    return true;
}

/* 0: go on; else the exit status plus one. */
static int read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"state", required_argument, NULL, 's'},
        {"operator-port", required_argument, NULL, 'o'},
        {"machine-port", required_argument, NULL, 'm'},
        {"machine-address", required_argument, NULL, 'a'},
        {"branch", required_argument, NULL, 'b'},
        {"sources", required_argument, NULL, 'S'},
        {"web", required_argument, NULL, 'w'},
        {"lab", no_argument, NULL, 'l'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"reproduce", no_argument, NULL, 'r'},
        {"version", no_argument, NULL, 'V'},
        {"build-seconds", required_argument, NULL, 't'},
        {"history-rows", required_argument, NULL, 'H'},
        {"signer", no_argument, NULL, 1},
        {"planner", no_argument, NULL, 2},
        {"push-hook", required_argument, NULL, 3},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 's': out->options.state = optarg; break;
        case 'a':
            if (strchr(optarg, ':') != NULL)
                out->options.machine_address6 = optarg;
            else
                out->options.machine_address = optarg;
            break;
        case 'b': out->options.branch = optarg; break;
        case 'S': out->options.sources = optarg; break;
        case 'w': out->options.web = optarg; break;
        case 'r': out->options.reproduce = true; break;
        case 'l':
            out->options.lab = true;
            if (out->options.machine_address6 == NULL)
                out->options.machine_address6 = "::1";
            break;
        case 'v': log_set_level(LOG_DEBUG); break;
        case 1: out->signer = true; break;
        case 2: out->planner = true; break;
        case 3: out->push_hook = optarg; break;
        case 'o':
            if (!read_port(optarg, &out->options.operator_port))
                return usage("--operator-port wants a number from 0 to 65535") + 1;
            break;
        case 'm':
            if (!read_port(optarg, &out->options.machine_port))
                return usage("--machine-port wants a number from 0 to 65535") + 1;
            break;
        case 't':
            out->options.build_seconds = atoi(optarg);
            if (out->options.build_seconds < 1)
                return usage("--build-seconds wants a number above 0") + 1;
            break;
        case 'H':
            if (!read_rows(optarg, &out->options.history_rows))
                return usage("--history-rows wants 0, or a number from 100 on") + 1;
            break;
        case 'h': fputs(help, stdout); return 1;
        case 'V': puts("neurathd " NEURATHD_VERSION); return 1;
        default: return usage("an option is not known") + 1;
        }
    }
    out->options.reproduce = out->options.reproduce || !out->options.lab;
    if (optind < argc)
        return usage("there are arguments that are not options") + 1;
    return 0;
}

/* FOLDER/NAME below the folder of this program's file, or NULL when it is not there. */
static char *beside_program(const char *name)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0)
        return NULL;
    self[len] = '\0';
    *strrchr(self, '/') = '\0';
    char *path = files_path("%s/%s", self, name);
    if (files_exists(path))
        return path;
    free(path);
    return NULL;
}

/* Where deploy/deps puts the sources, unless the environment or an option says otherwise. */
static char *find_sources(const char *given)
{
    const char *named = given != NULL ? given : getenv("NEURATH_SOURCES");
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    if (named != NULL)
        path = strdup(named);
    else if (geteuid() == 0)
        path = strdup("/var/cache/neurath/sources");
    else if (cache != NULL && cache[0] != '\0')
        path = files_path("%s/neurath/sources", cache);
    else if (home != NULL)
        path = files_path("%s/.cache/neurath/sources", home);
    if (path != NULL && files_exists(path))
        return path;
    free(path);
    return NULL;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) == 0 && limits.rlim_cur < limits.rlim_max) {
        limits.rlim_cur = limits.rlim_max > 65536 ? 65536 : limits.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limits);
    }
}

static int serve(struct arguments *arguments)
{
    static struct server server;
    struct problem problem = {"", ""};
    server.options = arguments->options;
    server.options.sources = find_sources(arguments->options.sources);
    server.options.web = arguments->options.web == NULL ? beside_program("../web")
                                                        : strdup(arguments->options.web);
    server.options.tools = beside_program(".");
    raise_descriptor_limit();
    enum result result = server_start(&server, &problem);
    if (result != RESULT_OK) {
        fprintf(stderr, "neurathd: %s\n",
                problem.text[0] == '\0' ? result_name(result) : problem.text);
    } else {
        printf("neurathd: ready: %s for operators, port %u for machines, pushes to "
               "%s/repo.git\n",
               server.url, (unsigned)http_port(server.machines), server.options.state);
        fflush(stdout);
        server_run(&server);
        log_info("start", "ending");
    }
    server_stop(&server);
    free(server.options.sources);
    free(server.options.web);
    free(server.options.tools);
    return result == RESULT_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.options = {.operator_port = OPERATOR_PORT,
                                              .machine_port = MACHINE_PORT,
                                              .machine_address = "127.0.0.1",
                                              .branch = "main",
                                              .build_seconds = 600,
                                              .history_rows = 10000}};
    umask(022);
    int end = read_arguments(argc, argv, &arguments);
    if (end != 0)
        return end - 1;
    if (arguments.planner)
        return planner_serve();
    if (arguments.push_hook != NULL)
        return push_hook(arguments.push_hook);
    if (arguments.options.state == NULL)
        return usage("--state DIR is needed");
    if (arguments.signer)
        return signer_serve(arguments.options.state, arguments.options.lab, 3);
    if (mkdir(arguments.options.state, 0711) != 0 && errno != EEXIST) {
        fprintf(stderr, "neurathd: %s: %s\n", arguments.options.state, strerror(errno));
        return 1;
    }
    arguments.options.state = realpath(arguments.options.state, NULL);
    int status = serve(&arguments);
    free(arguments.options.state);
    return status;
}
