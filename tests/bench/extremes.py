# SPDX-License-Identifier: Apache-2.0
"""Loads at the edge of what a router is asked for: very large bodies, storms of connections and of leaving clients, all cores."""
import asyncio
import json
import multiprocessing
import socket
import threading
import time

import clients
from processes import cpu_seconds, forget_peak, peak_mib, rss_mib
from report import NOTHING, median, percentile, ratio, table
from targets import GAP_MS, GATEWAY, HAPROXY, MINI_LB, NGINX, PDLB, PDLB_QNAM, PDLB_TWO, find_program, request

MIB = 1024 * 1024
BODY_MIB = 64
BODIES = 4
BESIDE = 20  # streams while large bodies come
ABORTED = 500
CONNECTS = 5000
CONNECT_SECONDS = 1.0
WRK_CONNECTIONS = 512  # the kernel deals them out by a hash: few would be uneven


def middle(own, figure):
    return median([one[figure] for one in own])


def big_bodies(bench, options):
    """One client sends large bodies, one after the other, while others stream."""
    from scenarios import interleave

    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * (BODY_MIB * MIB - 100)}], "max_tokens": 1}).encode()

    def send(port, took, failed):
        head = (f"POST {clients.PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n").encode()
        for _ in range(BODIES):
            begun = time.perf_counter()
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                    connection.sendall(head)
                    connection.sendall(body)
                    answer = connection.recv(65536)
            except OSError as error:
                answer = str(error).encode()
            if answer.startswith(b"HTTP/1.1 200"):
                took.append(time.perf_counter() - begun)
            else:
                failed.append(answer[:60].decode("ascii", "replace"))

    def measure(target):
        pid, took, failed = target.child.pid, [], []
        before = rss_mib(pid)
        forget_peak(pid)
        cpu = cpu_seconds(pid)
        # A process of its own: the interpreter's lock must not hold up the streams' clock.
        results = multiprocessing.Manager()
        took, failed = results.list(), results.list()
        sender = multiprocessing.Process(target=send, args=(target.port, took, failed))
        request_ = clients.chat_request(target.port, "streams beside", stream=True, close=True)

        async def beside():
            waves = asyncio.ensure_future(clients.stream_wave(target.port, request_, BESIDE, 30))
            await asyncio.sleep(0.2)
            sender.start()
            return await waves
        streams = asyncio.run(beside())
        sender.join(120)
        if sender.is_alive():
            sender.kill()
        cpu = cpu_seconds(pid) - cpu
        gaps = [gap for client in streams for gap in client.gaps]
        rate = BODY_MIB / median(list(took)) if took else NOTHING
        return {"mib_per_s": rate, "cpu_ms_per_body": cpu / BODIES * 1e3, "rss_more": (peak_mib(pid) - before) / BODY_MIB,
                "late_p99_ms": percentile([max(gap - GAP_MS, 0) for gap in gaps], .99), "failed": len(failed), "why": failed[0] if failed else ""}

    rounds = interleave(bench, f"{BODY_MIB} MiB bodies", min(options.rounds, options.most_rounds), measure)
    rows = [[name, middle(own, "mib_per_s"), middle(own, "cpu_ms_per_body"), max(one["rss_more"] for one in own),
             max(one["late_p99_ms"] for one in own), sum(one["failed"] for one in own), ratio(own, rounds.get(NGINX), "cpu_ms_per_body")]
            for name, own in rounds.items()]
    columns = [("MiB/s to each leg", 0), ("CPU ms a body", 0), ("memory ÷ body", 2), ("events late p99 ms", 1), ("failed", 0),
               ("CPU ÷ nginx", 2)]
    return rounds, table(f"big: bodies of {BODY_MIB} MiB one after the other, beside {BESIDE} streams of an event each 20 ms", columns, rows)


