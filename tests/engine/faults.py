"""Commands that succeed, and what can be wrong with each: the tables that `test_precedence` plays."""

from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from backhand.commands import (
    CancelOrder,
    CancelOrders,
    CancelTrigger,
    CancelTriggers,
    ClosePositions,
    Command,
    ConfigureVenue,
    Contract,
    ListContract,
    ModifyOrder,
    ModifyTrigger,
    MoveMargin,
    OpenAccount,
    OpenKey,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    ReplaceLadder,
    ResumeVenue,
    ReversalBounds,
    ReversePosition,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    SetPrice,
    Tier,
    Transfer,
)
from backhand.engine.limits import TRIGGERS_MAX
from backhand.engine.state import FIRST_ID
from backhand.events import RejectReason as R
from backhand.units import E8, E12
from tests.engine.worlds import LINEAR, contract

Step = str | Command


class Fault(NamedTuple):
    """What makes a command wrong: steps left out, orders given before, steps taken after, fields changed."""

    without: tuple[str, ...]
    orders: tuple[Step, ...]
    also: tuple[Step, ...]
    changes: dict[str, Any]


class Case(NamedTuple):
    """A command that succeeds after its setup, and its faults; those in `apart` cannot be made together."""

    name: str
    setup: dict[str, Step]
    command: Command
    faults: dict[R, Fault]
    apart: tuple[frozenset[R], ...] = ()
    focus: Contract = LINEAR
    others: tuple[Contract, ...] = ()


def fault(*also: Step, without: tuple[str, ...] = (), orders: tuple[Step, ...] = (), **changes: Any) -> Fault:
    """Make a fault; what is given by name changes the command."""
    return Fault(without, orders, also, changes)


def together(*reasons: R) -> frozenset[R]:
    return frozenset(reasons)


#: Neighbours in a table that no command and state can have at once, each with the reason.
APART: Final[dict[frozenset[R], str]] = {
    together(R.EFFECT_MISSING, R.EFFECT_INVALID): "one field",
    together(R.SIDE_MISSING, R.SIDE_INVALID): "one field",
    together(R.OPENING_DISABLED, R.SYMBOL_NOT_TRADING): "one status",
    together(R.NO_INDEX_PRICE, R.MARGIN_MODE_MISMATCH): "a symbol in use has had a price",
    together(R.PRICE_ABOVE_BAND, R.PRICE_BELOW_BAND): "a buy or a sell",
    together(R.NO_POSITION_TO_CLOSE, R.NOTHING_AVAILABLE_TO_CLOSE): "what is locked is held",
    together(R.NO_POSITION_TO_REVERSE, R.NO_POSITION_TO_CLOSE): "one switch",
    together(R.NOTHING_AVAILABLE_TO_CLOSE, R.REDUCE_ONLY_TOO_LARGE): "hedge or one-way mode",
    together(R.LIMIT_BUY_BANKRUPTS, R.LIMIT_SELL_BANKRUPTS): "a buy or a sell",
    together(R.LIMIT_SELL_BANKRUPTS, R.MARKET_BUY_BANKRUPTS): "a buy or a sell",
    together(R.MARKET_BUY_BANKRUPTS, R.MARKET_SELL_BANKRUPTS): "a buy or a sell",
    together(R.LONG_STOP_LOSS_TOO_HIGH, R.SHORT_TAKE_PROFIT_TOO_HIGH): "a long or a short",
    together(R.SIZE_TOO_LARGE, R.SIZE_TOO_SMALL): "one size",
    together(R.UNKNOWN_PROTECTION, R.UNKNOWN_TRIGGER): "one group of kinds",
    together(R.INVALID_AMOUNT, R.INSUFFICIENT_FUNDS): "no amount or a large one",
    together(R.INVALID_AMOUNT, R.MARGIN_AMOUNT_TOO_LARGE): "no amount or a large one",
    together(R.LEVERAGE_MISSING, R.LEVERAGE_SIDE_MISSING): "without a leverage no side is missing",
    together(R.INVALID_CONTRACT, R.CONTRACT_IN_USE): "one field: the invalid contract changes the tick too",
}

