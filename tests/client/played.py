"""Calls driven without a network: each request is answered from a script, and waiting only moves a clock."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from backhand.client import Credentials, NotSent
from backhand.client.session import Flow, Outgoing, Session
from backhand.client.transport import AnswerLost, HttpAnswer

T = TypeVar("T")

Reply = HttpAnswer | NotSent | AnswerLost

#: What each answer of this venue carries, and no other exchange's.
OWN: Final = {"x-backhand-request-id": "0-1"}
KEY: Final = Credentials("key", "secret", "passphrase")


def data(content: Any, headers: dict[str, str] | None = None) -> HttpAnswer:
    """A success."""
    return coded("00000", "success", 200, content, headers)


def coded(
    code: str, text: str = "", status: int = 400, content: Any = None, headers: dict[str, str] | None = None
) -> HttpAnswer:
    """An answer with a code; from this venue unless `headers` say otherwise."""
    body = json.dumps({"code": code, "msg": text, "requestTime": 1, "data": content}).encode()
    return HttpAnswer(status, OWN if headers is None else headers, body)


@dataclass
class Script:
    """The network of one call: its replies in order, what was sent, and a clock that waits move."""

    replies: Sequence[Reply]
    sent: list[Outgoing] = field(default_factory=list)
    now_seconds: float = 1000.0
    #: How long each exchange takes.
    exchange_seconds: float = 0.01

    def session(self, **options: Any) -> Session:
        names = iter(range(1, 1000))
        return Session(
            KEY,
            wall_ms=lambda: 1_700_000_000_000,
            monotonic=lambda: self.now_seconds,
            new_client_oid=lambda: f"made-{next(names)}",
            **options,
        )

    def play(self, flow: Flow[T]) -> T:
        """Run a call to its end; the last reply is given again and again."""
        try:
            outgoing = next(flow)
            while True:
                self.now_seconds += outgoing.delay_seconds + self.exchange_seconds
                reply = self.replies[min(len(self.sent), len(self.replies) - 1)]
                self.sent.append(outgoing)
                outgoing = flow.send(reply) if isinstance(reply, HttpAnswer) else flow.throw(reply)
        except StopIteration as finished:
            result: T = finished.value
            return result

    @property
    def paths(self) -> list[str]:
        """The last part of the path of each request."""
        return [outgoing.route.path.rpartition("/")[2] for outgoing in self.sent]
