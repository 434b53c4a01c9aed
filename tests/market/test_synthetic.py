from backhand.commands import HOUSE_UID, ConfigureVenue, ListContract, ReplaceLadder
from backhand.engine import State, apply
from backhand.engine.audit import audit
from backhand.events import Fill, LadderReplaced, PriceSet
from backhand.market.synthetic import (
    ANCHOR_RATIO_MAX,
    LEVELS,
    START_PRICES_E12,
    TRADE_STEPS,
    SyntheticMarket,
    Walk,
)
from backhand.wire.contracts import built_in_contracts

STEPS = 400


def steps(seed: str, count: int) -> list[tuple[object, ...]]:
    market = SyntheticMarket(built_in_contracts(), seed)
    return [market.step() for _ in range(count)]


def test_the_walk_is_a_function_of_the_seed() -> None:
    """The same seed quotes the same ladders, another one others."""
    assert steps("7", 20) == steps("7", 20)
    assert steps("7", 20) != steps("8", 20)


def test_the_engine_takes_every_ladder() -> None:
    """
    Each symbol has two sides of LEVELS levels, an index and a mark, and no ladder is refused.

    It has a last price from the first step on; of some hundred steps about one in TRADE_STEPS has a trade of
    the house with itself, at its touch, and the money balances.
    """
    state = State()
    apply(state, ConfigureVenue("test"), 1)
    for contract in built_in_contracts():
        apply(state, ListContract(contract), 1)
    market = SyntheticMarket(built_in_contracts(), "7")
    trades = 0
    for step in range(STEPS):
        for command in market.step():
            priced, replaced, *traded = apply(state, command, 1 + 500 * step)
            assert (PriceSet, LadderReplaced) == (type(priced), type(replaced))
            fills = [event for event in traded if isinstance(event, Fill)]
            assert len(fills) == (2 if step == 0 else len(fills) & 2)
            assert {HOUSE_UID} >= {fill.uid for fill in fills}
            trades += len(fills) // 2
    assert 0.8 < trades * TRADE_STEPS / (STEPS * len(state.markets)) < 1.2
    assert {0} == {coin.residual_e28 for coin in audit(state).coins.values()}
    assert all(one.held == {} for one in state.markets.values())
    for one in state.markets.values():
        bids, asks = one.depth(100)
        assert (LEVELS, LEVELS) == (len(bids), len(asks))
        assert bids[0][0] < one.index_price_e12 // one.tick_e12 < asks[0][0]
        assert abs(one.mark_price_e12 - one.index_price_e12) < one.index_price_e12 // 1_000
        assert abs(one.last_price_ticks * one.tick_e12 - one.index_price_e12) < one.index_price_e12 // 100


def test_prices_start_where_they_are_known_to_be_and_stay_in_bounds() -> None:
    """Start prices are sensible, a given one is continued, and the walk never leaves its range."""
    (contract, *_) = built_in_contracts()
    first = Walk(contract, "7", 0).step()
    assert abs((first.index_price_e12 or 0) - START_PRICES_E12["BTC"]) <= START_PRICES_E12["BTC"] // 1_000
    continued = Walk(contract, "7", 70_000 * 10**12).step()
    assert abs((continued.index_price_e12 or 0) - 70_000 * 10**12) <= 70 * 10**12
    for far in (1, 10**19):
        ladder: ReplaceLadder = Walk(contract, "7", far).step()
        ratio = (ladder.index_price_e12 or 0) / START_PRICES_E12["BTC"]
        assert 1 / ANCHOR_RATIO_MAX * 0.99 < ratio < ANCHOR_RATIO_MAX * 1.01
