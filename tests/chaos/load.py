# SPDX-License-Identifier: Apache-2.0
"""The requests of the chaos run and what may become of them."""
import dataclasses
import json
import zlib

import answers

PATHS = ("/generate", "/v1/chat/completions", "/v1/completions")

# Which status an end reason may have told the client, when the answer had not begun before.
_ENGINE = {400, 404, 413, 429, 500, 503}
_STATUSES = {
    "ok": {200},
    "overload": {429, 503},
    "bad_request": {400},
    "prefill_http": _ENGINE | {200},
    "decode_http": _ENGINE | {200},
    "prefill_conn": {502, 200},
    "decode_conn": {502, 200},
    "decode_cut": {502, 200},
    "prefill_abort": {500, 502, 200},
    "decode_abort": {200},
    "timeout_connect": {504},
    "timeout_first_byte": {504},
    "timeout_idle": {504, 200} | _ENGINE,
    "timeout_total": {504, 200} | _ENGINE,
}


# The connection broke exactly between "[DONE]" and its line end, which the balancer then adds to set its error event apart.
CUT_AT_MARKER = "[DONE] in a cut stream, if the line end behind it was the engine's"


@dataclasses.dataclass
class Request:
    id: str
    path: str
    stream: bool
    plan: dict
    body: bytes
    seed: int = 0
    samples: int = 1
    valid: bool = True
    vanish: tuple | None = None
    slow: tuple | None = None
    buffer: int = 0
    fresh: bool = False
    checksums: frozenset = frozenset()

    @property
    def may_stall(self):
        """Its answer is more than fits between the balancer and a client that stops reading, or that gets no CPU."""
        return bool(self.buffer or self.plan.get("big"))

    @property
    def headers(self):
        return b"X-Chaos: %s\r\n" % json.dumps(self.plan, separators=(",", ":")).encode()

    def content(self, sample=0):
        plan = self.plan
        return self.path, plan["key"], self.seed + sample, plan["tokens"], plan.get("big", 0)


def _fault(rng, role, stream):
    kind = rng.choice(["status", "status", "close", "reset", "garbage", "hang", "cut", "early"] + ["abort"] * (2 * stream))
    if kind == "status":
        return {"kind": kind, "status": rng.choice([400, 404, 429, 500, 503])}
    if kind == "cut":
        where = rng.choice(["head", "mid", "boundary", "done"])
        return {"kind": kind, "at": where, "how": rng.choice(["close", "reset"]), "joined": rng.random() < 0.5}
    if kind == "abort":
        return {"kind": kind, "after": rng.randrange(3) if role == "decode" else 0}
    if kind == "hang" and role == "decode" and rng.random() < 0.5:
        return {"kind": "stall", "after": rng.randrange(1, 4)}
    return {"kind": kind}


def _vanish(rng):
    how = rng.choice(["rst", "fin", "fin", "half"])
    if how == "half":
        return ("half", 0, how)
    return rng.choice([("upload", rng.random(), how), ("bytes", int(10 ** rng.uniform(0, 3.5)) - 1, how), ("time", rng.uniform(0, 0.5), how)])


def _body(request, samples, seed, text):
    """The client's body; with samples=1 and its own seed, what each engine must see."""
    members = {"stream": request.stream, "seed": seed} if request.path != "/generate" else {"stream": request.stream}
    if request.path == "/generate":
        members["sampling_params"] = {"sampling_seed": seed, "n": samples, "max_new_tokens": request.plan["tokens"]}
        members["return_logprob"] = request.plan.get("logprob", False)
        members["text"] = text
    elif request.path == "/v1/completions":
        members |= {"n": samples, "prompt": text}
    else:
        members |= {"n": samples, "messages": [{"role": "user", "content": text}]}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


def write_body(request, text):
    request.body = _body(request, request.samples, request.seed, text)
    request.checksums = frozenset(zlib.crc32(_body(request, 1, request.seed + s, text)) for s in range(request.samples))
    if not request.valid:
        request.body = request.body[:-1]


