"""
A perpetual-futures venue that you run yourself, with position reversal as one step.

Backhand speaks Bitget's v2 "mix" API on the wire, so that a bot written for Bitget runs against it
unchanged. The path of the data, and the order in which to read the package:

    bytes ─▶ wire ─▶ gateway ─▶ commands ─▶ journal ─▶ engine ─▶ events ─▶ projections ─▶ answers

Not affiliated with Bitget.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from backhand.venue import Venue

__all__ = ["Venue", "__version__"]

__version__: Final = "0.1.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module's attribute is of any type)
    """Import the venue when it is asked for, so that `import backhand` costs next to nothing."""
    if name != "Venue":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from backhand.venue import Venue  # noqa: PLC0415 (later is the point)

    return Venue
