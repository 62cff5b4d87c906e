# SPDX-License-Identifier: Apache-2.0
"""The programs themselves: flags, signals, output, exit codes."""
import os
import re
import shlex
import signal
import socket
import subprocess

import httpx2 as httpx
import pytest

from programs import PDLB, Mock, Program, die_with_parent, listening_port, run, until

OK, FAILED, USAGE, CONFIG, INTERRUPTED = 0, 1, 2, 3, 130
COMMANDS = ["serve", "config", "demo", "mock"]
PAIR = ["--prefill", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:2"]


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (USAGE, [], "command is missing"),
        (USAGE, ["dance"], "dance"),
        (USAGE, ["serve", "--bogus"], "--bogus"),
        (USAGE, ["serve", *PAIR, "--port", "99999"], "--port"),
        (USAGE, ["serve", *PAIR, "--port", "many"], "--port"),
        (USAGE, ["serve", *PAIR, "--transport", "pigeon"], "--transport"),
        (USAGE, ["serve", *PAIR, "--log-level", "loud"], "--log-level"),
        (USAGE, ["serve", *PAIR, "--request-timeout-secs", "-1"], "--request-timeout-secs"),
        (USAGE, ["serve", "--prefill"], "--prefill"),
        (USAGE, ["mock", "--prefill", "0", "--decode", "0"], "no engine"),
        (USAGE, ["mock", "--fault", "decode:dance"], "dance"),
        (USAGE, ["mock", "--fault", "decode7:hang"], "decode7"),
        (CONFIG, ["serve"], "--prefill"),
        (CONFIG, ["serve", "--prefill", "http://127.0.0.1:1"], "--decode"),
        (CONFIG, ["serve", "--decode", "http://127.0.0.1:1"], "--prefill"),
        (CONFIG, ["serve", "--prefill", "http://", "--decode", "http://h:1"], "http://"),
        (CONFIG, ["serve", "--prefill", "ftp://h:1", "--decode", "http://h:1"], "ftp://h:1"),
        (CONFIG, ["serve", "--prefill", "http://h:99999", "--decode", "http://h:1"], "http://h:99999"),
        (CONFIG, ["serve", "--prefill", "http://h:1", "--decode", "two words"], "two words"),
        (CONFIG, ["serve", "--prefill", "http://h:1", "70000", "--decode", "http://h:1"], "70000"),
        (CONFIG, ["serve", "--prefill", "http://h:1", "--decode", "http://h:1", "--policy", "luck"], "luck"),
        (USAGE, ["serve", *PAIR, "--workers", "100000"], "100000"),
        (CONFIG, ["serve", *PAIR, "--host", "no.such.host"], "no.such.host"),
        (FAILED, ["serve", *PAIR, "--host", "192.0.2.1", "--port", "0"], "192.0.2.1"),
        (FAILED, ["serve", *PAIR, "--port", "TAKEN"], "TAKEN"),
        (FAILED, ["demo", "--port", "TAKEN"], "TAKEN"),
        (FAILED, ["mock", "--decode-port", "TAKEN"], "TAKEN"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else str(value),
)
def test_refusal(taken, code, words, says):
    done = run(*[taken if word == "TAKEN" else word for word in words])
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), done.stderr
    assert done.stderr.startswith("pdlb")
    assert (taken if says == "TAKEN" else says) in done.stderr


def test_version():
    done = run("--version")
    assert (done.returncode, done.stderr) == (OK, "")
    assert re.fullmatch(r"pdlb \d+\.\d+\.\d+\n", done.stdout)