SYMBOL: Final = LINEAR.symbol
PRODUCT: Final = LINEAR.product_type
#: An id that the venue has generated for a level of the house's ladder.
TAKEN: Final = str(FIRST_ID + 1)
#: Terms that no order of a few lots fits.
LARGE_SIZES: Final = "terms size_lots_min=1000"
LARGE_VALUES: Final = "terms value_min_e8=100000000000000"
ENFORCED: Final = ConfigureVenue("test", position_limit="enforce")
#: A contract whose second tier begins early.
STEEP: Final = contract(tiers=(Tier(10**4 * E8, 125, 400_000), Tier(10**9 * E8, 5, 500_000)))
MARKET: Final[dict[str, Step]] = {"house": "house 99x5000 / 101x5000", "mark": "mark 100"}
#: What a venue that knows neither answers, whatever else is wrong.
NOBODY: Final = {R.UNKNOWN_ACCOUNT: fault(uid="nobody"), R.UNKNOWN_SYMBOL: fault(symbol="NONE")}
CLOSED: Final = {R.SYMBOL_NOT_TRADING: fault("terms status=maintain")}
RESTING: Final = ("buy alice 1 @91",)


def elsewhere(*, inverse: bool) -> Contract:
    """A second symbol of the same margin coin, whose price comes from a live source."""
    if inverse:
        return contract("ETHUSDX", inverse=True, base_coin="ETH", margin_coin="ETH")
    return contract("XUSDT")


def losing(other: Contract) -> dict[str, Step]:
    """A long position in it, to lose more than there is."""
    levels = ((99, 5000),), ((100, 5000),)
    return {
        "other": ReplaceLadder(other.symbol, *levels, 100 * E12, 100 * E12, 10**9),
        "stake": PlaceOrder("alice", other.symbol, 1, "market", 50),
    }


def crash(other: Contract) -> Fault:
    """Its first price after a start is so low that it liquidates nobody yet, and nobody can pay."""
    return fault(ResumeVenue(), SetPrice(other.symbol, E12, E12, 10**9))


def opening(side: int, price_ticks: int, *, hedge: bool = False) -> PlaceOrder:
    return PlaceOrder(
        "alice", SYMBOL, 1 if side > 0 else -1, "limit", 10, price_ticks, effect="open" if hedge else None
    )


#: A short position with as many protections as may wait.
GUARDED: Final[tuple[Step, ...]] = (
    "sell alice 1",
    *(PlaceTrigger("alice", SYMBOL, "stop_loss", -1, "mark", 120 + each, 1) for each in range(TRIGGERS_MAX)),
)

