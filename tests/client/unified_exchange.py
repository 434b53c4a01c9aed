"""
A small exchange that speaks the v3 API for one unified account and one symbol, ETHUSDT.

It has the endpoints that the client's reversal needs, as their published pages describe them, a book with
one price on each side, and a list of faults for the orders that come. It is no second venue: it knows
nothing of margin, fees or other orders.
"""

import json
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

BID, ASK, MARK = Decimal(999), Decimal(1000), Decimal(1000)
TICK: Final = "0.05"
UNIFIED: Final = ("40085", "You are in Unified Account mode")


@dataclass
class Account:
    """The account: signed sizes per leg (`net` in one-way mode), and every order under its clientOid."""

    hedge: bool = False
    legs: dict[str, Decimal] = field(default_factory=dict)
    #: What can be bought or sold before the book is empty.
    depth: Decimal = Decimal(1_000_000)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: What the next orders meet: pass, drop (done, no answer), swallow (not done, no answer), or a code.
    faults: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    #: What each request meets on the way back, by its number; a body of somebody else's, or "drop".
    strays: dict[int, bytes | str] = field(default_factory=dict)
    requests: int = 0
    v2_calls: int = 0

    def positions(self) -> list[dict[str, Any]]:
        rows = []
        for leg, size in self.legs.items():
            if size:
                side = leg if self.hedge else ("long" if size > 0 else "short")
                rows.append(
                    {
                        "symbol": "ETHUSDT",
                        "posSide": side,
                        "holdMode": "hedge_mode" if self.hedge else "one_way_mode",
                        "total": str(abs(size)),
                        "available": str(abs(size)),
                        "frozen": "0",
                        "markPrice": str(MARK),
                    }
                )
        return rows

    def place(self, order: dict[str, str]) -> dict[str, Any]:
        """Fill what the price and the book allow; the rest of a market or ioc order is cancelled."""
        size, buy = Decimal(order["qty"]), order["side"] == "buy"
        price = ASK if buy else BID
        limit = Decimal(order["price"]) if order["orderType"] == "limit" else price
        fits = price <= limit if buy else price >= limit
        filled = min(size, self.depth) if fits else Decimal(0)
        leg = order["posSide"] if self.hedge else "net"
        signed = filled if buy else -filled
        if order.get("reduceOnly") == "yes":
            assert abs(self.legs[leg] + signed) == abs(self.legs[leg]) - filled, "reduce-only only reduces"
        self.depth -= filled
        self.legs[leg] = self.legs.get(leg, Decimal(0)) + signed
        row = {
            "orderId": str(1000 + len(self.orders)),
            "clientOid": order["clientOid"],
            "side": order["side"],
            "qty": order["qty"],
            "cumExecQty": str(filled),
            "avgPrice": str(price) if filled else "0",
            "orderStatus": "filled" if filled == size else "cancelled",
            "feeDetail": [{"feeCoin": "USDT", "fee": "0.5"}],
        }
        self.orders[order["clientOid"]] = row
        return {"orderId": row["orderId"], "clientOid": row["clientOid"]}


class Refusal(Exception):
    """An answer with a code."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    account: Account

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.respond(address.path, dict(parse_qsl(address.query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.respond(self.path, json.loads(body))

    def respond(self, path: str, fields: dict[str, str]) -> None:
        try:
            content = self.answer(path, fields)
        except Refusal as refusal:
            code, text = refusal.args
            self.send(400, {"code": code, "msg": text, "requestTime": 1, "data": None})
        except ConnectionAbortedError:
            self.close_connection = True
        else:
            self.send(200, {"code": "00000", "msg": "success", "requestTime": 1, "data": content})

    def answer(self, path: str, fields: dict[str, str]) -> Any:
        account = self.account
        if path.startswith("/api/v2/"):
            account.v2_calls += 1
            raise Refusal(*UNIFIED)
        if path == "/api/v3/position/current-position":
            assert ("USDT-FUTURES", "ETHUSDT") == (fields["category"], fields["symbol"])
            return {"list": account.positions()}
        if path == "/api/v3/market/instruments":
            return [{"symbol": "ETHUSDT", "category": "USDT-FUTURES", "priceMultiplier": TICK}]
        if path == "/api/v3/trade/order-info":
            if fields["clientOid"] not in account.orders:
                raise Refusal("25204", "Order does not exist")
            return account.orders[fields["clientOid"]]
        assert path == "/api/v3/trade/place-order"
        account.seen.append(fields)
        fault = account.faults.pop(0) if account.faults else "pass"
        if fault not in {"pass", "drop", "swallow"}:
            raise Refusal(fault, "refused")
        ids = None if fault == "swallow" else account.place(fields)
        if fault != "pass":
            raise ConnectionAbortedError
        return ids

    def send(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.account.requests += 1
        stray = self.account.strays.get(self.account.requests)
        if isinstance(stray, bytes):
            status, body = 200, stray
        elif stray:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
        """Keep the test's output clean."""


class UnifiedExchange:
    """The exchange, in threads of its own."""

    def __init__(self, account: Account) -> None:
        handler = type("AccountHandler", (Handler,), {"account": account})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
