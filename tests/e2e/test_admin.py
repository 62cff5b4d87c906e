# SPDX-License-Identifier: Apache-2.0
"""Changing a running balancer from outside: the admin API, SGLang's worker API, fan-outs, their description; who may (T116, T117)."""
import json
import re
import socket
import threading

import httpx2 as httpx
import pytest
from openapi_spec_validator import validate

from programs import Serve, listening_port, run, until

ADMIN, CLIENT = "admin-secret-0987", "client-secret-1234"
PAIR = ["--prefill", "http://127.0.0.1:1", "none", "--decode", "http://127.0.0.1:2"]
ask = {"text": "hi", "sampling_params": {"max_new_tokens": 2}}


@pytest.fixture
def admin(mock, serve):
    """admin(options…): a client of a balancer over two pairs, and the engines."""

    def begin(*options, prefill=2, decode=2):
        engines = mock("--decode-ms", "1", "--kv-ms", "0", prefill=prefill, decode=decode)
        balancer = serve(engines, *options)
        return httpx.Client(base_url=balancer.url, timeout=30), engines.engines, balancer

    return begin


def names(web):
    return [server["name"] for server in web.get("/admin/v1/servers").json()["servers"]]


# --- servers and pairs

def test_servers(admin):
    web, engines, _ = admin()
    listed = web.get("/admin/v1/servers").json()["servers"]
    assert [(s["name"], s["role"], s["url"]) for s in listed] == [
        ("p1", "prefill", engines["prefill"][0]["url"]), ("p2", "prefill", engines["prefill"][1]["url"]),
        ("d1", "decode", engines["decode"][0]["url"]), ("d2", "decode", engines["decode"][1]["url"])]
    assert listed[0]["state"]["bootstrap_port"] == engines["prefill"][0]["bootstrap_port"]

    assert web.delete("/admin/v1/servers/d2").json()["name"] == "d2"
    added = web.post("/admin/v1/servers", json={"role": "decode", "url": engines["decode"][1]["url"], "name": "spare", "weight": 7,
                                                "labels": {"rack": "r1"}})
    assert added.status_code == 201 and added.headers["Location"] == "/admin/v1/servers/spare"
    assert added.json() == web.get(added.headers["Location"]).json() | {"state": added.json()["state"]}
    assert added.json()["weight"] == 7 and added.json()["labels"] == {"rack": "r1"}

    # What GET shows can be changed and sent back.
    shown = web.get("/admin/v1/servers/spare").json()
    changed = web.patch("/admin/v1/servers/spare", json={**shown, "weight": 3})
    assert changed.status_code == 200 and changed.json()["weight"] == 3 and changed.json()["labels"] == {"rack": "r1"}
    renamed = web.patch("/admin/v1/servers/spare", json={"name": "d9"})
    assert renamed.json()["name"] == "d9" and names(web) == ["p1", "p2", "d1", "d9"]
    pinned = web.post("/generate", json=ask, headers={"X-Pdlb-Pair": "p1/d9", "X-Pdlb-Debug": "1"})
    assert pinned.status_code == 200 and pinned.headers["X-Pdlb-Decode"] == "d9"

    for verb, enabled in (("disable", False), ("enable", True), ("drain", False)):
        assert web.post(f"/admin/v1/servers/d9/{verb}").json()["enabled"] is enabled
    assert web.get("/admin/v1/servers/d9").json()["state"]["status"] == "disabled"
    # Without a name it gets one that is free.
    assert web.delete("/admin/v1/servers/p1").status_code == 200
    assert web.post("/admin/v1/servers", json={"role": "prefill", "url": engines["prefill"][0]["url"]}).json()["name"] == "p1"


