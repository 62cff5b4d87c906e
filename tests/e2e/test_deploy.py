# SPDX-License-Identifier: Apache-2.0
"""What resources/deploy holds fits the program: names of metrics and flags, numbers that belong together; and the programs
it is written for accept it, those of them that are installed."""
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess

import httpx2 as httpx
import pytest
import yaml

from programs import PDLB, ROOT, Serve, die_with_parent, run, until

DEPLOY = ROOT / "resources" / "deploy"
LABELS = {"instance", "job", "endpoint", "prefill", "decode", "status", "end", "role", "server", "state", "result", "reused", "stream", "le"}
QUICK = ["--decode-ms", "1", "--kv-ms", "0", "--prefill-tps", "0"]


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, preexec_fn=die_with_parent)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def installed(name):
    """Its path; without it the test is skipped."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def text(name):
    return (DEPLOY / name).read_text()


@pytest.fixture(scope="module")
def flags():
    return set(re.findall(r"--[a-z][a-z0-9-]*", run("serve", "--help").stdout))


def flags_in(words):
    return {word.split("=")[0] for word in words if word.startswith("--")}


# --- Prometheus and Grafana

DASHBOARD = json.loads(text("grafana-dashboard.json"))
RULES = yaml.safe_load(text("prometheus-rules.yaml"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {f"panel {panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]}
EXPRESSIONS |= {rule["alert"]: rule["expr"] for group in RULES["groups"] for rule in group["rules"]}


@pytest.fixture(scope="module")
def families(url):
    """Name → type and labels, of all that /metrics shows."""
    exposition = httpx.get(f"{url}/metrics", timeout=30).text
    found = {name: (kind, set()) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE)}
    assert len(found) > 30
    return found


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_metrics_exist(families, name):
    expression = EXPRESSIONS[name]
    used = set(re.findall(r"\b(?:pdlb|process)_[a-z_]+\b", expression))
    assert used or expression == 'up{job="pdlb"} == 0'
    for metric in used:
        family = metric if metric in families else re.sub("_(bucket|sum|count)$", "", metric)
        assert family in families, f"pdlb has no {metric}"
        kind, _ = families[family]
        assert (family != metric) == (kind == "histogram"), f"{metric} is a {kind}"
        rated = re.search(rf"\b(rate|increase)\(\s*{metric}\b", expression) is not None
        assert rated == (kind in ("counter", "histogram")), f"{metric}: rates are for counters, and counters for rates"
    labels = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"", expression))
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        labels |= {label.strip() for label in group.split(",")}
    assert labels <= LABELS, labels - LABELS


def test_labels_exist(mock, serve):
    """Each of LABELS is on some metric; instance and job are Prometheus' own."""
    balancer = serve(mock(*QUICK))
    assert httpx.post(f"{balancer.url}/generate", json={"text": "a"}, timeout=30).status_code == 200
    exposition = until(lambda: (now := httpx.get(f"{balancer.url}/metrics", timeout=30).text) and "pdlb_requests_total{" in now and now, "a request")
    assert LABELS - {"instance", "job"} <= set(re.findall(r"[{,]([a-z]+)=\"", exposition))
    states = set(re.findall(r'pdlb_server_state\{.*state="(\w+)"', exposition))
    shown = set(re.findall(r'pdlb_server_state\{[^}]*state="(\w+)"', "\n".join(EXPRESSIONS.values())))
    assert shown == states


def test_dashboard_is_whole():
    assert len(PANELS) >= 20
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(identifiers) == len(set(identifiers))
    cells = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, f"{panel['title']} lies on another panel"
                cells.add((x, y))
    for panel in PANELS:
        assert panel["targets"] and panel["datasource"]["uid"] == "${datasource}", panel["title"]
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}


