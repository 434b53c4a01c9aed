"""
A real `backhand serve` process, and the two people who talk to it.

    VenueProcess   starts the command, reads its ready line, kills it, starts it again on the same folder
    Operator       speaks to `/_venue`: accounts, books, prices, audit
    Trader         signs requests as Bitget's documentation says, and can be made to send broken ones

Everything goes over a socket. Nothing here imports the venue, so that a test cannot see more than a
client would.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

#: A cold start on a loaded machine takes seconds; longer than this is a hang.
READY_SECONDS_MAX: Final = 60.0

#: Servers drop idle connections after some seconds. A connection older than this is not used again, so
#: that no request is ever sent twice because of a connection that was closing.
IDLE_SECONDS_MAX: Final = 1.5

ANSWER_SECONDS_MAX: Final = 30.0

MIX: Final = "/api/v2/mix"
REVERSE: Final = f"{MIX}/order/click-backhand"


@dataclass(frozen=True)
class Product:
    """A contract and the three fields that name it in every request."""

    symbol: str
    product_type: str
    margin_coin: str
    inverse: bool

    @property
    def names(self) -> dict[str, str]:
        return {"symbol": self.symbol, "productType": self.product_type, "marginCoin": self.margin_coin}


LINEAR: Final = Product("ETHUSDT", "USDT-FUTURES", "USDT", inverse=False)
INVERSE: Final = Product("ETHUSD", "COIN-FUTURES", "ETH", inverse=True)
USDC: Final = Product("ETHPERP", "USDC-FUTURES", "USDC", inverse=False)

#: Enough of each margin coin that margin never matters unless a test says so.
PLENTY: Final = {"USDT": "1000000", "USDC": "1000000", "ETH": "1000"}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. JSON fractions are read as Decimal, so that nothing is rounded on the way in."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def code(self) -> str:
        return str(self.json["code"])

    @property
    def data(self) -> Any:
        """The payload of a success; anything else fails here with the whole answer in the message."""
        assert (200, "00000", "success") == (self.status, self.json["code"], self.json["msg"]), self.body
        return self.json["data"]

    def accepted(self) -> Any:
        """The payload, for calls whose success is all that matters."""
        return self.data


class Connection:
    """One keep-alive HTTP/1.1 connection that can send any bytes under any method."""

    def __init__(self, host: str, port: int) -> None:
        self._http = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS_MAX)
        self._used_at = 0.0

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """
        Send one request and read its answer.

        `body` None sends no body and no Content-Length. A server may answer and hang up before it has
        read a body that is too large; the answer is then read all the same.
        """
        if time.monotonic() - self._used_at > IDLE_SECONDS_MAX:
            self._http.close()
        self._http.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            self._http.putheader(name, value)
        if body is not None:
            self._http.putheader("Content-Length", str(len(body)))
        try:
            self._http.endheaders(body)
        except (BrokenPipeError, ConnectionResetError):
            if self._http.sock is None:
                raise
        response = self._http.getresponse()
        answer = Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=response.read(),
        )
        self._used_at = time.monotonic()
        return answer

    def send_and_hang_up(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a whole request and close the connection without reading the answer."""
        self._http.close()
        self._http.request(method, target, body, dict(headers))
        self._http.close()

    def close(self) -> None:
        self._http.close()


def signature(secret: str, timestamp: str, method: str, target: str, body: bytes) -> str:
    """Bitget's HMAC signature: timestamp, method, path with query, raw body (auth.md section 3)."""
    message = f"{timestamp}{method}{target}".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def query_of(parameters: Mapping[str, str]) -> str:
    """Keys sorted and values percent-encoded, as ccxt and bitget-api put them on the wire."""
    return urllib.parse.urlencode(sorted(parameters.items()), quote_via=urllib.parse.quote)


@dataclass(frozen=True)
class Credentials:
    """One API key of one account."""

    uid: str
    api_key: str
    secret: str
    passphrase: str


