"""
`backhand demo`: the documented reversals, played by ccxt over HTTP against a venue that is then killed.

Every case states the positions it must end with; the command fails if one differs. ccxt is used as its
users use it: only its base address is changed.
"""

import json
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

SEED: Final = 7
#: ccxt keeps one base address per product line of the exchange.
CCXT_SECTIONS: Final = (
    "spot", "mix", "user", "p2p", "broker", "margin", "common", "tax", "convert", "copy", "earn", "uta",
)  # fmt: skip
RATE_LIMIT_PER_SECOND: Final = 10
#: Seconds in which the limit is tried before the demo says that it was not met.
BURSTS_MAX: Final = 5
#: Columns of the tables where no terminal says how wide it is.
LOG_WIDTH: Final = 130

Positions = dict[str, Decimal]


class Case(NamedTuple):
    """One reversal: what is held before, what is sent, and what must be held after (base coin per side)."""

    title: str
    symbol: str
    hedge: bool
    before: Positions
    body: dict[str, str]
    after: Positions
    balances: dict[str, str]


def _lots(**sides: str) -> Positions:
    return {side: Decimal(size) for side, size in sides.items()}


def _body(symbol: str, product_type: str, margin_coin: str, **more: str) -> dict[str, str]:
    return {"symbol": symbol, "productType": product_type, "marginCoin": margin_coin, **more}


USDT: Final = {"USDT": "100000"}
CASES: Final = (
    Case(
        "hedge, part of a long",
        "ETH/USDT:USDT",
        True,
        _lots(long="20"),
        _body("ETHUSDT", "USDT-FUTURES", "USDT", side="buy", tradeSide="open", size="3"),
        _lots(long="17", short="3"),
        USDT,
    ),
    Case(
        "hedge, more than is held",
        "ETH/USDT:USDT",
        True,
        _lots(long="10"),
        _body("ETHUSDT", "USDT-FUTURES", "USDT", side="buy", tradeSide="open", size="11"),
        _lots(short="10"),
        USDT,
    ),
    Case(
        "one-way, no size",
        "ETH/USDT:USDT",
        False,
        _lots(long="20"),
        _body("ETHUSDT", "USDT-FUTURES", "USDT", side="sell"),
        _lots(short="20"),
        USDT,
    ),
    Case(
        "one-way, the documented sample",
        "ETH/USDT:USDT",
        False,
        _lots(long="20"),
        _body("ethusdt", "USDT-FUTURES", "usdt", size="30", clientOid="12345"),
        _lots(short="20"),
        USDT,
    ),
    Case(
        "COIN-FUTURES (inverse)",
        "BTC/USD:BTC",
        False,
        _lots(long="0.5"),
        _body("BTCUSD", "COIN-FUTURES", "BTC", side="sell"),
        _lots(short="0.5"),
        {"BTC": "1"},
    ),
    Case(
        "USDC-FUTURES",
        "ETH/USDC:USDC",
        True,
        _lots(short="5"),
        _body("ETHPERP", "USDC-FUTURES", "USDC", side="sell", tradeSide="open"),
        _lots(long="5"),
        {"USDC": "100000"},
    ),
)


class Venue:
    """A `backhand serve` in a process of its own, on a data folder that outlives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        """Start on the folder and wait for the ready line."""
        command = [
            sys.executable,
            "-m",
            "backhand",
            "serve",
            "--data",
            str(self._folder / "data"),
            "--port",
            "0",
        ]
        command += ["--market", "synthetic", "--seed", str(SEED)]
        with (self._folder / "venue.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            log_text = (self._folder / "venue.log").read_text()
            raise SystemExit(f"the venue did not start; it said:\n{log_text}")
        self.address = json.loads(line)["rest"]

    def kill(self) -> int:
        """SIGKILL, as a power cut would be; returns the process id that is gone."""
        process = self._process
        if process is None:
            return 0
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
        self._process = None
        return process.pid

    def operator(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Call the operator's API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
        return answer

    def stop(self) -> None:
        """End the venue if it still runs."""
        self.kill()


class Trader:
    """An account of the venue, and ccxt holding its key."""

    def __init__(self, venue: Venue, balances: dict[str, str]) -> None:
        self.key = venue.operator("/_venue/accounts", {"balances": balances})
        self._connect(venue)

    def _connect(self, venue: Venue) -> None:
        import ccxt  # noqa: PLC0415 (an optional extra, and slow to import)

        self.exchange: Any = ccxt.bitget(
            {
                "apiKey": self.key["apiKey"],
                "secret": self.key["secretKey"],
                "password": self.key["passphrase"],
                "options": {"defaultType": "swap"},
                "urls": {"api": dict.fromkeys(CCXT_SECTIONS, venue.address)},
                # The venue keeps the limits; ccxt's own pace would only make the demo slow.
                "enableRateLimit": False,
            }
        )
        self.exchange.load_markets()

    def reconnect(self, venue: Venue) -> None:
        """Use the same key against a venue that was started again."""
        self._connect(venue)

    def open(self, case: Case) -> None:
        """Bring the account to the case's first positions with market orders."""
        if case.hedge:
            self.exchange.set_position_mode(True, case.symbol)
        for side, size in case.before.items():
            direction = "buy" if side == "long" else "sell"
            self.exchange.create_order(
                case.symbol, "market", direction, float(size), None, {"hedged": case.hedge}
            )

    def positions(self, case: Case) -> Positions:
        """What is held in the case's symbol, per side."""
        rows = self.exchange.fetch_positions([case.symbol], {"productType": case.body["productType"]})
        return {row["side"]: Decimal(row["info"]["total"]) for row in rows if row["symbol"] == case.symbol}

    def reverse(self, case: Case) -> dict[str, str]:
        """Call click-backhand through ccxt's generated method; the answer's data."""
        answer: dict[str, str] = self.exchange.private_mix_post_v2_mix_order_click_backhand(case.body)["data"]
        return answer

    def legs(self, case: Case) -> tuple[list[str], Decimal]:
        """The order ids of both legs, the close first, and the fees that both were charged."""
        rows = self.exchange.private_mix_get_v2_mix_order_orders_history(
            {"productType": case.body["productType"], "orderSource": "reverse"}
        )["data"]["entrustedList"]
        rows = sorted(rows, key=lambda row: int(row["orderId"]))
        return [row["orderId"] for row in rows], -sum((Decimal(row["fee"]) for row in rows), Decimal(0))


