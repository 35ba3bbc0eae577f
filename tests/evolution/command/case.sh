# All commands of the shell get one more argument: the type of the functions whose addresses the shell keeps changes.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Each address in the shell's table is led on to the new form of its function, in whatever cell that is, and back, by the guard too.
# A function that keeps its old form would be called wrongly: that is refused, and it is named. Hazards 1, 12, 13. Seen to fail
# without MOVE_FUNCTION (refused), with it as a copy (refused: somebody holds the address of an old form), and without is_led_on().
commands() { grep -rlE '\(int argc, char \*\*argv\)$' kernel evolution-client/cell --include='*.c' --exclude-dir=tools --exclude-dir=hosted; }
widen() {
    sed -i 's/(\*shell_fn)(int argc, char \*\*argv)/(*shell_fn)(int argc, char **argv, unsigned columns)/' kernel/console/shell/shell.h
    sed -i 's/(int argc, char \*\*argv);/(int argc, char **argv, unsigned columns);/' kernel/core/evolve/commands.h
    sed -i 's/^        fn(count, words);/        fn(count, words, 132);/' kernel/console/shell/shell.c
    commands | xargs perl -0pi -e 's/\(int argc, char \*\*argv\)\n\{/(int argc, char **argv, unsigned columns)\n{\n    (void)columns;/g'
    perl -0pi -e 's/(static void pci_command\(.*?\)\n\{\n)/$1    console_print("for %u columns\\n", columns);\n/s' kernel/bus/pci/pci.c
}
widen_and_fault() {
    widen
    perl -0pi -e 's/(\nenum status e1000_receive\([^;{]*\{\n)/$1    __asm__ volatile("movl \$1, 8");\n/' kernel/net/e1000/rings.c
}
# The others are given the argument, so the type is the new one; this one is registered by force as what it was.
widen_all_but_one() {
    widen
    git checkout -q kernel/bus/pci/pci.c
    sed -i 's/shell_register("pci", pci_command,/shell_register("pci", (shell_fn)(void *)pci_command,/' kernel/bus/pci/pci.c
}
works() { answers_like pci '00:00.0.*8086'; }

before=$(git -C "$clone" rev-parse HEAD)
works
say "$case_name: one keeps its form"
push_change 'all commands but one get another argument' widen_all_but_one
take_row 'all but one'
result_is refused
reason_is data 'holds the address of pci_command of pci, which has no new form'
git -C "$clone" revert --no-edit HEAD >/dev/null
works

comes_back_by 'commands get another argument, and a fault' fault e1000_receive widen_and_fault
works

evolves_by 'commands get another argument' '' widen
for cell in pci:text shell:signature; do [[ " $cells " = *" $cell "* ]] || fail "$case_name: $cell was not swapped: $cells"; done
answers pci 'for 132 columns'
answers_like help '^pci '
goes_to "$before" 'commands as they were'
works
answers_unlike pci 'for .* columns'
goes_to "$commit" 'another argument again'
answers pci 'for 132 columns'
neurath unhold m1 >/dev/null # what was left last is suspect, and the next commit has it again
evolves_by 'commands: as they were' '' git checkout -q "$before" -- .
works
