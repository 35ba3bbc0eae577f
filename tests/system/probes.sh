# Changes every cell, for those who want to swap them all at once.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154

# Adds a function to every cell, which moves all of its text. Prints the number of cells.
probe_every_cell() {
    local value=$1 description folder name file count=0
    for description in "$clone"/kernel/*/*/cell.mk "$clone"/manifest/cell.mk "$clone"/manifest/signature/cell.mk "$clone"/evolution-client/cell.mk; do
        folder=$(dirname "$description")
        name=$(sed -nE 's/^cell *:= *([a-z0-9_]+).*/\1/p' "$description")
        file=$(sed -nE 's/^sources *:= *([a-z0-9_\/]+\.c).*/\1/p' "$description")
        file=${file:+$folder/$file}
        file=${file:-$(find "$folder" -maxdepth 2 -name '*.c' | grep -v /hosted/ | LC_ALL=C sort | head -n 1)}
        [ -n "$file" ] || continue
        if grep -q "^__attribute__((used)) static int ${name}_probe" "$file"; then
            sed -i "s/\(${name}_probe(void) { return\) [0-9]*/\1 $value/" "$file"
        else
            printf '\n__attribute__((used)) static int %s_probe(void) { return %s; }\n' "$name" "$value" >>"$file"
        fi
        count=$((count + 1))
    done
    echo "$count"
}
