# SPDX-License-Identifier: Apache-2.0
"""What clients cost that mean no good: floods of empty lines, tiny chunks, connections that only trickle."""
import asyncio
import json
import socket
import time

import clients
from processes import cpu_seconds, forget_peak, peak_mib, rss_mib
from report import median, table
from targets import find_program

MIB = 1024 * 1024
FLOOD = 64 * MIB
CHUNKED = 4 * MIB
SLOW_CLIENTS = 500
SLICES = 50
IDLE_SECONDS = 2
WRK_CONNECTIONS = 16


def cpu_ms(root):
    return cpu_seconds(root) * 1e3


def answer_of(connection):
    """The status of what came until the end of the connection; "-" when nothing did."""
    received = b""
    connection.settimeout(10)
    try:
        while len(received) < 4096 and (piece := connection.recv(4096)):
            received += piece
    except OSError:
        pass
    return received[9:12].decode("ascii", "replace") or "-"


def empty_lines(target):
    before = cpu_ms(target.child.pid)
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        block = b"\r\n" * (MIB // 2)
        try:
            for _ in range(FLOOD // MIB):
                connection.sendall(block)
        except OSError:
            pass
        status = answer_of(connection)
    return {"cpu_ms": cpu_ms(target.child.pid) - before, "status": status}


def tiny_chunks(target):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * (CHUNKED - 100)}]}).encode()
    wire = b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\n\r\n"
    before, memory = cpu_ms(target.child.pid), rss_mib(target.child.pid)
    forget_peak(target.child.pid)
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        try:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                               b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.sendall(wire)
        except OSError:
            pass
        status = answer_of(connection)
    return {"cpu_ms": cpu_ms(target.child.pid) - before, "rss_mib": peak_mib(target.child.pid) - memory, "status": status}


async def with_slow_clients(port, work):
    """Runs `work` in a thread while SLOW_CLIENTS connections send a byte of a head each second."""
    writers = []
    for _ in range(SLOW_CLIENTS):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n")
        writers.append(writer)

    async def trickle():
        # Spread over the second: all at once would be a burst that such clients never make, and of this process too.
        slice_ = len(writers) // SLICES
        at = 0
        while True:
            for writer in writers[at:at + slice_]:
                if not writer.is_closing():
                    writer.write(b"X")
            at = (at + slice_) % len(writers)
            await asyncio.sleep(1 / SLICES)

    trickling = asyncio.ensure_future(trickle())
    try:
        return await asyncio.to_thread(work)
    finally:
        trickling.cancel()
        for writer in writers:
            writer.close()


def slow_clients(target, seconds):
    """The load beside slow clients between two runs of the load alone: what else the machine does is in all three."""
    wrk = find_program("wrk", "wrk")
    load = lambda: clients.run_wrk(wrk, target.port, seconds, WRK_CONNECTIONS)

    def idle():
        before = cpu_ms(target.child.pid)
        time.sleep(IDLE_SECONDS)
        return (cpu_ms(target.child.pid) - before) / IDLE_SECONDS

    before = load()
    memory = rss_mib(target.child.pid)
    beside, rss, cpu = asyncio.run(with_slow_clients(
        target.port, lambda: (load(), rss_mib(target.child.pid) - memory, idle())))
    after = load()
    alone = (before["p99_us"] + after["p99_us"]) / 2e3
    return {"p99_alone_ms": alone, "p99_ms": beside["p99_us"] / 1e3, "ratio": beside["p99_us"] / 1e3 / alone, "rss_mib": rss,
            "cpu_ms": cpu, "non_2xx": beside["non_2xx"], "socket_errors": beside["socket_errors"]}


def hostile(bench, options):
    from scenarios import interleave, total

    figures = {}
    figures["empty lines"] = interleave(bench, "empty lines", options.rounds, empty_lines)
    figures["tiny chunks"] = interleave(bench, "tiny chunks", options.rounds, tiny_chunks)
    figures["slow clients"] = interleave(bench, "slow clients", options.rounds, lambda target: slow_clients(target, options.secs))
    middle = lambda own, figure: median([one[figure] for one in own])
    parts = [
        table(f"hostile: {FLOOD // MIB} MiB of empty lines before a request", [("CPU ms", 2), ("answer", 0)],
              [[name, middle(own, "cpu_ms"), own[-1]["status"]] for name, own in figures["empty lines"].items()]),
        table(f"hostile: a body of {CHUNKED // MIB} MiB in chunks of one byte", [("CPU ms", 0), ("RSS MiB more", 1), ("answer", 0)],
              [[name, middle(own, "cpu_ms"), max(one["rss_mib"] for one in own), own[-1]["status"]]
               for name, own in figures["tiny chunks"].items()]),
        table(f"hostile: {SLOW_CLIENTS} clients that send a byte a second, beside wrk",
              [("p99 alone ms", 2), ("p99 beside ms", 2), ("ratio", 2), ("RSS MiB more", 1), ("CPU ms/s for them", 2), ("non-2xx", 0),
               ("socket errors", 0)],
              [[name, middle(own, "p99_alone_ms"), middle(own, "p99_ms"), middle(own, "ratio"), max(one["rss_mib"] for one in own),
                middle(own, "cpu_ms"), total(own, "non_2xx"), total(own, "socket_errors")]
               for name, own in figures["slow clients"].items()]),
    ]
    return figures, "\n".join(parts)
