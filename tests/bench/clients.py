# SPDX-License-Identifier: Apache-2.0
"""The load: wrk for JSON requests, asyncio clients for SSE streams and for sequential prompts."""
import asyncio
import gc
import json
import os
import subprocess
import time

from processes import NotMeasured

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/v1/chat/completions"
EVENT = b"data: "
DONE = b"[DONE]"
WARM_UP_PROMPTS = 3


def chat_request(port, prompt, stream=False, close=False):
    return post(port, PATH, {"model": "m", "messages": [{"role": "user", "content": prompt}], "max_tokens": 32,
                             **({"stream": True} if stream else {})}, close)


def logprob_request(port, prompt, merged=True):
    """A stream of SGLang's own events with log-probabilities. Not merged: where the engine finds the wish, but no router looks."""
    wish = {"return_logprob": True}
    return post(port, "/generate", {**(wish if merged else {"custom": wish}), "text": prompt, "stream": True, "logprob_start_len": 0,
                                    "sampling_params": {"max_new_tokens": 32}}, close=True)


def post(port, path, value, close):
    body = json.dumps(value, separators=(",", ":")).encode()
    head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {'close' if close else 'keep-alive'}\r\n\r\n")
    return head.encode() + body


def run_wrk(program, port, seconds, connections):
    """One wrk run: what post.lua reports."""
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", os.path.join(HERE, "post.lua"),
               f"http://127.0.0.1:{port}{PATH}"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"wrk did not end within {seconds + 20} s") from None
    for line in result.stdout.splitlines():
        if line.startswith("result "):
            return json.loads(line.removeprefix("result "))
    raise NotMeasured(f"wrk gave no result: {(result.stderr + result.stdout).strip()[-200:]}")


class ResponseBody:
    """Takes the head off a response and the chunked framing off its body, as the bytes come in."""

    def __init__(self):
        self.status = 0
        self.complete = False
        self.keep_alive = True
        self._head = b""
        self._rest = b""
        self._chunked = False
        self._left = None  # bytes to come: of the body, or of the present chunk; None = until the connection ends

    def feed(self, data):
        """The body bytes in data."""
        if not self.status:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return b""
            self._parse_head(head)
        if self._chunked:
            return self._unchunk(data)
        if self._left is not None:
            self._left -= len(data)
            self.complete = self._left <= 0
        return data

    def _parse_head(self, head):
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split(b" ")[1])
        fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            fields[name.strip().lower()] = value.strip().lower()
        self._chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        self.keep_alive = fields.get(b"connection") != b"close"
        if self._chunked:
            self._left = 0
        elif b"content-length" in fields:
            self._left = int(fields[b"content-length"])

    def _unchunk(self, data):
        data = self._rest + data
        self._rest = b""
        body = []
        at = 0
        while at < len(data) and not self.complete:
            if self._left > 2:  # inside a chunk; the CRLF after it counts as its last two bytes
                piece = data[at:at + self._left - 2]
                body.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self._left:
                skipped = min(self._left, len(data) - at)
                at += skipped
                self._left -= skipped
            else:
                end = data.find(b"\r\n", at)
                if end < 0:
                    self._rest = data[at:]
                    break
                size = int(data[at:end].partition(b";")[0], 16)
                at = end + 2
                self.complete = size == 0
                self._left = size + 2
        return b"".join(body)


class StreamClient(asyncio.Protocol):
    """One SSE request on a connection of its own. Notes when events come; several in one read are one moment."""

    def __init__(self, request, finished):
        self.request = request
        self.finished = finished
        self.started = time.perf_counter()
        self.first = self.last = None
        self.gaps = []
        self.events = 0
        self.done = False
        self.response = ResponseBody()
        self.transport = None
        self._tail = b""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        text = self._tail + self.response.feed(data)
        self._tail = text[-len(EVENT) + 1:]
        events = text.count(EVENT)
        if events:
            now = time.perf_counter()
            if self.first is None:
                self.first = now
            else:
                self.gaps.append((now - self.last) * 1e3)
            self.last = now
            self.events += events
        if DONE in text:
            self.done = True
            self.transport.close()

    def connection_lost(self, _error):
        if not self.finished.done():
            self.finished.set_result(None)


async def stream_wave(port, request, count, timeout, over=0):
    """count streams, all at once or begun within `over` seconds; the clients, all of them ended."""
    loop = asyncio.get_running_loop()
    clients = []

    async def one(number):
        await asyncio.sleep(over * number / count)
        client = StreamClient(request, loop.create_future())
        clients.append(client)
        try:
            await loop.create_connection(lambda: client, "127.0.0.1", port)
            await client.finished
        except OSError:
            pass

    tasks = [asyncio.ensure_future(one(number)) for number in range(count)]
    gc.disable()
    try:
        _, late = await asyncio.wait(tasks, timeout=timeout)
    finally:
        gc.enable()
    for task in late:
        task.cancel()
    for client in clients:
        if client.transport:
            client.transport.abort()
    return clients


class PromptClient(asyncio.Protocol):
    """Sequential requests on one keep-alive connection."""

    def __init__(self):
        self.response = None
        self.answered = None
        self.transport = None
        self.lost = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.response is None:
            return
        self.response.feed(data)
        if self.response.complete and not self.answered.done():
            self.answered.set_result(self.response.status)

    def connection_lost(self, error):
        self.lost = True
        if self.answered and not self.answered.done():
            self.answered.set_exception(error or ConnectionError("closed before the answer was complete"))

    async def ask(self, request, timeout):
        """Milliseconds from the write of the request to the end of the answer, and its status."""
        self.response = ResponseBody()
        self.answered = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        self.transport.write(request)
        status = await asyncio.wait_for(self.answered, timeout)
        return (time.perf_counter() - started) * 1e3, status


async def prompts(port, prompt, seconds, most):
    """Up to most sequential requests within about seconds: their times in ms, how many failed, how many connections.

    The first ones open connections and are not counted.
    """
    request = chat_request(port, prompt)
    times, failed, connections, client = [], 0, 0, None
    deadline = time.perf_counter() + seconds
    for number in range(-WARM_UP_PROMPTS, most):
        if time.perf_counter() >= deadline:
            break
        try:
            if client is None or client.lost:
                connections += 1
                _, client = await asyncio.get_running_loop().create_connection(PromptClient, "127.0.0.1", port)
            elapsed, status = await client.ask(request, timeout=10)
            if status != 200:
                failed += 1
            elif number >= 0:
                times.append(elapsed)
            if not client.response.keep_alive:
                client.transport.abort()
                client = None
        except (OSError, asyncio.TimeoutError):
            failed += 1
            if client:
                client.transport.abort()
            client = None
    if client:
        client.transport.abort()
    return times, failed, connections
