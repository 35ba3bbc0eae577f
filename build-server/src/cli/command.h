/* The command line's one table: every command, its arguments, options, help and examples.
 * SPDX-License-Identifier: MIT
 *
 * Parsing, --help, the shell completion and the manual page are all made from this table, so
 * they cannot disagree. A command is one function; it gets what was parsed and answers with a
 * struct failure or an outcome. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

enum option_id {
    /* Everywhere. */
    OPTION_HELP,
    OPTION_JSON,
    OPTION_SERVER,
    OPTION_TOKEN_FILE,
    /* Listings. */
    OPTION_LIMIT,
    OPTION_ALL,
    OPTION_MACHINE,
    OPTION_CELL,
    OPTION_COMMIT,
    OPTION_RESULT,
    OPTION_TRIGGER,
    OPTION_STATE,
    OPTION_BRANCH,
    OPTION_TAG,
    /* Orders. */
    OPTION_TO,
    OPTION_WAIT,
    OPTION_TIMEOUT,
    OPTION_DRY_RUN,
    OPTION_NOTE,
    OPTION_CONSENT,
    OPTION_YES,
    OPTION_OFF,
    OPTION_REMOVE,
    /* The lab. */
    OPTION_MACHINES,
    OPTION_CPUS,
    OPTION_IPV6,
    OPTION_PORT,
    OPTION_TRIAL,
    /* The rest. */
    OPTION_FOLLOW,
    OPTION_TREE,
    OPTION_ROOT,
    OPTION_COUNT,
};

struct option_spec {
    const char *name;  /* long name, without dashes */
    char letter;       /* short name, 0 if none */
    const char *value; /* placeholder of its value; NULL: takes none */
    const char *help;  /* one line */
    const char *words; /* values for completion, separated by blanks; NULL if free */
};

struct invocation;

/* Runs a command. false: FAILURE says why. Otherwise *out_outcome is set (it starts as DONE). */
typedef bool (*command_fn)(const struct invocation *invocation, enum outcome *out_outcome,
                           struct failure *failure);

enum { COMMAND_EXAMPLES = 3 };

struct command {
    const char *name;      /* one or two words, such as "lab up" */
    const char *group;     /* heading in the help */
    const char *arguments; /* as shown in the usage line; "" if none */
    uint8_t least, most;   /* how many arguments it takes */
    bool hidden;           /* works, but is not listed */
    uint64_t options;      /* bit per enum option_id, besides the global ones */
    const char *summary;   /* one line, no final stop */
    const char *text;      /* paragraph for help and manual; may be NULL */
    const char *examples[COMMAND_EXAMPLES];
    command_fn run;
};

enum { ARGUMENTS_MOST = 8 };

/* What was typed, parsed by the table. Borrowed strings of argv. */
struct invocation {
    const struct command *command;
    const char *value[OPTION_COUNT]; /* NULL: not given; "" for options without a value */
    const char *argument[ARGUMENTS_MOST];
    size_t argument_count;
    bool json; /* --json was among the words, even if parsing failed elsewhere */
};

extern const struct option_spec option_specs[OPTION_COUNT];
extern const struct command commands[];
extern const size_t command_count;

/* Options that every command takes. */
uint64_t command_global_options(void);

/* Parses ARGV (without the program's name) into *out. With OPTION_HELP set or no command at
 * all it still succeeds; command may then be NULL. */
bool command_parse(int argc, char **argv, struct invocation *out, struct failure *failure);

/* Reads option ID as a whole number within LEAST and MOST; *out keeps its value if not given. */
bool invocation_number(const struct invocation *invocation, enum option_id id, long least,
                       long most, long *out, struct failure *failure);

/* True if option ID was given. */
bool invocation_has(const struct invocation *invocation, enum option_id id);

/* One function per command; command.c's table names them. */
bool command_machines(const struct invocation *, enum outcome *, struct failure *);
bool command_releases(const struct invocation *, enum outcome *, struct failure *);
bool command_history(const struct invocation *, enum outcome *, struct failure *);
bool command_builds(const struct invocation *, enum outcome *, struct failure *);
bool command_status(const struct invocation *, enum outcome *, struct failure *);
bool command_show(const struct invocation *, enum outcome *, struct failure *);
bool command_plan(const struct invocation *, enum outcome *, struct failure *);
bool command_deploy(const struct invocation *, enum outcome *, struct failure *);
bool command_rollback(const struct invocation *, enum outcome *, struct failure *);
bool command_reboot(const struct invocation *, enum outcome *, struct failure *);
bool command_order(const struct invocation *, enum outcome *, struct failure *);
bool command_tag(const struct invocation *, enum outcome *, struct failure *);
bool command_login(const struct invocation *, enum outcome *, struct failure *);
bool command_watch(const struct invocation *, enum outcome *, struct failure *);
bool command_console(const struct invocation *, enum outcome *, struct failure *);
bool command_log(const struct invocation *, enum outcome *, struct failure *);
bool command_check(const struct invocation *, enum outcome *, struct failure *);
bool command_verify(const struct invocation *, enum outcome *, struct failure *);
bool command_doctor(const struct invocation *, enum outcome *, struct failure *);
bool command_version(const struct invocation *, enum outcome *, struct failure *);
bool command_help(const struct invocation *, enum outcome *, struct failure *);
bool command_completion(const struct invocation *, enum outcome *, struct failure *);
bool command_manual(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_up(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_down(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_status(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_restart(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_reset(const struct invocation *, enum outcome *, struct failure *);
bool command_lab_run(const struct invocation *, enum outcome *, struct failure *);

/* Asks QUESTION on the terminal unless --yes was given; false with a failure if not agreed. */
bool act_confirm(const struct invocation *invocation, const char *question,
                 struct failure *failure);

/* Prints the general help, or that of one command, on stdout. */
void help_print(const struct command *command);
