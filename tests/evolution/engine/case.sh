# The engine swaps itself, pushed as commits: another form of its log, a hundred times, and bad versions that come back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# Each commit changes what the swap task says, and moves all text of the cells that carry out a swap, watch its trial and can take
# it back. The machine of the lab gets two of them by push and goes from one to the other a hundred times, by order and over its
# network, each put in by what the one before brought, and what the closure counts goes on. A machine of its own does the
# same meanwhile with the very objects of the two commits, and watches its memory (tests/kernel/engine); more bad versions are
# there too. A third commit changes the form of what the closure keeps; it is gone back from, and what the closure counts goes
# on. Hazards 24, 30, 31.
#
# Seen to fail, each at its step: with the ways to the guard stored at the commit (plan_is_late_move() says no), the second form
# has no end; when leave_namespace() lets no version go, the hundred leave their memory behind; with one home for both forms of
# the closure's data (share_home()), nothing says that they moved, and with new cells led to the new guard at once (provide()
# of plan.c), they are refused. Of the bad ones, `loops` resets the machine when find_stuck() finds none, and those that take
# nothing back stay without the rehearsal of the guard, in either form.
probe() { # NUMBER FILE...
    local number=$1 file
    for file in "${@:2}"; do
        sed -i '/^__attribute__((used)) static int form_/d' "$file"
        printf '__attribute__((used)) static int form_%s(void) { return %s; }\n' "$number" "$number" >>"$file"
    done
}

# The commit counts what it carries out, and the swap task tells it: a value of the closure's own, for all forms to keep.
tally() {
    sed -i '/^static volatile uint8_t \*lapic;/i static struct {\n    uint64_t swaps;\n} tally;\n' kernel/core/commit/commit.c
    sed -i 's/^    if (!hold_others(self, cpus, limit_tsc)) {$/    tally.swaps++;\n&/' kernel/core/commit/commit.c
    printf '\nuint64_t commit_tally(void)\n{\n    return tally.swaps;\n}\n' >>kernel/core/commit/commit.c
    sed -i '$i /* Swaps that were carried out, or taken back. */\nuint64_t commit_tally(void);\n' kernel/core/commit/commit.h
    sed -i 's/^    moving_permanent(a);$/    log_write("evolve", LOG_INFO, "attempt %lu tally %lu", a->report.attempt, commit_tally());\n&/' kernel/core/evolve/trial.c
}

