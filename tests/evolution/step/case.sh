# A task's step function gets another name.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# The task has the address of the old one and would go on in old text for good, unnoticed: so it is refused, and says what to do.
# With EVOLVE_DROPS the task is held during the trial and ends with it, and the hook `evolved` makes one that goes on where it
# was; a version that is taken back gives it its step again. Hazards 2, 22. Seen to fail without ending_allowed() (it becomes
# permanent, and the old text goes on) and, when ending_begin() ends only tasks of cells that go, at the number of tasks.
source=kernel/app/stepper/stepper.c

rename_step() { sed -i "s/stepper_step/stepper_$1/; s/, stepper_step,/, stepper_$1,/" $source; }

# $2: what the hook gives.
rename_well() {
    rename_step "$1"
    sed -i 's|^static uint64_t steps;|EVOLVE_DROPS(stepper_step);\n&|; s|^#include <task/task/task.h>|#include <lib/base/evolve.h>\n&|' $source
    printf '\nenum status stepper_evolved(uint32_t from)\n{\n    (void)from;\n    return make_task() == STATUS_OK ? %s : STATUS_FULL;\n}\n' "$2" >>$source
}

# Sets steps.
read_steps() {
    type_command stepper
    answered -E '^stepper: [0-9]+ steps' || fail "$case_name: 'stepper' does not answer: $(answer)"
    steps=$(answer | sed -nE 's/^stepper: ([0-9]+) steps$/\1/p')
}
has_gone_on() { read_steps && [ "$steps" -ge $((before + 10)) ]; }
goes_on() {
    read_steps
    before=$steps
    eventually 10 has_gone_on
}
names_of_tasks() { type_command tasks && answered -E 'stepper' && answer | grep -c stepper; }

evolves 01-add stepper:add
goes_on
added=$commit

push_change 'stepper: its step has another name' rename_step walk
take_row 'its step has another name'
result_is refused
reason_is consent 'task stepper would end: the new stepper lacks its step stepper_step' 'EVOLVE_DROPS(stepper_step)' '--consent stepper:stepper_step'
git -C "$clone" revert --no-edit HEAD >/dev/null
goes_on

comes_back_by 'stepper: another step, but its hook fails' fault 'hook of stepper' rename_well walk STATUS_FULL
goes_on

evolves_by 'stepper: another step' stepper:text rename_well walk STATUS_OK
goes_on
[ "$(names_of_tasks)" = 1 ] || fail "$case_name: more than one task steps: $(answer)"
is_refused_at "$added" consent stepper_walk '--consent stepper:stepper_walk'
neurath unhold m1 >/dev/null
goes_on
