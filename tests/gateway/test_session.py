"""Sessions by themselves: what is done with messages, in which order, and what is left undone."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from backhand.gateway.access import Access
from backhand.gateway.ports import OpenedKey
from backhand.gateway.session import (
    REQUESTS_PER_SECOND_MAX,
    WAITING_LETTERS_MAX,
    WAITING_MESSAGES_MAX,
    Session,
)
from backhand.wire.channels.messages import TradeRequest
from backhand.wire.signature import sign, signing_key
from tests.gateway.test_websocket import Feeds

SECRET = b"s"
ORDER = json.dumps({"op": "trade", "args": [{"id": "1"}]})


class Keys:
    """Every key is that of account 1."""

    def open_key(self, api_key: str) -> OpenedKey:
        return OpenedKey("1", api_key, signing_key(SECRET), b"", ("trade",), copy_trader=False)

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:
        del api_key, passphrase
        return b""


class Line:
    """A connection that notes what is done with it, and a desk that takes as many orders as it may."""

    def __init__(self, orders: int = 1_000) -> None:
        self.is_open = True
        self.is_reading = True
        self.sent: list[Any] = []
        self.codes: list[int] = []
        self.traders: list[str] = []
        self.may_trade = asyncio.Semaphore(orders)
        self.answered: asyncio.Queue[int] = asyncio.Queue()
        self.session = Session(self, Feeds(), Access(Keys(), clients_clock=lambda _: None), self.trade)

    async def trade(self, key: OpenedKey | None, request: TradeRequest) -> bytes:
        del request
        await self.may_trade.acquire()
        self.traders.append("" if key is None else key.api_key)
        return b'{"event":"trade"}'

    def say(self, *texts: str) -> None:
        """Take messages that arrive at once."""
        for text in texts:
            self.session.receive(text, asyncio.get_running_loop().time())

    async def idle(self) -> None:
        """Wait until nothing is being handled."""
        done = asyncio.Event()
        self.session.when_idle(done.set)
        await done.wait()

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def send_text(self, text: bytes) -> None:
        self.sent.append(json.loads(text))

    async def drain(self) -> None:
        self.answered.put_nowait(len(self.sent))

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def close(self, code: int, reason: str) -> None:
        del reason
        self.is_open = False
        self.codes.append(code)
        self.session.forget()


def login(api_key: str, signature: str | None = None) -> str:
    signed = sign(signing_key(SECRET), b"1GET/user/verify").decode() if signature is None else signature
    arg = {"apiKey": api_key, "passphrase": "p", "timestamp": "1", "sign": signed}
    return json.dumps({"op": "login", "args": [arg]})


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


@pytest.mark.parametrize("is_open", [True, False])
def test_orders_are_those_of_the_login_before_them(is_open: bool) -> None:
    """Also where the client has gone meanwhile: nobody trades with a key that was given up, or refused."""

    async def test() -> None:
        line = Line()
        line.say(login("one"), ORDER, login("two"), ORDER, login("three", "forged"), ORDER)
        line.is_open = is_open
        await line.idle()
        assert ["one", "two"] == line.traders

    run(test())


@pytest.mark.parametrize("op", ["subscribe", "unsubscribe", "trade"])
def test_a_long_list_is_a_flood(op: str) -> None:
    """Each of a message's arguments counts, also where only one is ever looked at."""

    async def test() -> None:
        line = Line()
        line.say(json.dumps({"op": op, "args": [{"id": "1"}] * (REQUESTS_PER_SECOND_MAX + 1)}), ORDER)
        await line.idle()
        assert ([1008], [30007], []) == (line.codes, [frame["code"] for frame in line.sent], line.traders)

    run(test())


@pytest.mark.parametrize(
    ("order", "waiting_max"),
    [(ORDER, WAITING_MESSAGES_MAX), (ORDER + " " * (WAITING_LETTERS_MAX // 4), 4)],
)
def test_what_waits_is_bounded(order: str, waiting_max: int) -> None:
    """While too much waits, by number or by length, the client is read no further."""

    async def test() -> None:
        line = Line(orders=0)
        line.say(order)
        await asyncio.sleep(0)  # It is begun, and no longer waits.
        line.say(*[order] * (waiting_max - 1))
        was_reading = [line.is_reading]
        line.say(*[order] * 5)
        for _ in range(6):
            was_reading.append(line.is_reading)
            line.may_trade.release()
            await line.answered.get()
        assert [True, *[False] * 6, True] == [*was_reading, line.is_reading]

    run(test())
