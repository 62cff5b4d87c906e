# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that does to its connections what networks do, by a seeded schedule.

Connection number k of a proxy gets the same faults in every run with the same seed and name.
"""
import asyncio
import collections
import dataclasses
import random
import re
import socket

from engine import reset

UP, DOWN = "up", "down"  # towards the engine, towards the balancer

# What the balancer wrote, told by the first bytes that arrived, whether or not a fault eats them: a head and its id.
_HEAD = re.compile(rb"POST (\S+) HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*?[Xx]-[Rr]equest-[Ii]d: ?([^\r\n]+)\r\n")
_LONGEST_HEAD = 8192


@dataclasses.dataclass
class Faults:
    """What happens to one connection. Bytes are counted in the named direction; None: it does not happen."""

    kinds: tuple = ()
    direction: str = DOWN
    refuse: bool = False  # reset as soon as it is there
    latency: float = 0  # seconds, each way
    jitter: float = 0
    rate: int = 0  # bytes per second
    slice: int = 0  # largest piece written at once
    limit: int | None = None  # bytes, then the connection closes…
    limit_how: str = "fin"
    hole: tuple | None = None  # (bytes, seconds): from then on nothing passes, then it closes
    reset_after: float | None = None  # seconds
    slow_close: float = 0  # seconds between the engine's end and the balancer's notice


KINDS = ("latency", "bandwidth", "slicer", "limit_fin", "limit_rst", "reset_peer", "timeout", "slow_close", "refuse")


def draw(rng, longest_hole):
    """The faults of one connection; half of them have none."""
    faults = Faults()
    if rng.random() < 0.5:
        return faults
    kinds = [rng.choice(KINDS)]
    if rng.random() < 0.25:
        kinds.append(rng.choice(("latency", "slicer")))
    faults.kinds = tuple(sorted(set(kinds)))
    faults.direction = UP if rng.random() < 0.2 else DOWN
    spot = int(10 ** rng.uniform(0, 4.5))  # 1 … 30,000 bytes, small ones as likely as large ones
    for kind in faults.kinds:
        if kind == "latency":
            faults.latency = rng.uniform(0, 0.5)
            faults.jitter = rng.uniform(0, 0.05)
        elif kind == "bandwidth":
            faults.rate = 50_000
        elif kind == "slicer":
            faults.slice = 10
        elif kind == "limit_fin":
            faults.limit = spot
        elif kind == "limit_rst":
            faults.limit, faults.limit_how = spot, "rst"
        elif kind == "reset_peer":
            faults.reset_after = rng.uniform(0, 1)
        elif kind == "timeout":
            faults.hole = (spot if rng.random() < 0.7 else 0, longest_hole if rng.random() < 0.05 else rng.uniform(2, 4))
        elif kind == "slow_close":
            faults.slow_close = rng.uniform(0.1, 2)
        elif kind == "refuse":
            faults.refuse = True
    return faults


class Proxy:
    SLICED = 4096  # bytes of a connection that are sliced; the rest would only burn CPU

    def __init__(self, name, seed, target, longest_hole):
        self.name, self.seed, self.target, self.longest_hole = name, seed, target, longest_hole
        self.posts = collections.Counter()  # (path, request id) → heads that arrived
        self.faults = collections.Counter()
        self.connections = 0
        self.open = 0
        self.calm = False  # no faults for new connections
        self._tasks = set()

    async def start(self):
        # A second, silent socket keeps the port while it refuses connections.
        self._keeper = self._bound(0)
        self.port = self._keeper.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        await self._listen()
        self._spawn(self._outages())
        return self

    @staticmethod
    def _bound(port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    async def _listen(self):
        self._server = await asyncio.start_server(self._accept, sock=self._bound(self.port), backlog=1024)

    def _spawn(self, work):
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self):
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._server.close()
        self._keeper.close()

    async def _outages(self):
        """Now and then nobody listens: connections are refused."""
        rng = random.Random(f"{self.seed}/{self.name}/outages")
        while True:
            await asyncio.sleep(rng.uniform(2, 6))
            down = rng.uniform(0.05, 0.6)
            if self.calm:
                continue
            self.faults["refused"] += 1
            self._server.close()
            await asyncio.sleep(down)
            await self._listen()

    def schedule(self, number):
        return draw(random.Random(f"{self.seed}/{self.name}/{number}"), self.longest_hole)

    async def _accept(self, reader, writer):
        faults = Faults()
        if not self.calm:
            faults = self.schedule(self.connections)
            self.connections += 1
            self.faults.update(faults.kinds or ("none",))
        self.open += 1
        try:
            await self._connection(reader, writer, faults)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self.open -= 1

    async def _connection(self, reader, writer, faults):
        if faults.refuse:
            reset(writer)
            return
        engine_reader, engine_writer = await asyncio.open_connection("127.0.0.1", self.target)
        pumps = {
            asyncio.ensure_future(self._pump(reader, engine_writer, faults, UP)),
            asyncio.ensure_future(self._pump(engine_reader, writer, faults, DOWN)),
        }
        waiting = set(pumps)
        try:
            done, waiting = await asyncio.wait(pumps, timeout=faults.reset_after, return_when=asyncio.FIRST_COMPLETED)
            how = next(iter(done)).result() if done else "rst"
            if how == "rst":
                reset(writer)
            elif how == "slow" and waiting:
                await asyncio.wait(waiting, timeout=faults.slow_close)
        finally:
            for pump in waiting:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            engine_writer.close()

    async def _pump(self, reader, writer, faults, direction):
        """Moves bytes until one side ends. Returns how the balancer's side is to be closed: "fin", "rst", "slow"."""
        mine = faults.direction == direction
        limit = faults.limit if mine else None
        hole = faults.hole if mine else None
        moved, tail = 0, b""
        loop = asyncio.get_running_loop()
        queue = carrier = None
        if faults.latency:
            queue = asyncio.Queue(64)
            carrier = asyncio.ensure_future(self._deliver_late(queue, writer, faults))
        try:
            while True:
                try:
                    data = await reader.read(1 << 16)
                except ConnectionError:
                    return "rst"
                if not data:
                    if queue:
                        await queue.put(None)
                        await carrier
                    return "slow" if direction == DOWN and faults.slow_close else "fin"
                if direction == UP:
                    tail = self._count_heads(tail, data)
                end = None
                if hole and moved + len(data) > hole[0]:
                    data, end = data[: hole[0] - moved], "hole"
                elif limit is not None and moved + len(data) >= limit:
                    data, end = data[: limit - moved], faults.limit_how
                if data and queue:
                    await queue.put((loop.time() + faults.latency, data))
                elif data:
                    await self._write(writer, data, faults, moved)
                moved += len(data)
                if end and queue:
                    await queue.put(None)
                    await carrier
                if end == "hole":
                    await self._swallow(reader, hole[1], direction)
                    return "fin"
                if end:
                    return end
        except ConnectionError:
            return "fin"
        finally:
            if carrier:
                carrier.cancel()

    def _count_heads(self, tail, data):
        seen = tail + data
        for found in _HEAD.finditer(seen):
            if found.end() > len(tail):
                self.posts[found.group(1).decode(), found.group(2).decode()] += 1
        return seen[-_LONGEST_HEAD:]

    async def _deliver_late(self, queue, writer, faults):
        loop = asyncio.get_running_loop()
        moved = 0
        while item := await queue.get():
            when, data = item
            await asyncio.sleep(max(0, when - loop.time()) + faults.jitter * (moved % 7) / 7)
            await self._write(writer, data, faults, moved)
            moved += len(data)

    async def _write(self, writer, data, faults, moved):
        if faults.slice and moved < self.SLICED:
            sliced = data[: self.SLICED - moved]
            at = 0
            while at < len(sliced):
                size = 1 + (moved + at) * 7919 % faults.slice
                if writer.is_closing():
                    raise ConnectionError
                writer.write(sliced[at : at + size])
                at += size
                await asyncio.sleep(0)
            data = data[len(sliced) :]
        step = max(1, faults.rate // 20) if faults.rate else len(data)
        for at in range(0, len(data), step or 1):
            writer.write(data[at : at + step])
            await writer.drain()
            if faults.rate:
                await asyncio.sleep(0.05)

    async def _swallow(self, reader, seconds, direction):
        try:
            async with asyncio.timeout(seconds):
                tail = b""
                while data := await reader.read(1 << 16):
                    if direction == UP:
                        tail = self._count_heads(tail, data)
        except (TimeoutError, ConnectionError):
            pass