def abort_storm(bench, options):
    """Clients that leave all at once in the middle of their streams: what that costs, and how soon the engines are free."""
    from scenarios import interleave

    def running():
        return sum(int(request(engine.port, "GET", "/bench/streams")[1]) for engine in (bench.prefill, bench.decode))

    def measure(target):
        request_ = clients.chat_request(target.port, "gap_ms=200 leaving", stream=True, close=True)
        pid = target.child.pid

        async def storm():
            loop = asyncio.get_running_loop()
            streams = []
            for _ in range(ABORTED):
                client = clients.StreamClient(request_, loop.create_future())
                await loop.create_connection(lambda client=client: client, "127.0.0.1", target.port)
                streams.append(client)
            for _ in range(100):
                if all(client.first is not None for client in streams):
                    break
                await asyncio.sleep(0.05)
            began = sum(client.first is not None for client in streams)
            cpu = cpu_seconds(pid)
            for client in streams:
                client.transport.abort()
            left = time.perf_counter()
            return began, cpu, left

        began, cpu, left = asyncio.run(storm())
        gone = NOTHING
        while time.perf_counter() - left < 5:
            if running() == 0:
                gone = (time.perf_counter() - left) * 1e3
                break
            time.sleep(0.01)
        time.sleep(0.3)
        return {"began": began, "free_ms": gone, "cpu_us": (cpu_seconds(pid) - cpu) / ABORTED * 1e6}

    rounds = interleave(bench, "aborts", options.rounds, measure, without=[HAPROXY])
    rows = [[name, sum(one["began"] for one in own), middle(own, "free_ms"), middle(own, "cpu_us"), ratio(own, rounds.get(GATEWAY), "cpu_us")]
            for name, own in rounds.items()]
    columns = [("streams", 0), ("engines free after ms", 0), ("CPU µs an abort", 1), ("CPU ÷ gateway", 2)]
    return rounds, table(f"aborts: {ABORTED} clients leave at once in the middle of their streams", columns, rows)


def connect_storm(bench, options):
    """So many new connections within a second, each with one request."""
    from scenarios import interleave

    def measure(target):
        request_ = clients.chat_request(target.port, "connecting", close=True)

        async def one(number, results):
            await asyncio.sleep(CONNECT_SECONDS * number / CONNECTS)
            begun = time.perf_counter()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
                writer.write(request_)
                answer = await asyncio.wait_for(reader.read(), 30)
                writer.close()
                results.append((time.perf_counter() - begun) * 1e3 if answer.startswith(b"HTTP/1.1 200") else None)
            except (OSError, asyncio.TimeoutError):
                results.append(None)

        async def storm():
            results = []
            await asyncio.gather(*(one(number, results) for number in range(CONNECTS)))
            return results

        cpu = cpu_seconds(target.child.pid)
        results = asyncio.run(storm())
        times = [value for value in results if value is not None]
        return {"lost": len(results) - len(times), "p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99),
                "cpu_us": (cpu_seconds(target.child.pid) - cpu) / CONNECTS * 1e6}

    rounds = interleave(bench, "connects", min(options.rounds, options.most_rounds), measure, without=[MINI_LB, PDLB_QNAM])
    rows = [[name, sum(one["lost"] for one in own), middle(own, "p50_ms"), middle(own, "p99_ms"), middle(own, "cpu_us"),
             ratio(own, rounds.get(NGINX), "cpu_us")] for name, own in rounds.items()]
    columns = [("lost", 0), ("p50 ms", 1), ("p99 ms", 1), ("CPU µs a request", 1), ("CPU ÷ nginx", 2)]
    return rounds, table(f"connects: {CONNECTS:,} connections within {CONNECT_SECONDS:.0f} s, a request on each", columns, rows)


def workers(bench, options):
    """One worker beside two. Router, engines and generator share the cores, so throughput cannot double: what a request costs and how
    evenly the workers share the work tell what it would be on cores of its own."""
    from scenarios import interleave

    wrk = find_program("wrk", "wrk")

    def per_worker(pid):
        import os
        times = {}
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                times[task] = int(file.read().split()[0]) / 1e9
        return times

    def measure(target):
        pid = target.child.pid
        before = per_worker(pid)
        result = clients.run_wrk(wrk, target.port, options.secs, WRK_CONNECTIONS)
        spent = sorted((after - before.get(task, 0) for task, after in per_worker(pid).items()), reverse=True)
        count = 2 if target.name == PDLB_TWO else 1
        busy = spent[:count]
        cpu_us = sum(spent) / max(result["requests"], 1) * 1e6
        # On cores of its own each worker could do as much as the busiest one until that one's core is full.
        capacity = 1e6 / cpu_us * sum(spent) / busy[0]
        return {"requests_per_s": result["requests"] / (result["duration_us"] / 1e6), "cpu_us": cpu_us, "share": busy[0] / sum(spent),
                "capacity": capacity}

    others = [target.name for target in bench.targets if target.name not in (PDLB, PDLB_TWO)]
    rounds = interleave(bench, "workers", options.rounds, measure, without=others)
    rows = [[name, middle(own, "requests_per_s"), middle(own, "cpu_us"), middle(own, "share") * 100, middle(own, "capacity"),
             ratio(own, rounds.get(PDLB), "capacity")] for name, own in rounds.items()]
    columns = [("req/s here", 0), ("CPU µs/request", 1), ("share of the busiest worker %", 0), ("req/s until its core is full", 0), ("÷ one worker", 2)]
    return rounds, table(f"workers: wrk with {WRK_CONNECTIONS} connections, counted by CPU", columns, rows)
