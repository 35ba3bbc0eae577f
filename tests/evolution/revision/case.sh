# lwIP's version is one line: the distribution's next revision of it, under open connections, and back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The commit changes nothing but the line. The server fetches that version through the signed index; the objects of cells
# that only include its headers stay what they were. Seen to fail when row_add() takes every source for one that is there.
list=deploy/third-party.list
version_is() { sed -i -E "s|^(lwip +[a-z]+ +lwip) +[^ ]+ +([^ ]+) .*|\1 $1 \2 $2|" $list; }
before=$(awk '/^lwip/ { print $4, $6 }' "$clone/$list")

loses_nothing
"$bin/network-peer" load "$(echo_port m1)" "$between_us" 1000000 >"$work/load.out" &
load=$!
# shellcheck disable=SC2154
evolves_by 'lwip: the next revision' lwip:text version_is "$next_version" "$next_digest"
grep -q 'define TCP_MAXRTX *11' "$NEURATH_SOURCES/lwip-$next_version/src/include/lwip/opt.h" || fail "$case_name: it is not the revision that was asked for"
# shellcheck disable=SC2086
evolves_by 'lwip: back again' lwip:text version_is $before

say "$case_name: a version that there is not"
(cd "$clone" && version_is 2.2.9-1 "$next_digest")
push 'lwip: a version that there is not'
grep -q "^remote: .*failed: lwip: the archive has no lwip 2.2.9-1 (suite trixie); it has: $next_version" "$work/push.out" || fail "$case_name: $(cat "$work/push.out")"
git -C "$clone" revert --no-edit HEAD >/dev/null

kill "$load"
wait "$load" || fail "$case_name: something was lost: $(cat "$work/load.out")"
say "$case_name: $(paste -sd, "$work/load.out")"