PLACING: Final = (
    Case(
        "a buy that opens",
        {"open": "open alice x10 with 1000", **MARKET},
        opening(1, 95),
        {
            **NOBODY,
            **CLOSED,
            R.OPENING_DISABLED: fault("terms status=limit_open"),
            R.NO_INDEX_PRICE: fault(without=("mark",)),
            R.MARGIN_MODE_MISMATCH: fault(orders=RESTING, margin_mode="isolated"),
            R.DUPLICATE_CLIENT_OID: fault(client_oid=TAKEN),
            R.INVALID_PRICE: fault(price_ticks=0),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
            R.PRICE_ABOVE_BAND: fault(price_ticks=120),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
            R.VALUE_TOO_SMALL: fault(LARGE_VALUES),
            R.LONG_TAKE_PROFIT_TOO_LOW: fault(take_profit=Preset(90)),
            R.LONG_STOP_LOSS_TOO_HIGH: fault(stop_loss=Preset(99)),
            R.TOO_MANY_ORDERS: fault("terms symbol_orders_max=1", orders=RESTING),
            R.TOO_MANY_POSITIONS: fault("terms positions_max=0"),
            R.POSITION_LIMIT_EXCEEDED: fault(ENFORCED),
            R.TIER_EXCEEDED: fault(size_lots=200),
            R.INSUFFICIENT_MARGIN: fault("withdraw alice 950"),
        },
        (
            together(R.OPENING_DISABLED, R.SYMBOL_NOT_TRADING),
            together(R.NO_INDEX_PRICE, R.MARGIN_MODE_MISMATCH),
            together(R.NO_INDEX_PRICE, R.TOO_MANY_ORDERS),
        ),
        STEEP,
    ),
    Case(
        "a sell that opens",
        {"open": "open alice x10 with 1000", **MARKET},
        opening(-1, 105),
        {
            R.PRICE_BELOW_BAND: fault(price_ticks=80),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
            R.SHORT_TAKE_PROFIT_TOO_HIGH: fault(take_profit=Preset(110)),
            R.SHORT_STOP_LOSS_TOO_LOW: fault(stop_loss=Preset(100)),
            R.TOO_MANY_TRIGGERS: fault(orders=GUARDED, take_profit=Preset(80)),
            R.TOO_MANY_ORDERS: fault("terms symbol_orders_max=0"),
        },
        # One field: the preset that would be one too many is not the one on the wrong side.
        (together(R.SHORT_TAKE_PROFIT_TOO_HIGH, R.TOO_MANY_TRIGGERS),),
    ),
    Case(
        "a buy at market",
        {"open": "open alice x10 with 1000", **MARKET},
        PlaceOrder("alice", SYMBOL, 1, "market", 10),
        {
            R.VALUE_TOO_SMALL: fault(LARGE_VALUES),
            R.TOO_MANY_POSITIONS: fault("terms positions_max=0"),
            R.NO_LIQUIDITY: fault(without=("house",)),
            R.POSITION_LIMIT_EXCEEDED: fault(ENFORCED),
            R.INSUFFICIENT_MARGIN: fault("withdraw alice 950"),
        },
    ),
    Case(
        "an opening in hedge mode",
        {"open": "open alice hedge x10 with 1000", **MARKET},
        opening(1, 95, hedge=True),
        {
            **NOBODY,
            **CLOSED,
            R.EFFECT_MISSING: fault(effect=None),
            R.EFFECT_INVALID: fault(effect="invalid"),
            R.OPENING_DISABLED: fault("terms status=limit_open"),
            R.NO_INDEX_PRICE: fault(without=("mark",)),
        },
        (together(R.OPENING_DISABLED, R.SYMBOL_NOT_TRADING),),
    ),
    Case(
        "a close in hedge mode",
        {"open": "open alice hedge x10 with 1000", **MARKET, "position": "buy alice 10 open"},
        PlaceOrder("alice", SYMBOL, 1, "limit", 5, 106, effect="close"),
        {
            R.PRICE_BELOW_BAND: fault(price_ticks=80),
            R.NO_POSITION_TO_CLOSE: fault(without=("position",)),
            R.NOTHING_AVAILABLE_TO_CLOSE: fault(orders=("buy alice 10 @105 close",)),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
        },
        (together(R.NO_POSITION_TO_CLOSE, R.NOTHING_AVAILABLE_TO_CLOSE),),
    ),
    Case(
        "a close of a long",
        {"open": "open alice isolated x20 with 1000", **MARKET, "position": "buy alice 10"},
        PlaceOrder("alice", SYMBOL, -1, "limit", 5, 105, reduce_only=True),
        {
            R.PRICE_BELOW_BAND: fault(price_ticks=80),
            R.NO_POSITION_TO_CLOSE: fault(without=("position",)),
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.LIMIT_SELL_BANKRUPTS: fault(price_ticks=92),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
        },
    ),
    Case(
        "a close of a short",
        {"open": "open alice isolated x20 with 1000", **MARKET, "position": "sell alice 10"},
        PlaceOrder("alice", SYMBOL, 1, "limit", 5, 95, reduce_only=True),
        {
            R.PRICE_ABOVE_BAND: fault(price_ticks=120),
            R.NO_POSITION_TO_CLOSE: fault(without=("position",)),
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.LIMIT_BUY_BANKRUPTS: fault(price_ticks=108),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
            R.TOO_MANY_ORDERS: fault("terms symbol_orders_max=0"),
        },
    ),
    Case(
        "a close of a short at market",
        {
            "open": "open alice with 1000",
            **MARKET,
            "position": "sell alice 10",
            **losing(elsewhere(inverse=False)),
        },
        PlaceOrder("alice", SYMBOL, 1, "market", 5, reduce_only=True),
        {
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.MARKET_BUY_BANKRUPTS: crash(elsewhere(inverse=False)),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
        },
        others=(elsewhere(inverse=False),),
    ),
    Case(
        "a close of an inverse long at market",
        {
            "open": "open alice with 100",
            **MARKET,
            "position": "buy alice 10",
            **losing(elsewhere(inverse=True)),
        },
        PlaceOrder("alice", "ETHUSD", -1, "market", 5, reduce_only=True),
        {
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.MARKET_SELL_BANKRUPTS: crash(elsewhere(inverse=True)),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
            R.NO_LIQUIDITY: fault("house /"),
        },
        focus=contract("ETHUSD", inverse=True),
        others=(elsewhere(inverse=True),),
    ),
)

