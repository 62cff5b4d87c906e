# SPDX-License-Identifier: Apache-2.0
"""curl as a client: everything about HTTP that an SDK hides."""
import json

import pytest

JSON = ["-H", "Content-Type: application/json"]
CHAT = {"model": "mock-model", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


def data(**members):
    return [*JSON, "-d", json.dumps(members)]


def test_chat(url, curl):
    answer = json.loads(curl(f"{url}/v1/chat/completions", *data(**CHAT)))
    assert answer["choices"][0]["message"]["content"] == "w0 w1 w2 w3"


def test_stream(url, curl):
    answer = curl("-N", "-i", f"{url}/v1/chat/completions", *data(**CHAT, stream=True))
    head, _, body = answer.partition("\n\n")
    assert head.startswith("HTTP/1.1 200")
    assert "text/event-stream" in head.lower()
    events = body.strip().split("\n\n")
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"


def test_generate_batch(url, curl):
    answer = json.loads(
        curl(f"{url}/generate", *data(text=["one", "two", "three"], sampling_params={"max_new_tokens": 2}))
    )
    assert [item["text"] for item in answer] == ["w0 w1"] * 3


def test_generate_batch_streamed(url, curl):
    answer = curl("-N", f"{url}/generate",
                  *data(text=["one", "two"], stream=True, sampling_params={"max_new_tokens": 3}))
    texts = {}
    for event in answer.strip().split("\n\n")[:-1]:
        item = json.loads(event.removeprefix("data: "))
        texts[item["index"]] = item["text"]
    assert texts == {0: "w0 w1 w2", 1: "w0 w1 w2"}


def test_generate_logprobs(url, curl):
    answer = json.loads(curl(f"{url}/generate", *data(
        input_ids=[5, 6, 7], return_logprob=True, logprob_start_len=0, sampling_params={"max_new_tokens": 2})))
    assert [entry[1] for entry in answer["meta_info"]["input_token_logprobs"]][:3] == [5, 6, 7]
    assert len(answer["meta_info"]["output_token_logprobs"]) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_http_1_0(url, curl, stream):
    answer = curl("--http1.0", "-i", f"{url}/v1/chat/completions", *data(**CHAT, stream=stream))
    head, _, body = answer.partition("\n\n")
    assert " 200 " in head.splitlines()[0]
    assert "transfer-encoding" not in head.lower()
    assert body.strip().endswith("data: [DONE]") if stream else json.loads(body)["choices"]


def test_head(url, curl):
    assert curl("-I", f"{url}/health").startswith("HTTP/1.1 200")


def test_wrong_method(url, curl):
    head, _, body = curl("-i", f"{url}/v1/chat/completions").partition("\n\n")
    assert head.startswith("HTTP/1.1 405")
    assert "\nallow: post" in head.lower()
    assert json.loads(body)["error"]["code"] == "method_not_allowed"


def test_connection_is_kept(url, curl):
    answer = curl(f"{url}/health", f"{url}/v1/models", "-w", "%{num_connects};")
    assert answer.count("1;") == 1 and answer.count("0;") == 1


def test_expect_100_continue(url, curl, tmp_path):
    trace = tmp_path / "trace"
    answer = curl("--trace-ascii", str(trace), f"{url}/generate", "-H", "Expect: 100-continue",
                  *data(text="Hello", sampling_params={"max_new_tokens": 2}))
    assert json.loads(answer)["text"] == "w0 w1"
    assert "HTTP/1.1 100 Continue" in trace.read_text()


def test_chunked_upload(url, curl):
    answer = curl(f"{url}/generate", "-H", "Transfer-Encoding: chunked",
                  *data(text="Hello", sampling_params={"max_new_tokens": 2}))
    assert json.loads(answer)["text"] == "w0 w1"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", '{"text": "a"', '{"text": "a",}', '{"text": "a"} x', '{"text": "a\nb"}', "[" * 100_000,
     '{"text": [], "sampling_params": {}}', '{"input_ids": []}'],
    ids=["empty", "list", "null", "truncated", "trailing-comma", "garbage-behind", "control-character", "nested",
         "no-prompt", "no-tokens"],
)
def test_bad_body(url, curl, tmp_path, body):
    file = tmp_path / "body"
    file.write_text(body)
    head, _, answer = curl("-i", f"{url}/generate", *JSON, "--data-binary", f"@{file}").partition("\n\n")
    assert head.startswith("HTTP/1.1 400")
    assert set(json.loads(answer)["error"]) == {"message", "type", "code", "param"}


def test_body_that_is_not_utf_8(url, curl, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b'{"text": "\xff\xfe"}')
    assert curl("-i", f"{url}/generate", *JSON, "--data-binary", f"@{file}").startswith("HTTP/1.1 400")


def test_body_above_the_limit(mock, serve, curl, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b"x" * 3_000_000)
    balancer = serve(mock(), "--max-body", "1000000")
    answer = curl("-i", f"{balancer.url}/generate", *JSON, "--data-binary", f"@{file}")
    assert "HTTP/1.1 413" in answer


def test_control_endpoints(url, curl):
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{url}/health_generate") == "200"
    info = json.loads(curl(f"{url}/get_server_info"))
    assert len(info["prefill"]) == len(info["decode"]) == 2
    assert set(info) == {"internal_states", "prefill", "decode"}
    assert json.loads(curl(f"{url}/get_model_info"))["is_generation"] is True
    assert json.loads(curl("-X", "POST", f"{url}/flush_cache"))["success"] is True
    aborted = json.loads(curl(f"{url}/abort_request", *data(rid="nobody")))
    assert len(aborted["results"]) == 4
