"""From figures and rows to the views that wire answers are printed from. Pure; integers in and out."""

from backhand.commands import Contract, TriggerKind
from backhand.engine import State
from backhand.engine.figures import AccountFigures, PositionFigures, account_figures, positions_of
from backhand.engine.market import Market
from backhand.engine.state import Account, Holding
from backhand.projections.bills import BillRow
from backhand.projections.orders import FillRow, OrderRow, PresetRow
from backhand.projections.positions import ClosedPositionRow
from backhand.projections.tickers import Ticker
from backhand.projections.triggers import TriggerRow
from backhand.units import E12, floor_div
from backhand.wire.responses.accounts import AccountView, PositionView, SymbolSettingsView
from backhand.wire.responses.bills import BillView
from backhand.wire.responses.fills import FillView
from backhand.wire.responses.markets import TickerView
from backhand.wire.responses.orders import OrderView
from backhand.wire.responses.plans import PlanView
from backhand.wire.responses.position_history import PastPositionView
from backhand.wire.responses.presets import PresetView


def account_view(state: State, account: Account, coin: str) -> AccountView:
    """An account's sums in one margin coin."""
    figures = account_figures(account, coin)
    bitcoin_e12 = _price_e12(state, "BTC")
    in_usdt_e20 = _in_usdt_e20(state, figures)
    in_btc_e20 = floor_div(in_usdt_e20 * E12, bitcoin_e12) if bitcoin_e12 else 0
    return AccountView(
        margin_coin=coin,
        locked_e20=figures.locked_e8 * E12,
        available_e20=figures.available_e20,
        crossed_max_available_e20=figures.crossed_max_available_e20,
        isolated_max_available_e20=figures.isolated_max_available_e20,
        max_transfer_out_e20=figures.max_transfer_out_e20,
        equity_e20=figures.equity_e20,
        usdt_equity_e20=in_usdt_e20,
        btc_equity_e20=figures.equity_e20 if coin == "BTC" else in_btc_e20,
        crossed_risk_e16=figures.crossed_risk_e16,
        unrealised_e20=figures.unrealised_e20,
        crossed_unrealised_e20=figures.crossed_unrealised_e20,
        isolated_unrealised_e20=figures.isolated_unrealised_e20,
        crossed_margin_e20=figures.crossed_margin_e20,
        isolated_margin_e20=figures.isolated_margin_e16 * 10**4,
    )


def usdt_unrealised_e20(state: State, figures: AccountFigures) -> int:
    """An account's unrealised profit in one margin coin, in USDT."""
    return _amount_in_usdt_e20(state, figures.coin, figures.unrealised_e20)


def _in_usdt_e20(state: State, figures: AccountFigures) -> int:
    return _amount_in_usdt_e20(state, figures.coin, figures.equity_e20)


def _amount_in_usdt_e20(state: State, coin: str, amount_e20: int) -> int:
    """An amount in USDT: dollar coins count one for one, others at their index; 0 without an index."""
    if coin.startswith("USD"):
        return amount_e20
    return floor_div(amount_e20 * _price_e12(state, coin), E12)


def _price_e12(state: State, coin: str) -> int:
    """The index price of a coin in dollars: of the first contract on it that has one."""
    for market in state.markets.values():
        if market.contract.base_coin == coin and market.index_price_e12:
            return market.index_price_e12
    return 0


def settings_view(account: Account, market: Market) -> SymbolSettingsView:
    """An account's settings for a symbol, which are its defaults until it uses it."""
    holding = account.holding(market)
    return SymbolSettingsView(
        hedge_mode=account.hedge_mode(market.product_type),
        margin_mode="isolated" if holding.isolated else "crossed",
        crossed_leverage=holding.crossed_leverage,
        isolated_long_leverage=holding.long_leverage,
        isolated_short_leverage=holding.short_leverage,
    )


def position_views(
    state: State, uid: str, product_type: str, symbol: str | None = None
) -> list[PositionView]:
    """An account's legs in a product type, or in one symbol of it, newest first."""
    return [
        _position_view(figures, state.accounts[uid].holdings[figures.symbol])
        for figures in positions_of(state, uid, product_type, symbol)
    ]


def _position_view(figures: PositionFigures, holding: Holding) -> PositionView:
    leg = holding.leg(figures.side)
    take_profit_id, take_profit_e12 = _protection(figures, holding, "position_take_profit")
    stop_loss_id, stop_loss_e12 = _protection(figures, holding, "position_stop_loss")
    return PositionView(
        position_id=figures.position_id,
        symbol=figures.symbol,
        margin_coin=figures.margin_coin,
        side=figures.side,
        hedge_mode=figures.hedge_mode,
        margin_mode="isolated" if figures.isolated else "crossed",
        leverage=figures.leverage,
        opening_e8=figures.opening_lots * figures.lot_e8,
        available_e8=figures.available_lots * figures.lot_e8,
        locked_e8=figures.locked_lots * figures.lot_e8,
        margin_e16=figures.margin_e16,
        profit_e8=figures.profit_e8,
        average_price_e12=figures.average_price_e12,
        unrealised_e20=figures.unrealised_e20,
        liquidation_price_e16=figures.liquidation_price_e16,
        maintenance_rate_e8=figures.maintenance_rate_e8,
        mark_price_e12=figures.mark_price_e12,
        margin_ratio_e16=figures.margin_ratio_e16,
        break_even_price_e16=figures.break_even_price_e16,
        funding_e8=figures.funding_e8,
        fee_e8=figures.fee_e8,
        auto_margin=leg is not None and leg.auto_margin,
        take_profit_id=take_profit_id,
        take_profit_price_e12=take_profit_e12,
        stop_loss_id=stop_loss_id,
        stop_loss_price_e12=stop_loss_e12,
        opened_at_ms=figures.opened_at_ms,
        updated_at_ms=figures.updated_at_ms,
    )


