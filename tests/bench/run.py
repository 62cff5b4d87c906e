#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures pdlb and its peers side by side, in interleaved rounds on this machine. See README.md.

Never fails because of a time: what cannot be measured is listed with the reason.
"""
import argparse
import json
import os
import platform
import signal
import sys

from processes import NotMeasured, raise_descriptor_limit
from scenarios import SCENARIOS
from targets import GATEWAY, HERE, MINI_LB, NGINX, Bench

DEFAULT_WORKDIR = os.path.join(HERE, "..", "..", "build", "bench")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdlb", metavar="PATH", help="the pdlb program; without it the peers alone are measured")
    parser.add_argument("--other", metavar="PATH",
                        help="another build of pdlb to measure in the same rounds: from before a change, say")
    parser.add_argument("--alone", action="store_true", help="only pdlb, without the peers")
    parser.add_argument("--secs", type=bounded(1, 60), default=4, help="seconds a measurement takes (%(default)s)")
    parser.add_argument("--rounds", type=bounded(1, 20), default=3, help="interleaved rounds (%(default)s)")
    parser.add_argument("--conc", type=bounded(1, 2000), default=100, help="streams at once in 'stream' (%(default)s)")
    parser.add_argument("--memory-conc", type=bounded(1, 2000), default=600,
                        help="streams at once in 'memory' (%(default)s)")
    parser.add_argument("--memory-gap-ms", type=bounded(1, 1000), default=100,
                        help="time between two events in 'memory' (%(default)s)")
    parser.add_argument("--only", type=scenario_names, default=list(SCENARIOS), metavar="NAME,...",
                        help=f"scenarios to run: {','.join(SCENARIOS)}")
    parser.add_argument("--backend", metavar="PATH", help="a built pdlb-bench-backend; otherwise it is compiled here")
    parser.add_argument("--workdir", default=DEFAULT_WORKDIR, metavar="DIR",
                        help="for the engine, the Python environment, logs (build/bench)")
    parser.add_argument("--json", metavar="FILE", help="write all figures of all rounds to this file")
    return parser.parse_args()


def bounded(low, high):
    def number(text):
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not between {low} and {high}")
        return value
    return number


def scenario_names(text):
    names = text.split(",")
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown scenario {unknown[0]}, known: {', '.join(SCENARIOS)}")
    return names


def start_targets(bench, pdlb, other, alone):
    for transport in ("direct", "qnam"):
        bench.add(f"pdlb {transport}", lambda port: bench.start_pdlb(pdlb, transport, port))
    if other:
        bench.add("other pdlb direct", lambda port: bench.start_pdlb(other, "direct", port))
    if alone:
        return
    bench.add(MINI_LB, bench.start_mini_lb)
    bench.add(GATEWAY, bench.start_gateway)
    bench.add(NGINX, bench.start_nginx)


def run_scenarios(bench, options):
    """Runs and prints them one by one; gives the figures."""
    figures = {}
    for name in options.only:
        try:
            figures[name], markdown = SCENARIOS[name](bench, options)
            print(markdown, flush=True)
        except NotMeasured as why:
            bench.leave_out(f"scenario {name}", why)
    return figures


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise_descriptor_limit()
    try:
        with Bench(os.path.abspath(options.workdir), options.backend and os.path.abspath(options.backend)) as bench:
            bench.start_engines()
            programs = [program and os.path.abspath(program) for program in (options.pdlb, options.other)]
            start_targets(bench, *programs, options.alone)
            machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()} {platform.machine()}"
            print(f"## Side by side on one machine ({machine}), {options.rounds} rounds\n", flush=True)
            figures = run_scenarios(bench, options)
    except NotMeasured as why:
        print(f"run.py: nothing measured: {why}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("run.py: interrupted, everything it started is ended", file=sys.stderr)
        return 130
    for name, why in bench.missing.items():
        print(f"- {name}: not measured: {why}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"machine": machine, "versions": bench.versions, "options": vars(options), "figures": figures,
                       "not_measured": bench.missing}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
