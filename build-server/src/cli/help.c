/* Help, shell completion and the manual page, all printed from the table of commands.
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char introduction[] =
    "neurath - see and steer machines whose kernel is rebuilt while it runs";

static const char discovery[] =
    "The server is found by --server, then NEURATH_SERVER, then the configuration file "
    "($XDG_CONFIG_HOME/neurath/config: lines `server = URL`, `token_file = FILE`, `ca = "
    "FILE`), "
    "then the lab of the current tree or clone ($NEURATH_STATE, default .lab in the "
    "tree).";

static const char exits[] = "0: done (with --wait: every machine permanent). 1: refused, "
                            "failed, or would refuse; "
                            "stderr says what, why and what to do. 2: wrong usage.";

/* Prints TEXT wrapped to 78 columns, each line led by INDENT blanks. */
static void print_wrapped(const char *text, unsigned indent)
{
    unsigned column = 0;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column != 0 && column + 1 + word > 78) {
            putchar('\n');
            column = 0;
        }
        if (column == 0) {
            printf("%*s", (int)indent, "");
            column = indent;
        } else {
            putchar(' ');
            column++;
        }
        fwrite(text, 1, word, stdout);
        column += (unsigned)word;
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

static void print_option(enum option_id id)
{
    const struct option_spec *option = &option_specs[id];
    char left[64];
    char letter[8] = "    ";

    if (option->letter != 0) {
        snprintf(letter, sizeof(letter), "-%c, ", option->letter);
    }
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
             option->value ? " " : "", option->value ? option->value : "");
    printf("  %-24s %s\n", left, option->help);
}

static void print_all(void)
{
    const char *group = "";

    printf("%s\n\nUsage: neurath COMMAND [ARGUMENT...] [OPTION...]\n", introduction);
    for (size_t i = 0; i < command_count; i++) {
        char left[64];
        if (commands[i].hidden) {
            continue;
        }
        if (strcmp(group, commands[i].group) != 0) {
            group = commands[i].group;
            printf("\n%s:\n", group);
        }
        snprintf(left, sizeof(left), "%s%s%s", commands[i].name,
                 commands[i].arguments[0] ? " " : "", commands[i].arguments);
        if (strlen(left) > 24) {
            snprintf(left, sizeof(left), "%s", commands[i].name);
        }
        printf("  %-24s %s\n", left, commands[i].summary);
    }
    printf("\nOptions of every command:\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (command_global_options() >> id & 1) {
            print_option((enum option_id)id);
        }
    }
    putchar('\n');
    print_wrapped(discovery, 0);
    printf("\nExit status:\n");
    print_wrapped(exits, 0);
    printf("\nExamples:\n  neurath lab up\n  neurath watch\n  neurath help rollback\n");
}

void help_print(const struct command *command)
{
    if (command == NULL) {
        print_all();
        return;
    }
    printf("neurath %s - %s\n\nUsage: neurath %s%s%s%s\n", command->name,
           command->summary, command->name, command->arguments[0] ? " " : "",
           command->arguments, command->options ? " [OPTION...]" : "");
    if (command->text != NULL) {
        putchar('\n');
        print_wrapped(command->text, 0);
    }
    printf("\nOptions:\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        if ((command->options | command_global_options()) >> id & 1) {
            print_option((enum option_id)id);
        }
    }
    printf("\nExamples:\n");
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i] != NULL; i++) {
        printf("  %s\n", command->examples[i]);
    }
}

bool command_help(const struct invocation *invocation, enum outcome *out_outcome,
                  struct failure *failure)
{
    char name[64] = "";

    (void)out_outcome;
    if (invocation->argument_count == 0) {
        help_print(NULL);
        return true;
    }
    for (size_t i = 0; i < invocation->argument_count; i++) {
        size_t used = strlen(name);
        snprintf(name + used, sizeof(name) - used, "%s%.28s", i ? " " : "",
                 invocation->argument[i]);
    }
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            help_print(&commands[i]);
            return true;
        }
    }
    failure_usage(failure, "there is no command '%s'", name);
    return failure_remedy(failure, "see `neurath --help`");
}

/* Shell completion. */

/* Writes the words after FIRST of all two-word commands, or the first words when it is NULL. */
static void print_names(const char *first)
{
    char previous[32] = "";

    for (size_t i = 0; i < command_count; i++) {
        const char *name = commands[i].name;
        size_t len = strcspn(name, " ");
        if (commands[i].hidden) {
            continue;
        }
        if (first == NULL) {
            char word[32];
            snprintf(word, sizeof(word), "%.*s", (int)len, name);
            if (strcmp(word, previous) != 0) {
                printf("%s ", word);
                memcpy(previous, word, sizeof(previous));
            }
        } else if (name[len] == ' ' && strncmp(name, first, len) == 0) {
            printf("%s ", name + len + 1);
        }
    }
}

