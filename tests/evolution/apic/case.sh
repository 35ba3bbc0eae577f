# One cell for the APICs becomes four: TLB shootdown, IOAPIC, interrupts to other CPUs, the local timer.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# First what the tree has in three cells is merged into one, then that is split into four, each time with all dependents, while
# timers, shootdowns and device interrupts go on. The registers' addresses and the timer's rate go along with the code. A split
# in which nobody takes the local APICs' registers is refused (thesis 9.1.4); a timer that faults when it is set, with the
# scheduler's lock held, comes back (what takes it back is tried in tests/kernel/engine). Then there and back again, with and without
# a stop at the one cell; the shootdown's request so goes back to a cell that stays. Hazards 8, 17, 20, 22, 24, 31. Seen to fail
# without plan_check_removal(), and when plan_take() does not look at the marks of what runs.
uses_become() { # WORD NEW...: in every cell that may use WORD
    git ls-files '*cell.mk' | xargs sed -Ei "/^uses/s/\\b$1\\b/${*:2}/"
}
include_becomes() { git grep -lF "<$1>" -- '*.c' '*.h' | xargs sed -i "s|^#include <$1>|$2|"; }
apply() { git apply --3way --index "$tree/tests/evolution/apic/$1.patch"; }

merge() {
    apply 01-merge
    uses_become lapic apic
    uses_become ioapic apic
    uses_become paging paging apic
    sed -i '/^uses/s/ apic//' kernel/irq/apic/cell.mk
    sed -i '/^uses/s/$/ apic/' kernel/mm/paging/cell.mk
    include_becomes irq/lapic/lapic.h '#include <irq/apic/lapic.h>'
    include_becomes irq/ioapic/ioapic.h '#include <irq/apic/ioapic.h>'
}

split() {
    apply 02-split
    uses_become apic apictimer ioapic ipi shootdown
    include_becomes irq/apic/lapic.h '#include <irq/apictimer/apictimer.h>\n#include <irq/ipi/ipi.h>'
    include_becomes irq/apic/ioapic.h '#include <irq/ioapic/ioapic.h>'
}
# goes SHAPE COMMIT REMOVED ADDED: a rollback, or forward; each of REMOVED and ADDED is cells in the order of the alphabet.
goes() {
    goes_to "$2" "$1"
    jq -e --arg gone "$3" --arg come "$4" 'def of(class): [.cells[] | select(.class == class).name] | sort | join(" ");
        of("remove") == $gone and of("add") == $come' <<<"$row" >/dev/null || fail "$case_name: not what was to be swapped: $row"
    answers_like tasks ' hello '
}
split_that_forgets() { split && sed -i '/EVOLVE_TAKES(apic, lapic)/d' kernel/irq/ipi/ipi.c; }
timer_faults() {
    sed -i '/^void lapic_timer_arm(/,/^}/s/^{/{\n    *(volatile uint64_t *)0x7008 = delay_ns;/' kernel/irq/apictimer/apictimer.c
}

three=$(neurath show machine m1 --json | jq -r .commit)
evolves_by 'apic: one cell for lapic, ioapic and the shootdown' '' merge
one=$commit
jq -e '.cells | map({(.name): .class}) | add | .apic == "add" and .lapic == "remove" and .ioapic == "remove" and .paging == "text" and .timer == "text"' \
    <<<"$row" >/dev/null || fail "$case_name: not what was to be swapped: $row"
answers_like tasks ' hello '

push_change 'apic: four cells, but one forgets where the registers are' split_that_forgets
take_row 'apic: four cells, but one forgets where the registers are'
result_is refused
reason_is consent 'EVOLVE_TAKES(apic, lapic) in ipi'
git -C "$clone" revert --no-edit HEAD >/dev/null
evolves_by 'apic: four cells' '' split
jq -e '.cells | map({(.name): .class}) | add | .apic == "remove" and .shootdown == "add" and .ioapic == "add" and .ipi == "add" and .apictimer == "add"' \
    <<<"$row" >/dev/null || fail "$case_name: not what was to be swapped: $row"
four=$commit
comes_back_by 'apictimer: faults when it is set' fault lapic_timer_arm timer_faults
goes 'three cells' "$three" 'apictimer ipi shootdown' lapic
goes 'one cell' "$one" 'ioapic lapic' apic
goes 'three cells again' "$three" apic 'ioapic lapic'
goes 'four cells' "$four" lapic 'apictimer ipi shootdown'
goes 'one cell again' "$one" 'apictimer ioapic ipi shootdown' apic
say "merged and split: $(jq -s -r 'map(select(.result == "permanent") | "\(.cells | length) cells in \(.pause_ns) ns") | join(", ")' "$results/apic.json")"
