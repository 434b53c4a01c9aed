"""
Which venue, whose key, and whether it may trade there.

Secrets come from the environment, from a file that only its owner can read, or from standard input; never
from an argument, which every user of the machine can see. Everything that is not a Backhand venue counts as
the real exchange, where nothing trades without `--live`.
"""

import os
import stat
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import typer

from backhand.cli.exits import Exit, Stop
from backhand.client import Client, Credentials

DEFAULT_URL: Final = "http://127.0.0.1:8080"
#: A credentials file is three words; more is some other file.
CREDENTIALS_BYTES_MAX: Final = 4_096
_BLANKS: Final = string.whitespace
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
#: What the exchange's host names have in common, demo and mirrors included.
_EXCHANGE: Final = "bitget"

Url = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="BACKHAND_URL",
        help="The venue's address, or https://api.bitget.com for the real exchange.",
    ),
]
CredentialsFile = Annotated[
    Path | None,
    typer.Option(
        "--credentials",
        envvar="BACKHAND_CREDENTIALS",
        help="JSON file with apiKey, secretKey and passphrase, mode 0600; - reads standard input. "
        "Without it: BACKHAND_KEY, BACKHAND_SECRET, BACKHAND_PASSPHRASE.",
    ),
]
PapTrading = Annotated[
    bool, typer.Option("--paptrading", help="The real exchange's demo trading, with keys for it.")
]
Live = Annotated[bool, typer.Option("--live", help="Trade although this is the real exchange.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class _File(msgspec.Struct, frozen=True, rename="camel"):
    """A file of credentials: what `account open` answers."""

    api_key: str
    secret_key: str
    passphrase: str


def connect(url: str, credentials: Path | None, *, paptrading: bool = False) -> Client:
    """
    Make a client with the caller's key; nothing is sent yet.

    Raises:
        Stop: No address, or no usable credentials.
    """
    return Client(checked_url(url), read_credentials(credentials, os.environ), paptrading=paptrading)


def checked_url(url: str) -> str:
    """See to it that an address is one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port = 0
    if (
        port == 0
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or not set(_BLANKS).isdisjoint(url)
        or parts.query
        or parts.username
    ):
        raise Stop(Exit.USAGE, f"--url {url} is no address like {DEFAULT_URL}")
    return url.rstrip("/")


def read_credentials(file: Path | None, environment: Mapping[str, str]) -> Credentials:
    """
    Find the caller's key: in a file where one is named, else in the environment.

    Raises:
        Stop: There is none, or others could have read it.
    """
    if file is not None:
        return _from_json(_read_private(file), str(file))
    names = ("BACKHAND_KEY", "BACKHAND_SECRET", "BACKHAND_PASSPHRASE")
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise Stop(
            Exit.CREDENTIALS,
            f"no credentials: {', '.join(missing)} not set; or name a file with --credentials "
            "(`backhand account open --save FILE` makes one)",
        )
    return _credentials(*((name, environment[name]) for name in names))


def _read_private(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(CREDENTIALS_BYTES_MAX)
    try:
        with file.open("rb") as opened:
            # Of the open file, so that it is the one that is read.
            mode = os.fstat(opened.fileno()).st_mode
            if os.name == "posix" and mode & _OTHERS:
                raise Stop(
                    Exit.CREDENTIALS,
                    f"{file} can be read or changed by others (mode {stat.S_IMODE(mode):04o}): "
                    f"chmod 600 {file}",
                )
            return opened.read(CREDENTIALS_BYTES_MAX)
    except OSError as error:
        makes = "" if file.exists() else f"; `backhand account open --save {file}` makes it"
        raise Stop(Exit.CREDENTIALS, f"{file} cannot be read: {error.strerror}{makes}") from None


def _from_json(raw: bytes, source: str) -> Credentials:
    try:
        read = msgspec.json.decode(raw, type=_File)
    except msgspec.MsgspecError:
        # The error's own text may repeat what it read.
        raise Stop(
            Exit.CREDENTIALS, f"{source} is no JSON object with apiKey, secretKey and passphrase"
        ) from None
    words = (("apiKey", read.api_key), ("secretKey", read.secret_key), ("passphrase", read.passphrase))
    return _credentials(*((f"{name} of {source}", word) for name, word in words))


def _credentials(*named: tuple[str, str]) -> Credentials:
    """See to it that three words can stand in a header; a line break is what a copied one brings along."""
    for name, word in named:
        if not (word.isascii() and word.isprintable() and word == word.strip()):
            raise Stop(
                Exit.CREDENTIALS,
                f"{name} holds a line break, a blank at an end or a letter beyond ASCII: write it again "
                "without, as the exchange showed it",
            )
    return Credentials(*(word for _, word in named))


def is_exchange(url: str) -> bool:
    """Whether an address is the real exchange's by its name."""
    return _EXCHANGE in (urlsplit(url).hostname or "").lower()


def allow_trading(client: Client, url: str, *, live: bool) -> bool:
    """
    Find out whether trading here is for real, and refuse it without `--live`.

    By name where that tells, before anything is sent; otherwise by asking for the time: only a Backhand
    venue says that it is one, so a tunnel to the exchange is seen through.

    Returns:
        Whether this is the real exchange.

    Raises:
        Stop: It is, and `--live` was not given.
        ClientError: It cannot be asked.
    """
    if is_exchange(url):
        real = True
    else:
        client.server_time()
        real = not client.session.own_venue
    if real and not live:
        raise Stop(
            Exit.NOT_LIVE, f"{url} is the real exchange, not a Backhand venue: nothing trades without --live"
        )
    return real


def confirm(question: str, *, yes: bool, typed: str = "") -> None:
    """
    Ask on standard error.

    Args:
        typed: What must be typed to go on; "" asks for yes or no.

    Raises:
        Stop: Not confirmed, interrupted, or nobody is there to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(Exit.NOT_CONFIRMED, "not confirmed: standard input is no terminal; give --yes")
    try:
        if typed:
            text = f"{question} Type {typed} to go on"
            answer = typer.prompt(text, default="", show_default=False, err=True)
            confirmed = answer.strip().upper() == typed.upper()
        else:
            confirmed = typer.confirm(question, err=True)
    except typer.Abort as abort:
        # Ctrl-C and the end of the input come as one; only what it was raised over tells them apart.
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise Stop(Exit.INTERRUPTED, "interrupted, nothing was done") from None
        confirmed = False
    if not confirmed:
        raise Stop(Exit.NOT_CONFIRMED, "not confirmed, nothing was done")
