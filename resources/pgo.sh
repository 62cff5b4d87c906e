#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds pdlb with link-time optimisation and a profile of its own work: resources/pgo.sh [FOLDER]
# The program is then FOLDER/bin/pdlb (build/pgo without one). Takes two builds and half a minute of requests to mock engines.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/pgo}
profile=$PWD/$build/profile
started=

stop() {
    for pid in $started; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    started=
}
trap stop EXIT
trap 'exit 1' INT TERM

build_with() {
    cmake --preset headless -B "$build" -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG $1" -DCMAKE_INTERPROCEDURAL_OPTIMIZATION="$2" >"$build.log"
    cmake --build "$build" --target pdlb >>"$build.log" 2>&1 || { tail -n 20 "$build.log" >&2; exit 1; }
}

# The URL behind a word in a log, once it is there.
url_in() {
    for _ in $(seq 100); do
        url=$(grep -o "$2"'.*' "$1" | grep -o 'http://[0-9.:]*' | head -n 1) || true
        [ -n "$url" ] && { echo "$url"; return; }
        sleep 0.1
    done
    echo "pgo.sh: $1 names no URL behind $2" >&2
    exit 1
}

mkdir -p "$build"
rm -rf "$profile"
echo "1/3 building a program that counts"
build_with "-fprofile-generate -fprofile-update=atomic -fprofile-dir=$profile" OFF

echo "2/3 counting"
program=$build/bin/pdlb
"$program" mock --prefill-tps 0 --kv-ms 0 --decode-ms 1 --json >"$build/mock.log" 2>&1 &
started="$started $!"
prefill=$(url_in "$build/mock.log" '"prefill"')
decode=$(url_in "$build/mock.log" '"decode"')
"$program" serve --port 0 --workers 1 --prefill "$prefill" --decode "$decode" --log-level info >"$build/serve.log" 2>&1 &
started="$started $!"
url=$(url_in "$build/serve.log" "listens on")
for endpoint in chat generate; do
    "$program" bench --url "$url" --model m --endpoint "$endpoint" -n 4000 -c 16 --no-stream --input-tokens 100 --output-tokens 2 --quiet >/dev/null
    "$program" bench --url "$url" --model m --endpoint "$endpoint" -n 400 -c 64 --input-tokens 100 --output-tokens 60 --quiet >/dev/null
done
stop # the profile is written when they end

echo "3/3 building with what was counted"
build_with "-fprofile-use=$profile -fprofile-partial-training -Wno-missing-profile -fprofile-update=atomic" ON
echo "$program"
