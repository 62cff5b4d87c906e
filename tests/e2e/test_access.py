# SPDX-License-Identifier: Apache-2.0
"""Keys, TLS on both sides, and what must not be told: T62, T81, T107, T115, T120, T123 of the HTTP reference."""
import datetime
import http.server
import json
import os
import resource
import socket
import ssl
import threading

import httpx2 as httpx
import openai as openai_package
import pytest
import trustme

from programs import Program, Serve, run, until

SECRET, ENGINE_SECRET = "sk-very-secret-1234567890", "ek-not-less-secret-0987654321"
PAIR = ["--prefill", "http://127.0.0.1:1", "none", "--decode", "http://127.0.0.1:2"]


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path):
    """Paths of a CA, a server's certificate for localhost, and its key."""
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(paths["ca"])
    for i, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(paths["cert"], append=i > 0)
    certificate.private_key_pem.write_to_path(paths["key"])
    return paths


class Engine:
    """A decode or prefill engine, with TLS when there is a certificate."""

    def __init__(self, certificate=None):
        engine = self
        self.headers = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                engine.headers.append(dict(self.headers))
                self.rfile.read(int(self.headers["Content-Length"]))
                body = b'{"text":"hello"}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def engine(start):
    """engine(certificate): started, and ended with the test. Handshake errors of its clients stay quiet."""
    http.server.ThreadingHTTPServer.handle_error = lambda *_: None
    return lambda certificate=None: start(Engine, certificate)


def over(engine):
    return ["--prefill", engine.url, "none", "--decode", engine.url]


# --- TLS towards clients

@pytest.mark.parametrize("stream", [False, True])
def test_tls_for_clients(mock, serve, files, curl, stream):
    balancer = serve(mock(), "--tls-cert", files["cert"], "--tls-key", files["key"])
    assert balancer.url.startswith("https://")
    ask = ["--no-buffer", "-d", json.dumps({"text": "hello there", "stream": stream}), f"{balancer.url}/generate"]
    answer = curl("--cacert", str(files["ca"]), *ask)
    assert ("[DONE]" in answer) is stream
    assert "text" in answer
    curl(*ask, code=60)  # who does not trust the CA gets nothing


def test_tls_with_the_openai_sdk(mock, serve, files):
    balancer = serve(mock("--decode-ms", "1"), "--tls-cert", files["cert"], "--tls-key", files["key"], "--api-key", SECRET)
    web = httpx.Client(verify=ssl.create_default_context(cafile=files["ca"]))
    make = lambda key: openai_package.OpenAI(base_url=f"{balancer.url}/v1", api_key=key, http_client=web, max_retries=0)
    message = [{"role": "user", "content": "hi"}]
    text = "".join(
        chunk.choices[0].delta.content or ""
        for chunk in make(SECRET).chat.completions.create(model="m", messages=message, stream=True)
        if chunk.choices
    )
    assert text
    with pytest.raises(openai_package.AuthenticationError):
        make("wrong").chat.completions.create(model="m", messages=message)


def test_tls_large_body_and_answer(mock, serve, files, curl, tmp_path):
    balancer = serve(mock("--prefill-tps", "0", "--kv-ms", "0", "--decode-ms", "0"), "--tls-cert", files["cert"], "--tls-key", files["key"])
    body = tmp_path / "body"
    body.write_text(json.dumps({"text": "x" * 8_000_000, "sampling_params": {"max_new_tokens": 20000}}))
    answer = curl("--cacert", str(files["ca"]), "-d", f"@{body}", f"{balancer.url}/generate")
    assert json.loads(answer)["meta_info"]["completion_tokens"] == 20000


def test_plain_bytes_to_a_tls_port(mock, serve, files, curl):
    balancer = serve(mock(), "--tls-cert", files["cert"], "--tls-key", files["key"], "--header-timeout", "0.2")
    port = int(balancer.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        while plain.recv(4096):
            pass
    with socket.create_connection(("127.0.0.1", port)) as silent:  # the handshake has a deadline too
        assert silent.recv(4096) == b""
    assert curl("--cacert", str(files["ca"]), "--write-out", "%{http_code}", f"{balancer.url}/health") == "200"


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("cert", None, "--tls-key"),
        (None, "key", "--tls-cert"),
        ("nothing", "key", "nothing"),
        ("cert", "nothing", "nothing"),
        ("key", "key", "no PEM certificate"),
        ("cert", "cert", "private key"),
    ],
)
def test_bad_tls_files(files, cert, key, says):
    paths = {**files, "nothing": "/nonexistent/nothing.pem"}
    words = (["--tls-cert", paths[cert]] if cert else []) + (["--tls-key", paths[key]] if key else [])
    done = run("serve", *PAIR, "--port", "0", *map(str, words))
    assert done.returncode in (1, 3)
    assert says in done.stderr and done.stderr.count("\n") == 1