class Trader:
    """One account as its owner's program sees it: every call is signed unless a test breaks it."""

    def __init__(
        self, connection: Connection, credentials: Credentials, margin_mode: str = "crossed"
    ) -> None:
        self.connection = connection
        self.credentials = credentials
        self.margin_mode = margin_mode

    def signed(self, method: str, target: str, body: bytes, **changes: str) -> dict[str, str]:
        """The headers of a valid request; a change replaces what is signed, never what is sent."""
        timestamp = changes.get("timestamp", str(time.time_ns() // 1_000_000))
        secret = changes.get("secret", self.credentials.secret)
        return {
            "ACCESS-KEY": self.credentials.api_key,
            "ACCESS-SIGN": signature(secret, timestamp, method, target, body),
            "ACCESS-TIMESTAMP": timestamp,
            "ACCESS-PASSPHRASE": self.credentials.passphrase,
            "Content-Type": "application/json",
        }

    def get(self, path: str, parameters: Mapping[str, str]) -> Answer:
        target = f"{path}?{query_of(parameters)}" if parameters else path
        return self.connection.exchange("GET", target, self.signed("GET", target, b""), None)

    def post(self, path: str, body: Mapping[str, Any] | bytes) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.connection.exchange("POST", path, self.signed("POST", path, raw), raw)

    # Orders.

    def reverse(self, product: Product, **fields: Any) -> Answer:
        return self.post(REVERSE, product.names | fields)

    def place(self, product: Product, **fields: Any) -> Answer:
        defaults = {"marginMode": self.margin_mode, "orderType": "market"}
        return self.post(f"{MIX}/order/place-order", product.names | defaults | fields)

    def market(self, product: Product, side: str, size: str, **fields: Any) -> str:
        """Place a market order that must be accepted; its order id."""
        return str(self.place(product, side=side, size=size, **fields).data["orderId"])

    def limit(self, product: Product, side: str, size: str, price: str, **fields: Any) -> str:
        """Place a limit order that must be accepted, gtc unless `force` says otherwise; its id."""
        order = {"orderType": "limit", "side": side, "size": size, "price": price, "force": "gtc"}
        return str(self.place(product, **(order | fields)).data["orderId"])

    def cancel(self, product: Product, order_id: str) -> Answer:
        return self.post(f"{MIX}/order/cancel-order", product.names | {"orderId": order_id})

    def detail(self, product: Product, **identifier: str) -> Answer:
        parameters = {"symbol": product.symbol, "productType": product.product_type}
        return self.get(f"{MIX}/order/detail", parameters | identifier)

    def order(self, product: Product, order_id: str) -> dict[str, Any]:
        row = self.detail(product, orderId=order_id).data
        assert isinstance(row, dict)
        return row

    def pending(self, product: Product, **filters: str) -> list[dict[str, Any]]:
        parameters = {"productType": product.product_type, "symbol": product.symbol} | filters
        rows = self.get(f"{MIX}/order/orders-pending", parameters).data["entrustedList"]
        assert isinstance(rows, list)
        return rows

    def past_orders(self, product: Product, **filters: str) -> list[dict[str, Any]]:
        parameters = {"productType": product.product_type, "symbol": product.symbol} | filters
        rows = self.get(f"{MIX}/order/orders-history", parameters).data["entrustedList"]
        assert isinstance(rows, list)
        return rows

    def fills(self, product: Product, **filters: str) -> list[dict[str, Any]]:
        parameters = {"productType": product.product_type, "symbol": product.symbol} | filters
        rows = self.get(f"{MIX}/order/fills", parameters).data["fillList"]
        assert isinstance(rows, list)
        return rows

    # Positions and money.

    def position_rows(self, product: Product) -> list[dict[str, Any]]:
        rows = self.get(f"{MIX}/position/single-position", product.names).data
        assert isinstance(rows, list)
        return rows

    def position(self, product: Product, hold_side: str) -> dict[str, Any]:
        """The one row of that side; a missing or doubled side fails here."""
        (row,) = [row for row in self.position_rows(product) if row["holdSide"] == hold_side]
        return row

    def held(self, product: Product) -> str:
        """What is held, as the acceptance table writes it: "L17 S3", "+20", "-20", "flat"."""
        rows = sorted(self.position_rows(product), key=lambda row: str(row["holdSide"]))
        if not rows:
            return "flat"
        if rows[0]["posMode"] == "hedge_mode":
            return " ".join(
                {"long": "L", "short": "S"}[row["holdSide"]] + plain(row["total"]) for row in rows
            )
        (row,) = rows
        return {"long": "+", "short": "-"}[row["holdSide"]] + plain(row["total"])

    def take(self, product: Product, held: str, **fields: Any) -> None:
        """Open what `held` says with market orders: "L10 S4" in hedge mode, "+20" in one-way mode."""
        if held == "flat":
            return
        for leg in held.split():
            side = {"L": "buy", "S": "sell", "+": "buy", "-": "sell"}[leg[0]]
            trade_side = {"tradeSide": "open"} if leg[0] in "LS" else {}
            self.market(product, side, leg[1:], **trade_side, **fields)
        assert held == self.held(product)

    def account(self, product: Product) -> dict[str, Any]:
        row = self.get(f"{MIX}/account/account", product.names).data
        assert isinstance(row, dict)
        return row

    def wallet(self, product: Product) -> Decimal:
        """The wallet balance W: equity without unrealised profit (contracts.md section 6)."""
        row = self.account(product)
        return Decimal(row["accountEquity"]) - Decimal(row["unrealizedPL"])

    def set_leverage(self, product: Product, **fields: str) -> Answer:
        return self.post(f"{MIX}/account/set-leverage", product.names | fields)

    def set_margin_mode(self, product: Product, margin_mode: str) -> Answer:
        return self.post(f"{MIX}/account/set-margin-mode", product.names | {"marginMode": margin_mode})

    def set_position_mode(self, product: Product, position_mode: str) -> Answer:
        body = {"productType": product.product_type, "posMode": position_mode}
        return self.post(f"{MIX}/account/set-position-mode", body)


def plain(number: str) -> str:
    """The same number without trailing zeros: "20.00" is "20"."""
    return format(Decimal(number).normalize(), "f")


class Operator:
    """The person who runs the venue."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self.connection = connect()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        raw = None if body is None else json.dumps(body).encode()
        return self.connection.exchange(method, path, {"Content-Type": "application/json"}, raw)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.json

    def open_key(self, **account: Any) -> Credentials:
        """A new account, or a further key of a known `uid`."""
        made = self.ask("POST", "/_venue/accounts", {"balances": PLENTY} | account)
        return Credentials(str(made["uid"]), made["apiKey"], made["secretKey"], made["passphrase"])

    def trader(self, **account: Any) -> Trader:
        return Trader(self._connect(), self.open_key(**account), account.get("marginMode", "crossed"))

    def set_book(
        self, product: Product, bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]], mark: str
    ) -> None:
        """Replace the house's ladder, levels as (price, size); index and mark are `mark`."""
        book = {"bids": bids, "asks": asks, "index": mark, "mark": mark}
        self.ask("PUT", f"/_venue/markets/{product.symbol}/book", book)

    def audit(self) -> dict[str, Any]:
        audit = self.ask("GET", "/_venue/audit")
        assert isinstance(audit, dict)
        return audit

    def digest(self) -> str:
        return str(self.audit()["digest"])


@dataclass
class VenueProcess:
    """
    `backhand serve` on a free port of the loopback interface.

    `options` follow `serve --port 0`. Standard error goes to `log_path`, which is printed when the
    process does not come up.
    """

    log_path: Path
    options: tuple[str, ...]
    host: str = ""
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _connections: list[Connection] = field(default_factory=list, repr=False)

    def start(self, *, options: tuple[str, ...] | None = None) -> "VenueProcess":
        """Start, or start again; returns when the ready line has been read."""
        assert self._process is None, "one process at a time"
        if options is not None:
            self.options = options
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*front_door(), "serve", "--port", "0", *self.options],
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        ready = self._ready_line()
        assert ready["event"] == "ready", ready
        address = urllib.parse.urlsplit(str(ready["rest"]))
        assert address.hostname is not None
        assert address.port is not None
        self.host, self.port = address.hostname, address.port
        return self

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def connect(self) -> Connection:
        """A connection to the running process; it is closed when the process ends, if not before."""
        connection = Connection(self.host, self.port)
        self._connections.append(connection)
        return connection

    @property
    def operator(self) -> Operator:
        return Operator(self.connect)

    def trader(self, credentials: Credentials) -> Trader:
        """The same account again, on the address of the running process."""
        return Trader(self.connect(), credentials)

    def kill(self) -> None:
        """End the process the way a power cut would: SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask the process to stop; its exit status."""
        return self._end(signal.SIGTERM)

    def stop(self) -> None:
        """End the process if it is running."""
        if self._process is not None:
            self.kill()

    def _end(self, signal_number: signal.Signals) -> int:
        process = self._process
        assert process is not None
        self._process = None
        process.send_signal(signal_number)
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        status = process.wait(timeout=ANSWER_SECONDS_MAX)
        assert process.stdout is not None
        process.stdout.close()
        return status

    def _ready_line(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = _line_within(self._process.stdout, READY_SECONDS_MAX)
        if not line:
            self.kill()
            message = f"the venue did not become ready:\n{self.log_path.read_text(errors='replace')[-4000:]}"
            raise RuntimeError(message)
        ready = json.loads(line)
        assert isinstance(ready, dict)
        return ready


def _line_within(stream: IO[bytes], seconds: float) -> bytes:
    """The next line of a pipe, or nothing when it stays silent or ends."""
    readable, _, _ = select.select([stream], [], [], seconds)
    return stream.readline() if readable else b""


def front_door() -> list[str]:
    """The installed `backhand` command beside this interpreter, or the module it calls."""
    command = shutil.which("backhand", path=str(Path(sys.executable).parent))
    return [command] if command else [sys.executable, "-m", "backhand"]
