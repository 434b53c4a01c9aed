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
        shown = 0
        changes = live_positions(url, credentials, symbol, paptrading=paptrading, on_lost=_say_lost)
        async with aclosing(changes):
            async for held in changes:
                show(held)
                shown += 1
                if shown == count:
                    return

    # Ctrl-C is how watching ends, and a polite kill is taken for one, so that the cursor comes back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        asyncio.run(follow())


def _say_lost(reason: str) -> None:
    say(f"the connection was lost ({reason}): connecting again")