#: Bids so low that an order of a client's is the best.
THIN: Final[dict[str, Step]] = {"house": "house 94x5000 / 106x5000", "mark": "mark 100"}
MODIFYING: Final = (
    Case(
        "another price for a buy",
        {
            "open": "open alice x10 with 1000",
            **THIN,
            "order": PlaceOrder(
                "alice",
                SYMBOL,
                1,
                "limit",
                10,
                95,
                client_oid="a",
                take_profit=Preset(100),
                stop_loss=Preset(90),
            ),
        },
        ModifyOrder("alice", SYMBOL, None, "a", "b", 12, 96),
        {
            **NOBODY,
            **CLOSED,
            R.UNKNOWN_ORDER: fault(client_oid="none"),
            # At a mark between its presets, which would else trigger as it fills.
            R.ORDER_NOT_MODIFIABLE: fault(orders=("open bob", "mark 97", "sell bob 4 @95")),
            R.ORDER_UNCHANGED: fault(size_lots=10, price_ticks=95),
            R.DUPLICATE_CLIENT_OID: fault(new_client_oid=TAKEN),
            R.INVALID_PRICE: fault(price_ticks=0),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
            R.PRICE_ABOVE_BAND: fault(price_ticks=120),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
            R.VALUE_TOO_SMALL: fault(LARGE_VALUES),
            R.LONG_TAKE_PROFIT_TOO_LOW: fault(price_ticks=100),
            R.LONG_STOP_LOSS_TOO_HIGH: fault(price_ticks=90),
            R.TOO_MANY_ORDERS: fault("terms symbol_orders_max=0"),
            R.TOO_MANY_POSITIONS: fault("terms positions_max=0"),
            R.POSITION_LIMIT_EXCEEDED: fault(ENFORCED),
            R.TIER_EXCEEDED: fault(size_lots=200),
            R.INSUFFICIENT_MARGIN: fault("withdraw alice 890"),
        },
        focus=STEEP,
    ),
    Case(
        "another price for a sell",
        {
            "open": "open alice x10 with 1000",
            **THIN,
            "order": PlaceOrder(
                "alice",
                SYMBOL,
                -1,
                "limit",
                10,
                105,
                client_oid="a",
                take_profit=Preset(102),
                stop_loss=Preset(108),
            ),
        },
        ModifyOrder("alice", SYMBOL, None, "a", "b", 12, 104),
        {
            R.PRICE_BELOW_BAND: fault(price_ticks=80),
            R.SHORT_TAKE_PROFIT_TOO_HIGH: fault(price_ticks=102),
            R.SHORT_STOP_LOSS_TOO_LOW: fault(price_ticks=108),
            R.TOO_MANY_TRIGGERS: fault(orders=GUARDED),
            R.TOO_MANY_ORDERS: fault("terms symbol_orders_max=0"),
        },
    ),
    *(
        Case(
            f"other presets for a {name}",
            {"open": "open alice x10 with 1000", **THIN, "order": f"{name} alice 10 @{price} #a"},
            ModifyOrder("alice", SYMBOL, None, "a", None, None, None, True, Preset(gain), Preset(loss)),
            {
                R.UNKNOWN_ORDER: fault(client_oid="none"),
                R.ORDER_NOT_MODIFIABLE: fault(orders=("open bob", f"{meeting} bob 4 @{price}")),
                R.INVALID_PRICE: fault(take_profit=Preset(gain, -1), stop_loss=Preset(loss)),
                gains: fault(take_profit=Preset(price)),
                loses: fault(stop_loss=Preset(price)),
            },
        )
        for name, meeting, price, gain, loss, gains, loses in (
            ("buy", "sell", 95, 105, 85, R.LONG_TAKE_PROFIT_TOO_LOW, R.LONG_STOP_LOSS_TOO_HIGH),
            ("sell", "buy", 105, 95, 115, R.SHORT_TAKE_PROFIT_TOO_HIGH, R.SHORT_STOP_LOSS_TOO_LOW),
        )
    ),
    Case(
        "another price for a close of a long",
        {
            "open": "open alice isolated x20 with 1000",
            **MARKET,
            "position": "buy alice 10",
            "order": "sell alice 5 @105 #a reduce",
        },
        ModifyOrder("alice", SYMBOL, None, "a", "b", 4, 106),
        {
            R.PRICE_BELOW_BAND: fault(price_ticks=80),
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.LIMIT_SELL_BANKRUPTS: fault(price_ticks=92),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
        },
    ),
    Case(
        "another price for a close of a short",
        {
            "open": "open alice isolated x20 with 1000",
            **MARKET,
            "position": "sell alice 10",
            "order": "buy alice 5 @95 #a reduce",
        },
        ModifyOrder("alice", SYMBOL, None, "a", "b", 4, 94),
        {
            R.PRICE_ABOVE_BAND: fault(price_ticks=120),
            R.REDUCE_ONLY_TOO_LARGE: fault(size_lots=11),
            R.LIMIT_BUY_BANKRUPTS: fault(price_ticks=108),
            R.SIZE_TOO_SMALL: fault(LARGE_SIZES),
        },
    ),
)

