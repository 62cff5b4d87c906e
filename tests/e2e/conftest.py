# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

import pytest
from openai import OpenAI

from programs import Mock, Program, Serve, die_with_parent

# Everything here talks to this machine.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)

_notes = []


@pytest.fixture
def note():
    """Says something in the summary: measurements, which no test depends on."""
    return _notes.append


def pytest_terminal_summary(terminalreporter):
    for line in _notes:
        terminalreporter.write_line(line)


class _Starter:
    """Starts programs and ends each of them, the last one first."""

    def __init__(self):
        self.programs = []

    def __call__(self, kind, *args, **options):
        program = kind(*args, **options)
        self.programs.append(program)
        return program

    def stop(self):
        failures = []
        for program in reversed(self.programs):
            try:
                program.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)


@pytest.fixture
def start():
    starter = _Starter()
    yield starter
    starter.stop()


@pytest.fixture
def mock(start):
    return lambda *options, **settings: start(Mock, *options, **settings)


@pytest.fixture
def serve(start):
    """serve(mock, options…): a balancer over these engines."""
    return lambda engines, *options: start(Serve, *engines.serve_options(), *options)


@pytest.fixture
def program(start):
    return lambda *command, **options: start(Program, list(command), **options)


@pytest.fixture
def faulty(mock, serve):
    """faulty(fault…): the URL of a balancer over engines with these faults."""
    return lambda *faults: serve(mock("--decode-ms", "1", faults=faults), "--log-level", "error").url


@pytest.fixture(scope="session")
def url():
    """A balancer over two faultless pairs, for all tests that leave no traces."""
    starter = _Starter()
    words = " ".join(f"w{i}" for i in range(1000))
    engines = starter(Mock, "--decode-ms", "1", "--kv-ms", "1", "--prefill-tps", "0", "--text", words, prefill=2, decode=2)
    balancer = starter(Serve, *engines.serve_options())
    yield balancer.url
    starter.stop()
    assert balancer.process.returncode == 0
    assert engines.process.returncode == 0


def openai_client(base, **options):
    return OpenAI(base_url=f"{base}/v1", api_key="unused", max_retries=0, timeout=30, **options)


@pytest.fixture
def openai():
    return openai_client


@pytest.fixture(scope="session")
def client(url):
    return openai_client(url)


@pytest.fixture
def curl():
    """curl(words…): what curl prints; its failure is the test's."""

    def run(*words, code=0, text=True):
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", "30", *words],
            capture_output=True, text=text, preexec_fn=die_with_parent,
        )
        assert done.returncode == code, f"curl {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
