"""
`make conformance`: freqtrade, unmodified, trades live on a venue for as many candles as it takes.

    venue  ◀── REST ── freqtrade (its own process, its own environment, its own wall clock)
      ▲
      └────── REST ── the crowd: one account that buys and sells a little, so that there are candles

A minute is a minute: freqtrade goes by the wall clock. Exits with 1 when freqtrade's log shows trouble,
when it ended by itself, or when it did not do all that it was to do.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.conformance.configuration import configuration
from tests.conformance.reading import deeds, missing, troubles
from tests.http.venue import MIX, Credentials, Product, Trader, VenueProcess

BTC: Final = Product("BTCUSDT", "USDT-FUTURES", "USDT", inverse=False)
CANDLE_SECONDS: Final = 60
#: The crowd's pace and size. Slower than this, candles would be flat; larger, they would move the book.
CROWD_SECONDS: Final = 2.0
CROWD_SIZE: Final = "0.001"
#: freqtrade cancels its orders before it ends.
END_SECONDS_MAX: Final = 60


def trade(folder: Path, freqtrade: Path, candles: int) -> bool:
    """Let freqtrade trade, tell what it did; whether that was all that it should."""
    venue = VenueProcess(folder / "venue.log", ("--memory", "--market", "synthetic")).start()
    try:
        key = venue.operator.open_key(balances={"USDT": "10000"})
        log, ended_early = run(venue, key, folder, freqtrade, candles)
        return tell(venue.trader(key), log, ended_early=ended_early, candles=candles)
    finally:
        venue.stop()


def run(
    venue: VenueProcess, key: Credentials, folder: Path, freqtrade: Path, candles: int
) -> tuple[str, bool]:
    """Run freqtrade beside the crowd; its log, and whether it ended by itself."""
    settings = folder / "freqtrade.json"
    settings.write_text(json.dumps(configuration(venue, key)))
    log = folder / "freqtrade.log"
    crowd = Crowd(venue.operator.trader())
    # A bot that finds a market without a past warns of it: one whole candle comes first.
    sys.stderr.write("two minutes of trades first; then freqtrade starts\n")
    crowd.trade_for(2 * CANDLE_SECONDS)
    process = subprocess.Popen(
        [
            *(freqtrade, "trade", "--config", settings, "--userdir", folder, "--logfile", log),
            *("--strategy", "Turning", "--strategy-path", Path(__file__).parent),
            *("--db-url", f"sqlite:///{folder / 'trades.sqlite'}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for candle in range(1, candles + 1):
            crowd.trade_for(CANDLE_SECONDS, lambda: process.poll() is None)
            lines = len(log.read_text().splitlines())
            sys.stderr.write(f"minute {candle} of {candles}: {lines} lines in {log}\n")
        ended_early = process.poll() is not None
        process.send_signal(signal.SIGINT)
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        ended_early = True
    finally:
        process.kill()
    return log.read_text(), ended_early


class Crowd:
    """Buys and sells a little in turn, so that there are candles and it ends with what it had."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self._moves = 0

    def trade_for(self, seconds: float, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Trade at its pace for so long, or until it is told to stop."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and goes_on():
            self._trader.market(BTC, "sell" if self._moves % 2 else "buy", CROWD_SIZE)
            self._moves += 1
            time.sleep(CROWD_SECONDS)


def tell(trader: Trader, log: str, *, ended_early: bool, candles: int) -> bool:
    """Print the figures and every line of trouble; whether the run was what it should be."""
    plans = {"planType": "profit_loss", "productType": BTC.product_type, "symbol": BTC.symbol}
    stops = [
        row
        for name in ("orders-plan-pending", "orders-plan-history")
        for row in trader.get(f"{MIX}/order/{name}", plans).data["entrustedList"]
    ]
    counts = deeds(trader.past_orders(BTC), stops)
    found = [*troubles(log), *(f"not seen: {deed}" for deed in missing(counts))]
    if ended_early:
        found.append("freqtrade did not run and end as it was told")
    figures = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    sys.stdout.write(f"freqtrade, {candles} candles of a minute: {figures}\n")
    sys.stdout.writelines(f"trouble: {line}\n" for line in found)
    return not found


def main(arguments: Sequence[str]) -> int:
    """Run once in a fresh folder; 1 on trouble."""
    parser = argparse.ArgumentParser(prog="make conformance", description="freqtrade against a venue.")
    parser.add_argument("folder", type=Path, help="for logs; made anew")
    parser.add_argument("freqtrade", type=Path, help="its command")
    parser.add_argument("--candles", type=int, default=60, help="how many minutes it trades")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True)
    return 0 if trade(given.folder.resolve(), given.freqtrade.resolve(), given.candles) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
