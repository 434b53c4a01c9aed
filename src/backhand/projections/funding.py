"""Settlements of funding, folded from events: one row for each symbol and instant."""

import msgspec

from backhand.events import FundingSettled
from backhand.projections.applied import Applied


class FundingRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The rate and the mark price that funding was settled at for an instant."""

    symbol: str
    funding_ms: int
    rate_e8: int
    mark_price_e12: int


def funding_rows(applied: Applied) -> list[FundingRow]:
    """Give the settlements of one applied command; nothing needs to be remembered between commands."""
    return [
        FundingRow(event.symbol, event.funding_ms, event.rate_e8, event.mark_price_e12)
        for event in applied.events
        if type(event) is FundingSettled
    ]
