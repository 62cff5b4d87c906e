# SPDX-License-Identifier: Apache-2.0
"""Configuration files, their reload, and the flags of SGLang's router."""
import json
import re
import signal
from pathlib import Path

import httpx2 as httpx
import pytest

from programs import PDLB, ROOT, run, until

OK, FAILED, CONFIG = 0, 1, 3
PAIR = ["--prefill", "http://127.0.0.1:1", "8998", "--decode", "http://127.0.0.1:2"]
FLAGS = [line.split() for line in (Path(__file__).parent / "router_flags.txt").read_text().splitlines() if line[0] != "#"]
# They act on the log, or are always so: no part of a configuration.
NO_SETTING = {"--log-level", "--pd-disaggregation", "--mini-lb", "--api-key"}
GENERATE = {"text": "hello", "sampling_params": {"max_new_tokens": 2}}


def from_flags(*flags, **options):
    done = run("config", "from-flags", *flags, *PAIR, **options)
    assert done.returncode == OK, done.stderr
    return json.loads(done.stdout), done.stderr


def words(name, arity, value):
    return [name] if arity == "switch" else [name, value]


@pytest.mark.parametrize(("name", "arity", "value"), FLAGS, ids=[flag[0] for flag in FLAGS])
def test_flag_of_the_router(name, arity, value):
    """Each is taken and either means something or is named in the one warning."""
    both = {"--tls-cert-path": ["--tls-key-path", "/key.pem"], "--tls-key-path": ["--tls-cert-path", "/cert.pem"]}
    rest = both.get(name, [])
    plain, _ = from_flags()
    if name in NO_SETTING:
        if name != "--log-level":  # of serve alone
            config, warning = from_flags(*words(name, arity, value))
            assert config == plain and "without effect" not in warning
        assert run("serve", *PAIR, *words(name, arity, value), "--host", "no.such.host").returncode == CONFIG
        return
    config, warning = from_flags(*rest, *words(name, arity, value))
    if config != plain:
        assert warning == ""
    else:
        assert warning.count("without effect") == 1 and name in warning


def test_all_flags_of_the_router_at_once():
    """Values are not mistaken for others', and --prefill behind a list is still a flag."""
    given = []
    for name, arity, value in FLAGS:
        if name in NO_SETTING:
            continue
        given += words(name, arity, value)
        if arity in ("any", "more") and name != "--ca-cert-paths":
            given += ["2"] if name == "--prometheus-duration-buckets" else ["https://other.example"]
    done = run("config", "from-flags", *given, *PAIR)
    assert done.returncode == OK, done.stderr
    config = json.loads(done.stdout)
    assert config["prefill"] == [{"url": "http://127.0.0.1:1", "bootstrap_port": 8998}]
    assert config["decode"] == [{"url": "http://127.0.0.1:2"}]
    assert done.stderr.count("without effect") == 1
    # Lists that may be empty, right before the engines.
    for name, arity, _ in FLAGS:
        if arity == "any":
            assert from_flags(name)[0]["prefill"] == config["prefill"], name


def test_each_flag_of_the_router_is_documented():
    readme = (ROOT / "README.md").read_text()
    pages = readme + (ROOT / "docs" / "settings.md").read_text()
    assert [name for name, *_ in FLAGS if f"`{name}`" not in pages] == []
    given = [word for flag in FLAGS if flag[0] != "--log-level" for word in words(*flag)]
    warned = re.search("without effect here: (.*)", run("config", "from-flags", *given, *PAIR).stderr).group(1).split(", ")
    said = re.search("^Without effect, which one warning says: (.*)$", readme, re.MULTILINE).group(1)
    assert re.findall("`(--[^`]*)`", said) == warned


def test_values_of_the_router_in_our_units():
    config, _ = from_flags("--retry-initial-backoff-ms", "250", "--max-concurrent-requests", "-1", "--disable-circuit-breaker",
                           "--queue-timeout-secs", "7", "--rate-limit-tokens-per-second", "9", "--retry-max-retries", "4")
    assert config["retry"] == {"initial_backoff": 0.25, "retries": 4}
    assert config["breaker"] == {"enabled": False}
    assert config["deadlines"] == {"queue": 7}
    assert config["rate"] == {"per_second": 9}
    assert "limits" not in config


def test_init_check_show(tmp_path):
    file = tmp_path / "pdlb.json"
    assert run("config", "init", file).returncode == OK
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("config", "check", file).returncode == OK
    shown = json.loads(run("config", "show", file).stdout)
    assert shown["port"] == 8000 and shown["health"]["interval"] == 5 and shown["prefill"][0]["weight"] == 1
    again = run("config", "init", file)
    assert again.returncode == FAILED and "--force" in again.stderr
    assert run("config", "init", "--force", file).returncode == OK
    assert (tmp_path / "pdlb.json.bak").exists()
    # What is shown is a configuration too.
    file.write_text(json.dumps(shown))
    assert json.loads(run("config", "show", file).stdout) == shown