# --- TLS towards engines

def expired(authority):
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    return authority.issue_cert("127.0.0.1", not_before=long_ago, not_after=long_ago + datetime.timedelta(days=1))


CERTIFICATES = {
    "good": lambda authority: authority.issue_cert("127.0.0.1"),
    "self-signed": lambda authority: trustme.CA().issue_cert("127.0.0.1"),
    "expired": expired,
    "wrong host": lambda authority: authority.issue_cert("other.example"),
}


@pytest.mark.parametrize("kind", CERTIFICATES)
@pytest.mark.parametrize("options", ["nothing", "ca", "insecure"])
def test_tls_to_engines(engine, start, files, authority, kind, options):
    server = engine(CERTIFICATES[kind](authority))
    words = {"nothing": [], "ca": ["--ca-file", str(files["ca"])], "insecure": ["--insecure"]}[options]
    balancer = start(Serve, *over(server), *words)
    answer = httpx.post(f"{balancer.url}/generate", json={"text": "hi"}, timeout=30)
    if options == "insecure" or (options == "ca" and kind == "good"):
        assert answer.status_code == 200 and answer.json() == {"text": "hello"}
    else:
        assert answer.status_code == 502
        assert "certificate" in answer.json()["error"]["message"]
        assert not server.headers  # nothing was sent
        balancer.wait_for("end=.*certificate", "stderr")
    assert ("NOT checked" in balancer.stderr) is (options == "insecure")


# --- secrets

def test_no_output_tells_a_secret(engine, start, mock, tmp_path):
    """Keys in headers, in a query and in a body, faults that name the request: no output may hold one."""
    keys = tmp_path / "keys"
    keys.write_text(f"# the team's\n{SECRET}\n")
    keys.chmod(0o600)
    engine_key = tmp_path / "engine-key"
    engine_key.write_text(ENGINE_SECRET)
    engine_key.chmod(0o644)
    for faults in [(), ("prefill:status=500",), ("decode:status=503",), ("decode:abort",), ("decode:garbage",)]:
        engines = mock("--prefill-tps", "0", "--kv-ms", "0", "--decode-ms", "0", faults=faults)
        balancer = start(Serve, *engines.serve_options(), "--log-level", "debug", "--api-key-file", keys,
                         "--engine-api-key-file", engine_key)
        seen = []
        for headers in ({"Authorization": f"Bearer {SECRET}"}, {"X-API-Key": SECRET}, {"X-API-Key": SECRET + "x"},
                        {"Authorization": f"Basic {SECRET}"}, {"X-API-Key": SECRET, "Cookie": f"token={SECRET}"}):
            for path in ("/generate", "/v1/chat/completions", f"/generate?api_key={SECRET}", f"/nothing/{SECRET[:0]}", "/server_info"):
                body = json.dumps({"text": "hi", "api_key": SECRET, "n": "bad" if "chat" in path else 1})
                seen.append(httpx.request("GET" if "info" in path else "POST", balancer.url + path, content=body, headers=headers, timeout=30))
        assert {answer.status_code for answer in seen} >= {401, 404}
        balancer.stop()
        texts = [balancer.stdout, balancer.stderr] + [answer.text + str(answer.headers) for answer in seen]
        for text in texts:
            assert SECRET not in text and ENGINE_SECRET not in text
        assert "can be read by other users" in balancer.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--api-key", ""], "--api-key"),
        (["--engine-api-key", ""], "--engine-api-key"),
        (["--api-key-file", ""], "--api-key-file"),
        (["--engine-api-key-file", ""], "--engine-api-key-file"),
        (["--tls-cert", "", "--tls-key", ""], "--tls-cert"),
        (["--ca-file", ""], "--ca-file"),
        (["--api-key", "two words"], "visible ASCII"),
        (["--api-key-file", "/nonexistent/keys"], "/nonexistent/keys"),
        (["--api-key-file", "/dev/null"], "holds no key"),
        (["--cors-origin", "*"], "CORS origin"),
        (["--max-body", "-1"], "--max-body"),
        (["--max-headers", "0"], "--max-headers"),
        (["--ca-file", "/nonexistent/ca"], "/nonexistent/ca"),
        (["--prefill", f"http://user:{SECRET}@127.0.0.1:1"], "user info"),
        (["--decode", f"http://127.0.0.1:1/?api_key={SECRET}"], "query"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refused_settings(words, says):
    done = run("serve", *PAIR, "--port", "0", *words)
    assert done.returncode in (1, 2, 3), done
    assert says in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert SECRET not in done.stderr


def test_key_from_the_environment(mock, start):
    balancer = start(Serve, *mock().serve_options(), env={**os.environ, "PDLB_API_KEY": SECRET})
    assert httpx.get(f"{balancer.url}/v1/models").status_code == 401
    assert httpx.get(f"{balancer.url}/v1/models", headers={"X-API-Key": SECRET}).status_code == 200


@pytest.mark.parametrize("name", ["PDLB_API_KEY", "PDLB_ENGINE_API_KEY"])
def test_empty_key_in_the_environment(name):
    done = run("serve", *PAIR, "--port", "0", env={**os.environ, name: ""})
    assert done.returncode == 3 and name in done.stderr


def test_key_of_another_certificate(authority, files, tmp_path):
    other = tmp_path / "other.pem"
    authority.issue_cert("localhost").private_key_pem.write_to_path(other)
    done = run("serve", *PAIR, "--port", "0", "--tls-cert", str(files["cert"]), "--tls-key", str(other))
    assert done.returncode == 1 and "does not belong" in done.stderr


def test_rsa_key(tmp_path, mock, serve, curl):
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    pairs = [authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA) for _ in range(2)]
    authority.cert_pem.write_to_path(tmp_path / "ca")
    pairs[0].cert_chain_pems[0].write_to_path(tmp_path / "cert")
    for number, pair in enumerate(pairs):
        pair.private_key_pem.write_to_path(tmp_path / f"key{number}")
    balancer = serve(mock(), "--tls-cert", tmp_path / "cert", "--tls-key", tmp_path / "key0")
    assert curl("--cacert", str(tmp_path / "ca"), "--write-out", "%{http_code}", f"{balancer.url}/health") == "200"
    done = run("serve", *PAIR, "--port", "0", "--tls-cert", str(tmp_path / "cert"), "--tls-key", str(tmp_path / "key1"))
    assert done.returncode == 1 and "does not belong" in done.stderr


