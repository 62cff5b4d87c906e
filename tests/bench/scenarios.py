# SPDX-License-Identifier: Apache-2.0
"""The scenarios. Each takes a Bench and the options and gives (figures for --json, markdown)."""
import asyncio
import sys
import time

import clients
from extremes import abort_storm, big_bodies, connect_storm, workers
from hostile import hostile
from processes import NotMeasured, cpu_seconds, descriptor_limit, forget_peak, peak_mib, rss_mib
from report import NOTHING, median, percentile, ratio, table
from targets import ENGINE, EVENTS, GAP_MS, GATEWAY, HAPROXY, MINI_LB, NGINX, PDLB_QNAM, find_program, first_line

WRK_CONNECTIONS = 16
SHORT_PROMPT = "hello " * 100
PROMPT_BYTES = {"1 KB": 1_000, "20 KB": 20_000, "100 KB": 100_000, "1 MB": 1_000_000}
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
    return stream_scenario(bench, options, options.conc, GAP_MS, waves, options.rounds)


def streams_600(bench, options):
    """The first scenario: routers that have just started, so that their memory is that of these streams."""
    return stream_scenario(bench, options, 600, 100, 1, options.rounds)


def streams_1000(bench, options):
    return stream_scenario(bench, options, 1000, 200, 1, min(options.rounds, options.most_rounds))


