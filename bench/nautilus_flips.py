# mypy: ignore-errors
"""
Flip a position in nautilus_trader's backtest engine and count CPU time.

A worker (see `bench.worker`), run with the interpreter of another environment: it can import nothing of
ours, and mypy, which knows nothing of that environment, is told to leave it alone. Works with 1.231 and
with the 2.0 release candidates, whose names differ a little.

A flip turns a net position of one coin round, in one of two forms:

    two-legs    a market order that closes and another that opens, each taking two levels: four trades,
                the same work as a reversal
    one-order   one market order of twice the size, filled at the top of the book: the least work that
                nautilus can do it with

One market update per flip moves simulated time on, far enough for the default risk engine (100 orders
per second of simulated time). Only `run` is timed, and timed again for the same updates without orders,
so that the cost of feeding the data can be taken off. Every order must fill, or the process ends.

Asked {"form", "flips"}, answers {"cpu_s", "data_cpu_s", "fills", "version"}.
"""

import gc
import json
import sys
import time
from decimal import Decimal
from typing import Any, Final, Self

import nautilus_trader
from nautilus_trader.model import (
    BookOrder,
    Currency,
    InstrumentId,
    Money,
    Price,
    Quantity,
    QuoteTick,
    Symbol,
    Venue,
)
from nautilus_trader.trading import Strategy

SECOND_GENERATION: Final = nautilus_trader.__version__.startswith("2.")

if SECOND_GENERATION:
    from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.common import LoggerConfig
    from nautilus_trader.execution import MakerTakerFeeModel
    from nautilus_trader.model import (
        AccountType,
        BookType,
        CryptoPerpetual,
        OmsType,
        OrderBookDepth,
        OrderSide,
    )
    from nautilus_trader.trading import StrategyConfig
else:
    from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
    from nautilus_trader.backtest.config import BacktestEngineConfig
    from nautilus_trader.backtest.engine import BacktestEngine
    from nautilus_trader.backtest.models import MakerTakerFeeModel
    from nautilus_trader.config import LoggingConfig, StrategyConfig
    from nautilus_trader.model.data import OrderBookDepth10 as OrderBookDepth
    from nautilus_trader.model.enums import AccountType, BookType, OmsType, OrderSide
    from nautilus_trader.model.instruments import CryptoPerpetual

    # Its performance statistics append each closed position to a pandas series, which copies the whole
    # series: more than half of the time after a thousand flips. Nobody asks for them here, and
    # `run_analysis=False` does not switch that part off.
    PortfolioAnalyzer.record_trade = lambda *_: None

#: Two orders per update are then a fifth of what the risk engine lets pass.
UPDATE_EVERY_NS: Final = 100_000_000
START_NS: Final = 1_700_000_000_000_000_000
LEVELS: Final = 10
MAKER_FEE_RATE: Final = Decimal("0.0002")
TAKER_FEE_RATE: Final = Decimal("0.0006")
ORDERS_PER_FLIP: Final = {"one-order": 1, "two-legs": 2}
FILLS_PER_ORDER: Final = {"one-order": 1, "two-legs": 2}

VENUE: Final = Venue("SIM")
INSTRUMENT_ID: Final = InstrumentId(Symbol("BTCUSDT"), VENUE)
USDT: Final = Currency.from_str("USDT")
ONE_COIN: Final = Quantity.from_str("1.000")
TWO_COINS: Final = Quantity.from_str("2.000")
HALF_COIN: Final = Quantity.from_str("0.500")


class Flipper(Strategy):
    """Opens a long position at the first market update and turns it round at each one after that."""

    def __new__(cls, _form: str, _flips_max: int) -> Self:
        """Make the native part: in 2.0 it takes the configuration here, in 1.231 later."""
        return super().__new__(cls, strategy_config()) if SECOND_GENERATION else super().__new__(cls)

    def __init__(self, form: str, flips_max: int) -> None:
        super().__init__(strategy_config())
        self.form = form
        self.updates_left = 0 if flips_max == 0 else flips_max + 1
        self.is_long = False
        self.orders = 0
        self.fills = 0
        self.refusals = 0

    def on_start(self) -> None:
        """Ask for the updates."""
        if SECOND_GENERATION:
            quotes, depth = self.subscribe_quotes, self.subscribe_book_depth
        else:
            quotes, depth = self.subscribe_quote_ticks, self.subscribe_order_book_depth
        if self.form == "one-order":
            quotes(INSTRUMENT_ID)
        else:
            depth(INSTRUMENT_ID, book_type=BookType.L2_MBP)

    def on_update(self, _update: object) -> None:
        """Turn the position round."""
        if self.updates_left == 0:
            return
        self.updates_left -= 1
        side = OrderSide.SELL if self.is_long else OrderSide.BUY
        self.is_long = not self.is_long
        if self.orders == 0:
            self.send(side, ONE_COIN)
        elif self.form == "one-order":
            self.send(side, TWO_COINS)
        else:
            self.send(side, ONE_COIN)
            self.send(side, ONE_COIN)

    # The names of the same callbacks in 2.0 and in 1.231.
    on_quote = on_quote_tick = on_book_depth = on_order_book_depth = on_update

    def send(self, side: OrderSide, quantity: Quantity) -> None:
        """Submit one market order."""
        self.orders += 1
        self.submit_order(self.order_factory.market(INSTRUMENT_ID, side, quantity))

    def on_order_filled(self, _event: object) -> None:
        """Count."""
        self.fills += 1

    def on_order_denied(self, _event: object) -> None:
        """Count."""
        self.refusals += 1

    on_order_rejected = on_order_denied


