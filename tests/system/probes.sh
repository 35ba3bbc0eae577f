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

# Puts a field into the static struct NAME (a pattern) of FILE, `front` or `behind` the others; all but those of SKIP (words). Prints each.
probe_static() {
    local file=$clone/$1
    awk -v pattern="^($2)$" -v where="$3" -v skip=" ${4:-} " -v names="$work/probed" '
        { line[NR] = $0 }
        /^static struct \{$/ { begin = NR }
        begin && /^\}/ {
            name = $2; sub(/[^a-z_0-9].*/, "", name)
            if (name ~ pattern && !index(skip, " " name " ")) {
                after[where == "front" ? begin : NR - 1] = 1
                print name >names
            }
            begin = 0
        }
        END { for (n = 1; n <= NR; n++) { print line[n]; if (n in after) print "    uint32_t form_probe;" } }
    ' "$file" >"$work/edited"
    cp "$work/edited" "$file"
    if [ -e "$work/probed" ]; then
        cat "$work/probed"
        rm "$work/probed"
    fi
}

# Gives each cell's own statics another form: structs without a name get a field in front, but behind if the list PINNED (FILE NAME ...) has
# them; arrays grow by an element. Prints their names; status 1: what is wrong with the list.
probe_every_static() {
    local pinned=$1 file name rest found
    while read -r file name rest; do
        if [ -z "$file" ]; then continue; fi
        found=$( [ -e "$clone/$file" ] && probe_static "$file" "$name" behind)
        if [ -z "$found" ]; then
            echo "$file has no static struct $name any more: take it off the list"
            return 1
        fi
        echo "$found"
    done <<<"$pinned"
    for file in $(git -C "$clone" ls-files 'kernel/*.c' 'evolution-client/c*.c' | grep -Ev '^kernel/(tools|boot)/|/hosted/'); do
        probe_static "$file" '.*' front "$(awk -v file="$file" '$1 == file { printf "%s ", $2 }' <<<"$pinned")"
        sed -nE 's/^static [a-z_0-9 ]+ ([a-z_0-9]+)\[[A-Z_]+\];$/\1/p' "$clone/$file"
        sed -Ei 's/^(static [a-z_0-9 ]+ [a-z_0-9]+\[[A-Z_]+)\];$/\1 + 1];/' "$clone/$file"
    done
}

# Prints TAG, FATE, CELL and FILE of each struct that has a name, is defined in the kernel's own sources, and that a mutable object is,
# or holds by value (`evolvable --held`). Of several types of one name the one in the cell's own folder is meant.
named_types() {
    local objects
    mapfile -t objects < <(awk -v folder="$tree/$build/cells" '{ print folder "/" $1 ".o" }' "$tree/$build/cells/index")
    (cd "$clone" && awk -F'\t' '
        FILENAME == ARGV[1] { sub("/cell[.]mk$", "", $2); folder[$1] = $2; next }
        FILENAME == ARGV[2] { files[$1] = files[$1] " " $2; next }
        {
            tag = $2; sub(/^.* /, "", tag)
            count = split(files[tag], file, " "); best = file[1]
            for (n = 1; n <= count; n++) if (index(file[n], folder[$3] "/") == 1) { best = file[n]; break }
            if (best && !seen[tag, best]++) print tag, $1, $3, best
        }' \
        <(sed -nE 's/^cell *:= *([a-z0-9_]+).*/\1/p;T;F' kernel/*/*/cell.mk manifest/cell.mk manifest/*/cell.mk evolution-client/cell.mk | paste - -) \
        <(git ls-files 'kernel/*.[ch]' 'evolution-client/*.[ch]' 'manifest/*.[ch]' | grep -Ev '^kernel/tools/|^kernel/boot/.*\.c$|/hosted/' |
            xargs sed -nE 's/^ *struct ([a-z0-9_]+)( \{.*)?$/\1/p;T;F' | paste - -) \
        <("$bin/evolvable" --held "${objects[@]}"))
}

# Puts a field into `struct TAG` of FILE, `front` or `behind` the others.
probe_type() {
    awk -v head="^ *struct $1( [{].*)?\$" -v where="$3" '
        !inside && $0 ~ head { inside = begun = 1; match($0, /^ */); indent = RLENGTH }
        begun && /[{]/ {
            if (where == "front") done = sub(/[{]/, "{ uint32_t form_probe;")
            begun = 0
        }
        inside && match($0, /^ *[}]/) && RLENGTH == indent + 1 {
            if (where == "behind") done = sub(/[}]/, "uint32_t form_probe; }")
            inside = 0
        }
        { print }
        END { exit !done }' "$clone/$2" >"$work/edited" || fail "no struct $1 is found in $2"
    cp "$work/edited" "$clone/$2"
}
