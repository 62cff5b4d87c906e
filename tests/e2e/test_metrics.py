# SPDX-License-Identifier: Apache-2.0
"""/metrics as Prometheus reads it: what was sent is what is counted, and nothing that clients send makes series."""
import json
import signal
import socket
import time

import httpx2 as httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from programs import run, until

QUICK = ["--decode-ms", "1", "--kv-ms", "0", "--prefill-tps", "0"]


class Scrape:
    """The samples of one reading."""

    def __init__(self, url, **options):
        self.answer = httpx.get(url, timeout=30, **options)
        assert self.answer.status_code == 200, self.answer.text
        assert self.answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.families = {family.name: family for family in text_string_to_metric_families(self.answer.text)}
        self.samples = {}
        for family in self.families.values():
            assert family.documentation, family.name
            assert family.type != "unknown", family.name
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, f"twice: {key}"
                self.samples[key] = sample.value

    def __call__(self, name, **labels):
        """The sum of all samples of that name that have these labels."""
        return sum(value for (n, all_labels), value in self.samples.items()
                   if n == name and labels.items() <= dict(all_labels).items())

    def series(self, name):
        return [dict(labels) for (n, labels) in self.samples if n == name]


def metrics(balancer):
    return Scrape(f"{balancer.url}/metrics")


def post(url, path="/generate", **body):
    return httpx.post(f"{url}{path}", json={"text": "hello", "sampling_params": {"max_new_tokens": 4}, **body}, timeout=30)


def settled(balancer, count):
    """A reading in which so many requests have ended."""
    def enough():
        scrape = metrics(balancer)
        return scrape if scrape("pdlb_requests_total") >= count else None
    return until(enough, f"{count} requests")


def test_counts_what_was_sent(mock, serve):
    balancer = serve(mock(*QUICK))
    sent = received = 0
    for _ in range(5):
        answer = post(balancer.url)
        assert answer.status_code == 200
        sent += len(answer.request.content)
        received += len(answer.content)
    for _ in range(3):
        answer = post(balancer.url, stream=True)
        sent += len(answer.request.content)
        received += len(answer.content)
        assert answer.text.count("data: ") == 5
    chat = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    assert httpx.post(f"{balancer.url}/v1/chat/completions", json=chat, timeout=30).status_code == 200
    assert httpx.post(f"{balancer.url}/generate", content=b"{", timeout=30).status_code == 400

    now = settled(balancer, 10)
    generate = {"endpoint": "/generate"}
    assert now("pdlb_requests_total", **generate, prefill="p1", decode="d1", status="200", end="ok") == 8
    assert now("pdlb_requests_total", **generate, prefill="", decode="", status="400", end="bad_request") == 1
    assert now("pdlb_requests_total", endpoint="/v1/chat/completions", status="200", end="ok") == 1
    assert now("pdlb_requests_total") == 10
    assert now("pdlb_request_body_bytes_total", **generate) == sent + 1
    assert now("pdlb_answer_body_bytes_total", **generate) == received
    assert now("pdlb_request_seconds_count", **generate, stream="false") == 5
    assert now("pdlb_request_seconds_count", **generate, stream="true") == 3
    assert now("pdlb_time_to_first_token_seconds_count", **generate) == 3
    assert now("pdlb_inter_chunk_gap_seconds_count", server="d1") == 3 * 3  # between four events; [DONE] is none
    assert now("pdlb_prefill_seconds_count", server="p1") == 9
    assert now("pdlb_queue_wait_seconds_count") == 9 and now("pdlb_queue_wait_seconds_sum") == 0
    assert now("pdlb_attempts_total") == 9 and now("pdlb_retries_total") == 0
    assert now("pdlb_pool_connections_total") == 18
    assert now("pdlb_pool_connections_total", reused="false") >= 2
    assert now("pdlb_server_legs_total", role="prefill", server="p1") == 9
    assert now("pdlb_server_failures_total") == 0
    assert now("pdlb_aborts_sent_total") == 0
    for gauge in ("pdlb_requests_in_flight", "pdlb_requests_queued", "pdlb_rooms_live", "pdlb_server_legs_in_flight", "pdlb_draining"):
        assert now.series(gauge) and now(gauge) == 0, gauge
    assert now("pdlb_pairs_healthy") == 1
    assert now("pdlb_workers") == 2
    assert now("pdlb_build_info") == 1


