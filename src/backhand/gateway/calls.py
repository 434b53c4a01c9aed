"""
A call once it is known who asks: its quota, its parameters, what is done, and the data that answers it.

    take ─▶ parse ─┬─▶ submit ─▶ events ─▶ render ─┐
                   └─▶ answer ──────────────────────┴─▶ data, or a refusal

Orders may come over HTTP (`app`) and on a WebSocket (`trading`), and either way this is what happens to them.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from backhand.commands import Message
from backhand.events import Rejected
from backhand.gateway.access import Access
from backhand.gateway.limits import FixedWindow
from backhand.gateway.ports import Executor, OpenedKey
from backhand.gateway.rendering import render, render_batch
from backhand.outcomes import OutcomeUnknown, Overloaded
from backhand.projections.applied import Applied
from backhand.wire import codes
from backhand.wire.batches import Batch, Inquiry
from backhand.wire.codes import Refusal
from backhand.wire.endpoints import Endpoint
from backhand.wire.fields import Call

#: Nothing was executed; 503 tells proxies the same as the code tells clients.
OVERLOADED: Final = msgspec.structs.replace(codes.NOT_READY, http_status=503)
#: What answers are counted under that are no refusal.
SUCCESS_CODE: Final = "00000"

#: The `data` of an answer or the refusal, and what `x-backhand-note` says, if anything.
Carried = tuple[object | Refusal, str | None]


class Calls:
    """
    Carries out calls whose callers may make them.

    Args:
        limits: Whether calls per second are limited now.
        run: What the ids of this process's requests begin with.
    """

    def __init__(
        self,
        venue: Executor,
        access: Access,
        *,
        limits: Callable[[], bool] = lambda: True,
        run: bytes = b"0",
    ) -> None:
        self._venue = venue
        self._access = access
        self._limits = limits
        self._window = FixedWindow()
        # Ids of requests are for logs and questions to the operator: this run's mark and a number.
        self._run = run
        self._requests = 0

    def new_request_id(self) -> bytes:
        """Name one more request."""
        self._requests += 1
        return b"%b-%x" % (self._run, self._requests)

    def take(self, endpoint: Endpoint, key: OpenedKey) -> int:
        """Count a call; how many more there may be in this second, -1 when it is one too many."""
        per_second = endpoint.trader_per_second if key.copy_trader else endpoint.per_second
        if not self._limits():
            return per_second
        return self._window.take(key.uid, endpoint.path, per_second, self._venue.now_ms())

    async def carry_out(
        self, endpoint: Endpoint, key: OpenedKey | None, parameters: bytes, wall_ms: int, request_id: bytes
    ) -> Carried:
        """
        Read the parameters and do what they ask for; `key` is None where anybody may ask.

        An outcome that is not known is a refusal with its own code, never "no". `wall_ms` is this machine's
        clock when the call came.
        """
        venue = self._venue
        uid = "" if key is None else key.uid
        asked = endpoint.parse(
            Call(
                uid,
                parameters,
                venue.contracts,
                venue.now_ms(),
                venue.quote_key,
                key is not None and key.copy_trader,
                self._access.client_clock_ms(wall_ms),
            )
        )
        if isinstance(asked, Refusal):
            return asked, None
        try:
            if isinstance(asked, Inquiry):
                asked = asked.act(await venue.answer(uid, asked.query))
            if isinstance(asked, Message):
                (applied,) = await venue.submit((asked,))
                self._name_refusals(uid, request_id, (applied,))
                return render(applied, venue.contracts)
            if isinstance(asked, Batch):
                commands = asked.commands
                all_applied = await venue.submit(commands) if commands else []
                self._name_refusals(uid, request_id, all_applied)
                return render_batch(asked, all_applied, venue.contracts), None
            return await venue.answer(uid, asked), None
        except Overloaded:
            return OVERLOADED, None
        except OutcomeUnknown:
            return codes.OUTCOME_UNKNOWN, None

    def _name_refusals(self, uid: str, request_id: bytes, all_applied: Sequence[Applied]) -> None:
        """Let what the rules refused be explained by the request's id."""
        for applied in all_applied:
            if applied.events and isinstance(applied.events[0], Rejected):
                self._venue.name_refusal(uid, request_id.decode(), applied.sequence)
