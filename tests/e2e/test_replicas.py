# SPDX-License-Identifier: Apache-2.0
"""Many balancers before the same engines: they share nothing and still do not get in each other's way."""
import array
import subprocess

import httpx2 as httpx

from programs import BUILD, die_with_parent

PRINT_ROOMS = BUILD / "tests" / "e2e" / "print_rooms"


def rooms_of(count, *words):
    return subprocess.Popen([PRINT_ROOMS, str(count), *words], stdout=subprocess.PIPE, preexec_fn=die_with_parent)


def distinct(processes):
    """How many different rooms they made, all of them valid."""
    rooms = set()
    for process in processes:
        data, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        numbers = array.array("Q", data)
        assert all(0 < room < 2**63 for room in numbers)
        rooms.update(numbers)
    return len(rooms)


def test_rooms_of_many_balancers():
    """They share nothing, and yet no room is made twice."""
    assert distinct([rooms_of(100_000) for _ in range(8)]) == 800_000
    assert distinct([rooms_of(1000, "7") for _ in range(2)]) == 1000  # a collision would be seen


def test_consistent_hash_agrees(mock, serve):
    """Whichever balancer a session comes to, it gets the same pair."""
    engines = mock("--decode-ms", "0", "--kv-ms", "0", "--prefill-tps", "0", prefill=3, decode=3)
    replicas = [serve(engines, "--policy", "consistent_hash") for _ in range(2)]

    def pairs(replica):
        body = {"text": "a", "sampling_params": {"max_new_tokens": 1}}
        with httpx.Client(base_url=replica.url, timeout=30) as client:
            answers = [client.post("/generate", json=body, headers={"X-Session-Id": f"session-{i}", "X-Pdlb-Debug": "1"}) for i in range(40)]
        assert {answer.status_code for answer in answers} == {200}
        return [(answer.headers["x-pdlb-prefill"], answer.headers["x-pdlb-decode"]) for answer in answers]

    first, second = (pairs(replica) for replica in replicas)
    assert first == second
    assert len(set(first)) > 3  # a choice, not the same pair for everybody
