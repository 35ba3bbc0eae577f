# A third-party part's version is one line: the distribution's next revision of lwIP, under open connections, and back; then of
# all others at once, of which mbedTLS drains, as its sessions have another form.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The commit changes nothing but the line. The server fetches that version through the signed index; the objects of cells
# that only include its headers stay what they were. Seen to fail when row_add() takes every source for one that is there.
list=deploy/third-party.list
version_is() { sed -i -E "s|^(lwip +[a-z]+ +lwip) +[^ ]+ +([^ ]+) .*|\1 $1 \2 $2|" $list; }
row_is() { sed -i -E "s|^($1 +)[a-z]+ +$1 +[^ ]+ +([^ ]+) .*|\1trixie $1 $2 \2 $3|" $list; }
# shellcheck disable=SC2154
others_are_next() { row_is musl 1.2.3-9 "$musl_digest" && row_is jansson 2.14-9 "$jansson_digest" && row_is mbedtls 3.6.6-9 "$mbedtls_digest"; }
before=$(awk '/^lwip/ { print $4, $6 }' "$clone/$list")

loses_nothing
load_begins "$between_us"
# shellcheck disable=SC2154
evolves_by 'lwip: the next revision' lwip:text version_is "$next_version" "$next_digest"
grep -q 'define TCP_MAXRTX *11' "$NEURATH_SOURCES/lwip-$next_version/src/include/lwip/opt.h" || fail "$case_name: it is not the revision that was asked for"
# shellcheck disable=SC2086
evolves_by 'lwip: back again' lwip:text version_is $before

all_before=$(git -C "$clone" rev-parse HEAD)
open_before=$(connections)
evolves_by 'musl, jansson, mbedtls: the next revisions' 'json:text libc:text mbedtls:lineage tls_session:lineage' others_are_next
[ -n "$(comm -12 <(echo "$open_before") <(connections))" ] || fail "$case_name: no TLS session was left to the old library"
goes_to "$all_before" 'all as they were'
is_of json:text libc:text mbedtls:lineage tls_session:lineage

say "$case_name: a version that there is not"
(cd "$clone" && version_is 2.2.9-1 "$next_digest")
push 'lwip: a version that there is not'
grep -q "^remote: .*failed: lwip: the archive has no lwip 2.2.9-1 (suite trixie); it has: $next_version" "$work/push.out" || fail "$case_name: $(cat "$work/push.out")"
git -C "$clone" revert --no-edit HEAD >/dev/null

load_ends
