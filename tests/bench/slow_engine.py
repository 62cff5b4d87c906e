#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much one engine that is ten times slower costs the requests that are not on it, per policy.

slow_engine.py [PDLB]: in turn, without and with the slow engine, over 4 x 4 mock engines and 32 clients on loopback.
"""

import asyncio
import statistics
import subprocess
import sys

CLIENTS, REQUESTS, ROUNDS = 32, 20, 3
POLICIES = ("random", "round_robin", "least_in_flight", "power_of_two")
BODY = b'{"text":"hi","sampling_params":{"max_new_tokens":10}}'
HEAD = b"POST /generate HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Pdlb-Debug: 1\r\nContent-Length: %d\r\n\r\n" % len(BODY)


def start(*words):
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def line(process, beginning):
    for text in process.stdout:
        if text.strip().startswith(beginning):
            return text.strip()
    raise SystemExit(f"no line that begins with {beginning!r}")


async def client(port, times):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    for _ in range(REQUESTS):
        began = loop.time()
        writer.write(HEAD + BODY)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(field.split(": ", 1) for field in head.split("\r\n")[1:] if field)
        await reader.readexactly(int(fields["content-length"]))
        assert head.startswith("http/1.1 200"), head
        times.setdefault(fields["x-pdlb-decode"], []).append((loop.time() - began) * 1000)
    writer.close()


async def load(port):
    times = {}
    await asyncio.gather(*(client(port, times) for _ in range(CLIENTS)))
    return times


def measure(pdlb, policy, slow):
    faults = ("--fault", "decode0:delay=900ms") if slow else ()
    engines = start(pdlb, "mock", "--prefill", "4", "--decode", "4", "--decode-ms", "10", "--kv-ms", "1", *faults)
    try:
        flags = line(engines, "pdlb serve").split()[2:]
        balancer = start(pdlb, "serve", *flags, "--port", "0", "--policy", policy, "--log-level", "error")
        try:
            port = int(line(balancer, "pdlb listens").split(" with ")[0].rsplit(":", 1)[1])
            return asyncio.run(load(port))
        finally:
            balancer.terminate()
            balancer.wait()
    finally:
        engines.terminate()
        engines.wait()


def main():
    pdlb = sys.argv[1] if len(sys.argv) > 1 else "build/release/bin/pdlb"
    print("policy            p50 of the other three, ms      requests on the slow one")
    print("                  without     with    ratio")
    for policy in POLICIES:
        rest = {False: [], True: []}
        share = []
        for _ in range(ROUNDS):
            for slow in (False, True):
                times = measure(pdlb, policy, slow)
                rest[slow] += [ms for name, list_ in times.items() if name != "d1" for ms in list_]
                if slow:
                    share.append(100 * len(times.get("d1", [])) / (CLIENTS * REQUESTS))
        without, with_ = (statistics.median(rest[slow]) for slow in (False, True))
        print(f"{policy:16} {without:8.1f} {with_:8.1f} {with_ / without:8.3f}      {statistics.mean(share):5.1f} %")


if __name__ == "__main__":
    main()
