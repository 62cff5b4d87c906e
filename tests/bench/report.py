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


def ratios_of(rounds, peer_rounds, figure):
    """Own/peer, round by round: the two ran close together in each round, so the machine's drift cancels."""
    return [own[figure] / peer[figure] for own, peer in zip(rounds, peer_rounds or []) if peer[figure]]


def ratio(rounds, peer_rounds, figure):
    """The median of the rounds' ratios, with the least and the largest behind it."""
    found = [value for value in ratios_of(rounds, peer_rounds, figure) if not math.isnan(value)]
    if not found or rounds == peer_rounds:
        return NOTHING
    middle = f"{statistics.median(found):.2f}"
    return middle if len(found) == 1 else f"{middle} ({min(found):.2f}–{max(found):.2f})"


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
