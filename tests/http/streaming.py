"""A WebSocket client of the venue, on the `websockets` package, frame by frame."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from websockets.sync.client import connect

from tests.http.venue import Credentials, Product, VenueProcess

PUBLIC, PRIVATE = "/v2/ws/public", "/v2/ws/private"
#: A frame that does not come in this time does not come.
FRAME_SECONDS_MAX: Final = 10.0

Frame = dict[str, Any]


def login_args(key: Credentials, timestamp: str | int | None = None, **changes: Any) -> dict[str, Any]:
    """The arguments of a login, signed as Bitget's documentation says; a change replaces what is sent."""
    sent = str(int(time.time())) if timestamp is None else timestamp
    digest = hmac.new(key.secret.encode(), f"{sent}GET/user/verify".encode(), hashlib.sha256).digest()
    return {
        "apiKey": key.api_key,
        "passphrase": key.passphrase,
        "timestamp": sent,
        "sign": base64.b64encode(digest).decode(),
    } | changes


def arg(channel: str, name: str = "default", product_type: str = "USDT-FUTURES") -> dict[str, str]:
    """What names a topic; `account` is about coins."""
    key = "coin" if channel == "account" else "instId"
    return {"instType": product_type, "channel": channel, key: name}


class Listener:
    """One connection."""

    def __init__(self, venue: VenueProcess, path: str = PRIVATE, **options: Any) -> None:
        self._connecting = connect(f"ws://{venue.host}:{venue.port}{path}", ping_interval=None, **options)

    def __enter__(self) -> Self:
        self.socket = self._connecting.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connecting.__exit__(kind, error, trace)

    def send(self, message: Any) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def text(self) -> str:
        text = self.socket.recv(FRAME_SECONDS_MAX)
        assert isinstance(text, str)
        return text

    def frame(self) -> Frame:
        frame = json.loads(self.text())
        assert isinstance(frame, dict)
        return frame

    def ask(self, op: str, *args: Any) -> None:
        self.send({"op": op, "args": list(args)})

    def log_in(self, key: Credentials) -> Self:
        self.ask("login", login_args(key))
        assert {"event": "login", "code": 0} == self.frame()
        return self

    def subscribe(self, channel: str, name: str = "default", product_type: str = "USDT-FUTURES") -> None:
        """Subscribe to a topic that must be acknowledged; what it begins with is not read yet."""
        topic = arg(channel, name, product_type)
        self.ask("subscribe", topic)
        assert {"event": "subscribe", "arg": topic} == self.frame()

    def begin(self, channel: str, name: str = "default", product_type: str = "USDT-FUTURES") -> Frame:
        """Subscribe, and give the frame that the topic begins with."""
        self.subscribe(channel, name, product_type)
        frame = self.frame()
        assert ("snapshot", channel) == (frame["action"], frame["arg"]["channel"])
        return frame

    def until(self, wanted: Callable[[Frame], bool]) -> list[Frame]:
        """Read up to the first frame that is wanted, and give all that were read."""
        frames: list[Frame] = []
        while not frames or not wanted(frames[-1]):
            frames.append(self.frame())
        return frames

    def quiet(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while."""
        try:
            self.socket.recv(seconds)
        except TimeoutError:
            return True
        return False

    def closed(self) -> int | None:
        """Read until the venue closes; its close code, None when it closed without one."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 (named where it is caught)

        while True:
            try:
                self.socket.recv(FRAME_SECONDS_MAX)
            except ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else None


def topic_of(product: Product, channel: str) -> dict[str, str]:
    """What names a public topic of a contract."""
    return arg(channel, product.symbol, product.product_type)
