# SPDX-License-Identifier: Apache-2.0
"""What is measured: the two engines and every router in front of them, each on a free loopback port."""
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from clients import PATH
from processes import Child, NotMeasured, descriptor_limit, free_port

HERE = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP_PORT = 8998
EVENTS = 50
GAP_MS = 20

ENGINE = "engine alone"
MINI_LB = "Python mini_lb"
GATEWAY = "Rust gateway"
QUIET_GATEWAY = "Rust gateway, no log"
NGINX = "nginx mirror"
HAPROXY = "HAProxy, one leg"
PDLB = "pdlb"
PDLB_TWO = "pdlb, 2 workers"
PDLB_QNAM = "pdlb qnam"

NGINX_CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 4m;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 1000000000;
    upstream prefill {{ server 127.0.0.1:{prefill}; keepalive 256; keepalive_requests 1000000000; }}
    upstream decode {{ server 127.0.0.1:{decode}; keepalive 256; keepalive_requests 1000000000; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ mirror /mirror; proxy_pass http://decode; }}
        location = /mirror {{ internal; proxy_pass http://prefill$request_uri; }}
    }}
}}
"""


HAPROXY_CONFIG = """
global
    maxconn {connections}
    nbthread 1
    log stderr format raw daemon notice
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-no-delay
    http-reuse always
frontend clients
    bind 127.0.0.1:{port} backlog 4096
    default_backend decode
backend decode
    server d1 127.0.0.1:{decode} pool-max-conn 1000
