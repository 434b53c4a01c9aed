"""
`backhand doctor`: what is wrong with a configuration, from the address to what blocks a change of mode.

Each check says what it found and what to do; checks that need an earlier one are left out when that failed.
Nothing that it asks can trade.
"""

import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec
import typer
from rich.text import Text

from backhand.cli.connecting import (
    DEFAULT_URL,
    CredentialsFile,
    PapTrading,
    Url,
    checked_url,
    is_exchange,
    read_credentials,
)
from backhand.cli.exits import Exit, Stop, ending
from backhand.cli.printing import Output, OutputOption, RowsTable, console, print_json
from backhand.cli.reading import PRODUCT_TYPES
from backhand.client import (
    AccessRefused,
    Client,
    ClientError,
    Credentials,
    NoAnswer,
    NotSent,
    OutcomeUnknown,
    Refused,
    UnifiedAccount,
)
from backhand.client.transport import AnswerLost, HttpRequest, HttpxTransport
from backhand.wire import codes

Status = Literal["ok", "warning", "wrong", "skipped"]
_STYLES: Final[dict[Status, str]] = {
    "ok": "green",
    "warning": "yellow",
    "wrong": "bold red",
    "skipped": "dim",
}

#: The exchange takes signatures within 30 s of its clock; beyond half of that something is wrong already.
SKEW_MS_MAX: Final = 30_000
SKEW_MS_WARNING: Final = 5_000
#: An order id that nobody has: ids have 19 digits.
NOBODYS_ORDER: Final = "1"


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and what to do about it ("" when nothing)."""

    check: str
    status: Status
    found: str
    advice: str = ""


#: Findings one by one, and at the end whether to go on.
Steps = Generator[Finding, None, bool]


def doctor(
    *,
    url: Url = DEFAULT_URL,
    credentials: CredentialsFile = None,
    paptrading: PapTrading = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """
    Say what is wrong with a configuration: address, clock, key, permission, modes, what blocks them.

    Ends with 13 when something is wrong; warnings are none.
    """
    with ending():
        findings = list(diagnose(url, credentials, paptrading=paptrading))
        if output is Output.JSON:
            print_json(findings)
        else:
            rows = (
                (one.check, Text(one.status, _STYLES[one.status]), one.found, one.advice or " ")
                for one in findings
            )
            columns = ("check", "status", "found", "advice")
            console().print(RowsTable(f"Doctor: {url}", columns, rows, wrapped=columns[2:]))
        if any(one.status == "wrong" for one in findings):
            raise typer.Exit(Exit.FINDINGS)


def diagnose(url: str, file: Path | None, *, paptrading: bool) -> Iterator[Finding]:
    """Give the findings, one check after the other."""
    try:
        base_url = checked_url(url)
    except Stop as stop:
        yield Finding("address", "wrong", str(stop), "Set BACKHAND_URL or give --url.")
        return
    yield from _address(base_url)
    key: Credentials | None = None
    try:
        key = read_credentials(file, os.environ)
        yield Finding("credentials", "ok", "read" if file is None else f"read from {file}")
    except Stop as stop:
        yield Finding("credentials", "wrong", str(stop), "Give a key that this program can use.")
    try:
        made = Client(base_url, key, paptrading=paptrading)
    except ValueError as error:
        yield Finding("proxy", "wrong", str(error), "Set the proxies of the environment.")
        return
    with made as client:
        reached = yield from _reach(client)
        if not reached:
            return
        yield from _clock(client, base_url)
        if key is None:
            return
        signed = yield from _key(client)
        if not signed:
            return
        yield _permission(client)
        yield from _accounts(client)


def _address(url: str) -> Iterator[Finding]:
    host = urlsplit(url).hostname or ""
    if url.startswith("http:") and is_exchange(url):
        yield Finding("address", "wrong", f"{host} without TLS", "Use https://.")
    elif url.startswith("http:") and host not in {"localhost", "127.0.0.1", "::1"}:
        yield Finding(
            "address",
            "warning",
            f"{host} without TLS",
            "Keys and orders can be read on the way; use https://.",
        )
    else:
        yield Finding("address", "ok", url)


def _reach(client: Client) -> Steps:
    started = time.perf_counter()
    try:
        client.server_time()
    except (NotSent, NoAnswer) as error:
        yield Finding("reachable", "wrong", str(error), "Start the venue, or check address, port and proxy.")
        return False
    except ClientError as error:
        yield Finding("reachable", "wrong", str(error), "This does not speak Bitget's v2 API.")
        return False
    elapsed_ms = round((time.perf_counter() - started) * 1_000)
    kind = "a Backhand venue" if client.session.own_venue else "the real exchange: trading needs --live"
    yield Finding("reachable", "ok", f"{kind}, answered in {elapsed_ms} ms")
    return True


def _clock(client: Client, url: str) -> Iterator[Finding]:
    if client.session.own_venue:
        mode = _clock_mode(url)
        if mode not in {"", "real"}:
            yield Finding("clock", "ok", f"the venue's clock is {mode}: signatures are not dated")
            return
    before_ms = time.time_ns() // 1_000_000
    there_ms = client.server_time()
    after_ms = time.time_ns() // 1_000_000
    # Their clock was read somewhere in between; the half of it is what cannot be known.
    skew_ms = there_ms - (before_ms + after_ms) // 2
    said = f"this machine is {abs(skew_ms)} ms {'behind' if skew_ms > 0 else 'ahead'}"
    if abs(skew_ms) >= SKEW_MS_MAX:
        yield Finding("clock", "wrong", said, "Signatures are refused beyond 30 s: set this machine's clock.")
    elif abs(skew_ms) >= SKEW_MS_WARNING:
        yield Finding("clock", "warning", said, "Set this machine's clock before it is 30 s.")
    else:
        yield Finding("clock", "ok", said)


def _clock_mode(url: str) -> str:
    """How the venue's clock runs; "" where the operator's API is not open to this program."""
    transport = HttpxTransport(url)
    try:
        answer = transport.exchange(HttpRequest("GET", "/_venue/clock", {}, b"", 5.0))
        read = msgspec.json.decode(answer.body)
    except (NotSent, AnswerLost, msgspec.MsgspecError):
        return ""
    finally:
        transport.close()
    return str(read.get("mode", "")) if isinstance(read, dict) else ""


def _key(client: Client) -> Steps:
    try:
        client.accounts("USDT-FUTURES")
    except UnifiedAccount as refusal:
        yield Finding(
            "key", "warning", refusal.text, "A unified account: only `reverse` works here, as close and open."
        )
        return False
    except AccessRefused as refusal:
        what = "passphrase" if refusal.code == codes.PASSPHRASE_WRONG.code else "key"
        yield Finding(what, "wrong", f"{refusal.code} {refusal.text}", refusal.advice)
        return False
    except ClientError as error:
        yield Finding("key", "wrong", str(error), "Ask again.")
        return False
    yield Finding("key", "ok", "key, secret and passphrase are accepted")
    return True


def _permission(client: Client) -> Finding:
    """Whether the key may trade, found by cancelling an order that nobody has; not tried for real."""
    if not client.session.own_venue:
        return Finding("permission", "skipped", "reading works; trading is not tried on the real exchange")
    try:
        client.cancel_order("BTCUSDT", order_id=NOBODYS_ORDER)
    except AccessRefused as refusal:
        return Finding("permission", "warning", f"reads only: {refusal.text}", refusal.advice)
    except OutcomeUnknown as error:
        return Finding("permission", "warning", str(error), "Ask again.")
    except Refused:
        return Finding("permission", "ok", "reads and trades")
    except ClientError as error:
        return Finding("permission", "warning", str(error), "Ask again.")
    return Finding("permission", "ok", "reads and trades")


#: A contract of each product type, of which its position mode is asked.
_SAMPLES: Final = {"USDT-FUTURES": "BTCUSDT", "COIN-FUTURES": "BTCUSD", "USDC-FUTURES": "BTCPERP"}


def _accounts(client: Client) -> Iterator[Finding]:
    """Money, position mode, and what blocks a change of it, by product type."""
    for product in PRODUCT_TYPES:
        try:
            balances = client.accounts(product)
            mode = client.account(_SAMPLES[product]).pos_mode
            held = client.positions(product_type=product)
            resting = client.open_orders(product_type=product).orders
        except ClientError as error:
            yield Finding(product, "warning", str(error), "Ask again.")
            continue
        funded = any(balance.account_equity > 0 for balance in balances)
        sides = "--side is needed to reverse" if mode == "hedge_mode" else "reverses whole positions"
        yield Finding(
            product,
            "ok",
            f"{mode}: {sides}; " + ("has money" if funded else "no money in it"),
            "" if funded else "Deposit its margin coin before trading here.",
        )
        if held or resting:
            yield Finding(
                product,
                "ok",
                f"{_counted(len(held), 'position')} and {_counted(len(resting), 'order')} are open",
                "They block a change of position mode, and of margin mode for their symbols.",
            )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
