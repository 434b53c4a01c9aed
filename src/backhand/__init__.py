"""
A perpetual-futures venue that you run yourself, with position reversal as one step.

Backhand speaks Bitget's v2 "mix" API on the wire, so that a bot written for Bitget runs against it
unchanged. The path of the data, and the order in which to read the package:

    bytes ─▶ wire ─▶ gateway ─▶ commands ─▶ journal ─▶ engine ─▶ events ─▶ projections ─▶ answers

Not affiliated with Bitget.
"""

from typing import Final

__version__: Final = "0.1.0"
