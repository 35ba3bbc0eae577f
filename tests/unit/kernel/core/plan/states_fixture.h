/* Marks of cells whose data change their meaning, for tests.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TESTS_UNIT_PLAN_STATES_FIXTURE_H
#define NEURATH_TESTS_UNIT_PLAN_STATES_FIXTURE_H

#define MARK(name) "static const char evolve_" name " __attribute__((used)) = 1;\n"
#define STATE(name, n) MARK("state_" name "__" n)
#define S_EDGE(object, from, from_type, to, to_type)                                     \
    "static const __typeof__(" from_type ") *const evolve_from_" object "__" from        \
    "__" to " __attribute__((used)) = 0;\n"                                              \
    "static const __typeof__(" to_type ") *const evolve_into_" object "__" from "__" to  \
    " __attribute__((used)) = 0;\n"                                                      \
    "static void evolve_step_" object "__" from "__" to "(const void *was, void *is) "   \
    "__attribute__((used));\n"                                                           \
    "static void evolve_step_" object "__" from "__" to "(const void *was, void *is) "   \
    "{ *(char *)is = *(const char *)was; }\n"

#endif