def draw(rng, name):
    """The next request of a client."""
    path = rng.choice(PATHS)
    stream = rng.random() < 0.6
    plan = {"key": rng.getrandbits(40), "tokens": rng.randrange(1, 40), "gap": rng.choice([0, 0, 0.001, 0.01])}
    request = Request(name, path, stream, plan, b"", seed=rng.randrange(1 << 40), fresh=rng.random() < 0.2)
    if rng.random() < 0.3:
        plan["close"] = True
    if stream:
        plan["framing"] = rng.choice(["chunked", "chunked", "chunked", "length", "close"])
    else:
        plan["framing"] = rng.choice(["chunked", "length", "length"])
    if rng.random() < 0.03:
        plan["interim"] = True
    if rng.random() < 0.2:
        role = rng.choice(["prefill", "decode"])
        plan[role] = _fault(rng, role, stream)

    text = rng.choice(["Hello", "naïve 漢字 🙂 \\ \" \u2028", ""]) + "p" * int(10 ** rng.uniform(0, 3))
    size = rng.random()
    if size < 0.02:
        text += "L" * rng.randrange(1_100_000, 1_500_000)  # scanned in another thread
    elif size < 0.12:
        text += "M" * rng.randrange(20_000, 200_000)
    kind = rng.random()
    if kind < 0.1:
        request.samples = rng.randrange(2, 5)
    elif kind < 0.12:
        request.valid = False
    elif kind < 0.22 and path != "/v1/chat/completions":
        text = [text[:1000]] * rng.randrange(1, 5)
    elif kind < 0.27 and path == "/generate":
        plan["logprob"] = True
    if request.samples == 1 and rng.random() < 0.03:
        plan["big"] = int(10 ** rng.uniform(4, 6.3))

    write_body(request, text)
    behaviour = rng.random()
    if behaviour < 0.12:
        request.vanish = _vanish(rng)
    elif behaviour < 0.15:
        request.slow = (4096, 0.01, 200)
    elif behaviour < 0.155:
        # Reads nothing for longer than the balancer waits.
        request.slow, request.buffer, request.fresh = (1, 5, 1), 65536, True
        if request.samples == 1:
            plan["big"] = 8 << 20
    return request


def _events_data(body):
    text = body.decode(errors="replace").replace("\r\n", "\n")  # a cut may be in the middle of a character
    return [event[6:] for event in text.split("\n\n") if event.startswith("data: ")]


def _joined_text(request, documents):
    """Per sample the text of these documents."""
    texts = [""] * request.samples
    for document in documents:
        items = document if isinstance(document, list) else [document]
        for place, item in enumerate(items):
            if request.path == "/generate":
                texts[item["index"] if isinstance(document, dict) else place] += item["text"]
                continue
            for choice in item["choices"]:
                part = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
                texts[choice["index"]] += part["content"]
    return texts


def _is_exact(request, body):
    """Whether this is, to the byte, what the engines send for the request."""
    if request.samples > 1:
        if request.stream:
            data = _events_data(body)
            if not data or data.pop() != "[DONE]" or "[DONE]" in data:
                return False
        else:
            data = [body]
        wanted = ["".join(answers.pieces(request.plan["key"], request.seed + s, request.plan["tokens"], 0)) for s in range(request.samples)]
        return _joined_text(request, [json.loads(one) for one in data]) == wanted
    if request.stream:
        return body == b"".join(answers.events(*request.content()))
    return body == answers.body(*request.content())


def _is_marked(request, body):
    """A stream that is exact up to and including its end marker, whose line end a fault took away: nothing is missing."""
    if not request.stream or request.samples > 1:
        return False
    whole = b"".join(answers.events(*request.content()))
    return whole.startswith(body) and len(body) >= whole.rindex(answers.DONE) + len(answers.DONE)


