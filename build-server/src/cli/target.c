/* Turns names of machines and commits into what the server takes.
 * SPDX-License-Identifier: MIT */
#include "target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "view.h"

bool target_machine(struct http *http, const char *name, json_t **out,
                    struct failure *failure)
{
    char path[256], escaped[200];

    http_escape(name, escaped, sizeof(escaped));
    snprintf(path, sizeof(path), "/api/v1/machines/%s", escaped);
    if (!http_get(http, path, out, failure)) {
        if (failure->http_status == 404) {
            failure_set(failure, "not-found", "there is no machine '%s'", name);
            failure_remedy(failure, "`neurath machines` lists them");
        }
        return false;
    }
    return true;
}

bool target_check(const struct invocation *invocation, const char *name,
                  bool needs_commit, struct failure *failure)
{
    int given = (name != NULL) + invocation_has(invocation, OPTION_MACHINE) +
                invocation_has(invocation, OPTION_TAG) +
                invocation_has(invocation, OPTION_ALL);
    const char *command = invocation->command->name;

    if (needs_commit && !invocation_has(invocation, OPTION_TO)) {
        failure_usage(failure, "%s needs --to COMMIT", command);
        return failure_remedy(failure, "`neurath releases` lists them");
    }
    if (given != 1) {
        failure_usage(failure, "%s needs exactly one of --machine ID, --tag TAG or --all",
                      command);
        return failure_remedy(failure, "see `neurath %s --help`", command);
    }
    return true;
}

bool target_add(struct http *http, const struct invocation *invocation, const char *name,
                json_t *body, struct failure *failure)
{
    const char *machine = name ? name : invocation->value[OPTION_MACHINE];
    const char *tag = invocation->value[OPTION_TAG];
    json_t *row = NULL;

    if (machine != NULL) {
        if (!target_machine(http, machine, &row, failure)) {
            return false;
        }
        json_object_set_new(body, "machine", json_string(view_text(row, "id", machine)));
        json_decref(row);
    } else if (tag != NULL) {
        json_object_set_new(body, "tag", json_string(tag));
    } else {
        json_object_set_new(body, "all", json_true());
    }
    return true;
}

static bool all_of(const char *text, const char *set)
{
    return text[0] != '\0' && strspn(text, set) == strlen(text);
}

/* Asks git in FOLDER (NULL: here) for the full name of a commit. */
static bool ask_git(const char *folder, const char *name, char out[41])
{
    char full[64], sought[256];
    const char *const words[] = {
        "git", "rev-parse", "--verify", "--quiet", "--end-of-options", sought, NULL};

    snprintf(sought, sizeof(sought), "%.240s^{commit}", name);
    if (!process_capture(words, folder, full, sizeof(full)) || strlen(full) < 40) {
        return false;
    }
    snprintf(out, 41, "%.40s", full);
    return all_of(out, "0123456789abcdef");
}

/* Asks git for a commit. In a lab its repository is asked first, so that HEAD~1 means the lab's and
 * not that of whatever tree the person stands in; inside the clone, the clone is asked. */
static bool resolve(const struct http *http, const char *name, char out[41])
{
    const char *state = http_server(http)->state;
    char repository[PLACE_PATH_MAX + 16], clone[PLACE_PATH_MAX + 16], here[PLACE_PATH_MAX];
    bool in_clone = false;

    if (state[0] == '\0') {
        return ask_git(NULL, name, out);
    }
    snprintf(repository, sizeof(repository), "%s/repo.git", state);
    snprintf(clone, sizeof(clone), "%s/clone", state);
    in_clone =
        getcwd(here, sizeof(here)) != NULL && strncmp(here, clone, strlen(clone)) == 0;
    return (in_clone && ask_git(NULL, name, out)) || ask_git(repository, name, out) ||
           (!in_clone && ask_git(NULL, name, out));
}

bool target_add_commit(const struct http *http, const struct invocation *invocation,
                       json_t *body, struct failure *failure)
{
    const char *to = invocation->value[OPTION_TO];
    char commit[41];
    size_t len = to ? strlen(to) : 0;

    if ((to[0] == 'v' && all_of(to + 1, "0123456789")) ||
        (len < 7 && all_of(to, "0123456789"))) {
        json_object_set_new(body, "to", json_string(to[0] == 'v' ? to + 1 : to));
        return true;
    }
    if (len == 40 && all_of(to, "0123456789abcdef")) {
        snprintf(commit, sizeof(commit), "%s", to);
    } else if (!resolve(http, to, commit)) {
        if (len < 4 || len > 40 || !all_of(to, "0123456789abcdef")) {
            failure_usage(failure, "'%s' is not a commit that is known here", to);
            return failure_remedy(failure, "give 7 or more digits, or vN for release N; "
                                           "`neurath releases` lists them");
        }
        snprintf(commit, sizeof(commit), "%s", to);
    }
    json_object_set_new(body, "to", json_string(commit));
    return true;
}

void target_add_names(const struct invocation *invocation, enum option_id option,
                      const char *key, json_t *body)
{
    const char *at = invocation->value[option];
    json_t *names = NULL;

    if (!invocation_has(invocation, option)) {
        return;
    }
    names = json_array();
    for (;;) {
        size_t len = strcspn(at, ",");
        json_array_append_new(names, json_stringn(at, len));
        if (at[len] == '\0') {
            break;
        }
        at += len + 1;
    }
    json_object_set_new(body, key, names);
}
