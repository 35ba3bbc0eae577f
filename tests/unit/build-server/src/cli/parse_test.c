/* Tests of the command line's words, with a small table of their own.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cli/command.h>

#define BIT(id) (UINT64_C(1) << OPTION_##id)

const struct option_spec option_specs[OPTION_COUNT] = {
    [OPTION_SERVER... OPTION_TOKEN_FILE] = {"unused-in-this-test", 0, NULL, "", NULL},
    [OPTION_MACHINE... OPTION_COUNT - 1] = {"unused-in-this-test", 0, NULL, "", NULL},
    [OPTION_HELP] = {"help", 'h', NULL, "", NULL},
    [OPTION_JSON] = {"json", 0, NULL, "", NULL},
    [OPTION_LIMIT] = {"limit", 'n', "N", "", NULL},
    [OPTION_ALL] = {"all", 'a', NULL, "", NULL},
};

const struct command commands[] = {
    {.name = "machines", .arguments = "", .options = BIT(LIMIT) | BIT(ALL)},
    {.name = "lab up", .arguments = ""},
    {.name = "show", .arguments = "KIND ID", .least = 2, .most = 2},
};
const size_t command_count = 3;

uint64_t command_global_options(void)
{
    return BIT(HELP) | BIT(JSON);
}

static struct invocation invocation;
static struct failure failure;

/* Parses WORDS, separated by single blanks. */
static bool parse(const char *words)
{
    static char text[256];
    char *argv[20];
    int argc = 0;

    strcpy(text, words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return command_parse(argc, argv, &invocation, &failure);
}

static void refuses(const char *words, const char *text)
{
    assert_false(parse(words));
    assert_true(failure.usage);
    if (strstr(failure.text, text) == NULL && strstr(failure.remedy, text) == NULL) {
        fail_msg("'%s; %s' does not say '%s'", failure.text, failure.remedy, text);
    }
}

static void takes_options_before_and_after_arguments(void **state)
{
    (void)state;
    assert_true(parse("show --json machine m1"));
    assert_string_equal(invocation.command->name, "show");
    assert_int_equal(invocation.argument_count, 2);
    assert_string_equal(invocation.argument[1], "m1");
    assert_true(invocation.json);
}

static void takes_values_in_all_three_forms(void **state)
{
    (void)state;
    assert_true(parse("machines --limit 7"));
    assert_string_equal(invocation.value[OPTION_LIMIT], "7");
    assert_true(parse("machines --limit=8"));
    assert_string_equal(invocation.value[OPTION_LIMIT], "8");
    assert_true(parse("machines -n9"));
    assert_string_equal(invocation.value[OPTION_LIMIT], "9");
}

static void knows_commands_of_two_words(void **state)
{
    (void)state;
    assert_true(parse("lab up"));
    assert_string_equal(invocation.command->name, "lab up");
    assert_int_equal(invocation.argument_count, 0);
    refuses("lab sideways", "lab sideways");
    refuses("lab", "lab up");
}

static void suggests_what_was_probably_meant(void **state)
{
    (void)state;
    refuses("machine", "machines");
    refuses("machines --limt 3", "--limit");
    refuses("machines --somethingelse", "--help");
}

static void refuses_what_a_command_does_not_take(void **state)
{
    (void)state;
    refuses("show machine m1 --limit 3", "takes no --limit");
    refuses("show machine", "too few");
    refuses("show machine m1 m2", "too many");
    refuses("machines --limit", "needs a value");
    refuses("machines --all=yes", "takes no value");
    refuses("machines --limit 1 --limit 2", "twice");
}

static void words_after_two_dashes_are_arguments(void **state)
{
    (void)state;
    assert_true(parse("show -- machine --json"));
    assert_string_equal(invocation.argument[1], "--json");
}

static void help_needs_no_arguments(void **state)
{
    (void)state;
    assert_true(parse("show --help"));
    assert_true(parse("-h"));
    assert_null(invocation.command);
}

static void json_is_known_even_if_parsing_fails(void **state)
{
    (void)state;
    assert_false(parse("nonsense --json"));
    assert_true(invocation.json);
}

static void numbers_have_limits(void **state)
{
    long number = 50;

    (void)state;
    assert_true(parse("machines"));
    assert_true(invocation_number(&invocation, OPTION_LIMIT, 1, 100, &number, &failure));
    assert_int_equal(number, 50);
    assert_true(parse("machines --limit 100"));
    assert_true(invocation_number(&invocation, OPTION_LIMIT, 1, 100, &number, &failure));
    assert_int_equal(number, 100);
    assert_true(parse("machines --limit 101"));
    assert_false(invocation_number(&invocation, OPTION_LIMIT, 1, 100, &number, &failure));
    assert_true(parse("machines --limit 5x"));
    assert_false(invocation_number(&invocation, OPTION_LIMIT, 1, 100, &number, &failure));
    assert_int_equal(number, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_options_before_and_after_arguments),
        cmocka_unit_test(takes_values_in_all_three_forms),
        cmocka_unit_test(knows_commands_of_two_words),
        cmocka_unit_test(suggests_what_was_probably_meant),
        cmocka_unit_test(refuses_what_a_command_does_not_take),
        cmocka_unit_test(words_after_two_dashes_are_arguments),
        cmocka_unit_test(help_needs_no_arguments),
        cmocka_unit_test(json_is_known_even_if_parsing_fails),
        cmocka_unit_test(numbers_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
