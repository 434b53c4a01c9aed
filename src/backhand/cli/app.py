"""
The whole command line: `backhand serve` here, `demo`, and the commands of `commands`.

Standard output carries one line per event that programs wait for; everything for people goes to
standard error. Exit codes follow sysexits.h and stand in the help.
"""

import json
import logging
import os
import sys
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final, NoReturn

import structlog
import typer

from backhand import __version__
from backhand.cli.commands import HERE, app
from backhand.cli.demo import demo
from backhand.clock import SPEED_MAX, SPEED_MIN, ClockMode
from backhand.commands import Contract
from backhand.control.guard import is_loopback
from backhand.control.requests import BadRequest
from backhand.control.times import speed_of
from backhand.gateway.server import host_in_url
from backhand.history import HistoryError
from backhand.journal import JournalDamaged, JournalError, JournalLocked, RulesMismatch, VenueMismatch
from backhand.node import StartRefused
from backhand.sealing import SealError
from backhand.serving.options import Options
from backhand.serving.process import EXIT_DONE
from backhand.serving.process import serve as serve_venue
from backhand.starting import SWITCHES, Switches
from backhand.wire.contracts import contracts_from_json

EXIT_USAGE: Final = 2
EXIT_DATA: Final = 65
EXIT_ADDRESS: Final = 69
EXIT_START: Final = 74
EXIT_LOCKED: Final = 75

#: Control tokens from here on cannot be guessed over a network; shorter ones are taken with a word.
TOKEN_LETTERS_SAFE: Final = 16
TOKEN_BYTES_MAX: Final = 4_096
#: Largest file of contracts: the real exchange's whole list is under 1 MB.
CONTRACTS_BYTES_MAX: Final = 4_000_000

app.command(rich_help_panel=HERE)(demo)


class Limits(StrEnum):
    """Whether calls per second are limited."""

    ON = "on"
    OFF = "off"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backhand {__version__}")
        raise typer.Exit


