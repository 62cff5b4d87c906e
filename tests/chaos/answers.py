# SPDX-License-Identifier: Apache-2.0
"""What the scripted engines answer, as a pure function of the request: the engine sends it, the client compares.

An engine is told what to do by the header X-Chaos, a JSON object that the balancer passes on to both legs:
key, tokens, big (bytes of one long token), framing ("chunked", "length", "close"), gap (seconds between packets),
close (end a kept connection after the answer), and for each role ("prefill", "decode") what goes wrong, none: nothing.
"""
import functools
import json
import random
import re

# Where a real engine's bytes have tripped readers: multi-byte text, an end marker inside a string, quotes, CR and LF.
_WORDS = ["Hello", " wörld", " 漢字かな", " 🙂", " data: [DONE]", "\n\ndata: [DONE]\n\n", ' "q\\"', "\u2028", "\r\n", " a", " x" * 50]

DONE = b"data: [DONE]"
LAST_CHUNK = b"0\r\n\r\n"
GARBAGE = b"\x16\x03\x01\x00\xa5 SSH-2.0-garbage \x00\xff\r\n\r\n"

# How a leg's packets end.
KEEP, CLOSE, RESET, HANG = "keep", "close", "reset", "hang"


@functools.lru_cache(512)
def pieces(key, seed, count, big):
    """The tokens of an answer."""
    rng = random.Random(f"{key}/{seed}")
    words = [rng.choice(_WORDS) for _ in range(count)]
    if big:
        words[rng.randrange(count)] = rng.choice("xyz") * big
    return words


def _payload(path, piece, index, last, whole):
    reason = "stop" if last else None
    if path == "/generate":
        return {"text": piece, "index": index, "meta_info": {"id": "fixed", "finish_reason": {"type": "stop"} if last else None}}
    part = {"index": 0, "finish_reason": reason}
    if path == "/v1/completions":
        part["text"] = piece
    elif whole:
        part["message"] = {"role": "assistant", "content": piece}
    else:
        part["delta"] = {"content": piece}
    return {"id": "fixed", "object": "chat.completion", "choices": [part]}


@functools.lru_cache(512)
def events(path, key, seed, count, big):
    """The server-sent events of a stream, the last one [DONE]; each is written at once, unless something slices it."""
    rng = random.Random(f"events/{key}/{seed}")
    end = rng.choice([b"\n\n", b"\n\n", b"\r\n\r\n"])
    ascii_only = rng.random() < 0.5
    words = pieces(key, seed, count, big)
    out = []
    for i, word in enumerate(words):
        text = json.dumps(_payload(path, word, 0, i == len(words) - 1, False), ensure_ascii=ascii_only)
        out.append(b"data: " + text.encode() + end)
        if rng.random() < 0.05:
            out.append(b": comment data: [DONE]" + end)
    return out + [DONE + end]


def body(path, key, seed, count, big):
    text = "".join(pieces(key, seed, count, big))
    return json.dumps(_payload(path, text, 0, True, True), ensure_ascii=False).encode()


def error_body(status, who):
    return json.dumps({"error": {"message": f"{who} says {status}", "type": "scripted", "code": status}}).encode()


def _head(status, fields):
    return f"HTTP/1.1 {status} Scripted\r\n".encode() + b"".join(b"%s: %s\r\n" % field for field in fields) + b"\r\n"


def whole(status, content, kind=b"application/json", close=False):
    fields = [(b"Content-Type", kind), (b"Content-Length", b"%d" % len(content))]
    return _head(status, fields + [(b"Connection", b"close")] * close) + content


def _stream(parts, framing, close):
    """Packets of an event stream: its head, one for each event, and the end of the body."""
    fields = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
    if framing == "length":
        fields.append((b"Content-Length", b"%d" % sum(map(len, parts))))
    elif framing == "chunked":
        fields.append((b"Transfer-Encoding", b"chunked"))
    if close or framing == "close":
        fields.append((b"Connection", b"close"))
    chunk = (lambda part: b"%x\r\n%s\r\n" % (len(part), part)) if framing == "chunked" else (lambda part: part)
    return [_head(200, fields)] + [chunk(part) for part in parts] + [LAST_CHUNK] * (framing == "chunked")


def _cut(packets, fault):
    """The packets up to where the connection breaks; `joined`: what is left is one packet."""
    at = fault["at"]
    middle = max(1, len(packets) // 2)
    if at == "head":
        kept = packets[:1]
    elif at == "boundary":
        kept = packets[: middle + 1] if len(packets) > 2 else packets[:1]
    elif at == "done":  # all events, but not the end of the body
        kept = packets[:-1]
    else:
        kept = packets[:middle] + [packets[middle][: max(1, len(packets[middle]) // 2)]]
    return [b"".join(kept)] if fault.get("joined") else kept


def script(role, path, stream, seed, plan):
    """(packets, end): what a leg with this plan writes, and what becomes of its connection."""
    fault = plan.get(role) or {}
    kind = fault.get("kind")
    close = bool(plan.get("close"))
    end = CLOSE if close else KEEP
    if kind in (CLOSE, RESET, HANG):
        return [], kind
    if kind == "garbage":
        return [GARBAGE], CLOSE
    if kind == "early":
        return [whole(413, error_body(413, role), close=True)], CLOSE
    if kind == "status":
        return [whole(fault["status"], error_body(fault["status"], role), close=close)], end

    count, big = (plan["tokens"], plan.get("big", 0)) if role == "decode" else (1, 0)
    framing = plan.get("framing", "chunked") if role == "decode" else "chunked"
    if stream:
        parts = list(events(path, plan["key"], seed, count, big))
        if kind == "abort":
            message = json.dumps({"meta_info": {"finish_reason": {"type": "abort", "message": f"{role} gave up", "status_code": 500}}})
            parts = parts[: fault.get("after", 0)] + [b"data: " + message.encode() + b"\n\n", DONE + b"\n\n"]
        packets = _stream(parts, framing, close)
    else:
        content = body(path, plan["key"], seed, count, big)
        if framing == "chunked":
            fields = [(b"Content-Type", b"application/json"), (b"Transfer-Encoding", b"chunked")] + [(b"Connection", b"close")] * close
            half = len(content) // 2
            packets = [_head(200, fields)] + [b"%x\r\n%s\r\n" % (len(p), p) for p in (content[:half], content[half:])] + [LAST_CHUNK]
        elif framing == "length":
            message = whole(200, content, close=close)
            packets = [message[: len(message) // 2], message[len(message) // 2 :]]
        else:
            packets = [_head(200, [(b"Content-Type", b"application/json"), (b"Connection", b"close")]), content]
    if framing == "close":
        end = CLOSE
    if plan.get("interim") and role == "decode":
        packets[0] = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + packets[0]
    if kind == "cut":
        return _cut(packets, fault), fault["how"]
    if kind == "stall":
        return packets[: 1 + fault.get("after", 1)], HANG
    return packets, end


_SEED = re.compile(rb'"(?:sampling_)?seed":(\d+)')


def seed_of(content):
    """The seed that a request body names; clients of this test write it near the start."""
    found = _SEED.search(content, 0, 1024)
    return int(found.group(1)) if found else 0
