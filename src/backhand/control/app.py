"""
The operator's API as a Starlette application: routes, and JSON in and out.

Names and shapes are fixed, because tests and tools rely on them; see docs for the table.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backhand.clock import ClockRefused
from backhand.commands import (
    HOUSE_UID,
    Command,
    Contract,
    OpenAccount,
    OpenKey,
    Transfer,
)
from backhand.control.guard import Guard, refused
from backhand.control.ports import IssuedKey, Venue
from backhand.control.requests import (
    UID_PATTERN,
    AdvanceRequest,
    BadRequest,
    BookRequest,
    ClockRequest,
    OpenAccountRequest,
    PriceRequest,
    TransferRequest,
    amount_e8,
    decoded,
    deposits_e8,
    known_coin,
    ladder_command,
    leverage_of,
    price_command,
    shown,
)
from backhand.control.times import duration_ms, instant_ms, instant_text, speed_of
from backhand.events import Event, PriceSet, Rejected, RejectReason, Transferred
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from backhand.units import format_decimal

#: Largest body: a full ladder of 2 x 500 levels is under 50 kB.
BODY_BYTES_MAX: Final = 1_000_000
#: Where generated uids begin: as many digits as the exchange's.
FIRST_UID: Final = 1_000_000_001

STATUS_OF_REASON: Final = {
    RejectReason.UNKNOWN_ACCOUNT: 404,
    RejectReason.UNKNOWN_SYMBOL: 404,
    RejectReason.ACCOUNT_EXISTS: 409,
    RejectReason.KEY_EXISTS: 409,
    RejectReason.INSUFFICIENT_FUNDS: 409,
}

Handler = Callable[[Request], Awaitable[Response]]


def control_app(venue: Venue, metrics: CollectorRegistry, *, token: str | None, loopback: bool) -> Starlette:
    """Build the application for `/_venue` and `/metrics`."""
    control = _Control(venue, metrics)
    app = Starlette(
        routes=[
            Route("/_venue/health", control.health),
            Route("/_venue/ready", control.ready),
            Route("/_venue/accounts", control.open_account, methods=["POST"]),
            Route("/_venue/accounts/{uid}", control.account),
            Route("/_venue/accounts/{uid}/transfers", control.transfer, methods=["POST"]),
            Route("/_venue/markets/{symbol}/book", control.replace_book, methods=["PUT"]),
            Route("/_venue/markets/{symbol}/price", control.set_price, methods=["PUT"]),
            Route("/_venue/clock", control.clock),
            Route("/_venue/clock", control.set_clock, methods=["PUT"]),
            Route("/_venue/clock/advance", control.advance_clock, methods=["POST"]),
            Route("/_venue/audit", control.audit),
            Route("/metrics", control.metrics),
        ],
        middleware=[Middleware(Guard, token=token, loopback=loopback)],
        exception_handlers={
            BadRequest: _bad_request,
            ClockRefused: _clock_refused,
            HTTPException: _http_error,
            Overloaded: _overloaded,
            OutcomeUnknown: _outcome_unknown,
        },
    )
    # A path with a slash too many is another path: a redirect has no error form and loses a write's body.
    app.router.redirect_slashes = False
    return app


class _Control:
    """The handlers, around one venue."""

    def __init__(self, venue: Venue, metrics: CollectorRegistry) -> None:
        self._venue = venue
        self._metrics = metrics
        #: Numbers of keys and accounts are read and used without another request in between.
        self._opening = asyncio.Lock()

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        if not self._venue.is_ready():
            return refused(503, "not_ready", "the venue is recovering or stopping")
        return JSONResponse({"status": "ready", "sequence": await self._venue.sequence()})

    async def open_account(self, request: Request) -> Response:
        asked = decoded(await _body(request), OpenAccountRequest)
        deposits = deposits_e8(asked.balances, self._coins())
        leverage = leverage_of(asked.leverage)
        if asked.uid is not None:
            _require_uid(asked.uid)
        async with self._opening:
            accounts, keys = await self._venue.counts()
            uid = await self._unused_uid(accounts) if asked.uid is None else asked.uid
            known = await self._venue.opened_as(uid)
            opening = _opening(asked, leverage, known or OpenAccount(uid))
            if known not in (None, opening):
                raise BadRequest(
                    "account_exists",
                    f"account {uid} was opened with other settings: a further key changes none",
                    409,
                )
            issued, sealed = self._venue.issue_key(keys)
            commands: list[Command] = []
            if known is None:
                commands.append(opening)
            commands.append(
                OpenKey(
                    uid=uid,
                    api_key=issued.api_key,
                    sealed_secret=sealed.sealed_secret,
                    passphrase_hash=sealed.passphrase_hash,
                    permissions=asked.permissions,
                )
            )
            commands.extend(Transfer(uid, coin, amount) for coin, amount in deposits.items())
            applied = await self._venue.submit(tuple(commands))
        _require_done(applied)
        return _opened(uid, issued)

    async def account(self, request: Request) -> Response:
        uid = request.path_params["uid"]
        view = await self._venue.account(uid)
        if view is None:
            return refused(404, "unknown_account", f"there is no account {shown(uid)}")
        return JSONResponse(view)

    async def transfer(self, request: Request) -> Response:
        uid = _require_uid(request.path_params["uid"])
        asked = decoded(await _body(request), TransferRequest)
        coin = known_coin(asked.coin, self._coins())
        amount = amount_e8(asked.amount, "amount")
        applied = await self._venue.submit((Transfer(uid, coin, amount),))
        answer: dict[str, object] = {"uid": uid, "coin": coin, "sequence": applied[0].sequence}
        for event in _require_done(applied):
            if isinstance(event, Transferred):
                answer["amount"] = format_decimal(event.amount_e8, 8)
                answer["wallet"] = format_decimal(event.wallet_e8, 8)
        return JSONResponse(answer)

    async def replace_book(self, request: Request) -> Response:
        contract = self._contract(request)
        command = ladder_command(contract, decoded(await _body(request), BookRequest))
        applied = await self._venue.submit((command,))
        _require_done(applied)
        return _priced(contract.symbol, applied[0])

    async def set_price(self, request: Request) -> Response:
        contract = self._contract(request)
        command = price_command(contract, decoded(await _body(request), PriceRequest))
        applied = await self._venue.submit((command,))
        _require_done(applied)
        return _priced(contract.symbol, applied[0])

    async def clock(self, _request: Request) -> Response:
        return self._clock_now()

    async def set_clock(self, request: Request) -> Response:
        asked = decoded(await _body(request), ClockRequest)
        if (asked.mode == "scaled") != (asked.speed is not None):
            raise BadRequest("invalid_speed", "a scaled clock needs a speed, and no other has one")
        self._venue.clock.set_mode(asked.mode, speed_of("1" if asked.speed is None else asked.speed))
        return self._clock_now()

    async def advance_clock(self, request: Request) -> Response:
        asked = decoded(await _body(request), AdvanceRequest)
        if (asked.by is None) == (asked.to is None):
            raise BadRequest("invalid_request", 'give either "by" or "to"')
        clock = self._venue.clock
        if asked.by is not None:
            time_ms = clock.now_ms() + duration_ms(asked.by)
        else:
            time_ms = instant_ms(asked.to or "")
        # What comes due happens now, and the answer says so only after it is on disk.
        return self._clock_now(sequence=await self._venue.advance(time_ms))

    def _clock_now(self, **more: int) -> Response:
        clock = self._venue.clock
        time_ms = clock.now_ms()
        shown_time = {"now": instant_text(time_ms), "nowMs": time_ms}
        return JSONResponse({"mode": clock.mode, "speed": str(clock.speed), **shown_time, **more})

    async def audit(self, _request: Request) -> Response:
        return JSONResponse(await self._venue.audit())

    async def metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._metrics), media_type=CONTENT_TYPE_LATEST)

    def _coins(self) -> list[str]:
        return list(dict.fromkeys(contract.margin_coin for contract in self._venue.contracts.values()))

    def _contract(self, request: Request) -> Contract:
        symbol = request.path_params["symbol"]
        contract = self._venue.contracts.get(symbol.upper())
        if contract is None:
            listed = ", ".join(self._venue.contracts)
            raise BadRequest("unknown_symbol", f"{shown(symbol)} is not listed; listed: {listed}", 404)
        return contract

    async def _unused_uid(self, accounts: int) -> str:
        number = FIRST_UID + accounts - 1  # The house is an account too.
        while await self._venue.opened_as(str(number)) is not None:
            number += 1
        return str(number)


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise BadRequest("body_too_large", f"the body is larger than {BODY_BYTES_MAX} bytes", 413)
        chunks.append(chunk)
    return b"".join(chunks)


def _require_uid(uid: str) -> str:
    if uid == HOUSE_UID or not re.fullmatch(UID_PATTERN, uid):
        raise BadRequest(
            "invalid_uid",
            f"a uid is 1 to 32 letters, digits, - or _, and {HOUSE_UID} is the house's; got {shown(uid)}",
        )
    return uid


def _require_done(applied: list[Applied]) -> list[Event]:
    """Give the events of commands that the engine carried out."""
    events = [event for one in applied for event in one.events]
    for event in events:
        if isinstance(event, Rejected):
            status = STATUS_OF_REASON.get(event.reason, 400)
            detail = event.detail or event.reason.value.replace("_", " ")
            raise BadRequest(event.reason.value, detail, status)
    return events


def _opening(asked: OpenAccountRequest, leverage: int | None, otherwise: OpenAccount) -> OpenAccount:
    """Make the command that opens what is asked for; settings that are not sent are those of `otherwise`."""
    return OpenAccount(
        otherwise.uid,
        otherwise.copy_trader if asked.copy_trader is None else asked.copy_trader,
        otherwise.hedge_mode if asked.pos_mode is None else asked.pos_mode == "hedge_mode",
        asked.margin_mode or otherwise.margin_mode,
        leverage or otherwise.leverage,
    )


def _opened(uid: str, issued: IssuedKey) -> Response:
    return JSONResponse(
        {
            "uid": uid,
            "apiKey": issued.api_key,
            "secretKey": issued.secret,
            "passphrase": issued.passphrase,
        },
        headers={"Cache-Control": "no-store"},
    )


def _priced(symbol: str, applied: Applied) -> Response:
    """The symbol's prices after the command, where it changed them."""
    prices = [event for event in applied.events if isinstance(event, PriceSet)]
    answer: dict[str, object] = {"symbol": symbol, "sequence": applied.sequence}
    if prices:
        answer["index"] = format_decimal(prices[-1].index_price_e12, 12)
        answer["mark"] = format_decimal(prices[-1].mark_price_e12, 12)
    return JSONResponse(answer)


async def _bad_request(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequest)  # noqa: S101  # Starlette calls by class; this is for the type checker.
    return refused(error.status, error.reason, error.detail)


async def _clock_refused(_request: Request, error: Exception) -> Response:
    return refused(409, "clock_refused", str(error))


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # As above.
    reason = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    answer = refused(error.status_code, reason, error.detail)
    if error.headers is not None and "Allow" in error.headers:
        # They come in no order.
        answer.headers["Allow"] = ", ".join(sorted(error.headers["Allow"].split(", ")))
    return answer


async def _overloaded(_request: Request, _error: Exception) -> Response:
    return refused(503, "overloaded", "too much is waiting; nothing was executed")


async def _outcome_unknown(_request: Request, _error: Exception) -> Response:
    return refused(503, "outcome_unknown", "the venue stopped first; look at its state before trying again")
