# With GAP=1 a client outside looks on while the cases run: how long the machine's echo is silent at each step, and what is lost.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
#
# The client sends a message each millisecond (tests/bench/gap). Windows of each step, in the order in which they are:
#   order      from the push to the release: the host builds, nothing is swapped
#   swap       from the release, or an order, to the row that says permanent; `back`, `refused`, `nothing` instead if that
#              came of it
#   control    as long as the swap, right after it, without one
# Nothing is asked of times. What is lost is counted; a case that says loses_nothing promises that no message sent while one
# of its versions became permanent is lost, but for those that the host itself dropped. The result lies in
# build/evolution/gap/TEST.json, for tests/bench/cases-gap.bench. Without GAP=1 all of this does nothing.
gap_ordered=0 gap_promise= gap_pid= gap_load=
# Microseconds between two messages of a load of a case's own: the client here sends as many already.
between_us=1000
[ -z "${GAP:-}" ] || between_us=20000

gap_open() {
    [ -n "${GAP:-}" ] || return 0
    : >"$work/windows"
    : >"$work/steps"
    gap_load=$(cut -d' ' -f1 /proc/loadavg)
    "$bin/gap" "$(echo_port m1)" 1000 >"$work/messages" &
    gap_pid=$!
}

# Of the case that runs. Its step begins when it is ordered.
loses_nothing() { gap_promise=promised; }
gap_order() { gap_ordered=${EPOCHREALTIME/./}; }

gap_window() { # KIND BEGIN END STEP
    echo "$case_name.$1 $2 $3" >>"$work/windows"
    printf '%s\t%s\t%s\t%s\n' "$case_name" "$1" "$4" "$gap_promise" >>"$work/steps"
}

# After the row of step $1; waits as long as the step took.
gap_step() {
    local begin end released now kind
    [ -n "${GAP:-}" ] || return 0
    released=$(neurath show release "$(jq .release <<<"$row")" --json | jq .time)
    read -r begin end kind < <(jq -r --argjson released "$released" --argjson ordered "$gap_ordered" '
        def us: (.[0:19] + "Z" | fromdate) * 1000000 + (.[20:23] | tonumber) * 1000;
        "\([([(.time, $released) | us] | min), $ordered] | max) \(.finished | us) \(if .result == "permanent" then if .cells == [] then "nothing" else "swap" end
            elif .result == "refused" then "refused" else "back" end)"' <<<"$row")
    [ "$gap_ordered" = 0 ] || [ "$gap_ordered" -ge "$begin" ] || gap_window order "$gap_ordered" "$begin" "$1"
    gap_ordered=0
    gap_window "$kind" "$begin" "$end" "$1"
    case $kind in
    swap | back)
        now=${EPOCHREALTIME/./}
        sleep "$(((end - begin) / 1000))e-3"
        gap_window control "$now" "$((now + end - begin))" "$1" ;;
    esac
}

# Ends the client; of each step, and of each case, what it saw.
gap_close() {
    local kind out
    out=$results/gap/${EVOLUTION_CASES:+part-}$(basename "$0" .test).json
    [ -n "${GAP:-}" ] || return 0
    kill "$gap_pid"
    wait "$gap_pid" || fail "the client that looked on has ended"
    awk '$2 { print $2 }' "$work/messages" | sort -n >"$work/answers"
    awk -v folder="$work" -f "$tree/tests/bench/gap/windows.awk" "$work/windows" "$work/messages" "$work/answers" >"$work/rows"
    for kind in "$work"/silence.*; do
        sort -n "$kind" | awk -v name="${kind##*/silence.}" '{ at[NR] = $1 }
            function p(q) { return at[1 + int((NR - 1) * q + 0.5)] / 1000 }
            END { split(name, word, "."); printf "{\"case\":\"%s\",\"kind\":\"%s\",\"gaps\":%d,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"most\":%.2f}\n", word[1], word[2], NR, p(0.5), p(0.9), p(0.99), p(1) }'
    done >"$work/kinds"
    mkdir -p "$results/gap"
    paste "$work/steps" <(tr ' ' '\t' <"$work/rows") | jq -Rn --slurpfile kinds "$work/kinds" --argjson cpus "${CPUS:-2}" \
        --argjson dropped "$(tail -n 1 "$work/messages" | cut -d' ' -f3)" --arg load "$gap_load to $(cut -d' ' -f1 /proc/loadavg)" '
        [inputs | split("\t") | { case: .[0], step: .[2], kind: .[1], promised: (.[3] == "promised"), ms: (.[5] | tonumber / 1000),
            longest_ms: (.[6] | tonumber / 1000), longest_trip_ms: (.[7] | tonumber / 1000), sent: (.[8] | tonumber), lost: (.[9] | tonumber),
            dropped: (.[10] | tonumber) }] |
        { cpus: $cpus, load: $load, dropped_by_host: $dropped, steps: ., kinds: $kinds }' >"$out"
    jq -e 'all(.steps[] | select(.promised and .kind == "swap"); .lost <= .dropped)' "$out" >/dev/null ||
        fail "messages were lost: $(jq -c '.steps[] | select(.promised and .lost > .dropped)' "$out")"
}
