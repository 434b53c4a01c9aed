"""What is not about the account: paths, methods, bodies, limits, headers, rude clients. Over HTTP."""

import json
import re
import socket
import time
from typing import Any

import pytest

from backhand.gateway.bodies import BODY_BYTES_MAX, DISCARD_BYTES_MAX
from backhand.gateway.connection import HEAD_BYTES_MAX
from tests.http.venue import LINEAR, MIX, Answer, Connection, Operator, Trader, VenueProcess

REVERSE = f"{MIX}/order/click-backhand"
TIME = "/api/v2/public/time"


def raw(venue: VenueProcess, request: bytes) -> bytes:
    """Send bytes and read everything until the server closes."""
    with socket.create_connection((venue.host, venue.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 400, "40404"),
        ("GET", "/api/v2/mix/order/nothing", 400, "40404"),
        ("GET", "/api/v2/mix/order/detail/", 400, "40404"),
        ("GET", "/api/v2/mix%2Forder/detail", 400, "40404"),
        ("POST", "/api/mix/v1/order/placeOrder", 400, "30032"),
        ("GET", "/api/mix/v1/market/contracts", 400, "30032"),
        ("GET", "/api/v3/account/assets", 400, "40084"),
        ("POST", "/api/v3/trade/place-order", 400, "40084"),
        ("GET", REVERSE, 405, "40404"),
        ("DELETE", REVERSE, 405, "40404"),
        ("POST", TIME, 405, "40404"),
        ("OPTIONS", TIME, 405, "40404"),
        ("GET", "/api/v2/mix/order/" + "x" * 10_000, 400, "40404"),
    ],
)
def test_routes_that_do_not_exist(
    anybody: Connection, method: str, path: str, status: int, code: str
) -> None:
    """Each is refused before authentication, in the envelope, with the code that clients know."""
    answer = anybody.exchange(method, path, {}, b"{}" if method == "POST" else None)
    assert (status, code, None) == (answer.status, answer.code, answer.json["data"])
    assert {"code", "msg", "requestTime", "data"} == set(answer.json)
    if status == 405:
        assert ("POST" if path == REVERSE else "GET") == answer.headers["allow"]


def test_head_is_answered_without_a_body(venue: VenueProcess) -> None:
    """HEAD keeps the connection in order: headers only."""
    answer = raw(venue, b"HEAD /api/v2/public/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_request_without_a_host_is_answered(venue: VenueProcess) -> None:
    """HTTP-3: a bot that writes its requests by hand may leave the header out."""
    answer = raw(venue, b"GET /api/v2/public/time HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_what_is_not_http_has_no_time(venue: VenueProcess) -> None:
    """HTTP-2: it is refused in the envelope, with a time of 0, and the connection ends."""
    head, _, body = raw(venue, b"nonsense\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert {"code": "40409", "msg": "wrong format", "requestTime": 0, "data": None} == json.loads(body)


def test_the_unified_probe_is_refused_after_authentication(trader: Trader) -> None:
    """Ccxt asks this first, and must be told that the account is a classic one."""
    answer = trader.get("/api/v3/account/settings", {})
    assert (400, "40084") == (answer.status, answer.code)


@pytest.mark.parametrize(
    "path",
    ["/api/v2/spot/public/coins", "/api/v2/spot/public/symbols", "/api/v2/margin/currencies"],
)
def test_what_load_markets_needs_besides_contracts_is_empty(anybody: Connection, path: str) -> None:
    """There is no spot market here; an empty list keeps ccxt going."""
    assert [] == anybody.exchange("GET", path, {}, None).data


def test_demo_product_types_have_no_contracts(anybody: Connection) -> None:
    """Ccxt asks for the contracts of six product types; three have some."""
    counts = {
        kind: len(anybody.exchange("GET", f"{MIX}/market/contracts?productType={kind}", {}, None).data)
        for kind in ("USDT-FUTURES", "coin-futures", "USDC-FUTURES", "SUSDT-FUTURES", "SCOIN-FUTURES")
    }
    assert [4, 2, 2, 0, 0] == list(counts.values())


def test_server_time_is_near_the_wall_and_not_after_request_time(anybody: Connection) -> None:
    """With a real clock venue time is wall time."""
    answer = anybody.exchange("GET", TIME, {}, None)
    assert abs(int(answer.data["serverTime"]) - time.time() * 1000) < 5_000
    assert answer.json["requestTime"] >= int(answer.data["serverTime"])


def test_an_ignored_size_is_noted(trader: Trader) -> None:
    """A6: one-way mode reverses the whole position whatever size is sent, and the answer says so."""
    trader.market(LINEAR, "buy", "2")
    noted = trader.reverse(LINEAR, size="1")
    assert "-2" == trader.held(LINEAR)
    assert "size ignored" in noted.headers["x-backhand-note"]
    assert "x-backhand-note" not in trader.reverse(LINEAR).headers


def test_every_answer_has_an_id_of_its_own(trader: Trader, anybody: Connection) -> None:
    """Refusals and answers alike can be named."""
    answers = [anybody.exchange("GET", path, {}, None) for path in (TIME, "/", TIME)] + [
        trader.reverse(LINEAR)
    ]
    ids = {answer.headers["x-backhand-request-id"] for answer in answers}
    assert len(answers) == len(ids)
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", one) for one in ids)


def test_cancelling_names_both_ids(trader: Trader) -> None:
    """Whichever id named the order, the answer has both."""
    for name in ("orderId", "clientOid"):
        answer = trader.place(
            LINEAR, side="buy", size="1", orderType="limit", price="990", clientOid=f"mine-{name}"
        )
        ids = answer.data
        cancelled = trader.post(f"{MIX}/order/cancel-order", LINEAR.names | {name: ids[name]})
        assert ids == cancelled.data


def order(size: int) -> bytes:
    """A reversal's body of a given size."""
    body = json.dumps(LINEAR.names | {"unknown": ""}).encode()
    return json.dumps(LINEAR.names | {"unknown": "x" * (size - len(body))}).encode()


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (BODY_BYTES_MAX, 400, "40757"),
        (BODY_BYTES_MAX + 1, 413, "40409"),
        (10_000_000, 413, "40409"),
    ],
)
def test_bodies_have_a_bound(trader: Trader, size: int, status: int, code: str) -> None:
    """Up to the bound a body is read; beyond it the client is told, even while it is still sending."""
    body = order(size)
    answer = trader.connection.exchange("POST", REVERSE, trader.signed("POST", REVERSE, body), body)
    assert (status, code) == (answer.status, answer.code)


def test_a_body_announced_far_too_large_is_refused_unread(venue: VenueProcess) -> None:
    """Nothing is waited for, and the connection ends."""
    head = f"POST {REVERSE} HTTP/1.1\r\nHost: x\r\nContent-Length: {DISCARD_BYTES_MAX + 1}\r\n\r\n".encode()
    answer = raw(venue, head)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_body_that_is_asked_about_first_is_refused_before_it_is_sent(venue: VenueProcess) -> None:
    """`Expect: 100-continue` saves the client from sending what would be refused."""
    announced = f"Content-Length: {BODY_BYTES_MAX + 1}\r\nExpect: 100-continue"
    answer = raw(venue, f"POST {REVERSE} HTTP/1.1\r\nHost: x\r\n{announced}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_is_read_like_any_other(venue: VenueProcess, trader: Trader) -> None:
    """Pieces make the same body, and are bounded together."""
    body = json.dumps(LINEAR.names).encode()
    headers = trader.signed("POST", REVERSE, body)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:10], body[10:], b""))
    request = (
        f"POST {REVERSE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{head}\r\n"
    )
    answer = raw(venue, request.encode() + pieces)
    assert b'"code":"40757"' in answer


