# SPDX-License-Identifier: Apache-2.0
"""pdlb's programs as real processes: started on free ports, watched line by line, always ended."""
import ctypes
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

PDLB = os.environ["PDLB"]
BUILD = Path(os.environ["PDLB_BUILD"])
TABLE_DUMP = BUILD / "tests" / "tables" / "table_dump"
ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 15.0  # seconds for something that should take milliseconds

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: killed when pytest is, however that happens."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(*args, **options):
    """Runs pdlb to its end."""
    options = {"capture_output": True, "text": True, "timeout": 30, **options}
    return subprocess.run([PDLB, *args], preexec_fn=die_with_parent, **options)


def until(condition, what, deadline=DEADLINE):
    """The condition's value as soon as it is true."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.005)
    return value


class Program:
    """A process whose output is collected all the time, so that it never waits for us."""

    def __init__(self, command, before=None, **options):
        """`before` is called in the child, ahead of the program."""
        self.command = [str(word) for word in command]

        def prepare():
            die_with_parent()
            if before:
                before()

        self.process = subprocess.Popen(
            self.command,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
            **options,
        )
        self._texts = {"stdout": "", "stderr": ""}
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._collect, args=(name, getattr(self.process, name)), daemon=True)
            for name in self._texts
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self, name, pipe):
        for line in pipe:
            with self._changed:
                self._texts[name] += line
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def stdout(self):
        return self._texts["stdout"]

    @property
    def stderr(self):
        return self._texts["stderr"]

    def wait_for(self, pattern, stream="stdout", deadline=DEADLINE):
        """The first match of the pattern in what the program has printed or will print."""
        expression = re.compile(pattern, re.MULTILINE)

        def found():
            return expression.search(self._texts[stream])

        def over():
            return found() or not any(reader.is_alive() for reader in self._readers)

        with self._changed:
            self._changed.wait_for(over, deadline)
            match = found()
        assert match, f"{self} did not print /{pattern}/:\n{self.stdout}{self.stderr}"
        return match

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, deadline=DEADLINE):
        """The exit code, when all output has been read."""
        try:
            code = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self} did not end within {deadline} s:\n{self.stdout}{self.stderr}") from None
        for reader in self._readers:
            reader.join(DEADLINE)
        return code

    def stop(self):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def __str__(self):
        return " ".join(["pdlb", *self.command[1:]])


class Mock(Program):
    """`pdlb mock`: engines to balance over."""

    def __init__(self, *options, prefill=1, decode=1, faults=()):
        super().__init__(
            [PDLB, "mock", "--json", "--prefill", prefill, "--decode", decode]
            + [word for fault in faults for word in ("--fault", fault)]
            + list(options)
        )
        try:
            self.engines = json.loads(self.wait_for(r"^\{.*\}$").group())
        except BaseException:
            self.process.kill()
            raise

    def serve_options(self):
        """What makes `pdlb serve` use these engines."""
        words = []
        for engine in self.engines["prefill"]:
            words += ["--prefill", engine["url"], str(engine["bootstrap_port"])]
        for engine in self.engines["decode"]:
            words += ["--decode", engine["url"]]
        return words


class Serve(Program):
    """`pdlb serve` on a free port."""

    def __init__(self, *options, **settings):
        workers = [] if "--workers" in options else ["--workers", "2"]
        super().__init__([PDLB, "serve", "--port", "0", *workers, *options], **settings)
        try:
            self.url = self.wait_for(r"^pdlb listens on (https?://\S+)").group(1)
        except BaseException:
            self.process.kill()
            raise


def listening_port(pid):
    """The port a process listens on, found without its help; None when there is none yet."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            sockets.add(os.readlink(entry))
        except FileNotFoundError:
            pass
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
            return int(fields[1].rpartition(":")[2], 16)
    return None
