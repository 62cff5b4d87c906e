# SPDX-License-Identifier: Apache-2.0
"""What README and resources/examples tell people to do works as it stands there."""
import re
import subprocess
import sys

import httpx2 as httpx
import pytest

from programs import BUILD, ROOT, Program, die_with_parent

EXAMPLES = ROOT / "resources" / "examples"
LICENCE_LINE = "// SPDX-License-Identifier: Apache-2.0\n"


def call(*command, timeout=120):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=timeout, preexec_fn=die_with_parent
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_readme_shows_the_embedding_example():
    readme = ROOT / "README.md"
    assert readme.exists(), "README.md is missing"
    blocks = re.findall(r"^```cpp\n(.*?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks, "README.md has no ```cpp block; it should show resources/examples/embed/main.cpp"
    code = (EXAMPLES / "embed" / "main.cpp").read_text().removeprefix(LICENCE_LINE)
    assert code in [block.removeprefix(LICENCE_LINE) for block in blocks], (
        "the ```cpp block in README.md is not the code of resources/examples/embed/main.cpp; copy the file there"
    )


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    call("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


def test_installed_program(prefix):
    assert call(prefix / "bin" / "pdlb", "--version").startswith("pdlb ")


def test_embedding_example(prefix, mock, start, tmp_path):
    """The example, built against the installed package, with the addresses of this test's engines."""
    engines = mock().engines
    source = tmp_path / "embed"
    source.mkdir()
    code = (EXAMPLES / "embed" / "main.cpp").read_text()
    addresses = {
        "config.port = 30000": "config.port = 0",
        "http://127.0.0.1:30001": engines["prefill"][0]["url"],
        "fixed(8998)": f"fixed({engines['prefill'][0]['bootstrap_port']})",
        "http://127.0.0.1:30002": engines["decode"][0]["url"],
    }
    for old, new in addresses.items():
        assert code.count(old) == 1, old
        code = code.replace(old, new)
    (source / "main.cpp").write_text(code)
    (source / "CMakeLists.txt").write_text((EXAMPLES / "embed" / "CMakeLists.txt").read_text())
    build = tmp_path / "build"
    cache = (BUILD / "CMakeCache.txt").read_text()
    # With the sanitizers, if any, that the library was built with.
    flags = "-fsanitize=address,undefined" if re.search(r"^PDLB_SANITIZE:BOOL=ON$", cache, re.MULTILINE) else ""
    call("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_FLAGS={flags}")
    call("cmake", "--build", build)

    embed = start(Program, [build / "embed"], stdin=subprocess.PIPE)
    url = embed.wait_for(r"listens on (http://\S+),", "stderr").group(1)
    assert httpx.get(f"{url}/health", timeout=30).status_code == 200
    answer = httpx.post(f"{url}/generate", json={"text": "Hello"}, timeout=30)
    assert answer.status_code == 200 and answer.json()["text"]
    embed.process.stdin.write("\n")
    embed.process.stdin.flush()
    assert embed.wait() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health", timeout=30)


def test_installed_headers_stand_alone(prefix, tmp_path):
    """Every public header brings what it includes; they are compiled as one file."""
    include = prefix / "include" / "pdlb"
    headers = sorted(path.relative_to(include) for path in include.rglob("*.h"))
    assert len(headers) >= 4
    (tmp_path / "all.cpp").write_text("".join(f"#include <{header}>\n" for header in headers))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(headers LANGUAGES CXX)\nfind_package(pdlb REQUIRED)\n"
        "add_library(headers OBJECT all.cpp)\ntarget_link_libraries(headers PRIVATE pdlb::core)\n"
    )
    build = tmp_path / "build"
    call("cmake", "-G", "Ninja", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", build)


def test_python_client(url):
    printed = call(sys.executable, EXAMPLES / "client.py", url)
    text = " ".join(f"w{i}" for i in range(16))
    assert f"at once:   {text}\n" in printed
    assert f"streamed:  {text}\n" in printed
    assert re.search(r"^usage: +\d+ \+ 16 tokens$", printed, re.MULTILINE)


def test_curl_client(url):
    printed = call("bash", EXAMPLES / "client.sh", url)
    assert printed.count("\n# ") == 2
    assert "data: [DONE]" in printed
    assert '"w0 w1 w2 w3"' in printed