def demo() -> None:
    """
    Play the documented reversals through ccxt against a venue, kill it, start it again.

    Needs the extra `demo` (ccxt). Ends with 1 when an end state is not the specified one.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=LOG_WIDTH)
    if not _has_ccxt():
        raise SystemExit("the demo drives ccxt, which is not installed: pip install 'backhand[demo]'")
    with tempfile.TemporaryDirectory(prefix="backhand-demo-") as name:
        venue = Venue(Path(name))
        venue.start()
        console.print(f"A venue on [bold]{venue.address}[/bold], synthetic market, seed {SEED}, durable.")
        try:
            failures = _play(console, venue)
        finally:
            venue.stop()
    if failures:
        for failure in failures:
            console.print(f"[red]not as specified:[/red] {failure}")
        raise SystemExit(1)
    console.print("[green]Every end state is the specified one.[/green]")


def _has_ccxt() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec("ccxt") is not None


def _play(console: Console, venue: Venue) -> list[str]:
    """All parts of the demo; what did not end as specified."""
    failures: list[str] = []
    table = Table(title="POST /api/v2/mix/order/click-backhand, called by ccxt")
    for column in ("case", "before", "request", "after"):
        table.add_column(column, overflow="fold")
    table.show_lines = True
    table.add_column("order ids: close, open", no_wrap=True)
    table.add_column("fees", overflow="fold")
    traders: list[tuple[Case, Trader]] = []
    with console.status("opening accounts and reversing"):
        for case in CASES:
            trader = Trader(venue, case.balances)
            trader.open(case)
            before = trader.positions(case)
            answer = trader.reverse(case)
            after = trader.positions(case)
            ids, fees = trader.legs(case)
            traders.append((case, trader))
            _check(failures, f"{case.title}: before", case.before, before)
            _check(failures, f"{case.title}: after", case.after, after)
            _check(failures, f"{case.title}: the answer names the open leg", ids[-1:], [answer["orderId"]])
            coin = case.body["marginCoin"].upper()
            table.add_row(
                case.title,
                _show(before),
                _request(case.body),
                _show(after),
                "\n".join(ids),
                f"{fees.normalize():f} {coin}",
            )
    console.print(table)
    _play_rate_limit(console, venue, failures)
    _play_kill(console, venue, traders, failures)
    report = venue.operator("/_venue/audit")
    for coin, sums in report["coins"].items():
        console.print(f"Audit of {coin}: wallets {sums['wallets']}, residual [bold]{sums['residual']}[/bold]")
        _check(failures, f"audit residual of {coin}", "0", sums["residual"])
    return failures


def _play_rate_limit(console: Console, venue: Venue, failures: list[str]) -> None:
    """Ten reversals in one second are carried out, the eleventh is refused and does nothing."""
    import ccxt  # noqa: PLC0415

    case = CASES[2]
    trader = Trader(venue, case.balances)
    trader.open(case)
    held, done, refusal = case.before, 0, ""
    # A busy machine may not get eleven calls into one second, and then none of them has to be refused.
    for _ in range(BURSTS_MAX):
        done = 0
        start_of_second(lambda: int(trader.exchange.fetch_time()))
        try:
            for _ in range(RATE_LIMIT_PER_SECOND + 1):
                trader.reverse(case)
                done += 1
                held = _other_way(held)
        except ccxt.DDoSProtection as error:
            refusal = f"{type(error).__name__}: {error}"
            break
    after = trader.positions(case)
    console.print(f"{done} reversals in one second; then: {refusal or 'no refusal'}; held: {_show(after)}")
    _check(failures, "reversals in one second", RATE_LIMIT_PER_SECOND, done)
    _check(failures, "each reversal that was not refused turned the position round", held, after)


def _other_way(held: Positions) -> Positions:
    return {"short" if side == "long" else "long": size for side, size in held.items()}


def start_of_second(now_ms: Callable[[], int]) -> None:
    """Ask for the venue's time until a new second has begun."""
    second = now_ms() // 1000
    while now_ms() // 1000 == second:
        pass


def _play_kill(
    console: Console, venue: Venue, traders: list[tuple[Case, Trader]], failures: list[str]
) -> None:
    """Nothing acknowledged is lost when the process is killed."""
    pid = venue.kill()
    venue.start()
    console.print(f"Killed process {pid} with SIGKILL and started the venue again on the same folder.")
    table = Table(title="after the restart")
    table.add_column("case")
    table.add_column("positions")
    for case, trader in traders:
        trader.reconnect(venue)
        held = trader.positions(case)
        table.add_row(case.title, _show(held))
        _check(failures, f"{case.title}: after the restart", case.after, held)
    console.print(table)


def _check(failures: list[str], what: str, expected: object, actual: object) -> None:
    if expected != actual:
        failures.append(f"{what}: expected {expected}, found {actual}")


def _show(positions: Positions) -> str:
    return ", ".join(f"{side} {size}" for side, size in sorted(positions.items())) or "flat"


def _request(body: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in body.items() if name != "productType")


__all__ = ["demo"]