def test_pairs(admin):
    web, _, _ = admin()
    assert web.get("/admin/v1/pairs").json() == {"pairing": "any", "pairs": []}
    added = web.post("/admin/v1/pairs", json={"prefill": "p1", "decode": "d2", "enabled": False})
    assert added.status_code == 201 and added.headers["Location"] == "/admin/v1/pairs/p1/d2"
    assert web.get("/admin/v1/pairs/p1/d2").json() == added.json()
    assert web.post("/generate", json=ask, headers={"X-Pdlb-Pair": "p2/d2"}).status_code == 200
    used = {web.post("/generate", json=ask, headers={"X-Pdlb-Pair": "p1/*", "X-Pdlb-Debug": "1"}).headers["X-Pdlb-Decode"] for _ in range(20)}
    assert used == {"d1"}
    assert web.patch("/admin/v1/pairs/p1/d2", json={"enabled": True, "weight": 5}).json()["weight"] == 5
    assert web.post("/admin/v1/pairs", json={"prefill": "p1", "decode": "d2"}).status_code == 409
    # A server takes its pairs along to a new name, and with it they go.
    assert web.patch("/admin/v1/servers/d2", json={"name": "d8"}).status_code == 200
    assert web.get("/admin/v1/pairs/p1/d8").json()["weight"] == 5
    assert web.delete("/admin/v1/servers/d8").json()["removed_pairs"] == ["p1/d8"]
    assert web.get("/admin/v1/pairs").json()["pairs"] == []
    web.post("/admin/v1/pairs", json={"prefill": "p1", "decode": "d1"})
    assert web.delete("/admin/v1/pairs/p1/d1").status_code == 204
    assert web.delete("/admin/v1/pairs/p1/d1").status_code == 404


# --- bad input changes nothing

def server(**members):
    return {"role": "decode", "url": "http://127.0.0.1:9", **members}


BAD = [
    # method, path, body, status, JSON path in error.param
    ("GET", "/admin/v1/servers/nobody", None, 404, None),
    ("PATCH", "/admin/v1/servers/nobody", {}, 404, None),
    ("DELETE", "/admin/v1/servers/nobody", None, 404, None),
    ("POST", "/admin/v1/servers/nobody/drain", None, 404, None),
    ("POST", "/admin/v1/servers/p1/explode", None, 404, None),
    ("GET", "/admin/v1/servers/%2e%2e%2fconfig", None, 404, None),
    ("GET", "/admin/v1/servers/", None, 404, None),
    ("PUT", "/admin/v1/servers/p1", {}, 405, None),
    ("POST", "/admin/v1/servers", b"{", 400, None),
    ("POST", "/admin/v1/servers", b"[]", 400, None),
    ("POST", "/admin/v1/servers", b'{"role":"decode","role":"prefill","url":"http://a:1"}', 400, None),
    ("POST", "/admin/v1/servers", b'{"role":"decode","url":"http://a:1","group":"\xff"}', 400, None),
    ("POST", "/admin/v1/servers", b"[" * 100_000, 400, None),
    ("POST", "/admin/v1/servers", {"url": "http://127.0.0.1:9"}, 422, "$.role"),
    ("POST", "/admin/v1/servers", server(role="both"), 422, "$.role"),
    ("POST", "/admin/v1/servers", {"role": "decode"}, 422, "$.decode[2].url"),
    ("POST", "/admin/v1/servers", server(url="ftp://a"), 422, "$.decode[2].url"),
    ("POST", "/admin/v1/servers", server(url=7), 422, "$.url"),
    ("POST", "/admin/v1/servers", server(weight=0), 422, "$.weight"),
    ("POST", "/admin/v1/servers", server(weight="heavy"), 422, "$.weight"),
    ("POST", "/admin/v1/servers", server(wieght=1), 422, "$.wieght"),
    ("POST", "/admin/v1/servers", server(bootstrap_port=70000), 422, "$.bootstrap_port"),
    ("POST", "/admin/v1/servers", server(name="p1"), 409, "$.name"),
    ("POST", "/admin/v1/servers", server(name="a b"), 422, "$.decode[2].name"),
    ("POST", "/admin/v1/servers", server(api_key="sk-1"), 422, "$.api_key"),
    ("POST", "/admin/v1/servers", server(api_key_ref="env:PDLB_TEST_NOT_SET"), 422, "$.decode[2].api_key_ref"),
    ("PATCH", "/admin/v1/servers/d1", {"role": "prefill"}, 422, "$.role"),
    ("PATCH", "/admin/v1/servers/d1", {"name": "p2"}, 409, "$.name"),
    ("PATCH", "/admin/v1/servers/d1", {"labels": {"a": 1}}, 422, "$.labels"),
    ("POST", "/admin/v1/pairs", {"prefill": "p1", "decode": "nobody"}, 422, "$.pairs[0].decode"),
    ("POST", "/admin/v1/pairs", {"prefill": "d1", "decode": "p1"}, 422, "$.pairs[0].prefill"),
    ("PATCH", "/admin/v1/pairs/p1/d1", {}, 404, None),
    ("PUT", "/admin/v1/config", b"", 422, "$"),
    ("PUT", "/admin/v1/config", b"no JSON", 400, None),
    ("PUT", "/admin/v1/config", {"version": 1}, 422, "$.prefill"),
    ("PUT", "/admin/v1/config?save=true", {"version": 1, "prefill": [{"url": "http://a:1"}], "decode": [{"url": "http://b:1"}]}, 409, None),
    ("POST", "/admin/v1/servers/d1/drain?save=perhaps", None, 400, "save"),
    ("GET", "/admin/v1/traces?limit=-1", None, 400, "limit"),
    ("GET", "/admin/v1/nothing", None, 404, None),
]


