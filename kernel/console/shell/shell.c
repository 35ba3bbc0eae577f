/* The table of commands, and the task that reads lines and runs them. */
/* SPDX-License-Identifier: MIT */
#include <console/shell/shell.h>

#include "private.h"

#include <console/console/console.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

#define COMMANDS_MAX 64u
#define PROMPT "> "
#define STACK_LEN (64u * 1024u) /* for the commands of all cells */

struct command {
    char name[SHELL_NAME_MAX]; /* "" = free */
    char help[SHELL_HELP_MAX];
    shell_fn fn;
};

static struct {
    struct spinlock lock;
    struct command commands[COMMANDS_MAX]; /* [L] */
    bool prompted;                         /* [c] the shell's task only */
} shell;

static bool name_valid(const char *name)
{
    size_t len = 0;
    for (; name[len] != 0; len++) {
        char c = name[len];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return len > 0 && len < SHELL_NAME_MAX;
}

/* Lock held. The command called NAME, "" for a free place; NULL: none. */
static struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_MAX; i++)
        if (strcmp(shell.commands[i].name, name) == 0)
            return &shell.commands[i];
    return NULL;
}

enum status shell_register(const char *name, shell_fn fn, const char *help)
{
    struct command *command;
    if (!name_valid(name))
        return STATUS_INVALID;
    spin_lock(&shell.lock);
    command = find(name);
    if (command == NULL)
        command = find("");
    if (command != NULL) {
        command->fn = fn;
        strncpy(command->help, help, SHELL_HELP_MAX - 1);
        strncpy(command->name, name, SHELL_NAME_MAX - 1);
    }
    spin_unlock(&shell.lock);
    return command != NULL ? STATUS_OK : STATUS_FULL;
}

void shell_unregister(const char *name)
{
    struct command *command;
    if (!name_valid(name))
        return;
    spin_lock(&shell.lock);
    command = find(name);
    if (command != NULL)
        memset(command, 0, sizeof *command);
    spin_unlock(&shell.lock);
}

/* Copies the command that follows NAME in alphabetical order. */
static bool next_command(const char *name, struct command *out)
{
    const struct command *next = NULL;
    spin_lock(&shell.lock);
    for (size_t i = 0; i < COMMANDS_MAX; i++) {
        const struct command *c = &shell.commands[i];
        if (c->name[0] != 0 && strcmp(c->name, name) > 0 &&
            (next == NULL || strcmp(c->name, next->name) < 0))
            next = c;
    }
    if (next != NULL)
        *out = *next;
    spin_unlock(&shell.lock);
    return next != NULL;
}

static void help_command(int argc, char **argv)
{
    struct command command = {.name = ""};
    char name[SHELL_NAME_MAX] = "";
    (void)argc;
    (void)argv;
    while (next_command(name, &command)) {
        console_print("%-12s %s\n", command.name, command.help);
        memcpy(name, command.name, sizeof name);
    }
}

static void run_line(char *line)
{
    char *words[SHELL_WORDS_MAX + 1];
    struct command *command;
    shell_fn fn = NULL;
    int count = 0;
    for (char *at = line; *at != 0 && count < SHELL_WORDS_MAX;) {
        while (*at == ' ' || *at == '\t')
            *at++ = 0;
        if (*at != 0)
            words[count++] = at;
        while (*at != 0 && *at != ' ' && *at != '\t')
            at++;
    }
    words[count] = NULL;
    if (count == 0)
        return;
    spin_lock(&shell.lock);
    command = find(words[0]);
    if (command != NULL)
        fn = command->fn;
    spin_unlock(&shell.lock);
    if (fn != NULL)
        fn(count, words);
    else
        console_print("%s: no such command; help shows them\n", words[0]);
}

static struct wait shell_step(void *arg)
{
    uint32_t seq = event_seq(console_event());
    char line[CONSOLE_LINE_MAX];
    (void)arg;
    if (!shell.prompted) {
        console_prompt(PROMPT);
        shell.prompted = true;
    }
    if (console_read_line(line) != STATUS_OK)
        return wait_event(console_event(), seq, 0);
    shell.prompted =
        false; /* also when the command faults: the task starts anew with a prompt */
    run_line(line);
    return wait_again();
}

enum status shell_start(void)
{
    static const struct task_options options = {.stack_len = STACK_LEN};
    enum status status = shell_register("help", help_command, "shows the commands");
    if (status == STATUS_OK)
        status = commands_register();
    if (status == STATUS_OK && task_create("shell", shell_step, NULL, &options) == NULL)
        status = STATUS_FULL;
    return status;
}
