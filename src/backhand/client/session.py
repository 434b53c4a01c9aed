"""
One account's calls, before and after the network: signed requests, paced; answers read, or refusals raised.

    call declaration ─▶ Outgoing ─▶ (driver: wait, sign, send) ─▶ HttpAnswer ─▶ model or exception

A call is a generator, a `Flow`: it yields what to send and is given the answer, or has a `NotSent` or an
`AnswerLost` thrown in. It does no I/O, so the same declaration serves the sync and the async client.
"""

import re
import secrets
import time
from collections.abc import Callable, Generator
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from urllib.parse import quote, unquote

import msgspec

from backhand.client.errors import ClientError, NoAnswer, OutcomeUnknown
from backhand.client.models import OrderIds, present
from backhand.client.pacing import WINDOW_SECONDS, Pacer
from backhand.client.refusals import UNKNOWN_CODES, refused
from backhand.client.routes import Route
from backhand.client.transport import AnswerLost, HttpAnswer, HttpRequest
from backhand.wire import codes
from backhand.wire.fields import Form
from backhand.wire.signature import sign, signing_key

T = TypeVar("T")

#: How often one call is sent when the exchange answers 429, which says that nothing was executed.
SENDS_MAX: Final = 4
#: The header that only this venue sends, with every answer.
OWN_HEADER: Final = "x-backhand-request-id"
NOTE_HEADER: Final = "x-backhand-note"
#: The engine's own word for a refusal, from a venue in this process.
REASON_HEADER: Final = "x-backhand-reason"
SUCCESS: Final = "00000"
_OK: Final = range(200, 300)
#: Statuses that a refusal can have; of these the last two say that somebody stopped waiting.
_TOLD: Final = (*_OK, *range(400, 500))
_GIVEN_UP: Final = (408, 499)
#: A code of the exchange's: text of five or six digits, or the limit's. What stands in between answers JSON
#: with codes too, and knows nothing of what it passed on. Source: errors.md.
_CODE: Final = re.compile(r"429|[0-9]{5,6}")


class Credentials(msgspec.Struct, frozen=True):
    """An API key with its secret and passphrase; none of them is shown when it is printed."""

    api_key: str
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return "Credentials(…)"


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A request that is to be signed and sent, `delay_seconds` from now."""

    route: Route
    fields: dict[str, str]
    delay_seconds: float
    timeout_seconds: float


#: What a call is: yields requests, is sent their answers, returns its result.
Flow = Generator[Outgoing, HttpAnswer, T]


class _Envelope(msgspec.Struct, frozen=True):
    code: str
    msg: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
#: Fractions become Decimal here, so that no number passes through a float.
_DATA: Final = msgspec.json.Decoder(float_hook=Decimal)


class Session:
    """
    What the calls of one client share.

    Args:
        credentials: None for public calls only.
        paptrading: Send the header that the real exchange wants with keys for demo trading.
        copy_trader: The account is a copy-trading trader's: reversals and orders are limited to 1 per second.
        timeout_seconds: How long one request may take.
        pacing: Whether calls are delayed to keep to the exchange's limits.
        wall_ms: The clock that requests are signed with.
        monotonic: The clock that waits are measured with, in seconds.
        new_client_oid: Makes ids for orders and reversals that were given none.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        paptrading: bool = False,
        copy_trader: bool = False,
        timeout_seconds: float = 5.0,
        pacing: bool = True,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
        new_client_oid: Callable[[], str] = lambda: "bh-" + secrets.token_hex(12),
    ) -> None:
        self._credentials = credentials
        self._key = signing_key(credentials.secret.encode()) if credentials else None
        self._paptrading = paptrading
        self._pacer = Pacer(copy_trader=copy_trader) if pacing else None
        self._wall_ms = wall_ms
        self.timeout_seconds = timeout_seconds
        self.monotonic = monotonic
        self.new_client_oid = new_client_oid
        #: Whether an answer has shown that this is a Backhand venue.
        self.own_venue = False
        #: Whether the account is a unified one, which has no reversal call.
        self.unified = False

    def signed(self, outgoing: Outgoing) -> HttpRequest:
        """
        Make the bytes of a request.

        A query is sorted by name and signed before percent-encoding, a body is compact JSON: the same bytes
        as ccxt's. Source: auth.md section 3.
        """
        route = outgoing.route
        target, body = route.path, b""
        if route.method == "POST":
            body = msgspec.json.encode(outgoing.fields)
        elif outgoing.fields:
            pairs = sorted(outgoing.fields.items())
            target += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
        headers = {"Content-Type": "application/json"} if body else {}
        if self._paptrading and route.private:
            headers["paptrading"] = "1"
        if route.private:
            if self._credentials is None or self._key is None:
                raise ValueError(f"{route.path} needs credentials")
            timestamp = str(self._wall_ms())
            message = f"{timestamp}{route.method}{unquote(target)}".encode() + body
            headers |= {
                "ACCESS-KEY": self._credentials.api_key,
                "ACCESS-SIGN": sign(self._key, message).decode(),
                "ACCESS-TIMESTAMP": timestamp,
                "ACCESS-PASSPHRASE": self._credentials.passphrase,
            }
        return HttpRequest(route.method, target, headers, body, outgoing.timeout_seconds)

    def call(
        self,
        route: Route,
        form: Form,
        shape: type[T],
        *,
        client_oid: str = "",
        timeout_seconds: float | None = None,
        delay_seconds: float = 0.0,
    ) -> Flow[T]:
        """
        Send one request and read its answer; a 429 is waited out and sent again, up to `SENDS_MAX` times.

        Raises:
            NotSent, Refused: Nothing was done.
            NoAnswer: A question's answer was lost.
            OutcomeUnknown: A change's answer was lost; `client_oid` is what to look for.
        """
        answer = yield from self.answer(
            route, form, client_oid=client_oid, timeout_seconds=timeout_seconds, delay_seconds=delay_seconds
        )
        try:
            return read(answer, shape)
        except AnswerLost as lost:
            raise unanswered(route, client_oid, lost) from lost

    def answer(
        self,
        route: Route,
        form: Form,
        *,
        client_oid: str = "",
        timeout_seconds: float | None = None,
        delay_seconds: float = 0.0,
    ) -> Flow[HttpAnswer]:
        """Send one request; as `call`, with the answer unread."""
        fields = fields_of(form)
        timeout = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        sends = 0
        while True:
            delay = max(delay_seconds, self._pace(route))
            sends += 1
            try:
                answer = yield Outgoing(route, fields, delay, timeout)
            except AnswerLost as lost:
                raise unanswered(route, client_oid, lost) from lost
            self.own_venue = self.own_venue or OWN_HEADER in answer.headers
            if not too_many(answer):
                return answer
            if sends == SENDS_MAX:
                raise refused("429", "Too Many Requests", answer.status, answer.headers.get(OWN_HEADER, ""))
            delay_seconds = WINDOW_SECONDS
            if self._pacer is not None:
                self._pacer.pause(route, self.monotonic())

    def _pace(self, route: Route) -> float:
        return 0.0 if self._pacer is None else self._pacer.delay_seconds(route, self.monotonic())


