# SPDX-License-Identifier: Apache-2.0
"""Statistics over rounds and markdown tables."""
import math
import statistics

NOTHING = float("nan")


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else NOTHING


def median(values):
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else NOTHING


def ratio(rounds, peer_rounds, figure):
    """Median over the rounds of own/peer: the two ran close together in each round, so the machine's drift cancels."""
    if not peer_rounds:
        return NOTHING
    pairs = zip(rounds, peer_rounds)
    return median([own[figure] / peer[figure] if peer[figure] else NOTHING for own, peer in pairs])


def text(value, digits):
    if isinstance(value, str):
        return value
    return "–" if math.isnan(value) else f"{value:,.{digits}f}"


def table(title, columns, rows):
    """columns: (heading, digits); rows: lists of a name and the values."""
    lines = [f"### {title}", "", "| " + " | ".join(["target", *(heading for heading, _ in columns)]) + " |",
             "|" + "---|" + "---:|" * len(columns)]
    for name, *values in rows:
        cells = [text(value, digits) for value, (_, digits) in zip(values, columns)]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"
