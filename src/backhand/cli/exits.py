"""
How a command ends: one exit code per kind of failure, the same for every command that talks to a venue.

A program tells from the code alone whether sending again is safe: after 9 it is not known what was done,
after every other failure nothing was.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

import typer

from backhand.client import (
    AccessRefused,
    ClientError,
    GuardRefused,
    InsufficientMargin,
    NothingHeld,
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
    CREDENTIALS = 78
    INTERRUPTED = 130


#: For the help of commands that talk to a venue.
EXIT_CODES: Final = (
    "[bold]Exit codes[/bold]  0 done · 2 wrong options · 3 refused · 4 nothing held · 5 not enough margin · "
    "6 the quote or the guard could not be kept · 7 key not accepted · 8 no connection, nothing done · "
    "9 [bold]outcome unknown: look before sending again[/bold] · 10 not confirmed · 11 the real exchange "
    "needs --live · 12 too many calls · 13 doctor found something · 78 no usable credentials · "
    "130 interrupted, nothing done"
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
        say(str(error))
        raise typer.Exit(exit_of(error)) from None
    except ValueError as error:
        say(str(error))
        raise typer.Exit(Exit.USAGE) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read has read enough; Python must not complain about it at its end.
        sys.stdout = None
        raise typer.Exit(Exit.DONE) from None


@contextmanager
def sending(what: str) -> Iterator[None]:
    """Tell who interrupts a change that is on its way that it may have happened."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stop(
            Exit.UNKNOWN, f"interrupted while {what} was on its way: look at positions and orders first"
        ) from None


def say(text: str) -> None:
    """Say something to people."""
    typer.echo(f"backhand: {text}", err=True)