@pytest.mark.parametrize(("words", "warned"), [(["--host", "0.0.0.0"], True), (["--host", "0.0.0.0", "--api-key", SECRET], False), ([], False)])
def test_warning_of_an_open_door(mock, serve, words, warned):
    balancer = serve(mock(), *words)
    httpx.get(f"{balancer.url}/health")
    assert ("anyone" in balancer.stderr) is warned
    assert SECRET not in balancer.stderr


# --- paths, proxies, descriptors

@pytest.mark.parametrize("path", ["/v1/../admin", "//admin", "/%2e%2e/admin", "/v1/chat/completions%00", "/admin"])
def test_odd_paths(url, path, curl):
    assert curl("--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}", url + path) in ("400", "404")


def test_proxies_of_the_environment_are_not_used(engine, start, authority):
    server = engine()
    proxies = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY")}
    for transport in ("direct", "qnam"):
        balancer = start(Serve, *over(server), "--transport", transport, env={**os.environ, **proxies, "no_proxy": ""})
        assert httpx.post(f"{balancer.url}/generate", json={"text": "hi"}, timeout=30).status_code == 200


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("words", [[], ["--max-connections", "0"]], ids=["default", "no limit"])
def test_more_clients_than_descriptors(mock, start, note, words):
    """T81: those who are in go on, the others wait without costing anything, and get in when some have left."""
    engines = mock("--decode-ms", "20")
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    balancer = start(Serve, *engines.serve_options(), "--workers", "1", "--keepalive-timeout", "0", "--header-timeout", "0",
                     *words, before=limit)
    port = int(balancer.url.rsplit(":", 1)[1])
    with httpx.stream("POST", f"{balancer.url}/generate", json={"text": "a", "stream": True, "sampling_params": {"max_new_tokens": 150}},
                      timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
        crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
        before = cpu_seconds(balancer.pid)
        rest = list(lines)  # about three seconds
        assert "data: [DONE]" in rest
        used = cpu_seconds(balancer.pid) - before
        note(f"64 descriptors, 200 more clients ({' '.join(words) or 'default'}): {used:.2f} s CPU during a stream of 3 s")
        assert used < 1.5  # a busy loop takes all of it
    late = socket.create_connection(("127.0.0.1", port))
    late.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for client in crowd:
        client.close()
    assert late.recv(4096).startswith(b"HTTP/1.1 200")
    late.close()
    until(lambda: httpx.post(f"{balancer.url}/generate", json={"text": "hi"}, timeout=30).status_code == 200, "it serves again")
    assert balancer.stderr.count("cannot accept") <= 1
