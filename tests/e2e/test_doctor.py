# SPDX-License-Identifier: Apache-2.0
"""`pdlb doctor`, with engines given by flags and by file, and attached to a running balancer."""

import json
import threading

import httpx2 as httpx

from programs import run, until

KEY = "sesame-4711"


def doctor(engines, *words, **options):
    return run("doctor", *engines.serve_options(), *words, **options)


def findings(report):
    return {(f["where"], f["name"]) for pair in report["pairs"] for f in pair["findings"]}


def test_all_is_well(mock):
    done = doctor(mock(prefill=4, decode=4), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["good"] and len(report["pairs"]) == 16
    assert {pair["verdict"] for pair in report["pairs"]} == {"works"}


def test_mismatch(mock):
    engines = mock("--set", "decode1:page_size=128", decode=2)
    done = doctor(engines)
    assert done.returncode == 1 and "\x1b" not in done.stdout
    assert "FAILS page_size_mismatch" in done.stdout and "--page-size 64" in done.stdout
    report = json.loads(doctor(engines, "--json").stdout)
    assert [pair["verdict"] for pair in report["pairs"]] == ["works", "fails"]
    assert findings(report) == {("p1/d2", "page_size_mismatch")}
    # The pair that works, alone.
    assert doctor(engines, "--pair", "p1/d1").returncode == 0


def test_key(mock, tmp_path):
    engines = mock("--set", f"any:api_key={KEY}")
    done = doctor(engines)
    assert done.returncode == 1 and "auth_missing" in done.stdout and "--engine-api-key-file" in done.stdout
    key = tmp_path / "key"
    key.write_text(KEY)
    done = doctor(engines, "--engine-api-key-file", str(key), "--json")
    assert done.returncode == 0 and KEY not in done.stdout


def test_configuration_file(mock, tmp_path):
    engines = mock()
    file = tmp_path / "pdlb.json"
    # Its own port is an engine's: the doctor does not listen.
    port = int(engines.engines["prefill"][0]["url"].rpartition(":")[2])
    file.write_text(json.dumps({"version": 1, "port": port, "prefill": [{"url": engines.engines["prefill"][0]["url"], "name": "left"}],
                                "decode": [{"url": engines.engines["decode"][0]["url"], "name": "right"}]}))
    done = run("doctor", "--config", str(file))
    assert done.returncode == 0, done
    assert "left" in done.stdout and "right" in done.stdout


def test_usage():
    for words, code, said in (
        ([], 3, "prefill"),
        (["--pair", "p1"], 2, "PREFILL/DECODE"),
        (["--timeout", "0"], 2, "--timeout"),
        (["--prefill", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:2", "--pair", "p1/d7"], 2, "d7"),
        (["--attach", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:2"], 2, "--attach"),
        (["--attach", "http://127.0.0.1:1"], 1, "is pdlb running there?"),
    ):
        done = run("doctor", *words)
        assert done.returncode == code and said in done.stderr and done.stdout == "", done


def test_attach(mock, serve):
    balancer = serve(mock("--set", "decode1:kv_cache_dtype=fp8_e5m2", decode=2), "--admin-key", KEY)
    done = run("doctor", "--attach", balancer.url)
    assert done.returncode == 1 and "key" in done.stderr and done.stdout == "", done
    done = run("doctor", "--attach", balancer.url, "--admin-key", KEY)
    assert done.returncode == 1 and "FAILS kv_dtype_mismatch" in done.stdout and KEY not in done.stdout
    done = run("doctor", "--attach", balancer.url, "--pair", "p1/d1", "--json", env={"PDLB_ADMIN_KEY": KEY})
    assert done.returncode == 0 and len(json.loads(done.stdout)["pairs"]) == 1
    assert run("doctor", "--attach", balancer.url, "--admin-key", KEY, "--pair", "p1/d7").returncode == 2


def test_admin_call(mock, serve):
    engines = mock("--fault", "prefill:hang,path=/server_info")
    balancer = serve(engines, "--log-level", "error")
    url = f"{balancer.url}/admin/v1/doctor"
    for body, where in (({"timeout": 0}, "$.timeout"), ({"timeout": "x"}, "$.timeout"), ({"pairs": "p1/d1"}, "$.pairs"), ({"pairs": [["p1"]]}, "$.pairs")):
        answer = httpx.post(url, json=body)
        assert answer.status_code == 422 and answer.json()["error"]["param"] == where
    # The hanging question keeps it busy; what names no known pair is refused for that before and after, and begins nothing.
    answers = []
    first = threading.Thread(target=lambda: answers.append(httpx.post(url, json={"timeout": 5}, timeout=30)))
    first.start()
    refused = until(lambda: (a := httpx.post(url, json={"pairs": [["p9", "d9"]]}, timeout=30)).status_code == 409 and a, "a refusal")
    assert refused.json()["error"]["code"] == "doctor_running"
    first.join()
    assert answers[0].status_code == 200
    report = httpx.post(url, json={"timeout": 0.5}, timeout=30).json()
    assert ("p1", "server_info_silent") in findings(report)