form() { # NUMBER
    grep -q commit_tally kernel/core/commit/commit.h || tally
    sed -Ei "s/\"(form [0-9]+, )?attempt %lu/\"form $1, attempt %lu/" kernel/core/evolve/*.c
    probe "$1" kernel/core/commit/commit.c kernel/core/guard/guard.c kernel/task/entry/entry.c kernel/fault/fault/fault.c
}

console_tells() { tr -d '\r' <"$(console_of m1)" | grep -aq -- "$1"; }

# The objects that the last row brought, as CELL.VERSION in the archive of the other machine.
added=()
add_objects() { # VERSION
    local name object
    while read -r name object; do
        added+=(--add "variants/$name.$1.o=$results/objects/$object.o")
    done < <(jq -r '.cells[] | "\(.name) \(.new)"' <<<"$row")
}

# What form $1 told last. Its value goes on from $told, which the form before told: neither lost nor of another field.
told=0
goes_on_in() { # FORM
    local before=$told
    told=$(tr -d '\r' <"$(console_of m1)" | sed -nE "s/.*form $1, attempt [0-9]+ tally ([0-9]+)$/\1/p" | tail -n 1)
    [ "${told:-0}" -gt "$before" ] && [ "$told" -lt $((before + 30)) ] || fail "$case_name: form $1 tells ${told:-nothing}, the one before told $before"
}

engine='commit:text entry:text evolve:text fault:text guard:text'
for version in first second; do
    number=$((${number:-0} + 1))
    evolves_by "engine: form $number of its log" "$engine" form "$number"
    eventually 10 console_tells "form $number, attempt [0-9]* permanent"
    [ "$number" = 1 ] || goes_on_in "$number" # the first came over a version that counts nothing
    add_objects "$version"
    commits+=("$commit")
done

a_hundred_times() {
    local objects=() name cells=$tree/$build/test-cells
    for name in $(jq -r '.[].name' <<<"$base"); do objects+=("$tree/$build/cells/$name.o"); done
    for name in second fault; do added+=(--add "variants/swap_target.$name.o=$cells/variants/swap_target.$name.o"); done
    "$bin/bootimage" --stub "$tree/$build/boot/stub.elf" --out "$work/neurath.elf" --archive "$work/archive.cpio" "${added[@]}" \
        "${objects[@]}" "$cells"/{test_engine,ktest,kswap,swap_target}.o || return 1
    timeout 240 "$tree/tests/kernel/boot" "$work/neurath.elf" "$work/archive.cpio" || return 1
}
a_hundred_times >"$work/hundred.log" 2>&1 &
hundred=$!

# What the closure keeps changes its form, together with the others: in one commit, there and (with the orders below) back.
grow() { # FIELD
    sed -i "s/^    uint32_t last_ticket;\$/    uint32_t $1[3];\n&/" kernel/core/commit/commit.c kernel/core/guard/record.h
    sed -i "s/^    uint64_t swaps;\$/    uint64_t $1_more[2];\n&/" kernel/core/commit/commit.c
    sed -i "/^    __atomic_store_n(&park.arrived, 0/i\    park.$1[0]++;" kernel/core/commit/commit.c
}
grow_all() { form 3 && grow parks; }
grow_and_take_nothing_back() { form 4 && grow more && takes_nothing_back; }
evolves_by 'engine: what it keeps has another form' 'commit:data entry:text evolve:text fault:text guard:data' grow_all
eventually 10 console_tells 'form 3, attempt [0-9]* permanent'
console_tells 'park of commit: is initialised again, .* at a new address' || fail "$case_name: nothing says that the data moved"
console_tells 'tally of commit: new parks_more, 8 to 24 bytes, at a new address' || fail "$case_name: nothing says that the tally moved"
goes_on_in 3

instead_of_storing() { sed -i "s/^    pokes_store(pokes, count, backwards);/    $1/" kernel/core/commit/commit.c; }
takes_nothing_back() { sed -i '/apply.h>/a #define pokes_store(pokes, count, backwards) ((void)0)' kernel/core/guard/revert.c; }

comes_back_by 'commit: loops' fault 'interrupts off' instead_of_storing 'for (;;) closure_pause();'
comes_back_by 'guard: takes nothing back' fault 'rehearsal of guard' takes_nothing_back
comes_back_by 'engine: in another form it takes nothing back' fault 'rehearsal of guard' grow_and_take_nothing_back

# The values of the closure go back into the form of the first, and on.
goes_to "${commits[0]}" 'the first form again'
goes_on_in 1
goes_to "${commits[1]}" 'the second form again'
goes_on_in 2

say "$case_name: a hundred times, over the network"
before_id=$(neurath history --machine m1 --json | jq 'max_by(.id).id')
for i in {1..100}; do
    neurath rollback --to "${commits[$((i % 2 ? 0 : 1))]}" --machine m1 --wait >"$work/rollback.out" 2>&1 ||
        fail "$case_name: order $i of a hundred: $(tail -n 3 "$work/rollback.out")"
done
neurath history --machine m1 --limit 200 --json | jq -e "[.[] | select(.id > $before_id)] | length == 100 and all(.[];
    .result == \"permanent\" and ([.cells[].class] | unique) == [\"text\"] and (.cells | length) == 5)" >/dev/null ||
    fail "$case_name: the history does not say that it happened a hundred times"
before=$told
told=$(tr -d '\r' <"$(console_of m1)" | sed -nE 's/.*form 2, attempt [0-9]+ tally ([0-9]+)$/\1/p' | tail -n 1)
[ "$told" -ge $((before + 100)) ] || fail "$case_name: after a hundred swaps the closure has counted $told, before it $before"

wait "$hundred" || fail "$case_name: a hundred times: $(tail -n 40 "$work/hundred.log")"
for number in 1 2; do
    times=$(grep -ac "form $number, attempt [0-9]* permanent" "$work/hundred.log")
    [ "$times" -ge 50 ] || fail "$case_name: only $times attempts said so in form $number"
done
say "$case_name: $(grep -a '^engine: heap' "$work/hundred.log" | tr -d '\r')"
