# SPDX-License-Identifier: Apache-2.0
"""The scenarios. Each takes a Bench and the options and gives (figures for --json, markdown)."""
import asyncio
import sys
import time

import clients
from hostile import hostile
from processes import NotMeasured, cpu_seconds, rss_mib
from report import NOTHING, median, percentile, ratio, table
from targets import ENGINE, EVENTS, GAP_MS, GATEWAY, NGINX, find_program, first_line

WRK_CONNECTIONS = 16
SHORT_PROMPT = "hello " * 100
PROMPT_BYTES = {"20 KB": 20_000, "100 KB": 100_000, "1 MB": 1_000_000}
PROMPTS_A_ROUND = 100
NAGLE_MS = 35  # a little under the 40 ms of a delayed ACK


def json_requests(bench, options):
    wrk = find_program("wrk", "wrk")
    bench.versions["wrk"] = first_line([wrk, "-v"])
    def measure(target):
        posts, cpu = bench.posts(), cpu_seconds(target.child.pid)
        result = clients.run_wrk(wrk, target.port, options.secs, WRK_CONNECTIONS)
        cpu, requests = cpu_seconds(target.child.pid) - cpu, result["requests"]
        prefill, decode = ((after - before) / max(requests, 1) for after, before in zip(bench.posts(), posts))
        return {"requests_per_s": requests / (result["duration_us"] / 1e6), "cpu_us": cpu / max(requests, 1) * 1e6,
                "p50_ms": result["p50_us"] / 1e3, "p99_ms": result["p99_us"] / 1e3, "non_2xx": result["non_2xx"],
                "socket_errors": result["socket_errors"], "prefill_per_request": prefill, "decode_per_request": decode,
                "rss_mib": rss_mib(target.child.pid)}

    interleave(bench, "json, warm-up", 1, lambda target: clients.run_wrk(wrk, target.port, 1, WRK_CONNECTIONS))
    rounds = interleave(bench, "json", options.rounds, measure)
    rows = []
    for name, own in rounds.items():
        m = medians(own)
        rows.append([name, m["requests_per_s"], m["cpu_us"], m["p50_ms"], m["p99_ms"], total(own, "non_2xx"),
                     total(own, "socket_errors"), f"{m['prefill_per_request']:.2f} + {m['decode_per_request']:.2f}",
                     own[-1]["rss_mib"], *ratios(rounds, own, "requests_per_s"), *ratios(rounds, own, "cpu_us")])
    columns = [("req/s", 0), ("CPU µs/request", 1), ("p50 ms", 2), ("p99 ms", 2), ("non-2xx", 0), ("socket errors", 0),
               ("legs a request", 0), ("RSS MiB", 1), *ratio_columns("req/s"), *ratio_columns("CPU")]
    return rounds, table(f"json: wrk, {WRK_CONNECTIONS} connections, ~700 byte POST", columns, rows)


