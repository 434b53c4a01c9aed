"""
Requests of one account, carried out in this thread: the place where a served venue has a network.

It is the client's transport, so an account in process has every call that a client has, with its documents,
its models and its exceptions.
"""

from collections.abc import Callable
from typing import Final

from backhand.client.session import NOTE_HEADER, OWN_HEADER, REASON_HEADER
from backhand.client.transport import HttpAnswer, HttpRequest
from backhand.commands import Command, Message
from backhand.engine import State
from backhand.events import Rejected
from backhand.explaining import Refusals
from backhand.gateway.rendering import render, render_batch
from backhand.projections.applied import Applied
from backhand.venue.answers import Answers
from backhand.wire import codes
from backhand.wire.batches import Batch, Inquiry
from backhand.wire.codes import Refusal
from backhand.wire.endpoints import ENDPOINTS, Endpoint
from backhand.wire.envelope import failure, success
from backhand.wire.fields import Call

_ENDPOINTS: Final[dict[tuple[str, str], Endpoint]] = {
    (one.method, one.path): one for one in ENDPOINTS.values()
}
#: Stands in the fields of a key: here is nobody to keep out, and no signature is checked.
NO_KEY: Final = "in process"


class Desk:
    """
    One account's way into a venue in process.

    Args:
        submit: Applies commands, with what time has to do before them.
        now_ms: Venue time.
        refusals: Told which request each refusal by the rules came with.
        next_request_id: Names requests.
    """

    def __init__(
        self,
        uid: str,
        state: State,
        answers: Answers,
        submit: Callable[[tuple[Command, ...]], list[Applied]],
        now_ms: Callable[[], int],
        quote_key: bytes,
        refusals: Refusals,
        next_request_id: Callable[[], str],
    ) -> None:
        self._uid = uid
        self._state = state
        self._answers = answers
        self._submit = submit
        self._now_ms = now_ms
        self._quote_key = quote_key
        self._refusals = refusals
        self._next_request_id = next_request_id
        #: Why the engine refused this request; "" when it did not.
        self._reason = ""

    def exchange(self, request: HttpRequest) -> HttpAnswer:
        """Carry out a request."""
        self._reason = ""
        request_id = self._next_request_id()
        data, note = self._carry_out(request, request_id)
        now_ms = self._now_ms()
        headers = {OWN_HEADER: request_id, NOTE_HEADER: note or "", REASON_HEADER: self._reason}
        if isinstance(data, Refusal):
            return HttpAnswer(data.http_status, headers, failure(data, now_ms))
        return HttpAnswer(200, headers, success(data, now_ms))

    def close(self) -> None:
        """Nothing is open."""

    def _carry_out(self, request: HttpRequest, request_id: str) -> tuple[object | Refusal, str | None]:
        path, _, query = request.target.partition("?")
        endpoint = _ENDPOINTS.get((request.method, path))
        if endpoint is None:
            return codes.UNKNOWN_PATH, None
        contracts, now_ms = self._state.contracts, self._now_ms()
        parameters = request.body if request.method == "POST" else query.encode()
        copy_trader = self._state.accounts[self._uid].copy_trader
        asked = endpoint.parse(Call(self._uid, parameters, contracts, now_ms, self._quote_key, copy_trader))
        if isinstance(asked, Inquiry):
            asked = asked.act(self._answers.answer(self._uid, asked.query, now_ms))
        if isinstance(asked, Message):
            (applied,) = self._submitted((asked,), request_id)
            first = applied.events[0] if applied.events else None
            self._reason = first.reason.value if isinstance(first, Rejected) else ""
            return render(applied, contracts)
        if isinstance(asked, Batch):
            return render_batch(asked, self._submitted(asked.commands, request_id), contracts), None
        if isinstance(asked, Refusal):
            return asked, None
        return self._answers.answer(self._uid, asked, now_ms), None

    def _submitted(self, commands: tuple[Command, ...], request_id: str) -> list[Applied]:
        all_applied = self._submit(commands)
        for applied in all_applied:
            self._refusals.name(self._uid, request_id, applied.sequence)
        return all_applied