CLOSING: Final = (
    Case(
        "a flash close of a short",
        {
            "open": "open alice with 1000",
            **MARKET,
            "position": "sell alice 10",
            **losing(elsewhere(inverse=False)),
        },
        ClosePositions("alice", PRODUCT, SYMBOL),
        {
            **NOBODY,
            **CLOSED,
            R.UNKNOWN_PRODUCT_TYPE: fault(product_type="SPOT"),
            R.NO_POSITION_TO_CLOSE: fault(without=("position",)),
            R.MARKET_BUY_BANKRUPTS: crash(elsewhere(inverse=False)),
            R.NO_LIQUIDITY: fault("house /"),
        },
        others=(elsewhere(inverse=False),),
    ),
    Case(
        "a flash close of an inverse long",
        {
            "open": "open alice with 100",
            **MARKET,
            "position": "buy alice 10",
            **losing(elsewhere(inverse=True)),
        },
        ClosePositions("alice", "COIN-FUTURES", "ETHUSD"),
        {
            R.SYMBOL_NOT_TRADING: fault("terms status=maintain"),
            R.MARKET_SELL_BANKRUPTS: crash(elsewhere(inverse=True)),
            R.NO_LIQUIDITY: fault("house /"),
        },
        focus=contract("ETHUSD", inverse=True),
        others=(elsewhere(inverse=True),),
    ),
    Case(
        "a reversal in hedge mode",
        {"open": "open alice hedge with 1000", **MARKET, "position": "buy alice 10 open"},
        ReversePosition("alice", SYMBOL, 1, "open", 6),
        {
            **NOBODY,
            **CLOSED,
            R.EFFECT_MISSING: fault(effect=None),
            R.EFFECT_INVALID: fault(effect="invalid"),
            R.SIDE_MISSING: fault(side=None),
            R.SIDE_INVALID: fault(side=0),
            R.DUPLICATE_CLIENT_OID: fault(client_oid=TAKEN),
            R.NO_POSITION_TO_REVERSE: fault(without=("position",)),
            R.NO_POSITION_TO_CLOSE: fault("venue when_flat=no_position", without=("position",)),
            R.SIZE_OFF_GRID: fault(size_off_grid="0.5"),
            R.SIZE_TOO_SMALL: fault("terms size_lots_min=5", size_lots=2),
            R.NOTHING_AVAILABLE_TO_CLOSE: fault(orders=("buy alice 10 @105 close",), open_orders="exclude"),
            R.NO_LIQUIDITY: fault("house /"),
            R.PRICE_GUARD_BROKEN: fault(worst_price_ticks=100),
            R.NOT_BOTH_LEGS: fault("terms status=limit_open", shortfall="strict"),
            R.QUOTE_EXPIRED: fault(bounds=ReversalBounds(1, 6, 0, 6, 0, 0, 0, 4, expires_ms=0)),
            R.WORSE_THAN_QUOTED: fault(bounds=ReversalBounds(1, 6, 150 * E12, 6, 150 * E12, 0, 0, 4)),
        },
        (
            together(R.SYMBOL_NOT_TRADING, R.NOT_BOTH_LEGS),
            together(R.NO_POSITION_TO_REVERSE, R.NOTHING_AVAILABLE_TO_CLOSE),
            together(R.NO_POSITION_TO_REVERSE, R.NO_POSITION_TO_CLOSE),
            together(R.NO_POSITION_TO_CLOSE, R.NOTHING_AVAILABLE_TO_CLOSE),
        ),
    ),
)

