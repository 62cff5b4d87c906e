#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `pdlb trace tail` costs the balancer it listens to: rounds with and without it, in turns.

    tests/bench/tail.py [--pdlb PROGRAM] [--rate 1000] [--seconds 2] [--rounds 16]

One pair of mock engines, requests of small JSON at a fixed rate. Prints the balancer's CPU time per request of each
round, and the medians. Passes and fails on nothing."""
import argparse
import json
import re
import statistics
import subprocess
import time
from pathlib import Path


def cpu_seconds(pid):
    """Of all its threads, to the nanosecond."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def first_line(process, pattern):
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match
    raise SystemExit(f"{process.args} ended without /{pattern}/")


def one_round(options, balancer, url, tail):
    listener = None
    if tail:
        listener = subprocess.Popen([options.pdlb, "trace", "tail", "--url", url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
    before = cpu_seconds(balancer.pid)
    report = subprocess.run([options.pdlb, "bench", "--url", url, "--endpoint", "generate", "--no-stream", "--output-tokens", "1", "--input-tokens", "64", "--rate",
                             str(options.rate), "--constant", "-n", str(options.rate * options.seconds), "--warm-up", "100", "--model", "m", "--json", "--quiet"],
                            capture_output=True, text=True, timeout=options.seconds + 60)
    cpu = (cpu_seconds(balancer.pid) - before) / (options.rate * options.seconds) * 1e6
    lost = 0
    if listener:
        time.sleep(0.2)
        listener.terminate()
        lost = sum(int(n) for n in re.findall(r"(\d+) events were lost", listener.communicate()[1]))
    if report.returncode != 0:
        raise SystemExit(f"pdlb bench: {report.stderr}")
    return cpu, lost


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdlb", default=str(Path(__file__).resolve().parents[2] / "build/release/bin/pdlb"))
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=16)
    options = parser.parse_args()
    engines = subprocess.Popen([options.pdlb, "mock", "--json", "--prefill-tps", "0", "--kv-ms", "0", "--decode-ms", "0"], stdout=subprocess.PIPE, text=True)
    started = [engines]
    try:
        known = json.loads(engines.stdout.readline())
        flags = []
        for engine in known["prefill"]:
            flags += ["--prefill", engine["url"], str(engine["bootstrap_port"])]
        for engine in known["decode"]:
            flags += ["--decode", engine["url"]]
        balancer = subprocess.Popen([options.pdlb, "serve", "--port", "0", "--workers", "1", "--log-level", "error", *flags], stdout=subprocess.PIPE, text=True)
        started.append(balancer)
        url = first_line(balancer, r"listens on (\S+)").group(1)
        results = {False: [], True: []}
        one_round(options, balancer, url, False)  # warm
        for i in range(options.rounds):
            for tail in (False, True) if i % 2 == 0 else (True, False):
                cpu, lost = one_round(options, balancer, url, tail)
                results[tail].append(cpu)
                print(f"{'with tail' if tail else 'without  '}  {cpu:7.2f} us CPU a request" + (f", {lost} events lost" if lost else ""), flush=True)
        alone, listened = (statistics.median(results[tail]) for tail in (False, True))
        print(f"medians {alone:.2f} and {listened:.2f} us: {100 * (listened / alone - 1):+.1f} %")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
