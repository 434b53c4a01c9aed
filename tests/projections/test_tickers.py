from hypothesis import given
from hypothesis import strategies as st

from backhand.events import PriceSet
from backhand.projections.tickers import DAY_MS, MINUTE_MS, WINDOW_MINUTES, Ticker, TickersFold
from tests.projections.tape import BTCUSDT, START_MS, Tape

#: (milliseconds after the trade before, price, lots)
Trade = tuple[int, int, int]

TRADES = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 3 * MINUTE_MS), st.integers(0, DAY_MS // 3), st.sampled_from([DAY_MS, 3 * DAY_MS])
        ),
        st.integers(1, 50),
        st.integers(1, 9),
    ),
    max_size=40,
)


def trade(tape: Tape, after_ms: int, price_ticks: int, lots: int, symbol: str = "BTCUSDT") -> None:
    order = tape.accept(symbol=symbol, size_lots=lots)
    fill = tape.fill(order.order_id, lots, price_ticks)
    tape.step(order, fill, tape.house_fill(fill), after_ms=after_ms)


def ticker(tape: Tape, symbol: str = "BTCUSDT") -> Ticker:
    fold = TickersFold()
    fold.fold(tape.applied)
    found = fold.ticker(symbol)
    assert found is not None
    return found


def naive(trades: list[Trade], quiet_ms: int) -> Ticker:
    """The definition, from the whole list of trades."""
    tick_e12, lot_e8 = BTCUSDT.tick_e12, BTCUSDT.lot_e8
    time_ms = START_MS
    timed = []
    for after_ms, price, lots in trades:
        time_ms += after_ms
        timed.append((time_ms, price * tick_e12, lots * lot_e8))
    time_ms += quiet_ms
    from_ms = (time_ms // MINUTE_MS - WINDOW_MINUTES + 1) * MINUTE_MS
    window = [one for one in timed if one[0] >= from_ms]
    before = [one for one in timed if one[0] < from_ms]
    yesterday = [one for one in timed if one[0] < time_ms // DAY_MS * DAY_MS]
    last = timed[-1][1] if timed else 0
    first = timed[0][1] if timed else 0
    return Ticker(
        symbol="BTCUSDT",
        time_ms=time_ms,
        last_price_e12=last,
        high_price_e12=max((price for _, price, _ in window), default=last),
        low_price_e12=min((price for _, price, _ in window), default=last),
        open_price_e12=before[-1][1] if before else first,
        day_open_price_e12=yesterday[-1][1] if yesterday else first,
        base_volume_e8=sum(size for _, _, size in window),
        quote_volume_e20=sum(price * size for _, price, size in window),
        index_price_e12=0,
        mark_price_e12=0,
        funding_rate_e8=0,
        next_funding_ms=0,
    )


@given(TRADES, st.integers(0, 2 * DAY_MS))
def test_the_window_agrees_with_a_naive_recomputation(trades: list[Trade], quiet_ms: int) -> None:
    """High, low, open, volumes and the day's open are what the list of all trades says they are."""
    tape = Tape()
    for after_ms, price, lots in trades:
        trade(tape, after_ms, price, lots)
    tape.step(after_ms=quiet_ms)
    assert naive(trades, quiet_ms) == ticker(tape)


@given(TRADES)
def test_reading_a_ticker_changes_nothing(trades: list[Trade]) -> None:
    """A fold that is read after every command tells the same in the end as one that is read once."""
    tape = Tape()
    for after_ms, price, lots in trades:
        trade(tape, after_ms, price, lots)
    read_often = TickersFold()
    for one in tape.applied:
        read_often.fold([one])
        read_often.ticker("BTCUSDT")
    assert ticker(tape) == read_often.ticker("BTCUSDT")


def test_a_trade_counts_once() -> None:
    """Of a trade's two fills only the taker's counts towards the volume."""
    tape = Tape()
    trade(tape, 0, 600_000, 3)
    assert 3 * BTCUSDT.lot_e8 == ticker(tape).base_volume_e8


def test_index_and_mark_are_the_latest_set() -> None:
    """Prices from outside stand as they were last set, and no trade touches them."""
    tape = Tape()
    tape.step(PriceSet("BTCUSDT", 5, 6))
    tape.step(PriceSet("BTCUSDT", 7, 8))
    trade(tape, 0, 600_000, 1)
    found = ticker(tape)
    assert (7, 8) == (found.index_price_e12, found.mark_price_e12)


def test_the_funding_rate_is_the_running_one() -> None:
    """Rate and next instant are those that came with the latest price."""
    tape = Tape()
    tape.step(PriceSet("BTCUSDT", 5, 6, 10_000, 28_800_000))
    tape.step(PriceSet("BTCUSDT", 5, 6, -2_500, 57_600_000))
    found = ticker(tape)
    assert (-2_500, 57_600_000) == (found.funding_rate_e8, found.next_funding_ms)


def test_tickers_are_those_of_a_product_type() -> None:
    """Symbols come in the order of their listing; an unknown symbol has no ticker."""
    fold = TickersFold()
    fold.fold(Tape().applied)
    assert ["BTCUSDT", "ETHUSDT"] == [one.symbol for one in fold.tickers("USDT-FUTURES")]
    assert ["BTCUSD"] == [one.symbol for one in fold.tickers("COIN-FUTURES")]
    assert fold.ticker("DOGEUSDT") is None


def test_memory_is_bounded_by_the_window() -> None:
    """Three days of falling prices, one trade every 50 seconds, hold one entry per minute at most."""
    tape = Tape()
    for count in range(3 * DAY_MS // 50_000):
        trade(tape, 50_000, 900_000 - count, 1)
    fold = TickersFold()
    fold.fold(tape.applied)
    window = fold._symbols["BTCUSDT"]  # noqa: SLF001
    assert len(window._minutes) == WINDOW_MINUTES  # noqa: SLF001
    assert len(window._high._candidates) == WINDOW_MINUTES  # noqa: SLF001
    assert len(window._low._candidates) == 1  # noqa: SLF001
