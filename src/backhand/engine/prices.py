"""
Index and mark price: taking them over, computing the mark, and saying when a price may liquidate.

    index ─┬─▶ x (1 + funding rate x time left)          ─┐
           ├─▶ + mean of (middle of the book - index)    ─┼─▶ median ─▶ mark
    trades ┴─▶ last price                                ─┘

The mark moves only by a price command or a clock tick, never by a trade. What is missing (no trade yet, an
empty book) is replaced by the index. Source: contracts.md section 10.
"""

from typing import Final

from backhand.commands import SetPrice
from backhand.engine.market import Market
from backhand.engine.rates import funding_rate_e8, premium_e12
from backhand.engine.refusals import refuse
from backhand.engine.state import State
from backhand.events import Event, PriceSet, RejectReason
from backhand.units import E8, half_up_div

#: Bound of prices: what a journal's 64-bit integers hold, with room.
PRICE_E12_MAX: Final = 9 * 10**18
#: The books are sampled at whole multiples of this, for the basis and the premium index.
SAMPLE_INTERVAL_MS: Final = 5_000
#: Computed marks are refreshed at whole multiples of this.
MARK_INTERVAL_MS: Final = 1_000
HOUR_MS: Final = 3_600_000
#: The first price of a live source after a start liquidates nobody unless it lies within this ratio of the
#: mark before; a second one within it of the first confirms that the market has moved.
CONFIRMING_RATIO_E8: Final = 5_000_000


def set_price(state: State, command: SetPrice, events: list[Event]) -> None:
    """Set index and mark; the mark is computed unless it is given."""
    market = state.markets.get(command.symbol)
    if market is None:
        return refuse(events, RejectReason.UNKNOWN_SYMBOL, command.symbol)
    if not prices_valid(command.index_price_e12, command.mark_price_e12, command.good_for_ms):
        return refuse(events, RejectReason.INVALID_PRICE, command.symbol)
    take_prices(state, market, command.index_price_e12, command.mark_price_e12, command.good_for_ms, events)
    return None


def prices_valid(index_e12: int | None, mark_e12: int | None, good_for_ms: int | None) -> bool:
    """Whether prices that were given can be taken over."""
    if good_for_ms is not None and good_for_ms <= 0:
        return False
    return all(price is None or 0 < price <= PRICE_E12_MAX for price in (index_e12, mark_e12))


def take_prices(
    state: State,
    market: Market,
    index_e12: int | None,
    mark_e12: int | None,
    good_for_ms: int | None,
    events: list[Event],
) -> None:
    """Take over new prices; an index without a mark lets the mark be computed again."""
    if index_e12 is not None:
        market.index_price_e12 = index_e12
        market.mark_by_hand = False
    if mark_e12 is not None:
        market.mark_by_hand = True
    if good_for_ms is None:
        market.stale_at_ms = 0
        market.confirmed = True
    else:
        market.stale_at_ms = state.time_ms + good_for_ms
    begin_funding(market, state.time_ms)
    price_e12 = mark_e12 if mark_e12 is not None else market.mark_price_e12
    if not market.mark_by_hand and market.index_price_e12:
        price_e12 = computed_mark_e12(market, state, state.time_ms)
    if not market.confirmed:
        _confirm(market, price_e12)
    publish_mark(state, market, price_e12, events)


def _confirm(market: Market, price_e12: int) -> None:
    """Let the prices of a live source count again when one has passed the band."""
    before = market.unconfirmed_price_e12 or market.mark_price_e12
    if before == 0 or abs(price_e12 - before) * E8 <= before * CONFIRMING_RATIO_E8:
        market.confirmed = True
    market.unconfirmed_price_e12 = price_e12


def publish_mark(state: State, market: Market, price_e12: int, events: list[Event]) -> None:
    """Set a mark price and tell it, with the funding rate as it stands."""
    state.mark_moves(market, price_e12)
    market.marked_at_ms = state.time_ms
    market.funding_rate_e8 = running_rate_e8(market, state, state.time_ms)
    events.append(
        PriceSet(
            market.symbol, market.index_price_e12, price_e12, market.funding_rate_e8, market.next_funding_ms
        )
    )


def may_liquidate(state: State, market: Market) -> bool:
    """Whether the mark is neither absent, nor stale, nor the unconfirmed first one after a start."""
    if market.mark_price_e12 == 0 or not market.confirmed:
        return False
    return market.stale_at_ms == 0 or state.time_ms < market.stale_at_ms


