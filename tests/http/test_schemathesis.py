"""
schemathesis makes requests from the document that the venue serves, and holds the answers to it.

Three ways: requests that the document allows, requests that it does not, and requests in the words of one
account and market, so that orders are placed and rows come back. They are signed as a client signs them.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, NamedTuple

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation.modes import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.http.venue import LINEAR, Credentials, VenueProcess

#: Requests of each way to each endpoint: 82 endpoints take less than a minute on two idle cores.
EXAMPLES_MAX: Final = 8
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: What a request says where it is to mean something on the venue of these tests.
WORDS: Final = {
    "symbol": ["ETHUSDT"],
    "productType": ["USDT-FUTURES"],
    "marginCoin": ["USDT"],
    "marginMode": ["crossed"],
    "size": ["1", "0.5", "20"],
    "newSize": ["2"],
    "price": ["900", "999", "1000", "1010"],
    "newPrice": ["990"],
    "triggerPrice": ["900", "1100"],
    "leverage": ["5", "20"],
    "limit": ["1", "100"],
    "amount": ["1", "-1"],
    "startTime": [""],
    "endTime": [""],
    "idLessThan": [""],
    "quoteId": [""],
}
WAYS: Final = ("allowed", "not allowed", "meant")


class Signed(AuthBase):
    """Signs what is about to be sent: Bitget's headers over the bytes of the request."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        assert isinstance(body, bytes | str)
        raw = body.encode() if isinstance(body, str) else body
        timestamp = str(time.time_ns() // 1_000_000)
        message = f"{timestamp}{request.method}{request.path_url}".encode() + raw
        secret = self.credentials.secret.encode()
        signed = {
            "ACCESS-KEY": self.credentials.api_key,
            "ACCESS-SIGN": base64.b64encode(hmac.digest(secret, message, hashlib.sha256)).decode(),
            "ACCESS-TIMESTAMP": timestamp,
            "ACCESS-PASSPHRASE": self.credentials.passphrase,
        }
        request.headers.update(signed)
        return request


class Target(NamedTuple):
    """What is asked: where it is, what it says about itself, that in words that mean something, who asks."""

    base_url: str
    described: dict[str, Any]
    schemas: tuple[BaseSchema, BaseSchema]
    credentials: Credentials


@pytest.fixture(scope="module")
def target(logs: Path) -> Iterator[Target]:
    """A venue of its own, with a book, and an account that holds a position and an open order."""
    options = ("--memory", "--market", "manual", "--clock", "real", "--limits", "off")
    process = VenueProcess(logs / "schemathesis.log", options).start()
    operator = process.operator
    operator.set_book(LINEAR, [("999", "100000")], [("1000", "100000")], "1000")
    trader = operator.trader(posMode="one_way_mode")
    trader.take(LINEAR, "+10")
    trader.limit(LINEAR, "buy", "1", "990")
    described = requests.get(f"{process.base_url}/openapi.json", timeout=30).json()
    whole, narrow = (schemathesis.openapi.from_dict(one) for one in (described, meant(described)))
    yield Target(process.base_url, described, (whole, narrow), trader.credentials)
    process.stop()


def judge(target: Target, method: str, path: str, way: str, examples_max: int = EXAMPLES_MAX) -> list[int]:
    """Make requests for one operation and hold each answer to the document; the statuses that came."""
    mode = GenerationMode.NEGATIVE if way == "not allowed" else GenerationMode.POSITIVE
    session = requests.Session()
    statuses: list[int] = []

    @settings(
        max_examples=examples_max,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=target.schemas[way == "meant"][path][method].as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call(base_url=target.base_url, session=session, auth=Signed(target.credentials))
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    with session:
        ask()
    return statuses


def meant(described: dict[str, Any]) -> dict[str, Any]:
    """Narrow the document: where there are words for a name, those are its values, and nulls are left out."""

    def narrow(name: str, value: Any) -> Any:
        return {"type": "string", "enum": WORDS[name]} if name in WORDS else value

    def visit(node: Any) -> Any:
        if isinstance(node, list):
            return [visit(one) for one in node]
        if not isinstance(node, dict):
            return node
        node = {key: value if key == "responses" else visit(value) for key, value in node.items()}
        if isinstance(node.get("properties"), dict):
            node["properties"] = {name: narrow(name, value) for name, value in node["properties"].items()}
        if node.get("in") == "query":
            node["schema"] = narrow(node["name"], node["schema"])
        return node

    paths = {path: visit(methods) for path, methods in described["paths"].items()}
    return {**described, "paths": paths}


def test_every_answer_is_in_the_document(target: Target, subtests: pytest.Subtests) -> None:
    """No failure of the server, no status and no answer that the document does not have, however asked."""
    operations = {
        (method, path): operation
        for path, methods in target.described["paths"].items()
        for method, operation in methods.items()
    }
    answered = []
    for (method, path), operation in operations.items():
        takes_something = operation.get("parameters") or "requestBody" in operation
        for way in WAYS if takes_something else ("allowed",):
            with subtests.test(method=method, path=path, way=way):
                if 200 in judge(target, method, path, way):
                    answered.append((method, path))
    # The words are good for at least half of what can succeed, so that the checks of successes see some.
    able = [name for name, operation in operations.items() if "200" in operation["responses"]]
    assert len(able) < 2 * len(set(answered))


#: What a broken server answers to a reversal, and which check says so.
BROKEN: Final = [
    (
        200,
        b'{"code":"00000","msg":"success","requestTime":1,"data":{"orderId":1,"clientOid":""}}',
        "JsonSchemaError",
    ),
    (200, b'{"code":"00000","msg":"success","requestTime":1,"data":null}', "JsonSchemaError"),
    (400, b'{"code":"99999","msg":"no","requestTime":1,"data":null}', "JsonSchemaError"),
    (404, b'{"code":"40404","msg":"no","requestTime":1,"data":null}', "UndefinedStatusCode"),
    (500, b'{"code":"40725","msg":"no","requestTime":1,"data":null}', "ServerError"),
]


@pytest.mark.parametrize(("status", "body", "wanted"), BROKEN)
def test_canary_is_caught(target: Target, status: int, body: bytes, wanted: str) -> None:
    """A server that answers outside the document does not pass."""

    class Broken(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class calls it so)
            pass

    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        broken = target._replace(base_url=f"http://127.0.0.1:{server.server_port}")
        with pytest.raises((FailureGroup, Failure)) as caught:
            judge(broken, "post", "/api/v2/mix/order/click-backhand", "meant", 1)
        server.shutdown()
        thread.join()
    failures = getattr(caught.value, "exceptions", (caught.value,))
    assert wanted in [type(failure).__name__ for failure in failures]
