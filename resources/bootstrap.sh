#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh Debian 12 or 13 machine to a built, running or tested pdlb. Run it as often as you like: what is there
# already is left alone.
set -euo pipefail

usage() {
    cat <<'END'
Usage: resources/bootstrap.sh COMMAND

  demo [OPTION…]  build pdlb and run "pdlb demo OPTION…" (--once: end after the first answer)
  build           build pdlb: build/release/bin/pdlb
  gui [OPTION…]   build the desktop tool and run "pdlb-gui OPTION…"
  test            build everything and run every test
  test asan       the same with AddressSanitizer and UndefinedBehaviorSanitizer
  packages        only install the packages that the others need

Each installs the Debian packages that are missing, with sudo when not root.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
preset=release
venv=$root/build/venv
logs=$root/build/logs

build_packages=(g++ cmake ninja-build qt6-base-dev qt6-httpserver-dev qt6-websockets-dev libcli11-dev libexpected-dev
    prometheus-cpp-dev libmimalloc-dev)
gui_packages=(qt6-svg-dev qt6-tools-dev qt6-l10n-tools libqcustomplot-dev libgl-dev)
test_packages=(python3 python3-venv curl valgrind appstream desktop-file-utils fonts-inter fonts-wqy-microhei)
# A second opinion for the fuzz tests, and icons in style sheets, which are part of another package on Debian 12.
optional_packages=(libllhttp-dev qt6-svg-plugins)

say() {
    printf 'bootstrap: %s\n' "$*" >&2
}

# fail MESSAGE: one line on stderr, then the end.
fail() {
    say "$*"
    exit 1
}

# run WHAT LOG ADVICE COMMAND…: the command's output goes to the log, whose end is shown when the command fails.
run() {
    local what=$1 log=$2 advice=$3
    shift 3
    if "$@" </dev/null >"$log" 2>&1; then
        return
    fi
    tail -n 30 "$log" >&2
    fail "$what failed (log: $log); $advice"
}

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# missing NAME…: those that are not there; an optional one only when the package lists know it.
missing() {
    local name
    for name in "$@"; do
        if installed "$name" ||
            { [[ " ${optional_packages[*]} " == *" $name "* ]] && ! apt-cache show "$name" >/dev/null 2>&1; }; then
            continue
        fi
        printf '%s\n' "$name"
    done
}

# install_packages NAME…: from Debian, those that are not there.
install_packages() {
    if ! command -v dpkg-query >/dev/null; then
        return # another system: the build says what it misses
    fi
    local missing as_root=()
    mapfile -t missing < <(missing "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then
        return
    fi
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null ||
            fail "packages are missing and there is no sudo; as root run: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300
        -o Dpkg::Options::=--force-confold) # a changed configuration file is nothing to ask about
    # Some other repository of this machine may be out of reach; the installation tells whether that matters.
    "${apt[@]}" update </dev/null >"$logs/apt-update.log" 2>&1 || true
    mapfile -t missing < <(missing "$@") # now with lists, if there were none
    run "installing packages" "$logs/apt-install.log" \
        "check the network and the package sources (see also $logs/apt-update.log), then run this again" \
        "${apt[@]}" install --no-install-recommends "${missing[@]}"
}

# configure [GUI]: GUI is ON where the desktop tool is wanted; a build folder that has it keeps it.
configure() {
    local cache=$build/CMakeCache.txt options=()
    if [[ ${1-} == ON ]]; then
        options+=(-DPDLB_GUI=ON)
    fi
    # CMake refuses a build folder that was made in another place.
    if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        rm -rf "$build"
    fi
    if [[ -f $build/build.ninja ]] && { [[ ${1-} != ON ]] || grep -qx 'PDLB_GUI:BOOL=ON' "$cache"; }; then
        return # ninja configures again when a CMake file has changed
    fi
    if command -v ccache >/dev/null; then
        options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    (
        cd "$root"
        run "configuring" "$logs/configure.log" "the first CMake Error above says what is missing" \
            cmake --preset "$preset" "${options[@]}"
    )
}

# compile TARGET
compile() {
    if ! ninja -C "$build" -n "$1" 2>/dev/null | grep -q 'no work to do'; then
        say "building (the first time this takes some minutes)"
    fi
    run "building" "$logs/build.log" "the first error above is the one to look at" cmake --build "$build" --target "$1"
}

# The Python packages of the end-to-end tests, in an environment of their own.
make_venv() {
    local python=/usr/bin/python3 requirements=$root/tests/e2e/requirements.txt wanted
    [[ -x $python ]] || python=$(command -v python3) || fail "python3 is missing; install it and run this again"
    wanted=$("$python" --version; printf '%s\n' "$venv"; cat "$requirements")
    if [[ -x $venv/bin/python && -f $venv/made-from && $(<"$venv/made-from") == "$wanted" ]]; then
        return
    fi
    say "installing the Python packages of the end-to-end tests"
    rm -rf "$venv"
    run "making a Python environment" "$logs/venv.log" "install python3-venv and run this again" \
        "$python" -m venv "$venv"
    run "installing Python packages" "$logs/pip.log" "check the network, then run this again" \
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
    printf '%s\n' "$wanted" >"$venv/made-from"
}

# count_tests LOG: "passed failed skipped" of all test functions that ctest's log tells of. A test program that failed
# without naming a failed function (a crash, a timeout) counts as one.
count_tests() {
    awk '
        function close_test() {
            if (result == "Failed" && failures == 0) failed++
            if (result == "Passed" && !counted) passed++
            if (result == "Skipped" && !counted) skipped++
            result = ""; failures = 0; counted = 0
        }
        /^[0-9]+\/[0-9]+ Test: / { close_test(); result = "Failed" }
        /^Totals: [0-9]+ passed, / {
            passed += $2; failed += $4; failures += $4; skipped += $6 + $8; counted = 1
        }
        /^(=+ )?([0-9]+ [a-z]+, )*[0-9]+ [a-z]+ in [0-9.]+s/ {
            counted = 1
            for (i = 1; i < NF; i++) {
                if ($(i + 1) ~ /^passed/) passed += $i
                if ($(i + 1) ~ /^(failed|errors?)/) { failed += $i; failures += $i }
                if ($(i + 1) ~ /^skipped/) skipped += $i
            }
        }
        /^Test (Passed|Failed|Skipped)\.$/ { result = $2; sub(/\.$/, "", result) }
        END { close_test(); print passed + 0, failed + 0, skipped + 0 }
    ' "$1"
}

run_tests() {
    local status=0 passed failed skipped log=$build/Testing/Temporary/LastTest.log
    rm -f "$log"
    (cd "$root" && ctest --preset "$preset" -j2 --timeout 600 </dev/null) || status=$?
    [[ -f $log ]] || fail "ctest did not run (status $status); remove $build and run this again"
    read -r passed failed skipped < <(count_tests "$log")
    if [[ $status -ne 0 && $failed -eq 0 ]]; then
        failed=1
    fi
    printf '%d passed, %d failed' "$passed" "$failed"
    [[ $skipped -eq 0 ]] || printf ', %d skipped' "$skipped"
    printf '\n'
    [[ $failed -eq 0 && $passed -gt 0 ]]
}

command=${1-}
case $command in
demo | build | gui | test | packages) shift ;;
-h | --help | help)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
if [[ $command == test && ${1-} == asan ]]; then
    preset=asan
    shift
fi
if [[ $command != demo && $command != gui && $# -gt 0 ]]; then
    usage >&2
    exit 2
fi
build=$root/build/$preset

mkdir -p "$logs"
case $command in
demo)
    install_packages "${build_packages[@]}"
    configure
    compile pdlb
    exec "$build/bin/pdlb" demo "$@"
    ;;
build)
    install_packages "${build_packages[@]}"
    configure
    compile pdlb
    say "built $build/bin/pdlb"
    ;;
gui)
    install_packages "${build_packages[@]}" "${gui_packages[@]}" "${optional_packages[@]}"
    configure ON
    compile pdlb-gui
    exec "$build/bin/pdlb-gui" "$@"
    ;;
packages) install_packages "${build_packages[@]}" "${gui_packages[@]}" "${test_packages[@]}" "${optional_packages[@]}" ;;
test)
    install_packages "${build_packages[@]}" "${gui_packages[@]}" "${test_packages[@]}" "${optional_packages[@]}"
    configure ON
    compile all
    make_venv
    run_tests
    ;;
esac
