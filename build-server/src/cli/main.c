/* neurath: the operator's command.
 * SPDX-License-Identifier: MIT */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "version.h"
#include "view.h"

bool command_version(const struct invocation *invocation, enum outcome *out_outcome,
                     struct failure *failure)
{
    (void)out_outcome;
    (void)failure;
    if (invocation->json) {
        json_t *version = json_pack("{s:s}", "version", NEURATH_VERSION);
        view_json(version, false);
        json_decref(version);
    } else {
        puts("neurath " NEURATH_VERSION);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct invocation invocation;
    struct failure failure = {0};
    enum outcome outcome = OUTCOME_DONE;

    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (!command_parse(argc - 1, argv + 1, &invocation, &failure)) {
        failure_print(&failure, invocation.json);
        return failure_outcome(&failure);
    }
    if (invocation.value[OPTION_HELP] != NULL) {
        help_print(invocation.command);
        return OUTCOME_DONE;
    }
    if (invocation.command == NULL) {
        failure_usage(&failure, "no command given");
        failure_remedy(&failure, "see `neurath --help`");
        failure_print(&failure, invocation.json);
        return OUTCOME_USAGE;
    }
    if (!invocation.command->run(&invocation, &outcome, &failure)) {
        failure_print(&failure, invocation.json);
        outcome = failure_outcome(&failure);
    }
    if (fflush(stdout) != 0 && outcome == OUTCOME_DONE) {
        outcome = OUTCOME_FAILED;
    }
    return outcome;
}