def streams_10000(bench, options):
    """Or as many as the machine's limit of descriptors allows: a router needs two for each, and some to spare."""
    count = min(10_000, (descriptor_limit() - 1400) // 2)
    slow = [MINI_LB, PDLB_QNAM]  # they take more than a core at this rate
    return stream_scenario(bench, options, count, 500, 1, min(options.rounds, options.most_rounds), over=5, without=slow)


def stream_scenario(bench, options, count, gap_ms, waves, rounds, over=0, without=()):
    prompt = (f"gap_ms={gap_ms} " if gap_ms != GAP_MS else "") + SHORT_PROMPT
    timeout = 30 + over + 2 * EVENTS * gap_ms / 1000

    def measure(target, waves=waves, count=count):
        request = clients.chat_request(target.port, prompt, stream=True, close=True)
        if waves > 1:  # not counted: connections to the engines are there, for however long a router keeps them
            asyncio.run(clients.stream_wave(target.port, request, count, timeout))
        return stream_figures(target, request, count, waves, timeout, EVENTS + 1, over)

    title = f"{count:,} SSE streams at once, {EVENTS} events {gap_ms} ms apart, {waves} wave{'s' * (waves > 1)} a round"
    found = interleave(bench, f"{count} streams", rounds, measure, with_engine=True, without=without)
    rows = []
    for name, own in found.items():
        m = medians(own)
        added = [median([o[figure] - e[figure] for o, e in zip(own, found[ENGINE])]) for figure in ("ttft_p50_ms", "ttft_p99_ms")]
        engine = name == ENGINE
        rows.append([name, m["cpu_us"], *([NOTHING] * 2 if engine else added), m["gap_p50_ms"], m["gap_p99_ms"], total(own, "chunks"),
                     total(own, "short"), own[0]["rss_before_mib"], own[0]["rss_peak_mib"],
                     NOTHING if engine else (own[0]["rss_peak_mib"] - own[0]["rss_before_mib"]) * 1024 / count,
                     *([NOTHING] * 3 if engine else ratios(found, own, "cpu_us")),
                     *([NOTHING] * 2 if engine else ratios({name: one[:1] for name, one in found.items()}, own[:1], "rss_peak_mib")[1:])])
    columns = [("CPU µs/chunk", 2), ("TTFT p50 added ms", 1), ("TTFT p99 added ms", 1), ("gap p50 ms", 1), ("gap p99 ms", 1), ("chunks", 0),
               ("short streams", 0), ("RSS before MiB", 1), ("RSS peak MiB", 1), ("KiB/stream", 1), *ratio_columns("CPU"),
               *ratio_columns("RSS peak")[1:]]
    return found, table(title, columns, rows) + generator_note(found)


def logprobs(bench, options):
    """SGLang's own streams with log-probabilities: the prompt's are in prefill's answer and have to be put into decode's events."""
    count = min(options.conc, 50)

    def measure(target):
        merged, plain = (stream_figures(target, clients.logprob_request(target.port, SHORT_PROMPT, merge), count, 2, 30, EVENTS + 1, 0)
                         for merge in (True, False))
        return {**merged, "plain_us": plain["cpu_us"], "merge_us": merged["cpu_us"] - plain["cpu_us"]}

    found = interleave(bench, "logprobs", options.rounds, measure, without=[NGINX, HAPROXY])
    rows = [[name, medians(own)["cpu_us"], medians(own)["plain_us"], medians(own)["merge_us"], total(own, "chunks"), total(own, "short"),
             *ratios(found, own, "cpu_us")[:2]] for name, own in found.items()]
    columns = [("CPU µs/event", 2), ("not merged", 2), ("merging", 2), ("events", 0), ("short streams", 0), *ratio_columns("CPU")[:2]]
    return found, table(f"logprobs: {count} /generate streams of 1 KB events, log-probabilities merged", columns, rows)


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


SCENARIOS = {"stream600": streams_600, "json": json_requests, "stream": streams, "stream1000": streams_1000, "prompt": prompt_sizes,
             "logprobs": logprobs, "big": big_bodies, "aborts": abort_storm, "connects": connect_storm, "workers": workers,
             "stream10000": streams_10000, "hostile": hostile}


def interleave(bench, scenario, count, measure, with_engine=False, without=()):
    """count rounds over all targets, each round starting with another one: name → its figures, round by round.

    A target that breaks down is left out from then on.
    """
    targets = [bench.decode] * with_engine + [target for target in bench.targets if target.name not in without]
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


def stream_figures(target, request, count, waves, timeout, events, over):
    async def run():
        ended = []
        for _ in range(waves):
            ended += await clients.stream_wave(target.port, request, count, timeout, over)
        return ended

    pid = target.child.pid
    before = rss_mib(pid)
    forget_peak(pid)
    cpu, own, wall = cpu_seconds(pid), time.process_time(), time.perf_counter()
    ended = asyncio.run(run())
    cpu, own, wall = cpu_seconds(pid) - cpu, time.process_time() - own, time.perf_counter() - wall
    ttft = [(client.first - client.started) * 1e3 for client in ended if client.first is not None]
    gaps = [gap for client in ended for gap in client.gaps]
    chunks = sum(client.events for client in ended)
    complete = sum(client.done and client.response.status == 200 and client.events == events for client in ended)
    return {"cpu_us": cpu / max(chunks, 1) * 1e6,
            "ttft_p50_ms": percentile(ttft, .5), "ttft_p99_ms": percentile(ttft, .99),
            "gap_p50_ms": percentile(gaps, .5), "gap_p99_ms": percentile(gaps, .99),
            "chunks": chunks, "short": count * waves - complete,
            "rss_before_mib": before, "rss_mib": rss_mib(pid), "rss_peak_mib": peak_mib(pid), "generator_cores": own / wall}


def generator_note(rounds):
    cores = max(one["generator_cores"] for own in rounds.values() for one in own)
    return (f"\nThe load generator took up to {cores:.2f} of one core"
            f"{'; it was the limit, do not quote the times' if cores > .8 else ''}.\n")


def medians(rounds):
    return {figure: median([one[figure] for one in rounds]) for figure in rounds[0]}


def total(rounds, figure):
    return sum(one[figure] for one in rounds)


def ratios(rounds, own, figure):
    return [ratio(own, rounds.get(peer), figure) for peer in (MINI_LB, GATEWAY, NGINX)]


def ratio_columns(what):
    return [(f"{what} ÷ {peer}", 2) for peer in ("mini_lb", "gateway", "nginx")]
