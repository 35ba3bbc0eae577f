# Runs cases of evolution one after another on one machine of a lab, and judges each from outside.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# A test sources this file and calls run_cases with the names of folders beside it. A folder holds numbered patches, each one
# commit on the tree as it is then, and case.sh, which says in order what becomes of each and what the machine answers then.
# case.sh runs in a subshell with the words below. What a case leaves behind (its own cells, its last commit) stays for the
# next one, so cases keep to cells of their own, or put back what they changed. The machine has CPUS processors (2).
trial=${trial:-250} # what fails here fails at once, or makes the trial last longer, as a loop does
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
# shellcheck source=tests/evolution/gap.sh
. tests/evolution/gap.sh
# shellcheck source=tests/evolution/load.sh
. tests/evolution/load.sh

results=$tree/$build/evolution
pending=()
case_name='' row='' row_id=0 to='' result='' pause=0 lists='' cells='' log_begin=0

# ---- pushing --------------------------------------------------------------------------------------------------------

# Applies patch $1 of the case as a commit, and pushes it; sets `commit`.
push_patch() {
    say "$case_name: $1"
    git -C "$clone" am -q --3way --keep-cr <"$tree/tests/evolution/$case_name/$1.patch" >"$work/push.out" 2>&1 || {
        cat "$work/push.out" >&2
        fail "$1 does not apply to the tree"
    }
    push_head
}

# Commits what `change`, a command, did to the clone, and pushes it: for changes to which no patch would apply for long.
push_change() {
    say "$case_name: $1"
    (cd "$clone" && "${@:2}" && git add -A && git commit -q -m "$1") || fail "the change does not work: $1"
    push_head
}

# Pushes the clone's last commit.
publish_head() {
    commit=$(git -C "$clone" rev-parse HEAD)
    gap_order
    git -C "$clone" push >"$work/push.out" 2>&1 || {
        cat "$work/push.out" >&2
        fail "git push failed"
    }
}

# The same of what has to compile.
push_head() {
    publish_head
    if grep -q '^remote: neurath: failed' "$work/push.out"; then
        cat "$work/push.out" >&2
        fail "$case_name: it does not build"
    fi
}

# An attempt that has ended, as two lines: what is judged of most, then the row.
attempts='select(.trigger != "revert" and .machine_name == "m1" and (.result | . != "running" and . != "trial")) |
    "\(.id) \(.to_commit) \(.result) \(.pause_ns // 0) \([.cells[] | .name + ":" + .class] | sort | join(" ") | @json) \([.cells[] | .old, .new | values] | join(" ") | @json)", tojson'

# Sets `row`, and what is judged of most (row_id, to, result, pause, cells, objects), to the next attempt that ended. The server
# tells it when it happens; should the telling have begun too late, the history has it.
next_attempt() {
    if IFS=' ' read -r -t 5 -u "$events_fd" row_id to result pause lists; then
        IFS= read -r -u "$events_fd" row
    else
        { read -r row_id to result pause lists && IFS= read -r row; } < <(neurath history --machine m1 --json | jq -r "[.[] | select(.trigger != \"revert\")] | max_by(.id) | $attempts")
    fi
}