def test_bad_input(admin):
    web, _, balancer = admin()
    before = web.get("/admin/v1/config").json()
    for method, path, body, status, where in BAD:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        answer = web.request(method, path, content=content, headers={"Content-Type": "application/json"} if content is not None else {})
        what = f"{method} {path} {str(body)[:80]}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code == status, what
        error = answer.json()["error"]
        assert error["message"] and error["code"], what
        assert where is None or error["param"] == where, what
        assert web.get("/admin/v1/config").json() == before, what
    assert web.post("/generate", json=ask).status_code == 200
    assert "sk-1" not in balancer.stderr + balancer.stdout


def test_every_mistake_is_told(admin):
    web, _, _ = admin()
    config = web.get("/admin/v1/config").json()
    config["prefill"][0]["weight"] = -1
    config["decode"][1]["url"] = "nowhere"
    config["policy"] = "best"
    answer = web.put("/admin/v1/config", json=config)
    assert answer.status_code == 422
    assert {problem["path"] for problem in answer.json()["problems"]} >= {"$.prefill[0].weight"}
    assert answer.json()["error"]["param"] in {problem["path"] for problem in answer.json()["problems"]}


# --- configuration

def test_config(admin):
    web, _, _ = admin("--engine-api-key", "engine-secret-55", "--max-in-flight", "50")
    config = web.get("/admin/v1/config").json()
    assert "secret" not in json.dumps(config)
    assert config["limits"]["in_flight"] == 50
    config["limits"]["in_flight"] = 60
    config["workers"] = 7
    config["decode"].pop()
    config["my_note"] = "kept"
    answer = web.put("/admin/v1/config", json=config)
    assert answer.json() == {"needs_restart": ["--workers"], "unknown_keys": ["$.my_note"]}, answer.text
    now = web.get("/admin/v1/config").json()
    assert (now["limits"]["in_flight"], now["workers"], len(now["decode"]), now["my_note"]) == (60, 2, 1, "kept")


def test_keys_of_the_command_line_stay(admin):
    """A configuration that knows nothing of keys opens no door."""
    web, _, _ = admin("--api-key", CLIENT, "--admin-key", ADMIN)
    mine = {"Authorization": f"Bearer {ADMIN}"}
    config = web.get("/admin/v1/config", headers=mine).json()
    assert CLIENT not in json.dumps(config) and ADMIN not in json.dumps(config)
    assert web.put("/admin/v1/config", json=config, headers=mine).status_code == 200
    assert web.post("/generate", json=ask).status_code == 401
    assert web.get("/admin/v1/config").status_code == 401
    assert web.get("/admin/v1/config", headers={"Authorization": f"Bearer {CLIENT}"}).status_code == 401
    assert web.post("/generate", json=ask, headers={"Authorization": f"Bearer {CLIENT}"}).status_code == 200


def test_statistics(admin):
    web, _, _ = admin()
    for _ in range(3):
        web.post("/generate", json=ask)
    stats = web.get("/admin/v1/stats").json()
    assert stats["in_flight"] == 0 and stats["connections"] >= 1 and stats["traces"] == 3 and stats["uptime_secs"] > 0
    assert sum(s["state"]["requests"] for s in stats["servers"] if s["role"] == "decode") == 3


def test_traces(admin):
    web, _, _ = admin()
    for i in range(5):
        web.post("/generate", json=ask, headers={"X-Request-Id": f"trace-{i}"})
    listed = web.get("/admin/v1/traces", params={"limit": 2}).json()["traces"]
    assert [trace["request_id"] for trace in listed] == ["trace-4", "trace-3"]
    one = web.get("/admin/v1/traces/trace-0").json()
    assert one["end"] == "ok" and one["status"] == 200 and {leg["role"] for leg in one["legs"]} == {"prefill", "decode"}
    assert 0 <= one["picked_ms"] <= one["first_token_ms"] <= one["ended_ms"]


# --- who may

