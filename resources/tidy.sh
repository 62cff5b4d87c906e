#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy (checks: .clang-tidy) over core and cli: tidy.sh [BASE]
# BASE: only the sources that changed since that commit, or include a header that did. Exit status 1: it found something.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folders=(core cli)

if [[ $# -eq 0 ]]; then
    mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- "${folders[@]/%//*.cpp}")
else
    changed=$(git diff --name-only --diff-filter=d --merge-base "$1" -- "${folders[@]/%//*.cpp}" "${folders[@]/%//*.h}")
    mapfile -t sources < <(
        while IFS= read -r file; do
            case $file in
            *.cpp) printf '%s\n' "$file" ;;
            *.h) grep -rlF --include='*.cpp' -e "\"${file#*/}\"" -e "\"${file##*/}\"" "${folders[@]}" ;;
            esac || true
        done <<<"$changed" | sort -u
    )
fi
if [[ ${#sources[@]} -eq 0 ]]; then
    printf 'tidy: nothing to check\n'
    exit
fi

mkdir -p build/tidy/moc
log=build/tidy/configure.log
cmake --preset tidy >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 2
}
# What moc would write is not ours to check: empty files stand for it, so nothing need be built.
{ grep -hoE '[a-z_]+\.moc' "${sources[@]}" || true; } | sed 's|^|build/tidy/moc/|' | xargs -r touch
printf 'tidy: checking %d sources\n' "${#sources[@]}"
printf '%s\0' "${sources[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/tidy --quiet --extra-arg="-I$PWD/build/tidy/moc" 2>build/tidy/clang-tidy.log || exit 1
printf 'tidy: clean\n'