def _protection(figures: PositionFigures, holding: Holding, kind: TriggerKind) -> tuple[int, int]:
    """The order that protects a whole leg in this way and its price; a leg has one of a kind at most."""
    for trigger in holding.triggers.values():
        if trigger.kind == kind and trigger.position_id == figures.position_id:
            return trigger.order_id, trigger.trigger_price_ticks * holding.market.contract.tick_e12
    return 0, 0


def order_view(row: OrderRow) -> OrderView:
    """A stored order."""
    return OrderView(
        order_id=row.order_id,
        client_oid=row.client_oid,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        status=row.status,
        side=row.side,
        hold_side=row.hold_side,
        reduce_only=row.reduce_only,
        order_type=row.order_type,
        time_in_force=row.time_in_force,
        price_e12=row.price_e12,
        size_e8=row.size_e8,
        filled_size_e8=row.filled_size_e8,
        filled_value_e20=row.filled_value_e20,
        average_price_e12=row.average_price_e12,
        fee_e8=row.fee_e8,
        profit_e8=row.profit_e8,
        margin_mode=row.margin_mode,
        leverage=row.leverage,
        source=row.source,
        cancel_reason=row.cancel_reason,
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
        take_profit=_preset_view(row.take_profit),
        stop_loss=_preset_view(row.stop_loss),
    )


def _preset_view(row: PresetRow | None) -> PresetView | None:
    return None if row is None else PresetView(row.trigger_price_e12, row.limit_price_e12, row.trigger_by)


def plan_view(row: TriggerRow, placed: OrderRow | None) -> PlanView:
    """A stored order that waits, or waited, with what it placed."""
    return PlanView(
        order_id=row.order_id,
        client_oid=row.client_oid,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        kind=row.kind,
        side=row.side,
        hold_side=row.hold_side,
        reduce_only=row.reduce_only,
        size_e8=row.size_e8,
        trigger_price_e12=row.trigger_price_e12,
        trigger_by=row.trigger_by,
        limit_price_e12=row.limit_price_e12,
        callback_rate_e8=row.callback_rate_e8,
        margin_mode=row.margin_mode,
        take_profit=_preset_view(row.take_profit),
        stop_loss=_preset_view(row.stop_loss),
        status=row.status,
        created_at_ms=row.created_at_ms,
        updated_at_ms=row.updated_at_ms,
        placed_order_id=row.placed_order_id,
        filled_size_e8=0 if placed is None else placed.filled_size_e8,
        average_price_e12=0 if placed is None else placed.average_price_e12,
    )


def bill_view(row: BillRow) -> BillView:
    """A stored bill."""
    return BillView(
        bill_id=row.bill_id,
        symbol=row.symbol,
        kind=row.kind,
        coin=row.coin,
        amount_e16=row.amount_e16,
        fee_e8=row.fee_e8,
        balance_e16=row.balance_e16,
        created_at_ms=row.created_at_ms,
    )


def past_position_view(row: ClosedPositionRow) -> PastPositionView:
    """A stored position that has ended."""
    return PastPositionView(
        position_id=row.position_id,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        side=row.side,
        hedge_mode=row.hedge_mode,
        margin_mode=row.margin_mode,
        opened_size_e8=row.opened_size_e8,
        closed_size_e8=row.closed_size_e8,
        open_average_price_e12=row.open_average_price_e12,
        close_average_price_e12=row.close_average_price_e12,
        profit_e8=row.profit_e8,
        open_fee_e8=row.open_fee_e8,
        close_fee_e8=row.close_fee_e8,
        funding_e8=row.funding_e8,
        opened_at_ms=row.opened_at_ms,
        closed_at_ms=row.closed_at_ms,
    )


def fill_view(row: FillRow) -> FillView:
    """A stored fill."""
    return FillView(
        trade_id=row.trade_id,
        order_id=row.order_id,
        symbol=row.symbol,
        margin_coin=row.margin_coin,
        side=row.side,
        hold_side=row.hold_side,
        reduce_only=row.reduce_only,
        is_taker=row.is_taker,
        price_e12=row.price_e12,
        size_e8=row.size_e8,
        fee_e8=row.fee_e8,
        profit_e8=row.profit_e8,
        created_at_ms=row.created_at_ms,
        kind=row.venue_kind,
    )


def ticker_view(market: Market, ticker: Ticker) -> TickerView:
    """A ticker with the best levels of the book and open interest."""
    contract: Contract = market.contract
    bids, asks = market.depth(1)
    bid_ticks, bid_lots = bids[0] if bids else (0, 0)
    ask_ticks, ask_lots = asks[0] if asks else (0, 0)
    return TickerView(
        symbol=market.symbol,
        price_places=contract.price_places,
        size_places=contract.size_places,
        last_price_e12=ticker.last_price_e12,
        ask_price_e12=ask_ticks * contract.tick_e12,
        ask_size_e8=ask_lots * contract.lot_e8,
        bid_price_e12=bid_ticks * contract.tick_e12,
        bid_size_e8=bid_lots * contract.lot_e8,
        high_price_e12=ticker.high_price_e12,
        low_price_e12=ticker.low_price_e12,
        open_price_e12=ticker.open_price_e12,
        day_open_price_e12=ticker.day_open_price_e12,
        base_volume_e8=ticker.base_volume_e8,
        quote_volume_e20=ticker.quote_volume_e20,
        index_price_e12=ticker.index_price_e12,
        mark_price_e12=ticker.mark_price_e12,
        funding_rate_e8=ticker.funding_rate_e8,
        open_interest_e8=market.long_lots * contract.lot_e8,
        time_ms=ticker.time_ms,
    )
