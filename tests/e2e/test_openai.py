# SPDX-License-Identifier: Apache-2.0
"""The openai SDK as a client: answers, streams, and errors as its own exception types."""
import asyncio
import json

import openai as sdk
import pytest

MODEL = "mock-model"
HELLO = [{"role": "user", "content": "Say hello to the world"}]


def words(count, first=0):
    return " ".join(f"w{i}" for i in range(first, first + count))


def chat(client, **options):
    return client.chat.completions.create(model=MODEL, messages=HELLO, **options)


def test_chat(client):
    answer = chat(client, max_tokens=5)
    assert answer.object == "chat.completion"
    assert answer.model == MODEL
    assert [choice.message.content for choice in answer.choices] == [words(5)]
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 5
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 5


def test_chat_stream_with_usage(client):
    chunks = list(chat(client, max_tokens=7, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == words(7)
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].usage.completion_tokens == 7
    assert len({chunk.id for chunk in chunks}) == 1


def test_completion(client):
    answer = client.completions.create(model=MODEL, prompt="Once", max_tokens=3)
    assert answer.choices[0].text == words(3)
    assert answer.usage.completion_tokens == 3


def test_completion_batch(client):
    answer = client.completions.create(model=MODEL, prompt=["Once", "upon", "a time"], max_tokens=3)
    assert sorted(choice.index for choice in answer.choices) == [0, 1, 2]
    assert {choice.text for choice in answer.choices} == {words(3)}


def test_completion_stream(client):
    chunks = list(client.completions.create(model=MODEL, prompt="Once", max_tokens=3, stream=True))
    assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == words(3)


def test_several_samples(client):
    answer = chat(client, n=3, max_tokens=4)
    assert sorted(choice.index for choice in answer.choices) == [0, 1, 2]
    assert {choice.message.content for choice in answer.choices} == {words(4)}
    assert answer.usage.completion_tokens == 12


def test_several_samples_streamed(client):
    texts = {}
    usage = None
    for chunk in chat(client, n=3, max_tokens=4, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        usage = chunk.usage or usage
    assert texts == {index: words(4) for index in range(3)}
    assert usage.completion_tokens == 12


def test_logprobs(client):
    answer = chat(client, max_tokens=3, logprobs=True, top_logprobs=2)
    assert len(answer.choices[0].logprobs.content) == 3


def test_models(client):
    assert [model.id for model in client.models.list()] == [MODEL]


def test_request_id_is_echoed(client):
    raw = client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, max_tokens=1, extra_headers={"x-request-id": "my-request.1"}
    )
    assert raw.headers["x-request-id"] == "my-request.1"
    assert chat(client, max_tokens=1)._request_id


def test_balancer_refuses_what_is_no_endpoint(url, openai):
    with pytest.raises(sdk.NotFoundError) as caught:
        chat(openai(f"{url}/elsewhere"))
    assert caught.value.body["code"] == "not_found"


def test_balancer_refuses_a_bad_member(client):
    with pytest.raises(sdk.BadRequestError) as caught:
        chat(client, extra_body={"n": "many"})
    assert caught.value.body["message"]


@pytest.mark.parametrize("role", ["prefill", "decode"])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, sdk.BadRequestError),
        (401, sdk.AuthenticationError),
        (403, sdk.PermissionDeniedError),
        (404, sdk.NotFoundError),
        (422, sdk.UnprocessableEntityError),
        (429, sdk.RateLimitError),
        (500, sdk.InternalServerError),
        (502, sdk.InternalServerError),
        (503, sdk.InternalServerError),
    ],
)
def test_engine_error(faulty, openai, role, status, error):
    client = openai(faulty(f"{role}:status={status},retry_after=7"))
    for stream in (False, True):
        with pytest.raises(error) as caught:
            chat(client, max_tokens=4, stream=stream)
        assert caught.value.status_code == status
        assert caught.value.response.headers["retry-after"] == "7"


def test_rate_limit_is_retried_by_the_sdk(faulty, openai):
    client = openai(faulty("decode:status=429,retry_after=0,count=1")).with_options(max_retries=1)
    assert chat(client, max_tokens=2).choices[0].message.content


def test_engine_that_is_not_there(mock, serve, openai):
    engines = mock()
    balancer = serve(engines)
    engines.stop()
    with pytest.raises(sdk.InternalServerError) as caught:
        chat(openai(balancer.url))
    assert caught.value.status_code == 502


def test_engine_error_inside_a_stream(faulty, openai):
    client = openai(faulty("decode:abort,status=500,message=out of luck,after=3"))
    seen = []
    with pytest.raises(sdk.APIError, match="out of luck"):
        for chunk in chat(client, max_tokens=8, stream=True):
            seen.append(chunk)
    assert seen


@pytest.mark.parametrize("fault", ["decode:close=mid-stream", "decode:reset=mid-stream", "decode:truncate=900"])
def test_stream_that_is_cut(faulty, openai, fault):
    # Half an event is forwarded as it came and is what the SDK stumbles over, before it sees the error event.
    with pytest.raises(json.JSONDecodeError if "truncate" in fault else sdk.APIError):
        for _ in chat(openai(faulty(fault)), max_tokens=16, stream=True):
            pass


@pytest.mark.parametrize("fault", ["decode:close=before-head", "decode:garbage", "prefill:reset=before-head"])
def test_engine_without_an_answer(faulty, openai, fault):
    with pytest.raises(sdk.InternalServerError) as caught:
        chat(openai(faulty(fault)), max_tokens=4)
    assert caught.value.status_code == 502
    assert caught.value.body["message"]


def test_300_parallel_streams(url):
    async def one(client, index):
        stream = await client.chat.completions.create(
            model=MODEL, messages=HELLO, max_tokens=10 + index % 50, stream=True, stream_options={"include_usage": True}
        )
        text, usage = "", None
        async for chunk in stream:
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        return text, usage.completion_tokens

    async def all_of_them():
        async with sdk.AsyncOpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0, timeout=50) as client:
            return await asyncio.gather(*(one(client, index) for index in range(300)))

    expected = [(words(10 + index % 50), 10 + index % 50) for index in range(300)]
    assert asyncio.run(all_of_them()) == expected