PRESETS: Final[dict[str, Any]] = {"take_profit": Preset(120), "stop_loss": Preset(80)}
SHORT_PRESETS: Final[dict[str, Any]] = {"take_profit": Preset(80), "stop_loss": Preset(120)}
TRIGGERING: Final = (
    Case(
        "a waiting buy in hedge mode",
        {"open": "open alice hedge", **MARKET},
        PlaceTrigger(
            "alice", SYMBOL, "entry", 1, "mark", 110, 10, limit_price_ticks=110, effect="open", **PRESETS
        ),
        {
            **NOBODY,
            **CLOSED,
            R.EFFECT_MISSING: fault(effect=None),
            R.EFFECT_INVALID: fault(effect="invalid"),
            R.OPENING_DISABLED: fault("terms status=limit_open"),
            R.NO_INDEX_PRICE: fault(without=("mark",)),
            R.DUPLICATE_CLIENT_OID: fault(client_oid=TAKEN),
            R.INVALID_PRICE: fault(limit_price_ticks=-1),
            R.LONG_TAKE_PROFIT_TOO_LOW: fault(take_profit=Preset(100)),
            R.LONG_STOP_LOSS_TOO_HIGH: fault(stop_loss=Preset(115)),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
            R.SIZE_TOO_SMALL: fault(size_lots=0),
            R.TOO_MANY_TRIGGERS: fault(
                orders=tuple(
                    PlaceTrigger("alice", SYMBOL, "entry", 1, "mark", 120 + each, 10, effect="open")
                    for each in range(TRIGGERS_MAX)
                )
            ),
        },
        (
            together(R.OPENING_DISABLED, R.SYMBOL_NOT_TRADING),
            together(R.NO_INDEX_PRICE, R.TOO_MANY_TRIGGERS),
        ),
    ),
    Case(
        "a waiting sell",
        {"open": "open alice", **MARKET},
        PlaceTrigger("alice", SYMBOL, "entry", -1, "mark", 90, 10, **SHORT_PRESETS),
        {
            R.SHORT_TAKE_PROFIT_TOO_HIGH: fault(take_profit=Preset(95)),
            R.SHORT_STOP_LOSS_TOO_LOW: fault(stop_loss=Preset(85)),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
        },
    ),
    Case(
        "a trailing stop",
        {"open": "open alice", **MARKET, "position": "buy alice 10"},
        PlaceTrigger("alice", SYMBOL, "trailing_stop", 1, "mark", 110, 10, callback_rate_e8=E8 // 100),
        {
            R.DUPLICATE_CLIENT_OID: fault(client_oid=TAKEN),
            R.NO_POSITION_TO_PROTECT: fault(without=("position",)),
            R.CALLBACK_OUT_OF_RANGE: fault(callback_rate_e8=0),
            R.INVALID_PRICE: fault(trigger_price_ticks=-1),
            R.SIZE_TOO_SMALL: fault(size_lots=0),
        },
    ),
    Case(
        "other terms for a trailing buy",
        {
            "open": "open alice",
            **MARKET,
            "trigger": PlaceTrigger(
                "alice",
                SYMBOL,
                "trailing_entry",
                1,
                "mark",
                90,
                10,
                callback_rate_e8=E8 // 100,
                client_oid="t",
            ),
        },
        ModifyTrigger(
            "alice",
            SYMBOL,
            False,
            client_oid="t",
            trigger_price_ticks=95,
            presets_sent=True,
            **PRESETS,
        ),
        {
            **NOBODY,
            R.UNKNOWN_TRIGGER: fault(client_oid="none"),
            R.CALLBACK_OUT_OF_RANGE: fault(callback_rate_e8=0),
            R.INVALID_PRICE: fault(limit_price_ticks=-1),
            R.LONG_TAKE_PROFIT_TOO_LOW: fault(take_profit=Preset(90)),
            R.LONG_STOP_LOSS_TOO_HIGH: fault(stop_loss=Preset(99)),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
            R.SIZE_TOO_SMALL: fault(size_lots=0),
        },
    ),
    Case(
        "other terms for a waiting sell",
        {
            "open": "open alice",
            **MARKET,
            "trigger": PlaceTrigger("alice", SYMBOL, "entry", -1, "mark", 90, 10, client_oid="t"),
        },
        ModifyTrigger(
            "alice",
            SYMBOL,
            False,
            client_oid="t",
            trigger_price_ticks=95,
            presets_sent=True,
            **SHORT_PRESETS,
        ),
        {
            R.SHORT_TAKE_PROFIT_TOO_HIGH: fault(take_profit=Preset(99)),
            R.SHORT_STOP_LOSS_TOO_LOW: fault(stop_loss=Preset(90)),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
        },
    ),
    Case(
        "other terms for a take-profit",
        {
            "open": "open alice",
            **MARKET,
            "position": "buy alice 10",
            "trigger": PlaceTrigger("alice", SYMBOL, "take_profit", 1, "mark", 110, 5, client_oid="t"),
        },
        ModifyTrigger("alice", SYMBOL, True, client_oid="t", size_lots=6),
        {
            **NOBODY,
            R.UNKNOWN_PROTECTION: fault(client_oid="none"),
            R.INVALID_PRICE: fault(limit_price_ticks=-1),
            R.LONG_TAKE_PROFIT_TOO_LOW: fault(trigger_price_ticks=100),
            R.SIZE_TOO_LARGE: fault(size_lots=10**6 + 1),
        },
    ),
)

WAITING: Final[dict[str, Step]] = {
    "open": "open alice",
    **MARKET,
    "trigger": PlaceTrigger("alice", SYMBOL, "entry", 1, "mark", 110, 10, client_oid="t"),
}
ORDERED: Final[dict[str, Step]] = {"open": "open alice", **MARKET, "order": "buy alice 1 @91 #a"}
CANCELLING: Final = (
    Case(
        "a cancellation",
        ORDERED,
        CancelOrder("alice", SYMBOL, client_oid="a"),
        {**NOBODY, R.UNKNOWN_ORDER: fault(client_oid="none")},
    ),
    Case(
        "a cancellation of all",
        ORDERED,
        CancelOrders("alice", PRODUCT, SYMBOL),
        {
            **NOBODY,
            R.UNKNOWN_PRODUCT_TYPE: fault(product_type="SPOT"),
            R.NO_ORDER_TO_CANCEL: fault(without=("order",)),
        },
    ),
    Case(
        "a cancellation of a waiting order",
        WAITING,
        CancelTrigger("alice", SYMBOL, client_oid="t"),
        {**NOBODY, R.UNKNOWN_TRIGGER: fault(client_oid="none")},
    ),
    Case(
        "a cancellation of all waiting orders",
        WAITING,
        CancelTriggers("alice", PRODUCT, ("entry",), SYMBOL),
        {
            **NOBODY,
            R.UNKNOWN_PRODUCT_TYPE: fault(product_type="SPOT"),
            R.NO_ORDER_TO_CANCEL: fault(without=("trigger",)),
        },
    ),
)

HELD: Final[dict[str, Step]] = {
    "open": "open alice hedge x10 with 1000",
    "margin": "margin alice isolated",
    **MARKET,
    "position": "buy alice 10 open",
}
SETTING: Final = (
    Case(
        "a leverage in isolated hedge mode",
        HELD,
        SetLeverage("alice", SYMBOL, 8, 1),
        {
            **NOBODY,
            R.LEVERAGE_MISSING: fault(leverage=None),
            R.LEVERAGE_SIDE_MISSING: fault(hold_side=None),
            R.LEVERAGE_OUT_OF_RANGE: fault(leverage=126),
            R.LEVERAGE_ORDERS_OPEN: fault(orders=("buy alice 1 @91 open",)),
            R.LEVERAGE_ABOVE_TIER: fault(
                ListContract(msgspec.structs.replace(LINEAR, tiers=(Tier(10**9 * E8, 5, 400_000),)))
            ),
            R.LEVERAGE_MARGIN_MISSING: fault("withdraw alice 880"),
        },
        (together(R.LEVERAGE_MISSING, R.LEVERAGE_SIDE_MISSING),),
    ),
    Case(
        "more margin for a leg",
        HELD,
        MoveMargin("alice", SYMBOL, 1, E8),
        {
            **NOBODY,
            R.NO_POSITION_FOR_MARGIN: fault(without=("position",)),
            R.MARGIN_IS_CROSSED: fault(without=("margin",)),
            R.INVALID_AMOUNT: fault(amount_e8=0),
            R.MARGIN_AMOUNT_TOO_LARGE: fault(amount_e8=10_000 * E8),
        },
    ),
    Case(
        "auto-margin for a leg",
        HELD,
        SetAutoMargin("alice", SYMBOL, 1, True),
        {
            **NOBODY,
            R.NO_POSITION_FOR_MARGIN: fault(without=("position",)),
            R.MARGIN_IS_CROSSED: fault(without=("margin",)),
        },
    ),
    Case(
        "a margin mode",
        {"open": "open alice", **MARKET},
        SetMarginMode("alice", SYMBOL, "isolated"),
        {**NOBODY, R.MARGIN_MODE_BUSY: fault(orders=RESTING)},
    ),
    Case(
        "a position mode",
        {"open": "open alice", **MARKET},
        SetPositionMode("alice", PRODUCT, True),
        {
            R.UNKNOWN_ACCOUNT: fault(uid="nobody"),
            R.UNKNOWN_PRODUCT_TYPE: fault(product_type="SPOT"),
            R.POSITION_MODE_BUSY: fault(orders=RESTING),
        },
    ),
)

OPERATING: Final = (
    Case(
        "a venue",
        {},
        ConfigureVenue("test"),
        {R.VENUE_ALREADY_CONFIGURED: fault(venue_id="other")},
    ),
    Case(
        "an account",
        {"open": "open alice"},
        OpenAccount("bob"),
        {R.ACCOUNT_EXISTS: fault(uid="alice"), R.LEVERAGE_OUT_OF_RANGE: fault(leverage=0)},
    ),
    Case(
        "a key",
        {"open": "open alice", "key": OpenKey("alice", "known", b"", b"")},
        OpenKey("alice", "new", b"", b""),
        {R.UNKNOWN_ACCOUNT: fault(uid="nobody"), R.KEY_EXISTS: fault(api_key="known")},
    ),
    Case(
        "a deposit",
        {"open": "open alice"},
        Transfer("alice", "USDT", E8),
        {
            R.UNKNOWN_ACCOUNT: fault(uid="nobody"),
            R.UNKNOWN_COIN: fault(coin="DOGE"),
            R.INVALID_AMOUNT: fault(amount_e8=0),
            R.INSUFFICIENT_FUNDS: fault(amount_e8=-(10**9) * E8),
        },
    ),
    Case(
        "a price",
        {},
        SetPrice(SYMBOL, 100 * E12),
        {R.UNKNOWN_SYMBOL: fault(symbol="NONE"), R.INVALID_PRICE: fault(index_price_e12=0)},
    ),
    Case(
        "a ladder",
        {},
        ReplaceLadder(SYMBOL, ((99, 5),), ((101, 5),)),
        {
            R.UNKNOWN_SYMBOL: fault(symbol="NONE"),
            R.INVALID_PRICE: fault(mark_price_e12=0),
            R.INVALID_LADDER: fault(bids=((101, 5),)),
        },
    ),
    Case(
        "a contract",
        MARKET,
        ListContract(LINEAR),
        {
            R.INVALID_CONTRACT: fault(
                contract=msgspec.structs.replace(LINEAR, tick_e12=2 * E12, leverage_min=0)
            ),
            R.CONTRACT_IN_USE: fault(contract=msgspec.structs.replace(LINEAR, tick_e12=2 * E12)),
        },
    ),
)

CASES: Final = tuple(chain(PLACING, MODIFYING, CLOSING, TRIGGERING, CANCELLING, SETTING, OPERATING))
