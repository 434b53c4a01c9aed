"""The state as streams ask for it: views made of engine figures, right after the command applied last."""

from collections.abc import Mapping, Sequence
from typing import Final

from backhand.commands import Contract
from backhand.engine import State
from backhand.engine.figures import account_figures
from backhand.engine.prices import next_funding_ms
from backhand.engine.state import Trigger
from backhand.projections.tickers import TickersFold
from backhand.streams.views import order_terms
from backhand.views import account_view, position_views, ticker_view, usdt_unrealised_e20
from backhand.wire.channels.accounts import EquityView
from backhand.wire.channels.books import Level
from backhand.wire.channels.orders import OrderTerms, TriggerView
from backhand.wire.responses.accounts import AccountView, PositionView
from backhand.wire.responses.markets import TickerView

#: The state does not say when a waiting order was placed.
NOT_KNOWN: Final = 0


class StateFigures:
    """
    Views of one state.

    Args:
        tickers: Fed each command before anybody asks for figures after it.
        contracts: As they are after the command applied last.
    """

    def __init__(self, state: State, tickers: TickersFold) -> None:
        self._state = state
        self._tickers = tickers

    @property
    def sequence(self) -> int:
        """That of the command applied last."""
        return self._state.sequence

    @property
    def time_ms(self) -> int:
        """Venue time of the command applied last."""
        return self._state.time_ms

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The terms of every listed contract by symbol."""
        return self._state.contracts

    def depth(self, symbol: str, levels_max: int) -> tuple[Sequence[Level], Sequence[Level]]:
        """Resting (price_ticks, size_lots), best first: bids, asks."""
        return self._state.markets[symbol].depth(levels_max)

    def ticker(self, symbol: str) -> tuple[TickerView, int] | None:
        """A symbol's figures and when its funding is settled next."""
        ticker = self._tickers.ticker(symbol)
        if ticker is None:
            return None
        market = self._state.markets[symbol]
        # Before the first price, which sets the instant, the one that it would set.
        funding_ms = market.next_funding_ms or next_funding_ms(market, self._state.time_ms)
        return ticker_view(market, ticker), funding_ms

    def accounts(self, uid: str, product_type: str) -> list[AccountView]:
        """An account's sums in each margin coin of a product type."""
        account = self._state.accounts[uid]
        return [account_view(self._state, account, coin) for coin in self._coins(product_type)]

    def equity(self, uid: str, product_type: str) -> EquityView:
        """An account's equity in a product type."""
        state = self._state
        views = self.accounts(uid, product_type)
        figures = [account_figures(state.accounts[uid], view.margin_coin) for view in views]
        return EquityView(
            btc_equity_e20=sum(view.btc_equity_e20 for view in views),
            usdt_equity_e20=sum(view.usdt_equity_e20 for view in views),
            usdt_unrealised_e20=sum(usdt_unrealised_e20(state, one) for one in figures),
        )

    def positions(self, uid: str, product_type: str) -> list[PositionView]:
        """An account's legs in a product type, newest first."""
        return position_views(self._state, uid, product_type)

    def order_terms(self, uid: str) -> dict[int, OrderTerms]:
        """What an account's open orders bring along, by order id."""
        return {
            order.order_id: order_terms(
                order.holding.market.contract, order.stp_mode, order.take_profit, order.stop_loss
            )
            for order in self._state.accounts[uid].orders.values()
        }

    def triggers(self, uid: str) -> list[TriggerView]:
        """An account's orders that wait for a price, oldest first."""
        time_ms = self._state.time_ms
        return [_trigger_view(trigger, time_ms) for trigger in self._state.accounts[uid].triggers.values()]

    def _coins(self, product_type: str) -> list[str]:
        markets = self._state.markets.values()
        return list(dict.fromkeys(one.margin_coin for one in markets if one.product_type == product_type))


def _trigger_view(trigger: Trigger, time_ms: int) -> TriggerView:
    holding = trigger.holding
    contract = holding.market.contract
    return TriggerView(
        order_id=trigger.order_id,
        client_oid=trigger.client_oid,
        symbol=contract.symbol,
        margin_coin=contract.margin_coin,
        kind=trigger.kind,
        side=trigger.side,
        hold_side=trigger.hold_side,
        reduce_only=trigger.reduce_only,
        size_e8=trigger.size_lots * contract.lot_e8,
        trigger_price_e12=trigger.trigger_price_ticks * contract.tick_e12,
        trigger_by="last" if trigger.by_last else "mark",
        limit_price_e12=trigger.limit_price_ticks * contract.tick_e12,
        callback_rate_e8=trigger.callback_rate_e8,
        margin_mode="isolated" if holding.isolated else "crossed",
        terms=order_terms(contract, trigger.stp_mode, trigger.take_profit, trigger.stop_loss),
        status="live",
        triggered_at_ms=0,
        created_at_ms=NOT_KNOWN,
        updated_at_ms=time_ms,
    )
