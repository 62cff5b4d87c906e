# SPDX-License-Identifier: Apache-2.0
"""pdlb send, bench and replay as people use them."""

import json
import signal
import subprocess
import urllib.request

import pytest

from programs import PDLB, run, until


def send(url, *words, **options):
    return run("send", "--url", url, *words, **options)


def test_chat(mock, serve):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    done = send(url, "--chat", "hello", "--max-tokens", "8")
    assert done.returncode == 0, done
    assert done.stdout.startswith("Hello from the mock engine: prefill has")
    figures = dict(line.split(None, 1) for line in done.stdout.splitlines()[1:] if " " in line.strip())
    assert figures["status"] == "200, end: ok"
    assert figures["tokens"].startswith("1 in, 8 out")
    assert figures["pair"].startswith("p1/d1, room ")
    for name in ("TTFT", "ITL", "ICL", "E2E"):
        assert "ms" in figures[name]
    assert "prefill + KV" in done.stdout and "finish reason" in done.stdout


def test_figures_as_json(mock, serve):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    done = send(url, "--generate", "a b c", "--max-tokens", "5", "--json", "--repeat", "3")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 3
    for line in lines:
        assert (line["status"], line["completion_tokens"], line["prompt_tokens"], line["pair"]) == (200, 5, 3, "p1/d1")
        assert 0 < line["ttft_ms"] <= line["e2e_ms"] and line["prefill_and_kv_ms"] > 0
    assert len({line["request_id"] for line in lines}) == 3


def test_raw_is_the_answer_and_nothing_else(mock, serve):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    body = json.dumps({"text": "hi", "sampling_params": {"max_new_tokens": 3}})
    done = send(url, "--file", "-", "--raw", input=body)
    assert json.loads(done.stdout)["meta_info"]["completion_tokens"] == 3
    assert "E2E" in done.stderr


def test_pinned_pair(mock, serve):
    url = serve(mock("--decode-ms", "1", prefill=2, decode=2), "--log-level", "error").url
    for _ in range(3):
        assert json.loads(send(url, "--chat", "x", "--pair", "p2/d1", "--json").stdout)["pair"] == "p2/d1"
    done = send(url, "--chat", "x", "--pair", "p7/d1")
    assert done.returncode == 1 and "p7" in done.stderr


