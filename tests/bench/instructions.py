#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Guards what a request and a streamed event cost, in instructions of the worker under callgrind: no clock, no noise.

    tests/bench/instructions.py --pdlb build/release/bin/pdlb            compares with instructions.json; 1: more than 3 % off
    tests/bench/instructions.py --pdlb build/release/bin/pdlb --record   takes the present counts over, after a change that is meant

Always the same requests, one after the other: JSON ones on a kept connection, then streams. Only what is done inside the
worker's event dispatcher is counted. The counts depend on compiler and libraries; where instructions.json knows nothing of
these the counts are printed and the exit code is 77 (skipped), as where valgrind is missing.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import time

import clients
from processes import NotMeasured
from targets import EVENTS, HERE, Bench, find_program, free_port, wait_until_answering

BASELINE = os.path.join(HERE, "instructions.json")
BOUND = 0.03
WARM_UP, REQUESTS, STREAMS = 30, 200, 12
GAP_MS = 4  # longer than an event takes under callgrind, so that each comes by itself
SKIPPED = 77


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdlb", metavar="PATH", required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--backend", metavar="PATH", help="a built pdlb-bench-backend; otherwise it is compiled here")
    parser.add_argument("--workdir", default=os.path.join(HERE, "..", "..", "build", "bench"))
    return parser.parse_args()


def environment_of(program):
    """What decides how many instructions the same source is."""
    libraries = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    comment = subprocess.run(["readelf", "-p", ".comment", program], capture_output=True, text=True, check=True).stdout
    compiler = re.search(r"(GCC|clang)[^0-9]*([0-9]+)", comment)
    qt = os.path.realpath(re.search(r"=> (\S*libQt6Core\S*)", libraries).group(1)).rpartition(".so.")[2]
    libc = os.path.basename(os.path.realpath(re.search(r"=> (\S*libc\.so\S*)", libraries).group(1)))
    glibc = subprocess.run(["ldd", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0].split()[-1]
    return ", ".join([os.uname().machine, compiler.group(1) + " " + compiler.group(2) if compiler else "another compiler", f"Qt {qt}", f"{libc} {glibc}",
                      "mimalloc" if "mimalloc" in libraries else "libc's malloc"])


def control(child, *what):
    subprocess.run(["callgrind_control", *what, str(child.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=60)


def json_requests(port, count):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello " * 100}], "max_tokens": 32})
    for _ in range(count):
        connection.request("POST", clients.PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise NotMeasured(f"a request was answered with {answer.status}")
    connection.close()


def streams(port, count):
    import asyncio
    request = clients.chat_request(port, f"gap_ms={GAP_MS} " + "hello " * 100, stream=True, close=True)
    for _ in range(count):
        client = asyncio.run(clients.stream_wave(port, request, 1, 60))[0]
        if client.events != EVENTS + 1:
            raise NotMeasured(f"a stream ended with {client.events} events")


class Callgrind:
    def __init__(self, bench, program):
        self.bench, self.parts = bench, 0
        self.output = os.path.join(bench.workdir, "callgrind.out")
        for old in glob.glob(self.output + "*"):
            os.remove(old)
        self.port = free_port()
        self.child = bench._child("callgrind", [
            find_program("valgrind", "valgrind"), "--tool=callgrind", f"--callgrind-out-file={self.output}", "--instr-atstart=no",
            program, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", "--log-level", "warn",
            "--prefill", bench._url(bench.prefill), "8998", "--decode", bench._url(bench.decode)])
        wait_until_answering(self.port, self.child, 90)

    def count(self, load):
        """Instructions inside the dispatcher of the worker while load() runs."""
        control(self.child, "--instr=on")
        load()
        control(self.child, "--instr=off")
        control(self.child, "--dump")
        self.parts += 1
        part = f"{self.output}.{self.parts}"
        for _ in range(100):
            if os.path.exists(part) and os.path.getsize(part) > 0:
                break
            time.sleep(0.1)
        report = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", part], capture_output=True, text=True, check=True).stdout
        found = re.search(r"([\d,]+) \([^)]*\)\s+\S*pdlb::EpollDispatcher::dispatchSockets", report)
        if not found:
            raise NotMeasured("callgrind saw no dispatcher: is this another kind of build?")
        return int(found.group(1).replace(",", ""))


def measure(options):
    with Bench(os.path.abspath(options.workdir), options.backend and os.path.abspath(options.backend)) as bench:
        bench.start_engines()
        callgrind = Callgrind(bench, os.path.abspath(options.pdlb))
        json_requests(callgrind.port, WARM_UP)
        streams(callgrind.port, 1)
        requests = callgrind.count(lambda: json_requests(callgrind.port, REQUESTS)) / REQUESTS
        events = callgrind.count(lambda: streams(callgrind.port, STREAMS)) / STREAMS / (EVENTS + 1)
    return {"json_request": round(requests), "streamed_event": round(events)}


def main():
    options = parse_arguments()
    try:
        environment = environment_of(options.pdlb)
        counts = measure(options)
    except NotMeasured as why:
        print(f"instructions.py: not measured: {why}")
        return SKIPPED
    with open(BASELINE) as file:
        known = json.load(file)
    print(f"{environment}: {counts['json_request']:,} instructions a JSON request, {counts['streamed_event']:,} a streamed event")
    if options.record:
        known[environment] = counts
        with open(BASELINE, "w") as file:
            json.dump(known, file, indent=1, sort_keys=True)
            file.write("\n")
        return 0
    if environment not in known:
        print(f"instructions.py: {os.path.basename(BASELINE)} has no counts for {environment}; --record adds these")
        return SKIPPED
    failed = False
    for what, expected in known[environment].items():
        change = counts[what] / expected - 1
        failed = failed or change > BOUND
        print(f"  {what}: {change:+.1%} of {expected:,}" + (f", more than the {BOUND:.0%} that are allowed" if change > BOUND else ""))
        if change < -BOUND:
            print("  that is less: --record keeps it so")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
