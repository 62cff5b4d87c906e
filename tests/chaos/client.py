# SPDX-License-Identifier: Apache-2.0
"""A client that tells truthfully how an answer ended, and that can behave badly."""
import asyncio
import dataclasses
import socket

from engine import reset

HEAD = b"POST %s HTTP/1.1\r\nHost: pdlb\r\nContent-Type: application/json\r\nX-Request-Id: %s\r\n%sContent-Length: %d\r\n\r\n"


@dataclasses.dataclass
class Outcome:
    """kind: "complete" (proven by the framing), "cut" (a head, but not the whole body), "none" (not even a head),
    "vanished" (the client itself went)."""

    kind: str
    status: int = 0
    body: bytes = b""
    keep: bool = False
    sent: bool = True  # the whole request was handed to the kernel
    headers: dict = dataclasses.field(default_factory=dict)


class _Gone(Exception):
    """The client has had enough."""


class Client:
    """One connection at a time, as keep-alive clients have it."""

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def connect(self, receive_buffer=0):
        sock = socket.socket()
        sock.setblocking(False)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=receive_buffer or 1 << 18)

    def close(self, rst=False):
        if self.writer is None:
            return
        if rst:
            reset(self.writer)
        else:
            self.writer.close()
        self.reader = self.writer = None

    async def request(self, path, name, content, headers=b"", vanish=None, slow=None, buffer=0):
        """Sends one request and reads its answer.

        vanish: (when, value, how): "upload" after that part of the request, "bytes" after so many of the answer's body,
        "time" after so many seconds; by "rst", "fin" or "half" (only the sending side, after the whole request).
        slow: (bytes, seconds, times): read so many at a time and wait before, that often; buffer: size of the receive buffer of a new connection.
        """
        if self.reader is not None and (self.reader.at_eof() or self.writer.is_closing()):
            self.close()
        self.partial = Outcome("none", sent=False)
        self.pauses = 0
        when, value, how = vanish or (None, None, None)
        try:
            if self.writer is None:
                await self.connect(buffer)
            message = HEAD % (path.encode(), name.encode(), headers, len(content)) + content
            async with asyncio.timeout(value if when == "time" else None):
                await self._send(message, int(len(message) * value) if when == "upload" else None)
                if how == "half":
                    self.writer.write_eof()
                await self._read(value if when == "bytes" else None, slow)
            outcome = self.partial
        except (_Gone, TimeoutError):
            self.close(how == "rst")
            self.partial.kind = "vanished"
            return self.partial
        except (ConnectionError, asyncio.IncompleteReadError):
            outcome = self.partial
            outcome.keep = False
        if how == "half":
            outcome.kind = "vanished"
            outcome.keep = False
        if not outcome.keep:
            self.close()
        return outcome

    async def _send(self, message, limit):
        if limit is not None:
            self.writer.write(message[:limit])
            await self.writer.drain()
            raise _Gone
        self.writer.write(message)
        self.partial.sent = True
        await self.writer.drain()

    async def _read(self, limit, slow):
        out = self.partial
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        out.status = int(head[0].split(" ")[1])
        out.headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:] if line)}
        out.kind = "cut"
        body = bytearray()
        try:
            await self._body(body, out, limit, slow)
        finally:
            out.body = bytes(body)
        out.kind = "complete"
        out.keep = out.headers.get("connection", "").lower() != "close"

    async def _body(self, body, out, limit, slow):
        if limit == 0:
            raise _Gone
        if "content-length" in out.headers:
            await self._exactly(int(out.headers["content-length"]), body, limit, slow)
            return
        if out.headers.get("transfer-encoding") != "chunked":
            raise AssertionError(f"an answer to HTTP/1.1 without framing: {out.headers}")
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            await self._exactly(size, body, limit, slow)
            if await self.reader.readexactly(2) != b"\r\n":
                raise AssertionError("a chunk that does not end")
        if await self.reader.readexactly(2) != b"\r\n":
            raise AssertionError("no end of the last chunk")

    async def _exactly(self, left, body, limit, slow):
        while left:
            most = 1 << 16
            if slow and self.pauses < slow[2]:
                self.pauses += 1
                most = slow[0]
                await asyncio.sleep(slow[1])
            data = await self.reader.read(min(left, most))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            body += data
            left -= len(data)
            if limit is not None and len(body) >= limit:
                raise _Gone


async def get(port, path="/health"):
    """The status of a GET on a new connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET %s HTTP/1.1\r\nHost: pdlb\r\nConnection: close\r\n\r\n" % path.encode())
        return int((await reader.readuntil(b"\r\n")).split(b" ")[1])
    finally:
        writer.close()
