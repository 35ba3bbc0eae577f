/* Parses the words of the command line by the table.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* Edit distance of two short words, for "did you mean". */
static unsigned distance(const char *a, const char *b)
{
    enum { LONGEST = 24 };
    unsigned row[LONGEST + 1];
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);

    if (a_len > LONGEST || b_len > LONGEST) {
        return LONGEST;
    }
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[b_len];
}

/* Sets a usage failure that names the nearest CANDIDATE, if one is near. */
static bool unknown(struct failure *failure, const char *kind, const char *word,
                    const char *nearest, unsigned nearest_distance)
{
    failure_usage(failure, "there is no %s '%s'", kind, word);
    if (nearest != NULL && nearest_distance <= 2 && nearest_distance < strlen(word)) {
        return failure_remedy(failure, "did you mean '%s'?", nearest);
    }
    return failure_remedy(failure, "see `neurath --help`");
}

/* The command whose name is FIRST, or "FIRST SECOND"; *out_words is how many it took. */
static const struct command *find_command(const char *first, const char *second,
                                          size_t *out_words)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *blank = strchr(commands[i].name, ' ');
        if (blank == NULL && strcmp(commands[i].name, first) == 0) {
            *out_words = 1;
            return &commands[i];
        }
        if (blank != NULL && second != NULL &&
            strlen(first) == (size_t)(blank - commands[i].name) &&
            strncmp(commands[i].name, first, strlen(first)) == 0 &&
            strcmp(blank + 1, second) == 0) {
            *out_words = 2;
            return &commands[i];
        }
    }
    return NULL;
}

static bool unknown_command(const struct invocation *words, struct failure *failure)
{
    const char *first = words->argument[0];
    const char *second = words->argument_count > 1 ? words->argument[1] : NULL;
    const char *nearest = NULL;
    char typed[64];
    unsigned best = 99;

    if (strcmp(first, "lab") == 0) {
        failure_usage(failure,
                      second ? "there is no command 'lab %s'" : "lab%s does nothing alone",
                      second ? second : "");
        return failure_remedy(failure,
                              "it is one of: lab up|down|status|restart|reset|run");
    }
    snprintf(typed, sizeof(typed), "%.40s", first);
    for (size_t i = 0; i < command_count; i++) {
        unsigned d = distance(typed, commands[i].name);
        if (!commands[i].hidden && d < best) {
            best = d;
            nearest = commands[i].name;
        }
    }
    return unknown(failure, "command", typed, nearest, best);
}

static enum option_id find_option(const char *name, size_t name_len)
{
    for (int id = 0; id < OPTION_COUNT; id++) {
        if (strlen(option_specs[id].name) == name_len &&
            strncmp(option_specs[id].name, name, name_len) == 0) {
            return (enum option_id)id;
        }
    }
    return OPTION_COUNT;
}

/* Takes the option at argv[*at]; moves *at over a value that stands in the next word. */
static bool take_option(int argc, char **argv, int *at, struct invocation *out,
                        struct failure *failure)
{
    const char *word = argv[*at];
    const char *value = NULL;
    enum option_id id = OPTION_COUNT;

    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        id = find_option(word + 2,
                         equals ? (size_t)(equals - word - 2) : strlen(word + 2));
        value = equals ? equals + 1 : NULL;
    } else {
        for (int i = 0; i < OPTION_COUNT; i++) {
            if (option_specs[i].letter != 0 && option_specs[i].letter == word[1]) {
                id = (enum option_id)i;
            }
        }
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (id == OPTION_COUNT) {
        unsigned best = 99;
        char nearest[40] = "";
        for (int i = 0; word[1] == '-' && i < OPTION_COUNT; i++) {
            unsigned d = distance(word + 2, option_specs[i].name);
            if (d < best) {
                best = d;
                snprintf(nearest, sizeof(nearest), "--%s", option_specs[i].name);
            }
        }
        return unknown(failure, "option", word, nearest[0] ? nearest : NULL, best);
    }
    if (option_specs[id].value == NULL) {
        if (value != NULL) {
            return failure_usage(failure, "option --%s takes no value",
                                 option_specs[id].name);
        }
        out->value[id] = "";
        return true;
    }
    if (value == NULL) {
        if (*at + 1 >= argc) {
            return failure_usage(failure, "option --%s needs a value: --%s %s",
                                 option_specs[id].name, option_specs[id].name,
                                 option_specs[id].value);
        }
        value = argv[++*at];
    }
    if (out->value[id] != NULL) {
        return failure_usage(failure, "option --%s is given twice", option_specs[id].name);
    }
    out->value[id] = value;
    return true;
}

/* Checks that the command takes what was given. */
static bool check(const struct invocation *invocation, struct failure *failure)
{
    const struct command *command = invocation->command;

    for (int id = 0; id < OPTION_COUNT; id++) {
        uint64_t allowed = command->options | command_global_options();
        if (invocation->value[id] != NULL && !(allowed >> id & 1)) {
            failure_usage(failure, "`%s` takes no --%s", command->name,
                          option_specs[id].name);
            return failure_remedy(failure, "see `neurath %s --help`", command->name);
        }
    }
    if (invocation->argument_count < command->least ||
        invocation->argument_count > command->most) {
        bool few = invocation->argument_count < command->least;
        failure_usage(failure, "`%s` has too %s arguments", command->name,
                      few ? "few" : "many");
        return failure_remedy(failure, "usage: neurath %s%s%s", command->name,
                              command->arguments[0] ? " " : "", command->arguments);
    }
    return true;
}

bool command_parse(int argc, char **argv, struct invocation *out, struct failure *failure)
{
    size_t words = 0;
    bool literal = false;

    memset(out, 0, sizeof(*out));
    for (int i = 0; i < argc; i++) {
        out->json |= strcmp(argv[i], "--json") == 0;
    }
    for (int i = 0; i < argc; i++) {
        if (!literal && strcmp(argv[i], "--") == 0) {
            literal = true;
        } else if (!literal && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (strcmp(argv[i], "--version") == 0 && i == 0) {
                out->argument[out->argument_count++] = "version";
            } else if (!take_option(argc, argv, &i, out, failure)) {
                return false;
            }
        } else if (out->argument_count == ARGUMENTS_MOST) {
            return failure_usage(failure, "too many arguments");
        } else {
            out->argument[out->argument_count++] = argv[i];
        }
    }
    if (out->argument_count == 0) {
        return true;
    }
    out->command = find_command(
        out->argument[0], out->argument_count > 1 ? out->argument[1] : NULL, &words);
    if (out->command == NULL) {
        if (strcmp(out->argument[0], "lab") == 0 && out->value[OPTION_HELP]) {
            return true;
        }
        return unknown_command(out, failure);
    }
    out->argument_count -= words;
    memmove(out->argument, out->argument + words,
            out->argument_count * sizeof(out->argument[0]));
    memset(out->argument + out->argument_count, 0, words * sizeof(out->argument[0]));
    return out->value[OPTION_HELP] != NULL || check(out, failure);
}

bool invocation_has(const struct invocation *invocation, enum option_id id)
{
    return invocation->value[id] != NULL;
}

bool invocation_number(const struct invocation *invocation, enum option_id id, long least,
                       long most, long *out, struct failure *failure)
{
    const char *text = invocation->value[id];
    char *end = NULL;
    long number = 0;

    if (text == NULL) {
        return true;
    }
    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < least || number > most) {
        return failure_usage(failure, "--%s takes a number from %ld to %ld, not '%s'",
                             option_specs[id].name, least, most, text);
    }
    *out = number;
    return true;
}
