# SPDX-License-Identifier: Apache-2.0
"""What README and resources/examples tell people to do works as it stands there."""
import re
import subprocess
import sys

import httpx2 as httpx
import pytest

from programs import BUILD, ROOT, Program, die_with_parent, run

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


@pytest.fixture(scope="module")
def build_policy(prefix, tmp_path_factory):
    """build_policy(change): the policy example, changed, built against the installed package; the plugin's path."""

    def build(change=lambda code: code):
        source = tmp_path_factory.mktemp("policy")
        code = (EXAMPLES / "policy" / "by_model.cpp").read_text()
        (source / "by_model.cpp").write_text(change(code))
        (source / "CMakeLists.txt").write_text((EXAMPLES / "policy" / "CMakeLists.txt").read_text())
        call("cmake", "-G", "Ninja", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
        call("cmake", "--build", source / "build")
        return source / "build" / "by_model.so"

    return build


@pytest.fixture(scope="module")
def policy(build_policy):
    return build_policy()


def pairs_of(balancer, model):
    """The pairs that requests for a model go to, as "p1/d1"."""
    pairs = set()
    for _ in range(6):
        answer = httpx.post(
            f"{balancer.url}/generate", json={"model": model, "text": "Hello"}, headers={"X-Pdlb-Debug": "1"}, timeout=30
        )
        assert answer.status_code == 200
        pairs.add(answer.headers["x-pdlb-prefill"] + "/" + answer.headers["x-pdlb-decode"])
    return pairs


def test_policy_example(policy, mock, serve):
    balancer = serve(mock(prefill=2, decode=2), "--policy", f"plugin:{policy}?llama=p1,d2;qwen=p2,d1")
    assert pairs_of(balancer, "llama-3") == {"p1/d2"}
    assert pairs_of(balancer, "qwen-2.5") == {"p2/d1"}
    # The least busy one, and of those the first: mostly p1/d1, another while a leg of the request before is ending.
    assert "p1/d1" in pairs_of(balancer, "other")


def test_policy_example_refuses_options(policy):
    done = run("serve", "--prefill", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:2", "--port", "0",
               "--policy", f"plugin:{policy}?nonsense")
    assert done.returncode != 0
    assert "it refuses the options" in done.stderr and "expected MODEL=SERVER" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_policy_plugin_with_a_wrong_index(build_policy, mock, serve):
    """It is taken for the nearest that there is."""
    plugin = build_policy(lambda code: code.replace("return best >= 0 ? best :", "return best >= 0 ? best - 1000 :"))
    balancer = serve(mock(prefill=2, decode=2), "--decode-policy", f"plugin:{plugin}", "--prefill-policy", "round_robin")
    assert {pair[3:] for pair in pairs_of(balancer, "m")} == {"d1"}


@pytest.mark.parametrize("change, message", [
    (lambda code: code.replace("IID PDLB_POLICY_IID", 'IID "pdlb.PolicyFactory/0"'), 'expected "pdlb.PolicyFactory/1"'),
    (lambda code: code.replace("Q_INTERFACES(pdlb::fleet::PolicyFactory)", ""), "is Q_INTERFACES missing?"),
], ids=["another version", "no interface"])
def test_policy_plugin_that_does_not_fit(build_policy, change, message):
    done = run("serve", "--prefill", "http://127.0.0.1:1", "--decode", "http://127.0.0.1:2", "--port", "0",
               "--policy", f"plugin:{build_policy(change)}")
    assert done.returncode != 0
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


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
