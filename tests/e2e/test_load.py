# SPDX-License-Identifier: Apache-2.0
"""Many requests and large ones."""
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx

from programs import Serve, die_with_parent

REQUESTS = 2000
CONCURRENCY = 64


class Recorder:
    """An engine that answers at once and remembers the rooms it was told."""

    ANSWER = b'{"text":"ok","meta_info":{"finish_reason":{"type":"stop"}}}'

    def __init__(self):
        self.rooms = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = "http://127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
                body = json.loads(await reader.readexactly(length) or b"{}")
                if "bootstrap_room" in body:
                    self.rooms.append(body["bootstrap_room"])
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(self.ANSWER), self.ANSWER)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def test_2000_requests_have_2000_rooms(start, note):
    async def all_of_them():
        async with Recorder() as prefill, Recorder() as decode:
            options = ["--prefill", prefill.url, "8998", "--decode", decode.url]
            balancer = await asyncio.to_thread(start, Serve, *options)
            left = iter(range(REQUESTS))

            async def worker(client):
                return [(await client.post("/generate", json={"text": f"prompt {i}"})).status_code for i in left]

            async with httpx.AsyncClient(base_url=balancer.url, timeout=30) as client:
                began = time.monotonic()
                answers = await asyncio.gather(*(worker(client) for _ in range(CONCURRENCY)))
                note(f"{REQUESTS} requests at concurrency {CONCURRENCY}: {time.monotonic() - began:.1f} s")
            await asyncio.to_thread(balancer.stop)
            return [status for some in answers for status in some], prefill.rooms, decode.rooms

    statuses, prefill, decode = asyncio.run(all_of_them())
    assert statuses == [200] * REQUESTS
    assert len(set(prefill)) == REQUESTS
    assert sorted(prefill) == sorted(decode)
    assert all(type(room) is int and 0 < room < 2**63 for room in prefill)


def test_2000_requests_meet_their_prefill(mock, serve):
    """The mock engines refuse a room that is in use and wait in vain for one that the other leg does not name."""
    balancer = serve(mock("--decode-ms", "0", "--kv-ms", "0", "--prefill-tps", "0", prefill=2, decode=2))

    async def all_of_them():
        left = iter(range(REQUESTS))

        async def worker(client):
            body = {"text": "Hello", "sampling_params": {"max_new_tokens": 2}}
            return [(await client.post("/generate", json=body)).status_code for _ in left]

        async with httpx.AsyncClient(base_url=balancer.url, timeout=30) as client:
            return await asyncio.gather(*(worker(client) for _ in range(CONCURRENCY)))

    statuses = [status for some in asyncio.run(all_of_them()) for status in some]
    assert statuses == [200] * REQUESTS


def body_file(folder, megabytes):
    file = folder / "body.json"
    file.write_text(json.dumps({"text": "x" * (megabytes << 20), "sampling_params": {"max_new_tokens": 3}}))
    return ["-H", "Content-Type: application/json", "--data-binary", f"@{file}"]


def test_20_megabytes(url, curl, tmp_path):
    assert json.loads(curl(f"{url}/generate", *body_file(tmp_path, 20)))["text"] == "w0 w1 w2"


def test_64_megabytes_beside_a_stream(start, program, tmp_path, note):
    """It arrives, and the stream in the same worker goes on. How evenly is only measured: the machine has other work."""
    engines = [program(sys.executable, Path(__file__).with_name("light_engine.py")) for _ in range(2)]
    prefill, decode = (engine.wait_for(r"^http://\S+").group() for engine in engines)
    url = start(Serve, "--prefill", prefill, "8998", "--decode", decode, "--workers", "1").url

    def largest_gap(during):
        gaps, last, other = [], None, None
        with httpx.stream("POST", f"{url}/generate", json={"text": "", "stream": True}, timeout=30) as answer:
            for _ in answer.iter_raw():
                now = time.monotonic()
                if last is not None:
                    gaps.append(now - last)
                elif during:
                    other = subprocess.Popen(during, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
                last = now
        answer = other.communicate(timeout=30)[0] if other else ""
        return max(gaps) * 1000, answer

    upload = ["curl", "-s", "-S", "--max-time", "30", "-H", "Expect:", *body_file(tmp_path, 64), f"{url}/generate"]
    alone, _ = largest_gap(None)
    beside, answer = largest_gap(upload)
    assert json.loads(answer) == {"text": ""}
    note(f"largest gap between tokens 5 ms apart: {alone:.0f} ms alone, {beside:.0f} ms beside a body of 64 MiB")
