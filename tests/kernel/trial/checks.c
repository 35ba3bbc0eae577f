/* Cases about wrong results (hazard 31). */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/evolve.h>
#include <string.h>
#include <time/clock/clock.h>

/* This cell is not in the swap, but calls who is. */
EVOLVE_CHECK(sums_of_others)
{
    return swap_target_sum(3, 3) == 6 ? NULL : "three and three are not six";
}

/* Permanent when run() of hooks.c does not come to the checks. */
void a_wrong_result_comes_back(void)
{
    (void)comes_back("wrong", 60000, "check",
                     "the check sums of swap_target: two and two are not four");
}

/* Permanent when make_permanent() does not ask them once more. */
void a_wrong_result_that_comes_late_comes_back(void)
{
    (void)comes_back("check_late", 20, "check", "once was enough");
}

void a_check_that_loops_is_given_up(void)
{
    KTEST_CHECK(comes_back("check_loops", 1, "check", "did not end in time") <
                40 * NS_PER_S);
}

/* The version that comes has lost its check, which is told, and has the mistake. Permanent when judged_by() looks at the cells
 * of the set only. */
void who_calls_a_cell_judges_it_too(void)
{
    static char account[EVOLVE_ACCOUNT_MAX];
    (void)comes_back("unchecked", 60000, "check", "three and three are not six");
    KTEST_CHECK(strcmp(kswap_report(0)->reason.dependent, "test_trial") == 0);
    KTEST_CHECK(evolve_account_read(0, account, sizeof account) == STATUS_OK);
    KTEST_CHECK(strstr(account, "swap_target comes without its check sums") != NULL);
}
