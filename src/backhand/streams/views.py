"""From rows of read models to the views that channels are printed from, and from events to terms."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from backhand.commands import Contract, Preset, SelfTradePrevention
from backhand.projections.candles import Candle
from backhand.projections.orders import FillRow, OrderRow
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.trades import TradeRow
from backhand.wire.channels.accounts import ClosedPositionView
from backhand.wire.channels.market import CandlePush, CandleView, TradePush, candle_push, trade_push
from backhand.wire.channels.orders import OrderTerms, PresetView
from backhand.wire.responses.fills import FillView
from backhand.wire.responses.orders import OrderView

V = TypeVar("V", bound=msgspec.Struct)


def order_view(row: OrderRow) -> OrderView:
    """Show an order."""
    return _shown(OrderView, row)


def fill_view(row: FillRow) -> FillView:
    """Show a fill."""
    return _shown(FillView, row)


def closed_position_view(row: ClosedPositionRow) -> ClosedPositionView:
    """Show a position that has ended."""
    return _shown(ClosedPositionView, row)


def candle_row(contract: Contract, candle: Candle) -> CandlePush:
    """Print a candle."""
    return candle_push(contract, _shown(CandleView, candle))


def trade_row(contract: Contract, trade: TradeRow) -> TradePush:
    """Print a trade."""
    return trade_push(
        contract, trade.trade_id, trade.side, trade.price_e12, trade.size_e8, trade.created_at_ms
    )


def order_terms(
    contract: Contract,
    stp_mode: SelfTradePrevention,
    take_profit: Preset | None,
    stop_loss: Preset | None,
) -> OrderTerms:
    """Show what an order brings along."""
    return OrderTerms(stp_mode, _preset(contract, take_profit), _preset(contract, stop_loss))


def product_types_of(contracts: Mapping[str, Contract], coin: str) -> list[str]:
    """List the product types whose margin a coin is."""
    found = (one.product_type for one in contracts.values() if one.margin_coin == coin)
    return list(dict.fromkeys(found))


def _shown(view: type[V], row: object) -> V:
    """Make a view whose fields have the same names as the row's."""
    return view(*[getattr(row, name) for name in view.__struct_fields__])


def _preset(contract: Contract, preset: Preset | None) -> PresetView | None:
    if preset is None:
        return None
    limit_ticks = preset.limit_price_ticks or 0
    tick_e12 = contract.tick_e12
    return PresetView(preset.trigger_price_ticks * tick_e12, limit_ticks * tick_e12, preset.trigger_by)