REFUSED = [
    ({"Host": "evil.example"}, {}, 421),
    ({"Host": "localhost.evil.example:30000"}, {}, 421),
    ({"Origin": "http://evil.example"}, {}, 403),
    ({"Origin": "null"}, {}, 403),
    ({"Content-Type": "text/plain"}, {"content": b"{}"}, 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, {"content": b"a=b"}, 415),
    ({}, {"content": b"{}"}, 415),
]


@pytest.mark.parametrize("path", ["/admin/v1/servers/d2/disable", "/workers", "/register", "/pd_role_switch", "/remove_worker?url=http://127.0.0.1:2"])
def test_web_pages_may_not(admin, path):
    """T116: no web page reaches it through its visitor's browser, not even by rebinding a name."""
    web, _, _ = admin()
    before = web.get("/admin/v1/servers").json()["servers"]
    for headers, body, status in REFUSED:
        answer = web.post(path, headers=headers, **body)
        assert answer.status_code == status, f"{headers}: {answer.text}"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert web.options(path, headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}).status_code == 403
    assert [s["enabled"] for s in web.get("/admin/v1/servers").json()["servers"]] == [s["enabled"] for s in before]


def test_keys(admin):
    web, engines, balancer = admin("--admin-key", ADMIN, "--admin-host-name", "balancer.example")
    for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": "Bearer " + ADMIN[:-1]}):
        answer = web.get("/admin/v1/servers", headers=headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    for headers in ({"X-API-Key": ADMIN}, {"Authorization": f"Bearer {ADMIN}", "Host": "balancer.example"}):
        assert web.get("/admin/v1/servers", headers=headers).status_code == 200
    assert web.post("/generate", json=ask).status_code == 200  # clients need none
    # The key goes no further: the engine would have it in its log.
    answer = web.post("/pd_role_switch", json={"worker_url": engines["decode"][1]["url"], "new_role": "prefill"}, headers={"X-API-Key": ADMIN})
    assert answer.status_code == 200, answer.text
    assert ADMIN not in balancer.stderr + balancer.stdout


def local_address():
    """Of this machine, but not loopback; none when there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        return probe.getsockname()[0]


def test_not_from_the_network(mock, start):
    """T117: with the balancer open to the network the admin API is not, unless it is told to and has a key."""
    address = local_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    engines = mock()
    balancer = start(Serve, *engines.serve_options(), "--host", "0.0.0.0", "--admin-host-name", address)
    port = balancer.url.rsplit(":", 1)[1]
    assert httpx.get(f"http://{address}:{port}/livez").status_code == 200
    assert httpx.get(f"http://{address}:{port}/admin/v1/servers").status_code == 403
    assert httpx.get(f"http://127.0.0.1:{port}/admin/v1/servers").status_code == 200


def test_own_port(mock, start):
    engines = mock("--decode-ms", "1", prefill=1, decode=2)
    balancer = start(Serve, *engines.serve_options(), "--host", "0.0.0.0", "--admin-port", "0")
    own = balancer.wait_for(r"^admin API on (http://\S+)").group(1)
    assert own.startswith("http://127.0.0.1:")
    for path in ("/admin/v1/servers", "/admin/v1/events", "/workers", "/list_workers"):
        assert httpx.get(balancer.url + path).status_code == 404
    assert httpx.post(balancer.url + "/pd_role_switch", json={}).status_code == 404
    assert httpx.post(f"{own}/admin/v1/servers/d2/disable").json()["enabled"] is False
    assert httpx.post(f"{own}/generate", json=ask).status_code == 404
    with httpx.stream("GET", f"{own}/admin/v1/events", timeout=30) as events:
        lines = events.iter_lines()
        assert next(lines).startswith(":")
        httpx.post(f"{balancer.url}/generate", json=ask, headers={"X-Request-Id": "seen"})
        assert any('"seen"' in line for line in lines)
    address = local_address()
    if address and not address.startswith("127."):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://{address}:{own.rsplit(':', 1)[1]}/admin/v1/servers")


@pytest.mark.parametrize(("words", "says"), [
    (["--admin-key", ""], "--admin-key"),
    (["--admin-key-file", "/nonexistent/keys"], "/nonexistent/keys"),
    (["--admin-key-file", ""], "--admin-key-file"),
    (["--admin-port", "70000"], "--admin-port"),
    (["--admin-port", "0", "--admin-host", "nowhere"], "nowhere"),
    (["--admin-host-name", "http://a"], "http://a"),
])
def test_bad_flags(words, says):
    done = run("serve", *PAIR, "--port", "0", *words)
    assert done.returncode in (2, 3) and says in done.stderr, done.stderr


# --- SGLang's worker API

def test_workers(admin):
    web, engines, _ = admin()
    listed = web.get("/workers").json()
    assert listed["total"] == 4 and listed["stats"] == {"prefill_count": 2, "decode_count": 2, "regular_count": 0}
    assert {(w["id"], w["url"], w["worker_type"]) for w in listed["workers"]} >= {("d1", engines["decode"][0]["url"], "decode")}
    d2 = engines["decode"][1]["url"]
    removed = web.delete("/workers/d2")
    assert removed.status_code == 202 and removed.json()["status"] == "accepted" and removed.json()["worker_id"] == "d2"
    added = web.post("/workers", json={"url": d2, "worker_type": "decode", "priority": 50, "labels": {"zone": "a"}, "api_key": "worker-secret-1"})
    assert added.status_code == 202 and added.headers["Location"] == f"/workers/{added.json()['worker_id']}"
    assert "worker-secret" not in web.get("/admin/v1/config").text
    one = web.get(added.headers["Location"]).json()
    assert one["url"] == d2 and one["metadata"] == {"zone": "a"} and one["load"] == 0
    assert web.get(f"/workers/{d2.replace(':', '%3A').replace('/', '%2F')}").json() == one  # older gateways: the id is the URL
    assert web.put("/workers/d2", json={"labels": {"zone": "b"}}).status_code == 202
    assert web.get("/workers/d2").json()["metadata"] == {"zone": "b"}
    for method, path, body, status in [
        ("POST", "/workers", {"url": d2, "worker_type": "decode"}, 409),
        ("POST", "/workers", {"url": "http://127.0.0.1:9", "worker_type": "regular"}, 400),
        ("POST", "/workers", {"url": "http://127.0.0.1:9"}, 400),  # it cannot be asked either
        ("POST", "/workers", {"worker_type": "decode"}, 400),
        ("POST", "/workers", {"url": "http://127.0.0.1:9", "worker_type": "prefill", "bootstrap_port": 1.5}, 400),
        ("GET", "/workers/nobody", None, 404),
        ("PUT", "/workers/nobody", {}, 404),
        ("DELETE", "/workers/nobody", None, 404),
    ]:
        answer = web.request(method, path, json=body)
        assert answer.status_code == status and isinstance(answer.json()["error"], str), f"{method} {path} {body}: {answer.text}"
    assert names(web) == ["p1", "p2", "d1", "d2"]


def test_old_worker_calls(admin):
    web, engines, _ = admin()
    d2, p2 = engines["decode"][1]["url"], engines["prefill"][1]["url"]
    assert set(web.get("/list_workers").json()["urls"]) == {e["url"] for e in engines["prefill"] + engines["decode"]}
    for url in (d2, p2):
        assert web.post("/remove_worker", params={"url": url}).status_code == 200
    assert web.post("/remove_worker", params={"url": d2}).status_code == 404
    assert web.post("/remove_worker", params={"url": engines["decode"][0]["url"]}).status_code == 409  # the last one
    assert web.post("/add_worker", params={"url": d2}).status_code == 200  # the engine says what it is
    assert web.post("/add_worker", params={"url": p2}).status_code == 200
    roles = {w["url"]: w["worker_type"] for w in web.get("/workers").json()["workers"]}
    assert roles[d2] == "decode" and roles[p2] == "prefill"
    assert web.post("/add_worker", params={"url": d2}).status_code == 409
    assert web.post("/generate", json=ask).status_code == 200


def test_register(admin):
    """What SGLang's engines send to --pdlb URL."""
    web, engines, _ = admin()
    p2 = engines["prefill"][1]
    web.delete("/admin/v1/servers/p2")
    body = {"mode": "prefill", "registry_url": p2["url"], "bootstrap_port": p2["bootstrap_port"]}
    for _ in range(2):  # again after a restart
        answer = web.post("/register", json=body)
        assert answer.status_code == 200 and answer.content == b""
    assert names(web) == ["p1", "p2", "d1", "d2"]
    assert web.get("/admin/v1/servers/p2").json()["bootstrap_port"] == p2["bootstrap_port"]
    assert web.post("/generate", json=ask, headers={"X-Pdlb-Pair": "p2/*"}).status_code == 200
    for bad, status in [({**body, "mode": "both"}, 400), ({"mode": "prefill"}, 422), ({**body, "bootstrap_port": 0}, 422),
                        ({**body, "mode": "decode"}, 409), ([], 422)]:
        answer = web.post("/register", json=bad)
        assert answer.status_code == status and answer.json()["detail"], f"{bad}: {answer.text}"
    assert names(web) == ["p1", "p2", "d1", "d2"]


# --- fan-outs

@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/start_profile"), ("GET", "/start_profile"), ("POST", "/stop_profile"), ("POST", "/pause_generation"),
    ("POST", "/continue_generation"), ("POST", "/set_trace_level?level=2"), ("GET", "/set_trace_level?level=2")])
