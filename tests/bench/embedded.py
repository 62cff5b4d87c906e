#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The balancer inside pdlb-gui, with its table of requests open, beside `pdlb serve`: the same engines, rounds in turns.

    tests/bench/embedded.py [--build build/release] [--requests 6000] [--rounds 10] [--soak SECONDS]

Prints the requests a second of each round and the ratio of the medians. --soak: after that a load of 300 requests/s for so
long, with the window's memory every ten seconds. Passes and fails on nothing."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from tail import first_line


def bench(pdlb, url, *flags, timeout=300):
    report = subprocess.run([pdlb, "bench", "--url", url, "--endpoint", "generate", "--no-stream", "--output-tokens", "1", "--input-tokens", "64",
                             "--model", "m", "--json", "--quiet", *flags], capture_output=True, text=True, timeout=timeout)
    if report.returncode != 0:
        raise SystemExit(f"pdlb bench: {report.stderr}")
    return json.loads(report.stdout)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until_ready(url, seconds=20):
    for _ in range(seconds * 10):
        try:
            urlopen(url + "/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def resident_mib(pid):
    line = next(l for l in Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(Path(__file__).resolve().parents[2] / "build/release"))
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--soak", type=int, default=0)
    options = parser.parse_args()
    pdlb = f"{options.build}/bin/pdlb"
    engines = subprocess.Popen([pdlb, "mock", "--json", "--prefill-tps", "0", "--kv-ms", "0", "--decode-ms", "0"], stdout=subprocess.PIPE, text=True)
    started = [engines]
    try:
        known = json.loads(engines.stdout.readline())
        flags = ["--workers", "1"]
        for engine in known["prefill"]:
            flags += ["--prefill", engine["url"], str(engine["bootstrap_port"])]
        for engine in known["decode"]:
            flags += ["--decode", engine["url"]]
        headless = subprocess.Popen([pdlb, "serve", "--port", "0", "--log-level", "error", *flags], stdout=subprocess.PIPE, text=True)
        started.append(headless)
        urls = {"headless": first_line(headless, r"listens on (\S+)").group(1)}
        folder = tempfile.TemporaryDirectory()
        port = free_port()
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_LOGGING_RULES": "pdlb.*=false", "HOME": folder.name}
        window = subprocess.Popen([f"{options.build}/bin/pdlb-gui", "--settings", f"{folder.name}/s.ini", "--start", "--port", str(port), *flags],
                                  stderr=subprocess.DEVNULL, env=environment)
        started.append(window)
        urls["embedded"] = f"http://127.0.0.1:{port}"
        until_ready(urls["embedded"])
        results = {name: [] for name in urls}
        for i in range(options.rounds):
            for name in list(urls) if i % 2 == 0 else reversed(list(urls)):
                rate = bench(pdlb, urls[name], "-n", str(options.requests), "-c", "16", "--warm-up", "200")["requests_per_second"][0]
                results[name].append(rate)
                print(f"{name}  {rate:8.0f} requests/s", flush=True)
        medians = {name: statistics.median(rates) for name, rates in results.items()}
        print(f"medians {medians}: embedded {100 * medians['embedded'] / medians['headless']:.1f} % of headless")
        for _ in range(options.soak // 10):
            bench(pdlb, urls["embedded"], "-n", "3000", "--rate", "300")
            print(f"memory {resident_mib(window.pid):.0f} MiB", flush=True)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