@dataclasses.dataclass
class Seen:
    """What a client saw, without the bytes."""

    kind: str
    status: int
    own_id: bool
    exact: bool = False  # every byte is the engines' answer
    beginning: bool = False  # what came is how that answer begins, but for an error event behind it
    told: bool = False  # it names an error
    done: bool = False  # an end marker came before that
    marker_only: bool = False  # maybe without its line end: what follows it can be the balancer's


def examine(request, outcome):
    seen = Seen(outcome.kind, outcome.status, outcome.headers.get("x-request-id") == request.id)
    if outcome.kind in ("vanished", "none"):
        return seen
    body = outcome.body
    seen.told = b"error" in body or b"abort" in body
    if outcome.status != 200:
        return seen
    if outcome.kind == "complete":
        try:
            seen.exact = _is_exact(request, body) or _is_marked(request, body)
        except (ValueError, LookupError, TypeError):
            pass  # not even the shape of an answer
        return seen
    if request.samples > 1:
        seen.beginning = True  # whose order only the balancer knows
        return seen
    if not request.stream:
        seen.beginning = answers.body(*request.content()).startswith(body)
        return seen
    at = body.rfind(b'data: {"error"')
    before = body[:at] if at >= 0 else body
    whole = b"".join(answers.events(*request.content()))
    # An error in the middle of an event is set apart from it by an empty line.
    seen.beginning = whole.startswith(before) or (before.endswith(b"\n\n") and whole.startswith(before[:-2]))
    seen.told = at >= 0
    seen.done = "[DONE]" in _events_data(before)
    seen.marker_only = before == whole.rstrip() + b"\n\n"
    return seen


def judge(request, seen, lines):
    """What is wrong with how a request ended; None: nothing."""
    if len(lines) > 1:
        return f"{len(lines)} ends"
    if not lines:
        # A request that did not arrive whole is none.
        return None if seen.kind == "vanished" else f"no end ({seen.kind})"
    end, status = lines[0].end, lines[0].status
    if end not in _STATUSES and end not in ("client_gone", "stalled_client"):
        return f"unexpected end {end}"
    if seen.kind == "vanished":
        return None
    if end == "stalled_client":
        return None if request.may_stall and seen.kind == "cut" else f"stalled_client, but the client was not slow ({seen.kind})"
    if end == "client_gone":
        return f"client_gone, but the client stayed ({seen.kind})"
    if seen.kind == "none":
        return f"no answer at all, end {end}"
    if seen.status != status:
        return f"status {seen.status}, logged {status}"
    if status not in _STATUSES[end]:
        return f"status {status} with end {end}"
    if not seen.own_id:
        return "another request's answer"
    if (end == "bad_request") == request.valid:
        return f"{'valid' if request.valid else 'invalid'}, but it ended with {end}"
    if seen.kind == "complete":
        return _judge_complete(request, seen, end)
    if end == "ok":
        # The request is over once the last bytes wait for the client; who then stops reading is cut off.
        return None if request.may_stall else "ok, but the answer was cut"
    if status != 200:
        return None
    aborted = (request.plan.get("decode") or {}).get("kind") == "abort"
    if request.may_stall:
        return None  # may miss the error event, too
    if not aborted and not seen.beginning:
        return f"cut, and not the beginning of the answer ({end})"
    if request.stream and not seen.told:
        return f"a cut stream without an error event ({end})"
    if request.stream and seen.done and not aborted:
        if seen.marker_only:
            return CUT_AT_MARKER
        return f"[DONE] in a cut stream ({end})"
    return None


def _judge_complete(request, seen, end):
    if seen.status != 200:
        return None if seen.told else f"status {seen.status} without an error"
    if (request.plan.get("decode") or {}).get("kind") == "abort" and end in ("ok", "decode_abort"):
        return None  # the error is in the answer; it names the end only if it came in one packet
    if end != "ok":
        return f"a clean end of a failed answer ({end})"
    return None if seen.exact else "ok, but not what the engines sent"
