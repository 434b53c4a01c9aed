"""
Finding out what became of something that was sent and whose answer was lost.

The only proof that it happened is that the exchange shows it. That the exchange does not show it proves
nothing: the request may still be on its way. So the search ends with what was found, or with
`OutcomeUnknown`; never with "it did not happen".
"""

from typing import Final, Protocol, TypeVar

import msgspec

from backhand.client.errors import NoAnswer, NotFound, NotSent, OutcomeUnknown, Refused
from backhand.client.routes import Route
from backhand.client.session import Flow, Session
from backhand.wire.fields import Form

#: Pauses between two looks: the first is about what a request takes, then each is twice the one before, up
#: to the limit of one second.
FIRST_PAUSE_SECONDS: Final = 0.05
PAUSE_SECONDS_MAX: Final = 1.0
#: A look is given this long even when the time is nearly over, or it would be no look.
LOOK_SECONDS_MIN: Final = 0.25


class Traceable(Protocol):
    """What is looked for: an order, which can say whether anything more will happen to it."""

    @property
    def ended(self) -> bool:
        """Whether it is final."""


S = TypeVar("S", bound=Traceable)


class Trace(msgspec.Struct, frozen=True):
    """
    What is looked for, and for how long.

    `what` is the path of the call whose answer was lost, `client_oid` what the exception names.
    """

    what: str
    client_oid: str
    look_seconds: float

    def unknown(self, reason: str) -> OutcomeUnknown:
        """Say that it is not known."""
        return OutcomeUnknown(self.what, self.client_oid, reason)


def look(
    session: Session,
    route: Route,
    form: Form,
    shape: type[S],
    *,
    timeout_seconds: float | None = None,
    delay_seconds: float = 0.0,
) -> Flow[S]:
    """
    Ask for an order once.

    Raises:
        NotFound: The exchange does not show it.
        NoAnswer: Also when the order that is shown is another one than was asked for.
    """
    shown = yield from session.call(
        route, form, shape, timeout_seconds=timeout_seconds, delay_seconds=delay_seconds
    )
    for name in ("order_id", "client_oid"):
        wanted, told = getattr(form, name, ""), getattr(shown, name)
        if wanted and told and told != wanted:
            raise NoAnswer(f"{route.path}: the answer is about {told}, not about {wanted}")
    return shown


def find(
    session: Session,
    route: Route,
    form: Form,
    shape: type[S],
    trace: Trace,
    reason: str,
    *,
    absent_is_final: bool = False,
) -> Flow[S]:
    """
    Ask again and again until the exchange shows it, final if possible.

    Args:
        absent_is_final: What is not there now will not come: its request has been judged already.

    Returns:
        It as last seen: final, unless the time was over before it was.

    Raises:
        NotFound: It is not there, and that is final.
        OutcomeUnknown: The exchange did not show it in time; `reason` and the last look's result.
    """
    ends_at = session.monotonic() + trace.look_seconds
    found: S | None = None
    pause = 0.0
    while True:
        left = ends_at - session.monotonic()
        timeout = max(LOOK_SECONDS_MIN, min(session.timeout_seconds, left / 2))
        try:
            found = yield from look(session, route, form, shape, timeout_seconds=timeout, delay_seconds=pause)
            if found.ended:
                return found
        except NotFound:
            if absent_is_final:
                raise
            reason_now = "no order is known under it yet"
        except (NotSent, NoAnswer, Refused) as error:
            reason_now = f"asking for it: {error}"
        else:
            reason_now = "it has not ended"
        pause = min(PAUSE_SECONDS_MAX, max(FIRST_PAUSE_SECONDS, 2 * pause))
        if session.monotonic() + pause >= ends_at:
            if found is not None:
                return found
            raise trace.unknown(f"{reason}; {reason_now}")
