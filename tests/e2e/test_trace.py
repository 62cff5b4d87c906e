# SPDX-License-Identifier: Apache-2.0
"""What became of requests, as `pdlb trace` and the exports tell it."""

import http.server
import json
import os
import re
import signal
import subprocess
import threading

import httpx2 as httpx
import pytest

from programs import PDLB, Program, Serve, run, until

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
    text = trace(url, "show", "streamed", "--moments").stdout
    for part in ("request received", "pair p1/d1 picked", "first token", "KV cache transferred", "end: ok"):
        assert part in text
    record = json.loads(trace(url, "show", "streamed", "--json").stdout)
    assert record["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    gaps = next(leg for leg in record["legs"] if leg["role"] == "decode")["gaps_ms"]
    assert 0 <= gaps["p50"] <= gaps["p99"] <= gaps["max"] and 0 < gaps["mean"] <= gaps["max"]
    assert json.loads(record["request"]["body"])["stream"] is True and record["answer"]["body"].endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_drawing(url, width, locale):
    env = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    text = run("trace", "show", "streamed", "--url", url, env={**env, "LANG": locale, "COLUMNS": str(width)}).stdout
    lines = text.splitlines()
    assert max(len(line) for line in lines) in (width, width - 1, width - 2)
    assert "\x1b" not in text and text.isascii() == (locale == "C")
    assert lines[0].startswith("streamed ") and "ok  200" in lines[0]
    bars = {}
    for line in lines:
        if row := re.fullmatch(r"(\S*)\s+(queue|until answer|answer|connect|reuse|send|compute \+ KV|first token|stream)\s[ #|█▉▊▋▌▍▎▏]*\s([\d.]+) ms", line):
            bars.setdefault(row[2], []).append(float(row[3]))
    assert {"queue", "until answer", "answer", "send", "compute + KV", "first token", "stream"} <= bars.keys()
    assert len(bars["send"]) == 2  # a bar for each leg
    total = float(re.search(r"([\d.]+) ms$", lines[0])[1])
    assert sum(bars["queue"] + bars["until answer"] + bars["answer"]) == pytest.approx(total, abs=0.2)


def test_diff(url):
    text = trace(url, "diff", "streamed", "whole").stdout
    row = next(line.split() for line in text.splitlines() if line.startswith("total "))
    assert float(row[2]) - float(row[1]) == pytest.approx(float(row[3]), abs=0.011)
    assert "prefill: compute + KV" in text and "decode: stream" in text
    done = trace(url, "diff", "streamed", "never")
    assert done.returncode == 1 and done.stdout == "" and "no finished request of that id" in done.stderr


@pytest.fixture
def file(url, tmp_path):
    path = tmp_path / "requests.jsonl"
    assert exported(url, "jsonl", "-o", str(path)) == ""
    return path


def test_files(url, file, tmp_path):
    """Everything that works on a balancer works on what it exported, with the same result."""
    def files(*words):
        return run("trace", *words, "--file", str(file))

    assert files("list", "--filter", "is:ok").stdout == trace(url, "list", "--filter", "is:ok").stdout
    assert files("show", "streamed").stdout == trace(url, "show", "streamed").stdout
    assert files("diff", "streamed", "whole").stdout == trace(url, "diff", "streamed", "whole").stdout
    for form in ("jsonl", "har", "curl", "chrome", "otlp"):
        assert files("export", "--format", form).stdout == exported(url, form)
    assert run("trace", "list", str(file)).stdout == files("list").stdout
    assert run("trace", "list", "-", stdin=file.open()).stdout == files("list").stdout
    # One id in two files: before and after.
    other = tmp_path / "other.jsonl"
    other.write_text(file.read_text().replace('"policy":"random"', '"policy":"another"'))
    both = run("trace", "diff", "streamed", "streamed", str(file), str(other)).stdout
    assert re.search(r"^policy +random +another +differs$", both, re.MULTILINE)


def test_broken_files(file, tmp_path):
    lines = file.read_text().splitlines()
    broken = tmp_path / "broken.jsonl"
    broken.write_text(lines[0] + "\n{nonsense\n" + lines[1] + '\n{"v":99}\n' + lines[2][:100])
    done = run("trace", "list", str(broken))
    assert done.returncode == 1
    assert [line.split()[-2] for line in done.stdout.splitlines()[1:]] == ["whole", "streamed"]  # the rest goes on
    errors = done.stderr.splitlines()
    assert f"{broken}, line 2: it is no JSON" in errors[0]
    assert f"{broken}, line 4: it has version 99" in errors[1]
    assert f"{broken}, line 5: it is cut off: the file ends in its middle, after 100 bytes" in errors[2]
    har = tmp_path / "out.har"
    assert run("trace", "export", "--format", "har", "-o", str(har), str(broken), str(file)).returncode == 1
    assert len(json.loads(har.read_text())["log"]["pages"]) == 5
    for words in (["list", str(tmp_path / "none")], ["list", str(tmp_path)]):
        done = run("trace", *words)
        assert done.returncode == 1 and "cannot read" in done.stderr


def test_columns(url):
    lines = trace(url, "list", "--columns", "id,completion-tokens,status", "--color", "never").stdout.splitlines()
    assert lines[0].split() == ["REQUEST", "ID", "TOKENS", "STATUS"]
    assert [line.split() for line in lines[1:]] == [["refused", "-", "400"], ["whole", "5", "200"], ["streamed", "-", "200"]]
    assert "\x1b[31m   400\x1b[0m" in trace(url, "list", "--columns", "status", "--color", "always").stdout
    done = trace(url, "list", "--columns", "id,what")
    assert done.returncode == 2 and 'no column "what"; known are time, status' in done.stderr


def test_curl_works(url, tmp_path):
    command = exported(url, "curl", "--filter", "id:whole").strip()
    assert "$API_KEY" in command
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, env={**os.environ, "API_KEY": "mine", "no_proxy": "*"})
    assert answer.returncode == 0 and "content" in answer.stdout, answer


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
    for page in log["pages"]:
        own = [entry for entry in entries if entry["pageref"] == page["id"]]
        assert len(own) == 3 and ["prefill p1" in own[1]["comment"], "decode d1" in own[2]["comment"]] == [True, True]
    assert [json.loads(message["data"])["object"] for message in client["_eventSourceMessages"][:-1]][0] == "chat.completion.chunk"
    assert client["response"]["content"]["text"].endswith("data: [DONE]\n\n")
    assert json.loads(client["request"]["postData"]["text"])["max_tokens"] == 5
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


