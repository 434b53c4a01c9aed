"""
Where `watch` has its news from: the client's live positions, followed until enough was seen or Ctrl-C.

    streams (client.live) ─▶ watched ─▶ one list of positions after another, to be shown
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import aclosing, suppress

from backhand.cli.exits import say
from backhand.client import Credentials, live_positions
from backhand.client.models import Position


def watched(
    url: str,
    credentials: Credentials,
    symbol: str | None,
    show: Callable[[list[Position]], None],
    *,
    paptrading: bool,
    count: int,
) -> None:
    """
    Show what is held now, and again whenever it or its profit has changed.

    Args:
        count: How often; 0 until interrupted.

    Raises:
        ClientError: See `live_positions`.
    """

    async def follow() -> None:
        _end_at_sigterm()
        shown = 0
        changes = live_positions(url, credentials, symbol, paptrading=paptrading, on_lost=_say_lost)
        async with aclosing(changes):
            async for held in changes:
                show(held)
                shown += 1
                if shown == count:
                    return

    # Ctrl-C is how watching ends.
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(follow())


def _end_at_sigterm() -> None:
    """
    Take a polite kill for Ctrl-C, so that the cursor comes back.

    As asyncio does with Ctrl-C itself: the task is cancelled where it waits. An exception in the middle of
    whatever runs may be lost there, and the program with it.
    """
    task = asyncio.current_task()
    # Not every system has it.
    with suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task and task.cancel())


def _say_lost(reason: str) -> None:
    say(f"the connection was lost ({reason}): connecting again")
