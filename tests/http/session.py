"""
A scripted session on a venue whose seed is fixed and whose clock is stepped by hand, as bytes.

`python -m tests.http.session` plays it on both kinds of market and writes what came to `recorded/`, where
`test_reproducible` looks. Renew it when answers change on purpose, and read the difference before
committing it.

A record is four lines: what was asked, with which body, the status and headers that are the venue's own, and
the answer's body. Push frames follow the step that caused them, a line each: whose connection, the text.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.http.streaming import Listener, arg, topic_of
from tests.http.venue import LINEAR, MIX, REVERSE, Answer, Trader, VenueProcess, query_of

RECORDED: Final = Path(__file__).parent / "recorded"
MARKETS: Final = ("manual", "synthetic")
#: Headers that belong to the answer; the others are the server's.
HEADERS: Final = ("x-backhand-note", "x-backhand-request-id", "x-mbx-used-remain-limit")

ORDER: Final = f"{MIX}/order"
ACCOUNT: Final = f"{MIX}/account"
PRODUCT: Final = {"productType": LINEAR.product_type}
NAMED: Final = {"symbol": LINEAR.symbol, **PRODUCT}
ENTRY: Final = {**LINEAR.names, "marginMode": "crossed", "side": "buy"}

#: What is asked again and again while the session goes on.
READS: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    ("/api/v2/public/time", {}),
    (f"{MIX}/market/ticker", NAMED),
    (f"{MIX}/market/tickers", PRODUCT),
    (f"{MIX}/market/merge-depth", {**NAMED, "limit": "5"}),
    (f"{ACCOUNT}/account", LINEAR.names),
    (f"{ACCOUNT}/accounts", PRODUCT),
    (f"{MIX}/position/single-position", LINEAR.names),
    (f"{MIX}/position/all-position", PRODUCT),
    (f"{ORDER}/orders-pending", PRODUCT),
    (f"{ORDER}/orders-history", PRODUCT),
    (f"{ORDER}/fills", PRODUCT),
    (f"{ORDER}/fill-history", PRODUCT),
    (f"{ORDER}/orders-plan-pending", {**PRODUCT, "planType": "profit_loss"}),
    (f"{ORDER}/orders-plan-history", {**PRODUCT, "planType": "profit_loss"}),
    (f"{MIX}/position/history-position", PRODUCT),
    (f"{ACCOUNT}/bill", PRODUCT),
    (f"{MIX}/market/fills-history", NAMED),
    (f"{MIX}/market/candles", {**NAMED, "granularity": "1m"}),
    (f"{MIX}/market/current-fund-rate", NAMED),
    (f"{MIX}/market/history-fund-rate", NAMED),
)

#: What both accounts watch: every private channel, and public ones of the contract.
TOPICS: Final = (
    *(arg(channel) for channel in ("account", "positions", "orders", "orders-algo", "fill")),
    *(topic_of(LINEAR, channel) for channel in ("ticker", "books", "books5", "trade", "candle1m")),
)

#: Channels that begin with nothing.
SILENT: Final = ("orders", "orders-algo", "fill")

#: Who asks for what: a step of the clock, a round of reads, or a request's path and body.
SCRIPT: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("one_way", f"{ACCOUNT}/set-leverage", {**LINEAR.names, "leverage": "20"}),
    ("one_way", f"{ORDER}/place-order", {**ENTRY, "orderType": "market", "size": "10"}),
    ("one_way", f"{ORDER}/place-order", {**ENTRY, "orderType": "limit", "price": "900", "size": "1"}),
    ("one_way", f"{ORDER}/place-order", {**ENTRY, "orderType": "limit", "price": "900.001", "size": "1"}),
    (
        "one_way",
        f"{ORDER}/place-order",
        {**ENTRY, "orderType": "limit", "price": "901", "size": "1", "clientOid": "a-1"},
    ),
    (
        "one_way",
        f"{ORDER}/place-order",
        {**ENTRY, "orderType": "limit", "price": "901", "size": "1", "clientOid": "a-1"},
    ),
    ("hedge", f"{ORDER}/place-order", {**ENTRY, "orderType": "market", "size": "4", "tradeSide": "open"}),
    (
        "hedge",
        f"{ORDER}/place-order",
        {**ENTRY, "side": "sell", "orderType": "market", "size": "3", "tradeSide": "open"},
    ),
    ("hedge", f"{ORDER}/place-order", {**ENTRY, "orderType": "market", "size": "3"}),
    ("", "reads", {}),
    ("", "clock", {"by": "1s"}),
    (
        "one_way",
        f"{ORDER}/place-plan-order",
        {
            **ENTRY,
            "planType": "normal_plan",
            "triggerPrice": "100",
            "triggerType": "mark_price",
            "orderType": "market",
            "size": "1",
        },
    ),
    (
        "one_way",
        f"{ORDER}/place-tpsl-order",
        {
            **LINEAR.names,
            "planType": "pos_loss",
            "triggerPrice": "100",
            "triggerType": "mark_price",
            "holdSide": "buy",
        },
    ),
    (
        "one_way",
        f"{ORDER}/batch-place-order",
        {
            **LINEAR.names,
            "marginMode": "crossed",
            "orderList": [
                {"size": "1", "price": "800", "side": "buy", "orderType": "limit"},
                {"size": "0.001", "price": "800", "side": "buy", "orderType": "limit"},
            ],
        },
    ),
    (
        "one_way",
        f"{ORDER}/modify-order",
        {**NAMED, "clientOid": "a-1", "newClientOid": "a-2", "newSize": "2", "newPrice": "902"},
    ),
    ("one_way", "/api/backhand/v1/reversal/quote", {**LINEAR.names}),
    ("one_way", REVERSE, {**LINEAR.names, "side": "buy", "clientOid": "back-1"}),
    ("one_way", REVERSE, {**LINEAR.names, "size": "-1"}),
    ("hedge", REVERSE, {**LINEAR.names, "side": "buy", "tradeSide": "open", "size": "2"}),
    ("", "reads", {}),
    ("", "clock", {"by": "8h"}),
    ("", "reads", {}),
    ("one_way", f"{ORDER}/cancel-all-orders", PRODUCT),
    ("one_way", f"{ORDER}/cancel-plan-order", {**PRODUCT, "planType": "profit_loss"}),
    ("one_way", f"{ORDER}/close-positions", PRODUCT),
    ("hedge", f"{ORDER}/close-positions", {**NAMED, "holdSide": "short"}),
    ("one_way", f"{ACCOUNT}/set-margin-mode", {**LINEAR.names, "marginMode": "isolated"}),
    ("one_way", f"{ACCOUNT}/set-position-mode", {**PRODUCT, "posMode": "hedge_mode"}),
    ("hedge", f"{ACCOUNT}/set-position-mode", {**PRODUCT, "posMode": "one_way_mode"}),
    ("one_way", "/api/v2/copy/mix-trader/create-copy-api", {}),
    ("", "clock", {"by": "1h"}),
    ("", "reads", {}),
)


def play(process: VenueProcess, market: str) -> bytes:
    """Play the session on a running venue that is fresh; every record, one after the other."""
    with ExitStack() as stack:
        listeners = {name: stack.enter_context(Listener(process)) for name in ("one_way", "hedge")}
        return b"\n".join(_records(process, market, listeners)) + b"\n"


def _records(process: VenueProcess, market: str, listeners: Mapping[str, Listener]) -> Iterator[bytes]:
    operator = process.operator
    if market == "manual":
        operator.set_book(
            LINEAR, [("999", "20"), ("990", "100000")], [("1000", "20"), ("1010", "100000")], "1000"
        )
    traders = {
        "one_way": operator.trader(posMode="one_way_mode"),
        "hedge": operator.trader(posMode="hedge_mode"),
    }
    yield _record(
        "GET", f"{MIX}/market/contracts", b"", traders["hedge"].get(f"{MIX}/market/contracts", PRODUCT)
    )
    for name, listener in listeners.items():
        listener.log_in(traders[name].credentials)
        for topic in TOPICS:
            listener.ask("subscribe", topic)
            # What a topic begins with is read from the venue's state, which takes a moment.
            for _ in range(1 if topic["channel"] in SILENT else 2):
                yield f"{name} {listener.text()}".encode()
    for who, path, asked in SCRIPT:
        body = msgspec.json.encode(asked)
        if path == "reads":
            for trader in traders.values():
                yield from _reads(trader)
        elif path == "clock":
            answer = operator.call("POST", "/_venue/clock/advance", asked)
            yield _record("POST", "/_venue/clock/advance", body, answer)
        else:
            yield _record("POST", path, body, traders[who].post(path, body))
        yield from _frames(listeners)


def _frames(listeners: Mapping[str, Listener]) -> Iterator[bytes]:
    """Read what each connection was sent by now: what comes after the answer to a ping is another step's."""
    for name, listener in listeners.items():
        listener.send("ping")
        while (text := listener.text()) != "pong":
            yield f"{name} {text}".encode()


def _reads(trader: Trader) -> Iterator[bytes]:
    for path, parameters in READS:
        yield _record("GET", path, query_of(parameters).encode(), trader.get(path, parameters))


def _record(method: str, path: str, asked: bytes, answer: Answer) -> bytes:
    own = " ".join(f"{name}={answer.headers[name]}" for name in HEADERS if name in answer.headers)
    return b"\n".join([f"{method} {path}".encode(), asked, f"{answer.status} {own}".encode(), answer.body])


def options(market: str) -> tuple[str, ...]:
    """Choose the venue of a session."""
    return ("--memory", "--market", market, "--seed", "1", "--clock", "frozen")


def main() -> None:
    """Write what is played now."""
    RECORDED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for market in MARKETS:
            process = VenueProcess(Path(folder) / f"{market}.log", options(market)).start()
            (RECORDED / f"{market}.txt").write_bytes(play(process, market))
            process.stop()
    sys.stdout.write(f"Written: {RECORDED}\n")


if __name__ == "__main__":
    main()