# Sets them to that of `commit`, or with `--after ID` to one newer than that; keeps it with the results as step $1.
take_row() {
    local end=$((SECONDS + ${patience:-60}))
    until next_attempt && { [ "$to" = "$commit" ] || [ "${2:-}" = --after ]; } && [ "$row_id" -gt "${3:-0}" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "$case_name: $1 has no end"
    done
    cells=${lists#\"} cells=${cells%%\"*}
    keep_row "$1"
    # shellcheck disable=SC2046
    keep_objects $(tr -d '"' <<<"${lists#*\" }")
    gap_step "$1"
}

# The row as it is, with what it belongs to.
keep_row() {
    printf '{"case":"%s","step":"%s","stores":%s,%s\n' "$case_name" "$1" "$(stores_of_row)" "${row#\{}" >>"$results/$case_name.json"
}

# The objects, for tests/bench/cases.bench, which swaps them once more without a network. Other tests may be keeping the same ones.
keep_objects() {
    local digest
    mkdir -p "$results/objects"
    for digest; do
        [ ! -e "$results/objects/$digest.o" ] || continue
        cp "$NEURATH_STATE/objects/${digest:0:2}/$digest" "$results/objects/$digest.$$"
        mv -f "$results/objects/$digest.$$" "$results/objects/$digest.o"
    done
}

# The machine's own count of the places that it wrote, on the line of its log that tells the same pause.
stores_of_row() {
    local count=
    [ "$pause" = 0 ] || count=$(tr -d '\r' <"$(console_of m1)" | sed -nE "s/.* ([0-9]+) stores, pause $pause ns.*/\1/p" | tail -n 1)
    echo "${count:-null}"
}

result_is() {
    [ "$result" = "$1" ] || {
        grep '^remote' "$work/push.out" >&2
        fail "$case_name: not $1: $row"
    }
}

# The row's reason: code $1, and each further word in its text.
reason_is() {
    local word code text
    { read -r code && read -r text; } < <(jq -r '.reason.code, .reason.text' <<<"$row")
    [ "$code" = "$1" ] || fail "$case_name: not for the reason $1: $row"
    for word in "${@:2}"; do
        [[ $text = *"$word"* ]] || fail "$case_name: the reason does not say '$word': $row"
    done
}

# ---- what case.sh says ----------------------------------------------------------------------------------------------

# evolves PATCH [CELL:CLASS...]: it becomes permanent, and these are the cells that were swapped, no others.
evolves() {
    push_patch "$1"
    evolved "$@"
}

# evolves_by MESSAGE CELLS COMMAND...: the same for a change that a command makes; CELLS is one word ("" = not checked).
evolves_by() {
    push_change "$1" "${@:3}"
    # shellcheck disable=SC2086
    evolved "$1" $2
}

evolved() {
    take_row "$1"
    result_is permanent
    [ $# = 1 ] || is_of "${@:2}"
    eventually 20 runs m1 "$commit"
}

is_of() {
    local expected
    expected=$(printf '%s\n' "$@" | LC_ALL=C sort | paste -sd ' ')
    [ "$expected" = "$cells" ] || fail "$case_name: swapped were $cells, not $expected"
}

# unchanged_by MESSAGE COMMAND...: there is nothing to swap, and the history says so.
unchanged_by() {
    push_change "$@"
    take_row "$1"
    result_is permanent
    [ -z "$cells" ] || fail "$case_name: something was swapped: $row"
}

# unbuilt_by MESSAGE WORD COMMAND...: what the command makes does not compile; push says so, with WORD, and there is no release.
unbuilt_by() {
    local releases
    say "$case_name: $1"
    releases=$(neurath releases --json | jq '.[0].v')
    (cd "$clone" && "${@:3}" && git add -A && git commit -q -m "$1") || fail "the change does not work: $1"
    publish_head
    grep -q '^remote: neurath: failed' "$work/push.out" || fail "$case_name: it builds: $(cat "$work/push.out")"
    grep -q "^remote: .*$2" "$work/push.out" || fail "$case_name: git push does not say $2: $(cat "$work/push.out")"
    [ "$(neurath releases --json | jq '.[0].v')" = "$releases" ] || fail "$case_name: something was released"
    git -C "$clone" revert --no-edit HEAD >/dev/null
}

# refused_by MESSAGE CODE WORDS COMMAND...: what the command makes is refused before anything has changed, with WORDS.
refused_by() {
    push_change "$1" "${@:4}"
    was_refused "$1" "$2" "$3"
}

# refused PATCH CODE WORDS...: before anything has changed, with these words; push says so too. The commit is taken back.
refused() {
    push_patch "$1"
    was_refused "$@"
}

was_refused() {
    take_row "$1"
    result_is refused
    reason_is "${@:2}"
    # shellcheck disable=SC2086
    grep -q "^remote: .*${3:-}" "$work/push.out" || fail "$case_name: git push does not say it: $(cat "$work/push.out")"
    git -C "$clone" revert --no-edit HEAD >/dev/null
}

# comes_back PATCH [CODE...]: it runs, fails, and is taken back by the machine itself. The commit is taken back too.
comes_back() {
    push_patch "$1"
    take_row "$1"
    result_is reverted
    [ $# = 1 ] || reason_is "${@:2}"
    git -C "$clone" revert --no-edit HEAD >/dev/null
}

# comes_back_by MESSAGE CODE WORD COMMAND...: the same for a change that COMMAND makes.
comes_back_by() {
    push_change "$1" "${@:4}"
    take_row "$1"
    result_is reverted
    reason_is "$2" "$3"
    git -C "$clone" revert --no-edit HEAD >/dev/null
}

# goes_to COMMIT STEP [OPTION...]: a rollback to COMMIT, or forward again; its figures are kept as STEP.
goes_to() {
    go_to "$@" || {
        cat "$work/rollback.out" >&2
        fail "$case_name: $2 was not begun"
    }
    take_row "$2" --after "$before_id"
    result_is permanent
}

# refuses_to_go_to COMMIT CODE WORDS...: the same, but the machine refuses, with these words; who asked was told before.
refuses_to_go_to() {
    ! go_to "$1" 'refused rollback' || fail "$case_name: nobody was told that it is refused"
    grep -qF -- "${3:-}" "$work/rollback.out" || fail "$case_name: neurath rollback does not say it: $(cat "$work/rollback.out")"
    take_row 'refused rollback' --after "$before_id"
    result_is refused
    reason_is "${@:2}"
}

# is_refused_at COMMIT CODE WORDS...: the same, and only the machine can tell, for its data are in the way.
is_refused_at() {
    go_to "$1" 'refused rollback' || fail "$case_name: it is refused too early: $(cat "$work/rollback.out")"
    take_row 'refused rollback' --after "$before_id"
    result_is refused
    reason_is "${@:2}"
}

go_to() {
    say "$case_name: $2"
    before_id=$(neurath history --machine m1 --json | jq 'max_by(.id).id')
    gap_order
    neurath rollback --to "$1" --machine m1 "${@:3}" >"$work/rollback.out" 2>&1
}

# later COMMAND...: is judged after the last case, for the machine needs time for it.
later() { pending+=("case_name=$case_name; ${*@Q}"); }

# Types COMMAND at the machine's console; the answer is what the line has said since. (QEMU's own log of the line doubles
# characters while the line's reader is slow.)
type_command() {
    log_begin=$(stat -c %s "$work/console.out")
    printf '%s\r' "$1" >&"$console_fd"
}

answer() { tail -c +$((log_begin + 1)) "$work/console.out" | tr -d '\r' | sed 's/\x1b\[[0-9;]*[A-Za-z]//g; s/^> //'; }

# answered GREP...: soon, such a line is there.
answered() {
    local end=$((SECONDS + 10))
    until answer | grep -q "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then return 1; fi
        sleep 0.05
    done
}

# answers COMMAND LINE: typed at the machine's console, COMMAND prints LINE.
answers() {
    type_command "$1"
    answered -xF -- "$2" || fail "$case_name: '$1' does not print '$2' but:
$(answer)"
}

# answers_unlike COMMAND PATTERN: COMMAND prints no line like it. What a second command prints shows that it is over.
answers_unlike() {
    type_command "$1"
    printf 'end of %s\r' "$1" >&"$console_fd"
    answered -xF 'end: no such command; help shows them' || fail "$case_name: the shell does not answer"
    ! answer | grep -q -- "$2"
}

answers_like() { ! answers_unlike "$@"; }

# has_symbol CELL PATTERN: the object that was built last has a symbol that matches: the case provokes what it is about.
has_symbol() { symbols "$1" | grep -Eq "$2" || fail "$case_name: $1 has no symbol $2: $(symbols "$1" | tr '\n' ' ')"; }
lacks_symbol() { ! symbols "$1" | grep -Eq "$2" || fail "$case_name: $1 has a symbol $2"; }
symbols() { nm "$NEURATH_STATE"/worktree/build/cells/"$1".debug.o | awk '{ print $NF }'; }

# ---- running --------------------------------------------------------------------------------------------------------

# Nothing that a case does may harm the machine: it never booted, its invariants hold, its counter went on.
unharmed() {
    [ "$(neurath show machine m1 --json | jq -r .boot_id)" = "$boot_id" ] || fail "$case_name: the machine rebooted"
    answers ns 'all invariants hold'
    ticks_go_on_in "$work/console.out" || { # as the line has said it: QEMU's log doubles characters
        tr -d '\r' <"$work/console.out" | grep -av '^ *[0-9]* [a-z0-9_]* *[a-z]* ' | tail -n 200 >&2
        fail "$case_name: the counter did not go on"
    }
    echo_works || fail "$case_name: the connection did not survive"
}

run_case() {
    case_name=$1
    [ -e "$tree/tests/evolution/$case_name/case.sh" ] || fail "no case $case_name"
    gap_promise=
    rm -f "$results/$case_name.json"
    # shellcheck disable=SC1090
    . "$tree/tests/evolution/$case_name/case.sh"
    unharmed
}

# What machine m1 was booted from, and which cases it went through since: RESULTS/machines/TEST.json.
note_machine() {
    local name
    name=$(basename "$0" .test)
    mkdir -p "$results/machines"
    jq -c --args '{base: $base, cpus: $cpus, cases: $ARGS.positional}' --argjson base "$base" --argjson cpus "${CPUS:-2}" "$@" <<<null >"$results/machines/$name.json"
}

# Runs the cases named, or those of them that EVOLUTION_CASES names: for work on one.
run_cases() {
    local name base
    mkdir -p "$results"
    start_lab ${CPUS:+--cpus "$CPUS"}
    base=$(neurath show release 1 --json | jq -c '(.cell_set // .cells) | map({name, object})')
    # shellcheck disable=SC2046
    keep_objects $(jq -r '.[].object' <<<"$base")
    mkfifo "$work/typed" "$work/events"
    "$bin/neurath" watch --machine m1 --json | jq --unbuffered -r "select(.event == \"history\") | .row | $attempts" >"$work/events" &
    exec {events_fd}<"$work/events"
    neurath console m1 <>"$work/typed" >"$work/console.out" &
    exec {console_fd}>"$work/typed"
    boot_id=$(neurath show machine m1 --json | jq -r .boot_id)
    open_echo m1
    echo_works || fail "the echo cell does not answer"
    gap_open
    for name in "$@"; do
        if [ -z "${EVOLUTION_CASES:-}" ] || [[ " $EVOLUTION_CASES " = *" $name "* ]]; then run_case "$name"; fi
    done
    for name in "${pending[@]}"; do eval "$name"; done
    # A machine could also be booted into what runs now.
    release=$(neurath history --machine m1 --json | jq 'max_by(.id).release')
    eventually 60 test -s "$NEURATH_STATE/boot/$release/neurath.elf"
    if [ -z "${EVOLUTION_CASES:-}" ]; then note_machine "$@"; fi
    gap_close
}
