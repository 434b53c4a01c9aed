"""Where the `backhand` command begins."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path

from backhand.cli.commands import app


def main() -> None:
    """Run the command; a server is imported only for who runs one, or asks for the whole help."""
    _complete_streams()
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    known |= {group.name or "" for group in app.registered_groups}
    if not known.intersection(sys.argv[1:2]):
        import backhand.cli.app  # noqa: F401, PLC0415 (adds `serve` and `demo`)
    app()


def _complete_streams() -> None:
    """
    Give the process the streams that it was started without, and let none of them fail for a letter.

    In the order of their numbers, so that each gets its own and no socket is taken for one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open until the end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
