"""
What can go wrong in a call, told by what it means for the caller's money.

    ClientError
    ├── NotSent                  nothing left this machine: sending it again is safe
    │   └── NotSupported         this exchange has no such thing, so nothing was sent
    ├── Refused                  the exchange said no and did nothing: `code`, `text`, `advice`
    │   ├── AccessRefused        key, signature, passphrase, time stamp, address or permission
    │   ├── TooManyRequests      over the limit, again after waiting for the next second
    │   ├── NothingHeld          no position to close or to reverse
    │   ├── InsufficientMargin   the account cannot carry it
    │   ├── QuoteRefused         the quote has expired, is foreign, or cannot be kept any more
    │   ├── GuardRefused         price guard or `strict` would have been broken
    │   ├── NotFound             no such order, receipt or request
    │   ├── DuplicateClientOid   the clientOid was used before: the first use stands
    │   └── UnifiedAccount       the account speaks another API; `reverse` takes care of it
    ├── NoAnswer                 a question got no readable answer: nothing has changed, ask again
    └── OutcomeUnknown           a change was sent and its answer lost: look before sending another

`OutcomeUnknown` is no failure and no success: what was sent may have happened, or happen later.
"""


class ClientError(Exception):
    """Base of everything that a call raises, apart from `TypeError` and `ValueError` for bad arguments."""


class NotSent(ClientError):
    """Nothing was sent: no address, no connection, no free connection in time."""


class NotSupported(NotSent):
    """The exchange would ignore or not know what was asked for, so it was not asked."""


class Refused(ClientError):
    """
    The exchange understood and said no; nothing was done.

    Attributes:
        code: The exchange's code, such as "40757"; "" when this client found the reason itself.
        text: The exchange's own words.
        http_status: HTTP status of the answer, 0 when there was none.
        advice: What to do next.
        request_id: This venue's id of the request, for `explain`; "" elsewhere.
        reason: The engine's own word for it, where the venue runs in this process; "" elsewhere.
    """

    reason: str = ""

    def __init__(self, code: str, text: str, http_status: int, advice: str, request_id: str = "") -> None:
        super().__init__(code, text, http_status, advice, request_id)
        self.code = code
        self.text = text
        self.http_status = http_status
        self.advice = advice
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.code} {self.text.removesuffix('.')}. {self.advice}".strip()


class AccessRefused(Refused):
    """Key, signature, passphrase, time stamp, address or permission were not accepted."""


class TooManyRequests(Refused):
    """Over the limit of calls per second, again after waiting for the next second."""


class NothingHeld(Refused):
    """There is no position to close or to reverse."""


class InsufficientMargin(Refused):
    """The account cannot carry what was asked for."""


class QuoteRefused(Refused):
    """The quote has expired, belongs to something else, or the result would be worse than quoted."""


class GuardRefused(Refused):
    """The price guard, or both legs whole or none, could not be kept."""


class NotFound(Refused):
    """There is no such order, receipt or request."""


class DuplicateClientOid(Refused):
    """The clientOid was used before; the first use stands and this one did nothing."""


class UnifiedAccount(Refused):
    """The account is a unified one, which the v2 API does not serve."""


class NoAnswer(ClientError):
    """A question got no answer that could be read. Nothing was changed by asking."""


class OutcomeUnknown(ClientError):
    """
    A change was sent and its answer was lost; whether it happened, or will, is not known.

    Attributes:
        what: The call's path.
        client_oid: Ask for the order under this id before sending anything else; "" where the call has none.
        reason: How the answer was lost, and what looking for it found.
    """

    def __init__(self, what: str, client_oid: str, reason: str) -> None:
        super().__init__(what, client_oid, reason)
        self.what = what
        self.client_oid = client_oid
        self.reason = reason

    def __str__(self) -> str:
        named = f" (clientOid {self.client_oid})" if self.client_oid else ""
        return f"{self.what}{named}: outcome unknown, {self.reason}"