def test_check_names_every_mistake(tmp_path):
    file = tmp_path / "pdlb.json"
    file.write_text('{"version": 1, "port": 70000, "policy": "luck", "prefill": [{"url": "x://"}], "decode": []}')
    done = run("config", "check", file)
    assert done.returncode == CONFIG and done.stdout == ""
    assert re.findall(r": (\$[^:]*):", done.stderr) == ["$.port", "$.prefill[0].url", "$.decode", "$.policy"]
    for word in ("serve", "--config"), ("config", "show"):
        assert run(*word, file).returncode == CONFIG
    for wrong, says in ((b"\xff{}", "JSON"), (b"{", "JSON"), (b'{"version": 1, "port": 1, "port": 2}', "$.port: the key")):
        file.write_bytes(wrong)
        done = run("config", "check", file)
        assert done.returncode == CONFIG and says in done.stderr and done.stderr.count("\n") == 1


def test_saved_from_flags_serves(tmp_path, mock, program):
    engines = mock()
    file, key = tmp_path / "pdlb.json", tmp_path / "key"
    key.write_text("secret-key\n")
    key.chmod(0o600)
    done = run("config", "from-flags", *engines.serve_options(), "--api-key-file", key, "--api-key", "other-secret", "--save", file)
    assert done.returncode == OK and "keys are never in the file" in done.stderr
    assert "secret-key" not in file.read_text() and "other-secret" not in file.read_text()
    # A flag goes before the file.
    server = program(PDLB, "serve", "--config", file, "--port", "0", "--workers", "1")
    url = server.wait_for(r"^pdlb listens on (\S+)").group(1)
    assert httpx.post(f"{url}/generate", json=GENERATE).status_code == 401
    assert httpx.post(f"{url}/generate", json=GENERATE, headers={"X-API-Key": "secret-key"}).status_code == 200


@pytest.fixture
def reloading(tmp_path, mock, program):
    """A balancer with one engine of two, and a function that writes its file and sends SIGHUP."""
    engines = mock("--decode-ms", "5", decode=2)
    file = tmp_path / "pdlb.json"
    prefill = engines.engines["prefill"][0]
    config = {"version": 1, "port": 0, "workers": 1,
              "prefill": [{"url": prefill["url"], "bootstrap_port": prefill["bootstrap_port"]}],
              "decode": [{"url": engines.engines["decode"][0]["url"], "name": "one"}],
              "access": {"debug_headers": True}}
    file.write_text(json.dumps(config))
    server = program(PDLB, "serve", "--config", file)
    server.url = server.wait_for(r"^pdlb listens on (\S+)").group(1)

    def reload(text):
        file.write_text(text if isinstance(text, str) else json.dumps(text))
        server.signal(signal.SIGHUP)

    return server, config, engines.engines["decode"][1]["url"], reload


def picked(server):
    answer = httpx.post(f"{server.url}/generate", json=GENERATE)
    assert answer.status_code == 200
    return answer.headers["x-pdlb-decode"]


def test_hangup_reloads(reloading):
    server, config, other, reload = reloading
    assert picked(server) == "one"
    config["decode"] = [{"url": other, "name": "two"}]
    reload({**config, "port": 1, "workers": 2})
    server.wait_for(r"SIGHUP: .*pdlb\.json is in force, with 1 prefill and 1 decode", "stderr")
    assert "need a restart: --port, --workers" in server.wait_for("need a restart.*", "stderr").group()
    until(lambda: picked(server) == "two", "the new engine is used")


def test_broken_file_changes_nothing(reloading):  # T105
    server, config, other, reload = reloading
    broken = [
        "{",
        {**config, "decode": [{"url": other, "name": "two"}, {"url": "nonsense://"}]},
        {**config, "decode": [{"url": other, "name": "two"}], "policy": "luck"},
        {**config, "decode": [{"url": other, "name": "two"}], "access": {"api_key_refs": ["file:/no/such/file"]}},
        {**config, "decode": [{"url": other, "name": "two"}], "policy": "plugin:/no/such/file.so"},
    ]
    for number, text in enumerate(broken, 1):
        reload(text)
        until(lambda: server.stderr.count("nothing has changed") == number, "it says so")
        assert picked(server) == "one"
    lines = [line for line in server.stderr.splitlines() if "nothing has changed" in line]
    for line, says in zip(lines, ("no valid JSON", "$.decode[1].url", "$.policy", "$.access.api_key_refs[0]", "plugin")):
        assert "pdlb.json" in line and says in line
    assert server.process.poll() is None


def test_reload_while_requests_run(reloading):
    server, config, other, reload = reloading
    stream = {**GENERATE, "stream": True, "sampling_params": {"max_new_tokens": 100}}
    with httpx.stream("POST", f"{server.url}/generate", json=stream, timeout=30) as answer:
        first = next(chunks := answer.iter_bytes())
        reload({**config, "decode": [{"url": other, "name": "two"}]})
        server.wait_for("is in force", "stderr")
        rest = first + b"".join(chunks)
    assert rest.endswith(b"data: [DONE]\n\n")
    until(lambda: picked(server) == "two", "the new engine is used")


def test_without_a_file_hangup_ends_it(mock, serve):
    server = serve(mock())
    server.signal(signal.SIGHUP)
    assert server.wait() == -signal.SIGHUP