def test_help_names_the_commands():
    done = run("--help")
    assert (done.returncode, done.stderr) == (OK, "")
    assert all(re.search(rf"^\s+{name}\b", done.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (OK, "")
    assert {"config": "from-flags"}.get(command, "--host") in done.stdout


def test_demo_once():
    done = run("demo", "--once")
    assert (done.returncode, done.stderr) == (OK, "")
    assert "one word at a time." in done.stdout
    rows = ["request received", "pair p1/d1 picked", "prefill p1  connected", "prefill p1  request sent",
            "prefill p1  head, status 200", "prefill done, KV cache transferred", "decode  d1  head, status 200",
            "decode  d1  first token", "decode  d1  last token", "end: ok"]
    for row in rows:
        assert len(re.findall(rf"^ +\d+\.\d\d ms  .*{re.escape(row)}", done.stdout, re.MULTILINE)) == 1, row
    times = [float(time) for time in re.findall(r"^ +(\d+\.\d\d) ms  ", done.stdout, re.MULTILINE)]
    assert times == sorted(times) and times[0] == 0


def test_demo_serves_on(program):
    demo = program(PDLB, "demo")
    demo.wait_for(r"Ctrl-C ends it")
    line = re.search(r"^  (curl .*\n.*)$", demo.stdout, re.MULTILINE).group(1)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, preexec_fn=die_with_parent)
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("data: [DONE]")
    demo.signal(signal.SIGINT)
    assert demo.wait() == INTERRUPTED
    assert demo.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_mock_prints_the_line_to_serve_it(program, number):
    engines = program(PDLB, "mock", "--prefill", "2", "--decode", "2")
    line = engines.wait_for(r"^  (pdlb serve .*)$").group(1)
    balancer = program(PDLB, *shlex.split(line)[1:], "--port", "0")
    url = balancer.wait_for(r"listens on (\S+) with 2 prefill and 2 decode").group(1)
    assert httpx.get(f"{url}/health_generate", timeout=30).status_code == 200
    engines.signal(number)
    assert engines.wait() == OK


def stream_of(balancer, tokens):
    body = {"text": "Hello", "stream": True, "sampling_params": {"max_new_tokens": tokens}}
    return httpx.stream("POST", f"{balancer.url}/generate", json=body, timeout=30)


def refuses(url):
    """Whether new connections are refused; one that was accepted just before the signal may be closed instead."""
    try:
        httpx.get(f"{url}/health", timeout=30)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        pass
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_a_stream_end(mock, serve, number):
    balancer = serve(mock("--decode-ms", "10"))
    with stream_of(balancer, 60) as answer:
        chunks = answer.iter_raw()
        received = next(chunks)
        balancer.signal(number)
        balancer.wait_for(r"1 requests under way", "stderr")
        until(lambda: refuses(balancer.url), "no new connections")
        received += b"".join(chunks)
    assert received.endswith(b"data: [DONE]\n\n")
    assert received.count(b"data: ") == 61
    assert balancer.wait() == OK


def test_second_signal_ends_at_once(mock, serve):
    balancer = serve(mock("--decode-ms", "50"))
    with stream_of(balancer, 10_000) as answer:
        chunks = answer.iter_raw()
        received = next(chunks)
        balancer.signal(signal.SIGTERM)
        balancer.wait_for(r"1 requests under way", "stderr")
        balancer.signal(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            for chunk in chunks:
                received += chunk
    assert b'"error"' in received and b"[DONE]" not in received
    assert balancer.wait(5) == FAILED


def test_drain_timeout_ends_the_rest(mock, serve):
    balancer = serve(mock("--decode-ms", "50"), "--drain-timeout", "0.2")
    with stream_of(balancer, 10_000) as answer:
        chunks = answer.iter_raw()
        next(chunks)
        balancer.signal(signal.SIGTERM)
        with pytest.raises(httpx.RemoteProtocolError):
            list(chunks)
    assert balancer.wait(5) == FAILED


def test_restart_on_the_same_port_after_a_kill(mock, serve, start):
    """T104: also with connections that are not closed yet."""
    engines = mock("--decode-ms", "5")
    first = serve(engines)
    port = first.url.rsplit(":", 1)[1]
    with httpx.stream("POST", f"{first.url}/generate", json={"text": "a", "stream": True, "sampling_params": {"max_new_tokens": 2000}}, timeout=30) as stream:
        lines = stream.iter_lines()
        next(lines)
        first.process.kill()
        first.process.wait()
        with pytest.raises(httpx.HTTPError):
            list(lines)
        again = start(Program, [PDLB, "serve", "--port", port, *engines.serve_options()])
        again.wait_for("^pdlb listens on")
    assert httpx.post(f"{first.url}/generate", json={"text": "hi"}, timeout=30).status_code == 200


def closed(*descriptors):
    def prepare():
        die_with_parent()
        for descriptor in descriptors:
            os.close(descriptor)

    return prepare


def ended(process):
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@pytest.mark.parametrize("descriptors", [(1,), (2,), (0, 1, 2)], ids=["stdout", "stderr", "all"])
def test_closed_standard_descriptors(mock, descriptors):
    engines = mock("--decode-ms", "0")
    process = subprocess.Popen(
        [PDLB, "serve", "--port", "0", "--log-level", "debug", *engines.serve_options()],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=closed(*descriptors),
    )
    try:
        port = until(lambda: listening_port(process.pid), "a listening port")
        for _ in range(20):
            answer = httpx.post(f"http://127.0.0.1:{port}/generate", json={"text": "Hello"}, timeout=30)
            assert answer.status_code == 200
    finally:
        code = ended(process)
    assert code == OK


def test_output_that_nobody_reads(mock):
    """Log lines into a full pipe are lost; requests do not wait for their reader."""
    engines = mock("--decode-ms", "0", "--kv-ms", "0", "--prefill-tps", "0")
    process = subprocess.Popen(
        [PDLB, "serve", "--port", "0", "--log-level", "debug", *engines.serve_options()],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent,
    )
    try:
        port = until(lambda: listening_port(process.pid), "a listening port")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            for i in range(1000):
                answer = client.post("/generate", json={"text": "Hello"}, headers={"X-Request-Id": "i" * 120})
                assert answer.status_code == 200, i
    finally:
        process.stdout.close()
        process.stderr.close()
        code = ended(process)
    assert code == OK


def test_nothing_is_left_behind(mock, serve):
    """Descriptors and threads are back at their number from before when requests have ended, well or not."""
    engines = mock("--decode-ms", "1", faults=["decode:close=mid-stream,count=3", "decode:status=503,count=3"])
    balancer = serve(engines, "--log-level", "error", "--workers", "1", "--no-breaker")  # the failures are meant
    assert httpx.get(f"{balancer.url}/health", timeout=30).status_code == 200  # the worker is all there

    def held():
        return [len(os.listdir(f"/proc/{balancer.pid}/{what}")) for what in ("fd", "task")]

    before = held()
    for _ in range(10):
        try:
            with stream_of(balancer, 5) as answer:
                answer.read()
        except httpx.RemoteProtocolError:
            pass
    assert httpx.get(f"{balancer.url}/health", timeout=30).status_code == 200
    # Idle connections to the engines are kept for some seconds; one of the start may still have been open before.
    until(lambda: all(now <= then for now, then in zip(held(), before)), f"no more descriptors and threads than {before}")