def test_fan_outs(admin, method, path):
    web, engines, _ = admin()
    answer = web.request(method, path, json={"mode": "in_place"} if method == "POST" else None)
    assert answer.status_code == 200 and answer.json()["success"] is True
    assert [(r["role"], r["status"]) for r in answer.json()["results"]] == [("prefill", 200)] * 2 + [("decode", 200)] * 2
    assert [r["name"] for r in answer.json()["results"]] == ["p1", "p2", "d1", "d2"]
    assert [r["url"] for r in answer.json()["results"]][3] == engines["decode"][1]["url"]


def test_fan_out_where_one_fails(mock, serve):
    engines = mock(prefill=1, decode=2, faults=["decode1:status=503,path=/start_profile,count=1", "decode1:status=400,path=/stop_profile"])
    web = httpx.Client(base_url=serve(engines).url, timeout=30)
    for path, status, one in (("/start_profile", 502, 503), ("/stop_profile", 400, 400)):
        answer = web.post(path)
        assert answer.status_code == status and answer.json()["success"] is False
        assert [r["status"] for r in answer.json()["results"]] == [200, 200, one]


@pytest.mark.parametrize("path", ["/v1/loads?include=disagg", "/get_loads"])
def test_loads(mock, serve, path):
    engines = mock(prefill=1, decode=2, faults=["decode1:status=503,path=/v1/loads"])
    answer = httpx.get(serve(engines).url + path, timeout=30)
    assert answer.status_code == 200 and set(answer.json()) == {"prefill", "decode"}
    [prefill], [good, bad] = answer.json()["prefill"], answer.json()["decode"]
    assert prefill["name"] == "p1" and prefill["loads"]["loads"][0]["disaggregation"]["mode"] == "prefill"
    assert good["url"] == engines.engines["decode"][0]["url"] and good["loads"]
    assert "503" in bad["error"] and "loads" not in bad