def strategy_config() -> StrategyConfig:
    """Log nothing."""
    return StrategyConfig(order_id_tag="001", log_events=False, log_commands=False)


def engine_config() -> BacktestEngineConfig:
    """Log nothing, analyse nothing."""
    if SECOND_GENERATION:
        logging = LoggerConfig(bypass_logging=True)
        return BacktestEngineConfig(logging=logging, run_analysis=False, bypass_logging=True)
    return BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)


def fee_model() -> MakerTakerFeeModel:
    """Charge the same rates in both: 2.0 has them in the model, 1.231 in the instrument."""
    if SECOND_GENERATION:
        return MakerTakerFeeModel(maker_rate=MAKER_FEE_RATE, taker_rate=TAKER_FEE_RATE)
    return MakerTakerFeeModel()


def instrument() -> CryptoPerpetual:
    """Describe a linear perpetual with margin."""
    fees = {} if SECOND_GENERATION else {"maker_fee": MAKER_FEE_RATE, "taker_fee": TAKER_FEE_RATE}
    return CryptoPerpetual(
        instrument_id=INSTRUMENT_ID,
        raw_symbol=INSTRUMENT_ID.symbol,
        base_currency=Currency.from_str("BTC"),
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        margin_init=Decimal("0.05"),
        margin_maint=Decimal("0.025"),
        ts_event=START_NS,
        ts_init=START_NS,
        **fees,
    )


def times(count: int) -> range:
    """When the updates happen."""
    return range(START_NS, START_NS + count * UPDATE_EVERY_NS, UPDATE_EVERY_NS)


def quotes(count: int) -> list[QuoteTick]:
    """Top of the book, with more than a flip needs."""
    bid, ask, size = Price.from_str("30000.0"), Price.from_str("30000.1"), Quantity.from_str("100.000")
    return [QuoteTick(INSTRUMENT_ID, bid, ask, size, size, at, at) for at in times(count)]


def depths(count: int) -> list[OrderBookDepth]:
    """Whole books whose levels hold half a coin each, so that a leg takes two of them."""
    bids = [_level(OrderSide.BUY, 300_000 - index, index) for index in range(LEVELS)]
    asks = [_level(OrderSide.SELL, 300_001 + index, LEVELS + index) for index in range(LEVELS)]
    counts = [1] * LEVELS
    return [
        OrderBookDepth(INSTRUMENT_ID, bids, asks, counts, counts, 0, sequence, at, at)
        for sequence, at in enumerate(times(count))
    ]


def _level(side: OrderSide, price_ticks: int, order_id: int) -> BookOrder:
    return BookOrder(side, Price.from_str(f"{price_ticks // 10}.{price_ticks % 10}"), HALF_COIN, order_id)


def run(form: str, flips: int, updates: int) -> tuple[float, Flipper, BacktestEngine]:
    """CPU seconds of a run over so many updates, with its strategy and its engine."""
    engine = BacktestEngine(engine_config())
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money.from_str("1000000000 USDT")],
        default_leverage=Decimal(20),
        fee_model=fee_model(),
        book_type=BookType.L1_MBP if form == "one-order" else BookType.L2_MBP,
    )
    engine.add_instrument(instrument())
    if form == "one-order":
        engine.add_data(quotes(updates))
    else:
        # The risk engine of 2.0 values market orders at the last quote and denies them without one.
        engine.add_data(quotes(1))
        engine.add_data(depths(updates))
    strategy = Flipper(form, flips)
    engine.add_strategy(strategy)
    gc.collect()
    started = time.process_time()
    # `streaming` only leaves out the report at the end.
    engine.run(streaming=True)
    return time.process_time() - started, strategy, engine


def answer(form: str, flips: int) -> dict[str, Any]:
    """Measure one round."""
    updates = flips + 1
    data_cpu_s, _, idle = run(form, 0, updates)
    idle.dispose()
    cpu_s, strategy, engine = run(form, flips, updates)
    unfilled = [order for order in engine.cache.orders() if order.leaves_qty.as_double() != 0]
    orders = 1 + flips * ORDERS_PER_FLIP[form]
    fills = orders * FILLS_PER_ORDER[form]
    if strategy.refusals or unfilled or (strategy.orders, strategy.fills) != (orders, fills):
        raise SystemExit(
            f"{form}: {strategy.orders} of {orders} orders, {strategy.fills} of {fills} fills,"
            f" {strategy.refusals} refused, {len(unfilled)} not filled"
        )
    engine.dispose()
    return {"cpu_s": cpu_s, "data_cpu_s": data_cpu_s, "fills": fills, "version": nautilus_trader.__version__}


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps(answer(request["form"], request["flips"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