def test_histograms_hold_together(mock, serve):
    balancer = serve(mock("--decode-ms", "3", "--kv-ms", "5"))
    for _ in range(4):
        post(balancer.url, stream=True)
    now = settled(balancer, 4)
    histograms = [family for family in now.families.values() if family.type == "histogram"]
    assert len(histograms) == 5
    for family in histograms:
        by_labels = {}
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            if sample.name.endswith("_bucket"):
                by_labels.setdefault(frozenset(labels.items()), []).append((float(sample.labels["le"]), sample.value))
        assert by_labels, family.name
        for labels, buckets in by_labels.items():
            assert buckets == sorted(buckets), family.name
            assert [count for _, count in buckets] == sorted(count for _, count in buckets), family.name
            assert buckets[-1] == (float("inf"), now(f"{family.name}_count", **dict(labels)))
    prefill, first, total = (now(f"pdlb_{name}_seconds_sum") for name in ("prefill", "time_to_first_token", "request"))
    assert 0.005 * 4 <= prefill < total
    assert prefill < first < total  # decode's first token needs prefill's KV cache
    assert now("pdlb_inter_chunk_gap_seconds_sum") < total


def test_failures(mock, serve):
    balancer = serve(mock(*QUICK, faults=["decode:status=503,count=2"]), "--log-level", "error")
    assert [post(balancer.url).status_code for _ in range(3)] == [503, 503, 200]
    now = settled(balancer, 3)
    assert now("pdlb_requests_total", status="503", end="decode_http", prefill="p1", decode="d1") == 2
    assert now("pdlb_requests_total", status="200", end="ok") == 1
    assert now("pdlb_server_failures_total", role="decode", server="d1") == now("pdlb_server_failures_total") == 2
    assert now("pdlb_aborts_sent_total", role="prefill") == now("pdlb_aborts_sent_total") == 2
    assert now("pdlb_request_seconds_count") == now("pdlb_prefill_seconds_count") == 1


def test_odd_statuses_of_an_engine(mock, serve):
    balancer = serve(mock(*QUICK, faults=["prefill:status=418,count=1"]), "--log-level", "error")
    assert [post(balancer.url).status_code for _ in range(2)] == [418, 200]
    now = settled(balancer, 2)
    assert now("pdlb_requests_total", status="4xx", end="prefill_http") == 1


