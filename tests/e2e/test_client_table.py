# SPDX-License-Identifier: Apache-2.0
"""Table C, each row whole, through the programs: `pdlb serve` in front of `pdlb mock`."""
import base64
import json
import socket
import subprocess
import threading

import pytest

from programs import DEADLINE, TABLE_DUMP, Mock, Serve, until

ROWS = json.loads(subprocess.run([TABLE_DUMP], capture_output=True, check=True).stdout)
DRIVEN = [row for row in ROWS if not row["waits"]]  # the others take as long as a deadline


class CountingProxy:
    """Stands in front of an engine and keeps what is sent to it."""

    def __init__(self, url):
        self.target = tuple(url.removeprefix("http://").split(":"))
        self.sent = b""
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def posts(self):
        with self._lock:
            return self.sent.count(b"POST /generate ")

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.create_connection(self.target)
            threading.Thread(target=self._pump, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(engine, client, False), daemon=True).start()

    def _pump(self, source, target, keep):
        try:
            while data := source.recv(65536):
                if keep:
                    with self._lock:
                        self.sent += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


class Connection:
    """A client connection that reads answers one after another."""

    def __init__(self, url):
        host, _, port = url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=DEADLINE)
        self.input = b""

    def send(self, data, end=False):
        try:
            self.socket.sendall(data)
            if end:
                self.socket.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent: the answer tells

    def _more(self):
        data = self.socket.recv(65536)
        self.input += data
        return data

    def answer(self, head_request=False):
        """(status, lower-cased header lines, body); None when the connection was closed instead."""
        while b"\r\n\r\n" not in self.input:
            if not self._more():
                assert not self.input, self.input
                return None
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        status = int(lines[0].split()[1])
        fields = dict(line.split(": ", 1) for line in lines[1:])
        if status < 200:
            return status, fields, b""
        length = 0 if head_request or status == 204 else int(fields["content-length"])
        while len(self.input) < length:
            assert self._more(), "an incomplete answer"
        body, self.input = self.input[:length], self.input[length:]
        return status, fields, body

    def is_closed(self):
        return not self.input and not self._more()


@pytest.fixture(scope="module")
def setup():
    engines = Mock("--decode-ms", "0", "--kv-ms", "0", "--prefill-tps", "0")
    try:
        proxies = [CountingProxy(engines.engines[role][0]["url"]) for role in ("prefill", "decode")]
        bootstrap = engines.engines["prefill"][0]["bootstrap_port"]
        balancer = Serve("--prefill", proxies[0].url, bootstrap, "--decode", proxies[1].url)
        try:
            yield balancer.url, proxies
        finally:
            balancer.stop()
    finally:
        engines.stop()
    for proxy in proxies:
        proxy.close()


def test_rows_are_all_there():
    assert {row["id"] for row in ROWS} == {f"C{i}" for i in range(1, 113)}


@pytest.mark.parametrize("row", DRIVEN, ids=[f"{row['id']} {row['name']}" for row in DRIVEN])
def test_row(setup, row):
    url, proxies = setup
    before = [proxy.posts() for proxy in proxies]
    connection = Connection(url)
    connection.send(base64.b64decode(row["bytes"]), row["half_closed"])

    interim, forwarded, closing = 0, 0, not row["answers"]
    for number, allowed in enumerate(row["answers"]):
        request = row["requests"][number] if number < len(row["requests"]) else {}
        while (answer := connection.answer(request.get("method") == "HEAD")) and answer[0] < 200:
            interim += 1
        assert answer, "closed without an answer"
        status, fields, body = answer
        assert status in allowed, body
        if status >= 400:
            assert set(json.loads(body)["error"]) == {"message", "type", "code", "param"}
        forwarded += status == 200 and request.get("target") == "/generate"
        closing = fields.get("connection") == "close"
    assert interim == row["interim"]
    assert row["fate"] == "either" or closing == (row["fate"] == "closed")

    if closing:
        assert connection.is_closed()
    else:
        # Were any of the bytes taken for another request, its answer would come first.
        connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: probe\r\n\r\n")
        status, fields, _ = connection.answer()
        assert (status, fields["x-request-id"]) == (200, "probe")
    connection.socket.close()

    # Exactly one POST to each engine for a request that was accepted, none for any other.
    wanted = [count + forwarded for count in before]
    until(lambda: [proxy.posts() for proxy in proxies] >= wanted, "the engines have the requests")
    assert [proxy.posts() for proxy in proxies] == wanted
