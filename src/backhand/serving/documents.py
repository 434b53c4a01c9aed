"""
What the venue tells about itself: the OpenAPI document and a page to browse it.

    /openapi.json   made once, from the declarations of the endpoints
    /docs           one page without anything from elsewhere; it reads the document and shows it

Both are for anybody: they hold nothing of any account.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send

from backhand import __version__
from backhand.commands import CancelTrigger
from backhand.engine.precedence import PRECEDENCE
from backhand.events import RejectReason
from backhand.wire import codes
from backhand.wire.codes import REASON_CODES
from backhand.wire.openapi import document
from backhand.wire.requests.plan_reads import PlacedByPlanQuery
from backhand.wire.requests.queries import OrderQuery
from backhand.wire.requests.receipts import ExplainQuery, ReceiptQuery
from backhand.wire.requests.reversals import ReversalQuery

#: The page runs its own script and style, reads the document, and nothing else.
_POLICY: Final = (
    b"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    b"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_METHODS: Final = ("GET", "HEAD")


def later_refusals() -> dict[type, tuple[str, ...]]:
    """Tell with which codes each command and question can be refused once its request was read."""
    of_commands = {
        command: tuple(dict.fromkeys(REASON_CODES[reason][0] for reason in reasons))
        for command, reasons in PRECEDENCE.items()
    }
    unknown_protection, _ = REASON_CODES[RejectReason.UNKNOWN_PROTECTION]
    return {
        **of_commands,
        # In a list of take-profits and stop-losses an unknown one has a code of its own.
        CancelTrigger: (*of_commands[CancelTrigger], unknown_protection),
        OrderQuery: (codes.ORDER_NOT_FOUND.code,),
        ReceiptQuery: (codes.ORDER_NOT_FOUND.code,),
        ExplainQuery: (codes.REQUEST_NOT_FOUND.code,),
        PlacedByPlanQuery: (codes.PLAN_ORDER_NOT_FOUND.code,),
        ReversalQuery: (),  # Its command is judged, and what that is refused for counts.
    }


class Documents:
    """Answers `/openapi.json` and `/docs`."""

    def __init__(self) -> None:
        described = msgspec.json.encode(document(__version__, later_refusals()))
        page = files("backhand.serving").joinpath("docs.html").read_bytes()
        self._pages: Mapping[str, tuple[bytes, bytes]] = {
            "/openapi.json": (b"application/json", described),
            "/docs": (b"text/html; charset=utf-8", page),
        }

    def __contains__(self, path: str) -> bool:
        return path in self._pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for one of the pages."""
        del receive
        allowed = scope["method"] in _METHODS
        content_type, body = self._pages[scope["path"]] if allowed else (b"text/plain", b"")
        headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"content-security-policy", _POLICY),
            (b"x-content-type-options", b"nosniff"),
        ]
        if not allowed:
            headers.append((b"allow", ", ".join(_METHODS).encode()))
        await send({"type": "http.response.start", "status": 200 if allowed else 405, "headers": headers})
        await send({"type": "http.response.body", "body": body})
