"""The command as a user runs it: a process with arguments, environment, input, perhaps a terminal."""

import fcntl
import http.client
import json
import os
import pty
import select
import signal
import socket
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from tests.http.venue import LINEAR, Credentials, Trader, VenueProcess, front_door

SECONDS_MAX: Final = 60.0
#: What the machine that tests run on may have set.
OURS: Final = ("BACKHAND_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "COLUMNS")


def environment_of(**more: str) -> dict[str, str]:
    """The environment without what would change a command's answer."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
    return kept | {"NO_COLOR": "1"} | more


@dataclass
class Person:
    """Somebody with an account, at a prompt."""

    venue: VenueProcess
    key: Path

    @classmethod
    def enrolled(cls, venue: VenueProcess, folder: Path, **account: Any) -> Self:
        """Open an account and keep its key in a private file."""
        key = venue.operator.open_key(**({"balances": {"USDT": "100000"}} | account))
        file = folder / f"{key.uid}.json"
        file.touch(mode=0o600)
        words = {"apiKey": key.api_key, "secretKey": key.secret, "passphrase": key.passphrase}
        file.write_text(json.dumps(words))
        return cls(venue, file)

    @cached_property
    def trader(self) -> Trader:
        """The same account, asked directly."""
        words = json.loads(self.key.read_text())
        names = (words["apiKey"], words["secretKey"], words["passphrase"])
        return self.venue.trader(Credentials("", *names))

    @property
    def held(self) -> str:
        """What is held of ETHUSDT: "flat", "+3", "-3", or "L7 S7" in hedge mode."""
        return self.trader.held(LINEAR)

    def run(
        self, *arguments: str, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, without a terminal."""
        known = {"BACKHAND_URL": self.venue.base_url, "BACKHAND_CREDENTIALS": str(self.key)}
        return run(*arguments, stdin=stdin, **(known | environment))

    def type(
        self,
        typed: str,
        *arguments: str,
        thinking: Sequence[Callable[[], None]] = (),
        shown: tuple[str, signal.Signals] | None = None,
        **environment: str,
    ) -> tuple[int, str]:
        """Run a command in a terminal and type at its questions; exit code and what the screen showed."""
        known = {"BACKHAND_URL": self.venue.base_url, "BACKHAND_CREDENTIALS": str(self.key)}
        return in_terminal(
            typed, *front_door(), *arguments, thinking=thinking, shown=shown, **(known | environment)
        )


def run(*arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal."""
    return subprocess.run(
        [*front_door(), *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env=environment_of(**environment),
    )


def in_terminal(
    typed: str,
    *command: str,
    thinking: Sequence[Callable[[], None]] = (),
    shown: tuple[str, signal.Signals] | None = None,
    **environment: str,
) -> tuple[int, str]:
    """
    Run a command in a terminal, and type a line whenever it has asked something that ends in a colon.

    `thinking` is what happens between the first question and its answer, the second and its answer, ...;
    `shown` is a word on the screen, and the signal that is sent when it stands there.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment_of(**({"TERM": "xterm", "COLUMNS": "160", "LINES": "50"} | environment)),
        start_new_session=True,
        preexec_fn=_own_the_terminal,  # noqa: PLW1509 (no lock is taken in there)
    )
    os.close(theirs)
    screen, seen = b"", 0
    lines, meanwhile = iter(typed.encode().splitlines(keepends=True)), iter(thinking)
    ends_at = time.monotonic() + SECONDS_MAX
    while time.monotonic() < ends_at:
        readable, _, _ = select.select([ours], [], [], 0.2)
        if readable:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # How Linux says that nobody holds the other end any more.
                break
            if not piece:
                break
            screen += piece
        if shown is not None and shown[0].encode() in screen:
            process.send_signal(shown[1])
            shown = None
        if screen[seen:].rstrip().endswith(b":"):
            seen = len(screen)
            next(meanwhile, lambda: None)()
            os.write(ours, next(lines, b""))
    os.close(ours)
    return process.wait(timeout=SECONDS_MAX), screen.decode(errors="replace")


def _own_the_terminal() -> None:
    """Make standard input the terminal whose Ctrl-C interrupts this process."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@dataclass
class Exchange:
    """A stand-in for the real exchange: a venue behind a server that hides what it is."""

    venue: VenueProcess
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                exchange.paths.append(self.path.partition("?")[0])
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                behind = http.client.HTTPConnection(exchange.venue.host, exchange.venue.port, timeout=10)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                # The real exchange has nothing under our own paths.
                path = "/unknown" if self.path.startswith("/api/backhand/") else self.path
                behind.request(self.command, path, body, headers)
                answer = behind.getresponse()
                content = answer.read()
                behind.close()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer  # noqa: N815 (http.server's names)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)


class Listener:
    """A socket that counts who connects, and hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def connections(self) -> int:
        """How many have connected since it was asked last."""
        count = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                return count
            connection.close()
            count += 1

    def close(self) -> None:
        self._socket.close()
