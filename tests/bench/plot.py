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


def bars(axes, figures, figure, title, first_round=False):
    """From zero. What is far off the others ends at the edge, with its number."""
    names = [name for name in COLOURS if name in figures][::-1]
    values = {name: spread(figures[name][:1] if first_round else figures[name], figure) for name in names}
    highest = sorted(high for _, _, high in values.values())
    edge = highest[-1] * 1.2 if highest[-1] < 3 * highest[-2] else highest[-2] * 1.4
    for row, name in enumerate(names):
        middle, low, high = values[name]
        off = middle > edge
        axes.barh(row, min(middle, edge), color=COLOURS[name], xerr=None if off else [[middle - low], [high - middle]], error_kw={"lw": 1, "ecolor": "#444"})
        text = f"{middle:,.0f}" if middle >= 30 else f"{middle:.1f}"
        axes.annotate(f"{text} →" if off else text, (edge if off else high, row), xytext=(-4 if off else 4, 0), textcoords="offset points", va="center",
                      ha="right" if off else "left", fontsize=8, color="white" if off else "black")
    axes.set_yticks(range(len(names)), [NAMES.get(name, name) for name in names])
    axes.set_xlim(0, edge)
    axes.set_title(title, fontsize=10, loc="left")


def lines(axes, figures, title):
    loads = {"stream": 100, "stream600": 600, "stream1000": 1000, "stream10000": 9300}
    for name, colour in COLOURS.items():
        points = [(loads[load], *spread(figures[load][name], "cpu_us")) for load in loads if name in figures.get(load, {})]
        if len(points) > 1:
            x, y, low, high = zip(*points)
            axes.errorbar(x, y, [[a - b for a, b in zip(y, low)], [a - b for a, b in zip(high, y)]], color=colour, marker="o", ms=4, lw=1.5, capsize=2,
                          label=NAMES.get(name, name))
    axes.set_xscale("log")
    axes.set_xticks(list(loads.values()), [f"{count:,}" for count in loads.values()])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("streams at once", fontsize=9)
    axes.legend(fontsize=7, frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.95))
    axes.set_title(title, fontsize=10, loc="left")


def main():
    source, target = sys.argv[1:]
    with open(source) as file:
        figures = json.load(file)["figures"]
    figure, panels = plot.subplots(2, 2, figsize=(11, 7))
    bars(panels[0][0], figures["json"], "cpu_us", "CPU of the router, µs a JSON request")
    bars(panels[0][1], figures["stream"], "cpu_us", "CPU of the router, µs an SSE event, 100 streams")
    lines(panels[1][0], figures, "CPU of the router, µs an SSE event")
    bars(panels[1][1], figures["stream600"], "rss_peak_mib", "Memory, MiB, 600 streams of a router just started", first_round=True)
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    figure.tight_layout()
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main()