def test_interrupted(mock, serve):
    url = serve(mock("--decode-ms", "20"), "--log-level", "error").url
    process = subprocess.Popen([PDLB, "send", "--url", url, "--chat", "x", "--max-tokens", "100000"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.read(5) == "Hello"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Aborted: the connection was closed; the balancer ended both legs: cancelled d1, told d1 to forget the request, p1 had already finished" in rest
    assert "end: client_gone" in rest


@pytest.mark.parametrize(("words", "code", "says"), [
    ([], 2, "what to send is missing"),
    (["--chat", "a", "--generate", "b"], 2, "exclude one another"),
    (["--chat", "a", "--extra", "{"], 2, "--extra: expected a JSON object"),
    (["--chat", "a", "--header", "no colon"], 2, "expected NAME: VALUE"),
    (["--chat", "a", "--pair", "p1"], 2, "expected PREFILL/DECODE"),
    (["--file", "/nonexistent"], 2, "No such file"),
    (["--chat", "a", "--url", "ftp://x"], 3, "--url"),
    (["--chat", "a", "--admin-url", "ftp://x"], 3, "--admin-url"),
    (["--chat", "a", "--raw", "--json"], 2, "excludes"),
    (["--generate", "a", "--system", "b"], 2, "--system goes with --chat"),
    (["--file", "/dev/null", "--model", "m"], 2, "--file sends the body as it is: --model cannot change it"),
    (["--file", "/dev/null"], 2, "no JSON"),
    (["--chat", "a", "--url", "http://127.0.0.1:1"], 1, "does not list any: "),
    (["--chat", "a", "--model", "m", "--url", "http://127.0.0.1:1"], 1, "refused"),
])
def test_mistakes(words, code, says):
    done = run("send", *words)
    assert done.returncode == code and says in done.stderr, done
    assert done.stderr.count("\n") == 1


def test_interrupted_before_any_answer(mock, serve):
    engines = mock("--prefill-tps", "1")
    url = serve(engines, "--log-level", "error").url
    process = subprocess.Popen([PDLB, "send", "--url", url, "--model", "m", "--chat", "a b c " * 100], stdout=subprocess.PIPE, text=True)
    loads = engines.engines["prefill"][0]["url"] + "/v1/loads"
    until(lambda: json.load(urllib.request.urlopen(loads))["loads"][0]["num_running_reqs"] == 1, "prefill computes")
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "cancelled p1 and d1, told p1 and d1 to forget the request" in rest
    assert "prefill + KV" not in rest  # how long it would have taken is not known


def test_interrupted_while_reading(tmp_path):
    for words in (["send", "--file", "-"], ["bench", "--url", "http://127.0.0.1:1", "--endpoint", "generate", "--prompts", "/dev/stdin"]):
        process = subprocess.Popen([PDLB, *words], stdin=subprocess.PIPE)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == -signal.SIGINT


@pytest.mark.parametrize("words", [[], ["--raw"]])
def test_nobody_reads_any_more(mock, serve, words):
    url = serve(mock("--decode-ms", "5"), "--log-level", "error").url
    process = subprocess.Popen([PDLB, "send", "--url", url, "--chat", "x", "--max-tokens", "100000", *words], stdout=subprocess.PIPE)
    process.stdout.read(5)
    process.stdout.close()
    assert process.wait(timeout=30) == 130
    until(lambda: json.load(urllib.request.urlopen(url + "/admin/v1/stats"))["in_flight"] == 0, "the end of the request")


def test_admin_port(mock, serve):
    program = serve(mock("--decode-ms", "1"), "--admin-port", "0", "--log-level", "error")
    done = send(program.url, "--chat", "x", "--max-tokens", "2")
    assert done.returncode == 0 and "not known: " in done.stdout and "--admin-url" in done.stdout


def test_url_as_openai_clients_want_it(mock, serve):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    assert send(url + "/v1", "--chat", "", "--stream", "--max-tokens", "2").returncode == 0


def test_explain():
    text = run("send", "--explain").stdout
    for name in ("TTFT", "TTFO", "ITL", "ICL", "E2E"):
        assert name in text


def test_bench(mock, serve, tmp_path):
    url = serve(mock("--decode-ms", "1", prefill=2, decode=2), "--log-level", "error").url
    report = tmp_path / "before.json"
    done = run("bench", "--url", url, "-n", "40", "-c", "8", "--warm-up", "4", "--input-tokens", "16", "--output-tokens", "4", "-o", report)
    assert done.returncode == 0, done
    assert done.stdout.startswith("40 good, 0 failed; closed loop, 8 at a time")
    assert "PAIR" in done.stdout and "p2/d2" in done.stdout
    saved = json.loads(report.read_text())
    assert saved["v"] == 1 and saved["all"]["good"] == 40 and saved["all"]["completion_tokens"] == 160
    value, low, high = saved["all"]["ttft_ms"]["p50"]
    assert low <= value <= high
    assert "p99" not in saved["all"]["ttft_ms"]  # 40 requests cannot tell it
    again = run("bench", "--url", url, "-n", "40", "--rate", "400", "--output-tokens", "4", "--compare", report)
    assert "open loop, 400 requests/s (Poisson)" in again.stdout and "SINCE" in again.stdout and "E2E p50" in again.stdout


def test_bench_of_a_file(mock, serve, tmp_path):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"text":"a","sampling_params":{"max_new_tokens":2}}\nrubbish\n{"prompt":"b","max_tokens":3}\n')
    done = run("bench", "--url", url, "-n", "4", "-c", "1", "--prompts", prompts, "--json")
    assert "line 2: the body is no JSON" in done.stderr
    assert json.loads(done.stdout)["all"]["completion_tokens"] == 2 + 3 + 2 + 3


def test_bench_that_fails(faulty):
    done = run("bench", "--url", faulty("decode:status=503"), "--model", "m", "-n", "6", "-c", "2")
    assert done.returncode == 1
    assert done.stdout.startswith("0 good, 6 failed")
    assert "ERRORS" in done.stdout and "status 503" in done.stdout


def test_bench_of_rubbish(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("")
    assert "holds no request" in run("bench", "--model", "m", "--prompts", empty).stderr
    done = run("bench", "--url", "http://127.0.0.1:1", "--model", "m", "-n", "2", "--compare", empty)
    assert done.returncode == 2 and "no report of pdlb bench" in done.stderr
    assert done.stdout == ""  # nothing was sent before that was found
    done = run("bench", "--url", "http://127.0.0.1:1", "--model", "m", "-o", tmp_path / "no" / "such")
    assert done.returncode == 2 and "--output" in done.stderr and done.stdout == ""
    done = run("bench", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1 and "no --model was given" in done.stderr and done.stdout == ""


def test_replay(mock, serve, tmp_path):
    url = serve(mock("--decode-ms", "1"), "--log-level", "error").url
    for words in ("a b", "c"):
        assert send(url, "--chat", words, "--max-tokens", "3").returncode == 0
    records = tmp_path / "records.jsonl"
    har = tmp_path / "records.har"
    assert run("trace", "export", "--url", url, "--format", "jsonl", "-o", records).returncode == 0
    assert run("trace", "export", "--url", url, "--format", "har", "-o", har).returncode == 0
    for file in (records, har):
        done = run("replay", "--url", url, file, "--speed", "0")
        assert done.returncode == 0 and "2 good as before, 0 failed as before, 0 only failed before, 0 only failed now" in done.stdout, done
        assert done.stdout.count(" 3/3 ") == 2
    records.write_bytes(b"rubbish\n" + records.read_bytes()[:-100])
    done = run("replay", "--url", url, records, "--speed", "100", "--pair", "p1/d1", "--json")
    assert "line 1: " in done.stderr and "line 3: " in done.stderr and "1 good as before" in done.stderr
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert line["then"]["completion_tokens"] == line["now"]["completion_tokens"] == 3 and line["now"]["pair"] == "p1/d1"
    done = run("replay", "--url", "http://127.0.0.1:1", har)
    assert done.returncode == 1 and "2 only failed now" in done.stdout
    assert run("replay", "--pair", "p1\r\nX: y/d1", har).returncode == 2
