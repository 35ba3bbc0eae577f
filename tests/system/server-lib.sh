# Helpers of the tests that drive neurathd alone: a server of one's own, a small repository, hosted machines.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# The repository's tree is a toy: two cells of a few lines and a Makefile that calls the celltool which is
# committed with it, so that a build takes a fraction of a second. Server, sandbox, git, TLS, signatures and the
# client's core are the real ones. Nothing is waited for by sleeping: `eventually` looks again until its deadline.
set -euo pipefail

tree=$PWD
bin=$tree/${BUILD:-build}/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/ns.XXXXXX")
state=$work/state
clone=$work/clone
export HOME=$work GIT_CONFIG_NOSYSTEM=1 LC_ALL=C
unset NEURATH_STATE NEURATH_SERVER GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
git config --file "$work/.gitconfig" safe.directory '*'
git config --file "$work/.gitconfig" init.defaultBranch main
git config --file "$work/.gitconfig" user.name 'Test Author'
git config --file "$work/.gitconfig" user.email test@example.invalid
server_pid= url= token=
machine_pids=()

say() { printf '# %s\n' "$*"; }

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

finish() {
    local status=$? pid
    trap - EXIT
    set +e
    if [ "$status" != 0 ] && [ "$status" != 77 ]; then
        { echo "--- server"; tail -n 60 "$work/server.log"; for log in "$work"/m*.log; do echo "--- $log"; tail -n 5 "$log"; done; } >&2 2>&1
    fi
    for pid in "${machine_pids[@]}" $server_pid; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work" ${other_work:+"$other_work"}
    exit "$status"
}
trap finish EXIT

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "did not come true: $*"
        sleep 0.05
    done
}

# --- the server ------------------------------------------------------------------------------------------------------

server_is_ready() { [ -s "$state/run/status.json" ] && curl -fsS -o /dev/null "$(jq -r .url "$state/run/status.json")/healthz"; }

# start_server [OPTION...]
start_server() {
    "$bin/neurathd" --state "$state" --operator-port 0 --machine-port 0 --lab "$@" >>"$work/server.out" 2>>"$work/server.log" &
    server_pid=$!
    eventually 20 server_is_ready
    url=$(jq -r .url "$state/run/status.json")
    token=$(cat "$state/token")
}

stop_server() {
    kill "$server_pid"
    wait "$server_pid" || fail "the server ended with status $?"
    server_pid=
}

kill_server() {
    kill -9 "$server_pid"
    wait "$server_pid" 2>/dev/null || true
    rm -f "$state/run/status.json"
    server_pid=
}

# api PATH [CURL OPTION...]; post PATH JSON
api() { local path=$1; shift; curl -sS --fail-with-body -H "Authorization: Bearer $token" "$@" "$url$path"; }
post() { api "/api/v1/$1" -X POST -H 'Content-Type: application/json' -d "$2"; }
status_of() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }
query() { sqlite3 -readonly "$state/db.sqlite" "$1"; }

# --- the repository --------------------------------------------------------------------------------------------------

make_tree() {
    mkdir -p "$1/alpha" "$1/beta" "$1/boot"
    cp "$bin/celltool" "$1/celltool"
    printf '/build/\n' >"$1/.gitignore"
    printf 'first stub\n' >"$1/boot/stub"
    cat >"$1/Makefile" <<'MAKE'
flags := -std=gnu2x -O2 -g -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
    -ffunction-sections -fdata-sections -fno-common -fno-stack-protector -fcf-protection=none \
    -fasynchronous-unwind-tables -fno-jump-tables -fno-ipa-icf -fno-merge-constants -ffile-prefix-map=$(CURDIR)=/k
.DELETE_ON_ERROR:
.PHONY: cells
cells: build/cells/index build/boot/stub.elf
build/boot/stub.elf: boot/stub
	@mkdir -p $(@D) && cp $< $@
build/cells/%.o build/cells/%.line &: %/*.c celltool
	@mkdir -p $(@D)
	@gcc $(flags) -c -o build/cells/$*.debug.o $*/$*.c
	@./celltool write --name $* --kind app --start none --abi-flags "test" --index build/cells/$*.line build/cells/$*.debug.o build/cells/$*.o
build/cells/index: build/cells/alpha.line build/cells/beta.line
	@cat $^ > $@
MAKE
    printf 'int alpha_value(void);\nint alpha_value(void)\n{\n    return 1;\n}\n' >"$1/alpha/alpha.c"
    printf 'int beta_value(void);\nint beta_value(void)\n{\n    return 1;\n}\n' >"$1/beta/beta.c"
}

make_clone() {
    git init -q "$clone"
    make_tree "$clone"
    git -C "$clone" add -A
    git -C "$clone" commit -qm 'first'
    git -C "$clone" remote add origin "$state/repo.git"
    git -C "$clone" push -q -u origin main >"$work/push.log" 2>&1 || fail "push: $(cat "$work/push.log")"
}

# set_value CELL NUMBER: changes what the cell's function returns.
set_value() { sed -i "s/return [0-9]*;/return $2;/" "$clone/$1/$1.c"; }

# push [MESSAGE]: commits everything and pushes; the answer is in push.log, the commit in $commit.
push() {
    git -C "$clone" add -A
    git -C "$clone" commit -qm "${1:-a change}"
    commit=$(git -C "$clone" rev-parse HEAD)
    git -C "$clone" push -q >"$work/push.log" 2>&1 || fail "push: $(cat "$work/push.log")"
}

push_says() { grep -qE "$1" "$work/push.log" || fail "the push did not say \`$1\`: $(cat "$work/push.log")"; }

release() { api /api/v1/status | jq -r .release; }
build_is() { [ "$(build_state "$1")" = "$2" ]; }
build_state() { api "/api/v1/builds?commit=$1&limit=1" | jq -r '.rows[0].state'; }

# --- machines --------------------------------------------------------------------------------------------------------

# start_machine NAME [OPTION...]: a hosted client; a second start of the same name is its reboot.
start_machine() {
    local name=$1
    shift
    api "/api/v1/machines/$name/seed?address=127.0.0.1&trial_ms=${trial:-300}" >"$work/$name.seed"
    mkdir -p "$work/$name.cells"
    if [ ! -d "$work/$name" ]; then
        local version
        version=$(release)
        api "/api/v1/releases/$version" | jq -r '.cells[] | "\(.name) \(.object)"' | while read -r cell object; do
            cp "$state/objects/${object:0:2}/$object" "$work/$name.cells/$cell.o"
        done
        cp "$state/releases/$version" "$work/$name.release"
    fi
    "$bin/client-host" --seed "$work/$name.seed" --dir "$work/$name" --cells "$work/$name.cells" \
        --release "$work/$name.release" --report-blob "$@" >>"$work/$name.log" 2>&1 &
    machine_pids+=($!)
    eval "pid_$name=$!"
}

stop_machine() {
    local pid
    eval "pid=\$pid_$1"
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

machine() { api "/api/v1/machines/$1" | jq -r "$2"; }
machine_is() { [ "$(machine "$1" .state)" = "$2" ]; }
machine_runs() { [ "$(machine "$1" .commit)" = "$2" ]; }
attempt() { api "/api/v1/history?machine=$1&limit=1" | jq -r ".rows[0]$2"; }

attempt_is() { [ "$(attempt "$1" "$2")" = "$3" ]; }

if [ "$(type -t curl jq sqlite3 git | grep -c file)" != 4 ]; then
    echo 'curl, jq, sqlite3 and git are needed' >&2
    exit 77
fi
