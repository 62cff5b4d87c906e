# SPDX-License-Identifier: Apache-2.0
"""A scripted prefill or decode engine that remembers every request it was sent."""
import asyncio
import collections
import json
import re
import socket
import struct
import zlib

import answers

Post = collections.namedtuple("Post", "id role engine rid rooms crc whole")

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_ID = re.compile(rb"\r\nx-request-id: *([^\r]+)", re.I)
_CHAOS = re.compile(rb"\r\nx-chaos: *([^\r]+)", re.I)
_BOOTSTRAP = b'"bootstrap_host":'


def reset(writer):
    """Closes by RST; what is not yet sent is lost."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


def split_body(content):
    """(checksum of what the client wrote, bootstrap members): the balancer puts its members before the last brace."""
    at = content.rfind(_BOOTSTRAP)
    if at < 0:
        return zlib.crc32(content), {}
    mine = content[: at - 1] if content[at - 1 : at] == b"," else content[:at]
    return zlib.crc32(mine + b"}"), json.loads(b"{" + content[at:])


class Log:
    """What all engines of a run were sent."""

    def __init__(self):
        self.posts = []
        self.aborts = collections.Counter()  # (engine, rid) → POST /abort_request
        self.problems = []


class Engine:
    def __init__(self, role, name, log, idle_close=None, patience=None):
        self.role, self.name, self.log = role, name, log
        self.idle_close = idle_close  # seconds after which a kept connection is closed
        self.patience = patience  # seconds after which an engine that hangs closes: usually, and one time in twenty
        self.open = 0
        self.opened = 0

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 18, backlog=2048)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def stop(self):
        self.server.close()

    async def _serve(self, reader, writer):
        self.open += 1
        self.opened += 1
        try:
            while await self._request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass  # the run is over
        except Exception as failure:  # noqa: BLE001 - told at the end of the run, not on a terminal nobody reads
            self.log.problems.append(f"engine {self.name}: {failure!r}")
        finally:
            self.open -= 1
            writer.close()

    async def _request(self, reader, writer):
        async with asyncio.timeout(self.idle_close):
            head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        length = int(length.group(1)) if length else 0
        path = head.split(b" ", 2)[1].decode()
        if path.startswith("/v1/loads"):  # the balancer asks where a silent request is stuck
            writer.write(answers.whole(200, b"{}"))
            return True
        if not path.startswith(("/generate", "/v1/")):
            content = await reader.readexactly(length)
            if path == "/abort_request":
                self.log.aborts[self.name, json.loads(content)["rid"]] += 1
            writer.write(answers.whole(200, b"{}"))
            return True
        found = _ID.search(head)
        name = found.group(1).decode() if found else ""
        found = _CHAOS.search(head)
        plan = json.loads(found.group(1)) if found else {"key": 0, "tokens": 2}

        def record(crc=None, members=(), whole=False):
            rooms = dict(members).get("bootstrap_room", ())
            rooms = tuple(rooms) if isinstance(rooms, list) else (rooms,) if rooms else ()
            self.log.posts.append(Post(name, self.role, self.name, dict(members).get("rid"), rooms, crc, whole))

        fault = plan.get(self.role)
        if fault and fault["kind"] == "early":
            record()
            packets, end = answers.script(self.role, path, False, 0, plan)
            writer.write(packets[0])
            await writer.drain()
            return False
        try:
            content = await reader.readexactly(length)
        except BaseException:
            record()
            raise
        crc, members = split_body(content)
        record(crc, members, True)
        stream = b'"stream":true' in content[:1024]
        packets, end = answers.script(self.role, path, stream, answers.seed_of(content), plan)
        del content
        await self._answer(writer, packets, plan.get("gap", 0))
        if end == answers.HANG:
            async with asyncio.timeout(self.patience and self.patience[plan["key"] % 20 == 0]):
                await reader.read(1)  # until the balancer gives up
            return False
        if end == answers.RESET:
            reset(writer)
            return False
        return end == answers.KEEP

    async def _answer(self, writer, packets, gap):
        if not gap:
            writer.write(b"".join(packets))
            await writer.drain()
            return
        for packet in packets:
            await asyncio.sleep(gap)
            writer.write(packet)
            await writer.drain()