def test_alerts_say_what_to_do():
    for group in RULES["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("warning", "critical")
            assert len(rule["annotations"]["summary"]) > 10 and len(rule["annotations"]["description"]) > 20


def test_promtool(tmp_path):
    promtool = installed("promtool")
    assert f"{sum(len(group['rules']) for group in RULES['groups'])} rules found" in call(promtool, "check", "rules", DEPLOY / "prometheus-rules.yaml")
    # The dashboard's expressions are PromQL too.
    queries = [{"record": f"q{i}", "expr": expression.replace("$__rate_interval", "5m").replace("$instance", ".*")}
               for i, expression in enumerate(EXPRESSIONS.values())]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": queries}]}))
    assert f"{len(queries)} rules found" in call(promtool, "check", "rules", tmp_path / "queries.yaml")
    for source in (DEPLOY / "prometheus-rules.yaml", ROOT / "tests" / "e2e" / "rules_test.yaml"):
        shutil.copy(source, tmp_path)
    call(promtool, "test", "rules", tmp_path / "rules_test.yaml")


def test_promtool_lint(url):
    """Names, units and help as Prometheus wants them."""
    exposition = httpx.get(f"{url}/metrics", timeout=30).text
    done = subprocess.run([installed("promtool"), "check", "metrics"], input=exposition, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- systemd

def exec_start():
    return re.search(r"^ExecStart=(.*)$", text("pdlb.service"), re.MULTILINE).group(1).split()


def test_unit_flags(flags):
    assert exec_start()[:2] == ["/usr/bin/pdlb", "serve"]
    assert flags_in(exec_start()) <= flags


def test_unit(tmp_path):
    analyze = installed("systemd-analyze")
    unit = tmp_path / "pdlb.service"
    unit.write_text(text("pdlb.service").replace("/usr/bin/pdlb", PDLB))
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, timeout=60)
    about_us = [line for line in done.stderr.splitlines() if "pdlb" in line]
    assert (done.returncode, about_us) == (0, [])
    call(analyze, "security", "--no-pager", "--offline=true", "--threshold=20", unit)  # 2.0 of 10


def test_unit_waits_for_the_drain():
    drain = float(re.search(r"--drain-timeout.*[=[](\d+)", run("serve", "--help").stdout).group(1))
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", text("pdlb.service"), re.MULTILINE).group(1)) >= drain + 5


# --- Containers

def test_containerfile(flags):
    file = text("Containerfile")
    wanted = re.search(r"^build_packages=\(([^)]*)\)", (ROOT / "resources" / "bootstrap.sh").read_text(), re.MULTILINE).group(1).split()
    stages = file.split("\nFROM ")[1:]
    assert len(stages) == 2
    assert set(wanted) <= set(stages[0].split()), set(wanted) - set(stages[0].split())
    assert re.search(r"^USER (\d+):\d+$", stages[1], re.MULTILINE).group(1) != "0"
    entry, arguments = (json.loads(re.search(rf"^{word} (\[.*\])$", stages[1], re.MULTILINE).group(1)) for word in ("ENTRYPOINT", "CMD"))
    assert entry == ["/usr/bin/pdlb"] and arguments[0] == "serve"
    assert flags_in(arguments) <= flags
    port = arguments[arguments.index("--port") + 1]
    assert f"EXPOSE {port}" in stages[1]
    assert f"http://127.0.0.1:{port}/livez" in stages[1] and " curl" in stages[1]
    for kept in re.findall(r"^!(\S+)$", text("Containerfile.dockerignore"), re.MULTILINE):
        assert (ROOT / kept).exists(), kept


def test_container_builds(tmp_path):
    builder = shutil.which("podman") or shutil.which("docker")
    if not builder or os.environ.get("PDLB_TEST_CONTAINER") != "1":
        pytest.skip("takes minutes and the network: set PDLB_TEST_CONTAINER=1 where podman or docker is installed")
    done = subprocess.run([builder, "build", "-q", "-f", DEPLOY / "Containerfile", ROOT], capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stderr
    assert call(builder, "run", "--rm", done.stdout.split()[-1], "--version").startswith("pdlb ")


@pytest.fixture(scope="module")
def manifests():
    """Kind and name → manifest."""
    documents = list(yaml.safe_load_all(text("kubernetes.yaml"))) + list(yaml.safe_load_all(text("kubernetes-monitoring.yaml")))
    for document in documents:
        assert document["apiVersion"] and document["metadata"]["name"]
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def seconds_of(arguments, flag):
    return float(next(word.split("=")[1] for word in arguments if word.startswith(f"{flag}=")))


def test_kubernetes(manifests, flags, url):
    deployment = manifests["Deployment", "pdlb"]["spec"]
    pod = deployment["template"]["spec"]
    container, = pod["containers"]
    arguments = container["args"]
    assert arguments[0] == "serve" and flags_in(arguments) <= flags

    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"http": seconds_of(arguments, "--port"), "metrics": seconds_of(arguments, "--metrics-port")}
    for probe in ("readinessProbe", "livenessProbe"):
        get = container[probe]["httpGet"]
        assert get["port"] in ports
        assert httpx.get(url + get["path"], timeout=30).status_code == 200
    stop = container["lifecycle"]["preStop"]["exec"]["command"]
    assert stop[0] == "sleep"
    unready = container["readinessProbe"]["periodSeconds"] * container["readinessProbe"]["failureThreshold"]
    assert float(stop[1]) >= unready
    assert pod["terminationGracePeriodSeconds"] > float(stop[1]) + seconds_of(arguments, "--drain-timeout")

    mount, = container["volumeMounts"]
    keys = next(word.split("=")[1] for word in arguments if word.startswith("--api-key-file="))
    assert keys.startswith(mount["mountPath"] + "/")
    assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]

    labels = deployment["template"]["metadata"]["labels"]
    selectors = [deployment["selector"]["matchLabels"], manifests["Service", "pdlb"]["spec"]["selector"],
                 manifests["PodDisruptionBudget", "pdlb"]["spec"]["selector"]["matchLabels"]]
    assert all(selector.items() <= labels.items() for selector in selectors)
    monitor = manifests["ServiceMonitor", "pdlb"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= manifests["Service", "pdlb"]["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in manifests["Service", "pdlb"]["spec"]["ports"]}
    assert {port["targetPort"] for port in manifests["Service", "pdlb"]["spec"]["ports"]} <= ports.keys()


def test_kubernetes_finds_the_engines(manifests):
    arguments = manifests["Deployment", "pdlb"]["spec"]["template"]["spec"]["containers"][0]["args"]
    for role in ("prefill", "decode"):
        name, port = re.fullmatch(r"dns\+http://([a-z-]+):(\d+)", arguments[arguments.index(f"--{role}") + 1]).groups()
        service = manifests["Service", name]["spec"]
        assert service["clusterIP"] == "None"  # headless: each address a server; YAML says it as a word
        wanted = {int(port)} | ({int(arguments[arguments.index("--prefill") + 2])} if role == "prefill" else set())
        assert {port["port"] for port in service["ports"]} == wanted


# --- In front: HAProxy and nginx as they stand here, but for the ports

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def moved(config, front, balancers):
    """The configuration with other ports."""
    for old, new in [(8080, front)] + [(8001 + i, balancer.url.rsplit(":", 1)[1]) for i, balancer in enumerate(balancers)]:
        assert re.search(rf"\b{old}\b", config), old
        config = re.sub(rf"\b{old}\b", str(new), config)
    return config


def start_haproxy(program, tmp_path, config):
    (tmp_path / "haproxy.cfg").write_text(config)
    call(installed("haproxy"), "-c", "-f", tmp_path / "haproxy.cfg")
    return program(installed("haproxy"), "-db", "-f", tmp_path / "haproxy.cfg")


def start_nginx(program, tmp_path, config):
    paths = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config, count = re.subn(r"^http \{$", f"http {{ access_log off; {paths}", config, flags=re.MULTILINE)
    assert count == 1
    (tmp_path / "nginx.conf").write_text(config)
    main = f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;"
    words = ["-p", tmp_path, "-c", tmp_path / "nginx.conf"]
    call(installed("nginx"), *words, "-t", "-g", f"pid {tmp_path}/pid; error_log stderr;")
    return program(installed("nginx"), *words, "-g", main)


FRONTS = {"haproxy": (start_haproxy, "haproxy.cfg"), "nginx": (start_nginx, "nginx.conf")}


@pytest.fixture(params=FRONTS)
def front(request, program, start, mock, tmp_path):
    """The URL of a proxy before two balancers, which have one pair of engines."""
    starter, name = FRONTS[request.param]
    installed(request.param)
    engines = mock("--decode-ms", "20")
    balancers = [start(Serve, *engines.serve_options(), "--log-level", "error") for _ in range(2)]
    port = free_port()
    proxy = starter(program, tmp_path, moved(text(name), port, balancers))

    def answers():
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
        return False
    until(answers, "the proxy answers")
    yield f"http://127.0.0.1:{port}", balancers
    proxy.process.terminate()
    proxy.process.wait(15)
    proxy.stop = lambda: None  # its exit code is its own affair


def total(balancers, *parts):
    """Of the samples of pdlb_requests_total with these labels, per balancer."""
    sums = []
    for balancer in balancers:
        lines = httpx.get(f"{balancer.url}/metrics", timeout=30).text.splitlines()
        sums.append(sum(float(line.rsplit(" ", 1)[1]) for line in lines
                        if line.startswith("pdlb_requests_total{") and all(part in line for part in parts)))
    return sums


def test_tokens_pass_as_they_come(front):
    url, balancers = front
    body = {"text": "a", "stream": True, "sampling_params": {"max_new_tokens": 10_000}}
    with httpx.Client(timeout=30) as client, client.stream("POST", f"{url}/generate", json=body) as answer:
        chunks = answer.iter_raw()
        assert answer.status_code == 200
        for _ in range(3):
            assert b"data: " in next(chunks)
    # The client has left in the middle: the engines are told so.
    until(lambda: sum(total(balancers, 'end="client_gone"')) == 1, "the balancer learns that the client is gone")


def test_sessions_stay_together(front):
    url, balancers = front
    with httpx.Client(timeout=30) as client:
        def ask(headers):
            body = {"text": "a", "sampling_params": {"max_new_tokens": 1}}
            assert client.post(f"{url}/generate", json=body, headers=headers).status_code == 200
        for _ in range(6):
            ask({"X-Session-Id": "one"})
        until(lambda: sum(total(balancers)) == 6, "all counted")
        assert sorted(total(balancers)) == [0, 6]
        for i in range(30):
            ask({"X-Session-Id": f"other-{i}"})
        until(lambda: sum(total(balancers)) == 36, "all counted")
        assert min(total(balancers)) >= 1


def test_large_body(front):
    url, balancers = front
    answer = httpx.post(f"{url}/generate", json={"text": "x" * 8_000_000, "sampling_params": {"max_new_tokens": 1}}, timeout=30)
    assert answer.status_code == 200