def send(url, name, **body):
    httpx.post(url + "/generate", json={"text": "hi", "sampling_params": {"max_new_tokens": 1}, **body}, headers={"X-Request-Id": name})


def test_filtered_tail(url, program):
    tail = program(PDLB, "trace", "tail", "--url", url, "--filter", "id:*wanted* or status:4xx", "--columns", "id,status", "--count", "2")
    tail.wait_for("REQUEST ID")
    for i in range(1000):
        send(url, f"other-{i}")
        send(url, f"wanted-{i}")
        if tail.process.poll() is not None:
            break
    assert tail.wait() == 0
    lines = tail.stdout.splitlines()[1:]
    assert len(lines) == 2 and all(line.startswith("wanted-") for line in lines)
    done = run("trace", "tail", "--url", url, "--filter", "what:ever")
    assert done.returncode == 2 and "column 1" in done.stderr
    answer = httpx.get(url + "/admin/v1/events", params={"filter": "ttft>x"})
    assert answer.status_code == 400 and answer.json()["error"]["param"] == "filter"


def test_tail_waits_for_the_balancer(mock, start):
    engines = mock()
    first = start(Serve, *engines.serve_options(), "--log-level", "error")
    port = first.url.rpartition(":")[2]
    tail = start(Program, [PDLB, "trace", "tail", "--url", first.url, "--json"])
    until(lambda: httpx.get(first.url + "/admin/v1/stats").json()["event_listeners"], "tail listens")
    send(first.url, "before")
    tail.wait_for('"request_id":"before"')
    first.stop()
    tail.wait_for("is gone .*; waiting for it to come back", "stderr")
    start(Program, [PDLB, "serve", *engines.serve_options(), "--port", port, "--log-level", "error"])
    tail.wait_for("is back; what ended in between is not shown", "stderr")
    send(first.url, "after")
    tail.wait_for('"request_id":"after"')
    tail.signal(signal.SIGINT)
    assert tail.wait() == 130


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
    ([], 2, "list, show, export, diff or tail"),
    (["export", "--format", "xml"], 2, 'no export format "xml"; known are jsonl, har, curl, chrome, otlp'),
    (["tail", "--url", "http://127.0.0.1:1"], 1, "is pdlb running there?"),
    (["show", "some", "--file", "/nonexistent"], 1, "cannot read /nonexistent"),
])
def test_refused(words, code, says):
    done = run("trace", *words)
    assert done.returncode == code and says in done.stderr and done.stderr.count("\n") == 1, done


