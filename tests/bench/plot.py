#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what compare measured: build/bench/venv/bin/python tests/bench/plot.py figures.json resources/pictures/bench.png"""
import json
import statistics
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot

COLOURS = {"pdlb": "#2a7de1", "nginx mirror": "#4c9f50", "HAProxy, one leg": "#9aa0a6", "Rust gateway": "#d9822b", "Rust gateway, no log": "#e8b36d",
           "Python mini_lb": "#b4508f"}
NAMES = {"Rust gateway": "SGLang gateway (Rust)", "Rust gateway, no log": "the same, no log", "Python mini_lb": "SGLang mini_lb (Python)",
         "nginx mirror": "nginx, plain proxying", "HAProxy, one leg": "HAProxy, one leg only"}


def spread(rounds, figure):
    values = [one[figure] for one in rounds]
    return statistics.median(values), min(values), max(values)


def bars(axes, figures, figure, title):
    names = [name for name in COLOURS if name in figures][::-1]
    for row, name in enumerate(names):
        middle, low, high = spread(figures[name], figure)
        axes.barh(row, middle, color=COLOURS[name], xerr=[[middle - low], [high - middle]], error_kw={"lw": 1, "ecolor": "#444"})
        axes.annotate(f"{middle:,.0f}" if middle >= 100 else f"{middle:.1f}", (high, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), [NAMES.get(name, name) for name in names])
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 2)
    axes.set_title(title, fontsize=10, loc="left")


def lines(axes, figures, title):
    loads = [(int(name.removeprefix("stream") or 100), found) for name, found in figures.items() if name.startswith("stream")]
    for name, colour in COLOURS.items():
        points = sorted((count if count < 10000 else next(iter(found.values()))[0].get("streams", 9700), *spread(found[name], "cpu_us"))
                        for count, found in loads if name in found)
        if len(points) > 1:
            x, y, low, high = zip(*points)
            axes.errorbar(x, y, [[a - b for a, b in zip(y, low)], [a - b for a, b in zip(high, y)]], color=colour, marker="o", ms=4, lw=1.5, capsize=2,
                          label=NAMES.get(name, name))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("streams at once", fontsize=9)
    axes.legend(fontsize=7, frameon=False)
    axes.set_title(title, fontsize=10, loc="left")


def main():
    source, target = sys.argv[1:]
    with open(source) as file:
        figures = json.load(file)["figures"]
    figure, panels = plot.subplots(2, 2, figsize=(11, 7))
    bars(panels[0][0], figures["json"], "cpu_us", "CPU of the router, µs a JSON request")
    bars(panels[0][1], figures["stream"], "cpu_us", "CPU of the router, µs an SSE event, 100 streams")
    lines(panels[1][0], figures, "CPU of the router, µs an SSE event")
    bars(panels[1][1], figures["stream600"], "rss_peak_mib", "Memory, MiB, 600 streams")
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main()
