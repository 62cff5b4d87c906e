#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where one router's CPU goes under one load: samples by perf, system calls by strace. See PROFILE.md.

    tests/bench/profile.py --pdlb build/release/bin/pdlb --load json
    tests/bench/profile.py --nginx --load stream --conc 600

Prints CPU per unit of work (a request, an SSE event) without a tool attached, then system calls per unit (strace slows
everything, so only its counts are used), then the functions that perf saw most, with their share.
"""
import argparse
import asyncio
import os
import re
import subprocess
import sys
import time

import clients
from processes import NotMeasured, cpu_seconds, raise_descriptor_limit, tree
from scenarios import SHORT_PROMPT, WRK_CONNECTIONS
from targets import Bench, find_program

LOADS = ("json", "stream")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdlb", metavar="PATH", default="build/release/bin/pdlb")
    parser.add_argument("--nginx", action="store_true", help="profile nginx in place of pdlb")
    parser.add_argument("--transport", choices=("direct", "qnam"), default="direct")
    parser.add_argument("--load", choices=LOADS, default="json")
    parser.add_argument("--conc", type=int, default=100, help="streams at once (%(default)s)")
    parser.add_argument("--secs", type=int, default=4)
    parser.add_argument("--top", type=int, default=40, help="functions to list (%(default)s)")
    parser.add_argument("--data", metavar="FILE", help="keep perf's data here")
    parser.add_argument("--workdir", default="build/bench")
    return parser.parse_args()


def run_load(target, options, seconds):
    """Units of work done."""
    if options.load == "json":
        return clients.run_wrk(find_program("wrk", "wrk"), target.port, seconds, WRK_CONNECTIONS)["requests"]

    async def waves():
        events = 0
        for _ in range(max(1, seconds - 1)):
            request = clients.chat_request(target.port, SHORT_PROMPT, stream=True, close=True)
            events += sum(client.events for client in await clients.stream_wave(target.port, request, options.conc, 60))
        return events
    return asyncio.run(waves())


def worker_pid(target):
    """nginx's master does nothing; of pdlb there is one process."""
    return tree(target.child.pid)[-1]


def with_tool(command, target, options, seconds):
    """Runs the load beside the tool, which ends by SIGINT: units of work and what the tool said."""
    tool = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    try:
        units = run_load(target, options, seconds)
    finally:
        tool.send_signal(2)
        said = tool.communicate(timeout=60)[1]
    return units, said


def system_calls(target, options):
    strace = find_program("strace", "strace")
    units, said = with_tool([strace, "-c", "-f", "-p", str(worker_pid(target))], target, options, options.secs)
    print(f"\nSystem calls a unit ({units:,} units):")
    for line in said.splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and int(fields[3]) >= units / 200 and fields[-1] != "total":
            print(f"  {int(fields[3]) / units:7.2f}  {fields[-1]}")


def functions(target, options):
    perf = find_program("perf", "linux-perf")
    data = options.data or os.path.join(os.path.abspath(options.workdir), "perf.data")
    with_tool([perf, "record", "-e", "cpu-clock", "-F", "4999", "-g", "-o", data, "-p", str(worker_pid(target))],
              target, options, options.secs)
    for what, key in (("library", "dso"), ("function", "dso,symbol")):
        report = subprocess.run([perf, "report", "--no-children", "-g", "none", "--stdio", "-s", key, "-i", data],
                                capture_output=True, text=True, timeout=300).stdout
        lines = [line.strip() for line in report.splitlines() if re.match(r"\s+\d", line)]
        print(f"\nCPU by {what}:")
        print("\n".join("  " + line[:150] for line in lines[:options.top]))


def main():
    options = parse_arguments()
    raise_descriptor_limit()
    try:
        with Bench(os.path.abspath(options.workdir)) as bench:
            bench.start_engines()
            start = bench.start_nginx if options.nginx else lambda port: bench.start_pdlb(os.path.abspath(options.pdlb), options.transport, port)
            bench.add("target", start)
            if not bench.targets:
                raise NotMeasured(bench.missing["target"])
            target = bench.targets[0]
            run_load(target, options, 2)
            cpu = cpu_seconds(target.child.pid)
            units = run_load(target, options, options.secs)
            cpu = cpu_seconds(target.child.pid) - cpu
            print(f"{'nginx' if options.nginx else 'pdlb'}, {options.load}: {units:,} units, {cpu / units * 1e6:.2f} us CPU a unit")
            system_calls(target, options)
            functions(target, options)
    except NotMeasured as why:
        print(f"profile.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
