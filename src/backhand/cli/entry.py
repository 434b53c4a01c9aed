"""Where the `backhand` command begins."""

import sys

from backhand.cli.commands import app


def main() -> None:
    """Run the command; a server is imported only for who runs one, or asks for the whole help."""
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    known |= {group.name or "" for group in app.registered_groups}
    if not known.intersection(sys.argv[1:2]):
        import backhand.cli.app  # noqa: F401, PLC0415 (adds `serve` and `demo`)
    app()
