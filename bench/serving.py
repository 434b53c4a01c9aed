"""Signed, durable reversals over HTTP, beside an empty handler on the same server."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import msgspec

from backhand.wire.codes import OUTCOME_UNKNOWN
from bench.engine import compiled_folder
from bench.figures import Figure, Ratio, Section, divide
from bench.http_load import signed_headers
from bench.worker import Worker

CONNECTIONS: Final = 64
ROUNDS: Final = 7
ROUNDS_QUICK: Final = 3
REQUESTS: Final = 20_000
REQUESTS_QUICK: Final = 5_000
GOAL: Final = 0.6
#: Beyond this a server that was asked to stop is killed.
STOP_SECONDS_MAX: Final = 30

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_OPEN_BODY: Final = (
    b'{"symbol":"BTCUSDT","productType":"USDT-FUTURES","marginCoin":"USDT","marginMode":"crossed",'
    b'"side":"buy","orderType":"market","size":"0.002"}'
)
#: Each such read waits for seconds by itself.
_SETTLE_READS_MAX: Final = 10
_HISTORY: Final = "/api/v2/mix/order/orders-history?limit=1&productType=USDT-FUTURES"
#: One level each side that no run can use up: what is measured here is the way of a request, not the book.
_BOOK: Final = {
    "bids": [["29999.9", "100000000"]],
    "asks": [["30000", "100000000"]],
    "index": "30000",
    "mark": "30000",
}

_VENUE: Final = (
    sys.executable,
    "-m",
    "backhand",
    "serve",
    "--market",
    "manual",
    "--limits",
    "off",
    "--port",
    "0",
)


class Running(msgspec.Struct, frozen=True):
    """A server that said that it is ready."""

    port: int
    pid: int


class MeasurementWrong(Exception):
    """What was measured is not what is claimed."""


def measure(root: Path, folder: Path, *, quick: bool) -> Section:
    """Load the venue and the empty handler in turn."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    requests = REQUESTS_QUICK if quick else REQUESTS
    compiled = compiled_folder(root)
    path = compiled or root / "src"
    folder.mkdir(parents=True, exist_ok=True)
    venue_us: list[float] = []
    empty_us: list[float] = []
    venue_rate: list[float] = []
    empty_rate: list[float] = []
    p50_ms: list[float] = []
    p99_ms: list[float] = []
    with (
        tempfile.TemporaryDirectory(dir=folder) as data,
        serving([*_VENUE, "--data", data], {"PYTHONPATH": str(path)}, folder / "venue.log") as venue,
        serving([sys.executable, "-m", "bench.http_empty"], {}, folder / "empty.log") as empty,
        Worker([sys.executable, "-m", "bench.http_load"]) as load,
    ):
        accounts = _open_accounts(venue)
        for _ in range(rounds):
            for server, microseconds, rate in ((empty, empty_us, empty_rate), (venue, venue_us, venue_rate)):
                before = cpu_seconds(server.pid)
                answer = load.ask({"port": server.port, "requests": requests, "accounts": accounts})
                if server is venue:
                    _settle(venue, accounts[0])
                spent = cpu_seconds(server.pid) - before
                if answer["failures"]:
                    raise MeasurementWrong(
                        f"{answer['failures']} refused, the first: {answer['first_failure']}"
                    )
                microseconds.append(spent / requests * 1e6)
                rate.append(requests / answer["wall_s"])
                if server is venue:
                    p50_ms.append(answer["p50_ms"])
                    p99_ms.append(answer["p99_ms"])
        _check(venue, rounds * requests)
    engine = "interpreted" if compiled is None else "compiled"
    return Section(
        "HTTP: signed durable reversals",
        f"{CONNECTIONS} connections, one account each, {requests:,} requests per round, rounds alternate. CPU"
        f" time of the server's process with all its threads, per request; engine {engine}; journal on the"
        " disk of this folder. Every answer was 00000, and the audit's residual is 0 at the end. The empty"
        " handler runs on the venue's own server, gets the same bytes and answers a constant.",
        (
            Figure("signed durable reversal", "µs CPU", tuple(venue_us)),
            Figure("empty handler", "µs CPU", tuple(empty_us)),
            Figure("signed durable reversals (wall clock)", "per s", tuple(venue_rate)),
            Figure("empty handler (wall clock)", "per s", tuple(empty_rate)),
            Figure("time to the answer, p50", "ms", tuple(p50_ms)),
            Figure("time to the answer, p99", "ms", tuple(p99_ms)),
        ),
        (Ratio("reversal against empty handler", divide(empty_us, venue_us), GOAL),),
    )


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Start a server, wait for its ready line, and stop it in the end. What it says goes to `log`."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, env={**os.environ, **environment}, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise MeasurementWrong(f"a server ended with status {process.wait()}; {log} tells why")
        ready = json.loads(line)
        yield Running(port=int(ready["rest"].rpartition(":")[2]), pid=ready["pid"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _open_accounts(venue: Running) -> list[dict[str, str]]:
    """Lay the book, open one account per connection and let each hold a long position."""
    _control(venue, "PUT", "/_venue/markets/BTCUSDT/book", _BOOK)
    accounts: list[dict[str, str]] = []
    for _ in range(CONNECTIONS):
        account: dict[str, str] = _control(
            venue, "POST", "/_venue/accounts", {"balances": {"USDT": "10000000"}}
        )
        code = _signed(venue, account, "POST", "/api/v2/mix/order/place-order", _OPEN_BODY)
        if code != "00000":
            raise MeasurementWrong(f"the position was not opened: {code}")
        accounts.append(account)
    return accounts


def _signed(venue: Running, account: Mapping[str, str], method: str, target: str, body: bytes = b"") -> str:
    """Call the exchange's API, through the same gateway as the load; returns the answer's code."""
    connection = HTTPConnection("127.0.0.1", venue.port)
    connection.request(method, target, body or None, signed_headers(account, method, target, body))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["code"])


def _settle(venue: Running, account: Mapping[str, str]) -> None:
    """
    Return when the read models have caught up, so that a round pays for all that it caused.

    A read of history waits for them, and says that it does not know when it waited too long.
    """
    for _ in range(_SETTLE_READS_MAX):
        code = _signed(venue, account, "GET", _HISTORY)
        if code == "00000":
            return
        if code != OUTCOME_UNKNOWN.code:
            raise MeasurementWrong(f"the history was not answered: {code}")
    raise MeasurementWrong("the read models do not catch up")


def _check(venue: Running, reversals: int) -> None:
    """Fail unless the venue executed every reversal and its money adds up."""
    audit = _control(venue, "GET", "/_venue/audit")
    residuals = {coin: sums["residual"] for coin, sums in audit["coins"].items()}
    if any(residual != "0" for residual in residuals.values()):
        raise MeasurementWrong(f"the audit found residuals: {residuals}")
    if int(audit["sequence"]) < reversals:
        raise MeasurementWrong(f"{audit['sequence']} commands in the journal, {reversals} were acknowledged")


def _control(venue: Running, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
    """Call the operator's API."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{venue.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 (our own server)
        return json.loads(answer.read())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, ended threads included, to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
