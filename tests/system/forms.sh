# What tests of other forms share: one machine is watched while pushes change the form of its data, refuse to, and go back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154

# Notes what has to go on through everything: the boot, a connection, the counter. Types into the machine's console.
watch_machine() {
    base=$(git -C "$clone" rev-parse HEAD)
    mkfifo "$work/typed"
    neurath console m1 <>"$work/typed" >>"$work/console.out" &
    exec {console_fd}>"$work/typed"
    open_echo m1
    echo_works || fail "the echo cell does not answer"
    boot_id=$(neurath show machine m1 --json | jq -r .boot_id)
}

unharmed() {
    [ "$(neurath show machine m1 --json | jq -r .boot_id)" = "$boot_id" ] || fail "$1: the machine rebooted"
    echo_works || fail "$1: the connection did not survive"
    ticks_go_on m1 || fail "$1: the counter did not go on"
    : >"$work/console.out"
    printf 'ns\r' >&"$console_fd"
    eventually 10 grep -aq 'all invariants hold' "$work/console.out"
}

builds() { ! grep -q '^remote: neurath: failed' "$work/push.out"; }

ended() { history ".to_commit == \"$commit\" and .machine_name == \"m1\" and .trigger != \"revert\" and (.result | . != \"running\" and . != \"trial\")"; }

# Sets `row` to what became of `commit`.
take_row() {
    builds || fail "it does not build (name the fields in initialisers): $(grep -m 1 error: "$work/push.out")"
    eventually 90 ended
    row=$(neurath history --machine m1 --commit "$commit" --json | jq -c '[.[] | select(.trigger != "revert")][0]')
}

# The swap of `row` became permanent; else the reason is told, and what to do about it.
is_permanent() {
    [ "$(jq -r .result <<<"$row")" = permanent ] ||
        fail "$(jq -r '"\(.reason.symbol // "a static") of \(.reason.cell // "a cell") does not change its form: \(.result), \(.reason.text)"' <<<"$row") -- $1"
}

# `row` was refused, and one of its reasons says WORDS: the first, or one that the machine only logs.
refused_with() {
    [ "$(jq -r .result <<<"$row")" = refused ] || fail "not refused (what can be done now is to be taken off the list): $row"
    [[ $(jq -r .reason.text <<<"$row") = *"$1"* ]] || eventually 60 grep -aq "also: .*$1" "$work/console.out"
}

# Back to the release of before, by a rollback.
go_back() {
    say "and back"
    neurath rollback --to "$base" --machine m1 --wait >"$work/rollback.out" 2>&1 || fail "the rollback failed: $(cat "$work/rollback.out")"
    neurath show machine m1 --json | jq -e --arg base "$base" '.commit == $base and .cells_differing == 0' >/dev/null || fail "it does not run what it began with"
    unharmed 'the forms of before'
}