def streams(bench, options):
    waves = max(2, options.secs * 1000 // (EVENTS * GAP_MS) - 1)

    def measure(target, count=waves):
        return stream_figures(target, SHORT_PROMPT, options.conc, count, timeout=30)

    interleave(bench, "stream, warm-up", 1, lambda target: measure(target, 1), with_engine=True)
    rounds = interleave(bench, "stream", options.rounds, measure, with_engine=True)
    rows = []
    for name, own in rounds.items():
        m = medians(own)
        added = median([o["ttft_p50_ms"] - e["ttft_p50_ms"] for o, e in zip(own, rounds[ENGINE])])
        is_engine = name == ENGINE
        rows.append([name, m["cpu_us"], m["ttft_p50_ms"], m["ttft_p99_ms"], NOTHING if is_engine else added,
                     m["gap_p50_ms"], m["gap_p99_ms"], total(own, "chunks"), total(own, "short"), own[-1]["rss_mib"],
                     *([NOTHING] * 2 if is_engine else ratios(rounds, own, "cpu_us"))])
    columns = [("CPU µs/chunk", 1), ("TTFT p50 ms", 1), ("TTFT p99 ms", 1), ("added TTFT p50 ms", 1),
               ("gap p50 ms", 2), ("gap p99 ms", 2), ("chunks", 0), ("short streams", 0), ("RSS MiB", 1),
               *ratio_columns("CPU")]
    title = f"stream: {options.conc} SSE streams at once, {EVENTS} events {GAP_MS} ms apart, {waves} waves a round"
    return rounds, table(title, columns, rows) + generator_note(rounds)


def memory(bench, options):
    prompt = f"gap_ms={options.memory_gap_ms} {SHORT_PROMPT}"
    timeout = 30 + 2 * EVENTS * options.memory_gap_ms / 1000

    def measure(target):
        before = rss_mib(target.child.pid)
        figures = stream_figures(target, prompt, options.memory_conc, 1, timeout, watch_memory=True)
        return {**figures, "rss_before_mib": before}

    rounds = interleave(bench, "memory", 1, measure)
    rows = [[name, own[0]["rss_before_mib"], own[0]["rss_peak_mib"], own[0]["rss_mib"], own[0]["cpu_us"],
             own[0]["chunks"], own[0]["short"], *ratios(rounds, own, "rss_peak_mib"), *ratios(rounds, own, "cpu_us")]
            for name, own in rounds.items()]
    columns = [("RSS before MiB", 1), ("RSS peak MiB", 1), ("RSS after MiB", 1), ("CPU µs/chunk", 1), ("chunks", 0),
               ("short streams", 0), *ratio_columns("RSS peak"), *ratio_columns("CPU")]
    title = f"memory: {options.memory_conc} SSE streams at once, {EVENTS} events {options.memory_gap_ms} ms apart"
    return rounds, table(title, columns, rows) + generator_note(rounds)


def prompt_sizes(bench, options):
    seconds = max(1, options.secs / 3)
    figures, parts = {}, []
    for label, size in PROMPT_BYTES.items():
        prompt = ("hello " * (size // 6 + 1))[:size]

        def measure(target):
            times, failed, connections = asyncio.run(clients.prompts(target.port, prompt, seconds, PROMPTS_A_ROUND))
            return {"p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99), "failed": failed,
                    "connections": connections, "times_ms": [round(value, 3) for value in times]}

        rounds = interleave(bench, f"prompt {label}", options.rounds, measure, with_engine=True)
        figures[label] = rounds
        direct = [value for own in rounds[ENGINE] for value in own["times_ms"]]
        rows = []
        for name, own in rounds.items():
            times = [value for one in own for value in one["times_ms"]]
            p50, p99 = percentile(times, .5), percentile(times, .99)
            plateau = sum(value > percentile(direct, .5) + NAGLE_MS for value in times) / max(len(times), 1) * 100
            added = [NOTHING] * 2 if name == ENGINE else [p50 - percentile(direct, .5), p99 - percentile(direct, .99)]
            rows.append([name, p50, p99, *added, plateau, len(times), total(own, "failed"), total(own, "connections")])
        columns = [("p50 ms", 2), ("p99 ms", 2), ("added p50 ms", 2), ("added p99 ms", 2),
                   (f"% over +{NAGLE_MS} ms", 0), ("requests", 0), ("failed", 0), ("connections", 0)]
        parts.append(table(f"prompt: sequential keep-alive POSTs of {label}", columns, rows))
    return figures, "\n".join(parts)


SCENARIOS = {"json": json_requests, "stream": streams, "memory": memory, "prompt": prompt_sizes, "hostile": hostile}


def interleave(bench, scenario, count, measure, with_engine=False):
    """count rounds over all targets, each round starting with another one: name → its figures, round by round.

    A target that breaks down is left out from then on.
    """
    targets = [bench.decode] * with_engine + bench.targets
    rounds = {target.name: [] for target in targets}
    for number in range(count):
        for at in range(len(targets)):
            target = targets[(at + number) % len(targets)]
            if target.name not in rounds:
                continue
            print(f"{scenario}: round {number + 1}/{count}, {target.name}", file=sys.stderr, flush=True)
            try:
                rounds[target.name].append(measure(target))
                why = None
            except NotMeasured as error:
                why = error
            if not target.child.alive():
                why = NotMeasured(f"ended during {scenario}: {target.child.last_log_line() or 'it logged nothing'}")
            if why and target is bench.decode:
                raise why
            if why:
                bench.leave_out(target.name, why)
                del rounds[target.name]
    if not rounds:
        raise NotMeasured("no target is left")
    return rounds


def stream_figures(target, prompt, count, waves, timeout, watch_memory=False):
    pid, peak = target.child.pid, [0.0]

    async def watch():
        while True:
            peak[0] = max(peak[0], rss_mib(pid))
            await asyncio.sleep(0.5)

    async def run():
        watcher = asyncio.ensure_future(watch()) if watch_memory else None
        ended = []
        for _ in range(waves):
            request = clients.chat_request(target.port, prompt, stream=True, close=True)
            ended += await clients.stream_wave(target.port, request, count, timeout)
        if watcher:
            watcher.cancel()
        return ended

    cpu, own, wall = cpu_seconds(pid), time.process_time(), time.perf_counter()
    ended = asyncio.run(run())
    cpu, own, wall = cpu_seconds(pid) - cpu, time.process_time() - own, time.perf_counter() - wall
    ttft = [(client.first - client.started) * 1e3 for client in ended if client.first is not None]
    gaps = [gap for client in ended for gap in client.gaps]
    chunks = sum(client.events for client in ended)
    after = rss_mib(pid)
    return {"cpu_us": cpu / max(chunks, 1) * 1e6,
            "ttft_p50_ms": percentile(ttft, .5), "ttft_p99_ms": percentile(ttft, .99),
            "gap_p50_ms": percentile(gaps, .5), "gap_p99_ms": percentile(gaps, .99),
            "chunks": chunks, "short": sum(not complete(client) for client in ended),
            "rss_mib": after, "rss_peak_mib": max(after, peak[0]), "generator_cores": own / wall}


def complete(client):
    return client.done and client.response.status == 200 and client.events == EVENTS + 1


def generator_note(rounds):
    cores = max(one["generator_cores"] for own in rounds.values() for one in own)
    return (f"\nThe load generator took up to {cores:.2f} of one core"
            f"{'; it was the limit, do not quote the times' if cores > .8 else ''}.\n")


def medians(rounds):
    return {figure: median([one[figure] for one in rounds]) for figure in rounds[0]}


def total(rounds, figure):
    return sum(one[figure] for one in rounds)


def ratios(rounds, own, figure):
    return [ratio(own, rounds.get(peer), figure) for peer in (GATEWAY, NGINX)]


def ratio_columns(what):
    return [(f"{what} ÷ gateway", 2), (f"{what} ÷ nginx", 2)]