# --- the description

def test_description(mock, start):
    engines = mock(prefill=1, decode=1)
    balancer = start(Serve, *engines.serve_options(), "--log-level", "debug", "--workers", "1")
    description = httpx.get(f"{balancer.url}/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    validate(description)
    described = {path: {m.upper() for m in methods} for path, methods in description["paths"].items()}
    served = {m[2]: set(m[1].split(",")) for m in re.finditer(r"serves (\S+) (/\S+)", balancer.stderr)}
    assert described == served
    # And what is said to be served is: a method that nobody serves is answered with those that are.
    for path, methods in described.items():
        answer = httpx.request("BREW", balancer.url + re.sub(r"\{\w+\}", "x", path))
        assert answer.status_code == 405 and set(answer.headers["Allow"].split(", ")) - {"HEAD"} == methods, path


# --- under load, as a whole

def test_changes_while_clients_ask(admin, note):
    web, engines, balancer = admin(prefill=3, decode=3)
    failures, count, over = [], [0], threading.Event()

    def client():
        with httpx.Client(base_url=balancer.url, timeout=30) as mine:
            while not over.is_set():
                answer = mine.post("/v1/completions", json={"model": "m", "prompt": "hi", "max_tokens": 3})
                count[0] += 1
                if answer.status_code != 200:
                    failures.append(answer.text)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        config = web.get("/admin/v1/config").json()
        for i in range(100):
            config["decode"][i % 3]["enabled"] ^= True
            if not any(server["enabled"] for server in config["decode"]):
                config["decode"][0]["enabled"] = True
            answer = web.put("/admin/v1/config", json=config)
            assert answer.status_code == 200, answer.text
        for name in ("p2", "d3"):
            assert web.delete(f"/admin/v1/servers/{name}").status_code == 200
        switched = web.post("/pd_role_switch", json={"worker_url": engines["decode"][1]["url"], "new_role": "prefill"})
        assert switched.status_code == 200, switched.text
    finally:
        over.set()
        for thread in threads:
            thread.join()
    note(f"100 configurations, 2 removals and a role switch while {count[0]} requests ran: {len(failures)} failed")
    assert not failures
    assert count[0] > 100
