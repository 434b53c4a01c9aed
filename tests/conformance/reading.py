"""What a run showed: the lines of freqtrade's log that tell of trouble, and what the venue saw of it."""

import re
from collections import Counter
from typing import Any, Final

#: "2026-11-26 13:00:00,123 - freqtrade.worker - ERROR - …", and what Python adds below.
TROUBLE: Final = re.compile(r" - (?:WARNING|ERROR|CRITICAL) - |^Traceback ")
#: What it says when it was told to end and has cleaned up. Whatever it waited for just then (it loads its
#: markets again every hour) is broken off by its own interrupt, and Python tells of that below.
ENDED: Final = " - freqtrade - INFO - SIGINT received, aborting"
#: A run that lacks one of these proves nothing.
NEEDED: Final = ("entered long", "entered short", "left long", "left short", "stop placed", "stop cancelled")


def troubles(log: str) -> list[str]:
    """Lines that a run without trouble does not have, up to its end."""
    return [line for line in log.partition(ENDED)[0].splitlines() if TROUBLE.search(line)]


def deeds(orders: list[dict[str, Any]], stops: list[dict[str, Any]]) -> Counter[str]:
    """
    Count what freqtrade did, from the venue's own lists.

    Args:
        orders: rows of orders-history, of an account in one-way mode.
        stops: rows of orders-plan-history and orders-plan-pending.
    """
    counts = Counter[str]()
    for row in orders:
        if row["status"] == "filled":
            leaves = row["reduceOnly"] == "YES"
            is_long = (row["side"] == "buy") is not leaves
            counts[f"{'left' if leaves else 'entered'} {'long' if is_long else 'short'}"] += 1
    counts["stop placed"] = len(stops)
    counts["stop cancelled"] = sum(row["planStatus"] == "cancelled" for row in stops)
    return counts


def missing(counts: Counter[str]) -> list[str]:
    """What a run should have shown and did not."""
    return [deed for deed in NEEDED if not counts[deed]]
