#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every test on Debian 13 (Qt 6.8, g++ 14), in a chroot that it makes in build/debian13. Needs root.
#
#   debian13.sh [prepare]   prepare: only make the chroot and install its packages
#
# Exit codes: 0 passed, 1 failed, 77 no chroot can be made here (the last line says why).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
chroot=$root/build/debian13/root
logs=$root/build/logs
release=trixie

say() {
    printf 'debian13: %s\n' "$*" >&2
}

# skip MESSAGE: it cannot be done here, which is nobody's mistake.
skip() {
    say "not tested: $*"
    exit 77
}

# inside COMMAND…: in the chroot, with mounts and processes of its own that end with it.
inside() {
    local keep=() name
    for name in $(compgen -e); do
        case $name in
        PIP_* | http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) keep+=("$name=${!name}") ;;
        esac
    done
    unshare --mount --pid --fork --kill-child -- /bin/bash -c '
        set -e
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        chroot=$1
        shift
        exec chroot "$chroot" "$@"' bash "$chroot" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${keep[@]}" "$@"
}

# What lets this machine reach its package sources serves the chroot too.
copy_settings() {
    local path
    for path in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/ssl/certs/ca-certificates.crt; do
        [[ -e $path ]] || continue
        mkdir -p "$chroot$(dirname "$path")"
        cp -rL --remove-destination "$path" "$chroot$(dirname "$path")/"
    done
}

# Where this system gets Debian's packages from; nothing when its package lists were never fetched.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '/\/debian\/*$/ && !found++; END { exit !found }'
}

prepare() {
    [[ $EUID -eq 0 ]] || skip "making a chroot needs root"
    [[ -f $chroot/.made ]] && return
    command -v apt-get >/dev/null || skip "this is no Debian"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600) log=$logs/debian13-debootstrap.log
    local install=("${apt[@]}" install --no-install-recommends debootstrap) source free
    {
        mirror || "${apt[@]}" update || true # some other repository may be out of reach
        command -v debootstrap || "${install[@]}" || { "${apt[@]}" update && "${install[@]}"; }
    } </dev/null >"$log" 2>&1 || skip "debootstrap cannot be installed (log: $log)"
    source=$(mirror) || skip "this system has no source of Debian packages (log: $log)"
    mkdir -p "$chroot"
    free=$(df --output=avail -k "$chroot" | tail -n 1)
    [[ $free -gt 3000000 ]] || skip "3 GB of disk are needed, $((free / 1000000)) GB are free"
    say "making a Debian 13 (some minutes)"
    rm -rf "$chroot"
    debootstrap --variant=minbase --include=ca-certificates "$release" "$chroot" "$source" </dev/null >"$log" 2>&1 ||
        skip "debootstrap failed (log: $log)"
    copy_settings
    inside true 2>"$logs/debian13-chroot.log" ||
        skip "this system does not let a chroot have mounts of its own (log: $logs/debian13-chroot.log)"
    touch "$chroot/.made"
}

# The sources as they are here, without what was built.
copy_sources() {
    local new=$chroot/src.new file
    rm -rf "$new"
    mkdir -p "$new" "$chroot/src"
    tar -C "$root" --exclude=./build --exclude=./.git -c . | tar -m -C "$new" -x
    # Times tell what must be built again: those of the copy, not of the original, which may be older than an object
    # that was made from another version.
    while IFS= read -r -d '' file; do
        cmp -s "$new/$file" "$chroot/src/$file" && touch -r "$chroot/src/$file" "$new/$file"
    done < <(cd "$new" && find . -type f -print0)
    [[ ! -d $chroot/src/build ]] || mv "$chroot/src/build" "$new/build"
    rm -rf "$chroot/src"
    mv "$new" "$chroot/src"
}

mkdir -p "$logs"
case ${1-} in
prepare)
    prepare
    copy_sources
    inside /src/resources/bootstrap.sh packages
    ;;
"")
    prepare
    copy_sources
    say "testing with $(inside /usr/bin/dpkg-query -W -f 'Debian ${Version}' base-files)"
    inside /src/resources/bootstrap.sh test || exit 1
    ;;
*)
    sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
