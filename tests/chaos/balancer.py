# SPDX-License-Identifier: Apache-2.0
"""`pdlb serve` as a process whose log, descriptors, threads and memory are watched."""
import asyncio
import collections
import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PDLB = os.environ.get("PDLB", str(ROOT / "build/release/bin/pdlb"))
# Sanitizers hold freed memory back; what leaks they tell themselves, by the exit code.
SANITIZED = os.environ.get("PDLB_SANITIZED", "") not in ("", "0", "OFF")

Line = collections.namedtuple("Line", "end status text")

if not os.access(PDLB, os.X_OK):
    sys.exit(f"{PDLB} is no program: build pdlb, or say with PDLB= where it is")

_LINE = re.compile(r" pdlb\.request (end=(\S+) status=(\d+) id=(\S+) .*)")
_libc = ctypes.CDLL(None)

# Clients, proxies and engines are in one process: three to five descriptors for each request.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


async def until(condition, what, seconds=120.0):
    """Waits until the condition is true; a generous deadline, because the machine may be busy with other things."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what() if callable(what) else what}")
        await asyncio.sleep(0.05)
    return value


class Balancer:
    def __init__(self, folder, prefill, decode, *options):
        self.log_path = Path(folder) / "pdlb.log"
        self._log = open(self.log_path, "wb")
        # Every engine fails all the time here: breakers and probes would keep the requests from them, and a tenth of
        # them could not be retried.
        words = [PDLB, "serve", "--port", "0", "--log-level", "debug", "--no-breaker", "--no-health-check", "--retry-budget", "0",
                 "--trace-body-memory", str(4 << 20)]  # so that what records keep is soon all that they may keep
        for url in prefill:
            words += ["--prefill", url, "8998"]
        for url in decode:
            words += ["--decode", url]
        words += [str(option) for option in options]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, preexec_fn=_die_with_parent, env=environment
        )
        self.port = 0
        self.lines = collections.defaultdict(list)  # request id → its log lines
        self.signal_line = ""
        self._reader = open(self.log_path, encoding="utf-8", errors="replace")
        self._rest = ""

    async def start(self):
        """Waits until it listens, without holding up what else runs."""
        first = (await asyncio.get_running_loop().run_in_executor(None, self.process.stdout.readline)).decode()
        if not first.startswith("pdlb listens on "):
            self.kill()
            raise AssertionError(f"{PDLB} did not start: {first}{self.log_path.read_text()}")
        self.port = int(re.search(r":(\d+)", first).group(1))

    def read_log(self):
        """Takes in what the log has got since the last call."""
        lines = (self._rest + self._reader.read()).split("\n")
        self._rest = lines.pop()
        for line in lines:
            if found := _LINE.search(line):
                self.lines[found.group(4)].append(Line(found.group(2), int(found.group(3)), found.group(1)))
            elif " requests under way" in line:
                self.signal_line = line
        return self.lines

    def alive(self):
        return self.process.poll() is None

    def held(self):
        """(descriptors, threads)"""
        return tuple(len(os.listdir(f"/proc/{self.process.pid}/{what}")) for what in ("fd", "task"))

    def memory(self):
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu(self):
        """Seconds of CPU used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def terminate(self):
        """(exit code, requests that were under way at the signal)"""
        self.process.send_signal(signal.SIGTERM)
        await until(lambda: not self.alive(), "the balancer ends after SIGTERM")
        self.read_log()
        found = re.search(r"(\d+) requests under way", self.signal_line)
        return self.process.returncode, int(found.group(1)) if found else -1

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()
        self._reader.close()