def unanswered(route: Route, client_oid: str, lost: AnswerLost) -> ClientError:
    """Say what a lost answer means: nothing for a question, anything for a change."""
    if route.changes:
        return OutcomeUnknown(route.path, client_oid, str(lost))
    return NoAnswer(f"{route.path}: {lost}")


def fields_of(form: Form) -> dict[str, str]:
    """The fields of a form that are not empty, under their names on the wire, in the form's order."""
    names = form.__struct_encode_fields__
    values = (getattr(form, field) for field in form.__struct_fields__)
    return {name: value for name, value in zip(names, values, strict=True) if value}


def too_many(answer: HttpAnswer) -> bool:
    """Tell whether the answer is that the limit was reached: nothing was executed."""
    return answer.status == codes.TOO_MANY_REQUESTS.http_status


def read(answer: HttpAnswer, shape: type[T]) -> T:
    """
    Read an answer's data.

    Raises:
        Refused: The exchange said no.
        AnswerLost: It cannot be read, or says itself that nobody knows.
    """
    data = read_data(answer)
    try:
        return msgspec.convert(present(data), shape, strict=False)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise AnswerLost(f"the answer is not understood: {error}") from error


def read_ids(answer: HttpAnswer, client_oid: str) -> OrderIds:
    """Read which order an answer is about; raises as `read`, also when it is not the one that was sent."""
    ids = read(answer, OrderIds)
    if ids.client_oid != client_oid:
        raise AnswerLost(f"HTTP {answer.status} in answer to another request, {ids.client_oid!r}")
    return ids


def read_data(answer: HttpAnswer) -> Any:  # noqa: ANN401 (JSON is of any type)
    """Read an answer's data as it is; raises as `read`."""
    try:
        envelope = _ENVELOPE.decode(answer.body)
        code = envelope.code
        if answer.status in _OK and code == SUCCESS:
            return _DATA.decode(envelope.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, ArithmeticError, RecursionError) as error:
        raise AnswerLost(f"HTTP {answer.status} with a body that cannot be read") from error
    text = envelope.msg or ""
    told = answer.status in _TOLD and answer.status not in _GIVEN_UP and _CODE.fullmatch(code) is not None
    if not told or code == SUCCESS or code in UNKNOWN_CODES:
        raise AnswerLost(f"HTTP {answer.status}, code {code}: {text}")
    refusal = refused(code, text, answer.status, answer.headers.get(OWN_HEADER, ""))
    refusal.reason = answer.headers.get(REASON_HEADER, "")
    raise refusal


def text_of(number: Decimal | int | str) -> str:
    """
    Write a number for the wire, exactly.

    Raises:
        TypeError: A float, which is seldom the number that was meant.
        ValueError: Not a finite number.
    """
    if isinstance(number, bool) or not isinstance(number, Decimal | int | str):
        raise TypeError(f"{number!r} is no Decimal, int or text of a number")
    try:
        value = Decimal(number)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite():
        raise ValueError(f"{number!r} is not a finite number")
    return format(value, "f")
