"""
How a command ends: one exit code per kind of failure, the same for every command that talks to a venue.

A program tells from the code alone whether sending again is safe: after 9 it is not known what was done,
after 14 and 15 it was done, after every other failure nothing was.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import typer

from backhand.cli.printing import plain
from backhand.client import (
    AccessRefused,
    ClientError,
    GuardRefused,
    InsufficientMargin,
    NothingHeld,
    NotSent,
    NotSupported,
    OutcomeUnknown,
    QuoteRefused,
    Refused,
    TooManyRequests,
)


class Exit(IntEnum):
    """Exit codes; those of `backhand serve` are of sysexits.h and stand in its help."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    NOTHING_HELD = 4
    MARGIN = 5
    NOT_AS_QUOTED = 6
    ACCESS = 7
    UNREACHABLE = 8
    UNKNOWN = 9
    NOT_CONFIRMED = 10
    NOT_LIVE = 11
    TOO_MANY = 12
    FINDINGS = 13
    NOT_SHOWN = 14
    IN_PART = 15
    OUTPUT = 74
    CREDENTIALS = 78
    INTERRUPTED = 130


#: For the help of commands that talk to a venue.
EXIT_CODES: Final = (
    "[bold]Exit codes[/bold]  0 done · 2 wrong options · 3 refused · 4 nothing held · 5 not enough margin · "
    "6 the quote or the guard could not be kept · 7 key not accepted · 8 no connection, nothing done · "
    "9 [bold]outcome unknown: look before sending again[/bold] · 10 not confirmed · 11 the real exchange "
    "needs --live · 12 too many calls · 13 doctor found something · "
    "14 [bold]done, but it could not be shown[/bold] · 15 [bold]only a part was closed[/bold] · "
    "74 output cannot be written, nothing done · 78 no usable credentials · 130 interrupted, nothing done"
)

#: First that fits.
_OF_ERROR: Final[tuple[tuple[type[ClientError], Exit], ...]] = (
    (OutcomeUnknown, Exit.UNKNOWN),
    (AccessRefused, Exit.ACCESS),
    (TooManyRequests, Exit.TOO_MANY),
    (NothingHeld, Exit.NOTHING_HELD),
    (InsufficientMargin, Exit.MARGIN),
    (QuoteRefused, Exit.NOT_AS_QUOTED),
    (GuardRefused, Exit.NOT_AS_QUOTED),
    (Refused, Exit.REFUSED),
    (ClientError, Exit.UNREACHABLE),
)


_BOOK: Final = (
    "its operator sets one with PUT /_venue/markets/SYMBOL/book, `serve --market synthetic` by itself."
)
#: What to type next, in place of the library's advice; the first that fits.
_NEXT_OF_CODE: Final = {
    "22045": f"Wait for a book within the price band; {_BOOK}",
    "40774": "In hedge mode give --side long or --side short; in one-way mode neither.",
    "41113": f"Wait for a book, which brings a price; {_BOOK}",
    "98003": "The market or the account has moved. Run it again: each run takes a new quote; without --yes "
    "it is shown and asked about.",
    "98004": "Widen --worst-price or --max-slippage, or wait for the price.",
    "98005": "Make room (margin, limits, open orders), or give another --policy.",
    "unknown_account": "`backhand account open` opens one.",
}
_NEXT_OF_KIND: Final[tuple[tuple[type[ClientError], str], ...]] = (
    (NotSupported, ""),
    (
        NotSent,
        "`backhand serve` starts a venue, --url or BACKHAND_URL names another; `backhand doctor` tells more.",
    ),
    (NothingHeld, "`backhand positions` shows what is held, `backhand buy` and `backhand sell` open it."),
)


class Stop(Exception):
    """Ends a command: what is said on standard error, and the exit code."""

    def __init__(self, code: Exit, text: str) -> None:
        super().__init__(text)
        self.code = code


def exit_of(error: ClientError) -> Exit:
    """Give the code of a failed call."""
    return next(code for kind, code in _OF_ERROR if isinstance(error, kind))


@contextmanager
def ending() -> Iterator[None]:
    """Turn what went wrong into one line on standard error and an exit code."""
    try:
        yield
    except Stop as stop:
        say(str(stop))
        raise typer.Exit(stop.code) from None
    except ClientError as error:
        say(with_next(error))
        raise typer.Exit(exit_of(error)) from None
    except ValueError as error:
        say(str(error))
        raise typer.Exit(Exit.USAGE) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read has read enough.
        _write_no_more()
        raise typer.Exit(Exit.DONE) from None
    except OSError as error:
        _write_no_more()
        say(f"output cannot be written: {error.strerror}")
        raise typer.Exit(Exit.OUTPUT) from None


def with_next(error: ClientError) -> str:
    """Say what a call failed with, and what to type next."""
    refusal = error if isinstance(error, Refused) else None
    step = _NEXT_OF_CODE.get(refusal.code, "") if refusal else ""
    step = step or next((text for kind, text in _NEXT_OF_KIND if isinstance(error, kind)), "")
    if not step:
        return str(error)
    said = f"{refusal.code} {refusal.text}" if refusal else str(error)
    return f"{said.removesuffix('.')}. {step}"


class Change:
    """
    A change from before it is sent until it was shown: how far it came decides how its command ends.

        planned ─▶ sent ─▶ done ─▶ shown
           ▲         │
           └─ refused┘

    Whatever fails while it is planned has done nothing. Interrupted while it is sent, its outcome is not
    known. Once it is done nothing can make it look undone: not a lost connection, a full disk, Ctrl-C, nor
    a fault of ours in showing it.
    """

    def __init__(self) -> None:
        self._sent = self._done = self._look = ""

    def sent(self, what: str, look: str) -> None:
        """
        From here on it may happen.

        Args:
            look: What to type in order to see whether it did.
        """
        self._sent, self._look = what, look

    def refused(self) -> None:
        """It did not happen, and may be planned again."""
        self._sent = ""

    def done(self, what: str) -> None:
        """It has happened, and only has to be shown."""
        self._done = what

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._done:
            # Nothing is left to interrupt, and the code of an interrupt says that nothing was done.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if error is None or isinstance(error, typer.Exit):
            return
        if self._done:
            _write_no_more()
            if isinstance(error, BrokenPipeError):
                return
            raise Stop(
                Exit.NOT_SHOWN, f"{self._done}, but it could not be shown: {_reason(error)}. {self._look}"
            ) from None
        if self._sent and not isinstance(error, ClientError | ValueError | TypeError):
            # Ctrl-C, or a fault of ours. What the client has to say of values, it says before it sends.
            raise Stop(
                Exit.UNKNOWN,
                f"{_reason(error)} while {self._sent} was on its way, it may happen. {self._look}",
            ) from None
        if isinstance(error, OutcomeUnknown):
            raise Stop(Exit.UNKNOWN, f"{error}. {self._look}") from None
        if isinstance(error, BrokenPipeError):
            _write_no_more()
            raise Stop(Exit.OUTPUT, "nobody reads the output any more: nothing was done") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _write_no_more() -> None:
    """Have Python not complain at its end about what could not be written."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open until the end)


def say(text: str) -> None:
    """Say something to people; who has closed standard error misses it, and no exit code changes by that."""
    with suppress(OSError):
        typer.echo(f"backhand: {plain(text)}", err=True)