"""


class Target:
    def __init__(self, name, port, child):
        self.name = name
        self.port = port
        self.child = child


class Bench:
    """Everything that is started. Close it to end all of it."""

    def __init__(self, workdir, backend=None):
        self.workdir = workdir
        self.children = []
        self.targets = []
        self.missing = {}  # name of a target or scenario → why it is not measured
        self.versions = {}
        self.backend = backend
        self.prefill = self.decode = None
        os.makedirs(os.path.join(workdir, "logs"), exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM):  # a second Ctrl-C does not leave anything behind
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self.children):
            child.stop()

    def start_engines(self):
        self.backend = self.backend or self._build_backend()
        self.prefill = self._start_engine("prefill", events=1)
        self.decode = self._start_engine("decode", events=EVENTS)

    def add(self, name, start):
        """Starts a target with start(port) and keeps it if it answers; notes why not otherwise."""
        print(f"starting {name} ...", file=sys.stderr, flush=True)
        try:
            port = free_port()
            child = start(port)
            wait_until_answering(port, child)
            self.targets.append(Target(name, port, child))
        except NotMeasured as why:
            self.leave_out(name, why)

    def leave_out(self, name, why):
        """Notes why a target is not measured, or not any more."""
        self.missing[name] = str(why)
        self.targets = [target for target in self.targets if target.name != name]
        print(f"{name} is not measured: {why}", file=sys.stderr, flush=True)

    def posts(self):
        """How many POSTs the prefill and the decode engine have got."""
        return tuple(int(request(engine.port, "GET", "/bench/posts")[1]) for engine in (self.prefill, self.decode))

    def start_pdlb(self, program, transport, port, workers=1):
        if not program:
            raise NotMeasured("no --pdlb given")
        return self._child(f"pdlb-{transport}-{port}", [
            program, "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--transport", transport,
            "--prefill", self._url(self.prefill), str(BOOTSTRAP_PORT), "--decode", self._url(self.decode),
            "--log-level", "warn"])

    def start_mini_lb(self, port):
        return self._child("mini_lb", self._sglang_router(port) + ["--mini-lb"])

    def start_gateway(self, port, log_level=None):
        return self._child(f"gateway-{log_level}", self._sglang_router(port) + [
            "--policy", "random", "--prometheus-port", str(free_port()), *(["--log-level", log_level] if log_level else [])])

    def start_haproxy(self, port):
        program = find_program("haproxy", "haproxy")
        self.versions["haproxy"] = first_line([program, "-v"])
        config = os.path.join(self.workdir, "haproxy.cfg")
        with open(config, "w") as file:
            file.write(HAPROXY_CONFIG.format(port=port, decode=self.decode.port, connections=9_900))
        return self._child("haproxy", [program, "-db", "-f", config])

    def start_nginx(self, port):
        program = find_program("nginx", "nginx-light")
        self.versions["nginx"] = first_line([program, "-v"])
        directory = os.path.join(self.workdir, "nginx")
        os.makedirs(directory, exist_ok=True)
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w") as file:
            file.write(NGINX_CONFIG.format(directory=directory, port=port, prefill=self.prefill.port,
                                           decode=self.decode.port, descriptors=descriptor_limit(), connections=descriptor_limit() - 1000))
        log = os.path.join(directory, "error.log")
        return self._child("nginx", [program, "-e", log, "-p", directory, "-c", config])

    def _url(self, engine):
        return f"http://127.0.0.1:{engine.port}"

    def _child(self, name, command):
        try:
            self.children.append(Child(command, os.path.join(self.workdir, "logs", f"{name}.log"), self.workdir))
        except OSError as error:
            raise NotMeasured(f"cannot start {command[0]}: {error.strerror}") from None
        return self.children[-1]

    def _sglang_router(self, port):
        python = self._venv()
        return [python, "-m", "sglang_router.launch_router", "--pd-disaggregation",
                "--prefill", self._url(self.prefill), str(BOOTSTRAP_PORT), "--decode", self._url(self.decode),
                "--host", "127.0.0.1", "--port", str(port)]

    def _venv(self):
        """The Python of the private environment with the pinned peers; made on the first use, then reused."""
        requirements = os.path.join(HERE, "requirements.txt")
        with open(requirements, "rb") as file:
            content = file.read()
        self.versions["peers"] = [line for line in content.decode().splitlines() if not line.startswith("#")]
        directory = os.path.join(self.workdir, "venv")
        python = os.path.join(directory, "bin", "python")
        stamp = os.path.join(directory, "pdlb-bench.sha256")
        digest = hashlib.sha256(content).hexdigest()
        if os.path.exists(python) and read_text(stamp) == digest:
            return python
        print("  installing the peers from PyPI ...", file=sys.stderr, flush=True)
        run_bounded([sys.executable, "-m", "venv", directory], 120, "python3 -m venv")
        run_bounded([python, "-m", "pip", "install", "--quiet", "-r", requirements], 600, "pip install")
        with open(stamp, "w") as file:
            file.write(digest)
        return python

    def _build_backend(self):
        source = os.path.join(HERE, "backend.cpp")
        program = os.path.join(self.workdir, "pdlb-bench-backend")
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            print("building the engine ...", file=sys.stderr, flush=True)
            compiler = os.environ.get("CXX", "c++")
            run_bounded([compiler, "-O2", "-std=c++20", "-o", program, source], 300, "building backend.cpp")
        return program

    def _start_engine(self, name, events):
        port = free_port()
        child = self._child(name, [self.backend, str(port), str(events), str(GAP_MS), "600"])
        try:
            wait_until_answering(port, child, seconds=10)
        except NotMeasured as why:
            raise NotMeasured(f"{name} engine {self.backend}: {why}") from None
        return Target(ENGINE, port, child)


def request(port, method, path, body=None, timeout=5):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def wait_until_answering(port, child, seconds=60):
    """Returns when a chat request is answered through the port with 200."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1})
    deadline = time.monotonic() + seconds
    seen = "no answer"
    while time.monotonic() < deadline:
        if not child.alive():
            raise NotMeasured(f"ended at start: {child.last_log_line() or 'it logged nothing'}")
        try:
            status, answer = request(port, "POST", PATH, body)
            if status == 200 and b'"choices"' in answer:
                return
            seen = f"last answer: status {status}"
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    raise NotMeasured(f"not ready after {seconds} s, {seen}")


def find_program(name, package):
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if not program:
        raise NotMeasured(f"{name} is missing (Debian package {package})")
    return program


def run_bounded(command, seconds, what):
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"{what}: not done after {seconds} s") from None
    except OSError as error:
        raise NotMeasured(f"{what}: {command[0]}: {error.strerror}") from None
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no message").splitlines()
        raise NotMeasured(f"{what} failed: {lines[-1][:200]}")


def first_line(command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=10)
    return ((result.stdout + result.stderr).strip().splitlines() or [""])[0]


def read_text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
