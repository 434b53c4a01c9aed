"""What a taker gets of resting orders: matches, and arithmetic on lists of them."""

from backhand.engine.book import Order
from backhand.engine.state import Holding
from backhand.events import CancelReason


class Match:
    """
    `lots` of a resting order that the taker gets.

    `ending` is why what the maker leaves open beyond this match is cancelled (`lots` may then be 0), None
    where it stays.
    """

    def __init__(self, maker: Order, lots: int, ending: CancelReason | None) -> None:
        self.maker = maker
        self.lots = lots
        self.ending = ending


def matched_lots(matches: list[Match]) -> int:
    """Lots of some matches together."""
    lots = 0
    for match in matches:
        lots += match.lots
    return lots


def first_lots(matches: list[Match], lots: int) -> list[Match]:
    """The first `lots` of some matches, the last of them cut where necessary."""
    kept: list[Match] = []
    left = lots
    for match in matches:
        if left == 0:
            break
        if match.lots <= left:
            kept.append(match)
            left -= match.lots
        else:
            kept.append(Match(match.maker, left, None))
            left = 0
    return kept


def split_lots(
    matches: list[Match], lots: int, but: Holding | None = None
) -> tuple[list[Match], list[Match]]:
    """The first `lots` of some matches, and the rest of them; what orders of `but` give does not count."""
    first: list[Match] = []
    rest: list[Match] = []
    left = lots
    for match in matches:
        if left and match.maker.holding is but:
            first.append(match)
        elif match.lots <= left:
            first.append(match)
            left -= match.lots
        elif left == 0:
            rest.append(match)
        else:
            first.append(Match(match.maker, left, None))
            rest.append(Match(match.maker, match.lots - left, match.ending))
            left = 0
    return first, rest


def lot_ticks(matches: list[Match]) -> int:
    """The sum of lots x ticks of some matches."""
    total = 0
    for match in matches:
        total += match.lots * match.maker.price_ticks
    return total
