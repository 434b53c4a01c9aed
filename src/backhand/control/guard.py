"""
Who may use the operator's API: programs of this machine, or holders of the token; never a web page.

A page that a person visits can make a browser send requests to loopback. It cannot choose their Host,
and it cannot hide its Origin or send JSON without asking first; so those three are looked at.
"""

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

WRITING_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """
    Refuses requests before they are read.

    Args:
        token: Asked for as a bearer token; None on loopback only.
        loopback: The venue listens on loopback, so a Host of any other name is a web page's trick.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, loopback: bool) -> None:
        if token is None and not loopback:
            raise ValueError("the operator's API is open on loopback only: give it a token")
        self._app = app
        self._token = token
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with why not."""
        if scope["type"] == "http":
            refusal = self._refusal(HTTPConnection(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, request: HTTPConnection) -> JSONResponse | None:
        host = request.headers.get("host", "")
        if self._loopback and host and not is_loopback(host_name(host)):
            return refused(
                403, "foreign_host", "on loopback the Host must be a loopback address or localhost"
            )
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return refused(403, "foreign_origin", "web pages of other origins may not use this API")
        if self._token is not None and not self._authorised(request):
            return refused(401, "unauthorized", "send the control token as `Authorization: Bearer <token>`")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.scope["method"] in WRITING_METHODS and content_type != "application/json":
            return refused(415, "json_required", "writes need the header `Content-Type: application/json`")
        return None

    def _authorised(self, request: HTTPConnection) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "replace")
        return scheme.lower() == "bearer" and hmac.compare_digest(given, (self._token or "").encode())


def refused(status: int, reason: str, detail: str) -> JSONResponse:
    """The error form of this API."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004  # HTTP's own number.
    return JSONResponse({"error": reason, "detail": detail}, status, headers)


def host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name or address means this machine only."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
