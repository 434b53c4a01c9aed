"""The reader of `make conformance` sees trouble where there is some."""

from collections import Counter

import pytest

from tests.conformance.reading import NEEDED, deeds, missing, troubles

AT = "2026-11-26 13:15:06,189 - freqtrade"


@pytest.mark.parametrize(
    "line",
    [
        f"{AT}.exchange.common - WARNING - cancel_order() returned exception",
        f"{AT}.freqtradebot - ERROR - Unable to exit trade",
        f"{AT}.worker - CRITICAL - gone",
        "Traceback (most recent call last):",
    ],
)
def test_trouble_is_found(line: str) -> None:
    """Canary: a warning, an error or a traceback among lines of no interest."""
    log = "\n".join([f"{AT}.worker - INFO - Bot heartbeat", line, f"{AT}.wallets - INFO - Wallets synced."])
    assert [line] == troubles(log)
    assert [] == troubles(log.replace(line, ""))


def test_what_its_end_breaks_off_is_no_trouble() -> None:
    """Told to end it cleans up, which must go well; what Python says of its own interrupt is below that."""
    cleaning = f"{AT}.freqtradebot - ERROR - Could not cancel order"
    ending = [f"{AT} - INFO - SIGINT received, aborting ...", "2026 - asyncio - ERROR - Task was destroyed"]
    assert [cleaning] == troubles("\n".join([cleaning, *ending, "Traceback (most recent call last):"]))
    assert [ending[1]] == troubles(ending[1])


def test_deeds_are_counted() -> None:
    """A sell that reduces leaves a long; what was cancelled on the way is nothing that was done."""

    def order(side: str, reduce_only: str, status: str = "filled") -> dict[str, str]:
        return {"side": side, "reduceOnly": reduce_only, "status": status}

    orders = [
        order("buy", "NO"),
        order("sell", "YES"),
        order("sell", "NO"),
        order("buy", "YES"),
        order("buy", "NO", "canceled"),
    ]
    counts = deeds(orders, [{"planStatus": "cancelled"}, {"planStatus": "live"}])
    sides = {f"{what} {side}": 1 for what in ("entered", "left") for side in ("long", "short")}
    assert Counter(sides | {"stop placed": 2, "stop cancelled": 1}) == counts
    assert [] == missing(counts)
    assert list(NEEDED) == missing(Counter())
