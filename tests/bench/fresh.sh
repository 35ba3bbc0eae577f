# Says whether what a test of tests/evolution left in build/evolution is of the tree as it is built now.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154

# is_fresh TEST: its machine was booted from the very objects of this tree, and all objects are there.
is_fresh() {
    local name object
    [ -e "$results/machines/$1.json" ] || return 1
    while read -r name object; do
        [ "$(sha256sum <"$build/cells/$name.o" 2>/dev/null)" = "$object  -" ] || return 1
    done < <(jq -r '.base[] | "\(.name) \(.object)"' "$results/machines/$1.json")
}