def connected(balancer, body):
    """A client that has sent a request."""
    client = socket.create_connection(("127.0.0.1", int(balancer.url.rsplit(":", 1)[1])), timeout=30)
    body = json.dumps(body).encode()
    client.sendall(b"POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return client


def test_in_flight_queue_and_drain(mock, serve):
    balancer = serve(mock("--decode-ms", "20"), "--max-in-flight", "1", "--max-queue", "1", "--metrics-port", "0")
    own = balancer.wait_for(r"^metrics on (\S+)").group(1)
    with connected(balancer, {"text": "a", "stream": True, "sampling_params": {"max_new_tokens": 10_000}}) as running:
        until(lambda: metrics(balancer)("pdlb_server_legs_in_flight", role="decode") == 1, "a running request")
        with connected(balancer, {"text": "b"}):
            until(lambda: metrics(balancer)("pdlb_requests_queued") == 1, "a waiting request")
            now = metrics(balancer)
            assert now("pdlb_requests_in_flight") == 1
            assert now("pdlb_rooms_live") == 1
            assert now("pdlb_requests_in_flight_limit") == 1 and now("pdlb_requests_queued_limit") == 1
            assert now("pdlb_client_connections") >= 2
            assert post(balancer.url).status_code == 429
        now = settled(balancer, 2)
        assert now("pdlb_requests_total", status="429", end="overload") == 1
        assert now("pdlb_requests_total", status="none", end="client_gone", prefill="") == 1
        assert now("pdlb_queue_wait_seconds_count") == 1 and now("pdlb_queue_wait_seconds_sum") > 0
        balancer.signal(signal.SIGTERM)
        until(lambda: Scrape(own)("pdlb_draining") == 1, "the draining balancer still tells")
        balancer.signal(signal.SIGTERM)
        while running.recv(65536):
            pass
    assert balancer.wait() == 1


def test_odd_requests_make_no_series(mock, serve):
    """1,000 requests, each with other odd things in it."""
    balancer = serve(mock(*QUICK), "--log-level", "error", "--max-body", "4096")
    post(balancer.url)
    before = settled(balancer, 1)

    def odd(client, i):
        name = f"odd{i}"
        headers = {"X-Request-Id": name, "User-Agent": name, "X-Odd": f'"\\ {name}'}
        kind = i % 8
        if kind == 0:
            return client.get(f"/{name}")
        if kind == 1:
            return client.post(f"/generate?q={name}", json={"text": name, "model": name, "rid": name}, headers=headers)
        if kind == 2:
            return client.request(f"ODD{i}", "/generate")
        if kind == 3:
            return client.post("/v1/chat/completions", content=name.encode(), headers=headers)
        if kind == 4:
            return client.post("/generate", json={"text": "x" * 5000 + name})
        if kind == 5:
            return client.post("/generate", json={"text": name, "bootstrap_room": i, "priority": i})
        if kind == 6:
            return client.post("/v1/completions", json={"model": name, "prompt": name, "max_tokens": 1})
        return client.post("/generate", json={"text": name}, headers={"X-Pdlb-Pair": f"{name}/*"})

    with httpx.Client(base_url=balancer.url, timeout=30) as client:
        statuses = {odd(client, i).status_code for i in range(1000)}
    assert {200, 400, 404, 405, 413} <= statuses
    after = settled(balancer, 501)
    assert "odd" not in after.answer.text.lower()
    assert after("pdlb_client_refusals_total") >= 125
    new = {key for key in after.samples if key not in before.samples}
    names = {name for name, _ in new}
    assert names == {"pdlb_requests_total"}
    assert len(new) <= 6, new
    assert len(after.samples) < 500


def test_keys(mock, serve):
    """On the main port the metrics are for those with a key, on their own port for whoever reaches it."""
    balancer = serve(mock(*QUICK), "--api-key", "sk-secret", "--metrics-port", "0")
    own = balancer.wait_for(r"^metrics on (http://127\.0\.0\.1:\d+/metrics)$").group(1)
    assert httpx.get(f"{balancer.url}/metrics", timeout=30).status_code == 401
    with_key = Scrape(f"{balancer.url}/metrics", headers={"Authorization": "Bearer sk-secret"})
    without = Scrape(own)
    assert with_key.families.keys() == without.families.keys()
    assert "sk-secret" not in without.answer.text
    assert without("pdlb_client_refusals_total") == 1
    head = httpx.head(own, timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    base = own.removesuffix("/metrics")
    assert httpx.post(own, json={}, timeout=30).status_code == 405
    for path in ("/generate", "/health", "/"):
        assert httpx.get(base + path, timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (3, ["--metrics-host", "no.such.host", "--metrics-port", "0"], "no.such.host"),
        (3, ["--port", "31234", "--metrics-port", "31234"], "31234"),
        (3, ["--metrics-buckets", "1", "0.5"], "ascending"),
        (3, ["--metrics-buckets", "0", "0.5"], "above 0"),
        (3, ["--metrics-buckets", *(str(i + 1) for i in range(51))], "at most 50"),
        (2, ["--metrics-port", "70000"], "--metrics-port"),
        (2, ["--prometheus-duration-buckets", "many"], "--metrics-buckets"),
        (1, ["--port", "0", "--metrics-port", "TAKEN"], "metrics: cannot listen"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else str(value),
)
def test_refusal(code, words, says):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = [str(taken.getsockname()[1]) if word == "TAKEN" else word for word in words]
        done = run("serve", "--prefill", "http://127.0.0.1:1", "none", "--decode", "http://127.0.0.1:2", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_sglangs_names(mock, serve):
    balancer = serve(mock(*QUICK), "--prometheus-port", "0", "--prometheus-host", "127.0.0.1", "--prometheus-duration-buckets", "0.5", "1", "60")
    own = balancer.wait_for(r"^metrics on (\S+)").group(1)
    post(balancer.url)
    settled(balancer, 1)
    now = Scrape(own)
    bounds = [labels["le"] for labels in now.series("pdlb_prefill_seconds_bucket")]
    assert sorted(bounds) == ["+Inf", "0.5", "1", "60"]


def test_process(mock, serve):
    balancer = serve(mock(*QUICK))
    now = metrics(balancer)
    assert now("process_open_fds") > 5
    assert now("process_open_fds") <= now("process_max_fds")
    assert 1e6 < now("process_resident_memory_bytes") < now("process_virtual_memory_bytes")
    assert abs(now("process_start_time_seconds") - time.time()) < 600
    assert now("process_threads") >= 3

    def worked():
        for _ in range(20):
            post(balancer.url)
        return metrics(balancer)("process_cpu_seconds_total") > now("process_cpu_seconds_total")
    until(worked, "CPU time", 60)
