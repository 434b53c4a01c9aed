"""
The exchange's API as one plain ASGI application: one dictionary of routes, one flat list of checks.

The order of the checks stands in the package's docstring. Plain ASGI and not a framework, because
routing and request objects would cost more than everything else here together (DESIGN D11).
"""

import time
from typing import Final

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from backhand.clock import wall_ms
from backhand.gateway.access import Access, SignedRequest, missing_permission
from backhand.gateway.bodies import BodyTooLarge, ClientGone, read_body
from backhand.gateway.calls import SUCCESS_CODE, Calls
from backhand.gateway.counters import RequestCounters
from backhand.gateway.limits import AddressLimits, no_address_limits
from backhand.gateway.ports import Executor
from backhand.wire import codes
from backhand.wire.codes import Refusal
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.envelope import failure, success

#: A known path with another method: HTTP's own status, and the code that clients know for no such route.
WRONG_METHOD: Final = msgspec.structs.replace(codes.UNKNOWN_PATH, http_status=405)
#: The body did not arrive in time.
BODY_LATE: Final = msgspec.structs.replace(codes.WRONG_FORMAT, http_status=408)
#: A mistake of ours. What was executed by then is not known here, so that is the answer.
OUR_MISTAKE: Final = msgspec.structs.replace(codes.OUTCOME_UNKNOWN, http_status=500)

#: The metrics' name for paths that do not exist, so that endpoints stay a closed set.
UNKNOWN_ENDPOINT: Final = "unknown"

Header = tuple[bytes, bytes]

_JSON: Final = (b"content-type", b"application/json")
_CLOSE: Final = (b"connection", b"close")
#: Routes as bytes, as they arrive, and the methods that each path has.
_ROUTES: Final = {(method, path.encode()): endpoint for (method, path), endpoint in ENDPOINTS.items()}
_METHODS_OF_PATH: Final = {
    path.encode(): ", ".join(method for method, of_path in ENDPOINTS if of_path == path).encode()
    for _, path in ENDPOINTS
}
V1_PREFIXES: Final = ("/api/mix/v1/", "/api/spot/v1/")
V3_PREFIX: Final = "/api/v3/"
_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """
    What goes back; `code` is the body's own, for the metrics.

    `remaining` is what is left of the quota, None on a path that has none.
    """

    status: int
    code: str
    body: bytes
    remaining: int | None
    headers: tuple[Header, ...] = ()


class Gateway:
    """
    Answers every request outside the operator's API.

    Args:
        addresses: What one IP address may do; as much as it wants if not told.
    """

    def __init__(
        self,
        venue: Executor,
        access: Access,
        calls: Calls,
        counters: RequestCounters,
        addresses: AddressLimits | None = None,
    ) -> None:
        self._venue = venue
        self._access = access
        self._calls = calls
        self._counters = counters
        self._addresses = no_address_limits() if addresses is None else addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        request_id = self._calls.new_request_id()
        endpoint = _ROUTES.get((scope["method"], scope["raw_path"]))
        try:
            if endpoint is None:
                answer = await self._no_endpoint(scope, receive)
            else:
                answer = await self._answer(endpoint, scope, receive, request_id)
        except ClientGone:
            return
        except Exception:  # noqa: BLE001 (whatever it is, its text stays here and the client gets a code)
            _log.exception("request_failed", endpoint=endpoint.path if endpoint else UNKNOWN_ENDPOINT)
            answer = self._refused(OUR_MISTAKE)
        headers = [
            _JSON,
            (b"content-length", b"%d" % len(answer.body)),
            (b"x-backhand-request-id", request_id),
            *answer.headers,
        ]
        if answer.remaining is not None:
            headers.append((b"x-mbx-used-remain-limit", b"%d" % answer.remaining))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        label = UNKNOWN_ENDPOINT if endpoint is None else endpoint.path
        self._counters.count(label, answer.code, time.perf_counter() - started)

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive, request_id: bytes) -> Answer:
        """The checks in the documented order; nothing is executed before the last of them."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            body = await read_body(receive, headers) if _has_body(scope["method"], headers) else b""
        except BodyTooLarge:
            return self._refused(codes.BODY_TOO_LARGE, endpoint.per_second, _CLOSE)
        except TimeoutError:
            return self._refused(BODY_LATE, endpoint.per_second, _CLOSE)
        address = _address(scope)
        if not self._addresses.admit(address):
            return self._refused(codes.TOO_MANY_REQUESTS, 0)
        key = None
        now_ms = wall_ms()
        remaining = endpoint.per_second
        if endpoint.permission is not None:
            request = SignedRequest(
                endpoint.method.encode(), scope["raw_path"], scope["query_string"], headers, body
            )
            admitted = self._access.admit(request, now_ms)
            if isinstance(admitted, Refusal):
                return self._refused(admitted, remaining)
            missing = missing_permission(admitted, endpoint.permission)
            if missing is not None:
                return self._refused(missing, remaining)
            key = admitted
            remaining = self._calls.take(endpoint, key)
        else:
            remaining = self._addresses.ask(address, endpoint.path, endpoint.per_second)
        if remaining < 0:
            return self._refused(codes.TOO_MANY_REQUESTS, 0)
        if endpoint.method == "POST" and not _is_json(headers):
            return self._refused(codes.CONTENT_TYPE, remaining)
        # bitget-api sends no body at all where it has no parameters, and signs it so.
        parameters = (body or b"{}") if endpoint.method == "POST" else scope["query_string"]
        data, note = await self._calls.carry_out(endpoint, key, parameters, now_ms, request_id)
        if isinstance(data, Refusal):
            return self._refused(data, remaining)
        notes = () if note is None else ((b"x-backhand-note", note.encode()),)
        return Answer(200, SUCCESS_CODE, success(data, self._venue.now_ms()), remaining, notes)

    async def _no_endpoint(self, scope: Scope, receive: Receive) -> Answer:
        """Refuse a route that does not exist, after its body, so that the client hears it."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        closing = []
        if _has_body(scope["method"], headers):
            try:
                await read_body(receive, headers)
            except (BodyTooLarge, TimeoutError):
                closing = [_CLOSE]
        if not self._addresses.admit(_address(scope)):
            return self._refused(codes.TOO_MANY_REQUESTS, 0, *closing)
        methods = _METHODS_OF_PATH.get(scope["raw_path"])
        if methods is None:
            return self._refused(_refusal_of_path(scope["path"]), None, *closing)
        return self._refused(WRONG_METHOD, None, (b"allow", methods), *closing)

    def _refused(self, refusal: Refusal, remaining: int | None = None, *headers: Header) -> Answer:
        body = failure(refusal, self._venue.now_ms())
        return Answer(refusal.http_status, refusal.code, body, remaining, headers)


def _is_json(headers: dict[bytes, bytes]) -> bool:
    content_type = headers.get(b"content-type", b"")
    return content_type == _JSON[1] or content_type.lower().partition(b";")[0].strip() == _JSON[1]


def _address(scope: Scope) -> str:
    """Where a request comes from: an IP address, or nothing on a socket that has none."""
    client = scope.get("client")
    return client[0] if client else ""


def _has_body(method: str, headers: dict[bytes, bytes]) -> bool:
    return method == "POST" or b"content-length" in headers or b"transfer-encoding" in headers


def _refusal_of_path(path: str) -> Refusal:
    """Refuse a path that does not exist: the old API is gone, the unified one is for other accounts."""
    if path.startswith(V1_PREFIXES):
        return codes.V1_GONE
    return codes.CLASSIC_ACCOUNT if path.startswith(V3_PREFIX) else codes.UNKNOWN_PATH