def computed_mark_e12(market: Market, state: State, time_ms: int) -> int:
    """The median of contracts.md section 10 at a time that no sample lies before but those not taken yet."""
    index = market.index_price_e12
    interval_ms = market.contract.funding_interval_hours * HOUR_MS
    left_ms = min(max(0, market.next_funding_ms - time_ms), interval_ms)
    by_funding = funding_price_e12(index, running_rate_e8(market, state, time_ms), left_ms, interval_ms)
    basis, count = _waiting_basis(market, state, time_ms)
    by_basis = max(1, index + market.basis.mean(basis, count))
    last = market.last_price_ticks * market.tick_e12 or index
    return median(last, by_funding, by_basis)


def funding_price_e12(index_e12: int, rate_e8: int, left_ms: int, interval_ms: int) -> int:
    """The index with what is left of the running funding: index x (1 + F x left / interval), half up."""
    return index_e12 + half_up_div(index_e12 * rate_e8 * left_ms, E8 * interval_ms)


def median(one: int, two: int, three: int) -> int:
    """The middle one of three."""
    return max(min(one, two), min(max(one, two), three))


def running_rate_e8(market: Market, state: State, time_ms: int) -> int:
    """The funding rate if it were settled at this time; without samples the book as it stands is one."""
    premium, count = _waiting_premium(market, state, time_ms)
    if market.premium.count + count == 0 and market.index_price_e12:
        premium, count = premium_e12(market) or 0, 1
    return funding_rate_e8(market.contract, market.premium.mean(premium, count))


def next_funding_ms(market: Market, time_ms: int) -> int:
    """The first instant of funding after a time: whole intervals from 00:00 UTC on."""
    interval_ms = market.contract.funding_interval_hours * HOUR_MS
    return (time_ms // interval_ms + 1) * interval_ms


def begin_funding(market: Market, time_ms: int) -> None:
    """Await the next instant of funding where none is; a contract that is off has none."""
    if market.next_funding_ms == 0 and market.contract.status != "off":
        market.next_funding_ms = next_funding_ms(market, time_ms)


def take_samples(state: State, time_ms: int) -> None:
    """
    Take in the samples of all instants up to a time.

    Runs before a command is carried out, so that the books are still as they were at those instants.
    """
    if time_ms < state.next_sample_ms:
        return
    if state.next_sample_ms:
        for market in state.markets.values():
            basis, count = _waiting_basis(market, state, time_ms)
            if count:
                market.basis.add(basis, count)
            premium, count = _waiting_premium(market, state, time_ms)
            if count:
                market.premium.add(premium, count)
    state.next_sample_ms = (time_ms // SAMPLE_INTERVAL_MS + 1) * SAMPLE_INTERVAL_MS


def waiting_instants(state: State, time_ms: int) -> int:
    """How many sampling instants have come since samples were last taken."""
    if state.next_sample_ms == 0 or time_ms < state.next_sample_ms:
        return 0
    return (time_ms - state.next_sample_ms) // SAMPLE_INTERVAL_MS + 1


def _waiting_basis(market: Market, state: State, time_ms: int) -> tuple[int, int]:
    """
    The basis (half e12) of the instants that wait, and how many they are; none without an index.

    Without both sides it is 0, so that what an empty book once was leaves the mean like anything else.
    """
    count = waiting_instants(state, time_ms)
    if count == 0 or market.index_price_e12 == 0:
        return 0, 0
    bid, ask = market.book.bids.best_ticks(), market.book.asks.best_ticks()
    if bid == 0 or ask == 0:
        return 0, count
    return (bid + ask) * market.tick_e12 - 2 * market.index_price_e12, count


def _waiting_premium(market: Market, state: State, time_ms: int) -> tuple[int, int]:
    """The premium index (e12) of the instants that wait, and how many they are; none without both sides."""
    count = waiting_instants(state, time_ms)
    if count == 0 or market.index_price_e12 == 0:
        return 0, 0
    premium = premium_e12(market)
    return (0, 0) if premium is None else (premium, count)


def tick_is_due(state: State, time_ms: int) -> bool:
    """
    Whether a clock tick at this time would change anything: funding is due, or a computed mark has moved.

    Marks are looked at once a second, so that a venue where nothing happens writes nothing.
    """
    for market in state.markets.values():
        if market.next_funding_ms and market.next_funding_ms <= time_ms:
            return True
        if moves_by_itself(market, time_ms) and market.mark_price_e12 != computed_mark_e12(
            market, state, time_ms
        ):
            return True
    return False


def moves_by_itself(market: Market, time_ms: int) -> bool:
    """Whether time alone can move the mark now: it is computed, of an index that is not stale."""
    if market.index_price_e12 == 0 or market.mark_by_hand:
        return False
    if market.stale_at_ms and time_ms >= market.stale_at_ms:
        return False
    return time_ms // MARK_INTERVAL_MS > market.marked_at_ms // MARK_INTERVAL_MS