@app.callback()
def _backhand(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""


@app.command(
    rich_help_panel=HERE,
    epilog="[bold]Example[/bold]  backhand serve --data ./venue --port 8080\n\n"
    "Then open an account: curl -X POST localhost:8080/_venue/accounts -H 'Content-Type: application/json' "
    '-d \'{"balances": {"USDT": "10000"}}\'\n\n'
    "[bold]Exit codes[/bold]  0 stopped as asked · 2 wrong options · 65 the data folder holds what this "
    "release cannot read · 69 the address is taken · 70 the venue failed, start it again · 74 the venue "
    "cannot start · 75 the data folder is in use",
)
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond loopback a token is needed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8080,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps the venue; made when it is missing.", file_okay=False),
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep nothing after the end (default without --data).")
    ] = False,
    market: Annotated[
        str,
        typer.Option(help="synthetic: a seeded market to trade against; manual: you set books and prices."),
    ] = "synthetic",
    seed: Annotated[
        int | None,
        typer.Option(
            help="Same seed, same keys, same market, with --clock frozen the same journal: for tests, not "
            "for secrets. A --data folder that was made with a seed stays so."
        ),
    ] = None,
    clock: Annotated[
        str,
        typer.Option(
            help="real; frozen: stands still until /_venue/clock/advance steps it; scaled:N: N times faster."
        ),
    ] = "real",
    limits: Annotated[
        Limits | None,
        typer.Option(help="Rate limits of the exchange; on, but off with a frozen clock, if not said."),
    ] = None,
    ip_limits: Annotated[
        bool,
        typer.Option(
            "--ip-limits",
            help="Also those per IP address; on loopback everybody shares one, so not if not said. With "
            "--clock frozen it needs --limits on.",
        ),
    ] = False,
    contracts: Annotated[
        Path | None,
        typer.Option(help="JSON file of contracts to add or change.", exists=True, dir_okay=False),
    ] = None,
    fidelity: Annotated[
        list[str] | None,
        typer.Option(
            help="A switch for what is not known of the real exchange, NAME=VALUE, the default first: "
            + ", ".join(f"{name}={'|'.join(values)}" for name, values in SWITCHES.items())
            + "."
        ),
    ] = None,
    control_token_file: Annotated[
        Path | None,
        typer.Option(help="File with the token of the operator's API.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """
    Run a venue until it is told to stop.

    When it is ready, one JSON line on standard output says where:
    {"event":"ready","rest":...,"ws":...,"pid":...}.
    """
    if data is not None and memory:
        _usage("--data and --memory exclude each other")
    if ip_limits and limits is Limits.OFF:
        _usage("--ip-limits and --limits off exclude each other")
    _require_here("--market", market, ("synthetic", "manual"), ("replay:",))
    clock_mode, speed = _clock(clock)
    if ip_limits and limits is None and clock_mode == "frozen":
        _usage("--ip-limits needs --limits on with --clock frozen, where limits are off if not said")
    token = _token(control_token_file)
    if token is None and not is_loopback(host):
        _usage(f"--host {host} is not loopback: the operator's API needs --control-token-file there")
    options = Options(
        host=host,
        port=port,
        data=data,
        market="manual" if market == "manual" else "synthetic",
        seed=seed,
        clock=clock_mode,
        speed=speed,
        limits=None if limits is None else limits is Limits.ON,
        ip_limits=ip_limits,
        contracts=_contracts(contracts),
        switches=_switches(fidelity or []),
        token=token,
    )
    log_to_standard_error()
    if data is None:
        typer.echo("backhand: keeping everything in memory; give --data FOLDER to keep it", err=True)
    _end(_served(options))


def _served(options: Options) -> int:
    try:
        return serve_venue(options, _announce)
    except JournalLocked as error:
        return _refused(error, EXIT_LOCKED)
    except (JournalDamaged, RulesMismatch, VenueMismatch, SealError) as error:
        return _refused(error, EXIT_DATA)
    except (JournalError, HistoryError, StartRefused) as error:
        return _refused(error, EXIT_START)
    except OSError as error:
        return _refused(f"cannot listen on {options.host} port {options.port}: {error}", EXIT_ADDRESS)


def _refused(why: object, code: int) -> int:
    typer.echo(f"backhand: {why}", err=True)
    return code


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    if code == EXIT_DONE:
        raise typer.Exit
    # At once: a thread that still hangs in a failed disk must not keep a failed venue's process alive.
    os._exit(code)


def _announce(host: str, port: int) -> None:
    address = f"{host_in_url(host)}:{port}"
    ready = {"event": "ready", "rest": f"http://{address}", "ws": f"ws://{address}", "pid": os.getpid()}
    print(json.dumps(ready, separators=(",", ":")), flush=True)  # noqa: T201 (the one line that programs wait for)


def _require_here(option: str, value: str, here: tuple[str, ...], later: tuple[str, ...]) -> None:
    """Refuse a value that does not exist, and say so when it is one that will."""
    if value in here:
        return
    if value.startswith(later):
        _usage(f"{option} {value} comes with a later release; now: {', '.join(here)}")
    _usage(f"{option} {value} is not known; use {', '.join(here)}")


def _clock(text: str) -> tuple[ClockMode, Fraction]:
    """Read the clock's mode and speed."""
    if text == "real":
        return "real", Fraction(1)
    if text == "frozen":
        return "frozen", Fraction(1)
    name, _, number = text.partition(":")
    try:
        speed = speed_of(number)
    except BadRequest:
        speed = Fraction(0)
    if name != "scaled" or not SPEED_MIN <= speed <= SPEED_MAX:
        _usage(f"--clock {text} is not known; use real, frozen, or scaled:N with N up to {SPEED_MAX}")
    return "scaled", speed


def _usage(text: str) -> NoReturn:
    typer.echo(f"backhand: {text}", err=True)
    raise typer.Exit(EXIT_USAGE)


def _token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        token = file.read_bytes()[:TOKEN_BYTES_MAX].decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        _usage(f"{file} cannot be read as a token: {error}")
    if not token:
        _usage(f"there is no token in {file}")
    if len(token) < TOKEN_LETTERS_SAFE:
        warning = f"the token in {file} can be guessed: give it {TOKEN_LETTERS_SAFE} letters or more"
        typer.echo(f"backhand: {warning}", err=True)
    return token


def _contracts(file: Path | None) -> tuple[Contract, ...]:
    if file is None:
        return ()
    try:
        raw = file.read_bytes()
    except OSError as error:
        _usage(f"{file} cannot be read: {error}")
    if len(raw) > CONTRACTS_BYTES_MAX:
        _usage(f"{file} is larger than {CONTRACTS_BYTES_MAX} bytes")
    contracts = contracts_from_json(raw)
    if isinstance(contracts, str):
        _usage(f"{file}: {contracts}")
    return tuple(contracts)


def _switches(given: list[str]) -> Switches:
    chosen: dict[str, str] = {}
    for switch in given:
        name, _, value = switch.partition("=")
        if value not in SWITCHES.get(name, ()):
            known = ", ".join(f"{known}={'|'.join(values)}" for known, values in SWITCHES.items())
            _usage(f"--fidelity {switch} is not known; use {known}")
        chosen[name] = value
    return chosen


def log_to_standard_error() -> None:
    """Lines for people on a terminal, JSON anywhere else."""
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # As plain text: the richer forms print local variables, and among them are secrets.
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if people
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # uvicorn and asyncio speak through the standard library; only what went wrong is of interest.
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