static void print_bash(void)
{
    printf("# bash completion of neurath; printed by `neurath completion bash`\n"
           "_neurath() {\n"
           "    local current=${COMP_WORDS[COMP_CWORD]} "
           "previous=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local command='' word options=''\n"
           "    local i\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        word=${COMP_WORDS[i]}\n"
           "        [[ $word == -* ]] || command+=${command:+ }$word\n"
           "    done\n"
           "    COMPREPLY=()\n"
           "    case $previous in\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *option = &option_specs[id];
        if (option->words != NULL && option->words[0] == '@') {
            printf("    --%s|-%c) COMPREPLY=($(compgen -W \"$(_neurath_machines)\" -- "
                   "\"$current\")); return ;;\n",
                   option->name, option->letter);
        } else if (option->words != NULL) {
            printf(
                "    --%s) COMPREPLY=($(compgen -W '%s' -- \"$current\")); return ;;\n",
                option->name, option->words);
        } else if (option->value != NULL && (strcmp(option->value, "FILE") == 0 ||
                                             strcmp(option->value, "DIR") == 0)) {
            printf("    --%s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n",
                   option->name);
        }
    }
    printf("    esac\n    case $command in\n    '') options='");
    print_names(NULL);
    printf("--help --version' ;;\n    lab) options='");
    print_names("lab");
    printf("' ;;\n    show) options='machine release swap build' ;;\n"
           "    completion) options='bash zsh' ;;\n    verify) compopt -o default; "
           "return ;;\n");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        if (command->hidden) {
            continue;
        }
        printf("    '%s'|'%s '*) options='", command->name, command->name);
        for (int id = 0; id < OPTION_COUNT; id++) {
            if ((command->options | command_global_options()) >> id & 1) {
                printf("--%s ", option_specs[id].name);
            }
        }
        printf("'%s ;;\n", strstr(command->arguments, "MACHINE") != NULL
                               ? "; [[ $current == -* ]] || options=$(_neurath_machines)"
                               : "");
    }
    printf("    esac\n"
           "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
           "}\n"
           "_neurath_machines() {\n"
           "    \"${COMP_WORDS[0]}\" machines --all --json 2>/dev/null |\n"
           "        grep -o '\"name\": *\"[A-Za-z0-9_.-]*\"' | sed "
           "'s/.*\"\\([^\"]*\\)\"$/\\1/'\n"
           "}\n"
           "complete -F _neurath neurath\n");
}

bool command_completion(const struct invocation *invocation, enum outcome *out_outcome,
                        struct failure *failure)
{
    (void)out_outcome;
    if (strcmp(invocation->argument[0], "bash") == 0) {
        print_bash();
        return true;
    }
    if (strcmp(invocation->argument[0], "zsh") == 0) {
        printf("autoload -U +X bashcompinit && bashcompinit\n");
        print_bash();
        return true;
    }
    return failure_usage(failure, "no completion for '%s'; there is bash and zsh",
                         invocation->argument[0]);
}

/* The manual page. */

/* Prints TEXT with what roff would take for its own escaped. */
static void print_roff(const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", stdout);
    }
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '-') {
            putchar('\\');
        }
        putchar(*text);
    }
}

static void manual_option(enum option_id id)
{
    const struct option_spec *option = &option_specs[id];

    printf(".TP\n\\fB");
    if (option->letter != 0) {
        printf("\\-%c\\fR, \\fB", option->letter);
    }
    printf("\\-\\-");
    print_roff(option->name);
    printf("\\fR");
    if (option->value != NULL) {
        printf(" \\fI%s\\fR", option->value);
    }
    putchar('\n');
    print_roff(option->help);
    putchar('\n');
}

static void manual_command(const struct command *command)
{
    printf(".SS \"neurath ");
    print_roff(command->name);
    if (command->arguments[0] != '\0') {
        putchar(' ');
        print_roff(command->arguments);
    }
    printf("\"\n");
    putchar(toupper((unsigned char)command->summary[0]));
    print_roff(command->summary + 1);
    printf(".\n");
    if (command->text != NULL) {
        printf(".PP\n");
        print_roff(command->text);
        putchar('\n');
    }
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (command->options >> id & 1) {
            manual_option((enum option_id)id);
        }
    }
    printf(".PP\n.nf\n");
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i] != NULL; i++) {
        printf("    ");
        print_roff(command->examples[i]);
        putchar('\n');
    }
    printf(".fi\n");
}

bool command_manual(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    (void)invocation;
    (void)out_outcome;
    (void)failure;
    printf(".TH NEURATH 1\n.SH NAME\n");
    print_roff(introduction);
    printf("\n.SH SYNOPSIS\n\\fBneurath\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR...] "
           "[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
    print_roff(discovery);
    printf("\n.SH OPTIONS\n");
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (command_global_options() >> id & 1) {
            manual_option((enum option_id)id);
        }
    }
    printf(".SH COMMANDS\n");
    for (size_t i = 0; i < command_count; i++) {
        if (!commands[i].hidden) {
            manual_command(&commands[i]);
        }
    }
    printf(".SH \"EXIT STATUS\"\n");
    print_roff(exits);
    printf("\n.SH ENVIRONMENT\n"
           ".TP\n\\fBNEURATH_SERVER\\fR\nthe server's address\n"
           ".TP\n\\fBNEURATH_TOKEN_FILE\\fR\nfile with the operator's token\n"
           ".TP\n\\fBNEURATH_STATE\\fR\nthe lab's folder (default: .lab in the tree)\n"
           ".TP\n\\fBNO_COLOR\\fR\nno colours\n");
    return true;
}
