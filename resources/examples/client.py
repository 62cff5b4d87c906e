#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a model behind pdlb with the openai SDK: client.py [BASE_URL], e.g. http://127.0.0.1:30000"""
import sys

from openai import OpenAI

base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:30000"
client = OpenAI(base_url=f"{base.rstrip('/')}/v1", api_key="none")
model = client.models.list().data[0].id
messages = [{"role": "user", "content": "What is prefill/decode disaggregation?"}]

answer = client.chat.completions.create(model=model, messages=messages, max_tokens=16)
print("at once:  ", answer.choices[0].message.content)

print("streamed: ", end=" ")
stream = client.chat.completions.create(
    model=model, messages=messages, max_tokens=16, stream=True, stream_options={"include_usage": True}
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\nusage:     {chunk.usage.prompt_tokens} + {chunk.usage.completion_tokens} tokens")
