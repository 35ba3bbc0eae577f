# Helpers of the system tests: a lab of one's own, pushes, and waiting for what must happen.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2119,SC2120
#
# A test sources this file, calls start_lab, and uses the command line as a person would. Its lab has its own state
# folder, free ports and machines, and is gone when the test ends, however it ends. The first test to run builds a
# template: the state of a lab whose first release is the tree as it lies (uncommitted changes included). Each test
# starts from a copy of it, so that no test waits for a build of every cell. Nothing is waited for by sleeping:
# `eventually` looks again until its deadline.
set -euo pipefail

tree=$PWD
build=${BUILD:-build}
bin=$tree/$build/bin
trial=${trial:-1000} # milliseconds that a swap is on trial
work=$(mktemp -d "${TMPDIR:-/tmp}/ns.XXXXXX")
failed_line=
template= clone= hello= commit= echo_fd=

export NEURATH_STATE=$work/lab
export XDG_CONFIG_HOME=$work/config HOME=$work GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
unset NEURATH_SERVER NEURATH_TOKEN_FILE GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
git config --file "$work/.gitconfig" safe.directory '*'

neurath() { "$bin/neurath" "$@"; }

say() { printf '# %s\n' "$*"; }

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# What helps to see why a test failed.
show_state() {
    {
        echo "--- the last push"; cat "$work/push.out"
        echo "--- history"; timeout 5 "$bin/neurath" history --limit 12
        echo "--- builds"; timeout 5 "$bin/neurath" builds --limit 6
        echo "--- machines"; timeout 5 "$bin/neurath" machines
        for console in "$NEURATH_STATE"/machines/*/console.log "$work"/*.log; do
            [ -e "$console" ] || continue
            echo "--- $console"; tail -n 40 "$console" | tr -d '\r'
        done
        echo "--- lab.log"; tail -n 40 "$NEURATH_STATE/log/lab.log"
    } >&2 2>&1 || true
}

finish() {
    local status=$? left
    trap - EXIT
    set +e
    if [ "$status" != 0 ] && [ "$status" != 77 ]; then
        [ -z "$failed_line" ] || echo "FAIL: $failed_line" >&2
        show_state
    fi
    # shellcheck disable=SC2046
    kill $(jobs -p) 2>/dev/null
    if [ -e "$NEURATH_STATE/lab.json" ]; then
        timeout 30 "$bin/neurath" lab down >/dev/null || status=1
    fi
    left=$(processes_of_lab)
    if [ -n "$left" ]; then
        echo "FAIL: processes are left: $left" >&2
        # shellcheck disable=SC2086
        kill -9 $left
        status=1
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'failed_line="$0 line $LINENO: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM HUP

# Process ids of everything that belongs to this test's lab: its state folder is in their arguments.
processes_of_lab() {
    local folder pid
    for folder in /proc/[0-9]*; do
        pid=${folder#/proc/}
        if [ "$pid" != $$ ] && tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | grep -qF "$NEURATH_STATE"; then
            printf '%s ' "$pid"
        fi
    done 2>/dev/null
}

# eventually SECONDS COMMAND...: until it succeeds; fails when the time is over.
eventually() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then fail "never happened: $*"; fi
        sleep 0.1
    done
}

now_ms() { date +%s%3N; }

# ---- the template ---------------------------------------------------------------------------------------------------

# The tree as it lies, as one commit on its history; prints the commit.
snapshot() {
    local index=$work/index tree_id
    cp "$(git -C "$tree" rev-parse --git-path index)" "$index" 2>/dev/null || rm -f "$index"
    tree_id=$(cd "$tree" && GIT_INDEX_FILE=$index git add -A . && GIT_INDEX_FILE=$index git write-tree)
    if [ "$tree_id" = "$(git -C "$tree" rev-parse 'HEAD^{tree}')" ]; then
        git -C "$tree" rev-parse HEAD
    else
        GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
            git -C "$tree" -c user.name=Test -c user.email=test@localhost commit-tree -p HEAD -m 'the tree as it lies' "$tree_id"
    fi
}

# Sets `template` to a folder with tree/ and lab/, building it if it is not there. SYSTEM_TEMPLATE=DIR takes that one,
# however old: for work on the tests themselves.
find_template() {
    local commit key new
    if [ -n "${SYSTEM_TEMPLATE:-}" ]; then
        template=$SYSTEM_TEMPLATE
        return
    fi
    commit=$(snapshot)
    key=$(cat "$bin/neurathd" "$bin/neurath" "$bin/bootimage" "$bin/celltool" | cat - <(git -C "$tree" rev-parse "$commit^{tree}") | sha256sum | cut -c1-16)
    mkdir -p "$tree/$build/system"
    template=$tree/$build/system/template-$key
    exec 9>"$tree/$build/system/lock"
    flock 9
    if [ ! -e "$template/done" ]; then
        say "building the template $key"
        rm -rf "$tree/$build/system"/template-*
        new=$template.new
        rm -rf "$new"
        mkdir -p "$new"
        git clone -q --shared --no-checkout "$tree" "$new/tree"
        git -C "$new/tree" fetch -q "$tree" "$commit" 2>/dev/null || true
        git -C "$new/tree" checkout -q -B main "$commit"
        (cd "$new/tree" && NEURATH_STATE=$new/lab "$bin/neurath" lab up --machines 0 --port 0 9>&-) || fail "the template's lab does not come up"
        NEURATH_STATE=$new/lab "$bin/neurath" lab down >/dev/null
        rm -rf "$new/lab/clone"
        touch "$new/done"
        mv "$new" "$template"
    fi
    flock -u 9
    exec 9>&-
}

# start_lab [OPTION...]: a copy of the template, up, with one machine unless told otherwise.
start_lab() {
    find_template
    cp -a --reflink=auto "$template/lab" "$NEURATH_STATE"
    up_again "$@"
    clone=$(neurath lab status --json | jq -r .clone)
    hello=$clone/kernel/app/hello/hello.c
}

# The lab up (again), with free ports.
up_again() {
    (cd "$template/tree" && neurath lab up --port 0 --trial "$trial" "$@") >"$work/up.out" || {
        cat "$work/up.out"
        fail "lab up"
    }
}

lab_status() { neurath lab status --json | jq -r "$1"; }
console_of() { echo "$NEURATH_STATE/machines/$1/console.log"; }
echo_port() { lab_status ".machines[] | select(.name == \"$1\") | .echo_port"; }

# ---- pushing --------------------------------------------------------------------------------------------------------

# The text of hello's line becomes TEXT: "hello TEXT: tick ...".
edit_hello() { sed -i "s/\"hello[^:\"]*:/\"hello $1:/" "$hello"; }

# push MESSAGE: commits what changed in the clone and pushes it; git's words are in $work/push.out; sets `commit`.
push() {
    git -C "$clone" commit -q -a -m "$1"
    commit=$(git -C "$clone" rev-parse HEAD)
    git -C "$clone" push >"$work/push.out" 2>&1 || {
        cat "$work/push.out" >&2
        fail "git push failed"
    }
}

# ---- looking --------------------------------------------------------------------------------------------------------

# history FILTER: some row of the history satisfies the jq FILTER.
history() { neurath history --all --json | jq -e "any(.[]; $1)"; }
history_count() { neurath history --all --json | jq "[.[] | select($1)] | length"; }
build_is() { neurath builds --all --json | jq -e "any(.[]; .commit == \"$1\" and .state == \"$2\")"; }
permanent() { history ".to_commit == \"$2\" and .machine_name == \"$1\" and .result == \"permanent\""; }
runs() { neurath show machine "$1" --json | jq -e ".state == \"running\" and .commit == \"$2\" and .cells_differing == 0"; }
console_has() { grep -aqF -- "$2" "$(console_of "$1")"; }

# The ticks that hello printed on machine $1 go up by one from each line to the next: nothing was lost or begun anew. (The kernel
# loses no line unless a reader stands still for thousands of them, and says so then.)
ticks_go_on() { ticks_go_on_in "$(console_of "$1")"; }
ticks_go_on_in() {
    tr -d '\r' <"$1" | grep -ao 'hello[^:]*: tick [0-9]*,' | grep -o '[0-9]*,$' | tr -d ',' |
        awk 'NR > 1 && $1 != last + 1 { print "tick " $1 " after " last; bad = 1 } { last = $1 } END { exit bad || NR < 2 }'
}

# A connection to the echo cell of machine $1, open until the test ends; echo_works says whether it still answers.
open_echo() {
    exec {echo_fd}<>"/dev/tcp/127.0.0.1/$(echo_port "$1")"
}

echo_works() {
    local sent="line $RANDOM$RANDOM" got=
    printf '%s\n' "$sent" >&"$echo_fd" && IFS= read -r -t 10 got <&"$echo_fd" && [ "$got" = "$sent" ]
}