def test_no_body_is_an_empty_object(trader: Trader) -> None:
    """bitget-api sends no body where it has no parameters, and signs it so."""
    answer = trader.connection.exchange("POST", REVERSE, trader.signed("POST", REVERSE, b""), b"")
    assert "400172" == answer.code


def test_a_post_without_json_content_type_is_refused(trader: Trader) -> None:
    """A form post is 40007; parameters after the media type are fine."""
    for content_type, code in (
        ("application/x-www-form-urlencoded", "40007"),
        ("application/json; charset=utf-8", "400172"),
        ("Application/JSON", "400172"),
    ):
        headers = trader.signed("POST", REVERSE, b"{}") | {"Content-Type": content_type}
        assert code == trader.connection.exchange("POST", REVERSE, headers, b"{}").code


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"no HTTP at all\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/v2/public/time HTTP/1.1\r\nHost: x\r\nX: " + b"y" * HEAD_BYTES_MAX * 3,
        b"GET /" + b"y" * HEAD_BYTES_MAX * 3,
    ],
)
def test_what_is_not_a_request_is_refused_in_json(venue: VenueProcess, request_bytes: bytes) -> None:
    """Clients parse every body; a head without end is cut off."""
    with socket.create_connection((venue.host, venue.port), timeout=10) as connection:
        connection.sendall(request_bytes)
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "40409" == json.loads(answer.partition(b"\r\n\r\n")[2])["code"]


def test_clients_that_leave_in_the_middle_disturb_nobody(
    venue: VenueProcess, operator: Operator, trader: Trader
) -> None:
    """Half a body and a closed connection: nothing is executed, and others are served."""
    trader.market(LINEAR, "buy", "1")
    before = operator.digest()
    body = json.dumps(LINEAR.names).encode()
    headers = trader.signed("POST", REVERSE, body)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {REVERSE} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
    for end in range(1, len(request) + len(body), 50):
        with socket.create_connection((venue.host, venue.port), timeout=10) as connection:
            connection.sendall((request + body)[:end])
    assert "+1" == trader.held(LINEAR)
    assert before == operator.digest()


def test_pipelined_requests_are_answered_in_order(venue: VenueProcess) -> None:
    """Two requests in one packet get two answers, the last of which closes."""
    one = b"GET /api/v2/public/time HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(venue, one + one + last)
    assert [b"200", b"200", b"400"] == re.findall(rb"HTTP/1\.1 (\d+)", answer)


def test_numbers_in_answers_are_text(trader: Trader, anybody: Connection) -> None:
    """Clients read decimals from text; only the documented exceptions are numbers."""
    assert_text(anybody.exchange("GET", f"{MIX}/market/tickers?productType=USDT-FUTURES", {}, None))
    assert_text(trader.get(f"{MIX}/account/accounts", {"productType": "USDT-FUTURES"}))


def assert_text(answer: Answer) -> None:
    rows: list[dict[str, Any]] = answer.data
    assert rows
    assert [] == [name for row in rows for name, value in row.items() if isinstance(value, int | float)]