def test_refused_by_the_balancer(url):
    answer = httpx.get(url + "/admin/v1/traces", params={"format": "xml"})
    assert answer.status_code == 400 and 'no export format "xml"' in answer.json()["error"]["message"]
    assert httpx.get(url + "/admin/v1/traces", params={"bodies": "maybe"}).status_code == 400
    done = trace(url, "show", "never")
    assert done.returncode == 1 and "no finished request of that id" in done.stderr
    answer = httpx.get(url + "/admin/v1/traces", params={"filter": "is:ok ttft>x"})
    assert answer.status_code == 400 and answer.json()["error"]["message"].startswith("filter, column 12:")
    assert answer.json()["error"]["param"] == "filter"


def test_trace_file(mock, start, tmp_path):
    file = tmp_path / "traces.jsonl"
    balancer = start(Serve, *mock().serve_options(), "--trace-file", str(file), "--trace-file-size", "16k", "--trace-file-count", "3", "--metrics-port", "0")
    for i in range(40):
        send(balancer.url, f"r{i}", text="x" * 2000)
    dropped = "pdlb_trace_file_dropped_total 0"
    until(lambda: "pdlb_trace_file_records_total 40" in (text := httpx.get(balancer.url + "/metrics").text) and dropped in text, "all are written")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["traces.jsonl", "traces.jsonl.1", "traces.jsonl.2"]
    listed = run("trace", "list", "--limit", "1", "--columns", "id", *(str(tmp_path / name) for name in reversed(names)))
    assert listed.stdout.split()[-1] == "r39" and listed.returncode == 0
    # Moved away by somebody else: SIGHUP.
    file.rename(tmp_path / "moved")
    balancer.signal(signal.SIGHUP)
    until(lambda: send(balancer.url, "later") or file.exists(), "a new file")
    assert balancer.stop() == 0
    assert json.loads(file.read_text().splitlines()[0])["request_id"] == "later"


def test_full_disk(mock, start):
    balancer = start(Serve, *mock().serve_options(), "--trace-file", "/dev/full")
    for i in range(3):
        send(balancer.url, f"r{i}")
    until(lambda: "pdlb_trace_file_dropped_total 3" in httpx.get(balancer.url + "/metrics").text, "drops are counted")
    assert balancer.stop() == 0
    assert balancer.stderr.count("cannot write to the trace file /dev/full: No space left on device") == 1


def test_trace_file_that_cannot_be(mock):
    done = run("serve", "--port", "0", "--prefill", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:1", "--trace-file", "/nonexistent/t")
    assert done.returncode == 1 and "cannot write traces to /nonexistent/t: No such file or directory" in done.stderr


class Collector(http.server.BaseHTTPRequestHandler):
    """An OpenTelemetry collector that is busy at first."""
    protocol_version = "HTTP/1.1"
    taken = []
    refusals = 1

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        busy, Collector.refusals = Collector.refusals > 0, Collector.refusals - 1
        if not busy:
            Collector.taken.append((self.path, self.headers.get("X-Tenant"), body))
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def test_collector(mock, start, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    headers = tmp_path / "headers"
    headers.write_text("X-Tenant: t1\n")
    headers.chmod(0o600)
    try:
        balancer = start(Serve, *mock().serve_options(), "--otlp-endpoint", f"http://127.0.0.1:{server.server_port}", "--otlp-headers", f"file:{headers}")
        send(balancer.url, "created")
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        httpx.post(balancer.url + "/generate", json={"text": "hi"}, headers={"X-Request-Id": "continued", "traceparent": parent})
        httpx.post(balancer.url + "/generate", json={"text": "hi"}, headers={"X-Request-Id": "unsampled", "traceparent": parent[:-1] + "0"})
        until(lambda: "pdlb_otlp_requests_total 2" in httpx.get(balancer.url + "/metrics").text, "spans are taken")
        send(balancer.url, "last")
        assert balancer.stop() == 0  # which sends what is left
    finally:
        server.shutdown()
        server.server_close()
    spans = []
    for path, tenant, body in Collector.taken:
        assert (path, tenant) == ("/v1/traces", "t1")
        spans += body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    ids = {attribute["value"]["stringValue"] for span in spans for attribute in span["attributes"] if attribute["key"] == "pdlb.request_id"}
    assert ids == {"created", "continued", "last"}
    assert len(spans) == 9
    assert sum(span["traceId"] == "0af7651916cd43dd8448eb211c80319c" for span in spans) == 3
