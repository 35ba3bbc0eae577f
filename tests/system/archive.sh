# A package archive of a test's own: source packages, an index, signed by a key that is made for it.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Sourced after lib.sh or server-lib.sh, which set `work` and `tree`. `apt_config` is what APT_CONFIG is to be.
command -v gpg >/dev/null || { echo 'gpg is needed'; exit 77; }

archive=$work/archive
apt_config=$work/apt.conf
export GNUPGHOME=$work/gpg

# make_archive SUITE: empty and unsigned.
make_archive() {
    suite=$1
    mkdir -p "$archive/pool" "$archive/dists/$suite/main/source" "$work/sources.list.d" "$work/sources"
    mkdir -m 700 "$GNUPGHOME"
    gpg -q --batch --passphrase '' --quick-gen-key test@example.invalid default default never 2>/dev/null
    gpg -q --export >"$work/key.gpg"
    gpgconf --kill all
    # shellcheck disable=SC1091
    printf 'deb [signed-by=%s] file:%s %s main\n' "$work/key.gpg" "$archive" "$(. /etc/os-release && echo "$VERSION_CODENAME")" >"$work/sources.list.d/test.list"
    printf 'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "%s";\n' "$work/sources.list.d" >"$apt_config"
}

# add_source PACKAGE UPSTREAM REVISION FOLDER PATCH: a version of FOLDER (upstream's files, in a folder of any name), patched
# by the distribution. The upstream archive is made by the first revision. Prints its digest.
add_source() {
    local package=$1 upstream=$2 revision=$3 folder=$4 patch=$5 build=$work/build-source
    local top=$build/$package-$upstream origin=$archive/pool/${package}_$upstream.orig.tar.xz
    rm -rf "$build"
    mkdir -p "$build"
    cp -a "$folder" "$top"
    rm -rf "$top/debian" "$top/.pc" "$top/.complete"
    if [ ! -e "$origin" ]; then tar -C "$build" -c "$package-$upstream" | xz -1 >"$origin"; fi
    cp "$origin" "$build/"
    mkdir -p "$top/debian/source" "$top/debian/patches"
    printf '3.0 (quilt)\n' >"$top/debian/source/format"
    printf 'Source: %s\nMaintainer: Test <test@example.invalid>\nStandards-Version: 4.6.2\n\nPackage: %s\nArchitecture: all\nDescription: a test\n' "$package" "$package" >"$top/debian/control"
    printf '%s (%s-%s) %s; urgency=low\n\n  * Test.\n\n -- Test <test@example.invalid>  Sun, 22 Nov 2026 00:00:00 +0000\n' "$package" "$upstream" "$revision" "$suite" >"$top/debian/changelog"
    printf 'change\n' >"$top/debian/patches/series"
    printf '%s\n' "$patch" >"$top/debian/patches/change"
    (cd "$build" && dpkg-source -b "$package-$upstream") >"$work/dpkg.log" 2>&1 || fail "dpkg-source: $(cat "$work/dpkg.log")"
    mv "$build/${package}_$upstream-$revision".* "$archive/pool/"
    chmod -R a+rX "$work/archive"
    sha256sum <"$origin" | cut -d' ' -f1
}

sign_archive() {
    local sources=main/source/Sources
    (cd "$archive" && dpkg-scansources pool >"dists/$suite/$sources" 2>/dev/null)
    (
        cd "$archive/dists/$suite"
        printf 'Origin: Test\nSuite: %s\nCodename: %s\nComponents: main\nArchitectures: amd64\nDate: %s\nSHA256:\n %s %s %s\n' "$suite" "$suite" \
            "$(date -Ru)" "$(sha256sum <$sources | cut -d' ' -f1)" "$(stat -c %s $sources)" $sources >Release
        gpg -q --batch --yes --passphrase '' --clearsign -o InRelease Release
    )
    gpgconf --kill all
}
