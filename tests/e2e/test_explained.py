# SPDX-License-Identifier: Apache-2.0
"""Real failures, staged with mock engines: the record says by name what went wrong, and whose fault it was."""

import json
import signal
import subprocess

import httpx2 as httpx
import pytest

from programs import PDLB, run, until


def shown(url, request_id):
    """The record as `pdlb trace show` tells it, without line breaks."""
    done = run("trace", "show", "--url", url, request_id)
    assert done.returncode == 0, done
    return " ".join(done.stdout.split())


def send(url, *words):
    return run("send", "--url", url, "--model", "mock-model", "--header", "X-Request-Id: it", *words)


@pytest.mark.parametrize(("engines", "words", "end", "says"), [
    (["--fault", "prefill:kvfail"], [], "prefill_abort", "Prefill transfer failed"),
    (["--set", "prefill0:api_key=k3y"], [], "prefill_http", "p1"),
    (["--set", "decode0:api_key=k3y"], [], "decode_http", "d1"),
    (["--set", "prefill0:registered=false"], [], "decode_abort", "Could not fetch prefill parallel info"),
    ([], ["--samples", "1000"], "bad_request", '"n" is 1000; it must be an integer from 1 to 128'),
    (["--fault", "decode:reset=mid-stream,after=3"], [], "decode_cut", "d1"),
    (["--fault", "decode:abort,status=500,message=CUDA out of memory,after=2"], [], "decode_abort", "CUDA out of memory"),
], ids=["KV transfer fails", "prefill wants a key", "decode wants a key", "never registered", "n refused", "decode dies", "decode aborts"])
def test_named(mock, serve, engines, words, end, says):
    url = serve(mock("--decode-ms", "1", *engines), "--log-level", "error", "--no-health-check").url
    done = send(url, "--chat", "hello", *words)
    assert done.returncode == 1
    text = shown(url, "it")
    assert end in text and says in text, text
    assert "k3y" not in text


def test_engine_down(mock, serve):
    engines = mock("--decode-ms", "1")
    url = serve(engines, "--log-level", "error", "--no-health-check").url
    engines.stop()
    assert send(url, "--chat", "hello").returncode == 1
    text = shown(url, "it")
    assert "refused" in text and ("p1" in text or "d1" in text), text


def test_client_gone(mock, serve):
    url = serve(mock("--decode-ms", "20"), "--log-level", "error").url
    command = [PDLB, "send", "--url", url, "--chat", "x", "--max-tokens", "100000", "--header", "X-Request-Id: it"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.read(5) == "Hello"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    text = shown(url, "it")
    assert "client_gone" in text and "the client closed the connection" in text, text


def test_decode_is_full(mock, serve):
    """Stuck while it runs, and the record keeps why."""
    url = serve(mock("--decode-ms", "20", "--set", "decode0:max_running_requests=1"), "--log-level", "error", "--explain-after", "0").url
    long = {"text": "x", "stream": True, "sampling_params": {"max_new_tokens": 100000}}
    with httpx.stream("POST", url + "/generate", json=long, timeout=60) as first:
        lines = first.iter_lines()  # closes the stream when it is forgotten
        next(lines)
        process = subprocess.Popen([PDLB, "send", "--url", url, "--generate", "x", "--header", "X-Request-Id: it"], stdout=subprocess.DEVNULL)
        explained = url + "/admin/v1/traces/it/explanation"

        def full():
            answer = httpx.get(explained, timeout=30)
            last = answer.json()["explanations"][-1] if answer.status_code == 200 else {}
            return last.get("phase") == "decode_prealloc" and last

        last = until(full, "it waits for room in decode")
        assert "decode d1 has no room for the KV cache yet (1 request in its prealloc queue)" in last["sentence"]
        process.send_signal(signal.SIGINT)
        process.wait(30)
    record = json.loads(run("trace", "show", "--url", url, "it", "--json").stdout)
    assert "no room for the KV cache" in json.dumps(record)
