# SPDX-License-Identifier: Apache-2.0
"""Child processes of the benchmark: start, watch, end; CPU and memory of a process tree from /proc."""
import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class NotMeasured(Exception):
    """A target or a scenario that cannot be measured here. The text says why."""


class Child:
    """A process in a session of its own, so that it and its workers can be ended without touching any other one.

    It is not reaped before stop(), which keeps its process id (and so its group id) ours.
    """

    def __init__(self, command, log_path, cwd):
        self.log_path = log_path
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd, env=environment,
                start_new_session=True, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))
        self.pid = self.process.pid

    def alive(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def last_log_line(self):
        try:
            with open(self.log_path, errors="replace") as log:
                lines = [line.strip() for line in log if line.strip()]
        except OSError:
            return ""
        return lines[-1][:200] if lines else ""

    def stop(self):
        if self.process.returncode is not None:
            return
        os.killpg(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(timeout=10)


def tree(root):
    """The process ids of root and all its descendants."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent = int(_stat(name)[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(root):
    """User + system time of the tree's living threads, as the scheduler counts it: to the nanosecond, where the times in
    stat come in ticks of 10 ms."""
    total = 0
    for pid in tree(root):
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
            except OSError:
                pass
    return total / 1e9


def rss_mib(root):
    """Memory that is resident now, added up over the tree."""
    return _status_mib(root, "VmRSS:")


def peak_mib(root):
    """The most that each process had since it started, or since forget_peak(), added up."""
    return _status_mib(root, "VmHWM:")


def forget_peak(root):
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass


def _status_mib(root, field):
    total = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/status") as status:
                total += sum(int(line.split()[1]) for line in status if line.startswith(field))
        except OSError:
            pass
    return total / 1024


def _stat(pid):
    """Fields 3 (state) and on of /proc/PID/stat; the name before them may hold anything."""
    with open(f"/proc/{pid}/stat", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()


def free_port():
    """A free loopback port below the range of outgoing connections, so that no client takes it before its server."""
    for _ in range(200):
        port = random.randrange(18000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise NotMeasured("no free port on 127.0.0.1 between 18000 and 32000")


def raise_descriptor_limit(wanted=65536):
    """So many descriptors, or as many as are allowed, for us and what we start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))  # root may
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptor_limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
