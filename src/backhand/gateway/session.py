"""
What one WebSocket client says, and what it is answered: login, subscriptions, orders, errors.

Messages are handled one after the other, because a subscription waits until what it shows is on disk, and
its snapshots wait until the client takes them. A text ping is answered as it arrives, whatever waits.

Bounds are far above what the exchange allows (it closes after 10 messages a second, and its clients burst
beyond that when they load many symbols): they protect the other clients, not the exchange's rules.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from backhand.clock import wall_ms
from backhand.gateway.access import Access
from backhand.gateway.ports import Feeds, OpenedKey
from backhand.outcomes import VenueError
from backhand.streams.ports import Reader
from backhand.wire.channels import errors, frames
from backhand.wire.channels.errors import ChannelError
from backhand.wire.channels.messages import (
    Login,
    Misunderstood,
    Subscription,
    TradeRequest,
    read_message,
)
from backhand.wire.channels.topics import Topic, read_topic

#: Topics that one connection may read.
TOPICS_MAX: Final = 1_000
#: Messages, and arguments in them, that a connection may send in a second before it is closed.
REQUESTS_PER_SECOND_MAX: Final = 500
#: Messages that may wait, and letters in them, before the connection is read no further.
WAITING_MESSAGES_MAX: Final = 64
WAITING_LETTERS_MAX: Final = 262_144

#: Close codes of RFC 6455.
VIOLATION: Final = 1008
TRY_AGAIN_LATER: Final = 1013
INTERNAL_ERROR: Final = 1011

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


#: Carries out what a message asks to be traded, and gives the frame that answers it. See `gateway.trading`.
AnswerTrade = Callable[[OpenedKey | None, TradeRequest], Awaitable[bytes]]


class Peer(Reader, Protocol):
    """The connection under a session."""

    def send_text(self, text: bytes) -> None:
        """Send one text frame."""

    async def drain(self) -> None:
        """Wait until the client has taken nearly all that was sent to it, or has gone."""

    def pause_reading(self) -> None:
        """Take no more messages for now."""

    def resume_reading(self) -> None:
        """Take messages again."""

    def close(self, code: int, reason: str) -> None:
        """Close, after what was sent; the session forgets what waits."""


class Session:
    """One client's conversation."""

    def __init__(self, peer: Peer, feeds: Feeds, access: Access, trade: AnswerTrade) -> None:
        self._peer = peer
        self._feeds = feeds
        self._access = access
        self._trade = trade
        self._key: OpenedKey | None = None
        self._waiting: deque[str] = deque()
        self._waiting_letters = 0
        self._task: asyncio.Task[None] | None = None
        self._second = 0
        self._requests = 0

    def receive(self, text: str, now_s: float) -> None:
        """Take one message other than a ping."""
        if self._is_flooded(1, now_s):
            return
        self._waiting.append(text)
        self._waiting_letters += len(text)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())
        if self._is_full():
            self._peer.pause_reading()

    def count_ping(self, now_s: float) -> bool:
        """Count a ping; false when it was one too many."""
        return not self._is_flooded(1, now_s)

    def end(self) -> None:
        """The client is gone; orders that it sent before are carried out."""
        self._feeds.leave(self._peer)

    def forget(self) -> None:
        """The venue ends the connection: nothing that waits is done."""
        self._waiting.clear()
        self._waiting_letters = 0

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call when the message that is being handled is answered: at once where there is none."""
        if self._task is None:
            call()
        else:
            self._task.add_done_callback(lambda _: call())

    @property
    def _uid(self) -> str:
        """Whose account is read; "" before a login."""
        return "" if self._key is None else self._key.uid

    async def _work(self) -> None:
        """Handle what waits, then end: most connections say little."""
        try:
            while self._waiting:
                text = self._waiting.popleft()
                self._waiting_letters -= len(text)
                await self._handle(text)
                if not self._is_full():
                    self._peer.resume_reading()
        except VenueError:
            # Stopping, overloaded, or a store that could not tell in time: not known, so nothing is said.
            self._peer.close(TRY_AGAIN_LATER, "try again later")
        except Exception:  # noqa: BLE001 (whatever it is, its text stays here)
            _log.exception("session_failed")
            self._peer.close(INTERNAL_ERROR, "")
        finally:
            self._task = None

    async def _handle(self, text: str) -> None:
        message = read_message(text)
        if isinstance(message, Subscription | TradeRequest):
            more = len(message.args) - 1
            if self._is_flooded(more, asyncio.get_running_loop().time()):
                return
        # A login counts also where the client has gone: it tells whose the orders behind it are.
        if isinstance(message, Login):
            self._login(message)
        elif isinstance(message, TradeRequest):
            self._peer.send_text(await self._trade(self._key, message))
            await self._peer.drain()
        elif not self._peer.is_open:
            return
        elif isinstance(message, Misunderstood):
            self._peer.send_text(frames.failed(message.error, message.op))
        else:
            await self._subscription(message)

    def _login(self, login: Login) -> None:
        key = self._access.login(login, wall_ms())
        if not isinstance(key, ChannelError) and self._uid not in {"", key.uid}:
            key = errors.LOGIN_FAILED  # A connection reads for one account.
        if isinstance(key, ChannelError):
            self._peer.send_text(frames.failed(key, "login"))
            self._peer.close(VIOLATION, "login failed")
            return
        self._key = key
        self._peer.send_text(frames.LOGGED_IN)

    async def _subscription(self, message: Subscription) -> None:
        """Answer each argument by itself, in their order."""
        for arg in message.args:
            topic = read_topic(arg, self._feeds.contracts)
            error = topic if isinstance(topic, ChannelError) else self._fault(message, topic)
            if isinstance(topic, ChannelError) or error is not None:
                self._peer.send_text(frames.failed(error or errors.PARAMETERS, message.op, arg))
            elif message.op == "unsubscribe":
                self._feeds.unsubscribe(self._uid, topic, self._peer)
                self._peer.send_text(frames.acknowledged("unsubscribe", topic))
            else:
                await self._feeds.subscribe(self._uid, topic, self._peer)
            await self._peer.drain()
            if not self._peer.is_open:
                return

    def _fault(self, message: Subscription, topic: Topic) -> ChannelError | None:
        if topic.is_private and not self._uid:
            return errors.LOGIN_REQUIRED
        feeds, peer = self._feeds, self._peer
        begins = message.op == "subscribe" and not feeds.reads(self._uid, topic, peer)
        if begins and feeds.topics_read(peer) >= TOPICS_MAX:
            return errors.TOO_MANY_CHANNELS
        return None

    def _is_full(self) -> bool:
        """Whether so much waits that the client should say no more."""
        return len(self._waiting) >= WAITING_MESSAGES_MAX or self._waiting_letters >= WAITING_LETTERS_MAX

    def _is_flooded(self, requests: int, now_s: float) -> bool:
        """Count requests of this second; beyond the bound the client is told, and closed."""
        second = int(now_s)
        if second != self._second:
            self._second = second
            self._requests = 0
        self._requests += requests
        if self._requests <= REQUESTS_PER_SECOND_MAX:
            return False
        if self._peer.is_open:
            self._peer.send_text(frames.failed(errors.FLOODED, ""))
            self._peer.close(VIOLATION, "too many requests")
        return True
