# SPDX-License-Identifier: Apache-2.0
"""What became of requests, as `pdlb trace` and the exports tell it."""

import json
import signal
import subprocess

import httpx2 as httpx
import pytest

from programs import PDLB, run

SECRET = "s3cret-key"


@pytest.fixture
def url(mock, serve):
    """Three requests: a stream, an answer at once, and one that an engine refuses."""
    balancer = serve(mock(), "--log-level", "error")
    chat = {"model": "llama", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}
    headers = {"Authorization": f"Bearer {SECRET}", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    for name, body in (("streamed", {**chat, "stream": True}), ("whole", chat), ("refused", {**chat, "messages": []})):
        path = f"/v1/chat/completions?api_key={SECRET}"
        httpx.post(balancer.url + path, json=body, headers={**headers, "X-Request-Id": name}, timeout=60)
    return balancer.url


def trace(url, *words):
    return run("trace", words[0], "--url", url, *words[1:])


def exported(url, form, *words):
    done = trace(url, "export", "--format", form, *words)
    assert done.returncode == 0, done
    assert SECRET not in done.stdout
    return done.stdout


def test_list(url):
    lines = trace(url, "list").stdout.splitlines()
    assert lines[0].startswith("TIME ")
    assert [line.split()[-2] for line in lines[1:]] == ["refused", "whole", "streamed"]
    assert all("p1/d1" in line for line in lines[2:])


@pytest.mark.parametrize(("words", "ids"), [
    (["--filter", "is:stream"], ["streamed"]),
    (["--filter", "is:ok -is:stream"], ["whole"]),
    (["--filter", "id:refused or id:whole"], ["refused", "whole"]),
    (["--filter", "ttft>1h"], None),
    (["--limit", "1"], ["refused"]),
    (["--limit", "1", "--filter", "is:ok"], ["whole"]),
])
def test_filters(url, words, ids):
    done = trace(url, "list", "--json", *words)
    if ids is None:
        assert done.returncode == 2 and "column 6: expected a duration" in done.stderr
        return
    assert [t["request_id"] for t in json.loads(done.stdout)["traces"]] == ids


def test_show(url):
    text = trace(url, "show", "streamed").stdout
    for part in ("request received", "pair p1/d1 picked", "first token", "KV cache transferred", "end: ok"):
        assert part in text
    record = json.loads(trace(url, "show", "streamed", "--json").stdout)
    assert record["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    gaps = next(leg for leg in record["legs"] if leg["role"] == "decode")["gaps_ms"]
    assert 0 <= gaps["p50"] <= gaps["p99"] <= gaps["max"] and 0 < gaps["mean"] <= gaps["max"]


def test_har(url):
    log = json.loads(exported(url, "har"))["log"]
    assert log["version"] == "1.2" and [page["id"] for page in log["pages"]] == ["streamed", "whole", "refused"]
    entries = log["entries"]
    assert len(entries) >= 7 and {entry["pageref"] for entry in entries} == {"streamed", "whole", "refused"}
    for entry in entries:
        timings = entry["timings"]
        assert all(timings[name] >= 0 for name in ("send", "wait", "receive"))
        assert all(value >= -1 for value in timings.values())
        assert entry["time"] == pytest.approx(sum(value for value in timings.values() if value >= 0))
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= entry["request"].keys()
        assert {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"} <= entry["response"].keys()
        assert entry["request"]["url"].startswith("http://") and entry["cache"] == {}
    client = entries[0]
    values = {header["name"].lower(): header["value"] for header in client["request"]["headers"]}
    assert values["authorization"] == "[redacted]"
    assert {"name": "api_key", "value": "[redacted]"} in client["request"]["queryString"]
    assert client["_pd"]["pair"] == "p1/d1" and client["response"]["content"]["mimeType"].startswith("text/event-stream")


def test_chrome(url):
    events = json.loads(exported(url, "chrome"))["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    assert slices and all(event["dur"] >= 0 and event["ts"] > 0 for event in slices)
    # What is on one thread is nested, never overlapping: that is what viewers can draw.
    for one in slices:
        for other in slices:
            if (one["pid"], one["tid"]) == (other["pid"], other["tid"]) and one["ts"] < other["ts"] < one["ts"] + one["dur"] - 1e-3:
                assert other["ts"] + other["dur"] <= one["ts"] + one["dur"] + 1e-3, (one, other)
    assert {event["pid"] for event in slices} == {1, 2, 3}


def test_otlp(url):
    scope, = json.loads(exported(url, "otlp"))["resourceSpans"]
    spans = scope["scopeSpans"][0]["spans"]
    servers = [span for span in spans if span["kind"] == 2]
    assert len(servers) == 3
    for span in spans:
        assert span["traceId"] == "0af7651916cd43dd8448eb211c80319c" and len(span["spanId"]) == 16
        assert isinstance(span["startTimeUnixNano"], str) and int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["status"]["code"] in (0, 2)
    assert {span["parentSpanId"] for span in servers} == {"b7ad6b7169203331"}
    assert {span["parentSpanId"] for span in spans if span["kind"] == 3} <= {span["spanId"] for span in servers}
    assert len({span["spanId"] for span in spans}) == len(spans)


def test_jsonl(url, tmp_path):
    file = tmp_path / "requests.jsonl"
    assert exported(url, "jsonl", "-o", str(file), "--filter", "is:ok") == ""
    assert [json.loads(line)["request_id"] for line in file.read_text().splitlines()] == ["streamed", "whole"]
    assert file.stat().st_mode & 0o077 == 0


def test_tail(url):
    process = subprocess.Popen([PDLB, "trace", "tail", "--url", url, "--count", "2"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("TIME ")
        # Nothing tells when it listens, so requests are sent until it has seen enough.
        for i in range(1000):
            httpx.post(url + "/generate", json={"text": "hi", "sampling_params": {"max_new_tokens": 1}}, headers={"X-Request-Id": f"tail-{i}"})
            if process.poll() is not None:
                break
        lines = process.stdout.read().splitlines()
        assert process.wait(60) == 0 and len(lines) == 2 and all("tail-" in line for line in lines)
    finally:
        process.kill()
        process.wait()


def test_interrupted_tail(url):
    process = subprocess.Popen([PDLB, "trace", "tail", "--url", url], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("TIME ")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    process.stdout.close()


@pytest.mark.parametrize(("words", "code", "says"), [
    (["list", "--url", "http://127.0.0.1:1"], 1, "is pdlb running there?"),
    (["list", "--url", "nonsense"], 2, "expected http(s)://HOST:PORT"),
    (["list", "--filter", "stats:200"], 2, 'column 1: "stats" is no key'),
    (["list", "--admin-key-file", "/nonexistent/key"], 3, "/nonexistent/key"),
    ([], 2, "list, show, export or tail"),
])
def test_refused(words, code, says):
    done = run("trace", *words)
    assert done.returncode == code and says in done.stderr and done.stderr.count("\n") == 1, done


def test_refused_by_the_balancer(url):
    done = trace(url, "export", "--format", "xml")
    assert done.returncode == 1 and 'no export format "xml"; known are jsonl, har, chrome, otlp' in done.stderr
    done = trace(url, "show", "never")
    assert done.returncode == 1 and "no finished request of that id" in done.stderr
    answer = httpx.get(url + "/admin/v1/traces", params={"filter": "is:ok ttft>x"})
    assert answer.status_code == 400 and answer.json()["error"]["message"].startswith("filter, column 12:")
    assert answer.json()["error"]["param"] == "filter"
